//! What a file is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = "packages:
- completed:
    hackage: a-b-1.2.3@sha256:0f,2849
    pantry-tree:
      size: 331
  original:
    hackage: a-b-1.2.3
- completed:
    name: c
    version: 0.1
    git: https://u:p@e.example/c.git
    commit: 1f
  original: {}
snapshots: []
";
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn packages_beside_the_snapshot_have_places_and_sources() {
    let read = LOCK.good();
    let expected = [("a-b 1.2.3", 3, 5), ("c 0.1", 8, 3)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.components[1].source, Source::Git("https://e.example/c.git#1f".into()));
    assert_eq!((read.components[0].checksum, read.counted.independent), (None, 2));
}

#[test]
fn a_snapshot_is_a_gap() {
    let with = |snapshots: &str| LOCK.gaps(&GOOD.replace("snapshots: []", snapshots));
    let gap = |what: &str| vec![(GapKind::Unlocked, what.to_owned(), Some(15))];
    assert_eq!(with("snapshots:\n- original: lts-18.28\n  completed: {url: x}"), gap("lts-18.28"));
    assert_eq!(with("snapshots:\n- completed: {url: x}\n  original: {url: y}"), gap("y"));
    assert_eq!(with("snapshots:\n- completed: {}"), gap("a snapshot"));
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        ("hackage: a-b-1.2.3@", "hackage: a-b@", GapKind::ParseFailed, "a-b@sha256:0f,2849", 3),
        ("    git:", "    gut:", GapKind::ParseFailed, "c", 8),
        ("- completed:\n    name", "- complete:\n    name", GapKind::ParseFailed, "a package", 8),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("packages:", "package:", GapKind::ParseFailed, 1),
        ("snapshots: []", "", GapKind::ParseFailed, 1),
        ("snapshots: []", "snapshots: {}", GapKind::ParseFailed, 14),
        ("snapshots:", "<<<<<<< HEAD\nsnapshots:", GapKind::ParseFailed, 14),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = "packages:\n- completed:\n    hackage: a-1\n- completed:\n    hackage: b-2\nsnapshots: []\n";
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
