//! Laws of the reader of one RustSec record.

use super::memory::Memory;
use super::quiet::theirs;
use portcullis::config::FeedPolicy;
use portcullis::feed::{self, Choice, Manager};
use portcullis::model::{Advisory, GapKind, Interval};
use semver::{Prerelease, Version};
use std::path::Path;

/// A record that is fine, so that the directory is a database.
const GOOD: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-9999\"\npackage = \"zeta\"\ndate = \"2024-02-03\"\n[versions]\npatched = []\n```\n\n# t\n";

/// A record is an advisory or a gap, never nothing. Its intervals ascend and say of every version near a bound what the
/// `rustsec` crate says. A feed compiled from it answers like the directory.
pub fn advisory(data: &[u8]) {
    let sys = Memory::default();
    sys.put("/db/crates/alpha/RUSTSEC-2024-0001.md", data);
    sys.put("/db/crates/zeta/RUSTSEC-2024-9999.md", GOOD.as_bytes());
    let db = Path::new("/db");
    let directory =
        feed::open(&sys, &Choice::Directory(db.into())).expect("one bad record does not break the database");
    let all = directory.value.all().expect("in memory");
    assert!(all.len() <= 2 && all.iter().any(|a| a.package == "zeta"), "{all:?}");
    assert!(all.len() == 2 || !directory.gaps.is_empty(), "the record vanished");
    for gap in &directory.gaps {
        assert!(matches!(gap.kind, GapKind::AdvisoryUnreadable | GapKind::NotCovered), "{gap:?}");
        assert!(!gap.why.is_empty() && !gap.why.contains('\n'), "{gap:?}");
    }
    if let [one, two] = all.as_slice() {
        let ours = if one.id == "RUSTSEC-2024-9999" && one.package == "zeta" { two } else { one };
        sound(ours, data);
        let found = directory.value.find(&ours.id).expect("in memory");
        assert!(found.contains(ours));
    }

    let manager = Manager::new(&sys, None, &FeedPolicy::default(), None).expect("a usual name");
    manager.import_directory(db, None).expect("what was read can be compiled");
    manager.verify().expect("what was compiled is whole");
    let installed = feed::open(&sys, &Choice::Installed("rustsec".into())).expect("what was compiled can be read");
    assert_eq!(installed.value.all().expect("it was verified"), all);
    assert_eq!(installed.gaps, directory.gaps);
    for a in &all {
        let found = installed.value.find(&a.id).expect("it was verified");
        let odd = a.id.contains(char::is_control) || a.package.contains(char::is_control);
        assert!(odd || found.contains(a), "{a:?} is not found by its id");
    }
}

fn sound(advisory: &Advisory, data: &[u8]) {
    let intervals = &advisory.ranges.affected;
    for Interval { introduced, fixed } in intervals {
        assert!(introduced.as_ref().zip(fixed.as_ref()).is_none_or(|(low, high)| low < high), "{intervals:?}");
    }
    for pair in intervals.windows(2) {
        assert!(pair[0].fixed.is_some() && pair[0].fixed <= pair[1].introduced, "{intervals:?}");
    }
    let text = std::str::from_utf8(data).expect("what is not UTF-8 is refused");
    let Some(Ok(record)) = theirs(|| text.parse::<rustsec::Advisory>()) else { panic!("the rustsec crate refuses it") };
    for version in intervals.iter().flat_map(|i| [&i.introduced, &i.fixed]).flatten().flat_map(around) {
        let mine = advisory.ranges.matching(&version).is_some();
        let other = theirs(|| record.versions.is_vulnerable(&version));
        assert!(other.is_none_or(|other| other == mine), "{version}: {mine}, {intervals:?}");
    }
}

/// The version, its first pre-release, one of its usual ones, and the patch after it.
fn around(version: &Version) -> Vec<Version> {
    let pre = |text: &str| Version { pre: Prerelease::new(text).expect("a literal"), ..version.clone() };
    let release = Version { pre: Prerelease::EMPTY, ..version.clone() };
    let next = version.patch.checked_add(1).map(|patch| Version { patch, ..release.clone() });
    [version.clone(), pre("0"), pre("rc.1"), release].into_iter().chain(next).collect()
}
