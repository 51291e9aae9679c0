//! Requirements (`~> 1.2`, `>=1.0`) to the events of a range. It knows the requirements of RubyGems and of Composer as
//! advisories write them, and no lockfile.

use crate::model::VersionEvent;
use crate::version::range::EventKind;
use crate::version::{Scheme, Standing, Version};

/// Requirements of one record, at most. The longest in the public databases has under 50.
const MAX_REQUIREMENTS: usize = 1_000;
/// Requirements of one list entry that must all hold, at most. Two are usual.
const MAX_PARTS: usize = 10;

/// Why a requirement says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequirementError {
    /// No operator that is known, or none where one is needed.
    #[error("`{0}` is not a requirement that advisories use")]
    Operator(String),
    /// The version cannot be read, or has no place in the order.
    #[error("`{0}` has no version that can be ordered")]
    Version(String),
    /// More than the limit.
    #[error("it has more than {0} requirements")]
    TooMany(usize),
}

/// A place between versions: just before one, or just after it. Sorts as the versions do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cut {
    version: Version,
    after: bool,
    text: String,
}

impl Cut {
    fn place(&self) -> (&[u8], bool) {
        (self.version.sort_key(), self.after)
    }
}

/// Versions from one place to another; none: no end on this side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Span {
    from: Option<Cut>,
    to: Option<Cut>,
}

impl Span {
    /// Only what both hold.
    fn narrow(&mut self, other: Span) {
        if let Some(from) = other.from
            && self.from.as_ref().is_none_or(|old| old.place() < from.place())
        {
            self.from = Some(from);
        }
        if let Some(to) = other.to
            && self.to.as_ref().is_none_or(|old| old.place() > to.place())
        {
            self.to = Some(to);
        }
    }

    fn is_empty(&self) -> bool {
        matches!((&self.from, &self.to), (Some(from), Some(to)) if from.place() >= to.place())
    }
}

/// The versions of a gem that none of these requirements holds (rubysec: what is neither patched nor unaffected).
/// Each requirement may have parts with a comma between; then all must hold.
pub(super) fn gems_outside(requirements: &[&str]) -> Result<Vec<VersionEvent>, RequirementError> {
    if requirements.len() > MAX_REQUIREMENTS {
        return Err(RequirementError::TooMany(MAX_REQUIREMENTS));
    }
    let mut safe = Vec::with_capacity(requirements.len());
    for requirement in requirements {
        let parts: Vec<&str> = requirement.split(',').collect();
        safe.push(all_of(&parts, gem_part)?);
    }
    Ok(events(outside(safe)))
}

/// The versions of a Composer package that all of these constraints hold (FriendsOfPHP: one branch of a record).
pub(super) fn composer_inside(constraints: &[&str]) -> Result<Vec<VersionEvent>, RequirementError> {
    let span = all_of(constraints, composer_part)?;
    Ok(events(if span.is_empty() { Vec::new() } else { vec![span] }))
}

fn all_of(parts: &[&str], read: fn(&str) -> Result<Span, RequirementError>) -> Result<Span, RequirementError> {
    if parts.len() > MAX_PARTS {
        return Err(RequirementError::TooMany(MAX_PARTS));
    }
    let mut span = Span::default();
    for part in parts {
        span.narrow(read(part.trim())?);
    }
    Ok(span)
}

/// One requirement of RubyGems (`Gem::Requirement`). `!=` is refused: as a part of «safe» nobody writes it.
fn gem_part(text: &str) -> Result<Span, RequirementError> {
    let (operator, version) = split(text);
    let cut = |after| cut(Scheme::RubyGems, text, version, after);
    Ok(match operator {
        "=" | "" => Span { from: Some(cut(false)?), to: Some(cut(true)?) },
        "~>" => {
            let end = pessimistic_end(version).ok_or_else(|| RequirementError::Version(text.to_owned()))?;
            Span { from: Some(cut(false)?), to: Some(self::cut(Scheme::RubyGems, text, &end, false)?) }
        }
        _ => compared(operator, &cut).unwrap_or_else(|| Err(RequirementError::Operator(text.to_owned())))?,
    })
}

/// The end of `~> 2.0.0.481`: the first pre-release of 2.0.1, as pre-releases of the next one are not held either
/// (`Gem::Requirement` compares the release of a version there). A word of one `A` is below every word in use.
fn pessimistic_end(version: &str) -> Option<String> {
    let numbers: Vec<&str> =
        version.split(['.', '-']).take_while(|part| part.bytes().all(|b| b.is_ascii_digit())).collect();
    let kept = match numbers.as_slice() {
        [] => return None,
        [only] => std::slice::from_ref(only),
        [kept @ .., _] => kept,
    };
    let (last, first) = kept.split_last()?;
    let next = last.parse::<u64>().ok()?.checked_add(1)?.to_string();
    let parts: Vec<&str> = first.iter().copied().chain([next.as_str(), "A"]).collect();
    Some(parts.join("."))
}

/// One constraint of Composer. Where it names no stability, `>=` and `<` mean the dev version, which is below every
/// pre-release (Composer documentation, «Versions», «Stability Constraints»).
fn composer_part(text: &str) -> Result<Span, RequirementError> {
    let (operator, version) = split(text);
    let lower = version.to_ascii_lowercase();
    let has_stability = lower.contains(|c: char| c.is_ascii_alphabetic() && c != 'v');
    let with_dev = match operator {
        ">=" | "<" if !has_stability => format!("{version}-dev"),
        _ => version.to_owned(),
    };
    let cut = |after| cut(Scheme::Packagist, text, &with_dev, after);
    match operator {
        "=" | "==" | "" => Ok(Span { from: Some(cut(false)?), to: Some(cut(true)?) }),
        _ => compared(operator, &cut).unwrap_or_else(|| Err(RequirementError::Operator(text.to_owned()))),
    }
}

/// What the four comparisons hold; none for another operator.
fn compared(
    operator: &str,
    cut: &dyn Fn(bool) -> Result<Cut, RequirementError>,
) -> Option<Result<Span, RequirementError>> {
    let from = |after| Ok(Span { from: Some(cut(after)?), to: None });
    let to = |after| Ok(Span { from: None, to: Some(cut(after)?) });
    Some(match operator {
        ">=" => from(false),
        ">" => from(true),
        "<" => to(false),
        "<=" => to(true),
        _ => return None,
    })
}

fn split(text: &str) -> (&str, &str) {
    let version = text.trim_start_matches(['<', '>', '=', '~', '!', '^']);
    (text.strip_suffix(version).unwrap_or_default(), version.trim())
}

fn cut(scheme: Scheme, whole: &str, text: &str, after: bool) -> Result<Cut, RequirementError> {
    match scheme.parse(text) {
        Ok(version) if version.standing() == Standing::Ordered => Ok(Cut { version, after, text: text.to_owned() }),
        _ => Err(RequirementError::Version(whole.to_owned())),
    }
}

/// What none of the spans holds, ascending.
fn outside(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.is_empty());
    spans.sort_by(|a, b| a.from.as_ref().map(Cut::place).cmp(&b.from.as_ref().map(Cut::place)));
    let mut out = Vec::new();
    // Where what is held so far ends; the outer none: nothing is held yet, so that it is below every version.
    let mut end: Option<Cut> = None;
    for span in spans {
        let begins_later = match (&span.from, &end) {
            (Some(from), Some(end)) => from.place() > end.place(),
            (Some(_), None) => true,
            (None, _) => false,
        };
        if begins_later {
            out.push(Span { from: end.clone(), to: span.from });
        }
        match span.to {
            None => return out,
            Some(to) if end.as_ref().is_none_or(|end| to.place() > end.place()) => end = Some(to),
            Some(_) => {} // lies inside of what is held
        }
    }
    out.push(Span { from: end, to: None });
    out
}

/// The spans as the events of one range.
fn events(spans: Vec<Span>) -> Vec<VersionEvent> {
    let mut out = Vec::with_capacity(spans.len() * 2);
    for span in spans {
        out.push(match span.from {
            None => VersionEvent::new(EventKind::Introduced, "0"),
            Some(Cut { after: false, text, .. }) => VersionEvent::new(EventKind::Introduced, text),
            Some(Cut { after: true, text, .. }) => VersionEvent::new(EventKind::Above, text),
        });
        match span.to {
            None => {}
            Some(Cut { after: false, text, .. }) => out.push(VersionEvent::new(EventKind::Fixed, text)),
            Some(Cut { after: true, text, .. }) => out.push(VersionEvent::new(EventKind::LastAffected, text)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::range::{Affected, Answer, Event};
    use proptest::prelude::*;

    fn shown(events: &[VersionEvent]) -> String {
        let word = |kind| match kind {
            EventKind::Introduced => "from",
            EventKind::Above => "above",
            EventKind::Fixed => "before",
            EventKind::LastAffected => "to",
            EventKind::Limit => "limit",
        };
        events.iter().map(|e| format!("{} {}", word(e.kind), e.version)).collect::<Vec<_>>().join(", ")
    }

    fn gems(requirements: &[&str]) -> String {
        shown(&gems_outside(requirements).unwrap())
    }

    fn composer(constraints: &[&str]) -> String {
        shown(&composer_inside(constraints).unwrap())
    }

    #[test]
    fn what_no_requirement_of_a_gem_holds_is_affected() {
        assert_eq!(gems(&[]), "from 0");
        assert_eq!(gems(&[">= 1.2.3"]), "from 0, before 1.2.3");
        assert_eq!(gems(&["> 1.2.3"]), "from 0, to 1.2.3");
        assert_eq!(gems(&["<= 0.11.0"]), "above 0.11.0");
        assert_eq!(gems(&["= 1.0"]), "from 0, before 1.0, above 1.0");
        assert_eq!(gems(&["~> 2.0.0.481", ">= 2.1.2"]), "from 0, before 2.0.0.481, from 2.0.1.A, before 2.1.2");
        assert_eq!(gems(&[">= 2.1.2", "~> 2.0.0.481"]), "from 0, before 2.0.0.481, from 2.0.1.A, before 2.1.2");
        assert_eq!(gems(&["~> 3.2.0", "~> 3.2.22, >= 3.2.22.5"]), "from 0, before 3.2.0, from 3.3.A");
        assert_eq!(gems(&["~> 2"]), "from 0, before 2, from 3.A");
        assert_eq!(gems(&["~> 2.a"]), "from 0, before 2.a, from 3.A");
        assert_eq!(gems(&[">= 2, < 1"]), "from 0");
        assert_eq!(gems(&["< 1", ">= 1"]), "");
    }

    #[test]
    fn composer_compares_with_dev_versions() {
        assert_eq!(composer(&[">=1.9.0", "<1.9.8"]), "from 1.9.0-dev, before 1.9.8-dev");
        assert_eq!(composer(&[">=1.9.0-beta1", "<=1.9.8"]), "from 1.9.0-beta1, to 1.9.8");
        assert_eq!(composer(&[">3.2", "<3.3.0"]), "above 3.2, before 3.3.0-dev");
        assert_eq!(composer(&["<=1.7.2"]), "from 0, to 1.7.2");
        assert_eq!(composer(&[">=2", "<1"]), "");
        assert_eq!(composer(&["<v2.0"]), "from 0, before v2.0-dev");
    }

    #[test]
    fn what_advisories_do_not_use_is_refused() {
        for text in ["!= 1.0", "^1.0", "=> 1.0", "<> 1"] {
            assert_eq!(gems_outside(&[text]), Err(RequirementError::Operator(text.into())));
            assert_eq!(composer_inside(&[text]), Err(RequirementError::Operator(text.into())));
        }
        for text in ["", ">= ", ">= one", "~> ", "~> x", ">= 1.0 beta"] {
            assert_eq!(gems_outside(&[text]), Err(RequirementError::Version(text.trim().into())));
        }
        assert_eq!(composer_inside(&["<dev-main"]), Err(RequirementError::Version("<dev-main".into())));
        assert_eq!(gems_outside(&["> 1"; 1_001]), Err(RequirementError::TooMany(1_000)));
        assert_eq!(composer_inside(&["> 1"; 11]), Err(RequirementError::TooMany(10)));
    }

    proptest! {
        /// Beside the requirements themselves, asked one by one over whole numbers.
        #[test]
        fn what_is_outside_is_what_no_requirement_holds(
            parts in proptest::collection::vec(
                proptest::collection::vec((0_usize..5, 0_u8..12), 1..3), 0..6),
            asked in 0_u8..13,
        ) {
            const OPERATORS: [&str; 5] = ["<", "<=", "=", ">", ">="];
            let holds = |(operator, bound): &(usize, u8)| match *operator {
                0 => asked < *bound,
                1 => asked <= *bound,
                2 => asked == *bound,
                3 => asked > *bound,
                _ => asked >= *bound,
            };
            let safe = parts.iter().any(|all| all.iter().all(holds));
            let texts: Vec<String> = parts
                .iter()
                .map(|all| all.iter().map(|(o, b)| format!("{} {b}", OPERATORS[*o])).collect::<Vec<_>>().join(", "))
                .collect();
            let found = gems_outside(&texts.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
            let events: Vec<Event<'_>> =
                found.iter().map(|e| Event { kind: e.kind, version: &e.version }).collect();
            let affected = !events.is_empty()
                && Affected::new(Scheme::RubyGems, [], &[&events]).answer(&asked.to_string()) == Answer::Affected;
            prop_assert_eq!(affected, !safe, "{:?}", texts);
        }
    }
}
