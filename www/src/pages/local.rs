//! Opening archives from disk, and the images that are in one.

use drydock::archive::Origin;
use drydock::reference::Repository;
use futures_util::future::LocalBoxFuture;
use leptos::prelude::*;

use super::data;
use crate::chosen::{self, Chosen};
use crate::components::{
    ByteSize, Card, Choice, ChooseButton, DigestChip, Empty, ErrorPanel, Problem, ProgressRow,
    Transfer, Untrusted,
};
use crate::jobs::{self, Task, tab};
use crate::route::Route;
use crate::state::{Ui, ui};

/// Opens an archive or a layout folder, and says where what is in it is shown.
pub type Open = fn(
    Vec<Chosen>,
    Box<dyn FnMut(jobs::Progress)>,
) -> LocalBoxFuture<'static, Result<Route, Problem>>;

/// The opening of an archive: what is opened, how far it is, or why it could not be.
#[derive(Clone, Copy)]
pub struct Opening {
    open: Open,
    name: RwSignal<Option<String>>,
    transfer: RwSignal<Option<Transfer>>,
    problem: RwSignal<Option<Problem>>,
    task: StoredValue<Option<Task>, LocalStorage>,
}

impl Opening {
    /// Nothing is being opened.
    #[must_use]
    pub fn new(open: Open) -> Self {
        Self {
            open,
            name: RwSignal::new(None),
            transfer: RwSignal::new(None),
            problem: RwSignal::new(None),
            task: StoredValue::new_local(None),
        }
    }

    /// Opens an archive or a layout folder, and goes to what is in it.
    pub fn open(self, ui: Ui, chosen: Vec<Chosen>) {
        let Self { open, name, transfer, problem, task } = self;
        let first = chosen.first().map(|file| file.path.clone()).unwrap_or_default();
        let total = chosen::size(&chosen);
        name.set(Some(first.split('/').next().unwrap_or_default().to_owned()));
        problem.set(None);
        transfer.set(None);
        let began = js_sys::Date::now();
        task.set_value(Some(Task::spawn(async move {
            let on_progress = move |now: jobs::Progress| {
                let elapsed = js_sys::Date::now() - began;
                let (done, total) = (now.downloaded, Some(total));
                transfer.try_set(Some(Transfer { done, total, elapsed }));
            };
            let opened = open(chosen, Box::new(on_progress)).await;
            name.try_set(None);
            match opened {
                Ok(route) => ui.go(route),
                Err(failed) => {
                    problem.try_set(Some(failed));
                }
            }
        })));
    }

    fn stop(self) {
        self.task.set_value(None);
        self.name.set(None);
    }
}

/// What is being opened, or could not be.
#[component]
pub fn OpeningBar(
    /// The opening.
    opening: Opening,
) -> impl IntoView {
    let Opening { name, transfer, problem, .. } = opening;
    let what = Signal::derive(move || {
        let name = name.get().unwrap_or_default();
        format!("Opening {}", crate::components::format::visible(&name))
    });
    let retry = Callback::new(move |()| problem.set(None));
    view! {
        <Show when=move || name.with(Option::is_some)>
            <div class="card opening-bar" role="status">
                <ProgressRow what transfer cancel=Callback::new(move |()| opening.stop()) />
            </div>
        </Show>
        {move || {
            problem
                .get()
                .map(|problem| {
                    let problem = Problem { retry: false, ..problem };
                    view! {
                        <div class="opening-bar">
                            <ErrorPanel problem retry />
                        </div>
                    }
                })
        }}
    }
}

/// Two buttons and a hint: choose a file, choose a folder, or drop it anywhere.
#[component]
pub fn OpenFiles() -> impl IntoView {
    let ui = ui();
    let opening = expect_context::<Opening>();
    let chosen = move |files: Vec<Chosen>| opening.open(ui, files);
    view! {
        <div class="drophint">
            <p>
                "Or drop a " <b>"docker save"</b>
                " tar or an OCI layout anywhere: it is read from disk, not uploaded."
            </p>
            <div class="acts">
                <ChooseButton text="Choose file…" class="quiet" chosen />
                <ChooseButton choice=Choice::Folder text="Choose folder…" class="quiet" chosen />
            </div>
        </div>
    }
}

/// The same where a file has to be chosen again that the page has lost; then it is shown.
#[component]
pub fn OpenAgain(
    /// Shows what was asked for.
    reload: Callback<()>,
) -> impl IntoView {
    let opening = expect_context::<Opening>();
    Effect::new(move |before: Option<bool>| {
        let busy = opening.name.with(Option::is_some);
        if before == Some(true) && !busy {
            reload.run(());
        }
        busy
    });
    view! { <OpenFiles /> }
}

/// The images of an archive, in place of a repository's tags.
#[component]
pub fn LocalImages(
    /// The repository that stands for the archive.
    repository: Repository,
) -> impl IntoView {
    let opened = tab().local.opened().into_iter().find(|opened| opened.repository == repository);
    let Some(opened) = opened else {
        let problem = tab().local.get(&repository).err().map(data::problem).unwrap_or_default();
        return view! {
            <ErrorPanel problem />
            <OpenFiles />
        }
        .into_any();
    };
    let rows = opened.images.into_iter().map(|image| {
        let href = Route::image(image.reference).href();
        let origin = match image.origin {
            Origin::Archive => "",
            Origin::Saved | Origin::Made => {
                "docker save keeps no registry digest: this one is not what a registry would say"
            }
        };
        let names = image.names.iter().map(|name| {
            view! {
                <b>
                    <Untrusted text=name.clone() />
                </b>
            }
        });
        view! {
            <li>
                <a class="two grow" href=href>
                    {if image.names.is_empty() {
                        view! { <b>"no name"</b> }.into_any()
                    } else {
                        names.collect_view().into_any()
                    }}
                    <span class="muted">{origin}</span>
                </a>
                <DigestChip digest=image.descriptor.digest />
                <span class="muted">
                    <ByteSize bytes=image.descriptor.size />
                </span>
            </li>
        }
    });
    let rows: Vec<_> = rows.collect();
    let none = rows.is_empty().then(|| view! { <Empty text="There are no images in it." /> });
    let remarks =
        opened.remarks.into_iter().map(|remark| view! { <li><Untrusted text=remark /></li> });
    let remarks: Vec<_> = remarks.collect();
    let notes = (!remarks.is_empty()).then(|| {
        view! {
            <Card title="What is remarkable about the file">
                <ul class="rows">{remarks.collect_view()}</ul>
            </Card>
        }
    });
    view! {
        <Card title=format!("Images in {}", opened.repository)>
            {none} <ul class="rows">{rows.collect_view()}</ul>
        </Card>
        {notes}
    }
    .into_any()
}
