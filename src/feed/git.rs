//! A database by the git program: fetched without a work tree and taken as one archive. The address comes from the
//! user, never from a judged tree.

use super::archive::{self, Unpacked};
use super::compile::Origin;
use super::{FeedError, directory_commit, key};
use crate::model::Timestamp;
use crate::sys::{Bytes, Command, FileKind, Output, Sys};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Fetching the real database takes seconds.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// What git itself says is short.
const OUTPUT_LIMIT: Bytes = Bytes::mib(1);
/// Lets git through a proxy where the user has one. The rest of the environment stays behind.
const PASSED_ON: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY", "ALL_PROXY"];
/// No hook, no helper, no prompt: what the repository's own configuration could name is switched off.
const CONFIG: [&str; 8] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=",
    "core.askPass=",
    "credential.helper=",
    "gc.autoDetach=false",
    "protocol.ext.allow=never",
    "fetch.recurseSubmodules=false",
];

/// The files of a commit.
pub(super) struct Snapshot {
    /// A tar.
    pub(super) tar: Vec<u8>,
    pub(super) origin: Origin,
}

/// Fetches the newest commit of RustSec's database and takes its records.
pub(super) fn fetch(sys: &dyn Sys, url: &str, name: &str, ca_file: Option<&Path>) -> Result<Unpacked, FeedError> {
    let Snapshot { tar, origin } = snapshot(sys, url, name, ca_file, &["crates", "rust"])?;
    Ok(Unpacked { origin, ..archive::untar(url, &tar, false)? })
}

/// Fetches the newest commit of an address and takes what is below these paths, or everything without any.
///
/// The repository is kept between runs, in the user's data directory: who can write there has the signing key anyway,
/// so that its configuration is trusted as far as the key is. The cache is not.
pub(super) fn snapshot(
    sys: &dyn Sys,
    url: &str,
    name: &str,
    ca_file: Option<&Path>,
    paths: &[&str],
) -> Result<Snapshot, FeedError> {
    let repository = key::data_dir(sys)?.join(format!("{name}.git"));
    let found = crate::git::find(sys, &repository);
    let program =
        found.map_err(|e| FeedError::Git { what: "be found", why: e.to_string() })?.ok_or(FeedError::NoGit)?;
    sys.create_dir(&repository)?;
    let mut git = Git { sys, program, repository, env: environment(sys)?, config: Vec::new() };
    git.config.extend(CONFIG.iter().map(OsString::from));
    if let Some(path) = ca_file {
        let mut setting = OsString::from("http.sslCAInfo=");
        setting.push(path);
        git.config.push(setting);
    }
    if !git.is_repository()? {
        git.run("make a repository", &["init", "--quiet", "--bare", "."], OUTPUT_LIMIT)?;
    }
    let args = ["fetch", "--quiet", "--depth=1", "--no-tags", "--force", "--end-of-options", url, "HEAD"];
    git.run("fetch the database", &args, OUTPUT_LIMIT)?;
    let show = ["show", "--no-patch", "--format=%H %ct", "FETCH_HEAD"];
    let commit = git.run("read the commit", &show, OUTPUT_LIMIT)?;
    let archive = [&["archive", "--format=tar", "FETCH_HEAD", "--"], paths].concat();
    let tar = git.run("pack the records", &archive, archive::MAX_UNPACKED)?.stdout;
    let mut origin = Origin::default();
    let text = String::from_utf8_lossy(&commit.stdout);
    if let Some((id, time)) = text.trim().split_once(' ') {
        origin.commit = directory_commit::commit(id);
        origin.committed = time.parse().ok().map(Timestamp);
    }
    Ok(Snapshot { tar, origin })
}

struct Git<'a> {
    sys: &'a dyn Sys,
    program: PathBuf,
    repository: PathBuf,
    env: Vec<(OsString, OsString)>,
    config: Vec<OsString>,
}

impl Git<'_> {
    fn is_repository(&self) -> Result<bool, FeedError> {
        Ok(self.sys.kind(&self.repository.join("HEAD"))? == Some(FileKind::File))
    }

    fn run(&self, what: &'static str, args: &[&str], output_limit: Bytes) -> Result<Output, FeedError> {
        let mut all = Vec::new();
        for setting in &self.config {
            all.extend(["-c".into(), setting.clone()]);
        }
        all.extend(args.iter().map(OsString::from));
        let output = self.sys.run(&Command {
            program: self.program.clone(),
            args: all,
            env: self.env.clone(),
            dir: self.repository.clone(),
            stdin: Vec::new(),
            output_limit,
            time_limit: TIME_LIMIT,
        })?;
        if output.code == Some(0) {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let why = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
        Err(FeedError::Git { what, why: why.chars().take(200).collect() })
    }
}

fn environment(sys: &dyn Sys) -> Result<Vec<(OsString, OsString)>, FeedError> {
    let mut env: Vec<(OsString, OsString)> = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ALLOW_PROTOCOL", "https:file"),
        ("GIT_DIR", "."),
        ("HOME", "/nonexistent"),
        ("LC_ALL", "C"),
        ("PATH", "/usr/bin:/bin"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .into();
    for name in PASSED_ON {
        if let Some(value) = sys.var(name)? {
            env.push((name.into(), value.into()));
        }
    }
    Ok(env)
}
