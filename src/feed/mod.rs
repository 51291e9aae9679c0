//! Advisory data: sources, the compiled file, its age and its signature. It says what is known of a package, and never
//! whether that matters.

mod archive;
mod base64;
mod compile;
mod directory_commit;
mod document;
mod embedded;
mod error;
mod facts;
mod format;
mod friendsofphp;
pub mod gather;
mod git;
mod hsec;
pub mod index;
mod index_install;
mod indexes;
mod install;
mod key;
mod landmarks;
mod manage;
pub mod matching;
mod memory;
pub mod merge;
pub mod name;
mod online;
mod osv;
mod ranges;
mod reader;
mod record;
mod registry;
mod remote;
mod requirement;
mod rubysec;
mod rustsec_record;
mod source;
mod sources;
mod stock;
mod usual;
mod yaml;

pub use compile::Origin;
pub use error::FeedError;
pub use facts::{IndexError, Published, index_path};
pub use index_install::InstalledIndex;
pub use indexes::{IndexStatus, Indexes, Updated};
pub use install::{Change, Head, Installed};
pub use key::{Key, PublicKey};
pub use manage::{Exported, Manager, Mirror, Status};
pub use online::published_online;
pub use ranges::{RangeError, affected};
pub use remote::Remote;
pub use rustsec_record::record_of;
pub use sources::{Catalogue, installed, is_index, open_all, open_index, open_to_ask};
pub use stock::{Removed, feeds, remove};

use crate::model::{Advisory, Collection, FeedInfo, FeedKind, Gap, Partial, Timestamp};
use crate::sys::{FileKind, Sys};
use memory::Memory;
use reader::Reader;
use record::Texts;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The feed that is used when none is named, and the name of every feed of this database.
pub const DEFAULT_NAME: &str = "rustsec";
/// The word that chooses what is compiled in.
const EMBEDDED: &str = "embedded";

/// The key of this machine that signs what is compiled; made on first use.
pub fn signing_key(sys: &dyn Sys) -> Result<Key, FeedError> {
    key::private(sys)
}

/// The public key that what is compiled on this machine must be signed by.
pub fn trusted_key(sys: &dyn Sys) -> Result<PublicKey, FeedError> {
    key::public(sys)
}

/// Which feed to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Compiled and installed for this user, by name.
    Installed(String),
    /// A checkout of the database, read afresh each time.
    Directory(PathBuf),
    /// What is compiled into this binary.
    Embedded,
    /// A source of another format than RustSec's, read afresh each time.
    Source(gather::Format, PathBuf),
}

/// What the words after `--feed` choose; without them the installed feed of the default name.
///
/// A word that can be a name is a name even where a directory of that name stands in the working directory: that may
/// be the judged tree, which has no say in this. A directory is written with a slash, or as `.` or `..`. `FORMAT:PATH` is a
/// source of that format (`osv`, `rubysec`, …): a directory, a zip archive, or a file of records.
///
/// Errors: the directory does not exist, or the text is neither.
pub fn choose(sys: &dyn Sys, text: Option<&str>) -> Result<Choice, FeedError> {
    let text = match text {
        None => return Ok(Choice::Installed(DEFAULT_NAME.to_owned())),
        Some(EMBEDDED) => return Ok(Choice::Embedded),
        Some(text) => text,
    };
    if is_name(text) {
        return Ok(Choice::Installed(text.to_owned()));
    }
    if let Some((format, path)) = sources::source_of(text) {
        return Ok(Choice::Source(format, path));
    }
    let path = Path::new(text);
    let looks_like_path = text.contains('/') || matches!(text, "." | "..");
    if !looks_like_path {
        return Err(FeedError::BadName(text.to_owned()));
    }
    match sys.kind(&sys.real_path(path)?)? {
        Some(FileKind::Dir) => Ok(Choice::Directory(path.to_owned())),
        _ => Err(FeedError::NotADirectory(path.to_owned())),
    }
}

/// Whether a feed can have this name: 1–32 lowercase letters, digits and hyphens, a letter or digit first.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 32 && text.starts_with(plain) && text.chars().all(|c| plain(c) || c == '-')
}

/// Whether this is the advisory's id or one of its aliases, in any case.
fn is_called(advisory: &Advisory, id: &str) -> bool {
    std::iter::once(&advisory.id).chain(&advisory.aliases).any(|name| name.eq_ignore_ascii_case(id))
}

/// An open feed. Records are kept once they were read, so that asking twice costs little.
pub struct Feed {
    info: FeedInfo,
    store: Store,
}

enum Store {
    Memory(Memory),
    Compiled(Box<Reader>),
}

impl Feed {
    /// A feed of these advisories, for tests of what uses feeds. Its digest is that of nothing.
    pub fn of(advisories: Vec<Advisory>, info: FeedInfo) -> Self {
        let mut records = source::Records { advisories, gaps: Vec::new(), digest: None };
        records.advisories.sort_by(|a, b| (a.collection, &a.package, &a.id).cmp(&(b.collection, &b.package, &b.id)));
        Self { info, store: Store::Memory(Memory::new(records)) }
    }

    /// What a report says of it.
    pub fn info(&self) -> &FeedInfo {
        &self.info
    }

    /// Every record on a package, withdrawn ones included, sorted by id. Names are compared exactly.
    pub fn for_package(&self, collection: Collection, name: &str) -> Result<Arc<[Advisory]>, FeedError> {
        match &self.store {
            Store::Memory(memory) => Ok(memory.package(collection, name)),
            Store::Compiled(reader) => reader.package(collection, name),
        }
    }

    /// Every record with this id or alias, in any case, sorted by collection, package and id.
    pub fn find(&self, id_or_alias: &str) -> Result<Vec<Advisory>, FeedError> {
        match &self.store {
            Store::Memory(memory) => Ok(memory.all().filter(|a| is_called(a, id_or_alias)).cloned().collect()),
            Store::Compiled(reader) => reader.find(id_or_alias),
        }
    }

    /// Every record, withdrawn ones included, sorted by collection, package and id.
    pub fn all(&self) -> Result<Vec<Advisory>, FeedError> {
        match &self.store {
            Store::Memory(memory) => Ok(memory.all().cloned().collect()),
            Store::Compiled(reader) => reader.all(),
        }
    }

    /// What the registry says of a version, where the feed carries that; none where it does not know the version.
    pub fn published(&self, name: &str, version: &str) -> Result<Option<Published>, FeedError> {
        let versions = match &self.store {
            Store::Memory(_) => None,
            Store::Compiled(reader) => reader.published(name)?,
        };
        Ok(versions.into_iter().flatten().find(|(v, _)| v == version).map(|(_, published)| published))
    }

    /// Whether what the registry says of this crate travels in the feed. True as well where that cannot be read:
    /// asking for a version then says why.
    pub fn knows_published(&self, name: &str) -> bool {
        match &self.store {
            Store::Memory(_) => false,
            Store::Compiled(reader) => reader.published(name).map_or(true, |versions| versions.is_some()),
        }
    }
}

/// Opens a feed. What could not be read of it are gaps.
///
/// Errors: there is no such feed, or it cannot be trusted as a whole.
pub fn open(sys: &dyn Sys, choice: &Choice) -> Result<Partial<Feed>, FeedError> {
    open_with(sys, choice, Texts::Kept)
}

/// [`open`] for a verdict: the descriptions of records, by which nothing is decided, are left out of a feed that is read
/// as a whole. They are hashed like everything else.
///
/// Errors: those of [`open`].
pub fn open_to_judge(sys: &dyn Sys, choice: &Choice) -> Result<Partial<Feed>, FeedError> {
    open_with(sys, choice, Texts::Dropped)
}

fn open_with(sys: &dyn Sys, choice: &Choice, texts: Texts) -> Result<Partial<Feed>, FeedError> {
    match choice {
        Choice::Installed(name) => open_installed(sys, name),
        Choice::Directory(dir) => {
            let records = source::directory(sys, dir, texts)?;
            let commit = directory_commit::read(sys, dir)?;
            Ok(in_memory(records, FeedKind::Directory, None, commit))
        }
        Choice::Source(..) => Err(FeedError::NotOfRustSec),
        Choice::Embedded => match embedded::snapshot()? {
            Some((records, date)) => Ok(in_memory(records, FeedKind::EmbeddedSnapshot, Some(date), None)),
            None => {
                let (records, date) = landmarks::read()?;
                Ok(in_memory(records, FeedKind::EmbeddedLandmarks, Some(date), None))
            }
        },
    }
}

fn in_memory(
    mut records: source::Records,
    kind: FeedKind,
    refreshed: Option<Timestamp>,
    commit: Option<String>,
) -> Partial<Feed> {
    let name = match kind {
        FeedKind::EmbeddedLandmarks => "landmarks",
        FeedKind::Installed | FeedKind::Directory | FeedKind::EmbeddedSnapshot => DEFAULT_NAME,
    };
    let info = FeedInfo {
        name: name.to_owned(),
        kind,
        digest: records.content(),
        advisories: records.advisories.len(),
        newest: records.newest(),
        refreshed,
        commit,
    };
    let gaps = std::mem::take(&mut records.gaps);
    Partial { value: Feed { info, store: Store::Memory(Memory::new(records)) }, gaps }
}

fn open_installed(sys: &dyn Sys, name: &str) -> Result<Partial<Feed>, FeedError> {
    let (head, reader) = install::current(sys, &install::Home::find(sys)?, name)?;
    let gaps = reader.gaps()?;
    let info = FeedInfo {
        name: head.name,
        kind: FeedKind::Installed,
        digest: reader.manifest().content,
        advisories: usize::try_from(reader.manifest().advisories).unwrap_or(usize::MAX),
        newest: head.newest,
        refreshed: Some(head.refreshed),
        commit: head.commit,
    };
    Ok(Partial { value: Feed { info, store: Store::Compiled(Box::new(reader)) }, gaps })
}

/// A map from name and version to what the registry says, as [`published_online`] gives it.
pub type PublishedMap = BTreeMap<(String, String), Published>;

/// Sorted gaps, so that the order of threads does not show.
fn sorted(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort();
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;

    #[test]
    fn a_word_is_a_name_and_a_slash_makes_a_directory() {
        let choose = |text| choose(&RealSys, text);
        assert_eq!(choose(None), Ok(Choice::Installed("rustsec".into())));
        assert_eq!(choose(Some("embedded")), Ok(Choice::Embedded));
        assert_eq!(choose(Some("src")), Ok(Choice::Installed("src".into())));
        assert_eq!(choose(Some("./src")), Ok(Choice::Directory("./src".into())));
        assert_eq!(choose(Some(".")), Ok(Choice::Directory(".".into())));
        assert_eq!(choose(Some("./Cargo.toml")), Err(FeedError::NotADirectory("./Cargo.toml".into())));
        assert!(matches!(choose(Some("./no-such-directory")), Err(FeedError::Sys(_))));
        for bad in ["", "Rust Sec", "-x", "a.b", &"a".repeat(33)] {
            assert_eq!(choose(Some(bad)), Err(FeedError::BadName(bad.into())));
        }
    }

    #[test]
    fn a_feed_can_be_asked_from_many_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Feed>();
    }

    #[test]
    fn the_embedded_feed_says_what_it_is() {
        let feed = open(&RealSys, &Choice::Embedded).unwrap().value;
        assert!(matches!(feed.info().kind, FeedKind::EmbeddedLandmarks | FeedKind::EmbeddedSnapshot));
        assert!(feed.info().refreshed.is_some());
        let h2 = feed.for_package(Collection::Crates, "h2").unwrap();
        assert!(h2.iter().any(|a| a.id == "RUSTSEC-2024-0332"));
        assert_eq!(feed.for_package(Collection::Rust, "h2").unwrap().len(), 0);
        let found = feed.find("ghsa-Q6CP-qfwq-4gcv").unwrap();
        assert_eq!(found.iter().map(|a| a.id.as_str()).collect::<Vec<_>>(), ["RUSTSEC-2024-0332"]);
        assert_eq!(feed.find("RUSTSEC-2024-033").unwrap(), []);
    }
}
