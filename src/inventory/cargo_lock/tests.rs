//! Claims about the lock reader. Fixtures are written here; real locks are in `tests/corpus_inventory.rs`.

use super::*;
use crate::model::{Component, LeftOut, Source};
use proptest::prelude::*;
use std::sync::Arc;

const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";
const SUM: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("a/Cargo.lock"), text.as_bytes(), &["registry+https://mirror.example/index".to_owned()])
}

fn package(name: &str, version: &str, rest: &str) -> String {
    format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{rest}\n")
}

fn from_index(name: &str, version: &str) -> String {
    package(name, version, &format!("source = \"{INDEX}\"\nchecksum = \"{SUM}\"\n"))
}

fn lock(parts: &[String]) -> String {
    format!("# generated\nversion = 4\n\n{}", parts.concat())
}

fn accepted(text: &str) -> Inventory {
    let partial = parse_text(text).unwrap();
    assert_eq!(partial.gaps, [], "{text}");
    partial.value
}

fn refused(text: &str) -> (GapKind, Option<u32>, String) {
    let gap = parse_text(text).unwrap_err();
    assert_eq!(gap.path, Some(TreePath::new("a/Cargo.lock")));
    assert_eq!(gap.digest, Some(Digest::of(text.as_bytes())));
    assert!(!gap.help.is_empty(), "{gap:?}");
    (gap.kind, gap.line, gap.why)
}

fn gaps(text: &str) -> Vec<(GapKind, String, Option<u32>)> {
    parse_text(text).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
}

#[test]
fn a_lock_gives_components_with_exact_lines_and_edges() {
    let text = lock(&[
        package("app", "0.1.0", "dependencies = [\n \"a\",\n \"b 2.0.0\",\n]"),
        from_index("a", "1.0.0"),
        from_index("b", "1.0.0"),
        "  ".to_owned() + &from_index("b", "2.0.0"),
    ]);
    let inventory = accepted(&text);
    let places: Vec<_> = inventory.components.iter().map(|c| (c.label(), c.line, c.column)).collect();
    let expected = [("app 0.1.0", 4, 1), ("a 1.0.0", 11, 1), ("b 1.0.0", 17, 1), ("b 2.0.0", 23, 3)];
    assert_eq!(places, expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    assert_eq!(inventory.edges, [vec![1, 3], vec![], vec![], vec![]]);
    assert_eq!(inventory.components[0].source, Source::Local);
    assert_eq!(inventory.components[1].source, Source::Default);
    assert_eq!(inventory.components[1].checksum.map(|d| d.hex()).as_deref(), Some(SUM));
    assert_eq!(inventory.counted, Count { independent: 4, left_out: vec![] });
    assert_eq!((inventory.format, inventory.text.as_ref()), ("cargo-lock", text.as_str()));
}

#[test]
fn the_name_of_several_versions_is_kept_once() {
    let inventory = accepted(&lock(&[from_index("a", "1.0.0"), from_index("a", "2.0.0"), from_index("b", "1.0.0")]));
    let [one, two, other] = inventory.components.as_slice() else { panic!("three packages") };
    assert!(Arc::ptr_eq(&one.name, &two.name) && !Arc::ptr_eq(&two.name, &other.name));
}

#[test]
fn a_source_is_the_default_registry_only_when_it_is_or_a_mirror_is_named() {
    let kind = |source: &str| {
        let text = lock(&[package("a", "1.0.0", &format!("source = \"{source}\""))]);
        accepted(&text).components[0].source.clone()
    };
    assert_eq!(kind(INDEX), Source::Default);
    assert_eq!(kind("registry+https://mirror.example/index"), Source::Default);
    let others = [
        ("registry+https://mirror.example/index2", Source::Registry as fn(Arc<str>) -> Source),
        ("sparse+https://mirror.example/index", Source::Registry),
        ("registry+https://user@mirror.example/other?a#b", Source::Registry),
        ("registry+https://./github.com/rust-lang/crates.io-index", Source::Registry),
        ("git+https://example.com/a?branch=main#0123", Source::Git),
        ("path+file:///a/b", Source::Path),
    ];
    for (url, source) in others {
        assert_eq!(kind(url), source(url.into()));
    }
}

#[test]
fn no_spelling_of_the_default_registry_hides_a_package() {
    let kind = |source: &str| {
        let text = lock(&[package("a", "1.0.0", &format!("source = \"{source}\""))]);
        accepted(&text).components[0].source.clone()
    };
    let sparse = tame_index::CRATES_IO_HTTP_INDEX;
    let bare = sparse.trim_end_matches('/');
    let spellings = [
        "registry+https://github.com/rust-lang/crates.io-index.git",
        "registry+https://github.com/rust-lang/crates.io-index/",
        "registry+https://github.com/rust-lang/crates.io-index.git/",
        "registry+https://github.com//rust-lang//crates.io-index",
        "registry+https://github.com/Rust-Lang/Crates.io-Index",
        "registry+HTTPS://GitHub.com/rust-lang/crates.io-index.GIT",
        "registry+http://github.com/rust-lang/crates.io-index",
        "registry+https://github.com:443/rust-lang/crates.io-index",
        "registry+https://github.com./rust-lang/crates.io-index",
        "registry+https://user:word@github.com/rust-lang/crates.io-index",
        "registry+https://github.com/rust-lang/crates.io-index?x=y",
        "registry+https://github.com/rust-lang/crates.io-index#x",
        "registry+ssh://git@github.com/rust-lang/crates.io-index",
        sparse,
        bare,
        &format!("{bare}//"),
        &bare.replacen("https", "HTTP", 1).replace("index.", "Index."),
        &format!("{sparse}?x#y"),
    ];
    for spelling in spellings {
        assert_eq!(kind(spelling), Source::Default, "{spelling}");
    }
    for other in [
        "registry+https://github.com/rust-lang/crates.io-index2",
        "registry+https://github.com/rust-lang/crates.io-index/x",
        "registry+https://github.com/rust-lang-x/crates.io-index",
        "registry+https://github.com:444/rust-lang/crates.io-index",
        "registry+ttps://github.com/rust-lang/crates.io-index",
        "registry+https://gitlab.com/rust-lang/crates.io-index",
        "registry+https://example.com/github.com/rust-lang/crates.io-index",
        "registry+https://github.com@example.com/rust-lang/crates.io-index",
        "registry+file:///rust-lang/crates.io-index",
        &format!("{sparse}x"),
    ] {
        assert_eq!(kind(other), Source::Registry(other.into()), "{other}");
    }
    assert!(matches!(kind("git+https://github.com/rust-lang/crates.io-index"), Source::Git(_)));
}

#[test]
fn a_mirror_is_known_in_every_spelling_of_its_url() {
    let with = |mirror: &str, source: &str| {
        let text = lock(&[package("a", "1.0.0", &format!("source = \"{source}\""))]);
        let parsed = parse(&TreePath::new("Cargo.lock"), text.as_bytes(), &[mirror.to_owned()]).unwrap();
        parsed.value.components[0].source == Source::Default
    };
    let mirror = "registry+https://mirror.example/Index";
    for spelling in ["http://mirror.example/Index", "https://u@MIRROR.example/Index.git/?q"] {
        assert!(with(mirror, &format!("registry+{spelling}")), "{spelling}");
        assert!(with(&format!("registry+{spelling}"), mirror), "{spelling}");
    }
    assert!(!with(mirror, "registry+https://mirror.example/index"), "only one host folds the case of paths");
    assert!(!with(mirror, "sparse+https://mirror.example/Index"));
    assert!(!with("nonsense", mirror));
}

#[test]
fn a_dependency_finds_its_package_under_another_spelling_of_the_source() {
    let text = lock(&[
        package("app", "0.1.0", &format!("dependencies = [\"a 1.0.0 ({INDEX}.git)\"]")),
        from_index("a", "1.0.0"),
        package("a", "1.0.0", "source = \"git+https://example.com/a#1\""),
    ]);
    assert_eq!(accepted(&text).edges[0], [1]);
    assert_eq!(gaps(&text.replace(".git)", "x)")).len(), 1);
}

#[test]
fn the_first_version_has_checksums_in_metadata_and_the_root_apart() {
    let text = format!(
        "[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a 1.0.0 ({INDEX})\",\n]\n\n\
         [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\n\n\
         [metadata]\n\"checksum a 1.0.0 ({INDEX})\" = \"{SUM}\"\n\"checksum b 1.0.0 ({INDEX})\" = \"<none>\"\n"
    );
    let inventory = accepted(&text);
    let rows: Vec<_> = inventory.components.iter().map(|c| (c.label(), c.line, c.checksum.is_some())).collect();
    assert_eq!(rows, [("app 0.1.0".to_owned(), 1, false), ("a 1.0.0".to_owned(), 8, true)]);
    assert_eq!(inventory.edges, [vec![1], vec![]]);
    assert_eq!(inventory.counted.independent, 2);

    let (_, line, why) = refused(&text.replace(SUM, "af"));
    assert_eq!((line, why.as_str()), (Some(14), "a checksum that is not 64 hex digits"));
    let (_, line, why) = refused(&text.replace(&format!(" 1.0.0 ({INDEX})\",\n]"), "\",\n]"));
    assert_eq!((line, why.as_str()), (Some(5), "the dependency `a` has no version"));
    let (_, line, _) = refused(&text.replace("\n\n[metadata]", &format!("\nchecksum = \"{SUM}\"\n\n[metadata]")));
    assert_eq!(line, Some(15));
}

#[test]
fn of_two_checksums_of_one_version_that_of_the_source_counts() {
    let git = "git+https://example.com/a";
    let with = |source: &str| {
        format!(
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{source}\"\n\n[metadata]\n\
             \"checksum a 1.0.0 ({git})\" = \"<none>\"\n\"checksum a 1.0.0 ({INDEX})\" = \"{SUM}\"\n"
        )
    };
    assert_eq!(accepted(&with(INDEX)).components[0].checksum.map(|d| d.hex()).as_deref(), Some(SUM));
    assert_eq!(accepted(&with(git)).components[0].checksum, None);
    // A key that could name no package is refused: the checksum it holds would be lost.
    for (from, to) in
        [("(git", "(nothing"), ("a 1.0.0 (git", "a 1.0 (git"), ("a 1.0.0 (git+https://example.com/a)", "a")]
    {
        assert_eq!(refused(&with(INDEX).replace(from, to)).1, Some(7), "{to}");
    }
    assert_eq!(
        refused("[root]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"git+https://example.com/a\"\n").1,
        Some(4)
    );
}

#[test]
fn unused_patches_are_left_out_by_name() {
    let text = lock(&[from_index("a", "1.0.0")]) + "[[patch.unused]]\nname = \"p\"\nversion = \"0.1.0\"\n";
    let counted = accepted(&text).counted;
    assert_eq!(counted.independent, 2);
    assert_eq!(counted.left_out, [LeftOut { what: "p 0.1.0".into(), why: "a patch that no package uses".into() }]);
    assert_eq!(refused(&text.replace("\"0.1.0\"", "\"0.1\"")).1, Some(12));
    refused("[patch]\n");
}

#[test]
fn a_dependency_that_leads_nowhere_is_a_gap_with_its_line() {
    let with = |dependency: &str| {
        let parts = [package("app", "0.1.0", &format!("dependencies = [\n \"{dependency}\",\n]"))];
        lock(&[&parts[..], &[from_index("a", "1.0.0"), from_index("b", "1.0.0"), from_index("b", "2.0.0")]].concat())
    };
    let nowhere = |dependency: &str| vec![(GapKind::DanglingDependency, dependency.to_owned(), Some(8))];
    assert_eq!(gaps(&with("a")), []);
    assert_eq!(gaps(&with("a 1.0.1")), nowhere("a 1.0.1"));
    assert_eq!(gaps(&with("b")), nowhere("b"));
    assert_eq!(gaps(&with("b 2.0.0")), []);
    assert_eq!(gaps(&with("a 1.0.0 (git+https://example.com/a)")), nowhere("a 1.0.0 (git+https://example.com/a)"));
    for dependency in ["c", "a 1.0", "a 1.0.0 git", "a 1.0.0 (git)", "a 1.0.0 (path+file:///a) x", "", " "] {
        assert_eq!(refused(&with(dependency)).1, Some(8), "{dependency:?}");
    }
}

#[test]
fn twins_are_told_apart_by_source_and_a_first_party_one_goes_first() {
    let git = |commit: &str| package("a", "1.0.0", &format!("source = \"git+https://example.com/a?rev=x#{commit}\""));
    let app = |dependency: &str| package("app", "0.1.0", &format!("dependencies = [\"{dependency}\"]"));
    let edges = |parts: &[String]| parse_text(&lock(parts)).unwrap().value.edges[0].clone();
    let local = package("a", "1.0.0", "");
    assert_eq!(edges(&[app("a"), from_index("a", "1.0.0"), git("1")]), [0u32; 0]);
    assert_eq!(edges(&[app("a"), from_index("a", "1.0.0"), local.clone(), git("1")]), [2]);
    assert_eq!(edges(&[app(&format!("a 1.0.0 ({INDEX})")), from_index("a", "1.0.0"), local, git("1")]), [1]);
    let by_git = app("a 1.0.0 (git+https://example.com/a?rev=x)");
    assert_eq!(edges(&[by_git.clone(), from_index("a", "1.0.0"), git("1")]), [2]);
    assert_eq!(edges(&[by_git, git("1"), git("2")]), [0u32; 0]);
}

#[test]
fn what_replaces_a_package_is_reached_through_it() {
    let text = lock(&[
        from_index("a", "1.0.0") + "replace = \"a 1.0.0 (git+https://example.com/a)\"\n",
        package("a", "1.0.0", "source = \"git+https://example.com/a#1\""),
    ]);
    assert_eq!(accepted(&text).edges, [vec![1], vec![]]);
    refused(&text.replace("replace = \"a 1.0.0 (git+https://example.com/a)\"", "replace = \"a\""));
}

#[test]
fn a_package_listed_twice_is_refused() {
    let (kind, line, why) = refused(&lock(&[from_index("a", "1.0.0"), from_index("a", "1.0.0")]));
    assert_eq!((kind, line), (GapKind::ParseFailed, Some(10)));
    assert_eq!(why, "a 1.0.0 is listed twice from the same source");
    accepted(&lock(&[from_index("a", "1.0.0"), from_index("a", "1.0.1")]));
}

#[test]
fn versions_of_the_format_from_one_to_four_are_known() {
    let with = |version: &str| format!("version = {version}\n{}", package("a", "1.0.0", ""));
    for version in ["1", "2", "3", "4", "0x4", "+4"] {
        accepted(&with(version));
    }
    for version in ["5", "0", "-1", "99999999999"] {
        assert_eq!(refused(&with(version)).0, GapKind::UnsupportedVersion, "{version}");
    }
    for version in ["\"4\"", "4.0", "true", "[4]", "99999999999999999999", "4\nversion = 4"] {
        assert_eq!(refused(&with(version)).0, GapKind::ParseFailed, "{version}");
    }
    accepted(&package("a", "1.0.0", ""));
}

#[test]
fn a_lock_without_a_package_is_refused() {
    let unused = "version = 4\n[[patch.unused]]\nname = \"p\"\nversion = \"0.1.0\"\n";
    let header = "# This file is automatically @generated by Cargo.\n";
    for text in ["", "\n", header, "version = 4\n", "\u{feff}version = 4\n", "package = []", "[metadata]\n", unused] {
        let gap = parse_text(text).unwrap_err();
        assert_eq!((gap.kind, gap.why.as_str()), (GapKind::ParseFailed, "the file lists no package"), "{text:?}");
        assert_eq!((gap.help.as_str(), gap.line), ("cargo generate-lockfile", None));
    }
    assert_eq!(refused("version = 5\n").0, GapKind::UnsupportedVersion);
    let root = "[root]\nname = \"a\"\nversion = \"1.0.0\"";
    assert_eq!(accepted(root).components.len(), 1, "and the last line needs no end");
    assert_eq!(accepted(&package("a", "1.0.0", "")).components.len(), 1);
}

#[test]
fn a_checksum_needs_a_source() {
    let (kind, line, why) = refused(&lock(&[package("a", "1.0.0", &format!("checksum = \"{SUM}\""))]));
    assert_eq!((kind, line), (GapKind::ParseFailed, Some(7)));
    assert_eq!(why, "a checksum on a package without a source");
    accepted(&lock(&[from_index("a", "1.0.0")]));
    accepted(&lock(&[package("a", "1.0.0", "")]));
}

#[test]
fn names_versions_and_sources_have_a_length_and_one_byte_more_is_refused_without_repeating_it() {
    let name = |n: usize| package(&"a".repeat(n), "1.0.0", "");
    let version = |n: usize| package("a", &format!("1.0.0+{}", "b".repeat(n - 6)), "");
    let source = |n: usize| {
        let start = "git+https://example.com/";
        package("a", "1.0.0", &format!("source = \"{start}{}\"", "c".repeat(n - start.len())))
    };
    let dependency = |n: usize| package("a", "1.0.0", &format!("dependencies = [\"a 1.0.0{}\"]", " ".repeat(n - 7)));
    let unused = |n: usize| name(1) + &name(n).replace("[[package]]", "[[patch.unused]]");
    let key = |n: usize| {
        let start = "checksum b 1.0.0+";
        name(1) + &format!("[metadata]\n\"{start}{}\" = \"<none>\"\n", "d".repeat(n - start.len()))
    };
    let cases: [(&dyn Fn(usize) -> String, usize); 6] = [
        (&name, MAX_NAME),
        (&version, MAX_NAME),
        (&source, MAX_SOURCE),
        (&dependency, MAX_DEPENDENCY),
        (&unused, MAX_NAME),
        (&key, CHECKSUM.len() + MAX_DEPENDENCY),
    ];
    for (text, limit) in cases {
        accepted(&text(limit));
        let (kind, line, why) = refused(&text(limit + 1));
        assert_eq!(kind, GapKind::ParseFailed);
        assert!(line.is_some() && why.ends_with(&format!("of {} bytes; the limit is {limit}", limit + 1)), "{why}");
    }
    let (_, _, why) = refused(&format!("version = \"{}\"\n", "x".repeat(100_000)));
    assert!(why.len() < 500, "{}", why.len());
}

#[test]
fn toml_is_taken_strictly() {
    let good = lock(&[from_index("a", "1.0.0")]);
    accepted(&good);
    accepted(&good.replace('\n', "\r\n"));
    for (from, to, line) in [
        ("version = \"1.0.0\"", "version = \"1.0.0\"\nversion = \"1.0.1\"", 7),
        ("version = \"1.0.0\"", "version = \"1.0.0\" x", 6),
        ("version = \"1.0.0\"", "", 4),
        ("version = \"1.0.0\"", "version = 1", 6),
        ("name = \"a\"", "name = \"a", 5),
        ("name = \"a\"", "name = \"\"", 5),
        ("name = \"a\"", "name = \"a b\"", 5),
        ("name = \"a\"", "name = \"a\\q\"", 5),
        ("[[package]]", "[package]", 4),
        ("[[package]]", "[[package]", 4),
        ("# generated", "# generated \u{7}", 1),
        (SUM, "sha256:af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f5", 8),
        (INDEX, "https://example.com", 7),
        (INDEX, "svn+https://example.com", 7),
        ("# generated", "metadata = 1", 1),
        ("version = \"1.0.0\"", "version = \"1.0.0\"\ndependencies = [1]", 7),
        ("version = \"1.0.0\"", "version = \"1.0.0\"\ndependencies = \"b\"", 7),
    ] {
        let (kind, at, why) = refused(&good.replacen(from, to, 1));
        assert_eq!((kind, at), (GapKind::ParseFailed, Some(line)), "{from} -> {to}: {why}");
    }
}

#[test]
fn the_commonest_damage_has_words_of_its_own() {
    let good = lock(&[from_index("a", "1.0.0")]);
    let conflict = good.replace("[[package]]", "<<<<<<< HEAD\n[[package]]\n=======\n[[package]]\n>>>>>>> b");
    assert_eq!(
        refused(&conflict),
        (GapKind::ParseFailed, Some(4), "the file holds the markers of a merge conflict".into())
    );
    let (_, line, why) = refused(&good.replace("1.0.0", "1.0\0.0"));
    assert_eq!(line, Some(6));
    assert!(why.starts_with("a NUL byte at byte "), "{why}");
}

#[test]
fn unusual_toml_reads_the_same_and_the_counter_notices() {
    let unknown = lock(&[from_index("a", "1.0.0") + "extra = 1\n"]) + "[other]\nx = 1\n";
    assert_eq!(accepted(&unknown).components.len(), 1);
    let inline = format!("package = [{{ name = \"a\", version = \"1.0.0\", source = \"{INDEX}\" }}]\n");
    let partial = parse_text(&inline).unwrap();
    assert_eq!(partial.value.components[0].source, Source::Default);
    assert_eq!((partial.value.components[0].line, partial.value.components[0].column), (1, 12));
    assert_eq!(gaps(&inline), [(GapKind::CountMismatch, "a/Cargo.lock".to_owned(), None)]);
    let hidden = lock(&[from_index("a", "1.0.0")]) + "[other]\nx = '''\n[[package]]\n'''\n";
    assert_eq!(gaps(&hidden), [(GapKind::CountMismatch, "a/Cargo.lock".to_owned(), None)]);
}

#[test]
fn hostile_sizes_end_soon_in_a_gap() {
    for text in ["[".repeat(1 << 20), "a=".to_owned() + &"[".repeat(1 << 20), "{".repeat(1 << 20), "a.".repeat(1 << 19)]
    {
        assert_eq!(refused(&text).0, GapKind::ParseFailed);
    }
    assert_eq!(refused(&format!("a = {}", "[".repeat(MAX_TOKENS_NOT_PLAIN))).0, GapKind::TooLarge);
    let long = format!("[[package]]\nname = \"{}\"\nversion = \"1.0.0\"\n", "a".repeat(50 << 20));
    assert_eq!(refused(&long).0, GapKind::ParseFailed);
    let nowhere: String = (0..=MAX_DANGLING).map(|n| format!("\"a 0.0.{n}\", ")).collect();
    assert_eq!(refused(&package("a", "1.0.0", &format!("dependencies = [{nowhere}]"))).0, GapKind::TooLarge);
    let twins: Vec<String> =
        (0..=MAX_TWINS).map(|n| package("a", "1.0.0", &format!("source = \"git+https://example.com/{n}\""))).collect();
    assert_eq!(refused(&lock(&twins)).0, GapKind::TooLarge);
}

#[test]
fn the_plain_reader_reads_what_cargo_writes() {
    let text = lock(&[package("app", "0.1.0", "dependencies = [\n \"a\",\n]"), from_index("a", "1.0.0")]);
    assert!(read_plain(&text).is_some());
    for odd in ["x = 1\n", "[a]\n", "[metadata]\na.b = \"\"\n", "version = 4\n", "[metadata]\na='1'\na='1'\n", "]"] {
        assert!(read_plain(&format!("{text}{odd}")).is_none(), "{odd}");
    }
}

#[test]
fn what_an_unused_patch_depends_on_is_nobodys_dependency() {
    let text = lock(&[from_index("a", "1.0.0")])
        + &from_index("p", "1.0.0").replace("package", "patch.unused").replace("check", "dependencies = ['q']\ncheck")
        + &package("b", "1.0.0", "dependencies = ['a']");
    assert_eq!(Ok(read_plain(&text).unwrap()), full::read(&text));
    assert_eq!(accepted(&text).edges, [vec![], vec![0]]);
}

#[test]
fn a_lock_of_many_runs_reads_as_one() {
    let many: Vec<String> = (0..900)
        .map(|n| package(&format!("p{n}"), "1.0.0", &format!("dependencies = [\n \"p{}\",\n]", (n + 1) % 900)))
        .collect();
    let text = lock(&many);
    assert_eq!(Ok(read_plain(&text).unwrap()), full::read(&text));
    assert_eq!(accepted(&text).edges.len(), 900);
}

#[test]
fn a_run_that_ends_inside_a_value_is_not_plain_and_the_full_reader_has_the_last_word() {
    let many: Vec<String> = (0..900).map(|n| package(&format!("p{n}"), "1.0.0", "")).collect();
    // A line that begins with `[` inside an array, far enough into the file that a run could end there.
    let text = lock(&many) + "\n[metadata]\nodd = [\n[\n],\n]\n";
    assert!(read_plain(&text).is_none());
    // The same inside a string of several lines is one token: it is text and no header.
    let text = lock(&many) + "\n[metadata]\nodd = \"\"\"\n[[package]]\n\"\"\"\n";
    assert_eq!(read_plain(&text).map(|raw| raw.packages.len()), full::read(&text).ok().map(|raw| raw.packages.len()));
}

fn read_plain(text: &str) -> Option<RawLock<'_>> {
    let source = Toml::new(text);
    plain::read(source, usize::MAX).0
}

fn sample() -> String {
    let mut text = lock(&[
        package("app", "0.1.0", "dependencies = [\n \"a\",\n \"b 2.0.0\",\n]"),
        from_index("a", "1.0.0"),
        package("b", "2.0.0", "source = \"git+https://example.com/b#1\"\nreplace = 'a 1.0.0'"),
    ]);
    text += "[[patch.unused]]\nname = \"p\"\nversion = \"0.1.0\"\n\n[metadata]\n\"checksum x 1.0.0\" = \"<none>\"\n";
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn both_readers_agree_on_every_offset(cuts in prop::collection::vec((0..40usize, 0..40usize, 0..4u8), 0..4)) {
        let mut lines: Vec<String> = sample().lines().map(str::to_owned).collect();
        for (from, to, what) in cuts {
            let (from, to) = (from % lines.len(), to % lines.len());
            match what {
                0 => lines.swap(from, to),
                1 => lines.insert(to, lines[from].clone()),
                2 if lines.len() > 1 => { lines.remove(from); }
                _ => lines[from] = lines[from].replace(['"', '='], ""),
            }
        }
        let text = lines.join("\n");
        if let Some(plain) = read_plain(&text) {
            prop_assert_eq!(Ok(plain), full::read(&text));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&TreePath::new("x"), &bytes, &[]);
    }

    #[test]
    fn no_text_of_the_right_letters_panics(text in "([\\[\\]{}=.,\"' \n#\u{feff}é\r0-9a]|package|name|version|patch|unused){0,60}") {
        let _ = parse(&TreePath::new("x"), text.as_bytes(), &[]);
    }
}

#[test]
fn components_start_with_an_unknown_scope() {
    let unknown = |c: &Component| c.scope == crate::model::Scope::Unknown && c.conditions.is_empty();
    assert!(accepted(&lock(&[from_index("a", "1.0.0")])).components.iter().all(unknown));
}
