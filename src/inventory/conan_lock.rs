//! `conan.lock`, versions 0.4 (a graph) and 0.5 (lists) of the format: recipes of C and C++. It looks at no other file.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, Names, conflict, list, object, section, shorten, unsupported};
use super::place::{Refusal, utf8};
use super::value::{Map, Member};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Scope, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "conan-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `conan lock create`";
const ABOUT: About = About { format: FORMAT, counts: "recipes", restore: RESTORE, complete: RESTORE };
/// Lists of version 0.5.
const LISTS: [(&str, Scope); 4] = [
    ("requires", Scope::Normal),
    ("build_requires", Scope::Build),
    ("python_requires", Scope::Build),
    ("config_requires", Scope::Build),
];

/// Reads a lock. Which server a recipe is from stands in no lock: all count as from the default one.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` for an entry that cannot be understood, `dangling-dependency`, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let value = json::read(text, RESTORE)?;
    let root = object(&value, RESTORE)?;
    let version = root.member("version").ok_or_else(|| Refusal::new(0, "`version` is missing", RESTORE))?;
    let mut found = Found::default();
    match version.value.text() {
        Some("0.4") => graph(root, &mut found)?,
        Some("0.5") => lists(root, text, &mut found)?,
        Some(other) => return Err(unsupported(version.at, other, "0.4 and 0.5")),
        None => return Err(Refusal::new(version.at, "`version` is not a text", RESTORE)),
    }
    Ok(found.finish(path, text, &ABOUT, counter::conan(bytes)))
}

/// Name and version of `name/version@user/channel#revision%time`.
fn recipe(said: &str) -> Option<(&str, &str)> {
    let (name, rest) = said.split_once('/')?;
    Some((name, rest.split(['@', '#', '%', ':']).next()?))
}

fn graph<'a>(root: &'a Map<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let nodes =
        section(root, "graph_lock", RESTORE)?.map(|graph| section(graph, "nodes", RESTORE)).transpose()?.flatten();
    let nodes = nodes.ok_or_else(|| Refusal::new(0, "`graph_lock` has no `nodes`", RESTORE))?;
    let (mut names, mut became) = (Names::default(), Vec::with_capacity(nodes.0.len()));
    for member in &nodes.0 {
        let index = node(member, found)?;
        names.add(member.key.as_ref(), index)?;
        became.push(index);
    }
    // Both have one element for each node.
    for (member, index) in nodes.0.iter().zip(became) {
        let Some(node) = member.value.map() else { continue }; // it has a gap
        for key in ["requires", "build_requires"] {
            let (at, needs) = list(node, key, RESTORE)?.unwrap_or((member.at, &[]));
            for need in needs {
                found.depend(&names, (index, &member.key), (at, need.text().unwrap_or_default()), true)?;
            }
        }
    }
    Ok(())
}

fn node<'a>(member: &'a Member<'a>, found: &mut Found<'a>) -> Result<Option<u32>, Refusal> {
    let Some(node) = member.value.map() else {
        let why = format!("a node is {}, not a map", member.value.kind());
        found.unreadable(member.at, shorten(&member.key), why)?;
        return Ok(None);
    };
    match (node.text("ref"), node.get("path")) {
        (None, Some(_)) => {
            found.leave_out(shorten(&member.key), "the project itself")?;
            Ok(None)
        }
        (said, _) => {
            let Some((name, version)) = said.and_then(recipe) else {
                let what = shorten(said.unwrap_or(&member.key));
                found.unreadable(member.at, what, "a node that names no recipe and version")?;
                return Ok(None);
            };
            let scope = if node.text("context") == Some("build") { Scope::Build } else { Scope::Normal };
            found.push(Entry { scope, ..Entry::new(member.at, Ecosystem::Conan, name, version) })
        }
    }
}

fn lists<'a>(root: &'a Map<'a>, text: &'a str, found: &mut Found<'a>) -> Result<(), Refusal> {
    if root.get("requires").is_none() || root.get("build_requires").is_none() {
        return Err(Refusal::new(
            0,
            "no `requires` or no `build_requires`, which conan writes into every lock",
            RESTORE,
        ));
    }
    for (key, scope) in LISTS {
        let (at, items) = list(root, key, RESTORE)?.unwrap_or((0, &[]));
        for item in items {
            let said = item.text().unwrap_or_default();
            let at = item.place_in(text).unwrap_or(at);
            match recipe(said) {
                Some((name, version)) => {
                    found.push(Entry { scope, ..Entry::new(at, Ecosystem::Conan, name, version) })?;
                }
                None => found.unreadable(at, shorten(said), "it names no recipe and version")?,
            }
        }
    }
    Ok(())
}
