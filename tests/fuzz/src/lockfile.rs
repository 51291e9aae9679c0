//! Laws of the lock reader.

use super::{lines, quiet::theirs, told};
use portcullis::inventory::{cargo_lock as ours, counter};
use portcullis::model::{GapKind, Inventory, Partial, Source, TreePath};
use std::collections::BTreeSet;

/// What `cargo-lock` refuses we refuse; where both read, they see the same packages; every edge and every place is
/// valid; the counter agrees or says that it does not.
pub fn lockfile(data: &[u8]) {
    let path = TreePath::new("Cargo.lock");
    let mine = ours::parse(&path, data, &[]);
    let text = std::str::from_utf8(data).ok();
    // None where that crate panics, which says nothing about the file.
    let theirs = theirs(|| text.and_then(|text| text.parse::<cargo_lock::Lockfile>().ok()));
    match &mine {
        Err(gap) => {
            told(gap, data);
            let kinds = [GapKind::ParseFailed, GapKind::UnsupportedVersion, GapKind::TooLarge];
            assert!(kinds.contains(&gap.kind), "{gap:?}");
        }
        Ok(read) => {
            sound(read, data);
            if let Some(theirs) = theirs {
                let theirs = theirs.expect("what cargo-lock refuses is refused");
                same_packages(&read.value, &theirs);
                let dangling = read.gaps.iter().any(|gap| gap.kind == GapKind::DanglingDependency);
                assert!(dangling || no_edge_is_lost(&read.value, &theirs));
            }
            mirrored(&read.value, data);
        }
    }
}

fn sound(read: &Partial<Inventory>, data: &[u8]) {
    let Partial { value, gaps } = read;
    assert_eq!(value.text.as_bytes(), data);
    assert_eq!(value.edges.len(), value.components.len());
    for targets in &value.edges {
        assert!(targets.is_sorted_by(|a, b| a < b), "{targets:?}");
        assert!(targets.iter().all(|to| (*to as usize) < value.components.len()), "{targets:?}");
    }
    let text: Vec<&str> = value.text.split('\n').collect();
    let mut last = (0, 0);
    for c in &value.components {
        assert!((1..=lines(data)).contains(&c.line), "{c:?}");
        assert!((c.line, c.column) > last, "places ascend: {c:?} after {last:?}");
        last = (c.line, c.column);
        let line = text[c.line as usize - 1].trim_start_matches('\u{feff}');
        let at = line.chars().nth(c.column as usize - 1);
        assert!(matches!(at, Some('[' | '{')), "no entry begins at {}:{}: {line:?}", c.line, c.column);
        assert!(!c.name.is_empty() && !c.name.contains(char::is_whitespace), "{c:?}");
        semver::Version::parse(&c.version).expect("a version");
        assert!(c.purl().starts_with("pkg:cargo/"), "{}", c.purl());
    }
    let all: Vec<_> = value.components.iter().map(|c| (&c.name, &c.version, &c.source)).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "a package stands twice: {all:?}");
    let headers = counter::cargo_lock(data);
    let counted = headers.packages + headers.unused;
    assert_eq!(value.counted.independent, counted);
    let parsed = value.components.len() + value.counted.left_out.len();
    let mismatch = gaps.iter().any(|gap| gap.kind == GapKind::CountMismatch);
    assert!(counted == parsed || mismatch, "{counted} counted, {parsed} parsed, and nobody says so");
    for gap in gaps {
        told(gap, data);
        assert!(matches!(gap.kind, GapKind::CountMismatch | GapKind::DanglingDependency), "{gap:?}");
    }
}

fn same_packages(mine: &Inventory, theirs: &cargo_lock::Lockfile) {
    let mut ours: Vec<(String, String)> =
        mine.components.iter().map(|c| (c.name.to_string(), c.version.to_string())).collect();
    // That crate keeps the legacy `[root]` apart.
    let all = theirs.packages.iter().chain(&theirs.root);
    let mut others: Vec<(String, String)> = all.map(|p| (p.name.to_string(), p.version.to_string())).collect();
    ours.sort();
    others.sort();
    assert_eq!(ours, others);
    assert_eq!(mine.counted.left_out.len(), theirs.patch.unused.len());
}

/// Whether each dependency that `cargo-lock` finds a package for is an edge.
fn no_edge_is_lost(mine: &Inventory, theirs: &cargo_lock::Lockfile) -> bool {
    let label = |name: &dyn ToString, version: &dyn ToString| (name.to_string(), version.to_string());
    let of = |at: usize| mine.components.get(at).map(|c| label(&c.name, &c.version));
    let pairs = mine.edges.iter().enumerate().flat_map(|(from, to)| to.iter().map(move |to| (from, *to as usize)));
    let edges: BTreeSet<_> = pairs.map(|(from, to)| (of(from), of(to))).collect();
    let all = || theirs.packages.iter().chain(&theirs.root);
    all().all(|package| {
        let found = package.dependencies.iter().chain(&package.replace).filter(|dependency| {
            let fits = |p: &cargo_lock::Package| p.name == dependency.name && p.version == dependency.version;
            all().any(|p| fits(p) && p.source == dependency.source)
        });
        let from = label(&package.name, &package.version);
        found.map(|to| label(&to.name, &to.version)).all(|to| edges.contains(&(Some(from.clone()), Some(to))))
    })
}

/// A mirror changes what a source is, and nothing else.
fn mirrored(plain: &Inventory, data: &[u8]) {
    let mirrors: Vec<String> = plain.components.iter().map(|c| c.source.url().to_owned()).collect();
    let Ok(again) = ours::parse(&plain.path, data, &mirrors) else { panic!("a mirror made a lock unreadable") };
    assert_eq!(again.value.edges, plain.edges);
    for (with, without) in again.value.components.iter().zip(&plain.components) {
        let mirrored = with.source == Source::Default && matches!(without.source, Source::Registry(_));
        assert!(with.source == without.source || mirrored, "{with:?} {without:?}");
        assert_eq!((&with.name, &with.version, with.line), (&without.name, &without.version, without.line));
    }
}
