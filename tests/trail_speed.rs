//! How long an append to and a verification of a large log take. Measurements, not tests of every run:
//! `cargo test --release --test trail_speed -- --ignored --nocapture`.

mod trail_support;

use portcullis::sys::RealSys;
use portcullis::trail::checkpoint::Trust;
use portcullis::trail::store::DirStore;
use portcullis::trail::verify::verify;
use portcullis::trail::{LogIndex, append};
use std::time::{Duration, Instant};
use trail_support::{decision_record, key, run, start_record, trust};

const RECORDS: u64 = 100_000;
const APPENDS: u32 = 50;

#[test]
#[ignore = "takes minutes and measures the machine"]
fn a_hundred_thousand_records_are_appended_to_and_verified() {
    let dir = tempfile::tempdir().unwrap();
    let store = DirStore::new(&RealSys, dir.path());
    let key = key(1);
    for first in (0..RECORDS).step_by(1_000) {
        let record = |index: u64| match index % 2 {
            0 => start_record(&index.to_string(), &key),
            _ => decision_record(&(index - 1).to_string(), LogIndex(index - 1), index.is_multiple_of(3), &key),
        };
        let batch: Vec<_> = (first..first + 1_000).map(record).collect();
        append(&RealSys, &store, &key, &Trust::default(), &batch).unwrap();
    }
    let mut worst = Duration::ZERO;
    let started = Instant::now();
    for n in 0..APPENDS / 2 {
        let before = Instant::now();
        run(&store, &key, &format!("measured {n}"), false);
        worst = worst.max(before.elapsed());
    }
    eprintln!("append: {:?} on average; start and decision together {worst:?} at worst", started.elapsed() / APPENDS);
    for _ in 0..3 {
        let started = Instant::now();
        let found = verify(&store, &trust(1), None).unwrap();
        assert!(found.is_good(), "{:?}", found.problems);
        eprintln!("verify: {:?}", started.elapsed());
    }
}
