//! What a record says of a checkout: its commit, its ref, two settings of git, and the id that git gives to bytes. It
//! compares nothing by itself.

use super::program::{self, Call};
use super::{Git, GitError, failed, is_object_id, malformed};
use crate::sys::Sys;
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use std::ffi::OsString;
use std::path::Path;

/// What git needs to find the user's own settings.
const USERS: [&str; 3] = ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL"];
/// What keeps them out of every other call.
const SHUT_OUT: [&str; 5] =
    ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];

/// A commit as a record names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its id.
    pub commit: String,
    /// The id of its tree.
    pub tree: String,
    /// The branch that is checked out, such as `refs/heads/main`; none where none is, and for another commit.
    pub git_ref: Option<String>,
}

/// Settings of git, as git itself ranks them: the checkout's before the user's before the system's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `user.name`.
    pub user_name: Option<String>,
    /// `remote.origin.url`. May hold a password.
    pub origin: Option<String>,
}

impl Git<'_> {
    /// The commit that a text names, else the one that is checked out; none on a branch without commits.
    pub fn named(&self, rev: Option<&str>) -> Result<Option<Named>, GitError> {
        let (commit, git_ref) = match rev {
            Some(rev) => (self.commit(rev)?, None), // a complete id: it can be nothing else in what follows
            None => ("HEAD".to_owned(), Some("--symbolic-full-name")),
        };
        let asked = [format!("{commit}^{{commit}}"), format!("{commit}^{{tree}}")];
        let asked = asked.iter().map(String::as_str).chain(git_ref).chain([commit.as_str()]);
        let output = self.run(&Call::new("rev-parse", asked))?;
        if output.code != Some(0) {
            return match self.head()? {
                None if rev.is_none() => Ok(None),
                _ => Err(failed("rev-parse", &output)),
            };
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = text.lines().collect();
        match lines.as_slice() {
            [commit, tree, git_ref] if is_object_id(commit) && is_object_id(tree) => Ok(Some(Named {
                commit: (*commit).to_owned(),
                tree: (*tree).to_owned(),
                git_ref: git_ref.starts_with("refs/").then(|| (*git_ref).to_owned()),
            })),
            _ => Err(malformed("rev-parse", &output.stdout)),
        }
    }

    /// The settings in this checkout. git reads files for this and runs nothing.
    pub fn settings(&self) -> Result<Settings, GitError> {
        let call = Call::new("config", ["-z", "--get-regexp", r"^(user\.name|remote\.origin\.url)$"]);
        let mut command = program::inside(&self.program, &self.toplevel, &call);
        command.env.retain(|(name, _)| SHUT_OUT.iter().all(|shut| name != shut));
        command.env.extend(users_environment(self.sys)?);
        let output = self.sys.run(&command)?;
        match output.code {
            Some(0) => Ok(parse_settings(&output.stdout)),
            Some(1) => Ok(Settings::default()),
            _ => Err(failed("config", &output)),
        }
    }
}

/// The user's own name, outside of any checkout; none where git does not know it or is not there.
pub fn user_name(sys: &dyn Sys, dir: &Path) -> Result<Option<String>, GitError> {
    let Some(program) = program::find(sys, dir)? else { return Ok(None) };
    let mut command = program::discovering(&program, Path::new("/"), &Call::new("config", ["--global", "user.name"]));
    command.env.retain(|(name, _)| SHUT_OUT.iter().all(|shut| name != shut));
    command.env.extend(users_environment(sys)?);
    let output = sys.run(&command)?;
    let name = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(Some(name).filter(|name| output.code == Some(0) && !name.is_empty())) // any other code: it is not set
}

/// The id of a blob of these bytes, by the algorithm that `like` was made with.
pub fn blob_id(bytes: &[u8], like: &str) -> String {
    // SHA-1 is what the repository names its content with: nobody can compare with it by anything stronger.
    let algorithm = if like.len() == 64 { &SHA256 } else { &SHA1_FOR_LEGACY_USE_ONLY };
    let mut context = Context::new(algorithm);
    context.update(format!("blob {}\0", bytes.len()).as_bytes());
    context.update(bytes);
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn users_environment(sys: &dyn Sys) -> Result<Vec<(OsString, OsString)>, GitError> {
    let mut env = Vec::new();
    for name in USERS {
        if let Some(value) = sys.var(name)? {
            env.push((name.into(), value.into()));
        }
    }
    Ok(env)
}

/// Records `key LF value NUL`; the last one of a key counts.
fn parse_settings(output: &[u8]) -> Settings {
    let mut settings = Settings::default();
    for record in super::listing::records(output) {
        let record = String::from_utf8_lossy(record);
        // A key without a value is one that is switched on, which a name is not.
        let Some((key, value)) = record.split_once('\n') else { continue };
        let value = Some(value.to_owned()).filter(|value| !value.is_empty());
        match key {
            "user.name" => settings.user_name = value,
            "remote.origin.url" => settings.origin = value,
            _ => {} // the pattern asks for no other
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_setting_of_a_key_counts_and_an_empty_one_is_none() {
        let output = b"user.name\nthe user\0user.name\nthe checkout's\0remote.origin.url\n\0";
        let expected = Settings { user_name: Some("the checkout's".into()), origin: None };
        assert_eq!(parse_settings(output), expected);
        assert_eq!(parse_settings(b"user.name\0"), Settings::default());
        assert_eq!(parse_settings(b""), Settings::default());
    }

    #[test]
    fn bytes_have_the_id_that_git_gives_them() {
        // git hash-object of «hello» and a line feed, by either algorithm.
        let sha1 = "ce013625030ba8dba906f756967f9e9ca394464a";
        let sha256 = "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4";
        assert_eq!(blob_id(b"hello\n", sha1), sha1);
        assert_eq!(blob_id(b"hello\n", sha256), sha256);
        assert_ne!(blob_id(b"hello", sha1), sha1);
    }
}
