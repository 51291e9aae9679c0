//! What could not be seen, and the value that carries it beside what could.

use super::TreePath;
use std::fmt;

/// A stage of the road.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Reading the advisory data.
    Feed,
    /// Walking and reading the target.
    Collect,
    /// Understanding what was read.
    Inventory,
    /// Looking for problems.
    Check,
    /// Deciding.
    Policy,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feed => "feed",
            Self::Collect => "collect",
            Self::Inventory => "inventory",
            Self::Check => "check",
            Self::Policy => "policy",
        })
    }
}

macro_rules! gap_kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, fails: $fails:literal;)*) => {
        /// The kind of a gap. The policy says for each whether it fails; the default is in [`GapKind::fails_by_default`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GapKind { $($(#[$doc])* $variant,)* }

        impl GapKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kebab-case word used in policy and reports.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Whether a gap of this kind makes the verdict incomplete where the policy is silent.
            pub fn fails_by_default(self) -> bool {
                match self { $(Self::$variant => $fails,)* }
            }
        }
    };
}

gap_kinds! {
    /// A file or directory could not be read: permission, I/O error, vanished while reading.
    Unreadable = "unreadable", fails: true;
    /// A file is larger than the reader's limit.
    TooLarge = "too-large", fails: true;
    /// Not a regular file: FIFO, socket, device, or a directory under a lockfile's name.
    SpecialFile = "special-file", fails: true;
    /// A symbolic link that leads out of the judged tree, or nowhere.
    LinkOutside = "link-outside", fails: true;
    /// A nested repository (submodule) whose files are not here.
    MissingSubmodule = "missing-submodule", fails: true;
    /// A walk stopped at a limit of depth or count.
    WalkLimit = "walk-limit", fails: true;
    /// The file is not what its name says, or damaged.
    ParseFailed = "parse-failed", fails: true;
    /// A version of the format that this release does not know.
    UnsupportedVersion = "unsupported-version", fails: true;
    /// The independent counter and the parser disagree.
    CountMismatch = "count-mismatch", fails: true;
    /// A lock names a dependency that it does not list.
    DanglingDependency = "dangling-dependency", fails: true;
    /// A manifest that no lockfile in the tree covers.
    Unlocked = "unlocked", fails: true;
    /// `--resolve cargo` was asked for and cargo could not answer.
    ResolveFailed = "resolve-failed", fails: true;
    /// A component whose source no feed covers: git, path, private registry.
    NotCovered = "not-covered", fails: false;
    /// The toolchain is not pinned to a version, so the advisories on it could not be checked.
    ToolchainUnpinned = "toolchain-unpinned", fails: false;
    /// Nothing says whether the versions in use were yanked.
    YankedUnknown = "yanked-unknown", fails: false;
    /// An advisory of the feed could not be understood.
    AdvisoryUnreadable = "advisory-unreadable", fails: true;
    /// A version cannot be ordered against an advisory's ranges.
    VersionUncomparable = "version-uncomparable", fails: true;
    /// The feed is past `feed.warn-age`, but not past `feed.fail-age`.
    FeedAging = "feed-aging", fails: false;
    /// The feed is past `feed.fail-age`.
    FeedStale = "feed-stale", fails: true;
    /// The feed holds landmark advisories only.
    FeedLandmark = "feed-landmark", fails: false;
    /// A feed that was asked for could not be opened or verified.
    FeedUnusable = "feed-unusable", fails: true;
    /// No feed in use has advisories on an ecosystem that the target uses.
    FeedMissing = "feed-missing", fails: true;
    /// A look-up that `--online` asked for did not answer.
    OnlineFailed = "online-failed", fails: true;
    /// The target holds nothing that this release can judge.
    NothingToJudge = "nothing-to-judge", fails: true;
    /// The base of the comparison could not be read completely. What it hides counts as introduced, which is stricter.
    BaseIncomplete = "base-incomplete", fails: false;
    /// A stage panicked. A fault of Portcullis, told instead of hidden.
    Internal = "internal", fails: true;
}

impl fmt::Display for GapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that was skipped, could not be read or is not supported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// The kind, which decides whether it fails.
    pub kind: GapKind,
    /// Where on the road.
    pub stage: Stage,
    /// The thing that was not seen: a path, a component, an advisory id.
    pub what: String,
    /// Why, lowercase, without a full stop.
    pub why: String,
    /// A command or an act that mends it; may be empty.
    pub help: String,
    /// The file, where there is one.
    pub path: Option<TreePath>,
    /// 1-based line in `path`, where there is one.
    pub line: Option<u32>,
    /// Digest of the file's bytes, where they could be read; an acceptance can be bound to it.
    pub digest: Option<super::Digest>,
}

impl Gap {
    /// A gap without place or remedy; the `with_` functions add them.
    pub fn new(kind: GapKind, stage: Stage, what: impl Into<String>, why: impl Into<String>) -> Self {
        let (what, why) = (what.into(), why.into());
        Self { kind, stage, what, why, help: String::new(), path: None, line: None, digest: None }
    }

    /// In this file.
    pub fn with_path(mut self, path: TreePath) -> Self {
        self.path = Some(path);
        self
    }

    /// On this 1-based line.
    pub fn with_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// With the digest of the file's bytes.
    pub fn with_digest(mut self, digest: super::Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// With what mends it.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// A value and what is missing from it. Both must be looked at.
#[must_use]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial<T> {
    /// What could be seen.
    pub value: T,
    /// What could not.
    pub gaps: Vec<Gap>,
}

impl<T> Partial<T> {
    /// A value with nothing missing.
    pub fn whole(value: T) -> Self {
        Self { value, gaps: Vec::new() }
    }

    /// Moves the gaps to `gaps` and returns the value.
    pub fn take(self, gaps: &mut Vec<Gap>) -> T {
        gaps.extend(self.gaps);
        self.value
    }
}
