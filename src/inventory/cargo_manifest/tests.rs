//! Claims about the reader of manifests.

use super::*;
use crate::model::GapKind;
use proptest::prelude::*;

fn read(text: &str) -> Manifest {
    parse(&TreePath::new("Cargo.toml"), text.as_bytes()).unwrap()
}

/// `kind key=package condition` of every dependency.
fn said(text: &str) -> Vec<String> {
    let say = |d: &Dependency| {
        let package = d.origin.as_ref().map_or("?", |origin| origin.package.as_str());
        format!("{:?} {}={package} {}", d.kind, d.key, d.condition()).trim_end().to_owned()
    };
    read(text).dependencies.iter().map(say).collect()
}

#[test]
fn every_table_of_dependencies_is_read_in_both_spellings() {
    let text = "
        [dependencies]\na = '1'
        [build-dependencies]\nb = { version = '1' }
        [build_dependencies]\nb2 = '1'
        [dev-dependencies]\nc = { git = 'https://example.com/c' }
        [dev_dependencies]\nc2 = '1'
        [target.'cfg(windows)'.dependencies]\nd = '1'
        [target.x86_64-unknown-linux-gnu.build-dependencies]\ne = { path = '../e', package = 'real-e' }
        [dependencies.f]\nworkspace = true
    ";
    assert_eq!(
        said(text),
        [
            "Normal a=a",
            "Build b=b",
            "Build b2=b2",
            "Dev c=c",
            "Dev c2=c2",
            "Normal d=d cfg(windows)",
            "Build e=real-e x86_64-unknown-linux-gnu",
            "Normal f=?",
        ]
    );
    let e = &read(text).dependencies[6];
    assert_eq!(e.line, 15);
    assert_eq!(e.origin.as_ref().and_then(|origin| origin.path.as_deref()), Some("../e"));
}

#[test]
fn an_optional_dependency_names_the_features_that_switch_it_on() {
    let features = |features: &str| {
        said(&format!("[dependencies]\nx = {{ version = '1', optional = true }}\n[features]\n{features}")).remove(0)
    };
    assert_eq!(features(""), "Normal x=x feature: x");
    assert_eq!(features("tls = ['dep:x']"), "Normal x=x feature: tls");
    assert_eq!(features("tls = ['x']"), "Normal x=x feature: tls or x");
    assert_eq!(features("tls = ['x/y']"), "Normal x=x feature: tls or x");
    assert_eq!(features("tls = ['x?/y']"), "Normal x=x feature: x");
    assert_eq!(features("x = ['dep:x']\ntls = ['x']"), "Normal x=x feature: x");
    let both = "[target.'cfg(unix)'.dependencies]\nx = { version = '1', optional = true }";
    assert_eq!(said(both), ["Normal x=x cfg(unix) and feature: x"]);
    let many: String = (0..40).map(|n| format!("f{n} = ['dep:x']\n")).collect();
    assert_eq!(features(&many), "Normal x=x feature: any of 40");
}

#[test]
fn a_package_may_have_no_version_or_inherit_it() {
    let version = |line: &str| read(&format!("[package]\nname = 'a'\n{line}")).package.unwrap().version;
    assert_eq!(version(""), PackageVersion::Is("0.0.0".into()));
    assert_eq!(version("version = '1.2.3'"), PackageVersion::Is("1.2.3".into()));
    assert_eq!(version("version.workspace = true"), PackageVersion::Inherited);
    assert_eq!(read("[project]\nname = 'old'").package.unwrap().name, "old");
    assert_eq!(read("[workspace]\n").package, None);
}

#[test]
fn the_workspace_fills_what_is_inherited_and_nothing_else() {
    let root = read(
        "[workspace]\nmembers = ['a']\nexclude = ['b']\n[workspace.package]\nversion = '2.0.0'\n\
         [workspace.dependencies]\nx = { package = 'real', version = '1' }",
    );
    let workspace = root.workspace.unwrap();
    assert_eq!((workspace.members.as_slice(), workspace.exclude.as_slice()), (&["a".into()][..], &["b".into()][..]));
    let member = read(
        "[package]\nname = 'a'\nversion.workspace = true\n[dependencies]\n\
         x = { workspace = true, optional = true }\ny = { workspace = true }\nz = '1'",
    );
    let full = member.inherit(&workspace);
    assert_eq!(full.package.unwrap().version, PackageVersion::Is("2.0.0".into()));
    let names: Vec<_> = full.dependencies.iter().map(|d| d.origin.as_ref().map(|o| o.package.as_str())).collect();
    assert_eq!(names, [Some("real"), None, Some("z")]);
    assert_eq!(full.dependencies[0].condition(), "feature: x");
}

#[test]
fn what_matters_must_have_its_type_and_the_rest_may_have_any() {
    read("[package]\nname = 'a'\nauthors = 1\n[profile.release]\nlto = 'x'\n[lints]\nx = 1");
    for (text, line) in [
        ("[package", 1),
        ("\ndependencies = 1", 2),
        ("[dependencies]\na = 1", 2),
        ("[dependencies]\na = { version = 1 }", 2),
        ("[dependencies]\na = { optional = 'yes' }", 2),
        ("[dependencies]\na = { package = [] }", 2),
        ("[package]\nname = 1", 2),
        ("[package]\nversion = '1.0.0'", 1),
        ("[package]\nname = 'a'\nversion = 1", 3),
        ("[workspace]\nmembers = 'a'", 2),
        ("[target]\nx = 1", 2),
        ("[features]\na = 'b'", 2),
    ] {
        let gap = parse(&TreePath::new("Cargo.toml"), text.as_bytes()).unwrap_err();
        assert_eq!((gap.kind, gap.line), (GapKind::ParseFailed, Some(line)), "{text}: {}", gap.why);
    }
    let gap = parse(&TreePath::new("Cargo.toml"), b"\xff").unwrap_err();
    assert_eq!(gap.kind, GapKind::ParseFailed);
}

proptest! {
    #[test]
    fn no_text_panics(text in "([\\[\\]{}=.,' \n]|package|name|version|workspace|dependencies|target|features|true|a){0,60}") {
        let _ = parse(&TreePath::new("Cargo.toml"), text.as_bytes());
    }
}
