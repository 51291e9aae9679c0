//! What git says is in a checkout: tracked, untracked and ignored paths. Nothing of the files themselves is read.

use super::program::Call;
use super::{Git, GitError, is_object_id, malformed};
use crate::sys::beside;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// The paths of a checkout, as bytes with `/`, relative to its top.
pub struct Listing {
    entries: Vec<u8>,
    ignored: Vec<u8>,
    /// Whether git ignores the directory that the listing was restricted to.
    pub below_is_ignored: bool,
}

/// A path that git does not ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'l> {
    /// In the index.
    Tracked(Tracked<'l>),
    /// Not in the index. A path that ends in `/` is a repository of its own, which git does not look into.
    Untracked(&'l [u8]),
}

/// An entry of the index. A path in conflict appears once for each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked<'l> {
    /// File mode as git writes it, read as octal: `0o100644`, [`super::MODE_LINK`], [`super::MODE_GITLINK`], ….
    pub mode: u32,
    /// The object that the index holds for it.
    pub oid: &'l str,
    /// Left out of the work tree on purpose (sparse checkout).
    pub skip_worktree: bool,
    /// The path.
    pub path: &'l [u8],
}

impl Listing {
    /// The paths that are not ignored, in git's order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        // Nothing is lost: `Git::listing` refuses output with a record that does not parse.
        records(&self.entries).filter_map(|record| parse(record).ok())
    }

    /// The ignored paths; a directory that is ignored as a whole appears once, with `/` at its end.
    pub fn ignored(&self) -> impl Iterator<Item = &[u8]> {
        records(&self.ignored)
    }
}

impl Git<'_> {
    /// Lists the checkout, or one path and what lies below it. No file is opened and none but the directories is
    /// looked at.
    pub fn listing(&self, below: Option<&[u8]>) -> Result<Listing, GitError> {
        let restricted = |args: &[&str]| {
            let mut args: Vec<OsString> = args.iter().map(Into::into).collect();
            args.extend(below.into_iter().flat_map(|path| ["--".into(), OsStr::from_bytes(path).to_owned()]));
            Call::new("ls-files", args)
        };
        // `-m` and `git status` would compare contents, and so run the filters of a repository. These do not.
        let entries = restricted(&["-z", "-t", "--stage", "--cached", "--others", "--exclude-standard"]);
        let ignored = restricted(&["-z", "--others", "--ignored", "--exclude-standard", "--directory"]);
        let ask = || below.map_or(Ok(false), |path| self.ignores(path));
        let (ignored, (asked, entries)) = beside(|| self.run_ok(&ignored), || beside(ask, || self.run_ok(&entries)));
        let listing = Listing {
            entries: entries?.stdout,
            ignored: ignored.expect("the thread that runs git does not panic")?.stdout,
            below_is_ignored: asked.expect("the thread that runs git does not panic")?,
        };
        records(&listing.entries).try_for_each(|record| parse(record).map(|_| ()))?;
        Ok(listing)
    }

    /// Whether the ignore rules cover the path, tracked or not.
    fn ignores(&self, path: &[u8]) -> Result<bool, GitError> {
        let mut here = OsString::from("./"); // so that no path reads as an option or as pathspec magic
        here.push(OsStr::from_bytes(path));
        let args: [OsString; 4] = ["--quiet".into(), "--no-index".into(), "--".into(), here];
        let call = Call { literal_paths: false, ..Call::new("check-ignore", args) };
        let output = self.run(&call)?;
        match output.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(super::failed("check-ignore", &output)),
        }
    }
}

/// The records of `-z` output.
pub(super) fn records(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == 0).filter(|record| !record.is_empty()) // the empty one follows the last NUL
}

/// `? path`, or `TAG MODE OID STAGE<TAB>path`.
fn parse(record: &[u8]) -> Result<Entry<'_>, GitError> {
    let understood = || {
        if let Some(path) = record.strip_prefix(b"? ") {
            return Some(Entry::Untracked(path));
        }
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let (head, path) = record.split_at_checked(tab)?;
        let path = path.strip_prefix(b"\t")?;
        let mut words = std::str::from_utf8(head).ok()?.split(' ');
        let (tag, mode, oid, stage) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let sound = matches!(tag, "H" | "S" | "M") && matches!(stage, "0" | "1" | "2" | "3") && is_object_id(oid);
        let mode = u32::from_str_radix(mode, 8).ok()?;
        (sound && words.next().is_none() && !path.is_empty()).then_some(Entry::Tracked(Tracked {
            mode,
            oid,
            skip_worktree: tag == "S",
            path,
        }))
    };
    understood().ok_or_else(|| malformed("ls-files", record))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "1eb5f94ddee825b2ec0334eb8927bc0f224f300a";

    #[test]
    fn a_record_is_read_as_git_documents_it_and_anything_else_is_refused() {
        let good = format!("S 100644 {OID} 0\ta\tb \u{e9}");
        let expected = Tracked { mode: 0o100_644, oid: OID, skip_worktree: true, path: "a\tb \u{e9}".as_bytes() };
        assert_eq!(parse(good.as_bytes()), Ok(Entry::Tracked(expected)));
        assert_eq!(parse(b"? x y/"), Ok(Entry::Untracked(b"x y/")));
        for bad in [
            format!("Z 100644 {OID} 0\ta"),
            format!("H 100844 {OID} 0\ta"),
            format!("H 100644 {OID} 4\ta"),
            format!("H 100644 {OID} 0\t"),
            format!("H 100644 {OID} 0 a"),
            "H 100644 1eb5 0\ta".to_owned(),
            "?x".to_owned(),
        ] {
            assert!(matches!(parse(bad.as_bytes()), Err(GitError::Malformed { command: "ls-files", .. })), "{bad}");
        }
    }
}
