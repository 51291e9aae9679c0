//! The advisories of the corpus, all of them, into one index, and the findings of its oracles out of it. Needs
//! `PORTCULLIS_CORPUS`, the directory that holds `advisories` and `lockfiles`; without it the tests say that they are
//! skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: what fails here should fail loudly"
)]

mod support;

use portcullis::feed::gather::{self, Format, Gathered};
use portcullis::feed::index::{self, CompiledIndex, Index, Input};
use portcullis::feed::matching::{Answer, Doubt, Matcher};
use portcullis::feed::merge::{Said, Says, merge};
use portcullis::feed::{self, name};
use portcullis::model::{AffectedPackage, GapKind, Kind, Record, Timestamp};
use portcullis::sys::{Bytes, RealSys, Sys};
use portcullis::version::{Scheme, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;
use support::World;

fn corpus() -> Option<PathBuf> {
    let dir = RealSys.var("PORTCULLIS_CORPUS").unwrap();
    if dir.is_none() {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
    }
    dir.map(PathBuf::from)
}

/// Name, format, directory, files, records, problems, and what is left out by name.
type Row = (&'static str, Format, &'static str, usize, usize, usize, &'static [&'static str]);

const SOURCES: &[Row] = &[
    // 43 records lie word for word in the directories of two releases.
    ("almalinux", Format::Osv, "almalinux", 5_680, 5_637, 0, &[]),
    ("bitnami", Format::Osv, "bitnami", 7_444, 7_444, 0, &[]),
    (
        "friendsofphp",
        Format::FriendsOfPhp,
        "friendsofphp",
        1_592,
        1_592,
        0,
        &["a time that cannot be read, which decides no match: 1 "],
    ),
    ("ghsa-maven", Format::Osv, "ghsa-maven-subset", 2, 364, 0, &[]),
    ("go", Format::Osv, "go", 5_133, 4_291, 0, &["reports which the database excludes: 842"]),
    ("haskell", Format::Hsec, "haskell", 40, 35, 0, &["that reserve an id and say nothing yet: 5 "]),
    ("pypa", Format::Osv, "pypa", 2_661, 2_661, 0, &[]),
    ("rubysec", Format::RubySec, "rubysec", 1_381, 1_381, 0, &[]),
    ("rustsec", Format::RustSec, "rustsec", 1_225, 1_225, 0, &["not of this format: "]),
    ("rustsec-osv", Format::Osv, "rustsec-osv", 1_206, 1_206, 0, &[]),
];

/// In the OSV form alone: a record under the id that the database keeps for drafts, which stayed behind when the record
/// got its number (RUSTSEC-2025-0135).
const LEFT_BEHIND: &str = "RUSTSEC-2025-0000";

const REFRESHED: Timestamp = Timestamp(1_787_356_800);

fn gathered(corpus: &Path, wanted: &str) -> Gathered {
    let (name, format, dir, ..) = SOURCES.iter().find(|(name, ..)| *name == wanted).unwrap();
    gather::directory(&RealSys, name, *format, &corpus.join("advisories").join(dir)).unwrap()
}

fn inputs(corpus: &Path) -> Vec<Input> {
    SOURCES
        .iter()
        .map(|(name, format, ..)| Input {
            name: (*name).to_owned(),
            format: *format,
            gathered: gathered(corpus, name),
            refreshed: REFRESHED,
            mark: None,
        })
        .collect()
}

/// The index of everything, compiled once for all tests of this file.
struct Everything {
    dir: tempfile::TempDir,
    compiled: CompiledIndex,
    inputs: Vec<Input>,
}

impl Everything {
    fn of(corpus: &Path) -> &'static Self {
        static ALL: OnceLock<Everything> = OnceLock::new();
        ALL.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let world = World::new(dir.path());
            let start = Instant::now();
            let inputs = inputs(corpus);
            let read = start.elapsed();
            let compiled = index::compile("all", inputs.clone(), &feed::signing_key(&world).unwrap()).unwrap();
            eprintln!("read in {read:?}, compiled after {:?}: {} bytes", start.elapsed(), compiled.bytes.len());
            world.replace(&dir.path().join("all.index"), &compiled.bytes, false).unwrap();
            Self { dir, compiled, inputs }
        })
    }

    fn open(&self) -> Index {
        let world = World::new(self.dir.path());
        Index::open(&world, &self.dir.path().join("all.index"), &feed::trusted_key(&world).unwrap()).unwrap()
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.inputs.iter().flat_map(|input| &input.gathered.records)
    }
}

/// The ids of a source's records that call this version affected, and what could not be told.
fn affected(
    index: &Index,
    source: &str,
    ecosystem: &str,
    package: &str,
    version: &str,
) -> (BTreeSet<String>, Vec<Doubt>) {
    let (mut ids, mut doubts) = (BTreeSet::new(), Vec::new());
    for statement in index.package(ecosystem, package).unwrap().into_iter().flat_map(|p| p.statements) {
        let (from, record) = index.record(statement.record).unwrap();
        if statement.withdrawn || from != source {
            continue;
        }
        match Matcher::new(&statement.affected).answer(version) {
            Answer::Affected => {
                ids.insert(record.id);
            }
            Answer::NotAffected => {}
            Answer::CannotTell(doubt) => doubts.push(doubt),
        }
    }
    (ids, doubts)
}

#[test]
fn every_file_is_read_or_named() {
    let Some(corpus) = corpus() else { return };
    for (name, format, dir, files, records, problems, left_out) in SOURCES {
        let found = gather::directory(&RealSys, name, *format, &corpus.join("advisories").join(dir)).unwrap();
        let (told, counted): (Vec<_>, Vec<_>) =
            found.gaps.iter().partition(|gap| gap.kind == GapKind::AdvisoryUnreadable);
        eprintln!("{name}: {} files, {} records, newest {:?}", found.files, found.records.len(), found.newest());
        for gap in &found.gaps {
            eprintln!("  {}: {}: {}", gap.kind, gap.what, gap.why);
        }
        assert_eq!((found.files, found.records.len(), told.len()), (*files, *records, *problems), "{name}");
        for what in *left_out {
            assert!(counted.iter().any(|gap| gap.why.contains(what)), "{name}: {what}");
        }
    }
}

/// The findings of an oracle by package and version: all lockfiles that have a pair have the same.
fn oracle(corpus: &Path, file: &str) -> (usize, BTreeMap<(String, String), BTreeSet<String>>) {
    let path = corpus.join("lockfiles/ORACLES").join(file);
    let text = String::from_utf8(RealSys.read(&path, Bytes::mib(8)).unwrap()).unwrap();
    let mut out: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        out.entry((cells[2].to_owned(), cells[3].to_owned())).or_default().insert(cells[1].to_owned());
        rows += 1;
    }
    (rows, out)
}

#[test]
fn the_findings_of_the_oracles_come_out_of_the_index() {
    let Some(corpus) = corpus() else { return };
    let index = Everything::of(&corpus).open();
    let mut wrong = Vec::new();
    for (file, source, ecosystem, rows) in [
        ("pypa-2024-10-10-enumerated.findings.tsv", "pypa", "PyPI", 371),
        ("rubysec-gem-version.findings.tsv", "rubysec", "RubyGems", 567),
        ("friendsofphp-composer-semver.findings.tsv", "friendsofphp", "Packagist", 91),
    ] {
        let (found_rows, oracle) = oracle(&corpus, file);
        assert_eq!(found_rows, rows, "{file}");
        for ((package, version), expected) in &oracle {
            let (found, doubts) = affected(&index, source, ecosystem, package, version);
            for id in expected.difference(&found) {
                wrong.push(format!("{source}: {package} {version}: {id} is missing"));
            }
            for id in found.difference(expected) {
                wrong.push(format!("{source}: {package} {version}: {id} is too much"));
            }
            wrong.extend(doubts.into_iter().map(|doubt| format!("{source}: {package} {version}: {doubt}")));
        }
        eprintln!("{source}: {} pairs of package and version, {rows} findings", oracle.len());
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Versions at and around a bound.
fn around(bound: &semver::Version) -> Vec<semver::Version> {
    let with = |change: &dyn Fn(&mut semver::Version)| {
        let mut version = bound.clone();
        change(&mut version);
        version
    };
    let pre = |text: &str| semver::Prerelease::new(text).unwrap();
    vec![
        bound.clone(),
        with(&|v| v.pre = semver::Prerelease::EMPTY),
        with(&|v| v.pre = pre("0")),
        with(&|v| v.pre = pre("rc.1")),
        with(&|v| v.patch += 1),
        with(&|v| (v.patch, v.pre) = (v.patch + 1, pre("0"))),
        with(&|v| v.patch = v.patch.saturating_sub(1)),
        with(&|v| (v.minor, v.patch) = (v.minor + 1, 0)),
        with(&|v| (v.minor, v.patch) = (v.minor.saturating_sub(1), 999)),
        with(&|v| (v.major, v.minor, v.patch) = (v.major + 1, 0, 0)),
        with(&|v| v.build = semver::BuildMetadata::new("b1").unwrap()),
        semver::Version::new(0, 0, 0),
        semver::Version::new(999, 0, 0),
    ]
}

#[test]
fn rustsec_in_both_its_forms_gives_the_same_answers() {
    let Some(corpus) = corpus() else { return };
    let index = Everything::of(&corpus).open();
    let directory = feed::Choice::Directory(corpus.join("advisories/rustsec"));
    let markdown = feed::open(&RealSys, &directory).unwrap().value;
    let (mut asked, mut wrong) = (0, Vec::new());
    let all = markdown.all().unwrap();
    for package in all.chunk_by(|a, b| (a.collection, &a.package) == (b.collection, &b.package)) {
        if package[0].collection != portcullis::model::Collection::Crates {
            continue;
        }
        let statements =
            index.package("crates.io", &package[0].package).unwrap().map(|p| p.statements).unwrap_or_default();
        let mut versions: BTreeSet<semver::Version> = around(&semver::Version::new(1, 0, 0)).into_iter().collect();
        for interval in package.iter().flat_map(|a| &a.ranges.affected) {
            versions.extend(interval.introduced.iter().chain(&interval.fixed).flat_map(around));
        }
        for event in statements.iter().flat_map(|s| s.affected.ranges.iter().flatten()) {
            versions.extend(event.version.parse::<semver::Version>().iter().flat_map(around));
        }
        let matchers: Vec<(&str, String, Kind, Matcher)> = statements
            .iter()
            .filter(|s| !s.withdrawn)
            .map(|s| {
                let (source, record) = index.record(s.record).unwrap();
                (source, record.id, s.kind, Matcher::new(&s.affected))
            })
            .filter(|(_, id, ..)| id != LEFT_BEHIND)
            .collect();
        for version in versions {
            asked += 1;
            let expected: BTreeSet<(String, Kind)> = package
                .iter()
                .filter(|a| a.withdrawn.is_none() && a.ranges.matching(&version).is_some())
                .map(|a| (a.id.clone(), a.kind))
                .collect();
            for form in ["rustsec", "rustsec-osv"] {
                let found: BTreeSet<(String, Kind)> = matchers
                    .iter()
                    .filter(|(source, ..)| *source == form)
                    .filter(|(.., matcher)| matcher.answer(&version.to_string()) == Answer::Affected)
                    .map(|(_, id, kind, _)| (id.clone(), *kind))
                    .collect();
                if expected != found {
                    let package = &package[0].package;
                    wrong.push(format!("{package} {version}: {expected:?} in the feed, {found:?} in {form}"));
                }
            }
        }
    }
    eprintln!("{asked} versions asked");
    let known: BTreeSet<&str> = all.iter().map(|a| a.id.as_str()).collect();
    let osv = gathered(&corpus, "rustsec-osv").records;
    let unknown: Vec<&str> = osv.iter().map(|r| r.id.as_str()).filter(|id| !known.contains(id)).collect();
    assert_eq!(unknown, [LEFT_BEHIND]);
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The algorithm of the OSV specification over one package of one record, step by step; none where it cannot be told.
fn by_hand(affected: &AffectedPackage, scheme: Scheme, text: &str, version: &Version) -> Option<bool> {
    use portcullis::version::range::EventKind as Kind;
    let parse = |text: &str| scheme.parse(text);
    if affected.versions.iter().any(|v| v == text || parse(v).is_ok_and(|v| v == *version)) {
        return Some(true);
    }
    let mut known = !affected.ranges.is_empty() || !affected.versions.is_empty();
    for events in &affected.ranges {
        let mut sorted: Vec<(Option<Version>, Kind)> = Vec::new();
        let mut readable = true;
        for event in events {
            match (event.kind, event.version.as_str()) {
                (Kind::Introduced, "0") => sorted.push((None, event.kind)),
                (kind, text) => match parse(text) {
                    Ok(v) if v.standing() == portcullis::version::Standing::Ordered => sorted.push((Some(v), kind)),
                    _ => readable = false,
                },
            }
        }
        if !readable {
            known = false;
            continue;
        }
        sorted.sort_by(|(a, _), (b, _)| a.as_ref().map(Version::sort_key).cmp(&b.as_ref().map(Version::sort_key)));
        let mut vulnerable = false;
        for (bound, kind) in sorted {
            let order = bound.map_or(std::cmp::Ordering::Greater, |bound| version.compare(&bound).unwrap());
            match kind {
                Kind::Introduced if order.is_ge() => vulnerable = true,
                Kind::Above if order.is_gt() => vulnerable = true,
                Kind::Fixed if order.is_ge() => vulnerable = false,
                Kind::LastAffected if order.is_gt() => vulnerable = false,
                _ => {}
            }
        }
        if vulnerable {
            return Some(true);
        }
    }
    let placed = version.standing() == portcullis::version::Standing::Ordered || affected.ranges.is_empty();
    (known && placed).then_some(false)
}

#[test]
fn the_index_answers_as_a_search_through_all_records_does() {
    let Some(corpus) = corpus() else { return };
    let everything = Everything::of(&corpus);
    let index = everything.open();
    let mut by_package: BTreeMap<(&str, String), Vec<(&Record, &AffectedPackage)>> = BTreeMap::new();
    for record in everything.records() {
        for affected in &record.affected {
            let normal = name::normalised(&affected.ecosystem, &affected.package).into_owned();
            by_package.entry((&affected.ecosystem, normal)).or_default().push((record, affected));
        }
    }
    let packages: Vec<_> = by_package.iter().collect();
    // A small generator of our own: the same pairs each time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let (mut asked, mut doubts, mut hits) = (0, 0, 0);
    for _ in 0..4_000 {
        let ((ecosystem, package), said) = packages[random(packages.len())];
        let Some(scheme) = name::scheme(ecosystem) else { continue };
        let mut texts: Vec<&str> = said.iter().flat_map(|(_, a)| &a.versions).map(String::as_str).collect();
        texts.extend(said.iter().flat_map(|(_, a)| a.ranges.iter().flatten()).map(|e| e.version.as_str()));
        if texts.is_empty() {
            continue;
        }
        let base = texts[random(texts.len())];
        let text = match random(5) {
            0 | 1 => base.to_owned(),
            2 => format!("{base}.1"),
            3 => format!("{base}-rc1"),
            _ => format!("{}.{}", random(30), random(30)),
        };
        let Ok(version) = scheme.parse(&text) else { continue };
        let found = index.package(ecosystem, package).unwrap().unwrap();
        assert_eq!(found.statements.len(), said.len(), "{ecosystem} {package}");
        let mut expected: Vec<(String, Option<bool>)> =
            said.iter().map(|(r, a)| (r.id.clone(), by_hand(a, scheme, &text, &version))).collect();
        let mut answers: Vec<(String, Option<bool>)> = found
            .statements
            .iter()
            .map(|s| {
                let answer = match Matcher::new(&s.affected).answer(&text) {
                    Answer::Affected => Some(true),
                    Answer::NotAffected => Some(false),
                    Answer::CannotTell(_) => None,
                };
                (index.record(s.record).unwrap().1.id, answer)
            })
            .collect();
        expected.sort();
        answers.sort();
        assert_eq!(answers, expected, "{ecosystem} {package} {text}");
        asked += answers.len();
        doubts += answers.iter().filter(|(_, answer)| answer.is_none()).count();
        hits += answers.iter().filter(|(_, answer)| *answer == Some(true)).count();
    }
    eprintln!("{asked} pairs of record and version: {hits} affected, {doubts} that cannot be told");
    assert!(asked > 10_000 && hits > 1_000);
}

#[test]
fn ids_of_one_database_stay_apart_and_the_two_of_failure_do() {
    let Some(corpus) = corpus() else { return };
    let everything = Everything::of(&corpus);
    let mut by_package: BTreeMap<(&str, &str), Vec<Said<'_>>> = BTreeMap::new();
    for input in &everything.inputs {
        for record in &input.gathered.records {
            let own: BTreeSet<_> = record.affected.iter().map(|a| (a.ecosystem.as_str(), a.package.as_str())).collect();
            for package in own {
                let said = Said { source: &input.name, record, says: Says::Affected };
                by_package.entry(package).or_default().push(said);
            }
        }
    }
    for ((ecosystem, package), said) in &by_package {
        let problems = merge(said);
        for problem in &problems {
            let ids: BTreeMap<&str, &str> =
                problem.said.iter().map(|s| (s.record.database.as_str(), s.record.id.as_str())).collect();
            let distinct: BTreeSet<&str> = problem.said.iter().map(|s| s.record.id.as_str()).collect();
            assert_eq!(ids.len(), distinct.len(), "{ecosystem} {package}");
        }
        assert_eq!(problems.iter().map(|p| p.said.len()).sum::<usize>(), said.len());
    }
    let failure: Vec<String> =
        merge(&by_package[&("crates.io", "failure")]).iter().map(|p| p.id().to_owned()).collect();
    assert_eq!(failure, ["RUSTSEC-2019-0036", "RUSTSEC-2020-0036"]);
}

/// Bounds of the records that have no place in the order of their versions, each known: a new one is looked at.
#[test]
fn the_bounds_that_cannot_be_read_are_few_and_known() {
    let Some(corpus) = corpus() else { return };
    let mut unread: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let everything = Everything::of(&corpus);
    let mut commits = 0;
    for input in &everything.inputs {
        for affected in input.gathered.records.iter().flat_map(|r| &r.affected) {
            match Matcher::new(affected).answer("1.0.0.0.0.0.0") {
                Answer::CannotTell(Doubt::CommitsOnly) => commits += 1,
                Answer::CannotTell(doubt) => *unread.entry((&input.name, doubt.to_string())).or_default() += 1,
                _ => {}
            }
        }
    }
    unread.retain(|(_, why), _| !why.contains("1.0.0.0.0.0.0"));
    let expected = [
        ("bitnami", "the bound `nightly.2026-03-10.0` is not a Bitnami version: a number is missing at byte 0"),
        ("pypa", "the bound `0.2.0-n653` is not in the order of PyPI versions"),
        ("pypa", "the bound `2019-09-12` is not in the order of PyPI versions"),
        ("pypa", "the record names neither versions nor ranges"),
    ];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(source, why)| ((source, why.to_owned()), 1)).collect();
    assert_eq!((unread, commits), (expected, 0));
}

#[test]
fn the_index_is_the_same_bytes_each_time_and_every_part_of_it_is_checked() {
    let Some(corpus) = corpus() else { return };
    let everything = Everything::of(&corpus);
    let world = World::new(everything.dir.path());
    let again = index::compile("all", everything.inputs.clone(), &feed::signing_key(&world).unwrap()).unwrap();
    assert_eq!(again.digest, everything.compiled.digest);
    assert!(again.bytes == everything.compiled.bytes, "the bytes differ");
    everything.open().verify().unwrap();
}

/// Prints what opening and asking costs; the limits are those of an optimised build on a machine that does nothing else.
#[test]
fn opening_and_asking_is_quick() {
    let Some(corpus) = corpus() else { return };
    let everything = Everything::of(&corpus);
    let names: BTreeSet<(&str, &str)> =
        everything.records().flat_map(|r| &r.affected).map(|a| (a.ecosystem.as_str(), a.package.as_str())).collect();
    let step = names.len() / 1_000;
    let asked: Vec<_> = names.iter().step_by(step).take(1_000).collect();
    let mut best = [std::time::Duration::MAX; 3];
    for _ in 0..20 {
        let start = Instant::now();
        let index = everything.open();
        let opened = start.elapsed();
        let start = Instant::now();
        let found = asked.iter().filter(|(system, name)| index.package(system, name).unwrap().is_some()).count();
        let cold = start.elapsed();
        let start = Instant::now();
        let again = asked.iter().filter(|(system, name)| index.package(system, name).unwrap().is_some()).count();
        assert_eq!((found, again), (1_000, 1_000));
        for (best, now) in best.iter_mut().zip([opened, cold, start.elapsed()]) {
            *best = (*best).min(now);
        }
    }
    let [opened, cold, warm] = best;
    eprintln!("{} packages; opened in {opened:?}, 1,000 look-ups {cold:?}, again {warm:?}", names.len());
    if cfg!(not(debug_assertions)) {
        assert!(opened.as_micros() < 1_000 && cold.as_micros() < 5_000);
    }
}
