//! How old a feed is, and what a run has to say about it. The time is an argument.

use crate::config::{FeedPolicy, Set};
use crate::model::{Days, FeedInfo, FeedKind, Gap, GapKind, Seconds, Stage, Timestamp};

/// A clock that is this far off (or a refresh that claims to come from the future) makes every age meaningless.
const SKEW: Days = Days(1);

/// The gaps of a feed's age and kind.
///
/// For an installed feed the age counts from its last refresh, for what is compiled in from its date, and for a
/// directory, of which nobody knows when it was fetched, from its newest record and only where the policy writes an age.
pub fn gaps(info: &FeedInfo, policy: &FeedPolicy, now: Timestamp) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let what = || format!("{} ({})", info.name, info.kind.as_str());
    let gap = |kind, why: String, help: &str| Gap::new(kind, Stage::Feed, what(), why).with_help(help);
    let help = match info.kind {
        FeedKind::Installed => "portcullis feed update",
        FeedKind::Directory => "git pull in the directory, or portcullis feed update",
        FeedKind::EmbeddedSnapshot | FeedKind::EmbeddedLandmarks => {
            "portcullis feed update, and leave out --feed embedded"
        }
    };
    if info.kind == FeedKind::EmbeddedLandmarks {
        let why = format!("it holds {} landmark advisories, far from all", info.advisories);
        gaps.push(gap(GapKind::FeedLandmark, why, help));
    }
    // Each limit counts for a directory where the policy writes it.
    let counts =
        |limit: Set<Seconds>| Some(limit.value).filter(|_| info.kind != FeedKind::Directory || limit.line.is_some());
    let (warn, fail) = (counts(policy.warn_age), counts(policy.fail_age));
    let since = match info.kind {
        FeedKind::Directory if warn.is_none() && fail.is_none() => return gaps,
        FeedKind::Directory => info.newest,
        _ => info.refreshed,
    };
    let Some(since) = since else {
        gaps.push(gap(GapKind::FeedStale, "nothing says how old it is".into(), help));
        return gaps;
    };
    let age = now.since(since);
    if since > now.plus_days(SKEW) {
        gaps.push(gap(
            GapKind::FeedStale,
            format!("its date {since} lies in the future of {now}"),
            "look at the clock",
        ));
    } else if let Some(fail) = fail.filter(|limit| age >= *limit) {
        gaps.push(gap(GapKind::FeedStale, format!("it is {age} old, and {fail} is the limit"), help));
    } else if let Some(warn) = warn.filter(|limit| age >= *limit) {
        gaps.push(gap(GapKind::FeedAging, format!("it is {age} old, from {warn} on that is told"), help));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    const DAY: i64 = 86_400;

    fn policy(line: Option<u32>) -> FeedPolicy {
        FeedPolicy {
            warn_age: Set { value: Seconds(86_400), line: None },
            fail_age: Set { value: Seconds(7 * 86_400), line },
            max_change_percent: 10,
        }
    }

    fn info(kind: FeedKind) -> FeedInfo {
        FeedInfo {
            name: "rustsec".into(),
            kind,
            digest: Digest::of(b""),
            advisories: 3,
            newest: Some(Timestamp(0)),
            refreshed: Some(Timestamp(0)).filter(|_| kind != FeedKind::Directory),
            commit: None,
        }
    }

    fn kinds(info: &FeedInfo, policy: &FeedPolicy, now: i64) -> Vec<GapKind> {
        gaps(info, policy, Timestamp(now)).into_iter().map(|g| g.kind).collect()
    }

    #[test]
    fn an_installed_feed_ages_and_then_is_stale() {
        let feed = info(FeedKind::Installed);
        for (now, expected) in [
            (0, &[][..]),
            (DAY - 1, &[]),
            (DAY, &[GapKind::FeedAging]),
            (7 * DAY - 1, &[GapKind::FeedAging]),
            (7 * DAY, &[GapKind::FeedStale]),
            (-DAY, &[]),
            (-DAY - 1, &[GapKind::FeedStale]),
        ] {
            assert_eq!(kinds(&feed, &policy(None), now), expected, "{now}");
        }
    }

    #[test]
    fn a_feed_without_a_date_is_stale_and_a_directory_has_an_age_only_when_the_policy_says_so() {
        let dateless = FeedInfo { refreshed: None, ..info(FeedKind::Installed) };
        assert_eq!(kinds(&dateless, &policy(None), 0), [GapKind::FeedStale]);
        let directory = info(FeedKind::Directory);
        assert_eq!(kinds(&directory, &policy(None), 100 * DAY), []);
        assert_eq!(kinds(&directory, &policy(Some(3)), 100 * DAY), [GapKind::FeedStale]);
        assert_eq!(kinds(&directory, &policy(Some(3)), 0), []);
    }

    #[test]
    fn landmarks_always_say_that_they_are_few() {
        let landmarks = info(FeedKind::EmbeddedLandmarks);
        assert_eq!(kinds(&landmarks, &policy(None), 0), [GapKind::FeedLandmark]);
        assert_eq!(kinds(&landmarks, &policy(None), 8 * DAY), [GapKind::FeedLandmark, GapKind::FeedStale]);
        assert_eq!(kinds(&info(FeedKind::EmbeddedSnapshot), &policy(None), 0), []);
    }
}
