//! Strict readers for the tests: what a format may hold, and nothing else.

use crate::text::neutral;
use std::collections::{BTreeMap, BTreeSet};

/// A strict reader of the little XML that JUnit needs: tags with quoted attributes, text, the five entities and `&#39;`.
/// Gives the number of elements by name; fails on anything else.
pub(super) fn check_xml(text: &str) -> BTreeMap<String, usize> {
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let mut open: Vec<String> = Vec::new();
    let mut counts = BTreeMap::new();
    let plain = |text: &str| {
        assert!(!text.contains(['<', '>']), "{text:?}");
        for after in text.split('&').skip(1) {
            let entity = after.split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot", "#39"].contains(&entity), "{text:?}");
        }
        let allowed = |c: char| c == '\n' || (c >= ' ' && !neutral::is_unsafe(c));
        assert!(text.chars().all(allowed), "{text:?}");
    };
    while let Some((before, after)) = rest.split_once('<') {
        plain(before);
        assert!(!open.is_empty() || before.trim().is_empty());
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let (tag, alone) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !name.is_empty(), "{name:?}");
        let mut seen = BTreeSet::new();
        while !attributes.is_empty() {
            let (key, after) = attributes.split_once("=\"").unwrap();
            assert!(key.bytes().all(|b| b.is_ascii_lowercase()) && seen.insert(key), "{key:?}");
            let (value, after) = after.split_once('"').unwrap();
            plain(value);
            assert!(!value.contains('\n'));
            attributes = after.strip_prefix(' ').unwrap_or(after);
        }
        *counts.entry(name.to_owned()).or_default() += 1;
        if !alone {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    counts
}

/// Outside code spans there is no markup but the report's own.
pub(super) fn check_markdown(page: &str) {
    assert!(!page.chars().any(|c| c != '\n' && neutral::is_unsafe(c)));
    const OWN: [&str; 5] = ["<!-- -->", "<br>", "<details><summary>", "</summary>", "</details>"];
    for line in page.lines() {
        let bare = without_code(line);
        let text = OWN.iter().fold(bare.clone(), |text, tag| text.replace(tag, "\u{0}"));
        assert!(!text.contains('<'), "{line:?}");
        assert!(!text.contains("](") && !text.contains("![") && !text.contains("://"), "{line:?}");
        let mention = text.split('@').skip(1).all(|after| after.is_empty() || after.starts_with(['\u{0}', ' ', '.']));
        assert!(mention, "{line:?}");
        // A row of the table has seven bars that are not escaped.
        if line.starts_with("| ") && !line.starts_with("| |") {
            assert_eq!(bare.replace("\\\\", "").replace("\\|", "").matches('|').count(), 7, "{line:?}");
        }
    }
}

/// The line without its code spans.
fn without_code(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if before.ends_with('\\') {
            out.push('`');
            rest = tail.strip_prefix('`').unwrap();
            continue;
        }
        let run = tail.chars().take_while(|c| *c == '`').count();
        let (fence, inner) = tail.split_at(run);
        // The span ends at the next run of exactly this length.
        let mut from = 0;
        let end = loop {
            let (_, ahead) = inner.split_at(from);
            let start = ahead.find('`').unwrap_or_else(|| panic!("{fence} is open in {line:?}")) + from;
            let length = inner.split_at(start).1.chars().take_while(|c| *c == '`').count();
            if length == run {
                break start + length;
            }
            from = start + length;
        };
        rest = inner.split_at(end).1;
    }
    out.push_str(rest);
    out
}
