//! What a `composer.lock` is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use proptest::prelude::*;

const GOOD: &str = r#"{
  "content-hash": "0f",
  "packages": [
    {
      "name": "A/b",
      "version": "v1.0.0",
      "dist": {"type": "zip", "url": "https://e.example/b.zip", "shasum": ""},
      "require": {"php": ">=7", "ext-json": "*", "C/D": "^2"},
      "provide": {"v/interface": "1"}
    },
    {"version": "2.1.0", "name": "c/d", "require": {"v/interface": "*"}, "dist": {"type": "path", "url": "../d"}}
  ],
  "packages-dev": [
    {"name": "e/f", "version": "dev-main", "require": []}
  ],
  "aliases": [{"package": "e/f", "version": "9999999-dev", "alias": "1.0.0"}],
  "platform": {"php": ">=7"}
}
"#;

fn at(text: &str, manifest: Option<&str>) -> Result<Partial<Inventory>, Gap> {
    let siblings = |path: &TreePath| {
        assert_eq!(path.as_str(), "x/composer.json");
        manifest.map(|text| text.as_bytes().to_vec())
    };
    parse(&TreePath::new("x/composer.lock"), text.as_bytes(), &siblings)
}

fn gaps(text: &str, manifest: Option<&str>) -> Vec<(GapKind, String, Option<u32>)> {
    at(text, manifest).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
}

#[test]
fn packages_have_places_scopes_and_edges() {
    let read = at(GOOD, None).unwrap();
    assert_eq!(read.gaps, []);
    let read = read.value;
    let rows: Vec<_> =
        read.components.iter().map(|c| (c.label(), c.line, c.column, c.scope, c.source.clone())).collect();
    let expected = [
        ("a/b v1.0.0".to_owned(), 5, 7, Scope::Normal, Source::Default),
        ("c/d 2.1.0".to_owned(), 11, 26, Scope::Normal, Source::Path("../d".into())),
        ("e/f dev-main".to_owned(), 14, 6, Scope::Dev, Source::Default),
    ];
    assert_eq!(rows, expected);
    assert_eq!(read.edges, [vec![1], vec![0], vec![]]);
    assert_eq!(read.components[0].purl(), "pkg:composer/a/b@v1.0.0");
}

#[test]
fn what_the_project_replaces_needs_no_entry() {
    let text = GOOD.replace("C/D", "x/y");
    let missing = [(GapKind::DanglingDependency, "x/y".to_owned(), Some(8))];
    assert_eq!(gaps(&text, None), missing);
    assert_eq!(gaps(&text, Some("{}")), missing);
    assert_eq!(gaps(&text, Some(r#"{"replace": {"X/y": "*"}}"#)), []);
    let other = gaps(&text, Some("{"));
    assert_eq!((other.len(), other[0].1.as_str()), (2, "composer.json"));
}

#[test]
fn an_entry_that_cannot_be_understood_is_left_out_by_name() {
    for (from, to, what, line) in [
        (r#""version": "2.1.0", "#, "", "c/d", 11),
        (r#""2.1.0""#, "null", "c/d", 11),
        (r#""2.1.0""#, "\"2 1\"", "c/d", 11),
        (r#""name": "e/f""#, r#""nome": "e/f""#, "", 14),
        (r#""name": "e/f""#, r#""name": "ef""#, "ef", 14),
        (r#""packages-dev": ["#, r#""packages-dev": [1,"#, "packages-dev", 13),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        assert_eq!(gaps(&text, None), [(GapKind::ParseFailed, what.to_owned(), Some(line))], "{from} -> {to}");
    }
    assert_eq!(at(&GOOD.replace("\"2.1.0\"", "2"), None).unwrap().value.components[1].version.as_ref(), "2");
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    for (from, to, line) in [
        ("\"packages\"", "\"packeges\"", 3),
        ("\"packages-dev\"", "\"packages\"", 13),
        ("\"packages\": [", "\"packages\": {}, \"x\": [", 3),
        ("\"name\": \"A/b\",", "\"name\": \"A/b\", \"name\": \"x/y\",", 5),
        ("\"platform\"", "<<<<<<< HEAD\n\"platform\"", 17),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let gap = at(&text, None).unwrap_err();
        assert_eq!((gap.kind, gap.line), (GapKind::ParseFailed, Some(line)), "{from} -> {to}");
    }
    assert_eq!(at("{}", None).unwrap_err().why, "`packages` is missing");
    assert_eq!(at("{\"packages\": []}", None).unwrap_err().why, "`packages-dev` is missing");
    assert_eq!(gaps("{\"packages\": [], \"packages-dev\": null}", None), []);
}

#[test]
fn damage_hides_no_package() {
    let good = r#"{"packages": [{"name": "a/b", "version": "1"}], "packages-dev": [{"name": "c/d", "version": "2"}]}"#;
    law::no_damage_hides_a_package(|path, bytes| parse(path, bytes, &|_| None), good.as_bytes(), |_| false);
}

#[test]
fn hostile_sizes_end_soon() {
    let package =
        |n: usize| format!(r#"{{"name": "a/p{n}", "version": "1", "require": {{"a/p{}": "*"}}}}"#, (n + 1) % 100_000);
    let many: Vec<String> = (0..100_000).map(package).collect();
    let read = at(&format!(r#"{{"packages": [{}], "packages-dev": []}}"#, many.join(",\n")), None).unwrap();
    assert_eq!((read.value.components.len(), read.gaps), (100_000, vec![]));
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(GOOD.as_bytes(), &damage), &|_| None));
    }
}
