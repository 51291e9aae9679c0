//! A `.tar.gz` or `.tar` of a database in memory: the record files in it, with limits on everything. Nothing is unpacked
//! to a disk.

use super::compile::Origin;
use super::source::{COLLECTIONS, MAX_RECORD};
use super::{FeedError, directory_commit};
use crate::model::Timestamp;
use crate::sys::Bytes;
use flate2::read::GzDecoder;
use std::io::Read;
use tar::{Archive, EntryType};

/// The real archive has 1.5 MiB.
pub(super) const MAX_ARCHIVE: Bytes = Bytes::mib(64);
/// The real one has 8 MiB unpacked.
pub(super) const MAX_UNPACKED: Bytes = Bytes::mib(256);
/// Text packs about 1:5; nothing honest packs better than this.
const MAX_RATIO: u64 = 100;
/// Small archives may exceed the ratio, since a tar is padded: below this size nobody cares.
const RATIO_FREE: u64 = 4 << 20;
/// The real one has 2,500 entries.
const MAX_ENTRIES: usize = 200_000;

/// The record files of an archive, sorted by path, and where it says it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unpacked {
    /// `crates/h2/RUSTSEC-2024-0332.md` and its bytes.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// Paths that are wanted and lead to no regular file.
    pub(super) odd: Vec<String>,
    /// Regular files that are not wanted.
    pub(super) others: Vec<String>,
    pub(super) origin: Origin,
}

/// What to take of an archive.
pub(super) struct Taken<'a> {
    /// The first part of each path is the archive's own directory.
    pub(super) strip: bool,
    /// Whether a file of this path is wanted.
    pub(super) is_wanted: &'a dyn Fn(&str) -> bool,
    /// Of a larger file one byte more than this is given, so that the reader of records sees that it is too much.
    pub(super) max_file: Bytes,
}

/// Unpacks gzip (RFC 1952).
pub(super) fn gunzip(what: &str, bytes: &[u8]) -> Result<Vec<u8>, FeedError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        let page = bytes.trim_ascii_start().starts_with(b"<");
        return Err(refuse(what, if page { "it is a page of HTML or XML" } else { "it is not packed with gzip" }));
    }
    let limit = MAX_UNPACKED.0.min((bytes.len() as u64).saturating_mul(MAX_RATIO).max(RATIO_FREE));
    let mut out = Vec::new();
    let read = GzDecoder::new(bytes).take(limit + 1).read_to_end(&mut out);
    read.map_err(|e| refuse(what, format_args!("it is cut short or damaged ({e})")))?;
    if out.len() as u64 > limit {
        return Err(refuse(what, format_args!("it unpacks to more than {}", Bytes(limit))));
    }
    Ok(out)
}

/// Takes the record files of RustSec out of a tar (POSIX.1-2017, pax). With `strip`, the first part of each path is the
/// archive's own directory.
pub(super) fn untar(what: &str, bytes: &[u8], strip: bool) -> Result<Unpacked, FeedError> {
    // The rest of the repository: documents, scripts.
    let in_collection = |path: &str| COLLECTIONS.iter().any(|c| path == *c || path.starts_with(&format!("{c}/")));
    let unpacked = untar_of(what, bytes, &Taken { strip, is_wanted: &in_collection, max_file: MAX_RECORD })?;
    match unpacked.odd.first() {
        Some(path) => Err(refuse(what, format_args!("{path} is not a regular file"))),
        None => Ok(unpacked),
    }
}

/// Takes files out of a tar.
pub(super) fn untar_of(what: &str, bytes: &[u8], taken: &Taken<'_>) -> Result<Unpacked, FeedError> {
    // Without the two empty blocks at its end it was cut at a seam, which the format itself does not notice.
    if bytes.len() < 1_024 || bytes.iter().rev().take(1_024).any(|b| *b != 0) {
        return Err(refuse(what, "it ends before the end of the archive"));
    }
    let damaged = |e: std::io::Error| refuse(what, format_args!("it is damaged ({e})"));
    let mut out = Unpacked::default();
    let mut archive = Archive::new(bytes);
    for (count, entry) in archive.entries().map_err(damaged)?.enumerate() {
        if count == MAX_ENTRIES {
            return Err(FeedError::TooMany { what: what.to_owned(), limit: MAX_ENTRIES as u64, unit: "entries" });
        }
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            out.origin.commit = out.origin.commit.or(global_commit(&mut entry).map_err(damaged)?);
            continue;
        }
        let raw = entry.path_bytes().into_owned();
        let path = inside(&raw, taken.strip).map_err(|why| refuse(what, why))?;
        match (kind, (taken.is_wanted)(&path)) {
            (EntryType::Directory, _) => continue,
            (EntryType::Regular, true) => {}
            (EntryType::Regular, false) => {
                out.others.push(path);
                continue;
            }
            (_, true) => {
                out.odd.push(path);
                continue;
            }
            (_, false) => continue, // a link outside of the records
        }
        if let Ok(time) = entry.header().mtime() {
            // git archive writes the time of the commit into every entry.
            out.origin.committed = out.origin.committed.max(i64::try_from(time).ok().map(Timestamp));
        }
        let mut content = Vec::new();
        entry.by_ref().take(taken.max_file.0 + 1).read_to_end(&mut content).map_err(damaged)?;
        out.files.push((path, content));
    }
    out.files.sort();
    if out.files.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
        return Err(refuse(what, "two entries have one path"));
    }
    Ok(out)
}

/// The path in the archive, without its own directory. What could mean two places is refused.
fn inside(raw: &[u8], strip: bool) -> Result<String, &'static str> {
    let Ok(path) = std::str::from_utf8(raw) else { return Err("a path in it is not UTF-8") };
    let trimmed = path.strip_suffix('/').unwrap_or(path);
    if trimmed.split('/').any(|part| matches!(part, "" | "." | "..")) || path.contains(['\\', '\0']) {
        return Err("a path in it is absolute or leads out of it");
    }
    Ok(match trimmed.split_once('/') {
        Some((_, rest)) if strip => rest.to_owned(),
        None if strip => String::new(), // the archive's own directory, or a file beside it
        _ => trimmed.to_owned(),
    })
}

/// The commit that `git archive` writes into a global header as a comment.
fn global_commit(entry: &mut tar::Entry<'_, impl Read>) -> std::io::Result<Option<String>> {
    let mut text = Vec::new();
    entry.by_ref().take(4 << 10).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().find_map(|line| directory_commit::commit(line.split_once(" comment=")?.1)))
}

fn refuse(what: &str, why: impl std::fmt::Display) -> FeedError {
    FeedError::NotAnArchive { what: what.to_owned(), why: why.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn entry(builder: &mut tar::Builder<Vec<u8>>, path: &str, kind: EntryType, text: &str) {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        header.set_size(text.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }

    fn tar_of(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind, text) in entries {
            entry(&mut builder, path, *kind, text);
        }
        builder.into_inner().unwrap()
    }

    fn why(result: Result<impl std::fmt::Debug, FeedError>) -> String {
        match result.unwrap_err() {
            FeedError::NotAnArchive { why, .. } => why,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn records_are_taken_and_the_rest_of_the_repository_is_not() {
        let commit = "1".repeat(40);
        let tar = tar_of(&[
            ("pax_global_header", EntryType::XGlobalHeader, &format!("52 comment={commit}\n")),
            ("db-main/", EntryType::Directory, ""),
            ("db-main/README.md", EntryType::Regular, "x"),
            ("db-main/link", EntryType::Symlink, ""),
            ("db-main/rust/std/b.md", EntryType::Regular, "two"),
            ("db-main/crates/a/", EntryType::Directory, ""),
            ("db-main/crates/a/b.md", EntryType::Regular, "one"),
        ]);
        let unpacked = untar("x", &gunzip("x", &pack(&tar)).unwrap(), true).unwrap();
        let expected = [("crates/a/b.md".to_owned(), b"one".to_vec()), ("rust/std/b.md".to_owned(), b"two".to_vec())];
        assert_eq!(unpacked.files, expected);
        assert_eq!(unpacked.origin, Origin { commit: Some(commit), committed: Some(Timestamp(1_700_000_000)) });
        assert_eq!(untar("x", &tar, false).unwrap().files, []);
    }

    #[test]
    fn odd_entries_are_refused() {
        let regular = EntryType::Regular;
        for (path, kind) in [
            ("d/crates/../a.md", regular),
            ("/crates/a/b.md", regular),
            ("d//crates/a.md", regular),
            ("d/crates/a\\b.md", regular),
            ("d/crates/a/b.md", EntryType::Symlink),
            ("d/crates/a/b.md", EntryType::Link),
            ("d/crates/a/b.md", EntryType::Fifo),
        ] {
            assert!(untar("x", &tar_of(&[(path, kind, "")]), true).is_err(), "{path} {kind:?}");
        }
        let twice = tar_of(&[("d/crates/a/b.md", regular, "1"), ("d/crates/a/b.md", regular, "2")]);
        assert_eq!(why(untar("x", &twice, true)), "two entries have one path");
    }

    #[test]
    fn what_is_cut_short_is_refused_wherever_it_is_cut() {
        let tar = tar_of(&[("d/crates/a/b.md", EntryType::Regular, &"text ".repeat(300))]);
        let packed = pack(&tar);
        for cut in 0..packed.len() {
            assert!(gunzip("x", &packed[..cut]).is_err(), "{cut}");
        }
        for cut in (0..tar.len() - 512).step_by(64) {
            assert!(untar("x", &tar[..cut], true).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_page_and_a_bomb_are_refused() {
        assert_eq!(why(gunzip("x", b" \n<!doctype html>")), "it is a page of HTML or XML");
        assert_eq!(why(gunzip("x", b"")), "it is not packed with gzip");
        let bomb = pack(&vec![0; 8 << 20]);
        assert!(bomb.len() < 40_000);
        assert!(why(gunzip("x", &bomb)).starts_with("it unpacks to more than"));
    }
}
