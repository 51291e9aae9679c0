//! Gaps for people: what makes the verdict incomplete with place and remedy, the rest counted with examples.

use super::findings::more;
use super::page::{Ink, Page, Part, span};
use super::{Style, advice, help, words};
use crate::model::{Gap, GapKind, JudgedGap, Ruling, Timestamp, Verdict};
use std::collections::BTreeMap;

/// Examples named of a kind that is only reported.
const EXAMPLES: usize = 3;

/// Writes all gaps, failing ones first.
pub(super) fn write(page: &mut Page, verdict: &Verdict, style: &Style) {
    for (kind, gaps) in by_kind(words::blocking_gaps(verdict)) {
        let lead = [span(Ink::Error, &format!("error[gap/{kind}]")), span(Ink::Strong, ": ")];
        match gaps.as_slice() {
            [alone] => {
                page.wrapped(&lead, 4, &[Part::strong(&format!("{}: {}", alone.gap.what, alone.gap.why))]);
                if let Some(place) = place(&alone.gap) {
                    page.line(&[span(Ink::Frame, "  --> "), span(Ink::Plain, &place)]);
                }
            }
            _ => page.wrapped(
                &lead,
                4,
                &[Part::strong(&format!("{} things could not be judged", words::number(gaps.len())))],
            ),
        }
        for (at, judged) in gaps.iter().enumerate() {
            if gaps.len() > 1 {
                item(page, &judged.gap);
            }
            if style.verbose {
                let text = format!("decided by {}", judged.decided_by);
                page.wrapped(&[span(Ink::Frame, "   = ")], 7, &[Part::prose(&text)]);
            }
            // The same help for several things in a row is said once, after the last of them.
            let again = gaps.get(at + 1).is_some_and(|next| next.gap.help == judged.gap.help);
            if !again && !judged.gap.help.is_empty() {
                help(page, &[advice(&judged.gap.help)]);
            }
        }
        page.blank();
    }
    let reported = verdict.gaps.iter().filter(|judged| judged.ruling == Ruling::Reported);
    let reported = by_kind(reported);
    let any = !reported.is_empty();
    for (kind, gaps) in reported {
        told(page, kind, &gaps, style.verbose);
    }
    let any = accepted(page, verdict) || any;
    if any {
        page.blank();
    }
}

fn by_kind<'a>(gaps: impl Iterator<Item = &'a JudgedGap>) -> BTreeMap<GapKind, Vec<&'a JudgedGap>> {
    gaps.fold(BTreeMap::new(), |mut kinds: BTreeMap<_, Vec<_>>, judged| {
        kinds.entry(judged.gap.kind).or_default().push(judged);
        kinds
    })
}

/// `Cargo.lock:12`, or nothing.
fn place(gap: &Gap) -> Option<String> {
    let path = gap.path.as_ref()?;
    Some(match gap.line {
        Some(line) => format!("{path}:{line}"),
        None => path.to_string(),
    })
}

/// One of several gaps of a kind: its place, and what could not be seen there.
fn item(page: &mut Page, gap: &Gap) {
    let said = format!("{}: {}", gap.what, gap.why);
    let text = match (&gap.path, place(gap)) {
        (Some(path), Some(place)) => {
            page.line(&[span(Ink::Frame, "  --> "), span(Ink::Plain, &place)]);
            // Where the thing is the file itself, its name is said once.
            if path.as_str() == gap.what { gap.why.clone() } else { said }
        }
        _ => said,
    };
    page.wrapped(&[span(Ink::Frame, "   = ")], 7, &[Part::prose(&text)]);
}

fn told(page: &mut Page, kind: GapKind, gaps: &[&JudgedGap], verbose: bool) {
    let mut parts = vec![Part::strong(&format!("{}:", words::plural(gaps.len(), "gap")))];
    let shown = if verbose { gaps.len() } else { EXAMPLES };
    let last = gaps.len().min(shown).saturating_sub(1);
    let shared =
        gaps.first().map(|judged| &judged.gap.why).filter(|why| gaps.iter().all(|judged| judged.gap.why == **why));
    for (at, judged) in gaps.iter().take(shown).enumerate() {
        let end = if at == last { "" } else { "," };
        match shared {
            Some(_) => parts.push(Part::whole(&format!("{}{end}", judged.gap.what))),
            None => {
                parts.push(Part::whole(&judged.gap.what));
                parts.push(Part::prose(&format!("({}){end}", judged.gap.why)));
            }
        }
    }
    if gaps.len() > shown {
        parts.push(Part::prose(&more(gaps.len() - shown)));
    }
    if let Some(why) = shared {
        parts.push(Part::prose(&format!("— {why}")));
    }
    page.wrapped(&[span(Ink::Note, &format!("note[gap/{kind}]")), span(Ink::Strong, ": ")], 4, &parts);
}

/// Accepted gaps, one line for each entry of the policy and kind. Whether there were any.
fn accepted(page: &mut Page, verdict: &Verdict) -> bool {
    let mut entries: BTreeMap<(GapKind, &str, Timestamp), usize> = BTreeMap::new();
    for judged in &verdict.gaps {
        if let Ruling::Waived { by, expires } = &judged.ruling {
            *entries.entry((judged.gap.kind, by, *expires)).or_default() += 1;
        }
    }
    for ((kind, by, expires), count) in &entries {
        let text = format!("{}, until {}, by", words::plural(*count, "gap"), expires.date());
        let lead = [span(Ink::Note, &format!("accepted[gap/{kind}]")), span(Ink::Strong, ": ")];
        page.wrapped(&lead, 4, &[Part::prose(&text), Part::whole(by)]);
    }
    !entries.is_empty()
}
