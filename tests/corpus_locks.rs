//! The readers of Go, Ruby, PHP and the smaller ecosystems against real lockfiles and the fixtures of other tools. Needs
//! `PORTCULLIS_CORPUS`, the directory that holds `lockfiles/MANIFEST.tsv`; without it the tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::inventory::{
    cabal_freeze, composer_lock, conan_lock, deps_json, gemfile_lock, github_actions, go_mod, go_sum, gradle_lock,
    mix_lock, package_resolved, packages_lock, podfile_lock, pom, pubspec_lock, stack_lock,
};
use portcullis::model::{Component, Gap, GapKind, Inventory, Partial, TreePath};
use portcullis::sys::{Bytes, RealSys, Sys};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

const LIMIT: Bytes = Bytes::mib(64);

type Siblings<'a> = &'a dyn Fn(&TreePath) -> Option<Vec<u8>>;
type Parse = fn(&TreePath, &[u8], Siblings<'_>) -> Result<Partial<Inventory>, Gap>;
type Counts = fn(&Inventory) -> usize;
/// Whether a component begins at the first text, in the second.
type Place = fn(&Component, &str, &str) -> bool;

/// The corpus.
struct Corpus(PathBuf);

/// A file of the manifest: its path, its bytes, and what the manifest counts.
struct File {
    path: String,
    text: Vec<u8>,
    packages: String,
}

impl Corpus {
    fn open() -> Option<Self> {
        let Some(dir) = RealSys.var("PORTCULLIS_CORPUS").unwrap() else {
            eprintln!("skipped: PORTCULLIS_CORPUS is not set");
            return None;
        };
        Some(Self(PathBuf::from(dir).join("lockfiles")))
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        RealSys.read(&self.0.join(path), LIMIT).ok()
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.read(path).unwrap()).unwrap()
    }

    /// The files whose names end so.
    fn files(&self, names: &[&str]) -> Vec<File> {
        let mut files = Vec::new();
        for line in self.text("MANIFEST.tsv").lines().skip(1) {
            let cells: Vec<&str> = line.split('\t').collect();
            if names.iter().any(|name| cells[0].ends_with(name)) {
                let packages = cells[7].split(';').find_map(|part| part.strip_prefix("packages="));
                let packages = packages.unwrap_or_default().to_owned();
                files.push(File { path: cells[0].to_owned(), text: self.read(cells[0]).unwrap(), packages });
            }
        }
        files
    }

    /// Reads a file of the corpus under the name that it has in its repository.
    fn parse(&self, parse: Parse, file: &File, name: &str) -> Result<Partial<Inventory>, Gap> {
        let stem = file.path.strip_suffix(name).unwrap();
        // The corpus has a folder for each kind of file.
        let siblings = |path: &TreePath| {
            let kind = |name: &str| if name == "go.sum" { "gosum" } else { "gomod" };
            let stem = stem.replacen(kind(name), kind(path.file_name()), 1);
            self.read(&format!("{stem}{}", path.file_name()))
        };
        let start = Instant::now();
        let answer = parse(&TreePath::new(format!("x/{name}")), &file.text, &siblings);
        let took = start.elapsed();
        assert!(took.as_secs() < 10, "{} took {took:?}", file.path);
        answer
    }
}

/// What a file gave, for the tables of exceptions: the end of its path, and what is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    /// Refused.
    Refused(GapKind),
    /// Read, with these gaps: as many of one kind.
    Gaps(GapKind, usize),
    /// Read, with another number of packages than the manifest has.
    Count(usize),
}

const BROKEN: Odd = Odd::Refused(GapKind::ParseFailed);

fn missing(count: usize) -> Odd {
    Odd::Gaps(GapKind::DanglingDependency, count)
}

/// Every entry that was seen.
fn entries(lock: &Inventory) -> usize {
    lock.components.len() + lock.counted.left_out.len()
}

/// Reads every file; those that are not whole, or count otherwise than the manifest, must be in the table. Kinds of gaps
/// in `usual` are no exception.
fn check(
    name: &str,
    at_least: usize,
    parse: Parse,
    usual: &[GapKind],
    odd: &[(&str, Odd)],
    counts: Counts,
    place: Place,
) {
    let Some(corpus) = Corpus::open() else { return };
    let files = corpus.files(&[name]);
    check_files(&corpus, &files, (name, at_least), parse, (usual, odd), counts, place);
}

/// The same for kinds that the manifest does not count: `lines` counts what begins an entry, in the text alone.
fn check_lines(name: &str, at_least: usize, parse: Parse, odd: &[(&str, Odd)], lines: fn(&str) -> usize, place: Place) {
    let Some(corpus) = Corpus::open() else { return };
    let mut files = corpus.files(&[name]);
    for file in &mut files {
        file.packages = lines(&String::from_utf8_lossy(&file.text)).to_string();
    }
    check_files(&corpus, &files, (name, at_least), parse, (&[], odd), entries, place);
}

fn check_files(
    corpus: &Corpus,
    files: &[File],
    (name, at_least): (&str, usize),
    parse: Parse,
    (usual, odd): (&[GapKind], &[(&str, Odd)]),
    counts: Counts,
    place: Place,
) {
    assert!(files.len() >= at_least, "only {} files", files.len());
    let (mut packages, mut whole, mut seen) = (0, 0, 0);
    let mut wrong = Vec::new();
    for file in files {
        let expected: Vec<Odd> = odd.iter().filter(|(end, _)| file.path.ends_with(end)).map(|(_, odd)| *odd).collect();
        let mut got = Vec::new();
        match corpus.parse(parse, file, name) {
            Err(gap) => got.push((Odd::Refused(gap.kind), format!("{:?}: {}", gap.line, gap.why))),
            Ok(lock) => {
                let mut kinds: BTreeMap<GapKind, Vec<&str>> = BTreeMap::new();
                for gap in lock.gaps.iter().filter(|gap| !usual.contains(&gap.kind)) {
                    kinds.entry(gap.kind).or_default().push(&gap.why);
                }
                whole += usize::from(kinds.is_empty());
                got.extend(kinds.into_iter().map(|(kind, all)| (Odd::Gaps(kind, all.len()), format!("{all:?}"))));
                let count = counts(&lock.value);
                if count.to_string() != file.packages {
                    got.push((Odd::Count(count), format!("the manifest has {}", file.packages)));
                }
                packages += lock.value.components.len();
                places(&lock.value, &file.path, place);
            }
        }
        seen += expected.len();
        if expected != got.iter().map(|(odd, _)| *odd).collect::<Vec<_>>() {
            wrong.push(format!("{}: expected {expected:?}, got {got:?}", file.path));
        }
    }
    eprintln!("{name}: {} files, {whole} whole, {packages} packages", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, odd.len(), "a line of the table fits no file, or several");
}

/// At every place stands what the component says.
fn places(lock: &Inventory, path: &str, place: Place) {
    let starts: Vec<usize> =
        std::iter::once(0).chain(lock.text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
    for component in &lock.components {
        let line = &lock.text[starts[component.line as usize - 1]..];
        let rest = &line[line.char_indices().nth(component.column as usize - 1).unwrap().0..];
        let shown = rest.char_indices().nth(300).map_or(rest, |(at, _)| &rest[..at]);
        assert!(place(component, rest, &lock.text), "{path}: {component:?}: {shown}");
    }
}

/// Every finding of the oracle is about a component, with the same version.
fn covers(oracle: &str, parse: Parse, name: &str, findings: usize) {
    let Some(corpus) = Corpus::open() else { return };
    let table = corpus.text(&format!("ORACLES/{oracle}.findings.tsv"));
    let mut known: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let found = known.entry(cells[0].to_owned()).or_insert_with(|| {
            let file =
                File { path: cells[0].to_owned(), text: corpus.read(cells[0]).unwrap(), packages: String::new() };
            let name = if cells[0].ends_with(name) { name } else { cells[0].rsplit('/').next().unwrap() };
            let lock = corpus.parse(parse, &file, name).unwrap().value;
            lock.components.iter().map(|c| (c.name.to_string(), c.version.to_string())).collect()
        });
        assert!(found.contains(&(cells[2].to_owned(), cells[3].to_owned())), "{line}");
    }
    assert_eq!(table.lines().count() - 1, findings);
}

#[test]
fn every_go_mod_has_the_requirements_of_the_manifest() {
    // The manifest counts lines of blocks that are indented by a tab, and single ones.
    let odd = [
        ("golang/testdata/corrupt/go.mod", BROKEN),
        ("ossf+scorecard/2023-09-06-52a4843bf1.go.mod", Odd::Count(169)), // two lines of `replace` are no more modules
        ("many-packages/go.mod", Odd::Count(7)),                          // one is a comment
        // Indented by blanks.
        ("invalid_pseudo_version/go.mod", Odd::Count(2)),
        ("module_path_and_version_changed/go.mod", Odd::Count(1)),
        ("module_path_and_version_changed_during_update/go.mod", Odd::Count(1)),
        ("nonexisting_proxy/go.mod", Odd::Count(2)),
        ("unknown_revision/go.mod", Odd::Count(2)),
        ("unknown_revision_version/go.mod", Odd::Count(1)),
    ];
    let count = |lock: &Inventory| entries(lock) - lock.components.iter().filter(|c| &*c.name == "stdlib").count();
    let place = |c: &Component, rest: &str, text: &str| {
        let replaced = format!("=> {} {}", c.name, c.version);
        let said = [format!("{} {}", c.name, c.version), format!("go{}", c.version)];
        said.iter().any(|said| rest.starts_with(said)) || text.contains(&replaced)
    };
    // The sums of another commit are not those of the file.
    let usual = [GapKind::ToolchainUnpinned, GapKind::Unlocked];
    check("go.mod", 120, go_mod::parse, &usual, &odd, count, place);
}

#[test]
fn every_go_sum_has_the_modules_of_the_manifest() {
    // The manifest counts a module at a version once, whether its contents or its go.mod are listed.
    let count = |lock: &Inventory| {
        let cut =
            |text: &str| text.char_indices().nth(80).map_or(text.to_owned(), |(at, _)| text[..at].to_owned() + " …");
        let components = lock.components.iter().map(|c| format!("{} {}", cut(&c.name), cut(&c.version)));
        let left_out = lock.counted.left_out.iter().map(|left| left.what.trim_end_matches("/go.mod").to_owned());
        components.chain(left_out).collect::<BTreeSet<_>>().len()
    };
    let odd = [("golang/testdata/corrupt/go.sum", BROKEN), ("checksum_mismatch/go.sum", BROKEN)];
    check("go.sum", 90, go_sum::parse, &[], &odd, count, |c, rest, _| {
        rest.starts_with(&format!("{} {} h1:", c.name, c.version))
    });
}

#[test]
fn every_composer_lock_has_the_packages_of_the_manifest() {
    let place = |c: &Component, rest: &str, _: &str| {
        rest.strip_prefix("\"name\": \"")
            .is_some_and(|rest| rest.to_ascii_lowercase().starts_with(&format!("{}\"", c.name)))
    };
    let odd = [
        ("locks-empty/composer.lock", BROKEN),
        ("locks-many-with-invalid/composer.lock", BROKEN),
        ("composer/sad/composer.lock", BROKEN),
        ("glob-paths/src/composer.lock", BROKEN),
        ("gutted/composer.lock", BROKEN), // no list of packages
        ("doctored/composer.lock", Odd::Gaps(GapKind::ParseFailed, 4)),
        // Cut down to what a test needs.
        ("config-invalid/composer.lock", missing(3)),
        ("locks-many-with-insecure/composer.lock", missing(34)),
        ("image-pkg-coverage/composer/composer.lock", missing(10)),
    ];
    check("composer.lock", 58, composer_lock::parse, &[], &odd, entries, place);
}

#[test]
fn every_gemfile_lock_has_the_gems_of_the_manifest() {
    let parse: Parse = |path, bytes, _| gemfile_lock::parse(path, bytes);
    let count = |lock: &Inventory| lock.components.len();
    let place = |c: &Component, rest: &str, _: &str| rest.starts_with(&format!("{} ({}", c.name, c.version));
    let bad_sum = Odd::Gaps(GapKind::ParseFailed, 1);
    let odd = [
        ("locks-empty/Gemfile.lock", BROKEN),
        ("pkgs/ruby/Gemfile.lock", Odd::Gaps(GapKind::UnsupportedVersion, 1)), // `BAD-SECTION`, with one line in it
        ("pkgs/ruby/Gemfile.lock", Odd::Count(52)),
        ("image-debian-match-coverage/ruby/Gemfile.lock", Odd::Gaps(GapKind::DanglingDependency, 1)),
        ("checksums_bundler_4_0_10/Gemfile.lock", bad_sum),
        ("checksums_bundler_4_0_11/Gemfile.lock", bad_sum),
        ("checksums_bundler_4_0_12/Gemfile.lock", bad_sum),
        ("checksums_bundler_4_0_15/Gemfile.lock", bad_sum),
        ("checksums_bundler_dep_pinned/Gemfile.lock", bad_sum),
    ];
    check("Gemfile.lock", 60, parse, &[], &odd, count, place);
}

/// In JSON and YAML the entry begins with its name.
fn begins_with_name(c: &Component, rest: &str, _: &str) -> bool {
    rest.trim_start_matches('"').starts_with(&*c.name)
}

#[test]
fn every_pubspec_lock_is_read_or_refused() {
    let odd = [
        ("pub/testdata/broken/pubspec.lock", BROKEN),
        ("dart/testdata/corrupt/pubspec.lock", BROKEN),
        ("glob-paths/lock/src/pubspec.lock", BROKEN),
        ("missing-sdk/pubspec.lock", Odd::Gaps(GapKind::ParseFailed, 1)),
    ];
    let lines = |text: &str| text.lines().filter(|line| line.starts_with("    dependency: ")).count();
    check_lines("pubspec.lock", 20, |path, bytes, _| pubspec_lock::parse(path, bytes), &odd, lines, begins_with_name);
}

#[test]
fn every_mix_lock_is_read_or_refused() {
    let odd = [
        ("glob-paths/src/mix.lock", BROKEN),
        ("elixir/testdata/relationships/mix.lock", Odd::Gaps(GapKind::ParseFailed, 3)), // checksums of three letters
        ("elixir/testdata/mix.lock", missing(7)),
        // Cut down to what a test needs.
        ("pkgs/elixir/mix.lock", missing(7)),
        ("repo/mixlock/mix.lock", missing(1)),
        ("image-debian-match-coverage/hex/mix.lock", missing(3)),
    ];
    let lines = |text: &str| text.matches("\": {:").count();
    check_lines("mix.lock", 7, |path, bytes, _| mix_lock::parse(path, bytes), &odd, lines, begins_with_name);
}

#[test]
fn every_gradle_lock_is_read_or_refused() {
    let lines =
        |text: &str| text.lines().filter(|line| line.split('=').next().unwrap().split(':').count() == 3).count();
    check_lines("gradle.lockfile", 5, |path, bytes, _| gradle_lock::parse(path, bytes), &[], lines, begins_with_name);
}

#[test]
fn every_package_resolved_is_read_or_refused() {
    let odd = [
        (
            "xcode_project_invalid_json/MyApp.xcodeproj/project.xcworkspace/xcshareddata/swiftpm/Package.resolved",
            BROKEN,
        ),
        (
            "xcode_project_unknown_schema/MyApp.xcodeproj/project.xcworkspace/xcshareddata/swiftpm/Package.resolved",
            Odd::Refused(GapKind::UnsupportedVersion),
        ),
    ];
    let lines = |text: &str| text.matches("\"revision\"").count();
    let place =
        |_: &Component, rest: &str, _: &str| rest.starts_with("\"identity\"") || rest.starts_with("\"package\"");
    check_lines("Package.resolved", 36, |path, bytes, _| package_resolved::parse(path, bytes), &odd, lines, place);
}

#[test]
fn every_podfile_lock_is_read_or_refused() {
    let odd = [
        ("locks-scalibr/Podfile.lock", missing(9)), // cut down to what a test needs
    ];
    let lines = |text: &str| {
        text.split("\n\n")
            .next()
            .unwrap()
            .lines()
            .filter(|line| line.starts_with("  - ") && line.contains(" ("))
            .count()
    };
    check_lines("Podfile.lock", 3, |path, bytes, _| podfile_lock::parse(path, bytes), &odd, lines, begins_with_name);
}

#[test]
fn every_conan_lock_is_read_or_refused() {
    let odd = [("cpp/testdata/corrupt/conan.lock", BROKEN), ("glob-paths/somewhere/src/conan.lock", BROKEN)];
    let lines = |text: &str| {
        text.matches("\"options\":").count()
            + text.lines().filter(|line| line.contains("#") && !line.contains("ref\"")).count()
    };
    let place = |c: &Component, rest: &str, _: &str| {
        rest.starts_with(&*c.name) || rest.contains(&format!("\"ref\": \"{}/{}", c.name, c.version))
    };
    check_lines("conan.lock", 7, |path, bytes, _| conan_lock::parse(path, bytes), &odd, lines, place);
}

#[test]
fn every_packages_lock_has_the_packages_of_the_manifest() {
    let odd = [("glob-paths/src/packages.lock.json", BROKEN)];
    let parse: Parse = |path, bytes, _| packages_lock::parse(path, bytes);
    check("packages.lock.json", 7, parse, &[], &odd, entries, begins_with_name);
}

/// The manifest counts every dependency, those of plugins and of `dependencyManagement` included.
#[test]
fn every_pom_has_the_dependencies_of_the_manifest() {
    let Some(corpus) = Corpus::open() else { return };
    let files: Vec<File> = corpus.files(&[".xml"]).into_iter().filter(|file| file.path.starts_with("pom")).collect();
    assert!(files.len() >= 159, "only {} files", files.len());
    let (mut refused, mut components, mut left_out) = (Vec::new(), 0, 0);
    let mut told: BTreeMap<GapKind, usize> = BTreeMap::new();
    for file in &files {
        let path = TreePath::new(file.path.as_str());
        let read = match pom::parse(&path, &file.text, &|path| corpus.read(path.as_str())) {
            Ok(read) => read,
            Err(gap) => {
                refused.push((file.path.rsplit_once("testdata/").unwrap().1, gap.kind));
                continue;
            }
        };
        assert_eq!(entries(&read.value).to_string(), file.packages, "{}", file.path);
        components += read.value.components.len();
        left_out += read.value.counted.left_out.len();
        for gap in &read.gaps {
            *told.entry(gap.kind).or_default() += 1;
        }
        places(&read.value, &file.path, |c, rest, _| {
            let entry = rest.split("</dependency>").next().unwrap();
            let artifact = c.name.split(':').nth(1).unwrap();
            let solid: String = entry.split_whitespace().collect();
            let is_said = solid.contains(&format!("<version>{}</version>", c.version))
                || entry.contains("${")
                || !entry.contains("<version>");
            entry.starts_with("<dependency>") && entry.contains(artifact) && (is_said || entry.contains('['))
        });
    }
    eprintln!("{} poms, {components} dependencies, {left_out} left out", files.len());
    let failed = GapKind::ParseFailed;
    let broken = ["corrupt/pom.xml", "glob-paths/src/pom.xml", "broken/pom.xml"];
    refused.sort();
    let mut broken = broken.map(|name| (name, failed));
    broken.sort();
    assert_eq!(refused, broken);
    // Where the model builder of Maven 3.8.7 can do without a repository (105 poms), it gives each of their 140
    // dependencies the same version and scope, and what it gives otherwise is told.
    assert_eq!((components, left_out), (505, 319));
    assert_eq!(told, BTreeMap::from([(GapKind::Unlocked, 126), (GapKind::NotCovered, 112)]));
}

/// A module and its parent of the same commit, which the corpus keeps apart.
#[test]
fn a_real_parent_says_the_versions_of_its_module() {
    let Some(corpus) = Corpus::open() else { return };
    let commit = "2026-08-21-b8c3c97d29.pom.xml";
    let module = corpus.read(&format!("pom/DependencyTrack+dependency-track+apiserver/{commit}")).unwrap();
    let parent = corpus.read(&format!("pom/DependencyTrack+dependency-track/{commit}")).unwrap();
    let top = |path: &TreePath| (path.as_str() == "pom.xml").then(|| parent.clone());
    let read = |siblings: Siblings<'_>| {
        let read = pom::parse(&TreePath::new("apiserver/pom.xml"), &module, siblings).unwrap();
        (read.value.components.len(), read.gaps.iter().filter(|gap| gap.kind == GapKind::Unlocked).count())
    };
    assert_eq!(read(&|_| None), (50, 42));
    // The others are for a project to say that the parent imports, and that is not in the corpus.
    assert_eq!(read(&top), (69, 23));
}

/// Files that the corpus has among its containers: each with the number of its components, counted by
/// hand, and of its gaps: a snapshot of Haskell, and a list of libraries that was cut down to two.
#[test]
fn the_locks_in_images_are_read() {
    let Some(corpus) = Corpus::open() else { return };
    let dir = "../containers/grype/test/integration/testdata/image-debian-match-coverage";
    let files: [(&str, Parse, usize, usize); 3] = [
        ("haskell/stack.yaml.lock", |path, bytes, _| stack_lock::parse(path, bytes), 9, 1),
        ("haskell/cabal.project.freeze", |path, bytes, _| cabal_freeze::parse(path, bytes), 11, 0),
        ("dotnet/TestLibrary.deps.json", |path, bytes, _| deps_json::parse(path, bytes), 2, 18),
    ];
    for (name, parse, components, gaps) in files {
        let text = corpus.read(&format!("{dir}/{name}")).unwrap();
        let read = parse(&TreePath::new(name), &text, &|_| None).unwrap();
        places(&read.value, name, |c, rest, _| rest.lines().next().unwrap().contains(&*c.name));
        assert_eq!((read.value.components.len(), read.gaps.len()), (components, gaps), "{name}: {:?}", read.gaps);
    }
}

#[test]
fn every_workflow_and_action_is_read_or_refused() {
    let Some(corpus) = Corpus::open() else { return };
    let manifest = corpus.text("../ci-iac/MANIFEST.tsv");
    let (mut files, mut whole, mut components) = (0, 0, 0);
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for line in manifest.lines().skip(1) {
        let name = line.split('\t').next().unwrap();
        if !name.starts_with("workflows-") && !name.starts_with("actions-") {
            continue;
        }
        let text = corpus.read(&format!("../ci-iac/{name}")).unwrap();
        files += 1;
        let gaps = match github_actions::parse(&TreePath::new(name), &text) {
            Err(gap) => vec![gap],
            Ok(read) => {
                components += read.value.components.len();
                let place: Place =
                    |c, rest, _| rest.starts_with("uses") && rest.lines().next().unwrap().contains(&*c.name);
                places(&read.value, name, place);
                read.gaps
            }
        };
        whole += usize::from(gaps.is_empty());
        for gap in gaps {
            *told.entry(format!("{}: {}", gap.kind, gap.why)).or_default() += 1;
        }
    }
    eprintln!("{files} workflows and actions, {whole} whole, {components} components");
    let expected = [
        ("not-covered: an image, which no advisories on actions cover", 4),
        // What GitHub reads since 2025, and this release does not.
        ("parse-failed: an anchor (`&name`), which no package manager writes", 10),
        // Templates of workflows, fixtures of linters, and files of other kinds beside workflows.
        ("parse-failed: `jobs` is null, not a map", 1),
        ("parse-failed: `runs` is null, not a map", 1),
        ("parse-failed: a job is a list, not a map", 2),
        ("parse-failed: a key that is no text, which no package manager writes", 2),
        ("parse-failed: it is not one document", 3),
        ("parse-failed: neither `jobs` of a workflow nor `runs` of an action", 7),
        ("parse-failed: not valid YAML: mapping values are not allowed in this context", 2),
        ("parse-failed: the entry has no version", 4),
        ("parse-failed: the file is a text, not an object", 2),
        ("parse-failed: the same key twice in one map", 1),
    ];
    let expected: BTreeMap<String, usize> = expected.into_iter().map(|(why, count)| (why.to_owned(), count)).collect();
    assert_eq!(told, expected);
    assert!(files >= 1_500 && whole >= 1_450 && components >= 7_700, "{files} {whole} {components}");
}

#[test]
fn every_finding_of_the_oracles_is_about_a_component() {
    covers("rubysec-gem-version", |path, bytes, _| gemfile_lock::parse(path, bytes), "Gemfile.lock", 567);
    covers("friendsofphp-composer-semver", composer_lock::parse, "composer.lock", 91);
}
