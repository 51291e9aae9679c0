//! A runner for the tests of the GitHub Action and the GitLab template: real bash, real git, the real program, in an
//! environment that holds what the runner sets and nothing else. Not a runner of any YAML: what the two files do not
//! use, it refuses.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests: files and processes are what a runner deals in, and what fails should fail loudly"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the steps may call. `cargo` is ours; nothing else is on the path.
const TOOLS: [&str; 13] = ["bash", "git", "env", "mktemp", "awk", "od", "tr", "cp", "rm", "mkdir", "cat", "sh", "ln"];

/// The program that this test was built with.
pub const GATE: &str = env!("CARGO_BIN_EXE_portcullis");

/// Names that do harm where a shell or a runner reads them again. git takes the first three for branches.
pub const HOSTILE: [&str; 6] = [
    "$(touch${IFS}pwned)",
    "`touch${IFS}pwned`",
    "a';touch${IFS}pwned;'\"",
    "x\ntouch pwned\n::set-output name=verdict::passed",
    "x\nverdict=passed\nverdict<<EOF\npassed\nEOF",
    "--upload-pack=touch pwned",
];

/// What a process ended with.
pub struct Ended {
    pub code: i32,
    /// Standard output and standard error.
    pub log: String,
}

/// A directory with everything that a job sees.
pub struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    pub fn new() -> Self {
        let scratch = Self { dir: tempfile::tempdir().unwrap() };
        for dir in ["home", "temp", "tools"] {
            fs::create_dir(scratch.at(dir)).unwrap();
        }
        let path = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let found = std::env::split_paths(&path).map(|dir| dir.join(tool)).find(|path| path.is_file());
            symlink(found.unwrap_or_else(|| panic!("{tool} is not on the path")), scratch.at("tools").join(tool))
                .unwrap();
        }
        scratch.cargo(GATE);
        scratch
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn text(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    /// A cargo that puts the program where the real one would be built, and notes where it was called and with what.
    fn cargo(&self, program: &str) {
        let script = format!(
            "#!/bin/sh\n{{ pwd; printf '%s\\n' \"$@\"; env; }} >> '{}'\nwhile [ \"$1\" != --target-dir ]; do shift; done\n\
             mkdir -p \"$2/release\" && ln -sf '{program}' \"$2/release/portcullis\"\n",
            self.text("cargo.log"),
        );
        self.write("tools/cargo", &script);
        fs::set_permissions(self.at("tools/cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// From now on cargo builds this script instead of the program.
    pub fn build(&self, script: &str) {
        self.write("gate", script);
        fs::set_permissions(self.at("gate"), fs::Permissions::from_mode(0o755)).unwrap();
        self.cargo(&self.text("gate"));
    }

    /// A cargo that fails as a broken build does.
    pub fn break_cargo(&self) {
        self.write("tools/cargo", "#!/bin/sh\necho 'error: could not compile' >&2\nexit 101\n");
    }

    /// Nobody installed Rust.
    pub fn remove_cargo(&self) {
        fs::remove_file(self.at("tools/cargo")).unwrap();
    }

    /// Makes a signing key and gives its text.
    pub fn key(&self, path: &str) -> String {
        if !self.at(path).exists() {
            let made = Command::new(GATE).args(["trail", "keygen"]).arg(self.at(path)).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// From now on git notes the headers that it is told to send. The program runs the system's git, so that nothing
    /// can stand in for it.
    pub fn watch_git(&self) {
        let log = self.text("git.log");
        self.write("home/.gitconfig", &format!("[trace2]\n\teventTarget = {log}\n\tconfigParams = http.*\n"));
    }

    /// The headers, each with the address that it is for.
    pub fn headers(&self) -> Vec<(String, String)> {
        let log = fs::read_to_string(self.at("git.log")).unwrap_or_default();
        let events = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let params = events.filter(|event| event["event"] == "def_param");
        let text = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap().to_owned();
        params.map(|event| (text(&event, "param"), text(&event, "value"))).collect()
    }

    /// What cargo was called with, and in which environment.
    pub fn cargo_log(&self) -> String {
        fs::read_to_string(self.at("cargo.log")).unwrap_or_default()
    }

    /// Runs a program of the tools in an environment of its own.
    pub fn run(&self, dir: &Path, line: &[&str], vars: &BTreeMap<String, String>) -> Ended {
        let (program, args) = line.split_first().unwrap();
        let output = Command::new(self.at("tools").join(program))
            .args(args)
            .current_dir(dir)
            .env_clear()
            .env("PATH", self.at("tools"))
            .env("HOME", self.at("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(vars)
            .output()
            .unwrap();
        let log = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        Ended { code: output.status.code().unwrap(), log }
    }

    /// Nothing that a hostile name asks for has happened: no file of that name anywhere.
    pub fn assert_nothing_ran(&self) {
        let mut dirs = vec![self.dir.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                assert_ne!(entry.file_name(), "pwned", "{}", entry.path().display());
                if entry.file_type().unwrap().is_dir() {
                    dirs.push(entry.path());
                }
            }
        }
    }
}

/// A log holds no command for a runner but annotations. GitHub's takes `::` after blanks, and `##[` anywhere.
pub fn assert_only_annotations(log: &str) {
    for line in log.lines() {
        let line = line.trim_start();
        let ours = ["::error ", "::warning ", "::notice "].iter().any(|command| line.starts_with(command));
        assert!(ours || !line.starts_with("::"), "{line:?}");
        assert!(!line.contains("##["), "{line:?}");
    }
}

/// The remote repository of a project: branch `main` with one lockfile, and whatever a test adds.
pub struct Remote {
    pub dir: PathBuf,
}

impl Remote {
    /// At this path of the scratch; its lockfile is that of a fixture, `clean` or `demo`.
    pub fn new(scratch: &Scratch, path: &str, fixture: &str) -> Self {
        let remote = Self { dir: scratch.at(path) };
        fs::create_dir_all(&remote.dir).unwrap();
        remote.git(&["init", "-q", "-b", "main"]);
        // As the forges have it: any commit that a ref reaches may be asked for.
        remote.git(&["config", "uploadpack.allowReachableSHA1InWant", "true"]);
        remote.lock(fixture, "Cargo.lock");
        remote.commit();
        remote
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.dir.display())
    }

    pub fn git(&self, args: &[&str]) -> String {
        git(&self.dir, args)
    }

    /// Puts the lockfile of a fixture at the path.
    pub fn lock(&self, fixture: &str, path: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture).join("Cargo.lock");
        fs::create_dir_all(self.dir.join(path).parent().unwrap()).unwrap();
        fs::copy(from, self.dir.join(path)).unwrap();
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.dir.join(path), text).unwrap();
    }

    /// Commits everything and returns the id.
    pub fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// A clone of one commit, as the runners make it, in place of what is there.
    pub fn shallow(&self, to: &Path, rev: &str) {
        if to.exists() {
            fs::remove_dir_all(to).unwrap();
        }
        fs::create_dir(to).unwrap();
        git(to, &["init", "-q", "-b", "none"]);
        git(to, &["remote", "add", "origin", &self.url()]);
        git(to, &["fetch", "-q", "--no-tags", "--depth=1", "origin", rev]);
        git(to, &["checkout", "-q", "--detach", "FETCH_HEAD"]);
    }
}

/// Runs plain git with an identity, without anybody's settings.
pub fn git(dir: &Path, args: &[&str]) -> String {
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

/// Asks shellcheck about bash scripts, where the caller has it; says when not.
pub fn shellcheck(scripts: Vec<String>) {
    let Some(program) = std::env::var_os("PORTCULLIS_SHELLCHECK").filter(|program| !program.is_empty()) else {
        eprintln!("skipped: PORTCULLIS_SHELLCHECK does not name the program shellcheck");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    for script in scripts {
        let path = dir.path().join("script");
        fs::write(&path, format!("#!/bin/bash\nset -Eeuo pipefail\n{script}")).unwrap();
        let output = Command::new(&program).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// A file of this project as YAML.
pub fn yaml(path: &str) -> serde_json::Value {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The entries of a mapping as text.
pub fn texts(value: &serde_json::Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_else(|| panic!("{key} is no text")).to_owned()))
        .collect()
}
