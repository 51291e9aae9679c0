//! The fastest reader: a lock byte for byte in the form that cargo writes, line by line, without a TOML parser.
//!
//! It knows a handful of lines and gives nothing at the first one it does not know; `plain` then reads the file. In
//! debug builds, and so in every test and fuzz run, what it gives is compared with what `plain` gives.

use super::raw::{RawLock, RawPackage, Text, range};
use super::{MAX_DEPENDENCIES, MAX_PACKAGES};
use std::borrow::Cow;

/// An entry whose lines are still coming.
#[derive(Default)]
struct Draft<'a> {
    at: usize,
    unused: bool,
    name: Option<Text<'a>>,
    version: Option<Text<'a>>,
    source: Option<Text<'a>>,
    checksum: Option<Text<'a>>,
    dependencies: Option<(usize, usize)>,
    replace: Option<Text<'a>>,
}

/// Reads a canonical lock.
pub(super) fn read(text: &str) -> Option<RawLock<'_>> {
    // No escape, no control character but the end of a line. Without an early end this runs over many bytes at once.
    let odd = |b: u8| (b < b' ') & (b != b'\n') | (b == b'\\') | (b == 0x7f);
    none(text.bytes().fold(false, |seen, b| seen | odd(b)))?;
    // Real locks have a package for each 300 bytes and a dependency for each 80; memory that is not used costs nothing.
    let mut lock = RawLock {
        packages: Vec::with_capacity(text.len() / 256),
        dependencies: Vec::with_capacity(text.len() / 64),
        ..RawLock::default()
    };
    let mut draft: Option<Draft<'_>> = None;
    let mut lines = Lines { text, at: 0 };
    while let Some((at, line)) = lines.next() {
        match line {
            "" => {}
            "[[package]]" | "[[patch.unused]]" => {
                finish(&mut lock, draft.take())?;
                draft = Some(Draft { at, unused: line != "[[package]]", ..Draft::default() });
            }
            "dependencies = [" => {
                let begin = lock.dependencies.len();
                dependencies(&mut lines, &mut lock)?;
                let seen = draft.as_mut()?.dependencies.replace((begin, lock.dependencies.len()));
                none(seen.is_some())?;
            }
            _ => match &mut draft {
                Some(draft) => field(draft, at, line)?,
                None => preamble(&mut lock, at, line)?,
            },
        }
    }
    finish(&mut lock, draft)?;
    Some(lock)
}

/// Nothing, where something is odd.
fn none(odd: bool) -> Option<()> {
    (!odd).then_some(())
}

/// What stands before the first entry: comments and the version of the format.
fn preamble(lock: &mut RawLock<'_>, at: usize, line: &str) -> Option<()> {
    if line.starts_with('#') {
        return none(line.bytes().any(|b| b.is_ascii_control() || !b.is_ascii()));
    }
    let digit = line.strip_prefix("version = ")?;
    none(digit.len() != 1 || lock.version.is_some())?;
    let version = digit.parse().ok().filter(|version: &i64| *version > 0)?;
    lock.version = Some((version, at + "version = ".len()));
    Some(())
}

fn field<'a>(draft: &mut Draft<'a>, at: usize, line: &'a str) -> Option<()> {
    let slots = [
        ("name = ", &mut draft.name),
        ("version = ", &mut draft.version),
        ("source = ", &mut draft.source),
        ("checksum = ", &mut draft.checksum),
        ("replace = ", &mut draft.replace),
    ];
    let (key, slot) = slots.into_iter().find(|(key, _)| line.starts_with(key))?;
    let text = string(line.get(key.len()..)?, at + key.len())?;
    none(slot.replace(text).is_some())
}

/// The lines of an array, up to its end.
fn dependencies<'a>(lines: &mut Lines<'a>, lock: &mut RawLock<'a>) -> Option<()> {
    loop {
        let (at, line) = lines.next()?;
        if line == "]" {
            return Some(());
        }
        none(lock.dependencies.len() > MAX_DEPENDENCIES)?; // the next reader says so
        let written = line.strip_prefix(' ')?.strip_suffix(',')?;
        lock.dependencies.push(string(written, at + 1)?);
    }
}

/// A basic string on one line; nothing is escaped in this text. The offset is that of its first quote.
fn string(written: &str, at: usize) -> Option<Text<'_>> {
    let inner = written.strip_prefix('"')?.strip_suffix('"')?;
    none(memchr::memchr(b'"', inner.as_bytes()).is_some())?;
    Some(Text { text: Cow::Borrowed(inner), at })
}

fn finish<'a>(lock: &mut RawLock<'a>, draft: Option<Draft<'a>>) -> Option<()> {
    let Some(draft) = draft else { return Some(()) };
    none(lock.packages.len() > MAX_PACKAGES)?; // the next reader says so
    let (begin, end) = draft.dependencies.unwrap_or_default();
    let mut package = RawPackage {
        at: draft.at,
        name: draft.name?,
        version: draft.version?,
        source: draft.source,
        checksum: draft.checksum,
        dependencies: range(begin, end),
        replace: draft.replace,
    };
    if draft.unused {
        // Only name, version and source of an unused patch mean anything.
        none(draft.dependencies.is_some())?;
        (package.checksum, package.replace) = (None, None);
        lock.unused.push(package);
    } else {
        lock.packages.push(package);
    }
    Some(())
}

/// The lines of a text with the offsets where they begin.
struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let begin = self.at;
        let rest = self.text.get(begin..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.at = begin + end + 1;
        rest.get(..end).map(|line| (begin, line))
    }
}
