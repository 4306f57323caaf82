//! Choosing files: by a button, or by dropping them.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast as _;
use web_sys::DragEvent;

use crate::chosen::{Chosen, Dropped, of_list};

/// What a button lets one choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// One file.
    #[default]
    File,
    /// Several files.
    Files,
    /// A folder with all that is in it.
    Folder,
}

/// A button that opens the browser's own window for choosing files.
#[component]
pub fn ChooseButton(
    /// What may be chosen.
    #[prop(optional)]
    choice: Choice,
    /// What stands on it.
    #[prop(into)]
    text: String,
    /// More classes of the button.
    #[prop(default = "")]
    class: &'static str,
    /// What was chosen.
    #[prop(into)]
    chosen: Callback<Vec<Chosen>, ()>,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let open = move |_| {
        if let Some(field) = field.get_untracked() {
            field.set_value("");
            field.click();
        }
    };
    let change = move |_| {
        let list = field.get_untracked().and_then(|field| field.files());
        let files = list.map(|list| of_list(&list)).unwrap_or_default();
        if !files.is_empty() {
            chosen.run(files);
        }
    };
    let label = text.clone();
    view! {
        <button type="button" class=format!("button {class}") on:click=open>
            {text}
        </button>
        <input
            node_ref=field
            type="file"
            class="unseen"
            tabindex="-1"
            aria-hidden="true"
            aria-label=label
            multiple=choice == Choice::Files
            prop:webkitdirectory=choice == Choice::Folder
            on:change=change
        />
    }
}

/// A place to drop files and folders on, around whatever stands in it.
#[component]
pub fn DropZone(
    /// What stands there while files are held over it.
    #[prop(into)]
    hint: String,
    /// What was dropped.
    #[prop(into)]
    dropped: Callback<Vec<Chosen>, ()>,
    children: Children,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let enter = move |event: DragEvent| {
        if carries_files(&event) {
            event.prevent_default();
            event.stop_propagation();
            over.set(true);
        }
    };
    let leave = move |event: DragEvent| {
        let inside =
            event.current_target().zip(event.related_target()).is_some_and(|(zone, to)| {
                let (zone, to) = (zone.dyn_into::<web_sys::Node>(), to.dyn_into::<web_sys::Node>());
                zone.ok().zip(to.ok()).is_some_and(|(zone, to)| zone.contains(Some(&to)))
            });
        if !inside {
            over.set(false);
        }
    };
    let drop = move |event: DragEvent| {
        over.set(false);
        let Some(found) = event.data_transfer().map(|transfer| Dropped::take(&transfer)) else {
            return;
        };
        if found.is_empty() {
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        spawn_local(async move {
            let files = found.files().await;
            if !files.is_empty() {
                dropped.run(files);
            }
        });
    };
    view! {
        <div
            class="dropzone"
            class:over=over
            data-hint=hint
            on:dragenter=enter
            on:dragover=enter
            on:dragleave=leave
            on:drop=drop
        >
            {children()}
        </div>
    }
}

fn carries_files(event: &DragEvent) -> bool {
    let types = event.data_transfer().map(|transfer| transfer.types());
    types.is_some_and(|types| types.iter().any(|kind| kind == "Files"))
}
