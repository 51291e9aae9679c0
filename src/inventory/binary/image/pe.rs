//! PE (Microsoft PE/COFF specification): the sections of an image of Windows, PE32 and PE32+.

use super::{Image, ImageError, Ints, Section, Segment, piece, until_zero};

/// Bytes of a section header, and of an entry of the table of symbols.
const SECTION: usize = 40;
const SYMBOL: u64 = 18;
/// The bit of the characteristics for memory that can be written.
const WRITABLE: u32 = 0x8000_0000;

pub(super) fn read(bytes: &[u8]) -> Result<Image<'_>, ImageError> {
    let damaged = || ImageError::Damaged("PE header");
    let ints = Ints::little(bytes);
    let start = ints.u32(0x3c).and_then(|at| usize::try_from(at).ok()).ok_or_else(damaged)?;
    let coff = bytes.get(start..).and_then(|rest| rest.strip_prefix(b"PE\0\0")).ok_or_else(damaged)?;
    let header = ints.of(coff);
    let count = usize::from(header.u16(2).ok_or_else(damaged)?);
    let (symbols, symbol_count) = (header.u32(8).ok_or_else(damaged)?, header.u32(12).ok_or_else(damaged)?);
    let optional_size = usize::from(header.u16(16).ok_or_else(damaged)?);
    let optional = coff.get(20..).and_then(|rest| rest.get(..optional_size)).ok_or_else(damaged)?;
    let optional = ints.of(optional);
    let base = match optional.u16(0) {
        Some(0x10b) => optional.u32(28).map(u64::from),
        Some(0x20b) => optional.u64(24),
        _ => None,
    };
    let base = base.ok_or_else(damaged)?;
    // The long names of sections stand behind the table of symbols.
    let strings = u64::from(symbols) + u64::from(symbol_count) * SYMBOL;
    let strings = usize::try_from(strings).ok().filter(|at| *at > 0).and_then(|at| bytes.get(at..)).unwrap_or_default();
    let table = coff.get(20 + optional_size..).and_then(|rest| rest.get(..count * SECTION));
    let table = table.ok_or(ImageError::Damaged("table of sections"))?;
    let (mut sections, mut segments) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for raw in table.chunks_exact(SECTION) {
        let entry = ints.of(raw);
        let word = |at| entry.u32(at).ok_or(ImageError::Damaged("table of sections"));
        let (size, address, raw_size, offset, flags) = (word(8)?, word(12)?, word(16)?, word(20)?, word(36)?);
        // What is behind the size in memory is padding; some linkers leave that size out.
        let size = if size == 0 { raw_size } else { size.min(raw_size) };
        let bytes = if size == 0 { Some(&[][..]) } else { piece(bytes, offset.into(), size.into()) };
        sections.push(Section { name: name(raw, strings), bytes });
        if let Some(bytes) = bytes {
            let address = base.wrapping_add(address.into());
            segments.push(Segment { address, bytes, is_writable: flags & WRITABLE != 0 });
        }
    }
    Ok(Image { sections, segments })
}

/// Eight bytes, or a slash and the decimal offset of a longer name.
fn name<'a>(entry: &'a [u8], strings: &'a [u8]) -> &'a [u8] {
    let short = until_zero(entry.get(..8).unwrap_or_default());
    let long = || {
        let digits = std::str::from_utf8(short.strip_prefix(b"/")?).ok()?;
        strings.get(digits.parse::<usize>().ok()?..).map(until_zero)
    };
    long().unwrap_or(short)
}
