//! Sources of the corpus, installed by `feed import` and asked. Needs `PORTCULLIS_CORPUS`; without it the test says that it
//! is skipped.

mod support;

use portcullis::feed;
use portcullis::feed::matching::{Answer, Matcher};
use support::{World, corpus};

/// Directory, format, name of the index, records; then a package, a version, and a record that calls it affected.
type Row = (&'static str, &'static str, &'static str, u64, &'static str, &'static str, &'static str, &'static str);

const SOURCES: &[Row] = &[
    ("pypa", "osv", "osv-pypi", 2_661, "PyPI", "Django", "3.2.0", "PYSEC-2021-98"),
    ("rubysec", "rubysec", "rubysec", 1_381, "RubyGems", "rack", "2.0.7", "CVE-2019-16782"),
    (
        "friendsofphp",
        "friendsofphp",
        "friendsofphp",
        1_592,
        "Packagist",
        "guzzlehttp/guzzle",
        "7.4.2",
        "guzzlehttp/guzzle/CVE-2022-29248.yaml",
    ),
    ("go", "osv", "osv-go", 4_291, "Go", "golang.org/x/text", "0.3.6", "GO-2021-0113"),
];

#[test]
fn sources_of_the_corpus_are_imported_and_answer() {
    let Some(corpus) = corpus() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    for (dir, format, name, records, ecosystem, package, version, id) in SOURCES {
        let path = corpus.join("advisories").join(dir).display().to_string();
        let (code, out, err) = world.run(&["feed", "import", &path, "--format", format]);
        assert!(code == 0 && out.starts_with(&format!("index {name}: {records} records, ")), "{out}{err}");
        let index = feed::open_index(&world, name).unwrap();
        let found = index.package(ecosystem, package).unwrap().unwrap();
        let affects = |statement: &&feed::index::Statement| {
            index.record(statement.record).unwrap().1.id == *id
                && Matcher::new(&statement.affected).answer(version) == Answer::Affected
        };
        assert!(found.statements.iter().any(|statement| affects(&statement)), "{package} {version}: {id}");
    }
    assert_eq!(feed::installed(&world).unwrap(), ["friendsofphp", "osv-go", "osv-pypi", "rubysec"]);
    let (code, out, err) = world.run(&["feed", "verify"]);
    assert_eq!((code, out.lines().count()), (0, 4), "{err}");
    // The same again changes nothing.
    let path = corpus.join("advisories/pypa").display().to_string();
    let (code, out, _) = world.run(&["feed", "import", &path, "--format", "osv"]);
    assert!(code == 0 && out.contains("0 added, 0 changed, 0 withdrawn, 0 removed"), "{out}");
}
