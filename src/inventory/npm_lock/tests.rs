//! Tests of the reader of npm's locks, on small inputs of their own.

use super::super::npm::law::{check_shape, damage, damaged, no_damage_hides_a_package};
use super::*;
use crate::model::{Component, GapKind, Scope, Source};
use proptest::prelude::*;
use std::fmt::Write as _;

const FLAT: &str = r#"{
  "name": "shop",
  "version": "1.2.3",
  "lockfileVersion": 3,
  "requires": true,
  "packages": {
    "": {
      "name": "shop",
      "version": "1.2.3",
      "workspaces": ["packages/*"],
      "dependencies": { "a": "^1.0.0", "@s/b": "npm:real@^2.0.0" },
      "devDependencies": { "d": "*" },
      "optionalDependencies": { "gone": "1" }
    },
    "node_modules/@s/b": {
      "name": "real",
      "version": "2.1.0",
      "resolved": "https://a.example/real/-/real-2.1.0.tgz",
      "integrity": "sha512-x",
      "dependencies": { "a": "^2.0.0" }
    },
    "node_modules/@s/b/node_modules/a": { "version": "2.0.0", "inBundle": true },
    "node_modules/a": { "version": "1.0.0", "optional": true, "peerDependencies": { "react": "*" } },
    "node_modules/d": { "version": "3.0.0", "dev": true, "resolved": "git+ssh://git@a.example/d.git#c0ffee" },
    "node_modules/own": { "resolved": "packages/own", "link": true },
    "packages/own": { "version": "0.1.0", "dependencies": { "a": "1" }, "devDependencies": { "absent": "1" } },
    "packages/own/node_modules/a": { "version": "1.5.0" }
  }
}
"#;

const TREE: &str = r#"{
  "name": "shop",
  "lockfileVersion": 1,
  "requires": true,
  "dependencies": {
    "a": {
      "version": "1.0.0",
      "resolved": "https://a.example/a/-/a-1.0.0.tgz",
      "requires": { "b": "^2.0.0", "c": "1" },
      "dependencies": {
        "b": { "version": "2.0.0", "bundled": true, "requires": { "c": "1" } }
      }
    },
    "b": { "version": "1.0.0", "dev": true },
    "c": { "version": "npm:@s/real@3.0.0", "optional": true },
    "g": { "version": "git+https://a.example/g.git#c0ffee", "from": "g@a/g" },
    "t": { "version": "https://a.example/t/-/t-4.0.0.tgz" },
    "u": { "version": "https://a.example/u.tgz" }
  }
}
"#;

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("package-lock.json"), text.as_bytes())
}

fn whole(text: &str) -> Inventory {
    let mut gaps = Vec::new();
    let inventory = parse_text(text).unwrap().take(&mut gaps);
    assert_eq!(gaps, []);
    inventory
}

fn refused(text: &str) -> (GapKind, Option<u32>, String) {
    let gap = parse_text(text).unwrap_err();
    (gap.kind, gap.line, gap.why)
}

fn label(component: &Component) -> String {
    format!("{}:{} {}", component.line, component.column, component.label())
}

fn edges(inventory: &Inventory) -> Vec<String> {
    let name = |index: usize| inventory.components[index].label();
    let pairs = inventory.edges.iter().enumerate().flat_map(|(from, to)| to.iter().map(move |to| (from, *to as usize)));
    pairs.map(|(from, to)| format!("{} > {}", name(from), name(to))).collect()
}

#[test]
fn the_list_gives_every_package_with_its_place() {
    let lock = whole(FLAT);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "7:5 shop 1.2.3",
            "15:5 real 2.1.0",
            "22:5 a 2.0.0",
            "23:5 a 1.0.0",
            "24:5 d 3.0.0",
            "26:5 own 0.1.0",
            "27:5 a 1.5.0"
        ]
    );
    let sources: Vec<&str> = lock.components.iter().map(|c| c.source.describe()).collect();
    let default = "the default registry";
    assert_eq!(sources, ["first-party", default, default, default, "git", "first-party", default]);
    assert_eq!(lock.components[4].scope, Scope::Dev);
    assert_eq!(lock.components[3].conditions, ["optional".into()]);
    assert_eq!((lock.counted.independent, lock.counted.left_out.len()), (8, 1));
    assert_eq!(lock.counted.left_out[0].what, "node_modules/own");
}

#[test]
fn a_dependency_is_the_nearest_directory_upwards() {
    assert_eq!(
        edges(&whole(FLAT)),
        [
            "shop 1.2.3 > real 2.1.0",
            "shop 1.2.3 > a 1.0.0",
            "shop 1.2.3 > d 3.0.0",
            "real 2.1.0 > a 2.0.0",
            "own 0.1.0 > a 1.5.0"
        ]
    );
    let linked = FLAT.replace(r#""d": "*""#, r#""own": "*""#);
    assert!(edges(&whole(&linked)).contains(&"shop 1.2.3 > own 0.1.0".to_owned()));
}

#[test]
fn the_tree_gives_every_package_and_what_it_means() {
    let lock = whole(TREE);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "6:5 a 1.0.0",
            "11:9 b 2.0.0",
            "14:5 b 1.0.0",
            "15:5 @s/real 3.0.0",
            "16:5 g c0ffee",
            "17:5 t 4.0.0",
            "18:5 u https://a.example/u.tgz"
        ]
    );
    assert_eq!(lock.components[4].source, Source::Git("git+https://a.example/g.git#c0ffee".into()));
    assert_eq!(lock.components[5].source, Source::Default);
    assert_eq!(lock.components[6].source, Source::Registry("https://a.example/u.tgz".into()));
    assert_eq!(edges(&lock), ["a 1.0.0 > b 2.0.0", "a 1.0.0 > @s/real 3.0.0", "b 2.0.0 > @s/real 3.0.0"]);
}

#[test]
fn a_dependency_that_is_not_listed_is_a_gap_unless_it_is_optional() {
    let missing = FLAT.replace(r#""d": "*""#, r#""absent": "*""#);
    let lock = parse_text(&missing).unwrap();
    let gaps: Vec<(GapKind, Option<u32>)> = lock.gaps.iter().map(|gap| (gap.kind, gap.line)).collect();
    assert_eq!(gaps, [(GapKind::DanglingDependency, Some(12))]);
    let lock = parse_text(&TREE.replace(r#""c": "1" },"#, r#""x": "1" },"#)).unwrap();
    assert_eq!(lock.gaps.len(), 1);
    whole(&TREE.replace(r#"}, "g""#, r#", "requires": { "x": "1" } }, "g""#));
}

#[test]
fn an_entry_without_version_is_left_out_with_a_gap() {
    for (from, to) in [
        (r#""version": "1.0.0", "optional""#, r#""optional""#),
        (r#""version": "1.0.0", "optional""#, r#""version": "", "optional""#),
        (r#""version": "1.0.0", "optional""#, r#""version": 1, "optional""#),
        (r#""node_modules/a":"#, r#""node_modules/":"#),
    ] {
        let lock = parse_text(&FLAT.replace(from, to)).unwrap();
        assert_eq!(lock.value.components.len(), 6, "{to}");
        let gap = lock.gaps.iter().find(|gap| gap.kind == GapKind::ParseFailed).unwrap();
        assert_eq!(gap.line, Some(23), "{to}");
    }
    let lock = parse_text(&TREE.replace(r#""version": "1.0.0", "dev""#, r#""dev""#)).unwrap();
    assert_eq!((lock.value.components.len(), lock.gaps.len()), (6, 1));
}

#[test]
fn a_repository_without_version_has_its_commit_for_one() {
    let lock = whole(&FLAT.replace(r#""version": "3.0.0", "dev""#, r#""dev""#));
    assert_eq!(lock.components[4].label(), "d c0ffee");
}

#[test]
fn what_is_fetched_is_no_directory_of_the_project() {
    let lock = whole(&FLAT.replace(r#""packages/own": {"#, r#""packages/own": { "resolved": "https://a.example/x","#));
    assert_eq!(lock.components[5].source, Source::Default);
}

#[test]
fn a_directory_that_nothing_links_to_is_judged_as_a_package() {
    let unlinked = FLAT.replace(r#""resolved": "packages/own", "link": true"#, r#""version": "1.0.0""#);
    assert_eq!(whole(&unlinked).components[6].source, Source::Default);
    let leftover = unlinked.replace(r#""version": "0.1.0","#, r#""version": "0.1.0", "extraneous": true,"#);
    assert_eq!(whole(&leftover).components[6].source, Source::Local);
}

#[test]
fn two_lists_that_differ_are_a_gap() {
    let second = |tree: &str| {
        let version = FLAT.replace("\"lockfileVersion\": 3", "\"lockfileVersion\": 2");
        version.replace("  \"packages\": {\n", &format!("  \"dependencies\": {{ {tree} }},\n  \"packages\": {{\n"))
    };
    whole(&second(r#""a": { "version": "1.0.0" }, "@s/b": { "version": "npm:real@2.1.0" }"#));
    whole(&second(r#""own": { "version": "file:packages/own", "dependencies": { "a": { "version": "1.5.0" } } }"#));
    for tree in [
        r#""a": { "version": "1.0.1" }"#,
        r#""e": { "version": "1.0.0" }"#,
        r#""a": { "version": "1.0.0", "dependencies": { "e": { "version": "1.0.0" } } }"#,
        r#""a": 1"#,
    ] {
        let lock = parse_text(&second(tree)).unwrap();
        assert_eq!(lock.gaps.len(), 1, "{tree}: {:?}", lock.gaps);
        assert_eq!((lock.gaps[0].kind, lock.gaps[0].line), (GapKind::ParseFailed, Some(6)), "{tree}");
    }
}

#[test]
fn versions_of_the_format_are_known_or_refused() {
    let version = |text: &str| FLAT.replace("\"lockfileVersion\": 3", &format!("\"lockfileVersion\": {text}"));
    whole(&version("2"));
    assert_eq!(refused(&version("4")).0, GapKind::UnsupportedVersion);
    assert_eq!(refused(&version("4")).1, Some(4));
    assert_eq!(refused(&version("2.5")).0, GapKind::UnsupportedVersion);
    assert_eq!(refused(&version("1")).0, GapKind::ParseFailed);
    assert_eq!(refused(&version("\"3\"")).0, GapKind::ParseFailed);
    whole(&TREE.replace("\"lockfileVersion\": 1,", ""));
    for text in ["{}", "[]", "null", "{\"packages\": {}}", "{\"lockfileVersion\": 3}", "", "{\"lockfileVersion\": 2}"] {
        assert_eq!(refused(text).0, GapKind::ParseFailed, "{text}");
    }
    whole("{\"lockfileVersion\": 3, \"packages\": {}}");
    whole("{\"lockfileVersion\": 1}");
}

#[test]
fn lists_under_damaged_keys_are_refused() {
    assert_eq!(refused(&FLAT.replace("\"packages\": {\n", "\"qackages\": {\n")).0, GapKind::ParseFailed);
    assert_eq!(refused(&TREE.replace("      \"dependencies\"", "      \"dependencier\"")).1, Some(10));
    assert_eq!(refused(&TREE.replace("      \"dependencies\"", "      \"packages\"")).1, Some(10));
}

#[test]
fn a_merge_conflict_is_told() {
    let text = FLAT.replace("    \"node_modules/a\"", "<<<<<<< HEAD\n    \"node_modules/a\"");
    let (kind, line, why) = refused(&text);
    assert_eq!((kind, line), (GapKind::ParseFailed, Some(23)));
    assert_eq!(why, "a merge conflict that nobody resolved");
}

#[test]
fn no_damage_hides_a_package_of_a_list() {
    no_damage_hides_a_package(parse, FLAT.as_bytes(), |_| false);
}

#[test]
fn no_damage_hides_a_package_of_a_tree() {
    no_damage_hides_a_package(parse, TREE.as_bytes(), |_| false);
}

#[test]
fn hostile_sizes_end_soon() {
    let mut flat = String::from(r#"{"lockfileVersion": 3, "packages": {"": {}"#);
    for n in 0..100_000 {
        // A chain that is a cycle as well.
        let next = (n + 1) % 100_000;
        let _ = write!(flat, r#","node_modules/p{n}": {{"version": "1.0.{n}", "dependencies": {{"p{next}": "1"}}}}"#);
    }
    flat.push_str("}}");
    assert_eq!(whole(&flat).components.len(), 100_000);

    // Many optional dependencies beside as many others.
    let names: String = (0..100_000).map(|n| format!(r#","n{n}": "1""#)).collect();
    let both = format!(
        r#"{{"lockfileVersion": 3, "packages": {{"": {{"dependencies": {{"x": "1"{names}}}, "optionalDependencies": {{"x": "1"{names}}}}}}}}}"#
    );
    assert_eq!(whole(&both).components.len(), 0);

    let many = format!(r#"{{"lockfileVersion": 3, "packages": {{"": {{"dependencies": {{"x": "1"{names}}}}}}}}}"#);
    assert_eq!(refused(&many).0, GapKind::TooLarge);

    let mut path = String::new();
    let mut deep = String::from(r#"{"lockfileVersion": 3, "packages": {"": {}"#);
    for n in 0..2_000 {
        path.push_str(if n == 0 { "node_modules/a" } else { "/node_modules/a" });
        let _ = write!(deep, r#","{path}": {{"version": "1.0.0", "peerDependencies": {{"b": "1", "c": "1"}}}}"#);
    }
    deep.push_str("}}");
    assert_eq!(refused(&deep).0, GapKind::TooLarge);

    let tree = format!(r#"{{"lockfileVersion": 1, {}}}"#, r#""dependencies": {"a": {"version": "1", "#.repeat(100_000));
    assert_eq!(refused(&tree).0, GapKind::ParseFailed);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in damage(), flat in any::<bool>()) {
        let good = if flat { FLAT } else { TREE };
        check_shape(&parse(&TreePath::new("lock"), &damaged(good.as_bytes(), &damage)));
    }
}
