//! From a problem that several sources see to one finding: its severity, what clears it, and what each source says.

use super::Facts;
use super::advisory::rule_of;
use super::records::{Heard, Matched};
use crate::feed::merge::{Problem, Says};
use crate::model::{
    Component, Ecosystem, Evidence, Finding, Fix, Kind, Rating, Record, Severity, SeverityBasis, SourceSays,
};
use crate::version::Scheme;
use crate::{rule, text};

/// A title is one line of at most this many characters where it has to be taken from a description.
const MAX_TITLE: usize = 120;

/// The finding of a problem whose first record calls the component affected.
pub(super) fn finding(
    facts: &Facts<'_>,
    index: usize,
    component: &Component,
    problem: &Problem<'_>,
    heard: &[Heard],
) -> Option<Finding> {
    let record = problem.said.first()?.record;
    let (rule, class) = rule_of(problem.kind);
    let affecting: Vec<&Heard> = of(problem, heard).filter(|h| h.says == Says::Affected).collect();
    let (severity, basis) = severity(problem.kind, affecting.iter().map(|h| &h.record));
    let matched: Vec<&Matched> = affecting.iter().filter_map(|h| h.matched.as_ref()).collect();
    let interval = matched.first().map_or_else(String::new, |m| m.interval.clone());
    let label = component.label();
    let way = facts.paths().shortest(index);
    let steps = way.iter().filter_map(|i| facts.inventory.components.get(*i)); // every index of a way is valid
    let id = problem.id().to_owned();
    let mut aliases: Vec<String> = problem.ids().into_iter().filter(|other| *other != id).map(str::to_owned).collect();
    aliases.sort();
    Some(Finding {
        rule,
        class,
        severity,
        basis,
        aliases,
        disclosed: affecting.iter().filter_map(|h| h.record.published).min(),
        url: affecting.iter().find_map(|h| h.record.references.first()).cloned(),
        component: Some(component.clone()),
        location: facts.location(component.line, component.column),
        excerpt: facts.excerpt(component.line),
        evidence: vec![
            Evidence::Range { interval, version: component.version.to_string() },
            Evidence::ReachedThrough(steps.map(Component::label).collect()),
            Evidence::Sources(says(problem, heard)),
        ],
        fix: Some(fix(facts, component, &matched)),
        message: message(problem.kind, &label, &id),
        title: title(record),
        advisory: Some(id),
    })
}

/// What is said of a package with a problem of this kind.
pub(super) fn message(kind: Kind, label: &str, id: &str) -> String {
    match kind {
        Kind::Vulnerability => format!("{label} is affected by {id}"),
        Kind::Malicious => format!("{label} is malicious: {id}"),
        Kind::Unsound => format!("{label} is unsound: {id}"),
        Kind::Unmaintained => format!("{label} is unmaintained: {id}"),
        Kind::Notice => format!("{label} has a notice: {id}"),
    }
}

/// The records of a problem, in its order.
fn of<'h>(problem: &Problem<'_>, heard: &'h [Heard]) -> impl Iterator<Item = &'h Heard> {
    problem.said.iter().filter_map(move |said| {
        heard.iter().find(|h| h.source == said.source && h.record.id == said.record.id && h.says == said.says)
    })
}

/// What each source says, in the order of the problem.
pub(super) fn says(problem: &Problem<'_>, heard: &[Heard]) -> Vec<SourceSays> {
    of(problem, heard)
        .map(|h| SourceSays {
            source: h.source.clone(),
            id: h.record.id.clone(),
            says: match h.says {
                Says::Affected => "affected",
                Says::CannotTell => "cannot-tell",
                Says::NotAffected => "not-affected",
                Says::Withdrawn => "withdrawn",
            },
            fixed: h.matched.as_ref().and_then(|m| m.fixed.clone()),
        })
        .collect()
}

/// The worst that any of the records says: a malicious package is critical; else the highest CVSS base score; else the
/// worst word of a vendor; else a vulnerability is assumed high (shown as assumed), and another kind has its rule's.
pub(super) fn severity<'r>(kind: Kind, records: impl Iterator<Item = &'r Record>) -> (Severity, SeverityBasis) {
    if kind == Kind::Malicious {
        return (Severity::Critical, SeverityBasis::Malicious);
    }
    let mut scored: Option<(f64, &Rating)> = None;
    let mut worded: Option<(Severity, &Rating, &Record)> = None;
    for record in records {
        for rating in &record.ratings {
            if let Some(score) = score(rating) {
                if scored.is_none_or(|(other, _)| other < score) {
                    scored = Some((score, rating));
                }
            } else if let Some(word) = word(&rating.value)
                && worded.is_none_or(|(other, ..)| other < word)
            {
                worded = Some((word, rating, record));
            }
        }
    }
    if let Some((score, rating)) = scored {
        return (Severity::of_score(score), SeverityBasis::Cvss { vector: rating.value.clone(), score });
    }
    if let Some((severity, rating, record)) = worded {
        let basis = SeverityBasis::Vendor { word: rating.value.clone(), database: record.database.clone() };
        return (severity, basis);
    }
    match kind {
        Kind::Vulnerability => (Severity::High, SeverityBasis::Assumed),
        _ => (rule::info(rule_of(kind).0).severity, SeverityBasis::Rule),
    }
}

/// The base score of a vector, or the number that stands for one.
fn score(rating: &Rating) -> Option<f64> {
    let score = match rating.value.parse::<f64>() {
        Ok(score) => score,
        Err(_) => rating.value.parse::<cvss::Cvss>().ok()?.score(),
    };
    (0.0..=10.0).contains(&score).then_some(score)
}

/// The band of a vendor's word (Red Hat's four and GHSA's four).
fn word(text: &str) -> Option<Severity> {
    match text.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" | "important" => Some(Severity::High),
        "medium" | "moderate" => Some(Severity::Medium),
        "low" => Some(Severity::Low),
        "none" => Some(Severity::None),
        _ => None, // `unknown` and words of nobody
    }
}

/// The record's title, or the first line of its text.
fn title(record: &Record) -> String {
    if !record.title.is_empty() {
        return record.title.clone();
    }
    let line = record.description.lines().map(|line| line.trim_matches(['#', ' ', '\t', '\r'])).find(|l| !l.is_empty());
    match line {
        Some(line) if line.chars().count() > MAX_TITLE => line.chars().take(MAX_TITLE).chain(['…']).collect(),
        Some(line) => line.to_owned(),
        None => record.id.clone(),
    }
}

/// The version that every source which names one calls fixed.
fn fix(facts: &Facts<'_>, component: &Component, matched: &[&Matched]) -> Fix {
    let Some(scheme) = Scheme::for_ecosystem(component.ecosystem.osv()) else { return Fix::NoneKnown };
    let fixed = matched.iter().filter_map(|m| m.fixed.as_deref());
    let parsed = fixed.filter_map(|text| Some((scheme.parse(text).ok()?, text)));
    let Some((_, fixed)) = parsed.max_by(|(a, _), (b, _)| a.sort_key().cmp(b.sort_key())) else {
        return Fix::NoneKnown;
    };
    match command(facts.inventory.format, component, fixed) {
        Some(command) if compatible(&component.version, fixed) => {
            Fix::Compatible { version: fixed.to_owned(), command }
        }
        _ => Fix::Incompatible { patched: vec![format!(">= {fixed}")] },
    }
}

/// The command of the tool that wrote the lock which takes the package to that version, or past it.
fn command(format: &str, component: &Component, fixed: &str) -> Option<String> {
    let name = text::shell::quote(&component.name)?;
    let with = |between: &str| text::shell::quote(&format!("{}{between}{fixed}", component.name));
    Some(match format {
        "cargo-lock" => {
            let package = text::shell::quote(&format!("{}@{}", component.name, component.version))?;
            format!("cargo update -p {package} --precise {}", text::shell::quote(fixed)?)
        }
        "npm-lock" => format!("npm update {name}"),
        "yarn-lock" => format!("yarn upgrade {}", with("@^")?),
        "pnpm-lock" => format!("pnpm update {}", with("@^")?),
        "bun-lock" => format!("bun update {name}"),
        "poetry-lock" => format!("poetry update {name}"),
        "uv-lock" => format!("uv lock --upgrade-package {}", with("==")?),
        "pdm-lock" => format!("pdm update {name}"),
        "pipfile-lock" => format!("pipenv upgrade {}", with("==")?),
        "go-mod" => {
            let version = fixed.strip_prefix('v').unwrap_or(fixed);
            format!("go get {}", text::shell::quote(&format!("{}@v{version}", component.name))?)
        }
        "gemfile-lock" => format!("bundle update --conservative {name}"),
        "composer-lock" => format!("composer update {name}"),
        "mix-lock" => format!("mix deps.update {name}"),
        "pubspec-lock" => format!("dart pub upgrade {name}"),
        "podfile-lock" => format!("pod update {name}"),
        _ if component.ecosystem == Ecosystem::Pypi => format!("pip install {}", with("==")?),
        _ => return None, // the version is named; how to get there is the project's own
    })
}

/// Whether a range that takes the newest compatible version (`^` of npm and Composer, `~>` of Ruby) reaches from one
/// version to the other: the leftmost number that is not zero stays the same.
fn compatible(from: &str, to: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let text = text.trim_start_matches(['v', 'V', '=']);
        text.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
    };
    let (from, to) = (numbers(from), numbers(to));
    match (from.as_slice(), to.as_slice()) {
        ([0, 0, ..], _) | (_, [0, 0, ..]) => from == to,
        ([0, a, ..], [0, b, ..]) => a == b,
        ([a, ..], [b, ..]) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(ratings: &[(&str, &str)]) -> Record {
        Record {
            id: "GHSA-1".into(),
            database: "GHSA".into(),
            kind: Kind::Vulnerability,
            title: String::new(),
            description: "\n## A heading\ntext".into(),
            published: None,
            modified: None,
            withdrawn: None,
            aliases: Vec::new(),
            related: Vec::new(),
            ratings: ratings.iter().map(|(s, v)| Rating { scheme: (*s).into(), value: (*v).into() }).collect(),
            references: Vec::new(),
            affected: Vec::new(),
        }
    }

    fn band(kind: Kind, ratings: &[(&str, &str)]) -> (Severity, String) {
        let (severity, basis) = severity(kind, std::iter::once(&record(ratings)));
        (severity, basis.to_string())
    }

    #[test]
    fn the_highest_score_counts_then_the_worst_word_then_the_assumption() {
        let low = ("CVSS_V3", "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N");
        let critical = ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
        assert_eq!(band(Kind::Vulnerability, &[low, critical]), (Severity::Critical, "cvss".into()));
        assert_eq!(band(Kind::Vulnerability, &[low, ("word", "CRITICAL")]), (Severity::Low, "cvss".into()));
        assert_eq!(band(Kind::Vulnerability, &[("CVSS_V3", "7.5")]), (Severity::High, "cvss".into()));
        assert_eq!(band(Kind::Vulnerability, &[("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P")]).0, Severity::High);
        let words = [("word", "Low"), ("word", "Important")];
        assert_eq!(band(Kind::Vulnerability, &words), (Severity::High, "vendor".into()));
        assert_eq!(band(Kind::Vulnerability, &[("word", "Unknown")]), (Severity::High, "assumed".into()));
        assert_eq!(band(Kind::Vulnerability, &[("CVSS_V3", "11")]), (Severity::High, "assumed".into()));
        assert_eq!(band(Kind::Malicious, &[low]), (Severity::Critical, "malicious".into()));
    }

    #[test]
    fn a_record_without_a_title_has_the_first_line_of_its_text() {
        assert_eq!(title(&record(&[])), "A heading");
        let long = Record { description: "x".repeat(200), ..record(&[]) };
        assert_eq!(title(&long).chars().count(), MAX_TITLE + 1);
    }

    #[test]
    fn compatible_is_what_a_caret_takes() {
        for (from, to, expected) in [
            ("1.2.3", "1.9.0", true),
            ("v1.2.3", "1.9.0", true),
            ("1.2.3", "2.0.0", false),
            ("0.3.25", "0.3.26", true),
            ("0.3.25", "0.4.4", false),
            ("0.0.1", "0.0.2", false),
            ("", "1", false),
            ("2024.1", "2025.1", false),
        ] {
            assert_eq!(compatible(from, to), expected, "{from} to {to}");
        }
    }
}
