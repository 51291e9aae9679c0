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
    use crate::git::tests::Repo;

    // Where hooks lie without a setting depends on the user's own; `tests/hook_install.rs` asks that without any.
    #[test]
    fn the_settings_of_a_repository_say_where_its_hooks_lie() {
        let repo = Repo::with(&[("a", "1")]);
        let at = repo.path();
        for (setting, directory) in [
            ("tools/my hooks", at.join("tools/my hooks")),
            ("/elsewhere", "/elsewhere".into()),
            ("a\nb", at.join("a\nb")),
        ] {
            repo.git(&["config", "core.hooksPath", setting]);
            let hooks = repo.open().hooks().unwrap();
            assert_eq!((hooks.directory, hooks.common), (directory, at.join(".git")));
        }
    }
}
