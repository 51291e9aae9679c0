//! SHA-256 digests (FIPS 180-4), written `sha256:<64 hex digits>`.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// The text is not 64 hex digits, with or without the prefix `sha256:`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest of 64 hex digits")]
pub struct NotADigest;

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// 64 lowercase hex digits without a prefix.
    pub fn hex(&self) -> String {
        let mut text = String::with_capacity(64);
        text.extend(self.hex_digits().map(char::from));
        text
    }

    /// Whether the text is [`Digest::hex`], without making one.
    pub fn is_hex(&self, text: &str) -> bool {
        self.hex_digits().eq(text.bytes())
    }

    fn hex_digits(&self) -> impl Iterator<Item = u8> {
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
        self.0.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 15)])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text).as_bytes();
        if hex.len() != 64 {
            return Err(NotADigest);
        }
        let mut bytes = [0; 32];
        let mut digits = true;
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            // 64 digits make 32 pairs for 32 bytes: nothing is left over. Without a branch for each digit, which nothing
            // could foresee; a lock has a digest for each package.
            for digit in pair {
                let (low, high) = (digit.wrapping_sub(b'0'), (digit | 0x20).wrapping_sub(b'a'));
                digits &= (low < 10) | (high < 6);
                *byte = *byte << 4 | if low < 10 { low } else { high.wrapping_add(10) & 15 };
            }
        }
        if !digits {
            return Err(NotADigest);
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_told_from_any_other_text() {
        let digest = Digest::of(b"");
        let hex = digest.hex();
        assert!(digest.is_hex(&hex));
        for other in ["", &hex.replacen('e', "", 1), &format!("{hex}0"), &hex.to_uppercase(), &digest.to_string()] {
            assert!(!digest.is_hex(other), "{other}");
        }
    }

    #[test]
    fn text_and_bytes_round_trip() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.hex().parse(), Ok(digest));
        assert_eq!(digest.hex().replace('b', "g").parse::<Digest>(), Err(NotADigest));
        assert_eq!("sha256:00".parse::<Digest>(), Err(NotADigest));
        assert_eq!(digest.hex().to_uppercase().parse(), Ok(digest));
    }

    #[test]
    fn only_hex_digits_are_digits() {
        let zeros = "0".repeat(63);
        for byte in 0..=127_u8 {
            let text = format!("{zeros}{}", char::from(byte));
            let last = text.parse::<Digest>().ok().map(|digest| u32::from(digest.0[31]));
            assert_eq!(last, char::from(byte).to_digit(16), "{byte}");
        }
        assert_eq!(format!("{}é", "0".repeat(62)).parse::<Digest>(), Err(NotADigest));
    }
}
