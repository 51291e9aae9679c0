//! Walks a directory that git cannot or must not speak for: everything counts, hidden directories too, but not what is
//! inside `.git`. No link to a directory is followed.

use super::MAX_DEPTH;
use super::gather::{Gather, Met, Problem};
use super::name;
use crate::model::GapKind;
use crate::sys::FileKind;

impl Gather<'_, '_> {
    /// Looks at everything below the directory.
    ///
    /// A link to a directory is not followed, and nothing is lost by that: a directory inside the tree is walked under
    /// its own name, and one outside is not part of what is judged and leaves a row. A link *called* like a lock is a candidate itself.
    pub(super) fn walk(&mut self, start: &[u8]) {
        let mut pending = vec![(start.to_vec(), 0_usize)];
        while let Some((directory, depth)) = pending.pop() {
            let mut entries = match self.sys.list(&self.absolute(&directory)) {
                Ok(entries) => entries,
                Err(error) => {
                    self.problem(&directory, "directory", &Problem::unreadable(&error));
                    continue;
                }
            };
            // The order of a directory is chance; where a limit cuts must not be.
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            for entry in entries {
                if !self.count(&directory) {
                    return;
                }
                if entry.name == ".git" {
                    continue; // git's own files, which no commit can hold
                }
                let path = name::join(&directory, entry.name.as_encoded_bytes());
                if let Some(guess) = self.guess(&path) {
                    self.candidate(&path, guess, Met::Listed(entry.kind));
                } else if entry.kind == FileKind::Link {
                    self.other_link(&path);
                }
                if entry.kind == FileKind::Dir && depth < MAX_DEPTH {
                    pending.push((path, depth + 1));
                } else if entry.kind == FileKind::Dir {
                    let why = format!("it lies deeper than {MAX_DEPTH} directories and was not looked into");
                    let help = "name it as a target of its own";
                    self.problem(&path, "directory", &Problem::new(GapKind::WalkLimit, why).with_help(help));
                }
            }
        }
    }
}
