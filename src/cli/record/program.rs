//! The digest of the running program's own file, as the program says it itself. It is remembered from one run to the next,
//! because computing it takes longer than judging; it is no proof of what runs.

use super::trouble::Trouble;
use crate::forge;
use crate::model::Digest;
use crate::sys::{Bytes, Fault, Sys, SysError};
use aws_lc_rs::digest::{Context, SHA256};
use std::path::{Path, PathBuf};

/// The program is read in pieces of this size, in bytes, so that no page of it stays.
const PIECE: usize = 256 << 10;
/// A program larger than this is not ours: a debug build has some hundred MiB.
const MAX_PROGRAM: Bytes = Bytes::mib(2048);
/// What is remembered is two digests, a space and a newline.
const MAX_MEMORY: Bytes = Bytes(130);

/// SHA-256 of the running program's own file. None where it is gone or may not be read, which the record then says.
pub(super) fn digest(sys: &dyn Sys) -> Result<Option<Digest>, Trouble> {
    let memory = memory(sys)?;
    let found = sys.program().and_then(|program| remembered(sys, &program, memory.as_deref()));
    match found {
        Ok(digest) => Ok(Some(digest)),
        Err(SysError { fault: Fault::NotFound | Fault::Denied, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where the digest is remembered: in the user's cache. None in CI, where another job may have written the cache, and where
/// the environment does not say where it is.
fn memory(sys: &dyn Sys) -> Result<Option<PathBuf>, Trouble> {
    if forge::invocation(sys)?.ci.is_ci() {
        return Ok(None);
    }
    let absolute = |path: &PathBuf| path.is_absolute();
    let cache = match sys.var("XDG_CACHE_HOME")?.map(PathBuf::from).filter(absolute) {
        Some(dir) => Some(dir),
        None => sys.var("HOME")?.map(PathBuf::from).filter(absolute).map(|home| home.join(".cache")),
    };
    Ok(cache.map(|cache| cache.join("portcullis/program")))
}

/// The digest that is remembered for the file as it is now, else the one that is computed, which is remembered then. A
/// memory that cannot be read or written is none: it only costs time.
fn remembered(sys: &dyn Sys, program: &Path, memory: Option<&Path>) -> Result<Digest, SysError> {
    let mark = || Some(Digest::of(&sys.mark(program).ok().flatten()?));
    let known = memory.and_then(|memory| Some((memory, mark()?)));
    if let Some((memory, mark)) = &known
        && let Some(digest) = recall(sys, memory, mark)
    {
        return Ok(digest);
    }
    let digest = computed(sys, program)?;
    // What was replaced while it was read is not remembered.
    if let Some((memory, before)) = known.filter(|(_, before)| mark() == Some(*before)) {
        let text = format!("{} {}\n", before.hex(), digest.hex());
        let made = memory.parent().is_none_or(|dir| sys.create_dir(dir).is_ok());
        drop(made.then(|| sys.replace(memory, text.as_bytes(), true)));
    }
    Ok(digest)
}

fn recall(sys: &dyn Sys, memory: &Path, mark: &Digest) -> Option<Digest> {
    let bytes = sys.read(memory, MAX_MEMORY).ok()?;
    let (of, digest) = std::str::from_utf8(&bytes).ok()?.strip_suffix('\n')?.split_once(' ')?;
    if mark.is_hex(of) { digest.parse().ok() } else { None }
}

fn computed(sys: &dyn Sys, program: &Path) -> Result<Digest, SysError> {
    let file = sys.open(program)?;
    let size = file.size()?;
    if size > MAX_PROGRAM {
        let fault = Fault::TooLarge { limit: MAX_PROGRAM };
        return Err(SysError { op: "read", what: program.display().to_string(), fault });
    }
    let mut context = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    while at < size.0 {
        let length = usize::try_from(size.0 - at).map_or(PIECE, |left| left.min(PIECE));
        let Some(part) = piece.get_mut(..length) else { break }; // a piece is never longer than the buffer
        file.read_exact_at(part, at)?;
        context.update(part);
        at += length as u64;
    }
    Ok(Digest(context.finish().as_ref().try_into().expect("a SHA-256 digest has 32 bytes")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tests make the files that are looked at")]

    use super::*;
    use crate::sys::RealSys;
    use std::fs;
    use std::time::{Duration, SystemTime};

    /// Nothing is remembered of a file that changed just now.
    fn age(path: &Path) {
        let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
        fs::File::options().write(true).open(path).unwrap().set_modified(hour_ago).unwrap();
        std::thread::sleep(Duration::from_millis(2_100));
    }

    #[test]
    fn a_digest_is_remembered_until_the_program_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (program, memory) = (dir.path().join("program"), dir.path().join("cache/memory"));
        let digest = || remembered(&RealSys, &program, Some(&memory)).unwrap();
        fs::write(&program, b"one").unwrap();
        assert_eq!(digest(), Digest::of(b"one"));
        assert!(!memory.exists(), "it may change again before the clock moves");
        age(&program);
        assert_eq!(digest(), Digest::of(b"one"));
        // What is remembered is believed, for this very file.
        let text = fs::read_to_string(&memory).unwrap();
        let planted = Digest::of(b"planted");
        fs::write(&memory, text.replace(&Digest::of(b"one").hex(), &planted.hex())).unwrap();
        assert_eq!(digest(), planted);
        assert_eq!(remembered(&RealSys, &program, None), Ok(Digest::of(b"one")));
        // The same size, in the same file, with the time of its content put back.
        let modified = fs::metadata(&program).unwrap().modified().unwrap();
        fs::write(&program, b"two").unwrap();
        fs::File::options().write(true).open(&program).unwrap().set_modified(modified).unwrap();
        assert_eq!(digest(), Digest::of(b"two"));
    }

    #[test]
    fn a_memory_that_says_nothing_costs_only_time() {
        let dir = tempfile::tempdir().unwrap();
        let (program, memory) = (dir.path().join("program"), dir.path().join("memory"));
        fs::write(&program, b"one").unwrap();
        age(&program);
        for text in [&b""[..], b"\xff\n", b"x y\n", &[b' '; 1_000]] {
            fs::write(&memory, text).unwrap();
            assert_eq!(remembered(&RealSys, &program, Some(&memory)), Ok(Digest::of(b"one")));
        }
        let nowhere = program.join("memory"); // below a file
        assert_eq!(remembered(&RealSys, &program, Some(&nowhere)), Ok(Digest::of(b"one")));
        fs::remove_file(&program).unwrap();
        let gone = remembered(&RealSys, &program, Some(&memory)).map_err(|error| error.fault);
        assert_eq!(gone, Err(Fault::NotFound));
    }
}
