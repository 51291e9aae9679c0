//! The built-in rules: loads and checks the files of `rules/`; holds no rule content.
//!
//! The files are compiled in. Each is parsed when somebody asks for it and never again, so a run without findings pays
//! nothing.

mod file;
mod page;

pub use file::{Example, RuleFileError};
pub use page::page;

use crate::model::{RuleId, RuleInfo};
use file::Rule;
use std::sync::{LazyLock, OnceLock};

/// A file of `rules/` and what it says, once somebody asked.
struct Source {
    id: RuleId,
    text: &'static str,
    rule: OnceLock<Rule>,
}

impl Source {
    const fn new(id: RuleId, text: &'static str) -> Self {
        Self { id, text, rule: OnceLock::new() }
    }

    fn rule(&self) -> &Rule {
        self.rule
            .get_or_init(|| file::parse(self.id, self.text).expect("the files are compiled in, and a test parses each"))
    }
}

/// The list of rules, sorted by id: a new rule is one file, one line here, one constant in the model.
static SOURCES: [Source; 24] = [
    Source::new(RuleId::VULNERABLE, include_str!("../../rules/PC-DEP-001.toml")),
    Source::new(RuleId::UNMAINTAINED, include_str!("../../rules/PC-DEP-003.toml")),
    Source::new(RuleId::MALICIOUS, include_str!("../../rules/PC-DEP-006.toml")),
    Source::new(RuleId::UNSOUND, include_str!("../../rules/PC-DEP-013.toml")),
    Source::new(RuleId::NOTICE, include_str!("../../rules/PC-DEP-014.toml")),
    Source::new(RuleId::YANKED, include_str!("../../rules/PC-DEP-015.toml")),
    Source::new(RuleId::CHECKSUM_MISMATCH, include_str!("../../rules/PC-DEP-016.toml")),
    Source::new(RuleId::TOOLCHAIN_VULNERABLE, include_str!("../../rules/PC-DEP-017.toml")),
    Source::new(RuleId::SOURCE_NOT_FIXED, include_str!("../../rules/PC-DEP-018.toml")),
    Source::new(RuleId::PLAIN_TRANSPORT, include_str!("../../rules/PC-DEP-019.toml")),
    Source::new(RuleId::INTEGRITY_MISSING, include_str!("../../rules/PC-DEP-020.toml")),
    Source::new(RuleId::OTHER_PACKAGE, include_str!("../../rules/PC-DEP-021.toml")),
    Source::new(RuleId::MIXED_HOSTS, include_str!("../../rules/PC-DEP-022.toml")),
    Source::new(RuleId::HASHES_DISAGREE, include_str!("../../rules/PC-DEP-023.toml")),
    Source::new(RuleId::LOOKALIKE, include_str!("../../rules/PC-DEP-024.toml")),
    Source::new(RuleId::VENDORED_CHANGED, include_str!("../../rules/PC-DEP-025.toml")),
    Source::new(RuleId::VENDORED_NOT_LOCKED, include_str!("../../rules/PC-DEP-026.toml")),
    Source::new(RuleId::BUILT_NOT_LOCKED, include_str!("../../rules/PC-DEP-030.toml")),
    Source::new(RuleId::WAIVER_EXPIRED, include_str!("../../rules/PC-WVR-001.toml")),
    Source::new(RuleId::WAIVER_UNUSED, include_str!("../../rules/PC-WVR-002.toml")),
    Source::new(RuleId::WAIVER_NOT_VALID, include_str!("../../rules/PC-WVR-003.toml")),
    Source::new(RuleId::ACCEPTANCE_EXPIRED, include_str!("../../rules/PC-WVR-004.toml")),
    Source::new(RuleId::ACCEPTANCE_UNUSED, include_str!("../../rules/PC-WVR-005.toml")),
    Source::new(RuleId::DEBT_GROWN, include_str!("../../rules/PC-WVR-006.toml")),
];

/// Every built-in rule, sorted by id. Parses all files at the first call.
pub fn all() -> &'static [RuleInfo] {
    static ALL: LazyLock<Vec<RuleInfo>> =
        LazyLock::new(|| SOURCES.iter().map(|source| source.rule().info.clone()).collect());
    &ALL
}

/// What the rule says of itself. Parses its file at the first call.
pub fn info(id: RuleId) -> &'static RuleInfo {
    &rule(id).info
}

/// The examples of the rule, for people: texts, not inputs.
pub fn examples(id: RuleId) -> &'static [Example] {
    &rule(id).examples
}

fn rule(id: RuleId) -> &'static Rule {
    let source = SOURCES.iter().find(|source| source.id == id);
    source.expect("every constant of RuleId has a line in SOURCES, and a test compares them").rule()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests compare the repository with itself")]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    fn repository(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    #[test]
    fn every_file_is_registered_under_its_name() {
        let files: BTreeMap<String, String> = std::fs::read_dir(repository("rules"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
            })
            .collect();
        let registered: BTreeMap<String, String> =
            SOURCES.iter().map(|source| (format!("{}.toml", source.id), source.text.to_owned())).collect();
        assert_eq!(files, registered);
    }

    #[test]
    fn every_constant_of_the_model_is_registered() {
        let model = std::fs::read_to_string(repository("src/model/finding.rs")).unwrap();
        let constants: BTreeSet<&str> =
            model.lines().filter_map(|line| line.split_once("Self = Self(\"")?.1.strip_suffix("\");")).collect();
        assert_eq!(constants, SOURCES.iter().map(|source| source.id.0).collect());
        assert_eq!(constants.len(), SOURCES.len());
    }

    #[test]
    fn rules_are_sorted_complete_and_distinct() {
        let all = all();
        assert_eq!(all.len(), 24);
        assert!(all.is_sorted_by(|a, b| a.id < b.id));
        assert_eq!(all.iter().map(|rule| &rule.slug).collect::<BTreeSet<_>>().len(), 24);
        for rule in all {
            assert_eq!(rule, info(rule.id));
            assert!(!examples(rule.id).is_empty(), "{}", rule.id);
        }
    }

    #[test]
    fn the_page_is_the_one_in_docs() {
        let path = repository("docs/rules.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == page(), "docs/rules.md is not up to date: run UPDATE_DOCS=1 cargo test --lib rule::");
    }
}
