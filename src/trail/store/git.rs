//! A log on a git ref of a remote, one commit for each checkpoint. A push that is not forced is the compare-and-swap. The
//! git program runs in a bare scratch repository of its own, never in the judged checkout.

use super::{Change, Read, Store, StoreError, Transaction, checked};
use crate::sys::{Bytes, Command, Guard, Output, Sys};
use crate::text::base64;
use crate::trail::tile::CHECKPOINT;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

/// The ref at the remote.
pub(super) const REF: &str = "refs/portcullis/trail";
/// The same ref in the scratch repository, as it was last seen.
const SEEN: &str = "refs/portcullis/seen";
/// What is about to be pushed.
const NEXT: &str = "refs/portcullis/next";
/// A push waits for the network and for hooks of the remote.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// Others on this machine hold the scratch repository while they push.
const LOCK_WAIT: Duration = Duration::from_secs(180);
/// All files of one question together: a chunk of 256 bodies, or the paths of two million files.
const OUTPUT_LIMIT: Bytes = Bytes::mib(512);
/// The whole environment but for what [`INHERITED`] passes on.
const ENVIRONMENT: [(&str, &str); 9] = [
    ("PATH", "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin:/run/current-system/sw/bin"),
    ("LC_ALL", "C"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "false"),
    ("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
    ("GIT_ALLOW_PROTOCOL", "file:https:ssh"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_PROTOCOL_FROM_USER", "0"),
];
/// What the user's own settings for remotes need: credential helpers and ssh keys are found below the home directory.
const INHERITED: [&str; 4] = ["HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_CONFIG_GLOBAL"];
/// Settings that outrank the user's: nothing but remote access may run a program.
const SETTINGS: [&str; 13] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.pager=cat",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=no",
    "transfer.fsckObjects=true",
];

/// A log on a git ref.
pub struct GitStore<'a> {
    sys: &'a dyn Sys,
    program: PathBuf,
    remote: String,
    scratch: PathBuf,
    /// User and token for an `https` remote, as the value of a basic `Authorization` header.
    authorization: Option<String>,
    /// The commit that reads show; none before the first look, and none inside where the remote has no log.
    seen: Mutex<Option<Option<String>>>,
}

impl std::fmt::Debug for GitStore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitStore").field("scratch", &self.scratch).finish_non_exhaustive() // the remote may hold a token
    }
}

impl<'a> GitStore<'a> {
    /// The log at this remote: an absolute path, `file://`, `https://`, `ssh://` or `user@host:path`. `scratch` is a
    /// directory that only this trail uses; it may be deleted at any time.
    pub fn new(sys: &'a dyn Sys, remote: &str, scratch: impl Into<PathBuf>) -> Result<Self, StoreError> {
        if !is_remote(remote) {
            return Err(StoreError::BadRemote);
        }
        let program = crate::git::find(sys, &sys.cwd()?)?.ok_or(StoreError::NoGit)?;
        let (remote, scratch) = (remote.to_owned(), scratch.into());
        Ok(Self { sys, program, remote, scratch, authorization: None, seen: Mutex::default() })
    }

    /// Signs in at an `https` remote with a token, which travels in git's environment and never on a command line.
    pub fn with_token(mut self, user: &str, token: &str) -> Self {
        self.authorization =
            Some(format!("Authorization: Basic {}", base64::encode(format!("{user}:{token}").as_bytes())));
        self
    }

    fn git(&self, command: &'static str, args: &[&str], stdin: Vec<u8>) -> Result<Output, StoreError> {
        let mut env: Vec<(OsString, OsString)> =
            ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect();
        for name in INHERITED {
            if let Some(value) = self.sys.var(name)? {
                env.push((name.into(), value.into()));
            }
        }
        env.push(("GIT_DIR".into(), self.scratch.clone().into()));
        if let Some(header) = &self.authorization {
            env.push(("GIT_CONFIG_COUNT".into(), "1".into()));
            env.push(("GIT_CONFIG_KEY_0".into(), format!("http.{}.extraHeader", self.remote).into()));
            env.push(("GIT_CONFIG_VALUE_0".into(), header.into()));
        }
        let mut words: Vec<OsString> = vec!["--no-pager".into()];
        words.extend(SETTINGS.iter().flat_map(|setting| [OsString::from("-c"), setting.into()]));
        words.push(command.into());
        words.extend(args.iter().map(OsString::from));
        let (program, dir) = (self.program.clone(), self.scratch.clone());
        let (output_limit, time_limit) = (OUTPUT_LIMIT, TIME_LIMIT);
        Ok(self.sys.run(&Command { program, args: words, env, dir, stdin, output_limit, time_limit })?)
    }

    fn git_ok(&self, command: &'static str, args: &[&str], stdin: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let output = self.git(command, args, stdin)?;
        if output.code == Some(0) { Ok(output.stdout) } else { Err(failed(command, &output)) }
    }

    fn lock(&self) -> Result<Box<dyn Guard>, StoreError> {
        self.sys.create_dir(&self.scratch)?;
        let guard = self.sys.lock(&self.scratch.join("portcullis.lock"), LOCK_WAIT)?;
        if self.sys.kind(&self.scratch.join("HEAD"))?.is_none() {
            self.git_ok("init", &["--quiet", "--bare", "--template="], Vec::new())?;
        }
        Ok(guard)
    }

    /// Brings the commit of the remote's ref here. Needs the lock.
    fn fetch(&self) -> Result<Option<String>, StoreError> {
        let answer = self.git_ok("ls-remote", &["--refs", "--", &self.remote, REF], Vec::new())?;
        let commit = match answer.split(|byte| *byte == b'\t').next().filter(|_| !answer.is_empty()) {
            None => None,
            Some(id) => Some(object_id("ls-remote", id)?),
        };
        if let Some(commit) = &commit {
            let known = self.git("rev-parse", &["--verify", "--quiet", SEEN], Vec::new())?;
            if known.stdout.trim_ascii() != commit.as_bytes() {
                let spec = format!("+{REF}:{SEEN}");
                let args = ["--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--", &self.remote, &spec];
                self.git_ok("fetch", &args, Vec::new())?;
                // The ref may have moved on since: what was fetched counts.
                let fetched = self.git_ok("rev-parse", &["--verify", "--quiet", SEEN], Vec::new())?;
                let fetched = object_id("rev-parse", &fetched)?;
                self.show(Some(fetched.clone()));
                return Ok(Some(fetched));
            }
        }
        self.show(commit.clone());
        Ok(commit)
    }

    fn show(&self, commit: Option<String>) {
        if let Ok(mut seen) = self.seen.lock() {
            *seen = Some(commit);
        }
    }

    /// The commit that reads show, looked up first where nobody has.
    fn shown(&self) -> Result<Option<String>, StoreError> {
        let seen = self.seen.lock().map(|seen| seen.clone()).unwrap_or_default();
        match seen {
            Some(commit) => Ok(commit),
            None => {
                let _guard = self.lock()?;
                self.fetch()
            }
        }
    }

    fn blobs(&self, commit: &str, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut question = Vec::new();
        for path in paths {
            checked(path)?;
            question.extend(format!("{commit}:{path}\n").into_bytes());
        }
        let answer = self.git_ok("cat-file", &["--batch"], question)?;
        parse_batch(&answer, paths)
    }
}

/// The answer of `cat-file --batch` to one question for each path.
fn parse_batch(answer: &[u8], paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let odd = StoreError::GitAnswer { command: "cat-file" };
    let mut rest = answer;
    let mut blobs = Vec::with_capacity(paths.len());
    for path in paths {
        let end = rest.iter().position(|byte| *byte == b'\n').ok_or_else(|| odd.clone())?;
        let (line, after) = rest.split_at_checked(end).ok_or_else(|| odd.clone())?;
        rest = after.strip_prefix(b"\n").ok_or_else(|| odd.clone())?;
        if line.ends_with(b" missing") {
            blobs.push(None);
            continue;
        }
        let mut words = std::str::from_utf8(line).map_err(|_| odd.clone())?.split(' ').skip(1);
        let (kind, size) = (words.next(), words.next().and_then(|size| size.parse::<usize>().ok()));
        let size = size.ok_or_else(|| odd.clone())?;
        let (bytes, after) = rest.split_at_checked(size).ok_or_else(|| odd.clone())?;
        rest = after.strip_prefix(b"\n").ok_or_else(|| odd.clone())?;
        let limit = checked(path)?;
        if kind != Some("blob") || size as u64 > limit.0 {
            return Err(StoreError::Damaged { what: "a file of the log is no file, or too large" });
        }
        blobs.push(Some(bytes.to_vec()));
    }
    if rest.is_empty() { Ok(blobs) } else { Err(odd) }
}

impl Read for GitStore<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read_many(&[path.to_owned()])?.pop().flatten())
    }

    fn read_many(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        match self.shown()? {
            Some(commit) => self.blobs(&commit, paths),
            None => paths.iter().map(|path| checked(path).map(|_| None)).collect(),
        }
    }
}

impl Store for GitStore<'_> {
    fn checkpoint(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let _guard = self.lock()?;
        match self.fetch()? {
            Some(commit) => Ok(self.blobs(&commit, &[CHECKPOINT.to_owned()])?.pop().flatten()),
            None => Ok(None),
        }
    }

    fn list(&self) -> Result<Vec<String>, StoreError> {
        let Some(commit) = self.shown()? else { return Ok(Vec::new()) };
        let answer = self.git_ok("ls-tree", &["-r", "-z", "--name-only", "--full-tree", &commit], Vec::new())?;
        let paths = answer.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        let mut paths: Vec<String> = paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect();
        paths.sort();
        Ok(paths)
    }

    fn pending(&self) -> Result<Option<Change>, StoreError> {
        Ok(None) // a push publishes everything at once
    }

    fn begin(&self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        let guard = self.lock()?;
        let parent = self.fetch()?;
        let checkpoint = match &parent {
            Some(commit) => self.blobs(commit, &[CHECKPOINT.to_owned()])?.pop().flatten(),
            None => None,
        };
        if parent.is_some() && checkpoint.is_none() {
            return Err(StoreError::Damaged { what: "the ref holds no checkpoint" });
        }
        Ok(Box::new(GitTransaction { store: self, parent, checkpoint, _guard: guard }))
    }
}

/// Holds the scratch repository until it is dropped; the remote is free.
struct GitTransaction<'s> {
    store: &'s GitStore<'s>,
    parent: Option<String>,
    checkpoint: Option<Vec<u8>>,
    _guard: Box<dyn Guard>,
}

impl Read for GitTransaction<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read_many(&[path.to_owned()])?.pop().flatten())
    }

    fn read_many(&self, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        match &self.parent {
            Some(commit) => self.store.blobs(commit, paths),
            None => paths.iter().map(|path| checked(path).map(|_| None)).collect(),
        }
    }
}

impl Transaction for GitTransaction<'_> {
    fn checkpoint(&self) -> Option<&[u8]> {
        self.checkpoint.as_deref()
    }

    fn commit(self: Box<Self>, change: &Change) -> Result<(), StoreError> {
        let store = self.store;
        let time = store.sys.now()?.0;
        // Stage: the objects are here, under a ref that nobody reads.
        let stream = import_stream(change, self.parent.as_deref(), time)?;
        let id = store.git_ok("fast-import", &["--quiet", "--force", "--done"], stream)?;
        let id = object_id("fast-import", &id)?;
        // Commit, tiles and publication are one: the remote moves its ref only from the commit we built on.
        let spec = format!("{id}:{REF}");
        let args = ["--porcelain", "--no-verify", "--no-follow-tags", "--", &store.remote, &spec];
        let output = store.git("push", &args, Vec::new())?;
        if output.code == Some(0) {
            store.show(Some(id.clone()));
            // The next look need not fetch what was made here. Failing to remember costs a fetch, nothing else.
            let _ = store.git("update-ref", &[SEEN, &id], Vec::new());
            return Ok(());
        }
        if is_conflict(&output) { Err(StoreError::Conflict) } else { Err(failed("push", &output)) }
    }
}

/// What `git fast-import` makes the commit from. Every path is one that a log has, so none needs quoting. The author has
/// no address: nobody's name is in the log.
fn import_stream(change: &Change, parent: Option<&str>, time: i64) -> Result<Vec<u8>, StoreError> {
    let mut out =
        format!("reset {NEXT}\n\ncommit {NEXT}\nmark :1\ncommitter portcullis <> {time} +0000\ndata 5\ntrail\n");
    if let Some(parent) = parent {
        out.push_str(&format!("from {parent}\n"));
    }
    let mut out = out.into_bytes();
    for dir in &change.clear {
        out.extend(format!("D {dir}\n").into_bytes());
    }
    let checkpoint = (CHECKPOINT.to_owned(), change.checkpoint.clone());
    for (path, bytes) in change.put.iter().chain([(&checkpoint.0, &checkpoint.1)]) {
        checked(path)?;
        out.extend(format!("M 100644 inline {path}\ndata {}\n", bytes.len()).into_bytes());
        out.extend(bytes);
        out.push(b'\n');
    }
    out.extend(b"\nget-mark :1\ndone\n");
    Ok(out)
}

/// Whether the remote, or git on its behalf, says that the ref is not where we left it.
fn is_conflict(output: &Output) -> bool {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let moved =
        ["cannot lock ref", "failed to update ref", "reference already exists", "incorrect old value", "stale info"];
    said.contains("[rejected]")
        || (said.contains("[remote rejected]") && moved.iter().any(|words| said.contains(words)))
}

fn failed(command: &'static str, output: &Output) -> StoreError {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    StoreError::Git { command, stderr: without_user_info(line).chars().take(200).collect() }
}

/// The line without what stands between `://` and `@`.
fn without_user_info(line: &str) -> String {
    let mut parts = line.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("://");
        let authority = part.split(['/', ' ', '\'']).next().unwrap_or_default();
        out.push_str(match authority.rsplit_once('@') {
            Some((user, _)) => part.get(user.len() + 1..).unwrap_or_default(),
            None => part,
        });
    }
    out
}

fn object_id(command: &'static str, bytes: &[u8]) -> Result<String, StoreError> {
    let text = std::str::from_utf8(bytes.trim_ascii()).unwrap_or_default();
    let hex = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if hex && matches!(text.len(), 40 | 64) { Ok(text.to_owned()) } else { Err(StoreError::GitAnswer { command }) }
}

fn is_remote(remote: &str) -> bool {
    if remote.chars().any(|c| c.is_control() || c.is_whitespace()) || remote.starts_with('-') || remote.contains("::") {
        return false;
    }
    let scp = |text: &str| match text.split_once(':') {
        Some((host, path)) => !host.is_empty() && !host.contains('/') && !path.is_empty() && !path.starts_with("//"),
        None => false,
    };
    ["/", "file:///", "https://", "ssh://"].iter().any(|start| remote.starts_with(start)) || scp(remote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_remotes_that_cannot_run_a_program_are_taken() {
        for remote in
            ["/srv/trail.git", "file:///srv/trail.git", "https://example.com/t", "ssh://h/t", "git@example.com:t"]
        {
            assert!(is_remote(remote), "{remote}");
        }
        for remote in
            ["", "-upload-pack=x", "ext::sh -c x", "ext::x", "http://example.com/t", "../t", "origin", "a b:c", "h:"]
        {
            assert!(!is_remote(remote), "{remote}");
        }
    }

    #[test]
    fn what_git_says_is_shown_without_tokens() {
        let line = "fatal: unable to access 'https://user:secret@example.com/t/': refused, see https://example.com/@x";
        let shown = "fatal: unable to access 'https://example.com/t/': refused, see https://example.com/@x";
        assert_eq!(without_user_info(line), shown);
    }

    #[test]
    fn a_moved_ref_is_a_conflict_and_a_refusing_hook_is_not() {
        let output = |text: &str| Output { code: Some(1), stdout: text.into(), stderr: Vec::new() };
        assert!(is_conflict(&output("!\tx:refs/portcullis/trail\t[rejected] (fetch first)\n")));
        assert!(is_conflict(&output("!\tx:y\t[remote rejected] (failed to update ref)\n")));
        assert!(!is_conflict(&output("!\tx:y\t[remote rejected] (pre-receive hook declined)\n")));
    }

    #[test]
    fn an_answer_of_cat_file_is_read_to_its_end() {
        let paths = ["checkpoint".to_owned(), "tile/0/000".to_owned()];
        let answer = b"0123 blob 3\na\nb\nHEAD:tile/0/000 missing\n";
        assert_eq!(parse_batch(answer, &paths), Ok(vec![Some(b"a\nb".to_vec()), None]));
        for bad in [&answer[..12], b"0123 blob 3\nab\n", b"0123 tree 3\na\nb\nx missing\n", b""] {
            assert!(parse_batch(bad, &paths).is_err());
        }
    }
}
