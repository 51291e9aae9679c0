//! Which gaps fail, which are told and which are accepted, and what is wrong with the acceptances.

use super::{Said, line};
use crate::config::{AcceptGap, GapAction, POLICY_FILE, Policy, Set, always_fails};
use crate::model::{Finding, Gap, GapKind, JudgedGap, Location, RuleId, Ruling, Timestamp, TreePath};
use crate::text::glob;
use std::collections::{BTreeMap, BTreeSet};

/// Rules on every gap, and gives the findings on the acceptances themselves.
pub(super) fn judge(
    gaps: Vec<Gap>,
    policy: &Policy,
    now: Timestamp,
    said: &Said<'_>,
) -> (Vec<JudgedGap>, Vec<Finding>) {
    let mut by_kind: BTreeMap<GapKind, Vec<(usize, &AcceptGap)>> = BTreeMap::new();
    for (i, accept) in policy.accepted.iter().enumerate() {
        by_kind.entry(accept.kind).or_default().push((i, accept));
    }
    let mut used = BTreeSet::new();
    let mut judged = Vec::new();
    for gap in gaps {
        let naming = by_kind.get(&gap.kind).into_iter().flatten().filter(|(_, accept)| names(accept, &gap));
        let mut holds: Option<&AcceptGap> = None;
        for (i, accept) in naming {
            used.insert(*i);
            if now < accept.expires && !always_fails(gap.kind) {
                let better = |other: &&AcceptGap| (other.expires, accept.line) >= (accept.expires, other.line);
                holds = Some(holds.filter(better).unwrap_or(accept)); // the one that lasts longest
            }
        }
        let (ruling, decided_by) = match holds {
            Some(accept) => {
                let by = format!("{}:{}", policy.origin, accept.line);
                (Ruling::Waived { by: by.clone(), expires: accept.expires }, by)
            }
            None => rule_on(&gap, policy),
        };
        judged.push(JudgedGap { gap, ruling, decided_by });
    }
    let found = policy.accepted.iter().enumerate().filter_map(|(i, accept)| {
        let used = used.contains(&i) || said.blind || depends_on_the_call(accept.kind);
        about(accept, used, now, said) // none: it is in order
    });
    (judged, found.collect())
}

fn rule_on(gap: &Gap, policy: &Policy) -> (Ruling, String) {
    if always_fails(gap.kind) {
        return (Ruling::Blocks, format!("a gap of kind {} always fails", gap.kind));
    }
    let silence = Set::default_of(GapAction::of_silence(gap.kind));
    let action = policy.gaps.get(&gap.kind).copied().unwrap_or(silence);
    let ruling = match action.value {
        GapAction::Fail => Ruling::Blocks,
        GapAction::Report => Ruling::Reported,
    };
    (ruling, line(policy, action.line, &format!("gaps.{} = \"{}\"", gap.kind, action.value.as_str())))
}

fn names(accept: &AcceptGap, gap: &Gap) -> bool {
    let path = |pattern: &String| gap.path.as_ref().is_some_and(|path| glob::matches(pattern, path.as_str()));
    accept.path.as_ref().is_none_or(path)
        && accept.digest.is_none_or(|digest| gap.digest == Some(digest))
        && accept.what.as_ref().is_none_or(|what| *what == gap.what)
}

/// Kinds that come and go with the feed and the flags of a run, while the tree stays the same.
fn depends_on_the_call(kind: GapKind) -> bool {
    matches!(
        kind,
        GapKind::FeedAging
            | GapKind::FeedLandmark
            | GapKind::FeedMissing
            | GapKind::AdvisoryUnreadable
            | GapKind::YankedUnknown
            | GapKind::OnlineFailed
            | GapKind::ResolveFailed
            | GapKind::BaseIncomplete
    )
}

fn about(accept: &AcceptGap, used: bool, now: Timestamp, said: &Said<'_>) -> Option<Finding> {
    let thing = match (&accept.what, &accept.path) {
        (Some(what), Some(path)) => format!(" ({what} in {path})"),
        (Some(what), None) => format!(" ({what})"),
        (None, Some(path)) => format!(" in {path}"),
        (None, None) => String::new(),
    };
    let what = format!("the acceptance of {}{thing}", accept.kind);
    let (rule, message) = if accept.expires <= now {
        (RuleId::ACCEPTANCE_EXPIRED, format!("{what} ended on {}", accept.expires.date()))
    } else if !used {
        (RuleId::ACCEPTANCE_UNUSED, format!("{what} covers no gap"))
    } else {
        return None;
    };
    let place = Location { line: accept.line, ..Location::file(TreePath::new(POLICY_FILE)) };
    Some(said.finding(rule, place, message))
}
