//! The files of a zip archive in memory (APPNOTE 6.3.10, zip64 included), stored or deflated, within bounds. Nothing is
//! written anywhere, so that names are names and no paths.

use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use std::io::Read;

/// What an archive may be at most. Every caller knows what its own archives look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Entries.
    pub(crate) entries: u64,
    /// Bytes of all entries unpacked.
    pub(crate) unpacked: u64,
    /// Bytes unpacked for each byte packed, over the whole.
    pub(crate) ratio: u64,
    /// Bytes unpacked below which nobody cares about the ratio.
    pub(crate) ratio_free: u64,
}

/// The comment behind the end record has at most this many bytes.
const MAX_COMMENT: usize = 0xffff;
const END: &[u8] = b"PK\x05\x06";
const END_LENGTH: usize = 22;
const END64: &[u8] = b"PK\x06\x06";
const END64_LENGTH: usize = 56;
const LOCATOR64: &[u8] = b"PK\x06\x07";
const LOCATOR64_LENGTH: usize = 20;
const CENTRAL: &[u8] = b"PK\x01\x02";
const CENTRAL_LENGTH: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LENGTH: usize = 30;
/// The extra field with 64-bit sizes.
const EXTRA64: u16 = 1;

/// Why bytes are no archive, or one that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ZipError {
    /// No end record: not a zip, or cut short.
    #[error("it has no end record of a zip archive, or is cut short")]
    NoEnd,
    /// A part lies outside of the bytes, or is not what it should be.
    #[error("its {0} is damaged")]
    Damaged(&'static str),
    /// Spread over several files.
    #[error("it is one part of several")]
    Split,
    /// More than a limit.
    #[error("it has more than {limit} {unit}")]
    TooMany {
        /// The limit.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
}

/// Why one entry cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    /// Larger than the caller's limit.
    #[error("larger than the limit of {0} bytes")]
    TooLarge(u64),
    /// Encrypted.
    #[error("it is encrypted")]
    Encrypted,
    /// Packed in another way than deflate.
    #[error("it is packed with the unknown method {0}")]
    Method(u16),
    /// Its bytes are not what the directory of the archive says.
    #[error("its packed bytes are damaged")]
    Damaged,
}

/// One file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As written; what is not UTF-8 is replaced.
    pub(crate) name: String,
    /// Bytes unpacked, as the directory says; [`read`] holds it to that.
    pub(crate) size: u64,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    offset: u64,
}

/// The files of an archive, by its directory, in its order. Directories are left out.
pub(crate) fn entries(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>, ZipError> {
    let (count, offset) = directory(bytes)?;
    let too_many = |limit, unit| Err(ZipError::TooMany { limit, unit });
    if count > limits.entries {
        return too_many(limits.entries, "entries");
    }
    let damaged = || ZipError::Damaged("directory");
    let mut rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).ok_or_else(damaged)?;
    let mut out = Vec::new();
    let mut unpacked = 0_u64;
    for _ in 0..count {
        let entry = central(&mut rest).ok_or_else(damaged)?;
        unpacked = unpacked.saturating_add(entry.size);
        if unpacked > limits.unpacked {
            return too_many(limits.unpacked, "bytes unpacked");
        }
        if !entry.name.ends_with('/') {
            out.push(entry);
        }
    }
    if unpacked > limits.ratio_free.max((bytes.len() as u64).saturating_mul(limits.ratio)) {
        return too_many(limits.ratio, "bytes unpacked for each byte packed");
    }
    Ok(out)
}

/// The bytes of one entry. Its size, as the directory gives it, is a bound and must hold.
pub(crate) fn read(bytes: &[u8], entry: &Entry, limit: u64) -> Result<Vec<u8>, EntryError> {
    if entry.flags & 1 != 0 {
        return Err(EntryError::Encrypted);
    }
    if entry.size > limit {
        return Err(EntryError::TooLarge(limit));
    }
    let packed = packed(bytes, entry).ok_or(EntryError::Damaged)?;
    let mut out = Vec::new();
    match entry.method {
        0 => out.extend_from_slice(packed),
        8 => {
            // One byte more than the size, so that what is longer than it says is seen.
            let mut reader = DeflateDecoder::new(packed).take(entry.size + 1);
            reader.read_to_end(&mut out).map_err(|_| EntryError::Damaged)?;
        }
        other => return Err(EntryError::Method(other)),
    }
    let mut crc = Crc::new();
    crc.update(&out);
    if out.len() as u64 == entry.size && crc.sum() == entry.crc { Ok(out) } else { Err(EntryError::Damaged) }
}

fn packed<'a>(bytes: &'a [u8], entry: &Entry) -> Option<&'a [u8]> {
    let local = bytes.get(usize::try_from(entry.offset).ok()?..)?;
    if !local.starts_with(LOCAL) {
        return None;
    }
    // Name and extra field of the local header can be of other lengths than in the directory.
    let skip = LOCAL_LENGTH + usize::from(u16_at(local, 26)?) + usize::from(u16_at(local, 28)?);
    local.get(skip..)?.get(..usize::try_from(entry.packed).ok()?)
}

/// How many entries the directory has, and where it begins.
fn directory(bytes: &[u8]) -> Result<(u64, u64), ZipError> {
    let floor = bytes.len().saturating_sub(END_LENGTH + MAX_COMMENT);
    let tail = bytes.get(floor..).unwrap_or_default();
    // The last place where the comment ends with the file.
    let ends = |at: &usize| {
        let end = tail.get(*at..).unwrap_or_default();
        end.starts_with(END) && u16_at(end, 20).is_some_and(|n| end.len() == END_LENGTH + usize::from(n))
    };
    let at = (0..tail.len().saturating_sub(END_LENGTH - 1)).rev().find(ends).ok_or(ZipError::NoEnd)?;
    let end = tail.get(at..).unwrap_or_default();
    let field = |at| u16_at(end, at).ok_or(ZipError::Damaged("end record"));
    let (count, offset) = (field(10)?, u32_at(end, 16).ok_or(ZipError::Damaged("end record"))?);
    if field(4)? != field(6)? || field(8)? != count {
        return Err(ZipError::Split);
    }
    let locator = (floor + at).checked_sub(LOCATOR64_LENGTH).and_then(|at| bytes.get(at..));
    match locator.filter(|locator| locator.starts_with(LOCATOR64)) {
        Some(locator) => directory64(bytes, locator).ok_or(ZipError::Damaged("64-bit end record")),
        None => Ok((u64::from(count), u64::from(offset))),
    }
}

fn directory64(bytes: &[u8], locator: &[u8]) -> Option<(u64, u64)> {
    let end = bytes.get(usize::try_from(u64_at(locator, 8)?).ok()?..)?.get(..END64_LENGTH)?;
    if !end.starts_with(END64) || u64_at(end, 24)? != u64_at(end, 32)? {
        return None;
    }
    Some((u64_at(end, 32)?, u64_at(end, 48)?))
}

fn central(rest: &mut &[u8]) -> Option<Entry> {
    let header = *rest;
    if !header.starts_with(CENTRAL) {
        return None;
    }
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(header, at).map(usize::from));
    let (name_end, extra_end) = (CENTRAL_LENGTH + name?, CENTRAL_LENGTH + name? + extra?);
    let mut entry = Entry {
        name: String::from_utf8_lossy(header.get(CENTRAL_LENGTH..name_end)?).into_owned(),
        flags: u16_at(header, 8)?,
        method: u16_at(header, 10)?,
        crc: u32_at(header, 16)?,
        packed: u64::from(u32_at(header, 20)?),
        size: u64::from(u32_at(header, 24)?),
        offset: u64::from(u32_at(header, 42)?),
    };
    widen(&mut entry, header.get(name_end..extra_end)?)?;
    *rest = header.get(extra_end + comment?..)?;
    Some(entry)
}

/// Takes 64-bit values from the extra field for those that are all ones, in their order.
fn widen(entry: &mut Entry, mut extra: &[u8]) -> Option<()> {
    const WIDE: u64 = 0xffff_ffff;
    while extra.len() >= 4 {
        let (tag, length) = (u16_at(extra, 0)?, usize::from(u16_at(extra, 2)?));
        let mut body = extra.get(4..)?.get(..length)?;
        extra = extra.get(4 + length..)?;
        if tag != EXTRA64 {
            continue; // times, owners: they say nothing of the bytes
        }
        for value in [&mut entry.size, &mut entry.packed, &mut entry.offset] {
            if *value == WIDE {
                *value = u64_at(body, 0)?;
                body = body.get(8..)?;
            }
        }
    }
    Some(())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}

/// A writer for tests: what archives of the real world look like, and what they must not.
#[cfg(test)]
pub(crate) mod testing {
    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use std::io::Write;

    /// An archive of these files, the odd ones deflated, with 64-bit records where asked for.
    pub(crate) fn archive(files: &[(&str, &[u8])], wide: bool) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (at, (name, bytes)) in files.iter().enumerate() {
            let offset = out.len() as u64;
            let deflated = at % 2 == 1;
            let packed = if deflated {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            } else {
                bytes.to_vec()
            };
            let mut crc = flate2::Crc::new();
            crc.update(bytes);
            let method = if deflated { 8_u16 } else { 0 };
            let common = |out: &mut Vec<u8>, sizes: [u32; 2], extra: u16| {
                out.extend([45, 0, 0, 0]);
                out.extend(method.to_le_bytes());
                out.extend([0; 4]);
                out.extend(crc.sum().to_le_bytes());
                out.extend(sizes[0].to_le_bytes());
                out.extend(sizes[1].to_le_bytes());
                out.extend((name.len() as u16).to_le_bytes());
                out.extend(extra.to_le_bytes());
            };
            out.extend(b"PK\x03\x04");
            common(&mut out, [packed.len() as u32, bytes.len() as u32], 0);
            out.extend(name.as_bytes());
            out.extend(&packed);
            directory.extend(b"PK\x01\x02\x2d\x00");
            let sizes = if wide { [u32::MAX; 2] } else { [packed.len() as u32, bytes.len() as u32] };
            common(&mut directory, sizes, if wide { 28 } else { 0 });
            directory.extend([0; 10]);
            directory.extend((if wide { u32::MAX } else { offset as u32 }).to_le_bytes());
            directory.extend(name.as_bytes());
            if wide {
                directory.extend([1, 0, 24, 0]);
                directory.extend((bytes.len() as u64).to_le_bytes());
                directory.extend((packed.len() as u64).to_le_bytes());
                directory.extend(offset.to_le_bytes());
            }
        }
        let (start, count) = (out.len() as u64, files.len() as u64);
        out.extend(&directory);
        if wide {
            let end = out.len() as u64;
            out.extend(b"PK\x06\x06");
            out.extend(44_u64.to_le_bytes());
            out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            out.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
            out.extend((directory.len() as u64).to_le_bytes());
            out.extend(start.to_le_bytes());
            out.extend(b"PK\x06\x07\0\0\0\0");
            out.extend(end.to_le_bytes());
            out.extend(1_u32.to_le_bytes());
        }
        out.extend(b"PK\x05\x06\0\0\0\0");
        let short = if wide { u16::MAX } else { count as u16 };
        out.extend([short.to_le_bytes(), short.to_le_bytes()].concat());
        out.extend((directory.len() as u32).to_le_bytes());
        out.extend((if wide { u32::MAX } else { start as u32 }).to_le_bytes());
        out.extend([0, 0]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::testing::archive;
    use super::*;

    const LIMITS: Limits = Limits { entries: 1_000, unpacked: 8 << 30, ratio: 200, ratio_free: 64 << 20 };

    fn opened(bytes: &[u8]) -> Result<Vec<Entry>, ZipError> {
        entries(bytes, &LIMITS)
    }

    const FILES: [(&str, &[u8]); 3] = [("a.json", b"{\"id\":1}"), ("d/b.json", &[b'x'; 3_000]), ("c", b"")];

    #[test]
    fn stored_and_deflated_files_are_read_with_either_size_of_record() {
        for wide in [false, true] {
            let bytes = archive(&FILES, wide);
            let found = opened(&bytes).unwrap();
            assert_eq!(found.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["a.json", "d/b.json", "c"]);
            for (entry, (_, content)) in found.iter().zip(FILES) {
                assert_eq!(read(&bytes, entry, 3_000).as_deref(), Ok(content));
            }
            assert_eq!(read(&bytes, &found[1], 2_999), Err(EntryError::TooLarge(2_999)));
        }
    }

    #[test]
    fn an_archive_that_is_cut_or_changed_gives_an_error_or_the_same_bytes() {
        let bytes = archive(&FILES, true);
        for cut in 0..bytes.len() {
            assert!(opened(&bytes[..cut]).is_err(), "{cut}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            let Ok(found) = opened(&changed) else { continue };
            for entry in found {
                if let Ok(content) = read(&changed, &entry, 3_000) {
                    assert!(FILES.iter().any(|(_, real)| *real == content), "{at}");
                }
            }
        }
    }

    #[test]
    fn what_says_to_be_small_and_is_not_is_refused() {
        let mut bytes = archive(&[("z", b""), ("a", &[0; 100_000])], false);
        // The unpacked size of the second entry in the directory.
        let at = bytes.windows(4).rposition(|w| w == CENTRAL).unwrap() + 24;
        bytes[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
        let found = opened(&bytes).unwrap();
        assert_eq!(read(&bytes, &found[1], 1 << 20), Err(EntryError::Damaged));
    }

    #[test]
    fn bombs_and_odd_archives_are_refused() {
        let mut huge = archive(&[("a", b"")], true);
        let at = huge.windows(4).rposition(|w| w == CENTRAL).unwrap() + CENTRAL_LENGTH + 1 + 4;
        huge[at..at + 8].copy_from_slice(&(65_u64 << 20).to_le_bytes());
        assert!(matches!(opened(&huge), Err(ZipError::TooMany { limit: 200, .. })));
        huge[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(matches!(opened(&huge), Err(ZipError::TooMany { unit: "bytes unpacked", .. })));
        let mut encrypted = archive(&[("a", b"x")], false);
        let at = encrypted.windows(4).rposition(|w| w == CENTRAL).unwrap();
        encrypted[at + 8] = 1;
        let entry = opened(&encrypted).unwrap().remove(0);
        assert_eq!(read(&encrypted, &entry, 10), Err(EntryError::Encrypted));
        encrypted[at + 8..at + 12].copy_from_slice(&[0, 0, 12, 0]);
        let entry = opened(&encrypted).unwrap().remove(0);
        assert_eq!(read(&encrypted, &entry, 10), Err(EntryError::Method(12)));
        assert_eq!(opened(b"<html>"), Err(ZipError::NoEnd));
        assert_eq!(opened(b""), Err(ZipError::NoEnd));
    }
}
