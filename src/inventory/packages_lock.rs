//! `packages.lock.json`, versions 1 and 2 of the format: packages of NuGet for each framework, with edges. It looks at no
//! other file. Which server a package is from stands in no lock: all count as from the default one.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, Names, conflict, object, section, shorten, unsupported};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Source, TreePath};
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "packages-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `dotnet restore --force-evaluate`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "packages",
    restore: RESTORE,
    complete: "run `dotnet restore --force-evaluate` so that NuGet completes the lock, and commit the result",
};

/// Reads a lock. A package is a component for each framework; with several of them, the framework is its condition.
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
    check_version(root)?;
    let frameworks = section(root, "dependencies", RESTORE)?;
    let frameworks = frameworks.ok_or_else(|| Refusal::new(0, "`dependencies` is missing", RESTORE))?;
    let mut found = Found::default();
    let mut names: HashMap<&str, Names<'_>> = HashMap::new();
    let mut packages = Vec::new();
    for framework in &frameworks.0 {
        let Some(list) = framework.value.map() else {
            let why = format!("a framework is {}, not a map", framework.value.kind());
            return Err(Refusal::new(framework.at, why, RESTORE));
        };
        for member in &list.0 {
            let index = package(member, &mut found)?;
            if let Some(index) = index.filter(|_| frameworks.0.len() > 1) {
                found.condition(index, format!("framework: {}", shorten(&framework.key)));
            }
            names.entry(&framework.key).or_default().add(member.key.to_ascii_lowercase(), index)?;
            packages.push((framework.key.as_ref(), member, index));
        }
    }
    let none = Names::default();
    for (framework, member, index) in packages {
        // What differs for one system is listed apart (`net8.0/linux-x64`), and the rest under the framework itself.
        let own = names.get(framework).unwrap_or(&none);
        let base = framework.split_once('/').and_then(|(base, _)| names.get(base)).unwrap_or(&none);
        let needs = member.value.map().and_then(|entry| entry.get("dependencies")).and_then(Value::map);
        for need in needs.map_or(&[][..], |map| &map.0) {
            let name = need.key.to_ascii_lowercase();
            let names = if own.find(&name).is_none() && base.find(&name).is_some() { base } else { own };
            found.depend(names, (index, &member.key), (need.at, &name), true)?;
        }
    }
    Ok(found.finish(path, text, &ABOUT, counter::packages_lock(bytes)))
}

fn check_version(root: &Map<'_>) -> Result<(), Refusal> {
    match root.member("version").map(|member| (member.at, &member.value)) {
        Some((_, Value::Number(digits))) if digits == "1" || digits == "2" => Ok(()),
        Some((at, Value::Number(digits))) => Err(unsupported(at, digits, "1 and 2")),
        Some((at, other)) => Err(Refusal::new(at, format!("`version` is {}, not a number", other.kind()), RESTORE)),
        None => Err(Refusal::new(0, "`version` is missing", RESTORE)),
    }
}

fn package<'a>(member: &'a Member<'a>, found: &mut Found<'a>) -> Result<Option<u32>, Refusal> {
    let Some(entry) = member.value.map() else {
        let why = format!("the entry is {}, not a map", member.value.kind());
        found.unreadable(member.at, shorten(&member.key), why)?;
        return Ok(None);
    };
    let version = entry.text("resolved");
    if entry.text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("project")) {
        let Some(version) = version else {
            found.leave_out(shorten(&member.key), "a project of the solution: first-party")?;
            return Ok(None);
        };
        let plain = Entry::new(member.at, Ecosystem::Nuget, member.key.as_ref(), version);
        return found.push(Entry { source: Source::Local, ..plain });
    }
    found.push(Entry::new(member.at, Ecosystem::Nuget, member.key.as_ref(), version.unwrap_or_default()))
}
