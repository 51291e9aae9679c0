//! Maven: the order of `ComparableVersion`, made total. Not the ranges of a POM (`[1.0,2.0)`).
//!
//! From the POM reference, «Version order specification»: parts end at a dot, a hyphen or between digits and letters (a
//! hyphen, too); empty parts are zero; `0`, `final`, `ga` and `release` count for nothing at the end and before a hyphen;
//! known words are below the release (`sp` and every other word above it); a number after a hyphen is below one after a
//! dot.
//!
//! Maven's own comparison goes round in circles: `1-alpha` < `1` < `1.foo` < `1-alpha`, and `2.9.0-1` < `2.9.0.RC1` <
//! `2.9.0` < `2.9.0-1`. Here the release decides: what is below it is below everything that is above it. Of words on the
//! same side the one after a dot is below the one after a hyphen, as in Maven. A version should begin with a number; one
//! that does not is below all that do, by convention.

use super::Standing;
use super::Why;
use super::key::Key;
use super::scan::Scan;
use super::zeros::{Padded, Side};

/// One part of a version.
struct Part<'a> {
    hyphen: bool,
    word: Word<'a>,
}

enum Word<'a> {
    Number(&'a [u8]),
    /// `alpha` 0 … `snapshot` 4.
    Before(u8),
    /// `""`, `final`, `ga`, `release`.
    Nothing,
    /// A service pack: the first of the words above the release.
    ServicePack,
    Other(&'a [u8]),
}

/// What the coordinates of Maven may not contain, and the `$` of a property that nobody has replaced.
const FORBIDDEN: &[u8] = b"\\/:\"<>|?*[](){},$";

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<Standing, Why> {
    if let Some(at) = text.iter().position(|b| FORBIDDEN.contains(b)) {
        return Err(Why::Unexpected { at });
    }
    if text.eq_ignore_ascii_case(b"latest") || text.eq_ignore_ascii_case(b"release") {
        return Err(Why::Unexpected { at: 0 }); // a question to the repository
    }
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut scan = Scan::new(text);
    let mut hyphen = false;
    loop {
        let (word, joined) = next_word(&mut scan)?;
        if hyphen {
            drop_nothings(&mut parts);
        }
        parts.push(Part { hyphen, word });
        hyphen = match scan.peek() {
            None => break,
            Some(_) if joined => true,
            Some(separator) => {
                scan.next();
                separator == b'-'
            }
        };
    }
    drop_nothings(&mut parts);
    write(&parts, key);
    let starts_with_number = text.first().is_some_and(u8::is_ascii_digit);
    Ok(if starts_with_number { Standing::Ordered } else { Standing::Convention })
}

/// The next part, and whether another follows without a separator.
fn next_word<'a>(scan: &mut Scan<'a>) -> Result<(Word<'a>, bool), Why> {
    let is_separator = |b: u8| b == b'.' || b == b'-';
    let word = match scan.peek() {
        Some(b) if b.is_ascii_digit() => Word::Number(scan.digits()),
        Some(b) if !is_separator(b) => {
            let letters = scan.while_is(|b| !is_separator(b) && !b.is_ascii_digit());
            known(letters, scan.peek().is_some_and(|b| b.is_ascii_digit()))
        }
        _ => Word::Number(b"0"),
    };
    Ok((word, scan.peek().is_some_and(|b| !is_separator(b))))
}

/// What a word means. `a`, `b` and `m` are short forms directly before a digit alone.
fn known(letters: &[u8], before_digit: bool) -> Word<'_> {
    const NAMES: [(&[u8], u8); 6] =
        [(b"alpha", 0), (b"beta", 1), (b"milestone", 2), (b"rc", 3), (b"cr", 3), (b"snapshot", 4)];
    const SHORT: [(&[u8], u8); 3] = [(b"a", 0), (b"b", 1), (b"m", 2)];
    let is = |name: &[u8]| letters.eq_ignore_ascii_case(name);
    let short = SHORT.iter().filter(|_| before_digit);
    if let Some((_, stage)) = NAMES.iter().chain(short).find(|(name, _)| is(name)) {
        Word::Before(*stage)
    } else if is(b"final") || is(b"ga") || is(b"release") {
        Word::Nothing
    } else if is(b"sp") {
        Word::ServicePack
    } else {
        Word::Other(letters)
    }
}

/// Takes parts that count for nothing from the end, as far as there are.
fn drop_nothings(parts: &mut Vec<Part<'_>>) {
    let nothing = |part: &mut Part<'_>| match part.word {
        Word::Number(digits) => super::key::is_zero(digits),
        Word::Nothing => true,
        Word::Before(_) | Word::ServicePack | Word::Other(_) => false,
    };
    while parts.pop_if(nothing).is_some() {}
}

fn write(parts: &[Part<'_>], key: &mut Key) {
    /// Between the words: `sp`, then all others.
    const SERVICE_PACK: u8 = 1;
    const OTHER: u8 = 2;
    let mut out = Padded::new(key);
    for part in parts {
        match part.word {
            Word::Number(digits) if part.hyphen => out.lesser_number(digits),
            Word::Number(digits) => out.number(digits),
            Word::Before(stage) => {
                let key = out.word(Side::Below);
                key.tag(part.hyphen.into());
                key.tag(stage);
            }
            // In the middle, as in `1.final.5`, it stands for a zero.
            Word::Nothing => out.number(b"0"),
            Word::ServicePack => {
                let key = out.word(Side::Above);
                key.tag(part.hyphen.into());
                key.tag(SERVICE_PACK);
            }
            Word::Other(letters) => {
                let key = out.word(Side::Above);
                key.tag(part.hyphen.into());
                key.tag(OTHER);
                key.text_lower(letters);
            }
        }
    }
    out.end();
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Maven;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn known_words_come_first_and_unknown_ones_last() {
        ascending(
            Maven,
            &[
                "1-alpha-1",
                "1-alpha-10",
                "1-beta",
                "1-milestone-2",
                "1-rc1",
                "1-SNAPSHOT",
                "1.0.RC2",
                "1.0.0.CR2",
                "1",
                "1-sp",
                "1-abc",
                "1-jre8",
                "1-1-snapshot",
                "1-1",
                "1-2",
                "1.0.foo",
                "1.0.0.foo",
                "1.0.1",
                "1.1",
                "11.a2",
                "11",
                "11.a",
                "11b",
            ],
        );
    }

    #[test]
    fn what_counts_for_nothing_is_dropped() {
        equal(Maven, &["1", "1.0", "1.0.0", "1.ga", "1-final", "1.0.RELEASE", "1.", "1-", "1.0.0-0.0.0", "01"]);
        equal(Maven, &["1-foo", "1.0.0-foo.0.0", "1foo", "1-FOO"]);
        equal(Maven, &["1-1.foo-bar1baz-.1", "1-1.foo-bar-1-baz-0.1"]);
        equal(Maven, &["1a1", "1-alpha-1", "1.0.0-ALPHA1"]);
        equal(Maven, &["1-1", "1-ga-1"]);
    }

    #[test]
    fn where_maven_goes_round_in_a_circle_the_order_does_not() {
        ascending(Maven, &["1-alpha", "1", "1.foo"]);
        ascending(Maven, &["2.9.0.RC1", "2.9.0", "2.9.foo", "2.9.0-1", "2.9.0.foo"]);
        ascending(Maven, &["0-alpha", "0", "0.0.0-2021-05", "0.1", "20"]);
        ascending(Maven, &["1", "1-0.5", "1-0.6"]);
    }

    #[test]
    fn a_range_is_no_version() {
        refused(
            Maven,
            &["[1.0,2.0)", "${project.version}", "1.0, 2.0", "", "1 2", "LATEST", "release", "1.0/2", "1.*"],
        );
    }
}
