//! Findings of the same package and version as one thing, and the act that clears most of them.

use super::words;
use crate::model::{Class, Evidence, Fix, JudgedFinding, Location, Source};
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Findings on one package at one version, wherever it is locked; or one finding without a package. Never empty.
pub(super) struct Group<'a> {
    /// The worst.
    pub(super) first: &'a JudgedFinding,
    rest: Vec<&'a JudgedFinding>,
}

/// What can be done about a group.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remedy {
    /// Commands that clear the most.
    pub(super) commands: Vec<String>,
    /// Advisories that the commands clear, and all of the group.
    pub(super) clears: (usize, usize),
    /// What is left, as sentences.
    pub(super) left: Vec<String>,
}

/// A package as findings of the same group share it.
type Key = (Arc<str>, Arc<str>, Source);

/// The groups, in the order of their first finding.
pub(super) fn groups<'a>(findings: impl Iterator<Item = &'a JudgedFinding>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known: BTreeMap<Key, usize> = BTreeMap::new();
    for judged in findings {
        let key = judged.finding.component.as_ref().map(|c| (c.name.clone(), c.version.clone(), c.source.clone()));
        let at = key.as_ref().and_then(|key| known.get(key)).copied();
        match at.and_then(|at| groups.get_mut(at)) {
            Some(group) => group.rest.push(judged),
            None => {
                if let Some(key) = key {
                    known.insert(key, groups.len());
                }
                groups.push(Group { first: judged, rest: Vec::new() });
            }
        }
    }
    groups
}

impl<'a> Group<'a> {
    /// Every finding, worst first.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a JudgedFinding> {
        std::iter::once(self.first).chain(self.rest.iter().copied())
    }

    /// The package and version; the message where there is no package.
    pub(super) fn label(&self) -> String {
        match &self.first.finding.component {
            Some(component) => component.label(),
            None => self.first.finding.message.clone(),
        }
    }

    /// One finding for each problem: the same advisory in several lockfiles counts once.
    pub(super) fn problems(&self) -> Vec<&'a JudgedFinding> {
        let mut seen = BTreeSet::new();
        self.all()
            .filter(|judged| {
                let finding = &judged.finding;
                let alone = finding.advisory.is_none().then_some(&finding.message);
                seen.insert((finding.rule, &finding.advisory, alone))
            })
            .collect()
    }

    /// What is wrong, in one line without a severity.
    pub(super) fn headline(&self) -> String {
        let problems = self.problems();
        if problems.len() == 1 {
            return words::said(&self.first.finding);
        }
        if problems.iter().all(|judged| judged.finding.advisory.is_some()) {
            return format!("{} is affected by {} advisories", self.label(), problems.len());
        }
        format!("{} has {} findings", self.label(), problems.len())
    }

    /// Every place, in order, that of the first finding first.
    pub(super) fn places(&self) -> Vec<&'a Location> {
        let first = &self.first.finding.location;
        let others: BTreeSet<&Location> = self.all().map(|judged| &judged.finding.location).collect();
        std::iter::once(first).chain(others.into_iter().filter(|place| *place != first)).collect()
    }

    /// What clears the group. The highest of the versions that the findings ask for clears the most, because each
    /// names the lowest that clears itself.
    pub(super) fn remedy(&self) -> Remedy {
        let problems = self.problems();
        let mut remedy = Remedy { clears: (0, problems.len()), ..Remedy::default() };
        let highest = self.all().filter_map(|judged| compatible(judged).map(|(version, _)| order(version))).max();
        for judged in self.all() {
            if let Some((version, command)) = compatible(judged)
                && Some(order(version)) == highest
                && !remedy.commands.iter().any(|known| known == command)
            {
                remedy.commands.push(command.to_owned());
            }
        }
        for judged in &problems {
            if compatible(judged).is_some() {
                remedy.clears.0 += 1;
            } else if let Some(sentence) = self.sentence(judged)
                && !remedy.left.contains(&sentence)
            {
                remedy.left.push(sentence);
            }
        }
        remedy
    }

    fn sentence(&self, judged: &JudgedFinding) -> Option<String> {
        let finding = &judged.finding;
        let id = finding.advisory.as_deref().unwrap_or("it");
        let name = finding.component.as_ref().map_or("it", |c| c.name.as_ref());
        match finding.fix.as_ref()? {
            Fix::Compatible { .. } => None,
            Fix::Incompatible { patched } => {
                let raise = match parent(judged) {
                    Some(parent) => format!("update {parent} to a release that allows it"),
                    None => "raise the requirement".to_owned(),
                };
                Some(format!("{id} needs {name} {}: {raise}", patched.join(" or ")))
            }
            Fix::NoneKnown if finding.class == Class::Malicious => {
                Some(format!("remove {name}, and treat every machine that built with it as entered"))
            }
            Fix::NoneKnown => {
                Some(format!("no patched version for {id} is known: replace {name}, or waive it for a while"))
            }
        }
    }
}

fn compatible(judged: &JudgedFinding) -> Option<(&str, &str)> {
    match &judged.finding.fix {
        Some(Fix::Compatible { version, command }) => Some((version, command)),
        _ => None,
    }
}

/// Versions by precedence; what is not a version sorts below all, by its text.
fn order(version: &str) -> (Option<Version>, &str) {
    (Version::parse(version).ok(), version)
}

/// Who asks for the component, where the way to it is longer than from a first-party package.
fn parent(judged: &JudgedFinding) -> Option<&str> {
    judged.finding.evidence.iter().find_map(|evidence| match evidence {
        Evidence::ReachedThrough(way) if way.len() > 2 => way.iter().rev().nth(1).map(String::as_str),
        _ => None,
    })
}
