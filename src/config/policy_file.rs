//! `portcullis.toml`: the keys it may have and what each becomes. Waivers have files of their own.

use super::error::ConfigErrors;
use super::read::{Field, Reader, Table};
use super::{AcceptGap, ClassAction, Debt, Exclude, FeedPolicy, GapAction, MAX_WAIVERS, Policy, Set, always_fails};
use crate::model::{Class, Days, GapKind, Seconds, Severity};
use std::collections::BTreeMap;

/// The version of the format that this release reads.
pub(super) const VERSION: u32 = 1;

pub(super) const TOP: &[&str] =
    &["version", "fail-on", "classes", "gaps", "feed", "sources", "grace", "debt", "trail", "exclude", "accept-gap"];
pub(super) const FEED: &[&str] = &["warn-age", "fail-age", "max-change"];
pub(super) const SOURCES: &[&str] = &["mirrors"];
pub(super) const GRACE: &[&str] = &["critical", "high", "medium", "low"];
pub(super) const DEBT: &[&str] = &["adopted", "waivers"];
pub(super) const TRAIL: &[&str] = &["durable"];
pub(super) const EXCLUDE: &[&str] = &["path", "owner", "reason"];
pub(super) const ACCEPT_GAP: &[&str] = &["kind", "path", "digest", "what", "owner", "reason", "expires"];

const BANDS: [(&str, Severity); 4] =
    [("low", Severity::Low), ("medium", Severity::Medium), ("high", Severity::High), ("critical", Severity::Critical)];

/// The policy that the text of a policy file says, without waivers, or every mistake in it. `path` is the file as
/// errors name it, and becomes the origin. The digest is left to [`super::load`], which knows every file.
pub fn parse_policy(path: &str, text: &str) -> Result<Policy, ConfigErrors> {
    Reader::decode(path, text, |reader, file| {
        reader.only(file, TOP);
        version(reader, file);
        let mut policy = Policy { origin: path.to_owned(), ..Policy::default() };
        if let Some(field) = file.field("fail-on")
            && let Some(value) = reader.choice(field, &BANDS)
        {
            policy.fail_on = set(reader, field, value);
        }
        classes(reader, file, &mut policy);
        gaps(reader, file, &mut policy);
        feed(reader, file, &mut policy.feed);
        policy.mirrors = mirrors(reader, file);
        policy.grace = grace(reader, file);
        policy.debt = debt(reader, file);
        trail(reader, file, &mut policy);
        for table in reader.tables(file, "exclude", "[[exclude]]") {
            policy.excludes.extend(exclude(reader, table)); // none: its error is already told
        }
        for table in reader.tables(file, "accept-gap", "[[accept-gap]]") {
            policy.accepted.extend(accept_gap(reader, table)); // none: its error is already told
        }
        Some(policy)
    })
}

fn set<T>(reader: &Reader<'_>, field: Field<'_>, value: T) -> Set<T> {
    Set { value, line: Some(reader.line(field.at)) }
}

fn version(reader: &mut Reader<'_>, file: Table<'_>) {
    let help = "write `version = 1`";
    if let Some(field) = reader.required(file, "version", help)
        && let Some(found) = reader.number(field, 0, u32::MAX)
        && found != VERSION
    {
        let message = format!("`version` is {found}, and this release reads version {VERSION}");
        reader.error(field.value_at(), message, help);
    }
}

fn classes(reader: &mut Reader<'_>, file: Table<'_>, policy: &mut Policy) {
    let actions =
        [ClassAction::Threshold, ClassAction::Fail, ClassAction::Report].map(|action| (action.as_str(), action));
    let Some(table) = reader.table(file, "classes", "[classes]") else { return };
    reader.only(table, &Class::ALL.map(Class::as_str));
    for class in Class::ALL {
        if let Some(field) = table.field(class.as_str())
            && let Some(action) = reader.choice(field, &actions)
        {
            policy.classes.insert(class, set(reader, field, action));
        }
    }
}

fn gaps(reader: &mut Reader<'_>, file: Table<'_>, policy: &mut Policy) {
    let actions = [GapAction::Fail, GapAction::Report].map(|action| (action.as_str(), action));
    let Some(table) = reader.table(file, "gaps", "[gaps]") else { return };
    let kinds: Vec<&str> = GapKind::ALL.iter().map(|kind| kind.as_str()).collect();
    reader.only(table, &kinds);
    for kind in GapKind::ALL {
        let Some(field) = table.field(kind.as_str()) else { continue };
        let Some(action) = reader.choice(field, &actions) else { continue };
        if action == GapAction::Report && always_fails(*kind) {
            let message = format!("a gap of kind `{kind}` cannot be merely reported");
            reader.error(field.value_at(), message, always_fails_help(*kind));
        }
        policy.gaps.insert(*kind, set(reader, field, action));
    }
}

fn always_fails_help(kind: GapKind) -> &'static str {
    match kind {
        GapKind::FeedStale => "raise `fail-age` in [feed] instead",
        _ => "after it there is nothing that a verdict could stand on",
    }
}

fn feed(reader: &mut Reader<'_>, file: Table<'_>, policy: &mut FeedPolicy) {
    let Some(table) = reader.table(file, "feed", "[feed]") else { return };
    reader.only(table, FEED);
    let mut age = |key, to: &mut Set<Seconds>| {
        let field = table.field(key)?;
        let value = reader.span(field)?;
        *to = set(reader, field, value);
        Some(field)
    };
    let warn = age("warn-age", &mut policy.warn_age);
    let fail = age("fail-age", &mut policy.fail_age);
    if policy.warn_age.value > policy.fail_age.value
        && let Some(field) = warn.or(fail)
    {
        let (warn, fail) = (policy.warn_age.value, policy.fail_age.value);
        let message = format!("`warn-age` is {warn}, more than the `fail-age` of {fail}");
        reader.error(field.value_at(), message, "a feed is told to be aging before it is refused: write both");
    }
    if let Some(field) = table.field("max-change")
        && let Some(text) = reader.string(field)
    {
        let digits = text.strip_suffix('%').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|d| d.parse().ok()).filter(|percent| *percent <= 100) {
            Some(percent) => policy.max_change_percent = percent,
            None => reader.error(field.value_at(), "`max-change` is not a percentage", "such as \"10%\""),
        }
    }
}

fn mirrors(reader: &mut Reader<'_>, file: Table<'_>) -> Vec<String> {
    let Some(table) = reader.table(file, "sources", "[sources]") else { return Vec::new() };
    reader.only(table, SOURCES);
    let Some(listed) = table.field("mirrors").and_then(|field| reader.strings(field)) else { return Vec::new() };
    let mut mirrors = Vec::new();
    for (at, source) in listed {
        let url = source.strip_prefix("sparse+").or_else(|| source.strip_prefix("registry+"));
        if url.is_some_and(|u| u.contains("://")) && !source.chars().any(|c| c.is_control() || c.is_whitespace()) {
            mirrors.push(source.to_owned());
        } else {
            let help = "write it as the lockfile does: \"sparse+https://…\" or \"registry+https://…\"";
            reader.error(at, format!("`{}` is not the source of a registry", super::error::shown(source)), help);
        }
    }
    mirrors.sort();
    mirrors.dedup();
    mirrors
}

fn grace(reader: &mut Reader<'_>, file: Table<'_>) -> BTreeMap<Severity, Set<Days>> {
    let mut grace = BTreeMap::new();
    let Some(table) = reader.table(file, "grace", "[grace]") else { return grace };
    reader.only(table, GRACE);
    for (word, severity) in BANDS {
        let Some(field) = table.field(word) else { continue };
        let Some(Seconds(span)) = reader.span(field) else { continue };
        match u32::try_from(span / 86_400) {
            Ok(days) if span % 86_400 == 0 => {
                grace.insert(severity, set(reader, field, Days(days)));
            }
            _ => reader.error(field.value_at(), format!("`{word}` is not a number of days"), "such as \"7d\""),
        }
    }
    grace
}

fn debt(reader: &mut Reader<'_>, file: Table<'_>) -> Option<Debt> {
    let table = reader.table(file, "debt", "[debt]")?;
    reader.only(table, DEBT);
    let adopted = reader.required(table, "adopted", "the day on which the debt was adopted");
    let waivers = reader.required(table, "waivers", "how many adopted waivers there are");
    let adopted = adopted.and_then(|field| reader.time(field));
    let most = u32::try_from(MAX_WAIVERS).unwrap_or(u32::MAX);
    let waivers = waivers.and_then(|field| reader.number(field, 0, most));
    Some(Debt { adopted: adopted?, waivers: waivers?, line: reader.line(table.at) })
}

fn trail(reader: &mut Reader<'_>, file: Table<'_>, policy: &mut Policy) {
    let Some(table) = reader.table(file, "trail", "[trail]") else { return };
    reader.only(table, TRAIL);
    if let Some(field) = table.field("durable")
        && let Some(value) = reader.boolean(field)
    {
        policy.durable_trail = set(reader, field, value);
    }
}

fn exclude(reader: &mut Reader<'_>, table: Table<'_>) -> Option<Exclude> {
    reader.only(table, EXCLUDE);
    let path = reader.required(table, "path", "which part of the tree is not judged");
    let path = path.and_then(|field| reader.glob(field));
    let (owner, reason) = owner_and_reason(reader, table);
    Some(Exclude { path: path?, owner: owner?, reason: reason?, line: reader.line(table.at) })
}

fn accept_gap(reader: &mut Reader<'_>, table: Table<'_>) -> Option<AcceptGap> {
    reader.only(table, ACCEPT_GAP);
    let field = reader.required(table, "kind", "such as `kind = \"dangling-dependency\"`");
    let kinds: Vec<(&str, GapKind)> = GapKind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let kind = field.and_then(|field| reader.choice(field, &kinds));
    if let (Some(field), Some(kind)) = (field, kind)
        && always_fails(kind)
    {
        let message = format!("a gap of kind `{kind}` cannot be accepted");
        reader.error(field.value_at(), message, always_fails_help(kind));
    }
    // An absent limit means «every»; one that is there and wrong is an error, hence the acceptance does not come to be.
    let path = table.field("path").map(|field| reader.glob(field));
    let digest = table.field("digest").map(|field| reader.parsed(field, "write \"sha256:\" and 64 hex digits"));
    let what = table.field("what").map(|field| reader.word(field));
    let (owner, reason) = owner_and_reason(reader, table);
    let expires = reader.required(table, "expires", "the day on which it ends, such as `expires = \"2027-01-31\"`");
    let expires = expires.and_then(|field| reader.time(field));
    Some(AcceptGap {
        kind: kind?,
        path: all_or_nothing(path)?,
        digest: all_or_nothing(digest)?,
        what: all_or_nothing(what)?,
        owner: owner?,
        reason: reason?,
        expires: expires?,
        line: reader.line(table.at),
    })
}

/// `Some(None)` for an absent field, `None` for one that is there and wrong.
pub(super) fn all_or_nothing<T>(field: Option<Option<T>>) -> Option<Option<T>> {
    match field {
        None => Some(None),
        Some(value) => value.map(Some),
    }
}

/// The two that stand under everything that weakens the gate.
pub(super) fn owner_and_reason(reader: &mut Reader<'_>, table: Table<'_>) -> (Option<String>, Option<String>) {
    let owner = reader.required(table, "owner", "who answers for it");
    let reason = reader.required(table, "reason", "why it is acceptable");
    (owner.and_then(|field| reader.word(field)), reason.and_then(|field| reader.reason(field)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn errors(text: &str) -> Vec<(u32, u32, String)> {
        let errors = parse_policy("portcullis.toml", text).expect_err("it must be refused");
        errors.0.into_iter().map(|e| (e.line, e.column, e.message)).collect()
    }

    const FULL: &str = r#"version = 1
fail-on = "medium"

[classes]
unsound = "threshold"
notice = "fail"

[gaps]
unlocked = "report"
not-covered = "fail"

[feed]
warn-age = "12h"
fail-age = "3d"
max-change = "5%"

[sources]
mirrors = ["sparse+https://mirror.example/index/"]

[grace]
high = "7d"

[debt]
adopted = "2026-11-22"
waivers = 12

[trail]
durable = true

[[exclude]]
path = "vendor/**"
owner = "platform-team"
reason = "copies"

[[accept-gap]]
kind = "parse-failed"
path = "old/Cargo.lock"
owner = "platform-team"
reason = "a fixture"
expires = 2027-01-01
"#;

    #[test]
    fn a_full_policy_is_read_with_the_lines_that_wrote_it() {
        let policy = parse_policy("portcullis.toml", FULL).expect("valid");
        assert_eq!(policy.origin, "portcullis.toml");
        assert_eq!(policy.fail_on, Set { value: Severity::Medium, line: Some(2) });
        let class = |class| policy.classes.get(&class).copied();
        assert_eq!(class(Class::Unsound), Some(Set { value: ClassAction::Threshold, line: Some(5) }));
        assert_eq!(class(Class::Notice), Some(Set { value: ClassAction::Fail, line: Some(6) }));
        assert_eq!(class(Class::Yanked), Some(Set { value: ClassAction::Report, line: None }));
        let gap = |kind| policy.gaps.get(&kind).copied();
        assert_eq!(gap(GapKind::Unlocked), Some(Set { value: GapAction::Report, line: Some(9) }));
        assert_eq!(gap(GapKind::NotCovered), Some(Set { value: GapAction::Fail, line: Some(10) }));
        assert_eq!(policy.feed.warn_age, Set { value: Seconds(43_200), line: Some(13) });
        assert_eq!(policy.feed.fail_age, Set { value: Seconds(259_200), line: Some(14) });
        assert_eq!(policy.feed.max_change_percent, 5);
        assert_eq!(policy.mirrors, ["sparse+https://mirror.example/index/"]);
        assert_eq!(policy.grace.get(&Severity::High), Some(&Set { value: Days(7), line: Some(21) }));
        assert_eq!(policy.debt, Some(Debt { adopted: Timestamp(1_795_305_600), waivers: 12, line: 23 }));
        assert_eq!(policy.excludes.iter().map(|e| e.line).collect::<Vec<_>>(), [30]);
        assert_eq!(policy.durable_trail, Set { value: true, line: Some(28) });
        let accepted = policy.accepted.first().expect("one acceptance");
        assert_eq!((accepted.kind, accepted.line), (GapKind::ParseFailed, 35));
        assert_eq!(accepted.expires.to_string(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn a_policy_of_a_version_alone_is_the_default() {
        let policy = parse_policy("x", "version = 1\n").expect("valid");
        assert_eq!(policy, Policy { origin: "x".into(), ..Policy::default() });
    }

    #[test]
    fn the_version_is_required_and_must_be_known() {
        assert_eq!(errors(""), [(1, 1, "`version` is missing in the file".into())]);
        assert_eq!(errors("version = 2"), [(1, 11, "`version` is 2, and this release reads version 1".into())]);
        assert_eq!(errors("version = \"1\""), [(1, 11, "`version` is a string".into())]);
    }

    #[test]
    fn all_mistakes_are_told_at_once_each_with_its_place() {
        let text = "version = 1\nfail_on = \"high\"\n[feed]\nwarn-age = 24\nfail-age = \"soon\"\nmax-change = \"101%\"\n\
                    [classes]\nvulnerability = \"ignore\"\n[[exclude]]\npath = \"../x\"\nowner = \" \"\n";
        let places: Vec<(u32, u32)> = errors(text).iter().map(|(line, column, _)| (*line, *column)).collect();
        assert_eq!(places, [(2, 1), (4, 12), (5, 12), (6, 14), (8, 17), (9, 1), (10, 8), (11, 9)]);
    }

    #[test]
    fn a_misspelt_key_names_the_one_that_was_meant() {
        let errors = parse_policy("p", "version = 1\nfail_on = \"low\"\n").expect_err("unknown key");
        let told: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["error[config]: unknown key `fail_on` in the file\n  --> p:2:1\nhelp: did you mean `fail-on`?"]
        );
    }

    #[test]
    fn an_unknown_key_is_refused_in_every_table() {
        for (table, name) in [
            ("[feed]", "[feed]"),
            ("[sources]", "[sources]"),
            ("[grace]", "[grace]"),
            ("[classes]", "[classes]"),
            ("[gaps]", "[gaps]"),
        ] {
            let found = errors(&format!("version = 1\n{table}\nzzz = 1\n"));
            assert_eq!(found, [(3, 1, format!("unknown key `zzz` in {name}"))], "{table}");
        }
        assert_eq!(errors("version = 1\n[debt]\nadopted = \"2026-01-01\"\nwaivers = 1\nzzz = 1\n").len(), 1);
    }

    #[test]
    fn what_weakens_needs_owner_reason_and_end() {
        let accept = "version = 1\n[[accept-gap]]\nkind = \"unlocked\"\nowner = \"a\"\nreason = \"b\"\n\
                      expires = \"2027-01-01\"\n";
        assert!(parse_policy("p", accept).is_ok());
        for key in ["kind", "owner", "reason", "expires"] {
            let without: String = accept.lines().filter(|l| !l.starts_with(key)).map(|l| format!("{l}\n")).collect();
            assert_eq!(errors(&without), [(2, 1, format!("`{key}` is missing in [[accept-gap]]"))]);
        }
    }

    #[test]
    fn a_gap_that_leaves_nothing_to_stand_on_cannot_be_let_through() {
        for kind in ["internal", "nothing-to-judge", "feed-unusable", "feed-stale"] {
            assert_eq!(errors(&format!("version = 1\n[gaps]\n{kind} = \"report\"\n")).len(), 1, "{kind}");
            assert!(parse_policy("p", &format!("version = 1\n[gaps]\n{kind} = \"fail\"\n")).is_ok(), "{kind}");
            let accept = format!(
                "version = 1\n[[accept-gap]]\nkind = \"{kind}\"\nowner = \"a\"\nreason = \"b\"\nexpires = \"2027-01-01\"\n"
            );
            assert_eq!(errors(&accept), [(3, 8, format!("a gap of kind `{kind}` cannot be accepted"))]);
        }
    }

    #[test]
    fn a_feed_may_not_fail_before_it_warns() {
        assert!(parse_policy("p", "version = 1\n[feed]\nwarn-age = \"7d\"\n").is_ok());
        let found = errors("version = 1\n[feed]\nwarn-age = \"8d\"\n");
        assert_eq!(found, [(3, 12, "`warn-age` is 8d, more than the `fail-age` of 7d".into())]);
        assert_eq!(errors("version = 1\n[feed]\nfail-age = \"1h\"\n").len(), 1);
    }

    #[test]
    fn a_grace_is_whole_days_of_a_known_band() {
        assert_eq!(errors("version = 1\n[grace]\nhigh = \"36h\"\n"), [(3, 8, "`high` is not a number of days".into())]);
        assert_eq!(errors("version = 1\n[grace]\nnone = \"1d\"\n"), [(3, 1, "unknown key `none` in [grace]".into())]);
    }

    #[test]
    fn a_text_that_is_not_toml_is_refused_without_guessing() {
        assert!(errors("<<<<<<< HEAD\nversion = 1\n=======\n").iter().all(|(_, _, m)| m.starts_with("not TOML")));
        assert_eq!(errors("version = 1\nversion = 1\n"), [(2, 1, "not TOML: duplicate key".into())]);
    }

    #[test]
    fn endless_mistakes_are_counted() {
        let text = format!("version = 1\n{}", (0..250).map(|i| format!("zz{i} = 1\n")).collect::<String>());
        let found = errors(&text);
        assert_eq!(found.len(), 101);
        assert_eq!(found.last().map(|e| e.2.as_str()), Some("150 more errors in this file"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(
            noise in "\\PC{0,60}", start in 0_usize..FULL.len(), cut in 0_usize..40, value in "[0-9a-z\"'\\[\\]{}=.%+:\n-]{0,20}",
        ) {
            let _ = parse_policy("p", &noise);
            let _ = super::super::parse_waiver("w", "w", &noise);
            let end = (start + cut).min(FULL.len());
            let bent = format!("{}{value}{}", FULL.get(..start).expect("ASCII"), FULL.get(end..).expect("ASCII"));
            if let Err(errors) = parse_policy("p", &bent) {
                proptest::prop_assert!(!errors.0.is_empty());
                let lines = u32::try_from(bent.lines().count()).expect("small") + 1;
                proptest::prop_assert!(errors.0.iter().all(|e| (1..=lines).contains(&e.line) && e.column > 0));
            }
        }
    }
}
