//! `check --commit`: a commit is judged like its checkout, and nothing of the work tree takes part.
#![expect(
    clippy::string_slice,
    reason = "the tests work on their checkouts behind the back of the program, and a failure there ends the test"
)]

mod hook_support;
mod support;

use hook_support::{BAD, BAD_TOO, Desk, GOOD, lock};
use std::os::unix::fs::symlink;

#[test]
fn check_judges_the_commit_that_is_named_and_nothing_else() {
    let desk = Desk::without_hook();
    desk.lock(&[BAD]);
    desk.commit();
    desk.lock(&[GOOD]);
    desk.write("below/Cargo.lock", "garbage");
    let check = |args: &[&str]| {
        let (code, out, err) = desk.world("", &[]).run(&[&["check", "--feed", "embedded"], args].concat());
        (code, out + &err)
    };
    assert_eq!(check(&["--commit", "HEAD"]).0, 1);
    assert_eq!(check(&["--commit", "HEAD~1"]).0, 0);
    assert_eq!(check(&["--commit", "HEAD", "--base", "HEAD"]).0, 0);
    assert_eq!(check(&["--commit", "HEAD", "--base", "HEAD~1"]).0, 1);
    assert_eq!(check(&["--commit", "HEAD", "Cargo.lock"]).0, 1);
    let (code, said) = check(&["--commit", "HEAD", "below"]);
    assert!(said.contains("the commit holds nothing at this path"), "{said}");
    assert_eq!(code, 1, "the lock above is judged as well");
    assert_eq!(check(&["--commit", "HEAD~1", "below"]).0, 3);
    for rev in ["none", "", "HEAD:Cargo.lock", "--all", "HEAD..HEAD"] {
        assert_eq!(check(&[&format!("--commit={rev}")]).0, 2, "{rev}");
    }
    assert_eq!(check(&["--commit", "HEAD", "--resolve", "cargo"]).0, 2);
    assert_eq!(check(&["--commit", "HEAD", desk.at("home").to_str().unwrap()]).0, 2);
}

#[test]
fn a_commit_is_judged_like_the_checkout_of_it() {
    let desk = Desk::without_hook();
    desk.write(
        "portcullis.toml",
        "version = 1\n[[exclude]]\npath = \"data\"\nowner = \"a-team\"\nreason = \"tests\"\n",
    );
    desk.write("data/Cargo.lock", &lock(&[BAD]));
    desk.write("free/Cargo.toml", "[package]\nname = \"free\"\nversion = \"0.1.0\"\n");
    desk.write("Cargo.toml", "[package]\nname = \"top\"\nversion = \"0.1.0\"\n");
    desk.write("broken/Cargo.lock", "garbage");
    desk.write("rust-toolchain.toml", "[toolchain]\nchannel = \"1.60.0\"\n");
    desk.lock(&[BAD_TOO, GOOD]);
    symlink("nowhere", desk.work().join("x.Cargo.lock")).unwrap();
    desk.commit();
    let report = |args: &[&str]| {
        let (_, out, err) =
            desk.world("", &[]).run(&[&["check", "--feed", "embedded", "--report", "json"], args].concat());
        let value: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}{err}"));
        value
    };
    let (files, commit) = (report(&[]), report(&["--commit", "HEAD"]));
    for key in ["verdict", "findings", "gaps", "ledger", "lockfiles"] {
        let without_origin = |value: &serde_json::Value| value[key].to_string();
        let origin = format!("{}:", &desk.git(&["rev-parse", "HEAD"])[..12]);
        assert_eq!(without_origin(&commit).replace(&origin, ""), without_origin(&files), "{key}");
    }
    assert!(files["gaps"].as_array().unwrap().len() > 2);
}
