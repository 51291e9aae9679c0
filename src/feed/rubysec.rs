//! Records of rubysec's database, in its own YAML. It reads no files.
//!
//! A version is affected that no entry of `patched_versions` or `unaffected_versions` holds.

use super::document::{Document, Note, text};
use super::{requirement, yaml};
use crate::model::{AffectedPackage, Kind, Rating, Record};
use serde::Deserialize;

/// Whose ids they are.
pub(super) const DATABASE: &str = "rubysec";
/// Interpreters are no gems: an ecosystem of our own holds them, named by `engine`.
pub(super) const ENGINES: &str = "Ruby engine";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    gem: Option<String>,
    engine: Option<String>,
    library: Option<String>,
    cve: Option<String>,
    ghsa: Option<String>,
    osvdb: Option<String>,
    url: Option<String>,
    title: Option<String>,
    date: Option<String>,
    description: Option<String>,
    cvss_v2: Option<String>,
    cvss_v3: Option<String>,
    cvss_v4: Option<String>,
    unaffected_versions: Option<Vec<String>>,
    patched_versions: Option<Vec<String>>,
    related: Option<Related>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Related {
    cve: Option<Vec<String>>,
    ghsa: Option<Vec<String>>,
    url: Option<Vec<String>>,
}

/// Reads the file of this path; the id is its name, as the database's own tools have it.
pub(super) fn read(path: &str, bytes: &[u8]) -> Document {
    match text(bytes).and_then(yaml::read::<Raw>) {
        Ok(raw) => convert(path, raw),
        Err(why) => Document::unreadable(why),
    }
}

fn convert(path: &str, raw: Raw) -> Document {
    let mut document = Document::default();
    let name = path.rsplit('/').next().unwrap_or(path);
    let id = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    let (ecosystem, package) = match (raw.gem, raw.engine.or(raw.library)) {
        (Some(gem), _) if !gem.is_empty() => ("RubyGems", gem),
        (None, Some(engine)) if !engine.is_empty() => (ENGINES, engine),
        _ => return Document::unreadable("it names neither a gem nor an engine"),
    };
    let lists = [&raw.patched_versions, &raw.unaffected_versions];
    let safe: Vec<&str> = lists.into_iter().flatten().flatten().map(String::as_str).collect();
    let events = match requirement::gems_outside(&safe) {
        Ok(events) => events,
        Err(why) => return Document::unreadable(why.to_string()),
    };
    let mut affected = Vec::new();
    if events.is_empty() {
        document.notes.push(Note::NothingAffected);
    } else {
        let ranges = vec![events];
        affected.push(AffectedPackage { ecosystem: ecosystem.into(), package, ranges, ..AffectedPackage::default() });
    }
    let cve = |cve: &String| format!("CVE-{cve}");
    let ghsa = |ghsa: &String| format!("GHSA-{ghsa}");
    let names = [raw.cve.as_ref().map(cve), raw.ghsa.as_ref().map(ghsa), raw.osvdb.map(|n| format!("OSVDB-{n}"))];
    let related = raw.related.unwrap_or_default();
    let scores = [("CVSS_V2", raw.cvss_v2), ("CVSS_V3", raw.cvss_v3), ("CVSS_V4", raw.cvss_v4)];
    let published = document.time(raw.date.as_deref());
    document.records.push(Record {
        database: DATABASE.to_owned(),
        kind: Kind::Vulnerability,
        title: raw.title.unwrap_or_default(),
        description: raw.description.unwrap_or_default(),
        published,
        modified: None,
        withdrawn: None,
        aliases: names.into_iter().flatten().filter(|alias| *alias != id).collect(),
        related: related.cve.iter().flatten().map(cve).chain(related.ghsa.iter().flatten().map(ghsa)).collect(),
        ratings: scores
            .into_iter()
            .filter_map(|(scheme, score)| Some(Rating { scheme: scheme.into(), value: score? })) // not rated
            .collect(),
        references: raw.url.into_iter().chain(related.url.into_iter().flatten()).collect(),
        affected,
        id,
    });
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, VersionEvent};
    use crate::version::range::EventKind;

    const RECORD: &str = "---\ngem: example\ncve: 2020-1\nghsa: aaaa-bbbb-cccc\nurl: https://example.com/1\ntitle: a title\n\
        date: 2020-02-03\ndescription: |\n  two\n  lines\ncvss_v3: 8.10\nunaffected_versions:\n  - \"< 1.0\"\n\
        patched_versions:\n  - \"~> 1.2.3\"\n  - \">= 2.0.0\"\nrelated:\n  cve:\n    - 2020-2\n  url:\n    - https://example.com/2\n";

    #[test]
    fn a_record_is_read() {
        let document = read("gems/example/CVE-2020-1.yml", RECORD.as_bytes());
        assert_eq!((document.problems.len(), document.notes.len()), (0, 0));
        let record = &document.records[0];
        assert_eq!(
            (record.id.as_str(), record.aliases.as_slice()),
            ("CVE-2020-1", &["GHSA-aaaa-bbbb-cccc".to_owned()][..])
        );
        assert_eq!(record.published, Some(Timestamp(1_580_688_000)));
        assert_eq!(record.ratings, [Rating { scheme: "CVSS_V3".into(), value: "8.10".into() }]);
        assert_eq!(record.related, ["CVE-2020-2"]);
        assert_eq!(record.references, ["https://example.com/1", "https://example.com/2"]);
        let events = [
            VersionEvent::new(EventKind::Introduced, "1.0"),
            VersionEvent::new(EventKind::Fixed, "1.2.3"),
            VersionEvent::new(EventKind::Introduced, "1.3.A"),
            VersionEvent::new(EventKind::Fixed, "2.0.0"),
        ];
        assert_eq!(record.affected[0].ranges, [events.to_vec()]);
        assert_eq!(
            (record.affected[0].ecosystem.as_str(), record.affected[0].package.as_str()),
            ("RubyGems", "example")
        );
    }

    #[test]
    fn an_engine_is_no_gem() {
        let text = "---\nengine: jruby\ncve: 2020-1\n";
        let document = read("rubies/jruby/CVE-2020-1.yml", text.as_bytes());
        assert_eq!(document.records[0].affected[0].ecosystem, ENGINES);
        assert_eq!(document.records[0].affected[0].ranges[0], [VersionEvent::new(EventKind::Introduced, "0")]);
    }

    #[test]
    fn what_cannot_be_read_is_a_problem_and_a_record_that_holds_for_nothing_is_noted() {
        for text in ["", "a", "gem: a\npatched_versions: [\"!= 1\"]", "cve: 1", "gem: a\npatched_versions: 1", "[]"] {
            let document = read("gems/a/b.yml", text.as_bytes());
            assert_eq!((document.records.len(), document.problems.len()), (0, 1), "{text}");
        }
        let all = read("gems/a/b.yml", b"gem: a\npatched_versions: [\">= 0\", \"< 0\"]");
        assert_eq!((all.records[0].affected.len(), all.notes), (0, vec![Note::NothingAffected]));
    }
}
