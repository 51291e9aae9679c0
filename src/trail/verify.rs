//! Verifies a whole log: every leaf, body, signature, tile and file, and that it grew out of a saved checkpoint. It names
//! the index and the run of what is wrong, and it repairs nothing.

use super::LogIndex;
use super::checkpoint::{self, Checkpoint, CheckpointError, Trust};
use super::leaf::{Leaf, LeafError, LeafKind, parse_leaf};
use super::log::{LogError, TileNodes, tile_root};
use super::merkle::{Range, check_consistency, leaf_hash, prove_consistency};
use super::record::PAYLOAD_TYPE;
use super::statement::{StatementError, Summary, parse_statement};
use super::store::{BODIES, Change, Store, StoreError, body_path};
use super::tile::{self, CHECKPOINT, HEIGHT, Kind, Tile, TileError, WIDTH, parse_tile_path};
use crate::model::Digest;
use crate::sign::PublicKey;
use crate::sign::dsse::{EnvelopeError, parse_envelope};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// More problems than this are counted, not listed: nobody reads them.
pub const MAX_PROBLEMS: usize = 1_000;
/// A log that is written to while it is looked at is looked at again; after this many times the last look counts.
const MAX_ROUNDS: usize = 5;
/// More threads than this wait for the disk.
const MAX_THREADS: usize = 8;

/// Why a log could not be looked at. What is wrong *in* it is a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no log. Remedy: name the trail with `--trail`.
    #[error("there is no trail")]
    NoLog,
    /// A thread of ours panicked: a fault of Portcullis.
    #[error("a verifying thread panicked")]
    Panicked,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemKind {
    /// The checkpoint is malformed or not of a trusted key.
    #[error("the checkpoint is not to be believed: {0}")]
    Checkpoint(CheckpointError),
    /// The saved checkpoint is malformed or not of a trusted key.
    #[error("the saved checkpoint is not to be believed: {0}")]
    SavedCheckpoint(CheckpointError),
    /// The saved checkpoint is of another log.
    #[error("the saved checkpoint is of the log {saved}, this one is {found}")]
    OtherLog {
        /// The origin that was saved.
        saved: String,
        /// The origin that is there.
        found: String,
    },
    /// Records were cut off.
    #[error("the saved checkpoint has {saved} records, the log only {found}: records were removed")]
    Truncated {
        /// The size that was saved.
        saved: u64,
        /// The size that is there.
        found: u64,
    },
    /// The log does not grow out of the saved checkpoint.
    #[error("the log does not continue the saved checkpoint of {saved} records: history was rewritten")]
    Rewritten {
        /// The size that was saved.
        saved: u64,
    },
    /// A file that the checkpoint commits to is not there.
    #[error("the file {path} is missing")]
    MissingFile {
        /// Its path.
        path: String,
    },
    /// A tile or bundle is malformed.
    #[error("the file {path} is damaged: {error}")]
    Malformed {
        /// Its path.
        path: String,
        /// What is wrong.
        error: TileError,
    },
    /// A tile does not hold the hashes of what is below it.
    #[error("the file {path} does not hold the hashes of the records below it")]
    Tile {
        /// Its path.
        path: String,
    },
    /// An earlier partial tile is not the beginning of the present one.
    #[error("the file {path} is not the beginning of what became of it")]
    Partial {
        /// Its path.
        path: String,
    },
    /// A file that no record names.
    #[error("the file {path} does not belong to the log")]
    ForeignFile {
        /// Its path.
        path: String,
    },
    /// The records do not make the root that was signed.
    #[error("the records do not make the root that was signed")]
    Root,
    /// The entry does not have the hash that its tile says.
    #[error("the entry is not the one whose hash is in the tree")]
    Entry,
    /// The entry is not a leaf.
    #[error("the entry is not a leaf: {0}")]
    Leaf(LeafError),
    /// The body is gone. Its leaf still proves that it was there.
    #[error("the body is missing")]
    BodyMissing,
    /// The body is another one.
    #[error("the body is not the one that was recorded")]
    BodyDigest,
    /// The body is malformed or not signed by a trusted key.
    #[error("the body is not to be believed: {0}")]
    Envelope(EnvelopeError),
    /// The body does not say what its leaf says.
    #[error("{0}")]
    Statement(StatementError),
    /// The decision names a start that is not there.
    #[error("the decision names record {start} as its start, which is no start before it")]
    NoSuchStart {
        /// The index it names.
        start: LogIndex,
    },
    /// The decision and its start are of different runs.
    #[error("the decision and its start {start} are of different runs")]
    OtherRun {
        /// The index it names.
        start: LogIndex,
    },
    /// A run decided twice.
    #[error("the run decided before, at record {first}")]
    DecidedTwice {
        /// The earlier decision.
        first: LogIndex,
    },
    /// Two records have one body.
    #[error("the body is that of record {first} as well")]
    SameBody {
        /// The earlier record.
        first: LogIndex,
    },
    /// The store's own state does not fit together.
    #[error("{0}")]
    State(StoreError),
}

/// One thing that is wrong, and which record it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The record, or the first of those concerned; none where it is the log as a whole.
    pub index: Option<LogIndex>,
    /// Its run, as `id/attempt`, or the run's commitment where no body can be read.
    pub run: Option<String>,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.index, &self.run) {
            (Some(index), Some(run)) => write!(f, "record {index} (run {run}): {}", self.kind),
            (Some(index), None) => write!(f, "record {index}: {}", self.kind),
            (None, _) => write!(f, "{}", self.kind),
        }
    }
}

/// A run that started and did not decide: killed, or still going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its start.
    pub index: LogIndex,
    /// The run, as `id/attempt`.
    pub run: Option<String>,
    /// Who started it.
    pub initiator: Option<String>,
}

/// What a look at a log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The head that was verified; none where the checkpoint itself is the problem.
    pub head: Option<Checkpoint>,
    /// Runs that started and did not decide, by index.
    pub unfinished: Vec<Unfinished>,
    /// Whether a writer committed a change and did not publish it; the next append does.
    pub pending: bool,
    /// What is wrong, by index, at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// Problems beyond those listed.
    pub more_problems: usize,
}

impl Verification {
    fn of_problem(kind: ProblemKind) -> Self {
        let problems = vec![Problem { index: None, run: None, kind }];
        Self { head: None, unfinished: Vec::new(), pending: false, problems, more_problems: 0 }
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Verifies the log in the store. `since` is a checkpoint that was saved earlier: without one, a log that was cut or
/// rewritten with the log's own key cannot be told from one that always was so.
pub fn verify(store: &dyn Store, trust: &Trust, since: Option<&[u8]>) -> Result<Verification, VerifyError> {
    let mut round = 1;
    loop {
        let before = store.checkpoint()?;
        let found = match &before {
            Some(note) => look(store, note, trust, since)?,
            None if since.is_some() => Verification::of_problem(no_log(since, trust)),
            None => return Err(VerifyError::NoLog),
        };
        // A writer may have worked while we looked: what seems wrong counts only on a log that stood still.
        if found.is_good() || round == MAX_ROUNDS || store.checkpoint()? == before {
            return Ok(found);
        }
        round += 1;
    }
}

fn no_log(since: Option<&[u8]>, trust: &Trust) -> ProblemKind {
    match checkpoint::open(since.unwrap_or_default(), trust) {
        Ok(saved) => ProblemKind::Truncated { saved: saved.head().size, found: 0 },
        Err(error) => ProblemKind::SavedCheckpoint(error),
    }
}

fn look(store: &dyn Store, note: &[u8], trust: &Trust, since: Option<&[u8]>) -> Result<Verification, VerifyError> {
    let head = match checkpoint::open(note, trust) {
        Ok(verified) => verified.head().clone(),
        Err(error) => return Ok(Verification::of_problem(ProblemKind::Checkpoint(error))),
    };
    let mut findings = Findings::default();
    let records = records(store, &head, &trust.public_keys(), &mut findings)?;
    tree(store, &head, &records, &mut findings)?;
    if let Some(since) = since {
        consistency(store, &head, since, trust, &records, &mut findings)?;
    }
    let unfinished = runs(&records, &mut findings);
    // The files first, then the state: a writer that works just now has committed before it writes a file.
    let paths = store.list()?;
    let pending = match store.pending() {
        Ok(pending) => pending,
        Err(error @ (StoreError::Damaged { .. } | StoreError::BadPath { .. })) => {
            findings.log(ProblemKind::State(error));
            None
        }
        Err(error) => return Err(error.into()),
    };
    files(store, &head, &records, &paths, pending.as_ref(), &mut findings)?;
    let (problems, more_problems) = findings.finish(&records);
    Ok(Verification { head: Some(head), unfinished, pending: pending.is_some(), problems, more_problems })
}

/// What one record says, as far as it could be read.
#[derive(Default)]
struct Seen {
    /// The hash of the entry as it is stored; none where the entry could not be read.
    hash: Option<Digest>,
    leaf: Option<Leaf>,
    run: Option<String>,
    initiator: Option<String>,
}

#[derive(Default)]
struct Findings(Vec<(Option<u64>, ProblemKind)>);

impl Findings {
    fn log(&mut self, kind: ProblemKind) {
        self.0.push((None, kind));
    }

    fn record(&mut self, index: u64, kind: ProblemKind) {
        self.0.push((Some(index), kind));
    }

    /// In the order of the records, those of the log as a whole first, each with its run.
    fn finish(mut self, records: &[Seen]) -> (Vec<Problem>, usize) {
        self.0.sort_by_key(|(index, _)| *index); // stable: problems of one record keep their order
        let more = self.0.len().saturating_sub(MAX_PROBLEMS);
        self.0.truncate(MAX_PROBLEMS);
        let problem = |(index, kind): (Option<u64>, ProblemKind)| {
            let run = index.and_then(|index| run_of(records, index));
            Problem { index: index.map(LogIndex), run, kind }
        };
        (self.0.into_iter().map(problem).collect(), more)
    }
}

fn at(records: &[Seen], index: u64) -> Option<&Seen> {
    usize::try_from(index).ok().and_then(|index| records.get(index))
}

/// The run of a record: from its own body, else from the other record of the run, else its commitment.
fn run_of(records: &[Seen], index: u64) -> Option<String> {
    let seen = at(records, index)?;
    let other = || {
        let start = match seen.leaf.as_ref().map(|leaf| &leaf.kind) {
            Some(LeafKind::Decision { start, .. }) => return at(records, start.0)?.run.clone(),
            Some(LeafKind::Start) | None => index,
        };
        let decides = |seen: &&Seen| matches!(seen.leaf.as_ref().map(|leaf| &leaf.kind), Some(LeafKind::Decision { start: of, .. }) if of.0 == start);
        records.iter().find(decides)?.run.clone()
    };
    seen.run.clone().or_else(other).or_else(|| seen.leaf.as_ref().map(|leaf| leaf.run.to_string()))
}

/// Reads and checks every entry with its body, bundle by bundle on several threads.
fn records(
    store: &dyn Store,
    head: &Checkpoint,
    trusted: &[PublicKey],
    findings: &mut Findings,
) -> Result<Vec<Seen>, VerifyError> {
    let bundles: Vec<Tile> = Tile::level(Kind::Entries, head.size).collect();
    let next = AtomicU64::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || -> Result<(), VerifyError> {
        while let Some(tile) =
            usize::try_from(next.fetch_add(1, Ordering::Relaxed)).ok().and_then(|number| bundles.get(number))
        {
            let checked = bundle(store, *tile, trusted)?;
            done.lock().map_err(|_| VerifyError::Panicked)?.insert(tile.number, checked);
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(bundles.len());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| VerifyError::Panicked)?)
    })?;
    let mut records = Vec::new();
    for (seen, problems) in done.into_inner().map_err(|_| VerifyError::Panicked)?.into_values() {
        records.extend(seen);
        findings.0.extend(problems.0);
    }
    Ok(records)
}

/// Checks one bundle. Returns one [`Seen`] for each place of it, whatever is wrong.
fn bundle(store: &dyn Store, tile: Tile, trusted: &[PublicKey]) -> Result<(Vec<Seen>, Findings), VerifyError> {
    let mut findings = Findings::default();
    let first = tile.number * WIDTH;
    let mut seen: Vec<Seen> = (0..tile.width).map(|_| Seen::default()).collect();
    let path = tile.path();
    let Some(bytes) = store.read(&path)? else {
        findings.record(first, ProblemKind::MissingFile { path });
        return Ok((seen, findings));
    };
    let entries = match tile::parse_bundle(&bytes, tile.width) {
        Ok(entries) => entries,
        Err(error) => {
            findings.record(first, ProblemKind::Malformed { path, error });
            return Ok((seen, findings));
        }
    };
    let hashes = level_zero(store, tile, &mut findings)?;
    let mut bodies = Vec::new(); // the place in the bundle and the path of the body of each leaf
    for (place, (seen, entry)) in seen.iter_mut().zip(&entries).enumerate() {
        let index = first + place as u64; // a parsed bundle has as many entries as places
        let hash = leaf_hash(entry);
        if hashes.as_ref().is_some_and(|hashes| hashes.get(place) != Some(&hash)) {
            findings.record(index, ProblemKind::Entry);
        }
        seen.hash = Some(hash);
        match parse_leaf(entry) {
            Ok(leaf) => {
                bodies.push((place, body_path(&leaf.body)));
                seen.leaf = Some(leaf);
            }
            Err(error) => findings.record(index, ProblemKind::Leaf(error)),
        }
    }
    let paths: Vec<String> = bodies.iter().map(|(_, path)| path.clone()).collect();
    for ((place, _), body) in bodies.iter().zip(store.read_many(&paths)?) {
        // One answer for each path is the store's contract.
        let Some((seen, leaf)) = seen.get_mut(*place).and_then(|seen| seen.leaf.clone().map(|leaf| (seen, leaf)))
        else {
            continue; // cannot be: every place in `bodies` has a leaf
        };
        let checked = match body {
            None => Err(ProblemKind::BodyMissing),
            Some(body) => check_body(&body, &leaf, trusted),
        };
        match checked {
            Ok(summary) => {
                seen.run = Some(summary.run_label());
                seen.initiator = summary.initiator;
            }
            Err(kind) => findings.record(first + *place as u64, kind),
        }
    }
    Ok((seen, findings))
}

/// The leaf hashes that the tree stores beside the bundle.
fn level_zero(store: &dyn Store, bundle: Tile, findings: &mut Findings) -> Result<Option<Vec<Digest>>, VerifyError> {
    let tile = Tile { kind: Kind::Hashes(0), ..bundle };
    let path = tile.path();
    let kind = match store.read(&path)? {
        None => ProblemKind::MissingFile { path },
        Some(bytes) => match tile::parse_hashes(&bytes, tile.width) {
            Ok(hashes) => return Ok(Some(hashes)),
            Err(error) => ProblemKind::Malformed { path, error },
        },
    };
    findings.record(tile.number * WIDTH, kind);
    Ok(None)
}

/// Checks that a body is the one its leaf names, signed by a trusted key, and that both say the same.
pub(super) fn check_body(body: &[u8], leaf: &Leaf, trusted: &[PublicKey]) -> Result<Summary, ProblemKind> {
    if Digest::of(body) != leaf.body {
        return Err(ProblemKind::BodyDigest);
    }
    let envelope = parse_envelope(body).map_err(ProblemKind::Envelope)?;
    let (payload, _) = envelope.verify(PAYLOAD_TYPE, trusted).map_err(ProblemKind::Envelope)?;
    let summary = parse_statement(payload).map_err(ProblemKind::Statement)?;
    summary.fits(leaf).map_err(ProblemKind::Statement)?;
    Ok(summary)
}

/// Builds the tree over the entries anew and compares every tile above level 0, and the root.
fn tree(store: &dyn Store, head: &Checkpoint, records: &[Seen], findings: &mut Findings) -> Result<(), VerifyError> {
    let Some(mut hashes) = records.iter().map(|seen| seen.hash).collect::<Option<Vec<_>>>() else {
        return Ok(()); // an entry is unreadable, which is reported; no tree can be built without it
    };
    let mut range = Range::default();
    hashes.iter().for_each(|hash| range.push(0, *hash));
    // A wrong entry is told where it stands; without one the wrong root is the only sign.
    let entry_told = findings.0.iter().any(|(_, kind)| matches!(kind, ProblemKind::Entry));
    if range.root() != head.root && !entry_told {
        findings.log(ProblemKind::Root);
    }
    for level in 1..HEIGHT {
        let (full, _rest) = hashes.as_chunks::<{ WIDTH as usize }>(); // a partial tile has no hash above it
        hashes = full.iter().map(|tile| tile_root(tile)).collect();
        for (tile, hashes) in Tile::level(Kind::Hashes(level), head.size).zip(hashes.chunks(WIDTH as usize)) {
            let path = tile.path();
            let first = (tile.number * WIDTH) << (u32::from(level) * u32::from(HEIGHT));
            match store.read(&path)? {
                None => findings.record(first, ProblemKind::MissingFile { path }),
                Some(bytes) if bytes != tile::format_hashes(hashes) && !entry_told => {
                    findings.record(first, ProblemKind::Tile { path });
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Checks that the log grew out of the saved checkpoint, by the records themselves and by a proof from the tiles.
fn consistency(
    store: &dyn Store,
    head: &Checkpoint,
    since: &[u8],
    trust: &Trust,
    records: &[Seen],
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let saved = match checkpoint::open(since, trust) {
        Ok(saved) => saved.head().clone(),
        Err(error) => {
            findings.log(ProblemKind::SavedCheckpoint(error));
            return Ok(());
        }
    };
    if saved.origin != head.origin {
        findings.log(ProblemKind::OtherLog { saved: saved.origin, found: head.origin.clone() });
        return Ok(());
    }
    if saved.size > head.size {
        findings.log(ProblemKind::Truncated { saved: saved.size, found: head.size });
        return Ok(());
    }
    let mut range = Range::default();
    let old = usize::try_from(saved.size).unwrap_or(usize::MAX);
    records.iter().take(old).filter_map(|seen| seen.hash).for_each(|hash| range.push(0, hash)); // unreadable: told
    let by_records = range.root() == saved.root;
    let mut nodes = TileNodes::new(store, head.size);
    let by_proof = match prove_consistency(&mut nodes, saved.size, head.size) {
        Ok(proof) => check_consistency(saved.size, head.size, &proof, &saved.root, &head.root).is_ok(),
        Err(LogError::Store(error)) => return Err(error.into()),
        Err(LogError::MissingFile { .. } | LogError::Tile { .. } | LogError::OtherRoot) => false,
    };
    if !by_records || !by_proof {
        findings.log(ProblemKind::Rewritten { saved: saved.size });
    }
    Ok(())
}

/// Checks that records refer to each other as they should, and finds the runs without a decision.
fn runs(records: &[Seen], findings: &mut Findings) -> Vec<Unfinished> {
    let mut bodies: BTreeMap<Digest, LogIndex> = BTreeMap::new();
    let mut decided: BTreeMap<LogIndex, LogIndex> = BTreeMap::new();
    let leaves = (0..).zip(records).filter_map(|(index, seen)| Some((index, seen.leaf.as_ref()?))); // unreadable: told
    for (index, leaf) in leaves {
        if let Some(first) = bodies.insert(leaf.body, LogIndex(index)) {
            findings.record(index, ProblemKind::SameBody { first });
        }
        let LeafKind::Decision { start, .. } = leaf.kind else { continue };
        let before = at(records, start.0).filter(|_| start.0 < index);
        match before.map(|seen| &seen.leaf) {
            Some(Some(Leaf { kind: LeafKind::Start, run, .. })) if *run == leaf.run => {}
            Some(Some(Leaf { kind: LeafKind::Start, .. })) => {
                findings.record(index, ProblemKind::OtherRun { start });
            }
            Some(None) => {} // the start is unreadable, which is told there
            Some(Some(_)) | None => findings.record(index, ProblemKind::NoSuchStart { start }),
        }
        if let Some(first) = decided.insert(start, LogIndex(index)) {
            findings.record(index, ProblemKind::DecidedTwice { first });
        }
    }
    let starts = (0..).zip(records).filter(|(index, seen)| {
        let start = matches!(seen.leaf.as_ref().map(|leaf| &leaf.kind), Some(LeafKind::Start));
        start && !decided.contains_key(&LogIndex(*index))
    });
    let unfinished = |(index, seen): (u64, &Seen)| Unfinished {
        index: LogIndex(index),
        run: seen.run.clone(),
        initiator: seen.initiator.clone(),
    };
    starts.map(unfinished).collect()
}

/// Checks that every file belongs to the log: to its head, to an earlier head, or to a change that is being published.
fn files(
    store: &dyn Store,
    head: &Checkpoint,
    records: &[Seen],
    paths: &[String],
    pending: Option<&Change>,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let mut bodies: Vec<Digest> = records.iter().filter_map(|seen| Some(seen.leaf.as_ref()?.body)).collect();
    bodies.sort_unstable();
    for path in paths {
        let named = || {
            let digest = path.strip_prefix(BODIES)?.strip_prefix('/')?.parse().ok()?;
            bodies.binary_search(&digest).is_ok().then_some(()).filter(|()| body_path(&digest) == *path)
        };
        if path == CHECKPOINT || named().is_some() {
            continue;
        }
        if let Some(tile) = parse_tile_path(path)
            && let Some(now) = Tile::at(tile.kind, tile.number, head.size)
            && tile.width <= now.width
        {
            // The present ones were compared already.
            if tile != now && !is_beginning(store, tile, now)? {
                findings.record(first_below(tile), ProblemKind::Partial { path: path.clone() });
            }
            continue;
        }
        match pending.and_then(|change| change.put.get(path)) {
            Some(bytes) if store.read(path)?.as_ref() == Some(bytes) => {}
            _ => findings.log(ProblemKind::ForeignFile { path: path.clone() }),
        }
    }
    Ok(())
}

/// Whether an earlier partial tile is the beginning of the present one.
fn is_beginning(store: &dyn Store, earlier: Tile, now: Tile) -> Result<bool, VerifyError> {
    // One of the two gone means that a writer is at work, or that the present one is missing, which is told.
    let (Some(old), Some(new)) = (store.read(&earlier.path())?, store.read(&now.path())?) else { return Ok(true) };
    let whole = match earlier.kind {
        Kind::Entries => tile::parse_bundle(&old, earlier.width).is_ok(),
        Kind::Hashes(_) => tile::parse_hashes(&old, earlier.width).is_ok(),
    };
    Ok(whole && new.starts_with(&old))
}

fn first_below(tile: Tile) -> u64 {
    match tile.kind {
        Kind::Entries => tile.number * WIDTH,
        Kind::Hashes(level) => (tile.number * WIDTH) << (u32::from(level) * u32::from(HEIGHT)),
    }
}
