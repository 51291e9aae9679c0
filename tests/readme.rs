//! The README is executed: its console blocks print what they say, and the commands it names exist.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test: what fails here should fail loudly")]

mod support;

use std::path::Path;
use support::{World, project};

struct Block {
    command: String,
    output: String,
}

/// The `console` blocks of a Markdown text: a `$ ` line, then what it prints.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line != "```console" {
            continue;
        }
        let command =
            lines.next().and_then(|l| l.strip_prefix("$ ")).expect("a block begins with a command").to_owned();
        let output: Vec<&str> = lines.by_ref().take_while(|l| *l != "```").collect();
        blocks.push(Block { command, output: output.join("\n") });
    }
    blocks
}

fn readme() -> String {
    std::fs::read_to_string(project("README.md")).unwrap()
}

#[test]
fn the_first_block_runs_the_main_job_and_prints_what_it_says() {
    let blocks = blocks(&readme());
    let args = blocks[0].command.strip_prefix("cargo run --release -- ").expect("it runs the program");
    let scratch = tempfile::tempdir().unwrap();
    let mut world = World::new(scratch.path());
    world.cwd = project("");
    let (code, out, err) = world.run(&args.split(' ').collect::<Vec<_>>());
    assert_eq!(code, 1, "{err}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let old = format!("```console\n$ {}\n{}\n```", blocks[0].command, blocks[0].output).replace("\n\n```", "\n```");
        let new = format!("```console\n$ {}\n{}\n```", blocks[0].command, out.trim_end());
        std::fs::write(project("README.md"), readme().replace(&old, &new)).unwrap();
        return;
    }
    assert_eq!(out.trim_end(), blocks[0].output.trim_end(), "run with UPDATE_DOCS=1 to rewrite it");
}

#[test]
fn the_second_block_is_the_test_command_that_ci_runs() {
    let blocks = blocks(&readme());
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[1].command, "cargo test");
    let ci = std::fs::read_to_string(project(".ci/run")).unwrap();
    assert!(ci.contains("README"), "CI takes the command from the README");
}

#[test]
fn every_command_and_flag_of_the_readme_exists() {
    let text = readme().replace("\\\n", " ");
    let mut seen = 0;
    for line in text.lines().filter_map(|l| l.strip_prefix("portcullis ")) {
        let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
        let mut help: Vec<&str> =
            words.iter().take_while(|w| w.chars().all(|c| c.is_ascii_lowercase())).copied().collect();
        if words[0] != "feed" {
            help.truncate(1);
        }
        help.push("--help");
        let (code, out, err) = World::new(Path::new("/")).run(&help);
        assert_eq!(code, 0, "{line}: {err}");
        for flag in words.iter().filter(|w| w.starts_with("--")) {
            assert!(out.contains(flag), "{line}: {flag} is not in its help");
        }
        seen += 1;
    }
    assert!(seen >= 6);
}

#[test]
fn every_page_that_the_readme_links_to_exists() {
    let text = readme();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|l| !l.contains("://")) {
        assert!(project(link).exists(), "{link}");
    }
}
