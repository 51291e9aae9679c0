//! The manifests of a tree by directory: which belongs to which workspace, and which package of a lock each one is.
//! Paths are text; no file is looked at.

use crate::inventory::cargo_manifest::{Manifest, PackageVersion};
use crate::model::TreePath;
use crate::text::glob;
use std::collections::{BTreeMap, BTreeSet};

/// Globs of `workspace.members` that are looked at; beyond this, packages stay unassigned and their scopes unknown.
const MAX_GLOBS: usize = 1_000;

/// A manifest with what it inherits.
pub(super) struct Entry<'a> {
    pub(super) path: &'a TreePath,
    /// As written: its paths are relative to its directory.
    pub(super) written: &'a Manifest,
    /// With what the workspace says.
    pub(super) manifest: Manifest,
}

impl Entry<'_> {
    /// Name and version; no version when it is inherited from a workspace that is not here.
    pub(super) fn package(&self) -> Option<(&str, Option<&str>)> {
        self.manifest.package.as_ref().map(|package| match &package.version {
            PackageVersion::Is(version) => (package.name.as_str(), Some(version.as_str())),
            PackageVersion::Inherited => (package.name.as_str(), None),
        })
    }
}

/// The manifests by directory; the root is the empty text.
pub(super) struct Manifests<'a> {
    by_dir: BTreeMap<&'a str, Entry<'a>>,
}

impl<'a> Manifests<'a> {
    pub(super) fn new(manifests: &'a [(TreePath, Manifest)]) -> Self {
        let mut written: BTreeMap<&str, (&TreePath, &Manifest)> = BTreeMap::new();
        for (path, manifest) in manifests {
            // Of two manifests in one directory the one that cargo would read counts.
            if path.file_name() == "Cargo.toml" || !written.contains_key(path.parent()) {
                written.insert(path.parent(), (path, manifest));
            }
        }
        let inherited = |dir: &str, manifest: &Manifest| {
            let workspace = workspace_of(&written, dir, manifest).and_then(|root| root.workspace.as_ref());
            workspace.map_or_else(|| manifest.clone(), |workspace| manifest.inherit(workspace))
        };
        let entry = |(dir, (path, manifest)): (&&'a str, &(&'a TreePath, &'a Manifest))| {
            (*dir, Entry { path, written: manifest, manifest: inherited(dir, manifest) })
        };
        Self { by_dir: written.iter().map(entry).collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.by_dir.values()
    }

    /// The manifest of a directory.
    pub(super) fn in_dir(&self, dir: &str) -> Option<&Entry<'a>> {
        self.by_dir.get(dir)
    }

    /// The directories whose packages the lock of this directory holds as first-party: the root package, the members,
    /// and what these depend on by path.
    pub(super) fn locked_by(&self, lock_dir: &str) -> BTreeSet<&'a str> {
        let Some(root) = self.by_dir.get(lock_dir) else { return BTreeSet::new() };
        let mut open: Vec<&'a str> = self.members(lock_dir, root);
        open.extend(self.by_dir.get_key_value(lock_dir).map(|(dir, _)| *dir));
        let mut seen = BTreeSet::new();
        while let Some(dir) = open.pop() {
            let Some(entry) = self.by_dir.get(dir).filter(|_| seen.insert(dir)) else { continue }; // seen already
            for dependency in &entry.written.dependencies {
                let shared = || root.written.workspace.as_ref()?.dependencies.get(&dependency.key);
                let path = match &dependency.origin {
                    Some(origin) => origin.path.as_deref().and_then(|path| join(dir, path)),
                    None => shared().and_then(|origin| join(lock_dir, origin.path.as_deref()?)),
                };
                // A path that leads out of the tree has no manifest here.
                open.extend(path.and_then(|path| self.by_dir.get_key_value(path.as_str())).map(|(dir, _)| *dir));
            }
        }
        seen
    }

    /// The directories of the members that the workspace in this directory names.
    pub(super) fn members_of(&self, root_dir: &str) -> Vec<&'a str> {
        self.by_dir.get(root_dir).map(|root| self.members(root_dir, root)).unwrap_or_default()
    }

    fn members(&self, root_dir: &str, root: &Entry<'_>) -> Vec<&'a str> {
        let Some(workspace) = &root.written.workspace else { return Vec::new() };
        let excluded: Vec<String> = workspace.exclude.iter().filter_map(|dir| join(root_dir, dir)).collect();
        let (globs, plain): (Vec<String>, Vec<String>) = workspace
            .members
            .iter()
            .filter_map(|member| join(root_dir, member)) // one that leads out of the tree has no manifest here
            .partition(|member| member.contains(['*', '?', '[']));
        let globs: Vec<&String> = globs.iter().take(MAX_GLOBS).filter(|g| glob::check(g).is_ok()).collect();
        let named = plain.iter().filter_map(|dir| self.by_dir.get_key_value(dir.as_str())).map(|(dir, _)| *dir);
        let matched = self.by_dir.keys().copied().filter(|dir| globs.iter().any(|glob| is_dir_of(glob, dir)));
        named.chain(matched).filter(|dir| !excluded.iter().any(|out| lies_in(dir, out))).collect()
    }
}

/// The manifest that `workspace = true` refers to: the package's own, the one it names, or the nearest above.
fn workspace_of<'a>(
    all: &BTreeMap<&str, (&'a TreePath, &'a Manifest)>,
    dir: &str,
    manifest: &'a Manifest,
) -> Option<&'a Manifest> {
    if manifest.workspace.is_some() {
        return Some(manifest);
    }
    let is_root = |dir: &str| all.get(dir).map(|(_, found)| *found).filter(|found| found.workspace.is_some());
    match manifest.package.as_ref().and_then(|package| package.workspace.as_deref()) {
        Some(named) => is_root(&join(dir, named)?),
        None => ancestors(dir).skip(1).find_map(is_root),
    }
}

/// The directory itself and those above it, the root last.
pub(super) fn ancestors(dir: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(dir), |dir| {
        (!dir.is_empty()).then(|| dir.rsplit_once('/').map_or("", |(parent, _)| parent))
    })
}

/// A relative path from a directory; none when it leads out of the tree.
fn join(dir: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether the glob names this very directory: in our globs a directory covers what lies below, in cargo's it does not.
fn is_dir_of(glob: &str, dir: &str) -> bool {
    let depth = |path: &str| path.split('/').count();
    (glob.contains("**") || depth(glob) == depth(dir)) && glob::matches(glob, dir)
}

fn lies_in(dir: &str, above: &str) -> bool {
    dir.strip_prefix(above).is_some_and(|rest| rest.is_empty() || above.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::cargo_manifest;

    fn manifests(files: &[(&str, &str)]) -> Vec<(TreePath, Manifest)> {
        let read = |(path, text): &(&str, &str)| {
            let path = TreePath::new(*path);
            let manifest = cargo_manifest::parse(&path, text.as_bytes()).unwrap();
            (path, manifest)
        };
        files.iter().map(read).collect()
    }

    #[test]
    fn paths_stay_inside_the_tree() {
        assert_eq!(join("a/b", "../c/./d/").as_deref(), Some("a/c/d"));
        assert_eq!(join("", ".").as_deref(), Some(""));
        assert_eq!(join("a", "../.."), None);
        assert_eq!(join("a", "/etc"), None);
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(ancestors("").collect::<Vec<_>>(), [""]);
    }

    #[test]
    fn a_workspace_holds_its_members_and_what_they_reach_by_path() {
        let all = manifests(&[
            (
                "w/Cargo.toml",
                "[workspace]\nmembers=['crates/*', 'tool']\nexclude=['crates/out']\n[workspace.dependencies]\ns={path='shared'}",
            ),
            ("w/crates/a/Cargo.toml", "[package]\nname='a'\n[dependencies]\nx={path='../../../x'}\ns={workspace=true}"),
            ("w/crates/a/fixture/Cargo.toml", "[package]\nname='a'"),
            ("w/crates/out/Cargo.toml", "[package]\nname='out'"),
            ("w/tool/Cargo.toml", "[package]\nname='tool'"),
            ("w/shared/Cargo.toml", "[package]\nname='s'"),
            ("w/other/Cargo.toml", "[package]\nname='other'"),
            ("x/Cargo.toml", "[package]\nname='x'"),
        ]);
        let held: Vec<_> = Manifests::new(&all).locked_by("w").into_iter().collect();
        assert_eq!(held, ["w", "w/crates/a", "w/shared", "w/tool", "x"]);
        assert_eq!(Manifests::new(&all).locked_by("elsewhere").len(), 0);
    }

    #[test]
    fn version_and_dependencies_come_from_the_nearest_workspace() {
        let all = manifests(&[
            (
                "Cargo.toml",
                "[workspace.package]\nversion='1.0.0'\n[workspace.dependencies]\nr={package='real', version='2'}",
            ),
            ("a/Cargo.toml", "[package]\nname='a'\nversion.workspace=true\n[dependencies]\nr.workspace=true"),
            ("n/Cargo.toml", "[workspace]"),
            ("n/b/Cargo.toml", "[package]\nname='b'\nversion.workspace=true\n[dependencies]\nr.workspace=true"),
        ]);
        let manifests = Manifests::new(&all);
        let packages: Vec<_> = manifests.iter().filter_map(Entry::package).collect();
        assert_eq!(packages, [("a", Some("1.0.0")), ("b", None)]);
        let names: Vec<_> = manifests
            .iter()
            .flat_map(|entry| &entry.manifest.dependencies)
            .map(|d| d.origin.as_ref().map(|origin| origin.package.as_str()))
            .collect();
        assert_eq!(names, [Some("real"), None]);
    }
}
