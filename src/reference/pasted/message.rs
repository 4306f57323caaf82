//! The image in what tools say: events, failures, the last lines of a pull or a push.

use super::{Pasted, word};
use crate::digest::Digest;
use crate::reference::{Reference, ReferenceError, Tag};

/// What a message is about; `None` when it is none of these.
pub(super) fn read(text: &str) -> Option<Result<Pasted, ReferenceError>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let found = pushed(&words).or_else(|| pulled(&words)).or_else(|| named(&words));
    found.map(|reference| Ok(Pasted::image(reference)))
}

/// `reg.io/a:1: digest: sha256:… size: 1234`, the last line of a push, or the same with the tag
/// alone below `The push refers to repository [reg.io/a]`.
fn pushed(words: &[&str]) -> Option<Reference> {
    let at = words.iter().position(|word| *word == "digest:").filter(|at| *at > 0)?;
    let digest = Digest::parse(words.get(at + 1)?).ok()?;
    let name = words.get(at - 1)?.strip_suffix(':')?;
    if name.contains(['/', ':']) {
        return reference(name).map(|found| Reference { digest: Some(digest), ..found });
    }
    let repository = behind(words, "repository", |word| word.starts_with('['))?;
    let repository = reference(repository.trim_matches(['[', ']']))?;
    Some(Reference { tag: Some(Tag::parse(name).ok()?), digest: Some(digest), ..repository })
}

/// `3: Pulling from library/alpine`
fn pulled(words: &[&str]) -> Option<Reference> {
    let [tag, "Pulling", "from", name, ..] = words else { return None };
    Some(reference(name)?.tagged(Tag::parse(tag.strip_suffix(':')?).ok()?))
}

/// `Failed to pull image "reg.io/a:1": …`, `manifest for reg.io/a:1 not found`.
fn named(words: &[&str]) -> Option<Reference> {
    let quoted = |word: &str| word.trim_start_matches('\\').starts_with(['"', '\'']);
    let quoted_image =
        || behind(words, "image", quoted).or_else(|| behind(words, "reference", quoted));
    let missing =
        || behind(words, "for", |_| words.contains(&"manifest") || words.contains(&"denied"));
    reference(quoted_image().or_else(missing)?)
}

/// The first word of a kind that stands behind another.
fn behind<'a>(words: &[&'a str], word: &str, kind: impl Fn(&str) -> bool) -> Option<&'a str> {
    let pairs = words.windows(2).filter_map(|pair| match pair {
        [before, next] if before.eq_ignore_ascii_case(word) && kind(next) => Some(*next),
        _ => None,
    });
    pairs.into_iter().next()
}

fn reference(word: &str) -> Option<Reference> {
    match word::read(word.trim_matches(['"', '\'', '\\', ':', ',', '.'])) {
        Ok(Pasted::Image { reference, .. }) => Some(reference),
        _ => None,
    }
}
