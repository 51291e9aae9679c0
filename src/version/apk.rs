//! Alpine and its relatives: numbers, a letter, suffixes, a commit, a revision. Not the constraints of a world file.
//!
//! Documented in apk-package(5), «Package version»: `number{.number}…{letter}{_suffix{number}}…{~hash}{-r#}`; a number
//! after a dot that begins with a zero is compared as a fraction, as text; suffixes are `alpha` < `beta` < `pre` < `rc`
//! < the end < `cvs` < `svn` < `git` < `hg` < `p`. What is not of that form has the place that apk 3 gives it: directly
//! below the version that ends where the fault begins, all faults alike. That is a place by convention.

use super::Standing;
use super::key::Key;
use super::scan::Scan;

// Tags, ascending: what may stand next, and the end.
const FAULT: u8 = 1;
const SUFFIX_BEFORE: u8 = 2;
const NO_NUMBER: u8 = 3;
const END: u8 = 4;
const REVISION: u8 = 5;
const HASH: u8 = 6;
const SUFFIX_NUMBER: u8 = 7;
const SUFFIX_AFTER: u8 = 8;
const LETTER: u8 = 9;
const LETTER_NUMBER: u8 = 10;
const FRACTION: u8 = 11;
const NUMBER: u8 = 12;

const BEFORE: [&[u8]; 4] = [b"alpha", b"beta", b"pre", b"rc"];
const AFTER: [&[u8]; 5] = [b"cvs", b"svn", b"git", b"hg", b"p"];

/// Cannot fail: every text has a place. Says whether it is of the form.
pub(super) fn encode(text: &[u8], key: &mut Key) -> Standing {
    let mut scan = Scan::new(text);
    let first = scan.digits();
    let mut numbers_stand = !first.is_empty();
    if numbers_stand {
        key.tag(NUMBER);
        key.number(first);
    } else {
        key.tag(NO_NUMBER);
    }
    while scan.eat(b".") {
        let digits = scan.digits();
        numbers_stand &= !digits.is_empty();
        fraction_or_number(digits, key);
    }
    if scan.peek().is_some_and(|b| b.is_ascii_lowercase()) {
        key.tag(LETTER);
        key.tag(scan.next().unwrap_or_default());
        let digits = scan.digits();
        if !digits.is_empty() {
            key.tag(LETTER_NUMBER);
            key.number(digits);
        }
    }
    let well_formed = suffixes(&mut scan, key) && hash(&mut scan, key) && revision(&mut scan, key);
    let whole = well_formed && scan.peek().is_none();
    key.tag(if whole { END } else { FAULT });
    if whole && numbers_stand { Standing::Ordered } else { Standing::Convention }
}

/// A number after a dot: with a leading zero it is text, below the numbers without.
fn fraction_or_number(digits: &[u8], key: &mut Key) {
    if digits.is_empty() {
        key.tag(NO_NUMBER);
    } else if digits.starts_with(b"0") {
        key.tag(FRACTION);
        key.text(digits);
    } else {
        key.tag(NUMBER);
        key.number(digits);
    }
}

/// Whether what was there was well-formed.
fn suffixes(scan: &mut Scan<'_>, key: &mut Key) -> bool {
    while scan.eat(b"_") {
        let name = scan.while_is(|b| b.is_ascii_lowercase());
        let place = |names: &[&[u8]]| names.iter().position(|n| *n == name).and_then(|at| u8::try_from(at).ok());
        match (place(&BEFORE), place(&AFTER)) {
            (Some(before), _) => {
                key.tag(SUFFIX_BEFORE);
                key.tag(before);
            }
            (None, Some(after)) => {
                key.tag(SUFFIX_AFTER);
                key.tag(after);
            }
            (None, None) => return false,
        }
        let digits = scan.digits();
        if !digits.is_empty() {
            key.tag(SUFFIX_NUMBER);
            key.number(digits);
        }
    }
    true
}

/// The beginning of a commit, in hexadecimal digits.
fn hash(scan: &mut Scan<'_>, key: &mut Key) -> bool {
    if scan.eat(b"~") {
        let digits = scan.while_is(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if digits.is_empty() {
            return false;
        }
        key.tag(HASH);
        key.text(digits);
    }
    true
}

/// The build of one version; missing digits are zero.
fn revision(scan: &mut Scan<'_>, key: &mut Key) -> bool {
    if !scan.eat(b"-") {
        return true;
    }
    let revision = scan.eat(b"r");
    let digits = scan.digits();
    let ends = scan.peek().is_none_or(|b| b == b'-');
    if revision && (ends || !digits.is_empty()) {
        key.tag(REVISION);
        key.number(digits);
    }
    revision && ends
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Apk;
    use crate::version::Standing;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn every_part_has_its_place() {
        ascending(
            Apk,
            &[
                "1.2_alpha_pre2",
                "1.2_alpha",
                "1.2_alpha2",
                "1.2_rc1",
                "1.2",
                "1.2-r0",
                "1.2-r10",
                "1.2~0123abc",
                "1.2_git20200101",
                "1.2_p1",
                "1.2_p1-r1",
                "1.2a",
                "1.2b",
                "1.2.0",
                "1.2.01",
                "1.2.07.8",
                "1.2.1",
                "1.2.12",
                "1.3",
                "20.1",
            ],
        );
        equal(Apk, &["1-r1", "1-r01"]);
        equal(Apk, &["1-r", "1-r0"]);
    }

    #[test]
    fn a_fault_is_below_the_version_that_ends_there() {
        ascending(Apk, &["1.2", "1.3_foo", "1.3"]);
        ascending(Apk, &["1-ruff", "1", "1-r-1", "1-r0"]);
        equal(Apk, &["1-ruff", "1--r1", "1_foo", "1A"]);
        refused(Apk, &["", "1 2", "1é"]);
        for fault in ["1-ruff", "1.3_foo", "0..1", "main", ".1", "1-r0-1", "1~xyz"] {
            assert_eq!(Apk.parse(fault).map(|v| v.standing()), Ok(Standing::Convention), "{fault}");
        }
        for whole in ["1-r0", "1-r", "1.3_rc", "0.1a_p1~0f-r3"] {
            assert_eq!(Apk.parse(whole).map(|v| v.standing()), Ok(Standing::Ordered), "{whole}");
        }
    }
}
