//! The signed record of each run: an append-only log whose formats are public standards (`docs/trail-format.md`).
//! It takes a verdict and a [`RunContext`] and writes; it decides nothing and it does not ask a forge for anything.

pub mod checkpoint;
pub mod json;
pub mod leaf;
pub mod log;
pub mod merkle;
pub mod place;
pub mod problem;
pub mod receipt;
pub mod record;
pub mod show;
pub mod statement;
pub mod store;
pub mod tile;
pub mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use leaf::{Commitment, Leaf, LeafError, LeafKind};
pub use log::{AppendError, Appended, append};
pub use place::{Durability, Place};
pub use problem::{Problem, ProblemKind, Verification, VerifyError};
pub use receipt::{Receipt, ReceiptError};
pub use record::{Draft, Initiator, KnownBy, Record, RecordError, RunContext, Runner, Salt};
pub use store::{Store, StoreError};

use std::fmt;

/// The place of a record in the log, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogIndex(pub u64);

impl fmt::Display for LogIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
