//! The coverage ledger: one row for each file that looks like something to judge.

use super::{Digest, TreePath};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Read and counted; the number of components that came out.
    Parsed(usize),
    /// Could not be read or understood; the gap says more.
    Failed(String),
    /// Known by name, not supported by this release.
    Unsupported(String),
    /// Left out by a rule of the trusted policy, or by git's ignore rules; says which.
    Excluded(String),
}

impl RowState {
    /// `parsed`, `failed`, `unsupported` or `excluded`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Parsed(_) => "parsed",
            Self::Failed(_) => "failed",
            Self::Unsupported(_) => "unsupported",
            Self::Excluded(_) => "excluded",
        }
    }

    /// The reason of every state but `parsed`.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Parsed(_) => None,
            Self::Failed(why) | Self::Unsupported(why) | Self::Excluded(why) => Some(why),
        }
    }
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The file, or for ignored files the directory they were found under.
    pub path: TreePath,
    /// `cargo-lock`, `cargo-manifest`, `rust-toolchain`, `ignored`, ….
    pub kind: &'static str,
    /// What became of it.
    pub state: RowState,
    /// Digest of the bytes that were judged, where they could be read.
    pub digest: Option<Digest>,
}

/// All rows, sorted by path and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    rows: Vec<LedgerRow>,
}

impl Ledger {
    /// Sorts the rows.
    pub fn new(mut rows: Vec<LedgerRow>) -> Self {
        rows.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
        Self { rows }
    }

    /// The rows in order.
    pub fn rows(&self) -> &[LedgerRow] {
        &self.rows
    }
}
