//! Tests of the reader of bun's locks, on small inputs of their own.

use super::super::npm::law;
use super::super::npm::law::{check_shape, damage, damaged};
use super::*;
use crate::model::{Component, GapKind};
use proptest::prelude::*;
use std::fmt::Write as _;

const LOCK: &str = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": {
      "name": "shop",
      "dependencies": {
        "@s/a": "^1.0.0",
        "g": "github:x/g",
        "own": "workspace:*",
      },
      "devDependencies": {
        "alias": "npm:real@^2.0.0",
      },
      "optionalDependencies": {
        "gone": "1",
      },
    },
    "packages/own": {
      "name": "own",
      "version": "0.1.0",
      "dependencies": {
        "under": "^2.0.0",
      },
    },
  },
  "packages": {
    "@s/a": ["@s/a@1.0.0", "", { "dependencies": { "under": "^1.0.0", "@s/b": "1" }, "bin": "x" }, "sha512-x"],

    "@s/a/@s/b": ["@s/b@1.1.0", "https://a.example/@s/b/-/b-1.1.0.tgz", {}, "sha512-x"],

    "@s/b": ["@s/b@1.2.0", "", {}, "sha512-x"],

    "alias": ["real@2.0.0", "", { "dependencies": { "@s/b": "1" } }, "sha512-x"],

    "g": ["g@github:x/g#c0ffee", {}, "x-g-c0ffee"],

    "own": ["own@workspace:packages/own"],

    "own/under": ["under@2.0.0", "", {}, "sha512-x"],

    "under": ["under@1.0.0", "", { "peerDependencies": { "react": "*" } }, "sha512-x"],
  },
}
"#;

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("bun.lock"), text.as_bytes())
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
    let Component { line, column, scope, source, .. } = component;
    format!("{line}:{column} {} {} {}", component.label(), scope.as_str(), source.describe())
}

#[test]
fn every_package_has_its_place_and_scope() {
    let lock = whole(LOCK);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "27:5 @s/a 1.0.0 normal the default registry",
            "29:5 @s/b 1.1.0 normal the default registry",
            "31:5 @s/b 1.2.0 dev the default registry",
            "33:5 real 2.0.0 dev the default registry",
            "35:5 g c0ffee normal git",
            "37:5 own 0.1.0 normal first-party",
            "39:5 under 2.0.0 normal the default registry",
            "41:5 under 1.0.0 normal the default registry"
        ]
    );
    assert_eq!(lock.edges, [vec![1, 7], vec![], vec![], vec![2], vec![], vec![6], vec![], vec![]]);
    assert_eq!(lock.counted.independent, 8);
}

#[test]
fn what_is_no_version_is_an_address() {
    for (locked, version, source) in [
        ("g@https://a.example/g.tgz", "https://a.example/g.tgz", Source::Registry("https://a.example/g.tgz".into())),
        ("g@https://a.example/g/-/g-3.0.0.tgz", "3.0.0", Source::Default),
        ("g@file:../g", "file:../g", Source::Path("file:../g".into())),
        ("g@link:g", "link:g", Source::Path("link:g".into())),
        ("g@git+ssh://a.example/g#c0ffee", "c0ffee", Source::Git("git+ssh://a.example/g#c0ffee".into())),
    ] {
        let lock = whole(&LOCK.replace("g@github:x/g#c0ffee", locked));
        assert_eq!((lock.components[4].version.as_ref(), &lock.components[4].source), (version, &source));
    }
}

#[test]
fn a_dependency_that_is_not_listed_is_a_gap_unless_it_is_optional() {
    for (from, to, line) in [
        (r#""g": "github:x/g","#, r#""h": "github:x/g","#, 8),
        (r#""alias": "npm"#, r#""alia": "npm"#, 12),
        (r#""under": "^1.0.0", "@s"#, r#""unde": "^1.0.0", "@s"#, 27),
    ] {
        let gaps = parse_text(&LOCK.replace(from, to)).unwrap().gaps;
        assert_eq!((gaps.len(), gaps[0].kind, gaps[0].line), (1, GapKind::DanglingDependency, Some(line)), "{to}");
    }
}

#[test]
fn an_entry_that_cannot_be_understood_is_left_out_with_a_gap() {
    for (from, to) in [
        (r#"["real@2.0.0", "#, r#"["real", "#),
        (r#"["real@2.0.0", "#, r#"["", "#),
        (r#"["real@2.0.0", "#, r#"[1, "#),
        (r#"["real@2.0.0", "#, r#"["re al@2.0.0", "#),
    ] {
        let lock = parse_text(&LOCK.replace(from, to)).unwrap();
        assert_eq!(
            (lock.gaps.len(), lock.gaps[0].kind, lock.gaps[0].line),
            (1, GapKind::ParseFailed, Some(33)),
            "{to}"
        );
        assert_eq!(lock.value.components.len(), 7);
    }
    let lock = whole(&LOCK.replace("      \"version\": \"0.1.0\",\n", ""));
    assert_eq!((lock.components.len(), lock.counted.left_out.len()), (7, 1));
}

#[test]
fn versions_of_the_format_are_known_or_refused() {
    let version = |text: &str| LOCK.replace("\"lockfileVersion\": 1", &format!("\"lockfileVersion\": {text}"));
    whole(&version("0"));
    for other in ["2", "-1", "1.5"] {
        assert_eq!(refused(&version(other)), (GapKind::UnsupportedVersion, Some(2)), "{other}");
    }
    assert_eq!(refused(&version("\"1\"")).0, GapKind::ParseFailed);
    for text in [
        "",
        "[]",
        "{}",
        "# x",
        r#"{"lockfileVersion": 1, "packages": {}}"#,
        r#"{"lockfileVersion": 1, "workspaces": {}}"#,
    ] {
        assert_eq!(refused(text).0, GapKind::ParseFailed, "{text}");
    }
    assert_eq!(refused(&LOCK.replace("    \"g\": [", "<<<<<<< HEAD\n    \"g\": [")).1, Some(35));
    assert_eq!(whole(r#"{"lockfileVersion": 1, "workspaces": {"": {}}, "packages": {}}"#).components.len(), 0);
}

#[test]
fn no_damage_hides_a_package() {
    law::no_damage_hides_a_package(parse, LOCK.as_bytes(), |_| false);
}

#[test]
fn hostile_sizes_end_soon() {
    let mut text = String::from(r#"{"lockfileVersion": 1, "workspaces": {"": {}}, "packages": {"#);
    for n in 0..100_000 {
        let next = (n + 1) % 100_000;
        let _ = write!(text, r#""p{n}": ["p{n}@1.0.0", "", {{"dependencies": {{"p{next}": "1"}}}}, "x"],"#);
    }
    text.push_str("}}");
    assert_eq!(whole(&text).components.len(), 100_000);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in damage()) {
        check_shape(&parse(&TreePath::new("lock"), &damaged(LOCK.as_bytes(), &damage)));
    }
}
