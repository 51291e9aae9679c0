//! Tests of `statement`: what a record says, what it must not say, and that body and leaf cannot disagree.

use super::*;
use crate::model::{
    Axis, Class, Component, FeedKind, Finding, Gap, GapKind, Ledger, Location, PolicyInfo, RuleId, Scope, Severity,
    SeverityBasis, Source, Stage, Tool,
};
use crate::sign::{ReadyKey, SigningKey};
use crate::trail::record::{Initiator, KnownBy, Record, Runner, decision, start};
use crate::trail::verify::{ProblemKind, check_body};
use crate::trail::{Leaf, leaf::parse_leaf};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn context() -> RunContext {
    RunContext {
        initiator: Some(Initiator { name: "octo-login".into(), known_by: KnownBy::CiEnvironment }),
        trigger: Some("push".into()),
        git_ref: Some("refs/heads/main".into()),
        run_id: "4711".into(),
        attempt: 2,
        runner: Runner::GithubHosted,
        repository: Some("https://example.com/owner/name".into()),
        commit: Some(COMMIT.into()),
        tree: Some(COMMIT.replace('0', "f")),
        dirty: false,
        tool_digest: Some(Digest::of(b"tool")),
        started: Some(Timestamp(1_790_000_000)),
        private: vec!["/home/canary-user".into(), "canary-host".into()],
    }
}

fn component() -> Component {
    Component {
        ecosystem: crate::model::Ecosystem::Cargo,
        name: "h2".into(),
        version: "0.3.25".into(),
        source: Source::Git("git+https://canary-user:canary-token@example.com/h2?token=canary-query#abc".into()),
        checksum: None,
        line: 7,
        column: 1,
        scope: Scope::Normal,
        conditions: Vec::new(),
    }
}

fn finding() -> Finding {
    Finding {
        rule: RuleId::VULNERABLE,
        class: Class::Vulnerability,
        severity: Severity::High,
        basis: SeverityBasis::Assumed,
        advisory: Some("RUSTSEC-2024-0332".into()),
        aliases: Vec::new(),
        disclosed: None,
        url: None,
        component: Some(component()),
        location: Location { path: TreePath::new("Cargo.lock"), line: 7, column: 1 },
        excerpt: vec!["canary-excerpt".into()],
        evidence: Vec::new(),
        fix: None,
        message: "h2 0.3.25 is affected, says canary@canary.example".into(),
        title: "canary-title".into(),
    }
}

fn verdict(ruling: Ruling) -> Verdict {
    let why = "cannot read /home/canary-user/x on canary-host: permission denied";
    let gap = Gap::new(GapKind::Unreadable, Stage::Collect, "/home/canary-user/src/x of <canary@canary.example>", why);
    let judged = JudgedFinding { finding: finding(), axis: Axis::Unknown, ruling, decided_by: "default".into() };
    let row = LedgerRow {
        path: TreePath::new("Cargo.lock"),
        kind: "cargo-lock",
        state: RowState::Parsed(3),
        digest: Some(Digest::of(b"lock")),
    };
    Verdict {
        findings: vec![judged],
        gaps: vec![JudgedGap { gap, ruling: Ruling::Reported, decided_by: "default".into() }],
        notes: Vec::new(),
        ledger: Ledger::new(vec![row]),
        sources: Vec::new(),
        inventories: Vec::new(),
        feed: Some(FeedInfo {
            name: "file:///home/canary-user/db".into(),
            kind: FeedKind::Directory,
            digest: Digest::of(b"feed"),
            advisories: 3,
            newest: Some(Timestamp(1_780_000_000)),
            refreshed: None,
            commit: Some("not an id of canary@canary.example".into()),
        }),
        policy: PolicyInfo {
            origin: "/home/canary-user/portcullis.toml".into(),
            digest: Digest::of(b"policy"),
            fail_on: Severity::High,
            waivers: 1,
            durable_trail: false,
        },
        rules: Vec::new(),
        decided_at: Timestamp(1_790_000_060),
        base: None,
        tool: Tool { version: "0.1.0" },
    }
}

fn waived() -> Ruling {
    Ruling::Waived { by: ".portcullis/waivers/h2.toml".into(), expires: Timestamp(1_800_000_000) }
}

fn record(ruling: Ruling, ctx: &RunContext) -> (Record, SigningKey) {
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let inputs = [(TreePath::new("Cargo.lock"), Digest::of(b"lock"))];
    let draft = decision(&verdict(ruling), ctx, &inputs, LogIndex(3), &Salt([1; 32]));
    (draft.sign(&[&key]).unwrap(), key)
}

fn payload(record: &Record) -> Value {
    let envelope = crate::sign::dsse::parse_envelope(&record.body).unwrap();
    serde_json::from_slice(&envelope.payload).unwrap()
}

#[test]
fn a_decision_has_every_field_that_a_verification_summary_requires() {
    let value = payload(&record(Ruling::Blocks, &context()).0);
    assert_eq!(value["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(value["predicateType"], "https://slsa.dev/verification_summary/v1");
    assert_eq!(value["subject"][0]["digest"]["gitCommit"], COMMIT);
    assert_eq!(value["subject"][1]["digest"]["gitTree"], COMMIT.replace('0', "f"));
    assert_eq!(value["subject"][2]["name"], "Cargo.lock");
    assert_eq!(value["subject"][2]["digest"]["sha256"], Digest::of(b"lock").hex());
    let predicate = &value["predicate"];
    assert_eq!(predicate["verifier"]["id"], VERIFIER);
    assert_eq!(predicate["timeVerified"], "2026-09-21T14:14:20Z");
    assert_eq!(predicate["resourceUri"], format!("git+https://example.com/owner/name@{COMMIT}"));
    assert_eq!(predicate["policy"]["digest"]["sha256"], Digest::of(b"policy").hex());
    assert_eq!(predicate["verificationResult"], "FAILED");
    assert_eq!(predicate["verifiedLevels"], json!([]));
    assert_eq!(predicate["inputAttestations"], json!([]));
    assert_eq!(predicate["slsaVersion"], "1.1");
    assert_eq!(predicate[extension("findings")][0]["advisory"], "RUSTSEC-2024-0332");
    assert_eq!(predicate[extension("initiator")], json!({ "name": "octo-login", "known-by": "ci-environment" }));
    let names: Vec<_> = predicate.as_object().unwrap().keys().filter(|name| name.contains("://")).collect();
    assert!(names.iter().all(|name| name.starts_with(EXTENSION)), "{names:?}");
}

#[test]
fn passed_alone_is_passed_and_a_used_waiver_is_named() {
    let passed = payload(&record(waived(), &context()).0);
    assert_eq!(passed["predicate"]["verificationResult"], "PASSED");
    let expected = json!([{ "by": ".portcullis/waivers/h2.toml", "expires": "2027-01-15T08:00:00Z" }]);
    assert_eq!(passed["predicate"][extension("waivers")], expected);
    let mut verdict = verdict(waived());
    verdict.gaps[0].ruling = Ruling::Blocks;
    let facts_of = |verdict: &Verdict| decision(verdict, &context(), &[], LogIndex(0), &Salt([1; 32])).text().unwrap();
    assert!(facts_of(&verdict).contains("\"verificationResult\":\"FAILED\""));
    assert!(facts_of(&verdict).contains("/outcome\":\"incomplete\""));
}

#[test]
fn a_dirty_checkout_is_not_its_commit() {
    let value = payload(&record(Ruling::Blocks, &RunContext { dirty: true, ..context() }).0);
    assert_eq!(value["subject"].as_array().unwrap().len(), 1);
    assert_eq!(value["predicate"]["resourceUri"], "git+https://example.com/owner/name");
    assert_eq!(
        value["predicate"][extension("source")],
        json!({ "commit": COMMIT, "tree": COMMIT.replace('0', "f"), "dirty": true })
    );
}

#[test]
fn no_canary_is_in_any_byte_and_a_person_only_in_the_body() {
    let ctx = RunContext {
        initiator: Some(Initiator { name: "Octo Person <canary@canary.example>".into(), known_by: KnownBy::GitUser }),
        repository: Some("https://canary-user:canary-token@example.com/owner/name.git?key=canary-query".into()),
        git_ref: Some("refs/heads/x canary@canary.example".into()),
        trigger: Some("ssh://canary-user@example.com/x".into()),
        ..context()
    };
    let (decided, _) = record(waived(), &ctx);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    let started = start(&ctx, &Salt([1; 32])).sign(&[&key]).unwrap();
    for record in [&decided, &started] {
        let text = payload(record).to_string();
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("Octo Person"), "{text}");
        let leaf = String::from_utf8(record.leaf.clone()).unwrap();
        for word in ["canary", "Octo", "4711", "owner", "main", "example.com"] {
            assert!(!leaf.contains(word), "{word} in {leaf}");
        }
    }
    let local = RunContext { repository: Some("/home/canary-user/repo".into()), private: Vec::new(), ..context() };
    assert!(!payload(&record(waived(), &local).0).to_string().contains("canary-user"));
}

#[test]
fn only_what_is_public_of_the_address_of_a_repository_is_kept() {
    // A short name of the machine is private as a host alone: it stands in other words.
    for (url, recorded) in [("https://api.example/o", Some("https://api.example/o")), ("https://pi/o", None)] {
        let ctx = RunContext { repository: Some(url.into()), private: vec!["pi".into()], ..context() };
        assert_eq!(Facts::new(&ctx, &Salt([1; 32])).repository.as_deref(), recorded);
    }
    assert_eq!(public_url("git@example.com:o/n.git").as_deref(), Some("ssh://example.com/o/n.git"));
    assert_eq!(public_url("https://u@example.com/o#f").as_deref(), Some("https://example.com/o"));
    for private in [
        "https://u:pa/ss@h.example/x.git",
        "https://u:pa#ss@h.example/x.git",
        "https:u:word@h.example/x",
        "git@h.example:/home/somebody/x.git",
        "h.example:~somebody/x.git",
    ] {
        assert_eq!(public_url(private), None, "{private}");
    }
    for local in ["/srv/x", "file:///srv/x", "../x", "C:\\x", "https:///x"] {
        assert_eq!(public_url(local), None, "{local}");
    }
}

#[test]
fn body_and_leaf_belong_together_and_any_other_leaf_is_refused() {
    let (record, key) = record(Ruling::Blocks, &context());
    let trusted = [ReadyKey::new(*key.public())];
    let leaf = parse_leaf(&record.leaf).unwrap();
    let summary = check_body(&record.body, &leaf, &trusted).unwrap();
    assert_eq!((summary.run_label().as_str(), summary.findings), ("4711/2", Some((1, 1))));
    let disagrees = |leaf: Leaf| match check_body(&record.body, &leaf, &trusted) {
        Err(ProblemKind::Statement(StatementError::Disagrees { field })) => field,
        other => panic!("{other:?}"),
    };
    let LeafKind::Decision { start, outcome, policy, ledger, feed } = leaf.kind.clone() else { panic!() };
    let decided = |start, outcome, policy, ledger, feed| {
        disagrees(Leaf { kind: LeafKind::Decision { start, outcome, policy, ledger, feed }, ..leaf.clone() })
    };
    let other = Digest::of(b"other");
    assert_eq!(decided(LogIndex(4), outcome, policy, ledger, feed), "the start");
    assert_eq!(decided(start, Outcome::Passed, policy, ledger, feed), "the outcome");
    assert_eq!(decided(start, outcome, other, ledger, feed), "the policy");
    assert_eq!(decided(start, outcome, policy, other, feed), "the ledger");
    assert_eq!(decided(start, outcome, policy, ledger, None), "the feed");
    assert_eq!(disagrees(Leaf { tool: None, ..leaf.clone() }), "the tool");
    assert_eq!(disagrees(Leaf { run: Commitment([0; 32]), ..leaf.clone() }), "the run");
    assert_eq!(disagrees(Leaf { kind: LeafKind::Start, ..leaf.clone() }), "the kind");
    assert_eq!(check_body(&record.body, &Leaf { body: other, ..leaf }, &trusted), Err(ProblemKind::BodyDigest));
}

#[test]
fn an_advisory_is_not_recorded_in_full() {
    // A record names the advisory; its text stays in the feed, whose digest is recorded.
    let text = payload(&record(Ruling::Blocks, &context()).0).to_string();
    assert!(!text.contains("canary-title") && !text.contains("canary-excerpt"));
}

#[test]
fn the_names_that_are_read_back_are_those_that_are_written() {
    let (record, _) = record(Ruling::Blocks, &context());
    let written = payload(&record);
    let summary = parse_statement(written.to_string().as_bytes()).unwrap();
    assert_eq!(summary.repository.as_deref(), Some("https://example.com/owner/name"));
    assert_eq!(
        (summary.initiator.as_deref(), summary.known_by.as_deref()),
        (Some("octo-login"), Some("ci-environment"))
    );
    assert_eq!((summary.trigger.as_deref(), summary.git_ref.as_deref()), (Some("push"), Some("refs/heads/main")));
    assert_eq!((summary.commit.as_deref(), summary.dirty), (Some(COMMIT), false));
    assert_eq!(summary.time.as_deref(), Some("2026-09-21T14:14:20Z"));
    let without = |name: &str| {
        let mut value = written.clone();
        value["predicate"].as_object_mut().unwrap().remove(&extension(name)).unwrap();
        parse_statement(value.to_string().as_bytes()).unwrap_err()
    };
    assert_eq!(without("salt"), StatementError::Field { field: "salt" });
    assert_eq!(without("run"), StatementError::Field { field: "run" });
    assert_eq!(parse_statement(b"{}"), Err(StatementError::NotAStatement));
}
