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
use std::collections::hash_map::Entry;
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
    /// The positions of a name and version, one for each source.
    twins: HashMap<(&'a str, &'a str), Vec<u32>>,
    /// The version of a name among the `[[package]]` entries; none when there are several.
    versions: HashMap<&'a str, Option<&'a str>>,
}

impl<'a> Lock<'a> {
    pub(super) fn new(raw: &'a RawLock<'a>, format: Format, sources: Sources<'a>) -> Self {
        let mut entries: Vec<_> = raw.packages.iter().chain(&raw.root).collect();
        entries.sort_by_key(|package| package.at);
        let (twins, versions) = (HashMap::with_capacity(entries.len()), HashMap::with_capacity(entries.len()));
        Self { raw, format, entries, sources, twins, versions }
    }

    pub(super) fn components(&mut self, text: &str, checksums: &Checksums<'_>) -> Result<Vec<Component>, Refusal> {
        let mut shared: HashMap<&'a str, Arc<str>> = HashMap::with_capacity(self.entries.len());
        let mut share = |text: &'a str| Arc::clone(shared.entry(text).or_insert_with(|| text.into()));
        let mut places = Cursor::new(text);
        let mut components = Vec::with_capacity(self.entries.len());
        for (position, package) in (0u32..).zip(self.entries.clone()) {
            check_name(&package.name)?;
            check_checksum(package)?;
            self.enter(position, package)?;
            let written = package.checksum.as_ref().map(|c| digest(&c.text, c.at)).transpose()?;
            let listed = if self.is_root(package) { None } else { listed(checksums, package) };
            let (line, column) = places.place(package.at);
            components.push(Component {
                name: share(&package.name.text),
                version: share(&package.version.text),
                source: self.sources.of(package.source.as_ref())?,
                checksum: written.or(listed),
                line,
                column,
                scope: Scope::Unknown,
                conditions: Vec::new(),
            });
        }
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

    /// Enters a package in the index, and refuses one that is listed twice, as cargo does.
    fn enter(&mut self, position: u32, package: &'a RawPackage<'a>) -> Result<(), Refusal> {
        let (name, version) = (package.name.text.as_ref(), package.version.text.as_ref());
        let source = self.source_of(position);
        let twins = self.twins.get(&(name, version)).cloned().unwrap_or_default(); // nearly always empty
        if twins.len() == MAX_TWINS {
            return Err(too_large(MAX_TWINS, "packages of one name and version"));
        }
        let mut twice = twins.iter().any(|twin| self.source_of(*twin) == source);
        if !twins.is_empty() && self.is_from_default(position)? {
            for twin in twins {
                twice |= self.is_from_default(twin)?; // however each of them spells it
            }
        }
        if twice {
            let why = format!("{name} {version} is listed twice from the same source");
            return Err(Refusal::new(package.at, why, "remove one of the two entries; a bad merge leaves such pairs"));
        }
        match self.twins.entry((name, version)) {
            Entry::Occupied(mut slot) => slot.get_mut().push(position),
            Entry::Vacant(slot) => {
                semver(version, package.version.at)?;
                slot.insert(vec![position]);
            }
        }
        if !self.is_root(package) {
            let known = self.versions.entry(name).or_insert(Some(version));
            *known = known.filter(|known| *known == version);
        }
        Ok(())
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
        let version = match (named.version, self.versions.get(named.name)) {
            (Some(version), _) => version,
            (None, _) if in_full => return Err(unresolved("has no version")),
            (None, None) => return Err(unresolved("is not in the lock")),
            (None, Some(None)) => return Ok(Target::Ambiguous),
            (None, Some(Some(version))) => version,
        };
        let twins = match self.twins.get(&(named.name, version)).map(Vec::as_slice) {
            Some([one]) if source.is_none() => return Ok(Target::One(*one)),
            Some(twins) => twins.to_vec(),
            None => {
                semver(version, written.at)?;
                return Ok(Target::Missing);
            }
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
