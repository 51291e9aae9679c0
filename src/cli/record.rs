//! The record of a run, around its judgement: the start, the decision, and what became of them. It changes no verdict;
//! a record that is missing where one is expected is an exit code of its own.
//!
//! The start is appended while the gate judges, and nothing is said of the verdict before both have ended: waiting for
//! the disk and judging need different things. A run that is killed leaves its start; so does one that cannot judge at
//! all (exit codes 2 and 3 without a verdict).

mod key;
mod program;
mod surroundings;
mod trouble;

use super::trusted::{self, OldKey, old_key};
use super::{Exit, output};
use crate::forge::{self, Invocation};
use crate::gate::GateError;
use crate::git::Leaves;
use crate::model::{Digest, RecordState, Recorded, SignedRecord, Timestamp, TreePath, Verdict};
use crate::sign::{PublicKey, SigningKey, VerifierKey};
use crate::sys::{Stream, Sys, SysError, beside};
use crate::text::{neutral, redact};
use crate::trail::checkpoint::Trust;
use crate::trail::log::append_after;
use crate::trail::record;
use crate::trail::record::Record;
use crate::trail::{Appended, Durability, LogIndex, Place, RunContext, Salt};
use std::path::{Path, PathBuf};
use surroundings::Surroundings;
use trouble::Trouble;

/// Where the record goes and who signs it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RecordArgs {
    /// Keep the record here: a directory, or git:REMOTE [default: a directory of your own for each checkout]
    ///
    /// In CI a directory ends with the job. `git:REMOTE` (an absolute path, https://, ssh:// or file://) keeps the trail on
    /// the ref refs/portcullis/trail of that repository.
    #[arg(long, value_name = "PLACE", conflicts_with = "no_trail")]
    pub trail: Option<String>,

    /// Leave no record; every report says so
    #[arg(long, conflicts_with_all = ["key", "key_from_env_unsafe"])]
    pub no_trail: bool,

    /// Sign with the private key in this file, which only its owner may read
    ///
    /// Outside of CI a key of your own is made at the first run. `portcullis trail keygen FILE` makes one for CI.
    #[arg(long, value_name = "FILE", conflicts_with = "key_from_env_unsafe")]
    pub key: Option<PathBuf>,

    /// Open an encrypted signing key with the age identity (AGE-SECRET-KEY-1…) in this file
    ///
    /// For a key, named or your own, that is encrypted to the recipient (age1…) of that identity. Only its owner may read
    /// the file. A key under a passphrase takes no identity: PORTCULLIS_KEY_PASSPHRASE opens it.
    #[arg(long, value_name = "FILE", conflicts_with = "no_trail")]
    pub key_identity: Option<PathBuf>,

    /// Sign with the private key (PEM text) in PORTCULLIS_KEY; other processes of the job can read it there
    #[arg(long)]
    pub key_from_env_unsafe: bool,

    /// Go on with a trail that this key signed until now, as long as it has no record at INDEX or after
    ///
    /// For the first run with a new key; later runs need the new key alone. KEY is the public half of the old one, as
    /// `trail verify --old-key` takes it.
    #[arg(long, value_name = "INDEX=KEY|FILE", value_parser = old_key, conflicts_with = "no_trail")]
    pub old_key: Vec<OldKey>,

    /// The event, where the program itself knows it.
    #[arg(skip)]
    pub trigger: Option<&'static str>,
}

/// What a record is of.
pub(super) struct Subject<'s> {
    /// The first target: its checkout is the one that is named.
    pub(super) target: &'s Path,
    /// The commit that is judged, as it was named; none for the files as they lie there.
    pub(super) commit: Option<&'s str>,
    /// Whether a JSON report is written: a proposal stands there and nowhere else.
    pub(super) keeps_proposal: bool,
}

/// What became of the record, for the reports and for the exit code.
pub(super) struct Account {
    /// What the reports say.
    pub(super) recorded: Recorded,
    /// Why the run ends with exit code 4, where it does.
    troubles: Vec<Trouble>,
    /// A key that was made for this run.
    new_key: Option<NewKey>,
}

/// A key that was made just now.
struct NewKey {
    path: PathBuf,
    public: PublicKey,
    /// The log that it signed first; none where nothing was appended.
    log: Option<String>,
}

/// A run whose start is behind it.
struct Begun<'a> {
    run: Invocation,
    surroundings: Surroundings<'a>,
    /// The files of the commit, or why they cannot be known.
    leaves: Result<Option<Leaves>, Trouble>,
    salt: Salt,
    signer: Option<Signer>,
}

/// Who signs, and where. A run that is given no key has none.
struct Signer {
    key: SigningKey,
    place: Place,
    /// The keys that signed before this one did.
    retired: Trust,
    start: Appended,
    /// The start as it was appended: the decision goes to the log that holds it, and to no other.
    started: Record,
}

/// Judges, and records it.
pub(super) fn around(
    sys: &dyn Sys,
    args: &RecordArgs,
    subject: &Subject<'_>,
    judge: impl FnOnce() -> Result<Verdict, GateError>,
) -> (Result<Verdict, GateError>, Account) {
    if args.no_trail {
        let verdict = judge();
        let meets_policy = !verdict.as_ref().is_ok_and(|verdict| verdict.policy.durable_trail);
        let troubles = if meets_policy { Vec::new() } else { vec![Trouble::NotAsked] };
        let recorded = Recorded { meets_policy, ..Recorded::not_asked() };
        return (verdict, Account { recorded, troubles, new_key: None });
    }
    let started = sys.now(); // before the gate looks at the clock: nothing is decided before it was started
    let (tool, (begun, verdict)) =
        beside(|| program::digest(sys), || beside(|| begin(sys, args, subject, started), judge));
    let (begun, new_key) = begun.expect("the thread that begins a record does not panic");
    let tool = tool.expect("the thread that reads the program does not panic");
    let account = match (begun, &verdict) {
        (Err(trouble), _) => Account::failed(sys, trouble, None, verdict.as_ref().ok()),
        (Ok(begun), Ok(verdict)) => finish(sys, begun, tool, verdict, subject.keeps_proposal),
        (Ok(begun), Err(_)) => {
            let start = begun.signer.as_ref().map(|signer| signer.start.first.0);
            let state = RecordState::Failed { why: "there is no verdict".into(), start };
            let recorded = Recorded { state, meets_policy: true, unwritten: false };
            Account { recorded, troubles: Vec::new(), new_key: None }
        }
    };
    (verdict, Account { new_key, ..account })
}

/// Chooses the key and begins with it. A key that was made is told of, whatever becomes of the start.
fn begin<'a>(
    sys: &'a dyn Sys,
    args: &RecordArgs,
    subject: &Subject<'_>,
    started: Result<Timestamp, SysError>,
) -> (Result<Begun<'a>, Trouble>, Option<NewKey>) {
    let chosen = forge::invocation(sys).map_err(Trouble::from).and_then(|run| Ok((key::choose(sys, args, &run)?, run)));
    let (chosen, run) = match chosen {
        Ok(chosen) => chosen,
        Err(trouble) => return (Err(trouble), None),
    };
    let (key, made) = chosen.unzip();
    let made = made.flatten().zip(key.as_ref().map(|key| *key.public()));
    let begun = started.map_err(Trouble::from).and_then(|started| start(sys, args, subject, run, key, started));
    let signer = begun.as_ref().ok().and_then(|begun| begun.signer.as_ref());
    let log = signer.map(|signer| signer.start.head.origin.clone());
    (begun, made.map(|(path, public)| NewKey { path, public, log }))
}

/// Reads who and where, and appends the start where there is a key.
fn start<'a>(
    sys: &'a dyn Sys,
    args: &RecordArgs,
    subject: &Subject<'_>,
    run: Invocation,
    key: Option<SigningKey>,
    started: Timestamp,
) -> Result<Begun<'a>, Trouble> {
    let surroundings = Surroundings::look(sys, args, subject, &run, started)?;
    let salt = Salt::random(sys)?;
    // The disk is waited for and git is asked at the same time.
    let (leaves, signer) = beside(
        || surroundings.leaves(),
        || {
            let Some(key) = key else { return Ok::<_, Trouble>(None) };
            let place = match &args.trail {
                Some(place) => Place::parse(place)?,
                None => Place::default_of(sys, &surroundings::directory(sys, subject.target)?)?,
            };
            let retired = trusted::retired(sys, &args.old_key)?;
            let started = record::start(&surroundings.ctx, &salt).sign(&[&key])?;
            let start = put(sys, &place, (&key, &retired), None, &started)?;
            Ok(Some(Signer { key, place, retired, start, started }))
        },
    );
    let leaves = leaves.expect("the thread that runs git does not panic");
    Ok(Begun { run, surroundings, leaves, salt, signer: signer? })
}

/// Appends the decision, or makes the proposal.
fn finish(
    sys: &dyn Sys,
    begun: Begun<'_>,
    tool: Result<Option<Digest>, Trouble>,
    verdict: &Verdict,
    is_kept: bool,
) -> Account {
    let start = begun.signer.as_ref().map(|signer| signer.start.first);
    match decide(sys, begun, tool, verdict, is_kept) {
        Err(trouble) => Account::failed(sys, trouble, start.map(|start| start.0), Some(verdict)),
        Ok(state) => {
            let outlives = matches!(&state, RecordState::Signed(signed) if signed.durable);
            let meets_policy = outlives || !verdict.policy.durable_trail;
            let recorded = Recorded { state, meets_policy, unwritten: false };
            // A run that is given no key cannot do more than propose.
            let troubles = if recorded.is_as_asked() { Vec::new() } else { vec![Trouble::Ephemeral] };
            Account { recorded, troubles, new_key: None }
        }
    }
}

fn decide(
    sys: &dyn Sys,
    begun: Begun<'_>,
    tool: Result<Option<Digest>, Trouble>,
    verdict: &Verdict,
    is_kept: bool,
) -> Result<RecordState, Trouble> {
    let Begun { run, surroundings, leaves, salt, signer } = begun;
    let dirty = surroundings.differs(sys, leaves?.as_ref(), &verdict.ledger)?;
    let ctx = RunContext { dirty, tool_digest: tool?, ..surroundings.ctx };
    let row = |row: &crate::model::LedgerRow| Some((row.path.clone(), row.digest?)); // what was not read is no input
    let inputs: Vec<(TreePath, Digest)> = verdict.ledger.rows().iter().filter_map(row).collect();
    let Some(signer) = signer else {
        return Ok(RecordState::Proposal { statement: record::proposal(verdict, &ctx, &inputs, &salt)?, is_kept });
    };
    let draft = record::decision(verdict, &ctx, &inputs, signer.start.first, &salt);
    let before = Some((&signer.start, &signer.started));
    let done = put(sys, &signer.place, (&signer.key, &signer.retired), before, &draft.sign(&[&signer.key])?)?;
    let LogIndex(index) = done.first;
    let verifier_key = VerifierKey::new(done.head.origin.clone(), *signer.key.public())?.to_string();
    let durable = signer.place.durability(run.ci.is_ci()) == Durability::Durable;
    let start = signer.start.first.0;
    Ok(RecordState::Signed(SignedRecord { index, start, log: done.head.origin, verifier_key, durable }))
}

/// Appends a record, to the log that holds what came before it.
fn put(
    sys: &dyn Sys,
    place: &Place,
    (key, retired): (&SigningKey, &Trust),
    before: Option<(&Appended, &Record)>,
    record: &Record,
) -> Result<Appended, Trouble> {
    let store = place.open(sys)?;
    Ok(append_after(sys, &*store, key, retired, before, std::slice::from_ref(record))?)
}

impl Account {
    fn failed(sys: &dyn Sys, trouble: Trouble, start: Option<u64>, verdict: Option<&Verdict>) -> Self {
        // Reports travel, so what they say is as clean as a record. Standard error has the whole message. Where the words
        // cannot be read, paths and addresses are still known by their form.
        let private = sys.var("HOSTNAME").and_then(|host| surroundings::private(sys, host)).unwrap_or_default();
        let state = RecordState::Failed { why: redact::clean(&trouble.to_string(), &private), start };
        let meets_policy = !verdict.is_some_and(|verdict| verdict.policy.durable_trail);
        let recorded = Recorded { state, meets_policy, unwritten: false };
        Self { recorded, troubles: vec![trouble], new_key: None }
    }

    /// Shows the public half of a key that was made: who keeps it can verify the log.
    pub(super) fn show_new_key(&self, sys: &dyn Sys) -> Exit {
        let Some(NewKey { path, public, log }) = &self.new_key else { return Exit::Yes };
        let path = neutral::line(&path.display().to_string()).into_owned();
        // The name of a verifier key is that of a log; a key that signed none yet has its PEM form alone.
        let verifier_key = log.as_ref().and_then(|log| VerifierKey::new(log.clone(), *public).ok());
        let half = verifier_key.map_or_else(|| format!("\n{}", public.to_pem().trim_end()), |key| format!(" {key}"));
        let text =
            format!("note: made a signing key: {path}\nnote: its public half, to verify the trail with:{half}\n");
        Exit::of_writing(&sys.print(Stream::Err, text.as_bytes()))
    }

    /// Says why the run ends with exit code 4, where it does.
    pub(super) fn complain(&self, sys: &dyn Sys) -> Exit {
        let what = match self.recorded.state {
            RecordState::Signed(_) => "the record is not the one that is asked for",
            RecordState::Proposal { .. } | RecordState::NotAsked | RecordState::Failed { .. } => {
                "the run was not recorded"
            }
        };
        for trouble in &self.troubles {
            output::complain(sys, &format!("{what}: {trouble}"), &trouble.help(self.recorded.meets_policy));
        }
        if self.troubles.is_empty() { Exit::Yes } else { Exit::NotWritten }
    }
}
