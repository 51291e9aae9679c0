//! How each entry of a `uv.lock` is reached from the first-party ones: scope, and the extras that it takes. Reads nothing.

use super::{Graph, Kind};
use crate::model::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Extras of first-party packages that are told apart, one bit each. What is behind further ones counts as always used.
const MAX_EXTRAS: usize = 64;

/// The answer for every entry.
pub(super) struct Reach {
    extras: Vec<Arc<str>>,
    /// Reached without an extra.
    always: Vec<bool>,
    /// The extras through which it is reached.
    masks: Vec<u64>,
    dev: Vec<bool>,
}

impl Reach {
    /// First-party entries are roots, each of them. Edges of other entries are taken as they come, extras included: uv
    /// writes an extra of theirs only where somebody asks for it.
    pub(super) fn new(graph: &Graph<'_>) -> Self {
        let roots = (0u32..).zip(&graph.local).filter(|(_, local)| **local).map(|(position, _)| position);
        let roots: Vec<u32> = roots.collect();
        let own = |position: &u32| graph.edges.get(*position as usize).into_iter().flatten();
        let asked: Vec<&(u32, Kind<'_>)> = roots.iter().flat_map(own).chain(&graph.asked).collect();

        let mut names: BTreeMap<&str, Option<u32>> = BTreeMap::new();
        names.extend(asked.iter().filter_map(|(_, kind)| match kind {
            Kind::Extra(extra) => Some((*extra, None)),
            _ => None, // the other kinds have no name
        }));
        let bits: Vec<u32> = (0..64).collect();
        for (bit, slot) in bits.iter().take(MAX_EXTRAS).zip(names.values_mut()) {
            *slot = Some(*bit); // what gets none counts as always used, below
        }
        let bit = |extra: &str| names.get(extra).copied().flatten();

        let of_kind = |wanted: &dyn Fn(&Kind<'_>) -> bool| {
            asked.iter().filter(|(_, kind)| wanted(kind)).map(|(to, _)| *to).collect::<Vec<u32>>()
        };
        let mut plain = of_kind(&|kind| match kind {
            Kind::Normal => true,
            Kind::Extra(extra) => bit(extra).is_none(),
            Kind::Dev => false,
        });
        plain.extend(&roots);
        let always = spread(graph, &plain);
        let dev = spread(graph, &of_kind(&|kind| *kind == Kind::Dev));
        let mut masks = vec![0; graph.local.len()];
        for (extra, bit) in &names {
            let Some(bit) = bit else { continue }; // counted as always used
            let reached = spread(graph, &of_kind(&|kind| *kind == Kind::Extra(extra)));
            for (mask, reached) in masks.iter_mut().zip(reached) {
                *mask |= u64::from(reached) << bit;
            }
        }
        let extras = names.iter().filter(|(_, bit)| bit.is_some()).map(|(name, _)| (*name).into()).collect();
        Self { extras, always, masks, dev }
    }

    /// Scope and conditions of one entry.
    pub(super) fn of(&self, position: usize) -> (Scope, Vec<Arc<str>>) {
        let is = |list: &[bool]| list.get(position).copied().unwrap_or_default();
        let mask = self.masks.get(position).copied().unwrap_or_default();
        if is(&self.always) {
            return (Scope::Normal, Vec::new());
        }
        if mask != 0 {
            let named = (0u32..).zip(&self.extras).filter(|(bit, _)| mask & (1 << bit) != 0);
            return (Scope::Normal, named.map(|(_, name)| format!("extra: {name}").into()).collect());
        }
        (if is(&self.dev) { Scope::Dev } else { Scope::Unknown }, Vec::new())
    }
}

/// What is reached from these, themselves included. First-party entries are not passed: they are roots, and what their
/// development groups and extras lead to is asked for as such.
fn spread(graph: &Graph<'_>, from: &[u32]) -> Vec<bool> {
    let mut seen = vec![false; graph.local.len()];
    let mut open = from.to_vec();
    while let Some(position) = open.pop() {
        let Some(flag) = seen.get_mut(position as usize).filter(|flag| !**flag) else { continue }; // seen before
        *flag = true;
        let local = graph.local.get(position as usize).copied().unwrap_or_default();
        if !local {
            open.extend(graph.edges.get(position as usize).into_iter().flatten().map(|(to, _)| *to));
        }
    }
    seen
}
