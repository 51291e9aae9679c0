//! Many processes append to one log while some of them are killed: nothing is lost, nothing is there twice, there is one
//! history. The workers are this test program itself, started again.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: real processes are started and killed, and what fails here should fail loudly"
)]

mod trail_support;

use portcullis::sys::{RealSys, Sys};
use portcullis::trail::checkpoint::open;
use portcullis::trail::merkle::{Range, leaf_hash};
use portcullis::trail::show::{Query, show};
use portcullis::trail::store::{DirStore, GitStore, Read};
use portcullis::trail::tile::{Kind, Tile, parse_bundle};
use portcullis::trail::verify::verify;
use portcullis::trail::{LeafKind, LogIndex, Store, receipt};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use trail_support::{key, run, trust};

/// A test that takes longer is stuck. On a git ref one writer wins at a time, and a busy machine makes that slow.
const TIME_LIMIT: Duration = Duration::from_secs(3_600);

fn store<'a>(place: &str, scratch: &Path) -> Box<dyn Store + 'a> {
    match place.strip_prefix("git:") {
        Some(remote) => Box::new(GitStore::new(&RealSys, remote, scratch).unwrap()),
        None => Box::new(DirStore::new(&RealSys, place)),
    }
}

/// Appends run after run, and writes down each that is in the log, until it is killed.
#[test]
#[ignore = "started by the other tests as a process of its own"]
fn worker() {
    let Ok(place) = std::env::var("TRAIL_TEST_PLACE") else { return };
    let reports = std::env::var("TRAIL_TEST_REPORTS").unwrap();
    let id = std::env::var("TRAIL_TEST_WORKER").unwrap();
    let store = store(&place, &Path::new(&reports).join(format!("{id}.scratch")));
    for round in 0.. {
        let name = format!("{id}-{round}");
        run(&*store, &key(1), &name, round % 3 == 0);
        RealSys.append(&Path::new(&reports).join(format!("{id}.txt")), format!("{name}\n").as_bytes()).unwrap();
    }
}

/// `number` tells the worker from all others of the storm: the system uses the ids of processes again.
fn spawn(place: &str, reports: &Path, number: usize) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "worker", "--ignored", "--quiet"]).env("TRAIL_TEST_PLACE", place);
    command.env("TRAIL_TEST_WORKER", number.to_string());
    command.env("TRAIL_TEST_REPORTS", reports).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    /// The seed of `PORTCULLIS_TRAIL_SEED`, or always the same one; it is printed, so that a failure can be had again as
    /// far as the scheduler of the machine lets it.
    fn new() -> Self {
        let seed = std::env::var("PORTCULLIS_TRAIL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
        eprintln!("PORTCULLIS_TRAIL_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Keeps so many workers busy, killing one at random moments that lie so far apart on average, until the log has so many
/// records. No two checkpoints of one size may ever be seen.
fn storm(place: &str, workers: usize, records: u64, apart: Duration) {
    let reports = tempfile::tempdir().unwrap();
    let log = store(place, &reports.path().join("reader.scratch"));
    let (mut dice, started, mut kills) = (Dice::new(), Instant::now(), 0);
    let mut alive: Vec<Child> = (0..workers).map(|number| spawn(place, reports.path(), number)).collect();
    let mut seen: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    loop {
        std::thread::sleep(Duration::from_micros(dice.below(2 * apart.as_micros() as u64)));
        if let Some(note) = log.checkpoint().unwrap() {
            let size = open(&note, &trust(1)).unwrap().head().size;
            let before = seen.insert(size, note.clone());
            assert!(before.is_none_or(|before| before == note), "two checkpoints of {size} records");
            if size >= records {
                break;
            }
        }
        assert!(started.elapsed() < TIME_LIMIT, "{:?} records after {TIME_LIMIT:?}", seen.keys().last());
        let victim = dice.below(workers as u64) as usize;
        alive[victim].kill().unwrap(); // SIGKILL
        alive[victim].wait().unwrap();
        alive[victim] = spawn(place, reports.path(), workers + kills);
        kills += 1;
    }
    for mut worker in alive {
        worker.kill().unwrap();
        worker.wait().unwrap();
        kills += 1;
    }
    let took = started.elapsed();
    // One more writer finishes what the last one may have left half done.
    run(&*log, &key(1), "last", false);
    let found = verify(&*log, &trust(1), seen.values().next().map(Vec::as_slice)).unwrap();
    assert!(found.is_good() && !found.pending, "{:?}", found.problems);
    let head = found.head.unwrap();
    let reported = every_reported_run_is_there_once(&*log, reports.path());
    eprintln!(
        "{} records, {reported} runs reported, {} killed starts, {kills} kills, {took:?}",
        head.size,
        found.unfinished.len()
    );
    every_proof_holds(place, &seen, head.size);
}

/// Each record is proven by a receipt, and each checkpoint that anybody saw is the beginning of the log.
fn every_proof_holds(place: &str, seen: &BTreeMap<u64, Vec<u8>>, size: u64) {
    let copy = tempfile::tempdir().unwrap();
    let dir = match place.strip_prefix("git:") {
        None => Path::new(place),
        // From a copy: asking git for each file of each proof takes minutes.
        Some(remote) => {
            let git_dir = format!("--git-dir={remote}");
            let tree = format!("--work-tree={}", copy.path().display());
            let args = [git_dir.as_str(), &tree, "checkout", "--quiet", "refs/portcullis/trail", "--", "."];
            assert!(Command::new("git").args(args).status().unwrap().success());
            copy.path()
        }
    };
    let log = DirStore::new(&RealSys, dir);
    for index in 0..size {
        let receipt = receipt::make(&log, &trust(1), LogIndex(index)).unwrap();
        assert!(receipt::check(&receipt, &trust(1), None).is_ok(), "record {index}");
    }
    let mut hashes = Vec::new();
    for tile in Tile::level(Kind::Entries, size) {
        let bytes = log.read(&tile.path()).unwrap().unwrap();
        hashes.extend(parse_bundle(&bytes, tile.width).unwrap().into_iter().map(leaf_hash));
    }
    for (size, note) in seen {
        let mut range = Range::default();
        hashes.iter().take(*size as usize).for_each(|hash| range.push(0, *hash));
        assert_eq!(range.root(), open(note, &trust(1)).unwrap().head().root, "{size} records");
    }
    // The proof of consistency itself costs a whole verification: some of them.
    for note in seen.values().step_by(seen.len().div_ceil(4)) {
        let found = verify(&log, &trust(1), Some(note)).unwrap();
        assert!(found.is_good(), "{:?}", found.problems);
    }
}

/// Returns how many runs the workers reported.
fn every_reported_run_is_there_once(log: &dyn Store, reports: &Path) -> u32 {
    let (head, shown) = show(log, &trust(1), &Query::Last(usize::MAX)).unwrap();
    assert_eq!(shown.len() as u64, head.size);
    let mut seen: BTreeMap<(String, bool), u32> = BTreeMap::new();
    for record in &shown {
        let start = matches!(record.leaf.as_ref().unwrap().kind, LeafKind::Start);
        *seen.entry((record.summary.as_ref().unwrap().run_id.clone(), start)).or_default() += 1;
    }
    assert!(seen.values().all(|count| *count == 1), "doubled: {seen:?}");
    let mut reported = 0;
    for entry in std::fs::read_dir(reports).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            for name in std::fs::read_to_string(&path).unwrap().lines() {
                assert!(seen.contains_key(&(name.to_owned(), true)), "lost the start of {name}");
                assert!(seen.contains_key(&(name.to_owned(), false)), "lost the decision of {name}");
                reported += 1;
            }
        }
    }
    assert!(reported > 0, "no worker got anything done");
    reported
}

/// How many records a storm is to reach. `PORTCULLIS_TRAIL_RECORDS` asks for a longer one than every
/// test run should take.
fn records(usual: u64) -> u64 {
    std::env::var("PORTCULLIS_TRAIL_RECORDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn sixteen_processes_append_to_a_directory_and_killing_them_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    storm(dir.path().join("log").to_str().unwrap(), 16, records(1_000), Duration::from_millis(150));
}

#[test]
fn processes_append_to_a_git_ref_and_killing_them_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let remote = dir.path().join("remote.git");
    let made = Command::new("git").args(["init", "--quiet", "--bare"]).arg(&remote).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no git program");
        return;
    }
    // Each push takes several processes, and each worker is a machine of its own with a scratch repository of its own.
    let (workers, records) = if records(0) > 0 { (16, records(0)) } else { (3, 16) };
    storm(&format!("git:{}", remote.display()), workers, records, Duration::from_millis(1_500));
}

#[test]
fn a_git_trail_is_verified_as_a_directory_is() {
    let dir = tempfile::tempdir().unwrap();
    let remote = dir.path().join("remote.git");
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(dir.path()).args(args).output();
        output.map(|output| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    };
    if git(&["init", "--quiet", "--bare", "remote.git"]).is_err() {
        eprintln!("skipped: no git program");
        return;
    }
    let store = GitStore::new(&RealSys, remote.to_str().unwrap(), dir.path().join("scratch")).unwrap();
    assert!(store.checkpoint().unwrap().is_none());
    let saved = run(&store, &key(1), "100", false).checkpoint;
    let tip = |git: &dyn Fn(&[&str]) -> std::io::Result<String>| {
        git(&["--git-dir=remote.git", "rev-parse", "refs/portcullis/trail"]).unwrap()
    };
    let old = tip(&git);
    run(&store, &key(1), "200", true);
    // Somebody else's machine sees the same.
    let other = GitStore::new(&RealSys, remote.to_str().unwrap(), dir.path().join("elsewhere")).unwrap();
    let found = verify(&other, &trust(1), Some(&saved)).unwrap();
    assert!(found.is_good(), "{:?}", found.problems);
    assert_eq!(found.head.unwrap().size, 4);
    assert_eq!(
        git(&["--git-dir=remote.git", "log", "--format=%an<%ae>", "refs/portcullis/trail"]).unwrap().lines().next(),
        Some("portcullis<>")
    );
    // The forge's administrator turns the ref back: whoever saved the newer checkpoint notices.
    let newer = other.checkpoint().unwrap().unwrap();
    git(&["--git-dir=remote.git", "update-ref", "refs/portcullis/trail", &old]).unwrap();
    let found = verify(&other, &trust(1), Some(&newer)).unwrap();
    assert!(found.problems[0].to_string().contains("records were removed"), "{:?}", found.problems);
}
