//! Which edits pack the layers that are not compressed, as those of docker-save tars are?

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::document::Document;
use crate::edit::action::{Action, LayerEdit, Which};
use crate::edit::draft::Edit;
use crate::edit::recipe::Packing;
use crate::media_type::{Compression, Kind};
use crate::platform::Platform;
use crate::spec::{Index, Manifest};

/// One edit for each manifest that has layers which are not compressed; with it, they are packed
/// with gzip. Manifests come with the platforms that they are for; one without is all that there is.
#[must_use]
pub fn pack_plain<'a>(
    manifests: impl IntoIterator<Item = (Option<Platform>, &'a Document)>,
) -> Vec<Edit> {
    let edits = manifests.into_iter().filter_map(|(platform, document)| {
        let layers = Manifest::read(document, "manifest").0?.layers.into_iter();
        let plain =
            layers.filter(|it| it.descriptor.media_type.kind() == Kind::Layer(Compression::None));
        let plain: Vec<usize> = plain.map(|layer| layer.number).collect();
        if plain.is_empty() {
            return None;
        }
        let layers = Which::These(plain);
        let edit = LayerEdit::Recompress { packing: Packing::default(), layers };
        let action = Action::Layers(edit);
        Some(match platform {
            Some(platform) => Edit::on(vec![platform], action),
            None => Edit::all(action),
        })
    });
    edits.collect()
}

/// As [`pack_plain`], of the manifests and indexes of an image, whose indexes name the platforms.
#[must_use]
pub fn pack_plain_of<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<Edit> {
    let documents: Vec<&Document> = documents.into_iter().collect();
    let is = |document: &&&Document, kind: Kind| document.media_type().kind() == kind;
    let indexes = documents.iter().filter(|it| is(it, Kind::Index));
    let entries = indexes.filter_map(|index| Index::read(index, "index").0);
    let platforms: BTreeMap<Digest, Platform> = entries
        .flat_map(|index| index.manifests)
        .filter_map(|entry| Some((entry.digest, entry.platform?)))
        .collect();
    let manifests = documents.iter().filter(|it| is(it, Kind::Manifest));
    pack_plain(manifests.map(|manifest| (platforms.get(manifest.digest()).cloned(), *manifest)))
}
