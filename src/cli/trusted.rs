//! The public keys that a command line names: whose word counts for a trail, and for which of its records. It reads no
//! private key.

use crate::sign::key::parse_verifier_key;
use crate::sign::{KeyError, PublicKey};
use crate::sys::{Bytes, Sys, SysError};
use crate::text::shell;
use crate::trail::LogIndex;
use crate::trail::checkpoint::Trust;
use std::path::Path;

/// A file of verifier keys holds a few lines.
const MAX_KEYS: Bytes = Bytes(64 << 10);

/// `--old-key INDEX=KEY|FILE`: a key that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldKey {
    /// The first record that it is not believed for.
    pub before: LogIndex,
    /// A verifier key, or a file.
    pub key: String,
}

/// Why a key cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The name is empty, as that of a variable that is not set.
    #[error("the key that is named is empty")]
    Empty,
    /// The file cannot be read.
    #[error("the key {name} cannot be used: {error}")]
    File {
        /// What was named.
        name: String,
        /// Why.
        error: SysError,
    },
    /// It is no public key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl TrustError {
    /// What would do instead; empty where the message says all there is to say.
    pub fn help(&self) -> String {
        match self {
            Self::Key(KeyError::IsPrivate { origin }) => {
                let file = shell::quote(origin).unwrap_or_else(|| "FILE".into());
                format!(
                    "write its public half to a file, and name that: openssl pkey -in {file} -pubout -out public.pem \
                     (a key in age is decrypted first)"
                )
            }
            Self::Empty | Self::File { .. } | Self::Key(KeyError::NotAVerifierKey) => {
                "name a verifier key (NAME+HASH+BASE64), or a file with such keys or with a public key as PEM".into()
            }
            Self::Key(_) => String::new(),
        }
    }
}

/// Reads `--old-key`.
pub fn old_key(text: &str) -> Result<OldKey, String> {
    let form = || "use INDEX=KEY, where INDEX is that of the first record which the key is not believed for".to_owned();
    let (before, key) = text.split_once('=').ok_or_else(form)?;
    let before = before.parse().map_err(|_| form())?;
    Ok(OldKey { before: LogIndex(before), key: key.to_owned() })
}

/// The keys that were replaced, each for the records before its index.
pub fn retired(sys: &dyn Sys, named: &[OldKey]) -> Result<Trust, TrustError> {
    named.iter().try_fold(Trust::default(), |trust, old| {
        Ok(trust.with_retired(&keys(sys, std::slice::from_ref(&old.key))?, old.before))
    })
}

/// The keys that were named, each a verifier key or a file.
pub fn keys(sys: &dyn Sys, named: &[String]) -> Result<Trust, TrustError> {
    let mut trust = Trust::default();
    for text in named {
        if let Ok(key) = parse_verifier_key(text.as_bytes()) {
            trust = trust.with_verifier_key(&key);
            continue;
        }
        if text.is_empty() {
            return Err(TrustError::Empty);
        }
        let read = sys.read(Path::new(text), MAX_KEYS);
        let bytes = read.map_err(|error| TrustError::File { name: text.clone(), error })?;
        trust = match PublicKey::from_pem(&bytes, text) {
            Ok(key) => trust.with_key(key),
            Err(error @ KeyError::IsPrivate { .. }) => return Err(error.into()),
            Err(_) => {
                // Not PEM: then every line must be a verifier key, and there must be one.
                let keys = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(parse_verifier_key);
                let keys = keys.collect::<Result<Vec<_>, _>>()?;
                if keys.is_empty() {
                    return Err(KeyError::NotAVerifierKey.into());
                }
                keys.iter().fold(trust, Trust::with_verifier_key)
            }
        };
    }
    Ok(trust)
}
