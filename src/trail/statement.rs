//! The in-toto Statement in a body: written from a run and its verdict, read back for those who verify. It knows which
//! words may be recorded; it signs nothing.

use super::LogIndex;
use super::leaf::{Commitment, LeafKind};
use super::record::{RunContext, Salt, ledger_digest};
use crate::model::{
    Component, Digest, FeedInfo, JudgedFinding, JudgedGap, LedgerRow, Outcome, RowState, Ruling, Timestamp, TreePath,
    Verdict,
};
use crate::text::borrowed::Text;
use crate::text::object::Object;
use crate::text::redact;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

/// `_type` of a statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The predicate of a decision (SLSA verification summary).
pub(super) const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// The predicate of a start.
pub(super) const START: &str = "https://portcullis.dev/trail/start/v1";
/// What the names of our extension fields start with.
const EXTENSION: &str = "https://portcullis.dev/trail/v1/";
/// Who verified.
const VERIFIER: &str = "https://portcullis.dev/gate/v1";
/// The version of SLSA whose summary is written.
const SLSA_VERSION: &str = "1.1";
/// Free text in a record is cut here, in characters: a record is no place for an essay.
const MAX_TEXT: usize = 400;

/// What both records of a run say of it.
pub(super) struct Facts<'c> {
    ctx: &'c RunContext,
    salt: &'c Salt,
    repository: Option<String>,
}

impl<'c> Facts<'c> {
    pub(super) fn new(ctx: &'c RunContext, salt: &'c Salt) -> Self {
        let is_public = |url: &String| redact::clean(url, &ctx.private) == *url;
        Self { ctx, salt, repository: ctx.repository.as_deref().and_then(public_url).filter(is_public) }
    }

    /// The commitment to the run.
    pub(super) fn run(&self) -> Commitment {
        run_commitment(&self.salt.0, self.repository.as_deref(), &self.run_id(), self.ctx.attempt)
    }

    /// The run id. A number names nobody, also where the same digits are the name of the machine: it must be found again.
    fn run_id(&self) -> String {
        let id = &self.ctx.run_id;
        let is_number = id.len() <= MAX_TEXT && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_number { id.clone() } else { self.clean(id) }
    }

    pub(super) fn start_statement(&self, run: &Commitment) -> Value {
        let mut subjects = self.subjects();
        if subjects.is_empty() {
            subjects.push(json!({ "name": "run", "digest": { "hmac-sha256": Digest(run.0).hex() } }));
        }
        let predicate = Value::Object(self.common());
        json!({ "_type": STATEMENT, "subject": subjects, "predicateType": START, "predicate": predicate })
    }

    pub(super) fn decision_statement(
        &self,
        verdict: &Verdict,
        inputs: &[(TreePath, Digest)],
        start: Option<LogIndex>,
    ) -> Value {
        let ledger = ledger_digest(&verdict.ledger);
        let mut inputs: Vec<_> = inputs.iter().collect();
        inputs.sort();
        let mut subjects = self.subjects();
        subjects.extend(
            inputs
                .iter()
                .map(|(path, digest)| json!({ "name": self.path(path), "digest": { "sha256": digest.hex() } })),
        );
        if subjects.is_empty() {
            subjects.push(json!({ "name": "coverage-ledger", "digest": { "sha256": ledger.hex() } }));
        }
        let outcome = verdict.outcome();
        let mut predicate = self.common();
        let mut put = |name: &str, value: Value| predicate.insert(name.to_owned(), value);
        put("verifier", json!({ "id": VERIFIER, "version": { "portcullis": verdict.tool.version } }));
        put("timeVerified", json!(verdict.decided_at.to_string()));
        put("resourceUri", json!(self.resource_uri(&ledger)));
        put(
            "policy",
            json!({
                "uri": self.clean(&verdict.policy.origin),
                "digest": { "sha256": verdict.policy.digest.hex() },
            }),
        );
        put("inputAttestations", json!([])); // no attestation takes part in a decision of this release
        put("verificationResult", json!(if outcome == Outcome::Passed { "PASSED" } else { "FAILED" }));
        put("verifiedLevels", json!([])); // the gate judges dependencies, not how something was built
        put("slsaVersion", json!(SLSA_VERSION));
        put(&extension("start"), json!(start.map(|start| start.0)));
        put(&extension("outcome"), json!(outcome.as_str()));
        put(&extension("decided"), json!(verdict.decided_at.to_string()));
        put(&extension("fail-on"), json!(verdict.policy.fail_on.as_str()));
        put(&extension("base"), json!(verdict.base));
        put(&extension("ledger"), json!({ "sha256": ledger.hex(), "rows": verdict.ledger.rows().len() }));
        put(&extension("feed"), json!(verdict.feed.as_ref().map(|feed| self.feed(feed))));
        if !verdict.sources.is_empty() {
            let sources: Vec<Value> = verdict.sources.iter().map(|feed| self.feed(feed)).collect();
            put(&extension("sources"), json!(sources));
        }
        put(&extension("findings"), json!(verdict.findings.iter().map(|f| self.finding(f)).collect::<Vec<_>>()));
        put(&extension("gaps"), json!(verdict.gaps.iter().map(|gap| self.gap(gap)).collect::<Vec<_>>()));
        put(&extension("waivers"), json!(self.waivers(verdict)));
        json!({ "_type": STATEMENT, "subject": subjects, "predicateType": SUMMARY, "predicate": predicate })
    }

    fn common(&self) -> Map<String, Value> {
        let ctx = self.ctx;
        let clean = |text: &Option<String>| text.as_deref().map(|text| self.clean(text));
        let initiator = ctx
            .initiator
            .as_ref()
            .map(|who| json!({ "name": self.clean(&who.name), "known-by": who.known_by.as_str() }));
        let run = json!({
            "repository": self.repository,
            "id": self.run_id(),
            "attempt": ctx.attempt,
            "runner": ctx.runner.as_str(),
        });
        let tool =
            json!({ "version": env!("CARGO_PKG_VERSION"), "sha256": ctx.tool_digest.map(|digest| digest.hex()) });
        let source = json!({ "commit": object_id(&ctx.commit), "tree": object_id(&ctx.tree), "dirty": ctx.dirty });
        let fields = [
            ("salt", json!(Digest(self.salt.0).hex())),
            ("run", run),
            ("initiator", json!(initiator)),
            ("trigger", json!(clean(&ctx.trigger))),
            ("ref", json!(clean(&ctx.git_ref))),
            ("source", source),
            ("tool", tool),
            ("started", json!(ctx.started.map(|time| time.to_string()))),
        ];
        fields.into_iter().map(|(name, value)| (extension(name), value)).collect()
    }

    /// Commit and tree; neither for a checkout that differs from them, because it is not what was judged.
    fn subjects(&self) -> Vec<Value> {
        let ids = [("gitCommit", "commit", &self.ctx.commit), ("gitTree", "tree", &self.ctx.tree)];
        let known = ids.into_iter().filter(|_| !self.ctx.dirty);
        known
            .filter_map(|(algorithm, name, id)| {
                object_id(id).map(|id| json!({ "name": name, "digest": { algorithm: id } }))
            })
            .collect()
    }

    fn resource_uri(&self, ledger: &Digest) -> String {
        let commit = object_id(&self.ctx.commit).filter(|_| !self.ctx.dirty);
        match (&self.repository, commit) {
            (Some(url), Some(commit)) => format!("git+{url}@{commit}"),
            (Some(url), None) => format!("git+{url}"),
            (None, Some(commit)) => format!("urn:portcullis:commit:{commit}"),
            (None, None) => format!("urn:portcullis:ledger:{}", ledger.hex()),
        }
    }

    fn finding(&self, judged: &JudgedFinding) -> Value {
        let finding = &judged.finding;
        let component = finding.component.as_ref();
        json!({
            "rule": finding.rule.0,
            "class": finding.class.as_str(),
            "severity": finding.severity.as_str(),
            "basis": finding.basis.to_string(),
            "advisory": finding.advisory,
            "package": component.map(|c| c.name.as_ref()),
            "version": component.map(|c| c.version.as_ref()),
            // The kind alone: the address of a private source may hold a token.
            "source": component.map(Component::comes_from),
            "path": self.path(&finding.location.path),
            "line": finding.location.line,
            "fingerprint": finding.fingerprint().to_string(),
            "axis": judged.axis.as_str(),
            "ruling": ruling(&judged.ruling),
            "waived-by": self.waived_by(&judged.ruling),
        })
    }

    fn gap(&self, judged: &JudgedGap) -> Value {
        let gap = &judged.gap;
        json!({
            "kind": gap.kind.as_str(),
            "stage": gap.stage.to_string(),
            "what": self.clean(&gap.what),
            "path": gap.path.as_ref().map(|path| self.path(path)),
            "line": gap.line,
            "sha256": gap.digest.map(|digest| digest.hex()),
            "ruling": ruling(&judged.ruling),
            "accepted-by": self.waived_by(&judged.ruling),
        })
    }

    fn feed(&self, feed: &FeedInfo) -> Value {
        json!({
            "name": self.clean(&feed.name),
            "kind": feed.kind.as_str(),
            "sha256": feed.digest.hex(),
            "advisories": feed.advisories,
            "newest": feed.newest.map(|time| time.to_string()),
            "refreshed": feed.refreshed.map(|time| time.to_string()),
            "commit": object_id(&feed.commit),
        })
    }

    /// Every waiver and acceptance that took effect, once, sorted.
    fn waivers(&self, verdict: &Verdict) -> Vec<Value> {
        let rulings = verdict.findings.iter().map(|f| &f.ruling).chain(verdict.gaps.iter().map(|g| &g.ruling));
        let used: std::collections::BTreeSet<(String, Timestamp)> = rulings
            .filter_map(|ruling| match ruling {
                Ruling::Waived { by, expires } => Some((self.clean(by), *expires)),
                Ruling::Blocks | Ruling::Reported => None,
            })
            .collect();
        used.into_iter().map(|(by, expires)| json!({ "by": by, "expires": expires.to_string() })).collect()
    }

    fn waived_by(&self, ruling: &Ruling) -> Option<String> {
        match ruling {
            Ruling::Waived { by, .. } => Some(self.clean(by)),
            Ruling::Blocks | Ruling::Reported => None,
        }
    }

    /// A path of the judged tree. One that is not relative is no such path and is not recorded.
    fn path(&self, path: &TreePath) -> String {
        self.clean(path.as_str())
    }

    /// The text without what must not be recorded, and with an end.
    fn clean(&self, text: &str) -> String {
        redact::clean(text, &self.ctx.private).chars().take(MAX_TEXT).collect()
    }
}

/// The row of a coverage ledger as it enters the ledger's digest.
pub(super) fn ledger_row(row: &LedgerRow) -> Value {
    let mut value = json!({ "path": row.path.as_str(), "kind": row.kind, "state": row.state.as_str() });
    let Some(map) = value.as_object_mut() else { return value };
    match &row.state {
        RowState::Parsed(components) => map.insert("components".into(), json!(components)),
        RowState::Failed(why) | RowState::Unsupported(why) | RowState::Excluded(why) => {
            map.insert("why".into(), json!(why))
        }
    };
    if let Some(digest) = &row.digest {
        map.insert("digest".into(), json!(digest.to_string()));
    }
    value
}

/// Commits to repository, run and attempt, as the bytes of a JSON list.
fn run_commitment(salt: &[u8; 32], repository: Option<&str>, id: &str, attempt: u32) -> Commitment {
    Commitment::to(salt, json!([repository, id, attempt]).to_string().as_bytes())
}

fn extension(name: &str) -> String {
    format!("{EXTENSION}{name}")
}

fn ruling(ruling: &Ruling) -> &'static str {
    match ruling {
        Ruling::Blocks => "blocks",
        Ruling::Reported => "reported",
        Ruling::Waived { .. } => "waived",
    }
}

/// A full git object id; anything else is not recorded.
fn object_id(text: &Option<String>) -> Option<&str> {
    let hex = |text: &&str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.as_deref().filter(hex)
}

/// A repository's address without user information, query and fragment. None for a local path.
fn public_url(url: &str) -> Option<String> {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if ["https", "http", "ssh", "git"].contains(&scheme) => (scheme, rest.to_owned()),
        Some(_) => return None,
        // `git@host:owner/name`
        None => match url.split_once(':') {
            Some((host, path)) if !host.contains('/') && host.len() > 1 => ("ssh", format!("{host}/{path}")),
            _ => return None,
        },
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let odd = |c: char| c.is_whitespace() || c.is_control();
    // A password may hold a slash or a hash sign, and a path may name a person's home: then nothing is public.
    let private = url.split_once("://").map_or(path, |(_, whole)| whole.strip_prefix(authority).unwrap_or(whole));
    let private = private.contains(['@', '~']) || path.contains("home/") || path.contains("Users/");
    (!host.is_empty() && !rest.contains(odd) && !private).then(|| format!("{scheme}://{host}/{path}"))
}

/// What a body says, read back from a verified envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Repository, where it has a public address.
    pub repository: Option<String>,
    /// The run.
    pub run_id: String,
    /// Its attempt.
    pub attempt: u32,
    /// Who started it.
    pub initiator: Option<String>,
    /// On whose word.
    pub known_by: Option<String>,
    /// The event.
    pub trigger: Option<String>,
    /// The ref.
    pub git_ref: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Whether the checkout differed from it.
    pub dirty: bool,
    /// When the run started, or for a decision when it decided; RFC 3339.
    pub time: Option<String>,
    /// Findings of a decision: all, and those that block.
    pub findings: Option<(usize, usize)>,
    commitment: Commitment,
    predicate_type: String,
    verification_result: Option<String>,
    claims: Claims,
}

/// What body and leaf must both say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Claims {
    start: Option<u64>,
    outcome: Option<String>,
    policy: Option<String>,
    ledger: Option<String>,
    feed: Option<String>,
    tool: Option<String>,
}

/// Why a statement is not one of a record, or not that of its leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not JSON, or not an in-toto statement.
    #[error("the body is not an in-toto statement")]
    NotAStatement,
    /// A field that every record has is missing or malformed.
    #[error("the field {field:?} of the statement is missing or malformed")]
    Field {
        /// Its short name.
        field: &'static str,
    },
    /// The statement says something else than its leaf.
    #[error("body and leaf disagree on {field}")]
    Disagrees {
        /// On what.
        field: &'static str,
    },
}

/// The parts of a statement that are read back; the rest is passed over.
#[derive(Deserialize)]
struct RawStatement<'t> {
    #[serde(rename = "_type", borrow)]
    kind: Text<'t>,
    subject: Vec<IgnoredAny>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    #[serde(borrow)]
    predicate: Object<RawPredicate<'t>>,
}

#[derive(Deserialize)]
struct RawPredicate<'t> {
    #[serde(rename = "verificationResult")]
    verification_result: Option<String>,
    policy: Option<Object<RawPolicy>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/salt", borrow)]
    salt: Option<Text<'t>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/run")]
    run: Option<Object<RawRun>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/initiator")]
    initiator: Option<Object<RawInitiator>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/trigger")]
    trigger: Option<String>,
    #[serde(rename = "https://portcullis.dev/trail/v1/ref")]
    git_ref: Option<String>,
    #[serde(rename = "https://portcullis.dev/trail/v1/source")]
    source: Option<Object<RawSource>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/started")]
    started: Option<String>,
    #[serde(rename = "https://portcullis.dev/trail/v1/decided")]
    decided: Option<String>,
    #[serde(rename = "https://portcullis.dev/trail/v1/start")]
    start: Option<u64>,
    #[serde(rename = "https://portcullis.dev/trail/v1/outcome")]
    outcome: Option<String>,
    #[serde(rename = "https://portcullis.dev/trail/v1/ledger")]
    ledger: Option<Object<RawDigest>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/feed")]
    feed: Option<Object<RawDigest>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/tool")]
    tool: Option<Object<RawDigest>>,
    #[serde(rename = "https://portcullis.dev/trail/v1/findings", borrow)]
    findings: Option<Vec<Object<RawFinding<'t>>>>,
}

#[derive(Deserialize)]
struct RawPolicy {
    digest: Object<RawDigest>,
}

#[derive(Deserialize)]
struct RawDigest {
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct RawRun {
    repository: Option<String>,
    id: String,
    attempt: u32,
}

#[derive(Deserialize)]
struct RawInitiator {
    name: String,
    #[serde(rename = "known-by")]
    known_by: String,
}

#[derive(Deserialize)]
struct RawSource {
    commit: Option<String>,
    dirty: bool,
}

#[derive(Deserialize)]
struct RawFinding<'t> {
    #[serde(borrow)]
    ruling: Text<'t>,
}

/// Parses the payload of a body from untrusted bytes.
pub fn parse_statement(bytes: &[u8]) -> Result<Summary, StatementError> {
    // All of it is text, also what is passed over: the parser does not look into that.
    let text = std::str::from_utf8(bytes).map_err(|_| StatementError::NotAStatement)?;
    let Object(raw): Object<RawStatement<'_>> =
        serde_json::from_str(text).map_err(|_| StatementError::NotAStatement)?;
    if *raw.kind != *STATEMENT || raw.subject.is_empty() {
        return Err(StatementError::NotAStatement);
    }
    let missing = |field| StatementError::Field { field };
    let Object(predicate) = raw.predicate;
    let salt: Digest = predicate.salt.and_then(|hex| hex.parse().ok()).ok_or(missing("salt"))?;
    let Object(run) = predicate.run.ok_or(missing("run"))?;
    let (initiator, known_by) = predicate.initiator.map(|Object(who)| (who.name, who.known_by)).unzip();
    let (commit, dirty) = predicate.source.map_or((None, false), |Object(source)| (source.commit, source.dirty));
    let blocking =
        |list: &Vec<Object<RawFinding<'_>>>| list.iter().filter(|finding| &*finding.0.ruling == "blocks").count();
    let sha256 = |digest: Option<Object<RawDigest>>| digest.and_then(|Object(digest)| digest.sha256);
    Ok(Summary {
        commitment: run_commitment(&salt.0, run.repository.as_deref(), &run.id, run.attempt),
        predicate_type: raw.predicate_type,
        verification_result: predicate.verification_result,
        claims: Claims {
            start: predicate.start,
            outcome: predicate.outcome,
            policy: sha256(predicate.policy.map(|Object(policy)| policy.digest)),
            ledger: sha256(predicate.ledger),
            feed: sha256(predicate.feed),
            tool: sha256(predicate.tool),
        },
        repository: run.repository,
        run_id: run.id,
        attempt: run.attempt,
        initiator,
        known_by,
        trigger: predicate.trigger,
        git_ref: predicate.git_ref,
        commit,
        dirty,
        time: predicate.decided.or(predicate.started),
        findings: predicate.findings.as_ref().map(|list| (list.len(), blocking(list))),
    })
}

impl Summary {
    /// Whether the statement belongs to this leaf: both say the same of everything that both speak of.
    pub fn fits(&self, leaf: &super::Leaf) -> Result<(), StatementError> {
        let says = |claim: &Option<String>, digest: Option<&Digest>| match (claim, digest) {
            (Some(claim), Some(digest)) => digest.is_hex(claim),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let (predicate, start, outcome, digests) = match &leaf.kind {
            LeafKind::Start => (START, None, None, [None; 3]),
            LeafKind::Decision { start, outcome, policy, ledger, feed } => {
                (SUMMARY, Some(start.0), Some(*outcome), [Some(policy), Some(ledger), feed.as_ref()])
            }
        };
        let result = outcome.map(|outcome| if outcome == Outcome::Passed { "PASSED" } else { "FAILED" });
        let (claims, [policy, ledger, feed]) = (&self.claims, digests);
        let same_outcome = claims.outcome.as_deref() == outcome.map(Outcome::as_str);
        let same = [
            ("the kind", self.predicate_type == predicate),
            ("the run", self.commitment == leaf.run),
            ("the start", claims.start == start),
            ("the outcome", same_outcome && self.verification_result.as_deref() == result),
            ("the policy", says(&claims.policy, policy)),
            ("the ledger", says(&claims.ledger, ledger)),
            ("the feed", says(&claims.feed, feed)),
            ("the tool", says(&claims.tool, leaf.tool.as_ref())),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(StatementError::Disagrees { field }),
            None => Ok(()),
        }
    }

    /// `run/attempt`, as problems name it.
    pub fn run_label(&self) -> String {
        format!("{}/{}", self.run_id, self.attempt)
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
