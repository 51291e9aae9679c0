//! The pre-push hook from end to end: real pushes to local bare repositories with the hook installed, and the program
//! alone for what git cannot be made to write.
#![expect(
    clippy::disallowed_methods,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "the tests push with the plain git program, and a failure there ends the test"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use support::World;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
const ZERO: &str = "0000000000000000000000000000000000000000";
const GOOD: (&str, &str) = ("smallvec", "1.13.2");
const BAD: (&str, &str) = ("smallvec", "1.6.0");
const BAD_TOO: (&str, &str) = ("h2", "0.3.25");

/// A lockfile with these packages.
fn lock(packages: &[(&str, &str)]) -> String {
    let mut text = "version = 4\n".to_owned();
    for (name, version) in packages {
        text.push_str(&format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n",
            "ab".repeat(32)
        ));
    }
    text
}

/// Where a feed with two advisories is installed, once for all tests: the installed hook asks for it.
fn feeds() -> &'static Path {
    static FEEDS: OnceLock<TempDir> = OnceLock::new();
    let home = FEEDS.get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        for (package, id, patched) in
            [("smallvec", "RUSTSEC-2021-0003", "1.6.1"), ("h2", "RUSTSEC-2024-0332", "0.3.26")]
        {
            let dir = home.path().join("db/crates").join(package);
            fs::create_dir_all(&dir).unwrap();
            let text = format!(
                "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2024-01-02\"\n\
                 cvss = \"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"\n[versions]\npatched = [\">= {patched}\"]\n\
                 ```\n\n# a title\n\ntext\n"
            );
            fs::write(dir.join(format!("{id}.md")), text).unwrap();
        }
        let db = home.path().join("db").display().to_string();
        let env = env(home.path(), &home.path().join("feeds"));
        let done = Command::new(PROGRAM).args(["feed", "import", &db]).env_clear().envs(env).output().unwrap();
        assert!(done.status.success(), "{}", said(&done));
        home
    });
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| home.path().join("feeds"))
}

fn env(home: &Path, feeds: &Path) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("HOME".into(), home.display().to_string()),
        ("PORTCULLIS_FEED_DIR".into(), feeds.display().to_string()),
        ("PORTCULLIS_FEED_KEY".into(), feeds.with_extension("key").display().to_string()),
        ("PATH".into(), std::env::var("PATH").unwrap_or_default()),
        ("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
    ])
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A checkout with one good lockfile, and the bare repository that it was cloned from; the hook is installed.
struct Desk {
    dir: TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self::without_hook();
        desk.program(&["hook", "install"]);
        desk
    }

    fn without_hook() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(desk.at("home")).unwrap();
        desk.in_dir(&desk.dir.path().canonicalize().unwrap(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
        let clone = ["clone", "-q", "remote.git", "work"];
        desk.in_dir(&desk.dir.path().canonicalize().unwrap(), &clone);
        desk.git(&["checkout", "-q", "-b", "main"]);
        desk.lock(&[GOOD]);
        desk.commit();
        desk.git(&["push", "-q", "--no-verify", "origin", "main"]);
        desk
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(path)
    }

    fn work(&self) -> PathBuf {
        self.at("work")
    }

    fn run(&self, program: &str, dir: &Path, args: &[&str]) -> Output {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"];
        let before: &[&str] = if program == "git" { &identity } else { &[] };
        let env = env(&self.at("home"), feeds());
        Command::new(program).args(before).args(args).current_dir(dir).env_clear().envs(env).output().unwrap()
    }

    fn in_dir(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.run("git", dir, args);
        assert!(output.status.success(), "git {args:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn git(&self, args: &[&str]) -> String {
        self.in_dir(&self.work(), args)
    }

    /// Runs the program in the checkout; it has to succeed.
    fn program(&self, args: &[&str]) -> String {
        let output = self.run(PROGRAM, &self.work(), args);
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn lock(&self, packages: &[(&str, &str)]) {
        self.write("Cargo.lock", &lock(packages));
    }

    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Pushes; what it said and whether it was let through.
    fn push(&self, args: &[&str]) -> (bool, String) {
        let output = self.run("git", &self.work(), &[&["push"], args].concat());
        (output.status.success(), said(&output))
    }

    fn passes(&self, args: &[&str]) -> String {
        let (passed, said) = self.push(args);
        assert!(passed, "git push {args:?} was stopped\n{said}");
        said
    }

    /// The push is stopped by the hook and for this reason, and nothing reached the remote.
    fn stopped(&self, args: &[&str], why: &str) -> String {
        let before = self.remote();
        let (passed, said) = self.push(args);
        assert!(!passed, "git push {args:?} was let through\n{said}");
        assert!(said.contains(why) && said.contains("failed to push"), "{why}\n{said}");
        assert_eq!(self.remote(), before);
        said
    }

    /// The refs of the remote.
    fn remote(&self) -> String {
        let output = self.run("git", &self.at("remote.git"), &["for-each-ref"]);
        said(&output)
    }

    /// The program alone, with this standard input and these variables: exit code and output.
    fn hook(&self, args: &[&str], stdin: &str, vars: &[(&str, &str)]) -> (u8, String) {
        let world = self.world(stdin, vars);
        let (code, out, err) = world.run(&[&["hook", "run", "pre-push", "--feed", "embedded"], args].concat());
        (code, out + &err)
    }

    fn world(&self, stdin: &str, vars: &[(&str, &str)]) -> World {
        let mut world = World::new(&self.at(""));
        world.cwd = self.work();
        world.stdin = stdin.as_bytes().to_vec();
        world.vars.extend(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        world
    }
}

// What a push introduces.

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

// The commit and nothing else.

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

// What git writes, and what it does not.

#[test]
fn a_remote_commit_that_this_clone_does_not_have_is_told_and_never_excuses() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    let bad = desk.commit();
    let unknown = "1".repeat(40);
    let line = format!("refs/heads/main {bad} refs/heads/main {unknown}\n");
    let (code, said) = desk.hook(&["origin", "url"], &line, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("newest ancestor") && said.contains("(111111111111) is not in this clone"), "{said}");
    let (code, said) = desk.hook(&["nobody"], &line, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("compared with nothing"), "{said}");
    // What another ref of the same push has there is known as well.
    let good = desk.git(&["rev-parse", "HEAD~1"]);
    let two = format!("a {good} refs/heads/a {good}\nb {bad} refs/heads/b {ZERO}\n");
    let (code, said) = desk.hook(&["nobody"], &two, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("newest ancestor that the remote is known to have ({})", &good[..12])), "{said}");
}

#[test]
fn nothing_to_push_is_a_pass_that_says_so() {
    let desk = Desk::new();
    let (code, said) = desk.hook(&["origin", "url"], "", &[]);
    assert_eq!((code, said.as_str()), (0, "portcullis: nothing is pushed: nothing to judge\n"));
}

#[test]
fn input_that_git_does_not_write_is_never_a_pass() {
    let desk = Desk::new();
    let good = desk.git(&["rev-parse", "HEAD"]);
    let line = format!("refs/heads/main {good} refs/heads/main {ZERO}");
    let many = format!("{line}\n").repeat(10_001);
    let huge = "x".repeat((4 << 20) + 1);
    for (input, exit) in [
        ("\n", 2),
        ("\n\n", 2),
        (" ", 2),
        ("\0", 2),
        (&format!("\n{line}\n"), 2),
        (&format!("{line}\n\n"), 2),
        (&format!("{line}\r\n"), 2),
        (&format!("{line} {ZERO}\n"), 2),
        (&line[..line.len() - 1], 2),
        (&format!("refs/heads/a\nb {good} refs/heads/main {ZERO}\n"), 2),
        (&format!("refs/heads/main {} refs/heads/main {ZERO}\n", "2".repeat(40)), 3),
        (&many, 2),
        (&huge, 3),
    ] {
        let (code, said) = desk.hook(&["origin", "url"], input, &[]);
        assert_eq!(code, exit, "{:?}\n{said}", input.chars().take(120).collect::<String>());
    }
}

#[test]
fn outside_of_a_checkout_nothing_passes() {
    let desk = Desk::new();
    let mut world = desk.world(&format!("a {} b {ZERO}\n", "1".repeat(40)), &[]);
    for dir in ["home", "remote.git"] {
        world.cwd = desk.at(dir);
        let (code, _, err) = world.run(&["hook", "run", "pre-push", "origin"]);
        assert_eq!(code, 2, "{err}");
    }
}

#[test]
fn no_broken_call_lets_a_bad_push_through() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    let bad = desk.commit();
    let base = desk.git(&["rev-parse", "HEAD~1"]);
    for line in [format!("m {bad} refs/heads/m {base}\n"), format!("m {bad} refs/heads/m {ZERO}\n")] {
        for n in 0.. {
            let mut world = desk.world(&line, &[]);
            world.fail_at = Some(n);
            let (code, out, err) = world.run(&["hook", "run", "pre-push", "--feed", "embedded", "origin"]);
            assert_ne!(code, 0, "call {n} ({}) broke and it passed\n{out}{err}", world.broke.lock().unwrap());
            if !world.failed.load(Ordering::SeqCst) {
                assert!(n > 15, "only {n} calls: the double was not asked");
                break;
            }
        }
    }
}

// The pre-commit framework.

#[test]
fn the_variables_of_the_pre_commit_framework_say_what_is_pushed() {
    let desk = Desk::new();
    let good = desk.git(&["rev-parse", "HEAD"]);
    desk.lock(&[BAD]);
    let bad = desk.commit();
    desk.write("README.md", "more\n");
    let more = desk.commit();
    let run = |vars: &[(&str, &str)]| {
        let all = [&[("PRE_COMMIT", "1"), ("PRE_COMMIT_REMOTE_BRANCH", "refs/heads/main")], vars].concat();
        desk.hook(&[], "", &all)
    };
    let (code, said) = run(&[("PRE_COMMIT_FROM_REF", &good), ("PRE_COMMIT_TO_REF", &bad)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("refs/heads/main ("), "{said}");
    assert_eq!(run(&[("PRE_COMMIT_FROM_REF", &bad), ("PRE_COMMIT_TO_REF", &more)]).0, 0);
    // A push that begins with the first commit has no ends.
    let first = [("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main"), ("PRE_COMMIT_REMOTE_NAME", "elsewhere")];
    let (code, said) = run(&first);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("compared with nothing"), "{said}");
    // No word of what is pushed is no word that nothing is.
    for vars in [&[][..], &[("PRE_COMMIT_TO_REF", ZERO)]] {
        let (code, said) = run(vars);
        assert_eq!(code, 2, "{said}");
    }
    assert_eq!(run(&[("PRE_COMMIT_TO_REF", "no-such-branch")]).0, 3);
    assert_eq!(run(&[("PRE_COMMIT_TO_REF", "--all")]).0, 2);
    assert_eq!(desk.hook(&["origin"], "", &[("PRE_COMMIT", "1")]).0, 2);
    // git's own word stands above variables that some other hook left behind.
    let vars = [("PRE_COMMIT", "1"), ("PRE_COMMIT_FROM_REF", bad.as_str()), ("PRE_COMMIT_TO_REF", more.as_str())];
    let line = format!("main {bad} refs/heads/main {good}\n");
    assert_eq!(desk.hook(&["origin", "url"], &line, &vars).0, 1);
}

#[test]
fn the_pre_commit_framework_itself_runs_the_hook() {
    if std::env::var_os("PORTCULLIS_INTEROP").is_none() {
        eprintln!("skipped: pre-commit (PORTCULLIS_INTEROP is not set)");
        return;
    }
    let desk = Desk::without_hook();
    let venv = desk.at("venv");
    let python = |args: &[&str]| Command::new("python3").args(args).output();
    let made = python(&["-m", "venv", venv.to_str().unwrap()]).is_ok_and(|done| done.status.success());
    let pip = || Command::new(venv.join("bin/pip")).args(["install", "-q", "pre-commit"]).output();
    if !made || !pip().is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: pre-commit (pip cannot install it)");
        return;
    }
    // The hooks file of this project, in a repository that holds nothing else.
    let hooks = desk.at("hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::copy(support::project(".pre-commit-hooks.yaml"), hooks.join(".pre-commit-hooks.yaml")).unwrap();
    desk.in_dir(&hooks, &["init", "-q"]);
    desk.in_dir(&hooks, &["add", "-A"]);
    desk.in_dir(&hooks, &["commit", "-q", "-m", "x"]);
    let rev = desk.in_dir(&hooks, &["rev-parse", "HEAD"]);
    let config = format!(
        "default_install_hook_types: [pre-push]\nrepos:\n- repo: {}\n  rev: {rev}\n  hooks:\n  - id: portcullis\n",
        hooks.display()
    );
    desk.write(".pre-commit-config.yaml", &config);
    desk.commit();
    desk.passes(&["origin", "main"]);
    let mut paths = vec![venv.join("bin"), Path::new(PROGRAM).parent().unwrap().to_owned()];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let run = |program: &str, args: &[&str]| {
        let env = env(&desk.at("home"), feeds());
        Command::new(program)
            .args(args)
            .current_dir(desk.work())
            .env_clear()
            .envs(env)
            .env("PATH", std::env::join_paths(&paths).unwrap())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap()
    };
    let installed = run(venv.join("bin/pre-commit").to_str().unwrap(), &["install"]);
    assert!(installed.status.success(), "{}", said(&installed));
    desk.lock(&[BAD]);
    desk.commit();
    let output = run("git", &["push", "origin", "main"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    let output = run("git", &["push", "origin", "main:new"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    desk.lock(&[GOOD, ("itoa", "1.0.11")]);
    desk.commit();
    let output = run("git", &["push", "origin", "main"]);
    assert!(output.status.success() && said(&output).contains("Passed"), "{}", said(&output));
    // The first push of a history: the framework names no commits.
    desk.in_dir(&desk.at(""), &["init", "-q", "--bare", "empty.git"]);
    desk.git(&["remote", "add", "empty", "../empty.git"]);
    desk.lock(&[BAD]);
    desk.commit();
    let output = run("git", &["push", "empty", "main"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
}

// Installing.

fn hook_file(desk: &Desk) -> PathBuf {
    desk.work().join(".git/hooks/pre-push")
}

#[test]
fn installing_writes_one_executable_file_and_is_idempotent() {
    let desk = Desk::without_hook();
    let path = hook_file(&desk);
    let said = desk.program(&["hook", "install"]);
    assert_eq!(said, format!("wrote {}\n", path.display()));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(PROGRAM), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(desk.program(&["hook", "install"]), format!("{} is there already\n", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(desk.program(&["hook", "uninstall"]), format!("removed {}\n", path.display()));
    assert_eq!(desk.program(&["hook", "uninstall"]), format!("there is no {}\n", path.display()));
}

#[test]
fn a_hook_that_lost_its_executable_bit_is_written_again() {
    let desk = Desk::new();
    let path = hook_file(&desk);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    desk.program(&["hook", "install"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
}

#[test]
fn an_older_hook_of_its_own_is_replaced_and_a_changed_one_is_not() {
    let desk = Desk::new();
    let path = hook_file(&desk);
    let text = fs::read_to_string(&path).unwrap();
    let (head, body) = text.split_once("\n# Written").unwrap();
    let older = format!("# Written{body}# an older one\n");
    let mark = head.rsplit_once(' ').unwrap().0;
    let digest = portcullis::model::Digest::of(older.as_bytes());
    fs::write(&path, format!("{mark} {digest}\n{older}")).unwrap();
    assert_eq!(desk.program(&["hook", "install"]), format!("replaced {}\n", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    for other in [format!("{text}echo mine\n"), "#!/bin/sh\nexit 0\n".to_owned(), String::new()] {
        fs::write(&path, &other).unwrap();
        for command in ["install", "uninstall"] {
            let output = desk.run(PROGRAM, &desk.work(), &["hook", command]);
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            assert_eq!(fs::read_to_string(&path).unwrap(), other);
        }
    }
}

#[test]
fn the_lines_for_a_hook_of_somebody_else_judge_and_hand_the_input_on() {
    let desk = Desk::without_hook();
    let (path, seen) = (hook_file(&desk), desk.at("seen"));
    let foreign = format!("cat > '{}'\n", seen.display());
    fs::write(&path, format!("#!/bin/sh\n{foreign}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let output = desk.run(PROGRAM, &desk.work(), &["hook", "install"]);
    let said = said(&output);
    let lines = said.split_once("pre-push\nrefs=").map(|(_, rest)| format!("refs={rest}")).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{lines}{foreign}")).unwrap();
    desk.lock(&[BAD]);
    desk.commit();
    desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
    assert!(!seen.exists());
    desk.lock(&[GOOD]);
    desk.git(&["commit", "-qa", "--amend", "--allow-empty", "-m", "x"]);
    desk.passes(&["origin", "main:$(id)"]);
    let seen = fs::read_to_string(seen).unwrap();
    let head = desk.git(&["rev-parse", "HEAD"]);
    assert_eq!(seen, format!("refs/heads/main {head} refs/heads/$(id) {ZERO}\n"));
}

#[test]
fn links_and_directories_in_the_place_of_the_hook_are_left_alone() {
    let desk = Desk::without_hook();
    let path = hook_file(&desk);
    symlink(desk.at("elsewhere"), &path).unwrap();
    assert_eq!(desk.run(PROGRAM, &desk.work(), &["hook", "install"]).status.code(), Some(2));
    assert!(!desk.at("elsewhere").exists());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(desk.run(PROGRAM, &desk.work(), &["hook", "install"]).status.code(), Some(2));
}

#[test]
fn hooks_of_this_repository_are_written_where_its_settings_say_and_those_of_all_are_not() {
    let desk = Desk::without_hook();
    desk.git(&["config", "core.hooksPath", "tools/hooks"]);
    desk.program(&["hook", "install"]);
    assert!(desk.work().join("tools/hooks/pre-push").is_file() && !hook_file(&desk).exists());
    desk.git(&["config", "--unset", "core.hooksPath"]);
    // Settings of the user, which a home of its own holds.
    let (home, shared) = (desk.at("home"), desk.at("shared"));
    fs::write(home.join(".gitconfig"), format!("[core]\nhooksPath = {}\n", shared.display())).unwrap();
    let install = || {
        let mut env = env(&home, feeds());
        env.remove("GIT_CONFIG_GLOBAL");
        let args = ["hook", "install"];
        Command::new(PROGRAM).args(args).current_dir(desk.work()).env_clear().envs(env).output().unwrap()
    };
    for there in [false, true] {
        let output = install();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("git config core.hooksPath"), "{}", said(&output));
        assert_eq!(shared.exists(), there);
        fs::create_dir_all(&shared).unwrap();
    }
    for path in ["../shared", "nowhere/../../shared2", "linked"] {
        let _ = symlink(&shared, desk.work().join("linked"));
        desk.git(&["config", "core.hooksPath", path]);
        assert_eq!(desk.run(PROGRAM, &desk.work(), &["hook", "install"]).status.code(), Some(2), "{path}");
    }
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    // The remedy works.
    desk.git(&["config", "core.hooksPath", desk.work().join(".git/hooks").to_str().unwrap()]);
    let output = install();
    assert!(output.status.success() && hook_file(&desk).exists(), "{}", said(&output));
}

#[test]
fn a_linked_work_tree_installs_for_its_repository_and_pushes_through_the_hook() {
    let desk = Desk::without_hook();
    desk.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
    let linked = desk.at("linked");
    assert!(desk.run(PROGRAM, &linked, &["hook", "install"]).status.success());
    assert!(hook_file(&desk).is_file());
    fs::write(linked.join("Cargo.lock"), lock(&[BAD])).unwrap();
    desk.in_dir(&linked, &["commit", "-qam", "x"]);
    let output = desk.run("git", &linked, &["push", "origin", "side"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    // From a directory below, too.
    fs::create_dir(linked.join("below")).unwrap();
    let output = desk.run("git", &linked.join("below"), &["push", "origin", "side"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
}

#[test]
fn a_bare_repository_is_refused() {
    let desk = Desk::without_hook();
    let output = desk.run(PROGRAM, &desk.at("remote.git"), &["hook", "install"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(!desk.at("remote.git/hooks/pre-push").exists());
}

#[test]
fn a_program_inside_the_repository_is_refused_and_one_that_is_gone_stops_the_push() {
    let desk = Desk::without_hook();
    let copy = |to: PathBuf| {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(PROGRAM, &to).unwrap();
        to
    };
    let inside = copy(desk.work().join("target/portcullis"));
    let output = desk.run(inside.to_str().unwrap(), &desk.work(), &["hook", "install"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let outside = copy(desk.at("it's a place/portcullis"));
    assert!(desk.run(outside.to_str().unwrap(), &desk.work(), &["hook", "install"]).status.success());
    fs::remove_dir_all(desk.work().join("target")).unwrap();
    desk.write("README.md", "more\n");
    desk.commit();
    desk.passes(&["--dry-run", "origin", "main"]);
    fs::remove_file(&outside).unwrap();
    desk.stopped(&["origin", "main"], "git push --no-verify");
    desk.passes(&["--no-verify", "origin", "main"]);
}

// `check --commit`.

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
