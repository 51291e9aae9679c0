//! RPM: `[epoch:]version[-release]`. Not a dependency (`>= 1.0`), and no architecture.
//!
//! The order is that of rpm-version(7): runs of digits and runs of letters; everything else only separates, but `~`,
//! which is below the end, and `^`, which is above the end and below everything else. A version without a release is
//! below every one with it. What stands before a colon is an epoch where it is a number; a module's version may have a
//! colon later.

use super::Why;
use super::key::Key;
use super::scan::Scan;

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    const NO_RELEASE: u8 = 0;
    const RELEASE: u8 = 1;
    let mut scan = Scan::new(text);
    let mut rest = text;
    let epoch = scan.digits();
    if !epoch.is_empty() && scan.eat(b":") {
        key.number(epoch);
        rest = scan.rest();
    } else {
        key.number(b"0");
    }
    if rest.is_empty() {
        return Err(Why::NumberExpected { at: text.len() });
    }
    match rest.iter().rposition(|b| *b == b'-') {
        Some(hyphen) => {
            part(rest.get(..hyphen).unwrap_or_default(), key);
            key.tag(RELEASE);
            part(rest.get(hyphen + 1..).unwrap_or_default(), key);
        }
        None => {
            part(rest, key);
            key.tag(NO_RELEASE);
        }
    }
    Ok(())
}

/// Writes the version or the release.
fn part(text: &[u8], key: &mut Key) {
    const TILDE: u8 = 1;
    const END: u8 = 2;
    const CARET: u8 = 3;
    const WORD: u8 = 4;
    const NUMBER: u8 = 5;
    let mut scan = Scan::new(text);
    loop {
        scan.while_is(|b| !b.is_ascii_alphanumeric() && b != b'~' && b != b'^');
        match scan.peek() {
            None => return key.tag(END),
            Some(b) if b.is_ascii_digit() => {
                key.tag(NUMBER);
                key.number(scan.digits());
            }
            Some(b) if b.is_ascii_alphabetic() => {
                key.tag(WORD);
                key.text(scan.while_is(|b| b.is_ascii_alphabetic()));
            }
            Some(mark) => {
                key.tag(if mark == b'~' { TILDE } else { CARET });
                scan.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Rpm;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn tilde_and_caret_stand_around_the_end() {
        ascending(
            Rpm,
            &[
                "1.0~rc1",
                "1.0~rc1^git1",
                "1.0~rc2",
                "1.0",
                "1.0-1.el8",
                "1.0-2.el8",
                "1.0-2.el9",
                "1.0^git1~pre",
                "1.0^git1",
                "1.0^git1-1",
                "1.0.rc1",
                "1.0.1",
                "1.5",
                "1.10",
                "1:0.1",
            ],
        );
    }

    #[test]
    fn separators_and_leading_zeros_do_not_count() {
        equal(Rpm, &["2.0", "2_0", "2.00", "0:2.0", "2.0.", "2.α0"]);
        equal(Rpm, &["1.0-1.el8", "1.0-1_el8", "00:1.0-1.el8"]);
    }

    #[test]
    fn an_epoch_alone_is_no_version() {
        refused(Rpm, &["1:", "", "1 2", "1.0\u{7}"]);
    }
}
