//! The history of an image, step by step, and which layer each step made.
//!
//! image-spec, config.md, property `history`. It may be missing, and in images of broken tools it
//! has another number of steps than the image has layers; nothing is made up for either.

use crate::edit::time::Time;
use crate::edit::tree::{Order, Tree};

/// What tools write into `comment` to say who made a step.
const COMMENT: &str = "drydock";

const HISTORY: Order = Order::By(&["created", "created_by", "author", "comment", "empty_layer"]);

/// The history of an image.
#[derive(Clone, Debug)]
pub(super) enum Steps {
    /// It names a step for every layer.
    Aligned(Vec<Tree>),
    /// There is none.
    Missing,
    /// It names another number of layers than there are.
    Odd(Vec<Tree>),
}

/// Whether a step could be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    /// There is no history that it would belong to.
    Missing,
    /// It was written, but the history does not fit the layers.
    Odd,
}

impl Steps {
    pub(super) fn read(config: &Tree, layers: usize) -> Self {
        let steps = config.get("history").map(Tree::items).unwrap_or_default();
        if steps.is_empty() && layers > 0 {
            return Self::Missing;
        }
        let made = steps.iter().filter(|step| makes_layer(step)).count();
        if made == layers { Self::Aligned(steps.to_vec()) } else { Self::Odd(steps.to_vec()) }
    }

    /// What is written into the config; `None` for no history at all.
    pub(super) fn write(&self) -> Option<Tree> {
        match self {
            Self::Missing => None,
            Self::Aligned(steps) | Self::Odd(steps) => {
                (!steps.is_empty()).then(|| Tree::List(steps.clone()))
            }
        }
    }

    /// Adds a step at the end: one that made a layer, which has just been added, or one that made
    /// none.
    pub(super) fn push(&mut self, step: Tree) -> Written {
        match self {
            Self::Aligned(steps) => {
                steps.push(step);
                Written::Yes
            }
            Self::Missing => Written::Missing,
            Self::Odd(steps) => {
                steps.push(step);
                Written::Odd
            }
        }
    }

    /// Takes the step of a layer away, counted from 0.
    pub(super) fn remove(&mut self, layer: usize) -> Written {
        match self {
            Self::Aligned(steps) => {
                if let Some(at) = place(steps, layer) {
                    steps.remove(at);
                }
                Written::Yes
            }
            Self::Missing => Written::Missing,
            Self::Odd(_) => Written::Odd,
        }
    }

    /// Lets the steps of several layers, counted from 0, make none, and puts one behind them that
    /// makes the layer which they have become.
    pub(super) fn squash(
        &mut self,
        layers: std::ops::RangeInclusive<usize>,
        step: Tree,
    ) -> Written {
        match self {
            Self::Aligned(steps) => {
                let places: Vec<usize> = layers.filter_map(|layer| place(steps, layer)).collect();
                for at in &places {
                    if let Some(step) = steps.get_mut(*at) {
                        step.set("empty_layer", Tree::Leaf("true".into()), HISTORY);
                    }
                }
                let at = places.last().map_or(steps.len(), |last| last + 1);
                steps.insert(at.min(steps.len()), step);
                Written::Yes
            }
            Self::Missing => Written::Missing,
            Self::Odd(_) => Written::Odd,
        }
    }

    /// Lets all steps make no layer, and puts one behind them that makes the only layer. This is
    /// right for any history, as there is nothing left to be mistaken about.
    pub(super) fn squash_all(&mut self, step: Tree) {
        for step in self.all_mut() {
            if makes_layer(step) {
                step.set("empty_layer", Tree::Leaf("true".into()), HISTORY);
            }
        }
        let steps = match std::mem::replace(self, Self::Missing) {
            Self::Missing => Vec::new(),
            Self::Aligned(steps) | Self::Odd(steps) => steps,
        };
        *self = Self::Aligned(steps.into_iter().chain([step]).collect());
    }

    /// Layers, counted from 0, whose step was made by a command with this text in it; `None` when
    /// the history does not say whose step is which.
    pub(super) fn made_by(&self, text: &str) -> Option<Vec<usize>> {
        let Self::Aligned(steps) = self else { return None };
        let makers = steps.iter().filter(|step| makes_layer(step)).enumerate();
        let made = makers.filter(|(_, step)| {
            step.text("created_by").is_some_and(|command| command.contains(text))
        });
        Some(made.map(|(layer, _)| layer).collect())
    }

    /// All steps, to be changed; their number and which of them made layers must stay.
    pub(super) fn all_mut(&mut self) -> &mut [Tree] {
        match self {
            Self::Missing => &mut [],
            Self::Aligned(steps) | Self::Odd(steps) => steps,
        }
    }

    /// The steps of the layers behind the first `below` ones. `base` is the number of steps that
    /// the image has in common with its base, where that is known: steps of the base that made no
    /// layer can't be told from those of the image otherwise.
    pub(super) fn above(&self, below: usize, base: Option<usize>) -> Option<Vec<Tree>> {
        let Self::Aligned(steps) = self else { return None };
        let layers =
            |count: usize| steps.iter().take(count).filter(|step| makes_layer(step)).count();
        let known = base.filter(|count| *count <= steps.len() && layers(*count) == below);
        let first = known.or_else(|| match below.checked_sub(1) {
            None => Some(0),
            Some(last) => place(steps, last).map(|at| at + 1),
        })?;
        Some(steps.get(first..)?.to_vec())
    }

    /// All steps, when there is one for every layer.
    pub(super) fn aligned(&self) -> Option<&[Tree]> {
        match self {
            Self::Aligned(steps) => Some(steps),
            Self::Missing | Self::Odd(_) => None,
        }
    }
}

/// A new step.
pub(super) fn step(time: Time, created_by: &str, makes_layer: bool) -> Tree {
    let mut step = Tree::object();
    step.set("created", time.to_string().as_str().into(), HISTORY);
    step.set("created_by", created_by.into(), HISTORY);
    step.set("comment", COMMENT.into(), HISTORY);
    if !makes_layer {
        step.set("empty_layer", Tree::Leaf("true".into()), HISTORY);
    }
    step
}

/// A step for a layer of which nothing is known but its diff ID.
pub(super) fn unknown(diff_id: &str) -> Tree {
    let mut step = Tree::object();
    let text = format!("layer {diff_id}, of which there was no history");
    step.set("created_by", text.as_str().into(), HISTORY);
    step.set("comment", COMMENT.into(), HISTORY);
    step
}

/// The place of the step that made a layer, counted from 0.
fn place(steps: &[Tree], layer: usize) -> Option<usize> {
    let mut makers = steps.iter().enumerate().filter(|(_, step)| makes_layer(step));
    makers.nth(layer).map(|(at, _)| at)
}

fn makes_layer(step: &Tree) -> bool {
    !matches!(step.get("empty_layer"), Some(Tree::Leaf(source)) if &**source == "true")
}
