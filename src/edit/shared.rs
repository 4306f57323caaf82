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
    /// Place of the edit that is being done.
    pub(super) edit: usize,
    /// The recipe of the layer that an edit adds, for Windows and for everything else: it is the
    /// same for many images.
    added: BTreeMap<(usize, bool), RecipeId>,
    /// Number of layers that edits have taken away.
    pub(super) removed: usize,
}

impl<'a> Shared<'a> {
    pub(super) fn new(draft: &'a Draft, context: &'a Context<'a>, time: Time) -> Self {
        let (recipes, added, findings) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { draft, context, time, recipes, findings, edit: 0, added, removed: 0 }
    }

    /// The recipe of the layer that the edit adds, made once.
    pub(super) fn added(&mut self, windows: bool, make: impl FnOnce() -> Recipe) -> RecipeId {
        if let Some(id) = self.added.get(&(self.edit, windows)) {
            return id.clone();
        }
        let id = self.recipe(make());
        self.added.insert((self.edit, windows), id.clone());
        id
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
