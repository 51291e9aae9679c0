//! Records in memory, for feeds that are read whole.

use super::source::Records;
use crate::model::{Advisory, Collection};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The records of each package.
pub(super) struct Memory {
    crates: BTreeMap<String, Arc<[Advisory]>>,
    rust: BTreeMap<String, Arc<[Advisory]>>,
    none: Arc<[Advisory]>,
}

impl Memory {
    /// Takes the records, which are sorted by collection, package and id.
    pub(super) fn new(records: Records) -> Self {
        let mut memory = Self { crates: BTreeMap::new(), rust: BTreeMap::new(), none: Arc::from([]) };
        let mut rest = records.advisories.into_iter().peekable();
        while let Some(first) = rest.next() {
            let (collection, package) = (first.collection, first.package.clone());
            let mut group = vec![first];
            while let Some(next) = rest.next_if(|a| a.collection == collection && a.package == package) {
                group.push(next);
            }
            memory.map(collection).insert(package, group.into());
        }
        memory
    }

    fn map(&mut self, collection: Collection) -> &mut BTreeMap<String, Arc<[Advisory]>> {
        match collection {
            Collection::Crates => &mut self.crates,
            Collection::Rust => &mut self.rust,
        }
    }

    /// The records of one package.
    pub(super) fn package(&self, collection: Collection, name: &str) -> Arc<[Advisory]> {
        let map = match collection {
            Collection::Crates => &self.crates,
            Collection::Rust => &self.rust,
        };
        map.get(name).unwrap_or(&self.none).clone()
    }

    /// Every record, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Advisory> {
        self.crates.values().chain(self.rust.values()).flat_map(|list| list.iter())
    }
}
