//! Tests of whole age files: what opens them, and that no change to one goes unnoticed.

use super::*;
use crate::sys::RealSys;
use proptest::prelude::*;

fn identity() -> Identity {
    Identity::generate(&RealSys).unwrap()
}

fn with(identities: &[&Identity]) -> Unlock {
    Unlock { identities: identities.iter().map(|identity| (*identity).clone()).collect(), passphrase: None }
}

fn with_passphrase(text: &str) -> Unlock {
    Unlock { identities: vec![], passphrase: Some(Passphrase::new(text).unwrap()) }
}

fn to(identities: &[&Identity]) -> Vec<u8> {
    let recipients: Vec<_> = identities.iter().map(|identity| identity.recipient().unwrap()).collect();
    encrypt(b"a key", Audience::Recipients(&recipients), &RealSys).unwrap()
}

fn under(text: &str, log_n: u8) -> Vec<u8> {
    let passphrase = Passphrase::new(text).unwrap();
    encrypt(b"a key", Audience::PassphraseWithWorkUnsafe(&passphrase, log_n), &RealSys).unwrap()
}

fn open(file: &[u8], unlock: &Unlock) -> Result<Vec<u8>, AgeError> {
    decrypt(file, unlock, MAX_SECRET)
}

/// The file with another header, whose MAC is right: what only somebody with the file key could write.
fn with_header(file: &[u8], unlock: &Unlock, change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let (mut header, payload) = Header::parse(file).unwrap();
    let file_key = unwrap(&header, unlock).unwrap();
    change(&mut header);
    header.mac = crypto::mac(&crypto::hkdf(&file_key, b"", b"header").unwrap(), &header.authenticated()).unwrap();
    [header.to_bytes(), payload.to_vec()].concat()
}

#[test]
fn each_recipient_opens_the_file_and_nobody_else_does() {
    let (a, b, c) = (identity(), identity(), identity());
    let file = to(&[&a, &b]);
    for opens in [&[&a][..], &[&b], &[&c, &b]] {
        assert_eq!(open(&file, &with(opens)), Ok(b"a key".to_vec()));
        assert_eq!(open(armor(&file).as_bytes(), &with(opens)), Ok(b"a key".to_vec()));
    }
    assert_eq!(open(&file, &with(&[&c])), Err(AgeError::NotForThisIdentity { identities: 1 }));
    assert_eq!(open(&file, &with(&[&c, &c])), Err(AgeError::NotForThisIdentity { identities: 2 }));
    assert_eq!(open(&file, &Unlock::default()), Err(AgeError::NeedsIdentity));
    assert_eq!(open(&file, &with_passphrase("p")), Err(AgeError::NeedsIdentity));
}

#[test]
fn only_the_passphrase_opens_a_file_that_is_encrypted_with_it() {
    let file = under("correct horse", 4);
    assert_eq!(open(&file, &with_passphrase("correct horse")), Ok(b"a key".to_vec()));
    assert_eq!(open(&file, &with_passphrase("correct horse ")), Err(AgeError::WrongPassphrase));
    assert_eq!(open(&file, &with(&[&identity()])), Err(AgeError::NeedsPassphrase));
    assert_eq!(open(&file, &Unlock::default()), Err(AgeError::NeedsPassphrase));
}

#[test]
fn a_changed_byte_is_always_noticed() {
    let me = identity();
    for (file, unlock) in [(to(&[&me, &identity()]), with(&[&me])), (under("p", 2), with_passphrase("p"))] {
        assert!(open(&file, &unlock).is_ok());
        for at in 0..file.len() {
            for bit in [1, 2, 0x20, 0x80] {
                let mut bad = file.clone();
                bad[at] ^= bit;
                assert!(open(&bad, &unlock).is_err(), "byte {at} of {}", String::from_utf8_lossy(&file));
            }
        }
    }
}

#[test]
fn a_cut_or_longer_file_is_refused() {
    let me = identity();
    let file = to(&[&me]);
    for end in 0..file.len() {
        assert!(open(&file[..end], &with(&[&me])).is_err(), "{end}");
    }
    let nonce = file.len() - 16 - (5 + 16);
    assert_eq!(open(&file[..nonce + 15], &with(&[&me])), Err(AgeError::NoNonce));
    assert_eq!(open(&file[..nonce + 16], &with(&[&me])), Err(AgeError::Payload { chunk: 0 }));
    assert_eq!(open(&[&file, b"x".as_slice()].concat(), &with(&[&me])), Err(AgeError::Payload { chunk: 0 }));
}

#[test]
fn an_added_removed_or_moved_stanza_breaks_the_mac() {
    let (a, b) = (identity(), identity());
    let file = to(&[&a, &b]);
    let changed = |change: fn(&mut Vec<Stanza>)| {
        let (mut header, payload) = Header::parse(&file).unwrap();
        change(&mut header.stanzas);
        open(&[header.to_bytes(), payload.to_vec()].concat(), &with(&[&a]))
    };
    assert!(changed(|_| {}).is_ok());
    assert_eq!(changed(|stanzas| stanzas.reverse()), Err(AgeError::HeaderMac));
    assert_eq!(changed(|stanzas| stanzas.truncate(1)), Err(AgeError::HeaderMac));
    let extra = |stanzas: &mut Vec<Stanza>| stanzas.push(Stanza { args: vec!["x".into()], body: vec![] });
    assert_eq!(changed(extra), Err(AgeError::HeaderMac));
    assert_eq!(changed(|stanzas| drop(stanzas.remove(0))), Err(AgeError::NotForThisIdentity { identities: 1 }));
}

#[test]
fn unknown_stanzas_are_passed_over_where_their_writer_signed_them() {
    let me = identity();
    let unlock = with(&[&me]);
    let grease = || Stanza { args: vec!["example.com/x".into(), "1".into()], body: vec![1; 100] };
    let file = with_header(&to(&[&me]), &unlock, |header| header.stanzas.insert(0, grease()));
    assert_eq!(open(&file, &unlock), Ok(b"a key".to_vec()));
    let only = |kind: &str| {
        let stanzas = vec![grease(), Stanza { args: vec![kind.into(), "x".into()], body: vec![1; 32] }];
        open(&Header { stanzas, mac: [0; 32] }.to_bytes(), &unlock).unwrap_err()
    };
    assert_eq!(only("ssh-ed25519"), AgeError::SshRecipient);
    assert_eq!(only("ssh-rsa"), AgeError::SshRecipient);
    assert_eq!(only("mlkem768x25519"), AgeError::UnsupportedRecipients);
    assert_eq!(only("x25519"), AgeError::UnsupportedRecipients);
}

#[test]
fn a_stanza_of_a_known_kind_must_have_its_form_even_beside_a_good_one() {
    let me = identity();
    let unlock = with(&[&me]);
    let good = to(&[&me]);
    let beside = |args: &[&str], body: usize| {
        let stanza = Stanza { args: args.iter().map(|arg| (*arg).to_owned()).collect(), body: vec![1; body] };
        open(&with_header(&good, &unlock, |header| header.stanzas.push(stanza)), &unlock)
    };
    let share = header::base64_unpadded(&[9; 32]);
    let salt = header::base64_unpadded(&[9; 16]);
    assert!(beside(&["X25519", &share], 32).is_ok());
    let bad = Err(AgeError::Stanza { kind: "X25519" });
    for args in [&["X25519"][..], &["X25519", &share, "x"], &["X25519", &salt], &["X25519", &(share.clone() + "=")]] {
        assert_eq!(beside(args, 32), bad, "{args:?}");
    }
    assert_eq!(beside(&["X25519", &share], 33), bad);
    let bad = Err(AgeError::Stanza { kind: "scrypt" });
    for args in [&["scrypt"][..], &["scrypt", &salt], &["scrypt", &salt, "08"], &["scrypt", &share, "8"]] {
        assert_eq!(beside(args, 32), bad, "{args:?}");
    }
    assert_eq!(beside(&["scrypt", &salt, "8"], 31), bad);
    assert_eq!(beside(&["scrypt", &salt, "8"], 32), Err(AgeError::ScryptNotAlone));
    assert_eq!(beside(&["scrypt", &salt, "21"], 32), Err(AgeError::WorkFactor { log_n: 21 }));
}

#[test]
fn a_share_of_low_order_is_refused() {
    let stanza = Stanza { args: vec!["X25519".into(), header::base64_unpadded(&[0; 32])], body: vec![1; 32] };
    let file = Header { stanzas: vec![stanza], mac: [0; 32] }.to_bytes();
    assert_eq!(open(&file, &with(&[&identity()])), Err(AgeError::LowOrder));
    // The same as a recipient: the low-order point one, as text.
    let text = bech32::encode("age", &[&[1], [0; 31].as_slice()].concat());
    let refused = encrypt(b"", Audience::Recipients(&[text.parse().unwrap()]), &RealSys);
    assert_eq!(refused, Err(AgeError::LowOrder));
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let me = identity().recipient().unwrap();
    assert_eq!(encrypt(b"", Audience::Recipients(&[]), &RealSys), Err(AgeError::RecipientCount { count: 0 }));
    assert!(encrypt(b"", Audience::Recipients(&[me; 20]), &RealSys).is_ok());
    assert_eq!(encrypt(b"", Audience::Recipients(&[me; 21]), &RealSys), Err(AgeError::RecipientCount { count: 21 }));
    let passphrase = Passphrase::new("p").unwrap();
    for log_n in [0, 21, 255] {
        let refused = encrypt(b"", Audience::PassphraseWithWorkUnsafe(&passphrase, log_n), &RealSys);
        assert_eq!(refused, Err(AgeError::WorkFactor { log_n }));
    }
}

#[test]
fn the_largest_key_file_is_within_the_limit_for_files() {
    let armored = armor(&vec![0; (MAX_HEADER.0 + MAX_SECRET.0) as usize + 16 + 16]).len() as u64;
    assert!(armored <= MAX_FILE.0 && armored * 100 > MAX_FILE.0 * 95, "{armored}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_encrypted_is_decrypted(
        plain in prop::collection::vec(any::<u8>(), 0..300),
        passphrase in ".{1,20}",
        log_n in 1_u8..4,
        others in 0_usize..3,
    ) {
        let me = identity();
        let mut recipients = vec![me.recipient().unwrap(); others + 1];
        recipients[0] = identity().recipient().unwrap();
        recipients.push(me.recipient().unwrap());
        let file = encrypt(&plain, Audience::Recipients(&recipients), &RealSys).unwrap();
        prop_assert_eq!(decrypt(&file, &with(&[&me]), MAX_SECRET), Ok(plain.clone()));
        prop_assert_eq!(decrypt(armor(&file).as_bytes(), &with(&[&me]), MAX_SECRET), Ok(plain.clone()));
        let phrase = Passphrase::new(passphrase.clone()).unwrap();
        let file = encrypt(&plain, Audience::PassphraseWithWorkUnsafe(&phrase, log_n), &RealSys).unwrap();
        prop_assert_eq!(decrypt(&file, &with_passphrase(&passphrase), MAX_SECRET), Ok(plain));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
        let _ = decrypt(&bytes, &with(&[&identity()]), MAX_SECRET);
        let _ = parse_identities(&bytes);
    }
}
