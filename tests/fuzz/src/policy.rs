//! Laws of the policy reader, and the sample on which its policies decide.

use portcullis::config::{self, ClassAction, ConfigErrors, Files, GapAction, Policy, always_fails};
use portcullis::model::{
    Axis, Class, Component, Digest, FeedInfo, FeedKind, Finding, Gap, GapKind, Ledger, Location, Outcome, RuleId,
    Scope, Severity, SeverityBasis, Source, Stage, Timestamp, TreePath, Verdict,
};
use portcullis::policy::{self, Case};
use portcullis::sys::SysError;

/// 2026-08-22.
pub(crate) const NOW: Timestamp = super::memory::NOW;

/// Every mistake has a place in the file and words on one line. What is read is complete and within its bounds, decides
/// the same each time, and does not let more through when it is tightened. The digest tells two files apart.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(config::load(&One(data), "").is_err(), "a policy that is not text");
        return;
    };
    let parsed = config::parse_policy("p", text);
    assert_eq!(parsed, config::parse_policy("p", text));
    let policy = match parsed {
        Err(errors) => {
            told(&errors, text);
            assert!(config::load(&One(data), "").is_err());
            return;
        }
        Ok(policy) => policy,
    };
    let document: toml::Table = toml::from_str(text).expect("what is not TOML is refused");
    assert_eq!(document.get("version"), Some(&toml::Value::Integer(1)));
    complete(&policy, text);
    assert_eq!(config::relaxations(&policy, &policy), Vec::<String>::new());
    let load = |bytes: &[u8]| config::load(&One(bytes), "").expect("it was read before");
    assert_eq!(load(data).digest, load(data).digest);
    assert_ne!(load(data).digest, load(format!("{text}\n# another").as_bytes()).digest);
    decisions(policy);
}

/// A tree that holds nothing but a policy.
struct One<'a>(&'a [u8]);

impl Files for One<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError> {
        Ok((path == config::POLICY_FILE).then(|| self.0.to_vec()))
    }
    fn list(&self, _: &str) -> Result<Vec<String>, SysError> {
        Ok(Vec::new())
    }
}

/// The mistakes of a file: some, in order, each at a place of the file, each in one plain line.
pub(crate) fn told(errors: &ConfigErrors, text: &str) {
    let lines: Vec<&str> = text.split('\n').collect();
    assert!(!errors.0.is_empty());
    assert!(errors.0.is_sorted_by_key(|e| (e.line, e.column)), "{errors:?}");
    for error in &errors.0 {
        let line = lines.get((error.line as usize).wrapping_sub(1));
        let columns = line.expect("a line of the file").chars().count() as u32;
        assert!((1..=columns + 1).contains(&error.column), "{error:?} in a line of {columns}");
        let words = format!("{}{}", error.message, error.help);
        assert!(!error.message.is_empty() && !words.contains(char::is_control), "{error:?}");
        assert!(words.chars().count() <= 2_000, "{} characters", words.chars().count());
    }
    assert!(!errors.to_string().is_empty());
}

fn complete(policy: &Policy, text: &str) {
    let lines = super::lines(text.as_bytes());
    let inside = |line: Option<u32>| line.is_none_or(|line| (1..=lines).contains(&line));
    assert!(inside(policy.fail_on.line) && policy.fail_on.value >= Severity::Low);
    for class in Class::ALL {
        assert!(inside(policy.classes[&class].line));
    }
    for kind in GapKind::ALL {
        let set = policy.gaps[kind];
        assert!(inside(set.line) && (!always_fails(*kind) || set.value == GapAction::Fail), "{kind}");
    }
    assert!(policy.feed.warn_age.value <= policy.feed.fail_age.value);
    assert!(policy.feed.max_change_percent <= 100);
    assert!(policy.waivers.is_empty() && !policy.tightened);
    for accepted in &policy.accepted {
        assert!(!always_fails(accepted.kind) && inside(Some(accepted.line)), "{accepted:?}");
        assert!(!accepted.owner.trim().is_empty() && !accepted.reason.trim().is_empty(), "{accepted:?}");
    }
    for exclude in &policy.excludes {
        assert!(!exclude.owner.trim().is_empty() && !exclude.reason.trim().is_empty(), "{exclude:?}");
        assert!(inside(Some(exclude.line)) && !exclude.path.is_empty(), "{exclude:?}");
    }
}

fn decisions(policy: Policy) {
    let verdict = policy::decide(case(), &policy);
    assert_eq!(verdict, policy::decide(case(), &policy));
    let before = verdict.outcome();
    let mut tight = policy.clone();
    tight.tighten(Severity::Low).expect("low is the tightest");
    let after = policy::decide(case(), &tight).outcome();
    assert!(after >= before, "tightened from {before} to {after}");
    let mut strict = policy;
    strict.classes.values_mut().for_each(|set| set.value = ClassAction::Fail);
    strict.gaps.values_mut().for_each(|set| set.value = GapAction::Fail);
    strict.grace.clear();
    strict.accepted.clear();
    assert_eq!(policy::decide(case(), &strict).outcome(), Outcome::Failed);
}

/// A finding of each class and severity, and a gap of each kind but those that always fail.
pub(crate) fn case() -> Case {
    let mut findings = Vec::new();
    for class in Class::ALL.into_iter().filter(|class| *class != Class::Waiver) {
        for (number, severity) in Severity::ALL.into_iter().enumerate() {
            let axis = if number.is_multiple_of(2) { Axis::Unknown } else { Axis::Introduced };
            findings.push((finding(class, severity, number), axis));
        }
    }
    let gap = |kind: &GapKind| {
        Gap::new(*kind, Stage::Inventory, "a thing 1.0.0", "a reason").with_path(TreePath::new("a/Cargo.lock"))
    };
    Case {
        findings,
        gaps: GapKind::ALL.iter().filter(|kind| !always_fails(**kind)).map(gap).collect(),
        notes: Vec::new(),
        ledger: Ledger::default(),
        inventories: Vec::new(),
        sources: Vec::new(),
        feed: Some(FeedInfo {
            name: "rustsec".into(),
            kind: FeedKind::Installed,
            digest: Digest::of(b""),
            advisories: 1,
            newest: None,
            refreshed: Some(NOW),
            commit: None,
        }),
        now: NOW,
        base: None,
        rules: Vec::new(),
    }
}

fn finding(class: Class, severity: Severity, number: usize) -> Finding {
    let package = if number.is_multiple_of(2) { "alpha" } else { "beta" };
    Finding {
        rule: RuleId::VULNERABLE,
        class,
        severity,
        basis: SeverityBasis::Assumed,
        advisory: Some(format!("RUSTSEC-2024-000{number}")),
        aliases: vec![format!("CVE-2024-{number}")],
        disclosed: Some(Timestamp(NOW.0 - 3 * 86_400)),
        url: None,
        component: Some(Component {
            ecosystem: portcullis::model::Ecosystem::Cargo,
            name: package.into(),
            version: format!("1.{number}.0").into(),
            source: Source::Default,
            checksum: None,
            line: 7,
            column: 1,
            scope: Scope::Unknown,
            conditions: Vec::new(),
        }),
        location: Location { path: TreePath::new("a/Cargo.lock"), line: 7, column: 1 },
        excerpt: Vec::new(),
        evidence: Vec::new(),
        fix: None,
        message: "a message".into(),
        title: "a title".into(),
    }
}

/// The rulings on the findings of the sample, by what tells them apart.
pub(crate) fn rulings(verdict: &Verdict) -> Vec<(&Finding, &portcullis::model::Ruling)> {
    let own = verdict.findings.iter().filter(|judged| judged.finding.class != Class::Waiver);
    own.map(|judged| (&judged.finding, &judged.ruling)).collect()
}
