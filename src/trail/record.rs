//! From a run and its verdict to what is appended: leaf and signed body. It decides nothing, and it names a person, a
//! place or a path only where `docs/trail-format.md` says so.

use super::LogIndex;
use super::json::{NotCanonical, canonical};
use super::leaf::{Commitment, Leaf, LeafKind};
use super::statement::{self, Facts};
use crate::model::{Digest, Ledger, Timestamp, TreePath, Verdict};
use crate::sign::dsse::MAX_ENVELOPE;
use crate::sign::{Envelope, EnvelopeError, SigningKey};
use crate::sys::{Sys, SysError};
use serde_json::{Value, json};

/// The payload type of a body (in-toto envelope specification).
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Why a run cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A number of the record has no canonical form.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// Signing failed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The body is larger than any reader would accept.
    #[error("the body has {size} bytes, more than {MAX_ENVELOPE}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
}

/// How it is known who started a run. Only the claims of a token are verified; the rest is what the environment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// A variable that the CI system sets, and that every step of the job can overwrite.
    CiEnvironment,
    /// The user name in git's settings.
    GitUser,
    /// Claims of an OIDC token whose signature was checked.
    TokenClaims,
}

impl KnownBy {
    /// The word used in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CiEnvironment => "ci-environment",
            Self::GitUser => "git-user",
            Self::TokenClaims => "token-claims",
        }
    }
}

/// Who started a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Initiator {
    /// A login or a user name. Never an address: what looks like one is taken out.
    pub name: String,
    /// On whose word.
    pub known_by: KnownBy,
}

/// What kind of machine a run is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runner {
    /// A person's machine, or one of which nothing is known.
    #[default]
    Local,
    /// A machine of GitHub's.
    GithubHosted,
    /// Somebody else's machine that runs GitHub jobs.
    GithubSelfHosted,
    /// A GitLab runner.
    Gitlab,
    /// Another CI system.
    OtherCi,
}

impl Runner {
    /// The word used in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::GithubHosted => "github-hosted",
            Self::GithubSelfHosted => "github-self-hosted",
            Self::Gitlab => "gitlab",
            Self::OtherCi => "other-ci",
        }
    }
}

/// What is known about a run from around it. Everything in it is a claim of the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunContext {
    /// Who started it.
    pub initiator: Option<Initiator>,
    /// The event: `push`, `pull_request`, `schedule`, `pre-push`, `manual`.
    pub trigger: Option<String>,
    /// The ref that was built, such as `refs/heads/main`.
    pub git_ref: Option<String>,
    /// What tells the run from all others of the repository.
    pub run_id: String,
    /// Which attempt of that run, from 1.
    pub attempt: u32,
    /// The kind of machine.
    pub runner: Runner,
    /// The repository's address. Recorded without user information, query and fragment; a local path is not recorded.
    pub repository: Option<String>,
    /// The commit that is judged, as a full object id.
    pub commit: Option<String>,
    /// Its tree.
    pub tree: Option<String>,
    /// Whether files that are judged differ from that commit, or may: true for a start that has compared nothing yet.
    pub dirty: bool,
    /// SHA-256 of the program's own file.
    pub tool_digest: Option<Digest>,
    /// When the run started.
    pub started: Option<Timestamp>,
    /// Text that must not be recorded wherever it turns up: the home directory, the host name.
    pub private: Vec<String>,
}

/// 32 random bytes under which a run commits to what could be guessed. The same for both records of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Salt {
    /// A new one.
    pub fn random(sys: &dyn Sys) -> Result<Self, SysError> {
        let mut salt = [0; 32];
        sys.random(&mut salt)?;
        Ok(Self(salt))
    }
}

/// A run id for a run that no CI system numbered: 16 random hex digits.
pub fn local_run_id(sys: &dyn Sys) -> Result<String, SysError> {
    Ok(Digest(Salt::random(sys)?.0).hex().chars().take(16).collect())
}

/// A record that is not signed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    kind: LeafKind,
    run: Commitment,
    tool: Option<Digest>,
    statement: Value,
}

/// A signed record, ready to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The entry of the log.
    pub leaf: Vec<u8>,
    /// The DSSE envelope.
    pub body: Vec<u8>,
    /// Its SHA-256.
    pub body_digest: Digest,
}

/// The record that a run began.
pub fn start(ctx: &RunContext, salt: &Salt) -> Draft {
    let facts = Facts::new(ctx, salt);
    let run = facts.run();
    Draft { kind: LeafKind::Start, run, tool: ctx.tool_digest, statement: facts.start_statement(&run) }
}

/// The record of what a run decided. `inputs` are the files that were judged, each with the digest of its bytes; `start`
/// is where the run's start was appended.
pub fn decision(
    verdict: &Verdict,
    ctx: &RunContext,
    inputs: &[(TreePath, Digest)],
    start: LogIndex,
    salt: &Salt,
) -> Draft {
    let facts = Facts::new(ctx, salt);
    let kind = LeafKind::Decision {
        start,
        outcome: verdict.outcome(),
        policy: verdict.policy.digest,
        ledger: ledger_digest(&verdict.ledger),
        feed: verdict.feed.as_ref().map(|feed| feed.digest),
    };
    let statement = facts.decision_statement(verdict, inputs, Some(start));
    Draft { kind, run: facts.run(), tool: ctx.tool_digest, statement }
}

/// What a run without a key (a fork's pull request) puts into its report: the statement of its decision as canonical
/// JSON, unsigned. It names no start, for there is none in any log.
pub fn proposal(
    verdict: &Verdict,
    ctx: &RunContext,
    inputs: &[(TreePath, Digest)],
    salt: &Salt,
) -> Result<String, RecordError> {
    Ok(canonical(&Facts::new(ctx, salt).decision_statement(verdict, inputs, None))?)
}

impl Draft {
    /// The statement as canonical JSON: what is signed.
    pub fn text(&self) -> Result<String, RecordError> {
        Ok(canonical(&self.statement)?)
    }

    /// Signs the statement with each key and makes the leaf that names it.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<Record, RecordError> {
        let envelope = Envelope::sign(PAYLOAD_TYPE, self.text()?.into_bytes(), keys)?;
        let body = envelope.to_json().into_bytes();
        if body.len() > MAX_ENVELOPE {
            return Err(RecordError::TooLarge { size: body.len() });
        }
        let body_digest = Digest::of(&body);
        let leaf = Leaf { kind: self.kind.clone(), run: self.run, body: body_digest, tool: self.tool };
        Ok(Record { leaf: leaf.to_bytes(), body, body_digest })
    }
}

/// The digest of a coverage ledger: SHA-256 of the canonical JSON of its rows, each with `path`, `kind`, `state`, and
/// `components`, `why` and `digest` where it has them.
pub fn ledger_digest(ledger: &Ledger) -> Digest {
    let rows: Vec<Value> = ledger.rows().iter().map(statement::ledger_row).collect();
    let text = canonical(&json!(rows)).unwrap_or_default(); // counts of components are far below 2^53
    Digest::of(text.as_bytes())
}
