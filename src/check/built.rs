//! Is everything that is built into a program in the lock of the package that it was built for? It compares what one run
//! judges: a program with the locks beside it, and no bytes with any source.

use crate::inventory::{binary, cargo_lock, go_mod, go_sum};
use crate::model::{
    Class, Component, Digest, Ecosystem, Finding, Gap, GapKind, Inventory, Location, Partial, RuleId, SeverityBasis,
    Source, Stage,
};
use crate::rule;
use std::collections::{BTreeMap, BTreeSet};

/// At most so many versions that a lock has instead are named.
const NAMED: usize = 5;

/// Compares every program with the locks of its root package. Where several locks list that package, the one that misses
/// the least counts. Nothing is said where no lock of the ecosystem is judged in the same run.
pub fn built(inventories: &[(Inventory, Digest)]) -> Partial<Vec<Finding>> {
    let mut out = Partial::whole(Vec::new());
    for (program, digest) in inventories.iter().filter(|(inventory, _)| inventory.format == binary::FORMAT) {
        for ecosystem in [Ecosystem::Cargo, Ecosystem::Go] {
            let locks: Vec<&Inventory> = inventories.iter().map(|(i, _)| i).filter(|i| is_lock(i, ecosystem)).collect();
            let has_any = program.components.iter().any(|c| c.ecosystem == ecosystem);
            if has_any && !locks.is_empty() {
                one(program, *digest, ecosystem, &locks, &mut out);
            }
        }
    }
    out
}

fn is_lock(inventory: &Inventory, ecosystem: Ecosystem) -> bool {
    match ecosystem {
        Ecosystem::Cargo => inventory.format == cargo_lock::FORMAT,
        _ => inventory.format == go_mod::FORMAT,
    }
}

fn one(
    program: &Inventory,
    digest: Digest,
    ecosystem: Ecosystem,
    locks: &[&Inventory],
    out: &mut Partial<Vec<Finding>>,
) {
    let gap = |why: String, help: &str| {
        Gap::new(GapKind::NotCovered, Stage::Check, program.path.as_str(), why)
            .with_path(program.path.clone())
            .with_digest(digest)
            .with_help(help)
    };
    let Some(root) = binary::root(program, ecosystem) else {
        let why = "it does not say which package it was built for, so it was not compared with a lock".to_owned();
        return out.gaps.push(gap(why, ""));
    };
    let compared = locks.iter().filter(|lock| lists(lock, ecosystem, root)).map(|lock| {
        let listed = Listed::of(lock, ecosystem, locks);
        let missing: Vec<&Component> =
            program.components.iter().filter(|c| is_compared(c, ecosystem, root) && !listed.has(c)).collect();
        (missing, *lock, listed)
    });
    // `min_by_key` takes the first of several, and the locks are in order of path.
    let Some((missing, lock, listed)) = compared.min_by_key(|(missing, ..)| missing.len()) else {
        let why = format!("no lock of this run has its root package {}, so it was not compared with one", root.name);
        return out.gaps.push(gap(why, "name the lockfile that it was built from as a target"));
    };
    out.value.extend(missing.into_iter().map(|component| finding(program, component, lock, &listed)));
}

/// Whether the lock is of the root package.
fn lists(lock: &Inventory, ecosystem: Ecosystem, root: &Component) -> bool {
    match ecosystem {
        Ecosystem::Cargo => lock.components.iter().any(|c| c.source == Source::Local && c.name == root.name),
        _ => go_mod::module(&lock.text).is_some_and(|module| *module == *root.name),
    }
}

/// A lock of Go has neither its own module nor the toolchain that is at hand, and no version for what its workspace has.
fn is_compared(component: &Component, ecosystem: Ecosystem, root: &Component) -> bool {
    let in_every_lock = ecosystem == Ecosystem::Go
        && (component == root || component.source == Source::Local || *component.name == *go_mod::STDLIB);
    component.ecosystem == ecosystem && !in_every_lock
}

/// What a lock lists.
struct Listed<'a> {
    packages: BTreeSet<(&'a str, &'a str, Kind)>,
    versions: BTreeMap<&'a str, Vec<&'a str>>,
}

/// What a program says of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Registry,
    Git,
    Local,
}

impl<'a> Listed<'a> {
    fn of(lock: &'a Inventory, ecosystem: Ecosystem, all: &[&'a Inventory]) -> Self {
        let mut listed = Self { packages: BTreeSet::new(), versions: BTreeMap::new() };
        listed.take(lock);
        // Before Go 1.17 a part of what is built stands in `go.sum` alone, whose reader knows when that is so.
        if ecosystem == Ecosystem::Go {
            let beside = all.iter().filter(|i| i.format == go_sum::FORMAT && i.path.parent() == lock.path.parent());
            beside.for_each(|sums| listed.take(sums));
        }
        listed
    }

    fn take(&mut self, lock: &'a Inventory) {
        for component in &lock.components {
            self.packages.insert((&component.name, &component.version, kind(&component.source)));
            self.versions.entry(&component.name).or_default().push(&component.version);
        }
    }

    fn has(&self, component: &Component) -> bool {
        self.packages.contains(&(&*component.name, &*component.version, kind(&component.source)))
    }
}

/// A mirror in a lock is a registry in a program, so the two are one; so are a path and a member of the workspace.
fn kind(source: &Source) -> Kind {
    match source {
        Source::Default | Source::Registry(_) => Kind::Registry,
        Source::Git(_) => Kind::Git,
        Source::Path(_) | Source::Local => Kind::Local,
    }
}

fn finding(program: &Inventory, component: &Component, lock: &Inventory, listed: &Listed<'_>) -> Finding {
    let info = rule::info(RuleId::BUILT_NOT_LOCKED);
    let label = component.label();
    let instead = match listed.versions.get(&*component.name).map(Vec::as_slice) {
        None => String::new(),
        Some(versions) if versions.contains(&&*component.version) => " from another source".to_owned(),
        Some(versions) => {
            let named: Vec<&str> = versions.iter().take(NAMED).copied().collect();
            format!(" at {}", named.join(", "))
        }
    };
    let says = if instead.is_empty() { "does not list it".to_owned() } else { format!("lists it{instead}") };
    Finding {
        rule: RuleId::BUILT_NOT_LOCKED,
        class: Class::Integrity,
        severity: info.severity,
        basis: SeverityBasis::Rule,
        advisory: None,
        aliases: Vec::new(),
        disclosed: None,
        url: None,
        component: Some(component.clone()),
        location: Location::file(program.path.clone()),
        excerpt: Vec::new(),
        evidence: Vec::new(),
        fix: None,
        message: format!("{label} is built into {}, and {} {says}", program.path.file_name(), lock.path),
        title: info.title.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TreePath;

    fn read(path: &str, text: &str) -> (Inventory, Digest) {
        let at = TreePath::new(path);
        let part = if path.ends_with("go.mod") {
            go_mod::parse(&at, text.as_bytes(), &|_| None)
        } else {
            cargo_lock::parse(&at, text.as_bytes(), &[])
        };
        (part.unwrap().value, Digest::of(text.as_bytes()))
    }

    const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn lock(path: &str, packages: &[(&str, &str, Option<&str>)]) -> (Inventory, Digest) {
        let entry = |(name, version, source): &(&str, &str, Option<&str>)| {
            let source = source.map(|source| format!("source = \"{source}\"\n")).unwrap_or_default();
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}")
        };
        read(path, &format!("version = 4\n\n{}", packages.iter().map(entry).collect::<Vec<_>>().join("\n")))
    }

    /// The first package is the root, and the others are its dependencies.
    fn program(packages: &[(Ecosystem, &str, &str, Source)]) -> (Inventory, Digest) {
        let component = |(ecosystem, name, version, source): &(Ecosystem, &str, &str, Source)| Component {
            ecosystem: *ecosystem,
            name: (*name).into(),
            version: (*version).into(),
            source: source.clone(),
            checksum: None,
            line: 1,
            column: 1,
            scope: crate::model::Scope::Normal,
            conditions: Vec::new(),
        };
        let mut edges = vec![Vec::new(); packages.len()];
        edges[0] = (1..packages.len() as u32).collect();
        let inventory = Inventory {
            path: TreePath::new("out/app"),
            format: binary::FORMAT,
            origins: Vec::new(),
            components: packages.iter().map(component).collect(),
            edges,
            counted: Default::default(),
            text: String::new(),
        };
        (inventory, Digest::of(b"app"))
    }

    fn messages(inventories: &[(Inventory, Digest)]) -> (Vec<String>, Vec<String>) {
        let part = built(inventories);
        assert!(part.value.iter().all(|f| (f.class, f.rule) == (Class::Integrity, RuleId::BUILT_NOT_LOCKED)));
        assert!(part.gaps.iter().all(|gap| gap.kind == GapKind::NotCovered));
        let findings = part.value.into_iter().map(|finding| finding.message).collect();
        (findings, part.gaps.into_iter().map(|gap| gap.why).collect())
    }

    use Ecosystem::{Cargo, Go};

    fn app() -> (Inventory, Digest) {
        program(&[
            (Cargo, "app", "0.1.0", Source::Local),
            (Cargo, "serde", "1.0.1", Source::Default),
            (Cargo, "fork", "2.0.0", Source::Git("".into())),
        ])
    }

    const GIT: &str = "git+https://example.com/fork?rev=1#0123456789012345678901234567890123456789";

    #[test]
    fn a_program_of_locked_packages_has_no_findings_though_the_lock_lists_more() {
        let packages = [
            ("app", "0.1.0", None),
            ("fork", "2.0.0", Some(GIT)),
            ("more", "1.0.0", Some(REGISTRY)),
            ("serde", "1.0.1", Some(REGISTRY)),
        ];
        assert_eq!(messages(&[lock("Cargo.lock", &packages), app()]), (vec![], vec![]));
        let mirror = [
            ("app", "0.1.0", None),
            ("fork", "2.0.0", Some(GIT)),
            ("serde", "1.0.1", Some("registry+https://example.com/m")),
        ];
        assert_eq!(messages(&[lock("Cargo.lock", &mirror), app()]), (vec![], vec![]));
    }

    #[test]
    fn what_the_lock_has_at_another_version_from_another_source_or_not_at_all_is_found() {
        let (app_row, fork, serde) =
            (("app", "0.1.0", None), ("fork", "2.0.0", Some(GIT)), ("serde", "1.0.1", Some(REGISTRY)));
        let found = |packages: &[(&str, &str, Option<&str>)]| messages(&[lock("Cargo.lock", packages), app()]).0;
        assert_eq!(
            found(&[app_row, fork, ("serde", "1.0.0", Some(REGISTRY))]),
            ["serde 1.0.1 is built into app, and Cargo.lock lists it at 1.0.0"]
        );
        assert_eq!(found(&[app_row, fork]), ["serde 1.0.1 is built into app, and Cargo.lock does not list it"]);
        assert_eq!(
            found(&[app_row, ("fork", "2.0.0", Some(REGISTRY)), serde]),
            ["fork 2.0.0 is built into app, and Cargo.lock lists it from another source"]
        );
        assert_eq!(
            found(&[("app", "0.2.0", None), fork, serde]),
            ["app 0.1.0 is built into app, and Cargo.lock lists it at 0.2.0"],
            "the program is of another state of the sources"
        );
    }

    #[test]
    fn the_lock_of_the_root_package_counts_and_the_one_that_misses_least() {
        let good = [("app", "0.1.0", None), ("fork", "2.0.0", Some(GIT)), ("serde", "1.0.1", Some(REGISTRY))];
        let (old, other) =
            (lock("a/Cargo.lock", &[("app", "0.1.0", None)]), lock("b/Cargo.lock", &[("tool", "1.0.0", None)]));
        assert_eq!(messages(&[old.clone(), lock("c/Cargo.lock", &good), app()]), (vec![], vec![]));
        assert_eq!(messages(&[old, app()]).0.len(), 2);
        let (findings, gaps) = messages(&[other, app()]);
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(gaps, ["no lock of this run has its root package app, so it was not compared with one"]);
        assert_eq!(messages(&[app()]), (vec![], vec![]), "no lock was judged");
    }

    #[test]
    fn a_program_of_go_is_compared_with_the_go_mod_of_its_module() {
        let go_mod = "module example.com/app\n\ngo 1.21\n\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v1.0.0\n)\n\n\
                      replace example.com/b => ./b\n";
        let built = |version: &str| {
            program(&[
                (Go, "example.com/app", "v0.0.1", Source::Default),
                (Go, "example.com/a", version, Source::Default),
                (Go, "example.com/b", "v1.0.0", Source::Path("./b".into())),
                (Go, "example.com/c", "(devel)", Source::Local),
                (Go, "stdlib", "1.21.3", Source::Default),
            ])
        };
        assert_eq!(messages(&[read("go.mod", go_mod), built("v1.0.0")]), (vec![], vec![]));
        let expected = "example.com/a v1.0.1 is built into app, and go.mod lists it at v1.0.0";
        assert_eq!(messages(&[read("go.mod", go_mod), built("v1.0.1")]).0, [expected]);
        let other = go_mod.replace("module example.com/app", "module example.com/other");
        assert_eq!(messages(&[read("go.mod", &other), built("v1.0.1")]).1.len(), 1);
    }
}
