//! A digest alone: whole, or only its first digits, as pages and tools show it.

use crate::digest::Digest;

/// Digits by which tools name a digest in short.
const SHORT: usize = 12;
/// Fewest digits that are looked for.
const FEWEST: usize = 4;

/// The first digits of a digest: `sha256:9ce9dc9c9a1c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortDigest {
    algorithm: Option<Box<str>>,
    encoded: Box<str>,
}

impl ShortDigest {
    /// Whether a digest begins so.
    #[must_use]
    pub fn fits(&self, digest: &Digest) -> bool {
        let algorithm = self.algorithm.as_deref();
        algorithm.is_none_or(|name| name == digest.algorithm_name())
            && digest.encoded().starts_with(&*self.encoded)
    }
}

impl std::fmt::Display for ShortDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(algorithm) = &self.algorithm {
            write!(f, "{algorithm}:")?;
        }
        f.write_str(&self.encoded)
    }
}

/// A digest as it is written, or as tags and bare numbers have it.
pub(super) fn whole(word: &str) -> Option<Digest> {
    let word = word.strip_prefix('@').unwrap_or(word);
    let whole = Digest::parse(word).ok().filter(|digest| digest.algorithm().is_some());
    whole.or_else(|| {
        let rest = word.strip_prefix("sha256-").unwrap_or(word);
        let rest = rest.split_once('.').map_or(rest, |(rest, _)| rest);
        let is_whole = rest.len() == 64 && is_hex(rest);
        is_whole.then(|| Digest::parse(&format!("sha256:{}", rest.to_ascii_lowercase())).ok())?
    })
}

/// The start of one. Without an algorithm or dots behind it only what is as long as tools cut it:
/// a shorter word could be a name.
pub(super) fn short(word: &str) -> Option<ShortDigest> {
    let word = word.strip_prefix('@').unwrap_or(word);
    let cut = word.strip_suffix('…').or_else(|| word.strip_suffix("..."));
    let rest = cut.unwrap_or(word);
    let (algorithm, encoded) = match rest.split_once([':', '-']) {
        Some((name @ ("sha256" | "sha512"), encoded)) => (Some(name), encoded),
        Some(_) => return None,
        None => (None, rest),
    };
    let fewest = if algorithm.is_none() && cut.is_none() { SHORT } else { FEWEST };
    let is_start = (fewest..128).contains(&encoded.len()) && is_hex(encoded);
    is_start.then(|| ShortDigest {
        algorithm: algorithm.map(Into::into),
        encoded: encoded.to_ascii_lowercase().into(),
    })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
