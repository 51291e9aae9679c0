//! From the `patched` and `unaffected` requirements of a record to the intervals of affected versions.
//!
//! A record lists what is safe; everything else is affected. Each requirement becomes one half-open interval over
//! semver precedence, and the affected intervals are what the union of them leaves. Only the forms that the database
//! uses are accepted; another form is an error, never a guess. This is not how Cargo resolves a requirement: here a
//! pre-release is ordered like any other version.

use crate::model::Interval;
use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};

/// Why the requirements of a record give no intervals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// More than two comparators, two bounds on one side, or a two-sided operator beside another comparator.
    #[error("the requirement `{0}` has more bounds than one below and one above")]
    TooManyBounds(VersionReq),
    /// An operator that has no meaning here, such as `1.*`.
    #[error("the requirement `{0}` uses an operator that advisories do not use")]
    Operator(VersionReq),
    /// The lower bound is not below the upper one.
    #[error("the requirement `{0}` admits no version")]
    Empty(VersionReq),
    /// A number of the version is the largest there is, so that nothing can follow it.
    #[error("the requirement `{0}` has a number that cannot be counted past")]
    TooLarge(VersionReq),
}

/// The affected intervals, ascending and disjoint. Without any requirement every version is affected.
pub fn affected(patched: &[VersionReq], unaffected: &[VersionReq]) -> Result<Vec<Interval>, RangeError> {
    let mut safe = patched.iter().chain(unaffected).map(interval).collect::<Result<Vec<_>, _>>()?;
    safe.sort_by(|a, b| a.introduced.cmp(&b.introduced)); // no lower bound sorts first
    let mut out = Vec::new();
    // Where the affected versions begin that the next safe interval may end.
    let mut open = None;
    for next in safe {
        if let Some(start) = next.introduced {
            let leaves_some = open.as_ref().is_none_or(|from| *from < start);
            if leaves_some {
                out.push(Interval { introduced: open.clone(), fixed: Some(start) });
            }
        }
        match next.fixed {
            // Safe for ever: nothing later is affected.
            None => return Ok(out),
            Some(end) => open = open.max(Some(end)), // safe intervals may overlap
        }
    }
    out.push(Interval { introduced: open, fixed: None });
    Ok(out)
}

/// The versions that a requirement admits: from the first (inclusive) to the end (exclusive).
fn interval(req: &VersionReq) -> Result<Interval, RangeError> {
    let too_large = || RangeError::TooLarge(req.clone());
    let too_many = || RangeError::TooManyBounds(req.clone());
    let (mut start, mut end) = (None, None);
    for comparator in &req.comparators {
        let version = bound(comparator);
        let two_sided = matches!(comparator.op, Op::Exact | Op::Caret | Op::Tilde);
        if two_sided && req.comparators.len() > 1 {
            return Err(too_many());
        }
        let (low, high) = match comparator.op {
            Op::GreaterEq => (Some(version), None),
            Op::Greater => (Some(after(&version).ok_or_else(too_large)?), None),
            Op::Less => (None, Some(version)),
            Op::LessEq => (None, Some(after(&version).ok_or_else(too_large)?)),
            Op::Exact => (Some(version.clone()), Some(after(&version).ok_or_else(too_large)?)),
            Op::Caret => (Some(version), Some(caret_end(comparator).ok_or_else(too_large)?)),
            Op::Tilde => (Some(version), Some(tilde_end(comparator).ok_or_else(too_large)?)),
            _ => return Err(RangeError::Operator(req.clone())),
        };
        if (low.is_some() && start.is_some()) || (high.is_some() && end.is_some()) {
            return Err(too_many());
        }
        start = start.or(low);
        end = end.or(high);
    }
    match (&start, &end) {
        (Some(low), Some(high)) if low >= high => Err(RangeError::Empty(req.clone())),
        _ => Ok(Interval { introduced: start, fixed: end }),
    }
}

/// The version of a comparator; what it leaves open is zero.
fn bound(comparator: &Comparator) -> Version {
    Version {
        major: comparator.major,
        minor: comparator.minor.unwrap_or(0),
        patch: comparator.patch.unwrap_or(0),
        pre: comparator.pre.clone(),
        build: BuildMetadata::EMPTY,
    }
}

/// The least version above this one: `1.2.3` → `1.2.4-0`, `1.2.3-rc.1` → `1.2.3-rc.1.0`. None past the largest number.
fn after(version: &Version) -> Option<Version> {
    let mut next = version.clone();
    if version.pre.is_empty() {
        next.patch = version.patch.checked_add(1)?;
        next.pre = Prerelease::new("0").ok()?;
    } else {
        next.pre = Prerelease::new(&format!("{}.0", version.pre)).ok()?;
    }
    Some(next)
}

/// The least version of that major, minor and patch, pre-releases included.
fn least(major: u64, minor: u64, patch: u64) -> Option<Version> {
    let pre = Prerelease::new("0").ok()?;
    Some(Version { major, minor, patch, pre, build: BuildMetadata::EMPTY })
}

/// The end of `^…`: the next version that may break (Cargo reference, «Caret requirements»).
fn caret_end(c: &Comparator) -> Option<Version> {
    match (c.major, c.minor, c.patch) {
        (0, Some(0), Some(patch)) => least(0, 0, patch.checked_add(1)?),
        (0, Some(minor), _) => least(0, minor.checked_add(1)?, 0),
        (major, _, _) => least(major.checked_add(1)?, 0, 0),
    }
}

/// The end of `~…`: the next minor, or the next major where no minor is given (Cargo reference, «Tilde requirements»).
fn tilde_end(c: &Comparator) -> Option<Version> {
    match c.minor {
        Some(minor) => least(c.major, minor.checked_add(1)?, 0),
        None => least(c.major.checked_add(1)?, 0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reqs(texts: &[&str]) -> Vec<VersionReq> {
        texts.iter().map(|t| VersionReq::parse(t).unwrap()).collect()
    }

    fn shown(patched: &[&str], unaffected: &[&str]) -> Result<String, RangeError> {
        let show = |v: Option<Version>| v.map_or("*".to_owned(), |v| v.to_string());
        let list = affected(&reqs(patched), &reqs(unaffected))?;
        let parts = list.into_iter().map(|i| format!("[{}, {})", show(i.introduced), show(i.fixed)));
        Ok(parts.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn what_is_not_safe_is_affected() {
        for (patched, unaffected, expected) in [
            (&[][..], &[][..], "[*, *)"),
            (&[">= 1.2.3"], &[], "[*, 1.2.3)"),
            (&["> 1.2.3"], &[], "[*, 1.2.4-0)"),
            (&["^0.3.26", ">= 0.4.4"], &[], "[*, 0.3.26) [0.4.0-0, 0.4.4)"),
            (&[">= 0.4.4", "^0.3.26"], &[], "[*, 0.3.26) [0.4.0-0, 0.4.4)"),
            (&["^0.0.3"], &[], "[*, 0.0.3) [0.0.4-0, *)"),
            (&["~1.2"], &["< 1.0"], "[1.0.0, 1.2.0) [1.3.0-0, *)"),
            (&["=1.0.0"], &[], "[*, 1.0.0) [1.0.1-0, *)"),
            (&[], &["<= 1.0.0-rc.1"], "[1.0.0-rc.1.0, *)"),
            (&[">= 1.0.0"], &["< 1.0.0"], ""),
            (&[">= 1.0.0, < 2.0.0", ">= 1.5.0, < 3.0.0"], &["< 0.5.0"], "[0.5.0, 1.0.0) [3.0.0, *)"),
            (&["*"], &[], ""),
        ] {
            assert_eq!(shown(patched, unaffected).as_deref(), Ok(expected), "{patched:?} {unaffected:?}");
        }
    }

    #[test]
    fn a_form_that_advisories_do_not_use_is_refused() {
        let kind = |text: &str| affected(&reqs(&[text]), &[]).unwrap_err();
        assert!(matches!(kind(">= 1, >= 2"), RangeError::TooManyBounds(_)));
        assert!(matches!(kind(">= 1, < 2, < 3"), RangeError::TooManyBounds(_)));
        assert!(matches!(kind("^1, < 1.5"), RangeError::TooManyBounds(_)));
        assert!(matches!(kind("1.*"), RangeError::Operator(_)));
        assert!(matches!(kind(">= 2, < 1"), RangeError::Empty(_)));
        assert!(matches!(kind(">= 1, < 1"), RangeError::Empty(_)));
        assert!(matches!(kind("^18446744073709551615"), RangeError::TooLarge(_)));
        assert!(matches!(kind("<= 1.0.18446744073709551615"), RangeError::TooLarge(_)));
    }
}
