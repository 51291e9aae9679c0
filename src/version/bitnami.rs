//! Bitnami: semver, but a number alone after the hyphen is the build of the container or chart, not a pre-release.
//!
//! `1.2.3-4` is the fourth rebuild of `1.2.3`: as a pre-release it would lie below a range that begins at `1.2.3`.
//! Advisories name upstream versions, without a build.

use super::Why;
use super::key::Key;
use super::scan::{Scan, ignored_build, release};
use super::semver::{pre_release, released};

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    let mut scan = Scan::new(text);
    scan.eat(b"vV");
    release(&mut scan, key)?;
    if scan.eat(b"-") {
        let mut ahead = Scan::new(scan.rest());
        let build = ahead.digits();
        if !build.is_empty() && matches!(ahead.peek(), None | Some(b'+')) {
            scan.digits();
            released(key)?;
            key.number(build);
        } else {
            pre_release(&mut scan, key)?;
        }
    } else {
        released(key)?;
        key.number(b"0");
    }
    if scan.eat(b"+") { ignored_build(&mut scan) } else { scan.end() }
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Bitnami;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn a_rebuild_is_above_what_it_rebuilds() {
        ascending(Bitnami, &["1.2.3-rc.1", "1.2.3-rc.2", "1.2.3", "1.2.3-1", "1.2.3-10", "1.2.4-0.a", "1.2.4"]);
        equal(Bitnami, &["1.2.3", "1.2.3-0", "v1.2.3+x"]);
        refused(Bitnami, &["nightly.2026-03-10.0", "1.2.3-", "1.2.3rc1", "latest"]);
    }
}
