//! `pubspec.lock`: packages and scopes of Dart. The format has no edges. It looks at no other file.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, conflict, object, section, shorten};
use super::place::{Refusal, utf8};
use super::python::without_user;
use super::value::{Map, Member, Value};
use super::{counter, yaml};
use crate::model::{Digest, Ecosystem, Gap, GapKind, Inventory, Partial, Scope, Source, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "pubspec-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `dart pub get`";
const ABOUT: About = About { format: FORMAT, counts: "keys of packages", restore: RESTORE, complete: RESTORE };
/// The default registry, under its name and the one that it had.
const REGISTRIES: [&str; 2] = ["https://pub.dev", "https://pub.dartlang.org"];

/// Reads a lock. Parts of an SDK have no version of their own and are left out by name.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for an entry
/// that cannot be understood or a file that ends too soon, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let documents = yaml::read(text, RESTORE)?;
    let [document] = documents.as_slice() else { return Err(Refusal::new(0, "a lock is one document", RESTORE)) };
    let root = object(document, RESTORE)?;
    // A list of packages under another key would vanish.
    let other = |member: &&Member<'_>| !["packages", "sdks"].contains(&member.key.as_ref());
    if let Some(member) = root.0.iter().find(other) {
        return Err(Refusal::new(member.at, "a key that pub does not write", RESTORE));
    }
    let mut found = Found::default();
    match root.member("packages").map(|member| (member.at, &member.value)) {
        Some((_, Value::Map(packages))) => packages.0.iter().try_for_each(|member| package(member, &mut found))?,
        Some((_, Value::Null)) => {}
        Some((at, other)) => {
            return Err(Refusal::new(at, format!("`packages` is {}, not a map", other.kind()), RESTORE));
        }
        None => return Err(Refusal::new(0, "`packages` is missing", RESTORE)),
    }
    if section(root, "sdks", RESTORE)?.is_none_or(|sdks| sdks.0.is_empty()) {
        let why = "no `sdks`, with which a lock ends".to_owned();
        found.gap(GapKind::ParseFailed, text.len(), path.as_str().to_owned(), why)?;
    }
    Ok(found.finish(path, text, &ABOUT, counter::pnpm(bytes)))
}

fn package<'a>(member: &'a Member<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let (at, name) = (member.at, member.key.as_ref());
    let Some(entry) = member.value.map() else {
        return found.unreadable(at, shorten(name), format!("the entry is {}, not a map", member.value.kind()));
    };
    if entry.text("source") == Some("sdk") {
        return found.leave_out(shorten(name), "a part of the SDK, with the version of that");
    }
    let description = entry.get("description").and_then(Value::map);
    let said = |key: &str| description.and_then(|map| map.text(key));
    let Some(source) = source(entry, said) else {
        return found.unreadable(at, shorten(name), "the entry does not say where the package comes from");
    };
    let checksum = match said("sha256").map(|hex| (hex.len(), hex.parse::<Digest>())) {
        None => None,
        Some((64, Ok(digest))) => Some(digest),
        Some(_) => {
            let why = "a checksum that is not 64 hex digits".to_owned();
            found.gap(GapKind::ParseFailed, at, shorten(name), why)?;
            None
        }
    };
    let scope = match entry.text("dependency") {
        Some("direct main" | "direct overridden") => Scope::Normal,
        Some("direct dev") => Scope::Dev,
        _ => Scope::Unknown,
    };
    let plain = Entry::new(at, Ecosystem::Pub, name, entry.text("version").unwrap_or_default());
    found.push(Entry { source, checksum, scope, ..plain }).map(|_| ())
}

fn source<'a>(entry: &Map<'_>, said: impl Fn(&str) -> Option<&'a str>) -> Option<Source> {
    match entry.text("source")? {
        "hosted" => {
            let url = said("url")?.trim_end_matches('/');
            let is_default = REGISTRIES.contains(&url);
            Some(if is_default { Source::Default } else { Source::Registry(without_user(url).into()) })
        }
        "git" => {
            let commit = said("resolved-ref").or_else(|| said("ref")).unwrap_or_default();
            Some(Source::Git(format!("{}#{commit}", without_user(said("url")?)).into()))
        }
        "path" => Some(Source::Path(said("path")?.into())),
        _ => None,
    }
}
