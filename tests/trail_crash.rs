//! A writer dies, or the machine fails, at every single call to the outside world in turn: a record is in the log as a
//! whole or not at all, and the next writer goes on.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what fails here should fail loudly")]

mod trail_support;

use portcullis::model::Timestamp;
use portcullis::sys::{
    Bytes, Command, DirEntry, Fault, FileKind, Guard, Output, ReadAt, RealSys, Request, Stream, Sys, SysError,
};
use portcullis::trail::checkpoint::Trust;
use portcullis::trail::store::DirStore;
use portcullis::trail::verify::verify;
use portcullis::trail::{LogIndex, append};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use trail_support::{decision_record, key, run, start_record, trust};

/// The real machine until a call fails; afterwards either that one call failed, or nothing works any more.
struct Broken {
    fail_at: usize,
    dead_after: bool,
    calls: AtomicUsize,
}

impl Broken {
    fn call(&self, op: &'static str) -> Result<(), SysError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if call == self.fail_at || (call > self.fail_at && self.dead_after) {
            return Err(SysError { op, what: "the test".into(), fault: Fault::NoSpace });
        }
        Ok(())
    }
}

impl Sys for Broken {
    fn now(&self) -> Result<Timestamp, SysError> {
        self.call("now").and_then(|()| RealSys.now())
    }
    fn var(&self, name: &str) -> Result<Option<String>, SysError> {
        self.call("var").and_then(|()| RealSys.var(name))
    }
    fn cwd(&self) -> Result<PathBuf, SysError> {
        self.call("cwd").and_then(|()| RealSys.cwd())
    }
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError> {
        self.call("kind").and_then(|()| RealSys.kind(path))
    }
    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError> {
        self.call("real_path").and_then(|()| RealSys.real_path(path))
    }
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError> {
        self.call("list").and_then(|()| RealSys.list(dir))
    }
    fn read(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        self.call("read").and_then(|()| RealSys.read(path, limit))
    }
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError> {
        self.call("open").and_then(|()| RealSys.open(path))
    }
    fn create_dir(&self, dir: &Path) -> Result<(), SysError> {
        self.call("create_dir").and_then(|()| RealSys.create_dir(dir))
    }
    fn replace(&self, path: &Path, bytes: &[u8], private: bool) -> Result<(), SysError> {
        let done = self.call("replace");
        if done.is_err() {
            // Dying in the middle of it leaves the temporary file behind.
            let half = path.with_file_name(format!("{}.1.1.tmp", path.file_name().unwrap().to_str().unwrap()));
            RealSys.append(&half, &bytes[..bytes.len() / 2])?;
        }
        done.and_then(|()| RealSys.replace(path, bytes, private))
    }
    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        let done = self.call("write_new");
        if done.is_err() {
            // Dying in the middle of it leaves a part behind.
            RealSys.append(path, &bytes[..bytes.len() / 2])?;
        }
        done.and_then(|()| RealSys.write_new(path, bytes))
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), SysError> {
        self.call("rename").and_then(|()| RealSys.rename(from, to))
    }
    fn sync_dir(&self, dir: &Path) -> Result<(), SysError> {
        self.call("sync_dir").and_then(|()| RealSys.sync_dir(dir))
    }
    fn write_out(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.call("write_out").and_then(|()| RealSys.write_out(path, bytes))
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.call("append").and_then(|()| RealSys.append(path, bytes))
    }
    fn remove(&self, path: &Path) -> Result<(), SysError> {
        self.call("remove").and_then(|()| RealSys.remove(path))
    }
    fn lock(&self, path: &Path, wait: Duration) -> Result<Box<dyn Guard>, SysError> {
        self.call("lock").and_then(|()| RealSys.lock(path, wait))
    }
    fn run(&self, command: &Command) -> Result<Output, SysError> {
        self.call("run").and_then(|()| RealSys.run(command))
    }
    fn fetch(&self, request: &Request) -> Result<Vec<u8>, SysError> {
        self.call("fetch").and_then(|()| RealSys.fetch(request))
    }
    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError> {
        self.call("random").and_then(|()| RealSys.random(buffer))
    }
    fn print(&self, stream: Stream, bytes: &[u8]) -> Result<(), SysError> {
        self.call("print").and_then(|()| RealSys.print(stream, bytes))
    }
    fn terminal(&self, stream: Stream) -> Option<u16> {
        RealSys.terminal(stream)
    }
}

/// Appends a start to a log of so many runs while every call in turn fails. Returns how many calls an append makes.
fn every_call_fails_once(runs_before: usize, dead_after: bool) -> usize {
    for fail_at in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let real = DirStore::new(&RealSys, dir.path());
        for name in 0..runs_before {
            run(&real, &key(1), &name.to_string(), false);
        }
        let before = 2 * runs_before as u64;
        let broken = Broken { fail_at, dead_after, calls: AtomicUsize::new(0) };
        let store = DirStore::new(&broken, dir.path());
        let done = append(&broken, &store, &key(1), &Trust::default(), &[start_record("broken", &key(1))]);
        let calls = broken.calls.load(Ordering::SeqCst);
        if calls <= fail_at {
            assert_eq!(done.unwrap().first, LogIndex(before));
            return calls; // it ended before anything failed
        }
        // Whoever looks now sees the old log or the new one, and nothing wrong.
        if before > 0 {
            let found = verify(&real, &trust(1), None).unwrap();
            assert!(found.is_good(), "call {fail_at}: {:?}", found.problems);
        }
        // The next writer goes on, whatever was left behind.
        let next = run(&real, &key(1), "next", false);
        let found = verify(&real, &trust(1), None).unwrap();
        assert!(found.is_good() && !found.pending, "call {fail_at}: {:?}", found.problems);
        let broken_is_there = next.head.size == before + 3;
        assert_eq!(next.head.size, before + 2 + u64::from(broken_is_there), "call {fail_at}");
        // `Ok` is a promise; a machine that went on working after one failure may have kept it all the same.
        if done.is_ok() {
            assert!(broken_is_there, "call {fail_at}: promised and not there");
        }
        if !dead_after && done.is_err() {
            assert!(!broken_is_there, "call {fail_at}: refused and there, on a machine that could be asked");
        }
    }
    unreachable!("every append ends")
}

#[test]
fn a_first_append_survives_the_failure_of_every_call() {
    assert!(every_call_fails_once(0, false) > 10);
    assert!(every_call_fails_once(0, true) > 10);
}

#[test]
fn a_later_append_survives_the_failure_of_every_call() {
    assert!(every_call_fails_once(2, false) > 10);
    assert!(every_call_fails_once(2, true) > 10);
}

#[test]
fn an_append_that_fills_a_tile_survives_the_failure_of_every_call() {
    // 255 records at once, then the one that makes the tile full and the partial ones superfluous.
    let records: Vec<_> = (0..255).map(|n| start_record(&n.to_string(), &key(1))).collect();
    let last = decision_record("254", LogIndex(254), true, &key(1));
    let mut finished = false;
    // Every sixth call: the other tests have every one of them, but for the clearing away.
    for fail_at in (0..).step_by(6) {
        let dir = tempfile::tempdir().unwrap();
        let real = DirStore::new(&RealSys, dir.path());
        append(&RealSys, &real, &key(1), &Trust::default(), &records).unwrap();
        let broken = Broken { fail_at, dead_after: true, calls: AtomicUsize::new(0) };
        let store = DirStore::new(&broken, dir.path());
        let done = append(&broken, &store, &key(1), &Trust::default(), std::slice::from_ref(&last));
        finished = broken.calls.load(Ordering::SeqCst) <= fail_at;
        run(&real, &key(1), "next", false);
        let found = verify(&real, &trust(1), None).unwrap();
        assert!(found.is_good(), "call {fail_at}: {:?}", found.problems);
        if finished {
            assert_eq!(done.unwrap().head.size, 256);
            let partial = dir.path().join("tile/0/000.p");
            assert!(std::fs::read_dir(partial).unwrap().next().is_none(), "partial tiles are left behind");
            break;
        }
    }
    assert!(finished);
}
