//! What can go wrong with a feed as a whole. What is wrong with one advisory of it is a gap, not an error.

use super::install::Change;
use crate::model::{Digest, Timestamp};
use crate::sys::{Fault, SysError};
use crate::text::shell;
use std::path::{Path, PathBuf};

/// Why a feed cannot be used, made or replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The outside world failed.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// `--feed` names neither a directory nor what a feed can be called.
    #[error("`{0}` is not the name of a feed (lowercase letters, digits and hyphens)")]
    BadName(String),
    /// The path leads nowhere, or not to a directory.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// No feed of this name was installed for this user.
    #[error("no advisory feed `{name}` is installed in {}", dir.display())]
    NotInstalled {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// Neither the variable for this nor `HOME` says where the user's files are.
    #[error("neither {0} nor HOME says where the feed is kept")]
    NoHome(&'static str),
    /// The directory or archive does not look like the advisory database.
    #[error("{what} is not a checkout of the advisory database: {why}")]
    NotADatabase {
        /// A path or a URL.
        what: String,
        /// What is missing.
        why: &'static str,
    },
    /// More than the limit of something.
    #[error("{what} has more than {limit} {unit}")]
    TooMany {
        /// A path or a URL.
        what: String,
        /// The limit.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
    /// What came from the source is no archive of the database.
    #[error("{what} did not give an archive: {why}")]
    NotAnArchive {
        /// A URL.
        what: String,
        /// What it is instead.
        why: String,
    },
    /// The git program failed.
    #[error("git could not {what}: {why}")]
    Git {
        /// The step.
        what: &'static str,
        /// Its words.
        why: String,
    },
    /// No git program in the absolute directories of `PATH`.
    #[error("no git program was found in the absolute directories of PATH")]
    NoGit,
    /// The file is not a compiled feed.
    #[error("{} is not a compiled feed", .0.display())]
    NotAFeed(PathBuf),
    /// A compiled feed of a format that this release does not know.
    #[error("{} has a feed format that this release does not know", .0.display())]
    UnknownFormat(PathBuf),
    /// Bytes are not what the signed header says.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which part.
        what: &'static str,
    },
    /// The signature is not by the key that is trusted here.
    #[error("{} is not signed by the expected key {key}", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// The key that it should be signed by.
        key: String,
    },
    /// The feed was never signed on this machine, so nothing says which key to trust.
    #[error("there is no feed key at {}", .0.display())]
    NoKey(PathBuf),
    /// The key is not an Ed25519 key.
    #[error("{what} is not an Ed25519 {kind} key")]
    BadKey {
        /// The file or the argument.
        what: String,
        /// `private` or `public`.
        kind: &'static str,
    },
    /// The new data is older than what is installed.
    #[error("the new data is older than the installed feed: {what} {new}, installed {old}")]
    Older {
        /// Which time.
        what: &'static str,
        /// The new one's.
        new: Timestamp,
        /// The installed one's.
        old: Timestamp,
    },
    /// A source had times of its records, and the new copy has none.
    #[error("the new copy of the source {source_name} has no times, which the old one had")]
    NoTimes {
        /// The source.
        source_name: String,
    },
    /// A source without times of its records has fewer of them than before: an older copy.
    #[error("the new copy of the source {source_name} has {new} records, the old one {old}")]
    FewerRecords {
        /// The source.
        source_name: String,
        /// Records of the new one.
        new: u64,
        /// Records of the old one.
        old: u64,
    },
    /// Two feeds of RustSec were named; of other sources there can be many.
    #[error("`{0}` is a second feed of RustSec")]
    TwoFeeds(String),
    /// A source of another format where only RustSec's feed can be.
    #[error("this asks RustSec's own feed, and not other sources")]
    NotOfRustSec,
    /// A feed of RustSec and an index cannot have one name.
    #[error("the name `{name}` is that of {by}")]
    NameTaken {
        /// The name.
        name: String,
        /// What has it.
        by: &'static str,
    },
    /// What an index of this source would be called is no name.
    #[error("no name follows from {0}")]
    NoName(String),
    /// Not the name of an ecosystem.
    #[error("`{0}` is not the name of an ecosystem, as OSV writes them")]
    BadEcosystem(String),
    /// Not a source that can be fetched.
    #[error("`{text}` is not a source: {why}")]
    BadSource {
        /// What was written.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// An index is installed that has one source, and this one has others.
    #[error("{} is an index of {count} sources, and one of a single source can be imported", path.display())]
    NotOneSource {
        /// The file.
        path: PathBuf,
        /// How many it has.
        count: usize,
    },
    /// Two sources of one index have one name.
    #[error("two sources are named `{0}`")]
    TwoSources(String),
    /// Too much of the installed feed would go or change at once.
    #[error("the new data changes {} of {} records, more than {limit_percent} %", change.lost(), change.before)]
    TooMuchChange {
        /// What would change.
        change: Box<Change>,
        /// The limit.
        limit_percent: u8,
        /// What to confirm.
        digest: Digest,
    },
    /// The installed feed cannot be read, so nothing says what the new data changes.
    #[error("the installed feed cannot be read to compare with: {why}")]
    NothingToCompare {
        /// Its own error.
        why: String,
        /// What to confirm.
        digest: Digest,
    },
    /// The landmark records compiled into this binary do not parse.
    #[error("the embedded advisories cannot be used: {0}")]
    Embedded(String),
    /// A stage panicked.
    #[error("reading {0} broke off")]
    Internal(String),
}

impl FeedError {
    /// A command or an act that mends it.
    pub fn help(&self) -> String {
        let update = "portcullis feed update, or `portcullis feed import DIR`, or --feed embedded";
        match self {
            Self::NotInstalled { name, dir: _ } if name != super::DEFAULT_NAME => {
                format!("{update}; a directory is written with a slash: --feed ./{name}")
            }
            Self::NotInstalled { .. } => update.into(),
            Self::BadName(_) | Self::NotADirectory(_) => "--feed takes `embedded`, a directory or a name".into(),
            Self::NoHome(variable) => format!("set {variable} to an absolute directory"),
            Self::NotADatabase { .. } => "it must hold `crates/<package>/RUSTSEC-*.md`".into(),
            Self::Damaged { path, .. } | Self::NotAFeed(path) | Self::UnknownFormat(path) => {
                if let Some(name) = index_name(path) {
                    return format!("portcullis feed remove {name}, then fetch or import it again");
                }
                match shell::quote(&path.display().to_string()).filter(|_| is_installed(path)) {
                    Some(path) => format!("rm {path} && portcullis feed update"),
                    None => "give a file that `portcullis feed export` wrote, or a checkout of the database".into(),
                }
            }
            Self::WrongKey { .. } => {
                "portcullis feed import FILE --key KEY, with the key that its maker told you".into()
            }
            Self::NoKey(_) => "portcullis feed update, or set PORTCULLIS_FEED_KEY to the key's path".into(),
            Self::BadKey { .. } => "a public key is the line that `portcullis feed export` prints".into(),
            Self::Older { .. } => {
                "if the installed one is wrong, `portcullis feed remove NAME`, then fetch or import it again".into()
            }
            Self::TooMuchChange { digest, .. } | Self::NothingToCompare { digest, .. } => {
                format!("look at the changes, then run it again with --confirm-change {}", digest.hex())
            }
            Self::NoTimes { .. } | Self::FewerRecords { .. } => {
                "the old copy is kept; look at the source, or `portcullis feed remove NAME` and add it again".into()
            }
            Self::NameTaken { name, .. } => format!("another name with --name, or portcullis feed remove {name}"),
            Self::NoName(_) => "give it one with --name".into(),
            Self::BadEcosystem(_) => "npm, PyPI, Go, Maven, Debian, … or `all`; without a release: Alpine".into(),
            Self::BadSource { .. } => {
                "NAME=FORMAT:URL, as in rubysec=rubysec:git+https://example.com/db.git#gems".into()
            }
            Self::NotOneSource { .. } => "import its sources one by one".into(),
            Self::TwoSources(_) => "give each source a name of its own".into(),
            Self::TwoFeeds(_) => "name one of them".into(),
            Self::NotOfRustSec => "name the feed of RustSec, or a checkout of its database".into(),
            Self::NotAnArchive { .. } | Self::Git { .. } => {
                "the installed feed is kept; look at the address, or give another one with --from".into()
            }
            Self::NoGit => "install git, or leave out --git".into(),
            Self::TooMany { .. } | Self::Embedded(_) | Self::Internal(_) => String::new(),
            // The head is there and its file is not: a refresh writes both.
            Self::Sys(error) if error.fault == Fault::NotFound && is_installed(Path::new(&error.what)) => {
                "portcullis feed update".into()
            }
            Self::Sys(error) => match error.fault {
                Fault::NotFound | Fault::Denied => "look at the path and its permissions".into(),
                Fault::Status(_) | Fault::TimedOut { .. } => "the installed feed is kept; try again later".into(),
                Fault::Other(_) if error.op == "fetch" => "the installed feed is kept; try again later".into(),
                _ => String::new(),
            },
        }
    }

    /// 2 for what the user wrote, 4 for what could not be written, 3 for what could not be had.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::BadName(_)
            | Self::NotADirectory(_)
            | Self::NoHome(_)
            | Self::TwoSources(_)
            | Self::TwoFeeds(_)
            | Self::NameTaken { .. }
            | Self::NoName(_)
            | Self::BadEcosystem(_)
            | Self::BadSource { .. }
            | Self::NotOfRustSec => 2,
            Self::BadKey { kind: "public", .. } => 2,
            Self::Sys(e) if matches!(e.op, "write" | "create" | "write to" | "lock" | "remove") => 4,
            _ => 3,
        }
    }
}

/// The name of the index that an installation has in this file.
fn index_name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(".index").filter(|name| super::is_name(name))
}

/// Whether the file has a name that only an installation gives: `NAME.head`, or `NAME-` with 64 hex digits and `.feed`.
/// Nobody is told to remove any other file.
fn is_installed(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    match name.strip_suffix(".feed").and_then(|stem| stem.rsplit_once('-')) {
        Some((feed, digest)) => super::is_name(feed) && digest.len() == 64 && digest.parse::<Digest>().is_ok(),
        None => name.strip_suffix(".head").is_some_and(super::is_name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_of_an_installation_is_to_be_removed() {
        let digest = "a".repeat(64);
        for (path, removed) in [
            (format!("/c/feed/rustsec-{digest}.feed"), true),
            ("/c/feed/rustsec.head".to_owned(), true),
            ("/etc/passwd".to_owned(), false),
            ("rustsec-2026-11-22.feed".to_owned(), false),
            (format!("/c/feed/rustsec-{}.feed", "a".repeat(63)), false),
            (format!("/c/feed/rustsec-{digest}.toml"), false),
            ("/c/feed/Rustsec!.head".to_owned(), false),
        ] {
            let path = PathBuf::from(path);
            for error in [
                FeedError::NotAFeed(path.clone()),
                FeedError::UnknownFormat(path.clone()),
                FeedError::Damaged { path: path.clone(), what: "the index" },
            ] {
                assert_eq!(error.help().starts_with("rm "), removed, "{error}");
            }
        }
    }

    #[test]
    fn a_missing_file_of_an_installation_is_fetched_again_and_another_is_looked_for() {
        let missing = |what: String| FeedError::Sys(SysError { op: "open", what, fault: Fault::NotFound }).help();
        assert_eq!(missing(format!("/c/feed/rustsec-{}.feed", "a".repeat(64))), "portcullis feed update");
        assert_eq!(missing("/tmp/x.feed".into()), "look at the path and its permissions");
    }
}
