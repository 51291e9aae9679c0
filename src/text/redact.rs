//! Takes out of a text what must not travel with a report or a record: addresses of people, absolute paths, user
//! information, and words that the caller names. It is told these words, and it does not neutralise: that is `neutral`.

use std::net::Ipv4Addr;

/// What ends a word: blanks, and the marks that stand around paths and addresses in sentences.
const DELIMITERS: &str = "'\"`()[]{},;<>=";

/// Shorter words stand in too many others to be taken out of them, in bytes.
const MIN_PRIVATE: usize = 4;

/// The text without the private words, addresses, absolute paths and user information.
///
/// A private word that is shorter than four bytes is taken out only where it is the host of an address or of a URL.
pub fn clean(text: &str, private: &[String]) -> String {
    let mut text = text.to_owned();
    for word in private.iter().filter(|word| word.len() >= MIN_PRIVATE) {
        text = text.replace(word.as_str(), "<private>");
    }
    let short = private.iter().map(String::as_str).filter(|word| (1..MIN_PRIVATE).contains(&word.len()));
    let hosts: Vec<&str> = short.collect();
    text.split_inclusive(ends_url).map(|piece| clean_piece(piece, &hosts)).collect()
}

/// What no URL holds. The other delimiters may stand in its password or query.
fn ends_url(c: char) -> bool {
    c.is_whitespace() || "'\"`<>".contains(c)
}

/// A piece of text without user information, query and fragment of a URL in it, and what is not a URL word by word.
fn clean_piece(piece: &str, hosts: &[&str]) -> String {
    let words = |text: &str| text.split_inclusive(is_delimiter).map(|word| clean_word(word, hosts)).collect::<String>();
    let Some((scheme, rest)) = piece.split_once("://") else { return words(piece) };
    let body = rest.trim_end_matches(is_delimiter);
    let end = rest.get(body.len()..).unwrap_or_default();
    if (scheme.ends_with("file") && !body.is_empty()) || is_of_home(body) {
        return format!("<path>{end}");
    }
    let authority = body.split(['/', '?', '#']).next().unwrap_or_default();
    let kept = authority.rsplit_once('@').map_or(Some(body), |(user, _)| body.get(user.len() + 1..));
    let kept = kept.unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let host = kept.split(['/', ':']).next().unwrap_or_default();
    let kept = match kept.strip_prefix(host) {
        Some(path) if hosts.contains(&host) => format!("<private>{path}"),
        Some(_) | None => kept.to_owned(),
    };
    let kept = if kept.contains("://") { clean_piece(&kept, hosts) } else { kept }; // `https://a,https://b`
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
fn clean_word(word: &str, hosts: &[&str]) -> String {
    let body = word.trim_end_matches(is_delimiter);
    let end = word.get(body.len()..).unwrap_or_default();
    let absolute =
        |text: &str| text.starts_with(['/', '~']) && text.len() > 1 || text.contains(":\\") || text.starts_with("\\\\");
    if absolute(body) || is_of_home(body) || body.starts_with("file:") {
        return format!("<path>{end}");
    }
    // A host in brackets stands in the next word.
    if end.starts_with('[') && body.len() > 1 && body.ends_with('@') {
        return format!("<address>{end}");
    }
    // `name@1.2.3` is a package and a version, `name@latest` one and its tag; `name@host.tld` and `name@10.0.0.1` are
    // addresses.
    let parts: Vec<&str> = body.split('@').collect();
    let address = parts.windows(2).any(|pair| {
        let [user, host] = pair else { return false };
        let host = host.split(['/', ':', '!', '?']).next().unwrap_or_default().trim_end_matches('.');
        let top = host.rsplit_once('.').map(|(_, last)| last);
        // `com`, `xn--p1ai`; the last part of a version begins with a digit.
        let is_name = |label: &str| label.len() > 1 && label.starts_with(char::is_alphabetic);
        !user.is_empty()
            && !user.ends_with('/')
            && (host == "localhost"
                || hosts.contains(&host)
                || top.is_some_and(is_name)
                || host.parse::<Ipv4Addr>().is_ok())
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
        let private = ["/srv/a person", "machine-7", "pi", ""].map(str::to_owned);
        for (text, cleaned) in [
            ("cannot write /srv/a person/x: denied", "cannot write <private><path> denied"),
            ("cannot read /etc/x: not found", "cannot read <path> not found"),
            ("on machine-7.example", "on <private>.example"),
            ("at https://u:p@example.com/o/n?t=1#x", "at https://example.com/o/n"),
            (
                "url=https://u:p=w@example.com/o,https://t:s@example.com?t=1&u=(2).",
                "url=https://example.com/o,https://example.com",
            ),
            ("refs/heads/octo@10.0.0.1/fix", "<address>"),
            ("octo@[10.0.0.1] and octo@[::1]", "<address>[10.0.0.1] and <address>[::1]"),
            ("refs/heads/octo@pi/fix", "<address>"),
            ("at http://pi:8080/a or ssh://git@pi/a", "at http://<private>:8080/a or ssh://<private>/a"),
            ("at http://localhost:8080/a", "at http://localhost:8080/a"),
            // What is not told apart from packages and tags stays: an address whose host has no dot and is not this one.
            ("octo@laptop h2@1.2.3 a@1.2.3.999 a@latest pip pi", "octo@laptop h2@1.2.3 a@1.2.3.999 a@latest pip pi"),
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
