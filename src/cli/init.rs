//! `portcullis init`: from a first verdict to a policy under which the same tree passes, with everything that had to be
//! let through written down, dated, and counted. It judges nothing itself.

use super::waive::{Draft, day_or_time, file_stem, initialised, store, unfinished, waiver_path, write_waiver};
use crate::config::import::{Ignored, ImportedIgnore};
use crate::config::{MAX_WAIVERS, POLICY_FILE, always_fails, parse_policy};
use crate::model::{
    Class, Days, Digest, Finding, Gap, GapKind, JudgedFinding, RuleId, Ruling, Severity, Timestamp, TreePath, Verdict,
};
use crate::policy::longest;
use crate::sys::{Stream, Sys, SysError};
use crate::text::count::plural;
use crate::text::glob;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How long the acceptances of today's gaps hold.
const ACCEPTED_FOR: Days = Days(90);
/// Acceptances in one policy: beyond this nobody reads them, and the file would not be loaded.
const MAX_ACCEPTED: usize = 1_000;
/// Characters of a gap's reason that go into its acceptance.
const MAX_WHY: usize = 200;

/// Set up a repository: writes the policy and what it takes to start from today's state.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct Args {
    /// Who answers for what is adopted today
    #[arg(long, value_name = "WHO", default_value = "repository-owners", value_parser = named)]
    pub owner: String,
}

/// The files that `init` writes, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitPlan {
    /// The text of `portcullis.toml`.
    pub policy_text: String,
    /// Path relative to the root, and text, of each waiver, in order of path.
    pub waivers: Vec<(String, String)>,
    /// What was done and what was left, one line each.
    pub said: Vec<String>,
    /// Findings and gaps that still block after it.
    pub remaining: usize,
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// There is a policy, or a waiver: debt is adopted once and may only shrink.
    #[error("already initialised: {path} exists\nhelp: `portcullis waive` vouches for a single finding")]
    Already {
        /// What exists.
        path: String,
    },
    /// The outside world. Files written before the failure stay; the policy is written last.
    #[error("{0}")]
    Sys(SysError),
}

impl InitError {
    /// 2 where there is nothing to initialise, 4 for what could not be written.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Already { .. } => 2,
            Self::Sys(_) => 4,
        }
    }
}

/// Whether the tree can be initialised; ask before judging it.
pub fn ready(sys: &dyn Sys, root: &Path) -> Result<(), InitError> {
    match initialised(sys, root).map_err(InitError::Sys)? {
        Some(path) => Err(InitError::Already { path }),
        None => Ok(()),
    }
}

/// Writes the files of the plan: the waivers first, the policy last. What a run that was broken off before its policy
/// left behind is replaced, and removed where the plan does not have it: it would count as debt.
pub fn write(sys: &dyn Sys, root: &Path, plan: &InitPlan) -> Result<(), InitError> {
    ready(sys, root)?;
    for path in unfinished(sys, root).map_err(InitError::Sys)? {
        if plan.waivers.iter().all(|(planned, _)| *planned != path) {
            sys.remove(&root.join(path)).map_err(InitError::Sys)?;
        }
    }
    for (path, text) in &plan.waivers {
        store(sys, root, path, text).map_err(InitError::Sys)?;
    }
    store(sys, root, POLICY_FILE, &plan.policy_text).map_err(InitError::Sys)
}

/// An owner that a policy file can name.
fn named(text: &str) -> Result<String, String> {
    let one = [Accepted {
        kind: GapKind::Unlocked.as_str(),
        path: None,
        what: None,
        digest: None,
        owner: text.to_owned(),
        reason: "asked whether the owner can be written".to_owned(),
        expires: "2000-01-01".to_owned(),
    }];
    match parse_policy("the policy", &policy_text(Timestamp(0), 0, &one)) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(errors) => Err(errors.0.first().map_or_else(String::new, |error| error.message.clone())),
    }
}

/// Writes the plan, says what was done, and gives the exit code.
pub fn run(sys: &dyn Sys, root: &Path, plan: &InitPlan) -> u8 {
    let (stream, text, code) = match write(sys, root, plan) {
        Ok(()) => (Stream::Out, plan.said.join("\n"), 0),
        Err(error) => (Stream::Err, format!("error[init]: {error}"), error.exit_code()),
    };
    match sys.print(stream, format!("{text}\n").as_bytes()) {
        Ok(()) => code,
        Err(_) => 4, // there is nowhere left to say why
    }
}

/// What it takes for the judged tree to pass: `verdict` was decided under the default policy, without a base.
pub fn plan(verdict: &Verdict, now: Timestamp, owner: &str, imported: &[ImportedIgnore]) -> InitPlan {
    let mut plan = InitPlan { policy_text: String::new(), waivers: Vec::new(), said: Vec::new(), remaining: 0 };
    let today = now.day_start();
    adopt(&mut plan, verdict, today, owner, imported);
    let accepted = accept(&mut plan, verdict, today, owner);
    plan.policy_text = policy_text(today, plan.waivers.len(), &accepted);
    let (waivers, gaps) = (plan.waivers.len(), accepted.len());
    let mut said = vec![format!(
        "wrote {POLICY_FILE} with {}, and {} of existing debt",
        plural(gaps, "accepted gap"),
        plural(waivers, "waiver")
    )];
    said.append(&mut plan.said);
    said.push(match plan.remaining {
        0 => "nothing of today's state blocks any more".into(),
        1 => "1 problem still blocks".into(),
        n => format!("{} still block", plural(n, "problem")),
    });
    plan.said = said;
    plan
}

/// Findings that one waiver can cover: the same problem of the same package at the same version.
struct Debt<'v> {
    findings: Vec<&'v Finding>,
    severity: Severity,
    blocks: bool,
}

type DebtKey = (String, String, String);

fn adopt(plan: &mut InitPlan, verdict: &Verdict, today: Timestamp, owner: &str, imported: &[ImportedIgnore]) {
    let debts = debts(&verdict.findings, plan);
    let mut carried: BTreeMap<&DebtKey, &ImportedIgnore> = BTreeMap::new();
    for ignore in imported {
        let hits: Vec<&DebtKey> = debts.iter().filter(|(_, debt)| matches(ignore, debt)).map(|(key, _)| key).collect();
        let names: Vec<String> = hits.iter().map(|(_, package, version)| format!("{package} {version}")).collect();
        let id = match &ignore.what {
            Ignored::Advisory(id) | Ignored::Package(id) => id,
        };
        plan.said.push(line(&match names.as_slice() {
            [] => format!("{}: {id} suppresses nothing today: not carried over", ignore.from),
            names => format!("{}: {id} suppresses {}", ignore.from, names.join(", ")),
        }));
        for key in hits {
            carried.entry(key).or_insert(ignore);
        }
    }
    let (mut names, mut used) = (BTreeMap::new(), BTreeSet::new());
    let mut due: BTreeMap<Severity, usize> = BTreeMap::new();
    for (key, debt) in &debts {
        let ignore = carried.get(key).copied();
        if !debt.blocks && ignore.is_none() {
            continue; // it is told by every run, and nobody asked for silence
        }
        let what = format!("{} {}: {}", key.1, key.2, key.0);
        if let Some(class) = debt.findings.iter().map(|f| f.class).find(|c| is_attack(*c)) {
            plan.said.push(line(&format!("{what} ({class}) is never adopted as debt: remove it")));
            plan.remaining += usize::from(debt.blocks);
            continue;
        }
        if plan.waivers.len() >= MAX_WAIVERS {
            plan.said.push(line(&format!("{what} is not adopted: there are {MAX_WAIVERS} waivers already")));
            plan.remaining += usize::from(debt.blocks);
            continue;
        }
        match waiver_of(key, debt, ignore, today, owner) {
            Ok(text) => {
                let path = free_path(&file_stem(&key.0, &key.1), &mut names, &mut used);
                plan.waivers.push((path, text));
                *due.entry(debt.severity).or_default() += 1;
            }
            Err(why) => {
                plan.said.push(line(&format!("{what} is not adopted: {why}")));
                plan.remaining += usize::from(debt.blocks);
            }
        }
    }
    plan.waivers.sort();
    for (severity, count) in due.into_iter().rev() {
        let until = today.plus_days(longest(severity)).date();
        plan.said.push(format!("{count} adopted of severity {severity}: due on {until}"));
    }
}

fn is_attack(class: Class) -> bool {
    matches!(class, Class::Malicious | Class::Integrity)
}

/// A path that no other waiver of the plan has: `x` for the second time and `x-2` for the first would meet.
fn free_path(stem: &str, names: &mut BTreeMap<String, u32>, used: &mut BTreeSet<String>) -> String {
    let n = names.entry(stem.to_owned()).or_default();
    loop {
        *n += 1;
        let path = waiver_path(stem, *n);
        if used.insert(path.clone()) {
            return path;
        }
    }
}

fn debts<'v>(findings: &'v [JudgedFinding], plan: &mut InitPlan) -> BTreeMap<DebtKey, Debt<'v>> {
    let mut debts: BTreeMap<DebtKey, Debt<'_>> = BTreeMap::new();
    for judged in findings {
        let finding = &judged.finding;
        let blocks = judged.ruling == Ruling::Blocks;
        let Some(component) = &finding.component else {
            if blocks {
                plan.said.push(line(&format!("no waiver can cover: {}", finding.message)));
                plan.remaining += 1;
            }
            continue; // what does not block needs no waiver
        };
        let id = finding.advisory.clone().unwrap_or_else(|| finding.rule.to_string());
        let debt = debts.entry((id, component.name.to_string(), component.version.to_string())).or_insert(Debt {
            findings: Vec::new(),
            severity: Severity::None,
            blocks: false,
        });
        debt.findings.push(finding);
        debt.severity = debt.severity.max(finding.severity);
        debt.blocks |= blocks;
    }
    debts
}

fn matches(ignore: &ImportedIgnore, debt: &Debt<'_>) -> bool {
    debt.findings.iter().any(|finding| match &ignore.what {
        Ignored::Advisory(id) => {
            finding.advisory.iter().chain(&finding.aliases).any(|known| known.eq_ignore_ascii_case(id))
        }
        Ignored::Package(spec) => finding.rule == RuleId::YANKED && is_package(spec, finding),
    })
}

/// `name`, `name@requirement` or `name:version`.
fn is_package(spec: &str, finding: &Finding) -> bool {
    let Some(component) = &finding.component else { return false };
    let (name, version) = match spec.split_once(['@', ':']) {
        Some((name, version)) => (name, Some(version)),
        None => (spec, None),
    };
    let within = |wanted: &str| {
        let parsed = (semver::VersionReq::parse(wanted), semver::Version::parse(&component.version));
        *wanted == *component.version || matches!(parsed, (Ok(wanted), Ok(version)) if wanted.matches(&version))
    };
    *name == *component.name && version.is_none_or(within)
}

fn waiver_of(
    (id, package, version): &DebtKey,
    debt: &Debt<'_>,
    ignore: Option<&ImportedIgnore>,
    today: Timestamp,
    owner: &str,
) -> Result<String, String> {
    let paths: BTreeSet<&str> = debt.findings.iter().map(|f| f.location.path.as_str()).collect();
    // One place is named; a problem in many places gets one waiver and not one for each.
    let path = match paths.into_iter().collect::<Vec<_>>().as_slice() {
        [path] if glob::check(path).is_ok() => Some(*path),
        _ => None,
    };
    let reason = match ignore {
        Some(ImportedIgnore { reason: Some(reason), from, .. }) => format!("{reason} (from {from})"),
        Some(ImportedIgnore { reason: None, from, .. }) => format!("ignored in {from}, which gives no reason"),
        None => format!("it was there when the gate was set up on {}", today.date()),
    };
    let draft = Draft {
        id,
        package,
        // A version that cannot be compared would be covered by no requirement.
        versions: semver::Version::parse(version).is_ok().then(|| format!("={version}")),
        path,
        owner,
        reason: &reason,
        expires: today.plus_days(longest(debt.severity)),
        approved_by: None,
        adopted: Some(today),
    };
    write_waiver(&draft).map_err(|refused| line(&refused.to_string()))
}

#[derive(serde::Serialize)]
struct Accepted {
    kind: &'static str,
    path: Option<String>,
    what: Option<String>,
    digest: Option<String>,
    owner: String,
    reason: String,
    expires: String,
}

fn accept(plan: &mut InitPlan, verdict: &Verdict, today: Timestamp, owner: &str) -> Vec<Accepted> {
    type Key<'a> = (GapKind, Option<&'a str>, Option<&'a str>, Option<Digest>);
    let mut groups: BTreeMap<Key<'_>, Vec<&Gap>> = BTreeMap::new();
    for judged in verdict.gaps.iter().filter(|judged| judged.ruling == Ruling::Blocks) {
        let gap = &judged.gap;
        if always_fails(gap.kind) {
            plan.said.push(line(&format!("a gap of kind {} cannot be accepted: {}: {}", gap.kind, gap.what, gap.why)));
            plan.remaining += 1;
            continue;
        }
        let path = gap.path.as_ref().map(TreePath::as_str).filter(|path| glob::check(path).is_ok());
        let what = if path.is_none() { Some(gap.what.as_str()) } else { None };
        groups.entry((gap.kind, path, what, gap.digest)).or_default().push(gap);
    }
    let mut accepted = Vec::new();
    for ((kind, path, what, digest), gaps) in groups {
        let place = path.or(what).unwrap_or_default();
        if accepted.len() >= MAX_ACCEPTED {
            plan.said.push(line(&format!("{kind} ({place}) is not accepted: there are {MAX_ACCEPTED} already")));
            plan.remaining += 1;
            continue;
        }
        let why: String = gaps.first().map(|gap| gap.why.chars().take(MAX_WHY).collect()).unwrap_or_default();
        let entry = Accepted {
            kind: kind.as_str(),
            path: path.map(str::to_owned),
            what: what.map(str::to_owned),
            digest: digest.map(|digest| digest.to_string()),
            owner: owner.to_owned(),
            reason: format!("it was there when the gate was set up on {}: {}", today.date(), line(&why)),
            expires: day_or_time(today.plus_days(ACCEPTED_FOR)),
        };
        let one = [entry];
        match parse_policy("the acceptance", &policy_text(today, 0, &one)) {
            Ok(_) => accepted.extend(one),
            Err(errors) => {
                plan.said.push(line(&format!("{kind} ({place}) is not accepted: {errors}")));
                plan.remaining += 1;
            }
        }
    }
    accepted
}

fn policy_text(today: Timestamp, adopted: usize, accepted: &[Accepted]) -> String {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "kebab-case")]
    struct Lists<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        debt: Option<DebtText>,
        #[serde(skip_serializing_if = "<[Accepted]>::is_empty")]
        accept_gap: &'a [Accepted],
    }
    #[derive(serde::Serialize)]
    struct DebtText {
        adopted: String,
        waivers: usize,
    }
    let debt = (adopted > 0).then(|| DebtText { adopted: today.date(), waivers: adopted });
    let lists = toml::to_string(&Lists { debt, accept_gap: accepted }).expect("strings and numbers are TOML");
    let head = format!(
        "# The policy of the gate, written by `portcullis init` on {}. Every key is described in docs/policy.md.\n\
         # Debt is adopted once: remove a waiver when its problem is gone, and lower `waivers` with it.\n\
         version = 1\nfail-on = \"high\"\n",
        today.date()
    );
    if lists.is_empty() { head } else { format!("{head}\n{lists}") }
}

/// Text that may come from the judged tree, on one line and without control characters.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(' '),
            '"' | '\'' | '\\' => out.push(c),
            c => out.extend(c.escape_debug()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Policy, parse_waiver};
    use crate::model::{Axis, Outcome, Stage};
    use crate::policy::tests::{NOW, TODAY, case, finding};
    use crate::policy::{Case, decide};
    use crate::sys::RealSys;
    use proptest::prelude::*;

    fn import(what: Ignored, reason: Option<&str>) -> ImportedIgnore {
        ImportedIgnore { what, reason: reason.map(str::to_owned), from: "deny.toml:4".into() }
    }

    /// The policy that the files of the plan say.
    fn read(plan: &InitPlan) -> Policy {
        let waivers = plan.waivers.iter().map(|(path, text)| parse_waiver(path, path, text).expect("valid"));
        let policy = parse_policy("portcullis.toml", &plan.policy_text).expect("valid");
        Policy { waivers: waivers.collect(), ..policy }
    }

    fn planned(case: &Case, imported: &[ImportedIgnore]) -> InitPlan {
        plan(&decide(case.clone(), &Policy::default()), case.now, "platform-team", imported)
    }

    fn vulnerable(id: &str, package: &str, severity: Severity) -> (Finding, Axis) {
        (finding(id, package, severity, Class::Vulnerability), Axis::Unknown)
    }

    fn unlocked(path: &str) -> Gap {
        Gap::new(GapKind::Unlocked, Stage::Collect, path, "no lockfile covers it").with_path(TreePath::new(path))
    }

    #[test]
    fn a_clean_tree_gets_a_policy_without_debt() {
        let plan = planned(&case(Vec::new(), Vec::new()), &[]);
        assert_eq!(plan.waivers, []);
        assert_eq!(read(&plan).debt, None);
        assert_eq!(
            plan.said,
            [
                "wrote portcullis.toml with 0 accepted gaps, and 0 waivers of existing debt",
                "nothing of today's state blocks any more"
            ]
        );
    }

    #[test]
    fn what_blocks_today_is_adopted_until_its_due_date_and_then_passes() {
        let case = case(
            vec![
                vulnerable("A-1", "h2", Severity::Critical),
                vulnerable("A-2", "h2", Severity::High),
                vulnerable("A-3", "h2", Severity::Low),
            ],
            vec![unlocked("a/Cargo.toml"), unlocked("a/Cargo.toml")],
        );
        let plan = planned(&case, &[]);
        let policy = read(&plan);
        let paths: Vec<&str> = policy.waivers.iter().map(|w| w.path.as_str()).collect();
        assert_eq!(paths, [".portcullis/waivers/a-1-h2.toml", ".portcullis/waivers/a-2-h2.toml"]);
        assert_eq!(policy.waivers.iter().map(|w| w.expires.date()).collect::<Vec<_>>(), ["2026-11-29", "2026-12-22"]);
        assert_eq!(policy.debt.as_ref().map(|d| (d.adopted, d.waivers)), Some((TODAY, 2)));
        assert_eq!(policy.accepted.len(), 1);
        assert_eq!(policy.accepted.first().map(|a| a.expires.date()).as_deref(), Some("2027-02-20"));
        assert_eq!(plan.remaining, 0);
        assert_eq!(decide(case.clone(), &policy).outcome(), Outcome::Passed);
        assert_eq!(decide(Case { now: TODAY.plus_days(Days(7)), ..case }, &policy).outcome(), Outcome::Failed);
    }

    #[test]
    fn an_attack_is_never_adopted() {
        for class in [Class::Malicious, Class::Integrity] {
            let attack = finding("A-1", "h2", Severity::Critical, class);
            let ignore = import(Ignored::Advisory("A-1".into()), Some("we know"));
            let plan = planned(&case(vec![(attack, Axis::Unknown)], Vec::new()), &[ignore]);
            assert_eq!((plan.waivers.len(), plan.remaining), (0, 1));
            assert!(plan.said.contains(&format!("h2 1.2.3: A-1 ({class}) is never adopted as debt: remove it")));
        }
    }

    #[test]
    fn a_gap_after_which_nothing_stands_is_said_and_not_accepted() {
        let gap = Gap::new(GapKind::Internal, Stage::Check, "advisories", "it panicked");
        let plan = planned(&case(Vec::new(), vec![gap]), &[]);
        assert_eq!((read(&plan).accepted.len(), plan.remaining), (0, 1));
    }

    #[test]
    fn one_waiver_covers_a_problem_in_many_places_and_names_the_place_of_one() {
        let mut other = vulnerable("A-1", "h2", Severity::High);
        other.0.location.path = TreePath::new("sub/Cargo.lock");
        let findings = vec![vulnerable("A-1", "h2", Severity::High), other, vulnerable("A-2", "h2", Severity::High)];
        let policy = read(&planned(&case(findings, Vec::new()), &[]));
        let paths: Vec<Option<&str>> = policy.waivers.iter().map(|w| w.paths.as_deref()).collect();
        assert_eq!(paths, [None, Some("Cargo.lock")]);
    }

    #[test]
    fn an_imported_ignore_keeps_its_reason_and_says_what_it_suppresses() {
        let unmaintained = (finding("A-2", "hyper", Severity::None, Class::Unmaintained), Axis::Unknown);
        let case = case(vec![vulnerable("A-1", "h2", Severity::High), unmaintained], Vec::new());
        let plan = planned(
            &case,
            &[
                import(Ignored::Advisory("cve-a-1".into()), Some("not reachable")),
                import(Ignored::Advisory("A-2".into()), None),
                import(Ignored::Advisory("A-9".into()), None),
                import(Ignored::Package("h2@1".into()), None),
            ],
        );
        assert_eq!(
            plan.said.get(1..5).unwrap_or_default(),
            [
                "deny.toml:4: cve-a-1 suppresses h2 1.2.3",
                "deny.toml:4: A-2 suppresses hyper 1.2.3",
                "deny.toml:4: A-9 suppresses nothing today: not carried over",
                "deny.toml:4: h2@1 suppresses nothing today: not carried over",
            ]
        );
        let policy = read(&plan);
        let reasons: Vec<&str> = policy.waivers.iter().map(|w| w.reason.as_str()).collect();
        assert_eq!(reasons, ["not reachable (from deny.toml:4)", "ignored in deny.toml:4, which gives no reason"]);
        assert_eq!(decide(case, &policy).outcome(), Outcome::Passed);
    }

    #[test]
    fn a_withdrawn_version_is_found_by_the_name_of_its_package() {
        let yanked = case(vec![(finding("", "h2", Severity::Low, Class::Yanked), Axis::Unknown)], Vec::new());
        for (spec, hits) in [("h2", 1), ("h2@1.2", 1), ("h2:1.2.3", 1), ("h2@2", 0), ("h", 0)] {
            let plan = planned(&yanked, &[import(Ignored::Package(spec.into()), None)]);
            assert_eq!(plan.waivers.len(), hits, "{spec}");
        }
    }

    #[test]
    fn names_of_a_hostile_tree_do_not_break_the_files() {
        let mut evil = vulnerable("A-1", "../../x\"\n[debt]", Severity::High);
        evil.0.location.path = TreePath::new("a\"b/\nCargo.lock");
        let gap = unlocked("a\"\n[[accept-gap]]/Cargo.toml");
        let nameless = Gap::new(GapKind::Unlocked, Stage::Collect, "x\ny", "why");
        let plan = planned(&case(vec![evil], vec![gap, nameless]), &[]);
        let policy = read(&plan);
        assert_eq!((policy.waivers.len(), policy.accepted.len(), plan.remaining), (0, 1, 2));
        assert!(plan.said.iter().all(|said| !said.contains('\n')), "{:?}", plan.said);
    }

    #[test]
    fn debt_is_adopted_once() {
        let dir = tempfile::tempdir().expect("a directory");
        let plan = planned(&case(vec![vulnerable("A-1", "h2", Severity::High)], Vec::new()), &[]);
        write(&RealSys, dir.path(), &plan).expect("written");
        let again = write(&RealSys, dir.path(), &plan);
        assert_eq!(again, Err(InitError::Already { path: "portcullis.toml".into() }));
        RealSys.remove(&dir.path().join(POLICY_FILE)).expect("removed");
        let mut own = plan.clone();
        for (_, text) in &mut own.waivers {
            *text = text.lines().filter(|line| !line.starts_with("adopted")).map(|line| format!("{line}\n")).collect();
        }
        for (path, text) in &own.waivers {
            store(&RealSys, dir.path(), path, text).expect("written");
        }
        let again = write(&RealSys, dir.path(), &plan);
        assert_eq!(again, Err(InitError::Already { path: ".portcullis/waivers/a-1-h2.toml".into() }));
    }

    #[test]
    fn an_init_that_was_broken_off_can_be_run_again_and_leaves_nothing_of_the_first() {
        let dir = tempfile::tempdir().expect("a directory");
        let waivers = dir.path().join(".portcullis/waivers");
        let first = planned(
            &case(vec![vulnerable("A-1", "h2", Severity::High), vulnerable("A-2", "h2", Severity::High)], Vec::new()),
            &[],
        );
        for (path, text) in &first.waivers {
            store(&RealSys, dir.path(), path, text).expect("written");
        }
        store(&RealSys, dir.path(), ".portcullis/waivers/a-3-h2.toml.12.0.tmp", "id = ").expect("written");
        assert_eq!(ready(&RealSys, dir.path()), Ok(()));
        let second = planned(&case(vec![vulnerable("A-1", "h2", Severity::High)], Vec::new()), &[]);
        write(&RealSys, dir.path(), &second).expect("written");
        let names: Vec<_> = RealSys.list(&waivers).expect("listed").into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a-1-h2.toml"]);
        // One file of another kind, and nothing is touched.
        RealSys.remove(&dir.path().join(POLICY_FILE)).expect("removed");
        store(&RealSys, dir.path(), ".portcullis/waivers/README", "ours").expect("written");
        let path = ".portcullis/waivers/README".to_owned();
        assert_eq!(write(&RealSys, dir.path(), &second), Err(InitError::Already { path }));
    }

    #[test]
    fn nothing_is_removed_behind_a_link() {
        let (dir, outside) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let plan = planned(&case(vec![vulnerable("A-1", "h2", Severity::High)], Vec::new()), &[]);
        for (path, text) in &plan.waivers {
            store(&RealSys, outside.path(), path, text).expect("written");
        }
        let link = dir.path().join(".portcullis");
        std::os::unix::fs::symlink(outside.path().join(".portcullis"), link).expect("a link");
        assert!(matches!(write(&RealSys, dir.path(), &plan), Err(InitError::Sys(_))));
        assert_eq!(RealSys.list(&outside.path().join(".portcullis/waivers")).expect("listed").len(), 1);
    }

    #[test]
    fn an_owner_that_cannot_be_written_is_refused_up_front() {
        assert_eq!(named(" web-team "), Ok("web-team".into()));
        for owner in ["", " ", "a\u{200b}b", "a\nb", &"x".repeat(257)] {
            assert!(named(owner).is_err_and(|why| why.starts_with("`owner` ")), "{owner:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn after_init_nothing_blocks_but_what_init_said(case in crate::policy::properties::any_case()) {
            let case = Case { base: None, now: NOW, ..case };
            let plan = planned(&case, &[]);
            let outcome = decide(case, &read(&plan)).outcome();
            prop_assert_eq!(outcome == Outcome::Passed, plan.remaining == 0, "{:?}", plan.said);
        }
    }
}
