//! Laws of the reader of leaves.

use super::letters::is_hex;
use portcullis::trail::json::canonical;
use portcullis::trail::leaf::{MAX_LEAF, VERSION, parse_leaf};
use portcullis::trail::merkle::MAX_SIZE;
use serde_json::{Map, Value};

/// Exactly the leaves of the specification are read, as another reader judges, and written back to the same bytes, which
/// are the canonical form of what a JSON parser makes of them. Nothing but closed words, digests and numbers is in one.
pub fn leaf(data: &[u8]) {
    let read = parse_leaf(data);
    assert_eq!(read.is_ok(), by_hand(data).is_some(), "{read:?}");
    let Ok(leaf) = read else { return };
    assert_eq!(leaf.to_bytes(), data);
    assert_eq!(parse_leaf(&leaf.to_bytes()), Ok(leaf));
    assert!(parse_leaf(&[data, b"\n"].concat()).is_err());
}

fn by_hand(data: &[u8]) -> Option<()> {
    let value: Value = serde_json::from_slice(data).ok()?;
    let same = canonical(&value).is_ok_and(|text| text.as_bytes() == data);
    let Value::Object(members) = value else { return None };
    let decision = word(&members, "kind")? == "decision";
    let known = |name: &str, value: &Value| match name {
        "v" => value == VERSION,
        "kind" => decision || value == "start",
        "run" => is_digest(value, "hmac-sha256:"),
        "body" | "tool" => is_digest(value, "sha256:"),
        "policy" | "ledger" | "feed" => decision && is_digest(value, "sha256:"),
        "start" => decision && value.as_u64().is_some_and(|start| start < MAX_SIZE),
        "outcome" => decision && ["passed", "incomplete", "failed"].iter().any(|outcome| value == outcome),
        _ => false,
    };
    let needed = if decision { &["start", "outcome", "policy", "ledger"][..] } else { &[] };
    let there = |name: &&str| members.contains_key(*name);
    let complete = ["v", "kind", "run", "body"].iter().chain(needed).all(there);
    let closed = members.iter().all(|(name, value)| known(name, value));
    (same && complete && closed && data.len() <= MAX_LEAF).then_some(())
}

fn word<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name)?.as_str()
}

fn is_digest(value: &Value, prefix: &str) -> bool {
    value.as_str().and_then(|text| text.strip_prefix(prefix)).is_some_and(|hex| is_hex(hex, 64))
}
