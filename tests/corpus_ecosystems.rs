//! The findings on every real lockfile of other ecosystems than Rust's, through the whole program, against what the
//! native version orders of these ecosystems make of the same records.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly"
)]

mod support;

use portcullis::feed::gather::{self, Format};
use portcullis::feed::index::{self, Input};
use portcullis::sys::Sys as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::{NOW, World, corpus};

/// One row of the answers: advisory, package, version.
type Row = (String, String, String);

/// Rows of a tab-separated file without its header.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Compiles a source of the corpus and lays it where installed ones lie.
fn install(world: &World, name: &str, format: Format, dir: &Path) {
    let gathered = gather::directory(world, name, format, dir).unwrap();
    let input = Input { name: name.to_owned(), format, gathered, refreshed: NOW, mark: None };
    let compiled = index::compile(name, vec![input], &portcullis::feed::signing_key(world).unwrap()).unwrap();
    let feeds = Path::new(&world.vars["PORTCULLIS_FEED_DIR"]).to_owned();
    world.create_dir(&feeds).unwrap();
    world.replace(&feeds.join(format!("{name}.index")), &compiled.bytes, false).unwrap();
}

/// What the program finds in a file, by the records of this source that call something affected.
fn found(world: &World, source: &str, lock: &Path) -> (u8, Value, BTreeSet<Row>) {
    let lock = lock.display().to_string();
    let (code, out, err) = world.run(&["check", "--no-trail", "--feed", source, "--report", "json", &lock]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{lock}: {e}: {err}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut rows = BTreeSet::new();
    for finding in report["findings"].as_array().unwrap() {
        let evidence = finding["evidence"].as_array().unwrap().iter().filter(|e| e["kind"] == "sources");
        let says = evidence.flat_map(|e| e["sources"].as_array().unwrap());
        for said in says.filter(|s| s["says"] == "affected") {
            rows.insert((text(&said["id"]), text(&finding["name"]), text(&finding["version"])));
        }
    }
    (code, report, rows)
}

/// Compares every lockfile of an oracle. `differs` names the rows that are only ours, each with its reason.
fn compare(oracle: &str, source: &str, format: Format, rows_wanted: usize, differs: &[(&str, &str, &str)]) {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    install(&world, source, format, &corpus.join("advisories").join(source));
    let answers = corpus.join("lockfiles/ORACLES");
    let mut wanted: BTreeMap<String, BTreeSet<Row>> = BTreeMap::new();
    let all = rows(&answers.join(format!("{oracle}.findings.tsv")));
    assert_eq!(all.len(), rows_wanted, "the answers are others");
    for row in all {
        wanted.entry(row[0].clone()).or_default().insert((row[1].clone(), row[2].to_lowercase(), row[3].clone()));
    }
    let (mut compared, mut wrong, mut explained) = (0, Vec::new(), BTreeSet::new());
    for row in rows(&answers.join(format!("{oracle}.summary.tsv"))) {
        let lock = &row[0];
        let (code, report, found) = found(&world, source, &corpus.join("lockfiles").join(lock));
        let found: BTreeSet<Row> =
            found.into_iter().map(|(id, name, version)| (id, name.to_lowercase(), version)).collect();
        let wanted = wanted.get(lock).cloned().unwrap_or_default();
        compared += wanted.len();
        if code == 0 && !wanted.is_empty() {
            wrong.push(format!("{lock}: passed"));
        }
        if code == 3 && report["gaps"].as_array().unwrap().is_empty() {
            wrong.push(format!("{lock}: incomplete without a gap"));
        }
        wrong.extend(wanted.difference(&found).map(|row| format!("{lock}: missing {row:?}")));
        for row in found.difference(&wanted) {
            match differs.iter().find(|(id, package, _)| *id == row.0 && *package == row.1) {
                Some(known) => drop(explained.insert(*known)),
                None => wrong.push(format!("{lock}: extra {row:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    // One package can stand in a file twice.
    assert_eq!(compared, wanted.values().map(BTreeSet::len).sum::<usize>(), "every row of the answers was compared");
    eprintln!("{compared} distinct of {rows_wanted} rows agree");
    assert_eq!(explained.len(), differs.len(), "an explained difference is there no more");
}

#[test]
fn the_findings_in_python_are_those_of_the_enumerated_versions() {
    // The answers compare with the lists of the records as text; OSV has a version affected that a range holds as well.
    const RANGE: &str = "a range of the record holds it, and its list, made when it was written, does not";
    const EQUAL: &str = "the list has 1.0, which is the same version";
    const ADDRESS: &str = "a wheel by its address, whose name says the version";
    let differs = [
        ("PYSEC-2017-1", "numpy", ADDRESS),
        ("PYSEC-2019-108", "numpy", ADDRESS),
        ("PYSEC-2021-854", "numpy", ADDRESS),
        ("PYSEC-2021-855", "numpy", ADDRESS),
        ("PYSEC-2021-856", "numpy", ADDRESS),
        ("PYSEC-2021-857", "numpy", ADDRESS),
        ("PYSEC-2022-42973", "flower", RANGE),
        ("PYSEC-2023-121", "zstd", RANGE),
        ("PYSEC-2023-62", "flask", EQUAL),
        ("PYSEC-2020-43", "flask-cors", EQUAL),
        ("PYSEC-2024-71", "flask-cors", EQUAL),
    ];
    compare("pypa-2024-10-10-enumerated", "pypa", Format::Osv, 371, &differs);
}

#[test]
fn the_findings_in_ruby_are_those_of_gem_version() {
    compare("rubysec-gem-version", "rubysec", Format::RubySec, 567, &[]);
}

#[test]
fn the_findings_in_php_are_those_of_composer_semver() {
    compare("friendsofphp-composer-semver", "friendsofphp", Format::FriendsOfPhp, 91, &[]);
}

/// What the program finds in a `Cargo.lock` with these feeds: id, package, version, class.
fn in_rust(world: &World, feeds: &[&str], lock: &Path) -> BTreeSet<(String, String, String, String)> {
    let lock = lock.display().to_string();
    let mut args = vec!["check", "--no-trail", "--report", "json"];
    args.extend(feeds.iter().flat_map(|feed| ["--feed", feed]));
    args.push(&lock);
    let (_, out, err) = world.run(&args);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{lock}: {e}: {err}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter().filter(|f| !f["name"].is_null());
    findings.map(|f| (text(&f["advisory"]), text(&f["name"]), text(&f["version"]), text(&f["class"]))).collect()
}

#[test]
fn rustsec_as_markdown_and_as_osv_gives_the_same_findings_on_every_lockfile() {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let database = corpus.join("advisories/rustsec").display().to_string();
    let (code, _, err) = world.run(&["feed", "import", &database]);
    assert_eq!(code, 0, "{err}");
    install(&world, "as-osv", Format::Osv, &corpus.join("advisories/rustsec-osv"));
    let (mut rows_compared, mut wrong) = (0, Vec::new());
    for row in rows(&corpus.join("lockfiles/ORACLES/cargo-audit-0.22.2.summary.tsv")) {
        if row[1] == "2" {
            continue; // refused
        }
        let lock = corpus.join("lockfiles").join(&row[0]);
        let markdown = in_rust(&world, &["rustsec"], &lock);
        let osv = in_rust(&world, &["as-osv"], &lock);
        let both = in_rust(&world, &["rustsec", "as-osv"], &lock);
        rows_compared += markdown.len();
        wrong.extend(markdown.symmetric_difference(&osv).map(|row| format!("{}: {row:?}", lock.display())));
        wrong.extend(markdown.symmetric_difference(&both).map(|row| format!("{} with both: {row:?}", lock.display())));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows_compared > 1_000, "only {rows_compared} rows were compared");
}
