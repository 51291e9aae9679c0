//! Where the records of other sources are fetched from: OSV's dump of an ecosystem, an archive over HTTPS, a git repository.
//! It fetches and reads them, and installs nothing.

use super::gather::{self, Below, Format, Gathered};
use super::{FeedError, archive, git, is_name};
use crate::model::Ecosystem;
use crate::sys::{Fetched, Request, Sys};
use crate::version::Scheme;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// The variable with the address that replaces the default one.
const VARIABLE: &str = "PORTCULLIS_OSV_URL";
/// Where OSV keeps a dump of each ecosystem.
const DEFAULT_BASE: &str = "https://osv-vulnerabilities.storage.googleapis.com";
/// 200 MiB over a slow line.
const TIME_LIMIT: Duration = Duration::from_secs(1_800);
/// Characters of the name of an ecosystem. The longest in use has 28.
const MAX_ECOSYSTEM: usize = 64;
/// The word for every ecosystem that lockfiles are read of and OSV has records of.
const ALL: &str = "all";
/// OSV has no dump of these.
const WITHOUT_DUMP: [Ecosystem; 3] = [Ecosystem::CocoaPods, Ecosystem::Conan, Ecosystem::Jsr];

/// A source that can be fetched, and the name of its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// The name that its index gets.
    pub name: String,
    /// How it writes its records.
    pub format: Format,
    place: Place,
    /// Only what is below this directory.
    dir: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A zip archive, a tar packed with gzip, or a file of records.
    File(String),
    Repository(String),
}

/// What a source gave.
pub(super) enum Had {
    /// It is still of the state that was named.
    Unchanged,
    /// All of it.
    New {
        gathered: Box<Gathered>,
        /// What the source calls this state.
        mark: Option<String>,
    },
}

impl Remote {
    /// OSV's dumps of these ecosystems, in whatever case of letters, each once; `all` stands for every one that lockfiles
    /// are read of and OSV has records of. The dumps lie below `base`; without it below the address in
    /// `PORTCULLIS_OSV_URL`, then OSV's own.
    ///
    /// Errors: one cannot be the name of an ecosystem, or the environment cannot be read.
    pub fn ecosystems(sys: &dyn Sys, words: &[String], base: Option<&str>) -> Result<Vec<Self>, FeedError> {
        let base = match base {
            Some(base) => base.to_owned(),
            None => sys.var(VARIABLE)?.filter(|url| !url.is_empty()).unwrap_or_else(|| DEFAULT_BASE.to_owned()),
        };
        let base = base.trim_end_matches('/');
        let mut names: Vec<String> = Vec::new();
        for word in words {
            if word.eq_ignore_ascii_case(ALL) {
                let dumped = Ecosystem::ALL.iter().filter(|ecosystem| !WITHOUT_DUMP.contains(ecosystem));
                names.extend(dumped.map(|ecosystem| ecosystem.osv().to_owned()));
            } else {
                names.push(canonical(word)?);
            }
        }
        let mut remotes: Vec<Self> = Vec::new();
        for ecosystem in names {
            let name = osv_name(&ecosystem).ok_or_else(|| FeedError::BadEcosystem(ecosystem.clone()))?;
            if remotes.iter().all(|remote| remote.name != name) {
                let place = Place::File(format!("{base}/{}/all.zip", ecosystem.replace(' ', "%20")));
                remotes.push(Self { name, format: Format::Osv, place, dir: None });
            }
        }
        Ok(remotes)
    }

    /// The address.
    pub fn url(&self) -> &str {
        match &self.place {
            Place::File(url) | Place::Repository(url) => url,
        }
    }

    /// Fetches the records, unless the source says that they are still those of the state `known`.
    pub(super) fn fetch(&self, sys: &dyn Sys, ca_file: Option<&Path>, known: Option<&str>) -> Result<Had, FeedError> {
        let (url, dir) = (self.url(), self.dir.as_deref());
        if let Place::Repository(_) = self.place {
            let snapshot = git::snapshot(sys, url, &self.name, ca_file, dir.as_slice())?;
            let below = Below { own_directory: false, dir };
            let (gathered, _) = gather::tar(&self.name, self.format, url, &snapshot.tar, &below)?;
            return Ok(Had::New { gathered: Box::new(gathered), mark: snapshot.origin.commit });
        }
        let request = Request {
            url: url.to_owned(),
            ca_file: ca_file.map(Path::to_owned),
            limit: gather::MAX_DUMP,
            time_limit: TIME_LIMIT,
        };
        let known = known.filter(|mark| is_entity_tag(mark)); // a commit is no tag
        let (bytes, etag) = match sys.fetch_unless(&request, known)? {
            Fetched::Unchanged => return Ok(Had::Unchanged),
            Fetched::Body { bytes, etag } => (bytes, etag.filter(|tag| is_entity_tag(tag))),
        };
        let file = url.split(['?', '#']).next().unwrap_or(url);
        if bytes.starts_with(gather::GZIP) {
            let below = Below { own_directory: true, dir };
            let tar = archive::gunzip(url, &bytes)?;
            let (gathered, origin) = gather::tar(&self.name, self.format, file, &tar, &below)?;
            return Ok(Had::New { gathered: Box::new(gathered), mark: etag.or(origin.commit) });
        }
        if dir.is_some() {
            let why = "only a repository and a .tar.gz have directories to choose".to_owned();
            return Err(FeedError::NotAnArchive { what: url.to_owned(), why });
        }
        let gathered = gather::bytes(&self.name, self.format, file, &bytes)?;
        Ok(Had::New { gathered: Box::new(gathered), mark: etag })
    }
}

impl FromStr for Remote {
    type Err = FeedError;

    /// `NAME=FORMAT:URL`. An address that begins with `git+` is a repository; `#DIR` behind it chooses a directory.
    fn from_str(text: &str) -> Result<Self, FeedError> {
        let bad = |why| FeedError::BadSource { text: text.to_owned(), why };
        let (name, rest) = text.split_once('=').ok_or_else(|| bad("it has no name"))?;
        if !is_name(name) {
            return Err(bad("its name may have lowercase letters, digits and hyphens alone"));
        }
        let (format, url) = rest.split_once(':').ok_or_else(|| bad("it has no format"))?;
        let format = Format::named(format).ok_or_else(|| bad("there is no such format"))?;
        let (url, dir) = match url.split_once('#') {
            Some((url, dir)) => (url, Some(dir.trim_end_matches('/'))),
            None => (url, None),
        };
        // What git could take for a pattern is none: `*`, `?`, `[`, and a colon in front.
        let odd = |dir: &str| dir.contains(['*', '?', '[', '\\', ':']) || dir.contains(char::is_control);
        if dir.is_some_and(|dir| odd(dir) || dir.split('/').any(|part| matches!(part, "" | "." | ".."))) {
            return Err(bad("what follows the # is not a directory inside of it"));
        }
        let place = match url.strip_prefix("git+") {
            Some(url) => Place::Repository(url.to_owned()),
            None => Place::File(url.to_owned()),
        };
        if !url.contains("://") {
            return Err(bad("it has no address"));
        }
        Ok(Self { name: name.to_owned(), format, place, dir: dir.map(str::to_owned) })
    }
}

/// The ecosystem as OSV writes it. One that is not known stays as it is: OSV may know it.
fn canonical(word: &str) -> Result<String, FeedError> {
    let known = Ecosystem::ALL.iter().map(|ecosystem| ecosystem.osv()).find(|name| name.eq_ignore_ascii_case(word));
    if let Some(name) = known.or_else(|| Scheme::ecosystem_called(word)) {
        return Ok(name.to_owned());
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_');
    let begins = word.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && word.len() <= MAX_ECOSYSTEM && word.chars().all(fits) {
        Ok(word.to_owned())
    } else {
        Err(FeedError::BadEcosystem(word.to_owned()))
    }
}

/// The name of the index of an ecosystem's records: `osv-crates-io`. None where that is no name.
pub(super) fn osv_name(ecosystem: &str) -> Option<String> {
    let mut name = "osv".to_owned();
    for c in ecosystem.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => {
                if name == "osv" {
                    name.push('-');
                }
                name.push(c);
            }
            _ if !name.ends_with('-') => name.push('-'),
            _ => {} // one hyphen is enough
        }
    }
    let name = name.trim_end_matches('-');
    (name != "osv" && is_name(name)).then(|| name.to_owned())
}

/// An entity tag (RFC 9110, section 8.8.3), which alone can be asked about.
fn is_entity_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inside = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.is_some_and(|inside| inside.bytes().all(|b| b.is_ascii_graphic() && b != b'"'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;

    fn of(words: &[&str]) -> Result<Vec<(String, String)>, FeedError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let remotes = Remote::ecosystems(&RealSys, &words, Some("https://x.example/osv/"))?;
        Ok(remotes.into_iter().map(|r| (r.url().to_owned(), r.name)).collect())
    }

    #[test]
    fn ecosystems_are_written_as_osv_does_whatever_the_case() {
        let pair = |url: &str, name: &str| (format!("https://x.example/osv/{url}/all.zip"), name.to_owned());
        let expected = [
            pair("npm", "osv-npm"),
            pair("PyPI", "osv-pypi"),
            pair("crates.io", "osv-crates-io"),
            pair("GitHub%20Actions", "osv-github-actions"),
            pair("Rocky%20Linux", "osv-rocky-linux"),
            pair("Unheard", "osv-unheard"),
        ];
        let words = ["NPM", "pypi", "npm", "Crates.IO", "github actions", "rocky linux", "Unheard"];
        assert_eq!(of(&words).unwrap(), expected);
        for bad in ["", "a/b", "../npm", "Alpine:v3.20", "a?b", "-x", &"a".repeat(65), "a\n", " npm"] {
            assert_eq!(of(&[bad]), Err(FeedError::BadEcosystem(bad.to_owned())));
        }
        assert!(of(&[&"a".repeat(40)]).is_err(), "no name of an index has 44 letters");
    }

    #[test]
    fn all_is_what_lockfiles_are_read_of_and_osv_has() {
        let all = of(&["all"]).unwrap();
        assert_eq!(all.len(), 13);
        assert_eq!(all, of(&["all", "Maven", "ALL"]).unwrap());
        assert!(all.iter().all(|(_, name)| !["osv-jsr", "osv-cocoapods", "osv-conancenter"].contains(&name.as_str())));
    }

    #[test]
    fn a_source_has_a_name_a_format_and_an_address() {
        let source: Remote = "rubysec=rubysec:git+https://x.example/db.git#gems/".parse().unwrap();
        assert_eq!(
            (source.name.as_str(), source.format, source.dir.as_deref()),
            ("rubysec", Format::RubySec, Some("gems"))
        );
        assert_eq!(source.place, Place::Repository("https://x.example/db.git".into()));
        let source: Remote = "mine=osv:https://x.example/a.zip?b=c:d".parse().unwrap();
        assert_eq!((source.place, source.dir), (Place::File("https://x.example/a.zip?b=c:d".into()), None));
        for bad in [
            "",
            "a",
            "A=osv:https://x.example",
            "a=osv",
            "a=odd:https://x.example",
            "a=osv:x.example",
            "a=osv:https://x.example#",
            "a=osv:https://x.example#../b",
            "a=osv:https://x.example#/b",
            "a=osv:https://x.example#b*",
            "a=osv:https://x.example#:(glob)b",
        ] {
            assert!(matches!(bad.parse::<Remote>(), Err(FeedError::BadSource { .. })), "{bad}");
        }
    }

    #[test]
    fn a_tag_is_told_from_a_commit() {
        assert!(is_entity_tag("\"abc\"") && is_entity_tag("W/\"a-b:1\"") && is_entity_tag("\"\""));
        for bad in ["", "abc", "\"", "\"a\"b\"", "\"a b\"", "w/\"a\"", "\"a\"\r\n"] {
            assert!(!is_entity_tag(bad), "{bad}");
        }
    }
}
