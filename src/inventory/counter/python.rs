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

/// Counts the logical lines of a requirements file that are neither empty, a comment nor an option other than `-e`.
/// UTF-16 counts by its ASCII letters.
pub fn requirements(bytes: &[u8]) -> usize {
    let narrow: Vec<u8>;
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => {
            narrow = rest.chunks(2).map(|pair| ascii(pair.last(), pair.first())).collect();
            &narrow
        }
        [0xfe, 0xff, rest @ ..] => {
            narrow = rest.chunks(2).map(|pair| ascii(pair.first(), pair.last())).collect();
            &narrow
        }
        _ => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
    };
    let (mut count, mut continued, mut counted) = (0, false, false);
    for line in Lines(text) {
        let solid = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).and_then(|at| line.get(at..));
        let solid = solid.unwrap_or_default();
        let comment = solid.first() == Some(&b'#');
        if !continued {
            counted = false;
        }
        let bare = solid.strip_suffix(b"\\").unwrap_or(solid);
        if !counted && !comment && bare.iter().any(|byte| !matches!(byte, b' ' | b'\t')) {
            // The first word of a logical line says what it is.
            counted = true;
            count +=
                usize::from(bare.first() != Some(&b'-') || bare.starts_with(b"-e") || bare.starts_with(b"--editable"));
        }
        continued = !comment && line.last() == Some(&b'\\');
    }
    count
}

/// Counts the objects at the third level of a JSON file, those below its key `_meta` left out: the entries of a
/// `Pipfile.lock`. It looks at braces and quotes alone.
pub fn pipfile(bytes: &[u8]) -> usize {
    let (mut count, mut depth, mut in_text, mut escaped) = (0, 0_usize, false, false);
    let (mut begin, mut last, mut meta) = (0, &b""[..], false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => {
                if in_text {
                    last = bytes.get(begin..at).unwrap_or_default();
                }
                (in_text, begin) = (!in_text, at + 1);
            }
            _ if in_text => {}
            b'{' | b'[' => {
                depth += 1;
                match depth {
                    2 => meta = last == b"_meta",
                    3 => count += usize::from(!meta),
                    _ => {}
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    count
}

fn ascii(high: Option<&u8>, low: Option<&u8>) -> u8 {
    match (high, low) {
        (Some(0), Some(low)) => *low,
        (Some(0x20), Some(0x28 | 0x29)) => b'\n', // the ends of a line beyond ASCII
        _ => b'?',
    }
}

/// The lines of a text as Python ends them.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = |at: &usize| {
            let rest = self.0.get(*at..).unwrap_or_default();
            matches!(rest, [0x0a..=0x0d | 0x1c..=0x1e, ..] | [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..])
        };
        let at = (0..self.0.len()).find(end).unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(at);
        let width = match rest.first() {
            Some(0xc2) => 2,
            Some(0xe2) => 3,
            _ => 1,
        };
        self.0 = rest.get(width..).unwrap_or_default();
        Some(line)
    }
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

    #[test]
    fn requirements_are_counted_by_logical_line() {
        assert_eq!(requirements(b"a==1\n# b\n\n  c # d\n-r x\n-e .\n--editable=.\n"), 4);
        assert_eq!(requirements(b"a==1 \\\n  --hash=x \\\n  --hash=y\nb\n"), 2);
        assert_eq!(requirements(b"a \\\n# c\nb\n"), 2);
        assert_eq!(requirements(b"\\\n a\n"), 1);
        assert_eq!(requirements(b"# a\x0bb\n# c\xe2\x80\xa8d\n# e\xc2\x85f\r\n"), 3);
        assert_eq!(requirements(b"\xff\xfea\x00\n\x00-\x00e\x00"), 2);
        assert_eq!(requirements(b"\xfe\xff\x00#\x20\x28\x00b"), 1);
        assert_eq!(requirements(b"\xef\xbb\xbf# a"), 0);
    }

    #[test]
    fn entries_of_a_pipfile_lock_are_counted_by_depth() {
        let lock = br#"{"_meta": {"hash": {"a": "{"}, "sources": [{}]}, "default": {"a": {"x": [{}]}, "b\"{": {}}, "develop": {}}"#;
        assert_eq!(pipfile(lock), 2);
        assert_eq!(pipfile(b"{}"), 0);
        assert_eq!(pipfile(b"bogus"), 0);
    }
}
