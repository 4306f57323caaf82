//! Which files of the merged tree are the largest?

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::sized::{SizedPath, sized};
use crate::layer::{NodeId, Overlay};

/// Most rows.
const ROWS: usize = 200;

/// The largest first; of equal ones that which comes first in the order of paths.
pub(super) fn files(overlay: &Overlay) -> Vec<SizedPath> {
    // The smallest of those that are kept is on top.
    let mut kept: BinaryHeap<Reverse<(u64, Reverse<usize>, NodeId)>> = BinaryHeap::new();
    for (at, id) in overlay.walk().enumerate() {
        let size = overlay.node(id).map_or(0, |node| node.size);
        if size == 0 {
            continue;
        }
        kept.push(Reverse((size, Reverse(at), id)));
        if kept.len() > ROWS {
            kept.pop();
        }
    }
    let sorted = kept.into_sorted_vec().into_iter();
    let rows = sorted.filter_map(|Reverse((size, _, id))| {
        let layer = overlay.node(id)?.content?.layer;
        Some(sized(overlay, id, size, layer))
    });
    rows.collect()
}
