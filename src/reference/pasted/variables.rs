//! Variables in names: `${TAG:-1.2}`, and what the same text says of their values.

use crate::reference::{ReferenceError, shown};

/// The variables that a text sets: `ARG V=3.20`, `export TAG=1`.
pub(super) struct Variables<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Variables<'a> {
    /// Those of a text; the first value counts.
    pub(super) fn of(text: &'a str) -> Self {
        let words = text.split(|c: char| c.is_whitespace() || c == ';');
        Self(words.filter_map(assignment).collect())
    }

    /// A name with the values of its variables, or their defaults, in their places.
    ///
    /// # Errors
    /// When a variable has neither: nobody here knows its value.
    pub(super) fn filled(&self, text: &str) -> Result<String, ReferenceError> {
        self.fill(text, 0)
    }

    fn fill(&self, text: &str, depth: usize) -> Result<String, ReferenceError> {
        let unknown = || ReferenceError::Variable(shown(text));
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            filled.push_str(before);
            let (inner, after) = match behind.strip_prefix('{') {
                Some(inner) => inner.split_once('}').ok_or_else(unknown)?,
                None => behind.split_at(behind.find(is_no_part).unwrap_or(behind.len())),
            };
            let default = [":-", "-"].iter().find_map(|mark| inner.split_once(mark));
            let name = default.map_or(inner, |(name, _)| name);
            let known = self.0.iter().find(|(of, _)| *of == name).map(|(_, value)| *value);
            let value = known.or_else(|| default.map(|(_, value)| value)).ok_or_else(unknown)?;
            // A value may have a variable in it, which may be itself.
            match value.contains('$') {
                true if depth > 4 => return Err(unknown()),
                true => filled.push_str(&self.fill(value, depth + 1)?),
                false => filled.push_str(value),
            }
            rest = after;
        }
        filled.push_str(rest);
        match filled.contains(['{', '%']) && !filled.contains("://") {
            true => Err(unknown()),
            false => Ok(filled),
        }
    }
}

/// `NAME=value`, with or without quotes.
pub(super) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let value = value.trim_matches(['"', '\'']);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !name.contains(is_no_part);
    (is_name && !value.is_empty()).then_some((name, value))
}

fn is_no_part(c: char) -> bool {
    !c.is_ascii_alphanumeric() && c != '_'
}
