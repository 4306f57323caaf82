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
    /// The platform that a person names: as [`FromStr`] reads it, or an architecture alone, which is
    /// one of Linux.
    ///
    /// # Errors
    /// When it is neither.
    pub fn named(text: &str) -> Result<Self, PlatformError> {
        let as_linux = |error| format!("linux/{text}").parse().map_err(|_| error);
        text.parse().or_else(as_linux)
    }

    /// `unknown/unknown`, under which BuildKit lists attestations.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Whether it says anything: some indexes have platforms of empty texts.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.os.is_empty() || !self.architecture.is_empty()
    }

    /// The one that is taken where nobody says which, if it is there: linux/amd64.
    #[must_use]
    pub fn usual() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), ..Self::default() }
    }

    /// The same platform as all spell it who compare platforms: `x86_64` is `amd64`, `arm64/v8` is
    /// `arm64`, and `arm` is `arm/v7`. Two platforms are the same when these are equal.
    ///
    /// The table is that of containerd, which Docker, Kubernetes and BuildKit go by.
    #[must_use]
    pub fn normalised(&self) -> Self {
        let lower = |text: &str| text.trim().to_ascii_lowercase();
        let os = match &*lower(&self.os) {
            "macos" => "darwin".to_owned(),
            os => os.to_owned(),
        };
        let variant = self.variant.as_deref().map(lower).unwrap_or_default();
        let given = lower(&self.architecture);
        let (architecture, variant) = match (&*given, &*variant) {
            ("i386", _) => ("386", ""),
            ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
            ("x86_64" | "x86-64" | "amd64", other) => ("amd64", other),
            ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
            ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
            ("aarch64" | "arm64", other) => ("arm64", other),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            ("arm", "8") => ("arm", "v8"),
            (architecture, variant) => (architecture, variant),
        };
        let mut os_features = self.os_features.clone();
        os_features.sort();
        os_features.dedup();
        Self {
            os,
            architecture: architecture.to_owned(),
            os_version: self.os_version.clone().filter(|version| !version.is_empty()),
            os_features,
            variant: Some(variant).filter(|variant| !variant.is_empty()).map(str::to_owned),
        }
    }

    /// Whether both are one platform, however each is spelled.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.normalised() == other.normalised()
    }

    /// Whether two that may be left open are one platform; two that are left open are.
    #[must_use]
    pub fn are_same(one: Option<&Self>, other: Option<&Self>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => one.is_same(other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// Whether an image for `self` serves who asked for `wanted`: system and architecture the same,
    /// variant and version only when asked for, features all there. Spelling does not count.
    ///
    /// Of several that serve, [`choose`] takes one.
    #[must_use]
    pub fn matches(&self, wanted: &Self) -> bool {
        self.normalised().serves(wanted, &wanted.normalised())
    }

    /// Whether one that is normalised serves who asked for `wanted`, which is `other` when it is
    /// normalised.
    fn serves(&self, wanted: &Self, other: &Self) -> bool {
        let narrowed = |have: &Option<String>, want: &Option<String>, asked: &Option<String>| {
            asked.as_ref().is_none_or(String::is_empty) || have == want
        };
        self.os == other.os
            && self.architecture == other.architecture
            && narrowed(&self.variant, &other.variant, &wanted.variant)
            && narrowed(&self.os_version, &other.os_version, &wanted.os_version)
            && other.os_features.iter().all(|feature| self.os_features.contains(feature))
    }
}

/// Which of several images serves who asked for a platform: the one that is for exactly that
/// platform, or else the first that serves. Its place in the list; those without a platform are
/// never chosen.
#[must_use]
pub fn choose<'a>(
    all: impl IntoIterator<Item = Option<&'a Platform>>,
    wanted: &Platform,
) -> Option<usize> {
    let mut first = None;
    let other = wanted.normalised();
    for (at, platform) in all.into_iter().enumerate() {
        let platform = platform.map(Platform::normalised);
        let Some(platform) = platform.filter(|own| own.serves(wanted, &other)) else { continue };
        if platform == other {
            return Some(at);
        }
        first = first.or(Some(at));
    }
    first
}

/// Which platforms of a list those mean who name some: of each that is named the ones that are
/// exactly it, or, where there is none, all that serve it.
#[must_use]
pub fn meant<'a>(all: &[&'a Platform], named: &[Platform]) -> Vec<&'a Platform> {
    let mut meant = Vec::new();
    for wanted in named {
        let exact = all.iter().filter(|platform| platform.is_same(wanted));
        let before = meant.len();
        meant.extend(exact.copied());
        if meant.len() == before {
            meant.extend(all.iter().filter(|platform| platform.matches(wanted)).copied());
        }
    }
    meant
}

/// `linux/arm64/v8`, with the version of the system behind a colon. What is not said is `unknown`.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said =
            |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        write!(f, "{}/{}", said(&self.os), said(&self.architecture))?;
        if let Some(variant) = self.variant.as_ref().filter(|variant| !variant.is_empty()) {
            write!(f, "/{variant}")?;
        }
        if let Some(version) = self.os_version.as_ref().filter(|version| !version.is_empty()) {
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
        if !parts.iter().all(good) || !os_version.as_deref().iter().all(good) {
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
        for text in [
            "",
            "linux",
            "a/b/c/d",
            "linux/",
            "linux/am d64",
            "linux/amd64:",
            "linux/amd64 (entry 2)",
            "windows/amd64:10.0 (entry 2)",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_architecture_alone_is_one_of_linux() {
        for (name, platform) in [
            ("arm64", "linux/arm64"),
            ("x86_64", "linux/x86_64"),
            ("windows/amd64:10.0", "windows/amd64:10.0"),
            ("linux/arm/v7", "linux/arm/v7"),
        ] {
            assert_eq!(Platform::named(name).map(|p| p.to_string()), Ok(platform.to_owned()));
        }
        for text in ["", "linux/", "entry 3", "linux/arm64 (entry 3)", "a/b/c/d"] {
            assert_eq!(Platform::named(text), Err(PlatformError(text.to_owned())));
        }
    }

    fn platform(text: &str) -> Platform {
        text.parse().expect("platform")
    }

    #[test]
    fn one_platform_has_many_spellings() {
        for (one, other) in [
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64/v8"),
            ("linux/arm64/v8.0", "linux/arm64/8"),
            ("linux/arm/v7", "linux/arm"),
            ("linux/armhf", "linux/arm/7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/x86-64", "Linux/AMD64/v1"),
            ("linux/i386", "linux/386"),
            ("macos/arm64", "darwin/aarch64"),
        ] {
            let (one, other) = (platform(one), platform(other));
            assert!(one.is_same(&other) && other.is_same(&one), "{one} {other}");
            assert!(one.matches(&other) && other.matches(&one), "{one} {other}");
        }
        for (one, other) in [
            ("linux/arm/v6", "linux/arm/v7"),
            ("linux/amd64/v3", "linux/amd64"),
            ("linux/arm64/v9", "linux/arm64"),
            ("linux/amd64", "windows/amd64"),
            ("linux/386", "linux/amd64"),
            ("windows/amd64:10.0.17763.1", "windows/amd64:10.0.20348.1"),
        ] {
            assert!(!platform(one).is_same(&platform(other)), "{one} {other}");
        }
        let features = |features: &[&str]| Platform {
            os_features: features.iter().map(|feature| (*feature).to_owned()).collect(),
            ..platform("windows/amd64")
        };
        assert!(features(&["a", "b"]).is_same(&features(&["b", "a"])));
        assert!(features(&["a", "b"]).matches(&features(&["b"])));
        assert!(!features(&["a"]).matches(&features(&["b"])));
    }

    #[test]
    fn what_is_not_said_has_a_name() {
        let empty = Platform::default();
        assert!(!empty.is_named());
        assert_eq!(empty.to_string(), "unknown/unknown");
        let half = Platform { architecture: "amd64".to_owned(), ..Platform::default() };
        assert!(half.is_named());
        assert_eq!(half.to_string(), "unknown/amd64");
        let odd = Platform {
            variant: Some(String::new()),
            os_version: Some(String::new()),
            ..platform("linux/amd64")
        };
        assert_eq!(odd.to_string(), "linux/amd64");
        assert!(odd.is_same(&platform("linux/amd64")));
    }

    #[test]
    fn of_several_the_one_that_was_meant_is_chosen() {
        let list = ["linux/amd64/v3", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64"]
            .map(platform);
        let chosen = |wanted: &str| {
            let at = choose(list.iter().map(Some), &platform(wanted))?;
            list.get(at).map(ToString::to_string)
        };
        for (wanted, found) in [
            ("linux/amd64", Some("linux/amd64")),
            ("linux/x86_64/v3", Some("linux/amd64/v3")),
            ("linux/amd64/v2", None),
            ("linux/arm", Some("linux/arm/v7")),
            ("linux/arm/v6", Some("linux/arm/v6")),
            ("linux/arm64/v8", Some("linux/arm64")),
            ("linux/s390x", None),
        ] {
            assert_eq!(chosen(wanted).as_deref(), found, "{wanted}");
        }
        assert_eq!(choose([None, Some(&list[2])], &platform("linux/arm")), Some(1));
        assert_eq!(choose([None], &platform("linux/arm")), None);
    }

    #[test]
    fn who_names_platforms_means_exactly_them_where_they_are_there() {
        let list = ["linux/amd64", "linux/amd64/v3", "linux/arm64/v9", "linux/arm64/v8"];
        let list = list.map(platform);
        let all: Vec<&Platform> = list.iter().collect();
        let meant = |named: &[&str]| -> Vec<String> {
            let named: Vec<Platform> = named.iter().map(|text| platform(text)).collect();
            meant(&all, &named).iter().map(ToString::to_string).collect()
        };
        assert_eq!(meant(&["linux/x86_64"]), ["linux/amd64"]);
        assert_eq!(meant(&["linux/amd64/v3"]), ["linux/amd64/v3"]);
        assert_eq!(meant(&["linux/arm64"]), ["linux/arm64/v8"]);
        assert_eq!(
            meant(&["linux/amd64/v3", "linux/arm64/v9"]),
            ["linux/amd64/v3", "linux/arm64/v9"]
        );
        assert_eq!(meant(&["linux/s390x"]), [""; 0]);
        let third = platform("linux/amd64/v3");
        assert_eq!(super::meant(&[&third], &[platform("linux/amd64")]), [&third]);
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
