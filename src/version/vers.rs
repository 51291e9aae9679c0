//! Version ranges as SBOMs and VEX documents write them: `vers:pypi/>=1.0|<2.0`. No conversion from native ranges.
//!
//! Read and evaluated as the VERS specification (package-url, vers-spec 0.x) says in «Checking if a version is contained
//! within a range», but constraints may come in any order. Where two constraints on one side follow each other
//! (`>1|>=2`) the specification leaves the answer open; here the wider one counts.

use super::{NotAVersion, Scheme, Standing, Version};
use std::cmp::Ordering;

/// Constraints of one range, at most: a range is one value of a document.
pub const MAX_CONSTRAINTS: usize = 10_000;

/// A range of versions of one scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vers {
    scheme: Scheme,
    /// None: every version.
    constraints: Option<Vec<(Comparator, Version)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    /// Whether it speaks of more than one version.
    fn is_bound(self) -> bool {
        !matches!(self, Comparator::Equal | Comparator::NotEqual)
    }
}

/// Why a text is no range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersError {
    /// It is not of the form `vers:<scheme>/<constraints>`.
    #[error("a range has the form `vers:<scheme>/<constraints>`")]
    Form,
    /// No order is known for the scheme.
    #[error("the version scheme `{0}` is not known")]
    Scheme(String),
    /// A constraint has no version, as between `||`, or `*` is not alone.
    #[error("constraint {number} says nothing")]
    Constraint {
        /// Its place, from 1.
        number: usize,
    },
    /// `%` without two hexadecimal digits, or bytes that are not UTF-8.
    #[error("constraint {number} is not percent-encoded text")]
    Encoding {
        /// Its place, from 1.
        number: usize,
    },
    /// A bound has its place by convention alone ([`Standing::Convention`]), so that nothing is known to lie before or
    /// after it.
    #[error("constraint {number} compares with a version that has no place in the order")]
    NoPlace {
        /// Its place, from 1.
        number: usize,
    },
    /// A version cannot be read.
    #[error(transparent)]
    Version(#[from] NotAVersion),
    /// More than [`MAX_CONSTRAINTS`].
    #[error("the range has {constraints} constraints, more than {MAX_CONSTRAINTS}")]
    TooMany {
        /// Constraints it has.
        constraints: usize,
    },
}

impl Vers {
    /// Reads a range.
    pub fn parse(text: &str) -> Result<Vers, VersError> {
        let (scheme, constraints) =
            text.trim_ascii().strip_prefix("vers:").and_then(|rest| rest.split_once('/')).ok_or(VersError::Form)?;
        let scheme = Scheme::for_purl_type(scheme).ok_or_else(|| VersError::Scheme(scheme.to_owned()))?;
        if constraints == "*" {
            return Ok(Vers { scheme, constraints: None });
        }
        let count = constraints.split('|').count();
        if count > MAX_CONSTRAINTS {
            return Err(VersError::TooMany { constraints: count });
        }
        let mut read = Vec::with_capacity(count);
        for (at, constraint) in constraints.split('|').enumerate() {
            read.push(parse_constraint(scheme, constraint.trim_ascii(), at + 1)?);
        }
        read.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        Ok(Vers { scheme, constraints: Some(read) })
    }

    /// The scheme of its versions.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether the version lies in the range. None where that cannot be said: it is of another scheme, or the range
    /// has bounds and the version no place among them ([`Standing::Convention`]).
    pub fn contains(&self, version: &Version) -> Option<bool> {
        if version.scheme != self.scheme {
            return None;
        }
        let Some(constraints) = &self.constraints else { return Some(true) };
        let named = constraints.iter().any(|(_, other)| other == version);
        let bounded = constraints.iter().any(|(comparator, _)| comparator.is_bound());
        if version.standing == Standing::Convention && bounded && !named {
            return None;
        }
        Some(holds(constraints, version))
    }
}

fn parse_constraint(scheme: Scheme, text: &str, number: usize) -> Result<(Comparator, Version), VersError> {
    const SIGNS: [(&str, Comparator); 6] = [
        (">=", Comparator::GreaterOrEqual),
        ("<=", Comparator::LessOrEqual),
        ("!=", Comparator::NotEqual),
        (">", Comparator::Greater),
        ("<", Comparator::Less),
        ("=", Comparator::Equal),
    ];
    let signed = SIGNS.iter().find_map(|(sign, comparator)| Some((*comparator, text.strip_prefix(sign)?)));
    let (comparator, rest) = signed.unwrap_or((Comparator::Equal, text));
    if rest.is_empty() || rest == "*" {
        return Err(VersError::Constraint { number });
    }
    let version = decode(rest).ok_or(VersError::Encoding { number })?;
    let version = scheme.parse(&version)?;
    if comparator.is_bound() && version.standing == Standing::Convention {
        return Err(VersError::NoPlace { number });
    }
    Ok((comparator, version))
}

/// Replaces `%2B` and its like.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None; // a sign, which the parser of numbers would take
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// Whether the sorted constraints hold the version.
fn holds(constraints: &[(Comparator, Version)], version: &Version) -> bool {
    use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let at = |(_, bound): &&(Comparator, Version)| bound.key == version.key;
    if constraints.iter().filter(at).any(|(comparator, _)| *comparator == NotEqual) {
        return false;
    }
    if constraints.iter().filter(at).any(|(comparator, _)| matches!(comparator, Equal | LessOrEqual | GreaterOrEqual)) {
        return true;
    }
    let bounds = || constraints.iter().filter(|(comparator, _)| comparator.is_bound());
    if bounds().next().is_none() {
        // Exclusions alone leave everything else.
        return constraints.iter().all(|(comparator, _)| *comparator == NotEqual);
    }
    // The nearest bound on each side decides: what opens below, what closes above.
    let below = bounds().rev().find(|(_, bound)| bound.key.cmp(&version.key) == Ordering::Less);
    let above = bounds().find(|(_, bound)| bound.key.cmp(&version.key) == Ordering::Greater);
    let opens = |(comparator, _): &(Comparator, Version)| matches!(comparator, Greater | GreaterOrEqual);
    let closes = |(comparator, _): &(Comparator, Version)| matches!(comparator, Less | LessOrEqual);
    if bounds().any(|(_, bound)| bound.key == version.key) {
        return false; // on an exclusive bound
    }
    match (below, above) {
        (Some(low), Some(high)) => opens(low) || closes(high),
        (Some(low), None) => opens(low),
        (None, Some(high)) => closes(high),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of `0`, `1`, … `9` the range holds, as digits.
    fn held(range: &str) -> String {
        let range = Vers::parse(range).unwrap();
        let hit = |n: &u8| range.contains(&range.scheme().parse(&n.to_string()).unwrap()) == Some(true);
        (0..10).filter(hit).map(|n| n.to_string()).collect()
    }

    #[test]
    fn the_nearest_bounds_decide() {
        assert_eq!(held("vers:npm/*"), "0123456789");
        assert_eq!(held("vers:npm/>=3|<6"), "345");
        assert_eq!(held("vers:npm/<6|>=3"), "345");
        assert_eq!(held("vers:npm/>3|<=6"), "456");
        assert_eq!(held("vers:npm/<2|>5"), "016789");
        assert_eq!(held("vers:npm/1|=3|>=5|<7"), "1356");
        assert_eq!(held("vers:npm/>=2|!=4|<6"), "235");
        assert_eq!(held("vers:npm/!=4"), "012356789");
        assert_eq!(held("vers:npm/>=1|<3|>=5|<7"), "1256");
        assert_eq!(held("vers:npm/4"), "4");
        assert_eq!(held("vers:pypi/1%2E0|>=8"), "189");
    }

    #[test]
    fn what_says_nothing_is_refused() {
        assert_eq!(Vers::parse("npm/1"), Err(VersError::Form));
        assert_eq!(Vers::parse("vers:npm"), Err(VersError::Form));
        assert_eq!(Vers::parse("vers:intdot/1"), Err(VersError::Scheme("intdot".into())));
        assert_eq!(Vers::parse("vers:npm/"), Err(VersError::Constraint { number: 1 }));
        assert_eq!(Vers::parse("vers:npm/1||2"), Err(VersError::Constraint { number: 2 }));
        assert_eq!(Vers::parse("vers:npm/1|*"), Err(VersError::Constraint { number: 2 }));
        for odd in ["vers:npm/1%2", "vers:npm/1%+1", "vers:npm/1%FF", "vers:npm/1%é"] {
            assert_eq!(Vers::parse(odd), Err(VersError::Encoding { number: 1 }), "{odd}");
        }
        assert!(matches!(Vers::parse("vers:npm/>=one"), Err(VersError::Version(_))));
        let many = |n| format!("vers:npm/{}1", "1|".repeat(n - 1));
        assert!(Vers::parse(&many(MAX_CONSTRAINTS)).is_ok());
        let more = Vers::parse(&many(MAX_CONSTRAINTS + 1));
        assert_eq!(more, Err(VersError::TooMany { constraints: MAX_CONSTRAINTS + 1 }));
    }

    #[test]
    fn a_version_of_another_scheme_has_no_answer() {
        assert_eq!(Vers::parse("vers:npm/*").unwrap().contains(&Scheme::Rpm.parse("1").unwrap()), None);
    }

    #[test]
    fn a_version_without_a_place_is_only_found_by_its_name() {
        let ask = |range| Vers::parse(range).unwrap().contains(&Scheme::Packagist.parse("dev-main").unwrap());
        assert_eq!(ask("vers:composer/>=1|<2"), None);
        assert_eq!(ask("vers:composer/dev-main|>=1"), Some(true));
        assert_eq!(ask("vers:composer/!=dev-main|>=1"), Some(false));
        assert_eq!(ask("vers:composer/1.0"), Some(false));
        assert_eq!(ask("vers:composer/*"), Some(true));
        assert_eq!(Vers::parse("vers:composer/1|<dev-main"), Err(VersError::NoPlace { number: 2 }));
    }
}
