//! What an index answers, and what it refuses.

use super::*;
use crate::feed::FeedError;
use crate::feed::gather::{self, Format, Gathered};
use crate::feed::key::test_key;
use crate::feed::matching::{Answer, affected_by};
use crate::model::{GapKind, Record, Timestamp};
use crate::sys::{RealSys, Sys};
use proptest::prelude::*;

fn osv(records: &[String]) -> Gathered {
    gather::bytes("s", Format::Osv, "x.json", format!("[{}]", records.join(",")).as_bytes()).unwrap()
}

fn record(id: &str, alias: &str, ecosystem: &str, package: &str, versions: &[&str], fixed: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2024-01-02T00:00:00Z","aliases":["{alias}"],"summary":"a title of {id}","affected":[{{
        "package":{{"ecosystem":"{ecosystem}","name":"{package}"}},"versions":{versions:?},
        "ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}]}}"#
    )
}

fn input(name: &str, gathered: Gathered) -> Input {
    Input { name: name.into(), format: Format::Osv, gathered, refreshed: Timestamp(1_000), mark: None }
}

fn sources() -> Vec<Input> {
    let python: Vec<String> = (0..200)
        .map(|n| {
            let versions: Vec<String> = (0..=n % 9).map(|minor| format!("1.{minor}")).collect();
            let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
            record(&format!("PYSEC-{n}"), &format!("CVE-{n}"), "PyPI", &format!("Pack.{}", n / 3), &versions, "1.0")
        })
        .collect();
    let others = [
        record("ALSA-1", "CVE-1", "AlmaLinux:9", "kernel", &[], "5.14-1"),
        record("ALSA-2", "CVE-2", "AlmaLinux:8", "kernel", &[], "4.18-1"),
        record("ODD-1", "CVE-3", "Unheard", "a", &["1"], "2"),
    ];
    vec![input("python", osv(&python)), input("others", osv(&others))]
}

fn compiled() -> CompiledIndex {
    compile("all", sources(), &test_key(1)).unwrap()
}

/// Opens bytes as a file in a directory that lives as long as the answer.
fn open(bytes: &[u8]) -> (tempfile::TempDir, Result<Index, FeedError>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("all.index");
    RealSys.replace(&path, bytes, false).unwrap();
    let index = Index::open(&RealSys, &path, &test_key(1).public());
    (dir, index)
}

#[test]
fn every_package_and_record_is_found_and_no_other() {
    let (_dir, index) = open(&compiled().bytes);
    let index = index.unwrap();
    assert_eq!((index.name(), index.records()), ("all", 203));
    assert_eq!(
        index.watermarks().iter().map(|w| (w.source.as_str(), w.records)).collect::<Vec<_>>(),
        [("others", 3), ("python", 200)]
    );
    index.verify().unwrap();
    let ids = |ecosystem: &str, name: &str| -> Vec<String> {
        let package = index.package(ecosystem, name).unwrap();
        let numbers = package.into_iter().flat_map(|p| p.statements).map(|s| s.record);
        numbers.map(|number| index.record(number).unwrap().1.id).collect()
    };
    for n in 0..66 {
        let expected: Vec<String> = (n * 3..n * 3 + 3).map(|n| format!("PYSEC-{n}")).collect();
        let mut found = ids("PyPI", &format!("pack_{n}"));
        found.sort_by_key(|id| id.trim_start_matches("PYSEC-").parse::<u32>().unwrap());
        assert_eq!(found, expected);
    }
    assert_eq!(ids("AlmaLinux:9", "kernel"), ["ALSA-1"]);
    assert_eq!(ids("AlmaLinux:8", "kernel"), ["ALSA-2"]);
    for (ecosystem, name) in [("AlmaLinux", "kernel"), ("PyPI", "pack"), ("npm", "pack-1"), ("", ""), ("zzz", "z")] {
        assert_eq!(index.package(ecosystem, name).unwrap(), None, "{ecosystem} {name}");
    }
}

#[test]
fn what_is_read_back_is_what_was_compiled() {
    let inputs = sources();
    let mut all: Vec<(String, Record)> = inputs
        .iter()
        .flat_map(|input| input.gathered.records.iter().map(|r| (input.name.clone(), r.clone())))
        .collect();
    all.sort_by(|a, b| (&a.0, &a.1.id).cmp(&(&b.0, &b.1.id)));
    let (_dir, index) = open(&compile("all", inputs, &test_key(1)).unwrap().bytes);
    let index = index.unwrap();
    for (number, (source, record)) in (0..).map(RecordNumber).zip(&all) {
        let (found_source, found) = index.record(number).unwrap();
        assert_eq!((found_source, &found), (source.as_str(), record));
        assert!(index.find(&record.id.to_lowercase()).unwrap().contains(&number));
        assert!(index.find(&record.aliases[0]).unwrap().contains(&number));
        for affected in &record.affected {
            let package = index.package(&affected.ecosystem, &affected.package).unwrap().unwrap();
            let statement = package.statements.iter().find(|s| s.record == number).unwrap();
            assert_eq!(statement.affected.ranges, affected.ranges);
            let mut versions = affected.versions.clone();
            let mut kept = statement.affected.versions.clone();
            versions.sort();
            kept.sort();
            assert_eq!(kept, versions);
        }
    }
    assert!(matches!(index.record(RecordNumber(203)), Err(FeedError::Damaged { .. })));
    assert_eq!(index.find("CVE-9999").unwrap(), []);
    assert_eq!(index.find("CVE-1").unwrap().len(), 2);
}

#[test]
fn the_same_input_gives_the_same_bytes_in_whatever_order_it_comes() {
    let mut turned = sources();
    turned.reverse();
    assert_eq!(compile("all", turned, &test_key(1)), compile("all", sources(), &test_key(1)));
    let other_key = compile("all", sources(), &test_key(2)).unwrap();
    assert_eq!(other_key.digest, compiled().digest);
    assert!(matches!(open(&other_key.bytes).1, Err(FeedError::WrongKey { .. })));
}

#[test]
fn a_flipped_byte_is_refused_wherever_it_is() {
    let bytes = compiled().bytes;
    for at in (0..bytes.len()).step_by(97).chain(0..200).chain(bytes.len() - 200..bytes.len()) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let (_dir, index) = open(&changed);
        assert!(index.and_then(|index| index.verify()).is_err(), "{at}");
    }
    for cut in [0, 10, 100, 1_000, bytes.len() - 1] {
        assert!(open(&bytes[..cut]).1.is_err(), "{cut}");
    }
    assert!(open(&[&bytes[..], b"x"].concat()).1.is_err());
    assert!(matches!(open(b"<html>").1, Err(FeedError::NotAFeed(_))));
    assert!(matches!(open(b"portcullis-index v2\n").1, Err(FeedError::UnknownFormat(_))));
}

#[test]
fn what_is_missing_travels_with_the_index() {
    let twice = [record("A-1", "CVE-1", "npm", "a", &[], "1.0.0"), record("A-1", "CVE-2", "npm", "a", &[], "2.0.0")];
    let odd =
        [record("B-1", "CVE-3", "npm", "a\\u0000b", &[], "1.0.0"), record("B-2", "CVE-4", "Unheard", "b", &[], "1")];
    let long = [record("C-1", "CVE-5", "npm", "c", &[&"1".repeat(5_000)], "1.0.0")];
    let inputs = vec![input("a", osv(&twice)), input("b", osv(&odd)), input("c", osv(&long))];
    let (_dir, index) = open(&compile("all", inputs, &test_key(1)).unwrap().bytes);
    let index = index.unwrap();
    let gaps: Vec<_> = index.gaps().unwrap().into_iter().map(|g| (g.kind, g.what, g.why)).collect();
    let expected = [
        (
            GapKind::NotCovered,
            "b",
            "the order of versions of `Unheard` is not known: 1 entries match listed versions alone",
        ),
        (GapKind::AdvisoryUnreadable, "a/A-1", "two records on one package have this id"),
        (GapKind::AdvisoryUnreadable, "b/B-1", "the name of a package holds a control character"),
        (GapKind::AdvisoryUnreadable, "c/C-1", "a name or a version has more than 4096 bytes"),
    ];
    let expected: Vec<_> = expected.map(|(kind, what, why)| (kind, what.to_owned(), why.to_owned())).into();
    assert_eq!(gaps, expected);
    assert_eq!(index.package("npm", "a").unwrap().unwrap().statements.len(), 2);
}

#[test]
fn two_sources_of_one_name_are_refused() {
    let twice = vec![input("a", Gathered::default()), input("a", Gathered::default())];
    assert_eq!(compile("all", twice, &test_key(1)), Err(FeedError::TwoSources("a".into())));
}

#[test]
fn an_index_can_be_asked_from_many_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Index>();
}

/// The answer of the specification for whole numbers: a list, and ranges of pairs from and before.
fn by_hand(versions: &[u8], ranges: &[(u8, u8)], asked: u8) -> bool {
    versions.contains(&asked) || ranges.iter().any(|(from, before)| (*from..*before).contains(&asked))
}

proptest! {
    #[test]
    fn the_index_answers_as_a_search_through_all_records_does(
        said in proptest::collection::vec(
            (0_usize..2, 0_usize..3, proptest::collection::vec(0_u8..12, 0..4),
             proptest::collection::vec((0_u8..12, 0_u8..13), 1..3), any::<bool>()),
            1..12),
    ) {
        const SYSTEMS: [&str; 2] = ["PyPI", "AlmaLinux:9"];
        const NAMES: [&str; 3] = ["a", "b.b", "c"];
        let texts: Vec<String> = said.iter().enumerate().map(|(n, (system, name, versions, ranges, withdrawn))| {
            let ranges: Vec<String> = ranges.iter().map(|(from, before)| format!(
                r#"{{"type":"ECOSYSTEM","events":[{{"introduced":"{from}"}},{{"fixed":"{before}"}}]}}"#)).collect();
            let versions: Vec<String> = versions.iter().map(|v| format!("\"{v}\"")).collect();
            let withdrawn = if *withdrawn { r#""withdrawn":"2024-01-01T00:00:00Z","# } else { "" };
            format!(
                r#"{{"id":"A-{n}","modified":"2024-01-01T00:00:00Z",{withdrawn}"affected":[{{"package":{{
                "ecosystem":"{}","name":"{}"}},"versions":[{}],"ranges":[{}]}}]}}"#,
                SYSTEMS[*system], NAMES[*name], versions.join(","), ranges.join(","))
        }).collect();
        let (_dir, index) = open(&compile("all", vec![input("s", osv(&texts))], &test_key(1)).unwrap().bytes);
        let index = index.unwrap();
        for (s, system) in SYSTEMS.iter().enumerate() {
            for (n, name) in NAMES.iter().enumerate() {
                let statements = index.package(system, name).unwrap().map(|p| p.statements).unwrap_or_default();
                for asked in 0..13_u8 {
                    let mut expected: Vec<String> = said.iter().enumerate()
                        .filter(|(_, (system, name, versions, ranges, withdrawn))| {
                            // A range from a version to one before it begins and never ends before that version.
                            let ranges: Vec<(u8, u8)> =
                                ranges.iter().map(|(a, b)| if b < a { (*a, u8::MAX) } else { (*a, *b) }).collect();
                            (*system, *name, *withdrawn) == (s, n, false) && by_hand(versions, &ranges, asked)
                        })
                        .map(|(number, _)| format!("A-{number}"))
                        .collect();
                    let mut found: Vec<String> = statements.iter()
                        .filter(|s| !s.withdrawn && affected_by(&s.affected, &asked.to_string()) == Answer::Affected)
                        .map(|s| index.record(s.record).unwrap().1.id)
                        .collect();
                    expected.sort();
                    found.sort();
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    #[test]
    fn bytes_of_a_package_that_nobody_wrote_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = entry::read(&bytes, "npm", "a");
        let _ = tree::Table::read(bytes.clone());
        let _ = tree::Entries::of(&bytes).value(b"a");
        let _ = header::read(&bytes);
    }
}
