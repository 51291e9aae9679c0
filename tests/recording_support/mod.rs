//! What the tests of recording share: a checkout, its worlds, and what came out of a check.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests build their checkouts with plain files and the plain git program, and what fails should fail loudly"
)]

use crate::support::{World, project};
use portcullis::sign::dsse::parse_envelope;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

/// Random readings of one world that no other repeats.
const LUCK: u64 = 16;

/// A directory with a checkout `project`, and the worlds in which it is judged.
pub(crate) struct Scene {
    pub(crate) dir: TempDir,
    /// No two worlds draw the same random bytes.
    pub(crate) luck: AtomicU64,
}

impl Scene {
    /// A checkout that passes.
    pub(crate) fn clean() -> Self {
        Self::with("fixtures/clean")
    }

    pub(crate) fn with(fixture: &str) -> Self {
        let scene = Self { dir: tempfile::tempdir().unwrap(), luck: AtomicU64::new(1) };
        fs::create_dir_all(scene.at("project")).unwrap();
        for file in ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"] {
            fs::copy(project(fixture).join(file), scene.at("project").join(file)).unwrap();
        }
        scene
    }

    /// The checkout becomes a repository with one commit on `main`.
    pub(crate) fn in_git(self) -> Self {
        self.git(&["init", "-q", "-b", "main"]);
        self.commit();
        self
    }

    pub(crate) fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(args)
            .current_dir(self.at("project"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn path(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    pub(crate) fn policy(&self, text: &str) {
        fs::write(self.at("project/portcullis.toml"), format!("version = 1\n{text}")).unwrap();
    }

    pub(crate) fn world(&self, vars: &[(&str, &str)]) -> World {
        let mut world = World::new(self.dir.path());
        world.more_luck = true;
        world.luck.store(self.luck.fetch_add(LUCK, Ordering::SeqCst), Ordering::SeqCst);
        world.vars.extend(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        world
    }

    /// Judges on a machine of somebody's own.
    pub(crate) fn check(&self, more: &[&str]) -> Checked {
        self.check_in(&self.world(&[]), more)
    }

    pub(crate) fn check_in(&self, world: &World, more: &[&str]) -> Checked {
        let target = self.path("project");
        let args = [&["check", "--feed", "embedded", "--report", "json"], more, &[&target]].concat();
        let (code, out, err) = world.run(&args);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {code}\n{out}\n{err}"));
        let said = report["exit_code"].clone();
        Checked { code, said, err, verdict: report["verdict"].clone(), record: report["record"].clone() }
    }

    /// A key file of which nobody but its owner can read anything.
    pub(crate) fn key(&self, name: &str) -> String {
        let path = self.path(name);
        assert_eq!(self.world(&[]).run(&["trail", "keygen", &path]).0, 0);
        path
    }

    /// What `trail verify` says.
    pub(crate) fn verify(&self, more: &[&str]) -> (u8, String) {
        let mut world = self.world(&[]);
        world.cwd = self.at("project");
        let (code, out, err) = world.run(&[&["trail", "verify"], more].concat());
        (code, format!("{out}{err}"))
    }
}

/// What came out of a check.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) code: u8,
    /// The exit code that the report names.
    pub(crate) said: Value,
    pub(crate) err: String,
    pub(crate) verdict: Value,
    pub(crate) record: Value,
}

impl Checked {
    /// Asserts exit code and state of the record; the verdict is there in any case.
    pub(crate) fn is(self, code: u8, state: &str) -> Self {
        assert_eq!((self.code, self.record["state"].as_str()), (code, Some(state)), "{self:?}");
        assert_eq!(self.said, code, "the report says how the run ended: {self:?}");
        assert!(["passed", "failed", "incomplete"].contains(&self.verdict.as_str().unwrap()), "{self:?}");
        assert_eq!(self.err.contains("error: "), code == 4, "exit code 4 says why: {self:?}");
        self
    }
}

/// Every file below a directory.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The statements of the bodies below a directory, decisions and starts.
pub(crate) fn statements(dir: &Path) -> Vec<Value> {
    let bodies = files(dir).into_iter().filter(|path| path.to_string_lossy().contains("/bodies/sha256/"));
    let payload = |path: PathBuf| parse_envelope(&fs::read(path).unwrap()).unwrap().payload;
    bodies.map(|path| serde_json::from_slice(&payload(path)).unwrap()).collect()
}

pub(crate) fn extension<'v>(statement: &'v Value, name: &str) -> &'v Value {
    &statement["predicate"][format!("https://portcullis.dev/trail/v1/{name}")]
}

/// The decision among the statements of one run.
pub(crate) fn decision(dir: &Path) -> Value {
    let all = statements(dir);
    let decisions: Vec<_> = all.into_iter().filter(|s| !extension(s, "outcome").is_null()).collect();
    assert_eq!(decisions.len(), 1);
    decisions[0].clone()
}
