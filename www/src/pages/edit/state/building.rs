//! The layers of a draft that are still to be built.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use drydock::edit::{Change, Made, RecipeId};
use leptos::prelude::*;

use super::{Alteration, Editing};
use crate::components::Transfer;
use crate::jobs::drafts::Kept;
use crate::jobs::edit::{self, Sources};
use crate::jobs::{self, Task};
use crate::net::clock;

impl Editing {
    /// Builds what is still to be built.
    pub(super) fn start(self, change: Arc<Change>, kept: Kept, sources: Arc<Sources>) {
        self.building.set(BTreeMap::new());
        self.build.set_value(Some(Task::spawn(async move {
            let began = js_sys::Date::now();
            let on_progress = move |id: &RecipeId, progress: jobs::Progress| {
                let elapsed = js_sys::Date::now() - began;
                let transfer = Transfer { done: progress.unpacked, total: None, elapsed };
                self.building.try_update(|building| building.insert(id.clone(), transfer));
            };
            let on_built = move |id: &RecipeId, made: &Made| {
                self.building.try_update(|building| building.remove(id));
                let made = BTreeMap::from([(id.clone(), made.clone())]);
                self.kept.try_update(|kept| {
                    if let Some(kept) = kept {
                        Arc::make_mut(kept).take_built(&made);
                    }
                });
                let again: Alteration = Rc::new(move |kept| kept.take_built(&made));
                self.unsaved.try_update_value(|all| all.push(again));
                self.save();
            };
            let built = edit::build(&change, &kept, &sources, on_progress, on_built).await;
            self.building.try_set(BTreeMap::new());
            match built {
                Ok(()) => {
                    clock::let_others_run().await;
                    if self.kept.try_get_untracked().flatten().is_some() {
                        self.refresh();
                    }
                }
                Err(problem) => self.fail(problem),
            }
        })));
    }

    /// Stops building; the layers that are done are kept.
    pub fn stop(self) {
        self.build.set_value(None);
        self.building.set(BTreeMap::new());
        self.fail(jobs::Problem::stopped());
    }
}
