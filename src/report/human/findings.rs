//! Findings for people: blocks with source lines for what blocks, one line each for the rest.

use super::page::{Ink, Page, Part, Span, span, table};
use super::{Style, help, words};
use crate::model::{
    Axis, Class, Component, Evidence, Finding, JudgedFinding, Location, Ruling, Scope, Severity, SourceSays, Timestamp,
    Verdict,
};
use crate::report::group::{Group, Remedy, groups};
use crate::text::neutral;
use std::collections::{BTreeMap, BTreeSet};

/// From this many blocks on, the source lines are left out: nobody reads them all. `--verbose` shows them.
const MANY_BLOCKS: usize = 13;
/// Source lines shown of one finding: header, name, version and one more.
const MAX_SOURCE_LINES: usize = 4;
/// Further places of the same package that are named.
const MAX_PLACES: usize = 3;
/// Commands of one group that are shown.
const MAX_COMMANDS: usize = 3;

/// Writes all findings.
pub(super) fn write(page: &mut Page, verdict: &Verdict, style: &Style) {
    let blocks = groups(words::blocking(verdict));
    let brief = blocks.len() >= MANY_BLOCKS && !style.verbose;
    for group in &blocks {
        block(page, verdict, group, brief, style.verbose);
        page.blank();
    }
    reported(page, verdict, style);
    waived(page, verdict);
}

fn block(page: &mut Page, verdict: &Verdict, group: &Group<'_>, brief: bool, verbose: bool) {
    let finding = &group.first.finding;
    let problems = group.problems();
    let level = format!("error[{}]", words::slug(verdict, finding.rule));
    let mut parts = vec![Part::strong(&group.headline())];
    if problems.len() == 1 {
        parts.push(Part::whole(&format!("({})", words::severity(finding))));
    }
    page.wrapped(&[span(Ink::Error, &level), span(Ink::Strong, ": ")], 4, &parts);
    let excerpt = if brief { &[] } else { finding.excerpt.as_slice() };
    let mut facts = Facts { gutter: source(page, &finding.location, excerpt, matched(group)), page };
    if problems.len() == 1 {
        facts.alone(finding, &group.headline(), verbose);
    } else {
        facts.several(verdict, &problems, verbose);
    }
    facts.shared(group, verbose);
    remedy(page, verdict, group);
}

/// The place and the source lines with their numbers; gives the width of the gutter.
fn source(page: &mut Page, place: &Location, excerpt: &[String], matched: Option<String>) -> usize {
    let version = excerpt.iter().position(|line| line.trim_start().starts_with("version"));
    let count = version.map_or(excerpt.len(), |at| at + 1).min(MAX_SOURCE_LINES);
    let last = u64::from(place.line) + u64::try_from(count).unwrap_or(0);
    let gutter = if count == 0 { 2 } else { last.saturating_sub(1).to_string().len().max(2) };
    page.line(&[span(Ink::Frame, &format!("{:gutter$}--> ", "")), span(Ink::Plain, &place.to_string())]);
    if count == 0 {
        return gutter;
    }
    let bar = format!("{:gutter$} |", "");
    page.line(&[span(Ink::Frame, &bar)]);
    for (line, number) in excerpt.iter().take(count).zip(u64::from(place.line)..) {
        // The numbers have no end, so no line is lost.
        page.line(&[span(Ink::Frame, &format!("{number:>gutter$} | ")), span(Ink::Plain, &clipped(line))]);
    }
    let compared = version.filter(|at| *at + 1 == count).and_then(|at| excerpt.get(at));
    if let (Some(line), Some(matched)) = (compared, matched) {
        let line = clipped(line);
        let indent = line.chars().take_while(|c| *c == ' ').count();
        let marks = "^".repeat(line.trim().chars().count());
        let lead = format!("{bar} {:indent$}", "");
        page.line(&[span(Ink::Frame, &lead), span(Ink::Error, &format!("{marks} {matched}"))]);
    }
    page.line(&[span(Ink::Frame, &bar)]);
    gutter
}

/// A source line of at most 72 characters: enough to recognise it, and the file has the rest.
fn clipped(line: &str) -> String {
    let line = neutral::line(line);
    if line.chars().count() <= 72 { line.into_owned() } else { line.chars().take(71).chain(['…']).collect() }
}

/// What the version was compared with, where it is one thing.
fn matched(group: &Group<'_>) -> Option<String> {
    if group.problems().len() > 1 {
        return None;
    }
    group.first.finding.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Range { interval, .. } => Some(format!("affected: {}", neutral::line(interval))),
        _ => None, // the other kinds are facts below
    })
}

/// The lines that start with `=`.
struct Facts<'p> {
    page: &'p mut Page,
    gutter: usize,
}

impl Facts<'_> {
    fn fact(&mut self, parts: &[Part]) {
        let lead = format!("{:width$} = ", "", width = self.gutter);
        self.page.wrapped(&[span(Ink::Frame, &lead)], self.gutter + 5, parts);
    }

    /// Several problems of the same package, worst first, with their titles below each other.
    fn several(&mut self, verdict: &Verdict, problems: &[&JudgedFinding], verbose: bool) {
        let classes: BTreeSet<Class> = problems.iter().map(|judged| judged.finding.class).collect();
        let mixed = classes.len() > 1;
        let cells = |judged: &JudgedFinding| {
            let finding = &judged.finding;
            let id = finding.advisory.as_deref().unwrap_or_else(|| words::slug(verdict, finding.rule));
            let kind = if mixed { format!(", {}", finding.class) } else { String::new() };
            (neutral::line(id).into_owned(), format!("{}{kind}", words::severity_short(finding)))
        };
        let wide = |length: usize, max: usize| if length > max { 0 } else { length };
        let rows: Vec<(String, String)> = problems.iter().map(|judged| cells(judged)).collect();
        let id_width = rows.iter().map(|(id, _)| wide(id.chars().count(), 24)).max().unwrap_or(0);
        let severity_width = rows.iter().map(|(_, severity)| wide(severity.chars().count(), 28)).max().unwrap_or(0);
        for (judged, (id, severity)) in problems.iter().zip(&rows) {
            // One row was made for each problem.
            let finding = &judged.finding;
            let lead = [
                span(Ink::Frame, &format!("{:width$} = ", "", width = self.gutter)),
                span(Ink::Strong, &format!("{id:id_width$}  ")),
                span(Ink::Plain, &format!("{severity:severity_width$}  ")),
            ];
            let hang = self.gutter + 3 + id_width + 2 + severity_width + 2;
            let mut parts = vec![Part::prose(&finding.title)];
            if verbose && !finding.aliases.is_empty() {
                parts.push(Part::prose(&format!("({})", finding.aliases.join(", "))));
            }
            self.page.wrapped(&lead, hang, &parts);
            if verbose {
                self.only_where(finding);
            }
        }
    }

    /// The only problem of a block.
    fn alone(&mut self, finding: &Finding, headline: &str, verbose: bool) {
        if !finding.title.is_empty() && finding.title != headline {
            self.fact(&[Part::prose(&finding.title)]);
        }
        if !finding.aliases.is_empty() {
            self.fact(&[Part::prose(&format!("also known as {}", finding.aliases.join(", ")))]);
        }
        self.only_where(finding);
        if verbose && let Some(url) = &finding.url {
            self.fact(&[Part::prose("see"), Part::whole(url)]);
        }
    }

    /// The limits that the record or the digests set.
    fn only_where(&mut self, finding: &Finding) {
        for evidence in &finding.evidence {
            match evidence {
                Evidence::Functions(names) => self.fact(&[Part::prose(&format!("only through {}", listed(names, 3)))]),
                Evidence::Arch(names) | Evidence::Os(names) => {
                    self.fact(&[Part::prose(&format!("only on {}", listed(names, 6)))]);
                }
                Evidence::Digests { expected, found } => {
                    self.fact(&[Part::prose("published"), Part::whole(&expected.to_string())]);
                    self.fact(&[Part::prose("locked   "), Part::whole(&found.to_string())]);
                }
                Evidence::Sources(says) => self.sources(says),
                Evidence::Range { .. } | Evidence::ReachedThrough(_) => {} // shown at the version, and below
            }
        }
    }

    /// What each source says, where that is more than that one of them calls it affected.
    fn sources(&mut self, says: &[SourceSays]) {
        let row = |s: &SourceSays| {
            let fixed = s.fixed.as_ref().map(|fixed| format!(", fixed in {fixed}")).unwrap_or_default();
            let id = s.id.as_str();
            match s.says {
                "affected" => format!("{} ({id}{fixed})", s.source),
                says => format!("{} ({id}: {})", s.source, says.replace('-', " ")),
            }
        };
        self.fact(&[Part::prose(&format!("according to {}", says.iter().map(row).collect::<Vec<_>>().join(", ")))]);
    }

    /// What holds for the package, whatever the advisory.
    fn shared(&mut self, group: &Group<'_>, verbose: bool) {
        let finding = &group.first.finding;
        let ways: Vec<&Vec<String>> = finding
            .evidence
            .iter()
            .filter_map(|evidence| match evidence {
                // A package that the project itself asks for, as far as its lock tells, is reached through nothing.
                Evidence::ReachedThrough(way) => Some(way).filter(|way| way.len() > 1),
                _ => None, // the other kinds are shown with their advisory
            })
            .collect();
        let shown = if verbose { ways.len() } else { 1 };
        for way in ways.iter().take(shown) {
            let mut parts = vec![Part::prose("reached through")];
            let last = way.len().saturating_sub(1);
            parts.extend(way.iter().enumerate().map(|(at, name)| {
                let arrow = if at == last { "" } else { " →" };
                Part::whole(&format!("{name}{arrow}"))
            }));
            if ways.len() > shown {
                parts.push(Part::prose(&format!("(and {} more)", words::plural(ways.len() - shown, "way"))));
            }
            self.fact(&parts);
        }
        match finding.scope() {
            Scope::Dev => self.fact(&[Part::prose("used by dev-dependencies only")]),
            Scope::Build => self.fact(&[Part::prose("used when building only")]),
            Scope::Normal | Scope::Unknown => {}
        }
        if let Some(component) = finding.component.as_ref().filter(|c| !c.conditions.is_empty()) {
            let conditions: Vec<String> = component.conditions.iter().map(ToString::to_string).collect();
            self.fact(&[Part::prose(&format!("only with {}", listed(&conditions, 3)))]);
        }
        match group.first.axis {
            Axis::Introduced => self.fact(&[Part::prose("introduced by this change")]),
            Axis::Disclosed => self.fact(&[Part::prose("in the base already")]),
            Axis::Unknown => {}
        }
        let places = group.places();
        if places.len() > 1 {
            let shown = if verbose { places.len() } else { 1 + MAX_PLACES };
            let mut parts = vec![Part::prose("also at")];
            let last = places.len().min(shown) - 1;
            parts.extend(places.iter().enumerate().take(shown).skip(1).map(|(at, place)| {
                let comma = if at == last { "" } else { "," };
                Part::whole(&format!("{place}{comma}"))
            }));
            if places.len() > shown {
                parts.push(Part::prose(&more(places.len() - shown)));
            }
            self.fact(&parts);
        }
        if verbose {
            let lines: BTreeSet<&str> = group.all().map(|judged| judged.decided_by.as_str()).collect();
            for line in lines {
                self.fact(&[Part::prose(&format!("decided by {line}"))]);
            }
        }
    }
}

fn remedy(page: &mut Page, verdict: &Verdict, group: &Group<'_>) {
    let Remedy { commands, clears: (some, all), left } = group.remedy();
    let mut said = !left.is_empty();
    for command in commands.iter().take(MAX_COMMANDS) {
        if is_pasteable(command) {
            let partly = if some < all { format!("  # clears {some} of {all}") } else { String::new() };
            page.line(&[
                span(Ink::Good, "help"),
                span(Ink::Plain, ": "),
                span(Ink::Strong, command),
                span(Ink::Faint, &partly),
            ]);
            said = true;
        }
    }
    if commands.len() > MAX_COMMANDS {
        help(page, &[Part::prose(&format!("the same in other places {}", more(commands.len() - MAX_COMMANDS)))]);
    }
    for sentence in &left {
        help(page, &[Part::prose(sentence)]);
    }
    if !said && let Some(rule) = words::rule(verdict, group.first.finding.rule) {
        help(page, &[Part::prose(&rule.help)]);
    }
}

/// What does not block: one table for each rule and reason, one line for each problem.
fn reported(page: &mut Page, verdict: &Verdict, style: &Style) {
    let mut by_rule: BTreeMap<_, Vec<&JudgedFinding>> = BTreeMap::new();
    for judged in words::reported(verdict) {
        by_rule.entry((judged.finding.rule, words::why_reported(judged))).or_default().push(judged);
    }
    for ((rule, why), found) in by_rule {
        let level = format!("warning[{}]", words::slug(verdict, rule));
        let of = groups(found.iter().copied());
        let count = if of.iter().all(|group| group.first.finding.component.is_some()) {
            words::plural(of.len(), "package")
        } else {
            words::plural(found.len(), "finding")
        };
        let mut parts = vec![Part::strong(&format!("{count}, reported only"))];
        parts.extend(why.map(|why| Part::whole(&format!("({why})"))));
        page.wrapped(&[span(Ink::Warning, &level), span(Ink::Strong, ": ")], 4, &parts);
        let lines: Vec<(&Group<'_>, &JudgedFinding)> =
            of.iter().flat_map(|group| group.problems().into_iter().map(move |judged| (group, judged))).collect();
        if style.verbose || lines.iter().any(|(_, judged)| judged.finding.component.is_none()) {
            for (group, judged) in lines {
                one(page, group, judged);
                if style.verbose {
                    details(page, judged);
                }
            }
        } else {
            let rows: Vec<Vec<Span>> = lines.iter().map(|(group, judged)| row(group, judged)).collect();
            table(page, 2, &[32, 20, 38], &rows);
        }
        page.blank();
    }
}

fn one(page: &mut Page, group: &Group<'_>, judged: &JudgedFinding) {
    match &judged.finding.component {
        Some(_) => table(page, 2, &[], &[row(group, judged)]),
        None => page.wrapped(
            &[span(Ink::Plain, "  ")],
            6,
            &[Part::strong(&judged.finding.message), Part::whole(&format!("({})", judged.finding.location))],
        ),
    }
}

fn row(group: &Group<'_>, judged: &JudgedFinding) -> Vec<Span> {
    let finding = &judged.finding;
    let place = match group.places().len() {
        0 | 1 => finding.location.to_string(),
        n => format!("{} (+{})", finding.location, n - 1),
    };
    let severity = match words::grace_until(judged) {
        Some(day) => format!("{}, grace until {day}", words::severity_short(finding)),
        None => words::severity_short(finding),
    };
    vec![
        span(Ink::Strong, &group.label()),
        span(Ink::Plain, finding.advisory.as_deref().unwrap_or("")),
        span(Ink::Plain, &severity),
        span(Ink::Faint, &place),
    ]
}

fn details(page: &mut Page, judged: &JudgedFinding) {
    let indent = [span(Ink::Plain, "      ")];
    let finding = &judged.finding;
    if finding.title != finding.message {
        page.wrapped(&indent, 6, &[Part::prose(&finding.title)]);
    }
    if !finding.aliases.is_empty() {
        page.wrapped(&indent, 6, &[Part::prose(&format!("also known as {}", finding.aliases.join(", ")))]);
    }
    page.wrapped(&indent, 6, &[Part::prose(&format!("decided by {}", judged.decided_by))]);
    for alone in groups(std::iter::once(judged)) {
        let remedy = alone.remedy();
        for command in remedy.commands.iter().filter(|command| is_pasteable(command)) {
            page.wrapped(&indent, 6, &[Part::prose("help:"), Part::whole(command)]);
        }
        for sentence in &remedy.left {
            page.wrapped(&indent, 6, &[Part::prose(&format!("help: {sentence}"))]);
        }
    }
}

/// A command that would not be pasted as it reads is left out.
fn is_pasteable(command: &str) -> bool {
    neutral::line(command) == command
}

fn waived(page: &mut Page, verdict: &Verdict) {
    let rows: Vec<Vec<Span>> = words::waived(verdict)
        .filter_map(|judged| match &judged.ruling {
            Ruling::Waived { by, expires } => Some((judged, by, expires)),
            Ruling::Blocks | Ruling::Reported => None, // not given by `words::waived`
        })
        .map(|(judged, by, expires)| {
            let finding = &judged.finding;
            let label = finding.component.as_ref().map_or_else(|| finding.message.clone(), Component::label);
            vec![
                span(Ink::Strong, &label),
                span(Ink::Plain, finding.advisory.as_deref().unwrap_or_else(|| words::slug(verdict, finding.rule))),
                span(Ink::Plain, &severity_until(finding.severity, *expires)),
                span(Ink::Faint, by),
            ]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let what = words::plural(rows.len(), "finding");
    page.line(&[span(Ink::Note, "waived"), span(Ink::Strong, &format!(": {what}"))]);
    table(page, 2, &[32, 20, 25], &rows);
    page.blank();
}

fn severity_until(severity: Severity, expires: Timestamp) -> String {
    format!("{severity}, until {}", expires.date())
}

/// The first names, and how many more.
fn listed(names: &[String], max: usize) -> String {
    let shown = names.iter().take(max).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > max { format!("{shown} {}", more(names.len() - max)) } else { shown }
}

/// What was left out of a line, and where it is.
pub(super) fn more(count: usize) -> String {
    format!("(+ {} more; see --report json)", words::number(count))
}
