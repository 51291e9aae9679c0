//! Reads TOML as a tree with places, and turns each value into a typed one or into an error with its place.
//! It knows no key of the policy.

use super::error::{ConfigError, ConfigErrors, nearest, one_of, shown};
use crate::model::{Seconds, Timestamp};
use crate::text::count::plural;
use crate::text::glob;
use crate::text::neutral::is_unsafe;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Errors told per file; the rest is counted. A file of nothing but mistakes must not take minutes to print.
const MAX_ERRORS: usize = 100;
/// Bytes of an owner, an approver, an id or a package name: they have to fit a line of a report.
const MAX_WORD: usize = 256;
/// Bytes of a reason: a paragraph, not a document.
const MAX_REASON: usize = 4_096;

/// One file on its way to a value. Collects every error.
pub(super) struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    errors: Vec<ConfigError>,
    untold: usize,
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    /// As an error names it: `[feed]`, or `the file`.
    pub(super) name: &'static str,
    /// Byte offset of its header.
    pub(super) at: usize,
    entries: &'t DeTable<'t>,
}

/// A key of a table and its value.
#[derive(Clone, Copy)]
pub(super) struct Field<'t> {
    /// The key.
    pub(super) name: &'t str,
    /// Byte offset of the key.
    pub(super) at: usize,
    value: &'t Spanned<DeValue<'t>>,
}

impl<'a> Reader<'a> {
    /// Runs `decode` over the file; the value counts only where no error was found.
    pub(super) fn decode<T>(
        path: &'a str,
        text: &'a str,
        decode: impl FnOnce(&mut Self, Table<'_>) -> Option<T>,
    ) -> Result<T, ConfigErrors> {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut reader = Self { path, text, line_starts, errors: Vec::new(), untold: 0 };
        let (root, broken) = DeTable::parse_recoverable(text);
        if broken.is_empty() {
            let table = Table { name: "the file", at: 0, entries: root.get_ref() };
            let value = decode(&mut reader, table);
            if let (true, Some(value)) = (reader.errors.is_empty(), value) {
                return Ok(value);
            }
        }
        // What the parser guessed behind a mistake was written by nobody: only the mistakes are told.
        for error in &broken {
            let at = error.span().map_or(text.len(), |span| span.start);
            reader.error(at, format!("not TOML: {}", shown(error.message())), "");
        }
        Err(reader.finish())
    }

    fn finish(mut self) -> ConfigErrors {
        self.errors.sort_by_key(|e| (e.line, e.column));
        if self.errors.is_empty() {
            // A decoder that gives no value names a reason; should one forget, the file is still refused.
            self.error(0, "the file could not be understood", "");
        }
        if self.untold > 0 {
            let (line, column) = self.errors.last().map_or((1, 1), |e| (e.line, e.column));
            let message = format!("{} in this file", plural(self.untold, "more error"));
            self.errors.push(ConfigError { path: self.path.into(), line, column, message, help: String::new() });
        }
        ConfigErrors(self.errors)
    }

    /// Adds an error at a byte offset.
    pub(super) fn error(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        if self.errors.len() >= MAX_ERRORS {
            self.untold += 1;
            return;
        }
        let (line, column) = self.place(at);
        self.errors.push(ConfigError {
            path: self.path.into(),
            line,
            column,
            message: message.into(),
            help: help.into(),
        });
    }

    /// The 1-based line of a byte offset.
    pub(super) fn line(&self, at: usize) -> u32 {
        u32::try_from(self.line_starts.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }

    fn place(&self, at: usize) -> (u32, u32) {
        let line = self.line(at);
        let index = usize::try_from(line).unwrap_or_default().saturating_sub(1);
        let start = self.line_starts.get(index).copied().unwrap_or_default();
        let before = self.text.get(start..at).map_or(0, |t| t.chars().count());
        (line, u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Every key that is not in `allowed` is an error, with the key that was probably meant.
    pub(super) fn only(&mut self, table: Table<'_>, allowed: &[&str]) {
        for key in table.entries.keys() {
            if !allowed.contains(&key.get_ref().as_ref()) {
                let help = match nearest(key.get_ref(), allowed) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("allowed here: {}", one_of(allowed)),
                };
                let message = format!("unknown key `{}` in {}", shown(key.get_ref()), table.name);
                self.error(key.span().start, message, help);
            }
        }
    }

    /// The field, or an error that it is missing.
    pub(super) fn required<'t>(&mut self, table: Table<'t>, key: &str, help: &str) -> Option<Field<'t>> {
        let field = table.field(key);
        if field.is_none() {
            self.error(table.at, format!("`{key}` is missing in {}", table.name), help);
        }
        field
    }

    /// The table under `key`, if there is one.
    pub(super) fn table<'t>(&mut self, table: Table<'t>, key: &str, name: &'static str) -> Option<Table<'t>> {
        let field = table.field(key)?;
        match field.value.get_ref() {
            DeValue::Table(entries) => Some(Table { name, at: field.at, entries }),
            _ => self.wrong(field, &format!("a table, written `{name}`")),
        }
    }

    /// The tables of the array under `key`, in order of the file.
    pub(super) fn tables<'t>(&mut self, table: Table<'t>, key: &str, name: &'static str) -> Vec<Table<'t>> {
        let Some(field) = table.field(key) else { return Vec::new() };
        let DeValue::Array(items) = field.value.get_ref() else {
            self.wrong::<()>(field, &format!("a list of tables, each written `{name}`"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(entries) => found.push(Table { name, at: item.span().start, entries }),
                other => {
                    let message = format!("`{key}` holds {}", kind(other));
                    self.error(item.span().start, message, format!("write each as a table `{name}`"));
                }
            }
        }
        found
    }

    /// Any string.
    pub(super) fn string<'t>(&mut self, field: Field<'t>) -> Option<&'t str> {
        match field.value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => self.wrong(field, "a string"),
        }
    }

    /// A list of strings, each with its byte offset.
    pub(super) fn strings<'t>(&mut self, field: Field<'t>) -> Option<Vec<(usize, &'t str)>> {
        let DeValue::Array(items) = field.value.get_ref() else {
            return self.wrong(field, "a list of strings");
        };
        let mut found = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => found.push((item.span().start, text.as_ref())),
                other => {
                    let message = format!("`{}` holds {}", field.name, kind(other));
                    self.error(item.span().start, message, "write a list of strings");
                }
            }
        }
        Some(found)
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, field: Field<'_>) -> Option<bool> {
        match field.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong(field, "true or false, without quotes"),
        }
    }

    /// A whole number in the range, bounds included.
    pub(super) fn number(&mut self, field: Field<'_>, least: u32, most: u32) -> Option<u32> {
        let DeValue::Integer(number) = field.value.get_ref() else {
            return self.wrong(field, "a whole number");
        };
        let value = u32::from_str_radix(number.as_str(), number.radix()).ok();
        let value = value.filter(|n| (least..=most).contains(n));
        if value.is_none() {
            let message = format!("`{}` is {}", field.name, shown(number.as_str()));
            self.error(field.value_at(), message, format!("write a whole number from {least} to {most}"));
        }
        value
    }

    /// A string that is neither empty nor longer than a line of a report, without control characters and what
    /// nobody sees: two names that look the same must be the same.
    pub(super) fn word(&mut self, field: Field<'_>) -> Option<String> {
        let text = self.string(field)?.trim();
        let problem = match text {
            "" => "is empty".to_owned(),
            _ if text.len() > MAX_WORD => format!("has {} bytes, more than {MAX_WORD}", text.len()),
            _ => match text.chars().find(|c| is_unsafe(*c)) {
                Some(c) => invisible(c),
                None => return Some(text.to_owned()),
            },
        };
        self.error(field.value_at(), format!("`{}` {problem}", field.name), "write one line");
        None
    }

    /// A reason: like a word, but longer, and on several lines if need be.
    pub(super) fn reason(&mut self, field: Field<'_>) -> Option<String> {
        let text = self.string(field)?.trim();
        if text.is_empty() {
            self.error(field.value_at(), format!("`{}` is empty", field.name), "say why this is acceptable");
            return None;
        }
        if text.len() > MAX_REASON {
            let message = format!("`{}` has {} bytes, more than {MAX_REASON}", field.name, text.len());
            self.error(field.value_at(), message, "write a paragraph and link to the rest");
            return None;
        }
        // Lines and tabs are what a paragraph is made of.
        if let Some(c) = text.chars().find(|c| is_unsafe(*c) && !matches!(c, '\n' | '\r' | '\t')) {
            self.error(field.value_at(), format!("`{}` {}", field.name, invisible(c)), "write what can be seen");
            return None;
        }
        Some(text.to_owned())
    }

    /// A glob over paths of the tree.
    pub(super) fn glob(&mut self, field: Field<'_>) -> Option<String> {
        let text = self.string(field)?;
        match glob::check(text) {
            Ok(()) => Some(text.to_owned()),
            Err(error) => {
                self.error(field.value_at(), format!("`{}`: {error}", field.name), "such as `vendor/**/Cargo.lock`");
                None
            }
        }
    }

    /// One of the words.
    pub(super) fn choice<T: Copy>(&mut self, field: Field<'_>, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string(field)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let help = match nearest(text, &words) {
                Some(near) => format!("did you mean `{near}`? allowed: {}", one_of(&words)),
                None => format!("allowed: {}", one_of(&words)),
            };
            self.error(field.value_at(), format!("`{}` is `{}`", field.name, shown(text)), help);
        }
        found
    }

    /// A text that parses as `T`.
    pub(super) fn parsed<T: FromStr<Err: std::fmt::Display>>(&mut self, field: Field<'_>, help: &str) -> Option<T> {
        let text = self.string(field)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("`{}` is `{}`: {}", field.name, shown(text), shown(&format!("{error}")));
                self.error(field.value_at(), message, help);
                None
            }
        }
    }

    /// A day or an RFC 3339 time, as a string or as a date of TOML.
    pub(super) fn time(&mut self, field: Field<'_>) -> Option<Timestamp> {
        const HELP: &str = "write a day such as \"2027-01-31\", or a time with its offset";
        let written = match field.value.get_ref() {
            DeValue::Datetime(written) => written.to_string(),
            _ => self.string(field)?.to_owned(),
        };
        match written.parse() {
            Ok(time) => Some(time),
            Err(_) if is_day(&written) => {
                let message = format!("`{}` is {written}, which is out of range", field.name);
                self.error(field.value_at(), message, "write a day before 9999-12-31");
                None
            }
            Err(error) => {
                self.error(field.value_at(), format!("`{}` is `{}`: {error}", field.name, shown(&written)), HELP);
                None
            }
        }
    }

    /// A span such as `24h`.
    pub(super) fn span(&mut self, field: Field<'_>) -> Option<Seconds> {
        self.parsed(field, "write a span such as \"24h\", \"7d\" or \"2w\"")
    }

    fn wrong<T>(&mut self, field: Field<'_>, expected: &str) -> Option<T> {
        let message = format!("`{}` is {}", shown(field.name), kind(field.value.get_ref()));
        self.error(field.value_at(), message, format!("write {expected}"));
        None
    }
}

impl<'t> Table<'t> {
    /// The field of this name, if there is one.
    pub(super) fn field(self, key: &str) -> Option<Field<'t>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(Field { name: key.get_ref(), at: key.span().start, value })
    }
}

impl Field<'_> {
    /// Byte offset of the value.
    pub(super) fn value_at(&self) -> usize {
        self.value.span().start
    }
}

/// Whether the text is a day of the calendar, be it one that no point in time can be made of.
pub fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn invisible(c: char) -> String {
    let what = if c.is_control() { "a control character" } else { "an invisible character" };
    format!("holds {what} (U+{:04X})", u32::from(c))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
