//! Keys and what they sign: Ed25519 (plain or in age files), C2SP signed notes, DSSE envelopes. It does not know what a
//! note or payload means, and it never talks to the network: what is signed with somebody else's service is not here.

pub mod age;
pub mod dsse;
pub mod key;
pub mod note;

pub use age::{AgeError, Unlock};
pub use dsse::{Envelope, EnvelopeError, EnvelopeSignature};
pub use key::{KeyError, KeySource, PublicKey, ReadyKey, SigningKey, VerifierKey};
pub use note::{Note, NoteError, NoteSignature};

/// A signature does not fit the message and the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit")]
pub struct BadSignature;
