//! Files of the age format, version 1 (C2SP age, `age-encryption.org/v1`), as far as a signing key needs it: X25519
//! recipients, passphrases, ASCII armor. Not here: plugins, SSH keys, post-quantum recipients, and streams that do not
//! fit into memory.

mod armor;
mod bech32;
mod crypto;
mod error;
mod header;
mod payload;
mod recipient;
#[cfg(test)]
mod tests;
mod unlock;

pub use armor::{decode as dearmor, encode as armor};
pub use error::AgeError;
pub use header::{Header, MAX_HEADER, MAX_STANZAS, Stanza};
pub use recipient::{Identity, MAX_WORK_FACTOR, Passphrase, Recipient, WORK_FACTOR};
pub use unlock::{MAX_IDENTITIES, MAX_IDENTITY_FILE, PASSPHRASE_VARIABLE, Unlock, parse_identities};

use crate::sys::{Bytes, Fault, Sys, SysError};
use recipient::Wrapped;
use std::path::Path;

/// A key has 120 bytes as PEM; comments around it may take a little more.
pub const MAX_SECRET: Bytes = Bytes(16 << 10);
/// The largest header, [`MAX_SECRET`] and what the format adds, armored.
pub const MAX_FILE: Bytes = Bytes(112 << 10);

/// Who can read what is written. A passphrase stands alone, as the format demands.
#[derive(Clone, Copy, Debug)]
pub enum Audience<'a> {
    /// Whoever has the identity of one of these recipients, at most [`MAX_STANZAS`].
    Recipients(&'a [Recipient]),
    /// Whoever has the passphrase, at the cost of [`WORK_FACTOR`] for each guess.
    Passphrase(&'a Passphrase),
    /// The same at another cost, 1 to [`MAX_WORK_FACTOR`]; a low one lets a short passphrase be guessed.
    PassphraseWithWorkUnsafe(&'a Passphrase, u8),
}

/// Whether the bytes are meant to be an age file, armored or not. They may still be a bad one.
pub fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(header::INTRO.as_bytes()) || armor::is_armored(bytes)
}

/// A file that holds a secret. One that others may read is refused, unless it is encrypted: that one may lie in a
/// repository.
pub(super) fn read_secret(sys: &dyn Sys, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
    match sys.read_private(path, limit) {
        Err(exposed @ SysError { fault: Fault::Exposed { .. }, .. }) => {
            let bytes = sys.read(path, limit)?;
            if is_age(&bytes) { Ok(bytes) } else { Err(exposed) }
        }
        read => read,
    }
}

/// The plaintext of an age file, armored or not, whole or not at all. `limit` is for the plaintext, [`MAX_SECRET`] for a
/// key. The header's MAC is verified before the payload is looked at.
pub fn decrypt(file: &[u8], unlock: &Unlock, limit: Bytes) -> Result<Vec<u8>, AgeError> {
    let binary;
    let file = if armor::is_armored(file) && !file.starts_with(header::INTRO.as_bytes()) {
        binary = armor::decode(file)?;
        &binary
    } else {
        file
    };
    let (header, payload) = Header::parse(file)?;
    let file_key = unwrap(&header, unlock)?;
    let mac_key = crypto::hkdf(&file_key, b"", b"header")?;
    if !crypto::mac_fits(&mac_key, &header.authenticated(), &header.mac) {
        return Err(AgeError::HeaderMac);
    }
    payload::open(&file_key, payload, limit)
}

/// An age file with the plaintext, not armored (see [`armor()`]). All randomness is from `sys`.
pub fn encrypt(plaintext: &[u8], audience: Audience<'_>, sys: &dyn Sys) -> Result<Vec<u8>, AgeError> {
    let mut file_key = [0; 16];
    sys.random(&mut file_key)?;
    let stanzas = match audience {
        Audience::Passphrase(passphrase) => vec![recipient::wrap_scrypt(passphrase, WORK_FACTOR, &file_key, sys)?],
        Audience::PassphraseWithWorkUnsafe(passphrase, log_n) => {
            vec![recipient::wrap_scrypt(passphrase, log_n, &file_key, sys)?]
        }
        Audience::Recipients(recipients) => {
            if !(1..=MAX_STANZAS).contains(&recipients.len()) {
                return Err(AgeError::RecipientCount { count: recipients.len() });
            }
            let wrap = |recipient| recipient::wrap_x25519(recipient, &file_key, sys);
            recipients.iter().map(wrap).collect::<Result<_, AgeError>>()?
        }
    };
    let mut header = Header { stanzas, mac: [0; 32] };
    header.mac = crypto::mac(&crypto::hkdf(&file_key, b"", b"header")?, &header.authenticated())?;
    let mut nonce = [0; 16];
    sys.random(&mut nonce)?;
    Ok([header.to_bytes(), payload::seal(&file_key, &nonce, plaintext)?].concat())
}

/// The file key, by the first stanza that something opens. Every stanza of a known kind is checked for its form first,
/// so that what is refused does not depend on the order of the stanzas or on who reads.
fn unwrap(header: &Header, unlock: &Unlock) -> Result<[u8; 16], AgeError> {
    let read: Vec<Wrapped> = header.stanzas.iter().map(Wrapped::read).collect::<Result<_, AgeError>>()?;
    let passphrase = read.iter().find_map(|wrapped| match wrapped {
        Wrapped::Scrypt { salt, log_n, body } => Some((salt, *log_n, body)),
        _ => None, // the other kinds are looked at below
    });
    if let Some((salt, log_n, body)) = passphrase {
        if read.len() > 1 {
            return Err(AgeError::ScryptNotAlone);
        }
        let passphrase = unlock.passphrase.as_ref().ok_or(AgeError::NeedsPassphrase)?;
        return recipient::unwrap_scrypt(passphrase, salt, log_n, body)?.ok_or(AgeError::WrongPassphrase);
    }
    let mut refusal = AgeError::UnsupportedRecipients;
    for wrapped in &read {
        match wrapped {
            Wrapped::X25519 { .. } if unlock.identities.is_empty() => return Err(AgeError::NeedsIdentity),
            Wrapped::X25519 { share, body } => {
                refusal = AgeError::NotForThisIdentity { identities: unlock.identities.len() };
                for identity in &unlock.identities {
                    if let Some(file_key) = recipient::unwrap_x25519(identity, share, body)? {
                        return Ok(file_key);
                    }
                }
            }
            Wrapped::Ssh if refusal == AgeError::UnsupportedRecipients => refusal = AgeError::SshRecipient,
            // The specification demands that other kinds be passed over; where there are no others, the refusal says so.
            Wrapped::Ssh | Wrapped::Other | Wrapped::Scrypt { .. } => {}
        }
    }
    Err(refusal)
}
