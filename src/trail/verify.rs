//! Verifies a whole log: every leaf, body, signature, tile and file, and that it grew out of a saved checkpoint. It names
//! the index and the run of what is wrong, and it repairs nothing.

use super::LogIndex;
use super::checkpoint::{self, Checkpoint, ReadyKeys, Trust};
use super::leaf::{Commitment, Leaf, LeafKind, parse_leaf};
use super::log::{LogError, TileNodes, tile_root};
use super::merkle::{Range, check_consistency, leaf_hash, prove_consistency};
pub use super::problem::{Problem, ProblemKind, Unfinished, Verification, VerifyError};
use super::record::PAYLOAD_TYPE;
use super::statement::{Summary, parse_statement};
use super::store::{BODIES, Change, Store, StoreError, body_path};
use super::tile::{self, CHECKPOINT, HEIGHT, Kind, Tile, WIDTH, parse_tile_path};

use crate::model::Digest;
use crate::sign::ReadyKey;
use crate::sign::dsse::parse_envelope;
use crate::sys::{Fault, SysError, beside, spread};

/// More problems than this are counted, not listed: nobody reads them.
pub const MAX_PROBLEMS: usize = 1_000;
/// Paths that one thread looks up at a time.
const PATHS: usize = 4_096;
/// A log that is written to while it is looked at is looked at again; after this many times the last look counts.
const MAX_ROUNDS: usize = 5;

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
    let trusted = trust.ready_keys();
    let (paths, records) = beside(|| store.list(), || records(store, &head, &trusted, &mut findings));
    let (paths, (records, roots)) = (paths.ok_or(VerifyError::Panicked)??, records?);
    tree(store, &head, &records, roots, &mut findings)?;
    if let Some(since) = since {
        consistency(store, &head, since, trust, &records, &mut findings)?;
    }
    let (unfinished, bodies) = runs(&records, &mut findings);
    // The files were listed before: a writer that works just now has committed before it writes a file.
    let pending = match store.pending() {
        Ok(pending) => pending,
        Err(error @ (StoreError::Damaged { .. } | StoreError::BadPath { .. })) => {
            findings.log(ProblemKind::State(error));
            None
        }
        Err(error) => return Err(error.into()),
    };
    files(store, &head, &bodies, &paths, pending.as_ref(), &mut findings)?;
    let (problems, more_problems) = findings.finish(&records);
    Ok(Verification { head: Some(head), unfinished, pending: pending.is_some(), problems, more_problems })
}

/// What one record says, as far as it could be read.
#[derive(Default)]
struct Seen {
    /// The hash of the entry as it is stored; none where the entry could not be read.
    hash: Option<Digest>,
    leaf: Option<Leaf>,
    /// The commitment that stands in an entry that is no leaf: enough to say which run it was of.
    claimed: Option<Commitment>,
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
    let commitment = seen.leaf.as_ref().map(|leaf| leaf.run).or(seen.claimed);
    let of_run = |other: &&Seen| other.run.is_some() && other.leaf.as_ref().map(|leaf| leaf.run) == commitment;
    let named = |other: &Seen| match other.leaf.as_ref().map(|leaf| &leaf.kind) {
        Some(LeafKind::Decision { start, .. }) => start.0 == index,
        Some(LeafKind::Start) | None => false,
    };
    let other = || match seen.leaf.as_ref().map(|leaf| &leaf.kind) {
        Some(LeafKind::Decision { start, .. }) => at(records, start.0)?.run.clone(),
        Some(LeafKind::Start) | None => records.iter().find(|other| named(other))?.run.clone(),
    };
    let same = || records.iter().filter(|_| commitment.is_some()).find(of_run)?.run.clone();
    seen.run.clone().or_else(other).or_else(same).or_else(|| Some(commitment?.to_string()))
}

/// The commitment in an entry that is no leaf.
fn claimed_run(entry: &[u8]) -> Option<Commitment> {
    let text = String::from_utf8_lossy(entry);
    let start = text.find("hmac-sha256:")?;
    text.get(start..start + "hmac-sha256:".len() + 64)?.parse().ok()
}

/// Reads and checks every entry with its body, bundle by bundle on every core. Returns what each record says, and the root
/// over the entries of each full bundle; none where an entry of it could not be read.
fn records(
    store: &dyn Store,
    head: &Checkpoint,
    trusted: &ReadyKeys,
    findings: &mut Findings,
) -> Result<(Vec<Seen>, Vec<Option<Digest>>), VerifyError> {
    let bundles: Vec<Tile> = Tile::level(Kind::Entries, head.size).collect();
    let checked = spread(&bundles, |tile| {
        let (seen, problems) = bundle(store, *tile, trusted)?;
        let hashes = (tile.width == WIDTH).then(|| seen.iter().map(|seen| seen.hash).collect::<Option<Vec<_>>>());
        Ok::<_, VerifyError>((seen, problems, hashes.map(|hashes| hashes.map(|hashes| tile_root(&hashes)))))
    });
    let (mut records, mut roots) = (Vec::new(), Vec::new());
    for checked in checked.ok_or(VerifyError::Panicked)? {
        let (seen, problems, root) = checked?;
        records.extend(seen);
        roots.extend(root);
        findings.0.extend(problems.0);
    }
    Ok((records, roots))
}

/// A file of the log: its bytes, or what is wrong with it alone. An error is one of the store as a whole.
pub(super) fn read(store: &dyn Store, path: &str) -> Result<Result<Vec<u8>, ProblemKind>, StoreError> {
    let path = || path.to_owned();
    match store.read(&path()) {
        Ok(Some(bytes)) => Ok(Ok(bytes)),
        Ok(None) => Ok(Err(ProblemKind::MissingFile { path: path() })),
        Err(error) if is_of_one_file(&error) => Ok(Err(ProblemKind::Unreadable { path: path(), error })),
        Err(error) => Err(error),
    }
}

/// Whether the error is of one file alone, so that the rest of the log can be looked at.
pub(super) fn is_of_one_file(error: &StoreError) -> bool {
    match error {
        StoreError::Sys(SysError { fault, .. }) => {
            matches!(fault, Fault::NotRegular(_) | Fault::TooLarge { .. } | Fault::Denied)
        }
        StoreError::Damaged { .. } => true,
        _ => false, // the store itself, the program that it runs, or a path that nobody asks for
    }
}

/// A body: its bytes, or what is wrong with it alone.
pub(super) fn body(store: &dyn Store, path: &str) -> Result<Result<Vec<u8>, ProblemKind>, StoreError> {
    Ok(match read(store, path)? {
        Err(ProblemKind::MissingFile { .. }) => Err(ProblemKind::BodyMissing), // the record says which
        body => body,
    })
}

/// The bodies of a bundle, in the order of the paths. Where one of them spoils the answer for all, each is asked for alone.
fn bodies(store: &dyn Store, paths: &[String]) -> Result<Vec<Result<Vec<u8>, ProblemKind>>, VerifyError> {
    match store.read_many(paths) {
        Ok(bodies) => Ok(bodies.into_iter().map(|body| body.ok_or(ProblemKind::BodyMissing)).collect()),
        Err(error) if is_of_one_file(&error) => paths.iter().map(|path| Ok(body(store, path)?)).collect(),
        Err(error) => Err(error.into()),
    }
}

/// Checks one bundle. Returns one [`Seen`] for each place of it, whatever is wrong.
fn bundle(store: &dyn Store, tile: Tile, trusted: &ReadyKeys) -> Result<(Vec<Seen>, Findings), VerifyError> {
    let mut findings = Findings::default();
    let first = tile.number * WIDTH;
    let mut seen: Vec<Seen> = (0..tile.width).map(|_| Seen::default()).collect();
    let bytes = match read(store, &tile.path())? {
        Ok(bytes) => bytes,
        Err(problem) => {
            findings.record(first, problem);
            return Ok((seen, findings));
        }
    };
    let entries = match tile::parse_bundle(&bytes, tile.width) {
        Ok(entries) => entries,
        Err(error) => {
            findings.record(first, ProblemKind::Malformed { path: tile.path(), error });
            return Ok((seen, findings));
        }
    };
    let hashes = level_zero(store, tile, &mut findings)?;
    let mut named = Vec::new(); // the place in the bundle and the path of the body of each leaf
    for (place, (seen, entry)) in seen.iter_mut().zip(&entries).enumerate() {
        let index = first + place as u64; // a parsed bundle has as many entries as places
        let hash = leaf_hash(entry);
        if hashes.as_ref().is_some_and(|hashes| hashes.get(place) != Some(&hash)) {
            findings.record(index, ProblemKind::Entry);
        }
        seen.hash = Some(hash);
        match parse_leaf(entry) {
            Ok(leaf) => {
                named.push((place, body_path(&leaf.body)));
                seen.leaf = Some(leaf);
            }
            Err(error) => {
                seen.claimed = claimed_run(entry);
                findings.record(index, ProblemKind::Leaf(error));
            }
        }
    }
    let (places, paths): (Vec<usize>, Vec<String>) = named.into_iter().unzip();
    // One answer for each path is the store's contract.
    for (place, body) in places.into_iter().zip(bodies(store, &paths)?) {
        let Some(Seen { leaf: Some(leaf), run, initiator, .. }) = seen.get_mut(place) else {
            continue; // cannot be: every such place has a leaf
        };
        let trusted = trusted.at(LogIndex(first + place as u64));
        match body.and_then(|body| check_body(&body, leaf, trusted)) {
            Ok(summary) => {
                *run = Some(summary.run_label());
                *initiator = summary.initiator;
            }
            Err(kind) => findings.record(first + place as u64, kind),
        }
    }
    Ok((seen, findings))
}

/// The leaf hashes that the tree stores beside the bundle.
fn level_zero(store: &dyn Store, bundle: Tile, findings: &mut Findings) -> Result<Option<Vec<Digest>>, VerifyError> {
    let tile = Tile { kind: Kind::Hashes(0), ..bundle };
    let kind = match read(store, &tile.path())? {
        Err(problem) => problem,
        Ok(bytes) => match tile::parse_hashes(&bytes, tile.width) {
            Ok(hashes) => return Ok(Some(hashes)),
            Err(error) => ProblemKind::Malformed { path: tile.path(), error },
        },
    };
    findings.record(tile.number * WIDTH, kind);
    Ok(None)
}

/// Checks that a body is the one its leaf names, signed by a trusted key, and that both say the same.
pub(super) fn check_body(body: &[u8], leaf: &Leaf, trusted: &[ReadyKey]) -> Result<Summary, ProblemKind> {
    if Digest::of(body) != leaf.body {
        return Err(ProblemKind::BodyDigest);
    }
    let envelope = parse_envelope(body).map_err(ProblemKind::Envelope)?;
    let (payload, _) = envelope.verify_ready(PAYLOAD_TYPE, trusted).map_err(ProblemKind::Envelope)?;
    let summary = parse_statement(payload).map_err(ProblemKind::Statement)?;
    summary.fits(leaf).map_err(ProblemKind::Statement)?;
    Ok(summary)
}

/// Builds the tree over the entries anew and compares every tile above level 0, and the root. `roots` are those over the
/// full bundles.
fn tree(
    store: &dyn Store,
    head: &Checkpoint,
    records: &[Seen],
    roots: Vec<Option<Digest>>,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let (_full, rest) = records.as_chunks::<{ WIDTH as usize }>(); // each full bundle has its root
    let rest = rest.iter().map(|seen| seen.hash).collect::<Option<Vec<_>>>();
    let roots = roots.into_iter().collect::<Option<Vec<_>>>();
    let (Some(mut hashes), Some(rest)) = (roots, rest) else {
        return Ok(()); // an entry is unreadable, which is reported; no tree can be built without it
    };
    let mut range = Range::default();
    hashes.iter().for_each(|root| range.push(HEIGHT, *root));
    rest.iter().for_each(|hash| range.push(0, *hash));
    // A wrong entry is told where it stands; without one the wrong root is the only sign.
    let entry_told = findings.0.iter().any(|(_, kind)| matches!(kind, ProblemKind::Entry));
    if range.root() != head.root && !entry_told {
        findings.log(ProblemKind::Root);
    }
    for level in 1..HEIGHT {
        if level > 1 {
            let (full, _rest) = hashes.as_chunks::<{ WIDTH as usize }>(); // a partial tile has no hash above it
            hashes = full.iter().map(|tile| tile_root(tile)).collect();
        }
        for (tile, hashes) in Tile::level(Kind::Hashes(level), head.size).zip(hashes.chunks(WIDTH as usize)) {
            let path = tile.path();
            let first = (tile.number * WIDTH) << (u32::from(level) * u32::from(HEIGHT));
            match read(store, &path)? {
                Err(problem) => findings.record(first, problem),
                Ok(bytes) if bytes != tile::format_hashes(hashes) && !entry_told => {
                    findings.record(first, ProblemKind::Tile { path });
                }
                Ok(_) => {}
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
        Err(LogError::Store(error)) if !is_of_one_file(&error) => return Err(error.into()),
        Err(_) => false, // what is missing or damaged is told where it stands as well
    };
    if !by_records || !by_proof {
        findings.log(ProblemKind::Rewritten { saved: saved.size });
    }
    Ok(())
}

/// Checks that records refer to each other as they should, and finds the runs without a decision. Returns them, and the
/// bodies that records name, sorted.
fn runs(records: &[Seen], findings: &mut Findings) -> (Vec<Unfinished>, Vec<Digest>) {
    let leaves = || (0..).zip(records).filter_map(|(index, seen)| Some((index, seen.leaf.as_ref()?))); // unreadable: told
    let mut bodies: Vec<(Digest, u64)> = leaves().map(|(index, leaf)| (leaf.body, index)).collect();
    for (first, index) in doubled(&mut bodies) {
        findings.record(index, ProblemKind::SameBody { first: LogIndex(first) });
    }
    let mut decided = Vec::new();
    for (index, leaf) in leaves() {
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
        decided.push((start, index));
    }
    for (first, index) in doubled(&mut decided) {
        findings.record(index, ProblemKind::DecidedTwice { first: LogIndex(first) });
    }
    let starts = (0..).zip(records).filter(|(index, seen)| {
        let start = matches!(seen.leaf.as_ref().map(|leaf| &leaf.kind), Some(LeafKind::Start));
        start && decided.binary_search_by_key(&LogIndex(*index), |(start, _)| *start).is_err()
    });
    let unfinished = |(index, seen): (u64, &Seen)| Unfinished {
        index: LogIndex(index),
        run: seen.run.clone(),
        initiator: seen.initiator.clone(),
    };
    (starts.map(unfinished).collect(), bodies.into_iter().map(|(body, _)| body).collect())
}

/// Sorts records by what should be different in each, and returns each that is the same as one before it, after that one.
fn doubled<T: Ord>(records: &mut [(T, u64)]) -> Vec<(u64, u64)> {
    records.sort_unstable();
    let pairs = records.array_windows().filter(|[(a, _), (b, _)]| a == b);
    pairs.map(|[(_, first), (_, index)]| (*first, *index)).collect()
}

/// Checks that every file belongs to the log: to its head, to an earlier head, or to a change that is being published.
/// `bodies` are those that records name, sorted.
fn files(
    store: &dyn Store,
    head: &Checkpoint,
    bodies: &[Digest],
    paths: &[String],
    pending: Option<&Change>,
    findings: &mut Findings,
) -> Result<(), VerifyError> {
    let is_named = |path: &&String| {
        let hex = path.strip_prefix(BODIES).and_then(|rest| rest.strip_prefix('/'));
        let digest = hex.and_then(|hex| hex.parse::<Digest>().ok().filter(|digest| digest.is_hex(hex)));
        digest.is_some_and(|digest| bodies.binary_search(&digest).is_ok())
    };
    // Nearly all of them are bodies: those are looked up on every core.
    let parts: Vec<&[String]> = paths.chunks(PATHS).collect();
    let others = spread(&parts, |part| part.iter().filter(|path| !is_named(path)).collect::<Vec<_>>());
    for path in others.ok_or(VerifyError::Panicked)?.into_iter().flatten() {
        if path == CHECKPOINT {
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
            Some(bytes) if read(store, path)?.as_ref() == Ok(bytes) => {}
            _ => findings.log(ProblemKind::ForeignFile { path: path.clone() }),
        }
    }
    Ok(())
}

/// Whether an earlier partial tile is the beginning of the present one.
fn is_beginning(store: &dyn Store, earlier: Tile, now: Tile) -> Result<bool, VerifyError> {
    // One of the two gone means that a writer is at work, or that the present one is missing, which is told.
    let (old, new) = match (read(store, &earlier.path())?, read(store, &now.path())?) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(ProblemKind::Unreadable { .. }), _) => return Ok(false),
        (Err(_), _) | (_, Err(_)) => return Ok(true),
    };
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
