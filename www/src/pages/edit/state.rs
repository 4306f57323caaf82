//! A draft that is being edited: what it says, what becomes of it, and what is being built.

mod building;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::view::FormContext;
use drydock::edit::{Base, Change, Draft, Edit, Pinned, RecipeId, Step};
use drydock::platform::Platform;
use drydock::reference::Reference;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::{Problem, Transfer, format};
use crate::jobs::drafts::{self, Content, Kept, Listening, Saved};
use crate::jobs::edit::{self, Applied, Refused, Seen, Sources, View};
use crate::jobs::{self, Task};
use crate::net::clock;
use crate::pages::data;

type Alteration = Rc<dyn Fn(&mut Kept)>;

/// The draft that is open, with all that is known of it.
#[derive(Clone, Copy)]
pub struct Editing {
    /// The draft; none before it was read.
    pub kept: RwSignal<Option<Arc<Kept>>>,
    /// What becomes of it, or why nothing does.
    pub result: RwSignal<Option<Result<Arc<Change>, Refused>>>,
    /// What it makes of the platform that is shown.
    pub seen: RwSignal<Arc<Seen>>,
    /// What forms begin with, once that is known.
    pub context: RwSignal<Option<Arc<FormContext>>>,
    /// Whether all of this is about the draft as it is now.
    pub settled: RwSignal<bool>,
    /// When an edit can't be done, what those before it lead to.
    before: RwSignal<Option<Arc<Change>>>,
    /// What is being waited for.
    pub waiting: RwSignal<Option<String>>,
    /// What went wrong outside of the edits themselves.
    pub problem: RwSignal<Option<Problem>>,
    /// Layers that are being built, and how far each is.
    pub building: RwSignal<BTreeMap<RecipeId, Transfer>>,
    /// How many drafts this browser keeps, as the bar shows it.
    count: RwSignal<usize>,
    sources: StoredValue<Option<(Draft, Arc<Sources>)>>,
    /// What is looked at.
    view: StoredValue<View>,
    /// The name of the draft, and what it is made on when there is none yet.
    asked: StoredValue<Option<(String, Option<Base>)>>,
    opening: StoredValue<Option<Task>, LocalStorage>,
    loading: StoredValue<Option<Task>, LocalStorage>,
    build: StoredValue<Option<Task>, LocalStorage>,
    /// Number of changes that were to be kept; only the last one has to be.
    saves: StoredValue<u32>,
    /// What was changed since the draft was kept last, to be done again on what another tab kept.
    unsaved: StoredValue<Vec<Alteration>, LocalStorage>,
    listening: StoredValue<Option<Listening>, LocalStorage>,
}

impl Editing {
    /// Nothing is open. `count` is told how many drafts there are.
    #[must_use]
    pub fn new(count: RwSignal<usize>) -> Self {
        Self {
            kept: RwSignal::new(None),
            result: RwSignal::new(None),
            seen: RwSignal::default(),
            context: RwSignal::new(None),
            settled: RwSignal::new(false),
            before: RwSignal::new(None),
            waiting: RwSignal::new(None),
            problem: RwSignal::new(None),
            building: RwSignal::new(BTreeMap::new()),
            count,
            sources: StoredValue::new(None),
            view: StoredValue::default(),
            asked: StoredValue::new(None),
            opening: StoredValue::new_local(None),
            loading: StoredValue::new_local(None),
            build: StoredValue::new_local(None),
            saves: StoredValue::new(0),
            unsaved: StoredValue::new_local(Vec::new()),
            listening: StoredValue::new_local(None),
        }
        .listen()
    }

    /// Follows what other tabs make of the same draft.
    fn listen(self) -> Self {
        let listening = drafts::listen(move |name, revision| {
            // This tab hears itself, too.
            let is_newer = self.kept.try_with_untracked(|kept| {
                let kept = kept.as_ref().filter(|kept| kept.name == name);
                kept.is_some_and(|kept| revision.is_none_or(|it| it > kept.revision))
            });
            if is_newer == Some(true) {
                spawn_local(self.catch_up(name));
            }
        });
        self.listening.set_value(listening);
        self
    }

    /// Shows what another tab has kept, with what was changed here since.
    async fn catch_up(self, name: String) {
        let Ok(Some(theirs)) = drafts::load(&name).await else { return };
        let newer = self.kept.try_update(|kept| {
            let kept = kept.as_mut().filter(|kept| kept.name == name)?;
            (theirs.revision > kept.revision).then(|| {
                let mut theirs = theirs;
                self.unsaved.with_value(|all| all.iter().for_each(|change| change(&mut theirs)));
                *kept = Arc::new(theirs);
            })
        });
        if newer.flatten().is_some() {
            self.refresh();
        }
    }

    /// Opens the draft of an image: the one that this browser keeps, or a new one.
    pub fn open_image(self, reference: Reference, digest: &Digest) {
        let base = Base::Image(Pinned::new(reference, digest.clone()));
        let name = drafts::name(&base);
        let there = self.kept.with_untracked(|kept| kept.as_ref().is_some_and(|k| k.name == name));
        if there {
            return;
        }
        self.open(name, Some(base));
    }

    /// Opens a draft by its name.
    pub fn open_named(self, name: String) {
        self.open(name, None);
    }

    fn open(self, name: String, base: Option<Base>) {
        self.kept.set(None);
        self.result.set(None);
        self.before.set(None);
        self.seen.set(Arc::default());
        self.context.set(None);
        self.problem.set(None);
        self.waiting.set(Some("Looking for the draft…".to_owned()));
        self.asked.set_value(Some((name.clone(), base.clone())));
        self.opening.set_value(Some(Task::spawn(async move {
            match (drafts::load(&name).await, base) {
                (Ok(Some(kept)), _) => self.show(kept),
                (Ok(None), Some(base)) => self.show(Kept::new(base)),
                (Ok(None), None) => self.fail(drafts::no_draft()),
                (Err(problem), _) => self.fail(problem),
            }
        })));
    }

    /// Tries again what went wrong.
    pub fn retry(self) {
        match self.asked.get_value() {
            Some((name, base)) if self.kept.with_untracked(Option::is_none) => {
                self.open(name, base);
            }
            _ => self.refresh(),
        }
    }

    /// Shows what becomes of a platform.
    pub fn look_at(self, platform: Option<Platform>) {
        let view = View { platform };
        if self.view.with_value(|now| *now != view) {
            self.view.set_value(view);
            self.refresh();
        }
    }

    fn show(self, kept: Kept) {
        self.kept.try_set(Some(Arc::new(kept)));
        self.refresh();
    }

    fn fail(self, problem: jobs::Problem) {
        self.waiting.try_set(None);
        self.settled.try_set(true);
        self.problem.try_set(Some(data::problem(problem)));
    }

    /// The draft, not tracked.
    #[must_use]
    pub fn draft(self) -> Option<Draft> {
        self.kept.with_untracked(|kept| kept.as_ref().map(|kept| kept.draft().clone()))
    }

    /// What becomes of it, when that is known; tracked.
    #[must_use]
    pub fn change(self) -> Option<Arc<Change>> {
        self.result.with(|result| result.as_ref().and_then(|result| result.as_ref().ok().cloned()))
    }

    /// What the edits lead to, or those before the first that can't be done; tracked.
    #[must_use]
    pub fn reached(self) -> Option<Arc<Change>> {
        self.change().or_else(|| self.before.get())
    }

    /// The documents and places that it is made from, once they are loaded.
    #[must_use]
    pub fn sources(self) -> Option<Arc<Sources>> {
        self.sources.with_value(|sources| sources.as_ref().map(|(_, sources)| Arc::clone(sources)))
    }

    /// Adds edits at the end, with the files that they name.
    pub fn add(self, edits: Vec<Edit>, contents: BTreeMap<Digest, Content>) {
        self.alter(move |kept| {
            kept.contents.extend(contents.clone());
            for edit in &edits {
                kept.history.push(edit.clone());
            }
        });
    }

    /// Changes the list of edits.
    pub fn step(self, step: Step, contents: BTreeMap<Digest, Content>) {
        self.alter(move |kept| {
            kept.contents.extend(contents.clone());
            let _done = kept.history.take(step.clone());
        });
    }

    /// Takes the last change back.
    pub fn undo(self) {
        self.alter(|kept| {
            let _done = kept.history.undo();
        });
    }

    /// Does again what was taken back.
    pub fn redo(self) {
        self.alter(|kept| {
            let _done = kept.history.redo();
        });
    }

    /// Remembers where it is to be pushed. A draft without edits is not kept for that.
    pub fn retarget(self, target: String) {
        let changed = self.kept.try_update(|kept| {
            let kept = Arc::make_mut(kept.as_mut()?);
            let changed = kept.target != target;
            kept.target.clone_from(&target);
            (changed && !kept.draft().edits.is_empty()).then_some(())
        });
        if changed.flatten().is_some() {
            let again: Alteration = Rc::new(move |kept| kept.target.clone_from(&target));
            self.unsaved.update_value(|all| all.push(again));
            self.save();
        }
    }

    fn alter(self, change: impl Fn(&mut Kept) + 'static) {
        let change: Alteration = Rc::new(move |kept| {
            change(kept);
            kept.changed = js_sys::Date::now() as u64;
        });
        let altered = self.kept.try_update(|kept| {
            change(Arc::make_mut(kept.as_mut()?));
            Some(())
        });
        self.unsaved.update_value(|all| all.push(change));
        if altered.flatten().is_some() {
            self.save();
            self.refresh();
        }
    }

    // A draft may name 50 000 files. Each step of what follows a change takes a while then, so
    // others have their turn between them.

    fn save(self) {
        let Some(kept) = self.kept.get_untracked() else { return };
        let count = self.count;
        let change = self.saves.with_value(|saves| saves + 1);
        self.saves.set_value(change);
        let name = kept.name.clone();
        // Not a task: it goes on when the reader has left the view.
        spawn_local(async move {
            clock::let_others_run().await;
            if self.saves.try_get_value().is_some_and(|latest| latest != change) {
                return;
            }
            // What is kept is the latest, or what it was when the reader left.
            let mut unsaved = 0;
            let current = || {
                unsaved = self.unsaved.try_with_value(Vec::len).unwrap_or_default();
                self.kept.try_get_untracked().unwrap_or(Some(kept))
            };
            match drafts::save(&name, current).await {
                Ok(Saved::Kept(revision)) => {
                    self.unsaved.try_update_value(|all| {
                        all.drain(..unsaved.min(all.len()));
                    });
                    self.kept.try_update_untracked(|kept| {
                        if let Some(kept) = kept.as_mut().filter(|kept| kept.name == name) {
                            Arc::make_mut(kept).revision = revision;
                        }
                    });
                    count.try_set(drafts::count().await.unwrap_or_default());
                }
                Ok(Saved::Behind) => {
                    self.catch_up(name).await;
                    self.save();
                }
                Ok(Saved::Nothing) => {}
                Err(problem) => {
                    self.problem.try_set(Some(data::problem(problem)));
                }
            }
        });
    }

    /// Finds out anew what becomes of the draft, and no longer what became of it as it was.
    pub fn refresh(self) {
        let Some(kept) = self.kept.get_untracked() else { return };
        self.problem.set(None);
        self.settled.set(false);
        let known = self.sources.with_value(|sources| {
            let (of, sources) = sources.as_ref()?;
            edit::same_sources(of, kept.draft()).then(|| Arc::clone(sources))
        });
        if known.is_none() {
            self.waiting.set(Some("Loading the documents of the images…".to_owned()));
            self.build.set_value(None);
        }
        self.loading.set_value(Some(Task::spawn(async move {
            clock::let_others_run().await;
            let sources = match known {
                Some(sources) => sources,
                None => match edit::load(kept.draft()).await {
                    Ok(sources) => Arc::new(sources),
                    Err(problem) => return self.fail(problem),
                },
            };
            let of = kept.draft().clone();
            drop(kept);
            self.sources.try_set_value(Some((of, Arc::clone(&sources))));
            self.apply(&sources).await;
        })));
    }

    async fn apply(self, sources: &Arc<Sources>) {
        let Some(kept) = self.kept.try_get_untracked().flatten() else { return };
        match self.find_out(&kept, sources).await {
            Some(change) if !change.pending.is_empty() => {
                self.start(change, (*kept).clone(), Arc::clone(sources));
            }
            _ => {
                self.build.try_set_value(None);
                self.building.try_set(BTreeMap::new());
            }
        }
    }

    /// Shows what becomes of the draft as it was, and gives it when all edits can be done.
    async fn find_out(self, kept: &Kept, sources: &Sources) -> Option<Arc<Change>> {
        let view = self.view.try_get_value();
        let applied = edit::apply(kept, sources, view).await;
        let Applied { change, refused, seen, mut context } = match applied {
            Ok(applied) => applied,
            Err(problem) => {
                self.fail(problem);
                return None;
            }
        };
        for layer in &mut context.layers {
            layer.step = format::visible(&layer.step);
        }
        let context = change.is_some().then(|| Arc::new(context));
        let (before, result) = match (refused, change) {
            (Some(refused), before) => (before, Some(Err(refused))),
            (None, change) => (None, change.map(Ok)),
        };
        let whole = result.as_ref().and_then(|result| result.as_ref().ok().cloned());
        self.waiting.try_set(None);
        self.before.try_set(before);
        self.seen.try_set(Arc::new(seen));
        self.context.try_set(context);
        self.result.try_set(result);
        self.settled.try_set(true);
        clock::let_others_run().await;
        whole
    }
}
