//! Ed25519 keys (RFC 8032): private ones as PKCS#8 PEM files, plain or in age, public ones as C2SP verifier keys and PEM.
//! It does not decide which key is trusted.

use super::BadSignature;
use super::age::{self, AgeError, Audience, Unlock};
use crate::model::Digest;
use crate::sys::{Bytes, Fault, Sys, SysError};
use crate::text::base64;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey, UnparsedPublicKey};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The signature type byte of plain Ed25519 in C2SP signed-note.
const ALGORITHM: u8 = 1;
/// A PKCS#8 Ed25519 key has about 120 bytes as PEM; the most that age may add is its header.
const MAX_KEY_FILE: Bytes = age::MAX_FILE;
/// The name of a key stands in every checkpoint; longer ones are not names.
const MAX_NAME: usize = 255;
/// Making a key takes milliseconds: who holds the lock longer is dead or stuck.
const LOCK_WAIT: Duration = Duration::from_secs(10);
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const ENCRYPTED: &str = "BEGIN ENCRYPTED PRIVATE KEY";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const PUBLIC_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PUBLIC_END: &str = "-----END PUBLIC KEY-----";
/// The DER of a SubjectPublicKeyInfo up to the key: SEQUENCE, algorithm 1.3.101.112, BIT STRING (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The outside world failed.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// No file is there and none may be made. Remedy: name a key file, or make a key outside CI.
    #[error("there is no signing key at {}", path.display())]
    Missing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The file is empty: a secret that is not there, where CI writes secrets to files.
    #[error("the key file {} is empty", path.display())]
    EmptyFile {
        /// Where it is.
        path: PathBuf,
    },
    /// A file is there already. Remedy: name another one; a key is never overwritten.
    #[error("{} is there already, and a key is never overwritten", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// The variable that should hold the key is not set, or empty.
    #[error("the variable {variable} holds no signing key")]
    VariableUnset {
        /// Its name.
        variable: String,
    },
    /// The file named for the identities of age is not one. Remedy: [`AgeError::help`].
    #[error("the identities in {}: {error}", path.display())]
    Identities {
        /// The file.
        path: PathBuf,
        /// Why.
        error: AgeError,
    },
    /// Neither `HOME` nor `XDG_DATA_HOME` says where keys are kept. Remedy: name a key file.
    #[error("no directory for keys: neither XDG_DATA_HOME nor HOME is set")]
    NoHome,
    /// The key is encrypted in a way that is not read here: PKCS#8 with a password, or age where PEM is expected. Remedy:
    /// decrypt it, and encrypt it with age.
    #[error("the signing key in {origin} is encrypted; decrypt it to a file that only you can read")]
    Encrypted {
        /// The file or variable.
        origin: String,
    },
    /// The key is in an age file that does not open. Remedy: [`AgeError::help`].
    #[error("the signing key in {origin} does not open: {error}")]
    Age {
        /// The file or variable.
        origin: String,
        /// Why.
        error: AgeError,
    },
    /// Not one PEM block `PRIVATE KEY` with an Ed25519 key in PKCS#8 (RFC 5958, RFC 8410).
    #[error("{origin} does not hold an Ed25519 private key as PKCS#8 PEM")]
    NotAKey {
        /// The file or variable.
        origin: String,
    },
    /// Not one PEM block `PUBLIC KEY` with an Ed25519 key (RFC 8410).
    #[error("{origin} does not hold an Ed25519 public key as PEM")]
    NotAPublicKey {
        /// The file.
        origin: String,
    },
    /// A private key where a public one is expected. Remedy: its public half.
    #[error("{origin} holds a private key, and only its public half is needed here")]
    IsPrivate {
        /// The file.
        origin: String,
    },
    /// Not `name+hash+base64` (C2SP signed-note), or the hash is not that of name and key.
    #[error("not a verifier key (name+hash+base64, Ed25519)")]
    NotAVerifierKey,
    /// Empty, longer than 255 bytes, or with a space, plus sign or control character.
    #[error("not a key name: empty, too long, or with a space, a plus sign or a control character")]
    BadName,
    /// The cryptographic library refused an operation that cannot fail on valid keys.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl KeyError {
    /// What the user can do; none where the message says all there is to say, or only the caller knows.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Age { error, .. } | Self::Identities { error, .. } => error.help(),
            Self::Encrypted { .. } => Some("keep it in age instead: openssl pkey -in key.pem | age -p -a > key.age"),
            _ => None,
        }
    }
}

/// Whether the bytes are a private key, in the clear or encrypted.
fn is_private(bytes: &[u8]) -> bool {
    has(bytes, PEM_BEGIN) || has(bytes, ENCRYPTED) || age::is_age(bytes)
}

fn has(bytes: &[u8], mark: &str) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
}

/// A public key, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// From its encoding (RFC 8032, section 5.1.5). Whether it is a point of the curve shows at the first verification.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a signature of 64 bytes over the message.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).map_err(|_| BadSignature)
    }

    /// SHA-256 of the SubjectPublicKeyInfo, 64 hex digits: the `keyid` of our DSSE signatures.
    pub fn key_id(&self) -> String {
        Digest::of(&self.spki()).hex()
    }

    /// `-----BEGIN PUBLIC KEY-----`, as other programs read it.
    pub fn to_pem(&self) -> String {
        let body = base64::encode(&self.spki()); // 44 bytes make one line of 60 letters
        format!("{PUBLIC_BEGIN}\n{body}\n{PUBLIC_END}\n")
    }

    /// From PEM, as [`PublicKey::to_pem`] and other programs write it.
    pub fn from_pem(pem: &[u8], origin: &str) -> Result<Self, KeyError> {
        let not_a_key = || KeyError::NotAPublicKey { origin: origin.to_owned() };
        if is_private(pem) {
            return Err(KeyError::IsPrivate { origin: origin.to_owned() });
        }
        let text = std::str::from_utf8(pem).map_err(|_| not_a_key())?;
        let der = pem_block(text, PUBLIC_BEGIN, PUBLIC_END).ok_or_else(not_a_key)?;
        let key = der.strip_prefix(SPKI_HEAD.as_slice()).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(not_a_key)
    }

    fn spki(&self) -> Vec<u8> {
        [SPKI_HEAD.as_slice(), &self.0].concat()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", base64::encode(&self.0))
    }
}

/// A public key that is made ready once and checks many signatures.
#[derive(Clone)]
pub struct ReadyKey {
    public: PublicKey,
    key_id: String,
    /// None for what is no key: no signature is one by it.
    parsed: Option<ParsedPublicKey>,
}

impl ReadyKey {
    /// Makes the key ready.
    pub fn new(public: PublicKey) -> Self {
        Self { public, key_id: public.key_id(), parsed: ParsedPublicKey::new(&ED25519, public.0).ok() }
    }

    /// The key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// [`PublicKey::key_id`].
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// [`PublicKey::verify`].
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        let parsed = self.parsed.as_ref().ok_or(BadSignature)?;
        parsed.verify_sig(message, signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for ReadyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadyKey({:?})", self.public)
    }
}

/// A public key under a name (C2SP signed-note). Its text is the *vkey*: `name+<8 hex digits>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    public: PublicKey,
}

impl VerifierKey {
    /// Puts a name to a key. [`KeyError::BadName`] where no signature line could carry it.
    pub fn new(name: impl Into<String>, public: PublicKey) -> Result<Self, KeyError> {
        let name = name.into();
        if is_key_name(&name) { Ok(Self { name, public }) } else { Err(KeyError::BadName) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The first four bytes of SHA-256 over name, newline, signature type and key.
    pub fn id(&self) -> [u8; 4] {
        let bytes = [self.name.as_bytes(), b"\n", &[ALGORITHM], &self.public.0].concat();
        let [a, b, c, d, ..] = Digest::of(&bytes).0;
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ALGORITHM], self.public.0.as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), base64::encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Base 64 may hold a plus sign itself, a name never does.
        let encoded = text.splitn(3, '+').nth(2).ok_or(KeyError::NotAVerifierKey)?;
        let name = text.split('+').next().ok_or(KeyError::NotAVerifierKey)?;
        let bytes = base64::decode(encoded.as_bytes()).map_err(|_| KeyError::NotAVerifierKey)?;
        let Some((&ALGORITHM, key)) = bytes.split_first() else { return Err(KeyError::NotAVerifierKey) };
        let public = PublicKey(key.try_into().map_err(|_| KeyError::NotAVerifierKey)?);
        let key = Self::new(name, public)?;
        // The whole text once more, so that the hash in the middle is right too.
        if key.to_string() == text { Ok(key) } else { Err(KeyError::NotAVerifierKey) }
    }
}

/// Parses a vkey from untrusted bytes; a newline at its end is tolerated.
pub fn parse_verifier_key(bytes: &[u8]) -> Result<VerifierKey, KeyError> {
    let text = std::str::from_utf8(bytes).map_err(|_| KeyError::NotAVerifierKey)?;
    text.strip_suffix('\n').unwrap_or(text).parse()
}

/// A private key. It is never printed: `Debug` shows the public half.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// Where a private key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file with PEM, plain or in age.
    File(PathBuf),
    /// A variable of the environment with the same, which every other process of the job can read.
    EnvUnsafe(String),
}

impl SigningKey {
    /// A new key from the operating system's random source.
    pub fn generate(sys: &dyn Sys) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        sys.random(&mut seed)?;
        Self::from_seed(&seed)
    }

    /// The key of a seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::of_pair(Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Crypto)?)
    }

    /// From PEM. `origin` names the file or variable in errors.
    pub fn from_pem(pem: &[u8], origin: &str) -> Result<Self, KeyError> {
        let not_a_key = || KeyError::NotAKey { origin: origin.to_owned() };
        if has(pem, ENCRYPTED) || age::is_age(pem) {
            return Err(KeyError::Encrypted { origin: origin.to_owned() });
        }
        let text = std::str::from_utf8(pem).map_err(|_| not_a_key())?;
        let der = pem_block(text, PEM_BEGIN, PEM_END).ok_or_else(not_a_key)?;
        // Version 1 of PKCS#8 has no public half, version 2 has one that must fit: both are read.
        Self::of_pair(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map_err(|_| not_a_key())?)
    }

    /// From PEM, plain or in an age file that `unlock` opens. `origin` names the file or variable in errors.
    pub fn from_bytes(bytes: &[u8], origin: &str, unlock: &Unlock) -> Result<Self, KeyError> {
        if !age::is_age(bytes) {
            return Self::from_pem(bytes, origin);
        }
        let pem = age::decrypt(bytes, unlock, age::MAX_SECRET);
        let pem = pem.map_err(|error| KeyError::Age { origin: origin.to_owned(), error })?;
        Self::from_pem(&pem, &format!("{origin}, decrypted"))
    }

    /// The PEM in an armored age file, as [`SigningKey::from_bytes`] and `age` read it. Errors: those of
    /// [`age::encrypt`].
    pub fn to_age(&self, audience: Audience<'_>, sys: &dyn Sys) -> Result<String, KeyError> {
        let file = age::encrypt(self.to_pem()?.as_bytes(), audience, sys);
        let file = file.map_err(|error| KeyError::Age { origin: "the new file".to_owned(), error })?;
        Ok(age::armor(&file))
    }

    /// PKCS#8 version 1 (RFC 5958) as PEM (RFC 7468): what other programs read and write.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der = self.pair.to_pkcs8v1().map_err(|_| KeyError::Crypto)?;
        let body = base64::encode(der.as_ref()); // 48 bytes make one line of 64 letters
        Ok(format!("{PEM_BEGIN}\n{body}\n{PEM_END}\n"))
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of the message, 64 bytes, always the same for the same message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(self.pair.try_sign(message).map_err(|_| KeyError::Crypto)?.as_ref().to_vec())
    }

    /// Reads a key that is not encrypted from where it is kept.
    pub fn load(sys: &dyn Sys, source: &KeySource) -> Result<Self, KeyError> {
        Self::load_with(sys, source, &Unlock::default())
    }

    /// Reads the key from where it is kept. [`KeyError::Age`] where it is encrypted and `unlock` does not open it.
    pub fn load_with(sys: &dyn Sys, source: &KeySource, unlock: &Unlock) -> Result<Self, KeyError> {
        match source {
            KeySource::File(path) => match age::read_secret(sys, path, MAX_KEY_FILE) {
                Ok(bytes) if bytes.trim_ascii().is_empty() => Err(KeyError::EmptyFile { path: path.clone() }),
                Ok(bytes) => Self::from_bytes(&bytes, &path.display().to_string(), unlock),
                Err(SysError { fault: Fault::NotFound, .. }) => Err(KeyError::Missing { path: path.clone() }),
                Err(error) => Err(error.into()),
            },
            KeySource::EnvUnsafe(variable) => match sys.var(variable)?.filter(|pem| !pem.trim().is_empty()) {
                Some(text) => Self::from_bytes(text.as_bytes(), &format!("the variable {variable}"), unlock),
                None => Err(KeyError::VariableUnset { variable: variable.clone() }),
            },
        }
    }

    /// Reads the key file, or makes one (readable by its owner alone) where there is none. The flag says that it was
    /// made: then its public half must be shown. Not for CI, where the key would end with the job.
    pub fn load_or_create(sys: &dyn Sys, path: &Path) -> Result<(Self, bool), KeyError> {
        Self::load_or_create_with(sys, path, &Unlock::default())
    }

    /// The same for a key file that may be encrypted. One that is made here is not.
    pub fn load_or_create_with(sys: &dyn Sys, path: &Path, unlock: &Unlock) -> Result<(Self, bool), KeyError> {
        let source = KeySource::File(path.to_owned());
        match Self::load_with(sys, &source, unlock) {
            Err(KeyError::Missing { .. }) => {}
            other => return other.map(|key| (key, false)),
        }
        match Self::create(sys, path) {
            Ok(key) => Ok((key, true)),
            // Somebody else made it while we waited.
            Err(KeyError::Exists { .. }) => Self::load_with(sys, &source, unlock).map(|key| (key, false)),
            Err(error) => Err(error),
        }
    }

    /// Makes a key file, readable by its owner alone. [`KeyError::Exists`] where anything is at the path.
    pub fn create(sys: &dyn Sys, path: &Path) -> Result<Self, KeyError> {
        if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            sys.create_dir(dir)?;
        }
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let _guard = sys.lock(Path::new(&lock), LOCK_WAIT)?;
        if sys.kind(path)?.is_some() {
            return Err(KeyError::Exists { path: path.to_owned() });
        }
        let key = Self::generate(sys)?;
        sys.replace(path, key.to_pem()?.as_bytes(), true)?;
        Ok(key)
    }

    fn of_pair(pair: Ed25519KeyPair) -> Result<Self, KeyError> {
        let public = PublicKey(pair.public_key().as_ref().try_into().map_err(|_| KeyError::Crypto)?);
        Ok(Self { pair, public })
    }
}

/// What the environment and the command line give to open an encrypted key: see [`Unlock::gather`].
pub fn unlock(sys: &dyn Sys, identity_file: Option<&Path>) -> Result<Unlock, KeyError> {
    Unlock::gather(sys, identity_file).map_err(|error| match (error, identity_file) {
        (AgeError::Sys(error), _) => KeyError::Sys(error),
        (error, path) => KeyError::Identities { path: path.map(Path::to_owned).unwrap_or_default(), error },
    })
}

/// Where the user's signing key is kept: `$XDG_DATA_HOME/portcullis/trail.key`, else `~/.local/share/…` (XDG Base
/// Directory Specification).
pub fn default_path(sys: &dyn Sys) -> Result<PathBuf, KeyError> {
    let absolute = |path: &PathBuf| path.is_absolute();
    let data = match sys.var("XDG_DATA_HOME")?.map(PathBuf::from).filter(absolute) {
        Some(dir) => dir,
        None => match sys.var("HOME")?.map(PathBuf::from).filter(absolute) {
            Some(home) => home.join(".local/share"),
            None => return Err(KeyError::NoHome),
        },
    };
    Ok(data.join("portcullis").join("trail.key"))
}

/// The bytes of the one block between the marks. None for two blocks (which one is meant?) and for one without its end.
fn pem_block(text: &str, begin: &str, end: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().map(str::trim_end).skip_while(|line| *line != begin).skip(1);
    let mut ended = false;
    let body = lines.by_ref().take_while(|line| {
        ended = *line == end;
        !ended
    });
    let body: String = body.collect();
    if !ended || lines.any(|line| line == begin) { None } else { base64::decode(body.as_bytes()).ok() }
}

/// Whether a signature line can carry the name (C2SP signed-note, "Format").
pub(super) fn is_key_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    #[test]
    fn the_first_vector_of_rfc_8032_holds() {
        let seed: Digest = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60".parse().unwrap();
        let key = SigningKey::from_seed(&seed.0).unwrap();
        let public: Digest = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".parse().unwrap();
        assert_eq!(key.public().as_bytes(), &public.0);
        let signature = key.sign(b"").unwrap();
        assert!(signature.starts_with(&[0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72]), "{signature:02x?}");
        assert_eq!(key.public().verify(b"", &signature), Ok(()));
        assert_eq!(key.public().verify(b"x", &signature), Err(BadSignature));
    }

    #[test]
    fn a_verifier_key_round_trips_and_its_hash_is_checked() {
        let vkey = VerifierKey::new("example.com/log", *key(7).public()).unwrap();
        let text = vkey.to_string();
        assert_eq!(text.parse(), Ok(vkey.clone()));
        assert_eq!(parse_verifier_key(format!("{text}\n").as_bytes()), Ok(vkey));
        assert_eq!(text.replace("log", "lag").parse::<VerifierKey>(), Err(KeyError::NotAVerifierKey));
        assert_eq!("a+b".parse::<VerifierKey>(), Err(KeyError::NotAVerifierKey));
        assert_eq!(VerifierKey::new("with space", *key(7).public()), Err(KeyError::BadName));
        assert_eq!(VerifierKey::new("", *key(7).public()), Err(KeyError::BadName));
    }

    #[test]
    fn a_key_of_another_program_is_read_in_both_versions_of_pkcs8() {
        // RFC 8410, section 10.3: the same key without and with its public half.
        let v1 = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let v1 = SigningKey::from_pem(v1, "v1").unwrap();
        let spki = v1.public().to_pem();
        assert_eq!(PublicKey::from_pem(spki.as_bytes(), "x"), Ok(*v1.public()));
        let not_a_key = KeyError::NotAPublicKey { origin: "x".into() };
        assert_eq!(PublicKey::from_pem(spki.replace("MCow", "MCox").as_bytes(), "x"), Err(not_a_key));
        assert_eq!(
            PublicKey::from_pem(v1.to_pem().unwrap().as_bytes(), "x"),
            Err(KeyError::IsPrivate { origin: "x".into() })
        );
        assert!(spki.contains("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="), "{spki}");
        assert_eq!(SigningKey::from_pem(v1.to_pem().unwrap().as_bytes(), "x").unwrap().public(), v1.public());
    }

    #[test]
    fn what_is_not_one_plain_key_is_refused_by_kind() {
        let good = key(1).to_pem().unwrap();
        let refused = |pem: &str| SigningKey::from_pem(pem.as_bytes(), "x").unwrap_err();
        assert_eq!(refused(""), KeyError::NotAKey { origin: "x".into() });
        assert_eq!(refused(&good.replace("MC4C", "MC4D")), KeyError::NotAKey { origin: "x".into() });
        assert_eq!(refused(&good.repeat(2)), KeyError::NotAKey { origin: "x".into() });
        assert_eq!(refused(&good.replace(PEM_END, "")), KeyError::NotAKey { origin: "x".into() });
        let encrypted = KeyError::Encrypted { origin: "x".into() };
        assert_eq!(refused(&good.replace("PRIVATE", "ENCRYPTED PRIVATE")), encrypted);
        assert_eq!(refused("age-encryption.org/v1\n-> X25519 x\n"), encrypted);
        assert_eq!(refused("-----BEGIN AGE ENCRYPTED FILE-----\n"), encrypted);
    }

    #[test]
    fn a_key_in_age_is_read_with_what_opens_it_and_refused_by_kind_without() {
        let phrase = |text: &str| age::Passphrase::new(text).unwrap();
        let file = key(1).to_age(Audience::PassphraseWithWorkUnsafe(&phrase("p"), 2), &RealSys).unwrap();
        let read = |text: &str, passphrase: Option<&str>| {
            let unlock = Unlock { identities: vec![], passphrase: passphrase.map(phrase) };
            SigningKey::from_bytes(text.as_bytes(), "x", &unlock).map(|key| *key.public())
        };
        let refused = |error| Err(KeyError::Age { origin: "x".into(), error });
        assert_eq!(read(&file, Some("p")), Ok(*key(1).public()));
        assert_eq!(read(&file, Some("q")), refused(AgeError::WrongPassphrase));
        assert_eq!(read(&file, None), refused(AgeError::NeedsPassphrase));
        assert_eq!(read(&format!("x{file}"), Some("p")), refused(AgeError::Armor { line: 1 }));
        assert_eq!(read(&key(1).to_pem().unwrap(), None), Ok(*key(1).public()));
        // What opens must still be a key, and one layer is enough.
        let inside = |text: &[u8]| {
            let file = age::encrypt(text, Audience::PassphraseWithWorkUnsafe(&phrase("p"), 2), &RealSys).unwrap();
            read(&age::armor(&file), Some("p")).unwrap_err()
        };
        assert_eq!(inside(b"text"), KeyError::NotAKey { origin: "x, decrypted".into() });
        assert_eq!(inside(file.as_bytes()), KeyError::Encrypted { origin: "x, decrypted".into() });
    }

    #[test]
    fn a_key_file_in_age_is_loaded_with_an_identity_and_never_overwritten_without() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trail.key");
        let identity = age::Identity::generate(&RealSys).unwrap();
        let recipients = [identity.recipient().unwrap()];
        let file = key(1).to_age(Audience::Recipients(&recipients), &RealSys).unwrap();
        RealSys.replace(&path, file.as_bytes(), true).unwrap();
        let unlock = Unlock { identities: vec![identity], passphrase: None };
        let (loaded, made) = SigningKey::load_or_create_with(&RealSys, &path, &unlock).unwrap();
        assert_eq!((loaded.public(), made), (key(1).public(), false));
        let refused = SigningKey::load_or_create(&RealSys, &path).unwrap_err();
        assert_eq!(refused, KeyError::Age { origin: path.display().to_string(), error: AgeError::NeedsIdentity });
        assert_eq!(refused.help(), Some("name the identity: --key-identity FILE"));
        assert_eq!(RealSys.read(&path, MAX_KEY_FILE).unwrap(), file.as_bytes());
    }

    #[test]
    fn a_key_is_made_once_and_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/trail.key");
        assert_eq!(
            SigningKey::load(&RealSys, &KeySource::File(path.clone())).unwrap_err(),
            KeyError::Missing { path: path.clone() }
        );
        let (first, made) = SigningKey::load_or_create(&RealSys, &path).unwrap();
        let (second, again) = SigningKey::load_or_create(&RealSys, &path).unwrap();
        assert_eq!((made, again), (true, false));
        assert_eq!(first.public(), second.public());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!format!("{first:?}").contains(&first.to_pem().unwrap()));
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_and_one_of_its_owner_alone_is_not() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("trail.key");
        let source = KeySource::File(path.clone());
        SigningKey::create(&RealSys, &path).unwrap();
        for (mode, allowed) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o644, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            match SigningKey::load(&RealSys, &source) {
                Ok(_) => assert!(allowed, "{mode:o}"),
                Err(KeyError::Sys(SysError { fault: Fault::Exposed { mode: found }, .. })) => {
                    assert!(!allowed && found == mode, "{mode:o}");
                }
                Err(other) => panic!("{mode:o}: {other}"),
            }
        }
    }

    #[test]
    fn a_key_file_is_never_overwritten_and_an_empty_one_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new.key");
        let made = SigningKey::create(&RealSys, &path).unwrap();
        assert_eq!(SigningKey::create(&RealSys, &path).unwrap_err(), KeyError::Exists { path: path.clone() });
        assert_eq!(SigningKey::load(&RealSys, &KeySource::File(path)).unwrap().public(), made.public());
        let path = dir.path().join("empty.key");
        RealSys.replace(&path, b" \n", true).unwrap();
        let empty = KeyError::EmptyFile { path: path.clone() };
        assert_eq!(SigningKey::load(&RealSys, &KeySource::File(path)).unwrap_err(), empty);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes: Vec<u8>) {
            let _ = SigningKey::from_pem(&bytes, "x");
            let _ = parse_verifier_key(&bytes);
        }
    }
}
