//! `poetry.lock`, versions 1.0 to 2.1 of the format and the one without a version that came before: components, edges
//! by name, scopes by group. It looks at no other file; what `pyproject.toml` wants is not compared.

use super::counter;
use super::place::{Cursor, Refusal, utf8};
use super::python::{self, Edges, File, Lock, Names};
use super::toml_tree::{Node, Tree, Value};
use crate::model::{Component, Digest, Gap, GapKind, Inventory, Partial, Scope, Source, Stage, TreePath};
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "poetry-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `poetry lock`";
/// The keys at the top of the file.
const KEYS: [&str; 3] = ["package", "extras", "metadata"];
/// Below these stand requirements, where a package may be called `name` or `version`.
const NOT_ENTRIES: [&str; 4] = ["package", "dependencies", "extras", "files"];

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `dangling-dependency` (the edge is missing), `count-mismatch`, `unsupported-version` (a key at the top that is not
/// known), `parse-failed` (no `[metadata]`, or a package whose header is lost).
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let tree = Tree::read(text, RESTORE)?;
    let root = tree.root();
    let metadata = root.table("metadata")?;
    if let Some(metadata) = metadata {
        check_version(metadata)?;
    }
    // Poetry writes `package = []` where there is none.
    let packages = root.tables("package")?.ok_or_else(|| Refusal { at: None, ..root.refuse("no list of packages") })?;
    let mut places = Cursor::new(text);
    let mut lock = Lock::default();
    let files = Files::new(metadata, &packages)?;
    let extras = Extras::new(root)?;
    for package in &packages {
        let component = component(*package, places.place(package.at), &files, &extras)?;
        let files = package.get("files").or(files.by_name.get(&*component.name).copied());
        lock.add(component, package.at)?;
        lock.hashed(files.map(python::hash_of_all).transpose()?.flatten(), text);
    }
    lock.edges = edges(&packages, &mut lock)?;
    if metadata.is_none() {
        let why = "no [metadata], which poetry writes into every lock: the file may have been cut";
        lock.gap(None, Gap::new(GapKind::ParseFailed, Stage::Inventory, path.as_str(), why).with_help(RESTORE))?;
    }
    lock.check_keys(root, &KEYS)?;
    lock.check_strays(root, &packages, &NOT_ENTRIES)?;
    let counted = counter::python::tables(bytes, b"package");
    Ok(lock.finish(&File { path, format: FORMAT, bytes, text }, counted, "[[package]] headers"))
}

fn check_version(metadata: Node<'_>) -> Result<(), Refusal> {
    match metadata.text("lock-version")? {
        Some(version) if !["1.0", "1.1", "2.0", "2.1"].contains(&version.text) => {
            Err(python::unsupported(version.at, version.text, "1.0 to 2.1"))
        }
        _ => Ok(()), // before 1.0 there was none
    }
}

fn component(
    package: Node<'_>,
    place: (u32, u32),
    files: &Files<'_>,
    extras: &Extras<'_>,
) -> Result<Component, Refusal> {
    let name = python::name(package.required("name")?, RESTORE)?;
    let version = python::version(package.required("version")?, RESTORE)?;
    let source = package.table("source")?.map(source).transpose()?.unwrap_or(Source::Default);
    // Their values are not needed; one that is no list shows that the header of the next package is lost.
    for (_, list) in package.table("extras")?.into_iter().flat_map(Node::entries) {
        list.check_items("extras")?;
    }
    let checksum = files.of(package, &name)?;
    let extra = package.flag("optional")?.unwrap_or(false).then(|| extras.of(&name));
    // From 2.1 on a package with several groups may have markers for each: it is then reached under any of them.
    let markers = package.get("markers").and_then(Value::as_text).map_or("", |text| text.text);
    let conditions = python::condition(extra.as_deref().into_iter().chain([markers]));
    let scope = scope(package)?;
    Ok(Component { checksum, scope, conditions, ..python::component(name, version, source, place) })
}

fn source(table: Node<'_>) -> Result<Source, Refusal> {
    let kind = table.required("type")?;
    let url = table.required("url")?.text;
    match kind.text {
        "legacy" => Ok(python::index(url)),
        "git" => {
            let commit = table.text("resolved_reference")?.or(table.text("reference")?);
            Ok(python::git(url, commit.map(|commit| commit.text)))
        }
        "url" | "file" => Ok(python::archive(url)),
        "directory" => Ok(Source::Local),
        other => {
            let why = format!("a source of the unknown type `{}`", python::clip(other));
            Err(Refusal::new(kind.at, why, RESTORE))
        }
    }
}

/// Until 1.x a category, from 2.1 on groups; 2.0 leaves it to `pyproject.toml`. Groups other than `main` are for
/// development: they are never installed with the package.
fn scope(package: Node<'_>) -> Result<Scope, Refusal> {
    let groups = package.texts("groups")?;
    let category = package.text("category")?;
    let all: Vec<&str> = groups.iter().chain(&category).map(|group| group.text).collect();
    Ok(match all.as_slice() {
        [] => Scope::Unknown,
        all if all.contains(&"main") => Scope::Normal,
        _ => Scope::Dev,
    })
}

/// `[extras]`: the packages that each extra of the project asks for.
struct Extras<'a> {
    of: HashMap<String, Vec<&'a str>>,
}

impl<'a> Extras<'a> {
    fn new(root: Node<'a>) -> Result<Self, Refusal> {
        let mut of: HashMap<String, Vec<&str>> = HashMap::new();
        for (extra, names) in root.table("extras")?.into_iter().flat_map(Node::entries) {
            for name in names.items("extras")? {
                let wanted = name.text("extras")?.text;
                let end = wanted.find(|c: char| c.is_whitespace() || c == '[' || c == '(').unwrap_or(wanted.len());
                of.entry(python::normalise(wanted.get(..end).unwrap_or(wanted))).or_default().push(extra.text);
            }
        }
        Ok(Self { of })
    }

    fn of(&self, name: &str) -> String {
        match self.of.get(name) {
            Some(extras) => format!("extra: {}", extras.join(" or ")),
            None => "an extra".to_owned(), // reached through a package of one
        }
    }
}

/// Where the archives of a package stand: beside it from 2.0 on, before that by name in `[metadata]`, where the versions
/// of one name share a list.
struct Files<'a> {
    by_name: HashMap<String, Value<'a>>,
    names: Names,
}

impl<'a> Files<'a> {
    fn new(metadata: Option<Node<'a>>, packages: &[Node<'_>]) -> Result<Self, Refusal> {
        let names: Result<Vec<_>, Refusal> =
            packages.iter().map(|package| python::name(package.required("name")?, RESTORE)).collect();
        let names = Names::new(names?.iter())?;
        let files = metadata.map(|metadata| metadata.table("files")).transpose()?.flatten();
        let by_name = files.into_iter().flat_map(Node::entries);
        let by_name = by_name.map(|(name, list)| (python::normalise(name.text), list)).collect();
        Ok(Self { by_name, names })
    }

    fn of(&self, package: Node<'_>, name: &str) -> Result<Option<Digest>, Refusal> {
        let list = match package.get("files") {
            Some(own) => python::files(own, RESTORE)?,
            None => match self.by_name.get(name) {
                Some(shared) if self.names.of(name).len() == 1 => python::files(*shared, RESTORE)?,
                _ => return Ok(None),
            },
        };
        Ok(python::one_digest(list))
    }
}

fn edges(packages: &[Node<'_>], lock: &mut Lock) -> Result<Vec<Vec<u32>>, Refusal> {
    let names = Names::new(lock.components.iter().map(|component| &component.name))?;
    let labels: Vec<String> = lock.components.iter().map(Component::label).collect();
    let mut edges = Edges::default();
    for (package, label) in packages.iter().zip(&labels) {
        // The two lists have one length: every package became a component.
        let mut to = Vec::new();
        for (name, wanted) in package.table("dependencies")?.into_iter().flat_map(Node::entries) {
            let found = names.of(&python::normalise(name.text));
            if found.is_empty() && always(wanted)? {
                lock.gap(Some(name.at), python::dangling(label, name.text))?;
            }
            to.extend_from_slice(found);
        }
        edges.push(to)?;
    }
    Ok(edges.into_lists())
}

/// Whether a dependency must be in the lock. One that is optional, or only for some Pythons or machines, may be missing.
fn always(wanted: Value<'_>) -> Result<bool, Refusal> {
    if wanted.as_text().is_some() {
        return Ok(true);
    }
    if let Some(table) = wanted.as_table() {
        return Ok(!table.flag("optional")?.unwrap_or(false) && table.get("markers").or(table.get("python")).is_none());
    }
    // Several requirements, each of them under a condition.
    match wanted.items("dependencies") {
        Ok(items) => items.map(always).try_fold(true, |all, one| Ok(one? && all)),
        Err(_) => Err(wanted.other("dependencies", "a version, a table, or an array of these")),
    }
}

#[cfg(test)]
mod tests;
