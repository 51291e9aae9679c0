//! Is the pinned Rust toolchain affected by an advisory on `std`, `cargo` or another of its parts?

use super::advisory::{severity, where_in_package};
use crate::feed::Feed;
use crate::inventory::toolchain::{Channel, Toolchain};
use crate::model::{
    Advisory, Class, Collection, Evidence, Finding, Fix, Gap, GapKind, Interval, Location, Partial, RuleId, Source,
    Stage, TreePath,
};
use semver::Version;

/// The packages of the database's `rust/` collection. A test over the real database fails when it has another one.
pub const TOOLCHAIN_PARTS: &[&str] =
    &["alloc", "cargo", "clippy", "core", "rustc", "rustdoc", "rustfmt", "rustup", "std"];

/// Checks every toolchain file, and tells for each lockfile without one that the toolchain is not pinned.
pub fn toolchains(pinned: &[Toolchain], locks: &[TreePath], feed: Option<&Feed>) -> Partial<Vec<Finding>> {
    let mut out = Partial::whole(Vec::new());
    for toolchain in pinned {
        match feed {
            Some(feed) => one(toolchain, feed, &mut out),
            None => out.gaps.push(
                Gap::new(GapKind::FeedMissing, Stage::Check, "Rust toolchain", "no feed in use has advisories on it")
                    .with_path(toolchain.path.clone())
                    .with_line(toolchain.line)
                    .with_help("portcullis feed update"),
            ),
        }
    }
    let mut told: Vec<&str> = Vec::new();
    for lock in locks {
        let dir = lock.parent();
        let governed = pinned.iter().any(|p| {
            let above = p.path.parent();
            above.is_empty() || dir == above || dir.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
        });
        if !governed && !told.contains(&dir) {
            told.push(dir);
            out.gaps.push(
                Gap::new(
                    GapKind::ToolchainUnpinned,
                    Stage::Check,
                    "Rust toolchain",
                    "no rust-toolchain file pins a version",
                )
                .with_path(lock.clone())
                .with_help("pin it: a rust-toolchain.toml with [toolchain] channel = \"1.x.y\""),
            );
        }
    }
    out
}

fn one(toolchain: &Toolchain, feed: &Feed, out: &mut Partial<Vec<Finding>>) {
    let gap = |kind, why: String, help: String| {
        Gap::new(kind, Stage::Check, "Rust toolchain", why)
            .with_path(toolchain.path.clone())
            .with_line(toolchain.line)
            .with_help(help)
    };
    let (low, high) = match &toolchain.channel {
        Channel::Pinned(version) => (version.clone(), version.clone()),
        // `1.70` stands for the newest 1.70.x that rustup finds: both ends of the series are asked.
        Channel::Series { major, minor } => (Version::new(*major, *minor, 0), Version::new(*major, *minor, u64::MAX)),
        Channel::Floating(name) => {
            let why = format!("the channel {name} is not a version");
            let help = "pin it: channel = \"1.x.y\"".to_owned();
            return out.gaps.push(gap(GapKind::ToolchainUnpinned, why, help));
        }
        Channel::Path(path) => {
            let why = format!("a toolchain at the path {path} has no version that could be checked");
            return out.gaps.push(gap(GapKind::ToolchainUnpinned, why, "pin it: channel = \"1.x.y\"".into()));
        }
    };
    for part in TOOLCHAIN_PARTS {
        let records = match feed.for_package(Collection::Rust, part) {
            Ok(records) => records,
            Err(e) => {
                out.gaps.push(gap(GapKind::FeedUnusable, e.to_string(), e.help()));
                continue;
            }
        };
        for record in records.iter().filter(|r| r.withdrawn.is_none()) {
            match (record.ranges.matching(&low), record.ranges.matching(&high)) {
                (Some(interval), Some(_)) => out.value.push(finding(toolchain, part, &low, record, interval)),
                (None, None) => {}
                _ => {
                    let why =
                        format!("{} affects some releases of the series {}.{} only", record.id, low.major, low.minor);
                    out.gaps.push(gap(
                        GapKind::ToolchainUnpinned,
                        why,
                        "pin the patch release: channel = \"1.x.y\"".into(),
                    ));
                }
            }
        }
    }
}

/// The line of the channel. The file is small, and its reader has bounded it.
fn line_of(toolchain: &Toolchain) -> Vec<String> {
    let line = usize::try_from(toolchain.line).ok().and_then(|l| toolchain.text.lines().nth(l.checked_sub(1)?));
    line.map(|l| l.chars().take(super::EXCERPT_CHARS).collect()).into_iter().collect()
}

fn finding(toolchain: &Toolchain, part: &str, version: &Version, record: &Advisory, interval: &Interval) -> Finding {
    let (severity, basis) = severity(record, RuleId::TOOLCHAIN_VULNERABLE);
    let mut evidence = vec![Evidence::Range { interval: interval.to_string(), version: version.to_string() }];
    evidence.extend(where_in_package(record, version));
    Finding {
        rule: RuleId::TOOLCHAIN_VULNERABLE,
        class: Class::Vulnerability,
        severity,
        basis,
        advisory: Some(record.id.clone()),
        aliases: record.aliases.clone(),
        disclosed: Some(record.date),
        url: record.url.clone(),
        component: Some(crate::model::Component {
            ecosystem: crate::model::Ecosystem::Cargo,
            name: part.into(),
            version: version.to_string().into(),
            source: Source::Local,
            checksum: None,
            line: toolchain.line,
            column: toolchain.column,
            scope: crate::model::Scope::Unknown,
            conditions: Vec::new(),
        }),
        location: Location { path: toolchain.path.clone(), line: toolchain.line, column: toolchain.column },
        excerpt: line_of(toolchain),
        evidence,
        fix: Some(match &interval.fixed {
            Some(fixed) => Fix::Incompatible { patched: vec![format!(">= {fixed}")] },
            None => Fix::NoneKnown,
        }),
        message: format!("{part} of Rust {version} is affected by {}", record.id),
        title: record.title.clone(),
    }
}
