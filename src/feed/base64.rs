//! Base64 with padding and the standard alphabet (RFC 4648, section 4), for keys and notes. Strict: no white space.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text for these bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0)); // zero bits fill the last group
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            let index = (group >> (18 - 6 * i)) & 63;
            match ALPHABET.get(index as usize) {
                Some(letter) if i <= chunk.len() => out.push(char::from(*letter)),
                _ => out.push('='),
            }
        }
    }
    out
}

/// The bytes of a text; none when it is not what [`encode`] gives for any bytes.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0;
        for letter in chunk {
            let value = ALPHABET.iter().position(|l| l == letter).or((*letter == b'=').then_some(0))?;
            group = group << 6 | u32::try_from(value).ok()?;
        }
        let padding = chunk.iter().rev().take_while(|l| **l == b'=').count();
        let [_, high, middle, low] = group.to_be_bytes();
        out.extend([high, middle, low].iter().take(3_usize.checked_sub(padding)?));
    }
    // One text for each value: wrong length, padding in the middle and stray bits all encode differently.
    (encode(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_hold() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn another_writing_of_the_same_bytes_is_refused() {
        for text in ["Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "====", "Zm 9v", "Zm9v\n", "Zm9-", "é"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_round_trip(bytes: Vec<u8>) {
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
