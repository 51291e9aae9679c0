//! The counters of the lockfiles of JavaScript. Those of JSON look at brackets, quotes and colons alone.

/// What the members of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Members of the file itself.
    Root,
    /// Packages, by key: these are counted.
    List,
    /// What a package has.
    Package,
    /// Anything else.
    Other,
}

/// Keys of `packages` in versions 2 and 3 of npm's lock.
pub fn npm_packages(bytes: &[u8]) -> usize {
    keys(bytes, |level, key| match (level, key) {
        (Level::Root, b"packages") => Level::List,
        _ => Level::Other,
    })
}

/// Keys of `dependencies`, at every depth, in version 1 of npm's lock.
pub fn npm_tree(bytes: &[u8]) -> usize {
    keys(bytes, |level, key| match (level, key) {
        (Level::Root | Level::Package, b"dependencies") => Level::List,
        (Level::List, _) => Level::Package,
        _ => Level::Other,
    })
}

/// Headers of a yarn lock: what stands at the margin, but for comments, `__metadata`, and the colon that follows a key
/// too long for one line.
pub fn yarn(bytes: &[u8]) -> usize {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n');
    let is_header = |line: &&[u8]| {
        let first = line.first().copied().unwrap_or(b' ');
        !first.is_ascii_whitespace() && !matches!(first, b'#' | b':') && !line.starts_with(b"__metadata:")
    };
    lines.filter(is_header).count()
}

/// Entries of `packages` in a lock of pnpm, in every document: keys that stand deeper than `packages` by one step.
pub fn pnpm(bytes: &[u8]) -> usize {
    let (mut count, mut inside, mut step) = (0, false, 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        let blanks = line.iter().take_while(|byte| **byte == b' ').count();
        let body = line.get(blanks..).unwrap_or_default();
        if body.is_empty() || matches!(body.first(), Some(b'#' | b'\r')) {
            continue;
        }
        if blanks == 0 {
            inside = body.trim_ascii_end() == b"packages:";
            step = 0;
            continue;
        }
        if inside && step == 0 {
            step = blanks;
        }
        // A key too long for one line has a colon on the next.
        count += usize::from(inside && blanks == step && body.first() != Some(&b':'));
    }
    count
}

/// Keys of `packages` in the lock of bun.
pub fn bun(bytes: &[u8]) -> usize {
    npm_packages(bytes)
}

/// Keys of the lists of a lock of deno in this version of the format: npm's packages, JSR's, and modules by address.
pub fn deno(bytes: &[u8], version: u32) -> usize {
    let list = |yes: bool| if yes { Level::List } else { Level::Other };
    keys(bytes, |level, key| match (version, level, key) {
        (_, Level::Root, b"remote") => Level::List,
        (2, Level::Root, b"npm") | (3, Level::Root, b"packages") => Level::Package,
        (2, Level::Package, key) => list(key == b"packages"),
        (3, Level::Package, key) => list(matches!(key, b"npm" | b"jsr")),
        (4.., Level::Root, key) => list(matches!(key, b"npm" | b"jsr")),
        _ => Level::Other,
    })
}

/// Counts the keys of lists. `enter` says what an object is by what holds it and its key there.
fn keys(bytes: &[u8], enter: impl Fn(Level, &[u8]) -> Level) -> usize {
    let mut count = 0;
    let mut open: Vec<Level> = Vec::new();
    let mut key: &[u8] = b"";
    let mut rest = bytes;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'"' => {
                let (string, behind) = string(rest);
                rest = behind;
                if is_key(rest) {
                    key = string;
                    count += usize::from(open.last() == Some(&Level::List));
                }
            }
            b'{' => open.push(open.last().map_or(Level::Root, |level| enter(*level, key))),
            b'[' => open.push(Level::Other),
            b'}' | b']' => {
                open.pop();
            }
            _ => {}
        }
    }
    count
}

/// A string behind its first quote, and what follows its last.
fn string(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        let found = at + found;
        if bytes.get(found) == Some(&b'"') {
            return (bytes.get(..found).unwrap_or_default(), bytes.get(found + 1..).unwrap_or_default());
        }
        at = found + 2;
    }
    (bytes, b"")
}

fn is_key(behind: &[u8]) -> bool {
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_packages_are_counted_and_nothing_beside_them() {
        let lock = br#"{"packages": {"": {"packages": {"no": 1}}, "a\"" : [{"packages": {"no": 1}}], "b": "packages"},
            "dependencies": {"no": {}}}"#;
        assert_eq!(npm_packages(lock), 3);
        assert_eq!(npm_packages(b"{\"packages\": {}}"), 0);
        assert_eq!(npm_packages(b"{\"packages"), 0);
        assert_eq!(npm_packages(b""), 0);
    }

    #[test]
    fn headers_of_yarn_stand_at_the_margin() {
        let classic = b"\xef\xbb\xbf# yarn lockfile v1\n\na@1, a@2:\n  version \"1\"\n\n\"b@1\":\r\n  version \"1\"\n";
        assert_eq!(yarn(classic), 2);
        assert_eq!(yarn(b"__metadata:\n  version: 6\n\n? \"a@npm:1\"\n:\n  version: 1\n\"b@npm:1\":\n"), 2);
        assert_eq!(yarn(b""), 0);
    }

    #[test]
    fn packages_of_pnpm_stand_one_step_deeper() {
        let lock =
            b"packages:\n\n  /a@1:\n    dev: true\n  # no\n  '/b@1':\n    x:\n  ? /c@1\n  : x: 1\n\nx:\n  y: 1\n";
        assert_eq!(pnpm(lock), 3);
        assert_eq!(pnpm(b"packages:\n    a@1: {}\n    b@1: {}\n---\npackages:\n  c@1: {}\n"), 3);
        assert_eq!(pnpm(b"packages: {}\n"), 0);
    }

    #[test]
    fn lists_of_deno_are_counted_in_every_version() {
        let second = br#"{"version": "2", "remote": {"a": 1}, "npm": {"specifiers": {"x": 1}, "packages": {"a": {}}}}"#;
        assert_eq!(deno(second, 2), 2);
        let third = br#"{"version": "3", "packages": {"specifiers": {"x": 1}, "npm": {"a": {}}}, "remote": {"b": 1}}"#;
        assert_eq!(deno(third, 3), 2);
        let fourth = br#"{"version": "4", "specifiers": {"x": 1}, "jsr": {"a": {}}, "npm": {"b": {"npm": {"c": 1}}}}"#;
        assert_eq!((deno(fourth, 4), deno(fourth, 5)), (2, 2));
    }

    #[test]
    fn keys_of_dependencies_are_counted_at_every_depth() {
        let lock = br#"{"requires": true, "dependencies": {
            "a": {"version": "1", "requires": {"dependencies": "1"}, "dependencies": {"b": {}, "c": {}}},
            "dependencies": {"dependencies": {"d": {}}}}}"#;
        assert_eq!(npm_tree(lock), 5);
        assert_eq!(npm_tree(br#"{"packages": {"dependencies": {"a": {}}}}"#), 0);
    }
}
