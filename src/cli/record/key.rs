//! Which key signs a run: the one that was named, else outside of CI the user's own, made at its first use. It does not
//! know where keys are kept or how they are read.

use super::RecordArgs;
use super::trouble::Trouble;
use crate::forge::{Ci, Invocation};
use crate::sign::age::AgeError;
use crate::sign::key::{default_path, unlock};
use crate::sign::{KeyError, KeySource, SigningKey};
use crate::sys::Sys;
use std::path::PathBuf;

/// The variable of `--key-from-env-unsafe`.
const VARIABLE: &str = "PORTCULLIS_KEY";

/// The key and, where it was made just now, its file. None for a run that is given no secrets and has no key: nobody can
/// expect it to sign.
pub(super) fn choose(
    sys: &dyn Sys,
    args: &RecordArgs,
    run: &Invocation,
) -> Result<Option<(SigningKey, Option<PathBuf>)>, Trouble> {
    let source = match &args.key {
        Some(path) => Some(KeySource::File(path.clone())),
        None => args.key_from_env_unsafe.then(|| KeySource::EnvUnsafe(VARIABLE.into())),
    };
    // Another CI system may keep its home or throw it away; nothing tells, and a key that is lost costs nothing but a log
    // that nobody goes on with. So it is treated as a machine, whose trail is ephemeral.
    let makes_no_key = matches!(run.ci, Ci::Github | Ci::Gitlab);
    let withheld = makes_no_key && !run.has_secrets;
    let Some(source) = source else {
        if withheld {
            return Ok(None);
        }
        if makes_no_key {
            return Err(Trouble::NoKey);
        }
        let path = default_path(sys)?;
        let (key, is_new) = SigningKey::load_or_create_with(sys, &path, &unlock(sys, args.key_identity.as_deref())?)?;
        return Ok(Some((key, is_new.then_some(path))));
    };
    let load = || SigningKey::load_with(sys, &source, &unlock(sys, args.key_identity.as_deref())?);
    match load() {
        Ok(key) => Ok(Some((key, None))),
        Err(error) if withheld && is_absent(&error) => Ok(None),
        Err(KeyError::VariableUnset { .. }) if makes_no_key => Err(Trouble::NoKey),
        Err(error) => Err(error.into()),
    }
}

/// What a secret looks like to a run that is not given it: an empty variable or an empty file. A file that was named and
/// is not there is a name that was mistyped, for all that anybody can tell. An encrypted key may lie in the repository,
/// and then what opens it is the secret.
fn is_absent(error: &KeyError) -> bool {
    match error {
        KeyError::VariableUnset { .. } | KeyError::EmptyFile { .. } => true,
        KeyError::Identities { error, .. } => *error == AgeError::NoIdentity,
        KeyError::Age { error, .. } => matches!(error, AgeError::NeedsPassphrase | AgeError::NeedsIdentity),
        _ => false, // there is one, and it cannot be used
    }
}
