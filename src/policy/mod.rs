//! Deciding: the only place where a verdict is made. Pure: no clock, no file, no printing. It finds no problems of its
//! own but those of the waivers and acceptances it is given.
//!
//! # What is decided, and how
//!
//! Let `now` be the time of the run. Each finding, each gap and each waiver is looked at on its own; only the debt is
//! counted over all waivers.
//!
//! 1. **Would it block?** The class of a finding has an action: `report` never blocks, `fail` always does, `threshold`
//!    does where the severity is at or above `fail-on`.
//! 2. **On which axis?** With a base, a finding that the base has too (`Disclosed`) is told and does not block. One that
//!    the change brought (`Introduced`) blocks at once. Without a base, or where nobody can tell (`Unknown`), it blocks
//!    from `disclosed + grace` on, the grace being that of its severity. Malicious packages, foreign bytes, findings
//!    without a date and dates in the future get no grace.
//! 3. **Is it waived?** A waiver *names* a finding when its id is the advisory or one of its aliases (whatever the case;
//!    the rule's id for a finding without an advisory), the package is the same, and version and path lie within what it
//!    gives. It *holds* for it when `now < expires` and [`conditions`] finds nothing wrong. One that holds is enough.
//!    Versions are compared as Cargo does it: a requirement reaches a pre-release only where it names one of the same
//!    `major.minor.patch`. A waiver without `versions` reaches every version.
//! 4. **Waivers answer for themselves.** An ended one is a finding, one that does not hold for a finding it names is a
//!    finding, and so is one that names nothing. The last kind never blocks, whatever the policy says of the class: a
//!    tree that got better must not fail by it, and no additional problem may ever turn a failed verdict into a passed one.
//! 5. **The debt.** Where there are more adopted waivers than `debt.waivers`, nobody can tell which of them are the
//!    excess: none holds.
//! 6. **Gaps.** Each kind has an action. An acceptance covers a gap of its kind whose path, digest and `what` it gives,
//!    while `now < expires`. Four kinds always fail (see [`crate::config::always_fails`]).
//!
//! The outcome is a function of the rulings: see [`Verdict::outcome`].

mod feed_age;
mod gaps;
mod waivers;

#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
pub(crate) mod tests;

pub use feed_age::{feed_age, feed_gaps};
pub use waivers::{NotValid, conditions, longest};

use crate::config::{ClassAction, Policy, Set};
use crate::model::{
    Axis, Class, Days, FeedInfo, FeedKind, Finding, Gap, GapKind, Inventory, JudgedFinding, JudgedGap, Ledger,
    Location, Note, PolicyInfo, RuleId, RuleInfo, Ruling, Severity, SeverityBasis, Stage, Timestamp, Tool, Verdict,
};
use crate::text::count::plural;
use std::collections::BTreeSet;

/// A grace longer than this is told at each run: it lets through for longer than a waiver of medium severity may.
const LONG_GRACE: Days = Days(90);

/// Everything that a verdict is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The findings, each with who brought it; in any order.
    pub findings: Vec<(Finding, Axis)>,
    /// The gaps of every stage; in any order.
    pub gaps: Vec<Gap>,
    /// Notes of earlier stages.
    pub notes: Vec<Note>,
    /// The coverage ledger.
    pub ledger: Ledger,
    /// The inventories.
    pub inventories: Vec<Inventory>,
    /// The feed; none when it could not be opened, which is a gap even where nobody said so.
    pub feed: Option<FeedInfo>,
    /// Other sources of advisories, in order of name.
    pub sources: Vec<FeedInfo>,
    /// The time of the run.
    pub now: Timestamp,
    /// The commit that was compared with. Without one, the axis of a finding excuses nothing.
    pub base: Option<String>,
    /// Every rule; the verdict keeps those that its findings refer to.
    pub rules: Vec<RuleInfo>,
}

/// Decides. The order of the inputs does not matter, and the same inputs give the same verdict.
pub fn decide(mut case: Case, policy: &Policy) -> Verdict {
    let unusable = |gap: &Gap| matches!(gap.kind, GapKind::FeedUnusable | GapKind::FeedMissing);
    if case.feed.is_none() && case.sources.is_empty() && !case.gaps.iter().any(unusable) {
        let gap = Gap::new(GapKind::FeedUnusable, Stage::Policy, "advisories", "no feed was used");
        case.gaps.push(gap.with_help("portcullis feed update"));
    }
    let said = Said { rules: &case.rules, blind: is_blind(&case) };
    let mut waivers = waivers::Waivers::new(policy, case.now);
    let mut findings: Vec<JudgedFinding> =
        case.findings.into_iter().map(|(finding, axis)| waivers.judge(finding, axis, case.base.is_some())).collect();
    let (mut gaps, mut own) = gaps::judge(case.gaps, policy, case.now, &said);
    own.extend(waivers.findings(&said));
    // What a waiver says is the base's where there is a base: the policy is read from there.
    let axis = if case.base.is_some() { Axis::Disclosed } else { Axis::Unknown };
    findings.extend(own.into_iter().map(|finding| {
        let (ruling, decided_by) = rule_on(&finding, axis, case.base.is_some(), policy, case.now);
        JudgedFinding { finding, axis, ruling, decided_by }
    }));
    findings.sort_by(|a, b| {
        let all = |f: &JudgedFinding| format!("{f:?}"); // two findings that differ only in a detail
        a.finding.order(&b.finding).then_with(|| all(a).cmp(&all(b)))
    });
    gaps.sort_by(|a: &JudgedGap, b| a.gap.cmp(&b.gap));
    case.notes.extend(notes(policy));
    case.notes.sort();
    case.notes.dedup();
    case.inventories.sort_by(|a, b| (&a.path, a.format, &a.text).cmp(&(&b.path, b.format, &b.text)));
    let used: BTreeSet<RuleId> = findings.iter().map(|judged| judged.finding.rule).collect();
    case.rules.retain(|rule| used.contains(&rule.id));
    case.rules.sort_by_key(|rule| rule.id);
    Verdict {
        findings,
        gaps,
        notes: case.notes,
        ledger: case.ledger,
        inventories: case.inventories,
        feed: case.feed,
        sources: case.sources,
        policy: PolicyInfo {
            origin: policy.origin.clone(),
            digest: policy.digest,
            fail_on: policy.fail_on.value,
            waivers: policy.waivers.len(),
            durable_trail: policy.durable_trail.value,
        },
        rules: case.rules,
        decided_at: case.now,
        base: case.base,
        tool: Tool { version: env!("CARGO_PKG_VERSION") },
    }
}

/// What the findings of this module say of themselves.
struct Said<'a> {
    rules: &'a [RuleInfo],
    /// Whether so little was seen that a waiver without a finding means nothing.
    blind: bool,
}

impl Said<'_> {
    fn finding(&self, rule: RuleId, location: Location, message: String) -> Finding {
        let info = self.rules.iter().find(|info| info.id == rule);
        Finding {
            rule,
            class: Class::Waiver,
            severity: info.map_or(Severity::Low, |info| info.severity),
            basis: SeverityBasis::Rule,
            advisory: None,
            aliases: Vec::new(),
            disclosed: None,
            url: None,
            component: None,
            location,
            excerpt: Vec::new(),
            evidence: Vec::new(),
            fix: None,
            message,
            title: info.map_or_else(|| "a waiver or an acceptance needs attention".into(), |info| info.title.clone()),
        }
    }
}

fn is_blind(case: &Case) -> bool {
    case.feed.as_ref().map_or(case.sources.is_empty(), |feed| feed.kind == FeedKind::EmbeddedLandmarks)
        || case.gaps.iter().any(|gap| {
            matches!(
                gap.kind,
                GapKind::FeedUnusable | GapKind::FeedMissing | GapKind::NothingToJudge | GapKind::Internal
            )
        })
}

/// Steps 1 and 2: the ruling before any waiver, and what decided it.
fn rule_on(finding: &Finding, axis: Axis, has_base: bool, policy: &Policy, now: Timestamp) -> (Ruling, String) {
    let silence = Set::default_of(ClassAction::of_silence(finding.class));
    let action = policy.classes.get(&finding.class).copied().unwrap_or(silence);
    let by_class = || line(policy, action.line, &format!("classes.{} = \"{}\"", finding.class, action.value.as_str()));
    let decided_by = match action.value {
        ClassAction::Report => return (Ruling::Reported, by_class()),
        ClassAction::Fail => by_class(),
        ClassAction::Threshold => {
            let by_threshold = if policy.tightened {
                format!("--fail-on {}", policy.fail_on.value)
            } else {
                line(policy, policy.fail_on.line, &format!("fail-on = \"{}\"", policy.fail_on.value))
            };
            if finding.severity < policy.fail_on.value {
                return (Ruling::Reported, by_threshold);
            }
            by_threshold
        }
    };
    if matches!(finding.rule, RuleId::WAIVER_UNUSED | RuleId::ACCEPTANCE_UNUSED) {
        return (Ruling::Reported, "what is not used never blocks".into());
    }
    if has_base && axis == Axis::Disclosed {
        return (Ruling::Reported, "base comparison".into());
    }
    match grace(finding, axis, policy, now) {
        Some(by) => (Ruling::Reported, by),
        None => (Ruling::Blocks, decided_by),
    }
}

/// The grace that the finding is in, if it is.
fn grace(finding: &Finding, axis: Axis, policy: &Policy, now: Timestamp) -> Option<String> {
    if axis == Axis::Introduced || matches!(finding.class, Class::Malicious | Class::Integrity | Class::Waiver) {
        return None;
    }
    let disclosed = finding.disclosed.filter(|disclosed| *disclosed <= now)?;
    let days = policy.grace.get(&finding.severity)?;
    (now < disclosed.plus_days(days.value)).then(|| match days.line {
        Some(at) => format!("grace {}, {}:{at}", days.value, policy.origin),
        None => format!("grace {}", days.value),
    })
}

/// `<origin>:<line> <what>`, or `default <what>`.
fn line(policy: &Policy, line: Option<u32>, what: &str) -> String {
    match line {
        Some(line) => format!("{}:{line} {what}", policy.origin),
        None => format!("default {what}"),
    }
}

/// What a reader of any report should know of the policy.
fn notes(policy: &Policy) -> Vec<Note> {
    let mut notes = Vec::new();
    for class in [Class::Vulnerability, Class::Malicious, Class::Integrity] {
        if let Some(Set { value: ClassAction::Report, line: at }) = policy.classes.get(&class) {
            let what = line(policy, *at, &format!("classes.{class} = \"report\""));
            notes.push(Note {
                what: format!("the policy lets every finding of class {class} pass: {what}"),
                help: String::new(),
            });
        }
    }
    for (severity, Set { value, line: at }) in policy.grace.iter().filter(|(_, set)| set.value > LONG_GRACE) {
        let what = line(policy, *at, &format!("grace.{severity} = \"{value}\""));
        notes.push(Note {
            what: format!("the policy lets every disclosed finding of severity {severity} pass for {value}: {what}"),
            help: String::new(),
        });
    }
    let adopted = policy.waivers.iter().filter(|waiver| waiver.adopted.is_some()).count();
    if let Some(debt) = &policy.debt
        && adopted < debt.waivers as usize
    {
        notes.push(Note {
            what: format!("the adopted debt shrank from {} to {}", debt.waivers, plural(adopted, "waiver")),
            help: format!("write `waivers = {adopted}` into [debt] of {}, so that it stays so", policy.origin),
        });
    }
    notes
}
