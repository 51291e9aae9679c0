//! What this clone last saw of a remote, and where a commit left it. Nothing is fetched.

use super::program::Call;
use super::{Git, GitError, is_object_id, malformed, object_id};

/// Commits of one call of `git merge-base`. Each is an argument of at most 64 bytes, and all arguments together have to
/// stay below 1 MiB on some systems.
const MAX_HEADS: usize = 8_000;

impl Git<'_> {
    /// The commits at the ends of the remote-tracking branches of a remote, sorted. The name is compared and never
    /// interpreted: one that no branch has gives nothing.
    pub fn remote_heads(&self, remote: &str) -> Result<Vec<String>, GitError> {
        let format = "--format=%(objecttype) %(objectname) %(refname)";
        let output = self.run_ok(&Call::new("for-each-ref", [format, "refs/remotes/"]))?;
        let prefix = format!("refs/remotes/{remote}/");
        // The branches of `a/b` lie below those of `a`.
        let remotes = self.run_ok(&Call::new("remote", [""; 0]))?.stdout;
        let below = |name: &&[u8]| name.strip_prefix(remote.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"));
        let others: Vec<Vec<u8>> = remotes
            .split(|byte| *byte == b'\n')
            .filter(below)
            .map(|name| [b"refs/remotes/".as_slice(), name, b"/"].concat())
            .collect();
        let mut heads = Vec::new();
        for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let mut words = line.splitn(3, |byte| *byte == b' ');
            let (Some(kind), Some(oid), Some(name)) = (words.next(), words.next(), words.next()) else {
                return Err(malformed("for-each-ref", line));
            };
            // A branch of another remote, or one that somebody let point to something else than a commit, says nothing
            // of what this remote has.
            let of_another = others.iter().any(|other| name.starts_with(other));
            if name.starts_with(prefix.as_bytes()) && !of_another && kind == b"commit" {
                heads.push(object_id("for-each-ref", oid)?);
            }
        }
        heads.sort();
        heads.dedup();
        Ok(heads)
    }

    /// Whether a push to this remote goes to another address than the one that its branches were fetched from.
    pub fn pushes_elsewhere(&self, remote: &str) -> Result<bool, GitError> {
        let asked = |key: &str| -> Result<Vec<u8>, GitError> {
            let output = self.run(&Call::new("config", ["--get-all", &format!("remote.{remote}.{key}")]))?;
            match output.code {
                Some(0 | 1) => Ok(output.stdout), // 1: there is none
                _ => Err(super::failed("config", &output)),
            }
        };
        let push = asked("pushurl")?;
        Ok(!push.is_empty() && push != asked("url")?)
    }

    /// The newest commit that is an ancestor of the commit, or the commit itself, and of at least one of the others.
    /// All ids must be complete. None when this clone knows none.
    pub fn common_ancestor(&self, commit: &str, others: &[String]) -> Result<Option<String>, GitError> {
        if let Some(bad) = others.iter().map(String::as_str).chain([commit]).find(|id| !is_object_id(id)) {
            return Err(GitError::BadRevision { rev: bad.to_owned() });
        }
        // git takes all but the first for the parents of one merge, so that one answer stands for all of a part. The
        // answers are ancestors of the commit themselves: the last call tells which is the newest.
        let parts: Vec<&[String]> = others.chunks(MAX_HEADS).collect();
        let mut found = Vec::new();
        for part in &parts {
            found.extend(self.merge_base_of_many(commit, part)?);
        }
        match found.as_slice() {
            [] => Ok(None),
            [only] => Ok(Some(only.clone())),
            several => self.merge_base_of_many(commit, several),
        }
    }

    fn merge_base_of_many(&self, commit: &str, others: &[String]) -> Result<Option<String>, GitError> {
        let args = std::iter::once(commit).chain(others.iter().map(String::as_str));
        let output = self.run(&Call::new("merge-base", args))?;
        match output.code {
            Some(0) => object_id("merge-base", &output.stdout).map(Some),
            Some(1) if output.stdout.is_empty() => Ok(None),
            _ => Err(super::failed("merge-base", &output)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::git::GitError;
    use crate::git::tests::Repo;

    #[test]
    fn the_branches_of_one_remote_are_told_from_those_of_another() {
        let repo = Repo::with(&[("a", "1")]);
        let one = repo.git(&["rev-parse", "HEAD"]);
        repo.files(&[("a", "2")]);
        let two = repo.commit();
        repo.git(&["update-ref", "refs/remotes/origin/main", &one]);
        repo.git(&["update-ref", "refs/remotes/origin/a;touch${IFS}x", &one]);
        repo.git(&["update-ref", "refs/remotes/origin2/main", &two]);
        let blob = repo.git(&["rev-parse", "HEAD:a"]);
        repo.git(&["update-ref", "refs/remotes/origin/blob", &blob]);
        let git = repo.open();
        assert_eq!(git.remote_heads("origin"), Ok(vec![one]));
        assert_eq!(git.remote_heads("origin2"), Ok(vec![two]));
        repo.git(&["remote", "add", "origin/x", "../x"]);
        repo.git(&["update-ref", "refs/remotes/origin/x/main", "refs/remotes/origin2/main"]);
        assert_eq!(git.remote_heads("origin").map(|heads| heads.len()), Ok(1), "what origin/x has is not origin's");
        assert_eq!(git.remote_heads("origin/x").map(|heads| heads.len()), Ok(1));
        repo.git(&["remote", "add", "origin", "../o"]);
        assert_eq!(git.pushes_elsewhere("origin"), Ok(false));
        repo.git(&["config", "remote.origin.pushurl", "../p"]);
        assert_eq!(git.pushes_elsewhere("origin"), Ok(true));
        for name in ["", "orig", "*", "origi?", "origin/..", "--all", "none"] {
            assert_eq!(git.remote_heads(name), Ok(Vec::new()), "{name:?}");
        }
    }

    #[test]
    fn the_newest_common_ancestor_of_several_branches_is_found_and_none_is_none() {
        let repo = Repo::with(&[("a", "1")]);
        let one = repo.git(&["rev-parse", "HEAD"]);
        repo.files(&[("a", "2")]);
        let two = repo.commit();
        repo.files(&[("a", "3")]);
        let three = repo.commit();
        repo.git(&["checkout", "-q", "--orphan", "other"]);
        let other = repo.commit();
        let git = repo.open();
        let ask = |others: &[&String]| {
            git.common_ancestor(&three, &others.iter().map(|id| (*id).clone()).collect::<Vec<_>>())
        };
        assert_eq!(ask(&[&one, &two, &other]), Ok(Some(two.clone())));
        assert_eq!(ask(&[&one, &other]), Ok(Some(one)));
        assert_eq!(ask(&[&three]), Ok(Some(three.clone())));
        assert_eq!(ask(&[&other]), Ok(None));
        assert_eq!(ask(&[]), Ok(None));
        let missing = "1".repeat(40);
        assert!(matches!(ask(&[&missing]), Err(GitError::Failed { command: "merge-base", .. })));
        assert!(matches!(git.common_ancestor("HEAD", &[two]), Err(GitError::BadRevision { .. })));
    }
}
