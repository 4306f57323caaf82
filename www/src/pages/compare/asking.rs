//! With which image this one is compared.

use leptos::prelude::*;

use super::super::shown::shown;
use super::comparing::Images;
use super::{other, place, view_of};
use crate::components::Card;
use crate::route::{CompareView, Route, View};
use crate::state::ui;

/// The field for the other image.
#[component]
pub(super) fn Asking(images: Images) -> impl IntoView {
    let (ui, shown) = (ui(), shown());
    let typed = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    let with = Memo::new(move |_| view_of(shown).with);
    Effect::new(move |_| {
        typed.set(with.get());
        refused.set(None);
    });
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let route = shown.route.get_untracked();
        let with = typed.get_untracked().trim().to_owned();
        match other(&route.reference, &with) {
            Some(Err(why)) => refused.set(Some(why)),
            None => refused.set(Some("Name an image to compare with.".to_owned())),
            Some(Ok(_)) => {
                refused.set(None);
                let view = View::Compare(CompareView { with, ..CompareView::default() });
                ui.go(Route::Image(route.with_view(view)));
            }
        }
    };
    let swap = move |_| {
        let Some([before, after]) = images.get_untracked() else { return };
        let path = untrack(move || view_of(shown)).path;
        let with = before.reference.to_string();
        let view = CompareView { with, platform: Some(before.platform), path };
        ui.go(Route::Image(place(&after).with_view(View::Compare(view))));
    };
    let nothing = move || images.with(Option::is_none);
    view! {
        <Card title="Compare with" note="what the other image has otherwise">
            <form class="body asking" on:submit=submit>
                <label class="field grow">
                    <input
                        type="text"
                        id="compare-with"
                        aria-label="The other image"
                        placeholder="An image, or a tag of this repository such as :1.1"
                        autocomplete="off"
                        autocapitalize="off"
                        spellcheck="false"
                        prop:value=typed
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                </label>
                <button type="submit" class="button primary">
                    "Compare"
                </button>
                <button type="button" class="button" disabled=nothing on:click=swap>
                    "Swap"
                </button>
            </form>
            {move || {
                refused
                    .get()
                    .map(|why| {
                        view! {
                            <p class="trouble" role="alert">
                                {why}
                            </p>
                        }
                    })
            }}
        </Card>
    }
}
