//! Layers that are written anew: several as one, without files, with other times, packed in
//! another way.

use crate::edit::action::Which;
use crate::edit::config::CONFIG;
use crate::edit::error::Reason;
use crate::edit::layer::Layer;
use crate::edit::recipe::{Input, Packing, Recipe, TimeRule};
use crate::edit::steps::step;
use crate::edit::time::Time;
use crate::edit::tree::{Order, Tree};
use crate::edit::values;
use crate::edit::work::Target;
use crate::finding::Finding;
use crate::media_type::{Compression, Kind};

impl Target<'_, '_> {
    /// Makes one layer of several. Their steps stay in the history as steps that made none.
    pub(super) fn flatten(
        &mut self,
        range: Option<[usize; 2]>,
        packing: Packing,
        summary: &str,
    ) -> Result<(), Reason> {
        let count = self.image.layers.len();
        let [from, to] = range.unwrap_or_else(|| [1, count.max(1)]);
        if from > to {
            return Err(Reason::Range(from, to));
        }
        let (first, last) = (self.image.place(from)?, self.image.place(to)?);
        let mut inputs = Vec::new();
        for (at, layer) in self.image.layers.iter().enumerate().take(last + 1) {
            inputs.push(layer.input(at + 1)?);
        }
        (first..=last).for_each(|at| self.note_foreign(at));
        let recipe = Recipe::Flatten { layers: inputs, below: first, packing };
        let id = self.shared.recipe(recipe);
        let layer = match self.image.layers.get(first).filter(|_| first == last) {
            Some(only) => only.rebuilt(id, false, true),
            None => Layer::new(id),
        };
        self.image.layers.splice(first..=last, [layer]);
        let step = step(self.shared.time, summary, true);
        if to - from + 1 == count {
            self.image.steps.squash_all(step);
        } else {
            let written = self.image.steps.squash(first..=last, step);
            self.note_history(written);
        }
        Ok(())
    }

    /// Takes files out of layers. A layer that has none of them stays as it is.
    pub(super) fn strip(
        &mut self,
        paths: &[String],
        layers: &Which,
        packing: Option<Packing>,
    ) -> Result<(), Reason> {
        let mut clean = Vec::new();
        for path in paths {
            let expected = "a path in the layer without . and .. in it";
            let error = || Reason::value("what is stripped", path, expected);
            clean.push(values::in_layer(path).ok_or_else(error)?.to_owned());
        }
        clean.sort_unstable();
        clean.dedup();
        self.rebuild(layers, packing, |layer, packing| Recipe::Strip {
            layer,
            paths: clean.clone(),
            packing,
        })
    }

    /// Gives the files of layers other times. A layer that has them already stays as it is.
    pub(super) fn times(
        &mut self,
        rule: TimeRule,
        layers: &Which,
        packing: Option<Packing>,
    ) -> Result<(), Reason> {
        self.rebuild(layers, packing, |layer, packing| Recipe::Times { layer, rule, packing })
    }

    /// Packs layers in another way.
    pub(super) fn recompress(&mut self, packing: Packing, layers: &Which) -> Result<(), Reason> {
        if let Packing::Gzip { level } = packing
            && !(1..=9).contains(&level)
        {
            return Err(Reason::value("the level of gzip", &level.to_string(), "1 to 9"));
        }
        self.rebuild(layers, Some(packing), |layer, packing| Recipe::Recompress { layer, packing })
    }

    /// Changes the times in the config and its history that there are.
    pub(super) fn config_times(&mut self, rule: TimeRule) {
        let change = |tree: &mut Tree, order: Order| {
            let time = tree.text("created").and_then(|text| text.parse::<Time>().ok());
            if let Some(time) = time {
                let text = rule.apply(time).to_string();
                tree.set("created", text.as_str().into(), order);
            }
        };
        self.image.steps.all_mut().iter_mut().for_each(|step| change(step, CONFIG));
        let Some(config) = &mut self.image.config else { return };
        change(&mut config.tree, CONFIG);
        if let TimeRule::Set(time) = rule {
            config.tree.set("created", time.to_string().as_str().into(), CONFIG);
        }
    }

    fn rebuild(
        &mut self,
        which: &Which,
        packing: Option<Packing>,
        recipe: impl Fn(Input, Packing) -> Recipe,
    ) -> Result<(), Reason> {
        let places: Vec<usize> = match which {
            Which::All => (0..self.image.layers.len()).collect(),
            Which::These(numbers) => {
                let mut places = numbers
                    .iter()
                    .map(|number| self.image.place(*number))
                    .collect::<Result<Vec<_>, _>>()?;
                places.sort_unstable();
                places.dedup();
                places
            }
        };
        for at in places {
            let Some(layer) = self.image.layers.get(at) else { continue };
            let input = match layer.input(at + 1) {
                Ok(input) => input,
                Err(reason @ Reason::LayerType { .. }) if *which == Which::All => {
                    let label = format!("layer {} of {}", at + 1, self.image.label);
                    let text = format!("It stays as it is: {reason}.");
                    self.shared.note(Finding::note("edit.layer-type", label, text));
                    continue;
                }
                Err(reason) => return Err(reason),
            };
            let compression = layer.compression(&self.shared.recipes);
            let usual = Packing::usual(compression.unwrap_or(Compression::Gzip));
            let recipe = recipe(input, packing.unwrap_or(usual));
            let same_tar = matches!(recipe, Recipe::Recompress { .. });
            if same_tar
                && recipe.packing() == Packing::None
                && compression == Some(Compression::None)
            {
                continue;
            }
            let layer = layer.rebuilt(self.shared.recipe(recipe), same_tar, !same_tar);
            self.note_foreign(at);
            if let Some(slot) = self.image.layers.get_mut(at) {
                *slot = layer;
            }
        }
        Ok(())
    }

    /// Says so when a layer that must not be distributed becomes one that is not marked so.
    fn note_foreign(&mut self, at: usize) {
        let media_type = self.image.layers.get(at).and_then(Layer::media_type);
        let foreign = media_type.filter(|media_type| {
            media_type.is_foreign() && matches!(media_type.kind(), Kind::Layer(_))
        });
        if let Some(media_type) = foreign {
            let label = format!("layer {} of {}", at + 1, self.image.label);
            let text = format!(
                "The {label} was marked as not to be distributed. What is made of it is an \
                 ordinary layer, and is pushed: look whether you may."
            );
            self.shared.note(Finding::warning("edit.foreign", label, text).actual(media_type));
        }
    }
}
