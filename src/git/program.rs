//! Which git program is run, with which environment and settings. It does not know what the answers mean.

use super::GitError;
use crate::sys::{Bytes, Command, Fault, FileKind, Sys, SysError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where systems keep their git. Looked at before `PATH`, which the environment decides.
const SYSTEM_DIRS: [&str; 6] =
    ["/usr/bin", "/usr/local/bin", "/bin", "/opt/homebrew/bin", "/usr/lib/git-core", "/run/current-system/sw/bin"];

/// A call takes milliseconds; one that waits for something (a FIFO named by `include.path`) must end all the same.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// The listing of the largest repositories (a million paths of 100 bytes) is below 200 MiB.
const OUTPUT_LIMIT: Bytes = Bytes::mib(512);

/// A directory that exists nowhere.
const NOWHERE: &str = "/nonexistent";

/// The whole environment but for the directories. The user's and the system's settings stay out, so that the verdict
/// does not depend on the machine; `GIT_ALLOW_PROTOCOL` outranks every `protocol.*` of a repository, so that a partial
/// clone cannot fetch (and `ext::` cannot run a program) while objects are read.
const ENVIRONMENT: [(&str, &str); 18] = [
    ("PATH", NOWHERE),
    ("HOME", NOWHERE),
    ("XDG_CONFIG_HOME", NOWHERE),
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_SYSTEM", "/dev/null"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_PROTOCOL_FROM_USER", "0"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_SSH_COMMAND", "false"),
    ("GIT_ASKPASS", "false"),
    ("GIT_PAGER", "cat"),
];

/// Settings that outrank a repository's own: everything that can name a program, and what could hide files for reasons
/// outside the checkout. The commands in use need none of them; a later git may.
const SETTINGS: [&str; 20] = [
    "core.fsmonitor=false",
    NO_HOOKS,
    "core.untrackedCache=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.alternateRefsCommand=",
    "core.sshCommand=false",
    "core.gitProxy=",
    "core.askPass=false",
    "core.editor=false",
    "core.pager=cat",
    "credential.helper=",
    "diff.external=",
    "gpg.program=false",
    "log.showSignature=false",
    "protocol.allow=never",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
];

/// What decides which settings of the user and of the system git reads.
pub(super) const USER_SETTINGS: [&str; 5] =
    ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];

/// The setting of ours that stands above the question where hooks lie.
const NO_HOOKS: &str = "core.hooksPath=/dev/null";

/// One call of a subcommand.
pub(super) struct Call {
    pub(super) command: &'static str,
    pub(super) args: Vec<OsString>,
    pub(super) stdin: Vec<u8>,
    pub(super) output_limit: Bytes,
    /// Paths are taken literally. One subcommand refuses to be told so.
    pub(super) literal_paths: bool,
}

impl Call {
    pub(super) fn new<A: Into<OsString>>(command: &'static str, args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(Into::into).collect();
        Self { command, args, stdin: Vec::new(), output_limit: OUTPUT_LIMIT, literal_paths: true }
    }
}

/// The absolute path of the git program: fixed system directories first, then the absolute entries of `PATH`. An entry
/// that lies inside the judged tree is never used. None where there is no git.
pub fn find(sys: &dyn Sys, judged: &Path) -> Result<Option<PathBuf>, GitError> {
    for dir in SYSTEM_DIRS {
        if let Some(program) = program_in(sys, Path::new(dir))? {
            return Ok(Some(program));
        }
    }
    find_on_path(sys, &sys.var("PATH")?.unwrap_or_default(), judged)
}

pub(super) fn find_on_path(sys: &dyn Sys, path: &str, judged: &Path) -> Result<Option<PathBuf>, GitError> {
    for dir in std::env::split_paths(path).filter(|dir| dir.is_absolute()) {
        // A relative entry depends on where we stand, which is the judged tree. An entry that leads nowhere holds no
        // program.
        let Some(dir) = there(sys.real_path(&dir).map(Some))? else { continue };
        let Some(program) = program_in(sys, &dir)? else { continue };
        if !sys.real_path(&program)?.starts_with(judged) && !dir.starts_with(judged) {
            return Ok(Some(program));
        }
    }
    Ok(None)
}

fn program_in(sys: &dyn Sys, dir: &Path) -> Result<Option<PathBuf>, GitError> {
    let program = dir.join("git");
    let found = matches!(there(sys.kind(&program))?, Some(FileKind::File | FileKind::Link));
    Ok(found.then_some(program))
}

/// What is not there, or may not be looked into, holds nothing that could be run. Any other fault is one.
fn there<T>(answer: Result<Option<T>, SysError>) -> Result<Option<T>, SysError> {
    match answer {
        Err(SysError { fault: Fault::NotFound | Fault::Denied, .. }) => Ok(None),
        other => other,
    }
}

/// The call inside a checkout whose directories are given, so that git discovers nothing by itself.
pub(super) fn inside(program: &Path, toplevel: &Path, call: &Call) -> Command {
    let mut command = discovering(program, toplevel, call);
    command.env.push(("GIT_DIR".into(), toplevel.join(".git").into()));
    command.env.push(("GIT_WORK_TREE".into(), toplevel.into()));
    command
}

/// The call in a directory for which git itself looks for the repository.
pub(super) fn discovering(program: &Path, dir: &Path, call: &Call) -> Command {
    let mut args: Vec<OsString> = vec!["--no-pager".into()];
    if call.literal_paths {
        args.push("--literal-pathspecs".into());
    }
    args.extend(SETTINGS.iter().flat_map(|setting| [OsString::from("-c"), setting.into()]));
    args.push(call.command.into());
    args.extend(call.args.iter().cloned());
    Command {
        program: program.to_owned(),
        args,
        env: ENVIRONMENT.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        dir: dir.to_owned(),
        stdin: call.stdin.clone(),
        output_limit: call.output_limit,
        time_limit: TIME_LIMIT,
    }
}

/// The call under the settings of the user, given as variables with their values, and with hooks where they say. For
/// `rev-parse` alone, which runs no hook.
pub(super) fn with_user_settings(mut command: Command, user: &[(&str, Option<String>)]) -> Command {
    command.env.retain(|(name, _)| !user.iter().any(|(variable, _)| name == variable));
    let set = user.iter().filter_map(|(name, value)| Some((name.into(), value.as_ref()?.into())));
    command.env.extend(set); // a variable that is not set stays so
    if let Some(at) = command.args.iter().position(|arg| arg == NO_HOOKS) {
        command.args.drain(at.saturating_sub(1)..=at); // with its `-c`
    }
    command
}
