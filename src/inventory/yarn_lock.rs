//! `yarn.lock`, in the format of its own that classic yarn writes and in the YAML of the later ones.
//!
//! The lock does not say what the project itself asks for: `package.json` beside it does. From it come the scopes, and
//! with it a lock that was cut at the end of a line shows. Without it every scope is unknown.

mod berry;
mod classic;
mod manifest;

#[cfg(test)]
mod tests;

use super::counter;
use super::npm::{About, Found, conflict};
use super::place::{Refusal, utf8};
use crate::model::{Gap, Inventory, Partial, TreePath};
use manifest::Manifests;
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "yarn-lock";
/// Entries of one name that a dependency without an exact match leads to; beyond this it leads nowhere.
pub const MAX_TWINS: usize = 8;

const RESTORE: &str = "restore the file from version control, or write it anew with `yarn install`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "headers of packages",
    restore: RESTORE,
    complete: "run `yarn install` so that yarn completes the lock, and commit the result",
};

/// Gives the bytes of another file of the tree, none where there is no such file.
pub type Siblings<'s> = &'s dyn Fn(&TreePath) -> Option<Vec<u8>>;

/// Reads a lock. Of `siblings` it asks for the manifests (`package.json`) of the project and of its workspaces.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `parse-failed` for an entry that cannot be understood, `dangling-dependency` and `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8], siblings: Siblings<'_>) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes, siblings).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8], siblings: Siblings<'_>) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let is_berry = text.starts_with("__metadata:") || memchr::memmem::find(text.as_bytes(), b"\n__metadata:").is_some();
    let manifests = Manifests { beside: path.parent(), siblings };
    let found = if is_berry { berry::read(text, &manifests)? } else { classic::read(text, &manifests)? };
    Ok(found.finish(path, text, &ABOUT, counter::yarn(bytes)))
}

/// What entries answer to: `name@range`, and the name alone.
#[derive(Default)]
struct Names<'a> {
    exact: HashMap<(&'a str, &'a str), Option<u32>, foldhash::fast::RandomState>,
    by_name: HashMap<&'a str, Vec<u32>, foldhash::fast::RandomState>,
}

/// What a dependency means.
enum Target<'n> {
    /// These components: the project overrides the range that a package asks for.
    Any(&'n [u32]),
    /// The component, or an entry that has a gap already.
    One(Option<u32>),
    Missing,
}

impl<'a> Names<'a> {
    /// An entry answers to this. The first one stays where two do: both are components.
    fn answer(&mut self, name: &'a str, range: &'a str, component: Option<u32>) {
        self.exact.entry((name, range)).or_insert(component);
        let twins = self.by_name.entry(name).or_default();
        if let Some(component) = component.filter(|component| twins.last() != Some(component)) {
            twins.push(component);
        }
    }

    fn find(&self, name: &str, ranges: &[&str]) -> Target<'_> {
        if let Some(found) = ranges.iter().find_map(|range| self.exact.get(&(name, *range))) {
            return Target::One(*found);
        }
        // `resolutions` of the project replace ranges that stay in the lock as the packages have them.
        match self.by_name.get(name) {
            Some(twins) if twins.len() <= MAX_TWINS => Target::Any(twins),
            Some(_) => Target::Any(&[]),
            None => Target::Missing,
        }
    }
}

/// Notes what a package depends on.
fn depend(
    found: &mut Found<'_>,
    names: &Names<'_>,
    from: (Option<u32>, &str),
    to: (usize, &str, &[&str], bool),
) -> Result<(), Refusal> {
    let ((from, from_name), (at, name, ranges, optional)) = (from, to);
    let targets = match names.find(name, ranges) {
        Target::One(one) => &one.into_iter().collect::<Vec<_>>(),
        Target::Any(all) => all,
        Target::Missing if optional => return Ok(()),
        Target::Missing => return found.dangling(at, from_name, name),
    };
    if let Some(from) = from {
        targets.iter().for_each(|to| found.edge(from, *to));
    }
    Ok(())
}
