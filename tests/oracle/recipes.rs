//! Builds layers by their recipes, natively and in memory, as the page's workers do onto disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::Digest;
use drydock::edit::{Input, Packing, Recipe, RecipeId, TimeRule};
use drydock::layer::write::{self, BuiltLayer, GivenLayer, LayerWriter, Method, Rewrite, Times};
use drydock::layer::{Index, Overlay};

use crate::images::unpacked;
use crate::layer_support::read;
use crate::write_support::{Files, execute};

/// What there is to build from, and how.
pub(crate) struct Builder {
    /// Layers and supplied files by their digests; layers that are built are added.
    pub(crate) content: BTreeMap<Digest, Bytes>,
    pub(crate) built: BTreeMap<RecipeId, BuiltLayer>,
    /// Bytes that are read and written at once. Must not play a part.
    pub(crate) chunk: usize,
}

impl Builder {
    /// Builds the layer of a recipe, whose inputs are built already.
    pub(crate) fn build(&mut self, id: &RecipeId, recipe: &Recipe) {
        let (layer, blob) = self.made(recipe);
        assert_eq!((layer.digest.clone(), layer.size), (Digest::sha256(&blob), blob.len() as u64));
        assert_eq!(layer.diff_id.0, Digest::sha256(&unpacked(&blob, self.chunk)));
        self.content.insert(layer.digest.clone(), blob.into());
        self.built.insert(id.clone(), layer);
    }

    fn made(&self, recipe: &Recipe) -> (BuiltLayer, Vec<u8>) {
        let method = method(recipe.packing());
        let tars: Vec<Vec<u8>> = recipe.inputs().iter().map(|input| self.tar(input)).collect();
        let slices: Vec<&[u8]> = tars.iter().map(Vec::as_slice).collect();
        let indexes: Vec<Arc<Index>> = tars.iter().map(|tar| index(tar)).collect();
        match recipe {
            Recipe::Given { digest, windows: false, .. } => {
                self.given(&self.content[digest], method)
            }
            Recipe::Given { digest, windows: true, .. } => {
                let tar = unpacked(&self.content[digest], self.chunk);
                let plan = write::windows_layer(&index(&tar)).expect("no Files in it");
                self.packed(&execute(&plan, &[&tar], &Files::default()), method)
            }
            Recipe::Files { entries, windows, onto, .. } => {
                let landed = match onto {
                    Some(_) => write::onto(entries, &Overlay::build(&indexes), *windows),
                    None => write::unplaced(entries, *windows),
                };
                let mut files = Files::default();
                for digest in recipe.files() {
                    files.add("", &self.content[digest]);
                }
                self.packed(&execute(&landed.expect("entries").plan, &slices, &files), method)
            }
            Recipe::Flatten { below, .. } => {
                let lower = Overlay::build(&indexes[..*below]);
                let flat = write::flatten(&lower, &Overlay::build(&indexes));
                self.packed(&execute(&flat.plan, &slices, &Files::default()), method)
            }
            Recipe::Strip { paths, .. } => {
                let strip = paths.iter().map(|path| path.clone().into_bytes()).collect();
                let rewrite = Rewrite { strip, ..Rewrite::default() };
                self.rewritten(&rewrite, &indexes[0], &slices, method)
            }
            Recipe::Times { rule, .. } => {
                let times = Some(match rule {
                    TimeRule::Set(time) => Times::All(time.unix()),
                    TimeRule::Clamp(time) => Times::Clamp(time.unix()),
                });
                let rewrite = Rewrite { times, ..Rewrite::default() };
                self.rewritten(&rewrite, &indexes[0], &slices, method)
            }
            Recipe::Recompress { .. } => self.packed(slices[0], method),
        }
    }

    fn rewritten(
        &self,
        rewrite: &Rewrite,
        index: &Arc<Index>,
        tars: &[&[u8]],
        method: Method,
    ) -> (BuiltLayer, Vec<u8>) {
        let rewritten = write::rewrite(index, rewrite);
        if rewritten.stays() {
            return self.packed(tars[0], method);
        }
        self.packed(&execute(&rewritten.plan, tars, &Files::default()), method)
    }

    fn given(&self, file: &[u8], method: Method) -> (BuiltLayer, Vec<u8>) {
        let mut given = GivenLayer::new("The file", method);
        let mut blob = Vec::new();
        file.chunks(self.chunk).for_each(|chunk| given.push(chunk, &mut blob));
        let summary = given.finish(&mut blob);
        let layer = summary.layer.unwrap_or_else(|| panic!("{:?}", summary.findings));
        (layer, if summary.kept { file.to_vec() } else { blob })
    }

    fn packed(&self, tar: &[u8], method: Method) -> (BuiltLayer, Vec<u8>) {
        let mut writer = LayerWriter::new(method);
        let mut blob = Vec::new();
        tar.chunks(self.chunk).for_each(|chunk| writer.push(chunk, &mut blob));
        let layer = writer.finish(&mut blob);
        (layer, blob)
    }

    fn tar(&self, input: &Input) -> Vec<u8> {
        let (digest, diff_id) = match input {
            Input::Blob { digest, diff_id, .. } => (digest, diff_id),
            Input::Recipe(id) => (&self.built[id].digest, &self.built[id].diff_id),
        };
        let tar = unpacked(&self.content[digest], self.chunk);
        assert_eq!(Digest::sha256(&tar), diff_id.0);
        tar
    }
}

fn index(tar: &[u8]) -> Arc<Index> {
    Arc::new(read(tar).index.expect("an index"))
}

fn method(packing: Packing) -> Method {
    match packing {
        Packing::None => Method::None,
        Packing::Zstd => Method::Zstd,
        Packing::Gzip { level } => Method::Gzip { level: level.try_into().expect("a level") },
    }
}
