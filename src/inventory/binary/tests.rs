//! Programs written by hand, and what is read out of them.

use super::sample::{self, BASE, SHAPES, elf, fat, go_inline, go_pointers, macho, pack, pe, wasm};
use super::*;
use crate::model::{Scope, Source};
use proptest::prelude::*;

const JSON: &str = r#"{"packages":[
    {"name":"app","version":"0.1.0","source":"local","dependencies":[1,2,3],"root":true},
    {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
    {"name":"fork","version":"2.0.0","source":"git","dependencies":[3]},
    {"name":"serde","version":"1.0.1","source":"crates.io"}],"format":8}"#;

const MODULES: &str = "path\texample.com/app\nmod\texample.com/app\t(devel)\t\n\
    dep\texample.com/a\tv1.0.0\th1:x=\ndep\texample.com/b\tv1.1.0\n=>\texample.com/c\tv1.2.0\th1:y=\n\
    dep\texample.com/d\tv1.3.0\n=>\t./d\t(devel)\t\ndep\texample.com/e\t(devel)\t\nbuild\t-compiler=gc\nbuild\tdep\tx\n";

fn accepted(bytes: &[u8]) -> Inventory {
    let part = parse(&TreePath::new("app"), bytes).unwrap();
    assert_eq!(part.gaps, []);
    let inventory = part.value;
    assert_eq!(inventory.counted.independent, inventory.components.len() + inventory.counted.left_out.len());
    assert!(inventory.components.iter().all(|c| (c.line, c.column) == (1, 1)));
    inventory
}

fn refused(bytes: &[u8]) -> (GapKind, String) {
    let gap = parse(&TreePath::new("app"), bytes).unwrap_err();
    assert_eq!((gap.line, gap.digest), (None, Some(crate::model::Digest::of(bytes))));
    (gap.kind, gap.why)
}

fn labels(inventory: &Inventory) -> Vec<String> {
    inventory.components.iter().map(Component::label).collect()
}

const CARGO: [&str; 4] = ["app 0.1.0", "cc 1.0.0", "fork 2.0.0", "serde 1.0.1"];

/// Every format with this section in it.
fn programs(name: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
    let sections: [(&str, &[u8]); 3] = [(".text", b"code"), (name, bytes), (".a_long_name", b"x")];
    let mut all = vec![pe(true, &sections), pe(false, &sections), wasm(&sections)];
    all.push(sample::component(&wasm(&sections)));
    for shape in SHAPES {
        all.push(elf(shape, &sections));
        all.push(macho(shape, &sections));
    }
    all
}

#[test]
fn the_list_of_cargo_auditable_is_read_in_every_format() {
    let programs = programs(".dep-v0", &pack(JSON));
    assert_eq!(programs.len(), 12);
    for program in programs {
        let inventory = accepted(&program);
        assert_eq!(labels(&inventory), CARGO);
        assert_eq!(inventory.edges, [vec![1, 2, 3], vec![], vec![3], vec![]]);
        let of = |name: &str| inventory.components.iter().find(|c| &*c.name == name).unwrap();
        assert_eq!((of("app").source.clone(), of("serde").source.clone()), (Source::Local, Source::Default));
        assert_eq!(of("fork").source, Source::Git("".into()));
        assert_eq!((of("cc").scope, of("serde").scope), (Scope::Build, Scope::Normal));
        assert_eq!(of("fork").purl(), "pkg:cargo/fork@2.0.0");
        assert_eq!(root(&inventory, Ecosystem::Cargo).map(Component::label).as_deref(), Some("app 0.1.0"));
        assert_eq!(root(&inventory, Ecosystem::Go), None);
    }
}

#[test]
fn the_images_of_a_fat_file_give_each_package_once() {
    let image = |json: &str, shape| macho(shape, &[(".dep-v0", &pack(json))]);
    let other = JSON.replace("1.0.1", "1.0.2");
    for is_wide in [false, true] {
        let same = accepted(&fat(is_wide, &[image(JSON, SHAPES[0]), image(JSON, SHAPES[1])]));
        assert_eq!((labels(&same), same.counted.independent), (CARGO.map(String::from).to_vec(), 8));
        let both = accepted(&fat(is_wide, &[image(JSON, SHAPES[0]), image(&other, SHAPES[0])]));
        assert_eq!(labels(&both), [&CARGO[..], &["serde 1.0.2"]].concat());
        assert_eq!(both.edges[0], [1, 2, 3, 4]);
        let silent = fat(is_wide, &[image(JSON, SHAPES[0]), macho(SHAPES[0], &[])]);
        let (kind, why) = refused(&silent);
        assert_eq!(kind, GapKind::NothingToJudge);
        assert!(why.starts_with("its image number 2 carries neither"), "{why}");
    }
}

#[test]
fn lists_behind_each_other_are_all_read() {
    let second = r#"{"packages":[{"name":"lib","version":"3.0.0","source":"crates.io"}]}"#;
    let bytes = [pack(JSON), pack(second), vec![0; 7]].concat();
    assert_eq!(labels(&accepted(&elf(SHAPES[0], &[(".dep-v0", &bytes)]))).len(), 5);
    let junk = [pack(JSON), b"junk".to_vec()].concat();
    assert_eq!(refused(&elf(SHAPES[0], &[(".dep-v0", &junk)])).0, GapKind::ParseFailed);
}

#[test]
fn a_list_that_differs_in_one_thing_is_refused_or_has_a_gap() {
    let with = |from: &str, to: &str| {
        assert!(JSON.contains(from), "{from}");
        parse(&TreePath::new("app"), &elf(SHAPES[0], &[(".dep-v0", &pack(&JSON.replace(from, to)))]))
    };
    for (from, to) in [("\"packages\"", "\"package\""), ("}]", "},1]"), ("[3]", "3"), ("[3]", "[\"3\"]"), ("8}", "8")] {
        assert_eq!(with(from, to).unwrap_err().kind, GapKind::ParseFailed, "{from} {to}");
    }
    let empty = elf(SHAPES[0], &[(".dep-v0", &pack(r#"{"packages":[]}"#))]);
    assert_eq!(refused(&empty).0, GapKind::ParseFailed);
    let gaps = |from, to| with(from, to).unwrap().gaps.into_iter().map(|gap| gap.kind).collect::<Vec<_>>();
    assert_eq!(gaps("[3]", "[4]"), [GapKind::DanglingDependency]);
    assert_eq!(gaps("\"serde\"", "\"\""), [GapKind::ParseFailed]);
    assert_eq!(gaps("\"1.0.1\"", "1"), [GapKind::ParseFailed]);
    assert_eq!(gaps("\"build\"", "\"build\""), []);
    let packed = pack(JSON);
    for cut in [0, 1, packed.len() / 2, packed.len() - 1] {
        assert_eq!(refused(&elf(SHAPES[0], &[(".dep-v0", &packed[..cut])])).0, GapKind::ParseFailed, "{cut}");
    }
    let bomb = pack(&" ".repeat(17 << 20));
    assert_eq!(refused(&elf(SHAPES[0], &[(".dep-v0", &bomb)])).0, GapKind::TooLarge);
}

fn go(inventory: &Inventory) -> Vec<(String, Source)> {
    inventory.components.iter().map(|c| (c.label(), c.source.clone())).collect()
}

#[test]
fn the_build_information_of_go_is_read_in_both_forms() {
    let mut programs = vec![pe(true, &[(".text", b"x"), (".data", &go_inline("go1.21.3", MODULES))])];
    for shape in SHAPES {
        programs.push(elf(shape, &[(".go.buildinfo", &go_inline("go1.21.3", MODULES))]));
        programs.push(elf(shape, &[(".data", &go_inline("go1.21.3", MODULES))]));
        programs.push(macho(shape, &[("__go_buildinfo", &go_inline("go1.21.3", MODULES))]));
        // The first section stands behind the headers, at the next address that 16 divides.
        let at = if shape.is_wide { 128 } else { 96 };
        programs.push(elf(shape, &[(".go.buildinfo", &go_pointers(shape, BASE + at, "go1.21.3", MODULES))]));
    }
    for (nth, program) in programs.iter().enumerate() {
        let inventory = accepted(program);
        let expected = [
            ("example.com/app (devel)", Source::Local),
            ("example.com/a v1.0.0", Source::Default),
            ("example.com/c v1.2.0", Source::Default),
            ("example.com/d v1.3.0", Source::Path("./d".into())),
            ("example.com/e (devel)", Source::Local),
            ("stdlib 1.21.3", Source::Default),
        ];
        assert_eq!(go(&inventory), expected.map(|(label, source)| (label.to_owned(), source)), "{nth}");
        assert_eq!(inventory.edges[0], [1, 2, 3, 4, 5]);
        assert_eq!(&*root(&inventory, Ecosystem::Go).unwrap().name, "example.com/app");
    }
}

#[test]
fn a_module_at_a_version_is_one_that_advisories_speak_of_and_a_toolchain_may_have_a_suffix() {
    let program = |toolchain: &str, modules: &str| elf(SHAPES[0], &[(".go.buildinfo", &go_inline(toolchain, modules))]);
    let installed =
        accepted(&program("go1.22.1 X:boringcrypto", "path\ta.example/x\nmod\ta.example/x\tv1.0.0\th1:x=\n"));
    let expected = [("a.example/x v1.0.0".to_owned(), Source::Default), ("stdlib 1.22.1".to_owned(), Source::Default)];
    assert_eq!(go(&installed), expected);
    assert_eq!(&*root(&installed, Ecosystem::Go).unwrap().name, "a.example/x");

    let gaps = |toolchain, modules| {
        let part = parse(&TreePath::new("app"), &program(toolchain, modules)).unwrap();
        (labels(&part.value), part.gaps.into_iter().map(|gap| gap.kind).collect::<Vec<_>>())
    };
    let module = "path\ta.example/x\nmod\ta.example/x\t(devel)\t\n";
    let devel = gaps("devel go1.23-abcdef Thu Jan 1", module);
    assert_eq!(devel, (vec!["a.example/x (devel)".to_owned()], vec![GapKind::ToolchainUnpinned]));
    assert_eq!(gaps("go1.21", ""), (vec!["stdlib 1.21".to_owned()], vec![GapKind::NothingToJudge]));
    assert_eq!(gaps("go1.21", "path\tcommand-line-arguments\n"), (vec!["stdlib 1.21".to_owned()], vec![]));
    assert_eq!(refused(&program("go1.21", "path\tx\ndep\tonly-a-path\n")).0, GapKind::ParseFailed);
}

#[test]
fn build_information_that_is_cut_is_refused_where_only_go_writes_and_passed_over_elsewhere() {
    let whole = go_inline("go1.21.3", MODULES);
    let cut = &whole[..whole.len() - 20];
    assert_eq!(refused(&elf(SHAPES[0], &[(".go.buildinfo", cut)])).0, GapKind::ParseFailed);
    let magic_alone = [&b"\xff Go buildinf:"[..], &[0; 40]].concat();
    assert_eq!(refused(&elf(SHAPES[0], &[(".data", &magic_alone)])).0, GapKind::NothingToJudge);
}

#[test]
fn a_program_of_both_has_the_packages_of_both() {
    let program = elf(SHAPES[0], &[(".dep-v0", &pack(JSON)), (".go.buildinfo", &go_inline("go1.21.3", MODULES))]);
    let inventory = accepted(&program);
    assert_eq!(inventory.components.len(), 10);
    assert_eq!(&*root(&inventory, Ecosystem::Cargo).unwrap().name, "app");
    assert_eq!(&*root(&inventory, Ecosystem::Go).unwrap().name, "example.com/app");
}

#[test]
fn a_program_that_says_nothing_is_a_gap_that_fails() {
    for program in programs(".other", b"x") {
        assert_eq!(refused(&program).0, GapKind::NothingToJudge);
    }
    assert!(GapKind::NothingToJudge.fails_by_default());
    let gap = parse(&TreePath::new("app"), &elf(SHAPES[0], &[(".rodata", b"/rustc/0123/library")])).unwrap_err();
    assert!(gap.why.ends_with("; rustc built it") && gap.help.contains("cargo auditable build"), "{gap:?}");
}

#[test]
fn tables_that_lead_out_of_the_file_are_refused() {
    for whole in programs(".dep-v0", &pack(JSON)) {
        for cut in 0..whole.len() {
            // What a cut leaves whole is an inventory of all packages or a refusal, never a part of them.
            if let Ok(part) = parse(&TreePath::new("app"), &whole[..cut]) {
                assert_eq!(labels(&part.value), CARGO, "{cut} of {}", whole.len());
            }
        }
    }
    for not_one in [&b""[..], b"MZ", b"\x7fELF", b"#!/bin/sh\n", b"\0asm\x02\0\0\0", b"\xca\xfe\xba\xbe\0\0\0\0"] {
        assert_eq!(refused(not_one).0, GapKind::ParseFailed, "{not_one:?}");
    }
    let many = [&b"\xca\xfe\xba\xbe\0\0\0\x41"[..], &[0; 3_000]].concat();
    assert_eq!(refused(&many).0, GapKind::TooLarge);
}

proptest! {
    #[test]
    fn no_damage_makes_it_panic_or_miscount(nth in 0_usize..16, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut all = programs(".dep-v0", &pack(JSON));
        all.push(elf(SHAPES[0], &[(".go.buildinfo", &go_inline("go1.21.3", MODULES))]));
        all.push(elf(SHAPES[3], &[(".go.buildinfo", &go_pointers(SHAPES[3], BASE + 96, "go1.21.3", MODULES))]));
        all.push(pe(true, &[(".data", &go_inline("go1.21.3", MODULES))]));
        all.push(fat(true, &[macho(SHAPES[0], &[(".dep-v0", &pack(JSON))])]));
        let mut bytes = all.swap_remove(nth);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(part) = parse(&TreePath::new("app"), &bytes) {
            let entries = part.value.components.len() + part.value.counted.left_out.len();
            let mismatch = part.gaps.iter().any(|gap| gap.kind == GapKind::CountMismatch);
            prop_assert!(entries == part.value.counted.independent || mismatch);
            prop_assert!(entries > 0);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(start in 0_usize..6, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let starts: [&[u8]; 6] =
            [b"\x7fELF\x02\x01", b"MZ", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0", b"\xca\xfe\xba\xbe\0\0\0\x01", b"\xcf\xfa\xed\xfe"];
        let _ = parse(&TreePath::new("app"), &[starts[start], &bytes].concat());
    }
}
