//! A copy of a package in the tree, as `cargo vendor` writes it: what its `.cargo-checksum.json` lists against what is
//! there. It reads no file and does not know the lock.

use super::json;
use super::place::{Refusal, utf8};
use super::value::Value;
use crate::model::{Digest, Gap, TreePath};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The list that lies in each copy.
pub const LIST: &str = ".cargo-checksum.json";
/// What cargo itself leaves beside the list.
const CARGO_OK: &str = ".cargo-ok";
const HELP: &str = "run `cargo vendor --locked` again, and compare with what was there";

/// What `.cargo-checksum.json` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// The SHA-256 of each file, by its path below the copy.
    pub files: BTreeMap<String, Digest>,
    /// The SHA-256 of the archive that the copy was made of; none for a copy of a repository.
    pub package: Option<Digest>,
}

/// A copy of a package, compared with its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendored {
    /// Its manifest.
    pub manifest: TreePath,
    /// 1-based line of its name there.
    pub line: u32,
    /// The directory in which `.cargo/config.toml` lies that names the copies; empty at the root.
    pub base: String,
    /// The name of the package.
    pub name: Arc<str>,
    /// Its version; none where the manifest leaves it to a workspace.
    pub version: Option<Arc<str>>,
    /// The checksum of its archive, where its list has one.
    pub package: Option<Digest>,
    /// Whether there is a list at all.
    pub has_list: bool,
    /// Files that are not what the list says, in order.
    pub changed: Vec<String>,
    /// Files that the list has and that are not there, in order.
    pub missing: Vec<String>,
    /// Files that are there and that the list does not have, in order.
    pub unlisted: Vec<String>,
}

/// Reads a list.
///
/// # Errors
/// A `parse-failed` gap. A list that is understood in part would vouch for files that nobody compared.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Listed, Gap> {
    read(bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(bytes: &[u8]) -> Result<Listed, Refusal> {
    let value = json::read(utf8(bytes)?, HELP)?;
    let refuse = |at, why: &str| Refusal::new(at, why, HELP);
    let root = value.map().ok_or_else(|| refuse(0, "a list of checksums is an object"))?;
    let digest = |text: &str, at| match text.len() {
        64 => text.parse::<Digest>().map_err(|_| refuse(at, "a checksum that is not 64 hex digits")),
        _ => Err(refuse(at, "a checksum that is not 64 hex digits")),
    };
    let files = root.member("files").ok_or_else(|| refuse(0, "`files` is missing"))?;
    let mut listed = Listed::default();
    for member in &files.value.map().ok_or_else(|| refuse(files.at, "`files` is not an object"))?.0 {
        let hash = member.value.text().ok_or_else(|| refuse(member.at, "a checksum that is no text"))?;
        listed.files.insert(member.key.clone().into_owned(), digest(hash, member.at)?);
    }
    listed.package = match root.member("package").map(|member| (&member.value, member.at)) {
        None | Some((Value::Null, _)) => None,
        Some((Value::Text(hash), at)) => Some(digest(hash, at)?),
        Some((_, at)) => return Err(refuse(at, "`package` is neither a text nor null")),
    };
    Ok(listed)
}

impl Vendored {
    /// Compares the files of a copy with its list. `found` is the digest of each file by its path below the copy.
    pub fn compare(&mut self, listed: &Listed, found: &BTreeMap<String, Digest>) {
        self.has_list = true;
        self.package = listed.package;
        for (path, digest) in &listed.files {
            match found.get(path) {
                None => self.missing.push(path.clone()),
                Some(other) if other != digest => self.changed.push(path.clone()),
                Some(_) => {}
            }
        }
        let own = |path: &str| path == LIST || path == CARGO_OK;
        let unlisted = found.keys().filter(|path| !own(path) && !listed.files.contains_key(*path));
        self.unlisted.extend(unlisted.cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapKind;

    fn read_list(text: &str) -> Result<Listed, GapKind> {
        parse(&TreePath::new(LIST), text.as_bytes()).map_err(|gap| gap.kind)
    }

    #[test]
    fn a_list_is_read_whole_or_refused() {
        let hash = "0".repeat(64);
        let good = format!("{{\"files\":{{\"a\":\"{hash}\"}},\"package\":\"{hash}\"}}");
        let listed = read_list(&good).unwrap();
        assert_eq!((listed.files.len(), listed.package), (1, Some(Digest([0; 32]))));
        assert_eq!(read_list(&good.replace(&format!("\"{hash}\"}}"), "null}")).map(|_| ()), Err(GapKind::ParseFailed));
        assert_eq!(read_list("{\"files\":{},\"package\":null}"), Ok(Listed::default()));
        assert_eq!(read_list("{\"files\":{}}"), Ok(Listed::default()));
        for wrong in [
            "",
            "[]",
            "{}",
            "{\"files\":[]}",
            "{\"files\":{\"a\":1}}",
            "{\"files\":{\"a\":\"0\"}}",
            "{\"files\":{},\"package\":1}",
        ] {
            assert_eq!(read_list(wrong), Err(GapKind::ParseFailed), "{wrong}");
        }
        assert_eq!(read_list(&good.replace("\"package\"", "\"files\"")), Err(GapKind::ParseFailed), "twice");
    }

    #[test]
    fn files_are_changed_missing_or_not_listed() {
        let digest = |byte| Digest([byte; 32]);
        let files = [("a", 1), ("b", 2), ("c", 3)].map(|(path, byte)| (path.to_owned(), digest(byte)));
        let listed = Listed { files: files.into(), package: Some(digest(9)) };
        let compare = |found: &[(&str, u8)]| {
            let mut copy = Vendored {
                manifest: TreePath::new("vendor/a/Cargo.toml"),
                line: 1,
                base: String::new(),
                name: "a".into(),
                version: None,
                package: None,
                has_list: false,
                changed: Vec::new(),
                missing: Vec::new(),
                unlisted: Vec::new(),
            };
            copy.compare(&listed, &found.iter().map(|(path, byte)| ((*path).to_owned(), digest(*byte))).collect());
            (copy.changed, copy.missing, copy.unlisted)
        };
        let none: Vec<String> = Vec::new();
        assert_eq!(
            compare(&[("a", 1), ("b", 2), ("c", 3), (LIST, 0), (CARGO_OK, 0)]),
            (none.clone(), none.clone(), none)
        );
        let odd = compare(&[("a", 1), ("b", 9), ("x/.cargo-ok", 0)]);
        assert_eq!(odd, (vec!["b".to_owned()], vec!["c".to_owned()], vec!["x/.cargo-ok".to_owned()]));
    }
}
