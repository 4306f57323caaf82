//! What is looked for in the files of an image, as an address has it.

use super::place::Query;

/// A text, and where it is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchView {
    /// The text, or the expression; empty for nothing yet.
    pub text: String,
    /// Whether it is a regular expression.
    pub is_regex: bool,
    /// Whether capital letters are others than small ones.
    pub case_matters: bool,
    /// Only files whose paths fit to this.
    pub paths: String,
}

impl SearchView {
    pub(super) fn write(&self, query: &mut Vec<(&'static str, Vec<u8>)>) {
        let texts = [("q", &self.text), ("in", &self.paths)];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            query.push((key, text.as_bytes().to_vec()));
        }
        for (key, is) in [("regex", self.is_regex), ("case", self.case_matters)] {
            if is {
                query.push((key, b"1".to_vec()));
            }
        }
    }

    pub(super) fn read(query: &Query) -> Self {
        Self {
            text: query.text("q").unwrap_or_default(),
            is_regex: query.is("regex", "1"),
            case_matters: query.is("case", "1"),
            paths: query.text("in").unwrap_or_default(),
        }
    }
}
