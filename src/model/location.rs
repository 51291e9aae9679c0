//! Where something stands: a path inside the judged tree, a line and a column.

use std::fmt;
use std::sync::Arc;

/// A path relative to the root of what is judged, with `/` between its parts, fit to be shown.
///
/// Bytes of a name that are not UTF-8 appear as `\xNN` (two lowercase hex digits); where a name itself holds a backslash
/// before `x` and two such digits, that backslash appears as `\x5c`. So two names never look the same, and
/// [`TreePath::to_bytes`] finds the way back. Control characters are kept here and neutralised by `report`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Arc<str>);

impl TreePath {
    /// Wraps a relative path that already has `/` as its separator.
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self(path.into())
    }

    /// From the bytes of a path, escaping what is not UTF-8 and a backslash that would read as such an escape.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let mut out = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some((before, after)) = rest.split_once('\\') {
                out.push_str(before);
                out.push_str(if escaped_byte(after.as_bytes()).is_some() { "\\x5c" } else { "\\" });
                rest = after;
            }
            out.push_str(rest);
            for byte in chunk.invalid() {
                let _ = write!(out, "\\x{byte:02x}"); // writing to a String cannot fail
            }
        }
        Self(out.into())
    }

    /// The bytes of the path as the file system or git has them: the inverse of [`TreePath::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            match escaped_byte(after).filter(|_| first == b'\\') {
                Some(byte) => {
                    out.push(byte);
                    rest = after.get(3..).unwrap_or_default(); // `x` and two digits were just seen
                }
                None => {
                    out.push(first);
                    rest = after;
                }
            }
        }
        out
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last part; empty at the root.
    pub fn parent(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(dir, _)| dir)
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The byte written as `xNN` at the start, what follows a backslash in an escape.
fn escaped_byte(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    match *text {
        [b'x', high, low, ..] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    }
}

/// A place in a file. Line and column count from 1; the column counts Unicode scalar values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub path: TreePath,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
}

impl Location {
    /// The whole file, shown as its first character.
    pub fn file(path: TreePath) -> Self {
        Self { path, line: 1, column: 1 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_that_spells_an_escape_differs_from_the_byte_it_spells() {
        assert_eq!(TreePath::from_bytes(b"a\xff/b").as_str(), r"a\xff/b");
        assert_eq!(TreePath::from_bytes(br"a\xff/b").as_str(), r"a\x5cxff/b");
        assert_eq!(TreePath::from_bytes(br"a\xFF/b\").as_str(), r"a\xFF/b\");
        assert_eq!(TreePath::from_bytes("é".as_bytes()).as_str(), "é");
    }

    proptest! {
        #[test]
        fn every_name_comes_back_byte_for_byte(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\\'), Just(b'x'), Just(b'5'), Just(b'c'), any::<u8>()], 0..40)
        ) {
            prop_assert_eq!(TreePath::from_bytes(&bytes).to_bytes(), bytes);
        }
    }
}
