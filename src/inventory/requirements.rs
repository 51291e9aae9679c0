//! Requirements files of pip: pins become components, everything else is left out by name, with a gap where it would be
//! installed in a version that the files do not fix. It evaluates no marker and looks into no directory.
//!
//! An include is a file of its own: [`parse`] reads the requirements of one file alone and takes only pins, constraints
//! and the registry from the others. [`parse_all`] reads all of them.

mod direct;
mod items;
mod lines;
mod set;
#[cfg(test)]
mod tests;

use super::counter;
use super::place::{Cursor, Refusal};
use super::python::requirement::{self, Pin, Requirement};
use super::python::{self, File, Lock};
use super::toml_tree::Text;
use crate::model::{Component, Digest, Gap, GapKind, Inventory, Partial, Source, Stage, TreePath};
use direct::Direct;
use items::{Item, items};
use set::Set;

pub use set::MAX_FILES;
pub(super) use set::relative;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "pip-requirements";

const RESTORE: &str = "restore the file from version control";
const PIN: &str = "pin it with `==`, as `pip-compile` or `pip freeze` write it";

/// Reads one file. `siblings` gives the bytes of other files of the tree, which `-r` and `-c` name.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value, each with its line:
/// `unlocked` (a version that is not fixed), `not-covered` (a fixed archive or commit whose version is not written),
/// `parse-failed` (a line that is no requirement and no option), `unreadable` and `link-outside` (an include),
/// `count-mismatch`.
pub fn parse(
    path: &TreePath,
    bytes: &[u8],
    siblings: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> Result<Partial<Inventory>, Gap> {
    let read = || {
        let text = text(bytes)?;
        let set = Set::new(path, &text, siblings)?;
        one(path, bytes, &text, &set)
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

/// Reads a file and every file whose requirements it includes, in order of path, each with places of its own. Files of
/// constraints are not among them: nothing of them is installed unless something else asks for it.
pub fn parse_all(
    path: &TreePath,
    bytes: &[u8],
    siblings: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> Vec<Result<Partial<Inventory>, Gap>> {
    let read = || {
        let text = text(bytes)?;
        Set::new(path, &text, siblings)
    };
    let set = match read() {
        Ok(set) => set,
        Err(refusal) => return vec![Err(refusal.gap(path, bytes))],
    };
    let each = |included: &TreePath| {
        let other = if included == path { None } else { siblings(included) };
        let bytes = other.as_deref().unwrap_or(bytes); // what could not be read is among the missing, not here
        let read = text(bytes).and_then(|text| one(included, bytes, &text, &set));
        read.map_err(|refusal| refusal.gap(included, bytes))
    };
    set.included.iter().map(each).collect()
}

fn text(bytes: &[u8]) -> Result<std::borrow::Cow<'_, str>, Refusal> {
    let text = lines::decode(bytes)?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        let help = "remove the file, or say in a comment that nothing is needed";
        return Err(Refusal { at: None, ..Refusal::new(0, "the file is empty", help) });
    }
    Ok(text)
}

fn one(path: &TreePath, bytes: &[u8], text: &str, set: &Set) -> Result<Partial<Inventory>, Refusal> {
    let mut reader = Reader { path, set, lock: Lock::default(), places: Cursor::new(text) };
    for line in lines::lines(text) {
        for item in items(&line.text) {
            reader.item(item, &line.text, line.at)?;
        }
    }
    let counted = counter::python::requirements(bytes);
    Ok(reader.lock.finish(&File { path, format: FORMAT, bytes, text }, counted, "lines with a requirement"))
}

struct Reader<'a> {
    path: &'a TreePath,
    set: &'a Set,
    lock: Lock,
    places: Cursor<'a>,
}

impl Reader<'_> {
    fn item(&mut self, item: Item<'_>, line: &str, at: usize) -> Result<(), Refusal> {
        match item {
            Item::Requirement { text, hashes } => self.requirement(text, &hashes, at),
            Item::Editable(address) => self.address(address, None, "", None, at),
            Item::Include(target) | Item::Constraint(target) => self.include(target, at),
            Item::Index(_) | Item::Other => Ok(()), // they ask for no package; the registry is in the set
            Item::Unknown(option) if line.starts_with('-') => {
                let help = "correct the line; pip refuses it too";
                self.gap(
                    GapKind::ParseFailed,
                    option,
                    "an option that no pip knows, or one without its value",
                    help,
                    at,
                )
            }
            Item::Unknown(option) => {
                let why = format!("`{}` is no option of a requirement", python::clip(option));
                self.skip(GapKind::ParseFailed, line, &why, "correct the line; pip refuses it too", at)
            }
        }
    }

    fn requirement(&mut self, text: &str, hashes: &[&str], at: usize) -> Result<(), Refusal> {
        let digest = digest(hashes, at)?;
        if direct::is_url(text) {
            let (address, marker) = match text.split_once("; ") {
                Some((address, marker)) => (address, Some(marker)),
                None => (text, None),
            };
            return self.unnamed(address, marker, digest, at);
        }
        match Requirement::parse(text) {
            Ok(Requirement { name, url: Some(url), marker, .. }) => self.address(url, Some(name), marker, digest, at),
            // `a-1.0.zip` is a name to PEP 508, and a file to pip.
            Ok(found) if !(direct::is_archive(text) && found.clauses.is_empty()) => {
                self.named(&found, text, digest, at)
            }
            Ok(_) => self.address(text, None, "", digest, at),
            Err(_) if direct::is_path(text) && !text.contains(['{', '$', '<']) => {
                let (address, marker) = match text.split_once(';') {
                    Some((address, marker)) => (address, Some(marker)),
                    None => (text, None),
                };
                self.unnamed(address, marker, digest, at)
            }
            Err(why) => {
                let why = format!("not a requirement: {why}");
                self.skip(GapKind::ParseFailed, text, &why, "correct the line; pip refuses it too", at)
            }
        }
    }

    /// An URL or a path without a name before it.
    fn unnamed(
        &mut self,
        address: &str,
        marker: Option<&str>,
        digest: Option<Digest>,
        at: usize,
    ) -> Result<(), Refusal> {
        let address = address.trim_end();
        match requirement::marker(marker) {
            Ok(marker) if !address.contains(char::is_whitespace) => self.address(address, None, marker, digest, at),
            _ => {
                let why = "neither a requirement nor an address with a marker";
                self.skip(GapKind::ParseFailed, address, why, "correct the line; pip refuses it too", at)
            }
        }
    }

    /// A name with or without clauses.
    fn named(&mut self, found: &Requirement<'_>, text: &str, digest: Option<Digest>, at: usize) -> Result<(), Refusal> {
        let name = python::normalise(found.name);
        let version = match found.pin() {
            Pin::One(version) => version,
            Pin::Several => {
                let why = "two different versions are wanted at once";
                return self.skip(GapKind::ParseFailed, text, why, "keep one of them", at);
            }
            Pin::Open => {
                if let Some(version) = self.set.required(&name) {
                    return self.lock.leave_out(shown(text), format!("another line pins {name} {version}"));
                }
                match self.set.constrained(&name) {
                    Some(version) => version,
                    None => return self.skip(GapKind::Unlocked, text, "its version is not fixed", PIN, at),
                }
            }
        };
        let version = python::version(Text { text: version, at }, RESTORE)?;
        let source = self.set.index.as_deref().map_or(Source::Default, python::index);
        let plain = python::component(name.into(), version, source, self.places.place(at));
        let conditions = python::condition([found.marker]);
        self.lock.push(Component { checksum: digest, conditions, ..plain })
    }

    /// An URL or a path.
    fn address(
        &mut self,
        address: &str,
        name: Option<&str>,
        marker: &str,
        digest: Option<Digest>,
        at: usize,
    ) -> Result<(), Refusal> {
        let what = name.map_or_else(|| shown(address), |name| format!("{name} @ {}", shown(address)));
        match direct::read(address, name) {
            Direct::Archive { name, version, source } => {
                let name = python::normalise(&name).into();
                let plain = python::component(name, version.into(), source, self.places.place(at));
                self.lock.push(Component { checksum: digest, conditions: python::condition([marker]), ..plain })
            }
            Direct::Inside => self.lock.leave_out(what, "a directory of the project: first-party"),
            Direct::Opaque { fixed: true } => {
                let why = "it is fixed, but its version is not written, so that no advisory can be matched";
                self.skip(GapKind::NotCovered, &what, why, "take a release of the default registry", at)
            }
            Direct::Opaque { fixed: false } => {
                let why = "what it leads to may change, and its version is not written";
                self.skip(
                    GapKind::Unlocked,
                    &what,
                    why,
                    "take a release of the default registry, or fix the commit",
                    at,
                )
            }
        }
    }

    fn include(&mut self, target: &str, at: usize) -> Result<(), Refusal> {
        let Some(path) = relative(self.path, target) else {
            let (kind, why) = if target.contains("://") {
                (GapKind::Unreadable, "an include from the network, which is not read")
            } else {
                (GapKind::LinkOutside, "an include that leads out of the tree")
            };
            return self.gap(kind, target, why, "keep the file in the tree, and include it from there", at);
        };
        match self.set.missing.get(&path) {
            None => Ok(()), // it was read
            Some(why) => {
                let why = format!("includes {}, {why}", python::clip(path.as_str()));
                self.gap(GapKind::Unreadable, target, &why, "add the file, or remove the line", at)
            }
        }
    }

    /// Leaves an entry out, with a gap.
    fn skip(&mut self, kind: GapKind, what: &str, why: &str, help: &str, at: usize) -> Result<(), Refusal> {
        self.lock.leave_out(shown(what), why)?;
        self.gap(kind, what, why, help, at)
    }

    fn gap(&mut self, kind: GapKind, what: &str, why: &str, help: &str, at: usize) -> Result<(), Refusal> {
        self.lock.gap(Some(at), Gap::new(kind, Stage::Inventory, shown(what), why).with_help(help))
    }
}

/// A line as reports may repeat it: without secrets, and not too long.
fn shown(text: &str) -> String {
    python::clip(&python::without_user(text))
}

/// The digest where there is only one: which archive a hash belongs to is not written.
fn digest(hashes: &[&str], at: usize) -> Result<Option<Digest>, Refusal> {
    let mut all = Vec::with_capacity(hashes.len());
    for hash in hashes {
        all.push(("", python::digest(Text { text: hash, at }, RESTORE)?));
    }
    Ok(python::one_digest(all))
}
