//! Finding what a dependency means: the package of that name in the nearest directory upwards.

use super::too_large;
use crate::inventory::place::Refusal;
use std::collections::HashMap;

/// Directories that are looked at for dependencies in one lock. Each dependency looks at those above it, seldom at more
/// than three.
const MAX_LOOKS: usize = 20_000_000;

/// Where packages lie, for finding what a dependency means: the nearest directory upwards that has it.
pub(in crate::inventory) struct Dirs<'a> {
    /// What lies in a directory, by name.
    table: HashMap<(u32, &'a str), u32, foldhash::fast::RandomState>,
    /// The nearest directory above that holds packages.
    above: Vec<Option<u32>>,
    looks: usize,
}

impl<'a> Dirs<'a> {
    pub(in crate::inventory) fn new(size: usize) -> Self {
        let table = HashMap::with_capacity_and_hasher(size, foldhash::fast::RandomState::default());
        Self { table, above: Vec::new(), looks: 0 }
    }

    /// A new directory under another one.
    pub(in crate::inventory) fn dir(&mut self, above: Option<u32>) -> Result<u32, Refusal> {
        let index = u32::try_from(self.above.len()).map_err(|_| too_large(u32::MAX as usize, "directories"))?;
        self.above.push(above);
        Ok(index)
    }

    pub(in crate::inventory) fn put(&mut self, dir: u32, name: &'a str, what: u32) {
        self.table.insert((dir, name), what);
    }

    /// What a dependency of a package in this directory means.
    pub(in crate::inventory) fn find(&mut self, dir: u32, name: &str) -> Result<Option<u32>, Refusal> {
        let mut at = Some(dir);
        while let Some(dir) = at {
            self.looks += 1;
            if self.looks > MAX_LOOKS {
                return Err(too_large(MAX_LOOKS, "directories to look at for dependencies"));
            }
            if let Some(found) = self.table.get(&(dir, name)) {
                return Ok(Some(*found));
            }
            at = self.above.get(dir as usize).copied().flatten();
        }
        Ok(None)
    }
}
