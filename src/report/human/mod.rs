//! The report for people: what blocks in full, what does not in short, and the answer last, where the eye ends up.

mod findings;
mod gaps;
mod page;

use super::{Style, words};
use crate::model::{Outcome, RecordState, Recorded, Verdict};
use page::{Ink, Page, Part, span};

/// Renders the report.
pub(super) fn render(verdict: &Verdict, recorded: &Recorded, style: &Style) -> String {
    let mut page = Page::new(style.color, style.width);
    if !style.quiet {
        findings::write(&mut page, verdict, style);
        gaps::write(&mut page, verdict, style);
        notes(&mut page, verdict);
    }
    answer(&mut page, verdict, recorded);
    if !style.quiet {
        summary(&mut page, verdict, recorded, style);
    } else if !matches!(recorded.state, RecordState::Signed(_)) || !recorded.meets_policy {
        // A missing record is never kept quiet.
        fact(&mut page, "record", &words::record_short(recorded));
    }
    page.finish()
}

/// Plain lines, each wrapped as the report is where it is wider than the terminal. A line keeps its indent, and what
/// follows it hangs below.
pub fn wrap(text: &str, width: u16) -> String {
    let mut page = Page::new(false, width);
    for line in text.lines() {
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len(); // blanks of one byte
        let lead = |word: &str| [span(Ink::Plain, &format!("{:indent$}{word}", ""))];
        if line.chars().count() <= page.width() {
            page.line(&[span(Ink::Plain, line)]);
        } else if let Some(what) = body.strip_prefix("help: ") {
            page.wrapped(&lead("help: "), indent + 6, &[advice(what)]);
        } else {
            page.wrapped(&lead(""), indent + 4, &[Part::prose(body)]);
        }
    }
    page.finish()
}

fn notes(page: &mut Page, verdict: &Verdict) {
    for note in &verdict.notes {
        page.wrapped(&[span(Ink::Note, "note"), span(Ink::Strong, ": ")], 4, &[Part::strong(&note.what)]);
        if !note.help.is_empty() {
            help(page, &[advice(&note.help)]);
        }
        page.blank();
    }
}

fn help(page: &mut Page, parts: &[Part]) {
    page.wrapped(&[span(Ink::Good, "help"), span(Ink::Plain, ": ")], 6, parts);
}

/// What to do: a command stays whole, so that it can be copied; prose does not.
fn advice(text: &str) -> Part {
    const PROGRAMS: [&str; 9] = ["cargo", "git", "portcullis", "rustup", "rm", "mv", "chmod", "npm", "export"];
    let first = text.split(' ').next().unwrap_or_default();
    let is_command = PROGRAMS.contains(&first) || text.contains(" && ");
    if is_command { Part::whole(text) } else { Part::prose(text) }
}

fn answer(page: &mut Page, verdict: &Verdict, recorded: &Recorded) {
    let ink = match verdict.outcome() {
        Outcome::Passed => Ink::Good,
        Outcome::Incomplete => Ink::Warning,
        Outcome::Failed => Ink::Error,
    };
    let line = words::verdict_line(verdict);
    let (word, rest) = line.split_once(':').unwrap_or((&line, ""));
    if let Some(missing) = words::missing(recorded) {
        let code = recorded.exit_code(verdict.outcome());
        let rest = format!(" exit code {code}, whatever the verdict");
        page.line(&[span(Ink::Error, missing), span(Ink::Strong, ":"), span(Ink::Strong, &rest)]);
    }
    // Never wrapped: other programs look for this line.
    page.line(&[span(ink, word), span(Ink::Strong, ":"), span(Ink::Strong, rest)]);
}

fn summary(page: &mut Page, verdict: &Verdict, recorded: &Recorded, style: &Style) {
    let mut rows = vec![("judged", judged(verdict))];
    let (findings, gaps) = (words::findings(verdict), words::gaps(verdict));
    let beside: Vec<String> = [(findings.reported, "finding"), (gaps.reported, "gap")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| words::plural(count, noun))
        .collect();
    if !beside.is_empty() {
        rows.push(("reported", beside.join(", ")));
    }
    let covered: Vec<String> =
        [(findings.waived, "finding waived", "findings waived"), (gaps.waived, "gap accepted", "gaps accepted")]
            .into_iter()
            .filter(|(count, _, _)| *count > 0)
            .map(|(count, one, more)| format!("{} {}", words::number(count), if count == 1 { one } else { more }))
            .collect();
    if !covered.is_empty() {
        rows.push(("covered", covered.join(", ")));
    }
    rows.extend(words::feeds(verdict).into_iter().map(|line| ("feed", line)));
    rows.push(("policy", words::policy(verdict)));
    if let Some(base) = &verdict.base {
        rows.push(("base", words::short(base)));
    }
    rows.push(("record", if style.verbose { words::record(recorded) } else { words::record_short(recorded) }));
    for (key, text) in rows {
        fact(page, key, &text);
    }
}

fn fact(page: &mut Page, key: &str, text: &str) {
    page.wrapped(&[span(Ink::Faint, &format!("  {key:<9} "))], 12, &[Part::prose(text)]);
}

/// What was looked at: `2 lockfiles, 312 components; 1 file excluded`.
fn judged(verdict: &Verdict) -> String {
    let components = verdict.inventories.iter().map(|inventory| inventory.components.len()).sum();
    let seen =
        format!("{}, {}", words::plural(verdict.inventories.len(), "lockfile"), words::plural(components, "component"));
    let rows = verdict.ledger.rows();
    let left: Vec<String> = ["failed", "unsupported", "excluded"]
        .into_iter()
        .map(|state| (rows.iter().filter(|row| row.state.as_str() == state).count(), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{} {state}", words::plural(count, "file")))
        .collect();
    if left.is_empty() { seen } else { format!("{seen}; {}", left.join(", ")) }
}
