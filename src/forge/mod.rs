//! What the CI environment says of the run: which change, which base, who started it. It reads variables and the event file, and
//! trusts neither for more than naming a commit that git then has to know.

mod invocation;

pub use invocation::{Ci, Invocation, invocation};

use crate::sys::{Bytes, Fault, Sys, SysError};
use crate::text::shell;
use std::path::Path;

/// The event file of a GitHub run is below 100 KiB in practice; GitHub cuts payloads at 25 MB.
const MAX_EVENT: Bytes = Bytes::mib(25);

/// What kind of run this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// It judges a proposed change.
    Change(Change),
    /// It may have checked out a change, and nothing says whose base it has.
    Unnamed {
        /// The event, as the environment names it.
        event: String,
    },
    /// A push, a schedule, a run outside CI: there is no change.
    Plain,
}

/// A proposed change: a pull request, a merge request or an entry of a merge queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What the change is to be merged into, as the environment names it: a commit, or a ref. Its policy decides.
    pub base: String,
    /// Where the environment says that the change left the base; for clones that do not know.
    pub compare: Option<String>,
    /// Such as `pull request of GitHub Actions`, for messages.
    pub what: &'static str,
    /// The command that brings the base into a shallow clone.
    pub fetch: String,
}

/// Why the environment could not be understood. Never a reason to run without a base: that would judge by the
/// policy of the change itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// A variable or the event file could not be read.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// A run for a change that does not say what its base is.
    #[error("this is a {what}, but {missing} does not name its base")]
    NoBase {
        /// What kind of run.
        what: &'static str,
        /// The variable or field that should.
        missing: &'static str,
    },
    /// What tells this run from others is not the number that the forge gives.
    #[error("{variable} is not a number from 1 to {most}")]
    NotANumber {
        /// The variable.
        variable: &'static str,
        /// The largest that can be.
        most: u64,
    },
    /// The event file is not the JSON it should be.
    #[error("the event file {path} is not JSON: {why}")]
    BadEvent {
        /// Its path.
        path: String,
        /// The parser's words.
        why: String,
    },
}

/// Events that never come with a change: what they check out has been merged, or is named by a person.
const PLAIN_EVENTS: [&str; 10] = [
    "branch_protection_rule",
    "create",
    "delete",
    "page_build",
    "public",
    "push",
    "registry_package",
    "release",
    "schedule",
    "workflow_dispatch",
];

/// What this run judges.
pub fn run(sys: &dyn Sys) -> Result<Run, ForgeError> {
    if sys.var("GITHUB_ACTIONS")?.as_deref() == Some("true") {
        return github(sys);
    }
    if sys.var("GITLAB_CI")?.as_deref() == Some("true") {
        return gitlab(sys);
    }
    Ok(Run::Plain)
}

/// Any event may be about a pull request, whatever its name: the event file says so.
fn github(sys: &dyn Sys) -> Result<Run, ForgeError> {
    let name = sys.var("GITHUB_EVENT_NAME")?.unwrap_or_default();
    let event = github_event(sys, &name)?;
    let (what, pointer, missing) = if name == "merge_group" || event.pointer("/merge_group/base_sha").is_some() {
        ("merge group of GitHub Actions", "/merge_group/base_sha", "merge_group.base_sha of the event")
    } else if name.starts_with("pull_request") || event.pointer("/pull_request/base/sha").is_some() {
        ("pull request of GitHub Actions", "/pull_request/base/sha", "pull_request.base.sha of the event")
    } else if PLAIN_EVENTS.contains(&name.as_str()) {
        return Ok(Run::Plain);
    } else {
        let event = if name.is_empty() { "an event without a name".into() } else { name };
        return Ok(Run::Unnamed { event });
    };
    let base = event.pointer(pointer).and_then(serde_json::Value::as_str).filter(|sha| is_commit_id(sha));
    let base = base.ok_or(ForgeError::NoBase { what, missing })?;
    Ok(Run::Change(Change { base: base.to_owned(), compare: None, what, fetch: fetch_commit(base) }))
}

/// The event; null where the environment names no file, or where a run without a change has none.
fn github_event(sys: &dyn Sys, name: &str) -> Result<serde_json::Value, ForgeError> {
    let Some(path) = sys.var("GITHUB_EVENT_PATH")?.filter(|path| !path.is_empty()) else {
        return Ok(serde_json::Value::Null);
    };
    let bytes = match sys.read(Path::new(&path), MAX_EVENT) {
        // A container without the runner's files.
        Err(SysError { fault: Fault::NotFound, .. }) if PLAIN_EVENTS.contains(&name) => {
            return Ok(serde_json::Value::Null);
        }
        other => other?,
    };
    serde_json::from_slice(&bytes).map_err(|e| ForgeError::BadEvent { path, why: e.to_string() })
}

/// The policy is that of the target branch. The diff base is where the change left it, and anybody can leave early: it
/// serves the comparison alone.
fn gitlab(sys: &dyn Sys) -> Result<Run, ForgeError> {
    let what = "merge request of GitLab CI";
    let set = |name: &str| sys.var(name).map(|value| value.filter(|value| !value.is_empty()));
    if set("CI_MERGE_REQUEST_IID")?.is_none() {
        return Ok(Run::Plain);
    }
    let compare = set("CI_MERGE_REQUEST_DIFF_BASE_SHA")?.filter(|id| is_commit_id(id));
    let missing = "CI_MERGE_REQUEST_TARGET_BRANCH_SHA";
    // Set in pipelines for merged results.
    if let Some(base) = set(missing)? {
        let base = Some(base).filter(|id| is_commit_id(id)).ok_or(ForgeError::NoBase { what, missing })?;
        let fetch = fetch_commit(&base);
        return Ok(Run::Change(Change { base, compare, what, fetch }));
    }
    let missing = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME";
    let name = set(missing)?.filter(|name| is_branch_name(name)).ok_or(ForgeError::NoBase { what, missing })?;
    let base = format!("refs/remotes/origin/{name}");
    let spec = shell::quote(&format!("+refs/heads/{name}:{base}")).unwrap_or_else(|| "BRANCH".into());
    Ok(Run::Change(Change { base, compare, what, fetch: format!("git fetch --depth=1 origin {spec}") }))
}

fn fetch_commit(id: &str) -> String {
    format!("git fetch --depth=1 origin {id}")
}

/// Whether git takes the text for the name of a branch (git-check-ref-format), so that it is no option, no range and no
/// other expression.
pub fn is_branch_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !name.starts_with('-')
        && !name.ends_with('.')
        && name != "@"
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(odd)
        && name.split('/').all(part)
}

/// Whether the text can be nothing but an object id (SHA-1 or SHA-256): it will stand in a command line.
fn is_commit_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit()) && text.bytes().any(|b| b != b'0')
}

impl ForgeError {
    /// What mends it.
    pub fn help(&self) -> String {
        match self {
            Self::Sys(SysError { fault: Fault::NotFound, .. }) | Self::NoBase { .. } | Self::BadEvent { .. } => {
                "name the base: portcullis check --base REV".into()
            }
            Self::NotANumber { variable, .. } => format!("leave {variable} as the runner sets it, or unset it"),
            Self::Sys(_) => "make the runner's variables and event file readable".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_git_takes_for_a_branch_is_one() {
        for name in ["main", "release/1.x", "feature/a-b", "a;id", "é"] {
            assert!(is_branch_name(name), "{name}");
        }
        for name in ["", "-f", "a b", "a..b", "main~1", "main^", "a:b", "a@{1}", "@", "a//b", "/a", "a.lock", "a\u{1b}"]
        {
            assert!(!is_branch_name(name), "{name:?}");
        }
    }

    #[test]
    fn only_an_object_id_is_a_commit() {
        assert!(is_commit_id(&"a1".repeat(20)));
        assert!(is_commit_id(&"a1".repeat(32)));
        assert!(!is_commit_id(&"0".repeat(40)), "the zero id means that there is none");
        assert!(!is_commit_id(&"g1".repeat(20)));
        assert!(!is_commit_id("main"));
        assert!(!is_commit_id("--upload-pack=x"));
    }
}
