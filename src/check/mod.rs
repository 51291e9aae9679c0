//! From facts to findings, one file per check. A check looks at one lockfile and a feed, and decides nothing.

mod address;
mod advisory;
mod built;
mod checksum;
mod hosts;
mod lines;
mod lookalike;
mod other_package;
mod paths;
mod plain;
mod problem;
mod records;
mod say;
mod toolchain;
mod twins;
mod unfixed;
mod unhashed;
mod vendored;
mod yanked;

pub use advisory::{fix, severity_of};
pub use built::built;
pub use paths::Paths;
pub use toolchain::{TOOLCHAIN_PARTS, toolchains};
pub use twins::twins;
pub use vendored::vendored;

use crate::feed::{Catalogue, FeedError, Published, PublishedMap};
use crate::model::{Component, Digest, Ecosystem, Finding, Gap, Inventory, Location, Partial, Source};
use lines::Lines;
use std::sync::OnceLock;

/// What `--online` brought, by name and version.
pub type Online = PublishedMap;

/// Everything that a check may look at.
pub struct Facts<'a> {
    /// The components of one lockfile.
    pub inventory: &'a Inventory,
    /// The digest of that file.
    pub digest: Digest,
    /// The advisory data.
    pub catalogue: &'a Catalogue,
    /// What the registry answered, where it was asked.
    pub online: Option<&'a Online>,
    paths: OnceLock<Paths>,
    lines: OnceLock<Lines>,
}

/// One question asked of the facts.
pub trait Check: Sync {
    /// Its name, for the gap that stands in for it when it breaks.
    fn name(&self) -> &'static str;
    /// The findings and what could not be looked at.
    fn run(&self, facts: &Facts<'_>) -> Partial<Vec<Finding>>;
}

/// Every check, in the order in which they run.
pub const ALL: &[&dyn Check] = &[
    &advisory::Advisories,
    &yanked::YankedVersions,
    &checksum::Checksums,
    &unfixed::Unfixed,
    &plain::Plain,
    &unhashed::Unhashed,
    &other_package::OtherPackage,
    &hosts::Hosts,
    &lookalike::Lookalikes,
];

/// A finding shows at most this many lines of its file.
const EXCERPT_LINES: usize = 3;
/// A line of a hostile file can be long; more characters than this are not shown.
const EXCERPT_CHARS: usize = 200;

impl<'a> Facts<'a> {
    /// Facts on one lockfile.
    pub fn new(inventory: &'a Inventory, digest: Digest, catalogue: &'a Catalogue, online: Option<&'a Online>) -> Self {
        Self { inventory, digest, catalogue, online, paths: OnceLock::new(), lines: OnceLock::new() }
    }

    /// The ways from the first-party packages, computed when the first finding asks.
    pub fn paths(&self) -> &Paths {
        self.paths.get_or_init(|| Paths::of(self.inventory))
    }

    /// What the registry says of a version: the answer to `--online`, else what travels in the feed; none where
    /// neither knows.
    fn published(&self, name: &str, version: &str) -> Result<Option<Published>, FeedError> {
        match self.online {
            Some(online) => Ok(online.get(&(name.to_owned(), version.to_owned())).cloned()),
            None => self.catalogue.feed.as_ref().map_or(Ok(None), |feed| feed.published(name, version)),
        }
    }

    /// The crates of the default registry, each with its place in the inventory. Only its registry speaks of them;
    /// `not-covered` names the others.
    fn crates(&self) -> impl Iterator<Item = (usize, &'a Component)> + use<'a> {
        let all = self.inventory.components.iter().enumerate();
        all.filter(|(_, c)| c.source == Source::Default && c.ecosystem == Ecosystem::Cargo)
    }

    /// A place in this lockfile.
    fn location(&self, line: u32, column: u32) -> Location {
        Location { path: self.inventory.path.clone(), line, column }
    }

    /// The lines of an entry from `line` (1-based) up to the next blank one, at most [`EXCERPT_LINES`].
    fn excerpt(&self, line: u32) -> Vec<String> {
        let text: &str = &self.inventory.text;
        let start = self.lines.get_or_init(|| Lines::of(text)).start(text, line);
        let Some(rest) = start.and_then(|at| text.get(at..)) else { return Vec::new() };
        let lines = rest.lines().take_while(|l| !l.trim().is_empty()).take(EXCERPT_LINES);
        lines.map(|l| l.chars().take(EXCERPT_CHARS).collect()).collect()
    }
}

/// Runs every check. One that panics becomes a gap: the others still count.
pub fn run_all(facts: &Facts<'_>) -> Partial<Vec<Finding>> {
    run(ALL, facts)
}

fn run(checks: &[&dyn Check], facts: &Facts<'_>) -> Partial<Vec<Finding>> {
    use crate::model::{GapKind, Stage};
    let mut all = Partial::whole(Vec::new());
    for check in checks {
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check.run(facts)));
        match ran {
            Ok(part) => all.value.extend(part.take(&mut all.gaps)),
            Err(_) => all.gaps.push(
                Gap::new(
                    GapKind::Internal,
                    Stage::Check,
                    check.name(),
                    "the check broke; this is a fault of Portcullis",
                )
                .with_path(facts.inventory.path.clone())
                .with_help("report it with the lockfile that causes it"),
            ),
        }
    }
    all
}
