//! The files of one directory, read with as few calls as can be: each opened by its name in the open directory, into
//! one buffer. Other systems than Linux do the same with [`super::Sys::list`] and [`super::Sys::read`].

use super::real::fault;
use super::{Bytes, Fault, FileKind, Found, Root, SysError};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, open, openat, statat};
use rustix::io::Errno;
use std::cell::Cell;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Room for the entries of one call, in bytes: more than most directories of an advisory database need.
const ENTRIES: usize = 8 << 10;
/// Room for one read, in bytes: more than nearly every record has.
const ROOM: usize = 32 << 10;

/// How a directory is opened to be listed. Links on the way to it are followed.
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

thread_local! {
    /// Kept, so that its pages are there for the next directory.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What [`super::Sys::root`] promises.
pub(super) fn root(path: &Path) -> Root {
    // What cannot be opened is found by its path, and the error is that of whoever reads in it.
    Root { path: path.to_owned(), open: open(path, DIRECTORY, Mode::empty()).ok() }
}

/// Opens a path below the root without waiting for the other end of a FIFO. None where the root is not open.
pub(super) fn open_in(root: &Root, path: &Path) -> Option<std::io::Result<File>> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = |dir: &OwnedFd| openat(dir, path, flags, Mode::empty()).map(File::from).map_err(std::io::Error::from);
    root.open.as_ref().map(opened)
}

/// What [`super::Sys::read_files`] promises.
pub(super) fn read(
    (root, dir): (&Root, &Path),
    limit: Bytes,
    wanted: &dyn Fn(&OsStr) -> bool,
    each: &mut dyn FnMut(Found<'_>),
) -> Result<(), SysError> {
    let path = || root.path.join(dir);
    let failed = |errno: Errno| error("list", &path(), errno);
    let opened = match &root.open {
        Some(root) => openat(root, dir, DIRECTORY, Mode::empty()),
        None => open(path(), DIRECTORY, Mode::empty()),
    };
    let dir = opened.map_err(failed)?;
    let mut room = [const { MaybeUninit::uninit() }; ENTRIES];
    let mut entries = RawDir::new(&dir, &mut room);
    let mut buffer = BUFFER.take();
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(failed)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue; // the directory itself and the one above
        }
        let kind = match entry.file_type() {
            FileType::Unknown => kind_of(&dir, entry.file_name()).map_err(failed)?,
            known => kind(known),
        };
        let bytes = (kind == FileKind::File && wanted(name))
            .then(|| read_into(&mut buffer, &dir, entry.file_name(), limit, &|| path().join(name)));
        let bytes = bytes.map(|read| read.map(|()| buffer.as_slice()));
        each(Found { name, kind, bytes });
    }
    BUFFER.set(buffer);
    Ok(())
}

fn error(op: &'static str, what: &Path, errno: Errno) -> SysError {
    SysError { op, what: what.display().to_string(), fault: fault(&errno.into()) }
}

fn kind(kind: FileType) -> FileKind {
    match kind {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Dir,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Special,
    }
}

/// For file systems that do not say it in the list.
fn kind_of(dir: &OwnedFd, name: &CStr) -> Result<FileKind, Errno> {
    Ok(kind(FileType::from_raw_mode(statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode)))
}

/// Reads a file up to its end. The list called it a regular file, and no link is followed. What was put in its place
/// since is not waited for: a FIFO without a writer gives nothing, and what gives nothing is looked at again.
fn read_into(
    buffer: &mut Vec<u8>,
    dir: &OwnedFd,
    name: &CStr,
    limit: Bytes,
    path: &dyn Fn() -> std::path::PathBuf,
) -> Result<(), SysError> {
    let failed = |errno: Errno| error("read", &path(), errno);
    let refused = |fault| SysError { op: "read", what: path().display().to_string(), fault };
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(dir, name, flags, Mode::empty()).map_err(failed)?;
    buffer.clear();
    loop {
        buffer.reserve(ROOM);
        match rustix::io::read(&file, rustix::buffer::spare_capacity(buffer)) {
            Ok(0) => break,
            Ok(_) if buffer.len() as u64 > limit.0 => return Err(refused(Fault::TooLarge { limit })),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    if buffer.is_empty() {
        let now = rustix::fs::fstat(&file).map_err(failed)?;
        if FileType::from_raw_mode(now.st_mode) != FileType::RegularFile {
            return Err(refused(Fault::NotRegular("file of another kind since it was listed")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests make files for the code that reads them")]

    use super::*;
    use crate::sys::{RealSys, Sys};
    use std::fs;

    type Seen = Vec<(String, FileKind, Option<Result<Vec<u8>, Fault>>)>;

    fn seen(sys: &dyn Sys, dir: &Path) -> Seen {
        let mut seen = Seen::new();
        let wanted = |name: &OsStr| name != "unwanted";
        let (root, dir) = (sys.root(dir.parent().unwrap()), dir.file_name().unwrap());
        sys.read_files((&root, Path::new(dir)), Bytes(100_000), &wanted, &mut |found| {
            let bytes = found.bytes.map(|read| read.map(<[u8]>::to_vec).map_err(|e| e.fault));
            seen.push((found.name.to_str().unwrap().to_owned(), found.kind, bytes));
        })
        .unwrap();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        seen
    }

    #[test]
    fn each_entry_is_told_and_only_wanted_regular_files_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let large = vec![b'x'; 100_000];
        fs::write(at("large"), &large).unwrap();
        fs::write(at("too-large"), vec![b'x'; 100_001]).unwrap();
        fs::write(at("small"), b"x").unwrap();
        fs::write(at("empty"), b"").unwrap();
        fs::write(at("unwanted"), b"x").unwrap();
        fs::create_dir(at("dir")).unwrap();
        std::os::unix::fs::symlink("small", at("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        let expected = [
            ("dir", FileKind::Dir, None),
            ("empty", FileKind::File, Some(Ok(Vec::new()))),
            ("fifo", FileKind::Special, None),
            ("large", FileKind::File, Some(Ok(large))),
            ("link", FileKind::Link, None),
            ("small", FileKind::File, Some(Ok(b"x".to_vec()))),
            ("too-large", FileKind::File, Some(Err(Fault::TooLarge { limit: Bytes(100_000) }))),
            ("unwanted", FileKind::File, None),
        ];
        let expected: Seen = expected.into_iter().map(|(name, kind, bytes)| (name.to_owned(), kind, bytes)).collect();
        assert_eq!(seen(&RealSys, dir.path()), expected);
    }

    #[test]
    fn many_entries_come_over_several_calls() {
        let dir = tempfile::tempdir().unwrap();
        for n in 0..1_000 {
            fs::write(dir.path().join(format!("a-rather-long-name-{n}")), n.to_string()).unwrap();
        }
        let seen = seen(&RealSys, dir.path());
        assert_eq!(seen.len(), 1_000);
        let own = |(name, _, bytes): &(String, FileKind, Option<Result<Vec<u8>, Fault>>)| {
            bytes.as_ref().is_some_and(|read| name.as_bytes().ends_with(read.as_ref().unwrap()))
        };
        assert!(seen.iter().all(own));
    }

    #[test]
    fn a_path_below_a_root_is_read_as_the_whole_path_is() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("dir")).unwrap();
        fs::write(at("dir/file"), b"1234").unwrap();
        std::os::unix::fs::symlink("dir/file", at("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        for root in [RealSys.root(dir.path()), Root::at(dir.path())] {
            for (name, limit) in
                [("dir/file", 4), ("dir/file", 3), ("link", 4), ("fifo", 4), ("dir", 4), ("nothing", 4)]
            {
                let read = RealSys.read_in(&root, Path::new(name), Bytes(limit));
                assert_eq!(read, RealSys.read(&at(name), Bytes(limit)), "{name}");
            }
        }
    }

    #[test]
    fn what_cannot_be_listed_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), b"x").unwrap();
        for root in [RealSys.root(dir.path()), Root::at(dir.path())] {
            for name in ["file", "nothing"] {
                let read = RealSys.read_files((&root, Path::new(name)), Bytes(1), &|_| true, &mut |_| ());
                let read = read.map_err(|e| (e.op, e.what));
                assert_eq!(read, Err(("list", dir.path().join(name).display().to_string())));
            }
        }
    }

    #[test]
    fn what_took_the_place_of_a_listed_file_is_refused_and_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        assert!(std::process::Command::new("mkfifo").arg(dir.path().join("fifo")).status().unwrap().success());
        fs::create_dir(dir.path().join("dir")).unwrap();
        std::os::unix::fs::symlink("dir", dir.path().join("link")).unwrap();
        let open = open(dir.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        for name in [c"fifo", c"dir", c"link", c"nothing"] {
            let read = read_into(&mut Vec::new(), &open, name, Bytes(1), &|| dir.path().to_owned());
            assert_eq!(read.map_err(|e| e.op), Err("read"), "{name:?}");
        }
    }
}
