//! Laws of the whole road, for any set of packages: run in this process, through the command line, with the landmark
//! feed and a fixed clock.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: what fails here should fail loudly")]

mod support;

use portcullis::sys::{RealSys, Sys};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use support::World;

const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Packages of the registry: name and version, and whether a landmark advisory on it blocks under the default policy.
const POOL: [(&str, &str, bool); 8] = [
    ("anyhow", "1.0.86", false),
    ("dotenv", "0.15.0", false),
    ("h2", "0.3.25", true),
    ("portcullis-example-a", "1.0.0", false),
    ("portcullis-example-b", "0.2.1", false),
    ("portcullis-example-c", "3.0.0-rc.1", false),
    ("smallvec", "1.6.0", true),
    ("time", "0.3.36", false),
];

type Package = (&'static str, &'static str, bool);

fn lock(packages: &[Package]) -> String {
    let mut text = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n".to_owned();
    text.extend(packages.iter().map(|(name, ..)| format!(" \"{name}\",\n")));
    text += "]\n";
    for (name, version, _) in packages {
        text += &format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{INDEX}\"\n");
    }
    text
}

fn write(path: &Path, text: &str) {
    RealSys.create_dir(path.parent().unwrap()).unwrap();
    RealSys.replace(path, text.as_bytes(), false).unwrap();
}

/// Exit code and JSON report of `project` in the scratch directory.
fn check(scratch: &Path) -> (u8, Value) {
    let target = scratch.join("project").display().to_string();
    let (code, out, err) =
        World::new(scratch).run(&["check", "--no-trail", "--feed", "embedded", "--report", "json", &target]);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| unreachable!("{e}: {err}"));
    assert_eq!(report["exit_code"], code);
    (code, report)
}

fn judged(packages: &[Package]) -> (u8, Value) {
    let scratch = tempfile::tempdir().unwrap();
    write(&scratch.path().join("project/Cargo.lock"), &lock(packages));
    check(scratch.path())
}

/// What tells findings apart that stand on other lines.
type Row = (String, String, String);

fn rows(report: &Value, ruling: Option<&str>) -> BTreeSet<Row> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let wanted = findings.filter(|f| ruling.is_none_or(|ruling| f["ruling"] == ruling));
    wanted.map(|f| (text(f, "advisory"), text(f, "name"), text(f, "version"))).collect()
}

/// Some packages of the pool, in their order.
fn some() -> impl Strategy<Value = Vec<Package>> {
    subsequence(POOL.to_vec(), 0..=POOL.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_a_package_takes_no_finding_away_and_never_turns_failed_into_passed(
        fewer in some(), added in proptest::sample::select(POOL.to_vec())
    ) {
        let mut more = fewer.clone();
        more.push(added);
        more.sort_unstable();
        more.dedup();
        let (code_fewer, fewer_report) = judged(&fewer);
        let (code_more, more_report) = judged(&more);
        prop_assert!(rows(&fewer_report, None).is_subset(&rows(&more_report, None)));
        prop_assert_eq!(code_fewer, u8::from(fewer.iter().any(|(.., blocks)| *blocks)));
        prop_assert_eq!(code_more, u8::from(more.iter().any(|(.., blocks)| *blocks)));
        // What is new is on the package that is new.
        for row in rows(&more_report, None).difference(&rows(&fewer_report, None)) {
            prop_assert_eq!(row.1.as_str(), added.0);
        }
    }

    #[test]
    fn a_waiver_affects_only_what_it_names(
        packages in some(),
        id in proptest::sample::select(vec![
            "RUSTSEC-2024-0332", "RUSTSEC-2026-0258", "rustsec-2021-0003", "GHSA-q6cp-qfwq-4gcv", "RUSTSEC-2026-0009"
        ]),
        package in proptest::sample::select(vec!["h2", "smallvec", "time"]),
        days in 1_u8..9,
    ) {
        let scratch = tempfile::tempdir().unwrap();
        write(&scratch.path().join("project/Cargo.lock"), &lock(&packages));
        let (_, before) = check(scratch.path());
        // Made at 2026-08-22; for critical ones seven days are the most.
        let waiver = format!(
            "id = \"{id}\"\npackage = \"{package}\"\nowner = \"web-team\"\nreason = \"not reachable\"\n\
             expires = \"2026-08-{:02}\"\napproved-by = \"security-team\"\n", 22 + days
        );
        write(&scratch.path().join("project/.portcullis/waivers/one.toml"), &waiver);
        let (_, after) = check(scratch.path());

        let names = |finding: &Value| {
            let aliases = finding["aliases"].as_array().unwrap().iter();
            finding["name"] == package
                && aliases.chain([&finding["advisory"]]).any(|known| known.as_str().unwrap().eq_ignore_ascii_case(id))
        };
        let own = |report: &Value| -> Vec<Value> {
            let findings = report["findings"].as_array().unwrap().iter();
            findings.filter(|f| f["class"] != "waiver").cloned().collect()
        };
        prop_assert_eq!(own(&before).len(), own(&after).len());
        for finding in own(&after) {
            let critical = finding["severity"] == "critical";
            let holds = names(&finding) && !(critical && days > 7);
            prop_assert_eq!(finding["ruling"] == "waived", holds, "{} {}", id, finding);
            if !holds {
                let old = own(&before).into_iter().find(|f| f["fingerprint"] == finding["fingerprint"]).unwrap();
                prop_assert_eq!(&old["ruling"], &finding["ruling"]);
            }
        }
    }

    #[test]
    fn the_order_in_which_directories_are_listed_does_not_change_a_byte(
        trees in proptest::collection::vec((some(), "[a-c]{1,2}(/[a-c]{1,2})?"), 1..5), seed in any::<u64>()
    ) {
        let scratch = tempfile::tempdir().unwrap();
        for (packages, dir) in &trees {
            write(&scratch.path().join("project").join(dir).join("Cargo.lock"), &lock(packages));
            let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n";
            write(&scratch.path().join("project").join(dir).join("Cargo.toml"), manifest);
        }
        let target = scratch.path().join("project").display().to_string();
        let args = ["check", "--no-trail", "--feed", "embedded", "--report", "json", "--components", &target];
        let plain = World::new(scratch.path()).run(&args);
        let mut world = World::new(scratch.path());
        world.list_order = Some(seed);
        prop_assert_eq!(world.run(&args), plain);
    }

    #[test]
    fn the_verdict_does_not_depend_on_the_report(
        packages in some(),
        format in proptest::sample::select(vec!["human", "json", "sarif", "github", "junit"]),
        color in proptest::sample::select(vec!["auto", "always", "never"]),
        how in proptest::sample::select(vec![None, Some("-q"), Some("-v"), Some("--components")]),
        width in proptest::option::of(20_u16..200),
    ) {
        let scratch = tempfile::tempdir().unwrap();
        write(&scratch.path().join("project/Cargo.lock"), &lock(&packages));
        let (code, plain) = check(scratch.path());
        let target = scratch.path().join("project").display().to_string();
        let file = scratch.path().join("out.json");
        let json = format!("json={}", file.display());
        let mut args = vec!["check", "--no-trail", "--feed", "embedded", "--report", format, "--report", &json, "--color", color];
        args.extend(how);
        args.push(&target);
        let mut world = World::new(scratch.path());
        world.width = width;
        let (again, out, err) = world.run(&args);
        prop_assert_eq!(again, code, "{:?}\n{}\n{}", args, out, err);
        let bytes = RealSys.read(&file, portcullis::sys::Bytes::mib(8)).unwrap();
        let mut written: Value = serde_json::from_slice(&bytes).unwrap();
        if how == Some("--components") {
            written["components"] = plain["components"].clone(); // what that flag adds
        }
        prop_assert_eq!(written, plain);
    }
}
