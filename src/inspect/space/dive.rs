//! What does dive say of an image?
//!
//! People compare with its numbers and gate pipelines by them, so they are computed as it does, with
//! what is odd about them:
//! - all copies of a path that is there more than once count as wasted, also the one that stays;
//! - a directory that is removed counts for and against, so that nothing is wasted by it;
//! - opaque whiteouts do nothing;
//! - a whiteout of what is not there ends the count of its layer, and its path has a byte less than none;
//! - paths are the names in the tar: no symlink is followed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::layer::{Index, Kind, Names, clean, path_of};

/// dive's figures (`dive --json`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// `efficiencyScore`: 1 when nothing is wasted. A whiteout of nothing counts as a byte less than
    /// none, so it may be a little below 0.
    pub efficiency: f64,
    /// `inefficientBytes`.
    pub wasted_bytes: u64,
    /// The share of wasted bytes in those of all layers but the base, which dive's rule
    /// `highestUserWastedPercent` is about; `None` where these layers have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wasted_user_share: Option<f64>,
}

const WHITEOUT: &[u8] = b".wh.";
const IGNORED: &[u8] = b".wh..wh.";

/// One path, in all layers.
#[derive(Clone, Default)]
struct Path {
    cumulative: u64,
    least: Option<u64>,
    times: u64,
    /// Whether a whiteout was for it when it was not there.
    dangles: bool,
    /// In the layer that is counted: its number + 1, when the path or something below it is there.
    layer: u32,
    /// Likewise, when something below it is there.
    parent_in: u32,
    /// Size there, and whether an entry says that it is a directory.
    size: u64,
    is_directory: bool,
    /// In the layers below on top of each other.
    below: Option<Below>,
    /// What is below it there; some may have gone.
    children: Vec<u32>,
    /// Whether its directory names it among its children.
    is_linked: bool,
}

#[derive(Clone, Copy, Default)]
struct Below {
    size: u64,
    is_directory: bool,
}

struct Count<'a> {
    names: Names,
    paths: Vec<Path>,
    layers: &'a [Arc<Index>],
}

impl Score {
    /// Of layers, the base first.
    #[must_use]
    pub fn of(layers: &[Arc<Index>]) -> Self {
        let key = Names::key(layers.iter().flat_map(|layer| layer.name_bytes()));
        let names = Names::new(key, layers.iter().map(|layer| layer.len()).max().unwrap_or(0));
        let mut count = Count { names, paths: vec![Path::default()], layers };
        let mut user_bytes = 0_u64;
        for (at, layer) in layers.iter().enumerate() {
            count.layer(at as u32);
            if at > 0 {
                let files = layer.entries().filter(|entry| entry.kind == Kind::File);
                user_bytes = files.fold(user_bytes, |sum, entry| sum.saturating_add(entry.size));
            }
        }
        let (mut least, mut cumulative, mut wasted_bytes) = (0_i128, 0_u64, 0_u64);
        for path in &count.paths {
            let none = if path.dangles { -1 } else { 0 };
            least += path.least.map_or(none, i128::from);
            cumulative = cumulative.saturating_add(path.cumulative);
            if path.times > 1 {
                wasted_bytes = wasted_bytes.saturating_add(path.cumulative);
            }
        }
        Self {
            efficiency: match cumulative {
                0 => 1.0,
                cumulative => least as f64 / cumulative as f64,
            },
            wasted_bytes,
            wasted_user_share: (user_bytes > 0).then(|| wasted_bytes as f64 / user_bytes as f64),
        }
    }
}

impl Count<'_> {
    fn layer(&mut self, layer: u32) {
        let touched = self.enter(layer);
        let mut leaves: Vec<u32> = touched.clone();
        leaves.retain(|node| self.path(*node).parent_in != layer + 1);
        // The order of names decides what is counted before the count ends, which is seldom.
        if leaves.iter().any(|node| self.is_dangling(*node)) {
            let place = |node: &u32| {
                let path = path_of(self.names.parents(), &self.names, *node);
                path.into_iter().map(|byte| if byte == b'/' { 0 } else { byte }).collect::<Vec<_>>()
            };
            leaves.sort_by_cached_key(place);
            if let Some(end) = leaves.iter().position(|node| self.is_dangling(*node)) {
                self.dangle(leaves[end]);
                leaves.truncate(end);
            }
        }
        for node in leaves {
            let (node, size) = match self.whiteout(node) {
                Some(hidden) => (hidden, self.removed(hidden)),
                None => (node, self.path(node).size),
            };
            let path = self.path_mut(node);
            path.cumulative = path.cumulative.saturating_add(size);
            path.least = Some(path.least.map_or(size, |least| least.min(size)));
            path.times += 1;
        }
        self.stack(&touched);
    }

    /// Takes the entries of a layer in; gives the paths that have some at or below them.
    fn enter(&mut self, layer: u32) -> Vec<u32> {
        let mut touched = Vec::new();
        let Some(index) = self.layers.get(layer as usize) else { return touched };
        for entry in index.entries() {
            let name = entry.name();
            let parts = clean(&name);
            if parts.is_empty() || parts.iter().any(|part| part.starts_with(IGNORED)) {
                continue;
            }
            let mut at = 0;
            for part in parts {
                let Some(next) = self.child(at, part) else { return touched };
                self.path_mut(at).parent_in = layer + 1;
                at = next;
                let path = self.path_mut(at);
                if path.layer != layer + 1 {
                    (path.layer, path.size, path.is_directory) = (layer + 1, 0, false);
                    touched.push(at);
                }
            }
            let path = self.path_mut(at);
            (path.size, path.is_directory) = (entry.size, entry.kind == Kind::Directory);
        }
        touched
    }

    /// Puts the layer on those below.
    fn stack(&mut self, touched: &[u32]) {
        for node in touched {
            if let Some(hidden) = self.whiteout(*node) {
                self.remove(hidden);
            }
        }
        for node in touched {
            if self.names.get(*node).starts_with(WHITEOUT) {
                continue;
            }
            let path = self.path_mut(*node);
            path.below = Some(Below { size: path.size, is_directory: path.is_directory });
            if !std::mem::replace(&mut path.is_linked, true) {
                let parent = self.parent(*node);
                self.path_mut(parent).children.push(*node);
            }
        }
    }

    /// Takes a path and all below it away from the layers below.
    fn remove(&mut self, node: u32) {
        let mut stack = vec![node];
        self.path_mut(node).below = None;
        while let Some(node) = stack.pop() {
            for child in std::mem::take(&mut self.path_mut(node).children) {
                let path = self.path_mut(child);
                path.is_linked = false;
                if path.below.take().is_some() {
                    stack.push(child);
                }
            }
        }
    }

    /// Bytes that a whiteout counts for: those of a directory.
    fn removed(&self, node: u32) -> u64 {
        if !self.path(node).below.is_some_and(|below| below.is_directory) {
            return 0;
        }
        let (mut sum, mut stack) = (0_u64, vec![node]);
        while let Some(node) = stack.pop() {
            let path = self.path(node);
            if let Some(below) = path.below {
                sum = sum.saturating_add(below.size);
                stack.extend(&path.children);
            }
        }
        sum
    }

    fn is_dangling(&self, node: u32) -> bool {
        let Some(hidden) = self.names.get(node).strip_prefix(WHITEOUT) else { return false };
        let hidden = self.names.find(self.parent(node), hidden);
        hidden.is_none_or(|hidden| self.path(hidden).below.is_none())
    }

    /// Takes note of what a whiteout is for that is not there.
    fn dangle(&mut self, node: u32) {
        let parent = self.parent(node);
        let name = self.names.get(node).strip_prefix(WHITEOUT).map(<[u8]>::to_vec);
        if let Some(hidden) = name.and_then(|name| self.child(parent, &name)) {
            self.path_mut(hidden).dangles = true;
        }
    }

    /// What a whiteout is for, where such a path ever was.
    fn whiteout(&self, node: u32) -> Option<u32> {
        let hidden = self.names.get(node).strip_prefix(WHITEOUT)?;
        self.names.find(self.parent(node), hidden)
    }

    fn child(&mut self, parent: u32, name: &[u8]) -> Option<u32> {
        let (node, is_new) = self.names.find_or_add(parent, name)?;
        if is_new {
            self.paths.push(Path::default());
        }
        Some(node)
    }

    fn parent(&self, node: u32) -> u32 {
        self.names.parents().get(node as usize).copied().unwrap_or(0)
    }

    fn path(&self, node: u32) -> &Path {
        &self.paths[node as usize]
    }

    fn path_mut(&mut self, node: u32) -> &mut Path {
        &mut self.paths[node as usize]
    }
}
