//! What the reader of `poetry.lock` takes and refuses, in small inputs.

use super::*;
use crate::inventory::python::INDEX;

const HASH: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";
const END: &str = "[metadata]\nlock-version = \"2.1\"\npython-versions = \"*\"\ncontent-hash = \"00\"\n";

fn package(name: &str, version: &str, rest: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\noptional = false\n{rest}\n")
}

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("poetry.lock"), text.as_bytes())
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
fn entries_become_components_with_places_edges_scopes_and_conditions() {
    let files = format!("files = [\n {{file = \"a-1.whl\", hash = \"sha256:00{HASH}\"}},\n]")
        .replace(&format!("00{HASH}"), HASH);
    let text = [
        "# generated\n".to_owned(),
        package(
            "Zope.A",
            "1.0",
            &format!("groups = [\"main\", \"dev\"]\n{files}\n[package.dependencies]\nB_c = \">=1\"\n"),
        ),
        package("b-c", "2.0", "groups = [\"dev\"]\nmarkers = \"sys_platform == 'win32'\"\n"),
        package("d", "3", "").replace("false", "true"),
        "[extras]\nx = [\"d (>=3)\"]\ny = [\"d\"]\n".to_owned(),
        END.to_owned(),
    ]
    .concat();
    let read = accepted(&text);
    let rows: Vec<_> = read.components.iter().map(|c| (&*c.name, &*c.version, c.line, c.column, c.scope)).collect();
    let expected =
        [("zope-a", "1.0", 2, 1, Scope::Normal), ("b-c", "2.0", 13, 1, Scope::Dev), ("d", "3", 20, 1, Scope::Unknown)];
    assert_eq!(rows, expected);
    assert_eq!(read.edges, [vec![1], vec![], vec![]]);
    assert_eq!(read.components[0].checksum.unwrap().hex(), HASH);
    assert_eq!(read.components[1].conditions, ["sys_platform == 'win32'".into()]);
    assert_eq!(read.components[2].conditions, ["extra: x or y".into()]);
    assert_eq!(read.components[0].purl(), "pkg:pypi/zope-a@1.0");
    assert_eq!((read.counted.independent, read.format), (3, "poetry-lock"));
}

#[test]
fn a_lock_of_the_first_versions_has_categories_and_lists_files_by_name() {
    let entry = |category: &str| package("A.b", "1", &format!("category = \"{category}\"\n"));
    let end = format!("[metadata]\n\n[metadata.files]\na-b = [{{file = \"a.whl\", hash = \"sha256:{HASH}\"}}]\n");
    let read = accepted(&(entry("main") + &end));
    assert_eq!((read.components[0].scope, read.components[0].checksum.is_some()), (Scope::Normal, true));
    assert_eq!(accepted(&(entry("dev") + &end)).components[0].scope, Scope::Dev);
    // Two versions share the list: whose file it is cannot be told.
    let twins = entry("main") + &package("a.b", "2", "") + &end;
    assert!(accepted(&twins).components.iter().all(|c| c.checksum.is_none()));
}

#[test]
fn sources_are_told_apart() {
    let of = |source: &str| {
        let text = package("a", "1", &format!("[package.source]\n{source}\n")) + END;
        parse_text(&text).map(|read| read.value.components[0].source.clone())
    };
    let path = |path: &str| Ok(Source::Path(path.into()));
    assert_eq!(accepted(&(package("a", "1", "") + END)).components[0].source, Source::Default);
    assert_eq!(of(&format!("type = \"legacy\"\nurl = \"{INDEX}\"")), Ok(Source::Default));
    let other = "https://u:p@registry.example/simple";
    assert_eq!(
        of(&format!("type = \"legacy\"\nurl = \"{other}\"")),
        Ok(Source::Registry("https://registry.example/simple".into()))
    );
    assert_eq!(
        of("type = \"git\"\nurl = \"https://e.example/a.git\"\nreference = \"main\"\nresolved_reference = \"0f\""),
        Ok(Source::Git("git+https://e.example/a.git@0f".into()))
    );
    assert_eq!(of("type = \"url\"\nurl = \"https://e.example/a-1.zip\""), path("https://e.example/a-1.zip"));
    assert_eq!(of("type = \"file\"\nurl = \"../a.whl\""), path("../a.whl"));
    assert_eq!(of("type = \"directory\"\nurl = \"a\""), Ok(Source::Local));
    assert_eq!(of("type = \"svn\"\nurl = \"a\"").unwrap_err().kind, GapKind::ParseFailed);
    assert!(of("type = \"git\"").is_err() && of("url = \"a\"").is_err() && of("type = 1\nurl = \"a\"").is_err());
}

#[test]
fn a_lock_says_its_version_and_an_unknown_one_is_refused() {
    for version in ["1.0", "1.1", "2.0", "2.1"] {
        accepted(&(package("a", "1", "") + &END.replace("2.1", version)));
    }
    accepted(&(package("a", "1", "") + "[metadata]\ncontent-hash = \"00\"\n"));
    for version in ["2.2", "3.0", "", "2"] {
        let (kind, line, _) = refused(&(package("a", "1", "") + &END.replace("2.1", version)));
        assert_eq!((kind, line), (GapKind::UnsupportedVersion, Some(7)), "{version}");
    }
    assert_eq!(refused(&(package("a", "1", "") + &END.replace("\"2.1\"", "2.1"))).0, GapKind::ParseFailed);
}

#[test]
fn a_cut_lock_is_told_by_its_end() {
    let text = package("a", "1", "");
    assert_eq!(gaps(&text), [(GapKind::ParseFailed, "poetry.lock".to_owned(), None)]);
    assert_eq!(refused("").2, "no list of packages");
    assert_eq!(refused(END).2, "no list of packages");
    assert_eq!(accepted(&format!("package = []\n{END}")).components, []);
}

#[test]
fn a_dependency_that_must_be_there_and_is_not_is_a_gap() {
    let with = |wanted: &str| gaps(&(package("a", "1", &format!("[package.dependencies]\nb = {wanted}\n")) + END));
    let missing = [(GapKind::DanglingDependency, "b".to_owned(), Some(6))];
    for wanted in ["\"*\"", "{version = \"1\"}", "[\"1\", \"2\"]", "{version = \"1\", optional = false}"] {
        assert_eq!(with(wanted), missing, "{wanted}");
    }
    for wanted in [
        "{version = \"1\", optional = true}",
        "{version = \"1\", markers = \"extra == 'x'\"}",
        "{version = \"1\", python = \"<3\"}",
        "[{version = \"1\", markers = \"m\"}, {version = \"2\", markers = \"n\"}]",
    ] {
        assert_eq!(with(wanted), [], "{wanted}");
    }
    let odd = package("a", "1", "[package.dependencies]\nb = 1\n") + END;
    assert_eq!(refused(&odd).1, Some(6));
}

#[test]
fn an_entry_that_is_not_whole_is_refused() {
    let good = package("a", "1", "") + END;
    accepted(&good);
    for (from, to, line) in [
        ("name = \"a\"", "", 1),
        ("name = \"a\"", "name = 1", 2),
        ("name = \"a\"", "name = \"\"", 2),
        ("name = \"a\"", "name = \"a b\"", 2),
        ("version = \"1\"", "", 1),
        ("version = \"1\"", "version = \"\"", 3),
        ("version = \"1\"", "version = \"1.*\"", 3),
        ("version = \"1\"", "version = \"1\"\nversion = \"2\"", 4),
        ("optional = false", "optional = 1", 4),
        ("optional = false", "groups = [1]", 4),
        ("optional = false", "files = [{hash = \"sha256:00\"}]", 4),
        ("[[package]]", "[package]", 1),
        ("[[package]]", "<<<<<<< HEAD\n[[package]]", 1),
    ] {
        let (kind, at, why) = refused(&good.replacen(from, to, 1));
        assert_eq!((kind, at), (GapKind::ParseFailed, Some(line)), "{from} -> {to}: {why}");
    }
}

#[test]
fn a_package_listed_twice_is_refused_and_one_of_two_sources_is_not() {
    let (_, line, why) = refused(&(package("a", "1", "") + &package("A", "1", "") + END));
    assert_eq!((line, why.as_str()), (Some(6), "a 1 is listed twice from the same source"));
    let url = package("a", "1", "[package.source]\ntype = \"url\"\nurl = \"https://e.example/a.whl\"\n");
    let uses = package("b", "1", "[package.dependencies]\na = \"*\"\n");
    assert_eq!(accepted(&(package("a", "1", "") + &url + &uses + END)).edges[2], [0, 1]);
}

#[test]
fn a_lost_header_is_told() {
    let one = package("a", "1", "[package.dependencies]\nb = \"*\"\n") + &package("b", "1", "") + END;
    accepted(&one);
    let damaged = one.replacen("\n\n[[package]]", "\n\n#[[package]]", 1);
    assert!(parse_text(&damaged).is_err(), "`optional = false` is no requirement");
    let extras = package("a", "1", "[package.extras]\nx = [\"b\"]\n") + &package("b", "1", "") + END;
    accepted(&extras);
    let hidden = extras.replace("\n\n[[package]]\nname = \"b\"", "\n\n#[[package]]\nname = \"b\"");
    assert_eq!(refused(&hidden).1, Some(9), "`optional = false` is the first in order of key");
    let gone = package("a", "1", "") + &package("b", "1", "").replace("[[package]]", "[[pbckage]]") + END;
    assert!(gaps(&gone).contains(&(GapKind::UnsupportedVersion, "pbckage".to_owned(), Some(6))));
    let below = package("a", "1", "") + "[package.source2]\nname = \"b\"\nversion = \"1\"\n" + END;
    assert_eq!(gaps(&below), [(GapKind::ParseFailed, "a package without a header".to_owned(), Some(6))]);
    let inline = format!("package = [{{name = \"a\", version = \"1\"}}]\n{END}");
    assert_eq!(gaps(&inline), [(GapKind::CountMismatch, "poetry.lock".to_owned(), None)]);
}

#[test]
fn hostile_sizes_end_soon() {
    let many: String = (0..100_000)
        .map(|n| package(&format!("p{n}"), "1", &format!("[package.dependencies]\np{} = \"*\"\n", (n + 1) % 100_000)))
        .collect();
    let read = accepted(&(many + END));
    assert_eq!((read.components.len(), read.edges[99_999].clone()), (100_000, vec![0]));
    let twins: String = (0..=python::MAX_TWINS).map(|n| package("a", &n.to_string(), "")).collect();
    assert_eq!(refused(&(twins + END)).0, GapKind::TooLarge);
    let nowhere: String = (0..=python::MAX_GAPS).map(|n| format!("p{n} = \"*\"\n")).collect();
    assert_eq!(refused(&(package("a", "1", &format!("[package.dependencies]\n{nowhere}")) + END)).0, GapKind::TooLarge);
}
