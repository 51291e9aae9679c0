//! CRAN and Hackage: nothing but numbers, and a longer version is above its beginning, so that `1.0` is below `1.0.0`.
//! No other scheme does that.

use super::Why;
use super::key::Key;
use super::scan::Scan;

/// CRAN: numbers between `.` or `-`, which mean the same (`help(package_version)` of R).
pub(super) fn cran(text: &[u8], key: &mut Key) -> Result<(), Why> {
    numbers(text, b".-", key)
}

/// Hackage: numbers between dots (Haskell Package Versioning Policy, «Version numbers»).
pub(super) fn hackage(text: &[u8], key: &mut Key) -> Result<(), Why> {
    numbers(text, b".", key)
}

fn numbers(text: &[u8], between: &[u8], key: &mut Key) -> Result<(), Why> {
    const END: u8 = 0;
    const NUMBER: u8 = 1;
    let mut scan = Scan::new(text);
    loop {
        key.tag(NUMBER);
        key.number(scan.number()?);
        if !scan.eat(between) {
            key.tag(END);
            return scan.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::{Cran, Hackage};
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn a_longer_version_is_above_its_beginning() {
        ascending(Cran, &["0.9", "0.75", "1.0", "1.0-0", "1.0-0.1", "1.0.1", "1.1"]);
        ascending(Hackage, &["0", "0.9", "0.10", "1", "1.0", "1.0.0", "1.0.1"]);
        equal(Cran, &["0.1-2", "0.01.2"]);
    }

    #[test]
    fn a_letter_or_an_empty_number_is_refused() {
        refused(Cran, &["1.0-beta", "1.", "1--2", "v1", "1.0_1"]);
        refused(Hackage, &["1.0-1", "1..2", "1.0.", "1.0rc1"]);
    }
}
