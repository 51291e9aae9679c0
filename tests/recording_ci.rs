//! The record of a check in CI: which runs need a key, which make a proposal, and what a durable trail is.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the tests build their checkouts with plain files and the plain git program, and what fails should fail loudly"
)]

mod recording_support;
mod support;

use recording_support::{Scene, decision, extension};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use support::project;

const GITHUB: (&str, &str) = ("GITHUB_ACTIONS", "true");
const PUSH: (&str, &str) = ("GITHUB_EVENT_NAME", "push");

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
            let mistyped = scene.check_in(&scene.world(&vars), &["--key", &scene.path("emtpy.key")]).is(4, "failed");
            assert!(mistyped.err.contains("there is no signing key at "), "{}", mistyped.err);
        } else {
            checked.is(4, "failed");
        }
        assert!(!scene.at("home").exists());
    }
    // It needs no place either.
    let vars = pull_request(&scene, "null");
    let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut homeless = scene.world(&vars);
    homeless.vars.remove("HOME");
    scene.check_in(&homeless, &[]).is(0, "proposal");
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
        assert!(
            code == 1 && said.contains("its proposal is written to nothing: there is no JSON report"),
            "{format}: {out}"
        );
        let json = format!("json={}", scene.path("out.json"));
        let (code, out, _) = scene.world(&vars).run(&[&args[..], &["--report", &json]].concat());
        let said = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 1 && said.contains("not signed: proposal only, in the JSON report"), "{format}: {out}");
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
fn a_run_is_found_by_its_number_also_where_the_machine_is_named_like_it() {
    let scene = Scene::clean();
    let key = scene.key("ci.key");
    let vars = [GITHUB, PUSH, ("GITHUB_RUN_ID", "47114711"), ("HOSTNAME", "4711")];
    let trail = scene.path("log");
    let signed = scene.check_in(&scene.world(&vars), &["--key", &key, "--trail", &trail]).is(0, "signed");
    let args =
        ["trail", "show", "47114711", "--trail", &trail, "--key", signed.record["verifier_key"].as_str().unwrap()];
    let (code, out, err) = scene.world(&[]).run(&args);
    assert!(code == 0 && out.contains("run 47114711/1"), "{out}{err}");
}

#[test]
fn a_run_or_an_attempt_that_is_no_number_is_refused_and_not_taken_for_the_first() {
    let scene = Scene::clean();
    let key = scene.key("ci.key");
    let run = |name: &str, value: &str, code: u8, state: &str| {
        let trail = scene.path(&format!("log-{name}-{code}"));
        let ci = if name == "CI_JOB_ID" { ("GITLAB_CI", "true") } else { GITHUB };
        let vars = [ci, PUSH, (name, value)];
        scene.check_in(&scene.world(&vars), &["--key", &key, "--trail", &trail]).is(code, state)
    };
    for (name, most) in [
        ("GITHUB_RUN_ID", "18446744073709551615"),
        ("CI_JOB_ID", "18446744073709551615"),
        ("GITHUB_RUN_ATTEMPT", "4294967295"),
    ] {
        run(name, most, 0, "signed");
        for value in ["18446744073709551616", "0", "x", "+1", "1 ", "-1"] {
            let refused = run(name, value, 4, "failed");
            assert!(refused.err.contains(&format!("{name} is not a number from 1 to {most}")), "{}", refused.err);
        }
    }
    run("GITHUB_RUN_ATTEMPT", "", 0, "signed");
}

#[test]
fn another_ci_makes_a_key_and_its_directory_is_ephemeral() {
    // Empty and `false` are one: no CI, as without the variable.
    let cases = [(None, true), (Some(""), true), (Some("false"), true), (Some("true"), false), (Some("1"), false)];
    for (ci, durable) in cases {
        let scene = Scene::clean();
        let vars: Vec<_> = ci.map(|ci| ("CI", ci)).into_iter().collect();
        let checked = scene.check_in(&scene.world(&vars), &[]).is(0, "signed");
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
    assert!(!keyless.err.contains("--no-trail"), "under this policy it is no way out: {}", keyless.err);
    // Excused: a run that is given no key can do no more. It is said.
    let vars = [GITHUB, PUSH, ("GITHUB_ACTOR", "dependabot[bot]")];
    assert_eq!(run(&vars, &[]).is(0, "proposal").record["meets_policy"], false);
    let human = scene.world(&vars).run(&["check", "--feed", "embedded", &scene.path("project")]);
    let said = human.1.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        human.0 == 0 && said.contains("the policy asks for a durable one, and excuses a run without a key"),
        "{said}"
    );

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
fn an_encrypted_key_of_the_repository_signs_with_its_identity_and_without_it_a_fork_makes_a_proposal() {
    let scene = Scene::clean();
    let age = |name: &str| fs::read(project("fixtures/age").join(name)).unwrap();
    fs::write(scene.at("key.age"), age("recipient.age")).unwrap();
    fs::set_permissions(scene.at("key.age"), fs::Permissions::from_mode(0o644)).unwrap();
    let identity = scene.path("identity");
    let run = |actor: &str| {
        let vars = [GITHUB, PUSH, ("GITHUB_ACTOR", actor)];
        scene.check_in(&scene.world(&vars), &["--key", &scene.path("key.age"), "--key-identity", &identity])
    };
    // A file that is not there may be a name that was mistyped; an empty one is a secret that is withheld.
    run("dependabot[bot]").is(4, "failed");
    run("octo").is(4, "failed");
    fs::write(&identity, "").unwrap();
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o600)).unwrap();
    run("dependabot[bot]").is(0, "proposal");
    run("octo").is(4, "failed");
    fs::write(&identity, age("identity")).unwrap();
    run("octo").is(0, "signed");
    fs::set_permissions(&identity, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = run("octo").is(4, "failed");
    assert!(exposed.err.contains(&format!("chmod 600 {identity}")), "{}", exposed.err);
    run("dependabot[bot]").is(4, "failed"); // it is given a key
}
