//! Records of FriendsOfPHP's database, in its own YAML. It reads no files.
//!
//! A version is affected that all constraints of one branch hold.

use super::document::{Document, Note, text};
use super::{requirement, yaml};
use crate::model::{AffectedPackage, Kind, Record, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Whose ids they are.
pub(super) const DATABASE: &str = "friendsofphp";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    title: Option<String>,
    link: Option<String>,
    cve: Option<String>,
    branches: Option<BTreeMap<String, Branch>>,
    reference: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Branch {
    time: Option<String>,
    versions: Option<Vec<String>>,
}

/// Reads the file of this path. The id is the path from the vendor on, as Packagist names these records.
pub(super) fn read(path: &str, bytes: &[u8]) -> Document {
    match text(bytes).and_then(yaml::read::<Raw>) {
        Ok(raw) => convert(path, raw),
        Err(why) => Document::unreadable(why),
    }
}

fn convert(path: &str, raw: Raw) -> Document {
    let mut document = Document::default();
    let package = raw.reference.as_deref().and_then(|r| r.strip_prefix("composer://")).unwrap_or_default().to_owned();
    if package.is_empty() {
        return Document::unreadable("its `reference` names no package of Composer");
    }
    let mut published: Option<Timestamp> = None;
    let mut ranges = Vec::new();
    for (name, branch) in raw.branches.unwrap_or_default() {
        let constraints = branch.versions.unwrap_or_default();
        if constraints.is_empty() {
            return Document::unreadable(format!("the branch `{name}` has no `versions`"));
        }
        match requirement::composer_inside(&constraints.iter().map(String::as_str).collect::<Vec<_>>()) {
            Ok(events) if events.is_empty() => document.notes.push(Note::NothingAffected),
            Ok(events) => ranges.push(events),
            Err(why) => return Document::unreadable(format!("the branch `{name}`: {why}")),
        }
        // Times come in several forms (`2010-04-01 15:22:57`, with and without a zone): the day is what all have.
        let time = document.time(branch.time.as_deref().and_then(|time| time.split_whitespace().next()));
        published = published.into_iter().chain(time).min();
    }
    let mut affected = Vec::new();
    if ranges.is_empty() {
        document.notes.push(Note::NothingAffected);
    } else {
        affected.push(AffectedPackage { ecosystem: "Packagist".into(), package, ranges, ..AffectedPackage::default() });
    }
    let parts: Vec<&str> = path.rsplit('/').take(3).collect();
    document.records.push(Record {
        id: parts.into_iter().rev().collect::<Vec<_>>().join("/"),
        database: DATABASE.to_owned(),
        kind: Kind::Vulnerability,
        title: raw.title.unwrap_or_default(),
        description: String::new(),
        published,
        modified: None,
        withdrawn: None,
        aliases: raw.cve.into_iter().filter(|cve| !cve.is_empty()).collect(),
        related: Vec::new(),
        ratings: Vec::new(),
        references: raw.link.into_iter().collect(),
        affected,
    });
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionEvent;
    use crate::version::range::EventKind;

    const RECORD: &str = "title:     A title\nlink:      https://example.com/1\ncve: CVE-2010-1\nbranches:\n    1.9.x:\n        \
        time:     2010-04-01 15:22:57\n        versions: ['>=1.9.0', '<1.9.8']\n    1.10.x:\n        time:     ~\n        \
        versions: ['>1.10.0', '<=1.10.3']\nreference: composer://example/one\n";

    #[test]
    fn a_record_is_read() {
        let document = read("php/example/one/CVE-2010-1.yaml", RECORD.as_bytes());
        assert_eq!((document.problems.len(), document.notes.len()), (0, 0));
        let record = &document.records[0];
        assert_eq!(
            (record.id.as_str(), record.aliases.as_slice()),
            ("example/one/CVE-2010-1.yaml", &["CVE-2010-1".to_owned()][..])
        );
        assert_eq!(record.published, Some(Timestamp(1_270_080_000)));
        let ten = [VersionEvent::new(EventKind::Above, "1.10.0"), VersionEvent::new(EventKind::LastAffected, "1.10.3")];
        let nine =
            [VersionEvent::new(EventKind::Introduced, "1.9.0-dev"), VersionEvent::new(EventKind::Fixed, "1.9.8-dev")];
        assert_eq!(record.affected[0].ranges, [ten.to_vec(), nine.to_vec()]);
    }

    #[test]
    fn what_cannot_be_read_is_a_problem() {
        let branch = |text: &str| format!("reference: composer://a/b\nbranches:\n  x:\n    {text}\n");
        for text in [
            "title: x".to_owned(),
            "reference: pear://a/b\n".to_owned(),
            "reference: composer://\n".to_owned(),
            branch("time: ~"),
            branch("versions: []"),
            branch("versions: ['~1.0']"),
            branch("versions: ['<dev-main']"),
            branch("versions: 1"),
        ] {
            let document = read("a/b/c.yaml", text.as_bytes());
            assert_eq!((document.records.len(), document.problems.len()), (0, 1), "{text}");
        }
    }

    #[test]
    fn a_record_that_holds_for_nothing_is_noted() {
        let none = read("a/b/c.yaml", b"reference: composer://a/b\n");
        assert_eq!((none.records[0].affected.len(), none.notes), (0, vec![Note::NothingAffected]));
    }
}
