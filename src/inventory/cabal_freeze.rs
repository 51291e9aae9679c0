//! `cabal.project.freeze`: the versions of Haskell packages that a project is fixed to. The format has no edges. It looks
//! at no other file.

#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, conflict, shorten};
use super::place::{Refusal, utf8};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Scope, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "cabal-freeze";

const RESTORE: &str = "restore the file from version control, or write it anew with `cabal freeze`";
const ABOUT: About = About { format: FORMAT, counts: "constraints", restore: RESTORE, complete: RESTORE };
/// Fields that cabal writes, beside `constraints`.
const FIELDS: [&str; 5] = ["active-repositories", "index-state", "with-compiler", "preferences", "allow-newer"];

/// Reads a file. A constraint that sets flags alone is left out by name.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for a
/// constraint that is no exact version, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let mut found = Found::default();
    let (mut at, mut in_constraints) = (0, false);
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let body = line.trim();
        if body.is_empty() || body.starts_with("--") {
            continue;
        }
        let mut values = (start, line);
        if !line.starts_with([' ', '\t']) {
            let field = line.split_once(':').map(|(field, rest)| (field.trim().to_ascii_lowercase(), rest));
            let Some((field, rest)) =
                field.filter(|(field, _)| field == "constraints" || FIELDS.contains(&field.as_str()))
            else {
                return Err(Refusal::new(start, "a field that cabal does not write", RESTORE));
            };
            in_constraints = field == "constraints";
            values = (start + (line.len() - rest.len()), rest);
        }
        if in_constraints {
            constraints(values.1, values.0, &mut found)?;
        }
    }
    if found.entries.is_empty() && found.left_out.is_empty() {
        return Err(Refusal::new(0, "no constraint", RESTORE));
    }
    Ok(found.finish(path, text, &ABOUT, counter::cabal(bytes)))
}

/// The constraints of a line, between commas.
fn constraints<'a>(line: &'a str, start: usize, found: &mut Found<'a>) -> Result<(), Refusal> {
    let mut at = start;
    for piece in line.split(',') {
        let place = at + (piece.len() - piece.trim_start().len());
        at += piece.len() + 1;
        let piece = piece.trim();
        if !piece.is_empty() {
            constraint(piece, place, found)?;
        }
    }
    Ok(())
}

/// `+name` or `-name`.
fn is_flag(text: &str) -> bool {
    let name = text.strip_prefix(['+', '-']).unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && !name.contains(['=', '<', '>', '|', '&'])
}

fn constraint<'a>(piece: &'a str, at: usize, found: &mut Found<'a>) -> Result<(), Refusal> {
    let (qualified, rest) = piece.split_once([' ', '=']).unwrap_or((piece, ""));
    let rest = piece.get(qualified.len()..).unwrap_or(rest).trim_start();
    // `any.name`, and `setup.name` or `own:setup.name` for what builds a package
    let name = qualified.rsplit(['.', ':']).next().unwrap_or(qualified);
    let scope = if qualified.contains("setup.") { Scope::Build } else { Scope::Unknown };
    if let Some(version) = rest.strip_prefix("==").map(str::trim) {
        let is_exact = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !version.is_empty();
        if is_exact {
            return found.push(Entry { scope, ..Entry::new(at, Ecosystem::Hackage, name, version) }).map(|_| ());
        }
    } else if !rest.is_empty() && rest.split_whitespace().all(is_flag) {
        return found.leave_out(shorten(piece), "flags of a package, and no version");
    }
    found.unreadable(at, shorten(piece), "the constraint is no exact version")
}
