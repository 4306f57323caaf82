//! What is waited for, what went wrong, or what was loaded.

use std::sync::Arc;

use leptos::prelude::*;

use super::local::OpenAgain;
use super::model::{ContentModel, Load};
use super::shown::shown;
use super::trouble::Trouble;
use crate::components::{Empty, ErrorPanel, ProgressRow};
use crate::route::Here;

/// Shows what is waited for or what went wrong, and the content once it is there.
#[component]
pub fn WhenLoaded<T: Clone + Send + Sync + 'static>(
    /// What is loaded.
    #[prop(into)]
    load: Signal<Load<T>>,
    /// Draws it.
    #[prop(into)]
    show: Callback<T, AnyView>,
) -> impl IntoView {
    let shown = shown();
    move || match load.get() {
        Load::Ready(value) => show.run(value),
        Load::Waiting(what) => view! {
            <div class="page">
                <div class="card" role="status">
                    <ProgressRow what=what transfer=None />
                </div>
            </div>
        }
        .into_any(),
        Load::Failed(problem)
            if problem.absent
                && shown.route.with(|route| Here::of(&route.reference.registry))
                    == Some(Here::Local) =>
        {
            view! {
                <div class="page">
                    <ErrorPanel problem />
                    <OpenAgain reload=shown.reload />
                </div>
            }
            .into_any()
        }
        Load::Failed(problem) => {
            let registry = shown.route.with(|route| route.reference.registry.to_string());
            view! {
                <div class="page">
                    <Trouble problem registry retry=shown.reload />
                </div>
            }
            .into_any()
        }
    }
}

/// As [`WhenLoaded`], for what is about the layers of the image that is shown.
#[component]
pub fn WhenLayers(
    /// What is said of an image that has none.
    none: &'static str,
    /// Draws what has some.
    #[prop(into)]
    show: Callback<Arc<ContentModel>, AnyView>,
) -> impl IntoView {
    let shown = shown();
    let load = Signal::derive(move || shown.content());
    let show = move |content: Arc<ContentModel>| match content.layers.is_empty() {
        true => view! {
            <div class="page">
                <section class="card">
                    <Empty text=none />
                </section>
            </div>
        }
        .into_any(),
        false => show.run(content),
    };
    view! { <WhenLoaded load show /> }
}
