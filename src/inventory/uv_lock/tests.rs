//! What the reader of `uv.lock` takes and refuses, in small inputs.

use super::*;
use crate::inventory::python::{FILES, INDEX};
use crate::model::{GapKind, Scope};

const HASH: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";

fn package(name: &str, version: &str, rest: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"{INDEX}\" }}\n{rest}\n")
}

fn app(rest: &str) -> String {
    format!("[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = {{ editable = \".\" }}\n{rest}\n")
}

fn lock(packages: &[String]) -> String {
    format!("version = 1\nrevision = 3\nrequires-python = \">=3.10\"\n\n{}", packages.concat())
}

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("uv.lock"), text.as_bytes())
}

fn accepted(text: &str) -> Inventory {
    let read = parse_text(text).unwrap();
    assert_eq!(read.gaps, []);
    read.value
}

fn refused(text: &str) -> (GapKind, Option<u32>, String) {
    let gap = parse_text(text).unwrap_err();
    assert!(!gap.help.is_empty() && gap.digest.is_some());
    (gap.kind, gap.line, gap.why)
}

fn gaps(text: &str) -> Vec<(GapKind, String, Option<u32>)> {
    parse_text(text).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
}

#[test]
fn entries_become_components_with_places_edges_scopes_and_extras() {
    let text = lock(&[
        app(
            "dependencies = [{ name = \"a\" }]\n[package.optional-dependencies]\nx = [{ name = \"b\" }]\n[package.dev-dependencies]\ndev = [{ name = \"c\" }, { name = \"a\" }]\n",
        ),
        package("a", "1", "dependencies = [\n { name = \"d\", marker = \"sys_platform == 'win32'\" },\n]\n"),
        package(
            "b",
            "1",
            &format!(
                "sdist = {{ url = \"{FILES}b-1.tar.gz\", hash = \"sha256:{HASH}\" }}\nwheels = [{{ url = \"{FILES}b.whl\" }}, {{ url = \"{FILES}c.whl\" }}]\n"
            ),
        ),
        package("c", "1", "dependencies = [{ name = \"e\", extra = [\"z\"] }]\n"),
        package("d", "1", ""),
        package("e", "1", "[package.optional-dependencies]\nz = [{ name = \"f\" }]\n"),
        package("f", "1", ""),
        package("g", "1", ""),
    ]);
    let read = accepted(&text);
    let scopes: Vec<_> = read.components.iter().map(|c| (&*c.name, c.scope, c.conditions.join(","))).collect();
    let none = String::new;
    assert_eq!(
        scopes,
        [
            ("app", Scope::Normal, none()),
            ("a", Scope::Normal, none()),
            ("b", Scope::Normal, "extra: x".to_owned()),
            ("c", Scope::Dev, none()),
            ("d", Scope::Normal, none()),
            ("e", Scope::Dev, none()),
            ("f", Scope::Dev, none()),
            ("g", Scope::Unknown, none()),
        ]
    );
    assert_eq!(read.edges, [vec![1, 2, 3], vec![4], vec![], vec![5], vec![], vec![6], vec![], vec![]]);
    assert_eq!((read.components[0].line, read.components[1].line, read.components[1].column), (5, 15, 1));
    assert_eq!((&read.components[0].source, &read.components[1].source), (&Source::Local, &Source::Default));
    assert_eq!(read.components[2].checksum.unwrap().hex(), HASH);
}

#[test]
fn a_script_asks_for_packages_in_its_manifest() {
    let manifest = "[manifest]\nrequirements = [{ name = \"a\", specifier = \">=1\" }]\n[manifest.dependency-groups]\ndev = [{ name = \"b\" }]\n\n";
    let read = accepted(&lock(&[manifest.to_owned(), package("a", "1", ""), package("b", "1", "")]));
    assert_eq!(read.components.iter().map(|c| c.scope).collect::<Vec<_>>(), [Scope::Normal, Scope::Dev]);
}

#[test]
fn sources_are_told_apart() {
    let of = |source: &str| {
        let text = lock(&[package("a", "1", "").replace(&format!("registry = \"{INDEX}\""), source)]);
        parse_text(&text).map(|read| read.value.components[0].source.clone())
    };
    assert_eq!(of(&format!("registry = \"{INDEX}/\"")), Ok(Source::Default));
    assert_eq!(of("registry = \"https://r.example/simple\""), Ok(Source::Registry("https://r.example/simple".into())));
    assert_eq!(
        of("git = \"https://e.example/a?rev=1#0f\""),
        Ok(Source::Git("git+https://e.example/a?rev=1#0f".into()))
    );
    assert_eq!(of("url = \"https://e.example/a.whl\""), Ok(Source::Path("https://e.example/a.whl".into())));
    assert_eq!(of("path = \"a.whl\""), Ok(Source::Path("a.whl".into())));
    for local in ["editable", "virtual", "directory"] {
        assert_eq!(of(&format!("{local} = \".\"")), Ok(Source::Local));
    }
    for odd in ["", "svn = \"a\"", "registry = 1"] {
        assert_eq!(of(odd).unwrap_err().line, Some(8), "{odd}");
    }
}

#[test]
fn only_a_first_party_package_may_leave_its_version_open() {
    let open = app("dependencies = [{ name = \"a\" }]\n").replace("version = \"0.1.0\"\n", "");
    let read = accepted(&lock(&[open, package("a", "1", "")]));
    assert_eq!((read.components.len(), read.counted.left_out.len(), read.counted.independent), (1, 1, 2));
    assert_eq!((read.counted.left_out[0].what.as_str(), read.components[0].scope), ("app", Scope::Normal));
    let (kind, line, why) = refused(&lock(&[package("a", "1", "").replace("version = \"1\"\n", "")]));
    assert_eq!((kind, line, why.as_str()), (GapKind::ParseFailed, Some(5), "an entry without `version`"));
}

#[test]
fn a_requirement_leads_to_the_version_and_source_it_names() {
    let url = package("a", "2", "").replace(&format!("registry = \"{INDEX}\""), "url = \"https://e.example/a.whl\"");
    let with = |wanted: &str| {
        lock(&[
            app(&format!("dependencies = [\n {{ name = \"A\"{wanted} }},\n]\n")),
            package("a", "1", ""),
            package("a", "2", ""),
            url.clone(),
        ])
    };
    let edges = |wanted: &str| accepted(&with(wanted)).edges[0].clone();
    assert_eq!(edges(", version = \"1\""), [1]);
    assert_eq!(edges(", version = \"2\""), [2, 3]);
    assert_eq!(edges(", version = \"2\", source = { url = \"https://e.example/a.whl\" }"), [3]);
    assert_eq!(edges(""), [1, 2, 3]);
    let missing = [(GapKind::DanglingDependency, "A".to_owned(), Some(10))];
    assert_eq!(gaps(&with(", version = \"3\"")), missing);
}

#[test]
fn the_version_of_the_format_must_be_one() {
    let good = lock(&[package("a", "1", "")]);
    accepted(&good);
    accepted(&good.replace("revision = 3\n", ""));
    for (from, kind, line) in [
        ("version = 2\n", GapKind::UnsupportedVersion, Some(1)),
        ("version = \"1\"\n", GapKind::ParseFailed, Some(1)),
        ("version = 1.0\n", GapKind::ParseFailed, Some(1)),
        ("version = 99999999999999\n", GapKind::ParseFailed, Some(1)),
        ("", GapKind::ParseFailed, None),
    ] {
        let (found, at, why) = refused(&good.replacen("version = 1\n", from, 1));
        assert_eq!((found, at), (kind, line), "{from}: {why}");
    }
    assert_eq!(refused(&lock(&[])).2, "the file lists no package");
    assert_eq!(refused("version = 1\npackage = []\n").2, "the file lists no package");
}

#[test]
fn an_entry_that_is_not_whole_is_refused() {
    let good = lock(&[package("a", "1", "dependencies = []\n")]);
    accepted(&good);
    for (from, to, line) in [
        ("name = \"a\"", "", 5),
        ("name = \"a\"", "name = \"a b\"", 6),
        ("version = \"1\"", "version = \"==1\"", 7),
        ("version = \"1\"", "version = 1.0", 7),
        ("source = ", "sauce = ", 5),
        ("dependencies = []", "dependencies = [{ marker = \"x\" }]", 9),
        ("dependencies = []", "dependencies = [\"b\"]", 9),
        ("dependencies = []", "dependencies = \"b\"", 9),
        ("dependencies = []", "sdist = { hash = \"sha256:0\" }", 9),
        ("[[package]]", "<<<<<<< HEAD\n[[package]]", 5),
    ] {
        let (kind, at, why) = refused(&good.replacen(from, to, 1));
        assert_eq!((kind, at), (GapKind::ParseFailed, Some(line)), "{from} -> {to}: {why}");
    }
    let twice = lock(&[package("a", "1", ""), package("a", "1", "")]);
    assert_eq!(refused(&twice).2, "a 1 is listed twice from the same source");
}

#[test]
fn a_lost_header_is_told() {
    let two = [package("a", "1", "[package.metadata]\nrequires-dist = []\n"), package("b", "1", "")];
    let good = lock(&two);
    accepted(&good);
    let hidden = good.replace("\n\n[[package]]\nname = \"b\"", "\n\n#[[package]]\nname = \"b\"");
    assert_ne!(hidden, good);
    assert_eq!(gaps(&hidden), [(GapKind::ParseFailed, "a package without a header".to_owned(), Some(9))]);
    let renamed = lock(&[two[0].clone(), two[1].replace("[[package]]", "[[packagf]]")]);
    assert!(gaps(&renamed).contains(&(GapKind::UnsupportedVersion, "packagf".to_owned(), Some(12))));
}

#[test]
fn hostile_sizes_end_soon() {
    let many: Vec<String> = (0..100_000)
        .map(|n| package(&format!("p{n}"), "1", &format!("dependencies = [{{ name = \"p{}\" }}]\n", (n + 1) % 100_000)))
        .chain([app("dependencies = [{ name = \"p0\" }]\n")])
        .collect();
    let read = accepted(&lock(&many));
    assert_eq!(read.edges[99_999], [0]);
    assert!(read.components.iter().all(|c| c.scope == Scope::Normal));
    let extras: String = (0..100).map(|n| format!("e{n:02} = [{{ name = \"p{n}\" }}]\n")).collect();
    let app = app(&format!("[package.optional-dependencies]\n{extras}"));
    let all: Vec<String> = (0..100).map(|n| package(&format!("p{n}"), "1", "")).chain([app]).collect();
    let read = accepted(&lock(&all));
    assert_eq!(read.components[0].conditions, ["extra: e00".into()]);
    assert_eq!(read.components[63].conditions, ["extra: e63".into()]);
    assert_eq!(read.components[64].conditions.len(), 0, "beyond the limit it counts as always used");
}
