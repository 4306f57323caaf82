//! A document before and after, with what stayed folded away.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use drydock::edit::present::{DocumentDiff, Line, LineKind};
use leptos::prelude::*;

use crate::components::{Windowed, format};

/// Lines around a change that are shown with it.
const AROUND: usize = 3;
/// Shortest run of lines that is folded.
const WORTH_FOLDING: usize = 3;
/// Most lines that are shown without being asked for, over all documents.
const OPEN_LINES: usize = 60;
/// Height of a line in pixels, as in the style sheet.
const LINE: f64 = 20.0;

/// What stands in one line of the view.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    /// A line of the document, by its place.
    Line(usize),
    /// Lines that are folded away.
    Fold(Range<usize>),
}

/// How many lines came and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) added: usize,
    pub(super) removed: usize,
}

impl Count {
    pub(super) fn of(lines: &[Line]) -> Self {
        let count = |kind| lines.iter().filter(|line| line.kind == kind).count();
        Self { added: count(LineKind::Added), removed: count(LineKind::Removed) }
    }
}

/// The lines of a document. Runs that stayed are folded until they are asked for.
#[component]
pub fn DiffLines(
    /// Name of the document.
    label: String,
    /// All of its lines.
    lines: Arc<Vec<Line>>,
) -> impl IntoView {
    let opened = RwSignal::new(BTreeSet::<usize>::new());
    let shown = {
        let lines = lines.clone();
        Memo::new(move |_| opened.with(|opened| fold(&lines, opened)))
    };
    let rows = Signal::derive(move || shown.with(Vec::len));
    let row = Callback::new(move |at: usize| match shown.with(|shown| shown.get(at).cloned()) {
        Some(Shown::Line(at)) => lines.get(at).map(line).into_any(),
        Some(Shown::Fold(range)) => {
            let start = range.start;
            view! {
                <button
                    type="button"
                    class="line fold"
                    on:click=move |_| opened.update(|opened| { opened.insert(start); })
                >
                    {format!("… {}", format::plural(range.len(), "line", "lines"))}
                </button>
            }
            .into_any()
        }
        None => ().into_any(),
    });
    view! {
        <Windowed rows height=LINE row class="document diff mono" label=format::visible(&label) />
    }
}

fn line(line: &Line) -> impl IntoView + use<> {
    let (class, sign, said) = match line.kind {
        LineKind::Skipped => ("line skipped", "…", ""),
        LineKind::Same => ("line", " ", ""),
        LineKind::Added => ("line added", "+", "added: "),
        LineKind::Removed => ("line removed", "-", "removed: "),
    };
    let text = format::visible(&line.text);
    let folded = format::folded(&text);
    let whole = (folded != text).then_some(text);
    let number = line.after.or(line.before).map(|number| number.to_string());
    view! {
        <div class=class data-line=number.unwrap_or_default()>
            <span class="sign" aria-hidden="true">
                {sign}
            </span>
            <span class="unseen">{said}</span>
            <bdi title=whole>{folded}</bdi>
        </div>
    }
}

/// What is shown of the lines; `opened` has the first places of the runs that were asked for.
fn fold(lines: &[Line], opened: &BTreeSet<usize>) -> Vec<Shown> {
    let mut shown = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let same = lines.iter().skip(at).take_while(|line| line.kind == LineKind::Same).count();
        let end = at + same;
        // The lines beside a change are shown with it.
        let from = if at == 0 { at } else { (at + AROUND).min(end) };
        let to = if end == lines.len() { end } else { end.saturating_sub(AROUND).max(from) };
        let folded = to - from >= WORTH_FOLDING && !opened.contains(&from);
        if folded {
            shown.extend((at..from).map(Shown::Line));
            shown.push(Shown::Fold(from..to));
            shown.extend((to..end).map(Shown::Line));
        } else {
            shown.extend((at..end).map(Shown::Line));
        }
        at = end;
        while lines.get(at).is_some_and(|line| line.kind != LineKind::Same) {
            shown.push(Shown::Line(at));
            at += 1;
        }
    }
    shown
}

/// Which of the documents are shown without being asked for: the first ones, until there is too much.
pub(super) fn open_at_first(documents: &[DocumentDiff]) -> BTreeSet<String> {
    let mut left = OPEN_LINES;
    let mut open = BTreeSet::new();
    for document in documents.iter().filter(|document| !document.lines.is_empty()) {
        let lines = fold(&document.lines, &BTreeSet::new()).len();
        if lines > left && !open.is_empty() {
            break;
        }
        left = left.saturating_sub(lines);
        open.insert(document.label.clone());
    }
    open
}

#[cfg(test)]
mod tests {
    use drydock::digest::Digest;

    use super::*;

    /// A line for each sign.
    fn lines(signs: &str) -> Vec<Line> {
        let kind = |sign| match sign {
            '+' => LineKind::Added,
            '-' => LineKind::Removed,
            _ => LineKind::Same,
        };
        let line = |sign| Line { kind: kind(sign), before: None, after: None, text: String::new() };
        signs.chars().map(line).collect()
    }

    /// Places of the lines that are shown, and of folds.
    fn shown(signs: &str, opened: &[usize]) -> String {
        let text = |shown: &Shown| match shown {
            Shown::Line(at) => at.to_string(),
            Shown::Fold(range) => format!("({}..{})", range.start, range.end),
        };
        let opened = opened.iter().copied().collect();
        fold(&lines(signs), &opened).iter().map(text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_stayed_is_folded() {
        for (signs, opened, expected) in [
            ("", &[][..], ""),
            ("-+", &[], "0 1"),
            ("======-+", &[], "(0..3) 3 4 5 6 7"),
            ("=====-", &[], "0 1 2 3 4 5"),
            ("+======", &[], "0 1 2 3 (4..7)"),
            ("+=========-", &[], "0 1 2 3 (4..7) 7 8 9 10"),
            ("+========-", &[], "0 1 2 3 4 5 6 7 8 9"),
            ("+=========-", &[4], "0 1 2 3 4 5 6 7 8 9 10"),
            ("========", &[], "(0..8)"),
        ] {
            assert_eq!(shown(signs, opened), expected, "{signs}");
        }
    }

    #[test]
    fn lines_are_counted() {
        assert_eq!(Count::of(&lines("=+-+=")), Count { added: 2, removed: 1 });
    }

    #[test]
    fn the_first_documents_are_open_first() {
        let document = |label: &str, lines: Vec<Line>| DocumentDiff {
            label: label.to_owned(),
            before: None,
            after: Digest::sha256(b""),
            lines,
        };
        let plus = |count| lines(&"+".repeat(count));
        let open = |documents: &[DocumentDiff]| {
            open_at_first(documents).into_iter().collect::<Vec<_>>().join(" ")
        };
        let documents = [
            document("kept", Vec::new()),
            document("config", plus(5)),
            document("manifest", plus(55)),
            document("index", plus(10)),
        ];
        assert_eq!(open(&documents), "config manifest");
        assert_eq!(open(&[document("config", plus(500))]), "config");
    }
}
