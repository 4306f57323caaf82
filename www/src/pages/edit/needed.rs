//! Whether layers that stay need what edits take away: a hardlink to nothing can't be unpacked.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::digest::{DiffId, Digest};
use drydock::edit::view::manifest_of;
use drydock::edit::{Action, Base, Change, Draft, LayerEdit, Origin};
use drydock::layer::HARDLINK_TARGET;
use drydock::platform::Platform;
use drydock::spec::{Config, Manifest};
use leptos::prelude::*;

use super::Editing;
use crate::components::{ProgressRow, format};
use crate::jobs::Task;
use crate::jobs::tree::{self, Layer};
use crate::net::place::Place;

#[derive(Clone, Debug, PartialEq)]
enum State {
    Nothing,
    Looking,
    Missed(Vec<String>),
    Unknown(String),
}

/// Looks at the layers of the shown platform when something is taken away, and says what is missed.
#[component]
pub(super) fn Needed(
    editing: Editing,
    change: Memo<Option<Arc<Change>>>,
    shown: Signal<Option<Platform>>,
) -> impl IntoView {
    let state = RwSignal::new(State::Nothing);
    let task = StoredValue::new_local(None::<Task>);
    let layers = Memo::new(move |_| {
        let draft = editing.kept.with(|kept| kept.as_ref().map(|kept| kept.draft().clone()))?;
        let change = change.get().filter(|change| !change.is_pending() && takes_away(&draft))?;
        shown.with(|shown| layers(&change, &draft, shown.as_ref()))
    });
    Effect::new(move |_| {
        let Some(layers) = layers.get() else {
            task.set_value(None);
            state.set(State::Nothing);
            return;
        };
        state.set(State::Looking);
        let layers: Vec<Layer> = layers.into_iter().map(Where::layer).collect();
        task.set_value(Some(Task::spawn(async move {
            let found = match tree::open(layers, |_, _| {}).await {
                Ok(tree) => {
                    let missed = tree.findings().iter().filter(|it| it.rule == HARDLINK_TARGET);
                    let missed: Vec<String> = missed.map(|it| it.subject.clone()).collect();
                    if missed.is_empty() { State::Nothing } else { State::Missed(missed) }
                }
                Err(problem) => State::Unknown(problem.message),
            };
            state.try_set(found);
        })));
    });
    move || {
        match state.get() {
        State::Nothing => ().into_any(),
        State::Looking => view! {
            <section class="card" role="status">
                <ProgressRow what="Looking whether something needs what is taken away" transfer=None />
            </section>
        }
        .into_any(),
        State::Unknown(why) => view! {
            <p class="muted">
                "It is not known whether something needs what is taken away: "
                <bdi>{format::visible(&why)}</bdi>
            </p>
        }
        .into_any(),
        State::Missed(paths) => {
            let count = format::plural(paths.len(), "hardlink leads", "hardlinks lead");
            let lines = paths.iter().take(20).map(|path| {
                view! { <li class="mono"><bdi>{format::visible(path)}</bdi></li> }
            });
            view! {
                <div class="panel warning inner" role="alert">
                    <div class="say">
                        <h2>{format!("{count} to nothing after these edits")}</h2>
                        <p>
                            "Their files are in what is taken away, so that runtimes can't unpack the image. Flatten the layers, or keep the files."
                        </p>
                        <ul>{lines.collect_view()}</ul>
                    </div>
                </div>
            }
            .into_any()
        }
    }
    }
}

fn takes_away(draft: &Draft) -> bool {
    draft.edits.iter().any(|edit| match &edit.action {
        Action::Rebase(_) => true,
        Action::Layers(edit) => matches!(
            edit,
            LayerEdit::Remove { .. } | LayerEdit::RemoveCreatedBy { .. } | LayerEdit::Strip { .. }
        ),
        _ => false,
    })
}

/// A layer, and where it is.
#[derive(Clone, Debug, PartialEq)]
struct Where {
    place: Place,
    descriptor: drydock::descriptor::Descriptor,
    diff_id: Option<DiffId>,
}

impl Where {
    fn layer(self) -> Layer {
        Layer { place: self.place, descriptor: self.descriptor, diff_id: self.diff_id }
    }
}

/// The layers of one platform as the edits leave them.
fn layers(change: &Change, draft: &Draft, shown: Option<&Platform>) -> Option<Vec<Where>> {
    let document = &manifest_of(change, shown)?.document;
    let manifest = Manifest::read(document, "manifest").0?;
    let config = manifest.config.as_ref()?;
    let config = change.documents.iter().find(|it| *it.document.digest() == config.digest)?;
    let diff_ids = Config::read(&config.document, "config").0?.diff_ids;
    let base = match &draft.base {
        Base::Image(pinned) => Some(Place::from(pinned.reference())),
        Base::Empty { .. } | Base::EmptyIndex { .. } => None,
    };
    let origins: BTreeMap<&Digest, &Origin> =
        change.blobs.iter().rev().map(|blob| (&blob.descriptor.digest, &blob.origin)).collect();
    let place = |digest: &Digest| match origins.get(digest)? {
        Origin::Kept => base.clone(),
        Origin::Other(pinned) => Some(Place::from(pinned.reference())),
        _ => Some(Place::disk()),
    };
    let layers = manifest.layers.iter().enumerate().map(|(at, layer)| {
        let descriptor = layer.descriptor.clone();
        let diff_id = diff_ids.get(at).cloned().flatten();
        Some(Where { place: place(&descriptor.digest)?, descriptor, diff_id })
    });
    layers.collect()
}
