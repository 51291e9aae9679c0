//! The address of a package or repository in its parts, and whether it fixes a commit. It decides nothing.

use std::borrow::Cow;

/// What is sent without protection against being changed on the way.
const PLAIN: [&str; 6] = ["http", "git", "ftp", "svn", "rsync", "dict"];
/// Characters of an address that a message repeats.
const SHOWN: usize = 200;

/// An address, taken apart. Nothing is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    /// Without what stands before a `+`: `https`, `ssh`.
    pub(super) scheme: &'a str,
    /// Host and port, without user and password.
    pub(super) host: &'a str,
    /// From its first slash on, without query and fragment.
    pub(super) path: &'a str,
    query: &'a str,
    fragment: &'a str,
}

impl<'a> Address<'a> {
    /// Takes an address apart; none where it has no host.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.rsplit('+').next().unwrap_or(scheme);
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or(authority);
        (!host.is_empty()).then_some(Self { scheme, host, path, query, fragment })
    }

    /// Host and port as they are compared.
    pub(super) fn host(&self) -> Cow<'a, str> {
        if self.host.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(self.host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(self.host)
        }
    }

    /// Whether what it leads to can be changed on the way. What never leaves the machine cannot.
    pub(super) fn is_plain(&self) -> bool {
        PLAIN.iter().any(|plain| self.scheme.eq_ignore_ascii_case(plain)) && !self.is_local()
    }

    fn is_local(&self) -> bool {
        let name = self.host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let name = name.map_or(self.host, |(name, _)| name);
        let is_v4 = || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
        name.eq_ignore_ascii_case("localhost") || name == "[::1]" || is_v4()
    }

    /// The hash that classic yarn and npm write behind a tarball's address.
    pub(super) fn hash(&self) -> Option<&'a str> {
        is_id(self.fragment).then_some(self.fragment)
    }
}

/// Whether an address of a repository says which commit is meant, by its whole id: behind `#`, behind `@`, as the last
/// part of the path of an archive, or as its query.
pub(super) fn has_commit(url: &str) -> bool {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    if fragment.split('&').any(|part| is_id(part.strip_prefix("commit=").unwrap_or(part))) {
        return true;
    }
    // `github:owner/name#912ca63`, as bun writes it: git refuses an abbreviation that means two commits.
    let is_short = (7..40).contains(&fragment.len()) && fragment.bytes().all(|b| b.is_ascii_hexdigit());
    if is_short && !rest.contains("://") && rest.split_once(':').is_some_and(|(forge, _)| !forge.contains('@')) {
        return true;
    }
    // `url#subdirectory=a@commit`, as the readers of Python's locks put it together.
    if url.rsplit_once('@').is_some_and(|(_, commit)| is_id(commit)) {
        return true;
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let archive = Address::read(path).is_some_and(|address| {
        let last = address.path.rsplit('/').next().unwrap_or_default();
        let last = [".tar.gz", ".tgz", ".zip"].iter().find_map(|end| last.strip_suffix(end)).unwrap_or(last);
        is_id(last)
    });
    let by_query = query.split('&').filter_map(|pair| pair.split_once('=')).any(|(_, value)| is_id(value));
    (archive || by_query) && fragment.is_empty()
}

/// Whether this is the whole id of an object: 40 or 64 hex digits.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The address as a message shows it: without user, query and fragment, and not longer than a line.
pub(super) fn shown(text: &str) -> String {
    let plain = match Address::read(text) {
        Some(address) => format!("{}://{}{}", address.scheme, address.host, address.path),
        None => text.split(['#', '?']).next().unwrap_or(text).to_owned(),
    };
    match plain.char_indices().nth(SHOWN).and_then(|(at, _)| plain.get(..at)) {
        Some(start) => format!("{start} …"),
        None => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "603eeb3d4f6064917926fdaacc832790cbc9a609";
    const SHORT: &str = "603eeb3";

    #[test]
    fn an_address_has_parts() {
        let address = Address::read("git+ssh://a:b@Host.example:22/x/y?q=1#f").unwrap();
        assert_eq!((address.scheme, address.host().as_ref(), address.path), ("ssh", "host.example:22", "/x/y"));
        assert_eq!(Address::read("https://h.example").map(|a| (a.host, a.path)), Some(("h.example", "")));
        for none in ["", "a", "git@host:a/b", "file:a", "file:///a", "https://?x"] {
            assert_eq!(Address::read(none), None, "{none}");
        }
        assert_eq!(shown("https://u:p@h.example/a?token=1#x"), "https://h.example/a");
        assert_eq!(shown(&format!("https://h.example/{}", "a".repeat(300))).chars().count(), SHOWN + 2);
    }

    #[test]
    fn plain_is_what_can_be_changed_on_the_way() {
        for plain in ["http://a.example/x", "git://a.example/x", "git+http://a.example", "HTTP://a.example", "svn://a"]
        {
            assert!(Address::read(plain).unwrap().is_plain(), "{plain}");
        }
        for safe in [
            "https://a.example/x",
            "git+ssh://git@a.example/x",
            "http://localhost:4873/x",
            "http://127.0.0.1/x",
            "http://[::1]:80/x",
        ] {
            assert!(!Address::read(safe).unwrap().is_plain(), "{safe}");
        }
        assert!(Address::read("http://localhost.a.example/x").unwrap().is_plain());
    }

    #[test]
    fn a_commit_is_a_whole_id_where_commits_stand() {
        for fixed in [
            format!("git+https://h.example/a?branch=main#{COMMIT}"),
            format!("git+https://h.example/a@{COMMIT}"),
            format!("git+https://h.example/a#subdirectory=x@{COMMIT}"),
            format!("https://h.example/a/tar.gz/{COMMIT}"),
            format!("https://h.example/a.zip?sha={COMMIT}"),
            format!("github:a/b#{}", SHORT),
            format!("git@h.example:a/b.git#commit={COMMIT}"),
            format!("git@h.example:a/b.git#workspace=x&commit={COMMIT}"),
        ] {
            assert!(has_commit(&fixed), "{fixed}");
        }
        for floating in [
            "git+https://h.example/a".to_owned(),
            "git+https://h.example/a?branch=main".to_owned(),
            "git+https://h.example/a#main".to_owned(),
            format!("git+https://h.example/a#{}", SHORT),
            format!("git@h.example:a/b#{}", SHORT),
            "github:a/b#603eeb".to_owned(),
            "github:a/b#main".to_owned(),
            format!("git+https://h.example/{COMMIT}/a"),
            format!("git+https://h.example/{COMMIT}#main"),
            format!("git+https://h.example/a?x={COMMIT}#main"),
        ] {
            assert!(!has_commit(&floating), "{floating}");
        }
    }
}
