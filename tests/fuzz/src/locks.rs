//! Laws of the readers of Go, Ruby, PHP and the smaller ecosystems.

use super::{lines, told};
use portcullis::inventory::counter;
use portcullis::inventory::{
    cabal_freeze, composer_lock, conan_lock, deps_json, gemfile_lock, github_actions, go_mod, go_sum, gradle_lock,
    mix_lock, package_resolved, packages_config, packages_lock, podfile_lock, pom, pubspec_lock, stack_lock,
};
use portcullis::model::{Gap, GapKind, Inventory, Partial, TreePath};

type Read = Result<Partial<Inventory>, Gap>;

/// The first line of the input is the name of the file; the rest is its bytes. A quarter of the files have others beside
/// them.
///
/// What is refused is told. What is read adds up with the counter unless a gap says otherwise; places lie in the file,
/// on a character, and no two entries share one; edges ascend and lead to components; the same bytes give the same answer.
pub fn locks(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (name, rest) = data.split_at(end);
    let bytes = rest.strip_prefix(b"\n").unwrap_or(rest);
    let path = TreePath::new("a/lock");
    let beside = |_: &TreePath| (bytes.len() % 4 == 0).then(|| bytes.to_vec());
    let read = || -> Option<(Read, usize)> {
        Some(match name {
            b"cabal.project.freeze" => (cabal_freeze::parse(&path, bytes), counter::cabal(bytes)),
            b"composer.lock" => (composer_lock::parse(&path, bytes, &beside), counter::composer(bytes)),
            b"conan.lock" => (conan_lock::parse(&path, bytes), counter::conan(bytes)),
            b"deps.json" => (deps_json::parse(&path, bytes), counter::deps_json(bytes)),
            b"Gemfile.lock" => (gemfile_lock::parse(&path, bytes), counter::gemfile(bytes)),
            b"workflow.yml" => (github_actions::parse(&path, bytes), counter::uses(bytes)),
            b"go.mod" => (go_mod::parse(&path, bytes, &beside), counter::go_mod(bytes)),
            b"go.sum" => (go_sum::parse(&path, bytes, &beside), counter::go_sum(bytes)),
            b"gradle.lockfile" => (gradle_lock::parse(&path, bytes), counter::gradle(bytes)),
            b"mix.lock" => (mix_lock::parse(&path, bytes), counter::mix(bytes)),
            b"Package.resolved" => (package_resolved::parse(&path, bytes), counter::package_resolved(bytes)),
            b"packages.config" => (packages_config::parse(&path, bytes), counter::packages_config(bytes)),
            b"packages.lock.json" => (packages_lock::parse(&path, bytes), counter::packages_lock(bytes)),
            b"Podfile.lock" => (podfile_lock::parse(&path, bytes), counter::podfile(bytes)),
            b"pom.xml" => (pom::parse(&path, bytes, &beside), counter::pom(bytes)),
            b"pubspec.lock" => (pubspec_lock::parse(&path, bytes), counter::pnpm(bytes)),
            b"stack.yaml.lock" => (stack_lock::parse(&path, bytes), counter::stack(bytes)),
            _ => return None,
        })
    };
    let Some((answer, counted)) = read() else { return };
    assert_eq!(Some(&answer), read().as_ref().map(|(answer, _)| answer), "the same bytes, another answer");
    match answer {
        Err(gap) => {
            told(&gap, bytes);
            let kinds = [GapKind::ParseFailed, GapKind::UnsupportedVersion, GapKind::TooLarge];
            assert!(kinds.contains(&gap.kind), "{gap:?}");
        }
        Ok(lock) => sound(&lock, counted, bytes),
    }
}

fn sound(lock: &Partial<Inventory>, counted: usize, bytes: &[u8]) {
    let Partial { value, gaps } = lock;
    for gap in gaps {
        told(gap, bytes);
    }
    assert_eq!((value.text.as_bytes(), value.counted.independent), (bytes, counted));
    let entries = value.components.len() + value.counted.left_out.len();
    let mismatch = gaps.iter().any(|gap| gap.kind == GapKind::CountMismatch);
    assert!(counted == entries || mismatch, "{counted} counted, {entries} parsed, and nobody says so");
    assert_eq!(value.edges.len(), value.components.len());
    for edges in &value.edges {
        assert!(edges.is_sorted_by(|a, b| a < b), "{edges:?}");
        assert!(edges.iter().all(|to| (*to as usize) < value.components.len()), "{edges:?}");
    }
    let text: Vec<&str> = value.text.split('\n').collect();
    for component in &value.components {
        assert!((1..=lines(bytes)).contains(&component.line) && component.column >= 1, "{component:?}");
        let line = text.get(component.line as usize - 1).copied().unwrap_or_default();
        let line = if component.line == 1 { line.trim_start_matches('\u{feff}') } else { line };
        assert!(line.chars().nth(component.column as usize - 1).is_some(), "{component:?}: {line:?}");
        assert!(!component.name.is_empty() && !component.version.is_empty(), "{component:?}");
        assert!(!component.name.contains(char::is_whitespace) && !component.version.contains(char::is_control));
    }
}
