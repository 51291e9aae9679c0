//! Records in memory, for feeds that are read whole.

use super::source::Records;
use crate::model::{Advisory, Collection};
use std::sync::Arc;

/// The records of each package.
pub(super) struct Memory {
    /// One group for each package, never empty, sorted by collection and package.
    groups: Vec<Arc<[Advisory]>>,
    none: Arc<[Advisory]>,
}

impl Memory {
    /// Takes the records, which are sorted by collection, package and id.
    pub(super) fn new(records: Records) -> Self {
        let mut memory = Self { groups: Vec::new(), none: Arc::from([]) };
        let mut rest = records.advisories.into_iter();
        while let Some(first) = rest.as_slice().first() {
            let length = rest.as_slice().iter().take_while(|a| key(a) == key(first)).count();
            memory.groups.push(rest.by_ref().take(length).collect());
        }
        memory
    }

    /// The records of one package.
    pub(super) fn package(&self, collection: Collection, name: &str) -> Arc<[Advisory]> {
        let wanted = Some((collection, name));
        let found = self.groups.binary_search_by(|group| group.first().map(key).cmp(&wanted));
        found.ok().and_then(|at| self.groups.get(at)).unwrap_or(&self.none).clone()
    }

    /// Every record, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Advisory> {
        self.groups.iter().flat_map(|group| group.iter())
    }
}

fn key(advisory: &Advisory) -> (Collection, &str) {
    (advisory.collection, &advisory.package)
}
