//! From a verdict, and what became of its record, to bytes, one file per format. Nothing here can change an answer.
//!
//! Every text that may come from a judged tree or a feed goes through `text::neutral` on its way out.

mod bounds;
mod codequality;
mod github;
mod group;
mod human;
mod json;
mod junit;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod sample;
mod sarif;
#[cfg(test)]
mod tests;
mod words;

pub use github::step_summary;
pub use human::wrap;

use crate::model::{Recorded, Verdict};
use std::fmt;
use std::str::FromStr;

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people at a terminal or reading a build log.
    Human,
    /// `portcullis-report/1`, described by `schema/report.schema.json`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// GitHub workflow commands, for the standard output of a step.
    Github,
    /// JUnit XML as GitLab and Jenkins read it.
    Junit,
    /// GitLab's code quality report.
    Codequality,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::Human, Self::Json, Self::Sarif, Self::Github, Self::Junit, Self::Codequality];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Junit => "junit",
            Self::Codequality => "codequality",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The word is not a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a report format (human, json, sarif, github, junit, codequality)")]
pub struct NotAFormat;

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(text: &str) -> Result<Self, NotAFormat> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or(NotAFormat)
    }
}

/// How a report looks. Never what it says of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Human: ANSI colours.
    pub color: bool,
    /// Human: columns to wrap prose at, taken as the nearest of 40–100.
    pub width: u16,
    /// JSON: list every component.
    pub components: bool,
    /// Human: the line with the verdict and nothing else.
    pub quiet: bool,
    /// Human: source lines for every finding, and details of what is only reported.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 80, components: false, quiet: false, verbose: false }
    }
}

/// Why a report could not be written. A verdict without its report is exit code 4.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The JSON, SARIF or code quality document could not be serialised.
    #[error("the {format} report could not be serialised: {source}")]
    Serialise {
        /// Which.
        format: Format,
        /// Why.
        source: serde_json::Error,
    },
}

/// The report as bytes that end in a line feed. The same verdict, record and style give the same bytes.
pub fn render(format: Format, verdict: &Verdict, recorded: &Recorded, style: &Style) -> Result<Vec<u8>, RenderError> {
    let text = match format {
        Format::Human => human::render(&bounds::bounded(verdict), recorded, style),
        Format::Json => json::render(verdict, recorded, style)?,
        Format::Sarif => sarif::render(verdict, recorded)?,
        Format::Github => github::render(&bounds::bounded(verdict), recorded),
        Format::Junit => junit::render(&bounds::bounded(verdict), recorded),
        Format::Codequality => codequality::render(verdict, recorded)?,
    };
    Ok(text.into_bytes())
}
