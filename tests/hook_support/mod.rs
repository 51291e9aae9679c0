//! A desk for tests of the hook: a checkout, the bare repository that it pushes to, and a feed with two advisories.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the desk is set up with the plain git program, and a failure there ends the test"
)]

use super::support::World;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");
pub const ZERO: &str = "0000000000000000000000000000000000000000";
pub const GOOD: (&str, &str) = ("smallvec", "1.13.2");
pub const BAD: (&str, &str) = ("smallvec", "1.6.0");
pub const BAD_TOO: (&str, &str) = ("h2", "0.3.25");

/// A lockfile with these packages.
pub fn lock(packages: &[(&str, &str)]) -> String {
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
pub fn feeds() -> &'static Path {
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

pub fn env(home: &Path, feeds: &Path) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("HOME".into(), home.display().to_string()),
        ("PORTCULLIS_FEED_DIR".into(), feeds.display().to_string()),
        ("PORTCULLIS_FEED_KEY".into(), feeds.with_extension("key").display().to_string()),
        ("PATH".into(), std::env::var("PATH").unwrap_or_default()),
        ("GIT_CONFIG_GLOBAL".into(), "/dev/null".into()),
        ("GIT_CONFIG_NOSYSTEM".into(), "1".into()),
    ])
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A checkout with one good lockfile, and the bare repository that it was cloned from; the hook is installed.
pub struct Desk {
    pub dir: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self::without_hook();
        desk.program(&["hook", "install"]);
        desk
    }

    pub fn without_hook() -> Self {
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

    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(path)
    }

    pub fn work(&self) -> PathBuf {
        self.at("work")
    }

    pub fn run(&self, program: &str, dir: &Path, args: &[&str]) -> Output {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"];
        let before: &[&str] = if program == "git" { &identity } else { &[] };
        let env = env(&self.at("home"), feeds());
        Command::new(program).args(before).args(args).current_dir(dir).env_clear().envs(env).output().unwrap()
    }

    pub fn in_dir(&self, dir: &Path, args: &[&str]) -> String {
        let output = self.run("git", dir, args);
        assert!(output.status.success(), "git {args:?}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub fn git(&self, args: &[&str]) -> String {
        self.in_dir(&self.work(), args)
    }

    /// Runs the program in the checkout; it has to succeed.
    pub fn program(&self, args: &[&str]) -> String {
        let output = self.run(PROGRAM, &self.work(), args);
        assert!(output.status.success(), "{args:?}: {}", said(&output));
        said(&output)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.work().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn lock(&self, packages: &[(&str, &str)]) {
        self.write("Cargo.lock", &lock(packages));
    }

    pub fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Pushes; what it said and whether it was let through.
    pub fn push(&self, args: &[&str]) -> (bool, String) {
        let output = self.run("git", &self.work(), &[&["push"], args].concat());
        (output.status.success(), said(&output))
    }

    pub fn passes(&self, args: &[&str]) -> String {
        let (passed, said) = self.push(args);
        assert!(passed, "git push {args:?} was stopped\n{said}");
        said
    }

    /// The push is stopped by the hook and for this reason, and nothing reached the remote.
    pub fn stopped(&self, args: &[&str], why: &str) -> String {
        let before = self.remote();
        let (passed, said) = self.push(args);
        assert!(!passed, "git push {args:?} was let through\n{said}");
        assert!(said.contains(why) && said.contains("failed to push"), "{why}\n{said}");
        assert_eq!(self.remote(), before);
        said
    }

    /// The refs of the remote.
    pub fn remote(&self) -> String {
        let output = self.run("git", &self.at("remote.git"), &["for-each-ref"]);
        said(&output)
    }

    /// The program alone, with this standard input and these variables: exit code and output.
    pub fn hook(&self, args: &[&str], stdin: &str, vars: &[(&str, &str)]) -> (u8, String) {
        let world = self.world(stdin, vars);
        let (code, out, err) = world.run(&[&["hook", "run", "pre-push", "--feed", "embedded"], args].concat());
        (code, out + &err)
    }

    pub fn world(&self, stdin: &str, vars: &[(&str, &str)]) -> World {
        let mut world = World::new(&self.at(""));
        world.cwd = self.work();
        world.stdin = stdin.as_bytes().to_vec();
        world.vars.extend(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        world
    }
}
