//! What the reader of OSV records takes and what it refuses.

use super::*;
use crate::model::Timestamp;

fn one(json_text: &str) -> Record {
    let document = json(json_text.as_bytes());
    assert_eq!(document.problems, Vec::<String>::new());
    document.records.into_iter().next().unwrap()
}

fn problem(json_text: &str) -> String {
    let mut document = json(json_text.as_bytes());
    assert_eq!(document.records, []);
    document.problems.pop().unwrap()
}

const WHOLE: &str = r#"{
  "schema_version": "1.9.9", "id": "GHSA-aaaa-bbbb-cccc", "modified": "2024-02-03T04:05:06.789Z",
  "published": "0001-01-01T00:00:00Z", "withdrawn": null, "unheard_of": [{"x": 1}],
  "aliases": ["CVE-2024-1"], "related": null, "summary": "a title", "details": "words",
  "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}, {"type": "Ubuntu", "score": "high"}, {"type": "half"}],
  "database_specific": {"severity": "HIGH", "cwe_ids": [1, {"a": null}], "n": 1.5},
  "references": [{"type": "WEB", "url": "https://example.com/1"}],
  "affected": [{
    "package": {"ecosystem": "Maven:https://repo.example", "name": "org.a:b", "purl": "pkg:maven/org.a/b"},
    "ranges": [
      {"type": "GIT", "repo": "https://example.com/r", "events": [{"introduced": "0"}]},
      {"type": "ECOSYSTEM", "events": [{"introduced": "0", "fixed": "1.5"}, {"last_affected": "2.0 "}]}
    ],
    "versions": ["1.0", "1.1"], "ecosystem_specific": "odd"
  }]
}"#;

#[test]
fn a_record_is_read_whatever_else_it_holds() {
    let record = one(WHOLE);
    assert_eq!((record.id.as_str(), record.database.as_str()), ("GHSA-aaaa-bbbb-cccc", "GHSA"));
    assert_eq!((record.modified, record.published), (Some(Timestamp(1_706_933_106)), None));
    assert_eq!((record.withdrawn, record.kind), (None, Kind::Vulnerability));
    assert_eq!((record.title.as_str(), record.description.as_str()), ("a title", "words"));
    let rating = |scheme: &str, value: &str| Rating { scheme: scheme.into(), value: value.into() };
    let expected = [rating("CVSS_V3", "CVSS:3.1/AV:N"), rating("Ubuntu", "high"), rating(Rating::WORD, "HIGH")];
    assert_eq!(record.ratings, expected);
    let expected = AffectedPackage {
        ecosystem: "Maven".into(),
        package: "org.a:b".into(),
        versions: vec!["1.0".into(), "1.1".into()],
        ranges: vec![vec![
            VersionEvent::new(EventKind::Introduced, "0"),
            VersionEvent::new(EventKind::Fixed, "1.5"),
            VersionEvent::new(EventKind::LastAffected, "2.0"),
        ]],
        has_commits: true,
    };
    assert_eq!(record.affected, [expected]);
}

#[test]
fn the_same_record_in_yaml_is_the_same_record() {
    let text = "id: PYSEC-2024-1\nmodified: \"2024-02-03T04:05:06Z\"\ndetails: words\naffected:\n- package:\n    name: a\n    \
                ecosystem: PyPI\n    purl: pkg:pypi/a\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    \
                - fixed: 1.10\n  versions:\n  - 1.0\n  - 1.9\naliases:\n- CVE-2024-2\n";
    let same = r#"{"id":"PYSEC-2024-1","modified":"2024-02-03T04:05:06Z","details":"words","affected":[{"package":{
        "name":"a","ecosystem":"PyPI"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.10"}]}],
        "versions":["1.0","1.9"]}],"aliases":["CVE-2024-2"]}"#;
    assert_eq!(yaml(text.as_bytes()), json(same.as_bytes()));
    assert_eq!(one(same).affected[0].ranges[0][1].version, "1.10");
}

#[test]
fn an_array_and_an_answer_of_a_server_hold_many() {
    let record = |id: &str| format!(r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z","affected":[]}}"#);
    let array = json(format!("[{},{}]", record("A-1"), record("B-2")).as_bytes());
    assert_eq!(array.records.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["A-1", "B-2"]);
    assert_eq!(array.notes, [Note::NoPackage, Note::NoPackage]);
    let answer = json(format!(r#"{{"vulns":[{},{{}}]}}"#, record("A-1")).as_bytes());
    assert_eq!(answer.records.len(), 1);
    assert_eq!(answer.problems, ["a record without an id: it has no `id`"]);
    assert_eq!(json(br#"{"vulns":[]}"#), Document::unreadable("it holds no record"));
    assert_eq!(json(b"[]"), Document::unreadable("it holds no record"));
}

#[test]
fn what_is_no_record_is_a_problem_that_says_why() {
    assert_eq!(problem("{}"), "a record without an id: it has no `id`");
    assert_eq!(problem(r#"{"id":"A-1"}"#), "A-1: it has no `modified`, which every OSV record has");
    let with = |affected: &str| format!(r#"{{"id":"A-1","modified":"2024-01-01T00:00:00Z","affected":[{affected}]}}"#);
    let range = |range: &str| with(&format!(r#"{{"package":{{"ecosystem":"npm","name":"a"}},"ranges":[{range}]}}"#));
    assert_eq!(problem(&range(r#"{"type":"LUNAR","events":[]}"#)), "A-1: a range has the unknown type `LUNAR`");
    assert_eq!(problem(&range(r#"{"events":[]}"#)), "A-1: a range has no `type`");
    let odd = problem(&range(r#"{"type":"SEMVER","events":[{"begun":"1"}]}"#));
    assert_eq!(odd, "A-1: an event of a range is none that the schema knows");
    let nameless = problem(&with(r#"{"versions":["1.0"]}"#));
    assert_eq!(nameless, "A-1: versions are affected of a package that is not named");
    for broken in ["", "[", "{\"id\":1}", "null", "\u{feff}", "{\"id\":\"a\",\"id\":\"b\"}", &"[".repeat(10_000)] {
        assert!(json(broken.as_bytes()).records.is_empty(), "{broken}");
        assert_eq!(json(broken.as_bytes()).problems.len(), 1, "{broken}");
    }
    assert_eq!(json(b"{\"id\":\"\xff\"}").problems, ["not UTF-8 after byte 7"]);
}

#[test]
fn a_record_on_commits_alone_is_noted_and_a_named_one_is_kept() {
    let commits = r#""ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]"#;
    let text =
        |affected: String| format!(r#"{{"id":"A-1","modified":"2024-01-01T00:00:00Z","affected":[{{{affected}}}]}}"#);
    let nameless = json(text(commits.to_owned()).as_bytes());
    assert_eq!((nameless.records[0].affected.len(), nameless.notes), (0, vec![Note::NoPackage]));
    let named = one(&text(format!(r#""package":{{"ecosystem":"npm","name":"a"}},{commits}"#)));
    assert!(named.affected[0].has_commits && named.affected[0].ranges.is_empty());
}

#[test]
fn kinds_follow_the_words_of_their_database() {
    let kind = |id: &str, rest: &str| one(&format!(r#"{{"id":"{id}","modified":"2024-01-01T00:00:00Z",{rest}}}"#)).kind;
    let affected = |specific: &str| {
        format!(r#""affected":[{{"package":{{"ecosystem":"crates.io","name":"a"}},"database_specific":{specific}}}]"#)
    };
    assert_eq!(kind("MAL-2024-1", r#""affected":[]"#), Kind::Malicious);
    assert_eq!(kind("RUSTSEC-2024-1", &affected(r#"{"categories":["malicious"]}"#)), Kind::Malicious);
    assert_eq!(kind("RUSTSEC-2024-1", &affected(r#"{"informational":"unsound"}"#)), Kind::Unsound);
    assert_eq!(kind("RUSTSEC-2024-1", &affected(r#"{"informational":"unmaintained"}"#)), Kind::Unmaintained);
    assert_eq!(kind("RUSTSEC-2024-1", &affected(r#"{"informational":"notice"}"#)), Kind::Notice);
    assert_eq!(kind("RUSTSEC-2024-1", &affected(r#"{"informational":"unheard"}"#)), Kind::Vulnerability);
    assert_eq!(kind("RUSTSEC-2024-1", &affected("null")), Kind::Vulnerability);
    assert_eq!(kind("ALBA-2024:1", &affected("{}")), Kind::Notice);
    let with_cve = format!(r#"{},"related":["CVE-2024-1"]"#, affected("{}"));
    assert_eq!(kind("ALBA-2024:1", &with_cve), Kind::Vulnerability);
    assert_eq!(kind("ALSA-2024:1", &affected("{}")), Kind::Vulnerability);
}

#[test]
fn a_withdrawal_that_cannot_be_read_does_not_silence_a_record() {
    let document = json(br#"{"id":"A-1","modified":"2024-01-01T00:00:00Z","withdrawn":"yes","affected":[]}"#);
    assert_eq!(document.records[0].withdrawn, None);
    assert_eq!(document.problems.len(), 1);
    let withdrawn =
        one(r#"{"id":"A-1","modified":"2024-01-01T00:00:00Z","withdrawn":"2024-01-02T00:00:00Z","affected":[]}"#);
    assert_eq!(withdrawn.withdrawn, Some(Timestamp(1_704_153_600)));
}

#[test]
fn releases_of_a_distribution_are_kept_and_registries_are_not() {
    assert_eq!(ecosystem("AlmaLinux:9"), "AlmaLinux:9");
    assert_eq!(ecosystem("Red Hat:enterprise_linux:9::appstream"), "Red Hat:enterprise_linux:9::appstream");
    assert_eq!(ecosystem("Maven:https://repo.example"), "Maven");
    assert_eq!(ecosystem("Unheard:1"), "Unheard:1");
}
