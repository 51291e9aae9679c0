//! Lines of text with colour and wrapping. Colour never changes the text, and wrapping never breaks a word.

use crate::text::neutral;

/// Prose is never set narrower than this, whatever the terminal says.
const MIN_WIDTH: usize = 40;
/// Nor wider: long lines are hard to read.
const MAX_WIDTH: usize = 100;

/// Ends a colour.
const RESET: &str = "\u{1b}[0m";

/// A colour, by what it means. The numbers are SGR parameters (ECMA-48, section 8.3.117).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Error,
    Warning,
    Note,
    Good,
    Frame,
    Strong,
    Faint,
    Plain,
}

impl Ink {
    fn sgr(self) -> &'static str {
        match self {
            Self::Error => "1;31",
            Self::Warning => "1;33",
            Self::Note => "1;36",
            Self::Good => "1;32",
            Self::Frame => "34",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Plain => "",
        }
    }
}

/// A piece of a line.
pub(super) struct Span {
    pub(super) ink: Ink,
    pub(super) text: String,
}

/// A piece of trusted or untrusted text; it is neutralised here, so that nothing else has to remember.
pub(super) fn span(ink: Ink, text: &str) -> Span {
    Span { ink, text: neutral::line(text).into_owned() }
}

/// Text that grows line by line.
pub(super) struct Page {
    text: String,
    color: bool,
    width: usize,
    /// The ink of the coloured run that ends the text, and where it ends.
    run: Option<(Ink, usize)>,
}

impl Page {
    pub(super) fn new(color: bool, width: u16) -> Self {
        Self { text: String::new(), color, width: usize::from(width).clamp(MIN_WIDTH, MAX_WIDTH), run: None }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Columns of a line.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// One line as it is, without trailing blanks.
    pub(super) fn line(&mut self, spans: &[Span]) {
        let last = spans.iter().rposition(|span| !span.text.trim_end().is_empty());
        for (at, span) in spans.iter().enumerate() {
            let text = if Some(at) == last { span.text.trim_end() } else { &span.text };
            if last.is_some_and(|last| at <= last) {
                self.put(span.ink, text);
            }
        }
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Words after a lead, wrapped; the lines after the first are indented by `hang` columns. Each part is cut at its
    /// blanks only where it is prose.
    pub(super) fn wrapped(&mut self, lead: &[Span], hang: usize, parts: &[Part]) {
        let mut column = 0;
        for span in lead {
            self.put(span.ink, &span.text);
            column += span.text.chars().count();
        }
        let mut fresh = true; // nothing but the lead or the indent stands on this line yet
        for (ink, atom) in parts.iter().flat_map(Part::atoms).filter(|(_, atom)| !atom.is_empty()) {
            let length = atom.chars().count();
            let room = column + usize::from(!fresh) + length <= self.width;
            if !fresh && !room {
                self.text.push('\n');
                self.put(Ink::Plain, &" ".repeat(hang));
                (column, fresh) = (hang, true);
            }
            if !fresh {
                self.put(ink, " ");
                column += 1;
            }
            self.put(ink, &atom);
            (column, fresh) = (column + length, false);
        }
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    fn put(&mut self, ink: Ink, text: &str) {
        // Words of one colour are one run: a colour for each word would be noise in a log that keeps it.
        if self.run == Some((ink, self.text.len())) {
            self.text.truncate(self.text.len() - RESET.len());
            self.text.push_str(text);
        } else if self.color && !ink.sgr().is_empty() && !text.trim().is_empty() {
            self.text.push_str("\u{1b}[");
            self.text.push_str(ink.sgr());
            self.text.push('m');
            self.text.push_str(text);
        } else {
            self.text.push_str(text);
            return;
        }
        self.text.push_str(RESET);
        self.run = Some((ink, self.text.len()));
    }
}

/// A part of wrapped text.
pub(super) enum Part {
    /// May be cut at its blanks.
    Prose(Ink, String),
    /// A path, a command, an address, a version: stays whole.
    Whole(Ink, String),
}

impl Part {
    pub(super) fn prose(text: &str) -> Self {
        Self::Prose(Ink::Plain, neutral::line(text).into_owned())
    }

    pub(super) fn strong(text: &str) -> Self {
        Self::Prose(Ink::Strong, neutral::line(text).into_owned())
    }

    pub(super) fn whole(text: &str) -> Self {
        Self::Whole(Ink::Plain, neutral::line(text).into_owned())
    }

    fn atoms(&self) -> Vec<(Ink, String)> {
        match self {
            Self::Prose(ink, text) => words(text).into_iter().map(|word| (*ink, word)).collect(),
            Self::Whole(ink, text) => vec![(*ink, text.clone())],
        }
    }
}

/// The words of prose; what stands in backticks is one word, so that a command can be copied.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut inside = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if inside => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        inside ^= word.matches('`').count() % 2 == 1;
    }
    // A backtick without its partner quotes nothing.
    if inside { text.split_whitespace().map(str::to_owned).collect() } else { words }
}

/// Rows of cells, each column as wide as its widest cell, but no wider than its limit. The last cell of a row that is
/// wider than the page, such as the name of a file, stands on a line of its own.
pub(super) fn table(page: &mut Page, indent: usize, limits: &[usize], rows: &[Vec<Span>]) {
    let width = |column: usize, limit: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count());
        cells.filter(|length| *length <= limit).max().unwrap_or(0)
    };
    let widths: Vec<usize> = limits.iter().enumerate().map(|(column, limit)| width(column, *limit)).collect();
    let empty = |column: usize| rows.iter().all(|row| row.get(column).is_none_or(|cell| cell.text.is_empty()));
    for row in rows {
        let mut spans = vec![span(Ink::Plain, &" ".repeat(indent))];
        for (at, cell) in row.iter().enumerate().filter(|(at, _)| !empty(*at)) {
            // A cell without a limit of its own ends the row and needs no padding.
            let pad = widths.get(at).map_or(0, |width| width.saturating_sub(cell.text.chars().count()));
            let gap = if at + 1 == row.len() { 0 } else { 2 };
            spans.push(Span { ink: cell.ink, text: cell.text.clone() });
            spans.push(span(Ink::Plain, &" ".repeat(pad + gap)));
        }
        let wide = spans.iter().map(|span| span.text.chars().count()).sum::<usize>() > page.width();
        let last = row.last().filter(|cell| wide && row.len() > 1 && !cell.text.is_empty());
        if let Some(cell) = last {
            spans.truncate(spans.len() - 2); // the cell and its empty padding
            page.line(&spans);
            spans = vec![span(Ink::Plain, &" ".repeat(indent + 4)), Span { ink: cell.ink, text: cell.text.clone() }];
        }
        page.line(&spans);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_wraps_and_whole_parts_do_not() {
        let mut page = Page::new(false, 40);
        page.wrapped(
            &[span(Ink::Error, "error: ")],
            4,
            &[
                Part::prose("one two three four five six seven eight"),
                Part::whole("a path/that is long enough to stand alone"),
            ],
        );
        let expected =
            "error: one two three four five six seven\n    eight\n    a path/that is long enough to stand alone\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn what_stands_in_backticks_is_one_word() {
        assert_eq!(words("run `a b c`, then go"), ["run", "`a b c`,", "then", "go"]);
        assert_eq!(words("run `a` or `b c`"), ["run", "`a`", "or", "`b c`"]);
        assert_eq!(words("it's ` b c"), ["it's", "`", "b", "c"]);
    }

    #[test]
    fn columns_are_aligned_and_have_no_trailing_blanks() {
        let mut page = Page::new(false, 80);
        let cell = |text: &str| span(Ink::Plain, text);
        let rows = [vec![cell("a"), cell("bb"), cell("c")], vec![cell("aaaa"), cell("b"), cell("")]];
        table(&mut page, 2, &[10, 10], &rows);
        assert_eq!(page.finish(), "  a     bb  c\n  aaaa  b\n");
    }

    #[test]
    fn a_row_wider_than_the_page_breaks_before_its_last_cell_and_one_that_fits_does_not() {
        let cell = |text: &str| span(Ink::Plain, text);
        let (fits, wide) = ("x".repeat(32), "x".repeat(33));
        for (file, expected) in [(&fits, format!("  aaaa  {fits}\n")), (&wide, format!("  aaaa\n      {wide}\n"))] {
            let mut page = Page::new(false, 40);
            table(&mut page, 2, &[10], &[vec![cell("aaaa"), cell(file)]]);
            assert_eq!(page.finish(), expected);
        }
    }

    #[test]
    fn words_of_one_colour_are_one_run_and_a_new_line_begins_another() {
        let mut page = Page::new(true, 40);
        page.wrapped(
            &[span(Ink::Error, "no"), span(Ink::Strong, ": ")],
            4,
            &[Part::strong("h2 is affected by one thing and by another"), Part::prose("really")],
        );
        let expected = "\u{1b}[1;31mno\u{1b}[0m\u{1b}[1m: h2 is affected by one thing and by\u{1b}[0m\n    \
                        \u{1b}[1manother\u{1b}[0m really\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn colour_wraps_the_same_text() {
        let mut page = Page::new(true, 80);
        page.line(&[span(Ink::Error, "no"), span(Ink::Plain, " way")]);
        assert_eq!(page.finish(), "\u{1b}[1;31mno\u{1b}[0m way\n");
    }
}
