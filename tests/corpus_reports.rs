//! The reports on every real lockfile of the corpus against their schemas. Needs `PORTCULLIS_CORPUS`, and for SARIF
//! `PORTCULLIS_SARIF_SCHEMA`, the JSON schema of SARIF 2.1.0, which is not ours to ship; without them it says so.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: what fails here should fail loudly"
)]

mod support;

use jsonschema::Validator;
use portcullis::sys::{Bytes, FileKind, RealSys, Sys};
use serde_json::Value;
use std::path::{Path, PathBuf};
use support::{World, corpus, project};

const LIMIT: Bytes = Bytes::mib(64);

fn json(path: &Path) -> Value {
    serde_json::from_slice(&RealSys.read(path, LIMIT).unwrap()).unwrap()
}

/// The schema of the standard, where the caller has one.
fn sarif_schema() -> Option<Validator> {
    let Some(path) = RealSys.var("PORTCULLIS_SARIF_SCHEMA").unwrap() else {
        eprintln!("skipped: PORTCULLIS_SARIF_SCHEMA does not name the JSON schema of SARIF 2.1.0");
        return None;
    };
    let mut schema = json(Path::new(&path));
    assert!(schema["title"].as_str().unwrap().contains("Version 2.1.0"), "{}", schema["title"]);
    schema.as_object_mut().unwrap().remove("id"); // nothing is fetched, and every reference is local
    // Some prints of the schema have a pattern with a stray bracket, for a key that is not written here.
    for of in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{of}/properties/language"));
        if let Some(language) = language.and_then(Value::as_object_mut) {
            language.remove("pattern");
        }
    }
    Some(jsonschema::validator_for(&schema).unwrap())
}

fn locks(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in RealSys.list(dir).unwrap() {
        let path = dir.join(&entry.name);
        match entry.kind {
            FileKind::Dir => locks(&path, out),
            _ if entry.name.to_string_lossy().ends_with("Cargo.lock") => out.push(path),
            _ => {}
        }
    }
}

fn errors(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).take(3).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_report_on_a_real_lockfile_follows_its_schema() {
    let Some(corpus) = corpus() else { return };
    let report_schema = jsonschema::validator_for(&json(&project("schema/report.schema.json"))).unwrap();
    let sarif_schema = sarif_schema();
    let scratch = tempfile::tempdir().unwrap();
    let world = World::new(scratch.path());
    let database = corpus.join("advisories/rustsec").display().to_string();
    let (code, _, err) = world.run(&["feed", "import", &database]);
    assert_eq!(code, 0, "{err}");
    let mut files = Vec::new();
    for entry in RealSys.list(&corpus.join("lockfiles")).unwrap() {
        if entry.name.to_string_lossy().starts_with("cargo") {
            locks(&corpus.join("lockfiles").join(entry.name), &mut files);
        }
    }
    files.sort();
    assert!(files.len() >= 150, "only {} locks", files.len());
    let (out, sarif) = (scratch.path().join("out.json"), scratch.path().join("out.sarif"));
    let (mut findings, mut wrong) = (0, Vec::new());
    for file in &files {
        let (json_to, sarif_to) = (format!("json={}", out.display()), format!("sarif={}", sarif.display()));
        let target = file.display().to_string();
        let (code, _, err) =
            world.run(&["check", "--no-trail", "--report", &json_to, "--report", &sarif_to, "--components", &target]);
        assert!([0, 1, 3].contains(&code), "{target}: {err}");
        let report = json(&out);
        assert_eq!(report["exit_code"], code, "{target}");
        findings += report["findings"].as_array().unwrap().len();
        wrong.extend(errors(&report_schema, &report).into_iter().map(|error| format!("{target}: json {error}")));
        let log = json(&sarif);
        assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), report["findings"].as_array().unwrap().len());
        if let Some(schema) = &sarif_schema {
            wrong.extend(errors(schema, &log).into_iter().map(|error| format!("{target}: sarif {error}")));
        }
    }
    assert!(wrong.is_empty(), "{} errors:\n{}", wrong.len(), wrong.join("\n"));
    eprintln!("{} reports with {findings} findings follow their schemas", files.len());
}

#[test]
fn the_schema_refuses_a_report_that_lacks_its_verdict() {
    let schema = jsonschema::validator_for(&json(&project("schema/report.schema.json"))).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let target = project("fixtures/demo").display().to_string();
    let (_, out, _) =
        World::new(scratch.path()).run(&["check", "--no-trail", "--feed", "embedded", "--report", "json", &target]);
    let mut report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(errors(&schema, &report), Vec::<String>::new());
    report.as_object_mut().unwrap().remove("verdict");
    assert!(!schema.is_valid(&report));
}
