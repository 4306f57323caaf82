//! A draft that is being edited, as signals: they mirror a [`Session`], which knows what comes next.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::view::FormContext;
use drydock::edit::{
    Alteration, Answer, Base, Blocked, Change, Contents, Draft, Edit, Made, Order, Pinned,
    RecipeId, Refused, Saved, Seen, Session, State, Step, StoredDraft,
};
use drydock::platform::Platform;
use drydock::reference::Reference;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::{Problem, Transfer};
use crate::jobs::drafts::{self, Listening};
use crate::jobs::edit::{self, Sources};
use crate::jobs::{self, Task};
use crate::net::clock;
use crate::pages::data;

/// A draft, the revision that it follows, and how much of what is unsaved is in it.
type ToKeep = (Arc<StoredDraft>, u64, usize);

/// The draft that is open, with all that is known of it.
#[derive(Clone, Copy)]
pub struct Editing {
    session: RwSignal<Session<Arc<Sources>, Problem>>,
    /// The draft; none before it was read.
    pub kept: Memo<Option<Arc<StoredDraft>>>,
    /// What the edits lead to, those of the draft as it is or as it was.
    answer: Memo<Answer>,
    /// What forms begin with, once that is known.
    pub context: Memo<Option<Arc<FormContext>>>,
    /// Whether all of this is about the draft as it is now.
    pub settled: Memo<bool>,
    /// What is being waited for.
    pub waiting: Memo<Option<&'static str>>,
    /// What went wrong outside of the edits themselves.
    pub problem: Memo<Option<Problem>>,
    /// Why the result can't be pushed yet.
    pub blocked: Memo<Option<Blocked>>,
    /// Layers that are being built, and how far each is.
    pub building: RwSignal<BTreeMap<RecipeId, Transfer>>,
    /// How many drafts this browser keeps, as the bar shows it.
    count: RwSignal<usize>,
    asking: StoredValue<Option<Task>, LocalStorage>,
    build: StoredValue<Option<Task>, LocalStorage>,
    listening: StoredValue<Option<Listening>, LocalStorage>,
}

impl Editing {
    /// Nothing is open. `count` is told how many drafts there are.
    #[must_use]
    pub fn new(count: RwSignal<usize>) -> Self {
        let session = RwSignal::new(Session::default());
        let editing = Self {
            session,
            kept: shared(move || session.with(|session| session.kept().cloned())),
            answer: Memo::new_with_compare(
                move |_| session.with(|session| session.answer().clone()),
                |one, other| !one.zip(other).is_some_and(|(one, other)| is_same(one, other)),
            ),
            context: shared(move || session.with(|session| session.answer().form.clone())),
            settled: Memo::new(move |_| session.with(Session::is_settled)),
            waiting: Memo::new(move |_| session.with(waiting)),
            problem: Memo::new(move |_| session.with(|session| session.problem().cloned())),
            blocked: Memo::new(move |_| session.with(Session::blocked)),
            building: RwSignal::new(BTreeMap::new()),
            count,
            asking: StoredValue::new_local(None),
            build: StoredValue::new_local(None),
            listening: StoredValue::new_local(None),
        };
        // Other tabs may change the same draft; this one hears itself, too.
        let heard = move |name: String, revision: Option<u64>| {
            let Some(revision) = revision else { return };
            // Nothing is seen of it before it was read.
            let orders = session.try_update_untracked(|session| session.heard(&name, revision));
            editing.carry_out(orders.unwrap_or_default());
        };
        editing.listening.set_value(drafts::listen(heard));
        editing
    }

    /// Opens the draft of an image: the one that this browser keeps, or a new one.
    pub fn open_image(self, reference: Reference, digest: &Digest) {
        let base = Base::Image(Pinned::new(reference, digest.clone()));
        self.step_session(|session| session.open(drafts::name(&base), Some(base)));
    }

    /// Opens a draft by its name.
    pub fn open_named(self, name: String) {
        self.step_session(|session| session.open(name, None));
    }

    /// There is nothing to edit.
    pub fn fail(self, problem: Problem) {
        self.step_session(|session| session.failed(problem));
    }

    /// Tries again what went wrong.
    pub fn retry(self) {
        self.step_session(Session::retry);
    }

    /// Finds out anew what becomes of the draft.
    pub fn refresh(self) {
        self.step_session(Session::refresh);
    }

    /// Shows what becomes of a platform.
    pub fn look_at(self, platform: Option<Platform>) {
        self.step_session(|session| session.look_at(platform));
    }

    /// Stops building; the layers that are done are kept.
    pub fn stop(self) {
        self.step_session(|session| session.stop(data::problem(jobs::Problem::stopped())));
    }

    /// The draft, not tracked.
    #[must_use]
    pub fn draft(self) -> Option<Draft> {
        self.session.with_untracked(|session| session.kept().map(|kept| kept.draft().clone()))
    }

    /// What becomes of it, when that is known; tracked.
    #[must_use]
    pub fn change(self) -> Option<Arc<Change>> {
        self.answer.with(|answer| answer.whole().cloned())
    }

    /// What the edits lead to, or those before the first that can't be done; tracked.
    #[must_use]
    pub fn reached(self) -> Option<Arc<Change>> {
        self.answer.with(|answer| answer.change.clone())
    }

    /// Why the edits can't all be done; tracked.
    #[must_use]
    pub fn refused(self) -> Option<Refused> {
        self.answer.with(|answer| answer.refused.clone())
    }

    /// What the draft makes of the platform that is shown; tracked.
    #[must_use]
    pub fn seen(self) -> Arc<Seen> {
        self.answer.with(|answer| Arc::clone(&answer.seen))
    }

    /// The documents and places that it is made from, once they are loaded; not tracked.
    #[must_use]
    pub fn sources(self) -> Option<Arc<Sources>> {
        self.session.with_untracked(|session| session.sources().cloned())
    }

    /// Adds edits at the end, with the files that they name.
    pub fn add(self, edits: Vec<Edit>, contents: Contents) {
        self.alter(Alteration::Add(edits, contents));
    }

    /// Changes the list of edits.
    pub fn step(self, step: Step, contents: Contents) {
        self.alter(Alteration::Take(step, contents));
    }

    /// Takes the last change back.
    pub fn undo(self) {
        self.alter(Alteration::Undo);
    }

    /// Does again what was taken back.
    pub fn redo(self) {
        self.alter(Alteration::Redo);
    }

    /// Remembers where it is to be pushed.
    pub fn retarget(self, target: String) {
        self.alter(Alteration::Target(target));
    }

    fn alter(self, alteration: Alteration) {
        self.step_session(|session| session.alter(alteration, now()));
    }

    fn step_session(self, step: impl FnOnce(&mut Session<Arc<Sources>, Problem>) -> Vec<Order>) {
        let orders = self.session.try_update(step);
        self.carry_out(orders.unwrap_or_default());
    }

    // A draft may name 50 000 files. Each step of what follows a change takes a while then, so
    // others have their turn between them.

    fn carry_out(self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Find(round, name) => self.ask(async move || self.find(round, name).await),
                Order::Load(round) => self.ask(async move || self.load(round).await),
                Order::Ask(round) => self.ask(async move || self.find_out(round).await),
                Order::Build(round) => self.start(round),
                Order::Stop => {
                    self.build.try_set_value(None);
                    self.building.try_set(BTreeMap::new());
                }
                // Neither is a task: they go on when the reader has left the view.
                Order::Keep(number) => {
                    if let Some(kept) = self.to_keep() {
                        spawn_local(self.keep(number, kept));
                    }
                }
                Order::CatchUp => spawn_local(self.catch_up()),
            }
        }
    }

    /// Asks something, and no longer what was asked before.
    fn ask(self, question: impl AsyncFnOnce() + 'static) {
        self.asking.try_set_value(Some(Task::spawn(async move {
            clock::let_others_run().await;
            question().await;
        })));
    }

    async fn find(self, round: u64, name: String) {
        let base = self.session.try_with_untracked(|session| session.base().cloned()).flatten();
        let found = drafts::find(&name, base).await.map_err(data::problem);
        self.step_session(|session| session.found(round, found));
    }

    async fn load(self, round: u64) {
        let Some(kept) = self.now() else { return };
        let loaded = edit::load(kept.draft()).await.map(Arc::new).map_err(data::problem);
        drop(kept);
        self.step_session(|session| session.loaded(round, loaded));
    }

    async fn find_out(self, round: u64) {
        let known = self.session.try_with_untracked(|session| {
            let sources = session.sources().cloned()?;
            Some((session.kept().cloned()?, sources, session.shown().cloned()))
        });
        let Some((kept, sources, shown)) = known.flatten() else { return };
        let view = Some(edit::View { platform: shown });
        let answer = edit::apply(&kept, &sources, view).await.map_err(data::problem);
        drop(kept);
        self.step_session(|session| session.answered(round, answer));
    }

    fn start(self, round: u64) {
        self.building.set(BTreeMap::new());
        let known = self.session.with_untracked(|session| {
            let change = session.answer().whole().cloned()?;
            Some((change, session.kept().cloned()?, session.sources().cloned()?))
        });
        let Some((change, kept, sources)) = known else { return };
        self.build.set_value(Some(Task::spawn(async move {
            clock::let_others_run().await;
            let began = js_sys::Date::now();
            let on_progress = move |id: &RecipeId, progress: jobs::Progress| {
                let elapsed = js_sys::Date::now() - began;
                let transfer = Transfer { done: progress.unpacked, total: None, elapsed };
                self.building.try_update(|building| building.insert(id.clone(), transfer));
            };
            let on_built = move |id: &RecipeId, made: &Made| {
                self.building.try_update(|building| building.remove(id));
                self.step_session(|session| session.built(round, id.clone(), made.clone(), now()));
            };
            let built = edit::build(&change, &kept, &sources, on_progress, on_built).await;
            drop(kept);
            self.building.try_set(BTreeMap::new());
            self.step_session(|session| session.finished(round, built.map_err(data::problem)));
        })));
    }

    async fn keep(self, number: u64, then: ToKeep) {
        clock::let_others_run().await;
        let latest = self.session.try_with_untracked(|session| session.is_latest(number));
        if latest == Some(false) {
            return;
        }
        let name = then.0.name.clone();
        // What is kept is the latest, or what it was when the reader left.
        let mut unsaved = 0;
        let current = || {
            let now = self.to_keep().filter(|(kept, ..)| kept.name == name);
            let (kept, revision, in_it) = now.unwrap_or(then);
            unsaved = in_it;
            (kept, revision)
        };
        let saved = drafts::save(&name, current).await;
        if let Ok(Saved::Kept(_)) = saved {
            self.count.try_set(drafts::count().await.unwrap_or_default());
        }
        let saved = saved.map_err(data::problem);
        self.step_session(|session| session.saved(&name, unsaved, saved));
    }

    async fn catch_up(self) {
        let Some(name) = self.now().map(|kept| kept.name.clone()) else { return };
        if let Ok(Some(theirs)) = drafts::load(&name).await {
            self.step_session(|session| session.theirs(theirs));
        }
    }

    fn to_keep(self) -> Option<ToKeep> {
        self.session.try_with_untracked(Session::to_keep).flatten()
    }

    fn now(self) -> Option<Arc<StoredDraft>> {
        self.session.try_with_untracked(|session| session.kept().cloned()).flatten()
    }
}

fn waiting(session: &Session<Arc<Sources>, Problem>) -> Option<&'static str> {
    match session.state() {
        State::Closed => Some("Reading the image…"),
        State::Opening => Some("Looking for the draft…"),
        State::Loading => Some("Loading the documents of the images…"),
        State::Asking if *session.answer() == Answer::default() => {
            Some("Loading the documents of the images…")
        }
        State::Asking | State::Known | State::Failed(_) => None,
    }
}

/// Of something long, which is not compared.
fn shared<T: Send + Sync + 'static>(
    read: impl Fn() -> Option<Arc<T>> + Send + Sync + 'static,
) -> Memo<Option<Arc<T>>> {
    Memo::new_with_compare(
        move |_| read(),
        |one, other| !same(one.and_then(Option::as_ref), other.and_then(Option::as_ref)),
    )
}

fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn is_same(one: &Answer, other: &Answer) -> bool {
    same(one.change.as_ref(), other.change.as_ref())
        && one.refused == other.refused
        && Arc::ptr_eq(&one.seen, &other.seen)
        && same(one.form.as_ref(), other.form.as_ref())
}

/// Milliseconds since 1970.
fn now() -> u64 {
    js_sys::Date::now() as u64
}
