//! The readers of Python's lockfiles against real files whose counts and findings are known. Needs `PORTCULLIS_CORPUS`,
//! the directory that holds `lockfiles/`; without it the tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::inventory::{pdm_lock, pipfile_lock, poetry_lock, pylock, requirements, uv_lock};
use portcullis::model::{Ecosystem, Gap, GapKind, Inventory, Partial, TreePath};
use portcullis::sys::{Bytes, RealSys, Sys};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const LIMIT: Bytes = Bytes::mib(64);

/// Files that are refused, and why. Everything else is read.
const REFUSED: [(&str, &str); 9] = [
    ("poetry/testdata/sad/poetry.lock", "not valid TOML"),
    ("uv/testdata/broken-lock/uv.lock", "not valid TOML"),
    ("python/testdata/glob-paths/src/Pipfile.lock", "not valid JSON"),
    ("pylock.invalid.toml", "not valid TOML"),
    ("pylock.invalid-version.toml", "version 666 of the format"),
    ("pylock.missing-packages.toml", "no list of packages"),
    ("pylock.missing-version.toml", "no `lock-version`"),
    ("pylock.package-missing-name.toml", "an entry without `name`"),
    ("poetry/case-sensitivity/poetry.lock", "a checksum that is not 64 hex digits"),
];

/// Files where entries (components and what is left out by name) are not as many as the manifest says: its count, ours,
/// and why they differ.
const DIFFERENT: [(&str, usize, usize, &str); 2] = [
    ("testdata/requirements_utf16le.txt", 2, 1, "UTF-16: the manifest counted a last line that is empty once decoded"),
    ("reportcov/docs/requirements.txt", 3, 4, "`-e .` is an entry that is left out by name"),
];

fn corpus() -> Option<PathBuf> {
    let dir = RealSys.var("PORTCULLIS_CORPUS").unwrap();
    if dir.is_none() {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
    }
    dir.map(|dir| PathBuf::from(dir).join("lockfiles"))
}

fn table(corpus: &Path, name: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(RealSys.read(&corpus.join(name), LIMIT).unwrap()).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// The kinds of this test, by the first part of a path: `uv-head/…` is of kind `uv`.
fn kind(path: &str) -> Option<&str> {
    let kind = path.split(['/', '-']).next()?;
    ["poetry", "uv", "req", "pipenv", "pdm", "pylock"].contains(&kind).then_some(kind)
}

/// Every file of these kinds, with the count of the manifest where it has one.
fn files(corpus: &Path) -> Vec<(String, Option<usize>)> {
    let count = |note: &str| note.split(';').find_map(|part| part.strip_prefix("packages=")?.parse().ok());
    let rows = table(corpus, "MANIFEST.tsv").into_iter();
    rows.filter(|row| kind(&row[0]).is_some()).map(|row| (row[0].clone(), count(&row[7]))).collect()
}

fn parse(corpus: &Path, file: &str) -> Result<Partial<Inventory>, Gap> {
    let bytes = RealSys.read(&corpus.join(file), LIMIT).unwrap();
    let path = TreePath::new(file);
    match kind(file).unwrap() {
        "poetry" => poetry_lock::parse(&path, &bytes),
        "uv" => uv_lock::parse(&path, &bytes),
        "pipenv" => pipfile_lock::parse(&path, &bytes),
        "pdm" => pdm_lock::parse(&path, &bytes),
        "pylock" => pylock::parse(&path, &bytes),
        _ => requirements::parse(&path, &bytes, &|path| RealSys.read(&corpus.join(path.as_str()), LIMIT).ok()),
    }
}

fn normal(name: &str) -> String {
    name.to_lowercase().split(['-', '_', '.']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[test]
fn counts_are_those_of_the_manifest_and_what_is_damaged_is_refused() {
    let Some(corpus) = corpus() else { return };
    let files = files(&corpus);
    assert!(files.len() >= 150, "only {} files", files.len());
    let (mut wrong, mut gaps, mut packages) = (Vec::new(), BTreeMap::<(String, GapKind), usize>::new(), 0);
    for (file, count) in &files {
        let expected = REFUSED.iter().find(|(end, _)| file.ends_with(end));
        match (parse(&corpus, file), expected) {
            (Err(gap), Some((_, why))) if gap.why.starts_with(why) => {}
            (Err(gap), _) => wrong.push(format!("{file}: refused: {}", gap.why)),
            (Ok(_), Some(_)) => wrong.push(format!("{file}: not refused")),
            (Ok(read), None) => {
                let entries = read.value.components.len() + read.value.counted.left_out.len();
                let known = DIFFERENT.iter().find(|(end, ..)| file.ends_with(end));
                let fits = match known {
                    Some((_, theirs, ours, _)) => *count == Some(*theirs) && entries == *ours,
                    None => count.is_none_or(|count| count == entries),
                };
                if !fits {
                    wrong.push(format!("{file}: {count:?} in the manifest, {entries} here"));
                }
                packages += read.value.components.len();
                for gap in &read.gaps {
                    *gaps.entry((kind(file).unwrap().to_owned(), gap.kind)).or_default() += 1;
                }
            }
        }
    }
    eprintln!("{} files, {packages} packages, gaps {gaps:?}", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_place_holds_the_entry() {
    let Some(corpus) = corpus() else { return };
    let mut seen = 0;
    for (file, _) in files(&corpus) {
        let Ok(read) = parse(&corpus, &file) else { continue }; // the test above knows which
        let lines: Vec<&str> = read.value.text.split('\n').collect();
        for component in &read.value.components {
            let at = component.line as usize - 1;
            let rest: String =
                lines[at].trim_start_matches('\u{feff}').chars().skip(component.column as usize - 1).collect();
            let (begins, named) = match kind(&file).unwrap() {
                "pipenv" => (rest.starts_with('"'), rest.clone()),
                "req" => (true, rest.clone()),
                _ => {
                    (rest.starts_with("[[package"), lines[at..].iter().take(8).map(|line| format!("{line} ")).collect())
                }
            };
            assert!(
                begins && normal(&named.replace(['"', '\''], " ")).contains(&*component.name),
                "{file}: {component:?}: {rest}"
            );
            assert_eq!(component.ecosystem, Ecosystem::Pypi);
            assert!(component.purl().starts_with("pkg:pypi/"));
            seen += 1;
        }
        assert_eq!(read.value.edges.len(), read.value.components.len());
        for to in read.value.edges.iter().flatten() {
            assert!((*to as usize) < read.value.components.len());
        }
    }
    assert_eq!(seen, 4_181);
}

#[test]
fn every_package_of_a_known_finding_is_a_component() {
    let Some(corpus) = corpus() else { return };
    let findings = table(&corpus, "ORACLES/pypa-2024-10-10-enumerated.findings.tsv");
    assert_eq!(findings.len(), 371);
    let mut missing = Vec::new();
    for row in &findings {
        let (file, package, version) = (&row[0], normal(&row[2]), &row[3]);
        let read = parse(&corpus, file).unwrap();
        if !read.value.components.iter().any(|c| *c.name == *package && *c.version == **version) {
            missing.push(format!("{file}: {package} {version}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
