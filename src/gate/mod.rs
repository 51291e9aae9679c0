//! The road itself, from targets to a verdict. Read this first: it shows where everything is.

mod base;
mod error;
mod inspect;
mod policy_files;

use crate::check::{self, Online};
use crate::collect::{self, Opened, Place};
use crate::config::{self, Disk, Policy};
use crate::feed::{self, Feed};
use crate::model::{Axis, Finding, Gap, GapKind, Inventory, Ledger, Partial, Severity, Source, Stage, Verdict};
use crate::policy::{self, Case};
use crate::rule;
use crate::sys::Sys;
pub use error::GateError;
pub use inspect::{Inspected, Resolve};
use std::path::PathBuf;

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to judge: directories and files.
    pub targets: Vec<PathBuf>,
    /// `--feed`: a name, a directory, or `embedded`.
    pub feed: Option<String>,
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

/// What the findings are compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BaseChoice {
    /// The base of the pull or merge request that the CI environment names; none outside of one.
    #[default]
    Detect,
    /// This commit.
    Rev(String),
    /// Nothing: everything blocks.
    Without,
}

impl Request {
    /// These targets, and defaults for the rest.
    pub fn of(targets: &[PathBuf]) -> Self {
        Self {
            targets: targets.to_vec(),
            feed: None,
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
    let base = base::find(sys, request, &places)?;
    let mut policy = load_policy(sys, request, &places, base.as_ref())?;
    if let Some(fail_on) = request.fail_on {
        policy.tighten(fail_on)?;
    }
    let (feed, opened) = open(sys, request, places, &policy);
    let paths = base::paths(&opened);
    let cargo = (request.resolve == Resolve::Cargo).then_some(sys);
    let mut seen = inspect::all(&opened, &policy.mirrors, cargo);
    let mut gaps = std::mem::take(&mut seen.gaps);
    if seen.inventories.is_empty() && !gaps.iter().any(|gap| gap.path.is_some()) {
        gaps.push(nothing_to_judge(request));
    }

    let mut findings = Vec::new();
    let mut used = None;
    match feed {
        Err(gap) => gaps.push(gap),
        Ok(feed) => {
            let feed = feed.take(&mut gaps);
            gaps.extend(policy::feed_gaps(feed.info(), &policy.feed, now));
            let online = request.online.then(|| ask_online(sys, &seen).take(&mut gaps));
            let found = check_all(&seen, &feed, online.as_ref()).take(&mut gaps);
            findings = match &base {
                Some(base) => base::split(found, &base::findings(base, &policy, &feed)?.take(&mut gaps), &paths),
                None => found.into_iter().map(|finding| (finding, Axis::Unknown)).collect(),
            };
            used = Some(feed.info().clone());
        }
    }
    let release_text = |(inventory, _): (Inventory, _)| Inventory { text: "".into(), ..inventory };
    let case = Case {
        findings,
        gaps,
        notes: base::notes(sys, base.as_ref(), &policy)?,
        ledger: Ledger::new(seen.rows),
        inventories: seen.inventories.into_iter().map(release_text).collect(),
        feed: used,
        now,
        base: base.map(|base| base.commit),
        rules: rule::all().to_vec(),
    };
    Ok(policy::decide(case, &policy))
}

/// The inventories alone, for questions that need no advisories. Gaps that only a policy can weigh are left in.
pub fn inventories(sys: &dyn Sys, targets: &[PathBuf]) -> Result<Partial<Vec<Inventory>>, GateError> {
    let places = locate(sys, targets)?;
    let policy = load_policy(sys, &Request::of(targets), &places, None)?;
    let opened: Vec<_> = places.into_iter().map(|place| collect::open_place(place, &policy.excludes)).collect();
    let seen = inspect::all(&opened, &policy.mirrors, None);
    let gaps = seen.gaps.into_iter().filter(|gap| gap.kind.fails_by_default()).collect();
    Ok(Partial { value: seen.inventories.into_iter().map(|(inventory, _)| inventory).collect(), gaps })
}

/// The policy in force: of the base where there is one, else the file that the pipeline names, else the tree's own.
fn load_policy(
    sys: &dyn Sys,
    request: &Request,
    places: &[Place<'_>],
    base: Option<&base::Base<'_>>,
) -> Result<Policy, GateError> {
    if let Some(file) = &request.policy {
        let files = policy_files::NamedFile { sys, file: file.clone() };
        return Ok(config::load(&files, &format!("{}/", files.dir().display()))?);
    }
    match (base, places.first()) {
        (Some(base), _) => base::policy(base),
        (None, Some(place)) => Ok(config::load(&Disk { sys, root: place.root.clone() }, "")?),
        (None, None) => Ok(Policy::default()),
    }
}

fn locate<'a>(sys: &'a dyn Sys, targets: &[PathBuf]) -> Result<Vec<Place<'a>>, GateError> {
    Ok(targets.iter().map(|target| collect::locate(sys, target)).collect::<Result<_, _>>()?)
}

/// Opening the feed and walking the targets wait for different things: they run side by side.
fn open<'a>(
    sys: &dyn Sys,
    request: &Request,
    places: Vec<Place<'a>>,
    policy: &Policy,
) -> (Result<Partial<Feed>, Gap>, Vec<Opened<'a>>) {
    std::thread::scope(|scope| {
        let feed = scope.spawn(|| {
            let choice = feed::choose(sys, request.feed.as_deref())?;
            feed::open(sys, &choice)
        });
        let opened = places.into_iter().map(|place| collect::open_place(place, &policy.excludes)).collect();
        let unusable = |why: String, help| Gap::new(GapKind::FeedUnusable, Stage::Feed, "feed", why).with_help(help);
        let feed = match feed.join() {
            Ok(feed) => feed.map_err(|e| unusable(e.to_string(), e.help())),
            Err(_) => Err(unusable("opening the feed broke; this is a fault of Portcullis".into(), String::new())),
        };
        (feed, opened)
    })
}

/// Runs the checks on every lockfile and on the toolchains.
fn check_all(seen: &Inspected, feed: &Feed, online: Option<&Online>) -> Partial<Vec<Finding>> {
    let mut all = Partial::whole(Vec::new());
    for (inventory, digest) in &seen.inventories {
        let facts = check::Facts::new(inventory, *digest, feed, online);
        all.value.extend(check::run_all(&facts).take(&mut all.gaps));
    }
    let locks: Vec<_> = seen.inventories.iter().map(|(inventory, _)| inventory.path.clone()).collect();
    all.value.extend(check::toolchains(&seen.toolchains, &locks, feed).take(&mut all.gaps));
    all
}

fn ask_online(sys: &dyn Sys, seen: &Inspected) -> Partial<Online> {
    let components = seen.inventories.iter().flat_map(|(inventory, _)| &inventory.components);
    let names = components.filter(|c| c.source == Source::CratesIo).map(|c| c.name.to_string()).collect();
    feed::published_online(sys, &names).unwrap_or_else(|e| {
        let gap = Gap::new(GapKind::OnlineFailed, Stage::Feed, "registry", e.to_string()).with_help(e.help());
        Partial { value: Online::new(), gaps: vec![gap] }
    })
}

fn nothing_to_judge(request: &Request) -> Gap {
    let targets: Vec<String> = request.targets.iter().map(|t| t.display().to_string()).collect();
    let why = "there is no lockfile and no manifest that this release can read";
    Gap::new(GapKind::NothingToJudge, Stage::Collect, targets.join(", "), why)
        .with_help("name a directory with a Cargo.lock, or the lockfile itself")
}
