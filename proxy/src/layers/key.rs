//! Of which layer, and what of it: in paths, and in names of files.

use drydock::digest::Digest;

use crate::limits::{LAYER_ENTRIES_BYTES, LAYER_WINDOWS_BYTES};
use crate::policy::Refusal;

/// A path with its variable parts left out, for logs.
pub(crate) const SHAPE: &str = "/-/layers/<digest>/<part>";

/// What can be known of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Its list of files.
    Entries,
    /// Where it can be read from, and what a decoder has to know there.
    Windows,
}

/// A part of what is known of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    digest: Digest,
    pub(super) part: Part,
}

impl Part {
    const ALL: [Self; 2] = [Self::Entries, Self::Windows];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Windows => "windows",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    pub(super) fn limit(self) -> u64 {
        match self {
            Self::Entries => LAYER_ENTRIES_BYTES,
            Self::Windows => LAYER_WINDOWS_BYTES,
        }
    }
}

impl Key {
    /// Reads `<digest>/<part>`.
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let wrong = |why: String| {
            Refusal::bad_request(why).advise(format!("Ask for {SHAPE} with entries or windows."))
        };
        let (digest, part) = path.split_once('/').unwrap_or((path, ""));
        let digest = Digest::parse(digest).map_err(|error| wrong(format!("{error}.")))?;
        if digest.algorithm().is_none() {
            let algorithm = digest.algorithm_name();
            return Err(wrong(format!("Layers are known by sha256 or sha512, not {algorithm}.")));
        }
        let part = Part::named(part)
            .ok_or_else(|| wrong("This names no part of what is known of a layer.".to_owned()))?;
        Ok(Self { digest, part })
    }

    /// The name of its file.
    pub(super) fn name(&self) -> String {
        let (algorithm, encoded) = (self.digest.algorithm_name(), self.digest.encoded());
        format!("{algorithm}-{encoded}.{}", self.part.name())
    }

    /// What a file of this name holds.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (digest, part) = name.rsplit_once('.')?;
        let (algorithm, encoded) = digest.split_once('-')?;
        let digest = Digest::parse(&format!("{algorithm}:{encoded}")).ok()?;
        digest.algorithm()?;
        Some(Self { digest, part: Part::named(part)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_what_it_holds_and_nothing_else_has_such_a_name() {
        for algorithm in ["sha256", "sha512"] {
            let hex = "0a".repeat(if algorithm == "sha256" { 32 } else { 64 });
            for part in Part::ALL {
                let key = Key::parse(&format!("{algorithm}:{hex}/{}", part.name())).ok();
                let key = key.expect("a key");
                assert_eq!(key.name(), format!("{algorithm}-{hex}.{}", part.name()));
                assert_eq!(Key::of_name(&key.name()), Some(key));
            }
        }
        let hex = "0a".repeat(32);
        for other in [
            String::new(),
            "lock".to_owned(),
            format!("sha256-{hex}"),
            format!("sha256-{hex}.tar"),
            format!("sha256:{hex}.entries"),
            format!("sha256-{hex}0.entries"),
            format!("blake3-{hex}.entries"),
        ] {
            assert_eq!(Key::of_name(&other), None, "{other}");
        }
    }
}
