//! Plain values that the whole road is built on. Nothing here reads the world, judges or prints.

mod advisory;
mod component;
mod digest;
mod ecosystem;
mod finding;
mod gap;
mod ledger;
mod location;
mod origin;
mod record;
mod recorded;
mod severity;
mod time;
mod verdict;
mod version_range;

pub use advisory::{Advisory, Affects, Collection, FeedInfo, FeedKind, Kind};
pub use component::{Component, Count, Inventory, LeftOut, Scope, Source};
pub use digest::Digest;
pub use ecosystem::Ecosystem;
pub use finding::{Class, Evidence, Finding, Fingerprint, Fix, RuleId, RuleInfo, SourceSays};
pub use gap::{Gap, GapKind, Partial, Stage};
pub use ledger::{Ledger, LedgerRow, RowState};
pub use location::{Location, TreePath};
pub use origin::{Origin, Piece};
pub use record::{AffectedPackage, Rating, Record, VersionEvent};
pub use recorded::{RecordState, Recorded, SignedRecord};
pub use severity::{Severity, SeverityBasis};
pub use time::{Days, Seconds, TimeError, Timestamp};
pub use verdict::{Axis, JudgedFinding, JudgedGap, Note, Outcome, PolicyInfo, Ruling, Tool, Verdict};
pub use version_range::{Interval, VersionRanges};
