//! The counters of lockfiles in JSON. They look at brackets, quotes and colons, and share no code with the readers.

/// Packages of the list that `cargo auditable` puts into a program.
pub fn auditable(bytes: &[u8]) -> usize {
    count(bytes, |step| step.is == Is::Item && matches!(step.path, [_, b"packages"]))
}

/// Packages of a `composer.lock`: objects in the two lists of packages.
pub fn composer(bytes: &[u8]) -> usize {
    count(bytes, |step| step.is == Is::Item && matches!(step.path, [_, b"packages" | b"packages-dev"]))
}

/// Packages of every framework in a `packages.lock.json`.
pub fn packages_lock(bytes: &[u8]) -> usize {
    count(bytes, |step| step.is == Is::Member && matches!(step.path, [_, b"dependencies", _]))
}

/// Libraries of a `*.deps.json`.
pub fn deps_json(bytes: &[u8]) -> usize {
    count(bytes, |step| step.is == Is::Member && matches!(step.path, [_, b"libraries"]))
}

/// Pins of a `Package.resolved`.
pub fn package_resolved(bytes: &[u8]) -> usize {
    count(bytes, |step| step.is == Is::Item && matches!(step.path, [_, b"pins"] | [_, b"object", b"pins"]))
}

/// Nodes, or required recipes, of a `conan.lock`.
pub fn conan(bytes: &[u8]) -> usize {
    count(bytes, |step| match step.path {
        [_, b"graph_lock", b"nodes"] => step.is == Is::Member,
        [_, b"requires" | b"build_requires" | b"python_requires" | b"config_requires"] => step.is == Is::Item,
        _ => false,
    })
}

fn count(bytes: &[u8], counts: impl Fn(&Step<'_, '_>) -> bool) -> usize {
    let mut count = 0;
    walk(bytes, |step| count += usize::from(counts(step)));
    count
}

/// What a value is in what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// The value of a key of an object.
    Member,
    /// An element of a list.
    Item,
}

/// A value that begins.
pub(super) struct Step<'p, 'a> {
    pub(super) is: Is,
    /// The keys above it, from the outside in: the first is the empty one of the file; elements of lists have none. The
    /// last is the key of the object or list that holds the value.
    pub(super) path: &'p [&'a [u8]],
}

/// Calls `visit` for each value. What is no JSON gives some answer, and never a wrong index.
pub(super) fn walk<'a>(bytes: &'a [u8], mut visit: impl FnMut(&Step<'_, 'a>)) {
    let (mut path, mut lists): (Vec<&[u8]>, Vec<bool>) = (Vec::new(), Vec::new());
    let (mut key, mut rest, mut fresh): (&[u8], &[u8], bool) = (b"", bytes, true);
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let in_list = lists.last().copied();
        let is = if in_list == Some(true) { Is::Item } else { Is::Member };
        let own: &[u8] = if is == Is::Item { b"" } else { key };
        match byte {
            b'"' => {
                let (text, behind) = string(rest);
                rest = behind;
                if in_list == Some(false) && behind.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':') {
                    key = text;
                } else {
                    visit(&Step { is, path: &path });
                    fresh = false;
                }
            }
            b'{' | b'[' => {
                if !path.is_empty() {
                    visit(&Step { is, path: &path });
                }
                path.push(own);
                lists.push(*byte == b'[');
                fresh = true;
            }
            b'}' | b']' => {
                path.pop();
                lists.pop();
                fresh = false;
            }
            b',' | b':' => fresh = true,
            b if b.is_ascii_whitespace() => {}
            _ => {
                if fresh {
                    visit(&Step { is, path: &path });
                }
                fresh = false;
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_composer_are_the_objects_of_two_lists() {
        let lock = br#"{"packages": [{"name": "a", "packages": [{"x": 1}]}, {"b": [1, 2]}], "packages-dev": [{}], "aliases": [{}]}"#;
        assert_eq!(composer(lock), 3);
        assert_eq!(composer(br#"{"packages": [1, "a", null, [{}]]}"#), 4);
        assert_eq!(composer(br#"{"x": {"packages": [{}]}, "packages": {"a": {}}}"#), 0);
        assert_eq!(composer(b"{\"packages\": ["), 0);
        assert_eq!(composer(b""), 0);
    }

    #[test]
    fn lists_of_other_formats_are_counted_where_they_stand() {
        let nuget = br#"{"version": 1, "dependencies": {"net8.0": {"A": {"dependencies": {"B": "1"}}, "B": {}}, "net6.0": {}}}"#;
        assert_eq!(packages_lock(nuget), 2);
        assert_eq!(
            deps_json(br#"{"libraries": {"A/1": {"type": "x"}, "B/1": {}}, "targets": {"libraries": {"x": 1}}}"#),
            2
        );
        let list = br#"{"packages": [{"name": "a", "dependencies": [1]}, {"name": "b"}], "format": 8}"#;
        assert_eq!(auditable(list), 2);
        assert_eq!(package_resolved(br#"{"object": {"pins": [{"state": {"pins": [1]}}, {}]}, "version": 1}"#), 2);
        assert_eq!(package_resolved(br#"{"pins": [{}], "version": 2}"#), 1);
        assert_eq!(conan(br#"{"graph_lock": {"nodes": {"0": {"requires": ["1"]}, "1": {}}}}"#), 2);
        assert_eq!(conan(br#"{"version": "0.5", "requires": ["a/1", "b/1"], "build_requires": ["c/1"]}"#), 3);
    }
}
