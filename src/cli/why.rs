//! `portcullis why`: every shortest way from the first-party packages to a package.

use super::args::WhyArgs;
use super::{Exit, check, output};
use crate::check::Paths;
use crate::gate;
use crate::model::{Component, Inventory, Partial, Scope, Source};
use crate::sys::{Stream, Sys};
use crate::text::neutral;
use std::fmt::Write as _;

/// More ways than this to one component are counted as «more».
const MAX_WAYS: usize = 50;

pub(super) fn run(sys: &dyn Sys, args: &WhyArgs) -> Exit {
    let seen: Partial<Vec<Inventory>> = match gate::inventories(sys, &args.targets) {
        Ok(seen) => seen,
        Err(e) => return check::refuse(sys, &e),
    };
    let (name, version) = match args.package.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (args.package.as_str(), None),
    };
    let mut out = String::new();
    for inventory in &seen.value {
        let paths = Paths::of(inventory);
        for (index, component) in inventory.components.iter().enumerate() {
            if *component.name == *name && version.is_none_or(|v| *component.version == *v) {
                one(&mut out, inventory, &paths, index, component);
            }
        }
    }
    for gap in &seen.gaps {
        output::complain(sys, &format!("{}: {}", gap.what, gap.why), &gap.help);
    }
    let found = !out.is_empty();
    if !found {
        output::complain(sys, &format!("no lockfile here has the package {}", args.package), "");
    }
    let answer = match (found, seen.gaps.is_empty()) {
        (true, true) => Exit::Yes,
        (false, true) => Exit::No,
        (_, false) => Exit::CannotTell,
    };
    answer.worse(Exit::of_writing(&sys.print(Stream::Out, out.as_bytes())))
}

fn one(out: &mut String, inventory: &Inventory, paths: &Paths, index: usize, component: &Component) {
    let mut line = |indent: usize, text: &str| {
        let _ = writeln!(out, "{:indent$}{}", "", neutral::line(text)); // writing to a String cannot fail
    };
    let scope = match component.scope {
        Scope::Unknown => String::new(),
        scope => format!(", {}", scope.as_str()),
    };
    let conditions: String = component.conditions.iter().map(|c| format!(", only with {c}")).collect();
    let place = format!("{}:{}:{}", inventory.path, component.line, component.column);
    line(0, &format!("{} at {place} ({}{scope}{conditions})", component.label(), component.comes_from()));
    let labels = |of: &[usize]| -> Vec<String> {
        of.iter().filter_map(|i| inventory.components.get(*i)).map(Component::label).collect() // indices of this lock
    };
    let dependents = labels(&paths.dependents(index));
    let (ways, more) = paths.all_shortest(index, MAX_WAYS);
    let is_own = component.source == Source::Local;
    let reached = !is_own && ways.iter().any(|way| way.len() > 1);
    if reached {
        ways.iter().for_each(|way| line(2, &labels(way).join(" -> ")));
        if more {
            line(2, &format!("and more ways of the same length (the first {MAX_WAYS} are shown)"));
        }
        return;
    }
    match (is_own, dependents.is_empty()) {
        (true, _) => line(2, "it is one of your own packages"),
        (false, true) => line(2, "nothing in the lockfile depends on it"),
        (false, false) => line(2, "none of your own packages reaches it"),
    }
    dependents.iter().take(MAX_WAYS).for_each(|label| line(2, &format!("{label} depends on it")));
    if dependents.len() > MAX_WAYS {
        line(2, &format!("and {} more", dependents.len() - MAX_WAYS));
    }
}
