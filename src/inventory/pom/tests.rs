//! What a file is read as, beside which others, and what is refused.

use super::*;
use crate::inventory::npm::law;
use crate::inventory::sample::{Sample, rows};
use proptest::prelude::*;
use std::collections::BTreeMap;

const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- a <dependency> in a comment -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>app</artifactId>
  <version>3-SNAPSHOT</version>
  <properties><a.version>1.${minor}</a.version><minor>2</minor></properties>
  <dependencyManagement>
    <dependencies>
      <dependency><groupId>org.m</groupId><artifactId>m</artifactId><version>7</version><scope>test</scope></dependency>
    </dependencies>
  </dependencyManagement>
  <dependencies>
    <dependency><groupId>org.a</groupId><artifactId>a</artifactId><version>${a.version}</version></dependency>
    <dependency>
      <groupId>org.m</groupId>
      <artifactId>m</artifactId>
    </dependency>
    <dependency><groupId>${project.groupId}</groupId><artifactId>own</artifactId><version>${project.version}</version></dependency>
    <dependency><groupId>org.s</groupId><artifactId>s</artifactId><version>1</version><scope>system</scope><systemPath>${basedir}/s.jar</systemPath></dependency>
    <dependency><groupId>org.o</groupId><artifactId>o</artifactId><version>[1.5]</version><optional>true</optional></dependency>
  </dependencies>
  <build><plugins><plugin><dependencies>
    <dependency><groupId>org.p</groupId><artifactId>p</artifactId><version>1</version></dependency>
  </dependencies></plugin></plugins></build>
  <developers><developer><name>&eacute;</name></developer></developers>
  <profiles><profile><id>x</id><dependencies>
    <dependency><groupId>org.x</groupId><artifactId>x</artifactId><version>1</version><scope>runtime</scope></dependency>
  </dependencies></profile></profiles>
</project>
"#;
const POM: Sample = Sample { parse: alone, good: GOOD };

/// Without the gap that every pom has.
fn alone(path: &TreePath, bytes: &[u8]) -> Result<Partial<Inventory>, Gap> {
    let mut read = parse(path, bytes, &|_| None)?;
    read.gaps.retain(|gap| !gap.why.ends_with("is in no file; a lock or an SBOM of the build tells"));
    Ok(read)
}

/// Files of a tree, and what is read of one of them.
struct Trees(BTreeMap<&'static str, String>);

impl Trees {
    fn read(&self, path: &str) -> Partial<Inventory> {
        let bytes = |path: &TreePath| self.0.get(path.as_str()).map(|text| text.clone().into_bytes());
        let path = TreePath::new(path);
        let answer = parse(&path, &bytes(&path).unwrap(), &bytes);
        law::check_shape(&answer);
        let mut read = answer.unwrap();
        read.gaps.retain(|gap| !gap.why.ends_with("is in no file; a lock or an SBOM of the build tells"));
        read
    }

    fn labels(&self, path: &str) -> Vec<String> {
        let read = self.read(path);
        assert_eq!(read.gaps, []);
        read.value.components.iter().map(Component::label).collect()
    }

    /// Kind, line and reason of each gap.
    fn told(&self, path: &str) -> Vec<(GapKind, u32, String)> {
        let gaps = self.read(path).gaps.into_iter();
        gaps.map(|gap| (gap.kind, gap.line.unwrap(), format!("{}: {}", gap.what, gap.why))).collect()
    }
}

use crate::model::Component;

/// A project `org.t:NAME 1` with what follows its coordinates.
fn project(name: &str, rest: &str) -> String {
    format!("<project><groupId>org.t</groupId><artifactId>{name}</artifactId><version>1</version>{rest}</project>")
}

/// A project without group and version, below a parent `org.t:PARENT 1`.
fn child(name: &str, parent: &str, rest: &str) -> String {
    let parent =
        format!("<parent><groupId>org.t</groupId><artifactId>{parent}</artifactId><version>1</version></parent>");
    format!("<project>{parent}<artifactId>{name}</artifactId>\n{rest}</project>")
}

fn used(dependencies: &str) -> String {
    format!("<dependencies>{dependencies}</dependencies>")
}

fn managed(dependencies: &str) -> String {
    format!("<dependencyManagement>{}</dependencyManagement>", used(dependencies))
}

/// `group:artifact[:version]`, with more elements.
fn dependency(name: &str, more: &str) -> String {
    let mut parts = name.splitn(3, ':');
    let (group, artifact) = (parts.next().unwrap(), parts.next().unwrap());
    let version = parts.next().map(|version| format!("<version>{version}</version>")).unwrap_or_default();
    format!("<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{version}{more}</dependency>")
}

fn import(name: &str) -> String {
    dependency(name, "<type>pom</type><scope>import</scope>")
}

fn property(name: &str, value: &str) -> String {
    format!("<properties><{name}>{value}</{name}></properties>")
}

fn profile(id: &str, rest: &str) -> String {
    format!("<profiles><profile><id>{id}</id>{rest}</profile></profiles>")
}

fn tree<const N: usize>(files: [(&'static str, String); N]) -> Trees {
    Trees(files.into())
}

#[test]
fn dependencies_have_places_versions_scopes_and_conditions() {
    let read = POM.good();
    let expected = [
        ("org.a:a 1.2", 15, 5),
        ("org.m:m 7", 16, 5),
        ("org.example:own 3-SNAPSHOT", 20, 5),
        ("org.s:s 1", 21, 5),
        ("org.o:o 1.5", 22, 5),
        ("org.x:x 1", 29, 5),
    ];
    assert_eq!(rows(&read), expected.map(|(label, line, column)| (label.to_owned(), line, column)));
    let scopes: Vec<Scope> = read.components.iter().map(|c| c.scope).collect();
    let normal = Scope::Normal;
    assert_eq!(scopes, [normal, Scope::Dev, normal, normal, normal, normal]);
    let sources: Vec<&Source> = read.components.iter().map(|c| &c.source).collect();
    let default = &Source::Default;
    let jar = Source::Path("${basedir}/s.jar".into());
    assert_eq!(sources, [default, default, &Source::Local, &jar, default, default]);
    let conditions: Vec<String> = read.components.iter().map(|c| c.conditions.join(", ")).collect();
    assert_eq!(conditions, ["", "", "", "", "optional", "profile: x"]);
    assert_eq!(read.components[0].purl(), "pkg:maven/org.a/a@1.2");
    let left_out: Vec<&str> = read.counted.left_out.iter().map(|left| left.what.as_str()).collect();
    assert_eq!((left_out, read.counted.independent), (vec!["org.m:m", "org.p:p"], 8));
}

#[test]
fn what_no_pom_has_is_told_once_and_only_where_something_is_missing() {
    let gaps = |text: &str| {
        let read = parse(&TreePath::new("pom.xml"), text.as_bytes(), &|_| None).unwrap();
        read.gaps.into_iter().map(|gap| format!("{} {}: {}", gap.kind, gap.what, gap.why)).collect::<Vec<_>>()
    };
    let tail = "in is in no file; a lock or an SBOM of the build tells";
    assert_eq!(gaps(GOOD), [format!("not-covered org.example:app: what its dependencies bring {tail}")]);
    assert_eq!(gaps(&project("a", "")), Vec::<String>::new());
    assert_eq!(gaps(&project("a", &managed(&dependency("o:a:1", "")))), Vec::<String>::new());
    let parent = gaps(&child("a", "top", ""));
    assert_eq!(parent, [format!("not-covered org.t:a: what its parent org.t:top 1 brings {tail}")]);
    assert!(!GapKind::NotCovered.fails_by_default());
}

#[test]
fn a_version_that_the_tree_does_not_say_is_told_with_its_line() {
    let open = GapKind::Unlocked;
    POM.told(&[
        ("<version>${a.version}</version>", "", open, "org.a:a", 15),
        ("${a.version}", "${b.version}", open, "org.a:a", 15),
        ("${a.version}", "${env.VERSION}", open, "org.a:a", 15),
        ("${a.version}", "LATEST", open, "org.a:a", 15),
        ("${a.version}", "RELEASE", open, "org.a:a", 15),
        ("${a.version}", "[1,2)", open, "org.a:a", 15),
        ("${a.version}", "(,1.0]", open, "org.a:a", 15),
        ("${a.version}", "[1],[2]", open, "org.a:a", 15),
        ("${a.version}", "3-SNAPSHOT", open, "org.a:a", 15),
        ("<version>7</version>", "", open, "org.m:m", 16),
        ("<groupId>org.a<", "<groupId>${g}<", open, "${g}:a", 15),
    ]);
    // A snapshot that was built at one time is one version.
    let dated = GOOD.replacen("${a.version}", "1-20200101.120000-1", 1);
    assert_eq!(POM.gaps(&dated), []);
}

#[test]
fn what_cannot_be_understood_is_told() {
    let failed = GapKind::ParseFailed;
    POM.told(&[
        ("<groupId>org.a</groupId>", "", failed, ":a", 15),
        ("<artifactId>a</artifactId>", "", failed, "org.a:", 15),
        ("<artifactId>a<", "<artifactId>a b<", failed, "org.a:a b", 15),
        ("<groupId>org.a<", "<groupId>org:a<", failed, "org:a:a", 15),
        ("<groupId>org.a</groupId>", "<groupId>org.a</groupId><groupId>b</groupId>", failed, "org.a:a", 15),
        ("${a.version}", "1 2", failed, "org.a:a", 15),
        ("<minor>2</minor>", "<minor>${minor}</minor>", failed, "org.a:a", 15),
        ("<minor>2</minor>", "<minor>${a.version}${a.version}</minor>", failed, "org.a:a", 15),
        ("  <dependencies>\n", "  <dependencies><x/>\n", failed, "x", 10),
        (" <build>", "<x><dependency><groupId>o</groupId></dependency></x><build>", failed, "o:", 24),
    ]);
}

#[test]
fn a_file_that_is_not_whole_is_refused() {
    let failed = GapKind::ParseFailed;
    POM.refused(&[
        ("</project>\n", "", failed, 31),
        ("</project>\n", "</project><project/>", failed, 31),
        ("</project>\n", "</project>x", failed, 31),
        ("<modelVersion>", "<!DOCTYPE x [<!ENTITY a \"b\">]><modelVersion>", failed, 4),
        ("<modelVersion>4.0.0", "<modelVersion>5.0.0", GapKind::UnsupportedVersion, 4),
        ("  <modelVersion>", "<modelVersion>4.0.0</modelVersion><modelVersion>", failed, 4),
        ("<artifactId>app</artifactId>", "", failed, 3),
        ("<version>${a.version}</version>", "<version>&a;</version>", failed, 15),
        ("<version>${a.version}</version>", "1.0", failed, 15),
        (" in a comment", " -- in a comment", failed, 2),
        ("<project xmlns", "<settings xmlns", failed, 3),
        ("<modelVersion>", "\n<<<<<<< HEAD", failed, 5),
    ]);
    let deep = format!("<project>{}", "<a>".repeat(200));
    assert_eq!(POM.parse(&deep).unwrap_err().kind, GapKind::TooLarge);
    let many = format!("<project><properties>{}", "<a/>".repeat(1_000_001));
    assert_eq!(POM.parse(&many).unwrap_err().kind, GapKind::TooLarge);
    assert_eq!(parse(&TreePath::new("pom.xml"), b"<project>\xff", &|_| None).unwrap_err().kind, failed);
}

#[test]
fn characters_written_in_other_ways_are_read() {
    let text = "<project><artifactId>a</artifactId><dependencies><dependency><groupId>\n o&#46;a <!-- x --></groupId>\
        <artifactId><![CDATA[b]]></artifactId><version> 1&#x2e;0\n</version></dependency></dependencies></project>";
    assert_eq!(rows(&POM.parse(text).unwrap().value), [("o.a:b 1.0".to_owned(), 1, 50)]);
    assert_eq!(rows(&POM.parse(&format!("\u{feff}{GOOD}")).unwrap().value).len(), 6);
}

#[test]
fn parents_in_the_tree_say_versions_groups_and_properties() {
    let top =
        property("v", "1") + &managed(&(dependency("o:b:${v}", "") + &dependency("o:c:9", "<scope>test</scope>")));
    let own = property("v", "2")
        + &used(
            &(dependency("o:b", "")
                + &dependency("o:c", "")
                + &dependency("${project.groupId}:d:${project.version}", "")),
        );
    let files = tree([
        ("pom.xml", project("top", &top)),
        ("a/pom.xml", child("a", "top", &own)),
        ("b/x.xml", child("b", "top", "").replace("</parent>", "<relativePath>..</relativePath></parent>")),
        ("b/c/pom.xml", child("c", "b", &own).replace("</parent>", "<relativePath>../x.xml</relativePath></parent>")),
    ]);
    // What a file sets is before what its parent sets.
    assert_eq!(files.labels("a/pom.xml"), ["o:b 2", "o:c 9", "org.t:d 1"]);
    assert_eq!(files.labels("b/c/pom.xml"), ["o:b 2", "o:c 9", "org.t:d 1"]);
    assert_eq!(files.read("a/pom.xml").value.components[1].scope, Scope::Dev);
}

#[test]
fn a_parent_with_other_coordinates_or_elsewhere_is_none() {
    let own = used(&(dependency("o:b", "") + &dependency("o:c:${v}", "") + &dependency("o:d:4", "")));
    let told = |parent: &str, child_text: String| {
        let top = parent.to_owned() + &property("v", "1") + &managed(&dependency("o:b:1", ""));
        let files = tree([("pom.xml", project("top", &top)), ("a/pom.xml", child_text)]);
        files.told("a/pom.xml")
    };
    assert_eq!(told("", child("a", "top", &own)), []);
    let expected = |parent: &str| {
        [
            format!("o:b: its version is for the parent org.t:{parent} to say, which is not in the tree"),
            format!("o:c: `${{v}}` is for the parent org.t:{parent} to say, which is not in the tree"),
        ]
        .map(|why| (GapKind::Unlocked, 2, why))
    };
    assert_eq!(told("", child("a", "other", &own)), expected("other 1"));
    assert_eq!(told("", child("a", "top", &own).replacen("<version>1", "<version>2", 1)), expected("top 2"));
    for elsewhere in ["", "../..", "../../../x", "../pom2.xml", "http://e.example/pom.xml"] {
        let path = format!("<relativePath>{elsewhere}</relativePath></parent>");
        assert_eq!(told("", child("a", "top", &own).replace("</parent>", &path)), expected("top 1"), "{elsewhere}");
    }
}

#[test]
fn a_revision_that_the_parent_sets_leads_to_it() {
    let top = "<project><groupId>org.t</groupId><artifactId>top</artifactId><version>${revision}</version>\
        <properties><revision>5-SNAPSHOT</revision></properties></project>";
    let own =
        used(&(dependency("org.t:sister:${project.parent.version}", "") + &dependency("o:b:${pom.version}.x", "")));
    for version in ["${revision}", "5-SNAPSHOT"] {
        let text = child("a", "top", &own).replacen("<version>1", &format!("<version>{version}"), 1);
        let files = tree([("pom.xml", top.to_owned()), ("a/pom.xml", text)]);
        let read = files.read("a/pom.xml");
        assert_eq!(rows(&read.value)[0].0, "org.t:sister 5-SNAPSHOT", "{version}");
        assert_eq!(read.value.components[0].source, Source::Local);
        assert_eq!(rows(&read.value)[1].0, "o:b 5-SNAPSHOT.x");
    }
}

#[test]
fn a_snapshot_is_first_party_where_the_tree_has_it() {
    let snapshot = |text: String| text.replace("<version>1</version>", "<version>1-SNAPSHOT</version>");
    let top = snapshot(project("top", "<modules><module>libs/core</module><module>app</module></modules>"));
    let core =
        "<project><groupId>org.c</groupId><artifactId>t-core</artifactId><version>1-SNAPSHOT</version></project>";
    let app = |version: &str| snapshot(child("app", "top", &used(&dependency(&format!("org.c:t-core:{version}"), ""))));
    let told = |version: &str| {
        let files =
            tree([("pom.xml", top.clone()), ("libs/core/pom.xml", core.to_owned()), ("app/pom.xml", app(version))]);
        files.told("app/pom.xml")
    };
    assert_eq!(told("1-SNAPSHOT"), []);
    let why = "org.c:t-core: `2-SNAPSHOT` is a snapshot, which is another one each day".to_owned();
    assert_eq!(told("2-SNAPSHOT"), [(GapKind::Unlocked, 2, why)]);
}

#[test]
fn parents_that_go_round_or_on_and_on_are_told() {
    let round = tree([
        ("pom.xml", child("top", "a", "").replace("</parent>", "<relativePath>a</relativePath></parent>")),
        ("a/pom.xml", child("a", "top", "")),
    ]);
    let why = "org.t:top 1: a parent of the project, which leads back to this file".to_owned();
    assert_eq!(round.told("pom.xml"), [(GapKind::ParseFailed, 1, why)]);

    let name = |depth: usize| TreePath::new("d/".repeat(depth) + "pom.xml");
    let siblings = |path: &TreePath| Some(child("x", "x", "").replace("d/", path.as_str()).into_bytes());
    let deep = parse(&name(100), child("x", "x", "").as_bytes(), &siblings).unwrap();
    let kinds: Vec<GapKind> = deep.gaps.iter().map(|gap| gap.kind).collect();
    assert_eq!(kinds, [GapKind::NotCovered, GapKind::TooLarge]);
    let fewer = parse(&name(20), child("x", "x", "").as_bytes(), &siblings).unwrap();
    assert_eq!(fewer.gaps.len(), 1, "the parent of the last one is out of the tree");

    let broken = tree([("pom.xml", "<project".to_owned()), ("a/pom.xml", child("a", "top", ""))]);
    let why = "org.t:top 1: a parent of the project, which cannot be read".to_owned();
    assert_eq!(broken.told("a/pom.xml"), [(GapKind::ParseFailed, 1, why)]);
}

#[test]
fn an_imported_project_of_the_tree_says_versions() {
    let bom = managed(&(dependency("o:b:5", "") + &dependency("o:c:5", "")));
    let modules = "<modules><module>bom</module><module>a</module></modules>";
    let told = |imports: &str| {
        let own = managed(&(imports.to_owned() + &dependency("o:b:1", "")))
            + &used(&(dependency("o:b", "") + &dependency("o:c", "")));
        tree([
            ("pom.xml", project("top", modules)),
            ("bom/pom.xml", child("bom-of-t", "top", &bom)),
            ("a/pom.xml", child("a", "top", &own)),
        ])
    };
    // An entry of the file is before what it imports.
    assert_eq!(told(&import("org.t:bom-of-t:1")).labels("a/pom.xml"), ["o:b 1", "o:c 5"]);
    let unknown =
        |name: &str| format!("o:c: its version may be for {name} to say, which is imported and is not in the tree");
    let gap = |name| [(GapKind::Unlocked, 2, unknown(name))];
    assert_eq!(told(&import("org.t:bom-of-t:2")).told("a/pom.xml"), gap("org.t:bom-of-t 2"));
    // The first of two is asked first, and may be the one that says it.
    assert_eq!(told(&(import("o:x:1") + &import("org.t:bom-of-t:1"))).told("a/pom.xml"), gap("o:x 1"));
    assert_eq!(told(&(import("org.t:bom-of-t:1") + &import("o:x:1"))).told("a/pom.xml"), []);
    let why = "o:c: neither it nor `dependencyManagement` says its version".to_owned();
    assert_eq!(told("").told("a/pom.xml"), [(GapKind::Unlocked, 2, why)]);
}

#[test]
fn imports_that_go_round_or_double_end() {
    let own = managed(&import("org.t:a:1")) + &used(&dependency("o:c", ""));
    let told = tree([("pom.xml", project("a", &own))]).told("pom.xml");
    let why = "o:c: its version may be for org.t:a 1 to say, which is imported and leads back to this file".to_owned();
    assert_eq!(told, [(GapKind::Unlocked, 1, why)]);

    // Thirty layers of two projects each, that import both of the next layer.
    let siblings = |path: &TreePath| {
        let name = path.parent().rsplit('/').next()?.to_owned();
        let (_, layer) = name.split_once('-')?;
        let next = layer.parse::<usize>().ok()? + 1;
        let (modules, imports) = layers(next);
        Some(project(&name, &format!("{modules}{imports}")).into_bytes())
    };
    let (modules, imports) = layers(0);
    let text = project("top", &format!("{modules}{imports}{}", used(&dependency("o:c", ""))));
    let read = parse(&TreePath::new("pom.xml"), text.as_bytes(), &siblings).unwrap();
    assert_eq!(read.gaps.len(), 2, "{:?}", read.gaps);
}

fn layers(next: usize) -> (String, String) {
    if next > 30 {
        return (String::new(), String::new());
    }
    let names = [format!("l-{next}"), format!("r-{next}")];
    let modules: String = names.iter().map(|name| format!("<module>../{name}</module>")).collect();
    let modules = if next == 0 { modules.replace("../", "") } else { modules };
    let imports: String = names.iter().map(|name| import(&format!("org.t:{name}:1"))).collect();
    (format!("<modules>{modules}</modules>"), managed(&imports))
}

#[test]
fn profiles_say_versions_where_they_are_active() {
    let inner = property("v", "2") + &used(&dependency("o:x:${v}", ""));
    let outer = property("v", "1") + &used(&dependency("o:a:${v}", ""));
    let read = |rest: &str| tree([("pom.xml", project("a", rest))]);
    let both = read(&(outer.clone() + &profile("p", &inner)));
    let labels: Vec<String> = both.read("pom.xml").value.components.iter().map(Component::label).collect();
    assert_eq!(labels, ["o:a 1", "o:x 2"]);
    // The other version of the first is not asked about.
    let why = "o:a: the profile `p` gives it another version (v), which was not asked about".to_owned();
    assert_eq!(both.told("pom.xml"), [(GapKind::NotCovered, 1, why)]);

    let active = "<activation><activeByDefault>true</activeByDefault></activation>".to_owned() + &inner;
    assert_eq!(read(&(outer + &profile("p", &active))).labels("pom.xml"), ["o:a 2", "o:x 2"]);

    let alone = read(
        &(used(&(dependency("o:a:${v}", "") + &dependency("o:b", "")))
            + &profile("p", &(property("v", "2") + &managed(&dependency("o:b:1", ""))))),
    );
    let why = ["o:a: only the profile `p` sets `${v}`", "o:b: only the profile `p` says its version"];
    assert_eq!(alone.told("pom.xml"), why.map(|why| (GapKind::Unlocked, 1, why.to_owned())));
}

#[test]
fn an_inherited_dependency_that_is_another_here_is_told() {
    let top = property("v", "1") + &used(&(dependency("o:a:${v}", "") + &dependency("o:b:3", "")));
    let files = |own: &str| tree([("pom.xml", project("top", &top)), ("a/pom.xml", child("a", "top", own))]);
    assert_eq!(files("").told("a/pom.xml"), []);
    let why = "o:a: inherited from pom.xml, and another version here: `2`".to_owned();
    assert_eq!(files(&property("v", "2")).told("a/pom.xml"), [(GapKind::Unlocked, 1, why)]);
    let named = property("v", "2") + &used(&dependency("o:a:${v}", ""));
    assert_eq!(files(&named).labels("a/pom.xml"), ["o:a 2"]);
}

#[test]
fn a_bomb_of_properties_ends() {
    let mut properties = "<p0>${x}</p0><x/>".to_owned();
    for n in 0..40 {
        properties += &format!("<p{}>${{p{n}}}${{p{n}}}</p{}>", n + 1, n + 1);
    }
    for name in ["p40", "p20"] {
        let text =
            format!("<properties>{properties}</properties>{}", used(&dependency(&format!("o:a:${{{name}}}"), "")));
        let told = tree([("pom.xml", project("a", &text))]).told("pom.xml");
        assert!(told[0].2.ends_with("leads through too many properties"), "{told:?}");
    }
}

#[test]
fn damage_hides_no_dependency() {
    let good = project("a", &(property("v", "1") + &used(&(dependency("o:b:${v}", "") + &dependency("o:c:2", "")))));
    law::no_damage_hides_a_package(alone, good.as_bytes(), |_| false);
}

proptest! {
    #[test]
    fn any_damage_has_an_answer(damage in law::damage()) {
        let path = TreePath::new("a/pom.xml");
        let bytes = law::damaged(GOOD.as_bytes(), &damage);
        let beside = |_: &TreePath| Some(bytes.clone());
        law::check_shape(&parse(&path, &bytes, &beside));
    }
}

#[test]
fn too_much_work_ends() {
    let profiles: String = (0..256).map(|n| format!("<profile><id>{n}</id></profile>")).collect();
    let many: String = (0..2_000).map(|n| dependency(&format!("g:p{n}:${{v}}"), "")).collect();
    let text = property("v", &"${x}".repeat(200))
        + "<properties><x/></properties>"
        + &used(&many)
        + &format!("<profiles>{profiles}</profiles>");
    assert_eq!(POM.parse(&project("a", &text)).unwrap_err().kind, GapKind::TooLarge);
    let more = text.replace("</profiles>", "<profile><id>256</id></profile></profiles>");
    assert_eq!(POM.parse(&project("a", &more)).unwrap_err().why, "more than 256 profiles");
}
