//! Whether a lock still fits the manifests it was made from: dependencies that it does not list, and first-party
//! packages that no manifest provides. Presence only: no requirement is held against a version.

use super::manifests::{Entry, Manifests};
use crate::inventory::cargo_manifest::{Dependency, Kind};
use crate::model::{Gap, GapKind, Inventory, Source, Stage};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The name of the file that cargo reads. Locks under other names are judged, but nothing is built from them.
const READ_BY_CARGO: &str = "Cargo.lock";
/// Dependencies of one manifest that get a gap each; one more says how many others there are.
const MAX_MISSING: usize = 16;

/// One gap for each dependency that a manifest has always, and that its package in the lock has no edge to. Cargo
/// locks for every target, so those of other targets count; optional ones and those of tests need not be there.
pub(super) fn missing(manifests: &Manifests<'_>, locks: &[&Inventory]) -> Vec<Gap> {
    let locks: Vec<&Inventory> = locks.iter().copied().filter(|lock| lock.path.file_name() == READ_BY_CARGO).collect();
    let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for lock in &locks {
        let dir = lock.path.parent();
        for member in manifests.members_of(dir).into_iter().filter(|member| *member != dir) {
            members.entry(member).or_default().insert(dir);
        }
    }
    let mut gaps = Vec::new();
    for lock in locks {
        let dir = lock.path.parent();
        // A lock in the directory of a member is left from before it was one: cargo reads that of the workspace.
        let own = manifests.in_dir(dir).is_some_and(|entry| entry.manifest.workspace.is_some());
        if own || !members.contains_key(dir) {
            gaps.extend(missing_in(manifests, lock));
        }
    }
    gaps
}

fn missing_in(manifests: &Manifests<'_>, lock: &Inventory) -> Vec<Gap> {
    // A name and version that two manifests or two entries have could be either.
    let mut entries: BTreeMap<(&str, &str), Vec<&Entry<'_>>> = BTreeMap::new();
    let locked = manifests.locked_by(lock.path.parent());
    for entry in locked.iter().filter_map(|dir| manifests.in_dir(dir)) {
        if let Some((name, Some(version))) = entry.package() {
            entries.entry((name, version)).or_default().push(entry);
        }
    }
    let mut gaps = Vec::new();
    for (component, targets) in lock.components.iter().zip(&lock.edges) {
        let key = (component.name.as_ref(), component.version.as_ref());
        let Some([entry]) = entries.get(&key).map(Vec::as_slice) else { continue };
        if component.source != Source::Local {
            continue; // a package of that name from elsewhere
        }
        let named: HashSet<String> = targets
            .iter()
            .filter_map(|to| lock.components.get(*to as usize)) // every index is valid
            .map(|target| folded(&target.name))
            .collect();
        gaps.extend(missing_of(entry, lock, &named));
    }
    gaps
}

fn missing_of(entry: &Entry<'_>, lock: &Inventory, named: &HashSet<String>) -> Vec<Gap> {
    let needed = |dependency: &&Dependency| !dependency.optional && dependency.kind != Kind::Dev;
    // What is inherited from a workspace that is not here could be any package.
    let package = |d: &'_ Dependency| d.origin.as_ref().map(|origin| (origin.package.clone(), d.line));
    let missing: BTreeMap<String, u32> = entry
        .manifest
        .dependencies
        .iter()
        .filter(needed)
        .filter_map(package)
        .filter(|(package, _)| !named.contains(&folded(package)))
        .collect();
    let gap = |why: String, line: Option<u32>| {
        let gap = Gap::new(GapKind::Unlocked, Stage::Inventory, entry.path.as_str(), why)
            .with_path(entry.path.clone())
            .with_help("cargo update --workspace");
        Gap { line, ..gap }
    };
    let mut gaps: Vec<Gap> = missing
        .iter()
        .take(MAX_MISSING)
        .map(|(package, line)| {
            gap(format!("{} does not list its dependency {package}: it is out of date", lock.path), Some(*line))
        })
        .collect();
    if let Some(more @ 1..) = missing.len().checked_sub(MAX_MISSING) {
        gaps.push(gap(format!("{} does not list {more} more of its dependencies", lock.path), None));
    }
    gaps
}

/// Old cargo took `-` and `_` for the same in the name of a dependency.
fn folded(name: &str) -> String {
    name.replace('_', "-")
}

/// One gap for each first-party package of a lock that no manifest of the tree provides: it could be a package whose
/// source was taken out. Only where the manifest beside the lock is here; of a lock alone nothing can be said.
pub(super) fn unprovided(manifests: &Manifests<'_>, locks: &[&Inventory]) -> Vec<Gap> {
    let mut provided: HashMap<&str, HashSet<Option<&str>>> = HashMap::new();
    for (name, version) in manifests.iter().filter_map(Entry::package) {
        provided.entry(name).or_default().insert(version);
    }
    let mut gaps = Vec::new();
    for lock in locks.iter().filter(|lock| manifests.in_dir(lock.path.parent()).is_some()) {
        for component in lock.components.iter().filter(|component| component.source == Source::Local) {
            let versions = provided.get(component.name.as_ref());
            // A version that is inherited from a workspace that is not here could be this one.
            let here = versions.is_some_and(|v| v.contains(&Some(component.version.as_ref())) || v.contains(&None));
            if !here {
                let why = "no source, and no manifest here provides it";
                let gap = Gap::new(GapKind::NotCovered, Stage::Inventory, component.label(), why)
                    .with_path(lock.path.clone())
                    .with_line(component.line)
                    .with_help(
                        "judge it where it is developed, or write the lock anew with `cargo update --workspace`",
                    );
                gaps.push(gap);
            }
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use crate::inventory::scope::unlocked;
    use crate::inventory::{cargo_lock, cargo_manifest};
    use crate::model::{GapKind, Inventory, TreePath};

    fn said(locks: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
        let lock =
            |(path, text): &(&str, &str)| cargo_lock::parse(&TreePath::new(*path), text.as_bytes(), &[]).unwrap().value;
        let locks: Vec<Inventory> = locks.iter().map(lock).collect();
        let manifest = |(path, text): &(&str, &str)| {
            let path = TreePath::new(*path);
            let manifest = cargo_manifest::parse(&path, text.as_bytes()).unwrap();
            (path, manifest)
        };
        let manifests: Vec<_> = files.iter().map(manifest).collect();
        let gaps = unlocked(&manifests, &locks.iter().collect::<Vec<_>>());
        assert!(gaps.iter().all(|gap| !gap.help.is_empty() && gap.path.is_some()));
        let place = |line: Option<u32>| line.map(|line| format!(":{line}")).unwrap_or_default();
        gaps.into_iter().map(|gap| format!("{} {}{}: {}", gap.kind, gap.what, place(gap.line), gap.why)).collect()
    }

    fn entry(name: &str, dependencies: &[&str]) -> String {
        format!("[[package]]\nname = \"{name}\"\nversion = \"0.1.0\"\ndependencies = {dependencies:?}\n")
    }

    const APP: &str = "[package]\nname='app'\nversion='0.1.0'\n";

    fn app(dependencies: &str) -> Vec<String> {
        let text = entry("app", &["listed", "foo-bar"]) + &entry("listed", &[]) + &entry("foo-bar", &[]);
        let listed = "[package]\nname='listed'\nversion='0.1.0'";
        let foo = "[package]\nname='foo-bar'\nversion='0.1.0'";
        let manifest = format!("{APP}{dependencies}");
        said(
            &[("Cargo.lock", &text)],
            &[("Cargo.toml", &manifest), ("listed/Cargo.toml", listed), ("foo/Cargo.toml", foo)],
        )
    }

    #[test]
    fn a_dependency_that_is_always_there_and_not_in_the_lock_is_a_gap_on_its_line() {
        for (name, text) in [
            ("x", "[dependencies]\nx='1'"),
            ("x", "[build-dependencies]\nx='1'"),
            ("x", "[target.'cfg(windows)'.dependencies]\nx='1'"),
            ("x", "[dependencies]\nlisted={package='x',version='1'}"),
        ] {
            let why = format!("Cargo.lock does not list its dependency {name}: it is out of date");
            assert_eq!(app(text), [format!("unlocked Cargo.toml:5: {why}")], "{text}");
        }
        for text in [
            "[dependencies]\nlisted='1'",
            "[dependencies]\nx={package='listed',version='1'}",
            "[dependencies]\nfoo_bar='1'",
            "[dependencies]\nx={version='1',optional=true}",
            "[dev-dependencies]\nx='1'",
            "[dependencies]\nx={workspace=true}",
        ] {
            assert_eq!(app(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn many_missing_dependencies_are_told_as_a_number() {
        let names = |n: usize| (0..n).map(|n| format!("x{n}='1'\n")).collect::<String>();
        assert_eq!(app(&format!("[dependencies]\n{}", names(16))).len(), 16);
        let said = app(&format!("[dependencies]\n{}", names(19)));
        assert_eq!(said.len(), 17);
        assert_eq!(said[16], "unlocked Cargo.toml: Cargo.lock does not list 3 more of its dependencies");
    }

    #[test]
    fn a_dependency_is_inherited_from_the_workspace_with_its_real_name() {
        let root = "[workspace]\nmembers=['app']\n[workspace.dependencies]\nshort={package='real',version='1'}";
        let member = format!("{APP}[dependencies]\nshort.workspace=true");
        let files = [
            ("Cargo.toml", root),
            ("app/Cargo.toml", &member),
            ("r/Cargo.toml", "[package]\nname='real'\nversion='0.1.0'"),
        ];
        let good = entry("app", &["real"]) + &entry("real", &[]);
        assert_eq!(said(&[("Cargo.lock", &good)], &files), [""; 0]);
        let bad = entry("app", &[]) + &entry("real", &[]);
        let why = "unlocked app/Cargo.toml:5: Cargo.lock does not list its dependency real: it is out of date";
        assert_eq!(said(&[("Cargo.lock", &bad)], &files), [why]);
    }

    #[test]
    fn only_the_lock_that_cargo_reads_has_to_fit() {
        let root = "[workspace]\nmembers=['app']";
        let member = format!("{APP}[dependencies]\nx={{path='../x'}}");
        let x = "[package]\nname='x'\nversion='0.1.0'";
        let (old, new) = (entry("app", &[]), entry("app", &["x"]) + &entry("x", &[]));
        let files = [("Cargo.toml", root), ("app/Cargo.toml", &member), ("x/Cargo.toml", x)];
        let told = |path: &str| said(&[("Cargo.lock", &new), (path, &old)], &files).len();
        assert_eq!((told("app/Cargo.lock"), told("Cargo.lock.msrv"), told("y/Cargo.lock")), (0, 0, 0));
        let apart = [("app/Cargo.toml", member.as_str()), ("x/Cargo.toml", x)];
        assert_eq!(said(&[("app/Cargo.lock", &old), ("x/Cargo.lock", &entry("x", &[]))], &apart).len(), 1);
    }

    #[test]
    fn a_first_party_package_that_no_manifest_provides_is_told_where_the_manifests_are_here() {
        let lock = entry("app", &["gone"]) + &entry("gone", &[]);
        let app = format!("{APP}[dependencies]\ngone={{path='gone'}}");
        let gone = "[package]\nname='gone'\nversion='0.1.0'";
        let why = "not-covered gone 0.1.0:5: no source, and no manifest here provides it";
        assert!(!GapKind::NotCovered.fails_by_default());
        assert_eq!(said(&[("Cargo.lock", &lock)], &[("Cargo.toml", &app)]), [why]);
        assert_eq!(said(&[("Cargo.lock", &lock)], &[("Cargo.toml", &app), ("gone/Cargo.toml", gone)]), [""; 0]);
        let inherited = "[package]\nname='gone'\nversion.workspace=true";
        assert_eq!(said(&[("Cargo.lock", &lock)], &[("Cargo.toml", &app), ("gone/Cargo.toml", inherited)]), [""; 0]);
        assert_eq!(said(&[("Cargo.lock", &lock)], &[]), [""; 0], "a lock alone");
        let foreign = lock.replace("name = \"gone\"", "source = \"git+https://example.com/g#1\"\nname = \"gone\"");
        assert_eq!(said(&[("Cargo.lock", &foreign)], &[("Cargo.toml", &app)]), [""; 0]);
    }
}
