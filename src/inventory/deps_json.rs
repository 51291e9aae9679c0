//! `*.deps.json`, which .NET writes beside a program: the libraries that it is made of, with edges. It looks at no other
//! file, and at no library itself.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, Names, conflict, object, section, shorten};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Source, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "deps-json";

const RESTORE: &str = "build the program anew with `dotnet publish`";
const ABOUT: About = About { format: FORMAT, counts: "libraries", restore: RESTORE, complete: RESTORE };
/// What .NET puts before the name of a runtime that is shipped with the program.
const RUNTIME: &str = "runtimepack.";

/// Reads a file.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for a library
/// that cannot be understood, `dangling-dependency`, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let value = json::read(text, RESTORE)?;
    let root = object(&value, RESTORE)?;
    let missing = |key: &str| Refusal::new(0, format!("`{key}` is missing"), RESTORE);
    let libraries = section(root, "libraries", RESTORE)?.ok_or_else(|| missing("libraries"))?;
    let targets = section(root, "targets", RESTORE)?.ok_or_else(|| missing("targets"))?;
    let mut found = Found::default();
    let mut names = Names::default();
    for member in &libraries.0 {
        let index = library(member, &mut found)?;
        names.add(member.key.to_ascii_lowercase(), index)?;
    }
    // A target that is no map has no edges; the libraries are all known.
    for target in targets.0.iter().filter_map(|target| target.value.map()) {
        edges(target, &names, &mut found)?;
    }
    Ok(found.finish(path, text, &ABOUT, counter::deps_json(bytes)))
}

fn library<'a>(member: &'a Member<'a>, found: &mut Found<'a>) -> Result<Option<u32>, Refusal> {
    let parts = member.key.split_once('/').zip(member.value.map());
    let Some(((name, version), entry)) = parts else {
        found.unreadable(member.at, shorten(&member.key), "not a name, a version and what they are")?;
        return Ok(None);
    };
    let (name, source) = match entry.text("type").map(str::to_ascii_lowercase).as_deref() {
        Some("package") => (name, Source::Default),
        Some("runtimepack") => (name.strip_prefix(RUNTIME).unwrap_or(name), Source::Default),
        Some("project" | "msbuildproject") => (name, Source::Local),
        Some("reference" | "referenceassembly") => (name, Source::Path(entry.text("path").unwrap_or(name).into())),
        _ => {
            found.unreadable(member.at, shorten(&member.key), "a type of library that this release does not know")?;
            return Ok(None);
        }
    };
    found.push(Entry { source, ..Entry::new(member.at, Ecosystem::Nuget, name, version) })
}

fn edges(target: &Map<'_>, names: &Names<'_>, found: &mut Found<'_>) -> Result<(), Refusal> {
    for member in &target.0 {
        let own = member.key.to_ascii_lowercase();
        let Some(from) = names.find(&own) else {
            found.dangling(member.at, "the target", &member.key)?;
            continue;
        };
        let from = from.first().copied();
        let needs = member.value.map().and_then(|entry| entry.get("dependencies")).and_then(Value::map);
        for need in needs.map_or(&[][..], |map| &map.0) {
            let to = format!("{}/{}", need.key, need.value.text().unwrap_or_default()).to_ascii_lowercase();
            found.depend(names, (from, &member.key), (need.at, &to), true)?;
        }
    }
    Ok(())
}
