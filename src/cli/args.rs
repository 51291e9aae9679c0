//! The command line, as clap reads it.

use super::feed::FeedCommand;
use super::hook::HookCommand;
use super::init;
use super::output::SchemaArgs;
use super::record::RecordArgs;
use super::trail::TrailCommand;
use super::waive;
use crate::gate::Resolve;
use crate::model::Severity;
use crate::report;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Portcullis audits what a build depends on, fails closed, and says what it could not see.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "\
Exit codes: 0 passed · 1 failed by policy · 2 the command line or the policy is wrong
            3 could not tell · 4 the verdict could not be written or recorded. Only 0 opens the gate.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge targets: find lockfiles, match them against advisories, decide by the policy
    Check(CheckArgs),
    /// Say what an advisory is, what it matches here, and which policy line decided
    Explain(ExplainArgs),
    /// Print every shortest way from your own packages to a package
    Why(WhyArgs),
    /// Write a waiver: a dated word that a finding does not block
    Waive(WaiveCommand),
    /// Write a policy for this repository and adopt today's debt
    Init(InitCommand),
    /// Update, import, export, inspect or verify advisory feeds
    Feed {
        /// What to do with feeds.
        #[command(subcommand)]
        command: FeedCommand,
    },
    /// Show and verify the signed record of runs, and make keys for it
    Trail {
        /// What to do with the trail.
        #[command(subcommand)]
        command: TrailCommand,
    },
    /// Judge what a push introduces, before it leaves the machine
    Hook {
        /// What to do with the hook.
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Print the JSON Schema of a file format
    Schema(SchemaArgs),
    /// Print a shell completion script
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// What every command that judges takes.
#[derive(Clone, Debug, Args)]
pub struct JudgeArgs {
    /// Advisory data: an installed feed's name, a checkout of RustSec, `embedded`, or FORMAT:PATH; repeatable
    ///
    /// Without it the installed feed `rustsec` is used (see `portcullis feed update`). A directory is read afresh
    /// each time. `embedded` is what was compiled in: landmark advisories in a plain build, a full snapshot in a
    /// release.
    #[arg(long, value_name = "NAME|DIR")]
    pub feed: Vec<String>,

    /// Trust this policy file instead of the one of the tree or of the base
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,

    /// Compare with this commit: what it already had is reported, what the change introduces blocks
    ///
    /// The policy and the waivers are then read from this commit. In a pull or merge request the base is found in
    /// the environment of the CI runner.
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,

    /// Block at this severity and above; may only be stricter than the policy
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on)]
    pub fail_on: Option<Severity>,

    /// Ask the registry which locked versions were yanked (uses the network)
    #[arg(long)]
    pub online: bool,

    /// How to tell normal, build and dev dependencies apart
    ///
    /// `data` reads lockfile and manifests and runs nothing. `cargo` runs `cargo metadata`, which is exact, but obeys
    /// the `.cargo/config.toml` and `rust-toolchain.toml` of the judged tree, and those can name programs to run: use
    /// it only on trees that you would build anyway.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ResolveArg::Data)]
    pub resolve: ResolveArg,
}

/// `portcullis check`
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Directories and lockfiles to judge
    #[arg(value_name = "TARGET", default_value = ".")]
    pub targets: Vec<PathBuf>,

    /// Judge what this commit holds instead of the files that lie there
    ///
    /// Everything is read from git's object store and nothing from the work tree. Without a base the policy is the
    /// commit's own.
    #[arg(long, value_name = "REV")]
    pub commit: Option<String>,

    #[command(flatten)]
    pub judge: JudgeArgs,

    #[command(flatten)]
    pub record: RecordArgs,

    /// Write a report: `human`, `json`, `sarif`, `github`, `junit` or `codequality`, to standard output or a file
    ///
    /// May be given several times, once for standard output at most. Naming one replaces the default `human`.
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = report_to)]
    pub report: Vec<ReportTo>,

    /// Put every component into the JSON report
    #[arg(long)]
    pub components: bool,

    /// Colour the human report
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,

    /// Print the verdict alone
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print reported findings and gaps in full
    #[arg(short, long)]
    pub verbose: bool,
}

/// `portcullis explain`
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The advisory, by its id or an alias such as a CVE or GHSA number; or a rule such as PC-DEP-001
    #[arg(value_name = "ID")]
    pub id: String,

    /// Directories and lockfiles to look at
    #[arg(value_name = "TARGET", default_value = ".")]
    pub targets: Vec<PathBuf>,

    #[command(flatten)]
    pub judge: JudgeArgs,
}

/// `portcullis why`
#[derive(Clone, Debug, Args)]
pub struct WhyArgs {
    /// The package: `name` or `name@version`
    #[arg(value_name = "PACKAGE")]
    pub package: String,

    /// Directories and lockfiles to look at
    #[arg(value_name = "TARGET", default_value = ".")]
    pub targets: Vec<PathBuf>,
}

/// `portcullis init`
#[derive(Clone, Debug, Args)]
pub struct InitCommand {
    #[command(flatten)]
    pub args: init::Args,

    /// The repository to set up
    #[arg(value_name = "TARGET", default_value = ".")]
    pub target: PathBuf,

    /// Advisory data: an installed feed's name, a checkout of RustSec, `embedded`, or FORMAT:PATH; repeatable
    #[arg(long, value_name = "NAME|DIR")]
    pub feed: Vec<String>,
}

/// `portcullis waive`
#[derive(Clone, Debug, Args)]
pub struct WaiveCommand {
    #[command(flatten)]
    pub args: waive::Args,

    /// The repository that gets the waiver
    #[arg(value_name = "TARGET", default_value = ".")]
    pub target: PathBuf,

    /// Advisory data: an installed feed's name, a checkout of RustSec, `embedded`, or FORMAT:PATH; repeatable
    #[arg(long, value_name = "NAME|DIR")]
    pub feed: Vec<String>,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--resolve`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResolveArg {
    /// From lockfile and manifests, read as data
    Data,
    /// By running cargo in the judged tree
    Cargo,
}

impl From<ResolveArg> for Resolve {
    fn from(arg: ResolveArg) -> Self {
        match arg {
            ResolveArg::Data => Self::Data,
            ResolveArg::Cargo => Self::Cargo,
        }
    }
}

/// A report and where it goes; no file means standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTo {
    /// The format.
    pub format: report::Format,
    /// The file.
    pub file: Option<PathBuf>,
}

fn report_to(text: &str) -> Result<ReportTo, String> {
    let (format, file) = match text.split_once('=') {
        Some((_, "")) => return Err("a file name is missing after `=`".into()),
        Some((format, file)) => (format, Some(PathBuf::from(file))),
        None => (text, None),
    };
    let format = format.parse().map_err(|e: report::NotAFormat| e.to_string())?;
    Ok(ReportTo { format, file })
}

pub(super) fn fail_on(text: &str) -> Result<Severity, String> {
    match text.parse() {
        Ok(Severity::None) | Err(_) => Err("use low, medium, high or critical".into()),
        Ok(severity) => Ok(severity),
    }
}
