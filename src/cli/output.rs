//! Reports to their places, and the small commands that only print.

use super::Exit;
use super::args::{CheckArgs, Cli, Color, ReportTo};
use crate::model::{Recorded, Verdict};
use crate::report::{self, Format, Style};
use crate::sys::{FileKind, Stream, Sys, SysError};
use crate::text::neutral;
use clap::{Args, CommandFactory, ValueEnum};
use std::fmt::Display;
use std::path::Path;

/// The width of a report that does not go to a terminal.
const PLAIN_WIDTH: u16 = 80;

/// Prints `error: …` and, where there is one, `help: …` to standard error.
pub(super) fn complain(sys: &dyn Sys, error: &dyn Display, help: &str) {
    let text = complaint(sys, error, help);
    let _ = sys.print(Stream::Err, text.as_bytes()); // nowhere is left to complain about a broken standard error
}

/// The lines of [`complain`].
pub(super) fn complaint(sys: &dyn Sys, error: &dyn Display, help: &str) -> String {
    let text = error.to_string();
    // Errors of the policy come whole, with their place and help.
    let is_framed = text.starts_with("error[");
    let mut text = if is_framed { format!("{text}\n") } else { format!("error: {text}\n") };
    if !help.is_empty() {
        text.push_str(&format!("help: {help}\n"));
    }
    // Each line is neutralised by itself: errors of the policy span several.
    let lines: Vec<_> = text.lines().map(neutral::line).collect();
    let text = lines.join("\n") + "\n";
    if is_framed { text } else { wrapped(sys, Stream::Err, text) }
}

/// The lines as wide as the terminal. For what is no terminal they stay whole: other programs read them line by line.
pub(super) fn wrapped(sys: &dyn Sys, stream: Stream, text: String) -> String {
    match sys.terminal(stream) {
        Some(width) => report::wrap(&text, width),
        None => text,
    }
}

/// Prints `note: …` to standard error.
pub(super) fn remark(sys: &dyn Sys, what: &str) {
    let text = format!("note: {}\n", neutral::line(what));
    let _ = sys.print(Stream::Err, text.as_bytes()); // nowhere is left to complain about a broken standard error
}

/// The plan of reports, or why the flags make none.
pub(super) fn plan(args: &CheckArgs) -> Result<Vec<ReportTo>, String> {
    if args.report.is_empty() {
        return Ok(vec![ReportTo { format: Format::Human, file: None }]);
    }
    if args.report.iter().filter(|r| r.file.is_none()).count() > 1 {
        return Err("two reports cannot share standard output: give one a file, as in --report json=out.json".into());
    }
    let mut files: Vec<&Path> = args.report.iter().filter_map(|r| r.file.as_deref()).collect();
    files.sort();
    match files.windows(2).find(|pair| matches!(pair, [a, b] if a == b)) {
        Some([file, ..]) => Err(format!("two reports cannot share the file {}", file.display())),
        _ => Ok(args.report.clone()),
    }
}

/// Writes every report, those on standard output and in the step summary last. One that fails does not stop the others,
/// and reports in files that were written before it are written again: each says which exit code the run ends with.
pub(super) fn write_all(
    sys: &dyn Sys,
    args: &CheckArgs,
    plan: &[ReportTo],
    verdict: &Verdict,
    recorded: &Recorded,
) -> Exit {
    let mut recorded = recorded.clone();
    let mut written = Vec::new();
    let mut exit = Exit::Yes;
    let mut lose = |recorded: &mut Recorded, what: &dyn Display, why: &WriteError| {
        complain(sys, &format!("the {what} was not written: {why}"), "");
        recorded.unwritten = true;
        exit = Exit::NotWritten;
    };
    let (files, streams): (Vec<&ReportTo>, Vec<_>) = plan.iter().partition(|to| to.file.is_some());
    for to in files.into_iter().chain(streams) {
        match write(sys, args, to, verdict, &recorded) {
            Ok(()) if !recorded.unwritten => written.push(to),
            Ok(()) => {}
            Err(why) => lose(&mut recorded, &format!("{} report", to.format), &why),
        }
    }
    if plan.iter().any(|to| to.format == Format::Github)
        && let Err(why) = summarise(sys, verdict, &recorded)
    {
        lose(&mut recorded, &"step summary", &why);
    }
    if recorded.unwritten {
        for to in written.into_iter().filter(|to| is_file(sys, to)) {
            if let Err(why) = write(sys, args, to, verdict, &recorded) {
                lose(&mut recorded, &format!("{} report", to.format), &why);
            }
        }
    }
    exit
}

/// Whether the report lies in a regular file, which can be written twice. A pipe cannot.
fn is_file(sys: &dyn Sys, to: &ReportTo) -> bool {
    // What cannot be looked at is left as it is: the exit code of the process counts.
    to.file.as_deref().is_some_and(|file| matches!(sys.kind(file), Ok(Some(FileKind::File))))
}

/// Appends the step summary, where a runner of GitHub takes one.
fn summarise(sys: &dyn Sys, verdict: &Verdict, recorded: &Recorded) -> Result<(), WriteError> {
    if let Some(summary) = sys.var("GITHUB_STEP_SUMMARY")? {
        sys.append(Path::new(&summary), &report::step_summary(verdict, recorded))?;
    }
    Ok(())
}

fn write(
    sys: &dyn Sys,
    args: &CheckArgs,
    to: &ReportTo,
    verdict: &Verdict,
    recorded: &Recorded,
) -> Result<(), WriteError> {
    let terminal = if to.file.is_none() { sys.terminal(Stream::Out) } else { None };
    let style = Style {
        color: to.file.is_none() && color(sys, args.color, terminal.is_some())?,
        width: terminal.unwrap_or(PLAIN_WIDTH),
        components: args.components,
        quiet: args.quiet,
        verbose: args.verbose,
    };
    let bytes = report::render(to.format, verdict, recorded, &style)?;
    match &to.file {
        Some(file) => sys.write_out(file, &bytes)?,
        None => sys.print(Stream::Out, &bytes)?,
    }
    Ok(())
}

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error(transparent)]
    Sys(#[from] SysError),
    #[error(transparent)]
    Render(#[from] report::RenderError),
}

/// `--color` wins; else a terminal without `NO_COLOR` (see no-color.org: set and not empty) and not a dumb one.
fn color(sys: &dyn Sys, when: Color, terminal: bool) -> Result<bool, SysError> {
    Ok(match when {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            terminal
                && sys.var("NO_COLOR")?.is_none_or(|v| v.is_empty())
                && sys.var("TERM")?.is_none_or(|term| term != "dumb")
        }
    })
}

/// `portcullis schema`
#[derive(Clone, Debug, Args)]
pub struct SchemaArgs {
    /// Which format
    #[arg(value_enum)]
    pub name: SchemaName,
}

/// The published schemas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaName {
    /// `portcullis.toml`
    Policy,
    /// A file in `.portcullis/waivers`
    Waiver,
    /// The JSON report
    Report,
}

pub(super) fn schema(sys: &dyn Sys, args: &SchemaArgs) -> Exit {
    let text = match args.name {
        SchemaName::Policy => include_str!("../../schema/policy.schema.json"),
        SchemaName::Waiver => include_str!("../../schema/waiver.schema.json"),
        SchemaName::Report => include_str!("../../schema/report.schema.json"),
    };
    Exit::of_writing(&sys.print(Stream::Out, text.as_bytes()))
}

pub(super) fn completions(sys: &dyn Sys, shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "portcullis", &mut script);
    Exit::of_writing(&sys.print(Stream::Out, &script))
}
