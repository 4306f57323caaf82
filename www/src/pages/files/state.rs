//! What the parts of the files view share.

use std::rc::Rc;
use std::sync::Arc;

use drydock::image::lazy;
use drydock::inspect::tree::{Query, Row, Scope, Shown as Statuses, Sort, Summary};
use drydock::reference::Reference;
use leptos::prelude::*;

use super::super::model::ContentModel;
use super::super::shown::{Shown, shown};
use super::list::path_of;
use crate::components::Problem;
use crate::jobs::Task;
use crate::jobs::tree::{Event, Layer, LayerState, SociOf, Tree};
use crate::route::{EntryPath, FilesView, ImageRoute, Route, Tree as Which, View};
use crate::state::{Ui, ui};

/// How far the tree is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// Its layers are being read, and there is nothing to see yet.
    Opening,
    /// It can be asked, and grows while its layers are read.
    Growing,
    /// It can be asked, and all of it is there: verified, or listed.
    Open,
    /// It can't be had.
    Failed(Problem),
}

/// Changes of a layer up to which all its directories are opened for the reader.
const FEW: usize = 400;

/// The layers, with what may list them.
fn with_soci(shown: Shown, reference: &Reference, content: &ContentModel) -> Vec<Layer> {
    let mut layers = super::opening::layers(reference, content);
    let platform = shown.platform.with_untracked(|platform| platform.ready().cloned().flatten());
    let graph = shown.image.with_untracked(|it| it.ready().map(|it| Arc::clone(&it.graph)));
    if let (Some(platform), Some(graph)) = (platform, graph) {
        let indexes = lazy::soci_indexes_in(&graph, platform.node);
        let soci = SociOf { image: platform.manifest.clone(), indexes };
        let soci = (!soci.indexes.is_empty()).then(|| Rc::new(soci));
        layers.iter_mut().for_each(|layer| layer.soci.clone_from(&soci));
    }
    layers
}

fn is_settled(state: Option<LayerState>) -> bool {
    state.is_some_and(|state| !matches!(state, LayerState::Reading(_)))
}

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
    /// By layer, the base first, whether it is verified, or nothing is to be seen of it.
    settled: Memo<Vec<bool>>,
    /// Whether a layer with a table of contents may be listed by that, instead of being read.
    may_list: StoredValue<bool>,
    /// The path that was brought into view last.
    revealed: StoredValue<EntryPath>,
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
        let progress = RwSignal::new(Vec::new());
        let files = Self {
            view,
            layers: content.layers.len(),
            not_shown: StoredValue::new(content.not_shown()),
            phase: RwSignal::new(Phase::Opening),
            progress,
            summary: RwSignal::new(Summary::default()),
            turn: RwSignal::new(0),
            scroll_to: RwSignal::new(None),
            folder: RwSignal::new(false),
            about: RwSignal::new(false),
            found: RwSignal::new(None),
            trouble: RwSignal::new(None),
            settled: Memo::new(move |_| {
                progress.with(|all| all.iter().map(|(state, _)| is_settled(*state)).collect())
            }),
            may_list: StoredValue::new(true),
            revealed: StoredValue::new(EntryPath::default()),
            tree: StoredValue::new_local(None),
            task: StoredValue::new_local(None),
            source: StoredValue::new_local(with_soci(shown, &reference, content)),
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
        let tree = Rc::new(Tree::of(layers));
        self.tree.set_value(Some(Rc::clone(&tree)));
        let on_event = move |event| match event {
            Event::Layer(at, state) => {
                self.progress.try_update(|all| {
                    if let Some(layer) = all.get_mut(at) {
                        layer.0 = Some(state);
                    }
                });
            }
            Event::Grown(summary) => self.grown(summary),
        };
        let may_list = self.may_list.get_value();
        let task = Task::spawn(async move {
            match tree.read(may_list, on_event).await {
                Ok(()) => {
                    self.phase.try_set(Phase::Open);
                }
                Err(problem) => {
                    self.tree.try_set_value(None);
                    self.phase.try_set(Phase::Failed(super::opening::told(&problem)));
                }
            }
        });
        self.task.set_value(Some(task));
    }

    /// There is more to see.
    fn grown(self, summary: Summary) {
        self.summary.try_set(summary);
        if self.phase.try_with_untracked(|phase| *phase == Phase::Opening) == Some(true) {
            self.phase.set(Phase::Growing);
            return;
        }
        let path = self.view.try_with_untracked(|view| view.path.clone());
        let is_new = path.is_some_and(|path| self.revealed.try_get_value() != Some(path));
        self.ask(|_| async { Ok(None) }, is_new);
    }

    /// Reads all layers, also those that can be listed without.
    pub(super) fn read_whole(self) {
        self.may_list.set_value(false);
        self.read();
    }

    /// The address of the view that verifies the image.
    pub(super) fn verify_href(self) -> String {
        self.shown.href(View::Verify)
    }

    /// Whether what a layer put there, by its number from 1, rests on a list that nobody has compared
    /// with its layer: on its own, or on that of one above, which may have changed it; tracked.
    pub(super) fn rests_on_a_list(self, layer: usize) -> bool {
        let merged = self.view.with(|view| !matches!(view.tree, Which::Layer(_)));
        self.progress.with(|all| {
            let from = all.get(layer.saturating_sub(1)..).unwrap_or_default();
            let above = if merged { from.len() } else { from.len().min(1) };
            from.iter().take(above).any(|(state, _)| matches!(state, Some(LayerState::Listed(_))))
        })
    }

    /// The same of what is read for a path: a hardlink of one layer may name a file of another.
    pub(super) fn is_only_listed(self, row: &Row) -> bool {
        let content = row.content.as_ref().map(|content| content.layer);
        self.rests_on_a_list(row.layer) || content.is_some_and(|layer| self.rests_on_a_list(layer))
    }

    /// Stops reading.
    pub(super) fn cancel(self) {
        self.task.set_value(None);
        self.tree.set_value(None);
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
        let is_open = Memo::new(move |_| self.is_open());
        Effect::new(move |_| {
            let query = query.get();
            if is_open.get() {
                self.ask(move |tree| async move { show(&tree, query).await.map(Some) }, true);
            }
        });
        // Which directories a layer changes is known when all of it is.
        Effect::new(move |_| {
            let query = query.get_untracked();
            if self.is_whole() && matches!(query.scope, Scope::Changes(_)) {
                self.ask(move |tree| async move { show(&tree, query).await.map(Some) }, false);
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
        self.phase.with(|phase| matches!(phase, Phase::Growing | Phase::Open))
    }

    /// Whether all of it is there.
    pub(super) fn is_whole(self) -> bool {
        self.phase.with(|phase| *phase == Phase::Open)
    }

    /// Whether what a layer put there, by its number from 1, is verified or listed, and nothing that is
    /// still to come can change it.
    pub(super) fn is_settled(self, layer: usize) -> bool {
        let merged = self.view.with(|view| !matches!(view.tree, Which::Layer(_)));
        self.settled.with(|settled| {
            let from = settled.get(layer.saturating_sub(1)..).unwrap_or_default();
            let above = if merged { from.len() } else { from.len().min(1) };
            from.iter().take(above).all(|settled| *settled)
        })
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
                        if row.is_some() {
                            self.revealed.try_set_value(path);
                        }
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
        let path = path_of(row);
        let toggle =
            move |tree: Rc<Tree>| async move { tree.toggle(path.as_bytes()).await.map(Some) };
        self.ask(toggle, false);
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
