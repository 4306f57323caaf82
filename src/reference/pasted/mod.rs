//! From whatever people paste to what they mean.

mod address;
mod command;
mod line;
mod tools;
mod variables;
mod word;

use super::{Reference, ReferenceError, Registry, Tag, shown};
use crate::digest::Digest;

/// What a pasted text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// An image.
    Image(Reference),
    /// A registry, and no image in it: `localhost:8080`.
    Registry(Registry),
    /// A digest, and not where it is.
    Digest(Digest),
}

impl Pasted {
    /// Reads what people paste: a reference, a registry, a digest, a command (`docker pull …`,
    /// `crane manifest …`), a line of a Dockerfile or of a configuration (`FROM … AS build`,
    /// `image: …`), a `docker://` or `oci://` name, a name and a tag with a space between, or the
    /// address of an image's page at Docker Hub, Quay, GitHub and others.
    ///
    /// # Errors
    /// As [`Reference::parse`], for the part that looked most like a reference; and when the text
    /// says why it names none.
    pub fn read(text: &str) -> Result<Self, ReferenceError> {
        let text = text.trim().trim_matches('`').trim();
        let text = text.trim_start_matches(['$', '>', '#', '%', ' ']);
        if text.len() > crate::limits::PASTED_BYTES {
            return Err(ReferenceError::TooLong(text.len()));
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => Err(ReferenceError::Empty),
            [one] => line::read(one).unwrap_or_else(|| word::read(&variables::filled(one)?)),
            _ => line::read(text)
                .or_else(|| command::read(text))
                .unwrap_or_else(|| from_words(text, &words)),
        }
    }
}

/// As [`Pasted::read`], where only an image will do.
///
/// # Errors
/// As [`Pasted::read`], and for a registry or a digest alone.
pub fn from_pasted(text: &str) -> Result<Reference, ReferenceError> {
    match Pasted::read(text)? {
        Pasted::Image(reference) => Ok(reference),
        Pasted::Registry(registry) => Err(ReferenceError::RegistryAlone(registry)),
        Pasted::Digest(digest) => Err(ReferenceError::DigestAlone(digest)),
    }
}

/// A name and its tag, as in `alpine latest` and in the rows of `docker images`; else the first
/// word that can be nothing but a reference.
fn from_words(text: &str, words: &[&str]) -> Result<Pasted, ReferenceError> {
    if let [name, tag, rest @ ..] = words
        && let Ok(Pasted::Image(reference @ Reference { tag: None, digest: None, .. })) =
            word::read(name)
        && let Ok(tag) = Tag::parse(tag)
        && rest.first().is_none_or(|id| is_image_id(id))
    {
        return Ok(Pasted::Image(reference.tagged(tag)));
    }
    let clear = |word: &&&str| word.contains(['/', ':', '@']);
    let found = words.iter().filter(clear).find_map(|word| word::read(word).ok());
    found.ok_or_else(|| ReferenceError::Repository(shown(text)))
}

fn is_image_id(word: &str) -> bool {
    let hex = word.strip_prefix("sha256:").unwrap_or(word);
    hex.len() >= 12 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
