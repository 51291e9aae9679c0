//! Is a vendored package the one that was locked? The copies were compared with their lists before; here the lists meet
//! the lock.

use crate::inventory::cargo_lock;
use crate::inventory::vendored::{LIST, Vendored};
use crate::model::{Component, Digest, Ecosystem, Finding, Inventory, Location, RuleId, Scope, SeverityBasis, Source};
use crate::rule;
use crate::text::count::plural;
use std::collections::HashMap;
use std::sync::Arc;

/// A message names at most this many files of a kind.
const NAMED: usize = 3;

/// The entries of the locks by name and version, each with the directory of its lock.
type Locked<'a> = HashMap<(&'a str, &'a str), Vec<(&'a str, &'a Component)>, foldhash::fast::RandomState>;

/// Compares every copy with the locks that it is for: those in the directory of the configuration and below it.
pub fn vendored(copies: &[Vendored], locks: &[(Inventory, Digest)]) -> Vec<Finding> {
    if copies.is_empty() {
        return Vec::new();
    }
    let mut locked = Locked::default();
    for (inventory, _) in locks.iter().filter(|(inventory, _)| inventory.format == cargo_lock::FORMAT) {
        for component in &inventory.components {
            let key = (component.name.as_ref(), component.version.as_ref());
            locked.entry(key).or_default().push((inventory.path.parent(), component));
        }
    }
    copies.iter().filter_map(|copy| one(copy, &locked)).collect()
}

fn one(copy: &Vendored, locked: &Locked<'_>) -> Option<Finding> {
    let version = copy.version.as_deref().unwrap_or_default();
    let entries = locked.get(&(copy.name.as_ref(), version)).map(Vec::as_slice).unwrap_or_default();
    let mine: Vec<&Component> =
        entries.iter().filter(|(directory, _)| is_below(directory, &copy.base)).map(|(_, entry)| *entry).collect();
    let mut wrong = Vec::new();
    if !copy.has_list {
        wrong.push(format!("without {LIST}"));
    }
    for (files, what) in
        [(&copy.changed, "changed"), (&copy.missing, "missing"), (&copy.unlisted, "that its list does not have")]
    {
        if !files.is_empty() {
            wrong.push(said(files, what));
        }
    }
    let other = mine.iter().find(|entry| copy.has_list && entry.checksum.is_some() && entry.checksum != copy.package);
    if other.is_some() {
        wrong.push(match copy.package {
            Some(_) => "of another archive than the one that is locked".to_owned(),
            None => "of no archive, and one is locked".to_owned(),
        });
    }
    let entry = other.or(mine.first()).copied();
    if !wrong.is_empty() {
        let message = format!("{} is vendored {}", label(copy), wrong.join("; "));
        return Some(finding(copy, RuleId::VENDORED_CHANGED, entry, message));
    }
    // Without a version nothing can be looked up: git dependencies that take it from their workspace.
    (entry.is_none() && copy.version.is_some()).then(|| {
        let message = format!("{} is vendored, and no lock has it", label(copy));
        finding(copy, RuleId::VENDORED_NOT_LOCKED, None, message)
    })
}

/// `with 2 files changed (a, b)`.
fn said(files: &[String], what: &str) -> String {
    let mut named: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    if files.len() > NAMED {
        named.push("…");
    }
    format!("with {} {what} ({})", plural(files.len(), "file"), named.join(", "))
}

fn label(copy: &Vendored) -> String {
    match &copy.version {
        Some(version) => format!("{} {version}", copy.name),
        None => copy.name.to_string(),
    }
}

fn is_below(directory: &str, base: &str) -> bool {
    base.is_empty() || directory.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn finding(copy: &Vendored, rule: RuleId, entry: Option<&Component>, message: String) -> Finding {
    let info = rule::info(rule);
    let unlocked = || Component {
        ecosystem: Ecosystem::Cargo,
        name: Arc::clone(&copy.name),
        version: copy.version.clone().unwrap_or_else(|| "0.0.0".into()),
        source: Source::Default,
        checksum: copy.package,
        line: copy.line,
        column: 1,
        scope: Scope::Unknown,
        conditions: Vec::new(),
    };
    Finding {
        rule,
        class: info.class,
        severity: info.severity,
        basis: SeverityBasis::Rule,
        advisory: None,
        aliases: Vec::new(),
        disclosed: None,
        url: None,
        component: Some(entry.cloned().unwrap_or_else(unlocked)),
        location: Location { path: copy.manifest.clone(), line: copy.line, column: 1 },
        excerpt: Vec::new(),
        evidence: Vec::new(),
        fix: None,
        message,
        title: info.title.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::cargo;
    use super::*;
    use crate::model::{Severity, TreePath};

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn copy() -> Vendored {
        Vendored {
            manifest: TreePath::new("vendor/a/Cargo.toml"),
            line: 3,
            base: String::new(),
            name: "a".into(),
            version: Some("1.0.0".into()),
            package: Some(Digest([0; 32])),
            has_list: true,
            changed: Vec::new(),
            missing: Vec::new(),
            unlisted: Vec::new(),
        }
    }

    fn lock(dir: &str, packages: &[(&str, &str, bool)]) -> (Inventory, Digest) {
        (Inventory { path: TreePath::new(format!("{dir}Cargo.lock")), ..cargo(packages) }, Digest::of(b""))
    }

    fn found(copy: Vendored, lock: (Inventory, Digest)) -> Vec<(RuleId, Severity, String)> {
        let found = vendored(&[copy], &[lock]);
        assert!(found.iter().all(|f| f.location.to_string() == "vendor/a/Cargo.toml:3:1"));
        found.into_iter().map(|f| (f.rule, f.severity, f.message)).collect()
    }

    #[test]
    fn the_copy_that_was_locked_is_fine() {
        assert_eq!(found(copy(), lock("", &[("a", CRATES, true)])), []);
        let git = "git+https://h.example/a#603eeb3d4f6064917926fdaacc832790cbc9a609";
        assert_eq!(found(Vendored { package: None, ..copy() }, lock("", &[("a", git, false)])), []);
    }

    #[test]
    fn a_copy_that_differs_is_found() {
        let said = |copy| {
            let all = found(copy, lock("", &[("a", CRATES, true)]));
            assert_eq!((all.len(), all[0].0, all[0].1), (1, RuleId::VENDORED_CHANGED, Severity::Critical));
            all[0].2.clone()
        };
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            said(Vendored { changed: files(&["a", "b", "c", "d"]), unlisted: files(&["x"]), ..copy() }),
            "a 1.0.0 is vendored with 4 files changed (a, b, c, …); with 1 file that its list does not have (x)"
        );
        assert_eq!(said(Vendored { missing: files(&["a"]), ..copy() }), "a 1.0.0 is vendored with 1 file missing (a)");
        assert_eq!(
            said(Vendored { package: Some(Digest([1; 32])), ..copy() }),
            "a 1.0.0 is vendored of another archive than the one that is locked"
        );
        assert_eq!(said(Vendored { package: None, ..copy() }), "a 1.0.0 is vendored of no archive, and one is locked");
        assert_eq!(
            said(Vendored { has_list: false, package: None, ..copy() }),
            "a 1.0.0 is vendored without .cargo-checksum.json"
        );
    }

    #[test]
    fn a_copy_that_no_lock_has_is_told() {
        let message = "a 1.0.0 is vendored, and no lock has it".to_owned();
        let told = [(RuleId::VENDORED_NOT_LOCKED, Severity::Low, message)];
        assert_eq!(found(copy(), lock("", &[("b", CRATES, true)])), told);
        let other = Vendored { base: "sub".into(), ..copy() };
        assert_eq!(found(other.clone(), lock("", &[("a", CRATES, true)])), told);
        assert_eq!(found(other.clone(), lock("subway/", &[("a", CRATES, true)])), told);
        assert_eq!(found(other, lock("sub/x/", &[("a", CRATES, true)])), []);
    }
}
