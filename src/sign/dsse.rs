//! DSSE envelopes (Dead Simple Signing Envelope v1): a payload, its type, and signatures over both. What the payload says
//! is not known here.

use super::key::{KeyError, PublicKey, ReadyKey, SigningKey};
use crate::text::base64;
use crate::text::borrowed::Text;
use crate::text::object::Object;
use serde::{Deserialize, Serialize};

/// The largest statement holds some thousand findings of 400 bytes each.
pub const MAX_ENVELOPE: usize = 16 << 20;
/// Nobody collects more signatures on one statement.
pub const MAX_SIGNATURES: usize = 64;

/// Why bytes are not an envelope, or an envelope is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// More than [`MAX_ENVELOPE`] bytes.
    #[error("the envelope has {size} bytes, more than {MAX_ENVELOPE}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// Not a JSON object with exactly `payloadType`, `payload` and `signatures`.
    #[error("not an envelope: {why}")]
    NotAnEnvelope {
        /// What the parser says, with line and column.
        why: String,
    },
    /// The payload or a signature is not base 64.
    #[error("the {what} of the envelope is not base64")]
    NotBase64 {
        /// `payload` or `signature`.
        what: &'static str,
    },
    /// None, or more than [`MAX_SIGNATURES`].
    #[error("the envelope has {count} signatures, not 1 to {MAX_SIGNATURES}")]
    SignatureCount {
        /// How many.
        count: usize,
    },
    /// Another type of payload than the reader is for.
    #[error("the payload is {found:?}, not {expected:?}")]
    PayloadType {
        /// What the reader is for.
        expected: &'static str,
        /// What the envelope says.
        found: String,
    },
    /// No signature is by a known key.
    #[error("no signature of the envelope is by a known key")]
    NoKnownKey,
    /// A signature that names a known key does not fit.
    #[error("the signature of key {key_id} does not fit")]
    BadSignature {
        /// The key's id.
        key_id: String,
    },
    /// The same known key signed twice: it would be counted twice.
    #[error("key {key_id} signed twice")]
    SignedTwice {
        /// The key's id.
        key_id: String,
    },
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// A hint at the key; ours is [`PublicKey::key_id`]. Not authenticated.
    pub key_id: String,
    /// The signature over the pre-authentication encoding.
    pub signature: Vec<u8>,
}

/// An envelope that parsed; nothing about it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The media type of the payload.
    pub payload_type: String,
    /// The payload's bytes, as signed.
    pub payload: Vec<u8>,
    /// The signatures in their order.
    pub signatures: Vec<EnvelopeSignature>,
}

/// The envelope as JSON. Unknown keys are refused: what nobody reads, nobody should sign off.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw<'t> {
    #[serde(borrow)]
    payload: Text<'t>,
    #[serde(borrow)]
    payload_type: Text<'t>,
    #[serde(borrow)]
    signatures: Vec<Object<RawSignature<'t>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature<'t> {
    #[serde(default, borrow)]
    keyid: Text<'t>,
    #[serde(borrow)]
    sig: Text<'t>,
}

/// Parses an envelope from untrusted bytes.
pub fn parse_envelope(bytes: &[u8]) -> Result<Envelope, EnvelopeError> {
    if bytes.len() > MAX_ENVELOPE {
        return Err(EnvelopeError::TooLarge { size: bytes.len() });
    }
    let Object(raw): Object<Raw<'_>> =
        serde_json::from_slice(bytes).map_err(|error| EnvelopeError::NotAnEnvelope { why: error.to_string() })?;
    if !(1..=MAX_SIGNATURES).contains(&raw.signatures.len()) {
        return Err(EnvelopeError::SignatureCount { count: raw.signatures.len() });
    }
    let decode = |text: &str, what| base64::decode(text.as_bytes()).map_err(|_| EnvelopeError::NotBase64 { what });
    let signatures = raw.signatures.iter().map(|Object(line)| {
        Ok(EnvelopeSignature { key_id: line.keyid.to_string(), signature: decode(&line.sig, "signature")? })
    });
    let signatures = signatures.collect::<Result<_, EnvelopeError>>()?;
    Ok(Envelope { payload: decode(&raw.payload, "payload")?, payload_type: raw.payload_type.into_string(), signatures })
}

/// The pre-authentication encoding: what is signed (DSSE protocol, "Signature Definition").
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Signs a payload with each key.
    pub fn sign(payload_type: &str, payload: Vec<u8>, keys: &[&SigningKey]) -> Result<Self, EnvelopeError> {
        if !(1..=MAX_SIGNATURES).contains(&keys.len()) {
            return Err(EnvelopeError::SignatureCount { count: keys.len() });
        }
        let message = pre_authentication_encoding(payload_type, &payload);
        let sign =
            |key: &&SigningKey| Ok(EnvelopeSignature { key_id: key.public().key_id(), signature: key.sign(&message)? });
        let signatures = keys.iter().map(sign).collect::<Result<_, KeyError>>()?;
        Ok(Self { payload_type: payload_type.to_owned(), payload, signatures })
    }

    /// The envelope as JSON on one line: same envelope, same bytes.
    pub fn to_json(&self) -> String {
        fn signature(line: &EnvelopeSignature) -> Object<RawSignature<'_>> {
            Object(RawSignature {
                keyid: Text(line.key_id.as_str().into()),
                sig: Text(base64::encode(&line.signature).into()),
            })
        }
        let raw = Raw {
            payload: Text(base64::encode(&self.payload).into()),
            payload_type: Text(self.payload_type.as_str().into()),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        serde_json::to_string(&raw).expect("strings always serialise")
    }

    /// The payload, if its type is the expected one and a known key signed both. Unknown keys are passed over; a
    /// signature that names a known key and does not fit, or a key that signed twice, refuses the envelope.
    pub fn verify<'e>(
        &'e self,
        expected: &'static str,
        known: &[PublicKey],
    ) -> Result<(&'e [u8], Vec<PublicKey>), EnvelopeError> {
        let known: Vec<ReadyKey> = known.iter().copied().map(ReadyKey::new).collect();
        self.verify_ready(expected, &known)
    }

    /// [`Envelope::verify`] for who has many envelopes to look at.
    pub fn verify_ready<'e>(
        &'e self,
        expected: &'static str,
        known: &[ReadyKey],
    ) -> Result<(&'e [u8], Vec<PublicKey>), EnvelopeError> {
        if self.payload_type != expected {
            return Err(EnvelopeError::PayloadType { expected, found: self.payload_type.chars().take(100).collect() });
        }
        let message = pre_authentication_encoding(&self.payload_type, &self.payload);
        let mut signed: Vec<PublicKey> = Vec::new();
        for line in &self.signatures {
            // Without a hint every known key is tried; with one, it must be that key's.
            let fits = |key: &&ReadyKey| key.verify(&message, &line.signature).is_ok();
            let key = match known.iter().find(|key| key.key_id() == line.key_id) {
                Some(key) if fits(&key) => key,
                Some(_) => return Err(EnvelopeError::BadSignature { key_id: line.key_id.clone() }),
                None => match known.iter().filter(|_| line.key_id.is_empty()).find(fits) {
                    Some(key) => key,
                    None => continue,
                },
            };
            if signed.contains(key.public()) {
                return Err(EnvelopeError::SignedTwice { key_id: key.key_id().to_owned() });
            }
            signed.push(*key.public());
        }
        if signed.is_empty() { Err(EnvelopeError::NoKnownKey) } else { Ok((&self.payload, signed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "application/vnd.in-toto+json";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    #[test]
    fn the_example_of_the_protocol_is_encoded_as_it_says() {
        let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn an_envelope_round_trips_and_gives_its_payload_to_who_knows_a_key() {
        let (a, b) = (key(1), key(2));
        let envelope = Envelope::sign(TYPE, b"{}".to_vec(), &[&a, &b]).unwrap();
        assert_eq!(parse_envelope(envelope.to_json().as_bytes()), Ok(envelope.clone()));
        assert_eq!(envelope.verify(TYPE, &[*b.public()]), Ok((b"{}".as_slice(), vec![*b.public()])));
        assert_eq!(
            envelope.verify(TYPE, &[*a.public(), *b.public()]),
            Ok((b"{}".as_slice(), vec![*a.public(), *b.public()]))
        );
        assert_eq!(envelope.verify(TYPE, &[*key(3).public()]), Err(EnvelopeError::NoKnownKey));
    }

    #[test]
    fn a_changed_payload_type_or_signature_is_refused() {
        let (a, b) = (key(1), key(2));
        let good = Envelope::sign(TYPE, b"{}".to_vec(), &[&a, &b]).unwrap();
        let known = [*a.public(), *b.public()];
        let id = |key: &SigningKey| key.public().key_id();
        let mut bad = good.clone();
        bad.payload = b"[]".to_vec();
        assert_eq!(bad.verify(TYPE, &known), Err(EnvelopeError::BadSignature { key_id: id(&a) }));
        let mut bad = good.clone();
        bad.signatures[1].signature[63] ^= 1;
        assert_eq!(bad.verify(TYPE, &known), Err(EnvelopeError::BadSignature { key_id: id(&b) }));
        let mut bad = good.clone();
        bad.signatures[1] = bad.signatures[0].clone();
        assert_eq!(bad.verify(TYPE, &known), Err(EnvelopeError::SignedTwice { key_id: id(&a) }));
        bad.signatures[1].key_id.clear(); // the same signature without its hint is still the same key
        assert_eq!(bad.verify(TYPE, &known), Err(EnvelopeError::SignedTwice { key_id: id(&a) }));
        assert_eq!(
            good.verify("text/plain", &known),
            Err(EnvelopeError::PayloadType { expected: "text/plain", found: TYPE.into() })
        );
    }

    #[test]
    fn what_is_not_an_envelope_is_refused_by_kind() {
        let refused = |text: &str| parse_envelope(text.as_bytes()).unwrap_err();
        assert!(matches!(refused("{}"), EnvelopeError::NotAnEnvelope { .. }));
        assert!(matches!(
            refused(r#"{"payload":"","payloadType":"t","signatures":[{"sig":""}],"more":1}"#),
            EnvelopeError::NotAnEnvelope { .. }
        ));
        for list in [r#"["","t",[{"sig":""}]]"#, r#"{"payload":"","payloadType":"t","signatures":[["",""]]}"#] {
            assert!(matches!(refused(list), EnvelopeError::NotAnEnvelope { .. }), "{list}");
        }
        assert_eq!(
            refused(r#"{"payload":"","payloadType":"t","signatures":[]}"#),
            EnvelopeError::SignatureCount { count: 0 }
        );
        assert_eq!(
            refused(r#"{"payload":"!","payloadType":"t","signatures":[{"sig":""}]}"#),
            EnvelopeError::NotBase64 { what: "payload" }
        );
        assert_eq!(
            refused(r#"{"payload":"","payloadType":"t","signatures":[{"sig":"!"}]}"#),
            EnvelopeError::NotBase64 { what: "signature" }
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let _ = parse_envelope(&bytes);
        }
    }
}
