//! What `portcullis feed …` does with the sources beside RustSec: each is installed as an index of its own. It prints
//! nothing but progress.

use super::gather::{Format, Gathered};
use super::index::{Index, Input, Watermark};
use super::index_install::{self, InstalledIndex, name_for_index, not_a_feed, one_source};
use super::install::{Bounds, Home};
use super::key::{self, PublicKey};
use super::manage::{Exported, progress};
use super::remote::{Had, Remote, osv_name};
use super::sources::{self, index_path};
use super::{FeedError, directory_commit, is_name};
use crate::config::FeedPolicy;
use crate::model::{Digest, Seconds};
use crate::sys::{Bytes, FileKind, Sys};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The index of RustSec's own records, whose feed has the name of the format.
const RUSTSEC_INDEX: &str = "rustsec-index";

/// What came of asking a source.
#[derive(Clone, Debug)]
pub enum Updated {
    /// It gave records.
    Installed(InstalledIndex),
    /// It is still of the installed state, whose refresh is now.
    Unchanged(Watermark),
}

/// What is installed of a source.
#[derive(Clone, Debug)]
pub struct IndexStatus {
    /// How fresh it is. The name of the index is that of its source.
    pub watermark: Watermark,
    /// The file.
    pub path: PathBuf,
    /// What names it.
    pub file: Digest,
    /// Its size.
    pub size: Bytes,
    /// Who signed it.
    pub key: PublicKey,
    /// Since the last refresh.
    pub age: Seconds,
    /// What could not be read, or was left out, when it was compiled.
    pub gaps: usize,
    /// The ecosystems that its records speak of, ascending.
    pub ecosystems: Vec<String>,
}

/// Manages the installed indexes.
pub struct Indexes<'a> {
    sys: &'a dyn Sys,
    home: Home,
    bounds: Bounds,
}

impl<'a> Indexes<'a> {
    /// `confirmed` is the content digest that somebody looked at after a refusal.
    ///
    /// Errors: nothing says where feeds are kept.
    pub fn new(sys: &'a dyn Sys, policy: &FeedPolicy, confirmed: Option<Digest>) -> Result<Self, FeedError> {
        let bounds = Bounds { max_change_percent: policy.max_change_percent, confirmed };
        Ok(Self { sys, home: Home::find(sys)?, bounds })
    }

    /// Compiles a source (a directory, an archive, a file of records) and installs its index. Without a name it is called
    /// by its format, and an OSV source by its ecosystem or else by the name of the path.
    ///
    /// Errors: those of reading it, or it may not take the place of what is installed, which stays then.
    pub fn import(&self, format: Format, path: &Path, name: Option<&str>) -> Result<InstalledIndex, FeedError> {
        // Gaps carry the name, which of OSV is known when it was read.
        let first = name.unwrap_or(format.as_str());
        if name.is_some() {
            name_for_index(first)?;
        }
        let now = self.sys.now()?;
        progress(self.sys, &format!("reading {}", path.display()))?;
        let mut gathered = sources::read(self.sys, first, format, path)?;
        let chosen = match name {
            Some(name) => name.to_owned(),
            None => default_name(format, path, &gathered)?,
        };
        rename(&mut gathered, first, &chosen);
        let is_dir = self.sys.kind(&self.sys.real_path(path)?)? == Some(FileKind::Dir);
        let mark = if is_dir { directory_commit::read(self.sys, path)? } else { None };
        self.install(Input { name: chosen, format, gathered, refreshed: now, mark })
    }

    /// Installs an index that `export` made here, or with `key` elsewhere. It is compiled anew from its records and signed
    /// with the key of this machine. Its age goes on: it is as old as it was where it was exported.
    ///
    /// Errors: it is damaged, not signed by the key, not the index of one source, or may not take the place of what is
    /// installed.
    pub fn import_file(
        &self,
        path: &Path,
        key: Option<&PublicKey>,
        name: Option<&str>,
    ) -> Result<InstalledIndex, FeedError> {
        let key = match key {
            Some(key) => *key,
            None => key::public(self.sys)?,
        };
        let index = Index::open(self.sys, path, &key)?;
        let [mark] = index.watermarks() else {
            return Err(FeedError::NotOneSource { path: path.to_owned(), count: index.watermarks().len() });
        };
        let chosen = name.unwrap_or(&mark.source).to_owned();
        name_for_index(&chosen)?;
        progress(self.sys, &format!("checking {}", path.display()))?;
        index.verify()?;
        let mut records = Vec::new();
        index.each_record(&mut |record| records.push(record))?;
        let mut gathered = Gathered { files: records.len(), records, gaps: index.gaps()?, content: Some(mark.content) };
        rename(&mut gathered, &mark.source, &chosen);
        // A clock that ran ahead where it was exported must not keep it young here.
        let refreshed = mark.refreshed.min(self.sys.now()?);
        self.install(Input { name: chosen, format: mark.format, gathered, refreshed, mark: mark.mark.clone() })
    }

    /// Fetches a source and installs its index. A source that knows the state of what is installed is asked whether there
    /// is another one. Whatever goes wrong, the installed index stays.
    pub fn update(&self, remote: &Remote, ca_file: Option<&Path>) -> Result<Updated, FeedError> {
        name_for_index(&remote.name)?;
        not_a_feed(self.sys, &self.home, &remote.name)?; // before much is fetched for nothing
        let known = self.known(remote);
        progress(self.sys, &format!("fetching {}", remote.url()))?;
        let mark = known.as_ref().and_then(|known| known.mark.as_deref());
        let (gathered, mark) = match (remote.fetch(self.sys, ca_file, mark)?, &known) {
            (Had::New { gathered, mark }, _) => (*gathered, mark),
            (Had::Unchanged, Some(known)) => {
                let now = self.sys.now()?;
                let state = index_install::refresh(self.sys, &self.home, &remote.name, known, now)?;
                return Ok(Updated::Unchanged(state));
            }
            (Had::Unchanged, None) => return Err(FeedError::Internal("an answer that nobody asked for".into())),
        };
        let input =
            Input { name: remote.name.clone(), format: remote.format, gathered, refreshed: self.sys.now()?, mark };
        Ok(Updated::Installed(self.install(input)?))
    }

    /// The state of what is installed of a source, where all of it can be read: what is damaged is fetched anew.
    fn known(&self, remote: &Remote) -> Option<Watermark> {
        let index = sources::open_index(self.sys, &remote.name).ok()?;
        let mark = one_source(&self.home, &index).ok()?;
        let usable = mark.format == remote.format && mark.mark.is_some() && index.verify().is_ok();
        usable.then(|| mark.clone())
    }

    /// The installed index of this name as one file.
    pub fn export(&self, name: &str) -> Result<Exported, FeedError> {
        let index = sources::open_index(self.sys, name)?;
        let mark = one_source(&self.home, &index)?;
        index.verify()?;
        let bytes = self.sys.read(&index_path(&self.home, name), index.size())?;
        let file_name = format!("{name}-{}.index", mark.refreshed.date());
        Ok(Exported { bytes, key: key::public(self.sys)?, file_name })
    }

    /// What is installed under this name.
    pub fn status(&self, name: &str) -> Result<IndexStatus, FeedError> {
        let index = sources::open_index(self.sys, name)?;
        let watermark = one_source(&self.home, &index)?.clone();
        Ok(IndexStatus {
            path: index_path(&self.home, name),
            file: index.digest(),
            size: index.size(),
            key: key::public(self.sys)?,
            age: self.sys.now()?.since(watermark.refreshed),
            gaps: index.gaps()?.len(),
            ecosystems: index.ecosystems()?,
            watermark,
        })
    }

    /// Reads and checks every byte of the installed index.
    pub fn verify(&self, name: &str) -> Result<Watermark, FeedError> {
        let index = sources::open_index(self.sys, name)?;
        let mark = one_source(&self.home, &index)?;
        index.verify()?;
        index.each_record(&mut |_| ())?;
        Ok(mark.clone())
    }

    fn install(&self, input: Input) -> Result<InstalledIndex, FeedError> {
        progress(self.sys, &format!("compiling {} records", input.gathered.records.len()))?;
        index_install::install(self.sys, &self.home, input, &self.bounds)
    }
}

/// What an index is called that nobody named.
fn default_name(format: Format, path: &Path, gathered: &Gathered) -> Result<String, FeedError> {
    match format {
        Format::RustSec => return Ok(RUSTSEC_INDEX.to_owned()),
        Format::RubySec | Format::FriendsOfPhp | Format::Hsec => return Ok(format.as_str().to_owned()),
        Format::Osv => {}
    }
    // Releases of a distribution are one ecosystem.
    let base = |ecosystem: &'_ str| ecosystem.split(':').next().unwrap_or_default().to_owned();
    let ecosystems: BTreeSet<String> =
        gathered.records.iter().flat_map(|record| &record.affected).map(|a| base(&a.ecosystem)).collect();
    let of_path = || path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
    let word = match ecosystems.first() {
        Some(one) if ecosystems.len() == 1 => Some(one.clone()),
        _ => of_path(),
    };
    let name = word.as_deref().and_then(osv_name).filter(|name| is_name(name));
    name.ok_or_else(|| FeedError::NoName(path.display().to_string()))
}

/// Gives the gaps of a source its other name: they begin with it.
fn rename(gathered: &mut Gathered, from: &str, to: &str) {
    for gap in &mut gathered.gaps {
        match gap.what.strip_prefix(from) {
            Some("") => gap.what = to.to_owned(),
            Some(rest) if rest.starts_with('/') => gap.what = format!("{to}{rest}"),
            _ => {} // of something else
        }
    }
    gathered.gaps.sort();
}
