//! Is a locked package affected by an advisory? By name: a crate only where its source is the default registry, a package of
//! another ecosystem whatever registry it comes from, since a mirror has the same packages under another address.

use super::problem;
use super::records::{self, Heard};
use super::{Check, Facts};
use crate::feed::merge::{self, Said, Says};
use crate::model::{
    Advisory, Class, Collection, Component, Ecosystem, Evidence, Finding, Fix, Gap, GapKind, Interval, Kind, Partial,
    Record, RuleId, Severity, SeverityBasis, Source, Stage,
};
use crate::sys::spread;
use crate::version::{Scheme, Standing};
use crate::{feed, rule, text};
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) struct Advisories;

/// Ecosystems on which no public database has records: nothing that could be installed would cover them.
const WITHOUT_DATABASE: [Ecosystem; 2] = [Ecosystem::CocoaPods, Ecosystem::Jsr];

/// Components that one thread asks about at a time. Smaller locks are not worth a second thread: there is one for each
/// lock as well.
const PART: usize = 256;

/// What a workflow uses is no part of what is built, and nearly every repository has one: where no feed speaks of it, that
/// is told and does not fail.
const BESIDE_THE_BUILD: Ecosystem = Ecosystem::GithubActions;

impl Check for Advisories {
    fn name(&self) -> &'static str {
        "advisories"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let mut out = Partial::whole(Vec::new());
        let mut covered: BTreeMap<Ecosystem, bool> = BTreeMap::new();
        let mut unasked: BTreeMap<Ecosystem, usize> = BTreeMap::new();
        let mut asked: Vec<(usize, &Component)> = Vec::new();
        for (index, component) in facts.inventory.components.iter().enumerate() {
            match component.source {
                Source::Default => {}
                Source::Registry(_) if component.ecosystem != Ecosystem::Cargo => {}
                // First-party: no feed speaks of it, and nothing is lost by not asking. Gems are asked about all the same,
                // as Bundler's own auditor does: the lock of Rails lists Rails like that.
                Source::Local if component.ecosystem == Ecosystem::RubyGems => {}
                Source::Local => continue,
                Source::Registry(_) | Source::Git(_) | Source::Path(_) => {
                    out.gaps.push(not_covered(facts, component));
                    if component.ecosystem == Ecosystem::Cargo || !has_version(component) {
                        continue;
                    }
                    // What is built from a copy under this name and version may well be what the records speak of.
                }
            }
            let ecosystem = component.ecosystem;
            let is_covered = *covered.entry(ecosystem).or_insert_with(|| {
                facts.catalogue.covers(ecosystem).unwrap_or(true) // asking for a package says what is damaged
            });
            if is_covered {
                asked.push((index, component));
            } else {
                *unasked.entry(ecosystem).or_default() += 1;
            }
        }
        // Looking a record up costs a read and a digest; a large lock has thousands of them.
        let parts: Vec<&[(usize, &Component)]> = asked.chunks(PART).collect();
        let done = spread(&parts, |part| {
            let mut found = Partial::whole(Vec::new());
            part.iter().for_each(|(index, component)| one(facts, *index, component, &mut found));
            found
        });
        for part in done.expect("a check that panics is a gap") {
            out.value.extend(part.take(&mut out.gaps));
        }
        out.gaps.extend(unasked.into_iter().map(|(ecosystem, count)| no_feed(facts, ecosystem, count)));
        out
    }
}

/// Whether its version is one of its ecosystem, and not a commit.
fn has_version(component: &Component) -> bool {
    Scheme::for_ecosystem(component.ecosystem.osv()).is_some_and(|scheme| {
        scheme.parse(&component.version).is_ok_and(|version| version.standing() == Standing::Ordered)
    })
}

/// What is told where no feed speaks of an ecosystem.
fn no_feed(facts: &Facts<'_>, ecosystem: Ecosystem, count: usize) -> Gap {
    let packages = text::count::plural(count, "package");
    let gap = |kind, why: String| {
        let what = format!("{ecosystem} packages");
        Gap::new(kind, Stage::Check, what, why).with_path(facts.inventory.path.clone()).with_digest(facts.digest)
    };
    if WITHOUT_DATABASE.contains(&ecosystem) {
        return gap(GapKind::NotCovered, format!("no public database has advisories on them; {packages} not checked"));
    }
    if ecosystem == Ecosystem::Cargo
        && let Some(error) = facts.catalogue.missing()
    {
        return gap(GapKind::FeedUnusable, error.to_string()).with_help(error.help());
    }
    let kind = if ecosystem == BESIDE_THE_BUILD { GapKind::NotCovered } else { GapKind::FeedMissing };
    gap(kind, format!("no feed in use has advisories on them; {packages} not checked")).with_help(format!(
        "portcullis feed update --ecosystem {}",
        text::shell::quote(ecosystem.osv()).unwrap_or_default()
    ))
}

/// What RustSec's own feed says of a crate.
struct Rust {
    records: Arc<[Advisory]>,
    /// The places of the records that call the version affected, each with the interval.
    hits: Vec<(usize, Interval)>,
    version: Version,
}

fn one(facts: &Facts<'_>, index: usize, component: &Component, out: &mut Partial<Vec<Finding>>) {
    let rust = match (&facts.catalogue.feed, component.ecosystem) {
        (Some(feed), Ecosystem::Cargo) => match rust(facts, feed, component) {
            Ok(rust) => rust,
            Err(gap) => {
                out.gaps.push(*gap);
                None
            }
        },
        _ => None,
    };
    if facts.catalogue.indexes.is_empty() {
        let Some(rust) = rust else { return };
        out.value.extend(rust.hits.iter().filter_map(|(at, interval)| {
            Some(finding(facts, index, component, rust.records.get(*at)?, interval, &rust.version))
        }));
        return;
    }
    let names = rust.iter().flat_map(|rust| rust.hits.iter().filter_map(|(at, _)| rust.records.get(*at)));
    let names: BTreeSet<String> =
        names.flat_map(|a| std::iter::once(&a.id).chain(&a.aliases)).map(|name| name.to_ascii_uppercase()).collect();
    match records::ask(&facts.catalogue.indexes, component, names) {
        Ok(heard) => joined(facts, index, component, rust.as_ref(), heard, out),
        Err(e) => {
            out.gaps.push(gap(facts, component, GapKind::FeedUnusable, e.to_string(), &e.help()));
            joined(facts, index, component, rust.as_ref(), Vec::new(), out);
        }
    }
}

/// Asks RustSec's own feed. None where it has no record on the crate.
fn rust(facts: &Facts<'_>, feed: &feed::Feed, component: &Component) -> Result<Option<Rust>, Box<Gap>> {
    let records = feed
        .for_package(Collection::Crates, &component.name)
        .map_err(|e| gap(facts, component, GapKind::FeedUnusable, e.to_string(), &e.help()))?;
    if records.is_empty() {
        return Ok(None);
    }
    let version = Version::parse(&component.version).map_err(|e| {
        let ids: Vec<&str> = records.iter().map(|r| r.id.as_str()).collect();
        let why = format!("its version cannot be compared with {}: {e}", ids.join(", "));
        gap(facts, component, GapKind::VersionUncomparable, why, "mend the version in the lockfile")
    })?;
    // A withdrawn record says that there never was a problem.
    let current = records.iter().enumerate().filter(|(_, record)| record.withdrawn.is_none());
    let hits = current.filter_map(|(at, record)| Some((at, record.ranges.matching(&version)?.clone()))).collect();
    Ok(Some(Rust { records, hits, version }))
}

/// One finding for each problem, whichever sources see it.
fn joined(
    facts: &Facts<'_>,
    index: usize,
    component: &Component,
    rust: Option<&Rust>,
    mut heard: Vec<Heard>,
    out: &mut Partial<Vec<Finding>>,
) {
    let source = facts.catalogue.feed.as_ref().map_or("", |feed| feed.info().name.as_str());
    if let Some(rust) = rust {
        for (at, advisory) in rust.records.iter().enumerate() {
            let hit = rust.hits.iter().find(|(hit, _)| *hit == at);
            let says = match (hit, advisory.withdrawn) {
                (Some(_), _) => Says::Affected,
                (None, Some(_)) => Says::Withdrawn,
                (None, None) => Says::NotAffected,
            };
            let matched = hit.map(|(_, interval)| records::Matched {
                interval: interval.to_string(),
                fixed: interval.fixed.as_ref().map(ToString::to_string),
            });
            let record = feed::record_of(advisory);
            heard.push(Heard { source: source.to_owned(), record, says, doubt: None, matched });
        }
    }
    let said: Vec<Said<'_>> = records::said(&heard);
    for problem in merge::merge(&said) {
        let says = problem.said.first().map(|said| said.says);
        let own = rust.and_then(|rust| {
            let ids: Vec<&str> =
                problem.said.iter().filter(|s| s.source == source).map(|s| s.record.id.as_str()).collect();
            let hit = |(at, interval): &(usize, Interval)| {
                let advisory = rust.records.get(*at).filter(|a| ids.contains(&a.id.as_str()))?;
                Some(finding(facts, index, component, advisory, interval, &rust.version))
            };
            rust.hits.iter().find_map(hit)
        });
        match (own, says) {
            // What RustSec itself says is told in its words, with what the others say of it.
            (Some(mut found), _) => {
                let says = problem::says(&problem, &heard);
                if says.len() > 1 {
                    found.evidence.push(Evidence::Sources(says));
                }
                let names = problem.ids().into_iter().filter(|id| Some(*id) != found.advisory.as_deref());
                found.aliases.extend(names.map(str::to_owned));
                found.aliases.sort();
                found.aliases.dedup();
                out.value.push(found);
            }
            (None, Some(Says::Affected)) => {
                out.value.extend(problem::finding(facts, index, component, &problem, &heard));
            }
            (None, Some(Says::CannotTell)) => {
                let doubts: Vec<String> = problem
                    .said
                    .iter()
                    .filter_map(|said| heard.iter().find(|h| h.source == said.source && h.record.id == said.record.id))
                    .filter_map(|h| Some(format!("{}: {}", h.record.id, h.doubt.as_deref()?)))
                    .collect();
                let why = format!("it cannot be told whether it is affected by {}", doubts.join("; "));
                let help = "compare by hand, and accept the gap with an owner and a date";
                out.gaps.push(gap(facts, component, GapKind::VersionUncomparable, why, help));
            }
            (None, _) => {} // no record calls it affected
        }
    }
}

fn gap(facts: &Facts<'_>, component: &Component, kind: GapKind, why: String, help: &str) -> Gap {
    Gap::new(kind, Stage::Check, component.label(), why)
        .with_path(facts.inventory.path.clone())
        .with_line(component.line)
        .with_digest(facts.digest)
        .with_help(help)
}

fn not_covered(facts: &Facts<'_>, component: &Component) -> Gap {
    let why = format!("no feed covers packages from {} ({})", component.comes_from(), component.source.url());
    Gap::new(GapKind::NotCovered, Stage::Check, component.label(), why)
        .with_path(facts.inventory.path.clone())
        .with_line(component.line)
        .with_digest(facts.digest)
        .with_help("if the source mirrors the default registry, name it under [sources] mirrors in the policy")
}

fn finding(
    facts: &Facts<'_>,
    index: usize,
    component: &Component,
    record: &Advisory,
    interval: &Interval,
    version: &Version,
) -> Finding {
    let (rule, class) = rule_of(record.kind);
    let (severity, basis) = severity(record, rule);
    let label = component.label();
    let message = problem::message(record.kind, &label, &record.id);
    let way = facts.paths().shortest(index);
    let steps = way.iter().filter_map(|i| facts.inventory.components.get(*i)); // every index of a way is valid
    let mut evidence = vec![
        Evidence::Range { interval: interval.to_string(), version: version.to_string() },
        Evidence::ReachedThrough(steps.map(Component::label).collect()),
    ];
    evidence.extend(where_in_package(record, version));
    Finding {
        rule,
        class,
        severity,
        basis,
        advisory: Some(record.id.clone()),
        aliases: record.aliases.clone(),
        disclosed: Some(record.date),
        url: record.url.clone(),
        component: Some(component.clone()),
        location: facts.location(component.line, component.column),
        excerpt: facts.excerpt(component.line),
        evidence,
        fix: Some(fix(&component.name, version, interval, record)),
        message,
        title: record.title.clone(),
    }
}

pub(super) fn rule_of(kind: Kind) -> (RuleId, Class) {
    match kind {
        Kind::Vulnerability => (RuleId::VULNERABLE, Class::Vulnerability),
        Kind::Malicious => (RuleId::MALICIOUS, Class::Malicious),
        Kind::Unsound => (RuleId::UNSOUND, Class::Unsound),
        Kind::Unmaintained => (RuleId::UNMAINTAINED, Class::Unmaintained),
        Kind::Notice => (RuleId::NOTICE, Class::Notice),
    }
}

/// A malicious package is critical whatever its score. Otherwise the record's CVSS base score counts; without one a
/// vulnerability is assumed high (shown as assumed), and an informational record has its rule's severity.
pub(super) fn severity(record: &Advisory, rule: RuleId) -> (Severity, SeverityBasis) {
    if record.kind == Kind::Malicious {
        return (Severity::Critical, SeverityBasis::Malicious);
    }
    if let Some(vector) = &record.cvss
        && let Ok(cvss) = vector.parse::<cvss::Cvss>()
    {
        let score = cvss.score();
        return (Severity::of_score(score), SeverityBasis::Cvss { vector: vector.clone(), score });
    }
    match record.kind {
        Kind::Vulnerability => (Severity::High, SeverityBasis::Assumed),
        _ => (rule::info(rule).severity, SeverityBasis::Rule),
    }
}

/// The severity that a finding of this record alone has.
pub fn severity_of(record: &Record) -> Severity {
    problem::severity(record.kind, std::iter::once(record)).0
}

/// What the record says of the place inside the package. Functions whose versions exclude the one in use are left out.
pub(super) fn where_in_package(record: &Advisory, version: &Version) -> Vec<Evidence> {
    let applies = |requirements: &[String]| {
        requirements.is_empty()
            || requirements.iter().any(|r| semver::VersionReq::parse(r).map_or(true, |r| r.matches(version)))
    };
    let functions = &record.affects.functions;
    let functions: Vec<String> = functions.iter().filter(|(_, reqs)| applies(reqs)).map(|(f, _)| f.clone()).collect();
    let mut evidence = Vec::new();
    if !functions.is_empty() {
        evidence.push(Evidence::Functions(functions));
    }
    if !record.affects.arch.is_empty() {
        evidence.push(Evidence::Arch(record.affects.arch.clone()));
    }
    if !record.affects.os.is_empty() {
        evidence.push(Evidence::Os(record.affects.os.clone()));
    }
    evidence
}

/// The end of the affected interval is the first version that clears the finding.
pub fn fix(name: &str, version: &Version, interval: &Interval, record: &Advisory) -> Fix {
    let Some(fixed) = &interval.fixed else { return Fix::NoneKnown };
    let package = text::shell::quote(&format!("{name}@{version}"));
    match package {
        Some(package) if compatible(version, fixed) => {
            // An end that is a pre-release comes from an open bound and need not have been published.
            let command = match fixed.pre.is_empty() {
                true => format!("cargo update -p {package} --precise {fixed}"),
                false => format!("cargo update -p {package}"),
            };
            Fix::Compatible { version: fixed.to_string(), command }
        }
        _ => Fix::Incompatible { patched: record.ranges.patched.clone() },
    }
}

/// Whether Cargo takes `to` for a requirement `^from`: the leftmost part that is not zero stays the same.
fn compatible(from: &Version, to: &Version) -> bool {
    match (from.major, from.minor) {
        (0, 0) => (to.major, to.minor, to.patch) == (0, 0, from.patch),
        (0, minor) => (to.major, to.minor) == (0, minor),
        (major, _) => to.major == major,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compatible_is_what_a_caret_takes() {
        for (from, to, expected) in [
            ("1.2.3", "1.9.0", true),
            ("1.2.3", "2.0.0", false),
            ("0.3.25", "0.3.26", true),
            ("0.3.25", "0.4.4", false),
            ("0.0.1", "0.0.2", false),
        ] {
            let (from, to) = (Version::parse(from).unwrap(), Version::parse(to).unwrap());
            assert_eq!(compatible(&from, &to), expected, "{from} to {to}");
        }
    }
}
