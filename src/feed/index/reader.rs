//! Reads an index by `pread`, each part checked against the signed header before it is used, and only the parts that are
//! asked for. It writes nothing and judges no age.

use super::compile::{CompiledIndex, key_of};
use super::entry::{self, Package, RecordNumber};
use super::header::{self, Header, NotAHeader, Watermark};
use super::json;
use super::tree::{Entries, MAX_BLOCK, MAX_TABLE, Table};
use crate::feed::format::{self, Block};
use crate::feed::key::{Key, PublicKey};
use crate::feed::{FeedError, name};
use crate::model::{Digest, Gap, Record, Timestamp};
use crate::sys::{Bytes, Fault, ReadAt, Sys, SysError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The first read: a header of the usual size comes with one call.
const FIRST_READ: usize = 16 << 10;

/// Whether key and value of an entry are what they should be.
type Check<'a> = dyn Fn(&[u8], &[u8]) -> Option<()> + 'a;

/// An open index whose header is signed by the expected key.
pub struct Index {
    file: Box<dyn ReadAt>,
    path: PathBuf,
    header: Header,
    watermarks: Vec<Watermark>,
    packages: Table,
    /// For each block of packages its bytes, once they were read and checked.
    blocks: Vec<OnceLock<Arc<[u8]>>>,
    ids: OnceLock<Table>,
    texts: OnceLock<Table>,
}

impl Index {
    /// Opens the index at a path.
    ///
    /// Errors: it is not there, is no index, is damaged, or is not signed by this key.
    pub fn open(sys: &dyn Sys, path: &Path, key: &PublicKey) -> Result<Self, FeedError> {
        Self::read_from(sys.open(path)?, path, key)
    }

    /// An index that was just compiled, without a file; `what` names it in errors.
    pub fn in_memory(compiled: CompiledIndex, what: &Path, key: &PublicKey) -> Result<Self, FeedError> {
        Self::read_from(Box::new(InMemory(compiled.bytes)), what, key)
    }

    /// Whether the file at a path begins like an index of any version. What cannot be opened does not.
    pub fn is_one(sys: &dyn Sys, path: &Path) -> bool {
        let mut start = [0; header::ANY_MAGIC.len()];
        let read = sys.open(path).and_then(|file| file.read_exact_at(&mut start, 0));
        read.is_ok() && start == header::ANY_MAGIC
    }

    fn read_from(file: Box<dyn ReadAt>, path: &Path, key: &PublicKey) -> Result<Self, FeedError> {
        let damaged = |what| FeedError::Damaged { path: path.to_owned(), what };
        let size = file.size()?.0;
        let header = read_header(file.as_ref(), path, size)?;
        if !header.is_signed_by(key) {
            return Err(FeedError::WrongKey { path: path.to_owned(), key: key.to_string() });
        }
        if header.length.checked_add(header.manifest.size) != Some(size) {
            return Err(damaged("it is cut short, or longer than its header says"));
        }
        let watermarks: Option<Vec<_>> = header.manifest.sources.iter().map(header::Source::watermark).collect();
        let mut index = Self {
            file,
            path: path.to_owned(),
            watermarks: watermarks.ok_or_else(|| damaged("the list of sources"))?,
            packages: Table::read(Vec::new()).ok_or_else(|| damaged("the table of packages"))?,
            blocks: Vec::new(),
            ids: OnceLock::new(),
            texts: OnceLock::new(),
            header,
        };
        index.packages = index.table(&index.header.manifest.packages, "the table of packages")?;
        index.blocks.resize_with(index.packages.len(), OnceLock::new);
        Ok(index)
    }

    /// What names the file.
    pub fn digest(&self) -> Digest {
        self.header.digest()
    }

    /// The name of the index.
    pub fn name(&self) -> &str {
        &self.header.manifest.name
    }

    /// How many records it has, withdrawn ones included.
    pub fn records(&self) -> u32 {
        self.header.manifest.records
    }

    /// Its sources, and how fresh they are, ascending by name.
    pub fn watermarks(&self) -> &[Watermark] {
        &self.watermarks
    }

    /// What could not be read when it was compiled.
    pub fn gaps(&self) -> Result<Vec<Gap>, FeedError> {
        let bytes = self.read(&self.header.manifest.gaps, MAX_TABLE, "the list of gaps")?;
        format::read_gaps(&bytes).ok_or_else(|| self.damaged("the list of gaps"))
    }

    /// What is known of a package, in whatever spelling; none where no record speaks of it. The ecosystem is written as
    /// OSV does, with the release of a distribution (`AlmaLinux:9`).
    pub fn package(&self, ecosystem: &str, name: &str) -> Result<Option<Package>, FeedError> {
        let normalised = name::normalised(ecosystem, name);
        let key = key_of(ecosystem, &normalised);
        let Some(at) = self.packages.find(&key) else { return Ok(None) };
        let damaged = || self.damaged("the entry of a package");
        let bytes = self.package_block(at)?;
        match Entries::of(&bytes).value(&key).map_err(|_| damaged())? {
            Some(value) => Ok(Some(entry::read(value, ecosystem, &normalised).ok_or_else(damaged)?)),
            None => Ok(None),
        }
    }

    /// Whether any record speaks of a package of this ecosystem.
    pub fn covers(&self, ecosystem: &str) -> Result<bool, FeedError> {
        let prefix = key_of(ecosystem, "");
        // The first key that can have the prefix is in the block that would hold the bare prefix, or begins the next.
        let at = self.packages.find(&prefix).unwrap_or(0);
        let begins = |at| self.packages.entry(at).is_some_and(|(first, _)| first.starts_with(&prefix));
        if at >= self.packages.len() {
            return Ok(false);
        }
        if begins(at) || begins(at + 1) {
            return Ok(true);
        }
        let bytes = self.package_block(at)?;
        for entry in Entries::of(&bytes) {
            let (key, _) = entry.map_err(|_| self.damaged("the entry of a package"))?;
            if key.starts_with(&prefix) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every ecosystem that a record speaks of a package of, as records write it, ascending.
    ///
    /// Errors: a part that is looked at is damaged.
    pub fn ecosystems(&self) -> Result<Vec<String>, FeedError> {
        let mut out: Vec<String> = Vec::new();
        let mut from = Vec::new();
        while let Some(key) = self.first_key(&from)? {
            let ecosystem = key.split(|b| *b == 0).next().unwrap_or_default(); // a split has a first part
            // What follows all keys of this ecosystem.
            from = [ecosystem, b"\x01"].concat();
            let text = std::str::from_utf8(ecosystem).map_err(|_| self.damaged("the entry of a package"))?;
            out.push(text.to_owned());
        }
        Ok(out)
    }

    /// The first key of a package that is not smaller than this.
    fn first_key(&self, from: &[u8]) -> Result<Option<Vec<u8>>, FeedError> {
        let at = self.packages.find(from).unwrap_or(0);
        for at in (at..self.packages.len()).take(2) {
            let bytes = self.package_block(at)?;
            for entry in Entries::of(&bytes) {
                let (key, _) = entry.map_err(|_| self.damaged("the entry of a package"))?;
                if key >= from {
                    return Ok(Some(key.to_vec()));
                }
            }
        }
        Ok(None)
    }

    /// Hands over every record, in order of number.
    ///
    /// Errors: a part is damaged, or records are missing. What was handed over until then is not all.
    pub fn each_record(&self, each: &mut dyn FnMut(Record)) -> Result<(), FeedError> {
        let damaged = || self.damaged("the text of a record");
        let table = self.lazy(&self.texts, &self.header.manifest.texts, "the table of records")?;
        let mut count = 0_u32;
        for at in 0..table.len() {
            let (_, block) = table.entry(at).ok_or_else(damaged)?;
            let bytes = self.read(&block, MAX_BLOCK, "the text of a record")?;
            for entry in Entries::of(&bytes) {
                let (key, value) = entry.map_err(|_| damaged())?;
                if key != count.to_be_bytes() {
                    return Err(damaged());
                }
                each(json::read(value).ok_or_else(damaged)?.1);
                count = count.saturating_add(1);
            }
        }
        if count == self.records() { Ok(()) } else { Err(damaged()) }
    }

    /// The same index, had again at another time and signed by this key. Every part is checked before.
    ///
    /// Errors: it is damaged.
    pub fn refreshed_at(&self, refreshed: Timestamp, key: &Key) -> Result<Vec<u8>, FeedError> {
        self.verify()?;
        let mut manifest = self.header.manifest.clone();
        manifest.sources.iter_mut().for_each(|source| source.set_refreshed(refreshed));
        let mut bytes = header::write(&manifest, key)?;
        let start = bytes.len();
        let size = usize::try_from(manifest.size).map_err(|_| self.damaged("it is larger than the memory"))?;
        bytes.resize(start.saturating_add(size), 0);
        let data = bytes.get_mut(start..).ok_or_else(|| self.damaged("its length"))?;
        self.file.read_exact_at(data, self.header.length)?;
        Ok(bytes)
    }

    /// The size of the file.
    pub fn size(&self) -> Bytes {
        Bytes(self.header.length.saturating_add(self.header.manifest.size))
    }

    /// The whole of a record, and the name of its source.
    ///
    /// Errors: there is no such number, or its part of the file is damaged.
    pub fn record(&self, number: RecordNumber) -> Result<(&str, Record), FeedError> {
        let damaged = || self.damaged("the text of a record");
        let key = number.0.to_be_bytes();
        let table = self.lazy(&self.texts, &self.header.manifest.texts, "the table of records")?;
        let (_, block) = table.find(&key).and_then(|at| table.entry(at)).ok_or_else(damaged)?;
        let bytes = self.read(&block, MAX_BLOCK, "the text of a record")?;
        let value = Entries::of(&bytes).value(&key).map_err(|_| damaged())?.ok_or_else(damaged)?;
        let (source, record) = json::read(value).ok_or_else(damaged)?;
        let source = self.watermarks.get(usize::from(source)).ok_or_else(damaged)?;
        Ok((&source.source, record))
    }

    /// The records with this id or alias, in any case of letters, ascending.
    pub fn find(&self, id_or_alias: &str) -> Result<Vec<RecordNumber>, FeedError> {
        let key = id_or_alias.to_ascii_uppercase();
        let table = self.lazy(&self.ids, &self.header.manifest.ids, "the table of ids")?;
        let Some((_, block)) = table.find(key.as_bytes()).and_then(|at| table.entry(at)) else { return Ok(Vec::new()) };
        let damaged = || self.damaged("the list of ids");
        let bytes = self.read(&block, MAX_BLOCK, "the list of ids")?;
        let value = Entries::of(&bytes).value(key.as_bytes()).map_err(|_| damaged())?.unwrap_or_default();
        let (numbers, rest) = value.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(damaged());
        }
        Ok(numbers.iter().map(|n| RecordNumber(u32::from_be_bytes(*n))).collect())
    }

    /// Reads and checks every part, and that no byte of the file lies outside all parts.
    pub fn verify(&self) -> Result<(), FeedError> {
        self.gaps()?;
        let manifest = &self.header.manifest;
        let texts = self.lazy(&self.texts, &manifest.texts, "the table of records")?;
        let ids = self.lazy(&self.ids, &manifest.ids, "the table of ids")?;
        let mut blocks = vec![manifest.gaps, manifest.packages, manifest.texts, manifest.ids];
        let check_package = |key: &[u8], value: &[u8]| {
            let (ecosystem, name) = std::str::from_utf8(key).ok()?.split_once('\0')?;
            let package = entry::read(value, ecosystem, name)?;
            package.statements.iter().all(|s| s.record.0 < manifest.records).then_some(())
        };
        self.verify_tree(&self.packages, &mut blocks, &check_package)?;
        let check_text = |key: &[u8], value: &[u8]| {
            let (source, _) = json::read(value)?;
            let number = u32::from_be_bytes(key.try_into().ok()?);
            (number < manifest.records && usize::from(source) < self.watermarks.len()).then_some(())
        };
        self.verify_tree(texts, &mut blocks, &check_text)?;
        let check_id = |_: &[u8], value: &[u8]| {
            let (numbers, rest) = value.as_chunks::<4>();
            let known = numbers.iter().all(|n| u32::from_be_bytes(*n) < manifest.records);
            (rest.is_empty() && known).then_some(())
        };
        self.verify_tree(ids, &mut blocks, &check_id)?;
        blocks.sort_by_key(|b| (b.offset, b.length));
        let mut at = 0;
        for block in blocks {
            if block.offset != at {
                return Err(self.damaged("its parts do not lie end to end"));
            }
            at += u64::from(block.length);
        }
        if at == manifest.size { Ok(()) } else { Err(self.damaged("its parts do not fill it")) }
    }

    fn verify_tree(&self, table: &Table, blocks: &mut Vec<Block>, check: &Check<'_>) -> Result<(), FeedError> {
        const WHAT: &str = "a block of entries";
        let damaged = || self.damaged(WHAT);
        let mut last: Option<Vec<u8>> = None;
        for at in 0..table.len() {
            let (first, block) = table.entry(at).ok_or_else(damaged)?;
            let bytes = self.read(&block, MAX_BLOCK, WHAT)?;
            blocks.push(block);
            for (n, entry) in Entries::of(&bytes).enumerate() {
                let (key, value) = entry.map_err(|_| damaged())?;
                let ascends = last.as_ref().is_none_or(|last| last.as_slice() < key);
                if !ascends || (n == 0 && key != first) {
                    return Err(damaged());
                }
                check(key, value).ok_or_else(damaged)?;
                last = Some(key.to_vec());
            }
        }
        Ok(())
    }

    fn package_block(&self, at: usize) -> Result<Arc<[u8]>, FeedError> {
        let what = "the entry of a package";
        let cell = self.blocks.get(at).ok_or_else(|| self.damaged(what))?;
        if let Some(bytes) = cell.get() {
            return Ok(bytes.clone());
        }
        let (_, block) = self.packages.entry(at).ok_or_else(|| self.damaged(what))?;
        let bytes: Arc<[u8]> = self.read(&block, MAX_BLOCK, what)?.into();
        // Another thread may have been first, with the same bytes.
        Ok(cell.get_or_init(|| bytes).clone())
    }

    fn lazy<'a>(
        &'a self,
        cell: &'a OnceLock<Table>,
        block: &Block,
        what: &'static str,
    ) -> Result<&'a Table, FeedError> {
        if let Some(table) = cell.get() {
            return Ok(table);
        }
        let table = self.table(block, what)?;
        Ok(cell.get_or_init(|| table))
    }

    fn table(&self, block: &Block, what: &'static str) -> Result<Table, FeedError> {
        Table::read(self.read(block, MAX_TABLE, what)?).ok_or_else(|| self.damaged(what))
    }

    /// A part, checked against its digest.
    fn read(&self, block: &Block, limit: u32, what: &'static str) -> Result<Vec<u8>, FeedError> {
        let end = block.offset.checked_add(u64::from(block.length));
        if block.length > limit || end.is_none_or(|end| end > self.header.manifest.size) {
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

/// Bytes as a file.
struct InMemory(Vec<u8>);

impl ReadAt for InMemory {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), SysError> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = start.checked_add(buffer.len()).and_then(|end| self.0.get(start..end));
        match part {
            Some(part) => {
                buffer.copy_from_slice(part);
                Ok(())
            }
            None => Err(SysError {
                op: "read",
                what: "an index in memory".into(),
                fault: Fault::Other("it ends earlier".into()),
            }),
        }
    }

    fn size(&self) -> Result<Bytes, SysError> {
        Ok(Bytes(self.0.len() as u64))
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
    let needed = header::HEADER_REST + header::manifest_length(&start).map_err(refuse)? as usize;
    if start.len() < needed {
        start = prefix(needed)?;
    }
    debug_assert_eq!(header::HEADER_REST, header::MAGIC.len() + 4 + 32 + 64);
    header::read(&start).map_err(refuse)
}
