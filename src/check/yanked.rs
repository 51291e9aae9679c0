//! Did the publisher withdraw the locked version from the registry?

use super::{Check, Facts};
use crate::model::{Class, Component, Evidence, Finding, Fix, Gap, GapKind, Partial, RuleId, SeverityBasis, Stage};
use crate::{rule, text};

pub(super) struct YankedVersions;

impl Check for YankedVersions {
    fn name(&self) -> &'static str {
        "yanked"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let mut out = Partial::whole(Vec::new());
        let (mut asked, mut unknown) = (0_usize, 0_usize);
        for (index, component) in facts.crates() {
            asked += 1;
            match facts.published(&component.name, &component.version) {
                Ok(Some(published)) if published.yanked => out.value.push(finding(facts, index, component)),
                Ok(Some(_)) => {}
                Ok(None) => unknown += 1,
                Err(e) => out.gaps.push(
                    Gap::new(GapKind::FeedUnusable, Stage::Check, component.label(), e.to_string())
                        .with_path(facts.inventory.path.clone())
                        .with_help(e.help()),
                ),
            }
        }
        if unknown > 0 {
            let why = format!("nothing says whether {unknown} of {asked} locked versions were yanked");
            out.gaps.push(
                Gap::new(GapKind::YankedUnknown, Stage::Check, facts.inventory.path.as_str(), why)
                    .with_path(facts.inventory.path.clone())
                    .with_digest(facts.digest)
                    .with_help("portcullis check --online"),
            );
        }
        out
    }
}

fn finding(facts: &Facts<'_>, index: usize, component: &Component) -> Finding {
    let info = rule::info(RuleId::YANKED);
    let steps = facts.paths().shortest(index);
    let steps = steps.iter().filter_map(|i| facts.inventory.components.get(*i)); // every index of a way is valid
    let package = text::shell::quote(&format!("{}@{}", component.name, component.version));
    Finding {
        rule: RuleId::YANKED,
        class: Class::Yanked,
        severity: info.severity,
        basis: SeverityBasis::Rule,
        advisory: None,
        aliases: Vec::new(),
        disclosed: None,
        url: None,
        component: Some(component.clone()),
        location: facts.location(component.line, component.column),
        excerpt: facts.excerpt(component.line),
        evidence: vec![Evidence::ReachedThrough(steps.map(Component::label).collect())],
        // Which version comes next is the resolver's to say.
        fix: package.map(|package| Fix::Compatible {
            version: "the newest compatible one".into(),
            command: format!("cargo update -p {package}"),
        }),
        message: format!("{} was yanked from the registry", component.label()),
        title: info.title.clone(),
    }
}
