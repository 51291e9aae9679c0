//! What a file is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const GOOD: &str = "on: push
jobs:
  a:
    runs-on: x
    steps:
      - uses: actions/checkout@v4 # why
      - name: b
        uses: 'Own/Repo/part/x@1f'
      - run: |
          uses: no
      - uses: ./own
  c:
    uses: o/r/.github/workflows/x.yml@main
";
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn uses_of_steps_and_jobs_are_components_with_their_text() {
    let read = LOCK.good();
    let expected = [("actions/checkout v4", 6, 9), ("Own/Repo 1f", 8, 9), ("o/r main", 13, 5)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.components[0].purl(), "pkg:github/actions/checkout@v4");
    assert_eq!((read.counted.independent, read.counted.left_out[0].what.as_str()), (4, "./own"));
    let action = "runs:\n  using: composite\n  steps:\n  - uses: a/b@v1\n";
    assert_eq!(rows(&LOCK.parse(action).unwrap().value), [("a/b v1".to_owned(), 4, 5)]);
    assert_eq!(LOCK.gaps("runs:\n  using: node20\n"), []);
    let label =
        |uses: &str| LOCK.parse(&GOOD.replace("actions/checkout@v4", uses)).unwrap().value.components[0].label();
    assert_eq!(label("https://github.com/a/b@v1"), "a/b v1");
    assert_eq!(label("$/.github/workflows/x.yml"), "Own/Repo 1f");
}

#[test]
fn what_cannot_be_understood_is_told() {
    let failed = GapKind::ParseFailed;
    LOCK.told(&[
        ("checkout@v4", "checkout", failed, "actions/checkout", 6),
        ("checkout@v4", "checkout@", failed, "actions/checkout", 6),
        ("actions/checkout@v4", "actions@v4", failed, "actions@v4", 6),
        ("actions/checkout@v4", "[a]", failed, "", 6),
        ("actions/checkout@v4", "docker://e.example/a:1", GapKind::NotCovered, "e.example/a:1", 6),
    ]);
    let gaps = LOCK.gaps(&GOOD.replace("- uses: actions/checkout@v4", "- {uses: actions/checkout@v4}"));
    assert_eq!(gaps, [(GapKind::CountMismatch, "lock".to_owned(), None)]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    LOCK.refused(&[
        ("jobs:", "job:", GapKind::ParseFailed, 1),
        ("jobs:", "runs: {}\njobs:", GapKind::ParseFailed, 1),
        ("    steps:\n      -", "    steps:\n      x: &a 1\n      b:\n      -", GapKind::ParseFailed, 6),
        ("  c:\n    uses", "  c: x\n  uses", GapKind::ParseFailed, 12),
        ("  c:", "<<<<<<< HEAD\n  c:", GapKind::ParseFailed, 12),
    ]);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
