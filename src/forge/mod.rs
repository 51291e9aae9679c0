//! What the CI environment says of the run: which change, which base. It reads variables and the event file, and
//! trusts neither for more than naming a commit that git then has to know.

use crate::sys::{Bytes, Fault, Sys, SysError};
use std::path::Path;

/// The event file of a GitHub run is below 100 KiB in practice; GitHub cuts payloads at 25 MB.
const MAX_EVENT: Bytes = Bytes::mib(25);

/// A proposed change: a pull request, a merge request or an entry of a merge queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit that the change is to be merged into, as the environment names it.
    pub base: String,
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
    /// The event file is not the JSON it should be.
    #[error("the event file {path} is not JSON: {why}")]
    BadEvent {
        /// Its path.
        path: String,
        /// The parser's words.
        why: String,
    },
}

/// The change that this run judges; none for a push, a schedule, or outside CI.
pub fn change(sys: &dyn Sys) -> Result<Option<Change>, ForgeError> {
    if sys.var("GITHUB_ACTIONS")?.as_deref() == Some("true") {
        return github(sys);
    }
    if sys.var("GITLAB_CI")?.as_deref() == Some("true") {
        return gitlab(sys);
    }
    Ok(None)
}

fn github(sys: &dyn Sys) -> Result<Option<Change>, ForgeError> {
    let event = sys.var("GITHUB_EVENT_NAME")?.unwrap_or_default();
    let (what, pointer, missing) = match event.as_str() {
        "pull_request" | "pull_request_target" | "pull_request_review" => {
            ("pull request of GitHub Actions", "/pull_request/base/sha", "pull_request.base.sha of the event")
        }
        "merge_group" => {
            ("merge group of GitHub Actions", "/merge_group/base_sha", "merge_group.base_sha of the event")
        }
        // Pushes, schedules, tags and manual runs have no base: everything blocks, which is the stricter way.
        _ => return Ok(None),
    };
    let no_base = ForgeError::NoBase { what, missing };
    let Some(path) = sys.var("GITHUB_EVENT_PATH")? else { return Err(no_base) };
    let bytes = sys.read(Path::new(&path), MAX_EVENT)?;
    let event: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| ForgeError::BadEvent { path: path.clone(), why: e.to_string() })?;
    let base =
        event.pointer(pointer).and_then(serde_json::Value::as_str).filter(|sha| is_commit_id(sha)).ok_or(no_base)?;
    Ok(Some(Change { base: base.to_owned(), what, fetch: format!("git fetch --depth=1 origin {base}") }))
}

fn gitlab(sys: &dyn Sys) -> Result<Option<Change>, ForgeError> {
    let what = "merge request of GitLab CI";
    if sys.var("CI_MERGE_REQUEST_IID")?.is_none() {
        return Ok(None);
    }
    let missing = "CI_MERGE_REQUEST_DIFF_BASE_SHA";
    match sys.var(missing)? {
        Some(base) if is_commit_id(&base) => {
            let fetch = format!("git fetch --depth=1 origin {base}");
            Ok(Some(Change { base, what, fetch }))
        }
        _ => Err(ForgeError::NoBase { what, missing }),
    }
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
            Self::Sys(_) => "make the runner's variables and event file readable".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
