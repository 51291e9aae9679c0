//! One Markdown file of the RustSec database to one advisory, by the types of the `rustsec` crate. Reads no files.

use super::{ranges, usual};
use crate::model::{Advisory, Affects, Collection, Digest, Gap, GapKind, Kind, Stage, Timestamp, VersionRanges};
use rustsec::advisory::Informational;
use std::panic::catch_unwind;

/// The name of the file that the database keeps for drafts; it describes nothing and is left out on purpose.
const DRAFT: &str = "RUSTSEC-0000-0000.md";
/// More of a parser's words than this (in characters) helps nobody.
const MAX_WHY: usize = 240;

/// Whether the descriptions of records are kept. Nothing is decided by them, and they are most of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    /// For whoever shows, compiles or compares records.
    Kept,
    /// For a verdict.
    Dropped,
}

impl Texts {
    /// The text, or an empty one.
    pub(super) fn kept(self, text: &str) -> String {
        match self {
            Self::Kept => text.to_owned(),
            Self::Dropped => String::new(),
        }
    }
}

/// A file of the database and what came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadFile {
    /// `crates/h2/RUSTSEC-2024-0332.md`.
    pub(super) path: String,
    /// Digest of its bytes; none where they could not be read.
    pub(super) digest: Option<Digest>,
    /// The advisory; none where the gaps say why. In a box: lists of files are moved and grow.
    pub(super) advisory: Option<Box<Advisory>>,
    /// What is wrong with it.
    pub(super) gaps: Vec<Gap>,
}

/// Whether a file name is the one of drafts.
pub(super) fn is_draft(name: &str) -> bool {
    name == DRAFT
}

/// A path that could not be read or is not what stands in a database.
pub(super) fn unread(path: &str, why: impl std::fmt::Display) -> ReadFile {
    let gap = unreadable(path, why);
    ReadFile { path: path.to_owned(), digest: None, advisory: None, gaps: vec![gap] }
}

/// Reads one file. The path decides the collection; the record's own words decide the package and the id, and a path
/// that says something else is a gap beside the advisory.
pub(super) fn read(path: &str, bytes: &[u8], texts: Texts) -> ReadFile {
    let digest = Digest::of(bytes);
    let mut gaps = Vec::new();
    let advisory = match parse(path, bytes, texts) {
        Ok(Parsed::Advisory(advisory)) => {
            gaps.extend(misplaced(path, &advisory));
            Some(advisory)
        }
        Ok(Parsed::Foreign { id, source }) => {
            let why = format!("the record speaks of a package of {source}, and only the default registry is matched");
            gaps.push(Gap::new(GapKind::NotCovered, Stage::Feed, id, why));
            None
        }
        Err(why) => {
            gaps.push(unreadable(path, why));
            None
        }
    };
    let gaps = gaps.into_iter().map(|gap| gap.with_digest(digest)).collect();
    ReadFile { path: path.to_owned(), digest: Some(digest), advisory, gaps }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Parsed {
    Advisory(Box<Advisory>),
    /// On a package that no lockfile takes from the default registry.
    Foreign {
        id: String,
        source: String,
    },
}

fn unreadable(path: &str, why: impl std::fmt::Display) -> Gap {
    let name = path.rsplit('/').next().unwrap_or(path);
    let id = name.strip_suffix(".md").unwrap_or(name);
    Gap::new(GapKind::AdvisoryUnreadable, Stage::Feed, id, format!("{path}: {why}"))
        .with_help("portcullis feed update, or accept the gap with an owner and a date")
}

fn parse(path: &str, bytes: &[u8], texts: Texts) -> Result<Parsed, String> {
    let collection = match path.split_once('/') {
        Some(("crates", _)) => Collection::Crates,
        Some(("rust", _)) => Collection::Rust,
        _ => return Err("it stands in no collection".into()),
    };
    let text = std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8 after byte {}", e.valid_up_to()))?;
    // The parser takes the first 20 bytes of what does not start like this for its message, and panics inside a character.
    if !text.starts_with("```toml") {
        return Err("it does not start with a block of TOML".into());
    }
    if let Some(quick) = usual::read(text, collection, texts) {
        debug_assert_eq!(
            by_the_crate(text, collection, texts),
            Ok(Parsed::Advisory(Box::new(quick.clone()))),
            "one record"
        );
        return Ok(Parsed::Advisory(Box::new(quick)));
    }
    by_the_crate(text, collection, texts)
}

/// The reader whose word counts.
fn by_the_crate(text: &str, collection: Collection, texts: Texts) -> Result<Parsed, String> {
    // Some requirements make the parser count past the largest number or hit an assertion of its own.
    let parsed = catch_unwind(|| text.parse::<rustsec::Advisory>())
        .map_err(|_| "the parser of the rustsec crate broke on it".to_owned())?;
    convert(parsed.map_err(|e| one_line(&e.to_string()))?, collection, texts)
}

/// What the crate alone makes of a record, to compare with.
#[cfg(test)]
pub(super) fn authority(text: &str, collection: Collection) -> Option<Advisory> {
    match by_the_crate(text, collection, Texts::Kept) {
        Ok(Parsed::Advisory(advisory)) => Some(*advisory),
        Ok(Parsed::Foreign { .. }) | Err(_) => None,
    }
}

fn convert(record: rustsec::Advisory, collection: Collection, texts: Texts) -> Result<Parsed, String> {
    let rustsec::Advisory { metadata: m, affected, versions } = record;
    let id = m.id.to_string();
    if let Some(source) = m.source.as_ref().filter(|s| !s.is_default_registry()) {
        return Ok(Parsed::Foreign { id, source: source.to_string() });
    }
    let time = |date: &rustsec::advisory::Date| {
        date.as_str().parse::<Timestamp>().map_err(|e| format!("the date {date} is {e}"))
    };
    let intervals = ranges::affected(versions.patched(), versions.unaffected()).map_err(|e| e.to_string())?;
    let words = |reqs: &[semver::VersionReq]| reqs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let affects = affected.map_or_else(Affects::default, |a| Affects {
        functions: a.functions.iter().map(|(path, reqs)| (path.to_string(), words(reqs))).collect(),
        arch: a.arch.iter().map(|arch| arch.as_str().to_owned()).collect(),
        os: a.os.iter().map(|os| os.as_str().to_owned()).collect(),
    });
    let categories: Vec<String> = m.categories.iter().map(|c| c.name().to_owned()).collect();
    Ok(Parsed::Advisory(Box::new(Advisory {
        package: m.package.to_string(),
        collection,
        kind: kind(m.informational.as_ref().map(Informational::as_str), &categories),
        date: time(&m.date)?,
        withdrawn: m.withdrawn.as_ref().map(time).transpose()?,
        title: m.title,
        description: texts.kept(&m.description),
        aliases: m.aliases.iter().map(ToString::to_string).collect(),
        related: m.related.iter().map(ToString::to_string).collect(),
        cvss: m.cvss.map(|c| c.to_string()),
        url: m.url.map(String::from),
        references: m.references.into_iter().map(String::from).collect(),
        categories,
        ranges: VersionRanges {
            affected: intervals,
            patched: words(versions.patched()),
            unaffected: words(versions.unaffected()),
        },
        affects,
        id,
    })))
}

/// Malicious wins over everything, and a kind that this release does not know counts as a vulnerability: an unknown
/// word must not be a way past the gate.
pub(super) fn kind(informational: Option<&str>, categories: &[String]) -> Kind {
    if categories.iter().any(|category| category == "malicious") {
        return Kind::Malicious;
    }
    match informational {
        Some("unmaintained") => Kind::Unmaintained,
        Some("unsound") => Kind::Unsound,
        Some("notice") => Kind::Notice,
        None | Some(_) => Kind::Vulnerability,
    }
}

/// The record's package and id against the path it stands at.
fn misplaced(path: &str, advisory: &Advisory) -> Option<Gap> {
    let mut parts = path.split('/').skip(1);
    let (dir, name) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    let id = name.strip_suffix(".md").unwrap_or(name);
    let why = if dir != advisory.package {
        format!("the record is on `{}`, and its directory is `{dir}`", advisory.package)
    } else if id != advisory.id {
        format!("the record calls itself {}", advisory.id)
    } else {
        return None;
    };
    Some(unreadable(path, why))
}

/// The first and the last line of a parser's message: the place and the reason. What is between draws an arrow.
fn one_line(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|l| !l.is_empty());
    let first = lines.next().unwrap_or("unknown error").trim_end_matches(':');
    let whole = match lines.next_back() {
        Some(last) => format!("{first}: {last}"),
        None => first.to_owned(),
    };
    whole.chars().take(MAX_WHY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/alpha/RUSTSEC-2024-0001.md";

    fn text(extra: &str, patched: &str) -> String {
        format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"alpha\"\ndate = \"2024-02-03\"\n{extra}\n\
             [versions]\npatched = [{patched}]\n```\n\n# a title\n\nsome text\n"
        )
    }

    fn read_text(text: &str) -> ReadFile {
        read(PATH, text.as_bytes(), Texts::Kept)
    }

    #[test]
    fn a_record_becomes_an_advisory() {
        let file = read_text(&text("aliases = [\"CVE-2024-1\"]", "\">= 1.2\""));
        let advisory = file.advisory.unwrap();
        assert_eq!(file.gaps, []);
        assert_eq!((advisory.id.as_str(), advisory.package.as_str()), ("RUSTSEC-2024-0001", "alpha"));
        assert_eq!(advisory.date.date(), "2024-02-03");
        assert_eq!((advisory.title.as_str(), advisory.description.as_str()), ("a title", "some text"));
        assert_eq!(advisory.kind, Kind::Vulnerability);
        assert_eq!(advisory.aliases, ["CVE-2024-1"]);
        assert!(advisory.ranges.matching(&"1.1.9".parse().unwrap()).is_some());
        assert!(advisory.ranges.matching(&"1.2.0".parse().unwrap()).is_none());
    }

    #[test]
    fn an_unknown_kind_counts_as_a_vulnerability() {
        for (extra, expected) in [
            ("informational = \"unsound\"", Kind::Unsound),
            ("informational = \"unmaintained\"", Kind::Unmaintained),
            ("informational = \"notice\"", Kind::Notice),
            ("informational = \"curious\"", Kind::Vulnerability),
            ("categories = [\"malicious\"]", Kind::Malicious),
            ("categories = [\"malicious\"]\ninformational = \"notice\"", Kind::Malicious),
            ("categories = [\"thread-safety\"]", Kind::Vulnerability),
        ] {
            assert_eq!(read_text(&text(extra, "")).advisory.unwrap().kind, expected, "{extra}");
        }
    }

    #[test]
    fn what_the_parser_cannot_take_is_a_gap_and_never_a_panic() {
        let max = "\"^18446744073709551615\"";
        for bad in [
            text("", "\">= 1.2\"").replace("2024-02-03", "2024-02-99"),
            text("", "\"1.*\""),
            text("", "\">= 1.0, < 2.0, < 3.0\""),
            text("", "\"> 1.0.0\", \"=1.0.0\""),
            text("", max),
            text("cvss = \"CVSS:9.9/AV:N\"", ""),
            "```toml\n".into(),
            "ééééééééééééé".into(),
            String::new(),
        ] {
            let file = read_text(&bad);
            assert_eq!(file.advisory, None, "{bad}");
            assert_eq!(file.gaps.len(), 1, "{bad}");
            assert_eq!(file.gaps[0].kind, GapKind::AdvisoryUnreadable, "{bad}");
            assert_eq!(file.gaps[0].what, "RUSTSEC-2024-0001", "{bad}");
            assert!(file.gaps[0].why.starts_with(PATH) && !file.gaps[0].why.contains('\n'), "{}", file.gaps[0].why);
        }
    }

    #[test]
    fn a_record_of_another_registry_never_matches_the_default_one() {
        let other = text("source = \"registry+https://example.com/index\"", "");
        let file = read_text(&other);
        assert_eq!((file.advisory, file.gaps[0].kind), (None, GapKind::NotCovered));
        let default = text("source = \"registry+https://github.com/rust-lang/crates.io-index\"", "");
        assert!(read_text(&default).advisory.is_some());
    }

    #[test]
    fn a_record_that_stands_in_the_wrong_place_is_kept_and_told() {
        let bytes = text("", "");
        let file = read("crates/beta/RUSTSEC-2024-0001.md", bytes.as_bytes(), Texts::Kept);
        assert_eq!(file.advisory.map(|a| a.package), Some("alpha".into()));
        assert_eq!(file.gaps.len(), 1);
        let file = read("crates/alpha/RUSTSEC-2024-0002.md", bytes.as_bytes(), Texts::Kept);
        assert_eq!((file.advisory.is_some(), file.gaps.len()), (true, 1));
    }
}
