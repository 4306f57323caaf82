//! Layers that would be sent without compression, and the way to pack them before.

use drydock::edit;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::state::Copying;
use crate::components::{Card, format};
use crate::jobs::drafts;
use crate::pages::model::Load;
use crate::pages::transfer::Moving;
use crate::route::Extent;
use crate::route::{ImageRoute, Route, View};
use crate::state::ui;

/// Says so before it happens, and offers gzip: as edits of the image, as what is sent is then
/// another one.
#[component]
pub(super) fn PlainLayers(copying: Copying, moving: Moving) -> impl IntoView {
    let plain = Memo::new(move |_| {
        let plan = moving.plan.get();
        let plan = plan.ready().and_then(Option::as_ref).map(|plan| plan.plain_layers());
        plan.filter(|(count, _)| *count > 0)
    });
    let one = move || copying.extent.get() != Extent::Tags;
    let failed = RwSignal::new(String::new());
    let ui = ui();
    let pack = move |_| {
        let Load::Ready(Some(plan)) = moving.plan.get_untracked() else { return };
        let (reference, digest) = untrack(move || copying.root());
        let target = moving.target.get_untracked();
        let edits = edit::pack_plain_of(plan.documents());
        spawn_local(async move {
            let put = drafts::add(drafts::of(&reference, &digest), edits, target);
            match put.await {
                Ok(()) => ui.go(Route::Image(ImageRoute::new(reference).with_view(View::Edit))),
                Err(problem) => {
                    failed.try_set(problem.to_string());
                }
            }
        });
    };
    let said = move |(count, bytes): (usize, u64)| {
        let (these, are, they) = match count {
            1 => ("1 layer".to_owned(), "is", "It goes"),
            count => (format!("{} layers", format::count(count as u64)), "are", "They go"),
        };
        let bytes = format::bytes(bytes);
        view! {
            <Card title="Not compressed">
                <p class="notice">
                    {format!(
                        "{these} ({bytes}) {are} not compressed, as docker save leaves layers. {they} to the registry so, byte for byte.",
                    )}
                </p>
                <Show when=one>
                    <div class="body">
                        <p>
                            "Packed with gzip there is less to send and to keep. The files stay the same, and so do the diff IDs; the digests of these layers and of the image become others, and are shown before anything is sent."
                        </p>
                        <p class="acts">
                            <button type="button" class="button" on:click=pack>
                                "Pack them with gzip first"
                            </button>
                            <span class="problem" role="alert">
                                {failed}
                            </span>
                        </p>
                    </div>
                </Show>
            </Card>
        }
    };
    move || plain.get().map(said)
}
