//! SARIF 2.1.0 (OASIS Standard, 27 March 2020), shaped so that GitHub code scanning shows it well.
//!
//! Each advisory gets a descriptor of its own under the id of its rule, `PC-DEP-001/RUSTSEC-2024-0332` (hierarchical ids,
//! §3.5.4), because GitHub takes severity and help from the descriptor and would show all vulnerabilities as one.

mod document;

use super::{Format, RenderError, words};
use crate::model::{Class, Finding, Fix, JudgedFinding, JudgedGap, Recorded, Ruling, Severity, SeverityBasis, Verdict};
use crate::text::neutral;
use document::{
    Artifact, ArtifactLocation, Configuration, Descriptor, DescriptorProperties, Driver, Help, Invocation, Log,
    Notification, NotificationId, Physical, Place, Region, ResultProperties, ResultRow, Run, RunProperties,
    Suppression, Text, Tool, UriBase,
};
use std::collections::BTreeMap;

/// GitHub refuses a file with more results. What is left out is told by a notification, and JSON has all.
const MAX_RESULTS: usize = 25_000;
/// GitHub shows this many characters of a message.
const MAX_MESSAGE: usize = 1_000;

/// Renders the report.
pub(super) fn render(verdict: &Verdict, recorded: &Recorded) -> Result<String, RenderError> {
    let log = Log::new(verdict, recorded, MAX_RESULTS);
    let mut text = serde_json::to_string_pretty(&log)
        .map_err(|source| RenderError::Serialise { format: Format::Sarif, source })?;
    text.push('\n');
    Ok(neutral::json(&text).into_owned())
}

impl Log {
    fn new(verdict: &Verdict, recorded: &Recorded, max_results: usize) -> Self {
        let (rules, index) = descriptors(verdict);
        // What blocks comes first, so that a limit cuts what matters least.
        let all = words::blocking(verdict).chain(words::reported(verdict)).chain(words::waived(verdict));
        let results: Vec<ResultRow> = all.take(max_results).map(|judged| ResultRow::new(judged, &index)).collect();
        let left_out = verdict.findings.len() - results.len();
        Self {
            schema: "https://json.schemastore.org/sarif-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "portcullis",
                        version: verdict.tool.version,
                        semantic_version: verdict.tool.version,
                        rules,
                    },
                },
                invocations: [invocation(verdict, recorded, left_out)],
                original_uri_base_ids: BTreeMap::from([(
                    "%SRCROOT%",
                    UriBase { description: text("The root of what was judged.") },
                )]),
                artifacts: artifacts(verdict),
                results,
                column_kind: "unicodeCodePoints",
                properties: RunProperties {
                    verdict: verdict.outcome().as_str(),
                    feed: words::feed(verdict),
                    policy: words::policy(verdict),
                    base: verdict.base.clone(),
                    record: words::record(recorded),
                },
            }],
        }
    }
}

/// `PC-DEP-001/RUSTSEC-2024-0332`; the rule's id alone where no advisory stands behind the finding.
fn descriptor_id(finding: &Finding) -> String {
    match &finding.advisory {
        Some(advisory) => format!("{}/{}", finding.rule, neutral::line(advisory)),
        None => finding.rule.to_string(),
    }
}

/// One descriptor for each id that a finding refers to, sorted, and where each stands.
fn descriptors(verdict: &Verdict) -> (Vec<Descriptor>, BTreeMap<String, usize>) {
    let mut by_id: BTreeMap<String, &Finding> = BTreeMap::new();
    for judged in &verdict.findings {
        by_id.entry(descriptor_id(&judged.finding)).or_insert(&judged.finding);
    }
    let index = by_id.keys().cloned().enumerate().map(|(at, id)| (id, at)).collect();
    (by_id.into_iter().map(|(id, finding)| descriptor(verdict, id, finding)).collect(), index)
}

fn descriptor(verdict: &Verdict, id: String, finding: &Finding) -> Descriptor {
    let rule = words::rule(verdict, finding.rule);
    let title = rule.map_or(finding.title.as_str(), |rule| rule.title.as_str());
    let short = match &finding.advisory {
        Some(advisory) => format!("{advisory}: {}", finding.title),
        None => title.to_owned(),
    };
    let why = rule.map_or(title, |rule| rule.why.as_str());
    let help = rule.map_or("", |rule| rule.help.as_str());
    let references = rule.map_or(&[] as &[String], |rule| rule.references.as_slice());
    let url = finding.url.as_deref().filter(|url| is_plain_address(url));
    let help_uri = url.or_else(|| references.first().map(String::as_str)).map(str::to_owned);
    let level = level_of(finding.severity);
    // A number makes GitHub show the alert as one of security, which a waiver or a notice is not.
    let security = !matches!(finding.class, Class::Waiver | Class::Notice);
    Descriptor {
        name: words::slug(verdict, finding.rule).to_owned(),
        short_description: text(&short),
        full_description: text(why),
        help: Help {
            text: message(help),
            markdown: format!("{}\n\n{}", neutral::markdown(why), neutral::markdown(help)),
        },
        help_uri,
        default_configuration: Configuration { level },
        properties: DescriptorProperties {
            tags: if security {
                vec!["security", "supply-chain", finding.class.as_str()]
            } else {
                vec!["supply-chain", finding.class.as_str()]
            },
            precision: "very-high",
            problem_severity: if level == "note" { "recommendation" } else { level },
            security_severity: security.then(|| score(finding)),
        },
        id,
    }
}

/// A number in 0.0–10.0 with one decimal: the record's own, or one in the middle of the band.
fn score(finding: &Finding) -> String {
    match (&finding.basis, finding.severity) {
        (SeverityBasis::Cvss { score, .. }, _) if score.is_finite() => format!("{:.1}", score.clamp(0.0, 10.0)),
        (_, Severity::Critical) => "9.5".to_owned(),
        (_, Severity::High) => "8.0".to_owned(),
        (_, Severity::Medium) => "5.5".to_owned(),
        (_, Severity::Low) => "2.0".to_owned(),
        (_, Severity::None) => "0.0".to_owned(),
    }
}

fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::None => "note",
    }
}

impl ResultRow {
    fn new(judged: &JudgedFinding, index: &BTreeMap<String, usize>) -> Self {
        let finding = &judged.finding;
        let rule_id = descriptor_id(finding);
        let place = &finding.location;
        let lines = u32::try_from(finding.excerpt.len()).unwrap_or(u32::MAX);
        let start = place.line.max(1);
        let (level, ruling, suppressions) = match &judged.ruling {
            Ruling::Blocks => ("error", "blocks", Vec::new()),
            Ruling::Reported => ("warning", "reported", Vec::new()),
            Ruling::Waived { by, expires } => ("note", "waived", vec![suppression(by, &expires.date())]),
        };
        Self {
            rule_index: index.get(&rule_id).copied().unwrap_or_default(),
            rule_id,
            level,
            message: text(&sentence(finding)),
            locations: [Place {
                physical_location: Physical {
                    artifact_location: location(place.path.as_str()),
                    region: Some(Region {
                        start_line: start,
                        start_column: Some(place.column.max(1)),
                        end_line: (lines > 1).then(|| start.saturating_add(lines - 1)),
                    }),
                },
            }],
            partial_fingerprints: BTreeMap::from([("portcullis/v1", finding.fingerprint().to_string())]),
            suppressions,
            properties: ResultProperties {
                rule: finding.rule.0,
                class: finding.class.as_str(),
                severity: finding.severity.as_str(),
                basis: finding.basis.to_string(),
                advisory: finding.advisory.clone(),
                aliases: finding.aliases.clone(),
                purl: finding.component.as_ref().map(crate::model::Component::purl),
                axis: judged.axis.as_str(),
                ruling,
                decided_by: judged.decided_by.clone(),
                fix: fix(finding),
            },
        }
    }
}

fn suppression(by: &str, until: &str) -> Suppression {
    Suppression {
        kind: "external",
        status: "accepted",
        justification: format!("waived by {} until {until}", neutral::line(by)),
    }
}

/// The first sentence stands alone: GitHub shows no more of it in a list.
fn sentence(finding: &Finding) -> String {
    let mut out = format!("{} ({}).", words::said(finding), words::severity(finding));
    if !finding.title.is_empty() && finding.title != finding.message {
        out.push_str(&format!(" {}.", finding.title.trim_end_matches('.')));
    }
    if let Some(fix) = fix(finding) {
        out.push_str(&format!(" Fix: {fix}"));
    }
    out
}

fn fix(finding: &Finding) -> Option<String> {
    Some(match finding.fix.as_ref()? {
        Fix::Compatible { command, .. } => command.clone(),
        Fix::Incompatible { patched } => format!("patched in {}, which is not compatible", patched.join(" or ")),
        Fix::NoneKnown => "no patched version is known".to_owned(),
    })
}

/// What could not be seen goes to the notifications, and what is missing of the record. The run was a success only if
/// nothing blocking is among them: §3.20.14 says that a reader must not trust the results as complete otherwise.
fn invocation(verdict: &Verdict, recorded: &Recorded, left_out: usize) -> Invocation {
    let mut notifications: Vec<Notification> = verdict.gaps.iter().map(notification).collect();
    if left_out > 0 {
        notifications.push(Notification {
            descriptor: NotificationId { id: "report/left-out".to_owned() },
            level: "error",
            message: text(&format!(
                "{} left out of this file; the JSON report has all",
                words::plural(left_out, "finding")
            )),
            locations: Vec::new(),
        });
    }
    let missing = words::missing(recorded);
    notifications.extend(missing.map(|missing| Notification {
        descriptor: NotificationId { id: "record/missing".to_owned() },
        level: "error",
        message: text(&format!("{missing}: {}", words::record(recorded))),
        locations: Vec::new(),
    }));
    notifications.extend(verdict.notes.iter().map(|note| Notification {
        descriptor: NotificationId { id: "note".to_owned() },
        level: "note",
        message: text(&note.what),
        locations: Vec::new(),
    }));
    Invocation {
        execution_successful: left_out == 0 && words::gaps(verdict).blocking == 0 && missing.is_none(),
        exit_code: recorded.exit_code(verdict.outcome()),
        end_time_utc: verdict.decided_at.to_string(),
        tool_execution_notifications: notifications,
    }
}

fn notification(judged: &JudgedGap) -> Notification {
    let gap = &judged.gap;
    let mut said = format!("{}: {}", gap.what, gap.why);
    if !gap.help.is_empty() {
        said.push_str(&format!(". Help: {}", gap.help));
    }
    let level = match &judged.ruling {
        Ruling::Blocks => "error",
        Ruling::Reported => "warning",
        Ruling::Waived { by, expires } => {
            said.push_str(&format!(". Accepted by {by} until {}", expires.date()));
            "note"
        }
    };
    let place = gap.path.as_ref().map(|path| Place {
        physical_location: Physical {
            artifact_location: location(path.as_str()),
            region: gap.line.map(|line| Region { start_line: line.max(1), start_column: None, end_line: None }),
        },
    });
    Notification {
        descriptor: NotificationId { id: format!("gap/{}", gap.kind) },
        level,
        message: text(&said),
        locations: place.into_iter().collect(),
    }
}

fn artifacts(verdict: &Verdict) -> Vec<Artifact> {
    let read: BTreeMap<&str, String> =
        verdict.ledger.rows().iter().filter_map(|row| Some((row.path.as_str(), row.digest?.hex()))).collect();
    read.into_iter()
        .map(|(path, digest)| Artifact {
            location: location(path),
            roles: ["analysisTarget"],
            hashes: BTreeMap::from([("sha-256", digest)]),
        })
        .collect()
}

fn location(path: &str) -> ArtifactLocation {
    ArtifactLocation { uri: uri(path), uri_base_id: "%SRCROOT%" }
}

/// A relative reference (RFC 3986, section 4.2): every byte but unreserved ones and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// An address that can be put where a viewer makes a link of it.
fn is_plain_address(url: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&b);
    url.strip_prefix("https://")
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(plain))
}

fn text(said: &str) -> Text {
    Text { text: message(said) }
}

/// A plain text message. `[text](target)` is a link even there (§3.11.6), so brackets are escaped where one could be.
fn message(said: &str) -> String {
    let mut said = neutral::line(said).into_owned();
    if said.contains("](") {
        said = said.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]");
    }
    if said.chars().count() > MAX_MESSAGE {
        said = said.chars().take(MAX_MESSAGE - 1).chain(['…']).collect();
    }
    // Every message has at least one character.
    if said.is_empty() { "-".to_owned() } else { said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn paths_become_relative_references() {
        assert_eq!(uri("a/Cargo.lock"), "a/Cargo.lock");
        assert_eq!(uri("a b/ü%:?#"), "a%20b/%C3%BC%25%3A%3F%23");
        assert_eq!(uri("x\n::error"), "x%0A%3A%3Aerror");
    }

    #[test]
    fn only_plain_addresses_become_links() {
        assert!(is_plain_address("https://example.com/a?b=1#c"));
        for url in [
            "http://example.com",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "https://a b",
            "https://a\"b",
            "https://a<b",
        ] {
            assert!(!is_plain_address(url), "{url}");
        }
    }

    #[test]
    fn a_message_holds_no_link_and_has_an_end() {
        assert_eq!(message("[a](b)"), "\\[a\\](b)");
        assert_eq!(message("a[0] (b)"), "a[0] (b)");
        assert_eq!(message(&"x".repeat(2_000)).chars().count(), 1_000);
        assert_eq!(message(""), "-");
    }

    #[test]
    fn results_beyond_the_limit_are_told() {
        let verdict = sample::ten();
        let whole = Log::new(&verdict, &Recorded::not_asked(), 100);
        assert_eq!(whole.runs[0].results.len(), verdict.findings.len());
        let cut = Log::new(&verdict, &Recorded::not_asked(), 3);
        assert_eq!(cut.runs[0].results.len(), 3);
        assert!(cut.runs[0].results.iter().all(|result| result.level == "error"));
        assert!(!cut.runs[0].invocations[0].execution_successful);
        let told = &cut.runs[0].invocations[0].tool_execution_notifications;
        assert!(told.iter().any(|n| n.message.text
            == format!("{} findings left out of this file; the JSON report has all", verdict.findings.len() - 3)));
    }
}
