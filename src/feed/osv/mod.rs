//! OSV records (OSV schema 1.7, in JSON or YAML) to ours. It reads no files and matches nothing.

mod schema;

use super::document::{Document, Note, one_line, text};
use super::yaml;
use crate::model::{AffectedPackage, Ecosystem, Kind, Rating, Record, VersionEvent};
use crate::version::range::EventKind;
use schema::{Loose, Raw, RawAffected, RawRange, RawSeverity};

/// Records of one file, at most; a dump has one on each line or in each file.
const MAX_RECORDS: usize = 100_000;
/// Prefixes of ids for updates that mend no vulnerability, unless they name a CVE: corrections and enhancements of Red
/// Hat and its relatives.
const NO_SECURITY: [&str; 8] = ["ALBA-", "ALEA-", "RHBA-", "RHEA-", "RLBA-", "RLEA-", "RXBA-", "RXEA-"];
/// Words before the colon of a title by which Red Hat and its relatives rate an update.
const RATED: [&str; 4] = ["Critical", "Important", "Moderate", "Low"];

/// Reads a JSON file: one record, an array of them, or what a server answers (`{"vulns": […]}`).
pub(super) fn json(bytes: &[u8]) -> Document {
    let parsed = text(bytes).and_then(|text| {
        let error = |e: serde_json::Error| one_line(&e.to_string());
        if text.trim_ascii_start().starts_with('[') {
            serde_json::from_str::<Vec<Raw>>(text).map_err(error)
        } else {
            serde_json::from_str::<Raw>(text).map(|raw| vec![raw]).map_err(error)
        }
    });
    parsed.map_or_else(Document::unreadable, documents)
}

/// Reads a YAML file with one record (PyPA).
pub(super) fn yaml(bytes: &[u8]) -> Document {
    let parsed = text(bytes).and_then(yaml::read::<Raw>);
    parsed.map_or_else(Document::unreadable, |raw| documents(vec![raw]))
}

fn documents(raws: Vec<Raw>) -> Document {
    let mut document = Document::default();
    let mut raws: Vec<Raw> = match <[Raw; 1]>::try_from(raws) {
        Ok([raw]) if raw.id.is_none() && raw.vulns.is_some() => raw.vulns.unwrap_or_default(),
        Ok([raw]) => vec![raw],
        Err(raws) => raws,
    };
    if raws.len() > MAX_RECORDS {
        return Document::unreadable(format!("it holds more than {MAX_RECORDS} records"));
    }
    if raws.is_empty() {
        return Document::unreadable("it holds no record");
    }
    for raw in &mut raws {
        if raw.excluded.is_some() {
            document.notes.push(Note::Excluded);
            continue;
        }
        match record(raw, &mut document) {
            Ok(record) => document.records.push(record),
            Err(why) => {
                let id = raw.id.as_deref().unwrap_or("a record without an id");
                document.problems.push(format!("{id}: {why}"));
            }
        }
    }
    document
}

/// One record. What has no id or no time of change is none (both are required), and a range of a form that is not known
/// spoils the whole: it could say anything.
fn record(raw: &mut Raw, document: &mut Document) -> Result<Record, String> {
    let id = raw.id.take().filter(|id| !id.trim().is_empty()).ok_or("it has no `id`")?;
    raw.id = Some(id.clone());
    let modified = raw.modified.as_deref().ok_or("it has no `modified`, which every OSV record has")?;
    let mut affected = Vec::new();
    let mut ratings = ratings(raw.severity.as_deref());
    for one in raw.affected.as_deref().unwrap_or_default() {
        ratings.extend(self::ratings(one.severity.as_deref()));
        ratings.extend(words([&one.database_specific, &one.ecosystem_specific]));
        match package(one)? {
            Some(package) => affected.push(package),
            None => document.notes.push(Note::NoPackage),
        }
    }
    if raw.affected.as_deref().unwrap_or_default().is_empty() {
        document.notes.push(Note::NoPackage);
    }
    let title = raw.summary.take().unwrap_or_default();
    ratings.extend(words([&raw.database_specific]));
    ratings.extend(rated_in_title(&id, &title));
    ratings.sort();
    ratings.dedup();
    let kind = kind(&id, raw);
    Ok(Record {
        kind,
        title,
        database: database(&id).to_owned(),
        description: raw.details.take().unwrap_or_default(),
        modified: document.time(Some(modified)),
        published: document.time(raw.published.as_deref()),
        withdrawn: document.withdrawn(raw.withdrawn.as_deref()),
        aliases: raw.aliases.take().unwrap_or_default(),
        related: raw.related.take().unwrap_or_default(),
        ratings,
        references: raw.references.take().unwrap_or_default().into_iter().filter_map(|r| r.url).collect(), // no page
        affected,
        id,
    })
}

/// Who gave out the id: what stands before its first hyphen.
pub(super) fn database(id: &str) -> &str {
    id.split_once('-').map_or(id, |(prefix, _)| prefix)
}

/// The type that OSV has for a vector.
pub(super) fn cvss_type(vector: &str) -> &'static str {
    match vector.get(..6) {
        Some("CVSS:4") => "CVSS_V4",
        Some("CVSS:3") => "CVSS_V3",
        _ => "CVSS_V2",
    }
}

fn ratings(raw: Option<&[RawSeverity]>) -> Vec<Rating> {
    let rating = |s: &RawSeverity| Some(Rating { scheme: s.scheme.clone()?, value: s.score.clone()? });
    raw.unwrap_or_default().iter().filter_map(rating).collect() // half a rating rates nothing
}

/// The vendor's own word (`database_specific.severity` of GHSA and Bitnami, `ecosystem_specific.severity` of others).
fn words<const N: usize>(places: [&Loose; N]) -> impl Iterator<Item = Rating> {
    places
        .map(|place| place.text("severity").map(|word| Rating { scheme: Rating::WORD.into(), value: word.to_owned() }))
        .into_iter()
        .flatten()
}

fn rated_in_title(id: &str, title: &str) -> Option<Rating> {
    let (word, _) = title.split_once(": ")?;
    let rates = ["ALSA-", "RHSA-", "RLSA-", "RXSA-"].iter().any(|prefix| id.starts_with(prefix));
    (rates && RATED.contains(&word)).then(|| Rating { scheme: Rating::WORD.into(), value: word.to_owned() })
}

/// What says that a record is something else than a vulnerability; a word that is not known says nothing.
fn kind(id: &str, raw: &Raw) -> Kind {
    let affected = raw.affected.as_deref().unwrap_or_default();
    if id.starts_with("MAL-") || affected.iter().any(|a| a.database_specific.lists("categories", "malicious")) {
        return Kind::Malicious;
    }
    let informational = affected.iter().map(|a| match a.database_specific.text("informational") {
        Some("unsound") => Kind::Unsound,
        Some("unmaintained") => Kind::Unmaintained,
        Some("notice") => Kind::Notice,
        _ => Kind::Vulnerability,
    });
    let names_cve = || {
        let mut ids = raw.aliases.iter().chain(&raw.related).flatten();
        ids.any(|id| id.starts_with("CVE-"))
    };
    // The gravest, which is the first of the enum.
    match informational.min() {
        Some(Kind::Vulnerability) if NO_SECURITY.iter().any(|p| id.starts_with(p)) && !names_cve() => Kind::Notice,
        Some(kind) => kind,
        None => Kind::Vulnerability,
    }
}

/// None where it names no package, as records on commits alone do.
fn package(raw: &RawAffected) -> Result<Option<AffectedPackage>, String> {
    let mut out = AffectedPackage::default();
    for range in raw.ranges.as_deref().unwrap_or_default() {
        match range.scheme.as_deref() {
            Some("GIT") => out.has_commits = true,
            Some("SEMVER" | "ECOSYSTEM") => out.ranges.push(events(range)?),
            Some(other) => return Err(format!("a range has the unknown type `{}`", one_line(other))),
            None => return Err("a range has no `type`".to_owned()),
        }
    }
    let named = raw.package.as_ref().and_then(|p| Some((p.ecosystem.as_deref()?, p.name.as_deref()?)));
    let Some((system, name)) = named.filter(|(system, name)| !system.is_empty() && !name.is_empty()) else {
        return match out.ranges.is_empty() && raw.versions.as_deref().unwrap_or_default().is_empty() {
            true => Ok(None),
            false => Err("versions are affected of a package that is not named".to_owned()),
        };
    };
    out.ecosystem = ecosystem(system).to_owned();
    out.package = name.to_owned();
    out.versions = raw.versions.clone().unwrap_or_default();
    Ok(Some(out))
}

/// The ecosystem without the registry that some records name (`Maven:https://…`): a package of that name is judged
/// wherever it comes from. Releases of a distribution (`AlmaLinux:9`) stay.
pub(super) fn ecosystem(name: &str) -> &str {
    match Ecosystem::from_osv(name) {
        Some(known) => known.osv(),
        None => name,
    }
}

fn events(range: &RawRange) -> Result<Vec<VersionEvent>, String> {
    let mut out = Vec::new();
    for event in range.events.as_deref().unwrap_or_default() {
        let before = out.len();
        for (kind, version) in [
            (EventKind::Introduced, &event.introduced),
            (EventKind::Fixed, &event.fixed),
            (EventKind::LastAffected, &event.last_affected),
            (EventKind::Limit, &event.limit),
        ] {
            out.extend(version.as_ref().map(|version| VersionEvent::new(kind, version.trim())));
        }
        if out.len() == before {
            return Err("an event of a range is none that the schema knows".to_owned());
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
