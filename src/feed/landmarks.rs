//! The landmark advisories compiled into every binary: a small set of facts on the most depended-on crates, used only
//! when it is named. Its content is in `landmarks.toml`.

use super::source::Records;
use super::{FeedError, format, ranges};
use crate::model::{Advisory, Affects, Collection, Digest, Timestamp, VersionRanges};
use semver::VersionReq;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file.
const TEXT: &str = include_str!("landmarks.toml");

/// The version of the file's format.
const VERSION: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    date: String,
    advisory: Vec<Landmark>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Landmark {
    id: String,
    package: String,
    collection: String,
    kind: String,
    date: String,
    title: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
    #[serde(default)]
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
    #[serde(default)]
    functions: BTreeMap<String, Vec<String>>,
}

/// The records, and the date that they were true at.
pub(super) fn read() -> Result<(Records, Timestamp), FeedError> {
    parse(TEXT).map_err(FeedError::Embedded)
}

fn parse(text: &str) -> Result<(Records, Timestamp), String> {
    let file: File = toml::from_str(text).map_err(|e| e.message().to_owned())?;
    if file.version != VERSION {
        return Err(format!("version {} of the file is not known", file.version));
    }
    let date = file.date.parse::<Timestamp>().map_err(|e| e.to_string())?;
    let mut advisories = file.advisory.into_iter().map(advisory).collect::<Result<Vec<_>, _>>()?;
    advisories.sort_by(|a, b| (a.collection, &a.package, &a.id).cmp(&(b.collection, &b.package, &b.id)));
    Ok((Records { advisories, gaps: Vec::new(), digest: Some(Digest::of(text.as_bytes())) }, date))
}

fn advisory(landmark: Landmark) -> Result<Advisory, String> {
    let id = landmark.id.clone();
    let collection = match landmark.collection.as_str() {
        "crates" => Collection::Crates,
        "rust" => Collection::Rust,
        other => return Err(format!("{id}: no collection is called `{other}`")),
    };
    let kind = format::kind_of(&landmark.kind).ok_or_else(|| format!("{id}: no kind is called `{}`", landmark.kind))?;
    let affected = ranges::affected(&landmark.patched, &landmark.unaffected).map_err(|e| format!("{id}: {e}"))?;
    let words = |reqs: &[VersionReq]| reqs.iter().map(ToString::to_string).collect();
    Ok(Advisory {
        package: landmark.package,
        collection,
        kind,
        title: landmark.title,
        description: String::new(),
        date: landmark.date.parse().map_err(|e| format!("{id}: {e}"))?,
        withdrawn: None,
        aliases: landmark.aliases,
        related: Vec::new(),
        cvss: landmark.cvss,
        url: None,
        references: Vec::new(),
        categories: Vec::new(),
        ranges: VersionRanges { affected, patched: words(&landmark.patched), unaffected: words(&landmark.unaffected) },
        affects: Affects { functions: landmark.functions.into_iter().collect(), ..Affects::default() },
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_landmarks_parse_and_no_id_stands_twice() {
        let (records, date) = read().unwrap();
        assert!(records.newest().unwrap() <= date);
        let mut ids: Vec<_> = records.advisories.iter().map(|a| (&a.id, &a.package)).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), records.advisories.len());
    }

    #[test]
    fn a_misspelt_key_or_word_is_refused() {
        assert!(parse(TEXT).is_ok());
        for (from, to) in [
            ("version = 1", "version = 2"),
            ("package =", "packages ="),
            ("kind = \"vulnerability\"", "kind = \"harmless\""),
            ("collection = \"crates\"", "collection = \"crate\""),
            ("patched = [\"", "patched = [\"!"),
        ] {
            assert!(TEXT.contains(from), "{from}");
            assert!(parse(&TEXT.replacen(from, to, 1)).is_err(), "{from}");
        }
    }
}
