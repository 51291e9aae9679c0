//! What is found in one file, from however many lists: the same package twice is one component. It reads no format.

use super::super::found::{About, Entry, Found, shorten};
use super::super::place::Refusal;
use crate::model::{Digest, Ecosystem, Inventory, Partial, Source, TreePath};
use std::collections::HashMap;

/// Components, edges and gaps of one file.
#[derive(Debug, Default)]
pub(in crate::inventory) struct List {
    pub(in crate::inventory) found: Found<'static>,
    seen: HashMap<(Ecosystem, String, String, Source), Option<u32>>,
    /// What the independent counter saw.
    pub(in crate::inventory) counted: usize,
}

impl List {
    /// Takes a package, or leaves it out because it is there already. None where it has a gap.
    pub(in crate::inventory) fn add(&mut self, entry: Entry<'static>) -> Result<Option<u32>, Refusal> {
        let key = (
            entry.ecosystem,
            entry.name.clone().into_owned(),
            entry.version.clone().into_owned(),
            entry.source.clone(),
        );
        if let Some(index) = self.seen.get(&key).copied() {
            let label = format!("{} {}", shorten(&key.1), shorten(&key.2));
            self.found.leave_out(label, "listed before")?;
            return Ok(index);
        }
        let index = self.found.push(entry)?;
        self.seen.insert(key, index);
        Ok(index)
    }

    /// Whether nothing was found and nothing is left to tell of entries.
    pub(in crate::inventory) fn is_empty(&self) -> bool {
        self.found.entries.is_empty() && self.found.left_out.is_empty()
    }

    /// The inventory. A program has no lines: every place in it is its beginning, and nothing of it is quoted.
    pub(in crate::inventory) fn finish(self, path: &TreePath, bytes: &[u8], about: &About) -> Partial<Inventory> {
        let mut part = self.found.finish(path, "", about, self.counted);
        let digest = Digest::of(bytes);
        for gap in &mut part.gaps {
            gap.line = None;
            gap.digest = Some(digest);
        }
        part
    }
}
