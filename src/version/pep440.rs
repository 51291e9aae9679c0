//! PyPI: PEP 440, and the versions from before it. Not a specifier (`~=1.0`).
//!
//! The order is that of PEP 440, «Summary of permitted suffixes and relative ordering», and of the packaging library
//! where the text leaves something open: local versions count, epochs come first. A text that is not of PEP 440 has the
//! order of setuptools from before (`legacy`), below every version of PEP 440.

use super::Why;
use super::key::Key;
use super::scan::{Scan, release};

/// Writes the key of a version of PEP 440. On an error the key is not to be used.
pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    /// Above the legacy ones.
    const PEP_440: u8 = 1;
    let mut scan = Scan::new(text);
    key.tag(PEP_440);
    scan.eat(b"vV");
    epoch(&mut scan, key);
    release(&mut scan, key)?;
    suffixes(&mut scan, key);
    local(&mut scan, key)?;
    scan.end()
}

/// The number before a `!`; zero where there is none.
fn epoch(scan: &mut Scan<'_>, key: &mut Key) {
    let mut ahead = Scan::new(scan.rest());
    let digits = ahead.digits();
    if ahead.eat(b"!") {
        key.number(digits);
        *scan = ahead;
    } else {
        key.number(b"0");
    }
}

/// Pre-release, post-release and development release.
fn suffixes(scan: &mut Scan<'_>, key: &mut Key) {
    let pre = pre(scan);
    let post = post(scan);
    let dev = suffix(scan, &[b"dev"]).map(|(_, number)| number);
    match (pre, post, dev) {
        (Some((stage, number)), ..) => {
            key.tag(stage);
            key.number(number);
        }
        // `1.0.dev1` is below `1.0a0`; `1.0.post1.dev1` is not.
        (None, None, Some(_)) => key.tag(0),
        (None, ..) => key.tag(4),
    }
    match post {
        None => key.tag(0),
        Some(number) => {
            key.tag(1);
            key.number(number);
        }
    }
    match dev {
        Some(number) => {
            key.tag(0);
            key.number(number);
        }
        None => key.tag(1),
    }
}

/// The stage of a pre-release (1 alpha, 2 beta, 3 candidate) and its number.
fn pre<'a>(scan: &mut Scan<'a>) -> Option<(u8, &'a [u8])> {
    // A longer name before its own beginning.
    const NAMES: [&[u8]; 8] = [b"alpha", b"a", b"beta", b"b", b"preview", b"pre", b"c", b"rc"];
    let (name, number) = suffix(scan, &NAMES)?;
    let stage = match name.first() {
        Some(b'a') => 1,
        Some(b'b') => 2,
        _ => 3,
    };
    Some((stage, number))
}

/// The number of a post-release: `.post1`, `-1`, `.rev1`, `r1`.
fn post<'a>(scan: &mut Scan<'a>) -> Option<&'a [u8]> {
    let mut ahead = Scan::new(scan.rest());
    if ahead.eat(b"-") && ahead.peek().is_some_and(|b| b.is_ascii_digit()) {
        let digits = ahead.digits();
        *scan = ahead;
        return Some(digits);
    }
    suffix(scan, &[b"post", b"rev", b"r"]).map(|(_, number)| number)
}

/// One of the names, with a separator or none before and after it, and its number, which may be missing (zero).
fn suffix<'a, 'n>(scan: &mut Scan<'a>, names: &[&'n [u8]]) -> Option<(&'n [u8], &'a [u8])> {
    const SEPARATORS: &[u8] = b"-_.";
    let mut ahead = Scan::new(scan.rest());
    ahead.eat(SEPARATORS);
    let name = names.iter().find(|name| ahead.eat_word(name))?;
    ahead.eat(SEPARATORS);
    let digits = ahead.digits();
    *scan = ahead;
    Some((name, digits))
}

/// `+ubuntu.1`: words before numbers, fewer before more, none before any.
fn local(scan: &mut Scan<'_>, key: &mut Key) -> Result<(), Why> {
    const END: u8 = 0;
    const WORD: u8 = 1;
    const NUMBER: u8 = 2;
    if scan.eat(b"+") {
        loop {
            let part = scan.while_is(|b| b.is_ascii_alphanumeric());
            if part.is_empty() {
                return Err(Why::IdentifierExpected { at: scan.at() });
            }
            if part.iter().all(u8::is_ascii_digit) {
                key.tag(NUMBER);
                key.number(part);
            } else {
                key.tag(WORD);
                key.text_lower(part);
            }
            if !scan.eat(b"-_.") {
                break;
            }
        }
    }
    key.tag(END);
    Ok(())
}

/// Writes the key of a version from before PEP 440, as setuptools ordered them: words and numbers, a final release above
/// its candidates, numbers as eight digits.
///
/// The place of such a version is a convention: nothing says that `1.1-final-fix` is older than `0.1`.
pub(super) fn legacy(text: &[u8], key: &mut Key) {
    const LEGACY: u8 = 0;
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut scan = Scan::new(text);
    while let Some(part) = legacy_part(&mut scan) {
        push_legacy(part, &mut parts);
    }
    push_legacy(b"*final".to_vec(), &mut parts);
    key.tag(LEGACY);
    for part in parts {
        key.text(&part);
    }
    key.tag(0);
}

/// The next run of digits, of letters, of other characters, or one hyphen; dots only separate.
fn legacy_part(scan: &mut Scan<'_>) -> Option<Vec<u8>> {
    while scan.eat(b".") {}
    let first = scan.peek()?;
    if first.is_ascii_digit() {
        let digits = scan.digits();
        let mut padded = vec![b'0'; 8_usize.saturating_sub(digits.len())];
        padded.extend_from_slice(digits);
        return Some(padded);
    }
    let word = if first.is_ascii_alphabetic() {
        scan.while_is(|b| b.is_ascii_alphabetic()).to_ascii_lowercase()
    } else if scan.eat(b"-") {
        b"-".to_vec()
    } else {
        scan.while_is(|b| !b.is_ascii_alphanumeric() && b != b'.' && b != b'-').to_vec()
    };
    let word: &[u8] = match &*word {
        b"pre" | b"preview" | b"rc" => b"c",
        b"-" => b"final-",
        b"dev" => b"@",
        other => other,
    };
    Some([b"*", word].concat())
}

/// A word takes back the zeros before it, and one up to `final` the hyphens before it too.
fn push_legacy(part: Vec<u8>, parts: &mut Vec<Vec<u8>>) {
    if part.starts_with(b"*") {
        if part.as_slice() < b"*final".as_slice() {
            while parts.pop_if(|last| **last == *b"*final-").is_some() {}
        }
        while parts.pop_if(|last| **last == *b"00000000").is_some() {}
    }
    parts.push(part);
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Pep440;
    use crate::version::Standing;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn every_suffix_has_its_place() {
        ascending(
            Pep440,
            &[
                "0.8.7p1", // legacy
                "0.1",
                "1.dev0",
                "1.0.dev456",
                "1.0a1",
                "1.0a2.dev456",
                "1.0a12.dev456",
                "1.0a12",
                "1.0b1.dev456",
                "1.0b2",
                "1.0b2.post345.dev456",
                "1.0b2.post345",
                "1.0rc1.dev456",
                "1.0rc1",
                "1.0",
                "1.0+abc.5",
                "1.0+abc.7",
                "1.0+5",
                "1.0.post456.dev34",
                "1.0.post456",
                "1.0.15",
                "1.1.dev1",
                "1!0.1",
            ],
        );
    }

    #[test]
    fn every_spelling_of_a_version_is_one_version() {
        equal(Pep440, &["1.0rc1", "1.0-RC.1", "1.0c1", "1.0_preview_1", "v1.0.0.pre1", "1rc01", "0!1.0-c-1"]);
        equal(Pep440, &["1.0.post1", "1.0-1", "1.0-r1", "1.0.rev1", "1post1"]);
        equal(Pep440, &["1.0a0", "1.0a", "1.0.alpha", "1.0a-"]);
        equal(Pep440, &["1.0.dev0", "1dev", "1.0-DEV"]);
        equal(Pep440, &["1.0+ubuntu.1", "1.0+UBUNTU-1", "1.0+ubuntu_01"]);
    }

    #[test]
    fn an_old_version_is_ordered_but_known_to_be_one() {
        let standing = |text| Pep440.parse(text).map(|v| v.standing());
        for legacy in ["2004d", "1.0-dev-r1", "0.1-bulbasaur", "main", "1.0+", "1.0++a", "1..2", "1.0.post.x"] {
            assert_eq!(standing(legacy), Ok(Standing::Convention), "{legacy}");
        }
        for pep440 in ["2004", "1.0.dev-1", "1.0.post-1"] {
            assert_eq!(standing(pep440), Ok(Standing::Ordered), "{pep440}");
        }
        ascending(Pep440, &["1.0-x-dev", "1.0-x-rc1", "1.0-x", "1.0-x-post", "2.0-x", "0"]);
        refused(Pep440, &["", "1.0 beta", "1.0é"]);
    }
}
