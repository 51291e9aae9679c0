//! Is the locked checksum the published one? Another archive under the same name and version is an attack or an accident.

use super::{Check, Facts};
use crate::model::{Class, Evidence, Finding, Partial, RuleId, SeverityBasis};
use crate::rule;

pub(super) struct Checksums;

impl Check for Checksums {
    fn name(&self) -> &'static str {
        "checksums"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let mut findings = Vec::new();
        for (_, component) in facts.crates() {
            // A look-up that fails or knows nothing is told by the check for yanked versions, which asks the same.
            let Ok(Some(published)) = facts.published(&component.name, &component.version) else { continue };
            let (Some(found), Some(expected)) = (component.checksum, published.checksum) else { continue };
            if found == expected {
                continue;
            }
            let info = rule::info(RuleId::CHECKSUM_MISMATCH);
            findings.push(Finding {
                rule: RuleId::CHECKSUM_MISMATCH,
                class: Class::Integrity,
                severity: info.severity,
                basis: SeverityBasis::Rule,
                advisory: None,
                aliases: Vec::new(),
                disclosed: None,
                url: None,
                component: Some(component.clone()),
                location: facts.location(component.line, component.column),
                excerpt: facts.excerpt(component.line),
                evidence: vec![Evidence::Digests { expected, found }],
                fix: None,
                message: format!("{} has a checksum that is not the published one", component.label()),
                title: info.title.clone(),
            });
        }
        Partial::whole(findings)
    }
}
