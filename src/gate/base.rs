//! The two axes: what a change introduces, and what was there before it.

use super::policy_files::{self, CommitFiles};
use super::{BaseChoice, GateError, Request, check_all, inspect};
use crate::collect::{self, Opened, Place};
use crate::config::{self, Disk, LoadError, Policy};
use crate::feed::Catalogue;
use crate::forge::{self, Run};
use crate::git::{Entry, Git, GitError, MODE_GITLINK, is_object_id};
use crate::model::{Axis, Finding, Gap, GapKind, Note, Partial, RuleId, TreePath};
use crate::sys::Sys;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A commit to compare with.
pub(super) struct Base<'a> {
    pub(super) git: Git<'a>,
    /// The commit named: its policy decides.
    pub(super) commit: String,
    /// Where the change left it: its findings are not the change's.
    fork: String,
    /// The commit that is judged; none where it is the work tree.
    judged: Option<String>,
}

/// The base that `--base` or the CI environment names, none when there is none; and what to say of a run whose change
/// cannot be known.
pub(super) fn find<'a>(
    sys: &'a dyn Sys,
    request: &Request,
    places: &[Place<'a>],
    judged: Option<&str>,
) -> Result<(Option<Base<'a>>, Vec<Note>), GateError> {
    let (rev, compare, named_by, help) = match &request.base {
        BaseChoice::Without => return Ok((None, Vec::new())),
        BaseChoice::Remote(None) => return Ok((None, vec![nothing_there()])),
        BaseChoice::Remote(Some(commit)) => (commit.clone(), None, "the remote", String::new()),
        BaseChoice::Rev(rev) if is_revision(rev) => (rev.clone(), None, "--base", bring(rev)),
        BaseChoice::Rev(rev) => return Err(GitError::BadRevision { rev: rev.clone() }.into()),
        BaseChoice::Detect => match forge::run(sys)? {
            Run::Change(change) => (change.base, change.compare, change.what, change.fetch),
            Run::Unnamed { event } => return Ok((None, vec![unnamed(&event)])),
            Run::Plain => return Ok((None, Vec::new())),
        },
    };
    let Some(git) = places.first().and_then(|place| place.git.clone()) else {
        let target = request.targets.first().map(|target| target.display().to_string()).unwrap_or_default();
        return Err(GateError::NoCheckout { target, named_by });
    };
    let commit = match git.commit(&rev) {
        Ok(commit) => commit,
        Err(GitError::MissingCommit { .. }) => return Err(GateError::MissingBase { rev, named_by, help }),
        Err(e) => return Err(e.into()),
    };
    let head = match judged {
        Some(judged) => Some(judged.to_owned()),
        None => git.head()?,
    };
    let fork = match request.base {
        BaseChoice::Remote(_) => commit.clone(),
        _ => fork(&git, &commit, head.as_deref(), compare.as_deref())?,
    };
    // `pull_request_target` checks out the base unless it is told otherwise.
    let is_detected = request.base == BaseChoice::Detect;
    let notes =
        if is_detected && head.as_ref() == Some(&commit) { vec![base_checked_out(named_by)] } else { Vec::new() };
    Ok((Some(Base { git, commit, fork, judged: judged.map(str::to_owned) }), notes))
}

/// The axis of every finding of a run without a base.
pub(super) fn without(request: &Request) -> Axis {
    match request.base {
        BaseChoice::Remote(_) => Axis::Introduced,
        BaseChoice::Detect | BaseChoice::Rev(_) | BaseChoice::Without => Axis::Unknown,
    }
}

fn nothing_there() -> Note {
    let what = "nothing is known that the remote has in common with this commit: everything counts as introduced, and \
                the policy is the commit's own";
    Note { what: what.into(), help: "git fetch, if the remote has more than this clone knows".into() }
}

/// Where the change left the base: what git finds, else what the CI environment says.
fn fork(git: &Git<'_>, commit: &str, head: Option<&str>, compare: Option<&str>) -> Result<String, GitError> {
    if let Some(head) = head
        && let Some(fork) = git.merge_base(commit, head)?
    {
        return Ok(fork);
    }
    match compare.map(|rev| git.commit(rev)) {
        Some(Err(GitError::MissingCommit { .. })) | None => {}
        Some(other) => return other,
    }
    // A clone too shallow to know the fork compares with the base itself: stricter, never laxer.
    Ok(commit.to_owned())
}

/// Whether the text can name a commit. `:` names files and searches messages, `^{…}` asks for another kind of object.
/// The rest of the rules are those of [`Git::commit`].
pub(super) fn is_revision(rev: &str) -> bool {
    let plain = rev.strip_suffix("^{commit}").or_else(|| rev.strip_suffix("^{}")).unwrap_or(rev);
    let asks_for_more = plain.contains(':') || plain.contains("^{");
    let is_option = plain.is_empty() || plain.starts_with('-');
    !asks_for_more && !is_option && !plain.chars().any(char::is_control)
}

/// The commands that bring a base that `--base` named; empty where nobody can know them.
fn bring(rev: &str) -> String {
    if is_object_id(rev) {
        return format!("git fetch --depth=1 origin {rev}");
    }
    let name = rev.strip_prefix("refs/remotes/").unwrap_or(rev);
    let name = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("origin/")).unwrap_or(name);
    let is_short_id = (4..40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_hexdigit());
    if !forge::is_branch_name(name) || name == "HEAD" || name.starts_with("refs/") || is_short_id {
        return String::new();
    }
    let spec = crate::text::shell::quote(&format!("+refs/heads/{name}:refs/remotes/origin/{name}"));
    let tracking = crate::text::shell::quote(&format!("origin/{name}"));
    match (spec, tracking) {
        (Some(spec), Some(tracking)) => {
            format!("git fetch origin {spec}\nand then: portcullis check --base {tracking}")
        }
        _ => String::new(),
    }
}

fn unnamed(event: &str) -> Note {
    let what = format!(
        "this run ({event}) does not say which base a change is compared with; the policy is that of the checked-out tree"
    );
    Note { what, help: "where it judges a change, name the base: portcullis check --base REV".into() }
}

/// The policy of the base, whatever the change says.
pub(super) fn policy(base: &Base<'_>) -> Result<Policy, GateError> {
    policy_files::of_commit(&base.git, &base.commit)
}

fn base_checked_out(named_by: &str) -> Note {
    let what =
        format!("the commit that is checked out is the base of this {named_by}: nothing of the change is judged");
    Note { what, help: "check out the head of the change before the gate runs".into() }
}

/// What the change does to the policy. It never decides, but whoever reviews should know.
pub(super) fn notes(sys: &dyn Sys, base: Option<&Base<'_>>, policy: &Policy) -> Result<Vec<Note>, GateError> {
    let Some(base) = base else { return Ok(Vec::new()) };
    let head = match &base.judged {
        Some(commit) => config::load(&CommitFiles::new(&base.git, commit)?, ""),
        None => config::load(&Disk { sys, root: base.git.toplevel().to_owned() }, ""),
    };
    let head = match head {
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

/// What the base holds.
pub(super) struct Before {
    findings: Vec<Finding>,
    /// Its files that are judged, with findings or without.
    artifacts: BTreeSet<TreePath>,
}

/// The findings of the base under the same feed.
pub(super) fn before(base: &Base<'_>, policy: &Policy, catalogue: &Catalogue) -> Result<Partial<Before>, GateError> {
    let opened = [collect::open_commit(&base.git, &base.fork, &policy.excludes, None)?];
    let seen = inspect::all(&opened, &policy.mirrors, None);
    let artifacts = || opened.iter().flat_map(|target| &target.artifacts);
    let manifests: BTreeSet<_> = artifacts().filter(|a| a.format.is_manifest()).map(|a| &a.path).collect();
    // Nothing is found in manifests, so one that cannot be read or has no lock hides nothing.
    let hides = |gap: &&Gap| {
        let in_manifest = gap.path.as_ref().is_some_and(|path| manifests.contains(path));
        gap.kind.fails_by_default() && gap.kind != GapKind::Unlocked && !in_manifest
    };
    let gaps = seen.gaps.iter().filter(hides).map(|gap| {
        let why = format!("{}: its findings count as introduced", gap.why);
        Gap { kind: GapKind::BaseIncomplete, why, ..gap.clone() }
    });
    let gaps = gaps.collect();
    // Gaps of the checks on the base say nothing of the change.
    let findings = check_all(&seen, catalogue, None).value;
    Ok(Partial { value: Before { findings, artifacts: artifacts().map(|a| a.path.clone()).collect() }, gaps })
}

/// Paths as reports show them, each with the path in the checkout of the base. Files of other checkouts are not here:
/// the base says nothing of them.
pub(super) type Own = BTreeMap<TreePath, TreePath>;

/// The files of the targets that lie in the checkout of the base.
pub(super) fn own(base: Option<&Base<'_>>, opened: &[Opened<'_>]) -> Own {
    let Some(base) = base else { return Own::new() };
    let mut own = Own::new();
    let mut strange = BTreeSet::new();
    for (target, prefix) in opened.iter().zip(inspect::prefixes(opened)) {
        for artifact in &target.artifacts {
            let shown = inspect::shown(&prefix, &artifact.path);
            if target.root == base.git.toplevel() {
                own.insert(shown, artifact.path.clone());
            } else {
                strange.insert(shown);
            }
        }
    }
    own.retain(|shown, _| !strange.contains(shown)); // a path that two checkouts share tells neither
    own
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

/// Sets the axis of each finding. It was there before when the base has it in the same file, or when its file is new and
/// the base has it in a file that is gone (a moved lockfile introduces nothing).
pub(super) fn split(
    sys: &dyn Sys,
    base: &Base<'_>,
    findings: Vec<Finding>,
    before: &Before,
    own: &Own,
) -> Result<Vec<(Finding, Axis)>, GateError> {
    let known: BTreeSet<_> = before.findings.iter().map(|f| (&f.location.path, key(f))).collect();
    let here = |f: &Finding| own.get(&f.location.path);
    let is_known = |f: &Finding| here(f).is_some_and(|path| known.contains(&(path, key(f))));
    // Only what stands in a file that the base lacks can have moved. There is hardly ever one, so git is not asked.
    let may_have_moved = |f: &Finding| here(f).is_some_and(|path| !before.artifacts.contains(path)) && !is_known(f);
    let moved = if findings.iter().any(may_have_moved) { Some(Moved::look(sys, base, before)?) } else { None };
    let axis = |f: &Finding| {
        let has_moved = || match (&moved, here(f)) {
            (Some(moved), Some(path)) => may_have_moved(f) && moved.is_new(path) && moved.gone.contains(&key(f)),
            _ => false,
        };
        if is_known(f) || has_moved() { Axis::Disclosed } else { Axis::Introduced }
    };
    let axes: Vec<Axis> = findings.iter().map(axis).collect();
    debug_assert_eq!(findings.len(), axes.len());
    Ok(findings.into_iter().zip(axes).collect()) // one axis was made for each finding
}

/// What the change took away, whatever the targets are.
struct Moved<'b> {
    /// Every path of the base, judged or not.
    leaves: BTreeSet<Vec<u8>>,
    /// The findings of its files that do not exist any more.
    gone: BTreeSet<Key<'b>>,
}

impl<'b> Moved<'b> {
    fn look(sys: &dyn Sys, base: &Base<'_>, before: &'b Before) -> Result<Self, GateError> {
        let leaves = base.git.tree(&base.fork)?.iter().map(|leaf| leaf.path.to_vec()).collect();
        let now = Now::look(sys, base)?;
        let mut gone = BTreeSet::new();
        let paths: BTreeSet<&TreePath> = before.findings.iter().map(|f| &f.location.path).collect();
        for path in paths {
            if !now.has(path)? {
                gone.extend(before.findings.iter().filter(|f| f.location.path == *path).map(key));
            }
        }
        Ok(Self { leaves, gone })
    }

    fn is_new(&self, path: &TreePath) -> bool {
        !self.leaves.contains(&path.to_bytes())
    }
}

/// Which files there are on the side of the change.
struct Now<'a> {
    /// What says whether a file lies at a path: the work tree, or the listing alone.
    work_tree: Option<(&'a dyn Sys, &'a Path)>,
    /// The paths that are there though no file need be found: all of a commit; of a work tree what a sparse checkout
    /// leaves out.
    listed: BTreeSet<Vec<u8>>,
    /// What lies in them is not known, so it is there.
    submodules: Vec<Vec<u8>>,
}

impl<'a> Now<'a> {
    fn look(sys: &'a dyn Sys, base: &'a Base<'_>) -> Result<Self, GateError> {
        let (mut listed, mut submodules) = (BTreeSet::new(), Vec::new());
        if let Some(commit) = &base.judged {
            for leaf in base.git.tree(commit)?.iter() {
                match leaf.mode {
                    MODE_GITLINK => submodules.push(leaf.path.to_vec()),
                    _ => drop(listed.insert(leaf.path.to_vec())),
                }
            }
            return Ok(Self { work_tree: None, listed, submodules });
        }
        for entry in base.git.listing(None)?.entries() {
            match entry {
                Entry::Tracked(tracked) if tracked.mode == MODE_GITLINK => submodules.push(tracked.path.to_vec()),
                Entry::Tracked(tracked) if tracked.skip_worktree => drop(listed.insert(tracked.path.to_vec())),
                Entry::Tracked(_) | Entry::Untracked(_) => {} // whether it exists is asked of the work tree
            }
        }
        Ok(Self { work_tree: Some((sys, base.git.toplevel())), listed, submodules })
    }

    fn has(&self, path: &TreePath) -> Result<bool, GateError> {
        let bytes = path.to_bytes();
        let below = |top: &Vec<u8>| bytes.strip_prefix(top.as_slice()).is_some_and(|rest| rest.starts_with(b"/"));
        if self.listed.contains(&bytes) || self.submodules.iter().any(below) {
            return Ok(true);
        }
        match self.work_tree {
            Some((sys, top)) => Ok(sys.kind(&top.join(OsStr::from_bytes(&bytes)))?.is_some()),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_commit_is_no_revision() {
        for rev in ["main", "origin/main", "HEAD~2", "v1^{commit}", "v1^{}", "main@{1}", "a1b2c3d"] {
            assert!(is_revision(rev), "{rev}");
        }
        for rev in ["", "^{}", "HEAD:Cargo.lock", ":/fix", "main^{tree}", "main^{/fix}", "-x", "--all", "a\nb"] {
            assert!(!is_revision(rev), "{rev}");
        }
    }

    #[test]
    fn the_commands_that_bring_a_base_work_in_a_clone_of_one_branch() {
        let branch =
            "git fetch origin +refs/heads/main:refs/remotes/origin/main\nand then: portcullis check --base origin/main";
        for rev in ["main", "origin/main", "refs/heads/main", "refs/remotes/origin/main"] {
            assert_eq!(bring(rev), branch, "{rev}");
        }
        let id = "a1".repeat(20);
        assert_eq!(bring(&id), format!("git fetch --depth=1 origin {id}"));
        for rev in ["HEAD", "HEAD~1", "main^", "a1b2c3d", "refs/tags/v1", "main@{1}"] {
            assert_eq!(bring(rev), "", "{rev}");
        }
        assert!(bring("a;id").starts_with("git fetch origin '+refs/heads/a;id:"), "{}", bring("a;id"));
    }
}
