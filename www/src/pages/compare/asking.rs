//! With which image this one is compared.

use leptos::prelude::*;

use super::super::shown::shown;
use super::{other, view_of};
use crate::components::Card;
use crate::route::{CompareView, ImageRoute, Route, View};
use crate::state::ui;

/// The field for the other image.
#[component]
pub(super) fn Asking() -> impl IntoView {
    let (ui, shown) = (ui(), shown());
    let typed = RwSignal::new(String::new());
    let refused = RwSignal::new(None::<String>);
    Effect::new(move |_| typed.set(view_of(shown).with));
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
        let (route, view) = (shown.route.get_untracked(), untrack(move || view_of(shown)));
        let Some(Ok(reference)) = other(&route.reference, &view.with) else { return };
        let with = route.reference.to_string();
        let back = CompareView { with, platform: route.platform.clone(), path: view.path };
        let platform = view.platform.or(route.platform);
        let swapped = ImageRoute { platform, ..ImageRoute::new(reference) };
        ui.go(Route::Image(swapped.with_view(View::Compare(back))));
    };
    let nothing = move || view_of(shown).with.is_empty();
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
