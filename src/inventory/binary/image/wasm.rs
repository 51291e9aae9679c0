//! WebAssembly (core specification, «Binary Format», and the component model over it): custom sections, also those of
//! modules inside a component.

use super::{Image, ImageError, MAX_PARTS, Section};

/// Modules inside components inside components: real ones have two levels.
const MAX_DEPTH: usize = 8;
/// The number of a custom section.
const CUSTOM: u8 = 0;
/// In a component: a module, and another component.
const INNER: [u8; 2] = [1, 4];
/// Version 1 of modules.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// The layer of components, of any version.
const COMPONENT_LAYER: &[u8] = &[1, 0];

pub(super) fn read(bytes: &[u8]) -> Result<Image<'_>, ImageError> {
    let mut image = Image { sections: Vec::new(), segments: Vec::new() };
    one(bytes, 0, &mut image)?;
    Ok(image)
}

fn one<'a>(bytes: &'a [u8], depth: usize, image: &mut Image<'a>) -> Result<(), ImageError> {
    let is_component = bytes.get(6..8) == Some(COMPONENT_LAYER);
    if !is_component && !bytes.starts_with(MODULE) {
        return Err(ImageError::Damaged("WebAssembly header"));
    }
    if depth > MAX_DEPTH {
        return Err(ImageError::TooMany { limit: MAX_DEPTH, unit: "components inside each other" });
    }
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((kind, behind)) = rest.split_first() {
        if image.sections.len() >= MAX_PARTS {
            return Err(ImageError::TooMany { limit: MAX_PARTS, unit: "sections" });
        }
        let (body, behind) = sized(behind).ok_or(ImageError::Damaged("section"))?;
        rest = behind;
        if *kind == CUSTOM {
            let (name, bytes) = sized(body).ok_or(ImageError::Damaged("custom section"))?;
            image.sections.push(Section { name, bytes: Some(bytes) });
        } else if is_component && INNER.contains(kind) && body.starts_with(b"\0asm") {
            one(body, depth + 1, image)?;
        }
    }
    Ok(())
}

/// A length in LEB128 and as many bytes; then the rest.
fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    // A length of 32 bits has five bytes.
    for (nth, byte) in bytes.iter().enumerate().take(5) {
        length |= u64::from(byte & 0x7f) << (7 * nth);
        if byte & 0x80 == 0 {
            return bytes.get(nth + 1..)?.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}
