//! The law that the parsers of JavaScript are tested against: damage never makes packages vanish in silence.

use crate::model::{Gap, Inventory, Partial, Source, TreePath};
use proptest::prelude::*;

/// Cuts the file everywhere and flips every bit of it. `may_end` names the cuts that leave a whole file.
pub(in crate::inventory) fn no_damage_hides_a_package(
    parse: impl Fn(&TreePath, &[u8]) -> Result<Partial<Inventory>, Gap>,
    good: &[u8],
    may_end: impl Fn(&[u8]) -> bool,
) {
    let path = TreePath::new("lock");
    let whole = parse(&path, good).unwrap();
    assert_eq!(whole.gaps, []);
    let check = |bytes: &[u8], what: &dyn Fn() -> String| {
        if let Ok(lock) = parse(&path, bytes) {
            let lost = foreign(&lock.value) < foreign(&whole.value);
            assert!(!lost || !lock.gaps.is_empty(), "{}: {:?}", what(), String::from_utf8_lossy(bytes));
        }
    };
    for end in 0..good.len() {
        if !may_end(&good[..end]) {
            check(&good[..end], &|| format!("cut at {end}"));
        }
    }
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.to_vec();
            bytes[at] ^= 1 << bit;
            check(&bytes, &|| format!("bit {bit} of byte {at}"));
        }
    }
}

/// Packages that advisories could be about.
fn foreign(lock: &Inventory) -> usize {
    lock.components.iter().filter(|component| component.source != Source::Local).count()
}

/// Bytes cut out, doubled or put in anywhere: the answer may be anything, but there is one.
pub(in crate::inventory) fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4)
}

/// Applies what [`damage`] drew.
pub(in crate::inventory) fn damaged(good: &[u8], damage: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for (index, value, kind) in damage {
        let at = index.index(bytes.len().max(1)).min(bytes.len());
        let to = (at + usize::from(*value)).min(bytes.len());
        match kind {
            0 => drop(bytes.drain(at..to)),
            1 => bytes.insert(at, *value),
            2 => bytes.truncate(at),
            _ => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// Counts agree or there is a gap, and every index and place is valid.
pub(in crate::inventory) fn check_shape(answer: &Result<Partial<Inventory>, Gap>) {
    let Ok(lock) = answer else { return };
    let value = &lock.value;
    assert_eq!(value.edges.len(), value.components.len());
    assert!(value.edges.iter().flatten().all(|to| (*to as usize) < value.components.len()));
    assert!(value.edges.iter().all(|to| to.is_sorted_by(|a, b| a < b)));
    let sum = value.components.len() + value.counted.left_out.len();
    assert!(sum == value.counted.independent || !lock.gaps.is_empty());
    let lines = value.text.lines().count();
    assert!(value.components.iter().all(|c| c.line >= 1 && c.column >= 1 && c.line as usize <= lines));
}
