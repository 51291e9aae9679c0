//! What holds for every scheme: each order is total, and what is refused is refused with its name.

use super::*;
use proptest::prelude::*;

/// Texts in the manner of versions: often equal, often close, sometimes none.
fn texts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[0-3]",
        1 => "0[0-9]",
        1 => "[0-9]{1,24}",
        3 => "(a|b|m|rc|alpha|beta|pre|dev|post|final|ga|sp|snapshot|foo|pl|p|r|x|git|c)",
    ];
    let separator = prop_oneof![4 => Just("."), 2 => Just("-"), 2 => Just(""), 1 => Just("_"), 1 => Just("+"),
        1 => Just("~"), 1 => Just("^"), 1 => Just(":"), 1 => Just("!")];
    let parts = proptest::collection::vec((separator, part), 0..6);
    ("(v|go|dev-)?", "[0-2]", parts).prop_map(|(start, first, parts)| {
        let rest: String = parts.into_iter().map(|(separator, part)| format!("{separator}{part}")).collect();
        format!("{}{first}{rest}", if rest.len().is_multiple_of(5) { &start } else { "" })
    })
}

fn scheme() -> impl Strategy<Value = Scheme> {
    proptest::sample::select(Scheme::ALL.to_vec())
}

fn hash(version: &Version) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    version.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn every_order_is_total(scheme in scheme(), a in texts(), b in texts(), c in texts()) {
        let (Ok(a), Ok(b), Ok(c)) = (scheme.parse(&a), scheme.parse(&b), scheme.parse(&c)) else { return Ok(()) };
        let order = |x: &Version, y: &Version| x.compare(y).unwrap();
        prop_assert_eq!(order(&a, &a), Ordering::Equal);
        prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
        if order(&a, &b).is_le() && order(&b, &c).is_le() {
            prop_assert!(order(&a, &c).is_le());
        }
        prop_assert_eq!(order(&a, &b).is_eq(), a == b);
        if a == b {
            prop_assert_eq!(hash(&a), hash(&b));
        }
        prop_assert_eq!(order(&a, &b), a.sort_key().cmp(b.sort_key()));
    }

    #[test]
    fn no_key_is_the_beginning_of_another(scheme in scheme(), a in texts(), b in texts()) {
        let (Ok(a), Ok(b)) = (scheme.parse(&a), scheme.parse(&b)) else { return Ok(()) };
        prop_assert!(a == b || !b.sort_key().starts_with(a.sort_key()), "{:?} {:?}", a, b);
    }

    #[test]
    fn any_text_is_read_or_refused_by_name(scheme in scheme(), text in "\\PC{0,40}") {
        match scheme.parse(&text) {
            Ok(version) => prop_assert_eq!(version.scheme(), scheme),
            Err(error) => prop_assert_eq!(error.text, text.trim_ascii()),
        }
    }

    #[test]
    fn white_space_around_a_version_does_not_count(scheme in scheme(), text in texts()) {
        let spaced = format!(" {text}\n");
        prop_assert_eq!(scheme.parse(&spaced), scheme.parse(&text));
    }
}

#[test]
fn versions_of_two_schemes_have_no_order_and_are_not_equal() {
    let (semver, go) = (Scheme::Semver.parse("1.0.0").unwrap(), Scheme::Go.parse("1.0.0").unwrap());
    assert_eq!(semver.compare(&go), Err(Mixed { left: Scheme::Semver, right: Scheme::Go }));
    assert_ne!(semver, go);
}

#[test]
fn a_version_of_the_longest_length_is_read_and_a_longer_one_refused() {
    for scheme in Scheme::ALL {
        let longest = "1".repeat(MAX_LENGTH);
        assert!(scheme.parse(&longest).is_ok(), "{scheme}");
        assert_eq!(scheme.compare(&longest, &"9".repeat(MAX_LENGTH)), Ok(Ordering::Less), "{scheme}");
        assert_eq!(scheme.compare(&longest, &"9".repeat(MAX_LENGTH - 1)), Ok(Ordering::Greater), "{scheme}");
        let error = scheme.parse(&format!("{longest}1")).unwrap_err();
        assert_eq!(error.why, Why::TooLong { bytes: MAX_LENGTH + 1 });
        assert_eq!(error.text.len(), 80);
    }
}

#[test]
fn an_empty_text_is_no_version_anywhere() {
    for scheme in Scheme::ALL {
        for text in ["", " ", "\n"] {
            assert_eq!(scheme.parse(text).unwrap_err().why, Why::Empty, "{scheme}");
        }
    }
}

#[test]
fn an_error_says_which_text_which_scheme_and_where() {
    let error = Scheme::Nuget.parse("1.0.0.0.0").unwrap_err();
    assert_eq!(error.to_string(), "`1.0.0.0.0` is not a NuGet version: it has 5 numbers, more than 4");
    let error = Scheme::Dpkg.parse("1:1.0_1").unwrap_err();
    assert_eq!(error.to_string(), "`1:1.0_1` is not a Debian version: what begins at byte 5 belongs to no version");
}
