//! Semver as its users write it: crates.io, npm, Hex, Swift, GitHub Actions. Not a check that a text is valid semver.
//!
//! The order is that of semver 2.0.0 section 11; build metadata takes no part. What registries and tags hold besides is
//! read in the one way that it can be meant: a leading `v`, leading zeros, numbers of any length, a version with fewer
//! numbers (`v3` is `3.0.0`) or more (the fourth is compared like the others), and the pre-release without a hyphen of
//! old npm packages (`1.0.0beta`) after three numbers. With fewer numbers it is refused, so that an abbreviated commit
//! such as `7e1f2a0` is no version. Whether a tag moves cannot be seen here: `v3` is the first version of that line.

use super::Why;
use super::key::Key;
use super::scan::{Scan, identifiers, ignored_build, release};

/// With a pre-release: sorts before the release.
const PRE_RELEASE: u8 = 0;
/// Without.
const RELEASED: u8 = 1;

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    let mut scan = Scan::new(text);
    precedence(&mut scan, key)?;
    if scan.eat(b"+") { ignored_build(&mut scan) } else { scan.end() }
}

/// All but the build metadata.
pub(super) fn precedence(scan: &mut Scan<'_>, key: &mut Key) -> Result<(), Why> {
    scan.eat(b"vV");
    let numbers = release(scan, key)?;
    let old_npm = numbers >= 3 && scan.peek().is_some_and(|b| b.is_ascii_alphabetic());
    if scan.eat(b"-") || old_npm { pre_release(scan, key) } else { released(key) }
}

/// The identifiers of a pre-release, after its hyphen.
pub(super) fn pre_release(scan: &mut Scan<'_>, key: &mut Key) -> Result<(), Why> {
    key.tag(PRE_RELEASE);
    identifiers(scan, key, false)
}

/// No pre-release. Always succeeds.
pub(super) fn released(key: &mut Key) -> Result<(), Why> {
    key.tag(RELEASED);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Semver;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn the_example_of_the_specification_ascends() {
        ascending(
            Semver,
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
                "1.0.1-0",
                "1.0.1",
                "1.0.1.1",
                "1.0.1.10",
                "1.1.0",
                "18446744073709551616.0.0",
            ],
        );
    }

    #[test]
    fn a_tag_with_fewer_numbers_is_the_first_of_its_line() {
        equal(Semver, &["v3", "3", "3.0", "V3.0.0", "03.0.0", "3.0.0+build.7", "3.0.0.0"]);
        equal(Semver, &["1.0.0beta", "1.0.0-beta"]);
    }

    #[test]
    fn a_commit_a_branch_or_a_requirement_is_no_version() {
        refused(Semver, &["7e1f2a0", "8f4b7f84864484a7bf31766abe9204da3cbe65b3", "main", "v", "1.", "1.x", "1..2"]);
        refused(Semver, &["^1.0.0", ">=1", "1.0.0-", "1.0.0-a..b", "1.0.0-é", "1.0.0 beta", "1.0.0-a_b", "*"]);
    }
}
