//! Where the lines of a text begin, for a few lines of a long text. Columns are not its business.

/// Bytes of text for one entry of [`Lines`].
const BLOCK: usize = 4 << 10;

/// Where the lines of a text begin. To count the ends of lines in a block costs a fraction of writing each down, and few
/// lines are asked for.
pub(super) struct Lines {
    /// For each block of [`BLOCK`] bytes the ends of lines before it.
    before: Vec<usize>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let ends = |block: &[u8]| memchr::memchr_iter(b'\n', block).count();
        let count = |seen: &mut usize, block| Some(std::mem::replace(seen, *seen + ends(block)));
        Self { before: text.as_bytes().chunks(BLOCK).scan(0, count).collect() }
    }

    /// The offset where a line begins (1-based); none past the last one.
    pub(super) fn start(&self, text: &str, line: u32) -> Option<usize> {
        let wanted = usize::try_from(line).ok()?.checked_sub(2); // the end of the line before, from 0
        let Some(wanted) = wanted else { return (line == 1).then_some(0) };
        let block = self.before.partition_point(|before| *before <= wanted).checked_sub(1)?;
        let (bytes, nth) = (text.as_bytes().get(block * BLOCK..)?, wanted - self.before.get(block)?);
        memchr::memchr_iter(b'\n', bytes).nth(nth).map(|end| block * BLOCK + end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the list of all beginnings, which is what this saves.
    fn agrees(text: &str) {
        let all: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let lines = Lines::of(text);
        for line in 0..=u32::try_from(all.len()).unwrap() + 2 {
            let expected = line.checked_sub(1).and_then(|at| all.get(at as usize)).copied();
            assert_eq!(lines.start(text, line), expected, "line {line} of {} bytes", text.len());
        }
    }

    #[test]
    fn every_line_is_found_in_texts_of_any_length() {
        for text in ["", "a", "\n", "a\nb", "a\nb\n", "\n\n\n"] {
            agrees(text);
        }
        for length in [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 7] {
            agrees(&"x".repeat(length));
            agrees(&"\n".repeat(length));
            agrees(&"ab\n".repeat(length / 3));
            agrees(&("x".repeat(length) + "\ny"));
        }
    }
}
