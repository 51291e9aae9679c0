//! Claims that hold for every format: the answer, neutral text, the same bytes, and the schemas.

use super::readers::{check_markdown, check_xml};
use super::{Format, NotAFormat, Style, render, sample, words};
use crate::model::{Outcome, Recorded, Verdict};
use crate::text::neutral;
use proptest::prelude::*;
use serde_json::Value;

fn text(format: Format, verdict: &Verdict) -> String {
    styled(format, verdict, &Style::default())
}

fn styled(format: Format, verdict: &Verdict, style: &Style) -> String {
    String::from_utf8(render(format, verdict, &Recorded::not_asked(), style).unwrap()).unwrap()
}

fn recorded(format: Format, verdict: &Verdict, recorded: &Recorded, style: &Style) -> String {
    String::from_utf8(render(format, verdict, recorded, style).unwrap()).unwrap()
}

fn step_summary(verdict: &Verdict) -> Vec<u8> {
    super::step_summary(verdict, &Recorded::not_asked())
}

fn json(format: Format, verdict: &Verdict, style: &Style) -> Value {
    serde_json::from_str(&styled(format, verdict, style)).unwrap()
}

fn styles() -> Vec<Style> {
    let mut styles = Vec::new();
    for bits in 0..16_u8 {
        for width in [0, 80, u16::MAX] {
            let on = |bit: u8| bits & (1 << bit) != 0;
            styles.push(Style { color: on(0), width, components: on(1), quiet: on(2), verbose: on(3) });
        }
    }
    styles
}

/// Removes SGR sequences and nothing else.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap();
        assert!(code.bytes().all(|b| b.is_ascii_digit() || b == b';'), "{code:?}");
        out.push_str(rest);
    }
    out
}

#[test]
fn formats_are_their_words() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert_eq!("JSON".parse::<Format>(), Err(NotAFormat));
    assert_eq!("".parse::<Format>(), Err(NotAFormat));
}

#[test]
fn the_same_verdict_gives_the_same_bytes() {
    for verdict in sample::all() {
        for format in Format::ALL {
            assert_eq!(text(format, &verdict), text(format, &verdict.clone()));
        }
        assert_eq!(step_summary(&verdict), step_summary(&verdict.clone()));
    }
}

#[test]
fn every_report_ends_with_a_line_feed() {
    for verdict in sample::all() {
        for format in Format::ALL {
            assert!(text(format, &verdict).ends_with('\n'), "{format}");
        }
    }
}

#[test]
fn no_style_changes_what_is_said_of_the_outcome() {
    for verdict in [sample::passed(), sample::few(), sample::ten(), sample::incomplete()] {
        let before = verdict.clone();
        let line = words::verdict_line(&verdict);
        for style in styles() {
            let human = without_colour(&styled(Format::Human, &verdict, &style));
            let answer: Vec<&str> = human.lines().filter(|l| l.starts_with(verdict.outcome().as_str())).collect();
            assert_eq!(answer.len(), 1, "{human}");
            // A narrow terminal wraps the line.
            assert!(line.starts_with(answer[0]), "{answer:?}");
            let json = json(Format::Json, &verdict, &style);
            assert_eq!(json["verdict"], verdict.outcome().as_str());
            assert_eq!(json["exit_code"], verdict.outcome().exit_code());
            for format in [Format::Sarif, Format::Github, Format::Junit, Format::Codequality] {
                assert_eq!(styled(format, &verdict, &style), text(format, &verdict), "{format}");
            }
        }
        assert_eq!(verdict, before);
    }
}

#[test]
fn colour_adds_nothing_but_colour() {
    for verdict in sample::all() {
        for verbose in [false, true] {
            let plain = Style { verbose, ..Style::default() };
            let coloured = styled(Format::Human, &verdict, &Style { color: true, ..plain });
            assert_eq!(without_colour(&coloured), styled(Format::Human, &verdict, &plain));
        }
    }
    assert!(styled(Format::Human, &sample::few(), &Style { color: true, ..Style::default() }).contains("\u{1b}[1;31m"));
}

#[test]
fn quiet_is_the_verdict_alone() {
    let quiet = Style { quiet: true, ..Style::default() };
    let styled = |format, verdict: &Verdict, style: &Style| recorded(format, verdict, &sample::signed(true), style);
    assert_eq!(styled(Format::Human, &sample::passed(), &quiet), "passed: no finding blocks\n");
    assert_eq!(styled(Format::Human, &sample::few(), &quiet), "failed: 1 finding blocks (1 high)\n");
    let incomplete = "incomplete: no finding blocks, but 2 things could not be judged\n";
    assert_eq!(styled(Format::Human, &sample::incomplete(), &quiet), incomplete);
    let mut both = sample::few();
    both.gaps.extend(sample::incomplete().gaps);
    let line = "failed: 1 finding blocks (1 high); 2 things could not be judged\n";
    assert_eq!(styled(Format::Human, &both, &quiet), line);
}

#[test]
fn quiet_does_not_keep_a_missing_record_quiet() {
    let quiet = Style { quiet: true, ..Style::default() };
    let short = Recorded { meets_policy: false, ..sample::signed(false) };
    for (record, line) in [
        (Recorded::not_asked(), "passed: no finding blocks\n  record    none: --no-trail\n"),
        (
            sample::failed("no space"),
            "not recorded: exit code 4, whatever the verdict\npassed: no finding blocks\n  record    \
             none but its start, #4: no space\n",
        ),
        (
            sample::proposal(),
            "passed: no finding blocks\n  record    not signed: proposal only, in the JSON report, for this run is given\n            no key\n",
        ),
    ] {
        assert_eq!(recorded(Format::Human, &sample::passed(), &record, &quiet), line);
    }
    let text = recorded(Format::Human, &sample::passed(), &short, &quiet);
    assert!(text.contains("the policy asks for a durable one"), "{text}");
}

#[test]
fn every_format_says_what_became_of_the_record() {
    let verbose = Style { verbose: true, ..Style::default() };
    for (record, words) in [
        (sample::signed(true), vec!["#5", "example.com/log", "1a2b3c4d"]),
        (sample::signed(false), vec!["#5", "example.com/log", "1a2b3c4d", "ephemeral"]),
        (sample::proposal(), vec!["proposal only"]),
        (Recorded::not_asked(), vec!["--no-trail"]),
        (sample::failed("no space is left"), vec!["#4", "no space is left"]),
    ] {
        for verdict in [sample::passed(), sample::few(), sample::incomplete()] {
            for format in [Format::Human, Format::Sarif, Format::Github, Format::Junit] {
                let text = recorded(format, &verdict, &record, &verbose);
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(words.iter().all(|word| text.contains(word)), "{format}: {words:?}\n{text}");
            }
            let summary = String::from_utf8(super::step_summary(&verdict, &record)).unwrap();
            // Markdown escapes: the words that nothing is escaped in.
            assert!(summary.contains("Record: "), "{summary}");
        }
    }
    // For people without -v: no names that are random.
    let text = recorded(Format::Human, &sample::passed(), &sample::signed(true), &Style::default());
    assert!(text.contains("  record    #5 in the trail, signed\n"), "{text}");
}

#[test]
fn the_json_report_has_the_record_by_its_parts_and_follows_the_schema_in_each_state() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let of = |record: &Recorded| {
        let text = recorded(Format::Json, &sample::few(), record, &Style::default());
        let report: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(report["verdict"], "failed", "it changes no verdict");
        assert_eq!(report["exit_code"], if record.is_as_asked() { 1 } else { 4 });
        report["record"].clone()
    };
    let signed = of(&sample::signed(true));
    assert_eq!((&signed["state"], &signed["index"], &signed["start"]), (&"signed".into(), &5.into(), &4.into()));
    assert_eq!((&signed["log"], &signed["durable"]), (&"example.com/log".into(), &true.into()));
    assert_eq!(signed["verifier_key"], "example.com/log+1a2b3c4d+AQID");
    assert_eq!(of(&sample::signed(false))["durable"], false);
    let proposal = of(&sample::proposal());
    assert_eq!((&proposal["state"], &proposal["proposal"]), (&"proposal".into(), &"{\"a\":1}".into()));
    let failed = of(&sample::failed("no space"));
    assert_eq!((&failed["state"], &failed["why"], &failed["start"]), (&"failed".into(), &"no space".into(), &4.into()));
    let none = of(&Recorded::not_asked());
    assert_eq!((&none["state"], &none["why"]), (&"none".into(), &"--no-trail".into()));
    let unmet = of(&Recorded { meets_policy: false, ..sample::signed(false) });
    assert_eq!(unmet["meets_policy"], false);
    let mut bad: Value =
        serde_json::from_str(&recorded(Format::Json, &sample::few(), &sample::signed(true), &Style::default()))
            .unwrap();
    bad["record"]["state"] = "recorded".into();
    assert!(!validator.is_valid(&bad));
}

#[test]
fn a_block_reads_as_the_style_guide_says() {
    let human = text(Format::Human, &sample::few());
    let block: Vec<&str> = human.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(
        block,
        [
            "error[advisory/vulnerable]: h2 0.3.25 is affected by RUSTSEC-2024-0332",
            "    (high: assumed, the record has no score)",
            "   --> Cargo.lock:412:1",
            "    |",
            "412 | [[package]]",
            "413 | name = \"h2\"",
            "414 | version = \"0.3.25\"",
            "    | ^^^^^^^^^^^^^^^^^^ affected: < 0.3.26",
            "    |",
            "    = endless CONTINUATION frames keep a server busy",
            "    = also known as GHSA-q6cp-qfwq-4gcv",
            "    = reached through demo 0.1.0 → reqwest 0.11.24 → hyper 0.14.28 → h2 0.3.25",
            "help: cargo update -p h2@0.3.25 --precise 0.3.26",
        ]
    );
}

#[test]
fn a_reported_finding_says_why_it_does_not_block() {
    let high = || {
        let mut verdict = sample::few();
        verdict.findings.retain(|judged| judged.ruling == crate::model::Ruling::Blocks);
        let judged = &mut verdict.findings[0];
        judged.ruling = crate::model::Ruling::Reported;
        judged.finding.disclosed = Some(sample::NOW.day_start());
        verdict
    };
    for (decided_by, said) in [
        ("base comparison", "1 package, reported only (in the base already)"),
        ("grace 7d, portcullis.toml:9", "1 package, reported only (in their grace)"),
        ("portcullis.toml:2 fail-on = \"critical\"", "1 package, reported only (below fail-on)"),
        ("--fail-on critical", "1 package, reported only (below fail-on)"),
        ("portcullis.toml:4 classes.vulnerability = \"report\"", "(class reported by policy)"),
        ("default classes.unsound = \"report\"", "(by default)"),
    ] {
        let mut verdict = high();
        verdict.findings[0].decided_by = decided_by.into();
        let human = text(Format::Human, &verdict);
        assert!(human.contains(said), "{human}");
        assert_eq!(human.contains("high, assumed, grace until 2026-09-08"), decided_by.starts_with("grace"), "{human}");
    }
}

#[test]
fn a_command_stays_on_one_line_and_prose_wraps() {
    let command =
        format!("rm /home/a/.cache/portcullis/feed/rustsec-{}.feed && portcullis feed update", "a".repeat(64));
    let prose = format!("look at {} and decide, with those who know, what has to be done about it", "a".repeat(64));
    for (help, whole) in [(command, true), (prose, false)] {
        let mut verdict = sample::incomplete();
        verdict.gaps[0].gap.help = help.clone();
        verdict.notes.push(crate::model::Note { what: "a note".into(), help: help.clone() });
        let human = text(Format::Human, &verdict);
        assert_eq!(human.matches(&format!("help: {help}\n")).count(), if whole { 2 } else { 0 }, "{human}");
    }
}

#[test]
fn findings_of_one_package_are_one_block_with_the_command_that_clears_most() {
    let human = text(Format::Human, &sample::ten());
    assert_eq!(human.matches("tokio 1.8.3 is affected by 3 advisories").count(), 1);
    assert!(human.contains("help: cargo update -p tokio@1.8.3 --precise 1.18.4  # clears 2 of 3\n"), "{human}");
    assert!(!human.contains("--precise 1.8.4"), "{human}");
    // The same advisory in two lockfiles is one block too.
    assert_eq!(human.matches("help: cargo update -p h2@0.3.25").count(), 1);
    assert!(human.contains("= also at tools/xtask/Cargo.lock:31:1\n"), "{human}");
}

#[test]
fn every_finding_and_every_blocking_gap_is_named_in_every_format() {
    for verdict in [sample::few(), sample::ten(), sample::two_hundred()] {
        let summary = String::from_utf8(step_summary(&verdict)).unwrap();
        for format in [Format::Human, Format::Json, Format::Sarif, Format::Junit, Format::Codequality] {
            let text = text(format, &verdict);
            for id in verdict.findings.iter().filter_map(|judged| judged.finding.advisory.as_ref()) {
                assert!(text.contains(id), "{format}: {id}");
                assert!(
                    summary.contains(id) || !summary.contains("RUSTSEC-2020-0071") && id == "RUSTSEC-2020-0071",
                    "{id}"
                );
            }
        }
    }
    let verdict = sample::incomplete();
    for format in Format::ALL {
        let text = text(format, &verdict);
        assert!(
            text.contains("conflict markers in line 12") && text.contains("refreshed 9 days ago"),
            "{format}: {text}"
        );
    }
}

#[test]
fn lines_of_people_fit_their_width_but_for_what_must_stay_whole() {
    for verdict in [sample::few(), sample::ten(), sample::two_hundred(), sample::incomplete()] {
        for line in text(Format::Human, &verdict).lines() {
            assert!(line.chars().count() <= 80 || line.ends_with(".toml"), "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn a_landmark_feed_is_called_one_wherever_a_feed_is_named() {
    let verdict = sample::incomplete();
    let summary = String::from_utf8(step_summary(&verdict)).unwrap();
    let said = "landmark feed: 163 advisories only, state of 2026-08-21; not a substitute for the full database";
    let human = text(Format::Human, &verdict).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(human.contains(said), "{human}");
    assert!(text(Format::Sarif, &verdict).contains(said));
    assert!(summary.contains("landmark feed: 163 advisories only"), "{summary}");
    assert_eq!(json(Format::Json, &verdict, &Style::default())["feed"]["complete"], false);
}

#[test]
fn the_json_report_keeps_every_value() {
    let report = json(Format::Json, &sample::few(), &Style { components: true, ..Style::default() });
    assert_eq!(report["schema"], "portcullis-report/1");
    assert_eq!(report["decided_at"], "2026-09-01T12:00:00Z");
    assert_eq!(
        report["summary"]["findings"],
        serde_json::json!({"total": 3, "blocking": 1, "reported": 1, "waived": 1})
    );
    assert_eq!(report["feed"]["age_seconds"], 10_800);
    assert_eq!(report["components"].as_array().unwrap().len(), 2);
    let first = &report["findings"][0];
    assert_eq!(first["rule"], "PC-DEP-001");
    assert_eq!(first["purl"], "pkg:cargo/h2@0.3.25");
    assert_eq!((&first["line"], &first["column"]), (&412.into(), &1.into()));
    assert_eq!(first["fix"]["command"], "cargo update -p h2@0.3.25 --precise 0.3.26");
    assert_eq!(first["waived_by"], Value::Null);
    let waived = &report["findings"][1];
    assert_eq!((&waived["score"], &waived["waived_by"]), (&6.2.into(), &".portcullis/waivers/time.toml".into()));
    assert_eq!(json(Format::Json, &sample::few(), &Style::default())["components"], Value::Null);
    // Hostile text survives as a value.
    for hostile in sample::HOSTILE {
        let report = json(Format::Json, &sample::hostile(hostile), &Style::default());
        assert_eq!(report["findings"][0]["message"], hostile);
    }
}

#[test]
fn the_json_report_follows_its_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for verdict in sample::all() {
        for components in [false, true] {
            let report = json(Format::Json, &verdict, &Style { components, ..Style::default() });
            let errors: Vec<String> =
                validator.iter_errors(&report).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    }
    // A report that differs in one thing is not one.
    let good = json(Format::Json, &sample::few(), &Style::default());
    let changes: [(&str, Value); 6] = [
        ("/exit_code", 2.into()),
        ("/findings/0/line", 0.into()),
        ("/findings/0/class", "bug".into()),
        ("/findings/0/fingerprint", "00".into()),
        ("/gaps/0/kind", "unknown".into()),
        ("/schema", "portcullis-report/2".into()),
    ];
    for (at, value) in changes {
        let mut bad = good.clone();
        *bad.pointer_mut(at).unwrap() = value;
        assert!(!validator.is_valid(&bad), "{at}");
    }
    for (at, key) in
        [("", "ledger"), ("/findings/0", "waived_by"), ("/gaps/0", "accepted_by"), ("/ledger/0", "components")]
    {
        let mut bad = good.clone();
        bad.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(key).unwrap();
        assert!(!validator.is_valid(&bad), "without {at}/{key}");
        let mut bad = good.clone();
        bad.pointer_mut(at).unwrap().as_object_mut().unwrap().insert("extra".into(), Value::Null);
        assert!(!validator.is_valid(&bad), "with {at}/extra");
    }
}

#[test]
fn every_kind_of_gap_is_in_the_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../schema/report.schema.json")).unwrap();
    let listed: Vec<&str> = schema["$defs"]["gap"]["properties"]["kind"]["enum"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let known: Vec<&str> = crate::model::GapKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(listed, known);
}

fn array<'a>(value: &'a Value, key: &str) -> &'a Vec<Value> {
    value[key].as_array().unwrap_or_else(|| panic!("{key} is not an array in {value}"))
}

/// What SARIF 2.1.0 and GitHub ask for, checked by hand.
fn check_sarif(verdict: &Verdict) {
    let log = json(Format::Sarif, verdict, &Style::default());
    assert_eq!(log["version"], "2.1.0");
    let runs = array(&log, "runs");
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = array(&run["tool"]["driver"], "rules");
    for rule in rules {
        let text = |key: &str| !rule[key]["text"].as_str().unwrap().is_empty();
        assert!(text("shortDescription") && text("fullDescription") && text("help"), "{rule}");
        assert!(["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
        assert!(array(&rule["properties"], "tags").len() <= 20);
        if let Some(score) = rule["properties"].get("security-severity") {
            let score: f64 = score.as_str().unwrap().parse().unwrap();
            assert!((0.0..=10.0).contains(&score));
        }
    }
    let results = array(run, "results");
    assert_eq!(results.len(), verdict.findings.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["ruleId"].as_str().unwrap().starts_with(result["properties"]["rule"].as_str().unwrap()));
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let place = &array(result, "locations")[0]["physicalLocation"];
        let region = &place["region"];
        assert!(region["startLine"].as_u64().unwrap() >= 1 && region["startColumn"].as_u64().unwrap() >= 1);
        assert!(region.get("endLine").is_none_or(|end| end.as_u64() >= region["startLine"].as_u64()));
        assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
        assert_eq!(result["partialFingerprints"]["portcullis/v1"].as_str().unwrap().len(), 32);
        let waived = result["properties"]["ruling"] == "waived";
        assert_eq!(result.get("suppressions").is_some(), waived);
    }
    let invocation = &array(run, "invocations")[0];
    let blocking = verdict.gaps.iter().any(|judged| judged.ruling == crate::model::Ruling::Blocks);
    assert_eq!(invocation["executionSuccessful"], !blocking);
    let told = array(invocation, "toolExecutionNotifications");
    assert_eq!(told.len(), verdict.gaps.len() + verdict.notes.len());
}

#[test]
fn sarif_is_well_formed() {
    for verdict in sample::all() {
        check_sarif(&verdict);
    }
}

#[test]
fn sarif_tells_place_severity_and_waiver() {
    let log = json(Format::Sarif, &sample::few(), &Style::default());
    let run = &log["runs"][0];
    let region = &run["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(*region, serde_json::json!({"startLine": 412, "startColumn": 1, "endLine": 414}));
    assert_eq!(run["results"][0]["ruleId"], "PC-DEP-001/RUSTSEC-2024-0332");
    // Blocking ones first, then reported ones, then waived ones.
    let levels: Vec<&str> = array(run, "results").iter().filter_map(|result| result["level"].as_str()).collect();
    assert_eq!(levels, ["error", "warning", "note"]);
    let waived = &run["results"][2];
    assert_eq!(waived["ruleId"], "PC-DEP-001/RUSTSEC-2020-0071");
    assert_eq!(waived["suppressions"][0]["justification"], "waived by .portcullis/waivers/time.toml until 2026-09-21");
    let index = usize::try_from(waived["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["properties"]["security-severity"], "6.2");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let incomplete = json(Format::Sarif, &sample::incomplete(), &Style::default());
    let invocation = &incomplete["runs"][0]["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&false.into(), &3.into()));
    let levels: Vec<&str> =
        array(invocation, "toolExecutionNotifications").iter().filter_map(|told| told["level"].as_str()).collect();
    assert_eq!(levels, ["error", "note", "error"]);
}

/// The schema of the standard is not ours to ship: `PORTCULLIS_SARIF_SCHEMA` names the file.
#[test]
#[expect(clippy::disallowed_methods, reason = "the file is named by whoever runs the tests")]
fn sarif_follows_the_schema_of_the_standard() {
    let Some(path) = std::env::var_os("PORTCULLIS_SARIF_SCHEMA") else {
        eprintln!("skipped: PORTCULLIS_SARIF_SCHEMA does not name the JSON schema of SARIF 2.1.0");
        return;
    };
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(schema["title"].as_str().unwrap().contains("Version 2.1.0"), "{}", schema["title"]);
    schema.as_object_mut().unwrap().remove("id"); // nothing is fetched, and every reference is local
    // Some prints of the schema have a pattern with a stray bracket, for a key that is not written here.
    for of in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{of}/properties/language"));
        if let Some(language) = language.and_then(Value::as_object_mut) {
            language.remove("pattern");
        }
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    for verdict in sample::all() {
        let log = json(Format::Sarif, &verdict, &Style::default());
        let errors: Vec<String> =
            validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let mut bad = json(Format::Sarif, &sample::few(), &Style::default());
    *bad.pointer_mut("/runs/0/results/0/locations/0/physicalLocation/region/startLine").unwrap() = 0.into();
    assert!(!validator.is_valid(&bad));
}

#[test]
fn junit_is_well_formed_and_counts_right() {
    for verdict in sample::all() {
        let counts = check_xml(&text(Format::Junit, &verdict));
        let of = |name: &str| counts.get(name).copied().unwrap_or(0);
        assert_eq!(of("testcase"), of("testsuite") + verdict.findings.len());
        assert_eq!(of("failure"), words::findings(&verdict).blocking);
        // A verdict that did not pass has a case that did not, and one that passed has none.
        assert_eq!(of("failure") + of("error") == 0, verdict.outcome() == Outcome::Passed);
    }
}

/// What each format may never contain, whatever the verdict holds.
fn check_neutral(verdict: &Verdict) {
    for verbose in [false, true] {
        let human = styled(Format::Human, verdict, &Style { verbose, ..Style::default() });
        assert!(!human.chars().any(|c| c != '\n' && neutral::is_unsafe(c)), "{human:?}");
        for line in human.lines() {
            assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "{line:?}");
        }
    }
    let github = text(Format::Github, verdict);
    let mut lines: Vec<&str> = github.lines().collect();
    assert_eq!(lines.pop(), Some(format!("portcullis: {}", words::verdict_line(verdict)).as_str()));
    assert_eq!(lines.pop(), Some("portcullis: record: none: --no-trail"));
    for line in lines {
        let rest = ["::error ", "::warning ", "::notice "].iter().find_map(|level| line.strip_prefix(level)).unwrap();
        let (properties, _) = rest.split_once("::").unwrap();
        for property in properties.split(',') {
            let (key, value) = property.split_once('=').unwrap();
            assert!(["file", "line", "col", "title"].contains(&key), "{line:?}");
            assert!(!value.contains(':'), "{line:?}");
        }
    }
    assert!(!github.chars().any(|c| c != '\n' && neutral::is_unsafe(c)));
    for format in [Format::Json, Format::Sarif, Format::Codequality] {
        let raw = text(format, verdict);
        assert!(!raw.chars().any(|c| c != '\n' && neutral::is_unsafe(c)), "{format}");
        serde_json::from_str::<Value>(&raw).unwrap();
    }
    let counts = check_xml(&text(Format::Junit, verdict));
    assert_eq!(counts.get("testsuites"), Some(&1));
    check_markdown(&String::from_utf8(step_summary(verdict)).unwrap());
}

#[test]
fn a_hostile_reason_for_a_missing_record_is_neutral_in_every_format() {
    for hostile in sample::HOSTILE {
        let record = sample::failed(hostile);
        for format in Format::ALL {
            let text = recorded(format, &sample::passed(), &record, &Style::default());
            assert!(!text.chars().any(|c| c != '\n' && neutral::is_unsafe(c)), "{format}: {text:?}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::error")), "{format}: {text:?}");
            if format == Format::Junit {
                check_xml(&text);
            }
        }
        check_markdown(&String::from_utf8(super::step_summary(&sample::passed(), &record)).unwrap());
    }
}

#[test]
fn hostile_text_is_neutral_in_every_format() {
    for verdict in sample::all() {
        check_neutral(&verdict);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_neutral_in_every_format(
        text in prop_oneof![any::<String>(), "[\\PC\\x00-\\x1f]{0,40}", "[`|<>@#:%&\\[\\]()!\\\\\n\r \u{1b}\u{202e}a1.-]{0,40}"]
    ) {
        let verdict = sample::hostile(&text);
        check_neutral(&verdict);
        check_sarif(&verdict);
    }
}
