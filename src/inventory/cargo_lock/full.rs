//! The reader that knows all of TOML. Slower than `plain`, used for what cargo would not write like that, and the
//! only one that says what is wrong with a file. It ignores unknown keys, as cargo does.

use super::raw::{RawLock, RawPackage, Text, range};
use crate::inventory::place::Refusal;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use toml::Spanned;

/// What to do with a lock that is not one.
pub(super) const RESTORE: &str =
    "restore the file from version control, or write it anew with `cargo generate-lockfile`";

#[derive(Deserialize)]
struct Lock {
    version: Option<Spanned<i64>>,
    #[serde(default)]
    package: Vec<Spanned<Package>>,
    root: Option<Spanned<Package>>,
    #[serde(default)]
    metadata: BTreeMap<Spanned<String>, Spanned<String>>,
    patch: Option<Patch>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Spanned<String>,
    source: Option<Spanned<String>>,
    checksum: Option<Spanned<String>>,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
    replace: Option<Spanned<String>>,
}

#[derive(Deserialize)]
struct Patch {
    unused: Vec<Spanned<Unused>>,
}

#[derive(Deserialize)]
struct Unused {
    name: Spanned<String>,
    version: Spanned<String>,
    source: Option<Spanned<String>>,
}

/// Reads any lock, or says why it is none.
pub(super) fn read(text: &str) -> Result<RawLock<'static>, Refusal> {
    let lock: Lock = toml::from_str(text).map_err(|error| explain(text, &error))?;
    let version = lock.version.map(|v| (*v.get_ref(), v.span().start));
    let mut raw = RawLock { version, ..RawLock::default() };
    for package in lock.package {
        let package = convert(package, &mut raw.dependencies);
        raw.packages.push(package);
    }
    raw.root = lock.root.map(|package| convert(package, &mut raw.dependencies));
    raw.metadata = lock.metadata.into_iter().map(|(key, value)| (owned(key), owned(value))).collect();
    raw.unused = lock.patch.into_iter().flat_map(|patch| patch.unused).map(unused).collect();
    Ok(raw)
}

fn convert(package: Spanned<Package>, all: &mut Vec<Text<'static>>) -> RawPackage<'static> {
    let at = package.span().start;
    let package = package.into_inner();
    let start = all.len();
    all.extend(package.dependencies.into_iter().map(owned));
    RawPackage {
        at,
        name: owned(package.name),
        version: owned(package.version),
        source: package.source.map(owned),
        checksum: package.checksum.map(owned),
        dependencies: range(start, all.len()),
        replace: package.replace.map(owned),
    }
}

fn unused(entry: Spanned<Unused>) -> RawPackage<'static> {
    let at = entry.span().start;
    let entry = entry.into_inner();
    RawPackage {
        at,
        name: owned(entry.name),
        version: owned(entry.version),
        source: entry.source.map(owned),
        checksum: None,
        dependencies: 0..0,
        replace: None,
    }
}

fn owned(text: Spanned<String>) -> Text<'static> {
    let at = text.span().start;
    Text { text: Cow::Owned(text.into_inner()), at }
}

/// The two commonest causes have words and a remedy of their own.
fn explain(text: &str, error: &toml::de::Error) -> Refusal {
    if let Some(at) = conflict(text) {
        return Refusal::new(
            at,
            "the file holds the markers of a merge conflict",
            "take one side of the conflict, run `cargo update --workspace` to add what is missing, and commit the result",
        );
    }
    if let Some(at) = text.find('\0') {
        return Refusal::new(at, format!("a NUL byte at byte {at}: the file is damaged or not text"), RESTORE);
    }
    Refusal::toml(error, RESTORE)
}

/// The offset of the first line that git writes around the two sides of a conflict.
fn conflict(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") || line.starts_with("=======") {
            return Some(at);
        }
        at += line.len();
    }
    None
}
