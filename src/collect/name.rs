//! Which names are worth a look. It opens nothing; what a name promises is checked by content elsewhere.

use super::Format;
use super::format::is_of_github;

/// Where the tools of JavaScript unpack packages.
const NODE_MODULES: &[u8] = b"node_modules";

/// What a file name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// A name that tools look for: always judged, and a failure if the content is something else.
    Exact(Format),
    /// The lock of a package that lies where a package manager unpacked it: nothing is installed by it.
    Installed(Format),
    /// An installed package, which a lock may list: judged where the installed tree itself is what is judged.
    Package(Format),
    /// A program or an archive by its name: judged where it is named as a target.
    Binary(Format),
    /// Such as `Cargo.lock.msrv` or `x.Cargo.lock`: judged if the content is that of a lock.
    Loose,
}

impl Guess {
    /// The kind of the ledger row.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Exact(format) | Self::Installed(format) | Self::Package(format) | Self::Binary(format) => {
                format.as_str()
            }
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
        Some(format) if !path.split(|byte| *byte == b'/').any(|part| part == NODE_MODULES) => {
            Some(Guess::Exact(format))
        }
        Some(Format::NpmManifest) => is_npm_package(path).then_some(Guess::Package(Format::NpmPackage)),
        Some(format) => Some(Guess::Installed(format)),
        None if contains(name, b"cargo") && contains(name, b"lock") => Some(Guess::Loose),
        None if is_python_package(path) => Some(Guess::Package(Format::PythonPackage)),
        None => binary(name).map(Guess::Binary),
    }
}

/// `node_modules/NAME/package.json` and `node_modules/@SCOPE/NAME/package.json`. Deeper ones describe parts of a package.
fn is_npm_package(path: &[u8]) -> bool {
    let is_name = |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.starts_with(b"@");
    let mut parts = path.rsplit(|byte| *byte == b'/').skip(1);
    let (name, above) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let in_modules = above == NODE_MODULES || (above.starts_with(b"@") && parts.next() == Some(NODE_MODULES));
    in_modules && is_name(name)
}

/// `NAME.dist-info/METADATA`, `NAME.egg-info/PKG-INFO`, `EGG-INFO/PKG-INFO`, and the file `NAME.egg-info`.
fn is_python_package(path: &[u8]) -> bool {
    let name = file_name(path);
    match name {
        b"METADATA" => is_info(file_name(parent(path)), b"dist-info"),
        b"PKG-INFO" => is_info(file_name(parent(path)), b"egg-info"),
        _ => name.len() > 9 && is_info(name, b"egg-info"),
    }
}

/// `NAME.dist-info` or the like, in any case.
fn is_info(name: &[u8], kind: &[u8]) -> bool {
    let at = name.len().checked_sub(kind.len());
    let Some((before, end)) = at.and_then(|at| name.split_at_checked(at)) else { return false };
    end.eq_ignore_ascii_case(kind) && (before.is_empty() || before.ends_with(b"."))
}

/// What a name says of a program or an archive. Most programs have a name that says nothing.
fn binary(name: &[u8]) -> Option<Format> {
    let ends = |end: &[u8]| name.len() > end.len() && name.ends_with(end);
    if ends(b".jar") || ends(b".war") || ends(b".ear") {
        return Some(Format::JavaArchive);
    }
    (ends(b".exe") || ends(b".wasm")).then_some(Format::Executable)
}

/// Whether a directory of this name is one that a package manager fills.
pub(super) fn is_installed_tree(name: &[u8]) -> bool {
    [NODE_MODULES, b"site-packages", b"dist-packages"].contains(&name)
        || is_info(name, b"dist-info")
        || is_info(name, b"egg-info")
}

/// The installed tree in which a package lies: the outermost `node_modules`, or the directory that holds `NAME.dist-info`.
pub(super) fn tree_of(path: &[u8], format: Format) -> &[u8] {
    if format != Format::NpmPackage {
        let is_file = !matches!(file_name(path), b"METADATA" | b"PKG-INFO");
        return if is_file { parent(path) } else { parent(parent(path)) };
    }
    let ends = (0..path.len()).filter(|at| path.get(*at) == Some(&b'/'));
    ends.filter_map(|at| path.get(..at)).find(|tree| file_name(tree) == NODE_MODULES).unwrap_or_default()
}

/// Whether a file of this path, as bytes with `/`, would be looked at for its name.
pub fn is_judged_by_name(path: &[u8]) -> bool {
    !matches!(guess(path), None | Some(Guess::Package(_) | Guess::Binary(_)))
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
    fn installed_packages_are_known_by_where_they_lie() {
        for (path, tree) in [
            ("node_modules/a/package.json", "node_modules"),
            ("x/node_modules/@s/a/package.json", "x/node_modules"),
            ("node_modules/a/node_modules/b/package.json", "node_modules"),
            ("node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", "node_modules"),
        ] {
            assert_eq!(guess(path.as_bytes()), Some(Guess::Package(Format::NpmPackage)), "{path}");
            assert_eq!(tree_of(path.as_bytes(), Format::NpmPackage), tree.as_bytes(), "{path}");
        }
        for path in ["node_modules/a/esm/package.json", "node_modules/package.json", "node_modules/.bin/package.json"] {
            assert_eq!(guess(path.as_bytes()), None, "{path}");
        }
        for (path, tree) in [
            ("lib/site-packages/a-1.0.dist-info/METADATA", "lib/site-packages"),
            ("a.egg-info/PKG-INFO", ""),
            ("x/EGG-INFO/PKG-INFO", "x"),
            ("x/a-1.0.egg-info", "x"),
        ] {
            assert_eq!(guess(path.as_bytes()), Some(Guess::Package(Format::PythonPackage)), "{path}");
            assert_eq!(tree_of(path.as_bytes(), Format::PythonPackage), tree.as_bytes(), "{path}");
            assert!(!is_judged_by_name(path.as_bytes()));
        }
        for path in ["a/METADATA", "a.dist-info/RECORD", "dist-infos/METADATA", "PKG-INFO", ".egg-info"] {
            assert_eq!(guess(path.as_bytes()), None, "{path}");
        }
    }

    #[test]
    fn programs_and_archives_are_known_by_few_names() {
        assert_eq!(guess(b"a/b.jar"), Some(Guess::Binary(Format::JavaArchive)));
        assert_eq!(guess(b"a.wasm"), Some(Guess::Binary(Format::Executable)));
        for other in [".jar", "a.jar.txt", "a.so", "a"] {
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
