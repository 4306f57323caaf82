//! What is looked for?

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// Memory that an expression may take, in bytes.
const COMPILED: usize = 4 << 20;

/// What a pattern is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wording {
    /// A text that stands as it is.
    #[default]
    Text,
    /// A regular expression, in the grammar of the crate `regex`; of bytes, and of one line.
    Regex,
}

/// A pattern that can be looked for.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a pattern can't be looked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing in it, or it fits to nothing at all.
    #[error("The pattern is empty, so it would be found everywhere.")]
    Empty,
    /// It is no regular expression; says why.
    #[error("This is no regular expression: {0}.")]
    Expression(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When there is nothing to look for, or an expression makes no sense.
    pub fn new(wording: Wording, text: &str, case_matters: bool) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let expression = match wording {
            Wording::Text => regex::escape(text),
            Wording::Regex => text.to_owned(),
        };
        let regex = RegexBuilder::new(&expression)
            .unicode(false)
            .multi_line(true)
            .case_insensitive(!case_matters)
            .size_limit(COMPILED)
            .dfa_size_limit(COMPILED)
            .build()
            .map_err(|error| PatternError::Expression(reason(&error)))?;
        if regex.is_match(b"") {
            return Err(PatternError::Empty);
        }
        Ok(Self(regex))
    }

    /// Where it is in a text from `from` on.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        self.0.find_at(text, from).map(|found| (found.start(), found.end()))
    }
}

/// The last line of what the crate says is the reason; the others show the place.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            reason.trim_start_matches("error: ").trim_end_matches('.').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stand_as_they_are() {
        let find = |wording, pattern: &str, case_matters, text: &str| {
            let pattern = Pattern::new(wording, pattern, case_matters).expect("a pattern");
            pattern.find(text.as_bytes(), 0)
        };
        assert_eq!(find(Wording::Text, "a.b", true, "aXb a.b"), Some((4, 7)));
        assert_eq!(find(Wording::Text, "KEY=", false, "my key=1"), Some((3, 7)));
        assert_eq!(find(Wording::Text, "KEY=", true, "my key=1"), None);
        assert_eq!(find(Wording::Text, "größe", false, "die größe"), Some((4, 11)));
        assert_eq!(find(Wording::Regex, r"^b\d+$", true, "a\nb12\nc"), Some((2, 5)));
    }

    #[test]
    fn what_can_not_be_looked_for_is_said() {
        let error = |wording, text| Pattern::new(wording, text, true).unwrap_err();
        assert_eq!(error(Wording::Text, ""), PatternError::Empty);
        assert_eq!(error(Wording::Regex, "a*"), PatternError::Empty);
        let unclosed = error(Wording::Regex, "(a").to_string();
        assert_eq!(unclosed, "This is no regular expression: unclosed group.");
        let large = error(Wording::Regex, &format!("(?:{}){{1000}}", "a{1000}"));
        assert!(large.to_string().contains("too large"), "{large}");
    }
}
