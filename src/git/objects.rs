//! Commits as trees of blobs, and the bytes of blobs, straight from the object store. No work tree, no conversion.

use super::listing::records;
use super::program::Call;
use super::{Git, GitError, is_object_id, malformed};
use crate::sys::{Bytes, Fault, SysError};

/// The mode of a symbolic link.
pub const MODE_LINK: u32 = 0o120_000;
/// The mode of a commit of another repository: a submodule.
pub const MODE_GITLINK: u32 = 0o160_000;

/// One answer of git is held in memory as a whole; more blobs than this are asked for in several calls.
const BATCH_LIMIT: Bytes = Bytes::mib(128);
/// All blobs of one request together. A repository of a few KiB can unpack to any size.
const TOTAL_LIMIT: Bytes = Bytes::mib(512);
/// An id, a type and a size, for each blob asked for.
const HEADER_MAX: u64 = 128;

/// The leaves of a commit's tree: files, links, submodules.
pub struct Leaves(Vec<u8>);

/// A leaf of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'l> {
    /// File mode as git writes it, read as octal.
    pub mode: u32,
    /// The object; for [`MODE_GITLINK`] a commit of another repository.
    pub oid: &'l str,
    /// Path with `/`, relative to the top.
    pub path: &'l [u8],
}

/// What became of one object that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blob {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It is not in this clone.
    Missing,
    /// It is larger than the caller's limit, or past the limit for one request.
    TooLarge {
        /// Its size.
        size: Bytes,
    },
    /// It is a commit, tree or tag.
    NotABlob,
}

impl Leaves {
    /// The leaves in git's order.
    pub fn iter(&self) -> impl Iterator<Item = Leaf<'_>> {
        // Nothing is lost: `Git::tree` refuses output with a record that does not parse.
        records(&self.0).filter_map(|record| leaf(record).ok())
    }
}

impl Git<'_> {
    /// Every leaf of the commit, whose id must be complete.
    pub fn tree(&self, commit: &str) -> Result<Leaves, GitError> {
        if !is_object_id(commit) {
            return Err(GitError::BadRevision { rev: commit.to_owned() });
        }
        let output = self.run(&Call::new("ls-tree", ["-r", "-z", "--full-tree", commit]))?;
        if output.code != Some(0) {
            self.commit(commit)?; // says so if it is the commit that is missing
            return Err(super::failed("ls-tree", &output));
        }
        records(&output.stdout).try_for_each(|record| leaf(record).map(|_| ()))?;
        Ok(Leaves(output.stdout))
    }

    /// The bytes of blobs of at most `limit` each, in the order of their complete ids.
    pub fn blobs(&self, oids: &[&str], limit: Bytes) -> Result<Vec<Blob>, GitError> {
        if let Some(bad) = oids.iter().find(|oid| !is_object_id(oid)) {
            return Err(GitError::BadRevision { rev: (*bad).to_owned() });
        }
        if oids.is_empty() {
            return Ok(Vec::new());
        }
        match self.batch(oids, limit) {
            Err(GitError::Sys(SysError { fault: Fault::TooLarge { .. }, .. })) => self.blobs_in_parts(oids, limit),
            other => other,
        }
    }

    /// Asks for sizes first, then for what is within the limits, in calls of at most [`BATCH_LIMIT`].
    pub(super) fn blobs_in_parts(&self, oids: &[&str], limit: Bytes) -> Result<Vec<Blob>, GitError> {
        let sizes = self.cat_file("--batch-check", oids)?;
        let mut lines = sizes.split(|byte| *byte == b'\n');
        let (mut result, mut wanted) = (Vec::with_capacity(oids.len()), Vec::new());
        let (mut total, mut pending) = (0_u64, 0_u64);
        for oid in oids {
            let blob = match header(oid, lines.next().unwrap_or_default())? {
                Header::Missing => Blob::Missing,
                Header::Other(_) => Blob::NotABlob,
                Header::Blob(size) if size > limit.0 || total.saturating_add(size) > TOTAL_LIMIT.0 => {
                    Blob::TooLarge { size: Bytes(size) }
                }
                Header::Blob(size) => {
                    if pending + size > BATCH_LIMIT.0 {
                        self.fill(&mut result, &mut wanted, limit)?;
                        pending = 0;
                    }
                    (total, pending) = (total + size, pending + size);
                    wanted.push((result.len(), *oid));
                    Blob::Missing // until it is filled in below
                }
            };
            result.push(blob);
        }
        self.fill(&mut result, &mut wanted, limit)?;
        Ok(result)
    }

    fn fill(&self, result: &mut [Blob], wanted: &mut Vec<(usize, &str)>, limit: Bytes) -> Result<(), GitError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let oids: Vec<&str> = wanted.iter().map(|(_, oid)| *oid).collect();
        let blobs = self.batch(&oids, limit)?; // one for each id, or an error
        for ((at, _), blob) in wanted.drain(..).zip(blobs) {
            *result.get_mut(at).expect("the place was taken when the id was noted") = blob;
        }
        Ok(())
    }

    fn batch(&self, oids: &[&str], limit: Bytes) -> Result<Vec<Blob>, GitError> {
        let output = self.cat_file("--batch", oids)?;
        let mut rest = output.as_slice();
        let mut blobs = Vec::with_capacity(oids.len());
        for oid in oids {
            let (line, after) = split_line(rest).ok_or_else(|| malformed("cat-file", rest))?;
            rest = after;
            let (size, is_blob) = match header(oid, line)? {
                Header::Missing => {
                    blobs.push(Blob::Missing);
                    continue;
                }
                Header::Blob(size) => (size, true),
                Header::Other(size) => (size, false),
            };
            let length = usize::try_from(size).map_err(|_| malformed("cat-file", line))?;
            let (bytes, after) = rest.split_at_checked(length).ok_or_else(|| malformed("cat-file", line))?;
            rest = after.strip_prefix(b"\n").ok_or_else(|| malformed("cat-file", line))?;
            blobs.push(if !is_blob {
                Blob::NotABlob
            } else if size > limit.0 {
                Blob::TooLarge { size: Bytes(size) }
            } else {
                Blob::Bytes(bytes.to_vec())
            });
        }
        if rest.is_empty() { Ok(blobs) } else { Err(malformed("cat-file", rest)) }
    }

    fn cat_file(&self, mode: &'static str, oids: &[&str]) -> Result<Vec<u8>, GitError> {
        let headers = HEADER_MAX.saturating_mul(oids.len() as u64);
        let mut call = Call::new("cat-file", [mode]);
        call.stdin = oids.join("\n").into_bytes();
        call.stdin.push(b'\n');
        call.output_limit = Bytes(BATCH_LIMIT.0.saturating_add(headers));
        Ok(self.run_ok(&call)?.stdout)
    }
}

enum Header {
    Missing,
    Blob(u64),
    Other(u64),
}

/// `OID missing` or `OID TYPE SIZE`, for the object that was asked for at this place.
fn header(oid: &str, line: &[u8]) -> Result<Header, GitError> {
    let words = || {
        let rest = std::str::from_utf8(line).ok()?.strip_prefix(oid)?.strip_prefix(' ')?;
        match rest.split_once(' ') {
            None => (rest == "missing").then_some(Header::Missing),
            Some(("blob", size)) => size.parse().ok().map(Header::Blob),
            Some((_, size)) => size.parse().ok().map(Header::Other),
        }
    };
    words().ok_or_else(|| malformed("cat-file", line))
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.get(1..)?))
}

/// `MODE TYPE OID<TAB>path`.
fn leaf(record: &[u8]) -> Result<Leaf<'_>, GitError> {
    let understood = || {
        let tab = record.iter().position(|byte| *byte == b'\t')?;
        let (head, path) = record.split_at_checked(tab)?;
        let path = path.strip_prefix(b"\t").filter(|path| !path.is_empty())?;
        let mut words = std::str::from_utf8(head).ok()?.split(' ');
        let (mode, _kind, oid) = (words.next()?, words.next()?, words.next()?); // the mode says the kind as well
        let mode = u32::from_str_radix(mode, 8).ok()?;
        (is_object_id(oid) && words.next().is_none()).then_some(Leaf { mode, oid, path })
    };
    understood().ok_or_else(|| malformed("ls-tree", record))
}
