//! What a record says of a run from around it: who, which commit, whether the judged files are those of the commit.
//! Everything is read here and nothing is written.

use super::trouble::Trouble;
use super::{RecordArgs, Subject};
use crate::collect::{self, MAX_FILE};
use crate::forge::{Ci, Invocation};
use crate::git::{self, Git, GitError, Leaves, Named, Settings};
use crate::model::{Digest, Ledger, Timestamp};
use crate::sys::{Bytes, Fault, FileKind, Sys, SysError, beside};
use crate::trail::record::local_run_id;
use crate::trail::{Initiator, KnownBy, RunContext, Runner};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where Linux says the name of the machine.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";
/// A host name is at most 64 bytes; the file holds nothing else.
const MAX_HOST_NAME: Bytes = Bytes(4 << 10);

/// What is known around a run.
pub(super) struct Surroundings<'a> {
    /// For the records. It says `dirty` until the ledger is known: nothing has been compared.
    pub(super) ctx: RunContext,
    checkout: Option<Checkout<'a>>,
}

/// The commit that is checked out.
struct Checkout<'a> {
    git: Git<'a>,
    commit: String,
    /// Whether the files were read from the commit itself.
    is_judged: bool,
}

impl<'a> Surroundings<'a> {
    /// Looks around a target.
    pub(super) fn look(
        sys: &'a dyn Sys,
        args: &RecordArgs,
        subject: &Subject<'_>,
        run: &Invocation,
        started: Timestamp,
    ) -> Result<Self, Trouble> {
        let dir = directory(sys, subject.target)?;
        let git = answer(Git::discover(sys, &dir))?.flatten();
        let named = || git.as_ref().map_or(Ok(None), |git| answer(git.named(subject.commit)).map(Option::flatten));
        let (at, settings) = beside(named, || settings(sys, &dir, git.as_ref(), run));
        let (at, settings) = (at.expect("the thread that runs git does not panic")?, settings?);
        let by_git = settings.user_name.filter(|_| !run.ci.is_ci());
        let initiator = match &run.initiator {
            Some(name) => Some(Initiator { name: name.clone(), known_by: KnownBy::CiEnvironment }),
            None => by_git.map(|name| Initiator { name, known_by: KnownBy::GitUser }),
        };
        let run_id = match &run.run_id {
            Some(id) => id.clone(),
            None => local_run_id(sys)?,
        };
        let at = at.as_ref();
        let ctx = RunContext {
            initiator,
            trigger: match (args.trigger, &run.trigger) {
                (Some(known), _) => Some(known.to_owned()),
                (None, Some(event)) => Some(event.clone()),
                (None, None) => (!run.ci.is_ci()).then(|| "manual".to_owned()),
            },
            git_ref: run.git_ref.clone().or_else(|| at.and_then(|at| at.git_ref.clone())),
            run_id,
            attempt: run.attempt,
            runner: runner(run),
            repository: run.repository.clone().or(settings.origin),
            commit: at.map(|at| at.commit.clone()),
            tree: at.map(|at| at.tree.clone()),
            dirty: true,
            tool_digest: None,
            started: Some(started),
            private: private(sys, run.host.clone())?,
        };
        let checkout = git.zip(at).map(|(git, Named { commit, .. })| Checkout {
            git,
            commit: commit.clone(),
            is_judged: subject.commit.is_some(),
        });
        Ok(Self { ctx, checkout })
    }

    /// The files of the commit, for [`Surroundings::differs`]. None where there is no commit.
    pub(super) fn leaves(&self) -> Result<Option<Leaves>, Trouble> {
        self.checkout.as_ref().map_or(Ok(None), |checkout| answer(checkout.git.tree(&checkout.commit)))
    }

    /// Whether a judged file is not, byte by byte, the commit's, or a file that would be judged is gone. True where that
    /// cannot be told: of a file in a submodule or another checkout, or outside of any.
    pub(super) fn differs(&self, sys: &dyn Sys, leaves: Option<&Leaves>, ledger: &Ledger) -> Result<bool, Trouble> {
        let (Some(checkout), Some(leaves)) = (&self.checkout, leaves) else { return Ok(true) };
        let rows = ledger.rows().iter().filter_map(|row| Some((row.path.to_bytes(), row.digest?))); // the others were not judged
        let mut judged: BTreeMap<Vec<u8>, Digest> = rows.collect();
        if checkout.is_judged {
            let here: BTreeSet<&[u8]> = leaves.iter().map(|leaf| leaf.path).collect();
            return Ok(!judged.keys().all(|path| here.contains(path.as_slice()))); // else they are of another checkout
        }
        let top = checkout.git.toplevel();
        for leaf in leaves.iter() {
            let at = top.join(OsStr::from_bytes(leaf.path));
            match judged.remove(leaf.path) {
                Some(digest) if !is_same(sys, &at, &digest, leaf.oid)? => return Ok(true),
                Some(_) => {}
                None if collect::is_judged_by_name(leaf.path) && sys.kind(&at)?.is_none() => return Ok(true),
                None => {} // it is not judged, or lies outside of the target
            }
        }
        Ok(!judged.is_empty())
    }
}

/// git's settings. In CI the environment says what they would, and the user in them is the runner's.
fn settings(sys: &dyn Sys, dir: &Path, git: Option<&Git<'_>>, run: &Invocation) -> Result<Settings, Trouble> {
    match git {
        Some(git) if run.repository.is_none() || !run.ci.is_ci() => Ok(answer(git.settings())?.unwrap_or_default()),
        None if !run.ci.is_ci() => {
            Ok(Settings { user_name: answer(git::user_name(sys, dir))?.flatten(), ..Settings::default() })
        }
        Some(_) | None => Ok(Settings::default()),
    }
}

/// The directory of a target: itself, or the one that a file lies in. Links are followed, as the gate does it.
pub(super) fn directory(sys: &dyn Sys, target: &Path) -> Result<PathBuf, SysError> {
    let real = sys.real_path(target)?;
    let is_dir = sys.kind(&real)? == Some(FileKind::Dir);
    Ok(if is_dir { real } else { real.parent().map(Path::to_owned).unwrap_or(real) })
}

/// What git says. A checkout that it cannot speak for is none, as for the gate; a call that failed is a failure.
fn answer<T>(answer: Result<T, GitError>) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error @ GitError::Sys(_)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// Whether the file has the bytes that were judged, and these are the commit's. Read once more rather than asked of git,
/// which would take longer than the whole gate.
fn is_same(sys: &dyn Sys, at: &Path, digest: &Digest, oid: &str) -> Result<bool, SysError> {
    match sys.read(at, MAX_FILE) {
        Ok(bytes) => Ok(Digest::of(&bytes) == *digest && git::blob_id(&bytes, oid) == oid),
        Err(SysError {
            fault: Fault::NotFound | Fault::Denied | Fault::NotRegular(_) | Fault::TooLarge { .. },
            ..
        }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn runner(run: &Invocation) -> Runner {
    match run.ci {
        Ci::None => Runner::Local,
        Ci::Github if run.is_hosted => Runner::GithubHosted,
        Ci::Github => Runner::GithubSelfHosted,
        Ci::Gitlab => Runner::Gitlab,
        Ci::Other => Runner::OtherCi,
    }
}

/// What is taken out of records, and of what reports say of them, wherever it stands: the home directory and the name of
/// the machine. `host` is that name as the environment gives it.
pub(super) fn private(sys: &dyn Sys, host: Option<String>) -> Result<Vec<String>, SysError> {
    let name = match sys.read(Path::new(HOST_NAME), MAX_HOST_NAME) {
        Ok(bytes) => Some(String::from_utf8_lossy(&bytes).trim().to_owned()),
        Err(SysError { fault: Fault::NotFound | Fault::Denied, .. }) => None, // not Linux
        Err(error) => return Err(error),
    };
    let words = [sys.var("HOME")?, host, name];
    Ok(words.into_iter().flatten().collect())
}
