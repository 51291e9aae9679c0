//! The direction of the modules, held as a table and checked against the source. Not a style check.

#![expect(
    clippy::disallowed_methods,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Module, and what it may also use. `model` and `text` are open to all and not repeated.
const MAY_USE: &[(&str, &[&str])] = &[
    ("version", &[]),
    ("model", &["version"]),
    ("text", &[]),
    ("zip", &[]),
    ("sys", &[]),
    ("config", &["sys"]),
    ("git", &["sys"]),
    ("collect", &["sys", "config", "git"]),
    ("feed", &["sys", "config", "git", "version", "zip"]),
    ("rule", &[]),
    ("inventory", &["sys", "zip"]),
    ("check", &["sys", "config", "feed", "rule", "inventory", "version"]),
    ("policy", &["config"]),
    ("report", &["rule"]),
    ("sign", &["sys"]),
    ("trail", &["sys", "config", "git", "sign"]),
    ("forge", &["sys", "config"]),
    ("gate", &["sys", "config", "git", "collect", "feed", "rule", "inventory", "check", "policy", "forge"]),
    (
        "cli",
        &[
            "sys",
            "config",
            "git",
            "collect",
            "feed",
            "rule",
            "inventory",
            "check",
            "policy",
            "report",
            "sign",
            "trail",
            "forge",
            "gate",
            "version",
        ],
    ),
];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every file of `src/`, with the module that it belongs to (none for `lib.rs` and `main.rs`) and its text.
fn files() -> Vec<(PathBuf, Option<String>, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    assert!(paths.len() > 30, "the sources were not found");
    let read = |path: PathBuf| {
        let relative = path.strip_prefix(&src).unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut parts = relative.components().map(|c| c.as_os_str().to_str().unwrap().to_owned());
        let first = parts.next().unwrap();
        let module = match first.strip_suffix(".rs") {
            Some("lib" | "main") => None,
            Some(module) => Some(module.to_owned()),
            None => Some(first),
        };
        (relative, module, text)
    };
    paths.into_iter().map(read).collect()
}

/// The modules named after `crate::` in one file, in `use` lists too. Comments do not count.
fn used(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match rest.strip_prefix('{') {
            None => {
                found.insert(word(rest));
            }
            Some(list) => {
                let (mut depth, mut start) = (0, true);
                for (at, c) in list.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        c if start && depth == 0 && (c.is_alphanumeric() || c == '_') => {
                            found.insert(word(&list[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found
}

#[test]
fn no_module_uses_what_the_table_does_not_allow() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (path, module, text) in files() {
        let Some(module) = module else { continue };
        let Some(allowed) = table.get(module.as_str()) else {
            wrong.push(format!("{}: the module {module} is not in the table", path.display()));
            continue;
        };
        for used in used(&text) {
            let open = used == module || ["model", "text"].contains(&used.as_str());
            if !open && !allowed.contains(&used.as_str()) && table.contains_key(used.as_str()) {
                wrong.push(format!("{}: {module} may not use {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_is_a_dag_and_lists_every_module() {
    let listed: BTreeSet<String> = MAY_USE.iter().map(|(m, _)| (*m).to_owned()).collect();
    let real: BTreeSet<String> = files().into_iter().filter_map(|(_, module, _)| module).collect();
    assert_eq!(listed, real);
    // Each module only uses modules that stand above it: then there is no cycle.
    for (at, (module, uses)) in MAY_USE.iter().enumerate() {
        for used in *uses {
            let above = MAY_USE[..at].iter().any(|(m, _)| m == used);
            // `report` reads rule texts; `forge` stands beside the checks.
            assert!(above, "{module} uses {used}, which does not stand above it");
        }
    }
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent: Vec<_> =
        files().into_iter().filter(|(_, _, text)| !text.starts_with("//! ")).map(|(p, ..)| p).collect();
    assert!(silent.is_empty(), "no //! line: {silent:?}");
}

#[test]
fn the_reader_of_use_lists_sees_every_module() {
    let text = "use crate::{config::{Policy, Waiver}, feed, model::Gap};\nfn f() { crate::sys::x(); }\n// crate::cli";
    assert_eq!(used(text).into_iter().collect::<Vec<_>>(), ["config", "feed", "model", "sys"]);
}

#[test]
fn the_document_shows_the_same_table() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).unwrap();
    for (module, _) in MAY_USE {
        assert!(text.contains(&format!("| `{module}` |")), "docs/architecture.md does not list {module}");
    }
}
