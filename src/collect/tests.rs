//! Tests of collecting, over real directories and real repositories.
#![expect(clippy::disallowed_methods, reason = "the tests lay out directories that production code must only read")]

use super::*;
use crate::config::Exclude;
use crate::git::tests::{Repo, git_in};
use crate::model::{GapKind, RowState};
use crate::sys::{Fault, RealSys};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n";

/// A directory without a repository.
struct Plain(TempDir);

impl Plain {
    fn with(files: &[(&str, &str)]) -> Self {
        let plain = Self(tempfile::tempdir().unwrap());
        plain.files(files);
        plain
    }

    fn files(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }
}

/// One line for each artifact, row and gap.
fn lines(opened: &Opened<'_>) -> Vec<String> {
    let mut lines: Vec<String> =
        opened.artifacts.iter().map(|a| format!("judge {} {}", a.format.as_str(), a.path)).collect();
    lines.extend(opened.rows.iter().map(|row| {
        format!("{} {} {}: {}", row.state.as_str(), row.kind, row.path, row.state.why().unwrap_or_default())
    }));
    lines.extend(opened.gaps.iter().map(|gap| format!("gap {} {} help: {}", gap.kind, gap.what, gap.help)));
    lines
}

fn seen(target: &Path) -> Vec<String> {
    lines(&open(&RealSys, target, &[]).unwrap())
}

fn exclude(path: &str) -> Exclude {
    Exclude { path: path.into(), owner: "platform-team".into(), reason: "test data".into(), line: 7 }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Root reads everything, so a test of permissions proves nothing there.
fn denies(path: &Path) -> bool {
    fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    let denied = fs::metadata(path).unwrap().is_dir() && fs::read_dir(path).is_err() || fs::File::open(path).is_err();
    if !denied {
        eprintln!("skipped: this user reads everything");
    }
    denied
}

#[test]
fn a_plain_directory_is_walked_with_hidden_and_ignored_files_but_not_dot_git() {
    let dir = Plain::with(&[
        ("Cargo.lock", LOCK),
        ("a/Cargo.toml", "[package]\n"),
        (".hidden/Cargo.lock", LOCK),
        ("target/Cargo.lock", LOCK),
        (".gitignore", "target\n"),
        ("a/.git/Cargo.lock", LOCK),
        ("rust-toolchain", "1.95\n"),
        ("b/rust-toolchain.toml", "[toolchain]\n"),
        ("src/main.rs", ""),
    ]);
    let expected = [
        "judge cargo-lock .hidden/Cargo.lock",
        "judge cargo-lock Cargo.lock",
        "judge cargo-manifest a/Cargo.toml",
        "judge rust-toolchain b/rust-toolchain.toml",
        "judge rust-toolchain rust-toolchain",
        "judge cargo-lock target/Cargo.lock",
    ];
    assert_eq!(seen(&dir.path()), expected);
    assert!(open(&RealSys, &dir.path(), &[]).unwrap().git.is_none());
}

#[test]
fn a_checkout_gives_tracked_and_untracked_files_and_one_row_for_all_ignored_ones() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), (".gitignore", "target\n*.tmp\n"), ("a/Cargo.toml", "")]);
    repo.files(&[("new/Cargo.lock", LOCK), ("target/Cargo.lock", LOCK), ("target/x", ""), ("a/1.tmp", "")]);
    let expected = [
        "judge cargo-lock Cargo.lock",
        "judge cargo-manifest a/Cargo.toml",
        "judge cargo-lock new/Cargo.lock",
        "excluded ignored .: 2 entries ignored by git",
    ];
    assert_eq!(seen(&repo.path()), expected);
    assert!(open(&RealSys, &repo.path(), &[]).unwrap().git.is_some());
}

#[test]
fn a_subdirectory_keeps_the_root_of_its_checkout_and_shows_itself_and_the_locks_above() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), ("a/Cargo.lock", LOCK), ("ab/Cargo.lock", LOCK)]);
    let target = repo.path().join("a");
    assert_eq!(root_of(&RealSys, &target).unwrap(), repo.path());
    assert_eq!(root_of(&RealSys, &target.join("Cargo.lock")).unwrap(), repo.path());
    assert_eq!(seen(&target), ["judge cargo-lock Cargo.lock", "judge cargo-lock a/Cargo.lock"]);
    let plain = Plain::with(&[("a/Cargo.lock", LOCK)]);
    assert_eq!(root_of(&RealSys, &plain.path().join("a")).unwrap(), plain.path().join("a"));
    assert_eq!(root_of(&RealSys, &plain.path().join("a/Cargo.lock")).unwrap(), plain.path().join("a"));
}

#[test]
fn the_locks_above_a_subdirectory_follow_the_rules_of_the_checkout() {
    let repo =
        Repo::with(&[("w/.gitignore", "Cargo.lock\n"), ("w/a/b/Cargo.toml", "[package]\n"), ("o/Cargo.lock", LOCK)]);
    let target = repo.path().join("w/a/b");
    let manifest = "judge cargo-manifest w/a/b/Cargo.toml";
    assert_eq!(seen(&target), [manifest]);
    repo.files(&[("Cargo.lock", LOCK), ("w/Cargo.lock", LOCK)]);
    fifo(&repo.path().join("w/a/Cargo.lock"));
    let expected = [
        "judge cargo-lock Cargo.lock",
        manifest,
        "excluded cargo-lock w/Cargo.lock: ignored by git: `git add -f w/Cargo.lock`, or name it as a target",
        "failed cargo-lock w/a/Cargo.lock: it is a FIFO, socket or device, not a regular file",
        "gap special-file w/a/Cargo.lock help: ",
    ];
    assert_eq!(seen(&target), expected);
    let row = "excluded cargo-lock Cargo.lock: by platform-team (policy line 7): test data";
    assert!(lines(&open(&RealSys, &target, &[exclude("Cargo.lock")]).unwrap()).contains(&row.to_owned()));
    repo.git(&["add", "-f", "w/Cargo.lock"]);
    assert!(seen(&target).contains(&"judge cargo-lock w/Cargo.lock".to_owned()));
    repo.files(&[("w/a/b/Cargo.toml", "[package]\nname = \"b\"\n[workspace]\n")]);
    assert_eq!(seen(&target), [manifest], "a workspace of its own: cargo looks no higher");
}

#[test]
fn a_lock_beside_something_to_judge_that_git_ignores_has_a_row_with_the_remedy() {
    let repo = Repo::with(&[(".gitignore", "Cargo.lock\n"), ("a/Cargo.toml", "[package]\n"), ("b/x", "")]);
    repo.files(&[("a/Cargo.lock", LOCK), ("b/Cargo.lock", LOCK)]);
    let expected = [
        "judge cargo-manifest a/Cargo.toml",
        "excluded ignored .: 2 entries ignored by git",
        "excluded cargo-lock a/Cargo.lock: ignored by git: `git add -f a/Cargo.lock`, or name it as a target",
    ];
    assert_eq!(seen(&repo.path()), expected);
    repo.git(&["add", "-f", "a/Cargo.lock"]);
    let tracked = ["judge cargo-lock a/Cargo.lock", expected[0], "excluded ignored .: 1 entry ignored by git"];
    assert_eq!(seen(&repo.path()), tracked);
}

#[test]
fn a_fifo_under_the_name_of_a_lock_is_seen_wherever_something_to_judge_lies() {
    let repo = Repo::with(&[("a/rust-toolchain", "1.95\n"), ("b/x", "")]);
    fifo(&repo.path().join("a/Cargo.lock"));
    fifo(&repo.path().join("b/Cargo.lock"));
    let expected = [
        "judge rust-toolchain a/rust-toolchain",
        "failed cargo-lock a/Cargo.lock: it is a FIFO, socket or device, not a regular file",
        "gap special-file a/Cargo.lock help: ",
    ];
    assert_eq!(seen(&repo.path()), expected, "and b is the price of not listing every directory");
    assert_eq!(seen(&repo.path().join("b"))[1], "gap special-file b/Cargo.lock help: ", "it is seen in the target");
}

#[test]
fn a_link_to_a_directory_outside_has_a_row_and_one_to_a_file_or_inside_has_none() {
    let (plain, repo, outside) = (Plain::with(&[]), Repo::empty(), Plain::with(&[("d/Cargo.lock", LOCK), ("f", "")]));
    for root in [plain.path(), repo.path()] {
        fs::create_dir_all(root.join("real")).unwrap();
        for (name, target) in [
            ("out", outside.path().join("d")),
            ("real/up", PathBuf::from("../..")),
            ("file", outside.path().join("f")),
            ("inside", PathBuf::from("real")),
            ("nowhere", PathBuf::from("none")),
        ] {
            symlink(target, root.join(name)).unwrap();
        }
    }
    let why = "a link to a directory outside the tree is not followed";
    let expected = [format!("excluded link out: {why}"), format!("excluded link real/up: {why}")];
    assert_eq!(seen(&plain.path()), expected);
    assert_eq!(seen(&repo.path()), expected, "untracked");
    repo.commit();
    assert_eq!(seen(&repo.path()), expected, "tracked");
    let left_out = lines(&open(&RealSys, &repo.path(), &[exclude("out")]).unwrap());
    assert_eq!(left_out[0], "excluded link out: by platform-team (policy line 7): test data");
}

#[test]
fn links_beyond_the_limit_are_told_once() {
    let dir = Plain::with(&[]);
    symlink("/", dir.path().join("l")).unwrap();
    let mut gather = gather::Gather::new(&RealSys, dir.path(), b"", &[]);
    for _ in 0..gather::MAX_OTHER_LINKS + 5 {
        gather.other_link(b"l");
    }
    let rows = gather.finish(String::new(), b"", None).rows;
    let states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
    assert_eq!(states, ["excluded", "unsupported"]);
}

#[test]
fn an_ignored_directory_that_is_named_is_walked() {
    let repo = Repo::with(&[(".gitignore", "out\n")]);
    repo.files(&[("out/deep/Cargo.lock", LOCK)]);
    repo.files(&[("out/tracked/Cargo.lock", LOCK)]);
    repo.git(&["add", "-f", "out/tracked/Cargo.lock"]);
    let both = ["judge cargo-lock out/deep/Cargo.lock", "judge cargo-lock out/tracked/Cargo.lock"];
    assert_eq!(seen(&repo.path().join("out")), both);
    assert_eq!(seen(&repo.path().join("out/deep")), both[..1]);
    let from_the_top = ["judge cargo-lock out/tracked/Cargo.lock", "excluded ignored .: 1 entry ignored by git"];
    assert_eq!(seen(&repo.path()), from_the_top);
}

#[test]
fn a_file_that_is_named_is_judged_by_its_content_even_if_ignored_or_excluded() {
    let repo = Repo::with(&[(".gitignore", "*.txt\n")]);
    repo.files(&[("lock.txt", LOCK), ("other.txt", "hello\n"), ("Cargo.lock", "hello\n"), ("m.txt", "[workspace]\n")]);
    let at = |name: &str| repo.path().join(name);
    assert_eq!(seen(&at("lock.txt")), ["judge cargo-lock lock.txt"]);
    assert_eq!(lines(&open(&RealSys, &at("lock.txt"), &[exclude("**")]).unwrap()), ["judge cargo-lock lock.txt"]);
    assert_eq!(seen(&at("m.txt")), ["judge cargo-manifest m.txt"]);
    assert_eq!(seen(&at("Cargo.lock")), ["judge cargo-lock Cargo.lock"], "the name promises a lock");
    let unknown = [
        "failed file other.txt: its content is not that of a file this release can judge",
        "gap nothing-to-judge other.txt help: ",
    ];
    assert_eq!(seen(&at("other.txt")), unknown);
    fifo(&at("pipe"));
    let special = ["failed file pipe: it is a FIFO, not a regular file", "gap special-file pipe help: "];
    assert_eq!(seen(&at("pipe")), special);
    symlink(at("lock.txt"), at("link")).unwrap();
    assert_eq!(seen(&at("link")), ["judge cargo-lock lock.txt"]);
}

#[test]
fn a_target_that_does_not_exist_is_an_error_and_an_empty_one_is_not() {
    let dir = Plain::with(&[]);
    let missing = dir.path().join("none");
    let expected = CollectError::NoSuchTarget { target: missing.display().to_string() };
    assert_eq!(open(&RealSys, &missing, &[]).map(|_| ()), Err(expected));
    assert!(seen(&dir.path()).is_empty());
}

#[test]
fn names_like_a_lock_count_by_content_and_the_exact_name_always_counts() {
    let files = [
        ("Cargo.lock", "garbage"),
        ("Cargo.lock.msrv", LOCK),
        ("Cargo-minimal.lock", LOCK),
        ("x.Cargo.lock", LOCK),
        ("cargo_lock.rs", "fn main() {}"),
        ("Cargo.lock.md", "# text"),
        ("other.lock", LOCK),
    ];
    let expected = [
        "judge cargo-lock Cargo-minimal.lock",
        "judge cargo-lock Cargo.lock",
        "judge cargo-lock Cargo.lock.msrv",
        "judge cargo-lock x.Cargo.lock",
    ];
    assert_eq!(seen(&Plain::with(&files).path()), expected);
    assert_eq!(seen(&Repo::with(&files).path()), expected);
}

/// Links of every kind, in a directory beside which a file lies.
fn plant_links(root: &Path, outside: &Path) {
    fs::write(outside.join("Cargo.lock"), LOCK).unwrap();
    fs::create_dir_all(root.join("real")).unwrap();
    fs::write(root.join("real/Cargo.lock"), LOCK).unwrap();
    for (name, target) in [
        ("inside", "../real/Cargo.lock"),
        ("outside", outside.join("Cargo.lock").to_str().unwrap()),
        ("nowhere", "none"),
        ("circle", "Cargo.lock"),
        ("directory", "../real"),
    ] {
        fs::create_dir(root.join(name)).unwrap();
        symlink(target, root.join(name).join("Cargo.lock")).unwrap();
    }
    symlink(outside, root.join("linked-directory")).unwrap();
}

#[test]
fn a_link_is_read_through_inside_the_root_and_a_gap_if_it_leads_out_nowhere_or_in_a_circle() {
    let (plain, repo, outside) = (Plain::with(&[]), Repo::empty(), Plain::with(&[]));
    for (root, commit) in [(plain.path(), false), (repo.path(), false), (repo.path(), true)] {
        if commit {
            repo.commit();
        } else {
            plant_links(&root, &outside.path());
        }
        let opened = open(&RealSys, &root, &[]).unwrap();
        let judged: Vec<&str> = opened.artifacts.iter().map(|a| a.path.as_str()).collect();
        assert_eq!(judged, ["inside/Cargo.lock", "real/Cargo.lock"]);
        let gaps: Vec<(GapKind, &str)> = opened.gaps.iter().map(|gap| (gap.kind, gap.what.as_str())).collect();
        let expected = [
            (GapKind::SpecialFile, "directory/Cargo.lock"),
            (GapKind::LinkOutside, "circle/Cargo.lock"),
            (GapKind::LinkOutside, "nowhere/Cargo.lock"),
            (GapKind::LinkOutside, "outside/Cargo.lock"),
        ];
        assert_eq!(gaps, expected);
        let failed: Vec<&str> = opened.rows.iter().map(|row| row.path.as_str()).collect();
        let rows = [
            "circle/Cargo.lock",
            "directory/Cargo.lock",
            "linked-directory",
            "nowhere/Cargo.lock",
            "outside/Cargo.lock",
        ];
        assert_eq!(failed, rows);
        assert_eq!(opened.tree.read(&TreePath::new("inside/Cargo.lock")).unwrap(), LOCK.as_bytes());
    }
}

#[test]
fn a_tree_reads_nothing_outside_itself() {
    let (dir, outside) = (Plain::with(&[("x", "1")]), Plain::with(&[("y", "2")]));
    symlink(outside.path().join("y"), dir.path().join("l")).unwrap();
    symlink(outside.path(), dir.path().join("d")).unwrap();
    let tree = open(&RealSys, &dir.path(), &[]).unwrap().tree;
    assert_eq!(tree.read(&TreePath::new("x")).unwrap(), b"1");
    let outside = format!("../{}/y", outside.path().file_name().unwrap().to_str().unwrap());
    for path in ["l", "d/y", "/etc/hostname", "../x", "a/../x", &outside] {
        let path = TreePath::new(path);
        assert!(tree.read(&path).is_err(), "{path}");
        let artifact = Artifact { path, format: Format::CargoLock };
        let (gap, row) = *load(tree.as_ref(), &artifact).unwrap_err();
        assert_eq!(gap.kind, GapKind::LinkOutside);
        assert!(matches!(row.state, RowState::Failed(_)));
    }
    let artifact = Artifact { path: TreePath::new("none"), format: Format::CargoLock };
    assert_eq!(load(tree.as_ref(), &artifact).unwrap_err().0.kind, GapKind::Unreadable);
}

#[test]
fn a_tracked_path_below_what_is_now_a_link_out_of_the_tree_is_a_gap() {
    let (repo, outside) = (Repo::with(&[("a/Cargo.lock", LOCK)]), Plain::with(&[("Cargo.lock", LOCK)]));
    fs::remove_dir_all(repo.path().join("a")).unwrap();
    symlink(outside.path(), repo.path().join("a")).unwrap();
    let expected = [
        "excluded link a: a link to a directory outside the tree is not followed",
        "failed cargo-lock a/Cargo.lock: the link leads out of the judged tree",
        "gap link-outside a/Cargo.lock help: ",
    ];
    assert_eq!(seen(&repo.path()), expected);
}

#[test]
fn what_is_not_a_file_under_a_name_that_tools_look_for_is_a_gap_and_never_waited_for() {
    let (plain, repo) = (Plain::with(&[]), Repo::empty());
    for root in [plain.path(), repo.path()] {
        for directory in ["a", "b/Cargo.lock", "rust-toolchain", "src/cargo-lock"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        fifo(&root.join("a/Cargo.lock"));
        for file in ["a/Cargo.toml", "b/Cargo.lock/x", "rust-toolchain/x", "src/cargo-lock/x"] {
            fs::write(root.join(file), "").unwrap();
        }
        let expected = [
            "judge cargo-manifest a/Cargo.toml",
            "failed cargo-lock a/Cargo.lock: it is a FIFO, socket or device, not a regular file",
            "failed cargo-lock b/Cargo.lock: it is a directory, not a regular file",
            "gap special-file a/Cargo.lock help: ",
            "gap special-file b/Cargo.lock help: ",
        ];
        assert_eq!(seen(&root), expected);
    }
    let tracked = Repo::with(&[("Cargo.lock", LOCK)]);
    fs::remove_file(tracked.path().join("Cargo.lock")).unwrap();
    fifo(&tracked.path().join("Cargo.lock"));
    assert_eq!(open(&RealSys, &tracked.path(), &[]).unwrap().gaps[0].kind, GapKind::SpecialFile);
}

#[test]
fn what_may_not_be_read_is_a_gap_and_the_rest_goes_on() {
    let dir = Plain::with(&[("Cargo.lock", LOCK), ("shut/Cargo.lock", LOCK), ("x.Cargo.lock", LOCK)]);
    let (directory, file) = (dir.path().join("shut"), dir.path().join("x.Cargo.lock"));
    if denies(&directory) && denies(&file) {
        let expected = [
            "judge cargo-lock Cargo.lock",
            "failed directory shut: permission denied",
            "failed cargo-lock x.Cargo.lock: permission denied",
            "gap unreadable shut help: ",
            "gap unreadable x.Cargo.lock help: ",
        ];
        assert_eq!(seen(&dir.path()), expected);
    }
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_walk_stops_at_its_depth_and_says_where() {
    let dir = Plain::with(&[]);
    let at = |depth: usize| vec!["d"; depth].join("/");
    dir.files(&[(&format!("{}/Cargo.lock", at(64)), LOCK)]);
    assert_eq!(seen(&dir.path()), [format!("judge cargo-lock {}/Cargo.lock", at(64))]);
    dir.files(&[(&format!("{}/Cargo.lock", at(65)), LOCK)]);
    let opened = open(&RealSys, &dir.path(), &[]).unwrap();
    assert_eq!(opened.gaps.len(), 1);
    assert_eq!((opened.gaps[0].kind, opened.gaps[0].what.as_str()), (GapKind::WalkLimit, at(65).as_str()));
}

#[test]
fn a_deleted_file_is_left_out_and_one_outside_a_sparse_checkout_is_a_gap() {
    let files =
        [("gone/Cargo.lock", LOCK), ("far/Cargo.lock", LOCK), ("far/cargo_lock.rs", ""), ("far/x.Cargo.lock", LOCK)];
    let repo = Repo::with(&files);
    repo.git(&["sparse-checkout", "set", "--cone", "gone"]);
    assert!(!repo.path().join("far/Cargo.lock").exists());
    fs::remove_file(repo.path().join("gone/Cargo.lock")).unwrap();
    let expected = [
        "failed cargo-lock far/Cargo.lock: left out by a sparse checkout",
        "failed cargo-lock far/x.Cargo.lock: left out by a sparse checkout",
        "excluded cargo-lock gone/Cargo.lock: deleted in the work tree",
        "gap unreadable far/Cargo.lock help: git sparse-checkout disable",
        "gap unreadable far/x.Cargo.lock help: git sparse-checkout disable",
    ];
    assert_eq!(seen(&repo.path()), expected);
}

/// A repository with a submodule at this path.
fn with_submodule(path: &str) -> (Repo, Repo) {
    let inner = Repo::with(&[("Cargo.lock", LOCK), (".gitignore", "skip\n")]);
    let outer = Repo::with(&[("Cargo.lock", LOCK)]);
    outer.git(&["submodule", "--quiet", "add", inner.path().to_str().unwrap(), path]);
    outer.commit();
    (outer, inner)
}

#[test]
fn a_submodule_is_looked_through_as_its_own_checkout() {
    let (outer, _inner) = with_submodule("third party/sub");
    outer.files(&[("third party/sub/skip/Cargo.lock", LOCK), ("third party/sub/new/Cargo.lock", LOCK)]);
    let expected = [
        "judge cargo-lock Cargo.lock",
        "judge cargo-lock third party/sub/Cargo.lock",
        "judge cargo-lock third party/sub/new/Cargo.lock",
        "excluded ignored .: 1 entry ignored by git",
    ];
    assert_eq!(seen(&outer.path()), expected);
    assert_eq!(root_of(&RealSys, &outer.path().join("third party/sub")).unwrap(), outer.path().join("third party/sub"));
}

#[test]
fn a_submodule_without_its_files_is_a_gap_with_the_command_that_brings_them() {
    let (outer, _inner) = with_submodule("third party/sub");
    outer.git(&["submodule", "--quiet", "deinit", "-f", "--all"]);
    let expected = [
        "judge cargo-lock Cargo.lock",
        "failed submodule third party/sub: the files of this submodule are not here",
        "gap missing-submodule third party/sub help: git submodule update --init -- 'third party/sub'",
    ];
    assert_eq!(seen(&outer.path()), expected);
    assert_eq!(seen(&outer.path().join("third party/sub")), expected, "with the lock above");
    let excluded = lines(&open(&RealSys, &outer.path(), &[exclude("third party")]).unwrap());
    let row = "excluded submodule third party/sub: by platform-team (policy line 7): test data";
    assert_eq!(excluded, ["judge cargo-lock Cargo.lock", row]);
    // Files without a repository are walked: nobody says which of them are ignored.
    outer.files(&[("third party/sub/skip/Cargo.lock", LOCK)]);
    assert_eq!(seen(&outer.path())[1], "judge cargo-lock third party/sub/skip/Cargo.lock");
}

#[test]
fn a_clone_inside_a_checkout_is_looked_through_as_its_own_checkout() {
    let repo = Repo::with(&[("Cargo.lock", LOCK)]);
    repo.files(&[("clone/Cargo.lock", LOCK), ("clone/out/Cargo.lock", LOCK), ("clone/.gitignore", "out\n")]);
    git_in(&repo.path().join("clone"), &["init", "-q"]);
    let expected = [
        "judge cargo-lock Cargo.lock",
        "judge cargo-lock clone/Cargo.lock",
        "excluded ignored .: 1 entry ignored by git",
    ];
    assert_eq!(seen(&repo.path()), expected);
    // A `.git` that leads nowhere hides nothing.
    repo.files(&[("broken/.git", "gitdir: /nonexistent\n"), ("broken/Cargo.lock", LOCK)]);
    assert!(seen(&repo.path()).contains(&"judge cargo-lock broken/Cargo.lock".to_owned()));
}

#[test]
fn a_repository_that_git_cannot_read_is_walked_and_says_so() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), (".gitignore", "out\n")]);
    repo.files(&[("out/Cargo.lock", LOCK), (".git/index", "garbage")]);
    let lines = seen(&repo.path());
    assert_eq!(lines[..2], ["judge cargo-lock Cargo.lock", "judge cargo-lock out/Cargo.lock"]);
    assert!(lines[2].starts_with("unsupported checkout .: git ls-files ended with code 128"), "{}", lines[2]);
    assert_eq!(lines.len(), 3);
}

#[test]
fn an_exclude_of_the_policy_leaves_a_row_that_says_who_and_why() {
    let files = [("Cargo.lock", LOCK), ("fixtures/a/Cargo.lock", LOCK), ("fixtures2/Cargo.lock", LOCK)];
    let repo = Repo::with(&files);
    let id = repo.git(&["rev-parse", "HEAD"]);
    let excludes = [exclude("other"), exclude("fixtures")];
    let expected = [
        "judge cargo-lock Cargo.lock",
        "judge cargo-lock fixtures2/Cargo.lock",
        "excluded cargo-lock fixtures/a/Cargo.lock: by platform-team (policy line 7): test data",
    ];
    assert_eq!(lines(&open(&RealSys, &repo.path(), &excludes).unwrap()), expected);
    assert_eq!(lines(&open(&RealSys, &Plain::with(&files).path(), &excludes).unwrap()), expected);
    assert_eq!(lines(&open_commit(&repo.open(), &id, &excludes, None).unwrap()), expected);
}

#[test]
fn names_that_are_not_utf8_are_shown_escaped_and_still_read() {
    let (plain, repo) = (Plain::with(&[]), Repo::empty());
    for root in [plain.path(), repo.path()] {
        for (name, text) in [(b"\xff".as_slice(), "one"), (br"\xff".as_slice(), "two"), (b"a\nb", "three")] {
            let directory = root.join(OsStr::from_bytes(name));
            fs::create_dir(&directory).unwrap();
            fs::write(directory.join("Cargo.lock"), text).unwrap();
        }
    }
    let id = repo.commit();
    let git = repo.open();
    for opened in [
        open(&RealSys, &plain.path(), &[]).unwrap(),
        open(&RealSys, &repo.path(), &[]).unwrap(),
        open_commit(&git, &id, &[], None).unwrap(),
    ] {
        let read = |a: &Artifact| (a.path.to_string(), String::from_utf8(opened.tree.read(&a.path).unwrap()).unwrap());
        let read: Vec<(String, String)> = opened.artifacts.iter().map(read).collect();
        let expected = [(r"\x5cxff/Cargo.lock", "two"), (r"\xff/Cargo.lock", "one"), ("a\nb/Cargo.lock", "three")];
        assert_eq!(read, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
    }
}

#[test]
fn a_file_over_the_limit_is_a_gap_when_it_is_read() {
    let dir = Plain::with(&[("Cargo.lock", "")]);
    fs::File::create(dir.path().join("Cargo.lock")).unwrap().set_len(MAX_FILE.0 + 1).unwrap();
    let opened = open(&RealSys, &dir.path(), &[]).unwrap();
    let (gap, row) = *load(opened.tree.as_ref(), &opened.artifacts[0]).unwrap_err();
    assert_eq!((gap.kind, row.state.as_str()), (GapKind::TooLarge, "failed"));
}

#[test]
fn a_commit_shows_nothing_of_the_work_tree() {
    let files = [
        ("Cargo.lock", "old"),
        ("a/Cargo.lock", LOCK),
        ("x.Cargo.lock", LOCK),
        ("cargo_lock.rs", ""),
        ("d/Cargo.lock/f", ""),
    ];
    let repo = Repo::with(&files);
    let id = repo.git(&["rev-parse", "HEAD"]);
    repo.files(&[("Cargo.lock", "new"), ("untracked/Cargo.lock", LOCK)]);
    fs::remove_dir_all(repo.path().join("a")).unwrap();
    let git = repo.open();
    let opened = open_commit(&git, &id, &[], None).unwrap();
    let expected = [
        "judge cargo-lock Cargo.lock",
        "judge cargo-lock a/Cargo.lock",
        "judge cargo-lock x.Cargo.lock",
        "failed cargo-lock d/Cargo.lock: it is a directory, not a regular file",
        "gap special-file d/Cargo.lock help: ",
    ];
    assert_eq!(lines(&opened), expected);
    assert_eq!(opened.tree.read(&TreePath::new("Cargo.lock")).unwrap(), b"old");
    assert_eq!(opened.tree.read(&TreePath::new("d/Cargo.lock/f")).unwrap(), b"", "any file, not only artifacts");
    let fault = |path: &str| opened.tree.read(&TreePath::new(path)).unwrap_err().fault;
    assert_eq!(fault("untracked/Cargo.lock"), Fault::NotFound);
    assert_eq!(fault("d"), Fault::NotRegular("directory"));
    for below in ["a", "a/"] {
        assert_eq!(lines(&open_commit(&git, &id, &[], Some(below)).unwrap()), expected[..2]);
    }
    let missing = open_commit(&git, "none", &[], None).map(|_| ());
    assert_eq!(missing, Err(CollectError::Git(GitError::MissingCommit { rev: "none".into() })));
}

#[test]
fn links_in_a_commit_follow_the_same_rules_as_in_a_work_tree() {
    let (repo, outside) = (Repo::empty(), Plain::with(&[]));
    plant_links(&repo.path(), &outside.path());
    fs::create_dir(repo.path().join("through")).unwrap();
    symlink("real", repo.path().join("same")).unwrap();
    symlink("../same/./Cargo.lock", repo.path().join("through/Cargo.lock")).unwrap();
    let id = repo.commit();
    let (here, git) = (open(&RealSys, &repo.path(), &[]).unwrap(), repo.open());
    let there = open_commit(&git, &id, &[], None).unwrap();
    assert_eq!(here.artifacts, there.artifacts);
    assert_eq!(here.artifacts.len(), 3);
    let told = |opened: &Opened<'_>| opened.gaps.iter().map(|g| (g.kind, g.what.clone())).collect::<Vec<_>>();
    assert_eq!(told(&here), told(&there));
    for artifact in &there.artifacts {
        assert_eq!(there.tree.read(&artifact.path).unwrap(), LOCK.as_bytes());
    }
}

#[test]
fn a_link_out_of_a_commit_leaves_a_row_and_one_inside_leaves_none() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), ("real/Cargo.lock", LOCK)]);
    for (name, target) in [("in", "real"), ("lost", "nowhere"), ("out", "../elsewhere"), ("root", "/")] {
        symlink(target, repo.path().join(name)).unwrap();
    }
    let id = repo.commit();
    let git = repo.open();
    let opened = open_commit(&git, &id, &[exclude("root")], None).unwrap();
    let expected = [
        "judge cargo-lock Cargo.lock",
        "judge cargo-lock real/Cargo.lock",
        "excluded link out: a link out of the tree is not followed",
        "excluded link root: by platform-team (policy line 7): test data",
    ];
    assert_eq!(lines(&opened), expected);
}

#[test]
fn a_path_that_a_commit_does_not_hold_is_a_gap() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), ("a/Cargo.lock", LOCK)]);
    let id = repo.git(&["rev-parse", "HEAD"]);
    repo.files(&[("b/Cargo.lock", LOCK)]);
    let gaps = |below: &str| {
        let place = locate(&RealSys, &repo.path().join(below)).unwrap();
        let opened = open_place_at(&place, &id, &[]).unwrap().unwrap();
        opened.gaps.iter().map(|gap| (gap.kind, gap.what.clone())).collect::<Vec<_>>()
    };
    assert_eq!(gaps("a"), []);
    assert_eq!(gaps("b"), [(GapKind::NothingToJudge, "b".to_owned())]);
    let plain = Plain::with(&[("Cargo.lock", LOCK)]);
    assert!(open_place_at(&locate(&RealSys, &plain.path()).unwrap(), &id, &[]).unwrap().is_none());
}

#[test]
fn submodules_of_a_commit_come_from_their_own_object_stores_or_are_missing() {
    let (outer, _inner) = with_submodule("sub");
    let id = outer.git(&["rev-parse", "HEAD"]);
    let git = outer.open();
    fs::write(outer.path().join("sub/Cargo.lock"), "changed").unwrap();
    let opened = open_commit(&git, &id, &[], None).unwrap();
    assert_eq!(lines(&opened), ["judge cargo-lock Cargo.lock", "judge cargo-lock sub/Cargo.lock"]);
    assert_eq!(opened.tree.read(&TreePath::new("sub/Cargo.lock")).unwrap(), LOCK.as_bytes());
    let below = lines(&open_commit(&git, &id, &[], Some("sub")).unwrap());
    assert_eq!(below, ["judge cargo-lock Cargo.lock", "judge cargo-lock sub/Cargo.lock"]);
    fs::remove_dir_all(outer.path().join("sub")).unwrap();
    let gap = "gap missing-submodule sub help: git submodule update --init -- sub";
    assert_eq!(lines(&open_commit(&git, &id, &[], None).unwrap())[2], gap);
}

#[test]
fn the_order_of_a_directory_changes_nothing() {
    let names: Vec<String> = (0..40).map(|n| format!("d{n}/Cargo.lock")).collect();
    let forward: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), LOCK)).collect();
    let backward: Vec<(&str, &str)> = forward.iter().rev().copied().collect();
    assert_eq!(seen(&Plain::with(&forward).path()), seen(&Plain::with(&backward).path()));
}

#[test]
fn the_number_of_entries_has_a_limit_that_is_told_once() {
    let mut gather = gather::Gather::new(&RealSys, PathBuf::from("/"), b"", &[]);
    assert!((0..MAX_ENTRIES).all(|_| gather.count(b"a")));
    assert!(!gather.count(b"b"));
    assert!(!gather.count(b"c"));
    let gaps = gather.finish(String::new(), b"", None).gaps;
    assert_eq!(gaps.iter().map(|gap| (gap.kind, gap.what.as_str())).collect::<Vec<_>>(), [(GapKind::WalkLimit, "b")]);
}

#[test]
fn a_lock_in_conflict_is_judged_once() {
    let repo = Repo::with(&[("Cargo.lock", LOCK)]);
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.files(&[("Cargo.lock", "side")]);
    repo.commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.files(&[("Cargo.lock", "main")]);
    repo.commit();
    let merge = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@invalid", "merge", "-q", "side"])
        .current_dir(repo.path())
        .output();
    assert!(!merge.unwrap().status.success());
    assert_eq!(seen(&repo.path()), ["judge cargo-lock Cargo.lock"]);
}

#[test]
fn a_file_that_is_marked_as_sparse_but_present_is_judged_as_it_lies_there() {
    let repo = Repo::with(&[("Cargo.lock", "x"), ("x.Cargo.lock", "innocent")]);
    repo.git(&["update-index", "--skip-worktree", "Cargo.lock", "x.Cargo.lock"]);
    repo.files(&[("x.Cargo.lock", LOCK)]);
    assert_eq!(seen(&repo.path()), ["judge cargo-lock Cargo.lock", "judge cargo-lock x.Cargo.lock"]);
}

#[test]
fn locks_of_the_corpus_are_recognised_by_content_alone() {
    let Some(corpus) = std::env::var_os("PORTCULLIS_CORPUS") else {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
        return;
    };
    let root = Path::new(&corpus).join("lockfiles");
    let is_lock = |path: &Path| sniff(&fs::read(path).unwrap()) == Some(Format::CargoLock);
    let summary = fs::read_to_string(root.join("ORACLES/cargo-audit-0.22.2.summary.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = summary.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let missed: Vec<&str> =
        rows.iter().filter(|row| row[1] != "2" && !is_lock(&root.join(row[0]))).map(|row| row[0]).collect();
    assert_eq!(missed, Vec::<&str>::new());
    assert!(rows.len() > 100, "{}", rows.len());
    let (mut others, mut pending) = (0, vec![root]);
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap_or_default().to_owned();
            if path.is_dir() {
                pending.push(path);
            } else if ["poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock"].contains(&name.as_str()) {
                assert!(!is_lock(&path), "{}", path.display());
                others += 1;
            }
        }
    }
    assert!(others > 20, "{others}");
}

const PACKAGE: &str = "{\"name\": \"a\", \"version\": \"1.0.0\"}";
const METADATA: &str = "Metadata-Version: 2.1\nName: a\nVersion: 1\n";
const NODE: &str = "web/node_modules/a/package.json";
const PYTHON: &str = "venv/lib/site-packages/a-1.dist-info/METADATA";

#[test]
fn installed_packages_outside_of_git_are_judged_where_no_lock_lists_them() {
    let dir = Plain::with(&[(NODE, PACKAGE), ("web/node_modules/a/esm/package.json", "{}"), (PYTHON, METADATA)]);
    let expected = [format!("judge python-package {PYTHON}"), format!("judge npm-package {NODE}")];
    assert_eq!(seen(&dir.path()), expected);
    // A lock of the same tools, beside the tree or above it.
    for lock in ["web/yarn.lock", "package-lock.json"] {
        let dir = Plain::with(&[(NODE, PACKAGE), (lock, "{}"), ("other/poetry.lock", "")]);
        let row =
            "excluded npm-package web/node_modules: 1 installed package: a lock above them says what they should be";
        assert!(seen(&dir.path()).contains(&row.to_owned()), "{lock}: {:?}", seen(&dir.path()));
    }
    for lock in ["other/yarn.lock", "web/poetry.lock", "web/node_modules/a/yarn.lock"] {
        let dir = Plain::with(&[(NODE, PACKAGE), (lock, "")]);
        assert!(seen(&dir.path()).contains(&format!("judge npm-package {NODE}")), "{lock}");
    }
}

#[test]
fn installed_packages_in_a_checkout_are_judged_where_their_tree_is_the_target() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), (NODE, PACKAGE), (PYTHON, METADATA)]);
    let expected = [
        "judge cargo-lock Cargo.lock",
        "excluded python-package venv/lib/site-packages: 1 installed package: name the directory as a target to have \
         them judged",
        "excluded npm-package web/node_modules: 1 installed package: name the directory as a target to have them judged",
    ];
    assert_eq!(seen(&repo.path()), expected);
    let judged = |target: &str| seen(&repo.path().join(target)).contains(&format!("judge npm-package {NODE}"));
    assert!(judged("web/node_modules") && judged("web/node_modules/a") && judged(NODE));
    assert!(!judged("web"));
    let python = repo.path().join("venv/lib/site-packages/a-1.dist-info");
    assert!(seen(&python).contains(&format!("judge python-package {PYTHON}")));
    // A tree that git ignores is walked where it is named.
    repo.files(&[(".gitignore", "env\n"), ("env/lib/site-packages/b.dist-info/METADATA", METADATA)]);
    let named = seen(&repo.path().join("env"));
    assert!(named.contains(&"judge python-package env/lib/site-packages/b.dist-info/METADATA".to_owned()), "{named:?}");
}

#[test]
fn the_tree_of_a_target_outside_of_git_is_known_by_the_directories_above_it() {
    let dir = Plain::with(&[("node_modules/a/package.json", PACKAGE), ("node_modules/a/yarn.lock", "")]);
    assert_eq!(
        seen(&dir.path().join("node_modules/a")),
        [
            "judge npm-package package.json",
            "excluded yarn-lock yarn.lock: inside node_modules: nothing is installed by it"
        ]
    );
}

#[test]
fn programs_and_archives_are_judged_where_they_are_named_and_leave_a_row_elsewhere() {
    let dir =
        Plain::with(&[("Cargo.lock", LOCK), ("lib/a.jar", "PK\x03\x04"), ("out/app", "\x7fELF\x02"), ("x.exe", "")]);
    let expected = [
        "judge cargo-lock Cargo.lock",
        "excluded java-archive lib/a.jar: a program or an archive: name it as a target to have it judged",
        "excluded executable x.exe: a program or an archive: name it as a target to have it judged",
    ];
    assert_eq!(seen(&dir.path()), expected);
    assert_eq!(seen(&dir.path().join("lib/a.jar")), ["judge java-archive a.jar"]);
    assert_eq!(seen(&dir.path().join("out/app")), ["judge executable app"]);
    let empty = open(&RealSys, &dir.path().join("x.exe"), &[]).unwrap();
    assert_eq!((empty.artifacts.len(), empty.gaps[0].kind), (0, GapKind::NothingToJudge));
}

#[test]
fn a_commit_names_what_it_holds_of_packages_and_programs_and_judges_none() {
    let repo = Repo::with(&[("Cargo.lock", LOCK), (NODE, PACKAGE), ("a.jar", "PK")]);
    repo.commit();
    let git = Git::discover(&RealSys, &repo.path()).unwrap().unwrap();
    let expected = [
        "judge cargo-lock Cargo.lock",
        "excluded java-archive a.jar: a program or an archive in a commit",
        "excluded npm-package web/node_modules: 1 installed package in a commit",
    ];
    assert_eq!(lines(&open_commit(&git, "HEAD", &[], None).unwrap()), expected);
}
