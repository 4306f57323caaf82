//! Which layers does the image consist of?

use std::sync::Arc;

use crate::edit::action::{BaseAnnotations, LayerEdit, LayerInput};
use crate::edit::annotations::{BASE_DIGEST, BASE_NAME, note_docker, set, value};
use crate::edit::draft::{Base, Draft};
use crate::edit::editable::{Editable, MANIFEST};
use crate::edit::error::Reason;
use crate::edit::layer::Layer;
use crate::edit::node::Node;
use crate::edit::recipe::{Packing, Recipe};
use crate::edit::steps::step;
use crate::edit::work::{Target, Work};
use crate::finding::Finding;
use crate::layer::write::NewEntry;

impl Target<'_, '_> {
    pub(super) fn layers(&mut self, edit: &LayerEdit) -> Result<(), Reason> {
        self.image.change_layers()?;
        let summary = edit.summary();
        match edit {
            LayerEdit::Add { layer, base } => {
                let windows = self.image.is_windows();
                let recipe = match layer {
                    LayerInput::Given { digest, size, packing, .. } => {
                        let (digest, size, packing) = (digest.clone(), *size, *packing);
                        Recipe::Given { digest, size, packing, windows }
                    }
                    LayerInput::Files { entries, packing } => self.files(entries, *packing),
                };
                self.push(&summary, recipe);
                let was = self.image.was.as_ref().map(ToString::to_string);
                name_base(&mut self.image.manifest, *base, self.shared.draft, was.as_deref());
                if *base == BaseAnnotations::Set {
                    note_docker(&self.image.manifest, self.shared);
                }
                Ok(())
            }
            LayerEdit::Patch { entries, packing } => {
                let recipe = self.files(entries, *packing);
                self.push(&summary, recipe);
                Ok(())
            }
            LayerEdit::Remove { layer } => {
                let at = self.image.place(*layer)?;
                self.remove(&[at], &summary)
            }
            LayerEdit::RemoveCreatedBy { text } => {
                let made = self.image.steps.made_by(text).ok_or(Reason::NoHistory)?;
                self.remove(&made, &summary)
            }
            LayerEdit::Flatten { range, packing } => self.flatten(*range, *packing, &summary),
            LayerEdit::Strip { paths, layers, packing } => {
                self.strip(paths, layers, *packing)?;
                self.record(&summary)
            }
            LayerEdit::Times { rule, layers, config, packing } => {
                self.times(*rule, layers, *packing)?;
                if *config {
                    self.config_times(*rule);
                }
                Ok(())
            }
            LayerEdit::Recompress { packing, layers } => self.recompress(*packing, layers),
        }
    }

    fn push(&mut self, summary: &str, recipe: Recipe) {
        let id = self.shared.recipe(recipe);
        self.image.layers.push(Layer::new(id));
        let written = self.image.steps.push(step(self.shared.time, summary, true));
        self.note_history(written);
    }

    /// The recipe of a layer of files on top of those that there are.
    fn files(&mut self, entries: &Arc<[NewEntry]>, packing: Packing) -> Recipe {
        let layers = self.image.layers.iter().enumerate();
        let onto = layers.map(|(at, layer)| layer.input(at + 1)).collect::<Result<_, _>>();
        let onto = match onto {
            Ok(onto) => Some(onto),
            Err(reason) => {
                let label = &self.image.label;
                let text = format!(
                    "What is in the {label} can't be told: {reason}. The files are written by \
                     their names alone: no link is followed, and no directory above them is \
                     written."
                );
                self.shared.note(Finding::warning("edit.tree-unknown", label, text));
                None
            }
        };
        let windows = self.image.is_windows();
        Recipe::Files { entries: Arc::clone(entries), onto, packing, windows }
    }

    /// Takes layers away, which are given by their places in rising order.
    fn remove(&mut self, places: &[usize], summary: &str) -> Result<(), Reason> {
        if places.is_empty() {
            return Ok(());
        }
        let count = self.image.layers.len();
        for at in places.iter().rev().copied().filter(|at| *at < count) {
            self.image.layers.remove(at);
            self.shared.removed += 1;
            let written = self.image.steps.remove(at);
            self.note_history(written);
        }
        self.record(summary)
    }
}

impl Work<'_> {
    /// Names the base of an index whose every image got a layer.
    pub(super) fn name_base_of_index(&mut self, base: BaseAnnotations) {
        if let Node::Index(index) = &mut self.root {
            let was = index.was.as_ref().map(ToString::to_string);
            name_base(&mut index.document, base, self.shared.draft, was.as_deref());
        }
    }
}

/// Lets annotations name the image that the draft starts from, or drops those that came with it.
fn name_base(document: &mut Editable, base: BaseAnnotations, draft: &Draft, was: Option<&str>) {
    match (base, &draft.base) {
        (BaseAnnotations::Keep, _) => {}
        (BaseAnnotations::Set, Base::Image(pinned)) => {
            set(&mut document.tree, MANIFEST, BASE_DIGEST, was);
            set(&mut document.tree, MANIFEST, BASE_NAME, pinned.name().as_deref());
        }
        (BaseAnnotations::Set | BaseAnnotations::Drop, _) => {
            drop_inherited_base(document);
        }
    }
}

/// Removes annotations that name a base, as far as they came with the document; whether there were
/// any.
pub(super) fn drop_inherited_base(document: &mut Editable) -> bool {
    let mut dropped = false;
    for name in [BASE_NAME, BASE_DIGEST] {
        let came = document.before().and_then(|before| {
            let annotations = before.value().get("annotations")?;
            annotations.get(name)?.as_str().map(str::to_owned)
        });
        if came.is_some() && came == value(&document.tree, name) {
            set(&mut document.tree, MANIFEST, name, None);
            dropped = true;
        }
    }
    dropped
}
