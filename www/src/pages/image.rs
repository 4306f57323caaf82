//! An image: who it is, and the view that the address names.

mod head;

use std::sync::Arc;

use drydock::reference::Reference;
use leptos::prelude::*;

pub use self::head::where_it_is;
use self::head::{Head, view_tabs};
use super::data;
use super::local::OpenAgain;
use super::model::{ContentModel, ImageModel, Load, PlatformModel, RootKind};
use super::trouble::Trouble;
use crate::components::{ErrorPanel, Meant, Problem, ProgressRow, Tabs};
use crate::later::{Later, Part};
use crate::route::{Here, ImageRoute, Route, View};
use crate::state::{PageState, remember, set_page_state, ui};

/// Most platforms that are offered in place of one that is not there.
const MEANT: usize = 40;

/// What the views of one image share; a context below [`ImagePage`].
#[derive(Clone, Copy)]
pub struct Shown {
    /// Where in the image the reader is.
    pub route: Memo<ImageRoute>,
    /// The image, as far as it has been read.
    pub image: RwSignal<Load<Arc<ImageModel>>>,
    /// The platform that is shown.
    pub platform: Memo<Load<Option<Arc<PlatformModel>>>>,
    /// Reads everything anew.
    pub reload: Callback<()>,
}

impl Shown {
    /// What the shown platform's manifest and config say, once they are there.
    #[must_use]
    pub fn content(self) -> Load<Arc<ContentModel>> {
        self.platform.get().then(|platform| match platform {
            Some(platform) => Load::from(&platform.content),
            None => Load::Failed(no_platform(&self.image.get(), &self.route.get())),
        })
    }

    /// Whether there is no such image; tracked.
    #[must_use]
    pub fn is_absent(self) -> bool {
        self.image.with(|image| matches!(image, Load::Failed(problem) if problem.absent))
    }

    /// The address of another view of the same image and platform.
    #[must_use]
    pub fn href(self, view: View) -> String {
        self.route.get().with_view(view).href()
    }
}

/// The image that is shown; only below [`ImagePage`].
#[must_use]
pub fn shown() -> Shown {
    expect_context::<Shown>()
}

/// An image's pages.
#[component]
pub fn ImagePage(
    /// The image.
    reference: Reference,
) -> impl IntoView {
    let ui = ui();
    ui.trust.set(Default::default());
    ui.checked.set(Default::default());
    let last = StoredValue::new(ImageRoute::tags_of(reference.clone()));
    let route = Memo::new(move |_| {
        ui.route.with(|route| {
            if let Route::Image(image) = route {
                last.set_value(image.clone());
            }
        });
        last.get_value()
    });
    let image = RwSignal::new(Load::Waiting(String::new()));
    let asked = reference.clone();
    let task = StoredValue::new_local(None);
    let reload = Callback::new(move |()| {
        if asked.tag.is_none() && asked.digest.is_none() {
            image.set(Load::Failed(Problem {
                sentence: "No tag is chosen.".to_owned(),
                calm: true,
                ..Problem::default()
            }));
            return;
        }
        let first = route.with_untracked(|route| route.platform.clone());
        task.set_value(Some(data::load_image(asked.clone(), first.as_deref(), image)));
    });
    Effect::new(move |_| {
        // Again after each login: what was refused may now be given.
        ui.logins.track();
        reload.run(());
    });
    Effect::new(move |remembered: Option<bool>| {
        let there = image.with(|image| image.ready().is_some());
        if there && remembered != Some(true) {
            remember(&reference);
        }
        there || remembered == Some(true)
    });
    Effect::new(move |_| {
        let graph = image.with(|image| image.ready().map(|image| Arc::clone(&image.graph)));
        ui.graph.set(graph);
    });
    on_cleanup(move || ui.graph.set(None));
    let platform = Memo::new(move |_| {
        let wanted = route.with(|route| route.platform.clone());
        image.with(|image| {
            image.then(|image| match image.platform(wanted.as_deref()) {
                Ok(platform) => Load::Ready(platform),
                Err(unread) => {
                    let route = route.get();
                    let links = image.platforms.iter().map(|platform| Meant {
                        href: route.with_platform(Some(platform.name.clone())).href(),
                        name: platform.name.clone(),
                    });
                    let links = links.take(MEANT).collect();
                    Load::Failed(Problem { links, ..unread.into() })
                }
            })
        })
    });
    let shown = Shown { route, image, platform, reload };
    provide_context(shown);
    Effect::new(move |_| set_page_state(page_state(shown)));

    let part = Memo::new(move |_| route.with(|route| part_of(&route.view)));
    let fill = move || part.get() == Part::Files;
    // The head makes room as soon as something in the page is scrolled.
    let scrolled = RwSignal::new(false);
    let on_scroll = move |event: web_sys::Event| {
        use wasm_bindgen::JsCast as _;
        let element = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
        let down = element.is_some_and(|element| element.scroll_top() > 4);
        if scrolled.get_untracked() != down {
            scrolled.set(down);
        }
    };
    view! {
        <Head ui shown />
        <Tabs tabs=Signal::derive(move || view_tabs(shown)) />
        <main
            id="main"
            tabindex="-1"
            class:fill=fill
            class:scrolled=move || fill() && scrolled.get()
            on:scroll:capture=on_scroll
        >
            {move || view! { <Later part=part.get() /> }}
        </main>
    }
}

/// What draws a view.
fn part_of(view: &View) -> Part {
    match view {
        View::Overview => Part::Overview,
        View::Layers(_) => Part::Layers,
        View::Files(_) => Part::Files,
        View::Graph { .. } => Part::Graph,
        View::Documents { .. } => Part::Documents,
        View::Tags { .. } => Part::Tags,
        View::Copy { .. } => Part::Copy,
        View::Verify => Part::Verify,
        View::Edit => Part::Edit,
    }
}

fn page_state(shown: Shown) -> PageState {
    let view = shown.route.with(|route| route.view.clone());
    let image = shown.image.with(|image| match image {
        Load::Waiting(_) => PageState::Loading,
        Load::Ready(_) => PageState::Ready,
        Load::Failed(_) => PageState::Error,
    });
    match (view, image) {
        // These say for themselves how they fare, whatever the image's first document is.
        (View::Tags { .. } | View::Verify | View::Edit, PageState::Error) => PageState::Ready,
        (View::Overview | View::Layers(_) | View::Files(_), PageState::Ready) => {
            match shown.content() {
                Load::Waiting(_) => PageState::Loading,
                Load::Ready(_) => PageState::Ready,
                Load::Failed(_) if has_no_platform(shown) => PageState::Ready,
                Load::Failed(_) => PageState::Error,
            }
        }
        (_, image) => image,
    }
}

fn has_no_platform(shown: Shown) -> bool {
    shown.platform.with(|platform| matches!(platform, Load::Ready(None)))
}

fn no_platform(image: &Load<Arc<ImageModel>>, route: &ImageRoute) -> Problem {
    let what = image.ready().map_or(RootKind::Index, |image| image.what.clone());
    let (sentence, reason) = what.without_platform();
    let places = [("Overview", View::Overview), ("Documents", View::documents(None))];
    let links = places
        .map(|(name, view)| Meant { name: name.to_owned(), href: route.with_view(view).href() });
    Problem {
        sentence,
        reason: reason.to_owned(),
        calm: true,
        links: links.into(),
        ..Problem::default()
    }
}

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
