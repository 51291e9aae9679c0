//! The Ed25519 key (RFC 8032) that signs compiled feeds on this machine: where it is kept, and what it signs. It never
//! lies in the cache, so that who can write there cannot sign.

use super::{FeedError, base64};
use crate::model::Digest;
use crate::sys::{Bytes, Fault, Sys};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The name under which keys and notes are written (C2SP signed-note).
const NAME: &str = "portcullis-feed";
/// The algorithm byte of Ed25519 in C2SP signed-note.
const ALGORITHM: u8 = 1;
/// The variable with the path of the private key.
const VARIABLE: &str = "PORTCULLIS_FEED_KEY";
/// A key file has about 120 bytes.
const MAX_KEY: Bytes = Bytes(8 << 10);
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----\n";
const PEM_END: &str = "\n-----END PRIVATE KEY-----\n";
/// Making a key takes milliseconds; who waits longer waits for a dead process.
const WAIT: Duration = Duration::from_secs(10);

/// A public key. Its text is the verifier key of C2SP signed-note: `portcullis-feed+<8 hex digits>+<base64>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(super) [u8; 32]);

impl PublicKey {
    /// The first four bytes of SHA-256 over name, newline, algorithm and key.
    fn id(&self) -> [u8; 4] {
        let mut bytes = format!("{NAME}\n").into_bytes();
        bytes.push(ALGORITHM);
        bytes.extend(self.0);
        let [a, b, c, d, ..] = Digest::of(&bytes).0;
        [a, b, c, d]
    }

    /// Whether this signature of the message is by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }

    /// The text of a note (C2SP signed-note) that this key signed.
    pub(super) fn open_note<'a>(&self, note: &'a str) -> Option<&'a str> {
        let (text, signature) = note.split_once("\n\n")?;
        let text = note.get(..=text.len())?; // with its last newline: that is what is signed
        let line = signature.strip_suffix('\n')?.strip_prefix(&format!("\u{2014} {NAME} "))?;
        let bytes = base64::decode(line)?;
        let (id, signature) = bytes.split_at_checked(4)?;
        (id == self.id() && self.verifies(text.as_bytes(), signature)).then_some(text)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ALGORITHM];
        bytes.extend(self.0);
        write!(f, "{NAME}+{:08x}+{}", u32::from_be_bytes(self.id()), base64::encode(&bytes))
    }
}

impl FromStr for PublicKey {
    type Err = FeedError;

    fn from_str(text: &str) -> Result<Self, FeedError> {
        let bad = || FeedError::BadKey { what: text.chars().take(100).collect(), kind: "public" };
        // Name, key id, key: base64 may hold a plus sign itself.
        let encoded = text.trim().splitn(3, '+').nth(2).ok_or_else(bad)?;
        let bytes = base64::decode(encoded).ok_or_else(bad)?;
        let Some((&ALGORITHM, key)) = bytes.split_first() else { return Err(bad()) };
        let key = Self(key.try_into().map_err(|_| bad())?);
        // The whole text again: name and key id must be right too.
        if key.to_string() == text.trim() { Ok(key) } else { Err(bad()) }
    }
}

/// The private key.
pub struct Key {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for Key {
    /// The public half alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.public)
    }
}

impl Key {
    /// The public half.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// 64 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, FeedError> {
        let signed = self.pair.try_sign(message).map_err(|_| FeedError::Internal("the feed key".into()))?;
        Ok(signed.as_ref().to_vec())
    }

    /// A note with this text, which ends with a newline.
    pub(super) fn note(&self, text: &str) -> Result<String, FeedError> {
        let mut bytes = self.public.id().to_vec();
        bytes.extend(self.sign(text.as_bytes())?);
        Ok(format!("{text}\n\u{2014} {NAME} {}\n", base64::encode(&bytes)))
    }

    fn new(pair: Ed25519KeyPair) -> Option<Self> {
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        Self::new(Ed25519KeyPair::from_seed_unchecked(seed).ok()?)
    }

    fn from_pem(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
        let der = base64::decode(&body.replace('\n', ""))?;
        Self::new(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()?)
    }

    /// PKCS#8 v1 (RFC 5958) as PEM (RFC 7468), which other programs read too.
    fn to_pem(&self) -> Option<String> {
        let der = self.pair.to_pkcs8v1().ok()?;
        Some(format!("{PEM_BEGIN}{}{PEM_END}", base64::encode(der.as_ref()))) // 48 bytes make one line of 64 letters
    }
}

/// Where the private key is kept: `$PORTCULLIS_FEED_KEY`, or `portcullis/feed.key` in the user's data directory.
pub(super) fn path(sys: &dyn Sys) -> Result<PathBuf, FeedError> {
    if let Some(path) = sys.var(VARIABLE)?.filter(|p| !p.is_empty()) {
        return Ok(path.into());
    }
    Ok(data_dir(sys)?.join("feed.key"))
}

/// The user's data directory (XDG Base Directory Specification), where what must not be in the cache is kept.
pub(super) fn data_dir(sys: &dyn Sys) -> Result<PathBuf, FeedError> {
    user_dir(sys, "XDG_DATA_HOME", ".local/share", VARIABLE)
}

/// `$variable/portcullis`, or `$HOME/fallback/portcullis`. A relative path in them is ignored, as the specification says.
pub(super) fn user_dir(
    sys: &dyn Sys,
    variable: &'static str,
    fallback: &str,
    own: &'static str,
) -> Result<PathBuf, FeedError> {
    let absolute = |name| Ok::<_, FeedError>(sys.var(name)?.map(PathBuf::from).filter(|p| p.is_absolute()));
    match (absolute(variable)?, absolute("HOME")?) {
        (Some(dir), _) => Ok(dir.join("portcullis")),
        (None, Some(home)) => Ok(home.join(fallback).join("portcullis")),
        (None, None) => Err(FeedError::NoHome(own)),
    }
}

/// The public key that compiled feeds must be signed by. It is read from its own file, beside the private key.
pub(super) fn public(sys: &dyn Sys) -> Result<PublicKey, FeedError> {
    let path = path(sys)?;
    match read(sys, &beside(&path, ".pub")) {
        Ok(text) => text.parse(),
        Err(FeedError::Sys(e)) if e.fault == Fault::NotFound => match read_private(sys, &path)? {
            Some(key) => Ok(key.public()),
            None => Err(FeedError::NoKey(path)),
        },
        Err(e) => Err(e),
    }
}

/// The private key; made on first use.
pub(super) fn private(sys: &dyn Sys) -> Result<Key, FeedError> {
    let path = path(sys)?;
    if let Some(dir) = path.parent() {
        sys.create_dir(dir)?;
    }
    // Two first uses at once must end with one key.
    let _guard = sys.lock(&beside(&path, ".lock"), WAIT)?;
    let key = match read_private(sys, &path)? {
        Some(key) => key,
        None => make(sys, &path)?,
    };
    // A public key of an earlier private key would refuse everything signed from now on.
    let public = beside(&path, ".pub");
    let text = format!("{}\n", key.public());
    match read(sys, &public) {
        Ok(old) if old == text => {}
        Ok(_) => sys.replace(&public, text.as_bytes(), false)?,
        Err(FeedError::Sys(e)) if e.fault == Fault::NotFound => sys.replace(&public, text.as_bytes(), false)?,
        Err(e) => return Err(e),
    }
    Ok(key)
}

/// The path with more at the end of its name: never the path itself, whatever the user called the key.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A key that nobody keeps, for what does not outlive this run.
pub(super) fn throwaway(sys: &dyn Sys) -> Result<Key, FeedError> {
    let mut seed = [0; 32];
    sys.random(&mut seed)?;
    Key::from_seed(&seed).ok_or_else(|| FeedError::Internal("a key for one run".into()))
}

fn make(sys: &dyn Sys, path: &Path) -> Result<Key, FeedError> {
    let broken = || FeedError::Internal("a new feed key".into());
    let mut seed = [0; 32];
    sys.random(&mut seed)?;
    let key = Key::from_seed(&seed).ok_or_else(broken)?;
    sys.replace(path, key.to_pem().ok_or_else(broken)?.as_bytes(), true)?;
    Ok(key)
}

fn read_private(sys: &dyn Sys, path: &Path) -> Result<Option<Key>, FeedError> {
    match read(sys, path) {
        Ok(text) => match Key::from_pem(&text) {
            Some(key) => Ok(Some(key)),
            None => Err(FeedError::BadKey { what: path.display().to_string(), kind: "private" }),
        },
        Err(FeedError::Sys(e)) if e.fault == Fault::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn read(sys: &dyn Sys, path: &Path) -> Result<String, FeedError> {
    let bytes = sys.read(path, MAX_KEY)?;
    // Bytes that are not text are no key, which the caller says.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
pub(super) fn test_key(seed: u8) -> Key {
    Key::from_seed(&[seed; 32]).expect("any 32 bytes are a seed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_round_trips_through_pem() {
        let key = test_key(1);
        let pem = key.to_pem().unwrap();
        assert_eq!(pem.lines().count(), 3);
        assert_eq!(Key::from_pem(&pem).unwrap().public(), key.public());
        assert!(Key::from_pem(&pem.replace("PRIVATE", "PUBLIC")).is_none());
    }

    #[test]
    fn the_public_key_of_rfc_8032_test_1_is_derived() {
        let hex = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let seed: Digest = hex.parse().unwrap();
        let expected: Digest = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".parse().unwrap();
        assert_eq!(Key::from_seed(&seed.0).unwrap().public().0, expected.0);
    }

    #[test]
    fn a_public_key_round_trips_and_a_changed_one_is_refused() {
        for seed in 0..40 {
            let text = test_key(seed).public().to_string();
            assert_eq!(text.parse(), Ok(test_key(seed).public()), "{text}");
            assert!(text.replacen("portcullis-feed", "another-name", 1).parse::<PublicKey>().is_err());
            let mut letters: Vec<char> = text.chars().collect();
            for at in 0..letters.len() {
                let old = letters[at];
                letters[at] = if old == 'A' { 'B' } else { 'A' };
                assert!(letters.iter().collect::<String>().parse::<PublicKey>().is_err(), "{text} at {at}");
                letters[at] = old;
            }
        }
        assert!("".parse::<PublicKey>().is_err() && "a+b".parse::<PublicKey>().is_err());
    }

    #[test]
    fn a_note_opens_with_its_own_key_alone() {
        let note = test_key(1).note("one\ntwo\n").unwrap();
        assert_eq!(test_key(1).public().open_note(&note), Some("one\ntwo\n"));
        assert_eq!(test_key(2).public().open_note(&note), None);
        for changed in
            [note.replace("two", "tvo"), note.replace('\u{2014}', "-"), note.trim_end().into(), String::new()]
        {
            assert_eq!(test_key(1).public().open_note(&changed), None, "{changed}");
        }
    }
}
