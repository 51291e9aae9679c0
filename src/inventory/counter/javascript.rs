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
    fn keys_of_dependencies_are_counted_at_every_depth() {
        let lock = br#"{"requires": true, "dependencies": {
            "a": {"version": "1", "requires": {"dependencies": "1"}, "dependencies": {"b": {}, "c": {}}},
            "dependencies": {"dependencies": {"d": {}}}}}"#;
        assert_eq!(npm_tree(lock), 5);
        assert_eq!(npm_tree(br#"{"packages": {"dependencies": {"a": {}}}}"#), 0);
    }
}
