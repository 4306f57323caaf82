//! The platform an image is for.
//!
//! image-spec, image-index.md, property `platform`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Operating system, architecture and what narrows them further.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// CPU architecture, by Go's names: `amd64`, `arm64`.
    #[serde(default)]
    pub architecture: String,
    /// Operating system, by Go's names: `linux`, `windows`.
    #[serde(default)]
    pub os: String,
    /// Version of the operating system; used by Windows.
    #[serde(rename = "os.version", default, skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Features that the operating system must have.
    #[serde(rename = "os.features", default, skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// Variant of the CPU: `v7`, `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text is no platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no platform: expected os/architecture or os/architecture/variant, such as linux/arm64/v8"
)]
pub struct PlatformError(pub String);

impl Platform {
    /// `unknown/unknown`, under which BuildKit lists attestations.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Whether an image for `self` serves who asked for `wanted`: system and architecture equal,
    /// variant and version only when asked for, features all there.
    #[must_use]
    pub fn matches(&self, wanted: &Self) -> bool {
        let narrowed = |have: &Option<String>, want: &Option<String>| {
            want.as_ref().is_none_or(|want| have.as_ref() == Some(want))
        };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && narrowed(&self.variant, &wanted.variant)
            && narrowed(&self.os_version, &wanted.os_version)
            && wanted.os_features.iter().all(|feature| self.os_features.contains(feature))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        if let Some(version) = &self.os_version {
            write!(f, ":{version}")?;
        }
        Ok(())
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let error = || PlatformError(text.chars().take(200).collect());
        let (name, os_version) = match text.split_once(':') {
            Some((name, version)) if !version.is_empty() => (name, Some(version.to_owned())),
            Some(_) => return Err(error()),
            None => (text, None),
        };
        let parts: Vec<&str> = name.split('/').collect();
        let good = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        };
        if !parts.iter().all(good) {
            return Err(error());
        }
        let (os, architecture, variant) = match parts.as_slice() {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some((*variant).to_owned())),
            _ => return Err(error()),
        };
        Ok(Self {
            os: (*os).to_owned(),
            architecture: (*architecture).to_owned(),
            variant,
            os_version,
            os_features: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_and_display() {
        for text in ["linux/amd64", "linux/arm64/v8", "windows/amd64:10.0.17763.1"] {
            assert_eq!(text.parse::<Platform>().map(|p| p.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "linux", "a/b/c/d", "linux/", "linux/am d64", "linux/amd64:"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn matching_narrows_only_when_asked() {
        let have: Platform = "linux/arm64/v8".parse().expect("platform");
        let matches = |text: &str| have.matches(&text.parse().expect("platform"));
        assert!(matches("linux/arm64"));
        assert!(matches("linux/arm64/v8"));
        assert!(!matches("linux/arm64/v7"));
        assert!(!matches("linux/amd64"));
    }
}
