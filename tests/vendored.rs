//! Vendored packages of cargo, from the command line: the copies against their lists and the lock, in a work tree and in
//! a commit.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what fails here should fail loudly")]

mod hook_support;
mod support;

use hook_support::Desk;
use portcullis::model::Digest;
use portcullis::sys::{Bytes, RealSys, Sys};
use serde_json::Value;
use std::os::unix::fs::symlink;

const MANIFEST: &str = "[package]\nname = \"one\"\nversion = \"1.0.0\"\n";
const ARCHIVE: &str = "archive of one";

/// A project with one vendored package, as `cargo vendor` would leave it.
fn project() -> Desk {
    let desk = Desk::without_hook();
    let index = "registry+https://github.com/rust-lang/crates.io-index";
    let archive = Digest::of(ARCHIVE.as_bytes()).hex();
    desk.write("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\none = \"1\"\n");
    desk.write(
        "Cargo.lock",
        &format!(
            "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"one\",\n]\n\n\
             [[package]]\nname = \"one\"\nversion = \"1.0.0\"\nsource = \"{index}\"\nchecksum = \"{archive}\"\n"
        ),
    );
    desk.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    desk.write("vendor/one/Cargo.toml", MANIFEST);
    desk.write("vendor/one/src/lib.rs", "//! one\n");
    let hash = |text: &str| Digest::of(text.as_bytes()).hex();
    desk.write(
        "vendor/one/.cargo-checksum.json",
        &format!(
            "{{\"files\":{{\"Cargo.toml\":\"{}\",\"src/lib.rs\":\"{}\"}},\"package\":\"{archive}\"}}",
            hash(MANIFEST),
            hash("//! one\n")
        ),
    );
    desk
}

/// The list of its files.
fn list(desk: &Desk) -> String {
    let path = desk.work().join("vendor/one/.cargo-checksum.json");
    String::from_utf8(RealSys.read(&path, Bytes::mib(1)).unwrap()).unwrap()
}

/// Exit code, and rule, path, line and message of every finding; then kind and path of every gap that blocks.
fn check(desk: &Desk, args: &[&str]) -> (u8, Vec<String>, Vec<String>) {
    let all = [&["check", "--no-trail", "--feed", "embedded", "--report", "json"], args].concat();
    let (code, out, err) = desk.world("", &[]).run(&all);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| unreachable!("{e}: {out}{err}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings.map(|f| format!("{} {} {}", text(&f["rule"]), text(&f["path"]), text(&f["message"])));
    let gaps = report["gaps"].as_array().unwrap().iter().filter(|gap| gap["ruling"] == "blocks");
    (code, findings.collect(), gaps.map(|gap| format!("{} {}", text(&gap["kind"]), text(&gap["path"]))).collect())
}

/// The same of the work tree and of a commit of it.
fn both(desk: &Desk) -> (u8, Vec<String>, Vec<String>) {
    let files = check(desk, &[]);
    desk.commit();
    assert_eq!(check(desk, &["--commit", "HEAD"]), files);
    files
}

#[test]
fn what_cargo_vendored_passes() {
    assert_eq!(both(&project()), (0, vec![], vec![]));
}

#[test]
fn a_lock_inside_of_a_copy_builds_nothing_as_long_as_the_copy_is_whole() {
    let desk = project();
    let inner = hook_support::lock(&[hook_support::BAD]);
    desk.write("vendor/one/Cargo.lock", &inner);
    let (code, said, _) = both(&desk);
    assert_eq!((code, said.len()), (1, 2), "the file that is not listed, and what it locks: {said:?}");
    let listed = format!("\"files\":{{\"Cargo.lock\":\"{}\",", Digest::of(inner.as_bytes()).hex());
    desk.write("vendor/one/.cargo-checksum.json", &list(&desk).replace("\"files\":{", &listed));
    assert_eq!(both(&desk), (0, vec![], vec![]));
}

#[test]
fn a_changed_file_fails_and_so_do_a_missing_and_a_new_one() {
    let desk = project();
    desk.write("vendor/one/src/lib.rs", "//! two\n");
    let said = |what: &str| vec![format!("PC-DEP-025 vendor/one/Cargo.toml one 1.0.0 is vendored {what}")];
    assert_eq!(both(&desk), (1, said("with 1 file changed (src/lib.rs)"), vec![]));
    let desk = project();
    std::fs::remove_file(desk.work().join("vendor/one/src/lib.rs")).unwrap();
    assert_eq!(both(&desk), (1, said("with 1 file missing (src/lib.rs)"), vec![]));
    let desk = project();
    desk.write("vendor/one/build.rs", "fn main() {}\n");
    assert_eq!(both(&desk), (1, said("with 1 file that its list does not have (build.rs)"), vec![]));
}

#[test]
fn a_list_that_was_written_anew_does_not_fit_the_lock() {
    let desk = project();
    let list = list(&desk);
    let hash = |text: &str| Digest::of(text.as_bytes()).hex();
    desk.write("vendor/one/src/lib.rs", "//! two\n");
    let other = list.replace(&hash("//! one\n"), &hash("//! two\n"));
    desk.write("vendor/one/.cargo-checksum.json", &other);
    assert_eq!(both(&desk), (0, vec![], vec![]), "whoever changes file and list keeps the checksum of the archive");
    desk.write("vendor/one/.cargo-checksum.json", &other.replace(&hash(ARCHIVE), &hash("another")));
    let (code, said, _) = both(&desk);
    let message =
        "PC-DEP-025 vendor/one/Cargo.toml one 1.0.0 is vendored of another archive than the one that is locked";
    assert_eq!((code, said), (1, vec![message.to_owned()]));
}

#[test]
fn a_package_that_is_in_no_lock_is_told() {
    let desk = project();
    let list = list(&desk);
    let manifest = MANIFEST.replace("one", "two");
    let hash = |text: &str| Digest::of(text.as_bytes()).hex();
    desk.write("vendor/two/Cargo.toml", &manifest);
    desk.write("vendor/two/src/lib.rs", "//! one\n");
    desk.write("vendor/two/.cargo-checksum.json", &list.replace(&hash(MANIFEST), &hash(&manifest)));
    let (code, said, _) = both(&desk);
    let message = "PC-DEP-026 vendor/two/Cargo.toml two 1.0.0 is vendored, and no lock has it";
    assert_eq!((code, said), (3, vec![message.to_owned()]), "and nothing locks what it depends on");
}

#[test]
fn without_a_configuration_a_directory_is_only_a_directory() {
    let desk = project();
    desk.write("vendor/one/src/lib.rs", "//! two\n");
    desk.write(".cargo/config.toml", "[source.vendored]\ndirectory = \"elsewhere\"\n");
    assert_eq!(both(&desk), (3, vec![], vec!["unlocked vendor/one/Cargo.toml".to_owned()]));
}

#[test]
fn what_cannot_be_compared_is_a_gap() {
    let desk = project();
    desk.write("vendor/one/.cargo-checksum.json", "{");
    let unlocked = "unlocked vendor/one/Cargo.toml".to_owned();
    let gaps = |first: &str| vec![first.to_owned(), unlocked.clone()];
    assert_eq!(both(&desk), (3, vec![], gaps("parse-failed vendor/one/.cargo-checksum.json")));
    let desk = project();
    desk.write(".cargo/config.toml", "[source");
    assert_eq!(both(&desk), (3, vec![], gaps("parse-failed .cargo/config.toml")));
    let desk = project();
    std::fs::remove_file(desk.work().join("vendor/one/src/lib.rs")).unwrap();
    symlink("/nowhere", desk.work().join("vendor/one/src/lib.rs")).unwrap();
    let (code, said, gaps) = check(&desk, &[]);
    assert_eq!((code, said, gaps), (3, vec![], vec!["unreadable vendor/one/src/lib.rs".to_owned()]));
}

#[test]
fn what_the_base_had_is_not_the_changes_doing() {
    let desk = project();
    desk.write("vendor/one/src/lib.rs", "//! two\n");
    desk.commit();
    desk.write("README", "more\n");
    desk.commit();
    assert_eq!(check(&desk, &["--base", "HEAD~1"]).0, 0);
    let desk = project();
    desk.commit();
    desk.write("vendor/one/src/lib.rs", "//! two\n");
    desk.commit();
    assert_eq!(check(&desk, &["--base", "HEAD~1"]).0, 1);
}
