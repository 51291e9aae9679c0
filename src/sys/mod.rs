//! The outside world behind one trait, blocking. Everything that can fail because of the world fails here, so that a
//! double can break each call in turn. It knows nothing of advisories or lockfiles.

#[cfg(target_os = "linux")]
mod files;
mod http;
mod real;
mod threads;

pub use real::RealSys;
pub use threads::{beside, spread, spread_over};

use crate::model::Timestamp;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A size in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl Bytes {
    /// `n` MiB.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }
}

impl std::fmt::Display for Bytes {
    /// In the largest unit that divides it, or in bytes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            n if n >= 1 << 20 => write!(f, "{:.1} MiB", n as f64 / f64::from(1 << 20)),
            n if n >= 1 << 10 => write!(f, "{:.1} KiB", n as f64 / f64::from(1 << 10)),
            n => write!(f, "{n} bytes"),
        }
    }
}

/// What went wrong with the outside world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such file, directory, program or host.
    NotFound,
    /// The operating system refuses.
    Denied,
    /// Larger than the caller's limit.
    TooLarge {
        /// The limit.
        limit: Bytes,
    },
    /// Not a regular file; says what it is instead.
    NotRegular(&'static str),
    /// Others than its owner may read it, though it holds a secret.
    Exposed {
        /// The permission bits of its mode.
        mode: u32,
    },
    /// No space is left.
    NoSpace,
    /// The reader of our output went away.
    BrokenPipe,
    /// It took longer than the caller allows.
    TimedOut {
        /// The limit.
        after: Duration,
    },
    /// The server answered with this HTTP status.
    Status(u16),
    /// Anything else, in the system's words.
    Other(String),
}

/// A call to the outside world that failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {op} {what}: {fault}")]
pub struct SysError {
    /// What was tried: `read`, `list`, `run`, ….
    pub op: &'static str,
    /// On what: a path, a program, a URL.
    pub what: String,
    /// What went wrong.
    pub fault: Fault,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::Denied => f.write_str("permission denied"),
            Self::TooLarge { limit } => write!(f, "larger than the limit of {limit}"),
            Self::NotRegular(kind) => write!(f, "it is a {kind}, not a regular file"),
            Self::Exposed { mode } => write!(f, "others than its owner may read it (mode {mode:04o})"),
            Self::NoSpace => f.write_str("no space is left on the device"),
            Self::BrokenPipe => f.write_str("the reader went away"),
            Self::TimedOut { after } => write!(f, "no end after {} s", after.as_secs()),
            Self::Status(code) => write!(f, "the server answered with status {code}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What a path is, without following a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// FIFO, socket or device.
    Special,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, without its directory.
    pub name: OsString,
    /// What it is, without following a link.
    pub kind: FileKind,
}

/// One entry of a directory, with what is in it where that was asked for.
#[derive(Debug)]
pub struct Found<'a> {
    /// The name, without its directory.
    pub name: &'a OsStr,
    /// What it is, without following a link.
    pub kind: FileKind,
    /// The bytes of a regular file that was wanted.
    pub bytes: Option<Result<&'a [u8], SysError>>,
}

/// A directory to read others in. Where the system can, it is open, and what lies in it is found from there instead of
/// from the root each time.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    open: Option<std::os::fd::OwnedFd>,
}

impl Root {
    /// One that is known by its path alone.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            #[cfg(target_os = "linux")]
            open: None,
        }
    }
}

/// A file open for reading at any offset. Never mapped: a mapped file that is cut short kills the process.
pub trait ReadAt: Send + Sync {
    /// Fills the buffer from `offset`; fails where the file ends earlier.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), SysError>;
    /// The size now.
    fn size(&self) -> Result<Bytes, SysError>;
}

/// A program to run. The environment is exactly `env`: nothing is inherited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// An absolute path.
    pub program: PathBuf,
    /// Arguments.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory.
    pub dir: PathBuf,
    /// What the program reads from standard input.
    pub stdin: Vec<u8>,
    /// More output than this is [`Fault::TooLarge`].
    pub output_limit: Bytes,
    /// The program is killed after this.
    pub time_limit: Duration,
}

/// What a program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// The first 64 KiB of standard error.
    pub stderr: Vec<u8>,
}

/// An HTTPS GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `https://…`; plain `http` is accepted for loopback addresses only.
    pub url: String,
    /// A PEM file with certificate authorities that replaces the system's store.
    pub ca_file: Option<PathBuf>,
    /// Larger bodies are [`Fault::TooLarge`].
    pub limit: Bytes,
    /// The whole exchange takes no longer.
    pub time_limit: Duration,
}

/// The answer to a request that says which state of the data is known already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The server says that the data is still of the state that was named.
    Unchanged,
    /// The data.
    Body {
        /// All of it.
        bytes: Vec<u8>,
        /// What the server calls this state (RFC 9110, section 8.8.3), where it says so; at most 256 visible characters.
        etag: Option<String>,
    },
}

/// The two streams of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Holds an advisory lock until dropped.
pub trait Guard {}

/// The outside world. Each call can fail; no call panics.
pub trait Sys: Sync {
    /// The time now.
    fn now(&self) -> Result<Timestamp, SysError>;
    /// A variable of the environment; an error when it is set and not UTF-8.
    fn var(&self, name: &str) -> Result<Option<String>, SysError>;
    /// The working directory, absolute.
    fn cwd(&self) -> Result<PathBuf, SysError>;
    /// What the path is, without following a link in its last part; none when there is nothing.
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError>;
    /// What tells a file from every other, and from what it was before it last changed: the same bytes only for the same
    /// content. None where the system does not say, or where the file changed less than two seconds ago and may change
    /// again without a trace. A double does not say.
    fn mark(&self, path: &Path) -> Result<Option<Vec<u8>>, SysError> {
        let _ = path;
        Ok(None)
    }
    /// The absolute path with every link followed.
    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError>;
    /// The entries of a directory, in no order.
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError>;
    /// A regular file's bytes. Links are followed; a FIFO or device is [`Fault::NotRegular`] and is never waited for.
    fn read(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError>;
    /// Like [`Sys::read`], for secrets: a file that its group or others may read is [`Fault::Exposed`]. A double whose
    /// files have no modes reads them as they are.
    fn read_private(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        self.read(path, limit)
    }
    /// A directory for [`Sys::read_files`]. It need not be there: reading says so.
    fn root(&self, path: &Path) -> Root {
        Root::at(path)
    }
    /// Like [`Sys::read`], of a path below the root.
    fn read_in(&self, root: &Root, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        self.read(&root.path.join(path), limit)
    }
    /// Lists a directory below the root, reads those of its regular files whose names are wanted, and hands over each
    /// entry, in no order. Links in the directory are not followed. A file larger than `limit` is [`Fault::TooLarge`].
    ///
    /// Errors: the list broke off. What was handed over until then is not all.
    fn read_files(
        &self,
        (root, dir): (&Root, &Path),
        limit: Bytes,
        wanted: &dyn Fn(&OsStr) -> bool,
        each: &mut dyn FnMut(Found<'_>),
    ) -> Result<(), SysError> {
        let dir = root.path.join(dir);
        for entry in self.list(&dir)? {
            let read = entry.kind == FileKind::File && wanted(&entry.name);
            let bytes = read.then(|| self.read(&dir.join(&entry.name), limit));
            let bytes = bytes.as_ref().map(|read| read.as_deref().map_err(Clone::clone));
            each(Found { name: &entry.name, kind: entry.kind, bytes });
        }
        Ok(())
    }
    /// Opens a regular file for reading at offsets.
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError>;
    /// Creates the directory and its parents.
    fn create_dir(&self, dir: &Path) -> Result<(), SysError>;
    /// Writes a file so that, after a crash at any point, either the old bytes or the new ones are there: temporary
    /// file beside it, fsync, rename, fsync of the directory. `private` makes it readable by its owner alone.
    fn replace(&self, path: &Path, bytes: &[u8], private: bool) -> Result<(), SysError>;
    /// Writes a file where there is none, and waits until its bytes are on the disk. Its name may still be lost by a power
    /// failure: see [`Sys::sync_dir`]. Where the disk is full a part of it may stay. A double that has no disk refuses.
    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        let _ = bytes;
        Err(SysError { op: "write", what: path.display().to_string(), fault: Fault::Denied })
    }
    /// Gives a file another name, in the place of what has that name: whoever looks sees the one or the other. A power
    /// failure may take it back: see [`Sys::sync_dir`]. A double that has no disk refuses.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), SysError> {
        let _ = to;
        Err(SysError { op: "rename", what: from.display().to_string(), fault: Fault::Denied })
    }
    /// Waits until the names in a directory are on the disk. A double that has no disk refuses.
    fn sync_dir(&self, dir: &Path) -> Result<(), SysError> {
        Err(SysError { op: "sync", what: dir.display().to_string(), fault: Fault::Denied })
    }
    /// Writes a program as [`Sys::replace`] writes a file: everybody may run it, its owner may write it. A double that
    /// has no programs refuses.
    fn replace_program(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        let _ = bytes;
        Err(SysError { op: "write", what: path.display().to_string(), fault: Fault::Denied })
    }
    /// Writes a file that the user named for output. A regular file or none is replaced as by [`Sys::replace`]; a link
    /// leads to what is written and stays; a device or FIFO is written in place, and so is an open descriptor
    /// (`/dev/stdout`, `/dev/fd/N`), at its end where it is a file. Waits for the reader of a FIFO.
    fn write_out(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError>;
    /// Appends to a file, creating it. For the files by which CI runners take output.
    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError>;
    /// Removes a file; no error when there is none.
    fn remove(&self, path: &Path) -> Result<(), SysError>;
    /// Takes an exclusive advisory lock on the file, creating it, waiting at most `wait`.
    fn lock(&self, path: &Path, wait: Duration) -> Result<Box<dyn Guard>, SysError>;
    /// The whole standard input of the process; waits for its end. A double that has none refuses.
    fn stdin(&self, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let _ = limit;
        Err(SysError { op: "read", what: "standard input".into(), fault: Fault::NotFound })
    }
    /// The program that is running, absolute. A double that is none refuses.
    fn program(&self) -> Result<PathBuf, SysError> {
        Err(SysError { op: "find", what: "the running program".into(), fault: Fault::NotFound })
    }
    /// Runs a program to its end.
    fn run(&self, command: &Command) -> Result<Output, SysError>;
    /// Fetches over HTTPS. A status other than 200 is [`Fault::Status`].
    fn fetch(&self, request: &Request) -> Result<Vec<u8>, SysError>;
    /// Like [`Sys::fetch`], unless the data is still of the state that `known` names (RFC 9110, section 13.1.2). A double
    /// that knows of no states fetches it.
    fn fetch_unless(&self, request: &Request, known: Option<&str>) -> Result<Fetched, SysError> {
        let _ = known;
        Ok(Fetched::Body { bytes: self.fetch(request)?, etag: None })
    }
    /// Fills the buffer from the operating system's random source.
    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError>;
    /// Writes all bytes to a stream of the process and flushes it.
    fn print(&self, stream: Stream, bytes: &[u8]) -> Result<(), SysError>;
    /// Whether the stream is a terminal, and its width in columns if so.
    fn terminal(&self, stream: Stream) -> Option<u16>;
}
