//! Looks records up and checks each one that it shows. It prints nothing and it does not look at the rest of the log:
//! that is `verify`'s work.

use super::LeafKind;
use super::LogIndex;
use super::checkpoint::{self, Checkpoint, CheckpointError, Trust};
use super::leaf::{Leaf, parse_leaf};
use super::log::{LogError, TileNodes, bundle};
use super::merkle::{check_inclusion, leaf_hash, prove_inclusion};
use super::statement::Summary;
use super::store::{Store, StoreError, body_path};
use super::tile::{Kind, Tile, WIDTH};
use super::verify::{ProblemKind, body, check_body, is_of_one_file};

/// Why nothing can be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no log.
    #[error("there is no trail")]
    NoLog,
    /// The checkpoint is not of a trusted key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl From<StoreError> for ShowError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

/// Which records are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// The newest ones.
    Last(usize),
    /// The one at an index: `#12`.
    Index(LogIndex),
    /// Those of a run, by its id or by `id/attempt`.
    Run(String),
}

impl Query {
    /// From what a user typed: `#12` is an index, everything else a run.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix('#').and_then(|index| index.parse().ok()) {
            Some(index) => Self::Index(LogIndex(index)),
            None => Self::Run(text.to_owned()),
        }
    }
}

/// One record, with what is wrong about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Where it stands.
    pub index: LogIndex,
    /// The leaf; none where the entry is not one.
    pub leaf: Option<Leaf>,
    /// What its body says; none where the body is not to be believed.
    pub summary: Option<Summary>,
    /// What is wrong.
    pub problem: Option<ProblemKind>,
}

/// The records that match, oldest first, and the head that holds them. What cannot be read is shown as a record with a
/// problem, also where a run is asked for: it may be of that run. An error is one of the log as a whole.
pub fn show(store: &dyn Store, trust: &Trust, query: &Query) -> Result<(Checkpoint, Vec<Shown>), ShowError> {
    let note = store.checkpoint()?.ok_or(ShowError::NoLog)?;
    let head = checkpoint::open(&note, trust)?.head().clone();
    let bundles = Tile::level(Kind::Entries, head.size).collect::<Vec<_>>();
    let keys = trust.ready_keys();
    let mut nodes = TileNodes::new(store, head.size);
    let mut found = Vec::new();
    // From the newest on, so that the last ones are found without reading the rest.
    'log: for tile in bundles.into_iter().rev() {
        let first = tile.number * WIDTH;
        if matches!(query, Query::Index(wanted) if wanted.0 / WIDTH != tile.number) {
            continue;
        }
        let entries = match bundle(store, tile) {
            Ok(entries) => entries,
            Err(error) => {
                let problem = Some(damage(error, &tile.path())?);
                found.push(Shown { index: LogIndex(first), leaf: None, summary: None, problem });
                continue;
            }
        };
        let entries: Vec<_> = (first..).zip(entries).collect();
        for (index, entry) in entries.into_iter().rev() {
            if matches!(query, Query::Index(wanted) if wanted.0 != index) {
                continue;
            }
            let shown = one(store, &mut nodes, &head, keys.at(LogIndex(index)), index, &entry)?;
            let matches = match query {
                Query::Run(run) => shown
                    .summary
                    .as_ref()
                    .map_or(shown.problem.is_some(), |s| s.run_id == *run || s.run_label() == *run),
                Query::Last(_) | Query::Index(_) => true,
            };
            if matches {
                found.push(shown);
            }
            if matches!(query, Query::Last(count) if found.len() >= *count) {
                break 'log;
            }
        }
    }
    found.reverse();
    Ok((head, found))
}

/// A decision whose start does not stand before it: that much the leaf itself tells.
pub(super) fn starts_late(leaf: &Leaf, index: u64) -> Option<ProblemKind> {
    match leaf.kind {
        LeafKind::Decision { start, .. } if start.0 >= index => Some(ProblemKind::NoSuchStart { start }),
        LeafKind::Decision { .. } | LeafKind::Start => None,
    }
}

fn one(
    store: &dyn Store,
    nodes: &mut TileNodes<'_, dyn Store + '_>,
    head: &Checkpoint,
    keys: &[crate::sign::ReadyKey],
    index: u64,
    entry: &[u8],
) -> Result<Shown, ShowError> {
    // Which tile of the proof it is, the error says; the first that is asked for is that of the entry itself.
    let asked = || Tile::at(Kind::Hashes(0), index / WIDTH, head.size).map_or_else(String::new, |tile| tile.path());
    let unproven = match prove_inclusion(nodes, index, head.size) {
        Ok(path) => {
            check_inclusion(&leaf_hash(entry), index, head.size, &path, &head.root).err().map(|_| ProblemKind::Entry)
        }
        Err(error) => Some(damage(error, &asked())?),
    };
    if unproven.is_some() {
        return Ok(Shown { index: LogIndex(index), leaf: None, summary: None, problem: unproven });
    }
    let checked = match parse_leaf(entry) {
        Ok(leaf) if let Some(problem) = starts_late(&leaf, index) => (Some(leaf), Err(problem)),
        Ok(leaf) => {
            let summary = body(store, &body_path(&leaf.body))?.and_then(|body| check_body(&body, &leaf, keys));
            (Some(leaf), summary)
        }
        Err(error) => (None, Err(ProblemKind::Leaf(error))),
    };
    Ok(match checked {
        (leaf, Ok(summary)) => Shown { index: LogIndex(index), leaf, summary: Some(summary), problem: None },
        (leaf, Err(problem)) => Shown { index: LogIndex(index), leaf, summary: None, problem: Some(problem) },
    })
}

/// What is wrong with one file of the log, which does not keep the rest from being looked at. `asked` is the path
/// of what was asked for.
fn damage(error: LogError, asked: &str) -> Result<ProblemKind, ShowError> {
    Ok(match error {
        LogError::MissingFile { path } => ProblemKind::MissingFile { path },
        LogError::Tile { path, error } => ProblemKind::Malformed { path, error },
        LogError::Store(error) if is_of_one_file(&error) => ProblemKind::Unreadable { path: asked.to_owned(), error },
        LogError::Store(_) | LogError::OtherRoot => return Err(error.into()),
    })
}
