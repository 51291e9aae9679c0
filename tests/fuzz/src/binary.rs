//! Laws of the readers of programs, Java archives and installed packages.

use super::told;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use portcullis::inventory::{binary as program, installed, java_archive};
use portcullis::model::{Gap, GapKind, Inventory, Partial, TreePath};
use std::io::Write as _;

type Read = fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>;

/// The first line of the input says what its rest is: `program`, `list` (JSON that is packed into a program), `java`,
/// `python` or `npm`.
///
/// What is refused is told. What is read adds up with the counter unless a gap says otherwise; edges ascend and lead to
/// components; nothing is read out of nothing; the same bytes give the same answer.
pub fn binary(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (name, rest) = data.split_at(end);
    let bytes = rest.strip_prefix(b"\n").unwrap_or(rest);
    let packed;
    let (read, bytes): (Read, &[u8]) = match name {
        b"program" => (program::parse, bytes),
        b"list" => {
            packed = wasm(bytes);
            (program::parse, &packed)
        }
        b"java" => (java_archive::parse, bytes),
        b"python" => (installed::python, bytes),
        b"npm" => (installed::npm, bytes),
        _ => return,
    };
    let path = TreePath::new("a/file");
    let answer = read(&path, bytes);
    assert_eq!(answer, read(&path, bytes), "the same bytes, another answer");
    let Partial { value, gaps } = match answer {
        Err(gap) => {
            told(&gap, bytes);
            let kinds = [GapKind::ParseFailed, GapKind::TooLarge, GapKind::NothingToJudge];
            return assert!(kinds.contains(&gap.kind), "{gap:?}");
        }
        Ok(part) => part,
    };
    gaps.iter().for_each(|gap| told(gap, bytes));
    let entries = value.components.len() + value.counted.left_out.len();
    let mismatch = gaps.iter().any(|gap| gap.kind == GapKind::CountMismatch);
    assert!(
        value.counted.independent == entries || mismatch,
        "{} counted, {entries} parsed",
        value.counted.independent
    );
    assert!(entries > 0 || !gaps.is_empty(), "nothing was read, and nobody says so");
    assert_eq!(value.edges.len(), value.components.len());
    for edges in &value.edges {
        assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
        assert!(edges.iter().all(|to| (*to as usize) < value.components.len()), "{edges:?}");
    }
    for component in &value.components {
        assert!(!component.name.is_empty() && !component.version.is_empty(), "{component:?}");
        assert!(!component.version.contains(char::is_whitespace), "{component:?}");
    }
}

/// A module of WebAssembly with a list of `cargo auditable`.
fn wasm(json: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(json).expect("memory takes everything");
    let body = [&b"\x07.dep-v0"[..], &encoder.finish().expect("memory takes everything")].concat();
    let mut out = b"\0asm\x01\0\0\0\0".to_vec();
    let mut length = body.len();
    while length > 0x7f {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(body);
    out
}
