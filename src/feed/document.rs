//! What one file of a source gave, whatever its format. It knows no format.

use crate::model::{Record, Timestamp};

/// What one file gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// The records.
    pub(super) records: Vec<Record>,
    /// What could not be read, lowercase: each becomes a gap that names the file.
    pub(super) problems: Vec<String>,
    /// What the file holds on purpose that no version can be asked about.
    pub(super) notes: Vec<Note>,
}

/// What is left out of a record, or of a source, because nothing can be asked of it. Counted and named for each source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Note {
    /// The file is a report that its database excludes.
    Excluded,
    /// The file keeps an id for a record to come.
    Reserved,
    /// A time of the record cannot be read. It decides no match.
    NoTime,
    /// The record, or a part of it, names no package.
    NoPackage,
    /// The record is on a package that no lockfile takes from the default registry.
    OtherRegistry,
    /// The record says that no version is affected.
    NothingAffected,
}

impl Document {
    /// A file that could not be read.
    pub(super) fn unreadable(why: impl Into<String>) -> Self {
        Self { problems: vec![why.into()], ..Self::default() }
    }

    /// When a record was published or changed. What is no time is noted; before 1970 nothing was published, and Go's
    /// database writes the first second of year 1 where it knows none.
    pub(super) fn time(&mut self, text: Option<&str>) -> Option<Timestamp> {
        match text?.parse::<Timestamp>() {
            Ok(time) => Some(time).filter(|time| time.0 > 0),
            Err(_) => {
                self.notes.push(Note::NoTime);
                None
            }
        }
    }

    /// When a record was withdrawn. Where that cannot be read the record goes on to match, and the problem is told.
    pub(super) fn withdrawn(&mut self, text: Option<&str>) -> Option<Timestamp> {
        match text?.parse::<Timestamp>() {
            Ok(time) => Some(time),
            Err(error) => {
                self.problems.push(format!("`withdrawn` is {error}"));
                None
            }
        }
    }
}

/// Bytes as text, without a byte order mark.
pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8 after byte {}", e.valid_up_to()))
}

/// Whether bytes are a page of HTML or XML, which servers give under the name of the data.
pub(super) fn is_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"<")
}

/// The words of a parser on one line, at most 240 characters.
pub(super) fn one_line(words: &str) -> String {
    let line: Vec<&str> = words.split_whitespace().collect();
    line.join(" ").chars().take(240).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn year_one_is_no_time_and_nonsense_is_told() {
        let mut document = Document::default();
        assert_eq!(document.time(Some("0001-01-01T00:00:00Z")), None);
        assert_eq!(document.time(None), None);
        assert_eq!(document.time(Some("1970-01-02T00:00:00.5Z")), Some(Timestamp(86_400)));
        assert_eq!(document, Document::default());
        assert_eq!(document.time(Some("soon")), None);
        assert_eq!((document.notes.as_slice(), document.problems.len()), (&[Note::NoTime][..], 0));
        assert_eq!(document.withdrawn(Some("soon")), None);
        assert_eq!(document.problems, ["`withdrawn` is not a date (YYYY-MM-DD) or an RFC 3339 time"]);
    }

    #[test]
    fn a_page_is_told_from_data() {
        assert!(is_page(b" \n<!doctype html>"));
        assert!(is_page(b"\xef\xbb\xbf<html>"));
        assert!(!is_page(b"{\"id\":\"<\"}"));
    }
}
