//! The git program, hardened: absolute path, empty environment, no hooks, no fsmonitor, no filters, no textconv, no
//! bare-repository discovery, no prompts, no optional locks. It knows repositories, not what is judged in them.

mod facts;
mod hooks;
mod listing;
mod objects;
mod program;
mod refs;

pub use facts::{Named, Settings, blob_id, user_name};
pub use hooks::Hooks;
pub use listing::{Entry, Listing, Tracked};
pub use objects::{Blob, Leaf, Leaves, MODE_GITLINK, MODE_LINK};
pub use program::find;

use crate::sys::{FileKind, Output, Sys, SysError};
use program::Call;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Why git did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// The program could not be run, took too long or wrote too much.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// git ended with an error of its own.
    #[error("git {command} ended with {}: {stderr}", code.map_or_else(|| "a signal".to_owned(), |c| format!("code {c}")))]
    Failed {
        /// The subcommand.
        command: &'static str,
        /// Its exit code; none when a signal ended it.
        code: Option<i32>,
        /// The first line of what it said, at most 200 characters. Text from outside: neutralise before printing.
        stderr: String,
    },
    /// The commit is not in this clone; `git fetch` may bring it.
    #[error("commit {rev} is not in this clone")]
    MissingCommit {
        /// What was asked for.
        rev: String,
    },
    /// The text cannot name a revision: empty, an option, a range, or with control characters.
    #[error("{rev:?} does not name a revision")]
    BadRevision {
        /// What was asked for.
        rev: String,
    },
    /// A directory above belongs to somebody else, so what it says about ignored files is not believed.
    /// Remedy: name the top of the checkout as the target.
    #[error("the checkout at {} belongs to another user, and the target lies below it", toplevel.display())]
    DubiousOwnership {
        /// The top of that checkout.
        toplevel: PathBuf,
    },
    /// git takes another directory for the top of the checkout than the one that holds `.git`.
    #[error("{} holds .git, but git takes {} for the top of the checkout", found.display(), reported.display())]
    Elsewhere {
        /// The directory that holds `.git`.
        found: PathBuf,
        /// What git says.
        reported: PathBuf,
    },
    /// git wrote something else than its manual says.
    #[error("git {command} wrote a record that is not understood: {record:?}")]
    Malformed {
        /// The subcommand.
        command: &'static str,
        /// The start of the record.
        record: String,
    },
}

/// A checkout: a directory with its `.git`, and the program to ask about it.
///
/// git is always told both directories (`GIT_DIR`, `GIT_WORK_TREE`). So nothing inside a repository, such as
/// `core.worktree`, can point it elsewhere, and a checkout that belongs to another user, the usual case in a container,
/// still answers: what ownership protects against is the running of configured programs, and none is run.
#[derive(Clone)]
pub struct Git<'a> {
    sys: &'a dyn Sys,
    program: PathBuf,
    toplevel: PathBuf,
}

impl std::fmt::Debug for Git<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Git").field("program", &self.program).field("toplevel", &self.toplevel).finish_non_exhaustive()
    }
}

impl<'a> Git<'a> {
    /// The checkout that the directory lies in. None where there is none, or no git program.
    ///
    /// A checkout whose top lies *above* the directory is taken only if git itself vouches for it, ownership included:
    /// somebody else's `/tmp/.git` must not say what is ignored in `/tmp/mine`.
    pub fn discover(sys: &'a dyn Sys, dir: &Path) -> Result<Option<Self>, GitError> {
        let dir = sys.real_path(dir)?;
        for toplevel in dir.ancestors() {
            if !has_repository(sys, toplevel)? {
                continue;
            }
            // Inside the repository's own directory there is no checkout.
            if dir.strip_prefix(toplevel).is_ok_and(|below| below.iter().any(|part| part == ".git")) {
                return Ok(None);
            }
            let Some(program) = find(sys, toplevel)? else { return Ok(None) };
            let git = Self { sys, program, toplevel: toplevel.to_owned() };
            if toplevel != dir {
                git.vouched_for_from(&dir)?;
            }
            return Ok(Some(git));
        }
        Ok(None)
    }

    /// The checkout of a directory inside this one that holds a `.git` of its own: a submodule or a nested clone.
    /// None where the directory has no `.git`.
    pub fn nested(&self, dir: &Path) -> Result<Option<Self>, GitError> {
        let found = matches!(self.sys.kind(&dir.join(".git"))?, Some(kind) if kind != FileKind::Special);
        Ok(found.then(|| Self { sys: self.sys, program: self.program.clone(), toplevel: dir.to_owned() }))
    }

    /// The top directory, absolute, with every link followed.
    pub fn toplevel(&self) -> &Path {
        &self.toplevel
    }

    /// The commit that is checked out; none on a branch without commits.
    pub fn head(&self) -> Result<Option<String>, GitError> {
        let output = self.run(&Call::new("rev-parse", ["--verify", "--quiet", "HEAD"]))?;
        match output.code {
            Some(0) => object_id("rev-parse", &output.stdout).map(Some),
            Some(1) if output.stdout.is_empty() => Ok(None),
            _ => Err(failed("rev-parse", &output)),
        }
    }

    /// The id of the commit that an untrusted text names. [`GitError::MissingCommit`] when this clone does not have it.
    pub fn commit(&self, rev: &str) -> Result<String, GitError> {
        // `^x` negates and `x..y` is a range: git would answer with more than one line, or with a line that is no id.
        if rev.is_empty() || rev.starts_with(['-', '^']) || rev.contains("..") || rev.chars().any(char::is_control) {
            return Err(GitError::BadRevision { rev: rev.to_owned() });
        }
        let name = format!("{rev}^{{commit}}");
        let output = self.run(&Call::new("rev-parse", ["--verify", "--quiet", "--end-of-options", &name]))?;
        match output.code {
            Some(0) => object_id("rev-parse", &output.stdout),
            Some(1 | 128) => Err(GitError::MissingCommit { rev: rev.to_owned() }),
            _ => Err(failed("rev-parse", &output)),
        }
    }

    /// The best common ancestor of two commits; none when this clone knows none.
    pub fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, GitError> {
        // A complete id is a name that needs no looking up: two calls fewer in the usual case.
        let named = |rev: &str| if is_object_id(rev) { Ok(rev.to_owned()) } else { self.commit(rev) };
        let (a, b) = (named(a)?, named(b)?);
        let output = self.run(&Call::new("merge-base", [&a, &b]))?;
        match output.code {
            Some(0) => object_id("merge-base", &output.stdout).map(Some),
            Some(1) => Ok(None),
            _ => {
                // These say so if one of them is missing.
                self.commit(&a)?;
                self.commit(&b)?;
                Err(failed("merge-base", &output))
            }
        }
    }

    /// Whether history is cut off, so that a base may be missing.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        let output = self.run_ok(&Call::new("rev-parse", ["--is-shallow-repository"]))?;
        match output.stdout.trim_ascii() {
            b"true" => Ok(true),
            b"false" => Ok(false),
            other => Err(malformed("rev-parse", other)),
        }
    }

    /// Lets git find the top by itself, with its check of ownership, and compares.
    fn vouched_for_from(&self, dir: &Path) -> Result<(), GitError> {
        let call = Call::new("rev-parse", ["--show-toplevel"]);
        let output = self.sys.run(&program::discovering(&self.program, dir, &call))?;
        if output.code != Some(0) {
            let dubious = output.stderr.windows(17).any(|w| w == b"dubious ownership");
            let toplevel = self.toplevel.clone();
            return Err(if dubious { GitError::DubiousOwnership { toplevel } } else { failed("rev-parse", &output) });
        }
        let line = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
        let reported = PathBuf::from(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(line));
        if reported == self.toplevel {
            Ok(())
        } else {
            Err(GitError::Elsewhere { found: self.toplevel.clone(), reported })
        }
    }

    fn run(&self, call: &Call) -> Result<Output, GitError> {
        Ok(self.sys.run(&program::inside(&self.program, &self.toplevel, call))?)
    }

    fn run_ok(&self, call: &Call) -> Result<Output, GitError> {
        let output = self.run(call)?;
        if output.code == Some(0) { Ok(output) } else { Err(failed(call.command, &output)) }
    }
}

/// Whether the directory holds a `.git` that can be a repository. git's own rule: an empty `.git` is passed over.
fn has_repository(sys: &dyn Sys, dir: &Path) -> Result<bool, GitError> {
    let at = dir.join(".git");
    Ok(match sys.kind(&at)? {
        None | Some(FileKind::Special) => false,
        Some(FileKind::File) => true,
        Some(FileKind::Dir | FileKind::Link) => sys.kind(&at.join("HEAD"))?.is_some(),
    })
}

fn failed(command: &'static str, output: &Output) -> GitError {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().next().unwrap_or("it said nothing");
    GitError::Failed { command, code: output.code, stderr: line.chars().take(200).collect() }
}

fn malformed(command: &'static str, record: &[u8]) -> GitError {
    let record = String::from_utf8_lossy(record).chars().take(80).collect();
    GitError::Malformed { command, record }
}

/// A full object id (SHA-1 or SHA-256), alone on its line.
fn object_id(command: &'static str, bytes: &[u8]) -> Result<String, GitError> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    match std::str::from_utf8(line) {
        Ok(text) if is_object_id(text) => Ok(text.to_owned()),
        _ => Err(malformed(command, line)),
    }
}

/// Whether the text is a complete object id (SHA-1 or SHA-256, lowercase), which needs no looking up.
pub fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
pub(crate) mod tests;
