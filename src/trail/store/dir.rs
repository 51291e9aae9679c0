//! A log in a local directory, laid out as C2SP tlog-tiles serves it, with the writer's own state in `.state`. For file
//! systems with working locks and atomic renames; not for a share without locks.

use super::staged::{MAX_STAGED, format_staged, is_staged, parse_staged};
use super::{Change, Read, Store, StoreError, Transaction, checked};
use crate::model::Digest;
use crate::sign::note::MAX_NOTE;
use crate::sys::{Bytes, Fault, FileKind, Guard, Sys, SysError, spread_over};
use crate::trail::tile::CHECKPOINT;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The directory of the writer's own state.
const STATE: &str = ".state";
/// The one place where writers meet. At rest it is the checkpoint that the last writer committed; from the commit point
/// until everything is published and on the disk, it is the whole change.
const COMMITTED: &str = ".state/committed";
/// Held by the one writer.
const LOCK: &str = ".state/lock";
/// What files end with that a writer has not put in their places yet. They lie in the state alone; earlier writers left
/// some beside their places.
const TEMPORARY: &str = ".tmp";
/// An append takes milliseconds; a hundred writers in a row take seconds.
const LOCK_WAIT: Duration = Duration::from_secs(60);
/// Files and directories that are synced at once, which takes a disk hardly longer than one: an append writes six files,
/// and a batch has a body for each record.
const WRITERS: usize = 8;
/// `tile/entries/xNNN/xNNN/xNNN/NNN.p/N` is seven deep.
const MAX_DEPTH: usize = 9;
/// Two million records with their bodies; a larger trail wants a store that can be asked.
const MAX_FILES: usize = 4_000_000;

/// A log in a directory.
pub struct DirStore<'a> {
    sys: &'a dyn Sys,
    dir: PathBuf,
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
        Self { sys, dir: dir.into() }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn read_file(&self, path: &str, limit: Bytes) -> Result<Option<Vec<u8>>, StoreError> {
        found(self.sys.read(&self.dir.join(path), limit))
    }

    fn note(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_file(path, Bytes(MAX_NOTE as u64))
    }

    /// What the last writer committed.
    fn committed(&self) -> Result<Committed, StoreError> {
        Ok(match self.read_file(COMMITTED, Bytes(MAX_STAGED as u64))? {
            None => Committed::Nothing,
            Some(bytes) if is_staged(&bytes) => Committed::Change(parse_staged(&bytes)?),
            Some(bytes) if bytes.len() > MAX_NOTE => {
                return Err(StoreError::Damaged { what: "the committed checkpoint is larger than any" });
            }
            Some(note) => Committed::Published(note),
        })
    }

    /// Makes a directory and those above it. Returns the directories that have to be synced, so that a power failure
    /// does not take it away with what is in it.
    fn make_dir(&self, dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
        let is_there = |dir: &Path| self.sys.kind(dir).map(|kind| kind.is_some());
        let mut changed = Vec::new();
        for dir in dir.ancestors().filter(|dir| !dir.as_os_str().is_empty()) {
            if is_there(dir)? {
                break;
            }
            let above = dir.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
            changed.push(above.to_owned());
        }
        if !changed.is_empty() {
            self.sys.create_dir(dir)?;
        }
        Ok(changed)
    }

    /// Writes the bytes of files to the disk, under names that nobody reads. On an error nothing of them stays, or the
    /// next writer sweeps it away.
    fn stage(&self, files: &[(&str, &[u8])]) -> Result<Vec<Staged>, StoreError> {
        let name = files.first().map(|(_, bytes)| Digest::of(bytes).hex()).unwrap_or_default();
        let name: String = name.chars().take(16).collect(); // no writer that was not swept away has had it
        let staged = |(number, (path, _)): (usize, &(&str, _))| Staged {
            at: self.dir.join(format!("{STATE}/{name}-{number}{TEMPORARY}")),
            path: self.dir.join(path),
        };
        let staged: Vec<Staged> = files.iter().enumerate().map(staged).collect();
        let tasks: Vec<_> = staged.iter().zip(files).map(|(staged, (_, bytes))| (&staged.at, *bytes)).collect(); // as many
        let written = spread_over(WRITERS, &tasks, |(at, bytes)| self.sys.write_new(at, bytes));
        let written = written.expect("the threads that write do not panic");
        match written.into_iter().collect::<Result<Vec<()>, _>>() {
            Ok(_) => Ok(staged),
            Err(error) => {
                self.drop_staged(&staged);
                Err(error.into())
            }
        }
    }

    /// Takes away what was staged in vain. What cannot be taken away is swept away by the next writer.
    fn drop_staged(&self, staged: &[Staged]) {
        staged.iter().for_each(|staged| drop(self.sys.remove(&staged.at)));
    }

    fn sync_dirs(&self, dirs: BTreeSet<PathBuf>) -> Result<(), StoreError> {
        let dirs: Vec<PathBuf> = dirs.into_iter().collect();
        let synced = spread_over(WRITERS, &dirs, |dir| self.sys.sync_dir(dir));
        synced.expect("the threads that sync do not panic").into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(())
    }

    /// The files that publishing a change puts in their places, in this order.
    fn published(change: &Change) -> impl Iterator<Item = (&str, &[u8])> {
        let last = [CHECKPOINT, COMMITTED].map(|path| (path, change.checkpoint.as_slice()));
        change.put.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).chain(last)
    }

    /// The one road from a committed change to a published one, for the writer that committed it and for the next writer
    /// after a crash. Every step can be done again: the bytes are always those of the commit. `staged` are those of
    /// [`DirStore::published`].
    fn publish(&self, change: &Change, staged: &[Staged]) -> Result<(), StoreError> {
        let [tiles @ .., checkpoint, committed] = staged else {
            return Err(StoreError::Damaged { what: "a change without its checkpoint" });
        };
        // None of these is read before the checkpoint, so their order is free.
        let mut changed = BTreeSet::new();
        for tile in tiles {
            if let Some(dir) = tile.path.parent() {
                changed.extend(self.make_dir(dir)?);
                changed.insert(dir.to_owned());
            }
            self.sys.rename(&tile.at, &tile.path)?;
        }
        self.sync_dirs(changed)?;
        self.sys.rename(&checkpoint.at, &checkpoint.path)?;
        self.sys.sync_dir(&self.dir)?;
        // Only now does no published checkpoint need the partial tiles any more.
        for dir in &change.clear {
            for entry in self.entries(dir)? {
                self.sys.remove(&self.dir.join(dir).join(entry.name))?;
            }
        }
        // A power failure that takes this back costs the next writer one publication.
        Ok(self.sys.rename(&committed.at, &committed.path)?)
    }

    /// Sweeps away what a writer staged before it died, and finishes what was committed. Needs the lock. Returns the
    /// committed checkpoint.
    fn repair(&self) -> Result<Option<Vec<u8>>, StoreError> {
        for entry in self.entries(STATE)? {
            if entry.name.to_str().is_some_and(is_temporary) {
                self.sys.remove(&self.dir.join(STATE).join(entry.name))?;
            }
        }
        match self.committed()? {
            Committed::Change(change) => {
                let staged = self.stage(&Self::published(&change).collect::<Vec<_>>())?;
                self.publish(&change, &staged)?;
                Ok(Some(change.checkpoint))
            }
            Committed::Published(note) => self.is_published(&note).map(|()| Some(note)),
            Committed::Nothing => self.is_new().map(|()| None),
        }
    }

    /// A checkpoint that is committed and no whole change stays at the published one.
    fn is_published(&self, committed: &[u8]) -> Result<(), StoreError> {
        let what = "the committed checkpoint is not the published one, and nothing is staged";
        if self.note(CHECKPOINT)?.as_deref() == Some(committed) { Ok(()) } else { Err(StoreError::Damaged { what }) }
    }

    /// Where nothing was ever committed there is no log, or the copy of one.
    fn is_new(&self) -> Result<(), StoreError> {
        if self.note(CHECKPOINT)?.is_some() && self.is_written_here()? {
            return Err(StoreError::Damaged { what: "a checkpoint is published that nobody committed" });
        }
        Ok(())
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

/// What the last writer left in the place where writers meet.
enum Committed {
    /// Nobody ever committed anything.
    Nothing,
    /// A change whose publication did not end, or whose end a power failure took back.
    Change(Change),
    /// The checkpoint that is published.
    Published(Vec<u8>),
}

/// A file on the disk that is not in its place yet.
struct Staged {
    at: PathBuf,
    path: PathBuf,
}

/// What is not there is no error here.
fn found(read: Result<Vec<u8>, SysError>) -> Result<Option<Vec<u8>>, StoreError> {
    match read {
        Ok(bytes) => Ok(Some(bytes)),
        Err(SysError { fault: Fault::NotFound, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_temporary(path: &str) -> bool {
    path.ends_with(TEMPORARY)
}

impl Read for DirStore<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_file(path, checked(path)?)
    }

    fn read_many(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let root = self.sys.root(&self.dir);
        let one = |path: &String| found(self.sys.read_in(&root, Path::new(path), checked(path)?));
        paths.iter().map(one).collect()
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
        paths.sort_unstable(); // no path is there twice
        Ok(paths)
    }

    fn pending(&self) -> Result<Option<Change>, StoreError> {
        match self.committed()? {
            Committed::Change(change) => Ok(Some(change)),
            Committed::Published(note) => self.is_published(&note).map(|()| None),
            Committed::Nothing => self.is_new().map(|()| None),
        }
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        // In this order: a first writer makes the state before it publishes.
        if self.note(CHECKPOINT)?.is_some() && !self.is_written_here()? {
            return Err(StoreError::Copy);
        }
        let made = self.make_dir(&self.dir.join(STATE))?;
        self.sync_dirs(made.into_iter().collect())?;
        let guard = self.sys.lock(&self.dir.join(LOCK), LOCK_WAIT)?;
        let checkpoint = self.repair()?;
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
        // Stage: all that the change needs is on the disk, under names that nobody reads. Once as a whole, for whoever has
        // to finish it, and each file by itself, so that after the commit there is no byte to wait for.
        let whole = format_staged(change);
        let files: Vec<_> = [(COMMITTED, whole.as_slice())].into_iter().chain(DirStore::published(change)).collect();
        let staged = store.stage(&files)?;
        let [whole, files @ ..] = staged.as_slice() else {
            return Err(StoreError::Damaged { what: "a change without its checkpoint" });
        };
        // The lock keeps other writers of this release away. Looking once more costs a read and turns whatever else
        // writes here (a file system whose locks do not hold, a copied-back backup) into a conflict.
        let unchanged = match store.committed() {
            Ok(Committed::Published(note)) => self.checkpoint.as_ref() == Some(&note),
            Ok(Committed::Nothing) => self.checkpoint.is_none(),
            Ok(Committed::Change(_)) | Err(StoreError::Damaged { .. }) => false,
            Err(error) => {
                store.drop_staged(&staged);
                return Err(error);
            }
        };
        if !unchanged {
            store.drop_staged(&staged);
            return Err(StoreError::Conflict);
        }
        // The commit point: one rename.
        store.sys.rename(&whole.at, &whole.path)?;
        store.sys.sync_dir(&store.dir.join(STATE))?;
        store.publish(change, files)
    }
}
