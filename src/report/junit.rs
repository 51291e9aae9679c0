//! JUnit XML as GitLab and Jenkins read it: a suite for each file, a case for each finding in it, and a case `coverage`
//! that is an error when the file could not be judged.

use super::words;
use crate::model::{Fix, JudgedFinding, JudgedGap, LedgerRow, Recorded, RowState, Ruling, Verdict};
use crate::text::neutral::xml;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The suite of what stands in no file.
const WHOLE_RUN: &str = "(run)";

/// What belongs to one file.
#[derive(Default)]
struct Suite<'a> {
    rows: Vec<&'a LedgerRow>,
    findings: Vec<&'a JudgedFinding>,
    gaps: Vec<&'a JudgedGap>,
}

/// A test case and how it ended.
struct Case {
    name: String,
    class: String,
    line: Option<u32>,
    end: End,
    /// Lines, not escaped.
    text: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Skipped,
    Failure,
    Error,
}

/// Renders the report.
pub(super) fn render(verdict: &Verdict, recorded: &Recorded) -> String {
    let mut suites: BTreeMap<&str, Suite<'_>> = BTreeMap::new();
    for row in verdict.ledger.rows() {
        suites.entry(row.path.as_str()).or_default().rows.push(row);
    }
    for judged in &verdict.findings {
        suites.entry(judged.finding.location.path.as_str()).or_default().findings.push(judged);
    }
    for judged in &verdict.gaps {
        suites.entry(judged.gap.path.as_ref().map_or(WHOLE_RUN, |path| path.as_str())).or_default().gaps.push(judged);
    }
    // The run itself is a suite even when nothing is wrong: a report without a case counts as no report.
    suites.entry(WHOLE_RUN).or_default();
    let time = verdict.decided_at.to_string().trim_end_matches('Z').to_owned();
    let mut suites: Vec<(&str, Vec<Case>)> =
        suites.iter().map(|(path, suite)| (*path, cases(verdict, suite))).collect();
    // The record is no finding: the case of the run tells of it, last. Where it is missing that is an error of the run.
    if let Some((_, cases)) = suites.iter_mut().find(|(path, _)| *path == WHOLE_RUN)
        && let Some(case) = cases.first_mut()
    {
        let line = format!("record: {}", words::record(recorded));
        match words::missing(recorded) {
            Some(missing) => {
                case.text.insert(0, format!("{missing}: {line}"));
                case.end = End::Error;
            }
            None => case.text.push(line),
        }
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = counts(&suites.iter().flat_map(|(_, cases)| cases).collect::<Vec<_>>());
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(out, "<testsuites name=\"portcullis\" {all} time=\"0\">");
    for (path, cases) in &suites {
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" {} timestamp=\"{}\" time=\"0\">",
            xml(path),
            counts(&cases.iter().collect::<Vec<_>>()),
            xml(&time)
        );
        for case in cases {
            write(&mut out, path, case);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn counts(cases: &[&Case]) -> String {
    let of = |end: End| cases.iter().filter(|case| case.end == end).count();
    let (failures, errors, skipped) = (of(End::Failure), of(End::Error), of(End::Skipped));
    format!("tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"", cases.len())
}

fn cases(verdict: &Verdict, suite: &Suite<'_>) -> Vec<Case> {
    let mut cases = vec![coverage(suite)];
    cases.extend(suite.findings.iter().map(|judged| finding(verdict, judged)));
    cases
}

/// One case for everything that could not be seen of the file, because a case can fail only once.
fn coverage(suite: &Suite<'_>) -> Case {
    let mut text: Vec<String> = suite.rows.iter().map(|row| state(row)).collect();
    for judged in &suite.gaps {
        let gap = &judged.gap;
        let ruling = match &judged.ruling {
            Ruling::Blocks => "blocks".to_owned(),
            Ruling::Reported => "reported".to_owned(),
            Ruling::Waived { by, expires } => format!("accepted until {} by {by}", expires.date()),
        };
        let line = gap.line.map_or(String::new(), |line| format!(" (line {line})"));
        text.push(format!("{}: {}{line}: {} [{ruling}]", gap.kind, gap.what, gap.why));
        if !gap.help.is_empty() {
            text.push(format!("help: {}", gap.help));
        }
    }
    let excluded = !suite.rows.is_empty() && suite.rows.iter().all(|row| matches!(row.state, RowState::Excluded(_)));
    let blocks = suite.gaps.iter().any(|judged| judged.ruling == Ruling::Blocks);
    let end = match (blocks, excluded) {
        (true, _) => End::Error,
        (false, true) => End::Skipped,
        (false, false) => End::Passed,
    };
    Case { name: "coverage".to_owned(), class: "coverage".to_owned(), line: None, end, text }
}

fn state(row: &LedgerRow) -> String {
    match &row.state {
        RowState::Parsed(count) => format!("{}: {}", row.kind, words::plural(*count, "component")),
        RowState::Failed(why) | RowState::Unsupported(why) | RowState::Excluded(why) => {
            format!("{}: {}: {why}", row.kind, row.state.as_str())
        }
    }
}

fn finding(verdict: &Verdict, judged: &JudgedFinding) -> Case {
    let finding = &judged.finding;
    let mut text = vec![
        format!("{} ({})", words::said(finding), words::severity(finding)),
        finding.title.clone(),
        format!("at {}", finding.location),
    ];
    text.extend(finding.fix.as_ref().map(fix));
    text.push(format!("decided by {}", judged.decided_by));
    let end = match &judged.ruling {
        Ruling::Blocks => End::Failure,
        Ruling::Reported => End::Passed,
        Ruling::Waived { by, expires } => {
            text.insert(0, format!("waived until {} by {by}", expires.date()));
            End::Skipped
        }
    };
    Case {
        name: words::said(finding),
        class: words::slug(verdict, finding.rule).to_owned(),
        line: Some(finding.location.line),
        end,
        text,
    }
}

fn fix(fix: &Fix) -> String {
    match fix {
        Fix::Compatible { command, .. } => format!("help: {command}"),
        Fix::Incompatible { patched } => format!("help: patched in {}, which is not compatible", patched.join(" or ")),
        Fix::NoneKnown => "help: no patched version is known".to_owned(),
    }
}

fn write(out: &mut String, path: &str, case: &Case) {
    let line = case.line.map_or(String::new(), |line| format!(" line=\"{line}\""));
    let file = if path == WHOLE_RUN { String::new() } else { format!(" file=\"{}\"", xml(path)) };
    let _ = write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}\"{file}{line} time=\"0\">",
        xml(&case.name),
        xml(&case.class)
    );
    let lines: Vec<String> = case.text.iter().filter(|line| !line.is_empty()).map(|line| xml(line)).collect();
    let first = lines.first().cloned().unwrap_or_default();
    let text = lines.join("\n");
    let _ = match case.end {
        End::Failure => {
            write!(out, "\n      <failure message=\"{first}\" type=\"{}\">{text}</failure>\n    ", xml(&case.class))
        }
        End::Error => write!(out, "\n      <error message=\"{first}\" type=\"gap\">{text}</error>\n    "),
        End::Skipped => write!(out, "\n      <skipped message=\"{first}\"/>\n    "),
        End::Passed if text.is_empty() => Ok(()),
        End::Passed => write!(out, "\n      <system-out>{text}</system-out>\n    "),
    };
    out.push_str("</testcase>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn counts_are_those_of_the_verdict() {
        // few(): 3 findings in Cargo.lock (1 blocks, 1 reported, 1 waived), 1 row, no blocking gap; and the run itself.
        let out = render(&sample::few(), &Recorded::not_asked());
        assert!(
            out.contains("<testsuites name=\"portcullis\" tests=\"5\" failures=\"1\" errors=\"0\" skipped=\"1\""),
            "{out}"
        );
        assert!(
            out.contains("<testsuite name=\"Cargo.lock\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\""),
            "{out}"
        );
        assert_eq!(out.matches("<failure ").count(), 1);
        assert_eq!(out.matches("<skipped ").count(), 1);
    }

    #[test]
    fn a_missing_record_is_an_error_of_the_run_and_one_that_nobody_asked_for_is_not() {
        for (record, errors) in [(sample::failed("no space"), 1), (Recorded::not_asked(), 0)] {
            let out = render(&sample::passed(), &record);
            assert_eq!(out.matches("<error ").count(), errors, "{out}");
        }
        assert!(
            render(&sample::passed(), &sample::failed("no space")).contains("not recorded: record: none but its start")
        );
    }

    #[test]
    fn a_blocking_gap_is_an_error_of_its_file_and_an_accepted_one_is_not() {
        let out = render(&sample::incomplete(), &Recorded::not_asked());
        assert!(out.contains("errors=\"2\""), "{out}");
        assert!(
            out.contains("<testsuite name=\"vendor/Cargo.lock\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\""),
            "{out}"
        );
        assert_eq!(out.matches("<error ").count(), 2);
    }
}
