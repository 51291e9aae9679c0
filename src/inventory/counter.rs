//! The cheap counters that check the parsers. They share no code with them: a scan over the lines of the bytes that
//! looks at headers only. A file that fools one of the two makes the counts differ, and that is a gap.

mod javascript;
mod lines;
mod markup;
mod objects;
mod packed;
pub mod python;

pub use javascript::{bun, deno, npm_packages, npm_tree, pnpm, yarn};
pub use lines::{cabal, gemfile, go_mod, go_sum, gradle, mix, packages_config, podfile, stack, uses};
pub use markup::pom;
pub use objects::{auditable, composer, conan, deps_json, package_resolved, packages_lock};
pub use packed::{go_build, java, npm_package, python_metadata};

/// Headers of a `Cargo.lock`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// `[[package]]` and `[root]`: its packages.
    pub packages: usize,
    /// `[[patch.unused]]`: entries that are no packages of the build.
    pub unused: usize,
}

/// Counts the lines that begin with a header, blanks left out wherever they stand. It goes from one bracket to the next,
/// of which a lock has few.
pub fn cargo_lock(bytes: &[u8]) -> Headers {
    let mut headers = Headers::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for at in memchr::memchr_iter(b'[', bytes) {
        let (before, line) = bytes.split_at(at);
        let first = before.iter().rev().find(|b| !is_blank(b)).is_none_or(|b| *b == b'\n');
        if !first {
            // Inside a line, or the second bracket of a header.
        } else if begins_with(line, b"[[package]]") || begins_with(line, b"[root]") {
            headers.packages += 1;
        } else if begins_with(line, b"[[patch.unused]]") {
            headers.unused += 1;
        }
    }
    headers
}

fn is_blank(b: &u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// A header holds no end of a line, so that only what stands on one line is one.
fn begins_with(line: &[u8], header: &[u8]) -> bool {
    if line.starts_with(header) {
        return true; // as cargo writes it
    }
    let mut solid = line.iter().filter(|b| !is_blank(b));
    header.iter().all(|want| solid.next() == Some(want))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_counted_however_they_are_spaced() {
        let lock =
            b"version = 3\n[[package]]\nname = \"[[package]]\"\n \t[[ package ]] # two\r\n# [[package]]\n[root]\n";
        assert_eq!(cargo_lock(lock).packages, 3);
        assert_eq!(cargo_lock(b"\xef\xbb\xbf[[package]]").packages, 1);
        assert_eq!(cargo_lock(b"[[packages]]\n[package]\n[[root]]\n[metadata]\n"), Headers::default());
        assert_eq!(cargo_lock(b"[[\npackage]]\n\r[[package]]\nx [[package]]"), Headers::default());
        assert_eq!(cargo_lock(b""), Headers::default());
    }

    #[test]
    fn unused_patches_are_no_packages() {
        let lock = b"[[package]]\n[[patch.unused]]\n[[ patch . unused ]]\n";
        assert_eq!(cargo_lock(lock), Headers { packages: 1, unused: 2 });
    }
}
