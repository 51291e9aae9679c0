//! `Cargo.toml`, as far as it says what a package is called and what it depends on, and why.
//!
//! Unknown keys are fine. A key that matters and has another type than cargo knows is refused: to take it for absent
//! would hide a dependency. Nothing is inherited here; [`Manifest::inherit`] does that once the workspace is known.

mod read;
#[cfg(test)]
mod tests;

use super::place::utf8;
use crate::model::{Gap, TreePath};
use std::collections::BTreeMap;

/// The version that cargo gives a package which has none.
pub const NO_VERSION: &str = "0.0.0";

/// A `Cargo.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// `[package]`; none in a virtual workspace.
    pub package: Option<Package>,
    /// `[workspace]`, where there is one.
    pub workspace: Option<Workspace>,
    /// Every dependency of every table, in the order of tables and names.
    pub dependencies: Vec<Dependency>,
}

/// `[package]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The name.
    pub name: String,
    /// The version.
    pub version: PackageVersion,
    /// `package.workspace`: the directory of the workspace's root, relative to this one.
    pub workspace: Option<String>,
    /// 1-based line of the name.
    pub line: u32,
}

/// The version of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageVersion {
    /// As written, or [`NO_VERSION`].
    Is(String),
    /// `version.workspace = true`.
    Inherited,
}

/// `[workspace]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workspace {
    /// Globs over directories, relative to this one.
    pub members: Vec<String>,
    /// Directories that are no members, relative to this one.
    pub exclude: Vec<String>,
    /// `workspace.package.version`.
    pub version: Option<String>,
    /// `[workspace.dependencies]`, by name.
    pub dependencies: BTreeMap<String, Origin>,
}

/// In which table a dependency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `[dependencies]`.
    Normal,
    /// `[build-dependencies]`.
    Build,
    /// `[dev-dependencies]`.
    Dev,
}

/// What a dependency is, apart from where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The name of the package, which a rename differs from the key.
    pub package: String,
    /// The version requirement as written.
    pub version: Option<String>,
    /// The directory, relative to the manifest that writes it.
    pub path: Option<String>,
    /// Whether it comes from git.
    pub git: bool,
}

/// One dependency in one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The key: the name that the code uses.
    pub key: String,
    /// In which table.
    pub kind: Kind,
    /// What follows `target.`: `cfg(windows)` or a target triple.
    pub target: Option<String>,
    /// Whether it is built only with a feature.
    pub optional: bool,
    /// The features that switch it on, sorted; for optional ones only.
    pub features: Vec<String>,
    /// What it is; none when the workspace says (`workspace = true`).
    pub origin: Option<Origin>,
    /// 1-based line of the key.
    pub line: u32,
}

impl Dependency {
    /// When it is used, in words; empty when always.
    pub fn condition(&self) -> String {
        let feature = match self.features.as_slice() {
            _ if !self.optional => None,
            [] => Some(format!("feature: {}", self.key)),
            features => Some(format!("feature: {}", features.join(" or "))),
        };
        let parts: Vec<String> = self.target.iter().cloned().chain(feature).collect();
        parts.join(" and ")
    }
}

impl Manifest {
    /// The manifest with what it takes from the manifest of its workspace. What cannot be found there stays open:
    /// version inherited, dependency without origin.
    pub fn inherit(&self, workspace: &Workspace) -> Self {
        let mut manifest = self.clone();
        if let (Some(package), Some(version)) = (&mut manifest.package, &workspace.version)
            && package.version == PackageVersion::Inherited
        {
            package.version = PackageVersion::Is(version.clone());
        }
        for dependency in manifest.dependencies.iter_mut().filter(|d| d.origin.is_none()) {
            dependency.origin = workspace.dependencies.get(&dependency.key).cloned();
        }
        manifest
    }
}

/// Reads a manifest.
///
/// # Errors
/// A gap `parse-failed` with the line.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Manifest, Gap> {
    utf8(bytes).and_then(read::manifest).map_err(|refusal| refusal.gap(path, bytes))
}
