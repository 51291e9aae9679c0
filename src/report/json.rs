//! The JSON report, `portcullis-report/1`. `schema/report.schema.json` describes it and is kept in step by a test.
//!
//! A key is always there; what does not apply is null. Keys are in the order of the structs.

use super::{Format, RenderError, Style, words};
use crate::model::{
    Component, Evidence, FeedInfo, FeedKind, Fix, JudgedFinding, JudgedGap, LedgerRow, Note, RecordState, Recorded,
    RowState, Ruling, Severity, SeverityBasis, Source, SourceSays, TreePath, Verdict,
};
use crate::text::neutral;
use serde::Serialize;

/// The name and version of the format. The number grows when a key changes its meaning or goes away.
const SCHEMA: &str = "portcullis-report/1";

/// Renders the report.
pub(super) fn render(verdict: &Verdict, recorded: &Recorded, style: &Style) -> Result<String, RenderError> {
    let report = Report::new(verdict, recorded, style.components);
    let mut text = serde_json::to_string_pretty(&report)
        .map_err(|source| RenderError::Serialise { format: Format::Json, source })?;
    text.push('\n');
    Ok(neutral::json(&text).into_owned())
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    verdict: &'static str,
    exit_code: u8,
    decided_at: String,
    tool: Tool,
    base: Option<&'a str>,
    summary: Summary,
    policy: Policy<'a>,
    feed: Option<Feed<'a>>,
    sources: Vec<Feed<'a>>,
    record: Record<'a>,
    notes: Vec<NoteRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    gaps: Vec<GapRow<'a>>,
    ledger: Vec<FileRow<'a>>,
    components: Option<Vec<ComponentRow<'a>>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Summary {
    findings: Counts,
    blocking: Bands,
    gaps: GapCounts,
    files: Files,
    lockfiles: usize,
    components: usize,
}

#[derive(Serialize)]
struct Counts {
    total: usize,
    blocking: usize,
    reported: usize,
    waived: usize,
}

#[derive(Serialize)]
struct Bands {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    none: usize,
}

#[derive(Serialize)]
struct GapCounts {
    total: usize,
    blocking: usize,
    reported: usize,
    accepted: usize,
}

#[derive(Serialize)]
struct Files {
    parsed: usize,
    failed: usize,
    unsupported: usize,
    excluded: usize,
}

#[derive(Serialize)]
struct Policy<'a> {
    origin: &'a str,
    digest: String,
    fail_on: &'static str,
    waivers: usize,
}

#[derive(Serialize)]
struct Feed<'a> {
    name: &'a str,
    kind: &'static str,
    /// Whether it holds the whole database, and not only its landmarks.
    complete: bool,
    digest: String,
    advisories: usize,
    newest: Option<String>,
    refreshed: Option<String>,
    age_seconds: Option<u64>,
    commit: Option<&'a str>,
}

/// What became of the record of this run.
#[derive(Serialize)]
struct Record<'a> {
    state: &'static str,
    /// Whether it is what `trail.durable` of the policy asks for.
    meets_policy: bool,
    index: Option<u64>,
    start: Option<u64>,
    log: Option<&'a str>,
    verifier_key: Option<&'a str>,
    durable: Option<bool>,
    why: Option<&'a str>,
    /// The unsigned statement, as the text that a key would sign.
    proposal: Option<&'a str>,
}

#[derive(Serialize)]
struct NoteRow<'a> {
    what: &'a str,
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    rule: &'static str,
    slug: &'a str,
    class: &'static str,
    severity: &'static str,
    basis: String,
    score: Option<f64>,
    vector: Option<&'a str>,
    advisory: Option<&'a str>,
    aliases: &'a [String],
    disclosed: Option<String>,
    url: Option<&'a str>,
    title: &'a str,
    message: &'a str,
    purl: Option<String>,
    ecosystem: Option<&'static str>,
    name: Option<&'a str>,
    version: Option<&'a str>,
    source: Option<&'static str>,
    source_url: Option<&'a str>,
    scope: Option<&'static str>,
    conditions: Vec<&'a str>,
    path: &'a str,
    line: u32,
    column: u32,
    fingerprint: String,
    axis: &'static str,
    ruling: &'static str,
    blocks: bool,
    decided_by: &'a str,
    waived_by: Option<&'a str>,
    waived_until: Option<String>,
    fix: Option<FixRow<'a>>,
    evidence: Vec<EvidenceRow<'a>>,
}

#[derive(Serialize)]
struct FixRow<'a> {
    kind: &'static str,
    version: Option<&'a str>,
    command: Option<&'a str>,
    patched: Option<&'a [String]>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum EvidenceRow<'a> {
    Range { interval: &'a str, version: &'a str },
    Functions { names: &'a [String] },
    Arch { names: &'a [String] },
    Os { names: &'a [String] },
    ReachedThrough { packages: &'a [String] },
    Sources { sources: Vec<SaysRow<'a>> },
    Digests { expected: String, found: String },
}

#[derive(Serialize)]
struct SaysRow<'a> {
    source: &'a str,
    id: &'a str,
    says: &'static str,
    fixed: Option<&'a str>,
}

impl<'a> SaysRow<'a> {
    fn new(says: &'a SourceSays) -> Self {
        Self { source: &says.source, id: &says.id, says: says.says, fixed: says.fixed.as_deref() }
    }
}

#[derive(Serialize)]
struct GapRow<'a> {
    stage: String,
    kind: &'static str,
    what: &'a str,
    why: &'a str,
    help: Option<&'a str>,
    path: Option<&'a str>,
    line: Option<u32>,
    digest: Option<String>,
    ruling: &'static str,
    blocks: bool,
    decided_by: &'a str,
    accepted_by: Option<&'a str>,
    accepted_until: Option<String>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    kind: &'static str,
    state: &'static str,
    components: Option<usize>,
    why: Option<&'a str>,
    digest: Option<String>,
}

#[derive(Serialize)]
struct ComponentRow<'a> {
    purl: String,
    ecosystem: &'static str,
    name: &'a str,
    version: &'a str,
    source: &'static str,
    source_url: Option<&'a str>,
    checksum: Option<String>,
    scope: &'static str,
    conditions: Vec<&'a str>,
    path: &'a str,
    line: u32,
    column: u32,
}

impl<'a> Report<'a> {
    fn new(verdict: &'a Verdict, recorded: &'a Recorded, components: bool) -> Self {
        let listed = || {
            let of_file = |inventory: &'a crate::model::Inventory| {
                inventory.components.iter().map(|component| ComponentRow::new(component, inventory.path.as_str()))
            };
            verdict.inventories.iter().flat_map(of_file).collect()
        };
        Self {
            schema: SCHEMA,
            verdict: verdict.outcome().as_str(),
            exit_code: recorded.exit_code(verdict.outcome()),
            decided_at: verdict.decided_at.to_string(),
            tool: Tool { name: "portcullis", version: verdict.tool.version },
            base: verdict.base.as_deref(),
            summary: Summary::new(verdict),
            policy: Policy {
                origin: &verdict.policy.origin,
                digest: verdict.policy.digest.to_string(),
                fail_on: verdict.policy.fail_on.as_str(),
                waivers: verdict.policy.waivers,
            },
            feed: verdict.feed.as_ref().map(|feed| Feed::new(verdict, feed)),
            sources: verdict.sources.iter().map(|feed| Feed::new(verdict, feed)).collect(),
            record: Record::new(recorded),
            notes: verdict.notes.iter().map(NoteRow::new).collect(),
            findings: verdict.findings.iter().map(|judged| FindingRow::new(verdict, judged)).collect(),
            gaps: verdict.gaps.iter().map(GapRow::new).collect(),
            ledger: verdict.ledger.rows().iter().map(FileRow::new).collect(),
            components: components.then(listed),
        }
    }
}

impl Summary {
    fn new(verdict: &Verdict) -> Self {
        let (findings, gaps) = (words::findings(verdict), words::gaps(verdict));
        let band = |band: Severity| words::blocking(verdict).filter(|judged| judged.finding.severity == band).count();
        let files = |state: &str| verdict.ledger.rows().iter().filter(|row| row.state.as_str() == state).count();
        Self {
            findings: Counts {
                total: findings.total(),
                blocking: findings.blocking,
                reported: findings.reported,
                waived: findings.waived,
            },
            blocking: Bands {
                critical: band(Severity::Critical),
                high: band(Severity::High),
                medium: band(Severity::Medium),
                low: band(Severity::Low),
                none: band(Severity::None),
            },
            gaps: GapCounts {
                total: gaps.total(),
                blocking: gaps.blocking,
                reported: gaps.reported,
                accepted: gaps.waived,
            },
            files: Files {
                parsed: files("parsed"),
                failed: files("failed"),
                unsupported: files("unsupported"),
                excluded: files("excluded"),
            },
            lockfiles: verdict.inventories.len(),
            components: verdict.inventories.iter().map(|inventory| inventory.components.len()).sum(),
        }
    }
}

impl<'a> Feed<'a> {
    fn new(verdict: &'a Verdict, feed: &'a FeedInfo) -> Self {
        Self {
            name: &feed.name,
            kind: feed.kind.as_str(),
            complete: feed.kind != FeedKind::EmbeddedLandmarks,
            digest: feed.digest.to_string(),
            advisories: feed.advisories,
            newest: feed.newest.map(|time| time.to_string()),
            refreshed: feed.refreshed.map(|time| time.to_string()),
            age_seconds: feed.refreshed.map(|time| verdict.decided_at.since(time).0),
            commit: feed.commit.as_deref(),
        }
    }
}

impl<'a> Record<'a> {
    fn new(recorded: &'a Recorded) -> Self {
        let none = Self {
            state: "none",
            meets_policy: recorded.meets_policy,
            index: None,
            start: None,
            log: None,
            verifier_key: None,
            durable: None,
            why: None,
            proposal: None,
        };
        match &recorded.state {
            RecordState::Signed(signed) => Self {
                state: "signed",
                index: Some(signed.index),
                start: Some(signed.start),
                log: Some(&signed.log),
                verifier_key: Some(&signed.verifier_key),
                durable: Some(signed.durable),
                ..none
            },
            RecordState::Proposal { statement, .. } => Self { state: "proposal", proposal: Some(statement), ..none },
            RecordState::NotAsked => Self { why: Some("--no-trail"), ..none },
            RecordState::Failed { why, start } => Self { state: "failed", why: Some(why), start: *start, ..none },
        }
    }
}

impl<'a> NoteRow<'a> {
    fn new(note: &'a Note) -> Self {
        Self { what: &note.what, help: some(&note.help) }
    }
}

/// The ruling's word, who waived or accepted, and until when.
fn ruling(ruling: &Ruling) -> (&'static str, Option<&str>, Option<String>) {
    match ruling {
        Ruling::Blocks => ("blocks", None, None),
        Ruling::Reported => ("reported", None, None),
        Ruling::Waived { by, expires } => ("waived", Some(by), Some(expires.to_string())),
    }
}

impl<'a> FindingRow<'a> {
    fn new(verdict: &'a Verdict, judged: &'a JudgedFinding) -> Self {
        let finding = &judged.finding;
        let component = finding.component.as_ref();
        let (ruling, waived_by, waived_until) = ruling(&judged.ruling);
        let (score, vector) = match &finding.basis {
            SeverityBasis::Cvss { vector, score } => (Some(*score), Some(vector.as_str())),
            SeverityBasis::Assumed | SeverityBasis::Rule | SeverityBasis::Malicious | SeverityBasis::Vendor { .. } => {
                (None, None)
            }
        };
        Self {
            rule: finding.rule.0,
            slug: words::slug(verdict, finding.rule),
            class: finding.class.as_str(),
            severity: finding.severity.as_str(),
            basis: finding.basis.to_string(),
            score,
            vector,
            advisory: finding.advisory.as_deref(),
            aliases: &finding.aliases,
            disclosed: finding.disclosed.map(|time| time.to_string()),
            url: finding.url.as_deref(),
            title: &finding.title,
            message: &finding.message,
            purl: component.map(Component::purl),
            ecosystem: component.map(|c| c.ecosystem.osv()),
            name: component.map(|c| c.name.as_ref()),
            version: component.map(|c| c.version.as_ref()),
            source: component.map(|c| source(&c.source)),
            source_url: component.and_then(|c| some(c.source.url())),
            scope: component.map(|c| c.scope.as_str()),
            conditions: component.map_or_else(Vec::new, conditions),
            path: finding.location.path.as_str(),
            line: finding.location.line,
            column: finding.location.column,
            fingerprint: finding.fingerprint().to_string(),
            axis: judged.axis.as_str(),
            ruling,
            blocks: judged.ruling == Ruling::Blocks,
            decided_by: &judged.decided_by,
            waived_by,
            waived_until,
            fix: finding.fix.as_ref().map(FixRow::new),
            evidence: finding.evidence.iter().map(EvidenceRow::new).collect(),
        }
    }
}

impl<'a> FixRow<'a> {
    fn new(fix: &'a Fix) -> Self {
        let none = Self { kind: "none-known", version: None, command: None, patched: None };
        match fix {
            Fix::Compatible { version, command } => {
                Self { kind: "compatible", version: Some(version), command: Some(command), ..none }
            }
            Fix::Incompatible { patched } => Self { kind: "incompatible", patched: Some(patched), ..none },
            Fix::NoneKnown => none,
        }
    }
}

impl<'a> EvidenceRow<'a> {
    fn new(evidence: &'a Evidence) -> Self {
        match evidence {
            Evidence::Range { interval, version } => Self::Range { interval, version },
            Evidence::Functions(names) => Self::Functions { names },
            Evidence::Arch(names) => Self::Arch { names },
            Evidence::Os(names) => Self::Os { names },
            Evidence::ReachedThrough(packages) => Self::ReachedThrough { packages },
            Evidence::Sources(says) => Self::Sources { sources: says.iter().map(SaysRow::new).collect() },
            Evidence::Digests { expected, found } => {
                Self::Digests { expected: expected.to_string(), found: found.to_string() }
            }
        }
    }
}

impl<'a> GapRow<'a> {
    fn new(judged: &'a JudgedGap) -> Self {
        let gap = &judged.gap;
        let (ruling, accepted_by, accepted_until) = ruling(&judged.ruling);
        Self {
            stage: gap.stage.to_string(),
            kind: gap.kind.as_str(),
            what: &gap.what,
            why: &gap.why,
            help: some(&gap.help),
            path: gap.path.as_ref().map(TreePath::as_str),
            line: gap.line,
            digest: gap.digest.map(|digest| digest.to_string()),
            ruling: if ruling == "waived" { "accepted" } else { ruling },
            blocks: judged.ruling == Ruling::Blocks,
            decided_by: &judged.decided_by,
            accepted_by,
            accepted_until,
        }
    }
}

impl<'a> FileRow<'a> {
    fn new(row: &'a LedgerRow) -> Self {
        let components = match row.state {
            RowState::Parsed(count) => Some(count),
            RowState::Failed(_) | RowState::Unsupported(_) | RowState::Excluded(_) => None,
        };
        Self {
            path: row.path.as_str(),
            kind: row.kind,
            state: row.state.as_str(),
            components,
            why: row.state.why(),
            digest: row.digest.map(|digest| digest.to_string()),
        }
    }
}

impl<'a> ComponentRow<'a> {
    fn new(component: &'a Component, path: &'a str) -> Self {
        Self {
            purl: component.purl(),
            ecosystem: component.ecosystem.osv(),
            name: &component.name,
            version: &component.version,
            source: source(&component.source),
            source_url: some(component.source.url()),
            checksum: component.checksum.map(|digest| digest.to_string()),
            scope: component.scope.as_str(),
            conditions: conditions(component),
            path,
            line: component.line,
            column: component.column,
        }
    }
}

/// Where a package comes from, in one word.
fn source(source: &Source) -> &'static str {
    match source {
        Source::Default => "default-registry",
        Source::Registry(_) => "other-registry",
        Source::Git(_) => "git",
        Source::Path(_) => "path",
        Source::Local => "first-party",
    }
}

fn conditions(component: &Component) -> Vec<&str> {
    component.conditions.iter().map(AsRef::as_ref).collect()
}

/// An empty text is no text.
fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
