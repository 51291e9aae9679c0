//! Many processes append to one log while some of them are killed: nothing is lost, nothing is there twice, there is one
//! history. The workers are this test program itself, started again.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test: real processes are started and killed, and what fails here should fail loudly"
)]

mod trail_support;

use portcullis::sys::{RealSys, Sys};
use portcullis::trail::checkpoint::open;
use portcullis::trail::show::{Query, show};
use portcullis::trail::store::{DirStore, GitStore};
use portcullis::trail::verify::verify;
use portcullis::trail::{LeafKind, Store};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use trail_support::{key, run, trust};

/// A test that takes longer is stuck.
const TIME_LIMIT: Duration = Duration::from_secs(900);

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
    let id = std::process::id();
    let store = store(&place, &Path::new(&reports).join(format!("{id}.scratch")));
    for round in 0.. {
        let name = format!("{id}-{round}");
        run(&*store, &key(1), &name, round % 3 == 0);
        RealSys.append(&Path::new(&reports).join(format!("{id}.txt")), format!("{name}\n").as_bytes()).unwrap();
    }
}

fn spawn(place: &str, reports: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "worker", "--ignored", "--quiet"]).env("TRAIL_TEST_PLACE", place);
    command.env("TRAIL_TEST_REPORTS", reports).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Keeps so many workers busy, killing one now and then, until the log has so many records.
fn storm(place: &str, workers: usize, records: u64, kill_each: Duration) {
    let reports = tempfile::tempdir().unwrap();
    let log = store(place, &reports.path().join("reader.scratch"));
    let size = || log.checkpoint().unwrap().map_or(0, |note| open(&note, &trust(1)).unwrap().head().size);
    let started = Instant::now();
    let mut alive: Vec<Child> = (0..workers).map(|_| spawn(place, reports.path())).collect();
    let mut middle = Vec::new();
    for turn in 0_usize.. {
        std::thread::sleep(kill_each);
        let found = size();
        if found >= records {
            break;
        }
        if middle.is_empty() && found >= records / 2 {
            middle = log.checkpoint().unwrap().unwrap();
        }
        assert!(started.elapsed() < TIME_LIMIT, "{found} records after {TIME_LIMIT:?}");
        let place_of = turn * 7 % workers; // which one dies is of no matter, as long as they take turns
        alive[place_of].kill().unwrap();
        alive[place_of].wait().unwrap();
        alive[place_of] = spawn(place, reports.path());
    }
    for mut worker in alive {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    // One more writer finishes what the last one may have left half done.
    run(&*log, &key(1), "last", false);
    let since = (!middle.is_empty()).then_some(middle.as_slice());
    let found = verify(&*log, &trust(1), since).unwrap();
    assert!(found.is_good() && !found.pending, "{:?}", found.problems);
    every_reported_run_is_there_once(&*log, reports.path());
}

fn every_reported_run_is_there_once(log: &dyn Store, reports: &Path) {
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
}

/// How many records a storm is to reach. `PORTCULLIS_TRAIL_RECORDS` asks for a longer one than every test run should take.
fn records(usual: u64) -> u64 {
    std::env::var("PORTCULLIS_TRAIL_RECORDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[test]
fn sixteen_processes_append_to_a_directory_and_killing_them_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    storm(dir.path().join("log").to_str().unwrap(), 16, records(300), Duration::from_millis(150));
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
