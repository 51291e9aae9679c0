//! `portcullis feed …`: arguments and what is printed. The work is done in `feed`.

use crate::config::FeedPolicy;
use crate::feed::{Change, FeedError, Installed, Manager, Mirror, PublicKey, Status};
use crate::model::{Digest, Timestamp};
use crate::sys::{FileKind, Stream, Sys, SysError};
use crate::text::count::plural;
use crate::text::shell;
use std::path::{Path, PathBuf};

/// More ids of a change than this are counted, not listed.
const LISTED: usize = 20;

/// What to do with installed advisory feeds.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum FeedCommand {
    /// Fetch the advisory database and install it.
    Update {
        /// Address of a .tar.gz, or of a git repository (ends with .git, or begins with git+).
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// PEM file with the certificate authorities to trust instead of the system's.
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// Use the git program even if the address does not look like a repository.
        #[arg(long)]
        git: bool,
        /// Install it although it changes more than the policy allows; the digest is the one of the refusal.
        #[arg(long, value_name = "DIGEST")]
        confirm_change: Option<Digest>,
        /// Name of the installed feed.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Install a checkout of the database, or a file that `feed export` made.
    Import {
        /// A directory or a file.
        path: PathBuf,
        /// The public key that signed the file; without it, the key of this machine.
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// A checkout of the registry's index, for checksums and yanked versions (with a directory).
        #[arg(long, value_name = "DIR", conflicts_with = "key")]
        registry_index: Option<PathBuf>,
        /// Install it although it changes more than the policy allows; the digest is the one of the refusal.
        #[arg(long, value_name = "DIGEST")]
        confirm_change: Option<Digest>,
        /// Name of the installed feed.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Write the installed feed to one file, and print the key that signed it.
    Export {
        /// The file; by default NAME-DATE.feed in the working directory.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Name of the installed feed.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Say what is installed.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Name of the installed feed.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Check every byte of the installed feed against its signature.
    Verify {
        /// Name of the installed feed.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
}

/// Runs the command and prints. Gives the exit code: 0 done, 1 `verify` says no, 2 the command line is wrong, 3 the
/// data could not be had or used, 4 it could not be written.
///
/// Errors: the output could not be written.
pub fn run(sys: &dyn Sys, command: &FeedCommand, policy: &FeedPolicy) -> Result<u8, SysError> {
    match execute(sys, command, policy) {
        Ok(text) => {
            sys.print(Stream::Out, text.as_bytes())?;
            Ok(0)
        }
        Err(error) => {
            sys.print(Stream::Err, refusal(&error, &help(command, &error)).as_bytes())?;
            Ok(exit_code(command, &error))
        }
    }
}

/// Damage is a no to `verify`'s question; a feed that is not there leaves it without an answer.
fn exit_code(command: &FeedCommand, error: &FeedError) -> u8 {
    let damage = matches!(
        error,
        FeedError::Damaged { .. } | FeedError::NotAFeed(_) | FeedError::UnknownFormat(_) | FeedError::WrongKey { .. }
    );
    if damage && matches!(command, FeedCommand::Verify { .. }) { 1 } else { error.exit_code() }
}

/// What mends it. A file that was to be imported is the user's, whatever its name: nobody is told to remove it.
fn help(command: &FeedCommand, error: &FeedError) -> String {
    match (command, error) {
        (
            FeedCommand::Import { path: imported, .. },
            FeedError::Damaged { path, .. } | FeedError::NotAFeed(path) | FeedError::UnknownFormat(path),
        ) if path == imported => {
            "give a file that `portcullis feed export` wrote, or a checkout of the database".into()
        }
        _ => error.help(),
    }
}

fn execute(sys: &dyn Sys, command: &FeedCommand, policy: &FeedPolicy) -> Result<String, FeedError> {
    let manager = |name: &Option<String>, confirmed| Manager::new(sys, name.as_deref(), policy, confirmed);
    match command {
        FeedCommand::Update { from, ca_file, git, confirm_change, name } => {
            let mirror = Mirror::choose(sys, from.as_deref(), *git)?;
            Ok(installed(&manager(name, *confirm_change)?.update(&mirror, ca_file.as_deref())?))
        }
        FeedCommand::Import { path, key, registry_index, confirm_change, name } => {
            let manager = manager(name, *confirm_change)?;
            if sys.kind(&sys.real_path(path)?)? == Some(FileKind::Dir) {
                let (done, gaps) = manager.import_directory(path, registry_index.as_deref())?;
                let odd = match gaps.as_slice() {
                    [] => String::new(),
                    [first, ..] => format!(
                        "note: {} of the index could not be read; the first: {}: {}\n",
                        plural(gaps.len(), "file"),
                        line(&first.what),
                        line(&first.why)
                    ),
                };
                return Ok(installed(&done) + &odd);
            }
            let key = key.as_deref().map(str::parse::<PublicKey>).transpose()?;
            Ok(installed(&manager.import_file(path, key.as_ref())?))
        }
        FeedCommand::Export { to, name } => {
            let exported = manager(name, None)?.export()?;
            let path = to.clone().unwrap_or_else(|| PathBuf::from(&exported.file_name));
            sys.write_out(&path, &exported.bytes)?;
            let quoted = shell::quote(&path.display().to_string()).unwrap_or_else(|| "FILE".into());
            Ok(format!(
                "wrote {} ({} bytes)\nkey {}\nimport it with: portcullis feed import {quoted} --key {}\n",
                shown(&path),
                exported.bytes.len(),
                exported.key,
                exported.key
            ))
        }
        FeedCommand::Status { json, name } => {
            let status = manager(name, None)?.status()?;
            Ok(if *json { status_json(&status) } else { status_text(&status) })
        }
        FeedCommand::Verify { name } => {
            let head = manager(name, None)?.verify()?;
            let advisories = counted(head.advisories, "advisory");
            Ok(format!("feed {} is whole: {advisories}, {}\n", line(&head.name), head.content))
        }
    }
}

fn installed(done: &Installed) -> String {
    let head = &done.head;
    let mut out = format!(
        "feed {}: {}, newest {}, {}\n",
        line(&head.name),
        counted(head.advisories, "advisory"),
        date(head.newest),
        head.content
    );
    match &done.change {
        Some(change) => out.push_str(&counts(change)),
        None => out.push_str("installed for the first time\n"),
    }
    if done.gaps > 0 {
        let records = plural(done.gaps, "record");
        out.push_str(&format!("note: {records} could not be read; every check with this feed says so\n"));
    }
    out
}

/// As [`plural`] says it, without groups in the number: other programs read this.
fn counted(count: u64, noun: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), noun).replace(',', "")
}

fn counts(change: &Change) -> String {
    format!(
        "{} added, {} changed, {} withdrawn, {} removed\n",
        change.added.len(),
        change.changed.len(),
        change.withdrawn.len(),
        change.removed.len()
    )
}

fn refusal(error: &FeedError, help: &str) -> String {
    let mut out = format!("error: {}\n", line(&error.to_string()));
    if let FeedError::TooMuchChange { change, .. } = error {
        out.push_str(&format!("  {}", counts(change)));
        for (what, ids) in
            [("removed", &change.removed), ("withdrawn", &change.withdrawn), ("changed", &change.changed)]
        {
            if ids.is_empty() {
                continue;
            }
            let listed: Vec<String> = ids.iter().take(LISTED).map(|id| line(id)).collect();
            let more = ids.len().saturating_sub(LISTED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            out.push_str(&format!("  {what}: {}{rest}\n", listed.join(", ")));
        }
    }
    if !help.is_empty() {
        out.push_str(&format!("help: {}\n", line(help)));
    }
    out
}

fn status_text(status: &Status) -> String {
    let head = &status.head;
    let rows = [
        ("name", line(&head.name)),
        ("kind", "installed".into()),
        ("advisories", head.advisories.to_string()),
        ("unreadable", status.gaps.to_string()),
        ("newest", date(head.newest)),
        ("refreshed", format!("{} ({} ago)", head.refreshed, status.age)),
        ("commit", head.commit.as_deref().map_or_else(|| "not known".into(), line)),
        ("registry", head.facts.map_or_else(|| "no facts".into(), |t| format!("facts of {t}"))),
        ("digest", head.content.to_string()),
        ("file", format!("{} ({})", shown(&status.path), status.size)),
        ("key", status.key.to_string()),
    ];
    rows.iter().map(|(name, value)| format!("{name:<11}{value}\n")).collect()
}

fn status_json(status: &Status) -> String {
    let head = &status.head;
    let time = |t: Option<Timestamp>| t.map(|t| t.to_string());
    let value = serde_json::json!({
        "schema": 1,
        "name": head.name,
        "kind": "installed",
        "advisories": head.advisories,
        "unreadable": status.gaps,
        "newest": head.newest.map(Timestamp::date),
        "refreshed": head.refreshed.to_string(),
        "age_seconds": status.age.0,
        "commit": head.commit,
        "facts": time(head.facts),
        "digest": head.content.to_string(),
        "file": status.path.display().to_string(),
        "file_digest": head.file.to_string(),
        "size": status.size.0,
        "key": status.key.to_string(),
    });
    format!("{value:#}\n")
}

fn date(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "not known".into(), Timestamp::date)
}

fn shown(path: &Path) -> String {
    line(&path.display().to_string())
}

/// Text from outside on one line, without what could steer a terminal: control characters and those that turn the
/// direction of writing.
fn line(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: FeedCommand,
    }

    fn parse(words: &[&str]) -> Result<FeedCommand, clap::Error> {
        Line::try_parse_from(std::iter::once(&"feed").chain(words)).map(|l| l.command)
    }

    #[test]
    fn a_digest_that_is_none_is_refused_on_the_command_line() {
        assert!(parse(&["update", "--confirm-change", &"a".repeat(64)]).is_ok());
        assert!(parse(&["update", "--confirm-change", &"a".repeat(63)]).is_err());
        assert!(parse(&["import"]).is_err());
        assert!(parse(&["import", "x", "--key", "k", "--registry-index", "d"]).is_err());
    }

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let error = FeedError::Git { what: "fetch the database", why: "\u{1b}[2Jgone\u{202e}\nok".into() };
        let text = refusal(&error, &error.help());
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn nobody_is_told_to_remove_what_he_wanted_to_import() {
        let path = PathBuf::from(format!("/c/rustsec-{}.feed", "a".repeat(64)));
        let import = parse(&["import", path.to_str().expect("text")]).expect("a command");
        let error = FeedError::NotAFeed(path);
        assert!(!help(&import, &error).contains("rm "), "{}", help(&import, &error));
        assert!(help(&FeedCommand::Verify { name: None }, &error).starts_with("rm "));
    }

    #[test]
    fn one_advisory_is_one() {
        assert_eq!(
            (counted(1, "advisory"), counted(1_225, "advisory")),
            ("1 advisory".into(), "1225 advisories".into())
        );
    }

    #[test]
    fn verify_says_no_to_damage_and_could_not_tell_to_absence() {
        let verify = FeedCommand::Verify { name: None };
        let status = FeedCommand::Status { json: false, name: None };
        let damage = FeedError::Damaged { path: "x".into(), what: "the index" };
        let absence = FeedError::NotInstalled { name: "x".into(), dir: "d".into() };
        assert_eq!(exit_code(&verify, &damage), 1);
        assert_eq!(exit_code(&status, &damage), 3);
        assert_eq!(exit_code(&verify, &absence), 3);
    }
}
