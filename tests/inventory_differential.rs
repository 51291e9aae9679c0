//! Damaged locks: what the `cargo-lock` crate refuses we refuse, and what both accept both read alike, or we say a gap.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what fails here should fail loudly")]

use portcullis::inventory::cargo_lock as ours;
use portcullis::model::{Component, Gap, Inventory, Partial, Source, TreePath};
use proptest::prelude::*;
use std::collections::BTreeSet;

const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";
const SUM: &str = "af6f3550d8dff9ef7dc34d384ac6f107e5d31c8f57d9f28e0081503f547ac8f5";

fn later() -> String {
    format!(
        "# generated\nversion = 3\n\n\
         [[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n \"b 1.0.0\",\n \"b 2.0.0\",\n \"c\",\n]\n\n\
         [[package]]\nname = \"a\"\nversion = \"1.0.0-rc.1+x\"\nsource = \"{INDEX}\"\nchecksum = \"{SUM}\"\ndependencies = [\n \"b 2.0.0\",\n]\n\n\
         [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\nchecksum = \"{SUM}\"\n\n\
         [[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"git+https://example.com/b?rev=1#2\"\ndependencies = [\n \"d 1.0.0 (git+https://example.com/d)\",\n]\n\n\
         [[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"sparse+https://example.com/index/\"\nreplace = \"b 1.0.0 ({INDEX})\"\n\n\
         [[package]]\nname = \"d\"\nversion = \"1.0.0\"\nsource = \"git+https://example.com/d#1\"\n\n\
         [[package]]\nname = \"d\"\nversion = \"1.0.0\"\nsource = \"path+file:///d\"\n\n\
         [[patch.unused]]\nname = \"p\"\nversion = \"0.1.0\"\n"
    )
}

fn first() -> String {
    format!(
        "[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a 1.0.0 ({INDEX})\",\n \"l 0.1.0\",\n]\n\n\
         [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{INDEX}\"\n\n\
         [[package]]\nname = \"l\"\nversion = \"0.1.0\"\ndependencies = [\n \"a 1.0.0 ({INDEX})\",\n]\n\n\
         [metadata]\n\"checksum a 1.0.0 ({INDEX})\" = \"{SUM}\"\n\"checksum g 1.0.0 (git+https://example.com/g)\" = \"<none>\"\n"
    )
}

/// Name, version, source, checksum.
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

/// As the crate has it, but for the one other spelling of the default registry that a damaged byte can make: we take
/// it for that registry, as cargo does, and the crate does not.
fn source(id: Option<&cargo_lock::SourceId>) -> String {
    match id.map(ToString::to_string) {
        None => String::new(),
        Some(url) if url.replace("http:", "https:") == INDEX || url == INDEX => "crates.io".into(),
        Some(url) => url,
    }
}

fn their_row(p: &cargo_lock::Package) -> Row {
    let source = source(p.source.as_ref());
    (
        p.name.to_string(),
        p.version.to_string(),
        source,
        p.checksum.as_ref().map(ToString::to_string).unwrap_or_default(),
    )
}

fn our_edges(inventory: &Inventory) -> BTreeSet<(Row, Row)> {
    let row = |n: usize| our_row(&inventory.components[n]);
    let pairs = inventory.edges.iter().enumerate().flat_map(|(i, to)| to.iter().map(move |j| (i, *j as usize)));
    pairs.map(|(i, j)| (row(i), row(j))).collect()
}

fn their_edges(packages: &[&cargo_lock::Package]) -> BTreeSet<(Row, Row)> {
    let mut edges = BTreeSet::new();
    for package in packages {
        for dep in package.dependencies.iter().chain(&package.replace) {
            let named = |p: &&&cargo_lock::Package| p.name == dep.name && p.version == dep.version;
            let exact = packages.iter().filter(named).find(|p| {
                let default = source(p.source.as_ref()) == "crates.io" && source(dep.source.as_ref()) == "crates.io";
                p.source == dep.source || default
            });
            // In version 1 a dependency without a source is kept as it is written; it means what has the name.
            let loose = packages.iter().find(named).filter(|_| dep.source.is_none());
            edges.extend(exact.or(loose).map(|target| (their_row(package), their_row(target))));
        }
    }
    edges
}

/// Whether `[metadata]` has checksums of one name and version from two sources. Which of them counts is a claim of the
/// unit tests.
fn has_checksum_twins(lock: &cargo_lock::Lockfile) -> bool {
    let named = lock.metadata.keys().filter_map(|key| key.checksum_dependency().ok()).map(|d| (d.name, d.version));
    let mut seen = BTreeSet::new();
    !named.into_iter().all(|key| seen.insert(key))
}

/// Says what is wrong; nothing when the two agree.
fn differs(text: &str) -> Option<String> {
    // The crate slices checksums by bytes and can panic on others than ASCII: that is no lock either.
    let theirs = std::panic::catch_unwind(|| text.parse::<cargo_lock::Lockfile>()).ok().and_then(Result::ok);
    let mine: Result<Partial<Inventory>, Gap> = ours::parse(&TreePath::new("Cargo.lock"), text.as_bytes(), &[]);
    let (theirs, mine) = match (theirs, mine) {
        (None, Err(_)) => return None,
        (None, Ok(_)) => return Some("only we accept it".into()),
        (Some(_), Err(_)) => return None, // we may be stricter
        (Some(theirs), Ok(mine)) => (theirs, mine),
    };
    let packages: Vec<&cargo_lock::Package> = theirs.packages.iter().chain(&theirs.root).collect();
    let ours: BTreeSet<Row> = mine.value.components.iter().map(our_row).collect();
    // Of two checksums of one name and version the crate takes the first in order, we that of the source. Both readings
    // are compared where there is only one.
    if has_checksum_twins(&theirs) {
        return None;
    }
    let their_rows: BTreeSet<Row> = packages.iter().map(|p| their_row(p)).collect();
    if ours != their_rows {
        return Some(format!("packages: {:#?}", ours.symmetric_difference(&their_rows)));
    }
    // Another spelling of the default registry, which a damaged byte can make, is that registry for us, as it is for
    // cargo; for the crate it is another one, and so edges lead elsewhere. The unit tests hold what we claim there.
    if text.matches("registry+").count() != text.matches(INDEX).count() {
        return None;
    }
    let (ours, theirs) = (our_edges(&mine.value), their_edges(&packages));
    let differing: Vec<_> = ours.symmetric_difference(&theirs).collect();
    // The edges that the crate draws where several packages fit are gaps for us.
    (ours != theirs && mine.gaps.is_empty()).then(|| format!("edges: {differing:#?}"))
}

#[derive(Clone, Debug)]
enum Damage {
    DropLine(usize),
    CopyLine(usize, usize),
    SwapLines(usize, usize),
    DropByte(usize),
    SetByte(usize, char),
    Insert(usize, &'static str),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<usize>;
    let pieces = prop::sample::select(vec![
        "\"",
        "[",
        "]",
        "=",
        "\n",
        " ",
        ".",
        "#",
        "'''",
        "version = 2\n",
        "version = 1\n",
        "[[package]]\n",
        "[root]\n",
        "[metadata]\n",
        "é",
        "\\u0061",
        "\t",
        "\r",
        "+",
        "0",
        "{}",
        "source = \"git+https://example.com/x\"\n",
        "x = 1\n",
        "x = 99999999999999999999\n",
        "checksum = \"\"\n",
        "dependencies = []\n",
    ]);
    prop_oneof![
        at().prop_map(Damage::DropLine),
        (at(), at()).prop_map(|(a, b)| Damage::CopyLine(a, b)),
        (at(), at()).prop_map(|(a, b)| Damage::SwapLines(a, b)),
        at().prop_map(Damage::DropByte),
        (at(), prop::sample::select("\"'[]=.,# \n()+-01az\0\u{7f}é".chars().collect::<Vec<_>>()))
            .prop_map(|(a, c)| Damage::SetByte(a, c)),
        (at(), pieces).prop_map(|(a, p)| Damage::Insert(a, p)),
        at().prop_map(Damage::Cut),
    ]
}

fn apply(text: &str, damage: &Damage) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let mut chars: Vec<char> = text.chars().collect();
    if lines.is_empty() || chars.is_empty() {
        return text.to_owned();
    }
    match damage {
        Damage::DropLine(a) => {
            lines.remove(a % lines.len());
        }
        Damage::CopyLine(a, b) => {
            let line = lines.get(a % lines.len()).cloned().unwrap_or_default();
            lines.insert(b % lines.len(), line);
        }
        Damage::SwapLines(a, b) => {
            let (a, b) = (a % lines.len(), b % lines.len());
            lines.swap(a, b);
        }
        Damage::DropByte(a) => {
            chars.remove(a % chars.len());
            return chars.into_iter().collect();
        }
        Damage::SetByte(a, c) => {
            let a = a % chars.len();
            chars.splice(a..=a, [*c]);
            return chars.into_iter().collect();
        }
        Damage::Insert(a, piece) => {
            // At the start of a line: in the middle of one it is hardly ever a lock.
            lines.insert(a % lines.len(), (*piece).to_owned());
        }
        Damage::Cut(a) => return chars.into_iter().take(a % text.len()).collect(),
    }
    lines.concat()
}

#[test]
fn both_fixtures_are_whole() {
    for text in [later(), first()] {
        assert_eq!(differs(&text), None);
        assert_eq!(ours::parse(&TreePath::new("x"), text.as_bytes(), &[]).unwrap().gaps, [], "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn damage_is_seen_by_both_or_read_alike(
        old in any::<bool>(),
        list in prop::collection::vec(damage(), 1..4),
    ) {
        let mut text = if old { first() } else { later() };
        for damage in &list {
            text = apply(&text, damage);
        }
        let differs = differs(&text);
        prop_assert!(differs.is_none(), "{}\n{text}", differs.unwrap_or_default());
    }
}
