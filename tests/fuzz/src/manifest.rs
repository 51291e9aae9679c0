//! Laws of the readers of manifests and toolchain files.

use super::{lines, told};
use portcullis::inventory::{cargo_manifest, toolchain};
use portcullis::model::TreePath;

/// What is read is TOML; every dependency of every table is there, once, in the order of the file, with a line of it.
pub fn manifest(data: &[u8]) {
    match cargo_manifest::parse(&TreePath::new("Cargo.toml"), data) {
        Err(gap) => told(&gap, data),
        Ok(read) => {
            let text = std::str::from_utf8(data).expect("what is not UTF-8 is refused");
            match toml::from_str::<toml::Table>(text) {
                Ok(document) => assert_eq!(read.dependencies.len(), dependencies(&document), "{read:#?}"),
                // Under a key that says nothing of dependencies, no number is looked at, however large.
                Err(e) => {
                    let written = e.span().and_then(|at| text.get(at)).unwrap_or_default();
                    assert!(written.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c)), "{e}");
                }
            }
            assert!(read.dependencies.is_sorted_by_key(|d| d.line));
            for dependency in &read.dependencies {
                assert!((1..=lines(data)).contains(&dependency.line), "{dependency:?}");
                assert!(dependency.features.is_empty() || dependency.optional, "{dependency:?}");
                assert_eq!(dependency.condition(), dependency.condition());
            }
            if let Some(package) = &read.package {
                assert!((1..=lines(data)).contains(&package.line), "{package:?}");
            }
            if let Some(workspace) = &read.workspace {
                let once = read.inherit(workspace);
                assert_eq!(once.inherit(workspace), once);
                assert_eq!(once.dependencies.len(), read.dependencies.len());
            }
        }
    }
    for name in ["rust-toolchain", "rust-toolchain.toml"] {
        match toolchain::parse(&TreePath::new(name), data) {
            Err(gap) => told(&gap, data),
            Ok(read) => {
                assert_eq!(read.text.as_bytes(), data);
                assert!((1..=lines(data)).contains(&read.line) && read.column >= 1, "{read:?}");
            }
        }
    }
}

/// The dependencies of a document, counted by other code than the reader's.
fn dependencies(document: &toml::Table) -> usize {
    const KINDS: [&str; 5] =
        ["dependencies", "build-dependencies", "build_dependencies", "dev-dependencies", "dev_dependencies"];
    let of = |table: &toml::Table| -> usize {
        KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table()).map(toml::Table::len).sum()
    };
    let targets = document.get("target").and_then(toml::Value::as_table);
    of(document) + targets.into_iter().flat_map(toml::Table::values).filter_map(|t| t.as_table()).map(of).sum::<usize>()
}
