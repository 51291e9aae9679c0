//! The leaf: what the log itself holds of a record. Canonical JSON of at most 4 KiB with closed words, numbers, digests
//! and commitments, and nothing that a person wrote or that names one.

use super::LogIndex;
use crate::model::{Digest, Outcome};
use crate::text::borrowed::Text;
use aws_lc_rs::hmac;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// Says which fields a leaf has and what they mean.
pub const VERSION: &str = "https://portcullis.dev/trail/leaf/v1";
/// A leaf has about 600 bytes; what is larger is not a leaf.
pub const MAX_LEAF: usize = 4_096;

/// Room for a leaf, in bytes, so that none is asked for twice.
const USUAL_LEAF: usize = 700;

/// Why bytes are not a leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// More than [`MAX_LEAF`] bytes.
    #[error("the leaf has {size} bytes, more than {MAX_LEAF}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not a JSON object with the fields of a leaf and no others.
    #[error("not a leaf: {why}")]
    NotALeaf {
        /// What the parser says.
        why: String,
    },
    /// Written by a later release.
    #[error("the leaf has the version {found:?}, not {VERSION:?}")]
    Version {
        /// What it says.
        found: String,
    },
    /// A field is missing, does not belong to this kind, or is malformed.
    #[error("the field {field:?} of the leaf is missing, out of place or malformed")]
    Field {
        /// Its name.
        field: &'static str,
    },
    /// The same values in another spelling.
    #[error("the leaf is not in canonical form (RFC 8785)")]
    NotCanonical,
}

/// HMAC-SHA256 of a value that could be guessed, under the salt that stands in the body. Whoever deletes the body deletes
/// the salt, and the commitment says nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

impl Commitment {
    /// Commits to the value.
    pub fn to(salt: &[u8; 32], value: &[u8]) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), value);
        Self(tag.as_ref().try_into().expect("an HMAC-SHA256 tag has 32 bytes"))
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hmac-sha256:{}", Digest(self.0).hex())
    }
}

/// Not `hmac-sha256:<64 hex digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a commitment")]
pub struct NotACommitment;

impl FromStr for Commitment {
    type Err = NotACommitment;

    fn from_str(text: &str) -> Result<Self, NotACommitment> {
        // A digest may have a prefix of its own, which is 7 characters longer than a commitment has room for.
        let hex = text.strip_prefix("hmac-sha256:").filter(|hex| hex.len() == 64).ok_or(NotACommitment)?;
        hex.parse().map(|digest: Digest| Self(digest.0)).map_err(|_| NotACommitment)
    }
}

/// What a record records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// A run began. Without a decision that names it, the run was killed or still goes on.
    Start,
    /// A run decided.
    Decision {
        /// Where the run's start stands.
        start: LogIndex,
        /// The answer.
        outcome: Outcome,
        /// Digest of the policy and the waivers.
        policy: Digest,
        /// Digest of the coverage ledger.
        ledger: Digest,
        /// Digest of the advisory data, where it could be opened.
        feed: Option<Digest>,
    },
}

impl LeafKind {
    /// `start` or `decision`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Decision { .. } => "decision",
        }
    }
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// What it records.
    pub kind: LeafKind,
    /// Commits to repository, run and attempt; the same in both leaves of a run.
    pub run: Commitment,
    /// SHA-256 of the body's bytes.
    pub body: Digest,
    /// SHA-256 of the program's own file, as it says itself.
    pub tool: Option<Digest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'t> {
    #[serde(borrow)]
    v: Text<'t>,
    #[serde(borrow)]
    kind: Text<'t>,
    #[serde(borrow)]
    run: Text<'t>,
    #[serde(borrow)]
    body: Text<'t>,
    #[serde(borrow)]
    tool: Option<Text<'t>>,
    start: Option<u64>,
    #[serde(borrow)]
    outcome: Option<Text<'t>>,
    #[serde(borrow)]
    policy: Option<Text<'t>>,
    #[serde(borrow)]
    ledger: Option<Text<'t>>,
    #[serde(borrow)]
    feed: Option<Text<'t>>,
}

impl Leaf {
    /// The bytes that the log holds.
    pub fn to_bytes(&self) -> Vec<u8> {
        // The names in their canonical order; no value has a character that JSON escapes.
        let mut out = String::with_capacity(USUAL_LEAF);
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| out.push_str(part));
        put(&["{\"body\":\"sha256:", &self.body.hex()]);
        if let LeafKind::Decision { feed: Some(feed), .. } = &self.kind {
            put(&["\",\"feed\":\"sha256:", &feed.hex()]);
        }
        put(&["\",\"kind\":\"", self.kind.as_str()]);
        if let LeafKind::Decision { ledger, outcome, policy, .. } = &self.kind {
            put(&["\",\"ledger\":\"sha256:", &ledger.hex(), "\",\"outcome\":\"", outcome.as_str()]);
            put(&["\",\"policy\":\"sha256:", &policy.hex()]);
        }
        put(&["\",\"run\":\"hmac-sha256:", &Digest(self.run.0).hex(), "\""]);
        if let LeafKind::Decision { start, .. } = &self.kind {
            put(&[",\"start\":", &start.to_string()]);
        }
        if let Some(tool) = &self.tool {
            put(&[",\"tool\":\"sha256:", &tool.hex(), "\""]);
        }
        put(&[",\"v\":\"", VERSION, "\"}"]);
        out.into_bytes()
    }
}

/// Parses a leaf from untrusted bytes. What parses is written back to the same bytes by [`Leaf::to_bytes`].
pub fn parse_leaf(bytes: &[u8]) -> Result<Leaf, LeafError> {
    if bytes.len() > MAX_LEAF {
        return Err(LeafError::TooLarge { size: bytes.len() });
    }
    let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|error| LeafError::NotALeaf { why: error.to_string() })?;
    if *raw.v != *VERSION {
        return Err(LeafError::Version { found: raw.v.chars().take(100).collect() });
    }
    let kind = match &*raw.kind {
        "start" => start_kind(&raw)?,
        "decision" => decision_kind(&raw)?,
        _ => return Err(LeafError::Field { field: "kind" }),
    };
    let leaf = Leaf {
        kind,
        run: raw.run.parse().map_err(|_| LeafError::Field { field: "run" })?,
        body: digest("body", Some(&raw.body))?,
        tool: optional("tool", raw.tool.as_deref())?,
    };
    if leaf.to_bytes() == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
}

fn start_kind(raw: &Raw<'_>) -> Result<LeafKind, LeafError> {
    let foreign = [
        ("start", raw.start.is_some()),
        ("outcome", raw.outcome.is_some()),
        ("policy", raw.policy.is_some()),
        ("ledger", raw.ledger.is_some()),
        ("feed", raw.feed.is_some()),
    ];
    match foreign.into_iter().find(|(_, there)| *there) {
        Some((field, _)) => Err(LeafError::Field { field }),
        None => Ok(LeafKind::Start),
    }
}

fn decision_kind(raw: &Raw<'_>) -> Result<LeafKind, LeafError> {
    let outcomes = [Outcome::Passed, Outcome::Incomplete, Outcome::Failed];
    let start = raw.start.filter(|index| *index < super::merkle::MAX_SIZE);
    Ok(LeafKind::Decision {
        start: LogIndex(start.ok_or(LeafError::Field { field: "start" })?),
        outcome: outcomes
            .into_iter()
            .find(|outcome| raw.outcome.as_deref() == Some(outcome.as_str()))
            .ok_or(LeafError::Field { field: "outcome" })?,
        policy: digest("policy", raw.policy.as_deref())?,
        ledger: digest("ledger", raw.ledger.as_deref())?,
        feed: optional("feed", raw.feed.as_deref())?,
    })
}

fn digest(field: &'static str, text: Option<&str>) -> Result<Digest, LeafError> {
    text.and_then(|text| text.parse().ok()).ok_or(LeafError::Field { field })
}

fn optional(field: &'static str, text: Option<&str>) -> Result<Option<Digest>, LeafError> {
    text.map(|text| digest(field, Some(text))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn start() -> Leaf {
        let run = Commitment::to(&[7; 32], b"run");
        Leaf { kind: LeafKind::Start, run, body: Digest::of(b"body"), tool: None }
    }

    fn decision() -> Leaf {
        let (policy, ledger) = (Digest::of(b"policy"), Digest::of(b"ledger"));
        let kind = LeafKind::Decision {
            start: LogIndex(3),
            outcome: Outcome::Failed,
            policy,
            ledger,
            feed: Some(Digest::of(b"feed")),
        };
        Leaf { kind, tool: Some(Digest::of(b"tool")), ..start() }
    }

    #[test]
    fn a_commitment_is_hmac_sha256() {
        // RFC 4231, test case 2 has another key length; this value was worked out with `openssl dgst -mac HMAC`.
        let commitment = Commitment::to(&[0x0b; 32], b"Hi There");
        assert_eq!(commitment.to_string().parse(), Ok(commitment));
        assert_ne!(commitment, Commitment::to(&[0x0c; 32], b"Hi There"));
        assert_eq!(Digest(commitment.0).to_string().parse::<Commitment>(), Err(NotACommitment));
    }

    #[test]
    fn leaves_round_trip_in_canonical_form() {
        for leaf in [start(), decision()] {
            let bytes = leaf.to_bytes();
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            let canonical = crate::trail::json::canonical(&value).unwrap();
            assert_eq!(String::from_utf8(bytes.clone()).unwrap(), canonical);
            assert_eq!(parse_leaf(&bytes), Ok(leaf));
        }
        let text = String::from_utf8(start().to_bytes()).unwrap();
        assert!(
            text.starts_with(r#"{"body":"sha256:"#) && text.ends_with(r#""v":"https://portcullis.dev/trail/leaf/v1"}"#)
        );
        assert!(decision().to_bytes().len() < 700, "{}", decision().to_bytes().len());
    }

    #[test]
    fn what_differs_in_one_thing_is_refused_by_kind() {
        let text = String::from_utf8(decision().to_bytes()).unwrap();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            parse_leaf(text.replacen(from, to, 1).as_bytes()).unwrap_err()
        };
        assert!(matches!(refused("{", "{\"who\":\"x\","), LeafError::NotALeaf { .. }));
        assert_eq!(refused("leaf/v1", "leaf/v2"), LeafError::Version { found: VERSION.replace("v1", "v2") });
        assert_eq!(refused("\"decision\"", "\"start\""), LeafError::Field { field: "start" });
        assert_eq!(refused("\"failed\"", "\"fine\""), LeafError::Field { field: "outcome" });
        assert_eq!(refused("\"start\":3,", ""), LeafError::Field { field: "start" });
        assert_eq!(refused("\"start\":3", "\"start\":1099511627776"), LeafError::Field { field: "start" });
        assert_eq!(refused("hmac-", ""), LeafError::Field { field: "run" });
        assert_eq!(refused("{", "{ "), LeafError::NotCanonical);
        assert_eq!(refused("\"body\":\"sha256:", "\"body\":\""), LeafError::NotCanonical);
        assert_eq!(parse_leaf(&[b' '; MAX_LEAF + 1]), Err(LeafError::TooLarge { size: MAX_LEAF + 1 }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let _ = parse_leaf(&bytes);
        }
    }
}
