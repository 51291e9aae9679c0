//! What the readers of Python's lockfiles share: names, versions, sources, checksums, and how a list of entries becomes
//! an inventory. Knows no format.

pub(super) mod requirement;

use super::place::{Cursor, Refusal, number};
use super::toml_tree::{Node, Text, Value};
use crate::model::{
    Component, Count, Digest, Ecosystem, Gap, GapKind, Inventory, LeftOut, Origin, Partial, Piece, Scope, Source,
    Stage, TreePath,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Entries in one file. The largest real lock known has 298.
pub const MAX_PACKAGES: usize = 200_000;
/// Edges in one file, over all entries.
pub const MAX_EDGES: usize = 2_000_000;
/// Entries of one name in one file, told apart by version, source or marker: an edge by name leads to each of them.
pub const MAX_TWINS: usize = 64;
/// Bytes of a name. The registry refuses longer ones.
pub const MAX_NAME: usize = 256;
/// Bytes of a version. The longest real one known has 40.
pub const MAX_VERSION: usize = 256;
/// Bytes of a source: the path of a URL beyond this no server takes.
pub const MAX_SOURCE: usize = 4_096;
/// Bytes of a condition that is repeated in reports; a longer one is left away, and the component counts as included.
pub const MAX_CONDITION: usize = 512;
/// Gaps beside one file: beyond this it is not a lock with a few gaps, but not a lock.
pub const MAX_GAPS: usize = 1_000;

/// The name as the registry and advisories compare it (PEP 503): lower case, runs of `-`, `_` and `.` as one `-`.
pub(super) fn normalise(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// Whether this is a name (PEP 508): letters, digits, and between them `-`, `_` and `.`.
pub(super) fn is_name(name: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.len() <= MAX_NAME
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && ends(name.chars().next())
        && ends(name.chars().next_back())
}

/// Whether this has the letters of a version (PEP 440 and what came before it). It says nothing about their order.
pub(super) fn is_version(version: &str) -> bool {
    (1..=MAX_VERSION).contains(&version.len())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'!' | b'_' | b'-'))
}

/// The normalised name, or why there is none.
pub(super) fn name(text: Text<'_>, help: &str) -> Result<Arc<str>, Refusal> {
    if is_name(text.text) {
        Ok(normalise(text.text).into())
    } else {
        Err(Refusal::new(text.at, format!("`{}` is not a name", clip(text.text)), help))
    }
}

/// The version as written, or why there is none.
pub(super) fn version(text: Text<'_>, help: &str) -> Result<Arc<str>, Refusal> {
    if is_version(text.text) {
        Ok(text.text.into())
    } else {
        Err(Refusal::new(text.at, format!("`{}` is not a version", clip(text.text)), help))
    }
}

/// The beginning of what is too long to be repeated.
pub(super) fn clip(text: &str) -> String {
    match text.char_indices().nth(80).and_then(|(at, _)| text.get(..at)) {
        Some(start) => format!("{start}…"),
        None => text.to_owned(),
    }
}

/// A registry by its URL. The default one, and what mirrors it under its name, is known by how its address is built: a
/// host whose first label is `pypi`, and the interface of PEP 503 at its top.
pub(super) fn index(url: &str) -> Source {
    let bare = without_user(url.trim_end_matches('/'));
    let address = bare.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let is_default = address.is_some_and(|(host, path)| path == "simple" && host.starts_with("pypi."));
    if is_default { Source::Default } else { Source::Registry(without_user(url).into()) }
}

/// A repository, with what is checked out where the lock says so.
pub(super) fn git(url: &str, commit: Option<&str>) -> Source {
    let url = without_user(url);
    let scheme = if url.starts_with("git+") { "" } else { "git+" };
    match commit {
        Some(commit) => Source::Git(format!("{scheme}{url}@{commit}").into()),
        None => Source::Git(format!("{scheme}{url}").into()),
    }
}

/// An archive by its URL or path. The default registry, and what mirrors it, is known by where it has its files: under
/// `packages`, by their BLAKE2 digest in three parts.
pub(super) fn archive(url: &str) -> Source {
    let hex = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit());
    let parts: Vec<&str> = url.split("://").nth(1).unwrap_or_default().split('/').collect();
    match parts.as_slice() {
        [_, "packages", a, b, rest, _] if hex(a, 2) && hex(b, 2) && hex(rest, 60) => Source::Default,
        _ => Source::Path(without_user(url).into()),
    }
}

/// The URL without user and password: they are secrets, and no part of where a thing is.
pub(super) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    match authority.rsplit_once('@') {
        // `git@` is how SSH names its user everywhere, and not a secret.
        Some((user, host)) if user != "git" => format!("{scheme}://{host}{path}"),
        _ => url.to_owned(),
    }
}

/// `sha256:` and 64 hex digits; none for other algorithms.
pub(super) fn digest(text: Text<'_>, help: &str) -> Result<Option<Digest>, Refusal> {
    let Some(hex) = text.text.strip_prefix("sha256:") else { return Ok(None) };
    let refused = || Refusal::new(text.at, "a checksum that is not 64 hex digits", help);
    if hex.len() == 64 { hex.parse().map(Some).map_err(|_| refused()) } else { Err(refused()) }
}

/// The one digest that a component has room for: that of the only archive, else that of the only source archive. A
/// release has many wheels, and which is installed is known on the machine alone.
pub(super) fn one_digest<'a>(files: impl IntoIterator<Item = (&'a str, Option<Digest>)>) -> Option<Digest> {
    let files: Vec<_> = files.into_iter().collect();
    let source = |name: &str| [".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz"].iter().any(|end| name.ends_with(end));
    let sources: Vec<_> = files.iter().filter(|(name, _)| source(name)).collect();
    match (files.as_slice(), sources.as_slice()) {
        ([(_, digest)], _) | (_, [(_, digest)]) => *digest,
        _ => None,
    }
}

/// `{file = "…", hash = "sha256:…"}` and `{url = "…", hash = "…"}`, as poetry and pdm list archives.
pub(super) fn files<'a>(list: Value<'a>, help: &str) -> Result<Vec<(&'a str, Option<Digest>)>, Refusal> {
    let file = |item: Value<'a>| {
        let file = item.table("files")?;
        let name = file.text("file")?.or(file.text("url")?);
        let hash = file.text("hash")?.map(|hash| digest(hash, help)).transpose()?;
        Ok((name.map_or("", |name| name.text), hash.flatten()))
    };
    list.items("files")?.map(file).collect()
}

/// The first of these hashes, where none is missing.
pub(super) fn every<'a>(hashes: impl IntoIterator<Item = Option<Text<'a>>>) -> Option<Text<'a>> {
    let mut hashes = hashes.into_iter();
    let first = hashes.next()??;
    hashes.all(|hash| hash.is_some()).then_some(first)
}

/// The first hash of a list as [`files`] reads it, where every archive has one.
pub(super) fn hash_of_all<'a>(list: Value<'a>) -> Result<Option<Text<'a>>, Refusal> {
    let hashes = list.items("files")?.map(|item| item.table("files")?.text("hash"));
    Ok(every(hashes.collect::<Result<Vec<_>, _>>()?))
}

/// A component of Python at this place; scope unknown.
pub(super) fn component(name: Arc<str>, version: Arc<str>, source: Source, place: (u32, u32)) -> Component {
    let (line, column) = place;
    let (checksum, scope, conditions) = (None, Scope::Unknown, Vec::new());
    Component { ecosystem: Ecosystem::Pypi, name, version, source, checksum, line, column, scope, conditions }
}

/// A condition of one component out of its parts; none where there is none, or where it is too long to repeat.
pub(super) fn condition<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<Arc<str>> {
    let parts: Vec<&str> = parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect();
    let text = parts.join(" and ");
    if text.is_empty() || text.len() > MAX_CONDITION { Vec::new() } else { vec![text.into()] }
}

/// The entries of a file on their way to an inventory.
#[derive(Debug, Default)]
pub(super) struct Lock {
    /// In the order of the file.
    pub(super) components: Vec<Component>,
    /// As long as the components once they are made; empty in formats that have none.
    pub(super) edges: Vec<Vec<u32>>,
    /// Entries that are no components, by name.
    pub(super) left_out: Vec<LeftOut>,
    /// Each with the offset of what it is about. [`Lock::finish`] adds path, line and digest.
    gaps: Vec<(Option<usize>, Gap)>,
    seen: HashSet<(Arc<str>, Arc<str>, Source)>,
    /// By position among the components.
    origins: Vec<(u32, Origin)>,
}

impl Lock {
    /// Adds a component. Refuses what was added before under the same name, version and source, and a file that is too
    /// large. `at` is where the entry begins.
    pub(super) fn add(&mut self, component: Component, at: usize) -> Result<(), Refusal> {
        let Component { name, version, source, .. } = &component;
        if source.url().len() > MAX_SOURCE {
            let help = "look at where the entry comes from";
            return Err(Refusal::new(at, format!("a source of more than {MAX_SOURCE} bytes"), help));
        }
        if !self.seen.insert((Arc::clone(name), Arc::clone(version), source.clone())) {
            let why = format!("{name} {version} is listed twice from the same source");
            return Err(Refusal::new(at, why, "remove one of the two entries; a bad merge leaves such pairs"));
        }
        self.push(component)
    }

    /// Adds a component that may be there already.
    pub(super) fn push(&mut self, component: Component) -> Result<(), Refusal> {
        self.components.push(component);
        if self.components.len() > MAX_PACKAGES { Err(too_large(MAX_PACKAGES, "entries")) } else { Ok(()) }
    }

    /// Notes of the component that was added last that its archives have hashes, or that they have none. First-party
    /// packages and repositories have no archives.
    pub(super) fn hashed(&mut self, hash: Option<Text<'_>>, text: &str) {
        let Some(last) = self.components.len().checked_sub(1) else { return };
        let fetched = |c: &Component| matches!(c.source, Source::Default | Source::Registry(_));
        if self.components.last().is_some_and(fetched) {
            let integrity = Piece::new(hash.map(|hash| hash.text.into()), text);
            self.origins.push((number(last), Origin { address: Piece::Nothing, integrity }));
        }
    }

    /// Leaves an entry out by name.
    pub(super) fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) -> Result<(), Refusal> {
        self.left_out.push(LeftOut { what: what.into(), why: why.into() });
        if self.left_out.len() > MAX_PACKAGES { Err(too_large(MAX_PACKAGES, "entries")) } else { Ok(()) }
    }

    /// Adds a gap about what stands at this offset.
    pub(super) fn gap(&mut self, at: Option<usize>, gap: Gap) -> Result<(), Refusal> {
        self.gaps.push((at, gap));
        if self.gaps.len() > MAX_GAPS { Err(too_large(MAX_GAPS, "entries that cannot be judged")) } else { Ok(()) }
    }

    /// A gap where the file has keys at its top that this release does not know.
    pub(super) fn check_keys(&mut self, root: Node<'_>, known: &[&str]) -> Result<(), Refusal> {
        let mut unknown: Vec<Text<'_>> =
            root.entries().map(|(key, _)| key).filter(|key| !known.contains(&key.text)).collect();
        unknown.sort_by_key(|key| key.at);
        if let Some(first) = unknown.first() {
            let why = match unknown.len() {
                1 => "a key at the top of the file that this release does not know".to_owned(),
                n => format!("the first of {n} keys at the top of the file that this release does not know"),
            };
            let gap = Gap::new(GapKind::UnsupportedVersion, Stage::Inventory, clip(first.text), why);
            let help = "update portcullis; if the key is a damaged header, restore the file from version control";
            self.gap(Some(first.at), gap.with_help(help))?;
        }
        Ok(())
    }

    /// A gap where a table that is no entry has the keys of one: a header was lost, and with it a package. Nothing below
    /// the keys in `skip` is looked at.
    pub(super) fn check_strays(&mut self, root: Node<'_>, entries: &[Node<'_>], skip: &[&str]) -> Result<(), Refusal> {
        let mut open: Vec<Value<'_>> = Vec::new();
        for table in entries.iter().chain([&root]) {
            open.extend(table.entries().filter(|(key, _)| !skip.contains(&key.text)).map(|(_, value)| value));
        }
        let mut strays = Vec::new();
        while let Some(value) = open.pop() {
            if let Some(table) = value.as_table() {
                let named = |key: &str| table.get(key).is_some_and(|value| value.as_text().is_some());
                if named("name") && named("version") {
                    strays.push(table.at);
                }
                open.extend(table.entries().filter(|(key, _)| !skip.contains(&key.text)).map(|(_, value)| value));
            } else if let Ok(items) = value.items("") {
                open.extend(items);
            }
        }
        strays.sort_unstable();
        for at in strays {
            let why = "a table that is no package and has a name and a version: a header may be missing above them";
            let gap = Gap::new(GapKind::ParseFailed, Stage::Inventory, "a package without a header", why);
            let help = "restore the file from version control, or let its tool write it anew";
            self.gap(Some(at), gap.with_help(help))?;
        }
        Ok(())
    }

    /// The inventory. `counted` are the entries that the independent counter saw, each of them a `what`.
    pub(super) fn finish(self, file: &File<'_>, counted: usize, what: &str) -> Partial<Inventory> {
        let Self { components, mut edges, left_out, gaps: mut told, origins: fetched, .. } = self;
        let mut origins = if fetched.is_empty() { Vec::new() } else { vec![None; components.len()] };
        for (index, origin) in fetched {
            if let Some(slot) = origins.get_mut(index as usize) {
                *slot = Some(origin);
            }
        }
        edges.resize(components.len(), Vec::new());
        told.sort(); // in order of place, so that the text is walked once
        let mut places = Cursor::new(file.text);
        let line = |(at, gap): (Option<usize>, Gap)| match at {
            Some(at) => gap.with_line(places.place(at).0),
            None => gap,
        };
        let mut gaps: Vec<Gap> = told.into_iter().map(line).collect();
        let parsed = components.len() + left_out.len();
        if counted != parsed {
            let why = format!("the counter sees {counted} {what}, the parser {parsed}");
            let gap = Gap::new(GapKind::CountMismatch, Stage::Inventory, file.path.as_str(), why);
            gaps.push(gap.with_help("let the tool that writes the file write it anew, in its own plain form"));
        }
        if !gaps.is_empty() {
            let digest = Digest::of(file.bytes);
            gaps = gaps.into_iter().map(|gap| gap.with_path(file.path.clone()).with_digest(digest)).collect();
        }
        let counted = Count { independent: counted, left_out };
        let (path, format, text) = (file.path.clone(), file.format, file.text.into());
        Partial { value: Inventory { path, format, components, edges, origins, counted, text }, gaps }
    }
}

/// The file that an inventory is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct File<'a> {
    pub(super) path: &'a TreePath,
    pub(super) format: &'static str,
    pub(super) bytes: &'a [u8],
    /// The bytes, decoded.
    pub(super) text: &'a str,
}

/// Entries by name.
#[derive(Debug, Default)]
pub(super) struct Names {
    map: HashMap<Arc<str>, Vec<u32>>,
}

impl Names {
    /// The positions of each name, ascending.
    pub(super) fn new<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Result<Self, Refusal> {
        let mut map: HashMap<Arc<str>, Vec<u32>> = HashMap::new();
        for (position, name) in names.enumerate() {
            let twins = map.entry(Arc::clone(name)).or_default();
            twins.push(number(position));
            if twins.len() > MAX_TWINS {
                return Err(too_large(MAX_TWINS, "entries of one name"));
            }
        }
        Ok(Self { map })
    }

    /// The positions of a normalised name, ascending.
    pub(super) fn of(&self, name: &str) -> &[u32] {
        self.map.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The edges of all entries while they are made.
#[derive(Debug, Default)]
pub(super) struct Edges {
    all: Vec<Vec<u32>>,
    count: usize,
}

impl Edges {
    /// The next entry depends on these, in any order and as often as it is said.
    pub(super) fn push(&mut self, mut to: Vec<u32>) -> Result<(), Refusal> {
        to.sort_unstable();
        to.dedup();
        self.count += to.len();
        self.all.push(to);
        if self.count > MAX_EDGES { Err(too_large(MAX_EDGES, "dependencies")) } else { Ok(()) }
    }

    /// One list for each entry, ascending.
    pub(super) fn into_lists(self) -> Vec<Vec<u32>> {
        self.all
    }
}

/// The gap of a dependency that leads nowhere.
pub(super) fn dangling(of: &str, what: &str) -> Gap {
    let why = format!("{of} depends on {}, which the lock does not list", clip(what));
    let help = "let the tool that writes the lock complete it, and commit the result";
    Gap::new(GapKind::DanglingDependency, Stage::Inventory, clip(what), why).with_help(help)
}

/// The refusal of a file that is beyond a limit.
pub(super) fn too_large(limit: usize, what: &str) -> Refusal {
    Refusal {
        kind: GapKind::TooLarge,
        at: None,
        why: format!("more than {limit} {what}"),
        help: "no lock that a tool writes is like that; look at where the file comes from".into(),
    }
}

/// The refusal of a version of the format that this release does not know.
pub(super) fn unsupported(at: usize, version: &str, known: &str) -> Refusal {
    Refusal {
        kind: GapKind::UnsupportedVersion,
        at: Some(at),
        why: format!("version {} of the format; this release knows {known}", clip(version)),
        help: "update portcullis, or write the file with a version of its tool that uses a known format".into(),
    }
}

/// A registry that is the default one by how its address is built.
#[cfg(test)]
pub(super) const INDEX: &str = "https://pypi.e.example/simple";
/// Where such a registry has a file.
#[cfg(test)]
pub(super) const FILES: &str =
    "https://f.example/packages/0f/a1/000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_the_registry_compares_them() {
        assert_eq!(normalise("FrIeNdLy-_.bArD"), "friendly-bard");
        assert_eq!(normalise("zope.interface"), "zope-interface");
        for good in ["a", "A1", "dots-._allowed", "zope.interface"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a b", "a[b]", "é", "{{ a }}", &"a".repeat(MAX_NAME + 1)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_version_is_of_its_letters() {
        for good in ["1.0", "v1!2.0.post1+gcr.2", "2004d", "1.0-beta_2", &"1".repeat(MAX_VERSION)] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "1.*", "'1.0'", "1 0", "1.0#x", "é", &"1".repeat(MAX_VERSION + 1)] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn the_default_registry_is_known_under_its_names_and_no_secret_of_a_url_is_kept() {
        assert_eq!(index(INDEX), Source::Default);
        assert_eq!(index(&format!("{INDEX}/")), Source::Default);
        assert_eq!(index("https://u:p@pypi.h.example/simple"), Source::Default);
        for other in
            ["https://pypi.h.example/own/simple", "https://h.example/simple", "https://h.example/pypi.x/simple"]
        {
            assert_eq!(index(other), Source::Registry(other.into()));
        }
        assert_eq!(index("https://u:p@h.example/simple"), Source::Registry("https://h.example/simple".into()));
        assert_eq!(archive(&format!("{FILES}b-1.tar.gz")), Source::Default);
        let other = FILES.replacen("0f", "0g", 1) + "b-1.tar.gz";
        assert_eq!(archive(&other), Source::Path(other.as_str().into()));
        assert_eq!(archive("https://t@h.example/b-1.whl"), Source::Path("https://h.example/b-1.whl".into()));
        assert_eq!(git("https://h.example/a", Some("1f")), Source::Git("git+https://h.example/a@1f".into()));
        assert_eq!(git("ssh://git@h.example/a", None), Source::Git("git+ssh://git@h.example/a".into()));
        assert_eq!(git("git+ssh://u:p@h.example/a@1", None), Source::Git("git+ssh://h.example/a@1".into()));
        assert_eq!(without_user("https://h.example/a@b"), "https://h.example/a@b");
    }

    #[test]
    fn the_digest_of_many_archives_is_that_of_the_source() {
        let (a, b) = (Some(Digest([1; 32])), Some(Digest([2; 32])));
        assert_eq!(one_digest([("a-1.whl", a)]), a);
        assert_eq!(one_digest([("a-1.whl", a), ("a-1.tar.gz", b)]), b);
        assert_eq!(one_digest([("a-1.whl", a), ("a-2.whl", b)]), None);
        assert_eq!(one_digest([]), None);
        let text = |text| Text { text, at: 3 };
        assert_eq!(digest(text("md5:00"), ""), Ok(None));
        assert_eq!(digest(text("sha256:00"), "").unwrap_err().at, Some(3));
    }
}
