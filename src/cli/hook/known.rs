//! What the remote of a push has of a commit's history, as far as this clone knows. Nothing is fetched, and nothing of
//! the work tree is read.

use super::commit_of;
use super::push::Push;
use crate::git::{Git, GitError};
use std::fmt;

/// What a pushed commit is compared with. It decides whose policy judges, and what counts as introduced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// The commit that the ref has at the remote.
    Ref(String),
    /// The newest ancestor that a branch of the remote has, as this clone last saw it.
    Ancestor {
        /// That ancestor.
        commit: String,
        /// What the ref has at the remote, where this clone does not have it.
        unknown: Option<String>,
    },
    /// Nothing: everything counts as introduced.
    Nothing {
        /// What the ref has at the remote, where this clone does not have it.
        unknown: Option<String>,
    },
}

impl Known {
    /// The commit to compare with.
    pub(super) fn commit(&self) -> Option<&str> {
        match self {
            Self::Ref(commit) | Self::Ancestor { commit, .. } => Some(commit),
            Self::Nothing { .. } => None,
        }
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |id: &str| id.chars().take(12).collect::<String>();
        match self {
            Self::Ref(commit) => write!(f, "compared with what the remote has there ({})", short(commit)),
            Self::Ancestor { commit, .. } => {
                write!(f, "compared with the newest ancestor that the remote is known to have ({})", short(commit))
            }
            Self::Nothing { .. } => f.write_str("compared with nothing: all of it counts as introduced"),
        }?;
        match self {
            Self::Ancestor { unknown: Some(id), .. } | Self::Nothing { unknown: Some(id) } => {
                write!(f, "; what the remote has there ({}) is not in this clone: git fetch brings it", short(id))
            }
            _ => Ok(()),
        }
    }
}

/// A remote, as this clone knows it.
pub(super) struct Remote<'g> {
    git: &'g Git<'g>,
    /// The commits that it has: its branches as last seen, and what the refs of this push have there now.
    heads: Vec<String>,
}

impl<'g> Remote<'g> {
    pub(super) fn look(git: &'g Git<'g>, push: &Push) -> Result<Self, GitError> {
        // What was fetched from one address says nothing of another one.
        let elsewhere = git.pushes_elsewhere(&push.remote)?;
        let mut heads = if elsewhere { Vec::new() } else { git.remote_heads(&push.remote)? };
        for had in push.updates.iter().filter_map(|update| update.had.as_deref()) {
            heads.extend(commit_of(git, had)?); // what is not here cannot be compared with
        }
        heads.sort();
        heads.dedup();
        Ok(Self { git, heads })
    }

    /// What it has of the commit, for a ref that has `had` there now.
    pub(super) fn known(&self, commit: &str, had: Option<&str>) -> Result<Known, GitError> {
        if let Some(had) = had
            && let Some(known) = commit_of(self.git, had)?
        {
            return Ok(Known::Ref(known));
        }
        let unknown = had.map(str::to_owned);
        Ok(match self.git.common_ancestor(commit, &self.heads)? {
            Some(commit) => Known::Ancestor { commit, unknown },
            None => Known::Nothing { unknown },
        })
    }
}
