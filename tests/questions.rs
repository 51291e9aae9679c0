//! `explain` and `why` from end to end: they answer what was asked, and say when they cannot know.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the tests build their checkouts with plain files, and a failure there ends the test"
)]

mod support;

use std::fs;
use std::path::Path;
use support::{World, project};

const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A directory with this lockfile.
fn target(dir: &Path, lock: &str) -> String {
    let target = dir.join("project");
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join("Cargo.lock"), lock).unwrap();
    target.display().to_string()
}

fn demo() -> String {
    fs::read_to_string(project("fixtures/demo").join("Cargo.lock")).unwrap()
}

fn clean() -> String {
    fs::read_to_string(project("fixtures/clean").join("Cargo.lock")).unwrap()
}

/// The first advisory that the demo has a finding for.
fn an_advisory(world: &World, target: &str) -> String {
    let (_, out, _) = world.run(&["check", "--feed", "embedded", "--report", "json", target]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let mut ids = report["findings"].as_array().unwrap().iter().filter_map(|f| f["advisory"].as_str());
    ids.next().unwrap().to_owned()
}

#[test]
fn explain_does_not_say_no_while_a_lockfile_could_not_be_read() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let at = target(scratch.path(), &demo());
    let id = an_advisory(&world, &at);
    let explain = || world.run(&["explain", &id, "--feed", "embedded", &at]);
    let (code, out, err) = explain();
    assert!((code, err.as_str()) == (0, "") && out.contains("matches"), "{code} {out} {err}");
    target(scratch.path(), "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");
    let (code, out, err) = explain();
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("no lockfile here has the package"), "{out}");
    target(scratch.path(), "version = 4\n[[package]]\nname = 3\n");
    let (code, out, err) = explain();
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("no lockfile here that could be read has the package"), "{out}");
    assert!(err.contains("Cargo.lock"), "{err}");
}

#[test]
fn an_unknown_rule_is_no_unknown_advisory() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let at = target(scratch.path(), &clean());
    let (code, _, err) = world.run(&["explain", "PC-DEP-999", "--feed", "embedded", &at]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no rule PC-DEP-999") && err.contains("PC-DEP-001"), "{err}");
    let (code, out, _) = world.run(&["explain", "PC-DEP-001", "--feed", "embedded", &at]);
    assert!(code == 0 && out.starts_with("PC-DEP-001"), "{out}");
    let (code, _, err) = world.run(&["explain", "RUSTSEC-1999-0001", "--feed", "embedded", &at]);
    assert_eq!(code, 1);
    assert!(err.contains("no feed knows an advisory"), "{err}");
}

#[test]
fn why_knows_own_packages_and_who_depends_on_them() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let sum = "a".repeat(64);
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"core\",\n]\n\n\
         [[package]]\nname = \"core\"\nversion = \"0.1.0\"\ndependencies = [\n \"used\",\n]\n\n\
         [[package]]\nname = \"left\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\nchecksum = \"{sum}\"\n\n\
         [[package]]\nname = \"ring-a\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\nchecksum = \"{sum}\"\n\
         dependencies = [\n \"ring-b\",\n]\n\n\
         [[package]]\nname = \"ring-b\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\nchecksum = \"{sum}\"\n\
         dependencies = [\n \"ring-a\",\n]\n\n\
         [[package]]\nname = \"used\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\nchecksum = \"{sum}\"\n"
    );
    let at = target(scratch.path(), &lock);
    let why = |package: &str| {
        let (code, out, err) = world.run(&["why", package, &at]);
        assert_eq!(code, 0, "{package}: {out}{err}");
        out.lines().skip(1).map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(why("app"), ["it is one of your own packages"]);
    assert_eq!(why("core"), ["it is one of your own packages", "app 0.1.0 depends on it"]);
    assert_eq!(why("used"), ["core 0.1.0 -> used 1.0.0"]);
    assert_eq!(why("left"), ["nothing in the lockfile depends on it"]);
    assert_eq!(why("ring-a"), ["none of your own packages reaches it", "ring-b 1.0.0 depends on it"]);
}
