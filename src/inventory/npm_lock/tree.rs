//! The tree of version 1: what lies under a package stands inside of it. In version 2 it repeats the list for older
//! programs, which install what the tree says.

use super::super::npm::{
    Dirs, Entry, Found, MAX_DEPENDENCIES, MAX_SOURCE, commit_or_address, sha256, shorten, source, split_at,
    tarball_version, too_large,
};
use super::super::place::Refusal;
use super::super::value::{Map, Member, Value};
use super::{RESTORE, check_sections, names};
use crate::model::{Ecosystem, GapKind, Scope, Source};
use std::borrow::Cow;
use std::collections::HashMap;

/// A package of the tree, with the directory that lies under it.
struct Node<'a> {
    name: &'a str,
    entry: &'a Map<'a>,
    dir: u32,
    component: Option<u32>,
}

struct Reader<'a> {
    dirs: Dirs<'a>,
    nodes: Vec<Node<'a>>,
    found: Found<'a>,
}

/// Reads version 1.
pub(super) fn read<'a>(dependencies: Option<&'a Map<'a>>) -> Result<Found<'a>, Refusal> {
    let mut reader = Reader { dirs: Dirs::new(64), nodes: Vec::new(), found: Found::default() };
    let root = reader.dirs.dir(None)?;
    if let Some(dependencies) = dependencies {
        reader.level(dependencies, root)?;
    }
    reader.edges()?;
    Ok(reader.found)
}

impl<'a> Reader<'a> {
    /// One level of the tree. The depth of JSON bounds that of the calls.
    fn level(&mut self, packages: &'a Map<'a>, dir: u32) -> Result<(), Refusal> {
        for member in &packages.0 {
            let Some(entry) = member.value.map() else {
                let why = format!("the entry is {}, not a map", member.value.kind());
                self.found.unreadable(member.at, shorten(&member.key), why)?;
                continue;
            };
            check_sections_of_entry(entry)?;
            let component = self.push(member, entry)?;
            let own = self.dirs.dir(Some(dir))?;
            let position = u32::try_from(self.nodes.len()).map_err(|_| too_large(u32::MAX as usize, "packages"))?;
            self.dirs.put(dir, &member.key, position);
            self.nodes.push(Node { name: &member.key, entry, dir: own, component });
            if let Some(below) = below(entry)? {
                self.level(below, own)?;
            }
        }
        Ok(())
    }

    fn push(&mut self, member: &'a Member<'a>, entry: &'a Map<'a>) -> Result<Option<u32>, Refusal> {
        let locked = match entry.get("version") {
            Some(Value::Text(version)) => Locked::read(&member.key, version, entry.text("resolved")),
            None => Locked::read(&member.key, "", None),
            Some(other) => {
                let why = format!("the version is {}, not a text", other.kind());
                self.found.unreadable(member.at, shorten(&member.key), why)?;
                return Ok(None);
            }
        };
        let is_file = matches!(locked.source, Source::Path(_));
        let index = self.found.push(Entry {
            at: member.at,
            ecosystem: Ecosystem::Npm,
            name: Cow::Borrowed(locked.name),
            version: Cow::Borrowed(locked.version),
            source: locked.source,
            checksum: entry.text("integrity").and_then(sha256),
            scope: if entry.is_true("dev") { Scope::Dev } else { Scope::Normal },
            optional: entry.is_true("optional"),
        })?;
        // What another package brings with it lies in that one's archive; what is a file is not fetched.
        if !entry.is_true("bundled") && !is_file {
            // Of another source than a registry, the version is the address.
            let address = entry.text("resolved").or_else(|| entry.text("version").filter(|said| said.contains(':')));
            self.found.fetched(index, address, entry.text("integrity"));
        }
        Ok(index)
    }

    fn edges(&mut self) -> Result<(), Refusal> {
        let mut dependencies = 0_usize;
        for node in &self.nodes {
            for (at, name) in names(node.entry, "requires") {
                dependencies += 1;
                if dependencies > MAX_DEPENDENCIES {
                    return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
                }
                let Some(position) = self.dirs.find(node.dir, name)? else {
                    // Optional packages need not be there for what is optional itself.
                    if !node.entry.is_true("optional") {
                        self.found.dangling(at, node.name, name)?;
                    }
                    continue;
                };
                let to = self.nodes.get(position as usize).and_then(|node| node.component);
                // Without a component there is a gap for the entry.
                if let (Some(from), Some(to)) = (node.component, to) {
                    self.found.edge(from, to);
                }
            }
        }
        Ok(())
    }
}

/// The packages inside an entry.
fn below<'a>(entry: &'a Map<'a>) -> Result<Option<&'a Map<'a>>, Refusal> {
    match entry.member("dependencies") {
        None => Ok(None),
        Some(member) => match &member.value {
            Value::Map(map) => Ok(Some(map)),
            other => Err(Refusal::new(member.at, format!("`dependencies` is {}, not a map", other.kind()), RESTORE)),
        },
    }
}

fn check_sections_of_entry(entry: &Map<'_>) -> Result<(), Refusal> {
    match entry.member("packages") {
        Some(member) if matches!(member.value, Value::Map(_)) => {
            Err(Refusal::new(member.at, "`packages` inside of a package", RESTORE))
        }
        _ => check_sections(entry),
    }
}

/// What the version of an entry says: a version, another package's (`npm:name@version`), or an address.
struct Locked<'a> {
    name: &'a str,
    version: &'a str,
    source: Source,
}

impl<'a> Locked<'a> {
    fn read(key: &'a str, version: &'a str, resolved: Option<&str>) -> Self {
        if let Some((name, version)) = version.strip_prefix("npm:").and_then(split_at) {
            return Self { name, version, source: source(resolved) };
        }
        if !version.contains([':', '/']) {
            return Self { name: key, version, source: source(resolved) };
        }
        match source(Some(version)) {
            // A tarball; that of a registry says the version in its name.
            Source::Default => match tarball_version(key, version) {
                Some(version) => Self { name: key, version, source: Source::Default },
                None if version.contains("://") => {
                    Self { name: key, version, source: Source::Registry(version.into()) }
                }
                // `user/repository#commit`
                None => Self { name: key, version: commit_or_address(version), source: Source::Git(version.into()) },
            },
            Source::Git(url) => Self { name: key, version: commit_or_address(version), source: Source::Git(url) },
            other => Self { name: key, version, source: other },
        }
    }
}

/// Looks up everything that the tree of version 2 lists in the list. What the list lacks, or has in another version, is
/// installed by older programs and would not be judged: a gap.
pub(super) fn compare<'a>(tree: &'a Map<'a>, packages: &'a Map<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let list = packages.0.iter().filter_map(|member| Some((member.key.as_ref(), member.value.map()?))).collect();
    Comparison { list, found }.level(tree, "")
}

struct Comparison<'f, 'a> {
    list: HashMap<&'a str, &'a Map<'a>, foldhash::fast::RandomState>,
    found: &'f mut Found<'a>,
}

impl<'a> Comparison<'_, 'a> {
    fn level(&mut self, tree: &'a Map<'a>, dir: &str) -> Result<(), Refusal> {
        for member in &tree.0 {
            let (key, slash) = (member.key.as_ref(), if dir.is_empty() { "" } else { "/" });
            let Some(entry) = member.value.map() else {
                self.differs(member, format!("the entry is {}, not a map", member.value.kind()))?;
                continue;
            };
            check_sections_of_entry(entry)?;
            let path = format!("{dir}{slash}node_modules/{key}");
            let Some(listed) = self.list.get(path.as_str()).copied().filter(|_| path.len() <= MAX_SOURCE) else {
                self.differs(member, "`dependencies` has an entry that `packages` has not".to_owned())?;
                continue;
            };
            let link = listed.is_true("link");
            if let Some(version) = other_version(key, entry, listed).filter(|_| !link) {
                let why = format!("`dependencies` has {}, `packages` has another version", shorten(version));
                self.differs(member, why)?;
            }
            if let Some(below) = below(entry)? {
                let dir = if link { listed.text("resolved").unwrap_or(&path) } else { &path };
                self.level(below, dir)?;
            }
        }
        Ok(())
    }

    fn differs(&mut self, member: &Member<'_>, why: String) -> Result<(), Refusal> {
        self.found.gap(GapKind::ParseFailed, member.at, shorten(&member.key), why)
    }
}

/// The version in the tree, where it is one and not the list's.
fn other_version<'a>(key: &'a str, entry: &'a Map<'a>, listed: &Map<'_>) -> Option<&'a str> {
    let locked = Locked::read(key, entry.text("version")?, None);
    let same = match locked.source {
        Source::Default => listed.text("version") == Some(locked.version),
        // The list has the address in another place, and perhaps in another spelling.
        _ => true,
    };
    (!same).then_some(locked.version)
}
