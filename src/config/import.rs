//! Reads the ignore lists of other auditors, leniently: they are input for people to look at, never policy.

use super::Files;
use super::error::shown;
use toml::de::{DeTable, DeValue};

/// What an entry of an ignore list names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ignored {
    /// An advisory, by id.
    Advisory(String),
    /// A package whose withdrawn versions are tolerated: a name, or `name@requirement`.
    Package(String),
}

/// One entry of an ignore list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportedIgnore {
    /// What it names.
    pub what: Ignored,
    /// The reason beside it, if there is one.
    pub reason: Option<String>,
    /// The file and its 1-based line, such as `deny.toml:12`.
    pub from: String,
}

/// Files with ignore lists, relative to the root.
pub const SOURCES: [&str; 5] = [".cargo/audit.toml", "audit.toml", ".cargo/deny.toml", ".deny.toml", "deny.toml"];

/// Every entry of every list, in order of file and place, and one line for each thing that could not be read.
pub fn ignores(files: &dyn Files) -> (Vec<ImportedIgnore>, Vec<String>) {
    let (mut found, mut said) = (Vec::new(), Vec::new());
    for path in SOURCES {
        match files.read(path) {
            Ok(None) => {} // most trees have none of them
            Ok(Some(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => read(path, &text, &mut found, &mut said),
                Err(_) => said.push(format!("{path} is not UTF-8: nothing is imported from it")),
            },
            Err(error) => said.push(format!("{path} is not imported: {error}")),
        }
    }
    (found, said)
}

fn read(path: &str, text: &str, found: &mut Vec<ImportedIgnore>, said: &mut Vec<String>) {
    let (root, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        said.push(format!("{path} is not TOML ({}): nothing is imported from it", shown(error.message())));
        return;
    }
    let Some(advisories) = root.get_ref().get("advisories") else { return };
    let DeValue::Table(advisories) = advisories.get_ref() else {
        return said.push(format!("`advisories` in {path} is not a table: nothing is imported from it"));
    };
    let Some(ignore) = advisories.get("ignore") else { return };
    let DeValue::Array(entries) = ignore.get_ref() else {
        return said.push(format!("`advisories.ignore` in {path} is not a list: nothing is imported from it"));
    };
    for entry in entries.iter() {
        let before = text.get(..entry.span().start).unwrap_or_default();
        let from = format!("{path}:{}", before.matches('\n').count() + 1);
        match entry_of(entry.get_ref()) {
            Some((what, reason)) => found.push(ImportedIgnore { what, reason, from }),
            None => said.push(format!("the entry at {from} names no advisory: not imported")),
        }
    }
}

fn entry_of(value: &DeValue<'_>) -> Option<(Ignored, Option<String>)> {
    match value {
        // In the older form a package may stand among the ids; an id has no `@` and starts like one.
        DeValue::String(text) if text.contains('@') => Some((Ignored::Package(text.to_string()), None)),
        DeValue::String(text) => Some((Ignored::Advisory(text.to_string()), None)),
        DeValue::Table(table) => {
            let text = |key: &str| match table.get(key)?.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None, // the caller says that the entry names nothing
            };
            let package = || text("crate").or_else(|| text("name")).map(Ignored::Package);
            Some((text("id").map(Ignored::Advisory).or_else(package)?, text("reason")))
        }
        _ => None, // the caller says so
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::SysError;

    struct One(&'static str, &'static str);

    impl Files for One {
        fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SysError> {
            Ok((path == self.0).then(|| self.1.as_bytes().to_vec()))
        }

        fn list(&self, _: &str) -> Result<Vec<String>, SysError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn ids_and_reasons_of_both_forms_are_read_with_their_lines() {
        let text = "[advisories]\nversion = 2\nignore = [\n  \"RUSTSEC-2020-0001\",\n  { id = \"RUSTSEC-2020-0002\", \
                    reason = \"no network\" },\n  { crate = \"a@1.0\", reason = \"yanked\" },\n]\n";
        let (found, said) = ignores(&One("deny.toml", text));
        assert_eq!(said, [""; 0]);
        let entry = |what, reason: Option<&str>, from: &str| ImportedIgnore {
            what,
            reason: reason.map(str::to_owned),
            from: from.into(),
        };
        assert_eq!(
            found,
            [
                entry(Ignored::Advisory("RUSTSEC-2020-0001".into()), None, "deny.toml:4"),
                entry(Ignored::Advisory("RUSTSEC-2020-0002".into()), Some("no network"), "deny.toml:5"),
                entry(Ignored::Package("a@1.0".into()), Some("yanked"), "deny.toml:6"),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in
            ["[advisories\n", "advisories = 1\n", "[advisories]\nignore = \"x\"\n", "[advisories]\nignore = [1]\n"]
        {
            let (found, said) = ignores(&One("audit.toml", text));
            assert_eq!((found.len(), said.len()), (0, 1), "{text}");
        }
        assert_eq!(ignores(&One("audit.toml", "[output]\nquiet = true\n")), (Vec::new(), Vec::new()));
    }
}
