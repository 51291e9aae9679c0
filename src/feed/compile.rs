//! Records to the bytes of a compiled feed: the same input and key give the same bytes. Writes nothing.

use super::FeedError;
use super::facts::{self, FactsBlock};
use super::format::{self, Block, Entry, MAX_BLOCK, MAX_LIST, Manifest};
use super::key::Key;
use super::source::Records;
use crate::model::{Digest, Timestamp};

/// Where the records come from, as far as the source says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The commit of the database, 40 or 64 hex digits.
    pub commit: Option<String>,
    /// When the commit was made.
    pub committed: Option<Timestamp>,
}

/// A feed ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compiled {
    /// The file.
    pub(super) bytes: Vec<u8>,
    /// What names it.
    pub(super) digest: Digest,
    /// What its header says.
    pub(super) manifest: Manifest,
}

/// The parts after the header, laid end to end.
struct Layout {
    data: Vec<u8>,
}

impl Layout {
    fn add(&mut self, bytes: &[u8], limit: u32, unit: &'static str) -> Result<Block, FeedError> {
        let too_many = || FeedError::TooMany { what: unit.into(), limit: u64::from(limit), unit: "bytes" };
        let length = u32::try_from(bytes.len()).ok().filter(|n| *n <= limit).ok_or_else(too_many)?;
        let block = Block { length, offset: self.data.len() as u64, sha256: Digest::of(bytes) };
        self.data.extend(bytes);
        Ok(block)
    }
}

/// Compiles the records, and the facts of a registry where there are any.
pub(super) fn compile(
    name: &str,
    records: &Records,
    origin: &Origin,
    facts: &[FactsBlock],
    key: &Key,
) -> Result<Compiled, FeedError> {
    let mut layout = Layout { data: Vec::new() };
    let mut entries = Vec::new();
    for package in records.advisories.chunk_by(|a, b| (a.collection, &a.package) == (b.collection, &b.package)) {
        let Some(first) = package.first() else { continue }; // a chunk has at least one
        let bytes = format::write_records(&package.iter().collect::<Vec<_>>())?;
        let block = layout.add(&bytes, MAX_BLOCK, "the records of one package")?;
        entries.push(Entry { collection: first.collection, package: first.package.as_str().into(), block });
    }
    let mut table = Vec::new();
    for block in facts {
        table.push((block.first.clone(), layout.add(&block.bytes, MAX_BLOCK, "the facts of one crate")?));
    }
    let facts = match table.as_slice() {
        [] => None,
        table => Some(layout.add(&facts::write_table(table)?, MAX_LIST, "the table of facts")?),
    };
    let manifest = Manifest {
        advisories: records.advisories.len() as u64,
        commit: origin.commit.clone(),
        committed: origin.committed.map(|t| t.0),
        content: records.content(),
        facts,
        gaps: layout.add(&format::write_gaps(&records.gaps)?, MAX_LIST, "the gaps")?,
        ids: layout.add(&format::write_ids(&records.advisories), MAX_LIST, "the ids")?,
        index: layout.add(&format::write_index(&entries)?, MAX_LIST, "the index")?,
        name: name.to_owned(),
        newest: records.newest().map(|t| t.0),
        size: layout.data.len() as u64,
    };
    let mut bytes = format::write_header(&manifest, key)?;
    let header = format::header(&bytes).map_err(|_| FeedError::Internal("the header of the feed".into()))?;
    bytes.extend(layout.data);
    Ok(Compiled { bytes, digest: header.digest(), manifest })
}
