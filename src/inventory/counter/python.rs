//! The cheap counters of Python's lockfiles. They share no code with the readers, and look at the beginnings of lines.

/// Counts the lines that begin with `[[name]]`, blanks left out wherever they stand.
pub fn tables(bytes: &[u8], name: &[u8]) -> usize {
    let header = [b"[[", name, b"]]"].concat();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut count = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let mut solid = line.iter().filter(|byte| !matches!(byte, b' ' | b'\t'));
        count += usize::from(header.iter().all(|wanted| solid.next() == Some(wanted)));
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_counted_however_they_are_spaced() {
        let lock =
            b"\xef\xbb\xbf[[package]]\nname = \"[[package]]\"\n \t[[ package ]] # two\r\n# [[package]]\n[package.x]\n";
        assert_eq!(tables(lock, b"package"), 2);
        assert_eq!(tables(b"[[packages]]\n[[package.x]]\n[package]\n", b"package"), 0);
        assert_eq!(tables(b"[[packages]]\n[[packages.wheels]]", b"packages"), 1);
        assert_eq!(tables(b"", b"package"), 0);
    }
}
