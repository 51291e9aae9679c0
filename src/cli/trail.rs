//! `portcullis trail …`: arguments and what is printed. The work is done in `trail`.

use super::output;
use super::trusted::{self, OldKey, TrustError, old_key};
use crate::sign::key::default_path;
use crate::sign::{KeyError, KeySource, PublicKey, SigningKey, VerifierKey};
use crate::sys::{Bytes, Stream, Sys, SysError};
use crate::text::neutral::line;
use crate::trail::checkpoint::{self, Trust};
use crate::trail::place::{Place, PlaceError};
use crate::trail::receipt::{self, MAX_RECEIPT, ReceiptError};
use crate::trail::show::{Query, ShowError, Shown, show};
use crate::trail::store::{Store, StoreError, body_path};
use crate::trail::verify::{Verification, VerifyError, verify};
use crate::trail::{CheckpointError, Leaf, LeafKind, LogIndex};
use std::path::{Path, PathBuf};

/// Records that `show` prints when no run is named.
const SHOWN: usize = 20;
/// A saved checkpoint is a note.
const MAX_CHECKPOINT: Bytes = Bytes(crate::sign::note::MAX_NOTE as u64);
/// A body is an envelope.
const MAX_BODY: Bytes = Bytes(crate::sign::dsse::MAX_ENVELOPE as u64);

/// Which trail, and whose word counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Common {
    /// The trail: a directory, or git:REMOTE [default: the one of this checkout in the user's state directory]
    #[arg(long, value_name = "PLACE")]
    pub trail: Option<String>,
    /// A trusted key: a verifier key (name+hash+base64), or a file with such keys or a PEM public key; several may be
    /// given [default: the public half of your own key]
    #[arg(long, value_name = "KEY|FILE")]
    pub key: Vec<String>,
    /// A key that was replaced, believed for the records before INDEX alone; several may be given
    #[arg(long, value_name = "INDEX=KEY|FILE", value_parser = old_key)]
    pub old_key: Vec<OldKey>,
}

/// What to do with the signed record of runs.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum TrailCommand {
    /// Print records, each checked: those of a run, or the newest ones.
    ///
    /// A record that cannot be read is shown with what is wrong, and the exit code is then 1.
    Show {
        /// A run, as ID or ID/ATTEMPT, or a record, as '#INDEX'.
        run: Option<String>,
        /// Which trail, and whose word counts.
        #[command(flatten)]
        common: Common,
    },
    /// Check every record, body, signature and proof, and name what is wrong.
    Verify {
        /// A checkpoint that was saved earlier: only with one are cut and rewritten logs noticed.
        #[arg(long, value_name = "FILE")]
        since: Option<PathBuf>,
        /// Which trail, and whose word counts.
        #[command(flatten)]
        common: Common,
    },
    /// Print the signed checkpoint, to be kept elsewhere.
    Checkpoint {
        /// Write it to a file instead.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Which trail, and whose word counts.
        #[command(flatten)]
        common: Common,
    },
    /// Write a proof that a run's decision is in the log, which can be checked without the log.
    Receipt {
        /// A run, as ID or ID/ATTEMPT, or a record, as '#INDEX'.
        run: String,
        /// The file [default: standard output].
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Write the record's signed body to this file as well.
        #[arg(long, value_name = "FILE")]
        body_to: Option<PathBuf>,
        /// Which trail, and whose word counts.
        #[command(flatten)]
        common: Common,
    },
    /// Make a private key for `check --key`, readable by you alone, and print its public half.
    Keygen {
        /// The file; nothing is overwritten.
        file: PathBuf,
        /// The log that it will sign, to print the verifier key as well: `trail show` names it.
        #[arg(long, value_name = "ORIGIN")]
        log: Option<String>,
    },
    /// Check a receipt without the log.
    VerifyReceipt {
        /// The receipt.
        receipt: PathBuf,
        /// The record's body: with it, what the record says is checked and printed.
        #[arg(long, value_name = "FILE")]
        body: Option<PathBuf>,
        /// Which trail, and whose word counts.
        #[command(flatten)]
        common: Common,
    },
}

/// Why a command has no answer.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("no key to trust: {0}")]
    NoKey(KeyError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Input(SysError),
    #[error(transparent)]
    Output(SysError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Show(#[from] ShowError),
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("no record of the run {0:?} is in the trail")]
    NoSuchRun(String),
}

impl Refusal {
    fn exit_code(&self) -> u8 {
        match self {
            // The command line names something that cannot be used.
            Self::Key(KeyError::Sys(_)) => 4, // a new key could not be written
            Self::Key(_) | Self::NoKey(_) | Self::Trust(_) | Self::Input(_) => 2,
            Self::Place(PlaceError::Empty | PlaceError::NoHome | PlaceError::Store(_)) => 2,
            Self::Output(_) => 4,
            // There is an answer, and it is no.
            Self::Checkpoint(_) | Self::Show(ShowError::Checkpoint(_)) => 1,
            Self::Receipt(
                ReceiptError::Checkpoint(_)
                | ReceiptError::Form { .. }
                | ReceiptError::TooLarge { .. }
                | ReceiptError::Proof(_)
                | ReceiptError::Leaf(_)
                | ReceiptError::Body(_),
            ) => 1,
            // Nothing is there, or it could not be asked.
            Self::Place(PlaceError::Sys(_)) | Self::Store(_) | Self::Verify(_) | Self::NoSuchRun(_) => 3,
            Self::Show(ShowError::Log(_) | ShowError::NoLog) => 3,
            Self::Receipt(ReceiptError::Log(_) | ReceiptError::NoLog | ReceiptError::NoRecord { .. }) => 3,
        }
    }

    fn help(&self) -> String {
        let text = match self {
            Self::Trust(error) => return error.help(),
            Self::NoKey(_) => "name the key that signed the trail: --key NAME+HASH+BASE64",
            Self::Place(PlaceError::NoHome) => "name the trail: --trail DIR",
            Self::Verify(VerifyError::NoLog) | Self::Show(ShowError::NoLog) | Self::Receipt(ReceiptError::NoLog) => {
                "name the trail: --trail DIR, or --trail git:REMOTE"
            }
            Self::NoSuchRun(_) => "list the newest records: portcullis trail show",
            Self::Checkpoint(_) | Self::Show(ShowError::Checkpoint(_)) => {
                "if the trail is signed with another key, name it: --key NAME+HASH+BASE64"
            }
            _ => "", // the message says all there is to say
        };
        text.to_owned()
    }
}

/// Runs the command and prints. Gives the exit code: 0 yes or done, 1 the trail or receipt is not to be believed, 2 the
/// command line is wrong, 3 there is no such trail or it could not be read, 4 a file could not be written.
///
/// Errors: the output could not be written.
pub fn run(sys: &dyn Sys, command: &TrailCommand) -> Result<u8, SysError> {
    match execute(sys, command) {
        Ok((text, code)) => {
            sys.print(Stream::Out, text.as_bytes())?;
            Ok(code)
        }
        Err(refusal) => {
            let text = output::complaint(sys, &line(&refusal.to_string()), &refusal.help());
            sys.print(Stream::Err, text.as_bytes())?;
            Ok(refusal.exit_code())
        }
    }
}

fn execute(sys: &dyn Sys, command: &TrailCommand) -> Result<(String, u8), Refusal> {
    match command {
        TrailCommand::Show { run, common } => {
            let (store, trust) = open(sys, common)?;
            let query = run.as_deref().map_or(Query::Last(SHOWN), Query::parse);
            let (head, shown) = show(&*store, &trust, &query)?;
            match run {
                Some(run) if shown.is_empty() => return Err(Refusal::NoSuchRun(run.clone())),
                _ => {}
            }
            let bad = shown.iter().any(|record| record.problem.is_some());
            let mut text = format!("log {}, {} records\n", line(&head.origin), head.size);
            shown.iter().for_each(|record| text.push_str(&record_text(record)));
            Ok((output::wrapped(sys, Stream::Out, text), u8::from(bad)))
        }
        TrailCommand::Verify { since, common } => {
            let (store, trust) = open(sys, common)?;
            let since =
                since.as_deref().map(|path| sys.read(path, MAX_CHECKPOINT).map_err(Refusal::Input)).transpose()?;
            let found = verify(&*store, &trust, since.as_deref())?;
            let text = output::wrapped(sys, Stream::Out, verification_text(&found, since.is_some()));
            Ok((text, u8::from(!found.is_good())))
        }
        TrailCommand::Checkpoint { to, common } => {
            let (store, trust) = open(sys, common)?;
            let note = store.checkpoint()?.ok_or(Refusal::Verify(VerifyError::NoLog))?;
            checkpoint::open(&note, &trust)?;
            deliver(sys, to.as_deref(), &note, "the checkpoint")
        }
        TrailCommand::Receipt { run, to, body_to, common } => {
            let (store, trust) = open(sys, common)?;
            let index = record_of(&*store, &trust, run)?;
            let made = receipt::make(&*store, &trust, index)?;
            if let Some(path) = body_to {
                let leaf = crate::trail::leaf::parse_leaf(&made.entry).map_err(ReceiptError::Leaf)?;
                let body = store
                    .read(&body_path(&leaf.body))?
                    .ok_or(ReceiptError::Body(crate::trail::ProblemKind::BodyMissing))?;
                sys.replace(path, &body, false).map_err(Refusal::Output)?;
            }
            deliver(sys, to.as_deref(), &made.to_bytes(), "the receipt")
        }
        TrailCommand::Keygen { file, log } => Ok((keygen(sys, file, log.as_deref())?, 0)),
        TrailCommand::VerifyReceipt { receipt: path, body, common } => {
            let trust = trust(sys, common)?;
            let bytes = sys.read(path, Bytes(MAX_RECEIPT as u64)).map_err(Refusal::Input)?;
            let body = body.as_deref().map(|path| sys.read(path, MAX_BODY).map_err(Refusal::Input)).transpose()?;
            let proven = receipt::check(&receipt::parse_receipt(&bytes)?, &trust, body.as_deref())?;
            let head = format!("log {}, {} records\n", line(&proven.head.origin), proven.head.size);
            let record = Shown { index: proven.index, leaf: Some(proven.leaf), summary: proven.summary, problem: None };
            Ok((output::wrapped(sys, Stream::Out, format!("{head}{}", record_text(&record))), 0))
        }
    }
}

/// Makes a key file. The name of a verifier key is that of a log, so there is none before the log is known.
fn keygen(sys: &dyn Sys, file: &Path, log: Option<&str>) -> Result<String, Refusal> {
    // A name that no key can have is refused before a key is made.
    let named = |key: &PublicKey| log.map(|log| VerifierKey::new(log, *key)).transpose();
    named(&PublicKey::from_bytes([0; 32]))?;
    let key = SigningKey::create(sys, file)?;
    let public = key.public();
    let mut text = format!("{}key id: {}\n", public.to_pem(), public.key_id());
    if let Some(key) = named(public)? {
        text.push_str(&format!("verifier key: {key}\n"));
    }
    Ok(text)
}

fn open<'a>(sys: &'a dyn Sys, common: &Common) -> Result<(Box<dyn Store + 'a>, Trust), Refusal> {
    let trust = trust(sys, common)?;
    let place = match &common.trail {
        Some(place) => Place::parse(place)?,
        None => Place::default_of(sys, &sys.cwd().map_err(PlaceError::Sys)?)?,
    };
    Ok((place.open(sys)?, trust))
}

/// The keys that were named, the user's own where there is none, and those that were replaced.
fn trust(sys: &dyn Sys, common: &Common) -> Result<Trust, Refusal> {
    let retired = trusted::retired(sys, &common.old_key)?;
    let trust = if common.key.is_empty() {
        let own = default_path(sys).and_then(|path| SigningKey::load(sys, &KeySource::File(path)));
        Trust::key(*own.map_err(Refusal::NoKey)?.public())
    } else {
        trusted::keys(sys, &common.key)?
    };
    Ok(trust.and(&retired))
}

/// The record that a receipt is asked for: the decision of the run, else its start; the newest where there are several.
fn record_of(store: &dyn Store, trust: &Trust, run: &str) -> Result<LogIndex, Refusal> {
    let query = Query::parse(run);
    if let Query::Index(index) = query {
        return Ok(index);
    }
    let (_, shown) = show(store, trust, &query)?;
    // What cannot be read may be of any run, and is no record to prove.
    let shown: Vec<Shown> = shown.into_iter().filter(|record| record.problem.is_none()).collect();
    let decides = |record: &&Shown| matches!(record.leaf, Some(Leaf { kind: LeafKind::Decision { .. }, .. }));
    let found = shown.iter().rfind(decides).or(shown.last());
    found.map(|record| record.index).ok_or_else(|| Refusal::NoSuchRun(run.to_owned()))
}

/// Writes the bytes to the file, or hands them on to be printed.
fn deliver(sys: &dyn Sys, to: Option<&Path>, bytes: &[u8], what: &str) -> Result<(String, u8), Refusal> {
    match to {
        Some(path) => {
            sys.replace(path, bytes, false).map_err(Refusal::Output)?;
            Ok((format!("wrote {what} to {}\n", line(&path.display().to_string())), 0))
        }
        // Notes and receipts are text without control characters; what is not would not have been verified.
        None => Ok((String::from_utf8_lossy(bytes).into_owned(), 0)),
    }
}

/// A record in two lines, or three where it decided.
fn record_text(record: &Shown) -> String {
    let mut text = format!("#{}", record.index);
    match record.leaf.as_ref().map(|leaf| &leaf.kind) {
        None => {}
        Some(LeafKind::Start) => text.push_str(" start"),
        Some(LeafKind::Decision { outcome, start, .. }) => text.push_str(&format!(" {outcome} (started at #{start})")),
    }
    if let Some(summary) = &record.summary {
        text.push_str(&format!(" run {}", line(&summary.run_label())));
        if let Some(time) = &summary.time {
            text.push_str(&format!(" {}", line(time)));
        }
        let known = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name} {}", line(value)));
        let who = summary
            .initiator
            .as_ref()
            .map(|who| format!("by {} ({})", line(who), line(summary.known_by.as_deref().unwrap_or("unknown"))));
        // A start has compared nothing yet, and so does not claim that the tree is that of the commit.
        let decided = summary.findings.is_some();
        let dirty = (summary.dirty && decided).then(|| "with uncommitted changes".to_owned());
        let words = [
            who,
            known("on", &summary.trigger),
            known("of", &summary.git_ref),
            known("at", &summary.commit),
            dirty,
            known("in", &summary.repository),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        if !words.is_empty() {
            text.push_str(&format!("\n   {}", words.join(" ")));
        }
        if let Some((all, blocking)) = summary.findings {
            text.push_str(&format!("\n   {all} findings, {blocking} of them blocking"));
        }
    }
    if let Some(problem) = &record.problem {
        text.push_str(&format!("\n   problem: {}", line(&problem.to_string())));
    }
    text.push('\n');
    text
}

fn verification_text(found: &Verification, since: bool) -> String {
    let mut text = String::new();
    for problem in &found.problems {
        text.push_str(&format!("problem: {}\n", line(&problem.to_string())));
    }
    if found.more_problems > 0 {
        text.push_str(&format!("problem: and {} more\n", found.more_problems));
    }
    for start in &found.unfinished {
        let run = start.run.as_deref().unwrap_or("unknown");
        let who = start.initiator.as_ref().map(|who| format!(", started by {}", line(who))).unwrap_or_default();
        text.push_str(&format!(
            "note: record {} (run {}): no decision: the run was killed or goes on{who}\n",
            start.index,
            line(run)
        ));
    }
    if found.pending {
        text.push_str("note: a writer did not finish; the next run finishes its record\n");
    }
    if !since {
        text.push_str("note: without --since CHECKPOINT a log that its own key cut or rewrote looks whole\n");
    }
    match &found.head {
        Some(head) if found.is_good() => {
            text.push_str(&format!("good: log {}, {} records\n", line(&head.origin), head.size));
        }
        _ => text.push_str("bad: the trail is not to be believed\n"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::RealSys;
    use crate::trail::record::{RunContext, Salt, start};
    use crate::trail::store::DirStore;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        command: TrailCommand,
    }

    struct Log {
        dir: tempfile::TempDir,
    }

    impl Log {
        /// One run that was killed, by somebody with a hostile name, and the key as PEM.
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let key = SigningKey::from_seed(&[1; 32]).unwrap();
            let who = crate::trail::Initiator { name: "x\u{1b}[2J".into(), known_by: crate::trail::KnownBy::GitUser };
            let ctx = RunContext { run_id: "7".into(), attempt: 1, initiator: Some(who), ..RunContext::default() };
            let record = start(&ctx, &Salt([1; 32])).sign(&[&key]).unwrap();
            let store = DirStore::new(&RealSys, dir.path().join("log"));
            crate::trail::append(&RealSys, &store, &key, &Trust::default(), &[record]).unwrap();
            RealSys.replace(&dir.path().join("key.pem"), key.public().to_pem().as_bytes(), false).unwrap();
            Self { dir }
        }

        fn path(&self, name: &str) -> String {
            self.dir.path().join(name).to_str().unwrap().to_owned()
        }

        fn run(&self, words: &[&str]) -> Result<(String, u8), Refusal> {
            let (log, key) = (self.path("log"), self.path("key.pem"));
            let words = ["trail"].iter().chain(words).copied().chain(["--trail", &log, "--key", &key]);
            execute(&RealSys, &Line::try_parse_from(words).unwrap().command)
        }

        fn code(&self, words: &[&str]) -> u8 {
            self.run(words).map_or_else(|refusal| refusal.exit_code(), |(_, code)| code)
        }
    }

    #[test]
    fn a_good_trail_is_shown_and_verified_and_cannot_steer_the_terminal() {
        let log = Log::new();
        let (shown, code) = log.run(&["show"]).unwrap();
        assert_eq!(code, 0);
        assert!(shown.contains("#0 start run 7/1\n   by x") && !shown.contains('\u{1b}'), "{shown}");
        let (verified, code) = log.run(&["verify"]).unwrap();
        assert_eq!(code, 0);
        assert!(verified.contains("record 0 (run 7/1): no decision") && !verified.contains('\u{1b}'), "{verified}");
        assert_eq!(log.code(&["show", "8"]), 3);
        assert_eq!(log.code(&["show", "#0"]), 0);
    }

    #[test]
    fn a_checkpoint_and_a_receipt_are_written_and_hold_later() {
        let log = Log::new();
        let (checkpoint, receipt, body) = (log.path("saved"), log.path("r.tlog-proof"), log.path("body"));
        assert_eq!(log.code(&["checkpoint", "--to", &checkpoint]), 0);
        assert_eq!(log.code(&["verify", "--since", &checkpoint]), 0);
        assert_eq!(log.code(&["receipt", "7", "--to", &receipt, "--body-to", &body]), 0);
        assert_eq!(log.code(&["verify-receipt", &receipt]), 0);
        let (text, code) = log.run(&["verify-receipt", &receipt, "--body", &body]).unwrap();
        assert!(code == 0 && text.contains("run 7/1"), "{text}");
        assert_eq!(log.code(&["verify-receipt", &receipt, "--body", &receipt]), 1);
        assert_eq!(log.code(&["verify-receipt", &checkpoint]), 1);
        assert_eq!(log.code(&["verify", "--since", &receipt]), 1);
    }

    #[test]
    fn a_key_is_made_once_and_its_public_half_is_printed() {
        use std::os::unix::fs::PermissionsExt;
        let log = Log::new();
        let file = log.path("new.key");
        let keygen = |more: &[&str]| {
            let words = ["trail", "keygen", &file].into_iter().chain(more.iter().copied());
            execute(&RealSys, &Line::try_parse_from(words).unwrap().command)
        };
        let refused = keygen(&["--log", "not a name"]).unwrap_err();
        assert_eq!(refused.exit_code(), 2);
        assert!(!Path::new(&file).exists(), "nothing was made");
        let (text, code) = keygen(&["--log", "example.com/log"]).unwrap();
        assert_eq!(code, 0);
        let key = SigningKey::load(&RealSys, &KeySource::File(file.clone().into())).unwrap();
        assert!(text.starts_with(&key.public().to_pem()), "{text}");
        assert!(text.contains(&VerifierKey::new("example.com/log", *key.public()).unwrap().to_string()), "{text}");
        assert!(!text.contains(&key.to_pem().unwrap()));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        // Never twice: the first key signed something.
        let refused = keygen(&[]).unwrap_err();
        assert!(matches!(refused, Refusal::Key(KeyError::Exists { .. })), "{refused}");
        assert_eq!(refused.exit_code(), 2);
        let again = SigningKey::load(&RealSys, &KeySource::File(file.clone().into())).unwrap();
        assert_eq!(again.public(), key.public());
    }

    #[test]
    fn a_decision_goes_to_no_log_but_the_one_that_holds_its_start() {
        use crate::trail::log::append_after;
        let (one, two) = (Log::new(), Log::new());
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let store = |log: &Log| DirStore::new(&RealSys, log.dir.path().join("log"));
        let record = |id: &str| {
            let ctx = RunContext { run_id: id.into(), attempt: 1, ..RunContext::default() };
            start(&ctx, &Salt([2; 32])).sign(&[&key]).unwrap()
        };
        let (begun, next) = (record("8"), record("9"));
        let trust = Trust::default();
        let put = crate::trail::append(&RealSys, &store(&one), &key, &trust, std::slice::from_ref(&begun)).unwrap();
        let after = |log: &Log, begun| {
            let next = std::slice::from_ref(&next);
            append_after(&RealSys, &store(log), &key, &trust, Some((&put, begun)), next).map(|done| done.first)
        };
        assert_eq!(after(&two, &begun), Err(crate::trail::AppendError::Replaced));
        assert_eq!(after(&one, &next), Err(crate::trail::AppendError::Replaced), "another record stands there");
        assert_eq!(after(&one, &begun), Ok(LogIndex(2)));
    }

    #[test]
    fn a_key_that_cannot_be_trusted_is_named_with_what_would_do() {
        let log = Log::new();
        let private = log.path("private.pem");
        execute(&RealSys, &Line::try_parse_from(["trail", "keygen", &private]).unwrap().command).unwrap();
        let (dir, empty, garbage) = (log.path("log"), String::new(), log.path("garbage"));
        RealSys.replace(Path::new(&garbage), b"x", false).unwrap();
        for (key, said, help) in [
            (&private, "private.pem holds a private key, and only its public half", "openssl pkey -in "),
            (&dir, "cannot be used: cannot read ", "or a file with such keys"),
            (&empty, "the key that is named is empty", "or a file with such keys"),
            (&garbage, "not a verifier key", "or a file with such keys"),
        ] {
            let refusal = log.run(&["verify", "--key", key]).unwrap_err();
            assert_eq!(refusal.exit_code(), 2, "{key}");
            assert!(
                refusal.to_string().contains(said) && refusal.help().contains(help),
                "{refusal} {}",
                refusal.help()
            );
        }
    }

    #[test]
    fn each_kind_of_failure_has_its_exit_code() {
        let log = Log::new();
        assert_eq!(log.code(&["verify", "--since", "/nonexistent"]), 2);
        assert_eq!(log.code(&["verify", "--key", "/nonexistent"]), 2);
        assert_eq!(log.code(&["checkpoint", "--to", "/nonexistent/x"]), 4);
        assert_eq!(log.code(&["receipt", "#1"]), 3);
        let words = |trail: &str, key: &str| {
            let words = ["trail", "verify", "--trail", trail, "--key", key];
            let done = execute(&RealSys, &Line::try_parse_from(words).unwrap().command);
            done.map_or_else(|refusal| refusal.exit_code(), |(_, code)| code)
        };
        let other = SigningKey::from_seed(&[2; 32]).unwrap();
        let vkey = VerifierKey::new("another/log", *other.public()).unwrap().to_string();
        assert_eq!(words(&log.path("log"), &vkey), 1);
        assert_eq!(words(&log.path("empty"), &vkey), 3);
        assert_eq!(words("git:ext::x", &vkey), 2);
        let bytes = RealSys.read(&log.dir.path().join("log/checkpoint"), MAX_CHECKPOINT).unwrap();
        let cut = bytes.len() - 10;
        RealSys.replace(&log.dir.path().join("log/checkpoint"), &bytes[..cut], false).unwrap();
        assert_eq!(log.code(&["verify"]), 1);
        assert_eq!(log.code(&["show"]), 1);
    }
}
