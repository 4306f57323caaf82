//! What the first view can do without: each part of the page is loaded when it is first needed.
//!
//! A build with the feature `split` moves the functions that [`later!`] makes, and whatever only they
//! need, into files of their own, one per group; every other build has them like any function.

use std::fmt;

use futures_util::future::LocalBoxFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::SplitLoaderError;

use crate::components::{ErrorPanel, Problem, ProgressRow};
use crate::state::{PageState, set_page_state};

/// Makes an `async` function that gives `Result<_, NotLoaded>` out of one that is loaded with its group.
macro_rules! later {
    ($($group:ident: $(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) -> $given:ty $body:block)*) => {
        $(
            $(#[$meta])*
            #[cfg(feature = "split")]
            #[::leptos::wasm_split::wasm_split($group, wasm_split_path = ::leptos::wasm_split, fallible)]
            $vis fn $name($($arg: $type),*) -> Result<$given, $crate::later::NotLoaded> {
                Ok($body)
            }

            $(#[$meta])*
            #[cfg(not(feature = "split"))]
            #[allow(clippy::unused_async, reason = "as where it is loaded")]
            $vis async fn $name($($arg: $type),*) -> Result<$given, $crate::later::NotLoaded> {
                Ok($body)
            }
        )*
    };
}
pub(crate) use later;

/// The server did not give a part, or not one of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLoaded;

impl fmt::Display for NotLoaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of this page could not be loaded")
    }
}

impl std::error::Error for NotLoaded {}

impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

impl From<NotLoaded> for Problem {
    fn from(_: NotLoaded) -> Self {
        Self {
            sentence: "The Drydock server that this page came from does not answer, or has another version by now.".to_owned(),
            reason: "A part of this page could not be loaded. Try again; if that does not help, reload the page.".to_owned(),
            retry: true,
            ..Self::default()
        }
    }
}

/// Draws what has been loaded, out of what is in the context.
pub type Show = fn() -> AnyView;

/// A part of the page that is drawn in one place: loads what draws it. What is there already is had
/// at the first look.
pub type Part = fn() -> LocalBoxFuture<'static, Result<Show, NotLoaded>>;

/// A part of the page, in its place.
#[component]
pub fn Later(
    /// Loads it.
    part: Part,
    /// Whether it is all that the page shows.
    #[prop(optional)]
    whole: bool,
    /// Gives it up, where there is something to go back to.
    #[prop(into, optional)]
    discard: Option<Callback<()>>,
) -> impl IntoView {
    let shown = RwSignal::new(None);
    let load = move || {
        shown.set(None);
        let mut loading = part();
        let mut look = std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(there) = loading.as_mut().poll(&mut look) {
            shown.set(Some(there));
            return;
        }
        spawn_local(async move {
            shown.try_set(Some(loading.await));
        });
    };
    load();
    // What is loaded has a place for its content itself.
    let around = move |content: AnyView| match whole {
        true => view! {
            <main id="main" tabindex="-1">
                {content}
            </main>
        }
        .into_any(),
        false => content,
    };
    Effect::new(move |_| match shown.get() {
        None if whole => set_page_state(PageState::Loading),
        Some(Err(NotLoaded)) if whole => set_page_state(PageState::Error),
        _ => {}
    });
    move || match shown.get() {
        Some(Ok(show)) => show(),
        Some(Err(missing)) => around(
            view! {
                <div class="page">
                    {missing_part(missing, Callback::new(move |()| load()), discard)}
                </div>
            }
            .into_any(),
        ),
        None => around(
            view! {
                <div class="page">
                    <div class="card late" role="status">
                        <ProgressRow what="Loading this view…".to_owned() transfer=None />
                    </div>
                </div>
            }
            .into_any(),
        ),
    }
}

fn missing_part(
    missing: NotLoaded,
    retry: Callback<()>,
    discard: Option<Callback<()>>,
) -> impl IntoView {
    match discard {
        Some(discard) => view! { <ErrorPanel problem=missing.into() retry discard /> }.into_any(),
        None => view! { <ErrorPanel problem=missing.into() retry /> }.into_any(),
    }
}
