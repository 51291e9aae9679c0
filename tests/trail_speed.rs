//! How long an append to and a verification of a large log take. Measurements, not tests of every run:
//! `cargo test --release --test trail_speed -- --ignored --nocapture`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a measurement of the machine"
)]

mod trail_support;

use portcullis::model::Digest;
use portcullis::sign::dsse::{parse_envelope, pre_authentication_encoding};
use portcullis::sys::{Bytes, RealSys, Sys};
use portcullis::text::base64;
use portcullis::trail::checkpoint::Trust;
use portcullis::trail::leaf::parse_leaf;
use portcullis::trail::record::PAYLOAD_TYPE;
use portcullis::trail::statement::parse_statement;
use portcullis::trail::store::DirStore;
use portcullis::trail::verify::verify;
use portcullis::trail::{LogIndex, Store, append};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use trail_support::{decision_record, key, run, start_record, trust};

const RECORDS: u64 = 100_000;
const APPENDS: u32 = 50;

#[test]
#[ignore = "takes minutes and measures the machine"]
fn a_hundred_thousand_records_are_appended_to_and_verified() {
    let dir = tempfile::tempdir().unwrap();
    // Making the log takes longer than measuring it: one that is named is kept for the next time.
    let kept = std::env::var("PORTCULLIS_TRAIL_LOG").ok().map(PathBuf::from);
    let store = DirStore::new(&RealSys, kept.unwrap_or_else(|| dir.path().to_owned()));
    let key = key(1);
    let made = store.checkpoint().unwrap().is_some();
    for first in (0..RECORDS).step_by(1_000).take_while(|_| !made) {
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
        run(&store, &key, &format!("measured {n} of {}", std::process::id()), false); // a kept log has those of before
        worst = worst.max(before.elapsed());
    }
    eprintln!("append: {:?} on average; start and decision together {worst:?} at worst", started.elapsed() / APPENDS);
    for _ in 0..3 {
        let (started, before) = (Instant::now(), all_on_cpu());
        let found = verify(&store, &trust(1), None).unwrap();
        assert!(found.is_good(), "{:?}", found.problems);
        let (user, kernel) = all_on_cpu();
        let (user, kernel) = (user - before.0, kernel - before.1);
        eprintln!("verify: {:?}; on the cores {user:?}, and {kernel:?} in the kernel", started.elapsed());
    }
}

/// What one record costs at least, on one core: so that the figures above can be judged.
#[test]
#[ignore = "measures the machine"]
fn the_parts_of_a_verification_are_measured() {
    let (key, trusted) = (key(1), [*key(1).public()]);
    let record = decision_record("1", LogIndex(0), true, &key);
    let envelope = parse_envelope(&record.body).unwrap();
    let (signature, payload) = (envelope.signatures[0].signature.clone(), envelope.payload.clone());
    let message = pre_authentication_encoding(PAYLOAD_TYPE, &payload);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("body");
    std::fs::write(&path, &record.body).unwrap();
    eprintln!("a body of {} bytes with a payload of {}", record.body.len(), payload.len());
    each("read a file", || RealSys.read(&path, Bytes::mib(1)).unwrap());
    each("SHA-256 of the body", || assert_eq!(Digest::of(&record.body), record.body_digest));
    each("parse the leaf", || parse_leaf(&record.leaf).unwrap());
    each("parse the envelope", || parse_envelope(&record.body).unwrap());
    each("verify the signature", || key.public().verify(&message, &signature).unwrap());
    each("verify the envelope", || envelope.verify(PAYLOAD_TYPE, &trusted).unwrap());
    each("parse the statement", || parse_statement(&payload).unwrap());
    each("decode the payload", || base64::decode(base64::encode(&payload).as_bytes()).unwrap());
}

fn each<R>(what: &str, work: impl Fn() -> R) {
    let rounds = 5_000;
    (0..rounds / 10).for_each(|_| drop(black_box(work())));
    let (started, used) = (Instant::now(), on_cpu());
    (0..rounds).for_each(|_| drop(black_box(work())));
    eprintln!("{what}: {:?}, {:?} of them on a core", started.elapsed() / rounds, (on_cpu() - used) / rounds);
}

/// What this thread has had of a core so far: on a busy machine the clock on the wall says little.
fn on_cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// The same for all threads, in ticks of 10 ms: in programs of the user, and in the kernel.
fn all_on_cpu() -> (Duration, Duration) {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |at: usize| Duration::from_millis(10 * fields[at].parse::<u64>().unwrap());
    (ticks(11), ticks(12))
}
