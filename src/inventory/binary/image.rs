//! The parts of an executable that lists of packages lie in: sections by name and writable memory by address, of ELF, PE,
//! Mach-O (thin and fat) and WebAssembly. It finds bytes and does not know what they mean.
//!
//! Every number of a header is a claim: an offset outside of the file gives no bytes, and one in a table that must be
//! there refuses the file.

mod elf;
mod macho;
mod pe;
mod wasm;

/// Sections, segments and commands of one image. The largest programs known have a few hundred.
const MAX_PARTS: usize = 100_000;
/// Images in one fat file: one for each architecture, of which Apple has had fewer than twenty.
const MAX_IMAGES: usize = 64;

/// Why bytes are no executable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ImageError {
    /// Another kind of file.
    #[error("it begins like no executable that this release knows")]
    Unknown,
    /// A part lies outside of the file, or is not what it should be.
    #[error("its {0} is damaged or cut short")]
    Damaged(&'static str),
    /// More than a limit.
    #[error("it has more than {limit} {unit}")]
    TooMany {
        /// The limit.
        limit: usize,
        /// Of what.
        unit: &'static str,
    },
}

/// One program.
#[derive(Debug)]
pub(super) struct Image<'a> {
    /// In the order of the file.
    pub(super) sections: Vec<Section<'a>>,
    /// What is loaded, for addresses.
    pub(super) segments: Vec<Segment<'a>>,
}

/// A named part.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) name: &'a [u8],
    /// None where it lies outside of the file.
    pub(super) bytes: Option<&'a [u8]>,
}

/// A part of the memory of the program.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    pub(super) address: u64,
    /// What of it is in the file.
    pub(super) bytes: &'a [u8],
    pub(super) is_writable: bool,
}

impl<'a> Image<'a> {
    /// The bytes from an address up to the end of what is loaded there.
    pub(super) fn at(&self, address: u64) -> Option<&'a [u8]> {
        self.segments.iter().find_map(|segment| {
            let offset = usize::try_from(address.checked_sub(segment.address)?).ok()?;
            segment.bytes.get(offset..).filter(|bytes| !bytes.is_empty())
        })
    }
}

/// The programs of a file: one, or one for each architecture.
pub(super) fn images(bytes: &[u8]) -> Result<Vec<Image<'_>>, ImageError> {
    match bytes {
        [0x7f, b'E', b'L', b'F', ..] => elf::read(bytes).map(|image| vec![image]),
        [b'M', b'Z', ..] => pe::read(bytes).map(|image| vec![image]),
        [0, b'a', b's', b'm', ..] => wasm::read(bytes).map(|image| vec![image]),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => macho::fat(bytes),
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => {
            macho::read(bytes).map(|image| vec![image])
        }
        _ => Err(ImageError::Unknown),
    }
}

/// Integers at offsets, in one byte order. Nothing lies outside.
#[derive(Clone, Copy)]
pub(super) struct Ints<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) is_big: bool,
}

impl<'a> Ints<'a> {
    /// The least significant byte first.
    pub(super) fn little(bytes: &'a [u8]) -> Self {
        Self { bytes, is_big: false }
    }

    /// The most significant byte first.
    pub(super) fn big(bytes: &'a [u8]) -> Self {
        Self { bytes, is_big: true }
    }

    /// The same order in other bytes.
    pub(super) fn of(self, bytes: &'a [u8]) -> Self {
        Self { bytes, ..self }
    }

    /// Two bytes.
    pub(super) fn u16(self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    /// Four bytes.
    pub(super) fn u32(self, at: usize) -> Option<u32> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Eight bytes.
    pub(super) fn u64(self, at: usize) -> Option<u64> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// Eight bytes where the program is one of 64 bits, else four.
    pub(super) fn word(self, is_wide: bool, at: usize) -> Option<u64> {
        if is_wide { self.u64(at) } else { self.u32(at).map(u64::from) }
    }
}

/// A piece of the file by offset and length.
fn piece(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(offset).ok()?..)?.get(..usize::try_from(length).ok()?)
}

/// A text that ends with a zero, or with its room.
fn until_zero(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}
