//! `Cargo.lock`, versions 1 to 4 of the format: components, edges and what the lock leaves open.
//!
//! It refuses what the `cargo-lock` crate refuses, and some of what that crate lets pass in silence. It looks at no
//! other file: scopes come from `scope`, and nothing here says whether a package is vulnerable.

mod canonical;
mod full;
mod graph;
mod plain;
mod raw;
mod sources;
#[cfg(test)]
mod tests;

use super::counter;
use super::place::{Cursor, Refusal};
use crate::model::{Count, Digest, Gap, GapKind, Inventory, Partial, Stage, TreePath};
use full::RESTORE;
use graph::{Lock, Named, semver};
use raw::{RawLock, Text};
use sources::Sources;
use std::collections::HashMap;
use toml_parser::Source as Toml;

/// The format in `Inventory::format`.
pub const FORMAT: &str = "cargo-lock";
/// Tokens of TOML in one file: 24 bytes of memory each. The largest real lock known has 60,000.
pub const MAX_TOKENS: usize = 10_000_000;
/// Tokens in a file that cargo did not write like that: the reader for it needs a multiple of the memory.
pub const MAX_TOKENS_NOT_PLAIN: usize = 2_000_000;
/// Packages in one lock. The largest real one known has 1,425.
pub const MAX_PACKAGES: usize = 200_000;
/// Entries of `dependencies` in one lock, over all packages.
pub const MAX_DEPENDENCIES: usize = 2_000_000;
/// Packages of one name and version from different sources: they are compared one by one.
pub const MAX_TWINS: usize = 64;
/// Dependencies that lead nowhere: beyond this it is not a lock with a few gaps, but not a lock.
pub const MAX_DANGLING: usize = 1_000;

/// Bytes of a name or a version. Registries refuse names above 64, and the longest real version known has 50.
pub const MAX_NAME: usize = 256;
/// Bytes of a source: the path of a URL beyond this no server takes.
pub const MAX_SOURCE: usize = 4_096;
/// Bytes of a dependency: `name version (source)`.
const MAX_DEPENDENCY: usize = 2 * MAX_NAME + MAX_SOURCE + 4;

/// Reads a lock. `mirrors` are registry sources, exactly as a lock writes them, that serve the packages of the default
/// registry.
///
/// # Errors
/// One gap when the file is refused: `parse-failed`, `unsupported-version` or `too-large`. Gaps beside the value:
/// `dangling-dependency` (the edge is missing) and `count-mismatch`.
pub fn parse(path: &TreePath, bytes: &[u8], mirrors: &[String]) -> Result<Partial<Inventory>, Gap> {
    parse_owned(path, bytes.to_vec(), mirrors)
}

/// The same of bytes that nobody else needs: they become the text of the inventory.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_owned(path: &TreePath, bytes: Vec<u8>, mirrors: &[String]) -> Result<Partial<Inventory>, Gap> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let refusal = Refusal::not_utf8(error.utf8_error());
        refusal.gap(path, error.as_bytes())
    })?;
    let mut part = read(path, &text, mirrors).map_err(|refusal| refusal.gap(path, text.as_bytes()))?;
    part.value.text = text;
    Ok(part)
}

/// Everything but the text of the inventory.
fn read(path: &TreePath, text: &str, mirrors: &[String]) -> Result<Partial<Inventory>, Refusal> {
    let raw = read_raw(text)?;
    check_lengths(&raw)?;
    let format = format_version(&raw)?;
    check_some(&raw)?;
    let mut sources = Sources::new(mirrors);
    let checksums = checksums(&raw, format, &mut sources)?;
    let mut lock = Lock::new(&raw, format, sources);
    lock.check_root()?;
    let components = lock.components(text, &checksums)?;
    let (edges, dangling) = lock.edges()?;
    let left_out = lock.unused()?;

    let mut places = Cursor::new(text);
    let dangling = dangling.into_iter().map(|gap| {
        let (line, _) = places.place(gap.at);
        Gap::new(GapKind::DanglingDependency, Stage::Inventory, gap.what, gap.why)
            .with_line(line)
            .with_help("run `cargo update --workspace` so that cargo completes the lock, and commit the result")
    });
    let mut gaps: Vec<Gap> = dangling.collect();
    let counter::Headers { packages, unused } = counter::cargo_lock(text.as_bytes());
    gaps.extend(mismatch(path, "[[package]]", packages, components.len()));
    gaps.extend(mismatch(path, "[[patch.unused]]", unused, left_out.len()));
    if !gaps.is_empty() {
        let digest = Digest::of(text.as_bytes());
        gaps = gaps.into_iter().map(|gap| gap.with_path(path.clone()).with_digest(digest)).collect();
    }
    let counted = Count { independent: packages + unused, left_out };
    let (origins, text) = (Vec::new(), String::new()); // cargo's sources and checksums are in the components
    let inventory = Inventory { path: path.clone(), format: FORMAT, components, edges, origins, counted, text };
    Ok(Partial { value: inventory, gaps })
}

/// The fastest reader that understands the file: canonical, plain, or the full one, which says what is wrong.
fn read_raw(text: &str) -> Result<RawLock<'_>, Refusal> {
    let raw = match canonical::read(text) {
        Some(raw) => {
            debug_assert_eq!(plain::read(Toml::new(text), usize::MAX).0.as_ref(), Some(&raw), "two readers, one lock");
            raw
        }
        None => read_toml(text)?,
    };
    if raw.packages.len() + raw.unused.len() > MAX_PACKAGES {
        return Err(too_large(MAX_PACKAGES, "packages"));
    }
    if raw.dependencies.len() > MAX_DEPENDENCIES {
        return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
    }
    Ok(raw)
}

fn read_toml(text: &str) -> Result<RawLock<'_>, Refusal> {
    Ok(match plain::read(Toml::new(text), MAX_TOKENS) {
        (_, count) if count > MAX_TOKENS => return Err(too_large(MAX_TOKENS, "tokens of TOML")),
        (Some(raw), _) => raw,
        (None, count) if count > MAX_TOKENS_NOT_PLAIN => {
            return Err(too_large(MAX_TOKENS_NOT_PLAIN, "tokens of TOML"));
        }
        (None, _) => full::read(text)?,
    })
}

/// Refuses text that no cargo writes and that would fill a report. Nothing of it is repeated.
fn check_lengths(raw: &RawLock<'_>) -> Result<(), Refusal> {
    let check = |text: &Text<'_>, limit: usize, what: &str| match text.text.len() {
        n if n > limit => Err(Refusal::new(text.at, format!("{what} of {n} bytes; the limit is {limit}"), RESTORE)),
        _ => Ok(()),
    };
    for package in raw.packages.iter().chain(&raw.root).chain(&raw.unused) {
        check(&package.name, MAX_NAME, "a name")?;
        check(&package.version, MAX_NAME, "a version")?;
        package.source.iter().try_for_each(|source| check(source, MAX_SOURCE, "a source"))?;
        package.replace.iter().try_for_each(|replace| check(replace, MAX_DEPENDENCY, "a replacement"))?;
    }
    raw.dependencies.iter().try_for_each(|dependency| check(dependency, MAX_DEPENDENCY, "a dependency"))?;
    // Other keys of [metadata] are read by nobody.
    let keys = raw.metadata.iter().map(|(key, _)| key).filter(|key| key.text.starts_with(CHECKSUM));
    keys.into_iter().try_for_each(|key| check(key, CHECKSUM.len() + MAX_DEPENDENCY, "the key of a checksum"))
}

/// Refuses a lock without a package: cargo writes at least the one that the lock lies beside, so what should be judged
/// is not there. A file that was cut, or emptied, looks like that.
fn check_some(raw: &RawLock<'_>) -> Result<(), Refusal> {
    if !raw.packages.is_empty() || raw.root.is_some() {
        return Ok(());
    }
    let help = "cargo generate-lockfile".to_owned();
    Err(Refusal { kind: GapKind::ParseFailed, at: None, why: "the file lists no package".to_owned(), help })
}

fn too_large(limit: usize, what: &str) -> Refusal {
    Refusal {
        kind: GapKind::TooLarge,
        at: None,
        why: format!("more than {limit} {what}"),
        help: "no lock that cargo writes is like that; look at where the file comes from".into(),
    }
}

fn mismatch(path: &TreePath, header: &str, counted: usize, parsed: usize) -> Option<Gap> {
    (counted != parsed).then(|| {
        let why = format!("the counter sees {counted} {header} headers, the parser {parsed} entries");
        Gap::new(GapKind::CountMismatch, Stage::Inventory, path.as_str(), why)
            .with_help("write the file anew with `cargo generate-lockfile`, which uses plain headers")
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// Checksums in `[metadata]`, every dependency with its version.
    V1,
    /// 2 to 4: checksums beside the package, dependencies as short as they are unambiguous.
    Later,
}

fn format_version(raw: &RawLock<'_>) -> Result<Format, Refusal> {
    let in_metadata = raw.metadata.iter().find(|(key, _)| key.text.starts_with(CHECKSUM));
    let in_packages = raw.packages.iter().find_map(|package| package.checksum.as_ref());
    if let (Some((key, _)), Some(_)) = (in_metadata, in_packages) {
        let why = "checksums both in [[package]] and in [metadata]: two versions of the format in one file";
        return Err(Refusal::new(key.at, why, RESTORE));
    }
    match (raw.version, in_metadata) {
        (Some((1, _)), _) | (None, Some(_)) => match in_packages {
            Some(checksum) => Err(Refusal::new(checksum.at, "version 1 has no checksum in [[package]]", RESTORE)),
            None => Ok(Format::V1),
        },
        (Some((version @ 2..=4, _)), Some((key, _))) => {
            Err(Refusal::new(key.at, format!("version {version} has no checksums in [metadata]"), RESTORE))
        }
        (None | Some((2..=4, _)), None) => Ok(Format::Later),
        (Some((version, at)), _) => Err(Refusal {
            kind: GapKind::UnsupportedVersion,
            at: Some(at),
            why: format!("version {version} of the format; this release knows 1 to 4"),
            help: "update portcullis, or write the file with a cargo that uses version 4".into(),
        }),
    }
}

/// The prefix of the keys in `[metadata]` that hold checksums (version 1).
const CHECKSUM: &str = "checksum ";

/// The checksums of `[metadata]` by name and version, each with the source that its key names.
type Checksums<'a> = HashMap<(&'a str, &'a str), Vec<(Option<&'a str>, Option<Digest>)>>;

fn checksums<'a>(raw: &'a RawLock<'_>, format: Format, sources: &mut Sources<'a>) -> Result<Checksums<'a>, Refusal> {
    let mut all = Checksums::new();
    if format != Format::V1 {
        return Ok(all);
    }
    for (key, value) in &raw.metadata {
        // Other keys of [metadata] are notes that cargo ignores.
        let Some(named) = key.text.strip_prefix(CHECKSUM) else { continue };
        let named = Named::parse(named, key.at)?;
        let Some(version) = named.version else {
            return Err(Refusal::new(key.at, format!("the checksum of `{}` has no version", named.name), RESTORE));
        };
        semver(version, key.at)?;
        if let Some(source) = named.source {
            sources.known(source, key.at)?;
        }
        let digest = match value.text.as_ref() {
            "<none>" => None,
            hex => Some(digest(hex, value.at)?),
        };
        let twins = all.entry((named.name, version)).or_default();
        twins.push((named.source, digest));
        if twins.len() > MAX_TWINS {
            return Err(too_large(MAX_TWINS, "checksums of one name and version"));
        }
    }
    Ok(all)
}

fn digest(hex: &str, at: usize) -> Result<Digest, Refusal> {
    let refused = || Refusal::new(at, "a checksum that is not 64 hex digits", RESTORE);
    if hex.len() != 64 {
        return Err(refused());
    }
    hex.parse().map_err(|_| refused())
}
