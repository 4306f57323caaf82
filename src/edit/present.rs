//! Documents before and after, line by line.

use std::sync::Arc;

use similar::{Algorithm, ChangeTag, TextDiff};

use crate::digest::Digest;
use crate::document::Document;
use crate::edit::change::{Change, ChangedDocument};
use crate::edit::style::Style;
use crate::edit::tree::Tree;
use crate::limits;

/// A document of a change, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentDiff {
    /// Its name: `config of linux/amd64`.
    pub label: String,
    /// Digest that it had; `None` for one that did not exist.
    pub before: Option<Digest>,
    /// Digest that it has; a [provisional](super::is_provisional) one while layers are still to be
    /// built.
    pub after: Digest,
    /// All lines, indented evenly whatever the document's own layout is; none for a document that
    /// was kept.
    pub lines: Vec<Line>,
}

/// A line of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub kind: LineKind,
    /// Its number before, counted from 1.
    pub before: Option<usize>,
    /// Its number after, counted from 1.
    pub after: Option<usize>,
    /// Its text, without the line break.
    pub text: String,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It stayed.
    Same,
    /// It is gone.
    Removed,
    /// It is new.
    Added,
}

/// All documents of a change, the root first, and then the manifests of new referrers.
#[must_use]
pub fn diff(change: &Change) -> Vec<DocumentDiff> {
    let referrers = change.referrers.iter().filter_map(|referrer| {
        let document = referrer.documents.last()?;
        let subject =
            change.documents.iter().find(|other| *other.document.digest() == referrer.subject);
        let of = subject.map_or_else(String::new, |subject| format!(" of {}", subject.label));
        let label = format!("referrer{of}");
        Some(ChangedDocument { label, document: Arc::clone(document), before: None })
    });
    let own = change.documents.iter().rev().map(of);
    own.chain(referrers.map(|referrer| of(&referrer))).collect()
}

/// The text of a document, indented by two spaces, everything else as it is written.
#[must_use]
pub fn pretty(document: &Document) -> String {
    match Tree::read(document.bytes(), "document") {
        Ok(tree) => Style::pretty().write(&tree),
        Err(_) => String::from_utf8_lossy(document.bytes()).into_owned(),
    }
}

/// A JSON text with each value on a line of its own, as [`pretty`]; `None` for what is no JSON.
#[must_use]
pub fn spread(text: &str) -> Option<String> {
    Some(Style::pretty().write(&Tree::read(text.as_bytes(), "text").ok()?))
}

fn of(changed: &ChangedDocument) -> DocumentDiff {
    let before = changed.before.as_deref().map(pretty).unwrap_or_default();
    let lines =
        if changed.is_kept() { Vec::new() } else { compare(&before, &pretty(&changed.document)) };
    DocumentDiff {
        label: changed.label.clone(),
        before: changed.before.as_ref().map(|before| before.digest().clone()),
        after: changed.document.digest().clone(),
        lines,
    }
}

/// Compares two texts, line by line. Very long ones ([`limits::DIFF_LINES`]) are not compared: all of
/// one goes, all of the other comes.
#[must_use]
pub fn compare(before: &str, after: &str) -> Vec<Line> {
    let line = |kind, before: Option<usize>, after: Option<usize>, text: &str| Line {
        kind,
        before: before.map(|at| at + 1),
        after: after.map(|at| at + 1),
        text: text.trim_end_matches(['\n', '\r']).to_owned(),
    };
    if before.lines().count().max(after.lines().count()) > limits::DIFF_LINES {
        let gone = before.lines().enumerate();
        let gone = gone.map(|(at, text)| line(LineKind::Removed, Some(at), None, text));
        let new = after.lines().enumerate();
        let new = new.map(|(at, text)| line(LineKind::Added, None, Some(at), text));
        return gone.chain(new).collect();
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(before, after);
    let changes = diff.iter_all_changes().map(|change| {
        let kind = match change.tag() {
            ChangeTag::Equal => LineKind::Same,
            ChangeTag::Delete => LineKind::Removed,
            ChangeTag::Insert => LineKind::Added,
        };
        line(kind, change.old_index(), change.new_index(), change.value())
    });
    changes.collect()
}
