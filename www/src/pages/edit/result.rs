//! What becomes of the draft, for the platform that is shown, and the layers that are being built.

use std::collections::BTreeSet;
use std::sync::Arc;

use drydock::edit::present::DocumentDiff;
use drydock::edit::{Change, Contents};
use drydock::finding::Finding;
use drydock::platform::Platform;
use leptos::prelude::*;

use super::Editing;
use super::needed::Needed;
use crate::components::{Becomes, NewDigest};
use crate::components::{ProgressRow, Transfer, format};
use crate::jobs::{Task, diff};
use crate::route::{Here, Route};

/// The diff, the layers, the new digest; above it what is being built.
#[component]
pub(super) fn ResultCard(
    editing: Editing,
    #[prop(into)] shown: Signal<Option<Platform>>,
) -> impl IntoView {
    let change = Memo::new(move |_| editing.change());
    let all = documents(change);
    // Those of the platform that is shown come first; of each platform what is changed for its own
    // sake, and then what only names new digests.
    let documents = Signal::derive(move || {
        let mut documents = all.get();
        documents.reverse();
        let shown = shown.get();
        documents.sort_by_key(|document| !is_of(&document.label, shown.as_ref()));
        documents
    });
    // Nothing when the edits can't all be done.
    let layers = Signal::derive(move || {
        let seen = change.with(Option::is_some).then(|| editing.seen());
        seen.map(|seen| seen.layers.clone()).unwrap_or_default()
    });
    let digest = Signal::derive(move || match change.get() {
        None => NewDigest::Unknown,
        Some(change) if change.is_pending() => NewDigest::After(change.pending.len()),
        Some(change) if change.is_changed() => NewDigest::New(change.root.digest.clone()),
        Some(change) => NewDigest::Same(change.root.digest.clone()),
    });
    let lost = Signal::derive(move || change.get().map(|it| it.lost.clone()).unwrap_or_default());
    let findings =
        Signal::derive(move || change.get().map(|it| it.findings.clone()).unwrap_or_default());
    let note = Signal::derive(move || {
        shown.get().map(|platform| format!("layers of {platform}")).unwrap_or_default()
    });
    view! {
        // Until it is about the draft as it is now, what stands here is about the one before.
        <div class="stack" aria-busy=move || (!editing.settled.get()).to_string()>
            <Building editing change />
            <Becomes documents layers digest lost findings note />
            <PackPlain editing findings />
            <Needed editing change shown />
            <OpenAsImage editing change />
        </div>
    }
}

/// What becomes of the documents, as soon as they are compared; those of an older change stay until
/// then.
fn documents(change: Memo<Option<Arc<Change>>>) -> Signal<Vec<DocumentDiff>> {
    let documents = RwSignal::new(Vec::new());
    let task = StoredValue::new_local(None::<Task>);
    Effect::new(move |_| {
        let Some(change) = change.get() else {
            task.set_value(None);
            documents.set(Vec::new());
            return;
        };
        task.set_value(Some(Task::spawn(async move {
            // Without its worker the new digest and the layers still say what becomes of it.
            documents.try_set(diff::documents(&change).await.unwrap_or_default());
        })));
    });
    documents.into()
}

/// The layers that are being built, and a way to stop that.
#[component]
fn Building(editing: Editing, change: Memo<Option<Arc<Change>>>) -> impl IntoView {
    let count = move || change.get().map_or(0, |change| change.pending.len());
    let busy = move || editing.problem.with(Option::is_none) && count() > 0;
    let what =
        Signal::derive(move || format!("Building {}", format::plural(count(), "layer", "layers")));
    let transfer = Signal::derive(move || {
        editing.building.with(|building| {
            let done = building.values().map(|transfer| transfer.done).sum();
            let elapsed = building.values().map(|transfer| transfer.elapsed).fold(0.0, f64::max);
            (!building.is_empty()).then_some(Transfer { done, total: None, elapsed })
        })
    });
    let cancel = Callback::new(move |()| editing.stop());
    let again = move || editing.problem.with(Option::is_some) && count() > 0;
    // Of the layers that the draft has now.
    let lines = Memo::new(move |_| {
        let recipes = change.get().map(|change| change.recipes.clone()).unwrap_or_default();
        editing.kept.with(|kept| {
            let all = kept.iter().flat_map(|kept| {
                recipes.iter().filter_map(|(id, _)| kept.remarks.get(id)).flatten().cloned()
            });
            let mut lines: Vec<String> = all.collect();
            let mut seen = BTreeSet::new();
            lines.retain(|line| seen.insert(line.clone()));
            lines
        })
    });
    let any = move || lines.with(|lines| !lines.is_empty());
    let remarks = move || {
        let lines = lines.get().into_iter().map(|line| {
            view! { <li><bdi>{format::visible(&line)}</bdi></li> }
        });
        lines.collect_view()
    };
    view! {
        <Show when=busy>
            <section class="card" role="status">
                <ProgressRow what transfer cancel />
            </section>
        </Show>
        <Show when=again>
            <button type="button" class="button" on:click=move |_| editing.refresh()>
                "Build the layers"
            </button>
        </Show>
        <Show when=any>
            <section class="card" aria-label="What to know of the new layers">
                <header>
                    <h2>"To know of the new layers"</h2>
                </header>
                <ul class="rows">{remarks}</ul>
            </section>
        </Show>
    }
}

/// Offers to pack layers that are not compressed.
#[component]
fn PackPlain(editing: Editing, findings: Signal<Vec<Finding>>) -> impl IntoView {
    let plain = Memo::new(move |_| findings.with(|all| all.iter().any(|it| it.rule == PLAIN)));
    let pack = move |_| {
        let edits = untrack(|| editing.seen().packing.clone());
        editing.add(edits, Contents::default());
    };
    view! {
        <Show when=move || plain.get()>
            <p>
                <button type="button" class="button" on:click=pack>
                    "Pack the plain layers with gzip"
                </button>
            </p>
        </Show>
    }
}

/// The finding that layers are not compressed.
const PLAIN: &str = "edit.plain-layers";

/// The draft as an image, in all views, before it is pushed.
#[component]
fn OpenAsImage(editing: Editing, change: Memo<Option<Arc<Change>>>) -> impl IntoView {
    move || {
        let kept = editing.kept.get()?;
        change.get().filter(|change| !change.is_pending())?;
        let reference = Here::Draft.image(&kept.name, None).ok()?;
        let href = Route::image(reference).href();
        Some(view! {
            <p class="muted">
                <a href=href>"Look at it as an image"</a>
                ": its files, layers and documents, before it is pushed."
            </p>
        })
    }
}

/// Whether a document is one of this platform: `linux/amd64`, `config of linux/amd64`.
fn is_of(label: &str, shown: Option<&Platform>) -> bool {
    let name = label.rsplit(" of ").next().unwrap_or(label);
    let name = name.split(" (").next().unwrap_or(name);
    let platform = name.parse::<Platform>().ok();
    platform.zip(shown).is_some_and(|(platform, shown)| platform.is_same(shown))
}
