//! In which order tags are read, and which of them somebody may have meant.

use std::cmp::Ordering;

/// Sorts tags as people count versions: names without numbers first, then versions from the oldest
/// to the newest (`1.0.2`, `1.0.10-rc1`, `1.0.10`, `1.0.10-alpine`), then names with a version
/// behind them, and at the end what only machines read: commits, and tags made of digests.
pub fn sort<T: AsRef<str>>(tags: &mut [T]) {
    tags.sort_by_cached_key(|tag| Key::of(tag.as_ref()));
}

/// The order of two tags, as [`sort`] has it.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    Key::of(one).cmp(&Key::of(other))
}

/// The tags that somebody may have meant who asked for one that is not there, at most `most`; the
/// likeliest first.
pub fn nearest<'a>(
    wanted: &str,
    tags: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let lower = wanted.to_lowercase();
    // Half of a name may be wrong, one letter of a short one always.
    let bound = (wanted.len() / 2).max(1);
    let of_wanted = Key::of(wanted);
    let mut found: Vec<(usize, bool, Key, &str)> = tags
        .into_iter()
        .filter(|tag| !wanted.is_empty() && *tag != wanted && Class::of(tag) != Class::Machine)
        .filter_map(|tag| {
            let name = tag.to_lowercase();
            // `1.2` for `v1.2.3`: what goes on from the same start is close, however long it is.
            let (short, long) = (bare(&lower), bare(&name));
            let starts = !short.is_empty() && (long.starts_with(short) || short.starts_with(long));
            let distance = match starts {
                true => usize::from(short != long),
                false => strsim::osa_distance(&lower, &name),
            };
            let key = Key::of(tag);
            // Another version of the same line is worth a look, behind what is nearer.
            let distance =
                if distance > bound && key.is_kin(&of_wanted) { bound + 1 } else { distance };
            // Of two that are as near, first the one that is spelled alike.
            let other_spelling = (short != lower) != (long != name);
            (distance <= bound || key.is_kin(&of_wanted)).then_some((
                distance,
                other_spelling,
                key,
                tag,
            ))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(.., tag)| tag).take(most).collect()
}

/// The newest versions that are no pre-releases and no variants, at most `most`; the newest first.
pub fn newest<'a>(tags: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let keys = tags.into_iter().map(|tag| (Key::of(tag), tag));
    let is_plain = |key: &Key| key.class == Class::Version && key.suffix == [Part::End];
    let mut found: Vec<(Key, &str)> = keys.filter(|(key, _)| is_plain(key)).collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, tag)| tag).take(most).collect()
}

/// What is offered in place of a tag that is not there, at most `most`: those that are near, else the
/// newest versions, else any.
#[must_use]
pub fn instead<'a>(wanted: &str, tags: &[&'a str], most: usize) -> Vec<&'a str> {
    let others = || tags.iter().copied().filter(|tag| *tag != wanted);
    let mut found = nearest(wanted, others(), most);
    if found.is_empty() {
        found = newest(others(), most);
    }
    if found.is_empty() {
        found = others().take(most).collect();
    }
    found
}

/// The tag that stands for a repository: `latest`, else the newest version, else the last one.
#[must_use]
pub fn foremost<'a>(tags: &[&'a str]) -> Option<&'a str> {
    let latest = tags.iter().copied().find(|tag| *tag == "latest");
    let newest = || newest(tags.iter().copied(), 1).first().copied();
    latest.or_else(newest).or_else(|| tags.last().copied())
}

fn bare(tag: &str) -> &str {
    tag.strip_prefix('v').filter(|rest| starts_with_digit(rest)).unwrap_or(tag)
}

fn starts_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
}

/// What kind of name a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// `latest`
    Name,
    /// `1.2.3`, `v1`
    Version,
    /// `release-1.2`
    NamedVersion,
    /// `sha256-…`, `3f4fc00`
    Machine,
}

impl Class {
    fn of(tag: &str) -> Self {
        let is_hex = tag.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let has_digit = tag.bytes().any(|byte| byte.is_ascii_digit());
        let has_letter = tag.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_commit = tag.len() >= 7 && is_hex && has_digit && has_letter;
        match tag {
            _ if is_commit || tag.starts_with("sha256-") || tag.starts_with("sha512-") => {
                Self::Machine
            }
            _ if starts_with_digit(bare(tag)) => Self::Version,
            _ if has_digit => Self::NamedVersion,
            _ => Self::Name,
        }
    }
}

/// A number of any length, without its leading zeros: by length, then by digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Number(usize, String);

impl Number {
    fn of(digits: &str) -> Self {
        let digits = digits.trim_start_matches('0');
        Self(digits.len(), digits.to_owned())
    }
}

/// A part of what follows a version. A version that ends comes after its pre-releases and before
/// its variants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Before(u8),
    End,
    Number(Number),
    Word(String),
}

impl Part {
    /// Words by which pre-releases are called, in the order in which they come.
    const BEFORE: [&[&str]; 5] = [
        &["dev", "snapshot", "nightly", "canary", "edge", "next", "unstable"],
        &["alpha", "a"],
        &["beta", "b"],
        &["pre", "preview", "m", "milestone", "ea"],
        &["rc", "c", "cr"],
    ];

    /// `numbered`: whether a number follows, without which a single letter says nothing.
    fn of(word: &str, numbered: bool) -> Self {
        let word = word.to_ascii_lowercase();
        let says = |names: &&[&str]| names.contains(&&*word) && (word.len() > 1 || numbered);
        match Self::BEFORE.iter().position(says) {
            Some(at) => Self::Before(at as u8),
            None => Self::Word(word),
        }
    }
}

/// A tag's place in the order, for lists that are kept in order while they grow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    class: Class,
    prefix: String,
    /// Without zeros at the end: `1` and `1.0` are the same version.
    core: Vec<Number>,
    suffix: Vec<Part>,
    text: String,
}

impl Key {
    /// Whether both are versions with the same first number.
    fn is_kin(&self, other: &Self) -> bool {
        let both = self.class == Class::Version && other.class == Class::Version;
        both && self.core.first().is_some_and(|first| other.core.first() == Some(first))
    }

    /// The place of a tag.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        let class = Class::of(tag);
        let start = match class {
            Class::Name | Class::Machine => tag.len(),
            Class::Version => tag.len() - bare(tag).len(),
            Class::NamedVersion => tag.find(|c: char| c.is_ascii_digit()).unwrap_or(tag.len()),
        };
        let (prefix, version) = tag.split_at(start);
        let prefix = if class == Class::Version { "" } else { prefix };
        let (core, rest) = core(version);
        let prefix = prefix.to_ascii_lowercase();
        Self { class, prefix, core, suffix: suffix(rest), text: tag.to_owned() }
    }
}

/// The numbers with dots between, and what follows.
fn core(version: &str) -> (Vec<Number>, &str) {
    let mut numbers = Vec::new();
    let mut rest = version;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, after) = rest.split_at(end);
        if digits.is_empty() {
            break;
        }
        numbers.push(Number::of(digits));
        rest = after;
        match after.strip_prefix('.').filter(|next| starts_with_digit(next)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    while numbers.last().is_some_and(|Number(length, _)| *length == 0) {
        numbers.pop();
    }
    (numbers, rest)
}

fn suffix(rest: &str) -> Vec<Part> {
    let mut runs: Vec<&str> = Vec::new();
    for word in rest.split(['-', '.', '_', '+']).filter(|word| !word.is_empty()) {
        let mut word = word;
        while let Some(first) = word.bytes().next() {
            let digit = first.is_ascii_digit();
            let end = word.bytes().position(|byte| byte.is_ascii_digit() != digit);
            let (run, after) = word.split_at(end.unwrap_or(word.len()));
            runs.push(run);
            word = after;
        }
    }
    let parts = runs.iter().enumerate().map(|(at, run)| match starts_with_digit(run) {
        true => Part::Number(Number::of(run)),
        false => Part::of(run, runs.get(at + 1).is_some_and(|next| starts_with_digit(next))),
    });
    parts.chain([Part::End]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_foremost_tag_and_what_is_offered_instead() {
        for (tags, foremost_of) in [
            (&["1.0", "latest", "2.0"][..], Some("latest")),
            (&["1.0", "2.0", "2.0-rc1"], Some("2.0")),
            (&["edge", "nightly"], Some("nightly")),
            (&[], None),
        ] {
            assert_eq!(foremost(tags), foremost_of, "{tags:?}");
        }
        for (wanted, tags, offered) in [
            ("1.1", &["1.0", "1.1", "1.2"][..], &["1.2", "1.0"][..]),
            ("somethingelse", &["1.0", "2.0"], &["2.0", "1.0"]),
            ("somethingelse", &["edge", "main"], &["edge", "main"]),
        ] {
            let mut found = instead(wanted, tags, 2);
            let mut offered = offered.to_vec();
            found.sort_unstable();
            offered.sort_unstable();
            assert_eq!(found, offered, "{wanted}");
        }
    }

    #[test]
    fn tags_are_in_the_order_of_their_versions() {
        for sorted in [
            &["1.0.2", "1.0.10"][..],
            &["edge", "latest", "stable", "1", "1.0", "1.0.1", "1.1", "2", "10"],
            &[
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
            ],
            &["3.13.0a1", "3.13.0a10", "3.13.0b1", "3.13.0rc1", "3.13.0", "3.13.0-slim", "3.13.1"],
            &["v1.9.0", "v1.10.0-rc1", "v1.10.0", "v1.10.0-alpine"],
            &["1.2", "v1.3", "1.4"],
            &["1.0-rc1", "1.0", "1.0.0", "1.0-alpine"],
            &["1.27-alpine3.9", "1.27-alpine3.20", "1.27-bookworm"],
            &["1.0-alpine-rc1", "1.0-alpine"],
            &["20240101", "20240110"],
            &["1.0.0-20240101", "1.0.0-20240110"],
            &[
                "latest",
                "1.0",
                "release-1.9",
                "release-1.10-rc1",
                "release-1.10",
                "sha256-00ff.sig",
            ],
            &["main", "1.0", "jdk-8", "jdk-17", "3f4fc00"],
            &["0.9", "00.10", "99999999999999999999999", "100000000000000000000000"],
            &["1.0.0-SNAPSHOT", "1.0.0"],
            &["1.0.0-build", "1.0.0-r1"],
        ] {
            let mut tags: Vec<&str> = sorted.iter().rev().copied().collect();
            sort(&mut tags);
            assert_eq!(tags, sorted);
        }
    }

    #[test]
    fn the_nearest_tags_come_first() {
        let tags = [
            "latest",
            "3",
            "3.19",
            "3.19.1",
            "3.20",
            "3.20.1",
            "3.20.3",
            "edge",
            "v1.4.2",
            "1.4.2-rc1",
            "sha256-0f.sig",
            "20240101",
        ];
        for (wanted, near) in [
            ("lastest", &["latest"][..]),
            ("Latest", &["latest"]),
            ("3.2", &["3", "3.20", "3.20.1"]),
            ("3.20.2", &["3", "3.20", "3.20.1"]),
            ("v3.20", &["3.20", "3", "3.20.1"]),
            ("1.4.2", &["v1.4.2", "1.4.2-rc1"]),
            ("edgy", &["edge"]),
            ("nonsense-here", &[]),
            ("", &[]),
        ] {
            let found = nearest(wanted, tags, 3);
            assert_eq!(found.get(..near.len()), Some(near), "{wanted}: {found:?}");
            assert_eq!(found.is_empty(), near.is_empty(), "{wanted}: {found:?}");
        }
        let shop = ["1", "1.0.0", "1.0.2", "1.0.2_1", "1.0.9", "1.0.10", "v1.2.0", "latest", "2.0"];
        assert_eq!(nearest("v1", shop, 2), ["1", "v1.2.0"]);
        assert_eq!(nearest("1.1", shop, 9).len(), 7, "{:?}", nearest("1.1", shop, 9));
        assert_eq!(newest(tags, 2), ["20240101", "3.20.3"]);
        assert_eq!(newest(["latest", "1.0-rc1", "1.0-slim"], 2), [""; 0]);
    }

    #[test]
    fn many_tags_are_sorted_at_once() {
        let mut tags: Vec<String> =
            (0..25_000).rev().map(|n| format!("1.{}.{n}-rc1", n % 7)).collect();
        sort(&mut tags);
        assert_eq!(tags.first().map(String::as_str), Some("1.0.0-rc1"));
        assert_eq!(nearest("1.0.7", tags.iter().map(String::as_str), 5).len(), 5);
    }

    fn tag() -> impl Strategy<Value = String> {
        "(v|release-|latest)?([0-9]{1,3}[._-]?){0,3}(rc|alpha|alpine|b)?[0-9]{0,2}[A-Za-z0-9_.-]{0,4}"
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in tag(), b in tag(), c in tag()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b) == Ordering::Equal, a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }

        #[test]
        fn no_tag_makes_the_order_panic(tag in "\\PC{0,40}", wanted in "\\PC{0,20}") {
            let _ = compare(&tag, &wanted);
            let _ = nearest(&wanted, [&*tag], 3);
        }
    }
}
