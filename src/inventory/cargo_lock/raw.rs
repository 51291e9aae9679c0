//! What both readers of a lock make of it: its entries as written, with their byte offsets. Nothing is judged here.

use std::borrow::Cow;
use std::ops::Range;

/// A string of the file and the offset where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) at: usize,
}

/// An entry of `[[package]]`, `[root]` or `[[patch.unused]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawPackage<'a> {
    /// Offset of the header.
    pub(super) at: usize,
    pub(super) name: Text<'a>,
    pub(super) version: Text<'a>,
    pub(super) source: Option<Text<'a>>,
    pub(super) checksum: Option<Text<'a>>,
    /// Where its dependencies are in [`RawLock::dependencies`].
    pub(super) dependencies: Range<usize>,
    pub(super) replace: Option<Text<'a>>,
}

/// A lock as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RawLock<'a> {
    pub(super) version: Option<(i64, usize)>,
    pub(super) packages: Vec<RawPackage<'a>>,
    pub(super) root: Option<RawPackage<'a>>,
    /// In order of the key.
    pub(super) metadata: Vec<(Text<'a>, Text<'a>)>,
    pub(super) unused: Vec<RawPackage<'a>>,
    /// The dependencies of all packages, one after the other.
    pub(super) dependencies: Vec<Text<'a>>,
}

impl<'a> RawLock<'a> {
    /// The dependencies of one package.
    pub(super) fn dependencies_of(&self, package: &RawPackage<'a>) -> &[Text<'a>] {
        self.dependencies.get(package.dependencies.clone()).unwrap_or_default()
    }
}

/// The range of a package's dependencies; one empty range for all that have none, so that values compare.
pub(super) fn range(start: usize, end: usize) -> Range<usize> {
    if start == end { 0..0 } else { start..end }
}
