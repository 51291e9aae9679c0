//! The compact form of a version: bytes that sort as the version does. It knows no scheme; each scheme writes its own.
//!
//! Every order of this module is lexicographic over parts, so a version can be written once as bytes whose plain
//! comparison is the order. That makes each order total by construction, equality and hash agree with it, and comparing
//! costs one `memcmp`. Two rules keep it true: a part begins with a tag that sorts it among the parts that may stand in
//! its place, and no encoding of a part is the beginning of another.

/// Digits that one length byte can count; a longer number has two more bytes of length.
const SHORT: usize = 254;

/// A key under construction.
pub(super) struct Key(Vec<u8>);

impl Key {
    /// An empty key for a text of that many bytes.
    pub(super) fn with_room_for(text: usize) -> Key {
        Key(Vec::with_capacity(text * 2 + 8))
    }

    /// One byte that says what follows. Ascending tags are ascending versions.
    pub(super) fn tag(&mut self, tag: u8) {
        self.0.push(tag);
    }

    /// A number of any length, written as decimal digits. None at all is zero; leading zeros do not count.
    pub(super) fn number(&mut self, digits: &[u8]) {
        let digits = without_leading_zeros(digits);
        match u8::try_from(digits.len()) {
            Ok(length) if digits.len() <= SHORT => self.0.push(length),
            _ => {
                self.0.push(u8::MAX);
                self.count(digits.len());
            }
        }
        self.0.extend_from_slice(digits);
    }

    /// How often something stands; more sorts later. Texts are shorter than 65,535 bytes (`MAX_LENGTH`).
    pub(super) fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&u16::try_from(count).unwrap_or(u16::MAX).to_be_bytes());
    }

    /// How often something stands; more sorts earlier.
    pub(super) fn count_down(&mut self, count: usize) {
        self.0.extend_from_slice(&(!u16::try_from(count).unwrap_or(u16::MAX)).to_be_bytes());
    }

    /// Words in ASCII order, a beginning before what it begins. The bytes must not be zero, which closes the word.
    pub(super) fn text(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
        self.0.push(0);
    }

    /// As `text`, in lower case.
    pub(super) fn text_lower(&mut self, text: &[u8]) {
        self.0.extend(text.iter().map(u8::to_ascii_lowercase));
        self.0.push(0);
    }

    /// The finished key.
    pub(super) fn finish(self) -> Box<[u8]> {
        self.0.into_boxed_slice()
    }
}

/// The digits that count; none for zero.
pub(super) fn without_leading_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|d| **d == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

/// Whether the digits say zero, or there are none.
pub(super) fn is_zero(digits: &[u8]) -> bool {
    digits.iter().all(|d| *d == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(write: impl FnOnce(&mut Key)) -> Box<[u8]> {
        let mut key = Key::with_room_for(0);
        write(&mut key);
        key.finish()
    }

    #[test]
    fn a_number_of_any_length_is_compared_as_a_number() {
        let nines = |n| "9".repeat(n);
        let tens = |n| format!("1{}", "0".repeat(n));
        for n in [1, 20, 253, 254, 255, 256, 600] {
            let (low, high) = (key(|k| k.number(nines(n).as_bytes())), key(|k| k.number(tens(n).as_bytes())));
            assert!(low < high, "{n} nines are less than the next number");
        }
        assert_eq!(key(|k| k.number(b"007")), key(|k| k.number(b"7")));
        assert_eq!(key(|k| k.number(b"0")), key(|k| k.number(b"")));
    }

    proptest! {
        #[test]
        fn keys_of_numbers_sort_as_the_numbers(a: u128, b: u128) {
            let of = |n: u128| key(|k| k.number(n.to_string().as_bytes()));
            prop_assert_eq!(a.cmp(&b), of(a).cmp(&of(b)));
        }

        #[test]
        fn keys_of_words_sort_as_the_words(a in "[a-z]{0,4}", b in "[a-z]{0,4}") {
            let of = |s: &str| key(|k| k.text(s.as_bytes()));
            prop_assert_eq!(a.cmp(&b), of(&a).cmp(&of(&b)));
        }

        #[test]
        fn counts_sort_up_and_down(a in 0_usize..2000, b in 0_usize..2000) {
            prop_assert_eq!(a.cmp(&b), key(|k| k.count(a)).cmp(&key(|k| k.count(b))));
            prop_assert_eq!(b.cmp(&a), key(|k| k.count_down(a)).cmp(&key(|k| k.count_down(b))));
        }
    }
}
