//! Pull and merge requests from end to end: real repositories, the whole program, and what decides about a change.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "the tests build their checkouts with plain files and the plain git program, and a failure there ends the test"
)]

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use support::{World, project};
use tempfile::TempDir;

/// A checkout whose first commit, on branch `main`, has one clean lockfile.
struct Repo {
    dir: TempDir,
}

impl Repo {
    fn new() -> Self {
        let repo = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(repo.at("project")).unwrap();
        repo.git(&["init", "-q", "-b", "main"]);
        repo.lock("clean", "Cargo.lock");
        repo.commit();
        repo
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn root(&self) -> PathBuf {
        self.at("project")
    }

    fn target(&self, path: &str) -> String {
        self.root().join(path).display().to_string()
    }

    fn git(&self, args: &[&str]) -> String {
        git(&self.root(), args)
    }

    /// Puts the lockfile of a fixture, `clean` or `demo`, at the path.
    fn lock(&self, fixture: &str, path: &str) {
        let to = self.root().join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(project("fixtures").join(fixture).join("Cargo.lock"), to).unwrap();
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.root().join(path), text).unwrap();
    }

    /// Commits everything and returns the id.
    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn branch(&self) {
        self.git(&["checkout", "-q", "-b", "change"]);
    }

    fn check(&self, more: &[&str]) -> (u8, Value) {
        judged(&World::new(self.dir.path()), more)
    }
}

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn judged(world: &World, more: &[&str]) -> (u8, Value) {
    let (code, out, err) =
        world.run(&[&["check", "--no-trail", "--feed", "embedded", "--report", "json"], more].concat());
    let report = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {code}\n{out}\n{err}"));
    (code, report)
}

fn notes(report: &Value) -> String {
    report["notes"].to_string()
}

#[test]
fn a_vulnerable_copy_below_the_target_is_introduced_though_its_origin_lies_outside() {
    let repo = Repo::new();
    repo.lock("demo", "old/Cargo.lock");
    repo.commit();
    repo.branch();
    repo.lock("demo", "new/Cargo.lock");
    repo.commit();
    assert_eq!(repo.check(&["--base", "main", &repo.target("new")]).0, 1);
    // The twin: the origin is gone, so the file has moved.
    fs::remove_dir_all(repo.root().join("old")).unwrap();
    repo.commit();
    assert_eq!(repo.check(&["--base", "main", &repo.target("new")]).0, 0);
}

#[test]
fn no_broken_call_passes_where_a_lockfile_has_moved() {
    let repo = Repo::new();
    repo.lock("demo", "old/Cargo.lock");
    repo.commit();
    repo.branch();
    repo.git(&["mv", "old", "new"]);
    repo.commit();
    let target = repo.target("new");
    for n in 0.. {
        let mut world = World::new(repo.dir.path());
        world.fail_at = Some(n);
        let (code, out, err) = world.run(&["check", "--no-trail", "--feed", "embedded", "--base", "main", &target]);
        if !world.failed.load(Ordering::SeqCst) {
            assert_eq!(code, 0, "{out}{err}");
            assert!(n > 20, "only {n} calls: the double was not asked");
            return;
        }
        assert_ne!(code, 0, "call {n} ({}) broke and it passed\n{out}{err}", world.broke.lock().unwrap());
    }
}

#[test]
fn a_clean_lockfile_of_the_base_that_becomes_vulnerable_has_not_moved() {
    let repo = Repo::new();
    repo.lock("demo", "old/Cargo.lock");
    repo.lock("clean", "kept/Cargo.lock");
    repo.commit();
    repo.branch();
    fs::remove_dir_all(repo.root().join("old")).unwrap();
    repo.lock("demo", "kept/Cargo.lock");
    repo.commit();
    assert_eq!(repo.check(&["--base", "main", &repo.target("")]).0, 1);
    // The twin: the same content in a file that the base did not have.
    repo.lock("clean", "kept/Cargo.lock");
    repo.lock("demo", "fresh/Cargo.lock");
    repo.commit();
    assert_eq!(repo.check(&["--base", "main", &repo.target("")]).0, 0);
}

#[test]
fn a_lockfile_that_a_sparse_checkout_leaves_out_is_not_gone() {
    let repo = Repo::new();
    repo.lock("demo", "old/Cargo.lock");
    repo.commit();
    repo.branch();
    repo.lock("demo", "new/Cargo.lock");
    repo.commit();
    repo.git(&["sparse-checkout", "set", "new"]);
    assert!(!repo.root().join("old").exists());
    assert_eq!(repo.check(&["--base", "main", &repo.target("new")]).0, 1);
}

#[test]
fn the_findings_of_another_checkout_are_never_excused_by_the_base() {
    let (first, second) = (Repo::new(), Repo::new());
    first.lock("demo", "Cargo.lock");
    first.commit();
    second.lock("demo", "Cargo.lock");
    second.commit();
    assert_eq!(first.check(&["--base", "main", &first.target("")]).0, 0, "alone its debt is known");
    let (code, report) = first.check(&["--base", "main", &first.target(""), &second.target("")]);
    assert_eq!(code, 1);
    let axes = |root: &Repo| -> Vec<String> {
        let own = root.root().display().to_string();
        let of_root = |f: &&Value| f["location"].to_string().contains(&own) || f["path"].to_string().contains(&own);
        let findings = report["findings"].as_array().unwrap().iter().filter(of_root);
        findings.map(|f| f["axis"].as_str().unwrap().to_owned()).collect()
    };
    assert!(!axes(&first).is_empty() && axes(&first).iter().all(|axis| axis == "disclosed"), "{:?}", axes(&first));
    assert!(!axes(&second).is_empty() && axes(&second).iter().all(|axis| axis == "introduced"), "{:?}", axes(&second));
}

#[test]
fn a_policy_that_does_not_decide_is_named() {
    let (first, second) = (Repo::new(), Repo::new());
    let targets = [first.target(""), second.target("")];
    let run = || first.check(&[&targets[0], &targets[1]]).1;
    assert!(!notes(&run()).contains("of its own"), "{}", notes(&run()));
    second.write("portcullis.toml", "version = 1\n");
    assert!(notes(&run()).contains("of its own"), "{}", notes(&run()));
}

#[test]
fn an_unlocked_manifest_of_the_base_is_no_gap_and_a_damaged_lock_is() {
    let repo = Repo::new();
    let base_gaps = |repo: &Repo| {
        let report = repo.check(&["--base", "main", &repo.target("")]).1;
        report["gaps"].as_array().unwrap().iter().filter(|g| g["kind"] == "base-incomplete").count()
    };
    fs::create_dir_all(repo.root().join("free")).unwrap();
    repo.write("free/Cargo.toml", "[package]\nname = \"free\"\nversion = \"0.1.0\"\n");
    repo.commit();
    assert_eq!(base_gaps(&repo), 0);
    repo.write("free/Cargo.lock", "version = 4\n[[package]]\nname = 3\n");
    repo.commit();
    assert_eq!(base_gaps(&repo), 1);
}

#[test]
fn what_is_no_revision_is_a_usage_error_and_says_so() {
    let repo = Repo::new();
    let target = repo.target("");
    for rev in ["", "HEAD:Cargo.lock", ":/x", "main^{tree}", "a\tb", "--all", "main..main", "^main"] {
        let base = format!("--base={rev}");
        let (code, _, err) =
            World::new(repo.dir.path()).run(&["check", "--no-trail", "--feed", "embedded", &base, &target]);
        assert_eq!(code, 2, "{rev:?}: {err}");
        assert!(err.contains("does not name a revision"), "{rev:?}: {err}");
    }
    assert_eq!(repo.check(&["--base=main^{commit}", &target]).0, 0);
}

#[test]
fn the_printed_commands_bring_the_base_into_a_shallow_clone_of_one_branch() {
    let repo = Repo::new();
    repo.branch();
    repo.commit();
    let from = format!("file://{}", repo.root().display());
    git(repo.dir.path(), &["clone", "-q", "--depth=1", "--single-branch", "--branch=change", &from, "clone"]);
    let clone = repo.at("clone");
    let target = clone.display().to_string();
    let world = World::new(repo.dir.path());
    let (code, _, err) = world.run(&["check", "--no-trail", "--feed", "embedded", "--base", "main", &target]);
    assert_eq!(code, 2, "{err}");
    let fetch = "git fetch origin +refs/heads/main:refs/remotes/origin/main";
    assert!(err.contains(fetch) && err.contains("--base origin/main"), "{err}");
    git(&clone, &fetch.split(' ').skip(1).collect::<Vec<_>>());
    assert_eq!(judged(&world, &["--base", "origin/main", &target]).0, 0);
}

/// A change that waives nothing but loosens the policy of the branch that it is meant for.
fn loosened() -> (Repo, String) {
    let repo = Repo::new();
    repo.write("portcullis.toml", "version = 1\nfail-on = \"critical\"\n");
    let old = repo.commit();
    repo.branch();
    repo.lock("demo", "Cargo.lock");
    repo.commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.write("portcullis.toml", "version = 1\nfail-on = \"medium\"\n");
    repo.commit();
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    repo.git(&["checkout", "-q", "change"]);
    (repo, old)
}

fn set(world: &mut World, vars: &[(&str, &str)]) {
    world.vars.extend(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
}

#[test]
fn on_gitlab_the_policy_is_that_of_the_target_branch_and_not_of_the_fork() {
    let (repo, old) = loosened();
    let target = repo.target("");
    let new = repo.git(&["rev-parse", "main"]);
    let merge_request =
        [("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_IID", "1"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &old)];
    let blocking = |more: &[(&str, &str)]| {
        let mut world = World::new(repo.dir.path());
        set(&mut world, &merge_request);
        set(&mut world, more);
        let (code, report) = judged(&world, &[&target]);
        assert_eq!(code, 1);
        report["findings"].as_array().unwrap().iter().filter(|f| f["ruling"] == "blocks").count()
    };
    let at_critical = {
        let (_, report) = repo.check(&["--base", &old, &target]);
        report["findings"].as_array().unwrap().iter().filter(|f| f["ruling"] == "blocks").count()
    };
    let at_medium = blocking(&[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")]);
    assert_eq!((at_critical, at_medium), (1, 4));
    assert_eq!(blocking(&[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", &new)]), 4);
    assert_eq!(
        blocking(&[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", ""), ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")]),
        4
    );
}

#[test]
fn on_gitlab_nothing_but_the_target_branch_gives_the_policy() {
    let (repo, old) = loosened();
    let target = repo.target("");
    let refused = |more: &[(&str, &str)]| {
        let mut world = World::new(repo.dir.path());
        set(
            &mut world,
            &[("GITLAB_CI", "true"), ("CI_MERGE_REQUEST_IID", "1"), ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &old)],
        );
        set(&mut world, more);
        let (code, _, err) = world.run(&["check", "--no-trail", "--feed", "embedded", &target]);
        assert_eq!(code, 2, "{more:?}: {err}");
        err
    };
    assert!(refused(&[]).contains("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"));
    assert!(refused(&[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "-x")]).contains("CI_MERGE_REQUEST_TARGET_BRANCH_NAME"));
    assert!(refused(&[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "main")]).contains("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"));
    let err = refused(&[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release/$x")]);
    let fetch = "git fetch --depth=1 origin '+refs/heads/release/$x:refs/remotes/origin/release/$x'";
    assert!(err.contains(fetch), "{err}");
}

#[test]
fn on_github_the_event_file_decides_whether_there_is_a_change() {
    let (repo, _) = loosened();
    let target = repo.target("");
    let base = repo.git(&["rev-parse", "main"]);
    let event = repo.at("event.json");
    let run = |name: &str, text: &str| {
        fs::write(&event, text).unwrap();
        let mut world = World::new(repo.dir.path());
        let path = event.display().to_string();
        set(&mut world, &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", name), ("GITHUB_EVENT_PATH", &path)]);
        judged(&world, &[&target]).1
    };
    let pull = format!(r#"{{"pull_request":{{"base":{{"sha":"{base}"}}}}}}"#);
    for name in ["pull_request", "pull_request_target", "pull_request_review_comment", "some_new_event"] {
        assert_eq!(run(name, &pull)["base"], base.as_str(), "{name}");
    }
    assert!(!notes(&run("pull_request", &pull)).contains("nothing of the change"));
    repo.git(&["checkout", "-q", "main"]);
    assert!(notes(&run("pull_request_target", &pull)).contains("nothing of the change"));
    repo.git(&["checkout", "-q", "change"]);
    let group = format!(r#"{{"merge_group":{{"base_sha":"{base}"}}}}"#);
    assert_eq!(run("merge_group", &group)["base"], base.as_str());
    for (name, noted) in [("workflow_run", true), ("issue_comment", true), ("push", false), ("schedule", false)] {
        let report = run(name, "{}");
        assert_eq!(report["base"], Value::Null, "{name}");
        assert_eq!(notes(&report).contains("does not say which base"), noted, "{name}: {}", notes(&report));
    }
}

#[test]
fn on_github_a_pull_request_without_a_base_is_refused() {
    let (repo, _) = loosened();
    let event = repo.at("event.json");
    let path = event.display().to_string();
    for text in ["{}", r#"{"pull_request":{"base":{"sha":"main"}}}"#, "not json"] {
        fs::write(&event, text).unwrap();
        let mut world = World::new(repo.dir.path());
        set(
            &mut world,
            &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request"), ("GITHUB_EVENT_PATH", &path)],
        );
        let (code, _, err) = world.run(&["check", "--no-trail", "--feed", "embedded", &repo.target("")]);
        assert_eq!(code, 2, "{text}: {err}");
    }
}
