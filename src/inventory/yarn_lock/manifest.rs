//! What the manifests beside a lock of yarn ask for (`package.json`). Nothing else of a manifest is looked at.

use super::super::json;
use super::super::npm::{Found, shorten};
use super::super::place::Refusal;
use super::super::value::{Map, Value};
use super::{Names, Siblings, Target};
use crate::model::{GapKind, TreePath};
use std::collections::HashSet;

/// Manifests that are asked for: a workspace each.
const MAX_MANIFESTS: usize = 10_000;

/// Where manifests are.
pub(super) struct Manifests<'s> {
    /// The directory of the lock; empty at the root.
    pub(super) beside: &'s str,
    pub(super) siblings: Siblings<'s>,
}

/// A dependency of a first-party package.
struct Wanted {
    name: String,
    range: String,
    is_dev: bool,
    may_be_absent: bool,
}

/// What first-party packages depend on.
#[derive(Default)]
pub(super) struct Roots {
    wanted: Vec<Wanted>,
    /// Directories whose manifest was asked for.
    asked: HashSet<String>,
}

impl Roots {
    /// Reads the manifest in a directory below the lock (`.` for that of the lock), and those of the workspaces that it
    /// names one by one. A manifest that is not there changes nothing.
    pub(super) fn read(&mut self, all: &Manifests<'_>, dir: &str, found: &mut Found<'_>) -> Result<(), Refusal> {
        let dir = dir.trim_start_matches("./");
        let parts = [all.beside, dir, "package.json"];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !matches!(*part, "" | ".")).collect();
        // What leads out of the tree is not asked for.
        if dir.split('/').any(|part| part == "..")
            || self.asked.len() >= MAX_MANIFESTS
            || !self.asked.insert(dir.into())
        {
            return Ok(());
        }
        let path = TreePath::new(parts.join("/"));
        let Some(bytes) = (all.siblings)(&path) else { return Ok(()) };
        let unreadable = |why: String| format!("the manifest {} beside the lock: {why}", shorten(path.as_str()));
        let read = std::str::from_utf8(&bytes).map_err(|_| "not UTF-8".to_owned());
        let value = read.and_then(|text| json::read(text, "").map_err(|refusal| refusal.why));
        let why = match &value {
            Ok(Value::Map(manifest)) => return self.take(all, dir, manifest, found),
            Ok(other) => unreadable(format!("{}, not a map", other.kind())),
            Err(why) => unreadable(why.clone()),
        };
        found.gap(GapKind::ParseFailed, 0, path.to_string(), why)
    }

    fn take(
        &mut self,
        all: &Manifests<'_>,
        dir: &str,
        manifest: &Map<'_>,
        found: &mut Found<'_>,
    ) -> Result<(), Refusal> {
        let workspaces = manifest.get("workspaces");
        // A dependency may be a workspace whose name is not known here.
        let has_workspaces = workspaces.is_some() || !matches!(dir, "" | ".");
        let lists =
            [("dependencies", false, false), ("optionalDependencies", false, true), ("devDependencies", true, false)];
        for (key, is_dev, optional) in lists {
            for member in manifest.get(key).and_then(Value::map).map_or(&[][..], |map| &map.0) {
                let range = member.value.text().unwrap_or_default();
                let is_local = ["link:", "portal:", "workspace:"].iter().any(|protocol| range.starts_with(protocol));
                let may_be_absent = optional || is_local || has_workspaces;
                let (name, range) = (member.key.to_string(), range.to_owned());
                self.wanted.push(Wanted { name, range, is_dev, may_be_absent });
            }
        }
        let listed = match workspaces {
            Some(Value::List(list)) => list.as_slice(),
            Some(Value::Map(map)) => match map.get("packages") {
                Some(Value::List(list)) => list.as_slice(),
                _ => &[],
            },
            _ => &[],
        };
        // What a pattern stands for is not known without listing directories.
        for dir in listed.iter().filter_map(Value::text).filter(|dir| !dir.contains(['*', '?', '[', '{', '!'])) {
            self.read(all, dir, found)?;
        }
        Ok(())
    }

    /// Sets the scopes, and tells what the manifests ask for and the lock does not list.
    pub(super) fn resolve(self, names: &Names<'_>, found: &mut Found<'_>) -> Result<(), Refusal> {
        let (mut normal, mut dev) = (Vec::new(), Vec::new());
        for wanted in &self.wanted {
            let with_protocol = format!("npm:{}", wanted.range);
            let into = if wanted.is_dev { &mut dev } else { &mut normal };
            match names.find(&wanted.name, &[&wanted.range, &with_protocol]) {
                Target::One(one) => into.extend(one),
                Target::Any(all) => into.extend(all),
                Target::Missing if wanted.may_be_absent => {}
                Target::Missing => found.dangling(0, "the manifest beside the lock", &wanted.name)?,
            }
        }
        found.reach(&normal, &dev);
        Ok(())
    }
}
