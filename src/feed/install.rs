//! Where installed feeds lie, the signed head that says which file is the current one, and what must hold before another
//! takes its place: not older, and not changed beyond belief. It does not fetch.

use super::compile::{self, Origin};
use super::facts::FactsBlock;
use super::key::{self, Key, PublicKey};
use super::reader::Reader;
use super::source::Records;
use super::{FeedError, is_name, sources};
use crate::model::{Advisory, Collection, Digest, Timestamp};
use crate::sys::{Bytes, Fault, Guard, Sys, SysError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variable with the directory of installed feeds.
pub(super) const VARIABLE: &str = "PORTCULLIS_FEED_DIR";
/// A head has less than 1 KiB.
pub(super) const MAX_HEAD: Bytes = Bytes(8 << 10);
/// Compiling and writing takes well below a second.
const WAIT: Duration = Duration::from_secs(60);
/// How often a reader looks again when the file went away between head and file.
const TRIES: usize = 4;
/// The first line of a head.
const HEAD_TITLE: &str = "portcullis feed head v1";

/// The directory of installed feeds.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) dir: PathBuf,
}

impl Home {
    /// `$PORTCULLIS_FEED_DIR`, or `portcullis/feed` in the user's cache.
    pub(super) fn find(sys: &dyn Sys) -> Result<Self, FeedError> {
        let dir = match sys.var(VARIABLE)?.filter(|dir| !dir.is_empty()) {
            Some(dir) => dir.into(),
            None => key::user_dir(sys, "XDG_CACHE_HOME", ".cache", VARIABLE)?.join("feed"),
        };
        Ok(Self { dir })
    }

    pub(super) fn head(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.head"))
    }

    pub(super) fn file(&self, name: &str, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{name}-{}.feed", digest.hex()))
    }

    pub(super) fn lock(&self, sys: &dyn Sys, name: &str) -> Result<Box<dyn Guard>, FeedError> {
        sys.create_dir(&self.dir)?;
        Ok(sys.lock(&self.dir.join(format!("{name}.lock")), WAIT)?)
    }
}

/// What is installed under a name. Its text is the body of a signed note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// `rustsec`.
    pub name: String,
    /// What names the current file.
    pub file: Digest,
    /// Digest over the source files.
    pub content: Digest,
    /// When the data was had from its source.
    pub refreshed: Timestamp,
    /// The date of the newest record.
    pub newest: Option<Timestamp>,
    /// The commit of the database.
    pub commit: Option<String>,
    /// When the commit was made.
    pub committed: Option<Timestamp>,
    /// Advisories, withdrawn ones included.
    pub advisories: u64,
    /// When the facts of the registry were had, where it has any.
    pub facts: Option<Timestamp>,
    /// The file before this one.
    pub before: Option<Digest>,
}

impl Head {
    /// One line for each field, `-` for what is not known.
    pub(super) fn text(&self) -> String {
        let time = |t: Option<Timestamp>| t.map_or("-".into(), |t| t.to_string());
        let lines = [
            HEAD_TITLE.to_owned(),
            format!("name {}", self.name),
            format!("file {}", self.file.hex()),
            format!("content {}", self.content.hex()),
            format!("refreshed {}", self.refreshed),
            format!("newest {}", time(self.newest)),
            format!("commit {}", self.commit.as_deref().unwrap_or("-")),
            format!("committed {}", time(self.committed)),
            format!("advisories {}", self.advisories),
            format!("facts {}", time(self.facts)),
            format!("before {}", self.before.map_or("-".into(), |d| d.hex())),
        ];
        lines.join("\n") + "\n"
    }

    /// The head of a text; none when it is not exactly what [`Head::text`] gives.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let title = field("portcullis")?; // the first line has the same shape as the others
        let optional = |text: &str| Some(text.to_owned()).filter(|t| t != "-");
        let time = |text: &str| match text {
            "-" => Some(None),
            text => text.parse::<Timestamp>().ok().map(Some),
        };
        let head = Self {
            name: field("name")?.to_owned(),
            file: field("file")?.parse().ok()?,
            content: field("content")?.parse().ok()?,
            refreshed: field("refreshed")?.parse().ok()?,
            newest: time(field("newest")?)?,
            commit: optional(field("commit")?),
            committed: time(field("committed")?)?,
            advisories: field("advisories")?.parse().ok()?,
            facts: time(field("facts")?)?,
            before: match field("before")? {
                "-" => None,
                digest => Some(digest.parse().ok()?),
            },
        };
        (HEAD_TITLE.strip_prefix("portcullis ") == Some(title) && head.text() == text).then_some(head)
    }
}

/// What would become of the records of the installed feed, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Records in the installed feed.
    pub before: usize,
    /// Gone.
    pub removed: Vec<String>,
    /// Withdrawn, and not before.
    pub withdrawn: Vec<String>,
    /// Otherwise different.
    pub changed: Vec<String>,
    /// New.
    pub added: Vec<String>,
}

impl Change {
    /// How many records say something else than before, or nothing.
    pub fn lost(&self) -> usize {
        self.removed.len() + self.withdrawn.len() + self.changed.len()
    }

    /// Compares two lists of records.
    pub(super) fn between(old: &[Advisory], new: &[Advisory]) -> Self {
        type Key<'a> = (Collection, &'a str, &'a str);
        fn map(list: &[Advisory]) -> BTreeMap<Key<'_>, &Advisory> {
            list.iter().map(|a| ((a.collection, a.package.as_str(), a.id.as_str()), a)).collect()
        }
        let (old_map, new_map) = (map(old), map(new));
        let mut change = Self { before: old.len(), ..Self::default() };
        for (key, was) in &old_map {
            match new_map.get(key) {
                None => change.removed.push(was.id.clone()),
                Some(is) if is == was => {}
                Some(is) if is.withdrawn.is_some() && was.withdrawn.is_none() => change.withdrawn.push(was.id.clone()),
                Some(_) => change.changed.push(was.id.clone()),
            }
        }
        change.added =
            new_map.iter().filter(|(key, _)| !old_map.contains_key(*key)).map(|(_, a)| a.id.clone()).collect();
        change
    }

    pub(super) fn exceeds(&self, percent: u8) -> bool {
        self.lost() as u128 * 100 > self.before as u128 * u128::from(percent)
    }
}

/// What is to be installed.
pub(super) struct New {
    pub(super) records: Records,
    pub(super) origin: Origin,
    /// Facts of a registry and when they were had; without them those of the installed feed are kept.
    pub(super) facts: Option<(Vec<FactsBlock>, Timestamp)>,
    /// When the data was had from its source.
    pub(super) refreshed: Timestamp,
}

/// What bounds a replacement.
pub(super) struct Bounds {
    /// More changed records than this are refused.
    pub(super) max_change_percent: u8,
    /// The content digest that somebody looked at and confirmed.
    pub(super) confirmed: Option<Digest>,
}

/// What was installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The new head.
    pub head: Head,
    /// Against what was installed before; none where nothing was, or where it could not be read and was confirmed.
    pub change: Option<Change>,
    /// Records that could not be read.
    pub gaps: usize,
}

/// Compiles and installs under the lock of the name. When anything is refused or fails, the old feed stays current.
pub(super) fn install(
    sys: &dyn Sys,
    home: &Home,
    name: &str,
    new: New,
    bounds: &Bounds,
) -> Result<Installed, FeedError> {
    let key = key::private(sys)?;
    let _guard = home.lock(sys, name)?;
    if sys.kind(&sources::index_path(home, name))?.is_some() {
        return Err(FeedError::NameTaken { name: name.to_owned(), by: "an index of another source" });
    }
    let old = match load(sys, home, name, &key.public()) {
        Ok(head) => Some(head),
        Err(FeedError::NotInstalled { .. }) => None,
        Err(e) => return Err(e),
    };
    let content = new.records.content();
    let (mut change, mut kept) = (None, None);
    if let Some(old) = &old {
        not_older(old, &new)?;
        match old_data(sys, home, old, &key.public()) {
            Ok((records, facts)) => {
                kept = old.facts.map(|time| (facts, time));
                change = Some(Change::between(&records, &new.records.advisories));
            }
            Err(_) if bounds.confirmed == Some(content) => {}
            Err(e) => return Err(FeedError::NothingToCompare { why: e.to_string(), digest: content }),
        }
    }
    if let Some(change) = &change
        && change.exceeds(bounds.max_change_percent)
        && bounds.confirmed != Some(content)
    {
        let limit_percent = bounds.max_change_percent;
        return Err(FeedError::TooMuchChange { change: Box::new(change.clone()), limit_percent, digest: content });
    }
    let facts = new.facts.or(kept);
    let blocks = facts.as_ref().map_or(&[][..], |(blocks, _)| blocks);
    let compiled = compile::compile(name, &new.records, &new.origin, blocks, &key)?;
    let before = match &old {
        Some(old) if old.file == compiled.digest => old.before,
        Some(old) => Some(old.file),
        None => None,
    };
    let head = Head {
        name: name.to_owned(),
        file: compiled.digest,
        content,
        refreshed: new.refreshed,
        newest: new.records.newest(),
        commit: new.origin.commit.clone(),
        committed: new.origin.committed,
        advisories: compiled.manifest.advisories,
        facts: facts.map(|(_, time)| time),
        before,
    };
    sys.replace(&home.file(name, &compiled.digest), &compiled.bytes, false)?;
    sys.replace(&home.head(name), key.note(&head.text())?.as_bytes(), false)?;
    clean(sys, home, name, &head)?;
    Ok(Installed { head, change, gaps: new.records.gaps.len() })
}

fn not_older(old: &Head, new: &New) -> Result<(), FeedError> {
    let check = |what, old: Option<Timestamp>, new: Option<Timestamp>| match (old, new) {
        (Some(old), Some(new)) if new < old => Err(FeedError::Older { what, new, old }),
        _ => Ok(()), // where one side does not say, the other two comparisons stand
    };
    check("newest record", old.newest, new.records.newest())?;
    check("commit", old.committed, new.origin.committed)?;
    check("refresh", Some(old.refreshed), Some(new.refreshed))
}

fn old_data(
    sys: &dyn Sys,
    home: &Home,
    head: &Head,
    key: &PublicKey,
) -> Result<(Vec<Advisory>, Vec<FactsBlock>), FeedError> {
    let reader = open_file(sys, home, head, key)?;
    Ok((reader.all()?, reader.facts_blocks()?))
}

/// Removes what neither the head nor the one before it names: a reader that has just read the old head still finds its
/// file.
fn clean(sys: &dyn Sys, home: &Home, name: &str, head: &Head) -> Result<(), FeedError> {
    let kept = [Some(head.file), head.before].map(|d| d.map(|d| home.file(name, &d)));
    for path in feed_files(sys, home, name)? {
        if !kept.contains(&Some(path.clone())) {
            sys.remove(&path)?;
        }
    }
    Ok(())
}

/// The compiled feeds of a name, sorted.
pub(super) fn feed_files(sys: &dyn Sys, home: &Home, name: &str) -> Result<Vec<PathBuf>, FeedError> {
    let mut files = Vec::new();
    for entry in sys.list(&home.dir)? {
        let digest = entry.name.to_str().and_then(|n| n.strip_prefix(name)?.strip_prefix('-')?.strip_suffix(".feed"));
        if digest.is_some_and(|d| d.len() == 64 && d.parse::<Digest>().is_ok()) {
            files.push(home.dir.join(&entry.name));
        }
    }
    files.sort();
    Ok(files)
}

/// The head of a name, signed by this key.
pub(super) fn load(sys: &dyn Sys, home: &Home, name: &str, key: &PublicKey) -> Result<Head, FeedError> {
    let head = parse_head(&home.head(name), &read_head(sys, home, name)?, key)?;
    if head.name == name { Ok(head) } else { Err(damaged_head(&home.head(name))) }
}

/// The bytes of the head of a name.
fn read_head(sys: &dyn Sys, home: &Home, name: &str) -> Result<Vec<u8>, FeedError> {
    if !is_name(name) {
        return Err(FeedError::BadName(name.to_owned()));
    }
    match sys.read(&home.head(name), MAX_HEAD) {
        Err(SysError { fault: Fault::NotFound, .. }) => {
            Err(FeedError::NotInstalled { name: name.to_owned(), dir: home.dir.clone() })
        }
        other => Ok(other?),
    }
}

/// A head from the bytes of its note.
pub(super) fn parse_head(path: &Path, bytes: &[u8], key: &PublicKey) -> Result<Head, FeedError> {
    let text = std::str::from_utf8(bytes).ok().and_then(|note| key.open_note(note));
    text.and_then(Head::parse).ok_or_else(|| damaged_head(path))
}

fn damaged_head(path: &Path) -> FeedError {
    FeedError::Damaged { path: path.to_owned(), what: "it is not a head signed by the key of this machine" }
}

/// The file that a head names.
fn open_file(sys: &dyn Sys, home: &Home, head: &Head, key: &PublicKey) -> Result<Reader, FeedError> {
    let path = home.file(&head.name, &head.file);
    let reader = Reader::open(sys.open(&path)?, &path, key)?;
    if reader.digest() == head.file && reader.manifest().name == head.name {
        Ok(reader)
    } else {
        Err(FeedError::Damaged { path, what: "it is not the file that its head names" })
    }
}

/// The current head and file of a name.
pub(super) fn current(sys: &dyn Sys, home: &Home, name: &str) -> Result<(Head, Reader), FeedError> {
    read_head(sys, home, name)?; // «not installed» says more than «no key»
    let key = key::public(sys)?;
    let mut tries = 0;
    loop {
        tries += 1;
        let head = load(sys, home, name, &key)?;
        match open_file(sys, home, &head, &key) {
            Ok(reader) => return Ok((head, reader)),
            // A refresh came in between: its head names another file.
            Err(FeedError::Sys(e)) if e.fault == Fault::NotFound && tries < TRIES => {}
            Err(e) => return Err(e),
        }
    }
}

/// Signs a head that is taken along with an exported file.
pub(super) fn head_note(head: &Head, key: &Key) -> Result<Vec<u8>, FeedError> {
    Ok(key.note(&head.text())?.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            name: "rustsec".into(),
            file: Digest::of(b"file"),
            content: Digest::of(b"content"),
            refreshed: Timestamp(1_700_000_000),
            newest: Some(Timestamp(1_690_000_000)),
            commit: None,
            committed: Some(Timestamp(1_695_000_000)),
            advisories: 12,
            facts: None,
            before: Some(Digest::of(b"before")),
        }
    }

    #[test]
    fn a_head_round_trips_and_another_writing_of_it_is_refused() {
        let text = head().text();
        assert_eq!(Head::parse(&text), Some(head()));
        for changed in [
            text.replace("head v1", "head v2"),
            text.replace("\nnewest", "\nnewer"),
            text.replace("advisories 12", "advisories 012"),
            text.replace('\n', "\r\n"),
            text.clone() + "more\n",
            text.replace("commit -\n", ""),
            String::new(),
        ] {
            assert_eq!(Head::parse(&changed), None, "{changed}");
        }
    }

    #[test]
    fn the_bound_is_a_share_of_what_was_there() {
        let lost = |n: usize, before| Change { before, changed: vec![String::new(); n], ..Change::default() };
        assert!(!lost(10, 100).exceeds(10));
        assert!(lost(11, 100).exceeds(10));
        assert!(lost(1, 9).exceeds(10));
        assert!(!lost(0, 0).exceeds(0));
        assert!(lost(1, 1_000).exceeds(0));
        assert!(!lost(1_000, 1_000).exceeds(100));
    }
}
