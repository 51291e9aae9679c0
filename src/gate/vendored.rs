//! Finds the copies of packages that a configuration of cargo in the tree names, and compares each with its list.

use super::inspect::shown;
use crate::collect::Opened;
use crate::inventory::cargo_config;
use crate::inventory::cargo_manifest::{Manifest, PackageVersion};
use crate::inventory::vendored::{self, LIST, Vendored};
use crate::model::{Digest, Gap, GapKind, Inventory, Partial, Stage, TreePath};
use crate::sys::{Fault, SysError, spread};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The configuration under its name of today, and under the one before it, which cargo reads first where both are there.
const CONFIG: [&str; 2] = [".cargo/config", ".cargo/config.toml"];
const HELP: &str = "run `cargo vendor --locked` again, and compare with what was there";

/// Directories of copies, each with where the configuration lies that names it. Both inside the target.
type Places = BTreeMap<String, String>;

/// The copies of a target. `locks` are its locks of cargo and `manifests` its manifests, under the paths of reports.
/// What the policy leaves out, or git ignores, has no manifest here and is not looked at.
pub(super) fn all(
    target: &Opened<'_>,
    prefix: &str,
    locks: &[&Inventory],
    manifests: &[(TreePath, Manifest)],
) -> Partial<Vec<Vendored>> {
    let mut gaps = Vec::new();
    let places = places(target, prefix, locks, &mut gaps);
    if places.is_empty() {
        return Partial { value: Vec::new(), gaps };
    }
    let copies: Vec<(&TreePath, &Manifest, &str)> = manifests
        .iter()
        .filter_map(|(path, manifest)| {
            let inside = path.as_str().strip_prefix(prefix)?;
            let (copy, _) = inside.rsplit_once('/')?; // the manifest of the root is no copy
            let above = copy.rsplit_once('/').map_or("", |(above, _)| above);
            let base = places.get(above)?;
            Some((path, manifest, base.as_str()))
        })
        .collect();
    let compared = spread(&copies, |(path, manifest, base)| {
        let one = || one(target, prefix, path, manifest, base);
        catch_unwind(AssertUnwindSafe(one)).unwrap_or_else(|_| {
            let why = "comparing the copy broke; this is a fault of Portcullis";
            let gap = Gap::new(GapKind::Internal, Stage::Collect, path.as_str(), why).with_path((*path).clone());
            Partial { value: None, gaps: vec![gap.with_help("report it with the files")] }
        })
    });
    let mut value = Vec::new();
    for part in compared.expect("the work on a copy catches its own panics") {
        value.extend(part.take(&mut gaps));
    }
    Partial { value, gaps }
}

/// The copies that a lock outside of all copies has.
#[derive(Default)]
pub(super) struct Locked {
    /// Their manifests. Whatever else was changed, these packages were resolved with that lock.
    pub(super) manifests: HashSet<TreePath>,
    /// The directories of those that are as their lists say: nothing is built by the locks and manifests in them. Of a
    /// copy that was changed, or that no lock has, nobody knows.
    pub(super) whole: HashSet<String>,
}

/// Which of the copies the locks have.
pub(super) fn locked(copies: &[Vendored], locks: &[&Inventory]) -> Locked {
    let mut found = Locked::default();
    if copies.is_empty() {
        return found;
    }
    let all: HashSet<String> = copies.iter().map(|copy| copy.manifest.parent().to_owned()).collect();
    let outside = locks.iter().filter(|lock| !lies_in(&all, &lock.path)).flat_map(|lock| &lock.components);
    let entries: HashSet<(&str, &str)> = outside.map(|entry| (entry.name.as_ref(), entry.version.as_ref())).collect();
    for copy in copies {
        let version = copy.version.as_deref();
        if !version.is_some_and(|version| entries.contains(&(copy.name.as_ref(), version))) {
            continue; // its files are judged like any others
        }
        found.manifests.insert(copy.manifest.clone());
        if copy.has_list && copy.changed.is_empty() && copy.missing.is_empty() && copy.unlisted.is_empty() {
            found.whole.insert(copy.manifest.parent().to_owned());
        }
    }
    found
}

/// Whether a file lies in one of these directories or below it.
pub(super) fn lies_in(directories: &HashSet<String>, path: &TreePath) -> bool {
    let mut above = path.parent();
    while !directories.is_empty() && !above.is_empty() {
        if directories.contains(above) {
            return true;
        }
        above = above.rsplit_once('/').map_or("", |(above, _)| above);
    }
    false
}

/// The directories that are named by the configurations beside the locks and above them.
fn places(target: &Opened<'_>, prefix: &str, locks: &[&Inventory], gaps: &mut Vec<Gap>) -> Places {
    let mut above: BTreeSet<&str> = BTreeSet::new();
    for lock in locks {
        let mut directory =
            lock.path.as_str().strip_prefix(prefix).and_then(|path| path.rsplit_once('/')).map_or("", |(dir, _)| dir);
        while above.insert(directory) && !directory.is_empty() {
            directory = directory.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    let mut places = Places::new();
    for base in above {
        for name in CONFIG {
            let path = TreePath::new(join(base, name));
            let bytes = match target.tree.read(&path) {
                Ok(bytes) => bytes,
                Err(SysError { fault: Fault::NotFound, .. }) => continue,
                Err(error) => {
                    gaps.push(unread(&shown(prefix, &path), &error));
                    continue;
                }
            };
            let path = shown(prefix, &path);
            match cargo_config::directories(&path, &bytes) {
                Err(gap) => gaps.push(gap),
                Ok(directories) => {
                    for directory in directories {
                        match inside(base, &directory) {
                            Some(inside) => {
                                // Copies that several configurations name are for the locks of all of them.
                                let all = places.entry(inside).or_insert_with(|| base.to_owned());
                                *all = common(all, base);
                            }
                            None => gaps.push(outside(&path, &directory)),
                        }
                    }
                }
            }
        }
    }
    places
}

/// The directory that two have above them, or one of the two.
fn common(a: &str, b: &str) -> String {
    let same = a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b); // where the shorter ends, so does what they share
    same.map(|(part, _)| part).collect::<Vec<_>>().join("/")
}

/// The path of a directory that is written relative to another one; none where it leads out of the tree.
fn inside(base: &str, written: &str) -> Option<String> {
    if written.starts_with('/') || written.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn outside(path: &TreePath, directory: &str) -> Gap {
    let what = crate::text::neutral::line(directory).chars().take(100).collect::<String>();
    let why = "the configuration of cargo takes packages from a directory outside of the judged tree";
    Gap::new(GapKind::NotCovered, Stage::Collect, what, why)
        .with_path(path.clone())
        .with_help("keep vendored packages inside the tree")
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn one(
    target: &Opened<'_>,
    prefix: &str,
    path: &TreePath,
    manifest: &Manifest,
    base: &str,
) -> Partial<Option<Vendored>> {
    let Some(package) = &manifest.package else { return Partial::whole(None) }; // cargo takes no package from it
    let mut copy = Vendored {
        manifest: path.clone(),
        line: package.line,
        base: shown(prefix, &TreePath::new(base)).as_str().trim_end_matches('/').to_owned(),
        name: package.name.as_str().into(),
        version: match &package.version {
            PackageVersion::Is(version) => Some(version.as_str().into()),
            PackageVersion::Inherited => None,
        },
        package: None,
        has_list: false,
        changed: Vec::new(),
        missing: Vec::new(),
        unlisted: Vec::new(),
    };
    let directory = TreePath::new(path.as_str().strip_prefix(prefix).unwrap_or(path.as_str()));
    let directory = TreePath::new(directory.parent());
    let shown_file = |file: &str| shown(prefix, &TreePath::new(join(directory.as_str(), file)));
    let (mut list, mut found, mut gaps) = (None, BTreeMap::new(), Vec::new());
    let listing = target.tree.read_below(&directory, &mut |file, bytes| match bytes {
        Ok(bytes) => {
            found.insert(file.as_str().to_owned(), Digest::of(&bytes));
            if file.as_str() == LIST {
                list = Some(bytes);
            }
        }
        Err(error) => gaps.push(unread(&shown_file(file.as_str()), &error)),
    });
    if let Err(error) = listing {
        gaps.push(unread(&shown(prefix, &directory), &error));
    }
    match list.map(|bytes| vendored::parse(&shown_file(LIST), &bytes)) {
        Some(Ok(listed)) => copy.compare(&listed, &found),
        Some(Err(gap)) => {
            gaps.push(gap);
            return Partial { value: None, gaps };
        }
        None => {}
    }
    // A file that could not be read is told as such; it is not missing.
    let told: BTreeSet<&TreePath> = gaps.iter().filter_map(|gap| gap.path.as_ref()).collect();
    copy.missing.retain(|file| !told.contains(&shown_file(file)));
    Partial { value: Some(copy), gaps }
}

fn unread(path: &TreePath, error: &SysError) -> Gap {
    let kind = match error.fault {
        Fault::TooLarge { .. } => GapKind::TooLarge,
        Fault::NotRegular(_) => GapKind::SpecialFile,
        _ => GapKind::Unreadable,
    };
    Gap::new(kind, Stage::Collect, path.as_str(), error.fault.to_string()).with_path(path.clone()).with_help(HELP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_several_configurations_are_for_the_locks_of_all() {
        for (a, b, both) in [("", "a", ""), ("a", "b", ""), ("a/b", "a/c", "a"), ("a", "a/c", "a"), ("ab", "a", "")] {
            assert_eq!(common(a, b), both, "{a} {b}");
        }
    }

    #[test]
    fn a_directory_is_relative_to_its_configuration_and_stays_inside() {
        assert_eq!(inside("", "vendor").as_deref(), Some("vendor"));
        assert_eq!(inside("a/b", "./vendor/").as_deref(), Some("a/b/vendor"));
        assert_eq!(inside("a/b", "../vendor").as_deref(), Some("a/vendor"));
        assert_eq!(inside("a", "..").as_deref(), Some(""));
        for outside in ["/vendor", "../../vendor", "../a/../../vendor", "..\\vendor"] {
            assert_eq!(inside("a", outside), None, "{outside}");
        }
    }
}
