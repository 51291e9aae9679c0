//! Where git looks for the hooks of a checkout. The one question whose answer the user's own settings may change, for
//! they decide where git will look. It writes nothing.

use super::program::{self, Call};
use super::{Git, GitError, malformed};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The directories that matter for a hook. Absolute; links are not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// Where git looks for hooks; it may not exist.
    pub directory: PathBuf,
    /// The repository's own directory, which all work trees share.
    pub common: PathBuf,
}

impl Git<'_> {
    /// Where git looks for hooks, `core.hooksPath` included, wherever it is set.
    pub fn hooks(&self) -> Result<Hooks, GitError> {
        let mut user = Vec::new();
        for name in program::USER_SETTINGS {
            user.push((name, self.sys.var(name)?));
        }
        let asked = program::inside(&self.program, &self.toplevel, &Call::new("rev-parse", ["--git-path", "hooks"]));
        let output = self.sys.run(&program::with_user_settings(asked, &user))?;
        if output.code != Some(0) {
            return Err(super::failed("rev-parse", &output));
        }
        let directory = self.path(&output.stdout)?;
        let common = self.path(&self.run_ok(&Call::new("rev-parse", ["--git-common-dir"]))?.stdout)?;
        Ok(Hooks { directory, common })
    }

    /// A path that git printed, which may be relative to the top.
    fn path(&self, printed: &[u8]) -> Result<PathBuf, GitError> {
        let path = printed.strip_suffix(b"\n").filter(|path| !path.is_empty());
        let path = path.ok_or_else(|| malformed("rev-parse", printed))?;
        Ok(self.toplevel.join(OsStr::from_bytes(path)))
    }
}

#[cfg(test)]
mod tests {
    use crate::git::Git;
    use crate::git::tests::Repo;
    use crate::sys::RealSys;

    #[test]
    fn hooks_lie_in_the_repository_unless_its_settings_say_otherwise() {
        let repo = Repo::with(&[("a", "1")]);
        let at = repo.path();
        let hooks = repo.open().hooks().unwrap();
        assert_eq!((hooks.directory, hooks.common), (at.join(".git/hooks"), at.join(".git")));
        repo.git(&["config", "core.hooksPath", "tools/my hooks"]);
        assert_eq!(repo.open().hooks().unwrap().directory, at.join("tools/my hooks"));
        repo.git(&["config", "core.hooksPath", "/elsewhere"]);
        assert_eq!(repo.open().hooks().unwrap().directory.to_str(), Some("/elsewhere"));
    }

    #[test]
    fn a_linked_work_tree_shares_the_hooks_of_its_repository() {
        let (repo, other) = (Repo::with(&[("a", "1")]), tempfile::tempdir().unwrap());
        let linked = other.path().canonicalize().unwrap().join("linked");
        repo.git(&["worktree", "add", "-q", linked.to_str().unwrap(), "-b", "side"]);
        let git = Git::discover(&RealSys, &linked).unwrap().unwrap();
        assert_eq!(git.hooks().unwrap().directory, repo.path().join(".git/hooks"));
    }
}
