//! `portcullis hook`: the gate before a push. What is pushed is read in `push`, what the remote has in `known`; the
//! hook's file is written in `install`. Judging itself is the road of `check`.

mod install;
mod known;
mod push;

use super::args::{CheckArgs, Color, JudgeArgs, ResolveArg};
use super::record::RecordArgs;
use super::{Exit, check, output};
use crate::gate::{BaseChoice, GateError, Judged, Request};
use crate::git::{Git, GitError};
use crate::model::Severity;
use crate::sys::{Bytes, Stream, Sys};
use crate::text::neutral;
use clap::{Args, Subcommand};
use known::{Known, Remote};
use push::{NotUnderstood, Push};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What git writes of one push: ten thousand refs of four hundred bytes.
const MAX_INPUT: Bytes = Bytes::mib(4);
/// Different judgements of one push; each takes some tens of milliseconds.
const MAX_JUDGED: usize = 1_000;

/// `portcullis hook`
#[derive(Clone, Debug, Subcommand)]
pub enum HookCommand {
    /// Write the pre-push hook of this repository
    ///
    /// A hook of somebody else is left as it is, and the lines to add to it are printed.
    Install,
    /// Remove the pre-push hook that `install` wrote
    Uninstall,
    /// Do the work of a hook; git calls this
    Run {
        /// Which hook.
        #[command(subcommand)]
        hook: RunCommand,
    },
}

/// `portcullis hook run`
#[derive(Clone, Debug, Subcommand)]
pub enum RunCommand {
    /// Judge the commits that a push sends; what the remote has already does not block
    PrePush(Box<PrePushArgs>),
}

/// `portcullis hook run pre-push`
#[derive(Clone, Debug, Args)]
pub struct PrePushArgs {
    /// The remote's name, as git gives it; standard input then says what is pushed
    ///
    /// Without it the variables PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF of the pre-commit framework say so, where
    /// they are set.
    #[arg(value_name = "REMOTE")]
    pub remote: Option<String>,

    /// The remote's address, as git gives it; it is not used
    #[arg(value_name = "URL")]
    pub url: Option<String>,

    /// Advisory data: an installed feed's name, a checkout of RustSec, `embedded`, or FORMAT:PATH; repeatable
    #[arg(long, value_name = "NAME|DIR")]
    pub feed: Vec<String>,

    /// Trust this policy file instead of the one that the remote has
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Block at this severity and above; may only be stricter than the policy
    #[arg(long, value_name = "SEVERITY", value_parser = super::args::fail_on)]
    pub fail_on: Option<Severity>,

    /// Where the record of each judgement goes, and who signs it.
    #[command(flatten)]
    pub record: RecordArgs,

    /// Colour the report
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Print the verdict alone
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print reported findings and gaps in full
    #[arg(short, long)]
    pub verbose: bool,
}

/// Why a push could not be judged at all.
#[derive(Debug, thiserror::Error)]
enum HookError {
    #[error(transparent)]
    Gate(#[from] GateError),
    #[error(transparent)]
    NotUnderstood(#[from] NotUnderstood),
    /// Only a checkout has a policy and a hook of its own.
    #[error("{} is not in a git checkout", dir.display())]
    NoCheckout { dir: PathBuf },
    #[error("this push asks for {asked} judgements, more than the limit of {MAX_JUDGED}")]
    TooMany { asked: usize },
}

impl HookError {
    fn help(&self) -> &'static str {
        match self {
            Self::Gate(_) => "",
            Self::NotUnderstood(e) => e.help(),
            Self::NoCheckout { .. } => "run it in a checkout; a bare repository has no hook of this kind",
            Self::TooMany { .. } => "push in smaller parts, or without judgement: git push --no-verify",
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Gate(e) if !e.is_usage() => Exit::CannotTell,
            Self::TooMany { .. } => Exit::CannotTell,
            Self::Gate(_) | Self::NotUnderstood(_) | Self::NoCheckout { .. } => Exit::Usage,
        }
    }
}

impl From<GitError> for HookError {
    fn from(e: GitError) -> Self {
        Self::Gate(e.into())
    }
}

impl From<crate::sys::SysError> for HookError {
    fn from(e: crate::sys::SysError) -> Self {
        Self::Gate(e.into())
    }
}

/// Runs `portcullis hook`.
pub fn run(sys: &dyn Sys, command: &HookCommand) -> Exit {
    match command {
        HookCommand::Install => install::install(sys),
        HookCommand::Uninstall => install::uninstall(sys),
        HookCommand::Run { hook: RunCommand::PrePush(args) } => pre_push(sys, args).unwrap_or_else(|e| {
            match &e {
                HookError::Gate(e) => output::complain(sys, e, &e.help()),
                other => output::complain(sys, other, other.help()),
            }
            e.exit()
        }),
    }
}

/// The checkout that the program was called in.
fn checkout(sys: &dyn Sys) -> Result<Git<'_>, HookError> {
    let dir = sys.cwd()?;
    Git::discover(sys, &dir)?.ok_or(HookError::NoCheckout { dir })
}

/// One judgement: the commit, and what it is compared with. Several refs may share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Case {
    commit: String,
    known: Known,
}

fn pre_push(sys: &dyn Sys, args: &PrePushArgs) -> Result<Exit, HookError> {
    let push = pushed(sys, args)?;
    let mut exit = Exit::Yes;
    for name in &push.deleted {
        exit = exit.worse(say(sys, &format!("{name} is deleted: nothing to judge")));
    }
    if push.updates.is_empty() {
        let nothing = push.deleted.is_empty().then(|| say(sys, "nothing is pushed: nothing to judge"));
        return Ok(exit.worse(nothing.unwrap_or(Exit::Yes)));
    }
    let git = checkout(sys)?;
    let asked = asked(&git, &push)?;
    for name in asked.without_commit {
        let what = format!("{name}: what is pushed is no commit, and nothing else can be judged");
        output::complain(sys, &what, "to push it without judgement: git push --no-verify");
        exit = exit.worse(Exit::CannotTell);
    }
    for (case, names) in asked.cases {
        let commit: String = case.commit.chars().take(12).collect();
        let names = names.join(", ");
        if case.known.commit() == Some(case.commit.as_str()) {
            exit = exit.worse(say(sys, &format!("{names} ({commit}): the remote has this commit: nothing to judge")));
            continue;
        }
        exit = exit.worse(say(sys, &format!("{names} ({commit}), {}", case.known)));
        exit = exit.worse(judge(sys, args, &git, &case));
    }
    Ok(exit)
}

/// What is pushed, on whose word it may be.
fn pushed(sys: &dyn Sys, args: &PrePushArgs) -> Result<Push, HookError> {
    if args.remote.is_none()
        && let Some(push) = push::from_pre_commit(sys)?
    {
        return Ok(push);
    }
    let input = sys.stdin(MAX_INPUT)?;
    // That framework has read the input itself: an empty one does not say that nothing is pushed.
    if input.is_empty() && push::is_pre_commit(sys)? {
        return Err(NotUnderstood::NothingNamed.into());
    }
    Ok(push::from_git(args.remote.as_deref().unwrap_or_default(), &input)?)
}

fn say(sys: &dyn Sys, text: &str) -> Exit {
    let line = format!("portcullis: {}\n", neutral::line(text));
    Exit::of_writing(&sys.print(Stream::Out, line.as_bytes()))
}

/// What a push asks for.
#[derive(Default)]
struct Asked {
    /// The different judgements, each with the refs that ask for it.
    cases: BTreeMap<Case, Vec<String>>,
    /// The refs that get something else than a commit.
    without_commit: Vec<String>,
}

fn asked(git: &Git<'_>, push: &Push) -> Result<Asked, HookError> {
    let remote = Remote::look(git, push)?;
    let mut asked = Asked::default();
    for update in &push.updates {
        match commit_of(git, &update.tip)? {
            Some(commit) => {
                let known = remote.known(&commit, update.had.as_deref())?;
                asked.cases.entry(Case { commit, known }).or_default().push(update.name.clone());
            }
            None => asked.without_commit.push(update.name.clone()),
        }
    }
    if asked.cases.len() > MAX_JUDGED {
        return Err(HookError::TooMany { asked: asked.cases.len() });
    }
    Ok(asked)
}

/// The commit that a name leads to, through annotated tags; none where it leads to none that this clone has.
fn commit_of(git: &Git<'_>, rev: &str) -> Result<Option<String>, GitError> {
    match git.commit(rev) {
        Ok(commit) => Ok(Some(commit)),
        Err(GitError::MissingCommit { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The road of `check`, with the commit in the place of the work tree and the remote in the place of a base.
fn judge(sys: &dyn Sys, args: &PrePushArgs, git: &Git<'_>, case: &Case) -> Exit {
    let targets = vec![git.toplevel().to_owned()];
    let check = CheckArgs {
        targets: targets.clone(),
        commit: Some(case.commit.clone()),
        record: RecordArgs { trigger: Some("pre-push"), ..args.record.clone() },
        judge: JudgeArgs {
            feed: args.feed.clone(),
            policy: args.policy.clone(),
            base: None, // the request below says it
            fail_on: args.fail_on,
            online: false,
            resolve: ResolveArg::Data,
        },
        report: Vec::new(),
        components: false,
        color: args.color,
        quiet: args.quiet,
        verbose: args.verbose,
    };
    let request = Request {
        judged: Judged::Commit(case.commit.clone()),
        base: BaseChoice::Remote(case.known.commit().map(str::to_owned)),
        ..check::request(&targets, &check.judge)
    };
    check::judge(sys, &check, &request)
}
