//! Where an entry of a lock is fetched from and what fixes its bytes, both as the lock writes them. It judges neither.

use std::borrow::Cow;
use std::ops::Range;

/// What a lock writes on the fetching of one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address.
    pub address: Piece,
    /// A hash of any algorithm, in the form of the lock.
    pub integrity: Piece,
}

/// A text of the lock, without a copy of it where that is possible: a lock has one for each package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Piece {
    /// Nothing is written.
    #[default]
    Nothing,
    /// These bytes of the file.
    Inside(Range<u32>),
    /// A text that the file writes otherwise, with escapes.
    Own(Box<str>),
}

impl Piece {
    /// The piece that holds this value of a reader of `text`.
    pub fn new(value: Option<Cow<'_, str>>, text: &str) -> Self {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return Self::Nothing };
        let start = value.as_ptr().addr().checked_sub(text.as_ptr().addr());
        let range = start.and_then(|start| {
            let end = start.checked_add(value.len()).filter(|end| *end <= text.len())?;
            Some(u32::try_from(start).ok()?..u32::try_from(end).ok()?)
        });
        // Another allocation is never inside of the text's, so that equal bytes there are this very value.
        match range.filter(|range| text.get(range.start as usize..range.end as usize) == Some(value.as_ref())) {
            Some(range) => Self::Inside(range),
            None => Self::Own(value.into()),
        }
    }

    /// The value, where there is one. `text` is that of the file.
    pub fn of<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match self {
            Self::Nothing => None,
            Self::Inside(range) => text.get(range.start as usize..range.end as usize),
            Self::Own(own) => Some(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_the_text_is_not_copied_and_another_one_is() {
        let text = "ab cd".to_owned();
        let inside = Piece::new(text.get(3..).map(Cow::Borrowed), &text);
        assert_eq!(inside, Piece::Inside(3..5));
        assert_eq!(inside.of(&text), Some("cd"));
        let own = Piece::new(Some(Cow::Owned("cd".to_owned())), &text);
        assert_eq!(own, Piece::Own("cd".into()));
        assert_eq!(own.of(&text), Some("cd"));
        assert_eq!(Piece::new(Some(Cow::Borrowed("")), &text), Piece::Nothing);
        assert_eq!(Piece::new(None, &text).of(&text), None);
    }
}
