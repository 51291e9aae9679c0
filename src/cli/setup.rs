//! What `init`, `waive` and `feed` need from the rest of the program before they can start.

use super::args::{InitCommand, WaiveCommand};
use super::{Exit, check, feed as feed_command, init as init_command, output, waive as waive_command};
use crate::check::severity_of;
use crate::collect;
use crate::config::import;
use crate::config::{Disk, FeedPolicy};
use crate::feed;
use crate::gate::{self, BaseChoice, GateError, Request};
use crate::model::{AffectedPackage, Record};
use crate::sys::Sys;
use feed_command::FeedCommand;
use std::path::{Path, PathBuf};

/// `portcullis init`: judges the whole repository under the defaults, without a base, and writes what it takes.
pub(super) fn init(sys: &dyn Sys, command: &InitCommand) -> u8 {
    let root = match root(sys, &command.target) {
        Ok(root) => root,
        Err(exit) => return exit.code(),
    };
    if let Err(e) = init_command::ready(sys, &root) {
        output::complain(sys, &e, "");
        return e.exit_code();
    }
    // A file target is judged alone; a directory as the whole repository that it lies in.
    let is_dir = matches!(sys.kind(&command.target), Ok(Some(crate::sys::FileKind::Dir)));
    let target = if is_dir { root.clone() } else { command.target.clone() };
    let request = Request { feeds: command.feed.clone(), base: BaseChoice::Without, ..Request::of(&[target]) };
    let verdict = match gate::run(sys, &request) {
        Ok(verdict) => verdict,
        Err(e) => return check::refuse(sys, &e).code(),
    };
    if verdict.feed.is_none() && verdict.sources.is_empty() {
        let why = verdict.gaps.iter().find(|g| g.gap.stage == crate::model::Stage::Feed);
        let (why, help) = why.map_or((String::new(), String::new()), |g| (g.gap.why.clone(), g.gap.help.clone()));
        output::complain(sys, &format!("without a feed nobody knows today's debt: {why}"), &help);
        return Exit::CannotTell.code();
    }
    let (imported, notes) = import::ignores(&Disk { sys, root: root.clone() });
    for note in notes {
        output::remark(sys, &note);
    }
    let plan = init_command::plan(&verdict, verdict.decided_at, &command.args.owner, &imported);
    init_command::run(sys, &root, &plan)
}

/// `portcullis waive`: looks the advisory up, so that a waiver that would not hold is not written.
pub(super) fn waive(sys: &dyn Sys, command: &WaiveCommand) -> u8 {
    let root = match root(sys, &command.target) {
        Ok(root) => root,
        Err(exit) => return exit.code(),
    };
    let known = match look_up(sys, &command.feed, &command.args.id) {
        Ok(records) => known(&records, &command.args.package),
        Err(e) => {
            let why = format!("the advisory could not be looked up: {e}");
            output::complain(sys, &why, &e.help());
            return Exit::CannotTell.code();
        }
    };
    waive_command::run(sys, &root, &command.args, &known)
}

/// `portcullis feed`: bounds come from the policy of the working directory, where there is one.
pub(super) fn feed(sys: &dyn Sys, command: &FeedCommand) -> u8 {
    // A policy that cannot be read leaves the default bounds, which are the strict ones.
    let policy = root(sys, Path::new("."))
        .ok()
        .and_then(|root| crate::config::load(&Disk { sys, root }, "").ok())
        .map_or_else(FeedPolicy::default, |policy| policy.feed);
    feed_command::run(sys, command, &policy).unwrap_or_else(|_| Exit::NotWritten.code())
}

fn root(sys: &dyn Sys, target: &Path) -> Result<PathBuf, Exit> {
    collect::root_of(sys, target).map_err(|e| check::refuse(sys, &GateError::from(e)))
}

fn look_up(sys: &dyn Sys, feeds: &[String], id: &str) -> Result<Vec<Record>, feed::FeedError> {
    let catalogue = feed::open_to_ask(sys, feeds)?;
    let mut records: Vec<Record> = match &catalogue.feed {
        Some(feed) => feed.find(id)?.iter().map(feed::record_of).collect(),
        None => Vec::new(),
    };
    records.extend(catalogue.find(id)?.into_iter().map(|(_, record)| record));
    Ok(records)
}

/// What the records say of the package; several that share an alias count by the worst of them. Every package that they
/// speak of is named, so that a waiver for another one is not written.
fn known(records: &[Record], package: &str) -> waive_command::Known {
    let mut known = waive_command::Known::default();
    for record in records {
        known.packages.extend(record.affected.iter().map(|affected| affected.package.clone()));
        let is_it = |affected: &AffectedPackage| {
            feed::name::normalised(&affected.ecosystem, &affected.package)
                == feed::name::normalised(&affected.ecosystem, package)
        };
        if record.affected.iter().any(is_it) {
            known.severity = known.severity.max(Some(severity_of(record)));
            known.aliases.push(record.id.clone());
            known.aliases.extend(record.aliases.iter().cloned());
        }
    }
    for list in [&mut known.packages, &mut known.aliases] {
        list.sort();
        list.dedup();
    }
    known
}
