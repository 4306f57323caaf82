//! The packages of an image, and choosing among them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::owners::Unowned;
use super::package::{Kind, Package};

/// The software of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Packages {
    /// Whose image it is, by its `os-release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<Distribution>,
    /// The packages, by kind, name and version.
    pub packages: Vec<Package>,
    /// Files that belong to none of them.
    pub unowned: Unowned,
    /// What could not be read, so that packages may be missing; whole sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Packages {
    /// How many there are of each kind that there is.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for package in &self.packages {
            *counts.entry(package.kind).or_default() += 1;
        }
        counts
    }

    /// The numbers of those that are of one of these kinds, or of any where there are none, and that
    /// have all words of a text in their name, version, source or licences; capitals don't matter.
    #[must_use]
    pub fn select(&self, kinds: &[Kind], text: &str) -> Vec<u32> {
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let has = |package: &Package| {
            let fields = [&*package.name, &*package.version];
            let more = package.source.as_deref().into_iter();
            let more = more.chain(package.licences.iter().map(String::as_str));
            let fields: Vec<String> =
                fields.into_iter().chain(more).map(str::to_lowercase).collect();
            words.iter().all(|word| fields.iter().any(|field| field.contains(word)))
        };
        let is_of = |package: &Package| kinds.is_empty() || kinds.contains(&package.kind);
        let numbered = (0..).zip(&self.packages);
        let chosen = numbered.filter(|(_, it)| is_of(it) && (words.is_empty() || has(it)));
        chosen.map(|(number, _)| number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_looked_for_in_name_version_source_and_licence() {
        let package = |kind, name, version, licence: &str| {
            let mut package = Package::new(kind, name, version).expect("a package");
            package.licence(licence);
            package
        };
        let mut packages = Packages {
            packages: vec![
                package(Kind::Deb, "libssl3", "3.0.11-1", "Apache-2.0"),
                package(Kind::Npm, "Express", "4.18.2", "MIT"),
                package(Kind::Npm, "left-pad", "1.3.0", "MIT"),
            ],
            ..Packages::default()
        };
        packages.packages[0].source = Some("openssl".into());
        assert_eq!(packages.select(&[], ""), [0, 1, 2]);
        assert_eq!(packages.select(&[Kind::Npm], " "), [1, 2]);
        assert_eq!(packages.select(&[], "openSSL 3.0"), [0]);
        assert_eq!(packages.select(&[], "mit express"), [1]);
        assert_eq!(packages.select(&[Kind::Deb], "mit"), [0_u32; 0]);
        assert_eq!(
            packages.counts().into_iter().collect::<Vec<_>>(),
            [(Kind::Deb, 1), (Kind::Npm, 2)]
        );
    }
}
