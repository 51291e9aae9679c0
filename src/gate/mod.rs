//! The road itself, from targets to a verdict. Read this first: it shows where everything is.

mod base;
mod error;
mod inspect;
mod policy_files;
mod subject;
mod vendored;

use crate::check::{self, Online};
use crate::collect::{self, Place};
use crate::config::{self, Disk, Policy};
use crate::feed::{self, Catalogue, Feed};
use crate::inventory::cargo_lock;
use crate::model::{
    Ecosystem, Finding, Gap, GapKind, Inventory, Ledger, Note, Partial, Severity, Source, Stage, Verdict,
};
use crate::policy::{self, Case};
use crate::rule;
use crate::sys::{Sys, beside, spread};
pub use error::GateError;
pub use inspect::{Inspected, Resolve};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to judge: directories and files.
    pub targets: Vec<PathBuf>,
    /// What of the targets is judged.
    pub judged: Judged,
    /// `--feed`: names, directories, `embedded`, or `FORMAT:PATH`; empty for everything that is installed.
    pub feeds: Vec<String>,
    /// `--policy`: a file that the pipeline names and that is trusted for that reason.
    pub policy: Option<PathBuf>,
    /// `--base`: the commit that the change is compared with.
    pub base: BaseChoice,
    /// `--fail-on`: may only tighten.
    pub fail_on: Option<Severity>,
    /// `--online`: ask the registry which versions were yanked.
    pub online: bool,
    /// How the scopes of components are found out.
    pub resolve: Resolve,
}

/// What of the targets is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Judged {
    /// The files as they lie there.
    #[default]
    WorkTree,
    /// What this commit of the checkout holds at the place of each target. Nothing of the work tree is read.
    Commit(String),
}

/// What the findings are compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BaseChoice {
    /// The base of the pull or merge request that the CI environment names; none outside of one.
    #[default]
    Detect,
    /// This commit.
    Rev(String),
    /// What a remote has, as its caller found out: this commit itself, whatever its history has in common with what is
    /// judged. None where it has nothing of it: then everything counts as introduced.
    Remote(Option<String>),
    /// Nothing: everything blocks.
    Without,
}

impl Request {
    /// These targets, and defaults for the rest.
    pub fn of(targets: &[PathBuf]) -> Self {
        Self {
            targets: targets.to_vec(),
            judged: Judged::WorkTree,
            feeds: Vec::new(),
            policy: None,
            base: BaseChoice::Detect,
            fail_on: None,
            online: false,
            resolve: Resolve::Data,
        }
    }
}

/// Judges the targets. Every problem of what is judged ends in the verdict; an error is a fault of the request: an
/// unusable policy, a base that is not there, a target that does not exist.
pub fn run(sys: &dyn Sys, request: &Request) -> Result<Verdict, GateError> {
    let now = sys.now()?;
    let places = locate(sys, &request.targets)?;
    let commit = subject::commit(request, &places)?;
    let (base, mut notes) = base::find(sys, request, &places, commit.as_deref())?;
    let mut policy = load_policy(sys, request, &places, commit.as_deref(), base.as_ref())?;
    if let Some(fail_on) = request.fail_on {
        policy.tighten(fail_on)?;
    }
    notes.extend(other_policies(sys, request, &places)?);
    // These wait for different things.
    let (opened, looked) = beside(
        || feed::open_all(sys, &request.feeds),
        || {
            let opened = subject::open(places, commit.as_deref(), &policy.excludes)?;
            let cargo = (request.resolve == Resolve::Cargo).then_some(sys);
            Ok::<_, GateError>((inspect::all(&opened, &policy.mirrors, cargo), base::own(base.as_ref(), &opened)))
        },
    );
    let (mut seen, own) = looked?;
    let mut gaps = std::mem::take(&mut seen.gaps);
    if seen.inventories.is_empty() && !gaps.iter().any(|gap| gap.path.is_some()) {
        gaps.push(nothing_to_judge(request));
    }

    let mut findings = Vec::new();
    let mut catalogue = Catalogue::default();
    match opened {
        None => gaps.push(unusable("opening the feeds broke; this is a fault of Portcullis", "")),
        Some(opened) => {
            catalogue = opened.take(&mut gaps);
            let components = seen.inventories.iter().flat_map(|(inventory, _)| &inventory.components);
            catalogue.keep_for(&components.map(|component| component.ecosystem).collect());
            gaps.extend(catalogue.unread());
            let sources = catalogue.sources();
            for info in catalogue.feed.as_ref().map(Feed::info).into_iter().chain(&sources) {
                gaps.extend(policy::feed_gaps(info, &policy.feed, now));
            }
            let online = request.online.then(|| ask_online(sys, &seen).take(&mut gaps));
            let found = check_all(&seen, &catalogue, online.as_ref()).take(&mut gaps);
            findings = match &base {
                Some(base) => {
                    let before = base::before(base, &policy, &catalogue)?.take(&mut gaps);
                    base::split(sys, base, found, &before, &own)?
                }
                None => found.into_iter().map(|finding| (finding, base::without(request))).collect(),
            };
        }
    }
    notes.extend(base::notes(sys, base.as_ref(), &policy)?);
    let release_text = |(inventory, _): (Inventory, _)| Inventory { text: String::new(), ..inventory };
    let case = Case {
        findings,
        gaps,
        notes,
        ledger: Ledger::new(seen.rows),
        inventories: seen.inventories.into_iter().map(release_text).collect(),
        feed: catalogue.feed.as_ref().map(|feed| feed.info().clone()),
        sources: catalogue.sources(),
        now,
        base: base.map(|base| base.commit),
        rules: rule::all().to_vec(),
    };
    Ok(policy::decide(case, &policy))
}

/// The inventories alone, for questions that need no advisories. Gaps that only a policy can weigh are left in.
pub fn inventories(sys: &dyn Sys, targets: &[PathBuf]) -> Result<Partial<Vec<Inventory>>, GateError> {
    let places = locate(sys, targets)?;
    let policy = load_policy(sys, &Request::of(targets), &places, None, None)?;
    let opened: Vec<_> = places.into_iter().map(|place| collect::open_place(place, &policy.excludes)).collect();
    let seen = inspect::all(&opened, &policy.mirrors, None);
    let gaps = seen.gaps.into_iter().filter(|gap| gap.kind.fails_by_default()).collect();
    Ok(Partial { value: seen.inventories.into_iter().map(|(inventory, _)| inventory).collect(), gaps })
}

/// The policy in force: the file that the pipeline names, else of the base where there is one, else the judged tree's own.
fn load_policy(
    sys: &dyn Sys,
    request: &Request,
    places: &[Place<'_>],
    commit: Option<&str>,
    base: Option<&base::Base<'_>>,
) -> Result<Policy, GateError> {
    if let Some(file) = &request.policy {
        let files = policy_files::NamedFile { sys, file: file.clone() };
        return Ok(config::load(&files, &format!("{}/", files.dir().display()))?);
    }
    match (base, places.first()) {
        (Some(base), _) => base::policy(base),
        (None, Some(Place { git: Some(git), .. })) if let Some(commit) = commit => policy_files::of_commit(git, commit),
        (None, Some(place)) => Ok(config::load(&Disk { sys, root: place.root.clone() }, "")?),
        (None, None) => Ok(Policy::default()),
    }
}

/// One policy decides on every target. Whoever named a target with another one should know.
fn other_policies(sys: &dyn Sys, request: &Request, places: &[Place<'_>]) -> Result<Vec<Note>, GateError> {
    let Some((first, others)) = places.split_first() else { return Ok(Vec::new()) };
    if request.policy.is_some() {
        return Ok(Vec::new()); // the user named the policy for all of them
    }
    let roots: BTreeSet<&PathBuf> =
        others.iter().map(|place| &place.root).filter(|root| **root != first.root).collect();
    let mut notes = Vec::new();
    for root in roots {
        for name in [config::POLICY_FILE, config::WAIVER_DIR] {
            if sys.kind(&root.join(name))?.is_some() {
                let what = format!(
                    "{} has a {name} of its own that did not decide: the policy of the first target did",
                    root.display()
                );
                notes.push(Note {
                    what,
                    help: "judge each checkout in a run of its own, or name one with --policy".into(),
                });
            }
        }
    }
    Ok(notes)
}

fn locate<'a>(sys: &'a dyn Sys, targets: &[PathBuf]) -> Result<Vec<Place<'a>>, GateError> {
    Ok(targets.iter().map(|target| collect::locate(sys, target)).collect::<Result<_, _>>()?)
}

fn unusable(why: &str, help: &str) -> Gap {
    Gap::new(GapKind::FeedUnusable, Stage::Feed, "feed", why).with_help(help)
}

/// Runs the checks on every lockfile and on the toolchains.
fn check_all(seen: &Inspected, catalogue: &Catalogue, online: Option<&Online>) -> Partial<Vec<Finding>> {
    let mut all = Partial::whole(Vec::new());
    let checked = spread(&seen.inventories, |(inventory, digest)| {
        check::run_all(&check::Facts::new(inventory, *digest, catalogue, online))
    });
    for part in checked.expect("a check that panics is a gap") {
        all.value.extend(part.take(&mut all.gaps));
    }
    all.value.extend(check::twins(&seen.inventories, catalogue));
    all.value.extend(check::vendored(&seen.vendored, &seen.inventories));
    all.value.extend(check::built(&seen.inventories).take(&mut all.gaps));
    let of_cargo = |inventory: &&Inventory| inventory.format == cargo_lock::FORMAT;
    let locks = seen.inventories.iter().map(|(inventory, _)| inventory).filter(of_cargo);
    let locks: Vec<_> = locks.map(|inventory| inventory.path.clone()).collect();
    all.value.extend(check::toolchains(&seen.toolchains, &locks, catalogue.feed.as_ref()).take(&mut all.gaps));
    all
}

fn ask_online(sys: &dyn Sys, seen: &Inspected) -> Partial<Online> {
    let components = seen.inventories.iter().flat_map(|(inventory, _)| &inventory.components);
    let names = components
        .filter(|c| c.source == Source::Default && c.ecosystem == Ecosystem::Cargo)
        .map(|c| c.name.to_string())
        .collect();
    feed::published_online(sys, &names).unwrap_or_else(|e| {
        let gap = Gap::new(GapKind::OnlineFailed, Stage::Feed, "registry", e.to_string()).with_help(e.help());
        Partial { value: Online::new(), gaps: vec![gap] }
    })
}

fn nothing_to_judge(request: &Request) -> Gap {
    let targets: Vec<String> = request.targets.iter().map(|t| t.display().to_string()).collect();
    let why = "there is no lockfile and no manifest that this release can read";
    Gap::new(GapKind::NothingToJudge, Stage::Collect, targets.join(", "), why)
        .with_help("name a directory with a lockfile, or the lockfile itself")
}
