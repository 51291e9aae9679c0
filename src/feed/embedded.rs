//! A full snapshot of the database compiled into the binary, where the build was given one (`build.rs` packs it).

use super::FeedError;
use super::source::{self, Records};
use crate::model::Timestamp;

/// Paths and bytes.
type Files = Vec<(String, Vec<u8>)>;

#[cfg(portcullis_embedded_snapshot)]
const SNAPSHOT: Option<&[u8]> = Some(include_bytes!(concat!(env!("OUT_DIR"), "/snapshot.bin")));
#[cfg(not(portcullis_embedded_snapshot))]
const SNAPSHOT: Option<&[u8]> = None;

/// The first bytes of a snapshot, followed by its date and a newline.
const MAGIC: &[u8] = b"portcullis-snapshot v1\n";

/// The records of the snapshot and its date; none where this binary has no snapshot.
pub(super) fn snapshot() -> Result<Option<(Records, Timestamp)>, FeedError> {
    let Some(bytes) = SNAPSHOT else { return Ok(None) };
    let (date, files) = unpack(bytes).ok_or_else(|| FeedError::Embedded("the snapshot is damaged".into()))?;
    Ok(Some((source::memory("the snapshot in this binary", &files)?, date)))
}

/// Date, then for each file the length of its path, the path, the length of its bytes, the bytes; lengths have four
/// bytes, the first the most significant.
fn unpack(bytes: &[u8]) -> Option<(Timestamp, Files)> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (date, mut rest) = rest.split_at_checked(rest.iter().position(|b| *b == b'\n')?)?;
    let date = std::str::from_utf8(date).ok()?;
    let date = match date.strip_prefix('@') {
        Some(seconds) => Timestamp(seconds.parse().ok()?),
        None => date.parse().ok()?,
    };
    rest = rest.get(1..)?;
    let mut files = Vec::new();
    while !rest.is_empty() {
        let path = take(&mut rest)?;
        let content = take(&mut rest)?;
        files.push((String::from_utf8(path.to_vec()).ok()?, content.to_vec()));
    }
    Some((date, files))
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (taken, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_unpacks_and_a_cut_one_does_not() {
        let mut packed = b"portcullis-snapshot v1\n2026-08-21\n".to_vec();
        let header = packed.len();
        for part in ["crates/a/b.md", "text"] {
            packed.extend((part.len() as u32).to_be_bytes());
            packed.extend(part.as_bytes());
        }
        let (date, files) = unpack(&packed).unwrap();
        assert_eq!((date.date(), files), ("2026-08-21".into(), vec![("crates/a/b.md".into(), b"text".to_vec())]));
        for cut in (0..packed.len()).filter(|cut| *cut != header) {
            assert_eq!(unpack(&packed[..cut]), None, "{cut}");
        }
        assert_eq!(unpack(b"portcullis-snapshot v1\n@1700000000\n").unwrap().0, Timestamp(1_700_000_000));
    }

    #[test]
    fn the_snapshot_of_this_build_can_be_read_where_there_is_one() {
        assert_eq!(snapshot().unwrap().is_some(), SNAPSHOT.is_some());
    }
}
