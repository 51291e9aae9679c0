//! What became of the record of a run: a value that reports say. It takes no part in the verdict, and it records nothing.

use super::Outcome;

/// The exit code of a run that was not written, signed or recorded as it should be, whatever its verdict.
const NOT_WRITTEN: u8 = 4;

/// What became of the record of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What happened.
    pub state: RecordState,
    /// Whether it is what the policy asks for: false where `trail.durable` is set and nothing outlives the run. For a
    /// proposal that is said and is no error.
    pub meets_policy: bool,
    /// Whether something else was not written, as far as that is known when a report is made: another report, the public
    /// half of a new key.
    pub unwritten: bool,
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// It is in the log, durably for as long as the log's place is kept.
    Signed(SignedRecord),
    /// The run gets no secrets, so nobody could sign: the unsigned statement is for the JSON report alone.
    Proposal {
        /// The in-toto statement, as canonical JSON (RFC 8785).
        statement: String,
        /// Whether a JSON report is among the reports of the run. Without one the statement is written to nothing.
        is_kept: bool,
    },
    /// `--no-trail`.
    NotAsked,
    /// It could not be recorded: the run ends with exit code 4.
    Failed {
        /// Why; one line, without paths, addresses and names of this machine.
        why: String,
        /// Index of the run's start, where that was recorded: the log then shows a run without a decision.
        start: Option<u64>,
    },
}

/// A decision in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRecord {
    /// Index of the decision, from 0.
    pub index: u64,
    /// Index of the run's start.
    pub start: u64,
    /// The origin of the log.
    pub log: String,
    /// The verifier key of the log (C2SP signed-note): name, hash and public key.
    pub verifier_key: String,
    /// Whether the log outlives the run. False for a directory of a CI runner.
    pub durable: bool,
}

impl SignedRecord {
    /// The eight hex digits that tell the log's key from others; empty where the verifier key has none.
    pub fn key_hash(&self) -> &str {
        self.verifier_key.split('+').nth(1).unwrap_or_default()
    }
}

impl Recorded {
    /// The record of a run with `--no-trail`, under a policy that does not mind.
    pub fn not_asked() -> Self {
        Self { state: RecordState::NotAsked, meets_policy: true, unwritten: false }
    }

    /// Whether the record is the one that can be asked for. Without it the run ends with exit code 4. A run that gets no
    /// secrets cannot do more than propose, whatever the policy.
    pub fn is_as_asked(&self) -> bool {
        match self.state {
            RecordState::Signed(_) | RecordState::NotAsked => self.meets_policy,
            RecordState::Proposal { .. } => true,
            RecordState::Failed { .. } => false,
        }
    }

    /// The exit code that the run ends with: the verdict's own, or 4.
    pub fn exit_code(&self, outcome: Outcome) -> u8 {
        if self.is_as_asked() && !self.unwritten { outcome.exit_code() } else { NOT_WRITTEN }
    }
}
