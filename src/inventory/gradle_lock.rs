//! `gradle.lockfile` and `buildscript-gradle.lockfile`: artifacts, with the configurations that resolve to them. The
//! format has no edges. It looks at no other file.

#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, conflict, shorten};
use super::place::{Refusal, utf8};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Scope, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "gradle-lock";

const RESTORE: &str =
    "restore the file from version control, or write it anew with `gradle dependencies --write-locks`";
const ABOUT: About = About { format: FORMAT, counts: "lines", restore: RESTORE, complete: RESTORE };

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for a line that
/// cannot be understood, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let (mut found, mut is_whole, mut at) = (Found::default(), false, 0);
    if text.starts_with('\u{feff}') {
        at = '\u{feff}'.len_utf8();
    }
    for line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
        let place = at + (line.len() - line.trim_start().len());
        at += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("empty=") {
            is_whole = true;
            continue;
        }
        artifact(line, place, &mut found)?;
    }
    if !is_whole {
        // Gradle sorts the lines, and puts the configurations without artifacts behind them.
        return Err(Refusal::new(text.len(), "no `empty=`: the file is cut", RESTORE));
    }
    Ok(found.finish(path, text, &ABOUT, counter::gradle(bytes)))
}

fn artifact<'a>(line: &'a str, at: usize, found: &mut Found<'a>) -> Result<(), Refusal> {
    let parts = line.split_once('=').and_then(|(artifact, of)| Some((artifact.rsplit_once(':')?, of)));
    let Some(((name, version), configurations)) = parts.filter(|((name, _), of)| is_name(name) && !of.contains(is_odd))
    else {
        return found.unreadable(at, shorten(line), "not a group, an artifact, a version and configurations");
    };
    let plain = Entry::new(at, Ecosystem::Maven, name, version);
    found.push(Entry { scope: scope(configurations), ..plain }).map(|_| ())
}

/// A group and an artifact.
fn is_name(name: &str) -> bool {
    name.split_once(':').is_some_and(|(group, own)| !group.is_empty() && !own.is_empty() && !own.contains(':'))
}

/// What stands in no list of configurations: two lines became one.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, ':' | '=')
}

/// The strongest of all configurations, by the names that the plugins of Gradle give them.
fn scope(configurations: &str) -> Scope {
    let of = |name: &str| match name.to_ascii_lowercase() {
        name if name.contains("test") => Scope::Dev,
        name if name == "classpath" || name.contains("processor") || name.contains("kapt") || name.contains("ksp") => {
            Scope::Build
        }
        _ => Scope::Normal,
    };
    let names = configurations.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(of).max().unwrap_or(Scope::Unknown)
}
