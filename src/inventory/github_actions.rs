//! `uses:` in workflows and actions of GitHub: other actions and reusable workflows, with what fixes them. It looks at no
//! other file. A tag, a branch or a commit is kept as it is written: only a tag that is a version can be ordered.

#[cfg(test)]
mod tests;

use super::found::{About, Entry, Found, conflict, list, object, section, shorten};
use super::place::{Refusal, utf8};
use super::value::{Map, Member, Value};
use super::{counter, yaml};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Scope, TreePath};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "github-actions";

const RESTORE: &str = "look at the file with actionlint, or restore it from version control";
const ABOUT: About = About { format: FORMAT, counts: "lines with `uses`", restore: RESTORE, complete: RESTORE };
const IMAGES: &str = "scan the image itself";

/// Reads a workflow or an action. Parts of a repository (`owner/repository/part`) are that repository.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `not-covered` for an image,
/// `parse-failed` for an entry that cannot be understood, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let documents = yaml::read(text, RESTORE)?;
    let [document] = documents.as_slice() else { return Err(Refusal::new(0, "it is not one document", RESTORE)) };
    let root = object(document, RESTORE)?;
    let mut found = Found::default();
    match (section(root, "jobs", RESTORE)?, section(root, "runs", RESTORE)?) {
        (Some(jobs), None) => {
            for job in &jobs.0 {
                let Some(map) = job.value.map() else {
                    return Err(Refusal::new(job.at, format!("a job is {}, not a map", job.value.kind()), RESTORE));
                };
                uses(map, &mut found)?;
                steps(map, &mut found)?;
            }
        }
        (None, Some(runs)) => steps(runs, &mut found)?,
        _ => return Err(Refusal::new(0, "neither `jobs` of a workflow nor `runs` of an action", RESTORE)),
    }
    Ok(found.finish(path, text, &ABOUT, counter::uses(bytes)))
}

fn steps<'a>(map: &'a Map<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let steps = list(map, "steps", RESTORE)?.map_or(&[][..], |(_, steps)| steps);
    // A step that is no map uses nothing.
    steps.iter().filter_map(Value::map).try_for_each(|step| uses(step, found))
}

fn uses<'a>(map: &'a Map<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let Some(Member { at, value, .. }) = map.member("uses") else { return Ok(()) };
    let said = value.text().unwrap_or_default().trim();
    // `$/` is the root of the repository whose workflow this is, at the same commit.
    if ["./", "../", "$/"].iter().any(|start| said.starts_with(start)) {
        return found.leave_out(shorten(said), "a part of this repository");
    }
    if let Some(image) = said.strip_prefix("docker://") {
        let why = "an image, which no advisories on actions cover";
        found.leave_out(shorten(image), why)?;
        return found.gap_with_help((GapKind::NotCovered, IMAGES), *at, image, why);
    }
    // Servers that run workflows of GitHub take whole addresses, too.
    let said = said.strip_prefix("https://github.com/").unwrap_or(said);
    let Some((name, version)) = said.split_once('@').and_then(|(path, version)| Some((repository(path)?, version)))
    else {
        return found.unreadable(*at, shorten(said), "not an action of a repository at a version");
    };
    let plain = Entry::new(*at, Ecosystem::GithubActions, name, version);
    found.push(Entry { scope: Scope::Build, ..plain }).map(|_| ())
}

/// `owner/repository` of `owner/repository/part`.
fn repository(path: &str) -> Option<&str> {
    let (owner, rest) = path.split_once('/')?;
    let own = rest.split('/').next().filter(|own| !own.is_empty() && !owner.is_empty())?;
    path.get(..owner.len() + 1 + own.len())
}
