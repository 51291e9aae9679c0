//! An advisory record of any database and ecosystem, as it is compiled and matched. RustSec's own form is `advisory`.

use super::{Kind, Timestamp};
use crate::version::range::EventKind;

/// One record of one database. Withdrawn records are kept, for people who ask about them, and never match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// As the database writes it: `GO-2024-2500`, `CVE-2020-21514` of rubysec, `guzzlehttp/guzzle/CVE-2022-31090.yaml`
    /// of FriendsOfPHP.
    pub id: String,
    /// Who gives out the id: what it begins with (`GHSA`, `PYSEC`), or `rubysec` and `friendsofphp`, whose ids are
    /// those of others. One dump can hold records of several databases.
    pub database: String,
    /// The kind of problem.
    pub kind: Kind,
    /// One line; empty where the record has none.
    pub title: String,
    /// The text of the record.
    pub description: String,
    /// When it was published. None where the database does not say, as Go's does not.
    pub published: Option<Timestamp>,
    /// When it was last changed. None where the database does not say.
    pub modified: Option<Timestamp>,
    /// When it was withdrawn, if it was.
    pub withdrawn: Option<Timestamp>,
    /// Ids of other databases for the same problem.
    pub aliases: Vec<String>,
    /// Ids of related, different problems; of AlmaLinux the CVEs that an update fixes.
    pub related: Vec<String>,
    /// What it is rated.
    pub ratings: Vec<Rating>,
    /// Pages about it.
    pub references: Vec<String>,
    /// The packages that it speaks of.
    pub affected: Vec<AffectedPackage>,
}

/// What somebody rates a problem. Nothing here is checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rating {
    /// `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, another type of OSV, or [`Rating::WORD`].
    pub scheme: String,
    /// A vector, a number from 0 to 10 (rubysec gives no vectors), or a word of the vendor.
    pub value: String,
}

impl Rating {
    /// The scheme of a vendor's own word, such as `HIGH` or `Moderate`.
    pub const WORD: &'static str = "word";
}

/// What a record says of one package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AffectedPackage {
    /// As OSV writes it (`PyPI`, `AlmaLinux:9`), without what names a registry (`Maven:https://…`).
    pub ecosystem: String,
    /// As the record writes it.
    pub package: String,
    /// Versions that it lists, as written.
    pub versions: Vec<String>,
    /// Its ranges of versions, those of commits left out.
    pub ranges: Vec<Vec<VersionEvent>>,
    /// Whether it has ranges of commits, which say nothing of a version.
    pub has_commits: bool,
}

/// One event of a range, as the record writes it (OSV schema, «affected[].ranges[].events»).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionEvent {
    /// What happened.
    pub kind: EventKind,
    /// At which version; `0` for the lowest.
    pub version: String,
}

impl VersionEvent {
    /// An event.
    pub fn new(kind: EventKind, version: impl Into<String>) -> Self {
        Self { kind, version: version.into() }
    }
}
