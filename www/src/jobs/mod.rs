//! What pages ask for and wait for: long work as async functions, without Leptos.
//!
//! Every function here stops what it started as soon as its future is dropped. A page that is not
//! itself a future keeps a [`Task`], and stops the work by dropping it.
//!
//! ```text
//! page -> jobs::verify::run -> documents: net::Registries (main thread)
//!                           -> layers:    worker::Pool    (workers)
//! page -> jobs::tree::open  -> layers:    worker::Pool
//!                           -> rows:      one worker that holds indexes, overlay and tree
//! ```

pub mod blob;
pub mod build;
mod bytes;
pub mod compare;
pub mod copy;
pub mod diff;
pub mod drafts;
pub mod edit;
pub mod file;
pub mod gather;
pub mod graph;
pub mod local;
mod obtain;
pub mod packages;
pub mod patch;
mod payload;
pub mod preview;
pub mod push;
pub mod remembered;
pub mod save;
pub mod search;
pub mod source;
pub mod tags;
pub mod tree;
mod uploads;
pub mod verify;

use std::cell::Cell;
use std::future::Future;

use drydock::source::Documents;
use futures_util::future::{AbortHandle, abortable};

pub use crate::net::problem::{Problem, ProblemKind};
pub use crate::worker::Progress;

use crate::net::registries::Registries;
use crate::worker::pool::Pool;

/// Everything that lives as long as the tab: logins, tokens, workers, what was verified.
#[derive(Debug)]
pub struct Tab {
    /// One client per registry, with its logins, tokens, warnings and limits.
    pub registries: Registries,
    /// Archives that were opened.
    pub local: local::Local,
    /// Drafts that were opened as images.
    pub previews: preview::Previews,
    /// Documents that were verified, by digest.
    pub documents: Documents,
    /// The workers.
    pub pool: Pool,
    /// Pushes and copies that are being carried out.
    pub moving: UnderWay,
}

/// The tab's one [`Tab`]; made when it is first asked for.
#[must_use]
pub fn tab() -> &'static Tab {
    thread_local! {
        static TAB: &'static Tab = Box::leak(Box::new(Tab::new()));
    }
    TAB.with(|tab| *tab)
}

impl Tab {
    fn new() -> Self {
        let registries = Registries::new();
        let pool = Pool::new(registries.clone());
        let local = local::Local::default();
        let previews = preview::Previews::default();
        let (documents, moving) = (Documents::default(), UnderWay::default());
        Self { registries, local, previews, documents, pool, moving }
    }
}

/// Work that runs until it is done or until this is dropped.
#[derive(Debug)]
#[must_use = "the work stops when this is dropped"]
pub struct Task(AbortHandle);

impl Task {
    /// Starts the work.
    pub fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        let (work, handle) = abortable(work);
        wasm_bindgen_futures::spawn_local(async {
            let _stopped = work.await;
        });
        Self(handle)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How much work of a kind is under way.
#[derive(Debug, Default)]
pub struct UnderWay(Cell<usize>);

impl UnderWay {
    /// Counts a piece of work until what is given is dropped.
    #[must_use]
    pub fn begin(&self) -> impl Drop + use<'_> {
        self.0.set(self.0.get().saturating_add(1));
        Ended(self)
    }

    /// Whether there is any.
    #[must_use]
    pub fn any(&self) -> bool {
        self.0.get() > 0
    }
}

struct Ended<'a>(&'a UnderWay);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get().saturating_sub(1));
    }
}

/// The type of a layer of which nobody says it, as in a recipe: its first bytes do.
const UNTOLD: &str = "application/octet-stream";

/// An answer that does not fit the question: page and worker are of different versions, as after an
/// update of the server.
pub fn no_sense() -> Problem {
    let headline = "This page is older or newer than its parts that were loaded later, as after an update of the server.";
    Problem::new(ProblemKind::Worker, headline).advise("Reload it.")
}
