//! Receipts (C2SP tlog-proof): one file that proves, without the log, that a record is in it. The leaf travels as the
//! proof's extra data, which is believed only because the proof covers it.

use super::LogIndex;
use super::checkpoint::{self, Checkpoint, CheckpointError, Trust};
use super::leaf::{Leaf, LeafError, parse_leaf};
use super::log::{LogError, TileNodes, entry};
use super::merkle::{MAX_PROOF, ProofError, check_inclusion, leaf_hash, prove_inclusion};
use super::statement::Summary;
use super::store::{Store, StoreError};
use super::verify::{ProblemKind, check_body};
use crate::model::Digest;
use crate::sign::note::MAX_NOTE;
use crate::text::base64;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A leaf of 4 KiB in base 64, 41 hashes of 45 bytes, and the checkpoint.
pub const MAX_RECEIPT: usize = MAX_NOTE + 16 * 1_024;

/// Why there is no receipt, or it proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no log.
    #[error("there is no trail")]
    NoLog,
    /// The log has no such record.
    #[error("there is no record {index} in a log of {size}")]
    NoRecord {
        /// What was asked for.
        index: LogIndex,
        /// The size of the log.
        size: u64,
    },
    /// The checkpoint is not of a trusted key.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Not a tlog-proof, or one without a leaf as its extra data.
    #[error("line {line} of the receipt is not what a tlog-proof has there")]
    Form {
        /// 1-based.
        line: usize,
    },
    /// More than [`MAX_RECEIPT`] bytes.
    #[error("the receipt has {size} bytes, more than {MAX_RECEIPT}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The proof does not lead from the leaf to the checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The leaf is not one of this release.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// The body that was given is not the record's, or not to be believed.
    #[error("{0}")]
    Body(ProblemKind),
}

impl From<StoreError> for ReceiptError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}

/// A receipt that parsed; nothing about it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub entry: Vec<u8>,
    /// Where it stands.
    pub index: LogIndex,
    /// The inclusion proof, from the sibling up.
    pub path: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
}

/// What a receipt proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The record.
    pub leaf: Leaf,
    /// Where it stands.
    pub index: LogIndex,
    /// The head that holds it.
    pub head: Checkpoint,
    /// What the body says, where it was given.
    pub summary: Option<Summary>,
}

/// Makes the receipt of a record, and checks it before it is handed out.
pub fn make(store: &dyn Store, trust: &Trust, index: LogIndex) -> Result<Receipt, ReceiptError> {
    let checkpoint = store.checkpoint()?.ok_or(ReceiptError::NoLog)?;
    let size = checkpoint::open(&checkpoint, trust)?.head().size;
    if index.0 >= size {
        return Err(ReceiptError::NoRecord { index, size });
    }
    let entry = entry(store, index.0, size)?;
    let path = prove_inclusion(&mut TileNodes::new(store, size), index.0, size)?;
    let receipt = Receipt { entry, index, path, checkpoint };
    check(&receipt, trust, None)?;
    Ok(receipt)
}

/// Checks a receipt without the log; with the body, that it is the record's and signed by a trusted key.
pub fn check(receipt: &Receipt, trust: &Trust, body: Option<&[u8]>) -> Result<Proven, ReceiptError> {
    let head = checkpoint::open(&receipt.checkpoint, trust)?.head().clone();
    check_inclusion(&leaf_hash(&receipt.entry), receipt.index.0, head.size, &receipt.path, &head.root)?;
    let leaf = parse_leaf(&receipt.entry)?;
    if let Some(problem) = super::show::starts_late(&leaf, receipt.index.0) {
        return Err(ReceiptError::Body(problem));
    }
    let summary = body.map(|body| check_body(body, &leaf, trust.ready_keys().at(receipt.index))).transpose();
    let summary = summary.map_err(ReceiptError::Body)?;
    Ok(Proven { leaf, index: receipt.index, head, summary })
}

impl Receipt {
    /// The text of a `.tlog-proof` file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = format!("{HEADER}\nextra {}\nindex {}\n", base64::encode(&self.entry), self.index);
        for hash in &self.path {
            out.push_str(&base64::encode(&hash.0));
            out.push('\n');
        }
        out.push('\n');
        [out.as_bytes(), &self.checkpoint].concat()
    }
}

/// Parses a receipt from untrusted bytes. What parses is written back to the same bytes by [`Receipt::to_bytes`].
pub fn parse_receipt(bytes: &[u8]) -> Result<Receipt, ReceiptError> {
    if bytes.len() > MAX_RECEIPT {
        return Err(ReceiptError::TooLarge { size: bytes.len() });
    }
    let mut rest = bytes;
    let mut line = 0;
    let mut next = || {
        line += 1;
        let end = rest.iter().position(|byte| *byte == b'\n');
        let (text, after) = end.and_then(|end| rest.split_at_checked(end)).ok_or(ReceiptError::Form { line })?;
        rest = after.strip_prefix(b"\n").ok_or(ReceiptError::Form { line })?;
        Ok::<_, ReceiptError>((text, line))
    };
    let (header, line) = next()?;
    if header != HEADER.as_bytes() {
        return Err(ReceiptError::Form { line });
    }
    let (extra, line) = next()?;
    let entry = extra.strip_prefix(b"extra ").and_then(|text| base64::decode(text).ok());
    let entry = entry.ok_or(ReceiptError::Form { line })?;
    let (index, line) = next()?;
    let number = index.strip_prefix(b"index ").and_then(|text| std::str::from_utf8(text).ok()?.parse::<u64>().ok());
    let number = number.filter(|number| index == format!("index {number}").as_bytes()); // no leading zeroes or signs
    let number = number.ok_or(ReceiptError::Form { line })?;
    let mut path = Vec::new();
    loop {
        let (text, line) = next()?;
        if text.is_empty() {
            break;
        }
        let hash = base64::decode(text).ok().and_then(|hash| hash.as_slice().try_into().ok());
        path.push(Digest(hash.filter(|_| path.len() < MAX_PROOF).ok_or(ReceiptError::Form { line })?));
    }
    Ok(Receipt { entry, index: LogIndex(number), path, checkpoint: rest.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn receipt() -> Receipt {
        let path = vec![Digest::of(b"a"), Digest::of(b"b")];
        Receipt { entry: b"leaf".to_vec(), index: LogIndex(7), path, checkpoint: b"note\n".to_vec() }
    }

    #[test]
    fn a_receipt_has_the_lines_of_the_specification() {
        let text = String::from_utf8(receipt().to_bytes()).unwrap();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra bGVhZg==\nindex 7\n"), "{text}");
        assert!(text.ends_with("=\n\nnote\n"), "{text}");
        assert_eq!(parse_receipt(text.as_bytes()), Ok(receipt()));
    }

    #[test]
    fn another_form_is_refused_at_its_line() {
        let text = String::from_utf8(receipt().to_bytes()).unwrap();
        for (from, to, line) in [
            ("@v1", "@v2", 1),
            ("extra ", "other ", 2),
            ("bGVhZg==", "bGVhZg", 2),
            ("index 7", "index 07", 3),
            ("index 7", "index -7", 3),
            ("index 7\n", "index 7\nAAAA\n", 4),
            ("=\n\nnote\n", "=", 5),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_eq!(parse_receipt(bad.as_bytes()), Err(ReceiptError::Form { line }), "{from:?} -> {to:?}");
        }
        let many = Receipt { path: vec![Digest::of(b"a"); MAX_PROOF + 1], ..receipt() };
        assert_eq!(parse_receipt(&many.to_bytes()), Err(ReceiptError::Form { line: 4 + MAX_PROOF }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, cut in 0_usize..120) {
            let _ = parse_receipt(&bytes);
            let good = receipt().to_bytes();
            let _ = parse_receipt(&good[..cut.min(good.len())]);
        }
    }
}
