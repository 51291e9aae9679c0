//! Phrases that several formats share. Plain text, not neutralised: that is done where the text is written.

use crate::model::{
    Days, FeedInfo, FeedKind, Finding, JudgedFinding, JudgedGap, Outcome, RecordState, Recorded, RuleId, RuleInfo,
    Ruling, Severity, SeverityBasis, SignedRecord, Timestamp, Verdict,
};
pub(super) use crate::text::count::{number, plural};

/// How many were decided which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) blocking: usize,
    pub(super) reported: usize,
    pub(super) waived: usize,
}

impl Count {
    pub(super) fn of<'a>(rulings: impl Iterator<Item = &'a Ruling>) -> Self {
        rulings.fold(Self::default(), |mut count, ruling| {
            match ruling {
                Ruling::Blocks => count.blocking += 1,
                Ruling::Reported => count.reported += 1,
                Ruling::Waived { .. } => count.waived += 1,
            }
            count
        })
    }

    pub(super) fn total(self) -> usize {
        self.blocking + self.reported + self.waived
    }
}

pub(super) fn findings(verdict: &Verdict) -> Count {
    Count::of(verdict.findings.iter().map(|judged| &judged.ruling))
}

pub(super) fn gaps(verdict: &Verdict) -> Count {
    Count::of(verdict.gaps.iter().map(|judged| &judged.ruling))
}

pub(super) fn blocking(verdict: &Verdict) -> impl Iterator<Item = &JudgedFinding> {
    verdict.findings.iter().filter(|judged| judged.ruling == Ruling::Blocks)
}

pub(super) fn reported(verdict: &Verdict) -> impl Iterator<Item = &JudgedFinding> {
    verdict.findings.iter().filter(|judged| judged.ruling == Ruling::Reported)
}

pub(super) fn waived(verdict: &Verdict) -> impl Iterator<Item = &JudgedFinding> {
    verdict.findings.iter().filter(|judged| matches!(judged.ruling, Ruling::Waived { .. }))
}

pub(super) fn blocking_gaps(verdict: &Verdict) -> impl Iterator<Item = &JudgedGap> {
    verdict.gaps.iter().filter(|judged| judged.ruling == Ruling::Blocks)
}

/// The answer in one line: `failed: 3 findings block (1 critical, 2 high)`.
pub(super) fn verdict_line(verdict: &Verdict) -> String {
    let (findings, gaps) = (findings(verdict), gaps(verdict));
    match verdict.outcome() {
        Outcome::Failed => {
            let bands: Vec<String> = Severity::ALL
                .into_iter()
                .rev()
                .map(|band| (blocking(verdict).filter(|judged| judged.finding.severity == band).count(), band))
                .filter(|(count, _)| *count > 0)
                .map(|(count, band)| {
                    format!("{count} {}", if band == Severity::None { "unrated" } else { band.as_str() })
                })
                .collect();
            let verb = if findings.blocking == 1 { "blocks" } else { "block" };
            let also = match gaps.blocking {
                0 => String::new(),
                n => format!("; {} could not be judged", things(n)),
            };
            format!("failed: {} {verb} ({}){also}", plural(findings.blocking, "finding"), bands.join(", "))
        }
        Outcome::Incomplete => {
            format!("incomplete: no finding blocks, but {} could not be judged", things(gaps.blocking))
        }
        Outcome::Passed => "passed: no finding blocks".to_owned(),
    }
}

/// What is missing where the run ends with exit code 4: the verdict alone would be taken for how it ended.
pub(super) fn missing(recorded: &Recorded) -> Option<&'static str> {
    if recorded.is_as_asked() {
        return recorded.unwritten.then_some("not all of it was written");
    }
    Some(match recorded.state {
        RecordState::Signed(_) => "not recorded durably",
        RecordState::Proposal { .. } | RecordState::NotAsked | RecordState::Failed { .. } => "not recorded",
    })
}

/// How the run ended, in one line: the verdict's own, behind what is missing.
pub(super) fn headline(verdict: &Verdict, recorded: &Recorded) -> String {
    let (line, code) = (verdict_line(verdict), recorded.exit_code(verdict.outcome()));
    match missing(recorded) {
        Some(missing) => format!("{missing} (exit code {code}); the verdict is {line}"),
        None => line,
    }
}

/// Why a finding that is only reported does not block, in the words of the line that decided.
pub(super) fn why_reported(judged: &JudgedFinding) -> Option<&'static str> {
    let by = judged.decided_by.as_str();
    let by_key = |key: &str| by.split(' ').any(|word| word.starts_with(key));
    if by == "base comparison" {
        Some("in the base already")
    } else if by.starts_with("grace ") {
        Some("in their grace")
    } else if by_key("fail-on") || by.starts_with("--fail-on") {
        Some("below fail-on")
    } else if by.starts_with("default classes.") {
        Some("by default")
    } else if by_key("classes.") {
        Some("class reported by policy")
    } else {
        None // such as what is not used: the message says it
    }
}

/// The day on which the grace of a reported finding ends, where it is in one.
pub(super) fn grace_until(judged: &JudgedFinding) -> Option<String> {
    let days = judged.decided_by.strip_prefix("grace ")?.split_once('d')?.0.parse().ok()?;
    Some(judged.finding.disclosed?.plus_days(Days(days)).date())
}

/// What is wrong, with the advisory's id even where the message leaves it out.
pub(super) fn said(finding: &Finding) -> String {
    match &finding.advisory {
        Some(id) if !finding.message.contains(id.as_str()) => format!("{} ({id})", finding.message),
        _ => finding.message.clone(),
    }
}

fn things(count: usize) -> String {
    plural(count, "thing")
}

/// `high: assumed, the record has no score`, `high: CVSS 7.5`.
pub(super) fn severity(finding: &Finding) -> String {
    match &finding.basis {
        SeverityBasis::Assumed => format!("{}: assumed, the record has no score", finding.severity),
        SeverityBasis::Cvss { score, .. } => format!("{}: CVSS {score:.1}", finding.severity),
        SeverityBasis::Malicious => format!("{}: malicious", finding.severity),
        SeverityBasis::Vendor { word, database } => {
            format!("{}: «{}» of {}, without a score", finding.severity, word, database)
        }
        SeverityBasis::Rule => finding.severity.to_string(),
    }
}

/// The same for a cell of a table: `high, assumed`, `high 7.5`.
pub(super) fn severity_short(finding: &Finding) -> String {
    match &finding.basis {
        SeverityBasis::Assumed => format!("{}, assumed", finding.severity),
        SeverityBasis::Cvss { score, .. } => format!("{} {score:.1}", finding.severity),
        SeverityBasis::Malicious | SeverityBasis::Vendor { .. } | SeverityBasis::Rule => finding.severity.to_string(),
    }
}

/// What the rule says of itself, where the verdict carries it.
pub(super) fn rule(verdict: &Verdict, id: RuleId) -> Option<&RuleInfo> {
    verdict.rules.iter().find(|rule| rule.id == id)
}

/// `advisory/vulnerable`; the id where the verdict does not carry the rule.
pub(super) fn slug(verdict: &Verdict, id: RuleId) -> &str {
    rule(verdict, id).map_or(id.0, |rule| rule.slug.as_str())
}

/// `just now`, `3 hours`, `2 days`.
fn age(now: Timestamp, then: Timestamp) -> String {
    let (count, unit) = match now.since(then).0 {
        s if s >= 2 * 86_400 => (s / 86_400, "day"),
        s if s >= 3_600 => (s / 3_600, "hour"),
        s if s >= 60 => (s / 60, "minute"),
        _ => return "just now".to_owned(),
    };
    format!("{} ago", plural(usize::try_from(count).unwrap_or(usize::MAX), unit))
}

/// Every source of advisories in one line.
pub(super) fn feed(verdict: &Verdict) -> String {
    feeds(verdict).join("; ")
}

/// Every source of advisories, a line for each, RustSec's own feed first.
pub(super) fn feeds(verdict: &Verdict) -> Vec<String> {
    let all = verdict.feed.iter().chain(&verdict.sources);
    let lines: Vec<String> = all.map(|feed| one_feed(verdict, feed)).collect();
    if lines.is_empty() { vec!["none: it could not be opened".to_owned()] } else { lines }
}

fn one_feed(verdict: &Verdict, feed: &FeedInfo) -> String {
    let advisories = plural(feed.advisories, "advisory");
    if feed.kind == FeedKind::EmbeddedLandmarks {
        let state = state_of(feed).map_or(String::new(), |time| format!(", state of {}", time.date()));
        return format!("landmark feed: {advisories} only{state}; not a substitute for the full database");
    }
    let kind = match feed.kind {
        FeedKind::Installed => "installed",
        FeedKind::Directory => "directory",
        FeedKind::EmbeddedSnapshot | FeedKind::EmbeddedLandmarks => "embedded snapshot",
    };
    let mut parts = vec![format!("{} ({kind})", feed.name), advisories];
    let verb = if feed.kind == FeedKind::EmbeddedSnapshot { "made" } else { "refreshed" };
    match (feed.refreshed, feed.newest) {
        (Some(then), _) => parts.push(format!("{verb} {} ({})", then.date(), age(verdict.decided_at, then))),
        (None, Some(newest)) => parts.push(format!("newest of {}", newest.date())),
        (None, None) => parts.push("age unknown".to_owned()),
    }
    if let Some(commit) = &feed.commit {
        parts.push(format!("commit {}", short(commit)));
    }
    parts.push(format!("sha256:{}", short(&feed.digest.hex())));
    parts.join(", ")
}

fn state_of(feed: &FeedInfo) -> Option<Timestamp> {
    feed.refreshed.or(feed.newest)
}

/// The policy in one line.
pub(super) fn policy(verdict: &Verdict) -> String {
    let policy = &verdict.policy;
    let waivers = match policy.waivers {
        0 => String::new(),
        n => format!(", {}", plural(n, "waiver file")),
    };
    format!("{}, fails on {}{waivers}", policy.origin, policy.fail_on)
}

/// What became of the record, in one line, with the names of log and key.
pub(super) fn record(recorded: &Recorded) -> String {
    record_line(recorded, |signed| {
        format!("#{} in {}, signed with its key {}", signed.index, signed.log, signed.key_hash())
    })
}

/// The same without the names, which are random: for people, who have one trail in mind.
pub(super) fn record_short(recorded: &Recorded) -> String {
    record_line(recorded, |signed| format!("#{} in the trail, signed", signed.index))
}

fn record_line(recorded: &Recorded, signed: impl Fn(&SignedRecord) -> String) -> String {
    let line = match &recorded.state {
        RecordState::Signed(record) if record.durable => signed(record),
        RecordState::Signed(record) => format!("{}; ephemeral: the trail ends with this job", signed(record)),
        RecordState::Proposal { is_kept: true, .. } => {
            "not signed: proposal only, in the JSON report, for this run is given no key".to_owned()
        }
        RecordState::Proposal { is_kept: false, .. } => {
            "not signed, for this run is given no key; its proposal is written to nothing: there is no JSON report"
                .to_owned()
        }
        RecordState::NotAsked => "none: --no-trail".to_owned(),
        RecordState::Failed { why, start: None } => format!("none: {why}"),
        RecordState::Failed { why, start: Some(start) } => format!("none but its start, #{start}: {why}"),
    };
    match (recorded.meets_policy, recorded.is_as_asked()) {
        (true, _) => line,
        (false, true) => format!("{line}; the policy asks for a durable one, and excuses a run without a key"),
        (false, false) => format!("{line}; the policy asks for a durable one"),
    }
}

/// The first twelve characters of an id.
pub(super) fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rounded_down_to_one_unit() {
        let now = Timestamp(1_000_000);
        let ago = |seconds: i64| age(now, Timestamp(now.0 - seconds));
        assert_eq!(ago(59), "just now");
        assert_eq!(ago(60), "1 minute ago");
        assert_eq!(ago(3_600 * 3 + 1), "3 hours ago");
        assert_eq!(ago(86_400 * 2 - 1), "47 hours ago");
        assert_eq!(ago(86_400 * 9), "9 days ago");
        assert_eq!(ago(-5), "just now");
    }
}
