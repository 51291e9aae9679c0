//! From artifacts to inventories: each file is read and parsed, on every core, and gets its row in the ledger.

use super::vendored;
use crate::collect::{Artifact, Format, IGNORED_BY_GIT, Opened};
use crate::inventory::cargo_manifest::{self, Manifest};
use crate::inventory::toolchain::{self, Toolchain};
use crate::inventory::vendored::Vendored;
use crate::inventory::wants::{self, Family, Wants};
use crate::inventory::{
    binary, bun_lock, cabal_freeze, cargo_lock, composer_lock, conan_lock, deno_lock, deps_json, gemfile_lock,
    github_actions, go_mod, go_sum, gradle_lock, installed, java_archive, mix_lock, npm_lock, package_resolved,
    packages_config, packages_lock, pdm_lock, pipfile_lock, pnpm_lock, podfile_lock, poetry_lock, pom, pubspec_lock,
    pylock, requirements, resolve, scope, stack_lock, uv_lock, yarn_lock,
};
use crate::model::{Digest, Gap, GapKind, Inventory, LedgerRow, RowState, Stage, TreePath};
use crate::sys::{Fault, Sys, SysError, spread};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How the scopes of components are found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Resolve {
    /// From lock and manifests, read as data. Nothing runs.
    #[default]
    Data,
    /// By `cargo metadata`, which obeys the judged tree's `.cargo/config.toml` and can run what that names.
    Cargo,
}

/// Everything that was seen in the targets.
#[derive(Default)]
pub struct Inspected {
    /// In order of path, each with the digest of its file.
    pub inventories: Vec<(Inventory, Digest)>,
    /// Toolchain files, in order of path.
    pub toolchains: Vec<Toolchain>,
    /// Vendored packages of cargo, in order of path.
    pub vendored: Vec<Vendored>,
    /// Ledger rows, in no order.
    pub rows: Vec<LedgerRow>,
    /// What could not be seen.
    pub gaps: Vec<Gap>,
}

enum Parsed {
    Lock(Box<Inventory>),
    Manifest(Box<Manifest>),
    Toolchain(Toolchain),
    Wants(Wants),
}

/// What became of one artifact.
struct Done {
    digest: Option<Digest>,
    parsed: Result<Parsed, Gap>,
    gaps: Vec<Gap>,
}

/// Reads and parses what was collected. `cargo` is there when `--resolve cargo` was asked for.
pub(super) fn all(targets: &[Opened<'_>], mirrors: &[String], cargo: Option<&dyn Sys>) -> Inspected {
    let mut seen = Inspected::default();
    for (target, prefix) in targets.iter().zip(prefixes(targets)) {
        one_target(target, &prefix, mirrors, cargo, &mut seen); // one prefix was made for each target
    }
    seen.inventories.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    // Two targets of one root may name the same file. Two files of different roots may look alike: both count.
    seen.inventories.dedup_by(|a, b| a.0.path == b.0.path && a.1 == b.1);
    seen.toolchains.sort_by(|a, b| a.path.cmp(&b.path));
    seen.toolchains.dedup();
    seen.vendored.sort_by(|a, b| (&a.manifest, &a.base).cmp(&(&b.manifest, &b.base)));
    seen.vendored.dedup();
    seen.rows.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    seen.rows.dedup();
    seen.gaps.sort();
    seen.gaps.dedup();
    seen
}

/// What stands before the paths of each target: several roots are told apart by the target as it was typed.
pub(super) fn prefixes(targets: &[Opened<'_>]) -> Vec<String> {
    let several = targets.windows(2).any(|pair| matches!(pair, [a, b] if a.root != b.root));
    let prefix = |target: &Opened<'_>| format!("{}/", target.label.trim_end_matches('/'));
    targets.iter().map(|target| if several { prefix(target) } else { String::new() }).collect()
}

/// A path as reports show it.
pub(super) fn shown(prefix: &str, path: &TreePath) -> TreePath {
    if prefix.is_empty() { path.clone() } else { TreePath::new(format!("{prefix}{path}")) }
}

fn one_target(target: &Opened<'_>, prefix: &str, mirrors: &[String], cargo: Option<&dyn Sys>, seen: &mut Inspected) {
    let shown = |path: &TreePath| shown(prefix, path);
    seen.rows.extend(target.rows.iter().map(|row| LedgerRow { path: shown(&row.path), ..row.clone() }));
    seen.gaps.extend(target.gaps.iter().map(|gap| Gap { path: gap.path.as_ref().map(shown), ..gap.clone() }));

    let (mut locks, mut manifests, mut wanting) = (Vec::new(), Vec::new(), Vec::new());
    for (artifact, done) in parse_all(target, &shown, mirrors) {
        let path = shown(&artifact.path);
        let state = match &done.parsed {
            Ok(Parsed::Lock(inventory)) => RowState::Parsed(inventory.components.len()),
            Ok(Parsed::Manifest(_) | Parsed::Toolchain(_) | Parsed::Wants(_)) => RowState::Parsed(0),
            Err(gap) => RowState::Failed(gap.why.clone()),
        };
        seen.rows.push(LedgerRow { path: path.clone(), kind: artifact.format.as_str(), state, digest: done.digest });
        seen.gaps.extend(done.gaps.into_iter().map(|gap| complete(gap, &path, done.digest)));
        match (done.parsed, done.digest) {
            (Ok(Parsed::Lock(inventory)), Some(digest)) => locks.push((*inventory, digest)),
            (Ok(Parsed::Manifest(manifest)), _) => manifests.push((path, *manifest)),
            (Ok(Parsed::Toolchain(toolchain)), _) => seen.toolchains.push(toolchain),
            (Ok(Parsed::Wants(asking)), _) => wanting.push((path, asking)),
            (Err(gap), digest) => seen.gaps.push(complete(gap, &path, digest)),
            (Ok(Parsed::Lock(_)), None) => {
                let gap = Gap::new(GapKind::Internal, Stage::Inventory, path.as_str(), "parsed without a digest");
                seen.gaps.push(gap.with_path(path));
            }
        }
    }
    let of_cargo: Vec<&Inventory> =
        locks.iter().map(|(lock, _)| lock).filter(|lock| lock.format == cargo_lock::FORMAT).collect();
    let copies = vendored::all(target, prefix, &of_cargo, &manifests).take(&mut seen.gaps);
    let vendored::Locked { manifests: own, whole } = vendored::locked(&copies, &of_cargo);
    seen.vendored.extend(copies);
    if !own.is_empty() {
        manifests.retain(|(path, _)| !own.contains(path) && !vendored::lies_in(&whole, path));
        wanting.retain(|(path, _)| !vendored::lies_in(&whole, path));
        locks.retain(|(lock, _)| !vendored::lies_in(&whole, &lock.path));
        leave_out(&whole, seen);
    }
    for (inventory, _) in locks.iter_mut().filter(|(inventory, _)| inventory.format == cargo_lock::FORMAT) {
        scope::annotate(inventory, &manifests);
        if let Some(sys) = cargo {
            let lock = inventory.path.as_str();
            let dir = target.root.join(TreePath::new(lock.strip_prefix(prefix).unwrap_or(lock)).parent());
            if let Err(e) = resolve::resolve(sys, &dir, inventory) {
                seen.gaps.push(e.gap(inventory));
            }
        }
    }
    let inventories: Vec<&Inventory> = locks.iter().map(|(inventory, _)| inventory).collect();
    let failed: Vec<(TreePath, &str)> = seen
        .rows
        .iter()
        .filter(|row| matches!(row.state, RowState::Failed(_)))
        .map(|row| (row.path.clone(), row.kind))
        .collect();
    seen.gaps.extend(wants::unlocked(&wanting, &inventories, &failed));
    let inventories: Vec<&Inventory> =
        inventories.into_iter().filter(|inventory| inventory.format == cargo_lock::FORMAT).collect();
    seen.gaps.extend(scope::unlocked(&manifests, &inventories).into_iter().map(|gap| name_ignored(gap, &seen.rows)));
    seen.inventories.append(&mut locks);
}

/// Leaves out what lies in vendored packages that are what was locked: nothing is built by it.
fn leave_out(inside: &HashSet<String>, seen: &mut Inspected) {
    let Inspected { toolchains, rows, gaps, .. } = seen;
    toolchains.retain(|toolchain| !vendored::lies_in(inside, &toolchain.path));
    // The gaps of reading the files; those of comparing them are of another stage.
    gaps.retain(|gap| {
        gap.stage != Stage::Inventory || !gap.path.as_ref().is_some_and(|path| vendored::lies_in(inside, path))
    });
    for row in rows.iter_mut().filter(|row| vendored::lies_in(inside, &row.path)) {
        row.state =
            RowState::Excluded("inside a vendored package that is as it was locked: nothing is built by it".to_owned());
    }
}

/// A manifest without a lock gets another remedy where its lock is there and git ignores it: writing one changes nothing.
fn name_ignored(gap: Gap, rows: &[LedgerRow]) -> Gap {
    let Some(manifest) = gap.path.as_ref().filter(|_| gap.kind == GapKind::Unlocked) else { return gap };
    let ignored = |row: &&LedgerRow| {
        row.kind == Format::CargoLock.as_str()
            && row.path.parent() == manifest.parent()
            && matches!(&row.state, RowState::Excluded(why) if why.starts_with(IGNORED_BY_GIT))
    };
    let Some(lock) = rows.iter().find(ignored) else { return gap };
    let why = format!("{}; {} is there, and git ignores it", gap.why, lock.path);
    let help = crate::text::shell::quote(lock.path.as_str()).map(|path| format!("git add -f {path}"));
    Gap { why, help: help.unwrap_or_else(|| "let git track the lockfile".into()), ..gap }
}

/// A gap of a parser, with the place that only the caller knows.
fn complete(mut gap: Gap, path: &TreePath, digest: Option<Digest>) -> Gap {
    gap.path.get_or_insert_with(|| path.clone());
    gap.digest = gap.digest.or(digest);
    gap
}

/// Every artifact with what became of it, in the order of the artifacts.
fn parse_all<'t>(
    target: &'t Opened<'_>,
    shown: &(impl Fn(&TreePath) -> TreePath + Sync),
    mirrors: &[String],
) -> Vec<(&'t Artifact, Done)> {
    let done = spread(&target.artifacts, |artifact| one(target, artifact, &shown(&artifact.path), mirrors));
    // `one` catches panics: a thread that still died takes the process down rather than lose its files.
    let done = done.expect("the work on a file catches its own panics");
    debug_assert_eq!(done.len(), target.artifacts.len());
    target.artifacts.iter().zip(done).collect() // one result was made for each artifact
}

fn one(target: &Opened<'_>, artifact: &Artifact, path: &TreePath, mirrors: &[String]) -> Done {
    let tree = &target.tree;
    let is_binary = artifact.format.is_binary();
    let bytes = match if is_binary { tree.read_binary(&artifact.path) } else { tree.read(&artifact.path) } {
        Ok(bytes) => bytes,
        Err(e) => return Done { digest: None, parsed: Err(unread(&e, path)), gaps: Vec::new() },
    };
    let digest = Digest::of(&bytes);
    let prefix = path.as_str().strip_suffix(artifact.path.as_str()).unwrap_or_default();
    // Readers know paths as reports show them.
    let other = |path: &TreePath| {
        let inside = path.as_str().strip_prefix(prefix)?;
        target.tree.read(&TreePath::new(inside)).ok() // a file that cannot be had is the reader's to tell
    };
    let parsed = catch_unwind(AssertUnwindSafe(|| parse(artifact.format, path, bytes, mirrors, &other)));
    let (parsed, gaps) = parsed.unwrap_or_else(|_| {
        let why = "the reader broke on this file; this is a fault of Portcullis";
        let gap = Gap::new(GapKind::Internal, Stage::Inventory, path.as_str(), why);
        (Err(gap.with_help("report it with the file")), Vec::new())
    });
    Done { digest: Some(digest), parsed, gaps }
}

/// Reads a file by its format. What an `other` file of the tree holds is asked for where a format needs it.
fn parse(
    format: Format,
    path: &TreePath,
    bytes: Vec<u8>,
    mirrors: &[String],
    other: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> (Result<Parsed, Gap>, Vec<Gap>) {
    let lock = match format {
        Format::CargoLock => cargo_lock::parse_owned(path, bytes, mirrors),
        Format::CargoManifest => {
            return (cargo_manifest::parse(path, &bytes).map(|m| Parsed::Manifest(Box::new(m))), Vec::new());
        }
        Format::RustToolchain => return (toolchain::parse(path, &bytes).map(Parsed::Toolchain), Vec::new()),
        Format::NpmManifest => return asks(wants::of_package_json(path, &bytes)),
        Format::PythonProject => return asks(wants::of_pyproject(path, &bytes)),
        Format::Pipfile => return asks(wants::of_pipfile(path, &bytes)),
        Format::NpmLock => npm_lock::parse(path, &bytes),
        Format::YarnLock => yarn_lock::parse(path, &bytes, other),
        Format::PnpmLock => pnpm_lock::parse(path, &bytes),
        Format::BunLock => bun_lock::parse(path, &bytes),
        Format::BunBinaryLock => Err(binary_lock(path)),
        Format::DenoLock => deno_lock::parse(path, &bytes),
        Format::PoetryLock => poetry_lock::parse(path, &bytes),
        Format::UvLock => uv_lock::parse(path, &bytes),
        Format::PdmLock => pdm_lock::parse(path, &bytes),
        Format::PipfileLock => pipfile_lock::parse(path, &bytes),
        Format::Pylock => pylock::parse(path, &bytes),
        Format::Requirements => requirements::parse(path, &bytes, other),
        Format::GoMod => go_mod::parse(path, &bytes, other),
        Format::GoSum => go_sum::parse(path, &bytes, other),
        Format::ComposerLock => composer_lock::parse(path, &bytes, other),
        Format::ComposerManifest => return asks(wants::of_composer_json(path, &bytes)),
        Format::GemfileLock => gemfile_lock::parse(path, &bytes),
        Format::Gemfile => return asks(wants::of_code(path, &bytes, Family::Ruby)),
        Format::MixLock => mix_lock::parse(path, &bytes),
        Format::MixManifest => return asks(wants::of_code(path, &bytes, Family::Elixir)),
        Format::PubspecLock => pubspec_lock::parse(path, &bytes),
        Format::PubspecManifest => return asks(wants::of_pubspec(path, &bytes)),
        Format::NugetLock => packages_lock::parse(path, &bytes),
        Format::DepsJson => deps_json::parse(path, &bytes),
        Format::DotnetProject => return asks(wants::of_code(path, &bytes, Family::Dotnet)),
        Format::GradleLock => gradle_lock::parse(path, &bytes),
        Format::GradleBuild => return asks(wants::of_code(path, &bytes, Family::Gradle)),
        Format::SwiftResolved => package_resolved::parse(path, &bytes),
        Format::SwiftManifest => return asks(wants::of_code(path, &bytes, Family::Swift)),
        Format::PodfileLock => podfile_lock::parse(path, &bytes),
        Format::Podfile => return asks(wants::of_code(path, &bytes, Family::CocoaPods)),
        Format::ConanLock => conan_lock::parse(path, &bytes),
        Format::PackagesConfig => packages_config::parse(path, &bytes),
        Format::MavenPom => pom::parse(path, &bytes, other),
        Format::StackLock => stack_lock::parse(path, &bytes),
        Format::CabalFreeze => cabal_freeze::parse(path, &bytes),
        Format::GithubActions => github_actions::parse(path, &bytes),
        Format::Executable => binary::parse(path, &bytes),
        Format::JavaArchive => java_archive::parse(path, &bytes),
        Format::PythonPackage => installed::python(path, &bytes),
        Format::NpmPackage => installed::npm(path, &bytes),
    };
    match lock {
        Ok(part) => (Ok(Parsed::Lock(Box::new(part.value))), part.gaps),
        Err(gap) => (Err(gap), Vec::new()),
    }
}

fn asks(read: Result<Wants, Gap>) -> (Result<Parsed, Gap>, Vec<Gap>) {
    (read.map(Parsed::Wants), Vec::new())
}

fn binary_lock(path: &TreePath) -> Gap {
    let why = "the binary form of bun's lock, which is not documented";
    Gap::new(GapKind::UnsupportedVersion, Stage::Inventory, path.as_str(), why)
        .with_path(path.clone())
        .with_help("write the text form: bun install --save-text-lockfile --frozen-lockfile --lockfile-only")
}

fn unread(error: &SysError, path: &TreePath) -> Gap {
    let kind = match error.fault {
        Fault::TooLarge { .. } => GapKind::TooLarge,
        Fault::NotRegular(_) => GapKind::SpecialFile,
        _ => GapKind::Unreadable,
    };
    let help = match error.fault {
        Fault::Denied => "let the user of this run read the file",
        Fault::NotFound => "the file vanished while it was judged: run again",
        _ => "",
    };
    Gap::new(kind, Stage::Collect, path.as_str(), error.fault.to_string()).with_path(path.clone()).with_help(help)
}
