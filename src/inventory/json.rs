//! JSON with the place of every key, strictly as RFC 8259 has it, on the reader of `serde_json`. A key that stands twice
//! in one object is refused: readers differ in which of the two they take. It knows no format of lockfiles.

use super::place::Refusal;
use super::value::{MAX_VALUES, Map, Member, Value};
use crate::model::GapKind;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// Reads a file. `help` is what mends one that is none. `serde_json` ends at a depth of 128.
pub(super) fn read<'a>(text: &'a str, help: &str) -> Result<Value<'a>, Refusal> {
    let text_after_bom = text.strip_prefix('\u{feff}').unwrap_or(text);
    let context = Context { text, count: Cell::new(0), stop: Cell::new(None) };
    let mut reader = serde_json::Deserializer::from_str(text_after_bom);
    let value = Seed(&context).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| match context.stop.take() {
        Some(Stop::TooMany) => Refusal {
            kind: GapKind::TooLarge,
            at: None,
            why: format!("more than {MAX_VALUES} values of JSON"),
            help: help.to_owned(),
        },
        Some(Stop::Twice(at)) => Refusal::new(at, "the same key twice in one object", help),
        None => {
            let said = error.to_string();
            // The place is said by the gap itself, in the whole file.
            let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
            let at = offset(text_after_bom, error.line(), error.column()) + (text.len() - text_after_bom.len());
            Refusal::new(at, format!("not valid JSON: {said}"), help)
        }
    })
}

/// The text without commas behind a last value, each a blank instead, so that every offset stays. Some locks have them.
pub(super) fn without_trailing_commas(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let (mut commas, mut at, mut before) = (Vec::new(), 0, b'[');
    while let Some(byte) = bytes.get(at).copied() {
        let start = at;
        at += 1;
        if byte == b'"' {
            at = end_of_string(bytes, at);
        } else if byte == b',' && !matches!(before, b'[' | b'{' | b',' | b':') {
            let next = bytes.get(at..).unwrap_or_default().iter().find(|byte| !byte.is_ascii_whitespace());
            if matches!(next, Some(b']' | b'}')) {
                commas.push(start);
            }
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    if commas.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut strict = bytes.to_vec();
    for at in commas {
        if let Some(byte) = strict.get_mut(at) {
            *byte = b' ';
        }
    }
    // A comma and a blank are both one byte: it is UTF-8 as before.
    String::from_utf8(strict).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Behind the quote that ends a string, or the end of the file.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        if bytes.get(at + found) == Some(&b'"') {
            return at + found + 1;
        }
        at += found + 2;
    }
    bytes.len()
}

/// The byte offset of a line and a column (in bytes), both 1-based, as `serde_json` counts them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before_line = line.checked_sub(2).map_or(0, |nth| {
        memchr::memchr_iter(b'\n', text.as_bytes()).nth(nth).map_or(text.len(), |newline| newline + 1)
    });
    (before_line + column.saturating_sub(1)).min(text.len())
}

struct Context<'a> {
    text: &'a str,
    count: Cell<usize>,
    /// Why the reader was told to stop; `serde_json` carries text alone.
    stop: Cell<Option<Stop>>,
}

#[derive(Clone, Copy)]
enum Stop {
    TooMany,
    Twice(usize),
}

impl<'a> Context<'a> {
    fn stop<E: Error>(&self, why: Stop) -> E {
        self.stop.set(Some(why));
        E::custom("stopped")
    }

    /// The offset of a piece of the text.
    fn at(&self, piece: &str) -> usize {
        piece.as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }

    fn key<E: Error>(&self, raw: &'a RawValue) -> Result<Cow<'a, str>, E> {
        match raw.get().strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
            _ => serde_json::from_str(raw.get()).map(Cow::Owned).map_err(E::custom),
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'c, 'a>(&'c Context<'a>);

impl<'a> DeserializeSeed<'a> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Value<'a>, D::Error> {
        self.0.count.set(self.0.count.get() + 1);
        if self.0.count.get() > MAX_VALUES {
            return Err(self.0.stop(Stop::TooMany));
        }
        reader.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_, 'a> {
    type Value = Value<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'a>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value<'a>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value<'a>, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value<'a>, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value<'a>, E> {
        Ok(Value::Number(value.to_string()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Value<'a>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'a>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Value<'a>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Value<'a>, A::Error> {
        let mut map = Map::default();
        while let Some(raw) = members.next_key::<&RawValue>()? {
            let (at, key) = (self.0.at(raw.get()), self.0.key(raw)?);
            map.0.push(Member { at, key, value: members.next_value_seed(self)? });
        }
        match map.twice() {
            Some(member) => Err(self.0.stop(Stop::Twice(member.at))),
            None => Ok(Value::Map(map)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> (Option<usize>, String) {
        let refusal = read(text, "").unwrap_err();
        (refusal.at, refusal.why)
    }

    #[test]
    fn keys_have_the_offset_of_their_quote() {
        let value = read("\u{feff}{\"a\": {\n \"b\\n\": [1, -2.5, null, true, \"x\"]}}", "").unwrap();
        let a = value.map().unwrap().member("a").unwrap();
        assert_eq!(a.at, 4);
        let b = a.value.map().unwrap().member("b\n").unwrap();
        assert_eq!(b.at, 12);
        let number = |digits: &str| Value::Number(digits.into());
        let list = vec![number("1"), number("-2.5"), Value::Null, Value::Bool(true), Value::Text("x".into())];
        assert_eq!(b.value, Value::List(list));
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_however_it_is_spelled() {
        assert!(read(r#"{"a": 1, "b": 2}"#, "").is_ok());
        assert_eq!(refused(r#"{"a": 1, "a": 2}"#), (Some(9), "the same key twice in one object".into()));
        assert_eq!(refused(r#"{"a": 1, "\u0061": 2}"#).0, Some(9));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        assert_eq!(refused("{\n\"a\": }").0, Some(7));
        assert_eq!(refused("\u{feff}x").0, Some(3));
        for text in ["", "{", "{\"a\": 1,}", "{} {}", "{\"a\\ud800\": 1}", "{'a': 1}", "// x\n{}"] {
            assert!(read(text, "").is_err(), "{text}");
        }
    }

    #[test]
    fn depth_and_number_of_values_are_bounded() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(read(&deep(100), "").is_ok());
        assert!(read(&deep(1_000_000), "").is_err());
        let wide = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(read(&wide, "").unwrap_err().kind, GapKind::TooLarge);
    }

    #[test]
    fn commas_behind_a_last_value_are_blanks_and_nothing_else_is_changed() {
        let blank = |text: &str| without_trailing_commas(text).into_owned();
        assert_eq!(blank(r#"{"a,]": ["x", 1 , ],  "b": {},}"#), r#"{"a,]": ["x", 1   ],  "b": {} }"#);
        for text in ["[,]", "[1,,]", "{,}", "[1,2]", r#""\",]""#, r#"",]"#, r#"{"a":,}"#] {
            let expected = if text == "[1,,]" { "[1,,]" } else { text };
            assert_eq!(blank(text), expected, "{text}");
        }
    }

    fn plain(value: &Value<'_>) -> serde_json::Value {
        match value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(digits) => serde_json::from_str(digits).unwrap(),
            Value::Text(text) => text.as_ref().into(),
            Value::List(list) => list.iter().map(plain).collect(),
            Value::Map(map) => map.0.iter().map(|m| (m.key.to_string(), plain(&m.value))).collect(),
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_what_serde_json_reads(text in r#"[{}\[\]":,a1e\\ \n-]{0,24}"#) {
            if let Ok(value) = read(&text, "") {
                prop_assert_eq!(plain(&value), serde_json::from_str::<serde_json::Value>(&text).unwrap());
            }
        }
    }
}
