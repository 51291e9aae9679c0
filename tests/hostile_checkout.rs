//! Checkouts with a booby-trapped git: each trap is first shown to work on plain git, then everything that Portcullis
//! asks git is asked, and nothing may have run.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests build their repositories with the plain git program, and a failure there ends the test"
)]

use portcullis::collect::{self, Artifact};
use portcullis::git::Git;
use portcullis::model::GapKind;
use portcullis::sys::{Bytes, RealSys};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";
const MISSING: &str = "0123456789012345678901234567890123456789";

/// A repository, and beside it a script that leaves a mark when it runs.
struct Trap {
    dir: TempDir,
}

impl Trap {
    fn new() -> Self {
        let trap = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(trap.repo().join("below")).unwrap();
        trap.write("Cargo.lock", LOCK);
        trap.write("below/Cargo.toml", "[package]\n");
        trap.script(&trap.evil());
        trap.git(&["init", "-q", "-b", "main"]);
        trap.git(&["add", "-A"]);
        trap.git(&["commit", "-q", "-m", "x"]);
        trap
    }

    fn base(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    fn repo(&self) -> PathBuf {
        self.base().join("repo")
    }

    fn evil(&self) -> PathBuf {
        self.base().join("evil")
    }

    fn mark(&self) -> PathBuf {
        self.base().join("mark")
    }

    fn script(&self, at: &Path) {
        fs::write(at, format!("#!/bin/sh\n: > '{}'\nexit 1\n", self.mark().display())).unwrap();
        fs::set_permissions(at, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.repo().join(path), text).unwrap();
    }

    /// Plain git, as anybody would run it. It may fail: a sprung trap often makes it.
    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@invalid"])
            .args(args)
            .current_dir(self.repo())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn set(&self, key: &str, value: &str) {
        self.git(&["config", key, value]);
    }

    fn set_evil(&self, key: &str) {
        self.set(key, self.evil().to_str().unwrap());
    }

    /// Shows that the trap works: plain git springs it.
    fn springs_on(&self, args: &[&str]) {
        self.git(args);
        assert!(self.mark().exists(), "the trap is not live: git {args:?} did not spring it");
        fs::remove_file(self.mark()).unwrap();
    }

    /// Asks everything there is to ask, and sees whether something ran.
    fn holds_still(&self) {
        let head = ask_everything(&self.repo());
        assert!(!self.mark().exists(), "a program of the checkout ran");
        assert!(head.is_some());
    }
}

/// Every question of the public interface, at the top and from below. The answers must not be empty.
fn ask_everything(repo: &Path) -> Option<String> {
    for target in [repo.to_owned(), repo.join("below")] {
        let opened = collect::open(&RealSys, &target, &[]).unwrap();
        assert!(!opened.artifacts.is_empty());
        for artifact in &opened.artifacts {
            collect::load(opened.tree.as_ref(), artifact).unwrap();
        }
    }
    let git = Git::discover(&RealSys, repo).unwrap()?;
    let head = git.head().unwrap()?;
    assert_eq!(git.commit("HEAD"), Ok(head.clone()));
    assert!(git.commit(MISSING).is_err());
    assert_eq!(git.merge_base(&head, "HEAD"), Ok(Some(head.clone())));
    let _ = git.is_shallow();
    git.remote_heads("origin").unwrap();
    assert_eq!(git.common_ancestor(&head, std::slice::from_ref(&head)), Ok(Some(head.clone())));
    git.hooks().unwrap();
    let leaves = git.tree(&head).unwrap();
    let oids: Vec<&str> = leaves.iter().map(|leaf| leaf.oid).collect();
    git.blobs(&oids, Bytes::mib(1)).unwrap();
    let _ = git.blobs(&[MISSING], Bytes::mib(1)); // in a partial clone this is an error
    let opened = collect::open_commit(&git, "HEAD", &[], None).unwrap();
    let paths: Vec<&Artifact> = opened.artifacts.iter().collect();
    assert!(!paths.is_empty());
    Some(head)
}

#[test]
fn a_file_system_monitor_is_not_run() {
    let trap = Trap::new();
    trap.set_evil("core.fsmonitor");
    trap.springs_on(&["status"]);
    trap.holds_still();
}

#[test]
fn a_setting_that_hides_in_an_included_file_is_not_obeyed() {
    let trap = Trap::new();
    trap.write("settings", &format!("[core]\n\tfsmonitor = {}\n", trap.evil().display()));
    trap.set("include.path", "../settings");
    trap.springs_on(&["status"]);
    trap.holds_still();
}

#[test]
fn a_setting_of_the_work_tree_alone_is_not_obeyed() {
    let trap = Trap::new();
    trap.set("extensions.worktreeConfig", "true");
    trap.git(&["config", "--worktree", "core.fsmonitor", trap.evil().to_str().unwrap()]);
    trap.springs_on(&["status"]);
    trap.holds_still();
}

#[test]
fn hooks_are_not_run() {
    let trap = Trap::new();
    let hooks = trap.repo().join("hooks");
    for dir in [&hooks, &trap.repo().join(".git/hooks")] {
        fs::create_dir_all(dir).unwrap();
        for hook in ["post-index-change", "post-checkout", "pre-auto-gc", "reference-transaction", "fsmonitor-watchman"]
        {
            trap.script(&dir.join(hook));
        }
    }
    trap.springs_on(&["checkout", "-q", "-b", "other"]);
    trap.set("core.hooksPath", hooks.to_str().unwrap());
    trap.springs_on(&["checkout", "-q", "-b", "third"]);
    trap.holds_still();
}

#[test]
fn filters_are_not_run() {
    for kind in ["clean", "process"] {
        let trap = Trap::new();
        trap.write(".gitattributes", "* filter=trap diff=trap merge=trap\n");
        trap.write(".git/info/attributes", "* filter=trap diff=trap\n");
        trap.set_evil(&format!("filter.trap.{kind}"));
        trap.set_evil("filter.trap.smudge");
        // Changed, with the same size: only a look at the content, through the filter, can tell.
        trap.write("Cargo.lock", &LOCK.replace("0.1.0", "0.2.0"));
        trap.springs_on(&["status"]);
        trap.holds_still();
    }
}

#[test]
fn differs_and_text_converters_are_not_run() {
    let trap = Trap::new();
    trap.write(".gitattributes", "* diff=trap\n");
    trap.set_evil("diff.trap.textconv");
    trap.write("Cargo.lock", "changed");
    trap.springs_on(&["diff"]);
    trap.set_evil("diff.trap.command");
    trap.set_evil("diff.external");
    trap.springs_on(&["diff"]);
    trap.holds_still();
}

#[test]
fn a_missing_object_is_not_fetched_by_a_program() {
    let trap = Trap::new();
    trap.set("core.repositoryFormatVersion", "1");
    trap.set("extensions.partialClone", "trap");
    trap.set("remote.trap.promisor", "true");
    trap.set("protocol.allow", "always");
    trap.set("protocol.ext.allow", "always");
    trap.set("protocol.file.allow", "always");
    let evil = trap.evil();
    for (key, value) in [
        ("remote.trap.url", format!("ext::{}", evil.display())),
        ("remote.trap.url", trap.base().join("none").display().to_string()),
        ("remote.trap.url", "ssh://host.invalid/x".to_owned()),
    ] {
        trap.set(key, &value);
        trap.set_evil("remote.trap.uploadpack");
        trap.set_evil("core.sshCommand");
        if !value.ends_with("none") {
            trap.springs_on(&["cat-file", "-p", MISSING]); // (a local path must exist before its program is run)
        }
        trap.holds_still();
    }
}

#[test]
fn nothing_else_that_can_name_a_program_is_run() {
    let trap = Trap::new();
    for key in [
        "core.pager",
        "pager.ls-files",
        "pager.ls-tree",
        "core.editor",
        "core.askPass",
        "core.gitProxy",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "credential.helper",
        "gpg.program",
        "sequence.editor",
        "merge.trap.driver",
        "uploadpack.packObjectsHook",
        "trace2.eventTarget",
    ] {
        trap.set_evil(key);
    }
    for alias in ["ls-files", "rev-parse", "ls-tree", "cat-file", "merge-base", "check-ignore"] {
        trap.set(&format!("alias.{alias}"), &format!("!{}", trap.evil().display()));
    }
    trap.set("alias.trap", &format!("!{}", trap.evil().display()));
    trap.springs_on(&["trap"]);
    let content = fs::read_to_string(trap.evil()).unwrap();
    trap.holds_still();
    assert_eq!(fs::read_to_string(trap.evil()).unwrap(), content, "nothing was written to it either");
}

#[test]
fn a_git_file_that_leads_to_a_trapped_repository_runs_nothing() {
    let (trap, outer) = (Trap::new(), tempfile::tempdir().unwrap());
    trap.set_evil("core.fsmonitor");
    let root = outer.path().canonicalize().unwrap();
    fs::create_dir(root.join("below")).unwrap();
    fs::write(root.join(".git"), format!("gitdir: {}\n", trap.repo().join(".git").display())).unwrap();
    fs::write(root.join("Cargo.lock"), LOCK).unwrap();
    fs::write(root.join("below/Cargo.toml"), "").unwrap();
    let opened = collect::open(&RealSys, &root, &[]).unwrap();
    assert_eq!(opened.root, root, "the tree that was named is judged, not the one that `.git` leads to");
    let paths: Vec<&str> = opened.artifacts.iter().map(|a| a.path.as_str()).collect();
    assert_eq!(paths, ["Cargo.lock", "below/Cargo.toml"]);
    ask_everything(&root);
    assert!(!trap.mark().exists());
}

#[test]
fn a_work_tree_that_is_set_elsewhere_does_not_replace_the_judged_one() {
    let (trap, elsewhere) = (Trap::new(), tempfile::tempdir().unwrap());
    fs::create_dir(elsewhere.path().join("below")).unwrap();
    trap.set_evil("core.fsmonitor");
    trap.set("core.worktree", elsewhere.path().to_str().unwrap());
    trap.springs_on(&["ls-files", "--others"]);
    trap.holds_still();
    // From below, git takes another top than we do: it is not believed, and everything there is looked at.
    let below = collect::open(&RealSys, &trap.repo().join("below"), &[]).unwrap();
    assert_eq!(below.root, trap.repo().join("below"));
    assert_eq!(below.artifacts.len(), 1);
    assert!(below.rows.iter().any(|row| row.kind == "checkout"), "and it is told");
}

#[test]
fn traps_in_submodules_and_nested_clones_are_not_sprung() {
    let (outer, inner) = (Trap::new(), Trap::new());
    for name in ["clone", "sub"] {
        outer.git(&["clone", "-q", inner.repo().to_str().unwrap(), name]);
    }
    outer.git(&["add", "sub"]);
    outer.git(&["commit", "-q", "-m", "sub"]);
    for name in ["clone", "sub"] {
        let evil = outer.evil();
        outer.git(&["-C", name, "config", "core.fsmonitor", evil.to_str().unwrap()]);
        outer.springs_on(&["-C", name, "status"]);
    }
    outer.holds_still();
    let opened = collect::open(&RealSys, &outer.repo(), &[]).unwrap();
    let locks: Vec<&str> =
        opened.artifacts.iter().map(|a| a.path.as_str()).filter(|p| p.ends_with("Cargo.lock")).collect();
    assert_eq!(locks, ["Cargo.lock", "clone/Cargo.lock", "sub/Cargo.lock"]);
    assert!(opened.gaps.is_empty());
}

#[test]
fn an_index_with_paths_that_leave_the_tree_shows_nothing_outside() {
    let trap = Trap::new();
    let outside = trap.base().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("Cargo.lock"), LOCK).unwrap();
    // git refuses to add such paths, so ones of the same length are patched in: the entries keep their shape.
    let blob = trap.git(&["rev-parse", "HEAD:Cargo.lock"]);
    for (mode, path) in [("100644", "xx/outside/Cargo.lock"), ("160000", "yy/outside")] {
        trap.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{blob},{path}")]);
    }
    let index = trap.repo().join(".git/index");
    let mut bytes = fs::read(&index).unwrap();
    for name in [b"xx/outside", b"yy/outside"] {
        let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
        bytes[at..at + 2].copy_from_slice(b"..");
    }
    fs::write(&index, bytes).unwrap();
    trap.set("index.skipHash", "true");
    let opened = collect::open(&RealSys, &trap.repo(), &[]).unwrap();
    // A git that refuses such an index is as good: then everything is walked.
    let refused = opened.rows.iter().any(|row| row.kind == "checkout");
    let gaps: Vec<(GapKind, &str)> = opened.gaps.iter().map(|gap| (gap.kind, gap.what.as_str())).collect();
    let outside = [(GapKind::LinkOutside, "../outside"), (GapKind::LinkOutside, "../outside/Cargo.lock")];
    assert!(refused || gaps == outside, "{gaps:?}");
    for artifact in &opened.artifacts {
        assert!(!artifact.path.as_str().contains(".."), "{}", artifact.path);
        assert!(opened.tree.read(&artifact.path).is_ok());
    }
    assert!(opened.artifacts.iter().any(|a| a.path.as_str() == "Cargo.lock"));
}
