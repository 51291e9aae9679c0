//! Indexes of other sources as files: how they get there, and what never takes the place of one. What mirrors answer is in
//! `feed_remote`.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests damage files behind the back of `Sys`")]

mod feed_support;
mod osv_support;

use feed_support::{Machine, NOW, policy};
use osv_support::{go, npm, npm_at, zip};
use portcullis::feed::gather::Format;
use portcullis::feed::index::{self, Input};
use portcullis::feed::{self, FeedError, Indexes, InstalledIndex, Manager};
use portcullis::model::{Digest, GapKind, Timestamp};
use portcullis::sys::{RealSys, Sys};
use std::fs;
use std::path::{Path, PathBuf};

fn write(machine: &Machine, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = machine.home.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// A zip archive of these records.
fn dump(machine: &Machine, path: &str, records: &[(String, String)]) -> PathBuf {
    write(machine, path, zip(records))
}

fn indexes(machine: &Machine) -> Indexes<'_> {
    Indexes::new(machine, &policy(), None).unwrap()
}

fn import(machine: &Machine, path: &Path) -> Result<InstalledIndex, FeedError> {
    indexes(machine).import(Format::Osv, path, None)
}

fn confirmed(machine: &Machine, path: &Path, digest: Digest) -> Result<InstalledIndex, FeedError> {
    Indexes::new(machine, &policy(), Some(digest)).unwrap().import(Format::Osv, path, None)
}

/// The ids that the installed index has on a package of npm.
fn ids(machine: &Machine, package: &str) -> Vec<String> {
    let index = feed::open_index(machine, "osv-npm").unwrap();
    let found = index.package("npm", package).unwrap();
    let statements = found.into_iter().flat_map(|package| package.statements);
    statements.map(|statement| index.record(statement.record).unwrap().1.id).collect()
}

fn index_file(machine: &Machine, name: &str) -> PathBuf {
    machine.feeds().join(format!("{name}.index"))
}

/// A machine with an index of so many records.
fn installed(count: usize) -> Machine {
    let machine = Machine::new();
    import(&machine, &dump(&machine, "all.zip", &npm(count))).unwrap();
    machine
}

#[test]
fn a_directory_and_an_archive_of_it_give_the_same_bytes() {
    let (one, two) = (Machine::new(), Machine::new());
    for (path, text) in npm(3) {
        write(&one, &format!("npm/{path}"), text);
    }
    fs::create_dir_all(two.home.path().join(".local/share/portcullis")).unwrap();
    let done = import(&one, &one.home.path().join("npm")).unwrap();
    assert_eq!((done.watermark.source.as_str(), done.watermark.records, done.unreadable), ("osv-npm", 3, 0));
    assert_eq!(done.watermark.newest.map(Timestamp::date).as_deref(), Some("2024-01-04"));
    assert!(done.change.is_none());
    let first = fs::read(index_file(&one, "osv-npm")).unwrap();
    // With the same key, and the files in another order.
    fs::copy(one.home.path().join(".local/share/portcullis/feed.key"), two.home.path().join("key")).unwrap();
    let mut two = two;
    two.env.insert("PORTCULLIS_FEED_KEY".into(), two.home.path().join("key").to_str().unwrap().to_owned());
    let mut reversed = npm(3);
    reversed.reverse();
    import(&two, &dump(&two, "all.zip", &reversed)).unwrap();
    assert_eq!(fs::read(index_file(&two, "osv-npm")).unwrap(), first);
    assert_eq!((ids(&two, "pkg-02"), ids(&two, "pkg-99")), (vec!["GHSA-0002".to_owned()], vec![]));
}

#[test]
fn lines_are_a_source_and_a_line_that_cannot_be_read_is_told() {
    let machine = Machine::new();
    let mut lines: Vec<String> = npm(3).into_iter().map(|(_, text)| text.replace('\n', " ")).collect();
    lines.push("{\"id\":".into());
    let done = import(&machine, &write(&machine, "dump.jsonl", lines.join("\n"))).unwrap();
    assert_eq!((done.watermark.source.as_str(), done.watermark.records, done.unreadable), ("osv-npm", 3, 1));
    // The gap has the name of the index, which was not known when the line was read.
    let gaps = feed::open_index(&machine, "osv-npm").unwrap().gaps().unwrap();
    assert_eq!((gaps[0].kind, gaps[0].what.as_str()), (GapKind::AdvisoryUnreadable, "osv-npm/dump.jsonl:000000004"));
}

#[test]
fn an_index_is_called_by_its_ecosystem_its_path_its_format_or_as_asked() {
    let machine = Machine::new();
    let mixed = [npm(2), go(2)].concat();
    let named = |path: &str, name| {
        let path = dump(&machine, path, &mixed);
        indexes(&machine).import(Format::Osv, &path, name).map(|done| done.watermark.source)
    };
    assert_eq!(named("My Dump.zip", None).as_deref(), Ok("osv-my-dump"));
    assert_eq!(named("My Dump.zip", Some("mine")).as_deref(), Ok("mine"));
    assert!(matches!(named("\u{e9}.zip", None), Err(FeedError::NoName(_))));
    for name in ["Mine", "", "../x", "embedded", &"a".repeat(33)] {
        assert_eq!(named("x.zip", Some(name)), Err(FeedError::BadName(name.to_owned())));
    }
    let ruby = "gem: rack\ncve: 2024-1\ntitle: t\ndate: 2024-01-02\npatched_versions: ['>= 2.0']\n";
    write(&machine, "ruby/gems/rack/CVE-2024-1.yml", ruby);
    let done = indexes(&machine).import(Format::RubySec, &machine.home.path().join("ruby"), None).unwrap();
    assert_eq!(done.watermark.source, "rubysec");
    assert_eq!(feed::installed(&machine).unwrap(), ["mine", "osv-my-dump", "rubysec"]);
}

/// A checkout of RustSec's database with one record.
fn rustsec(machine: &Machine) -> PathBuf {
    let text = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"a\"\ndate = \"2024-01-02\"\n[versions]\n\
                patched = []\n```\n\n# t\n\nx\n";
    write(machine, "db/crates/a/RUSTSEC-2024-0001.md", text);
    machine.home.path().join("db")
}

#[test]
fn a_feed_of_rustsec_and_an_index_never_have_one_name() {
    let machine = installed(2);
    let (db, zip) = (rustsec(&machine), machine.home.path().join("all.zip"));
    let manager = |name| Manager::new(&machine, Some(name), &policy(), None).unwrap();
    let refused = manager("osv-npm").import_directory(&db, None).unwrap_err();
    assert!(matches!(&refused, FeedError::NameTaken { .. }), "{refused}");
    assert_eq!((refused.exit_code(), ids(&machine, "pkg-01").len()), (2, 1));
    manager("other").import_directory(&db, None).unwrap();
    for name in ["other", "rustsec"] {
        let refused = indexes(&machine).import(Format::Osv, &zip, Some(name)).unwrap_err();
        assert!(matches!(refused, FeedError::NameTaken { .. }), "{name}");
    }
    let beside = indexes(&machine).import(Format::RustSec, &db, None).unwrap();
    assert_eq!((beside.watermark.source.as_str(), beside.watermark.records), ("rustsec-index", 1));
    assert_eq!(feed::feeds(&machine).unwrap(), ["other"]);
}

#[test]
fn older_data_does_not_replace_newer_data() {
    let machine = installed(20);
    machine.later(10);
    let older = dump(&machine, "older.zip", &npm(19));
    match import(&machine, &older).unwrap_err() {
        FeedError::Older { what: "newest record", new, old } => {
            assert_eq!((new.date(), old.date()), ("2024-01-20".into(), "2024-01-21".into()));
        }
        other => panic!("{other}"),
    }
    let digest = indexes(&machine).status("osv-npm").unwrap().watermark.content;
    assert!(matches!(confirmed(&machine, &older, digest), Err(FeedError::Older { .. })));
    machine.later(-20);
    let same = machine.home.path().join("all.zip");
    assert!(matches!(import(&machine, &same), Err(FeedError::Older { what: "refreshed", .. })));
    machine.later(20);
    assert_eq!(import(&machine, &same).unwrap().change.unwrap().lost(), 0);
    assert_eq!(indexes(&machine).status("osv-npm").unwrap().watermark.refreshed, Timestamp(NOW + 10));
}

#[test]
fn a_source_without_times_does_not_lose_records() {
    let machine = Machine::new();
    let timeless = |count| npm_at(count, "0001-01-01");
    import(&machine, &dump(&machine, "a.zip", &timeless(20))).unwrap();
    let fewer = import(&machine, &dump(&machine, "b.zip", &timeless(19)));
    assert!(matches!(fewer, Err(FeedError::FewerRecords { new: 19, old: 20, .. })));
    assert!(import(&machine, &dump(&machine, "c.zip", &timeless(21))).is_ok());
}

#[test]
fn a_refresh_that_takes_away_too_much_is_refused_until_confirmed() {
    let machine = installed(20);
    let mut poisoned = npm(21);
    poisoned[0].1 = poisoned[0].1.replace("\"id\"", "\"withdrawn\":\"2024-02-01T00:00:00Z\",\"id\"");
    poisoned[1].1 = poisoned[1].1.replace("1.2.3", "0.0.1");
    poisoned.remove(2);
    let path = dump(&machine, "poisoned.zip", &poisoned);
    let digest = match import(&machine, &path).unwrap_err() {
        FeedError::TooMuchChange { change, limit_percent: 10, digest } => {
            assert_eq!((change.before, change.lost()), (20, 3));
            assert_eq!(change.withdrawn, ["GHSA-0001"]);
            assert_eq!(change.changed, ["GHSA-0002"]);
            assert_eq!(change.removed, ["GHSA-0003"]);
            assert_eq!(change.added, ["GHSA-0021"]);
            digest
        }
        other => panic!("{other}"),
    };
    assert_eq!((ids(&machine, "pkg-03").len(), ids(&machine, "pkg-21").len()), (1, 0));
    let other = confirmed(&machine, &path, Digest::of(b"something else"));
    assert!(matches!(other, Err(FeedError::TooMuchChange { .. })));
    assert_eq!(confirmed(&machine, &path, digest).unwrap().change.unwrap().lost(), 3);
    assert_eq!((ids(&machine, "pkg-03").len(), ids(&machine, "pkg-21").len()), (0, 1));
}

#[test]
fn a_refresh_that_changes_little_or_only_the_time_of_records_is_installed() {
    let machine = installed(20);
    let mut little = npm(25);
    little[0].1 = little[0].1.replace("1.2.3", "1.2.4");
    little.remove(1);
    let change = import(&machine, &dump(&machine, "little.zip", &little)).unwrap().change.unwrap();
    assert_eq!((change.before, change.lost(), change.added.len()), (20, 2, 5));
    let touched: Vec<_> = little
        .iter()
        .map(|(path, text)| (path.clone(), text.replace("\"modified\":\"2024-01", "\"modified\":\"2024-05")))
        .collect();
    let change = import(&machine, &dump(&machine, "touched.zip", &touched)).unwrap().change.unwrap();
    assert_eq!((change.before, change.lost(), change.added.len()), (24, 0, 0));
}

#[test]
fn records_that_share_an_id_are_counted_together() {
    let machine = Machine::new();
    let twins = |fixed: &str| {
        let twin = |gem: &str| {
            let text =
                format!("gem: {gem}\ncve: 2024-1\ntitle: t\ndate: 2024-01-02\npatched_versions: ['>= {fixed}']\n");
            (format!("gems/{gem}/CVE-2024-1.yml"), text)
        };
        [twin("rack"), twin("rails")]
    };
    let path = dump(&machine, "ruby.zip", &twins("2.0"));
    indexes(&machine).import(Format::RubySec, &path, None).unwrap();
    let path = dump(&machine, "ruby.zip", &twins("2.1"));
    match indexes(&machine).import(Format::RubySec, &path, None).unwrap_err() {
        FeedError::TooMuchChange { change, .. } => assert_eq!((change.before, change.changed.len()), (1, 1)),
        other => panic!("{other}"),
    }
}

#[test]
fn what_is_no_source_never_replaces_an_index() {
    let machine = installed(3);
    let whole = zip(&npm(4));
    for (path, bytes) in [
        ("page.zip", b"<!DOCTYPE html><html>sign in</html>".to_vec()),
        ("empty.zip", Vec::new()),
        ("cut.zip", whole[..whole.len() - 5].to_vec()),
        ("no-records.zip", zip(&[("README.md".into(), "x".into())])),
        ("pages.zip", zip(&[("GHSA-0001.json".into(), "<html>".into())])),
        ("half.json", b"{\"id\": \"A-1\", \"modif".to_vec()),
        ("cut.tar.gz", vec![0x1f, 0x8b, 8, 0]),
    ] {
        let path = write(&machine, path, bytes);
        let refused = indexes(&machine).import(Format::Osv, &path, Some("osv-npm")).unwrap_err();
        assert!(matches!(refused, FeedError::NotAnArchive { .. }), "{}: {refused}", path.display());
        assert!(!refused.help().is_empty() && refused.exit_code() == 3);
    }
    let nowhere = machine.home.path().join("nowhere");
    assert!(matches!(import(&machine, &nowhere), Err(FeedError::Sys(_))));
    assert_eq!((ids(&machine, "pkg-03").len(), machine.files(".index").len()), (1, 1));
}

#[test]
fn damage_of_the_installed_index_is_no_way_around_the_bound() {
    let machine = installed(20);
    let file = index_file(&machine, "osv-npm");
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    // In the text of a record, which alone is compared.
    let at = whole.windows(9).position(|w| w == b"of pkg-07").unwrap();
    flipped[at] ^= 1;
    let fewer = dump(&machine, "fewer.zip", &[npm(1), npm(21)[20..].to_vec()].concat());
    for bytes in [b"gone".to_vec(), whole[..100].to_vec(), flipped] {
        fs::write(&file, &bytes).unwrap();
        let digest = match import(&machine, &fewer).unwrap_err() {
            FeedError::NothingToCompare { digest, .. } => digest,
            other => panic!("{other}"),
        };
        assert_eq!(fs::read(&file).unwrap(), bytes);
        assert!(confirmed(&machine, &fewer, digest).unwrap().change.is_none());
    }
}

#[test]
fn who_can_write_the_cache_cannot_make_an_index_that_is_believed() {
    let (machine, other) = (installed(3), installed(1));
    fs::copy(index_file(&other, "osv-npm"), index_file(&machine, "osv-npm")).unwrap();
    assert!(matches!(feed::open_index(&machine, "osv-npm").err(), Some(FeedError::WrongKey { .. })));
    // Nor can it be given another name.
    let machine = installed(3);
    fs::copy(index_file(&machine, "osv-npm"), index_file(&machine, "osv-pypi")).unwrap();
    assert!(matches!(indexes(&machine).status("osv-pypi").err(), Some(FeedError::Damaged { .. })));
    assert!(indexes(&machine).status("osv-npm").is_ok());
}

#[test]
fn an_index_of_several_sources_is_no_installed_one() {
    let machine = installed(2);
    let key = feed::signing_key(&machine).unwrap();
    let input = |name: &str| {
        let gathered = feed::gather::file(&machine, name, Format::Osv, &machine.home.path().join("all.zip")).unwrap();
        Input { name: name.into(), format: Format::Osv, gathered, refreshed: Timestamp(NOW), mark: None }
    };
    let several = index::compile("osv-npm", vec![input("osv-npm"), input("other")], &key).unwrap();
    let path = write(&machine, "several.index", &several.bytes);
    assert!(matches!(indexes(&machine).import_file(&path, None, None), Err(FeedError::NotOneSource { count: 2, .. })));
    fs::write(index_file(&machine, "osv-npm"), &several.bytes).unwrap();
    assert!(matches!(indexes(&machine).verify("osv-npm"), Err(FeedError::Damaged { .. })));
}

#[test]
fn a_crash_between_the_temporary_file_and_its_rename_leaves_the_old_index() {
    let machine = installed(10);
    let before = fs::read(index_file(&machine, "osv-npm")).unwrap();
    let more = dump(&machine, "more.zip", &npm(11));
    *machine.dies_writing.lock().unwrap() = Some(".index");
    let error = import(&machine, &more).unwrap_err();
    assert_eq!((error.exit_code(), machine.files(".tmp").len()), (4, 1));
    assert_eq!(fs::read(index_file(&machine, "osv-npm")).unwrap(), before);
    assert_eq!(feed::installed(&machine).unwrap(), ["osv-npm"]);
    *machine.dies_writing.lock().unwrap() = None;
    assert_eq!(import(&machine, &more).unwrap().change.unwrap().added, ["GHSA-0011"]);
    assert_eq!(ids(&machine, "pkg-11").len(), 1);
}

#[test]
fn two_imports_at_once_leave_one_whole_index() {
    let machine = installed(10);
    let dumps = [dump(&machine, "b.zip", &npm(11)), dump(&machine, "c.zip", &npm(11))];
    std::thread::scope(|scope| {
        for path in &dumps {
            scope.spawn(|| import(&machine, path).unwrap());
        }
    });
    assert_eq!(indexes(&machine).verify("osv-npm").unwrap().records, 11);
    assert!(machine.files(".tmp").is_empty());
}

#[test]
fn an_exported_index_is_imported_with_its_key_and_no_other() {
    let (machine, other) = (installed(3), Machine::new());
    let exported = indexes(&machine).export("osv-npm").unwrap();
    assert_eq!(exported.file_name, "osv-npm-2026-11-22.index");
    assert_eq!(exported.bytes, fs::read(index_file(&machine, "osv-npm")).unwrap());
    let path = write(&other, "in.index", &exported.bytes);
    let wrong = indexes(&installed(1)).export("osv-npm").unwrap().key;
    other.later(1_000);
    assert!(matches!(indexes(&other).import_file(&path, None, None), Err(FeedError::NoKey(_))));
    assert!(matches!(indexes(&other).import_file(&path, Some(&wrong), None), Err(FeedError::WrongKey { .. })));
    let done = indexes(&other).import_file(&path, Some(&exported.key), None).unwrap();
    // It is as old as it was where it was made, and signed by this machine now.
    assert_eq!((done.watermark.source.as_str(), done.watermark.refreshed), ("osv-npm", Timestamp(NOW)));
    let status = indexes(&other).status("osv-npm").unwrap();
    assert_ne!(status.key, exported.key);
    assert_eq!(status.file, indexes(&machine).status("osv-npm").unwrap().file);
    assert_eq!(ids(&other, "pkg-02"), ["GHSA-0002"]);
    let renamed = indexes(&other).import_file(&path, Some(&exported.key), Some("mine")).unwrap();
    assert_eq!((renamed.watermark.source.as_str(), renamed.watermark.records), ("mine", 3));
}

#[test]
fn a_clock_that_ran_ahead_elsewhere_does_not_keep_an_index_young() {
    let (machine, other) = (Machine::new(), Machine::new());
    machine.later(1_000);
    import(&machine, &dump(&machine, "all.zip", &npm(2))).unwrap();
    let exported = indexes(&machine).export("osv-npm").unwrap();
    let path = write(&other, "in.index", &exported.bytes);
    let done = indexes(&other).import_file(&path, Some(&exported.key), None).unwrap();
    assert_eq!(done.watermark.refreshed, Timestamp(NOW));
}

#[test]
fn every_changed_byte_of_an_export_is_refused() {
    let (machine, other) = (installed(1), Machine::new());
    let exported = indexes(&machine).export("osv-npm").unwrap();
    for at in 0..exported.bytes.len() {
        let mut bytes = exported.bytes.clone();
        bytes[at] ^= 4;
        let path = write(&other, "in.index", &bytes);
        assert!(indexes(&other).import_file(&path, Some(&exported.key), None).is_err(), "{at}");
    }
    for cut in (0..exported.bytes.len()).step_by(7) {
        let path = write(&other, "in.index", &exported.bytes[..cut]);
        assert!(indexes(&other).import_file(&path, Some(&exported.key), None).is_err(), "{cut}");
    }
    assert!(feed::installed(&other).unwrap().is_empty());
}

#[test]
fn gaps_are_the_same_after_export_and_import() {
    let (machine, other) = (Machine::new(), Machine::new());
    let odd = [
        npm(2),
        vec![
            ("a.json".into(), "<html>".into()),
            ("README.md".into(), "x".into()),
            // Twice one id on one package, and an ecosystem whose versions have no known order.
            ("b.json".into(), npm(1)[0].1.replace("1.2.3", "2.0.0")),
            ("c.json".into(), npm(1)[0].1.replace("\"npm\"", "\"Unheard\"").replace("GHSA-0001", "X-1")),
        ],
    ]
    .concat();
    let path = dump(&machine, "odd.zip", &odd);
    let done = indexes(&machine).import(Format::Osv, &path, Some("odd")).unwrap();
    assert_eq!((done.watermark.records, done.unreadable), (4, 2));
    let gaps = feed::open_index(&machine, "odd").unwrap().gaps().unwrap();
    assert_eq!(gaps.len(), 4, "{gaps:?}");
    let exported = indexes(&machine).export("odd").unwrap();
    let path = write(&other, "in.index", &exported.bytes);
    indexes(&other).import_file(&path, Some(&exported.key), None).unwrap();
    assert_eq!(feed::open_index(&other, "odd").unwrap().gaps().unwrap(), gaps);
}

#[test]
fn what_is_removed_is_gone_whatever_state_it_was_in() {
    let machine = installed(2);
    Manager::new(&machine, None, &policy(), None).unwrap().import_directory(&rustsec(&machine), None).unwrap();
    fs::write(index_file(&machine, "osv-npm"), b"damage").unwrap();
    let removed = feed::remove(&machine, "osv-npm").unwrap();
    assert_eq!((removed.is_index, removed.files), (true, vec![index_file(&machine, "osv-npm")]));
    let removed = feed::remove(&machine, "rustsec").unwrap();
    assert_eq!((removed.is_index, removed.files.len()), (false, 2));
    for name in ["osv-npm", "rustsec", "never"] {
        assert!(matches!(feed::remove(&machine, name), Err(FeedError::NotInstalled { .. })), "{name}");
    }
    assert!(matches!(feed::remove(&machine, "../x"), Err(FeedError::BadName(_))));
    assert_eq!((machine.files(".index").len(), machine.files(".feed").len(), machine.files(".head").len()), (0, 0, 0));
    let fresh = Machine::new();
    assert!(feed::remove(&fresh, "osv-npm").is_err());
    assert!(RealSys.kind(&fresh.feeds()).unwrap().is_none(), "looking makes no directory");
}

#[test]
fn the_ecosystems_of_an_index_are_told() {
    let machine = Machine::new();
    let mixed = [
        npm(300),
        go(3),
        vec![("d.json".into(), npm(1)[0].1.replace("\"npm\"", "\"AlmaLinux:9\"").replace("GHSA", "ALSA"))],
    ];
    indexes(&machine).import(Format::Osv, &dump(&machine, "mixed.zip", &mixed.concat()), None).unwrap();
    let status = indexes(&machine).status("osv-mixed").unwrap();
    assert_eq!(status.ecosystems, ["AlmaLinux:9", "Go", "npm"]);
    assert_eq!((status.size.0, status.gaps), (fs::metadata(&status.path).unwrap().len(), 0));
}
