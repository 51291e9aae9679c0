//! Why a run ends before there is a verdict. Problems of what is judged are never here.

use crate::collect::CollectError;
use crate::config::{LoadError, Loosens};
use crate::forge::ForgeError;
use crate::git::GitError;
use crate::sys::SysError;

/// A fault of the request or of the machine.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The clock or the environment could not be read.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// The policy or a waiver is wrong.
    #[error(transparent)]
    Policy(#[from] LoadError),
    /// A flag would loosen what the policy says.
    #[error(transparent)]
    Loosens(#[from] Loosens),
    /// A target that is not there or cannot be reached.
    #[error(transparent)]
    Collect(#[from] CollectError),
    /// The environment says that a change is judged, but not against which base.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// git could not be asked.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The base is not in this clone.
    #[error("the base {rev} ({named_by}) is not in this clone")]
    MissingBase {
        /// As it was named.
        rev: String,
        /// `--base`, or which kind of CI run.
        named_by: &'static str,
        /// The commands that bring it; empty where nobody can know them.
        help: String,
    },
    /// The commit to judge is not in this clone, or what was named is no commit.
    #[error("{rev} names no commit of this clone")]
    NoSuchCommit {
        /// As it was named.
        rev: String,
    },
    /// cargo was to resolve a commit, and it reads the files of the work tree.
    #[error("--resolve cargo reads the work tree and says nothing of a commit")]
    CargoNeedsFiles,
    /// A commit was named, to judge or to compare with, but the target is not in a git checkout.
    #[error("{named_by} names a commit, but {target} is not in a git checkout")]
    NoCheckout {
        /// The first target.
        target: String,
        /// `--base`, `--commit`, or which kind of CI run.
        named_by: &'static str,
    },
}

impl GateError {
    /// What mends it; empty where the message says all.
    pub fn help(&self) -> String {
        match self {
            Self::Git(GitError::BadRevision { .. }) => {
                "name a commit or a branch, such as: portcullis check --base origin/main".into()
            }
            Self::Sys(_) | Self::Policy(_) | Self::Loosens(_) | Self::Git(_) => String::new(),
            Self::Collect(CollectError::NoSuchTarget { .. }) => "name a directory or a lockfile that exists".into(),
            Self::Collect(CollectError::Sys(_) | CollectError::Git(_)) => String::new(),
            Self::Forge(e) => e.help(),
            Self::MissingBase { help, .. } => help.clone(),
            Self::NoSuchCommit { .. } => "git fetch brings the commits of a remote".into(),
            Self::CargoNeedsFiles => "leave out --resolve, or check the commit out".into(),
            Self::NoCheckout { .. } => "check out the repository with its history before the gate runs".into(),
        }
    }

    /// Whether the user can mend it by calling differently or by correcting the policy.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Git(GitError::BadRevision { .. }) => true,
            Self::Sys(_) | Self::Git(_) | Self::Collect(CollectError::Sys(_) | CollectError::Git(_)) => false,
            Self::Policy(_)
            | Self::Loosens(_)
            | Self::Collect(CollectError::NoSuchTarget { .. })
            | Self::Forge(_)
            | Self::MissingBase { .. }
            | Self::NoSuchCommit { .. }
            | Self::CargoNeedsFiles
            | Self::NoCheckout { .. } => true,
        }
    }
}
