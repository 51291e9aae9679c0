//! Laws of the version orders and of ranges over them.

use portcullis::version::range::{Affected, Answer, Event, EventKind};
use portcullis::version::vers::Vers;
use portcullis::version::{Scheme, Standing, Version};
use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Lines that are looked at: the laws ask every three of them.
const LINES: usize = 8;

/// Each line is a version, in every scheme: what is read is in a total order, what is not is named. The first line is
/// then asked of a range whose events are the others.
pub fn version(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines: Vec<&str> = text.lines().take(LINES).collect();
    for scheme in Scheme::ALL {
        let mut versions = Vec::new();
        for line in &lines {
            match scheme.parse(line) {
                Ok(version) => versions.push((*line, version)),
                Err(error) => {
                    assert_eq!(error.scheme, scheme);
                    assert!(line.trim_ascii().starts_with(&error.text), "{error:?}");
                }
            }
        }
        order(&versions);
        range(scheme, &versions);
    }
    for line in lines {
        if let Ok(range) = Vers::parse(line) {
            assert_eq!(Vers::parse(&format!(" {line}")).as_ref(), Ok(&range));
        }
    }
}

fn compare(left: &Version, right: &Version) -> Ordering {
    left.compare(right).expect("both are of one scheme")
}

fn order(versions: &[(&str, Version)]) {
    for (a, left) in versions {
        assert_eq!(compare(left, left), Ordering::Equal);
        for (b, right) in versions {
            let order = compare(left, right);
            assert_eq!(order, compare(right, left).reverse(), "{a} {b}");
            assert_eq!(order.is_eq(), left == right, "{a} {b}");
            assert_eq!(order, left.sort_key().cmp(right.sort_key()), "{a} {b}");
            assert_eq!(left.scheme().compare(a, b), Ok(order), "{a} {b}");
            assert!(left == right || !left.sort_key().starts_with(right.sort_key()), "{a} {b}");
            assert!(left != right || hash(left) == hash(right), "{a} {b}");
            same_as_the_crate(left.scheme(), a, b, order);
            for (c, third) in versions {
                let circle = order.is_le() && compare(right, third).is_le() && compare(left, third).is_gt();
                assert!(!circle, "{a} {b} {c}");
            }
        }
    }
}

fn hash(version: &Version) -> u64 {
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hasher.finish()
}

/// Where both are strict semver, the crate is the oracle.
fn same_as_the_crate(scheme: Scheme, a: &str, b: &str, order: Ordering) {
    if let (Scheme::Semver, Ok(a), Ok(b)) = (scheme, semver::Version::parse(a), semver::Version::parse(b)) {
        assert_eq!(order, a.cmp_precedence(&b), "{a} {b}");
    }
}

/// The first is asked; the others are introduced, fixed, introduced, last affected and so on. Only where no two are
/// equal: at a tie the algorithm depends on the order of writing.
fn range(scheme: Scheme, versions: &[(&str, Version)]) {
    const KINDS: [EventKind; 4] =
        [EventKind::Introduced, EventKind::Fixed, EventKind::Introduced, EventKind::LastAffected];
    let Some(((text, asked), bounds)) = versions.split_first() else { return };
    let ordered = versions.iter().all(|(_, version)| version.standing() == Standing::Ordered);
    let zero = bounds.iter().any(|(text, _)| text.trim_ascii() == "0");
    let mut sorted: Vec<(&Version, EventKind)> = bounds.iter().map(|(_, v)| v).zip(KINDS.into_iter().cycle()).collect();
    sorted.sort_by(|(a, _), (b, _)| compare(a, b));
    let tied = sorted.windows(2).any(|pair| pair[0].0 == pair[1].0);
    let events: Vec<Event<'_>> =
        bounds.iter().zip(KINDS.into_iter().cycle()).map(|((version, _), kind)| Event { kind, version }).collect();
    let answer = Affected::new(scheme, [], &[&events]).answer(text);
    if !ordered {
        // What has no place is never called unaffected.
        assert!(bounds.is_empty() || answer != Answer::NotAffected, "{versions:?}");
        return;
    }
    if bounds.is_empty() || tied || zero {
        return;
    }
    let mut vulnerable = false;
    for (bound, kind) in sorted {
        match kind {
            EventKind::Introduced if compare(asked, bound).is_ge() => vulnerable = true,
            EventKind::Fixed if compare(asked, bound).is_ge() => vulnerable = false,
            EventKind::LastAffected if compare(asked, bound).is_gt() => vulnerable = false,
            _ => {}
        }
    }
    assert_eq!(answer == Answer::Affected, vulnerable, "{versions:?}");
    assert!(!matches!(answer, Answer::CannotTell(_)), "{versions:?}");
}
