//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = r#"{
  "runtimeTarget": {"name": "net6.0"},
  "targets": {"net6.0": {
    "App/1.0.0": {"dependencies": {"A.b": "2.0.0"}},
    "A.b/2.0.0": {"runtime": {"lib/a.dll": {}}}
  }},
  "libraries": {
    "App/1.0.0": {"type": "project", "serviceable": false, "sha512": ""},
    "A.b/2.0.0": {"type": "package", "serviceable": true, "sha512": "sha512-x"},
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/6.0.1": {"type": "runtimepack"},
    "R/1.0.0.0": {"type": "reference"}
  }
}
"#;
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn libraries_have_places_sources_and_edges() {
    let read = LOCK.good();
    let runtime = "Microsoft.NETCore.App.Runtime.linux-x64 6.0.1";
    let expected = [("App 1.0.0", 8, 5), ("A.b 2.0.0", 9, 5), (runtime, 10, 5), ("R 1.0.0.0", 11, 5)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.edges, [vec![1], vec![], vec![], vec![]]);
    let sources: Vec<_> = read.components.iter().map(|c| c.source.clone()).collect();
    assert_eq!(sources, [Source::Local, Source::Default, Source::Default, Source::Path("R".into())]);
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        ("\"reference\"", "\"x\"", GapKind::ParseFailed, "R/1.0.0.0", 11),
        ("\"R/1.0.0.0\"", "\"R\"", GapKind::ParseFailed, "R", 11),
        ("{\"type\": \"reference\"}", "1", GapKind::ParseFailed, "R/1.0.0.0", 11),
        ("{\"A.b\": \"2.0.0\"}", "{\"A.b\": \"2.0.1\"}", GapKind::DanglingDependency, "a.b/2.0.1", 4),
        ("\"A.b/2.0.0\": {\"runtime\"", "\"B/1\": {\"runtime\"", GapKind::DanglingDependency, "B/1", 5),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("\"libraries\"", "\"x\"", GapKind::ParseFailed, 1),
        ("\"targets\"", "\"x\"", GapKind::ParseFailed, 1),
        ("\"R/1.0.0.0\"", "\"App/1.0.0\"", GapKind::ParseFailed, 11),
        ("  \"libraries\"", "<<<<<<< HEAD\n  \"libraries\"", GapKind::ParseFailed, 7),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = r#"{"targets": {}, "libraries": {"A/1": {"type": "package"}, "B/2": {"type": "package"}}}"#;
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
