//! `portcullis explain`: what an advisory or rule is, what it matches here by which comparison, and who decided.

use super::args::ExplainArgs;
use super::{Exit, check, output};
use crate::feed;
use crate::gate;
use crate::model::{
    Advisory, Collection, Component, Evidence, GapKind, JudgedFinding, JudgedGap, Kind, Rating, Record, RuleInfo,
    Ruling, Source, Stage, Verdict,
};
use crate::rule;
use crate::sys::{Stream, Sys};
use crate::text::neutral;
use crate::version::range::EventKind;
use semver::Version;
use std::fmt::Write as _;

/// A record's text can be long; more lines than this are cut, and the cut is said.
const MAX_TEXT_LINES: usize = 40;
/// Columns of the line below a heading; with its indent that is a terminal's usual width.
const MAX_UNDERLINE: usize = 78;

pub(super) fn run(sys: &dyn Sys, args: &ExplainArgs) -> Exit {
    if let Some(info) = rule::all().iter().find(|r| r.id.0.eq_ignore_ascii_case(&args.id) || r.slug == args.id) {
        return Exit::of_writing(&sys.print(Stream::Out, of_rule(info).as_bytes()));
    }
    if args.id.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("PC-")) {
        let ids: Vec<String> = rule::all().iter().map(|r| r.id.to_string()).collect();
        output::complain(sys, &format!("there is no rule {}", args.id), &format!("the rules are {}", ids.join(", ")));
        return Exit::No;
    }
    let (records, others) = match find(sys, args) {
        Ok(found) => found,
        Err((why, help)) => {
            output::complain(sys, &why, &help);
            return Exit::CannotTell;
        }
    };
    if records.is_empty() && others.is_empty() {
        let why = format!("no feed knows an advisory with the id or alias {}", args.id);
        output::complain(sys, &why, "portcullis feed status says which feed this is, and how old");
        return Exit::No;
    }
    let verdict = match gate::run(sys, &check::request(&args.targets, &args.judge)) {
        Ok(verdict) => verdict,
        Err(e) => return check::refuse(sys, &e),
    };
    let mut text: Vec<String> = records.iter().map(|record| of_advisory(record, &verdict)).collect();
    text.extend(others.iter().map(|(source, record)| of_record(source, record, &verdict)));
    let written = Exit::of_writing(&sys.print(Stream::Out, text.join("\n").as_bytes()));
    let mut answer = Exit::Yes;
    for judged in hiding(&verdict) {
        let gap = &judged.gap;
        output::complain(sys, &format!("{}: {}", gap.what, gap.why), &gap.help);
        answer = Exit::CannotTell;
    }
    answer.worse(written)
}

/// The gaps behind which the package may be. That there is nothing to judge hides nothing.
fn hiding(verdict: &Verdict) -> impl Iterator<Item = &JudgedGap> {
    verdict.gaps.iter().filter(|judged| {
        judged.ruling == Ruling::Blocks
            && judged.gap.kind != GapKind::NothingToJudge
            && matches!(judged.gap.stage, Stage::Collect | Stage::Inventory)
    })
}

/// What RustSec's own feed has, and what the other sources have, each with its name.
type Found = (Vec<Advisory>, Vec<(String, Record)>);

fn find(sys: &dyn Sys, args: &ExplainArgs) -> Result<Found, (String, String)> {
    let explain = |e: feed::FeedError| (e.to_string(), e.help());
    let catalogue = feed::open_to_ask(sys, &args.judge.feed).map_err(explain)?;
    let own = catalogue.feed.as_ref().map_or_else(|| Ok(Vec::new()), |feed| feed.find(&args.id)).map_err(explain)?;
    Ok((own, catalogue.find(&args.id).map_err(explain)?))
}

fn of_rule(info: &RuleInfo) -> String {
    let mut out =
        format!("{}  {}\n{}\n\n{}\n\n{}\n", info.id, info.slug, info.title, info.why.trim(), info.help.trim());
    let _ = writeln!(out, "\nseverity {}, class {}", info.severity, info.class); // writing to a String cannot fail
    for reference in &info.references {
        let _ = writeln!(out, "see {reference}"); // writing to a String cannot fail
    }
    out
}

/// Everything on one advisory, as text whose untrusted parts are neutral.
pub(super) fn of_advisory(record: &Advisory, verdict: &Verdict) -> String {
    let mut out = Lines::default();
    out.line(0, &format!("{}: {}", record.id, record.title));
    let kind = word(record.kind);
    let package = match record.collection {
        Collection::Crates => format!("crate {}", record.package),
        Collection::Rust => format!("{} of the Rust toolchain", record.package),
    };
    out.line(2, &format!("{kind} in the {package}, published {}", record.date.date()));
    if let Some(withdrawn) = record.withdrawn {
        out.line(2, &format!("withdrawn on {}: it matches nothing", withdrawn.date()));
    }
    out.list("aliases", &record.aliases);
    out.list("related", &record.related);
    out.list("categories", &record.categories);
    match &record.cvss {
        Some(vector) => {
            let score =
                vector.parse::<cvss::Cvss>().map(|c| format!(" (base score {:.1})", c.score())).unwrap_or_default();
            out.line(2, &format!("cvss: {vector}{score}"));
        }
        None if record.kind == Kind::Vulnerability && record.withdrawn.is_none() => {
            out.line(2, "cvss: none in the record; a vulnerability without one is assumed to be high");
        }
        None => out.line(2, "cvss: none in the record"),
    }
    let affected: Vec<String> = record.ranges.affected.iter().map(ToString::to_string).collect();
    out.line_of("affected versions", &affected.join(" or "));
    out.list("patched", &record.ranges.patched);
    out.list("unaffected", &record.ranges.unaffected);
    let functions: Vec<String> = record.affects.functions.iter().map(|(f, _)| f.clone()).collect();
    out.list("affected functions", &functions);
    out.list("affected architectures", &record.affects.arch);
    out.list("affected operating systems", &record.affects.os);
    out.list("see", &record.url.iter().chain(&record.references).cloned().collect::<Vec<_>>());
    out.description(&record.description);
    out.blank();
    here(&mut out, record, verdict);
    out.text
}

/// Everything on one record of another source.
fn of_record(source: &str, record: &Record, verdict: &Verdict) -> String {
    let mut out = Lines::default();
    out.line(0, &[record.id.as_str(), record.title.as_str()].join(if record.title.is_empty() { "" } else { ": " }));
    let published = record.published.map(|time| format!(", published {}", time.date())).unwrap_or_default();
    out.line(2, &format!("{} of the source {source}{published}", word(record.kind)));
    if let Some(withdrawn) = record.withdrawn {
        out.line(2, &format!("withdrawn on {}: it matches nothing", withdrawn.date()));
    }
    out.list("aliases", &record.aliases);
    out.list("related", &record.related);
    let rating = |rating: &Rating| match rating.scheme.as_str() {
        Rating::WORD => format!("«{}»", rating.value),
        _ => match rating.value.parse::<cvss::Cvss>() {
            Ok(vector) => format!("{} (base score {:.1})", rating.value, vector.score()),
            Err(_) => rating.value.clone(),
        },
    };
    out.list("rated", &record.ratings.iter().map(rating).collect::<Vec<_>>());
    for affected in &record.affected {
        out.line(2, &format!("affects {} of {}", affected.package, affected.ecosystem));
        for events in &affected.ranges {
            let events: Vec<String> =
                events.iter().map(|event| format!("{} {}", event_word(event.kind), event.version)).collect();
            out.line(4, &events.join(", "));
        }
        if !affected.versions.is_empty() {
            out.line(4, &format!("and {} listed versions", affected.versions.len()));
        }
    }
    out.list("see", &record.references);
    out.description(&record.description);
    out.blank();
    out.line(0, "here:");
    let says = |judged: &&JudgedFinding| {
        judged.finding.advisory.as_deref() == Some(record.id.as_str())
            || judged.finding.evidence.iter().any(|evidence| {
                matches!(evidence, Evidence::Sources(says) if says.iter().any(|s| s.source == source && s.id == record.id))
            })
    };
    let mut any = false;
    for judged in verdict.findings.iter().filter(says) {
        any = true;
        matched(&mut out, judged);
    }
    if !any {
        let all_read = hiding(verdict).next().is_none();
        let which = if all_read { "nothing here" } else { "nothing here that could be read" };
        out.line(2, &format!("{which} is called affected by it"));
    }
    out.text
}

fn event_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Introduced => "introduced",
        EventKind::Fixed => "fixed",
        EventKind::LastAffected => "last affected",
        EventKind::Limit => "limit",
        EventKind::Above => "above",
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Vulnerability => "vulnerability",
        Kind::Malicious => "malicious package",
        Kind::Unsound => "unsoundness",
        Kind::Unmaintained => "unmaintained package",
        Kind::Notice => "notice",
    }
}

/// What the advisory means for the judged targets.
fn here(out: &mut Lines, record: &Advisory, verdict: &Verdict) {
    out.line(0, "here:");
    let mut any = false;
    let judged = verdict.findings.iter().filter(|j| j.finding.advisory.as_deref() == Some(record.id.as_str()));
    for judged in judged {
        any = true;
        matched(out, judged);
    }
    if record.collection == Collection::Crates {
        for inventory in &verdict.inventories {
            let named = inventory.components.iter().filter(|c| *c.name == *record.package);
            for component in named {
                if let Some(why) = not_matched(record, component) {
                    any = true;
                    let place = format!("{}:{}:{}", inventory.path, component.line, component.column);
                    out.line(2, &format!("{} at {place} does not match: {why}", component.label()));
                }
            }
        }
    }
    if !any {
        let all_read = hiding(verdict).next().is_none();
        let which = if all_read { "no lockfile here" } else { "no lockfile here that could be read" };
        out.line(2, &format!("{which} has the package {}", record.package));
    }
}

fn matched(out: &mut Lines, judged: &JudgedFinding) {
    let finding = &judged.finding;
    let label = finding.component.as_ref().map(Component::label).unwrap_or_default();
    out.line(2, &format!("{label} at {} matches", finding.location));
    for evidence in &finding.evidence {
        match evidence {
            Evidence::Range { interval, version } => out.line(4, &format!("{version} lies in {interval}")),
            Evidence::ReachedThrough(way) => out.line(4, &format!("reached through {}", way.join(" -> "))),
            // The record's own limits stand above, and digests belong to another rule.
            Evidence::Sources(says) => {
                for said in says {
                    let fixed = said.fixed.as_ref().map(|f| format!(", fixed in {f}")).unwrap_or_default();
                    out.line(
                        4,
                        &format!("{} says with {}: {}{fixed}", said.source, said.id, said.says.replace('-', " ")),
                    );
                }
            }
            Evidence::Functions(_) | Evidence::Arch(_) | Evidence::Os(_) | Evidence::Digests { .. } => {}
        }
    }
    let ruling = match &judged.ruling {
        Ruling::Blocks => "blocks".to_owned(),
        Ruling::Reported => "is reported and does not block".to_owned(),
        Ruling::Waived { by, expires } => format!("is waived by {by} until {}", expires.date()),
    };
    out.line(4, &format!("severity {} ({}): it {ruling}", finding.severity, finding.basis));
    out.line(4, &format!("decided by {}", judged.decided_by));
}

/// Why a component of the same name is not affected; none when it is.
fn not_matched(record: &Advisory, component: &Component) -> Option<String> {
    if component.source != Source::Default {
        let what = component.comes_from();
        return Some(format!("it comes from {what}, and the advisory speaks of the default registry"));
    }
    let version = match Version::parse(&component.version) {
        Ok(version) => version,
        Err(e) => return Some(format!("its version cannot be compared ({e}); this is a gap")),
    };
    if record.withdrawn.is_some() {
        return Some("the advisory is withdrawn".into());
    }
    if record.ranges.matching(&version).is_some() {
        return None;
    }
    let affected: Vec<String> = record.ranges.affected.iter().map(ToString::to_string).collect();
    Some(format!("{version} lies outside {}", affected.join(" or ")))
}

/// The title of a Markdown heading (CommonMark, section 4.2). A terminal shows it by a line below.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let is_heading = (1..=6).contains(&(line.len() - title.len())) && title.starts_with(' ');
    is_heading.then(|| title.trim().trim_end_matches('#').trim_end()).filter(|title| !title.is_empty())
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.text, "{:indent$}{}", "", neutral::line(text)); // writing to a String cannot fail
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn list(&mut self, name: &str, items: &[String]) {
        self.line_of(name, &items.join(", "));
    }

    fn line_of(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.line(2, &format!("{name}: {text}"));
        }
    }

    fn description(&mut self, text: &str) {
        let lines: Vec<&str> = text.trim().lines().collect();
        if lines.iter().all(|l| l.trim().is_empty()) {
            return;
        }
        self.blank();
        let mut in_code = false;
        for line in lines.iter().take(MAX_TEXT_LINES) {
            in_code ^= line.trim_start().starts_with("```");
            match heading(line).filter(|_| !in_code) {
                Some(title) => {
                    self.line(2, title);
                    self.line(2, &"-".repeat(neutral::line(title).chars().count().min(MAX_UNDERLINE)));
                }
                None => self.line(2, line),
            }
        }
        if lines.len() > MAX_TEXT_LINES {
            self.line(2, &format!("({} more lines)", lines.len() - MAX_TEXT_LINES));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_underlined_and_comments_in_code_are_not() {
        let mut out = Lines::default();
        out.description("## Impact ##\ntext\n```sh\n# a comment\n```\n#[derive]\n# Last");
        let expected = "\n  Impact\n  ------\n  text\n  ```sh\n  # a comment\n  ```\n  #[derive]\n  Last\n  ----\n";
        assert_eq!(out.text, expected);
    }
}
