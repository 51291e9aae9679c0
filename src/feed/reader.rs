//! Reads a compiled feed by `pread`, each part checked against the signed header before it is used, and only the parts
//! that are asked for. It writes nothing and judges no age.

use super::FeedError;
use super::facts::{self, FactsBlock, Published};
use super::format::{self, Block, Entry, Header, MAGIC, MAX_BLOCK, MAX_LIST, Manifest, NotAHeader};
use super::key::PublicKey;
use crate::model::{Advisory, Collection, Digest, Gap};
use crate::sys::ReadAt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The first read: a header of the usual size comes with one call.
const FIRST_READ: usize = 2 << 10;

/// An open compiled feed whose header is signed by the expected key.
pub(super) struct Reader {
    file: Box<dyn ReadAt>,
    path: PathBuf,
    header: Header,
    entries: Vec<Entry>,
    /// For each entry its records, once they were read and checked.
    packages: Vec<OnceLock<Arc<[Advisory]>>>,
    none: Arc<[Advisory]>,
    facts: OnceLock<Vec<(String, Block)>>,
    /// The block of facts read last: the questions on one crate come one after the other.
    last_facts: Mutex<Option<(usize, Arc<[u8]>)>>,
}

impl Reader {
    /// Opens a file that ends where its last part does.
    pub(super) fn open(file: Box<dyn ReadAt>, path: &Path, key: &PublicKey) -> Result<Self, FeedError> {
        let (reader, rest) = Self::open_with_rest(file, path, key)?;
        if rest != 0 { Err(reader.damaged("it is longer than its header says")) } else { Ok(reader) }
    }

    /// Opens a file with something behind its last part, and says how many bytes that has.
    pub(super) fn open_with_rest(
        file: Box<dyn ReadAt>,
        path: &Path,
        key: &PublicKey,
    ) -> Result<(Self, u64), FeedError> {
        let damaged = |what| FeedError::Damaged { path: path.to_owned(), what };
        let size = file.size()?.0;
        let header = read_header(file.as_ref(), path, size)?;
        if !header.is_signed_by(key) {
            return Err(FeedError::WrongKey { path: path.to_owned(), key: key.to_string() });
        }
        let end = header.length.checked_add(header.manifest.size);
        let rest = end.and_then(|end| size.checked_sub(end)).ok_or_else(|| damaged("it is cut short"))?;
        let mut reader = Self {
            file,
            path: path.to_owned(),
            entries: Vec::new(),
            packages: Vec::new(),
            none: Arc::from([]),
            facts: OnceLock::new(),
            last_facts: Mutex::new(None),
            header,
        };
        let index = reader.read(&reader.manifest().index, MAX_LIST, "the index")?;
        reader.entries = format::read_index(&index).ok_or_else(|| damaged("the index"))?;
        reader.packages.resize_with(reader.entries.len(), OnceLock::new);
        Ok((reader, rest))
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.header.manifest
    }

    /// What names the file.
    pub(super) fn digest(&self) -> Digest {
        self.header.digest()
    }

    /// The records of one package.
    pub(super) fn package(&self, collection: Collection, name: &str) -> Result<Arc<[Advisory]>, FeedError> {
        let found = self.entries.binary_search_by(|e| (e.collection, e.package.as_ref()).cmp(&(collection, name)));
        match found.ok().and_then(|at| Some((self.entries.get(at)?, self.packages.get(at)?))) {
            Some((entry, cell)) => self.records(entry, cell),
            None => Ok(self.none.clone()),
        }
    }

    fn records(&self, entry: &Entry, cell: &OnceLock<Arc<[Advisory]>>) -> Result<Arc<[Advisory]>, FeedError> {
        if let Some(records) = cell.get() {
            return Ok(records.clone());
        }
        let bytes = self.read(&entry.block, MAX_BLOCK, "the records of a package")?;
        let records = format::read_records(&bytes, entry.collection, &entry.package)
            .ok_or_else(|| self.damaged("the records of a package"))?;
        // Another thread may have been first, with the same records.
        Ok(cell.get_or_init(|| records.into()).clone())
    }

    /// Every record, in order.
    pub(super) fn all(&self) -> Result<Vec<Advisory>, FeedError> {
        let mut all = Vec::new();
        for (entry, cell) in self.entries.iter().zip(&self.packages) {
            all.extend(self.records(entry, cell)?.iter().cloned()); // as many cells as entries, since `open`
        }
        Ok(all)
    }

    /// The records of an id or an alias, in any case.
    pub(super) fn find(&self, id: &str) -> Result<Vec<Advisory>, FeedError> {
        let bytes = self.read(&self.manifest().ids, MAX_LIST, "the list of ids")?;
        let packages = format::read_ids(&bytes, &id.to_ascii_uppercase());
        let mut found = Vec::new();
        for (collection, package) in packages.ok_or_else(|| self.damaged("the list of ids"))? {
            let records = self.package(collection, package)?;
            found.extend(records.iter().filter(|a| super::is_called(a, id)).cloned());
        }
        Ok(found)
    }

    /// What could not be read when the feed was compiled.
    pub(super) fn gaps(&self) -> Result<Vec<Gap>, FeedError> {
        let bytes = self.read(&self.manifest().gaps, MAX_LIST, "the list of gaps")?;
        format::read_gaps(&bytes).ok_or_else(|| self.damaged("the list of gaps"))
    }

    /// What the feed knows of the versions of a crate; none when it does not know the crate.
    pub(super) fn published(&self, name: &str) -> Result<Option<Vec<(String, Published)>>, FeedError> {
        let table = self.table()?;
        let Some(at) = table.partition_point(|(first, _)| first.as_str() <= name).checked_sub(1) else {
            return Ok(None); // before the first name of the first block
        };
        let bytes = self.facts_block(at)?;
        facts::find_crate(&bytes, name).ok_or_else(|| self.damaged("the facts of a registry"))
    }

    /// The blocks of facts as they are, to carry them into the next feed.
    pub(super) fn facts_blocks(&self) -> Result<Vec<FactsBlock>, FeedError> {
        let block = |(first, block): &(String, Block)| {
            let bytes = self.read(block, MAX_BLOCK, "the facts of a registry")?;
            Ok(FactsBlock { first: first.clone(), bytes })
        };
        self.table()?.iter().map(block).collect()
    }

    /// Reads and checks every part, and that no byte of the file lies outside all parts.
    pub(super) fn verify(&self) -> Result<(), FeedError> {
        self.all()?;
        self.gaps()?;
        self.find("")?;
        self.facts_blocks()?;
        let m = self.manifest();
        let mut blocks: Vec<Block> = [m.index, m.ids, m.gaps].into_iter().chain(m.facts).collect();
        blocks.extend(self.entries.iter().map(|e| e.block));
        blocks.extend(self.table()?.iter().map(|(_, block)| *block));
        blocks.sort_by_key(|b| (b.offset, b.length));
        let mut at = 0;
        for block in blocks {
            if block.offset != at {
                return Err(self.damaged("its parts do not lie end to end"));
            }
            at += u64::from(block.length);
        }
        if at == m.size { Ok(()) } else { Err(self.damaged("its parts do not fill it")) }
    }

    fn table(&self) -> Result<&[(String, Block)], FeedError> {
        if let Some(table) = self.facts.get() {
            return Ok(table);
        }
        let table = match &self.manifest().facts {
            None => Vec::new(),
            Some(block) => {
                let bytes = self.read(block, MAX_LIST, "the table of facts")?;
                facts::read_table(&bytes).ok_or_else(|| self.damaged("the table of facts"))?
            }
        };
        Ok(self.facts.get_or_init(|| table))
    }

    fn facts_block(&self, at: usize) -> Result<Arc<[u8]>, FeedError> {
        // Nothing panics while the lock is held, and what it guards is whole at any time.
        let last = self.last_facts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, bytes)) = last.filter(|(which, _)| *which == at) {
            return Ok(bytes);
        }
        let (_, block) = self.table()?.get(at).ok_or_else(|| self.damaged("the table of facts"))?;
        let bytes: Arc<[u8]> = self.read(block, MAX_BLOCK, "the facts of a registry")?.into();
        *self.last_facts.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, bytes.clone()));
        Ok(bytes)
    }

    /// The bytes behind the last part.
    pub(super) fn rest(&self, length: usize) -> Result<Vec<u8>, FeedError> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, self.header.length.saturating_add(self.manifest().size))?;
        Ok(bytes)
    }

    /// A part, checked against its digest.
    fn read(&self, block: &Block, limit: u32, what: &'static str) -> Result<Vec<u8>, FeedError> {
        let end = block.offset.checked_add(u64::from(block.length));
        if block.length > limit || end.is_none_or(|end| end > self.manifest().size) {
            return Err(self.damaged(what));
        }
        let mut bytes = vec![0; block.length as usize];
        self.file.read_exact_at(&mut bytes, self.header.length.saturating_add(block.offset))?;
        if Digest::of(&bytes) == block.sha256 { Ok(bytes) } else { Err(self.damaged(what)) }
    }

    fn damaged(&self, what: &'static str) -> FeedError {
        FeedError::Damaged { path: self.path.clone(), what }
    }
}

fn read_header(file: &dyn ReadAt, path: &Path, size: u64) -> Result<Header, FeedError> {
    let refuse = |why| match why {
        NotAHeader::Magic => FeedError::NotAFeed(path.to_owned()),
        NotAHeader::Version => FeedError::UnknownFormat(path.to_owned()),
        NotAHeader::Damaged => FeedError::Damaged { path: path.to_owned(), what: "the header" },
    };
    let prefix = |length: usize| {
        let mut bytes = vec![0; length.min(usize::try_from(size).unwrap_or(length))];
        file.read_exact_at(&mut bytes, 0)?;
        Ok::<_, FeedError>(bytes)
    };
    let mut start = prefix(FIRST_READ)?;
    let manifest = format::manifest_length(&start).map_err(refuse)? as usize;
    let needed = format::HEADER_REST + manifest;
    if start.len() < needed {
        start = prefix(needed)?;
    }
    debug_assert_eq!(format::HEADER_REST, MAGIC.len() + 4 + 32 + 64);
    format::header(&start).map_err(refuse)
}
