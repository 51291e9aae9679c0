//! Records of the Haskell database: Markdown with a block of TOML in front. It reads no files.

use super::document::{Document, Note, one_line, text};
use super::osv;
use crate::model::{AffectedPackage, Kind, Rating, Record, VersionEvent};
use crate::version::range::EventKind;
use serde::Deserialize;

#[derive(Deserialize)]
struct Raw {
    advisory: Advisory,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Advisory {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    related: Vec<String>,
    date: Option<toml::value::Datetime>,
}

#[derive(Deserialize)]
struct Affected {
    package: Option<String>,
    #[serde(rename = "ghc-component")]
    component: Option<String>,
    cvss: Option<String>,
    #[serde(default)]
    versions: Vec<Versions>,
}

#[derive(Deserialize)]
struct Versions {
    introduced: String,
    fixed: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    url: String,
}

/// Reads one file. It has no dates: the database takes them from its history.
pub(super) fn read(path: &str, bytes: &[u8]) -> Document {
    if path.contains("reserved/") && bytes.trim_ascii().is_empty() {
        return Document { notes: vec![Note::Reserved], ..Document::default() };
    }
    let parsed = text(bytes).and_then(|text| {
        let rest = text.strip_prefix("```toml").ok_or("it does not start with a block of TOML")?;
        let (block, body) = rest.split_once("\n```").ok_or("its block of TOML has no end")?;
        let raw = toml::from_str::<Raw>(block).map_err(|e| one_line(e.message()))?;
        convert(raw, body)
    });
    parsed.unwrap_or_else(Document::unreadable)
}

fn convert(raw: Raw, body: &str) -> Result<Document, String> {
    let mut document = Document::default();
    let mut affected: Vec<AffectedPackage> = Vec::new();
    let mut ratings = Vec::new();
    for one in raw.affected {
        let (ecosystem, package) = match (one.package, one.component) {
            (Some(package), None) => ("Hackage", package),
            (None, Some(component)) => ("GHC", component),
            _ => return Err("it names not exactly one package or component of GHC".to_owned()),
        };
        let version = |version: String, kind| VersionEvent::new(kind, version);
        let mut ranges = Vec::new();
        for versions in one.versions {
            let first = Some(version(versions.introduced, EventKind::Introduced));
            let events = first.into_iter().chain(versions.fixed.map(|fixed| version(fixed, EventKind::Fixed)));
            ranges.push(events.collect());
        }
        ratings.extend(one.cvss.map(|vector| Rating { scheme: osv::cvss_type(&vector).to_owned(), value: vector }));
        affected.push(AffectedPackage { ecosystem: ecosystem.into(), package, ranges, ..AffectedPackage::default() });
    }
    if affected.is_empty() {
        document.notes.push(Note::NoPackage);
    }
    ratings.sort();
    ratings.dedup();
    let (title, description) = match body.trim_start_matches(['`', '\n', '\r']).trim_start().split_once('\n') {
        Some((title, rest)) => (title, rest),
        None => (body.trim(), ""),
    };
    let date = raw.advisory.date.map(|date| date.to_string());
    let published = document.time(date.as_deref());
    document.records.push(Record {
        database: osv::database(&raw.advisory.id).to_owned(),
        id: raw.advisory.id,
        kind: Kind::Vulnerability,
        title: title.trim_start_matches('#').trim().to_owned(),
        description: description.trim().to_owned(),
        published,
        modified: None,
        withdrawn: None,
        aliases: raw.advisory.aliases,
        related: raw.advisory.related,
        ratings,
        references: raw.references.into_iter().map(|r| r.url).collect(),
        affected,
    });
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "```toml\n[advisory]\nid = \"HSEC-2024-0001\"\ncwe = [1]\naliases = [\"CVE-2024-1\"]\n\n[[affected]]\n\
        package = \"a\"\ncvss = \"CVSS:3.1/AV:N\"\n[[affected.versions]]\nintroduced = \"1.0\"\nfixed = \"1.2\"\n\
        [[affected.versions]]\nintroduced = \"2.0\"\n\n[[affected]]\nghc-component = \"ghc\"\n[[affected.versions]]\n\
        introduced = \"8.0\"\n\n[[references]]\ntype = \"FIX\"\nurl = \"https://example.com/1\"\n```\n\n# A title\n\nWords.\n";

    #[test]
    fn a_record_is_read() {
        let document = read("published/2024/a.md", RECORD.as_bytes());
        assert_eq!(document.problems, Vec::<String>::new());
        let record = &document.records[0];
        assert_eq!((record.id.as_str(), record.database.as_str()), ("HSEC-2024-0001", "HSEC"));
        assert_eq!((record.title.as_str(), record.description.as_str()), ("A title", "Words."));
        let a = &record.affected[0];
        assert_eq!((a.ecosystem.as_str(), a.package.as_str(), a.ranges.len()), ("Hackage", "a", 2));
        assert_eq!(a.ranges[0][1], VersionEvent::new(EventKind::Fixed, "1.2"));
        assert_eq!(record.affected[1].ecosystem, "GHC");
        assert_eq!(record.ratings, [Rating { scheme: "CVSS_V3".into(), value: "CVSS:3.1/AV:N".into() }]);
    }

    #[test]
    fn a_reserved_id_is_noted_and_an_empty_file_elsewhere_is_a_problem() {
        assert_eq!(read("advisories/reserved/2024/a.md", b"\n").notes, [Note::Reserved]);
        assert_eq!(read("advisories/published/2024/a.md", b"\n").problems.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_a_problem() {
        let nameless = RECORD.replace("package = \"a\"\n", "");
        let cut = RECORD.replace("\n```\n", "\n");
        for text in ["", "# A title", "```toml\n", cut.as_str(), nameless.as_str(), "```toml\n[advisory]\n```\n"] {
            let document = read("published/2024/a.md", text.as_bytes());
            assert_eq!((document.records.len(), document.problems.len()), (0, 1), "{text}");
        }
    }
}
