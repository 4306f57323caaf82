//! The files in one archive: a chart, a folder, a bundle.

use std::rc::Rc;

use drydock::image::Part;
use leptos::prelude::*;

use super::read::Read;
use crate::components::{Empty, ErrorPanel, Problem, ProgressRow, Transfer, format};
use crate::jobs::file::{self, FilePreview};
use crate::jobs::tree::{self, Content, Event, Layer, LayerState, Row, Tree};
use crate::jobs::{Progress, Task};
use crate::net::place::Place;
use crate::pages::data;
use crate::pages::files::PlainContent;

/// Bytes of a file that are shown.
const LIMIT: u64 = 512 << 10;
/// Most entries that are listed.
const ROWS: usize = 5000;

/// The rows of an archive, of how many, and the tree that they are of.
#[derive(Clone)]
struct Listing {
    rows: Vec<Row>,
    all: usize,
    tree: Rc<Tree>,
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
    let Some(descriptor) = part.as_layer() else { return ().into_any() };
    let read = Read::new(part.descriptor.size, move |arrived| {
        let layers = vec![Layer {
            place: place.clone(),
            descriptor: descriptor.clone(),
            diff_id: None,
            soci: None,
        }];
        let on_event = move |event: Event| {
            if let Event::Layer(_, LayerState::Reading(now)) = event {
                arrived.tell(now.downloaded);
            }
        };
        async move {
            let tree = tree::open(layers, on_event).await?;
            let all = tree.expand_all().await?.rows;
            let rows = tree.rows(0..ROWS).await?;
            Ok(Listing { rows, all, tree: Rc::new(tree) })
        }
    });
    let ask = move |size| {
        view! {
            <button type="button" class="button" on:click=move |_| read.start()>
                {format!("List its files ({})", format::bytes(size))}
            </button>
        }
        .into_any()
    };
    let show = move |Listing { rows, all, tree }| {
        if rows.is_empty() {
            return view! { <Empty text="The archive is empty." /> }.into_any();
        }
        let tree = StoredValue::new_local(tree);
        view! { <Files rows all tree /> }.into_any()
    };
    view! { {read.view("Reading the archive", ask, show)} }.into_any()
}

#[component]
fn Files(rows: Vec<Row>, all: usize, tree: StoredValue<Rc<Tree>, LocalStorage>) -> impl IntoView {
    let chosen = RwSignal::new(Chosen::None);
    let task = StoredValue::new_local(None::<Task>);
    let transfer = RwSignal::new(None::<Transfer>);
    let choose = move |path: String, content: Content| {
        let Some(tree) = tree.try_with_value(Rc::clone) else { return };
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
