//! `pnpm-lock.yaml`, versions 5, 6 and 9 of the format: packages, edges, scopes. It looks at no other file: what the
//! project and its workspaces ask for stands in the lock.
//!
//! Versions 5 and 6 say beside a package what it depends on and whether it is for development; version 9 says the first
//! in `snapshots` (one for each set of peers), and the second follows from what leads to it.

mod keys;
#[cfg(test)]
mod tests;

use super::counter;
use super::npm::{About, Entry, Found, MAX_DEPENDENCIES, conflict, sha256, shorten, too_large, unsupported};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::yaml;
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Scope, Source, TreePath};
use keys::{Locked, targets, without_peers};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "pnpm-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `pnpm install --lockfile-only`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "keys of packages",
    restore: RESTORE,
    complete: "run `pnpm install --lockfile-only` so that pnpm completes the lock, and commit the result",
};

/// Reads a lock. It may have two documents: pnpm locks itself in the first.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` for an entry that cannot be understood, `dangling-dependency` and `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let documents = yaml::read(text, RESTORE)?;
    if documents.is_empty() {
        return Err(Refusal::new(0, "the file holds nothing", RESTORE));
    }
    let mut found = Found::default();
    for document in &documents {
        let Value::Map(root) = document else {
            return Err(Refusal::new(0, format!("a lock is a map, this is {}", document.kind()), RESTORE));
        };
        document_of(root, &mut found)?;
    }
    Ok(found.finish(path, text, &ABOUT, counter::pnpm(bytes)))
}

/// The versions of the format that differ in how things are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// `/name/1.0.0_peers`
    Five,
    /// `/name@1.0.0(peers)`
    Six,
    /// `name@1.0.0`, and `snapshots`
    Nine,
}

fn version(root: &Map<'_>) -> Result<Version, Refusal> {
    let Some(member) = root.member("lockfileVersion") else {
        return Err(Refusal::new(0, "`lockfileVersion` is missing", RESTORE));
    };
    let Some(said) = member.value.text() else {
        let why = format!("`lockfileVersion` is {}, not a version", member.value.kind());
        return Err(Refusal::new(member.at, why, RESTORE));
    };
    match said.split_once('.') {
        Some(("5", minor)) if is_number(minor) => Ok(Version::Five),
        Some(("6", minor)) if is_number(minor) => Ok(Version::Six),
        Some(("9", minor)) if is_number(minor) => Ok(Version::Nine),
        _ => Err(unsupported(member.at, said, "5, 6 and 9")),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// One document of a lock.
struct Reader<'a, 'f> {
    version: Version,
    /// The component of each key; none where the entry has a gap.
    packages: HashMap<&'a str, Option<u32>, foldhash::fast::RandomState>,
    /// The keys of `snapshots`, without peers.
    snapshots: HashSet<&'a str, foldhash::fast::RandomState>,
    found: &'f mut Found<'a>,
    dependencies: usize,
    normal: Vec<u32>,
    dev: Vec<u32>,
}

/// A map under a key of the root; none where the key is missing or has no value.
fn section<'a>(root: &'a Map<'a>, key: &str) -> Result<&'a [Member<'a>], Refusal> {
    match root.member(key) {
        None => Ok(&[]),
        Some(member) => match &member.value {
            Value::Map(map) => Ok(&map.0),
            Value::Null => Ok(&[]),
            other => Err(Refusal::new(member.at, format!("`{key}` is {}, not a map", other.kind()), RESTORE)),
        },
    }
}

fn document_of<'a>(root: &'a Map<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let version = version(root)?;
    let (packages, snapshots) = (section(root, "packages")?, section(root, "snapshots")?);
    if let (Some(first), true) = (snapshots.first(), version != Version::Nine) {
        return Err(Refusal::new(first.at, "`snapshots` before version 9: two versions of the format", RESTORE));
    }
    let mut own = Found::default();
    let mut reader = Reader {
        version,
        packages: HashMap::default(),
        snapshots: snapshots.iter().map(|member| without_peers(&member.key)).collect(),
        found: &mut own,
        dependencies: 0,
        normal: Vec::new(),
        dev: Vec::new(),
    };
    for member in packages {
        let component = reader.package(member)?;
        reader.packages.insert(&member.key, component);
    }
    reader.project(root)?;
    match version {
        Version::Nine => reader.snapshots(snapshots)?,
        Version::Five | Version::Six => {
            for member in packages {
                let from = reader.packages.get(member.key.as_ref()).copied().flatten();
                reader.entry(member, from)?;
            }
        }
    }
    let (normal, dev) = (std::mem::take(&mut reader.normal), std::mem::take(&mut reader.dev));
    own.reach(&normal, &dev);
    found.append(own)
}

impl<'a> Reader<'a, '_> {
    fn package(&mut self, member: &'a Member<'a>) -> Result<Option<u32>, Refusal> {
        let key = member.key.as_ref();
        let Some(entry) = member.value.map() else {
            let why = format!("the entry is {}, not a map", member.value.kind());
            self.found.unreadable(member.at, shorten(key), why)?;
            return Ok(None);
        };
        if self.version == Version::Nine && !self.snapshots.contains(key) {
            let why = "the entry has no snapshot: a part of the lock is missing".to_owned();
            self.found.gap(GapKind::ParseFailed, member.at, shorten(key), why)?;
        }
        let Some(locked) = Locked::read(self.version, key, entry) else {
            self.found.unreadable(member.at, shorten(key), "the key does not name a package and its version")?;
            return Ok(None);
        };
        let resolution = entry.get("resolution").and_then(Value::map);
        let integrity = resolution.and_then(|map| map.text("integrity"));
        let is_file = matches!(locked.source, Source::Path(_));
        let scope = match entry.get("dev") {
            Some(Value::Bool(true)) => Scope::Dev,
            Some(Value::Bool(false)) => Scope::Normal,
            _ => Scope::Unknown,
        };
        let index = self.found.push(Entry {
            at: member.at,
            ecosystem: Ecosystem::Npm,
            name: Cow::Borrowed(locked.name),
            version: Cow::Borrowed(locked.version),
            source: locked.source,
            checksum: integrity.and_then(sha256),
            scope,
            optional: entry.is_true("optional"),
        })?;
        let address = resolution.and_then(|map| map.text("tarball"));
        self.found.fetched(index.filter(|_| !is_file), address, integrity);
        Ok(index)
    }

    /// What the project asks for: at the root of the lock, or for each workspace under `importers`.
    fn project(&mut self, root: &'a Map<'a>) -> Result<(), Refusal> {
        self.importer("the project", root)?;
        for member in section(root, "importers")? {
            match &member.value {
                Value::Map(importer) => self.importer(&member.key, importer)?,
                Value::Null => {}
                other => {
                    let why = format!("an importer is {}, not a map", other.kind());
                    return Err(Refusal::new(member.at, why, RESTORE));
                }
            }
        }
        Ok(())
    }

    fn importer(&mut self, from: &str, importer: &'a Map<'a>) -> Result<(), Refusal> {
        let lists = [
            ("dependencies", false),
            ("optionalDependencies", false),
            ("configDependencies", false),
            ("packageManagerDependencies", true),
            ("devDependencies", true),
        ];
        for (key, is_dev) in lists {
            for member in section(importer, key)? {
                // `name: 1.0.0`, or `name: {specifier: ^1.0.0, version: 1.0.0}`
                let said = member.value.text().or_else(|| member.value.map().and_then(|map| map.text("version")));
                let Some(said) = said else {
                    // pnpm locks its own configuration with integrity and no version.
                    if key != "configDependencies" {
                        let why = format!("{} asks for it without a version", shorten(from));
                        self.found.gap(GapKind::ParseFailed, member.at, shorten(&member.key), why)?;
                    }
                    continue;
                };
                let is_optional = key == "optionalDependencies";
                if let Some(target) = self.depend(from, member.at, &member.key, said, is_optional)? {
                    let roots = if is_dev { &mut self.dev } else { &mut self.normal };
                    roots.push(target);
                }
            }
        }
        Ok(())
    }

    /// The edges of a package, or of a snapshot of it.
    fn entry(&mut self, member: &'a Member<'a>, from: Option<u32>) -> Result<(), Refusal> {
        let Some(entry) = member.value.map() else { return Ok(()) }; // nothing, or an entry with a gap
        for (key, is_optional) in [("dependencies", false), ("optionalDependencies", true)] {
            for dependency in section(entry, key)? {
                let Some(said) = dependency.value.text() else {
                    let why = format!("{} asks for it without a version", shorten(&member.key));
                    self.found.gap(GapKind::ParseFailed, dependency.at, shorten(&dependency.key), why)?;
                    continue;
                };
                let target = self.depend(&member.key, dependency.at, &dependency.key, said, is_optional)?;
                if let (Some(from), Some(target)) = (from, target) {
                    self.found.edge(from, target);
                }
            }
        }
        Ok(())
    }

    fn snapshots(&mut self, snapshots: &'a [Member<'a>]) -> Result<(), Refusal> {
        // A package is optional when every snapshot of it is.
        let mut needed: HashMap<u32, bool, foldhash::fast::RandomState> = HashMap::default();
        for member in snapshots {
            let from = match self.packages.get(without_peers(&member.key)) {
                Some(from) => *from,
                None => {
                    let why = "a snapshot of a package that the lock does not list".to_owned();
                    self.found.gap(GapKind::ParseFailed, member.at, shorten(&member.key), why)?;
                    None
                }
            };
            if let Some(from) = from {
                let is_optional = member.value.map().is_some_and(|entry| entry.is_true("optional"));
                *needed.entry(from).or_insert(false) |= !is_optional;
            }
            self.entry(member, from)?;
        }
        for (index, needed) in needed {
            self.found.set_optional(index, !needed);
        }
        Ok(())
    }

    /// The component that a dependency leads to; none for a directory of the project, or an entry that has a gap.
    fn depend(
        &mut self,
        from: &str,
        at: usize,
        name: &str,
        said: &str,
        is_optional: bool,
    ) -> Result<Option<u32>, Refusal> {
        self.dependencies += 1;
        if self.dependencies > MAX_DEPENDENCIES {
            return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
        }
        if said.starts_with("link:") {
            return Ok(None);
        }
        let found = targets(self.version, name, said).iter().find_map(|key| self.packages.get(key.as_str()).copied());
        match found {
            Some(component) => Ok(component),
            None if is_optional => Ok(None),
            None => self.found.dangling(at, from, &format!("{} {}", shorten(name), shorten(said))).map(|()| None),
        }
    }
}
