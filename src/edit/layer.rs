//! One layer of an image that is being edited.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::descriptor::Descriptor;
use crate::digest::{DiffId, Digest};
use crate::edit::change::Origin;
use crate::edit::editable::{DESCRIPTOR, pending};
use crate::edit::error::Reason;
use crate::edit::family::Family;
use crate::edit::pinned::Pinned;
use crate::edit::recipe::{Input, Recipe, RecipeId};
use crate::edit::tree::Tree;
use crate::layer::write::BuiltLayer;
use crate::media_type::{Compression, Kind, MediaType};
use crate::spec::read_descriptor;

/// Annotations of layer descriptors that speak of the very bytes of the blob. Each is the beginning
/// of a name.
const OF_THE_BYTES: [&str; 7] = [
    "com.amazon.soci.",
    "containerd.io/snapshot/nydus-",
    "containerd.io/snapshot/stargz/",
    "containerd.io/uncompressed",
    "io.containers.estargz.",
    "io.containers.zstd-chunked.",
    "io.github.containers.zstd-chunked.",
];

/// A layer.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// Its descriptor. That of a layer which is to be built is what stays of the one before.
    pub(super) descriptor: Tree,
    /// Its diff ID as it stands in the config; `None` for one that is not known before the layer is
    /// built.
    pub(super) diff_id: Option<Tree>,
    pub(super) made: Made,
}

/// How a layer comes into the image.
#[derive(Clone, Debug)]
pub(super) enum Made {
    /// It was there.
    Kept,
    /// It is a layer of another base.
    Base(Pinned),
    /// It is built.
    Recipe {
        id: RecipeId,
        /// The layer that stays if what is built has the same files in the same tar.
        unless_same: Option<Arc<Layer>>,
    },
}

/// What is known of a layer in the end.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) descriptor: Tree,
    pub(super) diff_id: Tree,
    pub(super) origin: Origin,
    pub(super) compression: Option<Compression>,
}

impl Layer {
    /// A layer that is built from nothing that was in the image.
    pub(super) fn new(id: RecipeId) -> Self {
        let made = Made::Recipe { id, unless_same: None };
        Self { descriptor: Tree::object(), diff_id: None, made }
    }

    /// A layer that is built in the place of this one. `same_tar` says that only the packing
    /// changes; `unless_same` that this one stays if nothing else does.
    pub(super) fn rebuilt(&self, id: RecipeId, same_tar: bool, unless_same: bool) -> Self {
        let mut descriptor = self.descriptor.clone();
        for name in ["mediaType", "digest", "size", "urls", "data"] {
            descriptor.remove(name);
        }
        let annotations = descriptor.get("annotations").into_iter().flat_map(Tree::fields);
        let stale: Vec<String> = annotations
            .map(|(name, _)| name.into_owned())
            .filter(|name| OF_THE_BYTES.iter().any(|prefix| name.starts_with(prefix)))
            .collect();
        for name in stale {
            descriptor.set_in_map("annotations", DESCRIPTOR, &name, None);
        }
        let unless_same = unless_same.then(|| Arc::new(self.clone()));
        let made = Made::Recipe { id, unless_same };
        Self { descriptor, diff_id: self.diff_id.clone().filter(|_| same_tar), made }
    }

    /// The layer as a recipe takes it. `number` is its place, counted from 1.
    pub(super) fn input(&self, number: usize) -> Result<Input, Reason> {
        if let Made::Recipe { id, .. } = &self.made {
            return Ok(Input::Recipe(id.clone()));
        }
        let Some((descriptor, diff_id)) = self.descriptor().zip(self.diff_id()) else {
            return Err(Reason::LayerFacts(number));
        };
        match descriptor.media_type.kind() {
            Kind::Layer(_) => {
                Ok(Input::Blob { digest: descriptor.digest, size: descriptor.size, diff_id })
            }
            _ => Err(Reason::LayerType { layer: number, media_type: descriptor.media_type }),
        }
    }

    /// The descriptor, when it can be read.
    pub(super) fn descriptor(&self) -> Option<Descriptor> {
        read_descriptor(&self.descriptor.to_value(), "layer").0
    }

    pub(super) fn diff_id(&self) -> Option<DiffId> {
        let text = self.diff_id.as_ref()?.as_text()?;
        Digest::parse(&text).ok().map(DiffId)
    }

    pub(super) fn media_type(&self) -> Option<MediaType> {
        self.descriptor.text("mediaType").map(|text| MediaType::new(&text))
    }

    /// How it is compressed, as far as is known.
    pub(super) fn compression(&self, recipes: &BTreeMap<RecipeId, Recipe>) -> Option<Compression> {
        if let Made::Recipe { id, .. } = &self.made {
            return recipes.get(id)?.compression();
        }
        match self.media_type()?.kind() {
            Kind::Layer(compression) => Some(compression),
            _ => None,
        }
    }

    /// The name that the layer and its tar have while it is still to be built.
    pub(super) fn pending_name(&self) -> Option<Digest> {
        match &self.made {
            Made::Recipe { id, .. } => Some(pending(&id.0)),
            Made::Kept | Made::Base(_) => None,
        }
    }

    /// Finds out what became of the layer in an image of this family.
    pub(super) fn settle(
        &self,
        family: Family,
        recipes: &BTreeMap<RecipeId, Recipe>,
        built: &BTreeMap<RecipeId, BuiltLayer>,
    ) -> Result<Settled, Reason> {
        let (id, unless_same) = match &self.made {
            Made::Kept => return Ok(self.existing(Origin::Kept)),
            Made::Base(base) => return Ok(self.existing(Origin::Other(base.clone()))),
            Made::Recipe { id, unless_same } => (id, unless_same),
        };
        let origin = Origin::Recipe(id.clone());
        let mut descriptor = self.descriptor.clone();
        let mut set = |name, value: Tree| descriptor.set(name, value, DESCRIPTOR);
        let Some(done) = built.get(id) else {
            let compression = recipes.get(id).and_then(Recipe::compression);
            let digest = pending(&id.0);
            set(
                "mediaType",
                family.layer(compression.unwrap_or(Compression::Gzip), false)[..].into(),
            );
            set("digest", digest.as_str().into());
            set("size", Tree::from(0));
            let diff_id = self.diff_id.clone().unwrap_or_else(|| digest.as_str().into());
            return Ok(Settled { descriptor, diff_id, origin, compression });
        };
        let diff_id = Tree::from(done.diff_id.0.as_str());
        if let Some(same) = unless_same {
            let before = same.settle(family, recipes, built)?;
            if before.diff_id == diff_id {
                return Ok(before);
            }
        }
        if let Some(expected) = self.diff_id.as_ref().filter(|expected| **expected != diff_id) {
            return Err(Reason::Built {
                recipe: id.clone(),
                expected: expected.as_text().unwrap_or_default().into_owned(),
                actual: done.diff_id.to_string(),
            });
        }
        set("mediaType", family.layer(done.compression, false)[..].into());
        set("digest", done.digest.as_str().into());
        set("size", Tree::from(done.size));
        Ok(Settled { descriptor, diff_id, origin, compression: Some(done.compression) })
    }

    fn existing(&self, origin: Origin) -> Settled {
        Settled {
            descriptor: self.descriptor.clone(),
            diff_id: self.diff_id.clone().unwrap_or_else(Tree::null),
            origin,
            compression: self.compression(&BTreeMap::new()),
        }
    }
}
