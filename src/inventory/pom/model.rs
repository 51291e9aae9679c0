//! One pom as it is written: coordinates, properties, dependencies. Nothing is inherited and no property replaced.

use super::xml::{self, Node, Role, Twice};
use super::{RESTORE, shorten};
use crate::inventory::found::{too_large, unsupported};
use crate::inventory::place::Refusal;
use std::collections::BTreeMap;

/// Versions of the model that differ in nothing that is read here. 4.1.0 leaves out more that Maven then fills in.
const MODELS: [&str; 2] = ["4.0.0", "4.1.0"];

/// Profiles of one file. The largest real pom known has 10.
const MAX_PROFILES: usize = 256;

/// A file. Texts are empty where the file says nothing.
#[derive(Debug)]
pub(super) struct Pom {
    pub(super) coordinates: Coordinates,
    pub(super) parent: Option<Parent>,
    pub(super) main: Section,
    /// In the order of the file.
    pub(super) profiles: Vec<Profile>,
    /// Directories or files, relative to this one.
    pub(super) modules: Vec<String>,
    /// Dependencies that are none of the project.
    pub(super) others: Vec<Other>,
    /// Elements of a list of dependencies that are no dependency: their place and name.
    pub(super) odd: Vec<(usize, String)>,
}

/// What names a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coordinates {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

/// `<parent>`.
#[derive(Debug)]
pub(super) struct Parent {
    pub(super) at: usize,
    pub(super) coordinates: Coordinates,
    /// Where it is looked for; none where the file does not say.
    pub(super) relative: Option<String>,
}

/// What the project has, and each profile.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) properties: BTreeMap<String, String>,
    pub(super) dependencies: Vec<Dependency>,
    /// What says the version of others.
    pub(super) managed: Vec<Dependency>,
}

/// A profile.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) id: String,
    /// Whether it is active where no other of its file is.
    pub(super) is_default: bool,
    pub(super) section: Section,
}

/// `<dependency>`. Texts are empty where the file says nothing.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) at: usize,
    pub(super) coordinates: Coordinates,
    pub(super) kind: String,
    pub(super) classifier: String,
    pub(super) scope: String,
    pub(super) system_path: String,
    pub(super) optional: String,
}

/// A `<dependency>` that is left out by name.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) at: usize,
    pub(super) what: String,
    pub(super) why: String,
    /// Whether Maven would refuse it.
    pub(super) is_fault: bool,
}

impl Pom {
    /// Reads a file.
    pub(super) fn read(text: &str) -> Result<Self, Refusal> {
        let document = xml::read(text, RESTORE)?;
        let project = &document.project;
        let refused = |twice: Twice| twice.refusal(RESTORE);
        if let Some(model) = project.one("modelVersion").map_err(refused)?
            && !MODELS.contains(&model.text.trim())
        {
            return Err(unsupported(model.at, model.text.trim(), "4.0.0 and 4.1.0"));
        }
        let coordinates = Coordinates::of(project).map_err(refused)?;
        if coordinates.artifact.is_empty() {
            return Err(Refusal::new(
                project.at,
                "`artifactId` is missing: the file is not the pom of a project",
                RESTORE,
            ));
        }
        let parent = project.one("parent").map_err(refused)?.map(Parent::of).transpose().map_err(refused)?;
        let mut pom = Self {
            coordinates,
            parent,
            main: Section { properties: properties(project), ..Section::default() },
            profiles: Vec::new(),
            modules: modules(project),
            others: Vec::new(),
            odd: odd(project),
        };
        for profile in project.all("profiles").flat_map(|profiles| profiles.all("profile")) {
            if pom.profiles.len() >= MAX_PROFILES {
                return Err(too_large(MAX_PROFILES, "profiles"));
            }
            pom.modules.extend(modules(profile));
            pom.odd.extend(odd(profile));
            pom.profiles.push(Profile::of(profile).map_err(refused)?);
        }
        for (role, node) in &document.dependencies {
            pom.dependency(*role, node);
        }
        Ok(pom)
    }

    fn dependency(&mut self, role: Role, node: &Node<'_>) {
        let read = match role {
            Role::Plugin => Err(("of a plugin of the build".to_owned(), false)),
            Role::Nowhere => Err(("a dependency at a place that a pom does not have".to_owned(), true)),
            Role::Used | Role::Managed | Role::UsedInProfile(_) | Role::ManagedInProfile(_) => {
                Dependency::of(node).map_err(|twice| (twice.to_string(), true))
            }
        };
        let list = match role {
            Role::Used => Some(&mut self.main.dependencies),
            Role::Managed => Some(&mut self.main.managed),
            Role::UsedInProfile(nth) => self.profiles.get_mut(nth).map(|profile| &mut profile.section.dependencies),
            Role::ManagedInProfile(nth) => self.profiles.get_mut(nth).map(|profile| &mut profile.section.managed),
            Role::Plugin | Role::Nowhere => None,
        };
        match (read, list) {
            (Ok(dependency), Some(list)) => list.push(dependency),
            (Ok(_), None) => self.other(node, "its profile is not read".to_owned(), true),
            (Err((why, is_fault)), _) => self.other(node, why, is_fault),
        }
    }

    fn other(&mut self, node: &Node<'_>, why: String, is_fault: bool) {
        let said = |name: &str| node.all(name).next().map_or("", |child| child.text.trim());
        let what = shorten(&format!("{}:{}", said("groupId"), said("artifactId")));
        self.others.push(Other { at: node.at, what, why, is_fault });
    }

    /// How many dependencies of any sort it has.
    pub(super) fn size(&self) -> usize {
        let sections = std::iter::once(&self.main).chain(self.profiles.iter().map(|profile| &profile.section));
        sections.map(|section| section.dependencies.len() + section.managed.len()).sum()
    }
}

impl Coordinates {
    fn of(node: &Node<'_>) -> Result<Self, Twice> {
        let said = |name: &str| node.said(name).map(ToOwned::to_owned);
        Ok(Self { group: said("groupId")?, artifact: said("artifactId")?, version: said("version")? })
    }

    /// `group:artifact`.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.group, self.artifact)
    }

    /// For messages.
    pub(super) fn label(&self) -> String {
        shorten(&format!("{} {}", self.name(), self.version))
    }
}

impl Parent {
    fn of(node: &Node<'_>) -> Result<Self, Twice> {
        let relative = node.one("relativePath")?.map(|path| path.text.trim().to_owned());
        Ok(Self { at: node.at, coordinates: Coordinates::of(node)?, relative })
    }
}

impl Profile {
    fn of(node: &Node<'_>) -> Result<Self, Twice> {
        // A profile without a name is called so by Maven.
        let id = Some(node.said("id")?).filter(|id| !id.is_empty()).unwrap_or("default").to_owned();
        let is_default = match node.one("activation")? {
            Some(activation) => activation.said("activeByDefault")?.eq_ignore_ascii_case("true"),
            None => false,
        };
        let section = Section { properties: properties(node), ..Section::default() };
        Ok(Self { id, is_default, section })
    }
}

impl Dependency {
    fn of(node: &Node<'_>) -> Result<Self, Twice> {
        let said = |name: &str| node.said(name).map(ToOwned::to_owned);
        Ok(Self {
            at: node.at,
            coordinates: Coordinates::of(node)?,
            kind: said("type")?,
            classifier: said("classifier")?,
            scope: said("scope")?,
            system_path: said("systemPath")?,
            optional: said("optional")?,
        })
    }
}

/// By name; the last of one name counts, as in Maven.
fn properties(node: &Node<'_>) -> BTreeMap<String, String> {
    let all = node.all("properties").flat_map(|properties| &properties.children);
    all.map(|property| (property.name.to_owned(), property.text.trim().to_owned())).collect()
}

/// `subprojects` is the newer word.
fn modules(node: &Node<'_>) -> Vec<String> {
    let lists = node.all("modules").chain(node.all("subprojects"));
    lists.flat_map(|list| &list.children).map(|module| module.text.trim().to_owned()).collect()
}

/// What stands among dependencies and is none.
fn odd(node: &Node<'_>) -> Vec<(usize, String)> {
    let managed = node.all("dependencyManagement").flat_map(|management| management.all("dependencies"));
    let lists = node.all("dependencies").chain(managed);
    lists.flat_map(|list| &list.children).map(|child| (child.at, shorten(child.name))).collect()
}
