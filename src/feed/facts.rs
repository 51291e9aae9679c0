//! What a registry says of its versions (checksum, yanked): the lines of its index, and the blocks of a compiled feed
//! that carry them. It fetches nothing.

use super::FeedError;
use super::format::{self, Block};
use crate::model::Digest;
use serde::Deserialize;

/// A block ends with the crate that takes it past this many bytes: one look-up reads and hashes one block.
const BLOCK_TARGET: usize = 4 << 10;
/// A crate of the default registry has at most some thousand versions.
const MAX_VERSIONS: usize = 100_000;

/// What the registry says of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// SHA-256 of the package archive.
    pub checksum: Option<Digest>,
    /// Whether its publisher withdrew it.
    pub yanked: bool,
}

/// The versions of one crate, in the order of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crate {
    /// As the registry writes it.
    pub(super) name: String,
    /// Each version as the registry writes it.
    pub(super) versions: Vec<(String, Published)>,
}

/// Some crates as bytes, and the name of the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FactsBlock {
    pub(super) first: String,
    pub(super) bytes: Vec<u8>,
}

/// Why bytes are not a file of a registry's index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A line is not what an index has.
    #[error("line {0} is not an entry of an index")]
    Line(usize),
    /// A line speaks of another crate.
    #[error("line {0} is about another crate")]
    OtherCrate(usize),
    /// Nothing in it.
    #[error("it lists no version")]
    Empty,
    /// More than the limit.
    #[error("it lists more than {MAX_VERSIONS} versions")]
    TooMany,
}

/// One line of the index (Cargo reference, «Index Format»); the other keys do not matter here.
#[derive(Deserialize)]
struct Line {
    name: String,
    vers: String,
    cksum: String,
    yanked: Option<bool>,
}

/// The path of a crate inside an index: `se/rd/serde`, `3/s/syn`. None for what cannot be a crate's name.
pub fn index_path(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if lower.is_empty() || lower.len() > 64 || !lower.chars().all(plain) {
        return None;
    }
    let part = |from: usize, to: usize| lower.get(from..to).unwrap_or_default();
    Some(match lower.len() {
        1 => format!("1/{lower}"),
        2 => format!("2/{lower}"),
        3 => format!("3/{}/{lower}", part(0, 1)),
        _ => format!("{}/{}/{lower}", part(0, 2), part(2, 4)),
    })
}

/// A file of an index: one line of JSON for each version, all of one crate.
pub(super) fn read_index_file(bytes: &[u8]) -> Result<Crate, IndexError> {
    let mut name: Option<String> = None;
    let mut versions = Vec::new();
    for (at, text) in bytes.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let number = at + 1;
        let line: Line = serde_json::from_slice(text).map_err(|_| IndexError::Line(number))?;
        let checksum = line.cksum.parse().map_err(|_| IndexError::Line(number))?;
        if *name.get_or_insert_with(|| line.name.clone()) != line.name {
            return Err(IndexError::OtherCrate(number));
        }
        if versions.len() == MAX_VERSIONS {
            return Err(IndexError::TooMany);
        }
        let published = Published { checksum: Some(checksum), yanked: line.yanked.unwrap_or(false) };
        versions.push((line.vers, published));
    }
    name.map(|name| Crate { name, versions }).ok_or(IndexError::Empty)
}

/// The blocks for these crates, sorted by name, each name once.
pub(super) fn blocks(mut crates: Vec<Crate>) -> Result<Vec<FactsBlock>, FeedError> {
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    crates.dedup_by(|a, b| a.name == b.name);
    let mut out: Vec<FactsBlock> = Vec::new();
    for item in crates {
        if out.last().is_none_or(|block| block.bytes.len() >= BLOCK_TARGET) {
            out.push(FactsBlock { first: item.name.clone(), bytes: Vec::new() });
        }
        if let Some(block) = out.last_mut() {
            put_crate(&mut block.bytes, &item)?;
        }
    }
    Ok(out)
}

/// Name, length of the rest (4 bytes), then for each version its text, a byte of flags (1: yanked, 2: checksum
/// follows) and the checksum.
fn put_crate(out: &mut Vec<u8>, item: &Crate) -> Result<(), FeedError> {
    let mut body = Vec::new();
    for (version, published) in &item.versions {
        put_text(&mut body, version)?;
        body.push(u8::from(published.yanked) | u8::from(published.checksum.is_some()) << 1);
        body.extend(published.checksum.iter().flat_map(|d| d.0));
    }
    let length = u32::try_from(body.len()).map_err(|_| FeedError::Internal("the facts of the feed".into()))?;
    put_text(out, &item.name)?;
    out.extend(length.to_be_bytes());
    out.extend(body);
    Ok(())
}

/// The versions of a crate in a block: `Some(None)` where the block does not list the crate, none where it is broken.
pub(super) fn find_crate(mut bytes: &[u8], name: &str) -> Option<Option<Vec<(String, Published)>>> {
    while !bytes.is_empty() {
        let here = take_text(&mut bytes)?;
        let (length, rest) = bytes.split_first_chunk()?;
        let (body, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        bytes = rest;
        if here == name {
            return take_versions(body).map(Some);
        }
    }
    Some(None)
}

fn take_versions(mut body: &[u8]) -> Option<Vec<(String, Published)>> {
    let mut versions = Vec::new();
    while !body.is_empty() {
        let version = take_text(&mut body)?.to_owned();
        let (flags, rest) = body.split_first()?;
        body = rest;
        let checksum = if flags & 2 == 0 {
            None
        } else {
            let (digest, rest) = body.split_first_chunk()?;
            body = rest;
            Some(Digest(*digest))
        };
        versions.push((version, Published { checksum, yanked: flags & 1 == 1 }));
    }
    Some(versions)
}

/// The table: the first name of each block and where the block lies.
pub(super) fn write_table(table: &[(String, Block)]) -> Result<Vec<u8>, FeedError> {
    let mut out = Vec::new();
    for (first, block) in table {
        put_text(&mut out, first)?;
        format::put_block(&mut out, block);
    }
    Ok(out)
}

/// What [`write_table`] wrote; none where it is broken or does not ascend.
pub(super) fn read_table(mut bytes: &[u8]) -> Option<Vec<(String, Block)>> {
    let mut table: Vec<(String, Block)> = Vec::new();
    while !bytes.is_empty() {
        let first = take_text(&mut bytes)?.to_owned();
        let block = format::take_block(&mut bytes)?;
        if table.last().is_some_and(|(last, _)| *last >= first) {
            return None;
        }
        table.push((first, block));
    }
    Some(table)
}

/// Two bytes of length and the text.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), FeedError> {
    let length = u16::try_from(text.len()).map_err(|_| FeedError::Internal("a name of more than 64 KiB".into()))?;
    out.extend(length.to_be_bytes());
    out.extend(text.as_bytes());
    Ok(())
}

/// What [`put_text`] wrote.
pub(super) fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, version: &str, yanked: bool) -> String {
        let sum = Digest::of(version.as_bytes()).hex();
        format!("{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{sum}\",\"yanked\":{yanked}}}\n")
    }

    #[test]
    fn the_path_follows_the_length_of_the_name() {
        for (name, path) in [
            ("a", Some("1/a")),
            ("ab", Some("2/ab")),
            ("syn", Some("3/s/syn")),
            ("Serde", Some("se/rd/serde")),
            ("", None),
            ("../x", None),
            ("é", None),
        ] {
            assert_eq!(index_path(name).as_deref(), path, "{name}");
        }
    }

    #[test]
    fn a_file_of_an_index_gives_every_version() {
        let text = line("alpha", "1.0.0", false) + "\n" + &line("alpha", "1.0.1", true);
        let read = read_index_file(text.as_bytes()).unwrap();
        assert_eq!(read.name, "alpha");
        let yanked: Vec<_> = read.versions.iter().map(|(v, p)| (v.as_str(), p.yanked)).collect();
        assert_eq!(yanked, [("1.0.0", false), ("1.0.1", true)]);
        assert_eq!(read.versions[0].1.checksum, Some(Digest::of(b"1.0.0")));
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let two = line("alpha", "1.0.0", false) + &line("beta", "1.0.0", false);
        assert_eq!(read_index_file(two.as_bytes()), Err(IndexError::OtherCrate(2)));
        assert_eq!(read_index_file(b"<html>"), Err(IndexError::Line(1)));
        assert_eq!(read_index_file(b"\n"), Err(IndexError::Empty));
        let short = line("alpha", "1.0.0", false).replace("\"cksum\":\"", "\"cksum\":\"0");
        assert_eq!(read_index_file(short.as_bytes()), Err(IndexError::Line(1)));
    }

    #[test]
    fn every_crate_is_found_in_its_block_and_no_other_is() {
        let names: Vec<String> = (0..500).map(|n| format!("crate-{n}")).collect();
        let crates: Vec<Crate> = names
            .iter()
            .map(|n| read_index_file((line(n, "1.0.0", false) + &line(n, "2.0.0", true)).as_bytes()).unwrap())
            .collect();
        let blocks = blocks(crates.clone()).unwrap();
        assert!(blocks.len() > 5);
        for item in &crates {
            let at = blocks.partition_point(|b| b.first <= item.name) - 1;
            assert_eq!(find_crate(&blocks[at].bytes, &item.name), Some(Some(item.versions.clone())));
        }
        assert_eq!(find_crate(&blocks[0].bytes, "other"), Some(None));
        assert_eq!(find_crate(&blocks[0].bytes[..blocks[0].bytes.len() - 1], "other"), None);
    }
}
