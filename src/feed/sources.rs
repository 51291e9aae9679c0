//! All advisory data of one run: the feed of RustSec and the indexes of other sources, as `--feed` chooses them. It opens
//! and describes them; what they say is asked of each.

use super::gather::{self, Format};
use super::index::{self, Index, Input};
use super::install::Home;
use super::{Choice, DEFAULT_NAME, Feed, FeedError, choose, key};
use crate::model::{Ecosystem, FeedInfo, FeedKind, Gap, GapKind, Partial, Record, Stage};
use crate::sys::{Fault, FileKind, Sys, SysError, spread};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How the name of an installed index ends.
const ENDING: &str = ".index";

/// What a run asks for advisories.
#[derive(Default)]
pub struct Catalogue {
    /// RustSec's own feed, where it could be opened.
    pub feed: Option<Feed>,
    /// Indexes of other sources, in order of name.
    pub indexes: Vec<Index>,
    kinds: Vec<FeedKind>,
    /// Why the feed that nobody named could not be opened: it matters only where there is Rust to judge.
    missing: Option<FeedError>,
}

impl Catalogue {
    /// A catalogue of this feed alone.
    pub fn of(feed: Feed) -> Self {
        Self { feed: Some(feed), ..Self::default() }
    }

    /// What reports say of the indexes: one row for each of their sources, in order of name.
    pub fn sources(&self) -> Vec<FeedInfo> {
        let mut rows: Vec<FeedInfo> = Vec::new();
        for (index, kind) in self.indexes.iter().zip(&self.kinds) {
            rows.extend(index.watermarks().iter().map(|mark| FeedInfo {
                name: mark.source.clone(),
                kind: *kind,
                digest: mark.content,
                advisories: usize::try_from(mark.records).unwrap_or(usize::MAX),
                newest: mark.newest,
                refreshed: (*kind == FeedKind::Installed).then_some(mark.refreshed),
                commit: mark.mark.clone(),
            }));
        }
        rows.sort_by(|a, b| (&a.name, a.digest).cmp(&(&b.name, b.digest)));
        rows
    }

    /// Puts aside the indexes that speak of none of these ecosystems, so that neither their age nor what could not be read of
    /// them matters to who uses none of them. Where that cannot be told an index stays. Of no ecosystem nothing is put aside.
    pub fn keep_for(&mut self, ecosystems: &BTreeSet<Ecosystem>) {
        if ecosystems.is_empty() {
            return;
        }
        let matters = |index: &Index| ecosystems.iter().any(|ecosystem| index.covers(ecosystem.osv()).unwrap_or(true));
        let (indexes, kinds) = (std::mem::take(&mut self.indexes), std::mem::take(&mut self.kinds));
        for (index, kind) in indexes.into_iter().zip(kinds).filter(|(index, _)| matters(index)) {
            self.indexes.push(index);
            self.kinds.push(kind);
        }
    }

    /// Whether any record speaks of a package of this ecosystem.
    ///
    /// Errors: an index is damaged.
    pub fn covers(&self, ecosystem: Ecosystem) -> Result<bool, FeedError> {
        if ecosystem == Ecosystem::Cargo && self.feed.is_some() {
            return Ok(true);
        }
        for index in &self.indexes {
            if index.covers(ecosystem.osv())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why the default feed of RustSec is not there, for a run that has Rust to judge.
    pub fn missing(&self) -> Option<&FeedError> {
        self.missing.as_ref()
    }
}

/// The index or source that a word chooses: `osv:PATH` and the like. None for the name of a format that there is not.
pub(super) fn source_of(word: &str) -> Option<(Format, PathBuf)> {
    let (format, path) = word.split_once(':')?;
    let format = Format::ALL.into_iter().find(|known| known.as_str() == format)?;
    (!path.is_empty()).then(|| (format, PathBuf::from(path)))
}

/// Opens what the words after `--feed` choose; without words the installed feed of RustSec and every installed index. What
/// cannot be opened is a gap; what could not be read of an index is told by [`Catalogue::unread`].
pub fn open_all(sys: &dyn Sys, words: &[String]) -> Partial<Catalogue> {
    let mut all = Partial::<Catalogue>::default();
    if words.is_empty() {
        match super::open_to_judge(sys, &Choice::Installed(DEFAULT_NAME.to_owned())) {
            Ok(feed) => all.value.feed = Some(feed.take(&mut all.gaps)),
            Err(error @ FeedError::NotInstalled { .. }) => all.value.missing = Some(error),
            Err(error) => all.gaps.push(unusable(DEFAULT_NAME, &error)),
        }
        match installed(sys) {
            Ok(names) => open_indexes(sys, &names, &mut all),
            Err(error) => all.gaps.push(unusable("feeds", &error)),
        }
        return all;
    }
    let mut names = Vec::new();
    for word in words {
        let opened = match choose(sys, Some(word)) {
            Ok(Choice::Installed(name)) if is_index(sys, &name) => {
                names.push(name);
                continue;
            }
            Ok(Choice::Source(format, path)) => {
                match compiled(sys, format, &path) {
                    Ok(index) => all.value.add(index, FeedKind::Directory),
                    Err(error) => all.gaps.push(unusable(word, &error)),
                }
                continue;
            }
            Ok(_) if all.value.feed.is_some() => Err(FeedError::TwoFeeds(word.clone())),
            Ok(choice) => super::open_to_judge(sys, &choice),
            Err(error) => Err(error),
        };
        match opened {
            Ok(feed) => all.value.feed = Some(feed.take(&mut all.gaps)),
            Err(error) => all.gaps.push(unusable(word, &error)),
        }
    }
    names.sort();
    names.dedup();
    open_indexes(sys, &names, &mut all);
    all
}

/// The same to look records up, which needs all of it.
///
/// Errors: a part cannot be opened, or there is nothing to ask.
pub fn open_to_ask(sys: &dyn Sys, words: &[String]) -> Result<Catalogue, FeedError> {
    let mut catalogue = Catalogue::default();
    if words.is_empty() {
        match super::open(sys, &Choice::Installed(DEFAULT_NAME.to_owned())) {
            Ok(feed) => catalogue.feed = Some(feed.value),
            Err(error @ FeedError::NotInstalled { .. }) if installed(sys)?.is_empty() => return Err(error),
            Err(FeedError::NotInstalled { .. }) => {}
            Err(error) => return Err(error),
        }
        for name in installed(sys)? {
            catalogue.add(open_index(sys, &name)?, FeedKind::Installed);
        }
        return Ok(catalogue);
    }
    for word in words {
        match choose(sys, Some(word))? {
            Choice::Installed(name) if is_index(sys, &name) => {
                catalogue.add(open_index(sys, &name)?, FeedKind::Installed);
            }
            Choice::Source(format, path) => catalogue.add(compiled(sys, format, &path)?, FeedKind::Directory),
            _ if catalogue.feed.is_some() => return Err(FeedError::TwoFeeds(word.clone())),
            choice => catalogue.feed = Some(super::open(sys, &choice)?.value),
        }
    }
    Ok(catalogue)
}

impl Catalogue {
    /// Every record of the indexes with this id or alias, with the name of its source; in order of index and record.
    ///
    /// Errors: an index is damaged.
    pub fn find(&self, id_or_alias: &str) -> Result<Vec<(String, Record)>, FeedError> {
        let mut found = Vec::new();
        for index in &self.indexes {
            for number in index.find(id_or_alias)? {
                let (source, record) = index.record(number)?;
                found.push((source.to_owned(), record));
            }
        }
        Ok(found)
    }

    /// What could not be read of the sources of the indexes when they were compiled.
    pub fn unread(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for index in &self.indexes {
            match index.gaps() {
                // What the reader leaves out on purpose was told when the source was read, and matches nothing.
                Ok(found) => gaps.extend(found.into_iter().filter(|gap| gap.kind != GapKind::NotCovered)),
                Err(error) => gaps.push(unusable(index.name(), &error)),
            }
        }
        gaps
    }

    fn add(&mut self, index: Index, kind: FeedKind) {
        self.indexes.push(index);
        self.kinds.push(kind);
    }
}

fn open_indexes(sys: &dyn Sys, names: &[String], all: &mut Partial<Catalogue>) {
    let opened = spread(names, |name| open_index(sys, name));
    let Some(opened) = opened else {
        return all.gaps.push(unusable("feeds", &FeedError::Internal("opening the indexes".into())));
    };
    for (name, index) in names.iter().zip(opened) {
        match index {
            Ok(index) => all.value.add(index, FeedKind::Installed),
            Err(error) => all.gaps.push(unusable(name, &error)),
        }
    }
}

fn unusable(what: &str, error: &FeedError) -> Gap {
    Gap::new(GapKind::FeedUnusable, Stage::Feed, what, error.to_string()).with_help(error.help())
}

/// The names of the installed indexes, sorted.
///
/// Errors: the directory is there and cannot be listed.
pub fn installed(sys: &dyn Sys) -> Result<Vec<String>, FeedError> {
    let entries = match sys.list(&Home::find(sys)?.dir) {
        Ok(entries) => entries,
        Err(SysError { fault: Fault::NotFound, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let name = |entry: &crate::sys::DirEntry| {
        let name = entry.name.to_str()?.strip_suffix(ENDING)?;
        super::is_name(name).then(|| name.to_owned())
    };
    let mut names: Vec<String> = entries.iter().filter_map(name).collect(); // other files are not indexes
    names.sort();
    Ok(names)
}

/// Opens the installed index of this name.
///
/// Errors: it is not there, or cannot be trusted.
pub fn open_index(sys: &dyn Sys, name: &str) -> Result<Index, FeedError> {
    let home = Home::find(sys)?;
    let path = index_path(&home, name);
    if sys.kind(&path)?.is_none() {
        return Err(FeedError::NotInstalled { name: name.to_owned(), dir: home.dir });
    }
    let index = Index::open(sys, &path, &key::public(sys)?)?;
    if index.name() == name { Ok(index) } else { Err(FeedError::Damaged { path, what: "it has another name" }) }
}

/// Where the index of this name lies.
pub(super) fn index_path(home: &Home, name: &str) -> PathBuf {
    home.dir.join(format!("{name}{ENDING}"))
}

/// Whether an index of this name is installed, in whatever state.
pub fn is_index(sys: &dyn Sys, name: &str) -> bool {
    // Where that cannot be told, opening it as a feed says why.
    super::is_name(name) && Home::find(sys).is_ok_and(|home| matches!(sys.kind(&index_path(&home, name)), Ok(Some(_))))
}

/// Reads a source: a directory, an archive, or a file of records.
pub(super) fn read(sys: &dyn Sys, name: &str, format: Format, path: &Path) -> Result<gather::Gathered, FeedError> {
    match sys.kind(&sys.real_path(path)?)? {
        Some(FileKind::Dir) => gather::directory(sys, name, format, path),
        _ => gather::file(sys, name, format, path),
    }
}

/// An index of one source that is read afresh for this run.
fn compiled(sys: &dyn Sys, format: Format, path: &Path) -> Result<Index, FeedError> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or(format.as_str()).to_owned();
    let gathered = read(sys, &name, format, path)?;
    let key = key::throwaway(sys)?;
    let input = Input { name: name.clone(), format, gathered, refreshed: sys.now()?, mark: None };
    let compiled = index::compile(&name, vec![input], &key)?;
    Index::in_memory(compiled, path, &key.public())
}
