//! Documents before and after, line by line.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, ChangeTag, TextDiff};

use crate::digest::Digest;
use crate::document::Document;
use crate::edit::change::{Change, ChangedDocument};
use crate::edit::style::Style;
use crate::edit::tree::Tree;
use crate::limits;

/// A document of a change, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    /// It stayed.
    Same,
    /// It is gone.
    Removed,
    /// It is new.
    Added,
    /// It stands for others that are left out; its text says how many, and what became of them.
    Skipped,
}

/// All documents of a change, the root first, and then the manifests of new referrers.
#[must_use]
pub fn diff(change: &Change) -> Vec<DocumentDiff> {
    documents(change).iter().map(|changed| document_diff(changed, lines(changed))).collect()
}

/// The documents of a change in the order in which they are shown.
#[must_use]
pub fn documents(change: &Change) -> Vec<ChangedDocument> {
    let referrers = change.referrers.iter().filter_map(|referrer| {
        let document = referrer.documents.last()?;
        let subject =
            change.documents.iter().find(|other| *other.document.digest() == referrer.subject);
        let of = subject.map_or_else(String::new, |subject| format!(" of {}", subject.label));
        let label = format!("referrer{of}");
        Some(ChangedDocument::new(label, Arc::clone(document), None))
    });
    change.documents.iter().rev().cloned().chain(referrers).collect()
}

/// The lines of a document that was changed; none for one that was kept.
#[must_use]
pub fn lines(changed: &ChangedDocument) -> Vec<Line> {
    match changed.is_kept() {
        true => Vec::new(),
        false => {
            let before = changed.before.as_deref().map(|before| before.bytes().as_ref());
            compare_documents(before.unwrap_or_default(), changed.document.bytes())
        }
    }
}

/// A JSON text with each value on a line of its own, as [`pretty`]; `None` for what is no JSON.
#[must_use]
pub fn spread(text: &str) -> Option<String> {
    Some(Style::pretty().write(&Tree::read(text.as_bytes(), "text").ok()?))
}

/// A document with its lines.
#[must_use]
pub fn document_diff(changed: &ChangedDocument, lines: Vec<Line>) -> DocumentDiff {
    DocumentDiff {
        label: changed.label.clone(),
        before: changed.before.as_ref().map(|before| before.digest().clone()),
        after: changed.document.digest().clone(),
        lines,
    }
}

/// Compares two documents, both indented evenly; the first is empty for one that is new. Of very long
/// ones only what changed is given, and what stands around it.
#[must_use]
pub fn compare_documents(before: &[u8], after: &[u8]) -> Vec<Line> {
    let before = if before.is_empty() { String::new() } else { pretty_text(before) };
    excerpt(compare(&before, &pretty_text(after)))
}

/// The text of a document, indented by two spaces, everything else as it is written.
#[must_use]
pub fn pretty(document: &Document) -> String {
    pretty_text(document.bytes())
}

fn pretty_text(bytes: &[u8]) -> String {
    match Tree::read(bytes, "document") {
        Ok(tree) => Style::pretty().write(&tree),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Most lines of a comparison that are kept as they are.
const WHOLE: usize = 2000;
/// Lines around a change that are kept of a longer one.
const AROUND: usize = 20;
/// Most lines that came or went that are kept.
const CHANGED: usize = 2000;

/// What of a long comparison can be shown: what changed, and what stands around it.
fn excerpt(lines: Vec<Line>) -> Vec<Line> {
    if lines.len() <= WHOLE {
        return lines;
    }
    let skipped = |count: usize, what: &str| Line {
        kind: LineKind::Skipped,
        before: None,
        after: None,
        text: format!("{count} lines that {what}"),
    };
    let is_change = |line: &&Line| line.kind != LineKind::Same;
    let last = lines.iter().enumerate().filter(|(_, line)| is_change(line)).map(|(at, _)| at);
    let cut = last.clone().nth(CHANGED).unwrap_or(lines.len());
    // How far each line is from the next change on either side.
    let mut near = vec![false; lines.len()];
    for at in last.take(CHANGED) {
        let range = at.saturating_sub(AROUND)..(at + AROUND + 1).min(cut);
        near.get_mut(range).into_iter().flatten().for_each(|near| *near = true);
    }
    let rest = lines.iter().skip(cut).filter(is_change).count();
    let mut kept = Vec::new();
    let mut gap = 0;
    for (line, near) in lines.into_iter().zip(near) {
        if near {
            if gap > 0 {
                kept.push(skipped(gap, "stayed"));
            }
            gap = 0;
            kept.push(line);
        } else if line.kind == LineKind::Same {
            gap += 1;
        }
    }
    if gap > 0 {
        kept.push(skipped(gap, "stayed"));
    }
    if rest > 0 {
        kept.push(skipped(rest, "came or went, too many to be shown"));
    }
    kept
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
        // What stayed at both ends is found without comparing each with each.
        let (old, new): (Vec<&str>, Vec<&str>) =
            (before.lines().collect(), after.lines().collect());
        let start = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let (old_rest, new_rest) = (old.iter().skip(start), new.iter().skip(start));
        let end = old_rest.rev().zip(new_rest.rev()).take_while(|(old, new)| old == new).count();
        let same = |(at, other): (usize, usize)| {
            old.get(at).map(|text| line(LineKind::Same, Some(at), Some(other), text))
        };
        let (old_end, new_end) = (old.len() - end, new.len() - end);
        let gone = (start..old_end)
            .filter_map(|at| old.get(at).map(|text| line(LineKind::Removed, Some(at), None, text)));
        let came = (start..new_end)
            .filter_map(|at| new.get(at).map(|text| line(LineKind::Added, None, Some(at), text)));
        let first = (0..start).map(|at| (at, at)).filter_map(same);
        let last = (old_end..old.len()).zip(new_end..new.len()).filter_map(same);
        return first.chain(gone).chain(came).chain(last).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[Line]) -> Vec<String> {
        let sign = |line: &Line| match line.kind {
            LineKind::Same => ' ',
            LineKind::Removed => '-',
            LineKind::Added => '+',
            LineKind::Skipped => '…',
        };
        lines.iter().map(|line| format!("{}{}", sign(line), line.text)).collect()
    }

    #[test]
    fn of_a_long_comparison_what_changed_is_kept() {
        let document = |changed: usize, most: usize| {
            let lines: Vec<String> = (0..most)
                .map(|at| if at == changed { "\"x\"".to_owned() } else { at.to_string() })
                .collect();
            format!("[{}]", lines.join(","))
        };
        for most in [10_000, 100_000] {
            let (before, after) = (document(usize::MAX, most), document(5000, most));
            let lines = text(&compare_documents(before.as_bytes(), after.as_bytes()));
            assert_eq!(lines.len(), 44, "{most}");
            assert_eq!(lines.first().map(String::as_str), Some("…4981 lines that stayed"));
            assert!(
                lines.contains(&"-  5000,".to_owned()) && lines.contains(&"+  \"x\",".to_owned())
            );
        }
        let all = compare_documents(b"", document(0, 100_000).as_bytes());
        assert_eq!(all.len(), CHANGED + 1);
        assert_eq!(
            text(&all).last().map(String::as_str),
            Some("…98002 lines that came or went, too many to be shown")
        );
        let few = compare_documents(b"[1,2]", b"[1,3]");
        assert_eq!(text(&few), [" [", "   1,", "-  2", "+  3", " ]"]);
    }
}
