//! `portcullis feed …`: which of the installed feeds and indexes a command is about, and what it comes to. The work is done
//! in `feed`.

mod args;
mod status;
mod words;

use super::Exit;
use crate::config::FeedPolicy;
use crate::feed::{self, DEFAULT_NAME, FeedError, Indexes, Manager, Mirror, PublicKey, Remote, Updated};
use crate::model::Digest;
use crate::sys::{FileKind, Stream, Sys, SysError};
use crate::text::count::plural;
use crate::text::shell;
pub use args::FeedCommand;
use std::path::{Path, PathBuf};
use words::{line, refusal, shown};

/// Runs the command and prints. Gives the exit code: 0 done, 1 `verify` says no, 2 the command line is wrong, 3 the
/// data could not be had or used, 4 it could not be written. Of several feeds the worst counts, and one that fails leaves
/// the others as they are.
///
/// Errors: the output could not be written.
pub fn run(sys: &dyn Sys, command: &FeedCommand, policy: &FeedPolicy) -> Result<u8, SysError> {
    let mut go = Go { sys, command, policy, exit: Exit::Yes };
    if let Err(error) = go.execute() {
        go.refuse(None, &error)?;
    }
    Ok(go.exit.code())
}

/// Damage is a no to `verify`'s question; a feed that is not there leaves it without an answer.
fn exit_of(command: &FeedCommand, error: &FeedError) -> Exit {
    let damage = matches!(
        error,
        FeedError::Damaged { .. } | FeedError::NotAFeed(_) | FeedError::UnknownFormat(_) | FeedError::WrongKey { .. }
    );
    match error.exit_code() {
        _ if damage && matches!(command, FeedCommand::Verify { .. }) => Exit::No,
        2 => Exit::Usage,
        4 => Exit::NotWritten,
        _ => Exit::CannotTell,
    }
}

/// What mends it. A file that was to be imported is the user's, whatever its name: nobody is told to remove it.
fn help(command: &FeedCommand, error: &FeedError) -> String {
    match (command, error) {
        (
            FeedCommand::Import { path: imported, .. },
            FeedError::Damaged { path, .. } | FeedError::NotAFeed(path) | FeedError::UnknownFormat(path),
        ) if path == imported => {
            "give a file that `portcullis feed export` wrote, a checkout of the database, or another source with --format"
                .into()
        }
        (FeedCommand::Remove { .. }, FeedError::NotInstalled { .. }) => "portcullis feed status".into(),
        _ => error.help(),
    }
}

/// A command on its way.
struct Go<'a> {
    sys: &'a dyn Sys,
    command: &'a FeedCommand,
    policy: &'a FeedPolicy,
    exit: Exit,
}

impl Go<'_> {
    fn say(&self, text: &str) -> Result<(), FeedError> {
        Ok(self.sys.print(Stream::Out, text.as_bytes())?)
    }

    fn refuse(&mut self, of: Option<&str>, error: &FeedError) -> Result<(), SysError> {
        self.exit = self.exit.worse(exit_of(self.command, error));
        self.sys.print(Stream::Err, refusal(of, error, &help(self.command, error)).as_bytes())
    }

    fn manager(&self, name: Option<&str>, confirmed: Option<Digest>) -> Result<Manager<'_>, FeedError> {
        Manager::new(self.sys, name, self.policy, confirmed)
    }

    fn indexes(&self, confirmed: Option<Digest>) -> Result<Indexes<'_>, FeedError> {
        Indexes::new(self.sys, self.policy, confirmed)
    }

    fn execute(&mut self) -> Result<(), FeedError> {
        match self.command {
            FeedCommand::Update { from, ca_file, git, confirm_change, name, ecosystem, source } => {
                if ecosystem.is_empty() && source.is_empty() {
                    let mirror = Mirror::choose(self.sys, from.as_deref(), *git)?;
                    let manager = self.manager(name.as_deref(), *confirm_change)?;
                    return self.say(&words::installed(&manager.update(&mirror, ca_file.as_deref())?));
                }
                let mut remotes = Remote::ecosystems(self.sys, ecosystem, from.as_deref())?;
                for remote in source {
                    if remotes.iter().any(|other| other.name == remote.name) {
                        return Err(FeedError::TwoSources(remote.name.clone()));
                    }
                    remotes.push(remote.clone());
                }
                self.update(&remotes, ca_file.as_deref(), *confirm_change)
            }
            FeedCommand::Import { path, format: Some(format), confirm_change, name, .. } => {
                let done = self.indexes(*confirm_change)?.import(*format, path, name.as_deref())?;
                self.say(&words::installed_index(&done))
            }
            FeedCommand::Import { path, key, registry_index, confirm_change, name, format: None } => {
                let key = key.as_deref().map(str::parse::<PublicKey>).transpose()?;
                let name = name.as_deref();
                if feed::index::Index::is_one(self.sys, path) {
                    let done = self.indexes(*confirm_change)?.import_file(path, key.as_ref(), name)?;
                    return self.say(&words::installed_index(&done));
                }
                let manager = self.manager(name, *confirm_change)?;
                if self.sys.kind(&self.sys.real_path(path)?)? == Some(FileKind::Dir) {
                    return self.import_directory(&manager, path, registry_index.as_deref());
                }
                self.say(&words::installed(&manager.import_file(path, key.as_ref())?))
            }
            FeedCommand::Export { to, name } => self.export(to.as_deref(), name.as_deref()),
            FeedCommand::Status { json, name: Some(name) } => self.status_of(name, *json),
            FeedCommand::Status { json, name: None } => self.status(*json),
            FeedCommand::Verify { name: Some(name) } => self.verify_one(name),
            FeedCommand::Verify { name: None } => self.verify(),
            FeedCommand::Remove { name } => {
                let removed = feed::remove(self.sys, name)?;
                self.say(&words::removed(name, &removed))
            }
        }
    }

    /// One after the other: what was installed before one fails stays installed, and the rest goes on.
    fn update(
        &mut self,
        remotes: &[Remote],
        ca_file: Option<&Path>,
        confirmed: Option<Digest>,
    ) -> Result<(), FeedError> {
        for remote in remotes {
            let updated = self.indexes(confirmed).and_then(|indexes| indexes.update(remote, ca_file));
            match updated {
                Ok(Updated::Installed(done)) => self.say(&words::installed_index(&done))?,
                Ok(Updated::Unchanged(mark)) => self.say(&words::unchanged(&mark))?,
                Err(error) => self.refuse(Some(&remote.name), &error)?,
            }
        }
        Ok(())
    }

    fn import_directory(&self, manager: &Manager<'_>, path: &Path, index: Option<&Path>) -> Result<(), FeedError> {
        let (done, gaps) = manager.import_directory(path, index)?;
        let odd = match gaps.as_slice() {
            [] => String::new(),
            [first, ..] => format!(
                "note: {} of the index could not be read; the first: {}: {}\n",
                plural(gaps.len(), "file"),
                line(&first.what),
                line(&first.why)
            ),
        };
        self.say(&(words::installed(&done) + &odd))
    }

    fn export(&self, to: Option<&Path>, name: Option<&str>) -> Result<(), FeedError> {
        let exported = match name {
            Some(name) if feed::is_index(self.sys, name) => self.indexes(None)?.export(name)?,
            name => self.manager(name, None)?.export()?,
        };
        let path = to.map_or_else(|| PathBuf::from(&exported.file_name), Path::to_owned);
        self.sys.write_out(&path, &exported.bytes)?;
        let quoted = shell::quote(&path.display().to_string()).unwrap_or_else(|| "FILE".into());
        self.say(&format!(
            "wrote {} ({} bytes)\nkey {}\nimport it with: portcullis feed import {quoted} --key {}\n",
            shown(&path),
            exported.bytes.len(),
            exported.key,
            exported.key
        ))
    }

    fn status_of(&self, name: &str, json: bool) -> Result<(), FeedError> {
        if feed::is_index(self.sys, name) {
            let status = self.indexes(None)?.status(name)?;
            return self.say(&if json { status::index_json(&status) } else { status::index_text(&status) });
        }
        let status = self.manager(Some(name), None)?.status()?;
        self.say(&if json { status::feed_json(&status) } else { status::feed_text(&status) })
    }

    /// Everything that is installed. What cannot be read is told and does not hide the rest.
    fn status(&mut self, json: bool) -> Result<(), FeedError> {
        let mut installed = status::Installed::default();
        let (feeds, indexes) = self.names()?;
        for name in feeds {
            match self.manager(Some(&name), None).and_then(|manager| manager.status()) {
                Ok(status) if name == DEFAULT_NAME => installed.feed = Some(status),
                Ok(status) => installed.feeds.push(status),
                Err(error) => self.refuse(Some(&name), &error)?,
            }
        }
        for name in indexes {
            match self.indexes(None).and_then(|indexes| indexes.status(&name)) {
                Ok(status) => installed.indexes.push(status),
                Err(error) => self.refuse(Some(&name), &error)?,
            }
        }
        self.say(&if json { status::json(&installed) } else { status::text(&installed) })
    }

    fn verify(&mut self) -> Result<(), FeedError> {
        let (feeds, indexes) = self.names()?;
        for name in feeds.iter().chain(&indexes) {
            if let Err(error) = self.verify_one(name) {
                self.refuse(Some(name), &error)?;
            }
        }
        Ok(())
    }

    fn verify_one(&self, name: &str) -> Result<(), FeedError> {
        if feed::is_index(self.sys, name) {
            let mark = self.indexes(None)?.verify(name)?;
            return self.say(&words::whole("index", name, mark.records, "record", &mark.content));
        }
        let head = self.manager(Some(name), None)?.verify()?;
        self.say(&words::whole("feed", name, head.advisories, "advisory", &head.content))
    }

    /// The names of what is installed: feeds of RustSec, and indexes. Errors: nothing is.
    fn names(&self) -> Result<(Vec<String>, Vec<String>), FeedError> {
        let (feeds, indexes) = (feed::feeds(self.sys)?, feed::installed(self.sys)?);
        if feeds.is_empty() && indexes.is_empty() {
            self.manager(None, None)?.status()?; // which says that, and where it looked
        }
        Ok((feeds, indexes))
    }
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
    fn what_does_not_go_together_is_refused_on_the_command_line() {
        assert!(parse(&["update", "--confirm-change", &"a".repeat(64)]).is_ok());
        assert!(parse(&["update", "--confirm-change", &"a".repeat(63)]).is_err());
        assert!(parse(&["import"]).is_err());
        assert!(parse(&["import", "x", "--key", "k", "--registry-index", "d"]).is_err());
        let good = "a=osv:https://x.example/a.zip";
        assert!(parse(&["update", "--ecosystem", "npm", "--ecosystem", "Go", "--source", good]).is_ok());
        assert!(parse(&["update", "--ecosystem", "npm", "--from", "https://x.example"]).is_ok());
        for bad in [["--source", "a=odd:https://x.example/a.zip"], ["--ecosystem", "--git"]] {
            assert!(parse(&[&["update"], &bad[..]].concat()).is_err(), "{bad:?}");
        }
        for bad in [["--git", "", ""], ["--name", "x", ""], ["--from", "https://x.example", ""]] {
            let bad: Vec<&str> = bad.into_iter().filter(|word| !word.is_empty()).collect();
            assert!(parse(&[&["update", "--source", good], &bad[..]].concat()).is_err(), "{bad:?}");
        }
        assert!(parse(&["import", "x", "--format", "rubysec"]).is_ok());
        assert!(parse(&["import", "x", "--format", "odd"]).is_err());
        assert!(parse(&["import", "x", "--format", "osv", "--key", "k"]).is_err());
        assert!(parse(&["remove"]).is_err());
    }

    #[test]
    fn nobody_is_told_to_remove_what_he_wanted_to_import() {
        for name in [format!("/c/rustsec-{}.feed", "a".repeat(64)), "/c/osv-npm.index".to_owned()] {
            let import = parse(&["import", &name]).expect("a command");
            let error = FeedError::NotAFeed(name.into());
            let told = help(&import, &error);
            assert!(!told.contains("rm ") && !told.contains("remove"), "{told}");
            let other = help(&FeedCommand::Verify { name: None }, &error);
            assert!(
                other.starts_with("rm ") || other == "portcullis feed remove osv-npm, then fetch or import it again"
            );
        }
    }

    #[test]
    fn verify_says_no_to_damage_and_could_not_tell_to_absence() {
        let verify = FeedCommand::Verify { name: None };
        let status = FeedCommand::Status { json: false, name: None };
        let damage = FeedError::Damaged { path: "x".into(), what: "the index" };
        let absence = FeedError::NotInstalled { name: "x".into(), dir: "d".into() };
        assert_eq!(exit_of(&verify, &damage), Exit::No);
        assert_eq!(exit_of(&status, &damage), Exit::CannotTell);
        assert_eq!(exit_of(&verify, &absence), Exit::CannotTell);
    }
}
