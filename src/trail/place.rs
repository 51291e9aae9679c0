//! Where a trail is kept, as users name it, and whether it outlives the run. It opens stores and reads no records.

use super::store::dir::default_dir;
use super::store::{DirStore, GitStore, Store, StoreError};
use crate::model::Digest;
use crate::sys::{Sys, SysError};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The place of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A directory.
    Dir(PathBuf),
    /// The ref `refs/portcullis/trail` at a remote.
    Git(String),
}

/// Whether the records are still there when the machine is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// They are kept.
    Durable,
    /// They end with the job: a directory of a CI runner.
    Ephemeral,
}

/// Why a trail has no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Neither `XDG_STATE_HOME` nor `HOME` says where trails are kept. Remedy: `--trail DIR`.
    #[error("no directory for trails: neither XDG_STATE_HOME nor HOME is set")]
    NoHome,
    /// The text is empty.
    #[error("the place of the trail is empty")]
    Empty,
    /// The outside world failed.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The token that signs in at an `https` remote: in CI there is no home with a credential helper.
const TOKEN: &str = "PORTCULLIS_TRAIL_TOKEN";
/// The user that goes with it: GitHub's word for a token, and GitLab takes any.
const USER: &str = "x-access-token";

impl Place {
    /// From what a user typed: `git:REMOTE`, or a directory.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        match text.strip_prefix("git:") {
            Some("") => Err(PlaceError::Empty),
            Some(remote) => Ok(Self::Git(remote.to_owned())),
            None if text.is_empty() => Err(PlaceError::Empty),
            None => Ok(Self::Dir(text.into())),
        }
    }

    /// The default: a directory of the user's state for the checkout that `dir` lies in.
    pub fn default_of(sys: &dyn Sys, dir: &Path) -> Result<Self, PlaceError> {
        let dir = sys.real_path(dir)?;
        let mut top = dir.as_path();
        for candidate in dir.ancestors() {
            if sys.kind(&candidate.join(".git"))?.is_some() {
                top = candidate;
                break;
            }
        }
        default_dir(sys, top.as_os_str().as_bytes())?.map(Self::Dir).ok_or(PlaceError::NoHome)
    }

    /// Whether it outlives the run.
    pub fn durability(&self, in_ci: bool) -> Durability {
        match self {
            Self::Dir(_) if in_ci => Durability::Ephemeral,
            Self::Dir(_) | Self::Git(_) => Durability::Durable,
        }
    }

    /// Opens it. Nothing is read or made yet.
    pub fn open<'a>(&self, sys: &'a dyn Sys) -> Result<Box<dyn Store + 'a>, PlaceError> {
        Ok(match self {
            Self::Dir(dir) => Box::new(DirStore::new(sys, dir)),
            Self::Git(remote) => {
                let store = GitStore::new(sys, remote, scratch(sys, remote)?)?;
                let token = sys.var(TOKEN)?.filter(|token| !token.is_empty());
                Box::new(token.iter().fold(store, |store, token| store.with_token(USER, token)))
            }
        })
    }
}

/// The scratch repository of a remote, in the user's cache.
fn scratch(sys: &dyn Sys, remote: &str) -> Result<PathBuf, PlaceError> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let cache = match sys.var("XDG_CACHE_HOME")?.map(PathBuf::from).filter(absolute) {
        Some(dir) => dir,
        None => match sys.var("HOME")?.map(PathBuf::from).filter(absolute) {
            Some(home) => home.join(".cache"),
            None => return Err(PlaceError::NoHome),
        },
    };
    let id: String = Digest::of(remote.as_bytes()).hex().chars().take(32).collect();
    Ok(cache.join("portcullis/trail").join(format!("{id}.git")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_remote_or_a_directory() {
        assert_eq!(Place::parse("git:https://example.com/t"), Ok(Place::Git("https://example.com/t".into())));
        assert_eq!(Place::parse("trail"), Ok(Place::Dir("trail".into())));
        assert_eq!(Place::parse("git:"), Err(PlaceError::Empty));
        assert_eq!(Place::parse(""), Err(PlaceError::Empty));
    }

    #[test]
    fn a_directory_of_a_runner_does_not_outlive_it() {
        let (dir, git) = (Place::Dir("t".into()), Place::Git("/srv/t".into()));
        assert_eq!(dir.durability(true), Durability::Ephemeral);
        assert_eq!(dir.durability(false), Durability::Durable);
        assert_eq!(git.durability(true), Durability::Durable);
    }
}
