//! From files to a policy: which files there are, how large they may be, and their digest. Where the files come from
//! (a directory, a git revision) is behind [`Files`]. No link is followed: it could lead out of the trusted tree.

use super::error::{ConfigError, ConfigErrors, LoadError, shown};
use super::policy_file::parse_policy;
use super::waiver_file::parse_waiver;
use super::{POLICY_FILE, Policy, WAIVER_DIR};
use crate::model::Digest;
use crate::sys::{Bytes, Fault, FileKind, Sys, SysError};
use std::path::PathBuf;

/// A policy is some hundred lines; this is room for thousands of accepted gaps.
pub const MAX_POLICY: Bytes = Bytes::mib(1);
/// A waiver is ten lines and a reason.
pub const MAX_WAIVER: Bytes = Bytes(64 << 10);
/// Waivers in one tree. The largest adopted debt seen has some hundred.
pub const MAX_WAIVERS: usize = 10_000;

/// The tree that the policy is read from. Paths are relative to its root, with `/`.
pub trait Files {
    /// The bytes of a regular file; none when there is nothing. A link anywhere on the way is an error, and so is a
    /// file larger than [`MAX_POLICY`].
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError>;
    /// The names of the entries of a directory, of every kind, in any order; empty when there is no such directory.
    fn list(&self, dir: &str) -> Result<Vec<String>, SysError>;
    /// What the policy file is called, where it is not [`POLICY_FILE`] in the root.
    fn policy_name(&self) -> Option<String> {
        None
    }
}

/// A directory of the machine.
pub struct Disk<'a> {
    /// The outside world.
    pub sys: &'a dyn Sys,
    /// The directory. Links on the way to it are followed: whoever named it trusts it.
    pub root: PathBuf,
}

impl Disk<'_> {
    /// What the path is, having looked at each part of it, so that no directory on the way is a link.
    fn kind(&self, op: &'static str, path: &str) -> Result<Option<FileKind>, SysError> {
        let mut at = self.root.clone();
        let mut kind = Some(FileKind::Dir);
        for part in path.split('/') {
            at.push(part);
            kind = self.sys.kind(&at)?;
            match kind {
                None => return Ok(None),
                Some(FileKind::Link) => return Err(not_regular(op, &at, "symbolic link")),
                Some(FileKind::Dir | FileKind::File | FileKind::Special) => {} // the caller knows what it wants
            }
        }
        Ok(kind)
    }
}

fn not_regular(op: &'static str, path: &std::path::Path, what: &'static str) -> SysError {
    SysError { op, what: path.display().to_string(), fault: Fault::NotRegular(what) }
}

impl Files for Disk<'_> {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError> {
        match self.kind("read", path)? {
            None => Ok(None),
            Some(FileKind::Dir) => Err(not_regular("read", &self.root.join(path), "directory")),
            // A FIFO or a device is refused by `Sys::read` itself.
            Some(_) => self.sys.read(&self.root.join(path), MAX_POLICY).map(Some),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<String>, SysError> {
        let full = self.root.join(dir);
        match self.kind("list", dir)? {
            None => return Ok(Vec::new()),
            Some(FileKind::Dir) => {}
            Some(_) => {
                let fault = Fault::Other("it is not a directory".into());
                return Err(SysError { op: "list", what: full.display().to_string(), fault });
            }
        }
        let entries = self.sys.list(&full)?;
        let name = |entry: crate::sys::DirEntry| {
            entry.name.into_string().map_err(|name| SysError {
                op: "list",
                what: full.join(name).display().to_string(),
                fault: Fault::Other("its name is not UTF-8".into()),
            })
        };
        entries.into_iter().map(name).collect()
    }
}

/// The policy and its waivers. `origin_prefix` goes before each path in messages and in the origin: empty for a
/// directory, `<rev>:` for a revision. Without a policy file the defaults hold, with the origin `defaults`.
pub fn load(files: &dyn Files, origin_prefix: &str) -> Result<Policy, LoadError> {
    let mut errors = Vec::new();
    let mut digested = Vec::new();
    let mut policy = Policy::default();
    let mut names = files.list(WAIVER_DIR).map_err(LoadError::Unreadable)?;
    names.sort();
    if names.len() > MAX_WAIVERS {
        return Err(LoadError::TooManyWaivers { found: names.len(), limit: MAX_WAIVERS, dir: WAIVER_DIR });
    }
    let mut waivers = Vec::new();
    // `.portcullis/waivers/…` comes before `portcullis.toml`: the digest is taken in order of path.
    for name in names {
        let path = format!("{WAIVER_DIR}/{name}");
        let shown_path = format!("{origin_prefix}{}", shown_name(&path));
        if !name.ends_with(".toml") {
            errors.push(misnamed(shown_path));
            continue; // told: whoever wrote it meant a waiver
        }
        let vanished = || SysError { op: "read", what: shown_path.clone(), fault: Fault::NotFound };
        let bytes = files.read(&path).and_then(|b| b.ok_or_else(vanished)).map_err(LoadError::Unreadable)?;
        if bytes.len() as u64 > MAX_WAIVER.0 {
            let fault = Fault::TooLarge { limit: MAX_WAIVER };
            return Err(LoadError::Unreadable(SysError { op: "read", what: shown_path, fault }));
        }
        collect(utf8(&shown_path, &bytes).and_then(|text| parse_waiver(&shown_path, &path, text)), &mut errors)
            .into_iter()
            .for_each(|waiver| waivers.push(waiver));
        add_to_digest(&mut digested, &path, &bytes);
    }
    if let Some(bytes) = files.read(POLICY_FILE).map_err(LoadError::Unreadable)? {
        let shown_path = files.policy_name().unwrap_or_else(|| format!("{origin_prefix}{POLICY_FILE}"));
        let parsed = utf8(&shown_path, &bytes).and_then(|text| parse_policy(&shown_path, text));
        policy = collect(parsed, &mut errors).unwrap_or(policy); // none: its errors are told
        add_to_digest(&mut digested, POLICY_FILE, &bytes);
    }
    if !errors.is_empty() {
        return Err(LoadError::Invalid(ConfigErrors(errors)));
    }
    policy.waivers = waivers;
    policy.digest = Digest::of(&digested);
    Ok(policy)
}

fn collect<T>(parsed: Result<T, ConfigErrors>, errors: &mut Vec<ConfigError>) -> Option<T> {
    parsed.map_err(|found| errors.extend(found.0)).ok() // the errors were moved, none is lost
}

fn utf8<'b>(path: &str, bytes: &'b [u8]) -> Result<&'b str, ConfigErrors> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        let column = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default()).chars().count();
        let line = before.iter().filter(|b| **b == b'\n').count();
        ConfigErrors(vec![ConfigError {
            path: path.to_owned(),
            line: count(line),
            column: count(column),
            message: "the file is not UTF-8".into(),
            help: "save it as UTF-8".into(),
        }])
    })
}

fn shown_name(path: &str) -> String {
    path.chars().flat_map(|c| c.escape_debug().collect::<Vec<_>>()).collect()
}

fn misnamed(path: String) -> ConfigError {
    ConfigError {
        message: format!("`{}` is not a waiver: its name does not end in `.toml`", shown(&path)),
        path,
        line: 1,
        column: 1,
        help: format!("rename it, or remove it: {WAIVER_DIR} holds waivers only"),
    }
}

/// Path and content, each behind its length, so that no two sets of files give the same bytes.
fn add_to_digest(to: &mut Vec<u8>, path: &str, bytes: &[u8]) {
    for part in [path.as_bytes(), bytes] {
        to.extend((part.len() as u64).to_be_bytes());
        to.extend(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use crate::sys::RealSys;
    use std::collections::BTreeMap;

    /// Files in memory.
    struct Memory(BTreeMap<&'static str, Vec<u8>>);

    impl Files for Memory {
        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError> {
            Ok(self.0.get(path).cloned())
        }

        fn list(&self, dir: &str) -> Result<Vec<String>, SysError> {
            let inside = |path: &&str| path.strip_prefix(dir)?.strip_prefix('/').map(str::to_owned);
            Ok(self.0.keys().filter_map(inside).collect())
        }
    }

    fn memory(files: &[(&'static str, &str)]) -> Memory {
        Memory(files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())).collect())
    }

    const WAIVER: &str = "id = \"A-1\"\npackage = \"p\"\nowner = \"o\"\nreason = \"r\"\nexpires = \"2027-01-01\"\n";

    #[test]
    fn no_file_at_all_is_the_default_policy() {
        let policy = load(&memory(&[]), "").expect("defaults");
        assert_eq!(policy, Policy::default());
        assert_eq!(policy.origin, "defaults");
    }

    #[test]
    fn the_origin_names_the_revision_that_the_policy_was_read_from() {
        let files = memory(&[(POLICY_FILE, "version = 1\nfail-on = \"low\"\n")]);
        let policy = load(&files, "main:").expect("valid");
        assert_eq!((policy.origin.as_str(), policy.fail_on.value), ("main:portcullis.toml", Severity::Low));
    }

    #[test]
    fn the_errors_of_every_file_are_told_at_once() {
        let files = memory(&[
            (".portcullis/waivers/a.toml", "id = 1\n"),
            (".portcullis/waivers/b.yaml", "id: 1\n"),
            (POLICY_FILE, "version = 1\nzzz = 1\n"),
        ]);
        let Err(LoadError::Invalid(ConfigErrors(errors))) = load(&files, "main:") else { panic!("it must be refused") };
        let paths: std::collections::BTreeSet<&str> = errors.iter().map(|e| e.path.as_str()).collect();
        assert_eq!(
            paths.into_iter().collect::<Vec<_>>(),
            ["main:.portcullis/waivers/a.toml", "main:.portcullis/waivers/b.yaml", "main:portcullis.toml"]
        );
    }

    #[test]
    fn the_digest_covers_every_file_with_its_path() {
        let digest = |files: &[(&'static str, &str)]| load(&memory(files), "").expect("valid").digest;
        let one = digest(&[(".portcullis/waivers/a.toml", WAIVER)]);
        assert_ne!(one, digest(&[]));
        assert_ne!(one, digest(&[(".portcullis/waivers/b.toml", WAIVER)]));
        assert_ne!(one, digest(&[(".portcullis/waivers/a.toml", &WAIVER.replace("2027", "2028"))]));
        assert_ne!(one, digest(&[(".portcullis/waivers/a.toml", WAIVER), (POLICY_FILE, "version = 1\n")]));
    }

    #[test]
    fn a_file_that_is_not_utf8_is_refused_with_its_place() {
        let files = Memory([(POLICY_FILE, b"version = 1\n# \xff\n".to_vec())].into());
        let Err(LoadError::Invalid(ConfigErrors(errors))) = load(&files, "") else { panic!("it must be refused") };
        assert_eq!(errors.iter().map(|e| (e.line, e.column)).collect::<Vec<_>>(), [(2, 3)]);
    }

    #[test]
    fn a_waiver_that_is_too_large_is_refused_and_one_byte_less_is_not() {
        let room = usize::try_from(MAX_WAIVER.0).expect("fits") - WAIVER.len() - 2;
        let padded = |n: usize| format!("{WAIVER}#{}\n", "x".repeat(n));
        assert!(load(&memory(&[(".portcullis/waivers/a.toml", &padded(room))]), "").is_ok());
        let result = load(&memory(&[(".portcullis/waivers/a.toml", &padded(room + 1))]), "");
        assert!(matches!(result, Err(LoadError::Unreadable(SysError { fault: Fault::TooLarge { .. }, .. }))));
    }

    #[test]
    fn a_link_is_not_followed_wherever_it_stands() {
        let dir = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        let link = |from: &str, to: &std::path::Path| {
            std::os::unix::fs::symlink(to, dir.path().join(from)).expect("a link");
        };
        let disk = Disk { sys: &RealSys, root: dir.path().to_owned() };
        let write = |path: PathBuf, text: &str| RealSys.replace(&path, text.as_bytes(), false).expect("written");
        write(outside.path().join("p.toml"), "version = 1\n");
        RealSys.create_dir(&outside.path().join("waivers")).expect("created");
        write(outside.path().join("waivers/a.toml"), WAIVER);

        link("portcullis.toml", &outside.path().join("p.toml"));
        assert!(matches!(load(&disk, ""), Err(LoadError::Unreadable(SysError { fault: Fault::NotRegular(_), .. }))));
        RealSys.remove(&dir.path().join("portcullis.toml")).expect("removed");
        link(".portcullis", outside.path());
        assert!(matches!(load(&disk, ""), Err(LoadError::Unreadable(SysError { fault: Fault::NotRegular(_), .. }))));
        RealSys.remove(&dir.path().join(".portcullis")).expect("removed");

        RealSys.create_dir(&dir.path().join(WAIVER_DIR)).expect("created");
        write(dir.path().join(WAIVER_DIR).join("a.toml"), WAIVER);
        write(dir.path().join(POLICY_FILE), "version = 1\n");
        assert_eq!(load(&disk, "").expect("valid").waivers.len(), 1);
    }
}
