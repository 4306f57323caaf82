//! In which folders are the bytes?

use std::collections::{BTreeMap, BinaryHeap};

use serde::{Deserialize, Serialize};

use crate::layer::{Kind, NodeId, Overlay};
use crate::words::text_and_hex;

/// About how many parts there are: one is divided as long as there are fewer.
const PARTS: usize = 32;
/// The least share of all that is a part of its own: one in …
const LEAST: u64 = 60;
/// No node.
const NONE: u32 = u32::MAX;

/// A folder or a large file, with all that is in it but what is a part of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// The path without leading slash, with replacement characters where it is not UTF-8; empty for the
    /// root.
    pub path: String,
    /// The bytes of the path in hex, where it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// Bytes of all files, wasted ones too.
    pub bytes: u64,
    /// Bytes of these that the merged tree does not have.
    pub wasted_bytes: u64,
    /// The layer that has most of them, from 1 at the base.
    pub layer: usize,
    /// Whether others of its children are parts of their own, so that this is the rest.
    pub is_rest: bool,
}

/// The whole tree in parts, the largest first. Together they have all bytes of all layers.
pub(super) fn parts(overlay: &Overlay) -> Vec<Folder> {
    let tree = Weighed::of(overlay);
    let mut parts = tree.divide();
    let shares = tree.layers(&mut parts);
    let folders = parts.into_iter().zip(shares).filter_map(|(part, shares)| {
        let (layer, _) =
            shares.iter().max_by_key(|(layer, bytes)| (**bytes, std::cmp::Reverse(**layer)))?;
        let (path, path_hex) = text_and_hex(&overlay.path(NodeId(part.node)));
        Some(Folder {
            path,
            path_hex,
            bytes: shares.values().fold(0, |sum, bytes| sum.saturating_add(*bytes)),
            wasted_bytes: part.wasted,
            layer: *layer as usize + 1,
            is_rest: part.is_rest,
        })
    });
    let mut folders: Vec<Folder> = folders.collect();
    folders.sort_by(|one, other| other.bytes.cmp(&one.bytes).then(one.path.cmp(&other.path)));
    folders
}

struct Part {
    node: u32,
    is_rest: bool,
    wasted: u64,
}

/// The nodes of a tree, also those that were removed, and the bytes at and below each.
struct Weighed {
    parents: Vec<u32>,
    totals: Vec<u64>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// Node, layer, bytes and whether the merged tree has it, of each file.
    files: Vec<(u32, u32, u64, bool)>,
}

impl Weighed {
    fn of(overlay: &Overlay) -> Self {
        let end = overlay.id_end();
        let parents: Vec<u32> =
            (0..end as u32).map(|node| overlay.parent(NodeId(node)).0).collect();
        let live = overlay.walk().filter_map(|id| {
            let node = overlay.node(id)?;
            Some((id.0, node.content?.layer, node.size, true))
        });
        let hidden = overlay.hidden().iter().filter_map(|hidden| {
            let index = overlay.layers().get(hidden.file.layer as usize)?;
            let entry = index.entry(hidden.file.entry).filter(|entry| entry.kind == Kind::File)?;
            Some((hidden.node.0, hidden.file.layer, entry.size, false))
        });
        let files: Vec<_> = live.chain(hidden).filter(|(_, _, bytes, _)| *bytes > 0).collect();
        let mut totals = vec![0_u64; end];
        for (node, _, bytes, _) in &files {
            totals[*node as usize] = totals[*node as usize].saturating_add(*bytes);
        }
        let (mut first_child, mut next_sibling) = (vec![NONE; end], vec![NONE; end]);
        // What lies in a directory came after it.
        for node in (1..end).rev() {
            let parent = parents[node] as usize;
            totals[parent] = totals[parent].saturating_add(totals[node]);
            next_sibling[node] = first_child[parent];
            first_child[parent] = node as u32;
        }
        Self { parents, totals, first_child, next_sibling, files }
    }

    fn children(&self, node: u32) -> impl Iterator<Item = u32> {
        let first = Some(self.first_child[node as usize]).filter(|child| *child != NONE);
        std::iter::successors(first, |child| {
            Some(self.next_sibling[*child as usize]).filter(|next| *next != NONE)
        })
    }

    /// Divides the largest part again and again.
    fn divide(&self) -> Vec<Part> {
        let whole = self.totals.first().copied().unwrap_or(0);
        let least = (whole / LEAST).max(1);
        let mut done: Vec<Part> = Vec::new();
        let mut open = BinaryHeap::from([(whole, 0_u32)]);
        while let Some((_, node)) = open.pop() {
            let large = self.children(node).filter(|child| self.totals[*child as usize] >= least);
            let large: Vec<u32> = large.collect();
            let is_full = done.len() + open.len() + large.len() > PARTS;
            let is_rest = !large.is_empty() && !is_full;
            done.push(Part { node, is_rest, wasted: 0 });
            if is_rest {
                open.extend(large.into_iter().map(|child| (self.totals[child as usize], child)));
            }
        }
        done
    }

    /// The bytes of each layer in each part; also adds what is wasted up.
    fn layers(&self, parts: &mut [Part]) -> Vec<BTreeMap<u32, u64>> {
        let mut part_of = vec![0_u32; self.parents.len()];
        let own: BTreeMap<u32, u32> =
            (0..).zip(parts.iter()).map(|(at, part)| (part.node, at)).collect();
        for node in 0..self.parents.len() as u32 {
            let above = part_of[self.parents[node as usize] as usize];
            part_of[node as usize] = own.get(&node).copied().unwrap_or(above);
        }
        let mut shares = vec![BTreeMap::new(); parts.len()];
        for (node, layer, bytes, is_live) in &self.files {
            let at = part_of[*node as usize] as usize;
            let share: &mut u64 = shares[at].entry(*layer).or_default();
            *share = share.saturating_add(*bytes);
            if !is_live {
                parts[at].wasted = parts[at].wasted.saturating_add(*bytes);
            }
        }
        shares
    }
}
