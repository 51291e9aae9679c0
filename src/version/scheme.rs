//! Which version order belongs to which ecosystem. It orders nothing itself.

use std::fmt;

/// A version order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// crates.io, npm, Hex, Swift, GitHub Actions and others.
    Semver,
    /// Bitnami's containers and charts.
    Bitnami,
    /// Go modules and toolchains.
    Go,
    /// PyPI.
    Pep440,
    /// RubyGems.
    RubyGems,
    /// Maven.
    Maven,
    /// NuGet.
    Nuget,
    /// Packagist (Composer).
    Packagist,
    /// Pub (Dart).
    Pub,
    /// CRAN (R).
    Cran,
    /// Hackage (Haskell).
    Hackage,
    /// Debian and its relatives.
    Dpkg,
    /// Red Hat, SUSE and their relatives.
    Rpm,
    /// Alpine and its relatives.
    Apk,
}

/// Ecosystems of OSV (schema 1.7, «affected[].package field»), without what follows a colon.
const ECOSYSTEMS: &[(&str, Scheme)] = &[
    ("AlmaLinux", Scheme::Rpm),
    ("Alpaquita", Scheme::Apk),
    ("Alpine", Scheme::Apk),
    ("Azure Linux", Scheme::Rpm),
    ("BellSoft Hardened Containers", Scheme::Apk),
    ("Bitnami", Scheme::Bitnami),
    ("Chainguard", Scheme::Apk),
    ("CRAN", Scheme::Cran),
    ("crates.io", Scheme::Semver),
    ("Debian", Scheme::Dpkg),
    ("Echo", Scheme::Dpkg),
    ("GHC", Scheme::Hackage),
    ("GitHub Actions", Scheme::Semver),
    ("Go", Scheme::Go),
    ("Hackage", Scheme::Hackage),
    ("Hex", Scheme::Semver),
    ("Julia", Scheme::Semver),
    ("Mageia", Scheme::Rpm),
    ("Maven", Scheme::Maven),
    ("MinimOS", Scheme::Apk),
    ("npm", Scheme::Semver),
    ("NuGet", Scheme::Nuget),
    ("openEuler", Scheme::Rpm),
    ("openSUSE", Scheme::Rpm),
    ("Packagist", Scheme::Packagist),
    ("Photon OS", Scheme::Rpm),
    ("Pub", Scheme::Pub),
    ("PyPI", Scheme::Pep440),
    ("Red Hat", Scheme::Rpm),
    ("Rocky Linux", Scheme::Rpm),
    ("RubyGems", Scheme::RubyGems),
    ("SUSE", Scheme::Rpm),
    ("SwiftURL", Scheme::Semver),
    ("Ubuntu", Scheme::Dpkg),
    ("Wolfi", Scheme::Apk),
];

/// Types of package URLs (purl specification, `types/`), which are also the schemes of `vers:`.
const PURL_TYPES: &[(&str, Scheme)] = &[
    ("apk", Scheme::Apk),
    ("bitnami", Scheme::Bitnami),
    ("cargo", Scheme::Semver),
    ("composer", Scheme::Packagist),
    ("cran", Scheme::Cran),
    ("deb", Scheme::Dpkg),
    ("gem", Scheme::RubyGems),
    ("githubactions", Scheme::Semver),
    ("golang", Scheme::Go),
    ("hackage", Scheme::Hackage),
    ("hex", Scheme::Semver),
    ("julia", Scheme::Semver),
    ("maven", Scheme::Maven),
    ("npm", Scheme::Semver),
    ("nuget", Scheme::Nuget),
    ("pub", Scheme::Pub),
    ("pypi", Scheme::Pep440),
    ("rpm", Scheme::Rpm),
    ("semver", Scheme::Semver),
    ("swift", Scheme::Semver),
];

impl Scheme {
    /// All of them, in the order of the enum.
    pub const ALL: [Scheme; 14] = [
        Scheme::Semver,
        Scheme::Bitnami,
        Scheme::Go,
        Scheme::Pep440,
        Scheme::RubyGems,
        Scheme::Maven,
        Scheme::Nuget,
        Scheme::Packagist,
        Scheme::Pub,
        Scheme::Cran,
        Scheme::Hackage,
        Scheme::Dpkg,
        Scheme::Rpm,
        Scheme::Apk,
    ];

    /// The order of an ecosystem as OSV names it, such as `Debian:12` or `npm`. None where its order is not known: the
    /// caller says so, it does not guess.
    pub fn for_ecosystem(ecosystem: &str) -> Option<Scheme> {
        let name = ecosystem.split_once(':').map_or(ecosystem, |(name, _)| name);
        ECOSYSTEMS.iter().find(|(known, _)| *known == name).map(|(_, scheme)| *scheme)
    }

    /// The ecosystem of OSV that is called like this in any case of letters, as OSV writes it. None for one whose order is
    /// not known.
    pub fn ecosystem_called(name: &str) -> Option<&'static str> {
        ECOSYSTEMS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(known, _)| *known)
    }

    /// The order of a type of package URL, in lower case, such as `pypi`. None where its order is not known.
    pub fn for_purl_type(name: &str) -> Option<Scheme> {
        PURL_TYPES.iter().find(|(known, _)| *known == name).map(|(_, scheme)| *scheme)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scheme::Semver => "semver",
            Scheme::Bitnami => "Bitnami",
            Scheme::Go => "Go",
            Scheme::Pep440 => "PyPI",
            Scheme::RubyGems => "RubyGems",
            Scheme::Maven => "Maven",
            Scheme::Nuget => "NuGet",
            Scheme::Packagist => "Packagist",
            Scheme::Pub => "Pub",
            Scheme::Cran => "CRAN",
            Scheme::Hackage => "Hackage",
            Scheme::Dpkg => "Debian",
            Scheme::Rpm => "RPM",
            Scheme::Apk => "Alpine",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ecosystem_has_the_order_of_its_tool_and_an_unknown_one_none() {
        assert_eq!(Scheme::for_ecosystem("npm"), Some(Scheme::Semver));
        assert_eq!(Scheme::for_ecosystem("Debian:12"), Some(Scheme::Dpkg));
        assert_eq!(Scheme::for_ecosystem("Red Hat:enterprise_linux:9::appstream"), Some(Scheme::Rpm));
        assert_eq!(Scheme::for_ecosystem("NPM"), None);
        assert_eq!(Scheme::for_ecosystem("GIT"), None);
        assert_eq!(Scheme::for_ecosystem(""), None);
    }

    #[test]
    fn a_type_of_package_url_has_the_order_of_its_ecosystem() {
        assert_eq!(Scheme::for_purl_type("golang"), Scheme::for_ecosystem("Go"));
        assert_eq!(Scheme::for_purl_type("gem"), Scheme::for_ecosystem("RubyGems"));
        assert_eq!(Scheme::for_purl_type("generic"), None);
        assert!(PURL_TYPES.is_sorted(), "one entry for each type");
    }

    #[test]
    fn all_lists_each_scheme_once_in_order() {
        assert!(Scheme::ALL.is_sorted_by(|a, b| a < b));
        assert!(ECOSYSTEMS.iter().all(|(_, scheme)| Scheme::ALL.contains(scheme)));
        let names: std::collections::BTreeSet<String> = Scheme::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), 14);
    }
}
