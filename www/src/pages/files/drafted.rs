//! What the draft of the shown image makes of its files.

use drydock::edit::FileFate;
use drydock::inspect::tree::Row;
use drydock::layer::content::Trust;
use drydock::platform::Platform;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::model::Load;
use super::super::shown::{Shown, shown};
use super::state::Files;
use super::unsaved;
use crate::components::{Untrusted, format};
use crate::jobs::file::FilePreview;
use crate::jobs::{Problem, drafts};
use crate::route::{EntryPath, FilesView, Here, ImageRoute, Route, Tree, View};
use crate::state::ui;

/// A file that a draft may have changed.
#[derive(Clone, Debug)]
pub(super) struct Drafted {
    draft: String,
    platform: Option<Platform>,
    path: String,
}

impl Drafted {
    /// A row of the merged tree of an image; what a draft gives shows it anyway.
    pub(super) fn of(row: &Row) -> Option<Self> {
        let files = expect_context::<Files>();
        let merged = files.view.with_untracked(|view| view.tree == Tree::Merged);
        let draft = name(shown()).filter(|_| merged && row.path_hex.is_none())?;
        Some(Self { draft, platform: platform(shown()), path: row.path.clone() })
    }

    /// Its content; `None` within when the draft removes it, `None` when the draft says nothing.
    pub(super) async fn read(&self, limit: u64) -> Result<Option<Option<FilePreview>>, Problem> {
        let found = drafts::file_in(&self.draft, self.platform.as_ref(), &self.path).await?;
        Ok(match found {
            None => None,
            Some(FileFate::Removed) => Some(None),
            Some(FileFate::Written(_, content)) => {
                let bytes = drafts::read(&content, limit).await?;
                Some(Some(FilePreview { bytes, total: content.size, trust: Trust::Layer }))
            }
        })
    }
}

/// Which of both is shown, and the way to the other.
#[component]
pub(super) fn DraftedLine(as_it_is: RwSignal<bool>, text: &'static str) -> impl IntoView {
    let other = move || match as_it_is.get() {
        true => "Show the draft's",
        false => "Show the image's",
    };
    view! {
        <p class="worth drafted">
            <span class="badge checking">"draft"</span>
            <span class="muted">{text}</span>
            <button
                type="button"
                class="button small"
                on:click=move |_| as_it_is.update(|it| *it = !*it)
            >
                {other}
            </button>
        </p>
    }
}

/// That there is a draft of what is shown, with the way to all of its files, and texts that are not
/// in it yet.
#[component]
pub(super) fn DraftBar() -> impl IntoView {
    let shown = shown();
    let ui = ui();
    let kept = RwSignal::new(None::<(String, usize)>);
    Effect::new(move |_| {
        ui.drafts.track();
        let Some(name) = name(shown) else { return };
        spawn_local(async move {
            let edits = drafts::edits(&name).await.ok().flatten().filter(|edits| *edits > 0);
            kept.try_set(edits.map(|edits| (name, edits)));
        });
    });
    let path = Memo::new(move |_| {
        shown.route.with(|route| match &route.view {
            View::Files(files) => files.path.clone(),
            _ => EntryPath::default(),
        })
    });
    let draft = move || {
        let (name, edits) = kept.get()?;
        let reference = Here::Draft.image(&name, None).ok()?;
        let view = View::Files(FilesView { path: path.get(), ..FilesView::default() });
        let platform = shown.route.with(|route| route.platform.clone());
        let route = ImageRoute::new(reference).with_view(view).with_platform(platform);
        let text =
            format!("See all files with the draft's {}", format::plural(edits, "edit", "edits"));
        Some(view! { <a href=Route::Image(route).href()>{text}</a> })
    };
    // Asked for anew whenever another file is opened.
    let unsaved = Memo::new(move |_| {
        let open = path.get();
        let mut paths = unsaved::paths(shown);
        paths.retain(|path| path.as_bytes() != open.as_bytes());
        paths
    });
    let typed = move || {
        let paths = unsaved.get();
        let links = paths.into_iter().map(|path| {
            let view = FilesView { path: EntryPath::new(path.as_bytes()), ..FilesView::default() };
            view! {
                <a href=shown.href(View::Files(view))>
                    <Untrusted text=format!("/{path}") />
                </a>
                " "
            }
        });
        links.collect_view()
    };
    let bar = move || kept.with(Option::is_some) || unsaved.with(|paths| !paths.is_empty());
    view! {
        <Show when=bar>
            <p class="draftbar">
                {draft}
                <Show when=move || unsaved.with(|paths| !paths.is_empty())>
                    <span class="muted">"Typed, and not in the draft yet: "</span>
                    {typed}
                </Show>
            </p>
        </Show>
    }
}

/// The draft that belongs to the shown image, when it is not itself a draft's.
fn name(shown: Shown) -> Option<String> {
    let reference = shown.route.with(|route| route.reference.clone());
    let digest = shown.image.with(|image| image.ready().map(|image| image.digest.clone()))?;
    let (name, base) = drafts::of(&reference, &digest);
    base.map(|_| name)
}

pub(super) fn platform(shown: Shown) -> Option<Platform> {
    shown.platform.with_untracked(|platform| match platform {
        Load::Ready(Some(platform)) => platform.name.parse().ok(),
        _ => None,
    })
}
