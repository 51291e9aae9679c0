//! The bytes of a compiled feed (`docs/feed-format.md`): header, index, records. It opens no files and trusts none.

use super::key::{Key, PublicKey};
use super::{FeedError, facts};
use crate::model::{
    Advisory, Affects, Collection, Digest, Gap, GapKind, Interval, Kind, Stage, Timestamp, VersionRanges,
};
use serde::{Deserialize, Serialize};

/// The first bytes of every compiled feed of this version.
pub(super) const MAGIC: &[u8] = b"portcullis-feed v1\n";
/// What the first bytes of every version have in common.
pub(super) const ANY_MAGIC: &[u8] = b"portcullis-feed v";
/// A manifest has less than 2 KiB.
pub(super) const MAX_MANIFEST: u32 = 16 << 10;
/// Magic, manifest length, public key and signature.
pub(super) const HEADER_REST: usize = 19 + 4 + 32 + 64;
/// Index, ids, gaps and table of facts: 256 times what the real database needs.
pub(super) const MAX_LIST: u32 = 64 << 20;
/// The records of one package, or some facts of a registry.
pub(super) const MAX_BLOCK: u32 = 32 << 20;

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    /// Bytes.
    pub(super) length: u32,
    /// From the end of the header, in bytes.
    pub(super) offset: u64,
    /// The digest of its bytes.
    #[serde(with = "hex")]
    pub(super) sha256: Digest,
}

/// What the signed header says. Its JSON has these keys in this order and no white space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// Advisories, withdrawn ones included.
    pub(super) advisories: u64,
    /// The commit of the database.
    pub(super) commit: Option<String>,
    /// When it was made, in seconds since 1970.
    pub(super) committed: Option<i64>,
    /// Digest over the source files.
    #[serde(with = "hex")]
    pub(super) content: Digest,
    /// The table of the facts of a registry.
    pub(super) facts: Option<Block>,
    /// What could not be read when it was compiled.
    pub(super) gaps: Block,
    /// Ids and aliases.
    pub(super) ids: Block,
    /// Packages.
    pub(super) index: Block,
    /// `rustsec`.
    pub(super) name: String,
    /// The date of the newest record, in seconds since 1970.
    pub(super) newest: Option<i64>,
    /// Bytes after the header.
    pub(super) size: u64,
}

/// The header of a file, its signature not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// What it says.
    pub(super) manifest: Manifest,
    /// Over everything before the signature.
    pub(super) signed: Vec<u8>,
    /// Who claims to have signed it.
    pub(super) key: PublicKey,
    /// The signature.
    pub(super) signature: [u8; 64],
    /// Bytes of the header, hence where the blocks begin.
    pub(super) length: u64,
}

impl Header {
    /// What names the file: the digest over magic, length and manifest, which hold the digest of everything else. The
    /// signature takes no part, so that the same content has the same name whoever signed it.
    pub(super) fn digest(&self) -> Digest {
        let unsigned = self.signed.len().saturating_sub(32);
        Digest::of(self.signed.get(..unsigned).unwrap_or(&self.signed))
    }

    /// Whether this key signed it.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.key == *key && key.verifies(&self.signed, &self.signature)
    }
}

/// Why bytes are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAHeader {
    /// No compiled feed at all.
    Magic,
    /// Of another version.
    Version,
    /// Of this version, and broken.
    Damaged,
}

/// How long the manifest is, from the first [`MAGIC`] and four bytes of a file.
pub(super) fn manifest_length(start: &[u8]) -> Result<u32, NotAHeader> {
    let Some(length) = start.strip_prefix(MAGIC) else {
        return Err(if start.starts_with(ANY_MAGIC) { NotAHeader::Version } else { NotAHeader::Magic });
    };
    match length.first_chunk() {
        Some(bytes) => Some(u32::from_be_bytes(*bytes)).filter(|n| *n <= MAX_MANIFEST).ok_or(NotAHeader::Damaged),
        None => Err(NotAHeader::Damaged),
    }
}

/// The header at the start of these bytes.
pub(super) fn header(bytes: &[u8]) -> Result<Header, NotAHeader> {
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
pub(super) fn write_header(manifest: &Manifest, key: &Key) -> Result<Vec<u8>, FeedError> {
    let broken = || FeedError::Internal("the manifest of the feed".into());
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

/// One package of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) collection: Collection,
    pub(super) package: Box<str>,
    pub(super) block: Block,
}

/// The bytes of the index; the entries ascend by collection and package.
pub(super) fn write_index(entries: &[Entry]) -> Result<Vec<u8>, FeedError> {
    let mut out = Vec::new();
    for entry in entries {
        out.push(collection_byte(entry.collection));
        facts::put_text(&mut out, &entry.package)?;
        put_block(&mut out, &entry.block);
    }
    Ok(out)
}

/// The entries of an index; none where the bytes are not one, or its entries do not ascend.
pub(super) fn read_index(mut bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::with_capacity(bytes.len() / 64);
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        let collection = collection_of(*first)?;
        let package = facts::take_text(&mut bytes)?;
        let block = take_block(&mut bytes)?;
        if entries.last().is_some_and(|e| (e.collection, e.package.as_ref()) >= (collection, package)) {
            return None;
        }
        entries.push(Entry { collection, package: package.into(), block });
    }
    Some(entries)
}

/// Eight bytes of offset, four of length, 32 of digest.
pub(super) fn put_block(out: &mut Vec<u8>, block: &Block) {
    out.extend(block.offset.to_be_bytes());
    out.extend(block.length.to_be_bytes());
    out.extend(block.sha256.0);
}

/// What [`put_block`] wrote.
pub(super) fn take_block(bytes: &mut &[u8]) -> Option<Block> {
    let (offset, rest) = bytes.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (sha256, rest) = rest.split_first_chunk()?;
    *bytes = rest;
    let (offset, length) = (u64::from_be_bytes(*offset), u32::from_be_bytes(*length));
    Some(Block { offset, length, sha256: Digest(*sha256) })
}

fn collection_byte(collection: Collection) -> u8 {
    match collection {
        Collection::Crates => 0,
        Collection::Rust => 1,
    }
}

fn collection_of(byte: u8) -> Option<Collection> {
    match byte {
        0 => Some(Collection::Crates),
        1 => Some(Collection::Rust),
        _ => None,
    }
}

/// The lines of ids and aliases: upper-case id, collection, package, separated by tabs; sorted, each once.
pub(super) fn write_ids(advisories: &[Advisory]) -> Vec<u8> {
    let mut lines: Vec<String> = Vec::new();
    for a in advisories {
        for id in std::iter::once(&a.id).chain(&a.aliases) {
            // No id of the database holds a control character; one that did could not be looked up, only read.
            if !id.contains(char::is_control) && !a.package.contains(char::is_control) {
                lines.push(format!("{}\t{}\t{}\n", id.to_ascii_uppercase(), collection_byte(a.collection), a.package));
            }
        }
    }
    lines.sort_unstable();
    lines.dedup();
    lines.concat().into_bytes()
}

/// The packages that have a record of this id, which is in upper case.
pub(super) fn read_ids<'a>(bytes: &'a [u8], id: &str) -> Option<Vec<(Collection, &'a str)>> {
    let mut found = Vec::new();
    for line in std::str::from_utf8(bytes).ok()?.lines() {
        let mut parts = line.split('\t');
        let (key, collection, package) = (parts.next()?, parts.next()?, parts.next()?);
        if key == id {
            found.push((collection_of(collection.parse().ok()?)?, package));
        }
    }
    Some(found)
}

/// A gap of the compilation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GapRecord {
    kind: String,
    what: String,
    why: String,
    help: String,
    digest: Option<String>,
}

/// The bytes of the gaps.
pub(super) fn write_gaps(gaps: &[Gap]) -> Result<Vec<u8>, FeedError> {
    let record = |g: &Gap| GapRecord {
        kind: g.kind.as_str().to_owned(),
        what: g.what.clone(),
        why: g.why.clone(),
        help: g.help.clone(),
        digest: g.digest.map(|d| d.hex()),
    };
    let records: Vec<_> = gaps.iter().map(record).collect();
    serde_json::to_vec(&records).map_err(|_| FeedError::Internal("the gaps of the feed".into()))
}

/// The gaps of a compilation.
pub(super) fn read_gaps(bytes: &[u8]) -> Option<Vec<Gap>> {
    let records: Vec<GapRecord> = serde_json::from_slice(bytes).ok()?;
    let gap = |r: GapRecord| {
        let kind = GapKind::ALL.iter().copied().find(|k| k.as_str() == r.kind)?;
        let digest = r.digest.map(|d| d.parse().ok()).map_or(Some(None), |d| d.map(Some))?;
        Some(Gap { digest, ..Gap::new(kind, Stage::Feed, r.what, r.why).with_help(r.help) })
    };
    records.into_iter().map(gap).collect()
}

/// An advisory in a block; package and collection stand in the index.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: String,
    kind: String,
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    date: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    related: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cvss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    references: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    affected: Vec<(Option<String>, Option<String>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    patched: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unaffected: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    functions: Vec<(String, Vec<String>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    arch: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    os: Vec<String>,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Vulnerability, "vulnerability"),
    (Kind::Malicious, "malicious"),
    (Kind::Unsound, "unsound"),
    (Kind::Unmaintained, "unmaintained"),
    (Kind::Notice, "notice"),
];

/// The kind of this name.
pub(super) fn kind_of(word: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, name)| *name == word).map(|(kind, _)| *kind)
}

/// The name of a kind.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(k, _)| *k == kind).map_or("vulnerability", |(_, word)| word) // every kind is in the list
}

/// The bytes of the records of one package.
pub(super) fn write_records(advisories: &[&Advisory]) -> Result<Vec<u8>, FeedError> {
    let text = |v: &Option<semver::Version>| v.as_ref().map(ToString::to_string);
    let record = |a: &&Advisory| Record {
        id: a.id.clone(),
        kind: kind_word(a.kind).to_owned(),
        title: a.title.clone(),
        description: a.description.clone(),
        date: a.date.0,
        withdrawn: a.withdrawn.map(|t| t.0),
        aliases: a.aliases.clone(),
        related: a.related.clone(),
        cvss: a.cvss.clone(),
        url: a.url.clone(),
        references: a.references.clone(),
        categories: a.categories.clone(),
        affected: a.ranges.affected.iter().map(|i| (text(&i.introduced), text(&i.fixed))).collect(),
        patched: a.ranges.patched.clone(),
        unaffected: a.ranges.unaffected.clone(),
        functions: a.affects.functions.clone(),
        arch: a.affects.arch.clone(),
        os: a.affects.os.clone(),
    };
    let records: Vec<Record> = advisories.iter().map(record).collect();
    serde_json::to_vec(&records).map_err(|_| FeedError::Internal("the records of the feed".into()))
}

/// The records of one package; none where the bytes are not that.
pub(super) fn read_records(bytes: &[u8], collection: Collection, package: &str) -> Option<Vec<Advisory>> {
    // To check the whole for UTF-8 is faster than each string of it.
    let records: Vec<Record> = serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
    let version = |text: Option<String>| match text {
        Some(text) => text.parse().ok().map(Some),
        None => Some(None),
    };
    let interval = |(from, to)| Some(Interval { introduced: version(from)?, fixed: version(to)? });
    let advisory = |r: Record| {
        Some(Advisory {
            id: r.id,
            package: package.to_owned(),
            collection,
            kind: kind_of(&r.kind)?,
            title: r.title,
            description: r.description,
            date: Timestamp(r.date),
            withdrawn: r.withdrawn.map(Timestamp),
            aliases: r.aliases,
            related: r.related,
            cvss: r.cvss,
            url: r.url,
            references: r.references,
            categories: r.categories,
            ranges: VersionRanges {
                affected: r.affected.into_iter().map(interval).collect::<Option<_>>()?,
                patched: r.patched,
                unaffected: r.unaffected,
            },
            affects: Affects { functions: r.functions, arch: r.arch, os: r.os },
        })
    };
    records.into_iter().map(advisory).collect()
}

/// Digests in JSON: 64 lowercase hex digits.
mod hex {
    use crate::model::Digest;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&digest.hex())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
