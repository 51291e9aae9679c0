//! `stack.yaml.lock`: the packages of Haskell that a project takes beside its snapshots. It looks at no other file; what is
//! in a snapshot stands in no lock, and that is a gap.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, conflict, list, object, shorten};
use super::place::{Refusal, utf8};
use super::python::without_user;
use super::value::{Map, Value};
use super::{counter, yaml};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Source, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "stack-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `stack build --dry-run`";
const ABOUT: About = About { format: FORMAT, counts: "packages", restore: RESTORE, complete: RESTORE };
const FREEZE: &str =
    "write every version down with `stack ls dependencies cabal > cabal.project.freeze`, and commit it";

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `unlocked` for each snapshot,
/// `parse-failed` for an entry that cannot be understood, `count-mismatch`.
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
    if let Some(member) = root.0.iter().find(|member| !["packages", "snapshots"].contains(&member.key.as_ref())) {
        return Err(Refusal::new(member.at, "a key that stack does not write", RESTORE));
    }
    let missing = |key: &str| Refusal::new(0, format!("`{key}` is missing"), RESTORE);
    let (at, packages) = list(root, "packages", RESTORE)?.ok_or_else(|| missing("packages"))?;
    let (from, snapshots) = list(root, "snapshots", RESTORE)?.ok_or_else(|| missing("snapshots"))?;
    let mut found = Found::default();
    for item in packages {
        let at = item.place_in(text).unwrap_or(at);
        match item.map().and_then(|map| map.get("completed")).and_then(Value::map) {
            Some(completed) => package(completed, at, &mut found)?,
            None => found.unreadable(at, "a package".to_owned(), "an entry without `completed`")?,
        }
    }
    for item in snapshots {
        let said = |key: &str| item.map().and_then(|map| map.get(key));
        let address = |key: &str| match said(key) {
            Some(Value::Map(map)) => map.text("url"),
            Some(value) => value.text(),
            None => None,
        };
        let what = address("original").or_else(|| address("completed")).unwrap_or("a snapshot");
        let why = "the packages of a snapshot are fixed, and stand in no file of the project";
        found.gap_with_help((GapKind::Unlocked, FREEZE), item.place_in(text).unwrap_or(from), what, why)?;
    }
    Ok(found.finish(path, text, &ABOUT, counter::stack(bytes)))
}

fn package<'a>(completed: &'a Map<'a>, at: usize, found: &mut Found<'a>) -> Result<(), Refusal> {
    if let Some(member) = completed.member("hackage") {
        let said = member.value.text().unwrap_or_default();
        // What follows is the digest of the description, not of the archive.
        let label = said.split('@').next().unwrap_or(said);
        let Some((name, version)) = label.rsplit_once('-').filter(|(_, version)| is_version(version)) else {
            return found.unreadable(member.at, shorten(said), "not a package and its version");
        };
        return found.push(Entry::new(member.at, Ecosystem::Hackage, name, version)).map(|_| ());
    }
    let said = |key: &str| completed.text(key);
    let source = match (said("git"), said("url")) {
        (Some(url), _) => Source::Git(format!("{}#{}", without_user(url), said("commit").unwrap_or_default()).into()),
        (None, Some(url)) => Source::Path(without_user(url).into()),
        (None, None) => {
            return found.unreadable(
                at,
                shorten(said("name").unwrap_or("a package")),
                "it does not say where it is from",
            );
        }
    };
    let (name, version) = (said("name").unwrap_or_default(), said("version").unwrap_or_default());
    found.push(Entry { source, ..Entry::new(at, Ecosystem::Hackage, name, version) }).map(|_| ())
}

/// Numbers with dots between them.
fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}
