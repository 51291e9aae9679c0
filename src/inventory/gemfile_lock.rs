//! `Gemfile.lock` and `gems.locked`: gems, edges, platforms, checksums. It looks at no other file: which group a gem is in
//! stands in the `Gemfile`, which is a program, so that no scope is known.

mod lines;
#[cfg(test)]
mod tests;

use super::counter;
use super::found::{About, Entry, Found, Names, conflict, shorten};
use super::place::{Refusal, utf8};
use crate::model::{Digest, Ecosystem, Gap, GapKind, Inventory, Partial, Source, TreePath};
use lines::{Line, Lines, Locked, locked};
use std::collections::HashMap;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "gemfile-lock";

const RESTORE: &str = "restore the file from version control, or write it anew with `bundle lock`";
const ABOUT: About = About {
    format: FORMAT,
    counts: "gems and tools",
    restore: RESTORE,
    complete: "run `bundle lock` so that bundler completes the lock, and commit the result",
};
/// A label in every name of the default registry, and of what mirrors it under its name.
const REGISTRY: &str = "rubygems";
/// What the dependencies that stand in `DEPENDENCIES` are those of; no gem has such a name.
const PROJECT: &str = "the project";
/// It may be asked for, and is in no lock: bundler itself answers.
const BUNDLER: &str = "bundler";

/// Reads a lock. A gem that is locked for several platforms is a component for each, with the platform as its condition.
///
/// # Errors
/// One gap when the file is refused: `parse-failed` or `too-large`. Gaps beside the value: `parse-failed` for an entry or
/// a checksum that cannot be understood, `unsupported-version` (a section that is not known), `dangling-dependency`,
/// `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let mut reader = Reader::default();
    for line in Lines::new(text) {
        reader.line(&line)?;
    }
    if !reader.has_dependencies {
        return Err(Refusal::new(text.len(), "no `DEPENDENCIES`: the file is cut", RESTORE));
    }
    Ok(reader.finish()?.finish(path, text, &ABOUT, counter::gemfile(bytes)))
}

/// What the lines of a section mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    /// Before the first.
    #[default]
    None,
    /// `GEM`, `GIT`, `PATH`, `PLUGIN SOURCE`: where gems come from, and which.
    Source(Kind),
    /// What the project asks for.
    Dependencies,
    Checksums,
    /// The version of a tool: bundler, or Ruby.
    Tool(&'static str),
    Platforms,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gem,
    Git,
    Path,
    Plugin,
}

/// The gem that needs something (none for the project) with its name, and what it needs with its place.
type Need<'a> = ((Option<u32>, &'a str), (usize, &'a str));

#[derive(Default)]
struct Reader<'a> {
    section: Section,
    /// Of the section of a source.
    remotes: Vec<&'a str>,
    revision: &'a str,
    in_specs: bool,
    found: Found<'a>,
    names: Names<'a>,
    /// Gems as `name (version)` has them, by what stands in the parentheses.
    labels: HashMap<(&'a str, &'a str), u32>,
    /// The gem that dependencies belong to.
    last: Option<(Option<u32>, &'a str)>,
    /// What is needed, by what: resolved when every gem is known.
    needs: Vec<Need<'a>>,
    checksums: Vec<(usize, Locked<'a>, &'a str)>,
    has_dependencies: bool,
}

impl<'a> Reader<'a> {
    fn line(&mut self, line: &Line<'a>) -> Result<(), Refusal> {
        match (line.depth, self.section) {
            (0, _) => self.header(line),
            (2, Section::Source(_)) => self.attribute(line),
            (4, Section::Source(kind)) if self.in_specs => self.gem(line, kind),
            (6, Section::Source(_)) if self.last.is_some() => {
                let name = line.text.split(' ').next().unwrap_or(line.text);
                self.needs.extend(self.last.map(|last| (last, (line.at, name))));
                Ok(())
            }
            (2, Section::Dependencies) => {
                let name = line.text.split([' ', '!']).next().unwrap_or(line.text);
                self.needs.push(((None, PROJECT), (line.at, name)));
                Ok(())
            }
            (2, Section::Checksums) => match locked(line.text) {
                Some((gem, sums)) => {
                    self.checksums.push((line.at, gem, sums));
                    Ok(())
                }
                None => Err(refuse(line, "a line that is no checksum of a gem")),
            },
            (2 | 3, Section::Tool(tool)) => self
                .found
                .leave_out(format!("{tool} {}", shorten(line.text)), "a tool that the lock names, and no gem of it"),
            (2, Section::Platforms) | (_, Section::Unknown) => Ok(()),
            _ => Err(refuse(line, "a line that its section does not have")),
        }
    }

    fn header(&mut self, line: &Line<'a>) -> Result<(), Refusal> {
        if line.text.starts_with(char::is_whitespace) {
            return Err(refuse(line, "a line that is indented by something else than blanks"));
        }
        (self.remotes, self.revision, self.in_specs, self.last) = (Vec::new(), "", false, None);
        self.section = match line.text {
            "GEM" => Section::Source(Kind::Gem),
            "GIT" => Section::Source(Kind::Git),
            "PATH" => Section::Source(Kind::Path),
            "PLUGIN SOURCE" => Section::Source(Kind::Plugin),
            "PLATFORMS" => Section::Platforms,
            "DEPENDENCIES" => Section::Dependencies,
            "CHECKSUMS" => Section::Checksums,
            "RUBY VERSION" => Section::Tool("ruby"),
            "BUNDLED WITH" => Section::Tool(BUNDLER),
            other => {
                let why = "a section that this release does not know".to_owned();
                self.found.gap(GapKind::UnsupportedVersion, line.at, shorten(other), why)?;
                Section::Unknown
            }
        };
        self.has_dependencies |= self.section == Section::Dependencies;
        Ok(())
    }

    fn attribute(&mut self, line: &Line<'a>) -> Result<(), Refusal> {
        match line.text.split_once(':').map(|(key, value)| (key, value.trim())) {
            Some(("specs", "")) => self.in_specs = true,
            Some(("remote", remote)) if !self.in_specs => self.remotes.push(remote),
            Some(("revision", revision)) if !self.in_specs => self.revision = revision,
            // Branch, tag, glob and others say how the revision was found.
            Some((key, _)) if !self.in_specs && !key.contains(' ') => {}
            _ => return Err(refuse(line, "a line that its section does not have")),
        }
        Ok(())
    }

    fn gem(&mut self, line: &Line<'a>, kind: Kind) -> Result<(), Refusal> {
        let Some((gem, "")) = locked(line.text) else {
            let name = line.text.split(' ').next().unwrap_or(line.text);
            self.last = Some((None, name));
            self.names.add(name, None)?;
            return self.found.unreadable(line.at, shorten(line.text), "not a gem and its version");
        };
        let plain = Entry::new(line.at, Ecosystem::RubyGems, gem.name, gem.version);
        let index = self.found.push(Entry { source: self.source(kind), ..plain })?;
        if kind != Kind::Path {
            self.found.fetched(index, self.remotes.first().copied(), None::<&str>);
        }
        if let Some(index) = index {
            if let Some(platform) = gem.platform {
                self.found.condition(index, format!("platform: {}", shorten(platform)));
            }
            self.labels.insert((gem.name, gem.full), index);
        }
        self.names.add(gem.name, index)?;
        self.last = Some((index, gem.name));
        Ok(())
    }

    fn source(&self, kind: Kind) -> Source {
        let remote = self.remotes.first().copied().unwrap_or_default();
        match kind {
            // Old locks do not say which of several registries a gem is from: the default one is the strict side.
            Kind::Gem if self.remotes.is_empty() || self.remotes.iter().any(|remote| is_default(remote)) => {
                Source::Default
            }
            Kind::Gem | Kind::Plugin => Source::Registry(without_user(remote).into()),
            Kind::Git => Source::Git(format!("{}#{}", without_user(remote), self.revision).into()),
            Kind::Path if remote == "." => Source::Local,
            Kind::Path => Source::Path(remote.into()),
        }
    }

    fn finish(self) -> Result<Found<'a>, Refusal> {
        let Self { mut found, names, needs, checksums, labels, .. } = self;
        for (from, to) in needs {
            // What the project asks for on other platforms alone is not locked.
            let must = from.1 != PROJECT && to.1 != BUNDLER;
            found.depend(&names, from, to, must)?;
        }
        for (at, gem, sums) in checksums {
            let Some(entry) =
                labels.get(&(gem.name, gem.full)).and_then(|index| found.entries.get_mut(*index as usize))
            else {
                continue; // bundler lists itself, and what was locked for other platforms
            };
            let Some(hex) = sums.split([',', ' ']).find_map(|sum| sum.strip_prefix("sha256=")) else { continue }; // another algorithm, or none
            match hex.parse::<Digest>() {
                Ok(digest) if hex.len() == 64 => entry.checksum = Some(digest),
                _ => found.gap(
                    GapKind::ParseFailed,
                    at,
                    shorten(gem.name),
                    "a checksum that is not 64 hex digits".into(),
                )?,
            }
        }
        Ok(found)
    }
}

fn refuse(line: &Line<'_>, why: &str) -> Refusal {
    Refusal::new(line.at, why, RESTORE)
}

/// Whether this is the address of the default registry, under any of its names or of a mirror that is called like it.
fn is_default(remote: &str) -> bool {
    let host = remote.split_once("://").map_or(remote, |(_, rest)| rest).split('/').next().unwrap_or_default();
    host.split('.').any(|label| label == REGISTRY)
}

/// The address without a password.
fn without_user(remote: &str) -> String {
    super::python::without_user(remote)
}
