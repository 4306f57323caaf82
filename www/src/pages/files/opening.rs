//! Waiting for the layers that the tree is made of.

use drydock::layer::lazy::Promise;
use drydock::reference::Reference;
use leptos::prelude::*;

use super::super::model::ContentModel;
use super::state::{Files, Phase};
use crate::components::{Badge, ErrorPanel, LongList, Problem, ProgressRow, Transfer, format};
use crate::jobs::tree::{Layer, LayerState, Listed};
use crate::jobs::{self, ProblemKind};
use crate::net::place::Place;

/// What the tree is made of.
pub(in crate::pages) fn layers(reference: &Reference, content: &ContentModel) -> Vec<Layer> {
    let place = Place::from(reference);
    let layers = content.layers.iter().map(|layer| Layer {
        place: place.clone(),
        descriptor: layer.descriptor.clone(),
        diff_id: layer.diff_id.clone(),
        soci: None,
    });
    layers.collect()
}

/// A problem of the workers in the words of the page.
pub(in crate::pages) fn told(problem: &jobs::Problem) -> Problem {
    let content = problem.kind == ProblemKind::Content;
    Problem {
        sentence: match content {
            true => "A layer is not what the image says it is.".to_owned(),
            false => "The files can't be shown: a layer could not be read.".to_owned(),
        },
        reason: problem.to_string(),
        login: problem.kind == ProblemKind::Login,
        retry: !content,
        ..Problem::default()
    }
}

/// How far all layers together are, and a way to stop.
#[component]
pub(super) fn OpeningProgress() -> impl IntoView {
    let files = expect_context::<Files>();
    let started = js_sys::Date::now();
    let total = move || {
        files.progress.with(|all| {
            let done = all.iter().map(|(state, size)| downloaded(*state, *size)).sum();
            let total = all.iter().fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
            Transfer { done, total: Some(total), elapsed: js_sys::Date::now() - started }
        })
    };
    let what = Signal::derive(move || {
        let entries: u64 =
            files.progress.with(|all| all.iter().map(|(state, _)| entries(*state)).sum());
        match entries {
            0 => "Reading the layers".to_owned(),
            count => format!("Reading the layers: {} entries so far", format::count(count)),
        }
    });
    let transfer = Signal::derive(move || Some(total()));
    let cancel = Callback::new(move |()| files.cancel());
    view! { <ProgressRow what transfer cancel /> }
}

/// What is still to come of a tree that is shown already.
#[component]
pub(super) fn Growing() -> impl IntoView {
    let files = expect_context::<Files>();
    view! {
        <Show when=move || !files.is_whole()>
            <div class="growing">
                <OpeningProgress />
                <p class="muted">
                    <Badge kind="warning" text="provisional" />
                    " Paler rows are of layers that are not verified yet, or may still change. A file opens as soon as its layer, and those above, are."
                </p>
            </div>
        </Show>
    }
}

/// Which layers were only listed, what that is worth, and how to have all of them read.
#[component]
pub(super) fn OnlyListed() -> impl IntoView {
    let files = expect_context::<Files>();
    let listed = Memo::new(move |_| {
        let states =
            files.progress.with(|all| all.iter().map(|(state, _)| *state).collect::<Vec<_>>());
        let states = states.into_iter().enumerate();
        let listed = states.filter_map(|(at, state)| match state {
            Some(LayerState::Listed(listed)) => Some((at + 1, listed)),
            _ => None,
        });
        listed.collect::<Vec<_>>()
    });
    let text = move || listed.with(|listed| said(listed));
    let href = move || files.verify_href();
    view! {
        <Show when=move || files.is_open() && !listed.with(Vec::is_empty)>
            <div class="growing" role="note">
                <p>
                    <Badge text="not checked" />
                    " "
                    {text}
                    " "
                    <button type="button" class="button small" on:click=move |_| files.read_whole()>
                        "Read the layers"
                    </button>
                    " "
                    <a href=href>"Verify the image"</a>
                </p>
            </div>
        </Show>
    }
}

/// What is said of layers that were only listed, by their numbers from 1.
fn said(listed: &[(usize, Listed)]) -> String {
    let (mut tables, mut shared, mut formats) = (Vec::new(), Vec::new(), Vec::new());
    let mut all_promised = true;
    for (at, listed) in listed {
        match listed {
            Listed::Table { format, promise } => {
                tables.push(*at);
                all_promised &= *promise == Promise::Manifest;
                if !formats.contains(&format.name()) {
                    formats.push(format.name());
                }
            }
            Listed::Shared => shared.push(*at),
        }
    }
    let mut sentences = Vec::new();
    if !tables.is_empty() {
        let how = match tables.len() {
            1 => "is listed by its table of contents",
            _ => "are listed by their tables of contents",
        };
        let worth = match all_promised {
            true => {
                "The image's manifest vouches for it, but nobody has compared it with the layer."
            }
            false => "Nothing vouches for it.",
        };
        sentences.push(format!(
            "{} {how} ({}), not read. {worth}",
            named(&tables),
            formats.join(", ")
        ));
    }
    if !shared.is_empty() {
        let how = match shared.len() {
            1 => "is listed by what",
            _ => "are listed by what",
        };
        sentences.push(format!(
            "{} {how} another tab told this server, not read. Nothing vouches for that.",
            named(&shared)
        ));
    }
    sentences.join(" ")
}

/// `Layer 2`, or `Layers 1, 3`.
fn named(layers: &[usize]) -> String {
    let numbers: Vec<String> = layers.iter().map(usize::to_string).collect();
    let what = if layers.len() == 1 { "Layer" } else { "Layers" };
    format!("{what} {}", numbers.join(", "))
}

/// A line per layer, and what went wrong.
#[component]
pub(super) fn Opening() -> impl IntoView {
    let files = expect_context::<Files>();
    let retry = Callback::new(move |()| files.read());
    let rows = Signal::derive(move || files.progress.with(Vec::len));
    let line_of = Callback::new(move |at: usize| view! { <LayerLine files at /> }.into_any());
    move || match files.phase.get() {
        Phase::Failed(problem) => view! {
            <div class="notice">
                <ErrorPanel problem retry />
            </div>
        }
        .into_any(),
        _ => view! {
            <div class="opening" role="status">
                <OpeningProgress />
                <LongList rows row=line_of label="Layers" />
            </div>
        }
        .into_any(),
    }
}

#[component]
fn LayerLine(files: Files, at: usize) -> impl IntoView {
    let text = move || {
        let (state, size) = files.progress.with(|all| all.get(at).copied()).unwrap_or_default();
        line(state, size)
    };
    view! {
        <li>
            <span class="grow">{format!("Layer {}", format::count(at as u64 + 1))}</span>
            <span class="number muted">{text}</span>
        </li>
    }
}

fn downloaded(state: Option<LayerState>, size: u64) -> u64 {
    match state {
        None => 0,
        Some(LayerState::Reading(progress)) => progress.downloaded,
        Some(_) => size,
    }
}

fn entries(state: Option<LayerState>) -> u64 {
    match state {
        Some(LayerState::Reading(progress)) => progress.entries,
        _ => 0,
    }
}

fn line(state: Option<LayerState>, size: u64) -> String {
    let size_text = format::bytes(size);
    let progress = match state {
        None => return format!("{size_text} · waiting"),
        Some(LayerState::Known) => return format!("{size_text} · verified before"),
        Some(LayerState::Listed(Listed::Table { format, .. })) => {
            return format!("{size_text} · listed by its {} table", format.name());
        }
        Some(LayerState::Listed(Listed::Shared)) => {
            return format!("{size_text} · listed by what this server keeps");
        }
        Some(LayerState::Remembered) => {
            return format!("{size_text} · verified in this browser before");
        }
        Some(LayerState::Verified) => return format!("{size_text} · verified"),
        Some(LayerState::Hidden) => return format!("{size_text} · not shown"),
        Some(LayerState::Reading(progress)) => progress,
    };
    let mut text = format!("{} of {size_text}", format::bytes(progress.downloaded));
    if progress.rate >= 1.0 && progress.downloaded < size {
        text.push_str(&format!(" · {}/s", format::bytes(progress.rate as u64)));
    }
    if progress.resumed > 0 {
        let times = format::plural(progress.resumed as usize, "time", "times");
        text.push_str(&format!(" · resumed {times}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use drydock::layer::lazy::{Format, Promise};

    use super::{Listed, said};

    #[test]
    fn who_vouches_for_a_list_is_said() {
        let table = |format, promise| Listed::Table { format, promise };
        let vouched = table(Format::Estargz, Promise::Manifest);
        let claimed = table(Format::Soci, Promise::Claimed);
        let of = |listed: &[(usize, Listed)]| said(listed);
        assert_eq!(of(&[]), "");
        assert!(of(&[(2, vouched)]).starts_with(
            "Layer 2 is listed by its table of contents (eStargz), not read. The image's manifest"
        ));
        assert_eq!(
            of(&[(1, vouched), (3, claimed)]),
            "Layers 1, 3 are listed by their tables of contents (eStargz, SOCI), not read. Nothing vouches for it."
        );
        assert_eq!(
            of(&[(1, claimed), (2, Listed::Shared), (4, Listed::Shared)]),
            "Layer 1 is listed by its table of contents (SOCI), not read. Nothing vouches for it. Layers 2, 4 are listed by what another tab told this server, not read. Nothing vouches for that."
        );
    }
}
