//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = r#"{
  "pins" : [
    {
      "identity" : "a",
      "kind" : "remoteSourceControl",
      "location" : "https://GitHub.com/Own/A.git",
      "state" : {"revision" : "1f", "version" : "1.0.0"}
    },
    {"identity" : "b", "location" : "git@e.example:own/b", "state" : {"branch" : "main", "revision" : "2f"}},
    {"identity" : "c", "kind" : "localSourceControl", "location" : "/c", "state" : {"revision" : "3f"}},
    {"identity" : "own.d", "kind" : "registry", "location" : "", "state" : {"version" : "4.0.0"}}
  ],
  "version" : 2
}
"#;
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn pins_are_named_by_the_address_of_their_repository() {
    let read = LOCK.good();
    let expected =
        [("github.com/Own/A 1.0.0", 4, 7), ("e.example/own/b 2f", 9, 6), ("c 3f", 10, 6), ("own.d 4.0.0", 11, 6)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    let sources: Vec<_> = read.components.iter().map(|c| c.source.clone()).collect();
    assert_eq!(
        sources,
        [Source::Default, Source::Default, Source::Path("/c".into()), Source::Registry("own.d".into())]
    );
    assert_eq!(read.components[0].purl(), "pkg:swift/github.com/Own/A@1.0.0");
    let first = r#"{"object": {"pins": [{"package": "A", "repositoryURL": "https://e.example/a/", "state": {"branch": null, "revision": "1f", "version": "1.0.0"}}]}, "version": 1}"#;
    let read = LOCK.parse(first).unwrap();
    assert_eq!((rows(&read.value), read.gaps), (vec![("e.example/a 1.0.0".to_owned(), 1, 23)], vec![]));
}

#[test]
fn what_cannot_be_understood_is_told() {
    let failed = GapKind::ParseFailed;
    LOCK.told(&[
        (", \"state\" : {\"branch\" : \"main\", \"revision\" : \"2f\"}", "", failed, "b", 9),
        ("git@e.example:own/b", "b", failed, "b", 9),
        ("\"registry\"", "\"other\"", failed, "own.d", 11),
        ("\"pins\" : [", "\"pins\" : [1,", failed, "a pin", 2),
        ("\"4.0.0\"", "\"\"", failed, "own.d", 11),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("\"version\" : 2", "\"version\" : 4", GapKind::UnsupportedVersion, 13),
        ("\"version\" : 2", "\"version\" : \"2\"", GapKind::ParseFailed, 13),
        ("\"version\" : 2", "\"version\" : 1", GapKind::ParseFailed, 1),
        ("\"version\" : 2", "\"x\" : 2", GapKind::ParseFailed, 1),
        ("\"pins\"", "\"pin\"", GapKind::ParseFailed, 1),
        ("\"pins\" : [", "\"pins\" : {}, \"x\" : [", GapKind::ParseFailed, 2),
        ("  \"pins\"", "<<<<<<< HEAD\n  \"pins\"", GapKind::ParseFailed, 2),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = r#"{"pins": [{"identity": "a", "location": "https://e.example/a/b", "state": {"version": "1"}}], "version": 2}"#;
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
