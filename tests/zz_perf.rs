//! scratch
mod trail_support;
use portcullis::sys::RealSys;
use portcullis::trail::store::{DirStore, GitStore};
use portcullis::trail::verify::verify;
use portcullis::trail::{LogIndex, append, checkpoint::Trust};
use std::time::Instant;
use trail_support::*;
#[test]
#[ignore]
fn git_perf() {
    let dir = tempfile::tempdir().unwrap();
    let remote = dir.path().join("remote.git");
    std::process::Command::new("git").args(["init", "--quiet", "--bare"]).arg(&remote).status().unwrap();
    let store = GitStore::new(&RealSys, remote.to_str().unwrap(), dir.path().join("scratch")).unwrap();
    for n in 0..5 {
        let t = Instant::now();
        run(&store, &key(1), &format!("{n}"), true);
        eprintln!("git run (2 appends) {:?}", t.elapsed());
    }
}
#[test]
#[ignore]
fn dir_perf() {
    let dir = std::path::PathBuf::from(std::env::var("PERF_DIR").unwrap());
    let store = DirStore::new(&RealSys, &dir);
    let n: u64 = std::env::var("PERF_N").unwrap().parse().unwrap();
    let k = key(1);
    let t = Instant::now();
    let mut at = 0;
    while at < n {
        let mut batch = Vec::new();
        for i in 0..500u64 {
            let name = format!("r{}", at + i);
            batch.push(start_record(&name, &k));
            batch.push(decision_record(&name, LogIndex(at + 2 * i), i % 3 == 0, &k));
        }
        append(&RealSys, &store, &k, &Trust::default(), &batch).unwrap();
        at += 1000;
    }
    eprintln!("built {n} in {:?}", t.elapsed());
    let mut worst = std::time::Duration::ZERO;
    let t = Instant::now();
    for i in 0..50 {
        let r = start_record(&format!("x{i}"), &k);
        let t = Instant::now();
        append(&RealSys, &store, &k, &Trust::default(), &[r]).unwrap();
        worst = worst.max(t.elapsed());
    }
    eprintln!("append mean {:?} worst {:?}", t.elapsed() / 50, worst);
    for _ in 0..3 {
        let t = Instant::now();
        let v = verify(&store, &trust(1), None).unwrap();
        eprintln!("verify {:?} problems {:?}", t.elapsed(), v.problems.len());
    }
}
