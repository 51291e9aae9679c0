//! The YAML of yarn 2 and later. Which package an entry is stands in its `resolution`; ranges begin with a protocol.

use super::super::npm::{
    Entry, Found, MAX_DEPENDENCIES, commit_or_address, shorten, source, split_at, too_large, unsupported,
};
use super::super::place::Refusal;
use super::super::value::{Map, Member, Value};
use super::super::yaml;
use super::manifest::{Manifests, Roots};
use super::{Names, RESTORE, depend};
use crate::model::{Ecosystem, Scope, Source};
use std::borrow::Cow;
use std::collections::HashSet;

const METADATA: &str = "__metadata";
/// Yarn 2 wrote version 4, yarn 4 writes 8; 9 has the same entries.
const VERSIONS: std::ops::RangeInclusive<u32> = 4..=9;

pub(super) fn read<'a>(text: &'a str, manifests: &Manifests<'_>) -> Result<Found<'a>, Refusal> {
    let documents = yaml::read(text, RESTORE)?;
    let [Value::Map(root)] = documents.as_slice() else {
        return Err(Refusal::new(0, "a lock is one map of YAML", RESTORE));
    };
    version(root)?;
    let entries = || root.0.iter().filter(|member| member.key != METADATA);
    let mut found = Found::default();
    let mut names = Names::default();
    let mut became = Vec::with_capacity(root.0.len());
    for member in entries() {
        let component = push(&mut found, member)?;
        became.push(component);
        for (name, range) in member.key.split(", ").filter_map(split_at) {
            names.answer(name, range, component);
        }
    }
    let mut dependencies = 0_usize;
    for (member, component) in entries().zip(became) {
        let Some(entry) = member.value.map() else { continue }; // it has a gap
        for (at, name, range, optional) in wanted(entry) {
            dependencies += 1;
            if dependencies > MAX_DEPENDENCIES {
                return Err(too_large(MAX_DEPENDENCIES, "dependencies"));
            }
            // Before version 8 the default protocol is left out here, but not in the headers.
            let with_protocol = format!("npm:{range}");
            let ranges = [range, with_protocol.as_str()];
            depend(&mut found, &names, (component, &member.key), (at, name, &ranges, optional))?;
        }
    }
    let mut roots = Roots::default();
    for entry in entries().filter_map(|member| member.value.map()) {
        let workspace = entry.text("resolution").and_then(split_at).and_then(|(_, locked)| locked.split_once(':'));
        if let Some(("workspace", dir)) = workspace {
            roots.read(manifests, dir, &mut found)?;
        }
    }
    roots.resolve(&names, &mut found)?;
    Ok(found)
}

fn version(root: &Map<'_>) -> Result<(), Refusal> {
    let metadata = root.member(METADATA).map(|member| (member.at, member.value.map()));
    let Some((at, Some(metadata))) = metadata else {
        return Err(Refusal::new(0, "`__metadata` is missing or no map", RESTORE));
    };
    match metadata.text("version").map(|version| (version, version.parse::<u32>())) {
        Some((_, Ok(version))) if VERSIONS.contains(&version) => Ok(()),
        Some((said, Ok(_))) => Err(unsupported(at, said, "4 to 9")),
        _ => Err(Refusal::new(at, "`__metadata` has no version that is a number", RESTORE)),
    }
}

fn push(found: &mut Found<'_>, member: &Member<'_>) -> Result<Option<u32>, Refusal> {
    let Some(entry) = member.value.map() else {
        let why = format!("the entry is {}, not a map", member.value.kind());
        found.unreadable(member.at, shorten(&member.key), why)?;
        return Ok(None);
    };
    let Some((name, locked)) = entry.text("resolution").and_then(split_at) else {
        found.unreadable(member.at, shorten(&member.key), "the entry has no resolution that names a package")?;
        return Ok(None);
    };
    let version = entry.text("version").unwrap_or_default();
    let source = resolved(locked);
    let version = match &source {
        Source::Git(address) if version.is_empty() => commit_or_address(address).to_owned(),
        _ => version.to_owned(),
    };
    // That of an archive of yarn's own making can be compared with nothing, so it is enough that there is one. For what
    // is for some machines alone there is none where it was never fetched.
    let checksum = entry.text("checksum").filter(|sum| !sum.is_empty()).map(|_| "of the cache of yarn");
    let fetched = matches!(source, Source::Default) && entry.get("conditions").is_none();
    let index = found.push(Entry {
        at: member.at,
        ecosystem: Ecosystem::Npm,
        name: Cow::Owned(name.to_owned()),
        version: Cow::Owned(version),
        source,
        // The checksum is that of a cached archive of yarn's own making.
        checksum: None,
        scope: Scope::Unknown,
        optional: false,
    })?;
    found.fetched(index.filter(|_| fetched), None::<&str>, checksum);
    Ok(index)
}

/// The source behind a protocol: `npm:1.0.0`, `workspace:packages/a`, `patch:…`, an address.
fn resolved(locked: &str) -> Source {
    match locked.split_once(':').map_or("", |(protocol, _)| protocol) {
        // A patched package is the package, with its weaknesses.
        "npm" | "patch" | "virtual" => Source::Default,
        "workspace" => Source::Local,
        // `link:`, `portal:`, `file:`, `exec:` lead to directories.
        "exec" => Source::Path(locked.into()),
        _ if locked.contains("#commit=") => Source::Git(locked.into()),
        _ => source(Some(locked)),
    }
}

/// What an entry depends on: place, name, range, and whether it may be absent.
fn wanted<'e>(entry: &'e Map<'_>) -> Vec<(usize, &'e str, &'e str, bool)> {
    let members = |key: &str| entry.get(key).and_then(Value::map).map_or(&[][..], |map| &map.0);
    let is_optional = |meta: &&Member<'_>| meta.value.map().is_some_and(|meta| meta.is_true("optional"));
    let meta: HashSet<&str> =
        members("dependenciesMeta").iter().filter(is_optional).map(|member| member.key.as_ref()).collect();
    let mut wanted = Vec::new();
    for (key, loose) in [("dependencies", false), ("optionalDependencies", true)] {
        for member in members(key) {
            let name = member.key.as_ref();
            wanted.push((member.at, name, member.value.text().unwrap_or_default(), loose || meta.contains(name)));
        }
    }
    wanted
}
