//! A tree of JSON or YAML with the place of every key. It knows no format of lockfiles and reads no bytes: `json` and
//! `yaml` make it.

use std::borrow::Cow;
use std::collections::HashSet;

/// Values in one file: about 60 bytes of memory each. The largest real lock known has 60,000.
pub(super) const MAX_VALUES: usize = 4_000_000;
/// Members that are compared one by one for a key that stands twice; more of them go through a table.
const FEW: usize = 8;

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// `null`, and in YAML nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number of JSON, in the digits that it was written in. YAML gives text instead: `1.10` is not 1.1.
    Number(String),
    /// A text; in YAML every scalar that is none of the others.
    Text(Cow<'a, str>),
    /// Values in their order.
    List(Vec<Value<'a>>),
    /// Values by key. No key stands twice.
    Map(Map<'a>),
}

/// Members in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Map<'a>(pub(super) Vec<Member<'a>>);

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member<'a> {
    /// Byte offset of the key, its quotes included.
    pub(super) at: usize,
    pub(super) key: Cow<'a, str>,
    pub(super) value: Value<'a>,
}

impl<'a> Value<'a> {
    /// The members, where it is a map.
    pub(super) fn map(&self) -> Option<&Map<'a>> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where it stands in the text that it was read from: the first key of a map, the first element of a list, and a
    /// text that is written without escapes. None for others.
    pub(super) fn place_in(&self, text: &str) -> Option<usize> {
        match self {
            Self::Text(Cow::Borrowed(piece)) => {
                let at = piece.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
                (at + piece.len() <= text.len()).then_some(at)
            }
            Self::Map(map) => map.0.first().map(|member| member.at),
            Self::List(list) => list.first().and_then(|value| value.place_in(text)),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(Cow::Owned(_)) => None,
        }
    }

    /// What it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl<'a> Map<'a> {
    /// The member with this key. It looks at one after the other: for the few members of an entry.
    pub(super) fn member(&self, key: &str) -> Option<&Member<'a>> {
        self.0.iter().find(|member| member.key == key)
    }

    /// The value with this key.
    pub(super) fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.member(key).map(|member| &member.value)
    }

    /// The text with this key, where there is one.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::text)
    }

    /// Whether the value with this key is `true`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    /// A member whose key another one before it has.
    pub(super) fn twice(&self) -> Option<&Member<'a>> {
        if self.0.len() <= FEW {
            return self.0.iter().enumerate().find_map(|(nth, member)| {
                self.0.iter().take(nth).any(|before| before.key == member.key).then_some(member)
            });
        }
        let mut seen = HashSet::with_capacity(self.0.len());
        self.0.iter().find(|member| !seen.insert(member.key.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_knows_its_place_where_it_is_a_piece_of_the_file() {
        let text = "abc".to_owned();
        let place = |value: &Value<'_>| value.place_in(&text);
        assert_eq!(place(&Value::Text(Cow::Borrowed(text.get(1..).unwrap()))), Some(1));
        assert_eq!(place(&Value::List(vec![Value::Text(Cow::Borrowed(text.get(2..).unwrap()))])), Some(2));
        assert_eq!(place(&Value::Text(Cow::Owned("b".to_owned()))), None);
        assert_eq!(place(&Value::Text(Cow::Borrowed("elsewhere"))), None);
        assert_eq!(place(&Value::Map(Map(vec![member(7, "a")]))), Some(7));
        assert_eq!(place(&Value::Null), None);
    }

    fn member(at: usize, key: &str) -> Member<'_> {
        Member { at, key: key.into(), value: Value::Null }
    }

    #[test]
    fn a_key_that_stands_twice_is_found_among_few_and_among_many() {
        for size in [2, FEW, FEW + 1, 100] {
            let keys: Vec<String> = (0..size).map(|n| n.to_string()).collect();
            let mut map = Map(keys.iter().enumerate().map(|(at, key)| member(at, key)).collect());
            assert_eq!(map.twice(), None, "{size}");
            map.0.push(member(size, "0"));
            assert_eq!(map.twice().map(|member| member.at), Some(size), "{size}");
        }
    }
}
