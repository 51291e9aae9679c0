//! From the entries of a lock to components and the edges between them. Dependencies are looked up by hash, never by
//! walking all packages for each.

use super::full::RESTORE;
use super::raw::{RawLock, RawPackage, Text};
use super::sources::Sources;
use super::{Checksums, Format, MAX_DANGLING, MAX_TWINS, digest, too_large};
use crate::inventory::place::{Cursor, Refusal};
use crate::model::{Component, Digest, LeftOut, Scope};
use semver::Version;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// `name`, `name version` or `name version (source)`.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) source: Option<&'a str>,
}

impl<'a> Named<'a> {
    pub(super) fn parse(text: &'a str, at: usize) -> Result<Self, Refusal> {
        let refused = || Refusal::new(at, format!("`{text}` is not a dependency: `name version (source)`"), RESTORE);
        // Nearly all of them: a name, or a name, a space and a version.
        let end = text.bytes().position(|b| !b.is_ascii_graphic()).unwrap_or(text.len());
        match text.split_at_checked(end).filter(|(name, _)| !name.is_empty()) {
            Some((name, "")) => return Ok(Self { name, version: None, source: None }),
            Some((name, rest)) => {
                let version =
                    rest.strip_prefix(' ').filter(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_graphic()));
                if version.is_some() {
                    return Ok(Self { name, version, source: None });
                }
            }
            None => {}
        }
        let mut parts = text.split_whitespace();
        let (name, version, source) = (parts.next().ok_or_else(refused)?, parts.next(), parts.next());
        let inner = |source: &'a str| source.strip_prefix('(').and_then(|s| s.strip_suffix(')')).ok_or_else(refused);
        let source = source.map(inner).transpose()?;
        if parts.next().is_some() { Err(refused()) } else { Ok(Self { name, version, source }) }
    }
}

/// A dependency that leads nowhere, and where it stands.
pub(super) struct Dangling {
    pub(super) at: usize,
    pub(super) what: String,
    pub(super) why: String,
}

/// Where a dependency leads.
enum Target {
    One(u32),
    Missing,
    Ambiguous,
}

/// A lock on its way to an inventory. Positions are those of the components.
pub(super) struct Lock<'a> {
    raw: &'a RawLock<'a>,
    format: Format,
    /// The packages, and the legacy `[root]`, which lists the root package in version 1, in the order of the file.
    entries: Vec<&'a RawPackage<'a>>,
    sources: Sources<'a>,
    index: Index<'a>,
}

/// The entries by name and version.
struct Index<'a> {
    /// Positions in order of name, version and position. Cargo writes a lock in this order: sorting costs one pass.
    order: Vec<u32>,
    /// Where the entries of a name are in `order`. The hash is seeded anew in each process, so that names cannot be
    /// chosen to collide.
    names: HashMap<&'a str, Range<usize>, foldhash::fast::RandomState>,
}

impl<'a> Index<'a> {
    fn new(entries: &[&'a RawPackage<'a>]) -> Self {
        let key = |position: &u32| entries.get(*position as usize).map(|package| (name(package), version(package)));
        let mut order: Vec<u32> = (0u32..).take(entries.len()).collect();
        order.sort_by(|a, b| key(a).cmp(&key(b))); // stable: equal ones stay in order of position
        let mut names = HashMap::with_capacity_and_hasher(entries.len(), foldhash::fast::RandomState::default());
        let mut begin = 0;
        for same in order.chunk_by(|a, b| key(a).map(|(name, _)| name) == key(b).map(|(name, _)| name)) {
            let end = begin + same.len();
            if let Some((name, _)) = same.first().and_then(key) {
                names.insert(name, begin..end);
            }
            begin = end;
        }
        Self { order, names }
    }

    /// The positions of a name, in order of version.
    fn of(&self, name: &str) -> &[u32] {
        self.names.get(name).and_then(|range| self.order.get(range.clone())).unwrap_or_default()
    }
}

fn name<'a>(package: &'a RawPackage<'_>) -> &'a str {
    &package.name.text
}

fn version<'a>(package: &'a RawPackage<'_>) -> &'a str {
    &package.version.text
}

impl<'a> Lock<'a> {
    pub(super) fn new(raw: &'a RawLock<'a>, format: Format, sources: Sources<'a>) -> Self {
        let mut entries: Vec<_> = raw.packages.iter().chain(&raw.root).collect();
        entries.sort_by_key(|package| package.at);
        let index = Index::new(&entries);
        Self { raw, format, entries, sources, index }
    }

    pub(super) fn components(&mut self, text: &str, checksums: &Checksums<'_>) -> Result<Vec<Component>, Refusal> {
        let mut places = Cursor::new(text);
        let mut components: Vec<Component> = Vec::with_capacity(self.entries.len());
        for package in self.entries.clone() {
            check_name(&package.name)?;
            check_checksum(package)?;
            semver(version(package), package.version.at)?;
            let written = package.checksum.as_ref().map(|c| digest(&c.text, c.at)).transpose()?;
            let listed = if self.is_root(package) { None } else { listed(checksums, package) };
            let (line, column) = places.place(package.at);
            // In a lock in cargo's order, versions of one package follow each other.
            let same = components.last().filter(|last| *last.name == *name(package));
            components.push(Component {
                ecosystem: crate::model::Ecosystem::Cargo,
                name: same.map_or_else(|| name(package).into(), |last| Arc::clone(&last.name)),
                version: version(package).into(),
                source: self.sources.of(package.source.as_ref())?,
                checksum: written.or(listed),
                line,
                column,
                scope: Scope::Unknown,
                conditions: Vec::new(),
            });
        }
        self.check_twins()?;
        Ok(components)
    }

    fn is_root(&self, package: &RawPackage<'_>) -> bool {
        self.raw.root.as_ref().is_some_and(|root| std::ptr::eq(root, package))
    }

    fn source_of(&self, position: u32) -> Option<&'a str> {
        self.entries
            .get(position as usize)
            .and_then(|package| package.source.as_ref())
            .map(|source| source.text.as_ref())
    }

    /// Refuses a `[root]` that is fetched from somewhere: it is the package that the lock lies beside.
    pub(super) fn check_root(&self) -> Result<(), Refusal> {
        match self.raw.root.as_ref().and_then(|root| root.source.as_ref()) {
            Some(source) => Err(Refusal::new(source.at, "the [root] package has a source", RESTORE)),
            None => Ok(()),
        }
    }

    fn is_from_default(&mut self, position: u32) -> Result<bool, Refusal> {
        match self.entries.get(position as usize).and_then(|package| package.source.as_ref()) {
            Some(source) => Ok(self.sources.known(&source.text, source.at)?.id.is_default_registry()),
            None => Ok(false),
        }
    }

    /// Refuses a package that is listed twice, as cargo does.
    fn check_twins(&mut self) -> Result<(), Refusal> {
        let entries = self.entries.clone();
        let entry = |position: u32| entries.get(position as usize).copied();
        let same =
            |a: &u32, b: &u32| entry(*a).map(|a| (name(a), version(a))) == entry(*b).map(|b| (name(b), version(b)));
        let order = std::mem::take(&mut self.index.order);
        let mut twice: Option<&RawPackage<'_>> = None;
        for twins in order.chunk_by(same).filter(|twins| twins.len() > 1) {
            if twins.len() > MAX_TWINS {
                return Err(too_large(MAX_TWINS, "packages of one name and version"));
            }
            for (nth, twin) in twins.iter().enumerate() {
                let default = self.is_from_default(*twin)?; // however each of them spells it
                for earlier in twins.iter().take(nth) {
                    if self.source_of(*earlier) == self.source_of(*twin) || default && self.is_from_default(*earlier)? {
                        twice = twice.into_iter().chain(entry(*twin)).min_by_key(|package| package.at);
                    }
                }
            }
        }
        self.index.order = order;
        let Some(package) = twice else { return Ok(()) };
        let why = format!("{} {} is listed twice from the same source", name(package), version(package));
        Err(Refusal::new(package.at, why, "remove one of the two entries; a bad merge leaves such pairs"))
    }

    /// The positions of a name and version, one for each source.
    fn twins(&self, name: &str, wanted: &str) -> &[u32] {
        let all = self.index.of(name);
        let version = |position: &u32| self.entries.get(*position as usize).map_or("", |package| version(package));
        if let [one] = all {
            return if version(one) == wanted { all } else { &[] };
        }
        let begin = all.partition_point(|position| version(position) < wanted);
        let rest = all.get(begin..).unwrap_or_default();
        let end = rest.partition_point(|position| version(position) == wanted);
        rest.get(..end).unwrap_or_default()
    }

    /// The version of a name, whose positions these are, among the `[[package]]` entries: nothing where it is not listed,
    /// none inside where there are several.
    fn only_version(&self, named: &[u32]) -> Option<Option<&'a str>> {
        let entry = |position: &u32| self.entries.get(*position as usize).copied();
        let mut all = named.iter().filter_map(entry).filter(|package| !self.is_root(package));
        let first = version(all.next()?);
        let last = all.next_back().map_or(first, version); // in order of version: equal ends leave no other between
        Some((first == last).then_some(first))
    }

    /// For each component the positions that it depends on, and the dependencies that lead nowhere.
    pub(super) fn edges(&mut self) -> Result<(Vec<Vec<u32>>, Vec<Dangling>), Refusal> {
        let mut edges = Vec::with_capacity(self.entries.len());
        let mut dangling = Vec::new();
        for package in self.entries.clone() {
            let in_full = self.format == Format::V1 || self.is_root(package);
            let dependencies = self.raw.dependencies_of(package).iter().map(|written| (written, in_full));
            // What replaces a package is reached through it, though it is not among its dependencies.
            let replace = package.replace.iter().map(|written| (written, true));
            let mut targets = Vec::with_capacity(package.dependencies.len());
            for (written, in_full) in dependencies.chain(replace) {
                let why = match self.target(written, in_full)? {
                    Target::One(position) => {
                        targets.push(position);
                        continue;
                    }
                    Target::Missing => "which the lock does not list",
                    Target::Ambiguous => "which fits several packages of the lock",
                };
                let (name, version, what) = (&package.name.text, &package.version.text, written.text.to_string());
                let why = format!("{name} {version} depends on {what}, {why}");
                dangling.push(Dangling { at: written.at, what, why });
                if dangling.len() > MAX_DANGLING {
                    return Err(too_large(MAX_DANGLING, "dependencies that lead nowhere"));
                }
            }
            targets.sort_unstable();
            targets.dedup(); // a dependency listed twice is one edge
            edges.push(targets);
        }
        Ok((edges, dangling))
    }

    /// Cargo's rules: without a version the name must have one version only; without a source a first-party package
    /// goes first, else there must be one source only. `in_full` says that the version may not be left out here.
    fn target(&mut self, written: &'a Text<'_>, in_full: bool) -> Result<Target, Refusal> {
        let named = Named::parse(&written.text, written.at)?;
        let unresolved =
            |why: &str| Refusal::new(written.at, format!("the dependency `{}` {why}", named.name), RESTORE);
        let source = named.source.map(|text| self.sources.known(text, written.at).cloned()).transpose()?;
        let version = match named.version {
            Some(version) => version,
            None if in_full => return Err(unresolved("has no version")),
            None => {
                let same = self.index.of(named.name);
                match (same, self.only_version(same)) {
                    // The usual case: nothing else has that name.
                    ([one], Some(_)) => return Ok(Target::One(*one)),
                    (_, None) => return Err(unresolved("is not in the lock")),
                    (_, Some(None)) => return Ok(Target::Ambiguous),
                    (_, Some(Some(version))) => version,
                }
            }
        };
        let twins = match self.twins(named.name, version) {
            [one] if source.is_none() => return Ok(Target::One(*one)),
            [] => {
                semver(version, written.at)?;
                return Ok(Target::Missing);
            }
            twins => twins.to_vec(),
        };
        let fits = match (source, named.source) {
            (Some(source), Some(text)) => self.from(&source.id, text, &twins)?,
            _ => match twins.iter().find(|twin| self.source_of(**twin).is_none()) {
                Some(local) => vec![*local],
                None => twins,
            },
        };
        Ok(match fits.as_slice() {
            [] => Target::Missing,
            [one] => Target::One(*one),
            _ => Target::Ambiguous,
        })
    }

    /// The twins from this source. A dependency on git names branch or revision but not always the commit.
    fn from(&mut self, id: &rustsec::SourceId, text: &str, twins: &[u32]) -> Result<Vec<u32>, Refusal> {
        let mut same = Vec::new();
        for twin in twins {
            let Some(source) = self.source_of(*twin) else { continue }; // a first-party package has no source
            if self.sources.known(source, 0)?.id == *id {
                same.push((*twin, source));
            }
        }
        if same.len() > 1 {
            same.retain(|(_, source)| without_commit(source) == without_commit(text));
        }
        Ok(same.into_iter().map(|(twin, _)| twin).collect())
    }

    /// Unused patches are no part of the build: they are left out by name.
    pub(super) fn unused(&mut self) -> Result<Vec<LeftOut>, Refusal> {
        let mut left_out = Vec::with_capacity(self.raw.unused.len());
        for entry in &self.raw.unused {
            semver(&entry.version.text, entry.version.at)?;
            self.sources.of(entry.source.as_ref())?;
            let what = format!("{} {}", entry.name.text, entry.version.text);
            left_out.push(LeftOut { what, why: "a patch that no package uses".into() });
        }
        Ok(left_out)
    }
}

fn without_commit(source: &str) -> &str {
    source.split_once('#').map_or(source, |(before, _)| before)
}

/// A name that no dependency could name, and that no registry could have.
fn check_name(name: &Text<'_>) -> Result<(), Refusal> {
    if !name.text.is_empty() && name.text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(()); // as nearly all are
    }
    if name.text.is_empty() || name.text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Refusal::new(name.at, "a package name that is empty or holds blanks", RESTORE));
    }
    Ok(())
}

/// Refuses a checksum on a package that is fetched from nowhere. Cargo never writes one: the source was taken out, and
/// with it the package would pass for first-party.
fn check_checksum(package: &RawPackage<'_>) -> Result<(), Refusal> {
    match (&package.checksum, &package.source) {
        (Some(checksum), None) => Err(Refusal::new(checksum.at, "a checksum on a package without a source", RESTORE)),
        _ => Ok(()),
    }
}

pub(super) fn semver(version: &str, at: usize) -> Result<(), Refusal> {
    match Version::parse(version) {
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::new(at, format!("`{version}` is not a version: {error}"), RESTORE)),
    }
}

/// The checksum that `[metadata]` has for a package: the one of its source, else the first of its name and version.
fn listed(checksums: &Checksums<'_>, package: &RawPackage<'_>) -> Option<Digest> {
    let twins = checksums.get(&(package.name.text.as_ref(), package.version.text.as_ref()))?;
    let source = package.source.as_ref().map(|source| source.text.as_ref());
    twins.iter().find(|(of, _)| *of == source).or_else(|| twins.first()).and_then(|(_, digest)| *digest)
}
