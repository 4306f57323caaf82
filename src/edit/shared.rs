//! What all edits of a draft have in common.

use std::collections::BTreeMap;

use crate::edit::apply::Context;
use crate::edit::draft::{Draft, Pinned};
use crate::edit::image::Image;
use crate::edit::recipe::{Recipe, RecipeId};
use crate::edit::time::Time;
use crate::finding::Finding;

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
