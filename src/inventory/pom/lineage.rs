//! A pom with its parents in the tree, and what a text means in it: properties replaced by their values.
//!
//! Properties that only the command line, the settings or the machine set are not known; what needs one is told.

use super::files::{Absent, Files, Work};
use super::model::{Coordinates, Pom};
use super::{MAX_PARENTS, shorten};
use crate::inventory::found::MAX_SOURCE;
use crate::model::TreePath;
use std::rc::Rc;

/// Properties whose values are made of properties, and so on.
const MAX_NESTING: usize = 32;
/// Properties that are replaced in one text, those of their values included: two may each stand for two others, and so on.
const MAX_STEPS: usize = 256;

/// Why a text cannot be known from the tree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Open {
    /// Nothing sets the property.
    #[error("nothing in the tree sets `${{{0}}}`")]
    Unset(String),
    /// A parent may set the property.
    #[error("`${{{property}}}` is for the parent {parent} to say, which {why}")]
    OfParent { property: String, parent: String, why: Absent },
    /// A profile sets the property that may be active or not.
    #[error("only the profile `{profile}` sets `${{{property}}}`")]
    OfProfile { property: String, profile: String },
    /// The property stands for itself, or for too much.
    #[error("`{0}` leads through too many properties")]
    Endless(String),
    /// The version is for a parent to say.
    #[error("its version is for the parent {parent} to say, which {why}")]
    ManagedByParent { parent: String, why: Absent },
    /// The version is for an imported project to say.
    #[error("its version may be for {import} to say, which is imported and {why}")]
    ManagedByImport { import: String, why: Absent },
    /// The version is said where a profile is active that may be so or not.
    #[error("only the profile `{0}` says its version")]
    ManagedByProfile(String),
    /// Nothing says the version.
    #[error("neither it nor `dependencyManagement` says its version")]
    Unversioned,
    /// Which dependency an entry is about is not known, so it may be any.
    #[error("its version may be for an entry of `dependencyManagement` to say whose name is not known: {0}")]
    ManagedUnknown(Box<Open>),
}

/// A text whose properties were replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) text: String,
    /// A profile that would make it another text, and the property by which it does.
    pub(super) but: Option<(String, String)>,
    steps: usize,
}

/// A pom and its path.
#[derive(Clone, Debug)]
pub(super) struct Level {
    pub(super) path: TreePath,
    pub(super) pom: Rc<Pom>,
}

/// A pom, its parent, and so on.
#[derive(Clone, Debug)]
pub(super) struct Lineage {
    /// From the pom itself upwards; never empty.
    pub(super) levels: Vec<Level>,
    /// The first parent that does not answer, and why.
    pub(super) missing: Option<(Coordinates, Absent)>,
    pub(super) work: Work,
}

impl Level {
    /// Whether the pom has these coordinates, as it is written or with the properties that itself sets.
    pub(super) fn has(&self, files: &Files<'_>, wanted: &Coordinates) -> bool {
        let alone = Lineage { levels: vec![self.clone()], missing: None, work: files.work() };
        let is = |own: &str, wanted: &str| {
            own == wanted || alone.say(own, None).is_ok_and(|said| !said.text.is_empty() && said.text == wanted)
        };
        self.pom.coordinates.artifact == wanted.artifact
            && is(self.group(), &wanted.group)
            && is(self.version(), &wanted.version)
    }

    /// Its group, which may be that of its parent.
    pub(super) fn group(&self) -> &str {
        self.own_or_parents(|coordinates| &coordinates.group)
    }

    /// Its version, which may be that of its parent.
    pub(super) fn version(&self) -> &str {
        self.own_or_parents(|coordinates| &coordinates.version)
    }

    fn own_or_parents(&self, of: impl Fn(&Coordinates) -> &String) -> &str {
        match (of(&self.pom.coordinates), &self.pom.parent) {
            (own, Some(parent)) if own.is_empty() => of(&parent.coordinates),
            (own, _) => own,
        }
    }

    /// A property, by a profile of this name or those that are active by default, else by the project.
    fn property(&self, name: &str, active: Option<&str>) -> Option<&str> {
        let profiles = &self.pom.profiles;
        let chosen = active.filter(|id| profiles.iter().any(|profile| profile.id == *id));
        let is_active = |id: &str, is_default: bool| chosen.map_or(is_default, |chosen| chosen == id);
        let by_profile = profiles.iter().rev().filter(|profile| is_active(&profile.id, profile.is_default));
        let sections = by_profile.map(|profile| &profile.section).chain([&self.pom.main]);
        sections.filter_map(|section| section.properties.get(name)).map(String::as_str).next()
    }

    /// Another profile that sets the property otherwise.
    fn otherwise(&self, name: &str, value: Option<&str>) -> Option<&str> {
        let other = |set: Option<&String>| set.is_some_and(|set| Some(set.as_str()) != value);
        let mut profiles = self.pom.profiles.iter();
        profiles.find(|profile| other(profile.section.properties.get(name))).map(|profile| profile.id.as_str())
    }
}

impl Lineage {
    /// Follows the parents of a pom.
    pub(super) fn new(files: &Files<'_>, level: Level) -> Self {
        let mut lineage = Self { levels: vec![level], missing: None, work: files.work() };
        while let Some((parent, answer)) = lineage.next(files) {
            match answer {
                Ok(level) if lineage.levels.iter().any(|known| known.path == level.path) => {
                    lineage.missing = Some((parent, Absent::Circle));
                }
                Ok(_) if lineage.levels.len() >= MAX_PARENTS => lineage.missing = Some((parent, Absent::TooMany)),
                Ok(level) => {
                    lineage.levels.push(level);
                    continue;
                }
                Err(why) => lineage.missing = Some((parent, why)),
            }
            break;
        }
        lineage
    }

    fn next(&self, files: &Files<'_>) -> Option<(Coordinates, Result<Level, Absent>)> {
        let last = self.levels.last()?;
        let parent = last.pom.parent.as_ref()?;
        Some((parent.coordinates.clone(), files.parent(last)?))
    }

    /// What a text means where the profile `active` is, or those that are so by default.
    pub(super) fn say(&self, text: &str, active: Option<&str>) -> Result<Said, Open> {
        let mut said = Said::default();
        self.append(text, active, 0, &mut said)?;
        Ok(said)
    }

    fn append(&self, text: &str, active: Option<&str>, depth: usize, said: &mut Said) -> Result<(), Open> {
        let mut rest = text;
        while let Some((before, (name, behind))) =
            rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            said.text.push_str(before);
            said.steps += 1;
            if depth >= MAX_NESTING || said.steps > MAX_STEPS || said.text.len() > MAX_SOURCE {
                return Err(Open::Endless(shorten(text)));
            }
            let value = self.property(name, active, said)?;
            self.append(value, active, depth + 1, said)?;
            rest = behind;
        }
        said.text.push_str(rest);
        if said.text.len() > MAX_SOURCE { Err(Open::Endless(shorten(text))) } else { Ok(()) }
    }

    /// The value of a property: of the project itself, as Maven has it, before properties of the same name.
    fn property(&self, name: &str, active: Option<&str>, said: &mut Said) -> Result<&str, Open> {
        let of_project = name.strip_prefix("project.").or_else(|| name.strip_prefix("pom."));
        if let Some(value) = of_project.and_then(|name| self.of_project(name)) {
            return Ok(value);
        }
        for (nth, level) in self.levels.iter().enumerate() {
            if !self.work.take(1 + level.pom.profiles.len()) {
                return Err(Open::Endless(shorten(name)));
            }
            if let Some(value) = level.property(name, active) {
                let nearer = self.levels.iter().take(nth + 1).find_map(|level| level.otherwise(name, Some(value)));
                if let (None, None, Some(profile)) = (active, &said.but, nearer) {
                    said.but = Some((profile.to_owned(), name.to_owned()));
                }
                return Ok(value);
            }
        }
        if let Some(value) = self.of_project(name) {
            return Ok(value); // `${version}`, an older way to write it
        }
        let property = shorten(name);
        if let Some(profile) = self.levels.iter().find_map(|level| level.otherwise(name, None)) {
            return Err(Open::OfProfile { property, profile: shorten(profile) });
        }
        Err(match &self.missing {
            Some((parent, why)) => Open::OfParent { property, parent: parent.label(), why: *why },
            None => Open::Unset(property),
        })
    }

    fn of_project(&self, name: &str) -> Option<&str> {
        let own = self.levels.first()?;
        let parent = || own.pom.parent.as_ref().map(|parent| &parent.coordinates);
        let value = match name {
            "version" => own.version(),
            "groupId" => own.group(),
            "artifactId" => &own.pom.coordinates.artifact,
            "parent.version" => &parent()?.version,
            "parent.groupId" => &parent()?.group,
            "parent.artifactId" => &parent()?.artifact,
            _ => return None,
        };
        Some(value).filter(|value| !value.is_empty())
    }
}
