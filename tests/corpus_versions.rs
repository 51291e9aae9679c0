//! Every comparison of the corpus that a native tool made or that is written by hand, asked of our version orders in both
//! directions. Needs `PORTCULLIS_CORPUS`, the directory that holds `versions`; without it the tests say that they are
//! skipped.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: what fails here should fail loudly"
)]

use portcullis::sys::{Bytes, FileKind, RealSys, Sys};
use portcullis::version::vers::Vers;
use portcullis::version::{Scheme, Standing};
use std::cmp::Ordering;
use std::path::{Path, PathBuf};

fn corpus() -> Option<PathBuf> {
    let dir = RealSys.var("PORTCULLIS_CORPUS").unwrap();
    if dir.is_none() {
        eprintln!("skipped: PORTCULLIS_CORPUS is not set");
    }
    dir.map(|dir| PathBuf::from(dir).join("versions"))
}

fn text(path: &Path) -> String {
    String::from_utf8(RealSys.read(path, Bytes::mib(64)).unwrap()).unwrap()
}

/// Where another answer is wanted, and why.
const DEVIATIONS: &[(Scheme, &str, &str)] = &[
    (Scheme::Maven, "1.0.0-gradle-rework-beta3 < 1.0.0.RC7-3", CIRCLE),
    (Scheme::Maven, "2.9.0-1 < 2.9.0.RC1", CIRCLE),
    (Scheme::Maven, "1.1.0-01-glassfish < 1.1.0.Beta1", CIRCLE),
    (Scheme::Packagist, "v3.0 < v3.0.0-beta", NOT_NORMALISED),
    (Scheme::Packagist, "v3.4 < v3.4.0-alpha", NOT_NORMALISED),
    (Scheme::Packagist, "v4-beta4 < v4.0-alpha", NOT_NORMALISED),
    (Scheme::Packagist, "v1.9.0-ALPHA.1 = v1.9.0-BETA.1", NOT_NORMALISED),
    (Scheme::Packagist, "v1.9.0-BETA.1 < v1.9.0-ALPHA.2", NOT_NORMALISED),
    (Scheme::Packagist, "v1.9.0-ALPHA.2 = v1.9.0-BETA.2", NOT_NORMALISED),
    (Scheme::Packagist, "5.1.0-stable < 5.1.0-beta2", NOT_NORMALISED),
    (Scheme::Packagist, "v4.4 < v4.4.0-beta", NOT_NORMALISED),
    (Scheme::Packagist, "v6.5 < v6.5.0-beta-0", NOT_NORMALISED),
    (Scheme::Packagist, "v6.6 < v6.6.0-beta", NOT_NORMALISED),
    (Scheme::Packagist, "1.0.0 > 1.0", NOT_NORMALISED),
    (Scheme::Packagist, "1.2.3.# = 1.2.3", HASH),
    (Scheme::Packagist, "1.2.3.# = 1.2.3.#", HASH),
    (Scheme::Packagist, "1.2.3.# = 1.2.3.1", HASH),
    (Scheme::Packagist, "1.2.3.#.1 > 1.2.3", HASH),
    (Scheme::Packagist, "1.2.3.#.p3 > 1.2.3", HASH),
    (Scheme::Packagist, "1.2.3.#.beta < 1.2.3", HASH),
];

/// Maven 3 also says that the right one is below the release and the left one above it. With all three answers there is
/// no order, and a version that is above the release and below its candidate would be matched wrongly either way.
const CIRCLE: &str = "Maven goes round in a circle here";
/// The lines were made by PHP's `version_compare`, which never sees such a text: Composer, the native tool, first fills
/// up to four numbers, writes stabilities in one case, and drops `-stable`.
const NOT_NORMALISED: &str = "Composer normalises before it compares";
/// Composer refuses `#`, and PHP's answers are no order: 1.2.3 = 1.2.3.# = 1.2.3.1, but 1.2.3 < 1.2.3.1.
const HASH: &str = "Composer refuses it";

struct Told {
    compared: usize,
    wrong: Vec<String>,
    deviations: usize,
}

fn ask(scheme: Scheme, left: &str, right: &str, expected: Ordering, told: &mut Told) {
    told.compared += 1;
    let line = format!("{left} {} {right}", sign(expected));
    let (there, back) = (scheme.compare(left, right), scheme.compare(right, left));
    let agrees = there == Ok(expected) && back == Ok(expected.reverse());
    let listed = DEVIATIONS.iter().any(|(s, known, _)| *s == scheme && *known == line);
    match (agrees, listed) {
        (true, false) => {}
        (false, true) => told.deviations += 1,
        (true, true) => told.wrong.push(format!("{scheme}: {line} is listed as a deviation and is none")),
        (false, false) => told.wrong.push(format!("{scheme}: {line}, but ours: {there:?} and {back:?}")),
    }
}

fn sign(order: Ordering) -> char {
    match order {
        Ordering::Less => '<',
        Ordering::Equal => '=',
        Ordering::Greater => '>',
    }
}

/// The lines `A < B` of one file.
fn lines(path: &Path, scheme: Scheme) -> Told {
    let mut told = Told { compared: 0, wrong: Vec::new(), deviations: 0 };
    for line in text(path).lines() {
        if line.trim().is_empty() || line.starts_with("# ") || line.starts_with("// ") {
            continue;
        }
        let parts: Vec<&str> = line.split(' ').collect();
        assert_eq!(parts.len(), 3, "{line}");
        let expected = match parts[1] {
            "<" => Ordering::Less,
            "=" => Ordering::Equal,
            ">" => Ordering::Greater,
            other => unreachable!("{other}"),
        };
        ask(scheme, parts[0], parts[2], expected, &mut told);
    }
    told
}

#[test]
fn every_line_of_the_native_tools_and_every_line_by_hand_is_answered_alike() {
    use Scheme::{Apk, Cran, Dpkg, Go, Hackage, Maven, Nuget, Packagist, Pep440, Pub, Rpm, RubyGems, Semver};
    let Some(corpus) = corpus() else { return };
    // File, order, comparisons in it.
    let files = [
        ("alpine-versions-generated", Apk, 13_979),
        ("cran-versions-generated", Cran, 57),
        ("debian-versions-generated", Dpkg, 14_442),
        ("maven-versions-generated", Maven, 14_752),
        ("packagist-versions-generated", Packagist, 10_630),
        ("pypi-versions-generated", Pep440, 12_375),
        ("rubygems-versions-generated", RubyGems, 4_098),
        ("alpine-versions", Apk, 0),
        ("cran-versions", Cran, 0),
        ("debian-versions", Dpkg, 0),
        ("hackage-versions", Hackage, 0),
        ("maven-versions", Maven, 0),
        ("nuget-versions", Nuget, 0),
        ("packagist-versions", Packagist, 0),
        ("pub-versions", Pub, 0),
        ("pypi-versions", Pep440, 0),
        ("redhat-versions", Rpm, 0),
        ("rubygems-versions", RubyGems, 0),
        ("semver-versions", Semver, 0),
        ("semver-versions", Go, 0),
    ];
    let mut wrong = Vec::new();
    let mut generated = 0;
    for (name, scheme, count) in files {
        let told = lines(&corpus.join("osv-scalibr-semantic").join(format!("{name}.txt")), scheme);
        eprintln!(
            "{name} as {scheme}: {} compared, {} deviations, {} wrong",
            told.compared,
            told.deviations,
            told.wrong.len()
        );
        if name.ends_with("-generated") {
            generated += told.compared;
            assert_eq!(told.compared, count, "{name}");
        }
        wrong.extend(told.wrong);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(generated, 70_333);
}

/// The comparisons and equalities of one file of the vers specification.
fn vers(path: &Path, scheme: Scheme) -> Told {
    let mut told = Told { compared: 0, wrong: Vec::new(), deviations: 0 };
    let file: serde_json::Value = serde_json::from_str(&text(path)).unwrap();
    for test in file["tests"].as_array().unwrap() {
        let versions: Vec<&str> =
            test["input"]["versions"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        let [left, right] = versions[..] else { unreachable!("{test}") };
        match test["test_type"].as_str().unwrap() {
            "equality" if test["expected_output"] == true => ask(scheme, left, right, Ordering::Equal, &mut told),
            "equality" => {
                told.compared += 1;
                if scheme.compare(left, right).is_ok_and(Ordering::is_eq) {
                    told.wrong.push(format!("{scheme}: {left} and {right} are not equal"));
                }
            }
            "comparison" => {
                // The lower one is expected first; NuGet's are normalised there.
                let first = test["expected_output"][0].as_str().unwrap();
                let second = test["expected_output"][1].as_str().unwrap();
                let same = |a: &str, b: &str| a == b || (scheme == Scheme::Nuget && a.eq_ignore_ascii_case(b));
                let (low, high) = if same(first, left) && same(second, right) { (left, right) } else { (right, left) };
                assert!(same(first, low) && same(second, high), "{test}");
                ask(scheme, low, high, Ordering::Less, &mut told);
            }
            other => unreachable!("{other}"),
        }
    }
    told
}

#[test]
fn the_comparisons_of_the_vers_specification_are_answered_alike() {
    let Some(corpus) = corpus() else { return };
    let files = [
        ("alpine_version_cmp_test", Scheme::Apk, 716),
        ("maven_version_cmp_test", Scheme::Maven, 977),
        ("nuget_version_cmp_test", Scheme::Nuget, 33),
    ];
    let mut wrong = Vec::new();
    for (name, scheme, count) in files {
        let told = vers(&corpus.join("vers-spec/tests").join(format!("{name}.json")), scheme);
        eprintln!("{name}: {} compared, {} deviations, {} wrong", told.compared, told.deviations, told.wrong.len());
        assert_eq!(told.compared, count, "{name}");
        wrong.extend(told.wrong);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_comparisons_of_rpm_and_dpkg_are_answered_alike() {
    let Some(corpus) = corpus() else { return };
    let mut told = Told { compared: 0, wrong: Vec::new(), deviations: 0 };
    let order = |number: &str| number.trim().parse::<i8>().unwrap().cmp(&0);
    for line in text(&corpus.join("rpm/tests/rpmvercmp.at")).lines() {
        // Those behind `dnl` are comments there, and answered alike, too.
        let Some((_, rest)) = line.split_once("RPMVERCMP(") else { continue };
        let parts: Vec<&str> = rest.trim_end_matches(')').split(", ").collect();
        assert_eq!(parts.len(), 3, "{line}");
        ask(Scheme::Rpm, parts[0], parts[1], order(parts[2]), &mut told);
    }
    let rpm = told.compared;
    let dpkg = text(&corpus.join("dpkg/scripts/t/Dpkg_Version.t"));
    let (_, data) = dpkg.split_once("\n__DATA__\n").unwrap();
    for line in data.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let parts: Vec<&str> = line.split(' ').collect();
        assert_eq!(parts.len(), 3, "{line}");
        ask(Scheme::Dpkg, parts[0], parts[1], order(parts[2]), &mut told);
    }
    eprintln!("rpm: {rpm} compared; dpkg: {} compared", told.compared - rpm);
    assert_eq!((rpm, told.compared - rpm), (103, 43));
    assert!(told.wrong.is_empty(), "{} wrong:\n{}", told.wrong.len(), told.wrong.join("\n"));
}

#[test]
fn the_containments_of_the_vers_specification_are_answered_alike() {
    let Some(corpus) = corpus() else { return };
    let mut asked = 0;
    for name in ["pypi_range_containment_test", "npm_range_containment_test"] {
        let path = corpus.join("vers-spec/tests").join(format!("{name}.json"));
        let file: serde_json::Value = serde_json::from_str(&text(&path)).unwrap();
        for test in file["tests"].as_array().unwrap() {
            let range = Vers::parse(test["input"]["vers"].as_str().unwrap()).unwrap();
            let version = range.scheme().parse(test["input"]["version"].as_str().unwrap()).unwrap();
            assert_eq!(range.contains(&version), test["expected_output"].as_bool(), "{test}");
            asked += 1;
        }
    }
    assert_eq!(asked, 11);
}

/// Every bound and listed version of the OSV records in JSON: all but those named are versions of their scheme.
#[test]
fn the_versions_of_the_public_advisories_are_read() {
    let Some(corpus) = corpus() else { return };
    let mut files = Vec::new();
    for dir in ["almalinux", "bitnami", "go", "ghsa-maven-subset", "rustsec-osv"] {
        json_files(&corpus.join("../advisories").join(dir), &mut files);
    }
    assert!(files.len() > 18_000, "{}", files.len());
    let (mut read, mut refused) = (0, std::collections::BTreeSet::new());
    for file in files {
        let record: serde_json::Value = serde_json::from_str(&text(&file)).unwrap();
        for affected in record["affected"].as_array().into_iter().flatten() {
            let name = affected["package"]["ecosystem"].as_str().unwrap_or_default();
            let versions = affected["versions"].as_array().into_iter().flatten();
            let ranges = affected["ranges"].as_array().into_iter().flatten().filter(|range| range["type"] != "GIT");
            let events = ranges.flat_map(|range| range["events"].as_array().into_iter().flatten());
            let bounds = events.flat_map(|event| event.as_object().into_iter().flatten().map(|(_, version)| version));
            for version in versions.chain(bounds).map(|v| v.as_str().unwrap()) {
                let scheme = Scheme::for_ecosystem(name).unwrap_or_else(|| unreachable!("no order for {name}"));
                match scheme.parse(version) {
                    Ok(version) if version.standing() == Standing::Ordered => read += 1,
                    _ => {
                        refused.insert(format!("{name} {version}"));
                    }
                }
            }
        }
    }
    eprintln!("{read} versions read, {} refused: {refused:?}", refused.len());
    assert!(read > 150_000, "{read}");
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), ["Bitnami nightly.2026-03-10.0"]);
}

fn json_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in RealSys.list(dir).unwrap() {
        let path = dir.join(&entry.name);
        match entry.kind {
            FileKind::Dir => json_files(&path, out),
            _ if entry.name.to_string_lossy().ends_with(".json") => out.push(path),
            _ => {}
        }
    }
}
