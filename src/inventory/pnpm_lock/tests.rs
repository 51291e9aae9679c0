//! Tests of the reader of pnpm's locks, on small inputs of their own.

use super::super::npm::law;
use super::super::npm::law::{check_shape, damage, damaged};
use super::*;
use crate::model::{Component, Source};
use proptest::prelude::*;
use std::fmt::Write as _;

const NINE: &str = "lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    dependencies:
      '@s/a':
        specifier: ^1.0.0
        version: 1.0.0(react@18.0.0)
      alias:
        specifier: npm:real@^2.0.0
        version: real@2.0.0
      g:
        specifier: github:x/g
        version: https://codeload.github.com/x/g/tar.gz/c0ffee
      own:
        specifier: workspace:*
        version: link:packages/own
    devDependencies:
      d:
        specifier: ^1.0.0
        version: 1.0.0

  packages/own:
    dependencies:
      react:
        specifier: '*'
        version: 18.0.0

packages:

  '@s/a@1.0.0':
    resolution: {integrity: sha512-x}
    peerDependencies:
      react: '*'

  d@1.0.0:
    resolution: {integrity: sha512-x}

  g@https://codeload.github.com/x/g/tar.gz/c0ffee:
    resolution: {tarball: https://codeload.github.com/x/g/tar.gz/c0ffee}
    version: 3.0.0

  react@18.0.0:
    resolution: {integrity: sha512-x}

  real@2.0.0:
    resolution: {integrity: sha512-x}

  under@4.0.0:
    resolution: {integrity: sha512-x}

snapshots:

  '@s/a@1.0.0(react@18.0.0)':
    dependencies:
      react: 18.0.0
    optionalDependencies:
      gone: 1.0.0

  d@1.0.0:
    dependencies:
      under: 4.0.0

  g@https://codeload.github.com/x/g/tar.gz/c0ffee: {}

  react@18.0.0: {}

  real@2.0.0:
    optional: true

  under@4.0.0: {}
";

const SIX: &str = "lockfileVersion: '6.0'

dependencies:
  '@s/a':
    specifier: ^1.0.0
    version: 1.0.0(react@18.0.0)
  alias:
    specifier: npm:real@^2.0.0
    version: /real@2.0.0
  g:
    specifier: x/g
    version: github.com/x/g/c0ffee

packages:

  /@s/a@1.0.0(react@18.0.0):
    resolution: {integrity: sha512-x}
    dependencies:
      react: 18.0.0
    dev: false

  /react@18.0.0:
    resolution: {integrity: sha512-x}
    dev: true

  /real@2.0.0:
    resolution: {integrity: sha512-x}
    dev: false
    optional: true

  github.com/x/g/c0ffee:
    resolution: {tarball: https://codeload.github.com/x/g/tar.gz/c0ffee}
    name: g
    version: 3.0.0
    dev: false
";

const FIVE: &str = "lockfileVersion: 5.4

importers:
  .:
    specifiers:
      '@s/a': ^1.0.0
    dependencies:
      '@s/a': 1.0.0_react@18.0.0
    devDependencies:
      alias: /real/2.0.0
      r: repo.example/x/r/c0ffee

packages:

  /@s/a/1.0.0_react@18.0.0:
    resolution: {integrity: sha512-x}
    dependencies:
      react: 18.0.0
    dev: false

  /react/18.0.0:
    resolution: {integrity: sha512-x}
    dev: false

  /real/2.0.0:
    resolution: {integrity: sha512-x}
    dev: true

  repo.example/x/r/c0ffee:
    resolution: {commit: c0ffee, repo: 'https://repo.example/x/r', type: git}
    name: r
    version: 5.0.0
    dev: true
";

fn parse_text(text: &str) -> Result<Partial<Inventory>, Gap> {
    parse(&TreePath::new("pnpm-lock.yaml"), text.as_bytes())
}

fn whole(text: &str) -> Inventory {
    let mut gaps = Vec::new();
    let inventory = parse_text(text).unwrap().take(&mut gaps);
    assert_eq!(gaps, []);
    inventory
}

fn refused(text: &str) -> (GapKind, Option<u32>, String) {
    let gap = parse_text(text).unwrap_err();
    (gap.kind, gap.line, gap.why)
}

fn label(component: &Component) -> String {
    let Component { line, column, scope, source, .. } = component;
    format!("{line}:{column} {} {} {}", component.label(), scope.as_str(), source.describe())
}

fn edges(inventory: &Inventory) -> Vec<String> {
    let name = |index: usize| inventory.components[index].label();
    let pairs = inventory.edges.iter().enumerate().flat_map(|(from, to)| to.iter().map(move |to| (from, *to as usize)));
    pairs.map(|(from, to)| format!("{} > {}", name(from), name(to))).collect()
}

#[test]
fn version_9_gives_every_package_with_its_place_and_scope() {
    let lock = whole(NINE);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "35:3 @s/a 1.0.0 normal the default registry",
            "40:3 d 1.0.0 dev the default registry",
            "43:3 g 3.0.0 normal git",
            "47:3 react 18.0.0 normal the default registry",
            "50:3 real 2.0.0 normal the default registry",
            "53:3 under 4.0.0 dev the default registry"
        ]
    );
    assert_eq!(edges(&lock), ["@s/a 1.0.0 > react 18.0.0", "d 1.0.0 > under 4.0.0"]);
    assert_eq!(lock.components[4].conditions, ["optional".into()]);
    assert_eq!(lock.components[0].conditions, []);
}

#[test]
fn version_6_gives_every_package_with_its_place_and_scope() {
    let lock = whole(SIX);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "16:3 @s/a 1.0.0 normal the default registry",
            "22:3 react 18.0.0 dev the default registry",
            "26:3 real 2.0.0 normal the default registry",
            "31:3 g 3.0.0 normal git"
        ]
    );
    assert_eq!(edges(&lock), ["@s/a 1.0.0 > react 18.0.0"]);
    assert_eq!(lock.components[2].conditions, ["optional".into()]);
}

#[test]
fn version_5_gives_every_package_with_its_place_and_scope() {
    let lock = whole(FIVE);
    let labels: Vec<String> = lock.components.iter().map(label).collect();
    assert_eq!(
        labels,
        [
            "15:3 @s/a 1.0.0 normal the default registry",
            "21:3 react 18.0.0 normal the default registry",
            "25:3 real 2.0.0 dev the default registry",
            "29:3 r 5.0.0 dev git"
        ]
    );
    assert_eq!(edges(&lock), ["@s/a 1.0.0 > react 18.0.0"]);
    assert_eq!(lock.components[3].source, Source::Git("https://repo.example/x/r#c0ffee".into()));
}

#[test]
fn every_document_counts() {
    let own = "---\nlockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    packageManagerDependencies:\n      pnpm:\n        \
               specifier: 11.0.0\n        version: 11.0.0\n\npackages:\n\n  pnpm@11.0.0:\n    resolution: {}\n\n\
               snapshots:\n\n  pnpm@11.0.0: {}\n\n---\n";
    let lock = whole(&format!("{own}{NINE}"));
    assert_eq!(lock.components.len(), 7);
    assert_eq!(label(&lock.components[0]), "14:3 pnpm 11.0.0 dev the default registry");
    assert_eq!(label(&lock.components[6]), "74:3 under 4.0.0 dev the default registry");
    assert_eq!(edges(&lock), ["@s/a 1.0.0 > react 18.0.0", "d 1.0.0 > under 4.0.0"]);
}

#[test]
fn a_dependency_that_is_not_listed_is_a_gap_unless_it_is_optional() {
    for (text, line) in [
        (NINE.replace("        version: real@2.0.0", "        version: real@2.0.1"), 13),
        (NINE.replace("      under: 4.0.0", "      under: 4.0.1"), 66),
        (
            NINE.replace("    optionalDependencies:", "    x: {}\n    dependencie:")
                .replace("  react: 18.0.0\n    x", "  react: 18.0.1\n    x"),
            60,
        ),
        (SIX.replace("      react: 18.0.0", "      react: 18.0.1"), 19),
        (FIVE.replace("      alias: /real/2.0.0", "      alias: /real/2.0.1"), 10),
    ] {
        let lock = parse_text(&text).unwrap();
        let gap = &lock.gaps[0];
        assert_eq!((gap.kind, gap.line), (GapKind::DanglingDependency, Some(line)), "{gap:?}");
        assert_eq!(lock.gaps.len(), 1);
    }
}

#[test]
fn packages_and_snapshots_must_fit() {
    let lock = parse_text(&NINE.replace("  under@4.0.0: {}\n", "")).unwrap();
    assert_eq!((lock.gaps.len(), lock.gaps[0].kind, lock.gaps[0].line), (1, GapKind::ParseFailed, Some(53)));
    let lock = parse_text(&NINE.replace("  under@4.0.0: {}\n", "  under@4.0.0: {}\n  x@1.0.0: {}\n")).unwrap();
    assert_eq!((lock.gaps.len(), lock.gaps[0].kind, lock.gaps[0].line), (1, GapKind::ParseFailed, Some(76)));
    assert_eq!(refused(&format!("{SIX}\nsnapshots:\n  a@1.0.0: {{}}\n")).0, GapKind::ParseFailed);
}

#[test]
fn an_entry_that_cannot_be_understood_is_left_out_with_a_gap() {
    for (text, line) in [
        (FIVE.replace("  /real/2.0.0:", "  /real/:").replace("alias: /real/2.0.0", "alias: /real/"), 25),
        (SIX.replace("    name: g\n", ""), 31),
        (SIX.replace("    name: g\n", "    name: 'g g'\n"), 31),
    ] {
        let lock = parse_text(&text).unwrap();
        assert_eq!((lock.gaps.len(), lock.gaps[0].kind), (1, GapKind::ParseFailed), "{:?}", lock.gaps);
        assert_eq!((lock.gaps[0].line, lock.value.components.len()), (Some(line), 3));
    }
}

#[test]
fn versions_of_the_format_are_known_or_refused() {
    whole(&SIX.replace("'6.0'", "'6.1'"));
    for other in ["'7.0'", "4", "'10.0'", "'9.'", "'9.x'"] {
        assert_eq!(refused(&SIX.replace("'6.0'", other)).0, GapKind::UnsupportedVersion, "{other}");
    }
    assert_eq!(refused(&SIX.replace("lockfileVersion: '6.0'", "")).0, GapKind::ParseFailed);
    assert_eq!(refused(&SIX.replace("'6.0'", "{}")).0, GapKind::ParseFailed);
    for text in ["", "x\n", "[]\n", "packages: {}\n", "lockfileVersion: '9.0'\npackages: 1\n"] {
        assert_eq!(refused(text).0, GapKind::ParseFailed, "{text}");
    }
    assert_eq!(whole("lockfileVersion: '9.0'\n").components.len(), 0);
    assert_eq!(refused(&NINE.replace("  d@1.0.0:\n    res", "<<<<<<< HEAD\n  d@1.0.0:\n    res")).1, Some(40));
}

#[test]
fn other_layouts_of_the_same_yaml_count_the_same_or_tell() {
    let wide = SIX.replace("\n  ", "\n    ").replace("\n      ", "\n        ");
    assert_eq!(whole(&wide).components.len(), 4);
    let flow = "lockfileVersion: '6.0'\npackages: {/a@1.0.0: {dev: true}}\n";
    let lock = parse_text(flow).unwrap();
    assert_eq!((lock.value.components.len(), lock.gaps[0].kind), (1, GapKind::CountMismatch));
}

#[test]
fn no_damage_hides_a_package() {
    for text in [NINE, SIX, FIVE] {
        // What is cut before the project asks for anything is the lock of a project that asks for nothing.
        law::no_damage_hides_a_package(parse, text.as_bytes(), |cut| {
            let cut = String::from_utf8_lossy(cut);
            !["version: 1.0.0", "react@18.0.0\n", "1.0.0_react@18.0.0"].iter().any(|asked| cut.contains(asked))
        });
    }
}

#[test]
fn hostile_sizes_end_soon() {
    let mut text = String::from("lockfileVersion: '9.0'\npackages:\n");
    for n in 0..30_000 {
        let _ = write!(text, "  p{n}@1.0.0:\n    resolution: {{integrity: x}}\n");
    }
    text.push_str("snapshots:\n");
    for n in 0..30_000 {
        let _ = write!(text, "  p{n}@1.0.0:\n    dependencies:\n      p{}: 1.0.0\n", (n + 1) % 30_000);
    }
    assert_eq!(whole(&text).components.len(), 30_000);
    let bomb = "lockfileVersion: '9.0'\na: &a [x, x]\nb: &b [*a, *a]\n";
    assert_eq!(refused(bomb).0, GapKind::ParseFailed);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in damage(), which in 0..3_usize) {
        let good = [NINE, SIX, FIVE][which];
        check_shape(&parse(&TreePath::new("lock"), &damaged(good.as_bytes(), &damage)));
    }
}
