//! The files that one requirements file includes, and what all of them together pin. It judges no line: a line that is
//! not understood is told where its file is read.

use super::items::{Item, items};
use super::lines::{Line, decode, lines};
use crate::inventory::place::Refusal;
use crate::inventory::python::requirement::{Pin, Requirement};
use crate::inventory::python::{self, is_version};
use crate::model::TreePath;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Files that one file includes, itself and indirect ones included.
pub const MAX_FILES: usize = 256;

/// Gives the bytes of a file of the tree.
pub(super) type Siblings<'a> = &'a dyn Fn(&TreePath) -> Option<Vec<u8>>;

/// What the files say together.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// Files whose requirements are wanted, the first one included.
    pub(super) included: BTreeSet<TreePath>,
    /// Files of both kinds that are not there or cannot be read, and why.
    pub(super) missing: BTreeMap<TreePath, &'static str>,
    /// The registry that takes the place of the default one; the last one counts.
    pub(super) index: Option<String>,
    /// Versions that requirements without a marker pin.
    required: Pins,
    /// Versions that constraints without a marker pin.
    constrained: Pins,
}

/// By normalised name; none inside where two differ.
type Pins = HashMap<String, Option<String>>;

impl Set {
    /// Follows `-r` and `-c` from a file on. What a constraint file includes is constraints too.
    pub(super) fn new(path: &TreePath, text: &str, siblings: Siblings<'_>) -> Result<Self, Refusal> {
        let mut set = Self::default();
        let mut seen = BTreeSet::from([(path.clone(), false)]);
        let mut open = vec![(path.clone(), false, Some(lines(text)))];
        while let Some((path, constraint, read)) = open.pop() {
            let Some(read) = read.or_else(|| set.read(&path, siblings)) else { continue }; // it is among the missing
            if !constraint {
                set.included.insert(path.clone());
            }
            for item in read.iter().flat_map(|line| items(&line.text)) {
                let target = match item {
                    Item::Include(target) => Some((target, constraint)),
                    Item::Constraint(target) => Some((target, true)),
                    Item::Requirement { text, .. } => {
                        set.pin(text, constraint);
                        None
                    }
                    Item::Index(url) => {
                        set.index = Some(url.to_owned());
                        None
                    }
                    Item::Editable(_) | Item::Other | Item::Unknown(_) => None, // they pin nothing
                };
                let Some((target, constraint)) = target else { continue }; // it leads to no other file
                // An address outside of the tree is told where the line is read.
                let Some(target) = relative(&path, target) else { continue };
                if seen.insert((target.clone(), constraint)) {
                    open.push((target, constraint, None));
                }
                if seen.len() > MAX_FILES {
                    return Err(python::too_large(MAX_FILES, "included files"));
                }
            }
        }
        Ok(set)
    }

    fn read(&mut self, path: &TreePath, siblings: Siblings<'_>) -> Option<Vec<Line>> {
        let Some(bytes) = siblings(path) else {
            self.missing.insert(path.clone(), "which is not there");
            return None;
        };
        match decode(&bytes) {
            Ok(text) => Some(lines(&text)),
            Err(_) => {
                self.missing.insert(path.clone(), "which is not text");
                None
            }
        }
    }

    fn pin(&mut self, text: &str, constraint: bool) {
        let Ok(requirement) = Requirement::parse(text) else { return }; // told where its file is read
        let (Pin::One(version), "") = (requirement.pin(), requirement.marker) else { return }; // it pins nothing here
        if !is_version(version) {
            return;
        }
        let pins = if constraint { &mut self.constrained } else { &mut self.required };
        let pin = pins.entry(python::normalise(requirement.name)).or_insert_with(|| Some(version.to_owned()));
        if pin.as_deref() != Some(version) {
            *pin = None;
        }
    }

    /// The version that another requirement of the set pins.
    pub(super) fn required(&self, name: &str) -> Option<&str> {
        self.required.get(name).and_then(Option::as_deref)
    }

    /// The version that a constraint of the set pins.
    pub(super) fn constrained(&self, name: &str) -> Option<&str> {
        self.constrained.get(name).and_then(Option::as_deref)
    }
}

/// The file that a path in another file means; none where it leads out of the tree, or to the network.
pub(in crate::inventory) fn relative(from: &TreePath, target: &str) -> Option<TreePath> {
    if target.contains("://") || target.starts_with(['/', '\\', '~']) {
        return None;
    }
    let mut parts: Vec<&str> = from.parent().split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(TreePath::new(parts.join("/")))
}
