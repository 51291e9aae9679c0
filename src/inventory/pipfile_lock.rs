//! `Pipfile.lock`, version 6 of the format: components of every category. The format has no edges. It looks at no other
//! file; the hash of the `Pipfile` is not compared.

use super::counter;
use super::json;
use super::place::{Cursor, Refusal, utf8};
use super::python::{self, File, Lock};
use super::toml_tree::Text;
use super::value::{Map, Member, Value};
use crate::model::{Component, Digest, Gap, GapKind, Inventory, Partial, Scope, Source, Stage, TreePath};
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "pipfile-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `pipenv lock`";

/// Reads a lock.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `not-covered` and `unlocked` (a repository or an archive whose version is not written), `parse-failed` (an entry
/// without a version), `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    let value = json::read(text, RESTORE).map_err(|refusal| super::place::conflict(text).unwrap_or(refusal))?;
    let root = map(&value, 0, "the file")?;
    let meta = root.member("_meta").ok_or_else(|| refuse(0, "no `_meta`"))?;
    let meta = map(&meta.value, meta.at, "`_meta`")?;
    check_version(meta)?;
    let indexes = indexes(meta)?;
    if root.get("default").is_none() || root.get("develop").is_none() {
        return Err(refuse(0, "no `default` or no `develop`, which pipenv writes into every lock"));
    }
    let mut reader = Reader { indexes, lock: Lock::default(), places: Cursor::new(text), text };
    for category in root.0.iter().filter(|member| member.key != "_meta") {
        for entry in &map(&category.value, category.at, "a category")?.0 {
            reader.entry(&category.key, entry)?;
        }
    }
    let counted = counter::python::pipfile(bytes);
    Ok(reader.lock.finish(&File { path, format: FORMAT, bytes, text }, counted, "entries"))
}

fn refuse(at: usize, why: impl Into<String>) -> Refusal {
    Refusal::new(at, why, RESTORE)
}

fn map<'v, 'a>(value: &'v Value<'a>, at: usize, what: &str) -> Result<&'v Map<'a>, Refusal> {
    value.map().ok_or_else(|| refuse(at, format!("{what} is not an object")))
}

/// The text of a key that may be absent.
fn text<'v>(entry: &'v Map<'_>, key: &str) -> Result<Option<Text<'v>>, Refusal> {
    let read = |member: &'v Member<'_>| match member.value.text() {
        Some(text) => Ok(Text { text, at: member.at }),
        None => Err(refuse(member.at, format!("`{key}` is {}, not a text", member.value.kind()))),
    };
    entry.member(key).map(read).transpose()
}

fn check_version(meta: &Map<'_>) -> Result<(), Refusal> {
    let version = meta.member("pipfile-spec").ok_or_else(|| refuse(0, "no `pipfile-spec`"))?;
    match &version.value {
        Value::Number(digits) if digits == "6" => Ok(()),
        Value::Number(digits) => Err(python::unsupported(version.at, digits, "6")),
        _ => Err(refuse(version.at, "`pipfile-spec` is not a number")),
    }
}

/// The registries by name, and the one of packages that name none: the first.
struct Indexes {
    named: HashMap<String, Source>,
    first: Source,
}

fn indexes(meta: &Map<'_>) -> Result<Indexes, Refusal> {
    let mut indexes = Indexes { named: HashMap::new(), first: Source::Default };
    let Some(member) = meta.member("sources") else { return Ok(indexes) };
    let Value::List(sources) = &member.value else { return Err(refuse(member.at, "`sources` is not an array")) };
    for (nth, source) in sources.iter().enumerate() {
        let source = map(source, member.at, "a source")?;
        let url = text(source, "url")?.ok_or_else(|| refuse(member.at, "a source without `url`"))?;
        let found = python::index(url.text);
        if nth == 0 {
            indexes.first = found.clone();
        }
        if let Some(name) = text(source, "name")? {
            indexes.named.insert(name.text.to_owned(), found);
        }
    }
    Ok(indexes)
}

struct Reader<'a> {
    indexes: Indexes,
    lock: Lock,
    places: Cursor<'a>,
    text: &'a str,
}

impl Reader<'_> {
    fn entry(&mut self, category: &str, member: &Member<'_>) -> Result<(), Refusal> {
        let at = member.at;
        let entry = map(&member.value, at, "an entry")?;
        let name = python::name(Text { text: &member.key, at }, RESTORE)?;
        let Some(version) = text(entry, "version")? else { return self.without_version(&member.key, entry, at) };
        let exact = version.text.strip_prefix("===").or_else(|| version.text.strip_prefix("=="));
        let Some(exact) = exact else {
            let why = format!("`{}` is not an exact version", python::clip(version.text));
            return self.skip(GapKind::Unlocked, &member.key, &why, RESTORE, at);
        };
        let version = python::version(Text { text: exact.trim(), at: version.at }, RESTORE)?;
        let source = self.source(entry, at)?;
        let marker = text(entry, "markers")?.map_or("", |marker| marker.text);
        // Categories beside the two are up to the project: nothing says what they are for.
        let (scope, only) = match category {
            "default" => (Scope::Normal, String::new()),
            "develop" => (Scope::Dev, String::new()),
            other => (Scope::Unknown, format!("category: {other}")),
        };
        let checksum = digest(entry)?;
        let hashes = match entry.get("hashes") {
            Some(Value::List(hashes)) => hashes.as_slice(),
            _ => &[],
        };
        let hash = hashes.first().and_then(Value::text).map(|text| Text { text, at });
        let conditions = python::condition([only.as_str(), marker]);
        let plain = python::component(name, version, source, self.places.place(at));
        // One package may stand in several categories.
        self.lock.push(Component { checksum, scope, conditions, ..plain })?;
        self.lock.hashed(hash, self.text);
        Ok(())
    }

    fn source(&self, entry: &Map<'_>, at: usize) -> Result<Source, Refusal> {
        if let Some(url) = text(entry, "git")? {
            return Ok(python::git(url.text, text(entry, "ref")?.map(|commit| commit.text)));
        }
        if let Some(file) = text(entry, "file")? {
            return Ok(python::archive(file.text));
        }
        if text(entry, "path")?.is_some() {
            return Ok(Source::Local);
        }
        match text(entry, "index")? {
            None => Ok(self.indexes.first.clone()),
            Some(name) => {
                let found = self.indexes.named.get(name.text).cloned();
                // Old locks hold the URL itself.
                let url = || name.text.contains("://").then(|| python::index(name.text));
                found.or_else(url).ok_or_else(|| refuse(at, "an entry of a registry that `sources` does not name"))
            }
        }
    }

    /// Only what is no release may do without.
    fn without_version(&mut self, name: &str, entry: &Map<'_>, at: usize) -> Result<(), Refusal> {
        let help = "take a release of the default registry, or fix the commit";
        if text(entry, "git")?.is_some() {
            let commit = text(entry, "ref")?.map_or("", |commit| commit.text);
            let full = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            return if full {
                let why = "it is fixed, but its version is not written, so that no advisory can be matched";
                self.skip(GapKind::NotCovered, name, why, help, at)
            } else {
                let why = "what it leads to may change, and its version is not written";
                self.skip(GapKind::Unlocked, name, why, help, at)
            };
        }
        let address = text(entry, "path")?.or(text(entry, "file")?);
        match address {
            Some(address) if address.text.contains("://") => {
                let why = "its version is not written, so that no advisory can be matched";
                self.skip(GapKind::NotCovered, name, why, help, at)
            }
            Some(_) => self.lock.leave_out(name, "a directory of the project: first-party"),
            None => self.skip(GapKind::ParseFailed, name, "an entry without `version`", RESTORE, at),
        }
    }

    fn skip(&mut self, kind: GapKind, name: &str, why: &str, help: &str, at: usize) -> Result<(), Refusal> {
        self.lock.leave_out(name, why)?;
        self.lock.gap(Some(at), Gap::new(kind, Stage::Inventory, name, why).with_help(help))
    }
}

/// The digest where there is only one: which archive a hash belongs to is not written.
fn digest(entry: &Map<'_>) -> Result<Option<Digest>, Refusal> {
    let Some(member) = entry.member("hashes") else { return Ok(None) };
    let Value::List(hashes) = &member.value else { return Err(refuse(member.at, "`hashes` is not an array")) };
    let mut all = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let hash = hash.text().ok_or_else(|| refuse(member.at, "a hash is not a string"))?;
        all.push(("", python::digest(Text { text: hash, at: member.at }, RESTORE)?));
    }
    Ok(python::one_digest(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::python::INDEX;

    const HASH: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";

    fn lock(default: &str, develop: &str) -> String {
        let sources = format!(
            "{{\"name\": \"pypi\", \"url\": \"{INDEX}\"}}, {{\"name\": \"own\", \"url\": \"https://e.example/simple\"}}"
        );
        format!(
            "{{\n\"_meta\": {{\"pipfile-spec\": 6, \"sources\": [{sources}]}},\n\"default\": {{\n{default}\n}},\n\"develop\": {{\n{develop}\n}}\n}}\n"
        )
    }

    fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
        parse(&TreePath::new("Pipfile.lock"), text.as_bytes())
    }

    fn accepted(text: &str) -> Inventory {
        let read = parse_text(text).unwrap();
        assert_eq!(read.gaps, []);
        read.value
    }

    fn refused(text: &str) -> (GapKind, Option<u32>, String) {
        let gap = parse_text(text).unwrap_err();
        assert!(!gap.help.is_empty() && gap.digest.is_some());
        (gap.kind, gap.line, gap.why)
    }

    fn gaps(text: &str) -> Vec<(GapKind, String, Option<u32>)> {
        parse_text(text).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
    }

    #[test]
    fn entries_become_components_with_places_and_scopes() {
        let hashes = format!("\"hashes\": [\"sha256:{HASH}\"], ");
        let default = format!(
            "  \"A_b\": {{{hashes}\"version\": \"==1.0\"}},\n\"c\": {{\"version\": \"===2\", \"markers\": \"os_name == 'nt'\"}}"
        );
        let read = accepted(&lock(&default, "\"a.b\": {\"version\": \"==1.0\"}"));
        let rows: Vec<_> =
            read.components.iter().map(|c| (c.label(), c.line, c.column, c.scope, c.conditions.join(","))).collect();
        let expected = [
            ("a-b 1.0".to_owned(), 4, 3, Scope::Normal, String::new()),
            ("c 2".to_owned(), 5, 1, Scope::Normal, "os_name == 'nt'".to_owned()),
            ("a-b 1.0".to_owned(), 8, 1, Scope::Dev, String::new()),
        ];
        assert_eq!(rows, expected);
        assert_eq!(read.components[0].checksum.unwrap().hex(), HASH);
        let more =
            lock(&default, "").replace("\"develop\": {", "\"docs\": {\"d\": {\"version\": \"==1\"}},\n\"develop\": {");
        let read = accepted(&more);
        assert_eq!(
            (read.components[2].scope, read.components[2].conditions.join(",")),
            (Scope::Unknown, "category: docs".to_owned())
        );
    }

    #[test]
    fn sources_are_told_apart() {
        let of = |rest: &str| {
            accepted(&lock(&format!("\"a\": {{\"version\": \"==1\"{rest}}}"), "")).components[0].source.clone()
        };
        assert_eq!(of(""), Source::Default);
        assert_eq!(of(", \"index\": \"pypi\""), Source::Default);
        assert_eq!(of(", \"index\": \"own\""), Source::Registry("https://e.example/simple".into()));
        assert_eq!(of(", \"path\": \".\""), Source::Local);
        let git = ", \"git\": \"https://e.example/a.git\", \"ref\": \"0f\"";
        assert_eq!(of(git), Source::Git("git+https://e.example/a.git@0f".into()));
        let odd = lock("\"a\": {\"version\": \"==1\", \"index\": \"other\"}", "");
        assert_eq!(refused(&odd).1, Some(4));
    }

    #[test]
    fn an_entry_without_a_version_is_left_out_by_name() {
        let with = |rest: &str| lock(&format!("\"a\": {{{rest}}}"), "");
        let read = accepted(&with("\"editable\": true, \"path\": \".\""));
        assert_eq!((read.components.len(), read.counted.left_out.len(), read.counted.independent), (0, 1, 1));
        let one = |kind| [(kind, "a".to_owned(), Some(4))];
        let commit = "603eeb3d4f6064917926fdaacc832790cbc9a609";
        assert_eq!(
            gaps(&with(&format!("\"git\": \"https://e.example/a\", \"ref\": \"{commit}\""))),
            one(GapKind::NotCovered)
        );
        assert_eq!(gaps(&with("\"git\": \"https://e.example/a\", \"ref\": \"main\"")), one(GapKind::Unlocked));
        assert_eq!(gaps(&with("\"file\": \"https://e.example/a.zip\"")), one(GapKind::NotCovered));
        assert_eq!(gaps(&with("\"version\": \"*\"")), one(GapKind::Unlocked));
        assert_eq!(gaps(&with("")), one(GapKind::ParseFailed));
    }

    #[test]
    fn a_file_that_is_not_whole_is_refused() {
        let good = lock("\"a\": {\"version\": \"==1\", \"hashes\": []}", "");
        accepted(&good);
        for (from, to, kind, line) in [
            ("6", "7", GapKind::UnsupportedVersion, 2),
            ("6", "\"6\"", GapKind::ParseFailed, 2),
            ("\"pipfile-spec\": 6, ", "", GapKind::ParseFailed, 1),
            ("_meta", "_mete", GapKind::ParseFailed, 1),
            ("\"default\"", "\"defaulu\"", GapKind::ParseFailed, 1),
            ("\"develop\"", "\"default\"", GapKind::ParseFailed, 6),
            ("\"==1\"", "1", GapKind::ParseFailed, 4),
            ("\"==1\"", "\"==1 2\"", GapKind::ParseFailed, 4),
            ("\"a\": {", "\"a b\": {", GapKind::ParseFailed, 4),
            ("\"a\": {\"version\": \"==1\", \"hashes\": []}", "\"a\": \"==1\"", GapKind::ParseFailed, 4),
            ("[]}", "[\"sha256:0\"]}", GapKind::ParseFailed, 4),
            ("\"default\"", "<<<<<<< HEAD\n\"default\"", GapKind::ParseFailed, 3),
        ] {
            let (found, at, why) = refused(&good.replacen(from, to, 1));
            assert_eq!((found, at), (kind, Some(line)), "{from} -> {to}: {why}");
        }
        assert_eq!(refused("bogus").0, GapKind::ParseFailed);
    }

    #[test]
    fn hostile_sizes_end_soon() {
        let many: Vec<String> = (0..100_000).map(|n| format!("\"p{n}\": {{\"version\": \"==1\"}}")).collect();
        assert_eq!(accepted(&lock(&many.join(",\n"), "")).components.len(), 100_000);
    }
}
