//! Go: modules (semver with a `v`, pseudo-versions, `+incompatible`) and toolchains (`go1.21rc2`).
//!
//! A module's order is semver's (Go modules reference, «Versions»); a pseudo-version is a pre-release whose timestamp
//! sorts it. A toolchain is compared as the vulnerability database writes it: `go1.21rc2` as `1.21.0-rc.2`, and `go1.21`
//! as `1.21.0`. What a vendor adds (`go1.21.3-vendor`, `go1.22.1 X:experiment`) takes no part.

use super::Why;
use super::key::Key;
use super::scan::{Scan, ignored_build, release};
use super::semver::{pre_release, released};

pub(super) fn encode(text: &[u8], key: &mut Key) -> Result<(), Why> {
    let mut scan = Scan::new(text);
    let toolchain = scan.eat_word(b"go");
    if !toolchain {
        scan.eat(b"vV");
    }
    release(&mut scan, key)?;
    if let Some(b'a' | b'b' | b'r') = scan.peek() {
        stage(&mut scan, key)?;
    } else if !toolchain && scan.eat(b"-") {
        pre_release(&mut scan, key)?;
    } else {
        released(key)?;
    }
    if toolchain && matches!(scan.peek(), Some(b'-' | b' ' | b'+')) {
        return Ok(());
    }
    if scan.eat(b"+") { ignored_build(&mut scan) } else { scan.end() }
}

/// `rc2` is the pre-release `rc.2`.
fn stage(scan: &mut Scan<'_>, key: &mut Key) -> Result<(), Why> {
    let at = scan.at();
    for word in [&b"alpha"[..], b"beta", b"rc"] {
        if scan.eat_word(word) {
            let dotted = [word, b".", scan.number()?].concat();
            return pre_release(&mut Scan::new(&dotted), key);
        }
    }
    Err(Why::Unexpected { at })
}

#[cfg(test)]
mod tests {
    use crate::version::Scheme::Go;
    use crate::version::testing::{ascending, equal, refused};

    #[test]
    fn a_pseudo_version_stands_between_the_tags() {
        ascending(
            Go,
            &[
                "v0.0.0-20191109021931-daa7c04131f5",
                "v0.0.0-20210101000000-0123456789ab",
                "v0.0.1",
                "v1.2.3-pre.0.20200101000000-0123456789ab",
                "v1.2.3",
                "v1.2.4-0.20200101000000-0123456789ab",
                "v1.2.4",
                "v2.0.0+incompatible",
            ],
        );
        equal(Go, &["v2.0.0+incompatible", "2.0.0", "v2", "v2.0.0+dirty"]);
    }

    #[test]
    fn a_toolchain_is_compared_as_the_database_writes_it() {
        ascending(Go, &["go1.9", "go1.20.14", "go1.21beta1", "go1.21rc2", "go1.21rc10", "go1.21", "go1.21.1"]);
        equal(Go, &["go1.21rc2", "1.21.0-rc.2", "1.21rc2"]);
        equal(Go, &["go1.21.0", "go1.21", "go1.21.0-vendor", "go1.21 X:boringcrypto", "1.21.0"]);
        refused(Go, &["(devel)", "devel", "go", "go1.21rc", "go1.21r2", "1.21 X:boringcrypto", "v1.0.0beta", "master"]);
    }
}
