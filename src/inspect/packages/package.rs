//! One piece of software, as plain data.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use crate::limits;

/// By whose record a package is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// dpkg, of Debian and its kin.
    Deb,
    /// apk, of Alpine, Wolfi and others.
    Apk,
    /// rpm.
    Rpm,
    /// Metadata of an installed Python distribution (`*.dist-info`, `*.egg-info`).
    Python,
    /// A `package.json` with name and version.
    Npm,
    /// A module that a program of Go says it was built of.
    Go,
    /// A crate that a program says it was built of, in what cargo-auditable wrote into it.
    Cargo,
    /// A jar, war or ear, also one within another.
    Java,
    /// A Ruby gem.
    Gem,
}

impl Kind {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 9] = [
        Self::Deb,
        Self::Apk,
        Self::Rpm,
        Self::Python,
        Self::Npm,
        Self::Go,
        Self::Cargo,
        Self::Java,
        Self::Gem,
    ];

    /// Its name in reports: `deb`, `python`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Python => "python",
            Self::Npm => "npm",
            Self::Go => "go",
            Self::Cargo => "cargo",
            Self::Java => "java",
            Self::Gem => "gem",
        }
    }

    /// The type of its package URLs (purl-spec, PURL-TYPES).
    fn purl_type(self) -> &'static str {
        match self {
            Self::Python => "pypi",
            Self::Go => "golang",
            Self::Java => "maven",
            other => other.name(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// Whose record says so.
    pub kind: Kind,
    /// Its name; that of Java with its group (`group:artifact`), where that is known.
    pub name: String,
    /// Its version, as the record has it; empty where it has none.
    pub version: String,
    /// What it was built for, where the record says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Licences in the record's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// The source that it was built from, with its version where that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its package URL (purl-spec).
    pub purl: String,
    /// The file that says so, without leading slash, with replacement characters where it is not UTF-8.
    pub record: String,
    /// The layer that has most of its files, or else that of the record; from 1 at the base.
    pub layer: usize,
    /// Paths of the merged tree that belong to it.
    pub files: u64,
    /// Bytes of these, or what the record says where it names no files.
    pub bytes: u64,
}

impl Package {
    /// A package of a name and a version; `None` where no package can be called so.
    pub(crate) fn new(kind: Kind, name: &str, version: &str) -> Option<Self> {
        let (name, version) = (name.trim(), version.trim());
        let fits = |text: &str| text.len() <= limits::PACKAGE_TEXT_BYTES;
        if name.is_empty() || !fits(name) || !fits(version) {
            return None;
        }
        Some(Self {
            kind,
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: None,
            licences: Vec::new(),
            source: None,
            purl: String::new(),
            record: String::new(),
            layer: 0,
            files: 0,
            bytes: 0,
        })
    }

    /// Adds a licence unless it is there already.
    pub(super) fn licence(&mut self, licence: &str) {
        let licence = licence.trim();
        let is_known = self.licences.iter().any(|known| known == licence);
        let is_known = is_known || self.licences.len() >= limits::PACKAGE_LICENCES;
        if !licence.is_empty() && licence.len() <= limits::PACKAGE_TEXT_BYTES && !is_known {
            self.licences.push(licence.to_owned());
        }
    }

    /// The URL of a package; that of a distribution names it.
    pub(super) fn purl_in(&self, distribution: Option<&Distribution>) -> String {
        // The others' versions may have a colon of their own.
        let epoch = self.version.split_once(':').filter(|_| self.kind == Kind::Rpm);
        let (namespace, name) = match self.kind {
            Kind::Deb | Kind::Apk | Kind::Rpm => {
                let id = distribution.map_or("", |distribution| &*distribution.id);
                (id.to_owned(), self.name.clone())
            }
            Kind::Python => (String::new(), pypi(&self.name)),
            Kind::Java => match self.name.split_once(':') {
                Some((group, artifact)) => (group.to_owned(), artifact.to_owned()),
                None => (String::new(), self.name.clone()),
            },
            Kind::Npm | Kind::Go => match self.name.rsplit_once('/') {
                Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
                None => (String::new(), self.name.clone()),
            },
            Kind::Cargo | Kind::Gem => (String::new(), self.name.clone()),
        };
        let mut purl = format!("pkg:{}/", self.kind.purl_type());
        let of_go = |text: String| match self.kind {
            Kind::Go => text.to_lowercase(),
            _ => text,
        };
        let (namespace, name) = (of_go(namespace), of_go(name));
        for part in namespace.split('/').filter(|part| !part.is_empty()) {
            purl.push_str(&encoded(part));
            purl.push('/');
        }
        purl.push_str(&encoded(&name));
        let version = match (self.kind, &*self.version) {
            // A program that was built from a working folder.
            (Kind::Go, "(devel)") => "",
            (Kind::Go, version) => version.strip_prefix("go").unwrap_or(version),
            (_, version) => epoch.map_or(version, |(_, version)| version),
        };
        if !version.is_empty() {
            purl.push('@');
            purl.push_str(&encoded(version));
        }
        let mut sign = '?';
        let is_of_distribution = matches!(self.kind, Kind::Deb | Kind::Apk | Kind::Rpm);
        let of = distribution.filter(|_| is_of_distribution);
        let of = of.map(|distribution| distribution.label());
        let source = self.source.as_ref().filter(|_| is_of_distribution);
        let source = source.map(|source| source.replacen(' ', "@", 1));
        let epoch = epoch.map(|(epoch, _)| epoch.to_owned());
        let qualifiers = [
            ("arch", &self.architecture),
            ("distro", &of),
            ("epoch", &epoch),
            ("upstream", &source),
        ];
        for (key, value) in qualifiers {
            if let Some(value) = value {
                purl.push(sign);
                purl.push_str(key);
                purl.push('=');
                purl.push_str(&encoded(value));
                sign = '&';
            }
        }
        purl
    }
}

/// What stands as it is in a package URL.
const PURL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_').remove(b'~');

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PURL).to_string()
}

/// Names of Python are the same in small letters and with dashes.
fn pypi(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(kind: Kind, name: &str, version: &str, architecture: Option<&str>) -> String {
        let mut package = Package::new(kind, name, version).expect("a package");
        package.architecture = architecture.map(ToOwned::to_owned);
        let debian = Distribution {
            id: "debian".into(),
            version: "12".into(),
            name: "Debian GNU/Linux 12".into(),
        };
        package.purl_in(Some(&debian))
    }

    #[test]
    fn urls_are_those_of_the_specification() {
        for (kind, name, version, architecture, url) in [
            (
                Kind::Deb,
                "g++-12",
                "1:12.2.0-14+b1",
                Some("amd64"),
                "pkg:deb/debian/g%2B%2B-12@1%3A12.2.0-14%2Bb1?arch=amd64&distro=debian-12",
            ),
            (Kind::Npm, "@babel/core", "7.1.0", None, "pkg:npm/%40babel/core@7.1.0"),
            (
                Kind::Go,
                "github.com/google/uuid",
                "v1.6.0",
                None,
                "pkg:golang/github.com/google/uuid@v1.6.0",
            ),
            (Kind::Python, "Typing_Extensions", "4.1", None, "pkg:pypi/typing-extensions@4.1"),
            (Kind::Java, "org.slf4j:slf4j-api", "2.0", None, "pkg:maven/org.slf4j/slf4j-api@2.0"),
            (Kind::Gem, "rake", "", None, "pkg:gem/rake"),
            (
                Kind::Rpm,
                "bash",
                "2:5.2-3",
                Some("x86_64"),
                "pkg:rpm/debian/bash@5.2-3?arch=x86_64&distro=debian-12&epoch=2",
            ),
            (
                Kind::Go,
                "github.com/Masterminds/semver",
                "v3",
                None,
                "pkg:golang/github.com/masterminds/semver@v3",
            ),
            (Kind::Go, "example.com/a", "(devel)", None, "pkg:golang/example.com/a"),
            (Kind::Go, "stdlib", "go1.26.8", None, "pkg:golang/stdlib@1.26.8"),
        ] {
            assert_eq!(purl(kind, name, version, architecture), url);
        }
    }

    #[test]
    fn what_no_package_is_called_is_none() {
        assert_eq!(Package::new(Kind::Npm, "  ", "1"), None);
        assert_eq!(Package::new(Kind::Npm, &"a".repeat(5000), "1"), None);
    }
}
