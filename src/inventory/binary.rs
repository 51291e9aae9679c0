//! Executables (ELF, PE, Mach-O, WebAssembly): the packages that they were built from, where the build wrote them down:
//! `cargo auditable` data and Go build information. It runs nothing and guesses nothing from code.

mod auditable;
mod go;
mod image;
mod list;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use super::found::About;
use super::go_mod;
use super::place::Refusal;
use crate::model::{Component, Ecosystem, Gap, GapKind, Inventory, Partial, Source, TreePath};
use image::ImageError;
pub(super) use list::List;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "executable";

const RESTORE: &str = "build the program anew, or fetch it again from where it came";
const ABOUT: About = About { format: FORMAT, counts: "packages", restore: RESTORE, complete: RESTORE };

/// Reads a program. Every component stands at its beginning: a program has no lines. A fat file gives what any of its
/// images holds.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`; `nothing-to-judge` where it says nothing of what it
/// was built from. Gaps beside the value: `parse-failed` for an entry that cannot be understood, `dangling-dependency`,
/// `toolchain-unpinned`, `nothing-to-judge` (Go without modules), `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let images = image::images(bytes).map_err(|error| damaged(&error))?;
    let mut list = List::default();
    for (nth, image) in images.iter().enumerate() {
        let has_cargo = auditable::add(image, &mut list)?;
        let has_go = go::add(image, &mut list)?;
        if !has_cargo && !has_go {
            return Err(silent(bytes, (images.len() > 1).then_some(nth + 1)));
        }
    }
    Ok(list.finish(path, bytes, &ABOUT))
}

/// The package that a program was built for: the one of its ecosystem that no other depends on. None where there are
/// several, or where the program does not say.
pub fn root(inventory: &Inventory, ecosystem: Ecosystem) -> Option<&Component> {
    let mut is_needed = vec![false; inventory.components.len()];
    for to in inventory.edges.iter().flatten() {
        if let Some(flag) = usize::try_from(*to).ok().and_then(|to| is_needed.get_mut(to)) {
            *flag = true;
        }
    }
    let all = inventory.components.iter().zip(&inventory.edges).zip(is_needed); // all three have one length
    let mut roots = all
        .filter(|((component, edges), is_needed)| {
            let begins = component.source == Source::Local || !edges.is_empty();
            component.ecosystem == ecosystem && !is_needed && begins && *component.name != *go_mod::STDLIB
        })
        .map(|((component, _), _)| component);
    match (roots.next(), roots.next()) {
        (Some(root), None) => Some(root),
        _ => None,
    }
}

fn damaged(error: &ImageError) -> Refusal {
    let kind = match error {
        ImageError::TooMany { .. } => GapKind::TooLarge,
        ImageError::Unknown | ImageError::Damaged(_) => GapKind::ParseFailed,
    };
    Refusal { kind, at: None, why: format!("not an executable: {error}"), help: RESTORE.to_owned() }
}

/// The refusal of a program that says nothing; rustc leaves the path of its own sources in what it builds.
fn silent(bytes: &[u8], nth: Option<usize>) -> Refusal {
    let which = nth.map_or_else(|| "it".to_owned(), |nth| format!("its image number {nth}"));
    let (by, help) = match memchr::memmem::find(bytes, b"/rustc/") {
        Some(_) => ("; rustc built it", auditable::RESTORE),
        None => ("", "judge the lockfile that it was built from, or build it so that it carries a list"),
    };
    let why = format!(
        "{which} carries neither a list of `cargo auditable` nor build information of Go, so nothing says what it is \
         made of{by}"
    );
    Refusal { kind: GapKind::NothingToJudge, at: None, why, help: help.to_owned() }
}
