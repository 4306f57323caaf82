//! Why is an image as large as it is, and which step would make it smaller?
//!
//! All sizes are those of files unpacked, holes counted. A file of a layer is *wasted* when no path of
//! the merged tree has it: it was removed, or its path was written again. A file that another name still
//! has (a hardlink) is not.

mod dive;
mod duplicates;
mod folders;
mod largest;
mod layers;
mod sized;
mod waste;
mod wasted;

use serde::{Deserialize, Serialize};

pub use self::dive::Score;
pub use self::duplicates::Duplicate;
pub use self::folders::Folder;
pub use self::layers::LayerSpace;
pub use self::sized::SizedPath;
pub(super) use self::sized::sized;
pub use self::waste::{How, Waste};
use crate::layer::Overlay;

/// Where the bytes of an image are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Space {
    /// Bytes of all files of all layers.
    pub bytes: u64,
    /// Bytes of the files that the merged tree does not have.
    pub wasted_bytes: u64,
    /// The share of `bytes` that is not wasted, from 0 to 1; 1 where there are none.
    pub efficiency: f64,
    /// Each layer, the base first.
    pub layers: Vec<LayerSpace>,
    /// What is wasted, by the layers that have it and that take it away; most bytes first.
    pub waste: Vec<Waste>,
    /// All bytes by folder; most bytes first.
    pub folders: Vec<Folder>,
    /// The largest files of the merged tree, at most 200.
    pub largest: Vec<SizedPath>,
    /// Files of one content at several paths of the merged tree, most bytes too many first, at most
    /// 200.
    pub duplicates: Vec<Duplicate>,
    /// Bytes that all duplicates have too many, also those that are not listed.
    pub duplicate_bytes: u64,
    /// Whether it was looked for the same content at several places: the layers were read with a digest
    /// of each file. Else not all duplicates are known, nor whether what was replaced was the same.
    pub compared: bool,
    /// What dive says of the image.
    pub dive: Score,
}

impl Space {
    /// Weighs the layers of a tree.
    #[must_use]
    pub fn of(overlay: &Overlay) -> Self {
        let mut layers: Vec<LayerSpace> =
            overlay.layers().iter().map(|layer| LayerSpace::of(layer)).collect();
        let waste = wasted::all(overlay, &mut layers);
        let sum = |one: fn(&LayerSpace) -> u64| {
            layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(one(layer)))
        };
        let (bytes, wasted_bytes) = (sum(|layer| layer.bytes), sum(|layer| layer.wasted_bytes));
        let (duplicates, duplicate_bytes) = duplicates::all(overlay);
        Self {
            bytes,
            wasted_bytes,
            efficiency: match bytes {
                0 => 1.0,
                bytes => 1.0 - wasted_bytes as f64 / bytes as f64,
            },
            waste,
            folders: folders::parts(overlay),
            largest: largest::files(overlay),
            duplicates,
            duplicate_bytes,
            compared: overlay.layers().iter().all(|layer| layer.has_file_digests()),
            dive: Score::of(overlay.layers()),
            layers,
        }
    }

    /// The wasted share of what lies above the base layer, as a share of that; `None` where that is
    /// nothing.
    #[must_use]
    pub fn wasted_share(&self) -> Option<f64> {
        let above = self.layers.iter().skip(1);
        let above = above.fold(0_u64, |sum, layer| sum.saturating_add(layer.bytes));
        (above > 0).then(|| self.wasted_bytes as f64 / above as f64)
    }
}
