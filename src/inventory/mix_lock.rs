//! `mix.lock`: packages of Hex and repositories, with edges. It looks at no other file. It reads the literals that mix
//! writes and runs nothing: the file is a term of Elixir.

mod term;
#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, Names, conflict, shorten};
use super::place::{Refusal, utf8};
use super::python::without_user;
use crate::model::{Digest, Ecosystem, Gap, GapKind, Inventory, Partial, Source, TreePath};
use term::{Locked, Term};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "mix-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `mix deps.get`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "entries",
    restore: RESTORE,
    complete: "run `mix deps.get` so that mix completes the lock, and commit the result",
};

/// Reads a lock. The commit of a repository stands for its version.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for an entry
/// that cannot be understood, `dangling-dependency`, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let locked = term::read(text, RESTORE)?;
    let mut found = Found::default();
    let mut names = Names::default();
    let mut became = Vec::with_capacity(locked.len());
    for entry in &locked {
        if names.find(entry.app).is_some() {
            return Err(Refusal::new(entry.at, "the same application twice", RESTORE));
        }
        let index = package(entry, &mut found)?;
        names.add(entry.app, index)?;
        became.push(index);
    }
    // Both have one element for each entry.
    for (entry, index) in locked.iter().zip(became) {
        let Some(Term::List(needs)) = entry.tuple.get(5) else { continue }; // a repository: its needs are in no lock
        for need in needs {
            let Term::Tuple(need) = need else { continue }; // no edge, and no entry of the lock
            let Some(Term::Atom(app)) = need.first() else { continue };
            let optional =
                need.iter().any(|term| matches!(term, Term::List(options) if options.iter().any(is_optional)));
            found.depend(&names, (index, entry.app), (entry.at, app), !optional)?;
        }
    }
    Ok(found.finish(path, text, &ABOUT, counter::mix(bytes)))
}

fn is_optional(option: &Term<'_>) -> bool {
    matches!(option, Term::Pair("optional", value) if **value == Term::Atom("true"))
}

fn package<'a>(entry: &Locked<'a>, found: &mut Found<'a>) -> Result<Option<u32>, Refusal> {
    let at = entry.at;
    let (plain, checksum) = match entry.tuple.as_slice() {
        [Term::Atom("hex"), Term::Atom(name), Term::Text(version), rest @ ..] => {
            let source = match rest.get(3) {
                None | Some(Term::Text("hexpm")) => Source::Default,
                Some(Term::Text(other)) => Source::Registry((*other).into()),
                Some(_) => {
                    found.unreadable(at, shorten(entry.app), "an entry of Hex that is not written as mix does")?;
                    return Ok(None);
                }
            };
            (Entry { source, ..Entry::new(at, Ecosystem::Hex, *name, *version) }, rest.get(4))
        }
        [Term::Atom("git"), Term::Text(url), Term::Text(commit), ..] => {
            let source = Source::Git(format!("{}#{commit}", without_user(url)).into());
            (Entry { source, ..Entry::new(at, Ecosystem::Hex, entry.app, *commit) }, None)
        }
        [Term::Atom("path"), Term::Text(_), ..] => {
            found.leave_out(shorten(entry.app), "a directory of the project: first-party")?;
            return Ok(None);
        }
        _ => {
            found.unreadable(at, shorten(entry.app), "an entry that is neither of Hex nor of git")?;
            return Ok(None);
        }
    };
    let checksum = match checksum {
        Some(Term::Text(hex)) if hex.len() == 64 && hex.parse::<Digest>().is_ok() => hex.parse().ok(),
        Some(_) => {
            let why = "a checksum that is not 64 hex digits".to_owned();
            found.gap(GapKind::ParseFailed, at, shorten(entry.app), why)?;
            None
        }
        None => None,
    };
    found.push(Entry { checksum, ..plain })
}
