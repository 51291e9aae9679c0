//! Scopes read as data against what cargo resolves, on small workspaces written here. The packages that are not
//! first-party come from a directory that stands in for the registry, so that no network is needed.

#![expect(clippy::unwrap_used, reason = "a test: what fails here should fail loudly")]

use portcullis::inventory::resolve::{self, ResolveError};
use portcullis::inventory::{cargo_lock, cargo_manifest, scope};
use portcullis::model::{GapKind, Inventory, Scope, Source, TreePath};
use portcullis::sys::{Bytes, Command, RealSys, Sys};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

const VENDOR: &str =
    "[source.crates-io]\nreplace-with = \"dir\"\n[source.dir]\ndirectory = \"vendor\"\n[net]\noffline = true\n";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    RealSys.create_dir(path.parent().unwrap()).unwrap();
    RealSys.replace(&path, text.as_bytes(), false).unwrap();
}

fn package(root: &Path, dir: &str, name: &str, rest: &str) {
    write(
        root,
        &format!("{dir}/Cargo.toml"),
        &format!("[package]\nname = '{name}'\nversion = '1.0.0'\nedition = '2021'\n{rest}"),
    );
    write(root, &format!("{dir}/src/lib.rs"), "");
    write(root, &format!("{dir}/build.rs"), "fn main() {}");
}

fn vendored(root: &Path, name: &str, rest: &str) {
    package(root, &format!("vendor/{name}"), name, rest);
    write(root, &format!("vendor/{name}/.cargo-checksum.json"), "{\"files\":{}}");
}

/// A workspace of the members `a` and `b` with these dependencies.
fn workspace(root: &Path, a: &str, b: &str) {
    write(
        root,
        "Cargo.toml",
        "[workspace]\nmembers = ['a', 'b']\nresolver = '2'\n[workspace.dependencies]\nshared = { package = 'v0', version = '1' }\n",
    );
    write(root, ".cargo/config.toml", VENDOR);
    package(root, "a", "a", a);
    package(root, "b", "b", b);
}

fn lock(root: &Path) -> Inventory {
    let cargo = RealSys.var("CARGO").unwrap().unwrap();
    let names = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let env = names.iter().filter_map(|name| Some((name.into(), RealSys.var(name).unwrap()?.into()))).collect();
    let command = Command {
        program: cargo.into(),
        args: vec!["generate-lockfile".into(), "--offline".into()],
        env,
        dir: root.to_owned(),
        stdin: Vec::new(),
        output_limit: Bytes::mib(1),
        time_limit: Duration::from_secs(60),
    };
    let output = RealSys.run(&command).unwrap();
    assert_eq!(output.code, Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = RealSys.read(&root.join("Cargo.lock"), Bytes::mib(1)).unwrap();
    let partial = cargo_lock::parse(&TreePath::new("Cargo.lock"), &bytes, &[]).unwrap();
    assert_eq!(partial.gaps, []);
    partial.value
}

fn from_manifests(root: &Path, mut inventory: Inventory) -> Inventory {
    let read = |path: &&str| {
        let tree = TreePath::new(*path);
        let bytes = RealSys.read(&root.join(path), Bytes::mib(1)).unwrap();
        let manifest = cargo_manifest::parse(&tree, &bytes).unwrap();
        (tree, manifest)
    };
    let manifests: Vec<_> = ["Cargo.toml", "a/Cargo.toml", "b/Cargo.toml"].iter().map(read).collect();
    assert_eq!(scope::unlocked(&manifests, &[&inventory]), []);
    scope::annotate(&mut inventory, &manifests);
    inventory
}

fn from_cargo(root: &Path, mut inventory: Inventory) -> Inventory {
    resolve::resolve(&RealSys, root, &mut inventory).unwrap();
    inventory
}

/// `name scope` of every package that is not first-party.
fn said(inventory: &Inventory) -> Vec<String> {
    let foreign = inventory.components.iter().filter(|c| c.source != Source::Local);
    foreign.map(|c| format!("{} {}", c.name, c.scope.as_str())).collect()
}

#[test]
fn both_ways_agree_on_a_workspace_with_every_kind_of_edge() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    workspace(
        root,
        "[dependencies]\nshared.workspace = true\nv2 = { version = '1', optional = true }\n[dev-dependencies]\nv1 = '1'\nb = { path = '../b' }\n[target.'cfg(windows)'.dependencies]\nv3 = '1'\n",
        "[build-dependencies]\nv4 = '1'\n[dev-dependencies]\nrenamed = { package = 'v2', version = '1' }\nv5 = '1'\n",
    );
    for name in ["v0", "v1", "v2", "v3", "v7"] {
        vendored(root, name, "");
    }
    vendored(root, "v4", "[dependencies]\nv6 = '1'\n");
    vendored(root, "v5", "[dependencies]\nv6 = '1'\nv7 = '1'\n");
    vendored(root, "v6", "");
    let locked = lock(root);
    let expected = ["v0 normal", "v1 dev", "v2 normal", "v3 normal", "v4 build", "v5 dev", "v6 build", "v7 dev"];
    let read = from_manifests(root, locked.clone());
    assert_eq!(said(&read), expected);
    assert_eq!(said(&from_cargo(root, locked)), expected);
    let conditions = |name: &str| {
        let component = read.components.iter().find(|c| c.name.as_ref() == name).unwrap();
        component.conditions.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(conditions("v3"), ["cfg(windows)"]);
    assert_eq!(conditions("v2"), [""; 0], "the tests of b use it without a feature");
    assert_eq!(conditions("v0"), [""; 0]);
}

#[test]
fn a_build_edge_behind_a_normal_one_is_told_by_cargo_and_taken_as_normal_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    workspace(root, "[dependencies]\nv1 = '1'\n", "");
    vendored(root, "v1", "[build-dependencies]\nv2 = '1'\n");
    vendored(root, "v2", "");
    vendored(root, "v0", "");
    let locked = lock(root);
    assert_eq!(said(&from_manifests(root, locked.clone())), ["v1 normal", "v2 normal"]);
    assert_eq!(said(&from_cargo(root, locked)), ["v1 normal", "v2 build"]);
}

#[test]
fn programs_that_the_judged_tree_names_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    workspace(root, "[dev-dependencies]\nv1 = '1'\n", "");
    vendored(root, "v1", "");
    vendored(root, "v0", "");
    let locked = lock(root);
    // None of these exists: cargo would fail if it tried to run one.
    let trap =
        "[build]\nrustc = '/nowhere/rustc'\nrustc-wrapper = '/nowhere/a'\nrustc-workspace-wrapper = '/nowhere/b'\n";
    write(root, ".cargo/config.toml", &format!("{VENDOR}{trap}"));
    assert_eq!(said(&from_cargo(root, locked)), ["v1 dev"]);
}

#[test]
fn a_cargo_that_cannot_answer_is_an_error_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    workspace(root, "[dev-dependencies]\nv1 = '1'\n", "");
    vendored(root, "v1", "");
    vendored(root, "v0", "");
    let mut locked = lock(root);
    let before = locked.clone();
    write(root, "a/Cargo.toml", "[package]\n");
    let error = resolve::resolve(&RealSys, root, &mut locked).unwrap_err();
    assert!(matches!(&error, ResolveError::Failed { code: Some(101), said } if said.starts_with("error")), "{error}");
    let gap = error.gap(&locked);
    assert_eq!((gap.kind, gap.what.as_str()), (GapKind::ResolveFailed, "Cargo.lock"));
    for json in [&b""[..], b"[]", b"{}", b"\xff"] {
        assert!(matches!(resolve::apply(&mut locked, json), Err(ResolveError::NotMetadata { .. })));
    }
    let bare = br#"{"packages":[],"workspace_members":[],"resolve":null,"workspace_root":"/","target_directory":"/t","version":1}"#;
    assert_eq!(resolve::apply(&mut locked, bare), Err(ResolveError::NoGraph));
    // A tree that holds the only cargo there is gives none.
    assert_eq!(resolve::resolve(&RealSys, Path::new("/"), &mut locked), Err(ResolveError::NoCargo));
    assert_eq!(locked, before);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    /// Edges lead from lower to higher numbers, for cargo refuses cycles.
    #[test]
    fn both_ways_agree_where_the_registrys_packages_have_normal_edges(
        first in prop::collection::vec((0..2_usize, 0..6_usize, 0..3_usize), 1..8),
        inner in prop::collection::vec((0..6_usize, 0..6_usize), 0..10),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let tables = ["dependencies", "build-dependencies", "dev-dependencies"];
        let mut of_members = [String::new(), String::new()];
        let mut unique = first.clone();
        unique.sort_unstable();
        unique.dedup();
        for (member, to, kind) in unique {
            of_members[member] += &format!("[{}.v{to}]\nversion = '1'\n", tables[kind]);
        }
        workspace(root, &of_members[0], &of_members[1]);
        for n in 0..6 {
            let mut targets: Vec<usize> = inner.iter().filter(|(from, to)| *from == n && to > from).map(|(_, to)| *to).collect();
            targets.sort_unstable();
            targets.dedup();
            let rest: String = targets.iter().map(|to| format!("[dependencies.v{to}]\nversion = '1'\n")).collect();
            vendored(root, &format!("v{n}"), &rest);
        }
        let locked = lock(root);
        let (read, asked) = (from_manifests(root, locked.clone()), from_cargo(root, locked));
        prop_assert_eq!(said(&read), said(&asked));
        prop_assert!(read.components.iter().all(|c| c.scope != Scope::Unknown));
    }
}

#[test]
fn what_cargo_locks_fits_its_manifests_and_a_later_dependency_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let workspace = "[workspace]\nmembers = ['a', 'b']\nexclude = ['out']\nresolver = '2'\n\
                     [workspace.dependencies]\nshort = { package = 'real', path = 'real' }\n";
    write(root, "Cargo.toml", workspace);
    let a = "[dependencies]\nshort.workspace = true\nopt = { path = '../opt', optional = true }\n\
             [target.'cfg(windows)'.dependencies]\nwin = { path = '../win' }\n\
             [target.'cfg(any())'.dependencies]\nnever = { path = '../never' }\n\
             [build-dependencies]\nbd = { path = '../bd' }\n[dev-dependencies]\ndv = { path = '../dv' }\n";
    package(root, "a", "a", a);
    package(root, "b", "b", "[dependencies]\na = { path = '../a' }\nother = { package = 'out', path = '../out' }\n");
    // No member: its optional and dev dependencies are not in the lock.
    let out = "[dependencies]\nwin = { path = '../win' }\nunused = { path = '../unused', optional = true }\n\
               [dev-dependencies]\ntests = { path = '../tests' }\n";
    package(root, "out", "out", out);
    let plain = ["real", "opt", "win", "never", "bd", "dv", "unused", "tests"];
    for name in plain {
        package(root, name, name, "");
    }
    let inventory = lock(root);
    let told = || {
        let dirs = ["", "a/", "b/", "out/"].into_iter().map(str::to_owned);
        let dirs = dirs.chain(plain.iter().take(6).map(|name| format!("{name}/")));
        let read = |dir: String| {
            let path = TreePath::new(format!("{dir}Cargo.toml"));
            let bytes = RealSys.read(&root.join(path.as_str()), Bytes::mib(1)).unwrap();
            let manifest = cargo_manifest::parse(&path, &bytes).unwrap();
            (path, manifest)
        };
        let manifests: Vec<_> = dirs.map(read).collect();
        let gaps = scope::unlocked(&manifests, &[&inventory]);
        gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect::<Vec<_>>()
    };
    assert_eq!(told(), []);
    package(root, "out", "out", &out.replace(", optional = true", ""));
    assert_eq!(told(), [(GapKind::Unlocked, "out/Cargo.toml".to_owned(), Some(7))]);
}
