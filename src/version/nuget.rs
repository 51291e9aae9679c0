//! NuGet: up to four numbers, a pre-release in any case. Not a check of what a feed would accept.
//!
//! Missing numbers are zero, pre-release identifiers are compared as in semver but without case, build metadata takes
//! no part (NuGet reference, «Package versioning», «Normalized version numbers»).

use super::Why;
use super::key::Key;
use super::scan::{Scan, identifiers, ignored_build, release};

/// Major, minor, patch, revision.
const MAX_NUMBERS: usize = 4;

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    const PRE_RELEASE: u8 = 0;
    const RELEASED: u8 = 1;
    let mut scan = Scan::new(text);
    let numbers = release(&mut scan, key)?;
    if numbers > MAX_NUMBERS {
        return Err(Why::TooManyNumbers { numbers, limit: MAX_NUMBERS });
    }
    if scan.eat(b"-") {
        key.tag(PRE_RELEASE);
        identifiers(&mut scan, key, true)?;
    } else {
        key.tag(RELEASED);
    }
    if scan.eat(b"+") { ignored_build(&mut scan) } else { scan.end() }
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Nuget;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn the_fourth_number_counts_and_case_does_not() {
        ascending(
            Nuget,
            &["1.0.0-Alpha", "1.0.0-BETA.2", "1.0.0-beta.11", "1.0.0-beta.x", "1.0", "1.0.0.1-rc", "1.0.0.1"],
        );
        equal(Nuget, &["1", "1.0", "1.0.0.0", "01.0.0+abc"]);
        equal(Nuget, &["1.0.0-RC.1", "1.0.0-rc.1+x"]);
        refused(Nuget, &["1.0.0.0.1", "v1.0", "1.0.0beta", "1.0-", "[1.0,2.0)", "1.*"]);
    }
}
