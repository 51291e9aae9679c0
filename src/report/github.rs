//! GitHub: workflow commands that become annotations, and the Markdown of the step summary.

use super::bounds::bounded;
use super::group::{Group, groups};
use super::words;
use crate::model::{JudgedFinding, JudgedGap, Location, Outcome, Recorded, Ruling, Verdict};
use crate::text::neutral::{markdown, markdown_code, workflow_data, workflow_property};
use std::collections::BTreeMap;

/// GitHub shows this many annotations of each level from one step and drops the rest without a word.
const MAX_ANNOTATIONS: usize = 10;
/// GitHub refuses a step summary above 1 MiB; some room is left for the end.
const MAX_SUMMARY: usize = 1_000_000;
/// Advisories that one annotation lists: GitHub cuts a message at 64 KiB.
const MAX_LISTED: usize = 20;
/// Rows in the open table; the rest stands folded below it.
const OPEN_ROWS: usize = 50;

/// One annotation before it is written.
struct Annotation<'a> {
    place: Option<(&'a str, Option<u32>, Option<u32>)>,
    title: String,
    /// Lines.
    text: Vec<String>,
}

/// Renders the commands, errors first, then what became of the record, and the verdict as a plain last line.
pub(super) fn render(verdict: &Verdict, recorded: &Recorded) -> String {
    let mut out = String::new();
    let mut errors: Vec<Annotation<'_>> =
        groups(words::blocking(verdict)).iter().map(|group| of_group(verdict, group)).collect();
    errors.extend(of_gaps(verdict, |ruling| *ruling == Ruling::Blocks));
    level(&mut out, "error", &errors);
    let warnings: Vec<Annotation<'_>> =
        groups(words::reported(verdict)).iter().map(|group| of_group(verdict, group)).collect();
    level(&mut out, "warning", &warnings);
    let mut notices: Vec<Annotation<'_>> = verdict
        .notes
        .iter()
        .map(|note| Annotation {
            place: None,
            title: "note".to_owned(),
            text: vec![note.what.clone(), note.help.clone()],
        })
        .collect();
    notices.extend(of_gaps(verdict, |ruling| *ruling == Ruling::Reported));
    level(&mut out, "notice", &notices);
    out.push_str(&format!("portcullis: record: {}\n", workflow_data(&words::record(recorded))));
    out.push_str(&format!("portcullis: {}\n", workflow_data(&words::headline(verdict, recorded))));
    out
}

fn level(out: &mut String, level: &str, annotations: &[Annotation<'_>]) {
    let total = annotations.len();
    let shown = if total > MAX_ANNOTATIONS { MAX_ANNOTATIONS - 1 } else { total };
    for annotation in annotations.iter().take(shown) {
        write(out, level, annotation);
    }
    if total > shown {
        let text = format!("{} more of this level; the step summary and the JSON report have all", total - shown);
        write(out, level, &Annotation { place: None, title: "portcullis".to_owned(), text: vec![text] });
    }
}

fn write(out: &mut String, level: &str, annotation: &Annotation<'_>) {
    let mut properties = Vec::new();
    if let Some((path, line, column)) = annotation.place {
        properties.push(format!("file={}", workflow_property(path)));
        properties.extend(line.map(|line| format!("line={}", line.max(1))));
        properties.extend(column.map(|column| format!("col={}", column.max(1))));
    }
    properties.push(format!("title={}", workflow_property(&annotation.title)));
    let lines: Vec<String> =
        annotation.text.iter().filter(|line| !line.is_empty()).map(|line| workflow_data(line)).collect();
    out.push_str(&format!("::{level} {}::{}\n", properties.join(","), lines.join("%0A")));
}

fn of_group<'a>(verdict: &Verdict, group: &Group<'a>) -> Annotation<'a> {
    let finding = &group.first.finding;
    let place = &finding.location;
    let mut text = vec![format!("{} ({})", group.headline(), words::severity(finding))];
    let problems = group.problems();
    for judged in problems.iter().take(MAX_LISTED) {
        let finding = &judged.finding;
        match &finding.advisory {
            Some(id) if problems.len() > 1 => {
                text.push(format!("{id} ({}): {}", words::severity_short(finding), finding.title));
            }
            _ if finding.title != finding.message => text.push(finding.title.clone()),
            _ => {}
        }
    }
    if problems.len() > MAX_LISTED {
        text.push(format!("and {} more", problems.len() - MAX_LISTED));
    }
    let places = group.places().len();
    if places > 1 {
        text.push(format!("also in {}", words::plural(places - 1, "other place")));
    }
    let remedy = group.remedy();
    text.extend(remedy.commands.iter().take(1).map(|command| format!("fix: {command}")));
    text.extend(remedy.left);
    let title = format!("{}: {}", words::slug(verdict, finding.rule), group.label());
    Annotation { place: Some((place.path.as_str(), Some(place.line), Some(place.column))), title, text }
}

/// One annotation for each kind of gap, at the first of its places.
fn of_gaps(verdict: &Verdict, wanted: impl Fn(&Ruling) -> bool) -> Vec<Annotation<'_>> {
    let mut kinds: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for judged in verdict.gaps.iter().filter(|judged| wanted(&judged.ruling)) {
        kinds.entry(judged.gap.kind).or_default().push(&judged.gap);
    }
    kinds
        .into_iter()
        .map(|(kind, gaps)| {
            let placed = gaps.iter().find_map(|gap| gap.path.as_ref().map(|path| (path.as_str(), gap.line, None)));
            let mut text: Vec<String> = gaps.iter().take(3).map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
            if gaps.len() > 3 {
                text.push(format!("and {} more", words::number(gaps.len() - 3)));
            }
            text.extend(gaps.first().map(|gap| gap.help.clone()));
            Annotation { place: placed, title: format!("gap/{kind}: {}", words::plural(gaps.len(), "gap")), text }
        })
        .collect()
}

/// The Markdown of the step summary, below 1 MiB. What does not fit is counted.
pub fn step_summary(verdict: &Verdict, recorded: &Recorded) -> Vec<u8> {
    let verdict = &*bounded(verdict);
    let mut page = Markdown { text: String::new(), left_out: 0 };
    let sign = match (words::missing(recorded), verdict.outcome()) {
        (Some(_), _) | (None, Outcome::Failed) => "❌",
        (None, Outcome::Incomplete) => "⚠️",
        (None, Outcome::Passed) => "✅",
    };
    page.line(&format!("## {sign} Portcullis {}\n", markdown(&words::headline(verdict, recorded))));
    let blocks = groups(words::blocking(verdict));
    findings(&mut page, &blocks);
    blocking_gaps(&mut page, verdict);
    for note in &verdict.notes {
        page.line(&format!("> {} {}\n", markdown(&note.what), markdown(&note.help)));
    }
    let reported = groups(words::reported(verdict));
    folded(&mut page, "Reported", &reported.iter().collect::<Vec<_>>());
    waived(&mut page, verdict);
    other_gaps(&mut page, verdict);
    page.end(verdict, recorded)
}

/// Text with an end.
struct Markdown {
    text: String,
    left_out: usize,
}

impl Markdown {
    /// Adds a line, or counts it where it does not fit.
    fn line(&mut self, line: &str) {
        if self.text.len() + line.len() < MAX_SUMMARY {
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            self.left_out += 1;
        }
    }

    /// Adds what must not be missing; it is short.
    fn always(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn end(mut self, verdict: &Verdict, recorded: &Recorded) -> Vec<u8> {
        if self.left_out > 0 {
            let text =
                format!("\n**{} left out here; the JSON report has all.**", words::plural(self.left_out, "line"));
            self.always(&text);
        }
        let mut facts = vec![format!("Feed: {}", words::feed(verdict)), format!("Policy: {}", words::policy(verdict))];
        facts.extend(verdict.base.as_ref().map(|base| format!("Base: {}", words::short(base))));
        facts.push(format!("Record: {}", words::record(recorded)));
        for fact in facts {
            let fact: String = fact.chars().take(1_000).collect();
            self.always(&format!("\n{}", markdown(&fact)));
        }
        self.text.into_bytes()
    }
}

const HEAD: &str = "| | Package | Problem | Severity | Where | Fix |\n|---|---|---|---|---|---|";

fn findings(page: &mut Markdown, blocks: &[Group<'_>]) {
    if blocks.is_empty() {
        return;
    }
    page.line(HEAD);
    for group in blocks.iter().take(OPEN_ROWS) {
        page.line(&row(group));
    }
    page.line("");
    folded(page, "More that blocks", &blocks.iter().skip(OPEN_ROWS).collect::<Vec<_>>());
}

/// A folded table. Its frame is written whole, so that a limit cannot leave it open.
fn folded(page: &mut Markdown, title: &str, rows: &[&Group<'_>]) {
    if rows.is_empty() {
        return;
    }
    page.always(&format!("<details><summary>{title}: {}</summary>\n", words::plural(rows.len(), "package")));
    page.always(HEAD);
    for group in rows {
        page.line(&row(group));
    }
    page.always("\n</details>\n");
}

fn row(group: &Group<'_>) -> String {
    let first = group.first;
    let sign = match first.ruling {
        Ruling::Blocks => "❌",
        Ruling::Reported => "⚠️",
        Ruling::Waived { .. } => "➖",
    };
    let problems: Vec<String> = group.problems().into_iter().map(problem).collect();
    let remedy = group.remedy();
    let mut fix: Vec<String> = remedy.commands.iter().take(1).map(|command| markdown_code(command)).collect();
    fix.extend(remedy.left.iter().map(|sentence| markdown(sentence)));
    let places = match group.places().len() {
        0 | 1 => String::new(),
        n => format!(" (+{})", n - 1),
    };
    format!(
        "| {sign} | {} | {} | {} | {}{places} | {} |",
        first.finding.component.as_ref().map_or(String::new(), |component| markdown_code(&component.label())),
        problems.join("<br>"),
        markdown(&words::severity_short(&first.finding)),
        place(&first.finding.location),
        fix.join("<br>"),
    )
}

fn problem(judged: &JudgedFinding) -> String {
    let finding = &judged.finding;
    match &finding.advisory {
        Some(id) => format!("{} {}", markdown_code(id), markdown(&finding.title)),
        None => markdown(&finding.message),
    }
}

fn place(place: &Location) -> String {
    markdown_code(&format!("{}:{}", place.path, place.line))
}

fn waived(page: &mut Markdown, verdict: &Verdict) {
    let count = words::findings(verdict).waived;
    if count == 0 {
        return;
    }
    page.always(&format!("<details><summary>Waived: {}</summary>\n", words::plural(count, "finding")));
    for judged in words::waived(verdict) {
        if let Ruling::Waived { by, expires } = &judged.ruling {
            let text = format!(
                "- {}, until {}, by {}",
                markdown(&words::said(&judged.finding)),
                expires.date(),
                markdown_code(by)
            );
            page.line(&text);
        }
    }
    page.always("\n</details>\n");
}

fn blocking_gaps(page: &mut Markdown, verdict: &Verdict) {
    if words::gaps(verdict).blocking > 0 {
        page.always("### Could not be judged\n");
        for judged in words::blocking_gaps(verdict) {
            page.line(&gap(judged));
        }
        page.always("");
    }
}

fn other_gaps(page: &mut Markdown, verdict: &Verdict) {
    let others: Vec<_> = verdict.gaps.iter().filter(|judged| judged.ruling != Ruling::Blocks).collect();
    if others.is_empty() {
        return;
    }
    page.always(&format!("<details><summary>Reported: {}</summary>\n", words::plural(others.len(), "gap")));
    for judged in others {
        page.line(&gap(judged));
    }
    page.always("\n</details>\n");
}

fn gap(judged: &JudgedGap) -> String {
    let gap = &judged.gap;
    let place = gap.path.as_ref().map_or(String::new(), |path| format!(" in {}", markdown_code(path.as_str())));
    let accepted = match &judged.ruling {
        Ruling::Waived { by, expires } => format!(" (accepted until {} by {})", expires.date(), markdown_code(by)),
        Ruling::Blocks | Ruling::Reported => String::new(),
    };
    let help = if gap.help.is_empty() { String::new() } else { format!(". {}", markdown(&gap.help)) };
    format!("- `{}` {}{place}: {}{accepted}{help}", gap.kind, markdown_code(&gap.what), markdown(&gap.why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn text(verdict: &Verdict) -> String {
        render(verdict, &Recorded::not_asked())
    }

    #[test]
    fn no_level_has_more_annotations_than_github_shows() {
        let out = text(&sample::two_hundred());
        for level in ["::error ", "::warning ", "::notice "] {
            assert!(out.lines().filter(|line| line.starts_with(level)).count() <= 10, "{level}");
        }
        assert!(
            out.lines()
                .any(|line| line.starts_with("::error title=portcullis::") && line.contains(" more of this level")),
            "{out}"
        );
        assert!(out.ends_with(&format!("portcullis: {}\n", words::verdict_line(&sample::two_hundred()))));
    }

    #[test]
    fn an_annotation_stands_at_the_line_of_the_package() {
        let out = text(&sample::few());
        let first = out.lines().next().unwrap();
        assert!(first.starts_with("::error file=Cargo.lock,line=412,col=1,title=advisory/vulnerable%3A h2 0.3.25::h2 0.3.25 is affected by RUSTSEC-2024-0332 (high: assumed, the record has no score)%0A"), "{first}");
        assert!(first.ends_with("%0Afix: cargo update -p h2@0.3.25 --precise 0.3.26"), "{first}");
    }

    #[test]
    fn a_summary_stays_below_its_limit_and_says_what_is_missing() {
        let mut verdict = sample::two_hundred();
        for judged in &mut verdict.findings {
            judged.finding.title = "x".repeat(20_000);
        }
        let summary = String::from_utf8(step_summary(&verdict, &Recorded::not_asked())).unwrap();
        assert!(summary.len() < 1_048_576, "{}", summary.len());
        assert!(summary.contains(" left out here; the JSON report has all."));
        assert_eq!(summary.matches("<details>").count(), summary.matches("</details>").count());
        let small = String::from_utf8(step_summary(&sample::few(), &Recorded::not_asked())).unwrap();
        assert!(!small.contains("left out"), "{small}");
    }
}
