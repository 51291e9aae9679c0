//! Laws of deciding, on random cases and policies from a small world in which waivers meet findings often.

use super::tests::{NOW, TODAY, accept, case, finding, waiver};
use super::*;
use crate::config::{AcceptGap, Debt, GapAction, Waiver};
use crate::model::{Days, TreePath};
use proptest::prelude::*;
use proptest::sample::select;

const IDS: [&str; 3] = ["A-1", "A-2", "CVE-A-1"];
const PACKAGES: [&str; 2] = ["h2", "hyper"];
const PATHS: [&str; 2] = ["Cargo.lock", "sub/Cargo.lock"];

fn any_finding() -> impl Strategy<Value = (Finding, Axis)> {
    let axis = select(vec![Axis::Introduced, Axis::Disclosed, Axis::Unknown]);
    let class = select(Class::ALL.into_iter().filter(|c| *c != Class::Waiver).collect::<Vec<_>>());
    let what = (select(&IDS[..]), select(&PACKAGES[..]), select(&Severity::ALL[..]), class, select(&PATHS[..]));
    (what, axis, 0_i64..10).prop_map(|((id, package, severity, class, path), axis, age)| {
        let mut finding = finding(id, package, severity, class);
        finding.location.path = TreePath::new(path);
        finding.disclosed = Some(Timestamp(TODAY.0 - age * 86_400));
        (finding, axis)
    })
}

fn any_gap() -> impl Strategy<Value = Gap> {
    (select(GapKind::ALL), prop::option::of(select(&PATHS[..])), select(&["a", "b"][..])).prop_map(
        |(kind, path, what)| {
            let gap = Gap::new(kind, Stage::Collect, what, "some reason");
            path.map_or(gap.clone(), |path| gap.with_path(TreePath::new(path)))
        },
    )
}

fn any_waiver() -> impl Strategy<Value = Waiver> {
    let limits = (prop::option::of(select(&["=1.2.3", "<1"][..])), prop::option::of(select(&PATHS[..])));
    let names = (select(&["a", "b", "c"][..]), select(&IDS[..]), select(&PACKAGES[..]));
    let approved = select(vec![None, Some("web-team"), Some("security-team")]);
    (names, limits, 0_u32..200, approved, any::<bool>()).prop_map(
        |((file, id, package), (versions, path), days, approved, adopted)| Waiver {
            versions: versions.map(|v| v.parse().expect("valid")),
            paths: path.map(str::to_owned),
            approved_by: approved.map(str::to_owned),
            adopted: adopted.then_some(TODAY),
            ..waiver(file, id, package, days)
        },
    )
}

fn any_acceptance() -> impl Strategy<Value = AcceptGap> {
    (select(GapKind::ALL), prop::option::of(select(&PATHS[..])), 0_u32..3, 1_u32..100).prop_map(
        |(kind, path, days, line)| AcceptGap {
            path: path.map(str::to_owned),
            expires: TODAY.plus_days(Days(days)),
            ..accept(kind, line)
        },
    )
}

fn class_action() -> impl Strategy<Value = ClassAction> {
    select(vec![ClassAction::Report, ClassAction::Threshold, ClassAction::Fail])
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let classes = prop::collection::vec(class_action(), Class::ALL.len());
    let gaps = prop::collection::vec(any::<bool>(), GapKind::ALL.len());
    let grace = prop::collection::btree_map(select(&Severity::ALL[..]), 0_u32..10, 0..3);
    let debt = prop::option::of(0_u32..4);
    let lists = (prop::collection::vec(any_waiver(), 0..5), prop::collection::vec(any_acceptance(), 0..4));
    (select(&Severity::ALL[..]), classes, gaps, grace, debt, lists).prop_map(
        |(fail_on, classes, gaps, grace, debt, (waivers, accepted))| Policy {
            fail_on: Set::default_of(fail_on),
            classes: Class::ALL.into_iter().zip(classes.into_iter().map(Set::default_of)).collect(),
            gaps: GapKind::ALL
                .iter()
                .zip(gaps)
                .map(|(kind, fail)| (*kind, Set::default_of(if fail { GapAction::Fail } else { GapAction::Report })))
                .collect(),
            grace: grace.into_iter().map(|(severity, days)| (severity, Set::default_of(Days(days)))).collect(),
            debt: debt.map(|waivers| Debt { adopted: TODAY, waivers, line: 3 }),
            waivers,
            accepted,
            ..Policy::default()
        },
    )
}

pub(crate) fn any_case() -> impl Strategy<Value = Case> {
    let findings = prop::collection::vec(any_finding(), 0..6);
    let gaps = prop::collection::vec(any_gap(), 0..4);
    (findings, gaps, any::<bool>())
        .prop_map(|(findings, gaps, base)| Case { base: base.then(|| "abc".to_owned()), ..case(findings, gaps) })
}

/// A policy that is stricter than the given one in one place.
fn stricter(policy: &Policy, knob: usize) -> Policy {
    let mut strict = policy.clone();
    let (part, which) = (knob % 7, knob / 7);
    match part {
        0 => {
            let less = Severity::ALL.into_iter().rfind(|s| *s < policy.fail_on.value);
            strict.fail_on.value = less.unwrap_or(policy.fail_on.value);
        }
        1 => {
            let class = Class::ALL[which % Class::ALL.len()];
            let action = strict.classes.get_mut(&class).expect("every class has an action");
            action.value = match action.value {
                ClassAction::Report => ClassAction::Threshold,
                ClassAction::Threshold | ClassAction::Fail => ClassAction::Fail,
            };
        }
        2 => {
            let kind = GapKind::ALL[which % GapKind::ALL.len()];
            strict.gaps.insert(kind, Set::default_of(GapAction::Fail));
        }
        3 => {
            if let Some(days) = strict.grace.values_mut().nth(which % 3) {
                days.value.0 = days.value.0.saturating_sub(1 + u32::try_from(which).expect("small"));
            }
        }
        4 => strict.debt = strict.debt.map(|d| Debt { waivers: d.waivers.saturating_sub(1), ..d }),
        5 => {
            for waiver in strict.waivers.iter_mut().skip(which % 5).take(1) {
                waiver.versions = waiver.versions.take().or_else(|| "=1.2.3".parse().ok());
                waiver.paths = waiver.paths.take().or_else(|| Some(PATHS[0].to_owned()));
            }
        }
        _ => {
            for accept in strict.accepted.iter_mut().skip(which % 4).take(1) {
                accept.what = Some("a".to_owned());
                accept.expires = accept.expires.min(TODAY.plus_days(Days(1)));
            }
        }
    }
    strict
}

/// Whether the waiver names the finding, said a second time and differently: every version here is 1.2.3, every path a
/// plain one.
fn names(waiver: &Waiver, finding: &Finding) -> bool {
    let ids: Vec<&str> = finding.advisory.iter().chain(&finding.aliases).map(String::as_str).collect();
    let package = finding.component.as_ref().map(|c| c.name.to_string());
    let rule = finding.advisory.is_none() && waiver.id == finding.rule.0;
    (ids.contains(&waiver.id.as_str()) || rule)
        && package.as_ref() == Some(&waiver.package)
        && waiver.versions.as_ref().is_none_or(|v| v.to_string() != "<1")
        && waiver.paths.as_ref().is_none_or(|path| path == finding.location.path.as_str())
}

/// The rulings on what was found, without what is said of waivers.
fn rulings(verdict: &Verdict) -> Vec<(Finding, Axis, Ruling)> {
    let found = verdict.findings.iter().filter(|f| f.finding.class != Class::Waiver);
    found.map(|f| (f.finding.clone(), f.axis, f.ruling.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_a_finding_never_lets_more_through(case in any_case(), policy in any_policy(), more in any_finding()) {
        let before = decide(case.clone(), &policy).outcome();
        let mut with = case;
        with.findings.push(more);
        prop_assert!(decide(with, &policy).outcome() >= before);
    }

    #[test]
    fn adding_a_gap_never_lets_more_through(case in any_case(), policy in any_policy(), more in any_gap()) {
        let before = decide(case.clone(), &policy).outcome();
        let mut with = case;
        with.gaps.push(more);
        prop_assert!(decide(with, &policy).outcome() >= before);
    }

    #[test]
    fn tightening_the_policy_never_lets_more_through(case in any_case(), policy in any_policy(), knob in 0_usize..200) {
        let (mut before, mut after) = (decide(case.clone(), &policy), decide(case, &stricter(&policy, knob)));
        if matches!(knob % 7, 5 | 6) {
            // A waiver that reaches less has less to answer for: only what was found is compared.
            for verdict in [&mut before, &mut after] {
                verdict.findings.retain(|f| f.finding.class != Class::Waiver);
            }
        }
        prop_assert!(after.outcome() >= before.outcome());
    }

    #[test]
    fn narrowing_a_waiver_never_frees_a_finding(case in any_case(), policy in any_policy(), which in 0_usize..5) {
        let before = decide(case.clone(), &policy);
        let after = decide(case, &stricter(&policy, 5 + 7 * which));
        for (was, is) in rulings(&before).iter().zip(rulings(&after)) {
            prop_assert_eq!(&was.0, &is.0);
            prop_assert!(was.2 != Ruling::Blocks || is.2 == Ruling::Blocks);
        }
    }

    #[test]
    fn a_waiver_affects_only_what_it_names(case in any_case(), policy in any_policy(), waiver in any_waiver()) {
        let before = rulings(&decide(case.clone(), &policy));
        let mut with = policy.clone();
        with.waivers.push(waiver.clone());
        let after = rulings(&decide(case, &with));
        prop_assert_eq!(before.len(), after.len());
        for (was, is) in before.iter().zip(after) {
            prop_assert_eq!(&was.0, &is.0);
            let named = names(&waiver, &is.0);
            if waiver.adopted.is_none() && !named {
                prop_assert_eq!(&was.2, &is.2);
            }
            // One adopted waiver too many ends all of them: it may take from what it does not name, never give.
            if !named {
                prop_assert!(was.2 != Ruling::Blocks || is.2 == Ruling::Blocks);
            }
        }
    }

    #[test]
    fn the_order_of_the_inputs_does_not_matter(case in any_case(), policy in any_policy(), by in 0_usize..6) {
        let mut turned = case.clone();
        let by = |n: usize| if n == 0 { 0 } else { by % n };
        turned.findings.rotate_left(by(case.findings.len()));
        turned.gaps.rotate_left(by(case.gaps.len()));
        turned.findings.reverse();
        let mut policy_turned = policy.clone();
        policy_turned.waivers.reverse();
        let (a, b) = (decide(case, &policy), decide(turned, &policy_turned));
        prop_assert_eq!(a.outcome(), b.outcome());
        prop_assert_eq!(rulings(&a), rulings(&b));
        prop_assert_eq!(a.gaps, b.gaps);
    }

    #[test]
    fn the_same_inputs_give_the_same_verdict(case in any_case(), policy in any_policy()) {
        prop_assert_eq!(decide(case.clone(), &policy), decide(case, &policy));
    }

    #[test]
    fn a_passed_verdict_has_a_reason_for_each_thing_that_would_block(case in any_case(), policy in any_policy()) {
        let verdict = decide(case, &policy);
        for judged in &verdict.findings {
            prop_assert!(!judged.decided_by.is_empty());
            if let Ruling::Waived { expires, .. } = judged.ruling {
                prop_assert!(NOW < expires);
            }
        }
    }
}
