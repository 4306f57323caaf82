//! Where does a path lead, with the symlinks on the way followed?

use super::{NodeId, Overlay};
use crate::layer::index::Kind;
use crate::limits;

impl Overlay {
    /// The node at a path, as a container sees it: symlinks in all components but the last are
    /// followed, and none leads out of the root. Of a symlink, the link itself; its target with a
    /// slash behind the path.
    #[must_use]
    pub fn follow(&self, path: &[u8]) -> Option<NodeId> {
        let mut at = 0_u32;
        let (mut hops, mut steps) = (0, 0_u64);
        let mut open: Vec<&[u8]> = path.rsplit(|byte| *byte == b'/').collect();
        let beyond = path.ends_with(b"/");
        while let Some(component) = open.pop() {
            steps += 1;
            if steps > limits::SYMLINK_STEPS {
                return None;
            }
            match component {
                b"" | b"." => continue,
                b".." => {
                    at = self.parents.get(at as usize).copied().unwrap_or(0);
                    continue;
                }
                _ => {}
            }
            let node = self.child(NodeId(at), component)?;
            let is_last = open.is_empty() && !beyond;
            let Some(target) = self.target(node).filter(|_| !is_last) else {
                at = node.0;
                continue;
            };
            hops += 1;
            if hops > limits::SYMLINK_HOPS || target.len() > limits::SYMLINK_BYTES {
                return None;
            }
            if target.starts_with(b"/") {
                at = 0;
            }
            open.extend(target.rsplit(|byte| *byte == b'/'));
        }
        Some(NodeId(at))
    }

    /// Where a symlink leads to, as it says; `None` for all else.
    fn target(&self, node: NodeId) -> Option<&[u8]> {
        let file = self.file(node)?;
        let layer = self.layers().get(file.layer as usize)?;
        (layer.kind(file.entry as usize) == Some(Kind::Symlink))
            .then(|| layer.link(file.entry as usize))
    }
}
