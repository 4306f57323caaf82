//! Variables in names: `${TAG:-1.2}`.

use crate::reference::{ReferenceError, shown};

/// A name with the defaults of its variables in their places.
///
/// # Errors
/// When a variable has no default: nobody here knows its value.
pub(super) fn filled(text: &str) -> Result<String, ReferenceError> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        filled.push_str(before);
        let inner = behind.split_once('}');
        let (name, after) = inner.ok_or_else(|| ReferenceError::Variable(shown(text)))?;
        let default = [":-", "-"].iter().find_map(|mark| name.split_once(mark));
        let (_, default) = default.ok_or_else(|| ReferenceError::Variable(shown(text)))?;
        filled.push_str(default);
        rest = after;
    }
    filled.push_str(rest);
    match filled.contains(['$', '{', '%']) && !filled.contains("://") {
        true => Err(ReferenceError::Variable(shown(text))),
        false => Ok(filled),
    }
}
