//! The loop that builds the layers of a change, each once those are there that it takes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::edit::build::Made;
use crate::edit::change::Change;
use crate::edit::recipe::{Input, Recipe, RecipeId};
use crate::layer::write::{BuiltLayer, MakeError};

/// Layers that were built, by their recipes.
pub type Built = BTreeMap<RecipeId, BuiltLayer>;

/// Builds the [pending](Change::pending) layers of a change; `built` are the others. `build` is called
/// for each as soon as all are built that it takes, several at a time; `on_built` is told what came
/// of it.
///
/// # Errors
/// The first that `build` has. What was built before is in `on_built`'s hands.
pub async fn build_pending<E: From<MakeError>>(
    change: &Change,
    built: &Built,
    build: impl AsyncFn(&RecipeId, &Recipe, Built) -> Result<Made, E>,
    mut on_built: impl FnMut(&RecipeId, &Made),
) -> Result<Built, E> {
    let built = RefCell::new(built.clone());
    let pending = change.recipes.iter().filter(|(id, _)| change.pending.contains(id));
    let mut waiting: Vec<_> = pending.collect();
    let mut running = FuturesUnordered::new();
    loop {
        let (ready, later) = waiting.into_iter().partition(|(_, recipe)| {
            recipe.inputs().iter().all(|input| match input {
                Input::Recipe(id) => built.borrow().contains_key(id),
                Input::Blob { .. } => true,
            })
        });
        waiting = later;
        let ready: Vec<&(RecipeId, Recipe)> = ready;
        let (build, built) = (&build, &built);
        running.extend(ready.into_iter().map(|(id, recipe)| async move {
            let before = built.borrow().clone();
            (id, build(id, recipe, before).await)
        }));
        let Some((id, made)) = running.next().await else { break };
        let made = made?;
        on_built(id, &made);
        built.borrow_mut().insert(id.clone(), made.layer);
    }
    drop(running);
    match waiting.is_empty() {
        true => Ok(built.into_inner()),
        false => Err(MakeError::Missing.into()),
    }
}
