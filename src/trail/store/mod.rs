//! Where a log is kept. The trait's comments are contracts about failure; the order of writing is that of `docs/trail-format.md`,
//! section "Writing". A store knows paths and bytes, not records, and checks no signature.

pub mod dir;
mod git;
mod staged;

pub use dir::DirStore;
pub use git::GitStore;

use super::tile::{CHECKPOINT, MAX_BUNDLE, MAX_TILE, parse_tile_path};
use crate::model::Digest;
use crate::sign::dsse::MAX_ENVELOPE;
use crate::sign::note::MAX_NOTE;
use crate::sys::{Bytes, SysError};
use std::collections::{BTreeMap, BTreeSet};

/// Where bodies are, below the top of the log.
pub const BODIES: &str = "bodies/sha256";

/// Why a store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else committed first. Nothing of the change is visible or ever will be. Remedy: begin again.
    #[error("another writer was faster")]
    Conflict,
    /// The outside world failed.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// The store's own state does not fit together, so that a commit cannot be finished.
    #[error("the state of the store is damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// The directory holds a copy of a log: appending to it would fork the original. Remedy: append to the original, or
    /// adopt the copy by copying `checkpoint` to `.state/committed`.
    #[error("the directory holds a copy of a log, and appending to a copy would fork it")]
    Copy,
    /// A path that no log has.
    #[error("{path:?} is not a path of a log")]
    BadPath {
        /// The path.
        path: String,
    },
    /// More files than a log of this release can have, or directories deeper than a log has.
    #[error("the log has more files or deeper directories than any log")]
    TooMany,
    /// No git program was found. Remedy: install git, or keep the trail in a directory.
    #[error("no git program was found")]
    NoGit,
    /// The git program could not be looked for.
    #[error(transparent)]
    FindGit(#[from] crate::git::GitError),
    /// git ended with an error of its own.
    #[error("git {command} failed: {stderr}")]
    Git {
        /// The subcommand.
        command: &'static str,
        /// The first line of what it said, at most 200 characters, without user information of URLs. Text from
        /// outside: neutralise before printing.
        stderr: String,
    },
    /// git wrote something else than its manual says.
    #[error("git {command} wrote something that is not understood")]
    GitAnswer {
        /// The subcommand.
        command: &'static str,
    },
    /// The remote is not an absolute path, or a `file`, `https` or `ssh` URL (or `host:path`).
    #[error("the remote of a trail must be an absolute path, https://, ssh:// or file://")]
    BadRemote,
}

/// What is to become of the log, all or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The new signed checkpoint.
    pub checkpoint: Vec<u8>,
    /// New tiles, bundles and bodies by path. A path that exists has these very bytes already, or is of no checkpoint.
    pub put: BTreeMap<String, Vec<u8>>,
    /// Directories of partial tiles that a full tile of this change replaces.
    pub clear: BTreeSet<String>,
}

/// What can be read of a log.
pub trait Read {
    /// The bytes of a file of the log; none where there is none. Larger files than a log can have are an error.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Several files at once, one answer for each path, in their order.
    fn read_many(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        paths.iter().map(|path| self.read(path)).collect()
    }
}

/// A log's place.
pub trait Store: Read + Sync {
    /// The published checkpoint; none where there is no log. Every file that it commits to can be read. It is the newest
    /// one whose publication ended, so a commit that was cut short may be missing until the next [`Store::begin`].
    /// For a remote store this is the moment that [`Read::read`] and [`Store::list`] show from then on.
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// The paths of all files that are there, sorted, the checkpoint included; foreign ones as well, so that what was
    /// slipped in is found. Left out: the store's own state, and temporary files of writers that died.
    fn list(&self) -> Result<Vec<String>, StoreError>;

    /// The change that is committed and whose publication did not end: a writer died after its commit point, or works just
    /// now. Its checkpoint may be the published one already.
    fn pending(&self) -> Result<Option<Change>, StoreError>;

    /// Opens the log for one change. Finishes first what an earlier writer committed and did not publish. Other writers
    /// may be kept waiting until the transaction is dropped, or may be faster: then its commit is a conflict.
    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError>;
}

/// A log opened for one change.
pub trait Transaction: Read {
    /// The newest committed checkpoint; none where there is no log.
    fn checkpoint(&self) -> Option<&[u8]>;

    /// Replaces the checkpoint this transaction began with by the change's.
    ///
    /// - `Ok`: visible to every later call of every process, and durable: a power failure does not take it back.
    /// - [`StoreError::Conflict`]: nothing is visible, now or later.
    /// - Any other error, and after the death of the process or a power failure: the change is either committed as a whole
    ///   or not at all, and which of the two is not known. Begin again and look. A half is never visible: a commit that
    ///   was cut short is finished by the next `begin`, and until then readers see the log without it or with all of it.
    fn commit(self: Box<Self>, change: &Change) -> Result<(), StoreError>;
}

/// The path of a body.
pub fn body_path(digest: &Digest) -> String {
    format!("{BODIES}/{}", digest.hex())
}

/// The largest size that a file of the log has; none for a path that no log has.
pub(super) fn limit(path: &str) -> Option<Bytes> {
    if path == CHECKPOINT {
        return Some(Bytes(MAX_NOTE as u64));
    }
    if let Some(hex) = path.strip_prefix(BODIES).and_then(|rest| rest.strip_prefix('/')) {
        let digest: Digest = hex.parse().ok()?;
        return digest.is_hex(hex).then_some(Bytes(MAX_ENVELOPE as u64));
    }
    parse_tile_path(path).map(|_| Bytes(MAX_BUNDLE.max(MAX_TILE) as u64))
}

/// The limit of a path, or the error for a path that no log has.
fn checked(path: &str) -> Result<Bytes, StoreError> {
    limit(path).ok_or_else(|| StoreError::BadPath { path: path.to_owned() })
}

/// Whether the path is a directory of partial tiles.
fn is_partials(path: &str) -> bool {
    parse_tile_path(&format!("{path}/1")).is_some_and(|tile| tile.width == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_a_log_have_a_limit() {
        let body = body_path(&Digest::of(b"x"));
        for path in ["checkpoint", "tile/0/000", "tile/entries/000.p/7", &body] {
            assert!(limit(path).is_some(), "{path}");
        }
        let upper = body.to_uppercase().replace("BODIES/SHA256", BODIES);
        for path in
            ["", "..", "tile", "tile/0/../../x", "bodies/sha256/..", "bodies/sha256/00", ".state/committed", &upper]
        {
            assert_eq!(limit(path), None, "{path}");
        }
        assert!(is_partials("tile/0/000.p") && is_partials("tile/entries/x001/000.p"));
        assert!(!is_partials("tile/0/000") && !is_partials("tile/0") && !is_partials("tile/0/000.p/1"));
    }
}
