//! What is wrong with a policy or waiver file, told all at once. It does not know what is allowed.

use crate::sys::SysError;
use crate::text::neutral::is_unsafe;
use std::fmt;

/// One mistake in one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConfigError {
    /// The file as people name it: `portcullis.toml`, `<rev>:portcullis.toml`.
    pub path: String,
    /// 1-based.
    pub line: u32,
    /// 1-based, in Unicode scalar values.
    pub column: u32,
    /// What was found, lowercase, one line, no full stop; text of the file in it is escaped.
    pub message: String,
    /// What is allowed; may be empty.
    pub help: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[config]: {}\n  --> {}:{}:{}", self.message, self.path, self.line, self.column)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "\nhelp: {}", self.help) }
    }
}

/// Every mistake, in order of file and place; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Why there is no policy. Every one of them is exit code 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The files can be read, and are wrong.
    #[error("{0}")]
    Invalid(ConfigErrors),
    /// A file cannot be read, is too large, or is a link.
    #[error(
        "error[config]: {0}\nhelp: the policy and its waivers are regular files, at most {policy} and {waiver} large",
        policy = super::MAX_POLICY,
        waiver = super::MAX_WAIVER
    )]
    Unreadable(SysError),
    /// More waiver files than anybody can answer for.
    #[error("error[config]: {found} waiver files in {dir}, more than {limit}\nhelp: remove those that are not needed")]
    TooManyWaivers {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
        /// The directory.
        dir: &'static str,
    },
}

/// Text of a file, made fit for one line of a message: escaped, and cut after 60 characters with a mark.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60; // a message is one line of at most 100 columns
    let cut: String = text.chars().take(MOST).collect();
    let mark = if cut.len() < text.len() { "…" } else { "" };
    let mut out = String::with_capacity(cut.len());
    for c in cut.chars() {
        match c {
            '"' | '\'' => out.push(c), // a message is no string literal
            c if is_unsafe(c) && !c.is_control() => out.extend(c.escape_unicode()),
            c => out.extend(c.escape_debug()),
        }
    }
    out + mark
}

/// The allowed word that `word` is probably a misspelling of.
pub(super) fn nearest<'a>(word: &str, allowed: &[&'a str]) -> Option<&'a str> {
    const LONGEST: usize = 64; // no key is longer, and the distance costs the product of the lengths
    if word.len() > LONGEST {
        return None;
    }
    let plain = |w: &str| w.to_lowercase().replace('_', "-");
    let word = plain(word);
    let near = |candidate: &&&str| distance(&word, &plain(candidate)) <= (candidate.len() / 3).clamp(1, 3);
    allowed.iter().filter(near).min_by_key(|candidate| (distance(&word, candidate), **candidate)).copied()
}

/// The words as a sentence says them: `a`, `b` or `c`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".into(),
    }
}

/// The number of characters to insert, delete or replace (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, have) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (want, above) in b.iter().zip(row.windows(2)) {
            // The row has one entry more than `b`, hence as many windows of two as `b` has characters.
            let (diagonal, above) = match above {
                [diagonal, above] => (*diagonal, *above),
                _ => (i, i), // windows of two have two
            };
            left = (left + 1).min(above + 1).min(diagonal + usize::from(have != *want));
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_key() {
        let keys = ["fail-on", "feed", "grace", "accept-gap", "expires"];
        for (word, expected) in [
            ("fail_on", Some("fail-on")),
            ("failon", Some("fail-on")),
            ("Feed", Some("feed")),
            ("expire", Some("expires")),
            ("expiry", Some("expires")),
            ("accept-gaps", Some("accept-gap")),
            ("licences", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &keys), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), &keys), None);
    }

    #[test]
    fn text_of_a_file_stays_on_one_line() {
        assert_eq!(shown("a\nb\u{1b}[31m\u{202e}"), "a\\nb\\u{1b}[31m\\u{202e}");
        assert_eq!(shown("expected `\"\"`, it's \\"), "expected `\"\"`, it's \\\\");
        assert_eq!(shown(&"x".repeat(61)), format!("{}…", "x".repeat(60)));
    }

    #[test]
    fn words_are_listed_as_a_sentence_says_them() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
