//! Looks through a git checkout: tracked files, untracked ones that are not ignored, submodules and nested clones.
//! Where git does not answer, everything is walked instead.

use super::gather::{Gather, Met, Problem, prefix, sparse};
use super::name::{self, Guess};
use super::sniff::sniff;
use super::{Format, MAX_DEPTH, MAX_FILE};
use crate::git::{Blob, Entry, Git, MODE_GITLINK, MODE_LINK};
use crate::model::GapKind;
use crate::sys::{Fault, FileKind, SysError};
use crate::text::shell;

/// What lies between the root and a repository inside it.
struct Nested {
    /// Path relative to the root.
    path: Vec<u8>,
    /// Whether the repository above tracks it (a submodule).
    tracked: bool,
    /// How many repositories are above it.
    level: usize,
}

impl<'a> Gather<'a, '_> {
    /// Looks through a checkout whose top is the root, or through one path of it.
    pub(super) fn checkout(&mut self, git: &Git<'a>, below: &[u8]) {
        let mut nested = Vec::new();
        self.one_checkout(git, b"", below, 0, &mut nested);
        while let Some(next) = nested.pop() {
            if let Some(inner) = self.enter(git, &next) {
                self.one_checkout(&inner, &next.path, b"", next.level, &mut nested);
            }
        }
        self.hidden_locks(below);
        self.locks_above(git, below);
    }

    /// The locks in the directories above the target: the packages below it may be members of a workspace there, and
    /// then that lock is the one that cargo uses. A directory that says it is a workspace ends the search, as it does
    /// for cargo.
    fn locks_above(&mut self, git: &Git<'a>, below: &[u8]) {
        let mut directory = below;
        while !directory.is_empty() && !self.is_workspace(directory) {
            directory = name::parent(directory);
            let path = name::join(directory, b"Cargo.lock");
            let guess = Guess::Exact(Format::CargoLock);
            match self.sys.kind(&self.absolute(&path)) {
                Ok(None) => continue, // deleted or left out by a sparse checkout: then what it lists stays uncovered
                Ok(Some(kind @ (FileKind::Special | FileKind::Dir))) => {
                    self.candidate(&path, guess, Met::Listed(kind));
                    continue;
                }
                Ok(Some(FileKind::File | FileKind::Link)) => {}
                Err(error) => {
                    self.problem(&path, guess.kind(), &Problem::unreadable(&error));
                    continue;
                }
            }
            let met = match git.listing(Some(&path)) {
                Ok(listing) => listing.entries().next().map(|entry| match entry {
                    Entry::Tracked(tracked) => Met::Tracked { skip_worktree: tracked.skip_worktree },
                    Entry::Untracked(_) => Met::Untracked,
                }),
                Err(error) => {
                    self.git_failed(&path, &error);
                    Some(Met::Untracked) // judged all the same
                }
            };
            match met {
                Some(met) => self.candidate(&path, guess, met),
                None => self.ignored_lock(&path),
            }
        }
    }

    /// Whether the manifest in the directory has a table `workspace`. When in doubt it has none: then more is judged.
    fn is_workspace(&mut self, directory: &[u8]) -> bool {
        let manifest = name::join(directory, b"Cargo.toml");
        let start = match prefix(self.sys, &self.absolute(&manifest)) {
            Ok(start) => start,
            Err(SysError { fault: Fault::NotFound, .. }) => return false,
            Err(error) => {
                self.problem(&manifest, Format::CargoManifest.as_str(), &Problem::unreadable(&error));
                return false;
            }
        };
        let mut lines = start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        lines.any(|line| line.starts_with(b"[workspace]") || line.starts_with(b"[workspace."))
    }

    fn one_checkout(&mut self, git: &Git<'a>, prefix: &[u8], below: &[u8], level: usize, nested: &mut Vec<Nested>) {
        let start = name::join(prefix, below);
        let listing = match git.listing((!below.is_empty()).then_some(below)) {
            Ok(listing) => listing,
            Err(error) => {
                self.git_failed(&start, &error);
                return self.walk(&start);
            }
        };
        if listing.below_is_ignored {
            return self.walk(&start); // it was named, so it is judged
        }
        self.ignored = self.ignored.saturating_add(listing.ignored().count());
        let mut sparse_loose = Vec::new();
        let mut in_the_way: Option<Vec<u8>> = None;
        for entry in listing.entries() {
            if !self.count(&start) {
                return;
            }
            let path = match entry {
                Entry::Tracked(tracked) => tracked.path,
                Entry::Untracked(path) => path,
            };
            // A link to a directory is one entry and is not followed; see `walk` for why nothing is lost.
            if let Some(directory) = path.strip_suffix(b"/") {
                let path = name::join(prefix, directory);
                nested.push(Nested { path, tracked: false, level: level + 1 });
                continue;
            }
            if let Entry::Tracked(tracked) = entry
                && tracked.mode == MODE_GITLINK
            {
                nested.push(Nested { path: name::join(prefix, path), tracked: true, level: level + 1 });
                continue;
            }
            for directory in name::directories_in_the_way(path) {
                if in_the_way.as_deref() != Some(directory) {
                    in_the_way = Some(directory.to_vec());
                    self.directory_in_the_way(&name::join(prefix, directory));
                }
            }
            let path = name::join(prefix, path);
            let Some(guess) = self.guess(&path) else {
                // git says of a tracked path that it is a link; of an untracked one the system has to.
                let is_link = match entry {
                    Entry::Tracked(tracked) => tracked.mode == MODE_LINK,
                    Entry::Untracked(_) => matches!(self.sys.kind(&self.absolute(&path)), Ok(Some(FileKind::Link))),
                };
                if is_link {
                    self.other_link(&path);
                }
                continue;
            };
            let met = match entry {
                Entry::Untracked(_) => Met::Untracked,
                Entry::Tracked(tracked) => {
                    let absent = || matches!(self.sys.kind(&self.absolute(&path)), Ok(None));
                    if tracked.skip_worktree && guess == Guess::Loose && absent() {
                        sparse_loose.push((path, tracked.oid));
                        continue;
                    }
                    Met::Tracked { skip_worktree: tracked.skip_worktree }
                }
            };
            self.candidate(&path, guess, met);
        }
        self.loose_outside_sparse_checkout(git, &sparse_loose);
    }

    /// A path such as `a/Cargo.lock/b` says that `a/Cargo.lock` is a directory, unless it has been replaced since.
    fn directory_in_the_way(&mut self, path: &[u8]) {
        let Some(guess) = name::guess(path) else { return };
        match self.sys.kind(&self.absolute(path)) {
            Ok(Some(kind)) => self.candidate(path, guess, Met::Listed(kind)),
            Ok(None) => {} // what was tracked below it is gone as well
            Err(error) => self.problem(path, guess.kind(), &Problem::unreadable(&error)),
        }
    }

    /// Files that a sparse checkout leaves out and whose name only resembles that of a lock, such as `cargo_lock.rs`:
    /// the object store knows what they are.
    fn loose_outside_sparse_checkout(&mut self, git: &Git<'a>, files: &[(Vec<u8>, &str)]) {
        let oids: Vec<&str> = files.iter().map(|(_, oid)| *oid).collect();
        let blobs = git.blobs(&oids, MAX_FILE).unwrap_or_else(|_| vec![Blob::Missing; oids.len()]);
        for ((path, _), blob) in files.iter().zip(blobs) {
            // `blobs` answers for each id. What it cannot show may be a lock.
            let innocent = matches!(&blob, Blob::Bytes(bytes) if sniff(bytes) != Some(Format::CargoLock));
            if !innocent {
                self.problem(path, Guess::Loose.kind(), &sparse());
            }
        }
    }

    /// The repository at a path inside the root, if it can be asked. What cannot is walked, or noted as missing.
    fn enter(&mut self, outer: &Git<'a>, nested: &Nested) -> Option<Git<'a>> {
        let Nested { path, level, .. } = nested;
        let at = self.absolute(path);
        if *level > MAX_DEPTH {
            let why = format!("it lies inside more than {MAX_DEPTH} repositories and was not looked into");
            self.problem(path, "submodule", &Problem::new(GapKind::WalkLimit, why));
            return None;
        }
        match self.sys.kind(&at) {
            Ok(Some(FileKind::Dir)) => {}
            Ok(_) => return self.absent(nested),
            Err(error) => return self.unreadable(path, &error),
        }
        match self.sys.real_path(&at) {
            Ok(real) if real == at && real.starts_with(&self.root) => {}
            Ok(_) => {
                let why = "its path leads out of the judged tree or through a link";
                self.problem(path, "submodule", &Problem::new(GapKind::LinkOutside, why));
                return None;
            }
            Err(error) => return self.unreadable(path, &error),
        }
        let entries = match self.sys.list(&at) {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(path, &error),
        };
        if entries.iter().all(|entry| entry.name == ".git") {
            return self.absent(nested); // not initialised, or cloned without a checkout
        }
        match outer.nested(&at) {
            Ok(Some(inner)) => Some(inner),
            Ok(None) => {
                self.walk(path); // files without a repository: nobody says which are ignored
                None
            }
            Err(error) => {
                self.git_failed(path, &error);
                self.walk(path);
                None
            }
        }
    }

    fn absent(&mut self, nested: &Nested) -> Option<Git<'a>> {
        if nested.tracked {
            self.problem(&nested.path, "submodule", &missing_submodule(&nested.path));
        } // an untracked repository without files holds nothing to judge
        None
    }

    fn unreadable(&mut self, path: &[u8], error: &SysError) -> Option<Git<'a>> {
        self.problem(path, "submodule", &Problem::unreadable(error));
        None
    }
}

/// A submodule whose files are not here. A path that has no safe form on a command line gets no command.
pub(super) fn missing_submodule(path: &[u8]) -> Problem {
    let quoted = std::str::from_utf8(path).ok().and_then(shell::quote);
    let help = quoted.map_or_else(String::new, |path| format!("git submodule update --init -- {path}"));
    Problem::new(GapKind::MissingSubmodule, "the files of this submodule are not here").with_help(help)
}
