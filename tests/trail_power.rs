//! The power fails at every single call that writes: of what was not synced, everything is lost, or nothing, or any part.
//! What was promised is there, and the next writer goes on. The disk is one in memory.

#![expect(clippy::unwrap_used, reason = "a test: what fails here should fail loudly")]

mod trail_support;

use portcullis::model::Timestamp;
use portcullis::sys::{
    Bytes, Command, DirEntry, Fault, FileKind, Guard, Output, ReadAt, RealSys, Request, Stream, Sys, SysError,
};
use portcullis::trail::append;
use portcullis::trail::checkpoint::{Trust, open};
use portcullis::trail::store::{DirStore, Store};
use portcullis::trail::verify::verify;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use trail_support::{decision_record, key, run, start_record, trust};

/// What a name stands for.
#[derive(Clone, Debug)]
enum Node {
    Dir,
    File(Vec<u8>),
}

/// A change to the names of a directory; no node takes the name away.
type Change = (PathBuf, Option<Node>);

#[derive(Clone, Default)]
struct Names {
    /// What programs see.
    seen: BTreeMap<PathBuf, Node>,
    /// What is on the disk.
    kept: BTreeMap<PathBuf, Node>,
    /// What was done to names and is not on the disk, in its order.
    pending: Vec<Change>,
}

impl Names {
    fn change(&mut self, path: &Path, node: Option<Node>) {
        apply(&mut self.seen, (path.to_owned(), node.clone()));
        self.pending.push((path.to_owned(), node));
    }

    fn sync(&mut self, dir: &Path) {
        let (synced, pending) = std::mem::take(&mut self.pending).into_iter().partition(|(path, _)| inside(path, dir));
        self.pending = pending;
        let synced: Vec<Change> = synced;
        synced.into_iter().for_each(|change| apply(&mut self.kept, change));
    }
}

fn inside(path: &Path, dir: &Path) -> bool {
    path.parent() == Some(dir)
}

fn apply(names: &mut BTreeMap<PathBuf, Node>, (path, node): Change) {
    match node {
        Some(node) => names.insert(path, node),
        None => names.remove(&path),
    };
}

/// A disk whose power fails at the given call; nothing works after that.
struct Disk {
    names: Mutex<Names>,
    calls: Mutex<usize>,
    fail_at: usize,
}

impl Disk {
    fn of(kept: BTreeMap<PathBuf, Node>, fail_at: usize) -> Self {
        let names = Names { seen: kept.clone(), kept, pending: Vec::new() };
        Self { names: Mutex::new(names), calls: Mutex::new(0), fail_at }
    }

    /// One call that writes. Reading changes nothing, so that a failure before it is one after the call before.
    fn write<R>(
        &self,
        op: &'static str,
        path: &Path,
        work: impl FnOnce(&mut Names) -> Result<R, Fault>,
    ) -> Result<R, SysError> {
        let mut calls = self.calls.lock().unwrap();
        let error = |fault| SysError { op, what: path.display().to_string(), fault };
        if *calls >= self.fail_at {
            return Err(error(Fault::Other("the power failed".into())));
        }
        *calls += 1;
        work(&mut self.names.lock().unwrap()).map_err(error)
    }

    fn failed(&self) -> bool {
        *self.calls.lock().unwrap() >= self.fail_at
    }

    /// What is on the disk when the power is back, if of the changes that were not synced those survive that are chosen.
    /// What lies in a directory whose own name is lost is lost with it.
    fn after(&self, mut survives: impl FnMut(usize) -> bool) -> BTreeMap<PathBuf, Node> {
        let names = self.names.lock().unwrap().clone();
        let mut kept = names.kept;
        for (at, change) in names.pending.into_iter().enumerate() {
            if survives(at) {
                apply(&mut kept, change);
            }
        }
        let there = |path: &Path| path.ancestors().skip(1).all(|dir| dir == Path::new("/") || kept.contains_key(dir));
        kept.iter().filter(|(path, _)| there(path)).map(|(path, node)| (path.clone(), node.clone())).collect()
    }
}

struct Nothing;
impl Guard for Nothing {}

impl Sys for Disk {
    fn now(&self) -> Result<Timestamp, SysError> {
        RealSys.now()
    }
    fn var(&self, name: &str) -> Result<Option<String>, SysError> {
        RealSys.var(name)
    }
    fn cwd(&self) -> Result<PathBuf, SysError> {
        Ok("/".into())
    }
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError> {
        Ok(match self.names.lock().unwrap().seen.get(path) {
            _ if path == Path::new("/") => Some(FileKind::Dir),
            Some(Node::Dir) => Some(FileKind::Dir),
            Some(Node::File(_)) => Some(FileKind::File),
            None => None,
        })
    }
    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError> {
        Ok(path.to_owned())
    }
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError> {
        let names = self.names.lock().unwrap();
        if !names.seen.contains_key(dir) {
            return Err(SysError { op: "list", what: dir.display().to_string(), fault: Fault::NotFound });
        }
        let entry = |(path, node): (&PathBuf, &Node)| DirEntry {
            name: path.file_name().unwrap().to_owned(),
            kind: if matches!(node, Node::Dir) { FileKind::Dir } else { FileKind::File },
        };
        Ok(names.seen.iter().filter(|(path, _)| inside(path, dir)).map(entry).collect())
    }
    fn read(&self, path: &Path, _: Bytes) -> Result<Vec<u8>, SysError> {
        match self.names.lock().unwrap().seen.get(path) {
            Some(Node::File(bytes)) => Ok(bytes.clone()),
            _ => Err(SysError { op: "read", what: path.display().to_string(), fault: Fault::NotFound }),
        }
    }
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError> {
        Err(SysError { op: "open", what: path.display().to_string(), fault: Fault::Denied })
    }
    fn create_dir(&self, dir: &Path) -> Result<(), SysError> {
        self.write("create", dir, |names| {
            let mut missing: Vec<_> = dir.ancestors().filter(|dir| *dir != Path::new("/")).collect();
            missing.reverse();
            missing.retain(|dir| !names.seen.contains_key(*dir));
            missing.into_iter().for_each(|dir| names.change(dir, Some(Node::Dir)));
            Ok(())
        })
    }
    fn replace(&self, path: &Path, _: &[u8], _: bool) -> Result<(), SysError> {
        Err(SysError { op: "write", what: path.display().to_string(), fault: Fault::Denied })
    }
    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.write("write", path, |names| {
            if names.seen.contains_key(path) || !names.seen.contains_key(path.parent().unwrap()) {
                return Err(Fault::Denied);
            }
            names.change(path, Some(Node::File(bytes.to_vec())));
            Ok(())
        })
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), SysError> {
        self.write("rename", from, |names| {
            let node = names.seen.get(from).cloned().ok_or(Fault::NotFound)?;
            // Two changes that may survive one without the other, in whatever directories they are.
            names.change(to, Some(node));
            names.change(from, None);
            Ok(())
        })
    }
    fn sync_dir(&self, dir: &Path) -> Result<(), SysError> {
        self.write("sync", dir, |names| {
            names.sync(dir);
            Ok(())
        })
    }
    fn write_out(&self, path: &Path, _: &[u8]) -> Result<(), SysError> {
        Err(SysError { op: "write", what: path.display().to_string(), fault: Fault::Denied })
    }
    fn append(&self, path: &Path, _: &[u8]) -> Result<(), SysError> {
        Err(SysError { op: "write", what: path.display().to_string(), fault: Fault::Denied })
    }
    fn remove(&self, path: &Path) -> Result<(), SysError> {
        self.write("remove", path, |names| {
            if names.seen.contains_key(path) {
                names.change(path, None);
            }
            Ok(())
        })
    }
    fn lock(&self, _: &Path, _: Duration) -> Result<Box<dyn Guard>, SysError> {
        Ok(Box::new(Nothing)) // nobody reads what stands in it
    }
    fn run(&self, command: &Command) -> Result<Output, SysError> {
        Err(SysError { op: "run", what: command.program.display().to_string(), fault: Fault::Denied })
    }
    fn fetch(&self, request: &Request) -> Result<Vec<u8>, SysError> {
        Err(SysError { op: "fetch", what: request.url.clone(), fault: Fault::Denied })
    }
    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError> {
        RealSys.random(buffer)
    }
    fn print(&self, _: Stream, _: &[u8]) -> Result<(), SysError> {
        Ok(())
    }
    fn terminal(&self, _: Stream) -> Option<u16> {
        None
    }
}

const LOG: &str = "/home/state/log";

/// What survives: nothing, everything, or a part that looks random and is the same in each run (SplitMix64).
fn survivors(part: u64) -> impl FnMut(usize) -> bool {
    let mut state = part;
    move |_| match part {
        0 => false,
        1 => true,
        _ => {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)).is_multiple_of(2)
        }
    }
}

fn size(store: &DirStore<'_>) -> u64 {
    store.checkpoint().unwrap().map_or(0, |note| open(&note, &trust(1)).unwrap().head().size)
}

/// Appends the start and the decision of a run to the log while the power fails at each call in turn, and so many parts of
/// what was not synced survive; `step` calls further each time.
fn the_power_fails_during_a_run_after(before: &[portcullis::trail::Record], parts: u64, step: usize) {
    let made = Disk::of(BTreeMap::new(), usize::MAX);
    if !before.is_empty() {
        append(&made, &DirStore::new(&made, LOG), &key(1), &Trust::default(), before).unwrap();
    }
    let kept = made.after(|_| false);
    let records = before.len() as u64;
    for fail_at in (0..).step_by(step) {
        let disk = Disk::of(kept.clone(), fail_at);
        let store = DirStore::new(&disk, LOG);
        let put = |record| append(&disk, &store, &key(1), &Trust::default(), &[record]);
        let started = put(start_record("power", &key(1)));
        let decided = started.as_ref().ok().map(|started| put(decision_record("power", started.first, true, &key(1))));
        let promised = records + u64::from(started.is_ok()) + u64::from(matches!(decided, Some(Ok(_))));
        for part in 0..parts {
            let place = format!("call {fail_at}, survivors {part}");
            let back = Disk::of(disk.after(survivors(part)), usize::MAX);
            let store = DirStore::new(&back, LOG);
            // Whoever reads before the next writer sees a whole log, the newest or one that is finished later.
            let seen = size(&store);
            if seen > 0 {
                let found = verify(&store, &trust(1), None).unwrap();
                assert!(found.is_good(), "{place}: {:?}", found.problems);
                assert!(seen >= promised || found.pending, "{place}: {seen} of {promised}, and nobody is to finish it");
            }
            // The next writer goes on behind all that was promised.
            let next = run(&store, &key(1), "next", false);
            assert!(next.first.0 > promised, "{place}: {} of {promised} records are left", next.first.0 - 1);
            assert!(next.first.0 <= records + 3, "{place}: more than was appended");
            let found = verify(&store, &trust(1), None).unwrap();
            assert!(found.is_good() && !found.pending, "{place}: {:?}", found.problems);
        }
        if !disk.failed() {
            assert!(fail_at > 20 && matches!(decided, Some(Ok(_))), "{fail_at} calls");
            return;
        }
    }
}

#[test]
fn a_power_failure_during_the_first_run_loses_nothing_that_was_promised() {
    the_power_fails_during_a_run_after(&[], 12, 1);
}

#[test]
fn a_power_failure_during_a_later_run_loses_nothing_that_was_promised() {
    the_power_fails_during_a_run_after(&[start_record("100", &key(1)), start_record("101", &key(1))], 12, 1);
}

#[test]
fn a_power_failure_while_a_tile_becomes_full_loses_nothing_that_was_promised() {
    let before: Vec<_> = (0..255).map(|n| start_record(&n.to_string(), &key(1))).collect();
    // Verifying takes as long as there are records: fewer calls, and less of what may survive.
    the_power_fails_during_a_run_after(&before, 2, 9);
}
