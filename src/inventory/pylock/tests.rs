//! What the reader of `pylock.toml` takes and refuses, in small inputs.

use super::*;
use crate::inventory::python::INDEX;

const HASH: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";
const HEAD: &str = "lock-version = '1.0'\ncreated-by = 'x'\n\n";

fn package(name: &str, rest: &str) -> String {
    format!("[[packages]]\nname = '{name}'\nversion = '1'\n{rest}\n")
}

fn lock(packages: &[String]) -> String {
    HEAD.to_owned() + &packages.concat()
}

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("pylock.toml"), text.as_bytes())
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
fn entries_become_components_with_places_edges_and_markers() {
    let text = lock(&[
        package("A_b", "dependencies = [{ name = 'c' }, { name = 'd', version = '1' }]\n[[packages.wheels]]\nname = 'a.whl'\n[packages.wheels.hashes]\nsha256 = 'HASH'\n".replace("HASH", HASH).as_str()),
        package("c", "marker = \"'x' in extras\"\n"),
        package("d", &format!("marker = \"os_name == 'nt'\"\nindex = '{INDEX}/'\n")),
    ]);
    let read = accepted(&text);
    let rows: Vec<_> = read.components.iter().map(|c| (&*c.name, c.line, c.scope, c.conditions.join(","))).collect();
    let expected = [
        ("a-b", 4, Scope::Normal, String::new()),
        ("c", 13, Scope::Unknown, "'x' in extras".to_owned()),
        ("d", 18, Scope::Normal, "os_name == 'nt'".to_owned()),
    ];
    assert_eq!(rows, expected);
    assert_eq!(read.edges, [vec![1, 2], vec![], vec![]]);
    assert_eq!(read.components[0].checksum.unwrap().hex(), HASH);
    assert_eq!(read.components[2].source, Source::Default);
}

#[test]
fn sources_are_told_apart() {
    let of = |rest: &str| accepted(&lock(&[package("a", rest)])).components[0].source.clone();
    assert_eq!(of("index = 'https://e.example/simple'\n"), Source::Registry("https://e.example/simple".into()));
    let git = "vcs = { type = 'git', url = 'https://e.example/a', commit-id = '0f' }\n";
    assert_eq!(of(git), Source::Git("git+https://e.example/a@0f".into()));
    assert_eq!(of("directory = { path = '.' }\n"), Source::Local);
    assert_eq!(of("archive = { url = 'https://e.example/a.zip' }\n"), Source::Path("https://e.example/a.zip".into()));
    for odd in ["vcs = { type = 'git' }", "archive = {}", "vcs = { url = 'a' }", "directory = 'a'"] {
        assert_eq!(refused(&lock(&[package("a", odd)])).1, Some(7), "{odd}");
    }
}

#[test]
fn an_entry_without_a_version_is_left_out_by_name() {
    let without = |rest: &str| lock(&[package("a", rest).replace("version = '1'\n", "")]);
    let local = accepted(&without("directory = { path = '.' }\n"));
    assert_eq!((local.components.len(), local.counted.left_out.len()), (0, 1));
    let kinds = |rest: &str| gaps(&without(rest));
    let one = |kind| [(kind, "a".to_owned(), Some(4))];
    assert_eq!(kinds("wheels = []\n"), one(GapKind::ParseFailed));
    assert_eq!(kinds("archive = { url = 'https://e.example/a.zip' }\n"), one(GapKind::NotCovered));
    let git = "vcs = { type = 'git', url = 'https://e.example/a', commit-id = '0f' }\n";
    assert_eq!(kinds(git), one(GapKind::NotCovered));
}

#[test]
fn a_later_minor_version_is_told_and_another_major_one_refused() {
    let with = |version: &str| lock(&[package("a", "")]).replace("1.0", version);
    accepted(&with("1.0"));
    let later = [(GapKind::UnsupportedVersion, "lock-version".to_owned(), Some(1))];
    assert_eq!(gaps(&with("1.1")), later);
    for version in ["2.0", "666", "1", "", "1.x", "0.9"] {
        assert_eq!(refused(&with(version)).0, GapKind::UnsupportedVersion, "{version}");
    }
    let (kind, line, why) = refused(&package("a", ""));
    assert_eq!((kind, line, why.as_str()), (GapKind::ParseFailed, None, "no `lock-version`"));
    assert_eq!(refused(HEAD).2, "no list of packages");
    assert_eq!(accepted(&(HEAD.to_owned() + "packages = []\n")).components, []);
}

#[test]
fn an_entry_that_is_not_whole_is_refused() {
    let rest = format!("sdist = {{ name = 'a.zip', hashes = {{ sha256 = '{HASH}' }} }}\n");
    let good = lock(&[package("a", &rest)]);
    assert!(accepted(&good).components[0].checksum.is_some());
    for (from, to, line) in [
        ("name = 'a'\n", "", 4),
        ("name = 'a'\n", "name = 1\n", 5),
        ("version = '1'", "version = ''", 6),
        (HASH, "00", 7),
        ("{ sha256", "{ sha512", 0),
        ("[[packages]]", ">>>>>>> x\n[[packages]]", 4),
    ] {
        let changed = good.replacen(from, to, 1);
        if line == 0 {
            assert_eq!(accepted(&changed).components[0].checksum, None);
            continue;
        }
        let (kind, at, why) = refused(&changed);
        assert_eq!((kind, at), (GapKind::ParseFailed, Some(line)), "{from} -> {to}: {why}");
    }
    let missing = lock(&[package("a", "dependencies = [\n { name = 'b' },\n]\n")]);
    assert_eq!(gaps(&missing), [(GapKind::DanglingDependency, "b".to_owned(), Some(8))]);
}

#[test]
fn a_lost_header_is_told() {
    let two = lock(&[package("a", "[packages.tool2]\nx = 1\n"), package("b", "")]);
    accepted(&two);
    let hidden = two.replace("\n\n[[packages]]\nname = 'b'", "\n\n#[[packages]]\nname = 'b'");
    assert_eq!(gaps(&hidden), [(GapKind::ParseFailed, "a package without a header".to_owned(), Some(7))]);
}
