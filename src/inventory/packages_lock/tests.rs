//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = r#"{
  "version": 2,
  "dependencies": {
    "net8.0": {
      "A.b": {"type": "Direct", "resolved": "1.0.0", "dependencies": {"c": "2.0.0"}},
      "C": {"type": "Transitive", "resolved": "2.0.0"},
      "own": {"type": "Project", "dependencies": {"A.b": "[1.0.0, )"}}
    },
    "net8.0/linux-x64": {
      "D": {"type": "Transitive", "resolved": "3.0.0", "dependencies": {"c": "2.0.0"}}
    }
  }
}
"#;
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn packages_have_places_frameworks_and_edges() {
    let read = LOCK.good();
    let expected = [("A.b 1.0.0", 5, 7), ("C 2.0.0", 6, 7), ("D 3.0.0", 10, 7)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.edges, [vec![1], vec![], vec![1]]);
    assert_eq!(read.components[2].conditions, ["framework: net8.0/linux-x64".into()]);
    assert_eq!((read.counted.independent, read.counted.left_out[0].what.as_str()), (4, "own"));
    let one = LOCK.parse(r#"{"version": 1, "dependencies": {"net8.0": {"A": {"resolved": "1"}}}}"#).unwrap();
    assert_eq!((one.value.components[0].conditions.len(), one.gaps), (0, vec![]));
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        (", \"resolved\": \"2.0.0\"", "", GapKind::ParseFailed, "C", 6),
        ("{\"type\": \"Transitive\", \"resolved\": \"2.0.0\"}", "1", GapKind::ParseFailed, "C", 6),
        ("{\"A.b\": \"[1.0.0, )\"}", "{\"x\": \"1\"}", GapKind::DanglingDependency, "x", 7),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("2,", "3,", GapKind::UnsupportedVersion, 2),
        ("2,", "\"2\",", GapKind::ParseFailed, 2),
        ("\"version\"", "\"x\"", GapKind::ParseFailed, 1),
        ("\"dependencies\"", "\"x\"", GapKind::ParseFailed, 1),
        ("\"C\": ", "\"A.b\": ", GapKind::ParseFailed, 6),
        ("\"net8.0\": {", "\"net6.0\": [], \"net8.0\": {", GapKind::ParseFailed, 4),
        ("  \"dependencies\"", "<<<<<<< HEAD\n  \"dependencies\"", GapKind::ParseFailed, 3),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = r#"{"version": 1, "dependencies": {"net8.0": {"A": {"resolved": "1"}, "B": {"resolved": "2"}}}}"#;
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
