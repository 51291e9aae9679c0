//! A whole record as JSON in the index, for people and for merging; what decides a match stands in `entry`, too.

use crate::feed::format::{kind_of, kind_word};
use crate::model::{AffectedPackage, Digest, Rating, Record, Timestamp, VersionEvent};
use crate::version::range::EventKind;
use serde::{Deserialize, Serialize};

/// Absent keys are empty or none; unknown ones are refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    source: u16,
    id: String,
    database: String,
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    related: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ratings: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    references: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    affected: Vec<WrittenPackage>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPackage {
    ecosystem: String,
    package: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    versions: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<Vec<(String, String)>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    commits: bool,
}

const EVENTS: [(EventKind, &str); 5] = [
    (EventKind::Introduced, "introduced"),
    (EventKind::Fixed, "fixed"),
    (EventKind::LastAffected, "last_affected"),
    (EventKind::Limit, "limit"),
    (EventKind::Above, "above"),
];

/// The bytes of a record; `source` is its place in the manifest.
pub(super) fn write(source: u16, record: &Record) -> Option<Vec<u8>> {
    let event = |e: &VersionEvent| {
        let word = EVENTS.iter().find(|(kind, _)| *kind == e.kind).map_or("", |(_, word)| word); // all are listed
        (word.to_owned(), e.version.clone())
    };
    let package = |a: &AffectedPackage| WrittenPackage {
        ecosystem: a.ecosystem.clone(),
        package: a.package.clone(),
        versions: a.versions.clone(),
        ranges: a.ranges.iter().map(|events| events.iter().map(event).collect()).collect(),
        commits: a.has_commits,
    };
    let written = Written {
        source,
        id: record.id.clone(),
        database: record.database.clone(),
        kind: kind_word(record.kind).to_owned(),
        title: record.title.clone(),
        description: record.description.clone(),
        published: record.published.map(|t| t.0),
        modified: record.modified.map(|t| t.0),
        withdrawn: record.withdrawn.map(|t| t.0),
        aliases: record.aliases.clone(),
        related: record.related.clone(),
        ratings: record.ratings.iter().map(|r| (r.scheme.clone(), r.value.clone())).collect(),
        references: record.references.clone(),
        affected: record.affected.iter().map(package).collect(),
    };
    serde_json::to_vec(&written).ok()
}

/// Digest over all that a record says but the time of its last change, to see whether it says something else. None where
/// it cannot be written.
pub(in crate::feed) fn said(record: &Record) -> Option<Digest> {
    let timeless = Record { modified: None, ..record.clone() };
    write(0, &timeless).map(|bytes| Digest::of(&bytes))
}

/// Reads what [`write()`] wrote: the place of the source, and the record. None where the bytes are not that.
pub(super) fn read(bytes: &[u8]) -> Option<(u16, Record)> {
    let written: Written = serde_json::from_slice(bytes).ok()?;
    let event = |(word, version): (String, String)| {
        let kind = EVENTS.iter().find(|(_, known)| *known == word)?.0;
        Some(VersionEvent { kind, version })
    };
    let range = |events: Vec<(String, String)>| events.into_iter().map(event).collect::<Option<_>>();
    let package = |p: WrittenPackage| {
        Some(AffectedPackage {
            ecosystem: p.ecosystem,
            package: p.package,
            versions: p.versions,
            ranges: p.ranges.into_iter().map(range).collect::<Option<_>>()?,
            has_commits: p.commits,
        })
    };
    let record = Record {
        id: written.id,
        database: written.database,
        kind: kind_of(&written.kind)?,
        title: written.title,
        description: written.description,
        published: written.published.map(Timestamp),
        modified: written.modified.map(Timestamp),
        withdrawn: written.withdrawn.map(Timestamp),
        aliases: written.aliases,
        related: written.related,
        ratings: written.ratings.into_iter().map(|(scheme, value)| Rating { scheme, value }).collect(),
        references: written.references,
        affected: written.affected.into_iter().map(package).collect::<Option<_>>()?,
    };
    Some((written.source, record))
}
