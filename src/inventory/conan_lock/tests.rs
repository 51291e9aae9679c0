//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = r#"{
 "version": "0.4",
 "graph_lock": {"nodes": {
   "0": {"path": "conanfile.txt", "requires": ["1"], "build_requires": ["3"]},
   "1": {"ref": "openssl/3.0.5@own/stable#1f:2f", "requires": ["2"]},
   "2": {"ref": "zlib/1.2.12", "context": "host"},
   "3": {"ref": "cmake/3.0.0", "context": "build"}
 }}
}
"#;
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn nodes_of_a_graph_have_places_scopes_and_edges() {
    let read = LOCK.good();
    let expected = [("openssl 3.0.5", 5, 4), ("zlib 1.2.12", 6, 4), ("cmake 3.0.0", 7, 4)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.edges, [vec![1], vec![], vec![]]);
    assert_eq!(read.components[2].scope, Scope::Build);
    assert_eq!((read.counted.independent, read.counted.left_out.len()), (4, 1));
}

#[test]
fn elements_of_lists_have_places_and_scopes() {
    let text = "{\n\"version\": \"0.5\",\n\"requires\": [\n  \"a/1.0#1f%12.3\",\n  \"b/[>1]\"\n],\n\"build_requires\": [\"c/2\", \"d\"],\n\"python_requires\": []\n}";
    let read = LOCK.parse(text).unwrap();
    let expected = [("a 1.0", 4, 4), ("b [>1]", 5, 4), ("c 2", 7, 21)];
    assert_eq!(rows(&read.value), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.value.components[2].scope, Scope::Build);
    assert_eq!(LOCK.gaps(text), [(GapKind::ParseFailed, "d".to_owned(), Some(7))]);
    assert_eq!(LOCK.parse(&text.replace("\"requires\"", "\"x\"")).unwrap_err().kind, GapKind::ParseFailed);
    assert_eq!(LOCK.parse(&text.replace("[\"c", "{}, \"x\": [\"c")).unwrap_err().line, Some(7));
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        ("zlib/1.2.12", "zlib", GapKind::ParseFailed, "zlib", 6),
        ("zlib/1.2.12", "zlib/", GapKind::ParseFailed, "zlib", 6),
        ("\"ref\": \"zlib/1.2.12\", ", "", GapKind::ParseFailed, "2", 6),
        ("[\"2\"]", "[\"4\"]", GapKind::DanglingDependency, "4", 5),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("0.4", "0.3", GapKind::UnsupportedVersion, 2),
        ("\"0.4\"", "4", GapKind::ParseFailed, 2),
        ("\"version\"", "\"x\"", GapKind::ParseFailed, 1),
        ("\"nodes\"", "\"node\"", GapKind::ParseFailed, 1),
        ("0.4", "0.5", GapKind::ParseFailed, 1),
        ("\"2\": {", "\"1\": {", GapKind::ParseFailed, 6),
        ("\"2\": {", "\n<<<<<<< HEAD\n\"2\": {", GapKind::ParseFailed, 7),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = r#"{"version": "0.5", "requires": ["a/1"], "build_requires": ["b/2"]}"#;
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
    law::no_damage_hides_a_package(parse, GOOD.as_bytes(), |cut| cut.ends_with(b" }}\n}"));
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
