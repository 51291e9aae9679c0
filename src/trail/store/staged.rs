//! A change as one file, so that whoever finds it after a crash can finish it. A private format of the directory store:
//! it is gone once the change is published.

use super::{Change, StoreError, checked, is_partials};
use crate::model::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// Says what the file is. A later release with another format changes it.
const MAGIC: &[u8] = b"portcullis staged change 1\n";
/// A change is a record or a few, each with its body, and the tiles around them.
pub(super) const MAX_STAGED: usize = 256 << 20;

const DAMAGED: StoreError = StoreError::Damaged { what: "a staged change cannot be read" };

/// Whether the bytes are meant to be a change.
pub(super) fn is_staged(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// The bytes of a change: checkpoint, number of directories, directories, then path and bytes of each file, each part
/// with its length before it; at the end the SHA-256 of all that.
pub(super) fn format_staged(change: &Change) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    let mut part = |bytes: &[u8]| {
        out.extend((bytes.len() as u64).to_be_bytes());
        out.extend(bytes);
    };
    part(&change.checkpoint);
    part(&(change.clear.len() as u64).to_be_bytes());
    change.clear.iter().for_each(|dir| part(dir.as_bytes()));
    for (path, bytes) in &change.put {
        part(path.as_bytes());
        part(bytes);
    }
    let digest = Digest::of(&out);
    out.extend(digest.0);
    out
}

/// The change in the bytes. Every path is one that a log has: a damaged file never makes a writer write elsewhere.
pub(super) fn parse_staged(bytes: &[u8]) -> Result<Change, StoreError> {
    let (body, digest) = bytes.split_last_chunk::<32>().ok_or(DAMAGED)?;
    let mut rest = body.strip_prefix(MAGIC).filter(|_| Digest::of(body).0 == *digest).ok_or(DAMAGED)?;
    let mut part = || -> Result<Option<&[u8]>, StoreError> {
        if rest.is_empty() {
            return Ok(None);
        }
        let (length, after) = rest.split_first_chunk::<8>().ok_or(DAMAGED)?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| DAMAGED)?;
        let (bytes, after) = after.split_at_checked(length).ok_or(DAMAGED)?;
        rest = after;
        Ok(Some(bytes))
    };
    let checkpoint = part()?.ok_or(DAMAGED)?.to_vec();
    let count = u64::from_be_bytes(part()?.and_then(|count| count.try_into().ok()).ok_or(DAMAGED)?);
    let mut clear = BTreeSet::new();
    for _ in 0..count {
        let dir = text(part()?.ok_or(DAMAGED)?)?;
        if !is_partials(&dir) {
            return Err(StoreError::BadPath { path: dir });
        }
        clear.insert(dir);
    }
    let mut put = BTreeMap::new();
    while let Some(path) = part()? {
        let path = text(path)?;
        checked(&path)?;
        put.insert(path, part()?.ok_or(DAMAGED)?.to_vec());
    }
    Ok(Change { checkpoint, put, clear })
}

fn text(bytes: &[u8]) -> Result<String, StoreError> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| DAMAGED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn change() -> Change {
        let put = [("tile/0/000", b"abc".to_vec()), ("tile/entries/000.p/1", Vec::new())];
        Change {
            checkpoint: b"note".to_vec(),
            put: put.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect(),
            clear: BTreeSet::from(["tile/0/000.p".to_owned()]),
        }
    }

    #[test]
    fn a_change_round_trips_and_every_damage_is_noticed() {
        let bytes = format_staged(&change());
        assert_eq!(parse_staged(&bytes), Ok(change()));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(parse_staged(&damaged), Err(DAMAGED), "byte {at}");
            assert_eq!(parse_staged(&bytes[..at]), Err(DAMAGED), "cut at {at}");
        }
    }

    #[test]
    fn a_path_outside_the_log_is_refused() {
        let mut evil = change();
        evil.put.insert("../evil".into(), Vec::new());
        assert_eq!(parse_staged(&format_staged(&evil)), Err(StoreError::BadPath { path: "../evil".into() }));
        let mut evil = change();
        evil.clear.insert("..".into());
        assert_eq!(parse_staged(&format_staged(&evil)), Err(StoreError::BadPath { path: "..".into() }));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let framed = [MAGIC, &bytes].concat();
            let digest = Digest::of(&framed);
            let _ = parse_staged(&[framed.as_slice(), &digest.0].concat());
        }
    }
}
