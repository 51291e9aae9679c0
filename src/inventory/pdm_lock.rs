//! `pdm.lock`, versions 2 to 4.5 of the format: components, edges by name, groups as conditions. Which of the groups are
//! for development alone only `pyproject.toml` knows, which is not read.

use super::counter;
use super::place::{Cursor, Refusal, utf8};
use super::python::requirement::Requirement;
use super::python::{self, Edges, File, Lock, Names};
use super::toml_tree::{Node, Text, Tree, Value};
use crate::model::{Component, Digest, Gap, GapKind, Inventory, Partial, Scope, Source, Stage, TreePath};
use std::collections::HashMap;
use std::sync::Arc;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "pdm-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `pdm lock`";
/// The keys at the top of the file.
const KEYS: [&str; 2] = ["package", "metadata"];
/// The newest known version of the format.
const NEWEST: (u32, u32) = (4, 5);

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `dangling-dependency` (the edge is missing), `count-mismatch`, `unsupported-version` (a key at the top that is not
/// known), `parse-failed` (no version of the format, or a package whose header is lost).
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let tree = Tree::read(text, RESTORE)?;
    let root = tree.root();
    let mut lock = Lock::default();
    let metadata = root.table("metadata")?;
    match metadata.map(|metadata| metadata.text("lock_version")).transpose()?.flatten() {
        Some(version) => check_version(version)?,
        None => {
            let why = "no version of the format, which pdm writes into every lock: a part of the file may be missing";
            lock.gap(None, Gap::new(GapKind::ParseFailed, Stage::Inventory, path.as_str(), why).with_help(RESTORE))?;
        }
    }
    let tables = root.tables("package")?.filter(|packages| !packages.is_empty());
    let tables = tables.ok_or_else(|| Refusal { at: None, ..root.refuse("the file lists no package") })?;
    let packages: Vec<Package<'_>> = tables.iter().map(|table| Package::read(*table)).collect::<Result<_, _>>()?;
    let files = metadata.map(|metadata| metadata.table("files")).transpose()?.flatten();
    let files = Files(files.into_iter().flat_map(Node::entries).map(|(key, list)| (key.text, list)).collect());
    let positions = components(&packages, &files, &mut lock, &mut Cursor::new(text))?;
    lock.edges = edges(&packages, &positions, &mut lock)?;
    lock.check_keys(root, &KEYS)?;
    lock.check_strays(root, &tables, &["package"])?;
    let counted = counter::python::tables(bytes, b"package");
    Ok(lock.finish(&File { path, format: FORMAT, bytes, text }, counted, "[[package]] headers"))
}

fn check_version(version: Text<'_>) -> Result<(), Refusal> {
    let mut parts = version.text.split('.').map(str::parse::<u32>);
    let major_minor = (parts.next(), parts.next().unwrap_or(Ok(0)));
    match major_minor {
        (Some(Ok(major)), Ok(minor)) if (2..=NEWEST.0).contains(&major) && (major, minor) <= NEWEST => Ok(()),
        _ => Err(python::unsupported(version.at, version.text, "2 to 4.5")),
    }
}

/// An entry. One package has an entry for each set of extras that somebody asks for, and mostly one without any.
struct Package<'a> {
    table: Node<'a>,
    name: Arc<str>,
    version: Arc<str>,
    source: Source,
    extras: Vec<&'a str>,
}

impl<'a> Package<'a> {
    fn read(table: Node<'a>) -> Result<Self, Refusal> {
        let name = python::name(table.required("name")?, RESTORE)?;
        let version = python::version(table.required("version")?, RESTORE)?;
        let extras = table.texts("extras")?.into_iter().map(|extra| extra.text).collect();
        Ok(Self { table, name, version, source: source(table)?, extras })
    }

    fn key(&self) -> (Arc<str>, Arc<str>, Source) {
        (Arc::clone(&self.name), Arc::clone(&self.version), self.source.clone())
    }
}

fn source(table: Node<'_>) -> Result<Source, Refusal> {
    if let Some(url) = table.text("git")? {
        let commit = table.text("revision")?.or(table.text("ref")?);
        return Ok(python::git(url.text, commit.map(|commit| commit.text)));
    }
    if let Some(url) = table.text("url")? {
        return Ok(python::archive(url.text));
    }
    Ok(match table.text("path")? {
        Some(path) if [".whl", ".zip", ".gz"].iter().any(|end| path.text.ends_with(end)) => python::archive(path.text),
        Some(_) => Source::Local,
        None => Source::Default,
    })
}

/// The position among the components for each entry. The entry with extras and the one without are one component; the
/// others are left out by name.
fn components(
    packages: &[Package<'_>],
    files: &Files<'_>,
    lock: &mut Lock,
    places: &mut Cursor<'_>,
) -> Result<Vec<u32>, Refusal> {
    // The entry that stands for each package: the one without extras, else the first.
    let mut stands: HashMap<(Arc<str>, Arc<str>, Source), usize> = HashMap::new();
    for (nth, package) in packages.iter().enumerate() {
        let stand = stands.entry(package.key()).or_insert(nth);
        let plain = |nth: usize| packages.get(nth).is_some_and(|other| other.extras.is_empty());
        if package.extras.is_empty() && !plain(*stand) {
            *stand = nth;
        }
    }
    let mut made: HashMap<usize, u32> = HashMap::new();
    for (nth, package) in packages.iter().enumerate() {
        let stand = stands.get(&package.key()).copied().unwrap_or(nth);
        if stand != nth && !package.extras.is_empty() {
            let what = format!("{}[{}] {}", package.name, package.extras.join(","), package.version);
            lock.leave_out(python::clip(&what), "the same package with extras")?;
            continue;
        }
        made.insert(nth, super::place::number(lock.components.len()));
        let component = component(package, files, places.place(package.table.at))?;
        lock.add(component, package.table.at)?; // refuses a second one without extras
    }
    let position = |package: &Package<'_>| stands.get(&package.key()).and_then(|stand| made.get(stand)).copied();
    Ok(packages.iter().map(|package| position(package).unwrap_or(u32::MAX)).collect())
}

fn component(package: &Package<'_>, files: &Files<'_>, place: (u32, u32)) -> Result<Component, Refusal> {
    let groups = package.table.texts("groups")?;
    let groups: Vec<&str> = groups.iter().map(|group| group.text).collect();
    // Without groups the lock is of a version that does not tell.
    let scope = if groups.contains(&"default") { Scope::Normal } else { Scope::Unknown };
    let only = match groups.as_slice() {
        [] => String::new(),
        groups if groups.contains(&"default") => String::new(),
        groups => format!("group: {}", groups.join(" or ")),
    };
    let marker = package.table.text("marker")?.or(package.table.text("markers")?);
    let conditions = python::condition([only.as_str(), marker.map_or("", |marker| marker.text)]);
    let checksum = files.of(package)?;
    let (name, version) = (Arc::clone(&package.name), Arc::clone(&package.version));
    Ok(Component { checksum, scope, conditions, ..python::component(name, version, package.source.clone(), place) })
}

/// `[metadata.files]`, by `name version`; from 4.1 on each entry has its own.
struct Files<'a>(HashMap<&'a str, Value<'a>>);

impl Files<'_> {
    fn of(&self, package: &Package<'_>) -> Result<Option<Digest>, Refusal> {
        let name = package.table.required("name")?.text;
        let list = match package.table.get("files") {
            Some(own) => python::files(own, RESTORE)?,
            None => match self.0.get(format!("{name} {}", package.version).as_str()) {
                Some(list) => python::files(*list, RESTORE)?,
                None => return Ok(None),
            },
        };
        Ok(python::one_digest(list))
    }
}

/// What an entry with extras depends on, its component depends on.
fn edges(packages: &[Package<'_>], positions: &[u32], lock: &mut Lock) -> Result<Vec<Vec<u32>>, Refusal> {
    let names = Names::new(lock.components.iter().map(|component| &component.name))?;
    let mut all: Vec<Vec<u32>> = vec![Vec::new(); lock.components.len()];
    let mut count = 0;
    for (package, position) in packages.iter().zip(positions) {
        // The two lists have one length: one position for each entry.
        for wanted in package.table.texts("dependencies")? {
            let refused = |why| Refusal::new(wanted.at, format!("not a requirement: {why}"), RESTORE);
            let requirement = Requirement::parse(wanted.text).map_err(refused)?;
            let found = names.of(&python::normalise(requirement.name));
            if found.is_empty() && requirement.marker.is_empty() {
                lock.gap(Some(wanted.at), python::dangling(&package.name, wanted.text))?;
            }
            count += found.len();
            if count > python::MAX_EDGES {
                return Err(python::too_large(python::MAX_EDGES, "dependencies"));
            }
            let others = found.iter().copied().filter(|to| to != position); // `a[x]` depends on `a`
            all.get_mut(*position as usize).into_iter().for_each(|to| to.extend(others.clone()));
        }
    }
    let mut edges = Edges::default();
    all.into_iter().try_for_each(|to| edges.push(to))?;
    Ok(edges.into_lists())
}

#[cfg(test)]
mod tests;
