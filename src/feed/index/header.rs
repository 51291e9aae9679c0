//! The signed header of an index: what it holds, from which sources, and how fresh each of them is.

use crate::feed::FeedError;
use crate::feed::format::Block;
use crate::feed::gather::Format;
use crate::feed::key::{Key, PublicKey};
use crate::model::{Digest, Timestamp};
use serde::{Deserialize, Serialize};

/// The first bytes of an index of this version.
pub(super) const MAGIC: &[u8] = b"portcullis-index v1\n";
/// What the first bytes of every version have in common.
pub(super) const ANY_MAGIC: &[u8] = b"portcullis-index v";
/// A manifest with a hundred sources has 40 KiB.
pub(super) const MAX_MANIFEST: u32 = 256 << 10;
/// Magic, manifest length, public key and signature.
pub(super) const HEADER_REST: usize = 20 + 4 + 32 + 64;

/// How fresh a source is, and what tells whether another copy is older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The name of the source.
    pub source: String,
    /// How it writes its records.
    pub format: Format,
    /// Digest over its files.
    pub content: Digest,
    /// Records, withdrawn ones included.
    pub records: u64,
    /// The time of the newest record. None where the source gives no times.
    pub newest: Option<Timestamp>,
    /// When it was had.
    pub refreshed: Timestamp,
    /// What the source itself calls this state: a commit, an ETag, a digest.
    pub mark: Option<String>,
}

impl Watermark {
    /// Whether a new copy of this source may take the place of this one.
    ///
    /// Errors: its newest record or its refresh is older; it has lost its times; or, where neither has times, it has
    /// fewer records, which is all that tells the age of such a source.
    pub fn accept(&self, new: &Self) -> Result<(), FeedError> {
        let older = |what, new, old| Err(FeedError::Older { what, new, old });
        if new.refreshed < self.refreshed {
            return older("refreshed", new.refreshed, self.refreshed);
        }
        match (self.newest, new.newest) {
            (Some(old), Some(new)) if new < old => older("newest record", new, old),
            (Some(_), None) => Err(FeedError::NoTimes { source_name: self.source.clone() }),
            (None, None) if new.records < self.records => {
                Err(FeedError::FewerRecords { source_name: self.source.clone(), new: new.records, old: self.records })
            }
            _ => Ok(()),
        }
    }
}

/// A source in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    content: String,
    format: String,
    mark: Option<String>,
    name: String,
    newest: Option<i64>,
    records: u64,
    refreshed: i64,
}

impl Source {
    pub(super) fn of(watermark: &Watermark) -> Self {
        Self {
            content: watermark.content.hex(),
            format: watermark.format.as_str().to_owned(),
            mark: watermark.mark.clone(),
            name: watermark.source.clone(),
            newest: watermark.newest.map(|t| t.0),
            records: watermark.records,
            refreshed: watermark.refreshed.0,
        }
    }

    pub(super) fn set_refreshed(&mut self, refreshed: Timestamp) {
        self.refreshed = refreshed.0;
    }

    pub(super) fn watermark(&self) -> Option<Watermark> {
        Some(Watermark {
            source: self.name.clone(),
            format: Format::ALL.into_iter().find(|format| format.as_str() == self.format)?,
            content: self.content.parse().ok()?,
            records: self.records,
            newest: self.newest.map(Timestamp),
            refreshed: Timestamp(self.refreshed),
            mark: self.mark.clone(),
        })
    }
}

/// What the signed header says. Its JSON has these keys in this order and no white space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// What could not be read when it was compiled.
    pub(super) gaps: Block,
    /// The table of ids and aliases.
    pub(super) ids: Block,
    /// The name of the index.
    pub(super) name: String,
    /// The table of packages.
    pub(super) packages: Block,
    /// How many records there are.
    pub(super) records: u32,
    /// Bytes after the header.
    pub(super) size: u64,
    /// Ascending by name.
    pub(super) sources: Vec<Source>,
    /// The table of the texts of records.
    pub(super) texts: Block,
}

/// The header of a file, its signature not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) manifest: Manifest,
    signed: Vec<u8>,
    key: PublicKey,
    signature: [u8; 64],
    /// Bytes of the header, hence where the parts begin.
    pub(super) length: u64,
}

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAHeader {
    /// No index at all.
    Magic,
    /// Of another version.
    Version,
    /// Of this version, and broken.
    Damaged,
}

impl Header {
    /// What names the file: the digest over magic, length and manifest, as for a compiled feed.
    pub(super) fn digest(&self) -> Digest {
        let unsigned = self.signed.len().saturating_sub(32);
        Digest::of(self.signed.get(..unsigned).unwrap_or(&self.signed))
    }

    /// Whether this key signed it.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.key == *key && key.verifies(&self.signed, &self.signature)
    }
}

/// How long the manifest is, from the first bytes of a file.
pub(super) fn manifest_length(start: &[u8]) -> Result<u32, NotAHeader> {
    let Some(length) = start.strip_prefix(MAGIC) else {
        return Err(if start.starts_with(ANY_MAGIC) { NotAHeader::Version } else { NotAHeader::Magic });
    };
    let length = length.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    length.filter(|n| *n <= MAX_MANIFEST).ok_or(NotAHeader::Damaged)
}

/// The header at the start of these bytes.
pub(super) fn read(bytes: &[u8]) -> Result<Header, NotAHeader> {
    let length = manifest_length(bytes)? as usize;
    let damaged = || NotAHeader::Damaged;
    let end = MAGIC.len() + 4 + length;
    let json = bytes.get(MAGIC.len() + 4..end).ok_or_else(damaged)?;
    let manifest: Manifest = serde_json::from_slice(json).map_err(|_| damaged())?;
    let signed = bytes.get(..end + 32).ok_or_else(damaged)?.to_vec();
    let key = PublicKey(bytes.get(end..).and_then(|b| b.first_chunk()).copied().ok_or_else(damaged)?);
    let signature = bytes.get(end + 32..).and_then(|b| b.first_chunk()).copied().ok_or_else(damaged)?;
    Ok(Header { manifest, signed, key, signature, length: (end + 32 + 64) as u64 })
}

/// The bytes of the header.
pub(super) fn write(manifest: &Manifest, key: &Key) -> Result<Vec<u8>, FeedError> {
    let broken = || FeedError::Internal("the manifest of the index".into());
    let json = serde_json::to_vec(manifest).map_err(|_| broken())?;
    let length = u32::try_from(json.len()).ok().filter(|n| *n <= MAX_MANIFEST).ok_or_else(broken)?;
    let mut out = MAGIC.to_vec();
    out.extend(length.to_be_bytes());
    out.extend(json);
    out.extend(key.public().0);
    let signature = key.sign(&out)?;
    out.extend(signature);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(newest: Option<i64>, refreshed: i64, records: u64) -> Watermark {
        Watermark {
            source: "s".into(),
            format: Format::Osv,
            content: Digest::of(b""),
            records,
            newest: newest.map(Timestamp),
            refreshed: Timestamp(refreshed),
            mark: None,
        }
    }

    #[test]
    fn an_older_copy_is_refused() {
        let old = mark(Some(100), 1_000, 10);
        assert_eq!(old.accept(&mark(Some(100), 1_000, 10)), Ok(()));
        assert_eq!(old.accept(&mark(Some(101), 1_001, 5)), Ok(()));
        assert!(matches!(old.accept(&mark(Some(99), 1_001, 10)), Err(FeedError::Older { what: "newest record", .. })));
        assert!(matches!(old.accept(&mark(Some(101), 999, 10)), Err(FeedError::Older { what: "refreshed", .. })));
        assert!(matches!(old.accept(&mark(None, 1_001, 10)), Err(FeedError::NoTimes { .. })));
    }

    #[test]
    fn without_times_fewer_records_are_an_older_copy() {
        let old = mark(None, 1_000, 10);
        assert_eq!(old.accept(&mark(None, 1_001, 10)), Ok(()));
        assert_eq!(old.accept(&mark(Some(1), 1_001, 1)), Ok(()));
        assert!(matches!(old.accept(&mark(None, 1_001, 9)), Err(FeedError::FewerRecords { new: 9, old: 10, .. })));
    }
}
