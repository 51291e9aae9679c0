//! `portcullis waive`: writes one waiver file, and refuses what would not hold. It decides on no finding.

use crate::config::{ConfigErrors, Waiver, is_day, parse_waiver};
use crate::config::{MAX_WAIVER, POLICY_FILE, WAIVER_DIR};
use crate::model::{Class, Days, RuleId, Severity, Timestamp};
use crate::policy::{NotValid, conditions, longest};
use crate::rule;
use crate::sys::{Fault, FileKind, Stream, Sys, SysError};
use crate::text::{neutral, shell};
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
    /// The packages that it is about; empty when it is not in the feed, or nobody looked.
    pub packages: Vec<String>,
}

/// Why no waiver was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The date is none.
    #[error("`--expires {0}` is not a day\nhelp: write it as 2027-01-31")]
    NotADay(String),
    /// A day that no point in time can be made of.
    #[error("`--expires {0}` is out of range\nhelp: a waiver lasts at most 180 days")]
    OutOfRange(String),
    /// More days than any severity allows.
    #[error("`--days {0}` is out of range\nhelp: a waiver lasts at most 180 days, and less the graver the finding")]
    TooManyDays(u32),
    /// It would have ended before it began.
    #[error("the waiver would have ended on {}\nhelp: name a later day with `--expires`, or more `--days`", .0.date())]
    Ended(Timestamp),
    /// The advisory is about other packages: the waiver would cover nothing.
    #[error("{id} is not about {package}, but about {}\nhelp: name one of them with `--package`", .packages.join(", "))]
    OtherPackage {
        /// The id asked for.
        id: String,
        /// The package asked for.
        package: String,
        /// What the feed says.
        packages: Vec<String>,
    },
    /// It has the form of a rule's id, and no rule has it.
    #[error("there is no rule {0}\nhelp: docs/rules.md lists the rules")]
    UnknownRule(String),
    /// A rule about waivers and acceptances themselves.
    #[error("no waiver covers {0}: it is about waivers themselves\nhelp: mend the waiver or the acceptance it names")]
    NotWaivable(RuleId),
    /// Neither the feed nor a rule has this id, and it does not look like that of an advisory.
    #[error(
        "`{0}` is no advisory and no rule\nhelp: write an id such as RUSTSEC-2024-0332, CVE-2024-1234 or PC-DEP-015"
    )]
    UnknownId(String),
    /// The same waiver is there already.
    #[error("{path} is the same waiver, until {}\nhelp: change its `expires`, or remove it", .expires.date())]
    Duplicate {
        /// The file.
        path: String,
        /// When that one ends.
        expires: Timestamp,
    },
    /// It would not hold for a finding of today's severity.
    #[error("the waiver would not hold: {0}\nhelp: {help}", help = remedy(.0))]
    WouldNotHold(NotValid),
    /// A value that no waiver file may have. The place is left out: there is no file yet.
    #[error("{}", told(.0))]
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
            // An id or a name of the command line may hold anything.
            let lines: Vec<String> = refused.to_string().lines().map(|said| neutral::line(said).into_owned()).collect();
            (Stream::Err, format!("error[waive]: {}", lines.join("\n")), refused.exit_code())
        }
    };
    match sys.print(stream, format!("{text}\n").as_bytes()) {
        Ok(()) => code,
        Err(_) => 4, // there is nowhere left to say why
    }
}

fn waive(sys: &dyn Sys, root: &Path, args: &Args, known: &Known) -> Result<String, Refused> {
    let now = sys.now().map_err(Refused::Sys)?;
    let subject = subject(args, known)?;
    let expires = expiry(args, subject.severity, now)?;
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
    let text = write_waiver(&draft).map_err(of_flags)?;
    let waiver = parse_waiver("the waiver", "", &text).map_err(Refused::Invalid)?;
    if let Some(severity) = subject.severity {
        let wrong = conditions(&waiver, severity, subject.class, None, now);
        if let Some(first) = wrong.first() {
            return Err(Refused::WouldNotHold(*first));
        }
    }
    unique(sys, root, &waiver)?;
    let path = free_name(sys, root, &waiver)?;
    store(sys, root, &path, &text).map_err(Refused::Sys)?;
    Ok(said(&path, &waiver, known, subject.severity.is_none()) + &add(sys, root, &path))
}

/// What the id stands for.
struct Subject {
    /// None where nobody knows.
    severity: Option<Severity>,
    class: Class,
}

fn subject(args: &Args, known: &Known) -> Result<Subject, Refused> {
    const ADVISORIES: [&str; 9] = ["RUSTSEC-", "CVE-", "GHSA-", "MAL-", "OSV-", "GO-", "PYSEC-", "EUVD-", "TEMP-"];
    let (id, package) = (args.id.trim(), args.package.trim());
    if !known.packages.is_empty() && !known.packages.iter().any(|name| name == package) {
        let packages = known.packages.clone();
        return Err(Refused::OtherPackage { id: id.to_owned(), package: package.to_owned(), packages });
    }
    if known.severity.is_some() {
        return Ok(Subject { severity: known.severity, class: Class::Vulnerability });
    }
    let upper = id.to_uppercase();
    if upper.starts_with("PC-") {
        return match rule::all().iter().find(|info| info.id.0 == upper) {
            None => Err(Refused::UnknownRule(id.to_owned())),
            Some(info) if info.class == Class::Waiver => Err(Refused::NotWaivable(info.id)),
            Some(info) => Ok(Subject { severity: Some(info.severity), class: info.class }),
        };
    }
    let named = |prefix: &&str| upper.strip_prefix(*prefix).is_some_and(|rest| !rest.is_empty());
    // What cannot be shown is refused with its own words by the reader of waiver files.
    if !ADVISORIES.iter().any(named) && !id.is_empty() && !id.chars().any(neutral::is_unsafe) {
        return Err(Refused::UnknownId(id.to_owned()));
    }
    Ok(Subject { severity: None, class: Class::Vulnerability })
}

/// The mistakes of a waiver file as mistakes of the command line: each key has a flag of its name.
fn of_flags(refused: Refused) -> Refused {
    let Refused::Invalid(mut errors) = refused else { return refused };
    for error in &mut errors.0 {
        if let Some(rest) = error.message.strip_prefix('`').filter(|rest| !rest.starts_with("id`")) {
            error.message = format!("`--{rest}");
        }
    }
    Refused::Invalid(errors)
}

fn told(errors: &ConfigErrors) -> String {
    let told = errors.0.iter().map(|error| match error.help.as_str() {
        "" => error.message.clone(),
        help => format!("{}\nhelp: {help}", error.message),
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Refuses a waiver that covers what another one covers: two ends for one thing are one too many.
fn unique(sys: &dyn Sys, root: &Path, waiver: &Waiver) -> Result<(), Refused> {
    for (path, there) in written(sys, root).map_err(Refused::Sys)? {
        if let Some(there) = there
            && there.id.eq_ignore_ascii_case(&waiver.id)
            && (&there.package, &there.versions, &there.paths) == (&waiver.package, &waiver.versions, &waiver.paths)
        {
            return Err(Refused::Duplicate { path, expires: there.expires });
        }
    }
    Ok(())
}

/// The files of the waiver directory by their path below the root, sorted, each with the waiver that it is; none where
/// it is no waiver, which every check says.
fn written(sys: &dyn Sys, root: &Path) -> Result<Vec<(String, Option<Waiver>)>, SysError> {
    let mut dir = root.to_owned();
    for part in WAIVER_DIR.split('/') {
        dir.push(part);
        match sys.kind(&dir)? {
            Some(FileKind::Dir) => {}
            None => return Ok(Vec::new()),
            Some(FileKind::Link) => return Err(in_the_way(&dir, "symbolic link")), // it may lead out of the tree
            Some(FileKind::File | FileKind::Special) => return Err(in_the_way(&dir, "file")),
        }
    }
    let mut files = Vec::new();
    for entry in sys.list(&dir)? {
        let path = format!("{WAIVER_DIR}/{}", entry.name.to_string_lossy());
        let at = dir.join(&entry.name);
        let waiver = match sys.kind(&at)? {
            Some(FileKind::File) if path.ends_with(".toml") => {
                let text = String::from_utf8(sys.read(&at, MAX_WAIVER)?).ok();
                text.and_then(|text| parse_waiver(&path, &path, &text).ok())
            }
            _ => None,
        };
        files.push((path, waiver));
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(files)
}

/// The command that adds the file to the repository, from wherever it is pasted.
fn add(sys: &dyn Sys, root: &Path, path: &str) -> String {
    let here = match (sys.cwd(), sys.real_path(root)) {
        (Ok(cwd), Ok(root)) => cwd == root,
        _ => false, // the longer command is right everywhere
    };
    let root = root.display().to_string();
    match (here, shell::quote(&root), shell::quote(path)) {
        (true, _, Some(path)) => format!("\nhelp: git add {path}"),
        (false, Some(root), Some(path)) => format!("\nhelp: git -C {root} add {path}"),
        _ => String::new(), // no form of it can be pasted
    }
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
        (Some(text), _) => match text.parse() {
            Ok(time) => time,
            Err(_) if is_day(text) => return Err(Refused::OutOfRange(text.clone())),
            Err(_) => return Err(Refused::NotADay(text.clone())),
        },
        (None, Some(days)) if Days(days) > longest(Severity::None) => return Err(Refused::TooManyDays(days)),
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

fn said(path: &str, waiver: &Waiver, known: &Known, unknown: bool) -> String {
    let line = |text: &str| text.escape_debug().to_string();
    let mut ids = vec![line(&waiver.id)];
    ids.extend(known.aliases.iter().filter(|alias| !alias.eq_ignore_ascii_case(&waiver.id)).map(|a| line(a)));
    let mut said = format!("wrote {path}\n  covers {} for {}", ids.join(", "), line(&waiver.package));
    if let Some(versions) = &waiver.versions {
        said.push_str(&format!(" {versions}"));
    }
    said.push_str(&format!(" until {}", day_or_time(waiver.expires)));
    if unknown {
        said.push_str("\n  not in this feed: `portcullis check` will say whether the waiver holds");
    }
    said
}

fn remedy(wrong: &NotValid) -> &'static str {
    match wrong {
        NotValid::TooLong { .. } => "name fewer `--days` or an earlier day with `--expires`, or leave both out",
        NotValid::NoApproval { .. } => "name who approved it with `--approved-by`",
        NotValid::OwnApproval { .. } => "let somebody else than the owner approve it",
        NotValid::NotADebt { .. } | NotValid::NoDebt | NotValid::OtherDay { .. } | NotValid::InTheFuture { .. } => {
            "leave the adoption to `portcullis init`"
        }
    }
}

/// The file that says that a tree is set up, if there is one. Adopted waivers without a policy are what a broken-off
/// `init` leaves behind, because it writes the policy last: they hold nowhere, and the next `init` replaces them.
pub(super) fn initialised(sys: &dyn Sys, root: &Path) -> Result<Option<String>, SysError> {
    if sys.kind(&root.join(POLICY_FILE))?.is_some() {
        return Ok(Some(POLICY_FILE.into()));
    }
    let left = written(sys, root)?.into_iter().find(|(path, waiver)| !is_unfinished(path, waiver.as_ref()));
    Ok(left.map(|(path, _)| path))
}

/// What a broken-off `init` wrote, for the next one to remove: adopted waivers, and files that were not yet in place.
pub(super) fn unfinished(sys: &dyn Sys, root: &Path) -> Result<Vec<String>, SysError> {
    let files = written(sys, root)?.into_iter();
    Ok(files.filter(|(path, waiver)| is_unfinished(path, waiver.as_ref())).map(|(path, _)| path).collect())
}

fn is_unfinished(path: &str, waiver: Option<&Waiver>) -> bool {
    match waiver {
        Some(waiver) => waiver.adopted.is_some(),
        None => path.contains(".toml.") && path.ends_with(".tmp"), // `Sys::replace` was killed before its rename
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
        Known {
            severity: Some(severity),
            aliases: vec!["CVE-2024-1".into(), "RUSTSEC-2024-0332".into()],
            packages: vec!["h2".into()],
        }
    }

    #[test]
    fn what_is_written_is_what_the_policy_reads() {
        let dir = tempfile::tempdir().expect("a directory");
        let said = waive(&RealSys, dir.path(), &args(), &known(Severity::High)).expect("written");
        assert!(said.starts_with("wrote .portcullis/waivers/rustsec-2024-0332-h2.toml\n"), "{said}");
        assert!(said.contains("covers RUSTSEC-2024-0332, CVE-2024-1 for h2 =0.3.25 until 2"), "{said}");
        let older = Args { versions: Some("<0.3.25".into()), ..args() };
        waive(&RealSys, dir.path(), &older, &known(Severity::High)).expect("written beside the first");
        let policy = load(&Disk { sys: &RealSys, root: dir.path().to_owned() }, "").expect("valid");
        let paths: Vec<&str> = policy.waivers.iter().map(|w| w.path.as_str()).collect();
        assert_eq!(
            paths,
            [".portcullis/waivers/rustsec-2024-0332-h2-2.toml", ".portcullis/waivers/rustsec-2024-0332-h2.toml"]
        );
        let waiver = policy.waivers.last().expect("two");
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
            let refused = waive(&RealSys, dir.path(), &args, &Known { packages: Vec::new(), ..known(severity) }).err();
            let _ = RealSys.remove(&dir.path().join(".portcullis/waivers/rustsec-2024-0332-h2.toml"));
            refused
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
    fn each_mistake_names_its_flag() {
        let dir = tempfile::tempdir().expect("a directory");
        let said = |change: fn(&mut Args)| {
            let mut args = args();
            change(&mut args);
            let known = Known { packages: Vec::new(), ..known(Severity::Low) };
            waive(&RealSys, dir.path(), &args, &known).expect_err("refused").to_string()
        };
        for (change, start) in [
            ((|a| a.owner = " ".into()) as fn(&mut Args), "`--owner` is empty\nhelp: "),
            (|a| a.owner = "web\u{200b}team".into(), "`--owner` holds an invisible character (U+200B)\n"),
            (|a| a.reason = "a\u{202e}b".into(), "`--reason` holds an invisible character (U+202E)\n"),
            (|a| a.approved_by = Some("\u{2060}web-team".into()), "`--approved-by` holds an invisible character"),
            (|a| a.package = "h\u{ad}2".into(), "`--package` holds an invisible character (U+00AD)\n"),
            (|a| a.id = "RUSTSEC-\u{200d}1".into(), "`id` holds an invisible character (U+200D)\n"),
            (|a| a.versions = Some("latest".into()), "`--versions` is `latest`: "),
            (|a| a.path = Some("../x".into()), "`--path`: "),
            (|a| a.days = Some(181), "`--days 181` is out of range\n"),
            (|a| a.days = Some(u32::MAX), "`--days 4294967295` is out of range\n"),
            (|a| a.expires = Some("9999-12-31".into()), "`--expires 9999-12-31` is out of range\n"),
            (|a| a.expires = Some("9999-13-31".into()), "`--expires 9999-13-31` is not a day\n"),
        ] {
            let said = said(change);
            assert!(said.starts_with(start), "{said}");
            assert!(!said.contains("the waiver:"), "{said}");
        }
        let in_range = Args { days: Some(180), ..args() };
        assert!(waive(&RealSys, dir.path(), &in_range, &known(Severity::Low)).is_ok());
    }

    #[test]
    fn the_id_is_of_the_package_of_a_rule_or_looks_like_an_advisory() {
        let dir = tempfile::tempdir().expect("a directory");
        let waived = |id: &str, package: &str, known: &Known| {
            let args = Args { id: id.into(), package: package.into(), ..args() };
            waive(&RealSys, dir.path(), &args, known)
        };
        let here = known(Severity::High);
        assert!(waived("RUSTSEC-2024-0332", "h2", &here).is_ok());
        let elsewhere = Known { packages: vec!["h2".into(), "h3".into()], ..Known::default() };
        let refused = waived("RUSTSEC-2024-0332", "hyper", &elsewhere).expect_err("refused").to_string();
        assert!(refused.starts_with("RUSTSEC-2024-0332 is not about hyper, but about h2, h3\n"), "{refused}");
        let nobody = Known::default();
        for id in ["RUSTSEC-2099-0001", "cve-2099-1", "GHSA-aaaa-bbbb-cccc", "MAL-2099-1", "OSV-2099-1"] {
            let said = waived(id, "h2", &nobody).expect("it may come to be known");
            assert!(said.contains("not in this feed"), "{said}");
        }
        for id in ["RUSTSEC-", "h2", "2024-0332", "advisory/vulnerable"] {
            assert_eq!(waived(id, "h2", &nobody), Err(Refused::UnknownId(id.into())));
        }
        let said = waived("pc-dep-015", "h2", &nobody).expect("a rule");
        assert!(!said.contains("not in this feed"), "{said}");
        assert_eq!(waived("PC-DEP-999", "h2", &nobody), Err(Refused::UnknownRule("PC-DEP-999".into())));
        assert_eq!(waived("PC-WVR-002", "h2", &nobody), Err(Refused::NotWaivable(RuleId::WAIVER_UNUSED)));
    }

    #[test]
    fn a_rule_has_its_own_severity_and_period() {
        let dir = tempfile::tempdir().expect("a directory");
        let with = |id: RuleId, days, approved_by: Option<&str>| {
            let approved_by = approved_by.map(str::to_owned);
            let args = Args { id: id.to_string(), days: Some(days), approved_by, ..args() };
            waive(&RealSys, dir.path(), &args, &Known::default()).err()
        };
        let severity = rule::info(RuleId::CHECKSUM_MISMATCH).severity;
        let limit = longest(severity);
        let too_long = NotValid::TooLong { severity, limit, adopted: false };
        let other = Some("security-team");
        assert_eq!(with(RuleId::CHECKSUM_MISMATCH, limit.0 + 1, other), Some(Refused::WouldNotHold(too_long)));
        assert_eq!(with(RuleId::CHECKSUM_MISMATCH, limit.0, other), None);
        assert!(rule::info(RuleId::YANKED).severity < Severity::High);
        assert_eq!(with(RuleId::YANKED, longest(rule::info(RuleId::YANKED).severity).0, None), None);
    }

    #[test]
    fn the_same_waiver_is_not_written_twice_and_one_of_another_scope_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let known = known(Severity::High);
        waive(&RealSys, dir.path(), &args(), &known).expect("written");
        let again = Args { id: "rustsec-2024-0332".into(), reason: "another".into(), days: Some(3), ..args() };
        let refused = waive(&RealSys, dir.path(), &again, &known);
        assert!(
            matches!(&refused, Err(Refused::Duplicate { path, .. }) if path == ".portcullis/waivers/rustsec-2024-0332-h2.toml"),
            "{refused:?}"
        );
        for other in [
            Args { versions: None, ..args() },
            Args { path: Some("a/Cargo.lock".into()), ..args() },
            Args { id: "CVE-2024-1".into(), ..args() },
        ] {
            waive(&RealSys, dir.path(), &other, &known).expect("another scope");
        }
    }

    #[test]
    fn the_command_that_adds_the_file_names_the_root_where_it_is_another_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = RealSys.real_path(dir.path()).expect("a path");
        let said = waive(&RealSys, &root, &args(), &known(Severity::High)).expect("written");
        let help = format!("\nhelp: git -C {} add .portcullis/waivers/rustsec-2024-0332-h2.toml", root.display());
        assert!(said.ends_with(&help), "{said}");
        let here = RealSys.cwd().expect("a directory");
        assert_eq!(add(&RealSys, &here, "a.toml"), "\nhelp: git add a.toml");
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
