//! Which software differs?

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::inspect::packages::{Kind, Package};

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageChange {
    /// Only the second image has it.
    Added,
    /// Only the first image has it.
    Removed,
    /// The second image has a later version.
    Up,
    /// The second image has an earlier version.
    Down,
    /// Several versions are there, and not the same ones.
    Versions,
}

impl PackageChange {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Added, Self::Removed, Self::Up, Self::Down, Self::Versions];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Up => "up",
            Self::Down => "down",
            Self::Versions => "versions",
        }
    }
}

/// A package that is another one, or not in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageDifference {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub change: PackageChange,
    /// Its versions in the first image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Its versions in the second image.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
}

/// The packages that differ, by kind and name. One that is there several times in one version counts
/// once.
#[must_use]
pub fn compare(before: &[Package], after: &[Package]) -> Vec<PackageDifference> {
    let mut all: BTreeMap<(Kind, &str), [BTreeSet<&str>; 2]> = BTreeMap::new();
    for (side, packages) in [before, after].into_iter().enumerate() {
        for package in packages {
            let versions = all.entry((package.kind, &package.name)).or_default();
            if let Some(versions) = versions.get_mut(side) {
                versions.insert(&package.version);
            }
        }
    }
    let differ = all.into_iter().filter(|(_, [before, after])| before != after);
    let differences = differ.map(|((kind, name), [before, after])| {
        let change = match (before.len(), after.len()) {
            (0, _) => PackageChange::Added,
            (_, 0) => PackageChange::Removed,
            (1, 1) => match versions(kind, before.first(), after.first()) {
                Some(Ordering::Less) => PackageChange::Up,
                Some(Ordering::Greater) => PackageChange::Down,
                Some(Ordering::Equal) | None => PackageChange::Versions,
            },
            _ => PackageChange::Versions,
        };
        let owned = |versions: BTreeSet<&str>| versions.into_iter().map(str::to_owned).collect();
        let (before, after) = (owned(before), owned(after));
        PackageDifference { kind, name: name.to_owned(), change, before, after }
    });
    differences.collect()
}

/// Which of two versions is the later one; `None` where that is not known.
fn versions(kind: Kind, before: Option<&&str>, after: Option<&&str>) -> Option<Ordering> {
    let (before, after) = (*before?, *after?);
    match kind {
        Kind::Deb | Kind::Rpm => Some(order(before, after)),
        // Each has a rule of its own for what comes before a release.
        _ => {
            let bare = |version: &str| {
                let start = version.find(|letter: char| letter.is_ascii_digit())?;
                let (word, numbers) = version.split_at(start);
                let numbers = match kind {
                    Kind::Apk => numbers.replace("-r", "-"),
                    _ => numbers.to_owned(),
                };
                let is_plain =
                    numbers.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte));
                (is_plain && matches!(word, "" | "v" | "go")).then_some(numbers)
            };
            Some(order(&bare(before)?, &bare(after)?))
        }
    }
}

/// Which of two versions is the later one, by the rule of dpkg (deb-version(7)), which for those that
/// distributions give is nearly that of rpm, too: an epoch first, then numbers as numbers, letters
/// before all else, `~` before nothing; what stands behind the last dash last.
fn order(one: &str, other: &str) -> Ordering {
    let epoch = |version: &str| {
        let epoch = version.split_once(':').and_then(|(epoch, _)| epoch.parse::<u64>().ok());
        epoch.unwrap_or(0)
    };
    let rest = |version: &str| match version.split_once(':') {
        Some((epoch, rest)) if epoch.parse::<u64>().is_ok() => rest.to_owned(),
        _ => version.to_owned(),
    };
    let halves = |version: &str| match version.rsplit_once('-') {
        Some((upstream, revision)) => (upstream.to_owned(), revision.to_owned()),
        None => (version.to_owned(), String::new()),
    };
    let ((upstream, revision), (other_upstream, other_revision)) =
        (halves(&rest(one)), halves(&rest(other)));
    epoch(one)
        .cmp(&epoch(other))
        .then_with(|| parts(upstream.as_bytes(), other_upstream.as_bytes()))
        .then_with(|| parts(revision.as_bytes(), other_revision.as_bytes()))
}

fn parts(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while !one.is_empty() || !other.is_empty() {
        let weight = |text: &[u8]| match text.first() {
            Some(b'~') => -1,
            None => 0,
            Some(byte) if byte.is_ascii_digit() => 0,
            Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
            Some(byte) => i32::from(*byte) + 256,
        };
        while weight(one) != 0 || weight(other) != 0 {
            match weight(one).cmp(&weight(other)) {
                Ordering::Equal => {
                    one = one.get(1..).unwrap_or_default();
                    other = other.get(1..).unwrap_or_default();
                }
                differ => return differ,
            }
        }
        let (number, after) = digits(one);
        let (other_number, other_after) = digits(other);
        let by_number =
            number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number));
        if by_number != Ordering::Equal {
            return by_number;
        }
        (one, other) = (after, other_after);
    }
    Ordering::Equal
}

/// The digits at the beginning, without zeros in front, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let zeros = number.iter().take_while(|byte| **byte == b'0').count();
    (number.get(zeros..).unwrap_or_default(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_dpkg() {
        for (at, one) in
            ["1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.2", "1.10", "2", "1:0.1"].windows(2).enumerate()
        {
            assert_eq!(order(one[0], one[1]), Ordering::Less, "{at}: {one:?}");
            assert_eq!(order(one[1], one[0]), Ordering::Greater, "{at}: {one:?}");
        }
        assert_eq!(order("1.0~rc1-1", "1.0~rc1-1"), Ordering::Equal);
        for (one, later) in [("1.0-1", "1.0+dfsg-1"), ("1.1.1-1", "1.1.1a-1"), ("1.0", "1.0-1")] {
            assert_eq!(order(one, later), Ordering::Less, "{one}");
        }
        assert_eq!(order("1.001", "1.1"), Ordering::Equal);
        assert_eq!(order("v1.9.0", "v1.10.0"), Ordering::Less);
    }

    #[test]
    fn where_the_rule_is_not_known_nothing_is_said() {
        let of = |kind, one: &str, other: &str| versions(kind, Some(&one), Some(&other));
        assert_eq!(of(Kind::Npm, "1.9.0", "1.10.0"), Some(Ordering::Less));
        assert_eq!(of(Kind::Go, "go1.22.1", "go1.21.9"), Some(Ordering::Greater));
        assert_eq!(of(Kind::Apk, "1.36.1-r2", "1.36.1-r10"), Some(Ordering::Less));
        assert_eq!(of(Kind::Npm, "1.0.0-rc.1", "1.0.0"), None);
        assert_eq!(of(Kind::Python, "1.0rc1", "1.0"), None);
    }

    #[test]
    fn what_differs_is_mirrored() {
        let package = |kind, name, version| Package::new(kind, name, version).expect("a package");
        let before = [
            package(Kind::Deb, "bash", "5.1"),
            package(Kind::Deb, "gone", "1"),
            package(Kind::Npm, "a", "1.0.0"),
            package(Kind::Npm, "a", "2.0.0"),
            package(Kind::Npm, "same", "1"),
            package(Kind::Go, "down", "v2"),
        ];
        let after = [
            package(Kind::Deb, "bash", "5.2"),
            package(Kind::Npm, "a", "2.0.0"),
            package(Kind::Npm, "same", "1"),
            package(Kind::Npm, "same", "1"),
            package(Kind::Python, "new", "3"),
            package(Kind::Go, "down", "v1"),
        ];
        let changes = |one: &[Package], other: &[Package]| {
            let differences = compare(one, other).into_iter();
            differences.map(|it| (it.name, it.change)).collect::<Vec<_>>()
        };
        use PackageChange::{Added, Down, Removed, Up, Versions};
        let named =
            |pairs: [(&str, PackageChange); 5]| pairs.map(|(name, it)| (name.to_owned(), it));
        assert_eq!(
            changes(&before, &after),
            named([
                ("bash", Up),
                ("gone", Removed),
                ("new", Added),
                ("a", Versions),
                ("down", Down)
            ])
        );
        assert_eq!(
            changes(&after, &before),
            named([
                ("bash", Down),
                ("gone", Added),
                ("new", Removed),
                ("a", Versions),
                ("down", Up)
            ])
        );
        assert_eq!(compare(&before, &before), []);
    }
}
