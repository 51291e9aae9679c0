//! Base 64 and hex read once more, in another way than the readers do: letter by letter, into single bits.

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of a padded text that no other text decodes to; none for everything else.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    let padding = text.len() - letters.len();
    let mut bits = Vec::new();
    for letter in letters.chars() {
        let value = LETTERS.find(letter)?;
        bits.extend((0..6).rev().map(|at| value >> at & 1));
    }
    let over = bits.len() % 8;
    // Two letters of padding stand for four bits left over, one for two, none for none.
    let whole = text.len().is_multiple_of(4) && over == 2 * padding && padding < 3;
    let (bytes, rest) = bits.split_at(bits.len() - over);
    let byte = |bits: &[usize]| u8::try_from(bits.iter().fold(0, |byte, bit| byte << 1 | bit)).expect("eight bits");
    (whole && rest.iter().all(|bit| *bit == 0)).then(|| bytes.chunks(8).map(byte).collect())
}

/// Whether the text is so many digits of lowercase hex.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.chars().all(|c| "0123456789abcdef".contains(c))
}

/// Whether a key can have the name: C2SP signed-note, and our limit of 255 bytes without control characters.
pub(crate) fn is_name(name: &str) -> bool {
    let bad = |c: char| c == '+' || c.is_whitespace() || c.is_control();
    !name.is_empty() && name.len() <= 255 && name.chars().all(|c| !bad(c))
}
