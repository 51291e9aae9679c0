//! What must hold for every input of each reader: one function per fuzz target. The same functions run over the kept
//! finds in `tests/fuzz_finds.rs`. They panic where a law is broken, and know nothing of libFuzzer.

mod advisory;
mod age;
mod binary;
mod checkpoint;
mod dsse;
mod feed;
mod javascript;
mod key;
mod leaf;
mod letters;
mod lockfile;
mod locks;
mod manifest;
mod memory;
mod note;
mod policy;
mod python;
mod quiet;
mod receipt;
mod records;
mod tile;
mod version;
mod waiver;

pub use advisory::advisory;
pub use age::age;
pub use binary::binary;
pub use checkpoint::checkpoint;
pub use dsse::dsse;
pub use feed::feed;
pub use javascript::javascript;
pub use key::key;
pub use leaf::leaf;
pub use lockfile::lockfile;
pub use locks::locks;
pub use manifest::manifest;
pub use note::note;
pub use policy::policy;
pub use python::python;
#[cfg(not(test))]
pub use quiet::only_others_may_panic;
pub use receipt::receipt;
pub use records::records;
pub use tile::tile;
pub use version::version;
pub use waiver::waiver;

use portcullis::model::Gap;

/// Lines of a text as an editor counts them: one more than there are line feeds.
fn lines(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.iter().filter(|b| **b == b'\n').count() + 1).unwrap_or(u32::MAX)
}

/// A refused file is told with words, and with a line inside the file.
fn told(gap: &Gap, bytes: &[u8]) {
    assert!(!gap.why.is_empty() && !gap.help.is_empty(), "{gap:?}");
    assert!(gap.path.is_some() && gap.digest.is_some(), "{gap:?}");
    assert!(gap.line.is_none_or(|line| (1..=lines(bytes)).contains(&line)), "{gap:?}");
}
