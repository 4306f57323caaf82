//! The file tree: merged, one layer, or what a layer changed; and one file of it.

mod change;
mod content;
mod drafted;
mod list;
mod opening;
mod preview;
mod state;
mod text;
mod toolbar;
mod unsaved;

use std::sync::Arc;

use drydock::reference::Reference;
use leptos::prelude::*;

use super::image::{WhenLoaded, shown};
use super::model::ContentModel;
use crate::components::{Empty, format};
use crate::route::EntryPath;
use crate::state::ui;
use drafted::DraftBar;
use list::TreeList;
use opening::Opening;
pub(super) use opening::layers;
use preview::Preview;
use state::Files;
use toolbar::Toolbar;

/// The files view.
#[component]
pub fn FilesPage() -> impl IntoView {
    let shown = shown();
    let content = Signal::derive(move || shown.content());
    let show = move |content: Arc<ContentModel>| {
        if content.layers.is_empty() {
            return view! {
                <div class="page">
                    <section class="card">
                        <Empty text="This image has no layers, so it has no files." />
                    </section>
                </div>
            }
            .into_any();
        }
        view! { <FilesOf content /> }.into_any()
    };
    view! { <WhenLoaded load=content show /> }
}

#[component]
fn FilesOf(content: Arc<ContentModel>) -> impl IntoView {
    let shown = shown();
    let ui = ui();
    let files = Files::open(&content);
    provide_context(files);
    let path = Memo::new(move |_| files.view.with(|view| view.path.clone()));
    Effect::new(move |_| {
        let reference = shown.route.with(|route| route.reference.clone());
        ui.command.set(path.with(|path| command(&reference, path)));
    });
    // When narrow there is one column: the list, or the file that was opened from it.
    let detail = move || !path.with(EntryPath::is_empty);
    view! {
        <DraftBar />
        <div class="split" class:detail=detail>
            <div class="pane" aria-label="Files" role="region">
                <Toolbar />
                <Show when=move || files.is_open() fallback=|| view! { <Opening /> }>
                    <TreeList />
                </Show>
            </div>
            <div class="divider" aria-hidden="true"></div>
            <div class="pane" aria-label="Chosen file" role="region">
                <Preview path />
            </div>
        </div>
    }
}

fn command(reference: &Reference, path: &EntryPath) -> String {
    let image = format::shell_word(&reference.to_string());
    match std::str::from_utf8(path.as_bytes()) {
        Ok("") | Err(_) => format!("crane export {image} - | tar -tv"),
        Ok(path) => format!("crane export {image} - | tar -xO {}", format::shell_word(path)),
    }
}
