//! Java archives (`.jar`, `.war`, `.ear`): what Maven writes into each, `META-INF/maven/GROUP/ARTIFACT/pom.properties`, and
//! the archives inside. It looks at no class, and guesses nothing from the names of files.

#[cfg(test)]
mod tests;

use super::binary::List;
use super::counter;
use super::found::{About, Entry};
use super::place::Refusal;
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Scope, TreePath};
use crate::zip::{self, EntryError, ZipError};

/// The format in `Inventory::format`.
pub const FORMAT: &str = "java-archive";

const RESTORE: &str = "build the archive anew, or fetch it again from where it came";
const ABOUT: About = About { format: FORMAT, counts: "files pom.properties", restore: RESTORE, complete: RESTORE };
/// What tells where an archive came from that does not say it.
const NAME_IT: &str = "judge the lockfile of the build that made it, such as gradle.lockfile";

/// Of one archive. The largest known (all of a cloud's client) has 100,000 entries; classes pack about 1:2, and texts 1:10.
const ZIP: zip::Limits = zip::Limits { entries: 1_000_000, unpacked: 8 << 30, ratio: 200, ratio_free: 64 << 20 };
/// Bytes of an archive inside another.
const MAX_INNER: u64 = 256 << 20;
/// Bytes of all archives inside, over every level: a large application server has 500 MiB.
const MAX_UNPACKED: u64 = 2 << 30;
/// Archives inside, over every level.
const MAX_ARCHIVES: usize = 20_000;
/// Archives inside archives: an `.ear` with a `.war` with a `.jar` has two levels.
const MAX_DEPTH: usize = 6;
/// Bytes of a `pom.properties`: Maven writes five lines.
const MAX_PROPERTIES: u64 = 64 << 10;
/// Characters of a place inside an archive, for messages.
const MAX_PLACE: usize = 300;

/// Whether the name is one of a Java archive.
pub fn is_name(name: &[u8]) -> bool {
    let end = name.len().checked_sub(4).and_then(|at| name.get(at..)).unwrap_or_default();
    [&b".jar"[..], b".war", b".ear"].iter().any(|known| end.eq_ignore_ascii_case(known))
}

/// Reads an archive. Every component stands at its beginning: an archive has no lines. An artifact in two places is one
/// component; an archive that says which artifact it is leads to what is inside.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`; `nothing-to-judge` where nothing in it says which
/// artifact it is. Gaps beside the value: `not-covered` for an archive inside that does not say it, `parse-failed` and
/// `too-large` for one that cannot be read, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let mut walk = Walk { list: List::default(), archives: 0, unpacked: 0 };
    let outer = Archive { bytes, place: path.file_name().to_owned(), depth: 0, holder: None };
    let entries = zip::entries(bytes, &ZIP).map_err(|error| Refusal {
        kind: kind(&error),
        at: None,
        why: format!("not a Java archive: {error}"),
        help: RESTORE.into(),
    })?;
    walk.one(&outer, &entries)?;
    if walk.list.is_empty() {
        let why = "it holds no pom.properties of Maven, so nothing says which artifacts are in it".to_owned();
        return Err(Refusal { kind: GapKind::NothingToJudge, at: None, why, help: NAME_IT.to_owned() });
    }
    Ok(walk.list.finish(path, bytes, &ABOUT))
}

fn kind(error: &ZipError) -> GapKind {
    match error {
        ZipError::TooMany { .. } => GapKind::TooLarge,
        ZipError::NoEnd | ZipError::Damaged(_) | ZipError::Split => GapKind::ParseFailed,
    }
}

/// One archive.
struct Archive<'b> {
    bytes: &'b [u8],
    /// The way to it, for messages: `app.war!/WEB-INF/lib/a.jar`.
    place: String,
    depth: usize,
    /// The artifact that holds it, where one is known.
    holder: Option<u32>,
}

/// What is used up over all levels.
struct Walk {
    list: List,
    archives: usize,
    unpacked: u64,
}

impl Walk {
    fn one(&mut self, archive: &Archive<'_>, entries: &[zip::Entry]) -> Result<(), Refusal> {
        self.list.counted += counter::java(archive.bytes);
        let mut own = Vec::new();
        for entry in entries.iter().filter(|entry| is_properties(&entry.name)) {
            own.push(self.artifact(archive, entry)?);
        }
        if own.is_empty() {
            let why = "it holds no pom.properties of Maven, so which artifact it is cannot be told";
            self.list.found.gap_with_help((GapKind::NotCovered, NAME_IT), 0, &archive.place, why)?;
        }
        for (from, to) in own.iter().flatten().filter_map(|to| Some((archive.holder?, *to))) {
            self.list.found.edge(from, to);
        }
        // Several say what was merged into it, and none that it is the archive itself.
        let holder = match own.as_slice() {
            [Some(one)] => Some(*one),
            _ => archive.holder,
        };
        for entry in entries.iter().filter(|entry| is_name(entry.name.as_bytes())) {
            self.inner(archive, entry, holder)?;
        }
        Ok(())
    }

    /// Takes an artifact; none where it has a gap.
    fn artifact(&mut self, archive: &Archive<'_>, entry: &zip::Entry) -> Result<Option<u32>, Refusal> {
        let place = place(&archive.place, &entry.name);
        let bytes = match zip::read(archive.bytes, entry, MAX_PROPERTIES) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.list.found.leave_out(place.clone(), error.to_string())?;
                return self.unread(place, &error).map(|()| None);
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        let (group, artifact, version) =
            (property(&text, "groupId"), property(&text, "artifactId"), property(&text, "version"));
        let is_open = |text: &str| text.is_empty() || text.contains("${");
        if [group, artifact, version].into_iter().any(is_open) {
            self.list.found.unreadable(0, place, "groupId, artifactId or version is missing or not filled in")?;
            return Ok(None);
        }
        let name = format!("{group}:{artifact}");
        let entry = Entry::new(0, Ecosystem::Maven, name, version.to_owned());
        self.list.add(Entry { scope: Scope::Normal, ..entry })
    }

    /// Looks into an archive inside an archive.
    fn inner(&mut self, outer: &Archive<'_>, entry: &zip::Entry, holder: Option<u32>) -> Result<(), Refusal> {
        let place = place(&outer.place, &entry.name);
        self.archives += 1;
        self.unpacked = self.unpacked.saturating_add(entry.size);
        let too_large = |why: String| Refusal { kind: GapKind::TooLarge, at: None, why, help: RESTORE.to_owned() };
        if self.archives > MAX_ARCHIVES {
            return Err(too_large(format!("it holds more than {MAX_ARCHIVES} archives")));
        }
        if self.unpacked > MAX_UNPACKED {
            return Err(too_large(format!("the archives in it unpack to more than {MAX_UNPACKED} bytes")));
        }
        if outer.depth >= MAX_DEPTH {
            let why = format!("it lies inside more than {MAX_DEPTH} archives and was not looked into");
            return self.list.found.gap(GapKind::TooLarge, 0, place, why);
        }
        let bytes = match zip::read(outer.bytes, entry, MAX_INNER) {
            Ok(bytes) => bytes,
            Err(error) => return self.unread(place, &error),
        };
        match zip::entries(&bytes, &ZIP) {
            Ok(entries) => {
                let depth = outer.depth + 1;
                self.one(&Archive { bytes: &bytes, place, depth, holder }, &entries)
            }
            Err(error) => self.list.found.gap(kind(&error), 0, place, format!("not a Java archive: {error}")),
        }
    }

    fn unread(&mut self, place: String, error: &EntryError) -> Result<(), Refusal> {
        let kind = match error {
            EntryError::TooLarge(_) => GapKind::TooLarge,
            EntryError::Encrypted | EntryError::Method(_) | EntryError::Damaged => GapKind::ParseFailed,
        };
        self.list.found.gap(kind, 0, place, error.to_string())
    }
}

fn place(outer: &str, name: &str) -> String {
    format!("{outer}!/{name}").chars().take(MAX_PLACE).collect()
}

/// `META-INF/maven/GROUP/ARTIFACT/pom.properties`.
fn is_properties(name: &str) -> bool {
    let mut parts = name.split('/');
    let start = (parts.next(), parts.next()) == (Some("META-INF"), Some("maven"));
    start && parts.clone().count() == 3 && parts.nth(2) == Some("pom.properties")
}

/// The value of a key; empty where it is missing (`java.util.Properties`, of which Maven uses the plain lines).
fn property<'a>(text: &'a str, key: &str) -> &'a str {
    let mut lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with(['#', '!']));
    let value = |line: &'a str| {
        let (found, value) = line.split_once(['=', ':'])?;
        (found.trim_end() == key).then(|| value.trim())
    };
    lines.find_map(value).unwrap_or_default()
}
