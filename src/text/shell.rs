//! Quoting for commands that people paste into a POSIX shell.

/// The word as one shell word. Words of safe characters stay as they are; others are put in single quotes. A word with
/// a control character has no safe form on one line and gives none: the caller leaves the command out.
pub fn quote(word: &str) -> Option<String> {
    if word.chars().any(char::is_control) {
        return None;
    }
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./@:=+,".contains(c);
    if !word.is_empty() && word.chars().all(safe) && !word.starts_with('-') {
        return Some(word.to_owned());
    }
    Some(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_shell_would_act_on_are_quoted_or_refused() {
        assert_eq!(quote("h2@0.3.25").as_deref(), Some("h2@0.3.25"));
        assert_eq!(quote("a; rm x").as_deref(), Some("'a; rm x'"));
        assert_eq!(quote("$(id)").as_deref(), Some("'$(id)'"));
        assert_eq!(quote("it's").as_deref(), Some(r"'it'\''s'"));
        assert_eq!(quote("").as_deref(), Some("''"));
        assert_eq!(quote("--config=x").as_deref(), Some("'--config=x'"));
        assert_eq!(quote("a\nb"), None);
        assert_eq!(quote("a\u{1b}[31m"), None);
    }
}
