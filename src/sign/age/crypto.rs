//! The primitives under age, all of `aws-lc-rs` but scrypt, in the shapes that the format needs. No format is known here.

use super::AgeError;
use crate::sys::Bytes;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;

/// Bytes that ChaCha20-Poly1305 adds.
pub(super) const TAG: usize = 16;

/// HKDF-SHA-256 to 32 bytes (RFC 5869).
pub(super) fn hkdf(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<[u8; 32], AgeError> {
    let mut out = [0; 32];
    let key = Salt::new(HKDF_SHA256, salt).extract(secret);
    let filled = key.expand(&[info], HKDF_SHA256).and_then(|key| key.fill(&mut out));
    filled.map(|()| out).map_err(|_| AgeError::Crypto)
}

/// HMAC-SHA-256 (RFC 2104).
pub(super) fn mac(key: &[u8; 32], message: &[u8]) -> Result<[u8; 32], AgeError> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref().try_into().map_err(|_| AgeError::Crypto)
}

/// Whether the MAC is that of the message, in a time that does not depend on where they differ.
pub(super) fn mac_fits(key: &[u8; 32], message: &[u8], mac: &[u8; 32]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, mac).is_ok()
}

/// ChaCha20-Poly1305 without additional data (RFC 8439). The caller never uses a nonce twice with a key.
pub(super) fn seal(key: &[u8; 32], nonce: [u8; 12], plain: &[u8]) -> Result<Vec<u8>, AgeError> {
    let mut out = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).map_err(|_| AgeError::Crypto)?;
    let sealed = LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::empty(), &mut out);
    sealed.map(|()| out).map_err(|_| AgeError::Crypto)
}

/// The plaintext; none where key, nonce or ciphertext are not those that were sealed.
pub(super) fn open(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let mut out = sealed.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let key = UnboundKey::new(&CHACHA20_POLY1305, key).ok()?;
    Some(LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut out).ok()?.to_vec())
}

/// The public half of an X25519 secret (RFC 7748, section 6.1).
pub(super) fn x25519_public(secret: &[u8; 32]) -> Result<[u8; 32], AgeError> {
    let public = x25519(secret)?.compute_public_key().map_err(|_| AgeError::Crypto)?;
    public.as_ref().try_into().map_err(|_| AgeError::Crypto)
}

/// The shared secret. [`AgeError::LowOrder`] where it is all zero: then anybody could know it.
pub(super) fn x25519_shared(secret: &[u8; 32], public: &[u8; 32]) -> Result<[u8; 32], AgeError> {
    // The library refuses such a secret too; this does not rely on it.
    let contributory = |shared: &[u8]| {
        let shared: [u8; 32] = shared.try_into().map_err(|_| AgeError::Crypto)?;
        if shared == [0; 32] { Err(AgeError::LowOrder) } else { Ok(shared) }
    };
    agree(&x25519(secret)?, UnparsedPublicKey::new(&X25519, public), AgeError::LowOrder, contributory)
}

/// scrypt with r = 8 and p = 1 (RFC 7914): 2^`log_n` KiB of memory.
pub(super) fn scrypt(passphrase: &str, salt: &[u8], log_n: u8) -> Result<[u8; 32], AgeError> {
    // The crate ends the process where it gets no memory. Asking first makes that an error on all but a close call.
    let needed = 1_usize.checked_shl(u32::from(log_n) + 10).ok_or(AgeError::Crypto)?;
    let refused = AgeError::NoMemory { needed: Bytes(needed as u64) };
    let mut memory = Vec::<u8>::new();
    memory.try_reserve_exact(needed).map_err(|_| refused)?;
    drop(std::hint::black_box(memory)); // or the compiler may leave out what nobody uses
    let params = scrypt::Params::new(log_n, 8, 1).map_err(|_| AgeError::Crypto)?;
    let mut out = [0; 32];
    let derived = scrypt::scrypt(passphrase.as_bytes(), salt, &params, &mut out);
    derived.map(|()| out).map_err(|_| AgeError::Crypto)
}

fn x25519(secret: &[u8; 32]) -> Result<PrivateKey, AgeError> {
    PrivateKey::from_private_key(&X25519, secret).map_err(|_| AgeError::Crypto)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn bytes(hex: &str) -> [u8; 32] {
        hex.parse::<Digest>().unwrap().0
    }

    #[test]
    fn the_first_iteration_of_rfc_7748_holds() {
        // Section 5.2: scalar and point are both the number nine, which is also the base point.
        let mut nine = [0; 32];
        nine[0] = 9;
        let out = bytes("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
        assert_eq!(x25519_shared(&nine, &nine), Ok(out));
        assert_eq!(x25519_public(&nine), Ok(out));
    }

    #[test]
    fn points_of_low_order_are_refused() {
        let mut one = [0; 32];
        one[0] = 1;
        for point in [[0; 32], one] {
            assert_eq!(x25519_shared(&[7; 32], &point), Err(AgeError::LowOrder), "{point:?}");
        }
        assert!(x25519_shared(&[7; 32], &[9; 32]).is_ok());
    }

    #[test]
    fn the_vector_of_rfc_5869_holds() {
        // Appendix A.1, the first 32 of its 42 bytes.
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let salt: Vec<u8> = (0..=0x0c).collect();
        let out = bytes("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
        assert_eq!(hkdf(&[0x0b; 22], &salt, &info), Ok(out));
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231_and_a_changed_message_does_not_fit() {
        // Section 4.3; the key is shorter than a block and is padded with zeros, as HMAC itself does.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let out = bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let message = b"what do ya want for nothing?";
        assert_eq!(mac(&key, message), Ok(out));
        assert!(mac_fits(&key, message, &out));
        assert!(!mac_fits(&key, b"what do ya want for nothing!", &out));
    }

    #[test]
    fn a_sealed_text_opens_with_its_key_and_nonce_alone() {
        let sealed = seal(&[1; 32], [2; 12], b"text").unwrap();
        assert_eq!(sealed.len(), 4 + TAG);
        assert_eq!(open(&[1; 32], [2; 12], &sealed).as_deref(), Some(b"text".as_slice()));
        assert_eq!(open(&[3; 32], [2; 12], &sealed), None);
        assert_eq!(open(&[1; 32], [3; 12], &sealed), None);
        assert_eq!(open(&[1; 32], [2; 12], &sealed[1..]), None);
        assert_eq!(open(&[1; 32], [2; 12], b""), None);
    }

    #[test]
    fn scrypt_gives_what_another_implementation_gives() {
        // Python: hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=1, dklen=32).
        let out = bytes("27b418c674c769d12501fbb1f53bac32df6514c0f28d043872b148b348961a79");
        assert_eq!(scrypt("password", b"NaCl", 10), Ok(out));
    }

    #[test]
    fn memory_that_nobody_has_is_an_error() {
        assert_eq!(scrypt("p", b"s", 46), Err(AgeError::NoMemory { needed: Bytes(1 << 56) }));
    }
}
