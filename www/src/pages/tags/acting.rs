//! What is done with tags of the list: which ones are chosen, what they stand for, and what shall
//! become of them.

use std::collections::{BTreeMap, BTreeSet};

use drydock::digest::Digest;
use drydock::image::Summary;
use drydock::reference::{Reference, Tag, Target};
use drydock::transfer::tag::Deletion;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::Problem;
use crate::jobs::tags::{self, Refused};
use crate::jobs::{self, Task};
use crate::pages::data;
use crate::pages::model::Load;

/// Tags that are looked at at once.
const AT_ONCE: usize = 4;

/// What shall become of the chosen tags.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Nothing.
    None,
    /// This one gets more names.
    Add(Tag),
    /// Something is deleted; how far that is.
    Delete(Stage),
}

/// How far a deletion is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    /// The registry is asked what would go.
    Looking,
    /// This would go.
    Looked(Vec<Deletion>),
    /// It is being deleted.
    Deleting,
    /// What came of each.
    Ended(Vec<Ended>),
    /// The registry did not say what would go.
    Failed(Problem),
}

/// What came of one deletion.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    /// What was to be deleted.
    pub(super) target: Target,
    /// Why it was not.
    pub(super) problem: Option<Problem>,
    /// The manifest that could be deleted in place of a tag.
    pub(super) instead: Option<Digest>,
}

/// The tags of a repository, and what is done with them.
#[derive(Clone, Copy)]
pub(super) struct Acting {
    /// The repository.
    pub(super) repository: StoredValue<Reference>,
    /// The manifest that the page was opened for, when that was by its digest.
    pub(super) pinned: StoredValue<Option<Digest>>,
    /// The chosen tags.
    pub(super) chosen: RwSignal<BTreeSet<Tag>>,
    /// What is behind tags, as far as that was asked.
    pub(super) known: RwSignal<BTreeMap<Tag, Load<Summary>>>,
    /// Tags that are to be looked at, the one to be looked at next at the end.
    waiting: StoredValue<Vec<Tag>>,
    /// How many are being looked at.
    asking: StoredValue<usize>,
    /// What shall become of them.
    pub(super) act: RwSignal<Act>,
    reload: Callback<()>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Acting {
    pub(super) fn new(mut image: Reference, reload: Callback<()>) -> Self {
        let pinned = image.digest.take();
        Self {
            repository: StoredValue::new(image),
            pinned: StoredValue::new(pinned),
            chosen: RwSignal::new(BTreeSet::new()),
            known: RwSignal::new(BTreeMap::new()),
            waiting: StoredValue::new(Vec::new()),
            asking: StoredValue::new(0),
            act: RwSignal::new(Act::None),
            reload,
            task: StoredValue::new_local(None),
        }
    }

    /// The image under a tag.
    pub(super) fn image(self, tag: &Tag) -> Reference {
        self.repository.with_value(|repository| repository.tagged(tag.clone()))
    }

    /// Chooses a tag, or lets it go.
    pub(super) fn toggle(self, tag: &Tag) {
        self.chosen.update(|chosen| {
            if !chosen.remove(tag) {
                chosen.insert(tag.clone());
            }
        });
    }

    /// Looks at what is behind tags, those that are not known yet.
    pub(super) fn ask(self, tags: Vec<Tag>) {
        let unknown = self.known.with_untracked(|known| {
            let is_known =
                |tag: &Tag| matches!(known.get(tag), Some(Load::Ready(_) | Load::Waiting(_)));
            tags.into_iter().filter(|tag| !is_known(tag)).rev().collect::<Vec<Tag>>()
        });
        self.waiting.update_value(|waiting| waiting.extend(unknown));
        while self.asking.get_value() < AT_ONCE && self.take_up() {}
    }

    /// Looks at what has come into sight, in place of what has left it; unless the registry counts
    /// what it is asked. What failed once is left alone.
    pub(super) fn ask_unasked(self, tags: Vec<Tag>) {
        self.waiting.update_value(Vec::clear);
        if !self.counts_requests() {
            let known = self.known.get_untracked();
            self.ask(tags.into_iter().filter(|tag| !known.contains_key(tag)).collect());
        }
    }

    /// Whether the registry has told of a limit: then it is for the reader to say what is asked.
    pub(super) fn counts_requests(self) -> bool {
        self.repository.with_value(tags::counts_requests)
    }

    /// Looks at the next tag; says whether there was one.
    fn take_up(self) -> bool {
        let Some(tag) = self.waiting.try_update_value(Vec::pop).flatten() else { return false };
        self.asking.update_value(|asking| *asking += 1);
        self.known.update(|known| {
            known.insert(tag.clone(), Load::Waiting(String::new()));
        });
        spawn_local(async move {
            // It may take a while, and the page may be another by then.
            let Some(image) = self.repository.try_with_value(|of| of.tagged(tag.clone())) else {
                return;
            };
            let found = match tags::summary(&image).await {
                Ok(summary) => Load::Ready(summary),
                Err(problem) => Load::Failed(data::problem(problem)),
            };
            self.known.try_update(|known| known.insert(tag, found));
            self.asking.try_update_value(|asking| *asking -= 1);
            self.take_up();
        });
        true
    }

    /// Begins to give the only chosen tag more names.
    pub(super) fn add(self) {
        if let Some(tag) = self.chosen.with_untracked(|chosen| chosen.first().cloned()) {
            self.task.set_value(None);
            self.act.set(Act::Add(tag));
        }
    }

    /// Looks at what would go with the chosen tags.
    pub(super) fn look_at_tags(self) {
        let tags = self.chosen.get_untracked().into_iter().map(Target::Tag).collect();
        self.look(async move { Ok(tags) });
    }

    /// Looks at what would go with the manifests that the chosen tags stand for.
    pub(super) fn look_at_manifests(self) {
        let chosen = self.chosen.get_untracked().into_iter();
        let images: Vec<Reference> = chosen.map(|tag| self.image(&tag)).collect();
        self.look(async move {
            let mut digests = BTreeSet::new();
            for image in images {
                digests.insert(tags::digest(&image).await?);
            }
            Ok(digests.into_iter().map(Target::Digest).collect())
        });
    }

    /// Looks at what would go with a manifest.
    pub(super) fn look_at(self, digest: Digest) {
        self.look(async move { Ok(vec![Target::Digest(digest)]) });
    }

    fn look(self, targets: impl Future<Output = Result<Vec<Target>, jobs::Problem>> + 'static) {
        let image = self.repository.get_value();
        self.act.set(Act::Delete(Stage::Looking));
        self.run(async move {
            let looked = async {
                let mut deletions = Vec::new();
                for target in targets.await? {
                    deletions.push(tags::plan_deletion(&image, &target).await?);
                }
                Ok(deletions)
            };
            match looked.await {
                Ok(deletions) => Stage::Looked(deletions),
                Err(problem) => Stage::Failed(data::problem(problem)),
            }
        });
    }

    /// Deletes what was looked at.
    pub(super) fn delete(self) {
        let Act::Delete(Stage::Looked(deletions)) = self.act.get_untracked() else { return };
        let image = self.repository.get_value();
        self.act.set(Act::Delete(Stage::Deleting));
        self.run(async move {
            let mut ended = Vec::new();
            for deletion in deletions {
                let deleted = tags::delete(&image, &deletion).await;
                let (problem, instead) = match deleted {
                    Ok(()) => (None, None),
                    Err(Refused::Problem(problem)) => (Some(data::problem(problem)), None),
                    Err(Refused::TagsStay { why, digest }) => {
                        (Some(data::problem(why)), Some(digest))
                    }
                };
                ended.push(Ended { target: deletion.target, problem, instead });
            }
            if ended.iter().any(|ended| ended.problem.is_none()) {
                self.changed();
            }
            Stage::Ended(ended)
        });
    }

    /// Leaves off what is being done.
    pub(super) fn leave(self) {
        self.task.set_value(None);
        self.act.set(Act::None);
    }

    /// The repository is not what it was: the list is asked for again.
    pub(super) fn changed(self) {
        self.chosen.try_update(BTreeSet::clear);
        self.known.try_update(BTreeMap::clear);
        self.reload.try_run(());
    }

    fn run(self, work: impl Future<Output = Stage> + 'static) {
        self.task.set_value(Some(Task::spawn(async move {
            let stage = work.await;
            self.act.try_set(Act::Delete(stage));
        })));
    }
}
