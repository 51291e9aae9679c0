//! Claims about scopes, and a brute-force definition that random graphs are held against.

use super::*;
use crate::inventory::{cargo_lock, cargo_manifest};
use proptest::prelude::*;

const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn lock(path: &str, packages: &[(&str, &[&str])]) -> Inventory {
    let mut text = String::from("version = 4\n");
    for (package, dependencies) in packages {
        let (label, source) = match package.strip_prefix('+') {
            Some(label) => (label, String::new()), // first-party
            None => (*package, format!("source = \"{INDEX}\"\n")),
        };
        let (name, version) = label.split_once(' ').unwrap();
        text += &format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}dependencies = {dependencies:?}\n"
        );
    }
    let partial = cargo_lock::parse(&TreePath::new(path), text.as_bytes(), &[]).unwrap();
    assert_eq!(partial.gaps, []);
    partial.value
}

fn manifests(files: &[(&str, &str)]) -> Vec<(TreePath, Manifest)> {
    let read = |(path, text): &(&str, &str)| {
        let path = TreePath::new(*path);
        let manifest = cargo_manifest::parse(&path, text.as_bytes()).unwrap();
        (path, manifest)
    };
    files.iter().map(read).collect()
}

/// `name version scope conditions` of every component that is not first-party.
fn said(mut inventory: Inventory, files: &[(&str, &str)]) -> Vec<String> {
    annotate(&mut inventory, &manifests(files));
    let say =
        |c: &Component| format!("{} {} {}", c.label(), c.scope.as_str(), c.conditions.join("; ")).trim_end().to_owned();
    inventory.components.iter().filter(|c| c.source != Source::Local).map(say).collect()
}

const APP: &str = "[package]\nname='app'\nversion='0.1.0'\n";

fn one(dependencies: &str, packages: &[(&str, &[&str])]) -> Vec<String> {
    said(lock("Cargo.lock", packages), &[("Cargo.toml", &format!("{APP}{dependencies}"))])
}

#[test]
fn the_strongest_kind_of_edge_wins_and_is_passed_on() {
    let packages: &[(&str, &[&str])] = &[
        ("+app 0.1.0", &["n", "b", "d"]),
        ("n 1.0.0", &["shared"]),
        ("b 1.0.0", &["shared", "deep"]),
        ("d 1.0.0", &["deep", "test"]),
        ("shared 1.0.0", &[]),
        ("deep 1.0.0", &[]),
        ("test 1.0.0", &[]),
    ];
    let text = "[dependencies]\nn='1'\n[build-dependencies]\nb='1'\n[dev-dependencies]\nd='1'";
    let expected =
        ["n 1.0.0 normal", "b 1.0.0 build", "d 1.0.0 dev", "shared 1.0.0 normal", "deep 1.0.0 build", "test 1.0.0 dev"];
    assert_eq!(one(text, packages), expected);
}

#[test]
fn a_package_in_two_tables_has_the_stronger_one() {
    let packages: &[(&str, &[&str])] = &[("+app 0.1.0", &["a"]), ("a 1.0.0", &[])];
    assert_eq!(one("[dev-dependencies]\na='1'", packages), ["a 1.0.0 dev"]);
    assert_eq!(one("[dev-dependencies]\na='1'\n[dependencies]\na='1'", packages), ["a 1.0.0 normal"]);
    assert_eq!(one("[dev-dependencies]\na='1'\n[build-dependencies]\nz={package='a'}", packages), ["a 1.0.0 build"]);
}

#[test]
fn two_versions_are_told_apart_by_requirement_or_not_at_all() {
    let packages: &[(&str, &[&str])] = &[("+app 0.1.0", &["r 0.7.3", "r 0.8.5"]), ("r 0.7.3", &[]), ("r 0.8.5", &[])];
    let told = one("[dependencies]\nr='0.8'\n[dev-dependencies]\nold={package='r',version='0.7'}", packages);
    assert_eq!(told, ["r 0.7.3 dev", "r 0.8.5 normal"]);
    let open = one(
        "[dependencies]\nr={git='https://example.com/r'}\n[dev-dependencies]\nold={package='r',version='0.7'}",
        packages,
    );
    assert_eq!(open, ["r 0.7.3 normal", "r 0.8.5 normal"]);
    let stale = one("[dev-dependencies]\nr='0.9'", packages);
    assert_eq!(stale, ["r 0.7.3 unknown", "r 0.8.5 unknown"]);
    let pre: &[(&str, &[&str])] = &[("+app 0.1.0", &["r"]), ("r 0.8.0-rc.1", &[])];
    assert_eq!(
        one("[dev-dependencies]\nr='0.9'\n[dependencies]\nq={package='r',version='1'}", pre),
        ["r 0.8.0-rc.1 normal"]
    );
}

#[test]
fn a_condition_is_told_only_when_nothing_leads_around_it() {
    let packages: &[(&str, &[&str])] = &[
        ("+app 0.1.0", &["w", "n"]),
        ("n 1.0.0", &["s"]),
        ("s 1.0.0", &[]),
        ("t 1.0.0", &[]),
        ("w 1.0.0", &["s", "t"]),
    ];
    let windows = "[target.'cfg(windows)'.dependencies]\nw='1'\n";
    assert_eq!(
        one(&format!("{windows}[dependencies]\nn='1'"), packages),
        ["n 1.0.0 normal", "s 1.0.0 normal", "t 1.0.0 normal cfg(windows)", "w 1.0.0 normal cfg(windows)"]
    );
    assert_eq!(
        one(&format!("{windows}[dependencies]\nn={{version='1',optional=true}}"), packages),
        [
            "n 1.0.0 normal feature: n",
            "s 1.0.0 normal cfg(windows); feature: n",
            "t 1.0.0 normal cfg(windows)",
            "w 1.0.0 normal cfg(windows)"
        ]
    );
    let dev = format!("{windows}[dependencies]\nn='1'\n[dev-dependencies]\nw='1'");
    assert_eq!(one(&dev, packages)[3], "w 1.0.0 normal");
}

#[test]
fn without_its_manifest_a_package_makes_everything_unknown_and_that_beats_dev() {
    let packages: &[(&str, &[&str])] =
        &[("+app 0.1.0", &["a", "other"]), ("+other 0.1.0", &["a", "b"]), ("a 1.0.0", &[]), ("b 1.0.0", &[])];
    let app = format!("{APP}[dev-dependencies]\na='1'\nother={{path='../other'}}");
    assert_eq!(said(lock("Cargo.lock", packages), &[("Cargo.toml", &app)]), ["a 1.0.0 unknown", "b 1.0.0 unknown"]);
    let other = "[package]\nname='other'\nversion='0.1.0'\n[build-dependencies]\na='1'\n[dev-dependencies]\nb='1'";
    let both = [("w/Cargo.toml", app.as_str()), ("other/Cargo.toml", other)];
    assert_eq!(said(lock("w/Cargo.lock", packages), &both), ["a 1.0.0 build", "b 1.0.0 dev"]);
    assert_eq!(said(lock("w/Cargo.lock", packages), &[]), ["a 1.0.0 unknown", "b 1.0.0 unknown"]);
}

#[test]
fn a_fixture_of_the_same_name_does_not_lend_its_manifest() {
    let packages: &[(&str, &[&str])] = &[("+app 0.1.0", &["a"]), ("a 1.0.0", &[])];
    let (normal, dev) = (format!("{APP}[dependencies]\na='1'"), format!("{APP}[dev-dependencies]\na='1'"));
    let both = [("Cargo.toml", normal.as_str()), ("tests/x/Cargo.toml", dev.as_str())];
    assert_eq!(said(lock("Cargo.lock", packages), &both), ["a 1.0.0 normal"]);
    let two = [("p/Cargo.toml", dev.as_str()), ("q/Cargo.toml", dev.as_str())];
    assert_eq!(said(lock("Cargo.lock", packages), &two), ["a 1.0.0 unknown"]);
    let more: &[(&str, &[&str])] = &[("+app 0.1.0", &["a", "z"]), ("a 1.0.0", &[]), ("z 1.0.0", &[])];
    assert_eq!(said(lock("Cargo.lock", more), &two[..1]), ["a 1.0.0 unknown", "z 1.0.0 unknown"]);
    assert_eq!(said(lock("Cargo.lock", packages), &two[..1]), ["a 1.0.0 dev"]);
}

#[test]
fn an_inherited_dependency_without_its_workspace_leaves_no_claim() {
    let packages: &[(&str, &[&str])] = &[("+app 0.1.0", &["a"]), ("a 1.0.0", &[])];
    let member = format!("{APP}[dev-dependencies]\na='1'\n[dependencies]\nx={{workspace=true}}");
    assert_eq!(said(lock("Cargo.lock", packages), &[("Cargo.toml", &member)]), ["a 1.0.0 unknown"]);
    let root = "[workspace]\nmembers=['m']\n[workspace.dependencies]\nx={package='a',version='1'}";
    let both = [("Cargo.toml", root), ("m/Cargo.toml", member.as_str())];
    assert_eq!(said(lock("Cargo.lock", packages), &both), ["a 1.0.0 normal"]);
}

#[test]
fn more_conditions_than_bits_share_the_last() {
    let names: Vec<String> = (0..MAX_CONDITIONS + 10).map(|n| format!("p{n:04}")).collect();
    let labels: Vec<String> = names.iter().map(|name| format!("{name} 1.0.0")).collect();
    let edges: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut packages: Vec<(&str, &[&str])> = vec![("+app 0.1.0", &edges)];
    packages.extend(labels.iter().map(|label| (label.as_str(), &[][..])));
    let text: String = names.iter().map(|name| format!("{name}={{version='1',optional=true}}\n")).collect();
    let said = one(&format!("[dependencies]\n{text}"), &packages);
    assert_eq!(said[0], "p0000 1.0.0 normal feature: p0000");
    assert_eq!(said[MAX_CONDITIONS - 2], "p0126 1.0.0 normal feature: p0126");
    assert!(said[MAX_CONDITIONS - 1..].iter().all(|line| line.ends_with("normal further conditions")));
}

fn without_lock(locks: &[&Inventory], files: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut gaps = unlocked(&manifests(files), locks);
    gaps.retain(|gap| gap.kind != GapKind::NotCovered); // the claims about those are in `drift`
    assert!(gaps.iter().all(|gap| gap.kind == GapKind::Unlocked && gap.path.is_some()));
    gaps.into_iter().map(|gap| (gap.what, gap.help)).collect()
}

#[test]
fn a_package_that_no_lock_above_lists_is_unlocked() {
    let locked = lock("w/Cargo.lock", &[("+app 0.1.0", &[]), ("+bare 0.0.0", &[]), ("crate 1.0.0", &[])]);
    let paths = |files: &[(&str, &str)]| -> Vec<String> {
        without_lock(&[&locked], files).into_iter().map(|(path, _)| path).collect()
    };
    assert_eq!(paths(&[("w/Cargo.toml", APP), ("w/a/b/Cargo.toml", APP)]), [""; 0]);
    assert_eq!(paths(&[("w/a/Cargo.toml", "[package]\nname='bare'")]), [""; 0]);
    assert_eq!(paths(&[("Cargo.toml", APP), ("x/Cargo.toml", APP), ("wider/Cargo.toml", APP)]).len(), 3);
    assert_eq!(paths(&[("w/Cargo.toml", "[package]\nname='app'\nversion='0.2.0'")]), ["w/Cargo.toml"]);
    assert_eq!(paths(&[("w/Cargo.toml", "[package]\nname='crate'\nversion='1.0.0'")]), ["w/Cargo.toml"]);
    assert_eq!(paths(&[("w/a/Cargo.toml", "[package]\nname='app'\nversion.workspace=true")]), [""; 0]);
    let outside = [("w/Cargo.toml", "[workspace]\nmembers=['../m']"), ("m/Cargo.toml", APP)];
    assert_eq!(paths(&outside), [""; 0]);
}

#[test]
fn a_workspace_without_a_package_needs_a_lock_beside_it() {
    let locked = lock("w/Cargo.lock", &[("+m 1.0.0", &[])]);
    assert_eq!(without_lock(&[&locked], &[("w/Cargo.toml", "[workspace]")]), []);
    assert_eq!(without_lock(&[&locked], &[("w/a/Cargo.toml", "[workspace]")]).len(), 1);
    assert_eq!(without_lock(&[&locked], &[("Cargo.toml", "[patch]")]), []);
}

#[test]
fn the_remedy_can_be_pasted_or_is_left_out() {
    let help = |path: &str| without_lock(&[], &[(path, APP)]).remove(0).1;
    assert_eq!(help("a b/Cargo.toml"), "cargo generate-lockfile --manifest-path 'a b/Cargo.toml'");
    assert_eq!(help("a\nb/Cargo.toml"), "let cargo write a Cargo.lock for it, and commit it");
}

/// A random lock: the first `local` packages are first-party with manifests, the others are from the registry.
#[derive(Clone, Debug)]
struct Random {
    local: usize,
    count: usize,
    /// From, to, kind (0 normal, 1 build, 2 dev, 3 not declared), condition (0 none).
    edges: BTreeMap<(usize, usize), Vec<(u8, u8)>>,
}

fn random() -> impl Strategy<Value = Random> {
    let edges = prop::collection::vec((0..10_usize, 0..10_usize, 0..4_u8, 0..4_u8), 0..40);
    (1..4_usize, 4..10_usize, edges).prop_map(|(local, count, list)| {
        let mut edges: BTreeMap<(usize, usize), Vec<(u8, u8)>> = BTreeMap::new();
        for (from, to, kind, condition) in list {
            if from != to && from < count && to < count {
                edges.entry((from, to)).or_default().push((kind, condition));
            }
        }
        Random { local, count, edges }
    })
}

impl Random {
    fn build(&self) -> (Inventory, Vec<(TreePath, Manifest)>) {
        let name = |n: usize| format!("p{n}");
        let targets =
            |n: usize| -> Vec<String> { self.edges.keys().filter(|(f, _)| *f == n).map(|(_, t)| name(*t)).collect() };
        let all: Vec<(String, Vec<String>)> = (0..self.count)
            .map(|n| (format!("{}{} 1.0.0", if n < self.local { "+" } else { "" }, name(n)), targets(n)))
            .collect();
        let refs: Vec<Vec<&str>> = all.iter().map(|(_, t)| t.iter().map(String::as_str).collect()).collect();
        let packages: Vec<(&str, &[&str])> =
            all.iter().zip(&refs).map(|((l, _), t)| (l.as_str(), t.as_slice())).collect();
        let mut files = vec![("Cargo.toml".to_owned(), "[workspace]\nmembers=['*']".to_owned())];
        for n in 0..self.local {
            let mut text = format!("[package]\nname='{}'\nversion='1.0.0'\n", name(n));
            for ((_, to), list) in self.edges.iter().filter(|((from, _), _)| *from == n) {
                for (i, (kind, condition)) in list.iter().enumerate() {
                    let table = match kind {
                        0 => "dependencies",
                        1 => "build-dependencies",
                        2 => "dev-dependencies",
                        _ => continue,
                    };
                    let target = if *condition == 0 { String::new() } else { format!("target.'c{condition}'.") };
                    text += &format!("[{target}{table}.k{to}x{i}]\npackage='p{to}'\nversion='1'\n");
                }
            }
            files.push((format!("{}/Cargo.toml", name(n)), text));
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        (lock("Cargo.lock", &packages), manifests(&files))
    }

    /// Whether `to` is `from` or reached from it without passing through another first-party package.
    fn reaches(&self, from: usize, to: usize, seen: &mut BTreeSet<usize>) -> bool {
        from >= self.local
            && (from == to
                || seen.insert(from)
                    && self.edges.keys().filter(|(f, _)| *f == from).any(|(_, next)| self.reaches(*next, to, seen)))
    }

    /// Scope and conditions by definition: over every first-party edge that leads to the component.
    fn expected(&self, component: usize) -> (Scope, BTreeSet<String>) {
        if component < self.local {
            return (Scope::Normal, BTreeSet::new());
        }
        let (mut scope, mut free, mut conditions) = (None, false, BTreeSet::new());
        for ((from, to), list) in &self.edges {
            if *from >= self.local || !self.reaches(*to, component, &mut BTreeSet::new()) {
                continue;
            }
            let known: Vec<_> = list.iter().filter(|(kind, _)| *kind < 3).collect();
            let best =
                known.iter().map(|(kind, _)| [Scope::Normal, Scope::Build, Scope::Dev][usize::from(*kind)]).max();
            scope = scope.max(Some(best.unwrap_or(Scope::Unknown)));
            free |= known.is_empty() || known.iter().any(|(_, condition)| *condition == 0);
            conditions.extend(known.iter().map(|(_, condition)| format!("c{condition}")));
        }
        (scope.unwrap_or(Scope::Unknown), if free { BTreeSet::new() } else { conditions })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn scopes_and_conditions_are_what_the_definition_says(random in random()) {
        let (mut inventory, manifests) = random.build();
        annotate(&mut inventory, &manifests);
        for (n, component) in inventory.components.iter().enumerate() {
            let said: BTreeSet<String> = component.conditions.iter().map(ToString::to_string).collect();
            prop_assert_eq!((component.scope, said), random.expected(n), "{}", component.label());
        }
    }

    #[test]
    fn a_missing_manifest_never_weakens_a_claim(random in random(), lost in 0..4_usize) {
        let (mut full, mut manifests) = random.build();
        let mut less = full.clone();
        annotate(&mut full, &manifests);
        manifests.remove(lost % manifests.len());
        annotate(&mut less, &manifests);
        for (a, b) in full.components.iter().zip(&less.components) {
            let weaker = b.scope < a.scope && b.scope < Scope::Unknown;
            prop_assert!(!weaker, "{}: {} became {}", a.label(), a.scope.as_str(), b.scope.as_str());
            prop_assert!(!a.conditions.is_empty() || b.conditions.is_empty());
        }
    }
}
