//! What forms asked for and is not in the draft yet: files on their way onto disk, references that
//! are being pinned.

use std::collections::VecDeque;
use std::sync::Arc;

use drydock::edit::{Bases, Contents, Edit, Step};
use leptos::prelude::*;

use super::complete::{Complete, complete};
use super::state::Editing;
use crate::components::{Problem, ProgressRow, Transfer, Wanted, format};
use crate::jobs::{self, ProblemKind, Progress, Task};
use crate::leaving::Stake;
use crate::net::clock;
use crate::pages::data;
use crate::pages::trouble::Trouble;

/// What one form asked for.
pub(super) struct Asked {
    /// What it comes to.
    pub(super) wanted: Vec<Wanted>,
    /// The edit that it takes the place of, and that one's place from 0.
    pub(super) change: Option<(usize, Edit)>,
}

/// What one form asked for, and in which draft it is to be.
struct Waiting {
    asked: Asked,
    draft: Option<String>,
}

/// What is being taken into a draft, one form after the other.
#[derive(Clone, Copy)]
pub(super) struct Taking {
    editing: Editing,
    /// The first is under way, or has failed.
    queue: RwSignal<VecDeque<Arc<Waiting>>, LocalStorage>,
    progress: RwSignal<Option<Transfer>>,
    problem: RwSignal<Option<Problem>>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Taking {
    pub(super) fn new(editing: Editing) -> Self {
        let queue = RwSignal::new_local(VecDeque::new());
        let stake = StoredValue::new_local(None);
        Effect::new(move |_| {
            let waits = queue.with(|queue: &VecDeque<_>| !queue.is_empty());
            stake.set_value(waits.then(Stake::of_view));
        });
        Self {
            editing,
            queue,
            progress: RwSignal::new(None),
            problem: RwSignal::new(None),
            task: StoredValue::new_local(None),
        }
    }

    /// Takes what a form asked for, after what was asked before it.
    pub(super) fn ask(self, asked: Asked) {
        let waiting = Arc::new(Waiting { asked, draft: self.draft() });
        self.queue.update(|queue| queue.push_back(waiting));
        if self.queue.with_untracked(VecDeque::len) == 1 {
            self.go_on();
        }
    }

    /// Whether something is not in the draft yet; tracked.
    pub(super) fn is_waited_for(self) -> bool {
        self.queue.with(|queue| !queue.is_empty())
    }

    /// Tries what has failed once more.
    fn retry(self) {
        if self.problem.with_untracked(Option::is_some) {
            self.go_on();
        }
    }

    /// Tries once more what a login may have mended.
    pub(super) fn logged_in(self) {
        if self.problem.with_untracked(|it| it.as_ref().is_some_and(|it| it.login)) {
            self.go_on();
        }
    }

    /// Gives up what is under way or has failed, and goes on with what was asked after it.
    fn discard(self) {
        self.task.set_value(None);
        self.queue.update(|queue| {
            queue.pop_front();
        });
        self.go_on();
    }

    fn go_on(self) {
        self.problem.set(None);
        self.progress.set(None);
        self.task.set_value(Some(Task::spawn(async move {
            while let Some(waiting) = self.next() {
                if let Err(problem) = self.take(&waiting).await {
                    self.problem.try_set(Some(data::problem(problem)));
                    return;
                }
                self.queue.try_update(VecDeque::pop_front);
            }
        })));
    }

    fn next(self) -> Option<Arc<Waiting>> {
        self.queue.try_with_untracked(|queue| queue.front().cloned()).flatten()
    }

    /// The name of the draft that is open.
    fn draft(self) -> Option<String> {
        self.editing.kept.with_untracked(|kept| kept.as_ref().map(|kept| kept.name.clone()))
    }

    async fn take(self, waiting: &Waiting) -> Result<(), jobs::Problem> {
        let Waiting { asked, draft } = waiting;
        let sources = self.editing.sources();
        let bases = sources.map(|sources| Bases::of(&sources.image)).unwrap_or_default();
        let began = js_sys::Date::now();
        let total = Some(asked.wanted.iter().map(Wanted::size).sum()).filter(|size| *size > 0);
        let transfer = move |done| {
            let elapsed = js_sys::Date::now() - began;
            self.progress.try_set(Some(Transfer { done, total, elapsed }));
        };
        transfer(0);
        let on_progress = move |now: Progress| transfer(now.downloaded);
        let Complete { edits, contents } =
            complete(asked.wanted.clone(), bases, on_progress).await?;
        clock::let_others_run().await;
        if self.draft() != *draft {
            return Err(jobs::Problem::new(
                ProblemKind::Content,
                "Another draft is open now than the one that this was for.",
            )
            .advise("Discard it here, and ask for it there."));
        }
        match self.place(asked) {
            Some(at) => self.replace(at, edits, contents),
            None => self.editing.add(edits, contents),
        }
        Ok(())
    }

    /// Where the edit is now that is to be changed: the list may have become another meanwhile.
    fn place(self, asked: &Asked) -> Option<usize> {
        let (at, edit) = asked.change.as_ref()?;
        let edits = self.editing.draft()?.edits;
        if edits.get(*at) == Some(edit) {
            return Some(*at);
        }
        edits.iter().position(|other| other == edit)
    }

    /// Puts edits in the place of one.
    fn replace(self, at: usize, edits: Vec<Edit>, mut contents: Contents) {
        for (offset, edit) in edits.into_iter().enumerate() {
            let edit = Box::new(edit);
            let step = match offset {
                0 => Step::Replace { at, edit },
                _ => Step::Insert { at: at + offset, edit },
            };
            self.editing.step(step, std::mem::take(&mut contents));
        }
    }
}

/// What is under way, with a way to stop it; what has failed, with ways to mend it.
#[component]
pub(super) fn TakingPanel(taking: Taking) -> impl IntoView {
    let what = Signal::derive(move || {
        let later = taking.queue.with(VecDeque::len).saturating_sub(1);
        match later {
            0 => "Taking it into the draft".to_owned(),
            _ => format!(
                "Taking it into the draft, and then {} more",
                format::plural(later, "edit", "edits")
            ),
        }
    });
    let runs = move || taking.is_waited_for() && taking.problem.with(Option::is_none);
    let stop = Callback::new(move |()| taking.discard());
    let retry = Callback::new(move |()| taking.retry());
    view! {
        <Show when=runs>
            <div class="card" role="status">
                <ProgressRow what transfer=taking.progress cancel=stop />
            </div>
        </Show>
        {move || {
            taking
                .problem
                .get()
                .map(|problem| view! { <Trouble problem registry="" retry discard=stop /> })
        }}
    }
}
