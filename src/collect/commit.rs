//! A commit as a judged tree: everything comes from git's object store and nothing from the work tree. Used for the
//! base of a comparison, and for what a push sends.

use super::checkout::missing_submodule;
use super::gather::{INSTALLED, MAX_OTHER_LINKS, Problem, exclusion, shown};
use super::name::{self, Guess};
use super::sniff::{PREFIX, sniff};
use super::tree::problem;
use super::{Artifact, CollectError, EachFile, Format, MAX_DEPTH, MAX_ENTRIES, MAX_FILE, Opened, Tree};
use crate::config::Exclude;
use crate::git::{Blob, Git, GitError, MODE_GITLINK, MODE_LINK, is_object_id};
use crate::model::{Gap, GapKind, LedgerRow, RowState, TreePath};
use crate::sys::{Bytes, Fault, SysError};
use crate::text::count::plural;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// A chain of links longer than this goes in a circle; the limit of Linux.
const MAX_LINKS: usize = 40;
/// The target of a link: PATH_MAX of Linux.
const MAX_LINK: Bytes = Bytes(4_096);

/// Looks through a commit, or through what lies below a path of it (relative to the top, as a [`TreePath`] shows it).
/// Same rules as for a work tree; there is no ignored and no untracked file. Submodules are read from their own object
/// stores, where this checkout has them.
pub fn open_commit<'a>(
    git: &Git<'a>,
    commit: &str,
    excludes: &[Exclude],
    below: Option<&str>,
) -> Result<Opened<'a>, CollectError> {
    // The usual caller has asked for the id before; a complete one that is missing is noticed when its tree is read.
    let commit = if is_object_id(commit) { commit.to_owned() } else { git.commit(commit)? };
    let below = TreePath::new(below.unwrap_or_default().trim_end_matches('/')).to_bytes();
    let below = if below == b"." { Vec::new() } else { below };
    let mut tree = CommitTree { repositories: Vec::new(), leaves: BTreeMap::new(), blobs: BTreeMap::new() };
    let mut findings = Findings { excludes, artifacts: Vec::new(), rows: Vec::new(), gaps: Vec::new() };
    tree.add(git.clone(), &commit, b"")?;
    tree.add_submodules(&below, &mut findings);
    findings.judge(&mut tree, &below)?;
    let Findings { mut artifacts, mut rows, mut gaps, .. } = findings;
    artifacts.sort();
    rows.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    gaps.sort();
    let (root, label) = (git.toplevel().to_owned(), format!("commit {commit}"));
    Ok(Opened { root, label, tree: Box::new(tree), artifacts, rows, gaps, git: Some(git.clone()) })
}

/// The files of a commit and of the submodules it names.
struct CommitTree<'a> {
    repositories: Vec<Git<'a>>,
    leaves: BTreeMap<Vec<u8>, Node>,
    /// The bytes of the candidates, by object id: one call of git fetched them all.
    blobs: BTreeMap<String, Blob>,
}

#[derive(Clone)]
struct Node {
    mode: u32,
    oid: String,
    /// Index of the repository that has the object.
    repository: usize,
}

/// Where a path of the tree leads once every link on the way is followed.
enum Leads {
    To(Node),
    ToDirectory,
    Nowhere,
    Outside,
    InCircles,
}

impl<'a> CommitTree<'a> {
    fn add(&mut self, git: Git<'a>, commit: &str, prefix: &[u8]) -> Result<(), GitError> {
        let leaves = git.tree(commit)?;
        let repository = self.repositories.len();
        let node = |leaf: &crate::git::Leaf<'_>| Node { mode: leaf.mode, oid: leaf.oid.to_owned(), repository };
        self.leaves.extend(leaves.iter().map(|leaf| (name::join(prefix, leaf.path), node(&leaf))));
        self.repositories.push(git);
        Ok(())
    }

    /// Adds the files of submodules, and of their submodules, from the object stores that are here.
    fn add_submodules(&mut self, below: &[u8], findings: &mut Findings<'_>) {
        let mut done = BTreeSet::new();
        for _ in 0..MAX_DEPTH {
            let is_new = |path: &Vec<u8>, node: &Node| node.mode == MODE_GITLINK && !done.contains(path);
            let links = self
                .leaves
                .iter()
                .filter(|(path, node)| is_new(path, node) && (within(path, below) || within(below, path)));
            let links: Vec<(Vec<u8>, Node)> = links.map(|(path, node)| (path.clone(), node.clone())).collect();
            if links.is_empty() {
                return;
            }
            for (path, node) in links {
                let added = self.nested(&path, &node).and_then(|inner| match inner {
                    Some(inner) => self.add(inner, &node.oid, &path).map(|()| true),
                    None => Ok(false),
                });
                if added != Ok(true) {
                    findings.problem(&path, "submodule", &missing_submodule(&path)); // why it is missing changes nothing
                }
                done.insert(path);
            }
        }
        let why = format!("submodules inside more than {MAX_DEPTH} repositories were not looked into");
        findings.problem(below, "submodule", &Problem::new(GapKind::WalkLimit, why));
    }

    fn nested(&self, path: &[u8], node: &Node) -> Result<Option<Git<'a>>, GitError> {
        match (self.repositories.first(), self.repositories.get(node.repository)) {
            (Some(top), Some(outer)) => outer.nested(&top.toplevel().join(OsStr::from_bytes(path))),
            _ => Ok(None),
        }
    }

    /// Follows the links of a path, each at most once per step.
    fn follow(&self, path: &[u8]) -> Result<Leads, GitError> {
        let mut pending: Vec<Vec<u8>> = parts(path);
        let mut at: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = pending.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." if at.is_empty() => return Ok(Leads::Outside),
                b".." => {
                    at = name::parent(&at).to_vec();
                    continue;
                }
                _ => at = name::join(&at, &part),
            }
            let Some(node) = self.leaves.get(&at) else { continue };
            if node.mode == MODE_LINK {
                links += 1;
                if links > MAX_LINKS {
                    return Ok(Leads::InCircles);
                }
                let Some(target) = self.link(node)? else { return Ok(Leads::Nowhere) };
                if target.starts_with(b"/") {
                    return Ok(Leads::Outside);
                }
                at = name::parent(&at).to_vec();
                pending.extend(parts(&target));
            } else if pending.iter().all(|part| part.is_empty() || part == b".") {
                // A gitlink is the directory in which the files of the submodule lie.
                return Ok(if node.mode == MODE_GITLINK { Leads::ToDirectory } else { Leads::To(node.clone()) });
            } else if node.mode != MODE_GITLINK {
                return Ok(Leads::Nowhere); // a file has nothing below it
            }
        }
        let mut inside = at.clone();
        inside.push(b'/');
        let is_directory = at.is_empty()
            || self.leaves.range(inside.clone()..).next().is_some_and(|(path, _)| path.starts_with(&inside));
        Ok(if is_directory { Leads::ToDirectory } else { Leads::Nowhere })
    }

    /// The target of a link; none where the object is missing or longer than any path.
    fn link(&self, node: &Node) -> Result<Option<Vec<u8>>, GitError> {
        Ok(match self.blob(node, MAX_LINK)? {
            Blob::Bytes(target) if target.len() as u64 <= MAX_LINK.0 => Some(target),
            Blob::Bytes(_) | Blob::Missing | Blob::TooLarge { .. } | Blob::NotABlob => None,
        })
    }

    fn blob(&self, node: &Node, limit: Bytes) -> Result<Blob, GitError> {
        if let Some(blob) = self.blobs.get(&node.oid) {
            return Ok(blob.clone());
        }
        let Some(git) = self.repositories.get(node.repository) else { return Ok(Blob::Missing) };
        Ok(git.blobs(&[&node.oid], limit)?.pop().unwrap_or(Blob::Missing))
    }

    /// Brings the objects into memory with one call for each repository.
    fn fetch<'n>(&mut self, nodes: impl Iterator<Item = &'n Node>) -> Result<(), GitError> {
        let mut wanted: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
        for node in nodes.filter(|node| !self.blobs.contains_key(&node.oid)) {
            wanted.entry(node.repository).or_default().insert(&node.oid);
        }
        for (repository, oids) in wanted {
            let oids: Vec<&str> = oids.into_iter().collect();
            let Some(git) = self.repositories.get(repository) else { continue }; // every node has its repository
            let blobs = git.blobs(&oids, MAX_FILE)?; // one for each id
            self.blobs.extend(oids.into_iter().map(str::to_owned).zip(blobs));
        }
        Ok(())
    }
}

impl Tree for CommitTree<'_> {
    fn read(&self, path: &TreePath) -> Result<Vec<u8>, SysError> {
        let error = |fault| SysError { op: "read", what: path.to_string(), fault };
        let git_error = |found| match found {
            GitError::Sys(found) => found,
            other => error(Fault::Other(other.to_string())),
        };
        let leads = self.follow(&path.to_bytes()).map_err(git_error)?;
        let node = match leads {
            Leads::To(node) => node,
            Leads::ToDirectory => return Err(error(Fault::NotRegular("directory"))),
            Leads::Nowhere => return Err(error(Fault::NotFound)),
            Leads::Outside => return Err(error(Fault::Other(super::tree::LEADS_OUTSIDE.to_owned()))),
            Leads::InCircles => return Err(error(Fault::Other("the link leads in a circle".to_owned()))),
        };
        match self.blob(&node, MAX_FILE).map_err(git_error)? {
            Blob::Bytes(bytes) => Ok(bytes),
            Blob::TooLarge { .. } => Err(error(Fault::TooLarge { limit: MAX_FILE })),
            Blob::Missing => Err(error(Fault::Other("the object is not in this clone".to_owned()))),
            Blob::NotABlob => Err(error(Fault::Other("the object is not a blob".to_owned()))),
        }
    }

    fn read_below(&self, directory: &TreePath, each: &mut EachFile<'_>) -> Result<(), SysError> {
        let error = |path: &TreePath, fault| SysError { op: "read", what: path.to_string(), fault };
        let mut start = directory.to_bytes();
        start.push(b'/');
        // Files of one repository come with one call of git; a link is followed by itself.
        let mut wanted: BTreeMap<usize, Vec<(TreePath, &str)>> = BTreeMap::new();
        let leaves = self.leaves.range(start.clone()..).take_while(|(path, _)| path.starts_with(&start));
        for (count, (path, node)) in leaves.enumerate() {
            if count >= MAX_ENTRIES {
                let why = format!("it holds more than {MAX_ENTRIES} entries");
                return Err(error(directory, Fault::Other(why)));
            }
            let below = TreePath::from_bytes(path.get(start.len()..).unwrap_or_default());
            match node.mode {
                MODE_GITLINK => each(below, Err(error(directory, Fault::NotRegular("submodule")))),
                MODE_LINK => each(below, self.read(&TreePath::from_bytes(path))),
                _ => wanted.entry(node.repository).or_default().push((below, &node.oid)),
            }
        }
        for (repository, files) in wanted {
            let Some(git) = self.repositories.get(repository) else { continue }; // every node has its repository
            let oids: Vec<&str> = files.iter().map(|(_, oid)| *oid).collect();
            let blobs = git.blobs(&oids, MAX_FILE).map_err(|found| match found {
                GitError::Sys(found) => found,
                other => error(directory, Fault::Other(other.to_string())),
            })?;
            debug_assert_eq!(blobs.len(), files.len());
            for ((path, _), blob) in files.into_iter().zip(blobs) {
                // One blob came for each id.
                let bytes = match blob {
                    Blob::Bytes(bytes) => Ok(bytes),
                    Blob::TooLarge { .. } => Err(error(&path, Fault::TooLarge { limit: MAX_FILE })),
                    Blob::Missing | Blob::NotABlob => {
                        Err(error(&path, Fault::Other("the object is not in this clone".to_owned())))
                    }
                };
                each(path, bytes);
            }
        }
        Ok(())
    }
}

struct Findings<'e> {
    excludes: &'e [Exclude],
    artifacts: Vec<Artifact>,
    rows: Vec<LedgerRow>,
    gaps: Vec<Gap>,
}

impl Findings<'_> {
    fn judge(&mut self, tree: &mut CommitTree<'_>, below: &[u8]) -> Result<(), GitError> {
        let mut candidates: Vec<(Vec<u8>, Guess)> = Vec::new();
        let mut links: Vec<Vec<u8>> = Vec::new();
        // Neither is judged in a commit: what is built or installed is not what is committed.
        let mut packages: BTreeMap<(Vec<u8>, Format), usize> = BTreeMap::new();
        let mut binaries: Vec<(Vec<u8>, &'static str)> = Vec::new();
        if !below.is_empty() && !tree.leaves.keys().any(|path| within(path, below)) {
            let what = Problem::new(GapKind::NothingToJudge, "the commit holds nothing at this path");
            self.problem(below, "directory", &what);
        }
        let mut directories = BTreeSet::new();
        for (count, (path, node)) in tree.leaves.iter().filter(|(path, _)| within(path, below)).enumerate() {
            if count >= MAX_ENTRIES {
                let why = format!("the commit holds more than {MAX_ENTRIES} files; the rest was not looked at");
                self.problem(below, "directory", &Problem::new(GapKind::WalkLimit, why));
                break;
            }
            directories.extend(name::directories_in_the_way(path).map(<[u8]>::to_vec));
            if let Some(guess) = name::guess(path).filter(|_| node.mode != MODE_GITLINK) {
                match guess {
                    Guess::Package(format) => {
                        *packages.entry((name::tree_of(path, format).to_vec(), format)).or_default() += 1;
                    }
                    Guess::Binary(_) => binaries.push((path.clone(), guess.kind())),
                    _ => candidates.push((path.clone(), guess)),
                }
            } else if node.mode == MODE_LINK {
                links.push(path.clone());
            }
        }
        for ((path, format), count) in packages {
            self.left_out(&path, format.as_str(), format!("{} in a commit", plural(count, "installed package")));
        }
        for (path, kind) in binaries {
            self.left_out(&path, kind, "a program or an archive in a commit".to_owned());
        }
        let more = links.split_off(links.len().min(MAX_OTHER_LINKS));
        // The locks above, as in a work tree: the packages below may be members of a workspace there.
        let mut above = below;
        while !above.is_empty() {
            above = name::parent(above);
            let path = name::join(above, b"Cargo.lock");
            if tree.leaves.get(&path).is_some_and(|node| node.mode != MODE_GITLINK) {
                candidates.push((path, Guess::Exact(Format::CargoLock)));
            }
        }
        for path in directories {
            let kind = name::guess(&path).map_or("directory", Guess::kind);
            self.problem(&path, kind, &Problem::new(GapKind::SpecialFile, "it is a directory, not a regular file"));
        }
        let paths = candidates.iter().map(|(path, _)| path).chain(&links);
        let nodes: Vec<Node> = paths.filter_map(|path| tree.leaves.get(path).cloned()).collect();
        tree.fetch(nodes.iter())?; // files, and links, whose blob is their target
        self.other_links(tree, &links, more.first())?;
        for (path, guess) in candidates {
            self.candidate(tree, &path, guess)?;
        }
        Ok(())
    }

    fn candidate(&mut self, tree: &mut CommitTree<'_>, path: &[u8], guess: Guess) -> Result<(), GitError> {
        let node = match tree.follow(path)? {
            Leads::To(node) => node,
            Leads::ToDirectory if guess.taken_by_directory(name::file_name(path)) => {
                let why = "it is a directory, not a regular file";
                self.problem(path, guess.kind(), &Problem::new(GapKind::SpecialFile, why));
                return Ok(());
            }
            // An ordinary directory under a name that only resembles a lock's.
            Leads::ToDirectory => return Ok(()),
            Leads::Nowhere => return self.link_outside(path, guess, "the link leads nowhere"),
            Leads::Outside => return self.link_outside(path, guess, "the link leads out of the judged tree"),
            Leads::InCircles => return self.link_outside(path, guess, "the link leads in a circle"),
        };
        tree.fetch(std::iter::once(&node))?;
        let format = match (guess, tree.blobs.get(&node.oid)) {
            (Guess::Installed(_), _) => {
                let state = RowState::Excluded(INSTALLED.to_owned());
                self.rows.push(LedgerRow { path: shown(path), kind: guess.kind(), state, digest: None });
                return Ok(());
            }
            (Guess::Package(_) | Guess::Binary(_), _) => return Ok(()), // `judge` has told of them
            (Guess::Exact(format), _) => format, // a missing or too large one is told when it is read
            (Guess::Loose, Some(Blob::Bytes(bytes))) => {
                match sniff(bytes.get(..PREFIX).unwrap_or(bytes)) {
                    Some(Format::CargoLock) => Format::CargoLock,
                    _ => return Ok(()), // it only resembles a lock by its name
                }
            }
            (Guess::Loose, _) => Format::CargoLock,
        };
        let shown = TreePath::from_bytes(path);
        match exclusion(self.excludes, &shown) {
            Some(why) => {
                let state = RowState::Excluded(why);
                self.rows.push(LedgerRow { path: shown, kind: guess.kind(), state, digest: None });
            }
            None => self.artifacts.push(Artifact { path: shown, format }),
        }
        Ok(())
    }

    /// Links whose name promises nothing. What one out of the tree leads to is not part of the commit, and nobody can
    /// know whether it is a directory: each leaves a row.
    fn other_links(
        &mut self,
        tree: &CommitTree<'_>,
        links: &[Vec<u8>],
        first_of_more: Option<&Vec<u8>>,
    ) -> Result<(), GitError> {
        let mut row = |path: &[u8], state| {
            let path = shown(path);
            let state = exclusion(self.excludes, &path).map_or(state, RowState::Excluded);
            self.rows.push(LedgerRow { path, kind: "link", state, digest: None });
        };
        for path in links {
            if matches!(tree.follow(path)?, Leads::Outside) {
                row(path, RowState::Excluded("a link out of the tree is not followed".into()));
            }
        }
        if let Some(path) = first_of_more {
            let why =
                format!("more than {MAX_OTHER_LINKS} links: where this one and later ones lead was not looked at");
            row(path, RowState::Unsupported(why));
        }
        Ok(())
    }

    fn link_outside(&mut self, path: &[u8], guess: Guess, why: &str) -> Result<(), GitError> {
        self.problem(path, guess.kind(), &Problem::new(GapKind::LinkOutside, why));
        Ok(())
    }

    /// Notes what is not judged, and why.
    fn left_out(&mut self, path: &[u8], row_kind: &'static str, why: String) {
        let path = shown(path);
        let state = RowState::Excluded(exclusion(self.excludes, &path).unwrap_or(why));
        self.rows.push(LedgerRow { path, kind: row_kind, state, digest: None });
    }

    fn problem(&mut self, path: &[u8], row_kind: &'static str, found: &Problem) {
        let path = shown(path);
        if let Some(why) = exclusion(self.excludes, &path) {
            self.rows.push(LedgerRow { path, kind: row_kind, state: RowState::Excluded(why), digest: None });
            return;
        }
        let (gap, row) = problem(found.kind, &path, row_kind, &found.why, &found.help);
        self.gaps.push(gap);
        self.rows.push(row);
    }
}

/// Whether the path is the directory or lies below it.
fn within(path: &[u8], directory: &[u8]) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The parts of a path, last first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect()
}
