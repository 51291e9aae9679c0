//! Where a trusted policy is read from: the disk, a file that the pipeline names, or a commit.

use super::GateError;
use crate::config::{self, Files, MAX_POLICY, POLICY_FILE, Policy};
use crate::git::{Blob, Git, GitError, Leaves, MODE_GITLINK, MODE_LINK};
use crate::sys::{Fault, FileKind, Sys, SysError};
use std::path::{Path, PathBuf};

/// The policy that a commit holds; places in it begin with the commit's short id.
pub(super) fn of_commit(git: &Git<'_>, commit: &str) -> Result<Policy, GateError> {
    let files = CommitFiles::new(git, commit)?;
    let short: String = commit.chars().take(12).collect();
    Ok(config::load(&files, &format!("{short}:"))?)
}

/// The policy as one commit has it. Nothing of the work tree takes part.
pub(super) struct CommitFiles<'a> {
    git: &'a Git<'a>,
    leaves: Leaves,
}

impl<'a> CommitFiles<'a> {
    pub(super) fn new(git: &'a Git<'a>, commit: &str) -> Result<Self, GitError> {
        Ok(Self { git, leaves: git.tree(commit)? })
    }
}

impl Files for CommitFiles<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError> {
        let error = |fault| SysError { op: "read", what: path.to_owned(), fault };
        let Some(leaf) = self.leaves.iter().find(|leaf| leaf.path == path.as_bytes()) else { return Ok(None) };
        if matches!(leaf.mode, MODE_LINK | MODE_GITLINK) {
            return Err(error(Fault::NotRegular("link or submodule in the commit")));
        }
        let blobs = self.git.blobs(&[leaf.oid], MAX_POLICY).map_err(|e| error(Fault::Other(e.to_string())))?;
        match blobs.into_iter().next() {
            Some(Blob::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Blob::TooLarge { .. }) => Err(error(Fault::TooLarge { limit: MAX_POLICY })),
            Some(Blob::NotABlob) => Err(error(Fault::NotRegular("directory in the commit"))),
            Some(Blob::Missing) | None => Err(error(Fault::NotFound)),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, SysError> {
        let below = |path: &[u8]| {
            let rest = path.strip_prefix(dir.as_bytes())?.strip_prefix(b"/")?;
            Some(String::from_utf8_lossy(rest).into_owned())
        };
        // Leaves elsewhere are not asked for. Those of a subdirectory keep their slash: `config` refuses such a name.
        Ok(self.leaves.iter().filter_map(|leaf| below(leaf.path)).collect())
    }
}

/// `--policy FILE`: that file, and the waivers of the directory that it lies in.
pub(super) struct NamedFile<'a> {
    pub(super) sys: &'a dyn Sys,
    pub(super) file: PathBuf,
}

impl NamedFile<'_> {
    pub(super) fn dir(&self) -> &Path {
        match self.file.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        }
    }
}

impl Files for NamedFile<'_> {
    fn policy_name(&self) -> Option<String> {
        Some(self.file.display().to_string())
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError> {
        // The file was named, so it has to be there: its absence is an error and not a default policy.
        if path == POLICY_FILE {
            return self.sys.read(&self.file, MAX_POLICY).map(Some);
        }
        self.sys.read(&self.dir().join(path), MAX_POLICY).map(Some)
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, SysError> {
        let dir = self.dir().join(dir);
        match self.sys.kind(&dir)? {
            None => Ok(Vec::new()),
            Some(FileKind::Dir) => {
                let names = self.sys.list(&dir)?.into_iter().map(|e| e.name.to_string_lossy().into_owned());
                Ok(names.collect())
            }
            Some(_) => Err(SysError {
                op: "list",
                what: dir.display().to_string(),
                fault: Fault::NotRegular("file or link where a directory should be"),
            }),
        }
    }
}
