//! The list of versions 2 and 3: one entry for each directory. The project itself has an empty path, and its parts are the
//! directories that links lead to.

use super::super::npm::{
    Dirs, Entry, Found, MAX_DEPENDENCIES, MAX_SOURCE, commit_or_address, sha256, shorten, source, too_large,
};
use super::super::place::Refusal;
use super::super::value::{Map, Member, Value};
use super::names;
use crate::model::{Ecosystem, GapKind, Scope, Source};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// What the path of an entry is a directory of.
const MODULES: &str = "node_modules/";

/// What became of an entry, by its position among `packages`.
#[derive(Clone, Copy)]
enum Became {
    /// The component with this index.
    Component(u32),
    /// A link to the entry at this position.
    Link(usize),
    /// Nothing that an edge could lead to.
    Nothing,
}

struct Reader<'a> {
    packages: &'a Map<'a>,
    /// The position of each path.
    paths: HashMap<&'a str, usize, foldhash::fast::RandomState>,
    /// What links lead to.
    linked: HashSet<&'a str, foldhash::fast::RandomState>,
    became: Vec<Became>,
    found: Found<'a>,
    /// Dependencies seen so far.
    dependencies: usize,
}

pub(super) fn read<'a>(root: &'a Map<'a>, packages: &'a Map<'a>) -> Result<Found<'a>, Refusal> {
    let paths = packages.0.iter().enumerate().map(|(position, member)| (member.key.as_ref(), position)).collect();
    let entries = packages.0.iter().filter_map(|member| member.value.map());
    let linked = entries.filter(|entry| entry.is_true("link")).filter_map(|entry| entry.text("resolved")).collect();
    let became = Vec::with_capacity(packages.0.len());
    let mut reader = Reader { packages, paths, linked, became, found: Found::default(), dependencies: 0 };
    for member in &packages.0 {
        let became = reader.entry(root, member)?;
        reader.became.push(became);
    }
    reader.edges()?;
    Ok(reader.found)
}

impl<'a> Reader<'a> {
    fn entry(&mut self, root: &'a Map<'a>, member: &'a Member<'a>) -> Result<Became, Refusal> {
        if member.key.len() > MAX_SOURCE {
            let why = format!("a path of {} bytes; the limit is {MAX_SOURCE}", member.key.len());
            self.found.unreadable(member.at, shorten(&member.key), why)?;
            return Ok(Became::Nothing);
        }
        let Some(entry) = member.value.map() else {
            let why = format!("the entry is {}, not a map", member.value.kind());
            self.found.unreadable(member.at, shorten(&member.key), why)?;
            return Ok(Became::Nothing);
        };
        if entry.is_true("link") {
            return self.link(member, entry);
        }
        let address = entry.text("resolved").filter(|address| !address.is_empty());
        let in_modules = member.key.rsplit_once(MODULES).map(|(_, name)| name);
        // A directory of the project is never fetched, and a link leads to it unless it is a leftover. Anything else is
        // judged as a package wherever it stands: a damaged path must not make one first-party.
        let own = member.key.is_empty() || self.linked.contains(member.key.as_ref()) || entry.is_true("extraneous");
        if in_modules.is_none() && address.is_none() && own {
            return self.own(root, member, entry);
        }
        let name = entry.text("name").unwrap_or_else(|| in_modules.unwrap_or_else(|| last_parts(&member.key)));
        let source = source(address);
        let version = match entry.get("version") {
            Some(Value::Text(version)) => version.as_ref(),
            // A repository whose package has no version.
            None if matches!(source, Source::Git(_)) => commit_or_address(address.unwrap_or_default()),
            None => "",
            Some(other) => {
                let why = format!("the version is {}, not a text", other.kind());
                self.found.unreadable(member.at, shorten(&member.key), why)?;
                return Ok(Became::Nothing);
            }
        };
        let integrity = entry.text("integrity");
        // What another package brings with it lies in that one's archive.
        let alone = !entry.is_true("inBundle");
        let entry = Entry {
            at: member.at,
            ecosystem: Ecosystem::Npm,
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(version),
            source,
            checksum: integrity.and_then(sha256),
            scope: if entry.is_true("dev") { Scope::Dev } else { Scope::Normal },
            optional: entry.is_true("optional"),
        };
        let index = self.found.push(entry)?;
        self.found.fetched(index.filter(|_| alone), address, integrity);
        Ok(index.map_or(Became::Nothing, Became::Component))
    }

    fn link(&mut self, member: &'a Member<'a>, entry: &'a Map<'a>) -> Result<Became, Refusal> {
        let target = entry.text("resolved").unwrap_or_default();
        self.found.leave_out(shorten(&member.key), format!("a link to the entry `{}`", shorten(target)))?;
        match self.paths.get(target) {
            Some(position) => Ok(Became::Link(*position)),
            None => {
                let why = format!("a link to `{}`, which the lock does not list", shorten(target));
                self.found.gap(GapKind::DanglingDependency, member.at, shorten(&member.key), why)?;
                Ok(Became::Nothing)
            }
        }
    }

    /// The project itself, or a directory of it.
    fn own(&mut self, root: &'a Map<'a>, member: &'a Member<'a>, entry: &'a Map<'a>) -> Result<Became, Refusal> {
        let is_root = member.key.is_empty();
        let said = |key: &str| entry.text(key).or_else(|| root.text(key).filter(|_| is_root));
        let name = said("name").unwrap_or_else(|| last_parts(&member.key));
        let Some(version) = said("version").filter(|version| !version.is_empty() && !name.is_empty()) else {
            let what = if is_root { "the project itself" } else { member.key.as_ref() };
            self.found.leave_out(shorten(what), "first-party, without a name or a version")?;
            return Ok(Became::Nothing);
        };
        let entry = Entry {
            at: member.at,
            ecosystem: Ecosystem::Npm,
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(version),
            source: Source::Local,
            checksum: None,
            scope: Scope::Normal,
            optional: false,
        };
        Ok(self.found.push(entry)?.map_or(Became::Nothing, Became::Component))
    }

    fn edges(&mut self) -> Result<(), Refusal> {
        let mut dirs = Dirs::new(self.packages.0.len());
        let places = self.places(&mut dirs)?;
        // All three have one element for each entry.
        for ((member, dir), became) in self.packages.0.iter().zip(places).zip(self.became.clone()) {
            // An entry that is no map has a gap already; a link has no dependencies of its own.
            let (Some(entry), false) = (member.value.map(), matches!(became, Became::Link(_))) else { continue };
            let from = if member.key.is_empty() { "the project" } else { member.key.as_ref() };
            for (at, name, must) in wanted(entry, member.key.as_ref()) {
                self.dependencies += 1;
                if self.dependencies > MAX_DEPENDENCIES {
                    return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
                }
                match (dirs.find(dir, name)?, became) {
                    (None, _) if must => self.found.dangling(at, from, name)?,
                    (Some(position), Became::Component(from)) => {
                        if let Some(to) = self.target(position) {
                            self.found.edge(from, to);
                        }
                    }
                    // Optional and peer dependencies may be absent, and what was left out has no edges.
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// The directory of each entry, with every entry put where it lies.
    fn places(&self, dirs: &mut Dirs<'a>) -> Result<Vec<u32>, Refusal> {
        let parent = |path: &'a str| {
            let (dir, name) = path.rsplit_once(MODULES)?;
            Some((dir.strip_suffix('/').unwrap_or(dir), name))
        };
        // `packages/a/node_modules/b` may stand there without `packages/a`.
        let keys = || self.packages.0.iter().map(|member| member.key.as_ref());
        let mut paths: Vec<&str> = keys().chain(keys().filter_map(parent).map(|(dir, _)| dir)).collect();
        paths.sort_unstable_by(|a, b| by_parts(a, b)); // what lies in a directory follows it at once
        paths.dedup();
        let mut ids: HashMap<&str, u32, foldhash::fast::RandomState> =
            HashMap::with_capacity_and_hasher(paths.len() + 1, foldhash::fast::RandomState::default());
        let root = dirs.dir(None)?;
        ids.insert("", root);
        let mut open: Vec<(&str, u32)> = Vec::new();
        for path in paths.into_iter().filter(|path| !path.is_empty()) {
            while open.last().is_some_and(|(dir, _)| !path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/')))
            {
                open.pop();
            }
            let id = dirs.dir(Some(open.last().map_or(root, |(_, id)| *id)))?;
            open.push((path, id));
            ids.insert(path, id);
        }
        for (position, key) in keys().enumerate() {
            // A directory of the project is found through a link alone.
            let Some((dir, name)) = parent(key) else { continue };
            let position = u32::try_from(position).map_err(|_| too_large(u32::MAX as usize, "packages"))?;
            dirs.put(ids.get(dir).copied().unwrap_or(root), name, position);
        }
        Ok(keys().map(|key| ids.get(key).copied().unwrap_or(root)).collect())
    }

    /// The component behind an entry. A link leads to a directory, never to another link.
    fn target(&self, position: u32) -> Option<u32> {
        match self.became.get(position as usize)? {
            Became::Component(index) => Some(*index),
            Became::Link(target) => match self.became.get(*target)? {
                Became::Component(index) => Some(*index),
                Became::Link(_) | Became::Nothing => None,
            },
            Became::Nothing => None,
        }
    }
}

/// What an entry depends on, with the place, and whether the lock must list it. What a directory of the project needs
/// for its own development is installed for the project and its workspaces alone, so only the project's must be there.
fn wanted<'a>(entry: &'a Map<'a>, path: &str) -> impl Iterator<Item = (usize, &'a str, bool)> {
    let optional: HashSet<&str> = names(entry, "optionalDependencies").map(|(_, name)| name).collect();
    let needed = names(entry, "dependencies").map(move |(at, name)| (at, name, !optional.contains(name)));
    let is_root = path.is_empty();
    let own = !path.contains(MODULES);
    let developed = names(entry, "devDependencies").filter(move |_| own).map(move |(at, name)| (at, name, is_root));
    let loose = ["optionalDependencies", "peerDependencies"];
    let loose = loose.into_iter().flat_map(move |key| names(entry, key)).map(|(at, name)| (at, name, false));
    needed.chain(developed).chain(loose)
}

/// The name that a directory would give a package: its last part, with the scope before it.
fn last_parts(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((before, last)) => match before.rsplit('/').next().filter(|part| part.starts_with('@')) {
            Some(scope) => path.get(path.len() - scope.len() - 1 - last.len()..).unwrap_or(last),
            None => last,
        },
        None => path,
    }
}

/// The order of paths part by part, as if a slash came before every other byte. The first byte that differs decides.
fn by_parts(a: &str, b: &str) -> Ordering {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let rank = |path: &str| path.as_bytes().get(same).map(|byte| (*byte != b'/', *byte));
    rank(a).cmp(&rank(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_the_parts(a in "[ab/.-]{0,8}", b in "[ab/.-]{0,8}") {
            prop_assert_eq!(by_parts(&a, &b), a.split('/').cmp(b.split('/')));
        }
    }
}
