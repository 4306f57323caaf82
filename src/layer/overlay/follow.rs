//! Where does a path of the merged tree lead?

use std::collections::BTreeMap;

use super::{NodeId, Overlay};
use crate::layer::index::Kind;
use crate::limits;

/// Where a path leads when its symlinks are followed within the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The same place by a path without symlinks, without slashes at either end.
    pub path: Vec<u8>,
    /// What is there; `None` when there is nothing.
    pub node: Option<NodeId>,
    /// The symlinks on the way, in the order in which they were followed.
    pub links: Vec<NodeId>,
}

/// Why a path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Astray {
    /// Symlinks lead to each other, or too many follow one another.
    Loop,
    /// Something on the way is neither a directory nor a symlink to one; its path.
    NotADirectory(Vec<u8>),
}

impl Overlay {
    /// Follows the symlinks of a path; that in its last component only with `last`. Absolute
    /// targets begin at the root of the tree, and `..` does not leave it. What does not exist is
    /// gone through as if it were a directory.
    ///
    /// # Errors
    /// When symlinks go in circles, or the path goes on below a file.
    pub fn follow(&self, path: &[u8], last: bool) -> Result<Followed, Astray> {
        // What is still to be gone through, the next component last.
        let mut rest: Vec<&[u8]> = Vec::new();
        push(&mut rest, path);
        let mut walked: Vec<(&[u8], Option<NodeId>)> = Vec::new();
        let mut links = Vec::new();
        while let Some(component) = rest.pop() {
            if component == b".." {
                walked.pop();
                continue;
            }
            let above = walked.last().map_or(Some(NodeId::ROOT), |(_, node)| *node);
            if let Some(node) =
                above.and_then(|above| self.node(above)).filter(|_| !walked.is_empty())
                && node.kind != Kind::Directory
            {
                return Err(Astray::NotADirectory(join(&walked)));
            }
            let node = above.and_then(|above| self.child(above, component));
            let target = node.filter(|_| last || !rest.is_empty()).and_then(|it| self.target(it));
            let (Some(link), Some(target)) = (node, target) else {
                walked.push((component, node));
                continue;
            };
            links.push(link);
            if links.len() > limits::SYMLINK_HOPS || target.len() > limits::SYMLINK_BYTES {
                return Err(Astray::Loop);
            }
            if target.first() == Some(&b'/') {
                walked.clear();
            }
            push(&mut rest, target);
        }
        let node = walked.last().map_or(Some(NodeId::ROOT), |(_, node)| *node);
        Ok(Followed { path: join(&walked), node, links })
    }

    /// Target of a symlink, or of a hardlink to one.
    #[must_use]
    pub fn target(&self, id: NodeId) -> Option<&[u8]> {
        let node = self.node(id)?;
        let file = node.hardlink_to.and_then(|id| self.node(id)).unwrap_or(node);
        (file.kind == Kind::Symlink).then_some(file.link)
    }

    /// All files that have more than one name: the node that is listed as the file, and all of its
    /// names.
    #[must_use]
    pub fn shared_names(&self) -> BTreeMap<NodeId, Vec<NodeId>> {
        let mut names: BTreeMap<NodeId, Vec<NodeId>> = BTreeMap::new();
        for (node, file) in &self.hardlinks {
            let all = names.entry(NodeId(*file)).or_insert_with(|| vec![NodeId(*file)]);
            if node != file {
                all.push(NodeId(*node));
            }
        }
        names.retain(|_, all| all.len() > 1);
        names
    }
}

/// Puts the components of a path on top of what is still to be gone through.
fn push<'a>(rest: &mut Vec<&'a [u8]>, path: &'a [u8]) {
    let components = path.split(|byte| *byte == b'/').rev();
    rest.extend(components.filter(|component| !matches!(*component, b"" | b".")));
}

fn join(walked: &[(&[u8], Option<NodeId>)]) -> Vec<u8> {
    walked.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(&b'/')
}
