//! How often the checks of locks speak on real lockfiles and on the fixtures of other tools. Needs `PORTCULLIS_CORPUS`,
//! the directory that holds `lockfiles/MANIFEST.tsv`; without it the tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::check::{Facts, run_all, twins};
use portcullis::feed::Catalogue;
use portcullis::inventory::{
    bun_lock, cargo_lock, composer_lock, deno_lock, gemfile_lock, npm_lock, pdm_lock, pipfile_lock, pnpm_lock,
    poetry_lock, uv_lock, yarn_lock,
};
use portcullis::model::{Class, Digest, Finding, Gap, Inventory, Partial, RuleId, TreePath};
use portcullis::sys::{Bytes, RealSys, Sys};
use std::collections::BTreeMap;
use std::path::PathBuf;

const LIMIT: Bytes = Bytes::mib(64);

fn parse(path: &TreePath, bytes: &[u8]) -> Option<Result<Partial<Inventory>, Gap>> {
    let none = |_: &TreePath| None;
    let ends = |end: &str| path.as_str().to_ascii_lowercase().ends_with(end);
    Some(match () {
        () if ends("cargo.lock") => cargo_lock::parse(path, bytes, &[]),
        () if ends("package-lock.json") || ends("npm-shrinkwrap.json") => npm_lock::parse(path, bytes),
        () if ends("yarn.lock") => yarn_lock::parse(path, bytes, &none),
        () if ends("pnpm-lock.yaml") => pnpm_lock::parse(path, bytes),
        () if ends("bun.lock") => bun_lock::parse(path, bytes),
        () if ends("deno.lock") => deno_lock::parse(path, bytes),
        () if ends("uv.lock") => uv_lock::parse(path, bytes),
        () if ends("poetry.lock") => poetry_lock::parse(path, bytes),
        () if ends("pdm.lock") => pdm_lock::parse(path, bytes),
        () if ends("pipfile.lock") => pipfile_lock::parse(path, bytes),
        () if ends("gemfile.lock") => gemfile_lock::parse(path, bytes),
        () if ends("composer.lock") => composer_lock::parse(path, bytes, &none),
        () => return None,
    })
}

/// The locks of the corpus that are read, real ones or fixtures.
fn locks(real: bool) -> Option<Vec<(Inventory, Digest)>> {
    let Some(dir) = RealSys.var("PORTCULLIS_CORPUS").unwrap() else {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
        return None;
    };
    let dir = PathBuf::from(dir).join("lockfiles");
    let manifest = String::from_utf8(RealSys.read(&dir.join("MANIFEST.tsv"), LIMIT).unwrap()).unwrap();
    let mut locks = Vec::new();
    for line in manifest.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        if cells[7].starts_with("real") != real {
            continue;
        }
        let bytes = RealSys.read(&dir.join(cells[0]), LIMIT).unwrap();
        if let Some(Ok(read)) = parse(&TreePath::new(cells[0]), &bytes) {
            locks.push((read.value, Digest::of(&bytes)));
        }
    }
    locks.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    Some(locks)
}

/// The findings of each rule, and in how many files.
fn count(locks: &[(Inventory, Digest)]) -> (Vec<Finding>, BTreeMap<RuleId, (usize, usize)>) {
    let catalogue = Catalogue::default();
    let run =
        |(inventory, digest): &(Inventory, Digest)| run_all(&Facts::new(inventory, *digest, &catalogue, None)).value;
    let mut all: Vec<Finding> = locks.iter().flat_map(run).collect();
    all.extend(twins(locks, &catalogue));
    let mut files: BTreeMap<RuleId, Vec<&TreePath>> = BTreeMap::new();
    for finding in &all {
        files.entry(finding.rule).or_default().push(&finding.location.path);
    }
    let counts = files.into_iter().map(|(rule, mut paths)| {
        let findings = paths.len();
        paths.sort();
        paths.dedup();
        (rule, (findings, paths.len()))
    });
    let counts = counts.collect();
    for finding in &all {
        eprintln!("{} {}:{} {}", finding.rule, finding.location.path, finding.location.line, finding.message);
    }
    eprintln!("{} locks: {counts:?}", locks.len());
    (all, counts)
}

#[test]
fn what_blocks_is_rare_on_real_locks() {
    let Some(locks) = locks(true) else { return };
    let (all, counts) = count(&locks);
    assert_eq!(all.iter().filter(|finding| finding.class == Class::Integrity).count(), 0);
    // Plain connections in old locks; one lock that lost hashes; one package from another host.
    let told = [(RuleId::PLAIN_TRANSPORT, (5, 5)), (RuleId::INTEGRITY_MISSING, (1, 1)), (RuleId::MIXED_HOSTS, (1, 1))];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), told);
}

#[test]
fn what_is_said_of_fixtures_is_known() {
    let Some(locks) = locks(false) else { return };
    let (_, counts) = count(&locks);
    // Fixtures have addresses and hashes that somebody made up: these are the ones that should be seen.
    let told = [
        (RuleId::SOURCE_NOT_FIXED, (1, 1)),
        (RuleId::PLAIN_TRANSPORT, (2, 2)),
        (RuleId::INTEGRITY_MISSING, (3, 3)),
        (RuleId::OTHER_PACKAGE, (6, 6)),
        (RuleId::MIXED_HOSTS, (10, 10)),
        (RuleId::HASHES_DISAGREE, (11, 11)),
    ];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), told);
}
