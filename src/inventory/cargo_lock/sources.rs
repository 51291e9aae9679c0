//! Source strings of one lock, each looked at once. It decides what is the default registry and nothing else.

use super::full::RESTORE;
use super::raw::Text;
use crate::inventory::place::Refusal;
use crate::model::Source;
use rustsec::SourceId;
use std::collections::HashMap;

/// A source string that was understood.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// For comparing: git sources are equal without regard to branch and abbreviation of the commit.
    pub(super) id: SourceId,
    pub(super) source: Source,
}

/// The source strings seen so far.
pub(super) struct Sources<'a> {
    mirrors: &'a [String],
    known: HashMap<&'a str, Known>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(mirrors: &'a [String]) -> Self {
        Self { mirrors, known: HashMap::new() }
    }

    /// The source of a package; without one it is first-party.
    pub(super) fn of(&mut self, source: Option<&'a Text<'_>>) -> Result<Source, Refusal> {
        match source {
            None => Ok(Source::Local),
            Some(text) => Ok(self.known(&text.text, text.at)?.source.clone()),
        }
    }

    /// A source string that stands at the offset.
    pub(super) fn known(&mut self, text: &'a str, at: usize) -> Result<&Known, Refusal> {
        if !self.known.contains_key(text) {
            let known = self.read(text, at)?;
            self.known.insert(text, known);
        }
        Ok(self.known.get(text).expect("it was there or has just been put there"))
    }

    fn read(&self, text: &str, at: usize) -> Result<Known, Refusal> {
        let refused = |error| Refusal::new(at, format!("`{text}` is not a source: {error}"), RESTORE);
        let id = SourceId::from_url(text).map_err(refused)?;
        let mirror = id.is_remote_registry() && self.mirrors.iter().any(|mirror| mirror == text);
        let source = if mirror || id.is_default_registry() {
            Source::CratesIo
        } else if id.is_remote_registry() {
            Source::Registry(text.into())
        } else if id.is_git() {
            Source::Git(text.into())
        } else {
            // `SourceId` reads registry, sparse, git and path sources only; the last is what remains.
            Source::Path(text.into())
        };
        Ok(Known { id, source })
    }
}
