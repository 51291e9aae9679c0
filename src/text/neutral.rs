//! Neutralises text that an attacker may have written, for each place it is printed to. Not an encoder of trusted text.
//!
//! Names, versions, titles, paths and reasons come from judged files and from feeds. Each function here takes such a
//! text and gives one that is only text where it is going: no terminal sequence, no workflow command, no markup, no
//! second line. What is taken out stays visible as an escape, so that two texts do not become one.

use std::borrow::Cow;
use std::fmt::Write as _;

/// An empty HTML comment. Between two characters it keeps a renderer from seeing one word: a mention, an issue number or
/// an address is then plain text on GitHub and GitLab. A backslash does not do that: it is gone before those are looked for.
const BREAK: &str = "<!-- -->";

/// One line for terminals and logs.
///
/// Controls (C0, C1, DEL), direction overrides, invisible characters and line separators become `\n`, `\t` or `\u{1b}`.
/// So do the characters by which a build log recognises commands: `::` at the start of a word and `##` anywhere. A
/// backslash stays as it is.
pub fn line(text: &str) -> Cow<'_, str> {
    if !has_unsafe(text) && !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        let starts_command =
            c == ':' && chars.peek() == Some(&':') && (previous.is_whitespace() || is_unsafe(previous));
        if is_unsafe(c) || starts_command || (c == '#' && previous == '#') {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
        previous = c;
    }
    Cow::Owned(out)
}

/// Serialised JSON whose invisible and direction-changing characters are written as `\uXXXX`, so that printing the file
/// is harmless. The value stays the same: such characters stand only inside strings there.
pub fn json(serialised: &str) -> Cow<'_, str> {
    let keep = |c: char| c == '\n' || !is_unsafe(c);
    if serialised.chars().all(keep) {
        return Cow::Borrowed(serialised);
    }
    let mut out = String::with_capacity(serialised.len() + 16);
    for c in serialised.chars() {
        if keep(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}"); // writing to a String cannot fail
            }
        }
    }
    Cow::Owned(out)
}

/// Inline text for GitHub and GitLab Markdown: no markup, link, image, HTML, mention, reference or table break results.
///
/// A commit id of the same project may still become a link to it.
pub fn markdown(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 16);
    let mut seen = String::new(); // what came before on this line, to know list numbers and `www`
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let glued = chars.peek().is_some_and(|next| !next.is_whitespace());
        let first = seen.trim_start().is_empty();
        let numbered = !first && seen.trim_start().bytes().all(|b| b.is_ascii_digit());
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '{' | '}' | '|' | '~' | '!' | '$' | '^' | '#' => {
                out.extend(['\\', c]);
            }
            '-' | '+' | '=' if first => out.extend(['\\', c]),
            '.' if numbered => out.extend(['\\', c]),
            '.' if ends_in(&seen, "www") => {
                out.push_str(BREAK);
                out.push(c);
            }
            '-' if ends_in(&seen, "gh") => {
                out.push_str(BREAK);
                out.push(c);
            }
            _ => out.push(c),
        }
        if glued && matches!(c, '@' | '#' | '!' | '~' | '%' | '$' | '&' | '^' | ':') {
            out.push_str(BREAK);
        }
        seen.push(c);
    }
    out
}

/// A code span for GitHub and GitLab Markdown, inside or outside a table. A code span is not searched for mentions or links.
pub fn markdown_code(text: &str) -> String {
    // A table takes `\|` for a bar even inside code; a line outside one shows the backslash, which harms nobody.
    let text = line(text).replace('|', "\\|");
    if text.trim().is_empty() {
        return "` `".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text for HTML, between tags or inside a quoted attribute.
pub fn html(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Text for XML 1.0, between tags or inside a quoted attribute. Characters that section 2.2 does not allow are escapes
/// already: [`line()`] takes out controls and non-characters.
pub fn xml(text: &str) -> String {
    html(text)
}

/// The message of a GitHub workflow command.
pub fn workflow_data(text: &str) -> String {
    line(text).replace('%', "%25")
}

/// A property of a GitHub workflow command, such as `file` or `title`.
pub fn workflow_property(text: &str) -> String {
    workflow_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Whether the character acts on a terminal or a reader instead of being seen.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'          // soft hyphen, Arabic mark, Mongolian separator
            | '\u{200b}'..='\u{200f}'                  // zero width, direction marks
            | '\u{2028}'..='\u{202e}'                  // line and paragraph separators, direction overrides
            | '\u{2060}'..='\u{206f}'                  // joiners, isolates, deprecated format characters
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'     // byte order mark, annotations
            | '\u{fffe}' | '\u{ffff}'                  // not characters, and not allowed in XML
            | '\u{e0000}'..='\u{e0fff}') // tags: text that nobody sees
}

fn has_unsafe(text: &str) -> bool {
    // Nearly all text is printable ASCII, where a look at the bytes is enough.
    text.bytes().any(|b| !(0x20..0x7f).contains(&b)) && text.chars().any(is_unsafe)
}

fn escape(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c)); // writing to a String cannot fail
        }
    }
}

fn ends_in(seen: &str, word: &str) -> bool {
    let tail: String = seen.chars().rev().take(word.len()).collect::<Vec<_>>().into_iter().rev().collect();
    tail.eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(line("h2 0.3.25: affected — naïve #1"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_acts_becomes_what_is_seen() {
        assert_eq!(line("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(line("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(line("\u{202e}gnp.exe"), "\\u{202e}gnp.exe");
        assert_eq!(line("ser\u{200b}de"), "ser\\u{200b}de");
        assert_eq!(line("a\u{2028}b\u{85}c\u{7f}"), "a\\u{2028}b\\u{85}c\\u{7f}");
    }

    #[test]
    fn no_word_starts_a_command_of_a_build_log() {
        assert_eq!(line("::error::x"), "\\u{3a}:error::x");
        assert_eq!(line("see ::error::x"), "see \\u{3a}:error::x");
        assert_eq!(line("a\n::error::x"), "a\\n\\u{3a}:error::x");
        assert_eq!(line("h2::proto::error"), "h2::proto::error");
        assert_eq!(line("##[error]x"), "#\\u{23}[error]x");
        assert_eq!(line("##vso[task]"), "#\\u{23}vso[task]");
        assert_eq!(line("issue #1"), "issue #1");
    }

    #[test]
    fn markdown_has_no_markup_left() {
        assert_eq!(markdown("plain words, v1.2.3"), "plain words, v1.2.3");
        assert_eq!(markdown("[a](b)"), "\\[a\\]\\(b\\)");
        assert_eq!(markdown("<img src=x>"), "&lt;img src=x&gt;");
        assert_eq!(markdown("a | b"), "a \\| b");
        assert_eq!(markdown("ask @team"), "ask @<!-- -->team");
        assert_eq!(markdown("see #12"), "see \\#<!-- -->12");
        assert_eq!(markdown("https://x.example"), "https:<!-- -->//x.example");
        assert_eq!(markdown("www.x.example"), "www<!-- -->.x.example");
        assert_eq!(markdown("h2: bad"), "h2: bad");
        assert_eq!(markdown("1. one"), "1\\. one");
        assert_eq!(markdown("- one"), "\\- one");
        assert_eq!(markdown("a\n# b"), "a\\\\n\\# b");
    }

    #[test]
    fn a_code_span_cannot_be_closed_from_inside() {
        assert_eq!(markdown_code("Cargo.lock"), "`Cargo.lock`");
        assert_eq!(markdown_code("a`b"), "``a`b``");
        assert_eq!(markdown_code("`"), "`` ` ``");
        assert_eq!(markdown_code("a|b"), "`a\\|b`");
        assert_eq!(markdown_code(""), "` `");
    }

    #[test]
    fn html_and_xml_have_no_tag_entity_or_section_end_left() {
        assert_eq!(html(r#"<a b="c">&'"#), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;");
        assert_eq!(xml("]]>\u{0}\u{ffff}"), "]]&gt;\\u{0}\\u{ffff}");
    }

    #[test]
    fn workflow_commands_keep_their_data_as_data() {
        assert_eq!(workflow_data("50%0A::error::x\n"), "50%250A::error::x\\n");
        assert_eq!(workflow_property("a,b:c%\r"), "a%2Cb%3Ac%25\\r");
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"k": "a\u{7f}\u{9b}\u{202e}\u{e0041}\n"});
        let text = serde_json::to_string_pretty(&value).unwrap();
        let safe = json(&text);
        assert!(safe.contains("\\u007f\\u009b\\u202e\\udb40\\udc41\\n"), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    /// Text rich in what the functions look for.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            any::<char>().prop_map(|c| c.to_string()),
            prop::sample::select(vec![
                "::error::",
                "##[x]",
                "\r\n",
                "\u{1b}[2J",
                "`",
                "``",
                "|",
                "@a",
                "](",
                "<b>",
                "%0A",
                "\u{202e}",
                "]]>",
                "www.",
                "&",
                "#1",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_form_is_one_line_without_unsafe_characters(text in hostile()) {
            let forms = [
                line(&text).into_owned(), markdown(&text), markdown_code(&text), html(&text), xml(&text),
                workflow_data(&text), workflow_property(&text),
            ];
            for form in forms {
                prop_assert!(!form.chars().any(is_unsafe), "{form:?}");
                prop_assert_eq!(form.lines().count().max(1), 1);
            }
        }

        #[test]
        fn no_word_of_a_line_begins_a_command(text in hostile()) {
            let safe = line(&text);
            prop_assert!(!safe.contains("##"));
            prop_assert!(safe.split_whitespace().all(|word| !word.starts_with("::")), "{safe:?}");
        }

        #[test]
        fn line_is_done_in_one_pass(text in hostile()) {
            let once = line(&text).into_owned();
            prop_assert_eq!(line(&once), once.as_str());
        }

        #[test]
        fn markdown_leaves_no_raw_markup(text in hostile()) {
            let safe = markdown(&text).replace(BREAK, "\u{0}");
            prop_assert!(!safe.contains(['<', '>']));
            let mut before = ' ';
            for c in safe.chars() {
                if "`*_[]()|".contains(c) {
                    prop_assert_eq!(before, '\\', "{}", safe);
                }
                // A backslash that is itself escaped escapes nothing.
                before = if c == '\\' && before == '\\' { ' ' } else { c };
            }
            let mut chars = safe.chars().peekable();
            while let Some(c) = chars.next() {
                if c == '@' {
                    let next = chars.peek();
                    prop_assert!(next.is_none_or(|n| *n == '\u{0}' || n.is_whitespace()), "{safe:?}");
                }
            }
        }

        #[test]
        fn a_span_holds_no_fence_of_its_own_length(text in hostile()) {
            let span = markdown_code(&text);
            let fence = span.chars().take_while(|c| *c == '`').count();
            let inner = span.get(fence..span.len() - fence).unwrap();
            prop_assert!(inner.split(|c| c != '`').all(|run| run.len() < fence), "{span}");
        }

        #[test]
        fn markup_languages_get_no_markup(text in hostile()) {
            prop_assert!(!xml(&text).contains(['<', '>', '"', '\'']));
            prop_assert!(!workflow_property(&text).contains([',', ':', '\n', '\r']));
        }

        #[test]
        fn json_text_is_safe_and_the_same_value(text in hostile()) {
            let serialised = serde_json::to_string(&text).unwrap();
            let safe = json(&serialised);
            prop_assert!(!safe.chars().any(is_unsafe));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
    }
}
