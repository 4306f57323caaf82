//! The file tree: merged, one layer, or what a layer changed; and one file of it.

mod change;
mod content;
mod drafted;
mod list;
mod meanwhile;
mod opening;
mod preview;
mod reader;
mod state;
mod text;
mod toolbar;
mod unsaved;

use std::sync::Arc;

use drydock::commands::{Task, TreePart};
use drydock::descriptor::Descriptor;
use drydock::layer::Kind;
use leptos::prelude::*;

use super::commands::{self, Server};
use super::layers::NoSuchLayer;
use super::loaded::WhenLayers;
use super::model::ContentModel;
use super::shown::{Shown, shown};
use crate::components::{Divider, Split, format};
use crate::jobs::file::FilePreview;
use crate::route::{EntryPath, Tree};
use content::ContentView;
use drafted::DraftBar;
use list::TreeList;
use opening::{Growing, OnlyListed, Opening};
pub(super) use opening::{layers, told};
use preview::Preview;
use state::Files;
pub(super) use text::{PAUSE, TextDiff};
use toolbar::Toolbar;

/// The files view.
#[component]
pub fn FilesPage() -> impl IntoView {
    let show = |content: Arc<ContentModel>| view! { <FilesOf content /> }.into_any();
    view! { <WhenLayers none="This image has no layers, so it has no files." show /> }
}

/// The content in the form that is its own, for those who choose none.
#[component]
pub(super) fn PlainContent(preview: FilePreview) -> impl IntoView {
    view! { <ContentView preview form=RwSignal::new(None) marks=None /> }
}

#[component]
fn FilesOf(content: Arc<ContentModel>) -> impl IntoView {
    let shown = shown();
    let files = Files::open(&content);
    provide_context(files);
    let path = Memo::new(move |_| files.view.with(|view| view.path.clone()));
    let layers: Vec<Descriptor> =
        content.layers.iter().map(|layer| layer.descriptor.clone()).collect();
    commands::follow(move |server| task(shown, server, files, &layers));
    // When narrow there is one column: the list, or the file that was opened from it.
    Effect::new(move |_| {
        path.track();
        files.about.set(false);
    });
    let detail =
        move || !path.with(EntryPath::is_empty) && (!files.folder.get() || files.about.get());
    let about = move || {
        let name = path.with(|path| String::from_utf8_lossy(path.as_bytes()).into_owned());
        (files.folder.get() && !name.is_empty()).then(|| {
            view! {
                <button
                    type="button"
                    class="button small about"
                    on:click=move |_| files.about.set(true)
                >
                    {format!("About /{}", format::cut(&name, 60))}
                </button>
            }
        })
    };
    let split = Split::remembered();
    view! {
        <DraftBar />
        <div class="split" class:detail=detail style:--split=move || split.width()>
            <div class="pane" aria-label="Files" role="region">
                <Toolbar />
                <NoSuchLayer layers=files.layers />
                {about}
                <Show when=move || files.is_open() fallback=|| view! { <Opening /> }>
                    <Growing />
                    <OnlyListed />
                    <TreeList />
                </Show>
            </div>
            <Divider split />
            <div class="pane" aria-label="Chosen file" role="region">
                <Preview path />
            </div>
        </div>
    }
}

/// What is shown, as a task: only of files that the tree has.
fn task(shown: Shown, server: Server, files: Files, layers: &[Descriptor]) -> Option<Task> {
    let (image, platform) = server.shown(shown)?;
    let (path, tree) = files.view.with(|view| (view.path.clone(), view.tree));
    if let Tree::Layer(number) | Tree::Changes(number) = tree {
        let layer = layers.get(number.get() as usize - 1)?;
        let compression = layer.media_type.kind().compression()?;
        return Some(Task::LayerFiles { image, layer: layer.digest.clone(), compression });
    }
    let bytes = path.as_bytes().to_vec();
    let part = match files.found.get() {
        _ if path.is_empty() => TreePart::All,
        Some((of, row)) if of == path => match row.kind {
            Kind::File => TreePart::File(bytes),
            _ => TreePart::Entry(bytes),
        },
        _ => return None,
    };
    Some(Task::Files { image, platform, part })
}
