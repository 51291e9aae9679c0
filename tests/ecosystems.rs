//! Locks of other ecosystems than Rust's through the whole program: what several sources say of one problem, and what is
//! said where nothing can be.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test: what fails here should fail loudly"
)]

mod support;

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::World;

/// A record of OSV: id, aliases, package, fixed version.
fn record(id: &str, aliases: &[&str], ecosystem: &str, package: &str, fixed: &str) -> Value {
    json!({
        "id": id, "modified": "2026-01-02T00:00:00Z", "aliases": aliases, "summary": format!("title of {id}"),
        "affected": [{
            "package": { "ecosystem": ecosystem, "name": package },
            "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
        }],
    })
}

struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a source and gives the word that chooses it.
    fn source(&self, name: &str, records: &[Value]) -> String {
        let path = self.write(&format!("sources/{name}.json"), &Value::from(records).to_string());
        format!("osv:{}", path.display())
    }

    /// Exit code and report of the project with these feeds.
    fn check(&self, feeds: &[&str]) -> (u8, Value) {
        let target = self.dir.path().join("project").display().to_string();
        let mut args = vec!["check", "--no-trail", "--report", "json"];
        args.extend(feeds.iter().flat_map(|feed| ["--feed", feed]));
        args.push(&target);
        let (code, out, err) = World::new(self.dir.path()).run(&args);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {err}"));
        assert_eq!(report["exit_code"], code);
        (code, report)
    }
}

fn lock(packages: &[(&str, &str)]) -> String {
    let entries: serde_json::Map<String, Value> = packages
        .iter()
        .map(|(name, version)| {
            let entry = json!({ "version": version, "resolved": format!("https://registry.example/{name}.tgz") });
            (format!("node_modules/{name}"), entry)
        })
        .collect();
    let mut packages = json!({ "": { "name": "app", "version": "1.0.0" } });
    packages.as_object_mut().unwrap().extend(entries);
    json!({ "name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": packages }).to_string()
}

fn ids(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|f| f["advisory"].as_str().unwrap()).collect()
}

fn gaps(report: &Value, kind: &str) -> usize {
    report["gaps"].as_array().unwrap().iter().filter(|gap| gap["kind"] == kind).count()
}

fn says(finding: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sources = finding["evidence"].as_array().unwrap().iter().find(|e| e["kind"] == "sources").unwrap();
    sources["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (text(&s["id"]), text(&s["says"]), text(&s["fixed"])))
        .collect()
}

#[test]
fn what_two_sources_say_of_one_problem_is_one_finding() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let one = scene.source("one", &[record("GHSA-1", &["CVE-2026-1"], "npm", "left", "1.5.0")]);
    let other = scene.source("other", &[record("NPM-1", &["CVE-2026-1"], "npm", "left", "1.6.0")]);
    let (code, report) = scene.check(&[&one, &other]);
    assert_eq!((code, ids(&report)), (1, vec!["NPM-1"]));
    let finding = &report["findings"][0];
    assert_eq!(finding["aliases"], json!(["CVE-2026-1", "GHSA-1"]));
    let affected = |id: &str, fixed: &str| (id.to_owned(), "affected".to_owned(), fixed.to_owned());
    assert_eq!(says(finding), [affected("NPM-1", "1.6.0"), affected("GHSA-1", "1.5.0")]);
    // The version that both call fixed.
    assert_eq!(finding["fix"]["version"], "1.6.0");
    // Without the shared alias they are two.
    let apart = scene.source("apart", &[record("NPM-1", &["CVE-2026-2"], "npm", "left", "1.6.0")]);
    assert_eq!(ids(&scene.check(&[&one, &apart]).1), ["GHSA-1", "NPM-1"]);
}

#[test]
fn a_pom_is_judged_with_its_parent_and_what_it_leaves_open_is_no_pass() {
    let scene = Scene::new();
    let feed = scene.source("ghsa", &[record("GHSA-1", &["CVE-2026-1"], "Maven", "org.a:left", "1.5.0")]);
    let parent = |version: &str| {
        format!(
            "<project><groupId>t</groupId><artifactId>top</artifactId><version>1</version>\n\
            <properties>{version}</properties></project>"
        )
    };
    let module = "<project><parent><groupId>t</groupId><artifactId>top</artifactId><version>1</version></parent>\n\
        <artifactId>app</artifactId><dependencies>\n\
        <dependency><groupId>org.a</groupId><artifactId>left</artifactId><version>${left}</version></dependency>\n\
        </dependencies></project>";
    scene.write("project/app/pom.xml", module);
    for (version, expected) in [("<left>1.4.0</left>", 1), ("<left>1.5.0</left>", 0), ("<right>1.5.0</right>", 3)] {
        scene.write("project/pom.xml", &parent(version));
        let (code, report) = scene.check(&[&feed]);
        assert_eq!((code, gaps(&report, "not-covered")), (expected, 1), "{version}: {}", report["gaps"]);
        assert_eq!(gaps(&report, "unlocked"), usize::from(expected == 3));
        assert_eq!(ids(&report).len(), usize::from(expected == 1));
        if expected == 1 {
            let finding = &report["findings"][0];
            assert_eq!((&finding["path"], &finding["line"]), (&json!("app/pom.xml"), &json!(3)));
        }
    }
}

#[test]
fn a_source_that_disagrees_is_heard() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let one = scene.source("one", &[record("GHSA-1", &["CVE-2026-1"], "npm", "left", "1.5.0")]);
    let denies = scene.source("denies", &[record("NPM-1", &["CVE-2026-1"], "npm", "left", "1.2.0")]);
    let mut withdrawn = record("OLD-1", &["CVE-2026-1"], "npm", "left", "9.0.0");
    withdrawn["withdrawn"] = json!("2026-02-01T00:00:00Z");
    let withdrawn = scene.source("withdrawn", &[withdrawn]);
    let (code, report) = scene.check(&[&one, &denies, &withdrawn]);
    assert_eq!((code, ids(&report)), (1, vec!["GHSA-1"]));
    let words: Vec<(String, String)> =
        says(&report["findings"][0]).into_iter().map(|(id, says, _)| (id, says)).collect();
    let expected = [("GHSA-1", "affected"), ("NPM-1", "not-affected"), ("OLD-1", "withdrawn")];
    assert_eq!(words, expected.map(|(id, says)| (id.to_owned(), says.to_owned())));
    // What none of them calls affected is no finding.
    assert_eq!(scene.check(&[&denies, &withdrawn]).0, 0);
}

#[test]
fn ids_of_one_source_stay_apart_and_a_record_on_two_cves_joins_nothing() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let twice = [
        record("GHSA-1", &["CVE-2026-1"], "npm", "left", "1.5.0"),
        record("GHSA-2", &["CVE-2026-1"], "npm", "left", "1.5.0"),
    ];
    let twice = scene.source("twice", &twice);
    assert_eq!(ids(&scene.check(&[&twice]).1), ["GHSA-1", "GHSA-2"]);
    let one = scene.source("one", &[record("GHSA-1", &["CVE-2026-1"], "npm", "left", "1.5.0")]);
    let both = scene.source("both", &[record("NPM-1", &["CVE-2026-1", "CVE-2026-2"], "npm", "left", "1.5.0")]);
    assert_eq!(ids(&scene.check(&[&one, &both]).1).len(), 2);
}

#[test]
fn a_waiver_by_a_shared_alias_covers_the_finding_and_one_by_a_stranger_does_not() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let one = scene.source("one", &[record("GHSA-1", &["CVE-2026-1"], "npm", "left", "1.5.0")]);
    let other = scene.source("other", &[record("NPM-1", &["CVE-2026-1"], "npm", "left", "1.5.0")]);
    let target = scene.dir.path().join("project").display().to_string();
    for (id, code) in [("CVE-2026-1", 0), ("GHSA-1", 0), ("NPM-1", 0), ("CVE-2026-9", 1)] {
        let world = World::new(scene.dir.path());
        let waivers = scene.dir.path().join("project/.portcullis");
        std::fs::remove_dir_all(&waivers).ok();
        let (exit, _, err) = world.run(&[
            "waive",
            id,
            "--package",
            "left",
            "--owner",
            "platform-team",
            "--approved-by",
            "security-team",
            "--reason",
            "not reachable",
            "--days",
            "14",
            &target,
            "--feed",
            &one,
            "--feed",
            &other,
        ]);
        // Of an id that no source knows it is said, and `check` tells that the waiver covers nothing.
        assert_eq!(exit, 0, "{id}: {err}");
        assert_eq!(scene.check(&[&one, &other]).0, code, "{id}");
    }
}

#[test]
fn an_ecosystem_that_no_source_speaks_of_keeps_the_gate_shut() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let python = scene.source("python", &[record("PYSEC-1", &[], "PyPI", "left", "9")]);
    let (code, report) = scene.check(&[&python]);
    assert_eq!((code, gaps(&report, "feed-missing"), ids(&report).len()), (3, 1, 0));
    let npm = scene.source("npm", &[record("GHSA-1", &[], "npm", "right", "9.0.0")]);
    let (code, report) = scene.check(&[&python, &npm]);
    assert_eq!((code, gaps(&report, "feed-missing")), (0, 0));
}

#[test]
fn a_source_on_another_ecosystem_is_put_aside() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let npm = scene.source("npm", &[record("GHSA-1", &[], "npm", "right", "9.0.0")]);
    let python = scene.source("python", &[record("PYSEC-1", &[], "PyPI", "left", "9")]);
    let names = |report: &Value| {
        let sources = report["sources"].as_array().unwrap().iter();
        sources.map(|source| source["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&scene.check(&[&npm, &python]).1), ["npm"]);
    scene.write("project/requirements.txt", "a==1\n");
    assert_eq!(names(&scene.check(&[&npm, &python]).1), ["npm", "python"]);
}

#[test]
fn a_version_without_a_place_in_the_order_is_a_gap_that_names_both() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    let bad = scene.source("bad", &[record("GHSA-1", &[], "npm", "left", "two")]);
    let (code, report) = scene.check(&[&bad]);
    assert_eq!((code, gaps(&report, "version-uncomparable"), ids(&report).len()), (3, 1, 0));
    let gap = report["gaps"].as_array().unwrap().iter().find(|g| g["kind"] == "version-uncomparable").unwrap();
    assert!(gap["what"] == "left 1.4.0" && gap["why"].as_str().unwrap().contains("`two`"), "{gap}");
    // Where another record can tell, it does, and the doubt is shown beside it.
    let good = scene.source("good", &[record("NPM-1", &["GHSA-1"], "npm", "left", "1.5.0")]);
    let (code, report) = scene.check(&[&bad, &good]);
    assert_eq!((code, gaps(&report, "version-uncomparable"), ids(&report)), (1, 0, vec!["NPM-1"]));
    assert_eq!(says(&report["findings"][0])[1].1, "cannot-tell");
}

#[test]
fn a_package_is_found_in_its_own_ecosystem_alone() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    scene.write("project/requirements.txt", "Left==1.4.0\n");
    let npm = scene.source("npm", &[record("GHSA-1", &[], "npm", "left", "1.5.0")]);
    let python = scene.source("python", &[record("PYSEC-1", &[], "PyPI", "LEFT", "1.5.0")]);
    let (_, report) = scene.check(&[&npm, &python]);
    let found: Vec<(&str, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["advisory"].as_str().unwrap(), f["purl"].as_str().unwrap()))
        .collect();
    assert_eq!(found, [("GHSA-1", "pkg:npm/left@1.4.0"), ("PYSEC-1", "pkg:pypi/left@1.4.0")]);
}

#[test]
fn a_manifest_without_a_lock_is_told_and_an_ignored_ecosystem_is_not_passed_over() {
    let scene = Scene::new();
    let npm = scene.source("npm", &[record("GHSA-1", &[], "npm", "right", "9.0.0")]);
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    scene.write("project/package.json", r#"{"dependencies": {"left": "^1"}}"#);
    assert_eq!(scene.check(&[&npm]).0, 0);
    scene.write("project/tool/pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"flask\"]\n");
    let (code, report) = scene.check(&[&npm]);
    assert_eq!((code, gaps(&report, "unlocked")), (3, 1));
    scene.write("project/tool/pyproject.toml", "[project]\nname = \"x\"\n");
    assert_eq!(scene.check(&[&npm]).0, 0);
    scene.write("project/bun.lockb", "#!/usr/bin/env bun\n");
    let (code, report) = scene.check(&[&npm]);
    assert_eq!((code, gaps(&report, "unsupported-version")), (3, 1));
}

#[test]
fn a_source_that_cannot_be_read_keeps_the_gate_shut() {
    let scene = Scene::new();
    scene.write("project/package-lock.json", &lock(&[("left", "1.4.0")]));
    for (name, text) in [("page", "<!doctype html><html></html>"), ("empty", ""), ("other", "{\"a\": 1}")] {
        let path = scene.write(&format!("sources/{name}.json"), text);
        let (code, report) = scene.check(&[&format!("osv:{}", path.display())]);
        assert_eq!((code, gaps(&report, "feed-unusable")), (3, 1), "{name}");
    }
    let missing = format!("osv:{}", Path::new("/no/such/file").display());
    assert_eq!(scene.check(&[&missing]).0, 3);
}
