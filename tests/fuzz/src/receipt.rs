//! Laws of the reader of receipts.

use super::letters::base64;
use super::note::signing_key;
use portcullis::model::Digest;
use portcullis::trail::checkpoint::{Trust, open};
use portcullis::trail::merkle::{MAX_PROOF, leaf_hash, node_hash};
use portcullis::trail::receipt::{check, parse_receipt};
use portcullis::trail::tile::parse_bundle;
use portcullis::trail::{Checkpoint, LogIndex, Receipt};

/// The published vectors: all that the key of seed 1 ever signed.
const BUNDLE: &[u8] = include_bytes!("../../../fixtures/trail/log/tile/entries/000.p/4");
const CHECKPOINT: &[u8] = include_bytes!("../../../fixtures/trail/log/checkpoint");

/// What is read is what another reader finds and is written back to the same bytes. Nothing but the records of the one log
/// that the key signed is ever proven, each at its place. In a small tree of our own, the proof that was read proves its
/// leaf where folding it up by hand leads to the root, and nowhere else.
pub fn receipt(data: &[u8]) {
    let Ok(receipt) = parse_receipt(data) else { return };
    assert_eq!(receipt.to_bytes(), data);
    by_hand(data, &receipt);
    let trust = Trust::key(*signing_key(1).public());
    if let Ok(proven) = check(&receipt, &trust, None) {
        let entries = parse_bundle(BUNDLE, 4).expect("the vectors");
        let place = usize::try_from(receipt.index.0).expect("small");
        assert_eq!(entries.get(place).copied(), Some(receipt.entry.as_slice()));
        assert_eq!((proven.index, proven.leaf.to_bytes()), (receipt.index, receipt.entry.clone()));
        assert_eq!(&proven.head, open(CHECKPOINT, &trust).expect("the vectors").head());
    }
    perfect(&receipt);
}

fn by_hand(data: &[u8], receipt: &Receipt) {
    let text = std::str::from_utf8(&data[..data.len() - receipt.checkpoint.len()]).expect("lines of letters");
    let lines: Vec<&str> = text.split('\n').collect();
    let [header, extra, index, path @ .., "", ""] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(*header, "c2sp.org/tlog-proof@v1");
    assert_eq!(base64(extra.strip_prefix("extra ").expect("extra")).as_ref(), Some(&receipt.entry));
    assert_eq!(*index, format!("index {}", receipt.index.0));
    let hashes: Vec<_> =
        path.iter().map(|line| Digest(base64(line).expect("a hash").try_into().expect("a hash"))).collect();
    assert!(hashes == receipt.path && hashes.len() <= MAX_PROOF);
}

/// In a tree of 2^n leaves a path of n hashes goes left or right by the bits of the index.
fn perfect(receipt: &Receipt) {
    let height = receipt.path.len();
    if height > 40 || receipt.index.0 >= 1 << height {
        return;
    }
    let bits = (0..height).map(|bit| receipt.index.0 >> bit & 1);
    let root = bits.zip(&receipt.path).fold(leaf_hash(&receipt.entry), |hash, (bit, sibling)| match bit {
        0 => node_hash(&hash, sibling),
        _ => node_hash(sibling, &hash),
    });
    let key = signing_key(3);
    let signed = |size, root| {
        let head = Checkpoint { origin: "example.com/perfect".into(), size, root };
        head.sign(&key).expect("our own").to_text().into_bytes()
    };
    let size = 1 << height;
    let ours = Receipt { checkpoint: signed(size, root), ..receipt.clone() };
    let trust = Trust::key(*key.public());
    let parses = portcullis::trail::leaf::parse_leaf(&receipt.entry).is_ok();
    assert_eq!(check(&ours, &trust, None).is_ok(), parses);
    let bad = [
        Receipt { checkpoint: signed(size, leaf_hash(&root.0)), ..ours.clone() },
        Receipt { checkpoint: signed(2 * size, root), ..ours.clone() },
        Receipt { entry: [ours.entry.as_slice(), b" "].concat(), ..ours.clone() },
        Receipt { index: LogIndex(size), ..ours.clone() },
        Receipt { path: [ours.path.as_slice(), &[root]].concat(), ..ours.clone() },
    ];
    assert!(bad.iter().all(|bad| check(bad, &trust, None).is_err()), "{ours:?}");
}
