//! A waiver file: one file, one waiver. Whether the waiver holds is not decided here, but by `policy`.

use super::Waiver;
use super::error::ConfigErrors;
use super::policy_file::{all_or_nothing, owner_and_reason};
use super::read::Reader;
use crate::model::TreePath;

pub(super) const WAIVER: &[&str] =
    &["id", "package", "versions", "path", "owner", "reason", "expires", "approved-by", "adopted"];

/// The waiver that a text says, or every mistake in it. `shown_path` is the file as errors name it, `path` the file
/// relative to the root.
pub fn parse_waiver(shown_path: &str, path: &str, text: &str) -> Result<Waiver, ConfigErrors> {
    Reader::decode(shown_path, text, |reader, file| {
        reader.only(file, WAIVER);
        let id = reader.required(file, "id", "the advisory, such as `id = \"RUSTSEC-2024-0332\"`");
        let id = id.and_then(|field| reader.word(field));
        let package = reader.required(file, "package", "the package that the waiver is for");
        let package = package.and_then(|field| reader.word(field));
        let versions = file
            .field("versions")
            .map(|field| reader.parsed(field, "write a requirement such as \"=0.3.25\" or \">=0.3, <0.3.26\""));
        let paths = file.field("path").map(|field| reader.glob(field));
        let (owner, reason) = owner_and_reason(reader, file);
        let expires = reader.required(file, "expires", "the day on which it ends, such as `expires = \"2027-01-31\"`");
        let expires = expires.and_then(|field| reader.time(field));
        let approved_by = file.field("approved-by").map(|field| reader.word(field));
        let adopted = file.field("adopted").map(|field| reader.time(field));
        Some(Waiver {
            path: TreePath::new(path),
            id: id?,
            package: package?,
            versions: all_or_nothing(versions)?,
            paths: all_or_nothing(paths)?,
            owner: owner?,
            reason: reason?,
            expires: expires?,
            approved_by: all_or_nothing(approved_by)?,
            adopted: all_or_nothing(adopted)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    const FULL: &str = "id = \"RUSTSEC-2024-0332\"\npackage = \"h2\"\nversions = \"<0.3.26\"\npath = \"Cargo.lock\"\n\
                        owner = \"web-team\"\nreason = \"not reachable\"\nexpires = \"2027-01-01\"\n\
                        approved-by = \"security-team\"\nadopted = \"2026-11-22\"\n";

    fn parse(text: &str) -> Result<Waiver, Vec<String>> {
        let told =
            |errors: ConfigErrors| errors.0.iter().map(|e| format!("{}:{} {}", e.line, e.column, e.message)).collect();
        parse_waiver("w.toml", "w.toml", text).map_err(told)
    }

    #[test]
    fn every_key_is_read() {
        let waiver = parse(FULL).expect("valid");
        assert_eq!((waiver.id.as_str(), waiver.package.as_str()), ("RUSTSEC-2024-0332", "h2"));
        assert_eq!(waiver.versions, Some("<0.3.26".parse().expect("valid")));
        assert_eq!(waiver.paths.as_deref(), Some("Cargo.lock"));
        assert_eq!((waiver.owner.as_str(), waiver.reason.as_str()), ("web-team", "not reachable"));
        assert_eq!(waiver.expires.date(), "2027-01-01");
        assert_eq!(waiver.approved_by.as_deref(), Some("security-team"));
        assert_eq!(waiver.adopted.map(Timestamp::date).as_deref(), Some("2026-11-22"));
    }

    #[test]
    fn a_waiver_without_expiry_is_refused_and_so_is_one_without_id_package_owner_or_reason() {
        for key in ["id", "package", "owner", "reason", "expires"] {
            let without: String = FULL.lines().filter(|l| !l.starts_with(key)).map(|l| format!("{l}\n")).collect();
            assert_eq!(parse(&without), Err(vec![format!("1:1 `{key}` is missing in the file")]));
        }
    }

    #[test]
    fn a_misspelt_expiry_is_not_a_waiver_without_end() {
        assert_eq!(
            parse(&FULL.replace("expires", "expire")),
            Err(vec!["1:1 `expires` is missing in the file".into(), "7:1 unknown key `expire` in the file".into()])
        );
    }

    #[test]
    fn what_nobody_sees_is_refused_in_every_text_of_a_waiver_and_in_a_reason_lines_are_not() {
        for value in ["RUSTSEC-2024-0332", "h2\"", "web-team", "not reachable", "security-team"] {
            for hidden in ["\u{200b}", "\u{202e}", "\u{ad}", "\u{feff}", "\u{e0041}", "\\u0000"] {
                let (first, rest) = value.split_at(1);
                let errors = parse(&FULL.replace(value, &format!("{first}{hidden}{rest}"))).expect_err("refused");
                assert_eq!(errors.len(), 1, "{errors:?}");
                assert!(errors.iter().all(|e| e.contains(" character (U+")), "{errors:?}");
            }
            let (first, rest) = value.split_at(1);
            parse(&FULL.replace(value, &format!("{first}é日{rest}"))).expect("letters can be seen");
        }
        parse(&FULL.replace("not reachable", "not\\n\\treachable")).expect("a paragraph");
    }

    #[test]
    fn a_day_beyond_time_is_out_of_range_and_no_day_is_no_date() {
        for (day, said) in [
            ("\"9999-12-31\"", "7:11 `expires` is 9999-12-31, which is out of range"),
            ("9999-12-31", "7:11 `expires` is 9999-12-31, which is out of range"),
            ("\"2027-02-30\"", "7:11 `expires` is `2027-02-30`: not a date (YYYY-MM-DD) or an RFC 3339 time"),
        ] {
            assert_eq!(parse(&FULL.replace("\"2027-01-01\"", day)), Err(vec![said.to_owned()]));
        }
    }

    #[test]
    fn a_limit_that_cannot_be_read_does_not_become_no_limit() {
        for (from, to, place) in [
            ("<0.3.26", "below 0.3.26", "3:12"),
            ("\"Cargo.lock\"", "\"/etc\"", "4:8"),
            ("\"2026-11-22\"", "\"2026-02-30\"", "9:11"),
            ("\"security-team\"", "\"\"", "8:15"),
        ] {
            let errors = parse(&FULL.replace(from, to)).expect_err("it must be refused");
            assert_eq!(errors.len(), 1, "{errors:?}");
            assert!(errors.iter().all(|e| e.starts_with(place)), "{errors:?}");
        }
    }
}
