//! Where the hook is written, and whose it is.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests work on their checkouts behind the back of the program, and a failure there ends the test"
)]

mod hook_support;
mod support;

use hook_support::{BAD, Desk, GOOD, PROGRAM, ZERO, env, feeds, lock, said};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

fn hook_file(desk: &Desk) -> PathBuf {
    desk.work().join(".git/hooks/pre-push")
}

#[test]
fn installing_writes_one_executable_file_and_is_idempotent() {
    let desk = Desk::without_hook();
    let path = hook_file(&desk);
    let said = desk.program(&["hook", "install"]);
    assert_eq!(said, format!("wrote {}\n", path.display()));
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(PROGRAM), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(desk.program(&["hook", "install"]), format!("{} is there already\n", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert_eq!(desk.program(&["hook", "uninstall"]), format!("removed {}\n", path.display()));
    assert_eq!(desk.program(&["hook", "uninstall"]), format!("there is no {}\n", path.display()));
}

#[test]
fn a_hook_that_lost_its_executable_bit_is_written_again() {
    let desk = Desk::new();
    let path = hook_file(&desk);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    desk.program(&["hook", "install"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o111, 0o111);
}

#[test]
fn an_older_hook_of_its_own_is_replaced_and_a_changed_one_is_not() {
    let desk = Desk::new();
    let path = hook_file(&desk);
    let text = fs::read_to_string(&path).unwrap();
    let (head, body) = text.split_once("\n# Written").unwrap();
    let older = format!("# Written{body}# an older one\n");
    let mark = head.rsplit_once(' ').unwrap().0;
    let digest = portcullis::model::Digest::of(older.as_bytes());
    fs::write(&path, format!("{mark} {digest}\n{older}")).unwrap();
    assert_eq!(desk.program(&["hook", "install"]), format!("replaced {}\n", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    for other in [format!("{text}echo mine\n"), "#!/bin/sh\nexit 0\n".to_owned(), String::new()] {
        fs::write(&path, &other).unwrap();
        for command in ["install", "uninstall"] {
            let output = desk.run(PROGRAM, &desk.work(), &["hook", command]);
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            assert_eq!(fs::read_to_string(&path).unwrap(), other);
        }
    }
}

#[test]
fn the_lines_for_a_hook_of_somebody_else_judge_and_hand_the_input_on() {
    let desk = Desk::without_hook();
    let (path, seen) = (hook_file(&desk), desk.at("seen"));
    let foreign = format!("cat > '{}'\n", seen.display());
    fs::write(&path, format!("#!/bin/sh\n{foreign}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let output = desk.run(PROGRAM, &desk.work(), &["hook", "install"]);
    let said = said(&output);
    let lines = said.split_once("pre-push\nrefs=").map(|(_, rest)| format!("refs={rest}")).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{lines}{foreign}")).unwrap();
    desk.lock(&[BAD]);
    desk.commit();
    desk.stopped(&["origin", "main"], "failed: 1 finding blocks");
    assert!(!seen.exists());
    desk.lock(&[GOOD]);
    desk.git(&["commit", "-qa", "--amend", "--allow-empty", "-m", "x"]);
    desk.passes(&["origin", "main:$(id)"]);
    let seen = fs::read_to_string(seen).unwrap();
    let head = desk.git(&["rev-parse", "HEAD"]);
    assert_eq!(seen, format!("refs/heads/main {head} refs/heads/$(id) {ZERO}\n"));
}

#[test]
fn links_and_directories_in_the_place_of_the_hook_are_left_alone() {
    let desk = Desk::without_hook();
    let path = hook_file(&desk);
    symlink(desk.at("elsewhere"), &path).unwrap();
    assert_eq!(desk.run(PROGRAM, &desk.work(), &["hook", "install"]).status.code(), Some(2));
    assert!(!desk.at("elsewhere").exists());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(desk.run(PROGRAM, &desk.work(), &["hook", "install"]).status.code(), Some(2));
}

#[test]
fn hooks_of_this_repository_are_written_where_its_settings_say_and_those_of_all_are_not() {
    let desk = Desk::without_hook();
    desk.git(&["config", "core.hooksPath", "tools/hooks"]);
    desk.program(&["hook", "install"]);
    assert!(desk.work().join("tools/hooks/pre-push").is_file() && !hook_file(&desk).exists());
    desk.git(&["config", "--unset", "core.hooksPath"]);
    // Settings of the user, which a home of its own holds.
    let (home, shared) = (desk.at("home"), desk.at("shared"));
    fs::write(home.join(".gitconfig"), format!("[core]\nhooksPath = {}\n", shared.display())).unwrap();
    let install = || {
        let mut env = env(&home, feeds());
        env.remove("GIT_CONFIG_GLOBAL");
        let args = ["hook", "install"];
        Command::new(PROGRAM).args(args).current_dir(desk.work()).env_clear().envs(env).output().unwrap()
    };
    for there in [false, true] {
        let output = install();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains("git config core.hooksPath"), "{}", said(&output));
        assert_eq!(shared.exists(), there);
        fs::create_dir_all(&shared).unwrap();
    }
    for path in ["../shared", "nowhere/../../shared2", "linked"] {
        let _ = symlink(&shared, desk.work().join("linked"));
        desk.git(&["config", "core.hooksPath", path]);
        assert_eq!(desk.run(PROGRAM, &desk.work(), &["hook", "install"]).status.code(), Some(2), "{path}");
    }
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    // The remedy works.
    desk.git(&["config", "core.hooksPath", desk.work().join(".git/hooks").to_str().unwrap()]);
    let output = install();
    assert!(output.status.success() && hook_file(&desk).exists(), "{}", said(&output));
}

#[test]
fn a_linked_work_tree_installs_for_its_repository_and_pushes_through_the_hook() {
    let desk = Desk::without_hook();
    desk.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
    let linked = desk.at("linked");
    assert!(desk.run(PROGRAM, &linked, &["hook", "install"]).status.success());
    assert!(hook_file(&desk).is_file());
    fs::write(linked.join("Cargo.lock"), lock(&[BAD])).unwrap();
    desk.in_dir(&linked, &["commit", "-qam", "x"]);
    let output = desk.run("git", &linked, &["push", "origin", "side"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
    // From a directory below, too.
    fs::create_dir(linked.join("below")).unwrap();
    let output = desk.run("git", &linked.join("below"), &["push", "origin", "side"]);
    assert!(!output.status.success() && said(&output).contains("failed: 1 finding blocks"), "{}", said(&output));
}

#[test]
fn a_bare_repository_is_refused() {
    let desk = Desk::without_hook();
    let output = desk.run(PROGRAM, &desk.at("remote.git"), &["hook", "install"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(!desk.at("remote.git/hooks/pre-push").exists());
}

#[test]
fn a_program_inside_the_repository_is_refused_and_one_that_is_gone_stops_the_push() {
    let desk = Desk::without_hook();
    let copy = |to: PathBuf| {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(PROGRAM, &to).unwrap();
        to
    };
    let inside = copy(desk.work().join("target/portcullis"));
    let output = desk.run(inside.to_str().unwrap(), &desk.work(), &["hook", "install"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let outside = copy(desk.at("it's a place/portcullis"));
    assert!(desk.run(outside.to_str().unwrap(), &desk.work(), &["hook", "install"]).status.success());
    fs::remove_dir_all(desk.work().join("target")).unwrap();
    desk.write("README.md", "more\n");
    desk.commit();
    desk.passes(&["--dry-run", "origin", "main"]);
    fs::remove_file(&outside).unwrap();
    desk.stopped(&["origin", "main"], "git push --no-verify");
    desk.passes(&["--no-verify", "origin", "main"]);
}
