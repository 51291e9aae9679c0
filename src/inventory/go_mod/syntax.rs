//! The lines of `go.mod` (Go modules reference, «go.mod files»): words, comments, blocks in parentheses. It knows which
//! directives there are, and not what they mean for a build.

use super::super::place::{Refusal, conflict};
use std::collections::HashMap;

/// Directives that a line or a block can begin with.
const DIRECTIVES: [&str; 10] =
    ["module", "go", "toolchain", "godebug", "require", "exclude", "replace", "retract", "tool", "ignore"];
/// The first release whose file lists every module that is built.
const COMPLETE_SINCE: (u32, u32) = (1, 17);

/// A word and its byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inventory) struct Word<'a> {
    pub(in crate::inventory) text: &'a str,
    pub(in crate::inventory) at: usize,
}

/// A module at a version.
#[derive(Clone, Copy, Debug)]
pub(in crate::inventory) struct Required<'a> {
    pub(in crate::inventory) path: Word<'a>,
    pub(in crate::inventory) version: Word<'a>,
}

/// What takes the place of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inventory) enum Target<'a> {
    /// A directory of this machine.
    Directory(&'a str),
    /// Another module at a version.
    Module(&'a str, &'a str),
}

/// What a file says.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Module<'a> {
    pub(in crate::inventory) go: Option<Word<'a>>,
    pub(in crate::inventory) toolchain: Option<Word<'a>>,
    pub(in crate::inventory) requires: Vec<Required<'a>>,
    /// By path and version; no version stands for every one.
    replaces: HashMap<(&'a str, Option<&'a str>), Target<'a>>,
    pub(in crate::inventory) name: Option<Word<'a>>,
}

impl<'a> Module<'a> {
    /// Reads a file. `help` is what mends one that is none.
    pub(in crate::inventory) fn read(text: &'a str, help: &str) -> Result<Self, Refusal> {
        let refuse = |at, why: &str| conflict(text).unwrap_or_else(|| Refusal::new(at, why, help));
        let mut module = Self::default();
        let mut block: Option<Word<'a>> = None;
        let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        for line in text.get(at..).unwrap_or_default().split_inclusive('\n') {
            let words = words(line, at).map_err(|(at, why)| refuse(at, why))?;
            let start = at;
            at += line.len();
            let Some((first, rest)) = words.split_first() else { continue };
            let (directive, arguments) = match block {
                Some(_) if first.text == ")" && rest.is_empty() => {
                    block = None;
                    continue;
                }
                Some(open) => (open.text, words.as_slice()),
                None if !DIRECTIVES.contains(&first.text) => return Err(refuse(first.at, "an unknown directive")),
                None if matches!(rest, [open] if open.text == "(") => {
                    block = Some(*first);
                    continue;
                }
                None => (first.text, rest),
            };
            module.take(directive, arguments).map_err(|why| refuse(start, why))?;
        }
        match block {
            Some(open) => Err(refuse(open.at, "a block that is not closed")),
            None if module.name.is_none() => Err(refuse(0, "no `module`")),
            None => Ok(module),
        }
    }

    fn take(&mut self, directive: &str, arguments: &[Word<'a>]) -> Result<(), &'static str> {
        match (directive, arguments) {
            ("module", [name]) if self.name.is_none() => self.name = Some(*name),
            ("go", [version]) if self.go.is_none() && version_of_go(version.text).is_some() => self.go = Some(*version),
            ("toolchain", [name]) if self.toolchain.is_none() => self.toolchain = Some(*name),
            ("require", [path, version]) => self.requires.push(Required { path: *path, version: *version }),
            ("replace", [old, arrow, new @ ..]) if arrow.text == "=>" => self.replace(old, None, new)?,
            ("replace", [old, version, arrow, new @ ..]) if arrow.text == "=>" => {
                self.replace(old, Some(version.text), new)?;
            }
            ("exclude", [_, _]) | ("retract" | "godebug" | "tool" | "ignore", [_, ..]) => {}
            _ => return Err("a line that the directive does not take"),
        }
        Ok(())
    }

    fn replace(&mut self, old: &Word<'a>, version: Option<&'a str>, new: &[Word<'a>]) -> Result<(), &'static str> {
        let target = match new {
            [module, version] if super::is_version(version.text) => Target::Module(module.text, version.text),
            [dir] if is_directory(dir.text) => Target::Directory(dir.text),
            _ => return Err("a replacement that is neither a directory nor a module at a version"),
        };
        match self.replaces.insert((old.text, version), target) {
            None => Ok(()),
            Some(before) if before == target => Ok(()),
            Some(_) => Err("a module that is replaced by two things"),
        }
    }

    /// What takes the place of a requirement, where something does.
    pub(in crate::inventory) fn target(&self, required: &Required<'a>) -> Option<Target<'a>> {
        let path = required.path.text;
        let exact = self.replaces.get(&(path, Some(required.version.text)));
        exact.or_else(|| self.replaces.get(&(path, None))).copied()
    }

    /// Whether the file lists every module that is built.
    pub(in crate::inventory) fn is_complete(&self) -> bool {
        self.go.and_then(|go| version_of_go(go.text)).is_some_and(|version| version >= COMPLETE_SINCE)
    }
}

/// Release and minor release of `1.21`, `1.21.3` and `1.21rc2`.
fn version_of_go(text: &str) -> Option<(u32, u32)> {
    let (major, rest) = text.split_once('.')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((major.parse().ok()?, rest.get(..end)?.parse().ok()?))
}

/// A path of the file system begins with a dot or at its root, so that it cannot be taken for a module.
fn is_directory(text: &str) -> bool {
    let relative = ["./", "../", ".\\", "..\\"].iter().any(|start| text.starts_with(start));
    relative || matches!(text, "." | "..") || text.starts_with(['/', '\\']) || text.get(1..2) == Some(":")
}

/// The words of a line, without its comment; the offset and reason where there is none.
fn words(line: &str, start: usize) -> Result<Vec<Word<'_>>, (usize, &'static str)> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let at = start + (line.len() - rest.len());
        let Some(first) = rest.chars().next() else { return Ok(words) };
        if rest.starts_with("//") {
            return Ok(words);
        }
        let (text, behind) = match first {
            '"' | '`' => {
                let inner = rest.get(1..).unwrap_or_default();
                let (text, behind) = inner.split_once(first).ok_or((at, "a string that does not end on its line"))?;
                if text.contains('\\') {
                    return Err((at, "an escape in a string"));
                }
                (text, behind)
            }
            '(' | ')' | '[' | ']' | ',' => rest.split_at_checked(1).unwrap_or((rest, "")),
            _ => {
                let stops = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | ',' | '"' | '`');
                let end = rest.find(stops).unwrap_or(rest.len());
                let end = rest.find("//").map_or(end, |comment| comment.min(end));
                rest.split_at_checked(end).unwrap_or((rest, ""))
            }
        };
        if text.contains("/*") {
            return Err((at, "a comment that is not one of lines"));
        }
        words.push(Word { text, at });
        if behind.len() == rest.len() {
            return Err((at, "a character that no word begins with"));
        }
        rest = behind;
    }
}
