//! Tests that the published schemas and the reference say what the decoders do.

use super::policy_file::{ACCEPT_GAP, DEBT, EXCLUDE, FEED, GRACE, SOURCES, TOP, TRAIL};
use super::waiver_file::WAIVER;
use super::{ClassAction, Policy, always_fails, parse_policy, parse_waiver};
use crate::model::{Class, GapKind};
use serde_json::Value;
use std::collections::BTreeSet;

const POLICY_SCHEMA: &str = include_str!("../../schema/policy.schema.json");
const WAIVER_SCHEMA: &str = include_str!("../../schema/waiver.schema.json");
const REFERENCE: &str = include_str!("../../docs/policy.md");

fn schema(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn valid(schema_text: &str, toml: &str) -> bool {
    let document: toml::Table = toml.parse().expect("TOML");
    let json = as_json(&toml::Value::Table(document));
    jsonschema::draft202012::new(&schema(schema_text)).expect("a schema").is_valid(&json)
}

/// Dates become strings, as every reader of TOML into JSON does it.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => Value::Object(table.iter().map(|(k, v)| (k.clone(), as_json(v))).collect()),
    }
}

fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let properties = schema.pointer(&format!("{pointer}/properties")).expect(pointer);
    assert_eq!(schema.pointer(&format!("{pointer}/additionalProperties")), Some(&Value::Bool(false)), "{pointer}");
    properties.as_object().expect("an object").keys().cloned().collect()
}

fn set<'a>(words: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    words.into_iter().map(str::to_owned).collect()
}

/// The TOML blocks of the reference, each with the file that its first line names.
fn examples() -> Vec<(&'static str, &'static str)> {
    let blocks = REFERENCE.split("```toml\n").skip(1);
    let block = |text: &'static str| {
        let (body, _) = text.split_once("```").expect("a block ends");
        let name = body.lines().next().and_then(|first| first.strip_prefix("# ")).expect("a block names its file");
        (name, body)
    };
    blocks.map(block).collect()
}

#[test]
fn every_key_of_the_decoder_is_in_the_schema_and_the_other_way_round() {
    let policy = schema(POLICY_SCHEMA);
    for (pointer, words) in [
        ("", TOP),
        ("/properties/feed", FEED),
        ("/properties/sources", SOURCES),
        ("/properties/grace", GRACE),
        ("/properties/debt", DEBT),
        ("/properties/trail", TRAIL),
        ("/properties/exclude/items", EXCLUDE),
        ("/properties/accept-gap/items", ACCEPT_GAP),
    ] {
        assert_eq!(keys(&policy, pointer), set(words.iter().copied()), "{pointer}");
    }
    assert_eq!(keys(&policy, "/properties/classes"), set(Class::ALL.map(Class::as_str)));
    let kinds = || GapKind::ALL.iter().copied();
    assert_eq!(keys(&policy, "/properties/gaps"), set(kinds().map(GapKind::as_str)));
    let accepted = policy.pointer("/properties/accept-gap/items/properties/kind/enum").expect("the kinds");
    let accepted = accepted.as_array().expect("a list").iter().map(|kind| kind.as_str().expect("a word"));
    assert_eq!(set(accepted), set(kinds().filter(|kind| !always_fails(*kind)).map(GapKind::as_str)));
    assert_eq!(keys(&schema(WAIVER_SCHEMA), ""), set(WAIVER.iter().copied()));
}

#[test]
fn the_examples_of_the_reference_are_read_and_are_valid() {
    let examples = examples();
    assert_eq!(examples.len(), 4);
    for (name, text) in examples {
        if name == "portcullis.toml" {
            parse_policy(name, text).unwrap_or_else(|errors| panic!("{errors}"));
            assert!(valid(POLICY_SCHEMA, text), "{text}");
        } else {
            parse_waiver(name, name, text).unwrap_or_else(|errors| panic!("{errors}"));
            assert!(valid(WAIVER_SCHEMA, text), "{text}");
        }
    }
}

#[test]
fn the_full_example_has_every_key() {
    let (_, full) = examples().into_iter().max_by_key(|(_, text)| text.len()).expect("examples");
    let table: toml::Table = full.parse().expect("TOML");
    let inner = |key: &str| match table.get(key).expect(key) {
        toml::Value::Array(items) => items.first().and_then(toml::Value::as_table).expect(key).clone(),
        value => value.as_table().expect(key).clone(),
    };
    let here = |table: &toml::Table| table.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(here(&table), set(TOP.iter().copied()));
    for (key, words) in [
        ("feed", FEED),
        ("sources", SOURCES),
        ("grace", GRACE),
        ("debt", DEBT),
        ("trail", TRAIL),
        ("exclude", EXCLUDE),
        ("accept-gap", ACCEPT_GAP),
    ] {
        assert_eq!(here(&inner(key)), set(words.iter().copied()), "{key}");
    }
}

#[test]
fn what_the_decoder_refuses_the_schema_refuses_too() {
    let policy = "version = 1\n[[exclude]]\npath = \"a\"\nowner = \"o\"\nreason = \"r\"\n";
    assert!(valid(POLICY_SCHEMA, policy) && parse_policy("p", policy).is_ok());
    for (from, to) in [
        ("version = 1\n", ""),
        ("version = 1", "version = 2"),
        ("version = 1", "version = 1\nfail_on = \"high\""),
        ("version = 1", "version = 1\nfail-on = \"none\""),
        ("version = 1", "version = 1\n[gaps]\ninternal = \"report\""),
        ("version = 1", "version = 1\n[feed]\nmax-change = \"101%\""),
        ("version = 1", "version = 1\n[trail]\ndurable = \"true\""),
        ("version = 1", "version = 1\n[sources]\nmirrors = [\"https://mirror.example\"]"),
        ("owner = \"o\"\n", ""),
        ("\"o\"", "\" \""),
        ("\"a\"", "\"/a\""),
    ] {
        let wrong = policy.replace(from, to);
        assert!(parse_policy("p", &wrong).is_err(), "{wrong}");
        assert!(!valid(POLICY_SCHEMA, &wrong), "{wrong}");
    }
    let waiver = "id = \"A-1\"\npackage = \"p\"\nowner = \"o\"\nreason = \"r\"\nexpires = 2027-01-01\n";
    assert!(valid(WAIVER_SCHEMA, waiver) && parse_waiver("w", "w", waiver).is_ok());
    for (from, to) in [("expires", "expire"), ("2027-01-01", "\"never\""), ("\"r\"", "\"\""), ("\"p\"", "1")] {
        let wrong = waiver.replace(from, to);
        assert!(parse_waiver("w", "w", &wrong).is_err(), "{wrong}");
        assert!(!valid(WAIVER_SCHEMA, &wrong), "{wrong}");
    }
}

#[test]
fn the_reference_lists_every_default() {
    for class in Class::ALL {
        let row = format!("| `{class}` | {} |", ClassAction::of_silence(class).as_str());
        assert!(REFERENCE.contains(&row), "{row}");
    }
    for kind in GapKind::ALL {
        let default = match (always_fails(*kind), kind.fails_by_default()) {
            (true, _) => "always fails",
            (false, true) => "fail",
            (false, false) => "report",
        };
        let row = format!("| `{kind}` | {default} |");
        assert_eq!(REFERENCE.matches(&row).count(), 1, "{row}");
    }
    let policy = Policy::default();
    assert_eq!(
        (policy.feed.warn_age.value.to_string(), policy.feed.fail_age.value.to_string()),
        ("24h".into(), "7d".into())
    );
    assert_eq!(policy.feed.max_change_percent, 10);
    assert!(!policy.durable_trail.value && REFERENCE.contains("durable = false"));
}
