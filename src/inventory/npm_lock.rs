//! `package-lock.json` and `npm-shrinkwrap.json`, versions 1 to 3 of the format: packages, edges, scopes. It looks at no
//! other file, and which host a tarball comes from is not judged here.
//!
//! Versions 2 and 3 list packages by the directory that they are put into (`packages`), version 1 as a tree
//! (`dependencies`). Version 2 has both, the tree for older programs: the two must agree.

mod flat;
mod tree;

#[cfg(test)]
mod tests;

use super::npm::{About, conflict, unsupported};
use super::place::{Refusal, utf8};
use super::value::{Map, Value};
use super::{counter, json};
use crate::model::{Gap, Inventory, Partial, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "npm-lock";
const RESTORE: &str = "restore the file from version control, or write it anew with `npm install --package-lock-only`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "keys of packages",
    restore: RESTORE,
    complete: "run `npm install --package-lock-only` so that npm completes the lock, and commit the result",
};

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` for an entry that cannot be understood or that one of the two lists lacks, `dangling-dependency` and
/// `count-mismatch`.
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
    let (found, independent) = match format(root)? {
        Format::Tree(dependencies) => (tree::read(dependencies)?, counter::npm_tree(bytes)),
        Format::Flat { packages, legacy } => {
            let mut found = flat::read(root, packages)?;
            if let Some(legacy) = legacy {
                tree::compare(legacy, packages, &mut found)?;
            }
            (found, counter::npm_packages(bytes))
        }
    };
    Ok(found.finish(path, text, &ABOUT, independent))
}

enum Format<'a> {
    /// Version 1; none where the project has no dependency.
    Tree(Option<&'a Map<'a>>),
    /// Versions 2 and 3.
    Flat { packages: &'a Map<'a>, legacy: Option<&'a Map<'a>> },
}

fn format<'a>(root: &'a Map<'a>) -> Result<Format<'a>, Refusal> {
    check_sections(root)?;
    let section = |key: &str| match root.member(key) {
        None => Ok(None),
        Some(member) => match &member.value {
            Value::Map(map) => Ok(Some((member.at, map))),
            other => Err(Refusal::new(member.at, format!("`{key}` is {}, not a map", other.kind()), RESTORE)),
        },
    };
    let (packages, dependencies) = (section("packages")?, section("dependencies")?);
    let tree = dependencies.map(|(_, map)| map);
    let version = root.member("lockfileVersion");
    let number = match version.map(|member| (&member.value, member.at)) {
        None => None,
        Some((Value::Number(digits), _)) => Some(digits.as_str()),
        Some((other, at)) => {
            return Err(Refusal::new(at, format!("`lockfileVersion` is {}, not a number", other.kind()), RESTORE));
        }
    };
    match (number, packages) {
        (Some("2" | "3"), Some((_, packages))) => Ok(Format::Flat { packages, legacy: tree }),
        (Some("2" | "3"), None) => Err(Refusal::new(0, "`packages` is missing", RESTORE)),
        (Some("1"), Some((at, _))) => {
            let why = "`packages` in version 1: two versions of the format in one file";
            Err(Refusal::new(at, why, RESTORE))
        }
        (Some("1"), None) => Ok(Format::Tree(tree)),
        // What npm wrote as a shrinkwrap before the format had a version.
        (None, None) if tree.is_some() => Ok(Format::Tree(tree)),
        (None, _) => Err(Refusal::new(0, "`lockfileVersion` is missing", RESTORE)),
        (Some(other), _) => Err(unsupported(version.map_or(0, |member| member.at), other, "1 to 3")),
    }
}

/// The members of a lock that hold objects of objects.
const SECTIONS: [&str; 2] = ["packages", "dependencies"];

/// Refuses an object of objects under another key: a list of packages whose key was damaged would vanish.
fn check_sections(map: &Map<'_>) -> Result<(), Refusal> {
    let objects = |value: &Value<'_>| {
        value.map().is_some_and(|map| map.0.iter().any(|member| matches!(member.value, Value::Map(_))))
    };
    match map.0.iter().find(|member| !SECTIONS.contains(&member.key.as_ref()) && objects(&member.value)) {
        Some(member) => Err(Refusal::new(member.at, "a list of packages under a key that npm does not write", RESTORE)),
        None => Ok(()),
    }
}

/// The names under a key that maps names to requirements, with the place of each.
fn names<'a>(entry: &'a Map<'a>, key: &str) -> impl Iterator<Item = (usize, &'a str)> {
    // `requires: true` at the root of a lock, and lists of bundled names, are no maps.
    let members = entry.get(key).and_then(Value::map).map_or(&[][..], |map| &map.0);
    members.iter().map(|member| (member.at, member.key.as_ref()))
}
