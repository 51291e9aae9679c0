//! Who started this run, where, and whether it is given secrets: what the record says, and whether a key is expected. A
//! pure reading of the environment and the event file; all of it is a claim of the environment.

use super::{ForgeError, github_event};
use crate::sys::{Sys, SysError};

/// Which CI system runs this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ci {
    /// None: somebody's machine.
    None,
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
    /// One that sets `CI` and is not known here. Nothing tells what it keeps.
    Other,
}

impl Ci {
    /// Whether this is a CI system.
    pub fn is_ci(self) -> bool {
        self != Self::None
    }
}

/// How this run came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The CI system.
    pub ci: Ci,
    /// Whether the run is given the repository's secrets. False for events that outsiders can cause.
    pub has_secrets: bool,
    /// The login of who started it.
    pub initiator: Option<String>,
    /// The event.
    pub trigger: Option<String>,
    /// The ref that is built.
    pub git_ref: Option<String>,
    /// What tells the run from others of its repository.
    pub run_id: Option<String>,
    /// Which attempt of it, from 1.
    pub attempt: u32,
    /// Whether the forge owns the machine, where it says so.
    pub is_hosted: bool,
    /// The repository's address.
    pub repository: Option<String>,
    /// The name of the machine, as far as the environment gives it: so that it is not recorded.
    pub host: Option<String>,
}

/// Events of GitHub that run without secrets when they come from a fork.
const FORK_EVENTS: [&str; 3] = ["pull_request", "pull_request_review", "pull_request_review_comment"];
/// Events that run without secrets when this bot causes them.
const BOT_EVENTS: [&str; 4] = ["push", "create", "deployment", "deployment_status"];
const BOT: &str = "dependabot[bot]";

/// Reads how this run came to be.
pub fn invocation(sys: &dyn Sys) -> Result<Invocation, ForgeError> {
    let host = set(sys, "HOSTNAME")?;
    if sys.var("GITHUB_ACTIONS")?.as_deref() == Some("true") {
        return Ok(Invocation { host, ..github(sys)? });
    }
    if sys.var("GITLAB_CI")?.as_deref() == Some("true") {
        return Ok(Invocation { host, ..gitlab(sys)? });
    }
    let ci = if set(sys, "CI")?.is_some_and(|ci| ci != "false") { Ci::Other } else { Ci::None };
    Ok(Invocation { host, ..unknown(ci) })
}

fn unknown(ci: Ci) -> Invocation {
    Invocation {
        ci,
        has_secrets: true,
        initiator: None,
        trigger: None,
        git_ref: None,
        run_id: None,
        attempt: 1,
        is_hosted: false,
        repository: None,
        host: None,
    }
}

fn github(sys: &dyn Sys) -> Result<Invocation, ForgeError> {
    let name = set(sys, "GITHUB_EVENT_NAME")?;
    let initiator = set(sys, "GITHUB_ACTOR")?;
    let event_name = name.as_deref().unwrap_or_default();
    let event = github_event(sys, event_name)?;
    let is_bot = initiator.as_deref() == Some(BOT);
    let outside = FORK_EVENTS.contains(&event_name) && (is_bot || is_fork(&event));
    let repository = match (set(sys, "GITHUB_SERVER_URL")?, set(sys, "GITHUB_REPOSITORY")?) {
        (Some(server), Some(name)) => Some(format!("{}/{name}", server.trim_end_matches('/'))),
        _ => None,
    };
    Ok(Invocation {
        has_secrets: !(outside || is_bot && BOT_EVENTS.contains(&event_name)),
        initiator,
        trigger: name,
        git_ref: set(sys, "GITHUB_REF")?,
        run_id: number(sys, "GITHUB_RUN_ID", u64::MAX)?.map(|id| id.to_string()),
        attempt: attempt(sys)?,
        is_hosted: set(sys, "RUNNER_ENVIRONMENT")?.as_deref() == Some("github-hosted"),
        repository,
        ..unknown(Ci::Github)
    })
}

/// Whether the head of the pull request lies in another repository than its base, or in one that is gone.
fn is_fork(event: &serde_json::Value) -> bool {
    let (Some(head), Some(base)) = (event.pointer("/pull_request/head"), event.pointer("/pull_request/base")) else {
        return false; // it does not say, so a key is expected
    };
    let same = |field: &str| {
        let of = |side: &serde_json::Value| side.pointer(field).filter(|value| !value.is_null()).cloned();
        of(head).zip(of(base)).map(|(head, base)| head == base)
    };
    // A repository that is gone has neither.
    let answers = [same("/repo/id"), same("/repo/full_name")];
    answers.contains(&Some(false)) || answers == [None, None]
}

/// The job is the run: a job that is tried again gets a number of its own.
fn gitlab(sys: &dyn Sys) -> Result<Invocation, ForgeError> {
    let of_another = match (set(sys, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID")?, set(sys, "CI_MERGE_REQUEST_PROJECT_ID")?) {
        (Some(source), Some(target)) => source != target,
        (None, None) => false,
        _ => true, // a merge request whose source is gone
    };
    // Protected variables are given to protected branches and tags alone.
    let is_protected = set(sys, "CI_COMMIT_REF_PROTECTED")?.as_deref() == Some("true");
    let git_ref = match (set(sys, "CI_MERGE_REQUEST_REF_PATH")?, set(sys, "CI_COMMIT_TAG")?) {
        (Some(path), _) => Some(path),
        (None, Some(tag)) => Some(format!("refs/tags/{tag}")),
        (None, None) => set(sys, "CI_COMMIT_BRANCH")?.map(|branch| format!("refs/heads/{branch}")),
    };
    Ok(Invocation {
        has_secrets: is_protected && !of_another,
        initiator: set(sys, "GITLAB_USER_LOGIN")?,
        trigger: set(sys, "CI_PIPELINE_SOURCE")?,
        git_ref,
        run_id: number(sys, "CI_JOB_ID", u64::MAX)?.map(|id| id.to_string()),
        repository: set(sys, "CI_PROJECT_URL")?,
        ..unknown(Ci::Gitlab)
    })
}

/// Absent on old servers, which is the first.
fn attempt(sys: &dyn Sys) -> Result<u32, ForgeError> {
    let number = number(sys, "GITHUB_RUN_ATTEMPT", u32::MAX.into())?;
    Ok(number.and_then(|number| u32::try_from(number).ok()).unwrap_or(1)) // `number` keeps to the limit
}

/// A number from 1 to `most`. Forges give their runs numbers: another text would be recorded as the run of nobody, and
/// what is cleaned out of it would be missing when it is looked for.
fn number(sys: &dyn Sys, variable: &'static str, most: u64) -> Result<Option<u64>, ForgeError> {
    let Some(text) = set(sys, variable)? else { return Ok(None) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && (1..=most).contains(number));
    number.map(Some).ok_or(ForgeError::NotANumber { variable, most })
}

/// The variable, where it is set and not empty.
fn set(sys: &dyn Sys, name: &str) -> Result<Option<String>, SysError> {
    Ok(sys.var(name)?.filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::is_fork;
    use serde_json::json;

    fn pull(head: &serde_json::Value, base: &serde_json::Value) -> serde_json::Value {
        json!({ "pull_request": { "head": { "repo": head }, "base": { "repo": base } } })
    }

    #[test]
    fn a_pull_request_is_a_forks_where_head_and_base_differ_or_the_head_is_gone() {
        let base = json!({ "id": 1, "full_name": "o/n" });
        for (head, expected) in [
            (base.clone(), false),
            (json!({ "id": 2, "full_name": "o/n" }), true),
            (json!({ "id": 1, "full_name": "x/n" }), true),
            (json!({ "id": 1 }), false),
            (json!({ "full_name": "o/n" }), false),
            (json!({ "full_name": "x/n" }), true),
            (json!({}), true),
            (json!(null), true),
        ] {
            assert_eq!(is_fork(&pull(&head, &base)), expected, "{head}");
        }
        assert!(!is_fork(&json!({})), "an event that says nothing is no excuse");
        assert!(!is_fork(&json!(null)));
    }
}
