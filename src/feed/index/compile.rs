//! Records of several sources to the bytes of an index: the same input and key give the same bytes. Writes nothing.

use super::entry::{self, Package, RecordNumber, Statement};
use super::header::{self, Manifest, Source, Watermark};
use super::json;
use super::tree::{self, Layout, MAX_TABLE};
use crate::feed::gather::{Format, Gathered};
use crate::feed::key::Key;
use crate::feed::{FeedError, format, name};
use crate::model::{AffectedPackage, Digest, Gap, GapKind, Record, Stage, Timestamp};
use crate::sys::spread;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Sources of one index, at most: OSV itself has some forty ecosystems.
const MAX_SOURCES: usize = 1_000;
/// Bytes of a name or a version. A text has a length of two bytes, and nothing real comes near.
const MAX_TEXT: usize = 4_096;
/// Records whose texts are made at once, on every core.
const TEXTS_AT_ONCE: usize = 4_096;

/// One source of an index.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name, which is unique in the index.
    pub name: String,
    /// How it writes its records.
    pub format: Format,
    /// What was read.
    pub gathered: Gathered,
    /// When it was had.
    pub refreshed: Timestamp,
    /// What it calls this state: a commit, an ETag.
    pub mark: Option<String>,
}

impl Input {
    /// How fresh this is.
    pub fn watermark(&self) -> Watermark {
        Watermark {
            source: self.name.clone(),
            format: self.format,
            content: self.gathered.content.unwrap_or_else(|| Digest::of(b"")),
            records: self.gathered.records.len() as u64,
            newest: self.gathered.newest(),
            refreshed: self.refreshed,
            mark: self.mark.clone(),
        }
    }
}

/// An index ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledIndex {
    /// The file.
    pub bytes: Vec<u8>,
    /// What names it.
    pub digest: Digest,
    /// How fresh each source is, ascending by name.
    pub watermarks: Vec<Watermark>,
    /// What could not be read or does not fit, sorted.
    pub gaps: Vec<Gap>,
}

/// One record, with the place of its source.
struct Numbered<'a> {
    source: u16,
    record: &'a Record,
}

/// Compiles the sources, in whatever order they come.
///
/// Errors: two of one name, too many, or a part larger than its limit.
pub fn compile(name: &str, mut inputs: Vec<Input>, key: &Key) -> Result<CompiledIndex, FeedError> {
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(name) = inputs.windows(2).find_map(|pair| match pair {
        [a, b] if a.name == b.name => Some(&a.name),
        _ => None, // they differ, as they should
    }) {
        return Err(FeedError::TwoSources(name.clone()));
    }
    let too_many = |what: &str, limit| FeedError::TooMany { what: name.to_owned(), limit, unit: unit(what) };
    if inputs.len() > MAX_SOURCES {
        return Err(too_many("sources", MAX_SOURCES as u64));
    }
    let mut gaps = Vec::new();
    let mut records = Vec::new();
    for (source, input) in (0..).zip(&inputs) {
        gaps.extend(input.gathered.gaps.iter().cloned());
        records.extend(input.gathered.records.iter().map(|record| Numbered { source, record }));
        gaps.extend(self_contradictions(input));
    }
    let count = u32::try_from(records.len()).map_err(|_| too_many("records", u64::from(u32::MAX)))?;
    let packages = packages(&records, &inputs, &mut gaps);
    gaps.sort();
    gaps.dedup(); // an index that is compiled anew has those of its first compilation already

    let internal = |what: &str| FeedError::Internal(what.to_owned());
    let mut layout = Layout::default();
    let numbers: Vec<[u8; 4]> = (0..count).map(u32::to_be_bytes).collect();
    let written = Cell::new(0);
    // Some at a time: the texts of a large source are as large as its index.
    let texts = records.chunks(TEXTS_AT_ONCE).flat_map(|some| {
        // Where one cannot be written there are fewer in the end, which is an error below.
        let texts = spread(some, |one| json::write(one.source, one.record)).unwrap_or_default();
        texts.into_iter().flatten().inspect(|_| written.set(written.get() + 1))
    });
    let entries = numbers.iter().map(|number| &number[..]).zip(texts); // as many, or an error below
    let texts = tree::write(&mut layout, "a record", entries)?;
    if written.get() != records.len() {
        return Err(internal("the text of a record"));
    }

    let packages: Vec<(Vec<u8>, &str, Package)> = packages
        .into_iter()
        .map(|((ecosystem, package), found)| (key_of(ecosystem, &package), ecosystem, found))
        .collect();
    let values = spread(&packages, |(_, ecosystem, package)| entry::write(package, name::scheme(ecosystem)))
        .ok_or_else(|| internal("a package"))?;
    let mut package_entries = Vec::with_capacity(values.len());
    for ((key, ..), value) in packages.iter().zip(values) {
        package_entries.push((key.as_slice(), value.ok_or_else(|| internal("a package"))?)); // `spread` gives as many
    }
    let packages = tree::write(&mut layout, "a package", package_entries.into_iter())?;

    let ids = ids(&records);
    let id_value = |numbers: &BTreeSet<u32>| numbers.iter().flat_map(|n| n.to_be_bytes()).collect();
    let ids = tree::write(&mut layout, "an id", ids.iter().map(|(id, numbers)| (id.as_bytes(), id_value(numbers))))?;

    let watermarks: Vec<Watermark> = inputs.iter().map(Input::watermark).collect();
    let manifest = Manifest {
        gaps: layout.add(&format::write_gaps(&gaps)?, MAX_TABLE, "the gaps")?,
        ids,
        name: name.to_owned(),
        packages,
        records: count,
        size: layout.data.len() as u64,
        sources: watermarks.iter().map(Source::of).collect(),
        texts,
    };
    let header = header::write(&manifest, key)?;
    let digest = header::read(&header).map_err(|_| internal("the header of the index"))?.digest();
    // Moved to make room in front, where a second buffer of the size of the index would be needed otherwise.
    let mut bytes = layout.data;
    bytes.splice(..0, header);
    Ok(CompiledIndex { bytes, digest, watermarks, gaps })
}

fn unit(what: &str) -> &'static str {
    if what == "sources" { "sources" } else { "records" }
}

/// The key of a package: ecosystem, a zero byte, the name as [`name::normalised`] has it.
pub(super) fn key_of(ecosystem: &str, normalised: &str) -> Vec<u8> {
    [ecosystem.as_bytes(), b"\0", normalised.as_bytes()].concat()
}

/// What each package has, in order of ecosystem and normalised name.
fn packages<'a>(
    records: &[Numbered<'a>],
    inputs: &[Input],
    gaps: &mut Vec<Gap>,
) -> BTreeMap<(&'a str, String), Package> {
    let mut out: BTreeMap<(&str, String), Package> = BTreeMap::new();
    let mut unordered: BTreeMap<(u16, &str), usize> = BTreeMap::new();
    for (number, one) in (0..).map(RecordNumber).zip(records) {
        for affected in &one.record.affected {
            if let Err(why) = usable(affected) {
                let source = inputs.get(usize::from(one.source)).map_or("", |input| input.name.as_str());
                let gap =
                    Gap::new(GapKind::AdvisoryUnreadable, Stage::Feed, format!("{source}/{}", one.record.id), why);
                gaps.push(gap.with_help("refresh the source, or accept the gap with an owner and a date"));
                continue;
            }
            if name::scheme(&affected.ecosystem).is_none() {
                *unordered.entry((one.source, &affected.ecosystem)).or_default() += 1;
            }
            let package = name::normalised(&affected.ecosystem, &affected.package).into_owned();
            let statement = Statement {
                record: number,
                kind: one.record.kind,
                withdrawn: one.record.withdrawn.is_some(),
                affected: affected.clone(),
            };
            let entry = out.entry((&affected.ecosystem, package)).or_insert_with(|| Package { statements: Vec::new() });
            entry.statements.push(statement);
        }
    }
    for ((source, ecosystem), count) in unordered {
        let source = inputs.get(usize::from(source)).map_or("", |input| input.name.as_str());
        let why =
            format!("the order of versions of `{ecosystem}` is not known: {count} entries match listed versions alone");
        gaps.push(Gap::new(GapKind::NotCovered, Stage::Feed, source, why));
    }
    out
}

/// Whether texts fit their fields, and a package's key is that of no other.
fn usable(affected: &AffectedPackage) -> Result<(), String> {
    let names = [&affected.ecosystem, &affected.package];
    if names.iter().any(|name| name.contains(char::is_control)) {
        return Err("the name of a package holds a control character".to_owned());
    }
    let events = affected.ranges.iter().flatten().map(|event| &event.version);
    if names.into_iter().chain(&affected.versions).chain(events).any(|text| text.len() > MAX_TEXT) {
        return Err(format!("a name or a version has more than {MAX_TEXT} bytes"));
    }
    Ok(())
}

/// Records of one source with one id and a package in common: both are kept, since leaving either out could hide a
/// problem. Some databases give one id to the records of several packages, which is no contradiction.
fn self_contradictions(input: &Input) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut seen: BTreeSet<(&str, &str, String)> = BTreeSet::new();
    for record in &input.gathered.records {
        let own: BTreeSet<(&str, String)> = record
            .affected
            .iter()
            .map(|a| (a.ecosystem.as_str(), name::normalised(&a.ecosystem, &a.package).into_owned()))
            .collect();
        let mut told = false;
        for (ecosystem, package) in own {
            if !seen.insert((&record.id, ecosystem, package)) && !std::mem::replace(&mut told, true) {
                let what = format!("{}/{}", input.name, record.id);
                let why = "two records on one package have this id";
                gaps.push(Gap::new(GapKind::AdvisoryUnreadable, Stage::Feed, what, why));
            }
        }
    }
    gaps
}

/// Ids and aliases in upper case, with the records that have them.
fn ids(records: &[Numbered<'_>]) -> BTreeMap<String, BTreeSet<u32>> {
    let mut out: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for (number, one) in (0_u32..).zip(records) {
        for id in std::iter::once(&one.record.id).chain(&one.record.aliases) {
            // What is longer could not be looked up, only read.
            if id.len() <= MAX_TEXT {
                out.entry(id.to_ascii_uppercase()).or_default().insert(number);
            }
        }
    }
    out
}
