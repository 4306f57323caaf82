//! What was found.

use drydock::inspect::search::{Hit, Searched};
use leptos::prelude::*;

use super::super::shown::{Shown, shown};
use super::looking::{Looking, MOST, Phase};
use crate::components::{Card, Empty, Untrusted, format};
use crate::route::{EntryPath, FilesView, LineRange, View};

/// The hits so far, and what was looked at once it is over.
#[component]
pub(super) fn HitsCard(looking: Looking) -> impl IntoView {
    let shown = shown();
    let is_shown = move || {
        let some = looking.hits.with(|hits| !hits.is_empty());
        some || matches!(looking.phase.get(), Phase::Done(_) | Phase::Stopped)
    };
    let count = Memo::new(move |_| looking.hits.with(Vec::len));
    let note = Signal::derive(move || {
        let hits = format::plural(count.get(), "hit", "hits");
        match looking.phase.get() {
            Phase::Done(searched) if searched.is_cut => {
                format!(
                    "{hits}; the last layer was not read to its end, nor compared with its digest"
                )
            }
            Phase::Done(searched) => format!("{hits} {}", looked_at(&searched)),
            Phase::Stopped => format!(
                "{hits}; stopped before all files were looked at, and before their layer was compared with its digest"
            ),
            _ => format!("{hits} so far; their layers are not compared with their digests yet"),
        }
    });
    let none = move || {
        let is_whole = matches!(looking.phase.get(), Phase::Done(searched) if !searched.is_cut);
        is_whole && count.get() == 0
    };
    let more = move || match looking.phase.get() {
        Phase::Done(Searched { is_cut: true, .. }) => Some(format!(
            "There are more than {MOST} hits: not all files were looked at. In a shell drydock search --most tells more."
        )),
        Phase::Done(Searched { cut_files, .. }) if cut_files > 0 => {
            let files = format::plural(cut_files as usize, "file has", "files have");
            Some(format!("{files} more hits than are shown of one."))
        }
        _ => None,
    };
    view! {
        <Show when=is_shown>
            <Card title="Hits" note>
                <Show when=none>
                    <Empty text="No file has it." />
                </Show>
                <ul class="rows hits" aria-label="Hits">
                    <For
                        each=move || 0..count.get()
                        key=|at| *at
                        children=move |at| {
                            let hit = looking.hits.with_untracked(|hits| hits.get(at).cloned());
                            hit.map(|hit| view! { <Row hit shown /> })
                        }
                    />
                </ul>
                {move || more().map(|text| view! { <p class="muted beyond">{text}</p> })}
            </Card>
        </Show>
    }
}

fn looked_at(searched: &Searched) -> String {
    let files = format::plural(searched.files as usize, "file", "files");
    format!("in {files} with {}", format::bytes(searched.bytes))
}

#[component]
fn Row(hit: Hit, shown: Shown) -> impl IntoView {
    let Hit { path, path_hex, layer, line, offset, text, range: [start, end], before, after } = hit;
    let view = FilesView {
        path: EntryPath::of(&path, path_hex.as_deref()),
        lines: line.map(LineRange::one),
        ..FilesView::default()
    };
    let href = untrack(move || shown.href(View::Files(view)));
    let place = match line {
        Some(line) => format!("line {}", format::count(line)),
        None => format!("byte {}, in a file that is no text", format::count(offset)),
    };
    let part = |from: usize, to: usize| format::visible(text.get(from..to).unwrap_or_default());
    let (left, found, right) = (part(0, start), part(start, end), part(end, text.len()));
    let around = |lines: Vec<String>| {
        lines
            .into_iter()
            .map(|line| view! { <span class="muted">{format::visible(&line)} "\n"</span> })
            .collect_view()
    };
    let (before, after) = (around(before), around(after));
    view! {
        <li>
            <p>
                <a class="path" href=href>
                    <Untrusted inert=true text=format!("/{path}") />
                </a>
                " "
                <span class="muted nowrap">{place}</span>
                " "
                <span class="muted nowrap">{format!("layer {layer}")}</span>
            </p>
            <pre class="mono">
                {before}
                <span>{left} <mark>{found}</mark> {right} "\n"</span>
                {after}
            </pre>
        </li>
    }
}
