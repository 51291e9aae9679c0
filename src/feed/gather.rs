//! The files of one source (a directory, a zip or tar archive, JSON lines, one file), read on every core to records. It knows
//! where files stand and which reader takes them, not what is in them.

use super::archive::{self, Taken};
use super::compile::Origin;
use super::document::{self, Document, Note};
use super::{FeedError, friendsofphp, hsec, osv, rubysec, rustsec_record};
use crate::model::{Digest, Gap, GapKind, Record, Stage, Timestamp};
use crate::sys::{Bytes, FileKind, Sys, spread};
use crate::zip;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// One record, or one file of records. The largest of the public databases has 1 MiB.
const MAX_FILE: Bytes = Bytes::mib(32);
/// An archive or a file of JSON lines. The largest dump of one ecosystem has 200 MiB.
pub(super) const MAX_DUMP: Bytes = Bytes::mib(1_024);
/// Files of one source. The largest has 220,000.
const MAX_FILES: usize = 2_000_000;
/// The largest dump in use (npm, with every malicious package) has 220,000 entries of 1 GiB, which pack about 1:4.
const ZIP: zip::Limits = zip::Limits { entries: 2_000_000, unpacked: 8 << 30, ratio: 200, ratio_free: 64 << 20 };
/// Levels of directories. The databases have five.
const MAX_DEPTH: usize = 16;
/// How gzip begins (RFC 1952, section 2.3.1).
pub(super) const GZIP: &[u8] = b"\x1f\x8b";
/// So many of the files that are left out are named.
const NAMED: usize = 5;

/// How a source writes its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// OSV, in JSON or YAML.
    Osv,
    /// rubysec's YAML.
    RubySec,
    /// FriendsOfPHP's YAML.
    FriendsOfPhp,
    /// Haskell's Markdown with TOML.
    Hsec,
    /// RustSec's Markdown with TOML, to stand beside other sources in one index.
    RustSec,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Osv, Self::RubySec, Self::FriendsOfPhp, Self::Hsec, Self::RustSec];

    /// The word for it in configuration and manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Osv => "osv",
            Self::RubySec => "rubysec",
            Self::FriendsOfPhp => "friendsofphp",
            Self::Hsec => "hsec",
            Self::RustSec => "rustsec",
        }
    }

    /// The format that this word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    /// Whether a file of this path is for its reader.
    fn takes(self, path: &str) -> bool {
        let ends: &[&str] = match self {
            Self::Osv => &[".json", ".yaml", ".yml"],
            Self::RubySec | Self::FriendsOfPhp => &[".yaml", ".yml"],
            Self::Hsec => &[".md"],
            Self::RustSec => return rustsec_record::takes(path),
        };
        ends.iter().any(|end| path.ends_with(end))
    }

    fn read(self, path: &str, bytes: &[u8]) -> Document {
        if document::is_page(bytes) {
            return Document::unreadable("it is a page of HTML or XML under the name of the data");
        }
        match self {
            Self::Osv if path.ends_with(".yaml") || path.ends_with(".yml") => osv::yaml(bytes),
            Self::Osv => osv::json(bytes),
            Self::RubySec => rubysec::read(path, bytes),
            Self::FriendsOfPhp => friendsofphp::read(path, bytes),
            Self::Hsec => hsec::read(path, bytes),
            Self::RustSec => rustsec_record::read(path, bytes),
        }
    }
}

/// What a source gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Sorted by id, then by the packages that they name.
    pub records: Vec<Record>,
    /// Sorted. Each file that could not be read is one; what was left out on purpose is counted and named in one.
    pub gaps: Vec<Gap>,
    /// Files that readers looked at.
    pub files: usize,
    /// SHA-256 over one line `<hex digest>  <path>` for each file that a reader looked at, in order of path: the same
    /// for a directory and an archive of it.
    pub content: Option<Digest>,
}

impl Gathered {
    /// The time of the newest record: the latest of publication and change. None where the database gives no times.
    pub fn newest(&self) -> Option<Timestamp> {
        self.records.iter().filter_map(|r| r.modified.max(r.published)).max() // a record without times is not newest
    }
}

/// A file that a reader looked at, or could not.
struct Read {
    path: String,
    digest: Option<Digest>,
    document: Document,
}

impl Read {
    fn of(format: Format, path: String, bytes: &[u8]) -> Self {
        let document = format.read(&path, bytes);
        Self { digest: Some(Digest::of(bytes)), path, document }
    }

    fn failed(path: String, why: impl std::fmt::Display) -> Self {
        Self { path, digest: None, document: Document::unreadable(why.to_string()) }
    }
}

/// Reads a directory with all below it. Links are not followed; names that begin with a dot are left out.
///
/// Errors: it cannot be listed, it is too large, or no record can be read in it.
pub fn directory(sys: &dyn Sys, name: &str, format: Format, dir: &Path) -> Result<Gathered, FeedError> {
    let what = dir.display().to_string();
    let mut listing = Listing::default();
    listing.walk(sys, dir, "", 0, format)?;
    let Listing { mut files, mut failed, others } = listing;
    files.sort_unstable();
    let read = spread(&files, |path| match sys.read(&dir.join(path), MAX_FILE) {
        Ok(bytes) => Read::of(format, path.clone(), &bytes),
        Err(error) => Read::failed(path.clone(), error.fault),
    });
    failed.extend(read.ok_or_else(|| FeedError::Internal(what.clone()))?);
    gather(name, &what, failed, others)
}

/// Reads a file: an archive (zip, or tar packed with gzip), JSON lines (by the name `.jsonl` or `.ndjson`), or one file
/// of records.
///
/// Errors: it cannot be read as a whole, or no record can be read in it.
pub fn file(sys: &dyn Sys, name: &str, format: Format, path: &Path) -> Result<Gathered, FeedError> {
    bytes(name, format, &path.display().to_string(), &sys.read(path, MAX_DUMP)?)
}

/// As [`file()`], from memory; `what` names the bytes: a path or an address.
pub fn bytes(name: &str, format: Format, what: &str, bytes: &[u8]) -> Result<Gathered, FeedError> {
    let refuse = |why: String| FeedError::NotAnArchive { what: what.to_owned(), why };
    if document::is_page(bytes) {
        return Err(refuse("it is a page of HTML or XML".to_owned()));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(refuse("it is empty".to_owned()));
    }
    if bytes.starts_with(b"PK") {
        return zipped(name, format, what, bytes);
    }
    if bytes.starts_with(GZIP) {
        let below = Below { own_directory: true, dir: None };
        return tar(name, format, what, &archive::gunzip(what, bytes)?, &below).map(|(gathered, _)| gathered);
    }
    // The other formats say something by their directories.
    let parts: Vec<&str> = what.rsplit('/').take(if format == Format::Osv { 1 } else { 3 }).collect();
    let file = parts.into_iter().rev().collect::<Vec<_>>().join("/");
    let is_lines = file.ends_with(".jsonl") || file.ends_with(".ndjson");
    let read = if is_lines && format == Format::Osv {
        lines(&file, bytes).ok_or_else(|| FeedError::Internal(what.to_owned()))?
    } else {
        vec![Read::of(format, file, bytes)]
    };
    gather(name, what, read, Vec::new())
}

/// Which part of a tar is the source.
pub(super) struct Below<'a> {
    /// Where everything lies in one directory, that is the archive's own and no part of the paths.
    pub(super) own_directory: bool,
    /// Only what is below this directory.
    pub(super) dir: Option<&'a str>,
}

/// Reads the files of a tar. Gives as well which commit the archive says that it is of.
pub(super) fn tar(
    name: &str,
    format: Format,
    what: &str,
    bytes: &[u8],
    below: &Below<'_>,
) -> Result<(Gathered, Origin), FeedError> {
    let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.')); // left out, as in a directory
    let is_wanted = |path: &str| format.takes(path) && !is_hidden(path);
    let mut unpacked =
        archive::untar_of(what, bytes, &Taken { strip: false, is_wanted: &is_wanted, max_file: MAX_FILE })?;
    let start = below.dir.map_or(String::new(), |dir| format!("{dir}/"));
    let all = || unpacked.files.iter().map(|(path, _)| path).chain(&unpacked.odd).chain(&unpacked.others);
    let top = all().next().and_then(|path| Some(format!("{}/", path.split_once('/')?.0)));
    let is_own =
        |top: &String| below.own_directory && *top != start && all().all(|path| path.starts_with(top.as_str()));
    let top = top.filter(is_own).unwrap_or_default();
    let inside = |path: String| path.strip_prefix(&top)?.strip_prefix(&start).map(str::to_owned);
    let files: Vec<(String, Vec<u8>)> = std::mem::take(&mut unpacked.files)
        .into_iter()
        .filter_map(|(path, content)| Some((inside(path)?, content))) // the caller asked for one directory alone
        .collect();
    let read = spread(&files, |(path, content)| {
        if content.len() as u64 > MAX_FILE.0 {
            return Read::failed(path.clone(), format_args!("larger than the limit of {MAX_FILE}"));
        }
        Read::of(format, path.clone(), content)
    });
    let mut read = read.ok_or_else(|| FeedError::Internal(what.to_owned()))?;
    let odd = unpacked.odd.into_iter().filter_map(inside); // as above
    read.extend(odd.map(|path| Read::failed(path, "it is not a regular file")));
    let others = unpacked.others.into_iter().filter(|path| !is_hidden(path)).filter_map(inside).collect(); // as above
    Ok((gather(name, what, read, others)?, unpacked.origin))
}

fn zipped(name: &str, format: Format, what: &str, bytes: &[u8]) -> Result<Gathered, FeedError> {
    let refuse = |why: String| FeedError::NotAnArchive { what: what.to_owned(), why };
    let entries = zip::entries(bytes, &ZIP).map_err(|e| refuse(e.to_string()))?;
    let (mut taken, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        match () {
            () if entry.name.split('/').any(|part| part.starts_with('.')) => {} // left out, as in a directory
            () if format.takes(&entry.name) => taken.push(entry),
            () => others.push(entry.name),
        }
    }
    taken.sort_by(|a, b| a.name.cmp(&b.name));
    if taken.windows(2).any(|pair| matches!(pair, [a, b] if a.name == b.name)) {
        return Err(refuse("two entries have one name".to_owned()));
    }
    let read = spread(&taken, |entry| match zip::read(bytes, entry, MAX_FILE.0) {
        Ok(bytes) => Read::of(format, entry.name.clone(), &bytes),
        Err(why) => Read::failed(entry.name.clone(), why),
    });
    gather(name, what, read.ok_or_else(|| FeedError::Internal(what.to_owned()))?, others)
}

/// One record on each line. Lines have numbers with leading zeros, so that their order is that of their names.
fn lines(file: &str, bytes: &[u8]) -> Option<Vec<Read>> {
    let lines: Vec<(usize, &[u8])> =
        bytes.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()).collect();
    spread(&lines, |(at, line)| {
        let path = format!("{file}:{:09}", at + 1);
        if line.len() as u64 > MAX_FILE.0 {
            return Read::failed(path, format_args!("larger than the limit of {MAX_FILE}"));
        }
        Read::of(Format::Osv, path, line)
    })
}

/// What stands in a directory.
#[derive(Default)]
struct Listing {
    files: Vec<String>,
    failed: Vec<Read>,
    /// Files that are not for the reader of this format.
    others: Vec<String>,
}

impl Listing {
    fn walk(&mut self, sys: &dyn Sys, dir: &Path, prefix: &str, depth: usize, format: Format) -> Result<(), FeedError> {
        let entries = match sys.list(&dir.join(prefix)) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => return Err(error.into()),
            Err(error) => {
                self.failed.push(Read::failed(prefix.to_owned(), error.fault));
                return Ok(());
            }
        };
        for entry in entries {
            let Some(name) = entry.name.to_str() else {
                let path = join(prefix, &entry.name.display().to_string());
                self.failed.push(Read::failed(path, "its name is not UTF-8"));
                continue;
            };
            if name.starts_with('.') {
                continue; // by the rule above: version control, editors
            }
            let path = join(prefix, name);
            match entry.kind {
                FileKind::Dir if depth == MAX_DEPTH => {
                    let why = format!("more than {MAX_DEPTH} levels of directories");
                    self.failed.push(Read::failed(path, why));
                }
                FileKind::Dir => self.walk(sys, dir, &path, depth + 1, format)?,
                FileKind::File if format.takes(&path) => self.files.push(path),
                FileKind::File => self.others.push(path),
                FileKind::Link if !format.takes(&path) => self.others.push(path),
                FileKind::Link => self.failed.push(Read::failed(path, "it is a link, and links are not followed")),
                FileKind::Special => self.failed.push(Read::failed(path, "it is not a regular file")),
            }
            if self.files.len() + self.others.len() + self.failed.len() > MAX_FILES {
                let what = dir.display().to_string();
                return Err(FeedError::TooMany { what, limit: MAX_FILES as u64, unit: "files" });
            }
        }
        Ok(())
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
}

fn gather(name: &str, what: &str, mut read: Vec<Read>, others: Vec<String>) -> Result<Gathered, FeedError> {
    read.sort_by(|a, b| a.path.cmp(&b.path));
    let mut out = Gathered { files: read.len(), ..Gathered::default() };
    let mut left_out: BTreeMap<Note, Vec<String>> = BTreeMap::new();
    let mut hash = Sha256::new();
    for Read { path, digest, document } in read {
        if let Some(digest) = digest {
            hash.update(format!("{}  {path}\n", digest.hex()));
        }
        for why in document.problems {
            let gap = Gap::new(GapKind::AdvisoryUnreadable, Stage::Feed, format!("{name}/{path}"), why);
            let gap = gap.with_help("refresh the source, or accept the gap with an owner and a date");
            out.gaps.push(match digest {
                Some(digest) => gap.with_digest(digest),
                None => gap,
            });
        }
        for note in document.notes {
            left_out.entry(note).or_default().push(path.clone());
        }
        out.records.extend(document.records);
    }
    if out.records.is_empty() {
        // Never an empty index: the first reason is the best that is known.
        let why = out
            .gaps
            .first()
            .map_or_else(|| "it holds no file of this format".to_owned(), |gap| format!("{}: {}", gap.what, gap.why));
        return Err(FeedError::NotAnArchive { what: what.to_owned(), why: format!("no record can be read: {why}") });
    }
    for (note, mut paths) in left_out {
        paths.dedup();
        out.gaps.push(counted(name, &paths, words(&note)));
    }
    if !others.is_empty() {
        let mut others = others;
        others.sort_unstable();
        out.gaps.push(counted(name, &others, "not of this format"));
    }
    out.records.sort_by(|a, b| order(a).cmp(&order(b)));
    out.records.dedup(); // answers of a server can hold the same record again, word for word
    out.gaps.sort();
    out.content = Some(Digest(hash.finalize().into()));
    Ok(out)
}

fn words(note: &Note) -> &'static str {
    match note {
        Note::Excluded => "that are reports which the database excludes",
        Note::Reserved => "that reserve an id and say nothing yet",
        Note::NoTime => "with a time that cannot be read, which decides no match",
        Note::NoPackage => "with entries that name no package, which no lockfile can be asked about",
        Note::OtherRegistry => "on packages of other registries than the default one",
        Note::NothingAffected => "with entries that call no version affected",
    }
}

fn counted(name: &str, paths: &[String], what: &str) -> Gap {
    let named: Vec<&str> = paths.iter().take(NAMED).map(String::as_str).collect();
    let more = match paths.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let why = format!("files {what}: {} ({}{more})", paths.len(), named.join(", "));
    Gap::new(GapKind::NotCovered, Stage::Feed, name, why)
}

/// A total order: two records of one id (rubysec has one file for each gem) differ in their packages or their words.
fn order(r: &Record) -> impl Ord + '_ {
    let packages: Vec<_> = r.affected.iter().map(|a| (&a.ecosystem, &a.package)).collect();
    (&r.id, packages, r.modified, &r.title, &r.description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;
    use crate::zip::testing;

    fn record(id: &str, package: &str) -> String {
        format!(
            r#"{{"id":"{id}","modified":"2024-01-02T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"{package}"}},
            "versions":["1.0.0"]}}]}}"#
        )
    }

    fn write(dir: &Path, path: &str, bytes: &[u8]) {
        let path = dir.join(path);
        RealSys.create_dir(path.parent().unwrap()).unwrap();
        RealSys.replace(&path, bytes, false).unwrap();
    }

    fn why(result: Result<Gathered, FeedError>) -> String {
        match result.unwrap_err() {
            FeedError::NotAnArchive { why, .. } => why,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_directory_and_an_archive_of_it_give_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (record("A-1", "a"), record("A-2", "b"));
        write(dir.path(), "x/A-1.json", one.as_bytes());
        write(dir.path(), "A-2.json", two.as_bytes());
        write(dir.path(), "README.md", b"words");
        write(dir.path(), ".git/config.json", b"no record");
        let from_dir = directory(&RealSys, "s", Format::Osv, dir.path()).unwrap();
        assert_eq!(from_dir.records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["A-1", "A-2"]);
        assert_eq!(from_dir.newest(), Some(Timestamp(1_704_153_600)));
        let whys: Vec<_> = from_dir.gaps.iter().map(|g| (g.kind, g.why.as_str())).collect();
        assert_eq!(whys, [(GapKind::NotCovered, "files not of this format: 1 (README.md)")]);
        let zip = testing::archive(
            &[
                ("README.md", b"words"),
                ("x/A-1.json", one.as_bytes()),
                ("A-2.json", two.as_bytes()),
                (".git/config.json", b"no record"),
            ],
            true,
        );
        assert_eq!(bytes("s", Format::Osv, "all.zip", &zip).unwrap(), from_dir);
    }

    #[test]
    fn lines_are_records_and_a_bad_one_is_named() {
        let text = format!(
            "{}\n\n{{\"id\":\n{}\n",
            record("A-1", "a").replace('\n', ""),
            record("A-2", "b").replace('\n', "")
        );
        let gathered = bytes("s", Format::Osv, "https://x.example/all.jsonl", text.as_bytes()).unwrap();
        assert_eq!((gathered.records.len(), gathered.files), (2, 3));
        assert_eq!(gathered.gaps[0].what, "s/all.jsonl:000000003");
    }

    #[test]
    fn a_bad_file_is_a_gap_and_the_rest_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "good.json", record("A-1", "a").as_bytes());
        write(dir.path(), "page.json", b"<HTML><HEAD>");
        write(dir.path(), "cut.json", b"{\"id\": \"A-3\", \"modif");
        write(dir.path(), "excluded.yaml", b"id: GO-1\nexcluded: EFFECTIVELY_PRIVATE\n");
        std::os::unix::fs::symlink("good.json", dir.path().join("link.json")).unwrap();
        let gathered = directory(&RealSys, "s", Format::Osv, dir.path()).unwrap();
        assert_eq!(gathered.records.len(), 1);
        let told: Vec<_> = gathered.gaps.iter().map(|g| (g.kind, g.what.as_str(), g.digest.is_some())).collect();
        let expected = [
            (GapKind::NotCovered, "s", false),
            (GapKind::AdvisoryUnreadable, "s/cut.json", true),
            (GapKind::AdvisoryUnreadable, "s/link.json", false),
            (GapKind::AdvisoryUnreadable, "s/page.json", true),
        ];
        assert_eq!(told, expected);
        let excluded = "files that are reports which the database excludes: 1 (excluded.yaml)";
        assert_eq!(gathered.gaps[0].why, excluded);
        assert!(gathered.gaps[3].why.starts_with("it is a page of HTML"));
    }

    #[test]
    fn a_page_an_empty_source_and_one_without_records_are_refused() {
        let of = |text: &[u8]| why(bytes("s", Format::Osv, "x.json", text));
        assert_eq!(of(b" <HTML><HEAD>"), "it is a page of HTML or XML");
        assert_eq!(of(b" \n"), "it is empty");
        assert!(of(b"{}").starts_with("no record can be read: s/x.json: "));
        let dir = tempfile::tempdir().unwrap();
        let none = why(directory(&RealSys, "s", Format::Osv, dir.path()));
        assert_eq!(none, "no record can be read: it holds no file of this format");
        write(dir.path(), "page.json", b"<HTML>");
        assert!(why(directory(&RealSys, "s", Format::Osv, dir.path())).contains("a page of HTML"));
        let missing = directory(&RealSys, "s", Format::Osv, &dir.path().join("none"));
        assert!(matches!(missing, Err(FeedError::Sys(_))));
        let empty = testing::archive(&[("README", b"x")], false);
        assert!(why(bytes("s", Format::Osv, "x.zip", &empty)).starts_with("no record"));
        let twice = testing::archive(&[("a.json", b"x"), ("a.json", b"x")], false);
        assert_eq!(why(bytes("s", Format::Osv, "x.zip", &twice)), "two entries have one name");
    }
}
