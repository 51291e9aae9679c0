//! `.cargo/config.toml`, as far as it says which directories stand in for registries. It reads no other key, and no other
//! place that cargo takes configuration from.

use super::place::{Refusal, utf8};
use crate::model::{Gap, TreePath};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Sources of one file: each may name a directory. Real ones have one or two.
const MAX_SOURCES: usize = 1_000;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    source: BTreeMap<String, Source>,
}

#[derive(Deserialize)]
struct Source {
    directory: Option<String>,
}

/// The directories of `[source.NAME] directory = "…"`, as written, in the order of the names. They are relative to the
/// directory that holds `.cargo`.
///
/// # Errors
/// A `parse-failed` gap: the file is not TOML, or a source is not what cargo takes.
pub fn directories(path: &TreePath, bytes: &[u8]) -> Result<Vec<String>, Gap> {
    let read = || {
        let text = utf8(bytes)?;
        let help = "mend the file: cargo cannot read it either";
        let config: Config = toml::from_str(text).map_err(|error| Refusal::toml(&error, help))?;
        if config.source.len() > MAX_SOURCES {
            return Err(Refusal::new(0, format!("more than {MAX_SOURCES} sources"), help));
        }
        Ok(config.source.into_values().filter_map(|source| source.directory).collect())
    };
    read().map_err(|refusal: Refusal| refusal.gap(path, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapKind;

    fn read(text: &str) -> Result<Vec<String>, GapKind> {
        directories(&TreePath::new(".cargo/config.toml"), text.as_bytes()).map_err(|gap| gap.kind)
    }

    #[test]
    fn directories_are_found_and_other_keys_are_nobodys_business() {
        let text = "[build]\njobs = 1\n[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendor\"\n";
        assert_eq!(read(text), Ok(vec!["vendor".to_owned()]));
        assert_eq!(read(&text.replace("directory", "local-registry")), Ok(Vec::new()));
        assert_eq!(read(""), Ok(Vec::new()));
        for wrong in ["[source.v]\ndirectory = 1\n", "[source", "source = 1\n"] {
            assert_eq!(read(wrong), Err(GapKind::ParseFailed), "{wrong}");
        }
    }
}
