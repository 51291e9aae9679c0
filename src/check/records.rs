//! What the indexes of many sources say of one component: which records call it affected, joined across sources, with
//! what each of them says. RustSec's own feed is asked elsewhere; what it says can be joined here.

use crate::feed::index::{Index, Package, RecordNumber};
use crate::feed::matching::{Answer, Matcher};
use crate::feed::merge::{self, Says};
use crate::feed::{FeedError, name};
use crate::model::{AffectedPackage, Component, Record, VersionEvent};
use crate::version::range::{Event, EventKind, Events};
use crate::version::{Scheme, Version};
use std::collections::BTreeSet;

/// One record on the component, and what it says.
pub(super) struct Heard {
    /// The name of the source that has it.
    pub(super) source: String,
    /// The record.
    pub(super) record: Record,
    /// What it says of the version.
    pub(super) says: Says,
    /// Why that cannot be told.
    pub(super) doubt: Option<String>,
    /// Where it matched.
    pub(super) matched: Option<Matched>,
}

/// The part of a record that holds a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matched {
    /// For people: `>= 1.0, < 1.5`.
    pub(super) interval: String,
    /// The first version above the one in use that the record calls fixed.
    pub(super) fixed: Option<String>,
}

/// Everything that the indexes say of a component, where at least one record may call it affected; else nothing. Records
/// that share one of `names` (ids and aliases in upper case, of what another feed says) are heard as well.
///
/// Errors: an index is damaged.
pub(super) fn ask(
    indexes: &[Index],
    component: &Component,
    mut names: BTreeSet<String>,
) -> Result<Vec<Heard>, FeedError> {
    let mut packages = Vec::new();
    for index in indexes {
        if let Some(package) = index.package(component.ecosystem.osv(), &component.name)? {
            packages.push((index, package));
        }
    }
    let mut heard = Vec::new();
    let mut told = Vec::with_capacity(packages.len());
    for (index, package) in &packages {
        told.push(matching(index, package, component, &mut heard)?);
    }
    names.extend(heard.iter().flat_map(|h| names_of(&h.record)));
    if !names.is_empty() {
        for ((index, package), told) in packages.iter().zip(told) {
            // Where every statement on the package was heard there is nothing to look for.
            if package.statements.len() > told {
                related(index, package, &names, &mut heard)?;
            }
        }
    }
    Ok(heard)
}

/// The id and the aliases of a record, in upper case.
pub(super) fn names_of(record: &Record) -> impl Iterator<Item = String> + '_ {
    std::iter::once(&record.id).chain(&record.aliases).map(|name| name.to_ascii_uppercase())
}

/// Adds the records that call the component affected, and those of which that cannot be told. Gives the number of
/// statements that do.
fn matching(
    index: &Index,
    package: &Package,
    component: &Component,
    heard: &mut Vec<Heard>,
) -> Result<usize, FeedError> {
    let mut told = 0;
    let version = name::scheme(component.ecosystem.osv()).map(|scheme| scheme.parse(&component.version));
    for statement in package.statements.iter().filter(|statement| !statement.withdrawn) {
        let matcher = Matcher::new(&statement.affected);
        let answer = match &version {
            Some(Ok(version)) => matcher.answer_for(version, &component.version),
            _ => matcher.answer(&component.version),
        };
        let (says, doubt) = match answer {
            Answer::NotAffected => continue,
            Answer::Affected => (Says::Affected, None),
            Answer::CannotTell(doubt) => (Says::CannotTell, Some(doubt.to_string())),
        };
        told += 1;
        let (source, record) = index.record(statement.record)?;
        let matched = (says == Says::Affected).then(|| matched(&statement.affected, &component.version));
        let new = Heard { source: source.to_owned(), record, says, doubt, matched };
        // A record can say several things of one package; that it is affected is what counts.
        match heard.iter_mut().find(|old| old.source == new.source && old.record.id == new.record.id) {
            Some(old) if new.says < old.says => *old = new,
            Some(_) => {}
            None => heard.push(new),
        }
    }
    Ok(told)
}

/// Adds the records on the package that have one of the names and do not call it affected.
fn related(
    index: &Index,
    package: &Package,
    names: &BTreeSet<String>,
    heard: &mut Vec<Heard>,
) -> Result<(), FeedError> {
    let mut numbers: BTreeSet<RecordNumber> = BTreeSet::new();
    for name in names {
        numbers.extend(index.find(name)?);
    }
    for statement in package.statements.iter().filter(|s| numbers.contains(&s.record)) {
        let (source, record) = index.record(statement.record)?;
        if heard.iter().any(|h| h.source == source && h.record.id == record.id) {
            continue;
        }
        let says = if statement.withdrawn { Says::Withdrawn } else { Says::NotAffected };
        heard.push(Heard { source: source.to_owned(), record, says, doubt: None, matched: None });
    }
    Ok(())
}

/// The records as [`merge::merge`] takes them.
pub(super) fn said(heard: &[Heard]) -> Vec<merge::Said<'_>> {
    heard.iter().map(|h| merge::Said { source: &h.source, record: &h.record, says: h.says }).collect()
}

/// Which part of the record holds the version.
fn matched(package: &AffectedPackage, version: &str) -> Matched {
    let listed = || Matched { interval: "the versions that the record lists".to_owned(), fixed: None };
    let Some(scheme) = name::scheme(&package.ecosystem) else { return listed() };
    let Ok(parsed) = scheme.parse(version) else { return listed() };
    let holds = |events: &&Vec<VersionEvent>| {
        let events: Vec<Event<'_>> = events.iter().map(|e| Event { kind: e.kind, version: &e.version }).collect();
        Events::new(scheme, &events).is_ok_and(|range| range.contains(&parsed) == Some(true))
    };
    match package.ranges.iter().find(holds) {
        Some(events) => stretch(scheme, events, &parsed),
        // A list says nothing of what comes after; a range of the record may.
        None => Matched { fixed: next_fixed(scheme, package, &parsed), ..listed() },
    }
}

/// The bounds around the version, of events that hold it.
fn stretch(scheme: Scheme, events: &[VersionEvent], version: &Version) -> Matched {
    let read = |event: &VersionEvent| scheme.parse(&event.version).ok();
    let mut begin: Option<(Version, String)> = None;
    let mut end: Option<(Version, String, Option<String>)> = None;
    for event in events {
        let Some(bound) = read(event) else { continue }; // `0` and `*` of an order without such a version
        let text = &event.version;
        let key = bound.sort_key();
        match event.kind {
            EventKind::Introduced | EventKind::Above => {
                let sign = if event.kind == EventKind::Above { ">" } else { ">=" };
                let is_later = begin.as_ref().is_none_or(|(other, _)| other.sort_key() < key);
                if key <= version.sort_key() && is_later && text != "0" {
                    begin = Some((bound, format!("{sign} {text}")));
                }
            }
            EventKind::Fixed | EventKind::Limit | EventKind::LastAffected => {
                let (sign, fixed) = match event.kind {
                    EventKind::Fixed => ("<", Some(text.clone())),
                    EventKind::LastAffected => ("<=", None),
                    _ => ("<", None),
                };
                let is_earlier = end.as_ref().is_none_or(|(other, ..)| other.sort_key() > key);
                if key >= version.sort_key() && is_earlier {
                    end = Some((bound, format!("{sign} {text}"), fixed));
                }
            }
        }
    }
    let (end, fixed) = end.map_or((None, None), |(_, text, fixed)| (Some(text), fixed));
    let parts: Vec<String> = begin.map(|(_, text)| text).into_iter().chain(end).collect();
    let interval = if parts.is_empty() { "every version".to_owned() } else { parts.join(", ") };
    Matched { interval, fixed }
}

/// The least version above this one that any range of the record calls fixed.
fn next_fixed(scheme: Scheme, package: &AffectedPackage, version: &Version) -> Option<String> {
    let events = package.ranges.iter().flatten().filter(|event| event.kind == EventKind::Fixed);
    let parsed = events.filter_map(|event| Some((scheme.parse(&event.version).ok()?, &event.version)));
    let above = parsed.filter(|(fixed, _)| fixed.sort_key() > version.sort_key());
    above.min_by(|(a, _), (b, _)| a.sort_key().cmp(b.sort_key())).map(|(_, text)| text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(ecosystem: &str, versions: &[&str], ranges: &[&[(EventKind, &str)]]) -> AffectedPackage {
        AffectedPackage {
            ecosystem: ecosystem.into(),
            package: "a".into(),
            versions: versions.iter().map(|v| (*v).to_owned()).collect(),
            ranges: ranges
                .iter()
                .map(|events| events.iter().map(|(kind, text)| VersionEvent::new(*kind, *text)).collect())
                .collect(),
            has_commits: false,
        }
    }

    #[test]
    fn the_bounds_around_a_version_are_told() {
        use EventKind::{Above, Fixed, Introduced, LastAffected};
        let found = |package: &AffectedPackage, version| {
            let found = matched(package, version);
            (found.interval, found.fixed.unwrap_or_default())
        };
        let two =
            package("npm", &[], &[&[(Introduced, "0"), (Fixed, "1.5.0"), (Introduced, "2.0.0"), (Fixed, "2.3.0")]]);
        assert_eq!(found(&two, "1.0.0"), ("< 1.5.0".into(), "1.5.0".into()));
        assert_eq!(found(&two, "2.0.0"), (">= 2.0.0, < 2.3.0".into(), "2.3.0".into()));
        let last = package("PyPI", &[], &[&[(Introduced, "1.0"), (LastAffected, "1.9")]]);
        assert_eq!(found(&last, "1.9"), (">= 1.0, <= 1.9".into(), String::new()));
        let above = package("RubyGems", &[], &[&[(Above, "1.0")]]);
        assert_eq!(found(&above, "1.1"), ("> 1.0".into(), String::new()));
        let every = package("npm", &[], &[&[(Introduced, "0")]]);
        assert_eq!(found(&every, "1.1.0"), ("every version".into(), String::new()));
        let listed = package("PyPI", &["1.0"], &[&[(Introduced, "2.0"), (Fixed, "2.1")]]);
        assert_eq!(found(&listed, "1.0"), ("the versions that the record lists".into(), "2.1".into()));
    }
}
