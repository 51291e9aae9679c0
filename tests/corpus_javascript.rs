//! The readers of JavaScript's lockfiles against real lockfiles and the fixtures of other tools. Needs
//! `PORTCULLIS_CORPUS`, the directory that holds `lockfiles/MANIFEST.tsv`; without it the tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::inventory::{bun_lock, deno_lock, npm_lock, pnpm_lock, yarn_lock};
use portcullis::model::{Component, Gap, GapKind, Inventory, Partial, TreePath};
use portcullis::sys::{Bytes, RealSys, Sys};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

const LIMIT: Bytes = Bytes::mib(64);

type Parse = fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>;

/// A file of the manifest: its path, its bytes, and what the manifest counts.
struct File {
    path: String,
    bytes: Vec<u8>,
    packages: String,
    format: String,
}

fn files(file_name: &[&str]) -> Option<Vec<File>> {
    let Some(dir) = RealSys.var("PORTCULLIS_CORPUS").unwrap() else {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
        return None;
    };
    let dir = PathBuf::from(dir).join("lockfiles");
    let manifest = String::from_utf8(RealSys.read(&dir.join("MANIFEST.tsv"), LIMIT).unwrap()).unwrap();
    let mut files = Vec::new();
    for line in manifest.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        if !file_name.iter().any(|name| cells[0].ends_with(name)) {
            continue;
        }
        let note: BTreeMap<&str, &str> = cells[7].split(';').filter_map(|part| part.split_once('=')).collect();
        let said = |key: &str| note.get(key).copied().unwrap_or_default().to_owned();
        let bytes = RealSys.read(&dir.join(cells[0]), LIMIT).unwrap();
        files.push(File { path: cells[0].to_owned(), bytes, packages: said("packages"), format: said("format") });
    }
    Some(files)
}

/// What a file gave, for the tables of exceptions: the end of its path, and what is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    /// Refused.
    Refused(GapKind),
    /// Read, with these gaps: as many of one kind.
    Gaps(GapKind, usize),
    /// Read, with another number of packages than the manifest has.
    Count(usize),
}

fn parse(parse: Parse, file: &File) -> Result<Partial<Inventory>, Gap> {
    let start = Instant::now();
    let answer = parse(&TreePath::new("lock"), &file.bytes);
    let took = start.elapsed();
    assert!(took.as_secs() < 10, "{} took {took:?}", file.path);
    answer
}

/// Reads every file; those that are not whole, or count otherwise than the manifest, must be in the table.
fn check(files: &[File], reader: Parse, odd: &[(&str, Odd)], place: fn(&Component, &str)) {
    let (mut packages, mut whole, mut seen) = (0, 0, 0);
    let mut wrong = Vec::new();
    for file in files {
        let expected: Vec<Odd> = odd.iter().filter(|(end, _)| file.path.ends_with(end)).map(|(_, odd)| *odd).collect();
        let mut got = Vec::new();
        match parse(reader, file) {
            Err(gap) => got.push((Odd::Refused(gap.kind), format!("{:?}: {}", gap.line, gap.why))),
            Ok(lock) => {
                let mut kinds: BTreeMap<GapKind, Vec<&str>> = BTreeMap::new();
                for gap in &lock.gaps {
                    kinds.entry(gap.kind).or_default().push(&gap.why);
                }
                got.extend(kinds.into_iter().map(|(kind, all)| (Odd::Gaps(kind, all.len()), format!("{all:?}"))));
                let count = lock.value.components.len() + lock.value.counted.left_out.len();
                if count.to_string() != file.packages {
                    got.push((Odd::Count(count), format!("the manifest has {}", file.packages)));
                }
                packages += lock.value.components.len();
                whole += usize::from(lock.gaps.is_empty());
                let starts: Vec<usize> = std::iter::once(0)
                    .chain(lock.value.text.match_indices('\n').map(|(newline, _)| newline + 1))
                    .collect();
                for component in &lock.value.components {
                    let rest = &lock.value.text[starts[component.line as usize - 1]..];
                    place(component, &rest[rest.char_indices().nth(component.column as usize - 1).unwrap().0..]);
                }
            }
        }
        seen += expected.len();
        if expected != got.iter().map(|(odd, _)| *odd).collect::<Vec<_>>() {
            wrong.push(format!("{} ({}): expected {expected:?}, got {got:?}", file.path, file.format));
        }
    }
    eprintln!("{} files, {whole} whole, {packages} packages", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, odd.len(), "a line of the table fits no file, or several");
}

/// In JSON the place is the quote before the key. The key ends in the name, or the entry says the name; the
/// project itself has an empty one.
fn json_place(component: &Component, rest: &str) {
    let key = rest.strip_prefix('"').unwrap().split("\": ").next().unwrap();
    let entry = &rest[..rest.char_indices().nth(400).map_or(rest.len(), |(at, _)| at)];
    let name = component.name.as_ref();
    let named = [format!("\"name\": \"{name}\""), format!("npm:{name}@"), format!("\"{name}@")];
    assert!(
        key.is_empty() || key.ends_with(name) || named.iter().any(|named| entry.contains(named)),
        "{component:?}: {entry}"
    );
}

#[test]
fn every_npm_lock_has_the_packages_of_the_manifest() {
    let Some(files) = files(&["package-lock.json", "npm-shrinkwrap.json"]) else { return };
    assert!(files.len() >= 105, "only {} files", files.len());
    let broken = Odd::Refused(GapKind::ParseFailed);
    let missing = |count| Odd::Gaps(GapKind::DanglingDependency, count);
    let odd = [
        ("npm/testdata/sad/package-lock.json", broken),
        ("secret/testdata/package-lock.json", broken), // no lockfileVersion and no package
        ("javascript/testdata/corrupt/package-lock.json", broken),
        ("glob-paths/src/package-lock.json", broken),
        ("image-unknowns/package-lock.json", broken),
        ("npmsource/testdata/package-lock.json", broken), // a key twice
        ("lockfile_version_unparseable/package-lock.json", broken),
        ("generic/npm-shrinkwrap.json", broken),
        ("generic/empty_version/npm-shrinkwrap.json", Odd::Gaps(GapKind::ParseFailed, 1)),
        ("testdata/pkg-lock/package-lock.json", Odd::Gaps(GapKind::ParseFailed, 1)), // a path for a name
        // Written by hand, or cut down to what a test needs.
        ("testdata/pkg-lock/package-lock.json", missing(1)),
        ("testdata/both/npm-shrinkwrap.json", missing(1)),
        ("simple_with_eai_access_fail/package-lock.json", missing(17)),
        ("simple_with_nested_deps/package-lock.json", missing(1)),
        ("simple_with_no_access/package-lock.json", missing(14)),
        ("simple_with_no_access_registry/package-lock.json", missing(5)),
        ("simple_with_override/package-lock.json", missing(1)),
    ];
    check(&files, npm_lock::parse, &odd, json_place);
}

/// A header of yarn names the package, or its `resolution` does.
fn yarn_place(component: &Component, rest: &str) {
    let entry = rest.split("\n\n").next().unwrap();
    let name = component.name.as_ref();
    let header = entry.trim_start_matches("? ").lines().next().unwrap();
    let named = [format!("{name}@"), format!("npm:{name}")];
    assert!(named.iter().any(|named| header.contains(named) || entry.contains(named)), "{component:?}: {entry}");
    let versions = [format!("version \"{}\"", component.version), format!("version: {}", component.version)];
    let versions = [&versions[..], &[format!("\"version\" \"{}\"", component.version)]].concat();
    assert!(versions.iter().any(|version| entry.contains(version)), "{component:?}: {entry}");
}

#[test]
fn every_yarn_lock_has_the_packages_of_the_manifest() {
    let Some(mut files) = files(&["yarn.lock"]) else { return };
    assert!(files.len() >= 95, "only {} files", files.len());
    // The manifest counts `__metadata` as a package.
    for file in files.iter_mut().filter(|file| file.format == "berry") {
        file.packages = (file.packages.parse::<usize>().unwrap() - 1).to_string();
    }
    let broken = Odd::Refused(GapKind::ParseFailed);
    let missing = |count| Odd::Gaps(GapKind::DanglingDependency, count);
    let odd = [
        ("unsupported_protocol/yarn.lock", broken),
        ("glob-paths/src/yarn.lock", broken),
        ("testdata/yarn-berry/yarn.lock", broken), // an entry twice
        // Cut down to what a test needs.
        ("pkgs/javascript/yarn/yarn.lock", missing(1)),
        ("yarn-remote/yarn.lock", missing(1)),
        ("yarn-v1-deps/yarn.lock", missing(21)),
        ("testdata/yarn/yarn.lock", missing(21)),
        ("private_source_empty_npm_lock/yarn.lock", missing(3)),
    ];
    check(&files, |path, bytes| yarn_lock::parse(path, bytes, &|_| None), &odd, yarn_place);
}

/// A key of pnpm holds the name, or the entry says it.
fn pnpm_place(component: &Component, rest: &str) {
    let entry = rest.split("\n\n").next().unwrap();
    let (name, version) = (component.name.as_ref(), component.version.as_ref());
    let header = entry.lines().next().unwrap();
    let named = [format!("{name}@{version}"), format!("{name}/{version}")];
    let said = entry.contains(&format!("version: {version}"));
    assert!(said || named.iter().any(|named| header.contains(named)), "{component:?}: {entry}");
}

#[test]
fn every_pnpm_lock_has_the_packages_of_the_manifest() {
    let Some(files) = files(&["pnpm-lock.yaml"]) else { return };
    assert!(files.len() >= 55, "only {} files", files.len());
    let broken = Odd::Refused(GapKind::ParseFailed);
    let unreadable = |count| Odd::Gaps(GapKind::ParseFailed, count);
    let missing = |count| Odd::Gaps(GapKind::DanglingDependency, count);
    let odd = [
        ("javascript/testdata/corrupt/pnpm-lock.yaml", broken),
        ("glob-paths/src/pnpm-lock.yaml", broken),
        ("broken_lockfile/pnpm-lock.yaml", broken),
        ("invalid_yaml/pnpm-lock.yaml", missing(1)), // nothing below `importers`
        ("empty_version/pnpm-lock.yaml", unreadable(1)),
        ("empty_version/pnpm-lock.yaml", missing(1)),
        // Cut within `packages`; the manifest counts keys that are indented by two.
        ("broken_metadata/pnpm-lock.yaml", unreadable(1)),
        ("broken_metadata/pnpm-lock.yaml", Odd::Count(1)),
        ("testdata/pnpm-v9/pnpm-lock.yaml", unreadable(8)), // version 9 with the keys of version 6
        ("testdata/pnpm-v9/pnpm-lock.yaml", missing(2)),
        // Written by hand, or cut down to what a test needs.
        ("testdata/pnpm-v6/pnpm-lock.yaml", missing(38)),
        ("testdata/pnpm/pnpm-lock.yaml", missing(29)),
        ("meta_fetch_fail/pnpm-lock.yaml", missing(2)),
        ("missing_workspace_dir_package/pnpm-lock.yaml", missing(1)),
        ("patch_not_applied/pnpm-lock.yaml", missing(2)),
    ];
    check(&files, pnpm_lock::parse, &odd, pnpm_place);
}

#[test]
fn every_bun_lock_is_read_or_refused() {
    let Some(mut files) = files(&["bun.lock"]) else { return };
    assert!(files.len() >= 20, "only {} files", files.len());
    // The manifest does not count them. Each package is one line of `packages`, but for those written over several.
    for file in &mut files {
        let text = String::from_utf8_lossy(&file.bytes);
        let packages = text.split("\"packages\": {").nth(1).unwrap_or_default();
        file.packages =
            packages.lines().filter(|line| line.starts_with("    \"") && line.contains("\": [")).count().to_string();
    }
    let broken = Odd::Refused(GapKind::ParseFailed);
    let other = Odd::Refused(GapKind::UnsupportedVersion);
    let odd = [
        ("invalid_lockfile/bun.lock", broken),
        ("bun/testdata/sad/bun.lock", broken),
        ("invalid_lockfile_version/bun.lock", other),
        ("unsupported_lockfile_version/bun.lock", other),
    ];
    check(&files, bun_lock::parse, &odd, json_place);
}

#[test]
fn every_deno_lock_is_read_or_refused() {
    let Some(mut files) = files(&["deno.lock"]) else { return };
    assert!(files.len() >= 8, "only {} files", files.len());
    // The manifest does not count them. Each package is one line.
    for file in &mut files {
        let text = String::from_utf8_lossy(&file.bytes);
        let is_package = |line: &&str| line.starts_with("    \"") && line.ends_with("{") && line.contains('@');
        let modules = text.lines().filter(|line| line.starts_with("    \"https://")).count();
        file.packages = (text.lines().filter(is_package).count() + modules).to_string();
    }
    let odd = [
        ("deno/corrupt/deno.lock", Odd::Refused(GapKind::ParseFailed)),
        ("test-fixtures/deno/deno.lock", Odd::Gaps(GapKind::NotCovered, 1)),
    ];
    check(&files, deno_lock::parse, &odd, json_place);
}
