//! Laws of the readers of JavaScript's lockfiles.

use super::{lines, told};
use portcullis::inventory::{bun_lock, deno_lock, npm_lock, pnpm_lock, yarn_lock};
use portcullis::model::{Gap, Inventory, Partial, TreePath};

/// The first line of the input says which reader gets the rest: `npm`, `yarn`, `pnpm`, `bun`, `deno`.
///
/// What is refused is told. What is read has its edges in order, leads to components, lies where an entry begins, and
/// adds up with the counter unless a gap says otherwise; the same bytes give the same answer. Of JSON every beginning is
/// refused, and another reader counts as many packages.
pub fn javascript(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (format, rest) = data.split_at(end);
    let bytes = rest.strip_prefix(b"\n").unwrap_or(rest);
    let path = TreePath::new("web/lock");
    // A quarter of the locks of yarn have a manifest beside them.
    let manifest = |_: &TreePath| (bytes.len() % 4 == 0).then(|| br#"{"dependencies": {"a": "^1.0.0"}}"#.to_vec());
    let read = |bytes: &[u8]| -> Option<Result<Partial<Inventory>, Gap>> {
        Some(match format {
            b"npm" => npm_lock::parse(&path, bytes),
            b"yarn" => yarn_lock::parse(&path, bytes, &manifest),
            b"pnpm" => pnpm_lock::parse(&path, bytes),
            b"bun" => bun_lock::parse(&path, bytes),
            b"deno" => deno_lock::parse(&path, bytes),
            _ => return None,
        })
    };
    let Some(answer) = read(bytes) else { return };
    assert_eq!(Some(&answer), read(bytes).as_ref());
    match answer {
        Err(gap) => told(&gap, bytes),
        Ok(lock) => {
            shape(&lock, bytes);
            if matches!(format, b"npm" | b"bun" | b"deno") {
                let solid = bytes.trim_ascii_end();
                let cut = solid.get(..solid.len() - 1).unwrap_or_default();
                assert!(read(cut).is_some_and(|answer| answer.is_err()), "the beginning of a lock is no lock");
                places(&lock.value);
            }
            if format == b"npm" {
                counts(&lock, bytes);
            }
        }
    }
}

fn shape(lock: &Partial<Inventory>, bytes: &[u8]) {
    let Partial { value, gaps } = lock;
    for gap in gaps {
        told(gap, bytes);
    }
    assert_eq!(value.text.as_bytes(), bytes);
    assert_eq!(value.edges.len(), value.components.len());
    for edges in &value.edges {
        assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
        assert!(edges.iter().all(|to| (*to as usize) < value.components.len()), "{edges:?}");
    }
    let sum = value.components.len() + value.counted.left_out.len();
    assert!(sum == value.counted.independent || !gaps.is_empty(), "{sum}, {}", value.counted.independent);
    for component in &value.components {
        assert!((1..=lines(bytes)).contains(&component.line) && component.column >= 1, "{component:?}");
        assert!(!component.name.is_empty() && !component.version.is_empty(), "{component:?}");
        assert!(!component.name.contains(char::is_control) && !component.version.contains(char::is_whitespace));
    }
}

/// In JSON an entry begins with the quote of its key, and no two begin at one place.
fn places(lock: &Inventory) {
    let text: Vec<&str> = lock.text.split('\n').collect();
    for component in &lock.components {
        let line = text.get(component.line as usize - 1).copied().unwrap_or_default();
        let line = if component.line == 1 { line.trim_start_matches('\u{feff}') } else { line };
        assert_eq!(line.chars().nth(component.column as usize - 1), Some('"'), "{component:?}");
    }
    let places: std::collections::BTreeSet<_> = lock.components.iter().map(|c| (c.line, c.column)).collect();
    assert_eq!(places.len(), lock.components.len());
}

/// Another reader of JSON counts the packages of npm's lock.
fn counts(lock: &Partial<Inventory>, bytes: &[u8]) {
    fn nested(value: &serde_json::Value) -> usize {
        let entries = value.get("dependencies").and_then(|list| list.as_object());
        entries.map_or(0, |entries| entries.len() + entries.values().map(nested).sum::<usize>())
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let value: serde_json::Value = serde_json::from_slice(bytes).expect("what is no JSON is refused");
    let packages = match value.get("packages").and_then(|list| list.as_object()) {
        Some(packages) => packages.len(),
        None => nested(&value),
    };
    assert_eq!(lock.value.components.len() + lock.value.counted.left_out.len(), packages);
}
