//! What `portcullis feed status` prints, for people and as JSON. It asks nothing itself.

use super::words::{date, line, shown};
use crate::feed::{IndexStatus, Status};
use crate::model::Timestamp;
use serde_json::{Value, json};

/// Names and values, one on each line.
type Rows = Vec<(&'static str, String)>;

/// Everything that is installed and can be read.
#[derive(Default)]
pub(super) struct Installed {
    /// RustSec's own feed, under its usual name.
    pub(super) feed: Option<Status>,
    /// Feeds of RustSec under other names.
    pub(super) feeds: Vec<Status>,
    /// Indexes of other sources.
    pub(super) indexes: Vec<IndexStatus>,
}

/// One block of lines for each.
pub(super) fn text(installed: &Installed) -> String {
    let first = match &installed.feed {
        Some(status) => of_feed(status),
        None => vec![("name", crate::feed::DEFAULT_NAME.to_owned()), ("kind", "not installed".to_owned())],
    };
    let feeds = installed.feeds.iter().map(of_feed);
    let blocks = std::iter::once(first).chain(feeds).chain(installed.indexes.iter().map(of_index));
    blocks.map(|rows| lines(&rows)).collect::<Vec<_>>().join("\n")
}

/// One feed.
pub(super) fn feed_text(status: &Status) -> String {
    lines(&of_feed(status))
}

/// One index.
pub(super) fn index_text(status: &IndexStatus) -> String {
    lines(&of_index(status))
}

/// The object of RustSec's own feed, and beside its keys the others as `feeds` and the indexes as `indexes`.
pub(super) fn json(installed: &Installed) -> String {
    let mut value = match &installed.feed {
        Some(status) => feed_value(status),
        None => json!({ "schema": 1, "name": crate::feed::DEFAULT_NAME, "kind": null }),
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("feeds".to_owned(), installed.feeds.iter().map(feed_value).collect());
        object.insert("indexes".to_owned(), installed.indexes.iter().map(index_value).collect());
    }
    format!("{value:#}\n")
}

/// The object of one feed.
pub(super) fn feed_json(status: &Status) -> String {
    format!("{:#}\n", feed_value(status))
}

/// The object of one index.
pub(super) fn index_json(status: &IndexStatus) -> String {
    format!("{:#}\n", index_value(status))
}

fn lines(rows: &Rows) -> String {
    rows.iter().map(|(name, value)| format!("{name:<11}{value}\n")).collect()
}

fn of_feed(status: &Status) -> Rows {
    let head = &status.head;
    vec![
        ("name", line(&head.name)),
        ("kind", "installed".into()),
        ("advisories", head.advisories.to_string()),
        ("unreadable", status.gaps.to_string()),
        ("newest", date(head.newest)),
        ("refreshed", format!("{} ({} ago)", head.refreshed, status.age)),
        ("commit", head.commit.as_deref().map_or_else(|| "not known".into(), line)),
        ("registry", head.facts.map_or_else(|| "no facts".into(), |t| format!("facts of {t}"))),
        ("digest", head.content.to_string()),
        ("file", format!("{} ({})", shown(&status.path), status.size)),
        ("key", status.key.to_string()),
    ]
}

fn of_index(status: &IndexStatus) -> Rows {
    let mark = &status.watermark;
    vec![
        ("name", line(&mark.source)),
        ("kind", "index".into()),
        ("format", mark.format.as_str().into()),
        ("records", mark.records.to_string()),
        ("gaps", status.gaps.to_string()),
        ("newest", date(mark.newest)),
        ("refreshed", format!("{} ({} ago)", mark.refreshed, status.age)),
        ("state", mark.mark.as_deref().map_or_else(|| "not known".into(), line)),
        ("ecosystems", line(&status.ecosystems.join(", "))),
        ("digest", mark.content.to_string()),
        ("file", format!("{} ({})", shown(&status.path), status.size)),
        ("key", status.key.to_string()),
    ]
}

fn feed_value(status: &Status) -> Value {
    let head = &status.head;
    json!({
        "schema": 1,
        "name": head.name,
        "kind": "installed",
        "advisories": head.advisories,
        "unreadable": status.gaps,
        "newest": head.newest.map(Timestamp::date),
        "refreshed": head.refreshed.to_string(),
        "age_seconds": status.age.0,
        "commit": head.commit,
        "facts": head.facts.map(|t| t.to_string()),
        "digest": head.content.to_string(),
        "file": status.path.display().to_string(),
        "file_digest": head.file.to_string(),
        "size": status.size.0,
        "key": status.key.to_string(),
    })
}

fn index_value(status: &IndexStatus) -> Value {
    let mark = &status.watermark;
    json!({
        "schema": 1,
        "name": mark.source,
        "kind": "index",
        "format": mark.format.as_str(),
        "records": mark.records,
        "gaps": status.gaps,
        "newest": mark.newest.map(Timestamp::date),
        "refreshed": mark.refreshed.to_string(),
        "age_seconds": status.age.0,
        "state": mark.mark,
        "ecosystems": status.ecosystems,
        "digest": mark.content.to_string(),
        "file": status.path.display().to_string(),
        "file_digest": status.file.to_string(),
        "size": status.size.0,
        "key": status.key.to_string(),
    })
}
