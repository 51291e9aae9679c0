//! `feed update` of other sources, against a mirror on loopback: what is asked, what is installed, and what a broken mirror
//! cannot do.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test: what fails here should fail loudly")]

mod osv_support;
mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use osv_support::{Asked, Mirror, answer, go, npm, npm_at, zip};
use portcullis::feed;
use portcullis::model::Timestamp;
use portcullis::sys::{RealSys, Sys};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use support::{NOW, World};

/// What the mirror answers to each path; 404 to the others.
type Routes = Arc<Mutex<BTreeMap<&'static str, Vec<u8>>>>;

fn mirror() -> (Mirror, Routes) {
    let routes = Routes::default();
    let known = Arc::clone(&routes);
    let answer = move |asked: &Asked| {
        let found = known.lock().unwrap().get(asked.path.as_str()).cloned();
        found.unwrap_or_else(|| answer("404 Not Found", "", b"no"))
    };
    (Mirror::new(answer), routes)
}

fn set(routes: &Routes, path: &'static str, bytes: Vec<u8>) {
    routes.lock().unwrap().insert(path, bytes);
}

/// A dump as the mirror gives it.
fn dump(records: &[(String, String)]) -> Vec<u8> {
    answer("200 OK", "", &zip(records))
}

fn status(world: &World) -> Value {
    let (code, out, err) = world.run(&["feed", "status", "--json"]);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn update(world: &World, mirror: &Mirror, ecosystems: &[&str]) -> (u8, String, String) {
    let mut args = vec!["feed", "update", "--from", &mirror.base];
    args.extend(ecosystems.iter().flat_map(|name| ["--ecosystem", name]));
    world.run(&args)
}

#[test]
fn each_ecosystem_gets_an_index_and_one_that_fails_leaves_the_others() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let (mirror, routes) = mirror();
    set(&routes, "/npm/all.zip", dump(&npm(3)));
    set(&routes, "/Go/all.zip", dump(&go(2)));
    let (code, out, err) = update(&world, &mirror, &["NPM", "PyPI", "go"]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(out.starts_with("index osv-npm: 3 records, newest 2024-01-04, sha256:"), "{out}");
    assert!(out.contains("\nindex osv-go: 2 records") && out.contains("installed for the first time"), "{out}");
    assert!(err.starts_with("error: osv-pypi: cannot fetch ") && err.contains("status 404"), "{err}");
    assert!(err.contains("help: the installed feed is kept"), "{err}");
    let paths: Vec<String> = mirror.take().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/npm/all.zip", "/PyPI/all.zip", "/Go/all.zip"]);
    // Later it is there.
    set(&routes, "/PyPI/all.zip", dump(&npm_at(1, "2024-01-02")));
    assert_eq!(update(&world, &mirror, &["pypi"]).0, 0);
    assert_eq!(feed::installed(&world).unwrap(), ["osv-go", "osv-npm", "osv-pypi"]);
}

#[test]
fn all_asks_for_every_ecosystem_and_a_variable_says_where() {
    let scratch = tempfile::tempdir().unwrap();
    let mut world = World::new(scratch.path());
    let (mirror, _) = mirror();
    world.vars.insert("PORTCULLIS_OSV_URL".into(), format!("{}/osv/", mirror.base));
    let (code, _, err) = world.run(&["feed", "update", "--ecosystem", "all"]);
    assert_eq!((code, err.matches("error: osv-").count()), (3, 13), "{err}");
    let asked = mirror.take();
    assert!(asked.iter().any(|asked| asked.path == "/osv/GitHub%20Actions/all.zip"), "{asked:?}");
    for bad in ["Alpine:v3.20", "a/b", ""] {
        let (code, _, err) = world.run(&["feed", "update", "--ecosystem", "npm", "--ecosystem", bad]);
        assert_eq!(code, 2, "{err}");
    }
    assert!(mirror.take().is_empty(), "nothing is fetched for a command line that is wrong");
}

#[test]
fn what_has_not_changed_is_not_fetched_and_is_fresh_again() {
    let scratch = tempfile::tempdir().unwrap();
    let mut world = World::new(scratch.path());
    let state = Arc::new(Mutex::new(("\"one\"".to_owned(), zip(&npm(20)))));
    let served = Arc::clone(&state);
    let mirror = Mirror::new(move |asked| {
        let (tag, body) = served.lock().unwrap().clone();
        if asked.known.as_ref() == Some(&tag) {
            return b"HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_vec();
        }
        answer("200 OK", &format!("etag: {tag}\r\n"), &body)
    });
    assert_eq!(update(&world, &mirror, &["npm"]).0, 0);
    let before = status(&world)["indexes"][0].clone();
    assert_eq!((before["state"].as_str(), before["age_seconds"].as_i64()), (Some("\"one\""), Some(0)));
    world.now = Timestamp(NOW.0 + 100);
    assert_eq!(status(&world)["indexes"][0]["age_seconds"], 100);
    let (code, out, err) = update(&world, &mirror, &["npm"]);
    assert!(code == 0 && out.ends_with("\nnot changed at its source\n"), "{out}{err}");
    let known: Vec<_> = mirror.take().into_iter().map(|asked| asked.known).collect();
    assert_eq!(known, [None, Some("\"one\"".to_owned())]);
    let after = status(&world)["indexes"][0].clone();
    for key in ["records", "digest", "state", "newest", "size", "ecosystems"] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(after["refreshed"], world.now.to_string());
    assert_eq!(world.run(&["feed", "verify"]).0, 0);
    // A clock that went back makes nothing younger than it was.
    world.now = NOW;
    let (code, _, err) = update(&world, &mirror, &["npm"]);
    assert!(code == 3 && err.contains("older"), "{err}");
    world.now = Timestamp(NOW.0 + 200);
    // Damage is not kept because the source has nothing new.
    let path = scratch.path().join("feeds/osv-npm.index");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    mirror.take();
    let (code, _, err) = update(&world, &mirror, &["npm"]);
    assert_eq!((code, mirror.take()[0].known.clone()), (0, None), "{err}");
    assert_eq!(world.run(&["feed", "verify"]).0, 0);
    // Another state is taken.
    *state.lock().unwrap() = ("W/\"two\"".into(), zip(&npm(21)));
    let (_, out, _) = update(&world, &mirror, &["npm"]);
    assert!(out.contains("1 added, 0 changed, 0 withdrawn, 0 removed"), "{out}");
}

#[test]
fn whatever_a_broken_mirror_answers_the_old_index_stays() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let (mirror, routes) = mirror();
    set(&routes, "/npm/all.zip", dump(&npm(20)));
    assert_eq!(update(&world, &mirror, &["npm"]).0, 0);
    let path = scratch.path().join("feeds/osv-npm.index");
    let before = fs::read(&path).unwrap();
    let whole = zip(&npm(21));
    let half = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", whole.len());
    let lying = [half.as_bytes(), &whole[..whole.len() / 2]].concat();
    let cut = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", &whole[..whole.len() / 2]].concat();
    let mut bomb = GzEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut bomb, &vec![0; 8 << 20]).unwrap();
    for (what, bytes, words) in [
        ("a page", answer("200 OK", "", b"<!DOCTYPE html><html>sign in</html>"), "a page of HTML"),
        ("nothing", answer("200 OK", "", b""), "it is empty"),
        ("half a body", lying, "cannot fetch"),
        ("half a body without a length", cut, "cut short"),
        ("no answer", Vec::new(), "cannot fetch"),
        ("an error", answer("500 Oops", "", b"x"), "status 500"),
        ("nothing new that nobody asked", answer("304 Not Modified", "", b""), "status 304"),
        ("an older dump", dump(&npm(19)), "older"),
        ("another dump", dump(&npm_at(5, "2024-05-01")), "changes 15 of 20 records"),
        ("a bomb", answer("200 OK", "", &bomb.finish().unwrap()), "unpacks to more than"),
        ("no records", dump(&[("README.md".into(), "x".into())]), "no record"),
    ] {
        set(&routes, "/npm/all.zip", bytes);
        let (code, out, err) = update(&world, &mirror, &["npm"]);
        assert_eq!((code, out.as_str()), (3, ""), "{what}: {err}");
        assert!(err.starts_with("error: osv-npm: ") && err.contains(words), "{what}: {err}");
        assert_eq!(fs::read(&path).unwrap(), before, "{what}");
    }
    set(&routes, "/npm/all.zip", dump(&npm_at(5, "2024-05-01")));
    let (_, _, err) = update(&world, &mirror, &["npm"]);
    let digest = err.rsplit_once("--confirm-change ").unwrap().1.trim().to_owned();
    let args = ["feed", "update", "--from", &mirror.base, "--ecosystem", "npm", "--confirm-change", &digest];
    assert_eq!(world.run(&args).0, 0);
}

fn tarball(top: &str, files: &[(String, String)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("{top}{path}"), text.as_bytes()).unwrap();
    }
    let mut link = tar::Header::new_ustar();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, format!("{top}gems/link.yml"), "/etc/passwd").unwrap();
    builder.into_inner().unwrap().finish().unwrap()
}

fn ruby() -> Vec<(String, String)> {
    let text = "gem: rack\ncve: 2024-1\ntitle: t\ndate: 2024-01-02\npatched_versions: ['>= 2.0']\n";
    vec![
        ("gems/rack/CVE-2024-1.yml".into(), text.into()),
        ("spec/schema.yml".into(), "type: map\n".into()),
        ("README.md".into(), "x".into()),
        (".github/x.yml".into(), "x".into()),
    ]
}

#[test]
fn other_archives_and_lines_are_sources_too() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let (mirror, routes) = mirror();
    set(&routes, "/db.tar.gz", answer("200 OK", "", &tarball("db-main/", &ruby())));
    set(
        &routes,
        "/all.jsonl?x=1",
        answer("200 OK", "", npm(2).iter().map(|(_, t)| t.clone() + "\n").collect::<String>().as_bytes()),
    );
    set(&routes, "/all.zip", dump(&go(1)));
    let source = |word: &str, path: &str| format!("{word}:{}{path}", mirror.base);
    let sources = [
        source("rubysec=rubysec", "/db.tar.gz#gems"),
        source("whole=rubysec", "/db.tar.gz"),
        source("lines=osv", "/all.jsonl?x=1"),
        source("zip=osv", "/all.zip"),
        source("part=osv", "/all.zip#gems"),
        source("nothing=rubysec", "/db.tar.gz#rubies"),
    ];
    let mut args = vec!["feed", "update"];
    args.extend(sources.iter().flat_map(|source| ["--source", source]));
    let (code, out, err) = world.run(&args);
    assert_eq!(code, 3, "{out}{err}");
    // Of the whole repository, a file that is no record is told; below the directory there is none. The link is in both.
    let told = |name: &str| {
        let index = feed::open_index(&world, name).unwrap();
        let gaps = index.gaps().unwrap().into_iter();
        gaps.map(|gap| format!("{} {}", gap.what, gap.why)).collect::<Vec<_>>()
    };
    assert_eq!(told("rubysec"), ["rubysec/link.yml it is not a regular file"]);
    let whole = told("whole");
    assert_eq!(whole.len(), 3, "{whole:?}");
    assert!(whole.iter().any(|gap| gap.starts_with("whole/spec/schema.yml it names neither")), "{whole:?}");
    assert!(whole.iter().any(|gap| gap.contains("not of this format: 1 (README.md)")), "{whole:?}");
    // What is left out on purpose is told now, and not by each check.
    assert_eq!(out.matches("\nnote: files not of this format: 1 (README.md)\n").count(), 1, "{out}");
    assert!(out.contains("index lines: 2 records") && out.contains("index zip: 1 record,"), "{out}");
    assert!(err.contains("error: part: ") && err.contains("error: nothing: "), "{err}");
    assert_eq!(feed::installed(&world).unwrap(), ["lines", "rubysec", "whole", "zip"]);
    mirror.take();
    let twice = [&["feed", "update", "--ecosystem", "npm"][..], &["--source", "osv-npm=osv:https://x.example/a.zip"]];
    let (code, _, err) = world.run(&twice.concat());
    assert!(code == 2 && err.contains("two sources are named `osv-npm`") && mirror.take().is_empty(), "{err}");
    for name in ["rustsec", "embedded"] {
        let (code, _, err) = world.run(&["feed", "update", "--source", &source(&format!("{name}=osv"), "/all.zip")]);
        assert_eq!(code, 2, "{err}");
    }
}

#[test]
fn a_repository_is_a_source_and_its_commit_the_state() {
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let dir = scratch.path().join("db");
    for (path, text) in ruby() {
        fs::create_dir_all(dir.join(&path).parent().unwrap()).unwrap();
        fs::write(dir.join(path), text).unwrap();
    }
    let git = |args: &[&str]| {
        let base = ["-c", "user.name=platform-team", "-c", "user.email=platform-team@example.com"];
        let output = std::process::Command::new("git").args(base).args(args).current_dir(&dir).output();
        output.is_ok_and(|o| o.status.success())
    };
    if !git(&["init", "-q"]) {
        eprintln!("skipped: there is no git program");
        return;
    }
    assert!(git(&["add", "-A"]) && git(&["commit", "-q", "-m", "one"]));
    let source = |dir_inside: &str| format!("rubysec=rubysec:git+file://{}{dir_inside}", dir.display());
    let (code, out, err) = world.run(&["feed", "update", "--source", &source("#gems")]);
    assert!(code == 0 && out.starts_with("index rubysec: 1 record, newest 2024-01-02"), "{out}{err}");
    let state = status(&world)["indexes"][0]["state"].as_str().unwrap().to_owned();
    assert!(state.len() == 40 && state.bytes().all(|b| b.is_ascii_hexdigit()), "{state}");
    let (code, out, _) = world.run(&["feed", "update", "--source", &source("#gems")]);
    assert!(code == 0 && out.contains("0 added, 0 changed"), "a commit is no state to ask a server about: {out}");
    for bad in ["#nowhere", "/nowhere.git"] {
        let (code, _, err) = world.run(&["feed", "update", "--source", &source(bad)]);
        assert!(code == 3 && err.contains("git could not"), "{err}");
    }
}

#[test]
fn status_verify_export_import_and_remove_speak_of_all_that_is_installed() {
    let scratch = tempfile::tempdir().unwrap();
    let mut world = World::new(scratch.path());
    world.cwd = scratch.path().to_owned();
    assert_eq!((world.run(&["feed", "status"]).0, world.run(&["feed", "verify"]).0), (3, 3));
    fs::write(scratch.path().join("npm.zip"), zip(&npm(3))).unwrap();
    let (code, out, err) = world.run(&["feed", "import", "npm.zip", "--format", "osv"]);
    assert!(code == 0 && out.starts_with("index osv-npm: 3 records"), "{out}{err}");
    // Without RustSec's feed.
    let (code, out, _) = world.run(&["feed", "status"]);
    assert!(
        code == 0 && out.starts_with("name       rustsec\nkind       not installed\n\nname       osv-npm\n"),
        "{out}"
    );
    assert!(out.contains("ecosystems npm\n") && out.contains("(0s ago)"), "{out}");
    let json = status(&world);
    assert_eq!(
        (json["name"].as_str(), json["kind"].is_null(), json["indexes"][0]["name"].as_str()),
        (Some("rustsec"), true, Some("osv-npm"))
    );
    let record = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"a\"\ndate = \"2024-01-02\"\n[versions]\n\
                  patched = []\n```\n\n# t\n\nx\n";
    fs::create_dir_all(scratch.path().join("db/crates/a")).unwrap();
    fs::write(scratch.path().join("db/crates/a/RUSTSEC-2024-0001.md"), record).unwrap();
    assert_eq!(world.run(&["feed", "import", "db"]).0, 0);
    assert_eq!(world.run(&["feed", "import", "db", "--name", "mine"]).0, 0);
    let json = status(&world);
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "advisories",
        "age_seconds",
        "commit",
        "digest",
        "facts",
        "feeds",
        "file",
        "file_digest",
        "indexes",
        "key",
        "kind",
        "name",
        "newest",
        "refreshed",
        "schema",
        "size",
        "unreadable",
    ];
    assert_eq!(keys, expected);
    assert_eq!((json["advisories"].as_u64(), json["feeds"][0]["name"].as_str()), (Some(1), Some("mine")));
    let (code, out, _) = world.run(&["feed", "verify"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        lines,
        ["feed rustsec is whole: 1 advisory", "feed mine is whole: 1 advisory", "index osv-npm is whole: 3 records"]
    );
    // One by name.
    let (code, out, _) = world.run(&["feed", "status", "--name", "osv-npm", "--json"]);
    let one: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &one), (0, &json["indexes"][0]));
    assert_eq!(world.run(&["feed", "status", "--name", "../x"]).0, 2);
    // To a file and back, on this machine.
    let (code, out, err) = world.run(&["feed", "export", "--name", "osv-npm", "--to", "x.index"]);
    assert!(code == 0 && out.contains("portcullis feed import x.index --key portcullis-feed+"), "{out}{err}");
    assert_eq!(world.run(&["feed", "import", "x.index", "--name", "copy"]).0, 0);
    assert_eq!(feed::installed(&world).unwrap(), ["copy", "osv-npm"]);
    // Damage of one does not hide the others.
    let path = scratch.path().join("feeds/copy.index");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (code, out, err) = world.run(&["feed", "verify"]);
    assert_eq!((code, out.lines().count()), (1, 3), "{err}");
    assert!(err.starts_with("error: copy: ") && err.contains("help: portcullis feed"), "{err}");
    let (code, out, err) = world.run(&["feed", "status"]);
    assert!(code == 3 && out.contains("osv-npm") && err.starts_with("error: copy: "), "{out}{err}");
    let (code, out, _) = world.run(&["feed", "remove", "copy"]);
    assert!(code == 0 && out.starts_with("removed index copy\n  ") && out.contains("copy.index"), "{out}");
    let (code, out, _) = world.run(&["feed", "remove", "mine"]);
    assert!(code == 0 && out.starts_with("removed feed mine\n  ") && out.lines().count() == 3, "{out}");
    assert_eq!(world.run(&["feed", "remove", "mine"]).0, 3);
    assert_eq!(world.run(&["feed", "verify"]).0, 0);
}

/// Every call to the outside world fails in turn: the index is the old one or the new one, and whole.
#[test]
fn no_broken_call_leaves_half_an_index() {
    let scratch = tempfile::tempdir().unwrap();
    let (mirror, routes) = mirror();
    let dump = |count| answer("200 OK", "etag: \"x\"\r\n", &zip(&npm(count)));
    let source = format!("npm=osv:{}/all.zip", mirror.base);
    let mut calls = 0;
    for n in 0..10_000 {
        let at = scratch.path().join(n.to_string());
        let sound = World::new(&at);
        set(&routes, "/all.zip", dump(2));
        assert_eq!(sound.run(&["feed", "update", "--source", &source]).0, 0);
        let before = index(&at);
        set(&routes, "/all.zip", dump(3));
        let mut world = World::new(&at);
        world.fail_at = Some(n);
        let (code, out, err) = world.run(&["feed", "update", "--source", &source]);
        let failed = world.failed.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(sound.run(&["feed", "verify"]).0, 0);
        let kept = index(&at) == before;
        let broke = world.broke.lock().unwrap().clone();
        // A read of the installed index may fail on the way to asking the mirror: then everything is fetched. What is
        // printed after the installation can fail too.
        assert!(code != 0 || !kept, "{n} ({broke}): {out}{err}");
        if !failed {
            calls = n;
            break;
        }
        fs::remove_dir_all(&at).unwrap();
    }
    assert!(calls > 20, "only {calls} calls");
}

fn index(at: &Path) -> Vec<u8> {
    RealSys.read(&at.join("feeds/npm.index"), portcullis::sys::Bytes::mib(1)).unwrap()
}
