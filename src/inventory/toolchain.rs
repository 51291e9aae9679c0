//! `rust-toolchain` and `rust-toolchain.toml`: which toolchain a tree asks for. Read as data; nothing is installed or run.

use super::place::{Cursor, Refusal, utf8};
use crate::model::{Gap, TreePath};
use semver::Version;
use std::sync::Arc;
use toml::de::DeTable;

/// The channel that rustup takes where the file names none.
pub const DEFAULT: &str = "default";

/// What to do with a file that rustup would refuse too.
const HELP: &str = "write `[toolchain]` and `channel = \"1.95.0\"` (the version in use) into the file";

/// A toolchain file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// The file.
    pub path: TreePath,
    /// What it asks for.
    pub channel: Channel,
    /// 1-based line of the channel, or of the table without one.
    pub line: u32,
    /// 1-based column of the channel.
    pub column: u32,
    /// The text of the file, for the excerpts of findings.
    pub text: Arc<str>,
}

/// What a toolchain file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// `1.70.0`, `1.70.0-beta.2`: one version.
    Pinned(Version),
    /// `1.70`: the newest of its patch releases, whichever that is.
    Series {
        /// 1.
        major: u64,
        /// 70.
        minor: u64,
    },
    /// `stable`, `nightly-2026-01-01`, a custom name, or [`DEFAULT`]: no version is known from the name.
    Floating(String),
    /// A toolchain in a directory.
    Path(String),
}

/// Reads a toolchain file. One line without TOML is the old form, which only `rust-toolchain` may have.
///
/// # Errors
/// A gap `parse-failed` with the line.
pub fn parse(path: &TreePath, bytes: &[u8]) -> Result<Toolchain, Gap> {
    read(path, bytes).map_err(|refusal| refusal.gap(path, bytes))
}

fn read(path: &TreePath, bytes: &[u8]) -> Result<Toolchain, Refusal> {
    let text = utf8(bytes)?;
    let plain = path.file_name() != "rust-toolchain.toml" && text.lines().count() == 1;
    let (channel, at) = if plain { old_form(text)? } else { toml_form(text)? };
    let (line, column) = Cursor::new(text).place(at);
    Ok(Toolchain { path: path.clone(), channel, line, column, text: text.into() })
}

fn old_form(text: &str) -> Result<(Channel, usize), Refusal> {
    let name = text.trim();
    if name.is_empty() || name.chars().any(|c| c.is_whitespace() || c.is_control() || "[]=\"'".contains(c)) {
        return Err(Refusal::new(0, "one line that is not the name of a toolchain", HELP));
    }
    Ok((channel(name), text.len() - text.trim_start().len()))
}

fn toml_form(text: &str) -> Result<(Channel, usize), Refusal> {
    let document = DeTable::parse(text).map_err(|error| Refusal::toml(&error, HELP))?;
    let Some(value) = document.get_ref().get("toolchain") else {
        return Err(Refusal::new(0, "no table `toolchain`", HELP));
    };
    let at = value.span().start;
    let Some(table) = value.get_ref().as_table() else {
        return Err(Refusal::new(at, "`toolchain` is not a table", HELP));
    };
    let string = |key: &str| {
        let read = |value: &toml::Spanned<toml::de::DeValue<'_>>| match value.get_ref().as_str() {
            Some(text) if !text.trim().is_empty() => Ok((text.to_owned(), value.span().start)),
            _ => Err(Refusal::new(value.span().start, format!("`{key}` is not a string, or empty"), HELP)),
        };
        table.get(key).map(read).transpose()
    };
    match (string("channel")?, string("path")?) {
        (Some(_), Some((_, at))) => Err(Refusal::new(at, "both `channel` and `path`", HELP)),
        (Some((name, at)), None) => Ok((channel(name.trim()), at)),
        (None, Some((dir, at))) => Ok((Channel::Path(dir), at)),
        (None, None) => Ok((Channel::Floating(DEFAULT.into()), at)),
    }
}

/// `1.70.0`, `1.70.0-beta.2` or `1.70`, each with or without a target triple behind it; anything else floats.
fn channel(name: &str) -> Channel {
    let floating = || Channel::Floating(name.to_owned());
    let (numbers, rest) = name.split_once('-').unwrap_or((name, ""));
    let parts: Vec<Option<u64>> = numbers.split('.').map(number).collect();
    let beta = match rest.split('-').next() {
        Some(part) if part == "beta" || part.starts_with("beta.") => Some(part),
        _ => None,
    };
    match (parts.as_slice(), beta) {
        ([Some(major), Some(minor), Some(patch)], None) => Channel::Pinned(Version::new(*major, *minor, *patch)),
        ([Some(_), Some(_), Some(_)], Some(beta)) if beta != "beta" => {
            Version::parse(&format!("{numbers}-{beta}")).map_or_else(|_| floating(), Channel::Pinned)
        }
        ([Some(major), Some(minor)], None) => Channel::Series { major: *major, minor: *minor },
        // `1.70-beta` is whichever beta was the last.
        _ => floating(),
    }
}

fn number(text: &str) -> Option<u64> {
    // A sign or a leading zero is no version of Rust.
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapKind;
    use proptest::prelude::*;

    fn read(name: &str, text: &str) -> Result<Toolchain, Gap> {
        parse(&TreePath::new(name), text.as_bytes())
    }

    fn old(text: &str) -> Channel {
        read("rust-toolchain", text).unwrap().channel
    }

    fn pinned(text: &str) -> Channel {
        Channel::Pinned(text.parse().unwrap())
    }

    #[test]
    fn only_a_full_version_is_pinned() {
        assert_eq!(old("1.70.0\n"), pinned("1.70.0"));
        assert_eq!(old("1.70.0-x86_64-unknown-linux-gnu"), pinned("1.70.0"));
        assert_eq!(old("1.70.0-beta.2"), pinned("1.70.0-beta.2"));
        assert_eq!(old("1.70"), Channel::Series { major: 1, minor: 70 });
        assert_eq!(old("1.70-aarch64-apple-darwin"), Channel::Series { major: 1, minor: 70 });
        for name in [
            "stable",
            "nightly-2026-01-01",
            "beta",
            "my-toolchain",
            "1",
            "1.70-beta",
            "1.70.0-beta",
            "1.070.0",
            "+1.70.0",
            "1.70.x",
        ] {
            assert_eq!(old(name), Channel::Floating(name.into()), "{name}");
        }
    }

    #[test]
    fn the_new_form_says_where_the_channel_stands() {
        let toolchain = read("a/rust-toolchain.toml", "# pinned\n[toolchain]\n  channel = \"1.70.0\"\n").unwrap();
        assert_eq!((toolchain.channel, toolchain.line, toolchain.column), (pinned("1.70.0"), 3, 13));
        let toolchain = read("rust-toolchain", "[toolchain]\npath = '../rust'\n").unwrap();
        assert_eq!((toolchain.channel, toolchain.line), (Channel::Path("../rust".into()), 2));
        let toolchain = read("rust-toolchain", "\n[toolchain]\ncomponents = ['clippy']\n").unwrap();
        assert_eq!((toolchain.channel, toolchain.line), (Channel::Floating("default".into()), 2));
        assert_eq!(read("rust-toolchain.toml", "toolchain = { channel = '1.70' }").unwrap().column, 25);
    }

    #[test]
    fn what_rustup_would_refuse_is_refused() {
        for (name, text, line) in [
            ("rust-toolchain", "", 1),
            ("rust-toolchain", "  \n", 1),
            ("rust-toolchain", "1.70.0 x", 1),
            ("rust-toolchain", "toolchain.channel = '1.70.0'", 1),
            ("rust-toolchain", "1.70.0\n1.71.0\n", 1),
            ("rust-toolchain.toml", "1.70.0", 1),
            ("rust-toolchain.toml", "[tool]\n", 1),
            ("rust-toolchain.toml", "\ntoolchain = '1.70.0'", 2),
            ("rust-toolchain.toml", "[toolchain]\nchannel = 1.70", 2),
            ("rust-toolchain.toml", "[toolchain]\nchannel = ''", 2),
            ("rust-toolchain.toml", "[toolchain]\nchannel = '1.70.0'\npath = 'x'", 3),
        ] {
            let gap = read(name, text).unwrap_err();
            assert_eq!((gap.kind, gap.line), (GapKind::ParseFailed, Some(line)), "{name} {text:?}: {}", gap.why);
        }
        assert_eq!(parse(&TreePath::new("rust-toolchain"), b"\xff").unwrap_err().kind, GapKind::ParseFailed);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|([0-9.\\-]|beta|[a-z]){0,12}", newline in any::<bool>()) {
            for name in ["rust-toolchain", "rust-toolchain.toml"] {
                let _ = read(name, &format!("{text}{}", if newline { "\n\n" } else { "" }));
            }
        }
    }
}
