//! `portcullis waive`: writes one waiver file, and refuses what would not hold. It decides on no finding.

use crate::config::{ConfigErrors, Waiver, parse_waiver};
use crate::config::{POLICY_FILE, WAIVER_DIR};
use crate::model::{Class, Days, Severity, Timestamp, TreePath};
use crate::policy::{NotValid, conditions, longest};
use crate::sys::{Fault, FileKind, Stream, Sys, SysError};
use crate::text::shell;
use std::path::Path;

/// A waiver for a problem whose severity nobody knows lasts this long unless told otherwise: as for `high`.
const UNKNOWN_SEVERITY: Days = Days(30);
/// Characters of a file name before its ending; file systems allow 255 bytes.
const MAX_NAME: usize = 120;
/// Waivers of one package for one advisory; more than a few are a mistake.
const MAX_SAME_NAME: u32 = 10_000;

/// Vouch for a finding until a day: writes one file into `.portcullis/waivers/`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// The advisory, by its id or an alias, such as RUSTSEC-2024-0332
    #[arg(value_name = "ID")]
    pub id: String,
    /// The package that the waiver is for
    #[arg(long, value_name = "NAME")]
    pub package: String,
    /// Only these versions, such as "=0.3.25" or ">=0.3, <0.3.26" [default: every version]
    #[arg(long, value_name = "REQ")]
    pub versions: Option<String>,
    /// Only in files that match, such as "tools/**/Cargo.lock" [default: everywhere]
    #[arg(long, value_name = "GLOB")]
    pub path: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "WHO")]
    pub owner: String,
    /// Why it is acceptable until then
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The day on which it ends, such as 2027-01-31 [default: as late as the severity allows]
    #[arg(long, value_name = "DATE", conflicts_with = "days")]
    pub expires: Option<String>,
    /// In how many days it ends: at most 7, 30, 90 or 180 from critical to low
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Who approved it, not the owner; needed for high and critical
    #[arg(long, value_name = "WHO")]
    pub approved_by: Option<String>,
}

/// What the feed knows of the advisory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its severity today; none when it is not in the feed.
    pub severity: Option<Severity>,
    /// Every id of it, the one asked for included or not.
    pub aliases: Vec<String>,
}

/// Why no waiver was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The date is none.
    #[error("`--expires {0}` is not a day\nhelp: write it as 2027-01-31")]
    NotADay(String),
    /// It would have ended before it began.
    #[error("the waiver would have ended on {}\nhelp: name a later day", .0.date())]
    Ended(Timestamp),
    /// It would not hold for a finding of today's severity.
    #[error("the waiver would not hold: {0}\nhelp: {help}", help = remedy(.0))]
    WouldNotHold(NotValid),
    /// A value that no waiver file may have.
    #[error("{0}")]
    Invalid(ConfigErrors),
    /// More files of the same name than anybody needs.
    #[error("there are {0} waivers of this name\nhelp: remove those that are not needed")]
    TooMany(u32),
    /// The outside world.
    #[error("{0}")]
    Sys(SysError),
}

impl Refused {
    /// 2 for a wrong command line, 4 for what could not be written.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Sys(_)) { 4 } else { 2 }
    }
}

/// Writes the waiver under `root`, says which file it is and which ids it covers, and gives the exit code.
pub fn run(sys: &dyn Sys, root: &Path, args: &Args, known: &Known) -> u8 {
    let (stream, text, code) = match waive(sys, root, args, known) {
        Ok(said) => (Stream::Out, said, 0),
        Err(refused) => {
            let text = refused.to_string();
            // The errors of a file bring their own first word.
            let text = if text.starts_with("error[") { text } else { format!("error[waive]: {text}") };
            (Stream::Err, text, refused.exit_code())
        }
    };
    match sys.print(stream, format!("{text}\n").as_bytes()) {
        Ok(()) => code,
        Err(_) => 4, // there is nowhere left to say why
    }
}

fn waive(sys: &dyn Sys, root: &Path, args: &Args, known: &Known) -> Result<String, Refused> {
    let now = sys.now().map_err(Refused::Sys)?;
    let expires = expiry(args, known.severity, now)?;
    let draft = Draft {
        id: &args.id,
        package: &args.package,
        versions: args.versions.clone(),
        path: args.path.as_deref(),
        owner: &args.owner,
        reason: &args.reason,
        expires,
        approved_by: args.approved_by.as_deref(),
        adopted: None,
    };
    let text = write_waiver(&draft)?;
    let waiver = parse_waiver("the waiver", "", &text).map_err(Refused::Invalid)?;
    if let Some(severity) = known.severity {
        let wrong = conditions(&waiver, severity, Class::Vulnerability, None, now);
        if let Some(first) = wrong.first() {
            return Err(Refused::WouldNotHold(*first));
        }
    }
    let path = free_name(sys, root, &waiver)?;
    store(sys, root, &path, &text).map_err(Refused::Sys)?;
    Ok(said(&path, &waiver, known))
}

/// A waiver on its way to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft<'a> {
    /// The advisory or an alias.
    pub id: &'a str,
    /// The package.
    pub package: &'a str,
    /// A version requirement; every version where absent.
    pub versions: Option<String>,
    /// A glob; every path where absent.
    pub path: Option<&'a str>,
    /// Who answers for it.
    pub owner: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The first moment at which it does not hold any more.
    pub expires: Timestamp,
    /// Who approved it.
    pub approved_by: Option<&'a str>,
    /// The day on which it was adopted as debt.
    pub adopted: Option<Timestamp>,
}

/// The text of a waiver file, or what is wrong with its values. The same draft gives the same bytes.
pub fn write_waiver(draft: &Draft<'_>) -> Result<String, Refused> {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Written<'a> {
        id: &'a str,
        package: &'a str,
        versions: Option<&'a str>,
        path: Option<&'a str>,
        owner: &'a str,
        reason: &'a str,
        expires: String,
        approved_by: Option<&'a str>,
        adopted: Option<String>,
    }
    let written = Written {
        id: draft.id,
        package: draft.package,
        versions: draft.versions.as_deref(),
        path: draft.path,
        owner: draft.owner,
        reason: draft.reason,
        expires: day_or_time(draft.expires),
        approved_by: draft.approved_by,
        adopted: draft.adopted.map(day_or_time),
    };
    let text = toml::to_string(&written).expect("a struct of strings is a TOML document");
    parse_waiver("the waiver", "", &text).map_err(Refused::Invalid)?;
    Ok(text)
}

/// The name of the file, made of `a-z`, `0-9`, `.`, `_` and `-` only, without its ending.
pub fn file_stem(id: &str, package: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c.to_ascii_lowercase() } else { '-' };
    let stem: String = format!("{id}-{package}").chars().map(safe).take(MAX_NAME).collect();
    // A name that starts with a dot is hidden, and one that starts with a dash is taken for a flag.
    stem.trim_start_matches(['.', '-']).to_owned()
}

/// Writes a file below `.portcullis/waivers`, or the policy file. No link on the way is followed.
pub(super) fn store(sys: &dyn Sys, root: &Path, path: &str, text: &str) -> Result<(), SysError> {
    let mut at = root.to_owned();
    let (dirs, name) = path.rsplit_once('/').unwrap_or(("", path));
    for part in dirs.split('/').filter(|part| !part.is_empty()) {
        at.push(part);
        match sys.kind(&at)? {
            Some(FileKind::Dir) => {}
            None => sys.create_dir(&at)?,
            Some(FileKind::Link) => return Err(in_the_way(&at, "symbolic link")),
            Some(FileKind::File | FileKind::Special) => return Err(in_the_way(&at, "file")),
        }
    }
    sys.replace(&at.join(name), text.as_bytes(), false)
}

fn in_the_way(path: &Path, what: &'static str) -> SysError {
    let fault = Fault::Other(format!("it is a {what}, not a directory"));
    SysError { op: "write below", what: path.display().to_string(), fault }
}

/// Midnight as its day, everything else as RFC 3339.
pub(super) fn day_or_time(time: Timestamp) -> String {
    if time == time.day_start() { time.date() } else { time.to_string() }
}

fn expiry(args: &Args, severity: Option<Severity>, now: Timestamp) -> Result<Timestamp, Refused> {
    let most = severity.map_or(UNKNOWN_SEVERITY, longest);
    let expires = match (&args.expires, args.days) {
        (Some(text), _) => text.parse().map_err(|_| Refused::NotADay(text.clone()))?,
        // The start of the day: a span that is allowed never grows beyond what is allowed.
        (None, days) => now.plus_days(days.map_or(most, Days)).day_start(),
    };
    if expires <= now { Err(Refused::Ended(expires)) } else { Ok(expires) }
}

fn free_name(sys: &dyn Sys, root: &Path, waiver: &Waiver) -> Result<String, Refused> {
    let stem = file_stem(&waiver.id, &waiver.package);
    for n in 1..=MAX_SAME_NAME {
        let path = waiver_path(&stem, n);
        if sys.kind(&root.join(&path)).map_err(Refused::Sys)?.is_none() {
            return Ok(path);
        }
    }
    Err(Refused::TooMany(MAX_SAME_NAME))
}

/// The `n`th file of this stem, counted from 1.
pub(super) fn waiver_path(stem: &str, n: u32) -> String {
    if n == 1 { format!("{WAIVER_DIR}/{stem}.toml") } else { format!("{WAIVER_DIR}/{stem}-{n}.toml") }
}

fn said(path: &str, waiver: &Waiver, known: &Known) -> String {
    let line = |text: &str| text.escape_debug().to_string();
    let mut ids = vec![line(&waiver.id)];
    ids.extend(known.aliases.iter().filter(|alias| !alias.eq_ignore_ascii_case(&waiver.id)).map(|a| line(a)));
    let mut said = format!("wrote {path}\n  covers {} for {}", ids.join(", "), line(&waiver.package));
    if let Some(versions) = &waiver.versions {
        said.push_str(&format!(" {versions}"));
    }
    said.push_str(&format!(" until {}", day_or_time(waiver.expires)));
    if known.severity.is_none() {
        said.push_str("\n  the feed does not know it: `portcullis check` will say whether the waiver holds");
    }
    if let Some(word) = shell::quote(path) {
        said.push_str(&format!("\nhelp: git add {word}"));
    }
    said
}

fn remedy(wrong: &NotValid) -> &'static str {
    match wrong {
        NotValid::TooLong { .. } => "name an earlier day with `--expires`, or leave it out",
        NotValid::NoApproval { .. } => "name who approved it with `--approved-by`",
        NotValid::OwnApproval { .. } => "let somebody else than the owner approve it",
        NotValid::NotADebt { .. } | NotValid::NoDebt | NotValid::OtherDay { .. } | NotValid::InTheFuture { .. } => {
            "leave the adoption to `portcullis init`"
        }
    }
}

/// The file that says that a tree is set up, if there is one.
pub(super) fn initialised(sys: &dyn Sys, root: &Path) -> Result<Option<String>, SysError> {
    if sys.kind(&root.join(POLICY_FILE))?.is_some() {
        return Ok(Some(POLICY_FILE.into()));
    }
    let dir = root.join(WAIVER_DIR);
    match sys.kind(&dir)? {
        None => Ok(None),
        Some(FileKind::Dir) if sys.list(&dir)?.is_empty() => Ok(None),
        Some(_) => Ok(Some(TreePath::new(WAIVER_DIR).to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Disk, load};
    use crate::sys::RealSys;

    fn args() -> Args {
        Args {
            id: "RUSTSEC-2024-0332".into(),
            package: "h2".into(),
            versions: Some("=0.3.25".into()),
            path: None,
            owner: "web-team".into(),
            reason: "a \"quoted\" reason\nof two lines".into(),
            expires: None,
            days: None,
            approved_by: Some("security-team".into()),
        }
    }

    fn known(severity: Severity) -> Known {
        Known { severity: Some(severity), aliases: vec!["CVE-2024-1".into(), "RUSTSEC-2024-0332".into()] }
    }

    #[test]
    fn what_is_written_is_what_the_policy_reads() {
        let dir = tempfile::tempdir().expect("a directory");
        let said = waive(&RealSys, dir.path(), &args(), &known(Severity::High)).expect("written");
        assert!(said.starts_with("wrote .portcullis/waivers/rustsec-2024-0332-h2.toml\n"), "{said}");
        assert!(said.contains("covers RUSTSEC-2024-0332, CVE-2024-1 for h2 =0.3.25 until 2"), "{said}");
        waive(&RealSys, dir.path(), &args(), &known(Severity::High)).expect("written beside the first");
        let policy = load(&Disk { sys: &RealSys, root: dir.path().to_owned() }, "").expect("valid");
        let paths: Vec<&str> = policy.waivers.iter().map(|w| w.path.as_str()).collect();
        assert_eq!(
            paths,
            [".portcullis/waivers/rustsec-2024-0332-h2-2.toml", ".portcullis/waivers/rustsec-2024-0332-h2.toml"]
        );
        let waiver = policy.waivers.first().expect("two");
        assert_eq!(waiver.reason, "a \"quoted\" reason\nof two lines");
        assert_eq!(waiver.versions, "=0.3.25".parse().ok());
        assert_eq!(waiver.approved_by.as_deref(), Some("security-team"));
    }

    #[test]
    fn what_would_not_hold_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let refused = |change: fn(&mut Args), severity| {
            let mut args = args();
            change(&mut args);
            waive(&RealSys, dir.path(), &args, &known(severity)).err()
        };
        assert_eq!(refused(|a| a.days = Some(30), Severity::High), None);
        let too_long = NotValid::TooLong { severity: Severity::Critical, limit: Days(7), adopted: false };
        assert_eq!(refused(|a| a.days = Some(30), Severity::Critical), Some(Refused::WouldNotHold(too_long)));
        let alone = Some(Refused::WouldNotHold(NotValid::NoApproval { severity: Severity::High }));
        assert_eq!(refused(|a| a.approved_by = None, Severity::High), alone);
        assert_eq!(refused(|a| a.approved_by = None, Severity::Medium), None);
        let own = Some(Refused::WouldNotHold(NotValid::OwnApproval { severity: Severity::High }));
        assert_eq!(refused(|a| a.approved_by = Some("Web-Team".into()), Severity::High), own);
        assert!(matches!(refused(|a| a.days = Some(0), Severity::Low), Some(Refused::Ended(_))));
        assert!(matches!(refused(|a| a.expires = Some("soon".into()), Severity::Low), Some(Refused::NotADay(_))));
        for change in [
            |a: &mut Args| a.owner = " ".into(),
            |a: &mut Args| a.reason = String::new(),
            |a: &mut Args| a.versions = Some("latest".into()),
            |a: &mut Args| a.path = Some("../x".into()),
            |a: &mut Args| a.package = "a\nb".into(),
        ] {
            assert!(matches!(refused(change, Severity::Low), Some(Refused::Invalid(_))));
        }
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        assert_eq!(file_stem("RUSTSEC-2024-0332", "h2"), "rustsec-2024-0332-h2");
        assert_eq!(file_stem("../../x", "a/b\n"), "x-a-b-");
        assert_eq!(file_stem(&"x".repeat(500), "y").len(), MAX_NAME);
    }

    #[test]
    fn no_link_is_written_through() {
        let dir = tempfile::tempdir().expect("a directory");
        let outside = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink(outside.path(), dir.path().join(".portcullis")).expect("a link");
        let result = waive(&RealSys, dir.path(), &args(), &known(Severity::Low));
        assert!(matches!(result, Err(Refused::Sys(_))), "{result:?}");
        assert_eq!(RealSys.list(outside.path()).expect("listed"), []);
    }
}
