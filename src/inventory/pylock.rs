//! `pylock.toml` and `pylock.NAME.toml` (PEP 751), version 1: components, edges where the file has them, markers as
//! conditions. It evaluates no marker.

use super::counter;
use super::place::{Cursor, Refusal, utf8};
use super::python::{self, Edges, File, Lock, Names};
use super::toml_tree::{Node, Text, Tree, Value};
use crate::model::{Component, Digest, Gap, GapKind, Inventory, Partial, Scope, Source, Stage, TreePath};
use std::collections::HashSet;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "pylock";

const RESTORE: &str = "restore the file from version control, or write it anew with the tool that `created-by` names";
/// The keys at the top of the file.
const KEYS: [&str; 9] = [
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
    "packages",
    "tool",
];
/// Below these stand statements about packages, which have a name and a version and are no entries.
const NOT_ENTRIES: [&str; 3] = ["packages", "dependencies", "tool"];

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` (an entry without a version, or one whose header is lost), `not-covered` (a repository or an archive
/// whose version is not written), `dangling-dependency` (the edge is missing), `count-mismatch`, `unsupported-version` (a
/// later 1.x, or a key at the top that is not known).
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let tree = Tree::read(text, RESTORE)?;
    let root = tree.root();
    let mut lock = Lock::default();
    let version = root.text("lock-version")?;
    let version = version.ok_or_else(|| Refusal { at: None, ..root.refuse("no `lock-version`") })?;
    check_version(version, &mut lock)?;
    // The key is mandatory; an empty list says that nothing is needed.
    let packages =
        root.tables("packages")?.ok_or_else(|| Refusal { at: None, ..root.refuse("no list of packages") })?;
    let mut places = Cursor::new(text);
    let mut kept = Vec::with_capacity(packages.len());
    for package in &packages {
        if let Some(component) = component(*package, places.place(package.at), &mut lock)? {
            lock.push(component)?;
            kept.push(*package);
        }
    }
    lock.edges = edges(&kept, &mut lock)?;
    lock.check_keys(root, &KEYS)?;
    lock.check_strays(root, &packages, &NOT_ENTRIES)?;
    let counted = counter::python::tables(bytes, b"packages");
    Ok(lock.finish(&File { path, format: FORMAT, bytes, text }, counted, "[[packages]] headers"))
}

/// A later minor version may add keys and must be told; a later major one may mean anything (section "lock-version").
fn check_version(version: Text<'_>, lock: &mut Lock) -> Result<(), Refusal> {
    let minor = version.text.strip_prefix("1.").map(str::parse::<u32>);
    match minor {
        Some(Ok(0)) => Ok(()),
        Some(Ok(_)) => {
            let why = format!("version {} of the format; this release knows 1.0", version.text);
            let gap = Gap::new(GapKind::UnsupportedVersion, Stage::Inventory, "lock-version", why);
            lock.gap(Some(version.at), gap.with_help("update portcullis"))
        }
        _ => Err(python::unsupported(version.at, version.text, "1.0")),
    }
}

/// Whence an entry comes, and whether it may do without a version.
struct Origin {
    source: Source,
    /// A repository or an archive: fixed, but only a look into it tells the version.
    opaque: bool,
}

fn component(package: Node<'_>, place: (u32, u32), lock: &mut Lock) -> Result<Option<Component>, Refusal> {
    let name = python::name(package.required("name")?, RESTORE)?;
    let Origin { source, opaque } = origin(package)?;
    let Some(version) = package.text("version")? else {
        if source == Source::Local {
            lock.leave_out(&*name, "first-party, and its version is not written")?;
            return Ok(None);
        }
        let (kind, why, help) = if opaque {
            let why = "it is fixed, but its version is not written, so that no advisory can be matched";
            (GapKind::NotCovered, why, "take a release of the default registry")
        } else {
            (GapKind::ParseFailed, "an entry without `version`", RESTORE)
        };
        lock.leave_out(&*name, why)?;
        lock.gap(Some(package.at), Gap::new(kind, Stage::Inventory, &*name, why).with_help(help))?;
        return Ok(None);
    };
    let version = python::version(version, RESTORE)?;
    let marker = package.text("marker")?.map_or("", |marker| marker.text);
    // Markers of extras and groups say who asks for it; which group is for what the file does not say.
    let asked = marker.contains("extras") || marker.contains("dependency_groups");
    let scope = if asked { Scope::Unknown } else { Scope::Normal };
    let checksum = digest(package)?;
    let plain = python::component(name, version, source, place);
    Ok(Some(Component { checksum, scope, conditions: python::condition([marker]), ..plain }))
}

fn origin(package: Node<'_>) -> Result<Origin, Refusal> {
    let address = |table: Node<'_>| -> Result<String, Refusal> {
        let address = table.text("url")?.or(table.text("path")?);
        Ok(address.ok_or_else(|| table.refuse("neither `url` nor `path`"))?.text.to_owned())
    };
    if let Some(vcs) = package.table("vcs")? {
        let commit = vcs.text("commit-id")?.map(|commit| commit.text);
        let url = address(vcs)?;
        let url = match vcs.required("type")?.text {
            "git" => url,
            other => format!("{}+{url}", python::clip(other)),
        };
        return Ok(Origin { source: python::git(&url, commit), opaque: true });
    }
    if package.table("directory")?.is_some() {
        return Ok(Origin { source: Source::Local, opaque: false });
    }
    if let Some(archive) = package.table("archive")? {
        return Ok(Origin { source: python::archive(&address(archive)?), opaque: true });
    }
    let source = package.text("index")?.map_or(Source::Default, |index| python::index(index.text));
    Ok(Origin { source, opaque: false })
}

fn digest(package: Node<'_>) -> Result<Option<Digest>, Refusal> {
    let mut files = Vec::new();
    let wheels: Option<Vec<Value<'_>>> =
        package.get("wheels").map(|wheels| wheels.items("wheels").map(Iterator::collect)).transpose()?;
    let others = ["sdist", "archive"].into_iter().filter_map(|key| package.get(key));
    for file in others.chain(wheels.into_iter().flatten()) {
        let file = file.table("wheels")?;
        let mut name = None;
        for key in ["name", "url", "path"] {
            name = name.or(file.text(key)?);
        }
        let hash = file.table("hashes")?.map(|hashes| hashes.text("sha256")).transpose()?.flatten();
        let parse = |hash: Text<'_>| {
            let refused = || Refusal::new(hash.at, "a checksum that is not 64 hex digits", RESTORE);
            if hash.text.len() == 64 { hash.text.parse().map_err(|_| refused()) } else { Err(refused()) }
        };
        files.push((name.map_or("", |name| name.text), hash.map(parse).transpose()?));
    }
    Ok(python::one_digest(files))
}

fn edges(packages: &[Node<'_>], lock: &mut Lock) -> Result<Vec<Vec<u32>>, Refusal> {
    let names = Names::new(lock.components.iter().map(|component| &component.name))?;
    let left_out: HashSet<String> = lock.left_out.iter().map(|left| left.what.clone()).collect();
    let mut edges = Edges::default();
    for package in packages {
        let mut to = Vec::new();
        for wanted in package.tables("dependencies")?.unwrap_or_default() {
            let name = wanted.required("name")?;
            let version = wanted.text("version")?;
            let normal = python::normalise(name.text);
            let fits = |position: &u32| {
                let found = lock.components.get(*position as usize);
                found.is_some_and(|found| version.is_none_or(|version| *found.version == *version.text))
            };
            let found: Vec<u32> = names.of(&normal).iter().copied().filter(fits).collect();
            if found.is_empty() && !left_out.contains(&normal) {
                let of = package.required("name")?.text;
                lock.gap(Some(wanted.at), python::dangling(of, name.text))?;
            }
            to.extend(found);
        }
        edges.push(to)?;
    }
    Ok(edges.into_lists())
}

#[cfg(test)]
mod tests;
