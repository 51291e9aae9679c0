//! Debian and its relatives: `[epoch:]upstream[-revision]`. Not the relations of a control file (`>= 1.0`).
//!
//! The order is that of deb-version(7), «Sorting algorithm»: runs of other characters and runs of digits in turn;
//! letters before other characters, and `~` before everything, even the end.

use super::Why;
use super::key::Key;
use super::scan::Scan;

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    let mut rest = text;
    if let Some(colon) = text.iter().position(|b| *b == b':') {
        let (epoch, after) = text.split_at_checked(colon).unwrap_or_default();
        if epoch.is_empty() || !epoch.iter().all(u8::is_ascii_digit) {
            return Err(Why::NumberExpected { at: 0 });
        }
        key.number(epoch);
        rest = after.get(1..).unwrap_or_default();
    } else {
        key.number(b"0");
    }
    let begins = text.len() - rest.len();
    let (upstream, revision) = match rest.iter().rposition(|b| *b == b'-') {
        Some(hyphen) => (rest.get(..hyphen).unwrap_or_default(), rest.get(hyphen + 1..).unwrap_or_default()),
        None => (rest, &b"0"[..]),
    };
    if upstream.is_empty() {
        return Err(Why::NumberExpected { at: begins });
    }
    if revision.is_empty() {
        return Err(Why::IdentifierExpected { at: text.len() });
    }
    part(upstream, begins, key)?;
    part(revision, begins + upstream.len() + 1, key)
}

/// Writes the upstream version or the revision, which begins at that byte of the whole.
fn part(text: &[u8], begins: usize, key: &mut Key) -> Result<(), Why> {
    /// Sorts before every character but `~`; also where the version ends.
    const NO_MORE: u8 = 2;
    let mut scan = Scan::new(text);
    loop {
        let others = scan.while_is(|b| !b.is_ascii_digit());
        for (at, byte) in others.iter().enumerate() {
            key.tag(match byte {
                b'~' => 1,
                b'A'..=b'Z' | b'a'..=b'z' => *byte,
                b'.' | b'+' | b'-' | b':' => 0x80 | byte,
                _ => return Err(Why::Unexpected { at: begins + scan.at() - others.len() + at }),
            });
        }
        key.tag(NO_MORE);
        key.number(scan.digits());
        if scan.peek().is_none() {
            // The end is like one more empty run and a zero: it lies between `~` and everything else.
            key.tag(NO_MORE);
            key.number(b"");
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Dpkg;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn a_tilde_is_below_the_end_and_letters_below_other_characters() {
        ascending(
            Dpkg,
            &[
                "0~~",
                "0~~a",
                "0~",
                "0",
                "0-1~deb12u1",
                "0-1",
                "0-1ubuntu1",
                "0-1+deb12u1",
                "0-1.1",
                "0a",
                "0+dfsg",
                "0.1",
                "0.9",
                "0.10",
                "1:0",
                "10:0~rc1",
            ],
        );
        equal(Dpkg, &["1.0", "0:1.0", "1.0-0", "1.0-00", "01.00", "00:1.00-0"]);
    }

    #[test]
    fn what_policy_forbids_is_refused() {
        refused(Dpkg, &["a:1", ":1", "1:", "-1", "1-", "1.0_1", "1.0/2", "1.0-1 2"]);
    }
}
