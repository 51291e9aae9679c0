//! Writes small executables for tests: nothing in them runs, and every field that the readers look at is right.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;

/// Width and byte order of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) is_wide: bool,
    pub(super) is_big: bool,
}

/// Every shape that ELF and Mach-O have.
pub(super) const SHAPES: [Shape; 4] = [
    Shape { is_wide: true, is_big: false },
    Shape { is_wide: false, is_big: false },
    Shape { is_wide: true, is_big: true },
    Shape { is_wide: false, is_big: true },
];

/// The address at which the first byte of an image's only segment is loaded.
pub(super) const BASE: u64 = 0x40_0000;

/// A list as `cargo auditable` packs it.
pub(super) fn pack(json: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// Bytes under construction.
struct Out {
    bytes: Vec<u8>,
    shape: Shape,
}

impl Out {
    fn new(shape: Shape, magic: &[u8]) -> Self {
        Self { bytes: magic.to_vec(), shape }
    }

    fn number(&mut self, number: u64, width: usize) -> &mut Self {
        let little = number.to_le_bytes();
        let mut part = little[..width].to_vec();
        if self.shape.is_big {
            part.reverse();
        }
        self.bytes.extend(part);
        self
    }

    fn u16(&mut self, number: u64) -> &mut Self {
        self.number(number, 2)
    }

    fn u32(&mut self, number: u64) -> &mut Self {
        self.number(number, 4)
    }

    fn word(&mut self, number: u64) -> &mut Self {
        self.number(number, if self.shape.is_wide { 8 } else { 4 })
    }

    fn name(&mut self, name: &str, width: usize) -> &mut Self {
        let mut part = name.as_bytes().to_vec();
        part.resize(width, 0);
        self.bytes.extend(part);
        self
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self
    }

    fn pad(&mut self) -> u64 {
        while !self.bytes.len().is_multiple_of(16) {
            self.bytes.push(0);
        }
        self.bytes.len() as u64
    }
}

/// ELF with these sections, all of them in one writable segment from the first byte on.
pub(super) fn elf(shape: Shape, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut names = vec![0_u8];
    let mut rows: Vec<(u64, Vec<u8>)> = Vec::new();
    for (name, bytes) in sections {
        rows.push((names.len() as u64, bytes.to_vec()));
        names.extend(name.as_bytes());
        names.push(0);
    }
    let own = names.len() as u64;
    names.extend(b".shstrtab\0");
    rows.push((own, names));
    let (header, segment, section) = if shape.is_wide { (64, 56, 64) } else { (52, 32, 40) };
    let mut body = Out::new(shape, &vec![0; header + segment]);
    let mut places = Vec::new();
    for (name, bytes) in &rows {
        let at = body.pad();
        places.push((*name, at, bytes.len() as u64));
        body.raw(bytes);
    }
    let table = body.pad();
    let row = |out: &mut Out, name: u64, kind: u64, at: u64, length: u64| {
        let address = if at == 0 { 0 } else { BASE + at };
        out.u32(name).u32(kind).word(0).word(address).word(at).word(length).u32(0).u32(0).word(16).word(0);
    };
    row(&mut body, 0, 0, 0, 0);
    for (name, at, length) in &places {
        row(&mut body, *name, 1, *at, *length);
    }
    let mut top = Out::new(shape, b"\x7fELF");
    top.raw(&[if shape.is_wide { 2 } else { 1 }, if shape.is_big { 2 } else { 1 }, 1]).raw(&[0; 9]);
    top.u16(2).u16(62).u32(1).word(BASE).word(header as u64).word(table).u32(0);
    top.u16(header as u64).u16(segment as u64).u16(1).u16(section).u16(rows.len() as u64 + 1).u16(rows.len() as u64);
    assert_eq!(top.bytes.len(), header);
    let length = body.bytes.len() as u64;
    match shape.is_wide {
        true => top.u32(1).u32(6).word(0).word(BASE).word(BASE).word(length).word(length).word(4096),
        false => top.u32(1).word(0).word(BASE).word(BASE).word(length).word(length).u32(6).word(4096),
    };
    assert_eq!(top.bytes.len(), header + segment);
    body.bytes[..top.bytes.len()].copy_from_slice(&top.bytes);
    body.bytes
}

/// PE with these sections, all of them writable; a name of more than eight bytes stands behind the table of symbols.
pub(super) fn pe(is_wide: bool, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let shape = Shape { is_wide, is_big: false };
    let optional = if is_wide { 112 } else { 96 };
    let start = 0x40 + 24 + optional + 40 * sections.len();
    let mut strings = vec![0_u8; 4];
    let (mut places, mut body) = (Vec::new(), Vec::new());
    for (name, bytes) in sections {
        let short = if name.len() > 8 {
            let at = strings.len();
            strings.extend(name.as_bytes());
            strings.push(0);
            format!("/{at}")
        } else {
            (*name).to_owned()
        };
        places.push((short, (start + body.len()) as u64, bytes.len() as u64));
        body.extend(*bytes);
        body.resize(body.len().next_multiple_of(512), 0); // as linkers align what they write
    }
    let symbols = (start + body.len()) as u64;
    let mut out = Out::new(shape, b"MZ");
    out.raw(&[0; 0x3a]).u32(0x40).raw(b"PE\0\0");
    out.u16(0x8664).u16(sections.len() as u64).u32(0).u32(symbols).u32(0).u16(optional as u64).u16(2);
    let head = out.bytes.len();
    out.u16(if is_wide { 0x20b } else { 0x10b }).raw(&[0; 22]);
    if is_wide {
        out.number(BASE, 8);
    } else {
        out.u32(0).u32(BASE);
    }
    out.bytes.resize(head + optional, 0);
    for (name, at, length) in &places {
        out.name(name, 8).u32(*length).u32(*at).u32(length.next_multiple_of(512)).u32(*at).raw(&[0; 12]);
        out.u32(0xc000_0040);
    }
    assert_eq!(out.bytes.len(), start);
    out.raw(&body).raw(&strings);
    out.bytes
}

/// Mach-O with these sections in one writable segment from the first byte on.
pub(super) fn macho(shape: Shape, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let (header, segment, section) = if shape.is_wide { (32, 72, 80) } else { (28, 56, 68) };
    let command = segment + section * sections.len();
    let start = (header + command).next_multiple_of(16);
    let (mut places, mut body) = (Vec::new(), Vec::new());
    for (name, bytes) in sections {
        places.push((*name, (start + body.len()) as u64, bytes.len() as u64));
        body.extend(*bytes);
        body.resize(body.len().next_multiple_of(16), 0);
    }
    let length = (start + body.len()) as u64;
    let mut out = Out::new(shape, &[]);
    out.u32(if shape.is_wide { 0xfeed_facf } else { 0xfeed_face });
    out.u32(7).u32(3).u32(2).u32(1).u32(command as u64).u32(0);
    if shape.is_wide {
        out.u32(0);
    }
    out.u32(if shape.is_wide { 0x19 } else { 1 }).u32(command as u64).name("__DATA", 16);
    out.word(BASE).word(length).word(0).word(length).u32(3).u32(3).u32(sections.len() as u64).u32(0);
    for (name, at, length) in &places {
        out.name(name, 16).name("__DATA", 16).word(BASE + at).word(*length).u32(*at).u32(4).raw(&[0; 8]).u32(0);
        out.raw(&vec![0; if shape.is_wide { 12 } else { 8 }]);
    }
    out.bytes.resize(start, 0);
    out.raw(&body);
    out.bytes
}

/// A fat file of these images, with offsets of 32 or 64 bits.
pub(super) fn fat(is_wide: bool, images: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Out::new(Shape { is_wide, is_big: true }, &[0xca, 0xfe, 0xba, if is_wide { 0xbf } else { 0xbe }]);
    out.u32(images.len() as u64);
    let mut at = 8 + images.len() as u64 * if is_wide { 32 } else { 20 };
    for image in images {
        out.u32(7).u32(3).word(at).word(image.len() as u64).u32(0);
        if is_wide {
            out.u32(0);
        }
        at += image.len() as u64;
    }
    out.raw(&images.concat());
    out.bytes
}

/// A module of WebAssembly with these custom sections, a section of another kind before them.
pub(super) fn wasm(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    out.extend([1, 1, 0]);
    for (name, bytes) in sections {
        let body = [&leb(name.len()), name.as_bytes(), bytes].concat();
        out.extend([&[0][..], &leb(body.len()), &body].concat());
    }
    out
}

/// A component that holds this module.
pub(super) fn component(module: &[u8]) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0\x01", leb(module.len()).as_slice(), module].concat()
}

/// A number in LEB128, which Go calls a varint.
pub(super) fn leb(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while number > 0x7f {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
    out
}

/// The list of modules between its markers.
fn marked(modules: &str) -> Vec<u8> {
    if modules.is_empty() { Vec::new() } else { [&[b'<'; 16], modules.as_bytes(), &[b'>'; 16]].concat() }
}

/// Build information as Go 1.18 and later write it.
pub(super) fn go_inline(toolchain: &str, modules: &str) -> Vec<u8> {
    let mut out = b"\xff Go buildinf:\x08\x02".to_vec();
    out.resize(32, 0);
    let marked = marked(modules);
    out.extend([leb(toolchain.len()), toolchain.as_bytes().to_vec(), leb(marked.len()), marked].concat());
    out
}

/// Build information as Go wrote it before, of a section that is loaded at this address.
pub(super) fn go_pointers(shape: Shape, address: u64, toolchain: &str, modules: &str) -> Vec<u8> {
    let width = if shape.is_wide { 8 } else { 4 };
    let marked = marked(modules);
    let (strings, texts) = (address + 32, address + 32 + 4 * width);
    let mut out = Out::new(shape, b"\xff Go buildinf:");
    out.raw(&[width as u8, u8::from(shape.is_big)]).word(strings).word(strings + 2 * width);
    out.bytes.resize(32, 0);
    out.word(texts).word(toolchain.len() as u64);
    out.word(texts + toolchain.len() as u64).word(marked.len() as u64);
    out.raw(toolchain.as_bytes()).raw(&marked);
    out.bytes
}
