//! What comes of taking files away: a hardlink to nothing can't be unpacked, and what lies behind a
//! link is still there.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::digest::{DiffId, Digest};
use drydock::edit::view::manifest_of;
use drydock::edit::{Action, Base, Change, Draft, LayerEdit, Origin, Recipe};
use drydock::layer::HARDLINK_TARGET;
use drydock::platform::Platform;
use drydock::spec::{Config, Manifest};
use leptos::prelude::*;

use super::Editing;
use crate::components::{ProgressRow, format};
use crate::jobs::drafts::Kept;
use crate::jobs::tree::{self, Layer, Status, Tree};
use crate::jobs::{Problem, Task};
use crate::net::place::Place;

/// Paths that are listed.
const LINES: usize = 20;

#[derive(Clone, Debug, PartialEq)]
enum State {
    Nothing,
    Looking,
    Found(Found),
    Unknown(String),
}

/// What is told of the tree as the edits leave it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    /// Hardlinks to nothing.
    missed: Vec<String>,
    /// Paths that were to be taken away and are still there, and where.
    left: Vec<(String, String)>,
    /// Paths that were to be taken away and were in no layer.
    absent: Vec<String>,
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
        let kept = editing.kept.get()?;
        let draft = kept.draft();
        let change = change.get().filter(|change| !change.is_pending() && takes_away(draft))?;
        let layers = shown.with(|shown| layers(&change, draft, shown.as_ref()))?;
        Some((layers, stripped(draft), absent(&change, &kept)))
    });
    Effect::new(move |_| {
        let Some((layers, stripped, absent)) = layers.get() else {
            task.set_value(None);
            state.set(State::Nothing);
            return;
        };
        state.set(State::Looking);
        let layers: Vec<Layer> = layers.into_iter().map(Where::layer).collect();
        task.set_value(Some(Task::spawn(async move {
            let found = match tree::open(layers, |_, _| {}).await {
                Ok(tree) => match found(&tree, stripped, absent).await {
                    Ok(found) if found == Found::default() => State::Nothing,
                    Ok(found) => State::Found(found),
                    Err(problem) => State::Unknown(problem.message),
                },
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
        State::Found(Found { missed, left, absent }) => {
            let missed = (!missed.is_empty()).then(|| {
                let count = format::plural(missed.len(), "hardlink leads", "hardlinks lead");
                let why = "Their files are in what is taken away, so that runtimes can't unpack the image. Flatten the layers, or keep the files.";
                warning(format!("{count} to nothing after these edits"), why, missed)
            });
            let left = (!left.is_empty()).then(|| {
                let count = format::plural(left.len(), "path is", "paths are");
                let why = "Links lead there, or a layer that was not chosen has it. Take away what is named behind the arrow.";
                let lines = left.into_iter().map(|(path, at)| match path == at {
                    true => path,
                    false => format!("{path} → {at}"),
                });
                warning(format!("{count} still there after these edits"), why, lines.collect())
            });
            let absent = (!absent.is_empty()).then(|| {
                let count = format::plural(absent.len(), "path is", "paths are");
                let why = "Nothing was taken away for it. Look how it is spelled, or choose the layers that have it.";
                warning(format!("{count} in none of the chosen layers"), why, absent)
            });
            view! { {missed}{left}{absent} }.into_any()
        }
    }
    }
}

fn warning(title: String, why: &'static str, lines: Vec<String>) -> impl IntoView {
    let more = lines.len().saturating_sub(LINES);
    let more =
        (more > 0).then(|| view! { <li>{format!("and {} more", format::count(more as u64))}</li> });
    let lines = lines.into_iter().take(LINES).map(|line| {
        view! { <li class="mono"><bdi>{format::visible(&line)}</bdi></li> }
    });
    view! {
        <div class="panel warning inner" role="alert">
            <div class="say">
                <h2>{title}</h2>
                <p>{why}</p>
                <ul>{lines.collect_view()}{more}</ul>
            </div>
        </div>
    }
}

async fn found(
    tree: &Tree,
    stripped: Vec<String>,
    mut absent: Vec<String>,
) -> Result<Found, Problem> {
    let missed = tree.findings().iter().filter(|it| it.rule == HARDLINK_TARGET);
    let missed = missed.map(|it| it.subject.clone()).collect();
    let mut left = Vec::new();
    for path in stripped {
        let row = tree.find(path.as_bytes()).await?;
        if let Some(row) = row.filter(|row| row.status != Status::Removed) {
            left.push((path.trim_matches('/').to_owned(), row.path));
        }
    }
    absent.retain(|path| left.iter().all(|(name, _)| name != path));
    Ok(Found { missed, left, absent })
}

/// The paths that the edits strip.
fn stripped(draft: &Draft) -> Vec<String> {
    let paths = draft.edits.iter().filter_map(|edit| match &edit.action {
        Action::Layers(LayerEdit::Strip { paths, .. }) => Some(paths),
        _ => None,
    });
    paths.flatten().cloned().collect()
}

/// Paths that no layer had that they were to be taken out of.
fn absent(change: &Change, kept: &Kept) -> Vec<String> {
    let mut paths: BTreeMap<&String, bool> = BTreeMap::new();
    for (id, recipe) in change.recipes.iter().chain(&change.idle) {
        let (Recipe::Strip { paths: asked, .. }, Some(lacks)) = (recipe, kept.absent.get(id))
        else {
            continue;
        };
        for path in asked {
            *paths.entry(path).or_insert(true) &= lacks.contains(path);
        }
    }
    paths.into_iter().filter(|(_, everywhere)| *everywhere).map(|(path, _)| path.clone()).collect()
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
