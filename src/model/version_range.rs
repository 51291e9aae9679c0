//! Which versions an advisory affects, as half-open intervals over semver precedence.

use semver::Version;
use std::fmt;

/// Versions from `introduced` (inclusive; none: from the first) up to `fixed` (exclusive; none: no end).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first affected version.
    pub introduced: Option<Version>,
    /// The first version that is not affected any more.
    pub fixed: Option<Version>,
}

impl Interval {
    /// Whether the version lies inside. Build metadata takes no part (semver 2.0.0, section 10).
    pub fn contains(&self, version: &Version) -> bool {
        self.introduced.as_ref().is_none_or(|start| version.cmp_precedence(start).is_ge())
            && self.fixed.as_ref().is_none_or(|end| version.cmp_precedence(end).is_lt())
    }
}

impl fmt::Display for Interval {
    /// `>= 0.3.0, < 0.3.26`, `< 0.3.26`, `>= 1.0.0` or `every version`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.introduced, &self.fixed) {
            (Some(start), Some(end)) => write!(f, ">= {start}, < {end}"),
            (Some(start), None) => write!(f, ">= {start}"),
            (None, Some(end)) => write!(f, "< {end}"),
            (None, None) => f.write_str("every version"),
        }
    }
}

/// The affected intervals of an advisory, ascending and disjoint, and the requirements as the record writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionRanges {
    /// Affected.
    pub affected: Vec<Interval>,
    /// The record's `patched` requirements, for people.
    pub patched: Vec<String>,
    /// The record's `unaffected` requirements, for people.
    pub unaffected: Vec<String>,
}

impl VersionRanges {
    /// The interval that the version lies in, if any.
    pub fn matching(&self, version: &Version) -> Option<&Interval> {
        self.affected.iter().find(|interval| interval.contains(version))
    }
}
