//! The pre-push hook from end to end: real pushes to local bare repositories with the hook installed.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests work on their checkouts behind the back of the program, and a failure there ends the test"
)]

mod hook_support;
mod support;

use hook_support::{BAD, BAD_TOO, Desk, GOOD, PROGRAM, lock, said};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn a_push_that_introduces_nothing_passes_and_one_that_introduces_a_finding_is_stopped() {
    let desk = Desk::new();
    desk.lock(&[GOOD, ("itoa", "1.0.11")]);
    desk.commit();
    let said = desk.passes(&["origin", "main"]);
    assert!(said.contains("refs/heads/main (") && said.contains("what the remote has there"), "{said}");
    desk.lock(&[BAD]);
    desk.commit();
    desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
    desk.passes(&["--no-verify", "origin", "main"]);
}

#[test]
fn a_lockfile_that_cannot_be_read_stops_the_push() {
    let desk = Desk::new();
    desk.write("Cargo.lock", "version = 4\n[[package]]\nname = 3\n");
    desk.commit();
    desk.stopped(&["origin", "main"], "incomplete");
}

#[test]
fn what_the_remote_has_already_is_told_and_does_not_stop() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    desk.commit();
    desk.passes(&["--no-verify", "origin", "main"]);
    desk.write("README.md", "more\n");
    desk.commit();
    let said = desk.passes(&["origin", "main"]);
    assert!(said.contains("RUSTSEC-2021-0003"), "{said}");
    desk.lock(&[BAD, BAD_TOO]);
    desk.commit();
    let said = desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
    assert!(said.contains("RUSTSEC-2024-0332"), "{said}");
}

#[test]
fn the_policy_and_the_waivers_are_those_of_the_remote() {
    let desk = Desk::new();
    desk.write("portcullis.toml", "version = 1\n[classes]\nvulnerability = \"report\"\n");
    desk.lock(&[BAD]);
    desk.commit();
    let said = desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
    assert!(said.contains("this change relaxes the policy"), "{said}");
    // The twin: the remote has that policy.
    desk.passes(&["--no-verify", "origin", "main"]);
    desk.lock(&[BAD, BAD_TOO]);
    desk.commit();
    desk.passes(&["origin", "main"]);
}

#[test]
fn a_new_branch_is_compared_with_the_newest_ancestor_that_the_remote_has() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    desk.commit();
    desk.passes(&["--no-verify", "origin", "main"]);
    desk.git(&["checkout", "-q", "-b", "side"]);
    desk.write("README.md", "more\n");
    desk.commit();
    let said = desk.passes(&["origin", "side"]);
    assert!(said.contains("newest ancestor"), "{said}");
    desk.git(&["checkout", "-q", "-b", "other", "main"]);
    desk.lock(&[BAD, BAD_TOO]);
    desk.commit();
    desk.stopped(&["origin", "other"], "failed: 1 finding blocks");
}

#[test]
fn the_first_push_to_an_empty_remote_introduces_everything() {
    let desk = Desk::new();
    desk.in_dir(&desk.at(""), &["init", "-q", "--bare", "empty.git"]);
    desk.git(&["remote", "add", "empty", "../empty.git"]);
    let said = desk.passes(&["empty", "main"]);
    assert!(said.contains("compared with nothing") && said.contains("everything counts as introduced"), "{said}");
    desk.in_dir(&desk.at(""), &["init", "-q", "--bare", "empty2.git"]);
    // A grace for what is disclosed is no grace for what is introduced.
    desk.write("portcullis.toml", "version = 1\n[grace]\ncritical = \"3650d\"\nhigh = \"3650d\"\n");
    desk.lock(&[BAD]);
    desk.commit();
    desk.git(&["remote", "add", "empty2", "../empty2.git"]);
    desk.stopped(&["empty2", "main"], "failed: 1 finding blocks");
}

#[test]
fn a_forced_push_is_compared_with_what_it_replaces() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    desk.commit();
    desk.passes(&["--no-verify", "origin", "main"]);
    desk.git(&["commit", "-q", "--amend", "-m", "other words"]);
    desk.passes(&["--force", "origin", "main"]);
    desk.lock(&[BAD, BAD_TOO]);
    desk.git(&["commit", "-q", "-a", "--amend", "-m", "more"]);
    desk.stopped(&["--force", "origin", "main"], "failed: 1 finding blocks");
    // Back to what the remote has no more: what its tip had mended counts as introduced again.
    desk.lock(&[GOOD]);
    desk.commit();
    desk.passes(&["--no-verify", "--force", "origin", "main"]);
    desk.git(&["reset", "-q", "--hard", "HEAD~1"]);
    desk.stopped(&["--force", "origin", "main"], "failed: 2 findings block");
}

#[test]
fn a_deletion_needs_no_judgement() {
    let desk = Desk::new();
    desk.git(&["checkout", "-q", "-b", "side"]);
    desk.lock(&[BAD]);
    desk.commit();
    desk.passes(&["--no-verify", "origin", "side"]);
    let said = desk.passes(&["origin", ":side"]);
    assert!(said.contains("refs/heads/side is deleted: nothing to judge"), "{said}");
    // The twin: a deletion beside a bad branch hides nothing.
    desk.passes(&["--no-verify", "origin", "side:old"]);
    desk.git(&["update-ref", "-d", "refs/remotes/origin/old"]);
    desk.git(&["update-ref", "-d", "refs/remotes/origin/side"]);
    desk.stopped(&["origin", ":old", "side:new"], "failed: 1 finding blocks");
}

#[test]
fn tags_are_judged_by_their_commits() {
    let desk = Desk::new();
    desk.git(&["tag", "-a", "v1", "-m", "x"]);
    let said = desk.passes(&["origin", "v1"]);
    assert!(said.contains("the remote has this commit"), "{said}");
    desk.lock(&[BAD]);
    desk.commit();
    desk.git(&["tag", "-a", "v2", "-m", "x"]);
    desk.git(&["tag", "light"]);
    desk.stopped(&["origin", "v2"], "failed: 1 finding blocks");
    desk.stopped(&["origin", "light"], "failed: 1 finding blocks");
    let blob = desk.git(&["rev-parse", "HEAD:Cargo.lock"]);
    desk.git(&["tag", "blob", &blob]);
    desk.stopped(&["origin", "blob"], "refs/tags/blob: what is pushed is no commit");
}

#[test]
fn of_several_refs_each_is_judged_and_the_worst_decides() {
    let desk = Desk::new();
    desk.git(&["checkout", "-q", "-b", "good"]);
    desk.write("README.md", "more\n");
    desk.commit();
    desk.git(&["checkout", "-q", "-b", "bad"]);
    desk.lock(&[BAD]);
    desk.commit();
    desk.git(&["branch", "bad-too"]);
    let said = desk.stopped(&["origin", "good", "bad", "bad-too"], "failed: 1 finding blocks");
    assert!(said.contains("refs/heads/good (") && said.contains("refs/heads/bad, refs/heads/bad-too ("), "{said}");
    assert_eq!(said.matches("failed: 1 finding blocks").count(), 1, "the same commit is judged once\n{said}");
    assert_eq!(said.matches("passed").count(), 1, "{said}");
}

#[test]
fn a_shallow_clone_pushes_and_is_judged() {
    let desk = Desk::new();
    desk.write("README.md", "more\n");
    desk.commit();
    desk.passes(&["origin", "main"]);
    let url = format!("file://{}", desk.at("remote.git").display());
    desk.in_dir(&desk.at(""), &["clone", "-q", "--depth=1", &url, "shallow"]);
    let shallow = desk.at("shallow");
    assert!(desk.run(PROGRAM, &shallow, &["hook", "install"]).status.success());
    fs::write(shallow.join("Cargo.lock"), lock(&[BAD])).unwrap();
    desk.in_dir(&shallow, &["commit", "-qam", "x"]);
    for args in [["push", "origin", "main"], ["push", "origin", "main:new"]] {
        let output = desk.run("git", &shallow, &args);
        assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    }
    fs::write(shallow.join("Cargo.lock"), lock(&[GOOD, ("itoa", "1.0.11")])).unwrap();
    desk.in_dir(&shallow, &["commit", "-qam", "x"]);
    for args in [["push", "origin", "main:new"], ["push", "origin", "main"]] {
        let output = desk.run("git", &shallow, &args);
        assert!(output.status.success(), "{}", said(&output));
    }
}

#[test]
fn no_name_of_a_branch_is_run_and_each_is_judged() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    desk.commit();
    let names = [
        "a;touch${IFS}pwned",
        "$(touch${IFS}pwned)",
        "`touch${IFS}pwned`",
        "a|touch${IFS}pwned",
        "a&touch${IFS}pwned&",
        "'touch${IFS}pwned'",
        "\"$(touch${IFS}pwned)\"",
        "ä→\u{202e}x",
        "%s%n",
        "REFS",
        "-x",
    ];
    for name in names {
        let to = format!("HEAD:refs/heads/{name}");
        let said = desk.stopped(&["origin", &to], "failed: 1 finding blocks");
        assert!(!said.contains('\u{202e}') || !said.contains("portcullis: refs/heads/ä→\u{202e}"), "{said}");
        for dir in [desk.work(), desk.at(""), desk.at("home"), desk.at("remote.git")] {
            assert!(!dir.join("pwned").exists(), "{name} ran");
        }
    }
    desk.git(&["reset", "-q", "--hard", "HEAD~1"]);
    for name in names {
        desk.passes(&["origin", &format!("HEAD:refs/heads/{name}")]);
    }
}

#[test]
fn the_work_tree_and_the_index_say_nothing() {
    let desk = Desk::new();
    desk.write("README.md", "more\n");
    desk.commit();
    desk.lock(&[BAD]);
    desk.git(&["add", "-A"]);
    desk.write("other/Cargo.lock", "garbage");
    desk.write("portcullis.toml", "garbage");
    desk.passes(&["origin", "main"]);
    // The other way round.
    fs::remove_file(desk.work().join("portcullis.toml")).unwrap();
    fs::remove_dir_all(desk.work().join("other")).unwrap();
    desk.commit();
    desk.lock(&[GOOD]);
    desk.git(&["add", "-A"]);
    desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
    fs::remove_file(desk.work().join("Cargo.lock")).unwrap();
    fs::remove_file(desk.work().join("README.md")).unwrap();
    desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
}

#[test]
fn a_moved_lockfile_introduces_nothing_whatever_lies_in_the_work_tree() {
    let desk = Desk::new();
    desk.write("old/Cargo.lock", &lock(&[BAD]));
    desk.commit();
    desk.passes(&["--no-verify", "origin", "main"]);
    desk.git(&["mv", "old", "new"]);
    desk.commit();
    desk.write("old/Cargo.lock", &lock(&[BAD])); // not in the commit
    desk.passes(&["origin", "main"]);
    // The twin: a copy.
    desk.write("copy/Cargo.lock", &lock(&[BAD]));
    desk.git(&["add", "copy"]);
    desk.git(&["commit", "-q", "-m", "x"]);
    fs::remove_dir_all(desk.work().join("new")).unwrap();
    desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
}

#[test]
fn links_pointers_and_submodules_of_the_commit_hide_nothing() {
    let desk = Desk::new();
    let start = desk.git(&["rev-parse", "HEAD"]);
    let again = || desk.git(&["reset", "-q", "--hard", &start]);
    let outside = desk.at("home/Cargo.lock");
    fs::write(&outside, lock(&[GOOD])).unwrap();
    for (target, passes, why) in [
        ("data/lock.toml", false, "failed: 1 finding blocks"),
        ("data/good.toml", true, ""),
        (outside.to_str().unwrap(), false, "incomplete"),
        ("../home/Cargo.lock", false, "incomplete"),
        ("nowhere", false, "incomplete"),
        ("Cargo.lock", false, "incomplete"),
    ] {
        fs::create_dir_all(desk.work().join("data")).unwrap();
        desk.write("data/lock.toml", &lock(&[BAD]));
        desk.write("data/good.toml", &lock(&[GOOD]));
        fs::remove_file(desk.work().join("Cargo.lock")).unwrap();
        symlink(target, desk.work().join("Cargo.lock")).unwrap();
        desk.commit();
        if passes {
            desk.passes(&["--dry-run", "origin", "main"]);
        } else {
            desk.stopped(&["origin", "main"], why);
        }
        again();
    }
    // What Git LFS puts in the place of a file.
    desk.write(
        "Cargo.lock",
        &format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 300\n", "ab".repeat(32)),
    );
    desk.commit();
    desk.stopped(&["origin", "main"], "incomplete");
    again();
    desk.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{start},vendor/sub")]);
    desk.git(&["commit", "-q", "-m", "x"]);
    let said = desk.stopped(&["origin", "main"], "incomplete");
    assert!(said.contains("missing-submodule"), "{said}");
}

#[test]
fn a_lockfile_over_the_limit_stops_the_push() {
    let desk = Desk::new();
    let file = fs::File::create(desk.work().join("Cargo.lock")).unwrap();
    file.set_len(portcullis::collect::MAX_FILE.0 + 1).unwrap();
    desk.commit();
    let said = desk.stopped(&["origin", "main"], "incomplete");
    assert!(said.contains("too-large"), "{said}");
}
