//! How each component is reached: the strongest kind of edge from the first-party packages, and the conditions on it.
//!
//! Read as data from lock and manifests; nothing is run. Where these do not say, a component is `unknown`, which counts
//! as included: `dev`, `build` and conditions are claimed only where every first-party edge is understood.

mod drift;
mod manifests;
#[cfg(test)]
mod tests;

use super::cargo_manifest::{Dependency, Kind, Manifest};
use crate::model::{Component, Gap, GapKind, Inventory, Scope, Source, Stage, TreePath};
use crate::text::shell;
use manifests::{Entry, Manifests, ancestors};
use semver::{Version, VersionReq};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Conditions that are told apart in one lock, one bit each; further ones share the last bit.
const MAX_CONDITIONS: usize = 128;
/// What the last bit says when it is shared.
const FURTHER: &str = "further conditions";
/// Declarations of one package in one manifest that are compared; beyond this the edge is unknown.
const MAX_DECLARED: usize = 256;

/// Sets scope and conditions of every component from the manifests of the tree.
///
/// First-party packages are roots, each of them: they are `normal` and without condition. The edges of other packages
/// are taken as they come, normal or build: a lock does not tell the two apart.
pub fn annotate(inventory: &mut Inventory, manifests: &[(TreePath, Manifest)]) {
    let manifests = Manifests::new(manifests);
    let mut edges = first_party_edges(inventory, &manifests);
    // The strongest first, so that the first visit of a component is the one that counts.
    edges.sort_by_key(|edge| std::cmp::Reverse(edge.scope));
    let scopes = scopes(inventory, &edges);
    let (names, masks) = conditions(inventory, &edges);
    for ((component, scope), mask) in inventory.components.iter_mut().zip(scopes).zip(masks) {
        // The three lists have one length: they are made from the components.
        component.scope = scope;
        let named = (0..).zip(&names).filter(|(bit, _)| mask & (1_u128 << bit) != 0);
        component.conditions = named.map(|(_, name)| Arc::clone(name)).collect();
    }
}

/// The manifests that no lock covers: a package needs a lock in its directory or above that lists it as first-party (or be a
/// member of the workspace of such a lock), a workspace without a package needs a lock in its own directory. One gap each, in order of path.
///
/// After them, where a lock and the manifests it belongs to do not fit together: `unlocked` for a dependency that the
/// lock does not list, `not-covered` for a first-party package of the lock that no manifest provides.
pub fn unlocked(manifests: &[(TreePath, Manifest)], locks: &[&Inventory]) -> Vec<Gap> {
    let mut listed: HashMap<&str, HashSet<(&str, Option<&str>)>> = HashMap::new();
    for lock in locks {
        let names = listed.entry(lock.path.parent()).or_default();
        for component in lock.components.iter().filter(|c| c.source == Source::Local) {
            names.insert((&component.name, Some(&component.version)));
            names.insert((&component.name, None));
        }
    }
    let manifests = Manifests::new(manifests);
    // A workspace may name members that do not lie below it.
    let mut members: HashMap<&str, Vec<&str>> = HashMap::new();
    for lock_dir in listed.keys() {
        for member in manifests.members_of(lock_dir) {
            members.entry(member).or_default().push(lock_dir);
        }
    }
    let gap = |entry: &Entry<'_>| {
        let dir = entry.path.parent();
        let lists = |lock_dir: &str, package| listed.get(lock_dir).is_some_and(|names| names.contains(package));
        let covered = |package| {
            let named = members.get(dir).into_iter().flatten().copied();
            ancestors(dir).chain(named).any(|lock_dir| lists(lock_dir, package))
        };
        let why = match entry.package() {
            Some(package) if covered(&package) => return None,
            Some((name, version)) => {
                let version = version.map(|version| format!(" {version}")).unwrap_or_default();
                format!("no Cargo.lock in its directory or above lists {name}{version}")
            }
            None if entry.manifest.workspace.is_none() || listed.contains_key(dir) => return None,
            None => "the workspace has no Cargo.lock that could be read".to_owned(),
        };
        let help = match shell::quote(entry.path.as_str()) {
            Some(path) => format!("cargo generate-lockfile --manifest-path {path}"),
            None => "let cargo write a Cargo.lock for it, and commit it".to_owned(),
        };
        let gap = Gap::new(GapKind::Unlocked, Stage::Inventory, entry.path.as_str(), why);
        Some(gap.with_path(entry.path.clone()).with_help(help))
    };
    let mut gaps: Vec<Gap> = manifests.iter().filter_map(gap).collect(); // what gives none is covered
    gaps.extend(drift::missing(&manifests, locks));
    gaps.extend(drift::unprovided(&manifests, locks));
    gaps
}

/// An edge from a first-party package.
struct Edge {
    to: u32,
    scope: Scope,
    /// When it exists; empty when always.
    conditions: BTreeSet<String>,
}

fn first_party_edges(inventory: &Inventory, manifests: &Manifests<'_>) -> Vec<Edge> {
    let mut here: HashMap<(&str, &str), Vec<&Entry<'_>>> = HashMap::new();
    let mut anywhere = here.clone();
    let locked = manifests.locked_by(inventory.path.parent());
    for entry in manifests.iter() {
        let Some((name, Some(version))) = entry.package() else { continue }; // it cannot be told which package it is
        anywhere.entry((name, version)).or_default().push(entry);
        if locked.contains(entry.path.parent()) {
            here.entry((name, version)).or_default().push(entry);
        }
    }
    let mut edges = Vec::new();
    // Edges of which nothing is known differ in nothing but where they lead, and many lead to the same place.
    let mut unknown = vec![false; inventory.components.len()];
    for (component, targets) in inventory.components.iter().zip(&inventory.edges) {
        if component.source != Source::Local {
            continue; // only the edges of first-party packages have kinds; those of others are walked below
        }
        let key = (component.name.as_ref(), component.version.as_ref());
        let known = here.get(&key).map(Vec::as_slice).unwrap_or_default();
        let guessed = anywhere.get(&key).map(Vec::as_slice).unwrap_or_default();
        let declared = match (known, guessed) {
            ([entry], _) => Some((Declared::new(entry), false)),
            ([], [entry]) => Some((Declared::new(entry), true)),
            _ => None,
        };
        let read = |to: &u32| {
            let target = inventory.components.get(*to as usize)?;
            declared.as_ref()?.0.edge(*to, target)
        };
        let mut own: Vec<Option<Edge>> = targets.iter().map(read).collect();
        // A manifest of that name from elsewhere must explain every edge, or it is another package.
        if declared.is_some_and(|(_, guess)| guess) && own.iter().any(Option::is_none) {
            own.iter_mut().for_each(|edge| *edge = None);
        }
        for (edge, to) in own.into_iter().zip(targets) {
            match (edge, unknown.get_mut(*to as usize)) {
                (Some(edge), _) => edges.push(edge),
                (None, Some(unknown)) => *unknown = true,
                (None, None) => {} // every index is valid
            }
        }
    }
    let unknown = (0u32..).zip(unknown).filter_map(|(to, is)| is.then_some(to)); // the others are known, or no edges
    edges.extend(unknown.map(|to| Edge { to, scope: Scope::Unknown, conditions: BTreeSet::new() }));
    edges
}

/// The dependencies of one manifest by the name of the package.
struct Declared<'a> {
    by_package: BTreeMap<&'a str, Vec<&'a Dependency>>,
    /// Whether a dependency is inherited from a workspace that is not here: it could be any package.
    open: bool,
}

impl<'a> Declared<'a> {
    fn new(entry: &'a Entry<'_>) -> Self {
        let mut declared = Self { by_package: BTreeMap::new(), open: false };
        for dependency in &entry.manifest.dependencies {
            match &dependency.origin {
                Some(origin) => declared.by_package.entry(&origin.package).or_default().push(dependency),
                None => declared.open = true,
            }
        }
        declared
    }

    /// What the manifest says of the edge to this component; none when it does not explain it.
    fn edge(&self, to: u32, target: &Component) -> Option<Edge> {
        let named = self.by_package.get(target.name.as_ref()).filter(|named| named.len() <= MAX_DECLARED)?;
        let version = Version::parse(&target.version).ok();
        let fits: Vec<&&Dependency> = named.iter().filter(|d| may_be(d, version.as_ref())).collect();
        let scope = fits.iter().map(|d| scope_of(d.kind)).max()?;
        let conditions: BTreeSet<String> = fits.iter().map(|d| d.condition()).collect();
        let certain = !self.open && !conditions.contains("");
        Some(Edge {
            to,
            scope: if self.open { scope.max(Scope::Unknown) } else { scope },
            conditions: if certain { conditions } else { BTreeSet::new() },
        })
    }
}

fn scope_of(kind: Kind) -> Scope {
    match kind {
        Kind::Normal => Scope::Normal,
        Kind::Build => Scope::Build,
        Kind::Dev => Scope::Dev,
    }
}

/// Whether the declaration can mean this version. Only a requirement that is understood and refuses it says no; a
/// pre-release is never refused, because `[patch]` and git let one stand where the plain rule would not.
fn may_be(dependency: &Dependency, version: Option<&Version>) -> bool {
    let requirement = dependency.origin.as_ref().and_then(|origin| origin.version.as_deref());
    match (requirement.map(VersionReq::parse), version) {
        (Some(Ok(requirement)), Some(version)) => !version.pre.is_empty() || requirement.matches(version),
        _ => true,
    }
}

/// The strongest scope on which each component is reached, from edges that come strongest first.
fn scopes(inventory: &Inventory, edges: &[Edge]) -> Vec<Scope> {
    let local = |c: &Component| (c.source == Source::Local).then_some(Scope::Normal);
    let mut scopes: Vec<Option<Scope>> = inventory.components.iter().map(local).collect();
    let mut open = Vec::new();
    for edge in edges {
        open.push(edge.to);
        while let Some(position) = open.pop() {
            let Some(slot @ None) = scopes.get_mut(position as usize) else { continue }; // reached already
            *slot = Some(edge.scope);
            open.extend(inventory.edges.get(position as usize).into_iter().flatten());
        }
    }
    scopes.into_iter().map(|scope| scope.unwrap_or(Scope::Unknown)).collect()
}

/// The names of the conditions, sorted, and for each component the bits of those it depends on; no bit when it is
/// reached without one.
fn conditions(inventory: &Inventory, edges: &[Edge]) -> (Vec<Arc<str>>, Vec<u128>) {
    let all: BTreeSet<&String> = edges.iter().flat_map(|edge| &edge.conditions).collect();
    let bits: HashMap<&String, usize> =
        all.iter().enumerate().map(|(n, name)| (*name, n.min(MAX_CONDITIONS - 1))).collect();
    let mut names: Vec<Arc<str>> = all.iter().take(MAX_CONDITIONS).map(|name| name.as_str().into()).collect();
    if let (true, Some(last)) = (all.len() > MAX_CONDITIONS, names.last_mut()) {
        *last = FURTHER.into();
    }

    // Free is what is reached without a condition. First-party packages are, and their edges are in the list.
    let mut free: Vec<bool> = inventory.components.iter().map(|c| c.source == Source::Local).collect();
    let mut open: Vec<u32> = edges.iter().filter(|edge| edge.conditions.is_empty()).map(|edge| edge.to).collect();
    while let Some(position) = open.pop() {
        let Some(slot @ false) = free.get_mut(position as usize) else { continue }; // reached already
        *slot = true;
        open.extend(inventory.edges.get(position as usize).into_iter().flatten());
    }

    let mut masks = vec![0_u128; inventory.components.len()];
    let bit = |name| bits.get(name).map_or(0, |n| 1_u128 << n);
    let mut open: Vec<(u32, u128)> =
        edges.iter().map(|edge| (edge.to, edge.conditions.iter().map(bit).fold(0, |a, b| a | b))).collect();
    while let Some((position, mask)) = open.pop() {
        let at = position as usize;
        let (Some(slot), Some(false)) = (masks.get_mut(at), free.get(at)) else { continue }; // no condition on it
        // Each component is walked again only when a bit is new to it: at most MAX_CONDITIONS times.
        if *slot | mask != *slot {
            *slot |= mask;
            let mask = *slot;
            open.extend(inventory.edges.get(at).into_iter().flatten().map(|to| (*to, mask)));
        }
    }
    (names, masks)
}
