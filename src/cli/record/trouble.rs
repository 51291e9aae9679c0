//! Why a run is not recorded as it should be. Each ends the run with exit code 4, whatever the verdict.

use crate::forge::ForgeError;
use crate::git::GitError;
use crate::sign::KeyError;
use crate::sys::{Fault, SysError};
use crate::trail::place::PlaceError;
use crate::trail::{AppendError, RecordError};

/// Why there is no record, or not the one that the policy asks for.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// A run in CI that is given secrets, and no key.
    #[error("there is no signing key, and in CI none is made")]
    NoKey,
    /// The policy asks for a durable trail, and the trail is a directory of a CI runner.
    #[error("the policy asks for a durable trail, and a directory ends with the job")]
    Ephemeral,
    /// The policy asks for a durable trail, and `--no-trail` was given.
    #[error("the policy asks for a durable trail, and --no-trail leaves none")]
    NotAsked,
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The place cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Nothing was appended.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The run has no record that could be appended.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The environment does not say how the run came to be.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// git could not be asked.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The outside world failed.
    #[error(transparent)]
    Sys(#[from] SysError),
}

impl Trouble {
    /// What mends it.
    pub(super) fn help(&self) -> String {
        match self {
            Self::NoKey => {
                "give it a key, --key FILE; or --key-from-env-unsafe, with the key in PORTCULLIS_KEY; or leave \
                            no record: --no-trail"
                    .into()
            }
            Self::Ephemeral => "keep it at a remote: --trail git:REMOTE".into(),
            Self::NotAsked => "keep a record: --trail git:REMOTE, without --no-trail".into(),
            Self::Key(KeyError::Sys(SysError { fault: Fault::Exposed { .. }, what, .. })) => {
                match crate::text::shell::quote(what) {
                    Some(path) => format!("chmod 600 {path}"),
                    None => "let only its owner read it: chmod 600".into(),
                }
            }
            Self::Key(KeyError::Missing { .. } | KeyError::EmptyFile { .. }) => {
                "make one: portcullis trail keygen FILE; or leave no record: --no-trail".into()
            }
            Self::Key(KeyError::VariableUnset { .. }) => {
                "put the PEM text of the key into PORTCULLIS_KEY, or name a file: --key FILE".into()
            }
            Self::Key(KeyError::NoHome) => "name the key: --key FILE; or leave no record: --no-trail".into(),
            Self::Place(PlaceError::NoHome) => "name the trail: --trail DIR; or leave no record: --no-trail".into(),
            Self::Append(AppendError::Checkpoint(_)) => {
                "sign with the key that the trail was written with, --key FILE; or begin another trail: --trail PLACE"
                    .into()
            }
            Self::Forge(e) => e.help(),
            Self::Key(_) | Self::Place(_) | Self::Append(_) | Self::Record(_) | Self::Git(_) | Self::Sys(_) => {
                "mend it, name another place with --trail PLACE, or leave no record: --no-trail".into()
            }
        }
    }
}
