//! What this browser remembers of layers: how much it is, how much it may be, and a way to forget it.

use std::pin::Pin;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::super::data;
use crate::components::{Card, format};
use crate::jobs::Problem;
use crate::jobs::remembered::{self, Remembered, USUAL};

/// Something that changes what is remembered.
type Work = Pin<Box<dyn Future<Output = Result<(), Problem>>>>;

/// What may be remembered, in bytes, and how it is called.
const LIMITS: &[(u64, &str)] = &[
    (0, "nothing"),
    (256 << 20, "256 MiB"),
    (USUAL, "1 GiB"),
    (4 << 30, "4 GiB"),
    (16 << 30, "16 GiB"),
];

#[component]
pub(super) fn RememberedLayers() -> impl IntoView {
    let known = RwSignal::new(None::<Remembered>);
    let trouble = RwSignal::new(String::new());
    let act = move |work: Work| {
        spawn_local(async move {
            let done = match work.await {
                Ok(()) => remembered::remembered().await,
                Err(problem) => Err(problem),
            };
            match done {
                Ok(now) => {
                    known.try_set(Some(now));
                }
                Err(problem) => {
                    trouble.try_set(data::problem(problem).sentence);
                }
            }
        });
    };
    act(Box::pin(async { Ok(()) }));
    let is_shared = RwSignal::new(false);
    spawn_local(async move {
        is_shared.try_set(remembered::is_shared().await);
    });
    let clear = move |_| act(Box::pin(remembered::clear()));
    let choose = move |event| {
        if let Ok(bytes) = event_target_value(&event).parse() {
            act(Box::pin(remembered::set_limit(bytes)));
        }
    };
    let text = move || match known.get() {
        None => String::new(),
        Some(Remembered { limit: 0, .. }) => "Nothing is remembered.".to_owned(),
        Some(Remembered { layers: 0, .. }) => "No layers yet.".to_owned(),
        Some(Remembered { layers, bytes, .. }) => {
            format!("{}, {}.", format::plural(layers, "layer", "layers"), format::bytes(bytes))
        }
    };
    let limit = Signal::derive(move || known.get().map_or(USUAL, |known| known.limit));
    let options = LIMITS.iter().map(move |(bytes, name)| {
        let is_chosen = move || limit.get() == *bytes;
        view! { <option value=bytes.to_string() prop:selected=is_chosen>{*name}</option> }
    });
    let is_empty = move || known.get().is_none_or(|known| known.layers == 0);
    view! {
        <Card title="Remembered layers" note="so that files open at once the next time">
            <div class="body" id="remembered">
                <p class="muted">
                    "What is in a layer is remembered once all of it was read and verified here: names, sizes, and where in it reading can begin, with up to 32 KiB of content before each such place. The next time its files are listed without reading it, and a file is read by itself and compared with what was verified then. The verify view always reads everything."
                </p>
                <Show when=move || is_shared.get()>
                    <p>
                        "This server keeps the same, and gives it to everyone who uses it: names of files, and those pieces of content. Where nothing is remembered here, nothing of it is sent there."
                    </p>
                </Show>
                <p role="status">{text}</p>
                <p class="acts">
                    <label class="line">
                        "Remember at most"
                        <select class="select" on:change=choose>
                            {options.collect_view()}
                        </select>
                    </label>
                    <button type="button" class="button" disabled=is_empty on:click=clear>
                        "Forget all"
                    </button>
                    <span class="problem" role="alert">
                        {trouble}
                    </span>
                </p>
            </div>
        </Card>
    }
}
