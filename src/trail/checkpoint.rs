//! Checkpoints (C2SP tlog-checkpoint): the signed head of a log. It checks the signature and the form; whether one head
//! follows from another is `merkle`'s matter.

use super::LogIndex;
use super::merkle::MAX_SIZE;
use crate::model::Digest;
use crate::sign::note::{Note, NoteError, parse_note};
use crate::sign::{KeyError, PublicKey, ReadyKey, SigningKey, VerifierKey};
use crate::text::base64;

/// Why bytes are not a checkpoint of a trusted log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a note, or not one of a known key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not exactly origin, size and root.
    #[error("the checkpoint does not consist of origin, size and root hash")]
    Form,
    /// The size is beyond the largest log.
    #[error("the checkpoint says {size} records, more than {MAX_SIZE}")]
    TooLarge {
        /// What it says.
        size: u64,
    },
}

/// The head of a log: which log, how many records, which root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The identity of the log; the name of its key.
    pub origin: String,
    /// Records.
    pub size: u64,
    /// The root of the Merkle tree over them.
    pub root: Digest,
}

impl Checkpoint {
    /// The three lines that are signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64::encode(&self.root.0))
    }

    /// Signs it as the log, under its origin.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, CheckpointError> {
        Ok(Note::sign(&self.text(), &[(&self.origin, key)])?)
    }
}

/// Parses the text of a checkpoint from untrusted bytes. Extension lines are refused: nobody could audit them.
pub fn parse_checkpoint_text(text: &str) -> Result<Checkpoint, CheckpointError> {
    let parsed = || {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let root = base64::decode(root.as_bytes()).ok()?;
        let head = Checkpoint {
            origin: origin.to_owned(),
            size: size.parse().ok()?,
            root: Digest(root.as_slice().try_into().ok()?),
        };
        (lines.next().is_none() && !origin.is_empty() && head.text() == text).then_some(head)
    };
    let head = parsed().ok_or(CheckpointError::Form)?;
    if head.size > MAX_SIZE { Err(CheckpointError::TooLarge { size: head.size }) } else { Ok(head) }
}

/// Which keys may sign for a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    keys: Vec<Trusted>,
}

/// A key, and what it is believed for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trusted {
    key: PublicKey,
    /// The log; none for any.
    log: Option<String>,
    /// The index of the first record that it is not believed for; none for no end.
    before: Option<LogIndex>,
}

/// The keys that may sign bodies, ready to check many of them: other ones for other stretches of the log.
pub struct ReadyKeys {
    /// Where a stretch ends (none for the last), ascending, and the keys in it.
    phases: Vec<(Option<LogIndex>, Vec<ReadyKey>)>,
}

impl ReadyKeys {
    /// The keys that may sign the body of the record at this index.
    pub fn at(&self, index: LogIndex) -> &[ReadyKey] {
        let phase = self.phases.iter().find(|(end, _)| end.is_none_or(|end| index < end));
        phase.map_or(&[], |(_, keys)| keys) // the last one has no end
    }
}

impl Trust {
    /// One key, for whichever log it signs.
    pub fn key(key: PublicKey) -> Self {
        Self::default().with_key(key)
    }

    /// And this key, for whichever log it signs.
    pub fn with_key(mut self, key: PublicKey) -> Self {
        self.keys.push(Trusted { key, log: None, before: None });
        self
    }

    /// And this key, for the log of its name alone.
    pub fn with_verifier_key(mut self, key: &VerifierKey) -> Self {
        self.keys.push(Trusted { key: *key.public(), log: Some(key.name().to_owned()), before: None });
        self
    }

    /// And the keys of the other, for the same.
    pub fn and(mut self, other: &Self) -> Self {
        self.keys.extend(other.keys.iter().cloned());
        self
    }

    /// The keys that may sign bodies, ready to check many of them.
    pub fn ready_keys(&self) -> ReadyKeys {
        let mut ends: Vec<Option<LogIndex>> = self.keys.iter().map(|trusted| trusted.before).collect();
        ends.push(None);
        ends.sort_by_key(|end| (end.is_none(), *end));
        ends.dedup();
        let keys = |end: &Option<LogIndex>| {
            let believed = self.keys.iter().filter(|trusted| match (trusted.before, end) {
                (None, _) => true,
                (Some(before), Some(end)) => before >= *end,
                (Some(_), None) => false,
            });
            believed.map(|trusted| ReadyKey::new(trusted.key)).collect()
        };
        ReadyKeys { phases: ends.iter().map(|end| (*end, keys(end))).collect() }
    }

    /// And the keys of the other, which were replaced: for the records before this index alone, and for checkpoints of no
    /// others.
    pub fn with_retired(mut self, other: &Self, before: LogIndex) -> Self {
        let retired = |trusted: &Trusted| {
            let before = trusted.before.map_or(before, |earlier| earlier.min(before));
            Trusted { before: Some(before), ..trusted.clone() }
        };
        self.keys.extend(other.keys.iter().map(retired));
        self
    }

    /// The keys under the name of a log, as its checkpoints of this size are signed.
    fn of_log(&self, origin: &str, size: u64) -> Result<Vec<VerifierKey>, KeyError> {
        let of_log = self.keys.iter().filter(|trusted| {
            let named = trusted.log.as_deref().is_none_or(|name| name == origin);
            named && trusted.before.is_none_or(|before| size <= before.0)
        });
        of_log.map(|trusted| VerifierKey::new(origin, trusted.key)).collect()
    }
}

/// A checkpoint whose log signature fits one of the trusted keys. Only [`open`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    head: Checkpoint,
    key: PublicKey,
    note: Vec<u8>,
}

impl Verified {
    /// The head.
    pub fn head(&self) -> &Checkpoint {
        &self.head
    }

    /// The key that signed it.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The note, byte by byte as it was read.
    pub fn note(&self) -> &[u8] {
        &self.note
    }
}

/// Parses and verifies a checkpoint: a trusted key must have signed it under the origin as its name. A key that signs for
/// one log says nothing about another.
pub fn open(bytes: &[u8], trust: &Trust) -> Result<Verified, CheckpointError> {
    let note = parse_note(bytes)?;
    let head = parse_checkpoint_text(&note.text)?;
    let known = trust.of_log(&head.origin, head.size).map_err(|_| CheckpointError::Form)?; // no line can carry such an origin
    let signed = note.verify(&known)?;
    let key = signed.first().map(|key| *key.public()).ok_or(CheckpointError::Form)?;
    Ok(Verified { head, key, note: bytes.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head() -> Checkpoint {
        Checkpoint { origin: "example.com/log".into(), size: 12, root: Digest::of(b"x") }
    }

    #[test]
    fn a_checkpoint_is_three_lines_signed_under_its_origin() {
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let other = SigningKey::from_seed(&[2; 32]).unwrap();
        let note = head().sign(&key).unwrap().to_text();
        let opened = open(note.as_bytes(), &Trust::key(*other.public()).with_key(*key.public())).unwrap();
        assert_eq!((opened.head(), opened.key()), (&head(), key.public()));
        assert!(matches!(
            open(note.as_bytes(), &Trust::key(*other.public())),
            Err(CheckpointError::Note(NoteError::NoKnownKey { .. }))
        ));
        let elsewhere = Note::sign(&head().text(), &[("example.com/other", &key)]).unwrap().to_text();
        assert!(matches!(
            open(elsewhere.as_bytes(), &Trust::key(*key.public())),
            Err(CheckpointError::Note(NoteError::NoKnownKey { .. }))
        ));
        for (name, trusted) in [("example.com/log", true), ("example.com/other", false)] {
            let vkey = VerifierKey::new(name, *key.public()).unwrap();
            assert_eq!(open(note.as_bytes(), &Trust::default().with_verifier_key(&vkey)).is_ok(), trusted, "{name}");
        }
    }

    #[test]
    fn a_key_that_was_replaced_is_believed_up_to_its_end_and_no_further() {
        let [key, new] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]).unwrap());
        let note = head().sign(&key).unwrap().to_text(); // 12 records
        let until = |index| Trust::key(*new.public()).with_retired(&Trust::key(*key.public()), LogIndex(index));
        assert!(open(note.as_bytes(), &until(12)).is_ok());
        assert!(open(note.as_bytes(), &until(11)).is_err());
        let keys = |trust: &Trust, index| {
            trust.ready_keys().at(index).iter().map(|key| *key.public()).collect::<Vec<PublicKey>>()
        };
        assert_eq!(keys(&until(12), LogIndex(11)), [*new.public(), *key.public()]);
        assert_eq!(keys(&until(12), LogIndex(12)), [*new.public()]);
        // The earlier end counts, and an end is never lifted.
        let twice = Trust::default().with_retired(&until(5), LogIndex(6));
        assert_eq!(keys(&twice, LogIndex(4)), [*new.public(), *key.public()]);
        assert_eq!(keys(&twice, LogIndex(5)), [*new.public()]);
        assert_eq!(keys(&twice, LogIndex(6)), []);
    }

    #[test]
    fn another_form_is_refused() {
        let good = head().text();
        assert_eq!(parse_checkpoint_text(&good), Ok(head()));
        for bad in [
            good.replace("12", "012"),
            good.replace("12", "+12"),
            good.replace("12", "-1"),
            format!("{good}extension\n"),
            good.trim_end().to_owned(),
            good.replacen("example.com/log", "", 1),
            "a\n1\nAAAA\n".into(),
        ] {
            assert_eq!(parse_checkpoint_text(&bad), Err(CheckpointError::Form), "{bad:?}");
        }
        let large = good.replace("12", "1099511627777");
        assert_eq!(parse_checkpoint_text(&large), Err(CheckpointError::TooLarge { size: 1_099_511_627_777 }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, text: String) {
            let _ = open(&bytes, &Trust::default());
            let _ = parse_checkpoint_text(&text);
        }
    }
}
