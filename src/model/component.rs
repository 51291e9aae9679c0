//! What a lockfile says is used: components, the edges between them, and the count that proves none was lost.

use super::{Digest, Ecosystem, Origin, TreePath};
use packageurl::PackageUrl;
use std::sync::Arc;

/// Where a component is fetched from. Only [`Source::Default`] is matched against advisories by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The default registry of its ecosystem, or a mirror of it that the policy names.
    Default,
    /// Another registry, with the URL as the lock writes it.
    Registry(Arc<str>),
    /// A git repository, with the URL as the lock writes it (query and fragment included).
    Git(Arc<str>),
    /// A path outside any registry that the lock names as a source.
    Path(Arc<str>),
    /// No source in the lock: a member of the workspace or a path dependency, hence first-party.
    Local,
}

impl Source {
    /// The URL as the lock writes it; empty for the default registry and for first-party packages.
    pub fn url(&self) -> &str {
        match self {
            Self::Default | Self::Local => "",
            Self::Registry(url) | Self::Git(url) | Self::Path(url) => url,
        }
    }

    /// What kind of source it is, in one or two words.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Default => "the default registry",
            Self::Registry(_) => "another registry",
            Self::Git(_) => "git",
            Self::Path(_) => "path",
            Self::Local => "first-party",
        }
    }
}

/// On which kind of edge a component is reached from the first-party packages; the strongest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Only through `[dev-dependencies]` of first-party manifests.
    Dev,
    /// Through `[build-dependencies]`, but not through normal ones.
    Build,
    /// The manifests could not tell. Counts as included.
    Unknown,
    /// Through `[dependencies]`.
    Normal,
}

impl Scope {
    /// The lowercase word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Build => "build",
            Self::Unknown => "unknown",
            Self::Normal => "normal",
        }
    }
}

/// One package at one version, as one lockfile lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Where its name and version mean something.
    pub ecosystem: Ecosystem,
    /// The name as the lock writes it.
    pub name: Arc<str>,
    /// The version as the lock writes it (it is known to parse as its ecosystem's version).
    pub version: Arc<str>,
    /// Where it is fetched from.
    pub source: Source,
    /// SHA-256 of the package archive, where the lock has one.
    pub checksum: Option<Digest>,
    /// 1-based line of the entry's header (`[[package]]`).
    pub line: u32,
    /// 1-based column of the entry's header.
    pub column: u32,
    /// How it is reached.
    pub scope: Scope,
    /// Conditions of the first-party edges through which alone it is reached: `cfg(windows)`, `feature: tls`.
    /// Empty when it is reached without one.
    pub conditions: Vec<Arc<str>>,
}

impl Component {
    /// The package URL (purl specification).
    pub fn purl(&self) -> String {
        let kind = self.ecosystem.purl_type();
        let plain = || format!("pkg:{kind}/{}@{}", self.name, self.version);
        let (namespace, name) = self.ecosystem.split(&self.name);
        let Ok(mut purl) = PackageUrl::new(kind, name.to_owned()) else { return plain() };
        if let Some(namespace) = namespace
            && purl.with_namespace(namespace.to_owned()).is_err()
        {
            return plain();
        }
        let qualified = match &self.source {
            Source::Default | Source::Local | Source::Path(_) => Ok(()),
            Source::Registry(url) | Source::Git(url) if url.is_empty() => Ok(()), // a program does not say which
            Source::Registry(url) => purl.add_qualifier("repository_url", url.to_string()).map(|_| ()),
            Source::Git(url) => purl.add_qualifier("vcs_url", url.to_string()).map(|_| ()),
        };
        match (qualified, purl.with_version(self.version.to_string())) {
            (Ok(()), Ok(purl)) => purl.to_string(),
            _ => plain(),
        }
    }

    /// What kind of source it has, in one or two words; the default registry by its name.
    pub fn comes_from(&self) -> &'static str {
        match self.source {
            Source::Default => self.ecosystem.osv(),
            _ => self.source.describe(),
        }
    }

    /// `name version`, as people say it.
    pub fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// An entry that the parser saw and left out by name, so that the count still adds up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is.
    pub what: String,
    /// Why it is not a component.
    pub why: String,
}

/// The independent count of one file against what its parser returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Entries seen by the cheap counter that shares no code with the parser.
    pub independent: usize,
    /// Entries that the parser left out, each by name.
    pub left_out: Vec<LeftOut>,
}

/// The components of one file and the edges between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The file that it was read from.
    pub path: TreePath,
    /// `cargo-lock`, later others.
    pub format: &'static str,
    /// In the order of the file.
    pub components: Vec<Component>,
    /// For each component, in the same order, the indices of what it depends on, ascending. Every index is valid.
    pub edges: Vec<Vec<u32>>,
    /// For each component, in the same order, how it is fetched; none for what is not fetched on its own (first-party,
    /// inside of another package). Empty where the format, or its reader, says nothing of it.
    pub origins: Vec<Option<Origin>>,
    /// What proves that nothing was lost.
    pub counted: Count,
    /// The text of the file, for the excerpts of findings.
    pub text: String,
}

impl Inventory {
    /// The address that the lock has for a component.
    pub fn address(&self, index: usize) -> Option<&str> {
        self.origins.get(index)?.as_ref()?.address.of(&self.text)
    }

    /// The hash that the lock has for a component, of any algorithm.
    pub fn integrity(&self, index: usize) -> Option<&str> {
        self.origins.get(index)?.as_ref()?.integrity.of(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(source: Source) -> Component {
        Component {
            ecosystem: Ecosystem::Cargo,
            name: "serde".into(),
            version: "1.0.0+x".into(),
            source,
            checksum: None,
            line: 1,
            column: 1,
            scope: Scope::Unknown,
            conditions: Vec::new(),
        }
    }

    #[test]
    fn a_purl_escapes_and_names_a_foreign_source() {
        assert_eq!(component(Source::Default).purl(), "pkg:cargo/serde@1.0.0%2Bx");
        let git = component(Source::Git("git+https://example.com/s?rev=1#abc".into())).purl();
        assert!(git.starts_with("pkg:cargo/serde@1.0.0%2Bx?vcs_url=git"), "{git}");
    }

    #[test]
    fn a_purl_has_the_type_and_the_namespace_of_its_ecosystem() {
        let purl = |ecosystem, name: &str| {
            Component { ecosystem, name: name.into(), version: "1.0".into(), ..component(Source::Default) }.purl()
        };
        assert_eq!(purl(Ecosystem::Npm, "@angular/core"), "pkg:npm/%40angular/core@1.0");
        assert_eq!(purl(Ecosystem::Maven, "org.apache:log"), "pkg:maven/org.apache/log@1.0");
        assert_eq!(purl(Ecosystem::Go, "github.com/a/b"), "pkg:golang/github.com/a/b@1.0");
    }
}
