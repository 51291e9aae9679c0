//! `go.mod`: the modules that a module of Go requires, as `replace` leaves them, and the toolchain that it names. It has
//! no edges. It looks at no network, and at one other file: the `go.sum` beside it.
//!
//! From Go 1.17 on the file lists every module that the build takes a package from (Go modules reference, «Graph pruning
//! and lazy loading»). Before that it lists what the module imports itself; the rest is in `go.sum`, which is read by
//! `go_sum`. `exclude` and `retract` change nothing here: a version that is required is the one that is built.

mod syntax;
#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, Siblings, beside, shorten};
use super::place::{Refusal, utf8};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Source, TreePath};
pub(super) use syntax::{Module, Target};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "go-mod";

/// The name under which the advisories list Go itself.
pub const STDLIB: &str = "stdlib";
const RESTORE: &str = "restore the file from version control, or let `go mod tidy` complete it";
const ABOUT: About = About { format: FORMAT, counts: "requirements", restore: RESTORE, complete: RESTORE };
const PIN: &str = "run `go get toolchain@latest` so that go.mod names a toolchain";
const SUM: &str = "run `go mod tidy -go=1.17` so that go.mod lists every module, or commit go.sum";

/// Reads a file. What a module is replaced by takes its place; a directory that replaces one has the source `Path`. The
/// line `toolchain` is the component `stdlib`.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for a version
/// that is none, `unlocked` (a module before Go 1.17 without `go.sum`), `toolchain-unpinned`, `count-mismatch`.
pub fn parse(
    path: &TreePath,
    bytes: &[u8],
    siblings: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes, siblings).map_err(|refusal| refusal.gap(path, bytes))
}

/// The module that a file is of; none where it has none or cannot be read.
pub fn module(text: &str) -> Option<String> {
    Module::read(text, RESTORE).ok()?.name.map(|name| name.text.to_owned())
}

fn read(path: &TreePath, bytes: &[u8], siblings: Siblings<'_>) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let module = Module::read(text, RESTORE)?;
    let mut found = Found::default();
    for required in &module.requires {
        let version = required.version.text;
        if !is_version(version) {
            let why = format!("`{}` is not a version of a module", shorten(version));
            found.unreadable(required.path.at, shorten(required.path.text), why)?;
            continue;
        }
        let plain = Entry::new(required.path.at, Ecosystem::Go, required.path.text, version);
        found.push(match module.target(required) {
            None => plain,
            Some(Target::Directory(dir)) => Entry { source: Source::Path(dir.into()), ..plain },
            Some(Target::Module(name, version)) => Entry { name: name.into(), version: version.into(), ..plain },
        })?;
    }
    toolchain(&module, &mut found)?;
    if !module.is_complete() && !module.requires.is_empty() && siblings(&beside(path, "go.sum")).is_none() {
        let why = "before Go 1.17 the file lists only what the module imports itself, and there is no go.sum beside it";
        found.gap_with_help((GapKind::Unlocked, SUM), 0, path.as_str(), why)?;
    }
    Ok(found.finish(path, text, &ABOUT, counter::go_mod(bytes)))
}

/// `v` and a number; whether it can be ordered is for the matcher to say.
pub(super) fn is_version(version: &str) -> bool {
    version.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The toolchain by which Go builds where the one at hand is older. The line `go` is a lower bound, and no version.
fn toolchain<'a>(module: &Module<'a>, found: &mut Found<'a>) -> Result<(), Refusal> {
    let named = module.toolchain.and_then(|line| Some((line.at, line.text, line.text.strip_prefix("go")?)));
    if let Some((at, _, version)) = named {
        // What a vendor adds takes no part in the order.
        let version = version.split('-').next().unwrap_or(version);
        return found.push(Entry::new(at, Ecosystem::Go, STDLIB, version)).map(|_| ());
    }
    if let Some(line) = module.toolchain {
        found.leave_out(shorten(line.text), "the toolchain that is at hand")?;
    }
    let (at, why) = match module.go {
        Some(go) => (go.at, format!("no `toolchain`; `go {}` is the least version, not the one that builds", go.text)),
        None => (0, "neither `go` nor `toolchain`".to_owned()),
    };
    found.gap_with_help((GapKind::ToolchainUnpinned, PIN), at, "the toolchain of Go", why)
}
