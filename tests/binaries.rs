//! Programs and installed packages from end to end: what Go itself builds, what Rust builds without a list, a program
//! beside its lock, and the installed packages of the corpus.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests lay out files and run Go; what fails here should fail loudly"
)]

mod support;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use portcullis::inventory::{binary, installed};
use portcullis::model::{Component, Ecosystem, GapKind, Inventory, TreePath};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{World, corpus};

fn read(path: &Path) -> Inventory {
    let part = binary::parse(&TreePath::new("app"), &fs::read(path).unwrap()).unwrap();
    assert_eq!(part.gaps, []);
    part.value
}

/// The program `go`; none where it is not installed.
fn go() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join("go")).find(|file| file.is_file())
}

/// A module with a package in a directory that it is replaced by, built without any network; the whole output in words.
fn build(go: &Path, dir: &Path, args: &[&str]) -> PathBuf {
    for (path, text) in [
        (
            "go.mod",
            "module example.com/app\n\ngo 1.18\n\nrequire example.com/b v1.2.3\n\nreplace example.com/b => ./b\n",
        ),
        ("main.go", "package main\n\nimport \"example.com/b\"\n\nfunc main() { println(b.B()) }\n"),
        ("b/go.mod", "module example.com/b\n\ngo 1.18\n"),
        ("b/b.go", "package b\n\nfunc B() int { return 1 }\n"),
    ] {
        let path = dir.join("src").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let out = dir.join("app");
    let mut command = Command::new(go);
    command.arg("build").args(args).arg("-o").arg(&out).arg(".").current_dir(dir.join("src")).env_clear();
    for (name, value) in [("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GOTOOLCHAIN", "local"), ("CGO_ENABLED", "0")] {
        command.env(name, value);
    }
    for name in ["HOME", "GOCACHE", "GOPATH", "GOTMPDIR"] {
        let value = dir.join(name);
        fs::create_dir_all(&value).unwrap();
        command.env(name, value);
    }
    command.env("PATH", go.parent().unwrap());
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    out
}

#[test]
fn what_go_builds_names_its_modules_and_its_toolchain_stripped_or_not() {
    let Some(go) = go() else { return eprintln!("skipped: go is not installed") };
    let scratch = tempfile::tempdir().unwrap();
    let said = Command::new(&go).args(["env", "GOVERSION"]).output().unwrap();
    let toolchain = String::from_utf8(said.stdout).unwrap();
    let release = toolchain.trim().strip_prefix("go").unwrap().split(['-', ' ']).next().unwrap().to_owned();
    for args in [&[][..], &["-trimpath", "-ldflags=-s -w"]] {
        let inventory = read(&build(&go, scratch.path(), args));
        let labels: Vec<String> = inventory.components.iter().map(Component::label).collect();
        assert_eq!(labels[1..], ["example.com/b v1.2.3".to_owned(), format!("stdlib {release}")]);
        assert_eq!(&*binary::root(&inventory, Ecosystem::Go).unwrap().name, "example.com/app");
        assert_eq!(inventory.components[1].source.url(), "./b");
    }
}

#[test]
fn a_program_of_rust_without_a_list_says_so() {
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    let gap = binary::parse(&TreePath::new("app"), &own).unwrap_err();
    assert_eq!(gap.kind, GapKind::NothingToJudge);
    assert!(gap.help.contains("cargo auditable build"), "{}", gap.help);
}

/// A module of WebAssembly with a list of `cargo auditable`: the smallest program that has one.
fn wasm(json: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json.as_bytes()).unwrap();
    let body = [&b"\x07.dep-v0"[..], &encoder.finish().unwrap()].concat();
    let length = u8::try_from(body.len()).unwrap();
    let leb = if length < 0x80 { vec![length] } else { vec![length & 0x7f | 0x80, 1] };
    [&b"\0asm\x01\0\0\0\0"[..], &leb, &body].concat()
}

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n]\n\n\
    [[package]]\nname = \"itoa\"\nversion = \"1.0.9\"\n\
    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";

#[test]
fn a_program_beside_its_lock_passes_and_one_with_another_package_blocks() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let dir = scratch.path().join("project");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("Cargo.lock"), LOCK).unwrap();
    let json = r#"{"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1],"root":true},
        {"name":"itoa","version":"1.0.9","source":"crates.io"}]}"#;
    let program = dir.join("app.wasm");
    let check = |json: &str, targets: &[&Path]| {
        fs::write(&program, wasm(json)).unwrap();
        let mut args = vec!["check", "--no-trail", "--feed", "embedded", "--report", "json"];
        args.extend(targets.iter().map(|target| target.to_str().unwrap()));
        let (code, out, _) = world.run(&args);
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        let rules: Vec<String> =
            report["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect();
        (code, rules)
    };
    let other = json.replace("1.0.9", "1.0.10");
    assert_eq!(check(json, &[&dir, &program]), (0, vec![]));
    assert_eq!(check(&other, &[&dir, &program]), (1, vec!["PC-DEP-030".to_owned()]));
    assert_eq!(check(&other, &[&dir]), (0, vec![]), "a program in a directory is not judged");
    assert_eq!(check(&other, &[&program]), (0, vec![]), "no lock was named");
    fs::write(&program, b"\0asm\x01\0\0\0").unwrap();
    let (code, out, _) = world.run(&["check", "--no-trail", "--feed", "embedded", program.to_str().unwrap()]);
    assert!(code == 3 && out.contains("nothing-to-judge"), "{code} {out}");
}

/// Files of this name below a directory, in order.
fn files(dir: &Path, wanted: &dyn Fn(&Path) -> bool, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, wanted, into);
        } else if wanted(&path) {
            into.push(path);
        }
    }
}

#[test]
fn installed_packages_of_the_corpus_are_read_or_refused() {
    let Some(corpus) = corpus() else { return };
    let found = |wanted: &dyn Fn(&Path) -> bool, read: &dyn Fn(&[u8]) -> Option<String>| {
        let mut all = Vec::new();
        files(&corpus.join("containers"), wanted, &mut all);
        let labels = all.iter().map(|path| read(&fs::read(path).unwrap()));
        let mut labels: Vec<String> = labels.map(|label| label.unwrap_or_else(|| "refused".to_owned())).collect();
        labels.sort();
        labels
    };
    let only = |part: portcullis::model::Partial<Inventory>| {
        assert_eq!((part.gaps.as_slice(), part.value.components.len()), (&[][..], 1));
        part.value.components[0].label()
    };
    let ends = |path: &Path, names: &[&str]| names.iter().any(|name| path.ends_with(name));
    let path = TreePath::new("x");
    let python =
        found(&|p| ends(p, &["METADATA", "PKG-INFO"]), &|bytes| installed::python(&path, bytes).ok().map(only));
    assert_eq!(python.iter().filter(|label| *label == "refused").count(), 4, "{python:?}");
    assert_eq!(python.len(), 13, "{python:?}");
    let in_modules = |p: &Path| ends(p, &["package.json"]) && p.iter().any(|part| part == "node_modules");
    let npm = found(&in_modules, &|bytes| installed::npm(&path, bytes).ok().map(only));
    assert_eq!(npm.len(), 3, "{npm:?}");
    assert!(npm.contains(&"@actions/core 1.6.0".to_owned()) && npm.contains(&"cowsay 1.4.0".to_owned()), "{npm:?}");
}
