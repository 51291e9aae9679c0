//! Breaks every call to the outside world in turn, for every n, and asks that the answer is never «passed»; and where the
//! run is recorded, that it is never «passed» without its record.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly"
)]

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use support::{World, project};

/// A clean checkout that passes when nothing breaks.
fn clean(dir: &Path, in_git: bool) -> String {
    let target = dir.join("project");
    fs::create_dir_all(target.join("src")).unwrap();
    for file in ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"] {
        fs::copy(project("fixtures/clean").join(file), target.join(file)).unwrap();
    }
    fs::write(target.join("src/main.rs"), "fn main() {}\n").unwrap();
    if in_git {
        for args in [&["init", "-q"][..], &["add", "-A"], &["commit", "-q", "-m", "all"]] {
            let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
            let status = Command::new("git").args(identity).args(args).current_dir(&target).status();
            assert!(status.unwrap().success(), "git {args:?}");
        }
    }
    target.display().to_string()
}

/// Runs with the n-th call broken until no call is left. Returns how many there were.
fn break_each(scratch: &Path, args: &[&str]) -> usize {
    let (code, out, err) = World::new(scratch).run(args);
    assert_eq!(code, 0, "it passes when nothing breaks\n{out}\n{err}");
    for n in 0..100_000 {
        let mut world = World::new(scratch);
        world.fail_at = Some(n);
        let (code, out, err) = world.run(args);
        if !world.failed.load(Ordering::SeqCst) {
            assert!(n > 10, "only {n} calls: the double was not asked");
            return n;
        }
        let broke = world.broke.lock().unwrap().clone();
        assert_ne!(code, 0, "call {n} ({broke}) broke and it passed\n{out}\n{err}");
        assert!([2, 3, 4].contains(&code), "call {n} ({broke}) broke: exit {code}\n{out}\n{err}");
        assert!(!out.contains("\"verdict\": \"passed\"") || code == 4, "call {n} ({broke})\n{out}");
    }
    panic!("there is no end to the calls");
}

#[test]
fn no_broken_call_passes_on_a_plain_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), false);
    let calls = break_each(scratch.path(), &["check", "--no-trail", "--feed", "embedded", "--report", "json", &target]);
    eprintln!("{calls} calls broken in turn");
}

#[test]
fn no_broken_call_passes_on_a_git_checkout() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), true);
    let calls = break_each(scratch.path(), &["check", "--no-trail", "--feed", "embedded", "--report", "json", &target]);
    eprintln!("{calls} calls broken in turn");
}

#[test]
fn no_broken_call_passes_with_a_base() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), true);
    let calls = break_each(
        scratch.path(),
        &["check", "--no-trail", "--feed", "embedded", "--base", "HEAD", "--report", "json", &target],
    );
    eprintln!("{calls} calls broken in turn");
}

#[test]
fn no_broken_call_passes_with_an_installed_feed_and_a_file_report() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), false);
    let database = database(scratch.path());
    let (code, out, err) = World::new(scratch.path()).run(&["feed", "import", &database]);
    assert_eq!(code, 0, "{out}{err}");
    let report = format!("json={}", scratch.path().join("out.json").display());
    let calls = break_each(scratch.path(), &["check", "--no-trail", "--report", "human", "--report", &report, &target]);
    eprintln!("{calls} calls broken in turn");
}

#[test]
fn no_broken_call_passes_with_a_feed_directory() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), false);
    let database = database(scratch.path());
    let calls = break_each(scratch.path(), &["check", "--no-trail", "--feed", &database, "--report", "json", &target]);
    eprintln!("{calls} calls broken in turn");
}

/// Runs with a record, and with the n-th call broken until no call is left. `state` gives the directory of key and trail
/// for each n. Passed is passed with the record in a log that verifies: a call after the commit point may break, and the
/// next writer finishes its work.
fn break_each_recorded(scratch: &Path, args: &[&str], state: &dyn Fn(usize) -> PathBuf) -> usize {
    for n in 0..100_000 {
        let dir = state(n);
        let world = |fail_at| {
            let mut world = World::new(scratch);
            world.fail_at = fail_at;
            world.more_luck = true;
            for name in ["XDG_STATE_HOME", "XDG_DATA_HOME"] {
                world.vars.insert(name.into(), dir.display().to_string());
            }
            world.luck.store(n as u64 * 16, Ordering::SeqCst); // no run draws what another drew
            world
        };
        let broken = world(Some(n));
        let (code, out, err) = broken.run(args);
        let failed = broken.failed.load(Ordering::SeqCst);
        let broke = broken.broke.lock().unwrap().clone();
        let context = || format!("call {n} ({broke}), exit {code}\n{out}\n{err}");
        assert!([0, 2, 3, 4].contains(&code), "{}", context());
        let report: Option<Value> = serde_json::from_str(&out).ok();
        let state = report.as_ref().map(|report| report["record"]["state"].as_str().unwrap());
        // What is not recorded is told, in the report and by the exit code.
        assert!(code != 0 || state == Some("signed"), "{}", context());
        assert!(state != Some("failed") || code == 4, "{}", context());
        assert!(report.as_ref().is_none_or(|report| report["exit_code"] == code), "{}", context());
        if state == Some("signed") {
            let mut reader = world(None);
            reader.cwd = scratch.join("project");
            let (verified, said, why) = reader.run(&["trail", "verify"]);
            assert_eq!(verified, 0, "{}\n{said}{why}", context());
            let index = report.unwrap()["record"]["index"].as_u64().unwrap();
            let (shown, said, why) = reader.run(&["trail", "show", &format!("#{index}")]);
            assert!(
                shown == 0 && said.contains(" (started at #") && (code != 0 || said.contains(" passed ")),
                "{}\n{said}{why}",
                context()
            );
        }
        if !failed {
            assert_eq!(code, 0, "it passes when nothing breaks: {}", context());
            assert!(n > 50, "only {n} calls: the double was not asked");
            return n;
        }
    }
    panic!("there is no end to the calls");
}

#[test]
fn no_broken_call_passes_without_the_record_of_a_first_run() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), true);
    let args = ["check", "--feed", "embedded", "--report", "json", &target];
    let calls = break_each_recorded(scratch.path(), &args, &|n| scratch.path().join(format!("state-{n}")));
    eprintln!("{calls} calls broken in turn");
}

#[test]
fn no_broken_call_passes_without_its_record_in_a_trail_that_goes_on() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), false);
    let args = ["check", "--feed", "embedded", "--report", "json", &target];
    let calls = break_each_recorded(scratch.path(), &args, &|_| scratch.path().join("state"));
    eprintln!("{calls} calls broken in turn");
}

/// A small advisory database of our own making, in the layout of RustSec. Its crates do not exist.
fn database(dir: &Path) -> String {
    let db = dir.join("db");
    for (package, id) in [("portcullis-example-a", "RUSTSEC-2026-9001"), ("portcullis-example-b", "RUSTSEC-2026-9002")]
    {
        let dir = db.join("crates").join(package);
        fs::create_dir_all(&dir).unwrap();
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-08-21\"\n\n[versions]\npatched = [\">= 1.2.3\"]\n```\n\n# An example\n\nMade up for a test.\n"
        );
        fs::write(dir.join(format!("{id}.md")), text).unwrap();
    }
    db.display().to_string()
}

#[test]
fn a_lock_that_git_ignores_gets_a_remedy_that_works() {
    let scratch = tempfile::tempdir().unwrap();
    let target = clean(scratch.path(), true);
    let git = |args: &[&str]| {
        let status = Command::new("git").args(args).current_dir(&target).status();
        assert!(status.unwrap().success(), "git {args:?}");
    };
    fs::write(Path::new(&target).join(".gitignore"), "Cargo.lock\n").unwrap();
    git(&["rm", "-q", "--cached", "Cargo.lock"]);
    let args = ["check", "--no-trail", "--feed", "embedded", &target];
    let (code, out, err) = World::new(scratch.path()).run(&args);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.contains("git add -f Cargo.lock"), "{out}");
    git(&["add", "-f", "Cargo.lock"]);
    let (code, out, err) = World::new(scratch.path()).run(&args);
    assert_eq!(code, 0, "{out}{err}");
}
