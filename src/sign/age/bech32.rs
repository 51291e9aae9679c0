//! Bech32 (BIP-173) without its limit on length, as age keys are written. What the bytes are for is not known here.

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The generator of the checksum (BIP-173, "Checksum").
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// Letters of the checksum.
const CHECKSUM: usize = 6;

/// The lowercase text of bytes under a prefix, which must be lowercase letters, digits and dashes.
pub(super) fn encode(prefix: &str, bytes: &[u8]) -> String {
    let mut values = regroup::<8, 5>(bytes, true).expect("bits are padded, so nothing can be left over");
    let sum = checksum(prefix.bytes(), values.iter().copied().chain([0; CHECKSUM])) ^ 1;
    values.extend((0..CHECKSUM).map(|at| (sum >> (5 * (CHECKSUM - 1 - at)) & 31) as u8));
    let letters = values.iter().map(|value| CHARSET.get(usize::from(*value)).copied().unwrap_or_default());
    format!("{prefix}1{}", letters.map(char::from).collect::<String>())
}

/// The prefix in lowercase and the bytes. None for a wrong checksum, mixed case, a foreign letter or stray bits: each
/// pair of prefix and bytes has one lowercase and one uppercase text.
pub(super) fn decode(text: &str) -> Option<(String, Vec<u8>)> {
    let lower = text.to_ascii_lowercase();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || (text != lower && text != text.to_ascii_uppercase()) {
        return None;
    }
    let (prefix, data) = lower.rsplit_once('1').filter(|(prefix, _)| !prefix.is_empty())?;
    let value = |letter| CHARSET.iter().position(|known| *known == letter).and_then(|at| u8::try_from(at).ok());
    let values: Vec<u8> = data.bytes().map(value).collect::<Option<_>>()?;
    let (payload, _) = values.split_at_checked(values.len().checked_sub(CHECKSUM)?)?;
    if checksum(prefix.bytes(), values.iter().copied()) != 1 {
        return None;
    }
    Some((prefix.to_owned(), regroup::<5, 8>(payload, false)?))
}

fn checksum(prefix: impl Iterator<Item = u8> + Clone, values: impl Iterator<Item = u8>) -> u32 {
    let high = prefix.clone().map(|byte| byte >> 5);
    let low = prefix.map(|byte| byte & 31);
    high.chain([0]).chain(low).chain(values).fold(1, |sum, value| {
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        let taps = GENERATOR.iter().enumerate().filter(|(bit, _)| sum >> (25 + bit) & 1 == 1);
        taps.fold(next, |sum, (_, tap)| sum ^ tap)
    })
}

/// Groups of `FROM` bits as groups of `TO` bits. Bits left over are padded with zeros, or else must be zeros and fewer
/// than a group of `FROM`.
fn regroup<const FROM: u32, const TO: u32>(values: &[u8], pad: bool) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::with_capacity(values.len() * 8 / TO as usize + 1));
    for value in values {
        bits = (bits << FROM | u32::from(*value)) & 0xffff;
        count += FROM;
        while count >= TO {
            count -= TO;
            out.push((bits >> count & ((1 << TO) - 1)) as u8);
        }
    }
    let rest = bits & ((1 << count) - 1);
    if pad && count > 0 {
        out.push((rest << (TO - count)) as u8);
    }
    (pad || (rest == 0 && count < FROM)).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_age_specification_hold() {
        // C2SP age, "The X25519 recipient type": a secret of 32 bytes 0x42, and its recipient.
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        assert_eq!(decode(secret), Some(("age-secret-key-".to_owned(), vec![0x42; 32])));
        assert_eq!(encode("age-secret-key-", &[0x42; 32]).to_uppercase(), secret);
        let recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
        let (prefix, bytes) = decode(recipient).unwrap();
        assert_eq!((prefix.as_str(), bytes.len()), ("age", 32));
        assert_eq!(encode("age", &bytes), recipient);
    }

    #[test]
    fn what_bip_173_calls_valid_is_read_and_what_it_calls_invalid_is_not() {
        for valid in ["A12UEL5L", "a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "?1ezyfcl"] {
            assert!(decode(valid).is_some(), "{valid}");
        }
        // A space in the prefix, no separator, no prefix, a foreign letter, a short checksum, mixed case, a wrong sum.
        for invalid in
            ["\u{20}1nwldj5", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A12uEL5L", "a12uel5q", "", "1"]
        {
            assert_eq!(decode(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn stray_bits_are_refused() {
        let with_values = |values: &[u8]| {
            let sum = checksum("a".bytes(), values.iter().copied().chain([0; CHECKSUM])) ^ 1;
            let sum = (0..CHECKSUM).map(|at| (sum >> (5 * (CHECKSUM - 1 - at)) & 31) as u8);
            let letters = values.iter().copied().chain(sum).map(|value| char::from(CHARSET[usize::from(value)]));
            format!("a1{}", letters.collect::<String>())
        };
        assert_eq!(decode(&with_values(&[31, 28])), Some(("a".into(), vec![255])));
        assert_eq!(decode(&with_values(&[31, 29])), None); // a bit beyond the byte
        assert_eq!(decode(&with_values(&[31, 28, 0])), None); // a whole letter beyond it
    }

    proptest! {
        #[test]
        fn bytes_round_trip_in_both_cases(bytes: Vec<u8>) {
            let text = encode("age", &bytes);
            prop_assert_eq!(decode(&text), Some(("age".to_owned(), bytes.clone())));
            prop_assert_eq!(decode(&text.to_uppercase()), Some(("age".to_owned(), bytes)));
        }

        #[test]
        fn a_changed_letter_is_noticed(at in 0_usize..62, to in 0_usize..32) {
            let mut text = encode("age", &[7; 32]).into_bytes();
            let (at, to) = (at.max(4), CHARSET[to]);
            prop_assume!(text[at] != to);
            text[at] = to;
            prop_assert_eq!(decode(std::str::from_utf8(&text).unwrap()), None);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text: String) {
            let _ = decode(&text);
        }
    }
}
