//! The text at the beginning of an age file: version, recipient stanzas, MAC (C2SP age, "Header"). What a stanza means
//! is not known here, and nothing is verified.

use super::AgeError;
use crate::sys::Bytes;
use crate::text::base64;

/// A key file is for a handful of recipients; the largest stanza known has 1.6 KiB.
pub const MAX_HEADER: Bytes = Bytes(64 << 10);
/// Each stanza may cost an operation on the curve for each identity.
pub const MAX_STANZAS: usize = 20;
/// What every version of the format begins with.
pub(super) const INTRO: &str = "age-encryption.org/";
const VERSION_LINE: &str = "age-encryption.org/v1";
/// Letters of a full line of a stanza's body, and the bytes that they hold.
const COLUMNS: usize = 64;
const LINE_BYTES: usize = COLUMNS / 4 * 3;

/// One recipient stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stanza {
    /// At least one; the first says what kind of recipient it is. Each is printable ASCII without spaces.
    pub args: Vec<String>,
    /// For that recipient to understand.
    pub body: Vec<u8>,
}

/// A header that parsed; its MAC is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// At least one, in their order.
    pub stanzas: Vec<Stanza>,
    /// HMAC-SHA-256 under a key derived from the file key, over all up to and including the dashes of the last line.
    pub mac: [u8; 32],
}

impl Header {
    /// Parses the header at the beginning of untrusted bytes; the second value is what follows it. What parses is
    /// written back to the same bytes by [`Header::to_bytes`].
    pub fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), AgeError> {
        let mut lines = Lines { rest: bytes, read: 0, line: 0 };
        match lines.next() {
            Ok(VERSION_LINE) => {}
            Ok(line) if line.starts_with(INTRO) && line.bytes().all(|byte| byte.is_ascii_graphic()) => {
                return Err(AgeError::UnsupportedVersion);
            }
            // What has no line within the limit is not an age file either.
            _ => return Err(AgeError::NotAge),
        }
        let mut stanzas = Vec::new();
        loop {
            let line = lines.next()?;
            if let Some(args) = line.strip_prefix("-> ") {
                if stanzas.len() >= MAX_STANZAS {
                    return Err(AgeError::TooManyStanzas);
                }
                stanzas.push(stanza(args, &mut lines)?);
                continue;
            }
            let mac = line.strip_prefix("--- ").and_then(unpadded).and_then(|mac| mac.try_into().ok());
            let Some(mac) = mac.filter(|_| !stanzas.is_empty()) else { return Err(lines.bad()) };
            return Ok((Self { stanzas, mac }, lines.rest));
        }
    }

    /// The header as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.authenticated();
        out.push(b' ');
        out.extend_from_slice(base64_unpadded(&self.mac).as_bytes());
        out.push(b'\n');
        out
    }

    /// What the MAC is over.
    pub(super) fn authenticated(&self) -> Vec<u8> {
        let mut out = format!("{VERSION_LINE}\n");
        for stanza in &self.stanzas {
            out.push_str(&format!("-> {}\n", stanza.args.join(" ")));
            for line in stanza.body.chunks(LINE_BYTES) {
                out.push_str(&base64_unpadded(line));
                out.push('\n');
            }
            // The last line must be a short one, and may be empty.
            if stanza.body.len().is_multiple_of(LINE_BYTES) {
                out.push('\n');
            }
        }
        out.push_str("---");
        out.into_bytes()
    }
}

/// The bytes of base 64 without padding, which has one writing (C2SP age, "Conventions").
pub(super) fn unpadded(text: &str) -> Option<Vec<u8>> {
    if text.ends_with('=') {
        return None;
    }
    let padding = "=".repeat(text.len().wrapping_neg() % 4);
    base64::decode(format!("{text}{padding}").as_bytes()).ok()
}

/// Base 64 without padding.
pub(super) fn base64_unpadded(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').to_owned()
}

fn stanza(args: &str, lines: &mut Lines<'_>) -> Result<Stanza, AgeError> {
    let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
    if !args.iter().all(|arg| !arg.is_empty() && arg.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Err(lines.bad());
    }
    let mut body = String::new();
    loop {
        let line = lines.next()?;
        body.push_str(line);
        if line.len() > COLUMNS || unpadded(line).is_none() {
            return Err(lines.bad());
        }
        if line.len() < COLUMNS {
            break;
        }
    }
    Ok(Stanza { args, body: unpadded(&body).ok_or_else(|| lines.bad())? })
}

/// The lines of a header, each of which ends with a line feed.
struct Lines<'b> {
    rest: &'b [u8],
    read: u64,
    line: usize,
}

impl<'b> Lines<'b> {
    /// The next line. Never reads beyond [`MAX_HEADER`].
    fn next(&mut self) -> Result<&'b str, AgeError> {
        self.line += 1;
        let left = usize::try_from(MAX_HEADER.0.saturating_sub(self.read)).unwrap_or(usize::MAX);
        let end = self.rest.iter().take(left).position(|byte| *byte == b'\n');
        let Some(end) = end else {
            return Err(if self.rest.len() > left { AgeError::HeaderTooLarge } else { self.bad() });
        };
        let (line, rest) = self.rest.split_at_checked(end).ok_or_else(|| self.bad())?;
        self.read += end as u64 + 1;
        self.rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        std::str::from_utf8(line).map_err(|_| self.bad())
    }

    /// The line last read is not as it must be.
    fn bad(&self) -> AgeError {
        AgeError::Header { line: self.line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAC: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn parsed(text: &str) -> Result<Header, AgeError> {
        let (header, rest) = Header::parse(text.as_bytes())?;
        assert_eq!([header.to_bytes(), rest.to_vec()].concat(), text.as_bytes());
        Ok(header)
    }

    fn head(stanzas: &str) -> String {
        format!("age-encryption.org/v1\n{stanzas}--- {MAC}\n")
    }

    #[test]
    fn a_header_is_read_up_to_the_payload() {
        let text = head(&format!("-> X25519 abc\nAAAA\n-> empty\n\n-> long x\n{}\n\n", "A".repeat(64))) + "payload\n";
        let header = parsed(&text).unwrap();
        let sizes: Vec<_> = header.stanzas.iter().map(|s| (s.args.join(" "), s.body.len())).collect();
        assert_eq!(sizes, [("X25519 abc".into(), 3), ("empty".into(), 0), ("long x".into(), 48)]);
        assert_eq!(header.mac, [0; 32]);
        assert_eq!(Header::parse(text.as_bytes()).unwrap().1, b"payload\n");
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_refused_with_its_line() {
        for (stanzas, line) in [
            ("", 2),
            ("->\n\n", 2),
            ("-> \n\n", 2),
            ("-> a  b\n\n", 2),
            ("-> a b \n\n", 2),
            ("-> a\u{e9}\n\n", 2),
            ("-> a\r\n\n", 2),
            ("-> a\n", 3),
            ("-> a\nAA==\n", 3),
            ("-> a\nAB\n", 3),
            ("-> a\nA\n", 3),
            ("-> a\nAAAA\nAAAA\n", 4),
            ("->a\n\n", 2),
            (" -> a\n\n", 2),
        ] {
            assert_eq!(parsed(&head(stanzas)), Err(AgeError::Header { line }), "{stanzas:?}");
        }
        let full = "A".repeat(64);
        assert_eq!(parsed(&head(&format!("-> a\n{full}A\n"))), Err(AgeError::Header { line: 3 }));
        assert_eq!(parsed(&head(&format!("-> a\n{full}\n"))), Err(AgeError::Header { line: 4 }));
        for mac in [&format!("{MAC}A"), &format!("{MAC}="), &MAC.replacen('A', "", 1), &format!("{MAC} "), "", " "] {
            let text = head("-> a\n\n").replace(MAC, mac);
            assert_eq!(parsed(&text), Err(AgeError::Header { line: 4 }), "{mac:?}");
        }
        assert_eq!(parsed(&head("-> a\n\n").replace("AAA\n", "AAB\n")), Err(AgeError::Header { line: 4 }));
        assert_eq!(parsed(head("-> a\n\n").trim_end()), Err(AgeError::Header { line: 4 }));
    }

    #[test]
    fn another_version_is_told_from_another_file() {
        for text in ["age-encryption.org/v2\n", "age-encryption.org/v10\n"] {
            assert_eq!(parsed(text), Err(AgeError::UnsupportedVersion), "{text:?}");
        }
        for text in ["", "age", "age-encryption.org/v1\r\n", "age-encryption.org/v1", "-----BEGIN PRIVATE KEY-----\n"] {
            assert_eq!(parsed(text), Err(AgeError::NotAge), "{text:?}");
        }
    }

    #[test]
    fn the_limits_are_where_they_are_said_to_be() {
        assert_eq!(parsed(&head(&"-> a\n\n".repeat(20))).unwrap().stanzas.len(), 20);
        assert_eq!(parsed(&head(&"-> a\n\n".repeat(21))), Err(AgeError::TooManyStanzas));
        let sized = |size: usize| head(&format!("-> {}\n\n", "a".repeat(size - head("-> \n\n").len())));
        assert_eq!(sized(65_536).len(), 65_536);
        assert!(parsed(&sized(65_536)).is_ok());
        assert_eq!(parsed(&sized(65_537)), Err(AgeError::HeaderTooLarge));
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_to_the_same_bytes(text in "(-> [a-c ]{1,6}\n([A-E]{64}\n){0,2}[A-E=]{0,6}\n){0,3}") {
            let _ = parsed(&head(&text));
        }

        #[test]
        fn any_stanzas_round_trip(bodies in prop::collection::vec(any::<Vec<u8>>(), 1..4), mac: [u8; 32]) {
            let stanzas = bodies.into_iter().map(|body| Stanza { args: vec!["a".into(), "!~".into()], body }).collect();
            let header = Header { stanzas, mac };
            let bytes = header.to_bytes();
            prop_assert_eq!(Header::parse(&bytes), Ok((header, b"".as_slice())));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let _ = Header::parse(&bytes);
        }
    }
}
