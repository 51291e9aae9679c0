//! Records of several databases on one package to problems: what are two views of one thing is told once. It does not
//! look records up, and does not decide which of them is right.

use crate::model::{Kind, Record};
use std::collections::{BTreeMap, BTreeSet};

/// What a record says of the version in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// It is affected.
    Affected,
    /// It cannot be told.
    CannotTell,
    /// It is not, while other versions are.
    NotAffected,
    /// Nothing any more.
    Withdrawn,
}

/// A record, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said<'a> {
    /// The name of the source that the record came from.
    pub source: &'a str,
    /// The record.
    pub record: &'a Record,
    /// What it says.
    pub says: Says,
}

/// One problem of one package, as one or several databases see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem<'a> {
    /// The kind, which all of its records have.
    pub kind: Kind,
    /// At least one. Those that call the version affected come first, then databases of one ecosystem before those of
    /// all, then by id.
    pub said: Vec<Said<'a>>,
}

/// Databases over many ecosystems, whose ids are shown after the others.
const GENERAL: [&str; 4] = ["CVE", "GHSA", "OSV", "SNYK"];

impl Problem<'_> {
    /// The id that it is shown under.
    pub fn id(&self) -> &str {
        self.said.first().map_or("", |said| &said.record.id) // there is at least one
    }

    /// Every id that it has, aliases included: a waiver by one of them covers all of them.
    pub fn ids(&self) -> BTreeSet<&str> {
        self.said.iter().flat_map(|said| names(said.record)).collect()
    }

    /// Whether its records say different things of the version.
    pub fn disagrees(&self) -> bool {
        self.said.windows(2).any(|pair| matches!(pair, [a, b] if a.says != b.says))
    }
}

/// Joins records of one package. What comes out is in the order of kind and id, whatever the order of what goes in.
///
/// One record that two sources carry is one. Beyond that two records are joined when they are of one kind, of different
/// databases, and name each other or share an alias, and when each is the only one of its database that does so for the
/// other. So ids of one database are never joined, not over a third record either: where that would happen, all of them
/// stay apart. A record that names several CVEs speaks of several problems and is joined to nothing.
pub fn merge<'a>(said: &[Said<'a>]) -> Vec<Problem<'a>> {
    let mut nodes: BTreeMap<(Kind, &str, &str), Vec<Said<'a>>> = BTreeMap::new();
    for one in said {
        nodes.entry((one.record.kind, &one.record.database, &one.record.id)).or_default().push(*one);
    }
    let nodes: Vec<Node<'a>> =
        nodes.into_iter().map(|((kind, database, _), said)| Node::of(kind, database, said)).collect();
    let mut out: Vec<Problem<'a>> = components(&nodes)
        .into_iter()
        .flat_map(|group| {
            let databases: BTreeSet<_> = group.iter().map(|node| node.database).collect();
            if databases.len() == group.len() {
                vec![group]
            } else {
                group.into_iter().map(|node| vec![node]).collect()
            }
        })
        .map(problem)
        .collect();
    out.sort_by(|a, b| (a.kind, a.id(), order(a)).cmp(&(b.kind, b.id(), order(b))));
    out
}

/// One record, whichever sources carry it.
struct Node<'a> {
    kind: Kind,
    database: &'a str,
    said: Vec<Said<'a>>,
    /// The names by which it can be joined, in upper case; none for a record on several CVEs.
    names: BTreeSet<String>,
}

impl<'a> Node<'a> {
    fn of(kind: Kind, database: &'a str, said: Vec<Said<'a>>) -> Self {
        let mut names: BTreeSet<String> =
            said.iter().flat_map(|said| names(said.record)).map(str::to_ascii_uppercase).collect();
        if names.iter().filter(|name| name.starts_with("CVE-")).count() > 1 {
            names.clear();
        }
        Self { kind, database, said, names }
    }
}

fn names(record: &Record) -> impl Iterator<Item = &str> {
    std::iter::once(&record.id).chain(&record.aliases).map(String::as_str)
}

/// Groups of nodes that are joined directly or over others.
fn components<'n, 'a>(nodes: &'n [Node<'a>]) -> Vec<Vec<&'n Node<'a>>> {
    let mut by_name: BTreeMap<(Kind, &str), Vec<usize>> = BTreeMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for name in &node.names {
            by_name.entry((node.kind, name)).or_default().push(at);
        }
    }
    // For each node and database the others that share a name with it.
    let mut near: Vec<BTreeMap<&str, BTreeSet<usize>>> = nodes.iter().map(|_| BTreeMap::new()).collect();
    for sharing in by_name.values() {
        for at in sharing {
            for other in sharing {
                if let (Some(node), Some(near)) = (nodes.get(*other), near.get_mut(*at))
                    && at != other
                {
                    near.entry(node.database).or_default().insert(*other);
                }
            }
        }
    }
    let only = |at: usize, other: usize| {
        let database = nodes.get(other).map(|node| node.database)?;
        let found = near.get(at)?.get(database)?;
        (found.len() == 1 && found.contains(&other)).then_some(())
    };
    let mut group_of: Vec<usize> = (0..nodes.len()).collect();
    for (at, by_database) in near.iter().enumerate() {
        for other in by_database.values().flatten() {
            if only(at, *other).and_then(|()| only(*other, at)).is_some() {
                let (a, b) = (group_of.get(at).copied(), group_of.get(*other).copied());
                // Few records speak of one package: renaming a group is cheap.
                if let (Some(a), Some(b)) = (a, b) {
                    group_of.iter_mut().filter(|group| **group == b).for_each(|group| *group = a);
                }
            }
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Node<'a>>> = BTreeMap::new();
    for (node, group) in nodes.iter().zip(&group_of) {
        groups.entry(*group).or_default().push(node); // one group for each node, by construction
    }
    groups.into_values().collect()
}

fn problem<'a>(group: Vec<&Node<'a>>) -> Problem<'a> {
    let kind = group.first().map_or(Kind::Vulnerability, |node| node.kind); // a group has at least one
    let mut said: Vec<Said<'a>> = group.into_iter().flat_map(|node| node.said.iter().copied()).collect();
    said.sort_by(|a, b| rank(a).cmp(&rank(b)));
    Problem { kind, said }
}

fn rank<'a>(said: &Said<'a>) -> impl Ord + use<'a> {
    let general = GENERAL.contains(&said.record.database.as_str());
    (said.says, general, said.record.id.as_str(), said.source)
}

/// What tells two problems of one kind and id apart: the records that they have.
fn order(problem: &Problem<'_>) -> Vec<(String, String)> {
    problem.said.iter().map(|said| (said.record.database.clone(), said.source.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::osv;
    use proptest::prelude::*;

    fn record(id: &str, aliases: &[&str], kind: Kind) -> Record {
        Record {
            id: id.into(),
            database: osv::database(id).to_owned(),
            kind,
            title: String::new(),
            description: String::new(),
            published: None,
            modified: None,
            withdrawn: None,
            aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
            related: Vec::new(),
            ratings: Vec::new(),
            references: Vec::new(),
            affected: Vec::new(),
        }
    }

    fn vulnerability(id: &str, aliases: &[&str]) -> Record {
        record(id, aliases, Kind::Vulnerability)
    }

    fn said(records: &[Record]) -> Vec<Said<'_>> {
        records.iter().map(|record| Said { source: "s", record, says: Says::Affected }).collect()
    }

    fn groups(records: &[Record]) -> Vec<Vec<&str>> {
        merge(&said(records)).iter().map(|p| p.said.iter().map(|s| s.record.id.as_str()).collect()).collect()
    }

    #[test]
    fn two_views_of_one_problem_are_one() {
        let records = [vulnerability("GHSA-1", &["CVE-1"]), vulnerability("PYSEC-1", &["CVE-1"])];
        assert_eq!(groups(&records), [["PYSEC-1", "GHSA-1"]]);
        let merged = merge(&said(&records));
        assert_eq!(merged[0].ids().into_iter().collect::<Vec<_>>(), ["CVE-1", "GHSA-1", "PYSEC-1"]);
        assert!(!merged[0].disagrees());
        let by_id = [vulnerability("GHSA-1", &[]), vulnerability("GO-1", &["ghsa-1"])];
        assert_eq!(groups(&by_id), [["GO-1", "GHSA-1"]]);
        let apart = [vulnerability("GHSA-1", &["CVE-1"]), vulnerability("PYSEC-1", &["CVE-2"])];
        assert_eq!(groups(&apart), [["GHSA-1"], ["PYSEC-1"]]);
    }

    #[test]
    fn another_kind_is_another_problem() {
        let records = [vulnerability("GHSA-1", &["CVE-1"]), record("RUSTSEC-1", &["CVE-1"], Kind::Unmaintained)];
        assert_eq!(groups(&records), [["GHSA-1"], ["RUSTSEC-1"]]);
    }

    #[test]
    fn a_record_on_several_cves_joins_nothing() {
        // As RUSTSEC-2019-0036 and RUSTSEC-2020-0036 are written, with the two records that they name.
        let shared = ["CVE-2019-25010", "CVE-2020-25575", "GHSA-jq66", "GHSA-r98r"];
        for second in [Kind::Unmaintained, Kind::Unsound] {
            let records = [
                record("RUSTSEC-2019-0036", &shared, Kind::Unsound),
                record("RUSTSEC-2020-0036", &shared, second),
                record("GHSA-jq66", &["CVE-2019-25010"], Kind::Unsound),
                record("GHSA-r98r", &["CVE-2020-25575"], Kind::Unsound),
            ];
            assert_eq!(groups(&records).len(), 4);
        }
    }

    #[test]
    fn ids_of_one_database_never_merge_not_over_a_third_either() {
        let shared = [vulnerability("PYSEC-1", &["CVE-1"]), vulnerability("PYSEC-2", &["CVE-1"])];
        assert_eq!(groups(&shared), [["PYSEC-1"], ["PYSEC-2"]]);
        let over = [
            vulnerability("PYSEC-1", &["CVE-1"]),
            vulnerability("PYSEC-2", &["GHSA-1"]),
            vulnerability("GHSA-1", &["CVE-1"]),
        ];
        assert_eq!(groups(&over), [["GHSA-1"], ["PYSEC-1"], ["PYSEC-2"]]);
        let chain = [
            vulnerability("PYSEC-1", &["CVE-1"]),
            vulnerability("GHSA-1", &["CVE-1", "BIT-1"]),
            vulnerability("BIT-1", &["PYSEC-2"]),
            vulnerability("PYSEC-2", &[]),
        ];
        assert_eq!(groups(&chain).len(), 4);
    }

    #[test]
    fn one_record_of_two_sources_is_one_and_disagreement_is_seen() {
        let (one, other) = (vulnerability("GHSA-1", &["CVE-1"]), vulnerability("GO-1", &["CVE-1"]));
        let said = [
            Said { source: "b", record: &one, says: Says::Affected },
            Said { source: "a", record: &one, says: Says::Affected },
            Said { source: "go", record: &other, says: Says::NotAffected },
        ];
        let merged = merge(&said);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].said.iter().map(|s| s.source).collect::<Vec<_>>(), ["a", "b", "go"]);
        assert!(merged[0].disagrees());
        assert_eq!(merged[0].id(), "GHSA-1");
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_nothing_is_lost(
            (records, shuffled) in proptest::collection::vec(
                (0_usize..3, 0_u8..5, proptest::collection::vec((0_usize..3, 0_u8..5), 0..3)), 0..10)
                .prop_map(|parts| {
                    const DATABASES: [&str; 3] = ["GHSA", "PYSEC", "CVE"];
                    parts.into_iter().map(|(database, number, aliases)| {
                        let aliases: Vec<String> =
                            aliases.iter().map(|(d, n)| format!("{}-{n}", DATABASES[*d])).collect();
                        let aliases: Vec<&str> = aliases.iter().map(String::as_str).collect();
                        vulnerability(&format!("{}-{number}", DATABASES[database]), &aliases)
                    }).collect::<Vec<_>>()
                })
                .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        ) {
            let merged = merge(&said(&records));
            prop_assert_eq!(merged.iter().map(|p| p.said.len()).sum::<usize>(), records.len());
            let ids = |merged: &[Problem<'_>]| {
                merged.iter().map(|p| p.said.iter().map(|s| s.record.id.clone()).collect::<Vec<_>>()).collect::<Vec<_>>()
            };
            prop_assert_eq!(ids(&merged), ids(&merge(&said(&shuffled))));
            for problem in &merged {
                let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
                for one in &problem.said {
                    let id = seen.entry(&one.record.database).or_insert(&one.record.id);
                    prop_assert_eq!(*id, &one.record.id, "two ids of one database");
                }
            }
        }
    }
}
