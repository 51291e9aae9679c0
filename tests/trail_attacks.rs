//! Attacks on a good trail: each is noticed, and the record is named. The log is a real one in a temporary directory.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: an attacker writes files as he likes, and what fails here should fail loudly"
)]

mod trail_support;

use portcullis::model::Digest;
use portcullis::sys::RealSys;
use portcullis::trail::checkpoint::{Checkpoint, Trust};
use portcullis::trail::merkle::{Range, leaf_hash};
use portcullis::trail::store::{DirStore, GitStore};
use portcullis::trail::tile::{self, Kind, Tile};
use portcullis::trail::verify::{ProblemKind, Verification, verify};
use portcullis::trail::{LogIndex, Record, Store, receipt, show};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trail_support::{decision_record, key, run, start_record, trust};

/// Where the attacked log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Dir,
    Git,
}

/// A log of three runs, six records, and a checkpoint that was saved before the last run. The attacker changes the files
/// below `dir`: the log itself, or a checkout of the git ref that is committed again before somebody looks.
struct Log {
    dir: tempfile::TempDir,
    saved: Vec<u8>,
    /// The remote and the scratch repository of whoever verifies.
    git: Option<tempfile::TempDir>,
}

impl Log {
    fn new() -> Self {
        Self::of_runs(Kept::Dir, &["100", "200", "300"])
    }

    /// The same log in each store; in the directory alone where there is no git program.
    fn each() -> Vec<(Kept, Self)> {
        let mut kept = vec![Kept::Dir];
        match std::process::Command::new("git").arg("--version").output() {
            Ok(_) => kept.push(Kept::Git),
            Err(_) => eprintln!("skipped: the attacks on a git ref (no git program)"),
        }
        kept.into_iter().map(|kept| (kept, Self::of_runs(kept, &["100", "200", "300"]))).collect()
    }

    /// A log of these runs, the second of which failed; the checkpoint is saved before the last of them, if there are several.
    fn of_runs(kept: Kept, names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let git = (kept == Kept::Git).then(|| tempfile::tempdir().unwrap());
        let mut log = Self { dir, saved: Vec::new(), git };
        if log.git.is_some() {
            log.git(&["init", "--quiet", "--bare"]);
        }
        let store = log.store();
        let mut saved = Vec::new();
        for name in names {
            saved = store.checkpoint().unwrap().unwrap_or_default();
            let done = run(&*store, &key(1), name, *name == "200");
            saved = if saved.is_empty() { done.checkpoint } else { saved };
        }
        drop(store);
        if log.git.is_some() {
            log.git(&["checkout", "--quiet", "refs/portcullis/trail", "--", "."]);
        }
        log.saved = saved;
        log
    }

    /// As somebody sees it who looks for the first time.
    fn store(&self) -> Box<dyn Store + '_> {
        match &self.git {
            None => Box::new(DirStore::new(&RealSys, self.dir.path())),
            Some(git) => {
                let remote = git.path().join("remote.git");
                Box::new(GitStore::new(&RealSys, remote.to_str().unwrap(), git.path().join("scratch")).unwrap())
            }
        }
    }

    fn git(&self, args: &[&str]) -> String {
        let git = self.git.as_ref().unwrap();
        let mut command = std::process::Command::new("git");
        command.env("GIT_DIR", git.path().join("remote.git")).env("GIT_CONFIG_GLOBAL", "/dev/null");
        if args.first() != Some(&"init") {
            command.env("GIT_WORK_TREE", self.dir.path());
        }
        for person in ["GIT_AUTHOR", "GIT_COMMITTER"] {
            command.env(format!("{person}_NAME"), "attacker").env(format!("{person}_EMAIL"), "attacker@example.com");
        }
        let output = command.current_dir(self.dir.path()).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Makes what stands below `dir` the log: the attacker may move the ref as he likes.
    fn publish(&self) {
        if self.git.is_some() {
            self.git(&["add", "--all", "--force", "--", ".", ":!.state"]);
            let tree = self.git(&["write-tree"]);
            let commit = self.git(&["commit-tree", "-m", "trail", &tree]);
            self.git(&["update-ref", "refs/portcullis/trail", &commit]);
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn verify(&self) -> Verification {
        self.publish();
        verify(&*self.store(), &trust(1), Some(&self.saved)).unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, files) } else { files.push(path) }
            }
        }
        let mut files = Vec::new();
        walk(self.dir.path(), &mut files);
        files.sort();
        files
    }

    fn entries(&self) -> Vec<Vec<u8>> {
        let bytes = std::fs::read(self.path("tile/entries/000.p/6")).unwrap();
        tile::parse_bundle(&bytes, 6).unwrap().into_iter().map(<[u8]>::to_vec).collect()
    }

    /// What somebody who can write everything but has not the key would do: the whole log anew over other entries, with
    /// the old signature; or, with a key, freshly signed.
    fn rebuild(&self, entries: &[Vec<u8>], signer: Option<u8>) {
        for file in self.files() {
            if !file.starts_with(self.path("bodies")) && file.file_name().is_some_and(|name| name != "lock") {
                std::fs::remove_file(file).unwrap();
            }
        }
        let write = |path: &str, bytes: &[u8]| {
            std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
            std::fs::write(self.path(path), bytes).unwrap();
        };
        let size = entries.len() as u64;
        let (mut bundle, mut hashes, mut range) = (Vec::new(), Vec::new(), Range::default());
        for entry in entries {
            tile::push_entry(&mut bundle, entry).unwrap();
            hashes.push(leaf_hash(entry));
            range.push(0, leaf_hash(entry));
        }
        write(&Tile::at(Kind::Entries, 0, size).unwrap().path(), &bundle);
        write(&Tile::at(Kind::Hashes(0), 0, size).unwrap().path(), &tile::format_hashes(&hashes));
        let saved = portcullis::trail::checkpoint::open(&self.saved, &trust(1)).unwrap();
        let head = Checkpoint { origin: saved.head().origin.clone(), size, root: range.root() };
        let note = head.sign(&key(signer.unwrap_or(2))).unwrap().to_text();
        write("checkpoint", note.as_bytes());
        write(".state/committed", note.as_bytes());
    }

    fn put_body(&self, record: &Record) {
        std::fs::write(self.path(&format!("bodies/sha256/{}", record.body_digest.hex())), &record.body).unwrap();
    }
}

fn kinds(found: &Verification) -> Vec<&ProblemKind> {
    found.problems.iter().map(|problem| &problem.kind).collect()
}

/// The indices and runs that the problems name.
fn named(found: &Verification) -> BTreeMap<u64, Option<String>> {
    found.problems.iter().filter_map(|p| Some((p.index?.0, p.run.clone()))).collect()
}

#[test]
fn a_good_trail_verifies_and_its_runs_are_shown() {
    let log = Log::new();
    let found = log.verify();
    assert!(found.is_good() && found.unfinished.is_empty() && !found.pending, "{found:?}");
    assert_eq!(found.head.unwrap().size, 6);
    let store = DirStore::new(&RealSys, log.dir.path());
    let (_, shown) = show::show(&store, &trust(1), &show::Query::parse("200")).unwrap();
    let seen: Vec<_> = shown.iter().map(|s| (s.index.0, s.leaf.as_ref().unwrap().kind.as_str())).collect();
    assert_eq!(seen, [(2, "start"), (3, "decision")]);
    assert_eq!(shown[1].summary.as_ref().unwrap().findings, Some((1, 1)));
    let (_, last) = show::show(&store, &trust(1), &show::Query::Last(2)).unwrap();
    assert_eq!(last.iter().map(|s| s.index.0).collect::<Vec<_>>(), [4, 5]);
    let (_, one) = show::show(&store, &trust(1), &show::Query::parse("#1")).unwrap();
    assert_eq!(one.iter().map(|s| s.index.0).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_cannot_be_read_is_shown_as_such_and_ends_no_look_at_the_rest() {
    let body = |log: &Log, index: u64| {
        let store = DirStore::new(&RealSys, log.dir.path());
        let (_, shown) = show::show(&store, &trust(1), &show::Query::Index(LogIndex(index))).unwrap();
        format!("bodies/sha256/{}", shown[0].leaf.as_ref().unwrap().body.hex())
    };
    let in_the_way = |log: &Log, path: &str| {
        std::fs::remove_file(log.path(path)).unwrap();
        std::fs::create_dir(log.path(path)).unwrap();
    };
    let look = |log: &Log, query: &str| {
        let store = DirStore::new(&RealSys, log.dir.path());
        let query = if query.is_empty() { show::Query::Last(20) } else { show::Query::parse(query) };
        let (_, shown) = show::show(&store, &trust(1), &query).unwrap();
        shown.iter().map(|s| (s.index.0, s.problem.is_some())).collect::<Vec<_>>()
    };
    // A directory stands where a body was, which no user of any rights can read.
    let log = Log::new();
    in_the_way(&log, &body(&log, 3));
    let all: Vec<_> = (0..6).map(|index| (index, index == 3)).collect();
    assert_eq!(look(&log, ""), all);
    assert_eq!(look(&log, "200"), [(2, false), (3, true)]);
    assert_eq!(look(&log, "300"), [(3, true), (4, false), (5, false)], "it may be of that run");
    assert_eq!(look(&log, "#5"), [(5, false)]);
    assert_eq!(kinds(&log.verify()).len(), 1);
    // The same for the entries and for the hashes: everything is named, nothing is believed.
    let log = Log::new();
    in_the_way(&log, "tile/entries/000.p/6");
    assert_eq!(look(&log, ""), [(0, true)]);
    let log = Log::new();
    in_the_way(&log, "tile/0/000.p/6");
    assert_eq!(look(&log, "#5"), [(5, true)]);
}

/// Flips a bit of so many bytes of every file in turn. Returns how many flips there were.
fn flip(log: &Log, step: usize) -> usize {
    let mut flips = 0;
    let bundle = std::fs::read(log.path("tile/entries/000.p/2")).unwrap();
    let first = usize::from(u16::from_be_bytes([bundle[0], bundle[1]]));
    for file in log.files() {
        let good = std::fs::read(&file).unwrap();
        for at in (0..good.len()).step_by(step) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            std::fs::write(&file, &bad).unwrap();
            let found = log.verify();
            let place = format!("byte {at} of {}", file.display());
            assert!(!found.is_good(), "{place}");
            flips += 1;
            let named = named(&found);
            let run = Some("100/1".to_owned());
            // A body belongs to one record, which is named with its run, although its own word counts no more.
            if file.starts_with(log.path("bodies")) {
                assert_eq!(named.values().collect::<Vec<_>>(), [&run], "{place}");
            }
            // A hash stands for one record.
            if file == log.path("tile/0/000.p/2") {
                assert_eq!(named, BTreeMap::from([(at as u64 / 32, run.clone())]), "{place}");
            }
            // So does a byte of an entry; one of its length makes the whole bundle unreadable from its first record on.
            if file == log.path("tile/entries/000.p/2") {
                let index = u64::from(at >= first + 2);
                let length = at < 2 || (at == first + 2) || (at == first + 3);
                assert!(named.contains_key(if length { &0 } else { &index }), "{place}: {named:?}");
                // The run is told unless the very bytes that say it are those that were flipped.
                let own = &good[if index == 0 { 2..first + 2 } else { first + 4..good.len() }];
                let run_at = own.windows(7).position(|window| window == b"\"run\":\"").unwrap()
                    + if index == 0 { 2 } else { first + 4 };
                if !length && !(run_at..run_at + 84).contains(&at) {
                    assert_eq!(named.get(&index), Some(&run), "{place}");
                }
            }
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert!(log.verify().is_good());
    flips
}

#[test]
fn every_flipped_byte_of_every_file_is_noticed() {
    // The smallest log with both kinds of record, so that every byte can have its turn.
    let flips = flip(&Log::of_runs(Kept::Dir, &["100"]), 1);
    assert!(flips > 6_000, "{flips}");
}

#[test]
fn flipped_bytes_of_a_git_trail_are_noticed() {
    if Log::each().len() < 2 {
        return;
    }
    // Each look at a git ref takes a tenth of a second: not every byte, but some of every file.
    let flips = flip(&Log::of_runs(Kept::Git, &["100"]), 61);
    assert!(flips > 100, "{flips}");
}

#[test]
fn every_deleted_file_is_noticed() {
    for (kept, log) in Log::each() {
        for file in log.files() {
            let good = std::fs::read(&file).unwrap();
            // The lock holds nothing, and earlier partial tiles may be removed by any reader of the specification.
            let earlier = file.to_string_lossy().contains(".p/") && file.file_name().is_some_and(|name| name != "6");
            std::fs::remove_file(&file).unwrap();
            let harmless = good.is_empty() || earlier;
            let found = log.verify();
            assert_eq!(found.is_good(), harmless, "{kept:?} {}: {found:?}", file.display());
            std::fs::write(&file, good).unwrap();
        }
    }
}

#[test]
fn what_stands_in_the_place_of_a_file_is_told_with_its_record_and_run() {
    for (kept, log) in Log::each() {
        let path = |index: usize| {
            let leaf = portcullis::trail::leaf::parse_leaf(&log.entries()[index]).unwrap();
            format!("bodies/sha256/{}", leaf.body.hex())
        };
        let (directory, large) = (path(1), path(3));
        std::fs::remove_file(log.path(&directory)).unwrap();
        std::fs::create_dir(log.path(&directory)).unwrap();
        std::fs::write(log.path(&directory).join("x"), b"x").unwrap();
        std::fs::write(log.path(&large), vec![b' '; (16 << 20) + 1]).unwrap();
        let found = log.verify();
        let told = |path: &str| {
            let of_path =
                |kind: &&ProblemKind| matches!(kind, ProblemKind::Unreadable { path: told, .. } if told == path);
            found.problems.iter().find(|problem| of_path(&&problem.kind)).map(|p| (p.index, p.run.clone()))
        };
        assert_eq!(told(&directory), Some((Some(LogIndex(1)), Some("100/1".into()))), "{kept:?}: {found:?}");
        assert_eq!(told(&large), Some((Some(LogIndex(3)), Some("200/1".into()))), "{kept:?}: {found:?}");
        assert_eq!(found.problems.len(), 3, "{kept:?}: {found:?}"); // and the file below the directory
    }
}

#[test]
fn a_deleted_body_is_told_with_its_record_and_run() {
    for (_, log) in Log::each() {
        let leaf = portcullis::trail::leaf::parse_leaf(&log.entries()[3]).unwrap();
        std::fs::remove_file(log.path(&format!("bodies/sha256/{}", leaf.body.hex()))).unwrap();
        let found = log.verify();
        assert_eq!(kinds(&found), [&ProblemKind::BodyMissing]);
        assert_eq!(named(&found), BTreeMap::from([(3, Some("200/1".into()))]));
        assert!(found.problems[0].to_string().starts_with("record 3 (run 200/1): the body is missing"));
    }
}

#[test]
fn an_entry_that_says_something_else_is_named() {
    for (_, log) in Log::each() {
        let path = log.path("tile/entries/000.p/6");
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        // From failed to passed in place: the same length, a leaf that still parses.
        assert!(text.matches("\"failed\"").count() == 1, "{text}");
        let bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(8).position(|window| window == b"\"failed\"").unwrap();
        let mut bad = bytes.clone();
        bad[at..at + 8].copy_from_slice(b"\"passed\"");
        std::fs::write(&path, bad).unwrap();
        let found = log.verify();
        assert!(kinds(&found).contains(&&ProblemKind::Entry), "{found:?}");
        assert_eq!(named(&found).remove(&3).flatten().as_deref(), Some("200/1"), "{found:?}");
    }
}

#[test]
fn a_removed_reordered_or_inserted_record_is_noticed_without_the_key_and_with_it() {
    for (_, log) in Log::each() {
        let good = log.entries();
        let mut removed = good.clone();
        removed.drain(0..2);
        let mut reordered = good.clone();
        reordered.swap(0, 2);
        let mut inserted = good.clone();
        let extra = start_record("999", &key(1));
        log.put_body(&extra);
        inserted.insert(2, extra.leaf.clone());
        for (name, entries) in [("removed", removed), ("reordered", reordered), ("inserted", inserted)] {
            // Without the log's key the checkpoint cannot be signed again.
            log.rebuild(&entries, None);
            assert!(matches!(kinds(&log.verify())[..], [ProblemKind::Checkpoint(_)]), "{name}");
            // With it, the saved checkpoint shows that history is another one.
            log.rebuild(&entries, Some(1));
            let found = log.verify();
            let told = kinds(&found).iter().any(|kind| matches!(kind, ProblemKind::Rewritten { saved: 4 }));
            assert!(told, "{name}: {found:?}");
        }
    }
}

#[test]
fn other_records_under_the_old_checkpoint_are_noticed_and_named() {
    for (kept, log) in Log::each() {
        let (good, note) = (log.entries(), std::fs::read(log.path("checkpoint")).unwrap());
        let mut removed = good.clone();
        removed.drain(2..4);
        let mut reordered = good.clone();
        reordered.swap(0, 2);
        let mut inserted = good.clone();
        inserted.insert(2, start_record("999", &key(1)).leaf);
        let mut changed = good.clone();
        changed[3] = String::from_utf8(changed[3].clone()).unwrap().replace("\"failed\"", "\"passed\"").into_bytes();
        let runs =
            |indices: [u64; 2]| indices.map(|index| (index, Some(format!("{}/1", 100 * (index / 2 + 1))))).into();
        for (entries, expected) in [
            (removed, BTreeMap::from([(0, None)])), // the bundle that the checkpoint asks for is not there
            (inserted, BTreeMap::from([(0, None)])),
            (reordered, runs([1, 3])),
            (changed, BTreeMap::from([(3, Some("200/1".to_owned()))])),
        ] {
            // Everything is made anew to fit, but for what takes the key.
            log.rebuild(&entries, None);
            for path in ["checkpoint", ".state/committed"] {
                std::fs::write(log.path(path), &note).unwrap();
            }
            let found = log.verify();
            assert_eq!(named(&found), expected, "{kept:?}: {found:?}");
            let fits = entries.len() == good.len(); // all but the root
            assert_eq!(kinds(&found).contains(&&ProblemKind::Root), fits, "{kept:?}: {found:?}");
        }
    }
}

#[test]
fn a_truncated_log_is_noticed_with_a_saved_checkpoint() {
    for (_, log) in Log::each() {
        let entries = log.entries();
        log.rebuild(&entries[..2], Some(1));
        assert!(kinds(&log.verify()).contains(&&ProblemKind::Truncated { saved: 4, found: 2 }));
        // An old state put back as it was, signature and all, is noticed by whoever saved a newer checkpoint.
        log.rebuild(&entries[..4], Some(1));
        assert!(!kinds(&log.verify()).iter().any(|kind| matches!(kind, ProblemKind::Truncated { .. })));
        std::fs::remove_dir_all(log.path("tile")).unwrap();
        std::fs::remove_file(log.path("checkpoint")).unwrap();
        assert_eq!(kinds(&log.verify()), [&ProblemKind::Truncated { saved: 4, found: 0 }]);
    }
}

#[test]
fn another_log_by_the_same_key_is_not_this_one() {
    let (log, other) = (Log::new(), Log::new());
    let found = verify(&DirStore::new(&RealSys, other.dir.path()), &trust(1), Some(&log.saved)).unwrap();
    assert!(matches!(kinds(&found)[..], [ProblemKind::OtherLog { .. }]), "{found:?}");
    let head = portcullis::trail::checkpoint::open(&log.saved, &trust(1)).unwrap();
    let vkey = portcullis::sign::VerifierKey::new(head.head().origin.clone(), *key(1).public()).unwrap();
    let pinned = Trust::default().with_verifier_key(&vkey);
    assert!(verify(&DirStore::new(&RealSys, log.dir.path()), &pinned, None).unwrap().is_good());
    assert!(!verify(&DirStore::new(&RealSys, other.dir.path()), &pinned, None).unwrap().is_good());
}

#[test]
fn swapped_bodies_are_noticed_on_both_records() {
    for (_, log) in Log::each() {
        let path = |index: usize| {
            let leaf = portcullis::trail::leaf::parse_leaf(&log.entries()[index]).unwrap();
            log.path(&format!("bodies/sha256/{}", leaf.body.hex()))
        };
        let (one, three) = (path(1), path(3));
        std::fs::rename(&one, log.path("x")).unwrap();
        std::fs::rename(&three, &one).unwrap();
        std::fs::rename(log.path("x"), &three).unwrap();
        let found = log.verify();
        assert_eq!(kinds(&found), [&ProblemKind::BodyDigest, &ProblemKind::BodyDigest]);
        assert_eq!(named(&found), BTreeMap::from([(1, Some("100/1".into())), (3, Some("200/1".into()))]));
    }
}

#[test]
fn a_log_signed_again_with_another_key_is_not_believed() {
    for (_, log) in Log::each() {
        log.rebuild(&log.entries(), Some(2));
        assert!(matches!(kinds(&log.verify())[..], [ProblemKind::Checkpoint(_)]));
        // A body by another key, in a log by the right one: the record is named.
        let forged = decision_record("300", LogIndex(4), false, &key(2));
        log.put_body(&forged);
        let mut entries = log.entries();
        entries[5] = forged.leaf.clone();
        log.rebuild(&entries, Some(1));
        let found = log.verify();
        let told = |problem: &&portcullis::trail::Problem| matches!(problem.kind, ProblemKind::Envelope(_));
        let problem = found.problems.iter().find(told).unwrap();
        assert_eq!((problem.index, problem.run.as_deref()), (Some(LogIndex(5)), Some("300/1")));
    }
}

#[test]
fn a_body_of_another_record_and_a_second_decision_are_noticed() {
    for (_, log) in Log::each() {
        let mut entries = log.entries();
        let again = decision_record("200", LogIndex(2), false, &key(1));
        let stray = decision_record("300", LogIndex(1), false, &key(1));
        log.put_body(&again);
        log.put_body(&stray);
        entries.extend([again.leaf, stray.leaf, entries[5].clone()]);
        log.rebuild(&entries, Some(1));
        let found = log.verify();
        assert_eq!(found.problems.len(), 4, "{found:?}");
        assert_eq!(kinds(&found)[0], &ProblemKind::DecidedTwice { first: LogIndex(3) });
        assert_eq!(kinds(&found)[1], &ProblemKind::NoSuchStart { start: LogIndex(1) });
        assert_eq!(kinds(&found)[2], &ProblemKind::SameBody { first: LogIndex(5) });
        assert_eq!(kinds(&found)[3], &ProblemKind::DecidedTwice { first: LogIndex(5) });
    }
}

#[test]
fn a_file_that_was_slipped_in_is_noticed() {
    for (_, log) in Log::each() {
        let body = format!("bodies/sha256/{}", Digest::of(b"x").hex());
        for path in ["tile/0/001", "tile/1/000.p/1", "tile/0/000.p/7", "notes.txt", "bodies/sha256/x", &body] {
            std::fs::create_dir_all(log.path(path).parent().unwrap()).unwrap();
            std::fs::write(log.path(path), b"x").unwrap();
            let found = log.verify();
            assert_eq!(kinds(&found), [&ProblemKind::ForeignFile { path: path.into() }], "{path}");
            std::fs::remove_file(log.path(path)).unwrap();
        }
        std::os::unix::fs::symlink("checkpoint", log.path("link")).unwrap();
        assert_eq!(kinds(&log.verify()), [&ProblemKind::ForeignFile { path: "link".into() }]);
    }
}

#[test]
fn a_run_that_was_killed_shows_as_a_start_without_a_decision() {
    let log = Log::new();
    let store = DirStore::new(&RealSys, log.dir.path());
    let record = start_record("400", &key(1));
    portcullis::trail::append(&RealSys, &store, &key(1), &Trust::default(), &[record]).unwrap();
    let found = log.verify();
    assert!(found.is_good(), "{found:?}");
    let unfinished: Vec<_> =
        found.unfinished.iter().map(|u| (u.index.0, u.run.as_deref(), u.initiator.as_deref())).collect();
    assert_eq!(unfinished, [(6, Some("400/1"), Some("octo-login"))]);
}

#[test]
fn nothing_is_appended_to_a_log_that_was_tampered_with_or_is_somebody_elses() {
    let log = Log::new();
    let store = DirStore::new(&RealSys, log.dir.path());
    let append = |seed| {
        let record = start_record("400", &key(seed));
        portcullis::trail::append(&RealSys, &store, &key(seed), &Trust::default(), &[record]).map(|_| ())
    };
    assert!(append(2).is_err(), "another key without trust in the first");
    for path in ["tile/0/000.p/6", "tile/entries/000.p/6"] {
        let good = std::fs::read(log.path(path)).unwrap();
        let mut bad = good.clone();
        bad[100] ^= 1;
        std::fs::write(log.path(path), bad).unwrap();
        assert!(append(1).is_err(), "{path}");
        std::fs::write(log.path(path), good).unwrap();
    }
    assert!(log.verify().is_good());
    assert!(append(1).is_ok());
}

#[test]
fn a_key_can_be_replaced_and_both_are_needed_to_verify() {
    let log = Log::new();
    let store = DirStore::new(&RealSys, log.dir.path());
    let record = start_record("400", &key(2));
    portcullis::trail::append(&RealSys, &store, &key(2), &trust(1), &[record]).unwrap();
    let both = trust(1).with_key(*key(2).public());
    assert!(verify(&store, &both, Some(&log.saved)).unwrap().is_good());
    assert!(!verify(&store, &trust(1), None).unwrap().is_good());
    assert!(!verify(&store, &trust(2), None).unwrap().is_good());
}

#[test]
fn a_receipt_proves_without_the_log_and_only_what_it_is_for() {
    let log = Log::new();
    let store = DirStore::new(&RealSys, log.dir.path());
    let made = receipt::make(&store, &trust(1), LogIndex(3)).unwrap();
    let body = store_body(&store, &made.entry);
    let read = receipt::parse_receipt(&made.to_bytes()).unwrap();
    let proven = receipt::check(&read, &trust(1), Some(&body)).unwrap();
    assert_eq!((proven.index, proven.head.size), (LogIndex(3), 6));
    assert_eq!(proven.summary.unwrap().run_label(), "200/1");
    assert!(receipt::check(&read, &trust(2), None).is_err());
    let other = store_body(&store, &log.entries()[1]);
    assert_eq!(
        receipt::check(&read, &trust(1), Some(&other)),
        Err(receipt::ReceiptError::Body(ProblemKind::BodyDigest))
    );
    let no_record = receipt::ReceiptError::NoRecord { index: LogIndex(6), size: 6 };
    assert_eq!(receipt::make(&store, &trust(1), LogIndex(6)), Err(no_record));
    let bytes = made.to_bytes();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1 << (at % 8);
        let checked = receipt::parse_receipt(&bad).and_then(|bad| receipt::check(&bad, &trust(1), Some(&body)));
        assert!(checked.is_err(), "byte {at}");
    }
}

fn store_body(store: &DirStore<'_>, entry: &[u8]) -> Vec<u8> {
    use portcullis::trail::store::Read;
    let leaf = portcullis::trail::leaf::parse_leaf(entry).unwrap();
    store.read(&portcullis::trail::store::body_path(&leaf.body)).unwrap().unwrap()
}

#[test]
fn no_file_of_the_log_names_a_person_or_a_place_outside_the_bodies() {
    let log = Log::new();
    for file in log.files() {
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        if file.starts_with(log.path("bodies")) {
            continue;
        }
        for word in ["octo", "example.com", "owner", "refs/", "100/1", "Cargo.lock"] {
            assert!(!text.contains(word), "{word} in {}", file.display());
        }
    }
}

#[test]
fn the_log_is_listed_in_the_layout_of_the_specification() {
    let log = Log::new();
    let store = DirStore::new(&RealSys, log.dir.path());
    let paths: Vec<_> = store.list().unwrap().into_iter().filter(|path| !path.starts_with("bodies/")).collect();
    let mut expected = vec!["checkpoint".to_owned()];
    expected.extend((1..=6).map(|width| format!("tile/0/000.p/{width}")));
    expected.extend((1..=6).map(|width| format!("tile/entries/000.p/{width}")));
    assert_eq!(paths, expected);
}

#[test]
fn a_copy_without_the_writers_state_is_verified_and_not_appended_to() {
    let log = Log::new();
    std::fs::remove_dir_all(log.path(".state")).unwrap();
    assert!(log.verify().is_good());
    let store = DirStore::new(&RealSys, log.dir.path());
    let record = start_record("400", &key(1));
    let refused = portcullis::trail::append(&RealSys, &store, &key(1), &Trust::default(), &[record]).unwrap_err();
    assert!(refused.to_string().contains("a copy of a log"), "{refused}");
    assert!(log.verify().is_good());
}

/// The published vectors. `UPDATE_FIXTURES=1` writes them anew, with a new origin.
#[test]
fn the_published_vectors_verify_and_this_release_still_writes_the_same_records() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trail");
    let store = DirStore::new(&RealSys, top.join("log"));
    if std::env::var("UPDATE_FIXTURES").is_ok() {
        let _ = std::fs::remove_dir_all(top.join("log")); // there may be none yet
        run(&store, &key(1), "100", false);
        let done = run(&store, &key(1), "200", true);
        std::fs::remove_dir_all(top.join("log/.state")).unwrap();
        let vkey = portcullis::sign::VerifierKey::new(done.head.origin, *key(1).public()).unwrap();
        std::fs::write(top.join("vkey"), format!("{vkey}\n")).unwrap();
        let made = receipt::make(&store, &trust(1), LogIndex(3)).unwrap();
        std::fs::write(top.join("receipt.tlog-proof"), made.to_bytes()).unwrap();
    }
    let vkey = std::fs::read(top.join("vkey")).unwrap();
    let trust = Trust::default().with_verifier_key(&portcullis::sign::key::parse_verifier_key(&vkey).unwrap());
    let found = verify(&store, &trust, None).unwrap();
    assert!(found.is_good() && found.head.unwrap().size == 4, "{:?}", found.problems);
    let bytes = std::fs::read(top.join("receipt.tlog-proof")).unwrap();
    let proven = receipt::check(&receipt::parse_receipt(&bytes).unwrap(), &trust, None).unwrap();
    assert_eq!(proven.index, LogIndex(3));
    let again = decision_record("200", LogIndex(2), true, &key(1));
    let stored = std::fs::read(top.join("log/bodies/sha256").join(again.body_digest.hex())).unwrap();
    assert_eq!(stored, again.body);
    assert_eq!(proven.leaf.to_bytes(), again.leaf);
}
