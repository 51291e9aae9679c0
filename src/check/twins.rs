//! Do the locks of the judged tree agree on the bytes of a release? The same name and version with another hash, in one
//! file or in two, is a finding. Hashes of different algorithms are not compared.

use super::{Facts, say};
use crate::feed::Catalogue;
use crate::model::{Component, Digest, Ecosystem, Finding, Inventory, RuleId, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// Values of one release that are counted.
const MAX_VALUES: usize = 16;

/// What has one archive: name, version, registry, and the platform where a release has an archive for each; last the
/// algorithm of the hash.
type Key<'a> = (Ecosystem, &'a str, &'a str, &'a str, &'a [Arc<str>], &'a str);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Bytes(Digest),
    Text(&'a str),
}

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Every hash of a release that has several: value, lock and position.
type Places<'a> = Vec<(Value<'a>, usize, usize)>;

/// Compares the hashes of all locks. Where they disagree, the value that most entries have is what the others are
/// compared with; of two that are as frequent the first in order of path.
pub fn twins(locks: &[(Inventory, Digest)], catalogue: &Catalogue) -> Vec<Finding> {
    // A lock that lists each release once cannot disagree with itself.
    if matches!(locks, [(only, _)] if only.origins.is_empty()) {
        return Vec::new();
    }
    let mut seen: Map<Key<'_>, Value<'_>> = Map::default();
    let mut disagree: Map<Key<'_>, Places<'_>> = Map::default();
    for (_, _, key, value) in hashes(locks) {
        if *seen.entry(key).or_insert(value) != value {
            disagree.entry(key).or_default();
        }
    }
    if disagree.is_empty() {
        return Vec::new();
    }
    for (lock, index, key, value) in hashes(locks) {
        if let Some(places) = disagree.get_mut(&key) {
            places.push((value, lock, index));
        }
    }
    let usual: Map<Key<'_>, (Value<'_>, usize, usize)> =
        disagree.iter().filter_map(|(key, places)| Some((*key, usual(places)?))).collect();
    let mut found = Vec::new();
    for (lock, (inventory, digest)) in locks.iter().enumerate() {
        let facts = Facts::new(inventory, *digest, catalogue, None);
        for (_, index, key, value) in of_lock(lock, inventory) {
            let Some((_, first, at)) = usual.get(&key).filter(|(usual, ..)| *usual != value) else { continue };
            // Every place that was noted is valid.
            let Some((other, component)) =
                locks.get(*first).and_then(|(other, _)| Some((other, other.components.get(*at)?)))
            else {
                continue;
            };
            let place = format!("{}:{}", other.path, component.line);
            let message = format!("{} has another hash here than in {place}", component.label());
            found.extend(say::of_entry(&facts, RuleId::HASHES_DISAGREE, index, message));
        }
    }
    found
}

/// The most frequent value, at its first place.
fn usual<'a>(places: &Places<'a>) -> Option<(Value<'a>, usize, usize)> {
    let mut counts: Vec<(usize, (Value<'a>, usize, usize))> = Vec::new();
    for place in places {
        let full = counts.len() == MAX_VALUES;
        match counts.iter_mut().find(|(_, (value, ..))| *value == place.0) {
            Some((count, _)) => *count += 1,
            None if full => {} // a release with more values than this is in no need of a fair count
            None => counts.push((1, *place)),
        }
    }
    counts.into_iter().rev().max_by_key(|(count, _)| *count).map(|(_, place)| place)
}

/// The hashes of every lock: lock, position, key and value.
fn hashes(locks: &[(Inventory, Digest)]) -> impl Iterator<Item = (usize, usize, Key<'_>, Value<'_>)> {
    locks.iter().enumerate().flat_map(|(lock, (inventory, _))| of_lock(lock, inventory))
}

fn of_lock(lock: usize, inventory: &Inventory) -> impl Iterator<Item = (usize, usize, Key<'_>, Value<'_>)> {
    inventory.components.iter().enumerate().filter_map(move |(index, component)| {
        let (algorithm, value) = hash(inventory, index, component)?; // without a hash there is nothing to compare
        Some((lock, index, key(component, algorithm), value))
    })
}

fn key<'a>(component: &'a Component, algorithm: &'a str) -> Key<'a> {
    // A gem has an archive for each platform, which its reader keeps as the condition.
    let platform = if component.ecosystem == Ecosystem::RubyGems { component.conditions.as_slice() } else { &[] };
    (component.ecosystem, &component.name, &component.version, component.source.url(), platform, algorithm)
}

/// The hash of the one archive that a release has, with its algorithm; none where it has several (Python), or where the
/// lock has none.
fn hash<'a>(inventory: &'a Inventory, index: usize, component: &Component) -> Option<(&'a str, Value<'a>)> {
    if !matches!(component.source, Source::Default | Source::Registry(_)) {
        return None;
    }
    match component.ecosystem {
        Ecosystem::Cargo | Ecosystem::RubyGems | Ecosystem::Pub | Ecosystem::Hex => {
            component.checksum.map(|digest| ("sha256", Value::Bytes(digest)))
        }
        // Of several (W3C Subresource Integrity, section 3.5) the strongest is the one that counts for npm too.
        Ecosystem::Npm => {
            let all = inventory.integrity(index)?.split_ascii_whitespace();
            let named = all.filter_map(|one| one.split_once('-')).filter(|(name, _)| name.starts_with("sha"));
            named.max_by_key(|(name, _)| (name.len(), *name)).map(|(name, value)| (name, Value::Text(value)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{SHA512, cargo, entry, npm};
    use super::*;
    use crate::model::{Class, Severity, TreePath};

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn said(locks: Vec<Inventory>) -> Vec<(String, u32, String)> {
        let named = |(n, lock): (usize, Inventory)| {
            (Inventory { path: TreePath::new(format!("{n}/lock")), ..lock }, Digest::of(b""))
        };
        let locks: Vec<_> = locks.into_iter().enumerate().map(named).collect();
        let found = twins(&locks, &Catalogue::default());
        assert!(found.iter().all(|f| f.class == Class::Integrity && f.severity == Severity::Critical));
        found.into_iter().map(|f| (f.location.path.to_string(), f.location.line, f.message)).collect()
    }

    fn checksum(mut lock: Inventory, byte: u8) -> Inventory {
        lock.components[0].checksum = Some(Digest([byte; 32]));
        lock
    }

    #[test]
    fn two_locks_that_disagree_on_a_release_are_found() {
        let lock = |byte| checksum(cargo(&[("a", CRATES, true)]), byte);
        let message = "a 1.0.0 has another hash here than in 0/lock:3".to_owned();
        assert_eq!(said(vec![lock(1), lock(1), lock(2)]), [("2/lock".to_owned(), 3, message)]);
        assert_eq!(said(vec![lock(1), lock(1)]), []);
        let other = checksum(cargo(&[("a", "registry+https://r.example/index", true)]), 2);
        assert_eq!(said(vec![lock(1), other]), [], "another registry has packages of its own");
    }

    #[test]
    fn only_hashes_of_one_algorithm_are_compared() {
        let of = |hash: &str| {
            let text = entry("1.0.0", "https://h.example/a/-/a-1.0.0.tgz", true).replace(SHA512, hash);
            npm(&[("a", &text)])
        };
        assert_eq!(said(vec![of("sha512-AAAA"), of("sha1-AAAA"), of("sha512-AAAA"), of("sha1-AAAA sha512-AAAA")]), []);
        assert_eq!(said(vec![of("sha512-AAAA"), of("sha1-AAAA"), of("sha512-AAAB")]).len(), 1);
        assert_eq!(said(vec![of("sha512-AAAA"), of("sha1-AAAA"), of("sha1-AAAB")]).len(), 1);
    }

    #[test]
    fn one_file_can_disagree_with_itself() {
        let text = entry("1.0.0", "https://h.example/a/-/a-1.0.0.tgz", true);
        let lock = |other: &str| npm(&[("a", &text), ("b", &text.replace("/a", "/b")), ("b/node_modules/a", other)]);
        assert_eq!(said(vec![lock(&text)]), []);
        let message = "a 1.0.0 has another hash here than in 0/lock:5".to_owned();
        assert_eq!(said(vec![lock(&text.replace("47DEQ", "57DEQ"))]), [("0/lock".to_owned(), 7, message)]);
    }
}
