//! The lines of a `Gemfile.lock`: how deep each stands, and `name (version-platform)`. It knows no section.

/// A line that holds something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Byte offset of its first character that is no blank.
    pub(super) at: usize,
    /// Blanks before that.
    pub(super) depth: usize,
    /// Without blanks at its ends.
    pub(super) text: &'a str,
}

/// The lines of a file that hold something.
pub(super) struct Lines<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        match text.strip_prefix('\u{feff}') {
            Some(rest) => Self { rest, at: text.len() - rest.len() },
            None => Self { rest: text, at: 0 },
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'\n', self.rest.as_bytes()).map_or(self.rest.len(), |end| end + 1);
            let (line, rest) = self.rest.split_at_checked(end)?;
            let start = self.at;
            (self.rest, self.at) = (rest, start + line.len());
            let body = line.trim_start_matches(' ');
            let (depth, text) = (line.len() - body.len(), body.trim_end());
            if !text.is_empty() {
                return Some(Line { at: start + depth, depth, text });
            }
        }
        None
    }
}

/// A gem as `name (version-platform)` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Locked<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) platform: Option<&'a str>,
    /// What stands in the parentheses.
    pub(super) full: &'a str,
}

/// The gem that a line begins with, and what follows it.
pub(super) fn locked(text: &str) -> Option<(Locked<'_>, &str)> {
    let (name, rest) = text.split_once(" (")?;
    let (full, rest) = rest.split_once(')')?;
    let (version, platform) = match full.split_once('-') {
        Some((version, platform)) => (version, Some(platform)),
        None => (full, None),
    };
    Some((Locked { name, version, platform, full }, rest.trim_start()))
}
