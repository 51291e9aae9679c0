//! `pom.xml`: the dependencies that a project of Maven names, in the versions that the tree gives them. It looks at other
//! poms of the tree: parents, and projects that `dependencyManagement` imports. It runs no Maven and asks no repository.
//!
//! From the POM reference, «Dependencies», «Inheritance», «Dependency Management» and «Profiles». What a dependency
//! depends on is in no pom of the tree, so there are no edges, and one gap of each file says so. A version that only a
//! repository, the command line or the machine can say is a gap with the line of its dependency. Dependencies of plugins
//! are left out by name: they are part of the build, not of what is built.

mod files;
mod lineage;
mod managed;
mod model;
#[cfg(test)]
mod tests;
mod xml;

use super::counter;
use super::found::{About, Entry, Found, Siblings, conflict, shorten};
use super::place::{Refusal, utf8};
use crate::model::{Ecosystem, Gap, GapKind, Inventory, Partial, Scope, Source, TreePath};
use files::{Absent, Files};
use lineage::{Level, Lineage, Open, Said};
use managed::{Key, Managed};
use model::{Coordinates, Dependency, Pom};
use std::collections::HashSet;
use std::rc::Rc;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "maven-pom";

/// Parents above each other, and imports inside each other: each is a file of its own that people keep up by hand.
const MAX_PARENTS: usize = 32;
const RESTORE: &str = "restore the file from version control";
const ABOUT: About = About { format: FORMAT, counts: "elements `dependency`", restore: RESTORE, complete: RESTORE };
const PIN: &str = "write one version beside the dependency, or in dependencyManagement or properties of the tree";
const RELEASE: &str = "depend on a release; a project of the same tree needs the group and version of this one";
const IN_PROFILE: &str = "name the dependency in the profile too, with the version that it has there";
const HERE_TOO: &str = "name the dependency in this file too";
const LIST: &str = "`mvn dependency:list` tells where the build runs";

/// Reads a file. Scopes: `test` is development; what has the scope `system` has the source `Path`; a snapshot of the
/// project's own group and version, or of a module of the tree, is first-party.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `unlocked` (a version that the tree does not say), `parse-failed` (a dependency that cannot be understood, a parent
/// that cannot be read), `too-large` (more than 32 parents), `not-covered` (what is not in the file), `count-mismatch`.
pub fn parse(
    path: &TreePath,
    bytes: &[u8],
    siblings: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> Result<Partial<Inventory>, Gap> {
    read(path, bytes, siblings).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8], siblings: Siblings<'_>) -> Result<Partial<Inventory>, Refusal> {
    let text = utf8(bytes)?;
    conflict(text, RESTORE)?;
    let pom = Rc::new(Pom::read(text)?);
    let files = Files::new(siblings);
    let lineage = Lineage::new(&files, Level { path: path.clone(), pom: Rc::clone(&pom) });
    let project = Project::new(&files, lineage)?;
    let mut found = Found::default();
    for piece in pieces(&pom) {
        match piece {
            Piece::Used(dependency, profile) => project.dependency(dependency, profile, &mut found)?,
            Piece::Managed(entry) => {
                let why = "it says a version to others, and is none of the project's dependencies itself";
                found.leave_out(shorten(&entry.coordinates.name()), why)?;
            }
            Piece::Other(other) if other.is_fault => found.unreadable(other.at, other.what.clone(), &*other.why)?,
            Piece::Other(other) => found.leave_out(other.what.clone(), &*other.why)?,
        }
    }
    for (at, name) in &pom.odd {
        found.gap(GapKind::ParseFailed, *at, name.clone(), "not a dependency, and in a list of them".to_owned())?;
    }
    parents(&project, &pom, &mut found)?;
    project.inherited(&pom, &mut found)?;
    whole(&project, &pom, &mut found)?;
    Ok(found.finish(path, text, &ABOUT, counter::pom(bytes)))
}

/// A `<dependency>` of the file.
enum Piece<'p> {
    /// One of the project, or of the profile of this name.
    Used(&'p Dependency, Option<&'p str>),
    Managed(&'p Dependency),
    Other(&'p model::Other),
}

/// Every `<dependency>`, in the order of the file.
fn pieces(pom: &Pom) -> Vec<Piece<'_>> {
    let sections = sections(pom).flat_map(|(section, profile)| {
        let used = section.dependencies.iter().map(move |dependency| Piece::Used(dependency, profile));
        used.chain(section.managed.iter().map(Piece::Managed))
    });
    let mut pieces: Vec<Piece<'_>> = sections.chain(pom.others.iter().map(Piece::Other)).collect();
    pieces.sort_by_key(|piece| match piece {
        Piece::Used(dependency, _) | Piece::Managed(dependency) => dependency.at,
        Piece::Other(other) => other.at,
    });
    pieces
}

/// The project's own part and its profiles.
fn sections(pom: &Pom) -> impl Iterator<Item = (&model::Section, Option<&str>)> {
    let profiles = pom.profiles.iter().map(|profile| (&profile.section, Some(profile.id.as_str())));
    std::iter::once((&pom.main, None)).chain(profiles)
}

/// Tells of a parent that is there and does not answer. One that is elsewhere is told where something needs it.
fn parents(project: &Project<'_>, pom: &Pom, found: &mut Found<'_>) -> Result<(), Refusal> {
    let (Some((parent, why)), Some(own)) = (&project.lineage.missing, &pom.parent) else { return Ok(()) };
    let kind = match why {
        Absent::Elsewhere => return Ok(()),
        Absent::Broken | Absent::Circle => GapKind::ParseFailed,
        Absent::TooMany => GapKind::TooLarge,
    };
    found.gap(kind, own.at, parent.label(), format!("a parent of the project, which {why}"))
}

/// Says once what no pom has.
fn whole(project: &Project<'_>, pom: &Pom, found: &mut Found<'_>) -> Result<(), Refusal> {
    let has_some = sections(pom).any(|(section, _)| !section.dependencies.is_empty());
    let what = match (has_some, &project.lineage.missing) {
        (false, None) => return Ok(()),
        (true, None) => "what its dependencies bring in".to_owned(),
        (false, Some((parent, _))) => format!("what its parent {} brings in", parent.label()),
        (true, Some((parent, _))) => format!("what its dependencies and its parent {} bring in", parent.label()),
    };
    let why = format!("{what} is in no file; a lock or an SBOM of the build tells");
    let group = project.lineage.levels.first().map_or("", Level::group);
    let name = format!("{group}:{}", pom.coordinates.artifact);
    found.gap_with_help((GapKind::NotCovered, LIST), 0, &name, why)
}

/// A pom with what its texts mean.
struct Project<'f> {
    files: &'f Files<'f>,
    lineage: Lineage,
    managed: Managed,
}

/// A dependency as Maven would have it.
struct Used {
    name: String,
    group: String,
    artifact: String,
    version: String,
    scope: String,
    /// A profile that would make it another version, and the property by which it does.
    but: Option<(String, String)>,
}

impl<'f> Project<'f> {
    fn new(files: &'f Files<'f>, lineage: Lineage) -> Result<Self, Refusal> {
        let managed = Managed::new(files, &lineage, 0, &mut 0)?;
        Ok(Self { files, lineage, managed })
    }

    /// Takes a dependency, or tells why its version is not known.
    fn dependency(&self, dependency: &Dependency, profile: Option<&str>, found: &mut Found<'_>) -> Result<(), Refusal> {
        let at = dependency.at;
        let what = match managed::key(&self.lineage, dependency, profile) {
            Ok([group, artifact, ..]) => shorten(&format!("{group}:{artifact}")),
            Err(_) => shorten(&dependency.coordinates.name()), // as it is written
        };
        if dependency.coordinates.group.is_empty() || dependency.coordinates.artifact.is_empty() {
            return found.unreadable(at, what, "no `groupId` or no `artifactId`");
        }
        let used = match self.used(dependency, profile) {
            Ok(used) => used,
            Err(why @ Open::Endless(_)) => return found.unreadable(at, what, why.to_string()),
            Err(why) => return open(found, PIN, at, &what, &why.to_string()),
        };
        if [&used.group, &used.artifact].iter().any(|id| id.is_empty() || id.contains(is_odd)) {
            return found.unreadable(at, what, format!("`{}` is not the name of an artifact", shorten(&used.name)));
        }
        let (version, source) = match fixed(&used.version) {
            Ok(version) if dependency.scope == "system" || used.scope == "system" => {
                (version, Source::Path(dependency.system_path.as_str().into()))
            }
            Ok(version) => (version, Source::Default),
            Err(Moving::Snapshot) if self.is_first_party(&used) => (used.version.as_str(), Source::Local),
            Err(Moving::Snapshot) => {
                let why = format!("`{}` is a snapshot, which is another one each day", shorten(&used.version));
                return open(found, RELEASE, at, &used.name, &why);
            }
            Err(Moving::Range) => {
                let why = format!("`{}` leaves the version to the repository", shorten(&used.version));
                return open(found, PIN, at, &used.name, &why);
            }
        };
        let is_optional = self.lineage.say(&dependency.optional, profile).is_ok_and(|said| said.text == "true");
        let plain = Entry::new(at, Ecosystem::Maven, used.name.clone(), version.to_owned());
        let index = found.push(Entry { source, scope: scope(&used.scope), optional: is_optional, ..plain })?;
        if let (Some(index), Some(profile)) = (index, profile) {
            found.condition(index, format!("profile: {}", shorten(profile)));
        }
        let Some((profile, by)) = used.but else { return Ok(()) };
        let why = format!(
            "the profile `{}` gives it another version ({}), which was not asked about",
            shorten(&profile),
            shorten(&by)
        );
        found.gap_with_help((GapKind::NotCovered, IN_PROFILE), at, &used.name, why)
    }

    fn used(&self, dependency: &Dependency, profile: Option<&str>) -> Result<Used, Open> {
        let key = managed::key(&self.lineage, dependency, profile)?;
        let rule = || self.managed.find(&key, profile);
        let version = match dependency.coordinates.version.as_str() {
            "" => rule()?.ok_or(Open::Unversioned)?.version?,
            version => self.lineage.say(version, profile)?,
        };
        if version.text.is_empty() {
            return Err(Open::Unversioned);
        }
        // A scope that nobody can say counts as included, which is the strict side.
        let scope = match dependency.scope.as_str() {
            "" => rule().ok().flatten().map(|rule| rule.scope).unwrap_or_default(),
            scope => self.lineage.say(scope, profile).map_or_else(|_| scope.to_owned(), |said| said.text),
        };
        let Said { text, but, .. } = version;
        let [group, artifact, ..] = key;
        Ok(Used { name: format!("{group}:{artifact}"), group, artifact, version: text, scope, but })
    }

    /// Whether a snapshot is built with the project: one of its own group and version, or one of a module of the tree.
    fn is_first_party(&self, used: &Used) -> bool {
        let is = |text: &str, wanted: &str| self.lineage.say(text, None).is_ok_and(|said| said.text == wanted);
        let own = self.lineage.levels.first().is_some_and(|own| is(own.version(), &used.version));
        let Used { group, artifact, version, .. } = used;
        (own && self.lineage.levels.iter().any(|level| is(level.group(), group))) || {
            let wanted = Coordinates { group: group.clone(), artifact: artifact.clone(), version: version.clone() };
            self.files.named(&self.lineage, &wanted).is_ok()
        }
    }

    /// Dependencies of parents that are others here, because this file sets their properties or manages them otherwise:
    /// no entry of any file has that version.
    fn inherited(&self, pom: &Pom, found: &mut Found<'_>) -> Result<(), Refusal> {
        let at = pom.parent.as_ref().map_or(0, |parent| parent.at);
        let mut nearer: HashSet<Key> = HashSet::new();
        for (nth, level) in self.lineage.levels.iter().enumerate() {
            let mut own = HashSet::new();
            let above = match sections(&level.pom).any(|(section, _)| !section.dependencies.is_empty()) {
                true if nth > 0 => {
                    let levels = self.lineage.levels.get(nth..).unwrap_or_default().to_vec();
                    Some(Project::new(self.files, Lineage { levels, ..self.lineage.clone() })?)
                }
                _ => None,
            };
            for (section, profile) in sections(&level.pom) {
                for dependency in &section.dependencies {
                    let Ok(key) = managed::key(&self.lineage, dependency, profile) else { continue }; // told there
                    let (Some(above), false) = (&above, nearer.contains(&key)) else {
                        own.insert(key);
                        continue; // an entry of this file, or one that such an entry takes the place of
                    };
                    own.insert(key);
                    let Ok(here) = self.used(dependency, profile) else { continue }; // told in the parent's file
                    let there = above.used(dependency, profile).map(|there| (there.name, there.version));
                    if there.is_ok_and(|there| there == (here.name.clone(), here.version.clone())) {
                        continue; // the entry of the parent says it
                    }
                    let why = format!(
                        "inherited from {}, and another version here: `{}`",
                        level.path,
                        shorten(&here.version)
                    );
                    found.gap_with_help((GapKind::Unlocked, HERE_TOO), at, &here.name, why)?;
                }
            }
            nearer.extend(own);
        }
        Ok(())
    }
}

/// Leaves a dependency out whose version is open, with its gap.
fn open(found: &mut Found<'_>, help: &'static str, at: usize, what: &str, why: &str) -> Result<(), Refusal> {
    found.leave_out(what, why)?;
    found.gap_with_help((GapKind::Unlocked, help), at, what, why)
}

/// What no group and no artifact has (Maven's own check of a model).
fn is_odd(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn scope(word: &str) -> Scope {
    match word {
        "" | "compile" | "provided" | "runtime" | "system" => Scope::Normal,
        "test" => Scope::Dev,
        _ => Scope::Unknown,
    }
}

/// A version that is none yet.
enum Moving {
    Range,
    Snapshot,
}

/// The one version that a text names: `1.0`, or the range `[1.0]`.
fn fixed(text: &str) -> Result<&str, Moving> {
    let one = text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).map(str::trim);
    if let Some(one) = one.filter(|one| !one.is_empty() && !one.contains([',', '[', ']', '(', ')'])) {
        return fixed(one);
    }
    if text.contains([',', '[', ']', '(', ')'])
        || ["LATEST", "RELEASE"].iter().any(|word| text.eq_ignore_ascii_case(word))
    {
        return Err(Moving::Range);
    }
    let end = text.len().checked_sub("SNAPSHOT".len()).and_then(|at| text.get(at..));
    if end.is_some_and(|end| end.eq_ignore_ascii_case("SNAPSHOT")) {
        return Err(Moving::Snapshot);
    }
    Ok(text)
}
