//! One file of `rules/`: raw text to a valid rule. Knows no rule by name.

use crate::model::{Class, RuleId, RuleInfo, Severity};
use serde::Deserialize;

/// The longest title, in characters: it stands in one line of a report of 80 columns.
const MAX_TITLE: usize = 72;

/// What a rule finds and what it leaves alone, in words.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// A case that is a finding.
    pub hit: String,
    /// A case next to it that is none.
    pub miss: String,
}

/// Why a file of `rules/` is not a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleFileError {
    /// Not TOML, or a key is missing, unknown or of another type.
    #[error("{0}")]
    NotARule(String),
    /// The file says another id than the one it is registered under.
    #[error("the file says id {found:?}, but is registered as {expected}")]
    OtherId {
        /// The id it is registered under.
        expected: RuleId,
        /// The id inside.
        found: String,
    },
    /// Not a severity.
    #[error("{0:?} is not a severity")]
    Severity(String),
    /// Not a class.
    #[error("{0:?} is not a class")]
    Class(String),
    /// A text that is empty, has the wrong number of lines, or is too long.
    #[error("`{key}` must be one line of 1 to {max} characters")]
    Text {
        /// The key.
        key: &'static str,
        /// The limit.
        max: usize,
    },
    /// Not `word/word` in lowercase letters and dashes.
    #[error("{0:?} is not a slug such as advisory/vulnerable")]
    Slug(String),
    /// Not an https address.
    #[error("{0:?} is not an https address")]
    Reference(String),
}

/// A valid rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) info: RuleInfo,
    pub(super) examples: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    slug: String,
    title: String,
    why: String,
    help: String,
    severity: String,
    class: String,
    references: Vec<String>,
    #[serde(default)]
    example: Vec<Example>,
}

/// Reads the text of a file that is registered under `id`.
pub(super) fn parse(id: RuleId, text: &str) -> Result<Rule, RuleFileError> {
    let raw: Raw = toml::from_str(text).map_err(|error| RuleFileError::NotARule(error.message().to_owned()))?;
    if raw.id != id.0 {
        return Err(RuleFileError::OtherId { expected: id, found: raw.id });
    }
    let is_slug = raw.slug.split('/').count() == 2
        && raw
            .slug
            .split('/')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    if !is_slug {
        return Err(RuleFileError::Slug(raw.slug));
    }
    if let Some(other) = raw.references.iter().find(|reference| !reference.starts_with("https://")) {
        return Err(RuleFileError::Reference(other.clone()));
    }
    let class = Class::ALL.into_iter().find(|class| class.as_str() == raw.class);
    let info = RuleInfo {
        id,
        slug: raw.slug,
        title: one_line("title", &raw.title, MAX_TITLE)?,
        why: one_line("why", &raw.why, 1_000)?,
        help: one_line("help", &raw.help, 1_000)?,
        severity: raw.severity.parse::<Severity>().map_err(|_| RuleFileError::Severity(raw.severity))?,
        class: class.ok_or(RuleFileError::Class(raw.class))?,
        references: raw.references,
    };
    Ok(Rule { info, examples: raw.example })
}

fn one_line(key: &'static str, text: &str, max: usize) -> Result<String, RuleFileError> {
    let text = text.trim();
    if text.is_empty() || text.contains('\n') || text.chars().count() > max {
        return Err(RuleFileError::Text { key, max });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
id = "PC-DEP-001"
slug = "advisory/vulnerable"
title = "A title"
why = "Because."
help = "Do."
severity = "high"
class = "vulnerability"
references = ["https://example.com/"]
[[example]]
hit = "a"
miss = "b"
"#;

    fn with(from: &str, to: &str) -> Result<Rule, RuleFileError> {
        assert!(GOOD.contains(from), "{from}");
        parse(RuleId::VULNERABLE, &GOOD.replace(from, to))
    }

    #[test]
    fn a_good_file_is_a_rule() {
        let rule = parse(RuleId::VULNERABLE, GOOD).unwrap();
        assert_eq!(rule.info.severity, Severity::High);
        assert_eq!(rule.info.class, Class::Vulnerability);
        assert_eq!(rule.examples, [Example { hit: "a".into(), miss: "b".into() }]);
    }

    #[test]
    fn a_file_that_differs_in_one_thing_is_refused() {
        let id = parse(RuleId::NOTICE, GOOD).unwrap_err();
        assert_eq!(id, RuleFileError::OtherId { expected: RuleId::NOTICE, found: "PC-DEP-001".into() });
        assert_eq!(with("\"high\"", "\"huge\"").unwrap_err(), RuleFileError::Severity("huge".into()));
        assert_eq!(with("\"vulnerability\"", "\"bug\"").unwrap_err(), RuleFileError::Class("bug".into()));
        assert_eq!(with("advisory/", "").unwrap_err(), RuleFileError::Slug("vulnerable".into()));
        assert_eq!(with("https:", "http:").unwrap_err(), RuleFileError::Reference("http://example.com/".into()));
        assert_eq!(with("A title", " ").unwrap_err(), RuleFileError::Text { key: "title", max: 72 });
        assert_eq!(with("A title", &"t".repeat(73)).unwrap_err(), RuleFileError::Text { key: "title", max: 72 });
        assert!(with("A title", &"t".repeat(72)).is_ok());
        assert!(matches!(with("why", "whi"), Err(RuleFileError::NotARule(_))));
        assert!(matches!(with("miss = \"b\"", ""), Err(RuleFileError::NotARule(_))));
    }
}
