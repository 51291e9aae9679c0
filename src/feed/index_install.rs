//! What must hold before the index of a source takes the place of the installed one: of one source and name, not older,
//! and not changed beyond belief. The same rules as for the feed of RustSec (`install`). It does not fetch.

use super::index::{self, Index, Input, Watermark};
use super::install::{Bounds, Change, Home};
use super::key::{self, PublicKey};
use super::sources::{index_path, open_index};
use super::{DEFAULT_NAME, EMBEDDED, FeedError, is_name};
use crate::model::{Digest, Gap, GapKind, Record, Timestamp};
use crate::sys::Sys;
use std::collections::BTreeMap;

/// What was installed of a source.
#[derive(Clone, Debug)]
pub struct InstalledIndex {
    /// How fresh it is. The name of the index is that of its source.
    pub watermark: Watermark,
    /// Against what was installed before, by id; none where nothing was, or where it could not be read and was confirmed.
    pub change: Option<Change>,
    /// Records that could not be read. Every check with this index says so.
    pub unreadable: usize,
    /// What was left out on purpose, counted and named. Checks do not say so again.
    pub left_out: Vec<Gap>,
}

/// Refuses what an index cannot be called: no name, or one that means something else.
pub(super) fn name_for_index(name: &str) -> Result<(), FeedError> {
    match name {
        name if !is_name(name) || name == EMBEDDED => Err(FeedError::BadName(name.to_owned())),
        DEFAULT_NAME => Err(FeedError::NameTaken { name: name.to_owned(), by: "the feed of RustSec" }),
        _ => Ok(()),
    }
}

/// Refuses the name of a feed of RustSec.
pub(super) fn not_a_feed(sys: &dyn Sys, home: &Home, name: &str) -> Result<(), FeedError> {
    match sys.kind(&home.head(name))? {
        Some(_) => Err(FeedError::NameTaken { name: name.to_owned(), by: "a feed of RustSec" }),
        None => Ok(()),
    }
}

/// Compiles a source and installs its index under the lock of its name. When anything is refused or fails, the old index
/// stays current.
pub(super) fn install(sys: &dyn Sys, home: &Home, input: Input, bounds: &Bounds) -> Result<InstalledIndex, FeedError> {
    name_for_index(&input.name)?;
    let key = key::private(sys)?;
    let (name, watermark) = (input.name.clone(), input.watermark());
    let mut new = Said::default();
    input.gathered.records.iter().for_each(|record| new.add(record));
    // Before the lock is taken: this takes the longest, and nothing of the old index is needed.
    let compiled = index::compile(&name, vec![input], &key)?;
    let _guard = home.lock(sys, &name)?;
    not_a_feed(sys, home, &name)?;
    let confirmed = bounds.confirmed == Some(watermark.content);
    let change = match change(sys, home, &watermark, &new, &key.public()) {
        Ok(change) => change,
        Err(e @ (FeedError::Older { .. } | FeedError::NoTimes { .. } | FeedError::FewerRecords { .. })) => {
            return Err(e);
        }
        Err(_) if confirmed => None,
        Err(FeedError::Sys(e)) => return Err(e.into()),
        Err(e) => return Err(FeedError::NothingToCompare { why: e.to_string(), digest: watermark.content }),
    };
    if let Some(change) = &change
        && change.exceeds(bounds.max_change_percent)
        && !confirmed
    {
        let limit_percent = bounds.max_change_percent;
        let change = Box::new(change.clone());
        return Err(FeedError::TooMuchChange { change, limit_percent, digest: watermark.content });
    }
    sys.replace(&index_path(home, &name), &compiled.bytes, false)?;
    let (left_out, unreadable): (Vec<Gap>, Vec<Gap>) =
        compiled.gaps.into_iter().partition(|gap| gap.kind == GapKind::NotCovered);
    Ok(InstalledIndex { watermark, change, unreadable: unreadable.len(), left_out })
}

/// Writes down that the source still is of the installed state. What another run has installed meanwhile stays as it is.
pub(super) fn refresh(
    sys: &dyn Sys,
    home: &Home,
    name: &str,
    state: &Watermark,
    now: Timestamp,
) -> Result<Watermark, FeedError> {
    let key = key::private(sys)?;
    let _guard = home.lock(sys, name)?;
    let index = open_index(sys, name)?;
    let old = one_source(home, &index)?.clone();
    if old.content != state.content || old.mark != state.mark {
        return Ok(old);
    }
    let new = Watermark { refreshed: now, ..old.clone() };
    old.accept(&new)?;
    sys.replace(&index_path(home, name), &index.refreshed_at(now, &key)?, false)?;
    Ok(new)
}

/// The watermark of an installed index, which has one source of its own name.
pub(super) fn one_source<'a>(home: &Home, index: &'a Index) -> Result<&'a Watermark, FeedError> {
    match index.watermarks() {
        [one] if one.source == index.name() && one.records == u64::from(index.records()) => Ok(one),
        _ => {
            let path = index_path(home, index.name());
            Err(FeedError::Damaged { path, what: "it is not the index of one source" })
        }
    }
}

/// What the new copy changes in the installed index; none where none is installed. Errors: it is older, or the installed
/// one cannot be read.
fn change(
    sys: &dyn Sys,
    home: &Home,
    new: &Watermark,
    said: &Said,
    key: &PublicKey,
) -> Result<Option<Change>, FeedError> {
    let path = index_path(home, &new.source);
    if sys.kind(&path)?.is_none() {
        return Ok(None);
    }
    let index = Index::open(sys, &path, key)?;
    if index.name() != new.source {
        return Err(FeedError::Damaged { path, what: "it has another name" });
    }
    let mark = one_source(home, &index)?;
    mark.accept(new)?;
    if (mark.content, mark.format) == (new.content, new.format) {
        return Ok(Some(Change { before: said.0.len(), ..Change::default() }));
    }
    let mut old = Said::default();
    index.each_record(&mut |record| old.add(&record))?;
    Ok(Some(old.change_to(said)))
}

/// What the records of a source say, by id: for each record of that id a digest, and whether it is withdrawn. The time of
/// the last change does not count: databases touch all their records at once.
#[derive(Default)]
struct Said(BTreeMap<String, Vec<(Option<Digest>, bool)>>);

impl Said {
    fn add(&mut self, record: &Record) {
        let digest = index::said(record);
        self.0.entry(record.id.clone()).or_default().push((digest, record.withdrawn.is_some()));
    }

    fn change_to(mut self, new: &Self) -> Change {
        self.0.values_mut().for_each(|list| list.sort_unstable());
        let mut change = Change { before: self.0.len(), ..Change::default() };
        for (id, was) in &self.0 {
            let Some(is) = new.0.get(id) else {
                change.removed.push(id.clone());
                continue;
            };
            let mut is = is.clone();
            is.sort_unstable();
            let withdrawn = |list: &[(Option<Digest>, bool)]| list.iter().filter(|(_, withdrawn)| *withdrawn).count();
            match () {
                () if *was == is => {}
                () if withdrawn(&is) > withdrawn(was) => change.withdrawn.push(id.clone()),
                () => change.changed.push(id.clone()),
            }
        }
        change.added = new.0.keys().filter(|id| !self.0.contains_key(*id)).cloned().collect();
        change
    }
}
