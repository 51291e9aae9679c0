//! The keys of pnpm's locks: which package and version they name, and which key a dependency means.

use super::super::npm::{commit_or_address, source, split_at};
use super::super::value::{Map, Value};
use super::Version;
use crate::model::Source;

/// What an entry of `packages` says of itself.
pub(super) struct Locked<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) source: Source,
}

impl<'a> Locked<'a> {
    /// Reads a key. What does not come from a registry has an address for a key, and says name and version beside it.
    pub(super) fn read(version: Version, key: &'a str, entry: &'a Map<'a>) -> Option<Self> {
        let resolution = entry.get("resolution").and_then(Value::map);
        let (said_name, said_version) = (entry.text("name"), entry.text("version"));
        let (name, locked) = match parts(version, key) {
            Some((name, locked)) => (said_name.unwrap_or(name), locked),
            None => (said_name?, key),
        };
        let source = resolution.map_or(Source::Default, resolved);
        let is_version = locked.starts_with(|c: char| c.is_ascii_digit()) && !locked.contains([':', '/']);
        let (version, source) = match (said_version, is_version) {
            (Some(version), _) => (version, source),
            (None, true) => (locked, source),
            (None, false) => (commit_or_address(locked), source),
        };
        let source = match source {
            // The key is an address, and nothing else says where the package comes from.
            Source::Default if !is_version => self::source(Some(locked)),
            source => source,
        };
        Some(Self { name, version, source })
    }
}

/// Name and version of a key; none where it is an address.
fn parts(version: Version, key: &str) -> Option<(&str, &str)> {
    match version {
        Version::Nine => split_at(key),
        Version::Six => split_at(without_peers(key.strip_prefix('/')?)),
        Version::Five => {
            let key = without_peers(key.strip_prefix('/')?);
            by_slash(key).or_else(|| split_at(key))
        }
    }
}

/// `name/1.0.0_peers`, `@scope/name/1.0.0`
fn by_slash(key: &str) -> Option<(&str, &str)> {
    let scope = match key.starts_with('@') {
        true => key.find('/')? + 1,
        false => 0,
    };
    let end = scope + key.get(scope..)?.find('/')?;
    let version = key.get(end + 1..)?.split(['/', '_']).next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some((key.get(..end)?, version))
}

/// Where the tarball or repository is.
fn resolved(resolution: &Map<'_>) -> Source {
    match (resolution.text("repo"), resolution.text("directory"), resolution.text("tarball")) {
        (Some(repo), ..) => Source::Git(match resolution.text("commit") {
            Some(commit) => format!("{repo}#{commit}").into(),
            None => repo.into(),
        }),
        (_, Some(directory), _) => Source::Path(directory.into()),
        (.., Some(tarball)) => source(Some(tarball)),
        _ => Source::Default,
    }
}

/// A key without the peers behind it: `name@1.0.0(peer@2.0.0)`.
pub(super) fn without_peers(key: &str) -> &str {
    key.split_once('(').map_or(key, |(key, _)| key)
}

/// The keys that a dependency may mean. What it says is a version with peers, or with an alias and for addresses the
/// key itself.
pub(super) fn targets(version: Version, name: &str, said: &str) -> Vec<String> {
    match version {
        Version::Nine => {
            let said = without_peers(said);
            vec![format!("{name}@{said}"), said.to_owned()]
        }
        Version::Six => vec![format!("/{name}@{said}"), said.to_owned()],
        Version::Five => vec![format!("/{name}/{said}"), said.to_owned(), format!("/{name}@{said}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_package_and_version_in_every_version_of_the_format() {
        for (version, key, name, locked) in [
            (Version::Five, "/a/1.0.0", "a", "1.0.0"),
            (Version::Five, "/@s/a/1.0.0_react@17.0.0", "@s/a", "1.0.0"),
            (Version::Five, "/a/1.0.0/peer@1.0.0", "a", "1.0.0"),
            (Version::Five, "/a@1.0.0", "a", "1.0.0"),
            (Version::Six, "/a@1.0.0", "a", "1.0.0"),
            (Version::Six, "/@s/a@1.0.0(react@17.0.0)(b@1.0.0)", "@s/a", "1.0.0"),
            (Version::Nine, "@s/a@1.0.0", "@s/a", "1.0.0"),
        ] {
            assert_eq!(parts(version, key), Some((name, locked)), "{key}");
        }
        for (version, key) in [
            (Version::Five, "github.com/x/a/c0ffee"),
            (Version::Five, "/a/"),
            (Version::Six, "a@1.0.0"),
            (Version::Nine, "a"),
        ] {
            assert_eq!(parts(version, key), None, "{key}");
        }
    }
}
