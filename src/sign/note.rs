//! Signed notes (C2SP signed-note v1): text, a blank line, signature lines. Strict and bounded. What the text means is
//! not known here.

use super::key::{KeyError, SigningKey, VerifierKey, is_key_name};
use crate::text::base64;

/// A note is a few hundred bytes; sixteen post-quantum cosignatures of 5 KiB each must still fit.
pub const MAX_NOTE: usize = 128 << 10;
/// The specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 64;
/// What a signature line starts with: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`MAX_NOTE`] bytes.
    #[error("the note has {size} bytes, more than {MAX_NOTE}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not UTF-8, or with a control character other than newline.
    #[error("the note is not UTF-8 without control characters")]
    NotText,
    /// No blank line between text and signatures, or no newline at the end.
    #[error("the note has no text and signatures with a blank line between them")]
    NoSignatures,
    /// More than [`MAX_SIGNATURES`].
    #[error("the note has more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// Not `— name base64`.
    #[error("line {line} after the text is not a signature line")]
    BadLine {
        /// 1-based, counted from the first line after the blank one.
        line: usize,
    },
    /// The text to sign is empty, does not end with a newline, or cannot stand in a note.
    #[error("the text cannot be a note")]
    BadText,
    /// No signature is by a known key. Remedy: give the right verifier key.
    #[error("no signature is by a known key (signed by {})", signers.join(", "))]
    NoKnownKey {
        /// The names on the signature lines, unverified.
        signers: Vec<String>,
    },
    /// A signature with the name and id of a known key does not fit.
    #[error("the signature of {name} does not fit")]
    BadSignature {
        /// The key's name.
        name: String,
    },
    /// The same known key signed twice.
    #[error("{name} signed twice")]
    SignedTwice {
        /// The key's name.
        name: String,
    },
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name, as the line claims.
    pub name: String,
    /// The key's id, as the line claims.
    pub id: [u8; 4],
    /// What the algorithm of that key made.
    pub signature: Vec<u8>,
}

/// A note that parsed; nothing about it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text with its last newline: exactly what is signed.
    pub text: String,
    /// The signature lines in their order.
    pub signatures: Vec<NoteSignature>,
}

/// Parses a note from untrusted bytes. What parses is written back to the same bytes by [`Note::to_text`].
pub fn parse_note(bytes: &[u8]) -> Result<Note, NoteError> {
    if bytes.len() > MAX_NOTE {
        return Err(NoteError::TooLarge { size: bytes.len() });
    }
    let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotText)?;
    if note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::NotText);
    }
    // The last blank line parts text and signatures; the text may have blank lines of its own.
    let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
    let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
    let mut signatures = Vec::new();
    for (at, line) in lines.split('\n').enumerate() {
        if at >= MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(signature_line(line).ok_or(NoteError::BadLine { line: at + 1 })?);
    }
    Ok(Note { text: format!("{text}\n"), signatures })
}

impl Note {
    /// Signs a text, which must end with a newline, under each name.
    pub fn sign(text: &str, signers: &[(&str, &SigningKey)]) -> Result<Self, NoteError> {
        let mut signatures = Vec::new();
        for (name, key) in signers {
            let id = VerifierKey::new(*name, *key.public())?.id();
            signatures.push(NoteSignature { name: (*name).to_owned(), id, signature: key.sign(text.as_bytes())? });
        }
        let note = Self { text: text.to_owned(), signatures };
        // A text that could be taken for something else is refused by reading it back.
        if parse_note(note.to_text().as_bytes()).as_ref() == Ok(&note) { Ok(note) } else { Err(NoteError::BadText) }
    }

    /// The note as it is stored.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", self.text);
        for line in &self.signatures {
            let bytes = [line.id.as_slice(), &line.signature].concat();
            out.push_str(&format!("{MARK}{} {}\n", line.name, base64::encode(&bytes)));
        }
        out
    }

    /// The known keys that signed, in the order of their lines; never empty. Signatures of unknown keys are passed over,
    /// as the specification demands; one of a known key that does not fit refuses the whole note.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let Some(key) = known.iter().find(|key| key.name() == line.name && key.id() == line.id) else { continue };
            let name = || line.name.clone();
            if signed.contains(&key) {
                return Err(NoteError::SignedTwice { name: name() });
            }
            let checked = key.public().verify(self.text.as_bytes(), &line.signature);
            checked.map_err(|_| NoteError::BadSignature { name: name() })?;
            signed.push(key);
        }
        if signed.is_empty() {
            let signers = self.signatures.iter().map(|line| line.name.clone()).collect();
            return Err(NoteError::NoKnownKey { signers });
        }
        Ok(signed)
    }
}

fn signature_line(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(MARK)?.split_once(' ')?;
    let bytes = base64::decode(encoded.as_bytes()).ok()?;
    let (id, signature) = bytes.split_at_checked(4)?;
    let found = is_key_name(name) && !signature.is_empty();
    found.then_some(NoteSignature { name: name.to_owned(), id: id.try_into().ok()?, signature: signature.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    fn vkey(name: &str, seed: u8) -> VerifierKey {
        VerifierKey::new(name, *key(seed).public()).unwrap()
    }

    fn good() -> Note {
        Note::sign("a\n\nb\n", &[("log", &key(1)), ("witness", &key(2))]).unwrap()
    }

    #[test]
    fn a_note_round_trips_and_names_who_signed() {
        let note = good();
        let text = note.to_text();
        assert_eq!(parse_note(text.as_bytes()), Ok(note.clone()));
        assert!(text.starts_with("a\n\nb\n\n\u{2014} log "), "{text}");
        let known = [vkey("log", 1), vkey("witness", 2)];
        assert_eq!(note.verify(&known), Ok(vec![&known[0], &known[1]]));
        assert_eq!(note.verify(&known[1..]), Ok(vec![&known[1]]));
    }

    #[test]
    fn a_note_is_refused_without_a_known_key_or_with_a_bad_signature_of_one() {
        let note = good();
        let names = vec!["log".to_owned(), "witness".to_owned()];
        assert_eq!(note.verify(&[]), Err(NoteError::NoKnownKey { signers: names.clone() }));
        assert_eq!(note.verify(&[vkey("log", 3)]), Err(NoteError::NoKnownKey { signers: names.clone() }));
        assert_eq!(note.verify(&[vkey("other", 1)]), Err(NoteError::NoKnownKey { signers: names }));
        let known = [vkey("log", 1), vkey("witness", 2)];
        let mut bad = note.clone();
        bad.signatures[1].signature[0] ^= 1;
        assert_eq!(bad.verify(&known), Err(NoteError::BadSignature { name: "witness".into() }));
        let mut twice = note;
        twice.signatures[1] = twice.signatures[0].clone();
        assert_eq!(twice.verify(&known), Err(NoteError::SignedTwice { name: "log".into() }));
    }

    #[test]
    fn what_is_not_a_note_is_refused_by_kind() {
        let refused = |bytes: &[u8]| parse_note(bytes).unwrap_err();
        assert_eq!(refused(b""), NoteError::NoSignatures);
        assert_eq!(refused(b"text\n"), NoteError::NoSignatures);
        assert_eq!(refused("a\n\n\u{2014} k AAAAAAA=".as_bytes()), NoteError::NoSignatures);
        assert_eq!(refused(b"a\n\nx\n"), NoteError::BadLine { line: 1 });
        assert_eq!(refused("a\n\n\u{2014} k AAAAAA==\n".as_bytes()), NoteError::BadLine { line: 1 });
        assert_eq!(refused("a\n\n\u{2014} k+ AAAAAAA=\n".as_bytes()), NoteError::BadLine { line: 1 });
        assert_eq!(refused(b"a\r\n\nx\n"), NoteError::NotText);
        assert_eq!(refused(b"\xff\n\nx\n"), NoteError::NotText);
        assert_eq!(refused(&[b'x'; MAX_NOTE + 1]), NoteError::TooLarge { size: MAX_NOTE + 1 });
        let line = "\u{2014} k AAAAAAA=\n";
        assert!(parse_note(format!("a\n\n{}", line.repeat(64)).as_bytes()).is_ok());
        assert_eq!(refused(format!("a\n\n{}", line.repeat(65)).as_bytes()), NoteError::TooManySignatures);
    }

    #[test]
    fn a_text_that_could_not_be_read_back_is_not_signed() {
        for text in ["", "no newline", "a\tb\n"] {
            assert_eq!(Note::sign(text, &[("log", &key(1))]).err(), Some(NoteError::BadText), "{text:?}");
        }
        assert_eq!(Note::sign("a\n", &[]).err(), Some(NoteError::BadText));
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_to_the_same_bytes(bytes: Vec<u8>) {
            if let Ok(note) = parse_note(&bytes) {
                prop_assert_eq!(note.to_text().into_bytes(), bytes);
            }
        }

        #[test]
        fn a_changed_byte_is_never_the_same_signed_note(at in 0_usize..200, bit in 0_u8..8) {
            let known = [vkey("log", 1)];
            let note = Note::sign("origin\n12\nroot\n", &[("log", &key(1))]).unwrap();
            let mut bytes = note.to_text().into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(parse_note(&bytes).and_then(|note| note.verify(&known).map(|_| ())).is_err());
        }
    }
}
