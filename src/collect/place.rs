//! From what the user named to a root and the part below it that is judged, and from there to what lies in it.

use super::content;
use super::gather::{Gather, Problem, prefix};
use super::name::{self, Guess};
use super::sniff::sniff;
use super::{CollectError, Format, Opened, open_commit};
use crate::config::Exclude;
use crate::git::{Git, GitError};
use crate::model::{GapKind, TreePath};
use crate::sys::{Fault, FileKind, Sys, SysError};
use crate::text::glob;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Where a target lies: known before anything in it is looked at, so that the caller can load the policy of its root.
#[derive(Clone)]
pub struct Place<'a> {
    /// The top of the checkout, or the directory itself. Absolute, with every link followed.
    pub root: PathBuf,
    /// The checkout whose top is the root.
    pub git: Option<Git<'a>>,
    sys: &'a dyn Sys,
    label: String,
    /// Bytes of the path from the root to the target; empty where they are the same.
    below: Vec<u8>,
    kind: FileKind,
    /// Why git does not speak for a directory that holds or lies in a checkout.
    without_git: Option<NoGit>,
}

/// Why a directory that holds `.git` is looked at without git.
#[derive(Clone)]
enum NoGit {
    NotInstalled,
    Error(GitError),
}

/// Finds the root of a target: the top of the git checkout that it lies in, else the directory, or the directory that
/// a file lies in. Links in the target are followed, for the user named it.
pub fn locate<'a>(sys: &'a dyn Sys, target: &Path) -> Result<Place<'a>, CollectError> {
    let label = target.display().to_string();
    let real = match sys.real_path(target) {
        Err(SysError { fault: Fault::NotFound, .. }) => return Err(CollectError::NoSuchTarget { target: label }),
        other => other?,
    };
    let kind = sys.kind(&real)?.ok_or_else(|| CollectError::NoSuchTarget { target: label.clone() })?;
    let directory = if kind == FileKind::Dir { &real } else { real.parent().unwrap_or(&real) };
    let (git, without_git) = match Git::discover(sys, directory) {
        Ok(Some(git)) => (Some(git), None),
        Ok(None) => (None, sys.kind(&directory.join(".git"))?.map(|_| NoGit::NotInstalled)),
        Err(error) => (None, Some(NoGit::Error(error))),
    };
    let root = git.as_ref().map_or(directory, Git::toplevel).to_owned();
    let below = real.strip_prefix(&root).map(|path| path.as_os_str().as_bytes().to_vec()).unwrap_or_default();
    Ok(Place { root, git, sys, label, below, kind, without_git })
}

/// The root that [`open`] takes for the target; an error where git had to be asked and could not be.
pub fn root_of(sys: &dyn Sys, target: &Path) -> Result<PathBuf, CollectError> {
    let place = locate(sys, target)?;
    match place.without_git {
        Some(NoGit::Error(GitError::Sys(error))) => Err(error.into()),
        _ => Ok(place.root), // any other answer of git is an answer: the directory is its own root
    }
}

/// Looks through a directory or at a file.
pub fn open<'a>(sys: &'a dyn Sys, target: &Path, excludes: &[Exclude]) -> Result<Opened<'a>, CollectError> {
    locate(sys, target).map(|place| open_place(place, excludes))
}

/// Looks through a place that was located before. What goes wrong from here on is a gap.
pub fn open_place<'a>(place: Place<'a>, excludes: &[Exclude]) -> Opened<'a> {
    let Place { root, git, sys, label, below, kind, without_git } = place;
    // Naming what an exclusion covers is the later word: such an exclusion does not count for this target.
    let named = TreePath::from_bytes(&below);
    let excludes: Vec<Exclude> =
        excludes.iter().filter(|e| below.is_empty() || !glob::matches(&e.path, named.as_str())).cloned().collect();
    let mut gather = Gather::new(sys, root, &below, &excludes);
    if kind != FileKind::Dir {
        named_file(&mut gather, &below);
        return gather.finish(label, &below, git);
    }
    match without_git {
        None => {}
        Some(NoGit::NotInstalled) => gather.without_git(&below, "git is not installed, or .git is not a repository"),
        Some(NoGit::Error(error)) => gather.git_failed(&below, &error),
    }
    match &git {
        Some(git) => gather.checkout(git, &below),
        None => gather.walk(&below),
    }
    gather.finish(label, &below, git)
}

/// Looks through a place as a commit of its checkout has it. Nothing of the work tree is read, so a target that the
/// commit does not hold is a gap. None where the place is in no checkout that git speaks for.
pub fn open_place_at<'a>(
    place: &Place<'a>,
    commit: &str,
    excludes: &[Exclude],
) -> Result<Option<Opened<'a>>, CollectError> {
    let Some(git) = &place.git else { return Ok(None) };
    let below = TreePath::from_bytes(&place.below);
    // As for a work tree: naming what an exclusion covers is the later word.
    let counts = |exclude: &&Exclude| place.below.is_empty() || !glob::matches(&exclude.path, below.as_str());
    let excludes: Vec<Exclude> = excludes.iter().filter(counts).cloned().collect();
    open_commit(git, commit, &excludes, Some(below.as_str())).map(Some)
}

/// A file that the user named is judged whatever git or the policy's excludes say: naming it is the later word.
fn named_file(gather: &mut Gather<'_, '_>, path: &[u8]) {
    let guess = gather.guess(path);
    let row_kind = guess.map_or("file", Guess::kind);
    let start = match prefix(gather.sys, &gather.absolute(path)) {
        Ok(start) => start,
        Err(error @ SysError { fault: Fault::NotRegular(_), .. }) => {
            return gather.named_problem(path, row_kind, &Problem::new(GapKind::SpecialFile, error.fault.to_string()));
        }
        Err(error) => return gather.named_problem(path, row_kind, &Problem::unreadable(&error)),
    };
    let other = || {
        let name = name::file_name(path);
        content::recognise(&start).or_else(|| content::by_end_of_name(name::file_name(name::parent(path)), name))
    };
    match (guess, sniff(&start).or_else(other)) {
        // An installed package and a Java archive are known by their names, and refused where they are something else.
        (Some(Guess::Package(format) | Guess::Binary(format @ Format::JavaArchive)), _) => gather.named(path, format),
        // What cargo would read as the lock is one, or is refused as one.
        (Some(Guess::Exact(Format::CargoLock)), _) => gather.named(path, Format::CargoLock),
        // Nor is another name than that of a lock in Rust in doubt.
        (Some(Guess::Exact(format)), _) if format > Format::RustToolchain => gather.named(path, format),
        (_, Some(format)) | (Some(Guess::Exact(format) | Guess::Installed(format)), None) => gather.named(path, format),
        (_, None) => {
            let why = "its content is not that of a file this release can judge";
            gather.named_problem(path, "file", &Problem::new(GapKind::NothingToJudge, why));
        }
    }
}
