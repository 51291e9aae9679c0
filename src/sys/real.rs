//! [`Sys`] on the real machine. The only file, with `http`, that calls the operating system.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the outside world is reached; everybody else goes through `Sys`"
)]

use super::{
    Bytes, Command, DirEntry, Fault, Fetched, FileKind, Guard, Output, ReadAt, Request, Stream, Sys, SysError, http,
};
#[cfg(target_os = "linux")]
use super::{Found, Root, files};
use crate::model::Timestamp;
#[cfg(target_os = "linux")]
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Builder;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Standard error of a program is kept up to this size: it is shown to people, never parsed.
const STDERR_KEPT: u64 = 64 << 10;
/// A chain of links longer than this goes in a circle; the limit of Linux.
const MAX_LINKS: usize = 40;
/// File systems tell times apart by some milliseconds, the worst by two seconds: what changed longer ago, in seconds, has
/// another time if it changes again.
const SETTLED: i64 = 2;
/// How often a waiting call looks again.
const POLL: Duration = Duration::from_millis(2);

/// The real machine.
#[derive(Debug, Default)]
pub struct RealSys;

pub(super) fn fault(error: &std::io::Error) -> Fault {
    match error.kind() {
        ErrorKind::NotFound => Fault::NotFound,
        ErrorKind::PermissionDenied => Fault::Denied,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Fault::NoSpace,
        ErrorKind::BrokenPipe => Fault::BrokenPipe,
        _ => Fault::Other(error.to_string()),
    }
}

fn failed(op: &'static str, what: &Path) -> impl Fn(std::io::Error) -> SysError {
    move |error| SysError { op, what: what.display().to_string(), fault: fault(&error) }
}

fn file_kind(kind: fs::FileType) -> FileKind {
    match kind {
        k if k.is_file() => FileKind::File,
        k if k.is_dir() => FileKind::Dir,
        k if k.is_symlink() => FileKind::Link,
        _ => FileKind::Special,
    }
}

/// Opens without waiting for the other end of a FIFO, and refuses what is not a regular file.
fn open_regular(op: &'static str, path: &Path) -> Result<(File, u64), SysError> {
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path);
    regular(op, &|| path.to_owned(), opened)
}

/// The file and its size, if it is a regular one.
fn regular(
    op: &'static str,
    path: &dyn Fn() -> PathBuf,
    opened: std::io::Result<File>,
) -> Result<(File, u64), SysError> {
    let failed = |error| failed(op, &path())(error);
    let file = opened.map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    let kind = match meta.file_type() {
        k if k.is_file() => return Ok((file, meta.len())),
        k if k.is_dir() => "directory",
        k if k.is_fifo() => "FIFO",
        k if k.is_socket() => "socket",
        _ => "device",
    };
    Err(SysError { op, what: path().display().to_string(), fault: Fault::NotRegular(kind) })
}

struct OpenFile {
    file: File,
    path: PathBuf,
}

impl ReadAt for OpenFile {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), SysError> {
        self.file.read_exact_at(buffer, offset).map_err(failed("read", &self.path))
    }

    fn size(&self) -> Result<Bytes, SysError> {
        self.file.metadata().map(|m| Bytes(m.len())).map_err(failed("read", &self.path))
    }
}

struct FileLock {
    _file: File, // closing it releases the lock
}

impl Guard for FileLock {}

impl RealSys {
    fn write_synced(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Writes through a temporary file of this mode, less what the user's mask takes away.
    fn replace_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SysError> {
        let temporary = Self::temporary(path);
        let written =
            Self::write_synced(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, path)).and_then(|()| {
                match path.parent().filter(|p| !p.as_os_str().is_empty()) {
                    Some(dir) => File::open(dir)?.sync_all(),
                    None => File::open(".")?.sync_all(),
                }
            });
        written.map_err(|e| {
            let _ = fs::remove_file(&temporary); // it may not exist; the error that matters is the first one
            failed("write", path)(e)
        })
    }

    /// A name that no other writer uses: process id and a counter.
    fn temporary(path: &Path) -> PathBuf {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
        path.with_file_name(name)
    }

    fn wait(command: &Command, child: &mut Child) -> Result<Output, SysError> {
        let failed = failed("run", &command.program);
        let error = |fault| SysError { op: "run", what: command.program.display().to_string(), fault };
        let (mut stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let limit = command.output_limit.0;
        std::thread::scope(|scope| {
            let feed = move || match stdin.take() {
                // A program that does not read its input to the end is free to do so.
                Some(mut pipe) => match pipe.write_all(&command.stdin) {
                    Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e),
                    _ => Ok(()),
                },
                None => Ok(()),
            };
            let drain = move || {
                let mut kept = Vec::new();
                if let Some(mut pipe) = stderr {
                    Read::by_ref(&mut pipe).take(STDERR_KEPT).read_to_end(&mut kept)?;
                    std::io::copy(&mut pipe, &mut std::io::sink())?; // the rest is for nobody, but the program must not block
                }
                Ok::<_, std::io::Error>(kept)
            };
            let feeder = Builder::new().spawn_scoped(scope, feed);
            let out = Builder::new().spawn_scoped(scope, move || read_up_to(stdout, limit + 1));
            let err = Builder::new().spawn_scoped(scope, drain);
            let (feeder, out, err) = match (feeder, out, err) {
                (Ok(feeder), Ok(out), Ok(err)) => (feeder, out, err),
                // One thread cannot serve three pipes. The threads that did start end with the program.
                (Err(e), ..) | (_, Err(e), _) | (.., Err(e)) => {
                    child.kill().map_err(&failed)?;
                    return Err(failed(e));
                }
            };
            let started = Instant::now();
            let mut killed = None;
            let status = loop {
                if let Some(status) = child.try_wait().map_err(&failed)? {
                    break status;
                }
                if killed.is_none() && started.elapsed() > command.time_limit {
                    killed = Some(Fault::TimedOut { after: command.time_limit });
                }
                if killed.is_some() {
                    child.kill().map_err(&failed)?;
                }
                // Short calls end within some milliseconds: they are looked at more often than long ones.
                let pause = if started.elapsed() < POLL * 4 { POLL / 32 } else { POLL / 4 };
                std::thread::sleep(pause);
            };
            let joined = |r: std::thread::Result<std::io::Result<Vec<u8>>>| match r {
                Ok(done) => done.map_err(&failed),
                Err(_) => Err(error(Fault::Other("a reader thread panicked".into()))),
            };
            let (stdout, stderr) = (joined(out.join())?, joined(err.join())?);
            match feeder.join() {
                Ok(done) => done.map_err(&failed)?,
                Err(_) => return Err(error(Fault::Other("the writer thread panicked".into()))),
            }
            if let Some(fault) = killed {
                return Err(error(fault));
            }
            if stdout.len() as u64 > limit {
                return Err(error(Fault::TooLarge { limit: command.output_limit }));
            }
            Ok(Output { code: status.code(), stdout, stderr })
        })
    }
}

/// Reads a regular file that had `size` bytes when it was opened.
fn read_limited(file: File, size: u64, limit: Bytes, path: &dyn Fn() -> PathBuf) -> Result<Vec<u8>, SysError> {
    let too_large = || SysError { op: "read", what: path().display().to_string(), fault: Fault::TooLarge { limit } };
    if size > limit.0 {
        return Err(too_large());
    }
    let bytes = read_whole(file, size, limit).map_err(|error| failed("read", &path())(error))?;
    if bytes.len() as u64 > limit.0 { Err(too_large()) } else { Ok(bytes) }
}

/// Reads a regular file that had `size` bytes when it was opened; at most one byte more than `limit`.
fn read_whole(mut file: File, size: u64, limit: Bytes) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).map_err(std::io::Error::other)? + 1];
    let mut have = 0;
    // One call is the rule. A short read of a regular file is its end, for the buffer has room for one byte more.
    while let Some(room) = bytes.get_mut(have..).filter(|room| !room.is_empty()) {
        let room_for = room.len();
        match file.read(room) {
            Ok(0) => break,
            Ok(n) if n < room_for && (have + n) as u64 == size => {
                have += n;
                break;
            }
            Ok(n) => have += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(have);
    if have as u64 > size {
        // It grew since. What is past the limit is noticed and not cut.
        file.take(limit.0.saturating_add(1).saturating_sub(have as u64)).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Where output to a path goes.
enum Destination {
    /// A regular file, or none yet.
    Whole(PathBuf),
    /// What must stay what it is.
    InPlace(PathBuf),
}

/// Follows the links of a path that the user named. The links of open descriptors are not followed: they lead to what
/// has no name, or to a file that others write as well.
fn destination(path: &Path) -> std::io::Result<Destination> {
    let mut at = path.to_owned();
    for _ in 0..MAX_LINKS {
        let kind = match fs::symlink_metadata(&at) {
            Ok(meta) => meta.file_type(),
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Destination::Whole(at)),
            Err(e) => return Err(e),
        };
        if kind.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if kind.is_file() {
            return Ok(Destination::Whole(at));
        }
        if !kind.is_symlink() {
            return Ok(Destination::InPlace(at));
        }
        let dir = at.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = fs::canonicalize(dir)?;
        if real.starts_with("/proc") && real.ends_with("fd") {
            return Ok(Destination::InPlace(at));
        }
        at = real.join(fs::read_link(&at)?);
    }
    Err(std::io::Error::other("its links go in a circle"))
}

/// Reads at most `limit` bytes, then closes the pipe, so that a program that writes for ever ends by SIGPIPE.
fn read_up_to(pipe: Option<impl Read>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// From the kernel itself. The generator of the cryptographic library measures the jitter of the processor before its
/// first byte, which takes longer than all the rest of a check.
#[cfg(target_os = "linux")]
fn fill_random(buffer: &mut [u8]) -> Result<(), SysError> {
    use rustix::rand::{GetRandomFlags, getrandom};
    let failed = failed("read", Path::new("the random source"));
    let mut have = 0;
    while let Some(room) = buffer.get_mut(have..).filter(|room| !room.is_empty()) {
        match getrandom(room, GetRandomFlags::empty()) {
            Ok(0) => return Err(failed(std::io::Error::other("it gave nothing"))),
            Ok(count) => have += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(failed(errno.into())),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn fill_random(buffer: &mut [u8]) -> Result<(), SysError> {
    let nothing = |_| failed("read", Path::new("the random source"))(std::io::Error::other("it gave nothing"));
    aws_lc_rs::rand::fill(buffer).map_err(nothing)
}

impl Sys for RealSys {
    fn now(&self) -> Result<Timestamp, SysError> {
        let broken =
            || SysError { op: "read", what: "the clock".into(), fault: Fault::Other("it is before 1970".into()) };
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| broken())?;
        i64::try_from(since.as_secs()).map(Timestamp).map_err(|_| broken())
    }

    fn var(&self, name: &str) -> Result<Option<String>, SysError> {
        match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => Err(SysError {
                op: "read",
                what: format!("the environment variable {name}"),
                fault: Fault::Other("it is not UTF-8".into()),
            }),
        }
    }

    fn cwd(&self) -> Result<PathBuf, SysError> {
        std::env::current_dir().map_err(failed("find", Path::new("the working directory")))
    }

    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError> {
        match fs::symlink_metadata(path) {
            Ok(meta) => Ok(Some(file_kind(meta.file_type()))),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(failed("look at", path)(e)),
        }
    }

    fn mark(&self, path: &Path) -> Result<Option<Vec<u8>>, SysError> {
        let meta = fs::metadata(path).map_err(failed("look at", path))?;
        // No program of a user sets the time of the last change of the file itself.
        if self.now()?.0.saturating_sub(meta.ctime()) < SETTLED {
            return Ok(None);
        }
        let size = i64::try_from(meta.size()).unwrap_or(i64::MAX);
        let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
        let parts = [meta.dev(), meta.ino()].map(u64::to_be_bytes).into_iter();
        let parts = parts.chain([size].into_iter().chain(times).map(i64::to_be_bytes));
        Ok(Some([path.as_os_str().as_bytes(), &parts.flatten().collect::<Vec<_>>()].concat()))
    }

    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError> {
        fs::canonicalize(path).map_err(failed("resolve", path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError> {
        let failed = failed("list", dir);
        let mut entries = Vec::new();
        for entry in fs::read_dir(dir).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            entries.push(DirEntry { kind: file_kind(entry.file_type().map_err(&failed)?), name: entry.file_name() });
        }
        Ok(entries)
    }

    fn read(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let (file, size) = open_regular("read", path)?;
        read_limited(file, size, limit, &|| path.to_owned())
    }

    fn read_private(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let (file, size) = open_regular("read", path)?;
        let error = |fault| SysError { op: "read", what: path.display().to_string(), fault };
        // The mode of the file that is open, not of what the path names a moment later.
        let mode = file.metadata().map_err(failed("read", path))?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(error(Fault::Exposed { mode }));
        }
        read_limited(file, size, limit, &|| path.to_owned())
    }

    #[cfg(target_os = "linux")]
    fn root(&self, path: &Path) -> Root {
        files::root(path)
    }

    #[cfg(target_os = "linux")]
    fn read_in(&self, root: &Root, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let whole = || root.path.join(path);
        let (file, size) = match files::open_in(root, path) {
            Some(opened) => regular("read", &whole, opened)?,
            None => open_regular("read", &whole())?,
        };
        read_limited(file, size, limit, &whole)
    }

    #[cfg(target_os = "linux")]
    fn read_files(
        &self,
        dir: (&Root, &Path),
        limit: Bytes,
        wanted: &dyn Fn(&OsStr) -> bool,
        each: &mut dyn FnMut(Found<'_>),
    ) -> Result<(), SysError> {
        files::read(dir, limit, wanted, each)
    }

    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError> {
        let (file, _) = open_regular("open", path)?;
        Ok(Box::new(OpenFile { file, path: path.to_owned() }))
    }

    fn create_dir(&self, dir: &Path) -> Result<(), SysError> {
        fs::create_dir_all(dir).map_err(failed("create", dir))
    }

    fn replace(&self, path: &Path, bytes: &[u8], private: bool) -> Result<(), SysError> {
        Self::replace_as(path, bytes, if private { 0o600 } else { 0o644 })
    }

    fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        Self::write_synced(path, bytes, 0o644).map_err(failed("write", path))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), SysError> {
        fs::rename(from, to).map_err(failed("rename", from))
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), SysError> {
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("sync", dir))
    }

    fn replace_program(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        Self::replace_as(path, bytes, 0o755)
    }

    fn write_out(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        match destination(path).map_err(failed("write", path))? {
            Destination::Whole(path) => self.replace(&path, bytes, false),
            Destination::InPlace(at) => {
                let open = || OpenOptions::new().append(true).custom_flags(libc::O_NOCTTY | libc::O_CLOEXEC).open(&at);
                open().and_then(|mut file| file.write_all(bytes)).map_err(failed("write", path))
            }
        }
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        let write = || OpenOptions::new().append(true).create(true).open(path)?.write_all(bytes);
        write().map_err(failed("write", path))
    }

    fn remove(&self, path: &Path) -> Result<(), SysError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(failed("remove", path)(e)),
            _ => Ok(()), // done, or there was nothing to do
        }
    }

    fn lock(&self, path: &Path, wait: Duration) -> Result<Box<dyn Guard>, SysError> {
        let failed = failed("lock", path);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).map_err(&failed)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Box::new(FileLock { _file: file })),
                Err(fs::TryLockError::WouldBlock) if started.elapsed() < wait => std::thread::sleep(POLL),
                Err(fs::TryLockError::WouldBlock) => {
                    let fault = Fault::TimedOut { after: wait };
                    return Err(SysError { op: "lock", what: path.display().to_string(), fault });
                }
                Err(fs::TryLockError::Error(e)) => return Err(failed(e)),
            }
        }
    }

    fn stdin(&self, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let failed = failed("read", Path::new("standard input"));
        let bytes = read_up_to(Some(std::io::stdin().lock()), limit.0.saturating_add(1)).map_err(failed)?;
        if bytes.len() as u64 > limit.0 {
            let fault = Fault::TooLarge { limit };
            return Err(SysError { op: "read", what: "standard input".into(), fault });
        }
        Ok(bytes)
    }

    fn program(&self) -> Result<PathBuf, SysError> {
        std::env::current_exe().map_err(failed("find", Path::new("the running program")))
    }

    fn run(&self, command: &Command) -> Result<Output, SysError> {
        let mut child = std::process::Command::new(&command.program)
            .args(&command.args)
            .env_clear()
            .envs(command.env.iter().map(|(k, v)| (k, v)))
            .current_dir(&command.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed("run", &command.program))?;
        let result = Self::wait(command, &mut child);
        if result.is_err() {
            let _ = child.kill(); // it may have ended already
            let _ = child.wait();
        }
        result
    }

    fn fetch(&self, request: &Request) -> Result<Vec<u8>, SysError> {
        http::get(request)
    }

    fn fetch_unless(&self, request: &Request, known: Option<&str>) -> Result<Fetched, SysError> {
        http::get_unless(request, known)
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError> {
        fill_random(buffer)
    }

    fn print(&self, stream: Stream, bytes: &[u8]) -> Result<(), SysError> {
        let (written, name) = match stream {
            Stream::Out => {
                let mut out = std::io::stdout().lock();
                (out.write_all(bytes).and_then(|()| out.flush()), "standard output")
            }
            Stream::Err => (std::io::stderr().lock().write_all(bytes), "standard error"),
        };
        written.map_err(failed("write to", Path::new(name)))
    }

    fn terminal(&self, stream: Stream) -> Option<u16> {
        let terminal = match stream {
            Stream::Out => std::io::stdout().is_terminal(),
            Stream::Err => std::io::stderr().is_terminal(),
        };
        // Without a crate for it the width comes from the variable that shells export; 80 is the usual width.
        terminal.then(|| self.var("COLUMNS").ok().flatten().and_then(|c| c.parse().ok()).unwrap_or(80))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::symlink;

    fn kind(path: &Path) -> FileKind {
        RealSys.kind(path).unwrap().unwrap()
    }

    #[test]
    fn output_replaces_a_file_and_makes_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        for text in [&b"a longer text"[..], b"short"] {
            RealSys.write_out(&path, text).unwrap();
            assert_eq!(fs::read(&path).unwrap(), text);
        }
        assert!(RealSys.write_out(dir.path(), b"x").is_err(), "a directory");
    }

    #[test]
    fn output_through_a_link_leaves_the_link() {
        let dir = tempfile::tempdir().unwrap();
        let (link, file) = (dir.path().join("link"), dir.path().join("file"));
        symlink("file", &link).unwrap();
        for text in [&b"made"[..], b"replaced"] {
            RealSys.write_out(&link, text).unwrap();
            assert_eq!(fs::read(&file).unwrap(), text);
            assert_eq!(kind(&link), FileKind::Link);
        }
        symlink("circle", dir.path().join("circle")).unwrap();
        assert!(RealSys.write_out(&dir.path().join("circle"), b"x").is_err());
    }

    #[test]
    fn random_bytes_fill_the_whole_buffer_and_differ() {
        // Larger than one call of the kernel fills without a break.
        let mut buffers = [vec![0; 100_000], vec![0; 100_000]];
        buffers.iter_mut().for_each(|buffer| RealSys.random(buffer).unwrap());
        assert_ne!(buffers[0], buffers[1]);
        assert!(buffers.iter().all(|buffer| buffer.chunks(32).all(|part| part.iter().any(|byte| *byte != 0))));
        assert_eq!(RealSys.random(&mut []), Ok(()));
    }

    #[test]
    fn a_device_stays_a_device() {
        let dir = tempfile::tempdir().unwrap();
        // By a link of our own: were it replaced, only the link would be lost.
        for (device, expected) in [("/dev/null", Ok(())), ("/dev/full", Err(Fault::NoSpace))] {
            let link = dir.path().join(device.trim_start_matches("/dev/"));
            symlink(device, &link).unwrap();
            assert_eq!(RealSys.write_out(&link, b"x").map_err(|e| e.fault), expected);
            assert_eq!((kind(&link), kind(Path::new(device))), (FileKind::Link, FileKind::Special));
        }
    }

    #[test]
    fn a_fifo_stays_a_fifo_and_its_reader_gets_the_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let reader = std::thread::spawn({
            let path = path.clone();
            move || fs::read(path).unwrap()
        });
        RealSys.write_out(&path, b"report").unwrap();
        assert_eq!(reader.join().unwrap(), b"report");
        assert_eq!(kind(&path), FileKind::Special);
    }

    #[test]
    fn an_open_descriptor_is_written_where_it_leads() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = OpenOptions::new().write(true).create_new(true).open(dir.path().join("kept")).unwrap();
        fs::write(dir.path().join("kept"), "before ").unwrap();
        for fd in [writer.as_raw_fd(), file.as_raw_fd()] {
            RealSys.write_out(Path::new(&format!("/dev/fd/{fd}")), b"report").unwrap();
        }
        drop(writer);
        let mut got = Vec::new();
        reader.read_to_end(&mut got).unwrap();
        assert_eq!(got, b"report");
        assert_eq!(fs::read(dir.path().join("kept")).unwrap(), b"before report");
    }
}
