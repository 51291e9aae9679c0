//! Tests of the reader of deno's locks, on small inputs of their own.

use super::super::npm::law;
use super::super::npm::law::{check_shape, damage, damaged};
use super::*;
use crate::model::Component;
use proptest::prelude::*;
use std::fmt::Write as _;

const FIVE: &str = r#"{
  "version": "5",
  "specifiers": {
    "jsr:@std/a@^1.0.0": "1.0.1",
    "jsr:@std/b@1": "1.2.0",
    "npm:chalk@5": "5.3.0_react@18.0.0"
  },
  "jsr": {
    "@std/a@1.0.1": {
      "integrity": "00",
      "dependencies": ["jsr:@std/b", "npm:chalk@5"]
    },
    "@std/b@1.2.0": { "integrity": "00" }
  },
  "npm": {
    "chalk@5.3.0_react@18.0.0": {
      "integrity": "sha512-x",
      "dependencies": ["react", "old@npm:under@1.0.0"],
      "optionalDependencies": ["gone"]
    },
    "react@18.0.0": { "integrity": "sha512-x" },
    "under@1.0.0": { "integrity": "sha512-x", "tarball": "https://a.example/under.tgz" },
    "under@2.0.0": { "integrity": "sha512-x" }
  },
  "workspace": {
    "dependencies": ["jsr:@std/a@^1.0.0"],
    "packageJson": { "dependencies": ["npm:chalk@5"] },
    "members": { "x": { "dependencies": ["npm:under@2.0.0"] } }
  }
}
"#;

const THREE: &str = r#"{
  "version": "3",
  "packages": {
    "specifiers": { "npm:chalk@5": "npm:chalk@5.3.0", "jsr:@std/a@1": "jsr:@std/a@1.0.1" },
    "jsr": { "@std/a@1.0.1": { "integrity": "00", "dependencies": ["npm:chalk@5"] } },
    "npm": {
      "chalk@5.3.0": { "integrity": "sha512-x", "dependencies": { "u": "under@1.0.0" } },
      "under@1.0.0": { "integrity": "sha512-x", "dependencies": {} }
    }
  },
  "remote": {}
}
"#;

const TWO: &str = r#"{
  "version": "2",
  "remote": { "https://a.example/mod.ts": "00", "https://a.example/b.ts": "00" },
  "npm": {
    "specifiers": { "chalk@5": "chalk@5.3.0" },
    "packages": { "chalk@5.3.0": { "integrity": "sha512-x", "dependencies": {} } }
  }
}
"#;

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("deno.lock"), text.as_bytes())
}

fn whole(text: &str) -> Inventory {
    let mut gaps = Vec::new();
    let inventory = parse_text(text).unwrap().take(&mut gaps);
    assert_eq!(gaps, []);
    inventory
}

fn refused(text: &str) -> (GapKind, Option<u32>) {
    let gap = parse_text(text).unwrap_err();
    (gap.kind, gap.line)
}

fn label(component: &Component) -> String {
    format!("{}:{} {} {}", component.line, component.column, component.ecosystem, component.label())
}

#[test]
fn packages_of_both_registries_have_their_place() {
    let lock = whole(FIVE);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "9:5 JSR @std/a 1.0.1",
            "13:5 JSR @std/b 1.2.0",
            "16:5 npm chalk 5.3.0",
            "21:5 npm react 18.0.0",
            "22:5 npm under 1.0.0",
            "23:5 npm under 2.0.0"
        ]
    );
    assert_eq!(lock.edges, [vec![1, 2], vec![], vec![3, 4], vec![], vec![], vec![]]);
}

#[test]
fn earlier_versions_keep_their_lists_elsewhere() {
    let lock = whole(THREE);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(labels, ["5:14 JSR @std/a 1.0.1", "7:7 npm chalk 5.3.0", "8:7 npm under 1.0.0"]);
    assert_eq!(lock.edges, [vec![1], vec![2], vec![]]);
}

#[test]
fn modules_by_address_are_left_out_with_one_gap() {
    let lock = parse_text(TWO).unwrap();
    assert_eq!(label(&lock.value.components[0]), "6:19 npm chalk 5.3.0");
    assert_eq!((lock.value.counted.independent, lock.value.counted.left_out.len()), (3, 2));
    assert_eq!((lock.gaps.len(), lock.gaps[0].kind, lock.gaps[0].line), (1, GapKind::NotCovered, Some(3)));
}

#[test]
fn a_dependency_that_is_not_listed_is_a_gap_unless_it_is_optional() {
    for (from, to, line) in [
        (r#""jsr:@std/b@1": "1.2.0""#, r#""jsr:@std/b@1": "1.2.1""#, 5),
        (r#"["react", "#, r#"["reac", "#, 16),
        (r#"["react", "#, r#"["under", "#, 16), // which of the two?
        (r#""npm:under@2.0.0""#, r#""npm:under@3.0.0""#, 25),
    ] {
        let gaps = parse_text(&FIVE.replace(from, to)).unwrap().gaps;
        assert_eq!((gaps.len(), gaps[0].kind, gaps[0].line), (1, GapKind::DanglingDependency, Some(line)), "{to}");
    }
}

#[test]
fn an_entry_that_cannot_be_understood_is_left_out_with_a_gap() {
    for (from, to) in [
        ("\"under@2.0.0\": {", "\"under@\": {"),
        ("\"under@2.0.0\": {", "\"under\": {"),
        ("\"under@2.0.0\": { \"integrity\": \"sha512-x\" }", "\"under@2.0.0\": 1"),
    ] {
        let lock = parse_text(&FIVE.replace(from, to)).unwrap();
        let gap = lock.gaps.iter().find(|gap| gap.kind == GapKind::ParseFailed).unwrap();
        assert_eq!((gap.line, lock.value.components.len()), (Some(23), 5), "{to}");
    }
}

#[test]
fn versions_of_the_format_are_known_or_refused() {
    whole(&FIVE.replace("\"version\": \"5\"", "\"version\": \"4\""));
    for other in ["6", "1", "x"] {
        let text = FIVE.replace("\"version\": \"5\"", &format!("\"version\": \"{other}\""));
        assert_eq!(refused(&text), (GapKind::UnsupportedVersion, Some(2)), "{other}");
    }
    for (text, other) in [(FIVE, "3"), (THREE, "2"), (THREE, "4"), (TWO, "3")] {
        let version = text.find("\"version\": \"").unwrap() + 12;
        let mut text = text.to_owned();
        text.replace_range(version..=version, other);
        assert_eq!(refused(&text).0, GapKind::ParseFailed, "{text}");
    }
    for text in ["", "[]", "{}", r#"{"version": 4}"#, r#"{"version": "4", "npm": []}"#] {
        assert_eq!(refused(text).0, GapKind::ParseFailed, "{text}");
    }
    assert_eq!(whole(r#"{"version": "4"}"#).components.len(), 0);
}

#[test]
fn no_damage_hides_a_package() {
    for text in [FIVE, THREE] {
        law::no_damage_hides_a_package(parse, text.as_bytes(), |_| false);
    }
}

#[test]
fn hostile_sizes_end_soon() {
    let mut text = String::from(r#"{"version": "5", "npm": {"p@0": {}"#);
    for n in 0..100_000 {
        let _ = write!(text, r#","p{n}@1.0.0": {{"dependencies": ["p{}"]}}"#, (n + 1) % 100_000);
    }
    text.push_str("}}");
    assert_eq!(whole(&text).components.len(), 100_001);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in damage(), which in 0..3_usize) {
        let good = [FIVE, THREE, TWO][which];
        check_shape(&parse(&TreePath::new("lock"), &damaged(good.as_bytes(), &damage)));
    }
}
