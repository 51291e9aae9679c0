//! The GitHub Action, run as the runner runs it: each step of `action.yml` in order, in the shell that it names, with
//! the runner's variables and files. The program is the one that this test was built with; a cargo of the harness puts
//! it where the real one would build it.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the tests deal in files and processes as a runner does, and a failure there ends the test"
)]

mod ci_support;

use ci_support::{Ended, GATE, HOSTILE, Remote, Scratch, assert_only_annotations, texts, yaml};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The one shell of the action.
const SHELL: &str = "bash --noprofile --norc -Eeuo pipefail {0}";

/// What a workflow and an event bring.
struct Job {
    scratch: Scratch,
    inputs: BTreeMap<String, String>,
    vars: BTreeMap<String, String>,
    event: Value,
    /// The temporary directory of the runner, in the scratch.
    temp: &'static str,
}

/// How the action ended.
struct Ran {
    code: i32,
    log: String,
    outputs: BTreeMap<String, String>,
    summary: String,
}

impl Job {
    /// A push to `main` of a repository with the lockfile of the fixture, judged by the embedded advisories.
    fn push(fixture: &str) -> Self {
        let job = Self::empty();
        let remote = Remote::new(&job.scratch, "remote", fixture);
        remote.shallow(&job.scratch.at("work"), "main");
        job
    }

    fn empty() -> Self {
        let scratch = Scratch::new();
        fs::create_dir(scratch.at("work")).unwrap();
        let mut job = Self { scratch, inputs: BTreeMap::new(), vars: BTreeMap::new(), event: json!({}), temp: "temp" };
        job.input("feed", "embedded");
        job.input("no-trail", "true");
        for (name, value) in [("GITHUB_EVENT_NAME", "push"), ("GITHUB_REF", "refs/heads/main")] {
            job.var(name, value);
        }
        job
    }

    /// A pull request from branch `change` to `main`, in a clone of one commit. The lockfiles are those of the fixtures.
    fn pull_request(base: &str, head: &str) -> Self {
        let mut job = Self::empty();
        let remote = Remote::new(&job.scratch, "remote", base);
        let sha = remote.git(&["rev-parse", "main"]);
        remote.git(&["checkout", "-q", "-b", "change"]);
        remote.lock(head, "Cargo.lock");
        remote.commit();
        remote.shallow(&job.scratch.at("work"), "change");
        job.event = json!({"pull_request": {
            "base": {"sha": sha, "ref": "main", "repo": {"id": 1}},
            "head": {"ref": "change", "repo": {"id": 1}},
        }});
        job.var("GITHUB_EVENT_NAME", "pull_request");
        job.var("GITHUB_REF", "refs/pull/7/merge");
        job.var("GITHUB_HEAD_REF", "change");
        job.var("GITHUB_BASE_REF", "main");
        job
    }

    /// Asks for a record, with a key of its own or without one.
    fn recording(&mut self, key: bool) {
        self.inputs.remove("no-trail");
        if key {
            self.input("key", &self.scratch.key("key.pem"));
        }
    }

    fn input(&mut self, name: &str, value: &str) {
        self.inputs.insert(name.to_owned(), value.to_owned());
    }

    fn var(&mut self, name: &str, value: &str) {
        self.vars.insert(name.to_owned(), value.to_owned());
    }

    /// Runs the steps until one fails, as the runner does.
    fn run(&self) -> Ran {
        let action = yaml("action.yml");
        assert_eq!(action["runs"]["using"], "composite");
        let known = action["inputs"].as_object().unwrap();
        assert!(self.inputs.keys().all(|name| known.contains_key(name)), "an input that the action does not have");
        let inputs: BTreeMap<String, String> = known
            .iter()
            .map(|(name, input)| {
                let given = self.inputs.get(name).map(String::as_str);
                (name.clone(), given.unwrap_or_else(|| input["default"].as_str().unwrap()).to_owned())
            })
            .collect();
        self.scratch.write("event.json", &self.event.to_string());
        let mut context = Context { inputs, event: self.event.clone(), steps: BTreeMap::new() };
        let mut ran = Ran { code: 0, log: String::new(), outputs: BTreeMap::new(), summary: String::new() };
        for (number, step) in action["runs"]["steps"].as_array().unwrap().iter().enumerate() {
            let ended = self.step(&mut context, number, step);
            ran.log.push_str(&ended.log);
            ran.code = ended.code;
            ran.summary.push_str(&fs::read_to_string(self.scratch.at(&format!("summary-{number}"))).unwrap());
            if ended.code != 0 {
                break;
            }
        }
        let outputs = action["outputs"].as_object().unwrap();
        ran.outputs = outputs
            .iter()
            .map(|(name, output)| (name.clone(), context.value(output["value"].as_str().unwrap())))
            .collect();
        ran
    }

    fn step(&self, context: &mut Context, number: usize, step: &Value) -> Ended {
        let keys: Vec<&str> = step.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(keys.iter().all(|key| ["name", "id", "shell", "env", "run"].contains(key)), "{keys:?}");
        assert_eq!(step["shell"], SHELL);
        let script = format!("temp/step-{number}.sh");
        self.scratch.write(&script, step["run"].as_str().unwrap());
        let mut vars = self.vars.clone();
        for (name, value) in texts(&step["env"]) {
            vars.insert(name, context.value(&value));
        }
        let files = ["output", "summary", "env", "path", "state"].map(|file| (file, format!("{file}-{number}")));
        for (file, name) in &files {
            if self.scratch.at(name).is_dir() {
                fs::remove_dir(self.scratch.at(name)).unwrap(); // of an earlier run
            }
            self.scratch.write(name, "");
            let variable = if *file == "summary" { "STEP_SUMMARY".to_owned() } else { file.to_uppercase() };
            vars.insert(format!("GITHUB_{variable}"), self.scratch.text(name));
        }
        for (name, value) in [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR").to_owned()),
            ("GITHUB_EVENT_PATH", self.scratch.text("event.json")),
            ("GITHUB_WORKSPACE", self.scratch.text("work")),
            ("RUNNER_TEMP", self.scratch.text(self.temp)),
        ] {
            vars.insert(name.to_owned(), value);
        }
        let file = self.scratch.text(&script);
        let line: Vec<&str> = SHELL.split(' ').map(|word| if word == "{0}" { &file } else { word }).collect();
        let ended = self.scratch.run(&self.scratch.at("work"), &line, &vars);
        for file in ["env", "path", "state"] {
            let text = fs::read_to_string(self.scratch.at(&format!("{file}-{number}"))).unwrap();
            assert_eq!(text, "", "no step reaches into another one");
        }
        if let Some(id) = step["id"].as_str() {
            let file = self.scratch.at(&format!("output-{number}"));
            let text = if file.is_file() { fs::read_to_string(file).unwrap() } else { String::new() };
            context.steps.insert(id.to_owned(), outputs(&text));
        }
        ended
    }
}

/// What an expression can name.
struct Context {
    inputs: BTreeMap<String, String>,
    event: Value,
    steps: BTreeMap<String, BTreeMap<String, String>>,
}

impl Context {
    /// A value of the file: plain text, or one expression and nothing around it. Any other form ends the test.
    fn value(&self, text: &str) -> String {
        let Some(inner) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
            assert!(!text.contains("${{"), "{text}");
            return text.to_owned();
        };
        let mut values = inner.split(" || ").map(|part| self.operand(part));
        values.find(|value| !value.is_empty()).unwrap_or_default()
    }

    fn operand(&self, text: &str) -> String {
        if let Some(literal) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return literal.to_owned();
        }
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            ["inputs", name] => self.inputs.get(*name).unwrap_or_else(|| panic!("no input {name}")).clone(),
            ["steps", id, "outputs", name] => {
                self.steps.get(*id).and_then(|outputs| outputs.get(*name)).cloned().unwrap_or_default()
            }
            ["github", "event", path @ ..] => {
                let value = path.iter().try_fold(&self.event, |value, key| value.get(key));
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            _ => panic!("an expression that the harness does not know: {text}"),
        }
    }
}

/// The file of outputs as the runner reads it: `name=value`, or `name<<delimiter`, lines, delimiter.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some((name, mark)) = line.split_once("<<") else { panic!("an output without a delimiter: {line:?}") };
        assert!(mark.len() >= 32, "a delimiter that can be guessed: {mark:?}");
        let mut value = Vec::new();
        loop {
            match lines.next().expect("the delimiter is missing") {
                line if line == mark => break,
                line => value.push(line),
            }
        }
        assert!(outputs.insert(name.to_owned(), value.join("\n")).is_none(), "{name} twice");
    }
    outputs
}

fn assert_verdict(ran: &Ran, code: i32, verdict: &str) {
    assert_eq!((ran.code, ran.outputs["verdict"].as_str()), (code, verdict), "{}", ran.log);
    assert_only_annotations(&ran.log);
}

#[test]
fn no_expression_stands_in_a_script_and_no_other_action_is_used() {
    let action = yaml("action.yml");
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{}", step["name"]);
        assert_eq!(step.get("uses"), None);
    }
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(input["default"].is_string() && input["description"].is_string(), "{name}");
    }
}

#[test]
fn the_example_and_the_readme_use_inputs_and_outputs_that_exist_and_pin_every_action() {
    let action = yaml("action.yml");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let block = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let readme: Value = serde_saphyr::from_str(block).unwrap();
    let example = yaml("docs/examples/workflow.yml");
    let jobs = example["jobs"].as_object().unwrap().values().chain([&readme]);
    let steps: Vec<&Value> = jobs.flat_map(|job| job["steps"].as_array().unwrap()).collect();
    let mut ours = 0;
    for step in steps {
        let (name, pin) = step["uses"].as_str().unwrap().split_once('@').unwrap();
        assert!(pin == "COMMIT" || pin.len() == 40 && pin.bytes().all(|b| b.is_ascii_hexdigit()), "{name}@{pin}");
        if name == "OWNER/portcullis" {
            ours += 1;
            for input in step["with"].as_object().unwrap().keys() {
                assert!(action["inputs"].get(input).is_some(), "{input}");
            }
        }
    }
    assert_eq!(ours, 3);
    let text = fs::read_to_string(root.join("docs/examples/workflow.yml")).unwrap();
    for used in text.split("steps.gate.outputs.").skip(1) {
        let name: String = used.chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(action["outputs"].get(&name).is_some(), "{name}");
    }
}

#[test]
fn every_input_and_output_is_on_the_page_about_the_action() {
    let action = yaml("action.yml");
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/action.md")).unwrap();
    for kind in ["inputs", "outputs"] {
        for name in action[kind].as_object().unwrap().keys() {
            assert!(page.contains(&format!("\n| `{name}` |")), "{name}");
        }
    }
}

#[test]
fn the_scripts_are_clean_for_shellcheck() {
    let steps = yaml("action.yml")["runs"]["steps"].clone();
    let scripts = steps.as_array().unwrap().iter().map(|step| step["run"].as_str().unwrap().to_owned());
    ci_support::shellcheck(scripts.collect());
}

#[test]
fn a_clean_tree_passes() {
    let job = Job::push("clean");
    let ran = job.run();
    assert_verdict(&ran, 0, "passed");
    assert!(ran.summary.starts_with("## ✅ Portcullis passed"), "{}", ran.summary);
    let sarif: Value = serde_json::from_slice(&fs::read(&ran.outputs["sarif"]).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn a_vulnerable_tree_fails_with_annotations_and_a_report() {
    let job = Job::push("demo");
    let ran = job.run();
    assert_verdict(&ran, 1, "failed");
    assert!(ran.log.contains("::error file=Cargo.lock,line="), "{}", ran.log);
    assert!(ran.summary.starts_with("## ❌ Portcullis failed: 3 findings block"), "{}", ran.summary);
    let sarif: Value = serde_json::from_slice(&fs::read(&ran.outputs["sarif"]).unwrap()).unwrap();
    assert!(!sarif["runs"][0]["results"].as_array().unwrap().is_empty());
}

#[test]
fn a_tree_with_nothing_to_judge_is_incomplete() {
    let ran = Job::empty().run();
    assert_verdict(&ran, 3, "incomplete");
    assert!(ran.summary.starts_with("## ⚠️ Portcullis incomplete"), "{}", ran.summary);
}

#[test]
fn the_reports_do_not_lie_in_the_judged_tree() {
    let job = Job::push("clean");
    let before = fs::read_dir(job.scratch.at("work")).unwrap().count();
    let ran = job.run();
    assert_eq!(fs::read_dir(job.scratch.at("work")).unwrap().count(), before);
    assert!(Path::new(&ran.outputs["sarif"]).starts_with(job.scratch.at("temp")));
}

#[test]
fn the_build_starts_away_from_the_judged_tree_and_is_locked() {
    let job = Job::push("clean");
    assert_eq!(job.run().code, 0);
    let log = job.scratch.cargo_log();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines[0], env!("CARGO_MANIFEST_DIR"));
    assert!(lines.contains(&"--locked") && lines.contains(&"--release"), "{log}");
}

#[test]
fn a_runner_without_cargo_and_a_build_that_breaks_are_3_and_say_what_to_do() {
    let job = Job::push("clean");
    job.scratch.remove_cargo();
    let ran = job.run();
    assert_verdict(&ran, 3, "error");
    assert!(ran.log.contains("::error title=portcullis::this runner has no cargo: install Rust 1.95"), "{}", ran.log);
    assert!(ran.summary.contains("gave no verdict") && ran.summary.contains("install Rust"), "{}", ran.summary);
    let job = Job::push("clean");
    job.scratch.break_cargo();
    let ran = job.run();
    assert_verdict(&ran, 3, "error");
    assert!(ran.log.contains("the gate could not be built"), "{}", ran.log);
}

#[test]
fn what_is_mistyped_is_2_and_has_no_verdict() {
    for (input, value) in [
        ("fail-on", "sometimes"),
        ("online", "yes"),
        ("no-trail", "1"),
        ("update-feed", "maybe"),
        ("targets", "no/such/place"),
        ("base", "no-such-rev"),
        ("base", "--all"),
    ] {
        let mut job = Job::push("clean");
        job.input(input, value);
        let ran = job.run();
        assert_eq!(ran.outputs["verdict"], "error", "{input}={value}: {}", ran.log);
        assert_eq!(ran.code, 2, "{input}={value}: {}", ran.log);
    }
}

#[test]
fn several_targets_stand_on_lines_of_their_own_and_may_hold_blanks() {
    let mut job = Job::push("clean");
    for (dir, fixture) in [("a b", "clean"), ("-c", "demo")] {
        let to = job.scratch.at("work").join(dir);
        fs::create_dir(&to).unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture).join("Cargo.lock");
        fs::copy(from, to.join("Cargo.lock")).unwrap();
    }
    job.input("targets", "a b\n");
    assert_verdict(&job.run(), 0, "passed");
    job.input("targets", "a b\n\n-c\n");
    assert_verdict(&job.run(), 1, "failed");
    job.input("targets", ".");
    job.input("working-directory", "a b");
    assert_verdict(&job.run(), 0, "passed");
}

#[test]
fn the_base_of_a_pull_request_comes_into_a_shallow_clone_and_old_debt_does_not_block() {
    let debt = Job::pull_request("demo", "demo").run();
    assert_verdict(&debt, 0, "passed");
    assert!(debt.summary.contains("Base: "), "{}", debt.summary);
    assert_verdict(&Job::pull_request("clean", "demo").run(), 1, "failed");
}

#[test]
fn the_policy_of_a_pull_request_is_that_of_its_base() {
    let mut job = Job::empty();
    let remote = Remote::new(&job.scratch, "remote", "clean");
    let base = remote.git(&["rev-parse", "main"]);
    remote.git(&["checkout", "-q", "-b", "change"]);
    remote.lock("demo", "Cargo.lock");
    remote.write("portcullis.toml", "version = 1\nexclude = [\"**\"]\n");
    remote.commit();
    remote.shallow(&job.scratch.at("work"), "change");
    job.event = json!({"pull_request": {"base": {"sha": base}}});
    job.var("GITHUB_EVENT_NAME", "pull_request");
    assert_eq!(job.run().code, 1);
}

#[test]
fn a_base_that_cannot_be_fetched_is_3_and_says_what_to_do() {
    let job = Job::pull_request("clean", "clean");
    fs::rename(job.scratch.at("remote"), job.scratch.at("gone")).unwrap();
    let ran = job.run();
    assert_eq!((ran.code, ran.outputs["verdict"].as_str()), (3, "error"), "{}", ran.log);
    assert!(ran.log.contains("give actions/checkout fetch-depth: 0"), "{}", ran.log);
    assert!(ran.summary.contains("cannot be fetched"), "{}", ran.summary);
}

#[test]
fn a_clone_that_has_the_base_is_not_cut() {
    let mut job = Job::empty();
    let remote = Remote::new(&job.scratch, "remote", "clean");
    let base = remote.git(&["rev-parse", "main"]);
    remote.git(&["checkout", "-q", "-b", "change"]);
    remote.commit();
    let from = remote.url();
    fs::remove_dir(job.scratch.at("work")).unwrap();
    ci_support::git(&job.scratch.at(""), &["clone", "-q", &from, "work"]);
    job.event = json!({"pull_request": {"base": {"sha": base}}});
    job.var("GITHUB_EVENT_NAME", "pull_request");
    assert_verdict(&job.run(), 0, "passed");
    assert_eq!(ci_support::git(&job.scratch.at("work"), &["rev-parse", "--is-shallow-repository"]), "false");
}

#[test]
fn a_merge_queue_is_compared_with_its_base() {
    let mut job = Job::pull_request("demo", "demo");
    let base = job.event["pull_request"]["base"]["sha"].clone();
    job.event = json!({"merge_group": {"base_sha": base}});
    job.var("GITHUB_EVENT_NAME", "merge_group");
    assert_verdict(&job.run(), 0, "passed");
}

#[test]
fn hostile_names_wherever_the_runner_puts_them_run_nothing() {
    for name in HOSTILE {
        for (fixture, code, verdict) in [("clean", 0, "passed"), ("demo", 1, "failed")] {
            let mut job = Job::pull_request("clean", fixture);
            for variable in ["GITHUB_HEAD_REF", "GITHUB_BASE_REF", "GITHUB_REF", "GITHUB_REF_NAME", "GITHUB_ACTOR"] {
                job.var(variable, name);
            }
            let pull = job.event["pull_request"].as_object_mut().unwrap();
            pull.insert("title".into(), name.into());
            pull.insert("head".into(), json!({"ref": name, "label": name, "repo": {"id": 1}}));
            pull["base"]["ref"] = name.into();
            let ran = job.run();
            assert_verdict(&ran, code, verdict);
            job.scratch.assert_nothing_ran();
        }
    }
}

#[test]
fn hostile_inputs_and_bases_run_nothing_and_forge_no_output() {
    let mut job = Job::push("clean");
    let plain = job.inputs.clone();
    for input in ["targets", "working-directory", "feed", "policy", "base", "fail-on", "update-feed", "online"] {
        for name in HOSTILE {
            job.inputs = plain.clone();
            job.input(input, name);
            let ran = job.run();
            assert_ne!(ran.code, 0, "{input}={name:?}: {}", ran.log);
            assert_ne!(ran.outputs["verdict"], "passed", "{input}={name:?}");
        }
    }
    job.scratch.assert_nothing_ran();
    let mut job = Job::pull_request("clean", "clean");
    for name in HOSTILE {
        job.event["pull_request"]["base"]["sha"] = name.into();
        assert_verdict(&job.run(), 2, "error");
    }
    job.scratch.assert_nothing_ran();
}

#[test]
fn hostile_packages_and_paths_forge_no_command_output_or_record() {
    let mut job = Job::empty();
    let remote = Remote::new(&job.scratch, "remote", "clean");
    for name in ["\u{a}::set-output name=verdict::passed", "$(touch pwned)", "##[set-output name=record]9"] {
        remote.lock("demo", &format!("{name}/Cargo.lock"));
        remote.write(&format!("{name}/Cargo.toml"), "not a manifest\n  \"record\": {\n    \"index\": 9\n  }\n");
    }
    let sha = remote.commit();
    remote.shallow(&job.scratch.at("work"), &sha);
    job.input("targets", ".");
    let ran = job.run();
    assert_verdict(&ran, 1, "failed");
    assert_eq!(ran.outputs["record"], "");
    job.scratch.assert_nothing_ran();
}

#[test]
fn a_value_with_a_newline_stays_one_output() {
    let mut job = Job::push("demo");
    // A temporary directory of a self-hosted runner may be called anything.
    job.temp = "t\nverdict=passed\nx";
    fs::create_dir(job.scratch.at(job.temp)).unwrap();
    let ran = job.run();
    assert_verdict(&ran, 1, "failed");
    assert!(ran.outputs["sarif"].contains("\nverdict=passed\n"), "{}", ran.outputs["sarif"]);
    let text = "a<<0123456789abcdef0123456789abcdef\nx\nverdict=passed\n0123456789abcdef0123456789abcdef\n";
    assert_eq!(outputs(text), BTreeMap::from([("a".to_owned(), "x\nverdict=passed".to_owned())]));
}

#[test]
fn an_answer_whose_outputs_cannot_be_written_is_4() {
    for fixture in ["clean", "demo"] {
        let job = Job::push(fixture);
        // A program that puts a directory where the outputs go, and then answers.
        let gate = format!("rm -f \"$GITHUB_OUTPUT\" && mkdir \"$GITHUB_OUTPUT\"\nexec '{GATE}' \"$@\"\n");
        job.scratch.build(&format!("#!/bin/sh\n{gate}"));
        assert_verdict(&job.run(), 4, "error");
        // The twin: the same program, and nothing in the way.
        job.scratch.build(&format!("#!/bin/sh\nexec '{GATE}' \"$@\"\n"));
        assert_eq!(job.run().code, i32::from(fixture == "demo"));
    }
}

#[test]
fn the_feed_is_updated_where_none_is_named_and_an_outage_fails_closed() {
    let mut job = Job::push("clean");
    job.inputs.remove("feed");
    job.var("PORTCULLIS_FEED_URL", &format!("git+file://{}", job.scratch.at("nowhere").display()));
    let ran = job.run();
    assert_verdict(&ran, 3, "incomplete");
    assert!(ran.log.contains("::warning title=portcullis::the advisories were not updated"), "{}", ran.log);
    job.input("update-feed", "false");
    let ran = job.run();
    assert_verdict(&ran, 3, "incomplete");
    assert!(!ran.log.contains("::warning title=portcullis::the advisories"), "{}", ran.log);
}

fn report(ran: &Ran) -> Value {
    let path = Path::new(&ran.outputs["sarif"]).with_file_name("report.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_push_without_a_key_is_4_and_with_one_it_is_recorded() {
    for (fixture, code, verdict) in [("clean", 0, "passed"), ("demo", 1, "failed")] {
        let mut job = Job::push(fixture);
        job.recording(false);
        let ran = job.run();
        assert_verdict(&ran, 4, "error");
        assert_eq!(ran.outputs["record"], "");
        let headline = format!("## ❌ Portcullis not recorded \\(exit code 4\\); the verdict is {verdict}: ");
        assert!(ran.summary.starts_with(&headline), "{}", ran.summary);
        assert_eq!((&report(&ran)["verdict"], &report(&ran)["exit_code"]), (&verdict.into(), &4.into()));
        job.recording(true);
        let ran = job.run();
        assert_verdict(&ran, code, verdict);
        assert_eq!((ran.outputs["record"].as_str(), &report(&ran)["record"]["durable"]), ("1", &false.into()));
    }
}

#[test]
fn a_record_on_a_ref_outlives_the_runner() {
    let mut job = Job::push("clean");
    let trail = Remote::new(&job.scratch, "trail.git", "clean");
    job.recording(true);
    job.input("trail", &format!("git:{}", trail.url()));
    let ran = job.run();
    assert_verdict(&ran, 0, "passed");
    assert_eq!((ran.outputs["record"].as_str(), &report(&ran)["record"]["durable"]), ("1", &true.into()));
    assert!(!trail.git(&["rev-parse", "refs/portcullis/trail"]).is_empty());
    let ran = job.run();
    assert_eq!((ran.code, ran.outputs["record"].as_str()), (0, "3"), "each run is two records: {}", ran.log);
}

#[test]
fn the_pull_request_of_a_fork_has_no_key_and_gets_a_proposal_and_its_verdict() {
    for (fixture, code, verdict) in [("clean", 0, "passed"), ("demo", 1, "failed")] {
        let mut job = Job::pull_request("clean", fixture);
        job.recording(false);
        // The twin: a branch of the same repository should have had a key.
        assert_verdict(&job.run(), 4, "error");
        job.event["pull_request"]["head"]["repo"]["id"] = 2.into();
        let ran = job.run();
        assert_verdict(&ran, code, verdict);
        assert_eq!(ran.outputs["record"], "");
        let record = &report(&ran)["record"];
        assert_eq!(record["state"], "proposal");
        assert!(record["proposal"].as_str().unwrap().contains("verification_summary"), "{record}");
    }
}

#[test]
fn a_key_and_no_trail_together_are_2() {
    let mut job = Job::push("clean");
    job.recording(true);
    job.input("no-trail", "true");
    assert_verdict(&job.run(), 2, "error");
}

#[test]
fn the_token_reaches_the_git_that_pushes_the_trail_and_no_log() {
    let mut job = Job::push("clean");
    job.recording(true);
    job.input("trail", "git:https://trail.invalid/t");
    job.input("trail-token", "canary");
    job.scratch.watch_git();
    let ran = job.run();
    assert_verdict(&ran, 4, "error");
    assert!(!ran.log.contains("canary") && !job.scratch.cargo_log().contains("canary"), "{}", ran.log);
    let headers = job.scratch.headers();
    assert!(!headers.is_empty());
    for (param, value) in &headers {
        assert_eq!(param.to_lowercase(), "http.https://trail.invalid/t.extraheader", "for this remote alone");
        assert_eq!(value, "Authorization: Basic eC1hY2Nlc3MtdG9rZW46Y2FuYXJ5", "x-access-token:canary");
    }
    job.input("trail-token", "");
    assert_eq!(job.run().code, 4);
    assert_eq!(job.scratch.headers(), headers, "no token, no header");
}

#[test]
fn the_key_reaches_no_program_but_the_gate() {
    let mut job = Job::push("clean");
    job.recording(false);
    job.input("key", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n");
    let ran = job.run();
    assert!(!job.scratch.cargo_log().contains("canary"));
    assert!(!ran.log.contains("canary"), "{}", ran.log);
    assert_verdict(&ran, 4, "error");
}

#[test]
fn the_harness_refuses_what_the_action_does_not_use() {
    let context = Context { inputs: BTreeMap::new(), event: json!({"a": {"b": "c"}}), steps: BTreeMap::new() };
    assert_eq!(context.value("${{ github.event.a.x || github.event.a.b }}"), "c");
    assert_eq!(context.value("plain"), "plain");
    for text in ["${{ github.head_ref }}", "x ${{ inputs.a }}", "${{ secrets.X }}", "${{ format('{0}', 1) }}"] {
        let refused = std::panic::catch_unwind(|| {
            let context = Context { inputs: BTreeMap::new(), event: json!({}), steps: BTreeMap::new() };
            context.value(text)
        });
        assert!(refused.is_err(), "{text}");
    }
}
