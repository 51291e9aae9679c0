//! The format of classic yarn (version 1): headers at the margin, their fields at two blanks, dependencies at four. It
//! is read as strictly as yarn writes it.

use super::super::npm::{
    Entry, Found, MAX_DEPENDENCIES, commit_or_address, sha256, shorten, source, split_at, too_large, unsupported,
};
use super::super::place::Refusal;
use super::manifest::{Manifests, Roots};
use super::{Names, RESTORE, depend};
use crate::model::{Ecosystem, Scope, Source};
use std::borrow::Cow;
use std::collections::HashSet;

/// What the comment of the file says.
const HEADER: &str = "# yarn lockfile v";

/// An entry as written.
struct Raw<'a> {
    at: usize,
    /// What asks for it: `name@range`.
    specs: Vec<Cow<'a, str>>,
    version: Option<Cow<'a, str>>,
    resolved: Option<Cow<'a, str>>,
    integrity: Option<Cow<'a, str>>,
    /// Place, name, range, and whether it may be absent.
    dependencies: Vec<(usize, Cow<'a, str>, Cow<'a, str>, bool)>,
}

pub(super) fn read<'a>(text: &'a str, manifests: &Manifests<'_>) -> Result<Found<'a>, Refusal> {
    let entries = entries(text)?;
    let mut found = Found::default();
    let mut became = Vec::with_capacity(entries.len());
    for raw in &entries {
        became.push(push(&mut found, raw)?);
    }
    let mut names = Names::default();
    for (raw, component) in entries.iter().zip(&became) {
        for (name, range) in raw.specs.iter().map(|spec| split_at(spec).unwrap_or((spec, ""))) {
            names.answer(name, range, *component);
        }
    }
    for (raw, component) in entries.iter().zip(&became) {
        let from = (*component, raw.specs.first().map_or("", |spec| spec));
        for (at, name, range, optional) in &raw.dependencies {
            depend(&mut found, &names, from, (*at, name, &[range.as_ref()], *optional))?;
        }
    }
    let mut roots = Roots::default();
    roots.read(manifests, ".", &mut found)?;
    roots.resolve(&names, &mut found)?;
    Ok(found)
}

fn push<'a>(found: &mut Found<'a>, raw: &Raw<'a>) -> Result<Option<u32>, Refusal> {
    let first = raw.specs.first().map_or("", |spec| spec.as_ref());
    let name = match names(&raw.specs) {
        Ok(name) => name,
        Err(other) => {
            found.unreadable(
                raw.at,
                shorten(first),
                format!("one entry for two packages, one is {}", shorten(other)),
            )?;
            return Ok(None);
        }
    };
    let range = split_at(first).map_or("", |(_, range)| range);
    let address = match raw.resolved.as_deref() {
        Some(resolved) => Some(resolved),
        // A path has nothing to be fetched from.
        None => Some(range).filter(|range| matches!(source(Some(range)), Source::Path(_) | Source::Git(_))),
    };
    let source = source(address);
    let version = match (raw.version.as_deref(), &source) {
        (None, Source::Git(url)) => commit_or_address(url).to_owned(),
        (version, _) => version.unwrap_or_default().to_owned(),
    };
    let is_file = matches!(source, Source::Path(_));
    let index = found.push(Entry {
        at: raw.at,
        ecosystem: Ecosystem::Npm,
        name: Cow::Owned(name.to_owned()),
        version: Cow::Owned(version),
        source,
        checksum: raw.integrity.as_deref().and_then(sha256),
        scope: Scope::Unknown,
        optional: false,
    })?;
    found.fetched(index.filter(|_| !is_file), raw.resolved.clone(), raw.integrity.clone());
    Ok(index)
}

/// The name of the package that an entry is. With an alias (`alias@npm:name@range`) it is not that of the range, and
/// what else asks for the alias gets the same package. An error holds a name that does not fit.
fn names<'s>(specs: &'s [Cow<'_, str>]) -> Result<&'s str, &'s str> {
    let names = || specs.iter().map(|spec| split_at(spec).map_or(spec.as_ref(), |(name, _)| name));
    let mut aliases = specs.iter().filter_map(|spec| aliased(spec));
    let Some((_, real)) = aliases.next() else {
        let first = names().next().unwrap_or_default();
        return names().find(|name| *name != first).map_or(Ok(first), Err);
    };
    if let Some((_, other)) = aliases.find(|(_, other)| *other != real) {
        return Err(other);
    }
    let aliases: HashSet<&str> = specs.iter().filter_map(|spec| aliased(spec)).map(|(alias, _)| alias).collect();
    names().find(|name| *name != real && !aliases.contains(name)).map_or(Ok(real), Err)
}

/// The alias and the name behind it.
fn aliased(spec: &str) -> Option<(&str, &str)> {
    let (alias, range) = split_at(spec)?;
    let real = range.strip_prefix("npm:")?;
    match split_at(real) {
        Some((real, _)) => Some((alias, real)),
        // `npm:name`, but not `npm:^1.0.0`
        None => real.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@').then_some((alias, real)),
    }
}

/// What comes next at an indentation of two blanks or more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Dependencies { optional: bool },
}

fn entries(text: &str) -> Result<Vec<Raw<'_>>, Refusal> {
    let mut entries: Vec<Raw<'_>> = Vec::new();
    let (mut at, mut section, mut version, mut dependencies) = (0, Section::None, None, 0_usize);
    for full in text.split_inclusive('\n') {
        let start = at;
        at += full.len();
        let line = full.strip_suffix('\n').unwrap_or(full);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (start, line) = match line.strip_prefix('\u{feff}').filter(|_| start == 0) {
            Some(line) => ('\u{feff}'.len_utf8(), line),
            None => (start, line),
        };
        if line.is_empty() {
            continue;
        }
        if line.starts_with('#') {
            if let Some(said) = line.strip_prefix(HEADER) {
                version.get_or_insert((said, start));
            }
            continue;
        }
        let body = line.trim_start_matches(' ');
        let (indent, start) = (line.len() - body.len(), start + line.len() - body.len());
        let refused = |why: &str| Refusal::new(start, why.to_owned(), RESTORE);
        match (indent, entries.last_mut()) {
            (0, _) => {
                section = Section::None;
                let specs = header(body).ok_or_else(|| refused("not the header of an entry"))?;
                let (version, resolved, integrity, dependencies) = (None, None, None, Vec::new());
                entries.push(Raw { at: start, specs, version, resolved, integrity, dependencies });
            }
            (2, Some(entry)) => {
                section = match body.strip_suffix(':') {
                    Some("dependencies") => Section::Dependencies { optional: false },
                    Some("optionalDependencies") => Section::Dependencies { optional: true },
                    Some(_) => return Err(refused("a list that classic yarn does not write")),
                    None => {
                        let (key, value) = pair(body).ok_or_else(|| refused("not a field of an entry"))?;
                        field(entry, &key, value).map_err(|why| refused(&why))?;
                        Section::None
                    }
                };
            }
            (4, Some(entry)) => {
                let Section::Dependencies { optional } = section else {
                    return Err(refused("a dependency outside of a list"));
                };
                let (name, range) = pair(body).ok_or_else(|| refused("not a dependency"))?;
                dependencies += 1;
                if dependencies > MAX_DEPENDENCIES {
                    return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
                }
                entry.dependencies.push((start, name, range, optional));
            }
            _ => return Err(refused("a line that is indented as classic yarn does not")),
        }
    }
    match version {
        Some(("1", _)) => Ok(entries),
        Some((other, at)) => Err(unsupported(at, other, "1, and the YAML of later ones")),
        None => Err(Refusal::new(0, "neither `# yarn lockfile v1` nor `__metadata` is in the file", RESTORE)),
    }
}

/// Sets a field. Others than these three (`uid`, `name`, `registry`) say nothing that is needed.
fn field<'a>(entry: &mut Raw<'a>, key: &str, value: Cow<'a, str>) -> Result<(), String> {
    let slot = match key {
        "version" => &mut entry.version,
        "resolved" => &mut entry.resolved,
        "integrity" => &mut entry.integrity,
        _ => return Ok(()),
    };
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("`{key}` twice in one entry")),
    }
}

/// `a@1, "b@>= 2":`
fn header(line: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut rest = line.strip_suffix(':')?;
    let mut specs = Vec::new();
    loop {
        let (spec, after) = word(rest, ',')?;
        specs.push(spec);
        match after.strip_prefix(", ") {
            Some(more) => rest = more,
            None => return after.is_empty().then_some(specs),
        }
    }
}

/// `key value`
fn pair(line: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (key, rest) = word(line, ' ')?;
    let (value, rest) = word(rest.strip_prefix(' ')?, ' ')?;
    rest.is_empty().then_some((key, value))
}

/// A word, in quotes or plain up to `end`, and what follows it. A plain one holds no blank and no quote.
fn word(text: &str, end: char) -> Option<(Cow<'_, str>, &str)> {
    if !text.starts_with('"') {
        let (word, rest) = text.split_at(text.find(end).unwrap_or(text.len()));
        let odd = word.is_empty() || word.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\\'));
        return (!odd).then_some((Cow::Borrowed(word), rest));
    }
    let mut from = 1;
    loop {
        let at = from + text.get(from..)?.find(['"', '\\'])?;
        if text.get(at..)?.starts_with('"') {
            let quoted = text.get(..=at)?;
            let inner = quoted.get(1..at)?;
            let word = match inner.contains('\\') {
                true => Cow::Owned(serde_json::from_str(quoted).ok()?),
                false => Cow::Borrowed(inner),
            };
            return Some((word, text.get(at + 1..)?));
        }
        // The escaped character is one byte at least; a longer one holds neither quote nor backslash.
        from = at + 2;
        if !text.is_char_boundary(from) {
            from = at + 1 + text.get(at + 1..)?.chars().next()?.len_utf8();
        }
    }
}
