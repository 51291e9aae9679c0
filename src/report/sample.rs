//! Verdicts for the tests of the renderers: few findings, ten, two hundred, none, incomplete, and one full of hostile text.

use crate::model::{
    Axis, Class, Component, Count, Digest, Evidence, FeedInfo, FeedKind, Finding, Fix, Gap, GapKind, Inventory,
    JudgedFinding, JudgedGap, Ledger, LedgerRow, Location, Note, PolicyInfo, RecordState, Recorded, RowState, RuleId,
    RuleInfo, Ruling, Scope, Severity, SeverityBasis, SignedRecord, Source, Stage, Timestamp, Tool, TreePath, Verdict,
};

/// 2026-09-01T12:00:00Z.
pub(super) const NOW: Timestamp = Timestamp(1_788_264_000);
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Texts that do harm somewhere when they are printed as they are.
pub(super) const HOSTILE: [&str; 10] = [
    "\u{1b}[31mred\u{1b}[0m\u{7}",
    "::error file=x::owned",
    "a\n::error::owned\r\n::set-output name=x::y",
    "%0A::error::owned%0D",
    "| ![x](https://evil.example/x.png) [y](javascript:alert(1)) @everyone #1 `code` <img src=x onerror=alert(1)>",
    "]]></failure><testcase name=\"x\"/><!-- --> &amp; '\"",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}\u{e0041}",
    "\u{0}\u{8}\u{7f}\u{9b}31m\u{85}\u{2028}\u{ffff}",
    "##[error]owned ##vso[task.complete]",
    "$(touch owned) `touch owned`; touch owned '\"",
];

fn info(id: RuleId, slug: &str, class: Class, severity: Severity) -> RuleInfo {
    RuleInfo {
        id,
        slug: slug.into(),
        title: format!("title of {slug}"),
        why: "Because of what it is.".into(),
        help: "Do what has to be done.".into(),
        severity,
        class,
        references: vec!["https://example.com/rule".into()],
    }
}

fn rules() -> Vec<RuleInfo> {
    vec![
        info(RuleId::VULNERABLE, "advisory/vulnerable", Class::Vulnerability, Severity::High),
        info(RuleId::UNMAINTAINED, "advisory/unmaintained", Class::Unmaintained, Severity::Low),
        info(RuleId::MALICIOUS, "advisory/malicious", Class::Malicious, Severity::Critical),
        info(RuleId::UNSOUND, "advisory/unsound", Class::Unsound, Severity::Medium),
        info(RuleId::YANKED, "package/yanked", Class::Yanked, Severity::Low),
        info(RuleId::CHECKSUM_MISMATCH, "package/checksum-mismatch", Class::Integrity, Severity::Critical),
        info(RuleId::WAIVER_UNUSED, "waiver/unused", Class::Waiver, Severity::Low),
    ]
}

fn component(name: &str, version: &str, line: u32) -> Component {
    Component {
        ecosystem: crate::model::Ecosystem::Cargo,
        name: name.into(),
        version: version.into(),
        source: Source::Default,
        checksum: Some(Digest::of(name.as_bytes())),
        line,
        column: 1,
        scope: Scope::Normal,
        conditions: Vec::new(),
    }
}

/// The record `#5` in a log that outlives the run or not.
pub(super) fn signed(durable: bool) -> Recorded {
    let signed = SignedRecord {
        index: 5,
        start: 4,
        log: "example.com/log".into(),
        verifier_key: "example.com/log+1a2b3c4d+AQID".into(),
        durable,
    };
    Recorded { state: RecordState::Signed(signed), meets_policy: true, unwritten: false }
}

/// A record that failed after its start.
pub(super) fn failed(why: &str) -> Recorded {
    Recorded { state: RecordState::Failed { why: why.into(), start: Some(4) }, meets_policy: true, unwritten: false }
}

/// A record that nobody could sign.
pub(super) fn proposal() -> Recorded {
    Recorded {
        state: RecordState::Proposal { statement: "{\"a\":1}".into(), is_kept: true },
        meets_policy: true,
        unwritten: false,
    }
}

/// A builder, so that a sample reads like a table.
struct Draft(JudgedFinding);

fn draft(rule: RuleId, package: (&str, &str), line: u32, advisory: &str, title: &str) -> Draft {
    let info = rules().into_iter().find(|info| info.id == rule).unwrap();
    let component = component(package.0, package.1, line);
    let message = match rule {
        RuleId::YANKED => format!("{} is yanked", component.label()),
        RuleId::UNMAINTAINED => format!("{} is unmaintained", component.label()),
        _ => format!("{} is affected by {advisory}", component.label()),
    };
    let excerpt =
        vec!["[[package]]".into(), format!("name = \"{}\"", package.0), format!("version = \"{}\"", package.1)];
    Draft(JudgedFinding {
        finding: Finding {
            rule,
            class: info.class,
            severity: info.severity,
            basis: match rule {
                RuleId::VULNERABLE => SeverityBasis::Assumed,
                RuleId::MALICIOUS => SeverityBasis::Malicious,
                _ => SeverityBasis::Rule,
            },
            advisory: (!advisory.is_empty()).then(|| advisory.to_owned()),
            aliases: Vec::new(),
            disclosed: Some(Timestamp(NOW.0 - 100 * DAY)),
            url: (!advisory.is_empty()).then(|| format!("https://rustsec.org/advisories/{advisory}")),
            component: Some(component),
            location: Location { path: TreePath::new("Cargo.lock"), line, column: 1 },
            excerpt,
            evidence: Vec::new(),
            fix: None,
            message,
            title: title.into(),
        },
        axis: Axis::Unknown,
        ruling: Ruling::Blocks,
        decided_by: "default fail-on = \"high\"".into(),
    })
}

impl Draft {
    fn cvss(mut self, score: f64) -> Self {
        self.0.finding.basis =
            SeverityBasis::Cvss { vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H".into(), score };
        self.0.finding.severity = Severity::of_score(score);
        self
    }

    fn aliases(mut self, aliases: &[&str]) -> Self {
        self.0.finding.aliases = aliases.iter().map(ToString::to_string).collect();
        self
    }

    fn range(mut self, interval: &str) -> Self {
        let version = self.0.finding.component.as_ref().unwrap().version.to_string();
        self.0.finding.evidence.push(Evidence::Range { interval: interval.into(), version });
        self
    }

    fn through(mut self, way: &[&str]) -> Self {
        self.0.finding.evidence.push(Evidence::ReachedThrough(way.iter().map(ToString::to_string).collect()));
        self
    }

    fn fixed(mut self, version: &str) -> Self {
        let component = self.0.finding.component.as_ref().unwrap();
        let command = format!("cargo update -p {}@{} --precise {version}", component.name, component.version);
        self.0.finding.fix = Some(Fix::Compatible { version: version.into(), command });
        self
    }

    fn fix(mut self, fix: Fix) -> Self {
        self.0.finding.fix = Some(fix);
        self
    }

    fn at(mut self, path: &str, line: u32) -> Self {
        self.0.finding.location = Location { path: TreePath::new(path), line, column: 1 };
        self
    }

    fn reported(mut self) -> JudgedFinding {
        self.0.ruling = Ruling::Reported;
        self.0.decided_by = format!("default {} = \"report\"", self.0.finding.class);
        self.0
    }

    fn waived(mut self, by: &str) -> JudgedFinding {
        self.0.ruling = Ruling::Waived { by: by.into(), expires: Timestamp(NOW.0 + 20 * DAY) };
        self.0.decided_by = by.into();
        self.0
    }

    fn blocks(self) -> JudgedFinding {
        self.0
    }
}

fn gap(kind: GapKind, stage: Stage, what: &str, why: &str) -> Gap {
    Gap::new(kind, stage, what, why)
}

fn judged(gap: Gap, ruling: Ruling) -> JudgedGap {
    let decided_by = format!("default {} = \"{}\"", gap.kind, if ruling == Ruling::Blocks { "fail" } else { "report" });
    JudgedGap { gap, ruling, decided_by }
}

fn row(path: &str, state: RowState) -> LedgerRow {
    LedgerRow { path: TreePath::new(path), kind: "cargo-lock", digest: Some(Digest::of(path.as_bytes())), state }
}

fn inventory(path: &str, components: Vec<Component>) -> Inventory {
    let edges = components.iter().map(|_| Vec::new()).collect();
    let counted = Count { independent: components.len(), left_out: Vec::new() };
    Inventory {
        path: TreePath::new(path),
        format: "cargo-lock",
        components,
        edges,
        origins: Vec::new(),
        counted,
        text: "".into(),
    }
}

fn feed() -> FeedInfo {
    FeedInfo {
        name: "rustsec".into(),
        kind: FeedKind::Installed,
        digest: Digest::of(b"feed"),
        advisories: 1_225,
        newest: Some(Timestamp(NOW.0 - 2 * DAY)),
        refreshed: Some(Timestamp(NOW.0 - 3 * HOUR)),
        commit: Some("8c1f1f4f8d5d6a2b7f0e9c3a1b2d4e5f60718293".into()),
    }
}

/// Nothing wrong.
pub(super) fn passed() -> Verdict {
    Verdict {
        findings: Vec::new(),
        gaps: Vec::new(),
        notes: Vec::new(),
        ledger: Ledger::new(vec![row("Cargo.lock", RowState::Parsed(2))]),
        inventories: vec![inventory("Cargo.lock", vec![component("demo", "0.1.0", 5), component("h2", "0.3.26", 412)])],
        feed: Some(feed()),
        sources: Vec::new(),
        policy: PolicyInfo {
            origin: "defaults".into(),
            digest: Digest::of(b"policy"),
            fail_on: Severity::High,
            waivers: 0,
            durable_trail: false,
        },
        rules: rules(),
        decided_at: NOW,
        base: None,
        tool: Tool { version: "0.1.0" },
    }
}

fn with(mut findings: Vec<JudgedFinding>) -> Verdict {
    findings.sort_by(|a, b| a.finding.order(&b.finding));
    Verdict { findings, ..passed() }
}

/// One of each ruling.
pub(super) fn few() -> Verdict {
    let v = RuleId::VULNERABLE;
    let mut verdict = with(vec![
        draft(v, ("h2", "0.3.25"), 412, "RUSTSEC-2024-0332", "endless CONTINUATION frames keep a server busy")
            .aliases(&["GHSA-q6cp-qfwq-4gcv"])
            .range("< 0.3.26")
            .through(&["demo 0.1.0", "reqwest 0.11.24", "hyper 0.14.28", "h2 0.3.25"])
            .fixed("0.3.26")
            .blocks(),
        draft(RuleId::UNMAINTAINED, ("atty", "0.2.14"), 88, "RUSTSEC-2024-0375", "nobody answers for it any more")
            .fix(Fix::NoneKnown)
            .reported(),
        draft(v, ("time", "0.1.45"), 901, "RUSTSEC-2020-0071", "reading the local offset can crash a threaded program")
            .cvss(6.2)
            .waived(".portcullis/waivers/time.toml"),
    ]);
    verdict.gaps = vec![judged(
        gap(GapKind::YankedUnknown, Stage::Check, "312 versions", "the feed has no yanked state"),
        Ruling::Reported,
    )];
    verdict.policy.waivers = 1;
    verdict
}

/// Ten problems in two lockfiles, with everything a block can show.
pub(super) fn ten() -> Verdict {
    let (v, u) = (RuleId::VULNERABLE, RuleId::UNMAINTAINED);
    let tokio = |id, title| draft(v, ("tokio", "1.8.3"), 640, id, title).through(&["demo 0.1.0", "tokio 1.8.3"]);
    let mut verdict = with(vec![
        draft(
            RuleId::MALICIOUS,
            ("rustdecimal", "1.23.1"),
            512,
            "RUSTSEC-2022-0042",
            "imitates rust_decimal and runs code on build machines",
        )
        .through(&["demo 0.1.0", "rustdecimal 1.23.1"])
        .fix(Fix::NoneKnown)
        .blocks(),
        tokio("RUSTSEC-2021-0124", "a closed oneshot channel lets two threads touch the same value")
            .cvss(8.1)
            .range(">= 1.8.0, < 1.8.4")
            .fixed("1.8.4")
            .blocks(),
        tokio("RUSTSEC-2023-0001", "a Windows named pipe forgets that it refuses remote clients")
            .range(">= 1.7.0, < 1.18.4")
            .fixed("1.18.4")
            .blocks(),
        tokio("RUSTSEC-2025-0023", "a broadcast value is cloned by several threads at once")
            .fix(Fix::Incompatible { patched: vec![">= 2.0.0".into()] })
            .blocks(),
        draft(v, ("h2", "0.3.25"), 412, "RUSTSEC-2024-0332", "endless CONTINUATION frames keep a server busy")
            .range("< 0.3.26")
            .through(&["demo 0.1.0", "reqwest 0.11.24", "hyper-tls 0.5.0", "hyper 0.14.28", "h2 0.3.25"])
            .fixed("0.3.26")
            .blocks(),
        draft(v, ("h2", "0.3.25"), 31, "RUSTSEC-2024-0332", "endless CONTINUATION frames keep a server busy")
            .at("tools/xtask/Cargo.lock", 31)
            .fixed("0.3.26")
            .blocks(),
        draft(
            RuleId::UNSOUND,
            ("atty", "0.2.14"),
            88,
            "RUSTSEC-2021-0145",
            "a custom allocator makes it read from an odd address",
        )
        .reported(),
        draft(u, ("atty", "0.2.14"), 88, "RUSTSEC-2024-0375", "nobody answers for it any more").reported(),
        draft(u, ("ansi_term", "0.12.1"), 61, "RUSTSEC-2021-0139", "its last release is years old").reported(),
        draft(RuleId::YANKED, ("futures-util", "0.3.30"), 333, "", "version is yanked").reported(),
        draft(v, ("time", "0.1.45"), 901, "RUSTSEC-2020-0071", "reading the local offset can crash a threaded program")
            .cvss(6.2)
            .waived(".portcullis/waivers/time.toml"),
    ]);
    let unused = Finding {
        component: None,
        advisory: None,
        url: None,
        disclosed: None,
        excerpt: vec!["id = \"RUSTSEC-2022-0013\"".into()],
        message: "the waiver for RUSTSEC-2022-0013 covers nothing".into(),
        location: Location::file(TreePath::new(".portcullis/waivers/regex.toml")),
        ..draft(RuleId::WAIVER_UNUSED, ("x", "1.0.0"), 1, "", "A waiver covers nothing").blocks().finding
    };
    let unused =
        JudgedFinding { finding: unused, axis: Axis::Unknown, ruling: Ruling::Reported, decided_by: "default".into() };
    verdict.findings.push(unused);
    verdict.findings.sort_by(|a, b| a.finding.order(&b.finding));
    verdict.gaps = (1..=14)
        .map(|n| {
            gap(
                GapKind::NotCovered,
                Stage::Check,
                &format!("internal-{n} 0.1.0"),
                "it comes from git, which no feed covers",
            )
        })
        .map(|gap| judged(gap.with_path(TreePath::new("Cargo.lock")), Ruling::Reported))
        .chain([judged(
            gap(GapKind::YankedUnknown, Stage::Check, "312 versions", "the feed has no yanked state"),
            Ruling::Reported,
        )])
        .collect();
    verdict.ledger = Ledger::new(vec![
        row("Cargo.lock", RowState::Parsed(312)),
        row("tools/xtask/Cargo.lock", RowState::Parsed(58)),
        row("fixtures", RowState::Excluded("[[exclude]] at portcullis.toml:9".into())),
    ]);
    verdict.notes = vec![Note {
        what: "this change relaxes the policy".into(),
        help: "have the owners of portcullis.toml look at it".into(),
    }];
    verdict.base = Some("3f786850e387550fdab836ed7e6dc881de23001b".into());
    verdict
}

/// Two hundred findings on eighty packages, most of which block, in three lockfiles.
pub(super) fn two_hundred() -> Verdict {
    let findings = (0..200_u32).map(|n| {
        let package = format!("package-{:02}", n % 80);
        let rule = if n % 5 == 4 { RuleId::UNMAINTAINED } else { RuleId::VULNERABLE };
        let id = format!("RUSTSEC-20{:02}-{:04}", 18 + n % 9, n);
        let path = ["Cargo.lock", "services/api/Cargo.lock", "tools/Cargo.lock"][usize::try_from(n % 3).unwrap()];
        let one = draft(rule, (&package, "1.2.3"), 10 + n, &id, "Something that should not happen").at(path, 10 + n);
        match (rule, n % 3) {
            (RuleId::UNMAINTAINED, _) => one.reported(),
            (_, 0) => one.fixed("1.2.4").blocks(),
            (_, 1) => one.cvss(9.8).fixed("1.3.0").blocks(),
            _ => one.cvss(7.5).fix(Fix::Incompatible { patched: vec![">= 2.0.0".into()] }).blocks(),
        }
    });
    let mut verdict = with(findings.collect());
    verdict.ledger = Ledger::new(
        ["Cargo.lock", "services/api/Cargo.lock", "tools/Cargo.lock"]
            .map(|path| row(path, RowState::Parsed(480)))
            .into(),
    );
    verdict
}

/// Nothing blocks, two things could not be judged, one gap is accepted, and the feed holds landmarks only.
pub(super) fn incomplete() -> Verdict {
    let mut verdict = passed();
    let vendor = TreePath::new("vendor/Cargo.lock");
    verdict.gaps = vec![
        judged(
            gap(GapKind::ParseFailed, Stage::Inventory, "vendor/Cargo.lock", "conflict markers in line 12")
                .with_path(vendor)
                .with_line(12)
                .with_help("resolve the conflict and commit the file again"),
            Ruling::Blocks,
        ),
        judged(
            gap(GapKind::FeedStale, Stage::Feed, "rustsec", "refreshed 9 days ago, and feed.fail-age is 7d")
                .with_help("run `portcullis feed update`"),
            Ruling::Blocks,
        ),
        judged(
            gap(GapKind::Unlocked, Stage::Inventory, "legacy/Cargo.toml", "no lockfile covers it")
                .with_path(TreePath::new("legacy/Cargo.toml")),
            Ruling::Waived { by: "portcullis.toml:12".into(), expires: Timestamp(NOW.0 + 30 * DAY) },
        ),
    ];
    verdict.gaps.sort_by(|a, b| a.gap.cmp(&b.gap));
    verdict.ledger = Ledger::new(vec![
        row("Cargo.lock", RowState::Parsed(2)),
        row("vendor/Cargo.lock", RowState::Failed("conflict markers in line 12".into())),
    ]);
    verdict.feed = Some(FeedInfo {
        kind: FeedKind::EmbeddedLandmarks,
        advisories: 163,
        commit: None,
        refreshed: Some(Timestamp(NOW.0 - 11 * DAY)),
        ..feed()
    });
    verdict
}

/// Every field that can hold foreign text holds this one.
pub(super) fn hostile(text: &str) -> Verdict {
    let mut verdict = ten();
    let t = || text.to_owned();
    for judged in &mut verdict.findings {
        let finding = &mut judged.finding;
        finding.advisory = finding.advisory.as_ref().map(|id| format!("{id}{text}"));
        finding.aliases = vec![t(), t()];
        finding.url = Some(t());
        finding.message = t();
        finding.title = t();
        finding.excerpt = vec![t(), format!("version = \"{text}\"")];
        finding.location.path = TreePath::new(t());
        finding.evidence = vec![
            Evidence::Range { interval: t(), version: t() },
            Evidence::Functions(vec![t()]),
            Evidence::Arch(vec![t()]),
            Evidence::Os(vec![t()]),
            Evidence::ReachedThrough(vec![t(), t(), t()]),
            Evidence::Digests { expected: Digest::of(b"a"), found: Digest::of(b"b") },
        ];
        finding.fix = match finding.fix.take() {
            Some(Fix::Compatible { .. }) => Some(Fix::Compatible { version: t(), command: t() }),
            Some(Fix::Incompatible { .. }) => Some(Fix::Incompatible { patched: vec![t()] }),
            other => other,
        };
        if let Some(component) = &mut finding.component {
            component.name = format!("{}{text}", component.name).into();
            component.version = format!("{}{text}", component.version).into();
            component.conditions = vec![t().into()];
            component.source = Source::Git(t().into());
        }
        if let SeverityBasis::Cvss { vector, .. } = &mut finding.basis {
            *vector = t();
        }
        judged.decided_by = t();
        if let Ruling::Waived { by, .. } = &mut judged.ruling {
            *by = t();
        }
    }
    let expires = Timestamp(NOW.0 + DAY);
    verdict.gaps = [Ruling::Blocks, Ruling::Reported, Ruling::Waived { by: t(), expires }]
        .into_iter()
        .map(|ruling| {
            let gap = gap(GapKind::ParseFailed, Stage::Inventory, text, text)
                .with_path(TreePath::new(t()))
                .with_line(3)
                .with_help(t());
            JudgedGap { gap, ruling, decided_by: t() }
        })
        .collect();
    verdict.ledger = Ledger::new(vec![
        row(text, RowState::Parsed(1)),
        row(&format!("{text}1"), RowState::Failed(t())),
        row(&format!("{text}2"), RowState::Unsupported(t())),
        row(&format!("{text}3"), RowState::Excluded(t())),
    ]);
    let mut component = component(text, text, 1);
    component.conditions = vec![t().into()];
    component.source = Source::Registry(t().into());
    verdict.inventories = vec![inventory(text, vec![component])];
    verdict.notes = vec![Note { what: t(), help: t() }];
    verdict.base = Some(t());
    verdict.policy.origin = t();
    verdict.feed = Some(FeedInfo { name: t(), commit: Some(t()), ..feed() });
    verdict
}

/// Every sample.
pub(super) fn all() -> Vec<Verdict> {
    let mut all = vec![passed(), few(), ten(), two_hundred(), incomplete()];
    all.extend(HOSTILE.map(hostile));
    all
}
