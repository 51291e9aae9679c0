//! Base 64 (RFC 4648, section 4), standard alphabet with padding. Decoding is strict: one text for each byte string.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text is not the one base 64 encoding of any bytes: a foreign character, missing padding, stray bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not base64 with padding (RFC 4648, section 4)")]
pub struct NotBase64;

/// The encoding, with padding and without line breaks.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let letter = ALPHABET.get((bits >> (18 - 6 * at) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// The bytes that encode to exactly this text.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, NotBase64> {
    let body = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if !text.len().is_multiple_of(4) {
        return Err(NotBase64);
    }
    let (groups, rest) = body.as_chunks::<4>();
    let mut out = vec![0; groups.len() * 3]; // written in place: room is not asked for again for each group
    let mut foreign = 0; // looked at once at the end: a look at each letter takes longer than the rest
    for (group, room) in groups.iter().zip(out.as_chunks_mut::<3>().0) {
        // as many rooms as groups
        let [a, b, c, d] = group.map(value);
        foreign |= a | b | c | d;
        let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
        *room = bytes;
    }
    if !rest.is_empty() {
        let mut bits = 0_u32;
        for letter in rest {
            foreign |= value(*letter);
            bits = bits << 6 | value(*letter) & 63;
        }
        let missing = 4 - rest.len();
        let [_, bytes @ ..] = (bits << (6 * missing)).to_be_bytes();
        // n letters hold n - 1 bytes; the bits left over must be zero, or two texts would decode alike.
        let (kept, over) = bytes.split_at_checked(3_usize.saturating_sub(missing)).ok_or(NotBase64)?;
        if missing > 2 || over.iter().any(|byte| *byte != 0) {
            return Err(NotBase64);
        }
        out.extend_from_slice(kept);
    }
    if foreign < FOREIGN { Ok(out) } else { Err(NotBase64) }
}

/// The value of what is no letter of the alphabet: above all values.
const FOREIGN: u32 = 64;

/// The value of each byte.
#[expect(clippy::indexing_slicing, reason = "the compiler works it out: a place outside does not compile")]
const VALUES: [u8; 256] = {
    let mut values = [FOREIGN as u8; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        values[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    values
};

fn value(letter: u8) -> u32 {
    VALUES.get(usize::from(letter)).map_or(FOREIGN, |value| u32::from(*value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_vectors_of_the_rfc_hold() {
        for (plain, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text.as_bytes()), Ok(plain.as_bytes().to_vec()));
        }
    }

    #[test]
    fn a_second_spelling_is_refused() {
        for text in ["Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v", "=", "Zm9vYg==="] {
            assert_eq!(decode(text.as_bytes()), Err(NotBase64), "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_round_trip(bytes: Vec<u8>) {
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes));
        }

        #[test]
        fn what_decodes_encodes_to_itself(text in "[A-Za-z0-9+/=]{0,24}") {
            if let Ok(bytes) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
