//! What a `Gemfile.lock` is read as, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::model::Component;
use proptest::prelude::*;

const SUM: &str = "47dd8b13cb72ed70d7c9ebb4aad5d2ce73c8b2d11f3f3b0b9b0e5d9c1ed2a4b7";

fn good() -> String {
    format!(
        "GIT\n  remote: https://u:p@e.example/a.git\n  revision: 1f\n  branch: main\n  specs:\n    a (1.0)\n      b (>= 2, < 3)\n\nPATH\n  remote: .\n  specs:\n    own (0.1)\n      a\n      bundler (>= 2)\n\nGEM\n  remote: https://rubygems.e.example/\n  specs:\n    b (2.0.1)\n    b (2.0.1-x86_64-linux-gnu)\n    c (3.0.pre)\n      b\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  a!\n  c (~> 3.0)\n  own!\n\nCHECKSUMS\n  b (2.0.1) sha256={SUM}\n  c (3.0.pre)\n\nRUBY VERSION\n   ruby 3.1.2p20\n\nBUNDLED WITH\n   2.2.0\n"
    )
}

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("Gemfile.lock"), text.as_bytes())
}

#[test]
fn gems_have_platforms_sources_checksums_and_edges() {
    let read = parse_text(&good()).unwrap();
    assert_eq!(read.gaps, []);
    let read = read.value;
    let rows: Vec<_> = read.components.iter().map(|c| (c.label(), c.line, c.column, c.conditions.join(","))).collect();
    let expected = [
        ("a 1.0", 6, 5, ""),
        ("own 0.1", 12, 5, ""),
        ("b 2.0.1", 19, 5, ""),
        ("b 2.0.1", 20, 5, "platform: x86_64-linux-gnu"),
        ("c 3.0.pre", 21, 5, ""),
    ];
    assert_eq!(rows, expected.map(|(label, line, column, of)| (label.to_owned(), line, column, of.to_owned())));
    assert_eq!(read.edges, [vec![2, 3], vec![0], vec![], vec![], vec![2, 3]]);
    let sources: Vec<_> = read.components.iter().map(|c| c.source.clone()).collect();
    let git = Source::Git("https://e.example/a.git#1f".into());
    assert_eq!(sources, [git, Source::Local, Source::Default, Source::Default, Source::Default]);
    let sums: Vec<bool> = read.components.iter().map(|c| c.checksum.is_some()).collect();
    assert_eq!(sums, [false, false, true, false, false]);
    let left_out: Vec<&str> = read.counted.left_out.iter().map(|left| left.what.as_str()).collect();
    assert_eq!((read.counted.independent, left_out), (7, vec!["ruby ruby 3.1.2p20", "bundler 2.2.0"]));
}

#[test]
fn only_the_default_registry_is_the_default() {
    let of = |remote: &str| {
        parse_text(&good().replace("remote: https://rubygems.e.example/", remote)).unwrap().value.components[2]
            .source
            .clone()
    };
    for remote in [
        "remote: http://rubygems.e.example",
        "remote: https://index.rubygems.e.example/",
        "remote: https://e.example/\n  remote: https://rubygems.e.example/",
    ] {
        assert_eq!(of(remote), Source::Default, "{remote}");
    }
    assert_eq!(of("remote: https://t:x@e.example/"), Source::Registry("https://e.example/".into()));
    assert_eq!(of("remote: https://notrubygems.e.example/"), Source::Registry("https://notrubygems.e.example/".into()));
}

#[test]
fn what_cannot_be_understood_is_told() {
    for (from, to, kind, line) in [
        ("    c (3.0.pre)", "    c", GapKind::ParseFailed, 21),
        ("    c (3.0.pre)", "    c ()", GapKind::ParseFailed, 21),
        ("    c (3.0.pre)", "    c (3.0.pre) x", GapKind::ParseFailed, 21),
        ("\nCHECKSUMS", "\nCHECKSUM", GapKind::UnsupportedVersion, 32),
        ("sha256=4", "sha256=", GapKind::ParseFailed, 33),
        ("      b\n", "      d\n", GapKind::DanglingDependency, 22),
    ] {
        let text = good().replacen(from, to, 1);
        assert_ne!(text, good(), "{from}");
        let gaps: Vec<_> = parse_text(&text).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.line)).collect();
        assert_eq!(gaps, [(kind, Some(line))], "{from} -> {to}");
    }
}

#[test]
fn what_is_asked_for_on_other_platforms_is_in_no_lock() {
    assert_eq!(parse_text(&good().replacen("  c (~> 3.0)", "  wdm", 1)).unwrap().gaps, []);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    for (from, to, line) in [
        ("\nDEPENDENCIES\n", "\n", 40),
        ("  specs:\n    a", "    a", 5),
        ("    a (1.0)", "   a (1.0)", 6),
        ("    a (1.0)", "\ta (1.0)", 6),
        ("  specs:\n    b", "  specs: x\n    b", 19),
        ("  b (2.0.1) sha", "  b 2.0.1 sha", 33),
        ("GEM\n", "<<<<<<< HEAD\nGEM\n", 16),
    ] {
        let text = good().replacen(from, to, 1);
        assert_ne!(text, good(), "{from}");
        let answer = parse_text(&text);
        let gap = answer.unwrap_err();
        assert_eq!((gap.kind, gap.line), (GapKind::ParseFailed, Some(line)), "{from} -> {to}: {}", gap.why);
    }
    let gap = parse_text("").unwrap_err();
    assert_eq!(gap.why, "no `DEPENDENCIES`: the file is cut");
}

#[test]
fn damage_hides_no_gem() {
    let good = "GEM\n  remote: https://rubygems.e.example/\n  specs:\n    a (1)\n      b\n    b (2)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  a\n";
    law::no_damage_hides_a_package(parse, good.as_bytes(), |_| false);
}

#[test]
fn hostile_sizes_end_soon() {
    let gems: String = (0..100_000).map(|n| format!("    p{n} (1.0)\n      p{}\n", (n + 1) % 100_000)).collect();
    let many = format!("GEM\n  specs:\n{gems}\nDEPENDENCIES\n  p0\n");
    let read = parse_text(&many).unwrap();
    assert_eq!((read.value.components.len(), read.gaps), (100_000, vec![]));
    let twins = format!("GEM\n  specs:\n{}\nDEPENDENCIES\n", "    p (1.0)\n".repeat(65));
    assert_eq!(parse_text(&twins).unwrap_err().kind, GapKind::TooLarge);
    assert_eq!(
        parse_text(&twins.replacen("    p (1.0)\n", "", 1))
            .unwrap()
            .value
            .components
            .iter()
            .map(Component::label)
            .count(),
        64
    );
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        law::check_shape(&parse(&TreePath::new("lock"), &law::damaged(good().as_bytes(), &damage)));
    }
}
