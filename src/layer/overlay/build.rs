//! How does one layer change the tree below it?

mod removal;

use std::sync::Arc;

use super::Overlay;
use super::changes::Log;
use super::hidden::{self, Hidden};
use super::names::{Names, clean, path_of};
use super::node::{EntryRef, HARDLINK_TARGET, NO_ENTRY, State};
use super::order::{PathOrder, Tree};
use crate::finding::Finding;
use crate::layer::findings::{Findings, display};
use crate::layer::index::{Entry, Index, Kind};

const WHITEOUT: &[u8] = b".wh.";
/// No node.
const NONE: u32 = u32::MAX;

/// The tree while layers are applied to it.
pub(super) struct Builder<'a> {
    pub(super) layers: &'a [Arc<Index>],
    whiteouts: bool,
    pub(super) names: Names,
    pub(super) states: Vec<State>,
    /// Whether a name was resolved through this node.
    pub(super) traversed: Vec<bool>,
    /// Layer + 1 that last put something at this node or below it.
    touched: Vec<u32>,
    /// Layer + 1 of the last entry for this very node.
    named: Vec<u32>,
    /// Layer + 1 that last removed everything of lower layers below this node.
    swept: Vec<u32>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// Whether the node is in its parent's list.
    linked: Vec<bool>,
    /// Raised whenever the answers of `resolve` may change.
    generation: u32,
    pub(super) symlink_steps: u64,
    log: Log,
    /// What paths lost.
    lost: Vec<Hidden>,
    findings: Findings,
}

impl Overlay {
    /// Applies the layers one after the other, the base first.
    #[must_use]
    pub fn build(layers: &[Arc<Index>]) -> Self {
        let mut builder = Builder::new(layers, true);
        for layer in 0..layers.len() {
            builder.apply(layer);
        }
        builder.finish(layers.to_vec())
    }

    /// The tree of one layer as it stands in its tar: whiteouts are files like any other.
    #[must_use]
    pub fn raw(layer: Arc<Index>) -> Self {
        let layers = [layer];
        let mut builder = Builder::new(&layers, false);
        builder.apply(0);
        builder.finish(layers.to_vec())
    }
}

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Symlinks lead to each other, or too many follow one another.
    Loop,
    /// The image has too many paths.
    TooMany,
    /// Following all symlinks of the image would take too long.
    TooLong,
}

impl<'a> Builder<'a> {
    pub(super) fn new(layers: &'a [Arc<Index>], whiteouts: bool) -> Self {
        let key = Names::key(layers.iter().flat_map(|layer| layer.name_bytes()));
        let capacity = layers.iter().map(|layer| layer.len()).max().unwrap_or(0);
        let root = EntryRef { layer: 0, entry: NO_ENTRY };
        Self {
            layers,
            whiteouts,
            names: Names::new(key, capacity),
            states: vec![State { live: true, kind: Kind::Directory, own: root, file: root }],
            traversed: vec![true],
            touched: vec![0],
            named: vec![0],
            swept: vec![0],
            first_child: vec![NONE],
            next_sibling: vec![NONE],
            linked: vec![true],
            generation: 0,
            symlink_steps: 0,
            log: Log::default(),
            lost: Vec::new(),
            findings: Findings::default(),
        }
    }

    /// Applies the layer with this number.
    pub(super) fn apply(&mut self, layer: usize) {
        let index: &'a Index = &self.layers[layer];
        // Directory parts of names that were resolved already, and when.
        let mut dirs = vec![(0, NONE); index.dir_count()];
        for at in 0..index.len() {
            let Some(entry) = index.entry(at as u32) else { continue };
            let base = trim_slashes(entry.base);
            let dir = index.dir_number(at) as usize;
            let place = match dirs.get(dir) {
                _ if matches!(base, b"" | b"." | b"..") => self.place(&entry.name()),
                Some((generation, node)) if *generation == self.generation && *node != NONE => {
                    Ok(Some(*node))
                }
                _ => self.resolve(&clean(entry.dir)).map(|node| {
                    if let Some(slot) = dirs.get_mut(dir) {
                        *slot = (self.generation, node);
                    }
                    Some(node)
                }),
            };
            match place {
                Ok(Some(parent)) if matches!(base, b"" | b"." | b"..") => {
                    let name = entry.name();
                    let last = clean(&name).last().map(|last| last.to_vec()).unwrap_or_default();
                    self.enter(layer as u32, &entry, parent, &last);
                }
                Ok(Some(parent)) => self.enter(layer as u32, &entry, parent, base),
                Ok(None) => self.root(layer as u32, &entry),
                Err(lost) => self.lost(lost, &entry),
            }
        }
        self.overlay_xattrs(index);
        self.log.end_layer(&self.states, self.layers);
    }

    /// The directory that a whole name lies in; `None` for the root itself.
    fn place(&mut self, name: &[u8]) -> Result<Option<u32>, Lost> {
        let components = clean(name);
        match components.split_last() {
            None => Ok(None),
            Some((_, dir)) => self.resolve(dir).map(Some),
        }
    }

    fn lost(&mut self, lost: Lost, entry: &Entry<'_>) {
        let (rule, text) = match lost {
            Lost::Loop => (
                "layer.symlink-loop",
                "The directory of this entry is behind symlinks that lead in a circle or too far; \
                 it can't be unpacked and is left out.",
            ),
            Lost::TooMany => (
                "layer.too-many-paths",
                "The image has more paths than can be listed; this entry is left out.",
            ),
            Lost::TooLong => (
                "layer.too-many-symlinks",
                "Following all symlinks of the image takes too long; this entry is left out.",
            ),
        };
        self.findings.add(rule, |rule| Finding::error(rule, display(&entry.name()), text));
    }

    fn root(&mut self, layer: u32, entry: &Entry<'_>) {
        if entry.kind == Kind::Directory {
            self.set(0, layer, entry.kind, EntryRef { layer, entry: entry.ordinal });
        } else {
            self.findings.add("layer.root", |rule| {
                let text = format!("A {} stands for the root directory.", entry.kind.name());
                Finding::error(rule, display(&entry.name()), text).expected("dir")
            });
        }
    }

    /// Applies an entry whose directory is known.
    fn enter(&mut self, layer: u32, entry: &Entry<'_>, parent: u32, base: &[u8]) {
        if self.whiteouts && base.starts_with(WHITEOUT) {
            self.whiteout(layer, entry, parent, base);
            return;
        }
        let Some(node) = self.child(parent, base) else {
            self.lost(Lost::TooMany, entry);
            return;
        };
        self.make_directories(layer, parent);
        if self.named[node as usize] == layer + 1 {
            self.findings.add("layer.duplicate-path", |rule| {
                let text = "The layer holds this path more than once; the last entry counts.";
                Finding::warning(rule, display(&entry.name()), text)
            });
        }
        let state = self.states[node as usize];
        let stays = state.kind == Kind::Directory && entry.kind == Kind::Directory;
        let own = EntryRef { layer, entry: entry.ordinal };
        if state.live && !stays {
            self.remove(node, Some(own));
        }
        let file = match entry.kind {
            Kind::Hardlink => self.hardlink_file(layer, entry, node),
            _ => own,
        };
        self.set(node, layer, entry.kind, own);
        self.states[node as usize].file = file;
        if entry.kind == Kind::Char
            && self.layers[layer as usize].device(entry.ordinal) == Some((0, 0))
        {
            self.findings.add("layer.overlay-whiteout", |rule| {
                let text = "A character device 0:0 is a whiteout of overlay file systems, not of \
                            image layers: it removes nothing.";
                Finding::warning(rule, display(&entry.name()), text)
            });
        }
    }

    /// The file that a hardlink shares.
    fn hardlink_file(&mut self, layer: u32, entry: &Entry<'_>, node: u32) -> EntryRef {
        let components = clean(entry.link);
        let target = components.split_last().and_then(|(last, dir)| {
            let dir = self.resolve(dir).ok()?;
            self.names.find(dir, last)
        });
        let state = target.and_then(|target| self.states.get(target as usize)).copied();
        let problem = match state {
            Some(_) if target == Some(node) => "is the link itself",
            Some(state) if state.live && state.kind == Kind::Directory => "is a directory",
            Some(state) if state.live => return state.file,
            _ => "does not exist at that point",
        };
        self.findings.add(HARDLINK_TARGET, |rule| {
            let (name, link) = (display(&entry.name()), display(entry.link));
            let text = format!(
                "The hardlink {name} of layer {} leads to {link}, which {problem}: runtimes can't \
                 unpack the layer.",
                layer + 1
            );
            Finding::error(rule, name, text).expected("a file").actual(link)
        });
        EntryRef { layer, entry: NO_ENTRY }
    }

    /// Makes a node and the nodes above it directories, as far as they are none.
    fn make_directories(&mut self, layer: u32, node: u32) {
        let mut missing = Vec::new();
        let mut at = node;
        loop {
            let state = self.states[at as usize];
            if state.live && state.kind == Kind::Directory {
                break;
            }
            missing.push(at);
            at = self.names.parents()[at as usize];
        }
        for node in missing.into_iter().rev() {
            let state = self.states[node as usize];
            if state.live {
                self.findings.add("layer.parent-not-directory", |rule| {
                    let path = path_of(self.names.parents(), &self.names, node);
                    let text = format!(
                        "A {} is replaced by a directory, only because a later entry lies in it.",
                        state.kind.name()
                    );
                    Finding::warning(rule, display(&path), text)
                });
                self.remove(node, None);
            }
            if self.whiteouts && self.names.get(node).starts_with(WHITEOUT) {
                self.findings.add("layer.whiteout-directory", |rule| {
                    let path = path_of(self.names.parents(), &self.names, node);
                    let text = "A directory has the name of a whiteout, which no layer can hold.";
                    Finding::error(rule, display(&path), text)
                });
            }
            let own = EntryRef { layer, entry: NO_ENTRY };
            let named = self.named[node as usize];
            self.set(node, layer, Kind::Directory, own);
            self.named[node as usize] = named;
        }
    }

    /// Puts something at a node whose parent is a directory.
    fn set(&mut self, node: u32, layer: u32, kind: Kind, own: EntryRef) {
        let at = node as usize;
        self.log.record(node, self.states[at]);
        self.states[at] = State { live: true, kind, own, file: own };
        if !self.linked[at] {
            let parent = self.names.parents()[at] as usize;
            self.next_sibling[at] = self.first_child[parent];
            self.first_child[parent] = node;
            self.linked[at] = true;
        }
        self.named[at] = layer + 1;
        self.symlink_goes_or_comes(node);
        let mut up = node;
        while self.touched[up as usize] != layer + 1 {
            self.touched[up as usize] = layer + 1;
            up = self.names.parents()[up as usize];
        }
    }

    fn symlink_goes_or_comes(&mut self, node: u32) {
        let at = node as usize;
        if self.traversed[at] && matches!(self.states[at].kind, Kind::Symlink | Kind::Hardlink) {
            self.generation += 1;
        }
    }

    /// The node for a name, a new one if there was none.
    pub(super) fn child(&mut self, parent: u32, name: &[u8]) -> Option<u32> {
        let (node, new) = self.names.find_or_add(parent, name)?;
        if new {
            let none = EntryRef { layer: 0, entry: NO_ENTRY };
            self.states.push(State { live: false, kind: Kind::Directory, own: none, file: none });
            self.traversed.push(false);
            self.touched.push(0);
            self.named.push(0);
            self.swept.push(0);
            self.first_child.push(NONE);
            self.next_sibling.push(NONE);
            self.linked.push(false);
        }
        Some(node)
    }

    /// Puts everything into its order.
    pub(super) fn finish(self, layers: Vec<Arc<Index>>) -> Overlay {
        let Self { names, states, log, lost, findings, .. } = self;
        let live = states.iter().filter(|state| state.live).count().saturating_sub(1);
        let all = Tree::new(&names);
        let rank = |tree: &Tree| {
            let mut ranks = vec![0u32; names.len()];
            for (rank, node) in PathOrder::new(tree, &names).enumerate() {
                ranks[node.0 as usize] = rank as u32;
            }
            ranks
        };
        let (changes, change_ends) = log.finish(|| rank(&all));
        let tree = if live + 1 == names.len() {
            all
        } else {
            all.filter(|node| states[node.0 as usize].live)
        };
        let hardlinks = hardlinks(&states, || rank(&tree));
        let hidden = hidden::files(lost, &states);
        Overlay {
            layers,
            parents: names.parents().to_vec(),
            names,
            states,
            tree,
            live,
            hardlinks,
            changes,
            change_ends,
            hidden,
            findings: findings.finish("layers"),
        }
    }
}

/// Every hardlink with the node that is listed as its file.
fn hardlinks(states: &[State], ranks: impl FnOnce() -> Vec<u32>) -> Vec<(u32, u32)> {
    // File, node; sorted, so that the names of one file stand together.
    let mut links: Vec<(EntryRef, u32)> = Vec::new();
    for (node, state) in states.iter().enumerate() {
        if state.live && state.kind == Kind::Hardlink && state.file.exists().is_some() {
            links.push((state.file, node as u32));
        }
    }
    if links.is_empty() {
        return Vec::new();
    }
    let ranks = ranks();
    links.sort_unstable_by_key(|(file, node)| (*file, ranks.get(*node as usize).copied()));
    let mut files: Vec<(EntryRef, u32)> = links.clone();
    files.dedup_by_key(|(file, _)| *file);
    for (node, state) in states.iter().enumerate() {
        if state.live
            && !matches!(state.kind, Kind::Hardlink | Kind::Directory)
            && let Ok(at) = files.binary_search_by_key(&state.file, |(file, _)| *file)
        {
            files[at].1 = node as u32;
        }
    }
    let mut hardlinks: Vec<(u32, u32)> = links
        .into_iter()
        .filter_map(|(file, node)| {
            let at = files.binary_search_by_key(&file, |(file, _)| *file).ok()?;
            Some((node, files[at].1))
        })
        .collect();
    hardlinks.sort_unstable();
    hardlinks
}

fn trim_slashes(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
    &name[..end]
}
