//! Content digests: parsing, computing, and the three kinds that must not be mixed up.
//!
//! image-spec, descriptor.md, section "Digests".

mod states;

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};

pub use states::{State, States};

/// A registered algorithm that this library can compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, 64 hexadecimal digits.
    #[default]
    Sha256,
    /// SHA-512, 128 hexadecimal digits.
    Sha512,
}

impl Algorithm {
    /// The name in front of the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// The algorithm with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha512].into_iter().find(|algorithm| algorithm.name() == name)
    }

    fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// `algorithm:encoded`, valid by the grammar. Unknown algorithms are kept, but can't be verified.
///
/// ```
/// use drydock::digest::{Algorithm, Digest};
///
/// # fn main() -> Result<(), drydock::digest::DigestError> {
/// let digest = Digest::sha256(b"{}");
/// assert!(digest.as_str().starts_with("sha256:44136fa355b3678a"));
/// assert_eq!(Digest::parse(digest.as_str())?, digest);
/// assert_eq!(digest.algorithm(), Some(Algorithm::Sha256));
/// assert!(Digest::parse("md5:d41d8cd98f00b204e9800998ecf8427e").is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(Box<str>);

/// Why a text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not `algorithm:encoded` by the grammar of the specification.
    #[error("\"{0}\" is no digest: expected algorithm:encoded, such as sha256 and 64 hex digits")]
    Grammar(String),
    /// A registered algorithm with the wrong number of digits or other characters.
    #[error("\"{text}\" is no {algorithm} digest: expected {expected} lower-case hex digits")]
    Encoded {
        /// The text.
        text: String,
        /// Name of the algorithm.
        algorithm: &'static str,
        /// Number of digits that it has.
        expected: usize,
    },
    /// An algorithm that no longer protects anything.
    #[error("{0} digests are refused: the algorithm is broken; use sha256 or sha512")]
    Weak(String),
}

impl Digest {
    /// Parses `algorithm:encoded`.
    ///
    /// # Errors
    /// When the text breaks the grammar, a registered algorithm's length, or names md5 or sha1.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        // Nearly all are of this form, and an edit can name tens of thousands.
        if let Some(hex) = text.strip_prefix("sha256:")
            && hex.len() == Algorithm::Sha256.hex_len()
            && hex.bytes().all(is_hex)
        {
            return Ok(Self(text.into()));
        }
        let grammar = || DigestError::Grammar(text.chars().take(200).collect());
        let (algorithm, encoded) = text.split_once(':').ok_or_else(grammar)?;
        let component = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        let encoded_ok = !encoded.is_empty()
            && encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"=_-".contains(&b));
        if !algorithm.split(['+', '.', '_', '-']).all(component) || !encoded_ok {
            return Err(grammar());
        }
        if let Some(known) = Algorithm::named(algorithm)
            && (encoded.len() != known.hex_len() || !encoded.bytes().all(is_hex))
        {
            return Err(DigestError::Encoded {
                text: text.chars().take(200).collect(),
                algorithm: known.name(),
                expected: known.hex_len(),
            });
        }
        if matches!(algorithm, "md5" | "sha1" | "md4" | "md2") {
            return Err(DigestError::Weak(algorithm.to_owned()));
        }
        Ok(Self(text.into()))
    }

    /// Computes the digest of bytes that are all at hand.
    #[must_use]
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Computes the SHA-256 digest of bytes that are all at hand.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of(Algorithm::Sha256, bytes)
    }

    /// The digest with these 32 bytes.
    pub(crate) fn from_sha256(sum: [u8; 32]) -> Self {
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in sum {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        Self(text.into())
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The algorithm, when it is one that can be computed here.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::named(self.algorithm_name())
    }

    /// The text in front of the colon.
    #[must_use]
    pub fn algorithm_name(&self) -> &str {
        self.0.split_once(':').map_or("", |(algorithm, _)| algorithm)
    }

    /// The text behind the colon.
    #[must_use]
    pub fn encoded(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, encoded)| encoded)
    }

    /// The first twelve characters behind the colon, for showing.
    #[must_use]
    pub fn short(&self) -> &str {
        let encoded = self.encoded();
        encoded.get(..12).unwrap_or(encoded)
    }

    /// The tag under which referrers are listed where a registry has no referrers API
    /// (distribution-spec, "Referrers Tag Schema").
    #[must_use]
    pub fn referrers_tag(&self) -> String {
        let cut = |text: &str, len: usize| text.get(..len).unwrap_or(text).to_owned();
        format!("{}-{}", cut(self.algorithm_name(), 32), cut(self.encoded(), 64))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        Self::parse(text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

macro_rules! digest_kind {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

digest_kind! {
    /// Digest of a layer's uncompressed tar (image-spec, config.md, "Layer DiffID").
    DiffId
}
digest_kind! {
    /// Digest of a stack of layers (image-spec, config.md, "Layer ChainID").
    ChainId
}

impl ChainId {
    /// The chain of the base layer alone.
    #[must_use]
    pub fn base(diff_id: &DiffId) -> Self {
        Self(diff_id.0.clone())
    }

    /// The chain with one more layer on top.
    #[must_use]
    pub fn push(&self, diff_id: &DiffId) -> Self {
        let algorithm = self.0.algorithm().unwrap_or_default();
        Self(Digest::of(algorithm, format!("{self} {diff_id}").as_bytes()))
    }
}

/// A digest, and the states on the way to it when they were [recorded](Hasher::recording).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashed {
    /// The digest of all bytes taken.
    pub digest: Digest,
    /// The states in between.
    pub states: Option<States>,
}

impl From<Digest> for Hashed {
    fn from(digest: Digest) -> Self {
        Self { digest, states: None }
    }
}

/// Computes a digest from pieces. Cloning keeps the state, so a stream can be resumed.
#[derive(Clone, Debug)]
pub struct Hasher {
    sum: Sum,
    recorded: Option<Recorded>,
}

#[derive(Clone, Debug)]
enum Sum {
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

#[derive(Clone, Debug)]
struct Recorded {
    states: States,
    taken: u64,
}

impl Hasher {
    /// Starts with nothing read.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let sum = match algorithm {
            Algorithm::Sha256 => Sum::Sha256(Sha256::new()),
            Algorithm::Sha512 => Sum::Sha512(Box::new(Sha512::new())),
        };
        Self { sum, recorded: None }
    }

    /// The same, but of a SHA-256 the [`States`] after each `every` bytes are kept, which costs
    /// nothing but their 32 bytes each.
    #[must_use]
    pub fn recording(algorithm: Algorithm, every: u64) -> Self {
        let recorded = Recorded { states: States::new(every), taken: 0 };
        let recorded = (algorithm == Algorithm::Sha256).then_some(recorded);
        Self { recorded, ..Self::new(algorithm) }
    }

    /// Goes on with a SHA-256 that was in this state after `taken` bytes; `None` when that is no
    /// multiple of 64.
    #[must_use]
    pub fn resumed(state: State, taken: u64) -> Option<Self> {
        Some(Self { sum: Sum::Sha256(state.hasher(taken)?), recorded: None })
    }

    /// The state of a SHA-256; it means something after a multiple of 64 bytes only.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        match &self.sum {
            Sum::Sha256(sum) => Some(State::of(sum)),
            Sum::Sha512(_) => None,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let sum = match &mut self.sum {
            Sum::Sha256(sum) => sum,
            Sum::Sha512(sum) => return sum.update(bytes),
        };
        if let Some(Recorded { states, taken }) = &mut self.recorded {
            while let due = states.due_in(*taken)
                && let Some((before, rest)) = bytes.split_at_checked(due as usize)
            {
                sum.update(before);
                states.push(State::of(sum));
                *taken += due;
                bytes = rest;
            }
            *taken += bytes.len() as u64;
        }
        sum.update(bytes);
    }

    /// The digest of all bytes taken.
    #[must_use]
    pub fn finish(self) -> Digest {
        let (algorithm, sum) = match self.sum {
            Sum::Sha256(sum) => (Algorithm::Sha256, sum.finalize().to_vec()),
            Sum::Sha512(sum) => (Algorithm::Sha512, sum.finalize().to_vec()),
        };
        let mut text = String::with_capacity(algorithm.name().len() + 1 + sum.len() * 2);
        text.push_str(algorithm.name());
        text.push(':');
        for byte in sum {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
            }
        }
        Digest(text.into())
    }

    /// The digest of all bytes taken, and the states that were kept.
    #[must_use]
    pub fn finish_with_states(mut self) -> Hashed {
        let states = self.recorded.take().map(|recorded| recorded.states);
        Hashed { digest: self.finish(), states }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m14_grammar() {
        let hex64 = "a".repeat(64);
        let hex128 = "0".repeat(128);
        for good in [
            format!("sha256:{hex64}"),
            format!("sha512:{hex128}"),
            "sha256+b64:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564".to_owned(),
            "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8".to_owned(),
            "blake3:abcdef".to_owned(),
            "a.b_c-d+e:X-_=".to_owned(),
        ] {
            assert_eq!(Digest::parse(&good).map(|d| d.to_string()), Ok(good));
        }
        for bad in [
            String::new(),
            ":".to_owned(),
            "sha256".to_owned(),
            "sha256:".to_owned(),
            ":abc".to_owned(),
            format!("SHA256:{hex64}"),
            format!("sha256:{}", "A".repeat(64)),
            format!("sha256:{}", "a".repeat(63)),
            format!("sha256:{}", "a".repeat(65)),
            format!("sha512:{hex64}"),
            format!("sha256:{hex64} "),
            format!("sha256:{}/", "a".repeat(63)),
            "sha256+foo+-b:abc".to_owned(),
            "+sha256:abc".to_owned(),
            "foo:a b".to_owned(),
            "foo:é".to_owned(),
        ] {
            assert!(Digest::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn m15_weak_and_unknown_algorithms() {
        assert!(matches!(Digest::parse("md5:abc"), Err(DigestError::Weak(_))));
        assert!(matches!(Digest::parse("sha1:abc"), Err(DigestError::Weak(_))));
        let blake3 = Digest::parse("blake3:abc").expect("grammar");
        assert_eq!(blake3.algorithm(), None);
    }

    #[test]
    fn known_sums_in_pieces() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::sha256(b"").as_str(), empty);
        let mut pieces = Hasher::new(Algorithm::Sha512);
        pieces.update(b"a");
        pieces.update(b"bc");
        assert_eq!(pieces.finish(), Digest::of(Algorithm::Sha512, b"abc"));
        assert_eq!(
            Digest::of(Algorithm::Sha512, b"abc").short(),
            "ddaf35a19361",
            "first digits of the published test vector"
        );
    }

    #[test]
    fn states_lead_to_the_digest() {
        let text: Vec<u8> = (0..1000u32).map(|at| at as u8).collect();
        for piece in [1, 7, 64, 256, 1000] {
            let mut hasher = Hasher::recording(Algorithm::Sha256, 128);
            text.chunks(piece).for_each(|piece| hasher.update(piece));
            let Hashed { digest, states } = hasher.finish_with_states();
            assert_eq!(digest, Digest::sha256(&text));
            let states = states.expect("states");
            assert_eq!((states.len(), states.every()), (7, 128));
            assert_eq!(States::from_bytes(128, &states.to_bytes()), Some(states.clone()));
            for at in (0..8).map(|step| step * 128) {
                let state = states.at(at).expect("a state");
                let mut rest = Hasher::resumed(state, at).expect("between blocks");
                assert_eq!(rest.state(), Some(state));
                rest.update(&text[at as usize..]);
                assert_eq!(rest.finish(), digest);
            }
            assert_eq!((states.at(64), states.at(1024)), (None, None));
        }
        // The first word of FIPS 180-4, section 5.3.3: the bytes are kept on disk.
        assert_eq!(State::start().0[..4], 0x6a09_e667_u32.to_le_bytes());
        assert!(Hasher::resumed(State::start(), 63).is_none());
        assert_eq!(States::from_bytes(100, &[]), None, "no whole blocks");
        assert_eq!(States::from_bytes(128, &[0; 33]), None, "no whole state");
        let long = Hasher::recording(Algorithm::Sha512, 128).finish_with_states();
        assert_eq!(long, Digest::of(Algorithm::Sha512, b"").into());
    }

    #[test]
    fn referrers_tag_truncates_sha512() {
        let long = Digest::of(Algorithm::Sha512, b"");
        assert_eq!(long.referrers_tag().len(), "sha512-".len() + 64);
    }
}
