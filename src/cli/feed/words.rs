//! The lines that `portcullis feed …` prints: what it did, and what it refused.

use crate::feed::index::Watermark;
use crate::feed::{Change, FeedError, Installed, InstalledIndex, Removed};
use crate::model::{Digest, Timestamp};
use crate::text::count::plural;
use std::path::Path;

/// More ids of a change than this are counted, not listed.
const LISTED: usize = 20;

/// What became of RustSec's feed.
pub(super) fn installed(done: &Installed) -> String {
    let head = &done.head;
    let advisories = counted(head.advisories, "advisory");
    let first = format!("feed {}: {advisories}, newest {}, {}\n", line(&head.name), date(head.newest), head.content);
    first + &change(done.change.as_ref(), done.gaps)
}

/// What became of the index of another source.
pub(super) fn installed_index(done: &InstalledIndex) -> String {
    let left_out: Vec<String> = done.left_out.iter().map(|gap| format!("note: {}\n", line(&gap.why))).collect();
    let change = change(done.change.as_ref(), done.unreadable);
    format!("index {}\n{change}{}", state(&done.watermark), left_out.concat())
}

/// A source that has nothing new.
pub(super) fn unchanged(mark: &Watermark) -> String {
    format!("index {}\nnot changed at its source\n", state(mark))
}

/// What was taken away.
pub(super) fn removed(name: &str, removed: &Removed) -> String {
    let kind = if removed.is_index { "index" } else { "feed" };
    let files: Vec<String> = removed.files.iter().map(|file| format!("  {}\n", shown(file))).collect();
    format!("removed {kind} {}\n{}", line(name), files.concat())
}

/// What `verify` says of a feed or an index that is whole.
pub(super) fn whole(kind: &str, name: &str, count: u64, noun: &str, digest: &Digest) -> String {
    format!("{kind} {} is whole: {}, {digest}\n", line(name), counted(count, noun))
}

fn state(mark: &Watermark) -> String {
    let records = counted(mark.records, "record");
    format!("{}: {records}, newest {}, {}", line(&mark.source), date(mark.newest), mark.content)
}

fn change(change: Option<&Change>, unreadable: usize) -> String {
    let mut out = match change {
        Some(change) => counts(change),
        None => "installed for the first time\n".to_owned(),
    };
    if unreadable > 0 {
        let records = plural(unreadable, "record");
        out.push_str(&format!("note: {records} could not be read; every check with this feed says so\n"));
    }
    out
}

/// As [`plural`] says it, without groups in the number: other programs read this.
pub(super) fn counted(count: u64, noun: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), noun).replace(',', "")
}

fn counts(change: &Change) -> String {
    format!(
        "{} added, {} changed, {} withdrawn, {} removed\n",
        change.added.len(),
        change.changed.len(),
        change.withdrawn.len(),
        change.removed.len()
    )
}

/// Why something was not done; `of` says to which of several feeds it belongs.
pub(super) fn refusal(of: Option<&str>, error: &FeedError, help: &str) -> String {
    let of = of.map_or_else(String::new, |name| format!("{}: ", line(name)));
    let mut out = format!("error: {of}{}\n", line(&error.to_string()));
    if let FeedError::TooMuchChange { change, .. } = error {
        out.push_str(&format!("  {}", counts(change)));
        for (what, ids) in
            [("removed", &change.removed), ("withdrawn", &change.withdrawn), ("changed", &change.changed)]
        {
            if ids.is_empty() {
                continue;
            }
            let listed: Vec<String> = ids.iter().take(LISTED).map(|id| line(id)).collect();
            let more = ids.len().saturating_sub(LISTED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            out.push_str(&format!("  {what}: {}{rest}\n", listed.join(", ")));
        }
    }
    if !help.is_empty() {
        out.push_str(&format!("help: {}\n", line(help)));
    }
    out
}

pub(super) fn date(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "not known".into(), Timestamp::date)
}

pub(super) fn shown(path: &Path) -> String {
    line(&path.display().to_string())
}

/// Text from outside on one line, without what could steer a terminal: control characters and those that turn the
/// direction of writing.
pub(super) fn line(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_steer_the_terminal() {
        let error = FeedError::Git { what: "fetch the database", why: "\u{1b}[2Jgone\u{202e}\nok".into() };
        for of in [None, Some("a\u{1b}\nb")] {
            let text = refusal(of, &error, &error.help());
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
            assert_eq!(text.lines().count(), 2);
        }
    }

    #[test]
    fn one_advisory_is_one() {
        assert_eq!(
            (counted(1, "advisory"), counted(1_225, "advisory")),
            ("1 advisory".into(), "1225 advisories".into())
        );
    }
}
