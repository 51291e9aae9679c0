//! `composer.lock`: packages, edges, scopes. It looks at one other file, the `composer.json` beside it, for what the
//! project itself replaces or provides. Which repository a package comes from is not judged here: all but directories
//! count as from the default one, which is the strict side.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, Names, Siblings, beside, conflict, object, shorten};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Scope, Source, TreePath};
use std::borrow::Cow;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "composer-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `composer update --lock`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "packages",
    restore: RESTORE,
    complete: "run `composer update --lock` so that composer completes the lock, and commit the result",
};
/// Keys of the file that hold packages.
const LISTS: [(&str, Scope); 2] = [("packages", Scope::Normal), ("packages-dev", Scope::Dev)];

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for an entry
/// that cannot be understood or a `composer.json` that cannot be read, `dangling-dependency`, `count-mismatch`.
pub fn parse(
    path: &TreePath,
    bytes: &[u8],
    siblings: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes, siblings).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8], siblings: Siblings<'_>) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let value = json::read(text, RESTORE)?;
    let root = object(&value, RESTORE)?;
    check_keys(root)?;
    let mut found = Found::default();
    let mut names = Names::default();
    let mut packages = Vec::new();
    for (key, scope) in LISTS {
        let (at, list) = list(root, key)?;
        for item in list {
            let Some(map) = item.map() else {
                let why = format!("a package is {}, not a map", item.kind());
                found.unreadable(at, key.to_owned(), why)?;
                continue;
            };
            let index = package(map, at, scope, &mut found)?;
            let name = map.text("name").unwrap_or_default().to_ascii_lowercase();
            packages.push((map, index, name.clone()));
            names.add(name, index)?;
        }
    }
    for (package, index, _) in &packages {
        for (_, name) in replaced(package) {
            names.add(name, *index)?;
        }
    }
    project(path, siblings, &mut names, &mut found)?;
    for (package, index, name) in &packages {
        for member in members(package, "require").iter().filter(|member| member.key.contains('/')) {
            found.depend(&names, (*index, name), (member.at, &member.key.to_ascii_lowercase()), true)?;
        }
    }
    Ok(found.finish(path, text, &ABOUT, counter::composer(bytes)))
}

/// Refuses a list of packages under another key: one whose key was damaged would vanish.
fn check_keys(root: &Map<'_>) -> Result<(), Refusal> {
    let is_package = |item: &Value<'_>| item.map().is_some_and(|map| map.get("name").is_some());
    for member in &root.0 {
        if let Value::List(list) = &member.value
            && !LISTS.iter().any(|(key, _)| member.key == *key)
            && list.iter().any(is_package)
        {
            let why = "a list of packages under a key that composer does not write";
            return Err(Refusal::new(member.at, why, RESTORE));
        }
    }
    Ok(())
}

fn list<'v, 'a>(root: &'v Map<'a>, key: &str) -> Result<(usize, &'v [Value<'a>]), Refusal> {
    match root.member(key).map(|member| (member.at, &member.value)) {
        Some((at, Value::List(list))) => Ok((at, list)),
        // What composer before 1.0 wrote for a project that was not asked about development.
        Some((at, Value::Null)) if key == "packages-dev" => Ok((at, &[])),
        Some((at, other)) => Err(Refusal::new(at, format!("`{key}` is {}, not a list", other.kind()), RESTORE)),
        None => Err(Refusal::new(0, format!("`{key}` is missing"), RESTORE)),
    }
}

fn package<'a>(map: &'a Map<'a>, list: usize, scope: Scope, found: &mut Found<'a>) -> Result<Option<u32>, Refusal> {
    let first = map.0.first().map_or(list, |member| member.at);
    let at = map.member("name").map_or(first, |member| member.at);
    let (name, version) = (map.text("name").unwrap_or_default(), map.get("version"));
    let version: Cow<'a, str> = match version {
        Some(Value::Text(text)) => Cow::Borrowed(text),
        Some(Value::Number(digits)) => Cow::Borrowed(digits),
        None => Cow::Borrowed(""),
        Some(other) => {
            found.unreadable(at, shorten(name), format!("the version is {}, not a text", other.kind()))?;
            return Ok(None);
        }
    };
    if !name.contains('/') {
        found.unreadable(at, shorten(name), "the name is not a vendor and a package")?;
        return Ok(None);
    }
    let dist = map.get("dist").and_then(Value::map);
    let source = match dist.filter(|dist| dist.text("type") == Some("path")) {
        Some(dist) => Source::Path(dist.text("url").unwrap_or_default().into()),
        None => Source::Default,
    };
    let plain = Entry::new(at, Ecosystem::Packagist, name.to_ascii_lowercase(), version);
    let index = found.push(Entry { source, scope, ..plain })?;
    let (address, sum) = (dist.and_then(|dist| dist.text("url")), dist.and_then(|dist| dist.text("shasum")));
    let is_file = dist.is_some_and(|dist| dist.text("type") == Some("path"));
    found.fetched(index.filter(|_| !is_file), address, sum.filter(|sum| !sum.is_empty()));
    Ok(index)
}

/// The members under a key that maps names to requirements. PHP writes an empty map as an empty list.
fn members<'v, 'a>(map: &'v Map<'a>, key: &str) -> &'v [Member<'a>] {
    map.get(key).and_then(Value::map).map_or(&[][..], |map| &map.0)
}

/// What something stands in for, in lower case, with the place.
fn replaced<'v>(map: &'v Map<'_>) -> impl Iterator<Item = (usize, String)> + 'v {
    let all = ["replace", "provide"].into_iter().flat_map(|key| members(map, key));
    all.map(|member| (member.at, member.key.to_ascii_lowercase()))
}

/// What the project itself stands in for needs no entry.
fn project(
    path: &TreePath,
    siblings: Siblings<'_>,
    names: &mut Names<'_>,
    found: &mut Found<'_>,
) -> Result<(), Refusal> {
    let Some(bytes) = siblings(&beside(path, "composer.json")) else { return Ok(()) };
    let read = std::str::from_utf8(&bytes).map_err(|_| "not UTF-8".to_owned());
    let value = read.and_then(|text| json::read(text, "").map_err(|refusal| refusal.why));
    match value.as_ref().map(Value::map) {
        Ok(Some(manifest)) => replaced(manifest).try_for_each(|(_, name)| names.add(name, None)),
        Ok(None) => found.gap(GapKind::ParseFailed, 0, "composer.json".into(), "it is not an object".into()),
        Err(why) => found.gap(GapKind::ParseFailed, 0, "composer.json".into(), why.clone()),
    }
}
