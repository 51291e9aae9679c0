//! Every kept find and every seed of the fuzz targets, through the same laws that the targets ask.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test: what fails here should fail loudly; the laws are shared with the fuzz targets, which are public"
)]

#[path = "fuzz/src/lib.rs"]
mod laws;

use std::fs;
use std::path::Path;

type Law = fn(&[u8]);

const TARGETS: [(&str, Law); 20] = [
    ("advisory", laws::advisory),
    ("age", laws::age),
    ("binary", laws::binary),
    ("checkpoint", laws::checkpoint),
    ("dsse", laws::dsse),
    ("feed", laws::feed),
    ("javascript", laws::javascript),
    ("key", laws::key),
    ("leaf", laws::leaf),
    ("lockfile", laws::lockfile),
    ("locks", laws::locks),
    ("manifest", laws::manifest),
    ("note", laws::note),
    ("policy", laws::policy),
    ("python", laws::python),
    ("receipt", laws::receipt),
    ("records", laws::records),
    ("tile", laws::tile),
    ("version", laws::version),
    ("waiver", laws::waiver),
];

/// Runs every file of `dir/<target>` through its law; says how many there were.
fn run(dir: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut count = 0;
    for (target, law) in TARGETS {
        let Ok(entries) = fs::read_dir(root.join(target)) else { continue }; // a target without a find
        for entry in entries {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let broken = std::panic::catch_unwind(|| law(&bytes));
            assert!(broken.is_ok(), "{} breaks a law of `{target}`", path.display());
            count += 1;
        }
    }
    count
}

#[test]
fn no_find_breaks_a_law_again() {
    run("fixtures/fuzz");
}

#[test]
fn every_target_has_seeds_and_none_breaks_a_law() {
    let count = run("tests/fuzz/seeds");
    assert!(count >= TARGETS.len() * 4, "only {count} seeds");
    for (target, _) in TARGETS {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
        assert!(fs::read_dir(&dir).unwrap().count() >= 3, "{target}");
    }
}

/// A folder whose name no target has would never be run.
#[test]
fn every_kept_find_belongs_to_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz");
    let Ok(entries) = fs::read_dir(root) else { return }; // no find is kept
    for entry in entries {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|(target, _)| *target == name), "{name}");
    }
}
