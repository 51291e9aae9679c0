//! The ways by which components are reached from the first-party packages of a lockfile.

use crate::model::{Inventory, Source};
use std::collections::VecDeque;

/// Shortest distances from the first-party packages, and the edges backwards.
pub struct Paths {
    /// Edges from the first-party packages to a component; none when it is not reached.
    distance: Vec<Option<u32>>,
    /// What depends on each component, ascending: one component after the other.
    dependents: Vec<u32>,
    /// Where those of each component begin in `dependents`, and behind them where the last ones end.
    begins: Vec<usize>,
}

impl Paths {
    /// Breadth first from every first-party package at once; a lock without one starts at what nothing depends on.
    pub fn of(inventory: &Inventory) -> Self {
        let count = inventory.components.len();
        let (dependents, begins) = turn(&inventory.edges, count);
        let mut paths = Self { distance: vec![None; count], dependents, begins };
        let first_party = |i: &usize| inventory.components.get(*i).is_some_and(|c| c.source == Source::Local);
        let mut roots: Vec<usize> = (0..count).filter(first_party).collect();
        if roots.is_empty() {
            roots = (0..count).filter(|i| paths.on(*i).is_empty()).collect();
        }
        let distance = &mut paths.distance;
        let mut queue = VecDeque::new();
        for root in roots {
            if let Some(slot) = distance.get_mut(root) {
                *slot = Some(0);
                queue.push_back(root);
            }
        }
        while let Some(at) = queue.pop_front() {
            let next = distance.get(at).copied().flatten().map(|d| d + 1);
            for target in inventory.edges.get(at).into_iter().flatten() {
                if let Some(slot @ None) = distance.get_mut(*target as usize) {
                    *slot = next;
                    queue.push_back(*target as usize);
                }
            }
        }
        paths
    }

    /// What depends on a component, ascending.
    fn on(&self, component: usize) -> &[u32] {
        match self.begins.get(component..).unwrap_or_default() {
            [begin, end, ..] => self.dependents.get(*begin..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// What depends on a component directly, ascending, each once.
    pub fn dependents(&self, of: usize) -> Vec<usize> {
        let mut all: Vec<usize> = self.on(of).iter().map(|d| *d as usize).collect();
        all.dedup(); // they are ascending: the edges were gone through in order
        all
    }

    /// One shortest way, first-party package first; just the component where nothing reaches it. Among equals the one
    /// whose steps stand first in the file.
    pub fn shortest(&self, to: usize) -> Vec<usize> {
        let mut way = vec![to];
        let mut at = to;
        while let Some(before) = self.before(at).next() {
            way.push(before);
            at = before;
        }
        way.reverse();
        way
    }

    /// Every shortest way, at most `limit` of them, and whether there are more.
    pub fn all_shortest(&self, to: usize, limit: usize) -> (Vec<Vec<usize>>, bool) {
        let mut done = Vec::new();
        let mut open = vec![vec![to]];
        while let Some(way) = open.pop() {
            let mut befores: Vec<usize> = way.last().map(|at| self.before(*at).collect()).unwrap_or_default();
            if befores.is_empty() {
                if done.len() == limit {
                    return (done, true);
                }
                done.push(way.into_iter().rev().collect());
                continue;
            }
            befores.reverse(); // the stack gives the first one back first
            open.extend(befores.into_iter().map(|before| way.iter().copied().chain([before]).collect()));
        }
        (done, false)
    }

    /// The dependents that are one step nearer to a first-party package, ascending.
    fn before(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let nearer = self.distance.get(at).copied().flatten().and_then(|d| d.checked_sub(1));
        self.on(at)
            .iter()
            .map(|d| *d as usize)
            .filter(move |d| nearer.is_some() && self.distance.get(*d).copied().flatten() == nearer)
    }
}

/// The edges backwards, in one list, and where those of each component begin in it. Every index of an edge is valid.
fn turn(edges: &[Vec<u32>], count: usize) -> (Vec<u32>, Vec<usize>) {
    let mut begins = vec![0; count + 1];
    for target in edges.iter().flatten() {
        if let Some(next) = begins.get_mut(*target as usize + 1) {
            *next += 1;
        }
    }
    let mut sum = 0;
    for begin in &mut begins {
        sum += *begin;
        *begin = sum;
    }
    let (mut next, mut dependents) = (begins.clone(), vec![0; sum]);
    for (from, targets) in (0u32..).zip(edges) {
        for target in targets {
            let Some(at) = next.get_mut(*target as usize) else { continue };
            if let Some(slot) = dependents.get_mut(*at) {
                (*slot, *at) = (from, *at + 1);
            }
        }
    }
    (dependents, begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Component, Count, Scope, TreePath};

    fn inventory(local: &[bool], edges: &[&[u32]]) -> Inventory {
        let component = |(i, local): (usize, &bool)| Component {
            ecosystem: crate::model::Ecosystem::Cargo,
            name: format!("c{i}").into(),
            version: "1.0.0".into(),
            source: if *local { Source::Local } else { Source::Default },
            checksum: None,
            line: 1,
            column: 1,
            scope: Scope::Unknown,
            conditions: Vec::new(),
        };
        Inventory {
            path: TreePath::new("Cargo.lock"),
            format: "cargo-lock",
            components: local.iter().enumerate().map(component).collect(),
            edges: edges.iter().map(|e| e.to_vec()).collect(),
            origins: Vec::new(),
            counted: Count::default(),
            text: "".into(),
        }
    }

    #[test]
    fn a_diamond_has_two_shortest_ways_and_the_long_one_is_left_out() {
        let paths = Paths::of(&inventory(&[true, false, false, false, false], &[&[1, 2, 4], &[3], &[3], &[], &[1]]));
        assert_eq!(paths.shortest(3), [0, 1, 3]);
        assert_eq!(paths.all_shortest(3, 10), (vec![vec![0, 1, 3], vec![0, 2, 3]], false));
        assert_eq!(paths.all_shortest(3, 1), (vec![vec![0, 1, 3]], true));
    }

    #[test]
    fn a_cycle_ends_and_an_unreached_component_is_its_own_way() {
        let paths = Paths::of(&inventory(&[true, false, false, false], &[&[1], &[2], &[1], &[]]));
        assert_eq!(paths.shortest(2), [0, 1, 2]);
        assert_eq!(paths.shortest(3), [3]);
        assert_eq!(paths.all_shortest(3, 10), (vec![vec![3]], false));
        assert_eq!(paths.dependents(1), [0, 2]);
        assert!(paths.dependents(3).is_empty());
    }

    #[test]
    fn without_first_party_packages_the_ways_start_at_what_nothing_needs() {
        let paths = Paths::of(&inventory(&[false, false], &[&[1], &[]]));
        assert_eq!(paths.shortest(1), [0, 1]);
    }
}
