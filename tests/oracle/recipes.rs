//! Layers built by their recipes, in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::edit::{Built, Input, Made, Recipe, RecipeId, build};
use drydock::layer::Index;
use drydock::layer::write::Inline;

use crate::images::unpacked;
use crate::layer_support::read;
use crate::write_support::{self, InMemory, now};

/// What there is to build from, and how.
pub(crate) struct Builder {
    /// Layers and supplied files by their digests; layers that are built are added.
    pub(crate) content: BTreeMap<Digest, Bytes>,
    pub(crate) built: Built,
    /// Bytes that are read at once. Must not play a part.
    pub(crate) chunk: usize,
}

impl Builder {
    /// Builds the layer of a recipe, whose inputs are built already.
    pub(crate) fn build(&mut self, id: &RecipeId, recipe: &Recipe) -> Made {
        let layers: Vec<Bytes> = recipe.inputs().iter().map(|input| self.layer(input)).collect();
        let indexes = layers.iter().map(|layer| self.index(layer)).collect::<Vec<_>>();
        let files = recipe.files().map(|file| (file.clone(), self.content[file].clone()));
        let materials = InMemory { layers, files: files.collect(), chunk: self.chunk };
        let mut blob = write_support::Made::default();
        let made = now(build(recipe, &indexes, &materials, &mut Inline::default(), &mut blob))
            .expect("a layer");
        let mut blob = blob.0;
        if let (true, Some(file)) = (made.is_supplied, recipe.files().next()) {
            assert!(blob.is_empty());
            blob = self.content[file].to_vec();
        }
        let layer = &made.layer;
        assert_eq!((layer.digest.clone(), layer.size), (Digest::sha256(&blob), blob.len() as u64));
        assert_eq!(layer.diff_id.0, Digest::sha256(&unpacked(&blob, self.chunk)));
        self.content.insert(layer.digest.clone(), blob.into());
        self.built.insert(id.clone(), layer.clone());
        made
    }

    fn layer(&self, input: &Input) -> Bytes {
        match input {
            Input::Blob { digest, .. } => self.content[digest].clone(),
            Input::Recipe(id) => self.content[&self.built[id].digest].clone(),
        }
    }

    fn index(&self, layer: &Bytes) -> Arc<Index> {
        Arc::new(read(&unpacked(layer, self.chunk)).index.expect("an index"))
    }
}
