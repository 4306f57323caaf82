//! The packages, by kind and by a text.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use drydock::inspect::packages::{Kind, Package};
use leptos::prelude::*;

use super::super::shown::{Shown, shown};
use crate::components::{ByteSize, Card, CopyButton, Empty, LongList, Untrusted, format};
use crate::jobs::Task;
use crate::jobs::packages::Installed;
use crate::route::{EntryPath, FilesView, PackagesView, View};

/// Rows that are asked for at a time.
const ROWS: usize = 2_000;
/// How long the reader must have typed nothing before packages are chosen.
const PAUSE: Duration = Duration::from_millis(150);
/// Licences of a package that are named in its row.
const LICENCES: usize = 4;

/// The rows that are there, of how many.
#[derive(Clone, Default)]
struct Listed {
    rows: Arc<Vec<Package>>,
    all: usize,
}

/// What is listed, as signals.
#[derive(Clone, Copy)]
struct List {
    installed: StoredValue<Rc<Installed>, LocalStorage>,
    listed: RwSignal<Listed>,
    /// Counts how often it became another list.
    times: RwSignal<u32>,
    busy: RwSignal<bool>,
    trouble: RwSignal<Option<String>>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl List {
    /// Chooses anew.
    fn choose(self, view: PackagesView) {
        self.busy.set(true);
        self.ask(async move |installed: Rc<Installed>| {
            let all = installed.select(view.kinds, view.filter.trim()).await?;
            let listed = Listed { rows: Arc::new(installed.rows(0..ROWS).await?), all };
            self.listed.try_set(Listed::default());
            self.times.try_update(|times| *times += 1);
            Ok(listed)
        });
    }

    /// Takes the next rows, too.
    fn more(self) {
        let Listed { rows, all } = self.listed.get_untracked();
        self.ask(async move |installed: Rc<Installed>| {
            let mut rows = Arc::unwrap_or_clone(rows);
            rows.extend(installed.rows(rows.len()..rows.len() + ROWS).await?);
            Ok(Listed { rows: Arc::new(rows), all })
        });
    }

    fn ask(
        self,
        question: impl AsyncFnOnce(Rc<Installed>) -> Result<Listed, crate::jobs::Problem> + 'static,
    ) {
        let installed = self.installed.get_value();
        self.task.set_value(Some(Task::spawn(async move {
            match question(installed).await {
                Ok(listed) => {
                    self.busy.try_set(false);
                    self.trouble.try_set(None);
                    self.listed.try_set(listed);
                }
                Err(problem) => {
                    self.busy.try_set(false);
                    self.trouble.try_set(Some(problem.to_string()));
                }
            }
        })));
    }
}

/// The list, with what is to be in it.
#[component]
pub(super) fn ListCard(installed: Rc<Installed>) -> impl IntoView {
    let shown = shown();
    let counts = installed.found.counts.clone();
    let count = counts.values().sum();
    let of = installed.found.distribution.as_ref().map(|it| format!(" · {}", it.name));
    let note =
        format!("{}{}", format::plural(count, "package", "packages"), of.unwrap_or_default());
    if count == 0 {
        return view! {
            <Card title="Packages" note>
                <Empty text="No record of dpkg, apk, rpm, Python, npm, gems or Java, and no program of Go or Rust that says what it was built of." />
            </Card>
        }
        .into_any();
    }
    let list = List {
        installed: StoredValue::new_local(installed),
        listed: RwSignal::new(Listed::default()),
        times: RwSignal::new(0),
        busy: RwSignal::new(true),
        trouble: RwSignal::new(None),
        task: StoredValue::new_local(None),
    };
    let wanted = Memo::new(move |_| view_of(shown));
    Effect::new(move |_| list.choose(wanted.get()));
    let rows = Signal::derive(move || list.listed.with(|listed| listed.rows.len()));
    let row = Callback::new(move |at: usize| {
        let package = list.listed.with(|listed| listed.rows.get(at).cloned());
        package.map(|package| view! { <Row package shown /> }).into_any()
    });
    let more = move || {
        let (here, all) = list.listed.with(|listed| (listed.rows.len(), listed.all));
        (here < all).then(|| {
            let (here, all) = (format::count(here as u64), format::count(all as u64));
            view! {
                <p class="muted beyond">
                    {format!("{here} of {all} are listed. ")}
                    <button type="button" class="button small" disabled=list.busy on:click=move |_| list.more()>
                        "List more"
                    </button>
                </p>
            }
        })
    };
    let none = move || !list.busy.get() && list.listed.with(|listed| listed.all == 0);
    view! {
        <Card title="Packages" note>
            <Choices counts=counts.into_iter().collect() shown />
            {move || list.trouble.get().map(|why| view! { <p class="trouble" role="alert">{why}</p> })}
            <Show when=none>
                <Empty text="No package fits what is chosen." />
            </Show>
            {move || {
                list.times.track();
                view! { <LongList rows row class="rows packages" label="Packages" /> }
            }}
            {more}
        </Card>
    }
    .into_any()
}

/// What the address says; tracked.
fn view_of(shown: Shown) -> PackagesView {
    shown.route.with(|route| match &route.view {
        View::Packages(view) => view.clone(),
        _ => PackagesView::default(),
    })
}

/// Which kinds are listed, and which text is looked for.
#[component]
fn Choices(counts: Vec<(Kind, usize)>, shown: Shown) -> impl IntoView {
    let flip = move |kind: Kind| {
        let mut view = untrack(move || view_of(shown));
        match view.kinds.iter().position(|it| *it == kind) {
            Some(at) => drop(view.kinds.remove(at)),
            None => view.kinds.push(kind),
        }
        view.kinds.sort();
        shown.replace(View::Packages(view));
    };
    let choices = counts.into_iter().map(|(kind, count)| {
        view! {
            <label class="check">
                <input
                    type="checkbox"
                    prop:checked=move || view_of(shown).kinds.contains(&kind)
                    on:change=move |_| flip(kind)
                />
                {kind.name()}
                " "
                <span class="muted">{format::count(count as u64)}</span>
            </label>
        }
    });
    let mut typed = debounce(PAUSE, move |filter: String| {
        let view = PackagesView { filter, ..untrack(move || view_of(shown)) };
        shown.replace(View::Packages(view));
    });
    view! {
        <div class="treebar">
            <div class="checks" role="group" aria-label="Only these kinds">
                {choices.collect_view()}
            </div>
            <div class="field grow">
                <input
                    type="search"
                    data-filter=""
                    aria-label="Search the packages"
                    placeholder="Name, version, source or licence"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=move || view_of(shown).filter
                    on:input=move |event| typed(event_target_value(&event))
                />
            </div>
        </div>
    }
}

#[component]
fn Row(package: Package, shown: Shown) -> impl IntoView {
    let path = EntryPath::of(&package.record, None);
    let href = shown.href(View::Files(FilesView { path, ..FilesView::default() }));
    let title = format!("/{}", package.record);
    let mut about: Vec<String> = Vec::new();
    about.extend(package.architecture.clone());
    about.extend(package.source.as_ref().map(|source| format!("of {source}")));
    let more = package.licences.len().saturating_sub(LICENCES);
    about.extend(package.licences.iter().take(LICENCES).map(|it| format::cut(it, 60)));
    if more > 0 {
        about.push(format!("{more} more"));
    }
    let layer = format!("layer {}", package.layer);
    let label = format!("Copy the package URL of {}", format::cut(&package.name, 100));
    view! {
        <li>
            <span class="kind muted">{package.kind.name()}</span>
            <span class="grow">
                <a class="path" href=href title=title>
                    <Untrusted inert=true text=package.name.clone() />
                </a>
                " "
                <Untrusted inert=true text=package.version.clone() />
                " "
                <span class="muted">
                    <Untrusted inert=true text=about.join(" · ") />
                </span>
            </span>
            <CopyButton text=package.purl.clone() label />
            <span class="muted nowrap">{layer}</span>
            <span class="number">
                <ByteSize bytes=package.bytes />
            </span>
        </li>
    }
}
