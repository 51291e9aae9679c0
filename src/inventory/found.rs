//! What lockfiles of every kind have in common: the way from entries to an inventory. It reads no format.

use super::npm;
use super::place::{Cursor, Refusal};
use super::value::{Map, Value};
use crate::model::{
    Component, Count, Digest, Ecosystem, Gap, GapKind, Inventory, LeftOut, Origin, Partial, Piece, Scope, Source,
    Stage, TreePath,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Packages in one lock. The largest real one known has 2,540.
pub(super) const MAX_PACKAGES: usize = 200_000;
/// Dependencies in one lock, over all packages.
pub(super) const MAX_DEPENDENCIES: usize = 2_000_000;
/// Gaps of one lock: beyond this it is not a lock with a few gaps, but not a lock.
pub(super) const MAX_GAPS: usize = 1_000;
/// Entries of one name in one lock, told apart by version or platform: an edge by name leads to each of them.
pub(super) const MAX_TWINS: usize = 64;
/// Bytes of a name. Registries refuse names above 214.
pub(super) const MAX_NAME: usize = 256;
/// Bytes of a version or of a source: the path of a URL beyond this no server takes.
pub(super) const MAX_SOURCE: usize = 4_096;

/// Other files of the tree by path; none where there is none.
pub(super) type Siblings<'a> = &'a dyn Fn(&TreePath) -> Option<Vec<u8>>;

/// A package as the lock lists it.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    /// Byte offset of its key.
    pub(super) at: usize,
    pub(super) ecosystem: Ecosystem,
    pub(super) name: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    pub(super) source: Source,
    pub(super) checksum: Option<Digest>,
    pub(super) scope: Scope,
    /// Whether only optional dependencies lead to it.
    pub(super) optional: bool,
}

impl<'a> Entry<'a> {
    /// A package of the default registry, of a scope that is not known.
    pub(super) fn new(
        at: usize,
        ecosystem: Ecosystem,
        name: impl Into<Cow<'a, str>>,
        version: impl Into<Cow<'a, str>>,
    ) -> Self {
        let (name, version, source) = (name.into(), version.into(), Source::Default);
        Self { at, ecosystem, name, version, source, checksum: None, scope: Scope::Unknown, optional: false }
    }
}

/// What a reader makes of a lock, before lines are counted.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    /// In the order of the file.
    pub(super) entries: Vec<Entry<'a>>,
    /// For each entry, the entries that it depends on, in any order.
    pub(super) edges: Vec<Vec<u32>>,
    pub(super) left_out: Vec<LeftOut>,
    /// By entry, in order.
    conditions: BTreeMap<u32, Vec<Arc<str>>>,
    fetched: Vec<Fetched<'a>>,
    gaps: Vec<Loose>,
    /// Dependencies that [`Found::depend`] saw.
    dependencies: usize,
}

/// Entries by name.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    map: HashMap<Cow<'a, str>, Vec<u32>, foldhash::fast::RandomState>,
}

impl<'a> Names<'a> {
    /// An entry answers to this name; none where the entry has a gap already.
    pub(super) fn add(&mut self, name: impl Into<Cow<'a, str>>, index: Option<u32>) -> Result<(), Refusal> {
        let twins = self.map.entry(name.into()).or_default();
        twins.extend(index);
        if twins.len() > MAX_TWINS { Err(too_large(MAX_TWINS, "entries of one name")) } else { Ok(()) }
    }

    /// The entries of this name; none where no entry has it.
    pub(super) fn find(&self, name: &str) -> Option<&[u32]> {
        self.map.get(name).map(Vec::as_slice)
    }
}

/// Address and integrity of an entry.
type Fetched<'a> = (u32, Option<Cow<'a, str>>, Option<Cow<'a, str>>);

/// A gap without line.
#[derive(Debug)]
struct Loose {
    kind: GapKind,
    at: usize,
    what: String,
    why: String,
    /// What mends it; none for what the format says of every gap of its kind.
    help: Option<&'static str>,
}

/// What a format says of itself.
pub(super) struct About {
    /// The word of `Inventory::format`.
    pub(super) format: &'static str,
    /// What the counter counts, for messages.
    pub(super) counts: &'static str,
    /// What mends a damaged file.
    pub(super) restore: &'static str,
    /// What mends a lock that lists too little.
    pub(super) complete: &'static str,
}

impl<'a> Found<'a> {
    /// Takes an entry, or leaves it out by name with a gap where its name or version is none.
    pub(super) fn push(&mut self, entry: Entry<'a>) -> Result<Option<u32>, Refusal> {
        let wrong = name_fault(entry.ecosystem, &entry.name).or_else(|| version_fault(&entry.version));
        if let Some(wrong) = wrong {
            self.unreadable(entry.at, shorten(&entry.name), wrong)?;
            return Ok(None);
        }
        let source = entry.source.url().len();
        if source > MAX_SOURCE {
            let why = format!("a source of {source} bytes; the limit is {MAX_SOURCE}");
            self.unreadable(entry.at, shorten(&entry.name), why)?;
            return Ok(None);
        }
        if self.entries.len() >= MAX_PACKAGES {
            return Err(too_large(MAX_PACKAGES, "packages"));
        }
        let index = u32::try_from(self.entries.len()).expect("fewer than MAX_PACKAGES");
        self.entries.push(entry);
        self.edges.push(Vec::new());
        Ok(Some(index))
    }

    /// Leaves an entry out by name: it is no package, for a good reason.
    pub(super) fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) -> Result<(), Refusal> {
        if self.left_out.len() >= MAX_PACKAGES {
            return Err(too_large(MAX_PACKAGES, "packages"));
        }
        self.left_out.push(LeftOut { what: what.into(), why: why.into() });
        Ok(())
    }

    /// Leaves an entry out with a gap: it is a package that cannot be understood.
    pub(super) fn unreadable(&mut self, at: usize, what: String, why: impl Into<String>) -> Result<(), Refusal> {
        let why = why.into();
        self.leave_out(what.clone(), why.clone())?;
        self.gap(GapKind::ParseFailed, at, what, why)
    }

    /// A dependency that no entry answers.
    pub(super) fn dangling(&mut self, at: usize, from: &str, to: &str) -> Result<(), Refusal> {
        let why = format!("{} depends on {}, which the lock does not list", shorten(from), shorten(to));
        self.gap(GapKind::DanglingDependency, at, shorten(to), why)
    }

    /// A gap beside the value.
    pub(super) fn gap(&mut self, kind: GapKind, at: usize, what: String, why: String) -> Result<(), Refusal> {
        self.loose(Loose { kind, at, what, why, help: None })
    }

    /// A gap beside the value, with what mends it.
    pub(super) fn gap_with_help(
        &mut self,
        (kind, help): (GapKind, &'static str),
        at: usize,
        what: &str,
        why: impl Into<String>,
    ) -> Result<(), Refusal> {
        self.loose(Loose { kind, at, what: shorten(what), why: why.into(), help: Some(help) })
    }

    fn loose(&mut self, gap: Loose) -> Result<(), Refusal> {
        if self.gaps.len() >= MAX_GAPS {
            return Err(too_large(MAX_GAPS, "entries that cannot be understood or dependencies that lead nowhere"));
        }
        self.gaps.push(gap);
        Ok(())
    }

    /// Notes under which condition an entry is used.
    pub(super) fn condition(&mut self, index: u32, condition: impl Into<Arc<str>>) {
        self.conditions.entry(index).or_default().push(condition.into());
    }

    /// Notes how an entry is fetched: its address and a hash of any algorithm, where the lock has them. Not for what is
    /// not fetched on its own.
    pub(super) fn fetched(
        &mut self,
        index: Option<u32>,
        address: Option<impl Into<Cow<'a, str>>>,
        integrity: Option<impl Into<Cow<'a, str>>>,
    ) {
        self.fetched.extend(index.map(|index| (index, address.map(Into::into), integrity.map(Into::into))));
    }

    /// Notes an edge between two entries.
    pub(super) fn edge(&mut self, from: u32, to: u32) {
        if let Some(edges) = self.edges.get_mut(from as usize) {
            edges.push(to);
        }
    }

    /// Takes what was found in another document of the same file, behind what is here.
    pub(super) fn append(&mut self, other: Found<'a>) -> Result<(), Refusal> {
        let shift = u32::try_from(self.entries.len()).expect("fewer than MAX_PACKAGES");
        let entries = self.entries.len() + other.entries.len();
        if entries > MAX_PACKAGES || self.left_out.len() + other.left_out.len() > MAX_PACKAGES {
            return Err(too_large(MAX_PACKAGES, "packages"));
        }
        self.entries.extend(other.entries);
        self.edges.extend(other.edges.into_iter().map(|edges| edges.into_iter().map(|to| to + shift).collect()));
        self.left_out.extend(other.left_out);
        let shifted = other.fetched.into_iter().map(|(index, address, integrity)| (index + shift, address, integrity));
        self.fetched.extend(shifted);
        self.conditions.extend(other.conditions.into_iter().map(|(index, all)| (index + shift, all)));
        other.gaps.into_iter().try_for_each(|gap| self.loose(gap))
    }

    /// Notes what an entry needs, by name; a gap where no entry has it and it must be there. No entry stands for the
    /// project, or for one that has a gap.
    pub(super) fn depend(
        &mut self,
        names: &Names<'_>,
        (from, from_name): (Option<u32>, &str),
        (at, to): (usize, &str),
        must: bool,
    ) -> Result<(), Refusal> {
        self.dependencies += 1;
        if self.dependencies > MAX_DEPENDENCIES {
            return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
        }
        match (names.find(to), from) {
            (Some(targets), Some(from)) => targets.iter().for_each(|to| self.edge(from, *to)),
            (None, _) if must => self.dangling(at, from_name, to)?,
            (Some(_) | None, _) => {}
        }
        Ok(())
    }

    /// Says whether only optional dependencies lead to an entry.
    pub(super) fn set_optional(&mut self, index: u32, optional: bool) {
        if let Some(entry) = self.entries.get_mut(index as usize) {
            entry.optional |= optional;
        }
    }

    /// Sets the scopes that were not known, by what leads to a package: something that is built or used, or development
    /// alone. First-party packages have roots of their own, so nothing is reached through them.
    pub(super) fn reach(&mut self, normal: &[u32], dev: &[u32]) {
        for (roots, scope) in [(normal, Scope::Normal), (dev, Scope::Dev)] {
            let mut open = roots.to_vec();
            while let Some(index) = open.pop() {
                let Some(entry) = self.entries.get_mut(index as usize) else { continue }; // every index is valid
                if entry.scope != Scope::Unknown {
                    continue;
                }
                entry.scope = scope;
                if entry.source != Source::Local {
                    open.extend(self.edges.get(index as usize).into_iter().flatten());
                }
            }
        }
    }

    /// Counts lines and compares with the independent counter.
    pub(super) fn finish(
        mut self,
        path: &TreePath,
        text: &str,
        about: &About,
        independent: usize,
    ) -> Partial<Inventory> {
        let mut places = Cursor::new(text);
        let optional: Arc<str> = "optional".into();
        let mut components: Vec<Component> =
            self.entries.into_iter().map(|entry| component(entry, &mut places, &optional)).collect();
        for (index, conditions) in self.conditions {
            if let Some(component) = components.get_mut(index as usize) {
                component.conditions.extend(conditions);
            }
        }
        let mut origins = if self.fetched.is_empty() { Vec::new() } else { vec![None; components.len()] };
        for (index, address, integrity) in self.fetched {
            if let Some(slot) = origins.get_mut(index as usize) {
                *slot = Some(Origin { address: Piece::new(address, text), integrity: Piece::new(integrity, text) });
            }
        }
        for edges in &mut self.edges {
            edges.sort_unstable();
            edges.dedup(); // a dependency listed twice is one edge
        }
        self.gaps.sort_by_key(|gap| gap.at);
        let mut gaps: Vec<Gap> = Vec::with_capacity(self.gaps.len());
        for gap in self.gaps {
            let usual = if gap.kind == GapKind::DanglingDependency { about.complete } else { about.restore };
            let help = gap.help.unwrap_or(usual);
            let (line, _) = places.place(gap.at);
            gaps.push(Gap::new(gap.kind, Stage::Inventory, gap.what, gap.why).with_line(line).with_help(help));
        }
        let parsed = components.len() + self.left_out.len();
        if parsed != independent {
            let why = format!("the counter sees {independent} {}, the parser {parsed} entries", about.counts);
            gaps.push(Gap::new(GapKind::CountMismatch, Stage::Inventory, path.as_str(), why).with_help(about.restore));
        }
        if !gaps.is_empty() {
            let digest = Digest::of(text.as_bytes());
            gaps = gaps.into_iter().map(|gap| gap.with_path(path.clone()).with_digest(digest)).collect();
        }
        let counted = Count { independent, left_out: self.left_out };
        let (edges, text) = (self.edges, text.into());
        let value = Inventory { path: path.clone(), format: about.format, components, edges, origins, counted, text };
        Partial { value, gaps }
    }
}

fn component(entry: Entry<'_>, places: &mut Cursor<'_>, optional: &Arc<str>) -> Component {
    let (line, column) = places.place(entry.at);
    Component {
        ecosystem: entry.ecosystem,
        name: entry.name.into(),
        version: entry.version.into(),
        source: entry.source,
        checksum: entry.checksum,
        line,
        column,
        scope: entry.scope,
        conditions: entry.optional.then(|| Arc::clone(optional)).into_iter().collect(),
    }
}

/// The path of a file in the same directory.
pub(super) fn beside(path: &TreePath, name: &str) -> TreePath {
    match path.parent() {
        "" => TreePath::new(name),
        dir => TreePath::new(format!("{dir}/{name}")),
    }
}

/// The refusal of a file with too many of something.
pub(super) fn too_large(limit: usize, what: &str) -> Refusal {
    Refusal {
        kind: GapKind::TooLarge,
        at: None,
        why: format!("more than {limit} {what}"),
        help: "no lock that a package manager writes is like that; look at where the file comes from".into(),
    }
}

/// The refusal of a version of a format.
pub(super) fn unsupported(at: usize, said: &str, known: &str) -> Refusal {
    Refusal {
        kind: GapKind::UnsupportedVersion,
        at: Some(at),
        why: format!("version {} of the format; this release knows {known}", shorten(said)),
        help: "update portcullis, or write the file with a package manager that uses a version it knows".into(),
    }
}

/// The members of a file that is one object (a map, in YAML), or why it is none.
pub(super) fn object<'v, 'a>(value: &'v Value<'a>, help: &str) -> Result<&'v Map<'a>, Refusal> {
    value.map().ok_or_else(|| Refusal::new(0, format!("the file is {}, not an object", value.kind()), help))
}

/// The list under a key of the file, with the place of the key; none where the key is missing.
pub(super) fn list<'v, 'a>(
    map: &'v Map<'a>,
    key: &str,
    help: &str,
) -> Result<Option<(usize, &'v [Value<'a>])>, Refusal> {
    match map.member(key).map(|member| (member.at, &member.value)) {
        None => Ok(None),
        Some((at, Value::List(list))) => Ok(Some((at, list))),
        Some((at, other)) => Err(Refusal::new(at, format!("`{key}` is {}, not a list", other.kind()), help)),
    }
}

/// The map under a key of the file; none where the key is missing.
pub(super) fn section<'v, 'a>(map: &'v Map<'a>, key: &str, help: &str) -> Result<Option<&'v Map<'a>>, Refusal> {
    match map.member(key).map(|member| (member.at, &member.value)) {
        None => Ok(None),
        Some((_, Value::Map(map))) => Ok(Some(map)),
        Some((at, other)) => Err(Refusal::new(at, format!("`{key}` is {}, not a map", other.kind()), help)),
    }
}

/// Where a merge left both sides in the file.
pub(super) fn conflict(text: &str, help: &str) -> Result<(), Refusal> {
    let marker = "<<<<<<< ";
    let at = if text.starts_with(marker) { Some(0) } else { text.find("\n<<<<<<< ").map(|at| at + 1) };
    match at {
        Some(at) => Err(Refusal::new(at, "a merge conflict that nobody resolved", help)),
        None => Ok(()),
    }
}

/// At most the first 80 characters, for messages.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(80).and_then(|(at, _)| text.get(..at)) {
        Some(start) => format!("{start} …"),
        None => text.to_owned(),
    }
}

/// Why this cannot be the name of a package of this ecosystem.
fn name_fault(ecosystem: Ecosystem, name: &str) -> Option<String> {
    if matches!(ecosystem, Ecosystem::Npm | Ecosystem::Jsr) {
        return npm::name_fault(name);
    }
    if name.len() > MAX_NAME {
        return Some(format!("a name of {} bytes; the limit is {MAX_NAME}", name.len()));
    }
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\' | '<' | '>' | '{' | '}' | ',');
    (name.is_empty() || name.contains(odd)).then(|| "the name is not one of a package".to_owned())
}

/// Why this cannot be a version. Whether it can be compared is for the matcher to say.
fn version_fault(version: &str) -> Option<String> {
    if version.is_empty() {
        return Some("the entry has no version".to_owned());
    }
    if version.len() > MAX_SOURCE {
        return Some(format!("a version of {} bytes; the limit is {MAX_SOURCE}", version.len()));
    }
    version.contains(|c: char| c.is_whitespace() || c.is_control()).then(|| "the version holds blanks".to_owned())
}
