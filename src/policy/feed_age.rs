//! How old the advisory data may be. What the data says is not looked at.

use crate::config::{FeedPolicy, Set};
use crate::model::{FeedInfo, FeedKind, Gap, GapKind, Seconds, Stage, Timestamp};

/// Clocks of two machines may differ by this much before one of them is taken to lie.
const SKEW: Seconds = Seconds(300);
/// Records are dated by the day, in the time zone of whoever wrote them.
const RECORD_SKEW: Seconds = Seconds(2 * 86_400);

const UPDATE: &str = "portcullis feed update";

/// Every gap that lies in the feed as such: its age, and that it holds landmark advisories only.
pub fn feed_gaps(info: &FeedInfo, policy: &FeedPolicy, now: Timestamp) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = feed_age(info, policy, now).into_iter().collect();
    if info.kind == FeedKind::EmbeddedLandmarks {
        let why = format!("it holds {} landmark advisories, far from all", info.advisories);
        gaps.push(Gap::new(GapKind::FeedLandmark, Stage::Feed, &info.name, why).with_help(UPDATE));
    }
    gaps
}

/// The gap of a feed that is older than the policy allows, or whose age cannot be told.
///
/// An installed feed and an embedded snapshot are as old as their last refresh. A directory (by its newest record) and
/// the landmarks (by their date) age only by what the policy file itself writes: the defaults are not meant for them.
pub fn feed_age(info: &FeedInfo, policy: &FeedPolicy, now: Timestamp) -> Option<Gap> {
    let written = |age: Set<Seconds>| age.line.map(|_| age.value);
    let (warn, fail, since, skew) = match info.kind {
        FeedKind::Installed | FeedKind::EmbeddedSnapshot => {
            (Some(policy.warn_age.value), Some(policy.fail_age.value), info.refreshed, SKEW)
        }
        FeedKind::Directory => (written(policy.warn_age), written(policy.fail_age), info.newest, RECORD_SKEW),
        FeedKind::EmbeddedLandmarks => {
            (written(policy.warn_age), written(policy.fail_age), info.refreshed.or(info.newest), RECORD_SKEW)
        }
    };
    if warn.is_none() && fail.is_none() {
        return None;
    }
    let gap = |kind, why: String| Some(Gap::new(kind, Stage::Feed, &info.name, why).with_help(remedy(info.kind)));
    let Some(since) = since else {
        return gap(GapKind::FeedStale, "nothing says how old it is".into());
    };
    if since.since(now) > skew {
        return gap(GapKind::FeedStale, format!("it is dated {since}, and the clock says {now}: one of them is wrong"));
    }
    let age = now.since(since);
    let limit = |limit: Option<Seconds>| limit.filter(|limit| age >= *limit);
    let what = match info.kind {
        FeedKind::Installed => "its last refresh",
        FeedKind::Directory => "its newest record",
        FeedKind::EmbeddedSnapshot | FeedKind::EmbeddedLandmarks => "its date",
    };
    if let Some(limit) = limit(fail) {
        return gap(GapKind::FeedStale, format!("{what} is {age} ago, and `feed.fail-age` is {limit}"));
    }
    let limit = limit(warn)?;
    gap(GapKind::FeedAging, format!("{what} is {age} ago, and `feed.warn-age` is {limit}"))
}

fn remedy(kind: FeedKind) -> &'static str {
    match kind {
        FeedKind::Installed => UPDATE,
        FeedKind::Directory => "bring the checkout of the database up to date",
        FeedKind::EmbeddedSnapshot | FeedKind::EmbeddedLandmarks => {
            "portcullis feed update, and check without `--feed embedded`"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    const NOW: Timestamp = Timestamp(1_800_000_000);
    const HOUR: i64 = 3_600;

    fn info(kind: FeedKind, age: Option<i64>) -> FeedInfo {
        let at = age.map(|age| Timestamp(NOW.0 - age));
        let refreshed = if kind == FeedKind::Directory { None } else { at };
        FeedInfo {
            name: "rustsec".into(),
            kind,
            digest: Digest::of(b""),
            advisories: 150,
            newest: if kind == FeedKind::Directory { at } else { None },
            refreshed,
            commit: None,
        }
    }

    fn kind_of(kind: FeedKind, age: Option<i64>, policy: &FeedPolicy) -> Option<GapKind> {
        feed_age(&info(kind, age), policy, NOW).map(|gap| gap.kind)
    }

    #[test]
    fn an_installed_feed_warns_from_a_day_on_and_fails_from_a_week_on() {
        let policy = FeedPolicy::default();
        for kind in [FeedKind::Installed, FeedKind::EmbeddedSnapshot] {
            for (age, expected) in [
                (0, None),
                (24 * HOUR - 1, None),
                (24 * HOUR, Some(GapKind::FeedAging)),
                (168 * HOUR - 1, Some(GapKind::FeedAging)),
                (168 * HOUR, Some(GapKind::FeedStale)),
                (-300, None),
                (-301, Some(GapKind::FeedStale)),
            ] {
                assert_eq!(kind_of(kind, Some(age), &policy), expected, "{kind:?} {age}");
            }
            assert_eq!(kind_of(kind, None, &policy), Some(GapKind::FeedStale));
        }
    }

    #[test]
    fn a_stale_feed_comes_with_the_command_that_mends_it() {
        let gap =
            feed_age(&info(FeedKind::Installed, Some(9 * 24 * HOUR)), &FeedPolicy::default(), NOW).expect("stale");
        assert_eq!(gap.why, "its last refresh is 9d ago, and `feed.fail-age` is 7d");
        assert_eq!(gap.help, "portcullis feed update");
    }

    #[test]
    fn a_directory_ages_only_by_what_the_policy_writes() {
        let mut policy = FeedPolicy::default();
        assert_eq!(kind_of(FeedKind::Directory, Some(1_000 * HOUR), &policy), None);
        assert_eq!(kind_of(FeedKind::Directory, None, &policy), None);
        policy.fail_age.line = Some(3);
        assert_eq!(kind_of(FeedKind::Directory, Some(1_000 * HOUR), &policy), Some(GapKind::FeedStale));
        assert_eq!(kind_of(FeedKind::Directory, Some(100 * HOUR), &policy), None);
        assert_eq!(kind_of(FeedKind::Directory, None, &policy), Some(GapKind::FeedStale));
        assert_eq!(kind_of(FeedKind::Directory, Some(-49 * HOUR), &policy), Some(GapKind::FeedStale));
        assert_eq!(kind_of(FeedKind::Directory, Some(-47 * HOUR), &policy), None);
        policy.warn_age.line = Some(2);
        assert_eq!(kind_of(FeedKind::Directory, Some(100 * HOUR), &policy), Some(GapKind::FeedAging));
    }

    #[test]
    fn landmarks_always_say_what_they_are() {
        let kinds = |kind| {
            let gaps = feed_gaps(&info(kind, Some(0)), &FeedPolicy::default(), NOW);
            gaps.into_iter().map(|gap| gap.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(FeedKind::EmbeddedLandmarks), [GapKind::FeedLandmark]);
        assert_eq!(kinds(FeedKind::EmbeddedSnapshot), []);
    }

    proptest::proptest! {
        #[test]
        fn a_stricter_age_is_never_kinder(age in -10_i64..400, warn in 0_u64..200, fail in 0_u64..200, less in 0_u64..50) {
            let set = |hours: u64| Set { value: Seconds(hours * 3_600), line: Some(1) };
            let policy = |warn, fail| FeedPolicy { warn_age: set(warn), fail_age: set(fail), max_change_percent: 10 };
            for kind in [FeedKind::Installed, FeedKind::Directory, FeedKind::EmbeddedSnapshot, FeedKind::EmbeddedLandmarks] {
                // `None` is below `feed-aging`, which is below `feed-stale`.
                let before = kind_of(kind, Some(age * HOUR), &policy(warn, fail));
                let after = kind_of(kind, Some(age * HOUR), &policy(warn.saturating_sub(less), fail.saturating_sub(less)));
                proptest::prop_assert!(after >= before);
            }
        }
    }
}
