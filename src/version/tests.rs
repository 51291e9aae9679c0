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

/// Texts that the strict schemes read, too.
fn plain_texts() -> impl Strategy<Value = String> {
    ("[0-2](\\.[0-2]{1,2}){0,4}", "(-(a|b|rc|1|01)(\\.[0-2a]){0,2})?", "(\\+[ab1](\\.[0-2a])?)?")
        .prop_map(|(n, p, b)| n + &p + &b)
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![texts(), plain_texts()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_order_is_total(a in any_text(), b in any_text(), c in any_text()) {
        for scheme in Scheme::ALL {
            let (Ok(a), Ok(b), Ok(c)) = (scheme.parse(&a), scheme.parse(&b), scheme.parse(&c)) else { continue };
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
    }

    #[test]
    fn no_key_is_the_beginning_of_another(a in any_text(), b in any_text()) {
        for scheme in Scheme::ALL {
            let (Ok(a), Ok(b)) = (scheme.parse(&a), scheme.parse(&b)) else { continue };
            prop_assert!(a == b || !b.sort_key().starts_with(a.sort_key()), "{:?} {:?}", a, b);
        }
    }

    #[test]
    fn semver_agrees_with_the_crate_of_that_name(a in plain_texts(), b in plain_texts()) {
        let (Ok(left), Ok(right)) = (::semver::Version::parse(&a), ::semver::Version::parse(&b)) else { return Ok(()) };
        prop_assert_eq!(Scheme::Semver.compare(&a, &b), Ok(left.cmp_precedence(&right)));
        prop_assert_eq!(Scheme::Go.compare(&a, &b), Ok(left.cmp_precedence(&right)));
    }

    #[test]
    fn rubygems_agrees_with_comparing_part_by_part(a in any_text(), b in any_text()) {
        let (Ok(left), Ok(right)) = (Scheme::RubyGems.parse(&a), Scheme::RubyGems.parse(&b)) else { return Ok(()) };
        prop_assert_eq!(left.compare(&right), Ok(by_parts(&gem_parts(&a), &gem_parts(&b))), "{} {}", a, b);
    }

    #[test]
    fn dpkg_agrees_with_comparing_run_by_run(a in "[ab~.+0-2]{0,7}", b in "[ab~.+0-2]{0,7}") {
        // A digit before, so that there is an upstream version.
        let order = Scheme::Dpkg.compare(&format!("1{a}"), &format!("1{b}"));
        prop_assert_eq!(order, Ok(by_runs(format!("1{a}").as_bytes(), format!("1{b}").as_bytes())));
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

#[derive(Debug, PartialEq)]
enum Gem {
    Word(String),
    Number(u128),
}

/// The parts of a gem's version, in the plain way: cut, then drop the zeros at the end of the numbers and of the rest.
fn gem_parts(text: &str) -> Vec<Gem> {
    let mut parts: Vec<Gem> = Vec::new();
    let mut rest = text.replace('-', ".pre.");
    while let Some(first) = rest.chars().next() {
        let same = |c: char| c.is_ascii_digit() == first.is_ascii_digit() && c != '.';
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len()).max(1);
        let part: String = rest.drain(..end).collect();
        match part.parse() {
            Ok(number) => parts.push(Gem::Number(number)),
            Err(_) if part == "." => {}
            Err(_) => parts.push(Gem::Word(part)),
        }
    }
    let words = parts.iter().position(|p| matches!(p, Gem::Word(_))).unwrap_or(parts.len());
    let mut tail = parts.split_off(words);
    for list in [&mut parts, &mut tail] {
        while list.pop_if(|p| *p == Gem::Number(0)).is_some() {}
    }
    parts.into_iter().chain(tail).collect()
}

fn by_parts(a: &[Gem], b: &[Gem]) -> Ordering {
    const ZERO: Gem = Gem::Number(0);
    for at in 0..a.len().max(b.len()) {
        let order = match (a.get(at).unwrap_or(&ZERO), b.get(at).unwrap_or(&ZERO)) {
            (Gem::Word(x), Gem::Word(y)) => x.cmp(y),
            (Gem::Number(x), Gem::Number(y)) => x.cmp(y),
            (Gem::Word(_), Gem::Number(_)) => Ordering::Less,
            (Gem::Number(_), Gem::Word(_)) => Ordering::Greater,
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// deb-version(7) read literally: a run of other characters, a run of digits, and again.
fn by_runs(mut a: &[u8], mut b: &[u8]) -> Ordering {
    fn take<'t>(text: &mut &'t [u8], digits: bool) -> &'t [u8] {
        let end = text.iter().position(|c| c.is_ascii_digit() != digits).unwrap_or(text.len());
        let (run, rest) = text.split_at(end);
        *text = rest;
        run
    }
    let weight = |c: Option<&u8>| match c {
        Some(b'~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i32::from(*c),
        Some(c) => i32::from(*c) + 256,
    };
    while !a.is_empty() || !b.is_empty() {
        let (x, y) = (take(&mut a, false), take(&mut b, false));
        for at in 0..x.len().max(y.len()) {
            let order = weight(x.get(at)).cmp(&weight(y.get(at)));
            if order.is_ne() {
                return order;
            }
        }
        let number = |run: &[u8]| std::str::from_utf8(run).unwrap().parse::<u128>().unwrap_or(0);
        let order = number(take(&mut a, true)).cmp(&number(take(&mut b, true)));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
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
