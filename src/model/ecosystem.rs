//! The ecosystems that packages come from, under the names that OSV and package URLs have for them.

use std::fmt;

/// Where names and versions of packages mean something. Two packages of one name in two ecosystems are strangers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Crates of Rust.
    Cargo,
    /// Packages of Node.js.
    Npm,
    /// Packages of Python.
    Pypi,
    /// Modules of Go.
    Go,
    /// Gems of Ruby.
    RubyGems,
    /// Packages of PHP's Composer.
    Packagist,
    /// Artifacts of the Java world, named `group:artifact`.
    Maven,
    /// Packages of .NET.
    Nuget,
    /// Packages of Erlang and Elixir.
    Hex,
    /// Packages of Dart.
    Pub,
    /// Packages of Swift, named by the address of their repository.
    Swift,
    /// Pods of CocoaPods.
    CocoaPods,
    /// Packages of C and C++ from Conan.
    Conan,
    /// Packages of Haskell.
    Hackage,
    /// Packages of JSR, the registry of Deno.
    Jsr,
    /// Actions of GitHub, named `owner/repository`.
    GithubActions,
}

impl Ecosystem {
    /// Every ecosystem, in order.
    pub const ALL: [Self; 16] = [
        Self::Cargo,
        Self::Npm,
        Self::Pypi,
        Self::Go,
        Self::RubyGems,
        Self::Packagist,
        Self::Maven,
        Self::Nuget,
        Self::Hex,
        Self::Pub,
        Self::Swift,
        Self::CocoaPods,
        Self::Conan,
        Self::Hackage,
        Self::Jsr,
        Self::GithubActions,
    ];

    /// The name in OSV records (OSV schema, section "Defined Ecosystems"); for pods and JSR, which it does not define,
    /// the name that their own projects use.
    pub fn osv(self) -> &'static str {
        match self {
            Self::Cargo => "crates.io",
            Self::Npm => "npm",
            Self::Pypi => "PyPI",
            Self::Go => "Go",
            Self::RubyGems => "RubyGems",
            Self::Packagist => "Packagist",
            Self::Maven => "Maven",
            Self::Nuget => "NuGet",
            Self::Hex => "Hex",
            Self::Pub => "Pub",
            Self::Swift => "SwiftURL",
            Self::CocoaPods => "CocoaPods",
            Self::Conan => "ConanCenter",
            Self::Hackage => "Hackage",
            Self::Jsr => "JSR",
            Self::GithubActions => "GitHub Actions",
        }
    }

    /// The type of its package URLs (purl specification, PURL-TYPES).
    pub fn purl_type(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Go => "golang",
            Self::RubyGems => "gem",
            Self::Packagist => "composer",
            Self::Maven => "maven",
            Self::Nuget => "nuget",
            Self::Hex => "hex",
            Self::Pub => "pub",
            Self::Swift => "swift",
            Self::CocoaPods => "cocoapods",
            Self::Conan => "conan",
            Self::Hackage => "hackage",
            Self::Jsr => "jsr",
            Self::GithubActions => "github",
        }
    }

    /// The ecosystem of this name in OSV, without what follows a colon (`Maven:REPOSITORY`); none for others.
    pub fn from_osv(name: &str) -> Option<Self> {
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        Self::ALL.into_iter().find(|ecosystem| ecosystem.osv() == name)
    }

    /// What separates the namespace from the name in a package's name, where there is one (`@scope/name`,
    /// `group:artifact`, `vendor/name`).
    fn namespace_ends_at(self) -> Option<char> {
        match self {
            Self::Npm | Self::Go | Self::Packagist | Self::Swift | Self::Jsr | Self::GithubActions => Some('/'),
            Self::Maven => Some(':'),
            _ => None,
        }
    }

    /// A name in two parts, as package URLs have it: `@scope/name` is `@scope` and `name`.
    pub fn split(self, name: &str) -> (Option<&str>, &str) {
        match self.namespace_ends_at().and_then(|end| name.rsplit_once(end)) {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => (Some(namespace), name),
            _ => (None, name),
        }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.osv())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back() {
        for ecosystem in Ecosystem::ALL {
            assert_eq!(Ecosystem::from_osv(ecosystem.osv()), Some(ecosystem));
        }
        assert_eq!(Ecosystem::from_osv("Maven:https://repo.example"), Some(Ecosystem::Maven));
        assert_eq!(Ecosystem::from_osv("Debian:12"), None);
        assert_eq!(Ecosystem::from_osv("NPM"), None, "names have a case");
    }

    #[test]
    fn names_split_where_their_ecosystem_says() {
        assert_eq!(Ecosystem::Npm.split("@a/b"), (Some("@a"), "b"));
        assert_eq!(Ecosystem::Npm.split("b"), (None, "b"));
        assert_eq!(Ecosystem::Maven.split("org.a:b"), (Some("org.a"), "b"));
        assert_eq!(Ecosystem::Go.split("example.com/a/b"), (Some("example.com/a"), "b"));
        assert_eq!(Ecosystem::Cargo.split("a/b"), (None, "a/b"));
        assert_eq!(Ecosystem::Go.split("/b"), (None, "/b"));
    }
}
