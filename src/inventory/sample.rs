//! What the tests of a format share: a good file and changes of it, told or refused. It knows no format.

use crate::inventory::npm::law;
use crate::model::{Gap, GapKind, Inventory, Partial, TreePath};

/// A reader and a file that it takes without a gap.
pub(in crate::inventory) struct Sample {
    pub(in crate::inventory) parse: fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>,
    pub(in crate::inventory) good: &'static str,
}

impl Sample {
    /// Reads a text.
    pub(in crate::inventory) fn parse(&self, text: &str) -> Result<Partial<Inventory>, Gap> {
        let answer = (self.parse)(&TreePath::new("lock"), text.as_bytes());
        law::check_shape(&answer);
        answer
    }

    /// The good file, which has no gap.
    pub(in crate::inventory) fn good(&self) -> Inventory {
        let read = self.parse(self.good).unwrap();
        assert_eq!(read.gaps, []);
        read.value
    }

    /// Kind, thing and line of each gap.
    pub(in crate::inventory) fn gaps(&self, text: &str) -> Vec<(GapKind, String, Option<u32>)> {
        self.parse(text).unwrap().gaps.into_iter().map(|gap| (gap.kind, gap.what, gap.line)).collect()
    }

    /// Each change of the good file, and the line at which it is refused.
    pub(in crate::inventory) fn refused(&self, changes: &[(&str, &str, GapKind, u32)]) {
        for (from, to, kind, line) in changes {
            let gap = self.parse(&self.changed(from, to)).unwrap_err();
            assert_eq!((gap.kind, gap.line), (*kind, Some(*line)), "{from} -> {to}: {}", gap.why);
            assert!(!gap.help.is_empty());
        }
    }

    /// Each change of the good file, and the gap that it makes.
    pub(in crate::inventory) fn told(&self, changes: &[(&str, &str, GapKind, &str, u32)]) {
        for (from, to, kind, what, line) in changes {
            let text = self.changed(from, to);
            assert_eq!(self.gaps(&text), [(*kind, (*what).to_owned(), Some(*line))], "{from} -> {to}");
        }
    }

    fn changed(&self, from: &str, to: &str) -> String {
        let text = self.good.replacen(from, to, 1);
        assert_ne!(text, self.good, "{from}");
        text
    }
}

/// Label, line and column of each component.
pub(in crate::inventory) fn rows(read: &Inventory) -> Vec<(String, u32, u32)> {
    read.components.iter().map(|c| (c.label(), c.line, c.column)).collect()
}
