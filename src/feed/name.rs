//! The name of a package as its registry compares it, so that a lockfile and a record meet whatever spelling they use.

use super::rubysec;
use crate::model::Ecosystem;
use crate::version::Scheme;
use std::borrow::Cow;

/// The name in the one spelling that its registry holds equal to it. Names of ecosystems that are not known, and of
/// those whose names have a case, stay as they are.
pub fn normalised<'a>(ecosystem: &str, name: &'a str) -> Cow<'a, str> {
    match Ecosystem::from_osv(ecosystem) {
        Some(Ecosystem::Pypi) => python(name),
        Some(
            Ecosystem::Packagist
            | Ecosystem::Nuget
            | Ecosystem::GithubActions
            | Ecosystem::Conan
            | Ecosystem::Pub
            | Ecosystem::Hex,
        ) => lower(name),
        Some(Ecosystem::Swift) => swift(name),
        // These compare names byte by byte: a crate, a gem or a module in another case is another one, or is none.
        Some(
            Ecosystem::Cargo
            | Ecosystem::Npm
            | Ecosystem::Go
            | Ecosystem::RubyGems
            | Ecosystem::Maven
            | Ecosystem::CocoaPods
            | Ecosystem::Hackage
            | Ecosystem::Jsr,
        )
        | None => Cow::Borrowed(name),
    }
}

/// The version order of an ecosystem as records write it, with the ones that are ours alone.
pub fn scheme(ecosystem: &str) -> Option<Scheme> {
    match ecosystem {
        rubysec::ENGINES => Some(Scheme::RubyGems),
        RUST => Some(Scheme::Semver),
        _ => Scheme::for_ecosystem(ecosystem),
    }
}

/// The ecosystem of the parts of the Rust toolchain, which OSV does not define: `std`, `cargo`, `rustdoc`.
pub const RUST: &str = "Rust toolchain";

/// PyPA specifications, «Names and normalization».
fn python(name: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut last_was_plain = true;
    let is_normal = name.bytes().all(|b| {
        let fits = plain(b) || (b == b'-' && std::mem::take(&mut last_was_plain));
        last_was_plain |= plain(b);
        fits
    });
    if is_normal {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.extend(c.to_lowercase()),
        }
    }
    Cow::Owned(out)
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The address of a repository without its scheme and ending: `https://GitHub.com/a/b.git` is `github.com/a/b`.
fn swift(name: &str) -> Cow<'_, str> {
    let bare = name.split_once("://").map_or(name, |(_, rest)| rest);
    let bare = bare.trim_end_matches('/');
    lower(bare.strip_suffix(".git").unwrap_or(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_meet_where_their_registry_holds_them_equal() {
        for (ecosystem, written, normal) in [
            ("PyPI", "Flask.SQL__Alchemy", "flask-sql-alchemy"),
            ("PyPI", "a-b", "a-b"),
            ("PyPI", "a--b", "a-b"),
            ("PyPI", "-a", "-a"),
            ("Packagist", "Symfony/Yaml", "symfony/yaml"),
            ("NuGet", "Newtonsoft.Json", "newtonsoft.json"),
            ("GitHub Actions", "Actions/Checkout", "actions/checkout"),
            ("SwiftURL", "https://GitHub.com/a/B.git", "github.com/a/b"),
            ("SwiftURL", "github.com/a/b", "github.com/a/b"),
            ("npm", "JSONStream", "JSONStream"),
            ("Go", "github.com/BurntSushi/toml", "github.com/BurntSushi/toml"),
            ("RubyGems", "RedCloth", "RedCloth"),
            ("AlmaLinux:9", "NetworkManager", "NetworkManager"),
            ("Unheard", "A_b", "A_b"),
        ] {
            assert_eq!(normalised(ecosystem, written), normal, "{ecosystem}");
            assert_eq!(normalised(ecosystem, normal), normal, "{ecosystem}: once is enough");
        }
    }
}
