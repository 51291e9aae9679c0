//! Laws of the reader of age files.

use super::memory::Memory;
use portcullis::sign::age::{self, Audience, Header, Identity, MAX_HEADER, MAX_SECRET, MAX_STANZAS, Unlock};

/// What parses has one writing; without what opens it nothing is decrypted; what we write is read back, and a change to
/// it never is. Passphrases are not tried: a hostile work factor is a matter of seconds by design.
pub fn age(data: &[u8]) {
    if let Ok((header, rest)) = Header::parse(data) {
        let head = header.to_bytes();
        assert!(head.len() as u64 <= MAX_HEADER.0 && (1..=MAX_STANZAS).contains(&header.stanzas.len()));
        assert_eq!([head.as_slice(), rest].concat(), data);
    }
    if let Ok(binary) = age::dearmor(data) {
        let text = std::str::from_utf8(data).expect("armor is ASCII").replace("\r\n", "\n");
        assert_eq!(age::armor(&binary).trim_ascii(), text.trim_ascii());
    }
    assert!(age::decrypt(data, &Unlock::default(), MAX_SECRET).is_err(), "opened by nothing");
    let machine = Memory::default();
    let identity = Identity::generate(&machine).expect("the machine has random numbers");
    let recipient = identity.recipient().expect("an identity has a recipient");
    let unlock = Unlock { identities: vec![identity], passphrase: None };
    let opened = age::decrypt(data, &unlock, MAX_SECRET);
    assert_eq!(opened, age::decrypt(data, &unlock, MAX_SECRET));
    if let Ok(plain) = &opened {
        assert!(plain.len() as u64 <= MAX_SECRET.0);
        assert!(age::is_age(data), "opened what is not an age file");
    }
    identities(data);
    if data.len() as u64 <= MAX_SECRET.0 {
        let file = age::encrypt(data, Audience::Recipients(&[recipient]), &machine).expect("nothing can fail here");
        assert_eq!(age::decrypt(&file, &unlock, MAX_SECRET).as_deref(), Ok(data));
        changed(data, file, &unlock);
    }
}

/// The input says which byte is changed, and how.
fn changed(data: &[u8], mut file: Vec<u8>, unlock: &Unlock) {
    let [high, low, with, ..] = *data else { return };
    let at = usize::from(u16::from_be_bytes([high, low])) % file.len();
    file[at] ^= with;
    assert_eq!(age::decrypt(&file, unlock, MAX_SECRET).is_err(), with != 0, "byte {at} changed by {with:02x}");
}

/// Every identity stands in the file, as it is written.
fn identities(data: &[u8]) {
    let Ok(identities) = age::parse_identities(data) else { return };
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    assert!(!identities.is_empty());
    for identity in identities {
        assert!(lines.contains(&identity.secret_text().as_bytes()));
    }
}
