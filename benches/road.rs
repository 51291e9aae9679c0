//! Benches of parse, match, decide and the whole road, in this process. `benches/peers.sh` measures whole processes.
//!
//! The lock is made here, so that everybody measures the same; with `PORTCULLIS_CORPUS` the largest real one as well.

#![expect(clippy::unwrap_used, reason = "a bench: what fails here should fail loudly")]

use divan::{Bencher, counter::BytesCount};
use portcullis::check::{Facts, run_all};
use portcullis::config::Policy;
use portcullis::feed::{self, Catalogue, Choice};
use portcullis::gate::{self, BaseChoice, Request};
use portcullis::inventory::cargo_lock;
use portcullis::model::{Axis, Digest, Inventory, Ledger, Timestamp, TreePath};
use portcullis::policy::{self, Case};
use portcullis::sys::{Bytes, FileKind, RealSys, Sys};
use portcullis::version::{Scheme, Version};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn main() {
    divan::main();
}

/// Packages of the made lock; the largest real one has about as many.
const PACKAGES: usize = 1_500;
/// Packages with landmark advisories: one in fifty is one of these, at a version of this shape.
const KNOWN: [(&str, &str); 5] =
    [("anyhow", "1.0."), ("dotenv", "0.15."), ("h2", "0.3."), ("smallvec", "1.6."), ("time", "0.3.")];
const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// A lock to measure with.
#[derive(Clone, Copy)]
struct Lock {
    name: &'static str,
    text: &'static str,
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} KiB)", self.name, self.text.len() >> 10)
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

static LOCKS: LazyLock<Vec<Lock>> = LazyLock::new(|| {
    let made = Lock { name: "made", text: String::leak(made()) };
    let real = largest().map(|text| Lock { name: "largest of the corpus", text: String::leak(text) });
    [made].into_iter().chain(real).collect()
});

static FEED: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::of(feed::open(&RealSys, &Choice::Embedded).unwrap().value));

fn locks() -> Vec<Lock> {
    LOCKS.clone()
}

/// A lock in the shape that cargo writes: each package depends on up to four that come after it.
fn made() -> String {
    let package = |n: usize| match KNOWN.get(n / 50 % KNOWN.len()) {
        Some((name, shape)) if n.is_multiple_of(50) => {
            ((*name).to_owned(), format!("{shape}{}", n / (50 * KNOWN.len())))
        }
        _ => (format!("portcullis-bench-{n:04}"), format!("{}.{}.{}", n % 3, n % 17, n % 29)),
    };
    let named = |n: usize| {
        let (name, version) = package(n);
        format!(" \"{name} {version}\",")
    };
    let mut text = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n".to_owned();
    for n in (1..PACKAGES).filter(|n| n % 30 == 1) {
        writeln!(text, "{}", named(n)).unwrap();
    }
    text += "]\n\n";
    for n in 1..PACKAGES {
        let (name, version) = package(n);
        let sum = Digest::of(name.as_bytes()).hex();
        write!(
            text,
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{INDEX}\"\nchecksum = \"{sum}\"\n"
        )
        .unwrap();
        let next: Vec<_> = [n + 1, n + 7, n + 31, 2 * n].into_iter().filter(|m| *m < PACKAGES).collect();
        if !next.is_empty() {
            text += "dependencies = [\n";
            for m in next {
                writeln!(text, "{}", named(m)).unwrap();
            }
            text += "]\n";
        }
        text.push('\n');
    }
    text
}

/// The largest lock below `$PORTCULLIS_CORPUS/lockfiles/cargo*`.
fn largest() -> Option<String> {
    let root = PathBuf::from(RealSys.var("PORTCULLIS_CORPUS").unwrap()?).join("lockfiles");
    let mut best: Option<String> = None;
    let mut dirs: Vec<PathBuf> = RealSys.list(&root).unwrap().into_iter().map(|e| root.join(e.name)).collect();
    dirs.retain(|dir| dir.file_name().is_some_and(|name| name.to_string_lossy().starts_with("cargo")));
    while let Some(dir) = dirs.pop() {
        for entry in RealSys.list(&dir).unwrap() {
            let path = dir.join(&entry.name);
            if entry.kind == FileKind::Dir {
                dirs.push(path);
            } else if entry.name.to_string_lossy().ends_with("Cargo.lock")
                && let Ok(text) = String::from_utf8(RealSys.read(&path, Bytes::mib(64)).unwrap())
                && best.as_ref().is_none_or(|best| best.len() < text.len())
                && cargo_lock::parse(&TreePath::new("Cargo.lock"), text.as_bytes(), &[]).is_ok()
            {
                best = Some(text);
            }
        }
    }
    best
}

fn read(lock: Lock) -> Inventory {
    cargo_lock::parse(&TreePath::new("Cargo.lock"), lock.text.as_bytes(), &[]).unwrap().value
}

/// Reads one version of a usual length.
#[divan::bench(args = Scheme::ALL)]
fn version_parse(scheme: Scheme) -> Version {
    let text = match scheme {
        Scheme::Cran | Scheme::Hackage => "1.12.103",
        Scheme::Dpkg => "2:1.12.103+dfsg-1~deb12u1",
        Scheme::Rpm => "2:1.12.103-1.el9_4",
        Scheme::Apk => "1.12.103_rc4-r5",
        Scheme::Pep440 => "1.12.103rc4",
        Scheme::RubyGems => "1.12.103.rc4",
        _ => "1.12.103-rc.4",
    };
    scheme.parse(divan::black_box(text)).unwrap()
}

/// Compares two versions that differ at the end.
#[divan::bench]
fn version_compare(bencher: Bencher<'_, '_>) {
    let [a, b] = ["1.12.103-rc.4", "1.12.103-rc.5"].map(|text| Scheme::Semver.parse(text).unwrap());
    bencher.bench(|| divan::black_box(&a).compare(divan::black_box(&b)));
}

#[divan::bench(args = locks())]
fn parse(bencher: Bencher<'_, '_>, lock: Lock) {
    bencher.counter(BytesCount::new(lock.text.len())).bench(|| read(lock));
}

#[divan::bench(args = locks())]
fn matching(bencher: Bencher<'_, '_>, lock: Lock) {
    let (inventory, digest) = (read(lock), Digest::of(lock.text.as_bytes()));
    bencher.bench(|| run_all(&Facts::new(&inventory, digest, &FEED, None)));
}

#[divan::bench(args = locks())]
fn decide(bencher: Bencher<'_, '_>, lock: Lock) {
    let inventory = read(lock);
    let found = run_all(&Facts::new(&inventory, Digest::of(lock.text.as_bytes()), &FEED, None));
    assert!(found.value.len() >= 10, "there is little to decide on");
    let case = Case {
        findings: found.value.into_iter().map(|finding| (finding, Axis::Unknown)).collect(),
        gaps: found.gaps,
        notes: Vec::new(),
        ledger: Ledger::default(),
        inventories: vec![Inventory { text: "".into(), ..inventory }],
        feed: FEED.feed.as_ref().map(|feed| feed.info().clone()),
        sources: Vec::new(),
        now: Timestamp(1_787_356_800), // 2026-08-22
        base: None,
        rules: portcullis::rule::all().to_vec(),
    };
    let policy = Policy::default();
    bencher.with_inputs(|| case.clone()).bench_values(|case| policy::decide(case, &policy));
}

#[divan::bench(args = locks())]
fn whole_road(bencher: Bencher<'_, '_>, lock: Lock) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), lock);
    let request = request(dir.path());
    bencher.bench(|| gate::run(&RealSys, &request).unwrap());
}

/// The lock twenty times in one tree.
#[divan::bench(args = locks())]
fn whole_road_20(bencher: Bencher<'_, '_>, lock: Lock) {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..20 {
        let sub = dir.path().join(format!("p{n}"));
        RealSys.create_dir(&sub).unwrap();
        write(&sub, lock);
    }
    let request = request(dir.path());
    bencher.bench(|| gate::run(&RealSys, &request).unwrap());
}

fn write(dir: &Path, lock: Lock) {
    RealSys.replace(&dir.join("Cargo.lock"), lock.text.as_bytes(), false).unwrap();
}

fn request(dir: &Path) -> Request {
    Request { feeds: vec!["embedded".into()], base: BaseChoice::Without, ..Request::of(&[dir.to_owned()]) }
}
