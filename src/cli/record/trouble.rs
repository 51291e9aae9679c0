//! Why a run is not recorded as it should be. Each ends the run with exit code 4, whatever the verdict.

use crate::cli::trusted::TrustError;
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
    /// A key that was replaced cannot be trusted.
    #[error("--old-key: {0}")]
    OldKey(#[from] TrustError),
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
    /// What mends it. Where the policy lets runs go without a record, that is one of the ways.
    pub(super) fn help(&self, may_go_without: bool) -> String {
        let way = match self {
            Self::Ephemeral => return "keep it at a remote: --trail git:REMOTE".into(),
            Self::NotAsked => return "keep a record: --trail git:REMOTE, without --no-trail".into(),
            Self::OldKey(e) => return e.help(),
            Self::Forge(e) => return e.help(),
            Self::Key(KeyError::Sys(SysError { fault: Fault::Exposed { .. }, what, .. })) => {
                let path = crate::text::shell::quote(what).unwrap_or_else(|| "FILE".into());
                return format!("chmod 600 {path}");
            }
            Self::NoKey => "give it one, --key FILE or, with the key in PORTCULLIS_KEY, --key-from-env-unsafe",
            Self::Key(KeyError::Missing { .. } | KeyError::EmptyFile { .. }) => {
                "make one: portcullis trail keygen FILE"
            }
            Self::Key(KeyError::VariableUnset { .. }) => {
                "put the PEM text of the key into PORTCULLIS_KEY, or name a file: --key FILE"
            }
            Self::Key(KeyError::Sys(_)) => {
                "name a file that holds the key (--key FILE), or the identity that opens it (--key-identity FILE)"
            }
            Self::Key(KeyError::NoHome) => "name the key: --key FILE",
            Self::Place(PlaceError::NoHome) => "name the trail: --trail DIR",
            Self::Append(AppendError::Replaced) => "see who can write to the log, and begin another: --trail PLACE",
            Self::Append(AppendError::Checkpoint(_)) => {
                "sign with the key that the trail was written with, --key FILE, or name that one, --old-key INDEX=KEY, or begin \
                 another: --trail PLACE"
            }
            Self::Key(error) if error.help().is_some() => error.help().unwrap_or_default(),
            Self::Key(_) | Self::Place(_) | Self::Append(_) | Self::Record(_) | Self::Git(_) | Self::Sys(_) => {
                "mend it, or name another place: --trail PLACE"
            }
        };
        if may_go_without { format!("{way}; or leave no record: --no-trail") } else { way.to_owned() }
    }
}
