//! The lock reader against the `cargo-lock` crate on real lockfiles. Needs `PORTCULLIS_CORPUS`, the directory that
//! holds `lockfiles/cargo*`; without it the tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::inventory::{cargo_lock as ours, counter};
use portcullis::model::{Component, Gap, GapKind, Inventory, Partial, Source, TreePath};
use portcullis::sys::{Bytes, FileKind, RealSys, Sys};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const LIMIT: Bytes = Bytes::mib(64);

fn corpus() -> Option<PathBuf> {
    let dir = RealSys.var("PORTCULLIS_CORPUS").unwrap();
    if dir.is_none() {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
    }
    dir.map(|dir| PathBuf::from(dir).join("lockfiles"))
}

fn locks(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in RealSys.list(dir).unwrap() {
        let path = dir.join(&entry.name);
        match entry.kind {
            FileKind::Dir => locks(&path, out),
            _ if entry.name.to_string_lossy().ends_with("Cargo.lock") => out.push(path),
            _ => {}
        }
    }
}

fn all_locks(corpus: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in RealSys.list(corpus).unwrap() {
        if entry.name.to_string_lossy().starts_with("cargo") {
            locks(&corpus.join(&entry.name), &mut out);
        }
    }
    out.sort();
    out
}

fn parse(bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    ours::parse(&TreePath::new("Cargo.lock"), bytes, &[])
}

/// A package as both readers can say it: name, version, source, checksum.
type Row = (String, String, String, String);

fn our_row(c: &Component) -> Row {
    let source = match &c.source {
        Source::Local => String::new(),
        Source::Default => "crates.io".into(),
        Source::Registry(url) | Source::Git(url) | Source::Path(url) => {
            url.parse::<cargo_lock::SourceId>().unwrap().to_string()
        }
    };
    (c.name.to_string(), c.version.to_string(), source, c.checksum.map(|d| d.hex()).unwrap_or_default())
}

fn source(id: Option<&cargo_lock::SourceId>) -> String {
    match id {
        None => String::new(),
        Some(id) if id.is_default_registry() => "crates.io".into(),
        Some(id) => id.to_string(),
    }
}

fn their_row(p: &cargo_lock::Package) -> Row {
    let checksum = p.checksum.as_ref().map(ToString::to_string).unwrap_or_default();
    (p.name.to_string(), p.version.to_string(), source(p.source.as_ref()), checksum)
}

/// The packages of the `cargo-lock` crate; the legacy `[root]` is one, and that crate keeps it apart.
fn their_packages(lock: &cargo_lock::Lockfile) -> Vec<&cargo_lock::Package> {
    lock.packages.iter().chain(&lock.root).collect()
}

/// Edges as pairs of rows. A dependency that no package matches is no edge for us, and must be a gap.
fn their_edges(lock: &cargo_lock::Lockfile) -> (BTreeSet<(Row, Row)>, usize) {
    let (mut edges, mut dangling) = (BTreeSet::new(), 0);
    for package in their_packages(lock) {
        for dep in package.dependencies.iter().chain(&package.replace) {
            // The crate calls two branches of one repository equal: the one that is written is meant.
            let fits: Vec<&cargo_lock::Package> = their_packages(lock)
                .into_iter()
                .filter(|p| p.name == dep.name && p.version == dep.version && p.source == dep.source)
                .collect();
            let reference = |id: &Option<cargo_lock::SourceId>| id.as_ref().and_then(|id| id.git_reference().cloned());
            let written = fits.iter().find(|p| reference(&p.source) == reference(&dep.source));
            let target = written.or(fits.first()).copied();
            match target {
                Some(target) => {
                    edges.insert((their_row(package), their_row(target)));
                }
                None => dangling += 1,
            }
        }
    }
    (edges, dangling)
}

fn our_edges(inventory: &Inventory) -> BTreeSet<(Row, Row)> {
    let rows: Vec<Row> = inventory.components.iter().map(our_row).collect();
    let pairs = inventory.edges.iter().enumerate().flat_map(|(i, to)| to.iter().map(move |j| (i, *j as usize)));
    pairs.map(|(i, j)| (rows[i].clone(), rows[j].clone())).collect()
}

#[test]
fn every_lock_of_the_corpus_reads_as_the_cargo_lock_crate_reads_it() {
    let Some(corpus) = corpus() else { return };
    let files = all_locks(&corpus);
    assert!(files.len() >= 155, "only {} locks", files.len());
    let (mut refused, mut packages, mut edges) = (0, 0, 0);
    for file in &files {
        let bytes = RealSys.read(file, LIMIT).unwrap();
        let theirs = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<cargo_lock::Lockfile>().ok());
        let mine = parse(&bytes);
        let (Some(theirs), Ok(mine)) = (&theirs, &mine) else {
            assert!(theirs.is_none(), "{}: only we refuse it: {:?}", file.display(), mine.unwrap_err());
            assert!(mine.is_err(), "{}: only we accept it", file.display());
            refused += 1;
            continue;
        };
        let mut our_rows: Vec<Row> = mine.value.components.iter().map(our_row).collect();
        let mut their_rows: Vec<Row> = their_packages(theirs).into_iter().map(their_row).collect();
        our_rows.sort();
        their_rows.sort();
        let differ: Vec<_> = our_rows.iter().zip(&their_rows).filter(|(a, b)| a != b).take(10).collect();
        assert_eq!((our_rows.len(), differ), (their_rows.len(), vec![]), "{}", file.display());
        let (their_edges, dangling) = their_edges(theirs);
        let edges_of_ours = our_edges(&mine.value);
        let differ: Vec<_> = edges_of_ours.symmetric_difference(&their_edges).take(10).collect();
        assert!(differ.is_empty(), "{}: {differ:#?}", file.display());
        let gaps: Vec<&Gap> = mine.gaps.iter().filter(|gap| gap.kind == GapKind::DanglingDependency).collect();
        assert_eq!(gaps.len(), dangling, "{}: {gaps:#?}", file.display());
        assert_eq!(gaps.len(), mine.gaps.len(), "{}: {:#?}", file.display(), mine.gaps);
        assert_eq!(mine.value.counted.left_out.len(), theirs.patch.unused.len(), "{}", file.display());
        packages += our_rows.len();
        edges += their_edges.len();
    }
    eprintln!("{} locks, {refused} refused, {packages} packages, {edges} edges", files.len());
}

#[test]
fn what_cargo_audit_refuses_is_refused_and_nothing_else() {
    let Some(corpus) = corpus() else { return };
    let table = RealSys.read(&corpus.join("ORACLES/cargo-audit-0.22.2.summary.tsv"), LIMIT).unwrap();
    let (mut refused, mut accepted) = (Vec::new(), 0);
    for line in String::from_utf8(table).unwrap().lines().skip(1) {
        let mut cells = line.split('\t');
        let (file, exit) = (cells.next().unwrap(), cells.next().unwrap());
        let count = cells.next().unwrap();
        match parse(&RealSys.read(&corpus.join(file), LIMIT).unwrap()) {
            Err(gap) => {
                assert_eq!(exit, "2", "{file}: {gap:?}");
                assert_eq!(gap.kind, GapKind::ParseFailed);
                refused.push((gap.line, gap.why));
            }
            Ok(lock) => {
                assert_ne!(exit, "2", "{file}");
                // That program does not count the legacy `[root]`.
                let root = lock.value.text.lines().filter(|line| line.trim_end() == "[root]").count();
                assert_eq!((lock.value.components.len() - root).to_string(), count, "{file}");
                accepted += 1;
            }
        }
    }
    eprintln!("{accepted} accepted, refused: {refused:#?}");
    assert_eq!(refused.len(), 4);
}

#[test]
fn the_counter_and_every_line_number_agree_with_the_text() {
    let Some(corpus) = corpus() else { return };
    for file in all_locks(&corpus) {
        let bytes = RealSys.read(&file, LIMIT).unwrap();
        let Ok(lock) = parse(&bytes) else { continue }; // those that are refused have a test of their own
        assert_eq!(counter::cargo_lock(&bytes).packages, lock.value.components.len(), "{}", file.display());
        let lines: Vec<&str> = lock.value.text.lines().collect();
        for component in &lock.value.components {
            let line = lines[component.line as usize - 1];
            assert!(matches!(line.trim_end(), "[[package]]" | "[root]"), "{}:{}", file.display(), component.line);
            let name = lines[component.line as usize..].iter().find_map(|line| line.strip_prefix("name = ")).unwrap();
            assert_eq!(name, format!("\"{}\"", component.name));
            assert_eq!(component.column, 1);
        }
    }
}
