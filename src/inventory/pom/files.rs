//! The poms of the tree that one of them leads to: parents, and projects that it names by their coordinates. It asks for
//! files by path; what lies in a repository is not looked for.

use super::lineage::{Level, Lineage};
use super::managed::Managed;
use super::model::{Coordinates, Pom};
use crate::inventory::found::MAX_PACKAGES;
use crate::inventory::found::Siblings;
use crate::inventory::requirements;
use crate::model::TreePath;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Other files that one pom makes us read: parents, and modules that may be what it imports. The largest real one known
/// has 44 modules.
const MAX_FILES: usize = 256;
/// Looks at a profile for a property and at a module for a project, over all dependencies of one file: some seconds. A
/// hundred dependencies with a property each, below three parents of ten profiles, take 3,300.
const MAX_WORK: usize = 50_000_000;
/// Where Maven looks for a parent.
const USUAL_PARENT: &str = "../pom.xml";

/// Why another pom does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Absent {
    /// No file of the tree has its coordinates, as far as one leads to it.
    #[error("is not in the tree")]
    Elsewhere,
    /// The file that should be it is damaged; its own gap says how.
    #[error("cannot be read")]
    Broken,
    /// It is its own parent, or imports itself.
    #[error("leads back to this file")]
    Circle,
    /// Too many files, or too much in them.
    #[error("lies behind too many other files")]
    TooMany,
}

/// The files that were read.
pub(super) struct Files<'s> {
    siblings: Siblings<'s>,
    read: RefCell<BTreeMap<TreePath, Result<Rc<Pom>, Absent>>>,
    /// What imported projects say; none while one is looked at.
    pub(super) imported: RefCell<BTreeMap<TreePath, Option<Rc<Managed>>>>,
    work: Work,
}

/// What is left of [`MAX_WORK`].
#[derive(Clone, Debug)]
pub(super) struct Work(Rc<Cell<usize>>);

impl Work {
    /// Takes some; false where too little is left.
    pub(super) fn take(&self, some: usize) -> bool {
        let left = self.0.get().checked_sub(some);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }
}

impl<'s> Files<'s> {
    pub(super) fn new(siblings: Siblings<'s>) -> Self {
        let work = Work(Rc::new(Cell::new(MAX_WORK)));
        Self { siblings, read: RefCell::default(), imported: RefCell::default(), work }
    }

    /// What may still be done for the file.
    pub(super) fn work(&self) -> Work {
        self.work.clone()
    }

    /// The pom of this path.
    fn pom(&self, path: &TreePath) -> Result<Rc<Pom>, Absent> {
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone();
        }
        let (files, size) = {
            let read = self.read.borrow();
            (read.len(), read.values().flatten().map(|pom| pom.size()).sum::<usize>())
        };
        if files >= MAX_FILES || size > MAX_PACKAGES {
            return Err(Absent::TooMany);
        }
        let read = || {
            let bytes = (self.siblings)(path).ok_or(Absent::Elsewhere)?;
            let text = std::str::from_utf8(&bytes).map_err(|_| Absent::Broken)?;
            Pom::read(text).map(Rc::new).map_err(|_| Absent::Broken)
        };
        let read = read();
        self.read.borrow_mut().insert(path.clone(), read.clone());
        read
    }

    /// The pom that a path in another one means: a file, or the directory that holds it.
    fn relative(&self, from: &TreePath, target: &str) -> Result<Level, Absent> {
        let path = requirements::relative(from, target).ok_or(Absent::Elsewhere)?;
        let inside = TreePath::new(if path.as_str().is_empty() { "pom.xml".into() } else { format!("{path}/pom.xml") });
        let is_file = |path: &TreePath| [".xml", ".pom"].iter().any(|end| path.as_str().ends_with(end));
        if is_file(&path) {
            match self.pom(&path) {
                Err(Absent::Elsewhere) => {} // a directory may have such a name
                answer => return answer.map(|pom| Level { path, pom }),
            }
        }
        self.pom(&inside).map(|pom| Level { path: inside, pom })
    }

    /// The parent that a pom names, where a file of the tree has its coordinates.
    pub(super) fn parent(&self, child: &Level) -> Option<Result<Level, Absent>> {
        let parent = child.pom.parent.as_ref()?;
        let target = parent.relative.as_deref().unwrap_or(USUAL_PARENT);
        Some(match target {
            "" => Err(Absent::Elsewhere),
            target => match self.relative(&child.path, target) {
                Ok(level) if level.has(self, &parent.coordinates) => Ok(level),
                Ok(_) => Err(Absent::Elsewhere),
                Err(why) => Err(why),
            },
        })
    }

    /// The project with these coordinates, among those above a pom and their modules. A module is looked into where the
    /// name of the project holds that of its directory: a tree has many, and each file would look into all.
    pub(super) fn named(&self, lineage: &Lineage, wanted: &Coordinates) -> Result<Level, Absent> {
        if let Some(level) = lineage.levels.iter().find(|level| level.has(self, wanted)) {
            return Ok(level.clone());
        }
        for level in &lineage.levels {
            if !self.work.take(level.pom.modules.len()) {
                return Err(Absent::TooMany);
            }
            for module in &level.pom.modules {
                let path = module.trim_end_matches(['/', '\\']);
                let dir = path.strip_suffix("/pom.xml").unwrap_or(path);
                let last = dir.rsplit(['/', '\\']).next().unwrap_or(dir);
                if last.is_empty() || !wanted.artifact.contains(last) {
                    continue; // not looked for there: what is not found is told
                }
                match self.relative(&level.path, path) {
                    Ok(found) if found.has(self, wanted) => return Ok(found),
                    Ok(_) | Err(Absent::Elsewhere) => {}
                    Err(why) => return Err(why),
                }
            }
        }
        Err(Absent::Elsewhere)
    }
}
