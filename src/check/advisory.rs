//! Is a locked crate affected by an advisory? By name, only where its source is the default registry.

use super::{Check, Facts};
use crate::model::{
    Advisory, Class, Collection, Component, Evidence, Finding, Fix, Gap, GapKind, Interval, Kind, Partial, RuleId,
    Severity, SeverityBasis, Source, Stage,
};
use crate::{rule, text};
use semver::Version;

pub(super) struct Advisories;

impl Check for Advisories {
    fn name(&self) -> &'static str {
        "advisories"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let mut out = Partial::whole(Vec::new());
        for (index, component) in facts.inventory.components.iter().enumerate() {
            match component.source {
                Source::Default => one(facts, index, component, &mut out),
                Source::Registry(_) | Source::Git(_) | Source::Path(_) => out.gaps.push(not_covered(facts, component)),
                // First-party: no feed speaks of it, and nothing is lost by not asking.
                Source::Local => {}
            }
        }
        out
    }
}

fn one(facts: &Facts<'_>, index: usize, component: &Component, out: &mut Partial<Vec<Finding>>) {
    let gap = |kind, why: String, help: &str| {
        Gap::new(kind, Stage::Check, component.label(), why)
            .with_path(facts.inventory.path.clone())
            .with_line(component.line)
            .with_digest(facts.digest)
            .with_help(help)
    };
    let records = match facts.feed.for_package(Collection::Crates, &component.name) {
        Ok(records) => records,
        Err(e) => return out.gaps.push(gap(GapKind::FeedUnusable, e.to_string(), &e.help())),
    };
    if records.is_empty() {
        return;
    }
    let version = match Version::parse(&component.version) {
        Ok(version) => version,
        Err(e) => {
            let ids: Vec<&str> = records.iter().map(|r| r.id.as_str()).collect();
            let why = format!("its version cannot be compared with {}: {e}", ids.join(", "));
            return out.gaps.push(gap(GapKind::VersionUncomparable, why, "mend the version in the lockfile"));
        }
    };
    // A withdrawn record says that there never was a problem.
    for record in records.iter().filter(|r| r.withdrawn.is_none()) {
        if let Some(interval) = record.ranges.matching(&version) {
            out.value.push(finding(facts, index, component, record, interval, &version));
        }
    }
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
    let message = match record.kind {
        Kind::Vulnerability => format!("{label} is affected by {}", record.id),
        Kind::Malicious => format!("{label} is malicious: {}", record.id),
        Kind::Unsound => format!("{label} is unsound: {}", record.id),
        Kind::Unmaintained => format!("{label} is unmaintained: {}", record.id),
        Kind::Notice => format!("{label} has a notice: {}", record.id),
    };
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

fn rule_of(kind: Kind) -> (RuleId, Class) {
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

/// The severity that a finding of this record has.
pub fn severity_of(record: &Advisory) -> Severity {
    severity(record, rule_of(record.kind).0).0
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
