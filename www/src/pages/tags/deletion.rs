//! What would go with a tag or a manifest, line by line.

use drydock::digest::Digest;
use drydock::reference::{Reference, Tag, Target};
use drydock::transfer::tag::Deletion;

use crate::components::{PlanRow, format};

/// The lines of one deletion.
#[must_use]
pub(super) fn rows(deletion: &Deletion) -> Vec<PlanRow> {
    let Deletion { target, digest, tags, more_tags, subject, referrers } = deletion;
    if let Target::Tag(tag) = target {
        let note = format!("stands for {}, which stays", short(digest));
        return vec![row("tag", tag.to_string(), note, false)];
    }
    let mut rows = vec![row("manifest", digest.to_string(), String::new(), false)];
    rows.extend(
        tags.iter().map(|tag| row("tag", tag.to_string(), "goes with it".to_owned(), true)),
    );
    if *more_tags {
        let note = "not all tags of the repository were looked up: those that stand for it go, too";
        rows.push(row("tag", "and maybe others".to_owned(), note.to_owned(), true));
    }
    if !referrers.is_empty() {
        let what = format::plural(referrers.len(), "referrer", "referrers");
        let note = "will refer to nothing: signatures, SBOMs and the like".to_owned();
        rows.push(row("left", what, note, true));
    }
    if let Some(subject) = subject {
        let note = "where the registry keeps no list by itself".to_owned();
        rows.push(row(
            "list",
            format!("entry among the referrers of {}", short(subject)),
            note,
            false,
        ));
    }
    rows
}

/// What is deleted, in full: `localhost:5000/app:1.0`, `4 tags of localhost:5000/app`.
#[must_use]
pub(super) fn name(repository: &Reference, deletions: &[Deletion]) -> String {
    let place = repository.name();
    match deletions {
        [Deletion { target: Target::Tag(tag), .. }] => format!("tag {place}:{tag}"),
        [Deletion { target: Target::Digest(digest), .. }] => format!("manifest {place}@{digest}"),
        several => {
            let is_tag = |deletion: &Deletion| matches!(deletion.target, Target::Tag(_));
            let count = format::count(several.len() as u64);
            let what = if several.iter().all(is_tag) { "tags" } else { "manifests" };
            format!("{count} {what} of {place}")
        }
    }
}

/// The names in a field: tags with spaces or commas between.
///
/// # Errors
/// A sentence that says which one is none.
pub(super) fn tags(text: &str) -> Result<Vec<Tag>, String> {
    let mut tags = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
    {
        let tag = Tag::parse(word).map_err(|error| format!("{error}."))?;
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

fn row(badge: &'static str, what: String, note: String, warning: bool) -> PlanRow {
    PlanRow { badge, class: "", what, note, warning, bytes: None }
}

fn short(digest: &Digest) -> String {
    format!("{}:{}…", digest.algorithm_name(), digest.short())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag {
        Tag::parse(text).expect("tag")
    }

    fn deletion(target: Target) -> Deletion {
        Deletion {
            target,
            digest: Digest::sha256(b"a"),
            tags: vec![tag("1"), tag("latest")],
            more_tags: true,
            subject: Some(Digest::sha256(b"s")),
            referrers: vec![Digest::sha256(b"r")],
        }
    }

    fn shown(deletion: &Deletion) -> Vec<String> {
        let line = |row: PlanRow| {
            let mark = if row.warning { "!" } else { "" };
            format!("{} | {} | {}{mark}", row.badge, row.what, row.note)
        };
        rows(deletion).into_iter().map(line).collect()
    }

    #[test]
    fn all_that_goes_is_said() {
        let one = Deletion {
            tags: vec![tag("1")],
            more_tags: false,
            subject: None,
            referrers: Vec::new(),
            ..deletion(Target::Tag(tag("1")))
        };
        assert_eq!(shown(&one), ["tag | 1 | stands for sha256:ca978112ca1b…, which stays"]);
        let digest = Digest::sha256(b"a");
        assert_eq!(
            shown(&deletion(Target::Digest(digest.clone()))),
            [
                &format!("manifest | {digest} | ") as &str,
                "tag | 1 | goes with it!",
                "tag | latest | goes with it!",
                "tag | and maybe others | not all tags of the repository were looked up: those that stand for it go, too!",
                "left | 1 referrer | will refer to nothing: signatures, SBOMs and the like!",
                "list | entry among the referrers of sha256:043a718774c5… | where the registry keeps no list by itself",
            ]
        );
    }

    #[test]
    fn names_of_what_is_deleted() {
        let repository = Reference::parse("localhost:5000/app:x").expect("reference");
        let by_tag = deletion(Target::Tag(tag("1.0")));
        let digest = Digest::sha256(b"a");
        let by_digest = deletion(Target::Digest(digest.clone()));
        for (deletions, text) in [
            (vec![by_tag.clone()], "tag localhost:5000/app:1.0".to_owned()),
            (vec![by_digest.clone()], format!("manifest localhost:5000/app@{digest}")),
            (vec![by_tag.clone(), by_tag], "2 tags of localhost:5000/app".to_owned()),
            (vec![by_digest.clone(), by_digest], "2 manifests of localhost:5000/app".to_owned()),
        ] {
            assert_eq!(name(&repository, &deletions), text);
        }
    }

    #[test]
    fn tags_of_a_field() {
        assert_eq!(tags(" 1.0, latest\n1.0 "), Ok(vec![tag("1.0"), tag("latest")]));
        assert_eq!(tags(" "), Ok(Vec::new()));
        assert!(tags("1.0 a/b").is_err_and(|why| why.contains("a/b")));
    }
}
