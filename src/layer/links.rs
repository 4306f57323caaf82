//! Does a layer need files of the layers below it?

use std::collections::BTreeMap;

use crate::layer::index::{Index, Kind};
use crate::layer::overlay::clean;

impl Index {
    /// Whether a hardlink may lead to a file that this layer does not have in front of it. False
    /// means that every one can be unpacked, whatever lies below; true, that only the merged tree
    /// ([`Overlay`](crate::layer::Overlay)) can tell.
    #[must_use]
    pub fn links_below(&self) -> bool {
        // Of each path that a hardlink leads to, whether it is a file by now.
        let mut targets: BTreeMap<Vec<u8>, bool> = (0..self.len())
            .filter(|at| self.kind(*at) == Some(Kind::Hardlink))
            .map(|at| (path(self.link(at)), false))
            .collect();
        if targets.is_empty() {
            return false;
        }
        for entry in self.entries() {
            let own = path(&entry.name());
            let target = path(entry.link);
            let is_link = entry.kind == Kind::Hardlink;
            if is_link && (target == own || targets.get(&target) != Some(&true)) {
                return true;
            }
            if entry.kind != Kind::Directory {
                // Nothing is left of what was below it.
                let below = [&own[..], b"/"].concat();
                let gone = targets.range_mut(below.clone()..);
                for (_, there) in gone.take_while(|(target, _)| target.starts_with(&below)) {
                    *there = false;
                }
            }
            if let Some(there) = targets.get_mut(&own) {
                *there = entry.kind != Kind::Directory && !is_whiteout(&own);
            }
        }
        false
    }
}

fn path(name: &[u8]) -> Vec<u8> {
    clean(name).join(&b'/')
}

/// What has such a name is no file of the tree.
fn is_whiteout(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/').any(|component| component.starts_with(b".wh."))
}
