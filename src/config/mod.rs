//! The trusted policy (`portcullis.toml`) and the waiver files, parsed into values that cannot be wrong.
//!
//! Raw text becomes a valid value or the full list of its errors, each with line and column. Nothing is decided here.

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

/// What the policy does with a kind of gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapAction {
    /// Makes the verdict incomplete.
    Fail,
    /// Is told.
    Report,
}

/// A value and the 1-based line of the policy file that set it; no line for a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set<T> {
    /// The value.
    pub value: T,
    /// The line that wrote it.
    pub line: Option<u32>,
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
    /// Every class has an action.
    pub classes: BTreeMap<Class, Set<ClassAction>>,
    /// Every kind has an action.
    pub gaps: BTreeMap<GapKind, Set<GapAction>>,
    /// Ages and bounds.
    pub feed: FeedPolicy,
    /// Registry sources, as a lock writes them, that serve the packages of the default registry.
    pub mirrors: Vec<String>,
    /// For how long after its disclosure a problem that no change introduced is only told. Default 0 for every band.
    pub grace: BTreeMap<Severity, Days>,
    /// Parts of the tree that are not judged.
    pub excludes: Vec<Exclude>,
    /// Accepted gaps.
    pub accepted: Vec<AcceptGap>,
    /// Adopted debt.
    pub debt: Option<Debt>,
    /// Waivers, in order of path.
    pub waivers: Vec<Waiver>,
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
