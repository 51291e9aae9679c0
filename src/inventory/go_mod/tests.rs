//! What `go.mod` is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use proptest::prelude::*;

const GOOD: &str = "module e.example/m\n\ngo 1.21.0\n\ntoolchain go1.22.1\n\nrequire e.example/a v1.0.0\n\nrequire (\n\te.example/b v0.0.0-20200922070232-aee5d888a860 // indirect\n\t\"e.example/c\" v2.0.0+incompatible\n\te.example/d v1.1.0\n)\n\nexclude e.example/a v0.9.0\n\nreplace e.example/c => ../c\n\nreplace (\n\te.example/d => f.example/d v1.2.0\n\te.example/a v0.1.0 => f.example/a v1.9.0\n)\n\nretract [v1.0.0, v1.1.0]\n";

fn at(path: &str, text: &str, sum: Option<&str>) -> Result<Partial<Inventory>, Gap> {
    let siblings =
        |path: &TreePath| (path.as_str() == "x/go.sum").then(|| sum.map(|sum| sum.as_bytes().to_vec())).flatten();
    parse(&TreePath::new(path), text.as_bytes(), &siblings)
}

fn accepted(text: &str) -> Inventory {
    let read = at("x/go.mod", text, Some("")).unwrap();
    assert_eq!(read.gaps, []);
    read.value
}

fn refused(text: &str) -> (Option<u32>, String) {
    let gap = at("x/go.mod", text, Some("")).unwrap_err();
    assert_eq!(gap.kind, GapKind::ParseFailed);
    (gap.line, gap.why)
}

#[test]
fn requirements_are_components_as_replace_leaves_them() {
    let read = accepted(GOOD);
    let rows: Vec<_> = read.components.iter().map(|c| (c.label(), c.line, c.column, c.source.clone())).collect();
    let path = Source::Path("../c".into());
    let expected = [
        ("e.example/a v1.0.0".to_owned(), 7, 9, Source::Default),
        ("e.example/b v0.0.0-20200922070232-aee5d888a860".to_owned(), 10, 2, Source::Default),
        ("e.example/c v2.0.0+incompatible".to_owned(), 11, 2, path),
        ("f.example/d v1.2.0".to_owned(), 12, 2, Source::Default),
        ("stdlib 1.22.1".to_owned(), 5, 11, Source::Default),
    ];
    assert_eq!(rows, expected);
    assert_eq!((read.counted.independent, read.counted.left_out.len()), (5, 0));
    assert_eq!(read.components[0].purl(), "pkg:golang/e.example/a@v1.0.0");
}

#[test]
fn a_module_without_a_toolchain_is_told_and_is_read_all_the_same() {
    let gaps = |text: &str| -> Vec<(GapKind, Option<u32>)> {
        at("x/go.mod", text, Some("")).unwrap().gaps.iter().map(|gap| (gap.kind, gap.line)).collect()
    };
    assert_eq!(gaps("module m\ngo 1.21\n"), [(GapKind::ToolchainUnpinned, Some(2))]);
    assert_eq!(gaps("module m\ngo 1.21\ntoolchain go1.21.3-vendor\n"), []);
    assert_eq!(gaps("module m\ngo 1.21\ntoolchain default\n"), [(GapKind::ToolchainUnpinned, Some(2))]);
}

#[test]
fn before_the_graph_was_pruned_the_sums_must_be_there() {
    let kinds = |go: &str, sum| -> Vec<GapKind> {
        let text = format!("module m\n{go}\ntoolchain go1.22.1\nrequire a.example/b v1.0.0\n");
        at("x/go.mod", &text, sum).unwrap().gaps.iter().map(|gap| gap.kind).collect()
    };
    assert_eq!(kinds("go 1.17", None), []);
    assert_eq!(kinds("go 1.16", None), [GapKind::Unlocked]);
    assert_eq!(kinds("", None), [GapKind::Unlocked]);
    assert_eq!(kinds("go 1.16", Some("")), []);
}

#[test]
fn a_version_that_is_none_is_left_out_by_name() {
    let read =
        at("go.mod", "module m\ngo 1.20\ntoolchain go1.2.3\nrequire (\n\ta.example/b master\n)\n", None).unwrap();
    let gaps: Vec<_> = read.gaps.iter().map(|gap| (gap.kind, gap.what.as_str(), gap.line)).collect();
    assert_eq!(gaps, [(GapKind::ParseFailed, "a.example/b", Some(5))]);
    assert_eq!((read.value.components.len(), read.value.counted.left_out.len()), (1, 1));
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    for (from, to, line) in [
        ("require (", "ruire (", 9),
        ("require (", "require", 9),
        ("require e", "e", 7),
        ("module e.example/m", "", 1),
        ("module e.example/m", "module e.example/m x", 1),
        ("go 1.21.0", "go one", 3),
        ("v1.1.0\n)", "v1.1.0\n", 15),
        ("v1.1.0\n)", "\n)", 12),
        ("v1.1.0\n)", "v1.1.0 v1.1.0\n)", 12),
        ("\"e.example/c\"", "\"e.example/c", 11),
        ("// indirect", "/* indirect */", 10),
        ("=> ../c", "=> e.example/f", 17),
        ("=> ../c", "../c", 17),
        ("=> ../c", "=> ../c\nreplace e.example/c => ../e", 18),
        ("go 1.21.0", "<<<<<<< HEAD\ngo 1.21.0", 3),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        assert_eq!(refused(&text).0, Some(line), "{from} -> {to}: {}", refused(&text).1);
    }
    assert!(parse(&TreePath::new("go.mod"), b"module m\xff\n", &|_| None).is_err());
}

#[test]
fn damage_hides_no_module() {
    let good =
        "module m.example/x\ngo 1.20\ntoolchain go1.22.1\nrequire (\n\ta.example/b v1.0.0\n\tc.example/d v1.0.0\n)\n";
    let parse = |path: &TreePath, bytes: &[u8]| parse(path, bytes, &|_| None);
    law::no_damage_hides_a_package(parse, good.as_bytes(), |cut| {
        // A file may end behind any line that is in no block.
        !cut.windows(9).any(|line| line == b"require (")
    });
}

#[test]
fn hostile_sizes_end_soon() {
    let many: String = (0..100_000).map(|n| format!("\ta.example/p{n} v1.0.0\n")).collect();
    let many = format!("module m\ngo 1.20\ntoolchain go1.22.1\nrequire (\n{many})\n");
    assert_eq!(accepted(&many).components.len(), 100_001);
    let too_many: String = "require a.example/p v1.0.0\n".repeat(200_001);
    assert_eq!(at("go.mod", &format!("module m\n{too_many}"), None).unwrap_err().kind, GapKind::TooLarge);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("go.mod"), &law::damaged(GOOD.as_bytes(), &damage), &|_| None));
    }

    #[test]
    fn any_text_has_an_answer(text in "(module m|require|replace|go|=>|[ \n\t(),\"`/\\[\\]v1.é]){0,30}") {
        law::check_shape(&parse(&TreePath::new("go.mod"), text.as_bytes(), &|_| None));
    }
}
