//! An advisory as the checks see it, whatever source and encoding it came from, and what a feed says of itself.

use super::{Digest, Timestamp, VersionRanges};

/// The kind of problem that a record describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A vulnerability.
    Vulnerability,
    /// The package itself is the attack.
    Malicious,
    /// Memory safety can be broken through a safe interface.
    Unsound,
    /// Nobody maintains it.
    Unmaintained,
    /// Something worth knowing.
    Notice,
}

/// What a record speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// A crate of the default registry.
    Crates,
    /// A part of the Rust toolchain: `std`, `cargo`, `rustdoc`.
    Rust,
}

/// Where in a package the problem sits, as evidence. Empty lists mean that the record does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affects {
    /// Paths of functions and types, each with the versions it exists in.
    pub functions: Vec<(String, Vec<String>)>,
    /// CPU architectures.
    pub arch: Vec<String>,
    /// Operating systems.
    pub os: Vec<String>,
}

/// One advisory on one package. Withdrawn records are kept (for `explain`) and never match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// `RUSTSEC-2024-0332`.
    pub id: String,
    /// The package, as the record writes it.
    pub package: String,
    /// Crate or toolchain.
    pub collection: Collection,
    /// The kind of problem.
    pub kind: Kind,
    /// One line.
    pub title: String,
    /// The text of the record; empty where the feed does not carry it.
    pub description: String,
    /// When it was published, at midnight UTC.
    pub date: Timestamp,
    /// When it was withdrawn, if it was.
    pub withdrawn: Option<Timestamp>,
    /// Ids of other databases for the same problem.
    pub aliases: Vec<String>,
    /// Ids of related, different problems.
    pub related: Vec<String>,
    /// The CVSS vector as written, any version.
    pub cvss: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// More pages.
    pub references: Vec<String>,
    /// Categories of the record.
    pub categories: Vec<String>,
    /// Which versions are affected.
    pub ranges: VersionRanges,
    /// Where in the package.
    pub affects: Affects,
}

/// What kind of feed was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// Compiled and installed in the user's cache.
    Installed,
    /// A checkout of the database, read afresh.
    Directory,
    /// A full snapshot compiled into the binary.
    EmbeddedSnapshot,
    /// The landmark advisories compiled into the binary: far from complete.
    EmbeddedLandmarks,
}

impl FeedKind {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Directory => "directory",
            Self::EmbeddedSnapshot => "embedded-snapshot",
            Self::EmbeddedLandmarks => "embedded-landmarks",
        }
    }
}

/// What a report says of the feed that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedInfo {
    /// `rustsec`.
    pub name: String,
    /// The kind.
    pub kind: FeedKind,
    /// Digest of its content: same advisories, same digest.
    pub digest: Digest,
    /// Advisories in it, withdrawn ones included.
    pub advisories: usize,
    /// Date of the newest record.
    pub newest: Option<Timestamp>,
    /// When it was last refreshed (installed), or made (embedded); not known for a directory.
    pub refreshed: Option<Timestamp>,
    /// The commit of the database, where known.
    pub commit: Option<String>,
}
