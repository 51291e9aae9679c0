//! What is pushed, as git writes it to standard input (githooks(5), pre-push) or as the pre-commit framework says it in
//! the environment. It asks git nothing: whether the commits exist is not known here.

use crate::git::is_object_id;
use crate::sys::{Sys, SysError};

/// More refs than this in one push are refused: a mirror of a large repository holds some thousand.
const MAX_REFS: usize = 10_000;

/// What a push sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Push {
    /// The remote's name as git knows it; its address where it has no name; may be empty.
    pub(super) remote: String,
    /// The refs that get a new value, in git's order.
    pub(super) updates: Vec<Update>,
    /// The refs that go, by their name at the remote.
    pub(super) deleted: Vec<String>,
}

/// A ref that gets a new value. Its name is text from outside: neutralise before printing, and never let a shell see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Update {
    /// The name at the remote.
    pub(super) name: String,
    /// What it gets: an object id, or a name that leads to a commit.
    pub(super) tip: String,
    /// What it has now; none where the remote has no such ref.
    pub(super) had: Option<String>,
}

/// Why what is pushed is not known. Never a reason to let it pass.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotUnderstood {
    /// A line that git does not write.
    #[error("line {line} of standard input is not `<local ref> <local id> <remote ref> <remote id>`: {text:?}")]
    Line {
        /// From 1.
        line: usize,
        /// Its start.
        text: String,
    },
    /// More refs than the limit.
    #[error("standard input names more than {MAX_REFS} refs")]
    TooManyRefs,
    /// The pre-commit framework runs, and does not say what is pushed.
    #[error("the pre-commit framework does not say what is pushed")]
    NothingNamed,
    /// The environment could not be read.
    #[error(transparent)]
    Sys(#[from] SysError),
}

impl NotUnderstood {
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Line { .. } => "git calls this as a pre-push hook: portcullis hook install",
            Self::TooManyRefs => "push in smaller parts, or without judgement: git push --no-verify",
            Self::NothingNamed => "this hook judges pushes; to judge the files that lie here: portcullis check",
            Self::Sys(_) => "",
        }
    }
}

/// Reads what git writes. Nothing at all is a push of nothing.
pub(super) fn from_git(remote: &str, input: &[u8]) -> Result<Push, NotUnderstood> {
    let mut push = Push { remote: remote.to_owned(), ..Push::default() };
    if input.is_empty() {
        return Ok(push);
    }
    // The last line feed may be missing: a shell takes it away when another hook hands the input on.
    let lines = input.strip_suffix(b"\n").unwrap_or(input);
    for (number, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        if number >= MAX_REFS {
            return Err(NotUnderstood::TooManyRefs);
        }
        let text = String::from_utf8_lossy(line);
        let refused = || NotUnderstood::Line { line: number + 1, text: text.chars().take(80).collect() };
        let (name, local, had) = fields(&text).ok_or_else(refused)?;
        match (is_zero(local), is_zero(had)) {
            (true, true) => return Err(refused()),
            (true, false) => push.deleted.push(name.to_owned()),
            (false, new) => {
                let had = (!new).then(|| had.to_owned());
                push.updates.push(Update { name: name.to_owned(), tip: local.to_owned(), had });
            }
        }
    }
    Ok(push)
}

/// Remote ref, local id, remote id. Read from the end: the local ref is written as the user typed it, and `HEAD@{1 day
/// ago}` has spaces in it.
fn fields(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.rsplitn(4, ' ');
    let (had, name, local, typed) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let sound = is_object_id(had) && is_object_id(local) && had.len() == local.len();
    // Not more of the name: which ones are good is git's to say. A control character never is.
    let named = !typed.is_empty() && !name.is_empty() && !line.chars().any(char::is_control);
    (sound && named).then_some((name, local, had))
}

/// What stands for «no object».
fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| byte == b'0')
}

/// Whether the pre-commit framework called this.
pub(super) fn is_pre_commit(sys: &dyn Sys) -> Result<bool, SysError> {
    Ok(sys.var("PRE_COMMIT")?.is_some_and(|value| !value.is_empty()))
}

/// Reads the variables that the pre-commit framework sets for a hook of stage pre-push. None outside of it. It reads
/// standard input itself and hands on one ref of a push only.
pub(super) fn from_pre_commit(sys: &dyn Sys) -> Result<Option<Push>, NotUnderstood> {
    let var = |name: &str| sys.var(name).map(|value| value.filter(|value| !value.is_empty()));
    let (from, to) = (var("PRE_COMMIT_FROM_REF")?, var("PRE_COMMIT_TO_REF")?);
    let (local, name) = (var("PRE_COMMIT_LOCAL_BRANCH")?, var("PRE_COMMIT_REMOTE_BRANCH")?);
    let runs = is_pre_commit(sys)? || from.is_some() || to.is_some() || name.is_some();
    if !runs {
        return Ok(None);
    }
    // A push that starts with the first commit of a history has neither end: the branch is what is left.
    let Some(tip) = to.or(local).filter(|tip| !is_zero(tip)) else { return Err(NotUnderstood::NothingNamed) };
    let had = from.filter(|from| !is_zero(from));
    let name = name.unwrap_or_else(|| tip.clone());
    let remote = var("PRE_COMMIT_REMOTE_NAME")?.unwrap_or_default();
    Ok(Some(Push { remote, updates: vec![Update { name, tip, had }], deleted: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: &str = "1eb5f94ddee825b2ec0334eb8927bc0f224f300a";
    const B: &str = "2eb5f94ddee825b2ec0334eb8927bc0f224f300b";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn update(name: &str, tip: &str, had: Option<&str>) -> Update {
        Update { name: name.into(), tip: tip.into(), had: had.map(str::to_owned) }
    }

    #[test]
    fn updates_new_refs_and_deletions_are_told_apart() {
        let input = format!(
            "refs/heads/main {A} refs/heads/main {B}\nHEAD@{{1 day ago}} {B} refs/heads/new {ZERO}\n\
             (delete) {ZERO} refs/heads/old {A}\n"
        );
        let push = from_git("origin", input.as_bytes()).unwrap();
        let updates = vec![update("refs/heads/main", A, Some(B)), update("refs/heads/new", B, None)];
        assert_eq!(push, Push { remote: "origin".into(), updates, deleted: vec!["refs/heads/old".into()] });
        assert_eq!(from_git("origin", input.trim_end().as_bytes()), Ok(push), "without the last line feed");
        assert_eq!(from_git("o", b"").map(|push| (push.updates.len(), push.deleted.len())), Ok((0, 0)));
    }

    #[test]
    fn names_that_a_shell_would_act_on_are_only_text() {
        for name in ["refs/heads/a;touch${IFS}x", "refs/heads/`id`", "refs/heads/$(id)", "refs/heads/ä", "--all"] {
            let push = from_git("origin", format!("{name} {A} {name} {ZERO}\n").as_bytes()).unwrap();
            assert_eq!(push.updates, [update(name, A, None)]);
        }
    }

    #[test]
    fn what_git_does_not_write_is_refused() {
        for bad in [
            "\n".to_owned(),
            "x\n".to_owned(),
            format!("refs/heads/a {A} refs/heads/a {B}\n\n"),
            format!("\nrefs/heads/a {A} refs/heads/a {B}\n"),
            format!("refs/heads/a {A} refs/heads/a {B}\r\n"),
            format!("refs/heads/a {A} refs/heads/a {B} \n"),
            format!("{A} refs/heads/a {B}\n"),
            format!("refs/heads/a {A} refs/heads/a\n"),
            format!("refs/heads/a {A}  {B}\n"),
            format!("refs/heads/a {} refs/heads/a {B}\n", A.to_uppercase()),
            format!("refs/heads/a {A} refs/heads/a {}\n", B.trim_end_matches('b')),
            format!("refs/heads/a {A} refs/heads/a {}\n", "0".repeat(64)),
            format!("refs/heads/a\t{A}\trefs/heads/a\t{B}\n"),
            format!("refs/heads/a {A} refs/heads/a\u{1b}[2J {B}\n"),
            format!("refs/heads/a {A} refs/heads/a {B}\0\n"),
            format!("refs/heads/a {A} refs/heads/a {B}\u{2028}\n"),
            format!("(delete) {ZERO} refs/heads/a {ZERO}\n"),
        ] {
            assert!(matches!(from_git("origin", bad.as_bytes()), Err(NotUnderstood::Line { .. })), "{bad:?}");
        }
        let many = format!("refs/heads/a {A} refs/heads/a {B}\n").repeat(MAX_REFS + 1);
        assert_eq!(from_git("origin", many.as_bytes()), Err(NotUnderstood::TooManyRefs));
        let most = format!("refs/heads/a {A} refs/heads/a {B}\n").repeat(MAX_REFS);
        assert_eq!(from_git("origin", most.as_bytes()).map(|push| push.updates.len()), Ok(MAX_REFS));
    }

    proptest! {
        #[test]
        fn every_line_is_an_update_a_deletion_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(push) = from_git("origin", &bytes) {
                let lines = if bytes.is_empty() { 0 } else { bytes.strip_suffix(b"\n").unwrap_or(&bytes).split(|b| *b == b'\n').count() };
                prop_assert_eq!(push.updates.len() + push.deleted.len(), lines);
            }
        }

        #[test]
        fn no_piece_of_good_input_is_taken_for_less_than_it_says(cut in 0usize..218) {
            let whole = format!("refs/heads/main {A} refs/heads/main {B}\nrefs/heads/side {B} refs/heads/side {A}\n");
            let cut = cut.min(whole.len());
            if let Ok(push) = from_git("origin", &whole.as_bytes()[..cut]) {
                // Only at the end of a line, where nobody can know that there was to be another one.
                prop_assert!([0, 113, 114, 227, 228].contains(&cut) || push.updates.len() == 2, "{}", cut);
            }
        }
    }
}
