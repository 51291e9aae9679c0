//! What has been found so far, and the rules for a single candidate of a work tree: links, special files, files that
//! are missing, excludes. It does not know how candidates are found.

use super::name::{self, Guess};
use super::sniff::{PREFIX, sniff};
use super::tree::{WorkTree, problem};
use super::{Artifact, Format, IGNORED_BY_GIT, MAX_ENTRIES, Opened};
use crate::config::Exclude;
use crate::git::{Git, GitError};
use crate::model::{Gap, GapKind, LedgerRow, RowState, Stage, TreePath};
use crate::sys::{Fault, FileKind, Sys, SysError};
use crate::text::count::plural;
use crate::text::{glob, shell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Links that are followed to see whether they lead to a directory outside; each costs a few calls of the system. The
/// largest real repositories hold a few thousand.
pub(super) const MAX_OTHER_LINKS: usize = 10_000;

/// Why the lock of an installed package is left out.
pub(super) const INSTALLED: &str = "inside node_modules: nothing is installed by it";

/// Why a program or an archive in a directory is left out.
pub(super) const BINARY: &str = "a program or an archive: name it as a target to have it judged";

/// How a candidate was met.
#[derive(Clone, Copy)]
pub(super) enum Met {
    /// Listed in its directory a moment ago, by a walk that follows no links.
    Listed(FileKind),
    /// git listed it as untracked.
    Untracked,
    /// git has it in its index.
    Tracked {
        /// Left out by a sparse checkout.
        skip_worktree: bool,
    },
}

/// What a candidate turned out to be.
enum Look {
    Judge(Format),
    /// Nothing that a row is due for.
    Nothing,
    /// A reason to leave it out that needs nobody's attention.
    LeftOut(&'static str),
    Problem(Problem),
}

/// A gap in the making.
pub(super) struct Problem {
    pub(super) kind: GapKind,
    pub(super) why: String,
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(kind: GapKind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into(), help: String::new() }
    }

    pub(super) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    pub(super) fn unreadable(error: &SysError) -> Self {
        Self::new(GapKind::Unreadable, error.fault.to_string())
    }
}

/// What has been found so far.
pub(super) struct Gather<'a, 'e> {
    pub(super) sys: &'a dyn Sys,
    pub(super) root: PathBuf,
    excludes: &'e [Exclude],
    artifacts: BTreeMap<TreePath, Format>,
    rows: Vec<LedgerRow>,
    gaps: Vec<Gap>,
    /// Whether the target is, or lies in, a directory that a package manager fills.
    is_installed_tree: bool,
    /// Installed packages that a lock of the target may list.
    packages: Vec<(Vec<u8>, Format, Met)>,
    /// How many installed packages are left out, by the tree that they lie in and why.
    left_out: BTreeMap<(Vec<u8>, Format, &'static str), usize>,
    seen: usize,
    /// Links whose name promises nothing.
    links: usize,
    /// Paths that git ignores, a directory counting as one.
    pub(super) ignored: usize,
}

impl<'a, 'e> Gather<'a, 'e> {
    /// What lies at `target` below the root is to be looked through.
    pub(super) fn new(sys: &'a dyn Sys, root: PathBuf, target: &[u8], excludes: &'e [Exclude]) -> Self {
        let whole = root.join(OsStr::from_bytes(target));
        let is_installed_tree = whole.as_os_str().as_bytes().split(|byte| *byte == b'/').any(name::is_installed_tree);
        Self {
            sys,
            root,
            excludes,
            artifacts: BTreeMap::new(),
            rows: Vec::new(),
            gaps: Vec::new(),
            is_installed_tree,
            packages: Vec::new(),
            left_out: BTreeMap::new(),
            seen: 0,
            links: 0,
            ignored: 0,
        }
    }

    /// What a path promises. In an installed tree the directories above the root say it, too.
    pub(super) fn guess(&self, path: &[u8]) -> Option<Guess> {
        if self.is_installed_tree { name::guess(self.absolute(path).as_os_str().as_bytes()) } else { name::guess(path) }
    }

    /// Counts an entry. False once the limit is reached, which the first time is noted as a gap of that directory.
    pub(super) fn count(&mut self, directory: &[u8]) -> bool {
        self.seen = self.seen.saturating_add(1);
        if self.seen == MAX_ENTRIES + 1 {
            let why = format!("the target holds more than {MAX_ENTRIES} entries; the rest was not looked at");
            let help = "name parts of it as targets of their own";
            self.problem(directory, "directory", &Problem::new(GapKind::WalkLimit, why).with_help(help));
        }
        self.seen <= MAX_ENTRIES
    }

    /// Looks at a file whose name promises something.
    pub(super) fn candidate(&mut self, path: &[u8], guess: Guess, met: Met) {
        match (guess, met) {
            (Guess::Package(format), _) if self.is_installed_tree => {
                return self.candidate(path, Guess::Exact(format), met);
            }
            // Whether a lock lists them is known when every file was seen.
            (Guess::Package(format), Met::Listed(_)) => return self.packages.push((path.to_vec(), format, met)),
            (Guess::Package(format), _) => {
                return self.leave_out(path, format, "name the directory as a target to have them judged");
            }
            (Guess::Binary(_), Met::Listed(FileKind::Dir)) => return,
            _ => {}
        }
        let look = self.look(path, guess, met);
        let shown = TreePath::from_bytes(path);
        let excluded = exclusion(self.excludes, &shown);
        let state = match (look, excluded) {
            (Look::Nothing, _) => return,
            (_, Some(why)) => RowState::Excluded(why),
            (Look::LeftOut(why), None) => RowState::Excluded(why.to_owned()),
            (Look::Judge(format), None) => {
                self.artifacts.insert(shown, format);
                return;
            }
            (Look::Problem(found), None) => return self.problem(path, guess.kind(), &found),
        };
        self.rows.push(LedgerRow { path: shown, kind: guess.kind(), state, digest: None });
    }

    fn leave_out(&mut self, path: &[u8], format: Format, why: &'static str) {
        *self.left_out.entry((name::tree_of(path, format).to_vec(), format, why)).or_default() += 1;
    }

    /// Installed packages of a directory that git does not speak for are judged where no lock above them lists them.
    fn installed_packages(&mut self) {
        let locks = self.artifacts.iter().map(|(path, format)| (name::parent(&path.to_bytes()).to_vec(), *format));
        let locks: BTreeSet<(Vec<u8>, Format)> = locks.collect();
        for (path, format, met) in std::mem::take(&mut self.packages) {
            let tree = name::tree_of(&path, format);
            let is_above = |directory: &[u8]| {
                let rest = tree.strip_prefix(directory);
                rest.is_some_and(|rest| directory.is_empty() || rest.is_empty() || rest.starts_with(b"/"))
            };
            if locks.iter().any(|(directory, lock)| lock.is_lock_of(format) && is_above(directory)) {
                self.leave_out(&path, format, "a lock above them says what they should be");
            } else {
                self.candidate(&path, Guess::Exact(format), met);
            }
        }
        for ((tree, format, why), count) in std::mem::take(&mut self.left_out) {
            let state = RowState::Excluded(format!("{}: {why}", plural(count, "installed package")));
            self.rows.push(LedgerRow { path: shown(&tree), kind: format.as_str(), state, digest: None });
        }
    }

    /// Notes a gap with its failed row, or an excluded row where the policy leaves the path out.
    pub(super) fn problem(&mut self, path: &[u8], row_kind: &'static str, found: &Problem) {
        let path = shown(path);
        if let Some(why) = exclusion(self.excludes, &path) {
            self.rows.push(LedgerRow { path, kind: row_kind, state: RowState::Excluded(why), digest: None });
            return;
        }
        self.note(&path, row_kind, found);
    }

    /// The same for a file that the user named: excludes do not count.
    pub(super) fn named_problem(&mut self, path: &[u8], row_kind: &'static str, found: &Problem) {
        self.note(&shown(path), row_kind, found);
    }

    fn note(&mut self, path: &TreePath, row_kind: &'static str, found: &Problem) {
        let (gap, row) = problem(found.kind, path, row_kind, &found.why, &found.help);
        self.gaps.push(gap);
        self.rows.push(row);
    }

    /// Notes that git could not be asked and everything was looked at instead: stricter, so no gap, but not silent.
    pub(super) fn without_git(&mut self, directory: &[u8], why: &str) {
        let state = RowState::Unsupported(format!("{why}; every file was looked at instead, ignored ones too"));
        self.rows.push(LedgerRow { path: shown(directory), kind: "checkout", state, digest: None });
    }

    /// The same for an error of git. One of the machine (git could not be run or listened to) is a gap besides: the next
    /// run may see another tree.
    pub(super) fn git_failed(&mut self, directory: &[u8], error: &GitError) {
        self.without_git(directory, &error.to_string());
        if let GitError::Sys(error) = error {
            let gap = Gap::new(GapKind::Unreadable, Stage::Collect, "git", error.to_string());
            self.gaps
                .push(gap.with_path(shown(directory)).with_help("let git run, or judge the tree without its .git"));
        }
    }

    /// Judges the file whatever its name is: somebody named it.
    pub(super) fn named(&mut self, path: &[u8], format: Format) {
        self.artifacts.insert(TreePath::from_bytes(path), format);
    }

    /// Looks for what git does not list: a FIFO, a device or a directory where a lock should lie, and a lock that is
    /// ignored. It looks in the target and wherever something to judge lies. In other directories such a thing stays
    /// unseen: to find it every directory of the checkout would have to be listed.
    pub(super) fn hidden_locks(&mut self, target: &[u8]) {
        let mut directories: Vec<Vec<u8>> =
            self.artifacts.keys().map(|path| name::parent(&path.to_bytes()).to_vec()).collect();
        directories.push(target.to_vec());
        directories.sort();
        directories.dedup();
        for directory in directories {
            let path = name::join(&directory, b"Cargo.lock");
            let known = TreePath::from_bytes(&path);
            if self.artifacts.contains_key(&known) || self.rows.iter().any(|row| row.path == known) {
                continue;
            }
            match self.sys.kind(&self.absolute(&path)) {
                Ok(Some(kind @ (FileKind::Special | FileKind::Dir))) => {
                    self.candidate(&path, Guess::Exact(Format::CargoLock), Met::Listed(kind));
                }
                // A file or link that git did not list is an ignored one.
                Ok(Some(FileKind::File | FileKind::Link)) => self.ignored_lock(&path),
                Ok(None) => {}
                Err(error) => self.problem(&path, Format::CargoLock.as_str(), &Problem::unreadable(&error)),
            }
        }
    }

    /// Notes a lock that git ignores: no commit holds it, so it is not judged. The row says how to change that; to
    /// write a new one, as the gap of an uncovered manifest proposes, would not help.
    pub(super) fn ignored_lock(&mut self, path: &[u8]) {
        let path = TreePath::from_bytes(path);
        let act = shell::quote(path.as_str()).map(|path| format!(": `git add -f {path}`, or name it as a target"));
        let state = RowState::Excluded(format!("{IGNORED_BY_GIT}{}", act.unwrap_or_default()));
        self.rows.push(LedgerRow { path, kind: Format::CargoLock.as_str(), state, digest: None });
    }

    /// Looks at a link whose name promises nothing. One to a directory outside the tree leaves a row: whoever put it
    /// there may believe that what lies behind it is judged. Links to files and links inside the tree hide nothing.
    pub(super) fn other_link(&mut self, path: &[u8]) {
        self.links = self.links.saturating_add(1);
        let (path, state) = if self.links > MAX_OTHER_LINKS + 1 {
            return; // told by the row of the first one
        } else if self.links > MAX_OTHER_LINKS {
            let why =
                format!("more than {MAX_OTHER_LINKS} links: where this one and later ones lead was not looked at");
            (path, RowState::Unsupported(why))
        } else {
            match self.sys.real_path(&self.absolute(path)) {
                Ok(real) if real.starts_with(&self.root) => return,
                Ok(real) if !matches!(self.sys.kind(&real), Ok(Some(FileKind::Dir))) => return,
                Ok(_) => (path, RowState::Excluded("a link to a directory outside the tree is not followed".into())),
                Err(_) => return, // it leads nowhere, in a circle, or where this user may not look
            }
        };
        let shown = TreePath::from_bytes(path);
        let state = exclusion(self.excludes, &shown).map_or(state, RowState::Excluded);
        self.rows.push(LedgerRow { path: shown, kind: "link", state, digest: None });
    }

    /// The result, sorted.
    pub(super) fn finish(mut self, label: String, target: &[u8], git: Option<Git<'a>>) -> Opened<'a> {
        self.installed_packages();
        if self.ignored > 0 {
            let entries = if self.ignored == 1 { "entry" } else { "entries" };
            let state = RowState::Excluded(format!("{} {entries} ignored by git", self.ignored));
            self.rows.push(LedgerRow { path: shown(target), kind: "ignored", state, digest: None });
        }
        let artifacts = self.artifacts.into_iter().map(|(path, format)| Artifact { path, format }).collect();
        self.rows.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
        self.rows.dedup();
        self.gaps.sort();
        self.gaps.dedup();
        let tree = Box::new(WorkTree { sys: self.sys, root: self.root.clone() });
        Opened { root: self.root, label, tree, artifacts, rows: self.rows, gaps: self.gaps, git }
    }

    pub(super) fn absolute(&self, path: &[u8]) -> PathBuf {
        self.root.join(OsStr::from_bytes(path))
    }

    fn look(&self, path: &[u8], guess: Guess, met: Met) -> Look {
        let at = self.absolute(path);
        let kind = match met {
            Met::Listed(kind) => Ok(Some(kind)),
            Met::Untracked | Met::Tracked { .. } => self.sys.kind(&at),
        };
        match kind {
            Err(error) => Look::Problem(Problem::unreadable(&error)),
            Ok(None) => missing(met),
            Ok(Some(FileKind::File)) if matches!(met, Met::Tracked { .. }) => self.follow(path, &at, guess),
            Ok(Some(FileKind::File)) => self.file(&at, guess),
            Ok(Some(FileKind::Link)) => self.follow(path, &at, guess),
            Ok(Some(kind)) => not_a_file(path, guess, kind),
        }
    }

    /// Follows links, the file's own and those of the directories above it: git lists a tracked path even where a
    /// directory on the way has since become a link.
    fn follow(&self, path: &[u8], at: &Path, guess: Guess) -> Look {
        let outside = |why: String| Look::Problem(Problem::new(GapKind::LinkOutside, why));
        let real = match self.sys.real_path(at) {
            Ok(real) => real,
            Err(SysError { fault: Fault::NotFound, .. }) => return outside("the link leads nowhere".to_owned()),
            Err(error @ SysError { fault: Fault::Denied, .. }) => {
                return Look::Problem(Problem::unreadable(&error));
            }
            Err(error) => return outside(format!("the link cannot be followed: {}", error.fault)),
        };
        if !real.starts_with(&self.root) {
            return outside("the link leads out of the judged tree".to_owned());
        }
        match self.sys.kind(&real) {
            Ok(Some(FileKind::File)) => self.file(&real, guess),
            Ok(Some(kind @ (FileKind::Dir | FileKind::Special))) => not_a_file(path, guess, kind),
            Ok(Some(FileKind::Link) | None) => outside("the link leads nowhere".to_owned()), // changed meanwhile
            Err(error) => Look::Problem(Problem::unreadable(&error)),
        }
    }

    fn file(&self, at: &Path, guess: Guess) -> Look {
        match guess {
            Guess::Exact(format) => Look::Judge(format),
            Guess::Installed(_) => Look::LeftOut(INSTALLED),
            Guess::Binary(_) => Look::LeftOut(BINARY),
            Guess::Package(_) => Look::Nothing, // `candidate` has dealt with it
            Guess::Loose => match prefix(self.sys, at) {
                Ok(bytes) if sniff(&bytes) == Some(Format::CargoLock) => Look::Judge(Format::CargoLock),
                Ok(_) => Look::Nothing,
                Err(error) => Look::Problem(Problem::unreadable(&error)),
            },
        }
    }
}

fn missing(met: Met) -> Look {
    match met {
        Met::Tracked { skip_worktree: true } => Look::Problem(sparse()),
        Met::Tracked { skip_worktree: false } => Look::LeftOut("deleted in the work tree"),
        Met::Untracked | Met::Listed(_) => {
            Look::Problem(Problem::new(GapKind::Unreadable, "it vanished while the target was looked through"))
        }
    }
}

/// A tracked file that a sparse checkout leaves out.
pub(super) fn sparse() -> Problem {
    Problem::new(GapKind::Unreadable, "left out by a sparse checkout").with_help("git sparse-checkout disable")
}

fn not_a_file(path: &[u8], guess: Guess, kind: FileKind) -> Look {
    if kind != FileKind::Dir {
        return Look::Problem(Problem::new(GapKind::SpecialFile, "it is a FIFO, socket or device, not a regular file"));
    }
    if guess.taken_by_directory(name::file_name(path)) {
        return Look::Problem(Problem::new(GapKind::SpecialFile, "it is a directory, not a regular file"));
    }
    Look::Nothing
}

/// The path as it is shown; the root is `.`.
pub(super) fn shown(path: &[u8]) -> TreePath {
    if path.is_empty() { TreePath::new(".") } else { TreePath::from_bytes(path) }
}

/// Who left the path out and why, if the policy does.
pub(super) fn exclusion(excludes: &[Exclude], path: &TreePath) -> Option<String> {
    let exclude = excludes.iter().find(|exclude| glob::matches(&exclude.path, path.as_str()))?;
    Some(format!("by {} (policy line {}): {}", exclude.owner, exclude.line, exclude.reason))
}

/// The start of a file, enough to tell what it is.
pub(super) fn prefix(sys: &dyn Sys, path: &Path) -> Result<Vec<u8>, SysError> {
    let file = sys.open(path)?;
    let size = usize::try_from(file.size()?.0).unwrap_or(usize::MAX);
    let mut bytes = vec![0; size.min(PREFIX)];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}
