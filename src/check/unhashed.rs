//! Does an entry lack the hash that most entries of its file have? One finding for each file.

use super::say;
use super::{Check, Facts};
use crate::inventory::{
    bun_lock, cargo_lock, deno_lock, npm_lock, pipfile_lock, pnpm_lock, poetry_lock, uv_lock, yarn_lock,
};
use crate::model::{Finding, Inventory, Partial, RuleId, Source};
use crate::text::count::{number, plural};

/// The formats whose tools write a hash for every release.
const HASHED: [&str; 9] = [
    cargo_lock::FORMAT,
    npm_lock::FORMAT,
    yarn_lock::FORMAT,
    pnpm_lock::FORMAT,
    bun_lock::FORMAT,
    deno_lock::FORMAT,
    uv_lock::FORMAT,
    poetry_lock::FORMAT,
    pipfile_lock::FORMAT,
];

pub(super) struct Unhashed;

impl Check for Unhashed {
    fn name(&self) -> &'static str {
        "unhashed"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let hashes = Hashes::of(facts.inventory);
        let first = hashes.missing.first().copied().filter(|_| hashes.are_usual());
        let finding = first.map(|first| {
            let count = hashes.missing.len();
            let have = if count == 1 { "has" } else { "have" };
            let all = number(hashes.expected);
            let entries = plural(count, "entry");
            let message = format!("{entries} of {all} {have} no hash: {}", say::listed(facts, &hashes.missing));
            say::of_file(facts, RuleId::INTEGRITY_MISSING, first, message)
        });
        Partial::whole(finding.into_iter().collect())
    }
}

/// Which releases of a lock have a hash.
pub(super) struct Hashes {
    /// How many should have one.
    expected: usize,
    /// Which have none, in the order of the file.
    missing: Vec<usize>,
}

impl Hashes {
    pub(super) fn of(inventory: &Inventory) -> Self {
        let mut hashes = Self { expected: 0, missing: Vec::new() };
        if !HASHED.contains(&inventory.format) {
            return hashes;
        }
        for (index, component) in inventory.components.iter().enumerate() {
            let is_release = matches!(component.source, Source::Default | Source::Registry(_));
            // What is not fetched on its own has no hash of its own.
            let is_fetched = inventory.origins.is_empty() || inventory.origins.get(index).is_some_and(Option::is_some);
            if !is_release || !is_fetched {
                continue;
            }
            hashes.expected += 1;
            let by_address = || {
                let address = inventory.address(index).and_then(super::address::Address::read);
                address.is_some_and(|address| address.hash().is_some())
            };
            if component.checksum.is_none() && inventory.integrity(index).is_none() && !by_address() {
                hashes.missing.push(index);
            }
        }
        hashes
    }

    /// Whether more than half of the entries have one.
    pub(super) fn are_usual(&self) -> bool {
        self.missing.len() * 2 < self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{cargo, entry, npm, said};
    use super::*;

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    #[test]
    fn the_entry_that_lacks_what_the_others_have_is_found() {
        let lock = |hash| cargo(&[("own", "", false), ("a", CRATES, true), ("b", CRATES, true), ("c", CRATES, hash)]);
        assert_eq!(said(&Unhashed, &lock(true)), []);
        assert_eq!(said(&Unhashed, &lock(false)), [(19, "1 entry of 3 has no hash: c 1.0.0".to_owned())]);
    }

    #[test]
    fn a_file_without_hashes_is_of_a_tool_that_writes_none() {
        let lock = |other| cargo(&[("a", CRATES, true), ("b", CRATES, other), ("c", CRATES, false)]);
        assert_eq!(said(&Unhashed, &lock(true)).len(), 1);
        assert_eq!(said(&Unhashed, &lock(false)), []);
    }

    #[test]
    fn one_finding_counts_them_all() {
        let entries: Vec<(String, String)> = (0..12)
            .map(|n| (format!("n{n}"), entry("1.0.0", &format!("https://h.example/n{n}/-/n{n}-1.0.0.tgz"), n < 7)))
            .collect();
        let entries: Vec<(&str, &str)> = entries.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let message = "5 entries of 12 have no hash: n7 1.0.0, n8 1.0.0, n9 1.0.0 and 2 more";
        assert_eq!(said(&Unhashed, &npm(&entries)), [(12, message.to_owned())]);
    }

    #[test]
    fn what_another_package_brings_with_it_needs_none() {
        let whole = entry("1.0.0", "https://h.example/a/-/a-1.0.0.tgz", true);
        let lock =
            |inside: &str| npm(&[("a", &whole), ("b", &whole.replace("/a", "/b")), ("a/node_modules/c", inside)]);
        assert_eq!(said(&Unhashed, &lock("\"version\": \"1.0.0\", \"inBundle\": true")), []);
        assert_eq!(said(&Unhashed, &lock("\"version\": \"1.0.0\"")).len(), 1);
    }
}
