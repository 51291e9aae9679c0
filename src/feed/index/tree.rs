//! Sorted keys with values, in blocks that are read and checked one by one: a table of the first key of each block, and
//! the blocks. It knows no advisory.

use crate::feed::FeedError;
use crate::feed::format::{self, Block};
use crate::model::Digest;

/// A block ends with the entry that takes it past this many bytes: one look-up reads and hashes one block.
pub(super) const BLOCK_TARGET: usize = 2 << 10;
/// One block: the largest record in use, with all that it lists, has 2 MiB.
pub(super) const MAX_BLOCK: u32 = 64 << 20;
/// One table: a thousand times what the public databases need.
pub(super) const MAX_TABLE: u32 = 256 << 20;

/// The parts of a file, laid end to end.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) data: Vec<u8>,
}

impl Layout {
    /// Adds a part.
    pub(super) fn add(&mut self, bytes: &[u8], limit: u32, what: &'static str) -> Result<Block, FeedError> {
        let too_many = || FeedError::TooMany { what: what.into(), limit: u64::from(limit), unit: "bytes" };
        let length = u32::try_from(bytes.len()).ok().filter(|n| *n <= limit).ok_or_else(too_many)?;
        let block = Block { length, offset: self.data.len() as u64, sha256: Digest::of(bytes) };
        self.data.extend_from_slice(bytes);
        Ok(block)
    }
}

/// Adds the blocks of ascending entries and their table, and says where the table is.
pub(super) fn write<'a>(
    layout: &mut Layout,
    what: &'static str,
    entries: impl Iterator<Item = (&'a [u8], Vec<u8>)>,
) -> Result<Block, FeedError> {
    let too_long = || FeedError::TooMany { what: what.into(), limit: u64::from(u16::MAX), unit: "bytes of a key" };
    let mut table = Vec::new();
    let (mut block, mut first): (Vec<u8>, Option<&[u8]>) = (Vec::new(), None);
    let mut close = |layout: &mut Layout, first: Option<&[u8]>, block: &[u8]| -> Result<(), FeedError> {
        let Some(first) = first else { return Ok(()) }; // nothing was added since the last one
        table.extend(u16::try_from(first.len()).map_err(|_| too_long())?.to_be_bytes());
        table.extend_from_slice(first);
        format::put_block(&mut table, &layout.add(block, MAX_BLOCK, what)?);
        Ok(())
    };
    for (key, value) in entries {
        first.get_or_insert(key);
        block.extend(u16::try_from(key.len()).map_err(|_| too_long())?.to_be_bytes());
        block.extend_from_slice(key);
        let length = u32::try_from(value.len()).map_err(|_| FeedError::Internal(what.into()))?;
        block.extend(length.to_be_bytes());
        block.extend(value);
        if block.len() > BLOCK_TARGET {
            close(layout, first.take(), &block)?;
            block.clear();
        }
    }
    close(layout, first, &block)?;
    layout.add(&table, MAX_TABLE, what)
}

/// A table in memory: its bytes, and where each entry begins.
#[derive(Debug)]
pub(super) struct Table {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl Table {
    /// Takes the bytes of a table. None where they are not one, or its keys do not ascend.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        let mut starts = Vec::with_capacity(bytes.len() / 64);
        let (mut rest, mut last): (&[u8], Option<&[u8]>) = (&bytes, None);
        while !rest.is_empty() {
            starts.push(u32::try_from(bytes.len() - rest.len()).ok()?);
            let key = take_key(&mut rest)?;
            format::take_block(&mut rest)?;
            if last.is_some_and(|last| last >= key) {
                return None;
            }
            last = Some(key);
        }
        Some(Self { bytes, starts })
    }

    /// How many blocks there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The key and the block of an entry; none past the end.
    pub(super) fn entry(&self, at: usize) -> Option<(&[u8], Block)> {
        let mut rest = self.bytes.get(*self.starts.get(at)? as usize..)?;
        Some((take_key(&mut rest)?, format::take_block(&mut rest)?))
    }

    /// Which block would hold the key; none where all begin behind it.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let begins = |start: &u32| {
            let mut rest = self.bytes.get(*start as usize..).unwrap_or_default();
            take_key(&mut rest).is_some_and(|first| first <= key) // every start was read once
        };
        self.starts.partition_point(begins).checked_sub(1)
    }
}

/// The entries of a block in order. Ends with an error where the bytes are not entries.
pub(super) struct Entries<'a> {
    rest: &'a [u8],
}

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

impl<'a> Entries<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The value of a key; none where the block does not have it. Errors: the bytes are not entries.
    pub(super) fn value(self, wanted: &[u8]) -> Result<Option<&'a [u8]>, Broken> {
        for entry in self {
            let (key, value) = entry?;
            if key >= wanted {
                return Ok((key == wanted).then_some(value));
            }
        }
        Ok(None)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut rest = self.rest;
        let entry = take_key(&mut rest).and_then(|key| {
            let (length, after) = rest.split_first_chunk()?;
            let (value, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            rest = after;
            Some((key, value))
        });
        // After an error there is nothing more.
        self.rest = if entry.is_some() { rest } else { &[] };
        Some(entry.ok_or(Broken))
    }
}

fn take_key<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bytes = rest;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<'a>(layout: &'a Layout, block: &Block) -> &'a [u8] {
        &layout.data[block.offset as usize..][..block.length as usize]
    }

    #[test]
    fn every_key_is_found_and_no_other_is() {
        let keys: Vec<String> = (0..1_000).map(|n| format!("key-{:04}", n * 2)).collect();
        let mut layout = Layout::default();
        let entries = keys.iter().map(|key| (key.as_bytes(), key.repeat(3).into_bytes()));
        let block = write(&mut layout, "x", entries).unwrap();
        let table = Table::read(part(&layout, &block).to_vec()).unwrap();
        assert!(table.len() > 10);
        let value = |key: &str| {
            let (_, block) = table.entry(table.find(key.as_bytes())?)?;
            Entries::of(part(&layout, &block)).value(key.as_bytes()).unwrap().map(<[u8]>::to_vec)
        };
        for n in 0..2_000 {
            let key = format!("key-{n:04}");
            let expected = (n % 2 == 0).then(|| key.repeat(3).into_bytes());
            assert_eq!(value(&key), expected);
        }
        assert_eq!((value("a"), value("z")), (None, None));
    }

    #[test]
    fn nothing_makes_an_empty_table() {
        let mut layout = Layout::default();
        let block = write(&mut layout, "x", std::iter::empty()).unwrap();
        let table = Table::read(part(&layout, &block).to_vec()).unwrap();
        assert_eq!((table.len(), table.find(b"a")), (0, None));
    }

    #[test]
    fn a_table_out_of_order_and_a_cut_one_are_refused() {
        let mut layout = Layout::default();
        let big = vec![0; BLOCK_TARGET];
        let sorted = [(&b"a"[..], big.clone()), (&b"b"[..], big.clone())];
        let block = write(&mut layout, "x", sorted.into_iter()).unwrap();
        let bytes = part(&layout, &block).to_vec();
        for cut in 1..bytes.len() {
            let whole = cut == bytes.len() / 2;
            assert_eq!(Table::read(bytes[..cut].to_vec()).is_some(), whole, "{cut}");
        }
        for keys in [[b"b", b"a"], [b"a", b"a"]] {
            let entries = keys.into_iter().map(|key| (&key[..], big.clone()));
            let block = write(&mut layout, "x", entries).unwrap();
            assert!(Table::read(part(&layout, &block).to_vec()).is_none());
        }
    }
}
