//! Mach-O (Apple's `loader.h` and `fat.h`): the segments and sections of an image of macOS, and the images of a fat file.

use super::{Image, ImageError, Ints, MAX_IMAGES, MAX_PARTS, Section, Segment, piece, until_zero};

/// `LC_SEGMENT` and `LC_SEGMENT_64`.
const SEGMENT: u32 = 0x1;
const SEGMENT_64: u32 = 0x19;
/// The bit of the protection for memory that can be written.
const WRITABLE: u32 = 2;
/// Types of sections that have no bytes in the file: `S_ZEROFILL`, `S_GB_ZEROFILL`, `S_THREAD_LOCAL_ZEROFILL`.
const WITHOUT_BYTES: [u32; 3] = [0x1, 0xc, 0x12];

/// The images of a fat file, of offsets of 32 or 64 bits.
pub(super) fn fat(bytes: &[u8]) -> Result<Vec<Image<'_>>, ImageError> {
    let damaged = || ImageError::Damaged("table of images");
    let ints = Ints::big(bytes);
    let is_wide = bytes.get(3) == Some(&0xbf);
    let count = ints.u32(4).and_then(|count| usize::try_from(count).ok()).ok_or_else(damaged)?;
    if count > MAX_IMAGES {
        return Err(ImageError::TooMany { limit: MAX_IMAGES, unit: "images" });
    }
    if count == 0 {
        return Err(damaged());
    }
    let (size, length_at) = if is_wide { (32, 16) } else { (20, 12) };
    let table = bytes.get(8..).and_then(|rest| rest.get(..count * size)).ok_or_else(damaged)?;
    let images = table.chunks_exact(size).map(|entry| {
        let entry = ints.of(entry);
        let place = entry.word(is_wide, 8).zip(entry.word(is_wide, length_at));
        read(place.and_then(|(offset, length)| piece(bytes, offset, length)).ok_or_else(damaged)?)
    });
    images.collect()
}

/// One image.
pub(super) fn read(bytes: &[u8]) -> Result<Image<'_>, ImageError> {
    let damaged = || ImageError::Damaged("Mach-O header");
    let (ints, is_wide) = match bytes {
        [0xce, 0xfa, 0xed, 0xfe, ..] => (Ints::little(bytes), false),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => (Ints::little(bytes), true),
        [0xfe, 0xed, 0xfa, 0xce, ..] => (Ints::big(bytes), false),
        [0xfe, 0xed, 0xfa, 0xcf, ..] => (Ints::big(bytes), true),
        _ => return Err(damaged()),
    };
    let number = |at| ints.u32(at).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged);
    let (count, length) = (number(16)?, number(20)?);
    if count > MAX_PARTS {
        return Err(ImageError::TooMany { limit: MAX_PARTS, unit: "load commands" });
    }
    let start = if is_wide { 32 } else { 28 };
    let damaged = || ImageError::Damaged("list of load commands");
    let mut rest = bytes.get(start..).and_then(|rest| rest.get(..length)).ok_or_else(damaged)?;
    let mut image = Image { sections: Vec::new(), segments: Vec::new() };
    for _ in 0..count {
        let header = ints.of(rest);
        let (kind, size) = header.u32(0).zip(header.u32(4)).ok_or_else(damaged)?;
        let size = usize::try_from(size).ok().filter(|size| *size >= 8).ok_or_else(damaged)?;
        let (command, behind) = rest.split_at_checked(size).ok_or_else(damaged)?;
        rest = behind;
        if matches!((kind, is_wide), (SEGMENT, false) | (SEGMENT_64, true)) {
            segment(bytes, ints.of(command), is_wide, &mut image)?;
        }
    }
    Ok(image)
}

fn segment<'a>(bytes: &'a [u8], command: Ints<'a>, is_wide: bool, image: &mut Image<'a>) -> Result<(), ImageError> {
    let damaged = || ImageError::Damaged("segment");
    let word = |at| command.word(is_wide, at).ok_or_else(damaged);
    // Address, offset and length in the file, protection, number of sections, and where they begin.
    let [address, offset, length, protection, count, start] =
        if is_wide { [24, 40, 48, 60, 64, 72] } else { [24, 32, 36, 44, 48, 56] };
    let loaded = piece(bytes, word(offset)?, word(length)?).ok_or_else(damaged)?;
    let is_writable = command.u32(protection).ok_or_else(damaged)? & WRITABLE != 0;
    image.segments.push(Segment { address: word(address)?, bytes: loaded, is_writable });
    let count = command.u32(count).and_then(|n| usize::try_from(n).ok()).ok_or_else(damaged)?;
    if image.sections.len().saturating_add(count) > MAX_PARTS {
        return Err(ImageError::TooMany { limit: MAX_PARTS, unit: "sections" });
    }
    let size = if is_wide { 80 } else { 68 };
    let headers = command.bytes.get(start..).and_then(|rest| rest.get(..count * size)).ok_or_else(damaged)?;
    for raw in headers.chunks_exact(size) {
        let header = command.of(raw);
        // Length, offset and flags stand behind two names of 16 bytes and an address.
        let [length, offset, flags] = if is_wide { [40, 48, 64] } else { [36, 40, 56] };
        let (length, offset) = header.word(is_wide, length).zip(header.u32(offset)).ok_or_else(damaged)?;
        let kind = header.u32(flags).ok_or_else(damaged)? & 0xff;
        let has_bytes = !WITHOUT_BYTES.contains(&kind);
        let bytes = if has_bytes { piece(bytes, offset.into(), length) } else { Some(&[][..]) };
        image.sections.push(Section { name: until_zero(raw.get(..16).unwrap_or_default()), bytes });
    }
    Ok(())
}
