//! From the TOML of a manifest to its value. It reads tables with their places and judges nothing.

use super::{Dependency, Kind, Manifest, NO_VERSION, Origin, Package, PackageVersion, Workspace};
use crate::inventory::place::{Cursor, Refusal};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What to do with a manifest that cargo would refuse too.
const HELP: &str = "see what `cargo metadata --no-deps --offline` says of the file";

/// The tables of dependencies, with their old spellings.
const TABLES: [(&str, Kind); 5] = [
    ("dependencies", Kind::Normal),
    ("build-dependencies", Kind::Build),
    ("build_dependencies", Kind::Build),
    ("dev-dependencies", Kind::Dev),
    ("dev_dependencies", Kind::Dev),
];

/// Features that are listed by name for one dependency; a longer list is told as a number, for people.
const MAX_FEATURES: usize = 16;

type Value<'a> = Spanned<DeValue<'a>>;

pub(super) fn manifest(text: &str) -> Result<Manifest, Refusal> {
    let document = DeTable::parse(text).map_err(|error| Refusal::toml(&error, HELP))?;
    let document = document.get_ref();
    let mut places = Cursor::new(text);
    // Very old manifests call it `project`.
    let package = match table(document, "package")? {
        Some(found) => Some(found),
        None => table(document, "project")?,
    };
    let package = package.map(|found| self::package(found, &mut places)).transpose()?;
    let workspace = table(document, "workspace")?.map(workspace).transpose()?;

    let features = features(document)?;
    let mut dependencies = Vec::new();
    read_tables(document, None, &features, &mut dependencies)?;
    if let Some(targets) = table(document, "target")? {
        for (target, value) in targets.iter() {
            let tables = as_table(value, "a target")?;
            read_tables(tables, Some(target.get_ref().as_ref()), &features, &mut dependencies)?;
        }
    }
    dependencies.sort_by_key(|(at, _)| *at);
    let dependencies = dependencies.into_iter().map(|(at, d)| Dependency { line: places.place(at).0, ..d }).collect();
    Ok(Manifest { package, workspace, dependencies })
}

fn package(table: &DeTable<'_>, places: &mut Cursor<'_>) -> Result<Package, Refusal> {
    let Some(name) = table.get("name") else {
        // `cargo` refuses it, and there is nothing to call it by.
        return Err(Refusal::new(0, "a [package] without a name", HELP));
    };
    let version = match table.get("version") {
        None => PackageVersion::Is(NO_VERSION.into()),
        Some(value) => match value.get_ref() {
            DeValue::Table(inherited) if flag(inherited, "workspace")? => PackageVersion::Inherited,
            _ => PackageVersion::Is(as_str(value, "package.version")?.to_owned()),
        },
    };
    Ok(Package {
        name: as_str(name, "package.name")?.to_owned(),
        version,
        workspace: string(table, "workspace")?,
        line: places.place(name.span().start).0,
    })
}

fn workspace(table: &DeTable<'_>) -> Result<Workspace, Refusal> {
    let mut dependencies = BTreeMap::new();
    if let Some(shared) = self::table(table, "dependencies")? {
        for (key, value) in shared.iter() {
            dependencies.insert(key.get_ref().to_string(), origin(key.get_ref(), value)?);
        }
    }
    let version = self::table(table, "package")?.map(|package| string(package, "version")).transpose()?.flatten();
    Ok(Workspace { members: strings(table, "members")?, exclude: strings(table, "exclude")?, version, dependencies })
}

/// The features that switch on each optional dependency, by its key. `dep?/feature` does not.
fn features(document: &DeTable<'_>) -> Result<BTreeMap<String, Vec<String>>, Refusal> {
    let mut by_dependency: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut explicit: BTreeSet<String> = BTreeSet::new();
    let Some(table) = table(document, "features")? else { return Ok(by_dependency) };
    for (feature, _) in table.iter() {
        for item in strings(table, feature.get_ref())? {
            let (dependency, of_dependency) = match item.split_once('/') {
                Some((dependency, _)) => (dependency, true),
                None => (item.as_str(), false),
            };
            if dependency.ends_with('?') {
                continue; // it adds a feature to the dependency where something else switches that on
            }
            let named = dependency.strip_prefix("dep:");
            explicit.extend(named.map(str::to_owned));
            let dependency = named.unwrap_or(dependency);
            // `a = ["b"]` names a feature `b`; it is the one that cargo makes for the dependency `b`, or one that is written.
            if of_dependency || named.is_some() || table.get(dependency).is_none() {
                by_dependency.entry(dependency.to_owned()).or_default().push(feature.get_ref().to_string());
            }
        }
    }
    for (dependency, features) in &mut by_dependency {
        // Without `dep:` the dependency is a feature of its own name too.
        if !explicit.contains(dependency) {
            features.push(dependency.clone());
        }
        features.sort();
        features.dedup();
        if features.len() > MAX_FEATURES {
            *features = vec![format!("any of {}", features.len())];
        }
    }
    Ok(by_dependency)
}

fn read_tables(
    tables: &DeTable<'_>,
    target: Option<&str>,
    features: &BTreeMap<String, Vec<String>>,
    all: &mut Vec<(usize, Dependency)>,
) -> Result<(), Refusal> {
    for (name, kind) in TABLES {
        let Some(table) = table(tables, name)? else { continue };
        for (key, value) in table.iter() {
            let detail = value.get_ref().as_table();
            let inherited = detail.map(|detail| flag(detail, "workspace")).transpose()?.unwrap_or(false);
            let optional = detail.map(|detail| flag(detail, "optional")).transpose()?.unwrap_or(false);
            let key_text: &str = key.get_ref();
            let switches = features.get(key_text).filter(|_| optional).cloned().unwrap_or_default();
            let dependency = Dependency {
                key: key_text.to_owned(),
                kind,
                target: target.map(str::to_owned),
                optional,
                features: switches,
                origin: if inherited { None } else { Some(origin(key_text, value)?) },
                line: 0,
            };
            all.push((key.span().start, dependency));
        }
    }
    Ok(())
}

fn origin(key: &str, value: &Value<'_>) -> Result<Origin, Refusal> {
    let DeValue::Table(detail) = value.get_ref() else {
        let version = as_str(value, "a dependency")?.to_owned();
        return Ok(Origin { package: key.to_owned(), version: Some(version), path: None, git: false });
    };
    Ok(Origin {
        package: string(detail, "package")?.unwrap_or_else(|| key.to_owned()),
        version: string(detail, "version")?,
        path: string(detail, "path")?,
        git: detail.get("git").is_some(),
    })
}

fn wrong(value: &Value<'_>, what: &str, expected: &str) -> Refusal {
    Refusal::new(value.span().start, format!("{what} is not {expected}"), HELP)
}

fn as_table<'a, 'i>(value: &'a Value<'i>, what: &str) -> Result<&'a DeTable<'i>, Refusal> {
    value.get_ref().as_table().ok_or_else(|| wrong(value, what, "a table"))
}

fn as_str<'a>(value: &'a Value<'_>, what: &str) -> Result<&'a str, Refusal> {
    value.get_ref().as_str().ok_or_else(|| wrong(value, what, "a string"))
}

fn table<'a, 'i>(parent: &'a DeTable<'i>, key: &str) -> Result<Option<&'a DeTable<'i>>, Refusal> {
    parent.get(key).map(|value| as_table(value, key)).transpose()
}

fn string(parent: &DeTable<'_>, key: &str) -> Result<Option<String>, Refusal> {
    parent.get(key).map(|value| as_str(value, key).map(str::to_owned)).transpose()
}

fn flag(parent: &DeTable<'_>, key: &str) -> Result<bool, Refusal> {
    let read = |value: &Value<'_>| value.get_ref().as_bool().ok_or_else(|| wrong(value, key, "true or false"));
    Ok(parent.get(key).map(read).transpose()?.unwrap_or(false))
}

fn strings(parent: &DeTable<'_>, key: &str) -> Result<Vec<String>, Refusal> {
    let Some(value) = parent.get(key) else { return Ok(Vec::new()) };
    let array = value.get_ref().as_array().ok_or_else(|| wrong(value, key, "a list"))?;
    array.iter().map(|item| as_str(item, key).map(str::to_owned)).collect()
}
