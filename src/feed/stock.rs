//! What is installed under which name, and taking one away. It reads no feed and judges none: what is damaged can be
//! removed, too.

use super::install::{Home, feed_files};
use super::sources::index_path;
use super::{DEFAULT_NAME, FeedError, is_name};
use crate::sys::{Fault, Sys, SysError};
use std::path::PathBuf;

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Whether it was the index of a source, and not a feed of RustSec.
    pub is_index: bool,
    /// Its files, the one first without which the rest is nothing.
    pub files: Vec<PathBuf>,
}

/// The names of the installed feeds of RustSec: the default one first, the others sorted.
///
/// Errors: the directory is there and cannot be listed.
pub fn feeds(sys: &dyn Sys) -> Result<Vec<String>, FeedError> {
    let entries = match sys.list(&Home::find(sys)?.dir) {
        Ok(entries) => entries,
        Err(SysError { fault: Fault::NotFound, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let name = |entry: &crate::sys::DirEntry| {
        let name = entry.name.to_str()?.strip_suffix(".head")?;
        is_name(name).then(|| name.to_owned())
    };
    let mut names: Vec<String> = entries.iter().filter_map(name).collect(); // other files are no heads
    names.sort_by(|a, b| (a != DEFAULT_NAME, a).cmp(&(b != DEFAULT_NAME, b)));
    Ok(names)
}

/// Removes the feed or the index of this name, whatever state it is in. The key and a repository that was fetched stay.
///
/// Errors: there is none, or it could not be removed.
pub fn remove(sys: &dyn Sys, name: &str) -> Result<Removed, FeedError> {
    if !is_name(name) {
        return Err(FeedError::BadName(name.to_owned()));
    }
    let home = Home::find(sys)?;
    let missing = || FeedError::NotInstalled { name: name.to_owned(), dir: home.dir.clone() };
    if sys.kind(&home.dir)?.is_none() {
        return Err(missing()); // the lock would make the directory
    }
    let _guard = home.lock(sys, name)?;
    let index = index_path(&home, name);
    if sys.kind(&index)?.is_some() {
        sys.remove(&index)?;
        return Ok(Removed { is_index: true, files: vec![index] });
    }
    let head = home.head(name);
    if sys.kind(&head)?.is_none() {
        return Err(missing());
    }
    // The head first: without it the files are nothing, and without them the head would be damage.
    let mut files = vec![head];
    files.extend(feed_files(sys, &home, name)?);
    for file in &files {
        sys.remove(file)?;
    }
    Ok(Removed { is_index: false, files })
}
