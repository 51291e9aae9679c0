//! A machine for tests of feeds: real files, an environment and a clock of its own. It holds no test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use portcullis::config::{FeedPolicy, Set};
use portcullis::model::{Seconds, Timestamp};
use portcullis::sys::{
    Bytes, Command, DirEntry, Fault, Fetched, FileKind, Guard, Output, ReadAt, RealSys, Request, Stream, Sys, SysError,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// 2026-11-22T00:00:00Z.
pub(crate) const NOW: i64 = 1_795_305_600;

/// A machine with its own home, in a directory that goes away.
pub(crate) struct Machine {
    pub(crate) home: tempfile::TempDir,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) time: AtomicI64,
    pub(crate) out: Mutex<String>,
    pub(crate) err: Mutex<String>,
    /// Writing a file whose name ends like this breaks off before the rename, and leaves half a temporary file.
    pub(crate) dies_writing: Mutex<Option<&'static str>>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let env = BTreeMap::from([
            ("HOME".to_owned(), text(home.path())),
            ("PATH".to_owned(), std::env::var("PATH").unwrap_or_default()),
        ]);
        Self {
            home,
            env,
            time: AtomicI64::new(NOW),
            out: Mutex::default(),
            err: Mutex::default(),
            dies_writing: Mutex::default(),
        }
    }

    /// Where feeds are installed.
    pub(crate) fn feeds(&self) -> PathBuf {
        self.home.path().join(".cache/portcullis/feed")
    }

    /// The one compiled feed that is there.
    pub(crate) fn feed_file(&self) -> PathBuf {
        let mut files = self.files(".feed");
        assert_eq!(files.len(), 1, "{files:?}");
        files.remove(0)
    }

    /// The installed files with this ending.
    pub(crate) fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = RealSys.list(&self.feeds()).unwrap();
        let mut files: Vec<_> = entries.into_iter().map(|e| self.feeds().join(e.name)).collect();
        files.retain(|path| path.to_str().unwrap().ends_with(ending));
        files.sort();
        files
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.time.fetch_add(seconds, Ordering::Relaxed);
    }
}

/// Ages of a day and a week; no more than 10 % may change.
pub(crate) fn policy() -> FeedPolicy {
    FeedPolicy {
        warn_age: Set { value: Seconds(86_400), line: None },
        fail_age: Set { value: Seconds(604_800), line: None },
        max_change_percent: 10,
    }
}

impl Sys for Machine {
    fn now(&self) -> Result<Timestamp, SysError> {
        Ok(Timestamp(self.time.load(Ordering::Relaxed)))
    }
    fn var(&self, name: &str) -> Result<Option<String>, SysError> {
        Ok(self.env.get(name).cloned())
    }
    fn cwd(&self) -> Result<PathBuf, SysError> {
        Ok(self.home.path().to_owned())
    }
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError> {
        RealSys.kind(path)
    }
    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError> {
        RealSys.real_path(path)
    }
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError> {
        RealSys.list(dir)
    }
    fn read(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        RealSys.read(path, limit)
    }
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError> {
        RealSys.open(path)
    }
    fn create_dir(&self, dir: &Path) -> Result<(), SysError> {
        RealSys.create_dir(dir)
    }
    fn replace(&self, path: &Path, bytes: &[u8], private: bool) -> Result<(), SysError> {
        let dies = *self.dies_writing.lock().unwrap();
        if dies.is_some_and(|end| path.to_str().unwrap().ends_with(end)) {
            let mut half = path.as_os_str().to_owned();
            half.push(".1.1.tmp");
            RealSys.append(Path::new(&half), bytes.chunks(bytes.len() / 2 + 1).next().unwrap_or_default())?;
            return Err(SysError { op: "write", what: path.display().to_string(), fault: Fault::NoSpace });
        }
        RealSys.replace(path, bytes, private)
    }
    fn write_out(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        RealSys.write_out(path, bytes)
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        RealSys.append(path, bytes)
    }
    fn remove(&self, path: &Path) -> Result<(), SysError> {
        RealSys.remove(path)
    }
    fn lock(&self, path: &Path, wait: Duration) -> Result<Box<dyn Guard>, SysError> {
        RealSys.lock(path, wait)
    }
    fn run(&self, command: &Command) -> Result<Output, SysError> {
        RealSys.run(command)
    }
    fn fetch(&self, request: &Request) -> Result<Vec<u8>, SysError> {
        RealSys.fetch(request)
    }
    fn fetch_unless(&self, request: &Request, known: Option<&str>) -> Result<Fetched, SysError> {
        RealSys.fetch_unless(request, known)
    }
    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError> {
        RealSys.random(buffer)
    }
    fn print(&self, stream: Stream, bytes: &[u8]) -> Result<(), SysError> {
        let target = match stream {
            Stream::Out => &self.out,
            Stream::Err => &self.err,
        };
        target.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }
    fn terminal(&self, _: Stream) -> Option<u16> {
        None
    }
}
