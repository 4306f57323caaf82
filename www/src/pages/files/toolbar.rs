//! Which files are listed, in which order, and the listing as a file.

use std::num::NonZeroU32;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::Files;
use crate::components::{LayerDot, format};
use crate::jobs::blob;
use crate::route::{EntryPath, Tree as Which};

/// Which tree, which statuses, the filter, the download of the listing.
#[component]
pub(super) fn Toolbar() -> impl IntoView {
    let files = expect_context::<Files>();
    view! {
        <div class="treebar">
            <Scopes files />
            <Statuses files />
        </div>
        <div class="treebar">
            <Filter files />
            <Listing files />
        </div>
        <NotShown files />
        {move || {
            files
                .trouble
                .get()
                .map(|trouble| {
                    view! {
                        <p class="trouble" role="alert">
                            {format::visible(&trouble)}
                        </p>
                    }
                })
        }}
    }
}

/// Sentences about layers that are shown one by one.
const SENTENCES: usize = 3;

/// The layers whose files can't be shown.
#[component]
fn NotShown(files: Files) -> impl IntoView {
    let sentences = files.not_shown.get_value();
    let more = sentences.len().saturating_sub(SENTENCES);
    let more = (more > 0).then(|| {
        let text =
            format!("{} are not shown either.", format::plural(more, "more layer", "more layers"));
        view! { <p class="trouble" role="note">{text}</p> }
    });
    let first = sentences.into_iter().take(SENTENCES).map(|sentence| {
        view! {
            <p class="trouble" role="note">
                {format::cut(&sentence, 300)}
            </p>
        }
    });
    view! { {first.collect_view()} {more} }
}

fn layer_of(which: Which) -> Option<NonZeroU32> {
    match which {
        Which::Merged => None,
        Which::Layer(layer) | Which::Changes(layer) => Some(layer),
    }
}

/// Most layers that have a button each.
const BUTTONS: usize = 24;

#[component]
fn Scopes(files: Files) -> impl IntoView {
    let which = move || files.view.with(|view| view.tree);
    let go = move |tree: Which| {
        files.go(true, |view| {
            view.tree = tree;
            view.statuses = None;
        });
    };
    let merged = move || (which() == Which::Merged).then_some("true");
    let layers = u32::try_from(files.layers).unwrap_or(u32::MAX);
    let buttons = (1..=layers).filter_map(NonZeroU32::new).map(|layer| {
        let number = layer.get() as usize;
        let pressed = move || (layer_of(which()) == Some(layer)).then_some("true");
        let choose = move |_| match which() {
            Which::Changes(_) => go(Which::Changes(layer)),
            _ => go(Which::Layer(layer)),
        };
        let label = format!("Layer {number}");
        view! {
            <button type="button" aria-pressed=pressed title=label.clone() aria-label=label on:click=choose>
                <LayerDot layer=Some(number) />
                " "
                {number}
            </button>
        }
    });
    let few = files.layers <= BUTTONS;
    let buttons = few.then(|| buttons.collect_view());
    let number = (!few).then(|| {
        let typed = move |event| {
            let layer = event_target_value(&event).parse::<NonZeroU32>().ok();
            let layer = layer.filter(|layer| layer.get() <= layers);
            match (layer, which()) {
                (None, _) => go(Which::Merged),
                (Some(layer), Which::Changes(_)) => go(Which::Changes(layer)),
                (Some(layer), _) => go(Which::Layer(layer)),
            }
        };
        view! {
            <label class="check">
                "Layer"
                <span class="field small">
                    <input
                        type="number"
                        min="1"
                        max=layers.to_string()
                        placeholder=format!("1 to {}", format::count(u64::from(layers)))
                        prop:value=move || {
                            layer_of(which()).map(|layer| layer.to_string()).unwrap_or_default()
                        }
                        on:change=typed
                    />
                </span>
            </label>
        }
    });
    let forms = move || {
        let layer = layer_of(which())?;
        let changes = matches!(which(), Which::Changes(_));
        Some(view! {
            <div class="segments" role="group" aria-label="Of this layer">
                <button
                    type="button"
                    aria-pressed=(!changes).then_some("true")
                    on:click=move |_| go(Which::Layer(layer))
                >
                    "Its files"
                </button>
                <button
                    type="button"
                    aria-pressed=changes.then_some("true")
                    on:click=move |_| go(Which::Changes(layer))
                >
                    "Changes"
                </button>
            </div>
        })
    };
    view! {
        <div class="segments" role="group" aria-label="Layers">
            <button type="button" aria-pressed=merged on:click=move |_| go(Which::Merged)>
                "Merged"
            </button>
            {buttons}
        </div>
        {number}
        {forms}
    }
}

#[component]
fn Statuses(files: Files) -> impl IntoView {
    let one = move |name: &'static str,
                    get: fn(&drydock::inspect::tree::Shown) -> bool,
                    flip: fn(&mut drydock::inspect::tree::Shown)| {
        view! {
            <label class=format!("check {name}")>
                <input
                    type="checkbox"
                    prop:checked=move || get(&files.shown_statuses())
                    on:change=move |_| files.flip(flip)
                />
                {name}
            </label>
        }
    };
    let layered = move || files.view.with(|view| !matches!(view.tree, Which::Layer(_)));
    view! {
        <Show when=layered>
            <div class="checks" role="group" aria-label="Show">
                {one("added", |shown| shown.added, |shown| shown.added ^= true)}
                {one("changed", |shown| shown.changed, |shown| shown.changed ^= true)}
                {one("removed", |shown| shown.removed, |shown| shown.removed ^= true)}
                {one("same", |shown| shown.same, |shown| shown.same ^= true)}
            </div>
        </Show>
    }
}

#[component]
fn Filter(files: Files) -> impl IntoView {
    let text = move || files.view.with(|view| view.filter.clone());
    let hint = move || {
        let paths = files.summary.with(|summary| summary.paths);
        match paths {
            0 => "Words, /a/path or *.conf".to_owned(),
            paths => {
                format!("Filter {} paths: words, /a/path, *.conf", format::count(paths as u64))
            }
        }
    };
    let matches = move || {
        let active = files.view.with(|view| !view.filter.is_empty());
        active.then(|| {
            let matches = files.summary.with(|summary| summary.matches);
            format::plural(matches, "match", "matches")
        })
    };
    view! {
        <div class="field grow">
            <input
                type="search"
                id="file-filter"
                aria-label="Filter the files by name"
                placeholder=hint
                autocomplete="off"
                spellcheck="false"
                prop:value=text
                on:input=move |event| {
                    let filter = event_target_value(&event);
                    files.go(false, |view| view.filter = filter);
                }
                on:keydown=move |event| {
                    if event.key() == "Escape" {
                        files.go(false, |view| view.filter = String::new());
                    }
                }
            />
            <span class="muted nowrap" role="status">
                {matches}
            </span>
        </div>
    }
}

#[component]
fn Listing(files: Files) -> impl IntoView {
    let busy = RwSignal::new(false);
    let save = move |_| {
        let Some(tree) = files.tree() else { return };
        busy.set(true);
        spawn_local(async move {
            let saved = match tree.listing().await {
                Ok(listing) => blob::save(&listing, "files.jsonl"),
                Err(problem) => Err(problem),
            };
            if let Err(problem) = saved {
                files.trouble.try_set(Some(problem.to_string()));
            }
            busy.try_set(false);
        });
    };
    view! {
        <button
            type="button"
            class="button"
            disabled=move || busy.get() || !files.is_whole()
            title="Save what is listed as JSON Lines, one object per path"
            on:click=save
        >
            "Download listing"
        </button>
    }
}

/// The part of a path behind its last slash, as a name for a file on the reader's disk.
pub(super) fn file_name(path: &EntryPath) -> String {
    let text = String::from_utf8_lossy(path.as_bytes());
    let name = text.rsplit('/').next().unwrap_or_default();
    let safe: String = name
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c if format::visible(c.encode_utf8(&mut [0; 4])).chars().ne([c]) => '_',
            c => c,
        })
        .collect();
    match safe.trim_matches(['.', ' ']) {
        "" => "file".to_owned(),
        _ => safe.trim_end_matches(['.', ' ']).to_owned(),
    }
}
