//! The files in one archive: a chart, a folder, a bundle.

use std::rc::Rc;

use drydock::image::Part;
use leptos::prelude::*;

use crate::components::{Empty, ErrorPanel, Problem, ProgressRow, Transfer, format};
use crate::jobs::file::{self, FilePreview};
use crate::jobs::tree::{self, Content, Layer, LayerState, Row, Tree};
use crate::jobs::{self, Progress, Task};
use crate::net::place::Place;
use crate::pages::data;
use crate::pages::files::PlainContent;

/// Bytes of a file that are shown.
const LIMIT: u64 = 512 << 10;
/// Most entries that are listed.
const ROWS: usize = 5000;
/// Size in bytes up to which an archive is read as soon as its view is opened.
const AT_ONCE: u64 = 1 << 20;

#[derive(Clone, Debug)]
enum Listing {
    Not,
    Busy,
    Here(Vec<Row>, usize),
    Failed(Problem),
}

/// What the chosen file is.
#[derive(Clone, Debug)]
enum Chosen {
    None,
    Busy(String),
    Here(String, FilePreview),
    Failed(Problem),
}

/// The list, and the file that was chosen from it.
#[component]
pub(super) fn ArchiveContent(place: Place, part: Part) -> impl IntoView {
    let listing = RwSignal::new(Listing::Not);
    let transfer = RwSignal::new(None::<Transfer>);
    let open = StoredValue::new_local(None::<Rc<Tree>>);
    let task = StoredValue::new_local(None::<Task>);
    let size = part.descriptor.size;
    let Some(descriptor) = part.as_layer() else { return ().into_any() };
    let layer = StoredValue::new((place, descriptor));
    let read = move || {
        listing.set(Listing::Busy);
        let (place, descriptor) = layer.get_value();
        let began = js_sys::Date::now();
        let on_layer = move |_: usize, state: LayerState| {
            if let LayerState::Reading(now) = state {
                let (done, total) = (now.downloaded, Some(size));
                let elapsed = js_sys::Date::now() - began;
                transfer.try_set(Some(Transfer { done, total, elapsed }));
            }
        };
        task.set_value(Some(Task::spawn(async move {
            let listed = async {
                let layers = vec![Layer { place, descriptor, diff_id: None }];
                let tree = tree::open(layers, on_layer).await?;
                let summary = tree.expand_all().await?;
                let rows = tree.rows(0..ROWS).await?;
                Ok::<_, jobs::Problem>((tree, rows, summary.rows))
            };
            match listed.await {
                Ok((tree, rows, all)) => {
                    open.try_set_value(Some(Rc::new(tree)));
                    listing.try_set(Listing::Here(rows, all));
                }
                Err(problem) => {
                    listing.try_set(Listing::Failed(data::problem(problem)));
                }
            }
        })));
    };
    if size <= AT_ONCE {
        read();
    }
    let stop = Callback::new(move |()| {
        task.set_value(None);
        listing.set(Listing::Not);
    });
    let tree = move || open.try_with_value(Clone::clone).flatten();
    let list = move || match listing.get() {
        Listing::Not => view! {
            <div class="body">
                <button type="button" class="button" on:click=move |_| read()>
                    {format!("List its files ({})", format::bytes(size))}
                </button>
            </div>
        }
        .into_any(),
        Listing::Busy => {
            view! { <ProgressRow what="Reading the archive" transfer cancel=stop /> }.into_any()
        }
        Listing::Failed(problem) => {
            let retry = Callback::new(move |()| read());
            view! {
                <div class="body">
                    <ErrorPanel problem retry />
                </div>
            }
            .into_any()
        }
        Listing::Here(rows, _) if rows.is_empty() => {
            view! { <Empty text="The archive is empty." /> }.into_any()
        }
        Listing::Here(rows, all) => {
            view! { <Files rows all tree=Callback::new(move |()| tree()) /> }.into_any()
        }
    };
    view! { {list} }.into_any()
}

#[component]
fn Files(rows: Vec<Row>, all: usize, tree: Callback<(), Option<Rc<Tree>>>) -> impl IntoView {
    let chosen = RwSignal::new(Chosen::None);
    let task = StoredValue::new_local(None::<Task>);
    let transfer = RwSignal::new(None::<Transfer>);
    let choose = move |path: String, content: Content| {
        let Some(tree) = tree.run(()) else { return };
        chosen.set(Chosen::Busy(path.clone()));
        let began = js_sys::Date::now();
        let on_progress = move |now: Progress| {
            let elapsed = js_sys::Date::now() - began;
            transfer.try_set(Some(Transfer { done: now.downloaded, total: None, elapsed }));
        };
        task.set_value(Some(Task::spawn(async move {
            let read = file::read(&tree, content, LIMIT, on_progress).await;
            chosen.try_set(match read {
                Ok(preview) => Chosen::Here(path, preview),
                Err(problem) => Chosen::Failed(data::problem(problem)),
            });
        })));
    };
    let left_out = all.saturating_sub(rows.len());
    let rest = (left_out > 0).then(|| {
        let text = format!("{} more are not listed.", format::plural(left_out, "entry", "entries"));
        view! { <Empty text /> }
    });
    let rows = rows.into_iter().filter_map(|row| {
        let content = row.content?;
        let (path, of_current) = (row.path.clone(), row.path.clone());
        let is_current = move || {
            chosen.with(|chosen| matches!(chosen, Chosen::Busy(path) | Chosen::Here(path, _) if *path == of_current))
        };
        Some(view! {
            <li>
                <button
                    type="button"
                    aria-current=move || is_current().then_some("true")
                    on:click=move |_| choose(path.clone(), content)
                >
                    <span class="name mono">
                        <bdi>{format::visible(&row.path)}</bdi>
                    </span>
                    <span class="muted nowrap">{format::bytes(row.size)}</span>
                </button>
            </li>
        })
    });
    let rows = rows.collect_view();
    let content = move || match chosen.get() {
        Chosen::None => view! { <Empty text="Choose a file to see what is in it." /> }.into_any(),
        Chosen::Busy(_) => view! { <ProgressRow what="Reading the file" transfer /> }.into_any(),
        Chosen::Failed(problem) => view! {
            <div class="body">
                <ErrorPanel problem />
            </div>
        }
        .into_any(),
        Chosen::Here(_, preview) => view! { <PlainContent preview /> }.into_any(),
    };
    view! {
        <ul class="archive-rows" aria-label="Files in the archive">
            {rows}
        </ul>
        {rest}
        {content}
    }
}
