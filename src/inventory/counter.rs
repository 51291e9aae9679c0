//! The cheap counters that check the parsers. They share no code with them: a scan over the lines of the bytes that
//! looks at headers only. A file that fools one of the two makes the counts differ, and that is a gap.

/// The number of `[[package]]` and `[root]` headers of a `Cargo.lock`: its packages.
pub fn cargo_lock(bytes: &[u8]) -> usize {
    headers(bytes, b"[[package]]") + headers(bytes, b"[root]")
}

/// The number of `[[patch.unused]]` headers of a `Cargo.lock`: entries that are no packages of the build.
pub fn patch_unused(bytes: &[u8]) -> usize {
    headers(bytes, b"[[patch.unused]]")
}

/// Lines that begin with the header, blanks left out wherever they stand.
fn headers(bytes: &[u8], header: &[u8]) -> usize {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|b| *b == b'\n').filter(|line| begins_with(line, header)).count()
}

fn begins_with(line: &[u8], header: &[u8]) -> bool {
    let mut solid = line.iter().filter(|b| !matches!(b, b' ' | b'\t'));
    header.iter().all(|want| solid.next() == Some(want))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_counted_however_they_are_spaced() {
        let lock =
            b"version = 3\n[[package]]\nname = \"[[package]]\"\n \t[[ package ]] # two\r\n# [[package]]\n[root]\n";
        assert_eq!(cargo_lock(lock), 3);
        assert_eq!(cargo_lock(b"\xef\xbb\xbf[[package]]"), 1);
        assert_eq!(cargo_lock(b"[[packages]]\n[package]\n[[root]]\n[metadata]\n"), 0);
        assert_eq!(cargo_lock(b""), 0);
    }

    #[test]
    fn unused_patches_are_no_packages() {
        let lock = b"[[package]]\n[[patch.unused]]\n[[ patch . unused ]]\n";
        assert_eq!((cargo_lock(lock), patch_unused(lock)), (1, 2));
    }
}
