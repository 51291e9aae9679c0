//! Writing and removing the pre-push hook. A file that this program did not write, or that somebody changed since, is
//! never touched.
//!
//! The hook names the program by its absolute path and does not look for it on `PATH`: a hook runs with the `PATH` of
//! whatever started git, such as an editor, and that may hold directories of the judged tree.

use super::{HookError, checkout, output};
use crate::cli::Exit;
use crate::git::{Git, GitError, Hooks};
use crate::model::Digest;
use crate::sys::{Bytes, Fault, FileKind, Stream, Sys, SysError};
use crate::text::{neutral, shell};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The name by which git calls it.
const NAME: &str = "pre-push";
/// Larger files are nobody's own hook: what is written here has about a thousand bytes.
const MAX_HOOK: Bytes = Bytes(64 << 10);
/// How the second line of an own hook begins; the digest of what follows it ends the line.
const MARK: &str = "# portcullis-hook 1 ";

/// Why a hook is not written or not removed.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Sys(#[from] SysError),
    /// Settings of the user let git look for hooks where other repositories look, too.
    #[error("git looks for hooks in {}, which is outside of this repository", directory.display())]
    Outside { directory: PathBuf, own: PathBuf },
    /// Somebody else's hook, or an own one that was changed.
    #[error("{} is there and was not written by this command, or was changed since", path.display())]
    Foreign { path: PathBuf, program: PathBuf },
    /// The tree that is judged could replace the program that judges it.
    #[error("this program, {}, lies in the repository that it is to judge", program.display())]
    InsideTree { program: PathBuf },
    /// A path that has no safe form in a script.
    #[error("the path of this program cannot be written into a script: {program:?}")]
    Unwritable { program: PathBuf },
}

impl Refused {
    fn help(&self) -> String {
        match self {
            Self::Hook(e) => e.help().to_owned(),
            Self::Git(_) | Self::Sys(_) => String::new(),
            Self::Outside { own, .. } => match own.to_str().and_then(shell::quote) {
                Some(own) => format!(
                    "let this repository have hooks of its own, and install again: git config core.hooksPath {own}"
                ),
                None => "set core.hooksPath to a directory of this repository, and install again".into(),
            },
            Self::Foreign { path, program } => match program.to_str().and_then(shell::quote) {
                Some(program) => to_add(path, &program),
                None => "let it call: portcullis hook run pre-push".into(),
            },
            Self::InsideTree { .. } => "install it elsewhere: cargo install --path .".into(),
            Self::Unwritable { .. } => "install it at a path of UTF-8 without control characters".into(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Hook(e) => e.exit(),
            Self::Git(_) => Exit::CannotTell,
            Self::Sys(_) => Exit::NotWritten,
            Self::Outside { .. } | Self::Foreign { .. } | Self::InsideTree { .. } | Self::Unwritable { .. } => {
                Exit::Usage
            }
        }
    }
}

/// Writes the hook, or finds that it is there.
pub(super) fn install(sys: &dyn Sys) -> Exit {
    end(sys, write(sys))
}

/// Removes the hook, or finds that there is none.
pub(super) fn uninstall(sys: &dyn Sys) -> Exit {
    end(sys, remove(sys))
}

fn end(sys: &dyn Sys, done: Result<String, Refused>) -> Exit {
    match done {
        Ok(said) => {
            let line = format!("{}\n", neutral::line(&said));
            Exit::of_writing(&sys.print(Stream::Out, line.as_bytes()))
        }
        Err(e) => {
            output::complain(sys, &e, &e.help());
            e.exit()
        }
    }
}

fn write(sys: &dyn Sys) -> Result<String, Refused> {
    let git = checkout(sys)?;
    let program = sys.real_path(&sys.program()?)?;
    let hooks = git.hooks()?;
    if own_directories(sys, &git, &hooks)?.iter().any(|own| program.starts_with(own)) {
        return Err(Refused::InsideTree { program });
    }
    let text = program.to_str().and_then(script).ok_or_else(|| Refused::Unwritable { program: program.clone() })?;
    let path = place(sys, &git, &hooks)?;
    let there = look(sys, &path)?;
    let said = match &there {
        There::Nothing => format!("wrote {}", path.display()),
        // It is written all the same: it may not be executable any more, and git passes over such a hook.
        There::Own(old) if *old == text => format!("{} is there already", path.display()),
        There::Own(_) => format!("replaced {}", path.display()),
        There::Foreign => return Err(Refused::Foreign { path, program }),
    };
    if let Some(directory) = path.parent() {
        sys.create_dir(directory)?;
    }
    sys.replace_program(&path, text.as_bytes())?;
    Ok(said)
}

fn remove(sys: &dyn Sys) -> Result<String, Refused> {
    let git = checkout(sys)?;
    let path = place(sys, &git, &git.hooks()?)?;
    match look(sys, &path)? {
        There::Nothing => Ok(format!("there is no {}", path.display())),
        There::Own(_) => {
            sys.remove(&path)?;
            Ok(format!("removed {}", path.display()))
        }
        There::Foreign => Err(Refused::Foreign { path, program: sys.program()? }),
    }
}

/// Where the hook belongs. Refused where the directory serves other repositories as well.
fn place(sys: &dyn Sys, git: &Git<'_>, hooks: &Hooks) -> Result<PathBuf, Refused> {
    let outside = || Refused::Outside { directory: hooks.directory.clone(), own: hooks.common.join("hooks") };
    // Of a directory that is not there yet, the part that is there decides; `..` would lead out of it again.
    let has_dots = hooks.directory.components().any(|part| part == Component::ParentDir);
    for at in hooks.directory.ancestors() {
        let real = match sys.real_path(at) {
            Ok(real) => real,
            Err(SysError { fault: Fault::NotFound, .. }) if !has_dots => continue,
            Err(SysError { fault: Fault::NotFound, .. }) => return Err(outside()),
            Err(e) => return Err(e.into()),
        };
        let inside = own_directories(sys, git, hooks)?.iter().any(|own| real.starts_with(own));
        return if inside { Ok(hooks.directory.join(NAME)) } else { Err(outside()) };
    }
    Err(outside())
}

/// The directories of the repository: its work tree, its own data, and the main work tree around that.
fn own_directories(sys: &dyn Sys, git: &Git<'_>, hooks: &Hooks) -> Result<Vec<PathBuf>, SysError> {
    let common = sys.real_path(&hooks.common)?;
    let around = common.parent().filter(|_| common.file_name() == Some(OsStr::new(".git"))).map(Path::to_owned);
    Ok([Some(git.toplevel().to_owned()), around, Some(common)].into_iter().flatten().collect())
}

enum There {
    Nothing,
    /// What this program wrote, in any version.
    Own(String),
    Foreign,
}

fn look(sys: &dyn Sys, path: &Path) -> Result<There, SysError> {
    match sys.kind(path)? {
        None => return Ok(There::Nothing),
        Some(FileKind::File) => {}
        Some(FileKind::Dir | FileKind::Link | FileKind::Special) => return Ok(There::Foreign),
    }
    let bytes = match sys.read(path, MAX_HOOK) {
        Ok(bytes) => bytes,
        Err(SysError { fault: Fault::TooLarge { .. }, .. }) => return Ok(There::Foreign),
        Err(e) => return Err(e),
    };
    Ok(match String::from_utf8(bytes) {
        Ok(text) if is_own(&text) => There::Own(text),
        _ => There::Foreign, // what is not UTF-8 was not written here
    })
}

/// Whether the text has the mark, and below it what the mark was made for.
fn is_own(text: &str) -> bool {
    let own = || {
        let (digest, body) = text.strip_prefix("#!/bin/sh\n")?.strip_prefix(MARK)?.split_once('\n')?;
        Some(digest == Digest::of(body.as_bytes()).to_string())
    };
    own() == Some(true)
}

/// The hook. Names of refs reach the program through standard input alone; the shell sees none of them. None where the
/// path of the program has no form in a shell.
fn script(program: &str) -> Option<String> {
    let body = format!(
        r#"# Written by `portcullis hook install`, which replaces it by a newer one and leaves it alone once it was changed.
# It judges what a push introduces. To push once without it, knowingly: git push --no-verify
program={}
if [ ! -x "$program" ]; then
  printf '%s\n' "error: portcullis is not at $program, so this push was not judged and is stopped" \
    'help: install portcullis, then: portcullis hook install' \
    'help: to push once without judgement: git push --no-verify' >&2
  exit 3
fi
exec "$program" hook run pre-push -- "$@" >&2
"#,
        shell::quote(program)?
    );
    Some(format!("#!/bin/sh\n{MARK}{}\n{body}", Digest::of(body.as_bytes())))
}

/// What somebody else's hook needs. It may read standard input itself, as that of Git LFS does: it gets it back.
fn to_add(path: &Path, program: &str) -> String {
    format!(
        "if it is a shell script, add these lines below the first one of {}\n\
         refs=$(cat)\n\
         printf %s \"$refs\" | {program} hook run pre-push -- \"$@\" >&2 || exit\n\
         exec <<REFS\n\
         $refs\n\
         REFS",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_own_until_a_byte_of_it_changes() {
        let text = script("/opt/a program/it's").unwrap();
        assert!(is_own(&text));
        assert!(text.contains("\nprogram='/opt/a program/it'\\''s'\n"), "{text}");
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(!String::from_utf8(bytes).is_ok_and(|text| is_own(&text)), "byte {at}");
        }
        for other in ["", "#!/bin/sh\n", MARK, &format!("{text}\n"), text.trim_end(), &format!("\n{text}")] {
            assert!(!is_own(other), "{other:?}");
        }
    }

    #[test]
    fn a_path_that_has_no_form_in_a_shell_is_refused() {
        assert_eq!(script("/opt/a\nb"), None);
        assert!(script("/opt/$(id)").is_some_and(|text| text.contains("program='/opt/$(id)'\n")));
    }
}
