//! Compiled feeds as files: damage, rollback, poisoned refreshes, other writers, and what mirrors can answer. The only
//! network is this machine's loopback.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests damage files behind the back of `Sys`")]

mod feed_support;

use feed_support::{Machine, NOW, policy};
use flate2::{Compression, write::GzEncoder};
use portcullis::cli::feed::{FeedCommand, run};
use portcullis::feed::{self, Choice, Feed, FeedError, Installed, Manager, Mirror, PublicKey, published_online};
use portcullis::model::{Collection, Digest, FeedKind, GapKind, Partial, Timestamp};
use portcullis::sys::{Fault, RealSys, Sys};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

fn write(machine: &Machine, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = machine.home.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn record(package: &str, id: &str, date: &str, extra: &str, patched: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\naliases = [\"GHSA-{package}\"]\n\
         {extra}\n[versions]\npatched = [\"{patched}\"]\n```\n\n# a title for {package}\n\nSome text.\n"
    )
}

/// The files of a database with `count` records, one for each package, the newest of 2024-01-28 at most.
fn files(count: usize) -> Vec<(String, String)> {
    let file = |n: usize| {
        let (package, id) = (format!("pkg-{n:02}"), format!("RUSTSEC-2024-{n:04}"));
        let date = format!("2024-01-{:02}", n % 28 + 1);
        (format!("crates/{package}/{id}.md"), record(&package, &id, &date, "", ">= 1.2.3"))
    };
    let mut files: Vec<_> = (1..=count).map(file).collect();
    files.push(("rust/std/CVE-2024-9.md".into(), record("std", "CVE-2024-9", "2024-01-02", "", ">= 1.80.0")));
    files
}

fn database(machine: &Machine, dir: &str, files: &[(String, String)]) -> PathBuf {
    for (path, text) in files {
        write(machine, &format!("{dir}/{path}"), text);
    }
    machine.home.path().join(dir)
}

fn manager(machine: &Machine) -> Manager<'_> {
    Manager::new(machine, None, &policy(), None).unwrap()
}

fn confirmed(machine: &Machine, digest: Digest) -> Manager<'_> {
    Manager::new(machine, None, &policy(), Some(digest)).unwrap()
}

fn import(machine: &Machine, dir: &Path) -> Result<Installed, FeedError> {
    manager(machine).import_directory(dir, None).map(|(done, _)| done)
}

fn open(machine: &Machine) -> Result<Partial<Feed>, FeedError> {
    feed::open(machine, &Choice::Installed("rustsec".into()))
}

/// A machine with a feed of `count` records and one on `std`.
fn installed(count: usize) -> Machine {
    let machine = Machine::new();
    import(&machine, &database(&machine, "db", &files(count))).unwrap();
    machine
}

/// Everything that a check can ask of a small feed.
fn use_all(machine: &Machine) -> Result<usize, FeedError> {
    let feed = open(machine)?.value;
    let mut found = 0;
    for n in 1..=3 {
        found += feed.for_package(Collection::Crates, &format!("pkg-{n:02}"))?.len();
        feed.published(&format!("pkg-{n:02}"), "1.0.0")?;
    }
    found += feed.for_package(Collection::Rust, "std")?.len();
    Ok(found + feed.find("GHSA-pkg-01")?.len())
}

#[test]
fn an_installed_feed_answers_like_its_directory() {
    let machine = installed(3);
    let opened = open(&machine).unwrap();
    let directory = feed::open(&machine, &Choice::Directory(machine.home.path().join("db"))).unwrap();
    assert_eq!(opened.gaps, []);
    let info = opened.value.info();
    assert_eq!((info.kind, info.advisories), (FeedKind::Installed, 4));
    assert_eq!(info.refreshed, Some(Timestamp(NOW)));
    assert_eq!(info.newest.map(Timestamp::date).as_deref(), Some("2024-01-04"));
    assert_eq!(info.digest, directory.value.info().digest);
    assert_eq!(opened.value.all().unwrap(), directory.value.all().unwrap());
    assert_eq!(use_all(&machine).unwrap(), 5);
    assert_eq!(opened.value.for_package(Collection::Crates, "pkg").unwrap().len(), 0);
    assert!(!opened.value.knows_published("pkg-01"));
}

#[test]
fn a_record_that_cannot_be_read_stays_a_gap_when_compiled() {
    let machine = Machine::new();
    let dir = database(&machine, "db", &files(3));
    write(&machine, "db/crates/pkg-01/RUSTSEC-2024-0099.md", "nonsense");
    assert_eq!(import(&machine, &dir).unwrap().gaps, 1);
    let compiled = open(&machine).unwrap().gaps;
    assert_eq!(compiled, feed::open(&machine, &Choice::Directory(dir)).unwrap().gaps);
    assert_eq!((compiled[0].kind, compiled[0].what.as_str()), (GapKind::AdvisoryUnreadable, "RUSTSEC-2024-0099"));
    assert!(compiled[0].digest.is_some());
}

#[test]
fn every_changed_byte_is_noticed_on_use_or_by_verify() {
    let machine = Machine::new();
    let dir = database(&machine, "db", &files(3));
    manager(&machine).import_directory(&dir, Some(&index(&machine))).unwrap();
    let path = machine.feed_file();
    let whole = fs::read(&path).unwrap();
    assert!((1_500..20_000).contains(&whole.len()), "{}", whole.len());
    assert!(use_all(&machine).is_ok() && manager(&machine).verify().is_ok());
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(manager(&machine).verify().is_err(), "byte {at} of {}", whole.len());
        // What is used is right even so: the answer is the old one or an error, never another one.
        assert!(use_all(&machine).map_or(true, |found| found == 5), "byte {at}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(manager(&machine).verify().is_ok());
}

#[test]
fn a_feed_that_is_cut_short_or_has_more_behind_it_is_refused_at_open() {
    let machine = installed(3);
    let path = machine.feed_file();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(open(&machine).is_err(), "{length}");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(matches!(open(&machine).err(), Some(FeedError::Damaged { .. })));
}

#[test]
fn every_changed_byte_of_the_head_is_noticed_at_open() {
    let machine = installed(1);
    let path = machine.files(".head").remove(0);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(open(&machine).err(), Some(FeedError::Damaged { .. })), "{at}");
    }
}

#[test]
fn another_version_of_the_format_is_told_from_damage() {
    let machine = installed(1);
    let path = machine.feed_file();
    let whole = fs::read(&path).unwrap();
    let mut newer = whole.clone();
    newer[17] = b'2';
    fs::write(&path, &newer).unwrap();
    assert!(matches!(open(&machine).err(), Some(FeedError::UnknownFormat(_))));
    fs::write(&path, b"<html>").unwrap();
    assert!(matches!(open(&machine).err(), Some(FeedError::NotAFeed(_))));
}

#[test]
fn who_can_write_the_cache_cannot_make_a_feed_that_is_believed() {
    let (machine, other) = (installed(3), installed(1));
    for path in other.files("") {
        fs::copy(&path, machine.feeds().join(path.file_name().unwrap())).unwrap();
    }
    assert!(matches!(open(&machine).err(), Some(FeedError::Damaged { .. })));
    let key = machine.home.path().join(".local/share/portcullis/feed.key");
    assert!(key.exists() && !key.starts_with(machine.feeds()));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let machine = installed(3);
    let first = fs::read(machine.feed_file()).unwrap();
    machine.later(100);
    // In another order on the disk.
    let mut reversed = files(3);
    reversed.reverse();
    import(&machine, &database(&machine, "db2", &reversed)).unwrap();
    assert_eq!(fs::read(machine.feed_file()).unwrap(), first);
    assert_eq!(open(&machine).unwrap().value.info().refreshed, Some(Timestamp(NOW + 100)));
}

#[test]
fn older_data_does_not_replace_newer_data() {
    let machine = installed(20);
    machine.later(10);
    let older = database(&machine, "older", &files(19));
    match import(&machine, &older).unwrap_err() {
        FeedError::Older { what: "newest record", new, old } => {
            assert_eq!((new.date(), old.date()), ("2024-01-20".into(), "2024-01-21".into()));
        }
        other => panic!("{other}"),
    }
    machine.later(-20);
    let same = machine.home.path().join("db");
    assert!(matches!(import(&machine, &same), Err(FeedError::Older { what: "refresh", .. })));
    machine.later(20);
    assert!(import(&machine, &same).is_ok());
}

#[test]
fn a_refresh_that_takes_away_too_much_is_refused_until_confirmed() {
    let machine = installed(20);
    let poisoned: Vec<_> = files(20)
        .into_iter()
        .enumerate()
        .map(|(n, (path, text))| match n {
            0 | 1 => (path, text.replace("[versions]", "withdrawn = \"2024-02-01\"\n[versions]")),
            2 => (path, text.replace(">= 1.2.3", ">= 0.0.0")),
            _ => (path, text),
        })
        .collect();
    let dir = database(&machine, "poisoned", &poisoned);
    let digest = match import(&machine, &dir).unwrap_err() {
        FeedError::TooMuchChange { change, limit_percent: 10, digest } => {
            assert_eq!((change.before, change.lost()), (21, 3));
            assert_eq!(change.withdrawn, ["RUSTSEC-2024-0001", "RUSTSEC-2024-0002"]);
            assert_eq!(change.changed, ["RUSTSEC-2024-0003"]);
            digest
        }
        other => panic!("{other}"),
    };
    assert_eq!(open(&machine).unwrap().value.info().advisories, 21);
    let other = confirmed(&machine, Digest::of(b"something else"));
    assert!(matches!(other.import_directory(&dir, None), Err(FeedError::TooMuchChange { .. })));
    confirmed(&machine, digest).import_directory(&dir, None).unwrap();
    let now = open(&machine).unwrap().value;
    assert!(now.find("RUSTSEC-2024-0001").unwrap()[0].withdrawn.is_some());
}

#[test]
fn a_refresh_that_changes_little_or_only_adds_is_installed() {
    let machine = installed(20);
    let mut more = files(25);
    more[0].1 = more[0].1.replace("[versions]", "withdrawn = \"2024-02-01\"\n[versions]");
    more.remove(1);
    let change = import(&machine, &database(&machine, "more", &more)).unwrap().change.unwrap();
    assert_eq!((change.before, change.lost(), change.added.len()), (21, 2, 5));
    assert_eq!(change.removed, ["RUSTSEC-2024-0002"]);
}

#[test]
fn damage_of_the_installed_feed_is_no_way_around_the_bound() {
    let machine = installed(20);
    fs::write(machine.feed_file(), b"gone").unwrap();
    let dir = database(&machine, "fewer", &files(20)[..20]);
    let digest = match import(&machine, &dir).unwrap_err() {
        FeedError::NothingToCompare { digest, .. } => digest,
        other => panic!("{other}"),
    };
    assert_eq!(confirmed(&machine, digest).import_directory(&dir, None).unwrap().0.change, None);
}

#[test]
fn what_is_no_database_never_replaces_a_feed() {
    let machine = installed(3);
    let empty = database(&machine, "empty", &[("crates/a/RUSTSEC-0000-0000.md".into(), "draft".into())]);
    assert!(matches!(import(&machine, &empty), Err(FeedError::NotADatabase { .. })));
    assert!(import(&machine, &machine.home.path().join("nowhere")).is_err());
    assert_eq!(use_all(&machine).unwrap(), 5);
}

#[test]
fn a_reader_sees_the_old_or_the_new_feed_while_another_replaces_it() {
    let machine = installed(10);
    let more = [database(&machine, "b", &files(11)), database(&machine, "c", &files(12))];
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            while !done.load(Ordering::Relaxed) || reads == 0 {
                let opened = open(&machine).unwrap().value;
                let all = opened.all().unwrap().len();
                assert_eq!(all, opened.info().advisories);
                assert!((11..=13).contains(&all), "{all}");
                reads += 1;
            }
        });
        for dir in more.iter().chain(more.iter().skip(1)) {
            import(&machine, dir).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
    assert_eq!(machine.files(".feed").len(), 2, "the current file and the one before");
}

#[test]
fn two_writers_at_once_leave_one_whole_feed() {
    let machine = installed(10);
    let dirs = [database(&machine, "b", &files(11)), database(&machine, "c", &files(11))];
    std::thread::scope(|scope| {
        for dir in &dirs {
            scope.spawn(|| import(&machine, dir).unwrap());
        }
    });
    manager(&machine).verify().unwrap();
    assert_eq!(open(&machine).unwrap().value.info().advisories, 12);
}

/// The index of a registry with `pkg-01`: 1.0.0, and 1.0.1 yanked.
fn index(machine: &Machine) -> PathBuf {
    write(machine, "index/config.json", "{}");
    write(machine, "index/pk/g-/pkg-01", index_lines("pkg-01"));
    machine.home.path().join("index")
}

fn index_lines(name: &str) -> String {
    let line = |version: &str, yanked: bool| {
        let sum = Digest::of(version.as_bytes()).hex();
        format!("{{\"name\":\"{name}\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{sum}\",\"yanked\":{yanked}}}\n")
    };
    line("1.0.0", false) + &line("1.0.1", true)
}

#[test]
fn the_facts_of_a_registry_travel_in_the_feed_and_survive_a_refresh() {
    let machine = Machine::new();
    let dir = database(&machine, "db", &files(20));
    write(&machine, "index/pk/g-/pkg-02", "nonsense");
    let (_, gaps) = manager(&machine).import_directory(&dir, Some(&index(&machine))).unwrap();
    assert_eq!(gaps.iter().map(|g| g.what.as_str()).collect::<Vec<_>>(), ["pk/g-/pkg-02"]);
    for dir in [None, Some(database(&machine, "more", &files(21)))] {
        if let Some(dir) = dir {
            import(&machine, &dir).unwrap();
        }
        let feed = open(&machine).unwrap().value;
        assert!(feed.knows_published("pkg-01") && !feed.knows_published("pkg-02") && !feed.knows_published("aaa"));
        let first = feed.published("pkg-01", "1.0.0").unwrap().unwrap();
        assert_eq!((first.checksum, first.yanked), (Some(Digest::of(b"1.0.0")), false));
        assert!(feed.published("pkg-01", "1.0.1").unwrap().unwrap().yanked);
        assert_eq!(feed.published("pkg-01", "9.9.9").unwrap(), None);
        assert_eq!(feed.published("pkg-02", "1.0.0").unwrap(), None);
    }
    manager(&machine).verify().unwrap();
}

#[test]
fn an_exported_feed_is_imported_with_its_key_and_no_other() {
    let (machine, other) = (installed(3), Machine::new());
    let exported = manager(&machine).export().unwrap();
    let path = write(&other, "in.feed", &exported.bytes);
    let wrong = installed(1);
    let wrong_key = manager(&wrong).export().unwrap().key;
    other.later(1_000);
    assert!(matches!(manager(&other).import_file(&path, None), Err(FeedError::NoKey(_))));
    assert!(matches!(manager(&other).import_file(&path, Some(&wrong_key)), Err(FeedError::WrongKey { .. })));
    let key: PublicKey = exported.key.to_string().parse().unwrap();
    manager(&other).import_file(&path, Some(&key)).unwrap();
    assert_eq!(use_all(&other).unwrap(), 5);
    // It is as old as it was where it was made, and signed by this machine now.
    assert_eq!(open(&other).unwrap().value.info().refreshed, Some(Timestamp(NOW)));
    assert_ne!(manager(&other).status().unwrap().key, key);
    assert_eq!(other.feed_file().file_name(), machine.feed_file().file_name());
}

#[test]
fn every_changed_byte_of_an_export_is_refused() {
    let (machine, other) = (installed(1), Machine::new());
    let exported = manager(&machine).export().unwrap();
    for at in 0..exported.bytes.len() {
        let mut bytes = exported.bytes.clone();
        bytes[at] ^= 4;
        let path = write(&other, "in.feed", &bytes);
        assert!(manager(&other).import_file(&path, Some(&exported.key)).is_err(), "{at}");
    }
    for cut in (0..exported.bytes.len()).step_by(7) {
        let path = write(&other, "in.feed", &exported.bytes[..cut]);
        assert!(manager(&other).import_file(&path, Some(&exported.key)).is_err(), "{cut}");
    }
    assert!(matches!(open(&other).err(), Some(FeedError::NotInstalled { .. })));
}

// A mirror on loopback.

/// Answers each request for a path it has with its bytes, others with 404, until `requests` were served.
fn serve(routes: Vec<(&'static str, Vec<u8>)>, requests: usize) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        for _ in 0..requests {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut first = String::new();
            reader.read_line(&mut first).unwrap();
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let path = first.split(' ').nth(1).unwrap_or("");
            let (status, body) = match routes.iter().find(|(route, _)| *route == path) {
                Some((_, body)) => ("200 OK", body.as_slice()),
                None => ("404 Not Found", &b"no"[..]),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let stream = reader.get_mut();
            // The client may hang up early, which is its right.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    (base, thread)
}

fn tarball(files: &[(String, String)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("advisory-db-main/{path}"), text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn update(machine: &Machine, url: &str) -> Result<Installed, FeedError> {
    manager(machine).update(&Mirror::Archive(url.to_owned()), None)
}

#[test]
fn a_refresh_over_http_installs_the_archive_of_a_mirror() {
    let machine = Machine::new();
    let (base, server) = serve(vec![("/db.tar.gz", tarball(&files(3)))], 1);
    let done = update(&machine, &format!("{base}/db.tar.gz")).unwrap();
    server.join().unwrap();
    assert_eq!((done.head.advisories, done.head.committed), (4, Some(Timestamp(1_700_000_000))));
    let directory = database(&machine, "db", &files(3));
    let directory = feed::open(&machine, &Choice::Directory(directory)).unwrap().value;
    assert_eq!(open(&machine).unwrap().value.all().unwrap(), directory.all().unwrap());
    assert_eq!(done.head.content, directory.info().digest);
}

#[test]
fn whatever_a_broken_mirror_answers_the_old_feed_stays() {
    let machine = installed(3);
    let whole = tarball(&files(4));
    let mut bomb = GzEncoder::new(Vec::new(), Compression::default());
    bomb.write_all(&vec![0; 8 << 20]).unwrap();
    let routes = vec![
        ("/page", b"<!DOCTYPE html><html>sign in</html>".to_vec()),
        ("/cut", whole[..whole.len() - 5].to_vec()),
        ("/empty", Vec::new()),
        ("/no-records", tarball(&[("README.md".into(), "x".into())])),
        ("/no-crates", tarball(&files(0))),
        ("/bomb", bomb.finish().unwrap()),
        ("/escape", {
            let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
            let mut header = tar::Header::new_gnu();
            let name = b"db/crates/../../x.md";
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name);
            header.set_size(0);
            header.set_cksum();
            builder.append(&header, &b""[..]).unwrap();
            builder.into_inner().unwrap().finish().unwrap()
        }),
    ];
    let paths: Vec<_> = routes.iter().map(|(path, _)| *path).collect();
    let (base, server) = serve(routes, paths.len() + 1);
    for path in paths {
        let error = update(&machine, &format!("{base}{path}")).unwrap_err();
        let expected = matches!(error, FeedError::NotAnArchive { .. } | FeedError::NotADatabase { .. });
        assert!(expected, "{path}: {error}");
        assert!(!error.help().is_empty() && error.exit_code() == 3, "{path}");
    }
    match update(&machine, &format!("{base}/nothing")).unwrap_err() {
        FeedError::Sys(e) => assert_eq!(e.fault, Fault::Status(404)),
        other => panic!("{other}"),
    }
    server.join().unwrap();
    assert!(update(&machine, "http://example.invalid/db.tar.gz").is_err(), "plain http is for loopback alone");
    assert_eq!(use_all(&machine).unwrap(), 5);
    assert_eq!(machine.files(".feed").len(), 1);
}

#[test]
fn an_archive_larger_than_the_limit_is_refused() {
    let machine = installed(3);
    let (base, server) = serve(vec![("/big", vec![0x1f; (64 << 20) + 1])], 1);
    match update(&machine, &format!("{base}/big")).unwrap_err() {
        FeedError::Sys(e) => assert!(matches!(e.fault, Fault::TooLarge { .. })),
        other => panic!("{other}"),
    }
    server.join().unwrap();
}

#[test]
fn the_git_program_brings_the_same_records() {
    let machine = Machine::new();
    let dir = database(&machine, "db", &files(3));
    let git = |args: &[&str]| {
        let base = ["-c", "user.name=platform-team", "-c", "user.email=platform-team@example.com"];
        let output = std::process::Command::new("git").args(base).args(args).current_dir(&dir).output();
        output.is_ok_and(|o| o.status.success())
    };
    if !git(&["init", "-q"]) {
        eprintln!("skipped: there is no git program");
        return;
    }
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "one"]));
    let mirror = Mirror::Git(format!("file://{}", dir.display()));
    let done = manager(&machine).update(&mirror, None).unwrap();
    let directory = feed::open(&machine, &Choice::Directory(dir.clone())).unwrap().value;
    assert_eq!(done.head.content, directory.info().digest);
    assert_eq!(done.head.commit, directory.info().commit);
    assert!(done.head.commit.is_some() && done.head.committed.is_some());
    // A second refresh fetches into the same repository.
    write(
        &machine,
        "db/crates/pkg-09/RUSTSEC-2024-0009.md",
        record("pkg-09", "RUSTSEC-2024-0009", "2024-01-10", "", "2"),
    );
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "two"]));
    assert_eq!(manager(&machine).update(&mirror, None).unwrap().change.unwrap().added, ["RUSTSEC-2024-0009"]);
    let nowhere = Mirror::Git(format!("file://{}/nowhere", dir.display()));
    assert!(matches!(manager(&machine).update(&nowhere, None), Err(FeedError::Git { .. })));
    let option = Mirror::Git("--upload-pack=touch x".into());
    assert!(manager(&machine).update(&option, None).is_err());
}

#[test]
fn the_index_is_asked_for_each_crate_and_a_missing_answer_is_a_gap() {
    let mut machine = Machine::new();
    let names: BTreeSet<String> = ["pkg-01", "pkg-02", "../x"].map(String::from).into();
    let (base, server) = serve(vec![("/i/pk/g-/pkg-01", index_lines("pkg-01").into_bytes())], 2);
    machine.env.insert("PORTCULLIS_INDEX_URL".into(), format!("sparse+{base}/i/"));
    let answer = published_online(&machine, &names).unwrap();
    server.join().unwrap();
    let found: Vec<_> = answer.value.iter().map(|((n, v), p)| (n.as_str(), v.as_str(), p.yanked)).collect();
    assert_eq!(found, [("pkg-01", "1.0.0", false), ("pkg-01", "1.0.1", true)]);
    let gaps: Vec<_> = answer.gaps.iter().map(|g| (g.kind, g.what.as_str())).collect();
    assert_eq!(gaps, [(GapKind::OnlineFailed, "../x"), (GapKind::OnlineFailed, "pkg-02")]);
}

// The commands.

#[test]
fn the_commands_print_what_they_did_and_give_the_exit_code() {
    let machine = Machine::new();
    let dir = database(&machine, "db", &files(20));
    let name = None;
    let go = |command: FeedCommand| {
        machine.out.lock().unwrap().clear();
        machine.err.lock().unwrap().clear();
        let code = run(&machine, &command, &policy()).unwrap();
        (code, machine.out.lock().unwrap().clone() + &machine.err.lock().unwrap())
    };
    let import = |path: &Path, confirm_change| FeedCommand::Import {
        path: path.to_owned(),
        format: None,
        key: None,
        registry_index: None,
        confirm_change,
        name: None,
    };
    let (code, text) = go(FeedCommand::Status { json: false, name: name.clone() });
    assert_eq!(code, 3);
    assert!(text.contains("portcullis feed update") && text.contains("--feed embedded"), "{text}");
    assert_eq!(go(FeedCommand::Verify { name: name.clone() }).0, 3);

    let (code, text) = go(import(&dir, None));
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("feed rustsec: 21 advisories, newest 2024-01-21, sha256:"), "{text}");
    machine.later(7_200);
    let (code, text) = go(FeedCommand::Status { json: false, name: name.clone() });
    assert!(code == 0 && text.contains("(2h ago)") && text.contains("key        portcullis-feed+"), "{text}");
    let (code, text) = go(FeedCommand::Status { json: true, name: name.clone() });
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["advisories"], &json["age_seconds"]), (0, &21.into(), &7_200.into()));
    assert_eq!(go(FeedCommand::Verify { name: name.clone() }).0, 0);

    let poisoned = files(20).into_iter().map(|(path, text)| (path, text.replace("1.2.3", "0.0.1"))).collect::<Vec<_>>();
    let poisoned = database(&machine, "poisoned", &poisoned);
    let (code, text) = go(import(&poisoned, None));
    assert_eq!(code, 3);
    assert!(text.contains("0 added, 20 changed, 0 withdrawn, 0 removed"), "{text}");
    let digest = text.rsplit_once("--confirm-change ").unwrap().1.trim().parse().unwrap();
    assert_eq!(go(import(&poisoned, Some(digest))).0, 0);

    let to = machine.home.path().join("out.feed");
    let (code, text) = go(FeedCommand::Export { to: Some(to.clone()), name: name.clone() });
    assert!(code == 0 && text.contains("import it with: portcullis feed import "), "{text}");
    assert_eq!(go(import(&to, None)).0, 0);
    let (code, _) = go(FeedCommand::Export { to: Some("/proc/no/such/place".into()), name: name.clone() });
    assert_eq!(code, 4);

    let path = machine.files(".feed").into_iter().find(|p| go_is_current(&machine, p)).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(go(FeedCommand::Verify { name }).0, 1);
    assert_eq!(go(FeedCommand::Status { json: false, name: Some("Not A Name".into()) }).0, 2);
}

fn go_is_current(machine: &Machine, path: &Path) -> bool {
    manager(machine).status().unwrap().path == path
}

#[test]
fn the_default_feed_must_be_installed() {
    let machine = Machine::new();
    let choice = feed::choose(&machine, None).unwrap();
    match feed::open(&machine, &choice).err().unwrap() {
        error @ FeedError::NotInstalled { .. } => assert!(error.help().contains("portcullis feed update")),
        other => panic!("{other}"),
    }
    let homeless = Machine { env: Default::default(), ..Machine::new() };
    assert!(matches!(feed::open(&homeless, &choice).err(), Some(FeedError::NoHome("PORTCULLIS_FEED_DIR"))));
    assert!(RealSys.kind(&machine.feeds()).unwrap().is_none(), "looking makes no directory");
}
