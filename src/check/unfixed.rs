//! Can what an entry leads to be another thing tomorrow? A repository without a commit, an archive without a hash that
//! comes over a plain connection, or from a host that only entries without a hash name.

use super::address::{Address, has_commit};
use super::say;
use super::unhashed::Hashes;
use super::{Check, Facts};
use crate::model::{Finding, Partial, RuleId, Source};
use std::collections::HashSet;

pub(super) struct Unfixed;

impl Check for Unfixed {
    fn name(&self) -> &'static str {
        "unfixed"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let hashes = Hashes::of(facts.inventory);
        let known = || hosts_with_hash(facts);
        let mut trusted = None;
        let mut found = Vec::new();
        for (index, component) in facts.inventory.components.iter().enumerate() {
            if is_fixed(facts, index) {
                continue;
            }
            let label = component.label();
            let written = facts.inventory.address(index).or(Some(component.source.url()).filter(|url| !url.is_empty()));
            let address = written.and_then(Address::read);
            let message = match (&component.source, written) {
                (Source::Git(url), _) => format!("{label} comes from {} without a commit", super::address::shown(url)),
                (_, Some(written)) if address.is_some_and(|address| address.is_plain()) => {
                    let address = super::address::shown(written);
                    format!("{label} comes over a plain connection and without a hash, from {address}")
                }
                // A file that has hashes for most entries, and an address of its own for one without.
                _ if hashes.are_usual() => {
                    let Some(address) = address else { continue };
                    let host = address.host();
                    if trusted.get_or_insert_with(known).contains(host.as_ref()) {
                        continue;
                    }
                    format!("{label} has no hash, and comes from {host}, which no entry with a hash names")
                }
                _ => continue, // told once for the file
            };
            found.extend(say::of_entry(facts, RuleId::SOURCE_NOT_FIXED, index, message));
        }
        Partial::whole(found)
    }
}

/// Whether a hash or a commit says what the entry is. What is not fetched is fixed by the tree that is judged.
pub(super) fn is_fixed(facts: &Facts<'_>, index: usize) -> bool {
    let Some(component) = facts.inventory.components.get(index) else { return true };
    if component.checksum.is_some() || facts.inventory.integrity(index).is_some() {
        return true;
    }
    let address = facts.inventory.address(index);
    match &component.source {
        Source::Local | Source::Path(_) => true,
        Source::Git(url) => has_commit(url) || address.is_some_and(has_commit),
        Source::Default | Source::Registry(_) => address.is_some_and(|address| {
            has_commit(address) || Address::read(address).is_some_and(|address| address.hash().is_some())
        }),
    }
}

/// The hosts of entries that have a hash, and those of the registries that the lock names for many.
fn hosts_with_hash(facts: &Facts<'_>) -> HashSet<String> {
    let entries = 0..facts.inventory.origins.len();
    let hashed = entries.filter(|index| facts.inventory.integrity(*index).is_some());
    let addresses = hashed.filter_map(|index| Address::read(facts.inventory.address(index)?));
    addresses.map(|address| address.host().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{cargo, entry, npm, said};
    use super::*;

    const COMMIT: &str = "603eeb3d4f6064917926fdaacc832790cbc9a609";

    #[test]
    fn a_repository_without_a_commit_is_found_and_one_with_a_commit_is_not() {
        let git = |rest: &str| cargo(&[("own", "", false), ("a", &format!("git+https://h.example/a{rest}"), false)]);
        assert_eq!(said(&Unfixed, &git(&format!("?branch=main#{COMMIT}"))), []);
        let message = "a 1.0.0 comes from https://h.example/a without a commit";
        for floating in ["?branch=main", "", "#main"] {
            assert_eq!(said(&Unfixed, &git(floating)), [(7, message.to_owned())], "{floating}");
        }
    }

    #[test]
    fn a_plain_connection_needs_a_hash() {
        let lock =
            |scheme: &str, hash| npm(&[("a", &entry("1.0.0", &format!("{scheme}://h.example/a/-/a-1.0.0.tgz"), hash))]);
        let message = "a 1.0.0 comes over a plain connection and without a hash, from http://h.example/a/-/a-1.0.0.tgz";
        assert_eq!(said(&Unfixed, &lock("http", false)), [(5, message.to_owned())]);
        assert_eq!(said(&Unfixed, &lock("http", true)), []);
        assert_eq!(said(&Unfixed, &lock("https", false)), []);
    }

    #[test]
    fn an_entry_without_a_hash_from_a_host_of_its_own_is_found() {
        let usual = |name: &str| entry("1.0.0", &format!("https://h.example/{name}/-/{name}-1.0.0.tgz"), true);
        let with = |host: &str, hash| {
            let odd = entry("1.0.0", &format!("https://{host}/c/-/c-1.0.0.tgz"), hash);
            npm(&[("a", &usual("a")), ("b", &usual("b")), ("c", &odd)])
        };
        let message = "c 1.0.0 has no hash, and comes from other.example, which no entry with a hash names";
        assert_eq!(said(&Unfixed, &with("other.example", false)), [(7, message.to_owned())]);
        assert_eq!(said(&Unfixed, &with("other.example", true)), []);
        assert_eq!(said(&Unfixed, &with("H.example", false)), []);
    }
}
