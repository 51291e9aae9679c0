//! Laws of what reads advisories of every database but RustSec's Markdown, and of the index. The first line of the input
//! names the format (`osv`, `rubysec`, `friendsofphp`, `hsec`, `rustsec`) and, after a space, the file that the rest is.

use super::memory::{Memory, NOW};
use portcullis::feed::gather::{self, Format, Gathered};
use portcullis::feed::index::{self, Index, Input, RecordNumber};
use portcullis::feed::matching::{Answer, Matcher};
use portcullis::feed::{self, name};
use portcullis::model::Record;
use std::path::Path;

const ASKED: [&str; 8] =
    ["0", "1.0.0", "1.0.0-rc.1", "2:1.0-1.el9", "v1.2.3+incompatible", "1!1.0.post1", "dev-main", "?"];
const PATH: &str = "/x.index";

/// What is read matches what it lists, is found again in the index as it was, and a changed byte of that is refused.
pub fn records(data: &[u8]) {
    let end = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let line = String::from_utf8_lossy(&data[..end]).into_owned();
    let (word, file) = line.split_once(' ').unwrap_or((&line, "x.json"));
    let Some(format) = Format::ALL.into_iter().find(|format| format.as_str() == word) else { return };
    let bytes = data.get(end + 1..).unwrap_or_default();
    match gather::bytes("s", format, file, bytes) {
        Ok(gathered) => {
            assert!(!gathered.records.is_empty());
            assert!(gathered.gaps.iter().all(|gap| !gap.why.is_empty()));
            gathered.records.iter().for_each(matches);
            found_again(&gathered, format, bytes.len());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn matches(record: &Record) {
    for affected in &record.affected {
        let matcher = Matcher::new(affected);
        for listed in &affected.versions {
            assert_eq!(matcher.answer(listed), Answer::Affected, "{listed} is listed");
        }
        for version in ASKED {
            let _ = matcher.answer(version);
        }
    }
}

fn found_again(gathered: &Gathered, format: Format, seed: usize) {
    let sys = Memory::default();
    let input = Input { name: "s".into(), format, gathered: gathered.clone(), refreshed: NOW, mark: None };
    let key = feed::signing_key(&sys).unwrap();
    let compiled = index::compile("all", vec![input], &key).unwrap();
    sys.put(PATH, &compiled.bytes);
    let open = || Index::open(&sys, Path::new(PATH), &key.public());
    let index = open().unwrap();
    index.verify().unwrap();
    assert_eq!(index.digest(), compiled.digest);
    for (number, record) in (0..).map(RecordNumber).zip(&gathered.records) {
        assert_eq!(index.record(number).unwrap(), ("s", record.clone()));
        for affected in &record.affected {
            // What the compiler refuses by a gap is not looked up.
            let Some(package) = index.package(&affected.ecosystem, &affected.package).unwrap() else { continue };
            let normal = name::normalised(&affected.ecosystem, &affected.package);
            assert!(package.statements.iter().all(|s| s.affected.package == normal));
        }
    }
    let mut changed = compiled.bytes;
    let at = seed.wrapping_mul(7_919) % changed.len();
    changed[at] ^= 1;
    sys.put(PATH, &changed);
    assert!(open().and_then(|index| index.verify()).is_err(), "byte {at} can be changed");
}
