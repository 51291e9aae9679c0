//! The files of the database, from a directory, an archive or the binary itself, read in parallel to one set of
//! records. It knows where files stand, not what is in them.

use super::FeedError;
use super::record::{self, ReadFile, Texts};
use crate::model::{Advisory, Collection, Digest, Gap, GapKind, Stage, Timestamp};
use crate::sys::{Bytes, FileKind, Root, Sys, spread};
use sha2::{Digest as _, Sha256};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The largest record of the real database has 20 KiB.
pub(super) const MAX_RECORD: Bytes = Bytes::mib(1);
/// The real database has 1,300 records after ten years.
pub(super) const MAX_FILES: usize = 100_000;
/// The directories of the database that hold records.
pub(super) const COLLECTIONS: [&str; 2] = ["crates", "rust"];

/// What stands in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    /// Sorted by collection, package and id.
    pub(super) advisories: Vec<Advisory>,
    /// Sorted.
    pub(super) gaps: Vec<Gap>,
    /// SHA-256 over one line `<hex digest>  <path>` for each file, in order of path: what
    /// `find crates rust -name '*.md' | LC_ALL=C sort | xargs sha256sum | sha256sum` prints.
    pub(super) digest: Option<Digest>,
}

impl Records {
    /// The date of the newest record.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.advisories.iter().map(|a| a.date).max()
    }

    /// The digest; that of nothing where there are no files.
    pub(super) fn content(&self) -> Digest {
        self.digest.unwrap_or_else(|| Digest::of(b""))
    }

    /// From what was read of each file, in any order.
    pub(super) fn collect(mut files: Vec<ReadFile>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut hash = Sha256::new();
        let (mut advisories, mut gaps) = (Vec::with_capacity(files.len()), Vec::new());
        for file in files {
            if let Some(digest) = file.digest {
                hash.update(hex(&digest));
                hash.update(b"  ");
                hash.update(file.path.as_bytes());
                hash.update(b"\n");
            }
            advisories.extend(file.advisory.map(|advisory| *advisory));
            gaps.extend(file.gaps);
        }
        advisories.sort_by(|a, b| (a.collection, &a.package, &a.id).cmp(&(b.collection, &b.package, &b.id)));
        gaps.extend(twice(&advisories));
        gaps.sort();
        Self { advisories, gaps, digest: Some(Digest(hash.finalize().into())) }
    }
}

/// Two files with one id: both are kept, since leaving either out could hide a problem.
fn twice(advisories: &[Advisory]) -> Vec<Gap> {
    let mut ids: Vec<&str> = advisories.iter().map(|a| a.id.as_str()).collect();
    ids.sort_unstable();
    let same = ids.windows(2).filter_map(|pair| match pair {
        [a, b] if a == b => Some(*a), // the other pairs are what should be
        _ => None,
    });
    same.map(|id| Gap::new(GapKind::AdvisoryUnreadable, Stage::Feed, id, "two records have this id")).collect()
}

/// Lowercase digits without the cost of formatting: this runs once for each file of the database.
fn hex(digest: &Digest) -> [u8; 64] {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
    let mut out = [0; 64];
    for (pair, byte) in out.chunks_exact_mut(2).zip(digest.0) {
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15)); // 32 pairs for 32 bytes
        }
    }
    out
}

/// Reads a checkout afresh. Links are not followed. Files that the database does not have are gaps, so that a record
/// under another name is not lost in silence; names that begin with a dot are left out on purpose.
pub(super) fn directory(sys: &dyn Sys, dir: &Path, texts: Texts) -> Result<Records, FeedError> {
    let not_a_database = |why| FeedError::NotADatabase { what: dir.display().to_string(), why };
    let mut packages = Vec::new();
    let mut files = Vec::new();
    for collection in COLLECTIONS {
        let root = dir.join(collection);
        match sys.kind(&root)? {
            Some(FileKind::Dir) => {}
            // A mirror may carry the records on crates alone.
            None if collection != "crates" => continue,
            None => return Err(not_a_database("it has no directory `crates`")),
            Some(_) if collection == "crates" => return Err(not_a_database("`crates` is not a directory")),
            Some(_) => {
                files.push(record::unread(collection, "it is not a directory"));
                continue;
            }
        }
        for entry in sys.list(&root)? {
            match (entry.name.to_str(), entry.kind) {
                (Some(name), _) if name.starts_with('.') => {}
                (Some(name), FileKind::Dir) => packages.push(format!("{collection}/{name}/")),
                (Some(name), _) => files.push(record::unread(
                    &format!("{collection}/{name}"),
                    "a package should be a directory, and links are not followed",
                )),
                (None, _) => {
                    files.push(record::unread(
                        &format!("{collection}/{}", entry.name.display()),
                        "its name is not UTF-8",
                    ));
                }
            }
        }
    }
    // In the order of the paths of their files, which is why they end in a slash: sorting those is one pass over them.
    // And so which thread reads what, and thus the memory used, varies little.
    packages.sort_unstable();
    let count = AtomicUsize::new(0);
    let root = sys.root(dir);
    let read = spread(&packages, |package| package_files(sys, &root, package, texts, &count))
        .ok_or_else(|| FeedError::Internal(dir.display().to_string()))?;
    files.extend(read.into_iter().flatten());
    if count.load(Ordering::Relaxed) > MAX_FILES {
        return Err(too_many(dir.display().to_string()));
    }
    if !files.iter().any(is_on_a_crate) {
        return Err(not_a_database("it holds no record on a crate"));
    }
    Ok(Records::collect(files))
}

/// Reads files that are in memory already: `(path, bytes)`, each path inside a collection.
pub(super) fn memory(what: &str, files: &[(String, Vec<u8>)]) -> Result<Records, FeedError> {
    if files.len() > MAX_FILES {
        return Err(too_many(what.to_owned()));
    }
    let read = spread(files, |(path, bytes)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let depth = path.split('/').count();
        if !is_meant(name) {
            None
        } else if depth != 3 || !name.ends_with(".md") {
            Some(record::unread(path, "the database has no file of this name"))
        } else if bytes.len() as u64 > MAX_RECORD.0 {
            Some(record::unread(path, format_args!("larger than the limit of {MAX_RECORD}")))
        } else {
            Some(record::read(path, bytes, Texts::Kept))
        }
    });
    let read = read.ok_or_else(|| FeedError::Internal(what.to_owned()))?;
    let files: Vec<ReadFile> = read.into_iter().flatten().collect(); // nothing is lost: a draft or a dot file is none
    if !files.iter().any(is_on_a_crate) {
        return Err(FeedError::NotADatabase { what: what.to_owned(), why: "it holds no record on a crate" });
    }
    Ok(Records::collect(files))
}

fn is_on_a_crate(file: &ReadFile) -> bool {
    file.advisory.as_ref().is_some_and(|a| a.collection == Collection::Crates)
}

fn too_many(what: String) -> FeedError {
    FeedError::TooMany { what, limit: MAX_FILES as u64, unit: "records" }
}

/// The files of one package directory. Past the limit nothing more is read: the caller refuses the whole.
fn package_files(sys: &dyn Sys, root: &Root, package: &str, texts: Texts, count: &AtomicUsize) -> Vec<ReadFile> {
    let package = package.strip_suffix('/').unwrap_or(package);
    let mut files = Vec::new();
    let is_record = |name: &OsStr| {
        let record = name.to_str().is_some_and(|name| is_meant(name) && name.ends_with(".md"));
        record && count.load(Ordering::Relaxed) < MAX_FILES
    };
    let listed = sys.read_files((root, Path::new(package)), MAX_RECORD, &is_record, &mut |found| {
        let Some(name) = found.name.to_str() else {
            files.push(record::unread(&format!("{package}/{}", found.name.display()), "its name is not UTF-8"));
            return;
        };
        if !is_meant(name) || count.fetch_add(1, Ordering::Relaxed) >= MAX_FILES {
            return; // not a record, by the database's own rules; what is past the limit the caller tells, as an error
        }
        let path = [package, "/", name].concat();
        files.push(match (found.kind, found.bytes) {
            (FileKind::File, Some(Ok(bytes))) => record::read(&path, bytes, texts),
            (FileKind::File, Some(Err(e))) => record::unread(&path, e.fault),
            (FileKind::File, None) => record::unread(&path, "the database has no file of this name"),
            (FileKind::Link, _) => record::unread(&path, "it is a link, and links are not followed"),
            (FileKind::Dir, _) => record::unread(&path, "it is a directory, where only records should be"),
            (FileKind::Special, _) => record::unread(&path, "it is not a regular file"),
        });
    });
    if let Err(e) = listed {
        return vec![record::unread(package, e.fault)];
    }
    files.sort_by(|a, b| a.path.cmp(&b.path)); // a few here are sorted faster than all at the end
    files
}

/// Neither a draft nor a file that the database does not speak of.
fn is_meant(name: &str) -> bool {
    !name.starts_with('.') && !record::is_draft(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;

    fn write(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        RealSys.create_dir(path.parent().unwrap()).unwrap();
        RealSys.replace(&path, text.as_bytes(), false).unwrap();
    }

    fn record(package: &str, id: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2024-02-03\"\n\n[versions]\n\
             patched = []\n```\n\n# a title\n\nsome text\n"
        )
    }

    fn database() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "crates/alpha/RUSTSEC-2024-0001.md", &record("alpha", "RUSTSEC-2024-0001"));
        write(dir.path(), "crates/alpha/RUSTSEC-0000-0000.md", "a draft");
        write(dir.path(), "rust/std/CVE-2020-1.md", &record("std", "CVE-2020-1"));
        dir
    }

    #[test]
    fn both_collections_are_read_and_drafts_are_not() {
        let dir = database();
        let records = directory(&RealSys, dir.path(), Texts::Kept).unwrap();
        assert_eq!(records.gaps, []);
        let ids: Vec<_> = records.advisories.iter().map(|a| (a.collection, a.id.as_str())).collect();
        assert_eq!(ids, [(Collection::Crates, "RUSTSEC-2024-0001"), (Collection::Rust, "CVE-2020-1")]);
    }

    #[test]
    fn the_digest_is_that_of_the_sorted_list_of_digests() {
        let dir = database();
        let line = |path: &str, text: &str| format!("{}  {path}\n", Digest::of(text.as_bytes()).hex());
        let list = line("crates/alpha/RUSTSEC-2024-0001.md", &record("alpha", "RUSTSEC-2024-0001"))
            + &line("rust/std/CVE-2020-1.md", &record("std", "CVE-2020-1"));
        assert_eq!(directory(&RealSys, dir.path(), Texts::Kept).unwrap().content(), Digest::of(list.as_bytes()));
    }

    #[test]
    fn a_directory_and_its_files_in_memory_give_the_same_records() {
        let dir = database();
        let files = [
            ("rust/std/CVE-2020-1.md".to_owned(), record("std", "CVE-2020-1").into_bytes()),
            ("crates/alpha/RUSTSEC-0000-0000.md".to_owned(), b"a draft".to_vec()),
            ("crates/alpha/RUSTSEC-2024-0001.md".to_owned(), record("alpha", "RUSTSEC-2024-0001").into_bytes()),
        ];
        assert_eq!(memory("x", &files).unwrap(), directory(&RealSys, dir.path(), Texts::Kept).unwrap());
    }

    #[test]
    fn what_does_not_belong_is_a_gap_and_the_rest_goes_on() {
        let dir = database();
        write(dir.path(), "crates/alpha/RUSTSEC-2024-0002.md", "nonsense");
        write(dir.path(), "crates/alpha/old.toml", "");
        write(dir.path(), "crates/README.md", "");
        write(dir.path(), "crates/beta/RUSTSEC-2024-0003.md", &"x".repeat((1 << 20) + 1));
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("crates/alpha/RUSTSEC-2024-0004.md")).unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("crates/etc")).unwrap();
        let records = directory(&RealSys, dir.path(), Texts::Kept).unwrap();
        let what: Vec<_> = records.gaps.iter().map(|g| g.what.as_str()).collect();
        let expected = ["README", "RUSTSEC-2024-0002", "RUSTSEC-2024-0003", "RUSTSEC-2024-0004", "etc", "old.toml"];
        assert_eq!(what, expected);
        assert_eq!(records.advisories.len(), 2);
    }

    #[test]
    fn what_is_no_database_is_an_error_and_never_an_empty_feed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(directory(&RealSys, dir.path(), Texts::Kept), Err(FeedError::NotADatabase { .. })));
        write(dir.path(), "crates/alpha/RUSTSEC-0000-0000.md", "a draft");
        assert!(matches!(directory(&RealSys, dir.path(), Texts::Kept), Err(FeedError::NotADatabase { .. })));
        assert!(matches!(memory("x", &[]), Err(FeedError::NotADatabase { .. })));
    }

    #[test]
    fn one_id_in_two_files_is_told_and_both_are_kept() {
        let dir = database();
        write(dir.path(), "crates/beta/RUSTSEC-2024-0001.md", &record("beta", "RUSTSEC-2024-0001"));
        let records = directory(&RealSys, dir.path(), Texts::Kept).unwrap();
        assert_eq!((records.advisories.len(), records.gaps.len()), (3, 1));
    }
}
