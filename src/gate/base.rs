//! The two axes: what a change introduces, and what was there before it.

use super::{BaseChoice, GateError, Request, check_all, inspect, policy_files::CommitFiles};
use crate::collect::{self, Opened, Place};
use crate::config::{self, Disk, LoadError, Policy};
use crate::feed::Feed;
use crate::forge;
use crate::git::{Git, GitError};
use crate::model::{Axis, Finding, Gap, GapKind, Note, Partial, RuleId, TreePath};
use crate::sys::Sys;
use std::collections::BTreeSet;

/// A commit to compare with.
pub(super) struct Base<'a> {
    pub(super) git: Git<'a>,
    /// The commit named: its policy decides.
    pub(super) commit: String,
    /// Where the change left it: its findings are not the change's.
    fork: String,
}

/// The base that `--base` or the CI environment names; none when there is none.
pub(super) fn find<'a>(
    sys: &'a dyn Sys,
    request: &Request,
    places: &[Place<'a>],
) -> Result<Option<Base<'a>>, GateError> {
    let (rev, named_by, fetch) = match &request.base {
        BaseChoice::Without => return Ok(None),
        BaseChoice::Rev(rev) => {
            let word = crate::text::shell::quote(rev).unwrap_or_else(|| "BASE".into());
            (rev.clone(), "--base", format!("git fetch origin {word}"))
        }
        BaseChoice::Detect => match forge::change(sys)? {
            Some(change) => (change.base, change.what, change.fetch),
            None => return Ok(None),
        },
    };
    let Some(git) = places.first().and_then(|place| place.git.clone()) else {
        let target = request.targets.first().map(|target| target.display().to_string()).unwrap_or_default();
        return Err(GateError::NoCheckout { target, named_by });
    };
    let commit = match git.commit(&rev) {
        Ok(commit) => commit,
        Err(GitError::MissingCommit { .. }) => return Err(GateError::MissingBase { rev, named_by, fetch }),
        Err(e) => return Err(e.into()),
    };
    // A clone too shallow to know the fork compares with the base itself: stricter, never laxer.
    let fork = match git.head()? {
        Some(head) => git.merge_base(&commit, &head)?.unwrap_or_else(|| commit.clone()),
        None => commit.clone(),
    };
    Ok(Some(Base { git, commit, fork }))
}

/// The policy of the base, whatever the change says.
pub(super) fn policy(base: &Base<'_>) -> Result<Policy, GateError> {
    let files = CommitFiles::new(&base.git, &base.commit)?;
    let short: String = base.commit.chars().take(12).collect();
    Ok(config::load(&files, &format!("{short}:"))?)
}

/// What the change does to the policy. It never decides, but whoever reviews should know.
pub(super) fn notes(sys: &dyn Sys, base: Option<&Base<'_>>, policy: &Policy) -> Result<Vec<Note>, GateError> {
    let Some(base) = base else { return Ok(Vec::new()) };
    let head = match config::load(&Disk { sys, root: base.git.toplevel().to_owned() }, "") {
        Ok(head) => head,
        Err(e @ LoadError::Unreadable(_)) => return Err(e.into()),
        Err(e) => {
            let first = e.to_string().lines().next().unwrap_or_default().to_owned();
            let what = format!("the policy of this change cannot be used: {first}");
            return Ok(vec![Note { what, help: "mend it before the change is merged".into() }]);
        }
    };
    let note = |what| Note { what, help: "the policy of the base decided; let its owners review this".into() };
    let relaxations = config::relaxations(policy, &head).into_iter();
    Ok(relaxations.map(|what| note(format!("this change relaxes the policy: {what}"))).collect())
}

/// The findings of the base under the same feed.
pub(super) fn findings(base: &Base<'_>, policy: &Policy, feed: &Feed) -> Result<Partial<Vec<Finding>>, GateError> {
    let opened = [collect::open_commit(&base.git, &base.fork, &policy.excludes, None)?];
    let seen = inspect::all(&opened, &policy.mirrors, None);
    let unread = seen.gaps.iter().filter(|gap| gap.kind.fails_by_default());
    let gaps = unread.map(|gap| {
        let why = format!("{}: its findings count as introduced", gap.why);
        Gap { kind: GapKind::BaseIncomplete, why, ..gap.clone() }
    });
    let gaps = gaps.collect();
    // Gaps of the checks on the base say nothing of the change.
    let found = check_all(&seen, feed, None).value;
    Ok(Partial { value: found, gaps })
}

/// The paths that the change has.
pub(super) fn paths(opened: &[Opened<'_>]) -> BTreeSet<TreePath> {
    opened.iter().flat_map(|target| &target.artifacts).map(|artifact| artifact.path.clone()).collect()
}

/// What identifies a finding without its place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'f> {
    rule: RuleId,
    advisory: Option<&'f str>,
    /// Name, version and source URL.
    component: Option<[&'f str; 3]>,
}

fn key(finding: &Finding) -> Key<'_> {
    let component = finding.component.as_ref().map(|c| [c.name.as_ref(), c.version.as_ref(), c.source.url()]);
    Key { rule: finding.rule, advisory: finding.advisory.as_deref(), component }
}

/// Sets the axis of each finding. It was there before when the base has it in the same file, or in a file that the
/// change took away (a moved lockfile introduces nothing).
pub(super) fn split(findings: Vec<Finding>, before: &[Finding], paths: &BTreeSet<TreePath>) -> Vec<(Finding, Axis)> {
    let known: BTreeSet<_> = before.iter().map(|f| (f.location.path.as_str(), key(f))).collect();
    let gone: BTreeSet<_> = before.iter().filter(|f| !paths.contains(&f.location.path)).map(key).collect();
    let base_paths: BTreeSet<&str> = before.iter().map(|f| f.location.path.as_str()).collect();
    let axis = |finding: &Finding| {
        let path = finding.location.path.as_str();
        let moved = !base_paths.contains(path) && gone.contains(&key(finding));
        if known.contains(&(path, key(finding))) || moved { Axis::Disclosed } else { Axis::Introduced }
    };
    let axes: Vec<Axis> = findings.iter().map(axis).collect();
    debug_assert_eq!(findings.len(), axes.len());
    findings.into_iter().zip(axes).collect() // one axis was made for each finding
}
