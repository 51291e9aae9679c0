//! What a verification finds: problems, each with the record and run that it concerns, and runs without a decision. How
//! they are found is `verify`'s matter.

use super::LogIndex;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::leaf::LeafError;
use super::statement::StatementError;
use super::store::StoreError;
use super::tile::TileError;
use crate::sign::EnvelopeError;
use std::fmt;

/// Why a log could not be looked at. What is wrong *in* it is a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no log. Remedy: name the trail with `--trail`.
    #[error("there is no trail")]
    NoLog,
    /// A thread of ours panicked: a fault of Portcullis.
    #[error("a verifying thread panicked")]
    Panicked,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The checkpoint is malformed or not of a trusted key.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(CheckpointError),
    /// The saved checkpoint is malformed or not of a trusted key.
    #[error("the saved checkpoint is not to be believed: {0}")]
    SavedCheckpoint(CheckpointError),
    /// The saved checkpoint is of another log.
    #[error("the saved checkpoint is of the log {saved}, this one is {found}")]
    OtherLog {
        /// The origin that was saved.
        saved: String,
        /// The origin that is there.
        found: String,
    },
    /// Records were cut off.
    #[error("the saved checkpoint has {saved} records, the log only {found}: records were removed")]
    Truncated {
        /// The size that was saved.
        saved: u64,
        /// The size that is there.
        found: u64,
    },
    /// The log does not grow out of the saved checkpoint.
    #[error("the log does not continue the saved checkpoint of {saved} records: history was rewritten")]
    Rewritten {
        /// The size that was saved.
        saved: u64,
    },
    /// A file that the checkpoint commits to is not there.
    #[error("the file {path} is missing")]
    MissingFile {
        /// Its path.
        path: String,
    },
    /// Something stands in the place of a file that is none, is larger than it can be, or that may not be read.
    #[error("the file {path} cannot be read: {error}")]
    Unreadable {
        /// Its path.
        path: String,
        /// What the store says.
        error: StoreError,
    },
    /// A tile or bundle is malformed.
    #[error("the file {path} is damaged: {error}")]
    Malformed {
        /// Its path.
        path: String,
        /// What is wrong.
        error: TileError,
    },
    /// A tile does not hold the hashes of what is below it.
    #[error("the file {path} does not hold the hashes of the records below it")]
    Tile {
        /// Its path.
        path: String,
    },
    /// An earlier partial tile is not the beginning of the present one.
    #[error("the file {path} is not the beginning of what became of it")]
    Partial {
        /// Its path.
        path: String,
    },
    /// A file that no record names.
    #[error("the file {path} does not belong to the log")]
    ForeignFile {
        /// Its path.
        path: String,
    },
    /// The records do not make the root that was signed.
    #[error("the records do not make the root that was signed")]
    Root,
    /// The entry does not have the hash that its tile says.
    #[error("the entry is not the one whose hash is in the tree")]
    Entry,
    /// The entry is not a leaf.
    #[error("the entry is not a leaf: {0}")]
    Leaf(LeafError),
    /// The body is gone. Its leaf still proves that it was there.
    #[error("the body is missing")]
    BodyMissing,
    /// The body is another one.
    #[error("the body is not the one that was recorded")]
    BodyDigest,
    /// The body is malformed or not signed by a trusted key.
    #[error("the body is not to be believed: {0}")]
    Envelope(EnvelopeError),
    /// The body does not say what its leaf says.
    #[error("{0}")]
    Statement(StatementError),
    /// The decision names a start that is not there.
    #[error("the decision names record {start} as its start, which is no start before it")]
    NoSuchStart {
        /// The index it names.
        start: LogIndex,
    },
    /// The decision and its start are of different runs.
    #[error("the decision and its start {start} are of different runs")]
    OtherRun {
        /// The index it names.
        start: LogIndex,
    },
    /// A run decided twice.
    #[error("the run decided before, at record {first}")]
    DecidedTwice {
        /// The earlier decision.
        first: LogIndex,
    },
    /// Two records have one body.
    #[error("the body is that of record {first} as well")]
    SameBody {
        /// The earlier record.
        first: LogIndex,
    },
    /// The store's own state does not fit together.
    #[error("{0}")]
    State(StoreError),
}

/// One thing that is wrong, and which record it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The record, or the first of those concerned; none where it is the log as a whole.
    pub index: Option<LogIndex>,
    /// Its run, as `id/attempt`, or the run's commitment where no body can be read.
    pub run: Option<String>,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.index, &self.run) {
            (Some(index), Some(run)) => write!(f, "record {index} (run {run}): {}", self.kind),
            (Some(index), None) => write!(f, "record {index}: {}", self.kind),
            (None, _) => write!(f, "{}", self.kind),
        }
    }
}

/// A run that started and did not decide: killed, or still going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its start.
    pub index: LogIndex,
    /// The run, as `id/attempt`.
    pub run: Option<String>,
    /// Who started it.
    pub initiator: Option<String>,
}

/// What a look at a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The head that was verified; none where the checkpoint itself is the problem.
    pub head: Option<Checkpoint>,
    /// Runs that started and did not decide, by index.
    pub unfinished: Vec<Unfinished>,
    /// Whether a writer committed a change and did not publish it; the next append does.
    pub pending: bool,
    /// What is wrong, by index, at most [`MAX_PROBLEMS`](super::verify::MAX_PROBLEMS).
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub more_problems: usize,
}

impl Verification {
    pub(super) fn of_problem(kind: ProblemKind) -> Self {
        let problems = vec![Problem { index: None, run: None, kind }];
        Self { head: None, unfinished: Vec::new(), pending: false, problems, more_problems: 0 }
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}
