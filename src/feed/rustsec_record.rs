//! RustSec's Markdown as records like those of every other database, for the index and for merging. The feed of RustSec
//! itself does not come by here.

use super::document::{Document, Note};
use super::record::{self, Texts};
use super::{name, osv};
use crate::model::{Advisory, AffectedPackage, Collection, GapKind, Rating, Record, VersionEvent};
use crate::version::range::EventKind;

/// Whether a path is that of a record: `crates/<package>/<file>.md`, below whatever directories.
pub(super) fn takes(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (file, package, collection) = (parts.next(), parts.next(), parts.next());
    let is_record = file.is_some_and(|file| file.ends_with(".md") && !record::is_draft(file));
    is_record && package.is_some() && matches!(collection, Some("crates" | "rust"))
}

/// Reads the file of this path.
pub(super) fn read(path: &str, bytes: &[u8]) -> Document {
    let parts: Vec<&str> = path.rsplit('/').take(3).collect();
    let inside = parts.into_iter().rev().collect::<Vec<_>>().join("/");
    let file = record::read(&inside, bytes, Texts::Kept);
    let mut document = Document::default();
    for gap in file.gaps {
        if gap.kind == GapKind::NotCovered {
            document.notes.push(Note::OtherRegistry);
        } else {
            document.problems.push(gap.why);
        }
    }
    document.records.extend(file.advisory.as_deref().map(record_of));
    document
}

/// The same advisory as a record. Intervals over semver precedence are ranges of OSV.
pub fn record_of(advisory: &Advisory) -> Record {
    let ranges = advisory.ranges.affected.iter().map(|interval| {
        let from = interval.introduced.as_ref().map_or_else(|| "0".to_owned(), ToString::to_string);
        let first = VersionEvent::new(EventKind::Introduced, from);
        let end = interval.fixed.as_ref().map(|fixed| VersionEvent::new(EventKind::Fixed, fixed.to_string()));
        std::iter::once(first).chain(end).collect()
    });
    let ranges: Vec<Vec<VersionEvent>> = ranges.collect();
    let ecosystem = match advisory.collection {
        Collection::Crates => "crates.io",
        Collection::Rust => name::RUST,
    };
    // A record that calls no version affected has nothing to be asked.
    let affected = if ranges.is_empty() {
        Vec::new()
    } else {
        let package = advisory.package.clone();
        vec![AffectedPackage { ecosystem: ecosystem.into(), package, ranges, ..AffectedPackage::default() }]
    };
    let rating = |vector: &String| Rating { scheme: osv::cvss_type(vector).to_owned(), value: vector.clone() };
    Record {
        id: advisory.id.clone(),
        database: osv::database(&advisory.id).to_owned(),
        kind: advisory.kind,
        title: advisory.title.clone(),
        description: advisory.description.clone(),
        published: Some(advisory.date),
        modified: None,
        withdrawn: advisory.withdrawn,
        aliases: advisory.aliases.clone(),
        related: advisory.related.clone(),
        ratings: advisory.cvss.iter().map(rating).collect(),
        references: advisory.url.iter().chain(&advisory.references).cloned().collect(),
        affected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"alpha\"\ndate = \"2024-02-03\"\n\
        aliases = [\"CVE-2024-1\"]\n\n[versions]\npatched = [\"^0.3.26\", \">= 0.4.4\"]\n```\n\n# a title\n\nsome text\n";

    #[test]
    fn an_advisory_is_a_record_of_the_same_ranges() {
        let document = read("db-main/crates/alpha/RUSTSEC-2024-0001.md", RECORD.as_bytes());
        assert_eq!((document.problems.len(), document.notes.len()), (0, 0));
        let record = &document.records[0];
        assert_eq!((record.id.as_str(), record.database.as_str()), ("RUSTSEC-2024-0001", "RUSTSEC"));
        assert_eq!(record.affected[0].ecosystem, "crates.io");
        let range = |from: &str, to: &str| {
            vec![VersionEvent::new(EventKind::Introduced, from), VersionEvent::new(EventKind::Fixed, to)]
        };
        assert_eq!(record.affected[0].ranges, [range("0", "0.3.26"), range("0.4.0-0", "0.4.4")]);
        let tool = read("rust/alpha/RUSTSEC-2024-0001.md", RECORD.as_bytes());
        assert_eq!(tool.records[0].affected[0].ecosystem, name::RUST);
    }

    #[test]
    fn documents_and_drafts_are_no_records_and_a_misplaced_one_is_told() {
        assert!(takes("crates/a/RUSTSEC-2024-0001.md") && takes("x/rust/std/CVE-1.md"));
        assert!(!takes("README.md") && !takes("crates/README.md") && !takes("crates/a/RUSTSEC-0000-0000.md"));
        let misplaced = read("crates/beta/RUSTSEC-2024-0001.md", RECORD.as_bytes());
        assert_eq!((misplaced.records.len(), misplaced.problems.len()), (1, 1));
    }
}
