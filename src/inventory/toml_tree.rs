//! A TOML file as a tree whose values know their byte offsets, and typed look-ups that refuse what has another type.
//! Knows no lockfile: which keys there are is said by the reader of each format.

use super::place::Refusal;
use crate::model::GapKind;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_parser::Source;

/// Tokens of TOML in one file: its tree takes up to 200 bytes of memory for each, where every table has one key. The
/// largest real lock known has 170,000.
pub(super) const MAX_TOKENS: usize = 5_000_000;

/// A string of the file and the offset where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// Without quotes, escapes resolved.
    pub(super) text: &'a str,
    /// Byte offset of its first quote.
    pub(super) at: usize,
}

/// A parsed file. [`Tree::root`] leads into it.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    root: Spanned<DeTable<'a>>,
    help: &'static str,
}

impl<'a> Tree<'a> {
    /// Parses a file; `help` is what every refusal says about mending it.
    pub(super) fn read(text: &'a str, help: &'static str) -> Result<Self, Refusal> {
        // No token is shorter than a byte, so that most files need no count.
        if text.len() > MAX_TOKENS && Source::new(text).lex().take(MAX_TOKENS + 1).count() > MAX_TOKENS {
            return Err(Refusal {
                kind: GapKind::TooLarge,
                at: None,
                why: format!("more than {MAX_TOKENS} tokens of TOML"),
                help: "no lock that a tool writes is like that; look at where the file comes from".into(),
            });
        }
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { root, help }),
            Err(error) => Err(super::place::conflict(text).unwrap_or_else(|| Refusal::toml(&error, help))),
        }
    }

    /// The top of the file.
    pub(super) fn root(&self) -> Node<'_> {
        Node { table: self.root.get_ref(), at: 0, help: self.help }
    }
}

/// A table of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    table: &'a DeTable<'a>,
    /// Byte offset of its header or opening brace; 0 for the file.
    pub(super) at: usize,
    help: &'static str,
}

/// A value of the file whose type is still open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    value: &'a DeValue<'a>,
    /// Byte offset of its first character.
    pub(super) at: usize,
    help: &'static str,
}

impl<'a> Node<'a> {
    /// A refusal of this table.
    pub(super) fn refuse(self, why: impl Into<String>) -> Refusal {
        Refusal::new(self.at, why, self.help)
    }

    /// The value of a key.
    pub(super) fn get(self, key: &str) -> Option<Value<'a>> {
        self.table.get(key).map(|value| self.value(value))
    }

    /// Every key with its value, in order of the key.
    pub(super) fn entries(self) -> impl Iterator<Item = (Text<'a>, Value<'a>)> {
        let entries = self.table.iter();
        entries.map(move |(key, value)| (Text { text: key.get_ref(), at: key.span().start }, self.value(value)))
    }

    /// The string of a key that may be absent.
    pub(super) fn text(self, key: &str) -> Result<Option<Text<'a>>, Refusal> {
        self.get(key).map(|value| value.text(key)).transpose()
    }

    /// The string of a key that must be there.
    pub(super) fn required(self, key: &str) -> Result<Text<'a>, Refusal> {
        self.text(key)?.ok_or_else(|| self.refuse(format!("an entry without `{key}`")))
    }

    /// The boolean of a key that may be absent.
    pub(super) fn flag(self, key: &str) -> Result<Option<bool>, Refusal> {
        let flag = |value: Value<'a>| value.value.as_bool().ok_or_else(|| value.other(key, "a boolean"));
        self.get(key).map(flag).transpose()
    }

    /// The table of a key that may be absent.
    pub(super) fn table(self, key: &str) -> Result<Option<Node<'a>>, Refusal> {
        self.get(key).map(|value| value.table(key)).transpose()
    }

    /// The array of tables of a key that may be absent.
    pub(super) fn tables(self, key: &str) -> Result<Option<Vec<Node<'a>>>, Refusal> {
        let tables = |value: Value<'a>| value.items(key)?.map(|item| item.table(key)).collect();
        self.get(key).map(tables).transpose()
    }

    /// The array of strings of a key; none where it is absent.
    pub(super) fn texts(self, key: &str) -> Result<Vec<Text<'a>>, Refusal> {
        match self.get(key) {
            Some(value) => value.items(key)?.map(|item| item.text(key)).collect(),
            None => Ok(Vec::new()),
        }
    }

    fn value(self, value: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { value: value.get_ref(), at: value.span().start, help: self.help }
    }
}

impl<'a> Value<'a> {
    /// It as a string; `key` names it where it is none.
    pub(super) fn text(self, key: &str) -> Result<Text<'a>, Refusal> {
        let text = self.value.as_str().ok_or_else(|| self.other(key, "a string"))?;
        Ok(Text { text, at: self.at })
    }

    /// It as a decimal number that is written plainly; `key` names it where it is none.
    pub(super) fn number(self, key: &str) -> Result<u32, Refusal> {
        let number = self.value.as_integer().filter(|number| number.radix() == 10);
        number.and_then(|number| number.as_str().parse().ok()).ok_or_else(|| self.other(key, "a small number"))
    }

    /// It as a table; `key` names it where it is none.
    pub(super) fn table(self, key: &str) -> Result<Node<'a>, Refusal> {
        self.as_table().ok_or_else(|| self.other(key, "a table"))
    }

    /// It as an array; `key` names it where it is none.
    pub(super) fn items(self, key: &str) -> Result<impl Iterator<Item = Value<'a>>, Refusal> {
        let items = self.value.as_array().ok_or_else(|| self.other(key, "an array"))?;
        let help = self.help;
        Ok(items.iter().map(move |item| Value { value: item.get_ref(), at: item.span().start, help }))
    }

    /// Refuses it where it is no array.
    pub(super) fn check_items(self, key: &str) -> Result<(), Refusal> {
        self.items(key).map(|_| ())
    }

    /// It as a table, where it is one.
    pub(super) fn as_table(self) -> Option<Node<'a>> {
        self.value.as_table().map(|table| Node { table, at: self.at, help: self.help })
    }

    /// It as a string, where it is one.
    pub(super) fn as_text(self) -> Option<Text<'a>> {
        self.value.as_str().map(|text| Text { text, at: self.at })
    }

    /// The refusal of a value that has another type.
    pub(super) fn other(self, key: &str, wanted: &str) -> Refusal {
        Refusal::new(self.at, format!("`{key}` is not {wanted}"), self.help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tree<'_> {
        Tree::read(text, "mend it").unwrap()
    }

    #[test]
    fn values_know_where_they_stand() {
        let tree = read("a = 'x'\n[[b]]\nc = [ 'd' ]\n\n[[b]]\ne.f = 3\n");
        let root = tree.root();
        assert_eq!(root.text("a"), Ok(Some(Text { text: "x", at: 4 })));
        let b = root.tables("b").unwrap().unwrap();
        assert_eq!(b.iter().map(|b| b.at).collect::<Vec<_>>(), [8, 27]);
        assert_eq!(b[0].texts("c"), Ok(vec![Text { text: "d", at: 20 }]));
        let f = b[1].table("e").unwrap().unwrap().get("f").unwrap();
        assert_eq!(f.number("f"), Ok(3));
    }

    #[test]
    fn a_value_of_another_type_is_refused_at_its_place() {
        let tree = read("a = 'x'\nb = 1\nc = [1]\nd = 0x1\n");
        let root = tree.root();
        assert_eq!(root.flag("a").unwrap_err().at, Some(4));
        assert_eq!(root.text("b").unwrap_err().why, "`b` is not a string");
        assert_eq!(root.texts("c").unwrap_err().at, Some(19));
        assert_eq!(root.tables("c").unwrap_err().at, Some(19));
        assert!(root.get("d").unwrap().number("d").is_err());
        assert_eq!(root.required("e").unwrap_err().why, "an entry without `e`");
        assert_eq!((root.text("e"), root.flag("e"), root.texts("e")), (Ok(None), Ok(None), Ok(vec![])));
    }

    #[test]
    fn damage_is_refused_and_a_conflict_has_words_of_its_own() {
        let why = |text: &str| Tree::read(text, "mend it").unwrap_err().why;
        assert!(why("a = ").starts_with("not valid TOML"));
        assert!(why("a = 1\na = 2\n").starts_with("not valid TOML"));
        assert_eq!(why("a = 1\n<<<<<<< HEAD\nb = 1\n"), "the file holds the markers of a merge conflict");
        assert!(Tree::read(&"a=[".repeat(100_000), "").is_err());
        let many = format!("a = [{}]", "[],".repeat(MAX_TOKENS / 3 + 1));
        assert_eq!(Tree::read(&many, "").unwrap_err().kind, GapKind::TooLarge);
    }
}
