//! The text of a requirements file and its logical lines, as pip reads them. What a line says is for `items` to find.

use crate::inventory::place::{Refusal, utf8};
use std::borrow::Cow;

/// A line with what continues it, without comments and the blanks around it. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Byte offset, in the decoded text, of its first character.
    pub(super) at: usize,
    pub(super) text: String,
}

/// The text: UTF-8, or UTF-16 with a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let wide = |from: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units = rest.chunks(2).map(|pair| match *pair {
            [a, b] => from([a, b]),
            _ => 0xdc00, // half a unit is no character
        });
        let text: Result<String, _> = char::decode_utf16(units).collect();
        text.map(Cow::Owned).map_err(|_| {
            let at = bytes.len();
            Refusal::new(at, "not UTF-16, though it begins like it", "restore the file from version control")
        })
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        _ => utf8(bytes).map(Cow::Borrowed),
    }
}

/// Where Python ends a line. An editor shows some of these as nothing at all, and what follows is a line to pip.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The logical lines. A backslash at the end joins a line with the next one; a line that is a comment ends that.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut out = Vec::new();
    let mut open: Option<Line> = None;
    let mut at = 0;
    for with_end in text.split_inclusive(ends_line) {
        let bare = with_end.trim_end_matches(ends_line);
        let bare = if at == 0 { bare.trim_start_matches('\u{feff}') } else { bare };
        let begin =
            at + with_end.trim_end_matches(ends_line).len() - bare.len() + (bare.len() - bare.trim_start().len());
        at += with_end.len();
        let comment = bare.trim_start().starts_with('#');
        let line = open.get_or_insert_with(|| Line { at: begin, text: String::new() });
        if line.text.trim().is_empty() {
            line.at = begin; // nothing but blanks so far
        }
        if comment {
            line.text.push(' '); // what was joined to it stays apart
        }
        match bare.strip_suffix('\\').filter(|_| !comment) {
            Some(start) => line.text.push_str(start),
            None => {
                line.text.push_str(bare);
                out.extend(open.take().as_ref().and_then(finished));
            }
        }
    }
    out.extend(open.as_ref().and_then(finished));
    out
}

/// Without its comment, which begins with `#` at the start or after a blank.
fn finished(line: &Line) -> Option<Line> {
    let text = line.text.as_str();
    let before =
        |at: usize| text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with(char::is_whitespace));
    let comment = text.match_indices('#').map(|(at, _)| at).find(|at| before(*at));
    let text = comment.and_then(|at| text.get(..at)).unwrap_or(text).trim();
    (!text.is_empty()).then(|| Line { at: line.at, text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, String)> {
        lines(text).into_iter().map(|line| (line.at, line.text)).collect()
    }

    fn owned(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
        lines.iter().map(|(at, text)| (*at, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_are_joined_and_lose_their_comments() {
        assert_eq!(read("a\n# b\n\n  c # d\r\ne#f\n"), owned(&[(0, "a"), (9, "c"), (16, "e#f")]));
        assert_eq!(read("a \\\n  --hash=x \\\n  --hash=y\nb"), owned(&[(0, "a   --hash=x   --hash=y"), (28, "b")]));
        assert_eq!(read("a \\\n# c\nb\n"), owned(&[(0, "a"), (8, "b")]));
        assert_eq!(read("\\\n a\n"), owned(&[(3, "a")]));
        assert_eq!(read("a\\"), owned(&[(0, "a")]));
        assert_eq!(read("\u{feff}a\n"), owned(&[(3, "a")]));
        assert_eq!(read("# a \\\nb\n"), owned(&[(6, "b")]));
    }

    #[test]
    fn every_end_of_a_line_that_python_knows_ends_a_comment() {
        for end in ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'] {
            let text = format!("# a{end}b==1");
            assert_eq!(read(&text), owned(&[(3 + end.len_utf8(), "b==1")]), "{end:?}");
        }
        assert_eq!(read("# a\tb==1"), []);
    }

    #[test]
    fn utf16_is_decoded_by_its_mark() {
        assert_eq!(decode(b"\xff\xfea\x00\n\x00").unwrap(), "a\n");
        assert_eq!(decode(b"\xfe\xff\x00a").unwrap(), "a");
        assert!(decode(b"\xff\xfea").is_err());
        assert!(decode(b"\xff\xfe\x00\xd8").is_err());
        assert!(decode(b"\xff").is_err());
    }
}
