//! The encrypted part of an age file: a nonce, then chunks of 64 KiB (C2SP age, "Payload"). Where the file key comes from
//! is not known here.

use super::AgeError;
use super::crypto::{self, TAG};
use crate::sys::Bytes;

/// Bytes of plaintext in every chunk but the last.
const CHUNK: usize = 64 << 10;
/// Bytes of the nonce before the first chunk.
const NONCE: usize = 16;

/// The plaintext, whole or not at all. Errors: [`AgeError::NoNonce`], [`AgeError::PlaintextTooLarge`],
/// [`AgeError::Payload`].
pub(super) fn open(file_key: &[u8; 16], payload: &[u8], limit: Bytes) -> Result<Vec<u8>, AgeError> {
    let (nonce, sealed) = payload.split_at_checked(NONCE).ok_or(AgeError::NoNonce)?;
    let count = sealed.len().div_ceil(CHUNK + TAG);
    let size = sealed.len().saturating_sub(count * TAG);
    if size as u64 > limit.0 {
        return Err(AgeError::PlaintextTooLarge { limit });
    }
    // No chunk at all is a file that was cut: even an empty plaintext has one.
    if count == 0 {
        return Err(AgeError::Payload { chunk: 0 });
    }
    let key = crypto::hkdf(file_key, nonce, b"payload")?;
    let mut out = Vec::with_capacity(size);
    for (at, chunk) in sealed.chunks(CHUNK + TAG).enumerate() {
        let last = at + 1 == count;
        let damaged = AgeError::Payload { chunk: at as u64 };
        let Some(plain) = crypto::open(&key, chunk_nonce(at as u64, last), chunk) else { return Err(damaged) };
        // Only an empty plaintext may end with an empty chunk: otherwise it would have two writings.
        if plain.is_empty() && at > 0 {
            return Err(damaged);
        }
        out.extend_from_slice(&plain);
    }
    Ok(out)
}

/// The payload for a plaintext of any size.
pub(super) fn seal(file_key: &[u8; 16], nonce: &[u8; NONCE], plaintext: &[u8]) -> Result<Vec<u8>, AgeError> {
    let key = crypto::hkdf(file_key, nonce, b"payload")?;
    let count = plaintext.len().div_ceil(CHUNK).max(1);
    let mut out = nonce.to_vec();
    let mut chunks = plaintext.chunks(CHUNK);
    for at in 0..count {
        let plain = chunks.next().unwrap_or_default(); // the one chunk of an empty plaintext
        out.extend(crypto::seal(&key, chunk_nonce(at as u64, at + 1 == count), plain)?);
    }
    Ok(out)
}

/// Eleven bytes of counter, and one that says whether it is the last.
fn chunk_nonce(at: u64, last: bool) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = at.to_be_bytes();
    [0, 0, 0, a, b, c, d, e, f, g, h, u8::from(last)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 16] = [1; 16];
    const LIMIT: Bytes = Bytes::mib(1);

    fn sealed(size: usize) -> Vec<u8> {
        seal(&KEY, &[2; 16], &vec![3; size]).unwrap()
    }

    fn damaged(payload: &[u8]) -> AgeError {
        open(&KEY, payload, LIMIT).unwrap_err()
    }

    #[test]
    fn every_size_around_a_chunk_round_trips() {
        for size in [0, 1, 65_535, 65_536, 65_537, 131_072, 131_073] {
            assert_eq!(open(&KEY, &sealed(size), LIMIT), Ok(vec![3; size]), "{size}");
        }
        assert_eq!(sealed(0).len(), 16 + 16);
        assert_eq!(sealed(65_536).len(), 16 + 65_536 + 16);
        assert_eq!(sealed(65_537).len(), 16 + 65_536 + 16 + 1 + 16);
    }

    #[test]
    fn what_is_cut_lengthened_or_reordered_is_refused() {
        let good = sealed(150_000);
        let (head, chunks) = good.split_at(16);
        let [one, two, three] = chunks.chunks(CHUNK + TAG).collect::<Vec<_>>().try_into().unwrap();
        let join = |parts: &[&[u8]]| [&[head], parts].concat().concat();
        assert_eq!(open(&KEY, &join(&[one, two, three]), LIMIT).map(|plain| plain.len()), Ok(150_000));
        assert_eq!(damaged(&join(&[two, one, three])), AgeError::Payload { chunk: 0 });
        assert_eq!(damaged(&join(&[one, three])), AgeError::Payload { chunk: 1 });
        assert_eq!(damaged(&join(&[one, two])), AgeError::Payload { chunk: 1 }); // cut where a chunk ends
        assert_eq!(damaged(&join(&[one, two, three, b"x"])), AgeError::Payload { chunk: 2 });
        assert_eq!(damaged(&join(&[one, two, &three[..three.len() - 1]])), AgeError::Payload { chunk: 2 });
        assert_eq!(damaged(&join(&[one, one, two, three])), AgeError::Payload { chunk: 1 });
        assert_eq!(damaged(&join(&[])), AgeError::Payload { chunk: 0 });
        assert_eq!(damaged(&head[..15]), AgeError::NoNonce);
        assert_eq!(damaged(&[head, b"short"].concat()), AgeError::Payload { chunk: 0 });
    }

    #[test]
    fn an_empty_last_chunk_after_a_full_one_is_refused() {
        let key = crypto::hkdf(&KEY, &[2; 16], b"payload").unwrap();
        let full = crypto::seal(&key, chunk_nonce(0, false), &[3; CHUNK]).unwrap();
        let empty = crypto::seal(&key, chunk_nonce(1, true), b"").unwrap();
        assert_eq!(damaged(&[vec![2; 16], full, empty].concat()), AgeError::Payload { chunk: 1 });
    }

    #[test]
    fn more_plaintext_than_the_limit_is_refused_before_it_is_decrypted() {
        let limit = Bytes(100);
        assert!(open(&KEY, &sealed(100), limit).is_ok());
        assert_eq!(open(&KEY, &sealed(101), limit), Err(AgeError::PlaintextTooLarge { limit }));
        assert_eq!(open(&[9; 16], &sealed(101), limit), Err(AgeError::PlaintextTooLarge { limit }));
    }
}
