//! Examples of decisions, each asserted by hand. The laws that hold for all of them are in `properties`.

use super::*;
use crate::config::{AcceptGap, Debt, GapAction, Waiver};
use crate::model::{Component, Days, Digest, Outcome, Scope, Source, TreePath};

pub(crate) const NOW: Timestamp = Timestamp(1_795_348_800); // 2026-11-22T12:00:00Z
pub(crate) const TODAY: Timestamp = Timestamp(1_795_305_600); // 2026-11-22

pub(crate) fn finding(id: &str, package: &str, severity: Severity, class: Class) -> Finding {
    Finding {
        rule: if class == Class::Yanked { RuleId::YANKED } else { RuleId::VULNERABLE },
        class,
        severity,
        basis: SeverityBasis::Assumed,
        advisory: (class != Class::Yanked).then(|| id.to_owned()),
        aliases: vec![format!("CVE-{id}")],
        disclosed: Some(Timestamp(TODAY.0 - 3 * 86_400)),
        url: None,
        component: Some(Component {
            ecosystem: crate::model::Ecosystem::Cargo,
            name: package.into(),
            version: "1.2.3".into(),
            source: Source::Default,
            checksum: None,
            line: 7,
            column: 1,
            scope: Scope::Unknown,
            conditions: Vec::new(),
        }),
        location: Location { path: TreePath::new("Cargo.lock"), line: 7, column: 1 },
        excerpt: Vec::new(),
        evidence: Vec::new(),
        fix: None,
        message: format!("{package} 1.2.3 is affected by {id}"),
        title: "a title".into(),
    }
}

pub(crate) fn waiver(file: &str, id: &str, package: &str, days: u32) -> Waiver {
    Waiver {
        path: TreePath::new(format!(".portcullis/waivers/{file}.toml")),
        id: id.into(),
        package: package.into(),
        versions: None,
        paths: None,
        owner: "web-team".into(),
        reason: "not reachable".into(),
        expires: TODAY.plus_days(Days(days)),
        approved_by: Some("security-team".into()),
        adopted: None,
    }
}

pub(crate) fn accept(kind: GapKind, line: u32) -> AcceptGap {
    AcceptGap {
        kind,
        path: None,
        digest: None,
        what: None,
        owner: "web-team".into(),
        reason: "known".into(),
        expires: TODAY.plus_days(Days(30)),
        line,
    }
}

pub(crate) fn feed() -> FeedInfo {
    FeedInfo {
        name: "rustsec".into(),
        kind: FeedKind::Installed,
        digest: Digest::of(b""),
        advisories: 1,
        newest: None,
        refreshed: Some(NOW),
        commit: None,
    }
}

pub(crate) fn case(findings: Vec<(Finding, Axis)>, gaps: Vec<Gap>) -> Case {
    Case {
        findings,
        gaps,
        notes: Vec::new(),
        ledger: Ledger::default(),
        inventories: Vec::new(),
        feed: Some(feed()),
        sources: Vec::new(),
        now: NOW,
        base: None,
        rules: Vec::new(),
    }
}

fn high() -> Finding {
    finding("A-1", "h2", Severity::High, Class::Vulnerability)
}

fn ruled(finding: Finding, policy: &Policy) -> (Ruling, String) {
    judged(finding, Axis::Unknown, None, policy)
}

/// The ruling on one finding, which is told from those of the waivers by its component.
fn judged(finding: Finding, axis: Axis, base: Option<&str>, policy: &Policy) -> (Ruling, String) {
    let verdict = decide(Case { base: base.map(str::to_owned), ..case(vec![(finding, axis)], Vec::new()) }, policy);
    let found = verdict.findings.into_iter().find(|f| f.finding.component.is_some()).expect("it is in the verdict");
    (found.ruling, found.decided_by)
}

fn with(waivers: Vec<Waiver>) -> Policy {
    Policy { waivers, ..Policy::default() }
}

/// The rules of the findings on waivers and acceptances.
fn own(verdict: &Verdict) -> Vec<(RuleId, String)> {
    let own = verdict.findings.iter().filter(|f| f.finding.class == Class::Waiver);
    own.map(|f| (f.finding.rule, f.finding.message.clone())).collect()
}

#[test]
fn nothing_found_and_nothing_missing_passes() {
    let verdict = decide(case(Vec::new(), Vec::new()), &Policy::default());
    assert_eq!(verdict.outcome(), Outcome::Passed);
}

#[test]
fn a_run_without_a_feed_does_not_pass_even_where_nobody_says_so() {
    let verdict = decide(Case { feed: None, ..case(Vec::new(), Vec::new()) }, &Policy::default());
    assert_eq!(verdict.outcome(), Outcome::Incomplete);
    assert_eq!(verdict.gaps.iter().map(|g| g.gap.kind).collect::<Vec<_>>(), [GapKind::FeedUnusable]);
}

#[test]
fn a_finding_blocks_at_the_threshold_and_not_below() {
    let policy = Policy::default();
    let blocks = (Ruling::Blocks, "default fail-on = \"high\"".to_owned());
    assert_eq!(ruled(high(), &policy), blocks);
    let medium = Finding { severity: Severity::Medium, ..high() };
    assert_eq!(ruled(medium, &policy), (Ruling::Reported, blocks.1));
}

#[test]
fn the_line_that_decided_is_named() {
    let mut policy = Policy { origin: "portcullis.toml".into(), ..Policy::default() };
    policy.fail_on = Set { value: Severity::High, line: Some(3) };
    assert_eq!(ruled(high(), &policy).1, "portcullis.toml:3 fail-on = \"high\"");
    policy.tighten(Severity::Low).expect("it tightens");
    assert_eq!(ruled(high(), &policy).1, "--fail-on low");
    let unsound = Finding { class: Class::Unsound, ..high() };
    assert_eq!(ruled(unsound.clone(), &policy), (Ruling::Reported, "default classes.unsound = \"report\"".into()));
    policy.classes.insert(Class::Unsound, Set { value: ClassAction::Fail, line: Some(5) });
    assert_eq!(ruled(unsound, &policy), (Ruling::Blocks, "portcullis.toml:5 classes.unsound = \"fail\"".into()));
}

#[test]
fn with_a_base_only_what_the_change_introduced_blocks() {
    let policy = Policy::default();
    assert_eq!(judged(high(), Axis::Introduced, Some("abc"), &policy).0, Ruling::Blocks);
    assert_eq!(judged(high(), Axis::Unknown, Some("abc"), &policy).0, Ruling::Blocks);
    let disclosed = judged(high(), Axis::Disclosed, Some("abc"), &policy);
    assert_eq!(disclosed, (Ruling::Reported, "base comparison".into()));
    assert_eq!(judged(high(), Axis::Disclosed, None, &policy).0, Ruling::Blocks);
}

#[test]
fn a_grace_above_90_days_is_told_at_each_run_and_one_of_90_is_not() {
    for (days, told) in [(90, None), (91, Some("grace.high = \"91d\""))] {
        let policy = Policy {
            origin: "portcullis.toml".into(),
            grace: [(Severity::High, Set { value: Days(days), line: Some(9) })].into(),
            ..Policy::default()
        };
        let notes: Vec<String> =
            decide(case(Vec::new(), Vec::new()), &policy).notes.into_iter().map(|note| note.what).collect();
        let told = told.map(|what| {
            format!("the policy lets every disclosed finding of severity high pass for 91d: portcullis.toml:9 {what}")
        });
        assert_eq!(notes, Vec::from_iter(told));
    }
}

#[test]
fn an_owner_in_other_letters_is_still_the_owner_and_somebody_else_is_not() {
    let with = |owner: &str, approver: &str| Waiver {
        owner: owner.into(),
        approved_by: Some(approver.into()),
        ..waiver("w", "A-1", "h2", 7)
    };
    let own = [NotValid::OwnApproval { severity: Severity::High }];
    for approver in ["web-team", " Web-Team ", "@web-team", "@ web-team", "ＷＥＢ-team", "@WEB-TEAM"] {
        assert_eq!(conditions(&with("web-team", approver), Severity::High, Class::Vulnerability, None, NOW), own);
        assert_eq!(conditions(&with(approver, "web-team"), Severity::High, Class::Vulnerability, None, NOW), own);
    }
    let spaced = with("the web  team", "@The Web Team");
    assert_eq!(conditions(&spaced, Severity::High, Class::Vulnerability, None, NOW), own);
    for approver in ["web-team2", "webteam", "web@team"] {
        assert_eq!(conditions(&with("web-team", approver), Severity::High, Class::Vulnerability, None, NOW), []);
    }
    let nobody = [NotValid::NoApproval { severity: Severity::High }];
    assert_eq!(conditions(&with("web-team", "@"), Severity::High, Class::Vulnerability, None, NOW), nobody);
}

#[test]
fn grace_ends_on_the_day_that_the_policy_says() {
    // Disclosed three days before today, at midnight.
    let grace = |days| Policy {
        origin: "portcullis.toml".into(),
        grace: [(Severity::High, Set { value: Days(days), line: Some(9) })].into(),
        ..Policy::default()
    };
    assert_eq!(ruled(high(), &grace(4)), (Ruling::Reported, "grace 4d, portcullis.toml:9".into()));
    assert_eq!(ruled(high(), &grace(3)).0, Ruling::Blocks);
    assert_eq!(ruled(Finding { severity: Severity::Critical, ..high() }, &grace(4)).0, Ruling::Blocks);
    assert_eq!(ruled(Finding { disclosed: None, ..high() }, &grace(4)).0, Ruling::Blocks);
    assert_eq!(ruled(Finding { disclosed: Some(Timestamp(NOW.0 + 1)), ..high() }, &grace(4)).0, Ruling::Blocks);
    assert_eq!(judged(high(), Axis::Introduced, Some("abc"), &grace(4)).0, Ruling::Blocks);
    for class in [Class::Malicious, Class::Integrity] {
        assert_eq!(ruled(Finding { class, ..high() }, &grace(4)).0, Ruling::Blocks, "{class}");
    }
}

#[test]
fn a_waiver_names_a_finding_by_id_or_alias_package_version_and_path() {
    let holds = |change: fn(&mut Waiver)| {
        let mut waiver = waiver("w", "A-1", "h2", 30);
        change(&mut waiver);
        matches!(ruled(high(), &with(vec![waiver])).0, Ruling::Waived { .. })
    };
    assert!(holds(|_| {}));
    assert!(holds(|w| w.id = "a-1".into()));
    assert!(holds(|w| w.id = "cve-A-1".into()));
    assert!(!holds(|w| w.id = "A-2".into()));
    assert!(!holds(|w| w.id = "PC-DEP-001".into()));
    assert!(!holds(|w| w.package = "H2".into()));
    assert!(holds(|w| w.versions = "=1.2.3".parse().ok()));
    assert!(!holds(|w| w.versions = "<1.2.3".parse().ok()));
    assert!(holds(|w| w.paths = Some("**/Cargo.lock".into())));
    assert!(!holds(|w| w.paths = Some("sub/Cargo.lock".into())));
}

#[test]
fn a_requirement_reaches_a_prerelease_only_where_it_names_one() {
    let mut pre = high();
    pre.component = pre.component.map(|c| Component { version: "1.2.3-rc.1".into(), ..c });
    let waived = |versions: Option<&str>| {
        let waiver = Waiver { versions: versions.map(|v| v.parse().expect("valid")), ..waiver("w", "A-1", "h2", 30) };
        matches!(ruled(pre.clone(), &with(vec![waiver])).0, Ruling::Waived { .. })
    };
    assert!(waived(None));
    assert!(waived(Some("=1.2.3-rc.1")));
    assert!(!waived(Some(">=1.0.0, <2")));
}

#[test]
fn a_finding_without_an_advisory_is_named_by_its_rule() {
    let yanked = finding("", "h2", Severity::Low, Class::Yanked);
    assert!(matches!(ruled(yanked, &with(vec![waiver("w", "PC-DEP-015", "h2", 30)])).0, Ruling::Waived { .. }));
}

#[test]
fn a_waiver_lasts_as_long_as_its_severity_allows_and_not_a_day_longer() {
    for (severity, days) in [
        (Severity::Critical, 7),
        (Severity::High, 30),
        (Severity::Medium, 90),
        (Severity::Low, 180),
        (Severity::None, 180),
    ] {
        let finding = Finding { severity, ..high() };
        let ruling = |days| ruled(finding.clone(), &with(vec![waiver("w", "A-1", "h2", days)])).0;
        assert!(matches!(ruling(days), Ruling::Waived { .. }), "{severity}");
        assert!(!matches!(ruling(days + 1), Ruling::Waived { .. }), "{severity}");
    }
    let verdict = decide(case(vec![(high(), Axis::Unknown)], Vec::new()), &with(vec![waiver("w", "A-1", "h2", 31)]));
    let message = "the waiver of A-1 for h2 does not hold: it lasts longer than 30d from now, the most for high";
    assert_eq!(own(&verdict), [(RuleId::WAIVER_NOT_VALID, message.into())]);
    assert_eq!(verdict.outcome(), Outcome::Failed);
}

#[test]
fn high_and_critical_need_the_word_of_somebody_else() {
    for severity in [Severity::Low, Severity::Medium, Severity::High, Severity::Critical] {
        let finding = Finding { severity, ..high() };
        let waived = |approved_by: Option<&str>| {
            let waiver = Waiver { approved_by: approved_by.map(str::to_owned), ..waiver("w", "A-1", "h2", 7) };
            matches!(ruled(finding.clone(), &with(vec![waiver])).0, Ruling::Waived { .. })
        };
        assert!(waived(Some("security-team")));
        for approved_by in [None, Some(" "), Some("web-team"), Some(" Web-Team ")] {
            assert_eq!(waived(approved_by), severity < Severity::High, "{severity} {approved_by:?}");
        }
    }
}

#[test]
fn a_waiver_ends_at_the_first_moment_of_its_last_day() {
    let policy = with(vec![Waiver { expires: NOW, ..waiver("w", "A-1", "h2", 0) }]);
    let verdict = decide(case(vec![(high(), Axis::Unknown)], Vec::new()), &policy);
    assert_eq!(own(&verdict), [(RuleId::WAIVER_EXPIRED, "the waiver of A-1 for h2 ended on 2026-11-22".into())]);
    assert_eq!(verdict.outcome(), Outcome::Failed);
    let policy = with(vec![Waiver { expires: Timestamp(NOW.0 + 1), ..waiver("w", "A-1", "h2", 0) }]);
    let verdict = decide(case(vec![(high(), Axis::Unknown)], Vec::new()), &policy);
    assert_eq!(verdict.outcome(), Outcome::Passed);
}

#[test]
fn one_waiver_that_holds_is_enough_and_the_other_is_still_told() {
    let bad = Waiver { approved_by: None, ..waiver("a", "A-1", "h2", 30) };
    let verdict =
        decide(case(vec![(high(), Axis::Unknown)], Vec::new()), &with(vec![bad, waiver("b", "CVE-A-1", "h2", 30)]));
    assert_eq!(verdict.outcome(), Outcome::Passed);
    assert_eq!(own(&verdict).iter().map(|(rule, _)| *rule).collect::<Vec<_>>(), [RuleId::WAIVER_NOT_VALID]);
}

#[test]
fn an_unused_waiver_is_told_and_never_blocks_while_an_ended_one_does_where_the_policy_says_so() {
    let mut policy = with(vec![waiver("w", "A-1", "h2", 30)]);
    policy.classes.insert(Class::Waiver, Set { value: ClassAction::Fail, line: Some(2) });
    let verdict = decide(case(Vec::new(), Vec::new()), &policy);
    assert_eq!(own(&verdict), [(RuleId::WAIVER_UNUSED, "the waiver of A-1 for h2 covers no finding".into())]);
    assert_eq!(verdict.outcome(), Outcome::Passed);
    policy.waivers = vec![Waiver { expires: TODAY, ..waiver("w", "A-1", "h2", 30) }];
    assert_eq!(decide(case(Vec::new(), Vec::new()), &policy).outcome(), Outcome::Failed);
}

#[test]
fn no_waiver_is_called_unused_where_too_little_was_seen() {
    let policy = with(vec![waiver("w", "A-1", "h2", 30)]);
    let blind = Gap::new(GapKind::FeedUnusable, Stage::Feed, "rustsec", "gone");
    assert_eq!(own(&decide(case(Vec::new(), vec![blind]), &policy)), []);
    let landmarks = FeedInfo { kind: FeedKind::EmbeddedLandmarks, ..feed() };
    assert_eq!(own(&decide(Case { feed: Some(landmarks), ..case(Vec::new(), Vec::new()) }, &policy)), []);
}

#[test]
fn adopted_debt_needs_no_approval_but_the_day_of_the_policy() {
    let debt = Debt { adopted: TODAY, waivers: 1, line: 4 };
    let adopted = Waiver { adopted: Some(TODAY), approved_by: None, ..waiver("w", "A-1", "h2", 30) };
    let policy = |debt: Option<Debt>, waiver: Waiver| Policy { debt, waivers: vec![waiver], ..Policy::default() };
    assert!(matches!(ruled(high(), &policy(Some(debt.clone()), adopted.clone())).0, Ruling::Waived { .. }));

    assert_eq!(ruled(high(), &policy(None, adopted.clone())).0, Ruling::Blocks);
    let yesterday = Some(Timestamp(TODAY.0 - 86_400));
    assert_eq!(
        ruled(high(), &policy(Some(debt.clone()), Waiver { adopted: yesterday, ..adopted.clone() })).0,
        Ruling::Blocks
    );
    let longer = Waiver { expires: TODAY.plus_days(Days(31)), ..adopted.clone() };
    assert_eq!(ruled(high(), &policy(Some(debt.clone()), longer)).0, Ruling::Blocks);
    let tomorrow = TODAY.plus_days(Days(1));
    let future = Waiver { adopted: Some(tomorrow), ..adopted.clone() };
    assert_eq!(ruled(high(), &policy(Some(Debt { adopted: tomorrow, ..debt.clone() }), future)).0, Ruling::Blocks);
    for class in [Class::Malicious, Class::Integrity] {
        let found = ruled(Finding { class, ..high() }, &policy(Some(debt.clone()), adopted.clone()));
        assert_eq!(found.0, Ruling::Blocks, "{class}");
    }
}

#[test]
fn debt_that_grew_holds_for_nothing() {
    let adopted =
        |file: &str, id: &str| Waiver { adopted: Some(TODAY), approved_by: None, ..waiver(file, id, "h2", 30) };
    let policy = |debt: u32| Policy {
        debt: Some(Debt { adopted: TODAY, waivers: debt, line: 4 }),
        waivers: vec![adopted("a", "A-1"), adopted("b", "A-2")],
        ..Policy::default()
    };
    let found = || {
        let second = finding("A-2", "h2", Severity::High, Class::Vulnerability);
        case(vec![(high(), Axis::Unknown), (second, Axis::Unknown)], Vec::new())
    };
    let verdict = decide(found(), &policy(2));
    assert_eq!((verdict.outcome(), own(&verdict)), (Outcome::Passed, Vec::new()));
    let verdict = decide(found(), &policy(1));
    assert_eq!(verdict.outcome(), Outcome::Failed);
    let message = "2 waivers are adopted, and the debt is 1: none of them holds";
    assert_eq!(own(&verdict), [(RuleId::DEBT_GROWN, message.into())]);
    let verdict = decide(found(), &policy(3));
    assert_eq!(
        verdict.notes.iter().map(|n| n.what.as_str()).collect::<Vec<_>>(),
        ["the adopted debt shrank from 3 to 2 waivers"]
    );
}

#[test]
fn an_acceptance_covers_what_it_names_while_it_lasts() {
    let gap = Gap::new(GapKind::ParseFailed, Stage::Inventory, "old/Cargo.lock", "not TOML")
        .with_path(TreePath::new("old/Cargo.lock"))
        .with_digest(Digest::of(b"x"));
    let outcome = |change: fn(&mut AcceptGap)| {
        let mut accept = accept(GapKind::ParseFailed, 9);
        change(&mut accept);
        decide(case(Vec::new(), vec![gap.clone()]), &Policy { accepted: vec![accept], ..Policy::default() }).outcome()
    };
    assert_eq!(outcome(|_| {}), Outcome::Passed);
    assert_eq!(outcome(|a| a.kind = GapKind::Unlocked), Outcome::Incomplete);
    assert_eq!(outcome(|a| a.path = Some("old".into())), Outcome::Passed);
    assert_eq!(outcome(|a| a.path = Some("new".into())), Outcome::Incomplete);
    assert_eq!(outcome(|a| a.digest = Some(Digest::of(b"x"))), Outcome::Passed);
    assert_eq!(outcome(|a| a.digest = Some(Digest::of(b"y"))), Outcome::Incomplete);
    assert_eq!(outcome(|a| a.what = Some("old/Cargo.lock".into())), Outcome::Passed);
    assert_eq!(outcome(|a| a.what = Some("old".into())), Outcome::Incomplete);
    assert_eq!(outcome(|a| a.expires = Timestamp(NOW.0 + 1)), Outcome::Passed);
    assert_eq!(outcome(|a| a.expires = NOW), Outcome::Incomplete);
}

#[test]
fn an_acceptance_that_ended_or_covers_nothing_is_told_at_its_line() {
    let ended = AcceptGap { expires: NOW, ..accept(GapKind::ParseFailed, 9) };
    let unused = AcceptGap { path: Some("a".into()), ..accept(GapKind::Unlocked, 17) };
    let by_the_call = accept(GapKind::YankedUnknown, 25);
    let policy = Policy { accepted: vec![ended, unused, by_the_call], ..Policy::default() };
    let verdict = decide(case(Vec::new(), Vec::new()), &policy);
    assert_eq!(
        own(&verdict),
        [
            (RuleId::ACCEPTANCE_EXPIRED, "the acceptance of parse-failed ended on 2026-11-22".into()),
            (RuleId::ACCEPTANCE_UNUSED, "the acceptance of unlocked in a covers no gap".into()),
        ]
    );
    let lines: Vec<u32> = verdict.findings.iter().map(|f| f.finding.location.line).collect();
    assert_eq!(lines, [9, 17]);
}

#[test]
fn four_kinds_of_gap_fail_whatever_a_policy_says() {
    for kind in [GapKind::Internal, GapKind::NothingToJudge, GapKind::FeedUnusable, GapKind::FeedStale] {
        let mut policy = Policy { accepted: vec![accept(kind, 9)], ..Policy::default() };
        policy.gaps.insert(kind, Set { value: GapAction::Report, line: Some(2) });
        let gap = Gap::new(kind, Stage::Check, "x", "y");
        assert_eq!(decide(case(Vec::new(), vec![gap]), &policy).outcome(), Outcome::Incomplete, "{kind}");
    }
}

#[test]
fn a_policy_that_lets_a_whole_class_pass_is_noted() {
    let mut policy = Policy { origin: "portcullis.toml".into(), ..Policy::default() };
    policy.classes.insert(Class::Malicious, Set { value: ClassAction::Report, line: Some(6) });
    let verdict = decide(case(Vec::new(), Vec::new()), &policy);
    assert_eq!(
        verdict.notes.iter().map(|n| n.what.as_str()).collect::<Vec<_>>(),
        ["the policy lets every finding of class malicious pass: portcullis.toml:6 classes.malicious = \"report\""]
    );
}
