//! A world for tests: the real file system, but a fixed clock, an environment of its own, captured output, and a fault
//! that can be planted at any call. Nothing reaches the network.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests: the double takes PATH from the real world, and what fails should fail loudly"
)]

use portcullis::model::Timestamp;
use portcullis::sys::{
    Bytes, Command, DirEntry, Fault, Fetched, FileKind, Guard, Output, ReadAt, RealSys, Request, Stream, Sys, SysError,
};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The moment at which every test happens: 2026-08-22T00:00:00Z, a day after the landmark feed.
pub const NOW: Timestamp = Timestamp(1_787_356_800);

/// The world.
pub struct World {
    real: RealSys,
    pub now: Timestamp,
    pub vars: BTreeMap<String, String>,
    pub cwd: PathBuf,
    pub out: Mutex<Vec<u8>>,
    pub err: Mutex<Vec<u8>>,
    /// What standard input holds.
    pub stdin: Vec<u8>,
    /// The running program: a small file stands for it, because each record has its digest.
    pub program: PathBuf,
    pub width: Option<u16>,
    /// Directories list their entries in an order that this number chooses; as the system gives them where absent.
    pub list_order: Option<u64>,
    /// What the random source gives: the number, over and over. `more_luck` makes each reading another one.
    pub luck: AtomicU64,
    pub more_luck: bool,
    /// The number of the call that fails, from 0.
    pub fail_at: Option<usize>,
    pub calls: Arc<AtomicUsize>,
    pub failed: Arc<AtomicBool>,
    /// What the call was that failed.
    pub broke: Mutex<String>,
}

impl World {
    /// A world whose home, caches and working directory are below `dir`.
    pub fn new(dir: &Path) -> Self {
        let mut vars = BTreeMap::new();
        vars.insert("HOME".to_owned(), dir.join("home").display().to_string());
        vars.insert("PORTCULLIS_FEED_DIR".to_owned(), dir.join("feeds").display().to_string());
        vars.insert("PATH".to_owned(), std::env::var("PATH").unwrap_or_default());
        Self {
            real: RealSys,
            now: NOW,
            vars,
            cwd: dir.to_owned(),
            out: Mutex::default(),
            err: Mutex::default(),
            stdin: Vec::new(),
            program: project("rustfmt.toml"),
            width: None,
            list_order: None,
            luck: AtomicU64::new(0x0707_0707_0707_0707),
            more_luck: false,
            fail_at: None,
            calls: Arc::default(),
            failed: Arc::default(),
            broke: Mutex::default(),
        }
    }

    /// Runs the program and returns exit code, standard output and standard error.
    pub fn run(&self, args: &[&str]) -> (u8, String, String) {
        self.out.lock().unwrap().clear();
        self.err.lock().unwrap().clear();
        let args = std::iter::once("portcullis").chain(args.iter().copied()).map(OsString::from);
        let code = portcullis::cli::run(self, args);
        let text = |m: &Mutex<Vec<u8>>| String::from_utf8(m.lock().unwrap().clone()).unwrap();
        (code, text(&self.out), text(&self.err))
    }

    /// Counts the call, and fails it when its turn has come.
    fn turn(&self, op: &'static str, what: &Path) -> Result<(), SysError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.fail_at == Some(number) {
            self.failed.store(true, Ordering::SeqCst);
            *self.broke.lock().unwrap() = format!("{op} {}", what.display());
            let fault = Fault::Other("planted fault".into());
            return Err(SysError { op, what: what.display().to_string(), fault });
        }
        Ok(())
    }

    fn at(&self, path: &Path) -> PathBuf {
        self.cwd.join(path)
    }
}

/// A file whose reads take their turn too.
struct Counted {
    file: Box<dyn ReadAt>,
    calls: Arc<AtomicUsize>,
    fail_at: Option<usize>,
    failed: Arc<AtomicBool>,
}

impl ReadAt for Counted {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), SysError> {
        if self.fail_at == Some(self.calls.fetch_add(1, Ordering::SeqCst)) {
            self.failed.store(true, Ordering::SeqCst);
            return Err(SysError {
                op: "read",
                what: "an open file".into(),
                fault: Fault::Other("planted fault".into()),
            });
        }
        self.file.read_exact_at(buffer, offset)
    }

    fn size(&self) -> Result<Bytes, SysError> {
        self.file.size()
    }
}

impl Sys for World {
    fn now(&self) -> Result<Timestamp, SysError> {
        self.turn("read", Path::new("the clock"))?;
        Ok(self.now)
    }
    fn var(&self, name: &str) -> Result<Option<String>, SysError> {
        self.turn("read", Path::new(name))?;
        Ok(self.vars.get(name).cloned())
    }
    fn cwd(&self) -> Result<PathBuf, SysError> {
        self.turn("find", Path::new("the working directory"))?;
        Ok(self.cwd.clone())
    }
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError> {
        self.turn("look at", path)?;
        self.real.kind(&self.at(path))
    }
    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError> {
        self.turn("resolve", path)?;
        self.real.real_path(&self.at(path))
    }
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError> {
        self.turn("list", dir)?;
        let mut entries = self.real.list(&self.at(dir))?;
        if let Some(order) = self.list_order {
            entries.sort_by_cached_key(|entry| {
                let mut hash = DefaultHasher::new();
                (order, &entry.name).hash(&mut hash);
                hash.finish()
            });
        }
        Ok(entries)
    }
    fn read(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        self.turn("read", path)?;
        self.real.read(&self.at(path), limit)
    }
    fn read_private(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        self.turn("read", path)?;
        self.real.read_private(&self.at(path), limit)
    }
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError> {
        self.turn("open", path)?;
        let file = self.real.open(&self.at(path))?;
        let (calls, failed) = (Arc::clone(&self.calls), Arc::clone(&self.failed));
        Ok(Box::new(Counted { file, calls, fail_at: self.fail_at, failed }))
    }
    fn create_dir(&self, dir: &Path) -> Result<(), SysError> {
        self.turn("create", dir)?;
        self.real.create_dir(&self.at(dir))
    }
    fn replace(&self, path: &Path, bytes: &[u8], private: bool) -> Result<(), SysError> {
        self.turn("write", path)?;
        self.real.replace(&self.at(path), bytes, private)
    }
    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.turn("write", path)?;
        self.real.write_new(&self.at(path), bytes)
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), SysError> {
        self.turn("rename", from)?;
        self.real.rename(&self.at(from), &self.at(to))
    }
    fn sync_dir(&self, dir: &Path) -> Result<(), SysError> {
        self.turn("sync", dir)?;
        self.real.sync_dir(&self.at(dir))
    }
    fn replace_program(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.turn("write", path)?;
        self.real.replace_program(&self.at(path), bytes)
    }
    fn write_out(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.turn("write", path)?;
        self.real.write_out(&self.at(path), bytes)
    }
    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.turn("write", path)?;
        self.real.append(&self.at(path), bytes)
    }
    fn remove(&self, path: &Path) -> Result<(), SysError> {
        self.turn("remove", path)?;
        self.real.remove(&self.at(path))
    }
    fn lock(&self, path: &Path, wait: Duration) -> Result<Box<dyn Guard>, SysError> {
        self.turn("lock", path)?;
        self.real.lock(&self.at(path), wait)
    }
    fn stdin(&self, limit: Bytes) -> Result<Vec<u8>, SysError> {
        self.turn("read", Path::new("standard input"))?;
        if self.stdin.len() as u64 > limit.0 {
            let fault = Fault::TooLarge { limit };
            return Err(SysError { op: "read", what: "standard input".into(), fault });
        }
        Ok(self.stdin.clone())
    }
    fn program(&self) -> Result<PathBuf, SysError> {
        self.turn("find", Path::new("the running program"))?;
        Ok(self.program.clone())
    }
    fn run(&self, command: &Command) -> Result<Output, SysError> {
        self.turn("run", &command.program)?;
        self.real.run(command)
    }
    fn fetch(&self, request: &Request) -> Result<Vec<u8>, SysError> {
        self.turn("fetch", Path::new(&request.url))?;
        let loopback = request.url.starts_with("http://127.0.0.1");
        assert!(loopback, "a test reached for the network: {}", request.url);
        self.real.fetch(request)
    }
    fn fetch_unless(&self, request: &Request, known: Option<&str>) -> Result<Fetched, SysError> {
        self.turn("fetch", Path::new(&request.url))?;
        let loopback = request.url.starts_with("http://127.0.0.1");
        assert!(loopback, "a test reached for the network: {}", request.url);
        self.real.fetch_unless(request, known)
    }
    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError> {
        self.turn("read", Path::new("the random source"))?;
        // Tests are deterministic, and their keys protect nothing.
        let luck = self.luck.fetch_add(u64::from(self.more_luck), Ordering::SeqCst).to_le_bytes();
        buffer.iter_mut().zip(luck.iter().cycle()).for_each(|(byte, luck)| *byte = *luck); // the pattern has no end
        Ok(())
    }
    fn print(&self, stream: Stream, bytes: &[u8]) -> Result<(), SysError> {
        self.turn("write to", Path::new("a stream"))?;
        let sink = if stream == Stream::Out { &self.out } else { &self.err };
        sink.lock().unwrap().extend(bytes);
        Ok(())
    }
    fn terminal(&self, stream: Stream) -> Option<u16> {
        match stream {
            Stream::Out | Stream::Err => self.width,
        }
    }
}

/// The corpus of real files, where the caller has one; says when not.
pub fn corpus() -> Option<PathBuf> {
    match std::env::var_os("PORTCULLIS_CORPUS") {
        Some(dir) => Some(PathBuf::from(dir)),
        None => {
            eprintln!("skipped: PORTCULLIS_CORPUS does not name the corpus of real files");
            None
        }
    }
}

/// A directory of this project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
