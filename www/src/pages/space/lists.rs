//! What is wasted and by which steps, the largest files, and contents that are there more than once.

use std::sync::Arc;

use drydock::inspect::notable::Notable;
use drydock::inspect::space::{Duplicate, SizedPath, Space, Waste};
use leptos::prelude::*;

use super::super::shown::Shown;
use super::places::{href, href_in_layer};
use crate::components::{
    ByteSize, Card, Empty, Fact, Facts, LayerDot, LongList, Untrusted, format,
};

/// Paths that are shown of each row.
const EXAMPLES: usize = 5;
/// Rows of differing height that are shown.
const ROWS: usize = 50;

/// What no one can see, and what to do about it.
#[component]
pub(super) fn Wasted(space: Arc<Space>, shown: Shown, steps: Vec<String>) -> impl IntoView {
    let share = 1.0 - space.efficiency;
    let note = match space.wasted_bytes {
        0 => "none".to_owned(),
        bytes => format!("{} · {}", format::bytes(bytes), format::percent(share)),
    };
    let dive = format!(
        "{} efficient, {} wasted",
        format::percent(space.dive.efficiency),
        format::bytes(space.dive.wasted_bytes)
    );
    let list = match space.waste.is_empty() {
        true => view! { <Empty text="Every file of every layer is in the image." /> }.into_any(),
        false => {
            let rows = space.waste.iter().take(ROWS).map(|waste| wasted(waste, shown, &steps));
            view! {
                <ul class="rows">{rows.collect_view()}</ul>
                {beyond(space.waste.len())}
            }
            .into_any()
        }
    };
    view! {
        <Card title="Bytes that no one can see" note>
            {list}
            <Facts>
                <Fact name="As dive counts">
                    {dive}
                    <p class="muted">
                        "dive counts all copies of a file that is there twice, and nothing for a directory that is deleted."
                    </p>
                </Fact>
            </Facts>
        </Card>
    }
}

fn wasted(waste: &Waste, shown: Shown, steps: &[String]) -> impl IntoView + use<> {
    let layer = Some(waste.by);
    let step = steps.get(waste.by - 1).map(|step| format::cut(step, 200));
    let title = waste.advice.clone();
    let paths = waste.largest.iter().map(|path| (path.clone(), href_in_layer(shown, path)));
    let paths = paths.take(EXAMPLES).collect();
    let number = view! { <ByteSize bytes=waste.bytes /> }.into_any();
    view! {
        <Row title count=waste.files paths number>
            <p class="muted">
                <LayerDot layer />
                " "
                <code><bdi>{step}</bdi></code>
            </p>
        </Row>
    }
}

/// The largest files.
#[component]
pub(super) fn Largest(space: Arc<Space>, shown: Shown) -> impl IntoView {
    let rows = Signal::stored(space.largest.len());
    let row = Callback::new(move |at: usize| {
        let path = space.largest.get(at).cloned();
        path.map(|path| {
            view! {
                <li>
                    <LayerDot layer=Some(path.layer) />
                    <span class="muted nowrap">{format!("layer {}", path.layer)}</span>
                    <span class="grow">
                        <Place path=path.clone() href=href(shown, &path) />
                    </span>
                    <span class="number">
                        <ByteSize bytes=path.bytes />
                    </span>
                </li>
            }
        })
        .into_any()
    });
    view! {
        <Card title="Largest files" note="as a container sees them">
            <LongList rows row label="Largest files" />
        </Card>
    }
}

/// Contents at several paths.
#[component]
pub(super) fn Duplicates(
    space: Arc<Space>,
    shown: Shown,
    /// Compares files by their contents.
    compare: Callback<()>,
) -> impl IntoView {
    let count = space.duplicates.len();
    let note = match (space.compared, count) {
        (false, _) => "not known".to_owned(),
        (true, 0) => "none".to_owned(),
        (true, _) => {
            let bytes = format::bytes(space.duplicate_bytes);
            format!("{bytes} more than one copy of each would take")
        }
    };
    let ask = (!space.compared).then(|| {
        view! {
            <div class="body">
                <p>"Not all files were compared by their contents: that takes a digest of each."</p>
                <p class="acts">
                    <button type="button" class="button" on:click=move |_| compare.run(())>
                        "Compare contents"
                    </button>
                </p>
            </div>
        }
    });
    let none = (space.compared && count == 0)
        .then(|| view! { <Empty text="No two files of the image have the same content." /> });
    let rows = space.duplicates.iter().take(ROWS).map(|duplicate| one(duplicate, shown));
    let rows = (count > 0).then(|| view! { <ul class="rows">{rows.collect_view()}</ul> });
    let list = view! {
        {ask}
        {none}
        {rows}
        {beyond(count)}
    };
    view! { <Card title="The same content twice" note>{list}</Card> }
}

fn one(duplicate: &Duplicate, shown: Shown) -> impl IntoView + use<> {
    let files = format::plural(duplicate.files as usize, "file", "files");
    let title = format!("{files} of {}", format::bytes(duplicate.bytes));
    let paths = links(&duplicate.paths, shown);
    let number = view! { <ByteSize bytes=duplicate.too_many() /> }.into_any();
    view! { <Row title count=duplicate.files paths number /> }
}

/// What gives rights, what may be a secret, what was left behind.
#[component]
pub(super) fn WorthALook(notable: Arc<[Notable]>, shown: Shown) -> impl IntoView {
    let list = match notable.is_empty() {
        true => view! { <Empty text="Nothing of what is looked for: setuid, capabilities, devices, names of keys, caches, shells." /> }.into_any(),
        false => {
            let rows = notable.iter().map(|notable| look(notable, shown));
            view! { <ul class="rows">{rows.collect_view()}</ul> }.into_any()
        }
    };
    view! {
        <Card title="Worth a look" note="by names, modes and attributes; no content was read">
            {list}
        </Card>
    }
}

fn look(notable: &Notable, shown: Shown) -> impl IntoView + use<> {
    let title = notable.kind.title().to_owned();
    let paths = links(&notable.paths, shown);
    let number = format::count(notable.count).into_any();
    view! { <Row title count=notable.count paths number /> }
}

fn links(paths: &[SizedPath], shown: Shown) -> Vec<(SizedPath, String)> {
    paths.iter().take(EXAMPLES).map(|path| (path.clone(), href(shown, path))).collect()
}

/// What is said, some of the paths that it is said of, and how many more there are.
#[component]
fn Row(
    title: String,
    /// Files that it is said of.
    count: u64,
    /// Some of them, and where each leads.
    paths: Vec<(SizedPath, String)>,
    /// What stands at its end.
    number: AnyView,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let more = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(paths.len());
    let more = (more > 0).then(|| {
        let others = format::plural(more, "other file", "other files");
        view! { <li class="muted">{format!("and {others}")}</li> }
    });
    let paths = paths.into_iter().map(|(path, href)| {
        view! {
            <li>
                <Place path href />
            </li>
        }
    });
    view! {
        <li class="waste">
            <div class="say">
                <p>{title}</p>
                {children.map(|children| children())}
                <ul class="paths">{paths.collect_view()} {more}</ul>
            </div>
            <b class="number">{number}</b>
        </li>
    }
}

/// Says that there are more rows.
fn beyond(rows: usize) -> Option<impl IntoView> {
    let more = rows.checked_sub(ROWS).filter(|more| *more > 0)?;
    let more = format::plural(more, "smaller one", "smaller ones");
    Some(view! {
        <p class="muted beyond">
            {format!("And {more}; ")} <code>"drydock waste --json"</code> " lists all."
        </p>
    })
}

/// A path that leads to its file.
#[component]
fn Place(path: SizedPath, href: String) -> impl IntoView {
    view! {
        <a class="path" href=href>
            <Untrusted inert=true text=format!("/{}", path.path) />
        </a>
    }
}
