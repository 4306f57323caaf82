//! What comes of taking files away: a hardlink to nothing can't be unpacked, and what lies behind a
//! link is still there.

use std::sync::Arc;

use drydock::edit::{Change, Placed, absent_everywhere, placed_layers};
use drydock::layer::HARDLINK_TARGET;
use drydock::platform::Platform;
use leptos::prelude::*;

use super::Editing;
use crate::components::{ProgressRow, format};
use crate::jobs::tree::{self, Layer, Status, Tree};
use crate::jobs::{Problem, Task};
use crate::net::place::{self, Place};

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
        let change = change.get().filter(|change| !change.is_pending() && draft.takes_away())?;
        let layers = shown.with(|shown| placed_layers(&change, draft, shown.as_ref()))?;
        Some((layers, draft.stripped(), absent_everywhere(&change, &kept.absent)))
    });
    Effect::new(move |_| {
        let Some((layers, stripped, absent)) = layers.get() else {
            task.set_value(None);
            state.set(State::Nothing);
            return;
        };
        state.set(State::Looking);
        let layers: Vec<Layer> = layers.into_iter().map(layer).collect();
        task.set_value(Some(Task::spawn(async move {
            let found = match tree::open(layers, |_| {}).await {
                Ok(tree) => match found(&tree, stripped, absent).await {
                    Ok(found) if found == Found::default() => State::Nothing,
                    Ok(found) => State::Found(found),
                    Err(problem) => State::Unknown(problem.to_string()),
                },
                Err(problem) => State::Unknown(problem.to_string()),
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
    let missed = tree.findings().into_iter().filter(|it| it.rule == HARDLINK_TARGET);
    let missed = missed.map(|it| it.subject).collect();
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

fn layer(placed: Placed) -> Layer {
    let place = placed.of.map_or_else(place::disk, |image| Place::from(image.reference()));
    Layer { place, descriptor: placed.descriptor, diff_id: placed.diff_id, soci: None }
}
