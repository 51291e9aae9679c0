//! What makes a policy stricter or looser: flags may only tighten, and a change that relaxes is told.

use super::{AcceptGap, ClassAction, GapAction, Policy, Set, Waiver};
use crate::model::{Days, Seconds, Severity};
use std::fmt::Display;

/// A flag of the command line that would let more through than the policy does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "--fail-on {asked} is looser than fail-on = \"{policy}\" of {origin}\nhelp: a flag may only tighten; change the \
     policy instead"
)]
pub struct Loosens {
    /// What the flag asks for.
    pub asked: Severity,
    /// What the policy says.
    pub policy: Severity,
    /// Where it says so.
    pub origin: String,
}

impl Policy {
    /// Lowers the threshold. The same threshold is fine, a higher one is refused.
    pub fn tighten(&mut self, fail_on: Severity) -> Result<(), Loosens> {
        if fail_on > self.fail_on.value {
            return Err(Loosens { asked: fail_on, policy: self.fail_on.value, origin: self.origin.clone() });
        }
        if fail_on < self.fail_on.value {
            self.fail_on = Set::default_of(fail_on);
            self.tightened = true;
        }
        Ok(())
    }
}

/// What `head` lets through that `base` does not: one line each, lowercase, without a full stop, sorted.
pub fn relaxations(base: &Policy, head: &Policy) -> Vec<String> {
    let mut told = Vec::new();
    if head.fail_on.value > base.fail_on.value {
        told.push(from_to("fail-on", base.fail_on.value, head.fail_on.value));
    }
    actions(base, head, &mut told);
    feed(base, head, &mut told);
    for severity in Severity::ALL {
        let days = |policy: &Policy| policy.grace.get(&severity).map_or(Days(0), |set| set.value);
        if days(head) > days(base) {
            told.push(from_to(&format!("grace.{severity}"), days(base), days(head)));
        }
    }
    for mirror in base.mirrors.iter().filter(|m| !head.mirrors.contains(m)) {
        told.push(format!("the mirror `{mirror}` is not named any more: its packages are not judged"));
    }
    for exclude in &head.excludes {
        if !base.excludes.iter().any(|e| e.path == exclude.path) {
            told.push(format!("`{}` is excluded", exclude.path));
        }
    }
    for accept in head.accepted.iter().filter(|a| !base.accepted.iter().any(|b| covers(b, a))) {
        let until = accept.expires.date();
        told.push(format!("gaps of kind {}{} are accepted until {until}", accept.kind, place(accept)));
    }
    debt(base, head, &mut told);
    if base.durable_trail.value && !head.durable_trail.value {
        told.push(from_to("trail.durable", true, false));
    }
    for waiver in &head.waivers {
        waivers(base, waiver, &mut told);
    }
    told.sort();
    told.dedup();
    told
}

fn from_to(what: &str, from: impl Display, to: impl Display) -> String {
    format!("{what} goes from {from} to {to}")
}

fn actions(base: &Policy, head: &Policy, told: &mut Vec<String>) {
    let strictness = |action: ClassAction| match action {
        ClassAction::Report => 0,
        ClassAction::Threshold => 1,
        ClassAction::Fail => 2,
    };
    for class in crate::model::Class::ALL {
        let action =
            |policy: &Policy| policy.classes.get(&class).map_or(ClassAction::of_silence(class), |set| set.value);
        if strictness(action(head)) < strictness(action(base)) {
            told.push(from_to(&format!("classes.{class}"), action(base).as_str(), action(head).as_str()));
        }
    }
    for kind in crate::model::GapKind::ALL {
        let action = |policy: &Policy| policy.gaps.get(kind).map_or(GapAction::of_silence(*kind), |set| set.value);
        if (action(base), action(head)) == (GapAction::Fail, GapAction::Report) {
            told.push(from_to(&format!("gaps.{kind}"), "fail", "report"));
        }
    }
}

fn feed(base: &Policy, head: &Policy, told: &mut Vec<String>) {
    let mut age = |key: &str, base: Set<Seconds>, head: Set<Seconds>| {
        if head.value > base.value {
            told.push(from_to(&format!("feed.{key}"), base.value, head.value));
        }
        if base.line.is_some() && head.line.is_none() {
            told.push(format!("feed.{key} is not written any more: it does not hold for a directory"));
        }
    };
    age("warn-age", base.feed.warn_age, head.feed.warn_age);
    age("fail-age", base.feed.fail_age, head.feed.fail_age);
    let (from, to) = (base.feed.max_change_percent, head.feed.max_change_percent);
    if to > from {
        told.push(from_to("feed.max-change", format!("{from}%"), format!("{to}%")));
    }
}

fn debt(base: &Policy, head: &Policy, told: &mut Vec<String>) {
    let Some(head) = &head.debt else { return };
    match &base.debt {
        None => told.push(match head.waivers {
            1 => "1 waiver is adopted as debt".to_owned(),
            n => format!("{n} waivers are adopted as debt"),
        }),
        Some(base) => {
            if head.waivers > base.waivers {
                told.push(from_to("debt.waivers", base.waivers, head.waivers));
            }
            if head.adopted > base.adopted {
                told.push(from_to("debt.adopted", base.adopted.date(), head.adopted.date()));
            }
        }
    }
}

fn waivers(base: &Policy, head: &Waiver, told: &mut Vec<String>) {
    let what = format!("{} for {} until {}", head.id, head.package, head.expires.date());
    match base.waivers.iter().find(|waiver| waiver.path == head.path) {
        None => told.push(format!("the waiver {} is added: {what}", head.path)),
        Some(before) => {
            // The reason does not change what it covers, and an earlier end covers less. Another owner, approver or
            // adoption can make one hold that did not: whether it does depends on findings that nobody knows here.
            let same =
                Waiver { reason: before.reason.clone(), expires: head.expires.max(before.expires), ..head.clone() };
            if same != *before {
                told.push(format!("the waiver {} is changed: {what}", head.path));
            }
        }
    }
}

/// Whether everything that `narrow` accepts was accepted by `wide` already.
fn covers(wide: &AcceptGap, narrow: &AcceptGap) -> bool {
    wide.kind == narrow.kind
        && wide.path.as_ref().is_none_or(|path| narrow.path.as_ref() == Some(path))
        && wide.digest.is_none_or(|digest| narrow.digest == Some(digest))
        && wide.what.as_ref().is_none_or(|what| narrow.what.as_ref() == Some(what))
        && wide.expires >= narrow.expires
}

fn place(accept: &AcceptGap) -> String {
    match (&accept.path, &accept.what) {
        (Some(path), Some(what)) => format!(" (`{what}` in `{path}`)"),
        (Some(path), None) => format!(" (in `{path}`)"),
        (None, Some(what)) => format!(" (`{what}`)"),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse_policy, parse_waiver};
    use super::*;

    fn policy(text: &str) -> Policy {
        parse_policy("portcullis.toml", &format!("version = 1\n{text}")).expect("valid")
    }

    #[test]
    fn a_flag_tightens_or_is_refused() {
        let mut policy = policy("fail-on = \"medium\"\n");
        assert_eq!(policy.tighten(Severity::Medium), Ok(()));
        assert_eq!(policy.fail_on.line, Some(2));
        let refused =
            Err(Loosens { asked: Severity::High, policy: Severity::Medium, origin: "portcullis.toml".into() });
        assert_eq!(policy.tighten(Severity::High), refused);
        assert_eq!(policy.tighten(Severity::Low), Ok(()));
        assert_eq!((policy.fail_on, policy.tightened), (Set::default_of(Severity::Low), true));
    }

    #[test]
    fn each_loosened_knob_is_told_and_its_reverse_is_not() {
        let accept = "[[accept-gap]]\nkind = \"unlocked\"\nowner = \"o\"\nreason = \"r\"\nexpires = \"2027-01-01\"\n";
        let later = accept.replace("2027", "2028");
        let narrow = format!("{accept}path = \"a\"\n");
        for (strict, loose, told) in [
            ("", "fail-on = \"critical\"", "fail-on goes from high to critical"),
            ("", "[classes]\nvulnerability = \"report\"", "classes.vulnerability goes from threshold to report"),
            (
                "[classes]\nyanked = \"fail\"",
                "[classes]\nyanked = \"threshold\"",
                "classes.yanked goes from fail to threshold",
            ),
            ("", "[gaps]\nunlocked = \"report\"", "gaps.unlocked goes from fail to report"),
            ("[feed]\nfail-age = \"7d\"", "[feed]\nfail-age = \"30d\"", "feed.fail-age goes from 7d to 30d"),
            ("", "[feed]\nmax-change = \"50%\"", "feed.max-change goes from 10% to 50%"),
            (
                "[feed]\nfail-age = \"7d\"",
                "",
                "feed.fail-age is not written any more: it does not hold for a directory",
            ),
            ("[trail]\ndurable = true", "", "trail.durable goes from true to false"),
            ("", "[grace]\nhigh = \"7d\"", "grace.high goes from 0d to 7d"),
            ("", "[debt]\nadopted = \"2026-11-22\"\nwaivers = 3", "3 waivers are adopted as debt"),
            (
                "[debt]\nadopted = \"2026-11-22\"\nwaivers = 3",
                "[debt]\nadopted = \"2026-11-22\"\nwaivers = 4",
                "debt.waivers goes from 3 to 4",
            ),
            ("", "[debt]\nadopted = \"2026-11-22\"\nwaivers = 1", "1 waiver is adopted as debt"),
            ("", "[[exclude]]\npath = \"a\"\nowner = \"o\"\nreason = \"r\"", "`a` is excluded"),
            ("", accept, "gaps of kind unlocked are accepted until 2027-01-01"),
            (accept, &later, "gaps of kind unlocked are accepted until 2028-01-01"),
            (&narrow, accept, "gaps of kind unlocked are accepted until 2027-01-01"),
        ] {
            assert_eq!(relaxations(&policy(strict), &policy(loose)), [told], "{loose}");
            assert_eq!(relaxations(&policy(loose), &policy(strict)), [""; 0], "{loose}");
            assert_eq!(relaxations(&policy(loose), &policy(loose)), [""; 0], "{loose}");
        }
    }

    #[test]
    fn a_waiver_that_is_new_longer_or_wider_is_told() {
        let text = "id = \"A-1\"\npackage = \"p\"\nversions = \"=1.0.0\"\nowner = \"o\"\nreason = \"r\"\n\
                    expires = \"2027-01-01\"\n";
        let with = |text: &str| Policy {
            waivers: vec![parse_waiver("w.toml", "w.toml", text).expect("valid")],
            ..Policy::default()
        };
        let base = with(text);
        let changed = ["the waiver w.toml is changed: A-1 for p until 2028-01-01"];
        assert_eq!(relaxations(&base, &with(&text.replace("2027", "2028"))), changed);
        assert_eq!(relaxations(&base, &with(&text.replace("2027", "2026"))), [""; 0]);
        assert_eq!(relaxations(&base, &with(&text.replace("\"r\"", "\"a better reason\""))), [""; 0]);
        assert_eq!(relaxations(&base, &with(&text.replace("=1.0.0", "<2"))).len(), 1);
        let changed = ["the waiver w.toml is changed: A-1 for p until 2027-01-01"];
        for line in ["approved-by = \"a\"\n", "adopted = \"2026-11-22\"\n"] {
            assert_eq!(relaxations(&base, &with(&format!("{text}{line}"))), changed, "{line}");
        }
        assert_eq!(relaxations(&base, &with(&text.replace("\"o\"", "\"other\""))), changed);
        let approved = format!("{text}approved-by = \"a\"\n");
        assert_eq!(relaxations(&with(&approved), &with(&approved.replace("\"a\"", "\"b\""))), changed);
        assert_eq!(relaxations(&with(&approved), &with(&approved)), [""; 0]);
        assert_eq!(relaxations(&Policy::default(), &base), ["the waiver w.toml is added: A-1 for p until 2027-01-01"]);
        assert_eq!(relaxations(&base, &Policy::default()), [""; 0]);
    }
}
