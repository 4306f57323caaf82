//! What is read from a blob: at once when it is small, else when somebody asks for it.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use leptos::prelude::*;

use crate::components::{ErrorPanel, Problem, ProgressRow, Transfer};
use crate::jobs::{self, Task};
use crate::pages::data;

/// Size in bytes up to which a blob is read as soon as its view is opened.
const AT_ONCE: u64 = 1 << 20;

/// How far it is.
#[derive(Clone, Debug)]
enum State<T> {
    Not,
    Busy,
    Here(T),
    Failed(Problem),
}

/// The reading of one blob.
pub(super) struct Read<T: 'static> {
    size: u64,
    state: RwSignal<State<T>, LocalStorage>,
    transfer: RwSignal<Option<Transfer>>,
    task: StoredValue<Option<Task>, LocalStorage>,
    work: StoredValue<Work<T>, LocalStorage>,
}

type Work<T> = Rc<dyn Fn(Arrived) -> LocalBoxFuture<'static, Result<T, jobs::Problem>>>;

impl<T: 'static> Clone for Read<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for Read<T> {}

impl<T: Clone + 'static> Read<T> {
    /// Of a blob of so many bytes; `work` begins it and is told where to say how many have come.
    pub(super) fn new<F>(size: u64, work: impl Fn(Arrived) -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, jobs::Problem>> + 'static,
    {
        let work: Work<T> = Rc::new(move |arrived| work(arrived).boxed_local());
        let read = Self {
            size,
            state: RwSignal::new_local(State::Not),
            transfer: RwSignal::new(None),
            task: StoredValue::new_local(None),
            work: StoredValue::new_local(work),
        };
        if size <= AT_ONCE {
            read.start();
        }
        read
    }

    pub(super) fn start(self) {
        self.state.set(State::Busy);
        self.transfer.set(None);
        let began = js_sys::Date::now();
        let arrived = Arrived { size: self.size, began, transfer: self.transfer };
        let work = self.work.with_value(|work| work(arrived));
        self.task.set_value(Some(Task::spawn(async move {
            self.state.try_set(match work.await {
                Ok(value) => State::Here(value),
                Err(problem) => State::Failed(data::problem(problem)),
            });
        })));
    }

    fn stop(self) {
        self.task.set_value(None);
        self.state.set(State::Not);
    }

    /// Shows how far it is: `ask` before it has begun, `what` while it goes on, `show` when it is here.
    pub(super) fn view(
        self,
        what: &'static str,
        ask: impl Fn(u64) -> AnyView + Send + 'static,
        show: impl Fn(T) -> AnyView + Send + 'static,
    ) -> impl Fn() -> AnyView + Send + 'static {
        let stop = Callback::new(move |()| self.stop());
        let retry = Callback::new(move |()| self.start());
        move || match self.state.get() {
            State::Not => view! { <div class="body">{ask(self.size)}</div> }.into_any(),
            State::Busy => {
                view! { <ProgressRow what transfer=self.transfer cancel=stop /> }.into_any()
            }
            State::Failed(problem) => view! {
                <div class="body">
                    <ErrorPanel problem retry />
                </div>
            }
            .into_any(),
            State::Here(value) => show(value),
        }
    }
}

/// Takes how many bytes have come.
#[derive(Clone, Copy)]
pub(super) struct Arrived {
    size: u64,
    began: f64,
    transfer: RwSignal<Option<Transfer>>,
}

impl Arrived {
    pub(super) fn tell(self, done: u64) {
        let elapsed = js_sys::Date::now() - self.began;
        self.transfer.try_set(Some(Transfer { done, total: Some(self.size), elapsed }));
    }
}
