//! From a target to its artifacts: which files there are, which of them look like something to judge, and their bytes.
//! It judges nothing and runs nothing but the hardened git program.

mod checkout;
mod commit;
mod content;
mod format;
mod gather;
mod name;
mod place;
mod sniff;
mod tree;
mod walk;

pub use commit::open_commit;
pub use format::Format;
pub use name::is_judged_by_name;
pub use place::{Place, locate, open, open_place, open_place_at, root_of};
pub use sniff::sniff;
pub use tree::{load, unread};

use crate::git::{Git, GitError};
use crate::model::{Digest, Gap, LedgerRow, TreePath};
use crate::sys::{Bytes, SysError};
use std::path::PathBuf;

/// A lockfile or manifest larger than this is a gap: the largest real ones are below 5 MiB.
pub const MAX_FILE: Bytes = Bytes::mib(64);

/// A program or archive larger than this is a gap: it is read into memory as a whole, and the largest that people ship are
/// half as large.
pub const MAX_BINARY: Bytes = Bytes::mib(512);

/// Directories deeper than this, and repositories nested deeper, are a gap: real trees stay below 30.
pub const MAX_DEPTH: usize = 64;

/// More entries than this under one target are a gap: the largest real repositories hold half of it.
pub const MAX_ENTRIES: usize = 1_000_000;

/// How the ledger's reason begins for a lockfile that is there and that git ignores.
pub const IGNORED_BY_GIT: &str = "ignored by git";

/// A file to judge; its bytes are read when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// Where.
    pub path: TreePath,
    /// What it is taken for.
    pub format: Format,
}

/// Takes a file below a directory: its path, relative to the directory, and its bytes.
pub type EachFile<'a> = dyn FnMut(TreePath, Result<Vec<u8>, SysError>) + 'a;

/// A judged tree: a directory, a single file, or a commit.
pub trait Tree: Sync {
    /// The bytes of a file of this tree, at most [`MAX_FILE`]. Never a file outside it.
    fn read(&self, path: &TreePath) -> Result<Vec<u8>, SysError>;

    /// Reads every file below a directory of this tree and hands over its path below the directory, in no order. What
    /// git ignores is there too: whoever builds the tree builds it. No link to a directory is followed.
    ///
    /// Errors: the directory is not there, or cannot be listed to its end (too deep, too many entries). What was handed
    /// over until then is not all.
    fn read_below(&self, directory: &TreePath, each: &mut EachFile<'_>) -> Result<(), SysError>;

    /// The same for a program or an archive, at most [`MAX_BINARY`] where the tree is one of files.
    fn read_binary(&self, path: &TreePath) -> Result<Vec<u8>, SysError> {
        self.read(path)
    }
}

/// The bytes of an artifact and their digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
}

/// A target that was looked through.
pub struct Opened<'a> {
    /// The top of the checkout, or the directory itself. Absolute; every path of the rest is relative to it.
    pub root: PathBuf,
    /// The target as it was named.
    pub label: String,
    /// Reads the files.
    pub tree: Box<dyn Tree + 'a>,
    /// What there is to judge, sorted.
    pub artifacts: Vec<Artifact>,
    /// What is not judged and why, sorted by path and kind. The artifacts get their rows when they are read.
    pub rows: Vec<LedgerRow>,
    /// What could not be seen, sorted.
    pub gaps: Vec<Gap>,
    /// The checkout, where the root is one.
    pub git: Option<Git<'a>>,
}

/// Why a target cannot be looked at. Problems inside a target are gaps, not errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CollectError {
    /// There is nothing of that name: the target is mistyped.
    #[error("there is no file or directory {target}")]
    NoSuchTarget {
        /// The target as it was named.
        target: String,
    },
    /// The target cannot be reached.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// The commit cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
