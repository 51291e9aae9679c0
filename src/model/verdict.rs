//! The verdict: a value that says what was decided and why. `policy::decide` makes it, renderers read it.

use super::{Digest, FeedInfo, Finding, Gap, Inventory, Ledger, RuleInfo, Timestamp};
use std::fmt;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing blocks and everything was looked at.
    Passed,
    /// Nothing blocks, but not everything could be looked at.
    Incomplete,
    /// At least one finding blocks.
    Failed,
}

impl Outcome {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }

    /// The verdict's own exit code: 0, 3 or 1.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Incomplete => 3,
            Self::Failed => 1,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who brought a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// The change under judgement.
    Introduced,
    /// It was in the base already; the world learned of it, or the base was let in with it.
    Disclosed,
    /// There is no base to compare with.
    Unknown,
}

impl Axis {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::Disclosed => "disclosed",
            Self::Unknown => "unknown",
        }
    }
}

/// What was decided on one finding or gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It blocks (a finding) or makes the verdict incomplete (a gap).
    Blocks,
    /// It is told and does not block.
    Reported,
    /// A waiver or an acceptance covers it; the file or the policy line that does.
    Waived {
        /// Such as `.portcullis/waivers/h2.toml` or `portcullis.toml:12`.
        by: String,
        /// When it ends.
        expires: Timestamp,
    },
}

/// A finding and what was decided on it.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedFinding {
    /// The finding.
    pub finding: Finding,
    /// Who brought it.
    pub axis: Axis,
    /// What was decided.
    pub ruling: Ruling,
    /// Which line of which policy decided, such as `portcullis.toml:3 fail-on = "high"` or `default fail-on = "high"`.
    pub decided_by: String,
}

/// A gap and what was decided on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedGap {
    /// The gap.
    pub gap: Gap,
    /// What was decided.
    pub ruling: Ruling,
    /// Which line of which policy decided.
    pub decided_by: String,
}

/// Something worth saying that decides nothing, such as «this change relaxes the policy».
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// One line, lowercase, no full stop.
    pub what: String,
    /// What to do; may be empty.
    pub help: String,
}

/// Which policy decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInfo {
    /// `defaults`, a path, or `<rev>:<path>`.
    pub origin: String,
    /// Digest over the policy file and every waiver file, in order of path.
    pub digest: Digest,
    /// The threshold in force.
    pub fail_on: super::Severity,
    /// Waiver files read.
    pub waivers: usize,
    /// Whether a run has to leave a record that outlives it: `trail.durable`.
    pub durable_trail: bool,
}

/// The program that judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The version of this package.
    pub version: &'static str,
}

/// What was decided, on what, and why.
#[must_use]
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The findings, in `Finding::order`.
    pub findings: Vec<JudgedFinding>,
    /// The gaps, sorted.
    pub gaps: Vec<JudgedGap>,
    /// Notes, sorted.
    pub notes: Vec<Note>,
    /// The coverage ledger.
    pub ledger: Ledger,
    /// The inventories, in order of path.
    pub inventories: Vec<Inventory>,
    /// The feed used; none when it could not be opened.
    pub feed: Option<FeedInfo>,
    /// Other sources of advisories that were asked, in order of name.
    pub sources: Vec<FeedInfo>,
    /// The policy used.
    pub policy: PolicyInfo,
    /// The rules that findings refer to, sorted by id.
    pub rules: Vec<RuleInfo>,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// The base that was compared with, as a commit id.
    pub base: Option<String>,
    /// The program.
    pub tool: Tool,
}

impl Verdict {
    /// The answer, a function of the rulings alone: no renderer can change it.
    pub fn outcome(&self) -> Outcome {
        if self.findings.iter().any(|f| f.ruling == Ruling::Blocks) {
            Outcome::Failed
        } else if self.gaps.iter().any(|g| g.ruling == Ruling::Blocks) {
            Outcome::Incomplete
        } else {
            Outcome::Passed
        }
    }
}
