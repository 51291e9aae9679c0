//! From a target to its artifacts: which files there are, which of them look like something to judge, and their bytes.

use crate::model::{Digest, TreePath};
use crate::sys::{Bytes, SysError};

/// A lockfile or manifest larger than this is a gap: the largest real ones are below 5 MiB.
pub const MAX_FILE: Bytes = Bytes::mib(64);

/// What a file is taken for, by name and by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `Cargo.lock` and files of its content.
    CargoLock,
    /// `Cargo.toml`.
    CargoManifest,
    /// `rust-toolchain` and `rust-toolchain.toml`.
    RustToolchain,
}

impl Format {
    /// The word used in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CargoLock => "cargo-lock",
            Self::CargoManifest => "cargo-manifest",
            Self::RustToolchain => "rust-toolchain",
        }
    }
}

/// A file to judge; its bytes are read when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// Where.
    pub path: TreePath,
    /// What it is taken for.
    pub format: Format,
}

/// A judged tree: a directory, a single file, or a commit.
pub trait Tree: Sync {
    /// The bytes of a file of this tree, at most [`MAX_FILE`]. Never a file outside it.
    fn read(&self, path: &TreePath) -> Result<Vec<u8>, SysError>;
}

/// The bytes of an artifact and their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
}
