//! `dependencyManagement` of a pom, of its parents and of the projects that it imports: which version and scope a
//! dependency has that says none itself.
//!
//! As in Maven, an entry of the file is before one of its parents, both are before what is imported, and of imports the
//! first is.

use super::MAX_PARENTS;
use super::files::{Absent, Files};
use super::lineage::{Lineage, Open, Said};
use super::model::{Coordinates, Dependency};
use crate::inventory::found::{MAX_DEPENDENCIES, too_large};
use crate::inventory::place::Refusal;
use crate::model::TreePath;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// What an entry is found by: group, artifact, type and classifier.
pub(super) type Key = [String; 4];

/// What an entry says.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) version: Result<Said, Open>,
    /// Empty where it says none.
    pub(super) scope: String,
}

/// The entries of a pom.
#[derive(Debug, Default)]
pub(super) struct Managed {
    base: Table,
    /// Entries of profiles, by their names.
    profiles: BTreeMap<String, Table>,
    missing: Option<(Coordinates, Absent)>,
}

#[derive(Debug, Default)]
struct Table {
    rules: HashMap<Key, Rule>,
    imports: Vec<Import>,
    /// Why the name of an entry is not known.
    unknown: Option<Open>,
}

#[derive(Debug)]
struct Import {
    label: String,
    managed: Result<(TreePath, Rc<Managed>), Absent>,
}

impl Managed {
    /// Collects the entries. `depth` counts imports inside imports, and `work` entries over all of them.
    pub(super) fn new(files: &Files<'_>, lineage: &Lineage, depth: usize, work: &mut usize) -> Result<Self, Refusal> {
        let mut managed = Self { missing: lineage.missing.clone(), ..Self::default() };
        for level in &lineage.levels {
            let (usual, others): (Vec<_>, Vec<_>) = level.pom.profiles.iter().partition(|profile| profile.is_default);
            for entry in usual.iter().flat_map(|profile| &profile.section.managed).chain(&level.pom.main.managed) {
                managed.base.add(files, lineage, (None, entry), depth, work)?;
            }
            for profile in others {
                for entry in &profile.section.managed {
                    let table = managed.profiles.entry(profile.id.clone()).or_default();
                    table.add(files, lineage, (Some(&profile.id), entry), depth, work)?;
                }
            }
        }
        Ok(managed)
    }

    /// What is said of a dependency where the profile `active` is, or those that are so by default; none where nothing
    /// is.
    pub(super) fn find(&self, key: &Key, active: Option<&str>) -> Result<Option<Rule>, Open> {
        self.find_new(key, active, &mut BTreeSet::new())
    }

    /// `asked` are imported projects that say nothing of it: two may each import the same two others, and so on.
    fn find_new(&self, key: &Key, active: Option<&str>, asked: &mut BTreeSet<TreePath>) -> Result<Option<Rule>, Open> {
        let of_profile = active.and_then(|id| self.profiles.get(id));
        let tables: Vec<&Table> = of_profile.into_iter().chain([&self.base]).collect();
        if let Some(rule) = tables.iter().find_map(|table| table.rules.get(key)) {
            let mut rule = rule.clone();
            self.otherwise(key, active, &mut rule);
            return Ok(Some(rule));
        }
        if let Some((parent, why)) = &self.missing {
            return Err(Open::ManagedByParent { parent: parent.label(), why: *why });
        }
        if let Some(unknown) = tables.iter().find_map(|table| table.unknown.as_ref()) {
            return Err(Open::ManagedUnknown(Box::new(unknown.clone())));
        }
        for import in tables.iter().flat_map(|table| &table.imports) {
            match &import.managed {
                Err(why) => return Err(Open::ManagedByImport { import: import.label.clone(), why: *why }),
                Ok((path, _)) if asked.contains(path) => {} // it said nothing
                Ok((path, managed)) => match managed.find_new(key, None, asked)? {
                    Some(rule) => return Ok(Some(rule)),
                    None => drop(asked.insert(path.clone())), // the next may say it
                },
            }
        }
        match self.profiles.iter().find(|(_, table)| table.rules.contains_key(key) || !table.imports.is_empty()) {
            Some((profile, _)) if active.is_none() => Err(Open::ManagedByProfile(super::shorten(profile))),
            _ => Ok(None),
        }
    }

    /// Notes a profile that would say another version.
    fn otherwise(&self, key: &Key, active: Option<&str>, rule: &mut Rule) {
        let Ok(said) = &mut rule.version else { return }; // told where it is asked for
        if said.but.is_some() || active.is_some() {
            return;
        }
        let differs = |other: &Rule| other.version.as_ref().map(|other| &other.text) != Ok(&said.text);
        let profile = self.profiles.iter().find(|(_, table)| table.rules.get(key).is_some_and(differs));
        said.but = profile.map(|(profile, _)| (profile.clone(), "dependencyManagement".to_owned()));
    }
}

impl Table {
    fn add(
        &mut self,
        files: &Files<'_>,
        lineage: &Lineage,
        (active, entry): (Option<&str>, &Dependency),
        depth: usize,
        work: &mut usize,
    ) -> Result<(), Refusal> {
        *work += 1;
        if *work > MAX_DEPENDENCIES {
            return Err(too_large(MAX_DEPENDENCIES, "entries of dependencyManagement, those of imports included"));
        }
        let key = match key(lineage, entry, active) {
            Ok(key) => key,
            Err(open) => {
                self.unknown.get_or_insert(open);
                return Ok(());
            }
        };
        if is_import(entry) {
            self.imports.push(import(files, lineage, (active, entry), depth, work)?);
            return Ok(());
        }
        let version = match entry.coordinates.version.as_str() {
            "" => Err(Open::Unversioned),
            version => lineage.say(version, active),
        };
        let scope = lineage.say(&entry.scope, active).map(|said| said.text).unwrap_or_else(|_| entry.scope.clone());
        self.rules.entry(key).or_insert(Rule { version, scope });
        Ok(())
    }
}

/// Whether an entry stands for all entries of another project.
pub(super) fn is_import(entry: &Dependency) -> bool {
    entry.scope == "import" && entry.kind == "pom"
}

/// What a dependency is found by.
pub(super) fn key(lineage: &Lineage, entry: &Dependency, active: Option<&str>) -> Result<Key, Open> {
    let say = |text: &str| lineage.say(text, active).map(|said| said.text);
    let kind = say(&entry.kind)?;
    let kind = if kind.is_empty() { "jar".to_owned() } else { kind };
    Ok([say(&entry.coordinates.group)?, say(&entry.coordinates.artifact)?, kind, say(&entry.classifier)?])
}

fn import(
    files: &Files<'_>,
    lineage: &Lineage,
    (active, entry): (Option<&str>, &Dependency),
    depth: usize,
    work: &mut usize,
) -> Result<Import, Refusal> {
    let say = |text: &str| lineage.say(text, active).map_or_else(|_| text.to_owned(), |said| said.text);
    let Coordinates { group, artifact, version } = &entry.coordinates;
    let wanted = Coordinates { group: say(group), artifact: say(artifact), version: say(version) };
    let label = wanted.label();
    let level = match files.named(lineage, &wanted) {
        Ok(level) => level,
        Err(why) => return Ok(Import { label, managed: Err(why) }),
    };
    if depth >= MAX_PARENTS {
        return Ok(Import { label, managed: Err(Absent::TooMany) });
    }
    let known = files.imported.borrow().get(&level.path).cloned();
    if let Some(known) = known {
        return Ok(Import { label, managed: known.map(|known| (level.path, known)).ok_or(Absent::Circle) });
    }
    files.imported.borrow_mut().insert(level.path.clone(), None);
    let path = level.path.clone();
    let managed = Rc::new(Managed::new(files, &Lineage::new(files, level), depth + 1, work)?);
    files.imported.borrow_mut().insert(path.clone(), Some(Rc::clone(&managed)));
    Ok(Import { label, managed: Ok((path, managed)) })
}
