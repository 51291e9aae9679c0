//! What the lockfiles of JavaScript have in common: names, sources and integrity.
//! It reads no format.
//!
//! Which registry a tarball came from is not judged here: every tarball that is fetched by http(s) counts as from the
//! default registry, under the name that the lock gives it. To be matched against advisories is the strict side.

mod dirs;
#[cfg(test)]
pub(super) mod law;

use super::found::MAX_NAME;
pub(super) use super::found::{
    About, Entry, Found, MAX_DEPENDENCIES, MAX_SOURCE, conflict, shorten, too_large, unsupported,
};
use crate::model::{Digest, Source};
use crate::text::base64;
pub(super) use dirs::Dirs;

/// Why this cannot be the name of a package: `name` or `@scope/name`, without blanks.
pub(super) fn name_fault(name: &str) -> Option<String> {
    if name.len() > MAX_NAME {
        return Some(format!("a name of {} bytes; the limit is {MAX_NAME}", name.len()));
    }
    let own = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').filter(|(scope, _)| !scope.is_empty()).map_or("", |(_, own)| own),
        None => name,
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/' | '\\' | ':' | '?' | '#');
    let scope_is_odd = || name.strip_prefix('@').and_then(|s| s.split_once('/')).is_some_and(|(s, _)| s.contains(odd));
    (own.is_empty() || own.contains(odd) || scope_is_odd()).then(|| "the name is not one of a package".to_owned())
}

/// The SHA-256 of an integrity (W3C Subresource Integrity, section 3.5), where it has one. Other algorithms are not
/// kept; they say nothing about whether a package is vulnerable.
pub(super) fn sha256(integrity: &str) -> Option<Digest> {
    let encoded = integrity.split_ascii_whitespace().find_map(|hash| hash.strip_prefix("sha256-"))?;
    let bytes = base64::decode(encoded.as_bytes()).ok()?; // damaged: as good as none
    Some(Digest(bytes.try_into().ok()?))
}

/// Where a package is fetched from, by the address that the lock has for it.
pub(super) fn source(address: Option<&str>) -> Source {
    let Some(address) = address.filter(|address| !address.is_empty()) else { return Source::Default };
    let scheme = address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("file" | "link" | "portal") => Source::Path(address.into()),
        Some("http" | "https") if is_git_archive(address) => Source::Git(address.into()),
        Some("git" | "ssh" | "github" | "gitlab" | "bitbucket" | "gist") => Source::Git(address.into()),
        Some(scheme) if scheme.starts_with("git+") || scheme.starts_with("git@") => Source::Git(address.into()),
        None if address.starts_with(['.', '/']) => Source::Path(address.into()),
        _ => Source::Default,
    }
}

/// Hosts that serve commits of a repository as tarballs.
const ARCHIVES: [&str; 3] = ["codeload.github.com", "codeload.bitbucket.org", "gitlab.com/api/v4/projects"];

fn is_git_archive(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.split(['#', '?']).next().unwrap_or(rest);
    path.ends_with(".git") || ARCHIVES.iter().any(|host| rest.starts_with(host))
}

/// The commit of an address of git, else the address: what stands for the version of a package that has none.
pub(super) fn commit_or_address(address: &str) -> &str {
    match address.rsplit_once('#') {
        Some((_, commit)) if !commit.is_empty() => commit.strip_prefix("commit=").unwrap_or(commit),
        _ => address,
    }
}

/// The version in the address of a registry's tarball: `…/name/-/name-1.2.3.tgz`.
pub(super) fn tarball_version<'a>(name: &str, address: &'a str) -> Option<&'a str> {
    let (_, file) = address.rsplit_once("/-/")?;
    let own = name.rsplit('/').next().unwrap_or(name);
    file.strip_prefix(own)?.strip_prefix('-')?.strip_suffix(".tgz").filter(|version| !version.contains('/'))
}

/// `name@rest` in two parts, where a name may begin with `@`.
pub(super) fn split_at(spec: &str) -> Option<(&str, &str)> {
    let from = usize::from(spec.starts_with('@'));
    let at = spec.get(from..)?.find('@')? + from;
    Some((spec.get(..at)?, spec.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_or_scoped() {
        for name in ["a", "@a/b", "JSONStream", "lodash.get", "_", "@types/babel__core"] {
            assert_eq!(name_fault(name), None, "{name}");
        }
        for name in ["", "@a", "@/b", "@a/", "a/b", "a b", "a@b", "@a/b/c", "a\u{0}", "a:b", &"a".repeat(257)] {
            assert!(name_fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn tarballs_are_the_default_registry_and_repositories_are_not() {
        for address in ["https://a.example/x/-/x-1.0.0.tgz", "http://localhost:1/x.tgz", "a.example", ""] {
            assert_eq!(source(Some(address)), Source::Default, "{address}");
        }
        for address in [
            "git+ssh://git@github.com/a/b.git#c",
            "git+https://github.com/a/b",
            "git@github.com:a/b.git",
            "github:a/b",
            "https://github.com/a/b.git#c",
            "https://codeload.github.com/a/b/tar.gz/c",
            "GIT+SSH://x/y",
        ] {
            assert_eq!(source(Some(address)), Source::Git(address.into()), "{address}");
        }
        for address in ["file:../a", "link:a", "./a.tgz", "/a"] {
            assert_eq!(source(Some(address)), Source::Path(address.into()), "{address}");
        }
    }

    #[test]
    fn only_sha256_of_an_integrity_is_kept() {
        let base64 = base64::encode(&[7; 32]);
        assert_eq!(sha256(&format!("sha512-x sha256-{base64}")), Some(Digest([7; 32])));
        assert_eq!(sha256(&format!("sha512-{base64}")), None);
        assert_eq!(sha256("sha256-AAAA"), None);
    }

    #[test]
    fn a_spec_splits_after_its_scope() {
        assert_eq!(split_at("a@^1"), Some(("a", "^1")));
        assert_eq!(split_at("@a/b@npm:c@1"), Some(("@a/b", "npm:c@1")));
        assert_eq!(split_at("@a/b"), None);
        assert_eq!(split_at("a"), None);
        assert_eq!(split_at(""), None);
        assert_eq!(split_at("é@1"), Some(("é", "1")));
    }

    #[test]
    fn a_conflict_is_told() {
        assert!(conflict("a\n<<<<<<< HEAD\n", "").is_err());
        assert_eq!(conflict("a <<<<<<< HEAD\n", ""), Ok(()));
    }
}
