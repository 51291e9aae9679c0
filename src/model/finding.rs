//! A problem in what is judged.

use super::{Component, Digest, Location, Scope, Severity, SeverityBasis, Timestamp};
use std::fmt;

/// The id of a built-in rule, such as `PC-DEP-001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub &'static str);

impl RuleId {
    /// A dependency with a known vulnerability.
    pub const VULNERABLE: Self = Self("PC-DEP-001");
    /// A dependency that nobody maintains.
    pub const UNMAINTAINED: Self = Self("PC-DEP-003");
    /// A dependency that is itself the attack.
    pub const MALICIOUS: Self = Self("PC-DEP-006");
    /// A dependency through whose safe interface memory safety can be broken.
    pub const UNSOUND: Self = Self("PC-DEP-013");
    /// A dependency with a notice.
    pub const NOTICE: Self = Self("PC-DEP-014");
    /// A dependency at a version that its publisher withdrew.
    pub const YANKED: Self = Self("PC-DEP-015");
    /// A locked checksum that is not the published one.
    pub const CHECKSUM_MISMATCH: Self = Self("PC-DEP-016");
    /// A pinned Rust toolchain with a known vulnerability.
    pub const TOOLCHAIN_VULNERABLE: Self = Self("PC-DEP-017");
    /// Something that can be another thing tomorrow: a repository without a commit, an archive without a hash.
    pub const SOURCE_NOT_FIXED: Self = Self("PC-DEP-018");
    /// Packages that come over a plain connection.
    pub const PLAIN_TRANSPORT: Self = Self("PC-DEP-019");
    /// Entries without the hash that the others of their file have.
    pub const INTEGRITY_MISSING: Self = Self("PC-DEP-020");
    /// An entry whose address is that of another package or version.
    pub const OTHER_PACKAGE: Self = Self("PC-DEP-021");
    /// Packages that come from another host than the rest of their file.
    pub const MIXED_HOSTS: Self = Self("PC-DEP-022");
    /// A release that has another hash in another lock.
    pub const HASHES_DISAGREE: Self = Self("PC-DEP-023");
    /// A name that imitates one that everybody knows.
    pub const LOOKALIKE: Self = Self("PC-DEP-024");
    /// A vendored package that is not the one that was locked.
    pub const VENDORED_CHANGED: Self = Self("PC-DEP-025");
    /// A vendored package that no lock has.
    pub const VENDORED_NOT_LOCKED: Self = Self("PC-DEP-026");
    /// A program with a package in it that its lock does not list.
    pub const BUILT_NOT_LOCKED: Self = Self("PC-DEP-030");
    /// A waiver that has ended.
    pub const WAIVER_EXPIRED: Self = Self("PC-WVR-001");
    /// A waiver that covers nothing.
    pub const WAIVER_UNUSED: Self = Self("PC-WVR-002");
    /// A waiver that lasts too long, lacks its approval, or stands outside the adopted debt.
    pub const WAIVER_NOT_VALID: Self = Self("PC-WVR-003");
    /// An accepted gap whose acceptance has ended.
    pub const ACCEPTANCE_EXPIRED: Self = Self("PC-WVR-004");
    /// An acceptance that covers no gap.
    pub const ACCEPTANCE_UNUSED: Self = Self("PC-WVR-005");
    /// More adopted debt than was adopted.
    pub const DEBT_GROWN: Self = Self("PC-WVR-006");
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// What a rule says of itself; the texts come from its file in `rules/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// `PC-DEP-001`.
    pub id: RuleId,
    /// `advisory/vulnerable`.
    pub slug: String,
    /// One line.
    pub title: String,
    /// Why it matters, a paragraph.
    pub why: String,
    /// What to do, a paragraph.
    pub help: String,
    /// The severity where the finding brings none of its own.
    pub severity: Severity,
    /// The class of its findings.
    pub class: Class,
    /// Further reading.
    pub references: Vec<String>,
}

/// The class of a finding, which the policy decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A known vulnerability.
    Vulnerability,
    /// A package that is itself the attack.
    Malicious,
    /// Unsound.
    Unsound,
    /// Unmaintained.
    Unmaintained,
    /// A notice.
    Notice,
    /// A version that its publisher withdrew from the registry.
    Yanked,
    /// Bytes that are not the published ones.
    Integrity,
    /// A waiver or acceptance that is expired, unused or not valid.
    Waiver,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Vulnerability,
        Self::Malicious,
        Self::Unsound,
        Self::Unmaintained,
        Self::Notice,
        Self::Yanked,
        Self::Integrity,
        Self::Waiver,
    ];

    /// The kebab-case word used in policy and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Malicious => "malicious",
            Self::Unsound => "unsound",
            Self::Unmaintained => "unmaintained",
            Self::Notice => "notice",
            Self::Yanked => "yanked",
            Self::Integrity => "integrity",
            Self::Waiver => "waiver",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A fact that supports a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The comparison that matched: the version lies in this interval.
    Range {
        /// Such as `>= 0.3.0, < 0.3.26`.
        interval: String,
        /// The version compared.
        version: String,
    },
    /// The record limits the problem to these functions.
    Functions(Vec<String>),
    /// The record limits the problem to these architectures.
    Arch(Vec<String>),
    /// The record limits the problem to these operating systems.
    Os(Vec<String>),
    /// A shortest way from a first-party package to the component, both included.
    ReachedThrough(Vec<String>),
    /// What each source of advisories says, the ones that call the version affected first.
    Sources(Vec<SourceSays>),
    /// Two digests that should be the same.
    Digests {
        /// What the feed knows.
        expected: Digest,
        /// What the lock says.
        found: Digest,
    },
}

/// What one source of advisories says of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSays {
    /// The name of the source.
    pub source: String,
    /// The id of its record.
    pub id: String,
    /// `affected`, `cannot-tell`, `not-affected`, or `withdrawn`.
    pub says: &'static str,
    /// The first version that it calls fixed above the one in use, where it names one.
    pub fixed: Option<String>,
}

/// What clears a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// The least version not affected by this advisory that is semver-compatible with the one in use.
    Compatible {
        /// The version.
        version: String,
        /// A command that can be pasted; every untrusted word in it is shell-quoted.
        command: String,
    },
    /// Patched versions exist, but none is semver-compatible with the one in use.
    Incompatible {
        /// The record's requirements, such as `>= 0.4.4`.
        patched: Vec<String>,
    },
    /// The record names no patched version.
    NoneKnown,
}

/// Identifies a finding across runs: stable when lines move, different for another path, package or advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A problem in what is judged, before anybody has decided on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule.
    pub rule: RuleId,
    /// The class.
    pub class: Class,
    /// The severity.
    pub severity: Severity,
    /// On whose word.
    pub basis: SeverityBasis,
    /// The advisory's id, where one stands behind it.
    pub advisory: Option<String>,
    /// The advisory's ids in other databases.
    pub aliases: Vec<String>,
    /// When the advisory was published.
    pub disclosed: Option<Timestamp>,
    /// A page about it.
    pub url: Option<String>,
    /// The component, where one is concerned.
    pub component: Option<Component>,
    /// Where, exact.
    pub location: Location,
    /// The source lines at `location`, first line first; may be empty.
    pub excerpt: Vec<String>,
    /// Facts.
    pub evidence: Vec<Evidence>,
    /// What clears it.
    pub fix: Option<Fix>,
    /// One line: what, about which thing, lowercase, no full stop.
    pub message: String,
    /// The advisory's or the rule's title.
    pub title: String,
}

impl Finding {
    /// The fingerprint: the first 16 bytes of the SHA-256 over rule, advisory, package, version and path.
    pub fn fingerprint(&self) -> Fingerprint {
        let (name, version, source) = match &self.component {
            Some(c) => (c.name.as_ref(), c.version.as_ref(), c.source.url()),
            None => ("", "", ""),
        };
        // A length before each part, so that two lists of parts never give the same bytes.
        let parts = [
            self.rule.0,
            self.advisory.as_deref().unwrap_or(""),
            name,
            version,
            source,
            self.location.path.as_str(),
            // Findings without a component are told apart by what they say.
            if self.component.is_none() { &self.message } else { "" },
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend((part.len() as u64).to_be_bytes());
            bytes.extend(part.as_bytes());
        }
        let digest = Digest::of(&bytes);
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(digest.0) {
            *to = from; // the first 16 of 32 bytes, on purpose
        }
        Fingerprint(short)
    }

    /// The scope of its component; `unknown` without one.
    pub fn scope(&self) -> Scope {
        self.component.as_ref().map_or(Scope::Unknown, |c| c.scope)
    }

    /// A total order for output: worst first, then place, package and advisory.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let package = |f: &Self| f.component.as_ref().map(|c| (c.name.clone(), c.version.clone(), c.source.clone()));
        other
            .severity
            .cmp(&self.severity)
            .then_with(|| self.class.cmp(&other.class))
            .then_with(|| self.location.cmp(&other.location))
            .then_with(|| package(self).cmp(&package(other)))
            .then_with(|| self.advisory.cmp(&other.advisory))
            .then_with(|| self.rule.cmp(&other.rule))
            .then_with(|| self.message.cmp(&other.message))
    }
}
