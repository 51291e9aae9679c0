//! `bun.lock`, versions 0 and 1 of the format: packages, edges, scopes. It is JSON with commas behind last values.
//! `bun.lockb`, the binary format before it, is not read, and neither is any other file.

#[cfg(test)]
mod tests;

use super::npm::{
    About, Dirs, Entry, Found, MAX_DEPENDENCIES, MAX_SOURCE, commit_or_address, conflict, sha256, shorten, source,
    split_at, tarball_version, too_large, unsupported,
};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Scope, Source, TreePath};
use std::borrow::Cow;
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "bun-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `bun install --lockfile-only`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "keys of packages",
    restore: RESTORE,
    complete: "run `bun install --lockfile-only` so that bun completes the lock, and commit the result",
};

/// Reads a lock.
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
    let strict = json::without_trailing_commas(text);
    let value = json::read(&strict, RESTORE)?;
    let Some(root) = value.map() else {
        return Err(Refusal::new(0, format!("a lock is an object, this is {}", value.kind()), RESTORE));
    };
    check_version(root)?;
    let (workspaces, packages) = (section(root, "workspaces")?, section(root, "packages")?);
    let mut reader = Reader {
        workspaces,
        became: Vec::with_capacity(packages.0.len()),
        dirs: Dirs::new(packages.0.len()),
        places: HashMap::default(),
        found: Found::default(),
        dependencies: 0,
    };
    for member in &packages.0 {
        let component = reader.package(member)?;
        reader.became.push(component);
    }
    reader.place(packages)?;
    reader.edges(packages)?;
    Ok(reader.found.finish(path, text, &ABOUT, counter::bun(bytes)))
}

fn check_version(root: &Map<'_>) -> Result<(), Refusal> {
    match root.member("lockfileVersion") {
        None => Err(Refusal::new(0, "`lockfileVersion` is missing", RESTORE)),
        Some(member) => match &member.value {
            Value::Number(digits) if matches!(digits.as_str(), "0" | "1") => Ok(()),
            Value::Number(other) => Err(unsupported(member.at, other, "0 and 1")),
            other => {
                let why = format!("`lockfileVersion` is {}, not a number", other.kind());
                Err(Refusal::new(member.at, why, RESTORE))
            }
        },
    }
}

fn section<'a>(root: &'a Map<'a>, key: &str) -> Result<&'a Map<'a>, Refusal> {
    match root.member(key) {
        None => Err(Refusal::new(0, format!("`{key}` is missing"), RESTORE)),
        Some(member) => member
            .value
            .map()
            .ok_or_else(|| Refusal::new(member.at, format!("`{key}` is {}, not a map", member.value.kind()), RESTORE)),
    }
}

struct Reader<'a> {
    workspaces: &'a Map<'a>,
    /// The component of each entry.
    became: Vec<Option<u32>>,
    dirs: Dirs<'a>,
    /// The directory of each key; that of the project is empty.
    places: HashMap<&'a str, u32, foldhash::fast::RandomState>,
    found: Found<'a>,
    dependencies: usize,
}

impl<'a> Reader<'a> {
    /// An entry is a list: what it is, where it comes from (for packages of a registry), what it needs, its integrity.
    fn package(&mut self, member: &'a Member<'a>) -> Result<Option<u32>, Refusal> {
        let list = match &member.value {
            Value::List(list) => list.as_slice(),
            _ => &[],
        };
        let Some((name, locked)) = list.first().and_then(Value::text).and_then(split_at) else {
            self.found.unreadable(
                member.at,
                shorten(&member.key),
                "the entry does not name a package and a version",
            )?;
            return Ok(None);
        };
        let (version, source) = match locked.split_once(':').map_or("", |(protocol, _)| protocol) {
            "workspace" | "root" => {
                let dir = locked.split_once(':').map_or("", |(_, dir)| dir);
                let workspace = self.workspaces.get(dir).and_then(Value::map);
                let Some(version) = workspace.and_then(|workspace| workspace.text("version")) else {
                    self.found.leave_out(shorten(&member.key), "first-party, without a version")?;
                    return Ok(None);
                };
                (version, Source::Local)
            }
            "" if locked.starts_with(|c: char| c.is_ascii_digit()) => {
                (locked, source(list.get(1).and_then(Value::text)))
            }
            _ => match source(Some(locked)) {
                // A tarball; that of a registry says the version in its name.
                Source::Default => match tarball_version(name, locked) {
                    Some(version) => (version, Source::Default),
                    None => (locked, Source::Registry(locked.into())),
                },
                Source::Git(address) => (commit_or_address(locked), Source::Git(address)),
                other => (locked, other),
            },
        };
        let fetched = !matches!(source, Source::Local | Source::Path(_));
        let index = self.found.push(Entry {
            at: member.at,
            ecosystem: Ecosystem::Npm,
            name: Cow::Borrowed(name),
            version: Cow::Borrowed(version),
            source,
            checksum: list.iter().skip(1).filter_map(Value::text).find_map(sha256),
            scope: Scope::Unknown,
            optional: false,
        })?;
        let texts = || list.iter().skip(1).filter_map(Value::text);
        let address =
            texts().find(|text| text.contains("://")).or(Some(locked).filter(|locked| locked.contains("://")));
        let integrity = texts().find(|text| text.starts_with("sha") && text.contains('-'));
        // What another package brings with it lies in that one's archive.
        let alone = !list.iter().filter_map(Value::map).any(|info| info.is_true("bundled"));
        self.found.fetched(index.filter(|_| fetched && alone), address, integrity);
        Ok(index)
    }

    /// Puts every entry where its key says: `a/b` is the `b` that `a` finds before others.
    fn place(&mut self, packages: &'a Map<'a>) -> Result<(), Refusal> {
        let root = self.dirs.dir(None)?;
        self.places.insert("", root);
        let mut sorted: Vec<(&str, usize)> =
            packages.0.iter().enumerate().map(|(position, member)| (member.key.as_ref(), position)).collect();
        sorted.sort_unstable(); // what something lies under is shorter and sorts before it
        for (key, position) in sorted {
            if key.len() > MAX_SOURCE {
                return Err(too_large(MAX_SOURCE, "bytes of a key"));
            }
            let (above, name) = last_name(key);
            // Under a key that is not listed nothing is found.
            let above = self.places.get(above).copied();
            let own = self.dirs.dir(Some(above.unwrap_or(root)))?;
            self.places.insert(key, own);
            if let Some(above) = above {
                self.dirs.put(above, name, u32::try_from(position).map_err(|_| too_large(MAX_SOURCE, "packages"))?);
            }
        }
        Ok(())
    }

    fn edges(&mut self, packages: &'a Map<'a>) -> Result<(), Refusal> {
        let (mut normal, mut dev) = (Vec::new(), Vec::new());
        for member in &self.workspaces.0 {
            let Some(workspace) = member.value.map() else {
                return Err(Refusal::new(member.at, "a workspace that is no map", RESTORE));
            };
            let name = workspace.text("name").unwrap_or_default();
            let dir = if member.key.is_empty() { "" } else { name };
            let from = if member.key.is_empty() { "the project" } else { member.key.as_ref() };
            let component = if dir.is_empty() { None } else { self.listed(dir) };
            for (list, is_dev) in [("dependencies", false), ("optionalDependencies", false), ("devDependencies", true)]
            {
                let roots = if is_dev { &mut dev } else { &mut normal };
                self.list(workspace, list, dir, from, component, roots)?;
            }
            self.list(workspace, "peerDependencies", dir, from, component, &mut normal)?;
        }
        for (member, component) in packages.0.iter().zip(self.became.clone()) {
            // Without a list, or as a workspace, it was dealt with.
            let Value::List(list) = &member.value else { continue };
            let is_own = list.first().and_then(Value::text).is_some_and(|ident| ident.contains("@workspace:"));
            let Some(info) = list.iter().find_map(Value::map).filter(|_| !is_own) else { continue };
            for key in ["dependencies", "optionalDependencies", "peerDependencies"] {
                self.list(info, key, &member.key, &member.key, component, &mut Vec::new())?;
            }
        }
        self.found.reach(&normal, &dev);
        Ok(())
    }

    /// The component that a key of the list is.
    fn listed(&mut self, key: &str) -> Option<u32> {
        let (root, position) = (self.places.get("").copied()?, key);
        let position = self.dirs.find(root, position).ok().flatten()?;
        self.became.get(position as usize).copied().flatten()
    }

    /// The dependencies of one kind. Those of peers and optional ones may be absent.
    fn list(
        &mut self,
        entry: &'a Map<'a>,
        key: &str,
        dir: &str,
        from: &str,
        component: Option<u32>,
        roots: &mut Vec<u32>,
    ) -> Result<(), Refusal> {
        let dir = self.places.get(dir).or_else(|| self.places.get("")).copied().unwrap_or_default();
        let must = matches!(key, "dependencies" | "devDependencies");
        for dependency in entry.get(key).and_then(Value::map).map_or(&[][..], |map| &map.0) {
            self.dependencies += 1;
            if self.dependencies > MAX_DEPENDENCIES {
                return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
            }
            match self.dirs.find(dir, &dependency.key)? {
                None if must => self.found.dangling(dependency.at, from, &dependency.key)?,
                None => {}
                Some(position) => {
                    let target = self.became.get(position as usize).copied().flatten();
                    roots.extend(target);
                    if let (Some(from), Some(to)) = (component, target) {
                        self.found.edge(from, to);
                    }
                }
            }
        }
        Ok(())
    }
}

/// A key in two parts: what it lies under, and its name, which may have a scope.
fn last_name(key: &str) -> (&str, &str) {
    let Some((above, name)) = key.rsplit_once('/') else { return ("", key) };
    let (further, scope) = above.rsplit_once('/').unwrap_or(("", above));
    match scope.starts_with('@') {
        true => (further, key.get(further.len() + usize::from(!further.is_empty())..).unwrap_or(name)),
        false => (above, name),
    }
}
