//! Laws of the readers of Python's lockfiles. The first line of the input is the name of the file; the rest is its bytes.

use super::{lines, told};
use portcullis::inventory::counter::python as counter;
use portcullis::inventory::{pdm_lock, pipfile_lock, poetry_lock, pylock, requirements, uv_lock};
use portcullis::model::{Ecosystem, Gap, GapKind, Inventory, Partial, TreePath};

/// What an include leads to.
const OTHER: &[u8] = b"-r requirements.txt\nb==2.0\nc>=1\n";

/// A file is refused in words, or every entry that the counter sees is a component or left out by name, or a gap says
/// that it is not so. Every place and every edge is valid. Reading twice gives the same.
pub fn python(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (name, rest) = data.split_at(end);
    let bytes = rest.get(1..).unwrap_or_default();
    let path = TreePath::new("a/file");
    let (read, again, counted) = match name {
        b"poetry.lock" => both(|| poetry_lock::parse(&path, bytes), counter::tables(bytes, b"package")),
        b"uv.lock" => both(|| uv_lock::parse(&path, bytes), counter::tables(bytes, b"package")),
        b"pdm.lock" => both(|| pdm_lock::parse(&path, bytes), counter::tables(bytes, b"package")),
        b"pylock.toml" => both(|| pylock::parse(&path, bytes), counter::tables(bytes, b"packages")),
        b"Pipfile.lock" => both(|| pipfile_lock::parse(&path, bytes), counter::pipfile(bytes)),
        b"requirements.txt" => {
            let siblings = |path: &TreePath| (path.file_name() != "missing.txt").then(|| OTHER.to_vec());
            for read in requirements::parse_all(&path, bytes, &siblings).into_iter().flatten() {
                edges(&read.value);
            }
            both(|| requirements::parse(&path, bytes, &siblings), counter::requirements(bytes))
        }
        _ => return,
    };
    assert_eq!(read, again, "the same bytes, another answer");
    match read {
        Err(gap) => {
            told(&gap, bytes);
            let kinds = [GapKind::ParseFailed, GapKind::UnsupportedVersion, GapKind::TooLarge];
            assert!(kinds.contains(&gap.kind), "{gap:?}");
        }
        Ok(read) => sound(&read, counted, bytes),
    }
}

type Read = Result<Partial<Inventory>, Gap>;

fn both(read: impl Fn() -> Read, counted: usize) -> (Read, Read, usize) {
    (read(), read(), counted)
}

fn sound(read: &Partial<Inventory>, counted: usize, bytes: &[u8]) {
    let Partial { value, gaps } = read;
    edges(value);
    assert_eq!(value.counted.independent, counted);
    let entries = value.components.len() + value.counted.left_out.len();
    let mismatch = gaps.iter().any(|gap| gap.kind == GapKind::CountMismatch);
    assert!(counted == entries || mismatch, "{counted} counted, {entries} parsed, and nobody says so");
    let text: Vec<&str> = value.text.split('\n').collect();
    let mut last = (0, 0);
    for c in &value.components {
        assert!((c.line, c.column) > last, "places ascend: {c:?} after {last:?}");
        last = (c.line, c.column);
        let line = text[c.line as usize - 1].trim_start_matches('\u{feff}');
        assert!(line.chars().nth(c.column as usize - 1).is_some_and(|c| !c.is_whitespace()), "{c:?}: {line:?}");
        assert!(c.ecosystem == Ecosystem::Pypi && c.purl().starts_with("pkg:pypi/"), "{}", c.purl());
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!(!c.name.is_empty() && c.name.bytes().all(plain), "not normalised: {c:?}");
        assert!(!c.version.is_empty() && !c.version.contains(char::is_whitespace), "{c:?}");
    }
    // What is not UTF-8 is UTF-16, whose lines are those of its text.
    let own = if value.text.as_bytes() == bytes { bytes } else { value.text.as_bytes() };
    for gap in gaps {
        told(gap, own);
    }
    assert!(lines(own) >= last.0);
}

fn edges(value: &Inventory) {
    assert_eq!(value.edges.len(), value.components.len());
    for targets in &value.edges {
        assert!(targets.is_sorted_by(|a, b| a < b), "{targets:?}");
        assert!(targets.iter().all(|to| (*to as usize) < value.components.len()), "{targets:?}");
    }
}
