//! What the tests of every order ask: ascending, equal, refused. No order of its own.

use super::Scheme;
use std::cmp::Ordering;

/// Every version is below each one after it.
pub(super) fn ascending(scheme: Scheme, versions: &[&str]) {
    for (at, low) in versions.iter().enumerate() {
        for high in &versions[at + 1..] {
            assert_eq!(scheme.compare(low, high), Ok(Ordering::Less), "{low} < {high}");
            assert_eq!(scheme.compare(high, low), Ok(Ordering::Greater), "{high} > {low}");
        }
    }
}

/// All are one version.
pub(super) fn equal(scheme: Scheme, versions: &[&str]) {
    for (left, right) in versions.iter().flat_map(|l| versions.iter().map(move |r| (l, r))) {
        assert_eq!(scheme.parse(left), scheme.parse(right), "{left} = {right}");
        assert_eq!(scheme.compare(left, right), Ok(Ordering::Equal), "{left} = {right}");
    }
}

/// None is a version, and the error names it.
pub(super) fn refused(scheme: Scheme, texts: &[&str]) {
    for text in texts {
        let error = scheme.parse(text).expect_err(text);
        assert_eq!(error.text, *text);
        assert!(error.to_string().contains(text), "{error}");
    }
}
