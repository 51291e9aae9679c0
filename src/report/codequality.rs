//! GitLab's code quality report: one JSON array, an issue for each finding, gap and note. Not a list of what blocks: a
//! waived or reported problem is in it too, so that the widget of a merge request does not call it solved.

use super::{Format, RenderError, words};
use crate::model::{
    Digest, Finding, Fingerprint, Fix, Gap, JudgedFinding, JudgedGap, Note, RecordState, Recorded, Ruling, Severity,
    TreePath, Verdict,
};
use crate::text::neutral;
use serde::Serialize;
use std::collections::BTreeMap;

/// Where GitLab shows what stands in no file, such as a feed that is too old: an issue without a path is not taken.
const WHOLE_RUN: &str = "portcullis.toml";
/// Characters of one description; the widget shows one line. The JSON report has all of it.
const MAX_DESCRIPTION: usize = 1_000;

/// The keys that GitLab reads ("Code Quality report format").
#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Place<'a>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Renders the report.
pub(super) fn render(verdict: &Verdict, recorded: &Recorded) -> Result<String, RenderError> {
    let kinds: Vec<String> = verdict.gaps.iter().map(|judged| format!("gap/{}", judged.gap.kind)).collect();
    let mut issues: Vec<Issue<'_>> = verdict.findings.iter().map(|judged| of_finding(verdict, judged)).collect();
    issues.extend(verdict.gaps.iter().zip(&kinds).map(|(judged, kind)| of_gap(judged, kind))); // one kind was made for each gap
    issues.extend(verdict.notes.iter().map(of_note));
    issues.extend(of_record(recorded));
    tell_apart(&mut issues);
    let mut text = serde_json::to_string_pretty(&issues)
        .map_err(|source| RenderError::Serialise { format: Format::Codequality, source })?;
    text.push('\n');
    Ok(neutral::json(&text).into_owned())
}

fn of_finding<'a>(verdict: &'a Verdict, judged: &'a JudgedFinding) -> Issue<'a> {
    let finding = &judged.finding;
    let mut parts = vec![format!("{} ({})", words::said(finding), words::severity(finding))];
    if finding.title != finding.message {
        parts.push(finding.title.clone());
    }
    if let Some(Fix::Compatible { command, .. }) = &finding.fix {
        parts.push(format!("fix: {command}"));
    }
    Issue {
        description: description(&judged.ruling, &parts),
        check_name: words::slug(verdict, finding.rule),
        fingerprint: finding.fingerprint().to_string(),
        severity: severity(finding),
        location: place(Some(&finding.location.path), Some(finding.location.line)),
    }
}

fn of_gap<'a>(judged: &'a JudgedGap, kind: &'a str) -> Issue<'a> {
    let gap = &judged.gap;
    let mut parts = vec![format!("could not be judged: {}: {}", gap.what, gap.why)];
    if !gap.help.is_empty() {
        parts.push(gap.help.clone());
    }
    Issue {
        description: description(&judged.ruling, &parts),
        check_name: kind,
        fingerprint: fingerprint(gap).to_string(),
        severity: if judged.ruling == Ruling::Blocks { "critical" } else { "info" },
        location: place(gap.path.as_ref(), gap.line),
    }
}

/// Such as a change that relaxes the policy: whoever reviews it looks here.
fn of_note(note: &Note) -> Issue<'_> {
    let mut parts = vec![note.what.clone()];
    if !note.help.is_empty() {
        parts.push(note.help.clone());
    }
    Issue {
        description: description(&Ruling::Reported, &parts),
        check_name: "note",
        fingerprint: hash(&["note", &note.what]).to_string(),
        severity: "info",
        location: place(None, None),
    }
}

/// A run whose record does not outlive it. One that does is no issue, and the JSON report tells of it.
fn of_record(recorded: &Recorded) -> Option<Issue<'static>> {
    let outlives = matches!(&recorded.state, RecordState::Signed(record) if record.durable);
    let failed = !recorded.is_as_asked();
    (!outlives).then(|| Issue {
        description: description(&Ruling::Reported, &[format!("record: {}", words::record(recorded))]),
        check_name: "record",
        fingerprint: hash(&["record"]).to_string(),
        severity: if failed { "critical" } else { "info" },
        location: place(None, None),
    })
}

/// The five words of GitLab for our five. `blocker` is its worst and says nothing of whether the gate is shut.
fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::None => "info",
        Severity::Low => "minor",
        Severity::Medium => "major",
        Severity::High => "critical",
        Severity::Critical => "blocker",
    }
}

fn place<'a>(path: Option<&'a TreePath>, line: Option<u32>) -> Place<'a> {
    let path = path.map_or(WHOLE_RUN, |path| path.as_str());
    Place { path, lines: Lines { begin: line.unwrap_or(1).max(1) } }
}

/// One line, the ruling first.
fn description(ruling: &Ruling, parts: &[String]) -> String {
    let ruling = match ruling {
        Ruling::Blocks => "blocks: ".to_owned(),
        Ruling::Reported => String::new(),
        Ruling::Waived { by, expires } => format!("waived until {} by {by}: ", expires.date()),
    };
    let text = format!("{ruling}{}", parts.join("; "));
    let text = neutral::line(&text); // no second line, no command of a build log
    if text.chars().count() <= MAX_DESCRIPTION {
        return text.into_owned();
    }
    text.chars().take(MAX_DESCRIPTION - 1).chain(['…']).collect()
}

/// Stable when lines move and when the reason is told with another number: kind, thing and path alone.
fn fingerprint(gap: &Gap) -> Fingerprint {
    let path = gap.path.as_ref().map_or("", |path| path.as_str());
    hash(&["gap", gap.kind.as_str(), &gap.what, path])
}

/// GitLab shows one of several issues that share a fingerprint. The second and later ones get one that counts them.
fn tell_apart(issues: &mut [Issue<'_>]) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for issue in issues {
        let count = seen.entry(issue.fingerprint.clone()).or_default();
        *count += 1;
        if *count > 1 {
            issue.fingerprint = hash(&["again", &issue.fingerprint, &count.to_string()]).to_string();
        }
    }
}

/// The first 16 bytes of the SHA-256, with a length before each part so that two lists never give the same bytes.
fn hash(parts: &[&str]) -> Fingerprint {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(Digest::of(&bytes).0) {
        *to = from; // the first 16 of 32 bytes, on purpose
    }
    Fingerprint(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn issues(verdict: &Verdict) -> Vec<Value> {
        serde_json::from_str(&render(verdict, &sample::signed(true)).unwrap()).unwrap()
    }

    fn fingerprints(verdict: &Verdict) -> Vec<String> {
        issues(verdict).iter().map(|issue| issue["fingerprint"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_issue_has_the_keys_that_gitlab_asks_for_and_no_others() {
        for verdict in sample::all() {
            let issues = issues(&verdict);
            assert_eq!(issues.len(), verdict.findings.len() + verdict.gaps.len() + verdict.notes.len());
            for issue in issues {
                let keys: Vec<&String> = issue.as_object().unwrap().keys().collect();
                assert_eq!(keys, ["check_name", "description", "fingerprint", "location", "severity"]);
                let severity = issue["severity"].as_str().unwrap();
                assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity), "{severity}");
                assert!(!issue["location"]["path"].as_str().unwrap().is_empty());
                assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
                assert!(!issue["description"].as_str().unwrap().is_empty());
            }
        }
    }

    #[test]
    fn a_run_without_problems_is_an_empty_array_and_not_an_empty_file() {
        let mut verdict = sample::passed();
        verdict.gaps.clear();
        verdict.notes.clear();
        assert_eq!(render(&verdict, &sample::signed(true)).unwrap(), "[]\n");
    }

    #[test]
    fn an_issue_reads_as_one_line_with_its_ruling() {
        let issues = issues(&sample::few());
        assert_eq!(
            issues[0],
            serde_json::json!({
                "description": "blocks: h2 0.3.25 is affected by RUSTSEC-2024-0332 (high: assumed, the record has no score); \
                    endless CONTINUATION frames keep a server busy; fix: cargo update -p h2@0.3.25 --precise 0.3.26",
                "check_name": "advisory/vulnerable",
                "fingerprint": sample::few().findings[0].finding.fingerprint().to_string(),
                "severity": "critical",
                "location": {"path": "Cargo.lock", "lines": {"begin": 412}},
            })
        );
        let waived = issues.iter().find(|issue| issue["description"].as_str().unwrap().starts_with("waived until "));
        assert!(waived.is_some(), "{issues:?}");
    }

    #[test]
    fn a_gap_that_shuts_the_gate_is_critical_and_one_without_a_file_stands_at_the_policy() {
        let verdict = sample::incomplete();
        let shut: Vec<Value> = issues(&verdict).into_iter().filter(|issue| issue["severity"] == "critical").collect();
        assert_eq!(shut.len(), 2);
        let places: Vec<&str> = shut.iter().map(|issue| issue["location"]["path"].as_str().unwrap()).collect();
        assert!(places.contains(&"portcullis.toml") && places.contains(&"vendor/Cargo.lock"), "{places:?}");
    }

    #[test]
    fn fingerprints_stay_when_lines_move_and_differ_by_path_and_package() {
        let before = fingerprints(&sample::few());
        let mut moved = sample::few();
        for judged in &mut moved.findings {
            judged.finding.location.line += 7;
        }
        for judged in &mut moved.gaps {
            judged.gap.line = judged.gap.line.map(|line| line + 7);
            judged.gap.why = "it is 10 days old, and not 9".into();
        }
        assert_eq!(fingerprints(&moved), before);
        let mut other = sample::few();
        for judged in &mut other.findings {
            judged.finding.location.path = TreePath::new("tools/Cargo.lock");
        }
        for judged in &mut other.gaps {
            judged.gap.what.push('x');
        }
        let shared: BTreeSet<String> = fingerprints(&other).into_iter().filter(|f| before.contains(f)).collect();
        assert!(shared.is_empty(), "{shared:?}");
    }

    #[test]
    fn no_two_issues_share_a_fingerprint() {
        let mut verdict = sample::two_hundred();
        verdict.gaps.extend(sample::incomplete().gaps);
        verdict.gaps.extend(sample::incomplete().gaps);
        let all = fingerprints(&verdict);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(all.iter().all(|f| f.len() == 32 && f.bytes().all(|b| b.is_ascii_hexdigit())));
    }

    #[test]
    fn a_record_that_does_not_outlive_the_run_is_an_issue_and_one_that_does_is_none() {
        let mut verdict = sample::passed();
        verdict.gaps.clear();
        verdict.notes.clear();
        let severity = |recorded: &Recorded| -> Option<String> {
            let issues: Vec<Value> = serde_json::from_str(&render(&verdict, recorded).unwrap()).unwrap();
            assert!(issues.iter().all(|issue| issue["check_name"] == "record"));
            issues.first().map(|issue| issue["severity"].as_str().unwrap().to_owned())
        };
        assert_eq!(severity(&sample::signed(true)), None);
        assert_eq!(severity(&Recorded::not_asked()).as_deref(), Some("info"));
        assert_eq!(severity(&Recorded { meets_policy: false, ..Recorded::not_asked() }).as_deref(), Some("critical"));
        let state = RecordState::Failed { why: "no key".into(), start: None };
        assert_eq!(severity(&Recorded { state, ..Recorded::not_asked() }).as_deref(), Some("critical"));
    }

    #[test]
    fn a_long_description_is_cut_with_a_mark() {
        let mut verdict = sample::few();
        verdict.findings[0].finding.title = "x".repeat(5_000);
        let issues = issues(&verdict);
        let text = issues[0]["description"].as_str().unwrap();
        assert_eq!((text.chars().count(), text.ends_with('…')), (1_000, true));
    }
}
