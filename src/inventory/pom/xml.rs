//! The elements of a pom that say something about its dependencies. It knows which parts of a pom to keep, and not what
//! they mean.
//!
//! Every `<dependency>` of the file is found, wherever it stands, and is told apart by what stands above it.

use crate::inventory::found::too_large;
use crate::inventory::place::Refusal;
use crate::model::GapKind;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Elements inside each other. The deepest real pom known has 14.
const MAX_DEPTH: usize = 128;
/// Elements that are kept: about 100 bytes of memory each. The largest real pom known has 1,500.
const MAX_ELEMENTS: usize = 1_000_000;

/// What is kept of a project; the rest is passed over, but for dependencies in it.
const OF_PROJECT: [&str; 11] = [
    "modelVersion",
    "parent",
    "groupId",
    "artifactId",
    "version",
    "properties",
    "dependencies",
    "dependencyManagement",
    "profiles",
    "modules",
    "subprojects",
];
/// What is kept of a profile.
const OF_PROFILE: [&str; 7] =
    ["id", "activation", "properties", "dependencies", "dependencyManagement", "modules", "subprojects"];

/// An element with what is in it.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Byte offset of `<`.
    pub(super) at: usize,
    pub(super) name: &'a str,
    /// What stands in it, entities replaced.
    pub(super) text: String,
    /// The elements in it, but for dependencies.
    pub(super) children: Vec<Node<'a>>,
    /// Whether an element stands in it.
    has_elements: bool,
}

/// What a dependency is, by what stands above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// One of the project.
    Used,
    /// It says the version of others.
    Managed,
    /// One of the profile with this number, from 0 on.
    UsedInProfile(usize),
    /// It says the version of others where the profile with this number is active.
    ManagedInProfile(usize),
    /// One of a plugin of the build, or in a configuration.
    Plugin,
    /// At a place that the format does not have.
    Nowhere,
}

/// A file.
#[derive(Debug)]
pub(super) struct Document<'a> {
    /// `<project>`.
    pub(super) project: Node<'a>,
    /// In the order of the file.
    pub(super) dependencies: Vec<(Role, Node<'a>)>,
}

/// Reads a file.
pub(super) fn read<'a>(text: &'a str, help: &'static str) -> Result<Document<'a>, Refusal> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let before = text.len() - body.len();
    let mut reader = Reader::from_str(body);
    // Two hyphens in a comment: one whose end is damaged would go on to the end of the next.
    reader.config_mut().check_comments = true;
    let mut build =
        Build { text, help, open: Vec::new(), profiles: 0, kept: 0, project: None, dependencies: Vec::new() };
    loop {
        let at = before + offset(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            Refusal::new(before + offset(reader.error_position()), format!("not valid XML: {error}"), help)
        })?;
        match event {
            Event::Start(tag) => build.start(at, tag.name().as_ref().len())?,
            Event::Empty(tag) => {
                build.start(at, tag.name().as_ref().len())?;
                build.end()?;
            }
            Event::End(_) => build.end()?,
            Event::Text(piece) => build.text(at, &piece)?,
            Event::CData(piece) => build.text(at, &piece)?,
            Event::GeneralRef(name) => {
                let number =
                    name.resolve_char_ref().map_err(|error| build.refuse(at, format!("not valid XML: {error}")))?;
                build.entity(at, &name, number)?;
            }
            Event::DocType(_) => return Err(build.refuse(at, "a document type, which no pom needs")),
            Event::Eof => return build.finish(at),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// What is open while a file is read.
struct Build<'a> {
    text: &'a str,
    help: &'static str,
    /// From the outside in, each with whether it is kept.
    open: Vec<(Node<'a>, bool)>,
    /// Profiles that began.
    profiles: usize,
    kept: usize,
    project: Option<Node<'a>>,
    dependencies: Vec<(Role, Node<'a>)>,
}

impl<'a> Build<'a> {
    fn refuse(&self, at: usize, why: impl Into<String>) -> Refusal {
        Refusal::new(at, why, self.help)
    }

    fn start(&mut self, at: usize, name: usize) -> Result<(), Refusal> {
        let name = self.text.get(at + 1..at + 1 + name).unwrap_or_default();
        if self.open.is_empty() && (name != "project" || self.project.is_some()) {
            return Err(self.refuse(at, format!("`<{}>` is not the project of a pom", super::shorten(name))));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_large(MAX_DEPTH, "elements inside each other"));
        }
        if let Some((above, _)) = self.open.last_mut() {
            above.has_elements = true;
        }
        let keep = self.keeps(name);
        if keep {
            self.kept += 1;
            if self.kept > MAX_ELEMENTS {
                return Err(too_large(MAX_ELEMENTS, "elements that say something about dependencies"));
            }
        }
        if name == "profile" && self.stands_in(&["project", "profiles"]) {
            self.profiles += 1;
        }
        let node = Node { at, name, text: String::new(), children: Vec::new(), has_elements: false };
        self.open.push((node, keep));
        Ok(())
    }

    fn keeps(&self, name: &str) -> bool {
        match self.open.last() {
            None => true,
            Some(_) if name == "dependency" => true,
            Some((_, false)) => false,
            Some(_) if self.open.len() == 1 => OF_PROJECT.contains(&name),
            Some(_) if self.stands_in(&["project", "profiles", "profile"]) => OF_PROFILE.contains(&name),
            Some(_) => true,
        }
    }

    fn stands_in(&self, names: &[&str]) -> bool {
        self.open.len() == names.len() && self.open.iter().zip(names).all(|((node, _), name)| node.name == *name)
    }

    fn end(&mut self) -> Result<(), Refusal> {
        let Some((node, keep)) = self.open.pop() else { return Ok(()) }; // the reader refuses an end without its start
        if !keep {
            return Ok(());
        }
        if node.has_elements && !node.text.trim().is_empty() {
            return Err(self.refuse(node.at, format!("text between the elements of `{}`", super::shorten(node.name))));
        }
        if node.name == "dependency" {
            let role = self.role();
            self.dependencies.push((role, node));
        } else if let Some((above, true)) = self.open.last_mut() {
            above.children.push(node);
        } else if self.open.is_empty() {
            self.project = Some(node);
        }
        Ok(())
    }

    /// What a dependency is that ends here.
    fn role(&self) -> Role {
        let profile = self.profiles.saturating_sub(1);
        let names: Vec<&str> = self.open.iter().map(|(node, _)| node.name).collect();
        match names.as_slice() {
            ["project", "dependencies"] => Role::Used,
            ["project", "dependencyManagement", "dependencies"] => Role::Managed,
            ["project", "profiles", "profile", "dependencies"] => Role::UsedInProfile(profile),
            ["project", "profiles", "profile", "dependencyManagement", "dependencies"] => {
                Role::ManagedInProfile(profile)
            }
            ["project", "build" | "reporting", ..] | ["project", "profiles", "profile", "build" | "reporting", ..] => {
                Role::Plugin
            }
            _ => Role::Nowhere,
        }
    }

    fn text(&mut self, at: usize, piece: &str) -> Result<(), Refusal> {
        match self.open.last_mut() {
            Some((node, true)) => node.text.push_str(piece),
            Some((_, false)) => {} // of a part that says nothing about dependencies
            None if piece.trim().is_empty() => {}
            None => return Err(self.refuse(at, "text outside of the project")),
        }
        Ok(())
    }

    /// `&name;`. Maven knows more names than XML has; they stand in the names of people.
    fn entity(&mut self, at: usize, name: &str, number: Option<char>) -> Result<(), Refusal> {
        let known = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => number,
        };
        match (known, self.open.last()) {
            (_, Some((_, false))) => Ok(()),
            (Some(known), Some(_)) => self.text(at, known.encode_utf8(&mut [0; 4])),
            (None, _) | (_, None) => Err(self.refuse(at, "an entity that XML does not have")),
        }
    }

    fn finish(mut self, at: usize) -> Result<Document<'a>, Refusal> {
        match self.project.take() {
            Some(project) if self.open.is_empty() => {
                self.dependencies.sort_by_key(|(_, node)| node.at);
                Ok(Document { project, dependencies: self.dependencies })
            }
            _ => Err(self.refuse(at, "the file is cut")),
        }
    }
}

impl<'a> Node<'a> {
    /// The elements of this name.
    pub(super) fn all<'n>(&'n self, name: &str) -> impl Iterator<Item = &'n Node<'a>> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element of this name; none where it is missing.
    ///
    /// # Errors
    /// Where it stands twice, which Maven refuses.
    pub(super) fn one<'n>(&'n self, name: &str) -> Result<Option<&'n Node<'a>>, Twice> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (_, Some(second)) => Err(Twice { at: second.at, name: second.name.to_owned() }),
            (first, None) => Ok(first),
        }
    }

    /// What stands in the element of this name, blanks around it left out; nothing where it is missing.
    pub(super) fn said(&self, name: &str) -> Result<&str, Twice> {
        Ok(self.one(name)?.map_or("", |node| node.text.trim()))
    }
}

/// An element that stands twice where one may.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` stands twice")]
pub(super) struct Twice {
    at: usize,
    name: String,
}

impl Twice {
    /// The refusal of the file.
    pub(super) fn refusal(&self, help: &'static str) -> Refusal {
        Refusal { kind: GapKind::ParseFailed, at: Some(self.at), why: self.to_string(), help: help.into() }
    }
}
