//! Canonical JSON (RFC 8785, JCS) for the values that a record holds: text, whole numbers, lists, objects. Fractions are
//! refused, because their canonical form depends on how a program prints them.

use serde_json::Value;

/// Numbers beyond this lose digits in other readers (RFC 8785, section 3.2.2.3): 2^53 - 1.
const MAX_INTEGER: i64 = (1 << 53) - 1;

/// The value has no canonical form here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the number {number} is not a whole number within 2^53")]
pub struct NotCanonical {
    /// The number as written.
    pub number: String,
}

/// The one canonical text of the value.
pub fn canonical(value: &Value) -> Result<String, NotCanonical> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => match number.as_i64().filter(|n| (-MAX_INTEGER..=MAX_INTEGER).contains(n)) {
            Some(whole) => out.push_str(&whole.to_string()),
            None => return Err(NotCanonical { number: number.to_string() }),
        },
        Value::String(text) => quote(text, out),
        Value::Array(items) => list('[', ']', items, out, write)?,
        Value::Object(members) => {
            // Members are ordered by their UTF-16 code units, which differs from the order of the bytes.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            list('{', '}', members, out, |(name, value), out| {
                quote(name, out);
                out.push(':');
                write(value, out)
            })?;
        }
    }
    Ok(())
}

fn list<T>(
    open: char,
    close: char,
    items: impl IntoIterator<Item = T>,
    out: &mut String,
    mut one: impl FnMut(T, &mut String) -> Result<(), NotCanonical>,
) -> Result<(), NotCanonical> {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        one(item, out)?;
    }
    out.push(close);
    Ok(())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn members_are_sorted_by_utf_16_and_nothing_is_spaced() {
        let value =
            json!({ "b": [1, -2, true, null], "a": { "\u{20ac}": "", "\r": "x" }, "\u{1f600}": 1, "\u{fb33}": 2 });
        // U+1F600 is two units from D83D on, so it stands before U+FB33 although its code point is larger.
        let expected =
            "{\"a\":{\"\\r\":\"x\",\"\u{20ac}\":\"\"},\"b\":[1,-2,true,null],\"\u{1f600}\":1,\"\u{fb33}\":2}";
        assert_eq!(canonical(&value).as_deref(), Ok(expected));
    }

    #[test]
    fn text_is_escaped_as_little_as_possible() {
        let text = "\u{0}\u{8}\t\n\u{b}\u{c}\r\"\\/\u{7f}\u{e9}";
        let expected = "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\\"\\\\/\u{7f}\u{e9}\"";
        assert_eq!(canonical(&json!(text)).as_deref(), Ok(expected));
    }

    #[test]
    fn fractions_and_large_numbers_are_refused() {
        assert_eq!(canonical(&json!(9_007_199_254_740_991_i64)).as_deref(), Ok("9007199254740991"));
        for value in [json!(0.5), json!(1.0), json!(9_007_199_254_740_992_i64), json!(u64::MAX)] {
            assert!(canonical(&json!([value])).is_err(), "{value}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_text_means_the_same_and_is_its_own_canonical_text(
            members in proptest::collection::btree_map(".{0,6}", (".*", -1_000_i64..1_000), 0..6)
        ) {
            let object = members.into_iter().map(|(name, (text, n))| (name, json!([text, n]))).collect();
            let value = Value::Object(object);
            let text = canonical(&value).unwrap();
            let read: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(canonical(&read).unwrap(), text);
        }
    }
}
