//! What does an image say that it was made from?

use std::collections::BTreeMap;

use serde_json::Value;

use crate::digest::Digest;
use crate::edit::annotations::{BASE_DIGEST, BASE_NAME};
use crate::edit::image::Image;
use crate::reference::Reference;

/// References that a rebase can begin with, as the image names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    /// What the image was made from, by digest.
    pub old: Option<Reference>,
    /// The same by name, which may stand for something newer.
    pub new: Option<Reference>,
}

impl Bases {
    /// Reads `org.opencontainers.image.base.name` and `….base.digest` wherever builders put them:
    /// in the annotations of the root, of the entries of an index and of the images, and in the
    /// labels of their configs.
    #[must_use]
    pub fn of(image: &Image) -> Self {
        let map = |value: Option<&Value>| -> Map {
            let map = value.and_then(Value::as_object).into_iter().flatten();
            let texts =
                map.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())));
            texts.collect()
        };
        let root = image.document().value();
        let entries = root.get("manifests").and_then(Value::as_array).into_iter().flatten();
        let images = image.images();
        let images = images.iter().map(|(_, image)| *image);
        let maps = std::iter::once(map(root.get("annotations")))
            .chain(images.clone().map(|it| map(it.document().value().get("annotations"))))
            .chain(entries.map(|entry| map(entry.get("annotations"))))
            .chain(images.map(|it| {
                map(it.config().and_then(|config| config.value().pointer("/config/Labels")))
            }));
        Self::named(&maps.collect::<Vec<_>>())
    }

    /// The same of annotations and labels, the most telling first. Name and digest that stand
    /// together count before those that don't.
    #[must_use]
    pub fn named(maps: &[Map]) -> Self {
        let digest = |map: &Map| Digest::parse(map.get(BASE_DIGEST)?).ok();
        let both = maps.iter().find_map(|map| Some((name(map)?, digest(map)?)));
        let found = both.as_ref().map(|(name, _)| name.clone());
        let found = found.or_else(|| maps.iter().find_map(name));
        let digest = both.map(|(_, digest)| digest).or_else(|| maps.iter().find_map(digest));
        let old = found.as_ref().and_then(|name| match digest {
            Some(digest) => Some(name.pinned(&digest)),
            None => name.digest.is_some().then(|| name.clone()),
        });
        Self { old, new: found }
    }
}

/// Annotations or labels.
type Map = BTreeMap<String, String>;

fn name(map: &Map) -> Option<Reference> {
    Reference::parse(map.get(BASE_NAME)?).ok()
}
