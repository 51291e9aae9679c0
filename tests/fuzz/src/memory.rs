//! A machine whose files are in memory, for what reads through `Sys`. It reaches nothing outside.

use portcullis::model::Timestamp;
use portcullis::sys::{
    Bytes, Command, DirEntry, Fault, FileKind, Guard, Output, ReadAt, Request, Stream, Sys, SysError,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 2026-08-22.
pub(crate) const NOW: Timestamp = Timestamp(1_787_356_800);

/// Every byte that the machine's random source gives. What is signed here protects nothing.
pub(crate) const RANDOM: u8 = 7;

/// The files by path, and what the network gives.
#[derive(Default)]
pub(crate) struct Memory {
    files: Mutex<BTreeMap<PathBuf, Arc<[u8]>>>,
    pub(crate) body: Vec<u8>,
}

impl Memory {
    /// A machine with these files.
    pub(crate) fn with(files: BTreeMap<PathBuf, Arc<[u8]>>) -> Self {
        Self { files: Mutex::new(files), body: Vec::new() }
    }

    pub(crate) fn put(&self, path: impl AsRef<Path>, bytes: &[u8]) {
        self.files.lock().unwrap().insert(path.as_ref().to_owned(), bytes.into());
    }

    /// All files.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Arc<[u8]>> {
        self.files.lock().unwrap().clone()
    }

    fn bytes(&self, op: &'static str, path: &Path) -> Result<Arc<[u8]>, SysError> {
        self.files.lock().unwrap().get(path).cloned().ok_or_else(|| error(op, path, Fault::NotFound))
    }
}

fn error(op: &'static str, path: &Path, fault: Fault) -> SysError {
    SysError { op, what: path.display().to_string(), fault }
}

struct Open(Arc<[u8]>);

impl ReadAt for Open {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), SysError> {
        let from = usize::try_from(offset).ok().and_then(|at| self.0.get(at..)).and_then(|b| b.get(..buffer.len()));
        let bytes = from.ok_or_else(|| error("read", Path::new("a file"), Fault::Other("it ends earlier".into())))?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
    fn size(&self) -> Result<Bytes, SysError> {
        Ok(Bytes(self.0.len() as u64))
    }
}

struct Nothing;
impl Guard for Nothing {}

impl Sys for Memory {
    fn now(&self) -> Result<Timestamp, SysError> {
        Ok(NOW)
    }
    fn var(&self, name: &str) -> Result<Option<String>, SysError> {
        Ok((name == "HOME").then(|| "/home".to_owned()))
    }
    fn cwd(&self) -> Result<PathBuf, SysError> {
        Ok("/".into())
    }
    fn kind(&self, path: &Path) -> Result<Option<FileKind>, SysError> {
        let files = self.files.lock().unwrap();
        let inside = || files.keys().any(|file| file.starts_with(path)).then_some(FileKind::Dir);
        Ok(files.contains_key(path).then_some(FileKind::File).or_else(inside))
    }
    fn real_path(&self, path: &Path) -> Result<PathBuf, SysError> {
        Ok(path.to_owned())
    }
    fn list(&self, dir: &Path) -> Result<Vec<DirEntry>, SysError> {
        let mut entries = BTreeMap::new();
        for file in self.files.lock().unwrap().keys() {
            let Ok(rest) = file.strip_prefix(dir) else { continue };
            let mut parts = rest.iter();
            if let Some(first) = parts.next() {
                let kind = if parts.next().is_some() { FileKind::Dir } else { FileKind::File };
                entries.insert(first.to_owned(), kind);
            }
        }
        Ok(entries.into_iter().map(|(name, kind)| DirEntry { name, kind }).collect())
    }
    fn read(&self, path: &Path, limit: Bytes) -> Result<Vec<u8>, SysError> {
        let bytes = self.bytes("read", path)?;
        let fits = bytes.len() as u64 <= limit.0;
        if fits { Ok(bytes.to_vec()) } else { Err(error("read", path, Fault::TooLarge { limit })) }
    }
    fn open(&self, path: &Path) -> Result<Box<dyn ReadAt>, SysError> {
        Ok(Box::new(Open(self.bytes("open", path)?)))
    }
    fn create_dir(&self, _: &Path) -> Result<(), SysError> {
        Ok(())
    }
    fn replace(&self, path: &Path, bytes: &[u8], _: bool) -> Result<(), SysError> {
        self.put(path, bytes);
        Ok(())
    }
    fn write_out(&self, path: &Path, bytes: &[u8]) -> Result<(), SysError> {
        self.replace(path, bytes, false)
    }
    fn append(&self, path: &Path, _: &[u8]) -> Result<(), SysError> {
        Err(error("write", path, Fault::Denied))
    }
    fn remove(&self, path: &Path) -> Result<(), SysError> {
        self.files.lock().unwrap().remove(path);
        Ok(())
    }
    fn lock(&self, _: &Path, _: Duration) -> Result<Box<dyn Guard>, SysError> {
        Ok(Box::new(Nothing))
    }
    fn run(&self, command: &Command) -> Result<Output, SysError> {
        Err(error("run", &command.program, Fault::Denied))
    }
    fn fetch(&self, _: &Request) -> Result<Vec<u8>, SysError> {
        Ok(self.body.clone())
    }
    fn random(&self, buffer: &mut [u8]) -> Result<(), SysError> {
        buffer.fill(RANDOM);
        Ok(())
    }
    fn print(&self, _: Stream, _: &[u8]) -> Result<(), SysError> {
        Ok(())
    }
    fn terminal(&self, _: Stream) -> Option<u16> {
        None
    }
}
