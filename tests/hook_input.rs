//! What the pre-push hook is told: by git, by others in git's place, and by the pre-commit framework.
#![expect(
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "the tests work on their checkouts behind the back of the program, and a failure there ends the test"
)]

mod hook_support;
mod support;

use hook_support::{BAD, Desk, GOOD, PROGRAM, ZERO, env, feeds, said};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;

#[test]
fn a_remote_commit_that_this_clone_does_not_have_is_told_and_never_excuses() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    let bad = desk.commit();
    let unknown = "1".repeat(40);
    let line = format!("refs/heads/main {bad} refs/heads/main {unknown}\n");
    let (code, said) = desk.hook(&["origin", "url"], &line, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("newest ancestor") && said.contains("(111111111111) is not in this clone"), "{said}");
    let (code, said) = desk.hook(&["nobody"], &line, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("compared with nothing"), "{said}");
    // What another ref of the same push has there is known as well.
    let good = desk.git(&["rev-parse", "HEAD~1"]);
    let two = format!("a {good} refs/heads/a {good}\nb {bad} refs/heads/b {ZERO}\n");
    let (code, said) = desk.hook(&["nobody"], &two, &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(&format!("newest ancestor that the remote is known to have ({})", &good[..12])), "{said}");
}

#[test]
fn nothing_to_push_is_a_pass_that_says_so() {
    let desk = Desk::new();
    let (code, said) = desk.hook(&["origin", "url"], "", &[]);
    assert_eq!((code, said.as_str()), (0, "portcullis: nothing is pushed: nothing to judge\n"));
}

#[test]
fn input_that_git_does_not_write_is_never_a_pass() {
    let desk = Desk::new();
    let good = desk.git(&["rev-parse", "HEAD"]);
    let line = format!("refs/heads/main {good} refs/heads/main {ZERO}");
    let many = format!("{line}\n").repeat(10_001);
    let huge = "x".repeat((4 << 20) + 1);
    for (input, exit) in [
        ("\n", 2),
        ("\n\n", 2),
        (" ", 2),
        ("\0", 2),
        (&format!("\n{line}\n"), 2),
        (&format!("{line}\n\n"), 2),
        (&format!("{line}\r\n"), 2),
        (&format!("{line} {ZERO}\n"), 2),
        (&line[..line.len() - 1], 2),
        (&format!("refs/heads/a\nb {good} refs/heads/main {ZERO}\n"), 2),
        (&format!("refs/heads/main {} refs/heads/main {ZERO}\n", "2".repeat(40)), 3),
        (&many, 2),
        (&huge, 3),
    ] {
        let (code, said) = desk.hook(&["origin", "url"], input, &[]);
        assert_eq!(code, exit, "{:?}\n{said}", input.chars().take(120).collect::<String>());
    }
}

#[test]
fn outside_of_a_checkout_nothing_passes() {
    let desk = Desk::new();
    let mut world = desk.world(&format!("a {} b {ZERO}\n", "1".repeat(40)), &[]);
    for dir in ["home", "remote.git"] {
        world.cwd = desk.at(dir);
        let (code, _, err) = world.run(&["hook", "run", "pre-push", "origin"]);
        assert_eq!(code, 2, "{err}");
    }
}

#[test]
fn no_broken_call_lets_a_bad_push_through() {
    let desk = Desk::new();
    desk.lock(&[BAD]);
    let bad = desk.commit();
    let base = desk.git(&["rev-parse", "HEAD~1"]);
    for line in [format!("m {bad} refs/heads/m {base}\n"), format!("m {bad} refs/heads/m {ZERO}\n")] {
        for n in 0.. {
            let mut world = desk.world(&line, &[]);
            world.fail_at = Some(n);
            let (code, out, err) = world.run(&["hook", "run", "pre-push", "--feed", "embedded", "origin"]);
            assert_ne!(code, 0, "call {n} ({}) broke and it passed\n{out}{err}", world.broke.lock().unwrap());
            if !world.failed.load(Ordering::SeqCst) {
                assert!(n > 15, "only {n} calls: the double was not asked");
                break;
            }
        }
    }
}

#[test]
fn the_variables_of_the_pre_commit_framework_say_what_is_pushed() {
    let desk = Desk::new();
    let good = desk.git(&["rev-parse", "HEAD"]);
    desk.lock(&[BAD]);
    let bad = desk.commit();
    desk.write("README.md", "more\n");
    let more = desk.commit();
    let run = |vars: &[(&str, &str)]| {
        let all = [&[("PRE_COMMIT", "1"), ("PRE_COMMIT_REMOTE_BRANCH", "refs/heads/main")], vars].concat();
        desk.hook(&[], "", &all)
    };
    let (code, said) = run(&[("PRE_COMMIT_FROM_REF", &good), ("PRE_COMMIT_TO_REF", &bad)]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("refs/heads/main ("), "{said}");
    assert_eq!(run(&[("PRE_COMMIT_FROM_REF", &bad), ("PRE_COMMIT_TO_REF", &more)]).0, 0);
    // A push that begins with the first commit has no ends.
    let first = [("PRE_COMMIT_LOCAL_BRANCH", "refs/heads/main"), ("PRE_COMMIT_REMOTE_NAME", "elsewhere")];
    let (code, said) = run(&first);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("compared with nothing"), "{said}");
    // No word of what is pushed is no word that nothing is.
    for vars in [&[][..], &[("PRE_COMMIT_TO_REF", ZERO)]] {
        let (code, said) = run(vars);
        assert_eq!(code, 2, "{said}");
    }
    assert_eq!(run(&[("PRE_COMMIT_TO_REF", "no-such-branch")]).0, 3);
    assert_eq!(run(&[("PRE_COMMIT_TO_REF", "--all")]).0, 2);
    assert_eq!(desk.hook(&["origin"], "", &[("PRE_COMMIT", "1")]).0, 2);
    // git's own word stands above variables that some other hook left behind.
    let vars = [("PRE_COMMIT", "1"), ("PRE_COMMIT_FROM_REF", bad.as_str()), ("PRE_COMMIT_TO_REF", more.as_str())];
    let line = format!("main {bad} refs/heads/main {good}\n");
    assert_eq!(desk.hook(&["origin", "url"], &line, &vars).0, 1);
}

#[test]
fn the_pre_commit_framework_itself_runs_the_hook() {
    if std::env::var_os("PORTCULLIS_INTEROP").is_none() {
        eprintln!("skipped: pre-commit (PORTCULLIS_INTEROP is not set)");
        return;
    }
    let desk = Desk::without_hook();
    let venv = desk.at("venv");
    let python = |args: &[&str]| Command::new("python3").args(args).output();
    let made = python(&["-m", "venv", venv.to_str().unwrap()]).is_ok_and(|done| done.status.success());
    let pip = || Command::new(venv.join("bin/pip")).args(["install", "-q", "pre-commit"]).output();
    if !made || !pip().is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: pre-commit (pip cannot install it)");
        return;
    }
    // The hooks file of this project, in a repository that holds nothing else.
    let hooks = desk.at("hooks");
    fs::create_dir_all(&hooks).unwrap();
    fs::copy(support::project(".pre-commit-hooks.yaml"), hooks.join(".pre-commit-hooks.yaml")).unwrap();
    desk.in_dir(&hooks, &["init", "-q"]);
    desk.in_dir(&hooks, &["add", "-A"]);
    desk.in_dir(&hooks, &["commit", "-q", "-m", "x"]);
    let rev = desk.in_dir(&hooks, &["rev-parse", "HEAD"]);
    let config = format!(
        "default_install_hook_types: [pre-push]\nrepos:\n- repo: {}\n  rev: {rev}\n  hooks:\n  - id: portcullis\n",
        hooks.display()
    );
    desk.write(".pre-commit-config.yaml", &config);
    desk.commit();
    desk.passes(&["origin", "main"]);
    let mut paths = vec![venv.join("bin"), Path::new(PROGRAM).parent().unwrap().to_owned()];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let run = |program: &str, args: &[&str]| {
        let env = env(&desk.at("home"), feeds());
        Command::new(program)
            .args(args)
            .current_dir(desk.work())
            .env_clear()
            .envs(env)
            .env("PATH", std::env::join_paths(&paths).unwrap())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap()
    };
    let installed = run(venv.join("bin/pre-commit").to_str().unwrap(), &["install"]);
    assert!(installed.status.success(), "{}", said(&installed));
    desk.lock(&[BAD]);
    desk.commit();
    let output = run("git", &["push", "origin", "main"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    let output = run("git", &["push", "origin", "main:new"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    desk.lock(&[GOOD, ("itoa", "1.0.11")]);
    desk.commit();
    let output = run("git", &["push", "origin", "main"]);
    assert!(output.status.success() && said(&output).contains("Passed"), "{}", said(&output));
    // The first push of a history: the framework names no commits.
    desk.in_dir(&desk.at(""), &["init", "-q", "--bare", "empty.git"]);
    desk.git(&["remote", "add", "empty", "../empty.git"]);
    desk.lock(&[BAD]);
    desk.commit();
    let output = run("git", &["push", "empty", "main"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
}
