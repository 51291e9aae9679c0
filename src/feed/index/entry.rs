//! What the index holds of one package, as bytes: its versions once, and of each record what decides a match. Texts are
//! elsewhere (`json`).

use crate::model::{AffectedPackage, Kind, VersionEvent};
use crate::version::Scheme;
use crate::version::range::EventKind;
use std::cmp::Ordering;

/// The place of a record in the order of an index, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordNumber(pub u32);

/// What the index knows of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// By record number, ascending; one record can say several things.
    pub statements: Vec<Statement>,
}

/// What one record says of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which record.
    pub record: RecordNumber,
    /// Its kind.
    pub kind: Kind,
    /// Whether it was withdrawn. Then it must not match.
    pub withdrawn: bool,
    /// Versions and ranges; ecosystem and package as the question had them, normalised.
    pub affected: AffectedPackage,
}

const KINDS: [(Kind, u8); 5] =
    [(Kind::Vulnerability, 0), (Kind::Malicious, 1), (Kind::Unsound, 2), (Kind::Unmaintained, 3), (Kind::Notice, 4)];
const EVENTS: [(EventKind, u8); 5] = [
    (EventKind::Introduced, 0),
    (EventKind::Fixed, 1),
    (EventKind::LastAffected, 2),
    (EventKind::Limit, 3),
    (EventKind::Above, 4),
];
const WITHDRAWN: u8 = 0x10;
const COMMITS: u8 = 0x20;
const KIND: u8 = 0x0f;

/// The bytes of one package. None where a number or a text is larger than its field.
pub(super) fn write(package: &Package, scheme: Option<Scheme>) -> Option<Vec<u8>> {
    let versions = versions(package, scheme);
    let mut out = Vec::new();
    put_count(&mut out, versions.len())?;
    for version in &versions {
        put_text(&mut out, version)?;
    }
    // Where each version stands, by its text.
    let mut places: Vec<(&str, u32)> = Vec::with_capacity(versions.len());
    for (at, version) in versions.iter().enumerate() {
        places.push((version, u32::try_from(at).ok()?));
    }
    places.sort_unstable();
    put_count(&mut out, package.statements.len())?;
    for statement in &package.statements {
        out.extend(statement.record.0.to_be_bytes());
        out.push(flags(statement));
        let mut listed = Vec::with_capacity(statement.affected.versions.len());
        for version in &statement.affected.versions {
            let at = places.binary_search_by(|(text, _)| (*text).cmp(version)).ok()?;
            listed.push(places.get(at)?.1);
        }
        let runs = runs(listed);
        put_count(&mut out, runs.len())?;
        for (start, length) in runs {
            out.extend(start.to_be_bytes());
            out.extend(length.to_be_bytes());
        }
        put_count(&mut out, statement.affected.ranges.len())?;
        for events in &statement.affected.ranges {
            put_count(&mut out, events.len())?;
            for event in events {
                out.push(EVENTS.iter().find(|(kind, _)| *kind == event.kind)?.1);
                put_text(&mut out, &event.version)?;
            }
        }
    }
    Some(out)
}

/// Reads what [`write()`] wrote. None where the bytes are not that.
pub(super) fn read(mut bytes: &[u8], ecosystem: &str, name: &str) -> Option<Package> {
    let bytes = &mut bytes;
    let versions = many(bytes, |bytes| take_text(bytes))?;
    let statements = many(bytes, |bytes| {
        let record = RecordNumber(take_u32(bytes)?);
        let (flags, rest) = bytes.split_first()?;
        *bytes = rest;
        let mut listed = Vec::new();
        for (start, length) in many(bytes, |bytes| Some((take_u32(bytes)?, take_u32(bytes)?)))? {
            let (start, length) = (start as usize, length as usize);
            listed.extend(versions.get(start..start.checked_add(length)?)?.iter().map(|text| (*text).to_owned()));
        }
        let ranges = many(bytes, |bytes| many(bytes, event))?;
        Some(Statement {
            record,
            kind: KINDS.iter().find(|(_, code)| *code == flags & KIND)?.0,
            withdrawn: flags & WITHDRAWN != 0,
            affected: AffectedPackage {
                ecosystem: ecosystem.to_owned(),
                package: name.to_owned(),
                versions: listed,
                ranges,
                has_commits: flags & COMMITS != 0,
            },
        })
    })?;
    bytes.is_empty().then_some(Package { statements })
}

fn event(bytes: &mut &[u8]) -> Option<VersionEvent> {
    let (code, rest) = bytes.split_first()?;
    *bytes = rest;
    let kind = EVENTS.iter().find(|(_, known)| known == code)?.0;
    Some(VersionEvent::new(kind, take_text(bytes)?))
}

fn flags(statement: &Statement) -> u8 {
    let kind = KINDS.iter().find(|(kind, _)| *kind == statement.kind).map_or(0, |(_, code)| *code); // all are listed
    let withdrawn = if statement.withdrawn { WITHDRAWN } else { 0 };
    let commits = if statement.affected.has_commits { COMMITS } else { 0 };
    kind | withdrawn | commits
}

/// Every listed version once, in the order of versions where there is one: then what a record lists are few runs.
fn versions(package: &Package, scheme: Option<Scheme>) -> Vec<&str> {
    let mut texts: Vec<&str> =
        package.statements.iter().flat_map(|s| &s.affected.versions).map(String::as_str).collect();
    texts.sort_unstable();
    texts.dedup();
    let mut keyed: Vec<_> =
        texts.into_iter().map(|text| (scheme.and_then(|scheme| scheme.parse(text).ok()), text)).collect();
    keyed.sort_by(|(a, a_text), (b, b_text)| match (a, b) {
        (Some(a), Some(b)) => a.sort_key().cmp(b.sort_key()).then_with(|| a_text.cmp(b_text)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a_text.cmp(b_text),
    });
    keyed.into_iter().map(|(_, text)| text).collect()
}

/// Numbers as first and count of each run of neighbours.
fn runs(mut numbers: Vec<u32>) -> Vec<(u32, u32)> {
    numbers.sort_unstable();
    numbers.dedup();
    let mut out: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match out.last_mut() {
            Some((start, length)) if start.checked_add(*length) == Some(number) => *length += 1,
            _ => out.push((number, 1)),
        }
    }
    out
}

/// A count in front of things, then each of them. A count that the bytes cannot hold allocates nothing.
fn many<'a, T>(bytes: &mut &'a [u8], mut one: impl FnMut(&mut &'a [u8]) -> Option<T>) -> Option<Vec<T>> {
    let count = take_u32(bytes)? as usize;
    let mut out = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        out.push(one(bytes)?);
    }
    Some(out)
}

fn put_count(out: &mut Vec<u8>, count: usize) -> Option<()> {
    out.extend(u32::try_from(count).ok()?.to_be_bytes());
    Some(())
}

fn put_text(out: &mut Vec<u8>, text: &str) -> Option<()> {
    out.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    Some(())
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*number))
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}
