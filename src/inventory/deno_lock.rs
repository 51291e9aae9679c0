//! `deno.lock`, versions 2 to 5 of the format: packages of npm and of JSR, and the edges between them. Modules that are
//! fetched by their address are left out by name, with one gap: no advisory is about an address. It looks at no other
//! file, and what is for development is not in the lock.

#[cfg(test)]
mod tests;

use super::npm::{
    About, Entry, Found, MAX_DEPENDENCIES, conflict, sha256, shorten, source, split_at, too_large, unsupported,
};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Scope, Source, TreePath};
use std::borrow::Cow;
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "deno-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `deno install`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "keys of packages and modules",
    restore: RESTORE,
    complete: "run `deno install` so that deno completes the lock, and commit the result",
};

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` for an entry that cannot be understood, `not-covered` where modules are fetched by their address,
/// `dangling-dependency` and `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let value = json::read(text, RESTORE)?;
    let Some(root) = value.map() else {
        return Err(Refusal::new(0, format!("a lock is an object, this is {}", value.kind()), RESTORE));
    };
    let version = version(root)?;
    let sections = Sections::of(root, version)?;
    let mut reader = Reader { found: Found::default(), npm: Names::default(), jsr: Names::default(), dependencies: 0 };
    // In the order of the file.
    let mut lists = [(Kind::Jsr, sections.jsr), (Kind::Npm, sections.npm)];
    lists.sort_by_key(|(_, list)| list.first().map_or(0, |member| member.at));
    for (kind, list) in lists {
        for member in list {
            reader.package(kind, member)?;
        }
    }
    reader.edges(root, &sections)?;
    reader.modules(sections.remote)?;
    Ok(reader.found.finish(path, text, &ABOUT, counter::deno(bytes, version)))
}

fn version(root: &Map<'_>) -> Result<u32, Refusal> {
    match root.member("version") {
        // Version 1 was a list of addresses without a version.
        None => Err(Refusal::new(0, "`version` is missing", RESTORE)),
        Some(member) => match member.value.text().map(|text| (text, text.parse::<u32>())) {
            Some((_, Ok(version @ 2..=5))) => Ok(version),
            Some((said, _)) => Err(unsupported(member.at, said, "2 to 5")),
            None => {
                let why = format!("`version` is {}, not a text", member.value.kind());
                Err(Refusal::new(member.at, why, RESTORE))
            }
        },
    }
}

/// The lists of a lock, wherever a version keeps them.
struct Sections<'a> {
    /// What is asked for, and the version that it got.
    specifiers: &'a [Member<'a>],
    npm: &'a [Member<'a>],
    jsr: &'a [Member<'a>],
    remote: &'a [Member<'a>],
}

impl<'a> Sections<'a> {
    fn of(root: &'a Map<'a>, version: u32) -> Result<Self, Refusal> {
        // Of a list inside another one; nothing where that is missing.
        let inner = |outer: &str, key: &str| match root.member(outer) {
            None => Ok(&[][..]),
            Some(member) => list(member.value.map().ok_or_else(|| wrong(member))?, key),
        };
        let own = |key: &str| list(root, key);
        let elsewhere: &[&str] = match version {
            2 => &["packages", "specifiers", "jsr"],
            3 => &["npm", "specifiers", "jsr"],
            _ => &["packages"],
        };
        if let Some(member) = elsewhere.iter().find_map(|key| root.member(key)) {
            let why = format!("`{}` in version {version}: two versions of the format in one file", member.key);
            return Err(Refusal::new(member.at, why, RESTORE));
        }
        // Where all packages are in one section, nothing else tells that it is there under a damaged key.
        let is_known = |key: &str| matches!(key, "npm" | "packages" | "remote" | "redirects" | "workspace");
        let lists = |member: &&Member<'_>| {
            let map = member.value.map();
            !is_known(&member.key) && map.is_some_and(|map| map.0.iter().any(|member| member.value.map().is_some()))
        };
        if let Some(member) = root.0.iter().find(lists).filter(|_| version < 4) {
            return Err(Refusal::new(member.at, "lists under a key that deno does not write", RESTORE));
        }
        let (specifiers, npm, jsr) = match version {
            2 => (inner("npm", "specifiers")?, inner("npm", "packages")?, &[][..]),
            3 => (inner("packages", "specifiers")?, inner("packages", "npm")?, inner("packages", "jsr")?),
            _ => (own("specifiers")?, own("npm")?, own("jsr")?),
        };
        Ok(Self { specifiers, npm, jsr, remote: own("remote")? })
    }
}

fn list<'a>(map: &'a Map<'a>, key: &str) -> Result<&'a [Member<'a>], Refusal> {
    match map.member(key) {
        None => Ok(&[]),
        Some(member) => member.value.map().map(|map| map.0.as_slice()).ok_or_else(|| wrong(member)),
    }
}

fn wrong(member: &Member<'_>) -> Refusal {
    Refusal::new(member.at, format!("`{}` is {}, not a map", shorten(&member.key), member.value.kind()), RESTORE)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npm,
    Jsr,
}

/// The packages of one registry, by key (`name@version`) and by name.
#[derive(Default)]
struct Names<'a> {
    keys: HashMap<&'a str, Option<u32>, foldhash::fast::RandomState>,
    /// None inside where the name has several versions.
    names: HashMap<&'a str, Option<&'a str>, foldhash::fast::RandomState>,
}

struct Reader<'a> {
    found: Found<'a>,
    npm: Names<'a>,
    jsr: Names<'a>,
    dependencies: usize,
}

impl<'a> Reader<'a> {
    fn package(&mut self, kind: Kind, member: &'a Member<'a>) -> Result<(), Refusal> {
        let key = member.key.as_ref();
        let (entry, parts) = (member.value.map(), split_at(key));
        let component = match (entry, parts) {
            (Some(entry), Some((name, version))) => {
                let index = self.found.push(Entry {
                    at: member.at,
                    ecosystem: if kind == Kind::Npm { Ecosystem::Npm } else { Ecosystem::Jsr },
                    name: Cow::Borrowed(name),
                    // Peers stand behind the version of npm's packages: `1.0.0_react@18.0.0`.
                    version: Cow::Borrowed(version.split('_').next().unwrap_or(version)),
                    source: if kind == Kind::Npm { source(entry.text("tarball")) } else { Source::Default },
                    // That of JSR is of the package's list of files.
                    checksum: entry.text("integrity").filter(|_| kind == Kind::Npm).and_then(sha256),
                    scope: Scope::Unknown,
                    optional: false,
                })?;
                self.found.fetched(index, entry.text("tarball"), entry.text("integrity"));
                index
            }
            (None, _) => {
                let why = format!("the entry is {}, not a map", member.value.kind());
                self.found.unreadable(member.at, shorten(key), why)?;
                None
            }
            (_, None) => {
                self.found.unreadable(member.at, shorten(key), "the key does not name a package and a version")?;
                None
            }
        };
        let names = if kind == Kind::Npm { &mut self.npm } else { &mut self.jsr };
        names.keys.insert(key, component);
        let name = parts.map_or(key, |(name, _)| name);
        names.names.entry(name).and_modify(|only| *only = None).or_insert(Some(key));
        Ok(())
    }

    fn edges(&mut self, root: &'a Map<'a>, sections: &Sections<'a>) -> Result<(), Refusal> {
        let mut specifiers: HashMap<&str, Option<u32>, foldhash::fast::RandomState> = HashMap::default();
        for member in sections.specifiers {
            let said = member.value.text().unwrap_or_default();
            let found = self.specified(&member.key, said);
            if found.is_none() {
                self.found.dangling(member.at, &member.key, said)?;
            }
            specifiers.insert(&member.key, found.flatten());
        }
        for (at, spec) in asked(root) {
            if spec.starts_with("npm:") || spec.starts_with("jsr:") {
                self.depend(at, "the project", spec, false, &specifiers)?;
            }
        }
        for (list, is_npm) in [(sections.npm, true), (sections.jsr, false)] {
            for member in list {
                let Some(entry) = member.value.map() else { continue }; // it has a gap
                let names = if is_npm { &self.npm } else { &self.jsr };
                let from = names.keys.get(member.key.as_ref()).copied().flatten();
                for (at, spec, optional) in wanted(entry, member.at, is_npm) {
                    let target = self.depend(at, &member.key, &spec, optional, &specifiers)?;
                    if let (Some(from), Some(target)) = (from, target) {
                        self.found.edge(from, target);
                    }
                }
            }
        }
        Ok(())
    }

    /// The package that a specifier got; nothing where it is not listed.
    fn specified(&self, spec: &str, said: &str) -> Option<Option<u32>> {
        let (names, spec) = match spec.strip_prefix("jsr:") {
            Some(spec) => (&self.jsr, spec),
            None => (&self.npm, spec.strip_prefix("npm:").unwrap_or(spec)),
        };
        let said = said.strip_prefix("jsr:").or_else(|| said.strip_prefix("npm:")).unwrap_or(said);
        let name = split_at(spec).map_or(spec, |(name, _)| name);
        names.keys.get(format!("{name}@{said}").as_str()).or_else(|| names.keys.get(said)).copied()
    }

    /// The package that a dependency leads to.
    fn depend(
        &mut self,
        at: usize,
        from: &str,
        spec: &str,
        optional: bool,
        specifiers: &HashMap<&str, Option<u32>, foldhash::fast::RandomState>,
    ) -> Result<Option<u32>, Refusal> {
        self.dependencies += 1;
        if self.dependencies > MAX_DEPENDENCIES {
            return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
        }
        if let Some(found) = specifiers.get(spec) {
            return Ok(*found);
        }
        let (names, spec) = match spec.strip_prefix("jsr:") {
            Some(spec) => (&self.jsr, spec),
            None => (&self.npm, spec.strip_prefix("npm:").unwrap_or(spec)),
        };
        // `name` alone where the lock has one version of it, `alias@npm:name@version` for another name.
        let aliased = split_at(spec).and_then(|(_, rest)| rest.strip_prefix("npm:"));
        let spec = aliased.unwrap_or(spec);
        let key = names.names.get(spec).copied().flatten().unwrap_or(spec);
        match names.keys.get(key) {
            Some(found) => Ok(*found),
            None if optional => Ok(None),
            None => self.found.dangling(at, from, spec).map(|()| None),
        }
    }

    fn modules(&mut self, remote: &'a [Member<'a>]) -> Result<(), Refusal> {
        for member in remote {
            self.found.leave_out(shorten(&member.key), "a module that is fetched by its address")?;
        }
        match remote.first() {
            Some(first) => {
                let why = format!("{} modules are fetched by their address; no advisory is about one", remote.len());
                self.found.gap(GapKind::NotCovered, first.at, shorten(&first.key), why)
            }
            None => Ok(()),
        }
    }
}

/// What the project and its members ask for.
fn asked<'a>(root: &'a Map<'a>) -> Vec<(usize, &'a str)> {
    let Some(member) = root.member("workspace") else { return Vec::new() };
    let Some(workspace) = member.value.map() else { return Vec::new() }; // nothing in it is a package
    let members = workspace.get("members").and_then(Value::map).map_or(&[][..], |map| &map.0);
    let own = std::iter::once(workspace).chain(members.iter().filter_map(|member| member.value.map()));
    let with_manifests = own.flat_map(|own| [Some(own), own.get("packageJson").and_then(Value::map)]).flatten();
    let lists = with_manifests.filter_map(|own| match own.get("dependencies") {
        Some(Value::List(list)) => Some(list),
        _ => None,
    });
    lists.flatten().filter_map(Value::text).map(|spec| (member.at, spec)).collect()
}

/// What a package depends on: place, what it asks for, and whether it may be absent.
fn wanted<'a>(entry: &'a Map<'a>, at: usize, is_npm: bool) -> Vec<(usize, Cow<'a, str>, bool)> {
    let mut wanted = Vec::new();
    for (key, optional) in [("dependencies", false), ("optionalDependencies", true), ("optionalPeers", true)] {
        match entry.get(key) {
            // Before version 4: the name that is imported, and the key of the package.
            Some(Value::Map(map)) if is_npm => {
                wanted.extend(
                    map.0.iter().filter_map(|member| {
                        member.value.text().map(|text| (member.at, Cow::Borrowed(text), optional))
                    }),
                );
            }
            Some(Value::List(list)) => {
                wanted.extend(list.iter().filter_map(Value::text).map(|text| (at, Cow::Borrowed(text), optional)));
            }
            _ => {}
        }
    }
    wanted
}
