//! What all edits of a draft have in common.

use std::collections::BTreeMap;

use crate::edit::draft::Draft;
use crate::edit::image::Image;
use crate::edit::pinned::Pinned;
use crate::edit::recipe::{Recipe, RecipeId};
use crate::edit::time::Time;
use crate::finding::Finding;
use crate::layer::write::BuiltLayer;

/// What edits need beside the image and the draft.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// What came of the recipes that have been built.
    pub built: &'a BTreeMap<RecipeId, BuiltLayer>,
    /// The time that new steps of the history and new artifacts bear, unless the draft has one.
    pub now: Time,
    /// Other images and indexes that edits of the draft name: bases, and children of an index.
    pub bases: &'a [Image],
}

/// What all edits use.
pub(super) struct Shared<'a> {
    pub(super) draft: &'a Draft,
    pub(super) context: &'a Context<'a>,
    pub(super) time: Time,
    pub(super) recipes: BTreeMap<RecipeId, Recipe>,
    pub(super) findings: Vec<Finding>,
    /// Number of layers that edits have taken away.
    pub(super) removed: usize,
}

impl<'a> Shared<'a> {
    pub(super) fn new(draft: &'a Draft, context: &'a Context<'a>, time: Time) -> Self {
        let (recipes, findings) = (BTreeMap::new(), Vec::new());
        Self { draft, context, time, recipes, findings, removed: 0 }
    }

    /// Keeps a finding, once.
    pub(super) fn note(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Keeps a recipe and gives its name.
    pub(super) fn recipe(&mut self, recipe: Recipe) -> RecipeId {
        let id = recipe.id();
        self.recipes.entry(id.clone()).or_insert(recipe);
        id
    }

    /// The documents of a base that was loaded for the draft.
    pub(super) fn base(&self, base: &Pinned) -> Option<&'_ Image> {
        self.context.bases.iter().find(|image| image.digest() == base.digest())
    }
}
