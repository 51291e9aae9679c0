//! Are packages fetched over a plain connection, though a hash or a commit fixes them? One finding for each file.

use super::address::Address;
use super::unfixed::is_fixed;
use super::{Check, Facts, say};
use crate::model::{Finding, Partial, RuleId};
use crate::text::count::plural;

pub(super) struct Plain;

impl Check for Plain {
    fn name(&self) -> &'static str {
        "plain-transport"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let is_plain = |text: &str| Address::read(text).is_some_and(|address| address.is_plain());
        let components = facts.inventory.components.iter().enumerate();
        let plain = components.filter(|(index, component)| {
            is_plain(component.source.url()) || facts.inventory.address(*index).is_some_and(is_plain)
        });
        // What nothing fixes is told on its own, as the graver problem.
        let plain: Vec<usize> = plain.map(|(index, _)| index).filter(|index| is_fixed(facts, *index)).collect();
        let finding = plain.first().map(|first| {
            let verb = if plain.len() == 1 { "comes" } else { "come" };
            let entries = plural(plain.len(), "entry");
            let message = format!("{entries} {verb} over a plain connection: {}", say::listed(facts, &plain));
            say::of_file(facts, RuleId::PLAIN_TRANSPORT, *first, message)
        });
        Partial::whole(finding.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{cargo, entry, npm, said};
    use super::*;

    #[test]
    fn plain_addresses_are_told_once_and_safe_ones_are_not() {
        let lock = |scheme: &str, hash| {
            let of = |name: &str| entry("1.0.0", &format!("{scheme}://h.example/{name}/-/{name}-1.0.0.tgz"), hash);
            npm(&[("a", &of("a")), ("b", &of("b"))])
        };
        let message = "2 entries come over a plain connection: a 1.0.0, b 1.0.0";
        assert_eq!(said(&Plain, &lock("http", true)), [(5, message.to_owned())]);
        assert_eq!(said(&Plain, &lock("https", true)), []);
        assert_eq!(said(&Plain, &lock("http", false)), [], "the graver finding is another one");
    }

    #[test]
    fn a_repository_over_the_git_protocol_is_told() {
        let commit = "603eeb3d4f6064917926fdaacc832790cbc9a609";
        let lock = |scheme: &str| cargo(&[("a", &format!("git+{scheme}://h.example/a#{commit}"), false)]);
        let message = "1 entry comes over a plain connection: a 1.0.0";
        assert_eq!(said(&Plain, &lock("git")), [(3, message.to_owned())]);
        assert_eq!(said(&Plain, &lock("ssh")), []);
    }
}
