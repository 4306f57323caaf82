//! Which package does a path belong to, and which paths belong to none?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::package::Package;
use crate::inspect::space::{SizedPath, sized};
use crate::layer::{Kind, NodeId, Overlay};

/// Most paths without a package that are listed.
const PATHS: usize = 200;

/// What a package says belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owns {
    /// These paths.
    Paths(Vec<NodeId>),
    /// A folder and what is in it, but for what another package has.
    Folder(NodeId),
    /// Nothing of its own: it is a part of a file of another one.
    Nothing,
}

/// The packages of each path.
#[derive(Clone, Debug, Default)]
pub struct Owners {
    /// Node and number of the package, in rising order.
    pairs: Vec<(u32, u32)>,
}

/// Files that belong to no package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unowned {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The largest of them, at most 200.
    pub largest: Vec<SizedPath>,
}

impl Owners {
    /// Finds out what belongs to whom, and tells each package how much that is.
    pub(super) fn of(overlay: &Overlay, packages: &mut [(Package, Owns)]) -> Self {
        let mut pairs = Vec::new();
        let mut folders = BTreeMap::new();
        for (number, (_, owns)) in packages.iter().enumerate() {
            let number = number as u32;
            match owns {
                Owns::Paths(paths) => pairs.extend(paths.iter().map(|node| (node.0, number))),
                Owns::Folder(folder) => {
                    folders.entry(*folder).or_insert(number);
                }
                Owns::Nothing => {}
            }
        }
        if !folders.is_empty() {
            let mut of_folder: BTreeMap<NodeId, u32> = BTreeMap::new();
            for id in overlay.walk() {
                let above = overlay.node(id).and_then(|node| of_folder.get(&node.parent).copied());
                let Some(number) = folders.get(&id).copied().or(above) else { continue };
                pairs.push((id.0, number));
                if overlay.node(id).is_some_and(|node| node.kind == Kind::Directory) {
                    of_folder.insert(id, number);
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let owners = Self { pairs };
        owners.count(overlay, packages);
        owners
    }

    fn count(&self, overlay: &Overlay, packages: &mut [(Package, Owns)]) {
        let mut layers: Vec<BTreeMap<u32, u64>> = vec![BTreeMap::new(); packages.len()];
        let mut bytes = vec![0_u64; packages.len()];
        for (node, number) in &self.pairs {
            let number = *number as usize;
            let (Some((package, _)), Some(node)) =
                (packages.get_mut(number), overlay.node(NodeId(*node)))
            else {
                continue;
            };
            package.files += 1;
            if node.kind == Kind::Directory {
                continue;
            }
            if let (Some(bytes), Some(layers)) = (bytes.get_mut(number), layers.get_mut(number)) {
                *bytes = bytes.saturating_add(node.size);
                *layers.entry(node.layer).or_default() += 1;
            }
        }
        for (((package, _), bytes), layers) in packages.iter_mut().zip(bytes).zip(layers) {
            let most = layers.into_iter().max_by_key(|(layer, files)| (*files, u32::MAX - layer));
            if let Some((layer, _)) = most {
                package.layer = layer as usize + 1;
                package.bytes = bytes;
            }
        }
    }

    /// The packages that a path belongs to, by their numbers in the list.
    pub fn packages(&self, node: NodeId) -> impl Iterator<Item = usize> {
        let from = self.pairs.partition_point(|(of, _)| *of < node.0);
        let pairs = self.pairs.get(from..).unwrap_or_default();
        pairs.iter().take_while(move |(of, _)| *of == node.0).map(|(_, number)| *number as usize)
    }

    /// The paths of a package, by its number in the list.
    pub fn paths(&self, package: usize) -> impl Iterator<Item = NodeId> {
        let pairs = self.pairs.iter().filter(move |(_, number)| *number as usize == package);
        pairs.map(|(node, _)| NodeId(*node))
    }

    /// The files and symlinks that belong to none of the packages.
    #[must_use]
    pub fn unowned(&self, overlay: &Overlay) -> Unowned {
        let mut unowned = Unowned::default();
        let mut largest = Vec::new();
        for id in overlay.walk() {
            let Some(node) = overlay.node(id).filter(|it| it.kind != Kind::Directory) else {
                continue;
            };
            if self.packages(id).next().is_some() {
                continue;
            }
            unowned.files += 1;
            unowned.bytes = unowned.bytes.saturating_add(node.size);
            largest.push((node.size, id, node.layer));
        }
        largest.sort_by_key(|(size, id, _)| (u64::MAX - size, *id));
        let largest = largest.into_iter().take(PATHS);
        unowned.largest =
            largest.map(|(size, id, layer)| sized(overlay, id, size, layer)).collect();
        unowned
    }
}
