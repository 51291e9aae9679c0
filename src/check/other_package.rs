//! Does the address of an entry name another package, or another version, than the entry? It looks at addresses of the
//! form that registries of npm have for archives (`…/name/-/name-1.0.0.tgz`), on any host; others say nothing.

use super::address::{Address, shown};
use super::say;
use super::{Check, Facts};
use crate::model::{Component, Ecosystem, Finding, Partial, RuleId, Source};
use std::borrow::Cow;

pub(super) struct OtherPackage;

impl Check for OtherPackage {
    fn name(&self) -> &'static str {
        "other-package"
    }

    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>> {
        let mut found = Vec::new();
        for (index, component) in facts.inventory.components.iter().enumerate() {
            if component.ecosystem != Ecosystem::Npm || matches!(component.source, Source::Local | Source::Path(_)) {
                continue;
            }
            let Some(written) = facts.inventory.address(index) else { continue }; // the tool makes one of the name
            let Some(what) = Address::read(written).and_then(|address| other(component, address.path)) else {
                continue;
            };
            let message =
                format!("{} is fetched from an address of another {what}: {}", component.label(), shown(written));
            found.extend(say::of_entry(facts, RuleId::OTHER_PACKAGE, index, message));
        }
        Partial::whole(found)
    }
}

/// In what the path of an archive differs from its entry.
fn other(component: &Component, path: &str) -> Option<&'static str> {
    let path = decoded(path);
    let (before, file) = path.rsplit_once("/-/")?;
    let name = component.name.as_ref();
    if !is_package(before, name) {
        return Some("package");
    }
    // One kind of registry repeats the scope before the file.
    let file = file.rsplit('/').next().unwrap_or(file);
    let own = name.rsplit('/').next().unwrap_or(name);
    let version = file.strip_suffix(".tgz").or_else(|| file.strip_suffix(".tar.gz"))?;
    let Some(version) = version.strip_prefix(own).and_then(|rest| rest.strip_prefix('-')) else {
        return Some("package");
    };
    // What follows a `+` is no part of a release's identity, and registries leave it away.
    let bare = |version: &str| version.split('+').next().unwrap_or_default().to_owned();
    (bare(version) != bare(&component.version)).then_some("version")
}

/// Whether a path ends in the name, and not in a scope that the name does not have.
fn is_package(path: &str, name: &str) -> bool {
    let Some(before) = path.strip_suffix(name) else { return false };
    let Some(before) = before.strip_suffix('/') else { return false };
    name.starts_with('@') || !before.rsplit('/').next().unwrap_or(before).starts_with('@')
}

/// The path with the three characters that some tools escape in names and versions.
fn decoded(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let pairs = [("%2f", "/"), ("%2F", "/"), ("%40", "@"), ("%2b", "+"), ("%2B", "+")];
    Cow::Owned(pairs.iter().fold(path.to_owned(), |path, (from, to)| path.replace(from, to)))
}

#[cfg(test)]
mod tests {
    use super::super::say::testing::{entry, npm, said};
    use super::*;

    fn of(name: &str, version: &str, path: &str) -> Vec<(u32, String)> {
        said(&OtherPackage, &npm(&[(name, &entry(version, &format!("https://h.example{path}"), true))]))
    }

    #[test]
    fn an_address_of_another_package_is_found() {
        let message = "a 1.0.0 is fetched from an address of another package: https://h.example/b/-/b-1.0.0.tgz";
        assert_eq!(of("a", "1.0.0", "/b/-/b-1.0.0.tgz"), [(5, message.to_owned())]);
        assert_eq!(of("a", "1.0.0", "/a/-/a-1.0.0.tgz"), []);
        for poisoned in ["/a/-/b-1.0.0.tgz", "/b/-/a-1.0.0.tgz", "/ba/-/a-1.0.0.tgz", "/@x/a/-/a-1.0.0.tgz"] {
            assert_eq!(of("a", "1.0.0", poisoned).len(), 1, "{poisoned}");
        }
        assert_eq!(of("@s/a", "1.0.0", "/@t/a/-/a-1.0.0.tgz").len(), 1);
        assert_eq!(of("@s/a", "1.0.0", "/a/-/a-1.0.0.tgz").len(), 1);
    }

    #[test]
    fn an_address_of_another_version_is_found() {
        let message = "a 1.0.0 is fetched from an address of another version: https://h.example/a/-/a-1.0.1.tgz";
        assert_eq!(of("a", "1.0.0", "/a/-/a-1.0.1.tgz"), [(5, message.to_owned())]);
        assert_eq!(of("a", "1.0.0+x", "/a/-/a-1.0.0.tgz"), []);
        assert_eq!(of("a", "1.0.0+x", "/a/-/a-1.0.0%2Bx.tgz"), []);
    }

    #[test]
    fn honest_addresses_have_many_forms() {
        for path in [
            "/@s/a/-/a-1.0.0.tgz",
            "/@s%2fa/-/a-1.0.0.tgz",
            "/%40s%2Fa/-/a-1.0.0.tgz",
            "/mirror/npm/@s/a/-/@s/a-1.0.0.tgz",
            "/groups/1/-/packages/npm/@s/a/-/@s/a-1.0.0.tgz",
            "/download/@s/a/1.0.0/0123",
        ] {
            assert_eq!(of("@s/a", "1.0.0", path), [], "{path}");
        }
        let aliased = entry("1.0.0", "https://h.example/real/-/real-1.0.0.tgz", true);
        assert_eq!(said(&OtherPackage, &npm(&[("alias", &format!("\"name\": \"real\", {aliased}"))])), []);
        assert_eq!(said(&OtherPackage, &npm(&[("alias", &aliased)])).len(), 1);
    }
}
