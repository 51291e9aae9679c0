//! What the reader of `pdm.lock` takes and refuses, in small inputs.

use super::*;

const HASH: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";
const HEAD: &str = "# generated\n[metadata]\ngroups = [\"default\"]\nlock_version = \"4.5.0\"\n\n";

fn package(name: &str, version: &str, rest: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
}

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("pdm.lock"), text.as_bytes())
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
fn entries_become_components_with_places_edges_and_groups() {
    let files = format!(
        "files = [\n {{file = \"a.tar.gz\", hash = \"sha256:{HASH}\"}},\n {{file = \"a.whl\", hash = \"sha256:{HASH}\"}},\n]\n"
    );
    let text = [
        HEAD.to_owned(),
        package(
            "A.b",
            "1",
            &format!("groups = [\"default\", \"x\"]\ndependencies = [\"C>=1; os_name == 'nt'\", \"d\"]\n{files}"),
        ),
        package("c", "1", "groups = [\"x\", \"y\"]\nmarker = \"os_name == 'nt'\"\n"),
        package("d", "1", ""),
    ]
    .concat();
    let read = accepted(&text);
    let rows: Vec<_> = read.components.iter().map(|c| (&*c.name, c.line, c.scope, c.conditions.join(","))).collect();
    let group = "group: x or y and os_name == 'nt'".to_owned();
    let expected = [
        ("a-b", 6, Scope::Normal, String::new()),
        ("c", 16, Scope::Unknown, group),
        ("d", 22, Scope::Unknown, String::new()),
    ];
    assert_eq!(rows, expected);
    assert_eq!(read.edges, [vec![1, 2], vec![], vec![]]);
    assert_eq!(read.components[0].checksum.unwrap().hex(), HASH);
}

#[test]
fn entries_with_extras_are_one_package_with_the_one_without() {
    let base = package("a", "1", "");
    let extra = package("a", "1", "extras = [\"x\"]\ndependencies = [\"a==1\", \"b\"]\n");
    let b = package("b", "1", "");
    for entries in [[&base, &extra, &b], [&extra, &base, &b]] {
        let read = accepted(&(HEAD.to_owned() + &entries.map(String::as_str).concat()));
        assert_eq!((read.components.len(), read.counted.independent), (2, 3));
        assert_eq!(read.counted.left_out[0].what, "a[x] 1");
        assert_eq!(read.edges, [vec![1], vec![]]);
    }
    let alone = accepted(&(HEAD.to_owned() + &extra.replace("\"a==1\", ", "") + &b));
    assert_eq!((alone.components.len(), alone.edges[0].clone()), (2, vec![1]));
    let twice = HEAD.to_owned() + &base + &base;
    assert_eq!(refused(&twice).2, "a 1 is listed twice from the same source");
    accepted(&(HEAD.to_owned() + &base + &package("a", "2", "")));
}

#[test]
fn sources_are_told_apart() {
    let of = |rest: &str| accepted(&(HEAD.to_owned() + &package("a", "1", rest))).components[0].source.clone();
    assert_eq!(of(""), Source::Default);
    let git = "git = \"https://e.example/a.git\"\nref = \"main\"\nrevision = \"0f\"\n";
    assert_eq!(of(git), Source::Git("git+https://e.example/a.git@0f".into()));
    assert_eq!(of("url = \"https://e.example/a.whl\"\n"), Source::Path("https://e.example/a.whl".into()));
    assert_eq!(of("path = \"./a.whl\"\n"), Source::Path("./a.whl".into()));
    assert_eq!(of("path = \"./a\"\neditable = true\n"), Source::Local);
    assert_eq!(refused(&(HEAD.to_owned() + &package("a", "1", "git = 1"))).1, Some(9));
}

#[test]
fn versions_of_the_format_from_two_to_four_and_a_half_are_known() {
    let with = |version: &str| HEAD.replace("4.5.0", version) + &package("a", "1", "");
    for version in ["2", "3", "3.1", "4.0", "4.4.1", "4.5.9"] {
        accepted(&with(version));
    }
    for version in ["1", "4.6", "5.0", "", "x", "4.x", "-4"] {
        let (kind, line, _) = refused(&with(version));
        assert_eq!((kind, line), (GapKind::UnsupportedVersion, Some(4)), "{version}");
    }
    assert_eq!(gaps(&package("a", "1", "")), [(GapKind::ParseFailed, "pdm.lock".to_owned(), None)]);
    assert_eq!(refused(HEAD).2, "the file lists no package");
}

#[test]
fn the_first_versions_list_files_by_name_and_version() {
    let tail = format!(
        "[metadata]\nlock_version = \"4.0\"\n\n[metadata.files]\n\"A 1\" = [\n {{url = \"a.whl\", hash = \"sha256:{HASH}\"}},\n]\n"
    );
    assert_eq!(accepted(&(package("A", "1", "") + &tail)).components[0].checksum.unwrap().hex(), HASH);
    assert_eq!(accepted(&(package("A", "2", "") + &tail)).components[0].checksum, None);
}

#[test]
fn an_entry_that_is_not_whole_is_refused() {
    let good = HEAD.to_owned() + &package("a", "1", "dependencies = [\"a\"]\n");
    accepted(&good);
    for (from, to, line) in [
        ("name = \"a\"", "", 6),
        ("version = \"1\"", "", 6),
        ("version = \"1\"", "version = \"1 \"", 8),
        ("[\"a\"]", "[1]", 9),
        ("[\"a\"]", "[\"= 1\"]", 9),
        ("[\"a\"]", "\"a\"", 9),
        ("[[package]]", "=======\n[[package]]", 6),
    ] {
        let (kind, at, why) = refused(&good.replacen(from, to, 1));
        assert_eq!((kind, at), (GapKind::ParseFailed, Some(line)), "{from} -> {to}: {why}");
    }
    let missing = good.replace("[\"a\"]", "[\n \"b>=1\",\n]");
    assert_eq!(gaps(&missing), [(GapKind::DanglingDependency, "b>=1".to_owned(), Some(10))]);
}

#[test]
fn a_lost_header_is_told() {
    let good = HEAD.to_owned() + &package("a", "1", "") + &package("b", "1", "");
    accepted(&good);
    let hidden = good.replacen("[[package]]", "#[[package]]", 1);
    assert_eq!(gaps(&hidden), [(GapKind::ParseFailed, "a package without a header".to_owned(), Some(2))]);
    let renamed = good.replacen("[[package]]", "[[packagf]]", 1);
    assert!(gaps(&renamed).contains(&(GapKind::UnsupportedVersion, "packagf".to_owned(), Some(6))));
}

#[test]
fn hostile_sizes_end_soon() {
    let many: String = (0..100_000)
        .map(|n| package(&format!("p{n}"), "1", &format!("dependencies = [\"p{}\"]", (n + 1) % 100_000)))
        .collect();
    assert_eq!(accepted(&(HEAD.to_owned() + &many)).edges[99_999], [0]);
}
