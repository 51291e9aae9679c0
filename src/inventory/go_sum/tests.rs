//! What `go.sum` is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use proptest::prelude::*;

const H: &str = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

fn sums(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line} {H}\n")).collect()
}

fn at(text: &str, manifest: Option<&str>) -> Result<Partial<Inventory>, Gap> {
    let siblings = |path: &TreePath| {
        assert_eq!(path.as_str(), "x/go.mod");
        manifest.map(|text| text.as_bytes().to_vec())
    };
    parse(&TreePath::new("x/go.sum"), text.as_bytes(), &siblings)
}

fn labels(read: &Partial<Inventory>) -> Vec<String> {
    assert_eq!(read.gaps, []);
    read.value.components.iter().map(crate::model::Component::label).collect()
}

#[test]
fn which_lines_are_components_depends_on_the_go_mod_beside_them() {
    let text =
        sums(&["a.example/b v1.0.0", "a.example/b v1.0.0/go.mod", "c.example/d v1.0.0/go.mod", "e.example/f v1.1.0"]);
    let all = ["a.example/b v1.0.0", "e.example/f v1.1.0"];
    let of = |manifest| labels(&at(&text, manifest).unwrap());
    assert_eq!(of(None), all);
    assert_eq!(of(Some("damaged")), all);
    assert_eq!(of(Some("module m\ngo 1.16\n")), all);
    assert_eq!(of(Some("module m\ngo 1.16\nrequire a.example/b v1.2.0\n")), all[1..]);
    let replaced = "module m\ngo 1.16\nrequire a.example/b v1.2.0\nreplace a.example/b => e.example/f v1.1.0\n";
    assert_eq!(of(Some(replaced)), [""; 0]);
    assert_eq!(of(Some("module m\ngo 1.17\n")), [""; 0]);
    let read = at(&text, None).unwrap().value;
    assert_eq!((read.components[1].line, read.components[1].column, read.components[1].checksum), (4, 1, None));
    assert_eq!(read.components[1].conditions, ["listed in go.sum alone".into()]);
    assert_eq!((read.counted.independent, read.counted.left_out.len()), (4, 2));
}

#[test]
fn a_line_that_is_none_is_refused_and_two_sums_are_told() {
    let good = sums(&["a.example/b v1.0.0", "c.example/d v1.0.0"]);
    assert_eq!(labels(&at(&good, None).unwrap()).len(), 2);
    for (from, to) in [
        (" v1.0.0 h", " h"),
        ("h1:", "h2:"),
        ("h1:4", "h1:"),
        ("=\nc", "= x\nc"),
        ("=\nc", "=c"),
        ("a.example", "<<<<<<< HEAD\na.example"),
    ] {
        let gap = at(&good.replacen(from, to, 1), None).unwrap_err();
        assert_eq!((gap.kind, gap.line), (GapKind::ParseFailed, Some(1)), "{from} -> {to}");
    }
    let twice = format!("{good}{}", good.lines().next().unwrap());
    assert_eq!(at(&twice, None).unwrap().gaps, []);
    let other = at(&twice.replacen("47DEQ", "57DEQ", 1), None).unwrap();
    assert_eq!(
        other.gaps.iter().map(|gap| (gap.kind, gap.line)).collect::<Vec<_>>(),
        [(GapKind::ParseFailed, Some(3))]
    );
    let odd = at(&good.replacen("v1", "x1", 1), None).unwrap();
    assert_eq!((odd.gaps.len(), odd.value.components.len()), (1, 1));
}

#[test]
fn damage_hides_no_module() {
    let good = sums(&["a.example/b v1.0.0", "c.example/d v1.0.0"]);
    law::no_damage_hides_a_package(
        |path, bytes| parse(path, bytes, &|_| None),
        good.as_bytes(),
        |cut| cut.is_empty() || cut.ends_with(b"=") || cut.ends_with(b"\n"),
    );
}

#[test]
fn hostile_sizes_end_soon() {
    let many: String = (0..100_000).map(|n| format!("a.example/p{n} v1.0.0 {H}\n")).collect();
    assert_eq!(labels(&at(&many, None).unwrap()).len(), 100_000);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        let good = sums(&["a.example/b v1.0.0", "a.example/b v1.0.0/go.mod"]);
        law::check_shape(&parse(&TreePath::new("go.sum"), &law::damaged(good.as_bytes(), &damage), &|_| None));
    }
}
