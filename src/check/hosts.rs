//! Do a few packages of a lock come from another host than the rest? What is usual the file itself says: no host is
//! known here. One finding for each file.

use super::address::Address;
use super::{Check, Facts, say};
use crate::model::{Component, Ecosystem, Finding, Partial, RuleId, Source};
use crate::text::count::{number, plural};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A message names at most this many hosts.
const NAMED: usize = 3;

pub(super) struct Hosts;

impl Check for Hosts {
    fn name(&self) -> &'static str {
        "hosts"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let hosts: Vec<(usize, Cow<'_, str>)> =
            (0..facts.inventory.components.len()).filter_map(|index| Some((index, host(facts, index)?))).collect();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (_, host) in &hosts {
            *counts.entry(host).or_default() += 1;
        }
        if counts.len() < 2 {
            return Partial::whole(Vec::new());
        }
        // The first in order of name where two serve as many.
        let usual = counts.iter().max_by_key(|(host, count)| (**count, std::cmp::Reverse(**host)));
        let Some((usual, rest)) = usual.map(|(host, count)| (*host, *count)) else { return Partial::whole(Vec::new()) };
        let scopes = scopes(facts, &hosts);
        let mut odd: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, host) in hosts.iter().filter(|(_, host)| host != usual) {
            let scope = facts.inventory.components.get(*index).and_then(scope);
            // A registry for a scope of its own is set up on purpose, and nothing of it comes from elsewhere.
            if scope.is_some_and(|scope| scopes.get(scope) == Some(&Some(host.as_ref()))) {
                continue;
            }
            odd.entry(host).or_default().push(*index);
        }
        let finding = odd.values().flatten().min().map(|first| {
            let count: usize = odd.values().map(Vec::len).sum();
            let verb = if count == 1 { "comes" } else { "come" };
            let one = |(host, entries): (&&str, &Vec<usize>)| format!("{host}: {}", say::listed(facts, entries));
            let mut named: Vec<String> = odd.iter().take(NAMED).map(one).collect();
            if let Some(more) = odd.len().checked_sub(NAMED).filter(|more| *more > 0) {
                named.push(plural(more, "other host"));
            }
            let message = format!(
                "{} {verb} from other hosts than {} of {usual} ({})",
                plural(count, "entry"),
                number(rest),
                named.join("; ")
            );
            say::of_file(facts, RuleId::MIXED_HOSTS, *first, message)
        });
        Partial::whole(finding.into_iter().collect())
    }
}

/// Where a release is fetched from, as far as the lock says it.
fn host<'a>(facts: &Facts<'a>, index: usize) -> Option<Cow<'a, str>> {
    let inventory: &'a crate::model::Inventory = facts.inventory;
    let component = inventory.components.get(index)?;
    let written = inventory.address(index);
    if component.ecosystem == Ecosystem::Packagist {
        return None; // its registry serves descriptions; the archives lie wherever their authors have them
    }
    match &component.source {
        Source::Default => match written {
            Some(written) => Address::read(written).map(|address| address.host()),
            // Of an npm lock without addresses nothing is known; elsewhere the default registry has none.
            None if component.ecosystem == Ecosystem::Npm => None,
            None => Some(Cow::Borrowed(component.ecosystem.osv())),
        },
        Source::Registry(url) => Address::read(written.unwrap_or(url)).map(|address| address.host()),
        Source::Git(_) | Source::Path(_) | Source::Local => None,
    }
}

fn scope(component: &Component) -> Option<&str> {
    component.ecosystem.split(&component.name).0.filter(|scope| scope.starts_with('@'))
}

/// For each scope the only host that serves it; none where there are several.
fn scopes<'f>(facts: &Facts<'f>, hosts: &'f [(usize, Cow<'f, str>)]) -> HashMap<&'f str, Option<&'f str>> {
    let mut scopes: HashMap<&str, Option<&str>> = HashMap::new();
    for (index, host) in hosts {
        let Some(scope) = facts.inventory.components.get(*index).and_then(scope) else { continue };
        let only = scopes.entry(scope).or_insert(Some(host));
        if *only != Some(host) {
            *only = None;
        }
    }
    scopes
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{cargo, entry, npm, said};
    use super::*;

    fn lock(entries: &[(&str, &str)]) -> Vec<(u32, String)> {
        let of = |(name, host): &(&str, &str)| {
            let own = name.rsplit('/').next().unwrap();
            ((*name).to_owned(), entry("1.0.0", &format!("https://{host}/{name}/-/{own}-1.0.0.tgz"), true))
        };
        let entries: Vec<(String, String)> = entries.iter().map(of).collect();
        let entries: Vec<(&str, &str)> = entries.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        said(&Hosts, &npm(&entries))
    }

    #[test]
    fn the_package_from_elsewhere_is_found() {
        let message = "1 entry comes from other hosts than 2 of h.example (other.example: c 1.0.0)";
        let with = |host| lock(&[("a", "h.example"), ("b", "H.example"), ("c", host)]);
        assert_eq!(with("other.example"), [(7, message.to_owned())]);
        assert_eq!(with("h.example"), []);
        assert_eq!(with("u:p@h.example"), []);
        assert_eq!(with("h.example:8443").len(), 1);
    }

    #[test]
    fn a_scope_with_a_registry_of_its_own_is_usual() {
        let with = |host| lock(&[("a", "h.example"), ("b", "h.example"), ("@s/c", "s.example"), ("@s/d", host)]);
        assert_eq!(with("s.example"), []);
        assert_eq!(with("h.example").len(), 1);
    }

    #[test]
    fn a_second_registry_of_cargo_is_told() {
        let crates = "registry+https://github.com/rust-lang/crates.io-index";
        let with = |source| cargo(&[("a", crates, true), ("b", crates, true), ("c", source, true)]);
        let message = "1 entry comes from other hosts than 2 of crates.io (r.example: c 1.0.0)";
        assert_eq!(said(&Hosts, &with("registry+https://r.example/index")), [(15, message.to_owned())]);
        assert_eq!(said(&Hosts, &with(crates)), []);
    }
}
