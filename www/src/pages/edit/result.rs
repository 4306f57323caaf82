//! What becomes of the draft, for the platform that is shown, and the layers that are being built.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::document::Document;
use drydock::edit::present::DocumentDiff;
use drydock::edit::{self, Change, Edit, Origin, is_provisional};
use drydock::finding::Finding;
use drydock::media_type::Kind;
use drydock::platform::Platform;
use drydock::spec::{Config, Index, Manifest};
use leptos::prelude::*;

use super::Editing;
use super::needed::Needed;
use crate::components::{Becomes, BecomesLayer, Fate, NewDigest};
use crate::components::{ProgressRow, Transfer, format};
use crate::jobs::{Task, diff};
use crate::route::{Here, Route};

/// The diff, the layers, the new digest; above it what is being built.
#[component]
pub(super) fn ResultCard(editing: Editing, shown: Signal<Option<Platform>>) -> impl IntoView {
    let change = Memo::new(move |_| editing.change());
    let all = documents(change);
    // Those of the platform that is shown come first.
    let documents = Signal::derive(move || {
        let mut documents = all.get();
        let shown = shown.get();
        documents.sort_by_key(|document| !is_of(&document.label, shown.as_ref()));
        documents
    });
    let layers = Signal::derive(move || {
        let shown = shown.get();
        change.get().map(|change| layers(&change, shown.as_ref())).unwrap_or_default()
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
        <div class="stack">
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
        let change = untrack(|| editing.change());
        let edits = change.map(|change| packed(&change)).unwrap_or_default();
        editing.add(edits, BTreeMap::new());
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

/// One edit for each image that has layers which are not compressed.
fn packed(change: &Change) -> Vec<Edit> {
    edit::pack_plain(change.documents.iter().map(|changed| {
        let name = changed.label.split(" (").next().unwrap_or_default();
        (name.parse().ok(), &*changed.document)
    }))
}

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
    platform.zip(shown).is_some_and(|(platform, shown)| platform.matches(shown))
}

/// The layers of one platform, before and after; those that are gone where they were.
fn layers(change: &Change, shown: Option<&Platform>) -> Vec<BecomesLayer> {
    let Some(manifest) = manifest_of(change, shown) else { return Vec::new() };
    let after = sides(change, &manifest.document, true);
    let before = manifest.before.as_ref().map(|before| sides(change, before, false));
    let before = before.unwrap_or_default();
    let known: BTreeSet<&Digest> = before.iter().filter_map(|it| it.digest.as_ref()).collect();
    let mut rows = Vec::new();
    let mut gone = before.iter().peekable();
    for layer in after {
        let stays = |one: &BecomesLayer| one.digest == layer.digest;
        if layer.digest.as_ref().is_some_and(|digest| known.contains(digest)) {
            // Whatever stood before this one and is not there any more.
            while let Some(old) = gone.next_if(|old| !stays(old)) {
                rows.push(removed(old));
            }
            let _stays = gone.next();
        }
        rows.push(layer);
    }
    let still: BTreeSet<_> = rows.iter().filter_map(|row| row.digest.clone()).collect();
    rows.extend(
        gone.filter(|old| !old.digest.as_ref().is_some_and(|it| still.contains(it))).map(removed),
    );
    rows
}

fn removed(layer: &BecomesLayer) -> BecomesLayer {
    BecomesLayer { fate: Fate::Removed, number: None, ..layer.clone() }
}

pub(super) fn manifest_of<'a>(
    change: &'a Change,
    shown: Option<&Platform>,
) -> Option<&'a edit::ChangedDocument> {
    let root = change.documents.last()?;
    if root.document.media_type().kind() != Kind::Index {
        return Some(root);
    }
    let index = Index::read(&root.document, "index").0?;
    let images = index.manifests.iter().filter(|entry| !entry.is_attestation());
    let fits = |entry: &&drydock::descriptor::Descriptor| {
        let platform = entry.platform.as_ref();
        shown.is_none_or(|shown| platform.is_some_and(|platform| platform.matches(shown)))
    };
    let entry = images.clone().find(fits).or_else(|| images.clone().next())?;
    change.documents.iter().find(|it| *it.document.digest() == entry.digest)
}

/// The layers that a manifest names, with the steps of its config.
fn sides(change: &Change, document: &Document, after: bool) -> Vec<BecomesLayer> {
    let Some(manifest) = Manifest::read(document, "manifest").0 else { return Vec::new() };
    let config = manifest.config.as_ref().and_then(|config| {
        let found = change.documents.iter().find_map(|changed| {
            let side = match after {
                true => Some(&changed.document),
                false => changed.before.as_ref(),
            };
            side.filter(|document| *document.digest() == config.digest)
        });
        Config::read(found?, "config").0
    });
    let history = config.map(|config| config.history).unwrap_or_default();
    let steps: Vec<String> = history
        .into_iter()
        .filter(|step| !step.empty_layer)
        .map(|step| step.created_by.or(step.comment).unwrap_or_default())
        .collect();
    let origins: BTreeMap<&Digest, &Origin> =
        change.blobs.iter().rev().map(|blob| (&blob.descriptor.digest, &blob.origin)).collect();
    let row = |layer: &drydock::spec::LayerDescriptor| {
        let digest = &layer.descriptor.digest;
        let known = !is_provisional(digest);
        BecomesLayer {
            fate: if after { fate(origins.get(digest).copied()) } else { Fate::Kept },
            number: Some(layer.number),
            digest: known.then(|| digest.clone()),
            size: known.then_some(layer.descriptor.size),
            step: steps.get(layer.number.saturating_sub(1)).cloned().unwrap_or_default(),
        }
    };
    manifest.layers.iter().map(row).collect()
}

fn fate(origin: Option<&Origin>) -> Fate {
    match origin {
        Some(Origin::Kept) => Fate::Kept,
        Some(Origin::Other(_)) => Fate::OtherBase,
        _ => Fate::New,
    }
}
