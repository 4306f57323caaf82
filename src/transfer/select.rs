//! Which of many tags are copied?

use std::collections::BTreeSet;

use super::Place;
use crate::finding::Finding;
use crate::reference::Tag;
use crate::source::{Failure as _, Source, TagList};

/// How many names are told that are no tags.
const NAMED: usize = 5;

/// The tags of a repository that are like `pattern`. Tags that stand for what belongs to a digest
/// (`sha256-….sig`, fallback tags of referrers) are left out: they come along with the image that
/// they are about, when that is asked for.
///
/// With `absent_from`, those that exist in that repository, too, are left out.
///
/// A list of tags that stops before its end gives those that came, and a finding; another one names
/// what is no tag and can't be asked for.
///
/// # Errors
/// When a list of tags can't be read. A target that does not exist yet has none.
pub async fn tags_to_copy<S: Source, T: Source<Error = S::Error>>(
    source: &S,
    place: &Place,
    pattern: &str,
    absent_from: Option<&T>,
) -> Result<(Vec<Tag>, Vec<Finding>), S::Error> {
    let TagList { names: all, stops } = source.tags().await?;
    let taken: BTreeSet<String> = match absent_from {
        None => BTreeSet::new(),
        Some(target) => match target.tags().await {
            Ok(tags) => tags.names.into_iter().collect(),
            // Registries say both of what does not exist.
            Err(error) if error.is_not_found() || error.is_denied() => BTreeSet::new(),
            Err(error) => return Err(error),
        },
    };
    let like = all.iter().filter(|tag| is_like(tag, pattern) && !taken.contains(*tag));
    let (mut kept, mut others) = (Vec::new(), Vec::new());
    for name in like.filter(|tag| !is_of_digest(tag)) {
        match Tag::parse(name) {
            Ok(tag) => kept.push(tag),
            Err(_) => others.push(name.as_str()),
        }
    }
    let told = |text| Finding::warning("copy.tags", place.to_string(), text);
    let mut findings = Vec::new();
    findings.extend(stops.map(|stops| told(format!("{stops} Only the tags that came are taken."))));
    if !others.is_empty() {
        findings.push(told(no_tags(&others)));
    }
    Ok((kept, findings))
}

/// Says which names of a list are not copied as they are no tags.
fn no_tags(names: &[&str]) -> String {
    let named = names.iter().take(NAMED).map(|name| name.chars().take(128).collect::<String>());
    let named = named.collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "The list of tags has {named}{more}, which no registry may use as a tag. Those are not copied."
    )
}

/// Whether a text is like a pattern, in which `*` stands for any text and `?` for one character.
#[must_use]
pub fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last star was, and up to where it stands for text.
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(place) {
            Some('*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(wanted) if *wanted == '?' || text.get(at) == Some(wanted) => {
                at += 1;
                place += 1;
            }
            _ => {
                let Some((behind, upto)) = star else { return false };
                star = Some((behind, upto + 1));
                at = upto + 1;
                place = behind + 1;
            }
        }
    }
    pattern.iter().skip(place).all(|c| *c == '*')
}

/// Whether a tag stands for what belongs to a digest: `sha256-<64 digits>` and what may follow.
fn is_of_digest(tag: &str) -> bool {
    ["sha256-", "sha512-"].iter().filter_map(|prefix| tag.strip_prefix(prefix)).any(|rest| {
        let digits = rest.split('.').next().unwrap_or_default();
        digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn patterns() {
        for (text, pattern, like) in [
            ("1.0", "*", true),
            ("1.0", "1.*", true),
            ("2.0", "1.*", false),
            ("1.0-alpine", "*-alpine", true),
            ("1.0-alpine3", "*-alpine", false),
            ("1.0", "?.?", true),
            ("1.10", "?.?", false),
            ("abcbcd", "a*bcd", true),
            ("abcbce", "a*bcd", false),
            ("", "", true),
            ("", "*", true),
            ("a", "", false),
            ("a", "a*", true),
            ("latest", "LATEST", false),
        ] {
            assert_eq!(is_like(text, pattern), like, "{text} {pattern}");
        }
        let long = "a".repeat(1000);
        assert!(!is_like(&long, &format!("{}b", "a*".repeat(200))), "in no long time");
    }

    #[test]
    fn tags_that_belong_to_a_digest() {
        let digest = Digest::sha256(b"a");
        let hex = digest.encoded();
        for (tag, of_digest) in [
            (format!("sha256-{hex}"), true),
            (format!("sha256-{hex}.sig"), true),
            (format!("sha512-{hex}"), true),
            (format!("sha256-{}", &hex[..63]), false),
            ("sha256-".to_owned(), false),
            ("latest".to_owned(), false),
        ] {
            assert_eq!(is_of_digest(&tag), of_digest, "{tag}");
        }
    }
}
