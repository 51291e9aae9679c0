//! A requirement that is an address: a repository, an archive or a directory. It reads names and versions from file names
//! and fetches nothing.

use crate::inventory::python::{self, is_name, is_version};
use crate::model::Source;

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Direct {
    /// An archive whose name says what it is.
    Archive { name: String, version: String, source: Source },
    /// A directory inside the tree: first-party.
    Inside,
    /// Something whose version only a look at it would tell; whether it always stays the same.
    Opaque { fixed: bool },
}

const VCS: [&str; 4] = ["git+", "hg+", "svn+", "bzr+"];
const SCHEMES: [&str; 4] = ["http://", "https://", "ftp://", "file:"];
const ARCHIVES: [&str; 6] = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];

/// Whether a text is an URL.
pub(super) fn is_url(text: &str) -> bool {
    let begins = |with: &&str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    VCS.iter().chain(&SCHEMES).any(begins)
}

/// Whether a text that is no URL is a path: of an archive, or with a separator, or with a dot in front.
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('.') || text.contains(['/', '\\']) || is_archive(text)
}

/// Whether a text ends as archives do.
pub(super) fn is_archive(text: &str) -> bool {
    ARCHIVES.iter().any(|end| text.to_ascii_lowercase().ends_with(end))
}

/// What an address leads to, where `name` may stand before it.
pub(super) fn read(address: &str, name: Option<&str>) -> Direct {
    let bare = address.split(['#', '?']).next().unwrap_or(address);
    if VCS.iter().any(|scheme| address.starts_with(scheme)) {
        let commit = bare.rsplit_once('@').map(|(_, commit)| commit);
        let full = |commit: &str| commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
        return Direct::Opaque { fixed: commit.is_some_and(full) };
    }
    let file = bare.rsplit(['/', '\\']).next().unwrap_or(bare);
    if is_archive(file) {
        return match archive(file).filter(|(found, _)| name.is_none_or(|name| same(name, found))) {
            Some((name, version)) => Direct::Archive { name, version, source: python::archive(bare) },
            None => Direct::Opaque { fixed: address.contains("#sha256=") },
        };
    }
    if is_url(address) || address.starts_with(['/', '~', '\\']) || address.get(1..2) == Some(":") {
        return Direct::Opaque { fixed: false };
    }
    Direct::Inside
}

fn same(a: &str, b: &str) -> bool {
    python::normalise(a) == python::normalise(b)
}

/// Name and version of a wheel (PEP 427) or a source archive (PEP 625).
fn archive(file: &str) -> Option<(String, String)> {
    let (name, version) = match file.strip_suffix(".whl") {
        Some(stem) => {
            let parts: Vec<&str> = stem.split('-').collect();
            match parts.as_slice() {
                [name, version, _, _, _] | [name, version, _, _, _, _] => (*name, *version),
                _ => return None,
            }
        }
        None => ARCHIVES.iter().find_map(|end| file.strip_suffix(end))?.rsplit_once('-')?,
    };
    let version = version.replace("%2B", "+").replace("%2b", "+");
    let starts = version.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    (is_name(name) && is_version(&version) && starts).then(|| (name.to_owned(), version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::python::FILES;

    fn found(name: &str, version: &str, source: &str) -> Direct {
        Direct::Archive { name: name.into(), version: version.into(), source: Source::Path(source.into()) }
    }

    #[test]
    fn an_archive_says_its_name_and_version() {
        let wheel = "https://e.example/A_b-1.0+cu1-cp311-cp311-linux_x86_64.whl";
        assert_eq!(read(wheel, None), found("A_b", "1.0+cu1", wheel));
        assert_eq!(read("./x/a-b-2.0.tar.gz", Some("A.B")), found("a-b", "2.0", "./x/a-b-2.0.tar.gz"));
        assert_eq!(
            read("https://e.example/a-1%2Bx.zip#sha256=00", None),
            found("a", "1+x", "https://e.example/a-1%2Bx.zip")
        );
        let own = format!("{FILES}a-1.0.tar.gz");
        let source = Source::Default;
        assert_eq!(read(&own, None), Direct::Archive { name: "a".into(), version: "1.0".into(), source });
        for odd in ["https://e.example/1.26.8.zip", "https://e.example/a-main.zip", "a-1.0.whl", "b-1.0.zip"] {
            assert_eq!(read(odd, Some("a")), Direct::Opaque { fixed: false }, "{odd}");
        }
    }

    #[test]
    fn what_stays_the_same_is_told_from_what_does_not() {
        let commit = "603eeb3d4f6064917926fdaacc832790cbc9a609";
        assert_eq!(read(&format!("git+https://e.example/a.git@{commit}#egg=a"), None), Direct::Opaque { fixed: true });
        for floating in ["git+https://e.example/a", "git+ssh://git@e.example/a@main", "hg+https://e.example/a@603eeb3"]
        {
            assert_eq!(read(floating, None), Direct::Opaque { fixed: false }, "{floating}");
        }
        assert_eq!(read("https://e.example/a.git", None), Direct::Opaque { fixed: false });
    }

    #[test]
    fn a_directory_of_the_tree_is_first_party_and_another_is_not() {
        for inside in [".", "./a", "../a", ".[x]", "a/b"] {
            assert_eq!(read(inside, None), Direct::Inside, "{inside}");
        }
        for outside in ["/a", "~/a", "file:///a", "C:\\a"] {
            assert_eq!(read(outside, None), Direct::Opaque { fixed: false }, "{outside}");
        }
        assert!(is_path("./a") && is_path("a.whl") && is_path("a/b") && !is_path("a"));
        assert!(is_url("git+ssh://x") && is_url("HTTPS://x") && !is_url("a @ https://x"));
    }
}
