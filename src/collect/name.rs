//! Which names are worth a look. It opens nothing; what a name promises is checked by content elsewhere.

use super::Format;
use super::format::is_of_github;

/// What a file name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// A name that tools look for: always judged, and a failure if the content is something else.
    Exact(Format),
    /// The lock of a package that lies where a package manager unpacked it: nothing is installed by it.
    Installed(Format),
    /// Such as `Cargo.lock.msrv` or `x.Cargo.lock`: judged if the content is that of a lock.
    Loose,
}

impl Guess {
    /// The kind of the ledger row.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Exact(format) | Self::Installed(format) => format.as_str(),
            Self::Loose => Format::CargoLock.as_str(),
        }
    }

    /// Whether a directory of this name is in the way of the file that tools look for. Directories called
    /// `rust-toolchain` or `cargo-lock` are ordinary, and what lies in them is walked.
    pub(super) fn taken_by_directory(self, name: &[u8]) -> bool {
        matches!(self, Self::Exact(_)) && name != b"rust-toolchain"
    }
}

/// What a path promises: by its last part, and for requirements by the directory.
pub(super) fn guess(path: &[u8]) -> Option<Guess> {
    let name = file_name(path);
    if is_of_github(path) {
        return Some(Guess::Exact(Format::GithubActions));
    }
    match Format::of_name(file_name(parent(path)), name) {
        Some(format) if !format.is_javascript() => Some(Guess::Exact(format)),
        Some(format) if !path.split(|byte| *byte == b'/').any(|part| part == b"node_modules") => {
            Some(Guess::Exact(format))
        }
        Some(Format::NpmManifest) => None, // one for each installed package, which the lock lists
        Some(format) => Some(Guess::Installed(format)),
        None => (contains(name, b"cargo") && contains(name, b"lock")).then_some(Guess::Loose),
    }
}

/// Whether a file of this path, as bytes with `/`, would be looked at for its name.
pub fn is_judged_by_name(path: &[u8]) -> bool {
    guess(path).is_some()
}

/// The last part of a path.
pub(super) fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// `directory/name`, where an empty directory is the root.
pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(directory.len() + 1 + name.len());
    path.extend_from_slice(directory);
    if !directory.is_empty() && !name.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// The path without its last part; empty at the root.
pub(super) fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    path.get(..end).unwrap_or_default()
}

/// The directories on the way to the path whose name is that of a file which tools look for.
pub(super) fn directories_in_the_way(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes
        .filter_map(|(at, _)| path.get(..at))
        .filter(|directory| guess(directory).is_some_and(|guess| guess.taken_by_directory(file_name(directory))))
}

fn contains(name: &[u8], word: &[u8]) -> bool {
    name.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_tools_look_for_are_exact_and_names_that_only_resemble_them_are_loose() {
        assert_eq!(guess(b"Cargo.lock"), Some(Guess::Exact(Format::CargoLock)));
        assert_eq!(guess(b"Cargo.toml"), Some(Guess::Exact(Format::CargoManifest)));
        assert_eq!(guess(b"rust-toolchain"), Some(Guess::Exact(Format::RustToolchain)));
        assert_eq!(guess(b"rust-toolchain.toml"), Some(Guess::Exact(Format::RustToolchain)));
        for loose in
            ["cargo.lock", "CARGO.LOCK", "x.Cargo.lock", "Cargo-minimal.lock", "Cargo.lock.msrv", "cargo_lock.rs"]
        {
            assert_eq!(guess(loose.as_bytes()), Some(Guess::Loose), "{loose}");
        }
        for other in ["Cargo.toml.orig", "other.lock", "cargo", "lock", "toolchain", "rust-toolchain.yml", ""] {
            assert_eq!(guess(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_directory_is_in_the_way_only_under_an_exact_name() {
        let found = |path: &'static str| directories_in_the_way(path.as_bytes()).collect::<Vec<_>>();
        assert_eq!(found("a/Cargo.lock/b/Cargo.toml/c"), [b"a/Cargo.lock".as_slice(), b"a/Cargo.lock/b/Cargo.toml"]);
        assert!(found("rust-toolchain/cargo-lock/x/Cargo.lock").is_empty());
    }

    #[test]
    fn paths_are_joined_and_split_at_slashes() {
        assert_eq!(
            (join(b"", b"a"), join(b"a", b"b"), join(b"a", b"")),
            (b"a".to_vec(), b"a/b".to_vec(), b"a".to_vec())
        );
        assert_eq!(
            (parent(b"a"), parent(b"a/b/c"), file_name(b"a/b/c")),
            (b"".as_slice(), b"a/b".as_slice(), b"c".as_slice())
        );
    }
}
