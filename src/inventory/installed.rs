//! Packages as they lie where a package manager unpacked them: `METADATA` and `PKG-INFO` of Python, `package.json` of
//! Node.js. Each file is one package. It knows nothing of what should be installed.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found};
use super::place::{Refusal, utf8};
use super::{counter, json, python};
use crate::model::{Digest, Ecosystem, Gap, Inventory, Partial, Scope, TreePath};

/// The format in `Inventory::format` of a package of Python.
pub const PYTHON: &str = "python-package";
/// The format in `Inventory::format` of a package of Node.js.
pub const NPM: &str = "npm-package";

const RESTORE: &str = "install the package anew";
const ABOUT: About = About { format: PYTHON, counts: "packages", restore: RESTORE, complete: RESTORE };

/// Reads the core metadata of an installed distribution of Python (PyPA specification «Core metadata specifications»): the
/// lines before the first empty one.
///
/// # Errors
/// One gap, `parse-failed`, where it names no package at a version, or several. Beside the value: `parse-failed` for a
/// name or version that is none.
pub fn python(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    let head = head(bytes);
    // Old files have the names of people in any encoding. Lines stay what they are.
    let text = String::from_utf8_lossy(head);
    let read = || -> Result<Partial<Inventory>, Refusal> {
        let (name, version) = (header(&text, "name")?, header(&text, "version")?);
        let name_at = name.at;
        let entry = Entry::new(name_at, Ecosystem::Pypi, python::normalise(name.value), version.value);
        let mut found = Found::default();
        found.push(Entry { scope: Scope::Normal, ..entry })?;
        Ok(found.finish(path, &text, &ABOUT, counter::python_metadata(bytes)))
    };
    whole_file(read(), path, bytes)
}

/// Reads the `package.json` of an installed package of Node.js.
///
/// # Errors
/// One gap, `parse-failed`, where it is no JSON, or names no package at a version. Beside the value: `parse-failed` for a
/// name or version that is none.
pub fn npm(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    let read = || -> Result<Partial<Inventory>, Refusal> {
        let text = utf8(bytes)?;
        let value = json::read(text, RESTORE)?;
        let root = value.map().ok_or_else(|| Refusal::new(0, "it is not an object of JSON", RESTORE))?;
        let missing = |key: &str| Refusal::new(0, format!("`{key}` is missing or is no text"), RESTORE);
        let name = root.member("name").ok_or_else(|| missing("name"))?;
        let version = root.text("version").ok_or_else(|| missing("version"))?;
        let mut found = Found::default();
        let entry =
            Entry::new(name.at, Ecosystem::Npm, name.value.text().ok_or_else(|| missing("name"))?, version.trim());
        found.push(Entry { scope: Scope::Normal, ..entry })?;
        Ok(found.finish(path, text, &About { format: NPM, ..ABOUT }, counter::npm_package(bytes)))
    };
    whole_file(read(), path, bytes)
}

/// Gaps with the digest of the file, of which a reader may have seen a part.
fn whole_file(
    read: Result<Partial<Inventory>, Refusal>,
    path: &TreePath,
    bytes: &[u8],
) -> Result<Partial<Inventory>, Gap> {
    let mut part = read.map_err(|refusal| refusal.gap(path, bytes))?;
    if !part.gaps.is_empty() {
        let digest = Digest::of(bytes);
        part.gaps.iter_mut().for_each(|gap| gap.digest = Some(digest));
    }
    Ok(part)
}

/// The bytes before the first empty line: behind it stands a description.
fn head(bytes: &[u8]) -> &[u8] {
    let ends = memchr::memchr_iter(b'\n', bytes).find(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        rest.starts_with(b"\n") || rest.starts_with(b"\r\n")
    });
    ends.and_then(|at| bytes.get(..=at)).unwrap_or(bytes)
}

/// A header and the offset of its line.
struct Header<'a> {
    at: usize,
    value: &'a str,
}

fn header<'a>(text: &'a str, wanted: &str) -> Result<Header<'a>, Refusal> {
    let mut at = 0;
    let mut found: Option<Header<'a>> = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some((name, value)) = line.split_once(':') else { continue }; // the continuation of a long header
        if !name.eq_ignore_ascii_case(wanted) {
            continue;
        }
        if found.is_some() {
            return Err(Refusal::new(start, format!("a second `{name}`"), RESTORE));
        }
        found = Some(Header { at: start, value: value.trim() });
    }
    found.ok_or_else(|| Refusal::new(0, format!("no `{wanted}` in its headers"), RESTORE))
}
