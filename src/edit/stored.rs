//! A draft where it is kept, with what belongs to it: files, layers that were built, its target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::edit::action::{Action, LayerEdit};
use crate::edit::build::Made;
use crate::edit::contents::{Content, Contents};
use crate::edit::draft::{Base, Draft, Edit};
use crate::edit::patch::{last_change, together};
use crate::edit::pending::Built;
use crate::edit::recipe::{Packing, RecipeId};
use crate::edit::scope::Scope;
use crate::edit::time::Time;
use crate::edit::undo::{History, Step};
use crate::layer::write::{NewEntry, NewNode};
use crate::platform::Platform;

/// Length of a draft's name.
const NAME: usize = 16;

/// A draft, and what belongs to it in one place, such as one browser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredDraft {
    /// Its name in that place.
    pub name: String,
    /// When it was changed last, in milliseconds since 1970.
    pub changed: u64,
    /// Counts how often it was kept, by whoever did.
    #[serde(default)]
    pub revision: u64,
    /// The draft, with what can be undone.
    pub history: History,
    /// Where the files are that its edits name.
    #[serde(default)]
    pub contents: Contents,
    /// The layers that were built for it.
    #[serde(default)]
    pub built: Built,
    /// What was remarkable about them, one sentence each.
    #[serde(default)]
    pub remarks: BTreeMap<RecipeId, Vec<String>>,
    /// Paths that were to be taken out of them and were not in them.
    #[serde(default)]
    pub absent: BTreeMap<RecipeId, Vec<String>>,
    /// Where it is to be pushed, as it was typed.
    #[serde(default)]
    pub target: String,
}

/// Something that is done to a draft. It is data, so that it can be done again on what somebody else
/// has made of the draft meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub enum Alteration {
    /// Edits come to the end of the list; none, when only files are supplied.
    Add(Vec<Edit>, Contents),
    /// The list of edits is changed.
    Take(Step, Contents),
    /// The last step is taken back.
    Undo,
    /// What was taken back last is done again.
    Redo,
    /// It is to be pushed elsewhere.
    Target(String),
    /// A layer of it was built.
    Built(RecipeId, Made),
}

/// What a draft makes of the content of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileFate {
    /// It has the content with this digest.
    Written(Digest, Content),
    /// It is removed.
    Removed,
}

impl Alteration {
    /// Whether it changes what comes of the draft. Who only says where that is to go, or builds it,
    /// leaves it what it is.
    #[must_use]
    pub fn is_edit(&self) -> bool {
        !matches!(self, Self::Target(_) | Self::Built(..))
    }
}

impl Base {
    /// The name of the draft that begins with it: an image has one draft in each place, an empty base
    /// has many, which `nonce` tells apart.
    #[must_use]
    pub fn draft_name(&self, nonce: impl FnOnce() -> String) -> String {
        let seed = self.image().map_or_else(nonce, ToString::to_string);
        Digest::sha256(seed.as_bytes()).encoded().chars().take(NAME).collect()
    }
}

impl StoredDraft {
    /// A draft without edits. New steps of the history will bear `time`, so that the same edits give
    /// the same digest tomorrow.
    #[must_use]
    pub fn new(name: String, base: Base, time: Option<Time>) -> Self {
        Self::of(name, Draft { time, ..Draft::new(base) })
    }

    /// A draft, taken over from somewhere else.
    #[must_use]
    pub fn of(name: String, draft: Draft) -> Self {
        Self {
            name,
            changed: 0,
            revision: 0,
            history: History::new(draft),
            contents: Contents::default(),
            built: BTreeMap::new(),
            remarks: BTreeMap::new(),
            absent: BTreeMap::new(),
            target: String::new(),
        }
    }

    /// The draft.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        self.history.draft()
    }

    /// The blobs that belong to it.
    pub fn blobs(&self) -> impl Iterator<Item = &Digest> {
        let contents = self.contents.values().map(|content| &content.blob);
        contents.chain(self.built.values().map(|layer| &layer.digest))
    }

    /// Does something to it, at a time in milliseconds since 1970. `false` when there is nothing to be
    /// done, such as no such edit; the files are there nevertheless.
    pub fn alter(&mut self, alteration: &Alteration, now: u64) -> bool {
        if alteration.is_edit() {
            self.changed = now;
        }
        match alteration {
            Alteration::Add(edits, contents) => {
                self.contents.extend(contents.clone());
                edits.iter().for_each(|edit| self.history.push(edit.clone()));
                true
            }
            Alteration::Take(step, contents) => {
                self.contents.extend(contents.clone());
                self.history.take(step.clone())
            }
            Alteration::Undo => self.history.undo(),
            Alteration::Redo => self.history.redo(),
            Alteration::Target(target) => {
                self.target.clone_from(target);
                true
            }
            Alteration::Built(id, made) => {
                self.built.insert(id.clone(), made.layer.clone());
                self.remarks.insert(id.clone(), made.remarks.clone());
                self.absent.insert(id.clone(), made.absent.clone());
                true
            }
        }
    }

    /// The step that changes files of the images in a scope. Changes that follow one another become
    /// one layer, as far as one can hold both.
    #[must_use]
    pub fn patch(&self, scope: Scope, entries: Vec<NewEntry>) -> Step {
        let edits = &self.draft().edits;
        let last = edits.len().checked_sub(1).and_then(|at| Some((at, edits.get(at)?)));
        let one = last.and_then(|(at, last)| match &last.action {
            Action::Layers(LayerEdit::Patch { entries: before, packing }) => {
                let same = last.scope == scope;
                same.then(|| Some((at, together(before, entries.clone())?, *packing))).flatten()
            }
            _ => None,
        });
        let patch = |entries: Vec<NewEntry>, packing| {
            let entries = entries.into();
            let action = Action::Layers(LayerEdit::Patch { entries, packing });
            Box::new(Edit { scope, record: false, action })
        };
        match one {
            Some((at, entries, packing)) => Step::Replace { at, edit: patch(entries, packing) },
            None => Step::Insert { at: edits.len(), edit: patch(entries, Packing::default()) },
        }
    }

    /// What it makes of a file; `None` when it leaves the content alone.
    #[must_use]
    pub fn fate_of(&self, platform: Option<&Platform>, path: &str) -> Option<FileFate> {
        match &last_change(self.draft(), platform, path)?.node {
            NewNode::File { digest, .. } => {
                let content = self.contents.get(digest)?.clone();
                Some(FileFate::Written(digest.clone(), content))
            }
            NewNode::Whiteout | NewNode::OpaqueWhiteout => Some(FileFate::Removed),
            _ => None,
        }
    }

    /// Whether a file still has the content with which a change of it was begun, `None` standing for a
    /// file that was removed; or whether the draft leaves it alone.
    #[must_use]
    pub fn is_still(
        &self,
        platform: Option<&Platform>,
        path: &str,
        begun: Option<&Digest>,
    ) -> bool {
        self.fate_of(platform, path).is_none_or(|now| now.digest() == begun)
    }
}

impl FileFate {
    /// Digest of the file's content; `None` when the file is removed.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Written(digest, _) => Some(digest),
            Self::Removed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::family::Family;
    use crate::edit::test_support::{entrypoint, kept, made, pinned, recipe_id};
    use crate::layer::write::Keep;

    fn entry(path: &str, node: NewNode) -> NewEntry {
        let keep = Keep::default();
        NewEntry { path: path.to_owned(), mode: 0o644, uid: 0, gid: 0, mtime: 0, keep, node }
    }

    fn file(path: &str, content: &[u8]) -> NewEntry {
        let digest = Digest::sha256(content);
        entry(path, NewNode::File { digest, size: content.len() as u64 })
    }

    fn content(of: &[u8]) -> Contents {
        let (blob, size) = (Digest::sha256(b"all"), of.len() as u64);
        Contents::from_iter([(Digest::sha256(of), Content { blob, offset: 0, size })])
    }

    #[test]
    fn an_image_has_one_draft_and_an_empty_base_many() {
        let image = |text: &[u8]| Base::Image(pinned(text)).draft_name(|| unreachable!());
        assert_eq!(image(b"a"), image(b"a"));
        assert_ne!(image(b"a"), image(b"b"));
        assert_eq!(image(b"a").len(), NAME);
        let empty = Base::EmptyIndex { family: Family::Oci };
        assert_ne!(empty.draft_name(|| "1".to_owned()), empty.draft_name(|| "2".to_owned()));
    }

    #[test]
    fn alterations_and_what_they_leave() {
        let add = |name: &str| Alteration::Add(vec![entrypoint(name)], Contents::default());
        let take = |step| Alteration::Take(step, content(b"x"));
        let built = Alteration::Built(recipe_id(b"r"), made(b"layer", &["odd"]));
        // What is done, whether there was something to do, how many edits there are then, and when
        // the draft was changed last.
        let table = [
            (add("a"), true, 1, 1),
            (add("b"), true, 2, 2),
            (take(Step::Remove { at: 7 }), false, 2, 3),
            (take(Step::Remove { at: 0 }), true, 1, 4),
            (Alteration::Undo, true, 2, 5),
            (Alteration::Redo, true, 1, 6),
            (Alteration::Redo, false, 1, 7),
            (Alteration::Target("a.io/b:c".to_owned()), true, 1, 7),
            (built, true, 1, 7),
        ];
        let mut kept = kept();
        for (at, (alteration, done, edits, changed)) in (1..).zip(table) {
            assert_eq!(kept.alter(&alteration, at), done, "{alteration:?}");
            assert_eq!(
                (kept.draft().edits.len(), kept.changed),
                (edits, changed),
                "{alteration:?}"
            );
        }
        assert_eq!(kept.contents, content(b"x"));
        assert_eq!(kept.target, "a.io/b:c");
        assert_eq!(kept.remarks.values().flatten().collect::<Vec<_>>(), ["odd"]);
        let (blob, layer) = (Digest::sha256(b"all"), Digest::sha256(b"layer"));
        assert_eq!(kept.blobs().collect::<Vec<_>>(), [&blob, &layer]);
    }

    #[test]
    fn changes_of_files_that_follow_one_another_are_one_layer() {
        let mut kept = kept();
        let take = |kept: &mut StoredDraft, scope: Scope, entry: NewEntry| {
            let step = kept.patch(scope, vec![entry]);
            kept.alter(&Alteration::Take(step, content(b"2")), 0)
        };
        assert!(take(&mut kept, Scope::All, file("etc/a", b"1")));
        assert!(take(&mut kept, Scope::All, file("etc/a", b"2")));
        assert_eq!(kept.draft().edits.len(), 1);
        let amd64 = Scope::Platforms(vec!["linux/amd64".parse().expect("platform")]);
        assert!(take(&mut kept, amd64.clone(), file("etc/b", b"2")));
        assert_eq!(kept.draft().edits.len(), 2);
        // No layer has a file and removes the directory that it lies in.
        assert!(take(&mut kept, amd64, entry("etc", NewNode::Whiteout)));
        assert!(kept.draft().edits.len() <= 3);
    }

    #[test]
    fn what_a_draft_makes_of_a_file() {
        let mut kept = kept();
        let two = Digest::sha256(b"2");
        assert_eq!(kept.fate_of(None, "etc/a"), None);
        assert!(kept.is_still(None, "etc/a", None));
        let step = kept.patch(Scope::All, vec![file("etc/a", b"2")]);
        kept.alter(&Alteration::Take(step, content(b"2")), 0);
        let fate = kept.fate_of(None, "etc/a").expect("written");
        assert_eq!(fate.digest(), Some(&two));
        assert!(kept.is_still(None, "etc/a", Some(&two)));
        assert!(!kept.is_still(None, "etc/a", None));
        let step = kept.patch(Scope::All, vec![entry("etc/a", NewNode::Whiteout)]);
        kept.alter(&Alteration::Take(step, Contents::default()), 0);
        assert_eq!(kept.fate_of(None, "etc/a"), Some(FileFate::Removed));
        assert!(kept.is_still(None, "etc/a", None));
        assert!(!kept.is_still(None, "etc/a", Some(&two)));
    }
}
