//! The exit code is a function of the verdict: no format, colour, verbosity or order of the directory changes it.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test: what fails here should fail loudly")]

mod support;

use std::fs;
use std::path::Path;
use support::{World, project};

/// A checkout with one lockfile, by its fixture; `None` makes a directory with nothing to judge.
fn checkout(dir: &Path, fixture: Option<&str>) -> String {
    let target = dir.join("project");
    fs::create_dir_all(&target).unwrap();
    if let Some(fixture) = fixture {
        for file in ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"] {
            fs::copy(project(fixture).join(file), target.join(file)).unwrap();
        }
    }
    target.display().to_string()
}

const CASES: &[(&str, Option<&str>, u8)] =
    &[("passed", Some("fixtures/clean"), 0), ("failed", Some("fixtures/demo"), 1), ("incomplete", None, 3)];

#[test]
fn verdict_by_format_by_colour_by_verbosity_gives_one_code() {
    for (name, fixture, expected) in CASES {
        let scratch = tempfile::tempdir().unwrap();
        let target = checkout(scratch.path(), *fixture);
        let world = World::new(scratch.path());
        for format in ["human", "json", "sarif", "github", "junit", "codequality"] {
            for color in ["auto", "always", "never"] {
                for verbosity in [None, Some("-q"), Some("-v")] {
                    let mut args = vec!["check", "--feed", "embedded", "--report", format, "--color", color];
                    args.extend(verbosity);
                    args.push(&target);
                    let (code, out, err) = world.run(&args);
                    assert_eq!(code, *expected, "{name}: {args:?}\n{out}\n{err}");
                    assert!(!out.is_empty(), "{name}: {args:?}");
                    if format == "json" {
                        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
                        assert_eq!(report["verdict"], *name);
                        assert_eq!(report["exit_code"], *expected);
                    }
                }
            }
        }
    }
}

#[test]
fn the_same_input_feed_and_time_give_the_same_bytes() {
    let scratch = tempfile::tempdir().unwrap();
    let target = checkout(scratch.path(), Some("fixtures/demo"));
    for copy in ["b", "a", "z/deep"] {
        let dir = Path::new(&target).join(copy);
        fs::create_dir_all(&dir).unwrap();
        fs::copy(project("fixtures/demo/Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    }
    for format in ["human", "json", "sarif", "github", "junit", "codequality"] {
        let args = ["check", "--no-trail", "--feed", "embedded", "--report", format, "--components", &target];
        let (_, first, _) = World::new(scratch.path()).run(&args);
        for _ in 0..5 {
            let (_, again, _) = World::new(scratch.path()).run(&args);
            assert_eq!(again, first, "{format}");
        }
    }
}

#[test]
fn several_reports_go_to_their_places_and_two_on_standard_output_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let target = checkout(scratch.path(), Some("fixtures/demo"));
    let world = World::new(scratch.path());
    let json = format!("json={}", scratch.path().join("out.json").display());
    let sarif = format!("sarif={}", scratch.path().join("out.sarif").display());
    let args = ["check", "--feed", "embedded", "--report", "human", "--report", &json, "--report", &sarif, &target];
    let (code, out, _) = world.run(&args);
    assert_eq!(code, 1);
    assert!(out.contains("smallvec"));
    for file in ["out.json", "out.sarif"] {
        let bytes = fs::read(scratch.path().join(file)).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(), "{file}");
    }
    let (code, out, err) = world.run(&["check", "--report", "json", "--report", "human", &target]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("standard output"), "{err}");
}

#[test]
fn a_report_that_cannot_be_written_is_4_and_the_others_are_still_written() {
    let scratch = tempfile::tempdir().unwrap();
    let target = checkout(scratch.path(), Some("fixtures/demo"));
    let world = World::new(scratch.path());
    let lost = format!("json={}", scratch.path().join("no/such/dir/out.json").display());
    let kept = format!("sarif={}", scratch.path().join("out.sarif").display());
    let (code, _, err) = world.run(&["check", "--feed", "embedded", "--report", &lost, "--report", &kept, &target]);
    assert_eq!(code, 4);
    assert!(err.contains("json report was not written"), "{err}");
    assert!(scratch.path().join("out.sarif").exists());
}

#[test]
fn what_the_user_mistypes_is_2() {
    let scratch = tempfile::tempdir().unwrap();
    let target = checkout(scratch.path(), Some("fixtures/clean"));
    let world = World::new(scratch.path());
    for args in [
        vec!["check", "--no-such-flag"],
        vec!["check", "--report", "yaml", &target],
        vec!["check", "--report", "json=", &target],
        vec!["check", "--fail-on", "none", &target],
        vec!["check", "--fail-on", "sometimes", &target],
        vec!["check", "-q", "-v", &target],
        vec!["check", "/nowhere/at/all"],
        vec!["frobnicate"],
        vec!["check", "--base", "no-such-rev", &target],
    ] {
        let (code, _, err) = world.run(&args);
        assert_eq!(code, 2, "{args:?}\n{err}");
        assert!(!err.is_empty(), "{args:?}");
    }
}

#[test]
fn flags_may_tighten_and_never_loosen() {
    let scratch = tempfile::tempdir().unwrap();
    let target = checkout(scratch.path(), Some("fixtures/demo"));
    let world = World::new(scratch.path());
    fs::write(Path::new(&target).join("portcullis.toml"), "version = 1\nfail-on = \"critical\"\n").unwrap();
    let blocking = |args: &[&str]| {
        let (code, out, err) = world.run(args);
        assert_eq!(code, 1, "{err}");
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        report["findings"].as_array().unwrap().iter().filter(|f| f["ruling"] == "blocks").count()
    };
    let base = ["check", "--feed", "embedded", "--report", "json"];
    let at_critical = blocking(&[&base[..], &[&target]].concat());
    let at_medium = blocking(&[&base[..], &["--fail-on", "medium", &target]].concat());
    assert_eq!((at_critical, at_medium), (1, 4));
    fs::write(Path::new(&target).join("portcullis.toml"), "version = 1\nfail-on = \"medium\"\n").unwrap();
    let (code, _, err) = world.run(&[&base[..], &["--fail-on", "critical", &target]].concat());
    assert_eq!(code, 2);
    assert!(err.contains("fail-on"), "{err}");
}
