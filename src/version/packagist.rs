//! Packagist: Composer's versions. Not its constraints (`^1.0`).
//!
//! A version is normalised as Composer does (Composer documentation, «Versions»): `v` goes, `1.0` is `1.0.0.0`, `x` in a
//! branch such as `1.2.x-dev` is a number above all others. Then the parts are compared as PHP's `version_compare` does:
//! any other word < `dev` < `alpha` < `beta` < `RC` < the end < a number < `pl`. Build metadata (`+…`) takes no part.
//!
//! A word that Composer does not know is taken, as PHP does, for the known one that it begins with (`post` for `p`) or is
//! compared by its letters, where PHP calls all such words equal. Its place is a convention, and so is that of a branch
//! (`dev-main`), which sorts first.

use super::key::Key;
use super::scan::{Scan, ignored_build};
use super::{Standing, Why};

/// More than any number of a version: what Composer writes for `x`.
const ANY: &[u8] = b"9999999";
/// Composer pads a branch to four numbers.
const NUMBERS: usize = 4;

// Tags, ascending. `stable` is no part at all.
const OTHER_WORD: u8 = 1;
const DEV: u8 = 2;
const ALPHA: u8 = 3;
const BETA: u8 = 4;
const CANDIDATE: u8 = 5;
const END: u8 = 6;
const NUMBER: u8 = 7;
const PATCH: u8 = 8;

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<Standing, Why> {
    let mut scan = Scan::new(text);
    if scan.eat_word(b"dev-") {
        if scan.peek().is_none() {
            return Err(Why::IdentifierExpected { at: scan.at() });
        }
        key.tag(OTHER_WORD);
        key.text(scan.rest());
        key.tag(END);
        return Ok(Standing::Convention);
    }
    scan.eat(b"vV");
    numbers(&mut scan, key)?;
    let mut standing = Standing::Ordered;
    loop {
        // Separators mean the same as the change from letters to digits.
        let separated = scan.eat(b".-_");
        while scan.eat(b".-_") {}
        match scan.peek() {
            None if separated => return Err(Why::IdentifierExpected { at: scan.at() }),
            None => break,
            Some(b'+') => {
                ignored_build(&mut scan)?;
                break;
            }
            Some(b) if b.is_ascii_digit() => {
                key.tag(NUMBER);
                key.number(scan.digits());
            }
            Some(b) if b.is_ascii_alphabetic() => {
                if !word(scan.while_is(|b| b.is_ascii_alphabetic()), key) {
                    standing = Standing::Convention;
                }
            }
            Some(_) => return Err(Why::Unexpected { at: scan.at() }),
        }
    }
    key.tag(END);
    Ok(standing)
}

/// The numbers of the beginning; trailing zeros do not count, `x` stands for every number.
fn numbers(scan: &mut Scan<'_>, key: &mut Key) -> Result<(), Why> {
    let (mut count, mut zeros) = (0, 0);
    let mut write = |digits: &[u8], zeros: &mut usize| {
        for _ in 0..std::mem::take(zeros) {
            key.tag(NUMBER);
            key.number(b"0");
        }
        key.tag(NUMBER);
        key.number(digits);
    };
    loop {
        let digits = scan.number()?;
        count += 1;
        if super::key::is_zero(digits) {
            zeros += 1;
        } else {
            write(digits, &mut zeros);
        }
        let any = matches!(scan.rest(), [b'.', b'x' | b'X' | b'*', b'.' | b'-', ..] | [b'.', b'x' | b'X' | b'*']);
        if any {
            while scan.eat(b".xX*") {}
            for _ in count..NUMBERS {
                write(ANY, &mut zeros);
            }
            break;
        }
        if !(scan.peek() == Some(b'.') && scan.peek_second().is_some_and(|b| b.is_ascii_digit())) {
            break;
        }
        scan.next();
    }
    key.tag(END);
    Ok(())
}

/// Whether Composer knows the word.
fn word(letters: &[u8], key: &mut Key) -> bool {
    const NAMES: [(&[u8], u8); 9] = [
        (b"dev", DEV),
        (b"alpha", ALPHA),
        (b"a", ALPHA),
        (b"beta", BETA),
        (b"b", BETA),
        (b"rc", CANDIDATE),
        (b"pl", PATCH),
        (b"p", PATCH),
        (b"patch", PATCH),
    ];
    if letters.eq_ignore_ascii_case(b"stable") {
        return true;
    }
    if let Some((_, tag)) = NAMES.iter().find(|(name, _)| letters.eq_ignore_ascii_case(name)) {
        key.tag(*tag);
        return true;
    }
    let begins = |name: &[u8]| letters.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    match NAMES.iter().find(|(name, _)| begins(name)) {
        Some((_, tag)) => key.tag(*tag),
        None => {
            key.tag(OTHER_WORD);
            key.text_lower(letters);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Packagist;
    use crate::version::Standing;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn stability_decides_where_numbers_agree() {
        ascending(
            Packagist,
            &[
                "dev-main",
                "1.0-foo",
                "1.0-dev",
                "1.0-alpha1",
                "1.0-beta",
                "1.0-beta2",
                "1.0-RC1",
                "1.0",
                "1.0-pl1",
                "1.0.0.1",
                "1.0.1",
                "1.0.9999998",
                "1.0.x-dev",
                "1.1-dev",
                "1.x-dev",
                "2",
            ],
        );
    }

    #[test]
    fn composer_calls_these_the_same() {
        equal(Packagist, &["1", "v1.0", "V1.0.0", "1.0.0.0", "1.0-stable", "1.0+build.7"]);
        equal(Packagist, &["1.0.0rc2", "1.0.0.rc2", "1.0-RC.2", "v1.0RC2"]);
        equal(Packagist, &["1.0b1", "1.0-beta1"]);
        equal(Packagist, &["1.0-p1", "1.0-patch1", "1.0pl1"]);
        equal(Packagist, &["1.0.x-dev", "1.0.X-dev", "1.0.*-dev"]);
    }

    #[test]
    fn a_branch_has_no_place_and_a_constraint_is_no_version() {
        assert_eq!(Packagist.parse("dev-main").map(|v| v.standing()), Ok(Standing::Convention));
        assert_eq!(Packagist.parse("1.x-dev").map(|v| v.standing()), Ok(Standing::Ordered));
        refused(Packagist, &["^1.0", "main", "1.0 || 2.0", "*", "1.2.3.#", "1.0@dev", "@dev", "1.0-", "1.", "dev-"]);
    }
}
