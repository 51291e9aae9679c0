//! What a lock is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use crate::model::GapKind;
use proptest::prelude::*;

const SUM: &str = "47dd8b13cb72ed70d7c9ebb4aad5d2ce73c8b2d11f3f3b0b9b0e5d9c1ed2a4b7";
const GOOD: &str = r#"%{
  "cowboy": {:hex, :cowboy, "2.9.0", "aa", [:make, :rebar3], [{:cowlib, "2.11.0", [hex: :cowlib, repo: "hexpm", optional: false]}, {:x, "~> 1.0", [hex: :x, repo: "hexpm", optional: true]}], "hexpm", "47dd8b13cb72ed70d7c9ebb4aad5d2ce73c8b2d11f3f3b0b9b0e5d9c1ed2a4b7"},
  "cowlib": {:hex, :"cow_lib", "2.11.0", "aa", [:make], [], "hexpm:own"},
  "enacl": {:git, "https://u:p@e.example/enacl.git", "2f50ba", [ref: "2f50ba"]},
  "old": {:hex, :old, "1.0.0"},
  "here": {:path, "../here", []},
}
"#;
const LOCK: Sample = Sample { parse, good: GOOD };

#[test]
fn entries_have_places_sources_checksums_and_edges() {
    let read = LOCK.good();
    let expected = [("cowboy 2.9.0", 2, 3), ("cow_lib 2.11.0", 3, 3), ("enacl 2f50ba", 4, 3), ("old 1.0.0", 5, 3)];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(read.edges, [vec![1], vec![], vec![], vec![]]);
    let sources: Vec<_> = read.components.iter().map(|c| c.source.clone()).collect();
    let git = Source::Git("https://e.example/enacl.git#2f50ba".into());
    assert_eq!(sources, [Source::Default, Source::Registry("hexpm:own".into()), git, Source::Default]);
    assert_eq!(read.components[0].checksum.unwrap().hex(), SUM);
    assert_eq!((read.counted.independent, read.counted.left_out.len()), (5, 1));
    assert_eq!(LOCK.gaps("%{}"), []);
}

#[test]
fn what_cannot_be_understood_is_told() {
    LOCK.told(&[
        (":path", ":svn", GapKind::ParseFailed, "here", 6),
        ("\"1.0.0\"", "\"1 0\"", GapKind::ParseFailed, "old", 5),
        (", \"47", ", \"7", GapKind::ParseFailed, "cowboy", 2),
        ("optional: true", "optional: false", GapKind::DanglingDependency, "x", 2),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let failed = GapKind::ParseFailed;
    LOCK.refused(&[
        ("%{", "{", failed, 1),
        ("}\n", "\n", failed, 8),
        ("  \"old\"", "  \"enacl\"", failed, 5),
        ("  \"old\"", "  old", failed, 5),
        ("\"old\": {", "\"old\": [", failed, 5),
        ("\"1.0.0\"", "\"1.0.0", failed, 5),
        ("\"1.0.0\"", "\"1.0\\0\"", failed, 5),
        ("\"1.0.0\"", "1.0.0", failed, 5),
        ("},\n}\n", "},\n}\nx", failed, 8),
        ("  \"old\"", "<<<<<<< HEAD\n  \"old\"", failed, 5),
    ]);
    let deep = format!("%{{\"a\": {{{}", "[".repeat(100_000));
    assert_eq!(LOCK.parse(&deep).unwrap_err().kind, failed);
    let deep = format!("%{{\"a\": {{{}", "a: ".repeat(100_000));
    assert_eq!(LOCK.parse(&deep).unwrap_err().kind, failed);
}

#[test]
fn damage_hides_no_package() {
    let good = "%{\n  \"a\": {:hex, :a, \"1\", \"\", [], [], \"hexpm\"},\n  \"b\": {:git, \"u\", \"2\", []},\n}\n";
    law::no_damage_hides_a_package(parse, good.as_bytes(), |cut| cut.ends_with(b"}\n}"));
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage)));
    }
}
