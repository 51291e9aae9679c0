//! What Go puts into a program: the toolchain and the modules it was built from (package `debug/buildinfo`), in the form
//! of Go 1.18 and later, where the texts follow the header, and in the one before, where the header has their addresses.

use super::super::found::{Entry, shorten};
use super::super::place::Refusal;
use super::super::{counter, go_mod};
use super::image::{Image, Ints, Segment};
use super::list::List;
use crate::model::{Ecosystem, GapKind, Scope, Source};

/// What the header begins with.
const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The header stands at an address that this divides, and has twice this many bytes.
const ALIGN: usize = 16;
/// The names of the section in ELF and Mach-O. PE has none of its own.
const SECTIONS: [&[u8]; 2] = [b".go.buildinfo", b"__go_buildinfo"];
/// The bits of the header's flags.
const BIG_ENDIAN: u8 = 1;
const INLINE: u8 = 2;
/// Bytes of a marker before and behind the list of modules.
const MARKER: usize = 16;
/// Bytes of the list of modules: a thousand modules are 100 KiB.
const MAX_TEXT: usize = 16 << 20;
/// What mends a program that says too little.
pub(super) const RESTORE: &str = "build the program anew with `go build`, in module mode";

/// Adds the modules of a program, and its toolchain as `stdlib`. False where it was not built by Go.
pub(super) fn add(image: &Image<'_>, list: &mut List) -> Result<bool, Refusal> {
    let Some((place, is_certain)) = header(image) else { return Ok(false) };
    match texts(image, place) {
        Some((toolchain, modules)) => read(&toolchain, &modules, list).map(|()| true),
        // The same bytes stand in programs that look for them, such as this one.
        None if !is_certain => Ok(false),
        None => Err(refused("the build information of Go is damaged")),
    }
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal { at: None, ..Refusal::new(0, why, RESTORE) }
}

/// The bytes from the header on, and whether they stand where only Go writes.
fn header<'a>(image: &Image<'a>) -> Option<(&'a [u8], bool)> {
    let named = image.sections.iter().filter(|section| SECTIONS.contains(&section.name));
    let certain = named.filter_map(|section| find(section.bytes?)).map(|bytes| (bytes, true)).next();
    let writable = image.segments.iter().filter(|segment: &&Segment<'_>| segment.is_writable);
    certain.or_else(|| writable.filter_map(|segment| find(segment.bytes)).map(|bytes| (bytes, false)).next())
}

fn find(bytes: &[u8]) -> Option<&[u8]> {
    let places = memchr::memmem::find_iter(bytes, MAGIC).filter(|at| at % ALIGN == 0);
    places.filter_map(|at| bytes.get(at..)).find(|rest| rest.len() >= 2 * ALIGN)
}

/// The toolchain and the list of modules.
fn texts(image: &Image<'_>, header: &[u8]) -> Option<(String, String)> {
    let (width, flags) = (*header.get(14)?, *header.get(15)?);
    let (toolchain, modules) = if flags & INLINE != 0 {
        let (toolchain, rest) = inline(header.get(2 * ALIGN..)?)?;
        (toolchain, inline(rest)?.0)
    } else {
        let is_wide = match width {
            4 => false,
            8 => true,
            _ => return None,
        };
        let order = Ints { bytes: header, is_big: flags & BIG_ENDIAN != 0 };
        let text = |at| {
            let string = order.of(image.at(order.word(is_wide, at)?)?);
            let (address, length) = (string.word(is_wide, 0)?, string.word(is_wide, width.into())?);
            let length = usize::try_from(length).ok().filter(|length| *length <= MAX_TEXT)?;
            if length == 0 { Some(&[][..]) } else { image.at(address)?.get(..length) }
        };
        (text(16)?, text(16 + usize::from(width))?)
    };
    let toolchain = std::str::from_utf8(toolchain).ok().filter(|text| !text.is_empty())?;
    // The list stands between two markers; without them there is none.
    let inner = modules.len().checked_sub(MARKER).and_then(|end| modules.get(MARKER..end));
    let modules = inner.filter(|text| text.ends_with(b"\n")).unwrap_or_default();
    Some((toolchain.to_owned(), std::str::from_utf8(modules).ok()?.to_owned()))
}

/// A length as a varint and as many bytes; then the rest.
fn inline(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (nth, byte) in bytes.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            let length = usize::try_from(length).ok().filter(|length| *length <= MAX_TEXT)?;
            return bytes.get(nth + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// A module as a line names it.
#[derive(Clone, Copy)]
struct Module<'a> {
    path: &'a str,
    version: &'a str,
}

fn read(toolchain: &str, modules: &str, list: &mut List) -> Result<(), Refusal> {
    list.counted += 1 + counter::go_build(modules.as_bytes());
    if modules.is_empty() {
        let why = "the program was built by Go without a list of its modules";
        list.found.gap_with_help((GapKind::NothingToJudge, RESTORE), 0, "the modules of Go", why)?;
    }
    let (mut main, mut built) = (None, Vec::new());
    let mut lines = modules.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((kind, module)) = module(line)? else { continue };
        let replaced = lines.next_if(|next| next.starts_with("=>\t")).map(self::module).transpose()?.flatten();
        let index = list.add(entry(kind, module, replaced.map(|(_, by)| by)))?;
        match (kind, index) {
            ("mod", Some(index)) => main = Some(index),
            (_, index) => built.extend(index),
        }
    }
    built.extend(standard_library(toolchain, list)?);
    // What is built into the program is reached through its main module.
    for to in built.iter().filter(|_| main.is_some()) {
        main.iter().for_each(|from| list.found.edge(*from, *to));
    }
    Ok(())
}

/// A line that names a module; none for others (`path`, `build`).
fn module(line: &str) -> Result<Option<(&str, Module<'_>)>, Refusal> {
    let mut words = line.split('\t');
    let kind = words.next().unwrap_or_default();
    if !matches!(kind, "mod" | "dep" | "=>") {
        return Ok(None);
    }
    match (words.next(), words.next()) {
        (Some(path), Some(version)) if !path.is_empty() => Ok(Some((kind, Module { path, version }))),
        _ => Err(refused(format!("in the build information of Go: `{}` names no module", shorten(line)))),
    }
}

/// As the reader of `go.mod` has it: a module takes the place of the one that it replaces, a directory is a source.
fn entry(kind: &str, module: Module<'_>, by: Option<Module<'_>>) -> Entry<'static> {
    let plain = |module: Module<'_>| Entry {
        scope: Scope::Normal,
        ..Entry::new(0, Ecosystem::Go, module.path.to_owned(), module.version.to_owned())
    };
    match by {
        Some(by) if go_mod::is_version(by.version) => plain(by),
        Some(by) => Entry { source: Source::Path(by.path.into()), ..plain(module) },
        // Built from the sources at hand: the module itself, or another one of its workspace.
        None if !go_mod::is_version(module.version) => {
            let version = if module.version.is_empty() { "(devel)" } else { module.version };
            let source = if kind == "mod" || version == "(devel)" { Source::Local } else { Source::Default };
            Entry { source, version: version.to_owned().into(), ..plain(module) }
        }
        None => plain(module),
    }
}

/// The component `stdlib`, under which the advisories list Go itself.
fn standard_library(toolchain: &str, list: &mut List) -> Result<Option<u32>, Refusal> {
    // What a vendor or an experiment adds takes no part in the order.
    let release = toolchain.strip_prefix("go").and_then(|text| text.split(['-', ' ']).next());
    let Some(release) = release.filter(|text| text.starts_with(|c: char| c.is_ascii_digit())) else {
        let why = format!("it was built by `{}`, which is no release", shorten(toolchain));
        list.found.leave_out(shorten(toolchain), "no release of Go")?;
        let help = "build the program with a release of Go";
        list.found.gap_with_help((GapKind::ToolchainUnpinned, help), 0, "the toolchain of Go", why)?;
        return Ok(None);
    };
    list.add(Entry { scope: Scope::Normal, ..Entry::new(0, Ecosystem::Go, go_mod::STDLIB, release.to_owned()) })
}
