//! Which waiver names which finding, whether it holds, and what is wrong with waivers. It reads no waiver file.

use super::{Said, rule_on};
use crate::config::{Debt, Policy, Waiver};
use crate::model::{
    Axis, Class, Days, Finding, JudgedFinding, Location, RuleId, Ruling, Severity, Timestamp, TreePath,
};
use crate::text::count::plural;
use crate::text::glob;
use std::collections::{BTreeMap, BTreeSet};

/// A condition that a waiver does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NotValid {
    /// It ends later than its severity allows.
    #[error("it lasts longer than {limit} from {}, the most for {severity}", if *.adopted { "its adoption" } else { "now" })]
    TooLong {
        /// The severity of the finding today.
        severity: Severity,
        /// The most that it may last.
        limit: Days,
        /// Whether that is counted from the adoption.
        adopted: bool,
    },
    /// Nobody but its owner vouches for it.
    #[error("it has no `approved-by`, which {severity} needs")]
    NoApproval {
        /// The severity of the finding today.
        severity: Severity,
    },
    /// The owner vouches for it.
    #[error("`approved-by` is its owner, and {severity} needs somebody else")]
    OwnApproval {
        /// The severity of the finding today.
        severity: Severity,
    },
    /// A malicious package, or bytes that are not the published ones: an attack, not a debt.
    #[error("a finding of class {class} cannot be adopted as debt")]
    NotADebt {
        /// The class.
        class: Class,
    },
    /// Adopted, and the policy adopts nothing.
    #[error("it is adopted, and the policy has no [debt]")]
    NoDebt,
    /// Adopted on a day that is not the policy's, or that is still to come.
    #[error("it is adopted on {}, and the debt of the policy on {}", .waiver.date(), .policy.date())]
    OtherDay {
        /// The day of the waiver.
        waiver: Timestamp,
        /// The day of the policy.
        policy: Timestamp,
    },
    /// Adopted on a day that is still to come.
    #[error("it is adopted on {}, which is still to come", .day.date())]
    InTheFuture {
        /// The day.
        day: Timestamp,
    },
}

/// The most that a waiver may last at this severity: 7, 30, 90 and 180 days from critical to low.
pub fn longest(severity: Severity) -> Days {
    match severity {
        Severity::Critical => Days(7),
        Severity::High => Days(30),
        Severity::Medium => Days(90),
        Severity::Low | Severity::None => Days(180),
    }
}

/// What keeps a waiver that has not ended from holding for a finding of this severity and class, in order. Whether
/// there is more debt than adopted is not asked here.
pub fn conditions(
    waiver: &Waiver,
    severity: Severity,
    class: Class,
    debt: Option<&Debt>,
    now: Timestamp,
) -> Vec<NotValid> {
    let mut found = Vec::new();
    let limit = longest(severity);
    if waiver.expires > waiver.adopted.unwrap_or(now).plus_days(limit) {
        found.push(NotValid::TooLong { severity, limit, adopted: waiver.adopted.is_some() });
    }
    match waiver.adopted {
        Some(adopted) => {
            if matches!(class, Class::Malicious | Class::Integrity) {
                found.push(NotValid::NotADebt { class });
            }
            found.extend(adoption(adopted, debt, now));
        }
        None if severity >= Severity::High => {
            match waiver.approved_by.as_deref().map(party).filter(|name| !name.is_empty()) {
                None => found.push(NotValid::NoApproval { severity }),
                Some(name) if name == party(&waiver.owner) => found.push(NotValid::OwnApproval { severity }),
                Some(_) => {}
            }
        }
        None => {}
    }
    found.sort();
    found
}

/// A name as it is compared: without `@` before it, in lowercase, full-width letters as plain ones, blanks as one.
/// Letters of other scripts that look the same stay different: no program can tell them from a name meant so.
fn party(name: &str) -> String {
    const WIDE: u32 = 0xff01 - 0x21; // U+FF01 to U+FF5E are ASCII from `!` to `~`, written wide
    let plain = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - WIDE).unwrap_or(c),
        c => c,
    };
    let name: String = name.chars().map(plain).flat_map(char::to_lowercase).collect();
    name.trim_start_matches(|c: char| c == '@' || c.is_whitespace()).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with an adoption, whatever it is for.
fn adoption(adopted: Timestamp, debt: Option<&Debt>, now: Timestamp) -> Option<NotValid> {
    match debt {
        None => Some(NotValid::NoDebt),
        Some(debt) if debt.adopted != adopted => Some(NotValid::OtherDay { waiver: adopted, policy: debt.adopted }),
        Some(_) if adopted > now => Some(NotValid::InTheFuture { day: adopted }),
        Some(_) => None,
    }
}

/// The waivers of a policy on their way through the findings.
pub(super) struct Waivers<'p> {
    policy: &'p Policy,
    now: Timestamp,
    grown: bool,
    /// Indices into the policy's waivers, by lowercase id.
    by_id: BTreeMap<String, Vec<usize>>,
    used: BTreeSet<usize>,
    wrong: BTreeMap<usize, BTreeSet<NotValid>>,
}

impl<'p> Waivers<'p> {
    pub(super) fn new(policy: &'p Policy, now: Timestamp) -> Self {
        let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut wrong: BTreeMap<usize, BTreeSet<NotValid>> = BTreeMap::new();
        let mut adopted = 0_u64;
        for (i, waiver) in policy.waivers.iter().enumerate() {
            by_id.entry(waiver.id.to_lowercase()).or_default().push(i);
            if let Some(day) = waiver.adopted {
                adopted += 1;
                if let Some(problem) = adoption(day, policy.debt.as_ref(), now) {
                    wrong.entry(i).or_default().insert(problem);
                }
            }
        }
        let grown = policy.debt.as_ref().is_some_and(|debt| adopted > u64::from(debt.waivers));
        Self { policy, now, grown, by_id, used: BTreeSet::new(), wrong }
    }

    /// Rules on a finding, and remembers which waivers had to do with it.
    pub(super) fn judge(&mut self, finding: Finding, axis: Axis, has_base: bool) -> JudgedFinding {
        let mut holds: Option<&Waiver> = None;
        for i in self.naming(&finding) {
            let Some(waiver) = self.policy.waivers.get(i) else { continue }; // an index of `new` is valid
            self.used.insert(i);
            if waiver.expires <= self.now {
                continue; // told by `findings`
            }
            let debt = self.policy.debt.as_ref();
            let found = conditions(waiver, finding.severity, finding.class, debt, self.now);
            let grown = waiver.adopted.is_some() && self.grown;
            if found.is_empty() && !grown {
                // The one that lasts longest says how long the finding is waived.
                let better = |other: &&Waiver| (other.expires, &waiver.path) >= (waiver.expires, &other.path);
                holds = Some(holds.filter(better).unwrap_or(waiver));
            } else if !found.is_empty() {
                self.wrong.entry(i).or_default().extend(found);
            }
        }
        let (ruling, decided_by) = match holds {
            Some(waiver) => {
                let by = waiver.path.to_string();
                (Ruling::Waived { by: by.clone(), expires: waiver.expires }, by)
            }
            None => rule_on(&finding, axis, has_base, self.policy, self.now),
        };
        JudgedFinding { finding, axis, ruling, decided_by }
    }

    /// The waivers that name the finding, ascending.
    fn naming(&self, finding: &Finding) -> BTreeSet<usize> {
        let Some(component) = &finding.component else { return BTreeSet::new() };
        let version = semver::Version::parse(&component.version).ok();
        let names = |waiver: &Waiver| {
            *waiver.package == *component.name
                && match (&waiver.versions, &version) {
                    (None, _) => true,
                    (Some(wanted), Some(version)) => wanted.matches(version),
                    (Some(_), None) => false, // a version that cannot be compared is not known to lie within
                }
                && waiver.paths.as_ref().is_none_or(|path| glob::matches(path, finding.location.path.as_str()))
        };
        let id = finding.advisory.as_deref().unwrap_or(finding.rule.0);
        let ids = std::iter::once(id).chain(finding.aliases.iter().map(String::as_str));
        let candidates = ids.filter_map(|id| self.by_id.get(&id.to_lowercase())).flatten(); // most ids have no waiver
        candidates.filter(|i| self.policy.waivers.get(**i).is_some_and(names)).copied().collect()
    }

    /// Step 4 and 5: the findings on the waivers themselves, after every finding was judged.
    pub(super) fn findings(&self, said: &Said<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        for (i, waiver) in self.policy.waivers.iter().enumerate() {
            let what = format!("the waiver of {} for {}", waiver.id, waiver.package);
            let (rule, message) = if waiver.expires <= self.now {
                (RuleId::WAIVER_EXPIRED, format!("{what} ended on {}", waiver.expires.date()))
            } else if let Some(problems) = self.wrong.get(&i) {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                (RuleId::WAIVER_NOT_VALID, format!("{what} does not hold: {}", problems.join("; ")))
            } else if !self.used.contains(&i) && !said.blind {
                (RuleId::WAIVER_UNUSED, format!("{what} covers no finding"))
            } else {
                continue; // in order
            };
            found.push(said.finding(rule, Location::file(waiver.path.clone()), message));
        }
        if let (true, Some(debt)) = (self.grown, &self.policy.debt) {
            let adopted = self.policy.waivers.iter().filter(|waiver| waiver.adopted.is_some()).count();
            let place = Location { line: debt.line, ..Location::file(TreePath::new(crate::config::POLICY_FILE)) };
            let are = if adopted == 1 { "is" } else { "are" };
            let message = format!(
                "{} {are} adopted, and the debt is {}: none of them holds",
                plural(adopted, "waiver"),
                debt.waivers
            );
            found.push(said.finding(RuleId::DEBT_GROWN, place, message));
        }
        found
    }
}
