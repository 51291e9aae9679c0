//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = "PODS:
  - Aa (3.1.2):
    - Bb/Core (~> 3)
  - Bb/Core (3.0.3):
    - Bb/Other
  - Bb/Other (3.0.3)
  - Cc (1.0-beta)
  - Dd (0.1)

DEPENDENCIES:
  - Aa
  - Cc (from `../Cc`)
  - Dd (from `https://e.example/dd.git`, tag `1`)

SPEC REPOS:
  trunk:
    - Aa
  https://e.example/specs.git:
    - Bb

EXTERNAL SOURCES:
  Cc:
    :path: ../Cc
  Dd:
    :git: https://e.example/dd.git
    :tag: '1'

CHECKOUT OPTIONS:
  Dd:
    :commit: 1f
    :git: https://e.example/dd.git

SPEC CHECKSUMS:
  Aa: 4ea1197a744f2fb5fb875fe31caf17ded4762e8f

COCOAPODS: 1.11.2
";
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn pods_have_places_sources_and_edges_and_their_parts_are_one() {
    let read = LOCK.good();
    let expected = [("Aa 3.1.2", 2, 5), ("Bb 3.0.3", 4, 5), ("Cc 1.0-beta", 7, 5), ("Dd 0.1", 8, 5)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.edges, [vec![1], vec![1], vec![], vec![]]);
    let sources: Vec<_> = read.components.iter().map(|c| c.source.clone()).collect();
    let other = Source::Registry("https://e.example/specs.git".into());
    let git = Source::Git("https://e.example/dd.git#1f".into());
    assert_eq!(sources, [Source::Default, other, Source::Path("../Cc".into()), git]);
    assert_eq!((read.counted.independent, read.counted.left_out[0].what.as_str()), (5, "Bb/Other (3.0.3)"));
    assert_eq!(LOCK.gaps("COCOAPODS: 1.11.2\n"), []);
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        ("  - Dd (0.1)", "  - Dd 0.1\n  - Dd (1)", GapKind::ParseFailed, "Dd 0.1", 8),
        ("    - Bb/Other\n", "    - Bb/Else\n", GapKind::DanglingDependency, "Bb/Else", 5),
        ("  - Aa\n", "  - Ee\n", GapKind::DanglingDependency, "Ee", 11),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("COCOAPODS:", "COCOAPOD:", GapKind::ParseFailed, 37),
        ("PODS:", "POD:", GapKind::ParseFailed, 1),
        ("PODS:", "PODS: x\ny:", GapKind::ParseFailed, 1),
        ("  Dd:\n    :git", "  Cc:\n    :git", GapKind::ParseFailed, 24),
        ("SPEC REPOS:", "<<<<<<< HEAD\nSPEC REPOS:", GapKind::ParseFailed, 15),
        ("  trunk:\n    - Aa\n", "  trunk: Aa\n", GapKind::ParseFailed, 16),
    ]);
}

#[test]
fn damage_hides_no_package() {
    let good = "PODS:\n  - A (1):\n    - B\n  - B (2)\n\nDEPENDENCIES:\n  - A\n\nCOCOAPODS: 1\n";
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
