//! The record of a check from end to end: who signs, where it goes, what each report says of it, and the exit code. The
//! verdict never depends on it.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests build their checkouts with plain files and the plain git program, and what fails should fail loudly"
)]

mod support;

use portcullis::sign::dsse::parse_envelope;
use portcullis::sys::RealSys;
use portcullis::trail::Place;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use support::{World, project};
use tempfile::TempDir;

/// A directory with a checkout `project`, and the worlds in which it is judged.
struct Scene {
    dir: TempDir,
}

impl Scene {
    /// A checkout that passes.
    fn clean() -> Self {
        Self::with("fixtures/clean")
    }

    fn with(fixture: &str) -> Self {
        let scene = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir_all(scene.at("project")).unwrap();
        for file in ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"] {
            fs::copy(project(fixture).join(file), scene.at("project").join(file)).unwrap();
        }
        scene
    }

    /// The checkout becomes a repository with one commit on `main`.
    fn in_git(self) -> Self {
        self.git(&["init", "-q", "-b", "main"]);
        self.commit();
        self
    }

    fn commit(&self) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(args)
            .current_dir(self.at("project"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn path(&self, path: &str) -> String {
        self.at(path).display().to_string()
    }

    fn policy(&self, text: &str) {
        fs::write(self.at("project/portcullis.toml"), format!("version = 1\n{text}")).unwrap();
    }

    fn world(&self, vars: &[(&str, &str)]) -> World {
        let mut world = World::new(self.dir.path());
        world.more_luck = true;
        world.vars.extend(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        world
    }

    /// Judges on a machine of somebody's own.
    fn check(&self, more: &[&str]) -> Checked {
        self.check_in(&self.world(&[]), more)
    }

    fn check_in(&self, world: &World, more: &[&str]) -> Checked {
        let target = self.path("project");
        let args = [&["check", "--feed", "embedded", "--report", "json"], more, &[&target]].concat();
        let (code, out, err) = world.run(&args);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {code}\n{out}\n{err}"));
        Checked { code, err, verdict: report["verdict"].clone(), record: report["record"].clone() }
    }

    /// A key file of which nobody but its owner can read anything.
    fn key(&self, name: &str) -> String {
        let path = self.path(name);
        let world = self.world(&[]);
        world.luck.store(name.bytes().fold(50, u8::wrapping_add), Ordering::SeqCst); // another key for each name
        assert_eq!(world.run(&["trail", "keygen", &path]).0, 0);
        path
    }

    /// What `trail verify` says.
    fn verify(&self, more: &[&str]) -> (u8, String) {
        let mut world = self.world(&[]);
        world.cwd = self.at("project");
        let (code, out, err) = world.run(&[&["trail", "verify"], more].concat());
        (code, format!("{out}{err}"))
    }
}

/// What came out of a check.
#[derive(Debug)]
struct Checked {
    code: u8,
    err: String,
    verdict: Value,
    record: Value,
}

impl Checked {
    /// Asserts exit code and state of the record; the verdict is there in any case.
    fn is(self, code: u8, state: &str) -> Self {
        assert_eq!((self.code, self.record["state"].as_str()), (code, Some(state)), "{self:?}");
        assert!(["passed", "failed", "incomplete"].contains(&self.verdict.as_str().unwrap()), "{self:?}");
        assert_eq!(self.err.contains("error: "), code == 4, "exit code 4 says why: {self:?}");
        self
    }
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(dir) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The statements of the bodies below a directory, decisions and starts.
fn statements(dir: &Path) -> Vec<Value> {
    let bodies = files(dir).into_iter().filter(|path| path.to_string_lossy().contains("/bodies/sha256/"));
    let payload = |path: PathBuf| parse_envelope(&fs::read(path).unwrap()).unwrap().payload;
    bodies.map(|path| serde_json::from_slice(&payload(path)).unwrap()).collect()
}

fn extension<'v>(statement: &'v Value, name: &str) -> &'v Value {
    &statement["predicate"][format!("https://portcullis.dev/trail/v1/{name}")]
}

/// The decision among the statements of one run.
fn decision(dir: &Path) -> Value {
    let all = statements(dir);
    let decisions: Vec<_> = all.into_iter().filter(|s| !extension(s, "outcome").is_null()).collect();
    assert_eq!(decisions.len(), 1);
    decisions[0].clone()
}

const GITHUB: (&str, &str) = ("GITHUB_ACTIONS", "true");
const PUSH: (&str, &str) = ("GITHUB_EVENT_NAME", "push");

#[test]
fn the_first_run_makes_a_key_and_a_log_and_the_second_goes_on_with_them() {
    let scene = Scene::clean();
    let first = scene.check(&[]).is(0, "signed");
    assert_eq!((&first.record["index"], &first.record["start"]), (&1.into(), &0.into()));
    assert_eq!((&first.record["durable"], &first.record["meets_policy"]), (&true.into(), &true.into()));
    let vkey = first.record["verifier_key"].as_str().unwrap();
    assert!(first.err.contains(&format!("to verify the trail with: {vkey}\n")), "{}", first.err);
    let key = scene.at("home/.local/share/portcullis/trail.key");
    assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);

    let mut world = scene.world(&[]);
    world.luck.store(100, Ordering::SeqCst);
    let second = scene.check_in(&world, &[]).is(0, "signed");
    assert_eq!((&second.record["index"], &second.record["start"]), (&3.into(), &2.into()));
    assert_eq!((second.record["verifier_key"].as_str(), second.err.as_str()), (Some(vkey), ""));

    for trust in [&[][..], &["--key", vkey]] {
        let (code, said) = scene.verify(trust);
        assert!(code == 0 && said.contains("4 records") && !said.contains("no decision"), "{said}");
    }
}

#[test]
fn a_failed_and_an_incomplete_verdict_are_recorded_as_what_they_are() {
    let failed = Scene::with("fixtures/demo");
    failed.check(&[]).is(1, "signed");
    let statement = decision(&failed.at("home"));
    assert_eq!(statement["predicate"]["verificationResult"], "FAILED");
    assert_eq!(extension(&statement, "outcome"), "failed");
    let incomplete = Scene::clean();
    fs::write(incomplete.at("project/Cargo.lock"), "<<<<<<< HEAD\n").unwrap();
    incomplete.check(&[]).is(3, "signed");
    assert_eq!(extension(&decision(&incomplete.at("home")), "outcome"), "incomplete");
}

#[test]
fn a_key_file_that_is_named_is_never_made() {
    let scene = Scene::clean();
    let missing = scene.path("missing.key");
    let checked = scene.check(&["--key", &missing]).is(4, "failed");
    assert!(checked.err.contains("there is no signing key at") && checked.err.contains("keygen"), "{}", checked.err);
    assert!(!Path::new(&missing).exists() && files(&scene.at("home")).is_empty(), "nothing was made");
    let key = scene.key("made.key");
    scene.check(&["--key", &key]).is(0, "signed");
    assert!(!scene.at("home/.local/share/portcullis/trail.key").exists());
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_command_that_mends_it() {
    let scene = Scene::clean();
    let key = scene.key("ours.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let checked = scene.check(&["--key", &key]).is(4, "failed");
    assert!(checked.err.contains(&format!("help: chmod 600 {key}")), "{}", checked.err);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    scene.check(&["--key", &key]).is(0, "signed");
}

#[test]
fn a_key_in_the_environment_signs_and_an_empty_one_does_not() {
    let scene = Scene::clean();
    let pem = fs::read_to_string(scene.key("env.key")).unwrap();
    let run = |pem: &str, more: &[&str]| scene.check_in(&scene.world(&[("PORTCULLIS_KEY", pem)]), more);
    run(&pem, &["--key-from-env-unsafe"]).is(0, "signed");
    let empty = run(" ", &["--key-from-env-unsafe"]).is(4, "failed");
    assert!(empty.err.contains("PORTCULLIS_KEY"), "{}", empty.err);
    run("not a key", &["--key-from-env-unsafe"]).is(4, "failed");
    // Without the flag nobody looks there; the trail belongs to another key then.
    let other = run(&pem, &[]).is(4, "failed");
    assert!(other.err.contains("--key FILE") && other.err.contains("--trail PLACE"), "{}", other.err);
}

#[test]
fn without_a_home_the_places_have_to_be_named() {
    let scene = Scene::clean();
    let mut world = scene.world(&[]);
    world.vars.remove("HOME");
    let checked = scene.check_in(&world, &[]).is(4, "failed");
    assert!(checked.err.contains("--trail DIR") && checked.err.contains("--no-trail"), "{}", checked.err);
    let (trail, key) = (scene.path("log"), scene.key("named.key"));
    let checked = scene.check_in(&world, &["--trail", &trail]).is(4, "failed");
    assert!(checked.err.contains("--key FILE"), "{}", checked.err);
    scene.check_in(&world, &["--trail", &trail, "--key", &key]).is(0, "signed");
    scene.check_in(&world, &["--no-trail"]).is(0, "none");
}

#[test]
fn no_trail_writes_nothing_and_every_report_says_so() {
    let scene = Scene::clean();
    let target = scene.path("project");
    for format in ["human", "json", "sarif", "github", "junit"] {
        for more in [&[][..], &["-q"]] {
            let args = [&["check", "--no-trail", "--feed", "embedded", "--report", format, &target], more].concat();
            let (code, out, err) = scene.world(&[]).run(&args);
            assert_eq!((code, err.as_str()), (0, ""), "{format}");
            assert!(out.contains("--no-trail"), "{format}: {out}");
        }
    }
    let summary = scene.path("summary.md");
    let world = scene.world(&[("GITHUB_STEP_SUMMARY", &summary)]);
    assert_eq!(world.run(&["check", "--no-trail", "--feed", "embedded", "--report", "github", &target]).0, 0);
    assert!(fs::read_to_string(summary).unwrap().contains("Record: "));
    assert!(!scene.at("home").exists());
}

#[test]
fn flags_that_contradict_each_other_are_usage_errors_and_leave_no_start() {
    let scene = Scene::clean();
    let (target, key) = (scene.path("project"), scene.key("k"));
    for more in [
        &["--no-trail", "--trail", "x"][..],
        &["--no-trail", "--key", &key],
        &["--no-trail", "--key-from-env-unsafe"],
        &["--key", &key, "--key-from-env-unsafe"],
        &["--report", "json", "--report", "human"],
    ] {
        let args = [&["check", "--feed", "embedded"], more, &[&target]].concat();
        let (code, out, _) = scene.world(&[]).run(&args);
        assert_eq!((code, out.as_str()), (2, ""), "{more:?}");
    }
    assert!(!scene.at("home").exists());
}

#[test]
fn a_run_without_a_verdict_leaves_a_start_that_verification_names() {
    let scene = Scene::clean();
    let target = scene.path("project");
    let (code, out, err) = scene.world(&[]).run(&["check", "--feed", "embedded", "--base", "gone", &target]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let (code, said) = scene.verify(&[]);
    assert!(code == 0 && said.contains("record 0") && said.contains("no decision"), "{said}");
    // The next run decides, and the start of the first stays open.
    let mut world = scene.world(&[]);
    world.luck.store(100, Ordering::SeqCst);
    assert_eq!(scene.check_in(&world, &[]).is(0, "signed").record["index"], 2);
    let (code, said) = scene.verify(&[]);
    assert!(code == 0 && said.matches("no decision").count() == 1, "{said}");
}

#[test]
fn a_place_that_cannot_be_written_keeps_the_verdict_and_is_4() {
    for (fixture, own) in [("fixtures/clean", "passed"), ("fixtures/demo", "failed")] {
        let scene = Scene::with(fixture);
        fs::write(scene.at("file"), "").unwrap();
        let trail = scene.path("file");
        let checked = scene.check(&["--trail", &trail]).is(4, "failed");
        assert_eq!(checked.verdict, own);
        let trail = scene.path("dir");
        let code = if own == "passed" { 0 } else { 1 };
        scene.check(&["--trail", &trail]).is(code, "signed");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_4_though_the_record_says_passed() {
    let scene = Scene::clean();
    let lost = format!("sarif={}", scene.path("no/such/dir/out.sarif"));
    scene.check(&["--report", &lost]).is(4, "signed");
    let kept = format!("sarif={}", scene.path("out.sarif"));
    let mut world = scene.world(&[]);
    world.luck.store(100, Ordering::SeqCst);
    scene.check_in(&world, &["--report", &kept]).is(0, "signed");
}

#[test]
fn a_run_with_secrets_on_github_needs_a_key_whatever_the_verdict() {
    for fixture in ["fixtures/clean", "fixtures/demo"] {
        let scene = Scene::with(fixture);
        let own = if fixture.ends_with("clean") { 0 } else { 1 };
        let run = |vars: &[(&str, &str)], more: &[&str]| scene.check_in(&scene.world(vars), more);
        let checked = run(&[GITHUB, PUSH], &[]).is(4, "failed");
        for way in ["--key FILE", "--key-from-env-unsafe", "--no-trail"] {
            assert!(checked.err.contains(way), "{}", checked.err);
        }
        run(&[GITHUB, PUSH, ("PORTCULLIS_KEY", "")], &["--key-from-env-unsafe"]).is(4, "failed");
        assert!(!scene.at("home").exists(), "no key is made in CI");
        run(&[GITHUB, PUSH], &["--no-trail"]).is(own, "none");
        let key = scene.key("ci.key");
        let signed = run(&[GITHUB, PUSH], &["--key", &key]).is(own, "signed");
        assert_eq!(signed.record["durable"], false, "a directory ends with the job");
    }
}

/// The variables of a pull request and its event file, where head and base are these repositories.
fn pull_request(scene: &Scene, head: &str) -> Vec<(&'static str, String)> {
    let event = format!(
        r#"{{"pull_request":{{"head":{{"repo":{head}}},"base":{{"sha":"{}","repo":{{"id":1,"full_name":"o/n"}}}}}}}}"#,
        scene.git(&["rev-parse", "HEAD"])
    );
    fs::write(scene.at("event.json"), event).unwrap();
    vec![
        ("GITHUB_ACTIONS", "true".into()),
        ("GITHUB_EVENT_NAME", "pull_request".into()),
        ("GITHUB_EVENT_PATH", scene.path("event.json")),
        ("GITHUB_ACTOR", "octo".into()),
    ]
}

#[test]
fn a_pull_request_without_secrets_makes_a_proposal_and_one_with_secrets_needs_a_key() {
    let scene = Scene::clean().in_git();
    let own = r#"{"id":1,"full_name":"o/n"}"#;
    let cases = [
        (own, "octo", false),
        (own, "dependabot[bot]", true),
        (r#"{"id":2,"full_name":"x/n"}"#, "octo", true),
        (r#"{"id":1,"full_name":"x/n"}"#, "octo", true),
        ("null", "octo", true),
    ];
    for (head, actor, outside) in cases {
        let mut vars = pull_request(&scene, head);
        vars.push(("GITHUB_ACTOR", actor.into()));
        let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let checked = scene.check_in(&scene.world(&vars), &[]);
        if outside {
            let checked = checked.is(0, "proposal");
            let statement: Value = serde_json::from_str(checked.record["proposal"].as_str().unwrap()).unwrap();
            assert_eq!(statement["predicate"]["verificationResult"], "PASSED");
            assert!(extension(&statement, "start").is_null(), "there is no start in any log");
            // An empty secret is how the runner gives what it withholds.
            let empty = [&vars[..], &[("PORTCULLIS_KEY", "")]].concat();
            scene.check_in(&scene.world(&empty), &["--key-from-env-unsafe"]).is(0, "proposal");
            fs::write(scene.at("empty.key"), "").unwrap();
            fs::set_permissions(scene.at("empty.key"), fs::Permissions::from_mode(0o600)).unwrap();
            scene.check_in(&scene.world(&vars), &["--key", &scene.path("empty.key")]).is(0, "proposal");
        } else {
            checked.is(4, "failed");
        }
        assert!(!scene.at("home").exists());
    }
    // With a key it signs as every run does, and a key that is no key is not passed over.
    let vars = pull_request(&scene, "null");
    let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let bad = [&vars[..], &[("PORTCULLIS_KEY", "not a key")]].concat();
    scene.check_in(&scene.world(&bad), &["--key-from-env-unsafe"]).is(4, "failed");
    let key = scene.key("ci.key");
    scene.check_in(&scene.world(&vars), &["--key", &key]).is(0, "signed");
}

#[test]
fn a_proposal_keeps_the_exit_code_of_the_verdict() {
    let scene = Scene::with("fixtures/demo");
    let vars = [GITHUB, PUSH, ("GITHUB_ACTOR", "dependabot[bot]")];
    scene.check_in(&scene.world(&vars), &[]).is(1, "proposal");
    let target = scene.path("project");
    for format in ["human", "sarif", "github", "junit"] {
        let args = ["check", "--feed", "embedded", "--report", format, &target];
        let (code, out, _) = scene.world(&vars).run(&args);
        let said = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 1 && said.contains("not signed: proposal only"), "{format}: {out}");
    }
    // The same push by a person has secrets.
    scene.check_in(&scene.world(&[GITHUB, PUSH, ("GITHUB_ACTOR", "octo")]), &[]).is(4, "failed");
    // And an event of the base repository does, whoever caused it.
    let vars = [GITHUB, ("GITHUB_EVENT_NAME", "schedule"), ("GITHUB_ACTOR", "dependabot[bot]")];
    scene.check_in(&scene.world(&vars), &[]).is(4, "failed");
}

#[test]
fn on_gitlab_a_protected_ref_needs_a_key_and_others_make_a_proposal() {
    let scene = Scene::clean();
    let run = |vars: &[(&str, &str)]| {
        let all = [&[("GITLAB_CI", "true")], vars].concat();
        scene.check_in(&scene.world(&all), &[])
    };
    let protected = ("CI_COMMIT_REF_PROTECTED", "true");
    run(&[protected]).is(4, "failed");
    run(&[("CI_COMMIT_REF_PROTECTED", "false")]).is(0, "proposal");
    run(&[]).is(0, "proposal");
    let (source, target) = ("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID");
    run(&[protected, (source, "2"), (target, "1")]).is(0, "proposal");
    run(&[protected, (target, "1")]).is(0, "proposal");
    run(&[protected, (source, "1"), (target, "1")]).is(4, "failed");
    assert!(!scene.at("home").exists());
}

#[test]
fn another_ci_makes_a_key_and_its_directory_is_ephemeral() {
    for (ci, durable) in [("true", false), ("1", false), ("false", true), ("", true)] {
        let scene = Scene::clean();
        let checked = scene.check_in(&scene.world(&[("CI", ci)]), &[]).is(0, "signed");
        assert_eq!(checked.record["durable"], durable, "CI={ci:?}");
        let runner = if durable { "local" } else { "other-ci" };
        assert_eq!(extension(&decision(&scene.at("home")), "run")["runner"], runner);
    }
}

#[test]
fn a_durable_trail_that_the_policy_asks_for_outlives_the_run_or_the_run_ends_with_4() {
    let scene = Scene::clean();
    scene.policy("[trail]\ndurable = true\n");
    let (key, remote) = (scene.key("ci.key"), scene.path("remote.git"));
    fs::create_dir_all(&remote).unwrap();
    let made = Command::new("git").args(["init", "-q", "--bare", &remote]).status().unwrap();
    assert!(made.success());
    let remote = format!("git:{remote}");
    let ci = [GITHUB, PUSH];
    let run = |vars: &[(&str, &str)], more: &[&str]| scene.check_in(&scene.world(vars), more);

    let local = run(&[], &["--key", &key]).is(0, "signed");
    assert_eq!(local.record["meets_policy"], true, "a directory of one's own is kept");
    let ephemeral = run(&ci, &["--key", &key, "--trail", &scene.path("log")]).is(4, "signed");
    assert_eq!((&ephemeral.record["durable"], &ephemeral.record["meets_policy"]), (&false.into(), &false.into()));
    assert!(ephemeral.err.contains("--trail git:REMOTE"), "{}", ephemeral.err);
    let kept = run(&ci, &["--key", &key, "--trail", &remote]).is(0, "signed");
    assert_eq!((&kept.record["durable"], &kept.record["meets_policy"]), (&true.into(), &true.into()));
    let (code, said) = scene.verify(&["--trail", &remote, "--key", kept.record["verifier_key"].as_str().unwrap()]);
    assert!(code == 0 && said.contains("2 records"), "{said}");

    for vars in [&[][..], &ci] {
        let none = run(vars, &["--no-trail"]).is(4, "none");
        assert_eq!(none.record["meets_policy"], false);
    }
    let keyless = run(&ci, &["--trail", &remote]).is(4, "failed");
    assert_eq!(keyless.record["meets_policy"], false);
    // Exempt: a run that is given no key can do no more.
    let vars = [GITHUB, PUSH, ("GITHUB_ACTOR", "dependabot[bot]")];
    assert_eq!(run(&vars, &[]).is(0, "proposal").record["meets_policy"], true);

    scene.policy("[trail]\ndurable = false\n");
    run(&ci, &["--key", &key, "--trail", &scene.path("log")]).is(0, "signed");
    run(&ci, &["--no-trail"]).is(0, "none");
}

#[test]
fn a_change_cannot_switch_durability_off_for_itself() {
    let scene = Scene::clean();
    scene.policy("[trail]\ndurable = true\n");
    let scene = scene.in_git();
    scene.policy("[trail]\ndurable = false\n");
    scene.commit();
    scene.check(&["--no-trail", "--base", "HEAD~1"]).is(4, "none");
    scene.check(&["--no-trail", "--base", "HEAD"]).is(0, "none");
}

#[test]
fn the_record_names_the_commit_where_the_judged_files_are_those_of_the_commit() {
    let judge = |change: &dyn Fn(&Scene)| {
        let scene = Scene::clean();
        fs::create_dir(scene.at("project/tools")).unwrap();
        fs::copy(scene.at("project/Cargo.lock"), scene.at("project/tools/Cargo.lock")).unwrap();
        let scene = scene.in_git();
        change(&scene);
        assert!(scene.check(&[]).is(0, "signed").err.starts_with("note: "));
        let statement = decision(&scene.at("home"));
        let commit = scene.git(&["rev-parse", "HEAD"]);
        assert_eq!(extension(&statement, "source")["commit"], commit.as_str());
        assert_eq!(extension(&statement, "ref"), "refs/heads/main");
        let dirty = extension(&statement, "source")["dirty"].as_bool().unwrap();
        let named =
            statement["subject"].as_array().unwrap().iter().any(|s| s["digest"]["gitCommit"] == commit.as_str());
        assert_eq!(named, !dirty);
        let inputs: Vec<_> =
            statement["subject"].as_array().unwrap().iter().filter_map(|s| s["name"].as_str()).collect();
        assert!(inputs.contains(&"Cargo.lock"), "{inputs:?}");
        dirty
    };
    let lock = |scene: &Scene, path: &str| {
        let text = fs::read_to_string(scene.at("project/Cargo.lock")).unwrap();
        fs::write(scene.at("project").join(path), format!("{text}\n# changed\n")).unwrap();
    };
    assert!(!judge(&|_| {}));
    assert!(!judge(&|scene| fs::write(scene.at("project/notes"), "x").unwrap()), "it is not judged");
    assert!(judge(&|scene| lock(scene, "Cargo.lock")), "another content");
    assert!(judge(&|scene| lock(scene, "new.Cargo.lock")), "not in the commit");
    assert!(judge(&|scene| fs::remove_file(scene.at("project/tools/Cargo.lock")).unwrap()), "gone");
    assert!(judge(&|scene| {
        scene.git(&["rm", "-q", "tools/Cargo.lock"]);
    }));
}

#[test]
fn who_and_where_come_from_the_ci_environment_else_from_git() {
    let scene = Scene::clean().in_git();
    scene.git(&["remote", "add", "origin", "git@example.com:o/n.git"]);
    fs::create_dir_all(scene.at("home")).unwrap();
    fs::write(scene.at("home/.gitconfig"), "[user]\n\tname = Octo Person\n\temail = canary@canary.example\n").unwrap();
    scene.check(&["--trail", &scene.path("local")]).is(0, "signed");
    let statement = decision(&scene.at("local"));
    assert_eq!(
        *extension(&statement, "initiator"),
        serde_json::json!({ "name": "Octo Person", "known-by": "git-user" })
    );
    assert_eq!(extension(&statement, "run")["repository"], "ssh://example.com/o/n.git");
    assert_eq!(extension(&statement, "trigger"), "manual");
    assert_eq!(extension(&statement, "tool")["sha256"].as_str().unwrap().len(), 64);

    let key = scene.key("ci.key");
    let vars = [
        GITHUB,
        PUSH,
        ("GITHUB_ACTOR", "octo-login"),
        ("GITHUB_SERVER_URL", "https://example.com"),
        ("GITHUB_REPOSITORY", "o/n"),
        ("GITHUB_REF", "refs/heads/x"),
        ("GITHUB_RUN_ID", "4711"),
        ("GITHUB_RUN_ATTEMPT", "3"),
        ("RUNNER_ENVIRONMENT", "github-hosted"),
    ];
    scene.check_in(&scene.world(&vars), &["--key", &key, "--trail", &scene.path("github")]).is(0, "signed");
    let all = statements(&scene.at("github"));
    assert_eq!(all.len(), 2);
    for statement in &all {
        assert_eq!(extension(statement, "initiator")["name"], "octo-login");
        assert_eq!(extension(statement, "initiator")["known-by"], "ci-environment");
        let run = serde_json::json!({
            "repository": "https://example.com/o/n", "id": "4711", "attempt": 3, "runner": "github-hosted"
        });
        assert_eq!(*extension(statement, "run"), run);
        assert_eq!(
            (extension(statement, "ref"), extension(statement, "trigger")),
            (&"refs/heads/x".into(), &"push".into())
        );
    }

    let vars = [
        ("GITLAB_CI", "true"),
        ("GITLAB_USER_LOGIN", "tanuki"),
        ("CI_PROJECT_URL", "https://gitlab.example/o/n"),
        ("CI_JOB_ID", "99"),
        ("CI_PIPELINE_SOURCE", "schedule"),
        ("CI_COMMIT_TAG", "v1"),
    ];
    scene.check_in(&scene.world(&vars), &["--key", &key, "--trail", &scene.path("gitlab")]).is(0, "signed");
    let statement = decision(&scene.at("gitlab"));
    assert_eq!(extension(&statement, "initiator")["name"], "tanuki");
    assert_eq!(extension(&statement, "run")["id"], "99");
    assert_eq!(
        (extension(&statement, "ref"), extension(&statement, "trigger")),
        (&"refs/tags/v1".into(), &"schedule".into())
    );
}

#[test]
fn no_planted_canary_is_in_any_byte_that_is_written_to_a_store() {
    let scene = Scene::with("fixtures/demo");
    // The home, the checkout and the log lie below a directory that must not be named.
    let home = scene.at("canary-home");
    fs::create_dir_all(&home).unwrap();
    fs::rename(scene.at("project"), home.join("project")).unwrap();
    std::os::unix::fs::symlink(home.join("project"), scene.at("project")).unwrap();
    let scene = scene.in_git();
    scene.git(&["remote", "add", "origin", "https://canary-user:canary-token@example.com/o/n.git?canary-query"]);
    fs::write(
        home.join(".gitconfig"),
        "[user]\n\tname = Octo <canary@canary.example>\n\temail = canary@canary.example\n",
    )
    .unwrap();
    // A gap that speaks of a path, and a policy by its absolute name.
    fs::create_dir(home.join("project/broken")).unwrap();
    fs::write(home.join("project/broken/Cargo.lock"), "canary-content\n").unwrap();
    fs::write(home.join("policy.toml"), "version = 1\n").unwrap();
    let bare = scene.path("remote.git");
    assert!(Command::new("git").args(["init", "-q", "--bare", &bare]).status().unwrap().success());
    let vars = [
        ("HOME", home.to_str().unwrap()),
        ("USER", "canary-login"),
        ("LOGNAME", "canary-login"),
        ("HOSTNAME", "canary-host"),
        ("EMAIL", "canary@canary.example"),
        ("GIT_AUTHOR_EMAIL", "canary@canary.example"),
        ("DEPLOY_TOKEN", "canary-secret"),
        ("GITHUB_TOKEN", "canary-secret"),
    ];
    let mut world = scene.world(&vars);
    world.cwd = home.clone();
    let policy = home.join("policy.toml").display().to_string();
    let target = home.join("project").display().to_string();
    for place in [scene.path("log"), format!("git:{bare}")] {
        let args = ["check", "--feed", "embedded", "--policy", &policy, "--trail", &place, &target];
        let (code, out, err) = world.run(&args);
        assert_eq!(code, 1, "{out}{err}");
    }
    let key = fs::read(home.join(".local/share/portcullis/trail.key")).unwrap();
    let mut written: Vec<(String, Vec<u8>)> =
        files(&scene.at("log")).iter().map(|path| (path.display().to_string(), fs::read(path).unwrap())).collect();
    assert!(written.len() > 8, "the log was written");
    let reader = scene.world(&vars);
    let place = Place::parse(&format!("git:{bare}")).unwrap();
    let store = place.open(&reader).unwrap();
    let paths = store.list().unwrap();
    assert!(paths.len() > 5, "{paths:?}");
    for (path, bytes) in paths.iter().zip(store.read_many(&paths).unwrap()) {
        written.push((path.clone(), bytes.unwrap()));
    }
    let log = Command::new("git").args(["-C", &bare, "log", "--format=raw", "refs/portcullis/trail"]).output().unwrap();
    assert!(log.status.success());
    written.push(("the commits".into(), log.stdout));
    let mut bodies = 0;
    for (path, bytes) in &written {
        let mut texts = vec![bytes.clone()];
        if let Ok(envelope) = parse_envelope(bytes) {
            bodies += 1;
            texts.push(envelope.payload);
        }
        for text in texts {
            let text = String::from_utf8_lossy(&text);
            for canary in ["canary", "@", scene.dir.path().to_str().unwrap()] {
                // `@` stands in the resource's address before the commit, and nowhere else.
                let text = text.replace("o/n.git@", "").replace("h2@0", "");
                assert!(!text.contains(canary), "{canary:?} in {path}: {text}");
            }
        }
        assert!(!bytes.windows(40).any(|part| key.windows(40).any(|secret| part == secret)), "the key in {path}");
    }
    assert_eq!(bodies, 4);
}

#[test]
fn a_log_of_another_key_is_not_signed_over() {
    let scene = Scene::clean();
    let (trail, one, two) = (scene.path("log"), scene.key("one.key"), scene.key("two.key"));
    scene.check(&["--trail", &trail, "--key", &one]).is(0, "signed");
    scene.check(&["--trail", &trail, "--key", &two]).is(4, "failed");
    let mut world = scene.world(&[]);
    world.luck.store(100, Ordering::SeqCst);
    assert_eq!(scene.check_in(&world, &["--trail", &trail, "--key", &one]).is(0, "signed").record["index"], 3);
}

#[test]
fn each_checkout_has_a_log_of_its_own_and_its_subdirectories_share_it() {
    let scene = Scene::clean().in_git();
    fs::create_dir(scene.at("project/tools")).unwrap();
    fs::copy(scene.at("project/Cargo.lock"), scene.at("project/tools/Cargo.lock")).unwrap();
    let logs = || fs::read_dir(scene.at("home/.local/state/portcullis/trail")).unwrap().count();
    let run = |target: &str, luck: u8| {
        let world = scene.world(&[]);
        world.luck.store(luck, Ordering::SeqCst);
        let (_, out, err) = world.run(&["check", "--feed", "embedded", "--report", "json", &scene.path(target)]);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}{err}"));
        assert_eq!(report["record"]["state"], "signed", "{err}");
    };
    run("project", 10);
    run("project/tools", 60);
    run("project/Cargo.lock", 110);
    assert_eq!(logs(), 1);
    fs::create_dir(scene.at("other")).unwrap();
    fs::copy(scene.at("project/Cargo.lock"), scene.at("other/Cargo.lock")).unwrap();
    run("other", 160);
    assert_eq!(logs(), 2);
}

#[test]
fn other_commands_record_nothing() {
    let scene = Scene::with("fixtures/demo");
    let target = scene.path("project");
    for args in [&["explain", "RUSTSEC-2021-0003", "--feed", "embedded", &target][..], &["why", "h2", &target]] {
        scene.world(&[]).run(args);
        assert!(!scene.at("home").exists(), "{args:?}");
    }
}

#[test]
fn the_store_of_the_tests_is_that_of_the_program() {
    // A reader of the real machine sees what the double wrote: nothing of the record depends on the double.
    let scene = Scene::clean();
    let trail = scene.path("log");
    scene.check(&["--trail", &trail]).is(0, "signed");
    let place = Place::parse(&trail).unwrap();
    assert!(place.open(&RealSys).unwrap().checkpoint().unwrap().is_some());
}
