//! Whom an age file is for and who may open it: X25519 keys and passphrases, and how each wraps the file key (C2SP age,
//! "Native recipient types"). Files and payloads are not known here.

use super::header::{Stanza, base64_unpadded, unpadded};
use super::{AgeError, bech32, crypto};
use crate::sys::Sys;
use std::fmt;
use std::str::FromStr;

/// What age itself writes: 256 MiB of memory, one to three seconds.
pub const WORK_FACTOR: u8 = 18;
/// The most that is accepted: 1 GiB and up to ten seconds. Some programs take what their machine does in a second, which
/// is 19 or 20 on fast ones; beyond that a small runner has no memory left.
pub const MAX_WORK_FACTOR: u8 = 20;

const X25519_INFO: &[u8] = b"age-encryption.org/v1/X25519";
const SCRYPT_SALT: &[u8] = b"age-encryption.org/v1/scrypt";
const IDENTITY_PREFIX: &str = "age-secret-key-";
const RECIPIENT_PREFIX: &str = "age";
/// A wrap key is used once: its nonce is all zero.
const WRAP_NONCE: [u8; 12] = [0; 12];

/// A public X25519 key, `age1…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bech32::encode(RECIPIENT_PREFIX, &self.0))
    }
}

impl FromStr for Recipient {
    type Err = AgeError;

    /// [`AgeError::UnsupportedRecipient`] for a plugin's, post-quantum or SSH one, [`AgeError::BadRecipient`] for others.
    fn from_str(text: &str) -> Result<Self, AgeError> {
        if text.starts_with("ssh-") {
            return Err(AgeError::UnsupportedRecipient);
        }
        match bech32::decode(text) {
            Some((prefix, key)) if prefix == RECIPIENT_PREFIX && text.starts_with(RECIPIENT_PREFIX) => {
                key.try_into().map(Self).map_err(|_| AgeError::BadRecipient)
            }
            Some((prefix, _)) if prefix.starts_with("age1") => Err(AgeError::UnsupportedRecipient),
            _ => Err(AgeError::BadRecipient),
        }
    }
}

/// A private X25519 key, `AGE-SECRET-KEY-1…`. It is never printed but by [`Identity::secret_text`].
#[derive(Clone, PartialEq, Eq)]
pub struct Identity([u8; 32]);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// A new one from the operating system's random source.
    pub fn generate(sys: &dyn Sys) -> Result<Self, AgeError> {
        let mut secret = [0; 32];
        sys.random(&mut secret)?;
        Ok(Self(secret))
    }

    /// From its text. Errors: [`AgeError::UnsupportedIdentity`] for a plugin's or post-quantum one,
    /// [`AgeError::BadIdentity`] for others; `line` is the place that they name.
    pub fn parse(text: &str, line: usize) -> Result<Self, AgeError> {
        if ["AGE-SECRET-KEY-PQ-1", "AGE-PLUGIN-"].iter().any(|other| text.starts_with(other)) {
            return Err(AgeError::UnsupportedIdentity { line });
        }
        let bad = || AgeError::BadIdentity { line };
        // Lowercase is not how a secret is written.
        let (prefix, secret) = bech32::decode(text).filter(|_| text.starts_with('A')).ok_or_else(bad)?;
        let secret = secret.try_into().ok().filter(|_| prefix == IDENTITY_PREFIX);
        secret.map(Self).ok_or_else(bad)
    }

    /// Whom files must be encrypted to.
    pub fn recipient(&self) -> Result<Recipient, AgeError> {
        crypto::x25519_public(&self.0).map(Recipient)
    }

    /// The secret as text, for an identity file and nothing else.
    pub fn secret_text(&self) -> String {
        bech32::encode(IDENTITY_PREFIX, &self.0).to_ascii_uppercase()
    }
}

/// What a file is encrypted under. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(String);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrase").finish_non_exhaustive()
    }
}

impl Passphrase {
    /// Taken as it is, byte for byte. [`AgeError::EmptyPassphrase`] for none.
    pub fn new(text: impl Into<String>) -> Result<Self, AgeError> {
        Some(text.into()).filter(|text| !text.is_empty()).map(Self).ok_or(AgeError::EmptyPassphrase)
    }
}

/// A stanza of a kind that is known, checked for its form.
pub(super) enum Wrapped {
    /// `X25519`: ephemeral share and wrapped file key.
    X25519 { share: [u8; 32], body: [u8; 32] },
    /// `scrypt`: salt, work factor and wrapped file key.
    Scrypt { salt: [u8; 16], log_n: u8, body: [u8; 32] },
    /// `ssh-rsa` or `ssh-ed25519`.
    Ssh,
    /// Of another kind, passed over as the specification demands.
    Other,
}

impl Wrapped {
    /// Errors: [`AgeError::Stanza`], [`AgeError::WorkFactor`].
    pub(super) fn read(stanza: &Stanza) -> Result<Self, AgeError> {
        let args: Vec<&str> = stanza.args.iter().map(String::as_str).collect();
        // The length of the body is checked before anything is tried, against partitioning oracles.
        let body = || stanza.body.as_slice().try_into().ok();
        match args.as_slice() {
            ["X25519", rest @ ..] => {
                let read = || match rest {
                    [share] => Some(Self::X25519 { share: unpadded(share)?.try_into().ok()?, body: body()? }),
                    _ => None,
                };
                read().ok_or(AgeError::Stanza { kind: "X25519" })
            }
            ["scrypt", rest @ ..] => {
                let read = || match rest {
                    [salt, work] => Some((unpadded(salt)?.try_into().ok()?, work_factor(work)?, body()?)),
                    _ => None,
                };
                let (salt, log_n, body) = read().ok_or(AgeError::Stanza { kind: "scrypt" })?;
                if log_n > MAX_WORK_FACTOR {
                    return Err(AgeError::WorkFactor { log_n });
                }
                Ok(Self::Scrypt { salt, log_n, body })
            }
            ["ssh-rsa" | "ssh-ed25519", ..] => Ok(Self::Ssh),
            _ => Ok(Self::Other),
        }
    }
}

/// The file key in an X25519 stanza; none where it is for another identity. Errors: [`AgeError::LowOrder`].
pub(super) fn unwrap_x25519(
    identity: &Identity,
    share: &[u8; 32],
    body: &[u8; 32],
) -> Result<Option<[u8; 16]>, AgeError> {
    let key = x25519_wrap_key(&identity.0, share, share, &identity.recipient()?)?;
    Ok(unwrap(&key, body))
}

/// The file key in a scrypt stanza; none where the passphrase is another one. Errors: [`AgeError::NoMemory`].
pub(super) fn unwrap_scrypt(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    log_n: u8,
    body: &[u8; 32],
) -> Result<Option<[u8; 16]>, AgeError> {
    let key = crypto::scrypt(&passphrase.0, &[SCRYPT_SALT, salt].concat(), log_n)?;
    Ok(unwrap(&key, body))
}

/// A stanza that only the recipient's identity opens. Errors: [`AgeError::LowOrder`], [`AgeError::Sys`].
pub(super) fn wrap_x25519(recipient: &Recipient, file_key: &[u8; 16], sys: &dyn Sys) -> Result<Stanza, AgeError> {
    let mut secret = [0; 32];
    sys.random(&mut secret)?;
    let share = crypto::x25519_public(&secret)?;
    let key = x25519_wrap_key(&secret, &recipient.0, &share, recipient)?;
    let args = vec!["X25519".to_owned(), base64_unpadded(&share)];
    Ok(Stanza { args, body: crypto::seal(&key, WRAP_NONCE, file_key)? })
}

/// A stanza that only the passphrase opens. Errors: [`AgeError::WorkFactor`], [`AgeError::NoMemory`], [`AgeError::Sys`].
pub(super) fn wrap_scrypt(
    passphrase: &Passphrase,
    log_n: u8,
    file_key: &[u8; 16],
    sys: &dyn Sys,
) -> Result<Stanza, AgeError> {
    if !(1..=MAX_WORK_FACTOR).contains(&log_n) {
        return Err(AgeError::WorkFactor { log_n });
    }
    let mut salt = [0; 16];
    sys.random(&mut salt)?;
    let key = crypto::scrypt(&passphrase.0, &[SCRYPT_SALT, &salt].concat(), log_n)?;
    let args = vec!["scrypt".to_owned(), base64_unpadded(&salt), log_n.to_string()];
    Ok(Stanza { args, body: crypto::seal(&key, WRAP_NONCE, file_key)? })
}

/// The same on both sides: one has the secret of the share and the other's public key, the other the reverse.
fn x25519_wrap_key(
    secret: &[u8; 32],
    theirs: &[u8; 32],
    share: &[u8; 32],
    recipient: &Recipient,
) -> Result<[u8; 32], AgeError> {
    let shared = crypto::x25519_shared(secret, theirs)?;
    crypto::hkdf(&shared, &[share.as_slice(), &recipient.0].concat(), X25519_INFO)
}

fn unwrap(key: &[u8; 32], body: &[u8; 32]) -> Option<[u8; 16]> {
    crypto::open(key, WRAP_NONCE, body)?.try_into().ok()
}

/// Decimal digits without a leading zero; more than a byte holds is 255.
fn work_factor(text: &str) -> Option<u8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !text.is_empty() && !text.starts_with('0')).then(|| text.parse().unwrap_or(u8::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    const PUBLIC: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    #[test]
    fn the_example_key_of_the_specification_is_read_and_not_shown() {
        let identity = Identity::parse(SECRET, 1).unwrap();
        assert_eq!(identity.secret_text(), SECRET);
        assert_eq!(identity.recipient().unwrap().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse(), identity.recipient());
        let shown = format!("{identity:?} {:?}", Passphrase::new("hunter2"));
        assert!(!shown.contains("66") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn other_keys_are_refused_by_kind() {
        let identity = |text: &str| Identity::parse(text, 3).unwrap_err();
        let bad = AgeError::BadIdentity { line: 3 };
        for text in ["", PUBLIC, &SECRET.to_lowercase(), &SECRET.replace("EX", "EE"), "AGE-SECRET-KEY-1"] {
            assert_eq!(identity(text), bad, "{text}");
        }
        assert_eq!(identity(&bech32::encode(IDENTITY_PREFIX, &[1; 31]).to_uppercase()), bad);
        let unsupported = AgeError::UnsupportedIdentity { line: 3 };
        for text in ["AGE-SECRET-KEY-PQ-1XX", "AGE-PLUGIN-YUBIKEY-1XX"] {
            assert_eq!(identity(text), unsupported, "{text}");
        }
        let recipient = |text: &str| text.parse::<Recipient>().unwrap_err();
        for text in ["", SECRET, &PUBLIC.to_uppercase(), &PUBLIC.replace("wj", "ww"), &bech32::encode("age", &[1; 33])]
        {
            assert_eq!(recipient(text), AgeError::BadRecipient, "{text}");
        }
        for text in ["ssh-ed25519 AAAA", &bech32::encode("age1pq", &[1; 32]), &bech32::encode("age1yubikey", &[1; 33])]
        {
            assert_eq!(recipient(text), AgeError::UnsupportedRecipient, "{text}");
        }
        assert_eq!(Passphrase::new(""), Err(AgeError::EmptyPassphrase));
    }

    #[test]
    fn a_work_factor_has_one_writing() {
        for (text, log_n) in [("1", 1), ("18", 18), ("255", 255), ("256", 255), (&"9".repeat(400), 255)] {
            assert_eq!(work_factor(text), Some(log_n), "{text}");
        }
        for text in ["", "0", "08", "+8", "-8", "0x8", "8 ", "8a", "\u{0668}"] {
            assert_eq!(work_factor(text), None, "{text}");
        }
    }
}
