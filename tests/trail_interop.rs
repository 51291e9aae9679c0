//! Programs of others read what the trail writes: Tessera's `fsck` the log, `slsa-verifier` a decision. They are named by
//! `PORTCULLIS_FSCK` and `PORTCULLIS_SLSA_VERIFIER`; a test whose program is missing says that it is skipped.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test: programs are started, and what fails here should fail loudly"
)]

mod trail_support;

use portcullis::model::{Gap, GapKind, JudgedGap, Ruling, Stage, TreePath};
use portcullis::sign::VerifierKey;
use portcullis::sys::RealSys;
use portcullis::trail::checkpoint::Trust;
use portcullis::trail::store::{DirStore, GitStore};
use portcullis::trail::verify::verify;
use portcullis::trail::{self, LogIndex, Record, append};
use std::path::{Path, PathBuf};
use std::process::Command;
use trail_support::{context, decision_record, key, run, salt, start_record, trust, verdict};

/// What the tests of the format record as the thing that was judged.
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const VERIFIER: &str = "https://portcullis.dev/gate/v1";

/// The program that the variable names. `fsck` is never looked for by its name: that is how the program is called that
/// repairs file systems.
fn program(variable: &str, name: Option<&str>) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path = |name: &str| std::env::split_paths(&paths).map(|dir| dir.join(name)).find(|path| path.is_file());
    let program = named.or_else(|| name.and_then(on_path));
    if program.is_none() {
        eprintln!("skipped: {variable} names no program");
    }
    program
}

/// Whether Tessera accepts the log below the directory, and what it says. Its exit code is 0 either way.
fn fsck(program: &Path, log: &Path, vkey: &Path) -> (bool, String) {
    let url = format!("--storage_url=file://{}/", log.display());
    // With fewer workers than tiles it waits for ever once the last worker found something wrong.
    let (key, workers) = (format!("--public_key={}", vkey.display()), "--N=16".to_owned());
    let output = Command::new(program).args([url, key, workers, "--ui=false".to_owned()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (said.contains("Successfully fsck'd") && !said.contains("fsck failed"), said)
}

/// A log of so many records, and the file with its verifier key.
fn log_of(records: u64) -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (log, vkey) = (dir.path().join("log"), dir.path().join("vkey"));
    let store = DirStore::new(&RealSys, &log);
    let batch: Vec<_> = (2..records).map(|n| start_record(&n.to_string(), &key(1))).collect();
    if !batch.is_empty() {
        append(&RealSys, &store, &key(1), &Trust::default(), &batch).unwrap();
    }
    let done = run(&store, &key(1), "last", false);
    assert_eq!(done.head.size, records);
    write_vkey(&vkey, &done.head.origin);
    (dir, log, vkey)
}

fn write_vkey(path: &Path, origin: &str) {
    std::fs::write(path, VerifierKey::new(origin, *key(1).public()).unwrap().to_string()).unwrap();
}

#[test]
fn tessera_accepts_our_logs_and_refuses_them_once_they_are_changed() {
    let Some(program) = program("PORTCULLIS_FSCK", None) else { return };
    // Around a full tile, and with two of them.
    for records in [2, 3, 255, 256, 257, 600] {
        let (_dir, log, vkey) = log_of(records);
        let (accepted, said) = fsck(&program, &log, &vkey);
        assert!(accepted, "{records} records: {said}");
        let ours = || verify(&DirStore::new(&RealSys, &log), &trust(1), None).unwrap().is_good();
        assert!(ours(), "{records} records");
        let bundle =
            log.join(if records < 256 { format!("tile/entries/000.p/{records}") } else { "tile/entries/000".into() });
        let mut bytes = std::fs::read(&bundle).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&bundle, bytes).unwrap();
        assert!(!ours() && !fsck(&program, &log, &vkey).0, "{records} records, one byte changed");
    }
}

#[test]
fn tessera_accepts_the_tree_of_a_git_trail() {
    let Some(program) = program("PORTCULLIS_FSCK", None) else { return };
    let dir = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| Command::new("git").current_dir(dir.path()).args(args).output().unwrap();
    git(&["init", "--quiet", "--bare", "remote.git"]);
    let remote = dir.path().join("remote.git");
    let store = GitStore::new(&RealSys, remote.to_str().unwrap(), dir.path().join("scratch")).unwrap();
    run(&store, &key(1), "100", false);
    let done = run(&store, &key(1), "200", true);
    std::fs::create_dir(dir.path().join("log")).unwrap();
    let out = git(&["--git-dir=remote.git", "--work-tree=log", "checkout", "refs/portcullis/trail", "--", "."]);
    assert!(out.status.success(), "{out:?}");
    let vkey = dir.path().join("vkey");
    write_vkey(&vkey, &done.head.origin);
    let (accepted, said) = fsck(&program, &dir.path().join("log"), &vkey);
    assert!(accepted, "{said}");
}

/// One question to `slsa-verifier verify-vsa`: what is asked for, and what the body of the decision is.
struct Question<'q> {
    body: &'q [u8],
    signer: u8,
    key_id: u8,
    subject: &'q str,
    resource: &'q str,
}

fn ask(program: &Path, question: &Question<'_>) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let (body, pem) = (dir.path().join("body"), dir.path().join("key.pem"));
    std::fs::write(&body, question.body).unwrap();
    std::fs::write(&pem, key(question.signer).public().to_pem()).unwrap();
    let mut command = Command::new(program);
    command.arg("verify-vsa").arg("--attestation-path").arg(&body).arg("--public-key-path").arg(&pem);
    command.args(["--public-key-id", &key(question.key_id).public().key_id(), "--verifier-id", VERIFIER]);
    let output =
        command.args(["--subject-digest", question.subject, "--resource-uri", question.resource]).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

fn incomplete_record() -> Record {
    let mut verdict = verdict(false);
    let gap = Gap::new(GapKind::ParseFailed, Stage::Inventory, "a file", "a reason");
    verdict.gaps.push(JudgedGap { gap, ruling: Ruling::Blocks, decided_by: "default".into() });
    assert_eq!(verdict.outcome().as_str(), "incomplete");
    let inputs: [(TreePath, _); 0] = [];
    trail::record::decision(&verdict, &context("300"), &inputs, LogIndex(0), &salt("300")).sign(&[&key(1)]).unwrap()
}

#[test]
fn slsa_verifier_accepts_a_decision_that_passed_and_no_other() {
    let Some(program) = program("PORTCULLIS_SLSA_VERIFIER", Some("slsa-verifier")) else { return };
    let passed = decision_record("100", LogIndex(0), false, &key(1)).body;
    let (subject, resource) = (format!("gitCommit:{COMMIT}"), format!("git+https://example.com/owner/name@{COMMIT}"));
    let good = || Question { body: &passed, signer: 1, key_id: 1, subject: &subject, resource: &resource };
    assert_eq!(ask(&program, &good()), Ok(()));
    let input = format!("sha256:{}", portcullis::model::Digest::of(b"100").hex());
    assert_eq!(ask(&program, &Question { subject: &input, ..good() }), Ok(()), "a judged file");

    let refused = |question: Question<'_>, why: &str| {
        let said = ask(&program, &question).unwrap_err();
        assert!(said.contains(why), "{why}: {said}");
    };
    let failed = decision_record("100", LogIndex(0), true, &key(1)).body;
    refused(Question { body: &failed, ..good() }, "verification result is not Passed: FAILED");
    let incomplete = incomplete_record().body;
    refused(Question { body: &incomplete, ..good() }, "verification result is not Passed: FAILED");
    let start = start_record("100", &key(1)).body;
    refused(Question { body: &start, ..good() }, "expected predicate type");
    // Under the hint of the right key, so that the signature itself is what is refused.
    refused(Question { signer: 2, ..good() }, "no valid signature");
    refused(Question { subject: &subject.replace('0', "1"), ..good() }, "expected digest not found");
    refused(Question { resource: "git+https://example.com/other", ..good() }, "resource URI mismatch");
    let swapped = decision_record("100", LogIndex(0), false, &key(2)).body;
    refused(Question { body: &swapped, ..good() }, "no valid signature");
}
