//! The packages that differ, once they are asked for.

use std::rc::Rc;
use std::sync::Arc;

use drydock::compare::packages::{PackageChange, PackageDifference};
use leptos::prelude::*;

use super::super::data;
use super::super::trouble::Trouble;
use crate::components::{Card, Empty, LongList, Problem, ProgressRow, Transfer, Untrusted, format};
use crate::jobs::Task;
use crate::jobs::compare::Compared;

#[derive(Clone)]
enum Phase {
    /// Nobody asked.
    Idle,
    Reading,
    Here(Arc<Vec<PackageDifference>>, Arc<[String]>),
    Failed(Problem),
}

/// The packages of both images.
#[component]
pub(super) fn SoftwareCard(compared: Rc<Compared>) -> impl IntoView {
    let phase = RwSignal::new(Phase::Idle);
    let transfer = RwSignal::new(None);
    let task = StoredValue::new_local(None::<Task>);
    let compared = StoredValue::new_local(compared);
    let read = move || {
        let compared = compared.get_value();
        let (began, total) = (js_sys::Date::now(), Some(compared.bytes()));
        let on_read = move |done: u64| {
            let elapsed = js_sys::Date::now() - began;
            transfer.try_set(Some(Transfer { done, total, elapsed }));
        };
        transfer.set(None);
        phase.set(Phase::Reading);
        task.set_value(Some(Task::spawn(async move {
            phase.try_set(match compared.packages(on_read).await {
                Ok((packages, notes)) => Phase::Here(Arc::new(packages), notes.into()),
                Err(problem) => Phase::Failed(data::problem(problem)),
            });
        })));
    };
    let cancel = Callback::new(move |()| {
        task.set_value(None);
        phase.set(Phase::Idle);
    });
    let retry = Callback::new(move |()| read());
    let note = Signal::derive(move || match phase.get() {
        Phase::Here(packages, _) => match packages.len() {
            0 => "the same in both".to_owned(),
            count => format::plural(count, "package differs", "packages differ"),
        },
        _ => String::new(),
    });
    let content = move || {
        match phase.get() {
        Phase::Idle => view! {
            <div class="row">
                <p class="muted">
                    "Which software differs is not known: the layers were read for their files, not for what these say. "
                    <button type="button" class="button small" on:click=move |_| read()>
                        "Compare packages"
                    </button>
                </p>
            </div>
        }
        .into_any(),
        Phase::Reading => {
            view! { <ProgressRow what="Looking for packages in both" transfer cancel /> }.into_any()
        }
        Phase::Failed(problem) => view! { <Trouble problem registry="" retry /> }.into_any(),
        Phase::Here(packages, notes) => {
            let notes = notes.iter().map(|note| view! { <p class="beyond muted">{note.clone()}</p> });
            let notes = notes.collect_view();
            let rows = Signal::stored(packages.len());
            let list = match packages.is_empty() {
                true => view! { <Empty text="The records of both name the same packages." /> }.into_any(),
                false => {
                    let row = Callback::new(move |at: usize| {
                        packages.get(at).cloned().map(|it| view! { <Row it /> }).into_any()
                    });
                    view! { <LongList rows row class="rows compared packages" label="Packages that differ" /> }
                        .into_any()
                }
            };
            view! {
                {list}
                {notes}
            }
            .into_any()
        }
    }
    };
    view! {
        <Card title="Packages" note>
            {content}
        </Card>
    }
}

#[component]
fn Row(it: PackageDifference) -> impl IntoView {
    let PackageDifference { kind, name, change, before, after } = it;
    let (sign, class) = match change {
        PackageChange::Added => ("+", "added"),
        PackageChange::Removed => ("−", "removed"),
        PackageChange::Up | PackageChange::Down | PackageChange::Versions => ("~", "changed"),
    };
    let word = match change {
        PackageChange::Added => "added",
        PackageChange::Removed => "removed",
        PackageChange::Up => "a later version",
        PackageChange::Down => "an earlier version",
        PackageChange::Versions => "other versions",
    };
    let sides = [before, after].into_iter().filter(|versions| !versions.is_empty());
    let versions: Vec<String> = sides.map(|versions| versions.join(", ")).collect();
    view! {
        <li class=class>
            <span class="sign" role="img" aria-label=word>
                {sign}
            </span>
            <span class="kind muted">{kind.name()}</span>
            <span class="grow">
                <Untrusted inert=true text=name />
                " "
                <Untrusted inert=true text=versions.join(" → ") />
            </span>
            <span class="muted nowrap">{word}</span>
        </li>
    }
}
