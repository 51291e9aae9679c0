//! The findings on a lock itself, where no advisory stands behind them: of one entry, or of the file. It decides nothing.

use super::Facts;
use crate::model::{Component, Evidence, Finding, RuleId, SeverityBasis};
use crate::rule;
use crate::text::count::number;

/// A message names at most this many entries; more of them are counted.
const NAMED: usize = 3;

/// A finding on the entry at this position.
pub(super) fn of_entry(facts: &Facts<'_>, rule: RuleId, index: usize, message: String) -> Option<Finding> {
    let component = facts.inventory.components.get(index)?;
    let steps = facts.paths().shortest(index);
    let steps = steps.iter().filter_map(|i| facts.inventory.components.get(*i)); // every index of a way is valid
    Some(Finding {
        component: Some(component.clone()),
        evidence: vec![Evidence::ReachedThrough(steps.map(Component::label).collect())],
        ..of_file(facts, rule, index, message)
    })
}

/// A finding on the file, at the place of one of its entries.
pub(super) fn of_file(facts: &Facts<'_>, rule: RuleId, index: usize, message: String) -> Finding {
    let info = rule::info(rule);
    let (line, column) = facts.inventory.components.get(index).map_or((1, 1), |c| (c.line, c.column));
    Finding {
        rule,
        class: info.class,
        severity: info.severity,
        basis: SeverityBasis::Rule,
        advisory: None,
        aliases: Vec::new(),
        disclosed: None,
        url: None,
        component: None,
        location: facts.location(line, column),
        excerpt: facts.excerpt(line),
        evidence: Vec::new(),
        fix: None,
        message,
        title: info.title.clone(),
    }
}

/// `a 1.0, b 2.0 and 1,000 more`.
pub(super) fn listed(facts: &Facts<'_>, entries: &[usize]) -> String {
    let labels = entries.iter().filter_map(|index| facts.inventory.components.get(*index)).map(Component::label);
    let named: Vec<String> = labels.take(NAMED).collect();
    match entries.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {} more", named.join(", "), number(more)),
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! Locks of npm for the tests of the checks.

    use crate::check::{Check, Facts};
    use crate::feed::Catalogue;
    use crate::inventory::{cargo_lock, npm_lock};
    use crate::model::{Digest, Finding, Inventory, TreePath};

    /// A hash as npm writes it.
    pub(in crate::check) const SHA512: &str = "sha512-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    /// A lock of version 3 with these entries: the name, and what else stands in the entry.
    pub(in crate::check) fn npm(entries: &[(&str, &str)]) -> Inventory {
        let mut text =
            "{\n\"lockfileVersion\": 3,\n\"packages\": {\n\"\": {\"name\": \"p\", \"version\": \"0.0.0\"}".to_owned();
        for (name, rest) in entries {
            text.push_str(&format!(",\n\"node_modules/{name}\": {{{rest}}}"));
        }
        text.push_str("\n}\n}\n");
        let read = npm_lock::parse(&TreePath::new("package-lock.json"), text.as_bytes()).unwrap();
        assert_eq!(read.gaps, [], "{text}");
        read.value
    }

    /// An entry of a release: where it is fetched, and whether it has a hash.
    pub(in crate::check) fn entry(version: &str, address: &str, hash: bool) -> String {
        let integrity = if hash { format!(", \"integrity\": \"{SHA512}\"") } else { String::new() };
        format!("\"version\": \"{version}\", \"resolved\": \"{address}\"{integrity}")
    }

    /// A lock of cargo with these packages: name, and source with its quotes or nothing.
    pub(in crate::check) fn cargo(packages: &[(&str, &str, bool)]) -> Inventory {
        let mut text = "version = 4\n".to_owned();
        for (name, source, hash) in packages {
            text.push_str(&format!("\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n"));
            if !source.is_empty() {
                text.push_str(&format!("source = \"{source}\"\n"));
            }
            if *hash {
                text.push_str(&format!("checksum = \"{}\"\n", "0".repeat(64)));
            }
        }
        let read = cargo_lock::parse(&TreePath::new("Cargo.lock"), text.as_bytes(), &[]).unwrap();
        assert_eq!(read.gaps, [], "{text}");
        read.value
    }

    /// What a check finds in a lock; it has no gaps.
    pub(in crate::check) fn run(check: &dyn Check, lock: &Inventory) -> Vec<Finding> {
        let found = check.run(&Facts::new(lock, Digest::of(b""), &Catalogue::default(), None));
        assert_eq!(found.gaps, []);
        found.value
    }

    /// The messages, each with the line.
    pub(in crate::check) fn said(check: &dyn Check, lock: &Inventory) -> Vec<(u32, String)> {
        run(check, lock).into_iter().map(|finding| (finding.location.line, finding.message)).collect()
    }
}
