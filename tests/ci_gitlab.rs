//! The GitLab template, run as the runner runs it: the lines of `script:` joined into one bash script, with the
//! variables and the clone of a pipeline. The program is the one that this test was built with; a cargo of the harness
//! puts it where the real one would build it.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the tests deal in files and processes as a runner does, and a failure there ends the test"
)]

mod ci_support;

use ci_support::{GATE, HOSTILE, Remote, Scratch, git, texts, yaml};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;

/// A job and the variables of its pipeline.
struct Job {
    scratch: Rc<Scratch>,
    vars: BTreeMap<String, String>,
}

/// How the job ended.
struct Ran {
    code: i32,
    log: String,
    /// The variables that later jobs get.
    dotenv: BTreeMap<String, String>,
}

impl Job {
    /// A pipeline of the default branch, with the lockfile of the fixture, judged by the embedded advisories.
    fn push(fixture: &str) -> Self {
        let job = Self::empty();
        let remote = Remote::new(&job.scratch, "remote", fixture);
        remote.shallow(&job.scratch.at("work"), "main");
        job
    }

    /// A pipeline whose checkout holds nothing to judge. The source of the gate is a repository of its own.
    fn empty() -> Self {
        let mut job = Self { scratch: Rc::new(Scratch::new()), vars: BTreeMap::new() };
        let source = Remote::new(&job.scratch, "source", "clean");
        let remote = Remote { dir: job.scratch.at("bare") };
        fs::create_dir(&remote.dir).unwrap();
        remote.git(&["init", "-q", "-b", "main"]);
        remote.write("readme", "nothing to judge\n");
        let id = remote.commit();
        remote.shallow(&job.scratch.at("work"), &id);
        let commit = source.git(&["rev-parse", "HEAD"]);
        for (name, value) in [
            ("CI", "true"),
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_DIR", &job.scratch.text("work")),
            ("CI_PROJECT_ID", "1"),
            ("CI_PIPELINE_SOURCE", "push"),
            ("CI_COMMIT_REF_NAME", "main"),
            ("TMPDIR", &job.scratch.text("temp")),
            ("PORTCULLIS_REPOSITORY", &source.url()),
            ("PORTCULLIS_COMMIT", &commit),
            ("PORTCULLIS_FEED", "embedded"),
            ("PORTCULLIS_NO_TRAIL", "true"),
        ] {
            job.vars.insert(name.to_owned(), value.to_owned());
        }
        job
    }

    /// A merge request from branch `change` to `main`, in a clone of one commit.
    fn merge_request(base: &str, head: &str) -> Self {
        let mut job = Self::empty();
        let remote = Remote::new(&job.scratch, "remote", base);
        remote.git(&["checkout", "-q", "-b", "change"]);
        remote.lock(head, "Cargo.lock");
        remote.commit();
        remote.shallow(&job.scratch.at("work"), "change");
        for (name, value) in [
            ("CI_PIPELINE_SOURCE", "merge_request_event"),
            ("CI_COMMIT_REF_NAME", "change"),
            ("CI_MERGE_REQUEST_IID", "7"),
            ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
            ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "1"),
            ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
            ("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "change"),
        ] {
            job.var(name, value);
        }
        job
    }

    fn var(&mut self, name: &str, value: &str) {
        self.vars.insert(name.to_owned(), value.to_owned());
    }

    fn report(&self, name: &str) -> Value {
        let path = self.scratch.at("work").join("portcullis-reports").join(name);
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }

    /// Runs the script as the runner's bash does: joined, through `eval`, with nothing to read.
    fn run(&self) -> Ran {
        let template = yaml("templates/portcullis.yml");
        let job = &template["portcullis"];
        let lines: Vec<&str> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        self.scratch.write("script", &lines.join("\n"));
        let runner = "set -eo pipefail\nset +o noclobber\nscript=$(cat \"$1\")\n: | eval \"$script\"\n";
        let mut vars = self.vars.clone();
        vars.extend(texts(&job["variables"]));
        let line = ["bash", "-c", runner, "runner", &self.scratch.text("script")];
        let ended = self.scratch.run(&self.scratch.at("work"), &line, &vars);
        let dotenv = job["artifacts"]["reports"]["dotenv"].as_str().unwrap();
        let text = fs::read_to_string(self.scratch.at("work").join(dotenv)).unwrap_or_default();
        let pair = |line: &str| line.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())).unwrap();
        Ran { code: ended.code, log: ended.log, dotenv: text.lines().map(pair).collect() }
    }
}

fn assert_verdict(ran: &Ran, code: i32, verdict: &str) {
    assert_eq!(ran.code, code, "{}", ran.log);
    assert_eq!(ran.dotenv["PORTCULLIS_VERDICT"], verdict, "{}", ran.log);
    assert_eq!(ran.dotenv.len(), 2, "{:?}", ran.dotenv);
}

fn assert_no_verdict(ran: &Ran, code: i32, said: &str) {
    assert_eq!(ran.code, code, "{}", ran.log);
    assert!(ran.dotenv.is_empty() && ran.log.contains(said), "{}", ran.log);
}

#[test]
fn the_template_pastes_no_input_and_may_not_fail_quietly() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/portcullis.yml")).unwrap();
    assert!(!text.contains("$[["));
    let job = &yaml("templates/portcullis.yml")["portcullis"];
    assert_eq!(job["allow_failure"], false);
    assert_eq!(job["artifacts"]["when"], "always");
    // Every artifact lies where the script puts it.
    for (kind, path) in texts(&job["artifacts"]["reports"]) {
        assert!(path.starts_with("portcullis-reports/"), "{kind}: {path}");
        let name = path.strip_prefix("portcullis-reports/").unwrap();
        assert!(text.contains(&format!("\"$reports/{name}\"")), "{kind}: {path}");
    }
}

#[test]
fn every_variable_of_the_template_is_on_its_page() {
    let read = |path| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (template, page) = (read("templates/portcullis.yml"), read("docs/gitlab.md"));
    let mut seen = 0;
    for rest in template.split("{PORTCULLIS_").skip(1) {
        let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
        assert!(page.contains(&format!("\n| `PORTCULLIS_{name}` |")), "{name}");
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn the_script_is_clean_for_shellcheck() {
    let job = yaml("templates/portcullis.yml")["portcullis"].clone();
    let lines: Vec<&str> = job["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    ci_support::shellcheck(vec![lines.join("\n")]);
}

#[test]
fn a_clean_tree_passes_with_every_report() {
    let job = Job::push("clean");
    assert_verdict(&job.run(), 0, "passed");
    assert_eq!(job.report("report.json")["verdict"], "passed");
    assert_eq!(job.report("report.sarif")["version"], "2.1.0");
    assert!(job.report("codequality.json").is_array());
    assert!(job.scratch.at("work/portcullis-reports/junit.xml").is_file());
    // Nothing is left outside the artifacts.
    assert_eq!(fs::read_dir(job.scratch.at("temp")).unwrap().count(), 0);
}

#[test]
fn a_vulnerable_tree_fails_and_its_problems_are_in_the_code_quality_report() {
    let job = Job::push("demo");
    let ran = job.run();
    assert_verdict(&ran, 1, "failed");
    assert!(ran.log.contains("error[advisory/vulnerable]: smallvec 1.6.0"), "{}", ran.log);
    let issues = job.report("codequality.json");
    let worst: Vec<&Value> = issues.as_array().unwrap().iter().filter(|i| i["severity"] == "blocker").collect();
    assert_eq!(worst.len(), 1);
    assert_eq!(worst[0]["location"]["path"], "Cargo.lock");
}

#[test]
fn a_tree_with_nothing_to_judge_is_incomplete() {
    assert_verdict(&Job::empty().run(), 3, "incomplete");
}

#[test]
fn what_is_mistyped_is_2() {
    for (name, value) in [("FAIL_ON", "sometimes"), ("TARGETS", "no/such/place"), ("BASE", "--all")] {
        let mut job = Job::push("clean");
        job.var(&format!("PORTCULLIS_{name}"), value);
        assert_verdict(&job.run(), 2, "error");
    }
    for (name, value) in [("REPOSITORY", ""), ("COMMIT", "main"), ("COMMIT", "v1\nv2"), ("COMMIT", "")] {
        let mut job = Job::push("clean");
        job.var(&format!("PORTCULLIS_{name}"), value);
        assert_no_verdict(&job.run(), 2, &format!("PORTCULLIS_{name}"));
        assert_eq!(job.scratch.cargo_log(), "");
    }
}

#[test]
fn a_gate_that_cannot_be_had_is_3() {
    let mut job = Job::push("clean");
    job.var("PORTCULLIS_COMMIT", &"a1".repeat(20));
    assert_no_verdict(&job.run(), 3, "cannot be fetched from PORTCULLIS_REPOSITORY");
    let job = Job::push("clean");
    job.scratch.remove_cargo();
    assert_no_verdict(&job.run(), 3, "this image has no cargo");
    job.scratch.break_cargo();
    assert_no_verdict(&job.run(), 3, "the gate could not be built");
}

#[test]
fn the_build_is_of_the_pinned_commit_and_away_from_the_judged_tree() {
    let mut job = Job::push("clean");
    let source = Remote { dir: job.scratch.at("source") };
    let pinned = source.git(&["rev-parse", "HEAD"]);
    source.write("later", "not asked for");
    source.commit();
    job.var("PORTCULLIS_COMMIT", &pinned);
    job.scratch
        .build(&format!("#!/bin/sh\n[ ! -e \"${{0%/*}}/../../source/later\" ] || exit 9\nexec '{GATE}' \"$@\"\n"));
    assert_verdict(&job.run(), 0, "passed");
    let log = job.scratch.cargo_log();
    assert!(log.starts_with(&job.scratch.text("temp")), "{log}");
    assert!(log.contains("--locked"), "{log}");
}

#[test]
fn the_target_branch_comes_into_a_shallow_clone_and_old_debt_does_not_block() {
    assert_verdict(&Job::merge_request("demo", "demo").run(), 0, "passed");
    assert_verdict(&Job::merge_request("clean", "demo").run(), 1, "failed");
}

#[test]
fn a_pipeline_for_merged_results_is_compared_with_the_commit_that_it_names() {
    let mut job = Job::merge_request("demo", "demo");
    let base = git(&job.scratch.at("remote"), &["rev-parse", "main"]);
    job.var("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", &base);
    assert_verdict(&job.run(), 0, "passed");
    assert_eq!(job.report("report.json")["base"], base.as_str());
}

#[test]
fn a_target_branch_that_cannot_be_fetched_is_3() {
    let job = Job::merge_request("clean", "clean");
    fs::rename(job.scratch.at("remote"), job.scratch.at("gone")).unwrap();
    assert_no_verdict(&job.run(), 3, "cannot be fetched from origin");
}

#[test]
fn a_complete_clone_is_not_cut() {
    let job = Job::merge_request("clean", "clean");
    git(&job.scratch.at("work"), &["fetch", "-q", "--unshallow"]);
    assert_verdict(&job.run(), 0, "passed");
    assert_eq!(git(&job.scratch.at("work"), &["rev-parse", "--is-shallow-repository"]), "false");
}

#[test]
fn the_pipeline_of_a_fork_takes_policy_and_base_from_the_project_that_it_is_meant_for() {
    let mut job = Job::empty();
    let upstream = Remote::new(&job.scratch, "upstream.git", "clean");
    let tip = upstream.git(&["rev-parse", "main"]);
    // The fork's own `main` has the problem already, and would excuse it.
    let fork = Remote::new(&job.scratch, "fork", "demo");
    fork.git(&["checkout", "-q", "-b", "change"]);
    fork.commit();
    fork.shallow(&job.scratch.at("work"), "change");
    for (name, value) in [
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_PROJECT_ID", "2"),
        ("CI_MERGE_REQUEST_PROJECT_ID", "1"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2"),
        ("CI_MERGE_REQUEST_PROJECT_URL", upstream.url().strip_suffix(".git").unwrap()),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ] {
        job.var(name, value);
    }
    assert_verdict(&job.run(), 1, "failed");
    assert_eq!(job.report("report.json")["base"], tip.as_str());
}

#[test]
fn hostile_names_wherever_the_pipeline_puts_them_run_nothing() {
    for name in HOSTILE {
        let mut job = Job::merge_request("clean", "demo");
        for variable in [
            "COMMIT_REF_NAME",
            "COMMIT_BRANCH",
            "COMMIT_MESSAGE",
            "MERGE_REQUEST_TITLE",
            "MERGE_REQUEST_SOURCE_BRANCH_NAME",
        ] {
            job.var(&format!("CI_{variable}"), name);
        }
        assert_verdict(&job.run(), 1, "failed");
        job.scratch.assert_nothing_ran();
        job.var("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", name);
        assert_eq!(job.run().code, 3, "{name:?}");
        job.scratch.assert_nothing_ran();
    }
}

#[test]
fn a_branch_with_an_odd_name_that_git_takes_is_found() {
    for name in HOSTILE.iter().take(2) {
        let mut job = Job::merge_request("demo", "demo");
        git(&job.scratch.at("remote"), &["branch", name, "main"]);
        job.var("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", name);
        assert_verdict(&job.run(), 0, "passed");
        job.scratch.assert_nothing_ran();
    }
}

#[test]
fn hostile_variables_run_nothing() {
    let job = Job::push("clean");
    for variable in ["TARGETS", "FEED", "POLICY", "BASE", "FAIL_ON", "REPOSITORY", "COMMIT", "KEY_FILE"] {
        for name in HOSTILE {
            let mut job = Job { scratch: job.scratch.clone(), vars: job.vars.clone() };
            job.var(&format!("PORTCULLIS_{variable}"), name);
            let ran = job.run();
            assert_ne!(ran.code, 0, "{variable}={name:?}: {}", ran.log);
            assert_ne!(ran.dotenv.get("PORTCULLIS_VERDICT").map(String::as_str), Some("passed"));
        }
    }
    job.scratch.assert_nothing_ran();
}

#[test]
fn a_link_of_the_judged_tree_under_the_name_of_the_reports_is_not_followed() {
    let job = Job::push("clean");
    fs::create_dir(job.scratch.at("elsewhere")).unwrap();
    fs::write(job.scratch.at("elsewhere/kept"), "x").unwrap();
    std::os::unix::fs::symlink(job.scratch.at("elsewhere"), job.scratch.at("work/portcullis-reports")).unwrap();
    assert_verdict(&job.run(), 0, "passed");
    assert_eq!(fs::read_dir(job.scratch.at("elsewhere")).unwrap().count(), 1);
    assert!(job.scratch.at("work/portcullis-reports/report.json").is_file());
}

#[test]
fn a_verdict_that_the_judged_tree_brings_along_is_never_an_artifact() {
    for broken in [false, true] {
        let job = Job::push("demo");
        fs::create_dir(job.scratch.at("work/portcullis-reports")).unwrap();
        fs::write(job.scratch.at("work/portcullis-reports/verdict.env"), "PORTCULLIS_VERDICT=passed\n").unwrap();
        fs::write(job.scratch.at("work/portcullis-reports/other"), "x").unwrap();
        if broken {
            job.scratch.break_cargo();
            assert_no_verdict(&job.run(), 3, "the gate could not be built");
        } else {
            assert_verdict(&job.run(), 1, "failed");
        }
        assert!(!job.scratch.at("work/portcullis-reports/other").exists());
    }
}

#[test]
fn reports_that_cannot_be_kept_are_4() {
    let mut job = Job::push("clean");
    // Its parent is a file.
    job.var("CI_PROJECT_DIR", &job.scratch.text("work/Cargo.lock"));
    assert_no_verdict(&job.run(), 4, "");
}

#[test]
fn an_outage_of_the_feed_fails_closed() {
    let mut job = Job::push("clean");
    job.vars.remove("PORTCULLIS_FEED");
    job.var("PORTCULLIS_FEED_URL", &format!("git+file://{}", job.scratch.text("nowhere")));
    let ran = job.run();
    assert_verdict(&ran, 3, "incomplete");
    assert!(ran.log.contains("warning: the advisories were not updated"), "{}", ran.log);
    job.var("PORTCULLIS_UPDATE_FEED", "false");
    let ran = job.run();
    assert_verdict(&ran, 3, "incomplete");
    assert!(!ran.log.contains("warning: the advisories"), "{}", ran.log);
}

/// A file variable as the runner writes it: open to everybody.
fn with_key(job: &mut Job) {
    job.scratch.key("key.pem");
    fs::set_permissions(job.scratch.at("key.pem"), fs::Permissions::from_mode(0o666)).unwrap();
    let path = job.scratch.text("key.pem");
    job.var("PORTCULLIS_KEY_FILE", &path);
}

#[test]
fn the_default_branch_without_a_key_is_4_and_with_one_it_is_recorded() {
    for (fixture, code, verdict) in [("clean", 0, "passed"), ("demo", 1, "failed")] {
        let mut job = Job::push(fixture);
        job.vars.remove("PORTCULLIS_NO_TRAIL");
        job.var("CI_COMMIT_REF_PROTECTED", "true");
        assert_verdict(&job.run(), 4, "error");
        assert_eq!(job.report("report.json")["verdict"], verdict);
        with_key(&mut job);
        let trail = Remote::new(&job.scratch, "trail.git", "clean");
        job.var("PORTCULLIS_TRAIL", &format!("git:{}", trail.url()));
        let ran = job.run();
        assert_verdict(&ran, code, verdict);
        assert_eq!(ran.dotenv["PORTCULLIS_RECORD"], "1");
        assert_eq!(job.report("report.json")["record"]["durable"], true);
    }
}

#[test]
fn a_merge_request_of_a_fork_has_no_key_and_gets_a_proposal_and_its_verdict() {
    for (fixture, code, verdict) in [("clean", 0, "passed"), ("demo", 1, "failed")] {
        let mut job = Job::merge_request("clean", fixture);
        job.vars.remove("PORTCULLIS_NO_TRAIL");
        job.var("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "2");
        job.var("CI_COMMIT_REF_PROTECTED", "false");
        let ran = job.run();
        assert_verdict(&ran, code, verdict);
        assert_eq!(ran.dotenv["PORTCULLIS_RECORD"], "");
        assert_eq!(job.report("report.json")["record"]["state"], "proposal");
        let issues = job.report("codequality.json");
        assert!(issues.as_array().unwrap().iter().any(|issue| issue["check_name"] == "record"), "{issues}");
    }
}

#[test]
fn the_key_is_handed_over_as_a_private_copy_that_does_not_stay() {
    let mut job = Job::push("clean");
    job.scratch.write("key.pem", "canary\n");
    fs::set_permissions(job.scratch.at("key.pem"), fs::Permissions::from_mode(0o666)).unwrap();
    // A program that says which file it was given, and who may read it.
    let look = "for arg; do case $arg in --key=*) f=${arg#--key=}; echo \"key: $(cat \"$f\")\"; \
                /bin/ls -l \"$f\" | /usr/bin/cut -c1-10;; esac; done";
    job.scratch.build(&format!("#!/bin/sh\n{look}\n"));
    job.var("PORTCULLIS_KEY_FILE", &job.scratch.text("key.pem"));
    let ran = job.run();
    assert!(ran.log.contains("key: canary\n-rw-------\n"), "{}", ran.log);
    assert_eq!(fs::read_dir(job.scratch.at("temp")).unwrap().count(), 0);
    job.var("PORTCULLIS_KEY_FILE", &job.scratch.text("no-such-key"));
    assert_no_verdict(&job.run(), 4, "PORTCULLIS_KEY_FILE names no file");
}
