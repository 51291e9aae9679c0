//! `go.sum`: the modules whose contents were once needed to build. It looks at one other file, the `go.mod` beside it.
//!
//! The file lists every version that was ever looked at, most of them for their `go.mod` alone. From Go 1.17 on `go.mod`
//! says what is built, and nothing here is a component. Before that the modules that `go.mod` does not name stand here
//! alone: all of them with contents are components, which is more than what is built, and never less.

#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, Siblings, beside, shorten};
use super::go_mod::{Module, Target, is_version};
use super::place::{Refusal, conflict, utf8};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, TreePath};
use crate::text::base64;
use std::collections::{HashMap, HashSet};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "go-sum";

const RESTORE: &str = "restore the file from version control, or let `go mod tidy` write it anew";
const ABOUT: About = About { format: FORMAT, counts: "lines", restore: RESTORE, complete: RESTORE };
/// What the version of a line ends with that is about the module's `go.mod` alone.
const GO_MOD: &str = "/go.mod";
/// The condition of every component: the file may list more than what is built.
const SUPERSET: &str = "listed in go.sum alone";

/// Reads a file.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for a version
/// that is none or the same version with two sums, `count-mismatch`.
pub fn parse(
    path: &TreePath,
    bytes: &[u8],
    siblings: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes, siblings).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8], siblings: Siblings<'_>) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let manifest = siblings(&beside(path, "go.mod"));
    // A go.mod that cannot be read has a gap of its own; nothing is left out because of it.
    let manifest = manifest.as_deref().and_then(|bytes| utf8(bytes).ok());
    let built = Built::new(manifest.and_then(|text| Module::read(text, RESTORE).ok()).as_ref());
    let mut found = Found::default();
    let mut seen: HashMap<(&str, &str), &str> = HashMap::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let mut words = line.split_ascii_whitespace();
        let (module, version, sum) = match (words.next(), words.next(), words.next(), words.next()) {
            (None, ..) => continue,
            (Some(module), Some(version), Some(sum), None) => (module, version, sum),
            _ => return Err(refused(text, start, "a line that is not a module, a version and a sum")),
        };
        let place = start + line.find(module).unwrap_or(0);
        if !is_sum(sum) {
            return Err(refused(text, place, "a sum that is none"));
        }
        let label = format!("{} {}", shorten(module), shorten(version));
        if !is_version(version) {
            found.unreadable(place, label, "the version is not one of a module")?;
        } else if let Some(before) = seen.insert((module, version), sum) {
            found.leave_out(label.clone(), "listed before")?;
            if before != sum {
                let why = "the same version of a module with two sums".to_owned();
                found.gap(GapKind::ParseFailed, place, label, why)?;
            }
        } else if version.ends_with(GO_MOD) {
            found.leave_out(label, "only the go.mod of this version was looked at")?;
        } else if let Some(why) = built.excludes(module) {
            found.leave_out(label, why)?;
        } else if let Some(index) = found.push(Entry::new(place, Ecosystem::Go, module, version))? {
            found.condition(index, SUPERSET);
        }
    }
    Ok(found.finish(path, text, &ABOUT, counter::go_sum(bytes)))
}

fn refused(text: &str, at: usize, why: &str) -> Refusal {
    conflict(text).unwrap_or_else(|| Refusal::new(at, why, RESTORE))
}

/// An algorithm and a SHA-256 in base64: of the names and digests of all files, not of an archive.
fn is_sum(sum: &str) -> bool {
    sum.strip_prefix("h1:")
        .and_then(|encoded| base64::decode(encoded.as_bytes()).ok())
        .is_some_and(|sum| sum.len() == 32)
}

/// What the `go.mod` beside the file says about modules.
#[derive(Default)]
struct Built<'a> {
    is_complete: bool,
    /// Modules whose version it says.
    named: HashSet<&'a str>,
}

impl<'a> Built<'a> {
    fn new(module: Option<&Module<'a>>) -> Self {
        let Some(module) = module else { return Self::default() };
        let targets = module.requires.iter().filter_map(|required| match module.target(required) {
            Some(Target::Module(name, _)) => Some(name),
            Some(Target::Directory(_)) | None => None,
        });
        let named = module.requires.iter().map(|required| required.path.text).chain(targets).collect();
        Self { is_complete: module.is_complete(), named }
    }

    fn excludes(&self, module: &str) -> Option<&'static str> {
        if self.is_complete {
            Some("go.mod lists what is built, from Go 1.17 on")
        } else if self.named.contains(module) {
            Some("go.mod says which version of this module is built")
        } else {
            None
        }
    }
}
