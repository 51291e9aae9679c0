//! Takes out of a text what must not travel with a report or a record: addresses of people, absolute paths, user
//! information, and words that the caller names. It is told these words, and it does not neutralise: that is `neutral`.

/// What ends a word: blanks, and the marks that stand around paths and addresses in sentences.
const DELIMITERS: &str = "'\"`()[]{},;<>=";

/// The text without the private words, addresses, absolute paths and user information.
pub fn clean(text: &str, private: &[String]) -> String {
    let mut text = text.to_owned();
    for word in private.iter().filter(|word| !word.is_empty()) {
        text = text.replace(word.as_str(), "<private>");
    }
    text.split_inclusive(ends_url).map(clean_piece).collect()
}

/// What no URL holds. The other delimiters may stand in its password or query.
fn ends_url(c: char) -> bool {
    c.is_whitespace() || "'\"`<>".contains(c)
}

/// A piece of text without user information, query and fragment of a URL in it, and what is not a URL word by word.
fn clean_piece(piece: &str) -> String {
    let words = |text: &str| text.split_inclusive(is_delimiter).map(clean_word).collect::<String>();
    let Some((scheme, rest)) = piece.split_once("://") else { return words(piece) };
    let body = rest.trim_end_matches(is_delimiter);
    let end = rest.get(body.len()..).unwrap_or_default();
    if (scheme.ends_with("file") && !body.is_empty()) || is_of_home(body) {
        return format!("<path>{end}");
    }
    let authority = body.split(['/', '?', '#']).next().unwrap_or_default();
    let kept = authority.rsplit_once('@').map_or(Some(body), |(user, _)| body.get(user.len() + 1..));
    let kept = kept.unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let kept = if kept.contains("://") { clean_piece(kept) } else { kept.to_owned() }; // `https://a,https://b`
    format!("{}://{kept}{end}", words(scheme))
}

/// Whether a path in it is below somebody's home.
fn is_of_home(text: &str) -> bool {
    text.contains("/home/") || text.contains("/Users/")
}

fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || DELIMITERS.contains(c)
}

/// A word, with the delimiter at its end, without what must not be recorded.
fn clean_word(word: &str) -> String {
    let body = word.trim_end_matches(is_delimiter);
    let end = word.get(body.len()..).unwrap_or_default();
    let absolute =
        |text: &str| text.starts_with(['/', '~']) && text.len() > 1 || text.contains(":\\") || text.starts_with("\\\\");
    if absolute(body) || is_of_home(body) || body.starts_with("file:") {
        return format!("<path>{end}");
    }
    // `name@1.2.3` is a package and a version; `name@host.tld` is an address.
    let parts: Vec<&str> = body.split('@').collect();
    let address = parts.windows(2).any(|pair| {
        let [user, host] = pair else { return false };
        let host = host.split(['/', ':', '!', '?']).next().unwrap_or_default().trim_end_matches('.');
        let top = host.rsplit_once('.').map(|(_, last)| last);
        // `com`, `xn--p1ai`; the last part of a version begins with a digit.
        let is_name = |label: &str| label.len() > 1 && label.starts_with(char::is_alphabetic);
        !user.is_empty() && !user.ends_with('/') && (host == "localhost" || top.is_some_and(is_name))
    });
    if address {
        return format!("<address>{end}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_words_paths_and_user_information_are_taken_out_and_the_rest_stays() {
        let private = ["/srv/a person".to_owned(), "machine-7".to_owned(), String::new()];
        for (text, cleaned) in [
            ("cannot write /srv/a person/x: denied", "cannot write <private><path> denied"),
            ("cannot read /etc/x: not found", "cannot read <path> not found"),
            ("on machine-7.example", "on <private>.example"),
            ("at https://u:p@example.com/o/n?t=1#x", "at https://example.com/o/n"),
            (
                "url=https://u:p=w@example.com/o,https://t:s@example.com?t=1&u=(2).",
                "url=https://example.com/o,https://example.com",
            ),
            ("ask octo@example.com, now", "ask <address>, now"),
            ("serde@1.0.0 and refs/heads/main", "serde@1.0.0 and refs/heads/main"),
        ] {
            assert_eq!(clean(text, &private), cleaned);
        }
    }

    #[test]
    fn packages_urls_and_refs_are_kept_and_addresses_and_paths_are_not() {
        for (word, kept) in [
            ("h2@0.3.25", "h2@0.3.25"),
            ("pkg:cargo/h2@0.3.25", "pkg:cargo/h2@0.3.25"),
            ("refs/heads/main", "refs/heads/main"),
            ("https://example.com/a?b#c", "https://example.com/a"),
            ("https://u:p@example.com/a,", "https://example.com/a,"),
            ("a@b.example", "<address>"),
            ("root@localhost", "<address>"),
            ("refs/heads/a@b.example/fix", "<address>"),
            ("a@b.xn--p1ai", "<address>"),
            ("vendor/left-pad@1.0.0/Cargo.lock", "vendor/left-pad@1.0.0/Cargo.lock"),
            ("crates/@scope/x/Cargo.lock", "crates/@scope/x/Cargo.lock"),
            ("/etc/passwd", "<path>"),
            ("~/x", "<path>"),
            ("C:\\Users\\x", "<path>"),
            ("file:///x", "<path>"),
            ("/", "/"),
        ] {
            assert_eq!(clean(word, &[]), kept, "{word}");
        }
    }
}
