//! `packages.config`: packages of NuGet before lockfiles. The format has no edges. It looks at no other file.

#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, conflict, shorten};
use super::place::{Refusal, utf8};
use crate::model::{Ecosystem, Gap, Inventory, Partial, Scope, TreePath};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "packages-config";

const RESTORE: &str = "restore the file from version control";
const ABOUT: About = About { format: FORMAT, counts: "packages", restore: RESTORE, complete: RESTORE };

/// Reads a file. A document type is refused: entities of its own let a small file be a large one.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for an entry
/// that cannot be understood, `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let found = packages(text)?;
    Ok(found.finish(path, text, &ABOUT, counter::packages_config(bytes)))
}

fn packages(text: &str) -> Result<Found<'_>, Refusal> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let before = text.len() - body.len();
    let mut reader = Reader::from_str(body);
    let (mut found, mut depth, mut is_whole) = (Found::default(), 0_usize, false);
    loop {
        let at = before + offset(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            Refusal::new(before + offset(reader.error_position()), format!("not valid XML: {error}"), RESTORE)
        })?;
        match event {
            Event::Start(tag) => {
                element(&tag, at, depth, &mut found)?;
                depth += 1;
            }
            Event::Empty(tag) => {
                element(&tag, at, depth, &mut found)?;
                is_whole |= depth == 0;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                is_whole |= depth == 0;
            }
            Event::DocType(_) => return Err(Refusal::new(at, "a document type, which NuGet does not write", RESTORE)),
            Event::Eof if is_whole && depth == 0 => return Ok(found),
            Event::Eof => return Err(Refusal::new(at, "the file is cut", RESTORE)),
            Event::Text(text) if text.trim_ascii().is_empty() => {}
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {
                return Err(Refusal::new(at, "text between the packages", RESTORE));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// `<packages>` holds `<package id="…" version="…"/>`, and nothing else.
fn element<'a>(tag: &BytesStart<'_>, at: usize, depth: usize, found: &mut Found<'a>) -> Result<(), Refusal> {
    match (depth, tag.name().as_ref()) {
        (0, "packages") => return Ok(()),
        (1, "package") => {}
        _ => return Err(Refusal::new(at, "an element that the format does not have", RESTORE)),
    }
    let attribute = |key: &str| -> Result<Option<String>, Refusal> {
        let refused = |error: &dyn std::fmt::Display| Refusal::new(at, format!("not valid XML: {error}"), RESTORE);
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|error| refused(&error))?;
            if attribute.key.as_ref() == key {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| refused(&error))?;
                return Ok(Some(value.into_owned()));
            }
        }
        Ok(None)
    };
    let (name, version) = (attribute("id")?.unwrap_or_default(), attribute("version")?.unwrap_or_default());
    if name.is_empty() {
        return found.unreadable(at, shorten(&version), "a package without `id`");
    }
    let is_dev = attribute("developmentDependency")?.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let scope = if is_dev { Scope::Dev } else { Scope::Unknown };
    found.push(Entry { scope, ..Entry::new(at, Ecosystem::Nuget, name, version) }).map(|_| ())
}
