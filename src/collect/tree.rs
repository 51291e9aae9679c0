//! Reads the files of a work tree or of a single file's directory, and turns a failed read into its gap and row.
//! Which files are read is decided elsewhere.

use super::name::join;
use super::{Artifact, Content, EachFile, MAX_BINARY, MAX_DEPTH, MAX_ENTRIES, MAX_FILE, Tree};
use crate::model::{Digest, Gap, GapKind, LedgerRow, RowState, Stage, TreePath};
use crate::sys::{Bytes, Fault, FileKind, Sys, SysError};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Why a read inside the tree was refused; [`unread`] knows it again.
pub(super) const LEADS_OUTSIDE: &str = "it leads out of the judged tree";

/// The files below a directory.
pub(super) struct WorkTree<'a> {
    pub(super) sys: &'a dyn Sys,
    /// Absolute, with every link followed.
    pub(super) root: PathBuf,
}

impl Tree for WorkTree<'_> {
    fn read(&self, path: &TreePath) -> Result<Vec<u8>, SysError> {
        self.read_up_to(path, MAX_FILE)
    }

    fn read_binary(&self, path: &TreePath) -> Result<Vec<u8>, SysError> {
        self.read_up_to(path, MAX_BINARY)
    }

    fn read_below(&self, directory: &TreePath, each: &mut EachFile<'_>) -> Result<(), SysError> {
        let start = directory.to_bytes();
        let outside =
            || SysError { op: "list", what: directory.to_string(), fault: Fault::Other(LEADS_OUTSIDE.to_owned()) };
        if !self.sys.real_path(&self.root.join(OsStr::from_bytes(&start)))?.starts_with(&self.root) {
            return Err(outside());
        }
        let mut pending = vec![(Vec::new(), 0_usize)];
        let mut seen = 0_usize;
        while let Some((below, depth)) = pending.pop() {
            let at = join(&start, &below);
            let limit = |what: String| SysError { op: "list", what: directory.to_string(), fault: Fault::Other(what) };
            if depth > MAX_DEPTH {
                return Err(limit(format!("it is deeper than {MAX_DEPTH} directories")));
            }
            for entry in self.sys.list(&self.root.join(OsStr::from_bytes(&at)))? {
                seen += 1;
                if seen > MAX_ENTRIES {
                    return Err(limit(format!("it holds more than {MAX_ENTRIES} entries")));
                }
                let path = join(&below, entry.name.as_encoded_bytes());
                if entry.kind == FileKind::Dir {
                    pending.push((path, depth + 1));
                    continue;
                }
                // A link is followed inside the tree; one to a directory, and a special file, is an error of this file.
                let bytes = self.read(&TreePath::from_bytes(&join(&start, &path)));
                each(TreePath::from_bytes(&path), bytes);
            }
        }
        Ok(())
    }
}

impl WorkTree<'_> {
    fn read_up_to(&self, path: &TreePath, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let bytes = path.to_bytes();
        let relative = Path::new(OsStr::from_bytes(&bytes));
        let outside = || SysError { op: "read", what: path.to_string(), fault: Fault::Other(LEADS_OUTSIDE.to_owned()) };
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(outside());
        }
        // Links are followed here, once; the path that is then read has none left. A link that is planted between the
        // two calls needs a writer in the tree during the run, who could as well write the file itself.
        let real = self.sys.real_path(&self.root.join(relative))?;
        if !real.starts_with(&self.root) {
            return Err(outside());
        }
        self.sys.read(&real, limit)
    }
}

/// The bytes of an artifact, or the gap and the failed row that say why there are none.
pub fn load(tree: &dyn Tree, artifact: &Artifact) -> Result<Content, Box<(Gap, LedgerRow)>> {
    match tree.read(&artifact.path) {
        Ok(bytes) => Ok(Content { digest: Digest::of(&bytes), bytes }),
        Err(error) => Err(Box::new(unread(artifact, &error))),
    }
}

/// The gap and the failed row of an artifact that could not be read.
pub fn unread(artifact: &Artifact, error: &SysError) -> (Gap, LedgerRow) {
    let kind = match &error.fault {
        Fault::TooLarge { .. } => GapKind::TooLarge,
        Fault::NotRegular(_) => GapKind::SpecialFile,
        Fault::Other(why) if why == LEADS_OUTSIDE => GapKind::LinkOutside,
        _ => GapKind::Unreadable,
    };
    problem(kind, &artifact.path, artifact.format.as_str(), &error.fault.to_string(), "")
}

/// A gap and the failed row that goes with it.
pub(super) fn problem(
    kind: GapKind,
    path: &TreePath,
    row_kind: &'static str,
    why: &str,
    help: &str,
) -> (Gap, LedgerRow) {
    let gap = Gap::new(kind, Stage::Collect, path.as_str(), why).with_path(path.clone()).with_help(help);
    let state = RowState::Failed(why.to_owned());
    (gap, LedgerRow { path: path.clone(), kind: row_kind, state, digest: None })
}
