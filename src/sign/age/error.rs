//! Why an age file is not read or written, and what helps.

use super::header::{MAX_HEADER, MAX_STANZAS};
use super::recipient::MAX_WORK_FACTOR;
use super::unlock::MAX_IDENTITIES;
use crate::sys::{Bytes, SysError};

/// Why an age file is not read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// The outside world failed.
    #[error(transparent)]
    Sys(#[from] SysError),

    /// The file is for a passphrase and none is there.
    #[error("it is encrypted with a passphrase, and none is given")]
    NeedsPassphrase,
    /// The file is for age identities and none is there.
    #[error("it is encrypted to age recipients, and no identity is given")]
    NeedsIdentity,
    /// The passphrase does not open the file, or the stanza is damaged: nobody can tell which.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// No identity opens the file, or the stanza is damaged: nobody can tell which.
    #[error("none of {identities} identities opens it")]
    NotForThisIdentity {
        /// How many were tried.
        identities: usize,
    },
    /// The file is for SSH keys alone.
    #[error("it is encrypted to SSH keys, which are not supported")]
    SshRecipient,
    /// The file is for recipients of kinds that are not known: plugins, post-quantum keys.
    #[error("it is encrypted to recipients of kinds that are not supported")]
    UnsupportedRecipients,

    /// Armor that is not strict PEM.
    #[error("line {line} of the armor is not as it must be")]
    Armor {
        /// From 1; the last line where the base 64 is wrong as a whole.
        line: usize,
    },
    /// It does not begin as age files do.
    #[error("it is not an age file")]
    NotAge,
    /// A later version of the format.
    #[error("it has another version of the age format than v1")]
    UnsupportedVersion,
    /// A header that the grammar does not allow.
    #[error("line {line} of the header is not as it must be")]
    Header {
        /// From 1.
        line: usize,
    },
    /// More than [`MAX_HEADER`].
    #[error("the header is larger than {MAX_HEADER}")]
    HeaderTooLarge,
    /// More than [`MAX_STANZAS`].
    #[error("it has more than {MAX_STANZAS} recipients")]
    TooManyStanzas,
    /// A stanza of a known kind with wrong arguments or a body of another size than 32 bytes.
    #[error("a stanza of kind {kind} is not as it must be")]
    Stanza {
        /// `X25519` or `scrypt`.
        kind: &'static str,
    },
    /// A passphrase beside other recipients: then one of those could have written the file.
    #[error("it has a passphrase and other recipients, which the format forbids")]
    ScryptNotAlone,
    /// More work than [`MAX_WORK_FACTOR`], or none.
    #[error("the work factor of its passphrase is {log_n}, not 1 to {MAX_WORK_FACTOR}")]
    WorkFactor {
        /// The logarithm to base 2; 255 stands for everything above.
        log_n: u8,
    },
    /// The passphrase takes more memory than there is.
    #[error("its passphrase takes {needed} of memory, which is not there")]
    NoMemory {
        /// How much.
        needed: Bytes,
    },
    /// A share or recipient with which anybody would know the secret.
    #[error("a public key in it is of low order")]
    LowOrder,
    /// The header was changed after it was written.
    #[error("its header is damaged: the MAC does not fit")]
    HeaderMac,
    /// The file ends before the nonce of its payload.
    #[error("it ends after the header")]
    NoNonce,
    /// A chunk was changed, cut, moved or added.
    #[error("its payload is damaged in chunk {chunk}")]
    Payload {
        /// From 0, of 64 KiB each.
        chunk: u64,
    },
    /// More plaintext than the caller takes.
    #[error("what it holds is larger than {limit}")]
    PlaintextTooLarge {
        /// The caller's limit.
        limit: Bytes,
    },

    /// A line of an identity file that is neither an identity nor a comment.
    #[error("line {line} is not an age identity (AGE-SECRET-KEY-1…)")]
    BadIdentity {
        /// From 1.
        line: usize,
    },
    /// A plugin's or post-quantum identity.
    #[error("line {line} is an age identity of a kind that is not supported")]
    UnsupportedIdentity {
        /// From 1.
        line: usize,
    },
    /// An identity file that is itself encrypted.
    #[error("the identity file is itself encrypted")]
    EncryptedIdentity,
    /// An identity file with comments alone, or empty.
    #[error("the identity file holds no identity")]
    NoIdentity,
    /// More than [`MAX_IDENTITIES`].
    #[error("the identity file holds more than {MAX_IDENTITIES} identities")]
    TooManyIdentities,
    /// Not `age1…`.
    #[error("not an age recipient (age1…)")]
    BadRecipient,
    /// A plugin's, post-quantum or SSH recipient.
    #[error("an age recipient of a kind that is not supported")]
    UnsupportedRecipient,
    /// None, or more than [`MAX_STANZAS`].
    #[error("{count} recipients, not 1 to {MAX_STANZAS}")]
    RecipientCount {
        /// How many.
        count: usize,
    },
    /// Nothing protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The cryptographic library refused an operation that cannot fail on valid keys.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl AgeError {
    /// What the user can do; none where the message says all there is to say.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::NeedsPassphrase => "set PORTCULLIS_KEY_PASSPHRASE (other processes of the job can read it)",
            Self::NeedsIdentity => "name the identity: --key-identity FILE",
            Self::WrongPassphrase => "look at PORTCULLIS_KEY_PASSPHRASE; if it is right, the file is damaged",
            Self::NotForThisIdentity { .. } => "encrypt the key to this identity's recipient: age-keygen -y FILE",
            Self::SshRecipient
            | Self::UnsupportedRecipients
            | Self::UnsupportedRecipient
            | Self::UnsupportedIdentity { .. } => {
                "encrypt the key to a plain age recipient: age -a -r \"$(age-keygen -y FILE)\" trail.key"
            }
            Self::EncryptedIdentity => "decrypt the identity file to one that only you can read: age -d",
            Self::NoIdentity | Self::BadIdentity { .. } => "make an identity file: age-keygen -o FILE",
            Self::WorkFactor { .. } | Self::NoMemory { .. } => {
                "encrypt the key again with less work: age -p -a trail.key"
            }
            Self::Armor { .. }
            | Self::Header { .. }
            | Self::Stanza { .. }
            | Self::HeaderMac
            | Self::NoNonce
            | Self::Payload { .. }
            | Self::LowOrder => "take the key file from its backup, or make a new key",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_the_variable_that_is_read() {
        for error in [AgeError::NeedsPassphrase, AgeError::WrongPassphrase] {
            assert!(error.help().unwrap().contains(crate::sign::age::PASSPHRASE_VARIABLE));
        }
    }
}
