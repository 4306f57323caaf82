//! What can only be done and said when all entries have their places.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::landing::{Act, Landing, TOLD, show};
use crate::finding::Finding;
use crate::layer::findings::display;
use crate::layer::index::Extras;
use crate::layer::overlay::NodeId;
use crate::layer::write::entry::{Keep, NewEntry, NewNode};
use crate::layer::write::files::{Existing, Laid};

impl Landing<'_> {
    /// Writes the directories again that are above the entries, as they are; those that a link
    /// leads to and that are missing as the directories below them.
    pub(super) fn add_parents(&mut self) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        let paths: Vec<(String, Act)> = self.laid.keys().cloned().collect();
        for (path, act) in &paths {
            let mut at = path.as_str();
            let mut next = (*act == Act::Empties).then_some(at);
            let mut below = self.directory(path);
            while let Some(above) = next.take().or_else(|| Some(at.rsplit_once('/')?.0)) {
                at = above;
                if !known.insert(above.to_owned()) {
                    break;
                }
                if let Some(given) = self.directory(above) {
                    below = Some(given);
                    continue;
                }
                let there = self.tree.find(above.as_bytes());
                let entry = match there.and_then(|id| self.tree.node(id)) {
                    // No layer names it.
                    Some(node) if node.entry.is_none() => continue,
                    Some(node) => NewEntry {
                        path: above.to_owned(),
                        mode: node.mode,
                        uid: node.uid,
                        gid: node.gid,
                        mtime: node.mtime,
                        keep: Keep::default(),
                        node: NewNode::Directory,
                    },
                    None => match &below {
                        Some(below) => NewEntry { path: above.to_owned(), ..below.clone() },
                        None => continue,
                    },
                };
                let entry = Cow::Owned(entry);
                let mut laid = Laid { entry, records: Vec::new(), existing: None };
                if let Some(id) = there {
                    self.keep(&mut laid, id, Keep::ALL);
                }
                self.laid.insert((above.to_owned(), Act::Puts), ("", laid));
            }
        }
    }

    /// The entry for a directory.
    fn directory(&self, path: &str) -> Option<NewEntry> {
        let (_, laid) = self.laid.get(&(path.to_owned(), Act::Puts))?;
        (laid.entry.node == NewNode::Directory).then(|| laid.entry.clone().into_owned())
    }

    /// Names of one file that are written anew stay names of one file.
    pub(super) fn link_names(&mut self) {
        let mut first: BTreeMap<(u32, u32), String> = BTreeMap::new();
        for (_, laid) in self.laid.values_mut() {
            let Some(Existing { layer, ordinal, .. }) = laid.existing else { continue };
            if let Some(target) = first.get(&(layer, ordinal)) {
                laid.entry.to_mut().node = NewNode::Hardlink { target: target.clone() };
                laid.existing = None;
                laid.records.clear();
            } else {
                first.insert((layer, ordinal), laid.entry.path.clone());
            }
        }
    }

    /// Says which links were followed, and which names and records are lost.
    pub(super) fn tell(&mut self) {
        let path = |id: NodeId| format!("/{}", display(&self.tree.path(id)));
        let mut told = Vec::new();
        for (link, count) in self.through.iter().take(TOLD) {
            let leads = self.tree.follow(&self.tree.path(*link), true);
            let leads = leads.map(|leads| display(&leads.path)).unwrap_or_default();
            let what = if *count == 1 { "an entry".to_owned() } else { format!("{count} entries") };
            let text = format!(
                "{} is a symlink in the image: {what} below it is written to /{leads}, where it \
                 leads, and the link stays.",
                path(*link)
            );
            told.push(Finding::note("layer.through-link", path(*link), text));
        }
        for (file, parted) in self.parted.iter().take(TOLD) {
            let all = self.names.get(file).into_iter().flatten();
            let left: Vec<String> =
                all.filter(|name| !parted.contains(name)).map(|name| path(*name)).collect();
            let named: Vec<String> = parted.iter().map(|name| path(*name)).collect();
            let others = match left.len() {
                0 => continue,
                1..=5 => {
                    format!("The file has other names, {}: they stay as they are", left.join(", "))
                }
                count => format!(
                    "The file has {count} other names, {} and more: they stay as they are",
                    left.iter().take(3).cloned().collect::<Vec<_>>().join(", ")
                ),
            };
            let text = format!("{} is a hardlink. {others}.", named.join(", "));
            told.push(Finding::warning("layer.hardlink-parted", path(*file), text));
        }
        for (_, laid) in self.laid.values() {
            let Some(Existing { index, ordinal, .. }) = laid.existing else { continue };
            if index.extras(ordinal).has(Extras::RECORDS) && told.len() < 2 * TOLD {
                let place = format!("/{}", show(&laid.entry.path));
                let text = format!(
                    "{place} has records in its header that are not read here; the new entry is \
                     without them."
                );
                told.push(Finding::warning("layer.records-lost", place, text));
            }
        }
        self.findings.extend(told);
    }
}
