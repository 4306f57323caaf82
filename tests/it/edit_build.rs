//! Layers that are made of other layers and of files, as their recipes say.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use drydock::digest::{DiffId, Digest};
use drydock::edit::{Input, Made, Packing, Recipe, TimeRule, build};
use drydock::layer::write::{
    Inline, MakeError, Materials, Method, Rewrite, TarPlan, assemble, rewrite, unplaced,
};
use drydock::layer::{Index, TarStream};

use crate::layer_support::*;
use crate::write_support::{self, Chunks, Files, InMemory, now};

fn input(layer: &[u8]) -> Input {
    let digest = Digest::sha256(layer);
    Input::Blob { diff_id: DiffId(digest.clone()), digest, size: layer.len() as u64 }
}

/// What comes of a recipe with these layers and files, whatever its inputs are called.
fn made(
    recipe: &Recipe,
    layers: &[Vec<u8>],
    files: &[&[u8]],
    chunk: usize,
) -> (Result<Made, MakeError>, Vec<u8>) {
    let indexes: Vec<Arc<Index>> =
        layers.iter().map(|layer| Arc::new(read(layer).index.expect("an index"))).collect();
    let files: HashMap<Digest, Bytes> =
        files.iter().map(|file| (Digest::sha256(file), Bytes::copy_from_slice(file))).collect();
    let layers = layers.iter().map(|layer| Bytes::copy_from_slice(layer)).collect();
    let materials = InMemory { layers, files, chunk };
    let mut blob = write_support::Made::default();
    let made = now(build(recipe, &indexes, &materials, &mut Inline::default(), &mut blob));
    (made, blob.0)
}

fn given(file: &[u8], packing: Packing, windows: bool) -> Recipe {
    let (digest, size) = (Digest::sha256(file), file.len() as u64);
    Recipe::Given { digest, size, packing, windows }
}

#[test]
fn a_file_that_is_a_layer_stays_as_it_is() {
    let layer = tar(&[file("a", "1")]);
    let (stays, blob) = made(&given(&layer, Packing::None, false), &[], &[&layer], 7);
    let stays = stays.expect("a layer");
    assert!(stays.is_supplied && blob.is_empty());
    assert_eq!(stays.layer.digest, Digest::sha256(&layer));
    let (packed, blob) = made(&given(&layer, Packing::default(), false), &[], &[&layer], 7);
    let packed = packed.expect("a layer");
    assert!(!packed.is_supplied);
    assert_eq!(packed.layer.digest, Digest::sha256(&blob));
    assert_eq!(packed.layer.diff_id, DiffId(Digest::sha256(&layer)));
}

#[test]
fn a_file_that_is_no_layer_is_refused_with_why() {
    let text = b"not a tar at all".repeat(100);
    for windows in [false, true] {
        let (refused, _) = made(&given(&text, Packing::default(), windows), &[], &[&text], 64);
        let why = refused.expect_err("no layer").to_string();
        assert!(why.starts_with("This file is no layer. "), "{why}");
        assert!(why.len() > "This file is no layer. ".len(), "{why}");
    }
}

#[test]
fn paths_that_no_layer_has_are_named_and_what_changes_is_told() {
    let layer = tar(&[file("a", "1"), file("b", "2")]);
    let paths = ["b", "c"].map(str::to_owned).to_vec();
    let strip = Recipe::Strip { layer: input(&layer), paths, packing: Packing::None };
    let (stripped, blob) = made(&strip, std::slice::from_ref(&layer), &[], 100);
    let stripped = stripped.expect("a layer");
    assert_eq!(stripped.absent, ["c"]);
    assert_eq!(blob, tar(&[file("a", "1")]));
    // Nothing to take out: the tar itself.
    let paths = vec!["c".to_owned()];
    let strip = Recipe::Strip { layer: input(&layer), paths, packing: Packing::None };
    let (stays, blob) = made(&strip, std::slice::from_ref(&layer), &[], 100);
    assert_eq!((stays.expect("a layer").absent, blob), (vec!["c".to_owned()], layer));
}

#[test]
fn a_level_that_gzip_has_not_is_refused() {
    let layer = tar(&[file("a", "1")]);
    let packing = Packing::Gzip { level: 11 };
    let (refused, blob) =
        made(&Recipe::Recompress { layer: input(&layer), packing }, &[layer], &[], 100);
    assert!(matches!(refused, Err(MakeError::Level(_))), "{refused:?}");
    assert!(blob.is_empty());
}

#[test]
fn a_recipe_whose_layers_or_files_are_not_there_says_so() {
    let layer = tar(&[file("a", "1")]);
    let packing = Packing::None;
    let rule = TimeRule::Clamp("2024-05-01T12:00:00Z".parse().expect("a time"));
    let recipes = [
        Recipe::Recompress { layer: input(&layer), packing },
        Recipe::Times { layer: input(&layer), rule, packing },
        given(&layer, packing, false),
        given(&layer, packing, true),
    ];
    for recipe in recipes {
        let (refused, _) = made(&recipe, &[], &[], 100);
        assert_eq!(refused, Err(MakeError::Missing), "{recipe:?}");
    }
}

/// The index was made of one layer, and another one comes: nothing else becomes a part of a layer.
#[test]
fn other_layers_and_files_than_were_named_are_noticed() {
    let listed = tar(&[file("a", "one"), file("b", "two"), file("c", "three")]);
    let index = Arc::new(read(&listed).index.expect("an index"));
    let strip = vec![b"b".to_vec()];
    let plan = rewrite(&index, &Rewrite { strip, ..Default::default() }).plan;
    let run = |plan: &TarPlan, layer: &[u8], files: HashMap<Digest, Bytes>| {
        let materials = Other { wanted: listed.clone(), came: layer.to_vec(), files };
        let mut blob = write_support::Made::default();
        let method = Method::None;
        now(assemble(plan, &materials, method, &mut Inline::default(), &mut blob)).map(drop)
    };
    assert_eq!(run(&plan, &listed, HashMap::new()), Ok(()));
    let mut other = listed.clone();
    other[512] ^= 1;
    assert!(matches!(run(&plan, &other, HashMap::new()), Err(MakeError::OtherLayer { .. })));
    assert_eq!(run(&plan, &listed[..600], HashMap::new()), Err(MakeError::Short));

    let mut files = Files::default();
    let entry = files.add("etc/motd", b"hello");
    let plan = unplaced(&[entry], false).expect("entries").plan;
    let digest = Digest::sha256(b"hello");
    for (came, is_it) in [("hello", true), ("HELLO", false), ("hell", false), ("hello!", false)] {
        let files = HashMap::from([(digest.clone(), Bytes::from(came))]);
        let expected = if is_it { Ok(()) } else { Err(MakeError::OtherFile(digest.clone())) };
        assert_eq!(run(&plan, &listed, files), expected, "{came}");
    }
}

/// A layer as it was asked for, and what comes in its place.
struct Other {
    wanted: Vec<u8>,
    came: Vec<u8>,
    files: HashMap<Digest, Bytes>,
}

impl Materials for Other {
    type Error = MakeError;
    type Layer = TarStream<Chunks>;
    type File = Chunks;

    async fn layer(&self, _: usize) -> Result<Self::Layer, MakeError> {
        let chunks = Chunks::of(&self.came.clone().into(), 100);
        let digest = Digest::sha256(&self.wanted);
        Ok(TarStream::new(chunks, &digest, self.wanted.len() as u64))
    }

    async fn file(&self, digest: &Digest) -> Result<Self::File, MakeError> {
        Ok(Chunks::of(&self.files[digest], 2))
    }

    async fn supplied(&self, _: &Digest) -> Result<Self::Layer, MakeError> {
        Err(MakeError::Missing)
    }
}
