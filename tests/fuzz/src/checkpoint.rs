//! Laws of the reader of checkpoints.

use super::letters::{base64, is_name};
use super::note::signing_key;
use portcullis::model::Digest;
use portcullis::sign::VerifierKey;
use portcullis::sign::note::{Note, parse_note};
use portcullis::trail::Checkpoint;
use portcullis::trail::checkpoint::{Trust, open, parse_checkpoint_text};
use portcullis::trail::merkle::MAX_SIZE;

/// Exactly three lines are read, as another reader finds them, and written back to the same bytes. What can be signed is
/// opened by its key, under its origin and no other, and not with a line more. What opens is a note with that head.
pub fn checkpoint(data: &[u8]) {
    let trust = Trust::key(*signing_key(1).public());
    if let Ok(opened) = open(data, &trust) {
        let note = parse_note(data).expect("what opens is a note");
        assert_eq!((opened.note(), opened.head().text()), (data, note.text));
        assert_eq!(opened.key(), signing_key(1).public());
        text(&opened.head().text());
    }
    // A whole note has its text looked at as well: so the seeds serve both.
    if let Ok(data) = std::str::from_utf8(data) {
        text(data);
        text(data.split_inclusive("\n\n").next().map_or("", |text| text.strip_suffix('\n').unwrap_or(text)));
    }
}

fn text(text: &str) {
    let read = parse_checkpoint_text(text);
    assert_eq!(read.as_ref().ok(), by_hand(text).as_ref(), "{text:?}");
    let Ok(head) = read else { return };
    assert_eq!(head.text(), text);
    let key = signing_key(1);
    let speakable = is_name(&head.origin);
    let Ok(note) = head.sign(&key) else {
        assert!(!speakable, "{:?}", head.origin);
        return;
    };
    assert!(speakable, "{:?}", head.origin);
    let bytes = note.to_text().into_bytes();
    let pinned =
        |name: &str| Trust::default().with_verifier_key(&VerifierKey::new(name, *key.public()).expect("a name"));
    for trust in [Trust::key(*key.public()), pinned(&head.origin)] {
        assert_eq!(open(&bytes, &trust).expect("our own").head(), &head);
    }
    assert!(open(&bytes, &Trust::key(*signing_key(2).public())).is_err());
    assert!(open(&bytes, &pinned(if head.origin == "other" { "another" } else { "other" })).is_err());
    let longer = Note::sign(&format!("{text}more\n"), &[(&head.origin, &key)]).expect("our own");
    assert!(open(longer.to_text().as_bytes(), &Trust::key(*key.public())).is_err());
}

fn by_hand(text: &str) -> Option<Checkpoint> {
    let lines: Vec<&str> = text.split('\n').collect();
    let [origin, size, root, ""] = lines[..] else { return None };
    let digits =
        !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
    let size: u64 = size.parse().ok().filter(|size| digits && *size <= MAX_SIZE)?;
    let root = Digest(base64(root)?.try_into().ok()?);
    (!origin.is_empty()).then(|| Checkpoint { origin: origin.into(), size, root })
}
