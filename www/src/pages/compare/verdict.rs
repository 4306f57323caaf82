//! How alike two images are and why, and which layers they share.

use std::sync::Arc;

use drydock::compare::layers::LayerSide;
use drydock::compare::{Comparison, Likeness};
use leptos::prelude::*;

use super::super::shown::shown;
use super::{place, view_of};
use crate::components::{
    Badge, ByteSize, Card, DigestChip, Empty, Fact, Facts, LayerDot, LongList, Untrusted, format,
};
use crate::jobs::compare::Named;
use crate::route::{CompareView, Route, View};
use crate::state::ui;

/// The verdict, and what was compared.
#[component]
pub(super) fn VerdictCard(comparison: Arc<Comparison>, images: [Named; 2]) -> impl IntoView {
    let (kind, title) = match comparison.likeness {
        Likeness::Identical => ("verified", "Identical"),
        Likeness::SameFiles => ("verified", "Same files"),
        Likeness::SameButForTimes => ("warning", "Same but for times"),
        Likeness::Different => ("warning", "Different"),
    };
    let reasons: Vec<String> = match comparison.likeness {
        Likeness::Identical => vec!["Both have one manifest, byte for byte.".to_owned()],
        _ => comparison.reasons.clone(),
    };
    let reasons = reasons.into_iter().map(|reason| {
        view! {
            <li>
                <Untrusted text=reason />
            </li>
        }
    });
    let [before, after] = images;
    let counts = comparison.counts;
    let sizes = format!(
        "{} to {} of files",
        format::bytes(counts.bytes_before),
        format::bytes(counts.bytes_after)
    );
    let pull = match comparison.layers.to_fetch {
        0 => "nothing".to_owned(),
        bytes => format::bytes(bytes),
    };
    view! {
        <Card title note="all layers of both were verified in this browser">
            <div class="body likeness" data-likeness=comparison.likeness.to_string()>
                <Badge kind text=comparison.likeness.to_string() />
                <ul class="reasons">{reasons.collect_view()}</ul>
            </div>
            <Facts>
                <Fact name="First">
                    <Name named=before />
                </Fact>
                <Fact name="Second">
                    <Name named=after.clone() />
                    <Others second=after />
                </Fact>
                <Fact name="Size">{sizes}</Fact>
                <Fact name="A pull of the second">
                    {format!("fetches {pull} where the first one is")}
                </Fact>
            </Facts>
        </Card>
    }
}

#[component]
fn Name(named: Named) -> impl IntoView {
    view! {
        <a href=place(&named).href()>
            <Untrusted inert=true text=named.reference.to_string() />
        </a>
        " "
        <span class="muted">
            <Untrusted text=named.platform />
        </span>
    }
}

/// A choice of another platform of the second image.
#[component]
fn Others(second: Named) -> impl IntoView {
    let (ui, shown) = (ui(), shown());
    if second.platforms.len() < 2 {
        return ().into_any();
    }
    let choose = move |event| {
        let platform = Some(event_target_value(&event));
        let view = untrack(move || view_of(shown));
        let view = View::Compare(CompareView { platform, ..view });
        ui.go(Route::Image(shown.route.get_untracked().with_view(view)));
    };
    let options = second.platforms.into_iter().map(|platform| {
        let is_chosen = platform == second.platform;
        let name = platform.clone();
        view! {
            <option value=name selected=is_chosen>
                {format::cut(&platform, 100)}
            </option>
        }
    });
    view! {
        <select class="select" aria-label="Platform of the second image" on:change=choose>
            {options.collect_view()}
        </select>
    }
    .into_any()
}

/// The layers of the second image, and those of the first that it does not have.
#[component]
pub(super) fn LayersCard(comparison: Arc<Comparison>) -> impl IntoView {
    let layers = &comparison.layers;
    let gone = layers.before.iter().enumerate().filter(|(_, (_, shared))| !shared);
    let gone = gone.map(|(at, (layer, _))| (at + 1, layer.clone(), "only in the first"));
    let own = layers.after.iter().enumerate().map(|(at, (layer, shared))| {
        let word = if *shared { "in both" } else { "only in the second" };
        (at + 1, layer.clone(), word)
    });
    let rows: Arc<Vec<(usize, LayerSide, &'static str)>> = Arc::new(own.chain(gone).collect());
    let note = match layers.are_same() {
        true => "the same in both".to_owned(),
        false => layers.sentence(),
    };
    if rows.is_empty() {
        return view! {
            <Card title="Layers" note>
                <Empty text="Neither image has layers." />
            </Card>
        }
        .into_any();
    }
    let count = Signal::stored(rows.len());
    let row = Callback::new(move |at: usize| {
        let row = rows.get(at).cloned();
        row.map(|(number, layer, word)| {
            view! {
                <li>
                    <LayerDot layer=Some(number) />
                    <span class="nowrap">{format!("layer {number}")}</span>
                    <span class="muted nowrap grow">{word}</span>
                    <DigestChip digest=layer.digest />
                    <span class="number">
                        <ByteSize bytes=layer.size />
                    </span>
                </li>
            }
        })
        .into_any()
    });
    view! {
        <Card title="Layers" note>
            <LongList rows=count row class="rows compared" label="Layers" />
        </Card>
    }
    .into_any()
}
