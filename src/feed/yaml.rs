//! YAML of advisory databases, within bounds. It knows no record.

use serde::de::DeserializeOwned;
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options};
use std::panic::AssertUnwindSafe;

/// Nodes of one file. The largest record in use (PyPI, with every version listed) has under 2,000.
const MAX_NODES: usize = 200_000;
/// Aliases of one file: the databases use none.
const MAX_ALIASES: usize = 100;
/// Levels of nesting. Records have six.
const MAX_DEPTH: usize = 64;

/// Reads one document. Keys that come twice are refused.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut budget = Budget::default();
    budget.max_events = MAX_NODES * 2;
    budget.max_nodes = MAX_NODES;
    budget.max_aliases = MAX_ALIASES;
    budget.max_anchors = MAX_ALIASES;
    budget.max_depth = MAX_DEPTH;
    budget.max_documents = 1;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.duplicate_keys = DuplicateKeyPolicy::Error;
    options.with_snippet = false;
    // A panic of the parser costs this file, and not all that are read beside it.
    std::panic::catch_unwind(AssertUnwindSafe(|| serde_saphyr::from_str_with_options(text, options)))
        .map_err(|_| "the parser of YAML broke on it".to_owned())?
        .map_err(|e| super::document::one_line(&e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Eq, Deserialize)]
    struct Texts {
        versions: Vec<String>,
        date: Option<String>,
    }

    #[test]
    fn plain_scalars_stay_as_they_are_written() {
        let texts: Texts =
            read("---\nversions:\n- 1.10\n- 012\n- 1e3\n- 1_000\n- true\n- 0x10\n- \"2.0\"\ndate: 2023-04-04\n")
                .unwrap();
        assert_eq!(texts.versions, ["1.10", "012", "1e3", "1_000", "true", "0x10", "2.0"]);
        assert_eq!(texts.date.as_deref(), Some("2023-04-04"));
        let empty: Texts = read("versions: []\ndate: ~\n").unwrap();
        assert_eq!(empty.date, None);
    }

    #[test]
    fn bombs_and_ambiguity_are_refused() {
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (name, of) in [("b", "a"), ("c", "b"), ("d", "c"), ("e", "d"), ("f", "e"), ("g", "f"), ("h", "g")] {
            let list = vec![format!("*{of}"); 9].join(",");
            bomb += &format!("{name}: &{name} [{list}]\n");
        }
        bomb += "versions: [*h]\n";
        assert!(read::<Texts>(&bomb).is_err());
        assert!(read::<Texts>("versions: []\nversions: []\n").is_err());
        assert!(read::<Texts>(&format!("versions: {}", "[".repeat(100_000))).is_err());
        assert!(read::<Texts>("versions: []\n---\nversions: []\n").is_err());
    }
}
