//! How far is the view of a draft: what was asked, what is known, what has to be done next?
//!
//! ```text
//! open -> Find -> found -> Load -> loaded -> Ask -> answered -> Build -> built …, finished -> Ask
//!                  alter -> Keep, and Load or Ask        heard, saved -> CatchUp -> theirs -> Ask
//! ```
//!
//! Every call gives the [`Order`]s that come of it. Whoever carries one out hands in its number with
//! what came of it; what was asked of an earlier state of the draft is dropped.

mod states;

use std::sync::Arc;

use crate::edit::build::Made;
use crate::edit::draft::{Base, Draft};
use crate::edit::recipe::RecipeId;
use crate::edit::stored::{Alteration, StoredDraft};
use crate::platform::Platform;

pub use states::{Answer, Blocked, Order, Saved, State};

/// A draft that is open, with all that is known of it. `S` are the documents of the images that it is
/// made of, `P` is what may go wrong.
#[derive(Clone, Debug)]
pub struct Session<S, P> {
    state: State<P>,
    kept: Option<Arc<StoredDraft>>,
    /// As which revision it is kept. It is not in the draft itself, which is another one whenever it
    /// is written to.
    revision: u64,
    /// The newest revision that somebody, who may be this one, was heard to have kept.
    heard: u64,
    asked: Option<(String, Option<Base>)>,
    /// What was loaded, and for which draft.
    sources: Option<(Draft, S)>,
    shown: Option<Platform>,
    answer: Answer,
    /// The number of the question whose answer counts.
    round: u64,
    /// The number of the build that is under way.
    building: Option<u64>,
    /// What was done since the draft was kept last, and when.
    unsaved: Vec<(Alteration, u64)>,
    /// Number of times that the draft was to be kept.
    keeps: u64,
    /// Why the draft could not be kept.
    unkept: Option<P>,
}

impl<S, P> Default for Session<S, P> {
    fn default() -> Self {
        Self {
            state: State::Closed,
            kept: None,
            revision: 0,
            heard: 0,
            asked: None,
            sources: None,
            shown: None,
            answer: Answer::default(),
            round: 0,
            building: None,
            unsaved: Vec::new(),
            keeps: 0,
            unkept: None,
        }
    }
}

impl<S: Clone, P: Clone> Session<S, P> {
    /// How far it is.
    #[must_use]
    pub fn state(&self) -> &State<P> {
        &self.state
    }

    /// The draft; none before it was found.
    #[must_use]
    pub fn kept(&self) -> Option<&Arc<StoredDraft>> {
        self.kept.as_ref()
    }

    /// What the edits lead to, those of the draft as it is or as it was.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// The platform that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Platform> {
        self.shown.as_ref()
    }

    /// What was loaded of the images that the draft is made of.
    #[must_use]
    pub fn sources(&self) -> Option<&S> {
        self.sources.as_ref().map(|(_, sources)| sources)
    }

    /// Whether what is known is about the draft as it is, or nothing more will be known.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.state, State::Known | State::Failed(_))
    }

    /// What went wrong outside of the edits themselves.
    #[must_use]
    pub fn problem(&self) -> Option<&P> {
        match &self.state {
            State::Failed(problem) => Some(problem),
            _ => self.unkept.as_ref(),
        }
    }

    /// Why the result can't be pushed yet.
    #[must_use]
    pub fn blocked(&self) -> Option<Blocked> {
        match self.answer.whole() {
            None if self.problem().is_some() => Some(Blocked::Failed),
            None if self.answer.refused.is_none() => Some(Blocked::Reading),
            None => Some(Blocked::Refused),
            Some(change) if change.is_pending() => Some(Blocked::Building(change.pending.len())),
            Some(_) => (!self.is_settled()).then_some(Blocked::Asking),
        }
    }

    /// Opens a draft by its name, and begins it on a base where there is none yet. One that is open
    /// already, or looked for, stays as it is.
    pub fn open(&mut self, name: String, base: Option<Base>) -> Vec<Order> {
        let is_asked = self.asked.as_ref().is_some_and(|(asked, _)| *asked == name);
        let is_sought = is_asked && matches!(self.state, State::Opening);
        if is_sought || self.kept.as_ref().is_some_and(|kept| kept.name == name) {
            return Vec::new();
        }
        self.kept = None;
        self.answer = Answer::default();
        self.unsaved.clear();
        self.unkept = None;
        self.state = State::Opening;
        self.asked = Some((name.clone(), base));
        self.round += 1;
        let mut orders = self.stop_building();
        orders.push(Order::Find(self.round, name));
        orders
    }

    /// The base on which a draft is begun that is not there yet.
    #[must_use]
    pub fn base(&self) -> Option<&Base> {
        self.asked.as_ref()?.1.as_ref()
    }

    /// Takes the draft that was looked for.
    pub fn found(&mut self, round: u64, found: Result<StoredDraft, P>) -> Vec<Order> {
        match found {
            _ if round != self.round => Vec::new(),
            Ok(kept) => {
                self.revision = kept.revision;
                self.kept = Some(Arc::new(kept));
                self.refresh()
            }
            Err(problem) => self.failed(problem),
        }
    }

    /// Takes the documents of the images.
    pub fn loaded(&mut self, round: u64, loaded: Result<S, P>) -> Vec<Order> {
        match (loaded, &self.kept) {
            (Ok(sources), Some(kept)) if round == self.round => {
                self.sources = Some((kept.draft().clone(), sources));
                self.state = State::Asking;
                vec![Order::Ask(round)]
            }
            (Err(problem), _) if round == self.round => self.failed(problem),
            _ => Vec::new(),
        }
    }

    /// Takes what the edits lead to. What is to be built of it is built anew: it may no longer be what
    /// is being built.
    pub fn answered(&mut self, round: u64, answered: Result<Answer, P>) -> Vec<Order> {
        if round != self.round {
            return Vec::new();
        }
        let mut orders = self.stop_building();
        match answered {
            Ok(answer) => self.answer = answer,
            Err(problem) => {
                self.state = State::Failed(problem);
                return orders;
            }
        }
        self.state = State::Known;
        let pending = self.answer.whole().map(|change| change.pending.as_slice());
        let pending = pending.unwrap_or_default();
        let is_built =
            |id: &RecipeId| self.kept.as_ref().is_some_and(|it| it.built.contains_key(id));
        if pending.is_empty() {
            return orders;
        }
        // While the question was open the last of them may have been built.
        if pending.iter().all(is_built) {
            orders.extend(self.refresh());
        } else {
            self.building = Some(round);
            orders.push(Order::Build(round));
        }
        orders
    }

    /// Takes a layer that was built.
    pub fn built(&mut self, round: u64, id: RecipeId, made: Made, now: u64) -> Vec<Order> {
        match self.building == Some(round) {
            true => self.alter(Alteration::Built(id, made), now),
            false => Vec::new(),
        }
    }

    /// Takes that all layers were built, or why they were not.
    pub fn finished(&mut self, round: u64, finished: Result<(), P>) -> Vec<Order> {
        if self.building != Some(round) {
            return Vec::new();
        }
        self.building = None;
        match finished {
            Ok(()) => self.refresh(),
            Err(problem) => self.failed(problem),
        }
    }

    /// Builds no longer, and says why; the layers that are done are kept.
    pub fn stop(&mut self, why: P) -> Vec<Order> {
        self.state = State::Failed(why);
        self.building = None;
        vec![Order::Stop]
    }

    /// Takes that there is nothing to open, and why.
    pub fn failed(&mut self, problem: P) -> Vec<Order> {
        self.state = State::Failed(problem);
        Vec::new()
    }

    /// Does something to the draft, at a time in milliseconds since 1970.
    pub fn alter(&mut self, alteration: Alteration, now: u64) -> Vec<Order> {
        let Some(kept) = &mut self.kept else { return Vec::new() };
        if let Alteration::Target(target) = &alteration
            && *target == kept.target
        {
            return Vec::new();
        }
        let kept = Arc::make_mut(kept);
        let _done = kept.alter(&alteration, now);
        // A draft without edits is not kept for the sake of its target.
        if matches!(alteration, Alteration::Target(_)) && kept.draft().edits.is_empty() {
            return Vec::new();
        }
        let is_edit = alteration.is_edit();
        self.unsaved.push((alteration, now));
        let mut orders = vec![self.keep()];
        if is_edit {
            orders.extend(self.refresh());
        }
        orders
    }

    /// Shows what becomes of another platform.
    pub fn look_at(&mut self, platform: Option<Platform>) -> Vec<Order> {
        match self.shown == platform {
            true => Vec::new(),
            false => {
                self.shown = platform;
                self.refresh()
            }
        }
    }

    /// Finds out anew what becomes of the draft, and no longer what became of it as it was.
    pub fn refresh(&mut self) -> Vec<Order> {
        let Some(kept) = &self.kept else { return Vec::new() };
        self.round += 1;
        self.unkept = None;
        let sources = self.sources.as_ref();
        if sources.is_some_and(|(of, _)| of.is_made_of_the_same(kept.draft())) {
            self.state = State::Asking;
            return vec![Order::Ask(self.round)];
        }
        self.state = State::Loading;
        let mut orders = self.stop_building();
        orders.push(Order::Load(self.round));
        orders
    }

    /// Tries again what went wrong.
    pub fn retry(&mut self) -> Vec<Order> {
        match self.asked.clone() {
            Some((name, base)) if self.kept.is_none() => self.open(name, base),
            _ => self.refresh(),
        }
    }

    /// Hears that somebody, who may be this one, has kept a draft. While this one keeps it, what comes
    /// of that is waited for.
    pub fn heard(&mut self, name: &str, revision: u64) -> Vec<Order> {
        if self.kept.as_ref().is_none_or(|kept| kept.name != name) {
            return Vec::new();
        }
        self.heard = self.heard.max(revision);
        if self.unsaved.is_empty() || self.unkept.is_some() { self.catch_up() } else { Vec::new() }
    }

    fn catch_up(&self) -> Vec<Order> {
        (self.heard > self.revision).then_some(Order::CatchUp).into_iter().collect()
    }

    /// Takes what somebody else has kept, and does on it again what was done here since.
    pub fn theirs(&mut self, mut theirs: StoredDraft) -> Vec<Order> {
        let kept = self.kept.as_ref().filter(|kept| kept.name == theirs.name);
        if kept.is_none() || theirs.revision <= self.revision {
            return Vec::new();
        }
        self.revision = theirs.revision;
        for (alteration, when) in &self.unsaved {
            let _done = theirs.alter(alteration, *when);
        }
        self.kept = Some(Arc::new(theirs));
        let mut orders = Vec::new();
        if !self.unsaved.is_empty() {
            orders.push(self.keep());
        }
        orders.extend(self.refresh());
        orders
    }

    /// Whether nothing has come after the order of this number to keep the draft.
    #[must_use]
    pub fn is_latest(&self, keep: u64) -> bool {
        self.keeps == keep
    }

    /// The draft as it is to be kept now, the revision that it follows, and how much of what is unsaved
    /// is in it.
    #[must_use]
    pub fn to_keep(&self) -> Option<(Arc<StoredDraft>, u64, usize)> {
        Some((self.kept.clone()?, self.revision, self.unsaved.len()))
    }

    /// Takes what came of keeping the draft of a name with `unsaved` alterations.
    pub fn saved(&mut self, name: &str, unsaved: usize, saved: Result<Saved, P>) -> Vec<Order> {
        if self.kept.as_ref().is_none_or(|kept| kept.name != name) {
            return Vec::new();
        }
        match saved {
            Ok(Saved::Kept(revision)) => {
                self.revision = revision;
                self.unsaved.drain(..unsaved.min(self.unsaved.len()));
                self.catch_up()
            }
            Ok(Saved::Behind) => vec![Order::CatchUp],
            Err(problem) => {
                self.unkept = Some(problem);
                self.catch_up()
            }
        }
    }

    fn keep(&mut self) -> Order {
        self.keeps += 1;
        Order::Keep(self.keeps)
    }

    fn stop_building(&mut self) -> Vec<Order> {
        self.building.take().map(|_| Order::Stop).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
