//! Pub (Dart and Flutter): semver, but build metadata counts. Not the order of any other registry.
//!
//! `1.0.0` is below `1.0.0+1`, and identifiers of the build are compared like those of a pre-release (`pub_semver`,
//! «Version ordering»).

use super::Why;
use super::key::Key;
use super::scan::{Scan, identifiers};
use super::semver::precedence;

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    const NO_BUILD: u8 = 0;
    const BUILD: u8 = 1;
    let mut scan = Scan::new(text);
    precedence(&mut scan, key)?;
    if scan.eat(b"+") {
        key.tag(BUILD);
        identifiers(&mut scan, key, false)?;
    } else {
        key.tag(NO_BUILD);
    }
    scan.end()
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Pub;
    use crate::version::testing::{ascending, refused};

    #[test]
    fn the_build_counts() {
        ascending(
            Pub,
            &["1.0.0-dev", "1.0.0-dev+1", "1.0.0", "1.0.0+1", "1.0.0+2", "1.0.0+10", "1.0.0+hotfix", "1.0.1"],
        );
        refused(Pub, &["1.0.0+", "1.0.0+a..b", "any"]);
    }
}
