//! A checkout of a registry's index (the layout of the default registry): every crate file in it becomes facts.

use super::FeedError;
use super::facts::{self, Crate, index_path};
use super::source::spread;
use crate::model::{Gap, GapKind, Stage};
use crate::sys::{Bytes, FileKind, Sys};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest file of the real index has 5 MiB.
const MAX_FILE: Bytes = Bytes::mib(32);
/// The real index has 200,000 crates.
const MAX_CRATES: usize = 2_000_000;
/// `se/rd/serde`.
const MAX_DEPTH: usize = 3;

/// Every crate of an index, in no order, and what could not be read. A crate without facts is unknown, never clean.
pub(super) fn read(sys: &dyn Sys, dir: &Path) -> Result<(Vec<Crate>, Vec<Gap>), FeedError> {
    let mut tops = Vec::new();
    let mut gaps = Vec::new();
    for entry in sys.list(dir)? {
        match (entry.name.to_str(), entry.kind) {
            (Some(name), FileKind::Dir) if !name.starts_with('.') => tops.push(name.to_owned()),
            (Some(name), _) if name.starts_with('.') || name == "config.json" => {} // not about a crate
            _ => gaps.push(gap(&entry.name.display().to_string(), "it is not part of an index")),
        }
    }
    tops.sort_unstable();
    let count = AtomicUsize::new(0);
    let parts = spread(&tops, |top| {
        let mut part = (Vec::new(), Vec::new());
        walk(sys, dir, top, 1, &count, &mut part);
        part
    });
    let mut crates = Vec::new();
    for (more, odd) in parts.ok_or_else(|| FeedError::Internal(dir.display().to_string()))? {
        crates.extend(more);
        gaps.extend(odd);
    }
    if count.load(Ordering::Relaxed) > MAX_CRATES {
        let what = dir.display().to_string();
        return Err(FeedError::TooMany { what, limit: MAX_CRATES as u64, unit: "crates" });
    }
    if crates.is_empty() {
        let why = "it is not the index of a registry: it lists no crate";
        return Err(FeedError::NotADatabase { what: dir.display().to_string(), why });
    }
    gaps.sort();
    Ok((crates, gaps))
}

/// Past the limit nothing more is read: the caller refuses the whole.
fn walk(sys: &dyn Sys, root: &Path, path: &str, depth: usize, count: &AtomicUsize, out: &mut (Vec<Crate>, Vec<Gap>)) {
    let entries = match sys.list(&root.join(path)) {
        Ok(entries) => entries,
        Err(e) => return out.1.push(gap(path, e.fault)),
    };
    for entry in entries {
        let path = format!("{path}/{}", entry.name.display());
        match entry.kind {
            FileKind::Dir if depth + 1 < MAX_DEPTH => walk(sys, root, &path, depth + 1, count, out),
            FileKind::File => {
                if count.fetch_add(1, Ordering::Relaxed) >= MAX_CRATES {
                    return;
                }
                match read_file(sys, root, &path) {
                    Ok(item) => out.0.push(item),
                    Err(why) => out.1.push(gap(&path, why)),
                }
            }
            FileKind::Dir | FileKind::Link | FileKind::Special => {
                out.1.push(gap(&path, "it is not a regular file of an index"));
            }
        }
    }
}

fn read_file(sys: &dyn Sys, root: &Path, path: &str) -> Result<Crate, String> {
    let bytes = sys.read(&root.join(path), MAX_FILE).map_err(|e| e.fault.to_string())?;
    let item = facts::read_index_file(&bytes).map_err(|e| e.to_string())?;
    match index_path(&item.name) {
        Some(expected) if expected == path => Ok(item),
        _ => Err(format!("it is about the crate `{}`", item.name)),
    }
}

fn gap(what: &str, why: impl std::fmt::Display) -> Gap {
    Gap::new(GapKind::YankedUnknown, Stage::Feed, what, why.to_string())
}
