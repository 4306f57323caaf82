//! The paths that differ, by how they do.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use drydock::compare::files::{Aspect, Counts, Facts, FileChange, FileDifference};
use drydock::layer::Kind;
use leptos::prelude::*;

use super::super::shown::{Shown, shown};
use super::view_of;
use crate::components::{Card, Empty, LongList, Untrusted, format};
use crate::jobs::Task;
use crate::jobs::compare::Compared;
use crate::route::{CompareView, EntryPath, FilesView, ImageRoute, View};

/// Rows that are asked for at a time.
const ROWS: usize = 2_000;
/// How long the reader must have typed nothing before paths are chosen.
const PAUSE: Duration = Duration::from_millis(150);

/// The ways in which paths differ that are listed at first.
const FIRST: [FileChange; 4] =
    [FileChange::Added, FileChange::Removed, FileChange::Changed, FileChange::Metadata];

/// The rows that are there, of how many.
#[derive(Clone, Default)]
struct Listed {
    rows: Arc<Vec<FileDifference>>,
    all: usize,
}

/// What is listed, as signals.
#[derive(Clone, Copy)]
struct List {
    compared: StoredValue<Rc<Compared>, LocalStorage>,
    changes: RwSignal<Vec<FileChange>>,
    text: RwSignal<String>,
    listed: RwSignal<Listed>,
    /// Counts how often it became another list.
    times: RwSignal<u32>,
    /// Whether paths are being chosen, so that more of those that are listed can't be had.
    busy: RwSignal<bool>,
    trouble: RwSignal<Option<String>>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl List {
    /// Chooses anew.
    fn choose(self) {
        let (changes, text) = (self.changes.get_untracked(), self.text.get_untracked());
        self.busy.set(true);
        self.ask(async move |compared: Rc<Compared>| {
            let all = compared.select(&changes, text.trim()).await?;
            let listed = Listed { rows: Arc::new(compared.rows(0..ROWS).await?), all };
            self.listed.try_set(Listed::default());
            self.times.try_update(|times| *times += 1);
            Ok(listed)
        });
    }

    /// Takes the next rows, too.
    fn more(self) {
        let Listed { rows, all } = self.listed.get_untracked();
        self.ask(async move |compared: Rc<Compared>| {
            let mut rows = Arc::unwrap_or_clone(rows);
            let next = compared.rows(rows.len()..rows.len() + ROWS).await?;
            rows.extend(next);
            Ok(Listed { rows: Arc::new(rows), all })
        });
    }

    fn ask(
        self,
        question: impl AsyncFnOnce(Rc<Compared>) -> Result<Listed, crate::jobs::Problem> + 'static,
    ) {
        let compared = self.compared.get_value();
        self.task.set_value(Some(Task::spawn(async move {
            match question(compared).await {
                Ok(listed) => {
                    self.busy.try_set(false);
                    self.trouble.try_set(None);
                    self.listed.try_set(listed);
                }
                Err(problem) => {
                    self.trouble.try_set(Some(problem.to_string()));
                }
            }
        })));
    }

    fn flip(self, change: FileChange) {
        self.changes.update(|changes| match changes.iter().position(|it| *it == change) {
            Some(at) => drop(changes.remove(at)),
            None => changes.push(change),
        });
        self.choose();
    }
}

/// The list, with what is to be in it.
#[component]
pub(super) fn FilesCard(
    compared: Rc<Compared>,
    counts: Counts,
    /// Where both images are shown.
    places: Arc<[ImageRoute; 2]>,
) -> impl IntoView {
    let shown = shown();
    let differs = FileChange::ALL.iter().any(|change| counts.of(*change) > 0);
    if !differs {
        return view! {
            <Card title="Files" note="the same in both">
                <Empty text="A container gets the same files from both." />
            </Card>
        }
        .into_any();
    }
    let list = List {
        compared: StoredValue::new_local(compared),
        changes: RwSignal::new(FIRST.to_vec()),
        text: RwSignal::new(String::new()),
        listed: RwSignal::new(Listed::default()),
        times: RwSignal::new(0),
        busy: RwSignal::new(true),
        trouble: RwSignal::new(None),
        task: StoredValue::new_local(None),
    };
    // Where only times differ these are what there is to see.
    if FIRST.iter().all(|change| counts.of(*change) == 0) {
        list.changes.set(FileChange::ALL.to_vec());
    }
    list.choose();
    let rows = Signal::derive(move || list.listed.with(|listed| listed.rows.len()));
    let row = Callback::new(move |at: usize| {
        let difference = list.listed.with(|listed| listed.rows.get(at).cloned());
        difference.map(|it| view! { <Row it places=Arc::clone(&places) shown /> }).into_any()
    });
    let more = move || {
        let (here, all) = list.listed.with(|listed| (listed.rows.len(), listed.all));
        (here < all).then(|| {
            let text = format!(
                "{} of {} are listed.",
                format::count(here as u64),
                format::count(all as u64)
            );
            view! {
                <p class="muted beyond">
                    {text} " "
                    <button type="button" class="button small" disabled=list.busy on:click=move |_| list.more()>
                        "List more"
                    </button>
                </p>
            }
        })
    };
    let none = move || !list.busy.get() && list.listed.with(|listed| listed.all == 0);
    let note = format::plural(
        FileChange::ALL.iter().map(|change| counts.of(*change) as usize).sum(),
        "path differs",
        "paths differ",
    );
    view! {
        <Card title="Files" note>
            <Choices list counts />
            {move || list.trouble.get().map(|why| view! { <p class="trouble" role="alert">{why}</p> })}
            <Show when=none>
                <Empty text="No path fits what is chosen." />
            </Show>
            {move || {
                list.times.track();
                view! { <LongList rows row class="rows compared" label="Paths that differ" /> }
            }}
            {more}
        </Card>
    }
    .into_any()
}

/// Which changes are listed, and which paths.
#[component]
fn Choices(list: List, counts: Counts) -> impl IntoView {
    let choices = FileChange::ALL.map(|change| {
        let count = format::count(counts.of(change));
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || list.changes.with(|changes| changes.contains(&change))
                    disabled=counts.of(change) == 0
                    on:change=move |_| list.flip(change)
                />
                {word(change)}
                " "
                <span class="muted">{count}</span>
            </label>
        }
    });
    let mut choose = debounce(PAUSE, move |()| list.choose());
    let typed = move |event| {
        list.text.set(event_target_value(&event));
        choose(());
    };
    view! {
        <div class="treebar">
            <div class="checks" role="group" aria-label="Show">
                {choices.collect_view()}
            </div>
            <div class="field grow">
                <input
                    type="search"
                    aria-label="Filter the paths"
                    placeholder="A part of the path"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=list.text
                    on:input=typed
                />
            </div>
        </div>
    }
}

fn word(change: FileChange) -> &'static str {
    match change {
        FileChange::Added => "added",
        FileChange::Removed => "removed",
        FileChange::Changed => "changed",
        FileChange::Metadata => "only metadata",
        FileChange::Times => "only times",
    }
}

#[component]
fn Row(it: FileDifference, places: Arc<[ImageRoute; 2]>, shown: Shown) -> impl IntoView {
    let sign = match it.change {
        FileChange::Added => "+",
        FileChange::Removed => "−",
        FileChange::Changed => "~",
        FileChange::Metadata | FileChange::Times => "=",
    };
    let path = EntryPath::of(&it.path, it.path_hex.as_deref());
    let place = &places[usize::from(it.after.is_some())];
    let files = View::Files(FilesView { path: path.clone(), ..FilesView::default() });
    let href = place.with_view(files).href();
    let is_file =
        |facts: &Option<Facts>| facts.as_ref().is_none_or(|facts| facts.kind == Kind::File);
    let has_text =
        it.aspects.contains(&Aspect::Content) && is_file(&it.before) && is_file(&it.after);
    let text = has_text.then(|| {
        let view = CompareView { path, ..untrack(move || view_of(shown)) };
        let href = shown.href(View::Compare(view));
        let label = format!("Compare the texts of /{}", format::cut(&it.path, 200));
        view! {
            <a class="button small" href=href aria-label=label>
                "Text"
            </a>
        }
    });
    view! {
        <li class=word(it.change)>
            <span class="sign" role="img" aria-label=word(it.change)>
                {sign}
            </span>
            <span class="grow">
                <a class="path" href=href>
                    <Untrusted inert=true text=format!("/{}", it.path) />
                </a>
                " "
                <span class="muted">{what(&it)}</span>
            </span>
            {text}
            <span class="number">{size(&it)}</span>
        </li>
    }
}

/// In what both differ, with the values that are short.
fn what(it: &FileDifference) -> String {
    let (Some(before), Some(after)) = (&it.before, &it.after) else { return String::new() };
    let aspects = it.aspects.iter().map(|aspect| match aspect {
        Aspect::Kind => format!("{} is now {}", before.kind, after.kind),
        Aspect::Content => "content".to_owned(),
        Aspect::Target => "target".to_owned(),
        Aspect::Device => "device".to_owned(),
        Aspect::Mode => format!("mode {} → {}", before.mode, after.mode),
        Aspect::Owner => {
            format!("owner {}:{} → {}:{}", before.uid, before.gid, after.uid, after.gid)
        }
        Aspect::Time => "time".to_owned(),
        Aspect::Attributes => "attributes".to_owned(),
    });
    aspects.collect::<Vec<_>>().join(", ")
}

/// The sizes of a file, before and after.
fn size(it: &FileDifference) -> String {
    let bytes = |facts: &Option<Facts>| {
        facts.as_ref().filter(|facts| facts.kind == Kind::File).map(|facts| facts.size)
    };
    match (bytes(&it.before), bytes(&it.after)) {
        (Some(before), Some(after)) if before != after => {
            format!("{} → {}", format::bytes(before), format::bytes(after))
        }
        (Some(one), _) | (None, Some(one)) => format::bytes(one),
        (None, None) => String::new(),
    }
}
