//! The counters of what lies in programs, archives and directories of installed packages. They look for marks in bytes and
//! share no code with the readers.

/// Modules in the build information of a program of Go: its own and those built into it.
pub fn go_build(bytes: &[u8]) -> usize {
    bytes.split(|b| *b == b'\n').filter(|line| line.starts_with(b"mod\t") || line.starts_with(b"dep\t")).count()
}

/// Names `META-INF/maven/…/…/pom.properties` in the directory of a Java archive. Archives inside it do not count.
pub fn java(bytes: &[u8]) -> usize {
    let last = |mark: &[u8], field: usize, width: usize| -> Option<usize> {
        let at = memchr::memmem::rfind(bytes, mark)? + field;
        let field = bytes.get(at..at + width)?;
        usize::try_from(field.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))).ok()
    };
    let start = match last(b"PK\x05\x06", 16, 4) {
        Some(0xffff_ffff) => last(b"PK\x06\x06", 48, 8),
        start => start,
    };
    let Some(directory) = start.and_then(|start| bytes.get(start..)) else { return 0 };
    let headers = memchr::memmem::find_iter(directory, b"PK\x01\x02");
    headers.filter(|at| directory.get(at + 46..).is_some_and(names_an_artifact)).count()
}

/// Whether the bytes begin with such a name, of any length.
fn names_an_artifact(bytes: &[u8]) -> bool {
    let Some(rest) = bytes.strip_prefix(b"META-INF/maven/") else { return false };
    let mut parts = rest.splitn(3, |b| *b == b'/');
    let (group, artifact) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let is_part = |part: &[u8]| !part.contains(&b'\n') && !part.contains(&0);
    is_part(group) && is_part(artifact) && parts.next().is_some_and(|name| name.starts_with(b"pom.properties"))
}

/// Lines `Name:` above the first empty line.
pub fn python_metadata(bytes: &[u8]) -> usize {
    let lines = bytes.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_name = |line: &&[u8]| line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"name:"));
    lines.skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty()).filter(is_name).count()
}

/// One where a key `name` stands in the file.
pub fn npm_package(bytes: &[u8]) -> usize {
    usize::from(memchr::memmem::find(bytes, b"\"name\"").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_go_are_modules_or_not() {
        assert_eq!(go_build(b"path\ta\nmod\ta\t(devel)\t\ndep\tb\tv1.0.0\n=>\tc\tv1.1.0\nbuild\t-x=dep\t\n"), 2);
        assert_eq!(go_build(b""), 0);
    }

    #[test]
    fn the_headers_of_an_installed_package_end_at_an_empty_line() {
        assert_eq!(python_metadata(b"Metadata-Version: 2.1\r\nName: a\r\nVersion: 1\r\n\r\nName: b\r\n"), 1);
        assert_eq!(python_metadata(b"Metadata-Version: 2.1\nVersion: 1\n\nName: b\n"), 0);
        assert_eq!(npm_package(br#"{"name": "a"}"#), 1);
        assert_eq!(npm_package(br#"{"type": "module"}"#), 0);
    }

    #[test]
    fn only_names_in_the_directory_of_the_archive_itself_count() {
        let files: [(&str, &[u8]); 3] =
            [("META-INF/maven/g/a/pom.properties", b""), ("META-INF/maven/g/a/pom.xml", b""), ("pom.properties", b"")];
        for wide in [false, true] {
            let inner = crate::zip::testing::archive(&files, wide);
            assert_eq!(java(&inner), 1);
            // The even ones are stored: the directory of the inner archive stands in the bytes of the outer.
            let outer = crate::zip::testing::archive(&[("lib/a.jar", &inner)], wide);
            assert_eq!(java(&outer), 0);
        }
        assert_eq!(java(b"PK\x05\x06"), 0);
        assert_eq!(java(b""), 0);
    }
}
