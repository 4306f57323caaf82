//! The text of one file in both images.

use std::rc::Rc;
use std::sync::Arc;

use drydock::edit::present::{self, Line};
use leptos::html;
use leptos::prelude::*;

use super::super::data;
use super::super::shown::shown;
use super::super::trouble::Trouble;
use super::view_of;
use crate::components::{Card, DiffLines, Empty, Problem, ProgressRow, format};
use crate::jobs::Task;
use crate::jobs::compare::{Compared, Texts};
use crate::net::clock;
use crate::route::{CompareView, EntryPath, View};

/// Most lines of one of them that are compared.
const COMPARED: usize = 5_000;

#[derive(Clone)]
enum Reading {
    Busy,
    /// Its lines, and where it is, if not in both.
    Lines(Arc<Vec<Line>>, &'static str),
    None(&'static str),
    Failed(Problem),
}

/// The file that the address names.
#[component]
pub(super) fn TextCard(compared: Rc<Compared>) -> impl IntoView {
    let shown = shown();
    let path = Memo::new(move |_| view_of(shown).path);
    let compared = StoredValue::new_local(compared);
    move || {
        let path = path.get();
        (!path.is_empty()).then(|| view! { <OneText path compared /> })
    }
}

#[component]
fn OneText(path: EntryPath, compared: StoredValue<Rc<Compared>, LocalStorage>) -> impl IntoView {
    let shown = shown();
    let name = String::from_utf8_lossy(path.as_bytes()).into_owned();
    let reading = RwSignal::new(Reading::Busy);
    let task = StoredValue::new_local(None::<Task>);
    let read = move || {
        let (compared, path) = (compared.get_value(), path.clone());
        reading.set(Reading::Busy);
        task.set_value(Some(Task::spawn(async move {
            let read = compared.texts(path.as_bytes()).await;
            clock::let_others_run().await;
            reading.try_set(match read {
                Ok(Texts::Here(before, after)) => lines(before.as_deref(), after.as_deref()),
                Ok(Texts::None(why)) => Reading::None(why),
                Err(problem) => Reading::Failed(data::problem(problem)),
            });
        })));
    };
    read();
    let retry = Callback::new(move |()| read());
    let label = format!("/{name}");
    let title = format::cut(&label, 200);
    // It may stand far from the link that led here.
    let node = NodeRef::<html::Div>::new();
    node.on_load(|node| {
        let _unfocusable = node.focus();
    });
    let body = move || match reading.get() {
        Reading::Busy => view! { <ProgressRow what="Reading the file" transfer=None /> }.into_any(),
        Reading::Lines(lines, place) => {
            let (label, place) = (label.clone(), Some(place).filter(|place| !place.is_empty()));
            view! {
                {place.map(|place| view! { <p class="notice">{place}</p> })}
                <DiffLines label lines />
            }
            .into_any()
        }
        Reading::None(why) => view! { <Empty text=why /> }.into_any(),
        Reading::Failed(problem) => view! { <Trouble problem registry="" retry /> }.into_any(),
    };
    let close = move || {
        let view = CompareView { path: EntryPath::default(), ..view_of(shown) };
        shown.href(View::Compare(view))
    };
    let acts = move || {
        view! {
            <a class="button small" href=close>
                "Close"
            </a>
        }
    };
    view! {
        <div tabindex="-1" node_ref=node>
            <Card title note="in the first, and in the second image" acts>
                {body}
            </Card>
        </div>
    }
}

fn lines(before: Option<&str>, after: Option<&str>) -> Reading {
    let place = match (before, after) {
        (None, _) => "Only the second image has this file.",
        (_, None) => "Only the first image has this file.",
        _ => "",
    };
    let is_one = before == after;
    let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
    if is_one {
        Reading::None("The text is the same in both.")
    } else if before.lines().count().max(after.lines().count()) > COMPARED {
        Reading::None("The text is too long to be compared here.")
    } else {
        Reading::Lines(Arc::new(present::compare(before, after)), place)
    }
}
