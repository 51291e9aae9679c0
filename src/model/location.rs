//! Where something stands: a path inside the judged tree, a line and a column.

use std::fmt;
use std::sync::Arc;

/// A path relative to the root of what is judged, with `/` between its parts, fit to be shown.
///
/// Bytes of a name that are not UTF-8 appear as `\xNN`, so that two names never look the same. Control characters
/// are kept here and neutralised by `report`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Arc<str>);

impl TreePath {
    /// Wraps a relative path that already has `/` as its separator.
    pub fn new(path: impl Into<Arc<str>>) -> Self {
        Self(path.into())
    }

    /// From the bytes of a path, escaping what is not UTF-8 (and a backslash before such an escape).
    pub fn from_bytes(bytes: &[u8]) -> Self {
        use fmt::Write as _;
        let mut out = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            out.push_str(chunk.valid());
            for byte in chunk.invalid() {
                let _ = write!(out, "\\x{byte:02x}"); // writing to a String cannot fail
            }
        }
        Self(out.into())
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
