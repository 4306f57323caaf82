//! From whatever people paste to what they mean.

mod address;
mod command;
mod digest;
mod line;
mod message;
mod purl;
mod tools;
mod variables;
mod word;

use super::{Reference, ReferenceError, Registry, Tag, shown};
use crate::digest::Digest;
use crate::platform::Platform;
use variables::Variables;

pub use digest::ShortDigest;

/// What a pasted text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// An image.
    Image {
        /// Its name.
        reference: Reference,
        /// The platform, where the text says for which.
        platform: Option<Platform>,
    },
    /// A repository, and the text asks for its tags: `crane ls alpine`.
    Tags(Reference),
    /// A registry, and no image in it: `localhost:8080`.
    Registry(Registry),
    /// A digest, and not where it is.
    Digest(Digest),
    /// The start of a digest, and not where it is.
    ShortDigest(ShortDigest),
}

impl Pasted {
    /// Reads what people paste: a reference, a registry, a digest or the start of one, a command
    /// (`docker pull …`, `crane manifest …`), a line of a Dockerfile or of a configuration
    /// (`FROM … AS build`, `image: …`), what a tool said of an image, a `docker://` or `oci://`
    /// name, a package URL, a name and a tag with a space between, or the address of an image's
    /// page at Docker Hub, Quay, GitHub and others.
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
        let known = Variables::of(text);
        match words.as_slice() {
            [] => Err(ReferenceError::Empty),
            [one] => purl::read(one.trim_matches(['"', '\'', ',']))
                .or_else(|| line::read(one, &known))
                .unwrap_or_else(|| word::read(&known.filled(one)?)),
            [first, ..] => line::read(text, &known)
                .or_else(|| message::read(text).filter(|_| tools::tool(first).is_none()))
                .or_else(|| command::read(text, &known))
                .unwrap_or_else(|| from_words(text, &words)),
        }
    }

    /// An image, and nothing said of its platform.
    fn image(reference: Reference) -> Self {
        Self::Image { reference, platform: None }
    }

    /// The same for a platform, where it is an image's and none is said yet.
    fn on(self, platform: Option<Platform>) -> Self {
        match self {
            Self::Image { reference, platform: None } => Self::Image { reference, platform },
            other => other,
        }
    }
}

/// As [`Pasted::read`], where only an image will do.
///
/// # Errors
/// As [`Pasted::read`], and for a registry or a digest alone.
pub fn from_pasted(text: &str) -> Result<Reference, ReferenceError> {
    match Pasted::read(text)? {
        Pasted::Image { reference, .. } | Pasted::Tags(reference) => Ok(reference),
        Pasted::Registry(registry) => Err(ReferenceError::RegistryAlone(registry)),
        Pasted::Digest(digest) => Err(ReferenceError::DigestAlone(digest.to_string())),
        Pasted::ShortDigest(digest) => Err(ReferenceError::ShortDigestAlone(digest.to_string())),
    }
}

/// A name and its tag, as in `alpine latest` and in the rows of `docker images`; else, of the words
/// that can be nothing but a reference, the first one that says which image of a repository.
fn from_words(text: &str, words: &[&str]) -> Result<Pasted, ReferenceError> {
    if let [name, tag, rest @ ..] = words
        && !tools::is_command(tag)
        && let Ok(Pasted::Image {
            reference: reference @ Reference { tag: None, digest: None, .. },
            ..
        }) = word::read(name)
        && let Ok(tag) = Tag::parse(tag)
        && rest.first().is_none_or(|id| is_image_id(id))
    {
        return Ok(Pasted::image(reference.tagged(tag)));
    }
    let clear = |word: &&&str| is_clear(word);
    let found = words.iter().filter(clear).filter_map(|word| {
        let word = variables::assignment(word).map_or(*word, |(_, value)| value);
        word::read(word.trim_end_matches([':', '.', ','])).ok()
    });
    let found: Vec<Pasted> = found.collect();
    let says_which = |found: &&Pasted| match found {
        Pasted::Image { reference, .. } => reference.tag.is_some() || reference.digest.is_some(),
        _ => false,
    };
    let best = found.iter().find(says_which).or_else(|| found.first()).cloned();
    best.ok_or_else(|| match words {
        [tool, command, ..] if tools::is_command(command) => {
            ReferenceError::Command(shown(&format!("{tool} {command}")))
        }
        _ => ReferenceError::Repository(shown(text)),
    })
}

/// Whether a word can be nothing but a name, when it is one at all.
fn is_clear(word: &str) -> bool {
    word.contains(['/', ':', '@'])
}

fn is_image_id(word: &str) -> bool {
    let hex = word.strip_prefix("sha256:").unwrap_or(word);
    hex.len() >= 12 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
