//! Tests of the git program against real repositories in temporary directories.
#![expect(clippy::disallowed_methods, reason = "the tests build their repositories with the plain git program")]

use super::*;
use crate::sys::{Bytes, Fault, RealSys};
use std::os::unix::fs::symlink;
use std::process::Command;
use tempfile::TempDir;

/// A repository in a temporary directory, built with plain git.
pub(crate) struct Repo {
    dir: TempDir,
}

impl Repo {
    /// A repository without commits.
    pub(crate) fn empty() -> Self {
        let repo = Self { dir: tempfile::tempdir().unwrap() };
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    /// A repository with these files in one commit.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let repo = Self::empty();
        repo.files(files);
        repo.commit();
        repo
    }

    /// The top, with every link followed.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    /// Writes files and their directories.
    pub(crate) fn files(&self, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = self.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    /// Commits everything and returns the id.
    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs plain git at the top and returns what it printed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(&self.path(), args)
    }

    /// The hardened checkout.
    pub(crate) fn open(&self) -> Git<'static> {
        Git::discover(&RealSys, &self.path()).unwrap().unwrap()
    }
}

/// Runs plain git with an identity, without anybody's settings.
pub(crate) fn git_in(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@invalid", "-c", "protocol.file.allow=always"])
        .args(args)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn shown(listing: &Listing) -> Vec<String> {
    let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    let mut all: Vec<String> = listing
        .entries()
        .map(|entry| match entry {
            Entry::Tracked(t) => {
                format!("{} {:o} {}", if t.skip_worktree { "skip" } else { "tracked" }, t.mode, text(t.path))
            }
            Entry::Untracked(path) => format!("untracked {}", text(path)),
        })
        .collect();
    all.extend(listing.ignored().map(|path| format!("ignored {}", text(path))));
    all.sort();
    all
}

#[test]
fn tracked_untracked_and_ignored_paths_are_told_apart() {
    let repo = Repo::with(&[("a/x", "1"), (".gitignore", "out/\n*.tmp\n"), ("b/y", "2")]);
    repo.files(&[("out/1", ""), ("out/deep/2", ""), ("a/z.tmp", ""), ("a/new", "")]);
    symlink("/nowhere", repo.path().join("link")).unwrap();
    repo.git(&["update-index", "--skip-worktree", "b/y"]);
    std::fs::remove_file(repo.path().join("b/y")).unwrap();
    let expected = [
        "ignored a/z.tmp",
        "ignored out/",
        "skip 100644 b/y",
        "tracked 100644 .gitignore",
        "tracked 100644 a/x",
        "untracked a/new",
        "untracked link",
    ];
    assert_eq!(shown(&repo.open().listing(None).unwrap()), expected);
    let below = repo.open().listing(Some(b"a")).unwrap();
    assert_eq!(shown(&below), ["ignored a/z.tmp", "tracked 100644 a/x", "untracked a/new"]);
    assert!(!below.below_is_ignored);
    assert!(repo.open().listing(Some(b"out")).unwrap().below_is_ignored);
    assert!(repo.open().listing(Some(b"out/deep")).unwrap().below_is_ignored);
}

#[test]
fn paths_are_taken_literally_whatever_they_look_like() {
    let repo = Repo::with(&[(":(glob)*/f", ""), ("--help/f", ""), ("a/f", ""), ("[a]/f", "")]);
    for (below, expected) in [(":(glob)*", ":(glob)*/f"), ("--help", "--help/f"), ("[a]", "[a]/f")] {
        let listing = repo.open().listing(Some(below.as_bytes())).unwrap();
        assert_eq!(shown(&listing), [format!("tracked 100644 {expected}")]);
    }
}

#[test]
fn excludes_of_the_users_settings_do_not_hide_files_and_those_of_the_repository_do() {
    let repo = Repo::with(&[(".gitignore", "a\n")]);
    repo.files(&[("a", ""), ("b", ""), ("c", ""), (".git/info/exclude", "b\n"), (".git/mine", "c\n")]);
    repo.git(&["config", "core.excludesFile", repo.path().join(".git/mine").to_str().unwrap()]);
    let listing = repo.open().listing(None).unwrap();
    assert_eq!(shown(&listing), ["ignored a", "ignored b", "tracked 100644 .gitignore", "untracked c"]);
}

#[test]
fn a_directory_without_a_repository_is_no_checkout() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Git::discover(&RealSys, dir.path()).unwrap().is_none());
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    assert!(Git::discover(&RealSys, dir.path()).unwrap().is_none(), "an empty .git is passed over");
    let repo = Repo::with(&[("a/x", "")]);
    assert!(Git::discover(&RealSys, &repo.path().join(".git/objects")).unwrap().is_none());
    assert_eq!(Git::discover(&RealSys, &repo.path().join("a")).unwrap().unwrap().toplevel(), repo.path());
}

#[test]
fn a_worktree_has_a_git_file_and_works() {
    let repo = Repo::with(&[("a/x", "")]);
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().canonicalize().unwrap().join("tree");
    repo.git(&["worktree", "add", "-q", "-b", "other", tree.to_str().unwrap()]);
    for below in [tree.clone(), tree.join("a")] {
        let git = Git::discover(&RealSys, &below).unwrap().unwrap();
        assert_eq!(git.toplevel(), tree);
        assert_eq!(shown(&git.listing(None).unwrap()), ["tracked 100644 a/x"]);
    }
}

#[test]
fn settings_of_the_repository_cannot_point_git_elsewhere() {
    let elsewhere = Repo::with(&[("secret", "")]);
    let repo = Repo::with(&[("a/x", "")]);
    repo.git(&["config", "core.worktree", elsewhere.path().to_str().unwrap()]);
    assert_eq!(repo.open().toplevel(), repo.path());
    assert_eq!(shown(&repo.open().listing(None).unwrap()), ["tracked 100644 a/x"]);
    // From below, git finds the top by itself, and is caught.
    match Git::discover(&RealSys, &repo.path().join("a")) {
        Err(GitError::Elsewhere { found, reported }) => {
            assert_eq!((found, reported), (repo.path(), elsewhere.path()));
        }
        Err(GitError::Failed { .. }) => {} // a later git may refuse by itself
        other => panic!("{other:?}"),
    }
}

/// Gives the tree to another user. False where the test may not.
fn give_away(dir: &Path) -> bool {
    let done = Command::new("chown").args(["-R", "12345:12345"]).arg(dir).status().unwrap().success();
    if !done {
        eprintln!("skipped: only root can give a directory to another user");
    }
    done
}

#[test]
fn a_checkout_of_another_user_answers_at_its_top_and_is_not_believed_from_below() {
    let repo = Repo::with(&[("a/x", "")]);
    assert!(Git::discover(&RealSys, &repo.path().join("a")).unwrap().is_some());
    if give_away(&repo.path()) {
        assert_eq!(shown(&repo.open().listing(None).unwrap()), ["tracked 100644 a/x"]);
        assert!(repo.open().head().unwrap().is_some());
        let below = Git::discover(&RealSys, &repo.path().join("a"));
        assert_eq!(below.unwrap_err(), GitError::DubiousOwnership { toplevel: repo.path() });
    }
}

#[test]
fn a_branch_without_commits_has_no_head() {
    let repo = Repo::empty();
    assert_eq!(repo.open().head(), Ok(None));
    let id = repo.commit();
    assert_eq!(repo.open().head(), Ok(Some(id)));
}

#[test]
fn a_revision_is_a_commit_of_this_clone_or_an_error_that_says_which() {
    let repo = Repo::with(&[("x", "1")]);
    let (git, id) = (repo.open(), repo.git(&["rev-parse", "HEAD"]));
    let missing = "0123456789012345678901234567890123456789";
    for rev in ["HEAD", "main", &id, id.get(..10).unwrap()] {
        assert_eq!(git.commit(rev).as_ref(), Ok(&id), "{rev}");
    }
    for rev in [missing, "nope", "HEAD:x", "HEAD~7"] {
        assert_eq!(git.commit(rev), Err(GitError::MissingCommit { rev: rev.to_owned() }));
    }
    for rev in ["", "-x", "--all", "^HEAD", "HEAD..HEAD", "HEAD...HEAD", "a\nb", "a\0b"] {
        assert_eq!(git.commit(rev), Err(GitError::BadRevision { rev: rev.to_owned() }));
    }
    assert_eq!(git.tree(missing).map(|_| ()), Err(GitError::MissingCommit { rev: missing.to_owned() }));
    assert_eq!(git.merge_base(missing, &id), Err(GitError::MissingCommit { rev: missing.to_owned() }));
}

#[test]
fn the_merge_base_is_the_last_common_commit_if_there_is_one() {
    let repo = Repo::with(&[("x", "1")]);
    let base = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["checkout", "-q", "-b", "side"]);
    let side = repo.commit();
    repo.git(&["checkout", "-q", "main"]);
    repo.files(&[("y", "")]);
    let main = repo.commit();
    assert_eq!(repo.open().merge_base(&side, &main), Ok(Some(base)));
    repo.git(&["checkout", "-q", "--orphan", "alone"]);
    repo.commit();
    assert_eq!(repo.open().merge_base("alone", "main"), Ok(None));
}

#[test]
fn a_shallow_clone_says_so() {
    let repo = Repo::with(&[("x", "1")]);
    repo.commit();
    assert_eq!(repo.open().is_shallow(), Ok(false));
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repo.path().display());
    git_in(dir.path(), &["clone", "-q", "--depth", "1", &url, "clone"]);
    let git = Git::discover(&RealSys, &dir.path().join("clone")).unwrap().unwrap();
    assert_eq!(git.is_shallow(), Ok(true));
    assert!(matches!(git.commit("HEAD~1"), Err(GitError::MissingCommit { .. })));
}

#[test]
fn a_commit_is_read_as_it_was_and_not_as_the_work_tree_is_now() {
    let repo = Repo::with(&[("a/x", "one"), ("b", "two")]);
    symlink("a/x", repo.path().join("l")).unwrap();
    let id = repo.commit();
    repo.files(&[("a/x", "changed"), ("new", "")]);
    let (git, leaves) = (repo.open(), repo.open().tree(&id).unwrap());
    let seen: Vec<(u32, &[u8])> = leaves.iter().map(|leaf| (leaf.mode, leaf.path)).collect();
    assert_eq!(seen, [(0o100_644, b"a/x".as_slice()), (0o100_644, b"b"), (MODE_LINK, b"l")]);
    let oids: Vec<&str> = leaves.iter().map(|leaf| leaf.oid).collect();
    let blobs = git.blobs(&oids, Bytes(3)).unwrap();
    assert_eq!(blobs, [Blob::Bytes(b"one".to_vec()), Blob::Bytes(b"two".to_vec()), Blob::Bytes(b"a/x".to_vec())]);
    assert_eq!(git.blobs(&oids, Bytes(2)).unwrap(), vec![Blob::TooLarge { size: Bytes(3) }; 3]);
}

#[test]
fn blobs_come_in_the_order_asked_for_and_say_what_is_missing_or_no_blob() {
    let repo = Repo::with(&[("x", "one\ntwo\n"), ("e", "")]);
    let (git, commit) = (repo.open(), repo.git(&["rev-parse", "HEAD"]));
    let (x, e) = (repo.git(&["rev-parse", "HEAD:x"]), repo.git(&["rev-parse", "HEAD:e"]));
    let missing = "0123456789012345678901234567890123456789";
    let asked = [e.as_str(), missing, &commit, &x, &x];
    let x_bytes = || Blob::Bytes(b"one\ntwo\n".to_vec());
    let expected = [Blob::Bytes(Vec::new()), Blob::Missing, Blob::NotABlob, x_bytes(), x_bytes()];
    assert_eq!(git.blobs(&asked, Bytes(100)).unwrap(), expected);
    assert_eq!(git.blobs_in_parts(&asked, Bytes(100)).unwrap(), expected);
    assert_eq!(git.blobs(&[], Bytes(100)).unwrap(), []);
    assert_eq!(git.blobs(&["HEAD:x"], Bytes(1)), Err(GitError::BadRevision { rev: "HEAD:x".into() }));
}

#[test]
fn a_missing_blob_of_a_partial_clone_is_not_fetched() {
    let repo = Repo::with(&[("x", "one")]);
    let id = repo.git(&["rev-parse", "HEAD:x"]);
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let dir = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repo.path().display());
    git_in(dir.path(), &["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "clone"]);
    let git = Git::discover(&RealSys, &dir.path().join("clone")).unwrap().unwrap();
    match git.blobs(&[&id], Bytes(100)) {
        Ok(blobs) => assert_eq!(blobs, [Blob::Missing]),
        Err(error) => assert!(matches!(error, GitError::Failed { command: "cat-file", .. }), "{error}"),
    }
}

#[test]
fn the_program_is_absolute_and_never_one_of_the_judged_tree() {
    let program = find(&RealSys, Path::new("/judged")).unwrap().unwrap();
    assert!(program.is_absolute());
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().canonicalize().unwrap();
    for place in ["judged/bin", "tools"] {
        std::fs::create_dir_all(dir.join(place)).unwrap();
        std::fs::write(dir.join(place).join("git"), "").unwrap();
    }
    std::fs::create_dir(dir.join("links")).unwrap();
    symlink(dir.join("judged/bin/git"), dir.join("links/git")).unwrap();
    let path = |places: &[&str]| std::env::join_paths(places.iter().map(|p| dir.join(p))).unwrap();
    let on_path = |path: &str| program::find_on_path(&RealSys, path, &dir.join("judged")).unwrap();
    assert_eq!(on_path(path(&["none", "judged/bin", "links", "tools"]).to_str().unwrap()), Some(dir.join("tools/git")));
    assert_eq!(on_path(path(&["judged/bin", "links"]).to_str().unwrap()), None);
    assert_eq!(on_path("judged/bin:.:"), None, "a relative entry is not used");
    for command in [
        program::inside(&program, Path::new("/judged"), &Call::new("x", [""])),
        program::discovering(&program, Path::new("/judged"), &Call::new("x", [""])),
    ] {
        assert!(command.env.contains(&("PATH".into(), "/nonexistent".into())));
        assert!(command.env.contains(&("GIT_ALLOW_PROTOCOL".into(), "none".into())));
    }
}

#[test]
fn what_git_says_on_failure_is_told_in_one_bounded_line() {
    let output = Output { code: Some(128), stdout: Vec::new(), stderr: format!("{}\nmore", "e".repeat(900)).into() };
    let error = failed("ls-files", &output);
    assert_eq!(error.to_string(), format!("git ls-files ended with code 128: {}", "e".repeat(200)));
    let limit = SysError { op: "run", what: "git".into(), fault: Fault::TooLarge { limit: Bytes(1) } };
    assert_eq!(GitError::from(limit).to_string(), "cannot run git: larger than the limit of 1 bytes");
}
