//! Laws of the readers of keys: verifier keys, and PEM of public and private keys.

use super::letters::{base64, is_hex, is_name};
use portcullis::model::Digest;
use portcullis::sign::key::parse_verifier_key;
use portcullis::sign::{PublicKey, SigningKey, VerifierKey};

/// Exactly the verifier keys of the specification are read, as another reader judges, and written back to the same text. A
/// public key in PEM is the 32 bytes behind the one head that its kind has. A private key signs, is read back from what it
/// is written as, and shows itself in no message.
pub fn key(data: &[u8]) {
    let read = parse_verifier_key(data).ok();
    assert_eq!(read, by_hand(data));
    if let Some(key) = read {
        assert_eq!(key.to_string().as_bytes(), data.strip_suffix(b"\n").unwrap_or(data));
    }
    if let Ok(public) = PublicKey::from_pem(data, "x") {
        let der = base64(&block(data, "PUBLIC KEY")).expect("base 64");
        assert_eq!(der.strip_prefix(b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"), Some(&public.as_bytes()[..]));
        assert_eq!(PublicKey::from_pem(public.to_pem().as_bytes(), "x"), Ok(public));
        assert_eq!(public.key_id(), Digest::of(&der).hex());
    }
    match SigningKey::from_pem(data, "x") {
        Ok(key) => {
            let secret = block(data, "PRIVATE KEY");
            let der = base64(&secret).expect("base 64");
            let pem = key.to_pem().expect("a key can be written");
            assert_eq!(SigningKey::from_pem(pem.as_bytes(), "x").expect("our own").public(), key.public());
            // RFC 8410: the seed is an octet string in an octet string.
            let ours = base64(&block(pem.as_bytes(), "PRIVATE KEY")).expect("base 64");
            let seed = &ours[ours.len() - 34..];
            assert!(der.windows(34).any(|window| window == seed), "another key than the file's");
            assert!(!format!("{key:?}").contains(&secret));
            let signature = key.sign(data).expect("a key signs");
            assert!(key.public().verify(data, &signature).is_ok());
            assert!(key.public().verify(&[data, b" "].concat(), &signature).is_err());
        }
        Err(error) => assert!(format!("{error:?} {error}").len() < 200, "a message that quotes its input"),
    }
}

fn by_hand(data: &[u8]) -> Option<VerifierKey> {
    let text = std::str::from_utf8(data).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let (name, rest) = text.split_once('+')?;
    let (id, encoded) = rest.split_once('+')?;
    let bytes = base64(encoded).filter(|bytes| bytes.len() == 33 && bytes[0] == 1)?;
    let hashed = Digest::of(&[name.as_bytes(), b"\n", &bytes].concat()).hex();
    let public = PublicKey::from_bytes(bytes[1..].try_into().ok()?);
    (is_name(name) && is_hex(id, 8) && hashed.starts_with(id)).then(|| VerifierKey::new(name, public).expect("a name"))
}

/// The text of the first block, without its line ends. It has both its marks, each on a line of its own.
fn block(data: &[u8], label: &str) -> String {
    let text = std::str::from_utf8(data).expect("PEM is text");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let begin = lines.iter().position(|line| *line == format!("-----BEGIN {label}-----")).expect("a beginning");
    let end = lines[begin..].iter().position(|line| *line == format!("-----END {label}-----")).expect("an end");
    lines[begin + 1..begin + end].concat()
}
