//! A JSON object and nothing else. What `serde` derives for a struct also reads a list of its values in their order, which
//! no other program would take for the same thing.

use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A value that was written as an object with named members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Object<T>(pub T);

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<Self::Value, M::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        a: u8,
        b: Option<u8>,
    }

    #[test]
    fn an_object_is_read_and_a_list_of_its_values_is_not() {
        let read = |text: &str| serde_json::from_str::<Object<Pair>>(text).ok();
        assert_eq!(read(r#"{"b":2,"a":1}"#), Some(Object(Pair { a: 1, b: Some(2) })));
        assert_eq!(read(r#"{"a":1}"#), Some(Object(Pair { a: 1, b: None })));
        // What this file is for: without the wrapper the list is read.
        assert_eq!(serde_json::from_str::<Pair>("[1,2]").ok(), Some(Pair { a: 1, b: Some(2) }));
        for text in ["[1,2]", r#"{"a":1,"c":2}"#, r#"{"a":1,"a":1}"#, "1", "null", r#"{"a":1}{}"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
