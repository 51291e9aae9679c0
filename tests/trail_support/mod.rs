//! What the tests of the trail share: keys, verdicts, a log of a few runs. Nothing here asserts.

#![expect(clippy::unwrap_used, reason = "a test: what fails here should fail loudly")]

use portcullis::model::{
    Axis, Class, Digest, Finding, JudgedFinding, Ledger, LedgerRow, Location, PolicyInfo, RowState, RuleId, Ruling,
    Severity, SeverityBasis, Timestamp, Tool, TreePath, Verdict,
};
use portcullis::sign::SigningKey;
use portcullis::sys::RealSys;
use portcullis::trail::checkpoint::Trust;
use portcullis::trail::{self, Appended, Initiator, KnownBy, LogIndex, Record, RunContext, Runner, Salt, Store};

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn trust(seed: u8) -> Trust {
    Trust::key(*key(seed).public())
}

pub(crate) fn context(run: &str) -> RunContext {
    RunContext {
        initiator: Some(Initiator { name: "octo-login".into(), known_by: KnownBy::CiEnvironment }),
        trigger: Some("push".into()),
        git_ref: Some("refs/heads/main".into()),
        run_id: run.into(),
        attempt: 1,
        runner: Runner::GithubHosted,
        repository: Some("https://example.com/owner/name".into()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        tree: None,
        dirty: false,
        tool_digest: Some(Digest::of(b"tool")),
        started: Some(Timestamp(1_790_000_000)),
        private: Vec::new(),
    }
}

pub(crate) fn verdict(blocks: bool) -> Verdict {
    let finding = Finding {
        rule: RuleId::VULNERABLE,
        class: Class::Vulnerability,
        severity: Severity::High,
        basis: SeverityBasis::Assumed,
        advisory: Some("RUSTSEC-2024-0332".into()),
        aliases: Vec::new(),
        disclosed: None,
        url: None,
        component: None,
        location: Location { path: TreePath::new("Cargo.lock"), line: 7, column: 1 },
        excerpt: Vec::new(),
        evidence: Vec::new(),
        fix: None,
        message: "affected".into(),
        title: String::new(),
    };
    let ruling = if blocks { Ruling::Blocks } else { Ruling::Reported };
    let row =
        LedgerRow { path: TreePath::new("Cargo.lock"), kind: "cargo-lock", state: RowState::Parsed(3), digest: None };
    Verdict {
        findings: vec![JudgedFinding { finding, axis: Axis::Unknown, ruling, decided_by: "default".into() }],
        gaps: Vec::new(),
        notes: Vec::new(),
        ledger: Ledger::new(vec![row]),
        sources: Vec::new(),
        inventories: Vec::new(),
        feed: None,
        policy: PolicyInfo {
            origin: "defaults".into(),
            digest: Digest::of(b"policy"),
            fail_on: Severity::High,
            waivers: 0,
            durable_trail: false,
        },
        rules: Vec::new(),
        decided_at: Timestamp(1_790_000_060),
        base: None,
        tool: Tool { version: "0.1.0" },
    }
}

/// The salt of a run: the same on every machine, so that a log can be made again.
pub(crate) fn salt(run: &str) -> Salt {
    Salt(Digest::of(run.as_bytes()).0)
}

pub(crate) fn start_record(run: &str, key: &SigningKey) -> Record {
    trail::record::start(&context(run), &salt(run)).sign(&[key]).unwrap()
}

pub(crate) fn decision_record(run: &str, start: LogIndex, blocks: bool, key: &SigningKey) -> Record {
    let inputs = [(TreePath::new("Cargo.lock"), Digest::of(run.as_bytes()))];
    trail::record::decision(&verdict(blocks), &context(run), &inputs, start, &salt(run)).sign(&[key]).unwrap()
}

/// A whole run: its start and its decision, one after the other.
pub(crate) fn run(store: &dyn Store, key: &SigningKey, name: &str, blocks: bool) -> Appended {
    let none = Trust::default();
    let started = trail::append(&RealSys, store, key, &none, &[start_record(name, key)]).unwrap();
    let record = decision_record(name, started.first, blocks, key);
    trail::append(&RealSys, store, key, &none, &[record]).unwrap()
}
