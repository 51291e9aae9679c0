//! What may open an encrypted key, and where it comes from: a variable with a passphrase, a file with identities. It
//! does not ask on a terminal.

use super::AgeError;
use super::recipient::{Identity, Passphrase};
use crate::sys::{Bytes, Sys};
use std::path::Path;

/// The variable that holds a passphrase. Every other process of the same user can read it.
pub const PASSPHRASE_VARIABLE: &str = "PORTCULLIS_KEY_PASSPHRASE";
/// Each identity is tried on each stanza.
pub const MAX_IDENTITIES: usize = 20;
/// Identities have 75 bytes and comments are short.
pub const MAX_IDENTITY_FILE: Bytes = Bytes(64 << 10);

/// What may open an encrypted key. The default opens nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlock {
    /// For files that are encrypted to recipients.
    pub identities: Vec<Identity>,
    /// For files that are encrypted with a passphrase.
    pub passphrase: Option<Passphrase>,
}

impl Unlock {
    /// The passphrase of [`PASSPHRASE_VARIABLE`], where it is set and not empty, and the identities of the file, where
    /// one is named. Errors: [`AgeError::Sys`] and those of [`parse_identities`].
    pub fn gather(sys: &dyn Sys, identity_file: Option<&Path>) -> Result<Self, AgeError> {
        let passphrase = sys.var(PASSPHRASE_VARIABLE)?.filter(|text| !text.is_empty());
        let identities = match identity_file {
            Some(path) => parse_identities(&super::read_secret(sys, path, MAX_IDENTITY_FILE)?)?,
            None => Vec::new(),
        };
        Ok(Self { identities, passphrase: passphrase.map(Passphrase::new).transpose()? })
    }
}

/// The identities of a file as `age-keygen` writes it: one a line; empty lines and those that begin with `#` are
/// comments. Errors: [`AgeError::BadIdentity`], [`AgeError::UnsupportedIdentity`], [`AgeError::EncryptedIdentity`],
/// [`AgeError::NoIdentity`], [`AgeError::TooManyIdentities`].
pub fn parse_identities(bytes: &[u8]) -> Result<Vec<Identity>, AgeError> {
    if super::is_age(bytes) {
        return Err(AgeError::EncryptedIdentity);
    }
    let mut identities = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii_end();
        // A comment may be in any language and encoding; nothing in it counts.
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if identities.len() >= MAX_IDENTITIES {
            return Err(AgeError::TooManyIdentities);
        }
        let text = std::str::from_utf8(line).map_err(|_| AgeError::BadIdentity { line: at + 1 })?;
        identities.push(Identity::parse(text, at + 1)?);
    }
    if identities.is_empty() { Err(AgeError::NoIdentity) } else { Ok(identities) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Fault, RealSys, SysError};

    const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

    #[test]
    fn an_identity_file_has_comments_and_one_identity_a_line() {
        let file = format!("# created: 2026-01-01\n# public key: age1…\n{SECRET}\r\n\n{SECRET}");
        assert_eq!(parse_identities(file.as_bytes()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_an_identity_file_is_refused_by_kind() {
        let refused = |text: &str| parse_identities(text.as_bytes()).unwrap_err();
        assert_eq!(refused(""), AgeError::NoIdentity);
        assert_eq!(refused("# nothing\n"), AgeError::NoIdentity);
        assert_eq!(refused(&format!("{SECRET}\nx\n")), AgeError::BadIdentity { line: 2 });
        assert_eq!(refused(&format!("#\n {SECRET}\n")), AgeError::BadIdentity { line: 2 });
        assert_eq!(refused("AGE-PLUGIN-TPM-1QQ\n"), AgeError::UnsupportedIdentity { line: 1 });
        assert_eq!(refused("age-encryption.org/v1\n"), AgeError::EncryptedIdentity);
        assert_eq!(parse_identities(b"\xff\n"), Err(AgeError::BadIdentity { line: 1 }));
        let lines = |count: usize| format!("{SECRET}\n").repeat(count);
        assert_eq!(parse_identities(lines(20).as_bytes()).unwrap().len(), 20);
        assert_eq!(refused(&lines(21)), AgeError::TooManyIdentities);
    }

    #[test]
    fn an_identity_file_that_is_named_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        let refused = Unlock::gather(&RealSys, Some(&path)).unwrap_err();
        assert!(matches!(refused, AgeError::Sys(SysError { fault: Fault::NotFound, .. })), "{refused}");
        RealSys.replace(&path, SECRET.as_bytes(), true).unwrap();
        assert_eq!(Unlock::gather(&RealSys, Some(&path)).unwrap().identities.len(), 1);
    }
}
