//! `--resolve cargo`: scopes from what cargo itself resolves. Never run unless somebody asked for it.
//!
//! Cargo reads `.cargo/config.toml` of the judged tree, which can name programs and set variables for them. What can be
//! set against that is set here: rustc and its wrappers are ours. The rest (its `[env]` table) is why this is a choice.

use crate::model::{Component, Gap, GapKind, Inventory, Scope, Source, Stage};
use crate::sys::{Bytes, Command, FileKind, Sys, SysError};
use cargo_metadata::{DependencyKind, Metadata, PackageId};
use rustsec::SourceId;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What cargo may print: the largest workspaces known print 30 MiB.
pub const OUTPUT_LIMIT: Bytes = Bytes::mib(256);
/// How long cargo may take. It fetches nothing, so a minute is long.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Variables that cargo and rustup need to find themselves, besides `PATH`; nothing else is passed on.
const PASSED_ON: [&str; 5] = ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "TMPDIR"];

/// Why cargo did not say what it resolves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Neither `$CARGO` nor `PATH` names a cargo outside the judged tree.
    #[error("no cargo found in $CARGO or PATH outside the judged tree")]
    NoCargo,
    /// The outside world refused.
    #[error(transparent)]
    Sys(#[from] SysError),
    /// Cargo ended with an error.
    #[error("cargo metadata ended with {}: {said}", code.map_or("a signal".to_owned(), |code| format!("code {code}")))]
    Failed {
        /// The exit code; none for a signal.
        code: Option<i32>,
        /// The first line that begins with `error`, or the first line, of what it printed.
        said: String,
    },
    /// The output is not what `cargo metadata` prints.
    #[error("cargo metadata printed something else: {why}")]
    NotMetadata {
        /// In the words of the JSON reader.
        why: String,
    },
    /// The output holds no resolved graph.
    #[error("cargo metadata printed no resolved graph")]
    NoGraph,
}

impl ResolveError {
    /// The gap of kind `resolve-failed` for this lock.
    pub fn gap(&self, inventory: &Inventory) -> Gap {
        let help = match self {
            Self::NoCargo => "install cargo, or set CARGO to its absolute path",
            Self::Failed { .. } => "run `cargo fetch --locked` first; or leave out `--resolve cargo`",
            Self::Sys(_) | Self::NotMetadata { .. } | Self::NoGraph => "leave out `--resolve cargo`",
        };
        Gap::new(GapKind::ResolveFailed, Stage::Inventory, inventory.path.as_str(), self.to_string())
            .with_path(inventory.path.clone())
            .with_help(help)
    }
}

/// Sets the scopes of a lock from what cargo resolves. `dir` is the directory of the lock, absolute. Components that
/// cargo does not resolve (for another workspace, for nothing) keep what they had.
///
/// # Errors
/// See [`ResolveError`]; the inventory is then as it was.
pub fn resolve(sys: &dyn Sys, dir: &Path, inventory: &mut Inventory) -> Result<(), ResolveError> {
    // The lock lies as deep below the root of the judged tree as its path says.
    let depth = inventory.path.parent().split('/').filter(|part| !part.is_empty()).count();
    let root = dir.ancestors().nth(depth).unwrap_or(dir);
    let root = sys.real_path(root)?;
    let path = path_outside(sys, &root)?;
    let cargo = find_cargo(sys, &root, &path)?;
    let mut command = command(dir, &cargo);
    for name in PASSED_ON {
        if let Some(value) = sys.var(name)? {
            command.env.push((name.into(), value.into()));
        }
    }
    command.env.push(("PATH".into(), path.join(":").into()));
    // Without RUSTC, `build.rustc` of the judged tree would say what to run.
    let beside = cargo.with_file_name("rustc");
    let rustc = if sys.kind(&beside)?.is_some() { beside } else { PathBuf::from("rustc") };
    command.env.push(("RUSTC".into(), rustc.into()));
    let output = sys.run(&command)?;
    if output.code != Some(0) {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = text.lines().find(|line| line.starts_with("error")).or_else(|| text.lines().next());
        return Err(ResolveError::Failed { code: output.code, said: said.unwrap_or("nothing").to_owned() });
    }
    apply(inventory, &output.stdout)
}

/// `cargo metadata` for the workspace in this directory: with the lock as it is, without the network, with every
/// feature, so that nothing counts as weaker than some build would have it. Wrappers around rustc are switched off and
/// rustup installs nothing; `RUSTC` and what cargo needs of the environment are for the caller to add.
pub fn command(manifest_dir: &Path, cargo: &Path) -> Command {
    let args = ["metadata", "--format-version", "1", "--locked", "--offline", "--all-features"];
    let off = [
        ("RUSTC_WRAPPER", ""),
        ("RUSTC_WORKSPACE_WRAPPER", ""),
        ("RUSTUP_AUTO_INSTALL", "0"),
        ("CARGO_TERM_COLOR", "never"),
    ];
    Command {
        program: cargo.to_owned(),
        args: args.map(OsString::from).to_vec(),
        env: off.map(|(name, value)| (name.into(), value.into())).to_vec(),
        dir: manifest_dir.to_owned(),
        stdin: Vec::new(),
        output_limit: OUTPUT_LIMIT,
        time_limit: TIME_LIMIT,
    }
}

/// The directories of `PATH` that are absolute and not inside the judged tree.
fn path_outside(sys: &dyn Sys, root: &Path) -> Result<Vec<String>, ResolveError> {
    let path = sys.var("PATH")?.unwrap_or_default();
    // A directory that is not there, or cannot be followed, is left out: nothing can be run from it.
    let outside = |dir: &&str| Path::new(dir).is_absolute() && lies_outside(sys, Path::new(dir), root);
    Ok(path.split(':').filter(outside).map(str::to_owned).collect())
}

fn lies_outside(sys: &dyn Sys, path: &Path, root: &Path) -> bool {
    sys.real_path(path).is_ok_and(|real| !real.starts_with(root))
}

/// `$CARGO`, else the first cargo on the path: absolute, and not inside the judged tree.
fn find_cargo(sys: &dyn Sys, root: &Path, path: &[String]) -> Result<PathBuf, ResolveError> {
    let named = sys.var("CARGO")?.map(PathBuf::from);
    let on_path = path.iter().map(|dir| Path::new(dir).join("cargo"));
    let usable = |candidate: &PathBuf| {
        let program = matches!(sys.kind(candidate), Ok(Some(FileKind::File | FileKind::Link)));
        candidate.is_absolute() && program && lies_outside(sys, candidate, root)
    };
    // The path is followed to see where it leads; what is run is the path itself, for rustup looks at its name.
    named.into_iter().chain(on_path).find(usable).ok_or(ResolveError::NoCargo)
}

/// Sets the scopes from the output of `cargo metadata`. The inventory is changed only when all of it was understood.
///
/// # Errors
/// [`ResolveError::NotMetadata`] and [`ResolveError::NoGraph`].
pub fn apply(inventory: &mut Inventory, metadata_json: &[u8]) -> Result<(), ResolveError> {
    let metadata: Metadata =
        serde_json::from_slice(metadata_json).map_err(|error| ResolveError::NotMetadata { why: error.to_string() })?;
    let graph = metadata.resolve.as_ref().ok_or(ResolveError::NoGraph)?;
    let members: BTreeSet<&PackageId> = metadata.workspace_members.iter().collect();
    let mut edges: HashMap<&PackageId, Vec<(&PackageId, Scope)>> = HashMap::new();
    for node in &graph.nodes {
        for dependency in &node.deps {
            // Cargo before 1.41 said nothing of kinds; without any the edge is not understood.
            let kinds = dependency.dep_kinds.iter().map(|kind| scope_of(kind.kind));
            let scope = kinds.max().unwrap_or(Scope::Unknown);
            edges.entry(&node.id).or_default().push((&dependency.pkg, scope));
        }
    }
    // The weakest edge of a path counts, and of all paths the strongest: so the strongest first.
    let mut scopes: BTreeMap<&PackageId, Scope> = members.iter().map(|id| (*id, Scope::Normal)).collect();
    for scope in [Scope::Normal, Scope::Unknown, Scope::Build, Scope::Dev] {
        let mut open: Vec<&PackageId> = scopes.keys().copied().collect();
        while let Some(id) = open.pop() {
            for (to, edge) in edges.get(id).into_iter().flatten() {
                if *edge >= scope && !scopes.contains_key(to) {
                    scopes.insert(to, scope);
                    open.push(to);
                }
            }
        }
    }
    let mut resolved: HashMap<(&str, String), Vec<FromSource<'_>>> = HashMap::new();
    for package in &metadata.packages {
        let Some(scope) = scopes.get(&package.id) else { continue }; // listed and not used: it keeps what it had
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        resolved.entry((package.name.as_str(), package.version.to_string())).or_default().push((source, *scope));
    }
    for component in &mut inventory.components {
        let twins = resolved.get(&(component.name.as_ref(), component.version.to_string()));
        let same = twins.into_iter().flatten().filter(|(source, _)| is_from(component, *source));
        if let Some(scope) = same.map(|(_, scope)| *scope).max() {
            component.scope = scope;
        }
    }
    Ok(())
}

/// The source of a package in cargo's words, and the scope of the package.
type FromSource<'a> = (Option<&'a str>, Scope);

fn scope_of(kind: DependencyKind) -> Scope {
    match kind {
        DependencyKind::Normal => Scope::Normal,
        DependencyKind::Build => Scope::Build,
        DependencyKind::Development => Scope::Dev,
        _ => Scope::Unknown,
    }
}

/// Whether cargo's word for a source means that of the component.
fn is_from(component: &Component, source: Option<&str>) -> bool {
    match (&component.source, source) {
        (Source::Local | Source::Path(_), None) => true,
        (Source::Default, Some(url)) => SourceId::from_url(url).is_ok_and(|id| id.is_remote_registry()),
        (Source::Registry(own) | Source::Git(own) | Source::Path(own), Some(url)) => own.as_ref() == url,
        (Source::Local, Some(_)) | (Source::Default | Source::Registry(_) | Source::Git(_), None) => false,
    }
}
