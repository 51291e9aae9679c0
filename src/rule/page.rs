//! The page `docs/rules.md`, written from the files of `rules/`. A test keeps the two the same.

use super::{all, examples};
use std::fmt::Write as _;

/// The page, in Markdown.
pub fn page() -> String {
    let mut out = String::from(
        "# Rules\n\nGenerated from `rules/` by `UPDATE_DOCS=1 cargo test --lib rule::`; do not edit.\n\n\
         | id | name | severity | class |\n|---|---|---|---|\n",
    );
    // Writing to a String cannot fail.
    for rule in all() {
        let anchor = rule.id.to_string().to_ascii_lowercase();
        let _ = writeln!(out, "| [{}](#{anchor}) | `{}` | {} | {} |", rule.id, rule.slug, rule.severity, rule.class);
    }
    out.push_str("\nThe severity is the rule's own. A finding with a CVSS score, or one that the policy assumes, brings another.\n");
    for rule in all() {
        let _ =
            write!(out, "\n## {}\n\n**{}** (`{}`)\n\n{}\n\n{}\n", rule.id, rule.title, rule.slug, rule.why, rule.help);
        let _ = writeln!(out, "\nSeverity {}, class `{}`.\n", rule.severity, rule.class);
        for example in examples(rule.id) {
            let _ = writeln!(out, "- found: {}\n- not found: {}", example.hit, example.miss);
        }
        if !rule.references.is_empty() {
            let links: Vec<String> = rule.references.iter().map(|reference| format!("<{reference}>")).collect();
            let _ = writeln!(out, "\nSee {}.", links.join(" and "));
        }
    }
    out
}
