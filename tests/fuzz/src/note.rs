//! Laws of the reader of signed notes, and the keys of all laws about signatures.

use super::letters::{base64, is_name};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use portcullis::sign::note::{MAX_NOTE, MAX_SIGNATURES, Note, NoteSignature, parse_note};
use portcullis::sign::{SigningKey, VerifierKey};

/// The name of the known key: that of the published vectors.
const NAME: &str = "portcullis.dev/trail/18fb5077ec965dbb2d85651666344d98";

/// The key of the vectors is that of seed 1.
pub(crate) fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).expect("every seed is a key")
}

/// Exactly the notes of the specification are read, with the lines that another reader finds, and are written back to the
/// same bytes. A known key counts where its one signature fits, and nowhere else. A text that was read can be signed, and
/// the signature is for no other text.
pub fn note(data: &[u8]) {
    let read = parse_note(data);
    assert_eq!(read.as_ref().ok(), by_hand(data).as_ref());
    let Ok(note) = read else { return };
    assert_eq!(note.to_text().as_bytes(), data);
    let (one, two) = (signing_key(1), signing_key(2));
    let known = VerifierKey::new(NAME, *one.public()).expect("a name");
    let public = UnparsedPublicKey::new(&ED25519, one.public().as_bytes());
    let of_known = |line: &&NoteSignature| line.name == NAME && line.id == known.id();
    let lines: Vec<_> = note.signatures.iter().filter(of_known).collect();
    let fits = lines.len() == 1 && public.verify(note.text.as_bytes(), &lines[0].signature).is_ok();
    assert_eq!(note.verify(std::slice::from_ref(&known)).is_ok(), fits, "{note:?}");
    let signed = Note::sign(&note.text, &[(NAME, &one), ("second", &two)]).expect("a text that was read");
    assert_eq!(signed.verify(std::slice::from_ref(&known)), Ok(vec![&known]));
    let other = Note { text: format!("\n{}", note.text), ..signed };
    assert!(other.verify(std::slice::from_ref(&known)).is_err());
}

fn by_hand(data: &[u8]) -> Option<Note> {
    let text = std::str::from_utf8(data).ok().filter(|text| text.len() <= MAX_NOTE)?;
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') || !text.ends_with('\n') {
        return None;
    }
    // From the end: lines of signatures up to the first empty one.
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    let blank = lines.iter().rposition(|line| line.is_empty()).filter(|at| *at > 0)?;
    let signatures: Option<Vec<_>> = lines[blank + 1..].iter().map(|line| signature(line)).collect();
    let signatures = signatures.filter(|lines| (1..=MAX_SIGNATURES).contains(&lines.len()))?;
    Some(Note { text: lines[..blank].iter().map(|line| format!("{line}\n")).collect(), signatures })
}

fn signature(line: &str) -> Option<NoteSignature> {
    let words: Vec<&str> = line.splitn(3, ' ').collect();
    let [mark, name, encoded] = words[..] else { return None };
    let bytes = base64(encoded).filter(|bytes| bytes.len() > 4)?;
    let (id, signature) = bytes.split_at(4);
    let line = NoteSignature { name: name.into(), id: id.try_into().ok()?, signature: signature.to_vec() };
    (mark == "\u{2014}" && is_name(name)).then_some(line)
}
