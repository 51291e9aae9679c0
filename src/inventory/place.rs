//! Line and column of a byte offset, and the gap of a file that is refused. Knows no format.

use crate::model::{Digest, Gap, GapKind, Stage, TreePath};
use std::str::Utf8Error;

/// What some editors put before the first character; it has no width.
const BOM: char = '\u{feff}';
/// Characters of what the TOML reader says: it repeats values of the file, which may be as long as the file.
const MAX_SAID: usize = 300;

/// Why and where a file is refused; [`Refusal::gap`] makes the gap of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The kind of the gap.
    pub(super) kind: GapKind,
    /// Byte offset, where there is one.
    pub(super) at: Option<usize>,
    /// Lowercase, without a full stop.
    pub(super) why: String,
    /// What mends it.
    pub(super) help: String,
}

impl Refusal {
    /// The file is not what its name says, or damaged.
    pub(super) fn new(at: usize, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind: GapKind::ParseFailed, at: Some(at), why: why.into(), help: help.into() }
    }

    /// The file is no text.
    pub(super) fn not_utf8(error: Utf8Error) -> Self {
        let at = error.valid_up_to();
        Self::new(at, format!("not UTF-8 from byte {at} on"), "restore the file from version control")
    }

    /// From an error of the TOML reader.
    pub(super) fn toml(error: &toml::de::Error, help: impl Into<String>) -> Self {
        let said = error.message();
        let cut = said.char_indices().nth(MAX_SAID).and_then(|(at, _)| said.get(..at));
        let said = cut.map_or_else(|| said.to_owned(), |start| format!("{start} …"));
        let why = format!("not valid TOML: {}", said.replace('\n', ", "));
        Self { kind: GapKind::ParseFailed, at: error.span().map(|span| span.start), why, help: help.into() }
    }

    /// The gap, with line and digest of the file.
    pub(super) fn gap(self, path: &TreePath, bytes: &[u8]) -> Gap {
        let gap = Gap::new(self.kind, Stage::Inventory, path.as_str(), self.why)
            .with_path(path.clone())
            .with_help(self.help)
            .with_digest(Digest::of(bytes));
        match self.at {
            Some(at) => gap.with_line(line_of(bytes, at)),
            None => gap,
        }
    }
}

/// The file as text, or why it is none.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(Refusal::not_utf8)
}

/// The 1-based line of a byte offset.
pub(super) fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let before = bytes.get(..offset.min(bytes.len())).unwrap_or(bytes);
    number(before.iter().filter(|b| **b == b'\n').count() + 1)
}

/// Walks a text forwards and says line and column of ascending offsets; each byte is looked at once.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'a> Cursor<'a> {
    /// At the first character.
    pub(super) fn new(text: &'a str) -> Self {
        let at = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
        Self { text, at, line: 1, column: 1 }
    }

    /// 1-based line and column, in characters, of a byte offset. An offset before the last one starts again.
    pub(super) fn place(&mut self, offset: usize) -> (u32, u32) {
        if offset < self.at {
            *self = Self::new(self.text);
        }
        // An offset inside a character, or past the end, cannot come from a parser; the place then stays where it was.
        if let Some(between) = self.text.get(self.at..offset) {
            match memchr::memrchr(b'\n', between.as_bytes()).and_then(|end| between.get(end + 1..)) {
                Some(rest) => {
                    self.line += memchr::memchr_iter(b'\n', between.as_bytes()).count();
                    self.column = rest.chars().count() + 1;
                }
                None => self.column += between.chars().count(),
            }
            self.at = offset;
        }
        (number(self.line), number(self.column))
    }
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut cursor = Cursor::new("\u{feff}ab\né[x\n\n[");
        assert_eq!(cursor.place(3), (1, 1));
        assert_eq!(cursor.place(4), (1, 2));
        assert_eq!(cursor.place(6), (2, 1));
        assert_eq!(cursor.place(8), (2, 2));
        assert_eq!(cursor.place(9), (2, 3));
        assert_eq!(cursor.place(12), (4, 1));
        assert_eq!(cursor.place(6), (2, 1));
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_its_offset() {
        assert_eq!(utf8(b"ab"), Ok("ab"));
        let refusal = utf8(b"a\nb\xff").unwrap_err();
        assert_eq!(refusal.at, Some(3));
        let gap = refusal.gap(&TreePath::new("Cargo.lock"), b"a\nb\xff");
        assert_eq!((gap.kind, gap.line), (GapKind::ParseFailed, Some(2)));
        assert_eq!(gap.why, "not UTF-8 from byte 3 on");
    }
}
