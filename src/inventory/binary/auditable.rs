//! What `cargo auditable` puts into a program: the section `.dep-v0`, JSON packed with zlib (the specification is
//! `PARSING.md` and the schema of that project). It finds no sections.

use super::super::found::{Entry, object, shorten};
use super::super::place::{Refusal, utf8};
use super::super::value::{Map, Value};
use super::super::{counter, json};
use super::image::Image;
use super::list::List;
use crate::model::{Ecosystem, GapKind, Scope, Source};
use flate2::bufread::ZlibDecoder;
use std::io::Read;

/// The name of the section, in every format of executables.
const SECTION: &[u8] = b".dep-v0";
/// Bytes of one list unpacked: a thousand packages are 100 KiB.
const MAX_JSON: u64 = 16 << 20;
/// Lists behind each other in one section: one for each auditable part that was linked into the program.
const MAX_LISTS: usize = 64;
/// What mends a list that cannot be read.
pub(super) const RESTORE: &str = "build the program anew with `cargo auditable build`";

/// Adds the packages of a program. False where there is no list in it.
pub(super) fn add(image: &Image<'_>, list: &mut List) -> Result<bool, Refusal> {
    let mut any = false;
    for section in image.sections.iter().filter(|section| section.name == SECTION) {
        let mut rest = section.bytes.ok_or_else(|| refused("the section `.dep-v0` lies outside of the file"))?;
        for _ in 0..MAX_LISTS {
            let (json, behind) = unpack(rest)?;
            packages(&json, list)?;
            any = true;
            // Formats that align sections fill them with zeros.
            rest = behind.iter().position(|byte| *byte != 0).and_then(|at| behind.get(at..)).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
        }
        if !rest.is_empty() {
            return Err(too_large(format!("more than {MAX_LISTS} lists in the section `.dep-v0`")));
        }
    }
    Ok(any)
}

fn refused(why: impl Into<String>) -> Refusal {
    Refusal { at: None, ..Refusal::new(0, why, RESTORE) }
}

fn too_large(why: String) -> Refusal {
    Refusal { kind: GapKind::TooLarge, ..refused(why) }
}

/// One list, and what follows it.
fn unpack(packed: &[u8]) -> Result<(Vec<u8>, &[u8]), Refusal> {
    let mut decoder = ZlibDecoder::new(packed);
    let mut json = Vec::new();
    let read = decoder.by_ref().take(MAX_JSON + 1).read_to_end(&mut json);
    read.map_err(|_| refused("the packed list in `.dep-v0` is damaged or cut short"))?;
    if json.len() as u64 > MAX_JSON {
        return Err(too_large(format!("the list in `.dep-v0` unpacks to more than {MAX_JSON} bytes")));
    }
    Ok((json, decoder.into_inner()))
}

/// One package, before its dependencies are known.
struct Package<'v> {
    map: &'v Map<'v>,
    index: Option<u32>,
    label: String,
}

fn packages(bytes: &[u8], list: &mut List) -> Result<(), Refusal> {
    list.counted += counter::auditable(bytes);
    let place_less = |refusal: Refusal| refused(format!("in `.dep-v0`: {}", refusal.why));
    let text = utf8(bytes).map_err(place_less)?;
    let value = json::read(text, RESTORE).map_err(place_less)?;
    let root = object(&value, RESTORE).map_err(place_less)?;
    let Some(Value::List(items)) = root.get("packages") else {
        return Err(refused("in `.dep-v0`: `packages` is missing or is no list"));
    };
    if items.is_empty() {
        return Err(refused("in `.dep-v0`: it names no package, not even the program's own"));
    }
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let map = item.map().ok_or_else(|| refused("in `.dep-v0`: a package is no object"))?;
        let (index, label) = package(map, list)?;
        read.push(Package { map, index, label });
    }
    for from in &read {
        let dependencies = match from.map.get("dependencies") {
            None => &[][..],
            Some(Value::List(dependencies)) => dependencies,
            Some(_) => return Err(refused("in `.dep-v0`: `dependencies` is no list")),
        };
        for to in dependencies {
            let Value::Number(nth) = to else { return Err(refused("in `.dep-v0`: a dependency is no number")) };
            match (from.index, nth.parse().ok().and_then(|nth: usize| read.get(nth))) {
                (_, None) => list.found.dangling(0, &from.label, &format!("package number {}", shorten(nth)))?,
                (Some(from), Some(Package { index: Some(to), .. })) => list.found.edge(from, *to),
                _ => {} // one of the two has a gap
            }
        }
    }
    Ok(())
}

fn package(map: &Map<'_>, list: &mut List) -> Result<(Option<u32>, String), Refusal> {
    let text = |key| map.text(key).unwrap_or_default().to_owned();
    let (name, version) = (text("name"), text("version"));
    let label = format!("{} {}", shorten(&name), shorten(&version));
    let source = match text("source").as_str() {
        "crates.io" => Source::Default,
        "local" => Source::Local,
        "git" => Source::Git("".into()),
        "registry" => Source::Registry("".into()),
        other => Source::Registry(other.into()), // asked about as little as any other place that nobody knows
    };
    let scope = match map.get("kind") {
        None => Scope::Normal,
        Some(kind) if kind.text() == Some("runtime") => Scope::Normal,
        Some(kind) if kind.text() == Some("build") => Scope::Build,
        Some(_) => Scope::Unknown,
    };
    let entry = Entry { source, scope, ..Entry::new(0, Ecosystem::Cargo, name, version) };
    Ok((list.add(entry)?, label))
}
