//! `Package.resolved`, versions 1 to 3 of the format: packages of Swift, named by the address of their repository. The
//! format has no edges. It looks at no other file.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, conflict, list, object, section, shorten, unsupported};
use super::place::{Refusal, utf8};
use super::value::{Map, Value};
use super::{counter, json};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Source, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "package-resolved";

const RESTORE: &str = "restore the file from version control, or write it anew with `swift package resolve`";
const ABOUT: About = About { format: FORMAT, counts: "pins", restore: RESTORE, complete: RESTORE };

/// Reads a lock. The commit of a package that is fixed to none of its versions stands for it.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` for a pin that cannot be understood, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let value = json::read(text, RESTORE)?;
    let root = object(&value, RESTORE)?;
    let version = root.member("version").ok_or_else(|| Refusal::new(0, "`version` is missing", RESTORE))?;
    let (holder, keys) = match &version.value {
        Value::Number(digits) if digits == "1" => {
            let object = section(root, "object", RESTORE)?;
            (object.ok_or_else(|| Refusal::new(0, "`object` is missing", RESTORE))?, ("package", "repositoryURL"))
        }
        Value::Number(digits) if digits == "2" || digits == "3" => (root, ("identity", "location")),
        Value::Number(digits) => return Err(unsupported(version.at, digits, "1 to 3")),
        other => return Err(Refusal::new(version.at, format!("`version` is {}, not a number", other.kind()), RESTORE)),
    };
    let pins = list(holder, "pins", RESTORE)?;
    let (at, pins) = pins.ok_or_else(|| Refusal::new(0, "`pins` is missing", RESTORE))?;
    let mut found = Found::default();
    for item in pins {
        match item.map() {
            Some(map) => pin(map, at, keys, &mut found)?,
            None => found.unreadable(at, "a pin".to_owned(), format!("a pin is {}, not a map", item.kind()))?,
        }
    }
    Ok(found.finish(path, text, &ABOUT, counter::package_resolved(bytes)))
}

fn pin<'a>(map: &'a Map<'a>, list: usize, keys: (&str, &str), found: &mut Found<'a>) -> Result<(), Refusal> {
    let at = map.member(keys.0).or_else(|| map.0.first()).map_or(list, |member| member.at);
    let (identity, address) = (map.text(keys.0).unwrap_or_default(), map.text(keys.1).unwrap_or_default());
    let state = map.get("state").and_then(Value::map);
    let said = |key: &str| state.and_then(|state| state.text(key));
    let Some(version) = said("version").or_else(|| said("revision")) else {
        return found.unreadable(at, shorten(identity), "a pin without a version and without a commit");
    };
    let (name, source) = match map.text("kind") {
        Some("localSourceControl") => (identity.to_owned(), Source::Path(address.into())),
        Some("registry") => (identity.to_owned(), Source::Registry(identity.into())),
        None | Some("remoteSourceControl") => match repository(address) {
            Some(name) => (name, Source::Default),
            None => return found.unreadable(at, shorten(identity), "the address is not one of a repository"),
        },
        Some(_) => return found.unreadable(at, shorten(identity), "a kind of pin that this release does not know"),
    };
    found.push(Entry { source, ..Entry::new(at, Ecosystem::Swift, name, version) }).map(|_| ())
}

/// `host/owner/name` of an address, as advisories name a package.
fn repository(address: &str) -> Option<String> {
    let rest = match address.split_once("://") {
        Some((_, rest)) => rest.to_owned(),
        // `git@host:owner/name`
        None => address.split_once(':').map_or(address.to_owned(), |(host, path)| format!("{host}/{path}")),
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("{}/{path}", host.to_ascii_lowercase()))
}
