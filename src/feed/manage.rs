//! What `portcullis feed …` does: update, import, export, status, verify. It prints nothing but progress.

use super::archive;
use super::compile::Origin;
use super::install::{self, Bounds, Head, Home, Installed, New};
use super::key::{self, PublicKey};
use super::reader::Reader;
use super::record::Texts;
use super::source::{self, Records};
use super::{DEFAULT_NAME, FeedError, facts, git, is_name, registry};
use crate::config::FeedPolicy;
use crate::model::{Digest, Gap, Seconds, Timestamp};
use crate::sys::{Bytes, Request, Stream, Sys};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variable with the address that replaces the default one.
const VARIABLE: &str = "PORTCULLIS_FEED_URL";
/// The archive of the newest state of the database.
const DEFAULT_ARCHIVE: &str = "https://github.com/RustSec/advisory-db/archive/refs/heads/main.tar.gz";
/// The database as a repository.
const DEFAULT_GIT: &str = "https://github.com/RustSec/advisory-db.git";
/// Fetching the real archive takes seconds.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Where a refresh comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// A `.tar.gz` over HTTPS.
    Archive(String),
    /// A git repository.
    Git(String),
}

impl Mirror {
    /// From what the user wrote: `git`, or an address that begins with `git+` or ends with `.git`, means the git
    /// program. Without an address `PORTCULLIS_FEED_URL` counts, then the database's own.
    pub fn choose(sys: &dyn Sys, from: Option<&str>, git: bool) -> Result<Self, FeedError> {
        let from = match from {
            Some(from) => Some(from.to_owned()),
            None => sys.var(VARIABLE)?.filter(|url| !url.is_empty()),
        };
        let default = if git { DEFAULT_GIT } else { DEFAULT_ARCHIVE };
        let url = from.unwrap_or_else(|| default.to_owned());
        Ok(match url.strip_prefix("git+") {
            Some(url) => Self::Git(url.to_owned()),
            None if git || url.ends_with(".git") => Self::Git(url),
            None => Self::Archive(url),
        })
    }

    /// The address.
    pub fn url(&self) -> &str {
        match self {
            Self::Archive(url) | Self::Git(url) => url,
        }
    }
}

/// An exported feed or index.
#[derive(Clone, Debug)]
pub struct Exported {
    /// One file: the compiled feed and its head, or an index.
    pub bytes: Vec<u8>,
    /// Who imports it must name this key.
    pub key: PublicKey,
    /// The usual name of the file.
    pub file_name: String,
}

/// What is installed under a name.
#[derive(Clone, Debug)]
pub struct Status {
    /// The signed head.
    pub head: Head,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size: Bytes,
    /// Who signed it.
    pub key: PublicKey,
    /// Since the last refresh.
    pub age: Seconds,
    /// Records that could not be read when it was compiled.
    pub gaps: usize,
}

/// Manages the installed feed of one name.
pub struct Manager<'a> {
    sys: &'a dyn Sys,
    home: Home,
    name: String,
    bounds: Bounds,
}

impl<'a> Manager<'a> {
    /// For the feed of this name; `confirmed` is the content digest that somebody looked at after a refusal.
    ///
    /// Errors: the name is none, or nothing says where feeds are kept.
    pub fn new(
        sys: &'a dyn Sys,
        name: Option<&str>,
        policy: &FeedPolicy,
        confirmed: Option<Digest>,
    ) -> Result<Self, FeedError> {
        let name = name.unwrap_or(DEFAULT_NAME);
        if !is_name(name) {
            return Err(FeedError::BadName(name.to_owned()));
        }
        let bounds = Bounds { max_change_percent: policy.max_change_percent, confirmed };
        Ok(Self { sys, home: Home::find(sys)?, name: name.to_owned(), bounds })
    }

    /// Fetches the database and installs it. Whatever goes wrong, the installed feed stays.
    pub fn update(&self, mirror: &Mirror, ca_file: Option<&Path>) -> Result<Installed, FeedError> {
        self.progress(&format!("fetching {}", mirror.url()))?;
        let unpacked = match mirror {
            Mirror::Git(url) => git::fetch(self.sys, url, &self.name, ca_file)?,
            Mirror::Archive(url) => {
                let request = Request {
                    url: url.clone(),
                    ca_file: ca_file.map(Path::to_owned),
                    limit: archive::MAX_ARCHIVE,
                    time_limit: TIME_LIMIT,
                };
                let body = self.sys.fetch(&request)?;
                self.progress(&format!("unpacking {}", Bytes(body.len() as u64)))?;
                archive::untar(url, &archive::gunzip(url, &body)?, true)?
            }
        };
        self.progress(&format!("compiling {} records", unpacked.files.len()))?;
        let records = source::memory(mirror.url(), &unpacked.files)?;
        self.install(records, unpacked.origin, None, self.sys.now()?)
    }

    /// Compiles a checkout, and the facts of a registry's index where one is given; the gaps are those of the index.
    pub fn import_directory(&self, dir: &Path, index: Option<&Path>) -> Result<(Installed, Vec<Gap>), FeedError> {
        let now = self.sys.now()?;
        let records = source::directory(self.sys, dir, Texts::Kept)?;
        let origin = Origin { commit: super::directory_commit::read(self.sys, dir)?, committed: None };
        let (mut blocks, mut gaps) = (None, Vec::new());
        if let Some(index) = index {
            self.progress(&format!("reading the index {}", index.display()))?;
            let (crates, odd) = registry::read(self.sys, index)?;
            self.progress(&format!("compiling the facts of {} crates", crates.len()))?;
            (blocks, gaps) = (Some((facts::blocks(crates)?, now)), odd);
        }
        Ok((self.install(records, origin, blocks, now)?, gaps))
    }

    /// Installs a file that `export` made here, or with `key` elsewhere, and signs it with the key of this machine. Its
    /// age goes on: it is as old as it was where it was exported.
    pub fn import_file(&self, path: &Path, key: Option<&PublicKey>) -> Result<Installed, FeedError> {
        let key = match key {
            Some(key) => *key,
            None => key::public(self.sys)?,
        };
        let damaged = || FeedError::Damaged { path: path.to_owned(), what: "the head at its end" };
        let (reader, rest) = Reader::open_with_rest(self.sys.open(path)?, path, &key)?;
        let length = usize::try_from(rest).ok().filter(|n| *n as u64 <= install::MAX_HEAD.0).ok_or_else(damaged)?;
        let head = install::parse_head(path, &reader.rest(length)?, &key).map_err(|_| damaged())?;
        if head.file != reader.digest() {
            return Err(damaged());
        }
        reader.verify()?;
        let manifest = reader.manifest();
        let records = Records { advisories: reader.all()?, gaps: reader.gaps()?, digest: Some(manifest.content) };
        let origin = Origin { commit: manifest.commit.clone(), committed: manifest.committed.map(Timestamp) };
        let facts = match head.facts {
            Some(time) => Some((reader.facts_blocks()?, time)),
            None => None,
        };
        // A clock that ran ahead where it was exported must not keep it young here.
        let refreshed = head.refreshed.min(self.sys.now()?);
        self.install(records, origin, facts, refreshed)
    }

    /// The installed feed as one file.
    pub fn export(&self) -> Result<Exported, FeedError> {
        let (head, reader) = install::current(self.sys, &self.home, &self.name)?;
        reader.verify()?;
        let path = self.home.file(&self.name, &head.file);
        let mut bytes = self.sys.read(&path, Bytes(u64::from(u32::MAX)))?;
        let key = key::private(self.sys)?;
        bytes.extend(install::head_note(&head, &key)?);
        Ok(Exported { bytes, key: key.public(), file_name: format!("{}-{}.feed", self.name, head.refreshed.date()) })
    }

    /// What is installed.
    pub fn status(&self) -> Result<Status, FeedError> {
        let (head, reader) = install::current(self.sys, &self.home, &self.name)?;
        let path = self.home.file(&self.name, &head.file);
        let size = self.sys.open(&path)?.size()?;
        let age = self.sys.now()?.since(head.refreshed);
        Ok(Status { gaps: reader.gaps()?.len(), path, size, key: key::public(self.sys)?, age, head })
    }

    /// Reads and checks every byte of the installed feed.
    pub fn verify(&self) -> Result<Head, FeedError> {
        let (head, reader) = install::current(self.sys, &self.home, &self.name)?;
        reader.verify()?;
        let path = self.home.file(&self.name, &head.file);
        let manifest = reader.manifest();
        let same = manifest.content == head.content
            && manifest.advisories == head.advisories
            && manifest.newest == head.newest.map(|t| t.0)
            && reader.all()?.len() as u64 == manifest.advisories;
        if same { Ok(head) } else { Err(FeedError::Damaged { path, what: "its head counts something else" }) }
    }

    fn install(
        &self,
        records: Records,
        origin: Origin,
        facts: Option<(Vec<facts::FactsBlock>, Timestamp)>,
        refreshed: Timestamp,
    ) -> Result<Installed, FeedError> {
        install::install(self.sys, &self.home, &self.name, New { records, origin, facts, refreshed }, &self.bounds)
    }

    fn progress(&self, text: &str) -> Result<(), FeedError> {
        progress(self.sys, text)
    }
}

/// One line on standard error, for people who wait.
pub(super) fn progress(sys: &dyn Sys, text: &str) -> Result<(), FeedError> {
    if sys.terminal(Stream::Err).is_some() {
        let plain: String = text.chars().filter(|c| !c.is_control()).collect();
        sys.print(Stream::Err, format!("{plain} …\n").as_bytes())?;
    }
    Ok(())
}
