//! The log as a tree of stored tiles: reading hashes and entries, and appending records with a logarithmic amount of
//! reading and writing. What a record says is not known here.

use super::LogIndex;
use super::checkpoint::{self, Checkpoint, CheckpointError, Trust};
use super::merkle::{self, Nodes, Range, leaf_hash};
use super::record::Record;
use super::store::{Change, Read, Store, StoreError, Transaction, body_path};
use super::tile::{self, HEIGHT, Kind, Tile, TileError, WIDTH};
use crate::model::Digest;
use crate::sign::SigningKey;
use crate::sys::{Sys, SysError};
use std::collections::BTreeMap;
use std::time::Duration;

/// A writer that lost the race this often meets a store on which nobody ever wins.
const MAX_ATTEMPTS: u32 = 40;
/// The wait after the first lost race; it doubles up to [`MAX_WAIT`]. Without a random part: one writer wins each race,
/// so waiting alike cannot stop all of them.
const FIRST_WAIT: Duration = Duration::from_millis(5);
const MAX_WAIT: Duration = Duration::from_millis(500);
/// What the origin of a new log starts with; 32 random hex digits follow, so that no two logs are ever mixed up and no
/// name shows.
const ORIGIN: &str = "portcullis.dev/trail/";

/// Why a stored tree cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that the checkpoint commits to is not there.
    #[error("the file {path} is missing")]
    MissingFile {
        /// Its path.
        path: String,
    },
    /// A tile or bundle is malformed.
    #[error("the file {path} is damaged: {error}")]
    Tile {
        /// Its path.
        path: String,
        /// What is wrong.
        error: TileError,
    },
    /// The stored hashes are not those that the checkpoint commits to.
    #[error("the stored tree has another root than its checkpoint")]
    OtherRoot,
}

/// Why nothing was appended. After any of these the record is not in the log, but for [`LogError::Store`], after which it
/// may be there if the store could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The log's checkpoint is not one of a trusted key. Remedy: give the key that the log was written with.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No randomness for the name of a new log.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// Nothing to append, or more than a log can hold.
    #[error("cannot append {records} records to a log of {size}")]
    Count {
        /// How many were given.
        records: usize,
        /// The size of the log.
        size: u64,
    },
    /// What should stand in the log already does not: another log lies there now, or it was cut.
    #[error("the log does not hold the start of this run any more: it was replaced or cut meanwhile")]
    Replaced,
    /// Other writers were faster each time.
    #[error("other writers were faster {attempts} times")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

impl From<TileError> for AppendError {
    fn from(error: TileError) -> Self {
        Self::Log(LogError::Tile { path: "a new bundle".into(), error })
    }
}

/// Where records were appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The index of the first of them; the others follow it.
    pub first: LogIndex,
    /// The signed checkpoint that holds them. Whoever keeps it notices later if history is rewritten.
    pub checkpoint: Vec<u8>,
    /// Its head.
    pub head: Checkpoint,
}

/// Appends records as one change, making the log where there is none. `key` signs; `trust` has the keys that may have
/// signed what is there (the key's own public half is always one of them).
///
/// When this returns `Ok`, the records are durable. They are appended once, even where a store fails after it committed.
pub fn append(
    sys: &dyn Sys,
    store: &dyn Store,
    key: &SigningKey,
    trust: &Trust,
    records: &[Record],
) -> Result<Appended, AppendError> {
    append_after(sys, store, key, trust, None, records)
}

/// Like [`append`], to the log that holds what was appended before: its first entry must stand where it was put.
pub fn append_after(
    sys: &dyn Sys,
    store: &dyn Store,
    key: &SigningKey,
    trust: &Trust,
    before: Option<(&Appended, &Record)>,
    records: &[Record],
) -> Result<Appended, AppendError> {
    let trust = trust.clone().with_key(*key.public());
    let mut wait = FIRST_WAIT;
    for _ in 0..MAX_ATTEMPTS {
        let transaction = store.begin()?;
        let head = open_head(sys, &*transaction, &trust)?;
        if let Some((appended, record)) = before {
            let same = head.origin == appended.head.origin && appended.first.0 < head.size;
            if !same || entry(&*transaction, appended.first.0, head.size)? != record.leaf {
                return Err(AppendError::Replaced);
            }
        }
        let (change, appended) = extend(&*transaction, &head, key, records)?;
        match transaction.commit(&change) {
            Ok(()) => return Ok(appended),
            Err(StoreError::Conflict) => {
                std::thread::sleep(wait);
                wait = (wait * 2).min(MAX_WAIT);
            }
            // Committed or not? Only the store can tell; where it cannot, the first error says why.
            Err(error) => return if committed(store, &appended, records) { Ok(appended) } else { Err(error.into()) },
        }
    }
    Err(AppendError::Contended { attempts: MAX_ATTEMPTS })
}

/// The head to build on; for a store without a log, the empty head of a new one.
fn open_head(sys: &dyn Sys, log: &dyn Transaction, trust: &Trust) -> Result<Checkpoint, AppendError> {
    match log.checkpoint() {
        Some(note) => Ok(checkpoint::open(note, trust)?.head().clone()),
        None => {
            let mut name = [0; 32];
            sys.random(&mut name)?;
            let name: String = Digest(name).hex().chars().take(32).collect();
            Ok(Checkpoint { origin: format!("{ORIGIN}{name}"), size: 0, root: merkle::empty_root() })
        }
    }
}

/// Whether the records stand in the log where they were to be appended.
fn committed(store: &dyn Store, appended: &Appended, records: &[Record]) -> bool {
    // Beginning finishes what a commit left unfinished. A log without these very entries does not hold them.
    let Ok(log) = store.begin() else { return false };
    let Some(size) = log.checkpoint().and_then(claimed_size) else { return false };
    (appended.first.0..).zip(records).all(|(index, record)| {
        index < size && entry(&*log, index, size).is_ok_and(|found| found == record.leaf) // as many indices as records
    })
}

fn claimed_size(note: &[u8]) -> Option<u64> {
    let note = crate::sign::note::parse_note(note).ok()?;
    checkpoint::parse_checkpoint_text(&note.text).ok().map(|head| head.size)
}

/// The change that appends the records to the tree of this head.
fn extend<R: Read + ?Sized>(
    log: &R,
    head: &Checkpoint,
    key: &SigningKey,
    records: &[Record],
) -> Result<(Change, Appended), AppendError> {
    let count = AppendError::Count { records: records.len(), size: head.size };
    let size = head.size.checked_add(records.len() as u64).filter(|size| *size <= merkle::MAX_SIZE);
    let Some(size) = size.filter(|_| !records.is_empty()) else { return Err(count) };
    let mut edge = Edge::read(log, head)?;
    let mut change = Change::default();
    for record in records {
        change.put.insert(body_path(&record.body_digest), record.body.clone());
        edge.push(&record.leaf, &mut change)?;
    }
    edge.finish(&mut change);
    let new = Checkpoint { origin: head.origin.clone(), size, root: edge.root() };
    change.checkpoint = new.sign(key)?.to_text().into_bytes();
    let appended = Appended { first: LogIndex(head.size), checkpoint: change.checkpoint.clone(), head: new };
    Ok((change, appended))
}

/// The right edge of the tree: what is not in a full tile yet.
struct Edge {
    size: u64,
    /// The hashes of the partial tile of each level; empty where the level has none.
    levels: Vec<Vec<Digest>>,
    /// The entries of the partial bundle.
    bundle: Vec<u8>,
    /// Levels below this one changed.
    touched: usize,
}

impl Edge {
    /// Reads the partial tiles, and refuses a tree that its checkpoint does not commit to: what was tampered with is not
    /// signed over.
    fn read<R: Read + ?Sized>(log: &R, head: &Checkpoint) -> Result<Self, LogError> {
        let kinds = (0..HEIGHT).map(Kind::Hashes).chain([Kind::Entries]);
        let log = &Together::read(log, kinds.filter_map(|kind| partial(kind, head.size)))?;
        let mut levels = vec![Vec::new(); HEIGHT.into()];
        for (level, hashes) in (0..HEIGHT).zip(&mut levels) {
            let kind = Kind::Hashes(level); // one level for each of the lists
            if let Some(partial) = partial(kind, head.size) {
                *hashes = self::hashes(log, partial)?;
            }
        }
        let mut edge = Self { size: head.size, levels, bundle: Vec::new(), touched: 0 };
        if edge.root() != head.root {
            return Err(LogError::OtherRoot);
        }
        if let Some(partial) = partial(Kind::Entries, head.size) {
            let entries = bundle(log, partial)?;
            let level = edge.levels.first().map(Vec::as_slice).unwrap_or_default();
            if !entries.iter().map(|entry| leaf_hash(entry)).eq(level.iter().copied()) {
                return Err(LogError::OtherRoot);
            }
            for entry in &entries {
                tile::push_entry(&mut edge.bundle, entry)
                    .map_err(|error| LogError::Tile { path: partial.path(), error })?;
            }
        }
        Ok(edge)
    }

    fn root(&self) -> Digest {
        let mut range = Range::default();
        for (level, hashes) in (0..HEIGHT).zip(&self.levels).rev() {
            hashes.iter().for_each(|hash| range.push(level * HEIGHT, *hash));
        }
        range.root()
    }

    fn push(&mut self, leaf: &[u8], change: &mut Change) -> Result<(), AppendError> {
        tile::push_entry(&mut self.bundle, leaf)?;
        self.size += 1;
        let mut carried = Some(leaf_hash(leaf));
        for (level, hashes) in (0..HEIGHT).zip(&mut self.levels) {
            let Some(hash) = carried.take() else { break };
            hashes.push(hash);
            self.touched = self.touched.max(usize::from(level) + 1);
            if hashes.len() as u64 == WIDTH {
                let kind = Kind::Hashes(level);
                let full = Tile { kind, number: (kind.places(self.size) - 1) / WIDTH, width: WIDTH };
                change.put.insert(full.path(), tile::format_hashes(hashes));
                change.clear.insert(full.partials());
                if level == 0 {
                    let full = Tile { kind: Kind::Entries, ..full };
                    change.put.insert(full.path(), std::mem::take(&mut self.bundle));
                    change.clear.insert(full.partials());
                }
                carried = Some(tile_root(hashes));
                hashes.clear();
            }
        }
        Ok(())
    }

    /// Writes the partial tiles that changed.
    fn finish(&self, change: &mut Change) {
        if let Some(tile) = partial(Kind::Entries, self.size) {
            change.put.insert(tile.path(), self.bundle.clone());
        }
        for (level, hashes) in (0..HEIGHT).zip(&self.levels).take(self.touched) {
            if let Some(tile) = partial(Kind::Hashes(level), self.size) {
                change.put.insert(tile.path(), tile::format_hashes(hashes));
            }
        }
    }
}

/// A log of which some files were read with one question: each question to a git ref starts a program.
struct Together<'r, R: ?Sized> {
    log: &'r R,
    files: BTreeMap<String, Option<Vec<u8>>>,
}

impl<'r, R: Read + ?Sized> Together<'r, R> {
    fn read(log: &'r R, tiles: impl Iterator<Item = Tile>) -> Result<Self, StoreError> {
        let paths: Vec<String> = tiles.map(|tile| tile.path()).collect();
        let files = if paths.is_empty() { Vec::new() } else { log.read_many(&paths)? };
        Ok(Self { log, files: paths.into_iter().zip(files).collect() }) // one answer for each path
    }
}

impl<R: Read + ?Sized> Read for Together<'_, R> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.files.get(path).map_or_else(|| self.log.read(path), |known| Ok(known.clone()))
    }
}

/// The partial tile of the level; none where its last tile is full or it has none.
fn partial(kind: Kind, size: u64) -> Option<Tile> {
    Tile::at(kind, kind.places(size) / WIDTH, size)
}

/// The root over the hashes of a full tile.
pub(super) fn tile_root(hashes: &[Digest]) -> Digest {
    let mut range = Range::default();
    hashes.iter().for_each(|hash| range.push(0, *hash));
    range.root()
}

/// The bytes of a tile or bundle, and how wide what was found is: where the partial one is gone, the full one.
fn tile_bytes<R: Read + ?Sized>(log: &R, tile: Tile) -> Result<(Vec<u8>, Tile), LogError> {
    if let Some(bytes) = log.read(&tile.path())? {
        return Ok((bytes, tile));
    }
    let full = tile.full();
    let bytes = if full == tile { None } else { log.read(&full.path())? };
    bytes.map(|bytes| (bytes, full)).ok_or_else(|| LogError::MissingFile { path: tile.path() })
}

/// The hashes of a tile, unverified.
pub(super) fn hashes<R: Read + ?Sized>(log: &R, tile: Tile) -> Result<Vec<Digest>, LogError> {
    let (bytes, found) = tile_bytes(log, tile)?;
    let mut hashes =
        tile::parse_hashes(&bytes, found.width).map_err(|error| LogError::Tile { path: found.path(), error })?;
    hashes.truncate(usize::try_from(tile.width).unwrap_or(usize::MAX));
    Ok(hashes)
}

/// The entries of a bundle, unverified.
pub(super) fn bundle<R: Read + ?Sized>(log: &R, tile: Tile) -> Result<Vec<Vec<u8>>, LogError> {
    let (bytes, found) = tile_bytes(log, tile)?;
    let entries =
        tile::parse_bundle(&bytes, found.width).map_err(|error| LogError::Tile { path: found.path(), error })?;
    Ok(entries.into_iter().take(usize::try_from(tile.width).unwrap_or(usize::MAX)).map(<[u8]>::to_vec).collect())
}

/// The entry at an index of a log of this size, unverified.
pub(super) fn entry<R: Read + ?Sized>(log: &R, index: u64, size: u64) -> Result<Vec<u8>, LogError> {
    let missing = || LogError::MissingFile { path: format!("the bundle with entry {index}") };
    let tile = Tile::at(Kind::Entries, index / WIDTH, size).ok_or_else(missing)?;
    let place = usize::try_from(index % WIDTH).unwrap_or(usize::MAX);
    bundle(log, tile)?.into_iter().nth(place).ok_or_else(missing)
}

/// The nodes of a stored tree, unverified: a proof made from them is checked against a checkpoint before it is used.
pub(super) struct TileNodes<'r, R: ?Sized> {
    log: &'r R,
    size: u64,
    read: BTreeMap<Tile, Vec<Digest>>,
}

impl<'r, R: Read + ?Sized> TileNodes<'r, R> {
    /// The tree of this size.
    pub(super) fn new(log: &'r R, size: u64) -> Self {
        Self { log, size, read: BTreeMap::new() }
    }
}

impl<R: Read + ?Sized> Nodes for TileNodes<'_, R> {
    type Error = LogError;

    fn node(&mut self, height: u8, index: u64) -> Result<Digest, LogError> {
        let (level, low) = (height / HEIGHT, height % HEIGHT);
        let first = index << low;
        let outside = || LogError::MissingFile { path: format!("a tile of level {level}") };
        let tile = Tile::at(Kind::Hashes(level), first / WIDTH, self.size).ok_or_else(outside)?;
        let hashes = match self.read.entry(tile) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(hashes(self.log, tile)?),
        };
        let start = usize::try_from(first % WIDTH).map_err(|_| outside())?;
        let part = hashes.get(start..start + (1 << low)).ok_or_else(outside)?;
        Ok(tile_root(part))
    }
}
