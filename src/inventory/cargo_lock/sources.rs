//! Source strings of one lock, each looked at once. It decides what is the default registry and nothing else.
//!
//! Cargo takes several spellings of a URL for one source. A spelling that it takes for the default registry must not
//! hide a package from the advisories, so both sides are compared in one canonical form. It is wider than cargo's: to
//! be matched is the strict side.

use super::full::RESTORE;
use super::raw::Text;
use crate::inventory::place::Refusal;
use crate::model::Source;
use rustsec::SourceId;
use rustsec::cargo_lock::package::SourceKind;
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
    /// In canonical form.
    mirrors: Vec<String>,
    known: HashMap<&'a str, Known, foldhash::fast::RandomState>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(mirrors: &[String]) -> Self {
        let canonical = |mirror: &String| match SourceId::from_url(mirror) {
            Ok(id) if id.is_remote_registry() => canonical(&id),
            _ => mirror.clone(), // no source of a registry: it equals none, and the policy's reader has its say
        };
        Self { mirrors: mirrors.iter().map(canonical).collect(), known: HashMap::default() }
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
        let canonical = id.is_remote_registry().then(|| canonical(&id));
        if let Some(default) = canonical.as_deref().and_then(default_registry) {
            // Under one id, so that a dependency finds its package whichever way each of them is spelled.
            return Ok(Known { id: default, source: Source::Default });
        }
        let source = if canonical.is_some_and(|canonical| self.mirrors.contains(&canonical)) {
            Source::Default
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

/// The one host whose paths have no case: cargo folds it there and nowhere else.
const FOLDS_CASE: &str = "github.com";

/// Ways to the same repository.
const TRANSPORTS: [&str; 4] = ["https", "http", "ssh", "git"];

/// A registry source without what two spellings of one registry may differ in: `http` and other transports, user,
/// default port, query, fragment, the dot that may end a host name, slashes at the end and doubled, `.git`, and on
/// GitHub the case of the path. Scheme and host are in lower case already: the URL parser does that.
fn canonical(id: &SourceId) -> String {
    let kind = if *id.kind() == SourceKind::SparseRegistry { "sparse" } else { "registry" };
    let url = id.url();
    // A host of nothing but a dot stays one: without it, what follows would be read as the host.
    let plain =
        |host: &str| host.strip_suffix('.').filter(|host| !host.is_empty()).unwrap_or(host).to_ascii_lowercase();
    let Some(host) = url.host_str().map(plain) else {
        return format!("{kind}+{url}"); // `file:///…`: a directory, which has one spelling
    };
    let port = url.port().filter(|port| !matches!(port, 80 | 443)).map(|port| format!(":{port}")).unwrap_or_default();
    let path = url.path().split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let path = if host == FOLDS_CASE { path.to_ascii_lowercase() } else { path };
    let scheme = if TRANSPORTS.contains(&url.scheme()) { "https" } else { url.scheme() };
    format!("{kind}+{scheme}://{host}{port}/{}", path.strip_suffix(".git").unwrap_or(&path))
}

/// The id of the default registry, if this is the canonical form of it. One of its two URLs ends in a slash.
fn default_registry(canonical: &str) -> Option<SourceId> {
    let spellings = [canonical.to_owned(), format!("{canonical}/")];
    let mut ids = spellings.iter().filter_map(|text| SourceId::from_url(text).ok()); // what is no URL is not it
    ids.find(SourceId::is_default_registry)
}
