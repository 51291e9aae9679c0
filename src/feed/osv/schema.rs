//! The keys of an OSV record that matter here (OSV schema 1.7), read leniently: unknown keys are passed over, and null
//! is the same as absent. It draws no conclusions.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A record, or what an OSV server answers (`vulns`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Raw {
    pub(super) id: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) published: Option<String>,
    pub(super) withdrawn: Option<String>,
    pub(super) aliases: Option<Vec<String>>,
    pub(super) related: Option<Vec<String>>,
    pub(super) summary: Option<String>,
    pub(super) details: Option<String>,
    pub(super) severity: Option<Vec<RawSeverity>>,
    pub(super) affected: Option<Vec<RawAffected>>,
    pub(super) references: Option<Vec<RawReference>>,
    pub(super) database_specific: Loose,
    /// An answer of a server: records.
    pub(super) vulns: Option<Vec<Raw>>,
    /// Go's database keeps reports that became no record; they say why here.
    pub(super) excluded: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawSeverity {
    #[serde(rename = "type")]
    pub(super) scheme: Option<String>,
    pub(super) score: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawReference {
    pub(super) url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawAffected {
    pub(super) package: Option<RawPackage>,
    pub(super) severity: Option<Vec<RawSeverity>>,
    pub(super) ranges: Option<Vec<RawRange>>,
    pub(super) versions: Option<Vec<String>>,
    pub(super) ecosystem_specific: Loose,
    pub(super) database_specific: Loose,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawPackage {
    pub(super) ecosystem: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawRange {
    #[serde(rename = "type")]
    pub(super) scheme: Option<String>,
    pub(super) events: Option<Vec<RawEvent>>,
}

/// The specification wants exactly one key. Several are several events, and none is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawEvent {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

/// What a database adds to the schema: of any form, of which texts are kept. A form that nobody expects is no error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Loose {
    Text(String),
    List(Vec<Loose>),
    Map(BTreeMap<String, Loose>),
    /// A number, a truth value, null or nothing.
    #[default]
    Other,
}

impl Loose {
    /// The text under a key.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self {
            Self::Map(map) => match map.get(key) {
                Some(Self::Text(text)) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether the list under a key has this text.
    pub(super) fn lists(&self, key: &str, word: &str) -> bool {
        match self {
            Self::Map(map) => match map.get(key) {
                Some(Self::List(list)) => list.iter().any(|entry| matches!(entry, Self::Text(text) if text == word)),
                _ => false,
            },
            _ => false,
        }
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Loose, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = from.next_element()? {
            list.push(entry);
        }
        Ok(Loose::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Loose, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = from.next_key::<String>()? {
            // Only what a reader here asks for is kept: Go lists every symbol of a module.
            match key.as_str() {
                "severity" | "informational" | "categories" => {
                    map.insert(key, from.next_value()?);
                }
                _ => {
                    from.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Loose::Map(map))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_none<E>(self) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Loose, D::Error> {
        from.deserialize_any(LooseVisitor)
    }
}
