//! Damaged lockfiles of Python: a byte that is changed, or a file that is cut, never gives fewer packages in silence.

#![expect(
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::inventory::{pdm_lock, pipfile_lock, poetry_lock, pylock, requirements, uv_lock};
use portcullis::model::{Gap, Inventory, Partial, TreePath};
use proptest::prelude::*;
use std::path::Path;

/// The seeds of the fuzz target, whose first line says what they are.
const SEEDS: [&str; 7] = ["poetry", "poetry-first", "uv", "pdm", "pylock", "pipfile", "requirements"];

/// Name and bytes. Of the requirements only the lines that are understood: others have gaps in the first place, and
/// what stands in a comment or an URL may be anything.
fn sample(nth: usize) -> (String, Vec<u8>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/python").join(SEEDS[nth]);
    let text = std::fs::read_to_string(path).unwrap();
    let (name, rest) = text.split_once('\n').unwrap();
    let strict = |line: &str| ["A_b", "c===", "    --hash"].iter().any(|start| line.starts_with(start));
    let text = match name {
        "requirements.txt" => {
            rest.split_inclusive('\n').filter(|line| strict(line)).collect::<String>().replace(" # why", "")
        }
        "Pipfile.lock" => rest
            .lines()
            .filter(|line| !line.contains("\"git\""))
            .map(|line| line.replace("\".\"},", "\".\"}") + "\n")
            .collect(),
        "pylock.toml" => rest.replace("marker = \"'x' in extras\"\nvcs", "version = '1'\nvcs"),
        _ => rest.to_owned(),
    };
    (name.to_owned(), text.into_bytes())
}

fn parse(name: &str, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    let path = TreePath::new(name);
    match name {
        "poetry.lock" => poetry_lock::parse(&path, bytes),
        "uv.lock" => uv_lock::parse(&path, bytes),
        "pdm.lock" => pdm_lock::parse(&path, bytes),
        "pylock.toml" => pylock::parse(&path, bytes),
        "Pipfile.lock" => pipfile_lock::parse(&path, bytes),
        _ => requirements::parse(&path, bytes, &|_| None),
    }
}

/// Components, and those with what is left out by name; none where a gap says that something is missing.
fn entries(name: &str, bytes: &[u8]) -> Option<(usize, usize)> {
    let read = parse(name, bytes).ok().filter(|read| read.gaps.is_empty())?;
    Some((read.value.components.len(), read.value.components.len() + read.value.counted.left_out.len()))
}

#[test]
fn the_samples_are_whole() {
    let counts: Vec<_> = (0..SEEDS.len()).map(|nth| entries(&sample(nth).0, &sample(nth).1)).collect();
    let expected = [(2, 2), (2, 2), (3, 3), (2, 3), (3, 3), (2, 3), (2, 2)];
    assert_eq!(counts, expected.map(Some));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_changed_byte_never_loses_an_entry_in_silence(
        nth in 0..SEEDS.len(),
        at in any::<prop::sample::Index>(),
        to in prop_oneof![any::<u8>(), prop::sample::select(b"[]{}\"'\\=.,#-; \n\x0b/@".to_vec())],
    ) {
        let (name, good) = sample(nth);
        let mut bytes = good.clone();
        let at = at.index(bytes.len());
        bytes[at] = to;
        // A line that is made a comment is one, and a bigger change than a byte to nobody but its writer.
        prop_assume!(name != "requirements.txt" || to != b'#');
        if let (Some((_, before)), Some((_, after))) = (entries(&name, &good), entries(&name, &bytes)) {
            prop_assert!(after >= before, "{before} -> {after}:\n{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn a_cut_file_has_every_entry_that_is_still_there(nth in 0..SEEDS.len(), at in any::<prop::sample::Index>()) {
        let (name, good) = sample(nth);
        let bytes = &good[..at.index(good.len())];
        let whole = parse(&name, &good).unwrap().value;
        if let Some((components, _)) = entries(&name, bytes) {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
            // An entry begins in a line that is still complete.
            let begun = whole.components.iter().filter(|c| (c.line as usize) <= lines).count();
            prop_assert!(components >= begun, "{components} of {begun}:\n{}", String::from_utf8_lossy(bytes));
            prop_assert!(!["poetry.lock", "Pipfile.lock"].contains(&name.as_str()) || components == whole.components.len());
        }
    }

    #[test]
    fn no_bytes_panic(nth in 0..SEEDS.len(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&sample(nth).0, &bytes);
    }

    #[test]
    fn no_lines_panic(nth in 0..SEEDS.len(), order in prop::collection::vec(any::<prop::sample::Index>(), 0..40)) {
        let (name, good) = sample(nth);
        let lines: Vec<&[u8]> = good.split_inclusive(|byte| *byte == b'\n').collect();
        let bytes: Vec<u8> = order.iter().flat_map(|at| lines[at.index(lines.len())]).copied().collect();
        let _ = parse(&name, &bytes);
    }
}
