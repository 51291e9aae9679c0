//! The trusted policy (`portcullis.toml`) and the waiver files, parsed into values that cannot be wrong.
//!
//! Raw text becomes a valid value or the full list of its errors, each with line and column. Nothing is decided here.

mod change;
mod error;
pub mod import;
mod load;
mod policy_file;
#[cfg(test)]
mod published;
mod read;
mod waiver_file;

pub use change::{Loosens, relaxations};
pub use error::{ConfigError, ConfigErrors, LoadError};
pub use load::{Disk, Files, MAX_POLICY, MAX_WAIVER, MAX_WAIVERS, load};
pub use policy_file::parse_policy;
pub use read::is_day;
pub use waiver_file::parse_waiver;

use crate::model::{Class, Days, Digest, GapKind, Seconds, Severity, Timestamp};
use std::collections::BTreeMap;

/// The name of the policy file at the root of the judged tree (or of its base).
pub const POLICY_FILE: &str = "portcullis.toml";
/// The directory of the waiver files, one waiver each.
pub const WAIVER_DIR: &str = ".portcullis/waivers";

/// What the policy does with a class of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassAction {
    /// Blocks at and above `fail-on`.
    Threshold,
    /// Blocks whatever the severity.
    Fail,
    /// Is told and does not block.
    Report,
}

impl ClassAction {
    /// The word of the policy file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Fail => "fail",
            Self::Report => "report",
        }
    }

    /// What a class gets where the policy file is silent.
    pub fn of_silence(class: Class) -> Self {
        match class {
            Class::Vulnerability | Class::Malicious => Self::Threshold,
            Class::Integrity => Self::Fail,
            Class::Unsound | Class::Unmaintained | Class::Notice | Class::Yanked | Class::Waiver => Self::Report,
        }
    }
}

/// What the policy does with a kind of gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapAction {
    /// Makes the verdict incomplete.
    Fail,
    /// Is told.
    Report,
}

impl GapAction {
    /// The word of the policy file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Report => "report",
        }
    }

    /// What a kind gets where the policy file is silent.
    pub fn of_silence(kind: GapKind) -> Self {
        if kind.fails_by_default() { Self::Fail } else { Self::Report }
    }
}

/// Whether a gap of this kind always makes the verdict incomplete: after it there is nothing, or nobody knows what,
/// that a verdict could stand on. It can be neither accepted nor set to `report`.
pub fn always_fails(kind: GapKind) -> bool {
    matches!(kind, GapKind::Internal | GapKind::NothingToJudge | GapKind::FeedUnusable | GapKind::FeedStale)
}

/// A value and the 1-based line of the policy file that set it; no line for a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// The line that wrote it.
    pub line: Option<u32>,
}

impl<T> Set<T> {
    /// A default: no line wrote it.
    pub fn default_of(value: T) -> Self {
        Self { value, line: None }
    }
}

/// How old a feed may be, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedPolicy {
    /// From this age on the run says so. Default 24 h.
    pub warn_age: Set<Seconds>,
    /// From this age on the verdict is incomplete. Default 7 d.
    pub fail_age: Set<Seconds>,
    /// A refresh that withdraws or changes more than this percentage of the records is refused until confirmed.
    pub max_change_percent: u8,
}

/// A part of the tree that is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exclude {
    /// A glob over paths relative to the root: `*` within a part, `**` across parts, a directory covers its content.
    pub path: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// 1-based line in the policy file.
    pub line: u32,
}

/// A gap that somebody accepted for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptGap {
    /// The kind.
    pub kind: GapKind,
    /// A glob over the path of the gap; every gap of the kind where absent.
    pub path: Option<String>,
    /// The digest that the file must still have, where given.
    pub digest: Option<Digest>,
    /// Exact `what` of the gap, where given (such as `git-dep 0.1.0`).
    pub what: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The first moment at which it does not hold any more.
    pub expires: Timestamp,
    /// 1-based line in the policy file.
    pub line: u32,
}

/// The debt that `portcullis init` adopted. It may only shrink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The day of adoption; every adopted waiver must carry it.
    pub adopted: Timestamp,
    /// No more adopted waivers than this.
    pub waivers: u32,
    /// 1-based line in the policy file.
    pub line: u32,
}

/// The policy in force: defaults where a file is silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `defaults`, a path, or `<rev>:<path>`.
    pub origin: String,
    /// Digest over the policy file and every waiver file, in order of path, each with its path and length.
    pub digest: Digest,
    /// The threshold. Default `high`.
    pub fail_on: Set<Severity>,
    /// Whether a flag of the command line lowered `fail_on`.
    pub tightened: bool,
    /// Every class has an action.
    pub classes: BTreeMap<Class, Set<ClassAction>>,
    /// Every kind has an action.
    pub gaps: BTreeMap<GapKind, Set<GapAction>>,
    /// Ages and bounds.
    pub feed: FeedPolicy,
    /// Registry sources, as a lock writes them, that serve the packages of the default registry.
    pub mirrors: Vec<String>,
    /// For how long after its disclosure a problem that no change introduced is only told. Default 0 for every band.
    pub grace: BTreeMap<Severity, Set<Days>>,
    /// Parts of the tree that are not judged.
    pub excludes: Vec<Exclude>,
    /// Accepted gaps.
    pub accepted: Vec<AcceptGap>,
    /// Adopted debt.
    pub debt: Option<Debt>,
    /// Whether a run must leave a record in a trail that outlives it. Default false.
    pub durable_trail: Set<bool>,
    /// Waivers, in order of path.
    pub waivers: Vec<Waiver>,
}

impl Default for Policy {
    /// The policy of a tree that has none.
    fn default() -> Self {
        let class = |class| (class, Set::default_of(ClassAction::of_silence(class)));
        let gap = |kind: &GapKind| (*kind, Set::default_of(GapAction::of_silence(*kind)));
        Self {
            origin: "defaults".into(),
            digest: Digest::of(b""),
            fail_on: Set::default_of(Severity::High),
            tightened: false,
            classes: Class::ALL.into_iter().map(class).collect(),
            gaps: GapKind::ALL.iter().map(gap).collect(),
            feed: FeedPolicy::default(),
            mirrors: Vec::new(),
            grace: BTreeMap::new(),
            excludes: Vec::new(),
            accepted: Vec::new(),
            debt: None,
            durable_trail: Set::default_of(false),
            waivers: Vec::new(),
        }
    }
}

impl Default for FeedPolicy {
    fn default() -> Self {
        Self {
            warn_age: Set::default_of(Seconds(24 * 3_600)),
            fail_age: Set::default_of(Seconds(7 * 86_400)),
            max_change_percent: 10,
        }
    }
}

/// Somebody's word that a finding does not block for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The file, relative to the root.
    pub path: crate::model::TreePath,
    /// An advisory id, or an alias of it.
    pub id: String,
    /// The package.
    pub package: String,
    /// The versions it covers; every version where absent.
    pub versions: Option<semver::VersionReq>,
    /// A glob over the path of the finding; every path where absent.
    pub paths: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The first moment at which it does not hold any more.
    pub expires: Timestamp,
    /// Who approved it; needed for high and critical, and never the owner.
    pub approved_by: Option<String>,
    /// Written by `portcullis init` as existing debt, on this day.
    pub adopted: Option<Timestamp>,
}
