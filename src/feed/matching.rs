//! Whether a record calls a version of a package affected. It looks nothing up and decides nothing else.

use super::name;
use crate::model::AffectedPackage;
use crate::version::range::{self, Affected, Event};
use crate::version::{Scheme, Version};

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
    /// The version, or a range of the record, has no place in the order.
    #[error(transparent)]
    Order(#[from] range::Doubt),
    /// The record has ranges of commits alone.
    #[error("the record names commits alone, which say nothing of a version")]
    CommitsOnly,
    /// The order of the ecosystem's versions is not known, and the record does not list this version.
    #[error("the order of versions of {ecosystem} is not known")]
    UnknownOrder {
        /// As the record writes it.
        ecosystem: String,
    },
}

/// What one record says of one package, ready to be asked.
#[derive(Clone, Debug)]
pub struct Matcher {
    affected: Option<Affected>,
    /// For an ecosystem without an order: the listed versions, to be met as they are written.
    listed: Vec<String>,
    ecosystem: String,
    commits_only: bool,
}

impl Matcher {
    /// From what a record says of a package.
    pub fn new(package: &AffectedPackage) -> Self {
        let scheme = name::scheme(&package.ecosystem);
        let ranges: Vec<Vec<Event<'_>>> = package
            .ranges
            .iter()
            .map(|events| events.iter().map(|e| Event { kind: e.kind, version: &e.version }).collect())
            .collect();
        let ranges: Vec<&[Event<'_>]> = ranges.iter().map(Vec::as_slice).collect();
        let listed = package.versions.iter().map(String::as_str);
        Self {
            affected: scheme.map(|scheme| Affected::new(scheme, listed, &ranges)),
            listed: if scheme.is_none() { package.versions.clone() } else { Vec::new() },
            ecosystem: package.ecosystem.clone(),
            commits_only: package.has_commits && package.ranges.is_empty() && package.versions.is_empty(),
        }
    }

    /// The order of the versions that can be asked about; none where it is not known.
    pub fn scheme(&self) -> Option<Scheme> {
        name::scheme(&self.ecosystem)
    }

    /// Whether this version is affected. `NotAffected` is said only where everything could be read and compared.
    pub fn answer(&self, text: &str) -> Answer {
        self.with(text, |affected| affected.answer(text))
    }

    /// As [`Matcher::answer`], for a version that was read before; its text is for the doubt.
    pub fn answer_for(&self, version: &Version, text: &str) -> Answer {
        self.with(text, |affected| affected.answer_for(version, text))
    }

    fn with(&self, text: &str, ask: impl FnOnce(&Affected) -> range::Answer) -> Answer {
        if self.commits_only {
            return Answer::CannotTell(Doubt::CommitsOnly);
        }
        match self.affected.as_ref().map(ask) {
            Some(range::Answer::Affected) => Answer::Affected,
            Some(range::Answer::NotAffected) => Answer::NotAffected,
            Some(range::Answer::CannotTell(doubt)) => Answer::CannotTell(doubt.into()),
            None if self.listed.iter().any(|listed| listed == text) => Answer::Affected,
            None => Answer::CannotTell(Doubt::UnknownOrder { ecosystem: self.ecosystem.clone() }),
        }
    }
}

/// Whether a record calls this version affected. Who asks about many versions makes a [`Matcher`] once.
pub fn affected_by(package: &AffectedPackage, version: &str) -> Answer {
    Matcher::new(package).answer(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionEvent;
    use crate::version::range::EventKind;

    fn package(ecosystem: &str, versions: &[&str], ranges: Vec<Vec<VersionEvent>>, commits: bool) -> AffectedPackage {
        AffectedPackage {
            ecosystem: ecosystem.into(),
            package: "a".into(),
            versions: versions.iter().map(|v| (*v).to_owned()).collect(),
            ranges,
            has_commits: commits,
        }
    }

    fn until(version: &str) -> Vec<VersionEvent> {
        vec![VersionEvent::new(EventKind::Introduced, "0"), VersionEvent::new(EventKind::Fixed, version)]
    }

    #[test]
    fn a_list_and_a_range_both_count() {
        let both = package("PyPI", &["3.0"], vec![until("2.0")], true);
        for (version, answer) in [
            ("1.9", Answer::Affected),
            ("2.0", Answer::NotAffected),
            ("3.0.0", Answer::Affected),
            ("3.1", Answer::NotAffected),
        ] {
            assert_eq!(affected_by(&both, version), answer, "{version}");
        }
    }

    #[test]
    fn commits_alone_say_nothing_and_beside_a_list_they_do_not_matter() {
        assert_eq!(affected_by(&package("PyPI", &[], vec![], true), "1.0"), Answer::CannotTell(Doubt::CommitsOnly));
        assert_eq!(affected_by(&package("PyPI", &["2.0"], vec![], true), "1.0"), Answer::NotAffected);
    }

    #[test]
    fn an_ecosystem_without_an_order_has_listed_versions_alone() {
        let odd = package("Unheard", &["1.0"], vec![until("9")], false);
        assert_eq!(affected_by(&odd, "1.0"), Answer::Affected);
        let doubt = Doubt::UnknownOrder { ecosystem: "Unheard".into() };
        assert_eq!(affected_by(&odd, "1.0.0"), Answer::CannotTell(doubt));
    }

    #[test]
    fn what_cannot_be_read_is_a_doubt() {
        let bad = package("npm", &[], vec![until("two")], false);
        assert!(matches!(affected_by(&bad, "1.0.0"), Answer::CannotTell(Doubt::Order(_))));
        assert!(matches!(
            affected_by(&package("npm", &[], vec![], false), "1.0.0"),
            Answer::CannotTell(Doubt::Order(_))
        ));
    }
}
