//! Which versions an OSV record calls affected. Not the requirements of RustSec (`feed::ranges`), and no GIT ranges.
//!
//! Evaluated as OSV schema 1.7, section «Evaluation», says: a version is affected if it is in the list or in a range.
//! Events are sorted first. Where the specification leaves a tie open (two events at one version), an event that ends
//! what is open comes first: `fixed: 2` and `introduced: 2` after `introduced: 1` go on, alone they say nothing.

use super::{NotAVersion, Scheme, Standing, Version};

/// What an event says of its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Affected from this version on; `0` is below every version.
    Introduced,
    /// Not affected from this version on.
    Fixed,
    /// Affected up to this version, and it too.
    LastAffected,
    /// Nothing from this version on is spoken of; `*` is above every version.
    Limit,
    /// Affected above this version. OSV has no such event: it is what other databases write as `> 1.0`.
    Above,
}

/// One event of a range, as the record writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// At which version.
    pub version: &'a str,
}

/// A range that says nothing that can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// A version of the range cannot be read.
    #[error("the bound {0}")]
    Bound(NotAVersion),
    /// A version of the range has its place by convention alone ([`Standing::Convention`]), so that nothing is known to
    /// lie before or after it.
    #[error("the bound `{text}` is not in the order of {scheme} versions")]
    NoPlace {
        /// The scheme.
        scheme: Scheme,
        /// The bound.
        text: String,
    },
    /// The specification demands one `introduced`.
    #[error("the range has no `introduced` event")]
    NoIntroduced,
    /// More than [`MAX_EVENTS`].
    #[error("the range has {events} events, more than {MAX_EVENTS}")]
    TooManyEvents {
        /// Events it has.
        events: usize,
    },
}

/// Events of one range, at most. The longest in the public databases has under 200.
pub const MAX_EVENTS: usize = 10_000;

/// The affected versions of one range: disjoint stretches, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    scheme: Scheme,
    stretches: Vec<Stretch>,
}

/// From a start to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stretch {
    start: Start,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Start {
    /// Below every version.
    Lowest,
    /// This version is the first.
    With(Version),
    /// This version is not affected yet.
    After(Version),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// None.
    Never,
    /// This version is not affected any more.
    Before(Version),
    /// This version is the last.
    With(Version),
}

/// What happens at one version.
#[derive(Clone, Copy, Default)]
struct Tie {
    introduced: bool,
    fixed: bool,
    last_affected: bool,
    above: bool,
}

impl Events {
    /// Reads the events of one range, in any order. All bounds must be versions of the scheme.
    pub fn new(scheme: Scheme, events: &[Event<'_>]) -> Result<Events, RangeError> {
        if events.len() > MAX_EVENTS {
            return Err(RangeError::TooManyEvents { events: events.len() });
        }
        // The bound; none below every version.
        let mut bounds: Vec<(Option<Version>, EventKind)> = Vec::with_capacity(events.len());
        let (mut limit, mut limited) = (None, false);
        for event in events {
            match (event.kind, event.version.trim_ascii()) {
                (EventKind::Introduced, "0") => bounds.push((None, event.kind)),
                (EventKind::Limit, "*") => (limit, limited) = (None, true),
                (EventKind::Limit, text) => {
                    let version = bound(scheme, text)?;
                    // The highest counts; none is above all.
                    let highest = limit.as_ref().is_some_and(|other: &Version| other.key < version.key);
                    if !limited || highest {
                        limit = Some(version);
                    }
                    limited = true;
                }
                (kind, text) => bounds.push((Some(bound(scheme, text)?), kind)),
            }
        }
        if !bounds.iter().any(|(_, kind)| matches!(kind, EventKind::Introduced | EventKind::Above)) {
            return Err(RangeError::NoIntroduced);
        }
        bounds.sort_by(|(a, _), (b, _)| key(a.as_ref()).cmp(&key(b.as_ref())));
        let stretches = stretches(&bounds);
        let stretches = match limit {
            Some(limit) => stretches.into_iter().filter_map(|s| s.cut(&limit)).collect(),
            None => stretches,
        };
        Ok(Events { scheme, stretches })
    }

    /// Whether the version lies in the range. None where it is of another scheme. Of a version that has its place by
    /// convention, «no» says nothing; [`Affected`] knows that.
    pub fn contains(&self, version: &Version) -> Option<bool> {
        (version.scheme == self.scheme).then(|| self.stretches.iter().any(|stretch| stretch.contains(version)))
    }
}

impl Stretch {
    fn contains(&self, version: &Version) -> bool {
        let begun = match &self.start {
            Start::Lowest => true,
            Start::With(start) => start.key <= version.key,
            Start::After(start) => start.key < version.key,
        };
        begun
            && match &self.end {
                End::Never => true,
                End::Before(end) => version.key < end.key,
                End::With(end) => version.key <= end.key,
            }
    }

    /// What of it lies below the limit. None: nothing, which the record says itself.
    fn cut(mut self, limit: &Version) -> Option<Stretch> {
        match &self.start {
            Start::With(start) | Start::After(start) if start.key >= limit.key => return None,
            _ => {}
        }
        let ends_below = match &self.end {
            End::Never => false,
            End::Before(end) => end.key <= limit.key,
            End::With(end) => end.key < limit.key,
        };
        if !ends_below {
            self.end = End::Before(limit.clone());
        }
        Some(self)
    }
}

/// A version that something can be said to lie before or after.
fn bound(scheme: Scheme, text: &str) -> Result<Version, RangeError> {
    let version = scheme.parse(text).map_err(RangeError::Bound)?;
    match version.standing {
        Standing::Ordered => Ok(version),
        Standing::Convention => Err(RangeError::NoPlace { scheme, text: text.to_owned() }),
    }
}

fn key(version: Option<&Version>) -> Option<&[u8]> {
    version.map(Version::sort_key)
}

/// Walks the sorted events.
fn stretches(bounds: &[(Option<Version>, EventKind)]) -> Vec<Stretch> {
    let mut out = Vec::new();
    // Where the affected versions began that no event has ended yet.
    let mut open: Option<Start> = None;
    for group in bounds.chunk_by(|(a, _), (b, _)| key(a.as_ref()) == key(b.as_ref())) {
        let Some((at, _)) = group.first() else { continue }; // a group is never empty
        let mut tie = Tie::default();
        for (_, kind) in group {
            match kind {
                EventKind::Introduced => tie.introduced = true,
                EventKind::Fixed => tie.fixed = true,
                EventKind::LastAffected => tie.last_affected = true,
                EventKind::Above => tie.above = true,
                EventKind::Limit => {} // is no bound of a stretch
            }
        }
        open = step(open, at.as_ref(), tie, &mut out);
    }
    if let Some(start) = open {
        out.push(Stretch { start, end: End::Never });
    }
    out
}

/// What is open after the events of one version.
fn step(open: Option<Start>, at: Option<&Version>, tie: Tie, out: &mut Vec<Stretch>) -> Option<Start> {
    let Some(version) = at else { return Some(Start::Lowest) }; // the lowest version has an `introduced` alone
    let open = step_at(open, version, tie, out);
    // What begins above the version comes after all that happens at it.
    if tie.above { open.or_else(|| Some(Start::After(version.clone()))) } else { open }
}

fn step_at(open: Option<Start>, version: &Version, tie: Tie, out: &mut Vec<Stretch>) -> Option<Start> {
    let end = match (tie.fixed, tie.last_affected) {
        (true, _) => Some(End::Before(version.clone())),
        (false, true) => Some(End::With(version.clone())),
        (false, false) => None,
    };
    match (open, end, tie.introduced) {
        // Ended and begun again at once: it goes on.
        (Some(start), Some(_), true) => Some(start),
        (Some(start), Some(end), false) => {
            out.push(Stretch { start, end });
            None
        }
        (Some(start), None, _) => Some(start),
        (None, None, true) => Some(Start::With(version.clone())),
        (None, Some(End::With(last)), true) => {
            out.push(Stretch { start: Start::With(version.clone()), end: End::With(last) });
            None
        }
        // Begun and fixed at once, or ended without a beginning: nothing.
        (None, Some(_), true) | (None, _, false) => None,
    }
}

/// What a record says of one package: listed versions and ranges.
#[derive(Clone, Debug)]
pub struct Affected {
    scheme: Scheme,
    /// As written, sorted.
    texts: Vec<Box<str>>,
    /// Those of them that are versions, sorted by key.
    versions: Vec<Version>,
    ranges: Vec<Events>,
    unreadable: Option<RangeError>,
}

/// The answer for one version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// The record names it, or a range of the record holds it.
    Affected,
    /// The record speaks of other versions.
    NotAffected,
    /// Neither can be said. The caller makes a gap of it.
    CannotTell(Doubt),
}

/// Why it cannot be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The version cannot be read.
    #[error(transparent)]
    Version(#[from] NotAVersion),
    /// A range of the record cannot be read.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The version has its place by convention alone ([`Standing::Convention`]).
    #[error("`{text}` is not in the order of {scheme} versions")]
    NoPlace {
        /// The scheme.
        scheme: Scheme,
        /// The version.
        text: String,
    },
    /// The record has neither versions nor ranges.
    #[error("the record names neither versions nor ranges")]
    NothingStated,
}

impl Affected {
    /// From the listed versions and the ranges that are not of type GIT. A range that cannot be read is kept as a
    /// doubt: what another range or the list holds is affected all the same.
    pub fn new<'a>(scheme: Scheme, listed: impl IntoIterator<Item = &'a str>, ranges: &[&[Event<'_>]]) -> Affected {
        let mut texts: Vec<Box<str>> = listed.into_iter().map(Into::into).collect();
        texts.sort_unstable();
        texts.dedup();
        // A listed text that is no version of the scheme can only be met as the same text.
        let mut versions: Vec<Version> = texts.iter().filter_map(|text| scheme.parse(text).ok()).collect();
        versions.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        versions.dedup();
        let (mut read, mut unreadable) = (Vec::with_capacity(ranges.len()), None);
        for events in ranges {
            match Events::new(scheme, events) {
                Ok(events) => read.push(events),
                Err(error) => unreadable = unreadable.or(Some(error)),
            }
        }
        Affected { scheme, texts, versions, ranges: read, unreadable }
    }

    /// Whether this version is affected. `NotAffected` is said only where everything could be read and compared.
    pub fn answer(&self, text: &str) -> Answer {
        if self.texts.binary_search_by(|listed| (**listed).cmp(text)).is_ok() {
            return Answer::Affected;
        }
        match self.scheme.parse(text) {
            Ok(version) => self.answer_for(&version, text),
            Err(error) => Answer::CannotTell(error.into()),
        }
    }

    /// As [`Affected::answer`], for a version that was read before; its text is for the doubt.
    pub fn answer_for(&self, version: &Version, text: &str) -> Answer {
        let listed = || self.versions.binary_search_by(|listed| listed.key.cmp(&version.key)).is_ok();
        let mixed = version.scheme != self.scheme;
        if !mixed && (listed() || self.ranges.iter().any(|range| range.contains(version) == Some(true))) {
            return Answer::Affected;
        }
        if let Some(error) = &self.unreadable {
            return Answer::CannotTell(error.clone().into());
        }
        if self.texts.is_empty() && self.ranges.is_empty() {
            return Answer::CannotTell(Doubt::NothingStated);
        }
        let unplaced = version.standing == Standing::Convention && !self.ranges.is_empty();
        if mixed || unplaced {
            return Answer::CannotTell(Doubt::NoPlace { scheme: self.scheme, text: text.to_owned() });
        }
        Answer::NotAffected
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind::{Above, Fixed, Introduced, LastAffected, Limit};
    use super::*;
    use proptest::prelude::*;

    fn range(events: &[(EventKind, &'static str)]) -> Vec<Event<'static>> {
        events.iter().map(|(kind, version)| Event { kind: *kind, version }).collect()
    }

    fn answer(scheme: Scheme, events: &[(EventKind, &'static str)], version: &str) -> Answer {
        Affected::new(scheme, [], &[&range(events)]).answer(version)
    }

    /// Which of `1.0`, `1.1`, … `1.9` are affected, as digits.
    fn held(events: &[(EventKind, &'static str)]) -> String {
        let hit = |n: &usize| answer(Scheme::Semver, events, &format!("1.{n}")) == Answer::Affected;
        (0..10).filter(hit).map(|n| n.to_string()).collect()
    }

    #[test]
    fn each_event_means_what_the_specification_says() {
        assert_eq!(held(&[(Introduced, "0")]), "0123456789");
        assert_eq!(held(&[(Introduced, "1.3")]), "3456789");
        assert_eq!(held(&[(Introduced, "1.3"), (Fixed, "1.5")]), "34");
        assert_eq!(held(&[(Introduced, "1.3"), (LastAffected, "1.5")]), "345");
        assert_eq!(held(&[(Introduced, "0"), (Fixed, "1.2"), (Introduced, "1.5"), (Fixed, "1.7")]), "0156");
        assert_eq!(held(&[(Introduced, "1.3"), (Limit, "1.5")]), "34");
        assert_eq!(held(&[(Introduced, "1.3"), (Fixed, "1.8"), (Limit, "1.5"), (Limit, "1.6")]), "345");
        assert_eq!(held(&[(Introduced, "1.3"), (LastAffected, "1.5"), (Limit, "1.5")]), "34");
        assert_eq!(held(&[(Introduced, "1.3"), (Limit, "1.5"), (Limit, "*")]), "3456789");
        assert_eq!(held(&[(Introduced, "1.3"), (Limit, "*"), (Limit, "1.5")]), "3456789");
    }

    #[test]
    fn what_begins_above_a_version_leaves_that_version_out() {
        assert_eq!(held(&[(Above, "1.3")]), "456789");
        assert_eq!(held(&[(Introduced, "1.3")]), "3456789");
        assert_eq!(held(&[(Above, "1.3"), (LastAffected, "1.5")]), "45");
        assert_eq!(held(&[(Above, "1.3"), (Fixed, "1.3")]), "456789");
        assert_eq!(held(&[(Introduced, "0"), (Fixed, "1.2"), (Above, "1.2")]), "013456789");
        assert_eq!(held(&[(Introduced, "1.1"), (LastAffected, "1.2"), (Above, "1.2"), (Fixed, "1.4")]), "123");
        assert_eq!(held(&[(Above, "1.3"), (Limit, "1.5")]), "4");
        assert_eq!(held(&[(Above, "1.5"), (Limit, "1.5")]), "");
    }

    #[test]
    fn events_are_sorted_first() {
        assert_eq!(held(&[(Fixed, "1.7"), (Introduced, "1.5"), (Fixed, "1.2"), (Introduced, "0")]), "0156");
    }

    #[test]
    fn at_a_tie_an_end_comes_before_a_beginning() {
        assert_eq!(held(&[(Introduced, "1.2"), (Fixed, "1.4"), (Introduced, "1.4"), (Fixed, "1.6")]), "2345");
        assert_eq!(held(&[(Introduced, "1.2"), (LastAffected, "1.4"), (Introduced, "1.4")]), "23456789");
        assert_eq!(held(&[(Introduced, "1.4"), (LastAffected, "1.4")]), "4");
        assert_eq!(held(&[(Introduced, "1.4"), (Fixed, "1.4")]), "");
    }

    #[test]
    fn what_cannot_be_read_is_never_called_unaffected() {
        use Scheme::{Packagist, Pep440, Semver};
        let fixed = [(Introduced, "1.0"), (Fixed, "2.0")];
        assert_eq!(answer(Semver, &fixed, "2.0"), Answer::NotAffected);
        assert!(matches!(answer(Semver, &fixed, "two"), Answer::CannotTell(Doubt::Version(e)) if e.text == "two"));
        let bound = answer(Semver, &[(Introduced, "one"), (Fixed, "2.0")], "3.0");
        assert!(matches!(bound, Answer::CannotTell(Doubt::Range(RangeError::Bound(e))) if e.text == "one"));
        let none = answer(Semver, &[(Fixed, "2.0")], "3.0");
        assert_eq!(none, Answer::CannotTell(Doubt::Range(RangeError::NoIntroduced)));
        assert!(matches!(answer(Packagist, &fixed, "dev-main"), Answer::CannotTell(Doubt::NoPlace { .. })));
        assert!(matches!(answer(Pep440, &fixed, "2004d"), Answer::CannotTell(Doubt::NoPlace { .. })));
        let unplaced = answer(Pep440, &[(Introduced, "0"), (Fixed, "2019-09-12")], "3.0");
        assert!(
            matches!(unplaced, Answer::CannotTell(Doubt::Range(RangeError::NoPlace { text, .. })) if text == "2019-09-12")
        );
        // The tools put it below everything, so this much is said.
        assert_eq!(answer(Pep440, &[(Introduced, "0"), (Fixed, "2.0")], "2004d"), Answer::Affected);
        assert_eq!(Affected::new(Semver, [], &[]).answer("1.0"), Answer::CannotTell(Doubt::NothingStated));
    }

    #[test]
    fn a_listed_version_is_affected_in_every_spelling() {
        let list = Affected::new(Scheme::Pep440, ["1.0rc1", "2.0", "2004d"], &[]);
        for version in ["1.0rc1", "1.0-RC.1", "2", "2.0.0", "2004d"] {
            assert_eq!(list.answer(version), Answer::Affected, "{version}");
        }
        for version in ["1.0", "2.0.1", "2004e", "2.0.post1"] {
            assert_eq!(list.answer(version), Answer::NotAffected, "{version}");
        }
        let odd = Affected::new(Scheme::Semver, ["not a version"], &[]);
        assert_eq!(odd.answer("not a version"), Answer::Affected);
        assert!(matches!(odd.answer("not a version either"), Answer::CannotTell(Doubt::Version(_))));
        assert_eq!(odd.answer("1.0.0"), Answer::NotAffected);
    }

    #[test]
    fn one_unreadable_range_hides_no_other() {
        let (bad, good) = (range(&[(Introduced, "?")]), range(&[(Introduced, "1.0"), (Fixed, "2.0")]));
        let both = Affected::new(Scheme::Semver, ["3.0"], &[&bad, &good]);
        assert_eq!(both.answer("1.5"), Answer::Affected);
        assert_eq!(both.answer("3.0.0"), Answer::Affected);
        assert!(matches!(both.answer("2.5"), Answer::CannotTell(Doubt::Range(_))));
    }

    #[test]
    fn a_version_of_another_scheme_is_not_compared() {
        let semver = Affected::new(Scheme::Semver, ["1.0"], &[&range(&[(Introduced, "0")])]);
        let other = Scheme::Rpm.parse("1.0").unwrap();
        assert!(matches!(semver.answer_for(&other, "1.0"), Answer::CannotTell(_)));
    }

    #[test]
    fn more_events_than_the_limit_are_refused() {
        let mut events = range(&[(Introduced, "1")]).repeat(MAX_EVENTS);
        assert!(Events::new(Scheme::Semver, &events).is_ok());
        events.push(Event { kind: Introduced, version: "1" });
        assert_eq!(Events::new(Scheme::Semver, &events), Err(RangeError::TooManyEvents { events: MAX_EVENTS + 1 }));
    }

    /// The algorithm of the specification, step by step, over whole numbers.
    fn naive(events: &[(EventKind, u8)], version: u8) -> bool {
        let limits: Vec<u8> = events.iter().filter(|(k, _)| *k == Limit).map(|(_, at)| *at).collect();
        if !limits.is_empty() && !limits.iter().any(|limit| version < *limit) {
            return false;
        }
        let mut sorted = events.to_vec();
        sorted.sort_by_key(|(_, at)| *at);
        let mut vulnerable = false;
        for (kind, at) in sorted {
            match kind {
                Introduced if version >= at => vulnerable = true,
                Fixed if version >= at => vulnerable = false,
                LastAffected if version > at => vulnerable = false,
                _ => {}
            }
        }
        vulnerable
    }

    fn kinds() -> impl Strategy<Value = EventKind> {
        prop_oneof![4 => Just(Introduced), 3 => Just(Fixed), 3 => Just(LastAffected), 1 => Just(Limit)]
    }

    proptest! {
        #[test]
        fn stretches_say_what_the_algorithm_of_the_specification_says(
            // One event at a version: at ties the algorithm depends on the order in which they are written.
            events in proptest::collection::btree_map(0_u8..40, kinds(), 0..12).prop_map(|map| {
                map.into_iter().map(|(at, kind)| (kind, at)).collect::<Vec<_>>()
            }).prop_shuffle(),
            versions in proptest::collection::vec(0_u8..42, 1..20),
        ) {
            let texts: Vec<String> = events.iter().map(|(_, at)| format!("{at}.0")).collect();
            let written: Vec<Event<'_>> =
                events.iter().zip(&texts).map(|((kind, _), version)| Event { kind: *kind, version }).collect();
            let affected = Affected::new(Scheme::Semver, [], &[&written]);
            let has_introduced = events.iter().any(|(kind, _)| *kind == Introduced);
            for version in versions {
                let expected = match (has_introduced, naive(&events, version)) {
                    (false, _) => Answer::CannotTell(RangeError::NoIntroduced.into()),
                    (true, true) => Answer::Affected,
                    (true, false) => Answer::NotAffected,
                };
                prop_assert_eq!(affected.answer(&version.to_string()), expected);
            }
        }
    }
}
