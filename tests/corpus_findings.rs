//! The findings on every real Cargo lockfile of the corpus, against what cargo-audit found with the same database.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly"
)]

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::{World, corpus};

/// One row of the answers: advisory, package, version, kind.
type Row = (String, String, String, String);

/// Rows of a tab-separated file without its header.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn expected(corpus: &Path) -> BTreeMap<String, BTreeSet<Row>> {
    let mut expected: BTreeMap<String, BTreeSet<Row>> = BTreeMap::new();
    for row in rows(&corpus.join("lockfiles/ORACLES/cargo-audit-0.22.2.findings.tsv")) {
        let [lock, advisory, package, version, kind] = row.try_into().expect("five columns");
        expected.entry(lock).or_default().insert((advisory, package, version, kind));
    }
    expected
}

/// Exit code of cargo-audit for every lockfile.
fn summary(corpus: &Path) -> BTreeMap<String, u8> {
    let rows = rows(&corpus.join("lockfiles/ORACLES/cargo-audit-0.22.2.summary.tsv"));
    rows.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect()
}

fn judge(world: &World, database: &Path, lock: &Path) -> (u8, Value) {
    let (database, lock) = (database.display().to_string(), lock.display().to_string());
    let (code, out, err) = world.run(&["check", "--no-trail", "--feed", &database, "--report", "json", &lock]);
    (code, serde_json::from_str(&out).unwrap_or_else(|e| panic!("{lock}: {e}: {err}")))
}

fn found(report: &Value) -> BTreeSet<Row> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        // cargo-audit looks at crates alone, and calls a malicious crate a vulnerability.
        .filter(|f| f["rule"] != "PC-DEP-017" && !f["advisory"].is_null())
        .map(|f| {
            let kind = text(f, "class").replace("malicious", "vulnerability");
            (text(f, "advisory"), text(f, "name"), text(f, "version"), kind)
        })
        .collect()
}

#[test]
fn the_findings_are_those_of_cargo_audit_none_missing_and_none_extra() {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let expected = expected(&corpus);
    let (mut rows, mut refused, mut wrong) = (0, 0, Vec::new());
    for (lock, exit) in summary(&corpus) {
        let (code, report) = judge(&world, &corpus.join("advisories/rustsec"), &corpus.join("lockfiles").join(&lock));
        if exit == 2 {
            refused += 1;
            if code != 3 {
                wrong.push(format!("{lock}: cargo-audit refuses it, we exit {code}"));
            }
            continue;
        }
        let found = found(&report);
        let wanted = expected.get(&lock).cloned().unwrap_or_default();
        rows += wanted.len();
        wrong.extend(wanted.difference(&found).map(|row| format!("{lock}: missing {row:?}")));
        wrong.extend(found.difference(&wanted).map(|row| format!("{lock}: extra {row:?}")));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    let distinct: usize = expected.values().map(BTreeSet::len).sum();
    assert_eq!(rows, distinct, "every row of the answers was compared");
    assert_eq!(refused, 4);
    eprintln!("{rows} rows agree, {refused} files are refused");
}

#[test]
fn every_lockfile_reaches_green_after_init() {
    let Some(corpus) = corpus() else { return };
    let database = corpus.join("advisories/rustsec").display().to_string();
    let mut wrong = Vec::new();
    let (mut clean, mut adopted) = (0, 0);
    for (lock, exit) in summary(&corpus) {
        if exit == 2 {
            continue; // refused: there is nothing that a policy could make of it
        }
        let scratch = tempfile::tempdir().unwrap();
        let dir = scratch.path().join("project");
        std::fs::create_dir(&dir).unwrap();
        std::fs::copy(corpus.join("lockfiles").join(&lock), dir.join("Cargo.lock")).unwrap();
        let world = World::new(scratch.path());
        let target = dir.display().to_string();
        let (code, _, err) = world.run(&["init", "--feed", &database, "--owner", "platform-team", &target]);
        if code != 0 {
            wrong.push(format!("{lock}: init exits {code}: {err}"));
            continue;
        }
        let (code, out, err) = world.run(&["check", "--no-trail", "--feed", &database, &target]);
        if code != 0 {
            wrong.push(format!("{lock}: exit {code} after init (cargo-audit: {exit})\n{out}{err}"));
        }
        if exit == 0 { clean += 1 } else { adopted += 1 }
    }
    assert!(wrong.is_empty(), "{} are not green:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{clean} clean and {adopted} adopted lockfiles are green");
}

#[test]
fn a_tree_of_all_real_lockfiles_is_judged_like_each_of_them() {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let database = corpus.join("advisories/rustsec").display().to_string();
    let tree = scratch.path().join("tree");
    let mut wanted = BTreeSet::new();
    let answers = expected(&corpus);
    for (index, (lock, exit)) in summary(&corpus).into_iter().enumerate() {
        let dir: PathBuf = tree.join(format!("p{index:03}"));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::copy(corpus.join("lockfiles").join(&lock), dir.join("Cargo.lock")).unwrap();
        if exit != 2 {
            let rows = answers.get(&lock).cloned().unwrap_or_default();
            wanted.extend(rows.into_iter().map(|row| (format!("p{index:03}/Cargo.lock"), row)));
        }
    }
    let (code, out, _) =
        world.run(&["check", "--no-trail", "--feed", &database, "--report", "json", &tree.display().to_string()]);
    assert_eq!(code, 1);
    let report: Value = serde_json::from_str(&out).unwrap();
    let mut found_rows = BTreeSet::new();
    for finding in report["findings"].as_array().unwrap() {
        let one = serde_json::json!({ "findings": [finding] });
        let path = finding["path"].as_str().unwrap().to_owned();
        found_rows.extend(found(&one).into_iter().map(|row| (path.clone(), row)));
    }
    assert_eq!(found_rows.len(), wanted.len());
    assert!(found_rows == wanted);
}
