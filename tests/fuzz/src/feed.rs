//! Laws of what reads a compiled feed. The input is a text of sections that begin with `%%`; the first says what is
//! done:
//!
//! - `%% flip FILE`: edits to a valid `feed`, `head` or `export`, four bytes each: offset (two), what, with which byte.
//! - `%% tar`: an archive of the database, which a refresh fetches.
//! - anything else: the parts of a feed, each as it is, laid out, digested and signed as they should be. So the readers
//!   behind the signature get bytes that no compiler of ours would write.

use super::memory::{Memory, RANDOM};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use portcullis::config::FeedPolicy;
use portcullis::feed::{self, Choice, FeedError, Manager, Mirror, PublicKey, Published};
use portcullis::model::{Advisory, Collection, Digest, Gap, Timestamp};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A changed file is an error or gives the old answers. Parts that nobody compiled are errors or give answers that agree
/// with each other. A refresh that fails leaves the installed feed as it was.
pub fn feed(data: &[u8]) {
    let sections = sections(data);
    match sections.first() {
        Some((header, edits)) if header.starts_with("flip ") => flip(header, edits),
        Some((header, archive)) if *header == "tar" => refresh(archive),
        _ => parts(&sections),
    }
}

/// Header and bytes of each section. What stands before the first one is left out.
fn sections(data: &[u8]) -> Vec<(&str, &[u8])> {
    const MARK: &[u8] = b"\n%% ";
    let mut out = Vec::new();
    let mut rest = data.strip_prefix(b"%% ");
    while let Some(section) = rest {
        let end = section.windows(MARK.len()).position(|window| window == MARK);
        let (this, next) = match end {
            Some(at) => (&section[..at], Some(&section[at + MARK.len()..])),
            None => (section, None),
        };
        let line = this.iter().position(|b| *b == b'\n').unwrap_or(this.len());
        let body = this.get(line + 1..).unwrap_or_default();
        out.push((std::str::from_utf8(&this[..line]).unwrap_or_default(), body));
        rest = next;
    }
    out
}

/// What a feed says of everything that the sample has.
#[derive(Debug, PartialEq)]
struct Answers {
    content: Digest,
    gaps: Vec<Gap>,
    all: Vec<Advisory>,
    packages: Vec<Vec<Advisory>>,
    found: Vec<Advisory>,
    published: Vec<Option<Published>>,
}

const NAMES: [&str; 4] = ["alpha", "beta", "std", "zeta"];

fn ask(sys: &Memory) -> Result<Answers, FeedError> {
    let opened = feed::open(sys, &Choice::Installed("rustsec".into()))?;
    let feed = opened.value;
    let mut packages = Vec::new();
    let mut published = Vec::new();
    for name in NAMES {
        for collection in [Collection::Crates, Collection::Rust] {
            packages.push(feed.for_package(collection, name)?.to_vec());
        }
        for version in ["1.0.0", "1.0.1"] {
            published.push(feed.published(name, version)?);
        }
    }
    let found = feed.find("CVE-2024-1")?;
    Ok(Answers { content: feed.info().digest, gaps: opened.gaps, all: feed.all()?, packages, found, published })
}

/// A machine with a valid feed.
struct Sample {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    feed: PathBuf,
    head: PathBuf,
    exported: Vec<u8>,
    key: PublicKey,
    answers: Answers,
}

fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let sys = Memory::default();
        for (number, path) in ["crates/alpha", "crates/beta", "rust/std"].into_iter().enumerate() {
            let (_, package) = path.split_once('/').expect("two parts");
            let text = format!(
                "```toml\n[advisory]\nid = \"RUSTSEC-2024-000{number}\"\npackage = \"{package}\"\ndate = \"2024-02-03\"\n\
                 aliases = [\"CVE-2024-{number}\"]\n[versions]\npatched = [\">= 1.2.{number}\"]\n```\n\n# t\n"
            );
            sys.put(format!("/db/{path}/RUSTSEC-2024-000{number}.md"), text.as_bytes());
        }
        sys.put("/db/crates/beta/RUSTSEC-2024-0009.md", b"nonsense");
        let sum = "0".repeat(64);
        for (path, name) in [("al/ph/alpha", "alpha"), ("be/ta/beta", "beta")] {
            let line = |version: &str, yanked: bool| {
                format!("{{\"name\":\"{name}\",\"vers\":\"{version}\",\"cksum\":\"{sum}\",\"yanked\":{yanked}}}\n")
            };
            sys.put(format!("/index/{path}"), (line("1.0.0", false) + &line("1.0.1", true)).as_bytes());
        }
        let manager = Manager::new(&sys, None, &FeedPolicy::default(), None).expect("a usual name");
        manager.import_directory(Path::new("/db"), Some(Path::new("/index"))).expect("the sample is fine");
        let exported = manager.export().expect("it was just installed");
        let named = |ending: &str| {
            let files = sys.files();
            files.into_keys().find(|path| path.extension().is_some_and(|e| e == ending)).expect("it was written")
        };
        Sample {
            feed: named("feed"),
            head: named("head"),
            files: sys.files(),
            exported: exported.bytes,
            key: exported.key,
            answers: ask(&sys).expect("the sample is fine"),
        }
    })
}

fn manager(sys: &Memory) -> Manager<'_> {
    Manager::new(sys, None, &FeedPolicy::default(), None).expect("a usual name")
}

fn flip(header: &str, edits: &[u8]) {
    let sample = sample();
    if header == "flip export" {
        let sys = Memory::default();
        sys.put("/in.feed", &edited(&sample.exported, edits));
        if manager(&sys).import_file(Path::new("/in.feed"), Some(&sample.key)).is_ok() {
            assert_eq!(ask(&sys).as_ref(), Ok(&sample.answers));
        } else {
            assert!(matches!(ask(&sys), Err(FeedError::NotInstalled { .. })), "half an import");
        }
        return;
    }
    let path = if header == "flip head" { &sample.head } else { &sample.feed };
    let old = &sample.files[path];
    let new = edited(old, edits);
    let sys = Memory::with(sample.files.clone());
    sys.put(path, &new);
    match ask(&sys) {
        Ok(answers) => assert_eq!(answers, sample.answers),
        Err(error) => assert!(!error.to_string().is_empty() && error.exit_code() == 3, "{error:?}"),
    }
    assert_eq!(manager(&sys).verify().is_ok(), new == **old, "verify sees every byte");
}

fn edited(bytes: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([edit[0], edit[1]])) % (out.len() + 1);
        match edit[2] % 4 {
            0 if at < out.len() => out[at] = edit[3],
            1 => out.insert(at, edit[3]),
            2 => out.truncate(at),
            _ => out.extend_from_within(at..),
        }
        if out.len() > 1 << 16 {
            break;
        }
    }
    out
}

fn refresh(archive: &[u8]) {
    let sample = sample();
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    zip.write_all(archive).expect("to memory");
    let mut sys = Memory::with(sample.files.clone());
    sys.body = zip.finish().expect("to memory");
    let mirror = Mirror::Archive("https://example.invalid/db.tar.gz".into());
    match manager(&sys).update(&mirror, None) {
        Err(error) => {
            assert!(!error.to_string().is_empty(), "{error:?}");
            assert_eq!(ask(&sys).as_ref(), Ok(&sample.answers), "a refresh that failed changed something");
        }
        Ok(done) => {
            let head = manager(&sys).verify().expect("what was installed is whole");
            assert_eq!(head, done.head);
            let change = done.change.expect("there was a feed before");
            assert!(change.lost() * 100 <= change.before * 10, "more was lost than the bound: {change:?}");
        }
    }
}

/// The head of the parts where they bring none of their own.
const HEAD: &str = "portcullis feed head v1\nname rustsec\nfile FILE\ncontent CONTENT\nrefreshed 2026-08-21T00:00:00Z\n\
                    newest -\ncommit -\ncommitted -\nadvisories RECORDS\nfacts -\nbefore -\n";

/// Lays out, digests and signs the parts.
fn parts(sections: &[(&str, &[u8])]) {
    let part = |name: &str| sections.iter().find(|(header, _)| *header == name).map(|(_, body)| *body);
    let mut layout = Layout::default();
    let (mut index, mut table, mut records) = (Vec::new(), Vec::new(), 0);
    for (header, body) in sections {
        let Some((kind, name)) = header.split_once(' ') else { continue };
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_be_bytes();
        let name = &name.as_bytes()[..name.len().min(usize::from(u16::MAX))];
        match kind {
            "crates" | "rust" => {
                index.push(u8::from(kind == "rust"));
                index.extend(length.iter().chain(name).copied().chain(layout.add(body).bytes()));
                records += serde_json::from_slice::<Vec<serde_json::Value>>(body).map_or(0, |list| list.len());
            }
            "facts" => table.extend(length.iter().chain(name).copied().chain(layout.add(body).bytes())),
            _ => {} // not a part that has a name
        }
    }
    let table = part("table").map(<[u8]>::to_vec).unwrap_or(table);
    let facts = if table.is_empty() { "null".to_owned() } else { layout.add(&table).json() };
    let gaps = layout.add(part("gaps").unwrap_or(b"[]")).json();
    let ids = layout.add(part("ids").unwrap_or_default()).json();
    let index = layout.add(part("index").unwrap_or(&index)).json();
    let content = Digest::of(b"content");
    let manifest = format!(
        "{{\"advisories\":{records},\"commit\":null,\"committed\":null,\"content\":\"{}\",\"facts\":{facts},\
         \"gaps\":{gaps},\"ids\":{ids},\"index\":{index},\"name\":\"rustsec\",\"newest\":null,\"size\":{}}}",
        content.hex(),
        layout.data.len()
    );
    let manifest = part("manifest").unwrap_or(manifest.as_bytes());
    let key = Ed25519KeyPair::from_seed_unchecked(&[RANDOM; 32]).expect("any seed is a key");
    let mut file = b"portcullis-feed v1\n".to_vec();
    file.extend(u32::try_from(manifest.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend(manifest);
    let digest = Digest::of(&file);
    file.extend(key.public_key().as_ref());
    file.extend(key.sign(&file).as_ref());
    file.extend(layout.data);

    // The words FILE, CONTENT and RECORDS stand for what only the layout knows.
    let template = part("head").map_or(HEAD.into(), String::from_utf8_lossy);
    let head = template.replace("FILE", &digest.hex()).replace("CONTENT", &content.hex());
    let head = head.replace("RECORDS", &records.to_string());
    let sample = sample();
    let sys = Memory::with(sample.files.clone());
    sys.put(sample.feed.with_file_name(format!("rustsec-{}.feed", digest.hex())), &file);
    sys.put(&sample.head, note(&head, &key, &sample.key).as_bytes());
    if let Ok(status) = manager(&sys).status() {
        assert_eq!(written(&status.head), head, "a head has one writing");
    }
    agree(&sys);
}

/// The text of a head, as `docs/feed-format.md` has it.
fn written(head: &feed::Head) -> String {
    let time = |t: Option<Timestamp>| t.map_or("-".into(), |t| t.to_string());
    format!(
        "portcullis feed head v1\nname {}\nfile {}\ncontent {}\nrefreshed {}\nnewest {}\ncommit {}\ncommitted {}\n\
         advisories {}\nfacts {}\nbefore {}\n",
        head.name,
        head.file.hex(),
        head.content.hex(),
        head.refreshed,
        time(head.newest),
        head.commit.as_deref().unwrap_or("-"),
        time(head.committed),
        head.advisories,
        time(head.facts),
        head.before.map_or("-".into(), |d| d.hex())
    )
}

#[derive(Default)]
struct Layout {
    data: Vec<u8>,
}

struct Block {
    offset: u64,
    length: u32,
    digest: Digest,
}

impl Layout {
    fn add(&mut self, bytes: &[u8]) -> Block {
        let offset = self.data.len() as u64;
        self.data.extend(bytes);
        Block { offset, length: u32::try_from(bytes.len()).expect("a small input"), digest: Digest::of(bytes) }
    }
}

impl Block {
    fn bytes(&self) -> Vec<u8> {
        let mut out = self.offset.to_be_bytes().to_vec();
        out.extend(self.length.to_be_bytes());
        out.extend(self.digest.0);
        out
    }

    fn json(&self) -> String {
        let Self { offset, length, digest } = self;
        format!("{{\"length\":{length},\"offset\":{offset},\"sha256\":\"{}\"}}", digest.hex())
    }
}

/// A note signed by the key (C2SP signed-note), whose id stands in the text of the public key.
fn note(text: &str, key: &Ed25519KeyPair, public: &PublicKey) -> String {
    let public = public.to_string();
    let id = public.split('+').nth(1).and_then(|id| u32::from_str_radix(id, 16).ok()).expect("name+id+key");
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend(key.sign(text.as_bytes()).as_ref());
    format!("{text}\n\u{2014} portcullis-feed {}\n", base64(&bytes))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0, |group, i| group << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = char::from(LETTERS[(group >> (18 - 6 * i)) as usize & 63]);
            out.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

/// Whatever a feed says, it says it in every way of asking, and a file that `verify` passes can be taken elsewhere.
fn agree(sys: &Memory) {
    let whole = manager(sys).verify();
    let Ok(opened) = feed::open(sys, &Choice::Installed("rustsec".into())) else {
        assert!(whole.is_err(), "verify passes what cannot be opened");
        return;
    };
    let feed = opened.value;
    for name in ["", "a", "alpha", "beta", "zeta", "\u{10ffff}"] {
        let known = feed.knows_published(name);
        // What could not be read counts as known, so that the question for a version says why.
        assert!(feed.published(name, "1.0.0").map_or(known, |p| p.is_none() || known), "{name}");
    }
    let Ok(all) = feed.all() else {
        assert!(whole.is_err(), "verify passes records that cannot be read");
        return;
    };
    assert_eq!(feed.all().as_ref(), Ok(&all));
    for group in all.chunk_by(|a, b| (a.collection, &a.package) == (b.collection, &b.package)) {
        let again = feed.for_package(group[0].collection, &group[0].package).expect("they were read before");
        assert_eq!(&*again, group);
        if let Ok(found) = feed.find(&group[0].id) {
            let called =
                |a: &Advisory| std::iter::once(&a.id).chain(&a.aliases).any(|id| id.eq_ignore_ascii_case(&group[0].id));
            assert!(found.iter().all(called), "{found:?}");
        }
    }
    if whole.is_ok() {
        assert_eq!(feed.info().advisories, all.len());
        let exported = manager(sys).export().expect("it was verified");
        let other = Memory::default();
        other.put("/in.feed", &exported.bytes);
        manager(&other)
            .import_file(Path::new("/in.feed"), Some(&exported.key))
            .expect("what is whole can be taken along");
        let there = feed::open(&other, &Choice::Installed("rustsec".into())).expect("it was installed");
        assert_eq!(there.value.all().as_ref(), Ok(&all));
        assert_eq!(there.gaps, opened.gaps);
    }
}
