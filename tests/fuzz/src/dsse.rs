//! Laws of the readers of envelopes and of the statements in them.

use super::letters::{base64, is_hex};
use super::note::signing_key;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use portcullis::model::{Digest, Outcome};
use portcullis::sign::dsse::{MAX_SIGNATURES, parse_envelope};
use portcullis::sign::{Envelope, EnvelopeError};
use portcullis::trail::record::PAYLOAD_TYPE;
use portcullis::trail::statement::{Summary, parse_statement};
use portcullis::trail::{Commitment, Leaf, LeafKind, LogIndex};
use serde_json::Value;

const EXTENSION: &str = "https://portcullis.dev/trail/v1/";

/// What is read holds what a JSON parser and another decoder find, no member more, and is read back from what it is
/// written as. It is believed where the signature of a known key fits, counted by hand, and nowhere else. Its payload can
/// be signed, and the signature is for no other payload. An input that is no envelope is looked at as a statement.
pub fn dsse(data: &[u8]) {
    let Ok(envelope) = parse_envelope(data) else { return statement(data) };
    members(data, &envelope);
    assert_eq!(parse_envelope(envelope.to_json().as_bytes()).as_ref(), Ok(&envelope));
    let (one, two) = (signing_key(1), signing_key(2));
    let known = [*one.public()];
    match envelope.verify(PAYLOAD_TYPE, &known) {
        Ok((payload, keys)) => {
            assert_eq!((payload, keys.as_slice()), (envelope.payload.as_slice(), known.as_slice()));
            assert_eq!((believed(&envelope), envelope.payload_type.as_str()), (1, PAYLOAD_TYPE));
        }
        Err(EnvelopeError::PayloadType { .. }) => assert_ne!(envelope.payload_type, PAYLOAD_TYPE),
        Err(EnvelopeError::NoKnownKey) => assert_eq!(believed(&envelope), 0),
        Err(EnvelopeError::BadSignature { key_id }) => assert_eq!(key_id, one.public().key_id()),
        Err(EnvelopeError::SignedTwice { .. }) => assert!(believed(&envelope) > 1),
        Err(other) => panic!("{other:?} of a verification"),
    }
    let mut signed = Envelope::sign(PAYLOAD_TYPE, envelope.payload.clone(), &[&two, &one]).expect("our own");
    assert!(signed.verify(PAYLOAD_TYPE, &known).is_ok());
    signed.payload.push(b' ');
    assert!(matches!(signed.verify(PAYLOAD_TYPE, &known), Err(EnvelopeError::BadSignature { .. })));
    statement(&envelope.payload);
}

fn members(data: &[u8], envelope: &Envelope) {
    let value: Value = serde_json::from_slice(data).expect("an envelope is JSON");
    // A list of the three values in their order is refused as well: other programs would not read it.
    let members = value.as_object().expect("an envelope is an object");
    assert_eq!(members.len(), 3);
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    assert_eq!(text(&value["payloadType"]), envelope.payload_type);
    assert_eq!(base64(&text(&value["payload"])).as_ref(), Some(&envelope.payload));
    let lines = value["signatures"].as_array().expect("a list");
    assert!(lines.len() == envelope.signatures.len() && (1..=MAX_SIGNATURES).contains(&lines.len()));
    for (line, signature) in lines.iter().zip(&envelope.signatures) {
        let keyid = line.get("keyid").map(text).unwrap_or_default();
        assert_eq!(
            (keyid, base64(&text(&line["sig"])).as_ref()),
            (signature.key_id.clone(), Some(&signature.signature))
        );
        assert_eq!(line.as_object().expect("an object").len(), 1 + usize::from(line.get("keyid").is_some()));
    }
}

/// How many signatures are by the known key: they name it or nobody, and they fit.
fn believed(envelope: &Envelope) -> usize {
    let key = signing_key(1);
    let public = UnparsedPublicKey::new(&ED25519, key.public().as_bytes());
    let (kind, payload) = (&envelope.payload_type, &envelope.payload);
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend(payload);
    let named = |id: &str| id.is_empty() || id == key.public().key_id();
    let lines = envelope.signatures.iter().filter(|line| named(&line.key_id));
    lines.filter(|line| public.verify(&message, &line.signature).is_ok()).count()
}

/// A statement is read as a JSON parser reads it, and belongs to the leaf that says the same and to none that differs in
/// one thing.
fn statement(data: &[u8]) {
    let read = parse_statement(data);
    assert_eq!(read, parse_statement(data));
    let Ok(summary) = read else { return };
    let text = std::str::from_utf8(data).expect("a statement is text");
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        // Half of a surrogate pair, a number beyond all bounds and lists in lists without end have the form of JSON. Where
        // nobody reads them they may stand: the parser for everything is stricter there.
        Err(error) => {
            let said = error.to_string();
            let known = ["surrogate", "hex escape", "code point", "number out of range", "recursion limit"];
            return assert!(known.iter().any(|words| said.contains(words)), "{said}");
        }
    };
    assert_eq!(value["_type"], "https://in-toto.io/Statement/v1");
    assert!(value["subject"].as_array().is_some_and(|subjects| !subjects.is_empty()));
    let run = extension(&value, "run");
    assert_eq!((run["id"].as_str(), run["attempt"].as_u64()), (Some(&*summary.run_id), Some(summary.attempt.into())));
    assert_eq!(summary.run_label(), format!("{}/{}", summary.run_id, summary.attempt));
    let Some(leaf) = leaf(&value) else { return };
    assert_eq!(summary.fits(&leaf), Ok(()), "{leaf:?}");
    others(&summary, &leaf);
}

fn others(summary: &Summary, leaf: &Leaf) {
    let other = Digest::of(b"other");
    let mut all = vec![
        Leaf { run: Commitment(other.0), ..leaf.clone() },
        Leaf { tool: if leaf.tool.is_some() { None } else { Some(other) }, ..leaf.clone() },
    ];
    match &leaf.kind {
        LeafKind::Start => {
            let kind = LeafKind::Decision {
                start: LogIndex(0),
                outcome: Outcome::Passed,
                policy: other,
                ledger: other,
                feed: None,
            };
            all.push(Leaf { kind, ..leaf.clone() });
        }
        LeafKind::Decision { start, outcome, policy, ledger, feed } => {
            let (start, outcome, policy, ledger, feed) = (*start, *outcome, *policy, *ledger, *feed);
            let next = if outcome == Outcome::Failed { Outcome::Incomplete } else { Outcome::Failed };
            let kinds = [
                LeafKind::Start,
                LeafKind::Decision { start: LogIndex(start.0 ^ 1), outcome, policy, ledger, feed },
                LeafKind::Decision { start, outcome: next, policy, ledger, feed },
                LeafKind::Decision { start, outcome, policy: other, ledger, feed },
                LeafKind::Decision { start, outcome, policy, ledger: other, feed },
                LeafKind::Decision {
                    start,
                    outcome,
                    policy,
                    ledger,
                    feed: if feed.is_some() { None } else { Some(other) },
                },
            ];
            all.extend(kinds.map(|kind| Leaf { kind, ..leaf.clone() }));
        }
    }
    for other in all {
        assert!(summary.fits(&other).is_err(), "{other:?} for {leaf:?}");
    }
}

/// The leaf that a statement is for; none where it lacks or confuses something.
fn leaf(value: &Value) -> Option<Leaf> {
    let run = extension(value, "run");
    let salt: Digest = extension(value, "salt").as_str()?.parse().ok()?;
    let committed = serde_json::json!([run["repository"], run["id"], run["attempt"]]).to_string();
    let predicate = &value["predicate"];
    let (policy, start) = (&predicate["policy"]["digest"]["sha256"], extension(value, "start"));
    let (outcome, result) = (extension(value, "outcome"), &predicate["verificationResult"]);
    let (ledger, feed) = (&extension(value, "ledger")["sha256"], &extension(value, "feed")["sha256"]);
    let kind = match value["predicateType"].as_str()? {
        "https://portcullis.dev/trail/start/v1" => {
            let claims = [policy, start, outcome, result, ledger, feed];
            claims.iter().all(|claim| claim.is_null()).then_some(LeafKind::Start)?
        }
        "https://slsa.dev/verification_summary/v1" => {
            let outcome = match (outcome.as_str()?, result.as_str()?) {
                ("passed", "PASSED") => Outcome::Passed,
                ("incomplete", "FAILED") => Outcome::Incomplete,
                ("failed", "FAILED") => Outcome::Failed,
                _ => return None,
            };
            let feed = if feed.is_null() { None } else { Some(digest(feed)?) };
            let start = LogIndex(start.as_u64()?);
            LeafKind::Decision { start, outcome, policy: digest(policy)?, ledger: digest(ledger)?, feed }
        }
        _ => return None,
    };
    let tool = &extension(value, "tool")["sha256"];
    let tool = if tool.is_null() { None } else { Some(digest(tool)?) };
    Some(Leaf { kind, run: Commitment::to(&salt.0, committed.as_bytes()), body: Digest::of(b"body"), tool })
}

fn extension<'v>(value: &'v Value, name: &str) -> &'v Value {
    &value["predicate"][&format!("{EXTENSION}{name}")]
}

fn digest(value: &Value) -> Option<Digest> {
    value.as_str().filter(|hex| is_hex(hex, 64))?.parse().ok()
}
