//! The record of a check from end to end: keys, places, what it says of who, where and which commit, and what each report
//! says of it. The verdict never depends on it. CI is in `recording_ci`.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests build their checkouts with plain files and the plain git program, and what fails should fail loudly"
)]

mod recording_support;
mod support;

use portcullis::sign::dsse::parse_envelope;
use portcullis::sys::RealSys;
use portcullis::trail::Place;
use recording_support::{Scene, decision, extension, files, statements};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

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

    let second = scene.check(&[]).is(0, "signed");
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
    let (trail, key) = (scene.path("log"), scene.key("named.key"));
    for (named, missing) in
        [(&[][..], "--key FILE"), (&["--trail", &trail], "--key FILE"), (&["--key", &key], "--trail DIR")]
    {
        let checked = scene.check_in(&world, named).is(4, "failed");
        let ways = checked.err.contains(missing) && checked.err.contains("--no-trail");
        assert!(ways, "{named:?}: {}", checked.err);
    }
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
    assert_eq!(scene.check(&[]).is(0, "signed").record["index"], 2);
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
        assert!(checked.err.contains("BEGIN PUBLIC KEY"), "a key was made, and is shown: {}", checked.err);
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
    scene.check(&["--report", &kept]).is(0, "signed");
}

#[test]
fn every_report_says_the_exit_code_that_the_run_ends_with() {
    let scene = Scene::clean();
    fs::write(scene.at("file"), "").unwrap();
    let (good, bad, lost) = (scene.path("log"), scene.path("file"), format!("junit={}", scene.path("no/dir/out.xml")));
    let target = scene.path("project");
    let reports = ["json", "sarif", "human"].map(|format| format!("{format}={}", scene.path(format)));
    for (trail, lost, code) in [(&good, None, 0), (&bad, None, 4), (&good, Some(&lost), 4)] {
        let summary = scene.path("summary.md");
        fs::write(&summary, "").unwrap();
        let mut args = vec!["check", "--feed", "embedded", "--trail", trail, "--report", "github"];
        args.extend(reports.iter().chain(lost).flat_map(|report| ["--report", report.as_str()]));
        args.push(&target);
        let (ended, out, err) = scene.world(&[("GITHUB_STEP_SUMMARY", &summary)]).run(&args);
        assert_eq!(ended, code, "{err}");
        let read = |name: &str| fs::read_to_string(scene.at(name)).unwrap();
        let json: Value = serde_json::from_str(&read("json")).unwrap();
        assert_eq!((&json["verdict"], &json["exit_code"]), (&"passed".into(), &code.into()));
        let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
        let invocation = &sarif["runs"][0]["invocations"][0];
        assert_eq!(invocation["exitCode"], code);
        assert_eq!(invocation["executionSuccessful"], code == 0);
        let headline = read("summary.md").lines().next().unwrap().to_owned();
        let missing = if lost.is_some() { "not all of it was written" } else { "not recorded" };
        if code == 0 {
            assert!(headline.starts_with("## ✅ Portcullis passed") && !out.contains("exit code"), "{headline}{out}");
        } else {
            assert!(headline.starts_with(&format!("## ❌ Portcullis {missing} ")), "{headline}");
            assert!(out.ends_with("(exit code 4); the verdict is passed: no finding blocks\n"), "{out}");
            assert!(read("human").contains(&format!("{missing}: exit code 4")), "{}", read("human"));
        }
    }
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
        for bytes in texts {
            let text = String::from_utf8_lossy(&bytes);
            for canary in ["canary", scene.dir.path().to_str().unwrap()] {
                assert!(!text.contains(canary), "{canary:?} in {path}: {text}");
            }
            // In text `@` stands in the resource's address before the commit, and nowhere else. Hashes are not text.
            let is_address = std::str::from_utf8(&bytes).is_ok_and(|text| text.replace("o/n.git@", "").contains('@'));
            assert!(!is_address, "an address in {path}: {text}");
        }
        assert!(!bytes.windows(40).any(|part| key.windows(40).any(|secret| part == secret)), "the key in {path}");
    }
    assert_eq!(bodies, 4);
}

#[test]
fn no_planted_canary_is_in_any_report_of_a_run_that_was_not_recorded() {
    let scene = Scene::clean();
    let home = scene.at("canary home");
    fs::create_dir_all(home.join(".local")).unwrap();
    let target = scene.path("project");
    let vars = [("HOME", home.to_str().unwrap()), ("HOSTNAME", "canary-host")];
    let formats = ["human", "json", "sarif", "junit", "codequality", "github"];
    let reports = formats.map(|format| format!("--report={format}={}", scene.path(format)));
    let key = home.join("no canary-host.key").display().to_string();
    let remote = "git:https://canary-user:canary-token@127.0.0.1:9/o/n".to_owned();
    // A file stands where the state of the user would be; a key is not there; a remote does not answer.
    fs::write(home.join(".local/state"), "").unwrap();
    for more in [&[][..], &["--key", &key], &["--trail", &remote]] {
        let summary = scene.path("summary.md");
        fs::write(&summary, "").unwrap();
        let mut args = vec!["check", "--feed", "embedded", "-v"];
        args.extend(reports.iter().map(String::as_str).chain(more.iter().copied()));
        args.push(&target);
        let mut world = scene.world(&vars);
        world.vars.insert("GITHUB_STEP_SUMMARY".into(), summary);
        let (code, out, err) = world.run(&args);
        assert_eq!((code, out.as_str()), (4, ""), "{err}");
        assert_eq!(err.contains("canary"), more != ["--trail", &remote], "standard error says paths whole: {err}");
        for report in formats.iter().chain(&["summary.md"]) {
            let text = fs::read_to_string(scene.at(report)).unwrap();
            assert!(!text.contains("canary"), "{more:?} {report}: {text}");
            assert!(!text.contains(scene.dir.path().to_str().unwrap()), "{more:?} {report}: {text}");
        }
    }
}

#[test]
fn a_log_of_another_key_is_not_signed_over() {
    let scene = Scene::clean();
    let (trail, one, two) = (scene.path("log"), scene.key("one.key"), scene.key("two.key"));
    scene.check(&["--trail", &trail, "--key", &one]).is(0, "signed");
    scene.check(&["--trail", &trail, "--key", &two]).is(4, "failed");
    assert_eq!(scene.check(&["--trail", &trail, "--key", &one]).is(0, "signed").record["index"], 3);
}

#[test]
fn a_log_survives_a_change_of_its_key_and_the_old_one_is_believed_for_what_it_signed() {
    let scene = Scene::clean();
    let (trail, one, two) = (scene.path("log"), scene.key("one.key"), scene.key("two.key"));
    let check = |key: &str, more: &[&str]| scene.check(&[&["--trail", &trail, "--key", key], more].concat());
    let old = check(&one, &[]).is(0, "signed").record["verifier_key"].as_str().unwrap().to_owned();
    let (early, on_time) = (format!("1={old}"), format!("2={old}"));
    check(&two, &[]).is(4, "failed");
    check(&two, &["--old-key", &early]).is(4, "failed");
    let signed = check(&two, &["--old-key", &on_time]).is(0, "signed");
    assert_eq!(signed.record["index"], 3);
    check(&two, &[]).is(0, "signed"); // the old key is needed once
    check(&one, &[]).is(4, "failed");
    let new = signed.record["verifier_key"].as_str().unwrap();
    let verify = |more: &[&str]| scene.verify(&[&["--trail", trail.as_str(), "--key", new], more].concat());
    let (code, said) = verify(&["--old-key", &on_time]);
    assert!(code == 0 && said.contains("6 records"), "{said}");
    for (keys, records) in [(&[][..], 2), (&["--old-key", &early], 1), (&["--old-key", &format!("0={old}")], 2)] {
        let (code, said) = verify(keys);
        assert!(code == 1 && said.matches("problem: record ").count() == records, "{said}");
    }
    // Whoever has the old key signs nothing new with it: neither a record nor a checkpoint.
    let other = scene.path("other");
    let public = portcullis::sign::SigningKey::from_pem(&fs::read(&one).unwrap(), "x").unwrap().public().to_pem();
    fs::write(scene.at("public.pem"), public).unwrap();
    for key in [&one, &one] {
        scene.check(&["--trail", &other, "--key", key]).is(0, "signed");
    }
    let (code, said) =
        scene.verify(&["--trail", &other, "--key", new, "--old-key", &format!("3={}", scene.path("public.pem"))]);
    assert!(code == 1 && said.contains("the checkpoint is not to be believed"), "{said}");
    let (code, said) =
        scene.verify(&["--trail", &other, "--key", new, "--old-key", &format!("4={}", scene.path("public.pem"))]);
    assert_eq!(code, 0, "{said}");
    for bad in ["2", "x=y", "=y", "-1=y"] {
        assert_eq!(verify(&["--old-key", bad]).0, 2);
    }
}

#[test]
fn each_checkout_has_a_log_of_its_own_and_its_subdirectories_share_it() {
    let scene = Scene::clean().in_git();
    fs::create_dir(scene.at("project/tools")).unwrap();
    fs::copy(scene.at("project/Cargo.lock"), scene.at("project/tools/Cargo.lock")).unwrap();
    let logs = || fs::read_dir(scene.at("home/.local/state/portcullis/trail")).unwrap().count();
    let run = |target: &str| {
        let (_, out, err) =
            scene.world(&[]).run(&["check", "--feed", "embedded", "--report", "json", &scene.path(target)]);
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}{err}"));
        assert_eq!(report["record"]["state"], "signed", "{err}");
    };
    run("project");
    run("project/tools");
    run("project/Cargo.lock");
    assert_eq!(logs(), 1);
    fs::create_dir(scene.at("other")).unwrap();
    fs::copy(scene.at("project/Cargo.lock"), scene.at("other/Cargo.lock")).unwrap();
    run("other");
    assert_eq!(logs(), 2);
}

#[test]
fn checkouts_whose_paths_differ_only_in_bytes_that_are_no_text_have_logs_of_their_own() {
    use std::os::unix::ffi::OsStrExt;
    let scene = Scene::clean();
    let places = [&b"a\xfe"[..], b"a\xff", b"a"].map(|name| {
        let dir = scene.dir.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir(&dir).unwrap();
        Place::default_of(&scene.world(&[]), &dir)
    });
    let [one, two, three] = places;
    assert!(one.is_ok() && one != two && two != three && one != three, "{one:?} {two:?} {three:?}");
}

#[test]
fn the_trail_and_what_is_said_of_a_missing_record_fit_a_narrow_terminal_and_stay_whole_for_programs() {
    let scene = Scene::clean().in_git();
    let trail = scene.path("log");
    let vars = [("CI", "true")];
    let run = |width: Option<u16>, args: &[&str]| {
        let mut world = scene.world(&vars);
        world.width = width;
        world.cwd = scene.at("project");
        let (_, out, err) = world.run(args);
        out + &err
    };
    run(None, &["check", "--feed", "embedded", "--base", "gone", "--trail", &trail, "."]);
    run(None, &["check", "--feed", "embedded", "--trail", &trail, "."]);
    let fits = |text: &str| text.lines().all(|line| line.chars().count() <= 60 || !line.trim().contains(' '));
    for args in [
        &["trail", "show", "--trail", &trail][..],
        &["trail", "verify", "--trail", &trail],
        &[
            "trail",
            "show",
            "#99999999999999",
            "--trail",
            "there-is-no-trail-here",
            "--key",
            "there is no such key of anybody",
        ],
        &["check", "--feed", "embedded", "--color=never", "--trail", "git:x", "."],
    ] {
        let (narrow, whole) = (run(Some(60), args), run(None, args));
        assert!(fits(&narrow) && !fits(&whole), "{args:?}\n{narrow}\n{whole}");
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert!(words(&narrow) == words(&whole), "{args:?}\n{narrow}\n{whole}");
    }
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

#[test]
fn a_commit_that_is_judged_is_the_subject_whatever_lies_in_the_work_tree() {
    let scene = Scene::clean().in_git();
    let old = scene.git(&["rev-parse", "HEAD"]);
    let tree = scene.git(&["rev-parse", "HEAD^{tree}"]);
    fs::write(scene.at("project/Cargo.lock"), "broken").unwrap();
    scene.commit();
    scene.check(&["--commit", "HEAD~1"]).is(0, "signed");
    let statement = decision(&scene.at("home"));
    let source = serde_json::json!({ "commit": old, "tree": tree, "dirty": false });
    assert_eq!(*extension(&statement, "source"), source);
    assert_eq!(statement["subject"][0]["digest"]["gitCommit"], old.as_str());
    assert!(extension(&statement, "ref").is_null(), "no branch is at that commit");
}

#[test]
fn the_hook_records_what_it_judged_and_says_that_it_was_a_push() {
    let scene = Scene::clean().in_git();
    let commit = scene.git(&["rev-parse", "HEAD"]);
    let mut world = scene.world(&[]);
    world.cwd = scene.at("project");
    world.stdin = format!("refs/heads/main {commit} refs/heads/main {}\n", "0".repeat(40)).into_bytes();
    let (code, out, err) = world.run(&["hook", "run", "pre-push", "--feed", "embedded", "origin"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("record    #1 in the trail, signed"), "{out}");
    let statement = decision(&scene.at("home"));
    assert_eq!(extension(&statement, "trigger"), "pre-push");
    assert_eq!(extension(&statement, "source")["commit"], commit.as_str());
    let (code, out, err) = world.run(&["hook", "run", "pre-push", "--no-trail", "--feed", "embedded", "origin"]);
    assert!(code == 0 && out.contains("--no-trail"), "{out}{err}");
}
