//! RubyGems: numbers and words, a word below every number. The platform of a gem (`-java`) is no part of its version.
//!
//! The order is that of `Gem::Version` (RubyGems guides, «Patterns», «Prerelease gems»): digits and letters are parts of
//! their own, a hyphen means `.pre.`, missing parts are zero, words are compared in ASCII order. The zeros before the
//! first word do not count.

use super::Why;
use super::key::Key;
use super::scan::Scan;
use super::zeros::{Padded, Side};

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    let mut scan = Scan::new(text);
    let mut parts = Padded::new(key);
    parts.number(scan.number()?);
    let mut numbers_only = true;
    loop {
        match scan.peek() {
            None => break,
            Some(b'-') => {
                if std::mem::take(&mut numbers_only) {
                    parts.forget_zeros();
                }
                parts.word(Side::Below).text(b"pre");
                scan.next();
            }
            Some(b'.') => {
                scan.next();
            }
            // Letters directly behind a digit, or digits behind a letter.
            Some(b) if b.is_ascii_alphanumeric() => {}
            Some(_) => return Err(Why::Unexpected { at: scan.at() }),
        }
        match scan.peek() {
            Some(b) if b.is_ascii_digit() => parts.number(scan.digits()),
            Some(b) if b.is_ascii_alphabetic() => {
                if std::mem::take(&mut numbers_only) {
                    parts.forget_zeros();
                }
                parts.word(Side::Below).text(scan.while_is(|b| b.is_ascii_alphabetic()));
            }
            _ => return Err(Why::IdentifierExpected { at: scan.at() }),
        }
    }
    parts.end();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::RubyGems;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn words_are_below_numbers_and_below_the_end() {
        ascending(
            RubyGems,
            &[
                "0.9",
                "1.0.a.2",
                "1.0.a.10",
                "1.0.b1",
                "1.0-1", // 1.0.pre.1
                "1.0.rc.a",
                "1.0.rc.0.a",
                "1.0.rc.0.0.a",
                "1.0.rc",
                "1.0.rc.0.0.1",
                "1.0.rc.0.1",
                "1.0.rc1",
                "1",
                "1.0.0.1",
                "1.0.1",
                "1.2",
                "1.10",
            ],
        );
        equal(RubyGems, &["1", "1.0", "1.0.0"]);
        equal(RubyGems, &["1.0.a2", "1.a.2", "1.0.a.2.0"]);
        equal(RubyGems, &["1.0-rc1", "1.0.pre.rc.1"]);
    }

    #[test]
    fn what_rubygems_calls_malformed_is_refused() {
        refused(RubyGems, &["junk", "1.", "1..2", "1.0_1", "1.2 3", "-1", "1-", "v1.0", "~> 1.0"]);
    }
}
