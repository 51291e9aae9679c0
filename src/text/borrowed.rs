//! Text of a JSON document that stays where it is: it is copied only where it has escapes. It is no validation of the text.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Deref;

/// A string of the document. `Cow` alone is borrowed by `serde` as a field, and copied inside an `Option`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<'t>(#[serde(borrow)] pub Cow<'t, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Text<'_> {
    /// The text by itself.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_copied_only_where_it_has_escapes() {
        let read = |json| serde_json::from_str::<Vec<Option<Text<'_>>>>(json).unwrap();
        assert!(matches!(&read(r#"["plain"]"#)[..], [Some(Text(Cow::Borrowed("plain")))]));
        assert!(matches!(&read(r#"["\u0070lain"]"#)[..], [Some(Text(Cow::Owned(text)))] if text == "plain"));
        assert_eq!(read("[null]"), [None]);
        assert!(serde_json::from_str::<Text<'_>>("1").is_err());
    }
}
