//! Which key signs a run: the one that was named, else outside of CI the user's own, made at its first use. It does not
//! know where keys are kept or how they are read.

use super::RecordArgs;
use super::trouble::Trouble;
use crate::forge::{Ci, Invocation};
use crate::sign::key::default_path;
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
    let Some(source) = source else {
        return match (makes_no_key, run.has_secrets) {
            (false, _) => {
                let path = default_path(sys)?;
                let (key, is_new) = SigningKey::load_or_create(sys, &path)?;
                Ok(Some((key, is_new.then_some(path))))
            }
            (true, true) => Err(Trouble::NoKey),
            (true, false) => Ok(None),
        };
    };
    match SigningKey::load(sys, &source) {
        Ok(key) => Ok(Some((key, None))),
        // What a secret looks like in a run that is not given it: an empty variable, an empty file, or none.
        Err(KeyError::VariableUnset { .. } | KeyError::EmptyFile { .. } | KeyError::Missing { .. })
            if makes_no_key && !run.has_secrets =>
        {
            Ok(None)
        }
        Err(KeyError::VariableUnset { .. }) if makes_no_key => Err(Trouble::NoKey),
        Err(error) => Err(error.into()),
    }
}
