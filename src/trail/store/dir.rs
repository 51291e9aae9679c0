//! A log in a local directory, laid out as C2SP tlog-tiles serves it, with the writer's own state in `.state`. For file
//! systems with working locks and atomic renames; not for a share without locks.

use super::staged::{MAX_STAGED, format_staged, parse_staged};
use super::{Change, Read, Store, StoreError, Transaction, checked};
use crate::model::Digest;
use crate::sign::note::MAX_NOTE;
use crate::sys::{Bytes, Fault, FileKind, Guard, Sys, SysError, spread_over};
use crate::trail::tile::CHECKPOINT;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

/// The directory of the writer's own state.
const STATE: &str = ".state";
/// The checkpoint that the last writer committed: the one place where writers meet.
const COMMITTED: &str = ".state/committed";
/// Held by the one writer.
const LOCK: &str = ".state/lock";
/// What files of staged changes start with; the rest is the digest of their checkpoint.
const STAGED: &str = "staged-";
/// An append takes milliseconds; a hundred writers in a row take seconds.
const LOCK_WAIT: Duration = Duration::from_secs(60);
/// Files that are synced at once: an append writes three, and a batch has a body for each record.
const WRITERS: usize = 4;
/// `tile/entries/xNNN/xNNN/xNNN/NNN.p/N` is seven deep.
const MAX_DEPTH: usize = 9;
/// Two million records with their bodies; a larger trail wants a store that can be asked.
const MAX_FILES: usize = 4_000_000;

/// A log in a directory.
pub struct DirStore<'a> {
    sys: &'a dyn Sys,
    dir: PathBuf,
    /// Directories that are known to exist, so that not each write asks again.
    made: Mutex<BTreeSet<PathBuf>>,
}

impl std::fmt::Debug for DirStore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DirStore").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// Where the trail of a repository is kept by default: `$XDG_STATE_HOME/portcullis/trail/<id>`, else
/// `~/.local/state/…` (XDG Base Directory Specification). None where neither variable is an absolute path.
///
/// `repository` is what tells the repository from others, such as the bytes of the path of its top; only a digest of it is shown.
pub fn default_dir(sys: &dyn Sys, repository: &[u8]) -> Result<Option<PathBuf>, SysError> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let state = match sys.var("XDG_STATE_HOME")?.map(PathBuf::from).filter(absolute) {
        Some(dir) => Some(dir),
        None => sys.var("HOME")?.map(PathBuf::from).filter(absolute).map(|home| home.join(".local/state")),
    };
    let id: String = Digest::of(repository).hex().chars().take(32).collect();
    Ok(state.map(|dir| dir.join("portcullis/trail").join(id)))
}

impl<'a> DirStore<'a> {
    /// The log in this directory, which the first append makes.
    pub fn new(sys: &'a dyn Sys, dir: impl Into<PathBuf>) -> Self {
        Self { sys, dir: dir.into(), made: Mutex::default() }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn read_file(&self, path: &str, limit: Bytes) -> Result<Option<Vec<u8>>, StoreError> {
        match self.sys.read(&self.dir.join(path), limit) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(SysError { fault: Fault::NotFound, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn note(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_file(path, Bytes(MAX_NOTE as u64))
    }

    /// Writes a file durably, making its directory where needed.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.dir.join(path);
        if let Some(dir) = path.parent() {
            let made = self.made.lock().is_ok_and(|made| made.contains(dir));
            if !made {
                self.sys.create_dir(dir)?;
                if let Ok(mut made) = self.made.lock() {
                    made.insert(dir.to_owned());
                }
            }
        }
        Ok(self.sys.replace(&path, bytes, false)?)
    }

    fn staged_path(checkpoint: &[u8]) -> String {
        format!("{STATE}/{STAGED}{}", Digest::of(checkpoint).hex())
    }

    /// The one road from a committed change to a published one, for the writer that committed it and for the next writer
    /// after a crash. Every step can be done again: the bytes are always those of the commit.
    fn publish(&self, change: &Change) -> Result<(), StoreError> {
        // None of these is read before the checkpoint, so their order is free; and a disk that is asked to sync several
        // files at once takes hardly longer than for one.
        let puts: Vec<_> = change.put.iter().collect();
        let written = spread_over(WRITERS, &puts, |(path, bytes)| self.write(path, bytes));
        written.expect("the threads that write do not panic").into_iter().collect::<Result<Vec<()>, _>>()?;
        self.write(CHECKPOINT, &change.checkpoint)?;
        // Only now does no published checkpoint need the partial tiles any more.
        for dir in &change.clear {
            for entry in self.entries(dir)? {
                self.sys.remove(&self.dir.join(dir).join(entry.name))?;
            }
        }
        Ok(self.sys.remove(&self.dir.join(Self::staged_path(&change.checkpoint)))?)
    }

    /// The staged change of the committed checkpoint, where it is still there: until it is gone, publishing did not end.
    fn committed_change(&self) -> Result<Option<Change>, StoreError> {
        let Some(committed) = self.note(COMMITTED)? else { return Ok(None) };
        let staged = self.read_file(&Self::staged_path(&committed), Bytes(MAX_STAGED as u64))?;
        let Some(change) = staged.map(|bytes| parse_staged(&bytes)).transpose()? else { return Ok(None) };
        if change.checkpoint == committed {
            Ok(Some(change))
        } else {
            Err(StoreError::Damaged { what: "the staged change is not the committed one" })
        }
    }

    /// Finishes what was committed, and sweeps away what a writer staged and did not commit. Needs the lock.
    fn repair(&self) -> Result<(), StoreError> {
        match self.committed_change()? {
            Some(change) => self.publish(&change)?,
            None => self.pending().map(|_| ())?, // says so if the commit cannot be finished
        }
        let staged = self.entries(STATE)?.into_iter().filter(|entry| is_staged(&entry.name)).collect::<Vec<_>>();
        if staged.is_empty() {
            return Ok(()); // the usual case: nobody died
        }
        for entry in staged {
            self.sys.remove(&self.dir.join(STATE).join(entry.name))?;
        }
        self.walk(&mut |path, _| match is_temporary(path) {
            true => Ok(self.sys.remove(&self.dir.join(path))?),
            false => Ok(()),
        })
    }

    /// Whether a writer ever worked here. A copy of a published log has no state; it can be read and not appended to,
    /// because its original may go on elsewhere.
    fn is_written_here(&self) -> Result<bool, StoreError> {
        Ok(self.sys.kind(&self.dir.join(STATE))?.is_some())
    }

    /// The entries of a directory; none where there is no directory.
    fn entries(&self, dir: &str) -> Result<Vec<crate::sys::DirEntry>, StoreError> {
        match self.sys.list(&self.dir.join(dir)) {
            Ok(entries) => Ok(entries),
            Err(SysError { fault: Fault::NotFound, .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Every file below the top but the state, by path. What is not a directory is a file.
    fn walk(&self, visit: &mut dyn FnMut(&str, FileKind) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut dirs = vec![(String::new(), 0)];
        let mut files = 0;
        while let Some((dir, depth)) = dirs.pop() {
            for entry in self.entries(&dir)? {
                // A name that is not UTF-8 is no name of a log: with its odd characters replaced it is foreign still.
                let name = entry.name.to_string_lossy();
                let path = if dir.is_empty() { name.into_owned() } else { format!("{dir}/{name}") };
                if path == STATE {
                    continue;
                }
                if entry.kind == FileKind::Dir && depth < MAX_DEPTH {
                    dirs.push((path, depth + 1));
                    continue;
                }
                files += 1;
                if files > MAX_FILES || entry.kind == FileKind::Dir {
                    return Err(StoreError::TooMany);
                }
                visit(&path, entry.kind)?;
            }
        }
        Ok(())
    }
}

/// What `Sys::replace` leaves behind when the process dies in the middle of it.
fn is_temporary(path: &str) -> bool {
    path.ends_with(".tmp")
}

fn is_staged(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(STAGED))
}

impl Read for DirStore<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_file(path, checked(path)?)
    }
}

impl Store for DirStore<'_> {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.note(CHECKPOINT)
    }

    fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut paths = Vec::new();
        self.walk(&mut |path, _| {
            if !is_temporary(path) {
                paths.push(path.to_owned());
            }
            Ok(())
        })?;
        paths.sort();
        Ok(paths)
    }

    fn pending(&self) -> Result<Option<Change>, StoreError> {
        let Some(committed) = self.note(COMMITTED)? else {
            return match self.note(CHECKPOINT)? {
                None => Ok(None),                                // no log yet
                Some(_) if !self.is_written_here()? => Ok(None), // a copy: there is no writer
                Some(_) => Err(StoreError::Damaged { what: "a checkpoint is published that nobody committed" }),
            };
        };
        if self.note(CHECKPOINT)?.as_ref() == Some(&committed) {
            return Ok(None);
        }
        let lost =
            StoreError::Damaged { what: "the committed checkpoint is not the published one, and nothing is staged" };
        self.committed_change()?.ok_or(lost).map(Some)
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        // In this order: a first writer makes the state before it publishes.
        if self.note(CHECKPOINT)?.is_some() && !self.is_written_here()? {
            return Err(StoreError::Copy);
        }
        self.sys.create_dir(&self.dir.join(STATE))?;
        let guard = self.sys.lock(&self.dir.join(LOCK), LOCK_WAIT)?;
        self.repair()?;
        let checkpoint = self.note(COMMITTED)?;
        Ok(Box::new(DirTransaction { store: self, checkpoint, _guard: guard }))
    }
}

/// Holds the lock until it is dropped.
struct DirTransaction<'s> {
    store: &'s DirStore<'s>,
    checkpoint: Option<Vec<u8>>,
    _guard: Box<dyn Guard>,
}

impl Read for DirTransaction<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.read(path)
    }
}

impl Transaction for DirTransaction<'_> {
    fn checkpoint(&self) -> Option<&[u8]> {
        self.checkpoint.as_deref()
    }

    fn commit(self: Box<Self>, change: &Change) -> Result<(), StoreError> {
        let store = self.store;
        change.put.keys().try_for_each(|path| checked(path).map(|_| ()))?;
        // Stage: all that the change needs is on the disk, under a name that nobody reads.
        store.write(&DirStore::staged_path(&change.checkpoint), &format_staged(change))?;
        // The lock keeps other writers of this release away. Looking once more costs a read and turns whatever else
        // writes here (a file system whose locks do not hold, a copied-back backup) into a conflict.
        if store.note(COMMITTED)? != self.checkpoint {
            store.sys.remove(&store.dir.join(DirStore::staged_path(&change.checkpoint)))?;
            return Err(StoreError::Conflict);
        }
        // The commit point: one rename.
        store.write(COMMITTED, &change.checkpoint)?;
        store.publish(change)
    }
}
