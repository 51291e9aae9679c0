//! Bounds on untrusted names in reports for people: a name of a megabyte must not become a page of a megabyte. JSON and
//! SARIF keep every value whole; nothing is decided here.

use crate::model::{Evidence, Finding, Fix, Gap, Ledger, RowState, Ruling, TreePath, Verdict};
use std::borrow::Cow;

/// Characters of a name, a version, a path or an id that are shown: longer than any that is real.
pub(super) const MAX_NAME: usize = 200;
/// Characters of a sentence about them that are shown.
const MAX_SENTENCE: usize = 1_000;

/// The verdict with its names cut, where one of them is too long; the same verdict otherwise.
pub(super) fn bounded(verdict: &Verdict) -> Cow<'_, Verdict> {
    let ledger_fits = verdict.ledger.rows().iter().all(|row| {
        fits(row.path.as_str())
            && match &row.state {
                RowState::Parsed(_) => true,
                RowState::Failed(why) | RowState::Unsupported(why) | RowState::Excluded(why) => sentence_fits(why),
            }
    });
    if ledger_fits
        && verdict.findings.iter().all(|judged| finding_fits(&judged.finding) && ruling_fits(&judged.ruling))
        && verdict.gaps.iter().all(|judged| gap_fits(&judged.gap) && ruling_fits(&judged.ruling))
    {
        return Cow::Borrowed(verdict);
    }
    let mut verdict = verdict.clone();
    for judged in &mut verdict.findings {
        finding(&mut judged.finding);
        ruling(&mut judged.ruling);
    }
    for judged in &mut verdict.gaps {
        gap(&mut judged.gap);
        ruling(&mut judged.ruling);
    }
    let mut rows = verdict.ledger.rows().to_vec();
    for row in &mut rows {
        row.path = path(&row.path);
        match &mut row.state {
            RowState::Parsed(_) => {}
            RowState::Failed(why) | RowState::Unsupported(why) | RowState::Excluded(why) => {
                *why = cut(why, MAX_SENTENCE);
            }
        }
    }
    verdict.ledger = Ledger::new(rows);
    Cow::Owned(verdict)
}

fn at_most(text: &str, most: usize) -> bool {
    text.len() <= most || text.chars().count() <= most
}

fn fits(name: &str) -> bool {
    at_most(name, MAX_NAME)
}

fn sentence_fits(text: &str) -> bool {
    at_most(text, MAX_SENTENCE)
}

fn finding_fits(finding: &Finding) -> bool {
    finding.component.iter().all(|c| fits(&c.name) && fits(&c.version))
        && finding.advisory.iter().chain(&finding.aliases).all(|id| fits(id))
        && fits(finding.location.path.as_str())
        && sentence_fits(&finding.message)
        && finding.evidence.iter().all(|evidence| match evidence {
            Evidence::ReachedThrough(names) | Evidence::Functions(names) => names.iter().all(|name| fits(name)),
            Evidence::Sources(says) => says.iter().all(|s| fits(&s.id) && fits(&s.source)),
            Evidence::Range { .. } | Evidence::Arch(_) | Evidence::Os(_) | Evidence::Digests { .. } => true,
        })
}

fn gap_fits(gap: &Gap) -> bool {
    fits(&gap.what)
        && gap.path.iter().all(|path| fits(path.as_str()))
        && sentence_fits(&gap.why)
        && sentence_fits(&gap.help)
}

fn ruling_fits(ruling: &Ruling) -> bool {
    match ruling {
        Ruling::Blocks | Ruling::Reported => true,
        Ruling::Waived { by, .. } => fits(by),
    }
}

/// The first characters and a mark, at most `most` in all.
fn cut(text: &str, most: usize) -> String {
    if at_most(text, most) {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn name(text: &str) -> String {
    cut(text, MAX_NAME)
}

fn path(path: &TreePath) -> TreePath {
    TreePath::new(name(path.as_str()))
}

fn ruling(ruling: &mut Ruling) {
    match ruling {
        Ruling::Blocks | Ruling::Reported => {}
        Ruling::Waived { by, .. } => *by = name(by),
    }
}

fn finding(finding: &mut Finding) {
    let Finding { component, advisory, aliases, location, message, evidence, fix, .. } = finding;
    let mut said = message.clone();
    let mut shorten = |text: &str| {
        let short = name(text);
        if short != text {
            said = said.replace(text, &short);
        }
        short
    };
    if let Some(component) = component {
        if !(fits(&component.name) && fits(&component.version)) {
            // A command with half a name would do something else.
            *fix = fix.take().filter(|fix| !matches!(fix, Fix::Compatible { .. }));
        }
        component.name = shorten(&component.name).into();
        component.version = shorten(&component.version).into();
    }
    for id in advisory.iter_mut().chain(aliases) {
        *id = shorten(id);
    }
    location.path = TreePath::new(shorten(location.path.as_str()));
    for evidence in evidence {
        match evidence {
            Evidence::ReachedThrough(names) | Evidence::Functions(names) => {
                names.iter_mut().for_each(|text| *text = name(text));
            }
            Evidence::Sources(says) => says.iter_mut().for_each(|s| {
                s.id = name(&s.id);
                s.source = name(&s.source);
            }),
            Evidence::Range { .. } | Evidence::Arch(_) | Evidence::Os(_) | Evidence::Digests { .. } => {}
        }
    }
    *message = cut(&said, MAX_SENTENCE);
}

fn gap(gap: &mut Gap) {
    gap.what = name(&gap.what);
    gap.path = gap.path.as_ref().map(path);
    gap.why = cut(&gap.why, MAX_SENTENCE);
    if !sentence_fits(&gap.help) {
        gap.help = String::new(); // half a command would do something else
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Recorded;
    use crate::report::{Format, Style, render, sample, step_summary};

    fn texts(verdict: &Verdict) -> Vec<String> {
        let mut texts: Vec<String> = [Format::Human, Format::Github, Format::Junit]
            .into_iter()
            .map(|format| {
                let style = Style { verbose: true, ..Style::default() };
                String::from_utf8(render(format, verdict, &Recorded::not_asked(), &style).unwrap()).unwrap()
            })
            .collect();
        texts.push(String::from_utf8(step_summary(verdict, &Recorded::not_asked())).unwrap());
        texts
    }

    #[test]
    fn a_name_of_200_characters_is_shown_whole_and_one_more_is_cut() {
        for (length, whole) in [(MAX_NAME, true), (MAX_NAME + 1, false), (100_000, false)] {
            let long = "x".repeat(length);
            let mut verdict = sample::few();
            for judged in &mut verdict.findings {
                judged.finding.component.as_mut().unwrap().name = long.as_str().into();
                judged.finding.message = format!("{long} 1.0.0 is affected");
                judged.finding.location.path = TreePath::new(long.as_str());
            }
            verdict.gaps[0].gap.what = long.clone();
            let shown = if whole { long } else { format!("{}…", "x".repeat(MAX_NAME - 1)) };
            for text in texts(&verdict) {
                assert!(text.contains(&shown), "{text}");
                assert!(!text.contains(&"x".repeat(MAX_NAME + 1)), "{text}");
            }
            let style = Style::default();
            for format in [Format::Json, Format::Sarif] {
                let text =
                    String::from_utf8(render(format, &verdict, &Recorded::not_asked(), &style).unwrap()).unwrap();
                assert!(text.contains(&"x".repeat(length)), "{format}");
            }
        }
    }

    #[test]
    fn a_verdict_of_real_names_is_not_copied() {
        for verdict in [sample::few(), sample::two_hundred(), sample::incomplete()] {
            assert!(matches!(bounded(&verdict), Cow::Borrowed(_)));
        }
    }
}
