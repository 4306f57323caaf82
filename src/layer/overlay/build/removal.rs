//! What a layer takes away: whiteouts, opaque whiteouts, and what is replaced
//! (image-spec, layer.md, "Whiteouts").

use super::{Builder, NONE, WHITEOUT};
use crate::finding::Finding;
use crate::layer::findings::display;
use crate::layer::index::{Entry, Index, Kind};
use crate::layer::overlay::Hidden;
use crate::layer::overlay::hidden::may_be_file;
use crate::layer::overlay::node::{EntryRef, NodeId};

const OPAQUE: &[u8] = b".wh..wh..opq";
const RESERVED: &[u8] = b".wh..wh.";

impl Builder<'_> {
    pub(super) fn whiteout(&mut self, layer: u32, entry: &Entry<'_>, parent: u32, base: &[u8]) {
        if entry.kind != Kind::File || entry.size > 0 {
            self.findings.add("layer.whiteout-type", |rule| {
                let text = "A whiteout should be an empty file; only its name counts here.";
                Finding::warning(rule, display(&entry.name()), text).actual(format!(
                    "{} of {} bytes",
                    entry.kind.name(),
                    entry.size
                ))
            });
        }
        let target = &base[WHITEOUT.len()..];
        if base == OPAQUE {
            if self.states[parent as usize].live {
                self.sweep(layer, parent);
            }
        } else if base.starts_with(RESERVED) {
            self.findings.add("layer.reserved-whiteout", |rule| {
                let text = "A name reserved by AUFS; it removes nothing and is left out.";
                Finding::warning(rule, display(&entry.name()), text)
            });
        } else if matches!(target, b"" | b"." | b"..") {
            self.findings.add("layer.invalid-whiteout", |rule| {
                let text = "A whiteout that names nothing that could be removed; it is ignored.";
                Finding::error(rule, display(&entry.name()), text)
            });
        } else if let Some(node) = self.names.find(parent, target)
            && self.states[node as usize].live
        {
            if self.touched[node as usize] == layer + 1 {
                self.sweep(layer, node);
            } else {
                self.remove(node, None);
            }
        }
    }

    /// Removes what lower layers put below a node that stays.
    fn sweep(&mut self, layer: u32, node: u32) {
        let mut stack = vec![node];
        while let Some(dir) = stack.pop() {
            if std::mem::replace(&mut self.swept[dir as usize], layer + 1) == layer + 1 {
                continue;
            }
            let mut child = self.first_live(dir);
            while child != NONE {
                if self.touched[child as usize] == layer + 1 {
                    stack.push(child);
                } else {
                    self.remove(child, None);
                }
                child = self.next_live(child);
            }
        }
    }

    /// Removes a node and everything below it, for another entry or for none.
    pub(super) fn remove(&mut self, top: u32, replaced: Option<EntryRef>) {
        let mut stack = vec![top];
        while let Some(node) = stack.pop() {
            let mut child = self.first_live(node);
            while child != NONE {
                stack.push(child);
                child = self.next_live(child);
            }
            let at = node as usize;
            let state = self.states[at];
            self.log.record(node, state);
            if let Some(file) = state.file.exists().filter(|_| may_be_file(state.kind)) {
                let replaced = replaced.filter(|_| node == top);
                let by = self.log.layer();
                self.lost.push(Hidden { file, node: NodeId(node), by, replaced });
            }
            self.symlink_goes_or_comes(node);
            self.states[at].live = false;
            self.first_child[at] = NONE;
            // The top one is still in the list of a directory that stays.
            self.linked[at] = node == top;
        }
    }

    /// The first child that exists; drops those that don't from the list.
    fn first_live(&mut self, dir: u32) -> u32 {
        let first = self.skip_dead(self.first_child[dir as usize]);
        self.first_child[dir as usize] = first;
        first
    }

    fn next_live(&mut self, node: u32) -> u32 {
        let next = self.skip_dead(self.next_sibling[node as usize]);
        self.next_sibling[node as usize] = next;
        next
    }

    fn skip_dead(&mut self, mut node: u32) -> u32 {
        while node != NONE && !self.states[node as usize].live {
            self.linked[node as usize] = false;
            node = self.next_sibling[node as usize];
        }
        node
    }

    pub(super) fn overlay_xattrs(&mut self, index: &Index) {
        for (ordinal, key) in index.xattr_keys() {
            if matches!(key, b"trusted.overlay.opaque" | b"user.overlay.opaque") {
                let name = index.entry(ordinal).map(|entry| entry.name().into_owned());
                self.findings.add("layer.overlay-whiteout", |rule| {
                    let text = "An attribute makes a directory opaque for overlay file systems, \
                                not for image layers: it removes nothing.";
                    Finding::warning(rule, display(&name.unwrap_or_default()), text)
                });
            }
        }
    }
}
