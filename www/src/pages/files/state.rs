//! What the parts of the files view share.

use std::rc::Rc;

use drydock::inspect::tree::{Query, Row, Scope, Shown as Statuses, Sort, Summary};
use leptos::prelude::*;

use super::super::model::ContentModel;
use super::super::shown::{Shown, shown};
use crate::components::Problem;
use crate::jobs::Task;
use crate::jobs::tree::{self, Layer, LayerState, Tree};
use crate::route::{EntryPath, FilesView, ImageRoute, Route, Tree as Which, View};
use crate::state::{Ui, ui};

/// How far the tree is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// Its layers are being read.
    Opening,
    /// It can be asked.
    Open,
    /// It can't be had.
    Failed(Problem),
}

/// Changes of a layer up to which all its directories are opened for the reader.
const FEW: usize = 400;

async fn show(tree: &Tree, query: Query) -> Result<Summary, crate::jobs::Problem> {
    let is_changes = matches!(query.scope, Scope::Changes(_));
    let summary = tree.set_query(query).await?;
    if is_changes && summary.paths <= FEW { tree.expand_all().await } else { Ok(summary) }
}

/// The tree as signals; a context below the files view.
#[derive(Clone, Copy)]
pub(super) struct Files {
    /// Where in the tree the reader is.
    pub(super) view: Memo<FilesView>,
    /// How many layers there are.
    pub(super) layers: usize,
    /// The layers whose files can't be shown, one sentence each.
    pub(super) not_shown: StoredValue<Vec<String>>,
    /// How far it is.
    pub(super) phase: RwSignal<Phase>,
    /// How far each layer is while it opens, base first, with its size; none while it waits.
    pub(super) progress: RwSignal<Vec<(Option<LayerState>, u64)>>,
    /// Number of rows and of paths.
    pub(super) summary: RwSignal<Summary>,
    /// Counts what changed the rows, so that they are asked for again.
    pub(super) turn: RwSignal<u64>,
    /// The row that the list scrolls to next.
    pub(super) scroll_to: RwSignal<Option<usize>>,
    /// Whether what the address names is a folder; then a narrow page shows the list.
    pub(super) folder: RwSignal<bool>,
    /// Whether a narrow page shows what is known of the folder nevertheless.
    pub(super) about: RwSignal<bool>,
    /// The chosen path that was found, and what stands there.
    pub(super) found: RwSignal<Option<(EntryPath, Row)>>,
    /// What last went wrong with a question.
    pub(super) trouble: RwSignal<Option<String>>,
    tree: StoredValue<Option<Rc<Tree>>, LocalStorage>,
    task: StoredValue<Option<Task>, LocalStorage>,
    source: StoredValue<Vec<Layer>, LocalStorage>,
    ui: Ui,
    shown: Shown,
}

impl Files {
    /// Starts reading what is not known yet.
    pub(super) fn open(content: &ContentModel) -> Self {
        let shown = shown();
        let last = StoredValue::new(FilesView::default());
        let view = Memo::new(move |_| {
            shown.route.with(|route| {
                if let View::Files(files) = &route.view {
                    last.set_value(files.clone());
                }
            });
            last.get_value()
        });
        let reference = shown.route.with_untracked(|route| route.reference.clone());
        let files = Self {
            view,
            layers: content.layers.len(),
            not_shown: StoredValue::new(content.not_shown()),
            phase: RwSignal::new(Phase::Opening),
            progress: RwSignal::new(Vec::new()),
            summary: RwSignal::new(Summary::default()),
            turn: RwSignal::new(0),
            scroll_to: RwSignal::new(None),
            folder: RwSignal::new(false),
            about: RwSignal::new(false),
            found: RwSignal::new(None),
            trouble: RwSignal::new(None),
            tree: StoredValue::new_local(None),
            task: StoredValue::new_local(None),
            source: StoredValue::new_local(super::opening::layers(&reference, content)),
            ui: ui(),
            shown,
        };
        files.read();
        files.follow();
        files
    }

    /// Reads the layers, also again after that failed.
    pub(super) fn read(self) {
        let layers = self.source.get_value();
        self.phase.set(Phase::Opening);
        self.progress.set(layers.iter().map(|layer| (None, layer.descriptor.size)).collect());
        let on_layer = move |at: usize, state: LayerState| {
            self.progress.try_update(|all| {
                if let Some(layer) = all.get_mut(at) {
                    layer.0 = Some(state);
                }
            });
        };
        let task = Task::spawn(async move {
            match tree::open(layers, on_layer).await {
                Ok(tree) => {
                    self.summary.try_set(tree.summary());
                    self.tree.try_set_value(Some(Rc::new(tree)));
                    self.phase.try_set(Phase::Open);
                }
                Err(problem) => {
                    self.phase.try_set(Phase::Failed(super::opening::told(&problem)));
                }
            }
        });
        self.task.set_value(Some(task));
    }

    /// Stops reading.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        self.phase.set(Phase::Failed(Problem {
            sentence: "Reading was stopped.".to_owned(),
            reason: "The tree needs all layers of the image.".to_owned(),
            retry: true,
            ..Problem::default()
        }));
    }

    /// Asks for other rows whenever the address or the statuses say so.
    fn follow(self) {
        let query = Memo::new(move |_| self.query());
        Effect::new(move |_| {
            let query = query.get();
            if self.phase.with(|phase| *phase == Phase::Open) {
                self.ask(move |tree| async move { show(&tree, query).await.map(Some) }, true);
            }
        });
    }

    fn query(self) -> Query {
        let view = self.view.get();
        let scope = match view.tree {
            Which::Merged => Scope::Merged,
            Which::Layer(layer) => Scope::Layer(layer.get() as usize),
            Which::Changes(layer) => Scope::Changes(layer.get() as usize),
        };
        let sort = if view.by_size { Sort::Size } else { Sort::Name };
        let shown = view.statuses.unwrap_or_else(|| Query::of(scope).shown);
        Query { scope, filter: view.filter, sort, shown }
    }

    /// Which statuses are listed.
    pub(super) fn shown_statuses(self) -> Statuses {
        self.query().shown
    }

    /// Lists other statuses.
    pub(super) fn flip(self, flip: impl FnOnce(&mut Statuses)) {
        let mut shown = untrack(move || self.shown_statuses());
        flip(&mut shown);
        self.go(false, |view| view.statuses = Some(shown));
    }

    /// The address of another place in the tree.
    pub(super) fn href(self, change: impl FnOnce(&mut FilesView)) -> String {
        let mut view = self.view.get();
        change(&mut view);
        self.shown.href(View::Files(view))
    }

    /// Whether the tree can be asked.
    pub(super) fn is_open(self) -> bool {
        self.phase.with(|phase| *phase == Phase::Open)
    }

    /// The tree, when it is open.
    pub(super) fn tree(self) -> Option<Rc<Tree>> {
        self.tree.with_value(Clone::clone)
    }

    /// Asks the tree for a change; the rows are then asked for again. With `reveal` the file that
    /// the address names comes into view.
    pub(super) fn ask<F, R>(self, change: F, reveal: bool)
    where
        F: FnOnce(Rc<Tree>) -> R + 'static,
        R: Future<Output = Result<Option<Summary>, crate::jobs::Problem>> + 'static,
    {
        let Some(tree) = self.tree() else { return };
        let path = self.view.with_untracked(|view| view.path.clone());
        leptos::task::spawn_local(async move {
            let asked = change(Rc::clone(&tree)).await;
            self.take(asked);
            if reveal && !path.is_empty() {
                match tree.reveal(path.as_bytes()).await {
                    Ok(row) => {
                        self.take(Ok(Some(tree.summary())));
                        self.scroll_to.try_set(row);
                    }
                    Err(problem) => self.take(Err(problem)),
                }
            }
        });
    }

    fn take(self, answer: Result<Option<Summary>, crate::jobs::Problem>) {
        match answer {
            Ok(summary) => {
                if let Some(summary) = summary {
                    self.summary.try_set(summary);
                }
                self.turn.try_update(|turn| *turn += 1);
            }
            Err(problem) => {
                self.trouble.try_set(Some(problem.to_string()));
            }
        }
    }

    /// Opens or closes a directory.
    pub(super) fn toggle(self, row: &Row) {
        let id = row.id;
        self.ask(move |tree| async move { tree.toggle(id).await.map(Some) }, false);
    }

    /// Changes where in the tree the reader is; with `push` the way back stays.
    pub(super) fn go(self, push: bool, change: impl FnOnce(&mut FilesView)) {
        let Some(route) = self.ui.image() else { return };
        let mut view = self.view.get_untracked();
        change(&mut view);
        let route: ImageRoute = route.with_view(View::Files(view));
        match push {
            true => self.ui.go(Route::Image(route)),
            false => self.ui.replace(Route::Image(route)),
        }
    }
}
