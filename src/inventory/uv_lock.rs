//! `uv.lock`, version 1 of the format (whose revisions add keys and change none): components, edges, scopes and extras,
//! all of it from the lock alone.

mod reach;

use super::counter;
use super::place::{Cursor, Refusal, utf8};
use super::python::{self, Edges, File, Lock, Names};
use super::toml_tree::{Node, Text, Tree, Value};
use crate::model::{Component, Digest, Gap, Inventory, Partial, Source, TreePath};
use reach::Reach;
use std::sync::Arc;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "uv-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `uv lock`";
/// The keys at the top of the file.
const KEYS: [&str; 10] = [
    "version",
    "revision",
    "requires-python",
    "resolution-markers",
    "supported-markers",
    "required-markers",
    "conflicts",
    "options",
    "manifest",
    "package",
];
/// Below these stand requirements and statements about packages, which have a name and a version and are no entries.
const NOT_ENTRIES: [&str; 5] =
    ["package", "dependencies", "optional-dependencies", "dev-dependencies", "dependency-metadata"];

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `dangling-dependency` (the edge is missing), `count-mismatch`, `unsupported-version` (a key at the top that is not
/// known) and `parse-failed` (a package whose header is lost).
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let tree = Tree::read(text, RESTORE)?;
    let root = tree.root();
    check_version(root)?;
    let tables = root.tables("package")?.filter(|packages| !packages.is_empty());
    let tables = tables.ok_or_else(|| Refusal { at: None, ..root.refuse("the file lists no package") })?;
    let packages: Vec<Package<'_>> = tables.iter().map(|table| Package::read(*table)).collect::<Result<_, _>>()?;
    let mut places = Cursor::new(text);
    let mut lock = Lock::default();
    let graph = Graph::new(root, &packages, &mut lock)?;
    let reach = Reach::new(&graph);
    // Positions among the components; none for what is left out.
    let mut positions = Vec::with_capacity(packages.len());
    for (nth, package) in packages.iter().enumerate() {
        let place = places.place(package.table.at);
        let Some(version) = &package.version else {
            lock.leave_out(&*package.name, "first-party, and its version is computed when it is built")?;
            positions.push(None);
            continue;
        };
        positions.push(Some(lock.components.len()));
        let (scope, conditions) = reach.of(nth);
        let (checksum, hash) = digest(package.table)?;
        let plain = python::component(Arc::clone(&package.name), version.clone(), package.source.clone(), place);
        lock.add(Component { checksum, scope, conditions, ..plain }, package.table.at)?;
        lock.hashed(hash, text);
    }
    lock.edges = edges(&graph, &positions)?;
    lock.check_keys(root, &KEYS)?;
    lock.check_strays(root, &tables, &NOT_ENTRIES)?;
    let counted = counter::python::tables(bytes, b"package");
    Ok(lock.finish(&File { path, format: FORMAT, bytes, text }, counted, "[[package]] headers"))
}

fn check_version(root: Node<'_>) -> Result<(), Refusal> {
    let no_version = || Refusal { at: None, ..root.refuse("no version of the format") };
    let version = root.get("version").ok_or_else(no_version)?;
    match version.number("version")? {
        1 => Ok(()),
        other => Err(python::unsupported(version.at, &other.to_string(), "1")),
    }
}

/// An entry.
struct Package<'a> {
    table: Node<'a>,
    name: Arc<str>,
    /// None where it is computed, which is said of first-party packages only.
    version: Option<Arc<str>>,
    source: Source,
}

impl<'a> Package<'a> {
    fn read(table: Node<'a>) -> Result<Self, Refusal> {
        let name = python::name(table.required("name")?, RESTORE)?;
        let source = table.table("source")?.ok_or_else(|| table.refuse("an entry without `source`"))?;
        let source = source_of(source)?;
        let version = table.text("version")?.map(|version| python::version(version, RESTORE)).transpose()?;
        if version.is_none() && source != Source::Local {
            return Err(table.refuse("an entry without `version`"));
        }
        Ok(Self { table, name, version, source })
    }
}

/// From what the lock writes to a source.
type Make = fn(&str) -> Source;

fn source_of(table: Node<'_>) -> Result<Source, Refusal> {
    let kinds: [(&str, Make); 7] = [
        ("registry", python::index),
        ("git", |url| python::git(url, None)), // the commit is its fragment
        ("url", python::archive),
        ("path", python::archive),
        ("directory", |_| Source::Local),
        ("editable", |_| Source::Local),
        ("virtual", |_| Source::Local),
    ];
    for (key, make) in kinds {
        if let Some(url) = table.text(key)? {
            return Ok(make(url.text));
        }
    }
    Err(table.refuse("a source of an unknown kind"))
}

/// The one digest, and a hash where every archive has one.
fn digest(table: Node<'_>) -> Result<(Option<Digest>, Option<Text<'_>>), Refusal> {
    let (mut files, mut hashes) = (Vec::new(), Vec::new());
    let sdist = table.get("sdist").map(|sdist| vec![sdist]);
    let wheels: Option<Vec<Value<'_>>> =
        table.get("wheels").map(|wheels| wheels.items("wheels").map(Iterator::collect)).transpose()?;
    for file in sdist.into_iter().chain(wheels).flatten() {
        let file = file.table("wheels")?;
        let mut name = None;
        for key in ["url", "path", "filename"] {
            name = name.or(file.text(key)?);
        }
        hashes.push(file.text("hash")?);
        let hash = hashes.last().copied().flatten().map(|hash| python::digest(hash, RESTORE)).transpose()?;
        files.push((name.map_or("", |name| name.text), hash.flatten()));
    }
    Ok((python::one_digest(files), python::every(hashes)))
}

/// Where an edge starts in an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Normal,
    /// Only with this extra.
    Extra(&'a str),
    /// In a dependency group, for development.
    Dev,
}

/// The entries of the lock, the ones that are left out included.
struct Graph<'a> {
    /// Whether each entry is first-party.
    local: Vec<bool>,
    /// For each entry what it leads to.
    edges: Vec<Vec<(u32, Kind<'a>)>>,
    /// What the project asks for where it is no entry itself: a script, or groups of a workspace.
    asked: Vec<(u32, Kind<'a>)>,
}

impl<'a> Graph<'a> {
    fn new(root: Node<'a>, packages: &[Package<'a>], lock: &mut Lock) -> Result<Self, Refusal> {
        let names = Names::new(packages.iter().map(|package| &package.name))?;
        let local = packages.iter().map(|package| package.source == Source::Local).collect();
        let mut edges = Vec::with_capacity(packages.len());
        let mut count = 0;
        for package in packages {
            let mut to = Vec::new();
            for (wanted, kind) in wanted(package.table)? {
                let found = resolve(wanted, packages, &names)?;
                if found.is_empty() {
                    let name = wanted.required("name")?.text;
                    lock.gap(Some(wanted.at), python::dangling(&package.name, name))?;
                }
                count += found.len();
                to.extend(found.into_iter().map(|target| (target, kind.clone())));
            }
            if count > python::MAX_EDGES {
                return Err(python::too_large(python::MAX_EDGES, "dependencies"));
            }
            edges.push(to);
        }
        Ok(Self { local, edges, asked: asked(root, &names)? })
    }
}

/// The requirements of an entry, each with where it stands.
fn wanted<'a>(package: Node<'a>) -> Result<Vec<(Node<'a>, Kind<'a>)>, Refusal> {
    let mut all = Vec::new();
    let mut add = |list: Value<'a>, key: &str, kind: &Kind<'a>| {
        for item in list.items(key)? {
            all.push((item.table(key)?, kind.clone()));
        }
        Ok::<(), Refusal>(())
    };
    if let Some(list) = package.get("dependencies") {
        add(list, "dependencies", &Kind::Normal)?;
    }
    for (extra, list) in package.table("optional-dependencies")?.into_iter().flat_map(Node::entries) {
        add(list, "optional-dependencies", &Kind::Extra(extra.text))?;
    }
    for (_, list) in package.table("dev-dependencies")?.into_iter().flat_map(Node::entries) {
        add(list, "dev-dependencies", &Kind::Dev)?;
    }
    Ok(all)
}

/// The entries that a requirement means: by name, and by version and source where it says them.
fn resolve(wanted: Node<'_>, packages: &[Package<'_>], names: &Names) -> Result<Vec<u32>, Refusal> {
    let name = wanted.required("name")?;
    let version = wanted.text("version")?;
    let source = wanted.table("source")?.map(source_of).transpose()?;
    let fits = |position: &u32| {
        packages.get(*position as usize).is_some_and(|package| {
            version.is_none_or(|version| package.version.as_deref() == Some(version.text))
                && source.as_ref().is_none_or(|source| *source == package.source)
        })
    };
    let found = names.of(&python::normalise(name.text));
    Ok(found.iter().copied().filter(fits).collect())
}

/// `[manifest]`: what a script or a workspace without a package asks for. A name that is not listed is no gap: it may be
/// excluded by its marker.
fn asked<'a>(root: Node<'a>, names: &Names) -> Result<Vec<(u32, Kind<'a>)>, Refusal> {
    let Some(manifest) = root.table("manifest")? else { return Ok(Vec::new()) };
    let mut lists: Vec<(Value<'a>, Kind<'a>)> = Vec::new();
    lists.extend(manifest.get("requirements").map(|list| (list, Kind::Normal)));
    let groups = manifest.table("dependency-groups")?;
    lists.extend(groups.into_iter().flat_map(Node::entries).map(|(_, list)| (list, Kind::Dev)));
    let mut all = Vec::new();
    for (list, kind) in lists {
        for item in list.items("requirements")? {
            let name = item.table("requirements")?.required("name")?;
            all.extend(names.of(&python::normalise(name.text)).iter().map(|to| (*to, kind.clone())));
        }
    }
    Ok(all)
}

/// The edges between components.
fn edges(graph: &Graph<'_>, positions: &[Option<usize>]) -> Result<Vec<Vec<u32>>, Refusal> {
    let mut edges = Edges::default();
    for (targets, from) in graph.edges.iter().zip(positions) {
        // The two lists have one length: one item for each entry.
        if from.is_none() {
            continue;
        }
        let component = |to: &(u32, Kind<'_>)| positions.get(to.0 as usize).copied().flatten();
        // An entry that is left out is first-party: whoever depends on it is too, and nothing is judged by that edge.
        let to = targets.iter().filter_map(component).map(super::place::number);
        edges.push(to.collect())?;
    }
    Ok(edges.into_lists())
}

#[cfg(test)]
mod tests;
