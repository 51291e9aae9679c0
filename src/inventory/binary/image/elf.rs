//! ELF (System V ABI, chapters 4 and 5): section headers and program headers, of 32 and 64 bits, in both byte orders.

use super::{Image, ImageError, Ints, MAX_PARTS, Section, Segment, piece, until_zero};

/// `sh_type` of a section without bytes in the file.
const NO_BITS: u32 = 8;
/// `p_type` of what is loaded.
const LOAD: u32 = 1;
/// The bit of `p_flags` for memory that can be written.
const WRITABLE: u32 = 2;
/// `e_shstrndx` where the number is in the first section header.
const EXTENDED: u16 = 0xffff;

/// Where the fields of the headers stand, by the width of the program.
struct Layout {
    is_wide: bool,
    /// `e_phoff`, `e_shoff`, and `e_phentsize` with the four numbers behind it.
    header: [usize; 3],
    /// `sh_offset`, `sh_size`, `sh_link`, and the size of all.
    section: [usize; 4],
    /// `p_flags`, `p_offset`, `p_vaddr`, `p_filesz`, and the size of all.
    segment: [usize; 5],
}

const NARROW: Layout =
    Layout { is_wide: false, header: [28, 32, 42], section: [16, 20, 24, 40], segment: [24, 4, 8, 16, 32] };
const WIDE: Layout =
    Layout { is_wide: true, header: [32, 40, 54], section: [24, 32, 40, 64], segment: [4, 8, 16, 32, 56] };

pub(super) fn read(bytes: &[u8]) -> Result<Image<'_>, ImageError> {
    let damaged = || ImageError::Damaged("ELF header");
    let layout = match bytes.get(4) {
        Some(1) => NARROW,
        Some(2) => WIDE,
        _ => return Err(damaged()),
    };
    let ints = match bytes.get(5) {
        Some(1) => Ints::little(bytes),
        Some(2) => Ints::big(bytes),
        _ => return Err(damaged()),
    };
    let segments = segments(ints, &layout)?;
    Ok(Image { sections: sections(ints, &layout)?, segments })
}

fn sections<'a>(ints: Ints<'a>, layout: &Layout) -> Result<Vec<Section<'a>>, ImageError> {
    let damaged = || ImageError::Damaged("table of sections");
    let [_, table, numbers] = layout.header;
    let header = |at: usize| ints.u16(numbers + at).ok_or(ImageError::Damaged("ELF header"));
    let (size, count, names) = (usize::from(header(4)?), header(6)?, header(8)?);
    let table = ints.word(layout.is_wide, table).ok_or(ImageError::Damaged("ELF header"))?;
    if table == 0 {
        return Ok(Vec::new()); // a program needs none to run
    }
    let [offset_at, size_at, link_at, least] = layout.section;
    if size < least {
        return Err(damaged());
    }
    let rest = usize::try_from(table).ok().and_then(|at| ints.bytes.get(at..)).ok_or_else(damaged)?;
    let first = ints.of(rest);
    let word = |header: Ints<'a>, at: usize| header.word(layout.is_wide, at).ok_or_else(damaged);
    // What does not fit the header stands in the first section.
    let count = if count == 0 { usize::try_from(word(first, size_at)?).unwrap_or(usize::MAX) } else { count.into() };
    if count > MAX_PARTS {
        return Err(ImageError::TooMany { limit: MAX_PARTS, unit: "sections" });
    }
    let names = if names == EXTENDED { first.u32(link_at).ok_or_else(damaged)? } else { names.into() };
    let headers = rest.get(..size * count).ok_or_else(damaged)?;
    let headers: Vec<Ints<'a>> = headers.chunks_exact(size).map(|header| ints.of(header)).collect();
    let one = |header: Ints<'a>| -> Result<(u32, Option<&'a [u8]>), ImageError> {
        let (name, kind) = (header.u32(0).ok_or_else(damaged)?, header.u32(4).ok_or_else(damaged)?);
        let (offset, size) = (word(header, offset_at)?, word(header, size_at)?);
        Ok((name, if kind == NO_BITS { Some(&[]) } else { piece(ints.bytes, offset, size) }))
    };
    let names = usize::try_from(names).ok().and_then(|nth| headers.get(nth)).map(|header| one(*header)).transpose()?;
    let Some((_, Some(names))) = names else { return Err(ImageError::Damaged("list of the names of sections")) };
    let named = |header: Ints<'a>| {
        let (name, bytes) = one(header)?;
        let name = usize::try_from(name).ok().and_then(|at| names.get(at..)).map(until_zero).unwrap_or_default();
        Ok(Section { name, bytes })
    };
    headers.into_iter().map(named).collect()
}

fn segments<'a>(ints: Ints<'a>, layout: &Layout) -> Result<Vec<Segment<'a>>, ImageError> {
    let damaged = || ImageError::Damaged("table of segments");
    let [table, _, numbers] = layout.header;
    let header = |at: usize| ints.u16(numbers + at).map(usize::from).ok_or(ImageError::Damaged("ELF header"));
    let (size, count) = (header(0)?, header(2)?);
    let table = ints.word(layout.is_wide, table).ok_or(ImageError::Damaged("ELF header"))?;
    let [flags_at, offset_at, address_at, size_at, least] = layout.segment;
    if table == 0 || count == 0 {
        return Ok(Vec::new()); // an object before it is linked
    }
    if size < least {
        return Err(damaged());
    }
    let headers = piece(ints.bytes, table, (size * count) as u64).ok_or_else(damaged)?;
    let mut segments = Vec::new();
    for header in headers.chunks_exact(size).map(|header| ints.of(header)) {
        if header.u32(0) != Some(LOAD) {
            continue; // not what addresses lead to
        }
        let word = |at| header.word(layout.is_wide, at).ok_or_else(damaged);
        let flags = header.u32(flags_at).ok_or_else(damaged)?;
        let bytes = piece(ints.bytes, word(offset_at)?, word(size_at)?).ok_or(ImageError::Damaged("loaded part"))?;
        segments.push(Segment { address: word(address_at)?, bytes, is_writable: flags & WRITABLE != 0 });
    }
    Ok(segments)
}
